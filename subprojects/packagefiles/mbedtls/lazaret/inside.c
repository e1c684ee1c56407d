#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include "mbedtls/lazaret_inside.h"

#include "ssl_misc.h"

int lz_inside_handshake_state(const mbedtls_ssl_context *ssl)
{
    return ssl->state;
}

int lz_inside_alert_received(const mbedtls_ssl_context *ssl)
{
    return ssl->in_msg[1];
}

void lz_inside_send_under_application_keys(mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_set_outbound_transform(ssl, ssl->transform_application);
}

const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session)
{
    return session->peer_cert;
}

bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session)
{
    return session->ticket_len > 0;
}
