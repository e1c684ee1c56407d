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

/* Makes a client present this certificate in the handshake that it is about to begin, in place of its configuration's,
 * which a whole class of devices may then share. Both are borrowed until the handshake is over. */
int lz_inside_present(mbedtls_ssl_context *ssl, mbedtls_x509_crt *certificate, mbedtls_pk_context *key);

/* Gives back what a finished handshake leaves behind and no record needs: its parameters (Mbed TLS 3.6 keeps those of
 * TLS 1.3 as long as the context), and the peer's certificate. False, and nothing done, while a handshake is going on,
 * or its last flight may have to be sent again. */
bool lz_inside_forget_handshake(mbedtls_ssl_context *ssl);

/* When a NewSessionTicket has come, mbedtls_ssl_read() runs the code of the handshake, which wants its parameters back,
 * empty. To be called before that, when the handshake's state is not its end; false if there is no memory. */
bool lz_inside_recall_handshake(mbedtls_ssl_context *ssl);

/* Of DTLS: epoch and number of the newest authentic record (RFC 6347 4.1.2.6). */
uint64_t lz_inside_newest_record(const mbedtls_ssl_context *ssl);

/* The two record buffers of a context, of one size for all contexts. */
typedef struct LzInsideBuffers {
    unsigned char *in, *out;
} LzInsideBuffers;
bool lz_inside_buffers_new(LzInsideBuffers *ret_buffers);       /* false: no memory */
void lz_inside_buffers_free(LzInsideBuffers *buffers);

/* What a context keeps of its buffers while it has none. */
typedef struct LzInsideParked {
    unsigned char in_counter[8];        /* RFC 5246 6.2.3.1, RFC 8446 5.3: 64 bits */
    unsigned char out_content;          /* where a record's content begins: behind TLS 1.2's explicit nonce */
} LzInsideParked;

/* A context between two records has nothing in its buffers but the number of the next record: true and the buffers,
 * which it then no longer has. False: it has something, or is in a handshake. */
bool lz_inside_park(mbedtls_ssl_context *ssl, LzInsideParked *ret_parked, LzInsideBuffers *ret_buffers);
/* Before the next call of any mbedtls_ssl function but mbedtls_ssl_free(): gives it buffers, whatever they hold. */
void lz_inside_unpark(mbedtls_ssl_context *ssl, const LzInsideParked *parked, LzInsideBuffers buffers);

/* The peer's certificate that a session remembers, or NULL. */
const mbedtls_x509_crt *lz_inside_session_peer(const mbedtls_ssl_session *session);

/* Frees the peer's certificate that a session remembers. */
void lz_inside_session_forget_peer(mbedtls_ssl_session *session);

/* True if the server gave a ticket with the session. */
bool lz_inside_session_has_ticket(const mbedtls_ssl_session *session);

#endif
