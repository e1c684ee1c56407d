/* What the files of TCP share: the socket, and the jobs that each file does for the others. Private to
 * sim/net/tcp*.c.
 *
 * Both streams are counted in 64-bit positions: the SYN is position 0, the first byte 1, the FIN stands
 * after the last byte. Sequence numbers exist only on the wire. */
#ifndef SIM_NET_TCP_INTERNAL_H
#define SIM_NET_TCP_INTERNAL_H

#include <stdalign.h>

#include "lazaret/cache.h"
#include "lazaret/random.h"
#include "sim/net/tcp.h"

/* RFC 9293 3.3.2; LISTEN is an LzTcpListener. */
typedef enum {
    LZ_TCP_CLOSED,
    LZ_TCP_SYN_SENT,
    LZ_TCP_SYN_RECEIVED,
    LZ_TCP_ESTABLISHED,
    LZ_TCP_FIN_WAIT_1,
    LZ_TCP_FIN_WAIT_2,
    LZ_TCP_CLOSE_WAIT,
    LZ_TCP_CLOSING,
    LZ_TCP_LAST_ACK,
    LZ_TCP_TIME_WAIT,
    LZ_TCP_STATE_COUNT,
} LzTcpState;

typedef struct LzTcpListener LzTcpListener;
struct LzTcpListener {
    LzTcpListener *next;
    uint16_t port;
    unsigned backlog, half_open;
    bool (*accepted)(void *owner, LzTcpSocket *socket);
    void *owner;
};

/* Bytes that the caller sent, until they are acknowledged. */
typedef struct LzTcpChunk LzTcpChunk;
struct LzTcpChunk {
    LzTcpChunk *next;
    LzBuffer *buffer;                   /* one reference */
    uint32_t offset, size;
    int64_t start;                      /* position of the first byte */
};

typedef struct LzTcpRange { int64_t left, right; } LzTcpRange;

typedef struct LzTcpSender {
    int64_t una, nxt, max;              /* oldest unacknowledged; next to send; highest sent + 1 */
    int64_t end;                        /* after the last byte queued; the FIN's place */
    int64_t window, window_max;         /* as the peer last said; the largest it ever said */
    int64_t update_sequence, update_acknowledgement;    /* RFC 9293 SND.WL1, SND.WL2 */
    LzTcpChunk *first, *last, *cursor;  /* cursor: where the last search ended */
    uint32_t initial;                   /* sequence number of position 0 */
    uint16_t mss;
    uint8_t shift;                      /* of the peer's window */
    bool is_fin_queued;
} LzTcpSender;

typedef struct LzTcpReceiver {
    int64_t next;                       /* RCV.NXT */
    int64_t edge;                       /* right edge of the window that was advertised; never moves back */
    int64_t fin;                        /* position of the peer's FIN; 0 = not seen */
    LzPacket *held, *held_last;         /* out of order, by position */
    uint64_t unread_bytes;              /* what the application has not processed */
    uint32_t unacknowledged_bytes;      /* taken since the last ACK went out */
    uint32_t initial;
    uint8_t shift;
    int64_t recent[LZ_TCP_SACK_BLOCKS]; /* a position in each block last reported, latest first; 0 = none */
} LzTcpReceiver;

/* A congestion control: one file each. Windows are in bytes. */
struct LzTcpCongestionOps {
    const char *name;                   /* the scenario's word */
    /* A congestion event, once per recovery or timeout: returns the new threshold. */
    uint32_t (*reduce)(LzTcpSocket *socket, int64_t flight_bytes, bool is_timeout);
    /* Congestion avoidance: so many bytes were acknowledged, and the window had been used up. */
    void (*grow)(LzTcpSocket *socket, uint32_t acked_bytes);
};
extern const LzTcpCongestionOps lz_tcp_newreno, lz_tcp_cubic;

/* What CUBIC keeps of a connection that has lost something (RFC 9438 4.1.2). */
typedef struct LzTcpCubic {
    LzTime epoch_ns;                    /* when the present congestion avoidance began; -1: it has not */
    LzTime grown_ns;                    /* when the window last could grow */
    int64_t k_us;                       /* K: from the epoch's beginning to the plateau */
    uint32_t plateau_bytes;             /* W_max */
    uint32_t prior_bytes;               /* cwnd_prior */
    uint32_t estimate_bytes;            /* W_est: what Reno would have */
    uint64_t credit, estimate_credit;   /* what is left over from divisions */
    bool is_after_timeout;
} LzTcpCubic;

typedef struct LzTcpCongestion {
    uint32_t window_bytes, threshold_bytes;     /* cwnd, ssthresh */
    uint32_t acked_bytes;               /* counted towards the next increase in congestion avoidance */
    uint32_t duplicates;                /* duplicate ACKs in a row */
    uint32_t flight_bytes;              /* when the first of them came: limited transmit does not count */
    int64_t recover;                    /* highest position sent when recovery or a timeout began */
    int64_t retransmitted;              /* RFC 6675 HighRxt + 1 */
    int64_t lost_end;                   /* unsacked bytes before it are lost */
    uint32_t prr_flight_bytes;          /* RFC 6937 RecoverFS, prr_delivered, prr_out: of this recovery */
    uint32_t prr_delivered_bytes, prr_out_bytes;
    LzTcpRange *sacked;                 /* the scoreboard: sorted, disjoint, above una */
    LzTcpCubic *cubic;                  /* NULL until it is needed */
    uint16_t sacked_count, sacked_capacity;
    bool is_recovering, is_rescued;
} LzTcpCongestion;

struct LzTcpSocket {                    /* what every segment touches comes first */
    LzTcp *tcp;
    const LzTcpEvents *events;          /* NULL: nobody listens */
    void *self;
    LzAddress peer;
    uint16_t peer_port, local_port;
    uint8_t state, dscp;                /* state: LzTcpState, moved only by lz_tcp_move() */
    uint8_t retries;                    /* of what the timer repeats, without an answer */
    uint8_t probe_backoff;
    uint8_t close_reason;
    bool has_sack, has_scale;           /* agreed by both in the SYNs */
    bool is_hashed, is_first;           /* is_first: stands in its stack */
    bool is_probing;                    /* the timer probes a zero window */
    bool is_keeping_alive;              /* the timer watches an idle connection */
    bool is_ack_due;                    /* an ACK must go out at the end of this arrival */
    bool is_closed_due;                 /* what the notify event reports */
    bool is_timing;                     /* a round-trip time is being measured */
    LzTcpSender send;
    LzTcpReceiver receive;
    LzEvent ack_timer;
    LzEvent timer;                      /* retransmission, probe, or the end of TIME_WAIT */
    int64_t timed_end;
    LzTime timed_ns, last_sent_ns;
    LzRto rto;
    LzTcpCongestion congestion;
    LzTcpListener *listener;            /* while half-open */
    LzTime heard_ns;                    /* the last segment; kept up for keep-alive only */
    LzTcpSocket *next, *previous;       /* all of the stack */
    LzEvent notify;                     /* callbacks that a verb may not make */
};

typedef struct LzTcpSlot { uint64_t key; LzTcpSocket *socket; } LzTcpSlot;

struct LzTcp {                          /* what every segment touches comes first */
    LzEnv env;
    LzElement *output;                  /* borrowed */
    const LzTcpOptions *options;        /* borrowed */
    LzAddress address;
    unsigned depth;
    LzTcpSocket *buried;                /* freed when no call of ours is on the stack */
    LzTcpSocket *sole;                  /* while there are no slots: the only socket that is looked for */
    LzTcpSlot *slots;                   /* open addressing by 4-tuple, at most half full; NULL until a second socket */
    uint32_t slot_count, slots_used;
    LzTcpChunk *unused_chunks;
    LzTcpStats stats;
    uint32_t open_count;
    bool has_own_place, is_first_used;
    LzTcpListener *listeners;
    LzTcpSocket *sockets;
    LzRandom random;
    alignas(LZ_CACHE_LINE_BYTES) LzTcpSocket first;     /* a device has one connection: it stands where its stack does */
};

static inline LzTime lz_tcp_now(const LzTcpSocket *socket)
{
    return lz_now(socket->tcp->env.scheduler);
}

/* Something that is counted and rare. */
static inline void lz_tcp_count(const LzTcp *tcp, LzMetric metric)
{
    lz_probe_count(tcp->env.probes, tcp->options->scope, metric, 1);
}

static inline void lz_tcp_count_timeout(LzTcp *tcp)
{
    tcp->stats.timeouts++;
    lz_tcp_count(tcp, LZ_METRIC_TCP_TIMEOUTS);
}

static inline void lz_tcp_count_retransmission(LzTcp *tcp)
{
    tcp->stats.retransmitted++;
    lz_tcp_count(tcp, LZ_METRIC_TCP_RETRANSMITTED);
}

/* ---- tcp.c: states and lives ---- */
void lz_tcp_move(LzTcpSocket *socket, LzTcpState state);
/* The connection is over: closed() follows as an event, if anybody listens. */
void lz_tcp_finish(LzTcpSocket *socket, LzTcpCloseReason reason);
void lz_tcp_enter_time_wait(LzTcpSocket *socket);
void lz_tcp_notify(LzTcpSocket *socket);        /* arranges for the notify event */

/* ---- tcp_send.c: segments out ---- */
void lz_tcp_send_syn(LzTcpSocket *socket);      /* SYN or SYN-ACK according to state */
void lz_tcp_send_ack(LzTcpSocket *socket);
void lz_tcp_send_probe(LzTcpSocket *socket);
void lz_tcp_send_reset(LzTcpSocket *socket);
void lz_tcp_refuse(LzTcp *tcp, const LzPacket *packet);         /* RST in answer to a packet of no connection */
/* Sends size bytes from a position, and the FIN when it stands right after them. */
void lz_tcp_transmit(LzTcpSocket *socket, int64_t from, uint32_t size);
/* Sends what windows and the caller's data allow, sets the timer. */
void lz_tcp_output(LzTcpSocket *socket);
/* One segment of data that was never sent (or of what a timeout rewound); false: nothing may go. */
bool lz_tcp_send_next(LzTcpSocket *socket, int64_t limit);
void lz_tcp_arm_retransmission(LzTcpSocket *socket);
/* Nothing is on its way: the timer rests, or watches for keep-alive. */
void lz_tcp_rest(LzTcpSocket *socket);
void lz_tcp_send_cookie(LzTcp *tcp, const LzPacket *syn, uint32_t cookie);
void lz_tcp_forget_acknowledged(LzTcpSocket *socket);           /* chunks before una */
void lz_tcp_forget_sent(LzTcpSocket *socket);                   /* all chunks */

/* ---- tcp_cookie.c ---- */
uint32_t lz_tcp_cookie(const LzTcp *tcp, const LzPacket *syn);  /* the sequence number to answer with */
/* The MSS that the peer had asked for; 0: this acknowledges no cookie of ours. */
uint16_t lz_tcp_check_cookie(const LzTcp *tcp, const LzPacket *ack);

/* ---- tcp_recover.c: acknowledgements, congestion, loss ---- */
void lz_tcp_congestion_start(LzTcpSocket *socket);
/* False: it acknowledges what was never sent, the segment must be dropped. */
bool lz_tcp_acknowledge(LzTcpSocket *socket, const LzPacket *packet, int64_t position, int64_t acknowledgement);
void lz_tcp_sample_round_trip(LzTcpSocket *socket, int64_t acknowledgement);
void lz_tcp_timeout(LzTcpSocket *socket);
void lz_tcp_recovery_output(LzTcpSocket *socket);
int64_t lz_tcp_skip_sacked(const LzTcpSocket *socket, int64_t position);
uint32_t lz_tcp_initial_window(const LzTcpSocket *socket);
void lz_tcp_forget_losses(LzTcpSocket *socket);                 /* what only loss has made */

/* ---- tcp_receive.c: segments in ---- */
void lz_tcp_take_syn(LzTcpSocket *socket, const LzPacket *packet);
void lz_tcp_arrive(LzTcpSocket *socket, LzPacket *packet);      /* takes ownership */
void lz_tcp_fill_sack(const LzTcpSocket *socket, LzPacket *packet);
/* The window field to send now; moves the advertised edge. */
uint16_t lz_tcp_advertise(LzTcpSocket *socket, unsigned shift);
void lz_tcp_forget_held(LzTcpSocket *socket);

#endif
