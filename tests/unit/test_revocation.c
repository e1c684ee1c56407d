/* Lists of revoked certificates and answers about single ones: as we read them, as `openssl` does, and what a TLS handshake with
 * one that is revoked comes to. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "sim/tls/enrol.h"
#include "sim/tls/revocation.h"
#include "tests/lib/tls_pipe.h"

static const LzStatusSpan span = {LZ_TEST_START_S, LZ_TEST_START_S + 3600};
#define SINCE_S (LZ_TEST_START_S - 1800)
static const uint64_t serials[] = {1, 127, 128, UINT64_C(0x8000000000000000), UINT64_MAX};
static const LzRevoked revoked[] = {{1, SINCE_S}, {127, SINCE_S}, {128, SINCE_S}, {UINT64_C(0x8000000000000000), SINCE_S},
                                    {UINT64_MAX, SINCE_S}};

static LzPki *make_pki(uint64_t seed, LzKeyType key)
{
    const LzPkiOptions options = {.seed = seed, .start_unix_s = LZ_TEST_START_S, .intermediates = 1, .ca_key = key};
    LzPki *pki = lz_pki_new(&options, NULL);
    g_assert_nonnull(pki);
    return pki;
}

static LzBytes bytes_of(const LzBuffer *buffer)
{
    return (LzBytes){buffer->data, buffer->size};
}

/* ---- lists ---- */

static void check_list(LzPki *pki, unsigned count)
{
    LzCryptoWork work;
    LzBuffer *crl = lz_revocation_sign_crl(pki, revoked, count, &span, &work);
    LzStatusSpan read_span = {0};
    uint64_t *read = NULL;
    unsigned read_count = 99;
    g_assert_true(lz_revocation_read_crl(pki, bytes_of(crl), &read_span, &read, &read_count, &work));
    g_assert_cmpmem(read, read_count * sizeof *read, serials, count * sizeof *serials);
    g_assert_cmpint(read_span.this_update_unix_s, ==, span.this_update_unix_s);
    g_assert_cmpint(read_span.next_update_unix_s, ==, span.next_update_unix_s);
    g_free(read);
    lz_buffer_unref(crl);
}

static void test_list(void)
{
    static const LzKeyType keys[] = {LZ_KEY_ECDSA_P256, LZ_KEY_RSA_2048, LZ_KEY_ECDSA_P384};
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        LzPki *pki = make_pki(1, keys[i]);
        for (unsigned count = 0; count <= G_N_ELEMENTS(serials); count++) {
            check_list(pki, count);
        }
        lz_pki_free(pki);
    }
}

/* domain.md's figure is 35 to 40 bytes for each entry. */
static void test_list_size(void)
{
    LzPki *pki = make_pki(1, LZ_KEY_ECDSA_P256);
    g_autofree LzRevoked *many = g_new(LzRevoked, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        many[i] = (LzRevoked){lz_entity_id("pump") + i, SINCE_S};
    }
    LzCryptoWork work;
    LzBuffer *small = lz_revocation_sign_crl(pki, many, 1, &span, &work), *large = lz_revocation_sign_crl(pki, many, 1000, &span, &work);
    g_assert_cmpuint(work.p256_sign, ==, 1);
    double each = (double)(large->size - small->size) / 999;
    g_assert_cmpfloat(each, >=, 25);
    g_assert_cmpfloat(each, <=, 40);
    lz_buffer_unref(small);
    lz_buffer_unref(large);
    lz_pki_free(pki);
}

/* Any bit that is changed, any end that is missing, and any other CA's. */
static void test_list_forged(void)
{
    LzPki *pki = make_pki(1, LZ_KEY_ECDSA_P256), *other = make_pki(2, LZ_KEY_ECDSA_P256);
    LzCryptoWork work;
    LzBuffer *crl = lz_revocation_sign_crl(pki, revoked, 2, &span, &work);
    LzStatusSpan read_span;
    uint64_t *read = NULL;
    unsigned count;
    g_assert_false(lz_revocation_read_crl(other, bytes_of(crl), &read_span, &read, &count, &work));
    for (uint32_t i = 0; i < crl->size; i++) {
        crl->data[i] ^= 0x01;
        g_assert_false(lz_revocation_read_crl(pki, bytes_of(crl), &read_span, &read, &count, &work));
        crl->data[i] ^= 0x01;
        g_assert_false(lz_revocation_read_crl(pki, (LzBytes){crl->data, i}, &read_span, &read, &count, &work));
    }
    g_assert_null(read);
    lz_buffer_unref(crl);
    lz_pki_free(pki);
    lz_pki_free(other);
}

/* ---- answers ---- */

static void check_answer(LzPki *pki, uint64_t serial, bool is_revoked)
{
    LzCryptoWork work;
    LzBuffer *request = lz_ocsp_request(pki, serial), *answer = lz_revocation_sign_ocsp(pki, serial, is_revoked ? SINCE_S : LZ_NOT_REVOKED, &span, &work);
    uint64_t asked = 0;
    LzStatusSpan read_span = {0};
    bool read = !is_revoked;
    g_assert_true(lz_ocsp_request_read(pki, bytes_of(request), &asked));
    g_assert_cmpuint(asked, ==, serial);
    g_assert_true(lz_revocation_read_ocsp(pki, bytes_of(answer), serial, &read_span, &read, &work));
    g_assert_true(read == is_revoked);
    g_assert_cmpint(read_span.this_update_unix_s, ==, span.this_update_unix_s);
    g_assert_cmpint(read_span.next_update_unix_s, ==, span.next_update_unix_s);
    g_assert_false(lz_revocation_read_ocsp(pki, bytes_of(answer), serial ^ 1, &read_span, &read, &work));
    lz_buffer_unref(request);
    lz_buffer_unref(answer);
}

static void test_answer(void)
{
    static const LzKeyType keys[] = {LZ_KEY_ECDSA_P256, LZ_KEY_RSA_2048};
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        LzPki *pki = make_pki(1, keys[i]);
        for (unsigned n = 0; n < G_N_ELEMENTS(serials); n++) {
            check_answer(pki, serials[n], n % 2 == 0);
        }
        lz_pki_free(pki);
    }
}

static void test_answer_forged(void)
{
    LzPki *pki = make_pki(1, LZ_KEY_ECDSA_P256), *other = make_pki(2, LZ_KEY_ECDSA_P256);
    LzCryptoWork work;
    LzStatusSpan read_span;
    bool is_revoked;
    uint64_t serial;
    LzBuffer *request = lz_ocsp_request(pki, 42), *answer = lz_revocation_sign_ocsp(pki, 42, SINCE_S, &span, &work);
    g_assert_false(lz_ocsp_request_read(other, bytes_of(request), &serial));
    g_assert_false(lz_revocation_read_ocsp(other, bytes_of(answer), 42, &read_span, &is_revoked, &work));
    for (uint32_t i = 0; i < request->size; i++) {
        g_assert_false(lz_ocsp_request_read(pki, (LzBytes){request->data, i}, &serial));
    }
    for (uint32_t i = 0; i < answer->size; i++) {
        g_assert_false(lz_revocation_read_ocsp(pki, (LzBytes){answer->data, i}, 42, &read_span, &is_revoked, &work));
        answer->data[i] ^= 0x01;
        /* The name of the algorithm in the unsigned part is not looked at: the CA has one key. */
        bool is_good = lz_revocation_read_ocsp(pki, bytes_of(answer), 42, &read_span, &is_revoked, &work);
        g_assert_true(!is_good || is_revoked);
        answer->data[i] ^= 0x01;
    }
    LzBuffer *refusal = lz_ocsp_refusal(LZ_OCSP_TRY_LATER);
    g_assert_false(lz_revocation_read_ocsp(pki, bytes_of(refusal), 42, &read_span, &is_revoked, &work));
    lz_buffer_unref(refusal);
    lz_buffer_unref(request);
    lz_buffer_unref(answer);
    lz_pki_free(pki);
    lz_pki_free(other);
}

/* ---- what another implementation says of them ---- */

static char *write_file(const char *folder, const char *name, LzBytes bytes)
{
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, (const char *)bytes.data, (gssize)bytes.size, NULL));
    return path;
}

static char *run(const char *folder, const char *command)
{
    char shell[] = "/bin/sh", option[] = "-c";
    g_autofree char *copy = g_strdup(command);
    char *arguments[] = {shell, option, copy, NULL};
    char *output = NULL;
    int status = 0;
    g_assert_true(g_spawn_sync(folder, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, NULL));
    g_test_message("%s: %s", command, output);
    return output;
}

static LzBuffer *certify(LzPki *pki, const char *name, uint64_t serial)
{
    LzCryptoWork work;
    LzBuffer *request = NULL;
    LzCredential *credential = lz_enrol_begin(pki, name, name, LZ_KEY_ECDSA_P256, &request, &work);
    const LzCertifyTerms terms = {.name = name, .serial = serial, .not_before_unix_s = LZ_TEST_START_S,
                                  .not_after_unix_s = LZ_TEST_START_S + 86400};
    LzBuffer *certificate = lz_enrol_certify(pki, bytes_of(request), &terms, &work);
    lz_buffer_unref(request);
    lz_credential_free(credential);
    return certificate;
}

/* The CA makes of a number one that is positive and of full length. */
static uint64_t serial_of(LzBytes der)
{
    LzCertificate certificate;
    g_assert_true(lz_certificate_read(der, &certificate));
    return certificate.serial;
}

static void test_openssl(void)
{
    g_autofree char *openssl = g_find_program_in_path("openssl");
    if (!openssl) {
        g_test_skip("no openssl here");
        return;
    }
    LzPki *pki = make_pki(1, LZ_KEY_ECDSA_P256);
    LzCryptoWork work;
    LzBuffer *stolen_der = certify(pki, "stolen", 0x1267), *kept_der = certify(pki, "kept", 0x1268);
    uint64_t stolen = serial_of(bytes_of(stolen_der)), kept = serial_of(bytes_of(kept_der));
    LzBuffer *buffers[] = {
        stolen_der, kept_der, lz_revocation_sign_crl(pki, &(const LzRevoked){stolen, SINCE_S}, 1, &span, &work),
        lz_revocation_sign_ocsp(pki, stolen, SINCE_S, &span, &work), lz_revocation_sign_ocsp(pki, kept, LZ_NOT_REVOKED, &span, &work),
        lz_ocsp_request(pki, stolen),
    };
    static const char *const names[] = {"stolen.der", "kept.der", "site.crl", "stolen.ocsp", "kept.ocsp", "stolen.request"};
    g_autofree char *folder = g_dir_make_tmp("lazaret-revocation-XXXXXX", NULL);
    char *files[G_N_ELEMENTS(buffers) + 2];
    for (unsigned i = 0; i < G_N_ELEMENTS(buffers); i++) {
        files[i] = write_file(folder, names[i], bytes_of(buffers[i]));
        lz_buffer_unref(buffers[i]);
    }
    files[G_N_ELEMENTS(buffers)] = write_file(folder, "issuing.der", lz_authority_certificate(pki, 0));
    files[G_N_ELEMENTS(buffers) + 1] = write_file(folder, "root.der", lz_authority_certificate(pki, 1));
#define CHAIN "for i in root issuing stolen kept; do openssl x509 -inform DER -in $i.der -out $i.pem; done;" \
              " openssl crl -inform DER -in site.crl -out crl.pem; cat root.pem issuing.pem > ca.pem; "
#define AT "-attime 1772431300"                         /* within the span */
    static const struct { const char *command, *expected; } checks[] = {
        {CHAIN "openssl crl -inform DER -in site.crl -CAfile ca.pem -noout -text 2>&1", "verify OK"},
        {"openssl crl -inform DER -in site.crl -noout -text 2>&1", "Serial Number: 4000000000001267"},
        {"openssl crl -inform DER -in site.crl -noout -text 2>&1", "Revocation Date: Mar  2 05:30:00 2026 GMT"},
        {"openssl crl -inform DER -in site.crl -noout -text 2>&1", "X509v3 Authority Key Identifier"},
        {"openssl crl -inform DER -in site.crl -noout -nextupdate 2>&1", "nextUpdate=Mar  2 07:00:00 2026 GMT"},
        {"openssl verify " AT " -crl_check -CRLfile crl.pem -CAfile root.pem -untrusted issuing.pem stolen.pem 2>&1", "certificate revoked"},
        {"openssl verify " AT " -crl_check -CRLfile crl.pem -CAfile root.pem -untrusted issuing.pem kept.pem 2>&1", "kept.pem: OK"},
        {"openssl ocsp -reqin stolen.request -req_text 2>&1", "Serial Number: 4000000000001267"},
        {"openssl ocsp " AT " -validity_period 1000000000 -issuer issuing.pem -cert stolen.pem -respin stolen.ocsp -CAfile root.pem -verify_other issuing.pem 2>&1",
         "Response verify OK"},
        {"openssl ocsp " AT " -validity_period 1000000000 -issuer issuing.pem -cert stolen.pem -respin stolen.ocsp -CAfile root.pem -verify_other issuing.pem 2>&1",
         "stolen.pem: revoked"},
        {"openssl ocsp " AT " -validity_period 1000000000 -issuer issuing.pem -cert kept.pem -respin kept.ocsp -CAfile root.pem -verify_other issuing.pem 2>&1",
         "kept.pem: good"},
        {"rm *.pem; echo done", "done"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
        g_autofree char *output = run(folder, checks[i].command);
        g_assert_nonnull(strstr(output, checks[i].expected));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_unlink(files[i]);
        g_free(files[i]);
    }
    g_rmdir(folder);
    lz_pki_free(pki);
}

/* ---- handshakes ---- */

static uint64_t serial_of_credential(LzCredential *credential)
{
    size_t size;
    const uint8_t *der = lz_credential_certificate(credential, &size);
    return serial_of((LzBytes){der, size});
}

static LzTlsPipe *shake_hands(LzTlsLab *lab, LzTlsVersion version, uint64_t offset)
{
    *lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lz_test_tls_open(lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(lab, 0, NULL, LZ_TEST_START_S * LZ_NS_PER_S);
    const uint64_t listed[] = {1, serial_of_credential(lab->client_credential) + offset, UINT64_MAX};
    lz_tls_endpoint_set_revoked(pipe->server.endpoint, g_bytes_new(listed, sizeof listed));
    lz_test_tls_pump(pipe);
    return pipe;
}

/* RFC 5246 7.2.2, RFC 8446 6.2: certificate_revoked is 44. */
static void test_handshake(gconstpointer data)
{
    LzTlsVersion version = (LzTlsVersion)GPOINTER_TO_INT(data);
    LzTlsLab lab;
    LzTlsPipe *pipe = shake_hands(&lab, version, 0);
    g_assert_cmpint(pipe->server.alert_sent, ==, 44);
    g_assert_cmpint(pipe->client.alert_received, ==, 44);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
    g_assert_cmpuint(pipe->server.times_opened, ==, 0);
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, lab.client_request.name);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
    pipe = shake_hands(&lab, version, 1);               /* another's number */
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
    LzTlsStep step;
    lz_tls_endpoint_refuse(pipe->server.endpoint, pipe->wall_ns, LZ_ALERT_CERTIFICATE_REVOKED, &step);
    g_assert_cmpint(step.alert_sent, ==, 44);
    g_assert_cmpint(step.state, ==, LZ_TLS_FAILED);
    lz_test_tls_step(pipe, &pipe->client, bytes_of(step.records));
    g_assert_cmpint(pipe->client.alert_received, ==, 44);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_FAILED);
    lz_tls_step_clear(&step);
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/revocation/list", test_list);
    g_test_add_func("/revocation/list-size", test_list_size);
    g_test_add_func("/revocation/list-forged", test_list_forged);
    g_test_add_func("/revocation/answer", test_answer);
    g_test_add_func("/revocation/answer-forged", test_answer_forged);
    g_test_add_func("/revocation/openssl", test_openssl);
    g_test_add_data_func("/revocation/handshake-1.2", GINT_TO_POINTER(LZ_TLS_1_2), test_handshake);
    g_test_add_data_func("/revocation/handshake-1.3", GINT_TO_POINTER(LZ_TLS_1_3), test_handshake);
    return g_test_run();
}
