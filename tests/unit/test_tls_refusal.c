/* Peers that must be refused, by whom, with which alert, and what the other side sees of it. */
#include "lazaret/error.h"
#include "tests/lib/tls_pipe.h"

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;
static const int64_t day_s = 86400;

typedef struct Case {
    const char *name;
    void (*prepare)(LzTlsLab *lab);
    bool server_refuses;
    int alert_1_2, alert_1_3;   /* RFC 8446 6.2 */
    bool is_tried_with_rsa;     /* too: its keys take long to make */
} Case;

static void client_expired(LzTlsLab *lab)
{
    lab->client_request.not_after_unix_s = LZ_TEST_START_S - 1;
}

static void client_not_yet_valid(LzTlsLab *lab)
{
    lab->client_request.not_before_unix_s = LZ_TEST_START_S + day_s / 2;
}

static void client_foreign(LzTlsLab *lab)
{
    lab->client_request.is_foreign_ca = true;
}

static void client_foreign_below_intermediates(LzTlsLab *lab)
{
    lab->client_request.is_foreign_ca = true;
    lab->pki_options.intermediates = 2;
}

static void client_without_certificate(LzTlsLab *lab)
{
    lab->client_options.is_mutual = false;
}

static void server_expired(LzTlsLab *lab)
{
    lab->server_request.not_after_unix_s = LZ_TEST_START_S - 1;
}

static void server_not_yet_valid(LzTlsLab *lab)
{
    lab->server_request.not_before_unix_s = LZ_TEST_START_S + day_s / 2;
}

static void server_foreign(LzTlsLab *lab)
{
    lab->server_request.is_foreign_ca = true;
}

static void server_of_another_name(LzTlsLab *lab)
{
    lab->server_name = "historian";
}

static void other_version(LzTlsLab *lab)
{
    LzTlsVersion version = lab->client_options.max_version == LZ_TLS_1_2 ? LZ_TLS_1_3 : LZ_TLS_1_2;
    lab->server_options.min_version = lab->server_options.max_version = version;
}

static void assert_refused(const LzTlsPipe *pipe, bool server_refuses, int alert)
{
    const LzTlsSide *refusing = server_refuses ? &pipe->server : &pipe->client;
    const LzTlsSide *refused = server_refuses ? &pipe->client : &pipe->server;
    g_assert_cmpint(refusing->alert_sent, ==, alert);
    g_assert_cmpint(refusing->state, ==, LZ_TLS_FAILED);
    g_assert_cmpuint(refusing->times_opened, ==, 0);
    g_assert_cmpint(refusing->alert_received, ==, -1);
    g_assert_cmpint(refused->alert_received, ==, alert);
    g_assert_cmpint(refused->state, ==, LZ_TLS_FAILED);
    g_assert_cmpint(refused->alert_sent, ==, -1);
}

static void refuse(const Case *test, LzTlsVersion version, LzKeyType key)
{
    LzTlsLab lab = lz_test_tls_lab(version, key);
    test->prepare(&lab);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    assert_refused(pipe, test->server_refuses, version == LZ_TLS_1_2 ? test->alert_1_2 : test->alert_1_3);
    /* A TLS 1.3 client has finished its side before the server can look at its certificate. */
    bool is_late = version == LZ_TLS_1_3 && test->server_refuses && test->prepare != other_version;
    g_assert_cmpuint(pipe->client.times_opened, ==, is_late);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static void test_refused(gconstpointer data)
{
    const Case *test = data;
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        refuse(test, version, LZ_KEY_ECDSA_P256);
        if (test->is_tried_with_rsa) {
            refuse(test, version, LZ_KEY_RSA_2048);
        }
    }
}

/* The same certificate is good until its last second, by the virtual clock. */
static void test_expires_with_the_clock(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzTime last_ns = lab.client_request.not_after_unix_s * LZ_NS_PER_S;
    LzTime offsets_ns[] = {LZ_SECONDS(-1), LZ_SECONDS(1)};
    for (uint32_t i = 0; i < 2; i++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, i, NULL, last_ns + offsets_ns[i]);
        lz_test_tls_pump(pipe);
        g_assert_cmpint(pipe->client.state, ==, i == 0 ? LZ_TLS_OPEN : LZ_TLS_FAILED);
        lz_test_tls_pipe_free(pipe);
    }
    lz_test_tls_close(&lab);
}

static void test_alert_names(void)
{
    g_assert_cmpstr(lz_tls_alert_name(45), ==, "certificate_expired");
    g_assert_cmpstr(lz_tls_alert_name(48), ==, "unknown_ca");
    g_assert_cmpstr(lz_tls_alert_name(120), ==, "no_application_protocol");
    g_assert_cmpstr(lz_tls_alert_name(121), ==, "unknown");
    g_assert_cmpstr(lz_tls_alert_name(11), ==, "unknown");
    g_assert_cmpstr(lz_tls_alert_name(-1), ==, "unknown");
}

static void test_bad_requests(void)
{
    LzTlsLab lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
    GError *error = NULL;
    lab.pki_options.intermediates = 9;
    g_assert_null(lz_pki_new(&lab.pki_options, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_CRYPTO);
    g_clear_error(&error);
    lab.pki_options.intermediates = 0;
    lz_test_tls_open(&lab);
    static const char *const names[] = {"", "a,b", "x=y", "a+b", "#1", "back\\slash", "white space",
        "0123456789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        lab.client_request.name = names[i];
        g_assert_null(lz_pki_issue(lab.pki, &lab.client_request, NULL, &error));
        g_assert_error(error, LZ_ERROR, LZ_ERROR_CRYPTO);
        g_clear_error(&error);
    }
    LzTlsProfileOptions options = lab.server_options;
    options.credential = NULL;
    g_assert_null(lz_tls_profile_new(&options, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_CRYPTO);
    g_clear_error(&error);
    options = lab.server_options;
    options.has_tickets = true;
    options.ticket_lifetime_ns = LZ_SECONDS(8 * 86400);
    g_assert_null(lz_tls_profile_new(&options, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_CRYPTO);
    g_clear_error(&error);
    lz_test_tls_close(&lab);
}

static const Case cases[] = {
    {"client-expired", client_expired, true, 45, 45, true},
    {"client-not-yet-valid", client_not_yet_valid, true, 46, 46, false},
    {"client-of-foreign-ca", client_foreign, true, 48, 48, false},
    {"client-of-foreign-chain", client_foreign_below_intermediates, true, 48, 48, false},
    {"client-without-certificate", client_without_certificate, true, 40, 41, false},    /* Mbed TLS 3.6: not 116 */
    {"server-expired", server_expired, false, 45, 45, true},
    {"server-not-yet-valid", server_not_yet_valid, false, 46, 46, false},
    {"server-of-foreign-ca", server_foreign, false, 48, 48, false},
    {"server-of-another-name", server_of_another_name, false, 42, 42, false},
    /* A TLS 1.2 server does not know supported_versions: it finds no cipher suite that it shares with TLS 1.3's. */
    {"other-version", other_version, true, 70, 40, false},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/tls/refused/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_refused);
    }
    g_test_add_func("/tls/refused/by-the-clock", test_expires_with_the_clock);
    g_test_add_func("/tls/alert-names", test_alert_names);
    g_test_add_func("/tls/bad-requests", test_bad_requests);
    return g_test_run();
}
