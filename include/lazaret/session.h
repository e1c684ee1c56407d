/* Sessions and hosts as applications see them, whatever is below: TLS or not, simulated or live. */
#ifndef LAZARET_SESSION_H
#define LAZARET_SESSION_H

#include "lazaret/env.h"

typedef struct LzHost LzHost;
typedef struct LzSession LzSession;
typedef struct LzTlsProfile LzTlsProfile;       /* a TLS configuration made by the world: versions, trust, a server's certificate */
typedef struct LzStatusClient LzStatusClient;   /* made by the world: see lazaret/status_client.h */
typedef struct LzCredential LzCredential;       /* private key and certificate of one entity, made by the world */

typedef enum {
    LZ_CLOSE_LOCAL,             /* we closed it */
    LZ_CLOSE_PEER,              /* the peer closed in order */
    LZ_CLOSE_RESET,             /* RST */
    LZ_CLOSE_TIMEOUT,           /* SYN or data retransmissions exhausted */
    LZ_CLOSE_TLS_LOCAL_ALERT,   /* we refused the peer */
    LZ_CLOSE_TLS_PEER_ALERT,    /* the peer refused us */
    LZ_CLOSE_TLS_ERROR,         /* TLS failed without an alert */
    LZ_CLOSE_POWER,             /* the host lost power */
    LZ_CLOSE_REASON_COUNT,
} LzCloseReason;
const char *lz_close_reason_name(LzCloseReason reason);

/* What an application sees. No call comes from inside a verb; after closed() the session is gone. */
typedef struct LzSessionEvents {
    void (*opened)(void *self, LzSession *session);
    void (*received)(void *self, LzSession *session, LzBytes bytes);
    void (*closed)(void *self, LzSession *session, LzCloseReason reason);
} LzSessionEvents;

/* ---- verbs on a host --------------------------------------------------------------------------- */

const char *lz_host_name(const LzHost *host);           /* "pump[7]" */
const LzEnv *lz_host_env(const LzHost *host);
LzAddress lz_host_address(const LzHost *host);
LzTime lz_host_wall_ns(const LzHost *host);             /* its clock, which may be wrong: ns since 1970 */

/* Client. tls NULL: plain TCP. events and self are borrowed for the session's life. dscp 0..63. */
typedef struct LzConnect {
    LzAddress address;
    uint16_t port;
    uint8_t dscp;
    const LzTlsProfile *tls;
    LzCredential *credential;           /* what it presents if it is asked to; NULL: nothing */
    const char *server_name;    /* SNI and the name that is verified; needed with tls */
    LzTime handshake_timeout_ns;        /* from SYN to open; 0 = none */
} LzConnect;
LzSession *lz_host_connect(LzHost *host, const LzConnect *connect, const LzSessionEvents *events, void *self);

/* Server: accepted() is called when TCP (before TLS) is established; returns the `self` of that
 * session's events, or NULL to refuse it with RST. opened() follows when TLS is open. */
typedef struct LzListen {
    uint16_t port;
    unsigned backlog;           /* accept queue + SYN queue, entries */
    const LzTlsProfile *tls;
    LzTime handshake_timeout_ns;        /* an accepted session that is not open by then is closed; 0 = none */
    LzStatusClient *status;             /* judges the certificates that clients show; NULL: nobody does. Borrowed */
} LzListen;
void lz_host_listen(LzHost *host, const LzListen *listen, const LzSessionEvents *events,
                    void *(*accepted)(void *service, LzSession *session), void *service);

/* Datagrams. A port is closed by power loss. bind: false when the port is taken; received() borrows the payload.
 * send: false when the payload does not fit into one packet (1,472 bytes); from a port that need not be bound;
 * message: its life's id, or 0. */
bool lz_host_bind_udp(LzHost *host, uint16_t port,
                      void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload), void *self);
typedef struct LzDatagram {
    LzAddress address;
    uint16_t port, source_port;
    uint8_t dscp;
    LzBytes payload;
} LzDatagram;
bool lz_host_send_udp(LzHost *host, const LzDatagram *datagram, LzMessageId message);
/* Whom to send them to, for a host that may have to get an address by DHCP, the time by NTP and the peer's address by DNS
 * first: told when it is known, at once when nothing is needed; 0 when the host has lost its own, and then again. Ends with
 * the host's power. Of connect: address, server_name. */
void lz_host_seek(LzHost *host, const LzConnect *connect, void (*told)(void *self, LzAddress address), void *self);

/* Occupies one of the host's cores for cost_ns, first come first served with its crypto; then fires
 * done (an idle event of the caller's). The caller cancels with lz_host_compute_cancel before done goes away. */
void lz_host_compute(LzHost *host, LzTime cost_ns, LzEvent *done);
void lz_host_compute_cancel(LzHost *host, LzEvent *done);

/* A ClientHello with fresh random and valid key share, as this host would send it (record bytes). Its CPU
 * cost is charged to the host: ready (an idle event of the caller's, or NULL; cancel with
 * lz_host_compute_cancel) fires when the CPU has made it, not before may it be sent. New buffer, owned by
 * the caller. For attacks. */
LzBuffer *lz_host_client_hello(LzHost *host, const LzTlsProfile *tls, const char *server_name, LzEvent *ready);

/* ---- verbs on a session ------------------------------------------------------------------------ */

/* Copies bytes. Encrypts into real records when the host's CPU comes to it, then TCP sends them.
 * message: its life's id, or 0. Sending on a session that is not open is a bug. */
void lz_session_send(LzSession *session, LzBytes bytes, LzMessageId message);
void lz_session_close(LzSession *session);      /* in order: close_notify, FIN; closed() follows */
void lz_session_abort(LzSession *session);      /* RST; closed(LOCAL) follows */
bool lz_session_is_open(const LzSession *session);
LzAddress lz_session_peer(const LzSession *session);
LzHost *lz_session_host(const LzSession *session);
size_t lz_session_unsent_bytes(const LzSession *session);       /* accepted by send, not yet acknowledged by the peer */
/* Name in the peer's certificate (CN), or NULL. Borrowed, valid while open. */
const char *lz_session_peer_name(const LzSession *session);
/* That certificate in DER; size 0: none was shown, or the session was resumed. Likewise. */
LzBytes lz_session_peer_certificate(const LzSession *session);

#endif
