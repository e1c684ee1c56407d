#include "sim/tls/profile.h"

#include "lazaret/error.h"
#include "sim/tls/context.h"
#include "sim/tls/credential.h"

/* The one cipher that IoT profiles make mandatory (RFC 9325 4.2, RFC 7925 4.4 for its CCM sibling), in
 * both versions and for both kinds of certificate. */
static const int cipher_suites[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    0,
};

static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

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

static void configure_server(LzTlsProfile *profile)
{
    const LzTlsProfileOptions *options = &profile->options;
    mbedtls_ssl_conf_authmode(&profile->config,
                              options->is_mutual ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
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
                                          MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) {
        return ret;
    }
    mbedtls_ssl_conf_min_tls_version(config, version_number(options->min_version));
    mbedtls_ssl_conf_max_tls_version(config, version_number(options->max_version));
    mbedtls_ssl_conf_ciphersuites(config, cipher_suites);
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_rng(config, lz_tls_random, NULL);
    ret = set_trust(profile);
    if (ret != 0) {
        return ret;
    }
    mbedtls_ssl_conf_tls13_key_exchange_modes(config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
    if (options->is_server) {
        configure_server(profile);
    } else {
        configure_client(profile);
    }
    if (!options->is_server) {
        return 0;
    }
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
