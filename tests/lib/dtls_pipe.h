/* A DTLS client and a server joined in memory, in virtual time: datagrams arrive after a delay, unless a test loses, repeats,
 * alters or delays them, and timers go off. The server asks for cookies as a host does. */
#ifndef TESTS_LIB_DTLS_PIPE_H
#define TESTS_LIB_DTLS_PIPE_H

#include "tests/lib/tls_pipe.h"

typedef struct LzDtlsFate {
    bool is_lost;
    unsigned copies;                    /* beside it */
    LzTime later_ns;
} LzDtlsFate;

typedef struct LzDtlsSide {
    LzTlsEndpoint *endpoint;            /* the server's: NULL until a hello brings its cookie */
    LzTlsState state;
    LzTime timer_at_ns;                 /* 0: off */
    LzTime opened_ns;                   /* -1: not */
    GPtrArray *received;                /* LzBuffer: messages */
    GPtrArray *sent;                    /* LzBuffer: datagrams, all of them */
    unsigned retransmissions, newer;
    bool has_timed_out;
    LzCryptoWork work;
    int alert_sent, alert_received;
} LzDtlsSide;

typedef struct LzDtlsPipe {
    const LzTlsLab *lab;
    uint32_t connection;
    LzDtlsSide client, server;
    LzTime now_ns, delay_ns;
    GPtrArray *flying;                  /* in order of departure */
    LzTlsTicket *ticket;
    GString *key_log;
    unsigned answered_hellos;
    /* What becomes of a datagram, the number-th of its side; may alter it. NULL: it arrives. */
    LzDtlsFate (*judge)(void *self, bool is_from_server, unsigned number, LzBuffer *datagram);
    void *judge_self;
} LzDtlsPipe;

/* DTLS 1.2 with cookies and connection ids, 1 s and 60 s, 1,472 bytes. */
LzTlsLab lz_test_dtls_lab(LzKeyType key);
LzDtlsPipe *lz_test_dtls_pipe(const LzTlsLab *lab, uint32_t connection, LzTlsTicket *ticket);
void lz_test_dtls_pipe_free(LzDtlsPipe *pipe);
void lz_test_dtls_run(LzDtlsPipe *pipe, LzTime until_ns);
void lz_test_dtls_write(LzDtlsPipe *pipe, LzDtlsSide *side, const char *message);       /* encrypts and sends */
/* A datagram arrives again, or one of the test's own making. */
void lz_test_dtls_inject(LzDtlsPipe *pipe, LzDtlsSide *to, LzBytes datagram);
const char *lz_test_dtls_message(const LzDtlsSide *side, unsigned number);      /* as text; NULL: not so many. Valid until the next */

#endif
