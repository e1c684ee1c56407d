#include "sim/tls/profile.h"

#include <string.h>

#include "lazaret/error.h"
#include "sim/tls/context.h"
#include "sim/tls/cookie.h"
#include "sim/tls/credential.h"
#include "sim/tls/psk.h"

/* The suites of one cipher: of TLS 1.3, then of TLS 1.2 by key exchange; 0: there is none. */
typedef struct Cipher {
    int tls13, exchanges[LZ_EXCHANGE_COUNT];
    int ecdhe_rsa;                      /* beside the ECDSA one */
} Cipher;

static const Cipher ciphers[LZ_SUITE_COUNT] = {
    [LZ_SUITE_AES_128_GCM] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256,
         MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, 0}, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
    [LZ_SUITE_AES_256_GCM] = {MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_RSA_WITH_AES_256_GCM_SHA384,
         MBEDTLS_TLS_PSK_WITH_AES_256_GCM_SHA384, 0}, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
    [LZ_SUITE_CHACHA20_POLY1305] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0, MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
         MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256}, MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
    [LZ_SUITE_AES_128_CCM] = {MBEDTLS_TLS1_3_AES_128_CCM_SHA256,
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, MBEDTLS_TLS_RSA_WITH_AES_128_CCM, MBEDTLS_TLS_PSK_WITH_AES_128_CCM, 0}, 0},
    [LZ_SUITE_AES_128_CCM_8] = {MBEDTLS_TLS1_3_AES_128_CCM_8_SHA256,
        {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, MBEDTLS_TLS_RSA_WITH_AES_128_CCM_8,
         MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8, 0}, 0},
};

LzTlsSuite lz_tls_suite_of(int ciphersuite)
{
    for (int suite = 0; suite < LZ_SUITE_COUNT; suite++) {
        const Cipher *cipher = &ciphers[suite];
        bool is_it = ciphersuite == cipher->tls13 || ciphersuite == cipher->ecdhe_rsa;
        for (int exchange = 0; exchange < LZ_EXCHANGE_COUNT; exchange++) {
            is_it |= ciphersuite == cipher->exchanges[exchange];
        }
        if (is_it) {
            return (LzTlsSuite)suite;
        }
    }
    g_assert_not_reached();
}

static const uint16_t group_numbers[LZ_GROUP_COUNT] = {
    [LZ_GROUP_P256] = MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    [LZ_GROUP_X25519] = MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    [LZ_GROUP_P384] = MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
};

/* AES-128-GCM is the one that IoT profiles make mandatory (RFC 9325 4.2, RFC 7925 4.4 for its CCM sibling). */
static const LzTlsChoices default_groups = {{LZ_GROUP_P256, LZ_GROUP_X25519, LZ_GROUP_P384}, 3};
static const LzTlsChoices default_suites = {{LZ_SUITE_AES_128_GCM}, 1};
static const LzTlsChoices default_exchanges = {{LZ_EXCHANGE_ECDHE}, 1};

static void set_defaults(LzTlsProfileOptions *options)
{
    options->groups = options->groups.count > 0 ? options->groups : default_groups;
    options->suites = options->suites.count > 0 ? options->suites : default_suites;
    options->exchanges = options->exchanges.count > 0 ? options->exchanges : default_exchanges;
}

bool lz_tls_profile_has(const LzTlsProfile *profile, LzTlsExchange exchange)
{
    const LzTlsChoices *exchanges = &profile->options.exchanges;
    return memchr(exchanges->items, (int)exchange, exchanges->count) != NULL;
}

bool lz_tls_profile_shares_keys(const LzTlsProfile *profile)
{
    return lz_tls_profile_has(profile, LZ_EXCHANGE_PSK) || lz_tls_profile_has(profile, LZ_EXCHANGE_PSK_DHE);
}

static void add_suite(LzTlsProfile *profile, unsigned *count, int suite)
{
    if (suite != 0) {
        profile->suites[(*count)++] = suite;
    }
}

static void list_suites(LzTlsProfile *profile)
{
    const LzTlsProfileOptions *options = &profile->options;
    unsigned count = 0;
    for (unsigned i = 0; i < options->suites.count; i++) {
        const Cipher *cipher = &ciphers[options->suites.items[i]];
        add_suite(profile, &count, cipher->tls13);
        for (unsigned n = 0; n < options->exchanges.count; n++) {
            LzTlsExchange exchange = (LzTlsExchange)options->exchanges.items[n];
            add_suite(profile, &count, cipher->exchanges[exchange]);
            add_suite(profile, &count, exchange == LZ_EXCHANGE_ECDHE ? cipher->ecdhe_rsa : 0);
        }
    }
    profile->suites[count] = 0;
    for (unsigned i = 0; i < options->groups.count; i++) {
        profile->groups[i] = group_numbers[options->groups.items[i]];
    }
    profile->groups[options->groups.count] = MBEDTLS_SSL_IANA_TLS_GROUP_NONE;
}

/* RFC 8446 4.2.9. A ticket is resumed with a new key exchange, whatever else is allowed. */
static int key_exchange_modes(const LzTlsProfile *profile)
{
    unsigned modes = lz_tls_profile_has(profile, LZ_EXCHANGE_ECDHE) ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL : 0u;
    modes |= lz_tls_profile_has(profile, LZ_EXCHANGE_PSK) ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK : 0u;
    modes |= lz_tls_profile_has(profile, LZ_EXCHANGE_PSK_DHE) ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL : 0u;
    return (int)modes;
}

/* RFC 8446 4.6.1: seven days. */
static const uint32_t ticket_lifetime_max_s = 7 * 86400;

static mbedtls_ssl_protocol_version version_number(LzTlsVersion version)
{
    return version == LZ_TLS_1_2 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3;
}

static bool check(const LzTlsProfileOptions *options, GError **error)
{
    const char *problem = options->min_version > options->max_version ? "the minimal TLS version is above the maximal"
                        : !options->trust                             ? "no trusted CA"
                        : options->is_server && !options->credential  ? "a TLS server needs a certificate"
                        : options->dtls.is_datagram && options->max_version > LZ_TLS_1_2 ? "DTLS is of version 1.2"
                                                                      : NULL;
    if (problem) {
        g_set_error_literal(error, LZ_ERROR, LZ_ERROR_CRYPTO, problem);
        return false;
    }
    if (options->is_server && options->has_tickets
        && (options->ticket_lifetime_ns < LZ_NS_PER_S
            || options->ticket_lifetime_ns > (LzTime)ticket_lifetime_max_s * LZ_NS_PER_S)) {
        g_set_error_literal(error, LZ_ERROR, LZ_ERROR_CRYPTO, "a ticket's lifetime is 1 s to 7 d (RFC 8446 4.6.1)");
        return false;
    }
    return true;
}

/* RFC 9146, RFC 6347 4.2.1 and 4.2.4.1. */
static int configure_dtls(LzTlsProfile *profile)
{
    const LzDtlsOptions *options = &profile->options.dtls;
    mbedtls_ssl_config *config = &profile->config;
    mbedtls_ssl_conf_handshake_timeout(config, (uint32_t)(options->retransmit_ns / LZ_NS_PER_MS),
                                       (uint32_t)(options->retransmit_max_ns / LZ_NS_PER_MS));
    if (profile->options.is_server) {
        mbedtls_ssl_conf_dtls_cookies(config, options->has_cookies ? lz_cookie_never_write : NULL,
                                      options->has_cookies ? lz_cookie_is_checked : NULL, NULL);
    }
    if (options->has_srtp) {
        static const mbedtls_ssl_srtp_profile profiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET};
        int ret = mbedtls_ssl_conf_dtls_srtp_protection_profiles(config, profiles);
        if (ret != 0) {
            return ret;
        }
    }
    size_t cid_bytes = profile->options.is_server && options->has_connection_id ? LZ_DTLS_CID_BYTES : 0;
    return options->has_connection_id ? mbedtls_ssl_conf_cid(config, cid_bytes, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE) : 0;
}

static void configure_server(LzTlsProfile *profile)
{
    const LzTlsProfileOptions *options = &profile->options;
    mbedtls_ssl_conf_authmode(&profile->config,
                              options->is_mutual ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    if (lz_tls_profile_shares_keys(profile)) {
        mbedtls_ssl_conf_psk_cb(&profile->config, lz_psk_find, (LzPki *)(uintptr_t)options->trust);
    }
    if (options->has_tickets) {
        profile->ticket_keys = (LzTicketKeys){
            .seed = options->seed,
            .entity = options->entity,
            .lifetime_s = (uint32_t)(options->ticket_lifetime_ns / LZ_NS_PER_S),
        };
        mbedtls_ssl_conf_session_tickets_cb(&profile->config, lz_ticket_keys_seal, lz_ticket_keys_open,
                                            &profile->ticket_keys);
    }
}

static void configure_client(LzTlsProfile *profile)
{
    bool has_tickets = profile->options.has_tickets;
    mbedtls_ssl_conf_authmode(&profile->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_session_tickets(&profile->config, has_tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                                   : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &profile->config, has_tickets ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                                      : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
}

static int set_trust(LzTlsProfile *profile)
{
    const LzTlsProfileOptions *options = &profile->options;
    if (!options->also_trust) {
        mbedtls_ssl_conf_ca_chain(&profile->config, lz_pki_trust(options->trust), NULL);
        return 0;
    }
    const mbedtls_x509_crt *roots[] = {lz_pki_trust(options->trust), lz_pki_trust(options->also_trust)};
    profile->roots = g_new(mbedtls_x509_crt, 1);
    mbedtls_x509_crt_init(profile->roots);
    int ret = 0;
    for (unsigned i = 0; ret == 0 && i < G_N_ELEMENTS(roots); i++) {
        ret = mbedtls_x509_crt_parse_der(profile->roots, roots[i]->raw.p, roots[i]->raw.len);
    }
    mbedtls_ssl_conf_ca_chain(&profile->config, profile->roots, NULL);
    return ret;
}

static int configure(LzTlsProfile *profile)
{
    const LzTlsProfileOptions *options = &profile->options;
    mbedtls_ssl_config *config = &profile->config;
    int ret = mbedtls_ssl_config_defaults(config, options->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                          options->dtls.is_datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) {
        return ret;
    }
    mbedtls_ssl_conf_min_tls_version(config, version_number(options->min_version));
    mbedtls_ssl_conf_max_tls_version(config, version_number(options->max_version));
    list_suites(profile);
    mbedtls_ssl_conf_ciphersuites(config, profile->suites);
    mbedtls_ssl_conf_groups(config, profile->groups);
    mbedtls_ssl_conf_rng(config, lz_tls_random, NULL);
    ret = set_trust(profile);
    if (ret != 0) {
        return ret;
    }
    mbedtls_ssl_conf_tls13_key_exchange_modes(config, key_exchange_modes(profile));
    ret = options->dtls.is_datagram ? configure_dtls(profile) : 0;
    if (ret != 0) {
        return ret;
    }
    if (!options->is_server) {
        configure_client(profile);
        return 0;
    }
    configure_server(profile);
    profile->chain = lz_credential_chain_new(options->credential);
    return mbedtls_ssl_conf_own_cert(config, profile->chain, &options->credential->key->pk);
}

LzTlsProfile *lz_tls_profile_new(const LzTlsProfileOptions *options, GError **error)
{
    lz_tls_library_init();
    if (!check(options, error) || (options->is_server && !lz_credential_make(options->credential, error))) {
        return NULL;
    }
    LzTlsProfile *profile = g_new0(LzTlsProfile, 1);
    profile->options = *options;
    set_defaults(&profile->options);
    mbedtls_ssl_config_init(&profile->config);
    int ret = configure(profile);
    if (ret != 0) {
        lz_tls_set_error(error, ret, "TLS profile");
        lz_tls_profile_free(profile);
        return NULL;
    }
    return profile;
}

void lz_tls_profile_free(LzTlsProfile *profile)
{
    if (!profile) {
        return;
    }
    mbedtls_ssl_config_free(&profile->config);
    lz_credential_chain_free(profile->chain);
    lz_credential_chain_free(profile->roots);
    g_free(profile);
}
