#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include "mbedtls/lazaret_inside.h"

#include <string.h>

#include "mbedtls/platform.h"
#include "ssl_misc.h"

#if defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH)
#error "record buffers are taken to be of one size"
#endif

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

int lz_inside_present(mbedtls_ssl_context *ssl, mbedtls_x509_crt *certificate, mbedtls_pk_context *key)
{
    int ret = mbedtls_ssl_set_hs_own_cert(ssl, certificate, key);
    if (ret == 0) {
        ssl->handshake->key_cert = ssl->handshake->sni_key_cert;        /* a server does that when it chooses */
    }
    return ret;
}

void lz_inside_session_forget_peer(mbedtls_ssl_session *session)
{
    if (session->peer_cert) {
        mbedtls_x509_crt_free(session->peer_cert);
        mbedtls_free(session->peer_cert);
        session->peer_cert = NULL;
    }
}

static bool is_in_use(const mbedtls_ssl_context *ssl, const mbedtls_ssl_transform *transform)
{
    return transform && (transform == ssl->transform_in || transform == ssl->transform_out || transform == ssl->transform);
}

bool lz_inside_forget_handshake(mbedtls_ssl_context *ssl)
{
    bool may_resend = ssl->handshake && ssl->handshake->flight;         /* of DTLS: until application data has come */
    if (ssl->state != MBEDTLS_SSL_HANDSHAKE_OVER || may_resend) {
        return false;
    }
    if (ssl->session) {
        lz_inside_session_forget_peer(ssl->session);
    }
    if (ssl->transform_negotiate && !is_in_use(ssl, ssl->transform_negotiate)) {        /* of TLS 1.2, not chosen */
        mbedtls_ssl_transform_free(ssl->transform_negotiate);
        mbedtls_free(ssl->transform_negotiate);
        ssl->transform_negotiate = NULL;
    }
    if (ssl->handshake && !is_in_use(ssl, ssl->handshake->transform_handshake)) {
        mbedtls_ssl_handshake_free(ssl);
        mbedtls_free(ssl->handshake);
        ssl->handshake = NULL;
    }
    return true;
}

bool lz_inside_recall_handshake(mbedtls_ssl_context *ssl)
{
    if (!ssl->handshake) {
        ssl->handshake = mbedtls_calloc(1, sizeof *ssl->handshake);
    }
    return ssl->handshake != NULL;
}

/* ---- record buffers ---- */

bool lz_inside_buffers_new(LzInsideBuffers *ret_buffers)
{
    LzInsideBuffers buffers = {mbedtls_calloc(1, MBEDTLS_SSL_IN_BUFFER_LEN), mbedtls_calloc(1, MBEDTLS_SSL_OUT_BUFFER_LEN)};
    if (!buffers.in || !buffers.out) {
        mbedtls_free(buffers.in);
        mbedtls_free(buffers.out);
        return false;
    }
    *ret_buffers = buffers;
    return true;
}

void lz_inside_buffers_free(LzInsideBuffers *buffers)
{
    mbedtls_free(buffers->in);
    mbedtls_free(buffers->out);
    *buffers = (LzInsideBuffers){NULL, NULL};
}

static bool is_datagram(const mbedtls_ssl_context *ssl)
{
    return ssl->conf->transport == MBEDTLS_SSL_TRANSPORT_DATAGRAM;
}

/* Of TLS: before the header stand 8 bytes for the number of the record; DTLS has it inside. */
static bool is_between_records(const mbedtls_ssl_context *ssl)
{
    size_t number_bytes = is_datagram(ssl) ? 0 : MBEDTLS_SSL_SEQUENCE_NUMBER_LEN;
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER && ssl->in_hdr == ssl->in_buf + number_bytes
           && ssl->in_left == 0 && ssl->next_record_offset == 0 && ssl->in_msglen == 0 && ssl->in_hslen == 0 && !ssl->in_offt && !ssl->keep_current_message
           && ssl->out_left == 0 && !ssl->send_alert;
}

bool lz_inside_park(mbedtls_ssl_context *ssl, LzInsideParked *ret_parked, LzInsideBuffers *ret_buffers)
{
    if (!ssl->in_buf || !is_between_records(ssl)) {
        return false;
    }
    if (!is_datagram(ssl)) {
        memcpy(ret_parked->in_counter, ssl->in_ctr, sizeof ret_parked->in_counter);
    }
    ret_parked->out_content = (unsigned char)(ssl->out_msg - ssl->out_buf);
    *ret_buffers = (LzInsideBuffers){ssl->in_buf, ssl->out_buf};
    ssl->in_buf = ssl->out_buf = NULL;
    return true;
}

void lz_inside_unpark(mbedtls_ssl_context *ssl, const LzInsideParked *parked, LzInsideBuffers buffers)
{
    ssl->in_buf = buffers.in;
    ssl->out_buf = buffers.out;
    if (is_datagram(ssl)) {
        mbedtls_ssl_reset_in_pointers(ssl);
        mbedtls_ssl_reset_out_pointers(ssl);
        mbedtls_ssl_update_out_pointers(ssl, ssl->transform_out);
        return;
    }
    ssl->in_hdr = ssl->in_buf + MBEDTLS_SSL_SEQUENCE_NUMBER_LEN;
    ssl->out_ctr = ssl->out_buf;
    ssl->out_hdr = ssl->out_buf + MBEDTLS_SSL_SEQUENCE_NUMBER_LEN;
    mbedtls_ssl_update_in_pointers(ssl);
    mbedtls_ssl_update_out_pointers(ssl, NULL);
    ssl->out_msg = ssl->out_buf + parked->out_content;
    memcpy(ssl->in_ctr, parked->in_counter, sizeof parked->in_counter);
}

uint64_t lz_inside_newest_record(const mbedtls_ssl_context *ssl)
{
    return (uint64_t)ssl->in_epoch << 48 | ssl->in_window_top;
}

const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session)
{
    return session->peer_cert;
}

bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session)
{
    return session->ticket_len > 0;
}
