/* TCP, segments in: RFC 9293 3.10.7 in its order, reassembly, and when to acknowledge. The peer hears of a
 * segment before the application does, as from a kernel. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

#define FALLBACK_MSS 536u               /* RFC 9293 3.7.1: without the option */
#define WINDOW_FIELD_MAX 65535

/* What one arrival brings to the application. */
typedef struct Arrival {
    LzPacket *first, *last;             /* in-order data, owned */
    LzTcpListener *listener;            /* the handshake is complete: to be accepted */
    bool is_connected, is_acknowledged, is_finished;
} Arrival;

static int64_t position_of(const LzTcpSocket *socket, uint32_t sequence)
{
    const LzTcpReceiver *receive = &socket->receive;
    return receive->next + (int32_t)(sequence - (receive->initial + (uint32_t)receive->next));
}

static int64_t acknowledged_position(const LzTcpSocket *socket, uint32_t acknowledgement)
{
    const LzTcpSender *send = &socket->send;
    return send->una + (int32_t)(acknowledgement - (send->initial + (uint32_t)send->una));
}

/* ---- the window we offer ---- */

/* RFC 9293 3.8.6.2.2: the edge moves by a segment or half the buffer, never in small steps, never back. */
uint16_t lz_tcp_advertise(LzTcpSocket *socket, unsigned shift)
{
    LzTcpReceiver *receive = &socket->receive;
    const LzTcpOptions *options = socket->tcp->options;
    int64_t size = options->receive_window_bytes;
    int64_t free_bytes = size - (int64_t)MIN(receive->unread_bytes, (uint64_t)size);
    int64_t edge = receive->next + free_bytes;
    if (edge < receive->edge + MIN(size / 2, options->mss)) {
        edge = receive->edge;
    }
    int64_t unit = INT64_C(1) << shift;
    int64_t field = MIN((MAX(edge - receive->next, 0) + unit - 1) / unit, WINDOW_FIELD_MAX);
    receive->edge = MAX(receive->edge, receive->next + field * unit);
    return (uint16_t)field;
}

void lz_tcp_set_unread(LzTcpSocket *socket, uint64_t unread_bytes)
{
    LzTcpReceiver *receive = &socket->receive;
    const LzTcpOptions *options = socket->tcp->options;
    bool is_less = unread_bytes < receive->unread_bytes;
    receive->unread_bytes = unread_bytes;
    if (!is_less || socket->state < LZ_TCP_ESTABLISHED || receive->fin > 0 || unread_bytes >= options->receive_window_bytes) {
        return;
    }
    /* A window update is worth a segment when the peer had less than half of the buffer to go. */
    int64_t edge = receive->next + (int64_t)(options->receive_window_bytes - unread_bytes);
    int64_t offered_bytes = receive->edge - receive->next;
    if (edge >= receive->edge + MIN(options->receive_window_bytes / 2, options->mss) &&
        2 * offered_bytes <= (int64_t)options->receive_window_bytes) {
        lz_tcp_send_ack(socket);
    }
}

/* ---- segments held out of order ---- */

static int64_t end_of(const LzTcpSocket *socket, const LzPacket *packet)
{
    return position_of(socket, packet->sequence) + packet->payload_size;
}

/* The block of held bytes around a position; false when it holds none. */
static bool find_block(const LzTcpSocket *socket, int64_t position, LzTcpRange *ret_block)
{
    const LzPacket *packet = socket->receive.held;
    while (packet) {
        LzTcpRange block = {position_of(socket, packet->sequence), end_of(socket, packet)};
        for (packet = packet->next; packet && position_of(socket, packet->sequence) <= block.right; packet = packet->next) {
            block.right = MAX(block.right, end_of(socket, packet));
        }
        if (position < block.left) {
            return false;
        }
        if (position < block.right) {
            *ret_block = block;
            return true;
        }
    }
    return false;
}

/* RFC 2018 4: the block that changed last comes first, then the others by how recent they are. */
static void remember_block(LzTcpSocket *socket, int64_t position)
{
    int64_t *recent = socket->receive.recent;
    LzTcpRange block = {0, 0};
    find_block(socket, position, &block);
    int64_t keep = position;
    for (unsigned i = 0; i < LZ_TCP_SACK_BLOCKS; i++) {
        int64_t present = recent[i];
        recent[i] = keep;
        if (present == 0 || (present >= block.left && present < block.right)) {
            return;
        }
        keep = present;
    }
}

void lz_tcp_fill_sack(const LzTcpSocket *socket, LzPacket *packet)
{
    for (unsigned i = 0; i < LZ_TCP_SACK_BLOCKS; i++) {
        LzTcpRange block;
        if (socket->receive.recent[i] < socket->receive.next || !find_block(socket, socket->receive.recent[i], &block)) {
            continue;
        }
        bool is_told = false;
        for (unsigned told = 0; told < packet->sack_count; told++) {
            is_told |= packet->sack[told].left == socket->receive.initial + (uint32_t)block.left;
        }
        if (!is_told) {
            packet->sack[packet->sack_count].left = socket->receive.initial + (uint32_t)block.left;
            packet->sack[packet->sack_count].right = socket->receive.initial + (uint32_t)block.right;
            packet->sack_count++;
        }
    }
}

/* Keeps a packet in its place, by position; one that brings nothing new is freed. */
static void hold(LzTcpSocket *socket, LzPacket *packet)
{
    LzTcpReceiver *receive = &socket->receive;
    int64_t position = position_of(socket, packet->sequence);
    LzTcpRange block;
    if (find_block(socket, position, &block) && end_of(socket, packet) <= block.right) {
        lz_packet_free(socket->tcp->env.packets, packet);
        return;
    }
    packet->next = NULL;
    if (!receive->held || position >= position_of(socket, receive->held_last->sequence)) {
        *(receive->held ? &receive->held_last->next : &receive->held) = packet;
        receive->held_last = packet;
    } else {
        LzPacket **place = &receive->held;
        while (*place && position_of(socket, (*place)->sequence) <= position) {
            place = &(*place)->next;
        }
        packet->next = *place;
        *place = packet;
    }
    remember_block(socket, position);
}

void lz_tcp_forget_held(LzTcpSocket *socket)
{
    LzTcpReceiver *receive = &socket->receive;
    while (receive->held) {
        LzPacket *packet = receive->held;
        receive->held = packet->next;
        lz_packet_free(socket->tcp->env.packets, packet);
    }
    receive->held_last = NULL;
}

/* ---- data ---- */

/* Cuts off what was received before and what lies beyond the window. */
static void trim(const LzTcpSocket *socket, LzPacket *packet)
{
    const LzTcpReceiver *receive = &socket->receive;
    int64_t position = position_of(socket, packet->sequence);
    int64_t end = MIN(position + packet->payload_size, MAX(receive->edge, receive->next));
    int64_t skip = CLAMP(receive->next - position, 0, (int64_t)packet->payload_size);
    packet->sequence += (uint32_t)skip;
    packet->payload_offset += (uint32_t)skip;
    packet->payload_size = (uint32_t)MAX(end - position - skip, 0);
}

static void take_in_order(LzTcpSocket *socket, LzPacket *packet, Arrival *arrival)
{
    socket->receive.next += packet->payload_size;
    socket->receive.unacknowledged_bytes += packet->payload_size;
    packet->next = NULL;
    *(arrival->last ? &arrival->last->next : &arrival->first) = packet;
    arrival->last = packet;
}

static void take_held(LzTcpSocket *socket, Arrival *arrival)
{
    LzTcpReceiver *receive = &socket->receive;
    while (receive->held && position_of(socket, receive->held->sequence) <= receive->next) {
        LzPacket *packet = receive->held;
        receive->held = packet->next;
        trim(socket, packet);
        if (packet->payload_size > 0) {
            take_in_order(socket, packet, arrival);
        } else {
            lz_packet_free(socket->tcp->env.packets, packet);
        }
    }
    if (!receive->held) {
        receive->held_last = NULL;
    }
}

/* RFC 5681 4.2: at once when a gap appears or closes, and as soon as more than one full segment waits, as Linux
 * does: for every second full segment, and for the end of a message that did not fit into one. */
static void take_data(LzTcpSocket *socket, LzPacket *packet, Arrival *arrival)
{
    LzTcpReceiver *receive = &socket->receive;
    trim(socket, packet);
    if (packet->payload_size == 0) {
        socket->is_ack_due = true;
        lz_packet_free(socket->tcp->env.packets, packet);
        return;
    }
    bool has_gap = receive->held || position_of(socket, packet->sequence) > receive->next;
    if (position_of(socket, packet->sequence) > receive->next) {
        hold(socket, packet);
    } else {
        take_in_order(socket, packet, arrival);
        take_held(socket, arrival);
    }
    uint32_t full_bytes = MIN(socket->send.mss, socket->tcp->options->mss);
    if (has_gap || receive->unacknowledged_bytes > full_bytes || socket->tcp->options->delayed_ack_ns == 0) {
        socket->is_ack_due = true;
    }
}

/* ---- FIN ---- */

static void fin_received(LzTcpSocket *socket, Arrival *arrival)
{
    LzTcpReceiver *receive = &socket->receive;
    if (receive->fin == 0 || receive->next != receive->fin) {
        return;
    }
    receive->next++;
    socket->is_ack_due = true;
    arrival->is_finished = true;
    if (socket->state == LZ_TCP_ESTABLISHED) {
        lz_tcp_move(socket, LZ_TCP_CLOSE_WAIT);
    } else if (socket->state == LZ_TCP_FIN_WAIT_1) {
        lz_tcp_move(socket, LZ_TCP_CLOSING);
    } else if (socket->state == LZ_TCP_FIN_WAIT_2) {
        lz_tcp_enter_time_wait(socket);
    }
}

static void fin_acknowledged(LzTcpSocket *socket)
{
    if (!socket->send.is_fin_queued || socket->send.una <= socket->send.end) {
        return;
    }
    if (socket->state == LZ_TCP_FIN_WAIT_1) {
        lz_tcp_move(socket, LZ_TCP_FIN_WAIT_2);
        if (!socket->events) {          /* nobody waits for the peer's data: as Linux's tcp_fin_timeout */
            lz_timer_after(socket->tcp->env.scheduler, &socket->timer, socket->tcp->options->time_wait_ns);
        }
    } else if (socket->state == LZ_TCP_CLOSING) {
        lz_tcp_enter_time_wait(socket);
    } else if (socket->state == LZ_TCP_LAST_ACK) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_PEER);
    }
}

static bool takes_data(const LzTcpSocket *socket)
{
    return socket->state == LZ_TCP_ESTABLISHED || socket->state == LZ_TCP_FIN_WAIT_1 || socket->state == LZ_TCP_FIN_WAIT_2;
}

/* Seventh and eighth of RFC 9293 3.10.7.4; owns the packet. */
static void take_text_and_fin(LzTcpSocket *socket, LzPacket *packet, Arrival *arrival)
{
    if (!takes_data(socket)) {
        lz_packet_free(socket->tcp->env.packets, packet);
        return;
    }
    int64_t end = end_of(socket, packet);
    if ((packet->tcp_flags & LZ_TCP_FIN) && end <= socket->receive.edge) {
        socket->receive.fin = end;
        socket->is_ack_due = true;
    }
    if (packet->payload_size > 0) {
        take_data(socket, packet, arrival);
    } else {
        lz_packet_free(socket->tcp->env.packets, packet);
    }
    fin_received(socket, arrival);
}

/* ---- opening ---- */

/* Notes what a SYN says of the peer. */
void lz_tcp_take_syn(LzTcpSocket *socket, const LzPacket *packet)
{
    const LzTcpOptions *options = socket->tcp->options;
    socket->receive.initial = packet->sequence;
    socket->receive.next = 1;
    socket->receive.edge = 1;
    uint16_t peer_mss = packet->mss ? packet->mss : FALLBACK_MSS;
    socket->send.mss = MIN(options->mss, peer_mss);
    socket->has_sack = options->has_sack && packet->sack_permitted;
    socket->has_scale = packet->tcp_window_scale > 0 && options->window_scale > 0;
    if (socket->has_scale) {
        socket->send.shift = (uint8_t)MIN(packet->tcp_window_scale - 1, 14);    /* RFC 7323 2.3 */
        socket->receive.shift = options->window_scale;
    }
    socket->send.window = socket->send.window_max = packet->window;             /* in a SYN it is not scaled */
    socket->send.update_sequence = 0;
    socket->send.update_acknowledgement = 0;
}

static void establish(LzTcpSocket *socket, Arrival *arrival)
{
    lz_tcp_sample_round_trip(socket, 1);
    socket->send.una = 1;
    lz_tcp_congestion_start(socket);
    lz_tcp_move(socket, LZ_TCP_ESTABLISHED);
    if (socket->listener) {
        arrival->listener = socket->listener;
        socket->listener->half_open--;
        socket->listener = NULL;
    } else {
        arrival->is_connected = true;
    }
    lz_tcp_rest(socket);
    if (socket->send.is_fin_queued) {   /* closed while a simultaneous open was under way */
        lz_tcp_move(socket, LZ_TCP_FIN_WAIT_1);
    }
}

/* RFC 9293 3.10.7.3. */
static void arrive_in_syn_sent(LzTcpSocket *socket, LzPacket *packet, Arrival *arrival)
{
    bool has_ack = packet->tcp_flags & LZ_TCP_ACK;
    bool is_acceptable = has_ack && acknowledged_position(socket, packet->acknowledgement) == 1;
    if (has_ack && !is_acceptable) {
        lz_tcp_refuse(socket->tcp, packet);
    } else if (packet->tcp_flags & LZ_TCP_RST) {
        if (is_acceptable) {
            lz_tcp_finish(socket, LZ_TCP_CLOSED_RESET);
        }
    } else if (packet->tcp_flags & LZ_TCP_SYN) {
        lz_tcp_take_syn(socket, packet);
        if (is_acceptable) {
            establish(socket, arrival);
            socket->is_ack_due = true;
        } else {                        /* simultaneous open: our SYN again, now as an answer */
            lz_tcp_move(socket, LZ_TCP_SYN_RECEIVED);
            lz_tcp_send_syn(socket);
        }
    }
    lz_packet_free(socket->tcp->env.packets, packet);
}

/* ---- RFC 9293 3.10.7.4 ---- */

/* First. The peer's SYN again, or its SYN-ACK in a simultaneous open, counts as old but for its ACK. */
static bool check_sequence(LzTcpSocket *socket, LzPacket *packet)
{
    const LzTcpReceiver *receive = &socket->receive;
    int64_t position = position_of(socket, packet->sequence);
    if (socket->state == LZ_TCP_SYN_RECEIVED && (packet->tcp_flags & LZ_TCP_SYN) && position == 0) {
        if (!(packet->tcp_flags & LZ_TCP_ACK)) {
            lz_tcp_send_syn(socket);
            return false;
        }
        packet->tcp_flags &= (uint8_t)~LZ_TCP_SYN;
        packet->sequence++;
        return true;
    }
    uint32_t length = packet->payload_size + (packet->tcp_flags & LZ_TCP_FIN ? 1 : 0);
    bool is_acceptable = length == 0 ? position >= receive->next && position <= MAX(receive->edge, receive->next)
                                     : position + length > receive->next && position < receive->edge;
    if (is_acceptable) {
        return true;
    }
    if (!(packet->tcp_flags & LZ_TCP_RST)) {
        socket->is_ack_due = true;
        if (socket->state == LZ_TCP_TIME_WAIT && (packet->tcp_flags & LZ_TCP_FIN)) {
            lz_timer_after(socket->tcp->env.scheduler, &socket->timer, socket->tcp->options->time_wait_ns);
        }
    }
    return false;
}

/* Second and fourth: only a RST in its exact place ends the connection, else the peer is asked (RFC 5961). */
static bool check_reset_and_syn(LzTcpSocket *socket, const LzPacket *packet)
{
    if (packet->tcp_flags & LZ_TCP_RST) {
        if (position_of(socket, packet->sequence) == socket->receive.next) {
            lz_tcp_finish(socket, LZ_TCP_CLOSED_RESET);
        } else {
            socket->is_ack_due = true;
        }
        return false;
    }
    if (packet->tcp_flags & LZ_TCP_SYN) {
        socket->is_ack_due = true;
        return false;
    }
    return true;
}

/* Fifth. */
static bool check_ack(LzTcpSocket *socket, const LzPacket *packet, Arrival *arrival)
{
    if (!(packet->tcp_flags & LZ_TCP_ACK)) {
        return false;
    }
    int64_t acknowledgement = acknowledged_position(socket, packet->acknowledgement);
    if (socket->state == LZ_TCP_SYN_RECEIVED) {
        if (acknowledgement != 1) {
            lz_tcp_refuse(socket->tcp, packet);
            return false;
        }
        establish(socket, arrival);
    }
    int64_t before = socket->send.una;
    if (!lz_tcp_acknowledge(socket, packet, position_of(socket, packet->sequence), acknowledgement)) {
        return false;
    }
    arrival->is_acknowledged = socket->send.una > before;
    fin_acknowledged(socket);
    return socket->state != LZ_TCP_CLOSED;
}

/* ---- what follows ---- */

static void answer(LzTcpSocket *socket)
{
    if (socket->state == LZ_TCP_CLOSED) {
        return;
    }
    lz_tcp_output(socket);
    if (socket->is_ack_due) {
        lz_tcp_send_ack(socket);
    } else if (socket->receive.unacknowledged_bytes > 0 && !lz_event_is_pending(&socket->ack_timer)) {
        lz_timer_after(socket->tcp->env.scheduler, &socket->ack_timer, socket->tcp->options->delayed_ack_ns);
    }
}

static const LzTcpEvents *listening(const LzTcpSocket *socket)
{
    return socket->state != LZ_TCP_CLOSED ? socket->events : NULL;
}

static void tell_opened(LzTcpSocket *socket, const Arrival *arrival)
{
    if (arrival->listener && !arrival->listener->accepted(arrival->listener->owner, socket)) {
        socket->events = NULL;
        lz_tcp_abort(socket);
    }
    if (arrival->is_connected && listening(socket)) {
        socket->events->connected(socket->self, socket);
    }
}

static void tell_acknowledged(LzTcpSocket *socket)
{
    if (listening(socket) && socket->events->acknowledged && socket->send.una > 1) {
        uint64_t stream_end = (uint64_t)(MIN(socket->send.una, socket->send.end) - 1);
        socket->events->acknowledged(socket->self, socket, stream_end);
    }
}

static void tell(LzTcpSocket *socket, Arrival *arrival)
{
    tell_opened(socket, arrival);
    if (arrival->is_acknowledged) {
        tell_acknowledged(socket);
    }
    while (arrival->first) {
        LzPacket *packet = arrival->first;
        arrival->first = packet->next;
        if (listening(socket)) {
            socket->events->received(socket->self, socket, packet->payload, packet->payload_offset, packet->payload_size);
        }
        lz_packet_free(socket->tcp->env.packets, packet);
    }
    if (arrival->is_finished && listening(socket)) {
        socket->events->peer_finished(socket->self, socket);
    }
}

void lz_tcp_arrive(LzTcpSocket *socket, LzPacket *packet)
{
    Arrival arrival = {0};
    if (socket->tcp->options->keeps_alive) {
        socket->heard_ns = lz_tcp_now(socket);
    }
    if (socket->state == LZ_TCP_SYN_SENT) {
        arrive_in_syn_sent(socket, packet, &arrival);
    } else if (check_sequence(socket, packet) && check_reset_and_syn(socket, packet) &&
               check_ack(socket, packet, &arrival)) {
        take_text_and_fin(socket, packet, &arrival);
    } else {
        lz_packet_free(socket->tcp->env.packets, packet);
    }
    answer(socket);
    tell(socket, &arrival);
}
