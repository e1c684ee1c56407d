/* Controlled delay: one queue, whose standing wait is kept at a few milliseconds by drops at its head. */
#include "lazaret/codel.h"

#include "lazaret/packet_list.h"
#include "lazaret/queue.h"

typedef struct Config {
    LzTime target_ns, interval_ns;
    int64_t queue_limit_bytes, mtu_bytes;
    bool ecn;
} Config;

typedef struct CodelQueue {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    LzQueueOutlet outlet;
    LzCodelRule rule;
    LzCodel codel;
    LzPacketList list;
} CodelQueue;

static void codel_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    CodelQueue *self = state;
    self->config = config;
    self->packets = env->packets;
    self->outlet = outlet;
    self->rule = (LzCodelRule){self->config->target_ns, self->config->interval_ns, (uint32_t)self->config->mtu_bytes,
                               self->config->ecn};
}

static LzDropReason codel_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    CodelQueue *self = state;
    if (self->list.bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes) {
        return LZ_DROP_QUEUE_FULL;
    }
    lz_packet_list_push(&self->list, packet);
    return LZ_DROP_NONE;
}

static LzPacket *take(void *state)
{
    CodelQueue *self = state;
    return lz_packet_list_pop(&self->list);
}

static uint64_t codel_backlog_bytes(const void *state)
{
    const CodelQueue *self = state;
    return self->list.bytes;
}

static void drop(void *state, LzPacket *packet)
{
    const CodelQueue *self = state;
    self->outlet.dropped(self->outlet.owner, packet, LZ_DROP_EARLY);
}

static LzPacket *codel_dequeue(void *state, LzTime now_ns)
{
    CodelQueue *self = state;
    const LzCodelQueue queue = {.take = take, .backlog_bytes = codel_backlog_bytes, .drop = drop, .self = self};
    return lz_codel_dequeue(&self->codel, &self->rule, &queue, now_ns);
}

static LzPacket *codel_remove(void *state, LzTime now_ns)
{
    (void)now_ns;
    return take(state);
}

static const LzPacket *codel_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const CodelQueue *self = state;
    return self->list.first;
}

static uint32_t codel_backlog_packets(const void *state)
{
    const CodelQueue *self = state;
    return self->list.count;
}

static void codel_clear(void *state)
{
    CodelQueue *self = state;
    lz_packet_list_clear(&self->list, self->packets);
}

static const LzParam params[] = {
    LZ_PARAM(Config, target_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e3, .max = 1e9, .fallback = 5e6,
             .help = "wait that may stand in the queue", .source = "RFC 8289 section 4"),
    LZ_PARAM(Config, interval_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e5, .max = 1e10, .fallback = 100e6,
             .help = "time that it may stand above the target before the first drop: about the longest round trip",
             .source = "RFC 8289 section 4"),
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 524288,
             .help = "bytes that may wait at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB"),
    LZ_PARAM(Config, mtu_bytes, .kind = LZ_PARAM_BYTES, .min = 0, .max = 65535, .fallback = 1514,
             .help = "a queue with no more than this is never too long",
             .source = "RFC 8289 section 5: one full packet"),
    LZ_PARAM(Config, ecn, .kind = LZ_PARAM_BOOL, .help = "marks packets that can be marked (RFC 3168) instead of dropping them"),
    LZ_PARAM_END,
};

static const LzQueueOps ops = {
    .init = codel_init,
    .enqueue = codel_enqueue,
    .dequeue = codel_dequeue,
    .peek = codel_peek,
    .backlog_bytes = codel_backlog_bytes,
    .backlog_packets = codel_backlog_packets,
    .clear = codel_clear,
    .remove = codel_remove,
};

const LzModel lz_queue_model_codel = {
    .name = "codel",
    .summary = "controlled delay: drops at the head while the wait stands above a target",
    .source = "RFC 8289",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(CodelQueue),
    .ops = &ops,
};
