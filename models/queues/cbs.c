/* A credit-based shaper (audio/video bridging, time-sensitive networking): one class of marks goes before all others
 * while its credit is not negative. Sending costs credit, waiting earns it, so that the class never has more than its
 * share of the link, in evenly spaced frames. */
#include "lazaret/dscp.h"
#include "lazaret/link.h"
#include "lazaret/packet_list.h"
#include "lazaret/queue.h"

typedef struct Config {
    int64_t idle_slope_bps, rate_bps;
    int64_t queue_limit_bytes;
    LzNameList dscp;
} Config;

typedef struct Cbs {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    uint64_t reserved;          /* bit per DSCP of the class */
    LzPacketList shaped, other;
    int64_t credit;             /* bits * 1e9, at at_ns */
    LzTime at_ns;               /* ahead of now while a frame of the class is in transmission */
} Cbs;

static void cbs_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)outlet;
    Cbs *self = state;
    const char *wrong = NULL;
    self->config = config;
    self->packets = env->packets;
    lz_dscp_set(&self->config->dscp, &self->reserved, &wrong);  /* has been checked */
    for (uint8_t dscp = 0; dscp < LZ_DSCP_COUNT && self->config->dscp.count == 0; dscp++) {
        self->reserved |= (uint64_t)(lz_dscp_class(dscp) == lz_dscp_class(LZ_DSCP_EF)) << dscp;
    }
}

/* ---- credit ---- */

/* IEEE 802.1Q-2022 8.6.8.2: grows by idleSlope while frames wait or it is negative; without frames it stops at 0. */
static int64_t credit_at(const Cbs *self, LzTime now_ns)
{
    if (now_ns <= self->at_ns) {
        return self->credit;
    }
    __int128 credit = self->credit + (__int128)self->config->idle_slope_bps * (now_ns - self->at_ns);
    return (int64_t)(self->shaped.first ? MIN(credit, INT64_MAX) : MIN(credit, 0));
}

static bool may_send(const Cbs *self, LzTime now_ns)
{
    return self->shaped.first && now_ns >= self->at_ns && credit_at(self, now_ns) >= 0;
}

/* A frame of the class begins: credit falls by sendSlope = idleSlope - rate until it ends. */
static void charge(Cbs *self, const LzPacket *packet, LzTime now_ns)
{
    const Config *config = self->config;
    LzTime send_ns = lz_transmit_ns_ceil(packet->wire_bytes, config->rate_bps);
    self->credit = credit_at(self, now_ns) + (config->idle_slope_bps - config->rate_bps) * send_ns;
    self->at_ns = now_ns + send_ns;
}

/* ---- queue ---- */

static LzDropReason cbs_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    Cbs *self = state;
    bool is_shaped = self->reserved >> (packet->dscp & (LZ_DSCP_COUNT - 1)) & 1;
    LzPacketList *list = is_shaped ? &self->shaped : &self->other;
    if (list->bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes) {
        return LZ_DROP_QUEUE_FULL;
    }
    if (is_shaped && !list->first) {
        self->credit = credit_at(self, now_ns);
        self->at_ns = MAX(self->at_ns, now_ns);
    }
    lz_packet_list_push(list, packet);
    return LZ_DROP_NONE;
}

static LzPacket *cbs_dequeue(void *state, LzTime now_ns)
{
    Cbs *self = state;
    if (!may_send(self, now_ns)) {
        return lz_packet_list_pop(&self->other);
    }
    charge(self, self->shaped.first, now_ns);
    return lz_packet_list_pop(&self->shaped);
}

static const LzPacket *cbs_peek(const void *state, LzTime now_ns)
{
    const Cbs *self = state;
    return may_send(self, now_ns) ? self->shaped.first : self->other.first;
}

static LzTime cbs_ready_ns(const void *state, LzTime now_ns)
{
    const Cbs *self = state;
    if (self->other.first || may_send(self, now_ns)) {
        return now_ns;
    }
    if (!self->shaped.first) {
        return LZ_TIME_NEVER;
    }
    int64_t debt = self->credit < 0 ? -self->credit : 0;
    return self->at_ns + (debt + self->config->idle_slope_bps - 1) / self->config->idle_slope_bps;
}

static LzPacket *cbs_remove(void *state, LzTime now_ns)
{
    (void)now_ns;
    Cbs *self = state;
    return lz_packet_list_pop(self->shaped.first ? &self->shaped : &self->other);
}

static uint64_t cbs_backlog_bytes(const void *state)
{
    const Cbs *self = state;
    return self->shaped.bytes + self->other.bytes;
}

static uint32_t cbs_backlog_packets(const void *state)
{
    const Cbs *self = state;
    return self->shaped.count + self->other.count;
}

static void cbs_clear(void *state)
{
    Cbs *self = state;
    lz_packet_list_clear(&self->shaped, self->packets);
    lz_packet_list_clear(&self->other, self->packets);
}

static char *cbs_check(const void *data)
{
    const Config *config = data;
    uint64_t set = 0;
    const char *wrong = NULL;
    if (!lz_dscp_set(&config->dscp, &set, &wrong)) {
        return g_strdup_printf("`%s` is no DSCP", wrong);
    }
    return config->idle_slope_bps > config->rate_bps ? g_strdup("`idle_slope` must not be above `link_rate`") : NULL;
}

static const char *const not_modelled[] = {
    "more than one shaped class",
    NULL,
};

static const LzParam params[] = {
    LZ_PARAM(Config, idle_slope_bps, .kind = LZ_PARAM_BPS, .is_required = true, .min = 1000, .max = 1e12, .fallback = 25e6,
             .help = "share of the link that is reserved for the class"),
    LZ_PARAM(Config, rate_bps, .key = "link_rate", .kind = LZ_PARAM_BPS, .is_required = true, .min = 1000, .max = 1e12,
             .fallback = 100e6, .help = "rate of the link behind it, by which sending costs credit"),
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 131072,
             .help = "bytes that may wait in each of the two classes at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB, by class"),
    LZ_PARAM(Config, dscp, .kind = LZ_PARAM_NAMES, .help = "code points of the class; none named: 40 to 47, those of cs5, va and ef"),
    LZ_PARAM_END,
};

static uint64_t cbs_limit_bytes(const void *config)
{
    return 2 * (uint64_t)((const Config *)config)->queue_limit_bytes;
}

static const LzQueueOps ops = {
    .limit_bytes = cbs_limit_bytes,
    .init = cbs_init,
    .enqueue = cbs_enqueue,
    .dequeue = cbs_dequeue,
    .peek = cbs_peek,
    .backlog_bytes = cbs_backlog_bytes,
    .backlog_packets = cbs_backlog_packets,
    .clear = cbs_clear,
    .remove = cbs_remove,
    .ready_ns = cbs_ready_ns,
};

const LzModel lz_queue_model_cbs = {
    .name = "cbs",
    .summary = "credit-based shaper: one class goes first, within its share of the link",
    .source = "IEEE 802.1Q-2014 8.6.8.2 (802.1Qav), as Linux's tc-cbs(8) gives it",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Cbs),
    .not_modelled = not_modelled,
    .check = cbs_check,
    .ops = &ops,
};
