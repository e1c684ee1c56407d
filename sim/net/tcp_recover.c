/* TCP, acknowledgements and loss: slow start (RFC 5681), NewReno's recovery (RFC 6582), recovery with the
 * SACK scoreboard (RFC 6675), the retransmission timeout (RFC 6298). */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

#define DUPLICATE_THRESHOLD 3u          /* RFC 5681 3.2, RFC 6675 DupThresh */
#define WINDOW_MAX_BYTES (UINT32_C(1) << 30)                    /* RFC 7323 2.2: the largest window */

/* ---- congestion window ---- */

/* RFC 6928 2, with the options' number of segments in place of ten. */
uint32_t lz_tcp_initial_window(const LzTcpSocket *socket)
{
    uint32_t mss = socket->send.mss, segments = socket->tcp->options->initial_window_segments;
    return MIN(segments * mss, MAX(2 * mss, segments * 1460));
}

/* RFC 6928 2: one lost SYN does not shrink the initial window, more do (RFC 5681 3.1). RFC 6298 5.7: after a
 * SYN timeout data starts with an RTO of 3 s. */
void lz_tcp_congestion_start(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    congestion->window_bytes = socket->retries > 1 ? socket->send.mss : lz_tcp_initial_window(socket);
    congestion->threshold_bytes = WINDOW_MAX_BYTES;
    if (socket->retries > 0) {
        socket->rto.rto_ns = MAX(socket->tcp->options->rto_initial_ns, LZ_SECONDS(3));
    }
    socket->retries = 0;
}

/* Slow start by RFC 5681 3.1 (at most one segment per ACK), congestion avoidance as chosen. A window that the
 * sender does not use must not grow (RFC 7661 1). */
static void grow_window(LzTcpSocket *socket, int64_t acked_bytes, int64_t flight_bytes)
{
    LzTcpCongestion *congestion = &socket->congestion;
    uint32_t mss = socket->send.mss;
    if (congestion->window_bytes < congestion->threshold_bytes) {
        if (2 * flight_bytes > congestion->window_bytes) {
            congestion->window_bytes += (uint32_t)MIN(acked_bytes, mss);
        }
    } else if (flight_bytes + mss > congestion->window_bytes) {
        socket->tcp->options->congestion->grow(socket, (uint32_t)acked_bytes);
    }
    congestion->window_bytes = MIN(congestion->window_bytes, WINDOW_MAX_BYTES);
}

static void reduce_threshold(LzTcpSocket *socket, int64_t flight_bytes, bool is_timeout)
{
    socket->congestion.threshold_bytes = socket->tcp->options->congestion->reduce(socket, flight_bytes, is_timeout);
}

/* ---- scoreboard ---- */

static void insert_range(LzTcpCongestion *congestion, unsigned place, LzTcpRange range)
{
    if (congestion->sacked_count == congestion->sacked_capacity) {
        congestion->sacked_capacity = (uint16_t)MAX(4, 2 * congestion->sacked_capacity);
        congestion->sacked = g_renew(LzTcpRange, congestion->sacked, congestion->sacked_capacity);
    }
    LzTcpRange *at = &congestion->sacked[place];
    memmove(at + 1, at, (congestion->sacked_count - place) * sizeof *at);
    *at = range;
    congestion->sacked_count++;
}

static void remove_ranges(LzTcpCongestion *congestion, unsigned place, unsigned count)
{
    LzTcpRange *at = &congestion->sacked[place];
    congestion->sacked_count = (uint16_t)(congestion->sacked_count - count);
    memmove(at, at + count, (congestion->sacked_count - place) * sizeof *at);
}

/* True when the range tells of bytes that were not known to have arrived. */
static bool add_range(LzTcpCongestion *congestion, LzTcpRange range)
{
    unsigned first = 0;
    while (first < congestion->sacked_count && congestion->sacked[first].right < range.left) {
        first++;
    }
    unsigned end = first;
    LzTcpRange merged = range;
    while (end < congestion->sacked_count && congestion->sacked[end].left <= range.right) {
        merged.left = MIN(merged.left, congestion->sacked[end].left);
        merged.right = MAX(merged.right, congestion->sacked[end].right);
        end++;
    }
    if (end == first) {
        insert_range(congestion, first, range);
        return true;
    }
    bool is_news = end > first + 1 || merged.left < congestion->sacked[first].left ||
                   merged.right > congestion->sacked[first].right;
    congestion->sacked[first] = merged;
    remove_ranges(congestion, first + 1, end - first - 1);
    return is_news;
}

static bool take_sack(LzTcpSocket *socket, const LzPacket *packet)
{
    const LzTcpSender *send = &socket->send;
    bool is_news = false;
    for (unsigned i = 0; i < packet->sack_count && socket->has_sack; i++) {
        LzTcpRange range = {
            .left = send->una + (int32_t)(packet->sack[i].left - (send->initial + (uint32_t)send->una)),
            .right = send->una + (int32_t)(packet->sack[i].right - (send->initial + (uint32_t)send->una)),
        };
        if (range.left > send->una && range.left < range.right && range.right <= send->max) {
            is_news |= add_range(&socket->congestion, range);
        }
    }
    return is_news;
}

static void forget_sacked(LzTcpCongestion *congestion, int64_t una)
{
    unsigned count = 0;
    while (count < congestion->sacked_count && congestion->sacked[count].right <= una) {
        count++;
    }
    if (count > 0) {
        remove_ranges(congestion, 0, count);
    }
    if (congestion->sacked_count == 0) {
        g_clear_pointer(&congestion->sacked, g_free);
        congestion->sacked_capacity = 0;
    }
}

void lz_tcp_forget_losses(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    g_clear_pointer(&congestion->sacked, g_free);
    g_clear_pointer(&congestion->cubic, g_free);
    congestion->sacked_count = congestion->sacked_capacity = 0;
}

int64_t lz_tcp_skip_sacked(const LzTcpSocket *socket, int64_t position)
{
    const LzTcpCongestion *congestion = &socket->congestion;
    for (unsigned i = 0; i < congestion->sacked_count && congestion->sacked[i].left <= position; i++) {
        position = MAX(position, congestion->sacked[i].right);
    }
    return position;
}

static int64_t highest_sacked(const LzTcpSocket *socket)
{
    const LzTcpCongestion *congestion = &socket->congestion;
    return congestion->sacked_count ? congestion->sacked[congestion->sacked_count - 1].right : socket->send.una;
}

/* RFC 6675 4 IsLost(): three ranges above, or more than two segments' bytes. Everything unsacked below
 * the result is lost. */
static int64_t find_lost_end(const LzTcpSocket *socket)
{
    const LzTcpCongestion *congestion = &socket->congestion;
    int64_t bytes = 0;
    for (unsigned above = 1; above <= congestion->sacked_count; above++) {
        const LzTcpRange *range = &congestion->sacked[congestion->sacked_count - above];
        bytes += range->right - range->left;
        if (above >= DUPLICATE_THRESHOLD || bytes > (int64_t)(DUPLICATE_THRESHOLD - 1) * socket->send.mss) {
            return range->left;
        }
    }
    return socket->send.una;
}

static int64_t unsacked_bytes(const LzTcpCongestion *congestion, int64_t from, int64_t to)
{
    int64_t bytes = MAX(to - from, 0);
    for (unsigned i = 0; i < congestion->sacked_count; i++) {
        const LzTcpRange *range = &congestion->sacked[i];
        bytes -= MAX(MIN(range->right, to) - MAX(range->left, from), 0);
    }
    return bytes;
}

/* RFC 6675 4 SetPipe(): what is thought to be on its way, retransmissions counted once more. */
static int64_t find_pipe(const LzTcpSocket *socket)
{
    const LzTcpCongestion *congestion = &socket->congestion;
    const LzTcpSender *send = &socket->send;
    return unsacked_bytes(congestion, MAX(congestion->lost_end, send->una), send->max) +
           unsacked_bytes(congestion, send->una, congestion->retransmitted);
}

/* ---- proportional rate reduction ---- */

/* A position that moves by what the peer has got more of, in order or not. */
static int64_t delivered_position(const LzTcpSocket *socket)
{
    const LzTcpSender *send = &socket->send;
    return send->una + (send->max - send->una) - unsacked_bytes(&socket->congestion, send->una, send->max);
}

/* RFC 6937 3.1: the window comes down with what leaves the network, so that a segment goes out for every two that have
 * arrived, rather than none for half a round trip. Below the threshold with its slow start reduction bound. */
static void reduce_window(LzTcpSocket *socket, int64_t delivered_bytes)
{
    LzTcpCongestion *congestion = &socket->congestion;
    const int64_t pipe = find_pipe(socket), threshold = congestion->threshold_bytes;
    congestion->prr_delivered_bytes += (uint32_t)delivered_bytes;
    const int64_t delivered = congestion->prr_delivered_bytes, out = congestion->prr_out_bytes;
    int64_t room;
    if (pipe > threshold) {
        room = (delivered * threshold + congestion->prr_flight_bytes - 1) / congestion->prr_flight_bytes - out;
    } else {
        room = MIN(threshold - pipe, MAX(delivered - out, delivered_bytes) + socket->send.mss);
    }
    congestion->window_bytes = (uint32_t)(pipe + MAX(room, 0));
}

/* ---- recovery with SACK ---- */

/* Retransmits one segment of the first hole that begins before bound; returns its bytes, 0 = none. */
static int64_t retransmit_hole(LzTcpSocket *socket, int64_t bound)
{
    LzTcpCongestion *congestion = &socket->congestion;
    int64_t from = lz_tcp_skip_sacked(socket, MAX(congestion->retransmitted, socket->send.una));
    if (from >= bound) {
        return 0;
    }
    int64_t to = MIN(from + socket->send.mss, MIN(bound, socket->send.end));
    for (unsigned i = 0; i < congestion->sacked_count; i++) {
        if (congestion->sacked[i].left > from) {
            to = MIN(to, congestion->sacked[i].left);
            break;
        }
    }
    lz_tcp_transmit(socket, from, (uint32_t)MAX(to - from, 0));
    congestion->retransmitted = MAX(to, from + 1);
    return congestion->retransmitted - from;
}

/* RFC 6675 4 NextSeg() rule 4: once per recovery, the end of what is outstanding. */
static int64_t retransmit_tail(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    const LzTcpSender *send = &socket->send;
    int64_t from = MAX(highest_sacked(socket), send->max - send->mss);
    if (congestion->is_rescued || from >= send->max) {
        return 0;
    }
    congestion->is_rescued = true;
    lz_tcp_transmit(socket, from, (uint32_t)(MIN(send->max, send->end) - from));
    return send->max - from;
}

static int64_t send_new(LzTcpSocket *socket)
{
    int64_t before = socket->send.max;
    lz_tcp_send_next(socket, socket->send.una + socket->send.window);
    return socket->send.max - before;
}

/* RFC 6675 5 step C: while the pipe has room, lost bytes, then new ones, then suspected ones, then the tail. */
void lz_tcp_recovery_output(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    int64_t pipe = find_pipe(socket);
    while (pipe + socket->send.mss <= congestion->window_bytes) {
        int64_t sent = retransmit_hole(socket, congestion->lost_end);
        sent = sent ? sent : send_new(socket);
        sent = sent ? sent : retransmit_hole(socket, highest_sacked(socket));
        sent = sent ? sent : retransmit_tail(socket);
        if (sent == 0) {
            return;
        }
        pipe += sent;
        congestion->prr_out_bytes += (uint32_t)sent;
    }
}

/* ---- both kinds of recovery ---- */

static void retransmit_first(LzTcpSocket *socket)
{
    socket->congestion.retransmitted = socket->send.una;
    socket->congestion.prr_out_bytes += (uint32_t)retransmit_hole(socket, socket->send.max);
}

static void enter_recovery(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    reduce_threshold(socket, congestion->flight_bytes, false);
    congestion->window_bytes = congestion->threshold_bytes;
    if (!socket->has_sack) {
        congestion->window_bytes += DUPLICATE_THRESHOLD * socket->send.mss;
    }
    congestion->is_recovering = true;
    congestion->is_rescued = false;
    congestion->recover = socket->send.max;
    congestion->prr_flight_bytes = (uint32_t)(socket->send.max - socket->send.una);
    congestion->prr_delivered_bytes = congestion->prr_out_bytes = 0;
    socket->tcp->stats.fast_recoveries++;
    lz_tcp_count(socket->tcp, LZ_METRIC_TCP_RECOVERIES);
    retransmit_first(socket);
}

static void duplicate_ack(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    const LzTcpSender *send = &socket->send;
    socket->tcp->stats.duplicate_acks_in++;
    if (congestion->is_recovering) {
        congestion->window_bytes += socket->has_sack ? 0 : send->mss;   /* RFC 6582 3.2 step 3 */
        return;
    }
    if (congestion->duplicates++ == 0) {
        congestion->flight_bytes = (uint32_t)(send->max - send->una);
    }
    /* RFC 6582 4.1: without SACK, duplicates of what was sent before a timeout say nothing. */
    bool is_after_timeout = socket->has_sack ? send->una < congestion->recover : send->una <= congestion->recover;
    if (!is_after_timeout && (congestion->duplicates >= DUPLICATE_THRESHOLD || congestion->lost_end > send->una)) {
        enter_recovery(socket);
    }
}

/* RFC 6582 3.2 step 4; with SACK the window is at the threshold (RFC 6937 3). */
static void leave_recovery(LzTcpSocket *socket)
{
    LzTcpCongestion *congestion = &socket->congestion;
    congestion->is_recovering = false;
    congestion->duplicates = 0;
    congestion->acked_bytes = 0;
    if (socket->has_sack) {
        congestion->window_bytes = congestion->threshold_bytes;
    } else {
        uint32_t flight_bytes = (uint32_t)(socket->send.max - socket->send.una);
        congestion->window_bytes = MIN(congestion->threshold_bytes, MAX(flight_bytes, socket->send.mss) + socket->send.mss);
    }
}

/* RFC 6582 3.2 step 4, partial acknowledgement: the next segment is lost too. */
static void partial_ack(LzTcpSocket *socket, int64_t acked_bytes)
{
    LzTcpCongestion *congestion = &socket->congestion;
    if (socket->has_sack) {
        return;
    }
    uint32_t mss = socket->send.mss;
    congestion->window_bytes -= (uint32_t)MIN(acked_bytes, (int64_t)congestion->window_bytes);
    congestion->window_bytes += acked_bytes >= mss ? mss : 0;
    congestion->window_bytes = MAX(congestion->window_bytes, mss);
    retransmit_first(socket);
}

void lz_tcp_sample_round_trip(LzTcpSocket *socket, int64_t acknowledgement)
{
    if (!socket->is_timing || acknowledgement < socket->timed_end) {
        return;
    }
    const LzTcpOptions *options = socket->tcp->options;
    socket->is_timing = false;
    lz_rto_sample(&socket->rto, lz_tcp_now(socket) - socket->timed_ns, options->rto_min_ns, options->rto_max_ns);
}

static void new_ack(LzTcpSocket *socket, int64_t acknowledgement)
{
    LzTcpSender *send = &socket->send;
    LzTcpCongestion *congestion = &socket->congestion;
    int64_t acked_bytes = acknowledgement - send->una, flight_bytes = send->max - send->una;
    lz_tcp_sample_round_trip(socket, acknowledgement);
    socket->tcp->stats.acknowledged_bytes += (uint64_t)acked_bytes;
    send->una = acknowledgement;
    send->nxt = MAX(send->nxt, acknowledgement);
    socket->retries = 0;
    lz_tcp_forget_acknowledged(socket);
    forget_sacked(congestion, acknowledgement);
    congestion->lost_end = find_lost_end(socket);
    if (send->una < send->max) {
        lz_tcp_arm_retransmission(socket);      /* RFC 6298 5.3 */
    } else {
        lz_tcp_rest(socket);
    }
    if (!congestion->is_recovering) {
        congestion->duplicates = 0;
        grow_window(socket, acked_bytes, flight_bytes);
    } else if (acknowledgement >= congestion->recover) {
        leave_recovery(socket);
    } else {
        partial_ack(socket, acked_bytes);
    }
}

/* RFC 9293 3.10.7.4, fifth: only a segment that is not older may move the window. */
static bool update_window(LzTcpSocket *socket, const LzPacket *packet, int64_t position, int64_t acknowledgement)
{
    LzTcpSender *send = &socket->send;
    bool is_newer = position > send->update_sequence ||
                    (position == send->update_sequence && acknowledgement >= send->update_acknowledgement);
    if (!is_newer) {
        return false;
    }
    int64_t window = (int64_t)packet->window << send->shift;
    bool is_changed = window != send->window;
    send->window = window;
    send->window_max = MAX(send->window_max, window);
    send->update_sequence = position;
    send->update_acknowledgement = acknowledgement;
    return is_changed;
}

static void answer_to_probe(LzTcpSocket *socket)
{
    socket->retries = 0;
    if (socket->send.window > 0) {
        socket->is_probing = false;
        socket->probe_backoff = 0;
        lz_tcp_rest(socket);
    }
}

static void take_acknowledgement(LzTcpSocket *socket, const LzPacket *packet, int64_t position, int64_t acknowledgement)
{
    LzTcpSender *send = &socket->send;
    bool is_sack_news = take_sack(socket, packet);
    bool is_window_changed = update_window(socket, packet, position, acknowledgement);
    if (socket->is_probing) {
        answer_to_probe(socket);
    }
    if (acknowledgement > send->una) {
        new_ack(socket, acknowledgement);
        return;
    }
    if (is_sack_news) {
        socket->congestion.lost_end = find_lost_end(socket);
    }
    /* RFC 5681 2, and RFC 6675 2 with SACK. */
    bool is_plain = packet->payload_size == 0 && !(packet->tcp_flags & (LZ_TCP_SYN | LZ_TCP_FIN)) && !is_window_changed;
    if (send->una < send->max && (socket->has_sack ? is_sack_news : is_plain)) {
        duplicate_ack(socket);
    }
}

bool lz_tcp_acknowledge(LzTcpSocket *socket, const LzPacket *packet, int64_t position, int64_t acknowledgement)
{
    LzTcpSender *send = &socket->send;
    if (acknowledgement > send->max) {
        socket->is_ack_due = true;
        return false;
    }
    if (acknowledgement < send->una) {
        return true;
    }
    const bool may_recover = socket->has_sack && (packet->sack_count > 0 || socket->congestion.is_recovering);
    const int64_t delivered = may_recover ? delivered_position(socket) : 0;
    take_acknowledgement(socket, packet, position, acknowledgement);
    if (may_recover && socket->congestion.is_recovering) {
        reduce_window(socket, delivered_position(socket) - delivered);
    }
    return true;
}

/* RFC 6298 5.4 to 5.6, RFC 5681 3.1. What was sent is sent again from the oldest on, but for what the
 * scoreboard knows: our receivers never take back what they reported. */
void lz_tcp_timeout(LzTcpSocket *socket)
{
    LzTcpSender *send = &socket->send;
    LzTcpCongestion *congestion = &socket->congestion;
    const LzTcpOptions *options = socket->tcp->options;
    if (socket->retries >= options->data_retries) {
        lz_tcp_finish(socket, LZ_TCP_CLOSED_TIMEOUT);
        return;
    }
    if (socket->retries++ == 0) {
        reduce_threshold(socket, send->max - send->una, true);
    }
    lz_tcp_count_timeout(socket->tcp);
    socket->rto.rto_ns = MIN(2 * socket->rto.rto_ns, options->rto_max_ns);
    congestion->window_bytes = send->mss;
    congestion->acked_bytes = congestion->duplicates = 0;
    congestion->is_recovering = false;
    congestion->recover = send->max;
    lz_tcp_arm_retransmission(socket);
    int64_t size = MIN(send->mss, MIN(send->end, send->max) - send->una);
    send->nxt = send->una;
    lz_tcp_transmit(socket, send->una, (uint32_t)size);
}
