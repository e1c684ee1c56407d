/* P-256 by whatever the build chose, against Mbed TLS's own arithmetic: the same numbers, the same bytes and the same
 * refusals, for good inputs and for hostile ones. */
#include <mbedtls/ecdh.h>
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/hooks.h"

enum { ROUNDS = 40, SIGNATURE_CAPACITY = MBEDTLS_ECDSA_MAX_LEN, HASH_SIZE_MAX = 64 };

typedef struct Bench {          /* a curve, a key pair and two ways to compute */
    LzEc *ec;
    LzRandom random, blinding;
    LzTlsContext context;
    LzTlsContext *previous;
    mbedtls_ecdsa_context pair;
    mbedtls_ecp_group *group;
    mbedtls_mpi *private;
    mbedtls_ecp_point *public;
} Bench;

static void must(int ret)
{
    g_assert_cmpint(ret, ==, 0);
}

static void bench_open(Bench *bench, uint64_t seed)
{
    memset(bench, 0, sizeof *bench);
    bench->ec = lz_ec_new();
    lz_random_init(&bench->random, seed, 1, LZ_PURPOSE_TLS);
    lz_random_init(&bench->blinding, seed, 1, LZ_PURPOSE_TLS_BLINDING);
    bench->context = (LzTlsContext){.random = &bench->random, .blinding = &bench->blinding, .alert_sent = -1};
    bench->previous = lz_tls_context_enter(&bench->context);
    mbedtls_ecdsa_init(&bench->pair);
    bench->group = &bench->pair.MBEDTLS_PRIVATE(grp);
    bench->private = &bench->pair.MBEDTLS_PRIVATE(d);
    bench->public = &bench->pair.MBEDTLS_PRIVATE(Q);
    must(mbedtls_ecp_group_load(bench->group, MBEDTLS_ECP_DP_SECP256R1));
    must(mbedtls_ecp_gen_keypair(bench->group, bench->private, bench->public, lz_tls_random, NULL));
}

static void bench_close(Bench *bench)
{
    mbedtls_ecdsa_free(&bench->pair);
    lz_tls_context_leave(bench->previous);
    lz_ec_free(bench->ec);
}

static bool has_other_arithmetic(void)
{
    LzEc *ec = lz_ec_new();
    lz_ec_free(ec);
    if (!ec) {
        g_test_skip("this build computes with Mbed TLS only");
    }
    return ec != NULL;
}

/* ---- points --------------------------------------------------------------------------------------------- */

static void assert_same_product(Bench *bench, const mbedtls_mpi *factor, const mbedtls_ecp_point *point)
{
    mbedtls_ecp_point ours, theirs;
    mbedtls_ecp_point_init(&ours);
    mbedtls_ecp_point_init(&theirs);
    int ret = lz_ec_multiply(bench->ec, bench->group, &ours, factor, point);
    g_assert_cmpint(ret, ==, mbedtls_ecp_mul(bench->group, &theirs, factor, point, lz_tls_blinding, NULL));
    if (ret == 0) {
        g_assert_cmpint(mbedtls_ecp_point_cmp(&ours, &theirs), ==, 0);
    }
    mbedtls_ecp_point_free(&ours);
    mbedtls_ecp_point_free(&theirs);
}

static void test_products(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        Bench bench;
        bench_open(&bench, seed);
        mbedtls_mpi factor;
        mbedtls_mpi_init(&factor);
        must(mbedtls_ecp_gen_privkey(bench.group, &factor, lz_tls_random, NULL));
        assert_same_product(&bench, &factor, &bench.group->G);
        assert_same_product(&bench, &factor, bench.public);
        mbedtls_mpi_free(&factor);
        bench_close(&bench);
    }
}

/* Scalars at and beyond both ends of their range. */
static void test_hostile_scalars(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    Bench bench;
    bench_open(&bench, 1);
    mbedtls_mpi factor;
    mbedtls_mpi_init(&factor);
    for (int offset = -3; offset <= 3; offset++) {
        must(mbedtls_mpi_lset(&factor, offset));
        assert_same_product(&bench, &factor, &bench.group->G);
        assert_same_product(&bench, &factor, bench.public);
        must(mbedtls_mpi_add_int(&factor, &bench.group->N, offset));
        assert_same_product(&bench, &factor, &bench.group->G);
        assert_same_product(&bench, &factor, bench.public);
    }
    must(mbedtls_mpi_lset(&factor, 1));
    must(mbedtls_mpi_shift_l(&factor, 300));
    assert_same_product(&bench, &factor, bench.public);
    mbedtls_mpi_free(&factor);
    bench_close(&bench);
}

/* Off the curve, on its twin, above the prime, negative, at infinity, projective. */
static void test_hostile_points(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    Bench bench;
    bench_open(&bench, 2);
    mbedtls_ecp_point point;
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi *x = &point.MBEDTLS_PRIVATE(X), *y = &point.MBEDTLS_PRIVATE(Y), *z = &point.MBEDTLS_PRIVATE(Z);
    for (unsigned bit = 0; bit < 256; bit += 5) {
        must(mbedtls_ecp_copy(&point, bench.public));
        must(mbedtls_mpi_set_bit(bit % 2 ? x : y, bit, !mbedtls_mpi_get_bit(bit % 2 ? x : y, bit)));
        assert_same_product(&bench, bench.private, &point);
    }
    mbedtls_mpi *const coordinates[] = {x, y};
    for (int i = 0; i < 2; i++) {
        must(mbedtls_ecp_copy(&point, bench.public));
        must(mbedtls_mpi_add_mpi(coordinates[i], coordinates[i], &bench.group->P));
        assert_same_product(&bench, bench.private, &point);
        must(mbedtls_ecp_copy(&point, bench.public));
        must(mbedtls_mpi_sub_mpi(coordinates[i], coordinates[i], &bench.group->P));
        assert_same_product(&bench, bench.private, &point);
        must(mbedtls_ecp_copy(&point, bench.public));
        must(mbedtls_mpi_copy(coordinates[i], &bench.group->P));
        assert_same_product(&bench, bench.private, &point);
    }
    must(mbedtls_ecp_copy(&point, bench.public));
    must(mbedtls_mpi_lset(z, 2));
    assert_same_product(&bench, bench.private, &point);
    must(mbedtls_ecp_set_zero(&point));
    assert_same_product(&bench, bench.private, &point);
    mbedtls_ecp_point_free(&point);
    bench_close(&bench);
}

/* Other curves are not taken over. */
static void test_other_curves(void)
{
    LzEc *ec = lz_ec_new();
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_CURVE25519};
    for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
        mbedtls_ecp_group group;
        mbedtls_ecp_group_init(&group);
        must(mbedtls_ecp_group_load(&group, curves[i]));
        mbedtls_mpi two;
        mbedtls_mpi_init(&two);
        must(mbedtls_mpi_lset(&two, 2));
        mbedtls_ecp_point point;
        mbedtls_ecp_point_init(&point);
        g_assert_cmpint(lz_ec_multiply(ec, &group, &point, &two, &group.G), ==, LZ_EC_NOT_MINE);
        g_assert_cmpint(lz_ec_multiply_add(ec, &group, &point, &two, &two, &group.G), ==, LZ_EC_NOT_MINE);
        mbedtls_ecp_point_free(&point);
        mbedtls_mpi_free(&two);
        mbedtls_ecp_group_free(&group);
    }
    lz_ec_free(ec);
}

/* ---- signatures ----------------------------------------------------------------------------------------- */

static size_t sign(Bench *bench, LzEc *ec, mbedtls_md_type_t digest, const uint8_t *hash, size_t hash_size,
                   unsigned char *ret_signature)
{
    size_t size = 0;
    bench->context.ec = ec;
    must(lz_hook_mbedtls_ecdsa_write_signature(&bench->pair, digest, hash, hash_size, ret_signature, SIGNATURE_CAPACITY,
                                               &size, lz_tls_random, NULL));
    return size;
}

/* The verdict of both ways, which must be one. */
static int verify(Bench *bench, const uint8_t *hash, size_t hash_size, const unsigned char *signature, size_t size)
{
    bench->context.ec = NULL;
    int theirs = lz_hook_mbedtls_ecdsa_read_signature(&bench->pair, hash, hash_size, signature, size);
    bench->context.ec = bench->ec;
    g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&bench->pair, hash, hash_size, signature, size), ==, theirs);
    return theirs;
}

/* Hashes shorter and longer than the curve's order too. */
static void test_signatures(void)
{
    static const struct {
        mbedtls_md_type_t digest;
        size_t hash_size;
    } variants[] = {{MBEDTLS_MD_SHA1, 20}, {MBEDTLS_MD_SHA256, 32}, {MBEDTLS_MD_SHA384, 48}, {MBEDTLS_MD_SHA512, 64}};
    if (!has_other_arithmetic()) {
        return;
    }
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        Bench bench;
        bench_open(&bench, seed);
        size_t hash_size = variants[seed % G_N_ELEMENTS(variants)].hash_size;
        mbedtls_md_type_t digest = variants[seed % G_N_ELEMENTS(variants)].digest;
        uint8_t hash[HASH_SIZE_MAX];
        lz_random_fill(&bench.random, hash, sizeof hash);
        memset(hash, seed % 5 == 4 ? 0xff : hash[0], seed % 5 == 4 ? sizeof hash : 1);      /* above the order, too */
        unsigned char theirs[SIGNATURE_CAPACITY], ours[SIGNATURE_CAPACITY];
        size_t size = sign(&bench, NULL, digest, hash, hash_size, theirs);
        g_assert_cmpuint(sign(&bench, bench.ec, digest, hash, hash_size, ours), ==, size);
        g_assert_cmpmem(ours, size, theirs, size);
        g_assert_cmpint(verify(&bench, hash, hash_size, ours, size), ==, 0);
        hash[seed % 20] ^= 1;
        g_assert_cmpint(verify(&bench, hash, hash_size, ours, size), ==, MBEDTLS_ERR_ECP_VERIFY_FAILED);
        bench_close(&bench);
    }
}

/* RFC 6979 A.2.5: P-256, SHA-256, "sample". */
static void test_known_answer(void)
{
    static const char private[] = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
    static const char r[] = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716";
    static const char s[] = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
    Bench bench;
    bench_open(&bench, 3);
    must(mbedtls_mpi_read_string(bench.private, 16, private));
    uint8_t hash[32];
    must(mbedtls_sha256((const unsigned char *)"sample", 6, hash, 0));
    /* SEQUENCE of two INTEGERs, each with a leading zero before its set top bit. */
    uint8_t expected[72] = {0x30, 70, 0x02, 33, 0};
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    must(mbedtls_mpi_read_string(&number, 16, r));
    must(mbedtls_mpi_write_binary(&number, expected + 5, 32));
    memcpy(expected + 37, (const uint8_t[]){0x02, 33, 0}, 3);
    must(mbedtls_mpi_read_string(&number, 16, s));
    must(mbedtls_mpi_write_binary(&number, expected + 40, 32));
    mbedtls_mpi_free(&number);
    LzEc *const ways[] = {NULL, bench.ec};
    for (int i = 0; i < 2; i++) {
        unsigned char signature[SIGNATURE_CAPACITY];
        size_t size = sign(&bench, ways[i], MBEDTLS_MD_SHA256, hash, sizeof hash, signature);
        g_assert_cmpmem(signature, size, expected, sizeof expected);
    }
    bench_close(&bench);
}

/* Every byte of a signature changed, and every length cut. */
static void test_mangled_signatures(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    Bench bench;
    bench_open(&bench, 4);
    const uint8_t hash[32] = {1, 2, 3};
    unsigned char signature[SIGNATURE_CAPACITY];
    size_t size = sign(&bench, bench.ec, MBEDTLS_MD_SHA256, hash, sizeof hash, signature);
    unsigned codes = 0;
    for (size_t i = 0; i < size; i++) {
        signature[i] ^= 0x81;
        int ret = verify(&bench, hash, sizeof hash, signature, size);
        g_assert_cmpint(ret, !=, 0);
        codes += ret != MBEDTLS_ERR_ECP_VERIFY_FAILED;
        signature[i] ^= 0x81;
        g_assert_cmpint(verify(&bench, hash, sizeof hash, signature, i), !=, 0);
    }
    g_assert_cmpuint(codes, >, 0);              /* some are malformed, not merely wrong */
    g_assert_cmpint(verify(&bench, hash, sizeof hash, signature, size), ==, 0);
    bench_close(&bench);
}

static size_t write_signature(const mbedtls_mpi *r, const mbedtls_mpi *s, unsigned char *ret_signature)
{
    const mbedtls_mpi *numbers[] = {r, s};
    size_t size = 2;
    for (int i = 0; i < 2; i++) {
        size_t length = mbedtls_mpi_size(numbers[i]) + 1;
        ret_signature[size] = 0x02;
        ret_signature[size + 1] = (unsigned char)length;
        must(mbedtls_mpi_write_binary(numbers[i], ret_signature + size + 2, length));
        size += 2 + length;
    }
    ret_signature[0] = 0x30;
    ret_signature[1] = (unsigned char)(size - 2);
    return size;
}

/* r and s around 0, 1, the order and the prime; also with a hash of zero, where one of the factors vanishes. */
static void test_signature_ranges(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    Bench bench;
    bench_open(&bench, 5);
    mbedtls_mpi numbers[12];
    for (int i = 0; i < 12; i++) {
        const mbedtls_mpi *bases[] = {&bench.group->N, &bench.group->P};
        mbedtls_mpi_init(&numbers[i]);
        if (i < 2) {
            must(mbedtls_mpi_lset(&numbers[i], i));
        } else {
            must(mbedtls_mpi_add_int(&numbers[i], bases[i % 2], i / 2 - 3));
        }
    }
    for (int i = 0; i < 12 * 12; i++) {
        unsigned char signature[SIGNATURE_CAPACITY];
        const uint8_t zero[32] = {0}, other[32] = {9};
        size_t size = write_signature(&numbers[i / 12], &numbers[i % 12], signature);
        g_assert_cmpint(verify(&bench, zero, sizeof zero, signature, size), !=, 0);
        g_assert_cmpint(verify(&bench, other, sizeof other, signature, size), !=, 0);
    }
    for (int i = 0; i < 12; i++) {
        mbedtls_mpi_free(&numbers[i]);
    }
    bench_close(&bench);
}

/* With the base point as public key, r = x(2G), s = r and a hash equal to r: u1 = u2 = 1, where an addition that cannot
 * double would fail. With minus the base point the sum is infinity. */
static void test_doubling_and_infinity(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    Bench bench;
    bench_open(&bench, 6);
    mbedtls_ecp_point doubled;
    mbedtls_ecp_point_init(&doubled);
    mbedtls_mpi two;
    mbedtls_mpi_init(&two);
    must(mbedtls_mpi_lset(&two, 2));
    must(mbedtls_ecp_mul(bench.group, &doubled, &two, &bench.group->G, lz_tls_blinding, NULL));
    const mbedtls_mpi *r = &doubled.MBEDTLS_PRIVATE(X);
    uint8_t hash[32];
    must(mbedtls_mpi_write_binary(r, hash, sizeof hash));
    unsigned char signature[SIGNATURE_CAPACITY];
    size_t size = write_signature(r, r, signature);
    must(mbedtls_ecp_copy(bench.public, &bench.group->G));
    g_assert_cmpint(verify(&bench, hash, sizeof hash, signature, size), ==, 0);
    must(mbedtls_mpi_sub_mpi(&bench.public->MBEDTLS_PRIVATE(Y), &bench.group->P, &bench.group->G.MBEDTLS_PRIVATE(Y)));
    g_assert_cmpint(verify(&bench, hash, sizeof hash, signature, size), ==, MBEDTLS_ERR_ECP_VERIFY_FAILED);
    must(mbedtls_mpi_add_int(&bench.public->MBEDTLS_PRIVATE(Y), &bench.public->MBEDTLS_PRIVATE(Y), 1));
    g_assert_cmpint(verify(&bench, hash, sizeof hash, signature, size), ==, MBEDTLS_ERR_ECP_INVALID_KEY);
    mbedtls_mpi_free(&two);
    mbedtls_ecp_point_free(&doubled);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/ec/products", test_products);
    g_test_add_func("/tls/ec/hostile-scalars", test_hostile_scalars);
    g_test_add_func("/tls/ec/hostile-points", test_hostile_points);
    g_test_add_func("/tls/ec/other-curves", test_other_curves);
    g_test_add_func("/tls/ec/signatures", test_signatures);
    g_test_add_func("/tls/ec/known-answer", test_known_answer);
    g_test_add_func("/tls/ec/mangled-signatures", test_mangled_signatures);
    g_test_add_func("/tls/ec/signature-ranges", test_signature_ranges);
    g_test_add_func("/tls/ec/doubling-and-infinity", test_doubling_and_infinity);
    return g_test_run();
}
