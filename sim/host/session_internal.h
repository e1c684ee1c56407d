/* A session as session.c and secure_session.c share it: what every session has, and beside it what only TLS needs. */
#ifndef SIM_HOST_SESSION_INTERNAL_H
#define SIM_HOST_SESSION_INTERNAL_H

#include "sim/host/internal.h"

typedef struct LzSecure LzSecure;

typedef enum { LZ_SESSION_CONNECTING, LZ_SESSION_HANDSHAKE, LZ_SESSION_OPEN, LZ_SESSION_CLOSED } LzSessionPhase;

struct LzSession {                      /* begins with what every message touches */
    LzHost *host;
    const LzSessionEvents *events;
    void *self;
    LzTcpSocket *tcp;                   /* NULL once orphaned or closed */
    LzSecure *secure;                   /* NULL: plain */
    uint8_t phase, reason;              /* LzSessionPhase; LzCloseReason once closed */
    bool wants_close;
    LzAddress peer;
    uint64_t stream_bytes;              /* handed to TCP so far */
    LzMessageId message;                /* a message whose end TCP has not sent, 0: none; more of them stand in marks */
    uint64_t message_end;               /* in the TCP stream */
    GArray *marks;                      /* Mark, in stream order; NULL until one is needed */
    guint marks_done;
    LzEvent event;                      /* the time limit of opening; later delivers closed() */
    LzSession *next, *previous;         /* of the host */
};

/* ---- session.c, for secure_session.c ---- */

/* closed() comes by itself in an event, never from inside a verb. */
void lz_session_end(LzSession *session, LzCloseReason reason);
void lz_session_finish_tcp(LzSession *session);         /* FIN after what was sent; TCP finishes alone */
void lz_session_hand_to_tcp(LzSession *session, LzBuffer *bytes, LzMessageId message);
void lz_session_open(LzSession *session);
void lz_session_trace(LzSession *session, LzTraceKind kind, int32_t code, const char *detail);

/* ---- secure_session.c, for session.c ---- */

LzSecure *lz_secure_new(LzSession *session, const LzTlsProfile *profile, const LzTlsClient *client);
void lz_secure_judge(LzSecure *secure, LzStatusClient *status);         /* of a server, before its handshake */
void lz_secure_free(LzSecure *secure);                  /* accepts NULL */
void lz_secure_stop(LzSecure *secure);                  /* the session has ended: no more work for the CPU */
void lz_secure_handshake(LzSecure *secure, bool speaks_first);
void lz_secure_received(LzSecure *secure, LzBytes records);
void lz_secure_send(LzSecure *secure, LzBytes bytes, LzMessageId message);
void lz_secure_close(LzSecure *secure);                 /* after what is to be sent */
void lz_secure_peer_finished(LzSecure *secure);
void lz_secure_opened(LzSecure *secure);                /* counts the handshake */
void lz_secure_unopened(LzSecure *secure);              /* counts one that came to nothing */
size_t lz_secure_unsent_bytes(const LzSecure *secure);  /* not encrypted yet */
const char *lz_secure_peer_name(const LzSecure *secure);
LzBytes lz_secure_peer_certificate(const LzSecure *secure);

#endif
