/* Elliptic-curve arithmetic faster than Mbed TLS's own, where the build has it (option ec_backend). Each function gives
 * exactly what the Mbed TLS function of the same arguments gives, result code included, draws nothing at random and
 * may run on any thread. Only inside sim/tls. */
#ifndef SIM_TLS_EC_H
#define SIM_TLS_EC_H

#include <mbedtls/ecp.h>

/* The result of a function that leaves this curve or these arguments to Mbed TLS, whose own codes are <= 0. */
enum { LZ_EC_NOT_MINE = 1 };

typedef struct LzEc LzEc;       /* curves, made once and shared; NULL stands for Mbed TLS's arithmetic */

LzEc *lz_ec_new(void);          /* NULL: this build has no other arithmetic */
void lz_ec_free(LzEc *ec);

/* mbedtls_ecp_mul(): factor times point. */
int lz_ec_multiply(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                   const mbedtls_ecp_point *point);
/* mbedtls_ecp_muladd(): base_factor times the group's base point plus factor times point. */
int lz_ec_multiply_add(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_sum,
                       const mbedtls_mpi *base_factor, const mbedtls_mpi *factor, const mbedtls_ecp_point *point);

#endif
