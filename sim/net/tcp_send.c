/* TCP, segments out: what may be sent, in which pieces, and how a segment looks. */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

#define SACK_OPTION_BYTES (4u + 8u * LZ_TCP_SACK_BLOCKS)        /* with two no-operations, RFC 2018 3 */

/* ---- how a segment looks ---- */

static LzPacket *new_packet(LzTcp *tcp, LzAddress destination, uint16_t source_port, uint16_t destination_port)
{
    LzPacket *packet = lz_packet_new(tcp->env.packets);
    packet->source = tcp->address;
    packet->destination = destination;
    packet->source_port = source_port;
    packet->destination_port = destination_port;
    packet->protocol = LZ_IP_TCP;
    return packet;
}

static LzPacket *new_segment(LzTcpSocket *socket, int64_t position, unsigned flags)
{
    LzPacket *packet = new_packet(socket->tcp, socket->peer, socket->local_port, socket->peer_port);
    packet->dscp = socket->dscp;
    packet->tcp_flags = (uint8_t)flags;
    packet->sequence = socket->send.initial + (uint32_t)position;
    return packet;
}

static void emit(LzTcp *tcp, LzPacket *packet)
{
    tcp->stats.segments_out++;
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(tcp->output, packet);
}

/* Fills in what every segment of a connection says of the other direction. */
static void emit_acknowledging(LzTcpSocket *socket, LzPacket *packet)
{
    packet->tcp_flags |= LZ_TCP_ACK;
    packet->acknowledgement = socket->receive.initial + (uint32_t)socket->receive.next;
    packet->window = lz_tcp_advertise(socket, packet->tcp_flags & LZ_TCP_SYN ? 0 : socket->receive.shift);
    if (socket->receive.held && socket->has_sack) {
        lz_tcp_fill_sack(socket, packet);
    }
    socket->is_ack_due = false;
    socket->receive.unacknowledged_bytes = 0;
    lz_event_cancel(socket->tcp->env.scheduler, &socket->ack_timer);
    emit(socket->tcp, packet);
}

void lz_tcp_send_syn(LzTcpSocket *socket)
{
    const LzTcpOptions *options = socket->tcp->options;
    bool is_answer = socket->state == LZ_TCP_SYN_RECEIVED;
    LzPacket *packet = new_segment(socket, 0, LZ_TCP_SYN);
    packet->mss = options->mss;
    packet->sack_permitted = is_answer ? socket->has_sack : options->has_sack;
    if (options->window_scale > 0 && (!is_answer || socket->has_scale)) {
        packet->tcp_window_scale = (uint8_t)(options->window_scale + 1);
    }
    if (socket->send.max == 0) {
        socket->send.nxt = socket->send.max = 1;
        socket->is_timing = true;
        socket->timed_end = 1;
        socket->timed_ns = lz_tcp_now(socket);
    } else {
        socket->is_timing = false;
        lz_tcp_count_retransmission(socket->tcp);
    }
    lz_tcp_arm_retransmission(socket);
    if (is_answer) {
        emit_acknowledging(socket, packet);
        return;
    }
    packet->window = lz_tcp_advertise(socket, 0);
    emit(socket->tcp, packet);
}

void lz_tcp_send_cookie(LzTcp *tcp, const LzPacket *syn, uint32_t cookie)
{
    LzPacket *packet = new_packet(tcp, syn->source, syn->destination_port, syn->source_port);
    packet->dscp = syn->dscp;
    packet->tcp_flags = LZ_TCP_SYN | LZ_TCP_ACK;
    packet->sequence = cookie;
    packet->acknowledgement = syn->sequence + 1;
    packet->mss = tcp->options->mss;
    packet->window = (uint16_t)MIN(tcp->options->receive_window_bytes, UINT16_MAX);
    emit(tcp, packet);
}

void lz_tcp_send_ack(LzTcpSocket *socket)
{
    emit_acknowledging(socket, new_segment(socket, socket->send.max, 0));
}

/* As Linux probes: no data, an old sequence number, so that the peer must answer with its window. */
void lz_tcp_send_probe(LzTcpSocket *socket)
{
    emit_acknowledging(socket, new_segment(socket, socket->send.una - 1, 0));
}

void lz_tcp_send_reset(LzTcpSocket *socket)
{
    socket->tcp->stats.resets_out++;
    emit_acknowledging(socket, new_segment(socket, socket->send.max, LZ_TCP_RST));
}

/* RFC 9293 3.10.7.1. */
void lz_tcp_refuse(LzTcp *tcp, const LzPacket *packet)
{
    if (packet->tcp_flags & LZ_TCP_RST) {
        return;
    }
    LzPacket *reset = new_packet(tcp, packet->source, packet->destination_port, packet->source_port);
    reset->dscp = packet->dscp;
    reset->tcp_flags = LZ_TCP_RST;
    if (packet->tcp_flags & LZ_TCP_ACK) {
        reset->sequence = packet->acknowledgement;
    } else {
        uint32_t length = packet->payload_size;
        length += packet->tcp_flags & LZ_TCP_SYN ? 1 : 0;
        length += packet->tcp_flags & LZ_TCP_FIN ? 1 : 0;
        reset->tcp_flags |= LZ_TCP_ACK;
        reset->acknowledgement = packet->sequence + length;
    }
    tcp->stats.resets_out++;
    emit(tcp, reset);
}

/* ---- the caller's bytes ---- */

static void free_chunk(LzTcp *tcp, LzTcpChunk *chunk)
{
    lz_buffer_unref(chunk->buffer);
    chunk->next = tcp->unused_chunks;
    tcp->unused_chunks = chunk;
}

void lz_tcp_forget_acknowledged(LzTcpSocket *socket)
{
    LzTcpSender *send = &socket->send;
    while (send->first && send->first->start + send->first->size <= send->una) {
        LzTcpChunk *chunk = send->first;
        send->first = chunk->next;
        if (send->cursor == chunk) {
            send->cursor = NULL;
        }
        free_chunk(socket->tcp, chunk);
    }
    if (!send->first) {
        send->last = NULL;
    }
}

void lz_tcp_forget_sent(LzTcpSocket *socket)
{
    LzTcpSender *send = &socket->send;
    while (send->first) {
        LzTcpChunk *chunk = send->first;
        send->first = chunk->next;
        free_chunk(socket->tcp, chunk);
    }
    send->last = send->cursor = NULL;
}

void lz_tcp_send(LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    LzTcpSender *send = &socket->send;
    if (size == 0 || socket->state == LZ_TCP_CLOSED || send->is_fin_queued) {
        return;
    }
    LzTcp *tcp = socket->tcp;
    LzTcpChunk *chunk = tcp->unused_chunks;
    if (chunk) {
        tcp->unused_chunks = chunk->next;
    } else {
        chunk = g_new(LzTcpChunk, 1);
    }
    *chunk = (LzTcpChunk){.buffer = lz_buffer_ref(buffer), .offset = offset, .size = size, .start = send->end};
    *(send->last ? &send->last->next : &send->first) = chunk;
    send->last = chunk;
    send->end += size;
    lz_tcp_output(socket);
}

static LzTcpChunk *find_chunk(LzTcpSocket *socket, int64_t position)
{
    LzTcpSender *send = &socket->send;
    LzTcpChunk *chunk = send->cursor && send->cursor->start <= position ? send->cursor : send->first;
    while (chunk->start + chunk->size <= position) {
        chunk = chunk->next;
    }
    send->cursor = chunk;
    return chunk;
}

/* Copies only when a segment covers what the caller sent in several pieces. */
static void attach_payload(LzTcpSocket *socket, LzPacket *packet, int64_t from, uint32_t size)
{
    const LzTcpChunk *chunk = find_chunk(socket, from);
    uint32_t skip = (uint32_t)(from - chunk->start);
    packet->payload_size = size;
    if (chunk->size - skip >= size) {
        packet->payload = lz_buffer_ref(chunk->buffer);
        packet->payload_offset = chunk->offset + skip;
        return;
    }
    packet->payload = lz_buffer_new(size);
    for (uint32_t done = 0; done < size; chunk = chunk->next, skip = 0) {
        uint32_t part = MIN(chunk->size - skip, size - done);
        memcpy(packet->payload->data + done, chunk->buffer->data + chunk->offset + skip, part);
        done += part;
    }
}

/* ---- what may be sent ---- */

void lz_tcp_arm_retransmission(LzTcpSocket *socket)
{
    socket->is_probing = socket->is_keeping_alive = false;
    lz_timer_after(socket->tcp->env.scheduler, &socket->timer, socket->rto.rto_ns);
}

void lz_tcp_rest(LzTcpSocket *socket)
{
    const LzTcpOptions *options = socket->tcp->options;
    bool is_open = socket->state == LZ_TCP_ESTABLISHED || socket->state == LZ_TCP_CLOSE_WAIT;
    socket->is_keeping_alive = options->keeps_alive && is_open;
    if (socket->is_keeping_alive) {
        lz_timer_after(socket->tcp->env.scheduler, &socket->timer, options->keepalive_idle_ns);
    } else {
        lz_event_cancel(socket->tcp->env.scheduler, &socket->timer);
    }
}

/* One round-trip time is measured at a time, and never over a retransmission (Karn, RFC 6298 3). */
static void note_transmission(LzTcpSocket *socket, int64_t from, int64_t to)
{
    LzTcpSender *send = &socket->send;
    socket->last_sent_ns = lz_tcp_now(socket);
    if (from < send->max) {
        lz_tcp_count_retransmission(socket->tcp);
        socket->is_timing = false;
    } else if (!socket->is_timing) {
        socket->is_timing = true;
        socket->timed_end = to;
        socket->timed_ns = socket->last_sent_ns;
    }
    if (to > send->max) {
        send->max = to;
        if (socket->events && socket->events->sent) {
            socket->events->sent(socket->self, socket, (uint64_t)(MIN(send->max, send->end) - 1));
        }
    }
    send->nxt = MAX(send->nxt, to);
}

void lz_tcp_transmit(LzTcpSocket *socket, int64_t from, uint32_t size)
{
    const LzTcpSender *send = &socket->send;
    int64_t to = from + size;
    bool has_fin = send->is_fin_queued && to == send->end;
    LzPacket *packet = new_segment(socket, from, 0);
    if (size > 0) {
        attach_payload(socket, packet, from, size);
        packet->tcp_flags |= to == send->end ? LZ_TCP_PSH : 0;
    }
    packet->tcp_flags |= has_fin ? LZ_TCP_FIN : 0;
    note_transmission(socket, from, to + has_fin);
    if (socket->is_probing || socket->is_keeping_alive || !lz_event_is_pending(&socket->timer)) {
        lz_tcp_arm_retransmission(socket);
    }
    emit_acknowledging(socket, packet);
}

static bool may_send_data(const LzTcpSocket *socket)
{
    switch ((LzTcpState)socket->state) {
    case LZ_TCP_ESTABLISHED:
    case LZ_TCP_CLOSE_WAIT:
    case LZ_TCP_FIN_WAIT_1:
    case LZ_TCP_CLOSING:
    case LZ_TCP_LAST_ACK:
        return true;
    case LZ_TCP_CLOSED:
    case LZ_TCP_SYN_SENT:
    case LZ_TCP_SYN_RECEIVED:
    case LZ_TCP_FIN_WAIT_2:
    case LZ_TCP_TIME_WAIT:
    case LZ_TCP_STATE_COUNT:
        return false;
    }
    return false;
}

/* A segment that carries SACK blocks must still fit the path. */
static int64_t segment_max(const LzTcpSocket *socket)
{
    return socket->receive.held && socket->has_sack ? socket->send.mss - (int64_t)SACK_OPTION_BYTES : socket->send.mss;
}

/* Sender's silly window avoidance (RFC 9293 3.8.6.2.1) and Nagle (3.7.4). */
static bool is_worth_sending(const LzTcpSocket *socket, int64_t size, int64_t pending)
{
    const LzTcpSender *send = &socket->send;
    if (size == segment_max(socket) || send->una == send->nxt) {
        return true;
    }
    if (size == pending) {
        return !socket->tcp->options->is_nagle || send->is_fin_queued;
    }
    return 2 * size >= send->window_max;
}

bool lz_tcp_send_next(LzTcpSocket *socket, int64_t limit)
{
    LzTcpSender *send = &socket->send;
    if (send->nxt < send->max) {
        send->nxt = lz_tcp_skip_sacked(socket, send->nxt);
    }
    if (send->nxt > send->end) {
        return false;
    }
    int64_t pending = send->end - send->nxt;
    if (pending == 0) {
        if (!send->is_fin_queued) {
            return false;
        }
        lz_tcp_transmit(socket, send->nxt, 0);
        return true;
    }
    int64_t size = MIN(MIN(pending, segment_max(socket)), limit - send->nxt);
    if (size <= 0 || !is_worth_sending(socket, size, pending)) {
        return false;
    }
    lz_tcp_transmit(socket, send->nxt, (uint32_t)size);
    return true;
}

/* Limited transmit (RFC 3042): the first two duplicate ACKs each let one new segment go. */
static int64_t send_limit(const LzTcpSocket *socket)
{
    const LzTcpCongestion *congestion = &socket->congestion;
    int64_t window = congestion->window_bytes;
    if (!congestion->is_recovering && socket->send.nxt == socket->send.max) {
        window += (int64_t)MIN(congestion->duplicates, 2u) * socket->send.mss;
    }
    return socket->send.una + MIN(window, socket->send.window);
}

/* RFC 5681 4.1: after an idle time of one RTO the path must be learnt again. */
static void restart_after_idle(LzTcpSocket *socket)
{
    if (socket->send.una == socket->send.max && lz_tcp_now(socket) - socket->last_sent_ns > socket->rto.rto_ns) {
        socket->congestion.window_bytes = MIN(socket->congestion.window_bytes, lz_tcp_initial_window(socket));
    }
}

static bool has_unsent(const LzTcpSender *send)
{
    return send->nxt < send->end || (send->is_fin_queued && send->nxt == send->end);
}

/* RFC 9293 3.8.6.1: data waits, nothing is on its way, so no ACK will tell of a window. */
static void arm_probe(LzTcpSocket *socket)
{
    LzTime interval_ns = socket->rto.rto_ns;
    for (unsigned i = 0; i < socket->probe_backoff && interval_ns < socket->tcp->options->rto_max_ns; i++) {
        interval_ns *= 2;
    }
    socket->is_probing = true;
    socket->is_keeping_alive = false;
    lz_timer_after(socket->tcp->env.scheduler, &socket->timer, MIN(interval_ns, socket->tcp->options->rto_max_ns));
}

void lz_tcp_output(LzTcpSocket *socket)
{
    if (!may_send_data(socket)) {
        return;
    }
    if (socket->congestion.is_recovering && socket->has_sack) {
        lz_tcp_recovery_output(socket);
        return;
    }
    if (!has_unsent(&socket->send)) {
        return;
    }
    restart_after_idle(socket);
    while (lz_tcp_send_next(socket, send_limit(socket))) {
    }
    if (socket->send.una == socket->send.max && has_unsent(&socket->send) &&
        (socket->is_keeping_alive || !lz_event_is_pending(&socket->timer))) {
        arm_probe(socket);
    }
}
