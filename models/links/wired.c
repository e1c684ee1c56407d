/* A full-duplex wire: each station has a transmitter of its own in each direction. A packet leaves
 * when the transmitter is free, occupies it for its bytes at the rate, and arrives after the delay and
 * the jitter, unless it is lost. Without a rate the wire is a pure delay: packets do not queue. */
#include <glib.h>

#include "lazaret/link.h"
#include "lazaret/model.h"
#include "lazaret/random.h"

#define PPP_OVERHEAD_BYTES 2u           /* RFC 1661 2: the protocol field */

typedef enum { FRAMING_ETHERNET, FRAMING_PPP } Framing;

typedef struct Config {
    int64_t rate_bps;
    LzTime delay_ns;
    LzDist jitter;
    bool reorder;
    uint32_t loss_ppb;
    int framing;
} Config;

typedef struct Wired Wired;

/* The transmitter of one station and direction, and what it has sent. */
typedef struct Lane {
    Wired *wire;
    unsigned station;
    LzDirection direction;
    LzTime free_ns;             /* the transmitter is occupied until then */
    LzTime last_arrival_ns;
    LzPacket *first, *last;     /* on their way, by arrival time, which stands in queued_ns */
    LzEvent arrive;             /* pending while anything is on its way */
    LzEvent transmit;           /* pending only while packets wait for the transmitter */
} Lane;

/* What chance does to a lane; kept apart from what every packet touches. */
typedef struct Chance {
    LzRandom delay, loss;
} Chance;

struct Wired {
    const Config *config;       /* borrowed */
    LzLink *link;               /* borrowed */
    LzScheduler *scheduler;     /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    Chance *chances;            /* 2 * station + direction; NULL: delay is constant and nothing is lost */
    unsigned lane_count;
};

static Lane *lane_at(const Wired *self, unsigned index)
{
    return lz_link_port_state(self->link, index / 2, (LzDirection)(index % 2));
}

/* ---- packets on their way ---- */

/* Only a wire that reorders looks for another place than the end. */
static void lane_insert(Lane *lane, LzPacket *packet)
{
    if (!lane->last || packet->queued_ns >= lane->last->queued_ns) {
        packet->next = NULL;
        *(lane->last ? &lane->last->next : &lane->first) = packet;
        lane->last = packet;
        return;
    }
    LzPacket **place = &lane->first;
    while ((*place)->queued_ns <= packet->queued_ns) {
        place = &(*place)->next;
    }
    packet->next = *place;
    *place = packet;
}

static LzPacket *lane_take_first(Lane *lane)
{
    LzPacket *packet = lane->first;
    lane->first = packet->next;
    if (!lane->first) {
        lane->last = NULL;
    }
    return packet;
}

static void lane_arm_arrival(Lane *lane)
{
    if (!lane->first) {
        return;
    }
    if (lz_event_is_pending(&lane->arrive)) {
        if (lane->arrive.due_ns <= lane->first->queued_ns) {
            return;
        }
        lz_event_cancel(lane->wire->scheduler, &lane->arrive);
    }
    lz_schedule_at(lane->wire->scheduler, &lane->arrive, lane->first->queued_ns);
}

static void lane_arrive(void *owner)
{
    Lane *lane = owner;
    LzTime now_ns = lz_now(lane->wire->scheduler);
    while (lane->first && lane->first->queued_ns <= now_ns) {
        lz_link_deliver(lane->wire->link, lane->station, lane->direction, lane_take_first(lane));
    }
    lane_arm_arrival(lane);
}

/* ---- transmitter ---- */

static Chance *chance_of(const Lane *lane)
{
    return &lane->wire->chances[2 * lane->station + (unsigned)lane->direction];
}

static LzTime draw_jitter_ns(const Lane *lane)
{
    const LzDist *jitter = &lane->wire->config->jitter;
    return jitter->kind == LZ_DIST_CONSTANT ? jitter->a_ns : lz_dist_draw(jitter, &chance_of(lane)->delay);
}

static LzTime lane_arrival_ns(Lane *lane, LzTime sent_ns)
{
    const Config *config = lane->wire->config;
    LzTime arrival_ns = sent_ns + config->delay_ns + draw_jitter_ns(lane);
    if (config->reorder) {
        return arrival_ns;
    }
    lane->last_arrival_ns = MAX(lane->last_arrival_ns, arrival_ns);
    return lane->last_arrival_ns;
}

static void lane_send(Lane *lane, LzPacket *packet, LzTime now_ns)
{
    const Config *config = lane->wire->config;
    if (config->rate_bps > 0) {
        LzTime busy_ns = lz_transmit_ns_ceil(packet->wire_bytes, config->rate_bps);
        lane->free_ns = now_ns + busy_ns;
        lz_link_busy(lane->wire->link, lane->station, lane->direction, busy_ns);
    }
    if (config->loss_ppb > 0 && lz_random_chance_ppb(&chance_of(lane)->loss, config->loss_ppb)) {
        lz_link_drop(lane->wire->link, lane->station, lane->direction, packet, LZ_DROP_LINK_LOSS);
        return;
    }
    packet->queued_ns = lane_arrival_ns(lane, MAX(lane->free_ns, now_ns));
    lane_insert(lane, packet);
    lane_arm_arrival(lane);
    lz_link_expect(lane->wire->link, lane->station, lane->direction, packet);
}

/* Sends while the transmitter is free; comes back when it will be, if anything waits. */
static void lane_pump(void *owner)
{
    Lane *lane = owner;
    Wired *wire = lane->wire;
    LzTime now_ns = lz_now(wire->scheduler);
    while (lane->free_ns <= now_ns) {
        LzPacket *packet = lz_link_pull(wire->link, lane->station, lane->direction);
        if (!packet) {
            return;
        }
        lane_send(lane, packet, now_ns);
    }
    if (lz_link_peek(wire->link, lane->station, lane->direction)) {
        lz_schedule_at(wire->scheduler, &lane->transmit, lane->free_ns);
    }
}

/* ---- the model ---- */

static void lane_init(Lane *lane, Wired *wire, unsigned index)
{
    lane->wire = wire;
    lane->station = index / 2;
    lane->direction = (LzDirection)(index % 2);
    lz_event_init(&lane->transmit, lane_pump, lane);
    lz_event_init(&lane->arrive, lane_arrive, lane);
}

static void chance_init(Chance *chance, const LzEnv *env, unsigned index)
{
    LzEnv own = *env;
    own.entity ^= (index + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    lz_env_random(&own, LZ_PURPOSE_DELAY, &chance->delay);
    lz_env_random(&own, LZ_PURPOSE_LOSS, &chance->loss);
}

static void wired_init(void *state, const void *config, LzLink *link, const LzEnv *env, unsigned stations)
{
    Wired *self = state;
    self->config = config;
    self->link = link;
    self->scheduler = env->scheduler;
    self->packets = env->packets;
    if (self->config->framing == FRAMING_PPP) {
        lz_link_set_framing(link, 0, PPP_OVERHEAD_BYTES);
    }
    self->lane_count = 2 * stations;
    for (unsigned index = 0; index < self->lane_count; index++) {
        lane_init(lane_at(self, index), self, index);
    }
    bool is_random = self->config->jitter.kind != LZ_DIST_CONSTANT || self->config->loss_ppb > 0;
    self->chances = is_random ? g_new(Chance, self->lane_count) : NULL;
    for (unsigned index = 0; is_random && index < self->lane_count; index++) {
        chance_init(&self->chances[index], env, index);
    }
}

/* The queue is empty whenever the transmitter is free and nothing is to call lane_pump(). */
static bool wired_offer(void *state, unsigned station, LzDirection direction, LzPacket *packet)
{
    Wired *self = state;
    Lane *lane = lz_link_port_state(self->link, station, direction);
    LzTime now_ns = lz_now(self->scheduler);
    if (lane->free_ns > now_ns || lz_event_is_pending(&lane->transmit)) {
        return false;
    }
    lz_link_pass(self->link, direction, packet);
    lane_send(lane, packet, now_ns);
    return true;
}

static void wired_kick(void *state, unsigned station, LzDirection direction)
{
    Wired *self = state;
    Lane *lane = lz_link_port_state(self->link, station, direction);
    if (!lz_event_is_pending(&lane->transmit)) {
        lane_pump(lane);
    }
}

static void lane_stop(Lane *lane)
{
    lz_event_cancel(lane->wire->scheduler, &lane->transmit);
    lz_event_cancel(lane->wire->scheduler, &lane->arrive);
}

static void lane_drop_all(Lane *lane)
{
    lane_stop(lane);
    lane->free_ns = lane->last_arrival_ns = lz_now(lane->wire->scheduler);
    while (lane->first) {
        LzPacket *packet = lane_take_first(lane);
        lz_link_drop(lane->wire->link, lane->station, lane->direction, packet, LZ_DROP_LINK_DOWN);
    }
}

static void wired_set_up(void *state, bool is_up)
{
    Wired *self = state;
    if (is_up) {
        return;
    }
    for (unsigned index = 0; index < self->lane_count; index++) {
        lane_drop_all(lane_at(self, index));
    }
}

static void wired_clear(void *state)
{
    Wired *self = state;
    for (unsigned index = 0; index < self->lane_count; index++) {
        Lane *lane = lane_at(self, index);
        lane_stop(lane);
        while (lane->first) {
            lz_packet_free(self->packets, lane_take_first(lane));
        }
    }
    g_clear_pointer(&self->chances, g_free);
    self->lane_count = 0;
}

static const char *const not_modelled[] = {
    "half duplex and auto-negotiation",
    "loss that depends on the length of a frame or comes in bursts",
    "pause frames (IEEE 802.3 annex 31B)",
    NULL,
};

static const char *const framing_words[] = {"ethernet", "ppp", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, rate_bps, .kind = LZ_PARAM_BPS, .max = 1e12, .fallback = 0,
             .help = "rate of each direction; without it the wire only delays"),
    LZ_PARAM(Config, delay_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e11, .fallback = 0,
             .help = "propagation delay; copper and fibre 5 ns per metre"),
    LZ_PARAM(Config, jitter, .kind = LZ_PARAM_DIST, .max = 1e11, .fallback = 0,
             .help = "delay that each packet suffers beyond that"),
    LZ_PARAM(Config, reorder, .kind = LZ_PARAM_BOOL, .fallback = 0,
             .help = "whether jitter may let a packet overtake the one before it"),
    LZ_PARAM(Config, loss_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 0,
             .help = "share of packets lost on the way, each on its own"),
    LZ_PARAM(Config, framing, .kind = LZ_PARAM_ENUM, .words = framing_words, .fallback = FRAMING_ETHERNET,
             .help = "ethernet: 38 bytes beside a packet of at least 46; ppp: 2 bytes beside any packet",
             .source = "IEEE 802.3 with preamble and gap; RFC 1661 section 2 without delimiters"),
    LZ_PARAM_END,
};

static int64_t wired_rate_bps(const void *config)
{
    return ((const Config *)config)->rate_bps;
}

static const LzLinkOps ops = {
    .rate_bps = wired_rate_bps,
    .port_state_size = sizeof(Lane),
    .init = wired_init,
    .offer = wired_offer,
    .kick = wired_kick,
    .set_up = wired_set_up,
    .clear = wired_clear,
};

const LzModel lz_link_model_wired = {
    .name = "wired",
    .summary = "full-duplex wire with rate, delay, jitter and loss",
    .source = "IEEE 802.3-2022 (bytes on the wire include preamble and gap)",
    .kind = LZ_MODEL_LINK,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Wired),
    .not_modelled = not_modelled,
    .ops = &ops,
};
