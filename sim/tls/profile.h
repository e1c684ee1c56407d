/* A TLS configuration that many endpoints share. Only inside sim/tls. */
#ifndef SIM_TLS_PROFILE_H
#define SIM_TLS_PROFILE_H

#include <mbedtls/ssl.h>

#include "sim/tls/ticket_keys.h"
#include "sim/tls/tls.h"

struct LzTlsProfile {
    mbedtls_ssl_config config;          /* read-only once made: threads share it */
    LzTlsProfileOptions options;
    LzTicketKeys ticket_keys;
    mbedtls_x509_crt *chain;            /* a server's; owned */
    mbedtls_x509_crt *roots;            /* two PKIs'; owned; NULL: the root of one is enough */
};

#endif
