/* P-256 by libcrypto, whose assembly is ten times as fast as Mbed TLS's portable code. P-384 and X25519, which no
 * scenario negotiates (both sides prefer P-256), stay with Mbed TLS. */
#include "sim/tls/ec.h"

#include <glib.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>

enum {
    NUMBER_SIZE = 32,           /* bytes of a coordinate or scalar of P-256 */
    SPARES = 8,                 /* kept for as many threads at a time */
};

typedef struct Scratch {        /* what one operation works with; kept between operations */
    BN_CTX *pool;
    BIGNUM *x, *y, *factor, *base_factor;
    EC_POINT *point, *result;
} Scratch;

struct LzEc {
    EC_GROUP *p256;             /* read-only once made: threads share it */
    Scratch *spare[SPARES];     /* exchanged atomically; NULL while somebody works with it */
};

/* ---- life ----------------------------------------------------------------------------------------------- */

/* Out of memory ends the program, as with GLib. */
static void *must(void *made)
{
    g_assert(made);
    return made;
}

static Scratch *scratch_new(const LzEc *ec)
{
    Scratch *scratch = g_new(Scratch, 1);
    *scratch = (Scratch){
        .pool = must(BN_CTX_new()),
        .x = must(BN_new()),
        .y = must(BN_new()),
        .factor = must(BN_new()),
        .base_factor = must(BN_new()),
        .point = must(EC_POINT_new(ec->p256)),
        .result = must(EC_POINT_new(ec->p256)),
    };
    return scratch;
}

static void scratch_free(Scratch *scratch)
{
    if (!scratch) {
        return;
    }
    EC_POINT_free(scratch->result);
    EC_POINT_free(scratch->point);
    BN_free(scratch->base_factor);
    BN_free(scratch->factor);
    BN_free(scratch->y);
    BN_free(scratch->x);
    BN_CTX_free(scratch->pool);
    g_free(scratch);
}

static Scratch *take_scratch(LzEc *ec)
{
    for (unsigned i = 0; i < SPARES; i++) {
        Scratch *scratch = g_atomic_pointer_exchange(&ec->spare[i], NULL);
        if (scratch) {
            return scratch;
        }
    }
    return scratch_new(ec);
}

static void give_scratch(LzEc *ec, Scratch *scratch)
{
    for (unsigned i = 0; scratch && i < SPARES; i++) {
        scratch = g_atomic_pointer_exchange(&ec->spare[i], scratch);
    }
    scratch_free(scratch);
}

LzEc *lz_ec_new(void)
{
    LzEc *ec = g_new0(LzEc, 1);
    ec->p256 = must(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    return ec;
}

void lz_ec_free(LzEc *ec)
{
    if (!ec) {
        return;
    }
    for (unsigned i = 0; i < SPARES; i++) {
        scratch_free(ec->spare[i]);
    }
    EC_GROUP_free(ec->p256);
    g_free(ec);
}

/* ---- numbers and points --------------------------------------------------------------------------------- */

static bool is_below(const mbedtls_mpi *number, const mbedtls_mpi *bound)
{
    return mbedtls_mpi_cmp_int(number, 0) >= 0 && mbedtls_mpi_cmp_mpi(number, bound) < 0;
}

/* The number fits: its caller has compared it with a bound of 256 bits. */
static void read_number(const mbedtls_mpi *number, BIGNUM *ret_number)
{
    unsigned char bytes[NUMBER_SIZE];
    int ret = mbedtls_mpi_write_binary_le(number, bytes, sizeof bytes);
    g_assert(ret == 0);
    must(BN_lebin2bn(bytes, sizeof bytes, ret_number));
}

static int write_number(const BIGNUM *number, mbedtls_mpi *ret_number)
{
    unsigned char bytes[NUMBER_SIZE];
    int size = BN_bn2lebinpad(number, bytes, sizeof bytes);
    g_assert(size == sizeof bytes);
    return mbedtls_mpi_read_binary_le(ret_number, bytes, sizeof bytes);
}

/* The checks of mbedtls_ecp_check_pubkey(); libcrypto's own would reduce a coordinate that is too large. */
static int read_point(const LzEc *ec, Scratch *scratch, const mbedtls_ecp_group *group, const mbedtls_ecp_point *point)
{
    if (mbedtls_mpi_cmp_int(&point->MBEDTLS_PRIVATE(Z), 1) != 0 || !is_below(&point->MBEDTLS_PRIVATE(X), &group->P)
        || !is_below(&point->MBEDTLS_PRIVATE(Y), &group->P)) {
        return MBEDTLS_ERR_ECP_INVALID_KEY;
    }
    read_number(&point->MBEDTLS_PRIVATE(X), scratch->x);
    read_number(&point->MBEDTLS_PRIVATE(Y), scratch->y);
    if (!EC_POINT_set_affine_coordinates(ec->p256, scratch->point, scratch->x, scratch->y, scratch->pool)) {
        ERR_clear_error();      /* not on the curve */
        return MBEDTLS_ERR_ECP_INVALID_KEY;
    }
    return 0;
}

static int write_point(const LzEc *ec, Scratch *scratch, mbedtls_ecp_point *ret_point)
{
    if (EC_POINT_is_at_infinity(ec->p256, scratch->result)) {
        return mbedtls_ecp_set_zero(ret_point);
    }
    int is_done = EC_POINT_get_affine_coordinates(ec->p256, scratch->result, scratch->x, scratch->y, scratch->pool);
    g_assert(is_done);
    int ret = write_number(scratch->x, &ret_point->MBEDTLS_PRIVATE(X));
    if (ret == 0) {
        ret = write_number(scratch->y, &ret_point->MBEDTLS_PRIVATE(Y));
    }
    return ret != 0 ? ret : mbedtls_mpi_lset(&ret_point->MBEDTLS_PRIVATE(Z), 1);
}

/* Writes the product of the scratch's numbers; NULL stands for a summand that is not there. */
static int write_product(const LzEc *ec, Scratch *scratch, const BIGNUM *base_factor, const BIGNUM *factor,
                         mbedtls_ecp_point *ret_point)
{
    int is_done = EC_POINT_mul(ec->p256, scratch->result, base_factor, factor ? scratch->point : NULL, factor,
                               scratch->pool);
    g_assert(is_done);
    return write_point(ec, scratch, ret_point);
}

/* ---- operations ----------------------------------------------------------------------------------------- */

int lz_ec_multiply(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                   const mbedtls_ecp_point *point)
{
    if (!ec || group->id != MBEDTLS_ECP_DP_SECP256R1) {
        return LZ_EC_NOT_MINE;
    }
    int ret = mbedtls_ecp_check_privkey(group, factor);
    if (ret != 0) {
        return ret;
    }
    bool is_base = point == &group->G;
    Scratch *scratch = take_scratch(ec);
    ret = is_base ? 0 : read_point(ec, scratch, group, point);
    if (ret == 0) {
        read_number(factor, scratch->factor);
        ret = write_product(ec, scratch, is_base ? scratch->factor : NULL, is_base ? NULL : scratch->factor, ret_point);
    }
    give_scratch(ec, scratch);
    return ret;
}

int lz_ec_multiply_add(LzEc *ec, const mbedtls_ecp_group *group, mbedtls_ecp_point *ret_sum,
                       const mbedtls_mpi *base_factor, const mbedtls_mpi *factor, const mbedtls_ecp_point *point)
{
    if (!ec || group->id != MBEDTLS_ECP_DP_SECP256R1 || !is_below(base_factor, &group->N)
        || !is_below(factor, &group->N)) {
        return LZ_EC_NOT_MINE;
    }
    Scratch *scratch = take_scratch(ec);
    int ret = read_point(ec, scratch, group, point);
    if (ret == 0) {
        read_number(base_factor, scratch->base_factor);
        read_number(factor, scratch->factor);
        ret = write_product(ec, scratch, scratch->base_factor, scratch->factor, ret_sum);
    }
    give_scratch(ec, scratch);
    return ret;
}
