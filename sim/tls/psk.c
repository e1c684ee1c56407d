#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "sim/tls/psk.h"

#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/credential.h"

enum { KEY_BYTES = 32 };

typedef struct Config {
    mbedtls_ssl_config config;          /* first; what its pointers name belongs to the shared one, but for the next two */
    unsigned char key[KEY_BYTES];
    char identity[LZ_TLS_NAME_SIZE];
} Config;

static void derive(const LzPki *pki, const char *name, bool is_foreign, unsigned char ret_key[KEY_BYTES])
{
    g_autofree char *owner = g_strconcat(is_foreign ? "foreign:" : "", name, NULL);
    LzRandom random;
    lz_random_init(&random, lz_pki_seed(pki), lz_entity_id(owner), LZ_PURPOSE_PSK);
    lz_random_fill(&random, ret_key, KEY_BYTES);
}

mbedtls_ssl_config *lz_psk_config_new(const mbedtls_ssl_config *shared, const LzCredential *credential)
{
    Config *own = g_new0(Config, 1);
    own->config = *shared;
    g_strlcpy(own->identity, credential->request.name, sizeof own->identity);
    derive(credential->pki, own->identity, credential->request.is_foreign_ca, own->key);
    own->config.psk = own->key;
    own->config.psk_len = KEY_BYTES;
    own->config.psk_identity = (unsigned char *)own->identity;
    own->config.psk_identity_len = strlen(own->identity);
    return &own->config;
}

void lz_psk_config_free(mbedtls_ssl_config *config)
{
    g_free(config);
}

int lz_psk_find(void *pki, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t size)
{
    char name[LZ_TLS_NAME_SIZE];
    if (size >= sizeof name) {
        return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    }
    memcpy(name, identity, size);
    name[size] = '\0';
    if (!lz_pki_shares_key_with(pki, name)) {
        return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    }
    unsigned char key[KEY_BYTES];
    derive(pki, name, false, key);
    LzTlsContext *context = lz_tls_context();
    context->has_used_psk = true;
    if (context->resumed_name) {
        g_strlcpy(context->resumed_name, name, LZ_TLS_NAME_SIZE);
    }
    return mbedtls_ssl_set_hs_psk(ssl, key, sizeof key);
}
