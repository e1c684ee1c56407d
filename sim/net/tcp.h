/* TCP (RFC 9293) of one simulated host: full state machine, RTO by RFC 6298, NewReno (RFC 5681, 6582)
 * or CUBIC (RFC 9438) with SACK (RFC 2018, 6675), limited transmit (RFC 3042), delayed ACK, Nagle switch, MSS,
 * window scaling (RFC 7323), IW10 (RFC 6928), backlog with or without SYN cookies (RFC 4987), keep-alive, TIME_WAIT.
 * Payload is carried by reference. */
#ifndef SIM_NET_TCP_H
#define SIM_NET_TCP_H

#include "lazaret/element.h"
#include "lazaret/env.h"

typedef struct LzTcp LzTcp;                     /* the stack of one host */
typedef struct LzTcpSocket LzTcpSocket;
typedef struct LzTcpCongestionOps LzTcpCongestionOps;   /* how the window grows and shrinks */

typedef enum { LZ_TCP_CLOSED_LOCAL, LZ_TCP_CLOSED_PEER, LZ_TCP_CLOSED_RESET, LZ_TCP_CLOSED_TIMEOUT } LzTcpCloseReason;

/* Never called from inside a verb of the same socket, but for sent(), which may call none. After closed() the socket is gone; who closed first
 * hears it on entering TIME_WAIT, which the stack waits out alone. */
typedef struct LzTcpEvents {
    void (*connected)(void *self, LzTcpSocket *socket);         /* client: SYN-ACK arrived */
    /* In-order stream bytes; the slice refers to buffer, take a reference to keep it. */
    void (*received)(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size);
    void (*sent)(void *self, LzTcpSocket *socket, uint64_t stream_end);         /* first transmission reached this stream offset; may be NULL */
    void (*acknowledged)(void *self, LzTcpSocket *socket, uint64_t stream_end); /* may be NULL */
    void (*peer_finished)(void *self, LzTcpSocket *socket);     /* FIN: no more bytes will come */
    void (*closed)(void *self, LzTcpSocket *socket, LzTcpCloseReason reason);
} LzTcpEvents;

/* Constants, each with its source in tcp.c; a test or a scenario may change them per stack. */
typedef struct LzTcpOptions {
    uint16_t mss;                       /* 1460 */
    uint32_t receive_window_bytes;      /* 262144; also bounds reassembly */
    uint8_t window_scale;               /* 0 … 14; enough for the window; 0: the option is not sent */
    unsigned initial_window_segments;   /* 10, RFC 6928 */
    LzTime rto_initial_ns;              /* 1 s, RFC 6298 2.1 */
    LzTime rto_min_ns;                  /* floor of the variance term, 200 ms as Linux: RTO >= SRTT + this */
    LzTime rto_max_ns;                  /* 120 s as Linux */
    LzTime delayed_ack_ns;              /* 40 ms as Linux's minimum */
    unsigned syn_retries;               /* 6 */
    unsigned synack_retries;            /* 5 */
    unsigned data_retries;              /* 15 */
    LzTime time_wait_ns;                /* 60 s as Linux */
    bool is_nagle;                      /* false: MQTT and TLS send whole messages */
    bool has_sack;
    bool has_syn_cookies;               /* RFC 4987 3.6, when the backlog is full; false: SYNs are dropped */
    bool keeps_alive;                   /* RFC 9293 3.8.4; false */
    LzTime keepalive_idle_ns, keepalive_interval_ns;    /* 7200 s, 75 s */
    unsigned keepalive_probes;          /* 9 */
    bool counts_bytes;                  /* RFC 3465; false: congestion avoidance counts acknowledgements, RFC 5681 equation 3 */
    const LzTcpCongestionOps *congestion;       /* NewReno */
    LzScope scope;                      /* LZ_SCOPE_TCP that retransmissions are counted for; 0: nowhere */
} LzTcpOptions;
extern const LzTcpOptions lz_tcp_options_default;

/* The least shift that a window of so many bytes can be told with (RFC 7323 2.2); 0: no option is needed. */
uint8_t lz_tcp_window_scale(uint32_t receive_window_bytes);
/* "newreno", "cubic"; NULL: there is none of that name. */
const LzTcpCongestionOps *lz_tcp_congestion_find(const char *name);
const char *lz_tcp_congestion_name(const LzTcpCongestionOps *congestion);

/* output: where packets go (the host's NIC chain), which must not hand one back before it returns. options:
 * borrowed, may be shared by many stacks. place: lz_tcp_place_bytes() zeroed and aligned bytes beside what its
 * owner uses with it, freed by the owner after lz_tcp_free(); or NULL. */
#define LZ_TCP_PLACE_ALIGNMENT 64u
size_t lz_tcp_place_bytes(void);
LzTcp *lz_tcp_new(const LzEnv *env, LzAddress address, LzElement *output, const LzTcpOptions *options, void *place);
/* Silently forgets everything, listeners too (power loss): no packet, no callback. */
void lz_tcp_reset(LzTcp *tcp);
void lz_tcp_free(LzTcp *tcp);

/* A packet for this host arrived; takes ownership. Unknown connection: RST (RFC 9293 3.10.7.1). */
void lz_tcp_receive(LzTcp *tcp, LzPacket *packet);
/* The packet is on its way to this host: fetches what receiving it will touch. */
void lz_tcp_expect(const LzTcp *tcp, const LzPacket *packet);

LzTcpSocket *lz_tcp_connect(LzTcp *tcp, LzAddress address, uint16_t port, uint8_t dscp,
                            const LzTcpEvents *events, void *self);
/* accepted() is called when a connection is established; it sets events and self with
 * lz_tcp_socket_adopt(), or returns false to reset it. backlog: half-open plus unaccepted. */
void lz_tcp_listen(LzTcp *tcp, uint16_t port, unsigned backlog,
                   bool (*accepted)(void *owner, LzTcpSocket *socket), void *owner);
void lz_tcp_unlisten(LzTcp *tcp, uint16_t port);
void lz_tcp_socket_adopt(LzTcpSocket *socket, const LzTcpEvents *events, void *self);

/* Takes one reference on buffer itself. Unlimited send buffer: the caller watches unacknowledged(). Bytes
 * sent after lz_tcp_close(), or when the connection has just ended, vanish. */
void lz_tcp_send(LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size);
void lz_tcp_close(LzTcpSocket *socket);         /* FIN after what was sent */
void lz_tcp_abort(LzTcpSocket *socket);         /* RST; closed(LOCAL) follows as an event */
/* Detach events: no callback any more; the connection closes by itself, the handle is no longer valid. */
void lz_tcp_orphan(LzTcpSocket *socket);

/* The application holds so many received bytes that it has not processed (0 unless told): the window that
 * is offered shrinks by them, and an update goes out when it opens again. */
void lz_tcp_set_unread(LzTcpSocket *socket, uint64_t unread_bytes);

uint64_t lz_tcp_unacknowledged(const LzTcpSocket *socket);      /* bytes sent by the caller, not yet acknowledged */
LzAddress lz_tcp_peer_address(const LzTcpSocket *socket);
uint16_t lz_tcp_peer_port(const LzTcpSocket *socket);
uint16_t lz_tcp_local_port(const LzTcpSocket *socket);

/* Counters of the stack, for reports and tests. */
typedef struct LzTcpStats {
    uint64_t segments_out, segments_in, retransmitted, timeouts, fast_recoveries, resets_out, syn_dropped, duplicate_acks_in;
    uint64_t cookies_out, cookies_accepted, keepalives_out;
    uint64_t acknowledged_bytes;        /* that the peers of this stack acknowledged */
} LzTcpStats;
const LzTcpStats *lz_tcp_stats(const LzTcp *tcp);
uint32_t lz_tcp_open_sockets(const LzTcp *tcp);         /* half-open ones too; without TIME_WAIT */

/* Pure RTO estimator (RFC 6298), public for its test. min_ns is the floor of the variance term. */
typedef struct LzRto { LzTime srtt_ns, rttvar_ns, rto_ns; bool has_sample; } LzRto;
void lz_rto_init(LzRto *rto, LzTime initial_ns);
void lz_rto_sample(LzRto *rto, LzTime rtt_ns, LzTime min_ns, LzTime max_ns);

/* Pure: CUBIC's K (RFC 9438 4.2), the time from a window to a plateau above it, public for its test. */
int64_t lz_cubic_k_us(uint32_t window_bytes, uint32_t plateau_bytes, uint32_t mss);

#endif
