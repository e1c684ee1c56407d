/* A token bucket in front of a link: packets wait in the queue inside until there are tokens for them, so that what
 * leaves never exceeds burst + rate x time, however fast the link is. */
#include "lazaret/queue.h"
#include "lazaret/token_bucket.h"

typedef struct Config {
    int64_t rate_bps, burst_bytes;
    LzChoice queue;
} Config;

typedef struct Shaper {
    LzQueue inner;
    LzTokenBucket bucket;
} Shaper;

static void shaper_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    Shaper *self = state;
    const Config *own = config;
    lz_token_bucket_init(&self->bucket, own->rate_bps, own->burst_bytes);
    lz_queue_init(&self->inner, &own->queue, env, outlet);
}

static LzDropReason shaper_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    Shaper *self = state;
    return self->inner.ops->enqueue(self->inner.state, packet, now_ns);
}

static const LzPacket *shaper_peek(const void *state, LzTime now_ns)
{
    const Shaper *self = state;
    const LzPacket *packet = self->inner.ops->peek(self->inner.state, now_ns);
    return packet && lz_token_bucket_has(&self->bucket, packet->wire_bytes, now_ns) ? packet : NULL;
}

/* A queue inside that drops its first packet may give a longer one than there are tokens for: the bucket then goes
 * into debt. */
static LzPacket *shaper_dequeue(void *state, LzTime now_ns)
{
    Shaper *self = state;
    LzPacket *packet = shaper_peek(self, now_ns) ? self->inner.ops->dequeue(self->inner.state, now_ns) : NULL;
    if (packet) {
        lz_token_bucket_take(&self->bucket, packet->wire_bytes, now_ns);
    }
    return packet;
}

static LzTime shaper_ready_ns(const void *state, LzTime now_ns)
{
    const Shaper *self = state;
    const LzPacket *packet = self->inner.ops->peek(self->inner.state, now_ns);
    return packet ? lz_token_bucket_ready_ns(&self->bucket, packet->wire_bytes, now_ns)
                  : lz_queue_ready_ns(self->inner.ops, self->inner.state, now_ns);
}

static LzPacket *shaper_remove(void *state, LzTime now_ns)
{
    Shaper *self = state;
    return lz_queue_remove(self->inner.ops, self->inner.state, now_ns);
}

static uint64_t shaper_backlog_bytes(const void *state)
{
    const Shaper *self = state;
    return self->inner.ops->backlog_bytes(self->inner.state);
}

static uint32_t shaper_backlog_packets(const void *state)
{
    const Shaper *self = state;
    return self->inner.ops->backlog_packets(self->inner.state);
}

static void shaper_clear(void *state)
{
    Shaper *self = state;
    lz_queue_clear(&self->inner);
}

static const LzParam inner_params[] = {
    LZ_PARAM(Config, queue, .key = "model", .kind = LZ_PARAM_MODEL, .model_kind = LZ_MODEL_QUEUE, .is_inner = true,
             .fallback_text = "fifo", .help = "queue model"),
    LZ_PARAM_END,
};

static const LzParam params[] = {
    LZ_PARAM(Config, rate_bps, .kind = LZ_PARAM_BPS, .is_required = true, .min = 1000, .max = 1e12, .fallback = 10e6,
             .help = "rate of tokens, in bits on the wire"),
    LZ_PARAM(Config, burst_bytes, .kind = LZ_PARAM_BYTES, .min = 1, .max = LZ_TOKEN_BURST_BYTES_MAX, .fallback = 15420,
             .help = "depth of the bucket; a longer packet waits for a full one and leaves a debt",
             .source = "assumed: ten full frames"),
    LZ_PARAM_GROUP("queue", .table = inner_params, .shorthand = "limit",
                   .help = "where packets wait: {model: priority, ...}; `queue: 256 kB` is the limit of the default model"),
    LZ_PARAM_END,
};

static const LzQueueOps ops = {
    .init = shaper_init,
    .enqueue = shaper_enqueue,
    .dequeue = shaper_dequeue,
    .peek = shaper_peek,
    .backlog_bytes = shaper_backlog_bytes,
    .backlog_packets = shaper_backlog_packets,
    .clear = shaper_clear,
    .remove = shaper_remove,
    .ready_ns = shaper_ready_ns,
};

const LzModel lz_queue_model_shaper = {
    .name = "shaper",
    .summary = "token bucket that holds packets back, over any other queue",
    .source = "token bucket as in RFC 2697, in one rate and one colour",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Shaper),
    .ops = &ops,
};
