/* TCP: the stack of a host, demultiplexing, and the life of a connection as a table of states. */
#include "sim/net/tcp.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

#include "sim/core/blocks.h"
#include "sim/net/tcp_internal.h"

#define FIRST_SLOTS 8u
#define HOT_BYTES offsetof(LzTcpSocket, listener)       /* what a segment touches of a socket */
#define EPHEMERAL_FIRST 32768u          /* as Linux's ip_local_port_range */
#define EPHEMERAL_COUNT 28232u

const LzTcpOptions lz_tcp_options_default = {
    .mss = 1460,                        /* Ethernet 1500 - 20 - 20 */
    .receive_window_bytes = 262144,     /* assumed; Linux tunes between 128 kB and 6 MB */
    .window_scale = 3,                  /* RFC 7323 2.2: the least that can express the window */
    .initial_window_segments = 10,      /* RFC 6928 2 */
    .rto_initial_ns = LZ_SECONDS(1),    /* RFC 6298 2.1 */
    .rto_min_ns = LZ_MILLISECONDS(200), /* Linux TCP_RTO_MIN */
    .rto_max_ns = LZ_SECONDS(120),      /* Linux TCP_RTO_MAX */
    .delayed_ack_ns = LZ_MILLISECONDS(40),      /* Linux TCP_DELACK_MIN */
    .syn_retries = 6,                   /* Linux tcp_syn_retries */
    .synack_retries = 5,                /* Linux tcp_synack_retries */
    .data_retries = 15,                 /* Linux tcp_retries2 */
    .time_wait_ns = LZ_SECONDS(60),     /* Linux TCP_TIMEWAIT_LEN */
    .is_nagle = false,
    .has_sack = true,
    .keepalive_idle_ns = LZ_SECONDS(7200),      /* Linux tcp_keepalive_time; at least 2 h: RFC 1122 4.2.3.6 */
    .keepalive_interval_ns = LZ_SECONDS(75),    /* Linux tcp_keepalive_intvl */
    .keepalive_probes = 9,              /* Linux tcp_keepalive_probes */
    .counts_bytes = true,
    .congestion = &lz_tcp_newreno,
};

static const LzTcpCongestionOps *const congestion_controls[] = {&lz_tcp_cubic, &lz_tcp_newreno};

const LzTcpCongestionOps *lz_tcp_congestion_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(congestion_controls); i++) {
        if (strcmp(congestion_controls[i]->name, name) == 0) {
            return congestion_controls[i];
        }
    }
    return NULL;
}

const char *lz_tcp_congestion_name(const LzTcpCongestionOps *congestion)
{
    return congestion->name;
}

uint8_t lz_tcp_window_scale(uint32_t receive_window_bytes)
{
    uint8_t shift = 0;
    while (receive_window_bytes >> shift > UINT16_MAX) {
        shift++;
    }
    return shift;
}

/* ---- states ---- */

typedef struct StateRow {
    const char *name;
    unsigned successors;                /* bit per LzTcpState; every state may close */
} StateRow;

#define TO(state) (1u << LZ_TCP_##state)

/* RFC 9293 3.3.2, figure 5. */
static const StateRow states[] = {
    [LZ_TCP_CLOSED] = {"closed", TO(SYN_SENT) | TO(SYN_RECEIVED)},
    [LZ_TCP_SYN_SENT] = {"syn-sent", TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED)},
    [LZ_TCP_SYN_RECEIVED] = {"syn-received", TO(ESTABLISHED) | TO(CLOSED)},
    [LZ_TCP_ESTABLISHED] = {"established", TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED)},
    [LZ_TCP_FIN_WAIT_1] = {"fin-wait-1", TO(FIN_WAIT_2) | TO(CLOSING) | TO(CLOSED)},
    [LZ_TCP_FIN_WAIT_2] = {"fin-wait-2", TO(TIME_WAIT) | TO(CLOSED)},
    [LZ_TCP_CLOSE_WAIT] = {"close-wait", TO(LAST_ACK) | TO(CLOSED)},
    [LZ_TCP_CLOSING] = {"closing", TO(TIME_WAIT) | TO(CLOSED)},
    [LZ_TCP_LAST_ACK] = {"last-ack", TO(CLOSED)},
    [LZ_TCP_TIME_WAIT] = {"time-wait", TO(CLOSED)},
};
static_assert(G_N_ELEMENTS(states) == LZ_TCP_STATE_COUNT, "a row for every state");

void lz_tcp_move(LzTcpSocket *socket, LzTcpState state)
{
    if (!(states[socket->state].successors & 1u << state)) {
        g_error("TCP cannot go from %s to %s", states[socket->state].name, states[state].name);
    }
    socket->state = (uint8_t)state;
}

/* ---- demultiplexing ---- */

static inline uint64_t key_of(LzAddress peer, uint16_t peer_port, uint16_t local_port)
{
    return (uint64_t)peer << 32 | (uint64_t)peer_port << 16 | local_port;
}

static inline uint32_t home_slot(const LzTcp *tcp, uint64_t key)
{
    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (tcp->slot_count - 1);
}

/* The slot of the key, or the free one where it would go. */
static uint32_t find_slot(const LzTcp *tcp, uint64_t key)
{
    uint32_t slot = home_slot(tcp, key);
    while (tcp->slots[slot].socket && tcp->slots[slot].key != key) {
        slot = (slot + 1) & (tcp->slot_count - 1);
    }
    return slot;
}

static void grow_slots(LzTcp *tcp)
{
    g_autofree LzTcpSlot *old = tcp->slots;
    uint32_t old_count = tcp->slot_count;
    tcp->slot_count = old_count ? 2 * old_count : FIRST_SLOTS;
    tcp->slots = g_new0(LzTcpSlot, tcp->slot_count);
    for (uint32_t i = 0; old && i < old_count; i++) {
        if (old[i].socket) {
            tcp->slots[find_slot(tcp, old[i].key)] = old[i];
        }
    }
}

static inline uint64_t socket_key(const LzTcpSocket *socket)
{
    return key_of(socket->peer, socket->peer_port, socket->local_port);
}

static LzTcpSocket *find_socket(const LzTcp *tcp, uint64_t key)
{
    if (tcp->slots) {
        return tcp->slots[find_slot(tcp, key)].socket;
    }
    return tcp->sole && socket_key(tcp->sole) == key ? tcp->sole : NULL;
}

static void fill_slot(LzTcp *tcp, LzTcpSocket *socket)
{
    if (2 * (tcp->slots_used + 1) > tcp->slot_count) {
        grow_slots(tcp);
    }
    g_assert(tcp->slots);
    uint64_t key = socket_key(socket);
    tcp->slots[find_slot(tcp, key)] = (LzTcpSlot){key, socket};
    tcp->slots_used++;
}

static void hash_socket(LzTcpSocket *socket)
{
    LzTcp *tcp = socket->tcp;
    socket->is_hashed = true;
    if (!tcp->slots && !tcp->sole) {
        tcp->sole = socket;
        return;
    }
    if (tcp->sole) {
        fill_slot(tcp, tcp->sole);
        tcp->sole = NULL;
    }
    fill_slot(tcp, socket);
}

/* Linear probing without marks: what stands behind the gap and may move back does. */
static void unhash_socket(LzTcpSocket *socket)
{
    if (!socket->is_hashed) {
        return;
    }
    LzTcp *tcp = socket->tcp;
    socket->is_hashed = false;
    if (tcp->sole == socket) {
        tcp->sole = NULL;
        return;
    }
    uint32_t mask = tcp->slot_count - 1;
    uint32_t gap = find_slot(tcp, socket_key(socket));
    for (uint32_t slot = (gap + 1) & mask; tcp->slots[slot].socket; slot = (slot + 1) & mask) {
        uint32_t home = home_slot(tcp, tcp->slots[slot].key);
        if (((slot - home) & mask) >= ((slot - gap) & mask)) {
            tcp->slots[gap] = tcp->slots[slot];
            gap = slot;
        }
    }
    tcp->slots[gap] = (LzTcpSlot){0};
    tcp->slots_used--;
}

/* ---- the life of a socket ---- */

static void free_socket(LzTcpSocket *socket)
{
    lz_tcp_forget_losses(socket);
    if (socket->is_first) {
        socket->tcp->is_first_used = false;
    } else {
        lz_block_free(socket, sizeof *socket);
    }
}

/* Sockets outlive every call of ours that may still hold them. */
static void enter(LzTcp *tcp)
{
    tcp->depth++;
}

static void leave(LzTcp *tcp)
{
    if (--tcp->depth > 0) {
        return;
    }
    while (tcp->buried) {
        LzTcpSocket *socket = tcp->buried;
        tcp->buried = socket->next;
        free_socket(socket);
    }
}

static void bury(LzTcpSocket *socket)
{
    LzTcp *tcp = socket->tcp;
    lz_event_cancel(tcp->env.scheduler, &socket->notify);
    *(socket->previous ? &socket->previous->next : &tcp->sockets) = socket->next;
    if (socket->next) {
        socket->next->previous = socket->previous;
    }
    enter(tcp);
    socket->next = tcp->buried;
    tcp->buried = socket;
    leave(tcp);
}

static void stop_counting(LzTcpSocket *socket)
{
    if (socket->state != LZ_TCP_TIME_WAIT && socket->state != LZ_TCP_CLOSED) {
        socket->tcp->open_count--;
    }
}

/* Ends the connection without a word to anybody. */
static void let_go(LzTcpSocket *socket)
{
    LzScheduler *scheduler = socket->tcp->env.scheduler;
    lz_event_cancel(scheduler, &socket->timer);
    lz_event_cancel(scheduler, &socket->ack_timer);
    unhash_socket(socket);
    lz_tcp_forget_sent(socket);
    lz_tcp_forget_held(socket);
    if (socket->listener) {
        socket->listener->half_open--;
        socket->listener = NULL;
    }
    stop_counting(socket);
    if (socket->state != LZ_TCP_CLOSED) {
        lz_tcp_move(socket, LZ_TCP_CLOSED);
    }
}

void lz_tcp_notify(LzTcpSocket *socket)
{
    if (!lz_event_is_pending(&socket->notify)) {
        lz_schedule_after(socket->tcp->env.scheduler, &socket->notify, 0);
    }
}

static void note_closed(LzTcpSocket *socket, LzTcpCloseReason reason)
{
    if (socket->events && !socket->is_closed_due) {
        socket->is_closed_due = true;
        socket->close_reason = (uint8_t)reason;
        lz_tcp_notify(socket);
    }
}

void lz_tcp_finish(LzTcpSocket *socket, LzTcpCloseReason reason)
{
    let_go(socket);
    note_closed(socket, reason);
    if (!socket->events) {
        bury(socket);
    }
}

/* The application is done with the connection here; only the stack still waits. */
void lz_tcp_enter_time_wait(LzTcpSocket *socket)
{
    stop_counting(socket);
    lz_tcp_move(socket, LZ_TCP_TIME_WAIT);
    lz_tcp_forget_sent(socket);
    lz_tcp_forget_held(socket);
    lz_timer_after(socket->tcp->env.scheduler, &socket->timer, socket->tcp->options->time_wait_ns);
    note_closed(socket, LZ_TCP_CLOSED_LOCAL);
}

static void notify(void *owner)
{
    LzTcpSocket *socket = owner;
    LzTcp *tcp = socket->tcp;
    enter(tcp);
    if (socket->is_closed_due && socket->events) {
        const LzTcpEvents *events = socket->events;
        socket->events = NULL;
        socket->is_closed_due = false;
        if (socket->state == LZ_TCP_CLOSED) {
            bury(socket);
        }
        events->closed(socket->self, socket, (LzTcpCloseReason)socket->close_reason);
    }
    leave(tcp);
}

/* ---- timers ---- */

static void syn_timeout(LzTcpSocket *socket)
{
    const LzTcpOptions *options = socket->tcp->options;
    unsigned limit = socket->listener ? options->synack_retries : options->syn_retries;
    if (socket->retries >= limit) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_TIMEOUT);
        return;
    }
    socket->retries++;
    lz_tcp_count_timeout(socket->tcp);
    socket->rto.rto_ns = MIN(2 * socket->rto.rto_ns, options->rto_max_ns);
    lz_tcp_send_syn(socket);
}

static void probe(LzTcpSocket *socket)
{
    if (socket->retries >= socket->tcp->options->data_retries) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_TIMEOUT);
        return;
    }
    socket->retries++;
    socket->probe_backoff = (uint8_t)MIN(socket->probe_backoff + 1, 32);
    lz_tcp_send_probe(socket);
    lz_tcp_output(socket);              /* arms the next probe */
}

/* RFC 9293 3.8.4, as Linux does: a probe must be answered; who does not answer several is gone. */
static void keep_alive(LzTcpSocket *socket)
{
    const LzTcpOptions *options = socket->tcp->options;
    LzScheduler *scheduler = socket->tcp->env.scheduler;
    LzTime silent_ns = lz_tcp_now(socket) - socket->heard_ns;
    if (silent_ns < options->keepalive_idle_ns) {
        socket->retries = 0;
        lz_timer_after(scheduler, &socket->timer, options->keepalive_idle_ns - silent_ns);
    } else if (socket->retries >= options->keepalive_probes) {
        lz_tcp_send_reset(socket);
        lz_tcp_finish(socket, LZ_TCP_CLOSED_TIMEOUT);
    } else {
        socket->retries++;
        socket->tcp->stats.keepalives_out++;
        lz_tcp_count(socket->tcp, LZ_METRIC_TCP_KEEPALIVES);
        lz_tcp_send_probe(socket);
        lz_timer_after(scheduler, &socket->timer, options->keepalive_interval_ns);
    }
}

static void timer_fired(void *owner)
{
    LzTcpSocket *socket = owner;
    LzTcp *tcp = socket->tcp;
    enter(tcp);
    if (socket->state == LZ_TCP_TIME_WAIT || socket->state == LZ_TCP_FIN_WAIT_2) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_LOCAL);
    } else if (socket->state == LZ_TCP_SYN_SENT || socket->state == LZ_TCP_SYN_RECEIVED) {
        syn_timeout(socket);
    } else if (socket->is_probing) {
        probe(socket);
    } else if (socket->is_keeping_alive) {
        keep_alive(socket);
    } else {
        lz_tcp_timeout(socket);
    }
    leave(tcp);
}

static void ack_timer_fired(void *owner)
{
    lz_tcp_send_ack(owner);
}

/* Where a new socket goes: into the stack itself while that place is free. */
static LzTcpSocket *make_place(LzTcp *tcp)
{
    if (tcp->is_first_used) {
        return lz_block_new0(sizeof(LzTcpSocket));
    }
    tcp->is_first_used = true;
    tcp->first = (LzTcpSocket){.is_first = true};
    return &tcp->first;
}

static LzTcpSocket *new_socket(LzTcp *tcp, LzAddress peer, uint16_t peer_port, uint16_t local_port)
{
    LzTcpSocket *socket = make_place(tcp);
    socket->tcp = tcp;
    socket->next = tcp->sockets;
    if (tcp->sockets) {
        tcp->sockets->previous = socket;
    }
    tcp->sockets = socket;
    socket->peer = peer;
    socket->peer_port = peer_port;
    socket->local_port = local_port;
    socket->send.initial = lz_random_u32(&tcp->random);
    socket->send.end = 1;
    lz_rto_init(&socket->rto, tcp->options->rto_initial_ns);
    lz_event_init(&socket->timer, timer_fired, socket);
    lz_event_init(&socket->ack_timer, ack_timer_fired, socket);
    lz_event_init(&socket->notify, notify, socket);
    lz_event_set_fetch(&socket->timer, HOT_BYTES);
    lz_event_set_fetch(&socket->ack_timer, HOT_BYTES);
    return socket;
}

/* ---- verbs ---- */

/* A random free port (RFC 6056 3.3.1); 0 when every port to this peer is taken. */
static uint16_t choose_port(LzTcp *tcp, LzAddress address, uint16_t port)
{
    uint32_t start = (uint32_t)lz_random_below(&tcp->random, EPHEMERAL_COUNT);
    for (uint32_t i = 0; i < EPHEMERAL_COUNT; i++) {
        uint16_t local_port = (uint16_t)(EPHEMERAL_FIRST + (start + i) % EPHEMERAL_COUNT);
        if (!find_socket(tcp, key_of(address, port, local_port))) {
            return local_port;
        }
    }
    return 0;
}

LzTcpSocket *lz_tcp_connect(LzTcp *tcp, LzAddress address, uint16_t port, uint8_t dscp,
                            const LzTcpEvents *events, void *self)
{
    uint16_t local_port = choose_port(tcp, address, port);
    LzTcpSocket *socket = new_socket(tcp, address, port, local_port);
    socket->dscp = dscp;
    socket->events = events;
    socket->self = self;
    if (local_port == 0) {
        note_closed(socket, LZ_TCP_CLOSED_LOCAL);
        return socket;
    }
    hash_socket(socket);
    tcp->open_count++;
    lz_tcp_move(socket, LZ_TCP_SYN_SENT);
    lz_tcp_send_syn(socket);
    return socket;
}

static LzTcpListener *find_listener(const LzTcp *tcp, uint16_t port)
{
    LzTcpListener *listener = tcp->listeners;
    while (listener && listener->port != port) {
        listener = listener->next;
    }
    return listener;
}

void lz_tcp_listen(LzTcp *tcp, uint16_t port, unsigned backlog,
                   bool (*accepted)(void *owner, LzTcpSocket *socket), void *owner)
{
    g_assert(!find_listener(tcp, port));
    LzTcpListener *listener = g_new0(LzTcpListener, 1);
    listener->next = tcp->listeners;
    listener->port = port;
    listener->backlog = backlog;
    listener->accepted = accepted;
    listener->owner = owner;
    tcp->listeners = listener;
}

void lz_tcp_unlisten(LzTcp *tcp, uint16_t port)
{
    LzTcpListener **place = &tcp->listeners;
    while (*place && (*place)->port != port) {
        place = &(*place)->next;
    }
    LzTcpListener *listener = *place;
    if (!listener) {
        return;
    }
    *place = listener->next;
    for (LzTcpSocket *socket = tcp->sockets, *next; socket; socket = next) {
        next = socket->next;
        if (socket->listener == listener) {
            lz_tcp_finish(socket, LZ_TCP_CLOSED_LOCAL);
        }
    }
    g_free(listener);
}

void lz_tcp_socket_adopt(LzTcpSocket *socket, const LzTcpEvents *events, void *self)
{
    socket->events = events;
    socket->self = self;
}

void lz_tcp_close(LzTcpSocket *socket)
{
    if (socket->send.is_fin_queued || socket->state == LZ_TCP_CLOSED) {
        return;
    }
    socket->send.is_fin_queued = true;
    if (socket->state == LZ_TCP_SYN_SENT) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_LOCAL);
        return;
    }
    if (socket->state == LZ_TCP_ESTABLISHED) {
        lz_tcp_move(socket, LZ_TCP_FIN_WAIT_1);
    } else if (socket->state == LZ_TCP_CLOSE_WAIT) {
        lz_tcp_move(socket, LZ_TCP_LAST_ACK);
    }
    lz_tcp_output(socket);
}

void lz_tcp_abort(LzTcpSocket *socket)
{
    if (socket->state == LZ_TCP_CLOSED) {
        return;
    }
    if (socket->state != LZ_TCP_SYN_SENT && socket->state != LZ_TCP_TIME_WAIT) {
        lz_tcp_send_reset(socket);
    }
    lz_tcp_finish(socket, LZ_TCP_CLOSED_LOCAL);
}

void lz_tcp_orphan(LzTcpSocket *socket)
{
    LzScheduler *scheduler = socket->tcp->env.scheduler;
    socket->events = NULL;
    if (socket->state == LZ_TCP_CLOSED) {
        bury(socket);
    } else if (!socket->send.is_fin_queued) {
        lz_tcp_close(socket);
    } else if (socket->state == LZ_TCP_FIN_WAIT_2) {
        lz_timer_after(scheduler, &socket->timer, socket->tcp->options->time_wait_ns);
    }
}

uint64_t lz_tcp_unacknowledged(const LzTcpSocket *socket)
{
    return (uint64_t)MAX(socket->send.end - MAX(socket->send.una, 1), 0);
}

LzAddress lz_tcp_peer_address(const LzTcpSocket *socket)
{
    return socket->peer;
}

uint16_t lz_tcp_peer_port(const LzTcpSocket *socket)
{
    return socket->peer_port;
}

uint16_t lz_tcp_local_port(const LzTcpSocket *socket)
{
    return socket->local_port;
}

/* ---- packets in ---- */

static LzTcpSocket *new_half_open(LzTcp *tcp, LzTcpListener *listener, const LzPacket *packet)
{
    LzTcpSocket *socket = new_socket(tcp, packet->source, packet->source_port, packet->destination_port);
    socket->dscp = packet->dscp;
    socket->listener = listener;
    listener->half_open++;
    hash_socket(socket);
    tcp->open_count++;
    lz_tcp_move(socket, LZ_TCP_SYN_RECEIVED);
    return socket;
}

/* RFC 9293 3.10.7.2. */
static void open_passively(LzTcp *tcp, LzTcpListener *listener, const LzPacket *packet)
{
    if (listener->half_open >= listener->backlog && tcp->options->has_syn_cookies) {
        tcp->stats.cookies_out++;
        lz_tcp_count(tcp, LZ_METRIC_TCP_COOKIES);
        lz_tcp_send_cookie(tcp, packet, lz_tcp_cookie(tcp, packet));
        return;
    }
    if (listener->half_open >= listener->backlog) {
        tcp->stats.syn_dropped++;
        lz_tcp_count(tcp, LZ_METRIC_TCP_SYN_DROPPED);
        return;
    }
    LzTcpSocket *socket = new_half_open(tcp, listener, packet);
    lz_tcp_take_syn(socket, packet);
    lz_tcp_send_syn(socket);
}

/* The acknowledgement of a cookie brings back the SYN that was not remembered; then it is received as any other. */
static LzTcpSocket *accept_cookie(LzTcp *tcp, LzTcpListener *listener, const LzPacket *packet, uint16_t mss)
{
    LzTcpSocket *socket = new_half_open(tcp, listener, packet);
    LzPacket syn = {.sequence = packet->sequence - 1, .mss = mss, .window = packet->window};
    lz_tcp_take_syn(socket, &syn);
    socket->send.initial = packet->acknowledgement - 1;
    socket->send.nxt = socket->send.max = 1;
    lz_tcp_advertise(socket, 0);        /* as the SYN-ACK did */
    tcp->stats.cookies_accepted++;
    return socket;
}

/* RFC 9293 3.10.7.4, TIME-WAIT: a new SYN with a higher sequence number may open the connection again. */
static bool is_reopening(const LzTcpSocket *socket, const LzPacket *packet)
{
    return socket->state == LZ_TCP_TIME_WAIT && packet->tcp_flags == LZ_TCP_SYN &&
           (int32_t)(packet->sequence - (socket->receive.initial + (uint32_t)socket->receive.next)) > 0;
}

static void receive_unknown(LzTcp *tcp, LzPacket *packet)
{
    LzTcpListener *listener = find_listener(tcp, packet->destination_port);
    uint16_t mss = 0;
    unsigned control = packet->tcp_flags & (LZ_TCP_SYN | LZ_TCP_ACK | LZ_TCP_RST);
    if (listener && control == LZ_TCP_SYN) {
        open_passively(tcp, listener, packet);
    } else if (listener && control == LZ_TCP_ACK && tcp->options->has_syn_cookies && (mss = lz_tcp_check_cookie(tcp, packet)) > 0) {
        lz_tcp_arrive(accept_cookie(tcp, listener, packet, mss), packet);
        return;
    } else {
        lz_tcp_refuse(tcp, packet);
    }
    lz_packet_free(tcp->env.packets, packet);
}

void lz_tcp_receive(LzTcp *tcp, LzPacket *packet)
{
    tcp->stats.segments_in++;
    enter(tcp);
    LzTcpSocket *socket = find_socket(tcp, key_of(packet->source, packet->source_port, packet->destination_port));
    if (socket && is_reopening(socket, packet)) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_LOCAL);
        socket = NULL;
    }
    if (socket) {
        lz_tcp_arrive(socket, packet);
    } else {
        receive_unknown(tcp, packet);
    }
    leave(tcp);
}

/* ---- the stack ---- */

size_t lz_tcp_place_bytes(void)
{
    return sizeof(LzTcp);
}

LzTcp *lz_tcp_new(const LzEnv *env, LzAddress address, LzElement *output, const LzTcpOptions *options, void *place)
{
    g_assert(options->window_scale <= 14 && options->receive_window_bytes >> options->window_scale <= 65535);
    LzTcp *tcp = place ? place : lz_block_new0(sizeof(LzTcp));
    tcp->has_own_place = !place;
    tcp->env = *env;
    tcp->address = address;
    tcp->output = output;
    tcp->options = options;
    lz_env_random(env, LZ_PURPOSE_TCP, &tcp->random);
    return tcp;
}

void lz_tcp_reset(LzTcp *tcp)
{
    enter(tcp);
    while (tcp->sockets) {
        LzTcpSocket *socket = tcp->sockets;
        socket->events = NULL;
        let_go(socket);
        bury(socket);
    }
    while (tcp->listeners) {
        LzTcpListener *listener = tcp->listeners;
        tcp->listeners = listener->next;
        g_free(listener);
    }
    leave(tcp);
}

void lz_tcp_free(LzTcp *tcp)
{
    if (!tcp) {
        return;
    }
    lz_tcp_reset(tcp);
    while (tcp->unused_chunks) {
        LzTcpChunk *chunk = tcp->unused_chunks;
        tcp->unused_chunks = chunk->next;
        g_free(chunk);
    }
    g_free(tcp->slots);
    if (tcp->has_own_place) {
        lz_block_free(tcp, sizeof *tcp);
    }
}

void lz_tcp_expect(const LzTcp *tcp, const LzPacket *packet)
{
    uint64_t key = key_of(packet->source, packet->source_port, packet->destination_port);
    const LzTcpSocket *socket = tcp->slots ? tcp->slots[find_slot(tcp, key)].socket : tcp->sole;
    if (socket) {
        lz_cache_fetch(socket, HOT_BYTES);
    }
}

const LzTcpStats *lz_tcp_stats(const LzTcp *tcp)
{
    return &tcp->stats;
}

uint32_t lz_tcp_open_sockets(const LzTcp *tcp)
{
    return tcp->open_count;
}
