/* First in, first out; the last to come is dropped when a limit is reached. */
#include <glib.h>

#include "lazaret/model.h"
#include "lazaret/queue.h"

typedef struct Config {
    int64_t queue_limit_bytes, queue_limit_packets;
} Config;

typedef struct Fifo {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    LzPacket *first, *last;
    uint64_t bytes;
    uint32_t count;
} Fifo;

static void fifo_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)outlet;
    Fifo *self = state;
    self->config = config;
    self->packets = env->packets;
}

static bool is_full(const Fifo *self, const LzPacket *packet)
{
    const Config *config = self->config;
    return self->bytes + packet->wire_bytes > (uint64_t)config->queue_limit_bytes ||
           (config->queue_limit_packets > 0 && self->count >= config->queue_limit_packets);
}

static LzDropReason fifo_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    Fifo *self = state;
    if (is_full(self, packet)) {
        return LZ_DROP_QUEUE_FULL;
    }
    packet->next = NULL;
    if (self->last) {
        self->last->next = packet;
    } else {
        self->first = packet;
    }
    self->last = packet;
    self->bytes += packet->wire_bytes;
    self->count++;
    return LZ_DROP_NONE;
}

static bool fifo_lets_pass(const void *state, const LzPacket *packet)
{
    return !is_full(state, packet);
}

static LzPacket *fifo_dequeue(void *state, LzTime now_ns)
{
    (void)now_ns;
    Fifo *self = state;
    LzPacket *packet = self->first;
    if (!packet) {
        return NULL;
    }
    self->first = packet->next;
    if (!self->first) {
        self->last = NULL;
    }
    self->bytes -= packet->wire_bytes;
    self->count--;
    return packet;
}

static const LzPacket *fifo_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const Fifo *self = state;
    return self->first;
}

static uint64_t fifo_backlog_bytes(const void *state)
{
    const Fifo *self = state;
    return self->bytes;
}

static uint32_t fifo_backlog_packets(const void *state)
{
    const Fifo *self = state;
    return self->count;
}

static void fifo_clear(void *state)
{
    Fifo *self = state;
    LzPacket *packet;
    while ((packet = fifo_dequeue(self, 0))) {
        lz_packet_free(self->packets, packet);
    }
}

static const LzParam params[] = {
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 524288,
             .help = "bytes that may wait at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB"),
    LZ_PARAM(Config, queue_limit_packets, .key = "limit_packets", .kind = LZ_PARAM_COUNT, .max = 4e9, .fallback = 0,
             .help = "packets that may wait at one port; 0: only bytes count"),
    LZ_PARAM_END,
};

static unsigned fifo_class_of(const void *state, const LzPacket *packet)
{
    (void)state;
    (void)packet;
    return 0;
}

static LzQueueShare fifo_share(const void *state, unsigned class)
{
    (void)class;
    const Fifo *self = state;
    return (LzQueueShare){self->bytes, (uint64_t)self->config->queue_limit_bytes, self->count,
                          (uint32_t)self->config->queue_limit_packets};
}

static const LzQueueClasses classes = {.of = fifo_class_of, .share = fifo_share};

static const LzQueueOps ops = {
    .classes = &classes,
    .init = fifo_init,
    .enqueue = fifo_enqueue,
    .lets_pass = fifo_lets_pass,
    .dequeue = fifo_dequeue,
    .peek = fifo_peek,
    .backlog_bytes = fifo_backlog_bytes,
    .backlog_packets = fifo_backlog_packets,
    .clear = fifo_clear,
};

const LzModel lz_queue_model_fifo = {
    .name = "fifo",
    .summary = "first in, first out, limited in bytes and packets",
    .source = "tail drop as in IEEE 802.1Q-2022 8.6.6",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Fifo),
    .ops = &ops,
};
