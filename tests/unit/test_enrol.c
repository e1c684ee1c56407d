/* Enrolment: requests and certificates as Mbed TLS makes them, and as `openssl` reads them. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "lazaret/protocol/est.h"
#include "sim/tls/enrol.h"
#include "tests/lib/tls_pipe.h"

static LzPki *make_pki(unsigned intermediates)
{
    const LzPkiOptions options = {.seed = 1, .start_unix_s = LZ_TEST_START_S, .intermediates = intermediates};
    LzPki *pki = lz_pki_new(&options, NULL);
    g_assert_nonnull(pki);
    return pki;
}

static LzCertifyTerms terms_for(const char *name)
{
    return (LzCertifyTerms){.name = name, .serial = 42, .not_before_unix_s = LZ_TEST_START_S,
                            .not_after_unix_s = LZ_TEST_START_S + 86400};
}

static void test_enrolment(void)
{
    LzPki *pki = make_pki(1);
    LzBuffer *request = NULL;
    LzCryptoWork work;
    LzCredential *credential = lz_enrol_begin(pki, "pump[7]", "pump[7]/site-1", LZ_KEY_ECDSA_P256, &request, &work);
    g_assert_cmpuint(work.p256_keygen, ==, 1);
    g_assert_cmpuint(work.p256_sign, ==, 1);
    const LzCertifyTerms terms = terms_for("pump[7]");
    LzBuffer *certificate = lz_enrol_certify(pki, (LzBytes){request->data, request->size}, &terms, &work);
    g_assert_nonnull(certificate);
    g_assert_cmpuint(work.p256_verify, ==, 1);          /* of the request */
    g_assert_cmpuint(work.p256_sign, ==, 1);            /* of the certificate */
    g_assert_true(lz_enrol_finish(credential, (LzBytes){certificate->data, certificate->size}));
    LzCertificate read;
    g_assert_true(lz_certificate_read((LzBytes){certificate->data, certificate->size}, &read));
    g_assert_cmpstr(read.name, ==, "pump[7]");
    g_assert_cmpstr(read.issuer, ==, lz_authority_name(pki));
    g_assert_cmpint(read.not_before_unix_s, ==, LZ_TEST_START_S);
    g_assert_cmpint(read.not_after_unix_s, ==, LZ_TEST_START_S + 86400);
    lz_buffer_unref(request);
    lz_buffer_unref(certificate);
    lz_credential_free(credential);
    lz_pki_free(pki);
}

/* Another's name, a signature that is not the key's, no request at all; and a certificate for another key. */
static void test_refusals(void)
{
    LzPki *pki = make_pki(0);
    LzBuffer *request = NULL, *other_request = NULL;
    LzCryptoWork work;
    LzCredential *credential = lz_enrol_begin(pki, "pump", "pump/1", LZ_KEY_ECDSA_P256, &request, &work);
    LzCredential *other = lz_enrol_begin(pki, "pump", "pump/2", LZ_KEY_ECDSA_P256, &other_request, &work);
    const LzCertifyTerms terms = terms_for("pump"), wrong = terms_for("bed");
    LzBytes bytes = {request->data, request->size};
    g_assert_null(lz_enrol_certify(pki, bytes, &wrong, &work));
    LzBuffer *certificate = lz_enrol_certify(pki, bytes, &terms, &work);
    g_assert_false(lz_enrol_finish(other, (LzBytes){certificate->data, certificate->size}));
    g_assert_true(lz_enrol_finish(credential, (LzBytes){certificate->data, certificate->size}));
    for (uint32_t i = 0; i < request->size; i += 7) {
        request->data[i] ^= 0x20;
        g_assert_null(lz_enrol_certify(pki, bytes, &terms, &work));
        request->data[i] ^= 0x20;
        g_assert_null(lz_enrol_certify(pki, (LzBytes){request->data, i}, &terms, &work));
    }
    lz_buffer_unref(request);
    lz_buffer_unref(other_request);
    lz_buffer_unref(certificate);
    lz_credential_free(credential);
    lz_credential_free(other);
    lz_pki_free(pki);
}

/* ---- EST's wrapping ---- */

static void test_certs_only(void)
{
    LzPki *pki = make_pki(2);
    LzBytes certificates[LZ_EST_CERTIFICATES_MAX], read[LZ_EST_CERTIFICATES_MAX];
    for (unsigned count = 1; count <= 3; count++) {
        uint8_t bytes[4096];
        LzWriter writer = lz_writer(bytes, sizeof bytes), counting = lz_writer_counting();
        for (unsigned i = 0; i < count; i++) {
            certificates[i] = lz_authority_certificate(pki, i);
            g_assert_cmpuint(certificates[i].size, >, 100);
        }
        lz_est_encode_certificates(&writer, certificates, count);
        lz_est_encode_certificates(&counting, certificates, count);
        g_assert_false(writer.failed);
        g_assert_cmpuint(writer.size, ==, counting.size);
        g_assert_cmpuint(lz_est_decode_certificates((LzBytes){bytes, writer.size}, read, LZ_EST_CERTIFICATES_MAX), ==, count);
        for (unsigned i = 0; i < count; i++) {
            g_assert_true(lz_bytes_equal(read[i], certificates[i]));
        }
        for (size_t cut = 0; cut < writer.size; cut++) {
            g_assert_cmpuint(lz_est_decode_certificates((LzBytes){bytes, cut}, read, LZ_EST_CERTIFICATES_MAX), <=, count);
        }
    }
    g_assert_cmpuint(lz_authority_certificate(pki, 3).size, ==, 0);
    lz_pki_free(pki);
}

static void test_base64(void)
{
    uint8_t bytes[700];
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    for (size_t size = 0; size <= sizeof bytes; size += 13) {
        LzBuffer *text = lz_est_base64_encode((LzBytes){bytes, size});
        LzBuffer *back = text->size > 0 ? lz_est_base64_decode((LzBytes){text->data, text->size}) : NULL;
        g_assert_cmpmem(back ? back->data : bytes, back ? back->size : 0, bytes, size);
        lz_buffer_unref(text);
        lz_buffer_unref(back);
    }
    g_assert_null(lz_est_base64_decode(lz_bytes_of_text("not base64!")));
    g_assert_null(lz_est_base64_decode(lz_bytes_of_text("")));
}

/* ---- what another implementation says of it ---- */

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
    g_assert_true(g_spawn_check_wait_status(status, NULL));
    return output;
}

static void test_openssl(void)
{
    g_autofree char *openssl = g_find_program_in_path("openssl");
    if (!openssl) {
        g_test_skip("no openssl here");
        return;
    }
    LzPki *pki = make_pki(1);
    LzBuffer *request = NULL;
    LzCryptoWork work;
    LzCredential *credential = lz_enrol_begin(pki, "pump[7]", "pump[7]/site-1", LZ_KEY_ECDSA_P256, &request, &work);
    const LzCertifyTerms terms = terms_for("pump[7]");
    LzBuffer *leaf = lz_enrol_certify(pki, (LzBytes){request->data, request->size}, &terms, &work);
    uint8_t wrapped[4096];
    LzWriter writer = lz_writer(wrapped, sizeof wrapped);
    const LzBytes leaf_bytes = {leaf->data, leaf->size};
    lz_est_encode_certificates(&writer, &leaf_bytes, 1);
    g_autofree char *folder = g_dir_make_tmp("lazaret-enrol-XXXXXX", NULL);
    char *files[] = {
        write_file(folder, "request.der", (LzBytes){request->data, request->size}),
        write_file(folder, "leaf.der", leaf_bytes),
        write_file(folder, "issuing.der", lz_authority_certificate(pki, 0)),
        write_file(folder, "root.der", lz_authority_certificate(pki, 1)),
        write_file(folder, "leaf.p7", (LzBytes){wrapped, writer.size}),
    };
    static const char verify_chain[] =
        "for i in root issuing leaf; do openssl x509 -inform DER -in $i.der -out $i.pem || exit 1; done;"
        " openssl verify -attime 1772431300 -CAfile root.pem -untrusted issuing.pem leaf.pem 2>&1; rm root.pem issuing.pem leaf.pem";
    static const char *const commands[] = {
        "openssl req -inform DER -in request.der -verify -noout -subject 2>&1",
        "openssl pkcs7 -inform DER -in leaf.p7 -print_certs -noout 2>&1",
        verify_chain,
    };
    static const char *const expected[] = {"CN = pump[7]", "subject=CN = pump[7]", "leaf.pem: OK"};
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *output = run(folder, commands[i]);
        g_assert_nonnull(strstr(output, expected[i]));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_unlink(files[i]);
        g_free(files[i]);
    }
    g_rmdir(folder);
    lz_buffer_unref(request);
    lz_buffer_unref(leaf);
    lz_credential_free(credential);
    lz_pki_free(pki);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/enrol/enrolment", test_enrolment);
    g_test_add_func("/enrol/refusals", test_refusals);
    g_test_add_func("/enrol/certs-only", test_certs_only);
    g_test_add_func("/enrol/base64", test_base64);
    g_test_add_func("/enrol/openssl", test_openssl);
    return g_test_run();
}
