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

/* A client "SHOULD first rekey to the handshake keys" (RFC 8446 A.1); its compatibility change_cipher_spec, which
 * Mbed TLS sends after the server's Finished, stays in the clear. */
static mbedtls_ssl_transform *client_keys(const mbedtls_ssl_context *ssl)
{
    switch (ssl->state) {
    case MBEDTLS_SSL_ENCRYPTED_EXTENSIONS:
    case MBEDTLS_SSL_CERTIFICATE_REQUEST:
    case MBEDTLS_SSL_SERVER_CERTIFICATE:
    case MBEDTLS_SSL_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_SERVER_FINISHED:
        return ssl->handshake->transform_handshake;
    case MBEDTLS_SSL_CLIENT_CCS_AFTER_SERVER_FINISHED:
        return NULL;
    default:
        return ssl->transform_out;
    }
}

/* K_send = application once Finished is sent (RFC 8446 A.2). */
static mbedtls_ssl_transform *server_keys(const mbedtls_ssl_context *ssl)
{
    switch (ssl->state) {
    case MBEDTLS_SSL_CLIENT_CERTIFICATE:
    case MBEDTLS_SSL_CLIENT_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_CLIENT_FINISHED:
        return ssl->transform_application;
    default:
        return ssl->transform_out;
    }
}

void lz_inside_choose_sending_keys(mbedtls_ssl_context *ssl)
{
    if (ssl->tls_version != MBEDTLS_SSL_VERSION_TLS1_3) {
        return;
    }
    mbedtls_ssl_transform *keys =
        ssl->conf->endpoint == MBEDTLS_SSL_IS_CLIENT ? client_keys(ssl) : server_keys(ssl);
    if (keys != ssl->transform_out) {
        mbedtls_ssl_set_outbound_transform(ssl, keys);
    }
}

const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session)
{
    return session->peer_cert;
}

bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session)
{
    return session->ticket_len > 0;
}
