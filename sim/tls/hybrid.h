/* X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem) as a model: Mbed TLS 3.6 has no ML-KEM, so its bytes travel in an extension
 * of private use and its time is charged, but no secret comes of it. The functions stand, in the files of Mbed TLS that
 * meson.build names, in the place of those they call. */
#ifndef SIM_TLS_HYBRID_H
#define SIM_TLS_HYBRID_H

#include <mbedtls/ssl.h>

/* By so much a ClientHello and a server's first flight grow: an encapsulation key and a ciphertext (FIPS 203 table 3). */
enum { LZ_HYBRID_CLIENT_BYTES = 1184, LZ_HYBRID_SERVER_BYTES = 1088 };

int lz_hook_mbedtls_ssl_tls13_write_client_hello_exts(mbedtls_ssl_context *ssl, unsigned char *bytes, unsigned char *end,
                                                      size_t *ret_size);
int lz_hook_mbedtls_ssl_write_alpn_ext(mbedtls_ssl_context *ssl, unsigned char *bytes, const unsigned char *end,
                                       size_t *ret_size);
int lz_hook_mbedtls_ssl_tls13_check_received_extension(mbedtls_ssl_context *ssl, int message, unsigned type,
                                                       uint32_t allowed);

#endif
