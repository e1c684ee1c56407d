/* Remembered verifications: the same bytes, verdicts and charges as without, and they are remembered. */
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"
#include "sim/tls/hooks.h"
#include "tests/lib/tls_pipe.h"

enum { CONNECTIONS = 5 };

typedef struct Outcome {
    char *wire[CONNECTIONS];
    LzCryptoWork client, server;
    uint64_t hits;
} Outcome;

/* One client and one server, with a new connection each time. */
static Outcome run(LzTlsVersion version, bool has_memo)
{
    LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lab.pki_options.has_verify_memo = has_memo;
    lz_test_tls_open(&lab);
    Outcome outcome = {.hits = 0};
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, i, NULL, LZ_TEST_START_S * LZ_NS_PER_S);
        lz_test_tls_pump(pipe);
        g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
        lz_crypto_work_add(&outcome.client, &pipe->client.work);
        lz_crypto_work_add(&outcome.server, &pipe->server.work);
        outcome.wire[i] = g_strdup(g_checksum_get_string(pipe->wire));
        lz_test_tls_pipe_free(pipe);
    }
    LzVerifyMemo *memo = lz_pki_verify_memo(lab.pki);
    g_assert_cmpint(memo != NULL, ==, has_memo);
    outcome.hits = memo ? lz_verify_memo_hits(memo) : 0;
    lz_test_tls_close(&lab);
    return outcome;
}

/* Both certificates are seen again by every connection but the first; each CertificateVerify is new. */
static void test_transparent(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        Outcome with = run(version, true), without = run(version, false);
        for (uint32_t i = 0; i < CONNECTIONS; i++) {
            g_assert_cmpstr(with.wire[i], ==, without.wire[i]);
            g_free(with.wire[i]);
            g_free(without.wire[i]);
        }
        g_assert_cmpmem(&with.client, sizeof with.client, &without.client, sizeof without.client);
        g_assert_cmpmem(&with.server, sizeof with.server, &without.server, sizeof without.server);
        g_assert_cmpuint(with.client.p256_verify, ==, 2 * CONNECTIONS);
        g_assert_cmpuint(with.hits, ==, 2 * (CONNECTIONS - 1));
    }
}

/* A right signature never vouches for another hash, key or signature, nor a wrong one against them. */
static void test_verdicts(void)
{
    LzVerifyMemo *memo = lz_verify_memo_new();
    LzRandom random;
    lz_random_init(&random, 1, 1, LZ_PURPOSE_TLS);
    LzTlsContext context = {.random = &random, .blinding = &random, .memo = memo, .alert_sent = -1};
    LzTlsContext *previous = lz_tls_context_enter(&context);
    mbedtls_ecdsa_context pairs[2];
    for (int i = 0; i < 2; i++) {
        mbedtls_ecdsa_init(&pairs[i]);
        g_assert_cmpint(mbedtls_ecdsa_genkey(&pairs[i], MBEDTLS_ECP_DP_SECP256R1, lz_tls_random, NULL), ==, 0);
    }
    const unsigned char hash[32] = {1}, other_hash[32] = {2};
    unsigned char signature[MBEDTLS_ECDSA_MAX_LEN];
    size_t size = 0;
    g_assert_cmpint(lz_hook_mbedtls_ecdsa_write_signature(&pairs[0], MBEDTLS_MD_SHA256, hash, sizeof hash, signature,
                                                          sizeof signature, &size, lz_tls_random, NULL), ==, 0);
    for (int round = 0; round < 2; round++) {
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pairs[0], hash, 32, signature, size), ==, 0);
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pairs[0], other_hash, 32, signature, size), ==,
                        MBEDTLS_ERR_ECP_VERIFY_FAILED);
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pairs[1], hash, 32, signature, size), ==,
                        MBEDTLS_ERR_ECP_VERIFY_FAILED);
        signature[size - 1] ^= 1;
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pairs[0], hash, 32, signature, size), ==,
                        MBEDTLS_ERR_ECP_VERIFY_FAILED);
        signature[size - 1] ^= 1;
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pairs[0], hash, 32, signature, size - 1), <, 0);
        g_assert_cmpuint(lz_verify_memo_hits(memo), ==, round * 5);
    }
    for (int i = 0; i < 2; i++) {
        mbedtls_ecdsa_free(&pairs[i]);
    }
    lz_tls_context_leave(previous);
    lz_verify_memo_free(memo);
}

static LzVerifyKey key_of(int number)
{
    LzVerifyKey key = {{0}};
    LzRandom random;
    lz_random_init(&random, (uint64_t)number, 1, LZ_PURPOSE_TLS);
    lz_random_fill(&random, key.bytes, sizeof key.bytes);
    return key;
}

/* Four times as many results as there are places: whatever is found is right, the last stored is found, and it is the
 * same ones each time. */
static void test_overflow(void)
{
    enum { KEYS = 4 * LZ_VERIFY_MEMO_ENTRIES };
    LzVerifyMemo *memos[] = {lz_verify_memo_new(), lz_verify_memo_new()};
    for (int i = 0; i < KEYS; i++) {
        LzVerifyKey key = key_of(i);
        int result = 1;
        for (int m = 0; m < 2; m++) {
            g_assert_false(lz_verify_memo_find(memos[m], &key, &result));
            lz_verify_memo_store(memos[m], &key, -i);
        }
        g_assert_true(lz_verify_memo_find(memos[0], &key, &result));
        g_assert_cmpint(result, ==, -i);
    }
    int found = 0;
    for (int i = 0; i < KEYS; i++) {
        LzVerifyKey key = key_of(i);
        int results[] = {-i, -i};
        bool is_found = lz_verify_memo_find(memos[0], &key, &results[0]);
        g_assert_cmpint(lz_verify_memo_find(memos[1], &key, &results[1]), ==, is_found);
        g_assert_cmpint(results[0], ==, -i);
        g_assert_cmpint(results[1], ==, -i);
        found += is_found;
    }
    g_assert_cmpint(found, <=, LZ_VERIFY_MEMO_ENTRIES);
    g_assert_cmpint(found, >, LZ_VERIFY_MEMO_ENTRIES * 9 / 10);
    lz_verify_memo_free(memos[0]);
    lz_verify_memo_free(memos[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/verify-memo/transparent", test_transparent);
    g_test_add_func("/tls/verify-memo/verdicts", test_verdicts);
    g_test_add_func("/tls/verify-memo/overflow", test_overflow);
    return g_test_run();
}
