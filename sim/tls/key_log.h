/* Secrets as lines of the NSS key log, which Wireshark reads. Only inside sim/tls. */
#ifndef SIM_TLS_KEY_LOG_H
#define SIM_TLS_KEY_LOG_H

#include <mbedtls/ssl.h>

/* A line without its end, or NULL for a secret that the format does not know. New string. */
char *lz_key_log_line(mbedtls_ssl_key_export_type type, const unsigned char client_random[32],
                      const unsigned char *secret, size_t size);

#endif
