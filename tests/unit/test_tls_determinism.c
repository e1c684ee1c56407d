/* The bytes of a connection depend on its own seed, entity and number only: not on the run, not on who else is
 * connected, not on which thread steps it. */
#include <string.h>

#include "tests/lib/tls_pipe.h"

enum { CONNECTIONS = 6 };

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;

typedef struct Variant {
    LzTlsVersion version;
    LzKeyType key;
    const char *golden;         /* beginning of the digest of connection 0, seed 7 */
} Variant;

static const Variant variants[] = {
    {LZ_TLS_1_2, LZ_KEY_ECDSA_P256, "81ab31ad359a9f32"},
    {LZ_TLS_1_2, LZ_KEY_RSA_2048, "9641dee00e488904"},
    {LZ_TLS_1_3, LZ_KEY_ECDSA_P256, "3f3a2c38efe929a7"},
    {LZ_TLS_1_3, LZ_KEY_RSA_2048, "4667ce586f747efd"},
};

static LzTlsLab open_lab(const Variant *variant, uint64_t seed)
{
    LzTlsLab lab = lz_test_tls_lab(variant->version, variant->key);
    lab.pki_options.seed = lab.client_options.seed = lab.server_options.seed = seed;
    lab.client_options.has_tickets = lab.server_options.has_tickets = true;
    lz_test_tls_open(&lab);
    return lab;
}

/* A full and a resumed handshake with some data: digest of everything on the wire. */
static char *run_connection(const LzTlsLab *lab, uint32_t number)
{
    g_autoptr(GString) digest = g_string_new(NULL);
    LzTlsTicket *ticket = lz_tls_ticket_new();
    for (uint32_t i = 0; i < 2; i++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(lab, 2 * number + i, ticket, start_ns + LZ_SECONDS(i * 60));
        lz_test_tls_pump(pipe);
        lz_test_tls_write(pipe, &pipe->client, "telemetry", 9);
        lz_test_tls_write(pipe, &pipe->server, "thanks", 6);
        g_assert_cmpint(lz_tls_endpoint_was_resumed(pipe->server.endpoint), ==, i == 1);
        lz_test_tls_finish(pipe, &pipe->client);
        g_string_append(digest, g_checksum_get_string(pipe->wire));
        lz_test_tls_pipe_free(pipe);
    }
    lz_tls_ticket_free(ticket);
    return g_string_free(g_steal_pointer(&digest), FALSE);
}

static char *run_alone(const Variant *variant, uint64_t seed, uint32_t number)
{
    LzTlsLab lab = open_lab(variant, seed);
    char *digest = run_connection(&lab, number);
    lz_test_tls_close(&lab);
    return digest;
}

/* The golden digest holds for whatever compiled the library, and whichever code does its arithmetic. A change of what
 * endpoints send changes it on purpose: then, and only then, it is to be replaced. */
static void test_repeatable(gconstpointer data)
{
    const Variant *variant = data;
    LzTlsLab lab = open_lab(variant, 7);
    g_autofree char *first = run_connection(&lab, 0);
    g_autofree char *again = run_connection(&lab, 0);
    g_autofree char *other_number = run_connection(&lab, 1);
    lz_test_tls_close(&lab);
    g_test_message("%.16s", first);
    g_assert_cmpmem(first, strlen(variant->golden), variant->golden, strlen(variant->golden));
    g_assert_cmpstr(first, ==, again);
    g_assert_cmpstr(first, !=, other_number);
}

/* Others come first, share keys, ticket keys and profiles, and change nothing. */
static void test_independent(gconstpointer data)
{
    g_autofree char *alone = run_alone(data, 7, 3);
    LzTlsLab lab = open_lab(data, 7);
    for (uint32_t number = 0; number < CONNECTIONS; number++) {
        g_autofree char *digest = run_connection(&lab, number);
        if (number == 3) {
            g_assert_cmpstr(digest, ==, alone);
        } else {
            g_assert_cmpstr(digest, !=, alone);
        }
    }
    lz_test_tls_close(&lab);
}

/* Two worlds at the same time, stepped in turn. */
static void test_two_worlds(gconstpointer data)
{
    g_autofree char *expected = run_alone(data, 7, 0);
    LzTlsLab first = open_lab(data, 7);
    LzTlsLab second = open_lab(data, 8);
    g_autofree char *other = run_connection(&second, 0);
    g_autofree char *digest = run_connection(&first, 0);
    g_assert_cmpstr(digest, ==, expected);
    g_assert_cmpstr(digest, !=, other);
    lz_test_tls_close(&second);
    lz_test_tls_close(&first);
}

typedef struct Worker {
    const LzTlsLab *lab;
    uint32_t first;
    char *digests[CONNECTIONS];
} Worker;

/* Every second connection, so that both threads use the same profiles all the time. */
static gpointer work(gpointer self)
{
    Worker *worker = self;
    for (uint32_t number = worker->first; number < CONNECTIONS; number += 2) {
        worker->digests[number] = run_connection(worker->lab, number);
    }
    return NULL;
}

static void test_two_threads(gconstpointer data)
{
    LzTlsLab lab = open_lab(data, 7);
    Worker workers[2] = {{.lab = &lab, .first = 0}, {.lab = &lab, .first = 1}};
    GThread *threads[2];
    for (int i = 0; i < 2; i++) {
        threads[i] = g_thread_new("tls", work, &workers[i]);
    }
    for (int i = 0; i < 2; i++) {
        g_thread_join(threads[i]);
    }
    LzTlsLab quiet = open_lab(data, 7);
    for (uint32_t number = 0; number < CONNECTIONS; number++) {
        g_autofree char *digest = workers[number % 2].digests[number];
        g_autofree char *in_turn = run_connection(&quiet, number);
        g_assert_cmpstr(digest, ==, in_turn);
    }
    lz_test_tls_close(&quiet);
    lz_test_tls_close(&lab);
}

static GBytes *issue(LzPki *pki, const char *name, bool is_foreign)
{
    LzCertificateRequest request = {.name = name, .is_foreign_ca = is_foreign, .not_before_unix_s = LZ_TEST_START_S,
                                    .not_after_unix_s = LZ_TEST_START_S + 86400};
    LzCredential *credential = lz_pki_issue(pki, &request, NULL, NULL);
    g_assert_nonnull(credential);
    size_t size;
    const uint8_t *der = lz_credential_certificate(credential, &size);
    GBytes *bytes = g_bytes_new(der, size);
    lz_credential_free(credential);
    return bytes;
}

/* A certificate is the same whatever else was issued before it. */
static void test_certificates(void)
{
    LzPkiOptions options = {.seed = 7, .start_unix_s = LZ_TEST_START_S, .intermediates = 1};
    LzPki *pki = lz_pki_new(&options, NULL);
    LzPki *busy = lz_pki_new(&options, NULL);
    g_bytes_unref(issue(busy, "ventilator[1]", false));
    g_bytes_unref(issue(busy, "pump[1]", true));
    g_autoptr(GBytes) alone = issue(pki, "pump[1]", false);
    g_autoptr(GBytes) among = issue(busy, "pump[1]", false);
    g_autoptr(GBytes) forged = issue(busy, "pump[1]", true);
    g_assert_true(g_bytes_equal(alone, among));
    g_assert_false(g_bytes_equal(alone, forged));
    static const char marking[] = "LAZARET TEST - NOT FOR USE";
    size_t size;
    const char *der = g_bytes_get_data(alone, &size);
    unsigned markings = 0;
    for (size_t at = 0; at + strlen(marking) <= size; at++) {
        markings += memcmp(der + at, marking, strlen(marking)) == 0;
    }
    g_assert_cmpuint(markings, ==, 2);          /* issuer and subject */
    lz_pki_free(busy);
    lz_pki_free(pki);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const char *const names[] = {"1.2/ecdsa", "1.2/rsa", "1.3/ecdsa", "1.3/rsa"};
    for (size_t i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *repeatable = g_strconcat("/tls/repeatable/", names[i], NULL);
        g_autofree char *independent = g_strconcat("/tls/independent/", names[i], NULL);
        g_autofree char *two_worlds = g_strconcat("/tls/two-worlds/", names[i], NULL);
        g_autofree char *two_threads = g_strconcat("/tls/two-threads/", names[i], NULL);
        g_test_add_data_func(repeatable, &variants[i], test_repeatable);
        g_test_add_data_func(independent, &variants[i], test_independent);
        g_test_add_data_func(two_worlds, &variants[i], test_two_worlds);
        g_test_add_data_func(two_threads, &variants[i], test_two_threads);
    }
    g_test_add_func("/tls/certificates", test_certificates);
    return g_test_run();
}
