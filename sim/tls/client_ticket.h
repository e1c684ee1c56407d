/* What a client keeps of a session in order to resume it. Only inside sim/tls. */
#ifndef SIM_TLS_CLIENT_TICKET_H
#define SIM_TLS_CLIENT_TICKET_H

#include <mbedtls/ssl.h>

#include "sim/tls/tls.h"

/* Offers the stored session in ssl's handshake if its version is within the profile's; a TLS 1.3 ticket is spent by
 * that (RFC 8446 C.4). *ret_server_name (LZ_TLS_NAME_SIZE): whose session it is; untouched if none is offered. */
void lz_client_ticket_offer(LzTlsTicket *ticket, const LzTlsProfileOptions *options, mbedtls_ssl_context *ssl,
                            char *ret_server_name);

/* ssl's session with the server of that name, if the server gave a ticket with it; else NULL. */
LzTlsTicket *lz_client_ticket_receive(mbedtls_ssl_context *ssl, const char *server_name);

#endif
