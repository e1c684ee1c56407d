/* Strict priority: eight classes by DSCP or 802.1p; the highest class that waits goes first, within a class first
 * in first out. A packet in transmission is not interrupted. */
#include <glib.h>

#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "lazaret/queue.h"

#define CLASSES LZ_PRIORITIES

typedef enum { BY_DSCP, BY_PCP } By;

typedef struct Config {
    int64_t queue_limit_bytes;
    int by;                     /* By */
} Config;

typedef struct Class {
    LzPacket *first, *last;
    uint64_t bytes;
} Class;

typedef struct Priority {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    Class classes[CLASSES];
    unsigned waiting;           /* bit per class that is not empty */
    uint64_t bytes;
    uint32_t count;
} Priority;

static void priority_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)outlet;
    Priority *self = state;
    self->config = config;
    self->packets = env->packets;
}

static unsigned class_of(const Config *config, const LzPacket *packet)
{
    return config->by == BY_PCP ? lz_pcp_class(lz_packet_pcp(packet)) : lz_dscp_class(packet->dscp);
}

static LzDropReason priority_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    Priority *self = state;
    unsigned index = class_of(self->config, packet);
    Class *class = &self->classes[index];
    if (class->bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes) {
        return LZ_DROP_QUEUE_FULL;
    }
    packet->next = NULL;
    *(class->last ? &class->last->next : &class->first) = packet;
    class->last = packet;
    class->bytes += packet->wire_bytes;
    self->waiting |= 1u << index;
    self->bytes += packet->wire_bytes;
    self->count++;
    return LZ_DROP_NONE;
}

static bool priority_lets_pass(const void *state, const LzPacket *packet)
{
    const Priority *self = state;
    return packet->wire_bytes <= (uint64_t)self->config->queue_limit_bytes;
}

static unsigned highest_waiting(const Priority *self)
{
    return (unsigned)g_bit_nth_msf(self->waiting, -1);
}

static LzPacket *priority_dequeue(void *state, LzTime now_ns)
{
    (void)now_ns;
    Priority *self = state;
    if (!self->waiting) {
        return NULL;
    }
    unsigned index = highest_waiting(self);
    Class *class = &self->classes[index];
    LzPacket *packet = class->first;
    class->first = packet->next;
    if (!class->first) {
        class->last = NULL;
        self->waiting &= ~(1u << index);
    }
    class->bytes -= packet->wire_bytes;
    self->bytes -= packet->wire_bytes;
    self->count--;
    return packet;
}

static const LzPacket *priority_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const Priority *self = state;
    return self->waiting ? self->classes[highest_waiting(self)].first : NULL;
}

static uint64_t priority_backlog_bytes(const void *state)
{
    const Priority *self = state;
    return self->bytes;
}

static uint32_t priority_backlog_packets(const void *state)
{
    const Priority *self = state;
    return self->count;
}

static void priority_clear(void *state)
{
    Priority *self = state;
    LzPacket *packet;
    while ((packet = priority_dequeue(self, 0))) {
        lz_packet_free(self->packets, packet);
    }
}

static const char *const not_modelled[] = {
    "preemption of a frame (IEEE 802.1Qbu)",
    NULL,
};

static const char *const by_words[] = {"dscp", "pcp", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 131072,
             .help = "bytes that may wait in each class at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB, by class"),
    LZ_PARAM(Config, by, .kind = LZ_PARAM_ENUM, .words = by_words,
             .help = "dscp: class by its precedence bits; pcp: by the frame's 802.1p priority, 1 the lowest, and without a "
                     "tag by that of the DSCP",
             .source = "RFC 2474 section 4.2.2.1; IEEE 802.1Q-2022 table 8-5"),
    LZ_PARAM_END,
};

static uint64_t priority_limit_bytes(const void *config)
{
    return CLASSES * (uint64_t)((const Config *)config)->queue_limit_bytes;
}

static unsigned priority_class_of(const void *state, const LzPacket *packet)
{
    return class_of(((const Priority *)state)->config, packet);
}

static LzQueueShare priority_share(const void *state, unsigned class)
{
    const Priority *self = state;
    return (LzQueueShare){.bytes = self->classes[class].bytes, .bytes_max = (uint64_t)self->config->queue_limit_bytes};
}

static const LzQueueClasses classes = {.of = priority_class_of, .share = priority_share};

static const LzQueueOps ops = {
    .classes = &classes,
    .limit_bytes = priority_limit_bytes,
    .init = priority_init,
    .enqueue = priority_enqueue,
    .lets_pass = priority_lets_pass,
    .dequeue = priority_dequeue,
    .peek = priority_peek,
    .backlog_bytes = priority_backlog_bytes,
    .backlog_packets = priority_backlog_packets,
    .clear = priority_clear,
};

const LzModel lz_queue_model_priority = {
    .name = "priority",
    .summary = "strict priority over eight classes, by DSCP or by 802.1p",
    .source = "IEEE 802.1Q-2022 8.6.8.1, RFC 2474 4.2.2",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Priority),
    .not_modelled = not_modelled,
    .ops = &ops,
};
