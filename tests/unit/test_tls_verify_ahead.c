/* Signatures verified before anybody asks: the same bytes, verdicts and charges, and only as long as somebody does ask. */
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"
#include "sim/tls/hooks.h"
#include "tests/lib/tls_pipe.h"

enum { CONNECTIONS = 20 };

/* ---- whole handshakes ---- */

typedef struct Outcome {
    char *wire[CONNECTIONS];
    LzCryptoWork client, server;
} Outcome;

static Outcome run(LzTlsVersion version, LzKeyType key, unsigned threads)
{
    LzWorkers *workers = threads > 1 ? lz_workers_new(threads) : NULL;
    LzTlsLab lab = lz_test_tls_lab(version, key);
    lab.pki_options.workers = workers;
    lz_test_tls_open(&lab);
    Outcome outcome = {.wire = {NULL}};
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, i, NULL, LZ_TEST_START_S * LZ_NS_PER_S);
        lz_test_tls_pump(pipe);
        g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
        lz_crypto_work_add(&outcome.client, &pipe->client.work);
        lz_crypto_work_add(&outcome.server, &pipe->server.work);
        outcome.wire[i] = g_strdup(g_checksum_get_string(pipe->wire));
        lz_test_tls_pipe_free(pipe);
    }
    lz_workers_free(workers);
    lz_test_tls_close(&lab);
    return outcome;
}

static void test_transparent(void)
{
    for (unsigned i = 0; i < 4; i++) {
        LzTlsVersion version = i % 2 ? LZ_TLS_1_3 : LZ_TLS_1_2;
        LzKeyType key = i / 2 ? LZ_KEY_RSA_2048 : LZ_KEY_ECDSA_P256;
        Outcome with = run(version, key, 3), without = run(version, key, 1);
        for (uint32_t c = 0; c < CONNECTIONS; c++) {
            g_assert_cmpstr(with.wire[c], ==, without.wire[c]);
            g_free(with.wire[c]);
            g_free(without.wire[c]);
        }
        g_assert_cmpmem(&with.client, sizeof with.client, &without.client, sizeof without.client);
        g_assert_cmpmem(&with.server, sizeof with.server, &without.server, sizeof without.server);
    }
}

/* ---- one signature ---- */

static void await(LzVerifyMemo *memo, const LzVerifyKey *key)
{
    while (!lz_verify_memo_has(memo, key)) {
        g_thread_yield();
    }
}

/* Right and wrong signatures alike: the verdict is found, and it is the one that it would have been. */
static void test_verdicts(void)
{
    LzWorkers *workers = lz_workers_new(2);
    LzVerifyMemo *memo = lz_verify_memo_new();
    LzEc *ec = lz_ec_new();
    LzVerifyAhead *ahead = lz_verify_ahead_new(workers, memo, ec);
    LzRandom random;
    lz_random_init(&random, 1, 1, LZ_PURPOSE_TLS);
    LzTlsContext context = {.random = &random, .blinding = &random, .memo = memo, .ahead = ahead, .ec = ec, .alert_sent = -1};
    LzTlsContext *previous = lz_tls_context_enter(&context);
    mbedtls_ecdsa_context pair;
    mbedtls_ecdsa_init(&pair);
    g_assert_cmpint(mbedtls_ecdsa_genkey(&pair, MBEDTLS_ECP_DP_SECP256R1, lz_tls_random, NULL), ==, 0);
    for (unsigned char i = 0; i < 10; i++) {
        const unsigned char hash[32] = {i};
        unsigned char signature[MBEDTLS_ECDSA_MAX_LEN];
        size_t size = 0;
        LzVerifyKey key;
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_write_signature(&pair, MBEDTLS_MD_SHA256, hash, sizeof hash, signature,
                                                              sizeof signature, &size, lz_tls_random, NULL), ==, 0);
        g_assert_true(lz_verify_key(&pair, hash, sizeof hash, signature, size, &key));
        await(memo, &key);
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pair, hash, 32, signature, size), ==, 0);
        g_assert_cmpuint(lz_verify_memo_hits(memo), ==, 2 * i + 1);
        signature[size - 1] ^= 1;
        lz_verify_ahead(ahead, &pair, hash, sizeof hash, signature, size);
        g_assert_true(lz_verify_key(&pair, hash, sizeof hash, signature, size, &key));
        await(memo, &key);
        g_assert_cmpint(lz_hook_mbedtls_ecdsa_read_signature(&pair, hash, 32, signature, size), ==,
                        MBEDTLS_ERR_ECP_VERIFY_FAILED);
        g_assert_cmpuint(lz_verify_memo_hits(memo), ==, 2 * i + 2);
    }
    mbedtls_ecdsa_free(&pair);
    lz_tls_context_leave(previous);
    lz_workers_free(workers);
    lz_verify_ahead_free(ahead);
    lz_verify_memo_free(memo);
    lz_ec_free(ec);
}

/* ---- who asks ---- */

static LzVerifyKey key_of(unsigned number)
{
    LzVerifyKey key = {{0}};
    LzRandom random;
    lz_random_init(&random, number, 1, LZ_PURPOSE_TLS);
    lz_random_fill(&random, key.bytes, sizeof key.bytes);
    return key;
}

static unsigned wanted_of_80(LzVerifyMemo *memo)
{
    unsigned wanted = 0;
    for (unsigned i = 0; i < 80; i++) {
        wanted += lz_verify_memo_wants_ahead(memo);
    }
    return wanted;
}

/* A flood of handshakes that nobody means to finish asks for none of it. */
static void test_nobody_asks(void)
{
    LzVerifyMemo *memo = lz_verify_memo_new();
    g_assert_cmpuint(wanted_of_80(memo), ==, 80);
    for (unsigned i = 0; i < 2000; i++) {
        LzVerifyKey key = key_of(i);
        lz_verify_memo_store_ahead(memo, &key, 0);
    }
    g_assert_cmpuint(wanted_of_80(memo), ==, 10);
    for (unsigned i = 2000; i < 4000; i++) {
        LzVerifyKey key = key_of(i);
        int result = 1;
        lz_verify_memo_store_ahead(memo, &key, 0);
        g_assert_true(lz_verify_memo_find(memo, &key, &result));
        g_assert_cmpint(result, ==, 0);
    }
    g_assert_cmpuint(wanted_of_80(memo), ==, 80);
    lz_verify_memo_free(memo);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/verify-ahead/transparent", test_transparent);
    g_test_add_func("/tls/verify-ahead/verdicts", test_verdicts);
    g_test_add_func("/tls/verify-ahead/nobody-asks", test_nobody_asks);
    return g_test_run();
}
