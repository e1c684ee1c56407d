/* Keys that an entity and every server of the run share (RFC 4279, RFC 8446 2.2): each entity's is made from its name.
 * Only inside sim/tls. */
#ifndef SIM_TLS_PSK_H
#define SIM_TLS_PSK_H

#include <mbedtls/ssl.h>

#include "sim/tls/tls.h"

/* A client's configuration that holds its key: profile's, for one endpoint. Free with lz_psk_config_free(). */
mbedtls_ssl_config *lz_psk_config_new(const mbedtls_ssl_config *shared, const LzCredential *credential);
void lz_psk_config_free(mbedtls_ssl_config *config);

/* For mbedtls_ssl_conf_psk_cb(): pki is an LzPki. Notes in the context who it was. */
int lz_psk_find(void *pki, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t size);

#endif
