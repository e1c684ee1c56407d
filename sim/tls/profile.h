/* A TLS configuration that many endpoints share. Only inside sim/tls. */
#ifndef SIM_TLS_PROFILE_H
#define SIM_TLS_PROFILE_H

#include <mbedtls/ssl.h>

#include "sim/tls/ticket_keys.h"
#include "sim/tls/tls.h"

enum { LZ_TLS_SUITES_MAX = LZ_SUITE_COUNT * (LZ_EXCHANGE_COUNT + 2) };

struct LzTlsProfile {
    mbedtls_ssl_config config;          /* read-only once made: threads share it */
    LzTlsProfileOptions options;
    LzTicketKeys ticket_keys;
    mbedtls_x509_crt *chain;            /* a server's; owned */
    mbedtls_x509_crt *roots;            /* two PKIs'; owned; NULL: the root of one is enough */
    int suites[LZ_TLS_SUITES_MAX + 1];
    uint16_t groups[LZ_TLS_CHOICES_MAX + 1];
};

LzTlsSuite lz_tls_suite_of(int ciphersuite);    /* of one that a profile may hold */
bool lz_tls_profile_has(const LzTlsProfile *profile, LzTlsExchange exchange);
bool lz_tls_profile_shares_keys(const LzTlsProfile *profile);   /* PSK, with or without a key exchange */

#endif
