/* What Lazaret needs of Mbed TLS's inside and has no public call for. */
#ifndef LAZARET_INSIDE_H
#define LAZARET_INSIDE_H

#include <stdbool.h>

#include "mbedtls/ssl.h"

/* The state of the handshake: an mbedtls_ssl_states. */
int lz_inside_handshake_state(const mbedtls_ssl_context *ssl);

/* The description of the alert that made the last call return MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE. */
int lz_inside_alert_received(const mbedtls_ssl_context *ssl);

/* A TLS 1.3 server sends under application keys as soon as its Finished is out (RFC 8446 A.2). Mbed TLS
 * 3.6 waits until the client's Finished, so that its alert about a client certificate could be read
 * neither by the client nor by Wireshark. To be called once, when the server awaits the second flight. */
void lz_inside_send_under_application_keys(mbedtls_ssl_context *ssl);

/* The peer's certificate that a session remembers, or NULL. */
const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session);

/* True if the server gave a ticket with the session. */
bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session);

#endif
