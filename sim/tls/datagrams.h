/* What a DTLS endpoint has beside a TLS one: datagrams that keep their bounds, the timer of its flights, its connection id.
 * Only inside sim/tls. */
#ifndef SIM_TLS_DATAGRAMS_H
#define SIM_TLS_DATAGRAMS_H

#include <mbedtls/ssl.h>

#include "sim/tls/tls.h"

enum { LZ_TLS_SRTP_KEYS_BYTES = 60 };

typedef struct LzTlsDatagrams {
    GPtrArray *arrived;                 /* LzBuffer: not read */
    guint read;                         /* of them */
    GPtrArray *early;                   /* LzBuffer: records of keys that are not agreed on yet; NULL: none */
    GPtrArray *sent, *messages;         /* during a step; NULL: none yet */
    enum { LZ_DTLS_TIMER_OFF, LZ_DTLS_TIMER_RUNNING, LZ_DTLS_TIMER_EXPIRED } timer;
    LzTime timer_ns;                    /* set by the running step: see LzTlsStep */
    uint64_t sent_until;                /* the last piece of a handshake that went out: number of the message, offset in it */
    bool has_sent, has_sent_change;     /* any piece; the change of keys */
    bool repeats;                       /* something went out again */
    uint8_t connection_id[LZ_DTLS_CID_BYTES];
    uint8_t *srtp_keys;                 /* LZ_TLS_SRTP_KEYS_BYTES, once they are made; NULL: not wanted, or not yet */
} LzTlsDatagrams;

LzTlsDatagrams *lz_tls_datagrams_new(void);
void lz_tls_datagrams_free(LzTlsDatagrams *datagrams);          /* accepts NULL */
void lz_tls_datagrams_feed(LzTlsDatagrams *datagrams, LzBytes datagram);
size_t lz_tls_datagrams_unread(const LzTlsDatagrams *datagrams);
void lz_tls_datagrams_drop(LzTlsDatagrams *datagrams);
void lz_tls_datagrams_keep_message(LzTlsDatagrams *datagrams, LzBytes message);
/* The two ends of Mbed TLS's transport, one datagram each, and its timer. */
void lz_tls_datagrams_send(LzTlsDatagrams *datagrams, LzBytes datagram);
/* epoch: of the keys that are read with. */
int lz_tls_datagrams_receive(LzTlsDatagrams *datagrams, uint64_t epoch, unsigned char *ret_bytes, size_t capacity);
void lz_tls_datagrams_set_timer(void *datagrams, uint32_t unused_ms, uint32_t final_ms);
int lz_tls_datagrams_timer(void *datagrams);

#endif
