/* The cookies of a DTLS server (RFC 6347 4.2.1). Only inside sim/tls. */
#ifndef SIM_TLS_COOKIE_H
#define SIM_TLS_COOKIE_H

#include <mbedtls/ssl.h>

/* As Mbed TLS calls them for a server that asks for cookies: lz_dtls_judge_hello() has checked them before. */
int lz_cookie_never_write(void *unused, unsigned char **at, unsigned char *end, const unsigned char *client, size_t size);
int lz_cookie_is_checked(void *unused, const unsigned char *cookie, size_t cookie_size, const unsigned char *client, size_t size);

#endif
