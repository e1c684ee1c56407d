/* Requests for certificates, certificates for requests, and what certificates say. */
#include "sim/tls/enrol.h"

#include <mbedtls/x509_csr.h>
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"

enum { REQUEST_SIZE_MAX = 4096 };

void lz_pki_work_begin(LzPkiWork *work, const LzPki *pki, const char *owner, LzCryptoWork *counted)
{
    lz_random_init(&work->blinding, 0, lz_entity_id(owner), LZ_PURPOSE_TLS_BLINDING);
    work->context = (LzTlsContext){.random = &work->blinding, .blinding = &work->blinding, .ec = lz_pki_ec(pki),
                                   .work = counted, .alert_sent = -1};
    work->previous = lz_tls_context_enter(&work->context);
}

void lz_pki_work_end(LzPkiWork *work)
{
    lz_tls_context_leave(work->previous);
}

/* ---- the device ---- */

static LzBuffer *write_request(LzCredential *credential)
{
    g_autofree char *subject = g_strdup_printf("CN=%s", credential->request.name);
    unsigned char buffer[REQUEST_SIZE_MAX];
    mbedtls_x509write_csr writer;
    mbedtls_x509write_csr_init(&writer);
    mbedtls_x509write_csr_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&writer, &credential->key->pk);
    int ret = mbedtls_x509write_csr_set_subject_name(&writer, subject);
    if (ret == 0) {
        ret = mbedtls_x509write_csr_der(&writer, buffer, sizeof buffer, lz_tls_random, NULL);
    }
    mbedtls_x509write_csr_free(&writer);
    g_assert(ret > 0);                  /* its name is valid; what is left is memory */
    size_t size = (size_t)ret;          /* written at the end of the buffer */
    return lz_buffer_new_copy(buffer + sizeof buffer - size, size);
}

LzCredential *lz_enrol_begin(LzPki *pki, const char *name, const char *key_owner, LzKeyType type, LzBuffer **ret_request,
                             LzCryptoWork *ret_work)
{
    *ret_work = (LzCryptoWork){0};
    LzCredential *credential = lz_credential_new_keyed(pki, name, key_owner, type, ret_work);
    LzPkiWork work;
    lz_pki_work_begin(&work, pki, key_owner, ret_work);
    *ret_request = write_request(credential);
    lz_pki_work_end(&work);
    return credential;
}

static bool is_same_key(LzCredential *credential, mbedtls_pk_context *certified)
{
    unsigned char own[1024], other[1024];       /* an RSA-4096 key is 550 bytes in DER */
    int own_size = mbedtls_pk_write_pubkey_der(&credential->key->pk, own, sizeof own);
    int other_size = mbedtls_pk_write_pubkey_der(certified, other, sizeof other);
    return own_size > 0 && own_size == other_size &&
           memcmp(own + sizeof own - (size_t)own_size, other + sizeof other - (size_t)own_size, (size_t)own_size) == 0;
}

bool lz_enrol_finish(LzCredential *credential, LzBytes certificate)
{
    LzPkiWork work;
    lz_pki_work_begin(&work, credential->pki, credential->request.name, NULL);
    mbedtls_x509_crt parsed;
    mbedtls_x509_crt_init(&parsed);
    bool is_good = mbedtls_x509_crt_parse_der(&parsed, certificate.data, certificate.size) == 0 &&
                   is_same_key(credential, &parsed.pk);
    mbedtls_x509_crt_free(&parsed);
    lz_pki_work_end(&work);
    if (is_good) {
        credential->leaf = g_bytes_new(certificate.data, certificate.size);
    }
    return is_good;
}

/* ---- the CA ---- */

static bool is_for(const mbedtls_x509_csr *request, const char *name)
{
    for (const mbedtls_x509_name *part = &request->subject; part; part = part->next) {
        if (part->oid.len == 3 && memcmp(part->oid.p, "\x55\x04\x03", 3) == 0) {        /* id-at-commonName */
            return part->val.len == strlen(name) && memcmp(part->val.p, name, part->val.len) == 0;
        }
    }
    return false;
}

/* Proof of possession: the request is signed with the key that it names (RFC 2986 4.2). */
static bool is_signed(mbedtls_x509_csr *request)
{
    const mbedtls_md_info_t *digest = mbedtls_md_info_from_type(request->MBEDTLS_PRIVATE(sig_md));
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    return digest && mbedtls_md(digest, request->cri.p, request->cri.len, hash) == 0 &&
           mbedtls_pk_verify_ext(request->MBEDTLS_PRIVATE(sig_pk), request->MBEDTLS_PRIVATE(sig_opts), &request->pk,
                                 request->MBEDTLS_PRIVATE(sig_md), hash, mbedtls_md_get_size(digest),
                                 request->MBEDTLS_PRIVATE(sig).p, request->MBEDTLS_PRIVATE(sig).len) == 0;
}

static GBytes *certify(LzPki *pki, mbedtls_x509_csr *request, const LzCertifyTerms *terms, LzCryptoWork *work)
{
    LzKey key = {.pk = request->pk};    /* borrowed for the call */
    return lz_pki_certify(pki, &key, terms, work, NULL);
}

LzBuffer *lz_enrol_certify(LzPki *pki, LzBytes request, const LzCertifyTerms *terms, LzCryptoWork *ret_work)
{
    *ret_work = (LzCryptoWork){0};
    LzPkiWork work;
    lz_pki_work_begin(&work, pki, terms->name, ret_work);
    mbedtls_x509_csr parsed;
    mbedtls_x509_csr_init(&parsed);
    bool is_good = mbedtls_x509_csr_parse_der(&parsed, request.data, request.size) == 0 && is_for(&parsed, terms->name) &&
                   is_signed(&parsed);
    g_autoptr(GBytes) certificate = is_good ? certify(pki, &parsed, terms, ret_work) : NULL;
    mbedtls_x509_csr_free(&parsed);
    lz_pki_work_end(&work);
    if (!certificate) {
        return NULL;
    }
    size_t size;
    const void *data = g_bytes_get_data(certificate, &size);
    return lz_buffer_new_copy(data, size);
}

/* ---- what certificates say ---- */

LzBytes lz_authority_certificate(const LzPki *authority, unsigned index)
{
    GBytes *der = lz_pki_ca_certificate(authority, index);
    LzBytes bytes = {.data = NULL, .size = 0};
    if (der) {
        bytes.data = g_bytes_get_data(der, &bytes.size);
    }
    return bytes;
}

const char *lz_authority_name(const LzPki *authority)
{
    const char *name;
    lz_pki_issuing_key(authority, &name);
    return name;
}

static int64_t unix_seconds(const mbedtls_x509_time *time)
{
    g_autoptr(GDateTime) date = g_date_time_new_utc(time->year, time->mon, time->day, time->hour, time->min, time->sec);
    return date ? g_date_time_to_unix(date) : 0;
}

static void copy_common_name(const mbedtls_x509_name *name, char ret_name[LZ_COMMON_NAME_BYTES])
{
    ret_name[0] = '\0';
    for (; name; name = name->next) {
        if (name->oid.len == 3 && memcmp(name->oid.p, "\x55\x04\x03", 3) == 0) {
            g_strlcpy(ret_name, (const char *)name->val.p, MIN((size_t)LZ_COMMON_NAME_BYTES, name->val.len + 1));
            return;
        }
    }
}

/* Where the extension's OID stands, its value follows: OCTET STRING of IA5String, both with short lengths. */
static void copy_mud_url(const mbedtls_x509_buf *extensions, char *ret_url)
{
    static const unsigned char oid[] = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x19, 0x04};
    ret_url[0] = '\0';
    for (size_t i = 0; i + sizeof oid + 3 <= extensions->len; i++) {
        const unsigned char *at = extensions->p + i;
        size_t left = extensions->len - i - sizeof oid;
        size_t length = at[sizeof oid + 2];
        if (memcmp(at, oid, sizeof oid) == 0 && at[sizeof oid + 1] == MBEDTLS_ASN1_IA5_STRING && length <= LZ_MUD_URL_BYTES_MAX &&
            length + 3 <= left) {
            memcpy(ret_url, at + sizeof oid + 3, length);
            ret_url[length] = '\0';
            return;
        }
    }
}

bool lz_certificate_read(LzBytes der, LzCertificate *ret_certificate)
{
    mbedtls_x509_crt parsed;
    mbedtls_x509_crt_init(&parsed);
    bool is_good = der.size > 0 && mbedtls_x509_crt_parse_der(&parsed, der.data, der.size) == 0;
    if (is_good) {
        copy_common_name(&parsed.subject, ret_certificate->name);
        copy_common_name(&parsed.issuer, ret_certificate->issuer);
        ret_certificate->serial = 0;
        for (size_t i = 0; i < parsed.serial.len; i++) {
            ret_certificate->serial = ret_certificate->serial << 8 | parsed.serial.p[i];
        }
        ret_certificate->not_before_unix_s = unix_seconds(&parsed.valid_from);
        ret_certificate->not_after_unix_s = unix_seconds(&parsed.valid_to);
        copy_mud_url(&parsed.v3_ext, ret_certificate->mud_url);
    }
    mbedtls_x509_crt_free(&parsed);
    return is_good;
}
