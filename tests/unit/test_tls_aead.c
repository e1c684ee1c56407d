/* Records by whatever the build chose, against Mbed TLS's own arithmetic: the same bytes, the same refusals. */
#include <string.h>

#include "sim/tls/aead.h"
#include "sim/tls/context.h"

enum { TAG_BYTES = 16, RECORD_BYTES_MAX = 16384 + 256 };

typedef struct Bench {
    LzAead *aead;
    mbedtls_cipher_context_t sealer, opener;
    LzRandom random;
    unsigned char nonce[12], header[13], plain[RECORD_BYTES_MAX], ours[RECORD_BYTES_MAX + TAG_BYTES],
        theirs[RECORD_BYTES_MAX + TAG_BYTES];
} Bench;

static void must(int ret)
{
    g_assert_cmpint(ret, ==, 0);
}

static void set_key(mbedtls_cipher_context_t *cipher, mbedtls_cipher_type_t type, const unsigned char *key,
                    mbedtls_operation_t operation)
{
    const mbedtls_cipher_info_t *info = mbedtls_cipher_info_from_type(type);
    mbedtls_cipher_init(cipher);
    must(mbedtls_cipher_setup(cipher, info));
    must(mbedtls_cipher_setkey(cipher, key, (int)mbedtls_cipher_info_get_key_bitlen(info), operation));
}

static Bench *bench_new(mbedtls_cipher_type_t type)
{
    Bench *bench = g_new0(Bench, 1);
    unsigned char key[32];
    bench->aead = lz_aead_new();
    lz_random_init(&bench->random, 7, 1, LZ_PURPOSE_TLS);
    lz_random_fill(&bench->random, key, sizeof key);
    set_key(&bench->sealer, type, key, MBEDTLS_ENCRYPT);
    set_key(&bench->opener, type, key, MBEDTLS_DECRYPT);
    return bench;
}

static void bench_free(Bench *bench)
{
    mbedtls_cipher_free(&bench->sealer);
    mbedtls_cipher_free(&bench->opener);
    lz_aead_free(bench->aead);
    g_free(bench);
}

static bool has_other_arithmetic(void)
{
    LzAead *aead = lz_aead_new();
    lz_aead_free(aead);
    if (!aead) {
        g_test_skip("this build computes with Mbed TLS only");
    }
    return aead != NULL;
}

static void draw(Bench *bench, size_t size)
{
    lz_random_fill(&bench->random, bench->nonce, sizeof bench->nonce);
    lz_random_fill(&bench->random, bench->header, sizeof bench->header);
    lz_random_fill(&bench->random, bench->plain, size);
    size_t written = 0;
    must(mbedtls_cipher_auth_encrypt_ext(&bench->sealer, bench->nonce, sizeof bench->nonce, bench->header, sizeof bench->header,
                                         bench->plain, size, bench->theirs, sizeof bench->theirs, &written, TAG_BYTES));
    g_assert_cmpuint(written, ==, size + TAG_BYTES);
}

/* In place, as Mbed TLS's record layer does it. */
static LzAeadRecord record_of(Bench *bench, size_t size)
{
    return (LzAeadRecord){.nonce = bench->nonce, .nonce_size = sizeof bench->nonce, .header = bench->header,
                          .header_size = sizeof bench->header, .input = bench->ours, .size = size, .output = bench->ours,
                          .tag_in = bench->ours + size, .tag_out = bench->ours + size, .tag_size = TAG_BYTES};
}

static void test_same_bytes(void)
{
    static const size_t sizes[] = {64, 65, 79, 80, 255, 256, 1024, 1113, 4096, 16384, RECORD_BYTES_MAX};
    if (!has_other_arithmetic()) {
        return;
    }
    Bench *bench = bench_new(MBEDTLS_CIPHER_AES_128_GCM);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        draw(bench, sizes[i]);
        memcpy(bench->ours, bench->plain, sizes[i]);
        LzAeadRecord record = record_of(bench, sizes[i]);
        g_assert_true(lz_aead_seal(bench->aead, &bench->sealer, &record));
        g_assert_cmpmem(bench->ours, sizes[i] + TAG_BYTES, bench->theirs, sizes[i] + TAG_BYTES);
        int result = -1;
        g_assert_true(lz_aead_open(bench->aead, &bench->opener, &record, &result));
        g_assert_cmpint(result, ==, 0);
        g_assert_cmpmem(bench->ours, sizes[i], bench->plain, sizes[i]);
    }
    bench_free(bench);
}

/* Whatever bit is wrong: of the content, the tag, the header or the nonce. */
static void test_same_refusals(void)
{
    enum { SIZE = 200 };
    if (!has_other_arithmetic()) {
        return;
    }
    Bench *bench = bench_new(MBEDTLS_CIPHER_AES_128_GCM);
    draw(bench, SIZE);
    unsigned char *const places[] = {bench->ours, bench->ours + SIZE - 1, bench->ours + SIZE, bench->ours + SIZE + TAG_BYTES - 1,
                                     bench->header + 12, bench->nonce + 3};
    static const unsigned char zeros[SIZE];
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        memcpy(bench->ours, bench->theirs, SIZE + TAG_BYTES);
        *places[i] ^= 1;
        LzAeadRecord record = record_of(bench, SIZE);
        int result = 0;
        g_assert_true(lz_aead_open(bench->aead, &bench->opener, &record, &result));
        g_assert_cmpint(result, ==, MBEDTLS_ERR_CIPHER_AUTH_FAILED);
        g_assert_cmpmem(bench->ours, SIZE, zeros, SIZE);
        *places[i] ^= 1;
    }
    bench_free(bench);
}

static void test_left_alone(void)
{
    if (!has_other_arithmetic()) {
        return;
    }
    static const mbedtls_cipher_type_t types[] = {MBEDTLS_CIPHER_AES_128_GCM, MBEDTLS_CIPHER_AES_128_CCM,
                                                  MBEDTLS_CIPHER_CHACHA20_POLY1305, MBEDTLS_CIPHER_AES_256_GCM};
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        Bench *bench = bench_new(types[i]);
        LzAeadRecord record = record_of(bench, i == 0 ? 63 : 200);
        int result = 5;
        g_assert_false(lz_aead_seal(bench->aead, &bench->sealer, &record));
        g_assert_false(lz_aead_open(bench->aead, &bench->opener, &record, &result));
        g_assert_false(lz_aead_seal(NULL, &bench->sealer, &record));
        g_assert_cmpint(result, ==, 5);
        bench_free(bench);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls-aead/same-bytes", test_same_bytes);
    g_test_add_func("/tls-aead/same-refusals", test_same_refusals);
    g_test_add_func("/tls-aead/left-alone", test_left_alone);
    return g_test_run();
}
