#include "tests/bench/bare_handshake.h"

#include <glib.h>
#include <mbedtls/ssl.h>
#include <string.h>
#include <time.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"

enum { BUFFER_BYTES = 16384 };

static const int64_t start_unix_s = 1772431200;

typedef struct Direction {      /* bytes on their way from one context to the other */
    unsigned char data[BUFFER_BYTES];
    size_t begin, end;
} Direction;

typedef struct End {
    mbedtls_ssl_context ssl;
    Direction *out, *in;
    bool is_done;
} End;

static int put(void *self, const unsigned char *data, size_t size)
{
    Direction *out = ((End *)self)->out;
    g_assert(out->end + size <= sizeof out->data);
    memcpy(out->data + out->end, data, size);
    out->end += size;
    return (int)size;
}

static int take(void *self, unsigned char *ret_data, size_t capacity)
{
    Direction *in = ((End *)self)->in;
    size_t size = MIN(capacity, in->end - in->begin);
    if (size == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(ret_data, in->data + in->begin, size);
    in->begin += size;
    if (in->begin == in->end) {
        in->begin = in->end = 0;
    }
    return (int)size;
}

static void must(int ret)
{
    g_assert_cmpint(ret, ==, 0);
}

static void configure(mbedtls_ssl_config *config, int endpoint, bool is_tls_1_3, const LzPki *pki,
                      LzCredential *credential, mbedtls_x509_crt **ret_chain)
{
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    mbedtls_ssl_protocol_version version = is_tls_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
    mbedtls_ssl_config_init(config);
    must(mbedtls_ssl_config_defaults(config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_min_tls_version(config, version);
    mbedtls_ssl_conf_max_tls_version(config, version);
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_rng(config, lz_tls_random, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, lz_pki_trust(pki), NULL);
    g_assert_true(lz_credential_make(credential, NULL));
    *ret_chain = lz_credential_chain_new(credential);
    must(mbedtls_ssl_conf_own_cert(config, *ret_chain, &credential->key->pk));
}

static void advance(End *end)
{
    int ret = end->is_done ? 0 : mbedtls_ssl_handshake(&end->ssl);
    end->is_done = ret == 0;
    g_assert_true(ret == 0 || ret == MBEDTLS_ERR_SSL_WANT_READ);
}

static void shake_hands(const mbedtls_ssl_config *client_config, const mbedtls_ssl_config *server_config)
{
    static const char server_name[] = "broker";
    Direction to_server = {.begin = 0}, to_client = {.begin = 0};
    End client = {.out = &to_server, .in = &to_client}, server = {.out = &to_client, .in = &to_server};
    End *ends[] = {&client, &server};
    const mbedtls_ssl_config *configs[] = {client_config, server_config};
    for (int i = 0; i < 2; i++) {
        mbedtls_ssl_init(&ends[i]->ssl);
        must(mbedtls_ssl_setup(&ends[i]->ssl, configs[i]));
        mbedtls_ssl_set_bio(&ends[i]->ssl, ends[i], put, take, NULL);
    }
    must(mbedtls_ssl_set_hostname(&client.ssl, server_name));
    while (!client.is_done || !server.is_done) {
        advance(&client);
        advance(&server);
    }
    mbedtls_ssl_free(&client.ssl);
    mbedtls_ssl_free(&server.ssl);
}

static LzCredential *issue(LzPki *pki, const char *name)
{
    const LzCertificateRequest request = {.name = name, .not_before_unix_s = start_unix_s - 86400,
                                          .not_after_unix_s = start_unix_s + 86400};
    LzCredential *credential = lz_pki_issue(pki, &request, NULL, NULL);
    g_assert_nonnull(credential);
    return credential;
}

static double thread_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double lz_bare_handshake_cpu_s(unsigned pairs, bool is_tls_1_3)
{
    const LzPkiOptions options = {.seed = 1, .start_unix_s = start_unix_s};
    LzPki *pki = lz_pki_new(&options, NULL);
    LzCredential *server_credential = issue(pki, "broker"), *client_credential = issue(pki, "pump");
    LzRandom random, blinding;
    lz_random_init(&random, 1, 1, LZ_PURPOSE_TLS);
    lz_random_init(&blinding, 1, 1, LZ_PURPOSE_TLS_BLINDING);
    LzTlsContext context = {.random = &random, .blinding = &blinding, .ec = lz_pki_ec(pki), .aead = lz_pki_aead(pki),
                            .wall_ns = start_unix_s * LZ_NS_PER_S};
    LzTlsContext *previous = lz_tls_context_enter(&context);
    mbedtls_ssl_config client_config, server_config;
    mbedtls_x509_crt *client_chain, *server_chain;
    configure(&client_config, MBEDTLS_SSL_IS_CLIENT, is_tls_1_3, pki, client_credential, &client_chain);
    configure(&server_config, MBEDTLS_SSL_IS_SERVER, is_tls_1_3, pki, server_credential, &server_chain);
    double before_s = thread_cpu_s();
    for (unsigned i = 0; i < pairs; i++) {
        shake_hands(&client_config, &server_config);
    }
    double spent_s = thread_cpu_s() - before_s;
    mbedtls_ssl_config_free(&client_config);
    mbedtls_ssl_config_free(&server_config);
    lz_credential_chain_free(client_chain);
    lz_credential_chain_free(server_chain);
    lz_tls_context_leave(previous);
    lz_credential_free(client_credential);
    lz_credential_free(server_credential);
    lz_pki_free(pki);
    return spent_s / pairs;
}
