/* A build without libcrypto: all elliptic-curve arithmetic is Mbed TLS's. */
#include "sim/tls/ec.h"

LzEc *lz_ec_new(void)
{
    return NULL;
}

void lz_ec_free(LzEc *ec)
{
    (void)ec;
}

int lz_ec_multiply(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                   const mbedtls_ecp_point *point)
{
    (void)ec;
    (void)group;
    (void)ret_point;
    (void)factor;
    (void)point;
    return LZ_EC_NOT_MINE;
}

int lz_ec_multiply_add(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_sum,
                       const mbedtls_mpi *base_factor, const mbedtls_mpi *factor, const mbedtls_ecp_point *point)
{
    (void)ec;
    (void)group;
    (void)ret_sum;
    (void)base_factor;
    (void)factor;
    (void)point;
    return LZ_EC_NOT_MINE;
}
