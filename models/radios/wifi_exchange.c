/* What a Wi-Fi sender sends when its turn has come: which lane, which frames in one PPDU, protected by RTS or not, and
 * what of it is understood. A lane's window is what it has sent and what is not acknowledged in order: a receiver hands
 * up in order, so that a frame waits there for those before it (IEEE 802.11-2020 10.25.6). */
#include "lazaret/wifi_cell.h"

#define RTS_BYTES 20u
#define RECEIVED INT64_C(-1)            /* of a frame in a window, in packet->queued_ns; else: times it was sent */

/* ---- lanes and rings -------------------------------------------------------------------------------------- */

static LzWifiParty *sender_of(const LzWifi *wifi, const LzWifiLane *lane)
{
    LzWifiStation *station = &wifi->stations[lane->station];
    return lane->direction == LZ_UP ? &station->party : &wifi->access_points[station->access_point].party;
}

static LzWifiParty *receiver_of(const LzWifi *wifi, const LzWifiLane *lane)
{
    LzWifiStation *station = &wifi->stations[lane->station];
    return lane->direction == LZ_UP ? &wifi->access_points[station->access_point].party : &station->party;
}

static bool is_pending(const LzPacket *packet)
{
    return packet->queued_ns != RECEIVED;
}

bool lz_wifi_lane_has_more(const LzWifi *wifi, const LzWifiLane *lane)
{
    for (const LzPacket *packet = lane->window; packet; packet = packet->next) {
        if (is_pending(packet)) {
            return true;
        }
    }
    return lz_link_peek(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction) != NULL;
}

static void ring_append(LzWifiParty *party, LzWifiLane *lane)
{
    lane->next = NULL;
    *party->rings_end[lane->ac] = lane;
    party->rings_end[lane->ac] = &lane->next;
}

static void ring_remove(LzWifiParty *party, LzWifiLane *lane)
{
    LzWifiLane **at = &party->rings[lane->ac];
    while (*at != lane) {
        at = &(*at)->next;
    }
    *at = lane->next;
    if (!*at) {
        party->rings_end[lane->ac] = at;
    }
}

void lz_wifi_activate(LzWifi *wifi, LzWifiLane *lane)
{
    if (lane->is_active) {
        return;
    }
    LzWifiParty *party = sender_of(wifi, lane);
    lane->is_active = true;
    ring_append(party, lane);
    lz_wifi_node_want(&party->node, (LzWifiAc)lane->ac);
    lz_wifi_noise_wake(wifi);
}

void lz_wifi_deactivate(LzWifi *wifi, LzWifiLane *lane)
{
    if (!lane->is_active) {
        return;
    }
    LzWifiParty *party = sender_of(wifi, lane);
    lane->is_active = false;
    ring_remove(party, lane);
    if (!party->rings[lane->ac]) {
        lz_wifi_node_unwant(&party->node, (LzWifiAc)lane->ac);
    }
}

static LzPacket *window_remove(LzWifiLane *lane, LzPacket **at)
{
    LzPacket *packet = *at;
    *at = packet->next;
    if (!*at) {
        lane->window_end = at;
    }
    packet->next = NULL;
    lane->window_count--;
    return packet;
}

static void window_append(LzWifiLane *lane, LzPacket *packet)
{
    packet->queued_ns = 0;
    packet->next = NULL;
    *lane->window_end = packet;
    lane->window_end = &packet->next;
    lane->window_count++;
}

void lz_wifi_lane_drop(LzWifi *wifi, LzWifiLane *lane, LzDropReason reason)
{
    while (lane->window) {
        LzPacket *packet = window_remove(lane, &lane->window);
        lz_link_drop(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction, packet, reason);
    }
}

void lz_wifi_lane_init(LzWifiLane *lane, unsigned station, LzDirection direction, LzWifiAc ac)
{
    *lane = (LzWifiLane){.station = station, .direction = (uint8_t)direction, .ac = (uint8_t)ac};
    lane->window_end = &lane->window;
}

void lz_wifi_lane_free(LzWifi *wifi, LzWifiLane *lane)
{
    while (lane->window) {
        lz_packet_free(wifi->env.packets, window_remove(lane, &lane->window));
    }
}

/* ---- a PPDU ------------------------------------------------------------------------------------------------ */

/* IP packet, LLC/SNAP 8, QoS header 26, FCS 4 (9.2.4); CCMP header and MIC 16 (12.5.3). wire_bytes has them all. */
static uint32_t mpdu_bytes(const LzPacket *packet)
{
    return packet->wire_bytes;
}

static LzTime response_ns(const LzWifi *wifi, const LzWifiParty *party)
{
    return lz_wifi_sifs_ns(&wifi->phy) + (party->frames > 1 ? lz_wifi_block_ack_ns(&wifi->phy, party->mcs)
                                                            : lz_wifi_ack_ns(&wifi->phy, party->mcs));
}

static uint32_t psdu_after(const LzWifiParty *party, uint32_t bytes)
{
    /* Alone, an MPDU goes without a delimiter; with a second one both have theirs. */
    if (party->frames == 0) {
        return bytes;
    }
    const uint32_t before = party->frames == 1 ? lz_wifi_ampdu_add(0, party->psdu_bytes) : party->psdu_bytes;
    return before + lz_wifi_ampdu_add(before, bytes);
}

static void add_frame(LzWifiParty *party, uint32_t bytes)
{
    party->psdu_bytes = psdu_after(party, bytes);
    party->frames++;
}

static uint32_t psdu_limit(const LzWifi *wifi, const LzWifiParty *party, LzTime budget_ns)
{
    const LzTime answer_ns = lz_wifi_sifs_ns(&wifi->phy) + lz_wifi_block_ack_ns(&wifi->phy, party->mcs);
    const LzTime longest_ns = MIN(budget_ns - answer_ns, LZ_WIFI_PPDU_NS_MAX);
    return MIN(lz_wifi_psdu_limit_bytes(&wifi->phy), lz_wifi_psdu_bytes_max(&wifi->phy, party->mcs, longest_ns));
}

/* What was not understood goes first, then what the queue gives. A frame that is too long for the budget goes alone,
 * if nothing has been sent in this TXOP yet. */
static bool assemble(LzWifi *wifi, LzWifiParty *party, LzTime budget_ns, bool is_first)
{
    LzWifiLane *lane = party->lane;
    LzWifiStation *station = &wifi->stations[lane->station];
    const LzDirection direction = (LzDirection)lane->direction;
    party->mcs = lz_wifi_mcs(wifi, station, direction);
    party->frames = 0;
    party->psdu_bytes = 0;
    const uint32_t limit = psdu_limit(wifi, party, budget_ns);
    const unsigned window = MIN((unsigned)wifi->config->ampdu, lz_wifi_window(&wifi->phy));
    for (const LzPacket *packet = lane->window; packet; packet = packet->next) {
        if (!is_pending(packet)) {
            continue;
        }
        const bool fits = psdu_after(party, mpdu_bytes(packet)) <= limit || (is_first && party->frames == 0);
        if (!fits || party->frames == window) {
            return party->frames > 0;
        }
        add_frame(party, mpdu_bytes(packet));
    }
    const LzPacket *head;
    while (party->frames < window && lane->window_count < window &&
           (head = lz_link_peek(wifi->link, lz_wifi_port(lane), direction))) {
        if (psdu_after(party, mpdu_bytes(head)) > limit && !(is_first && party->frames == 0)) {
            break;
        }
        LzPacket *packet = lz_link_pull(wifi->link, lz_wifi_port(lane), direction);
        if (!packet) {
            break;
        }
        window_append(lane, packet);
        add_frame(party, mpdu_bytes(packet));
    }
    return party->frames > 0;
}

/* ---- what is understood ------------------------------------------------------------------------------------ */

static LzMdb sinr_of(LzWifi *wifi, const LzWifiAir *air)
{
    const uint64_t noise = lz_wifi_noise_power(wifi, air->phase_began_ns, lz_wifi_now(wifi));
    const uint64_t unwanted = lz_power_add(lz_power_add(wifi->noise_power, air->interference), noise);
    return lz_wifi_received_mdb(wifi, air->phase.talker, air->phase.listener) - lz_power_mdb(unwanted);
}

static bool is_understood(LzWifi *wifi, uint32_t error_ppb)
{
    return error_ppb == 0 || (error_ppb < 1000000000 && !lz_random_chance_ppb(&wifi->loss, error_ppb));
}

/* One more time in vain: the frame stays in the window, or is given up. */
static LzPacket **count_attempt(LzWifi *wifi, LzWifiLane *lane, LzPacket **at)
{
    if (++(*at)->queued_ns <= wifi->config->retries) {
        return &(*at)->next;
    }
    LzPacket *packet = window_remove(lane, at);
    lz_link_drop(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction, packet, LZ_DROP_RADIO_LOSS);
    return at;
}

/* sinr NULL: none is. Returns how many are. */
static unsigned judge(LzWifi *wifi, LzWifiParty *party, const LzMdb *sinr)
{
    LzWifiLane *lane = party->lane;
    unsigned received = 0, left = party->frames;
    uint32_t bytes = 0, error_ppb = 1000000000; /* of the size before: frames of one PPDU are mostly alike */
    for (LzPacket **at = &lane->window; *at && left > 0;) {
        if (!is_pending(*at)) {
            at = &(*at)->next;
            continue;
        }
        left--;
        if (sinr && mpdu_bytes(*at) != bytes) {
            bytes = mpdu_bytes(*at);
            error_ppb = lz_wifi_error_ppb(&wifi->phy, party->mcs, *sinr, bytes);
        }
        if (is_understood(wifi, error_ppb)) {
            (*at)->queued_ns = RECEIVED;
            received++;
            at = &(*at)->next;
        } else {
            at = count_attempt(wifi, lane, at);
        }
    }
    return received;
}

static void hand_up(LzWifi *wifi, LzWifiLane *lane)
{
    while (lane->window && !is_pending(lane->window)) {
        LzPacket *packet = window_remove(lane, &lane->window);
        lz_link_deliver(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction, packet);
    }
}

void lz_wifi_lane_leave(LzWifi *wifi, LzWifiLane *lane, bool keeps)
{
    for (LzPacket **at = &lane->window; *at;) {
        if (is_pending(*at)) {
            at = &(*at)->next;
        } else {
            LzPacket *packet = window_remove(lane, at);
            lz_link_deliver(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction, packet);
        }
    }
    if (keeps) {
        return;
    }
    lz_wifi_lane_drop(wifi, lane, LZ_DROP_RADIO_LOSS);
    LzPacket *packet;
    while ((packet = lz_link_pull(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction))) {
        lz_link_drop(wifi->link, lz_wifi_port(lane), (LzDirection)lane->direction, packet, LZ_DROP_RADIO_LOSS);
    }
}

/* ---- phases ------------------------------------------------------------------------------------------------ */

/* Air time counts for the access point of the cell, so that the utilisation is that of the busiest one. */
static LzWifiPhase phase(LzWifi *wifi, const LzWifiParty *party, LzWifiParty *talker, LzWifiParty *listener, LzTime duration_ns)
{
    const unsigned ports = wifi->station_count * LZ_WIFI_AC_COUNT;
    const unsigned access_point = wifi->stations[party->lane->station].access_point;
    lz_link_busy(wifi->link, MIN(access_point, ports - 1), LZ_UP, duration_ns);
    return (LzWifiPhase){&talker->node, listener ? &listener->node : NULL, duration_ns};
}

static LzWifiPhase data_phase(LzWifi *wifi, LzWifiParty *party, LzTime gap_ns)
{
    party->stage = LZ_WIFI_STAGE_DATA;
    const LzTime ppdu_ns = lz_wifi_ppdu_ns(&wifi->phy, party->mcs, party->psdu_bytes);
    return phase(wifi, party, party, receiver_of(wifi, party->lane), gap_ns + ppdu_ns);
}

static LzWifiPhase first_phase(LzWifi *wifi, LzWifiParty *party)
{
    if (wifi->config->rts_bytes == 0 || party->psdu_bytes < (uint64_t)wifi->config->rts_bytes) {
        return data_phase(wifi, party, 0);
    }
    party->stage = LZ_WIFI_STAGE_RTS;
    return phase(wifi, party, party, receiver_of(wifi, party->lane), lz_wifi_rts_ns(&wifi->phy, party->mcs));
}

/* The first lane of the ring that has something; those that have nothing leave it. */
static LzWifiLane *choose(LzWifi *wifi, LzWifiParty *party, LzWifiAc ac)
{
    LzWifiLane *lane;
    while ((lane = party->rings[ac])) {
        if (lz_wifi_may_serve(wifi, lane) && lz_wifi_lane_has_more(wifi, lane)) {
            return lane;
        }
        lane->is_active = false;
        ring_remove(party, lane);
    }
    return NULL;
}

static bool exchange_begin(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase)
{
    LzWifi *wifi = owner;
    LzWifiParty *party = lz_wifi_party(wifi, air->node);
    const LzTime txop_ns = air->node->edca[air->ac].txop_ns;
    party->txop_end_ns = lz_wifi_now(wifi) + txop_ns;
    while ((party->lane = choose(wifi, party, air->ac))) {
        if (assemble(wifi, party, txop_ns > 0 ? txop_ns : LZ_TIME_NEVER, true)) {
            *ret_phase = first_phase(wifi, party);
            return true;
        }
    }
    return false;
}

static LzWifiOutcome after_data(LzWifi *wifi, LzWifiParty *party, const LzWifiAir *air, LzWifiPhase *ret_phase)
{
    const LzWifiLane *lane = party->lane;
    LzWifiStation *station = &wifi->stations[lane->station];
    const unsigned sent = party->frames;
    const LzMdb sinr = sinr_of(wifi, air);
    const unsigned received = judge(wifi, party, &sinr);
    lz_wifi_learn(wifi, station, (LzDirection)lane->direction, party->mcs, sent, received);
    if (received == 0) {
        hand_up(wifi, party->lane);             /* one that was given up may have held others back */
        return LZ_WIFI_FAILED;
    }
    party->stage = LZ_WIFI_STAGE_ACK;
    *ret_phase = phase(wifi, party, receiver_of(wifi, lane), NULL, response_ns(wifi, party));
    hand_up(wifi, party->lane);
    lz_wifi_heard_from(wifi, station, (LzDirection)lane->direction);
    return LZ_WIFI_NEXT_PHASE;
}

/* Its turn is over for now: the next of the ring is first. */
static void rotate(LzWifi *wifi, LzWifiParty *party, LzWifiAc ac)
{
    LzWifiLane *lane = party->lane;
    if (!lane->is_active || sender_of(wifi, lane) != party) {
        return;
    }
    ring_remove(party, lane);
    lane->is_active = lz_wifi_may_serve(wifi, lane) && lz_wifi_lane_has_more(wifi, lane);
    if (lane->is_active) {
        ring_append(party, lane);
    } else if (!party->rings[ac]) {
        lz_wifi_node_unwant(&party->node, ac);
    }
}

/* The TXOP goes on if the next exchange fits into it (10.23.2.9). */
static LzWifiOutcome after_ack(LzWifi *wifi, LzWifiParty *party, const LzWifiAir *air, LzWifiPhase *ret_phase)
{
    const LzTime sifs_ns = lz_wifi_sifs_ns(&wifi->phy), left_ns = party->txop_end_ns - lz_wifi_now(wifi) - sifs_ns;
    rotate(wifi, party, air->ac);
    LzWifiLane *lane = left_ns > 0 && air->node->medium == air->medium ? choose(wifi, party, air->ac) : NULL;
    if (!lane) {
        return LZ_WIFI_DONE;
    }
    LzWifiLane *served = party->lane;
    party->lane = lane;
    if (!assemble(wifi, party, left_ns, false)) {
        party->lane = served;
        return LZ_WIFI_DONE;
    }
    *ret_phase = data_phase(wifi, party, sifs_ns);
    return LZ_WIFI_NEXT_PHASE;
}

static LzWifiOutcome exchange_next(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase)
{
    LzWifi *wifi = owner;
    LzWifiParty *party = lz_wifi_party(wifi, air->node);
    const LzTime sifs_ns = lz_wifi_sifs_ns(&wifi->phy);
    switch (party->stage) {
    case LZ_WIFI_STAGE_RTS:
        if (!is_understood(wifi, lz_wifi_error_ppb(&wifi->phy, 0, sinr_of(wifi, air), RTS_BYTES))) {
            judge(wifi, party, NULL);
            hand_up(wifi, party->lane);
            return LZ_WIFI_FAILED;
        }
        party->stage = LZ_WIFI_STAGE_CTS;
        *ret_phase = phase(wifi, party, receiver_of(wifi, party->lane), NULL,
                           2 * sifs_ns + lz_wifi_cts_ns(&wifi->phy, party->mcs));
        return LZ_WIFI_NEXT_PHASE;
    case LZ_WIFI_STAGE_CTS:
        *ret_phase = data_phase(wifi, party, 0);
        return LZ_WIFI_NEXT_PHASE;
    case LZ_WIFI_STAGE_DATA:
        return after_data(wifi, party, air, ret_phase);
    case LZ_WIFI_STAGE_ACK:
        return after_ack(wifi, party, air, ret_phase);
    }
    g_assert_not_reached();
}

static void exchange_ended(void *owner, LzWifiAir *air, LzWifiOutcome outcome)
{
    LzWifi *wifi = owner;
    LzWifiParty *party = lz_wifi_party(wifi, air->node);
    if (outcome == LZ_WIFI_FAILED) {
        rotate(wifi, party, air->ac);
    }
    if (!choose(wifi, party, air->ac)) {
        lz_wifi_node_unwant(&party->node, air->ac);
    }
}

/* An internal collision counts as an attempt of what would have been sent (10.23.2.4). */
static void exchange_lost(void *owner, LzWifiNode *node, LzWifiAc ac)
{
    LzWifi *wifi = owner;
    LzWifiLane *lane = lz_wifi_party(wifi, node)->rings[ac];
    for (LzPacket **at = lane ? &lane->window : NULL; at && *at;) {
        if (is_pending(*at)) {
            count_attempt(wifi, lane, at);
            break;
        }
        at = &(*at)->next;
    }
    if (lane) {
        hand_up(wifi, lane);
    }
}

const LzWifiMediumOps lz_wifi_exchange_ops = {
    .hears = lz_wifi_hears,
    .power = lz_wifi_power,
    .begin = exchange_begin,
    .next = exchange_next,
    .ended = exchange_ended,
    .lost = exchange_lost,
};
