/* Random early detection: the longer the average queue, the likelier a packet is dropped or marked as it comes;
 * weighted RED has other thresholds for some DSCPs. The average and all probabilities are fixed-point numbers. */
#include <glib.h>
#include <string.h>

#include "lazaret/dscp.h"
#include "lazaret/packet_list.h"
#include "lazaret/queue.h"

#define ONE_Q32 (UINT64_C(1) << 32)
#define PPB UINT64_C(1000000000)
#define PROFILES_MAX 8u

typedef struct Curve {
    int64_t min, max;           /* packets */
    uint32_t probability_ppb;
} Curve;

typedef struct ProfileConfig {
    LzText name;
    LzNameList dscp;
    Curve curve;
} ProfileConfig;

typedef struct Config {
    int64_t queue_limit_bytes;
    Curve curve;
    uint32_t weight_ppb;
    LzTime packet_time_ns;
    bool gentle, ecn;
    LzList profiles;            /* ProfileConfig */
} Config;

typedef struct Red {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    LzRandom random;
    LzPacketList list;
    uint64_t average_q32;       /* packets */
    uint64_t weight_q32;
    LzTime idle_since_ns;       /* LZ_TIME_NEVER while packets wait */
    uint32_t since_mark[PROFILES_MAX + 1];      /* packets since the last drop or mark, by profile; the last: none */
    uint8_t profile_of[LZ_DSCP_COUNT];
} Red;

/* ---- average ---- */

static uint64_t times_q32(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 32);
}

/* Floyd and Jacobson 1993, section 4: an idle time counts as that many arrivals at an empty queue. */
static void decay(Red *self, LzTime now_ns)
{
    uint64_t arrivals = (uint64_t)((now_ns - self->idle_since_ns) / self->config->packet_time_ns);
    uint64_t factor = ONE_Q32 - self->weight_q32;
    for (; arrivals > 0 && self->average_q32 > 0; arrivals >>= 1) {
        if (arrivals & 1) {
            self->average_q32 = times_q32(self->average_q32, factor);
        }
        factor = times_q32(factor, factor);
    }
}

static void follow(Red *self, LzTime now_ns)
{
    if (self->idle_since_ns != LZ_TIME_NEVER) {
        decay(self, now_ns);
        self->idle_since_ns = now_ns;
        return;
    }
    uint64_t length_q32 = (uint64_t)self->list.count << 32;
    if (length_q32 >= self->average_q32) {
        self->average_q32 += times_q32(length_q32 - self->average_q32, self->weight_q32);
    } else {
        self->average_q32 -= times_q32(self->average_q32 - length_q32, self->weight_q32);
    }
}

/* ---- decision ---- */

/* p_b, which the average alone gives. Gentle: from max to twice max it rises on to 1. */
static uint64_t base_probability_ppb(const Red *self, const Curve *curve)
{
    uint64_t min_q32 = (uint64_t)curve->min << 32, max_q32 = (uint64_t)curve->max << 32;
    uint64_t average_q32 = self->average_q32, top_ppb = curve->probability_ppb;
    if (average_q32 < min_q32) {
        return 0;
    }
    if (average_q32 < max_q32) {
        return (uint64_t)((unsigned __int128)top_ppb * (average_q32 - min_q32) / (max_q32 - min_q32));
    }
    if (!self->config->gentle || average_q32 >= 2 * max_q32) {
        return PPB;
    }
    return top_ppb + (uint64_t)((unsigned __int128)(PPB - top_ppb) * (average_q32 - max_q32) / max_q32);
}

/* p_a = p_b / (1 - count p_b): drops come at even distances instead of in bunches. */
static bool is_chosen(Red *self, const Curve *curve, uint32_t *since_mark)
{
    uint64_t base_ppb = base_probability_ppb(self, curve);
    if (base_ppb == 0) {
        *since_mark = 0;
        return false;
    }
    unsigned __int128 spread_ppb = (unsigned __int128)*since_mark * base_ppb;
    uint64_t final_ppb = spread_ppb + base_ppb >= PPB ? PPB : base_ppb * PPB / (PPB - (uint64_t)spread_ppb);
    bool is_it = lz_random_chance_ppb(&self->random, (uint32_t)final_ppb);
    *since_mark = is_it ? 0 : *since_mark + 1;
    return is_it;
}

static bool is_forced(const Red *self, const Curve *curve)
{
    return base_probability_ppb(self, curve) >= PPB;
}

static const Curve *curve_of(const Red *self, unsigned profile)
{
    return profile < PROFILES_MAX ? &((const ProfileConfig *)self->config->profiles.items)[profile].curve
                                  : &self->config->curve;
}

static LzDropReason red_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    Red *self = state;
    unsigned profile = self->profile_of[packet->dscp & (LZ_DSCP_COUNT - 1)];
    const Curve *curve = curve_of(self, profile);
    follow(self, now_ns);
    bool is_early = is_chosen(self, curve, &self->since_mark[profile]);
    bool can_mark = self->config->ecn && packet->ecn != LZ_ECN_NOT_ECT && !is_forced(self, curve);
    if (is_early && !can_mark) {
        return LZ_DROP_EARLY;
    }
    if (self->list.bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes) {
        self->since_mark[profile] = 0;
        return LZ_DROP_QUEUE_FULL;
    }
    packet->ecn = is_early ? LZ_ECN_CE : packet->ecn;
    lz_packet_list_push(&self->list, packet);
    self->idle_since_ns = LZ_TIME_NEVER;
    return LZ_DROP_NONE;
}

/* ---- the rest ---- */

static void set_profiles(Red *self)
{
    const ProfileConfig *profiles = self->config->profiles.items;
    memset(self->profile_of, PROFILES_MAX, sizeof self->profile_of);
    for (unsigned i = 0; i < self->config->profiles.count; i++) {
        uint64_t set = 0;
        const char *wrong = NULL;
        lz_dscp_set(&profiles[i].dscp, &set, &wrong);           /* has been checked */
        for (unsigned dscp = 0; dscp < LZ_DSCP_COUNT; dscp++) {
            self->profile_of[dscp] = set >> dscp & 1 ? (uint8_t)i : self->profile_of[dscp];
        }
    }
}

static void red_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)outlet;
    Red *self = state;
    self->config = config;
    self->packets = env->packets;
    self->weight_q32 = (uint64_t)self->config->weight_ppb * ONE_Q32 / PPB;
    lz_env_random(env, LZ_PURPOSE_QUEUE, &self->random);
    set_profiles(self);
}

static LzPacket *red_dequeue(void *state, LzTime now_ns)
{
    Red *self = state;
    LzPacket *packet = lz_packet_list_pop(&self->list);
    if (packet && !self->list.first) {
        self->idle_since_ns = now_ns;
    }
    return packet;
}

static const LzPacket *red_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const Red *self = state;
    return self->list.first;
}

static uint64_t red_backlog_bytes(const void *state)
{
    const Red *self = state;
    return self->list.bytes;
}

static uint32_t red_backlog_packets(const void *state)
{
    const Red *self = state;
    return self->list.count;
}

static void red_clear(void *state)
{
    Red *self = state;
    lz_packet_list_clear(&self->list, self->packets);
}

static char *red_check(const void *data)
{
    const Config *config = data;
    if (config->curve.min >= config->curve.max) {
        return g_strdup("`min` must be below `max`");
    }
    if (config->profiles.count > PROFILES_MAX) {
        return g_strdup_printf("%u profiles; at most %u", config->profiles.count, PROFILES_MAX);
    }
    for (unsigned i = 0; i < config->profiles.count; i++) {
        const ProfileConfig *profile = &((const ProfileConfig *)config->profiles.items)[i];
        uint64_t set = 0;
        const char *wrong = NULL;
        if (!lz_dscp_set(&profile->dscp, &set, &wrong)) {
            return g_strdup_printf("`%s` of profile `%s` is no DSCP", wrong, profile->name.text);
        }
        if (set == 0) {
            return g_strdup_printf("profile `%s` has no `dscp`", profile->name.text);
        }
        if (profile->curve.min >= profile->curve.max) {
            return g_strdup_printf("`min` of profile `%s` must be below its `max`", profile->name.text);
        }
    }
    return NULL;
}

static const char *const not_modelled[] = {
    "thresholds in bytes",
    "adaptation of the highest probability (adaptive RED)",
    NULL,
};

#define CURVE_ROWS(Struct) \
    LZ_PARAM(Struct, curve.min, .key = "min", .kind = LZ_PARAM_COUNT, .min = 0, .max = 1e6, .fallback = 5, \
             .help = "average queue, in packets, below which nothing is dropped", .source = "ns-3 RedQueueDisc"), \
    LZ_PARAM(Struct, curve.max, .key = "max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 15, \
             .help = "average queue at which the probability is reached", .source = "ns-3 RedQueueDisc"), \
    LZ_PARAM(Struct, curve.probability_ppb, .key = "probability", .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 20e6, \
             .help = "of a drop at an average queue of max", .source = "ns-3 RedQueueDisc: 1/50")

static const LzParam profile_params[] = {
    LZ_PARAM(ProfileConfig, name, .kind = LZ_PARAM_NAME, .is_required = true, .help = "of the profile"),
    LZ_PARAM(ProfileConfig, dscp, .kind = LZ_PARAM_NAMES, .help = "whose packets: code points, as [af12, af13]"),
    CURVE_ROWS(ProfileConfig),
    LZ_PARAM_END,
};

static const LzParam params[] = {
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 524288,
             .help = "bytes that may wait at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB"),
    CURVE_ROWS(Config),
    LZ_PARAM(Config, weight_ppb, .kind = LZ_PARAM_PPB, .min = 1, .max = 1e9, .fallback = 2e6,
             .help = "of the queue at each arrival in its average",
             .source = "Floyd and Jacobson 1993: 0.002"),
    LZ_PARAM(Config, packet_time_ns, .kind = LZ_PARAM_TIME_NS, .min = 1, .max = 1e9, .fallback = 123360,
             .help = "transmission time of a typical packet, by which the average decays while the queue is empty",
             .source = "a full frame at 100 Mbit/s"),
    LZ_PARAM(Config, gentle, .kind = LZ_PARAM_BOOL, .fallback = 1,
             .help = "from max to twice max the probability rises on to 1, instead of jumping there",
             .source = "ns-3 RedQueueDisc"),
    LZ_PARAM(Config, ecn, .kind = LZ_PARAM_BOOL,
             .help = "marks packets that can be marked (RFC 3168) instead of dropping them, while it still has a choice"),
    LZ_PARAM(Config, profiles, .kind = LZ_PARAM_LIST, .table = profile_params, .item_size = sizeof(ProfileConfig),
             .help = "weighted RED: packets with these code points have a curve of their own, over the same average"),
    LZ_PARAM_END,
};

static const LzQueueOps ops = {
    .init = red_init,
    .enqueue = red_enqueue,
    .dequeue = red_dequeue,
    .peek = red_peek,
    .backlog_bytes = red_backlog_bytes,
    .backlog_packets = red_backlog_packets,
    .clear = red_clear,
};

const LzModel lz_queue_model_red = {
    .name = "red",
    .summary = "random early detection, weighted by DSCP: drops the likelier the longer the average queue",
    .source = "Floyd and Jacobson, Random early detection gateways for congestion avoidance, IEEE/ACM Transactions on "
              "Networking 1(4), 1993, pages 397 to 413",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Red),
    .not_modelled = not_modelled,
    .check = red_check,
    .ops = &ops,
};
