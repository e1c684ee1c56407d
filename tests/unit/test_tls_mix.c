/* Mixed cryptography: keys, groups, ciphers and key exchanges beside the usual ones, what each is counted as, and that the
 * bytes on the wire do not depend on whose arithmetic it was. */
#include <string.h>

#include "sim/tls/hybrid.h"
#include "tests/lib/tls_pipe.h"

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;

#define CHOICE(word) {{word}, 1}

typedef struct Case {
    const char *name;
    LzTlsVersion version;
    LzKeyType key;
    LzTlsChoices groups, suites, exchanges;
    const char *suite;          /* that is agreed upon */
    LzCryptoWork client;        /* what it must count, of public-key operations; others: none */
    const char *golden;         /* beginning of the digest of the wire */
} Case;

static const Case cases[] = {
    {"1.3/p384", LZ_TLS_1_3, LZ_KEY_ECDSA_P384, CHOICE(LZ_GROUP_P384), CHOICE(LZ_SUITE_AES_256_GCM), {{0}, 0},
     "TLS1-3-AES-256-GCM-SHA384", {.p384_keygen = 1, .p384_shared = 1, .p384_sign = 1, .p384_verify = 2}, "e000d94861ff9506"},
    {"1.3/x25519-chacha20", LZ_TLS_1_3, LZ_KEY_ECDSA_P256, {{LZ_GROUP_X25519, LZ_GROUP_P256}, 2},
     CHOICE(LZ_SUITE_CHACHA20_POLY1305), {{0}, 0}, "TLS1-3-CHACHA20-POLY1305-SHA256",
     {.x25519_keygen = 1, .x25519_shared = 1, .p256_sign = 1, .p256_verify = 2}, "b644a44377e6f1a3"},
    {"1.3/rsa-3072", LZ_TLS_1_3, LZ_KEY_RSA_3072, CHOICE(LZ_GROUP_P256), {{0}, 0}, {{0}, 0}, "TLS1-3-AES-128-GCM-SHA256",
     {.p256_keygen = 1, .p256_shared = 1, .rsa3072_private = 1, .rsa3072_public = 2}, "22e90bc9353bbbc0"},
    {"1.3/psk-ccm-8", LZ_TLS_1_3, LZ_KEY_ECDSA_P256, {{0}, 0}, CHOICE(LZ_SUITE_AES_128_CCM_8), CHOICE(LZ_EXCHANGE_PSK),
     "TLS1-3-AES-128-CCM-8-SHA256", {0}, "78c548c01bba61f5"},
    {"1.3/psk-dhe", LZ_TLS_1_3, LZ_KEY_ECDSA_P256, CHOICE(LZ_GROUP_X25519), {{0}, 0}, CHOICE(LZ_EXCHANGE_PSK_DHE),
     "TLS1-3-AES-128-GCM-SHA256", {.x25519_keygen = 1, .x25519_shared = 1}, "3bab72467bd19b02"},
    {"1.2/p384", LZ_TLS_1_2, LZ_KEY_ECDSA_P384, CHOICE(LZ_GROUP_P384), CHOICE(LZ_SUITE_AES_256_GCM), {{0}, 0},
     "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384", {.p384_keygen = 1, .p384_shared = 1, .p384_sign = 1, .p384_verify = 2}, "8d67a950fb5a2286"},
    {"1.2/ccm", LZ_TLS_1_2, LZ_KEY_ECDSA_P256, {{0}, 0}, CHOICE(LZ_SUITE_AES_128_CCM), {{0}, 0},
     "TLS-ECDHE-ECDSA-WITH-AES-128-CCM", {.p256_keygen = 1, .p256_shared = 1, .p256_sign = 1, .p256_verify = 2}, "c71ff9e35180e6ac"},
    {"1.2/rsa", LZ_TLS_1_2, LZ_KEY_RSA_2048, {{0}, 0}, {{0}, 0}, CHOICE(LZ_EXCHANGE_RSA),
     "TLS-RSA-WITH-AES-128-GCM-SHA256", {.rsa2048_private = 1, .rsa2048_public = 2}, "f09e94fe639a1a80"},
    {"1.2/psk-ccm-8", LZ_TLS_1_2, LZ_KEY_ECDSA_P256, {{0}, 0}, CHOICE(LZ_SUITE_AES_128_CCM_8), CHOICE(LZ_EXCHANGE_PSK),
     "TLS-PSK-WITH-AES-128-CCM-8", {0}, "21cc1ef3382474ba"},
    {"1.2/psk-dhe", LZ_TLS_1_2, LZ_KEY_ECDSA_P256, {{0}, 0}, CHOICE(LZ_SUITE_CHACHA20_POLY1305), CHOICE(LZ_EXCHANGE_PSK_DHE),
     "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256", {.p256_keygen = 1, .p256_shared = 1}, "9d9f2addb18ab84e"},
};

static LzTlsLab lab_of(const Case *test)
{
    LzTlsLab lab = lz_test_tls_lab(test->version, test->key);
    LzTlsProfileOptions *options[] = {&lab.client_options, &lab.server_options};
    for (int i = 0; i < 2; i++) {
        options[i]->groups = test->groups;
        options[i]->suites = test->suites;
        options[i]->exchanges = test->exchanges;
    }
    lab.server_request.can_encipher = true;
    lab.client_request.has_psk = true;
    return lab;
}

static void assert_open(const LzTlsPipe *pipe)
{
    g_assert_cmpint(pipe->client.alert_sent, ==, -1);
    g_assert_cmpint(pipe->server.alert_sent, ==, -1);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_OPEN);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
}

static void test_case(gconstpointer data)
{
    const Case *test = data;
    LzTlsLab lab = lab_of(test);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    assert_open(pipe);
    g_assert_cmpstr(lz_tls_endpoint_cipher_suite(pipe->client.endpoint), ==, test->suite);
    g_assert_false(lz_tls_endpoint_was_resumed(pipe->client.endpoint));
    g_assert_false(lz_tls_endpoint_was_resumed(pipe->server.endpoint));
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->client.endpoint), ==, "broker");
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, "pump[7]");
    LzCryptoWork work = pipe->client.work;
    g_assert_cmpmem(&work, offsetof(LzCryptoWork, records), &test->client, offsetof(LzCryptoWork, records));
    LzCryptoWork before = work;
    lz_test_tls_write(pipe, &pipe->client, "telemetry", 9);
    g_assert_cmpmem(pipe->server.plaintext->data, pipe->server.plaintext->len, "telemetry", 9);
    work = pipe->client.work;
    bool is_ccm = strstr(test->suite, "CCM"), is_chacha = strstr(test->suite, "CHACHA");
    g_assert_cmpint(work.ccm_bytes > before.ccm_bytes, ==, is_ccm);
    g_assert_cmpint(work.chacha_bytes > before.chacha_bytes, ==, is_chacha);
    g_assert_cmpint(work.aead_bytes > before.aead_bytes, ==, !is_ccm && !is_chacha);
    g_test_message("%s %.16s", test->name, g_checksum_get_string(pipe->wire));
    g_assert_cmpmem(g_checksum_get_string(pipe->wire), strlen(test->golden), test->golden, strlen(test->golden));
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

/* Neither a name that has no key, nor a wrong key, opens anything. */
static void test_wrong_psk(gconstpointer data)
{
    LzTlsVersion version = (LzTlsVersion)GPOINTER_TO_INT(data);
    for (int wrong = 0; wrong < 2; wrong++) {
        Case test = cases[version == LZ_TLS_1_3 ? 3 : 8];
        LzTlsLab lab = lab_of(&test);
        lab.client_request.has_psk = wrong == 0;
        lab.client_request.is_foreign_ca = wrong == 0;
        lz_test_tls_open(&lab);
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
        lz_test_tls_pump(pipe);
        g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
        g_assert_cmpint(pipe->server.alert_sent, >, 0);
        g_test_message("alert %s", lz_tls_alert_name(pipe->server.alert_sent));
        lz_test_tls_pipe_free(pipe);
        lz_test_tls_close(&lab);
    }
}

static void test_nothing_in_common(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lab.server_options.suites = (LzTlsChoices)CHOICE(LZ_SUITE_AES_256_GCM);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
    g_assert_cmpint(pipe->server.alert_sent, ==, 40);   /* handshake_failure, RFC 8446 6.2 */
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static uint64_t bytes_of(LzTlsPipe *pipe, bool is_from_server)
{
    uint64_t bytes = 0;
    for (guint i = 0; i < pipe->flights->len; i++) {
        const LzTlsFlight *flight = g_ptr_array_index(pipe->flights, i);
        bytes += flight->is_from_server == is_from_server ? flight->records->size : 0;
    }
    return bytes;
}

typedef struct Run {
    uint64_t client_bytes, server_bytes;
    LzCryptoWork client, server;
} Run;

static Run hybrid_run(bool client, bool server, LzTlsVersion client_max)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lab.client_options.is_hybrid = client;
    lab.server_options.is_hybrid = server;
    lab.client_options.min_version = lab.server_options.min_version = LZ_TLS_1_2;
    lab.client_options.max_version = client_max;
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    assert_open(pipe);
    Run run = {bytes_of(pipe, false), bytes_of(pipe, true), pipe->client.work, pipe->server.work};
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
    return run;
}

/* FIPS 203: so many bytes more, and one operation of each; only where both have it. Signatures differ in length by a few
 * bytes. */
static void test_hybrid(void)
{
    Run none = hybrid_run(false, false, LZ_TLS_1_3), both = hybrid_run(true, true, LZ_TLS_1_3);
    Run client = hybrid_run(true, false, LZ_TLS_1_3), server = hybrid_run(false, true, LZ_TLS_1_3);
    Run old = hybrid_run(true, true, LZ_TLS_1_2);
    g_assert_cmpint(llabs((int64_t)(both.client_bytes - none.client_bytes) - 1184), <=, 4);
    g_assert_cmpint(llabs((int64_t)(both.server_bytes - none.server_bytes) - 1088), <=, 4);
    g_assert_cmpint(llabs((int64_t)(client.client_bytes - none.client_bytes) - 1184), <=, 4);
    g_assert_cmpint(llabs((int64_t)(client.server_bytes - none.server_bytes)), <=, 4);
    g_assert_cmpint(llabs((int64_t)(server.server_bytes - none.server_bytes)), <=, 4);
    g_assert_cmpuint(both.client.mlkem768_keygen, ==, 1);
    g_assert_cmpuint(both.client.mlkem768_decapsulate, ==, 1);
    g_assert_cmpuint(both.server.mlkem768_encapsulate, ==, 1);
    g_assert_cmpuint(both.server.mlkem768_keygen + both.server.mlkem768_decapsulate, ==, 0);
    g_assert_cmpuint(client.client.mlkem768_keygen, ==, 1);
    g_assert_cmpuint(client.client.mlkem768_decapsulate + client.server.mlkem768_encapsulate, ==, 0);
    g_assert_cmpuint(server.client.mlkem768_keygen + server.server.mlkem768_encapsulate, ==, 0);
    g_assert_cmpuint(old.client.mlkem768_keygen + old.server.mlkem768_encapsulate, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/tls/mix/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_data_func("/tls/mix/wrong-psk/1.2", GINT_TO_POINTER(LZ_TLS_1_2), test_wrong_psk);
    g_test_add_data_func("/tls/mix/wrong-psk/1.3", GINT_TO_POINTER(LZ_TLS_1_3), test_wrong_psk);
    g_test_add_func("/tls/mix/nothing-in-common", test_nothing_in_common);
    g_test_add_func("/tls/mix/hybrid", test_hybrid);
    return g_test_run();
}
