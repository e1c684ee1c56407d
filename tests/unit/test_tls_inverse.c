/* Inverses against Mbed TLS's and against their definition, for the orders and primes of real curves and for odd numbers at
 * random, some of which have none. */
#include <glib.h>
#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <string.h>

#include "lazaret/random.h"
#include "sim/tls/inverse.h"

enum { BYTES = LZ_INVERSE_LIMBS * sizeof(uint64_t), ROUNDS = 500 };

static void must(int ret)
{
    g_assert_cmpint(ret, ==, 0);
}

static void write_limbs(const mbedtls_mpi *number, uint64_t *ret_limbs)
{
    unsigned char bytes[BYTES];
    must(mbedtls_mpi_write_binary_le(number, bytes, sizeof bytes));
    memcpy(ret_limbs, bytes, sizeof bytes);
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        ret_limbs[i] = GUINT64_FROM_LE(ret_limbs[i]);
    }
}

/* Whether there is one; both say the same, and the same number. */
static bool assert_alike(const mbedtls_mpi *number, const mbedtls_mpi *modulus)
{
    uint64_t limbs[LZ_INVERSE_LIMBS], modulus_limbs[LZ_INVERSE_LIMBS], ours[LZ_INVERSE_LIMBS], theirs[LZ_INVERSE_LIMBS];
    write_limbs(number, limbs);
    write_limbs(modulus, modulus_limbs);
    mbedtls_mpi inverse;
    mbedtls_mpi_init(&inverse);
    bool is_there = lz_inverse(limbs, modulus_limbs, ours);
    int ret = mbedtls_mpi_inv_mod(&inverse, number, modulus);
    g_assert_cmpint(ret, ==, is_there ? 0 : MBEDTLS_ERR_MPI_NOT_ACCEPTABLE);
    if (is_there) {
        write_limbs(&inverse, theirs);
        g_assert_cmpmem(ours, sizeof ours, theirs, sizeof theirs);
    }
    mbedtls_mpi_free(&inverse);
    return is_there;
}

static void draw(LzRandom *random, const mbedtls_mpi *modulus, mbedtls_mpi *ret_number)
{
    unsigned char bytes[BYTES];
    size_t size = 1 + (size_t)lz_random_below(random, BYTES);
    lz_random_fill(random, bytes, sizeof bytes);
    must(mbedtls_mpi_read_binary_le(ret_number, bytes, size));
    must(mbedtls_mpi_mod_mpi(ret_number, ret_number, modulus));
}

static void test_curves(void)
{
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519};
    LzRandom random;
    lz_random_init(&random, 1, 1, LZ_PURPOSE_TLS);
    for (unsigned i = 0; i < G_N_ELEMENTS(curves); i++) {
        mbedtls_ecp_group group;
        mbedtls_mpi number;
        mbedtls_ecp_group_init(&group);
        mbedtls_mpi_init(&number);
        must(mbedtls_ecp_group_load(&group, curves[i]));
        for (int round = 0; round < ROUNDS; round++) {
            draw(&random, &group.P, &number);
            assert_alike(&number, &group.P);
            draw(&random, &group.N, &number);
            assert_alike(&number, &group.N);
        }
        for (mbedtls_mpi_sint small = 0; small < 70; small++) {
            must(mbedtls_mpi_lset(&number, small));
            g_assert_cmpint(assert_alike(&number, &group.N), ==, small > 0);
            must(mbedtls_mpi_sub_int(&number, &group.N, small + 1));
            g_assert_true(assert_alike(&number, &group.N));
            must(mbedtls_mpi_lset(&number, 1));
            must(mbedtls_mpi_shift_l(&number, (size_t)(3 * small)));
            g_assert_true(assert_alike(&number, &group.N));
        }
        mbedtls_mpi_free(&number);
        mbedtls_ecp_group_free(&group);
    }
}

static void test_any(void)
{
    LzRandom random;
    lz_random_init(&random, 2, 1, LZ_PURPOSE_TLS);
    mbedtls_mpi number, modulus, full;
    mbedtls_mpi_init(&number);
    mbedtls_mpi_init(&modulus);
    mbedtls_mpi_init(&full);
    must(mbedtls_mpi_lset(&full, 1));
    must(mbedtls_mpi_shift_l(&full, 8 * BYTES));
    unsigned without = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&random, &full, &modulus);
        must(mbedtls_mpi_set_bit(&modulus, 0, 1));
        if (mbedtls_mpi_cmp_int(&modulus, 1) == 0) {
            continue;
        }
        draw(&random, &modulus, &number);
        without += !assert_alike(&number, &modulus);
    }
    g_assert_cmpuint(without, >, ROUNDS / 20);          /* 1 - 8/pi^2 of all pairs in which one is odd */
    mbedtls_mpi_free(&number);
    mbedtls_mpi_free(&modulus);
    mbedtls_mpi_free(&full);
}

static void test_even_modulus(void)
{
    const uint64_t number[LZ_INVERSE_LIMBS] = {3}, even[LZ_INVERSE_LIMBS] = {10};
    uint64_t inverse[LZ_INVERSE_LIMBS] = {7};
    g_assert_false(lz_inverse(number, even, inverse));
    g_assert_cmpuint(inverse[0], ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls-inverse/curves", test_curves);
    g_test_add_func("/tls-inverse/any", test_any);
    g_test_add_func("/tls-inverse/even-modulus", test_even_modulus);
    return g_test_run();
}
