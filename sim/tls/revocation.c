/* Lists of revoked certificates, and answers about single ones. */
#include "sim/tls/revocation.h"

#include <mbedtls/md.h>
#include <mbedtls/x509_crl.h>
#include <string.h>

#include "lazaret/protocol/wire.h"
#include "sim/tls/credential.h"

enum { INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04, NULL_ = 0x05, OID = 0x06, ENUMERATED = 0x0a, GENERALIZED_TIME = 0x18,
       SEQUENCE = 0x30, CONTEXT_0 = 0xa0, CONTEXT_1 = 0xa1, CONTEXT_0_PLAIN = 0x80, GOOD = 0x80, REVOKED = 0xa1 };
enum { SHA1_BYTES = 20, SHA256_BYTES = 32, SIGNATURE_BYTES_MAX = 1024 };

static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_rsa_sha256[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
static const uint8_t oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t oid_ocsp_basic[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
static const uint8_t oid_crl_number[] = {0x55, 0x1d, 0x14}, oid_authority_key[] = {0x55, 0x1d, 0x23};

/* ---- writing DER ---- */

static void append(GByteArray *to, uint8_t tag, const void *content, size_t size)
{
    uint8_t head[6] = {tag};
    LzWriter writer = lz_writer(head + 1, sizeof head - 1);
    if (size < 128) {
        lz_write_u8(&writer, (uint8_t)size);
    } else {
        unsigned width = size < 1u << 8 ? 1 : size < 1u << 16 ? 2 : 4;
        lz_write_u8(&writer, (uint8_t)(0x80 | width));
        lz_write_uint(&writer, size, width);
    }
    g_byte_array_append(to, head, (guint)(1 + writer.size));
    g_byte_array_append(to, content, (guint)size);
}

/* Takes the content over. */
static void append_all(GByteArray *to, uint8_t tag, GByteArray *content)
{
    append(to, tag, content->data ? content->data : (const uint8_t *)"", content->len);
    g_byte_array_unref(content);
}

static void append_number(GByteArray *to, uint64_t number)
{
    uint8_t bytes[9] = {0};
    LzWriter writer = lz_writer(bytes + 1, 8);
    lz_write_uint(&writer, number, 8);
    size_t from = 0;
    while (from < 8 && bytes[from] == 0 && bytes[from + 1] < 0x80) {
        from++;
    }
    append(to, INTEGER, bytes + from, sizeof bytes - from);
}

static void append_time(GByteArray *to, int64_t unix_s)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(unix_s);
    g_autofree char *text = g_date_time_format(date, "%Y%m%d%H%M%SZ");
    append(to, GENERALIZED_TIME, text, strlen(text));
}

/* RFC 5280 4.1.2.5: until 2049 in UTCTime. */
static void append_x509_time(GByteArray *to, int64_t unix_s)
{
    enum { UTC_TIME = 0x17 };
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(unix_s);
    if (g_date_time_get_year(date) >= 2050) {
        append_time(to, unix_s);
        return;
    }
    g_autofree char *text = g_date_time_format(date, "%y%m%d%H%M%SZ");
    append(to, UTC_TIME, text, strlen(text));
}

/* ---- the CA ---- */

typedef struct Issuer {
    LzKey *key;
    mbedtls_x509_crt certificate;
} Issuer;

static void issuer_init(Issuer *issuer, const LzPki *pki)
{
    const char *name;
    size_t size;
    const uint8_t *der = g_bytes_get_data(lz_pki_ca_certificate(pki, 0), &size);
    issuer->key = lz_pki_issuing_key(pki, &name);
    mbedtls_x509_crt_init(&issuer->certificate);
    int ret = mbedtls_x509_crt_parse_der(&issuer->certificate, der, size);
    g_assert(ret == 0);                 /* we have written it */
}

static void issuer_clear(Issuer *issuer)
{
    mbedtls_x509_crt_free(&issuer->certificate);
}

static void append_algorithm(GByteArray *to, const Issuer *issuer)
{
    GByteArray *algorithm = g_byte_array_new();
    if (mbedtls_pk_get_type(&issuer->key->pk) == MBEDTLS_PK_RSA) {
        append(algorithm, OID, oid_rsa_sha256, sizeof oid_rsa_sha256);
        append(algorithm, NULL_, "", 0);
    } else {
        append(algorithm, OID, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256);
    }
    append_all(to, SEQUENCE, algorithm);
}

/* SEQUENCE of what is signed, the algorithm and the signature. Takes signed_part over, which is whole. */
static GByteArray *sign(const Issuer *issuer, GByteArray *signed_part)
{
    uint8_t hash[SHA256_BYTES], signature[1 + SIGNATURE_BYTES_MAX] = {0};       /* no unused bits */
    size_t size = 0;
    int ret = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), signed_part->data, signed_part->len, hash);
    if (ret == 0) {
        ret = mbedtls_pk_sign(&issuer->key->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, signature + 1, SIGNATURE_BYTES_MAX, &size,
                              lz_tls_random, NULL);
    }
    g_assert(ret == 0);
    GByteArray *content = g_byte_array_new(), *whole = g_byte_array_new();
    g_byte_array_append(content, signed_part->data, signed_part->len);
    g_byte_array_unref(signed_part);
    append_algorithm(content, issuer);
    append(content, BIT_STRING, signature, 1 + size);
    append_all(whole, SEQUENCE, content);
    return whole;
}

static bool is_signed(Issuer *issuer, LzBytes signed_part, LzBytes signature)
{
    uint8_t hash[SHA256_BYTES];
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), signed_part.data, signed_part.size, hash) == 0 &&
           mbedtls_pk_verify(&issuer->certificate.pk, MBEDTLS_MD_SHA256, hash, sizeof hash, signature.data, signature.size) == 0;
}

static LzBuffer *finish(GByteArray *bytes)
{
    LzBuffer *buffer = lz_buffer_new_copy(bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    return buffer;
}

static void append_hash(GByteArray *to, uint8_t tag, const uint8_t *bytes, size_t size)
{
    uint8_t hash[SHA1_BYTES];
    int ret = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), bytes, size, hash);
    g_assert(ret == 0);
    append(to, tag, hash, sizeof hash);
}

/* Of the key itself, without its algorithm: RFC 5280 4.2.1.2 and RFC 6960 4.1.1 alike. */
static void append_key_hash(GByteArray *to, uint8_t tag, Issuer *issuer)
{
    uint8_t key[1024], *start = key + sizeof key;
    int size = mbedtls_pk_write_pubkey(&start, key, &issuer->certificate.pk);
    g_assert(size > 0);
    append_hash(to, tag, start, (size_t)size);
}

/* ---- lists ---- */

static GByteArray *list_entries(const LzRevoked *revoked, unsigned count)
{
    GByteArray *entries = g_byte_array_new();
    for (unsigned i = 0; i < count; i++) {
        GByteArray *entry = g_byte_array_new();
        append_number(entry, revoked[i].serial);
        append_x509_time(entry, revoked[i].since_unix_s);
        append_all(entries, SEQUENCE, entry);
    }
    return entries;
}

static void append_extension(GByteArray *to, const uint8_t oid[3], GByteArray *value)
{
    GByteArray *extension = g_byte_array_new();
    append(extension, OID, oid, 3);
    append_all(extension, OCTET_STRING, value);
    append_all(to, SEQUENCE, extension);
}

/* RFC 5280 5.2.1 and 5.2.3: whose key has signed, and a number that grows; the time does. */
static GByteArray *list_extensions(Issuer *issuer, int64_t number)
{
    GByteArray *id = g_byte_array_new(), *key = g_byte_array_new(), *counted = g_byte_array_new(), *list = g_byte_array_new(),
               *all = g_byte_array_new();
    append_key_hash(id, CONTEXT_0_PLAIN, issuer);
    append_all(key, SEQUENCE, id);
    append_extension(list, oid_authority_key, key);
    append_number(counted, (uint64_t)number);
    append_extension(list, oid_crl_number, counted);
    append_all(all, SEQUENCE, list);
    return all;
}

LzBuffer *lz_revocation_sign_crl(LzPki *pki, const LzRevoked *revoked, unsigned count, const LzStatusSpan *span,
                                 LzCryptoWork *ret_work)
{
    LzPkiWork work;
    Issuer issuer;
    *ret_work = (LzCryptoWork){0};
    lz_pki_work_begin(&work, pki, "crl", ret_work);
    issuer_init(&issuer, pki);
    GByteArray *content = g_byte_array_new(), *list = g_byte_array_new();
    append_number(content, 1);          /* v2 */
    append_algorithm(content, &issuer);
    g_byte_array_append(content, issuer.certificate.subject_raw.p, (guint)issuer.certificate.subject_raw.len);
    append_x509_time(content, span->this_update_unix_s);
    append_x509_time(content, span->next_update_unix_s);
    if (count > 0) {                    /* RFC 5280 5.1.2.6: absent when there are none */
        append_all(content, SEQUENCE, list_entries(revoked, count));
    }
    append_all(content, CONTEXT_0, list_extensions(&issuer, span->this_update_unix_s));
    append_all(list, SEQUENCE, content);
    LzBuffer *crl = finish(sign(&issuer, list));
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return crl;
}

static int64_t unix_seconds(const mbedtls_x509_time *time)
{
    g_autoptr(GDateTime) date = g_date_time_new_utc(time->year, time->mon, time->day, time->hour, time->min, time->sec);
    return date ? g_date_time_to_unix(date) : 0;
}

static uint64_t number_of(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static void copy_serials(const mbedtls_x509_crl *crl, uint64_t **ret_serials, unsigned *ret_count)
{
    GArray *serials = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (const mbedtls_x509_crl_entry *entry = &crl->entry; entry && entry->serial.len > 0; entry = entry->next) {
        uint64_t serial = number_of(entry->serial.p, entry->serial.len);
        g_array_append_val(serials, serial);
    }
    *ret_count = serials->len;
    *ret_serials = (uint64_t *)(void *)g_array_free(serials, FALSE);
}

bool lz_revocation_read_crl(LzPki *pki, LzBytes der, LzStatusSpan *ret_span, uint64_t **ret_serials, unsigned *ret_count,
                            LzCryptoWork *ret_work)
{
    LzPkiWork work;
    Issuer issuer;
    mbedtls_x509_crl crl;
    *ret_work = (LzCryptoWork){0};
    lz_pki_work_begin(&work, pki, "crl", ret_work);
    issuer_init(&issuer, pki);
    mbedtls_x509_crl_init(&crl);
    const mbedtls_x509_buf *name = &issuer.certificate.subject_raw;
    bool is_good = der.size > 0 && mbedtls_x509_crl_parse_der(&crl, der.data, der.size) == 0 && crl.issuer_raw.len == name->len &&
                   memcmp(crl.issuer_raw.p, name->p, name->len) == 0 &&
                   is_signed(&issuer, (LzBytes){crl.tbs.p, crl.tbs.len},
                             (LzBytes){crl.MBEDTLS_PRIVATE(sig).p, crl.MBEDTLS_PRIVATE(sig).len});
    if (is_good) {
        *ret_span = (LzStatusSpan){unix_seconds(&crl.this_update), unix_seconds(&crl.next_update)};
        copy_serials(&crl, ret_serials, ret_count);
    }
    mbedtls_x509_crl_free(&crl);
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return is_good;
}

/* ---- answers about one ---- */

/* CertID, RFC 6960 4.1.1. */
static void append_id(GByteArray *to, Issuer *issuer, uint64_t serial)
{
    GByteArray *algorithm = g_byte_array_new(), *id = g_byte_array_new();
    append(algorithm, OID, oid_sha1, sizeof oid_sha1);
    append(algorithm, NULL_, "", 0);
    append_all(id, SEQUENCE, algorithm);
    append_hash(id, OCTET_STRING, issuer->certificate.subject_raw.p, issuer->certificate.subject_raw.len);
    append_key_hash(id, OCTET_STRING, issuer);
    append_number(id, serial);
    append_all(to, SEQUENCE, id);
}

LzBuffer *lz_ocsp_request(LzPki *authority, uint64_t serial)
{
    LzPkiWork work;
    Issuer issuer;
    lz_pki_work_begin(&work, authority, "ocsp", NULL);
    issuer_init(&issuer, authority);
    GByteArray *parts[5];
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        parts[i] = g_byte_array_new();
    }
    append_id(parts[0], &issuer, serial);
    for (unsigned i = 1; i < G_N_ELEMENTS(parts); i++) {        /* Request, requestList, TBSRequest, OCSPRequest */
        append_all(parts[i], SEQUENCE, parts[i - 1]);
    }
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return finish(parts[4]);
}

/* The content of the next element, which has to have that tag. */
static LzBytes read_element(LzReader *reader, uint8_t tag)
{
    if (lz_read_u8(reader) != tag) {
        reader->failed = true;
    }
    size_t size = lz_read_u8(reader);
    if (size > 0x84 || size == 0x80) {
        reader->failed = true;
    } else if (size > 0x80) {
        size = lz_read_uint(reader, (unsigned)size - 0x80);
    }
    return lz_read_bytes(reader, size);
}

static LzReader enter(LzReader *reader, uint8_t tag)
{
    LzReader inner = lz_reader(read_element(reader, tag));
    inner.failed = reader->failed;
    return inner;
}

/* False: it names no certificate of this issuer in just our way. */
static bool read_id(LzReader *reader, Issuer *issuer, uint64_t *ret_serial)
{
    size_t from = reader->offset;
    LzReader id = enter(reader, SEQUENCE);
    read_element(&id, SEQUENCE);
    read_element(&id, OCTET_STRING);
    read_element(&id, OCTET_STRING);
    LzBytes serial = read_element(&id, INTEGER);
    if (id.failed) {
        reader->failed = true;
        return false;
    }
    *ret_serial = number_of(serial.data, serial.size);
    GByteArray *expected = g_byte_array_new();
    append_id(expected, issuer, *ret_serial);
    bool is_it = lz_bytes_equal((LzBytes){reader->data + from, reader->offset - from}, (LzBytes){expected->data, expected->len});
    g_byte_array_unref(expected);
    return is_it;
}

bool lz_ocsp_request_read(LzPki *authority, LzBytes der, uint64_t *ret_serial)
{
    LzPkiWork work;
    Issuer issuer;
    lz_pki_work_begin(&work, authority, "ocsp", NULL);
    issuer_init(&issuer, authority);
    LzReader whole = lz_reader(der);
    LzReader request = enter(&whole, SEQUENCE), inner = enter(&request, SEQUENCE), list = enter(&inner, SEQUENCE),
             one = enter(&list, SEQUENCE);
    bool is_good = read_id(&one, &issuer, ret_serial);
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return is_good;
}

LzBuffer *lz_ocsp_refusal(LzOcspStatus status)
{
    const uint8_t bytes[] = {SEQUENCE, 3, ENUMERATED, 1, (uint8_t)status};
    return lz_buffer_new_copy(bytes, sizeof bytes);
}

LzBuffer *lz_revocation_sign_ocsp(LzPki *pki, uint64_t serial, int64_t since_unix_s, const LzStatusSpan *span, LzCryptoWork *ret_work)
{
    LzPkiWork work;
    Issuer issuer;
    *ret_work = (LzCryptoWork){0};
    lz_pki_work_begin(&work, pki, "ocsp", ret_work);
    issuer_init(&issuer, pki);
    GByteArray *status = g_byte_array_new(), *next = g_byte_array_new(), *single = g_byte_array_new(), *list = g_byte_array_new(),
               *data = g_byte_array_new(), *whole = g_byte_array_new();
    bool is_revoked = since_unix_s != LZ_NOT_REVOKED;
    if (is_revoked) {
        append_time(status, since_unix_s);
    }
    append_time(next, span->next_update_unix_s);
    append_id(single, &issuer, serial);
    append_all(single, is_revoked ? REVOKED : GOOD, status);
    append_time(single, span->this_update_unix_s);
    append_all(single, CONTEXT_0, next);
    append_all(list, SEQUENCE, single);
    append(data, CONTEXT_1, issuer.certificate.subject_raw.p, issuer.certificate.subject_raw.len);      /* responderID: byName */
    append_time(data, span->this_update_unix_s);
    append_all(data, SEQUENCE, list);
    append_all(whole, SEQUENCE, data);
    GByteArray *basic = sign(&issuer, whole), *typed = g_byte_array_new(), *bytes = g_byte_array_new(), *content = g_byte_array_new(),
               *response = g_byte_array_new();
    append(typed, OID, oid_ocsp_basic, sizeof oid_ocsp_basic);
    append_all(typed, OCTET_STRING, basic);
    append_all(bytes, SEQUENCE, typed);
    append(content, ENUMERATED, "\0", 1);       /* successful */
    append_all(content, CONTEXT_0, bytes);
    append_all(response, SEQUENCE, content);
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return finish(response);
}

static int64_t read_time(LzReader *reader)
{
    LzBytes text = read_element(reader, GENERALIZED_TIME);
    unsigned parts[6] = {0};
    if (text.size != 15) {
        reader->failed = true;
        return 0;
    }
    for (unsigned i = 0, at = 0; i < 6; i++) {
        for (unsigned n = i == 0 ? 4 : 2; n > 0; n--, at++) {
            reader->failed |= !g_ascii_isdigit(text.data[at]);
            parts[i] = parts[i] * 10 + (text.data[at] & 0x0fu);
        }
    }
    reader->failed |= text.data[14] != 'Z';
    g_autoptr(GDateTime) date = reader->failed ? NULL
        : g_date_time_new_utc((int)parts[0], (int)parts[1], (int)parts[2], (int)parts[3], (int)parts[4], parts[5]);
    reader->failed |= date == NULL;
    return date ? g_date_time_to_unix(date) : 0;
}

/* Of the first single response in a list that has been checked. */
static bool read_single(LzReader *data, Issuer *issuer, uint64_t serial, LzStatusSpan *ret_span, bool *ret_is_revoked)
{
    read_element(data, CONTEXT_1);
    read_element(data, GENERALIZED_TIME);
    LzReader list = enter(data, SEQUENCE), single = enter(&list, SEQUENCE);
    uint64_t about = 0;
    bool is_about_it = read_id(&single, issuer, &about) && about == serial;
    bool is_revoked = !single.failed && single.offset < single.size && single.data[single.offset] == REVOKED;
    read_element(&single, is_revoked ? REVOKED : GOOD);
    LzStatusSpan span = {.this_update_unix_s = read_time(&single)};
    LzReader next = enter(&single, CONTEXT_0);
    span.next_update_unix_s = read_time(&next);
    if (next.failed || !is_about_it) {
        return false;
    }
    *ret_span = span;
    *ret_is_revoked = is_revoked;
    return true;
}

bool lz_revocation_read_ocsp(LzPki *pki, LzBytes der, uint64_t serial, LzStatusSpan *ret_span, bool *ret_is_revoked,
                             LzCryptoWork *ret_work)
{
    LzPkiWork work;
    Issuer issuer;
    *ret_work = (LzCryptoWork){0};
    lz_pki_work_begin(&work, pki, "ocsp", ret_work);
    issuer_init(&issuer, pki);
    LzReader whole = lz_reader(der);
    LzReader response = enter(&whole, SEQUENCE);
    LzBytes status = read_element(&response, ENUMERATED);
    LzReader bytes = enter(&response, CONTEXT_0), typed = enter(&bytes, SEQUENCE);
    LzBytes type = read_element(&typed, OID);
    LzReader octets = enter(&typed, OCTET_STRING), basic = enter(&octets, SEQUENCE);
    size_t from = basic.offset;
    LzReader data = enter(&basic, SEQUENCE);
    const LzBytes signed_part = {basic.failed ? NULL : basic.data + from, basic.offset - from};
    read_element(&basic, SEQUENCE);
    LzBytes signature = read_element(&basic, BIT_STRING);
    bool is_good = !basic.failed && status.size == 1 && status.data[0] == 0 && signature.size > 1 &&
                   lz_bytes_equal(type, (LzBytes){oid_ocsp_basic, sizeof oid_ocsp_basic}) &&
                   is_signed(&issuer, signed_part, (LzBytes){signature.data + 1, signature.size - 1}) &&
                   read_single(&data, &issuer, serial, ret_span, ret_is_revoked);
    issuer_clear(&issuer);
    lz_pki_work_end(&work);
    return is_good;
}
