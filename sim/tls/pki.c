/* The public-key infrastructure of one run: a root, issuing CAs, and a certificate per entity, each made
 * from its owner's own random stream. */
#include <mbedtls/ecdh.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/rsa.h>
#include <mbedtls/threading.h>
#include <string.h>

#include "lazaret/error.h"
#include "sim/tls/context.h"
#include "sim/tls/credential.h"

enum {
    CERTIFICATE_SIZE_MAX = 4096,
    INTERMEDIATES_MAX = MBEDTLS_X509_MAX_INTERMEDIATE_CA,
    RSA_EXPONENT = 65537,
    NAME_LENGTH_MAX = LZ_TLS_NAME_SIZE - 1,
};

/* A CA's validity around the scenario's start: long enough for every test of expiry below it. */
static const int64_t ca_valid_before_s = INT64_C(10) * 365 * 86400;
static const int64_t ca_valid_after_s = INT64_C(30) * 365 * 86400;

static const char organisation[] = "LAZARET TEST - NOT FOR USE";

typedef struct Authority {      /* a root and the CAs below it; the last one issues */
    LzKey *key;                 /* of the issuing CA; NULL: not made yet */
    char *name;                 /* CN of the issuing CA */
    mbedtls_x509_crt *root;
    GBytes *root_der;
    GPtrArray *intermediates;   /* of GBytes, DER, root's child first */
} Authority;

struct LzPki {
    LzPkiOptions options;
    LzEc *ec;
    LzAead *aead;
    LzVerifyMemo *memo;         /* NULL: not wanted */
    LzVerifyAhead *ahead;       /* NULL: not wanted, or nobody does it */
    LzSpareBuffers *spare_buffers;
    Authority trusted;
    mbedtls_threading_mutex_t lock;     /* of the three below, and of credentials that are being made */
    Authority foreign;
    GHashTable *shared_keys;    /* owner and key type to LzKey; looked up, never iterated */
    GHashTable *psk_names;      /* of credentials, borrowed from them; NULL: nobody has a shared key */
};

/* ---- keys ---------------------------------------------------------------------------------------------- */

static void key_clear(gpointer key)
{
    mbedtls_pk_free(&((LzKey *)key)->pk);
}

static void key_unref(gpointer key)
{
    if (key) {
        g_atomic_rc_box_release_full(key, key_clear);
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzKey, key_unref)

static unsigned rsa_bits(LzKeyType type)
{
    return type == LZ_KEY_RSA_2048 ? 2048 : type == LZ_KEY_RSA_3072 ? 3072 : 0;
}

bool lz_key_is_rsa(LzKeyType type)
{
    return rsa_bits(type) > 0;
}

static int generate(mbedtls_pk_context *pk, LzKeyType type)
{
    mbedtls_pk_type_t kind = lz_key_is_rsa(type) ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY;
    int ret = mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(kind));
    if (ret != 0) {
        return ret;
    }
    if (lz_key_is_rsa(type)) {
        return mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk), lz_tls_random, NULL, rsa_bits(type), RSA_EXPONENT);
    }
    mbedtls_ecp_keypair *pair = mbedtls_pk_ec(*pk);
    ret = mbedtls_ecp_group_load(&pair->MBEDTLS_PRIVATE(grp),
                                 type == LZ_KEY_ECDSA_P384 ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_SECP256R1);
    return ret != 0 ? ret : mbedtls_ecdh_gen_public(&pair->MBEDTLS_PRIVATE(grp), &pair->MBEDTLS_PRIVATE(d),
                                                    &pair->MBEDTLS_PRIVATE(Q), lz_tls_random, NULL);
}

/* owner: the name whose stream the key comes from. */
static LzKey *key_new(const LzPki *pki, const char *owner, LzKeyType type, LzCryptoWork *work, GError **error)
{
    LzRandom random, blinding;
    lz_random_init(&random, pki->options.seed, lz_entity_id(owner), LZ_PURPOSE_KEY);
    lz_random_init(&blinding, pki->options.seed, lz_entity_id(owner), LZ_PURPOSE_TLS_BLINDING);
    LzTlsContext context = {.random = &random, .blinding = &blinding, .ec = pki->ec, .work = work, .alert_sent = -1};
    g_autoptr(LzKey) key = g_atomic_rc_box_new0(LzKey);
    mbedtls_pk_init(&key->pk);
    LzTlsContext *previous = lz_tls_context_enter(&context);
    int ret = generate(&key->pk, type);
    lz_tls_context_leave(previous);
    if (ret != 0) {
        lz_tls_set_error(error, ret, "key generation");
        return NULL;
    }
    return g_steal_pointer(&key);
}

/* ---- certificates -------------------------------------------------------------------------------------- */

typedef struct Blueprint {      /* one certificate to be written; everything borrowed */
    const LzPki *pki;
    uint64_t serial;
    const char *name, *issuer_name;
    LzKey *key, *issuer_key;
    int64_t not_before_unix_s, not_after_unix_s;
    bool is_ca, can_encipher;
    const char *mud_url;        /* RFC 8520 section 11; NULL: none */
    bool is_device_id;          /* of IEEE 802.1AR: its subject has the device's serial number */
} Blueprint;

static char *format_subject(const char *name)
{
    return g_strdup_printf("CN=%s,O=%s", name, organisation);
}

static char *format_date(int64_t unix_s)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(unix_s);
    return date ? g_date_time_format(date, "%Y%m%d%H%M%S") : NULL;
}

static char *format_device_id(const char *name)
{
    return g_strdup_printf("CN=%s,serialNumber=%016" G_GINT64_MODIFIER "X,O=%s", name, lz_entity_id(name), organisation);
}

static int set_names(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    g_autofree char *subject =
        blueprint->is_device_id ? format_device_id(blueprint->name) : format_subject(blueprint->name);
    g_autofree char *issuer = format_subject(blueprint->issuer_name);
    int ret = mbedtls_x509write_crt_set_subject_name(writer, subject);
    return ret != 0 ? ret : mbedtls_x509write_crt_set_issuer_name(writer, issuer);
}

/* A positive number without leading zero (RFC 5280 4.1.2.2). */
static int set_serial(mbedtls_x509write_cert *writer, uint64_t serial)
{
    uint64_t big_endian = GUINT64_TO_BE((serial & (UINT64_MAX >> 1)) | (UINT64_C(1) << 62));
    unsigned char bytes[sizeof big_endian];
    memcpy(bytes, &big_endian, sizeof bytes);
    return mbedtls_x509write_crt_set_serial_raw(writer, bytes, sizeof bytes);
}

static int set_validity(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    g_autofree char *not_before = format_date(blueprint->not_before_unix_s);
    g_autofree char *not_after = format_date(blueprint->not_after_unix_s);
    if (!not_before || !not_after) {
        return MBEDTLS_ERR_X509_INVALID_DATE;
    }
    return mbedtls_x509write_crt_set_validity(writer, not_before, not_after);
}

static int set_usage(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    int ret = mbedtls_x509write_crt_set_basic_constraints(writer, blueprint->is_ca, -1);
    if (ret != 0) {
        return ret;
    }
    unsigned leaf = MBEDTLS_X509_KU_DIGITAL_SIGNATURE | (blueprint->can_encipher ? MBEDTLS_X509_KU_KEY_ENCIPHERMENT : 0);
    unsigned ca = MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN;
    return mbedtls_x509write_crt_set_key_usage(writer, blueprint->is_ca ? ca : leaf);
}

static int set_alternative_name(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    if (blueprint->is_ca) {
        return 0;
    }
    g_autofree char *name = g_strdup(blueprint->name);
    mbedtls_x509_san_list list = {.node.type = MBEDTLS_X509_SAN_DNS_NAME};
    list.node.san.unstructured_name.p = (unsigned char *)name;
    list.node.san.unstructured_name.len = strlen(name);
    return mbedtls_x509write_crt_set_subject_alternative_name(writer, &list);
}

/* id-pe-mud-url: an IA5String. */
static int set_mud_url(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    static const char oid[] = "\x2b\x06\x01\x05\x05\x07\x01\x19";
    if (!blueprint->mud_url) {
        return 0;
    }
    unsigned char value[2 + LZ_MUD_URL_BYTES_MAX] = {MBEDTLS_ASN1_IA5_STRING};
    size_t length = strlen(blueprint->mud_url);
    g_assert(length <= LZ_MUD_URL_BYTES_MAX);
    value[1] = (unsigned char)length;
    memcpy(value + 2, blueprint->mud_url, length);
    return mbedtls_x509write_crt_set_extension(writer, oid, sizeof oid - 1, 0, value, 2 + length);
}

/* Fills the writer; 0 or Mbed TLS's refusal. */
static int describe(mbedtls_x509write_cert *writer, const Blueprint *blueprint)
{
    mbedtls_x509write_crt_set_version(writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(writer, &blueprint->key->pk);
    mbedtls_x509write_crt_set_issuer_key(writer, &blueprint->issuer_key->pk);
    int (*const steps[])(mbedtls_x509write_cert *, const Blueprint *) = {set_names, set_validity, set_usage,
                                                                         set_alternative_name, set_mud_url};
    int ret = set_serial(writer, blueprint->serial);
    for (size_t i = 0; ret == 0 && i < G_N_ELEMENTS(steps); i++) {
        ret = steps[i](writer, blueprint);
    }
    if (ret == 0) {
        ret = mbedtls_x509write_crt_set_subject_key_identifier(writer);
    }
    if (ret == 0) {
        ret = mbedtls_x509write_crt_set_authority_key_identifier(writer);
    }
    return ret;
}

/* The certificate in DER. Its bytes draw nothing at random but the salt-free signature's blinding. */
static GBytes *certificate_new(const Blueprint *blueprint, LzCryptoWork *work, GError **error)
{
    LzRandom blinding;
    lz_random_init(&blinding, blueprint->pki->options.seed, blueprint->serial, LZ_PURPOSE_TLS_BLINDING);
    LzTlsContext context = {
        .random = &blinding,
        .blinding = &blinding,
        .ec = blueprint->pki->ec,
        .ahead = blueprint->pki->ahead,
        .work = work,
        .alert_sent = -1,
    };
    LzTlsContext *previous = lz_tls_context_enter(&context);
    mbedtls_x509write_cert writer;
    mbedtls_x509write_crt_init(&writer);
    unsigned char buffer[CERTIFICATE_SIZE_MAX];
    int ret = describe(&writer, blueprint);
    if (ret == 0) {
        ret = mbedtls_x509write_crt_der(&writer, buffer, sizeof buffer, lz_tls_random, NULL);
    }
    mbedtls_x509write_crt_free(&writer);
    lz_tls_context_leave(previous);
    if (ret < 0) {
        lz_tls_set_error(error, ret, blueprint->name);
        return NULL;
    }
    size_t size = (size_t)ret;          /* written at the end of the buffer */
    return g_bytes_new(buffer + sizeof buffer - size, size);
}

void lz_credential_chain_free(mbedtls_x509_crt *chain)
{
    if (chain) {
        mbedtls_x509_crt_free(chain);
        g_free(chain);
    }
}

static mbedtls_x509_crt *chain_new(void)
{
    mbedtls_x509_crt *chain = g_new(mbedtls_x509_crt, 1);
    mbedtls_x509_crt_init(chain);
    return chain;
}

/* We have written these bytes; they must stay. */
static void chain_append(mbedtls_x509_crt *chain, GBytes *der)
{
    size_t size;
    const unsigned char *data = g_bytes_get_data(der, &size);
    int ret = mbedtls_x509_crt_parse_der_nocopy(chain, data, size);
    g_assert(ret == 0);
}

void lz_certificate_common_name(const mbedtls_x509_crt *certificate, char *ret_name, size_t size)
{
    ret_name[0] = '\0';
    for (const mbedtls_x509_name *part = &certificate->subject; part; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0) {
            g_strlcpy(ret_name, (const char *)part->val.p, MIN(size, part->val.len + 1));
            return;
        }
    }
}

/* ---- authorities --------------------------------------------------------------------------------------- */

static void authority_clear(Authority *authority)
{
    key_unref(authority->key);
    g_free(authority->name);
    lz_credential_chain_free(authority->root);
    g_bytes_unref(authority->root_der);
    g_clear_pointer(&authority->intermediates, g_ptr_array_unref);
}

/* Makes `name` a CA below the authority's present issuer (itself, if there is none), which it becomes. */
static bool authority_descend(Authority *authority, const LzPki *pki, const char *name, GError **error)
{
    const LzPkiOptions *options = &pki->options;
    g_autoptr(LzKey) key = key_new(pki, name, options->ca_key, NULL, error);
    if (!key) {
        return false;
    }
    const Blueprint blueprint = {
        .pki = pki,
        .serial = lz_entity_id(name),
        .name = name,
        .issuer_name = authority->key ? authority->name : name,
        .key = key,
        .issuer_key = authority->key ? authority->key : key,
        .not_before_unix_s = options->start_unix_s - ca_valid_before_s,
        .not_after_unix_s = options->start_unix_s + ca_valid_after_s,
        .is_ca = true,
    };
    g_autoptr(GBytes) der = certificate_new(&blueprint, NULL, error);
    if (!der) {
        return false;
    }
    if (authority->key) {
        g_ptr_array_add(authority->intermediates, g_steal_pointer(&der));
    } else {
        authority->root = chain_new();
        chain_append(authority->root, der);
        authority->root_der = g_steal_pointer(&der);
    }
    key_unref(authority->key);
    authority->key = g_steal_pointer(&key);
    g_free(authority->name);
    authority->name = g_strdup(name);
    return true;
}

static bool authority_init(Authority *authority, const LzPki *pki, const char *prefix, GError **error)
{
    authority->intermediates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autofree char *root = g_strdup_printf("%s Root CA", prefix);
    if (!authority_descend(authority, pki, root, error)) {
        return false;
    }
    for (unsigned level = 1; level <= pki->options.intermediates; level++) {
        g_autofree char *name = g_strdup_printf("%s Issuing CA %u", prefix, level);
        if (!authority_descend(authority, pki, name, error)) {
            return false;
        }
    }
    return true;
}

/* ---- the PKI ------------------------------------------------------------------------------------------- */

bool lz_tls_is_accelerated(void)
{
    LzEc *ec = lz_ec_new();
    lz_ec_free(ec);
    return ec != NULL;
}

LzPki *lz_pki_new(const LzPkiOptions *options, GError **error)
{
    lz_tls_library_init();
    if (options->intermediates > INTERMEDIATES_MAX) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_CRYPTO, "%u intermediate CAs: at most %d are verified",
                    options->intermediates, INTERMEDIATES_MAX);
        return NULL;
    }
    LzPki *pki = g_new0(LzPki, 1);
    pki->options = *options;
    pki->ec = lz_ec_new();
    mbedtls_mutex_init(&pki->lock);
    pki->aead = lz_aead_new();
    pki->spare_buffers = lz_spare_buffers_new();
    pki->memo = options->has_verify_memo ? lz_verify_memo_new() : NULL;
    pki->shared_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, key_unref);
    if (!authority_init(&pki->trusted, pki, options->prefix ? options->prefix : "Lazaret Test", error)) {
        lz_pki_free(pki);
        return NULL;
    }
    if (pki->memo && options->workers) {
        pki->ahead = lz_verify_ahead_new(options->workers, pki->memo, pki->ec);
    }
    return pki;
}

void lz_pki_free(LzPki *pki)
{
    if (!pki) {
        return;
    }
    authority_clear(&pki->trusted);
    authority_clear(&pki->foreign);
    g_hash_table_unref(pki->shared_keys);
    g_clear_pointer(&pki->psk_names, g_hash_table_unref);
    mbedtls_mutex_free(&pki->lock);
    lz_verify_ahead_free(pki->ahead);
    lz_verify_memo_free(pki->memo);
    lz_spare_buffers_free(pki->spare_buffers);
    lz_aead_free(pki->aead);
    lz_ec_free(pki->ec);
    g_free(pki);
}

mbedtls_x509_crt *lz_pki_trust(const LzPki *pki)
{
    return pki->trusted.root;
}

uint64_t lz_pki_seed(const LzPki *pki)
{
    return pki->options.seed;
}

LzEc *lz_pki_ec(const LzPki *pki)
{
    return pki->ec;
}

LzAead *lz_pki_aead(const LzPki *pki)
{
    return pki->aead;
}

LzVerifyMemo *lz_pki_verify_memo(const LzPki *pki)
{
    return pki->memo;
}

LzSpareBuffers *lz_pki_spare_buffers(const LzPki *pki)
{
    return pki->spare_buffers;
}

LzVerifyAhead *lz_pki_verify_ahead(const LzPki *pki)
{
    return pki->ahead;
}

static void lock(LzPki *pki)
{
    int ret = mbedtls_mutex_lock(&pki->lock);
    g_assert(ret == 0);
}

static void unlock(LzPki *pki)
{
    int ret = mbedtls_mutex_unlock(&pki->lock);
    g_assert(ret == 0);
}

bool lz_pki_shares_key_with(LzPki *pki, const char *name)
{
    lock(pki);
    bool is_known = pki->psk_names && g_hash_table_contains(pki->psk_names, name);
    unlock(pki);
    return is_known;
}

static void register_psk(LzPki *pki, const LzCredential *credential)
{
    lock(pki);
    pki->psk_names = pki->psk_names ? pki->psk_names : g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_add(pki->psk_names, (char *)(uintptr_t)credential->request.name);
    unlock(pki);
}

static void forget_psk(LzPki *pki, const LzCredential *credential)
{
    lock(pki);
    if (g_hash_table_lookup(pki->psk_names, credential->request.name) == credential->request.name) {
        g_hash_table_remove(pki->psk_names, credential->request.name);
    }
    unlock(pki);
}

/* Under the lock. */
static LzKey *shared_key(LzPki *pki, const char *owner, LzKeyType type, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s/%d", owner, type);
    LzKey *key = g_hash_table_lookup(pki->shared_keys, name);
    if (!key) {
        key = key_new(pki, owner, type, NULL, error);
        if (!key) {
            return NULL;
        }
        g_hash_table_insert(pki->shared_keys, g_steal_pointer(&name), key);
    }
    return g_atomic_rc_box_acquire(key);
}

/* Names go into distinguished names, DNS names and TLS's server name without any escaping. */
static bool is_valid_name(const char *name)
{
    size_t length = strlen(name);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]";
    return length > 0 && length <= NAME_LENGTH_MAX && strspn(name, allowed) == length;
}

static Authority *choose_authority(LzPki *pki, bool is_foreign, GError **error)
{
    if (!is_foreign) {
        return &pki->trusted;
    }
    if (!pki->foreign.key && !authority_init(&pki->foreign, pki, "Lazaret Foreign", error)) {
        authority_clear(&pki->foreign);
        memset(&pki->foreign, 0, sizeof pki->foreign);
        return NULL;
    }
    return &pki->foreign;
}

static LzKey *request_key(LzPki *pki, const LzCertificateRequest *request, const char *key_owner, GError **error)
{
    if (key_owner) {
        lock(pki);
        LzKey *key = shared_key(pki, key_owner, request->key, error);
        unlock(pki);
        return key;
    }
    /* Whoever forges a certificate in somebody's name does not have that entity's key. */
    g_autofree char *owner = g_strconcat(request->is_foreign_ca ? "foreign:" : "", request->name, NULL);
    return key_new(pki, owner, request->key, NULL, error);
}

LzCredential *lz_pki_issue(LzPki *pki, const LzCertificateRequest *request, const char *key_owner, GError **error)
{
    if (!is_valid_name(request->name)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_CRYPTO,
                    "\"%s\" cannot be certified: 1 to %d letters, digits and .-_[] are allowed", request->name,
                    NAME_LENGTH_MAX);
        return NULL;
    }
    LzCredential *credential = g_new0(LzCredential, 1);
    credential->pki = pki;
    credential->request = *request;
    credential->request.name = g_strdup(request->name);
    credential->key_owner = g_strdup(key_owner);
    credential->mud_url = g_strdup(request->mud_url);
    if (request->has_psk) {
        register_psk(pki, credential);
    }
    return credential;
}

void lz_credential_free(LzCredential *credential)
{
    if (!credential) {
        return;
    }
    if (credential->request.has_psk) {
        forget_psk(credential->pki, credential);
    }
    key_unref(credential->key);
    g_bytes_unref(credential->leaf);
    g_free((char *)(uintptr_t)credential->request.name);
    g_free(credential->key_owner);
    g_free(credential->mud_url);
    g_free(credential);
}

const char *lz_credential_name(const LzCredential *credential)
{
    return credential->request.name;
}

/* ---- enrolment: see credential.h ---- */

GBytes *lz_pki_certify(const LzPki *pki, LzKey *key, const LzCertifyTerms *terms, LzCryptoWork *work, GError **error)
{
    const Authority *authority = &pki->trusted;
    const Blueprint blueprint = {
        .pki = pki,
        .serial = terms->serial,
        .name = terms->name,
        .issuer_name = authority->name,
        .key = key,
        .issuer_key = authority->key,
        .not_before_unix_s = terms->not_before_unix_s,
        .not_after_unix_s = terms->not_after_unix_s,
    };
    return certificate_new(&blueprint, work, error);
}

LzCredential *lz_credential_new_keyed(LzPki *pki, const char *name, const char *key_owner, LzKeyType type, LzCryptoWork *work)
{
    LzCredential *credential = g_new0(LzCredential, 1);
    credential->pki = pki;
    credential->request.name = g_strdup(name);
    credential->key = key_new(pki, key_owner, type, work, NULL);
    g_assert(credential->key);          /* memory */
    credential->intermediates = pki->trusted.intermediates;
    return credential;
}

void lz_credential_mismatch(LzCredential *credential, const char *key_owner)
{
    bool is_made = lz_credential_make(credential, NULL);
    g_assert(is_made);                  /* its name is valid; what is left is memory */
    key_unref(credential->key);
    credential->key = key_new(credential->pki, key_owner, credential->request.key, NULL, NULL);
    g_assert(credential->key);
}

LzKey *lz_pki_issuing_key(const LzPki *pki, const char **ret_name)
{
    *ret_name = pki->trusted.name;
    return pki->trusted.key;
}

GBytes *lz_pki_ca_certificate(const LzPki *pki, unsigned index)
{
    const GPtrArray *intermediates = pki->trusted.intermediates;
    if (index < intermediates->len) {
        return intermediates->pdata[intermediates->len - 1 - index];
    }
    return index == intermediates->len ? pki->trusted.root_der : NULL;
}

static bool is_made(LzCredential *credential)
{
    lock(credential->pki);
    bool is_made = credential->key != NULL;
    unlock(credential->pki);
    return is_made;
}

/* Two threads may have made it, and made the same. */
static void complete(LzCredential *credential, LzKey *key, GBytes *leaf, const Authority *authority)
{
    lock(credential->pki);
    if (!credential->key) {
        credential->key = g_atomic_rc_box_acquire(key);
        credential->leaf = g_bytes_ref(leaf);
        credential->intermediates = authority->intermediates;
    }
    unlock(credential->pki);
}

bool lz_credential_make(LzCredential *credential, GError **error)
{
    if (is_made(credential)) {
        return true;
    }
    const LzCertificateRequest *request = &credential->request;
    lock(credential->pki);
    const Authority *authority = choose_authority(credential->pki, request->is_foreign_ca, error);
    unlock(credential->pki);
    if (!authority) {
        return false;
    }
    g_autoptr(LzKey) key = request_key(credential->pki, request, credential->key_owner, error);
    if (!key) {
        return false;
    }
    const Blueprint blueprint = {
        .pki = credential->pki,
        .serial = lz_entity_id(request->name),
        .name = request->name,
        .issuer_name = authority->name,
        .key = key,
        .issuer_key = authority->key,
        .not_before_unix_s = request->not_before_unix_s,
        .not_after_unix_s = request->not_after_unix_s,
        .mud_url = credential->mud_url,
        .is_device_id = request->is_device_id,
        .can_encipher = request->can_encipher,
    };
    g_autoptr(GBytes) leaf = certificate_new(&blueprint, NULL, error);
    if (!leaf) {
        return false;
    }
    complete(credential, key, leaf, authority);
    return true;
}

mbedtls_x509_crt *lz_credential_chain_new(const LzCredential *credential)
{
    mbedtls_x509_crt *chain = chain_new();
    chain_append(chain, credential->leaf);
    for (guint i = credential->intermediates->len; i > 0; i--) {
        chain_append(chain, g_ptr_array_index(credential->intermediates, i - 1));
    }
    return chain;
}

const uint8_t *lz_credential_certificate(LzCredential *credential, size_t *ret_size)
{
    bool is_made = lz_credential_make(credential, NULL);
    g_assert(is_made);          /* its name is valid; what is left is memory */
    return g_bytes_get_data(credential->leaf, ret_size);
}
