/* What Lazaret needs of Mbed TLS's inside and has no public call for. */
#ifndef LAZARET_INSIDE_H
#define LAZARET_INSIDE_H

#include <stdbool.h>

#include "mbedtls/ssl.h"

/* The state of the handshake: an mbedtls_ssl_states. */
int lz_inside_handshake_state(const mbedtls_ssl_context *ssl);

/* The description of the alert that made the last call return MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE. */
int lz_inside_alert_received(const mbedtls_ssl_context *ssl);

/* Makes TLS 1.3 send under the keys of RFC 8446 appendix A; to be called before every step of a handshake. They
 * matter for alerts: Mbed TLS 3.6 would send a client's refusal of a certificate in the clear, and a server's under
 * handshake keys when its Finished is long out, so that neither the peer nor Wireshark could read them. */
void lz_inside_choose_sending_keys(mbedtls_ssl_context *ssl);

/* The peer's certificate that a session remembers, or NULL. */
const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session);

/* True if the server gave a ticket with the session. */
bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session);

#endif
