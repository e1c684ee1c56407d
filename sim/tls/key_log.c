#include "sim/tls/key_log.h"

#include <glib.h>

static const char *label(mbedtls_ssl_key_export_type type)
{
    switch (type) {
    case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
        return "CLIENT_RANDOM";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
        return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
        return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
        return "CLIENT_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
        return "SERVER_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_EARLY_SECRET:
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_EARLY_EXPORTER_SECRET:
        break;
    }
    return NULL;
}

static void append_hex(GString *line, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        g_string_append_printf(line, "%02x", bytes[i]);
    }
}

char *lz_key_log_line(mbedtls_ssl_key_export_type type, const unsigned char client_random[32],
                      const unsigned char *secret, size_t size)
{
    const char *word = label(type);
    if (!word) {
        return NULL;
    }
    GString *line = g_string_new(word);
    g_string_append_c(line, ' ');
    append_hex(line, client_random, 32);
    g_string_append_c(line, ' ');
    append_hex(line, secret, size);
    return g_string_free(line, FALSE);
}
