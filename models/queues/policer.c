/* A token bucket at the entrance of a queue: packets for which there are no tokens are dropped, or go on with another
 * DSCP. It never delays anything. */
#include <glib.h>

#include "lazaret/dscp.h"
#include "lazaret/queue.h"
#include "lazaret/token_bucket.h"

typedef struct Config {
    int64_t rate_bps, burst_bytes;
    LzNameList dscp;
    LzText exceed;
    LzChoice queue;
} Config;

typedef struct Policer {
    LzQueue inner;
    LzTokenBucket bucket;
    uint64_t policed;           /* bit per DSCP */
    int remark;                 /* DSCP, or -1: drop */
} Policer;

static void policer_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    Policer *self = state;
    const Config *own = config;
    const char *wrong = NULL;
    lz_dscp_set(&own->dscp, &self->policed, &wrong);    /* has been checked */
    self->policed = own->dscp.count > 0 ? self->policed : UINT64_MAX;
    self->remark = lz_dscp_parse(own->exceed.text);
    lz_token_bucket_init(&self->bucket, own->rate_bps, own->burst_bytes);
    lz_queue_init(&self->inner, &own->queue, env, outlet);
}

static void remark(LzPacket *packet, uint8_t dscp)
{
    packet->dscp = dscp;
    if (packet->tag > 0) {
        packet->tag = lz_dscp_to_pcp(dscp) + 1;
    }
}

static LzDropReason policer_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    Policer *self = state;
    if (self->policed >> (packet->dscp & (LZ_DSCP_COUNT - 1)) & 1) {
        if (lz_token_bucket_level(&self->bucket, now_ns) >= lz_tokens(packet->wire_bytes)) {
            lz_token_bucket_take(&self->bucket, packet->wire_bytes, now_ns);
        } else if (self->remark < 0) {
            return LZ_DROP_POLICED;
        } else {
            remark(packet, (uint8_t)self->remark);
        }
    }
    return self->inner.ops->enqueue(self->inner.state, packet, now_ns);
}

static LzPacket *policer_dequeue(void *state, LzTime now_ns)
{
    Policer *self = state;
    return self->inner.ops->dequeue(self->inner.state, now_ns);
}

static const LzPacket *policer_peek(const void *state, LzTime now_ns)
{
    const Policer *self = state;
    return self->inner.ops->peek(self->inner.state, now_ns);
}

static LzTime policer_ready_ns(const void *state, LzTime now_ns)
{
    const Policer *self = state;
    return lz_queue_ready_ns(self->inner.ops, self->inner.state, now_ns);
}

static LzPacket *policer_remove(void *state, LzTime now_ns)
{
    Policer *self = state;
    return lz_queue_remove(self->inner.ops, self->inner.state, now_ns);
}

static uint64_t policer_backlog_bytes(const void *state)
{
    const Policer *self = state;
    return self->inner.ops->backlog_bytes(self->inner.state);
}

static uint32_t policer_backlog_packets(const void *state)
{
    const Policer *self = state;
    return self->inner.ops->backlog_packets(self->inner.state);
}

static void policer_clear(void *state)
{
    Policer *self = state;
    lz_queue_clear(&self->inner);
}

static char *policer_check(const void *data)
{
    const Config *config = data;
    uint64_t set = 0;
    const char *wrong = NULL;
    if (!lz_dscp_set(&config->dscp, &set, &wrong)) {
        return g_strdup_printf("`%s` is no DSCP", wrong);
    }
    if (!g_str_equal(config->exceed.text, "drop") && lz_dscp_parse(config->exceed.text) < 0) {
        return g_strdup_printf("`exceed` is drop or a DSCP, not `%s`", config->exceed.text);
    }
    return NULL;
}

static const char *const not_modelled[] = {
    "a second rate or colour (RFC 2697, RFC 2698)",
    NULL,
};

static const LzParam inner_params[] = {
    LZ_PARAM(Config, queue, .key = "model", .kind = LZ_PARAM_MODEL, .model_kind = LZ_MODEL_QUEUE, .is_inner = true,
             .fallback_text = "fifo", .help = "queue model"),
    LZ_PARAM_END,
};

static const LzParam params[] = {
    LZ_PARAM(Config, rate_bps, .kind = LZ_PARAM_BPS, .is_required = true, .min = 1000, .max = 1e12, .fallback = 10e6,
             .help = "rate of tokens, in bits on the wire"),
    LZ_PARAM(Config, burst_bytes, .kind = LZ_PARAM_BYTES, .min = 1, .max = LZ_TOKEN_BURST_BYTES_MAX, .fallback = 15420,
             .help = "depth of the bucket; a longer packet always exceeds", .source = "assumed: ten full frames"),
    LZ_PARAM(Config, dscp, .kind = LZ_PARAM_NAMES, .help = "code points that are policed, as [ef, va]; none named: all"),
    LZ_PARAM(Config, exceed, .kind = LZ_PARAM_VALUE, .fallback_text = "drop",
             .help = "what becomes of a packet above the rate: drop, or a DSCP that it goes on with"),
    LZ_PARAM_GROUP("queue", .table = inner_params, .shorthand = "limit",
                   .help = "behind it: {model: priority, ...}; `queue: 256 kB` is the limit of the default model"),
    LZ_PARAM_END,
};

static const LzQueueOps ops = {
    .init = policer_init,
    .enqueue = policer_enqueue,
    .dequeue = policer_dequeue,
    .peek = policer_peek,
    .backlog_bytes = policer_backlog_bytes,
    .backlog_packets = policer_backlog_packets,
    .clear = policer_clear,
    .remove = policer_remove,
    .ready_ns = policer_ready_ns,
};

const LzModel lz_queue_model_policer = {
    .name = "policer",
    .summary = "token bucket that drops or re-marks what exceeds a rate, before any other queue",
    .source = "token bucket as in RFC 2697, in one rate; RFC 3246 section 2.3 on policing EF",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Policer),
    .not_modelled = not_modelled,
    .check = policer_check,
    .ops = &ops,
};
