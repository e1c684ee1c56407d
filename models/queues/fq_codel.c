/* Flow queues with controlled delay: packets are spread over many queues by a hash of their flow, the queues take
 * turns by bytes, one that has just become busy goes first, and each is kept short by CoDel. */
#include "lazaret/codel.h"
#include "lazaret/packet_list.h"
#include "lazaret/queue.h"

#define FLOWS_PER_PAGE 16u

typedef struct Config {
    LzTime target_ns, interval_ns;
    int64_t queue_limit_bytes, queue_limit_packets;
    int64_t flows, quantum_bytes, drop_batch;
    bool ecn;
} Config;

typedef enum { WHERE_NOWHERE, WHERE_NEW, WHERE_OLD } Where;

typedef struct FqCodel FqCodel;
typedef struct Flow Flow;
struct Flow {
    FqCodel *owner;
    Flow *next;                 /* in the list that it is in */
    uint32_t number;
    LzPacketList list;
    LzCodel codel;
    int64_t deficit_bytes;
    Where where;
};

typedef struct FlowList {
    Flow *first, *last;
} FlowList;

struct FqCodel {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    LzQueueOutlet outlet;
    LzCodelRule rule;
    uint32_t perturbation;
    Flow **pages;               /* of FLOWS_PER_PAGE each, made when a packet comes there: most ports see a few flows,
                                   and many none (NULL) */
    FlowList fresh, old;
    uint64_t bytes;
    uint32_t count;
};

/* ---- flows ---- */

static size_t page_count(const FqCodel *self)
{
    return ((size_t)self->config->flows + FLOWS_PER_PAGE - 1) / FLOWS_PER_PAGE;
}

static Flow *flow_at(FqCodel *self, uint32_t number)
{
    if (!self->pages) {
        self->pages = g_new0(Flow *, page_count(self));
    }
    Flow **page = &self->pages[number / FLOWS_PER_PAGE];
    if (!*page) {
        *page = g_new0(Flow, FLOWS_PER_PAGE);
    }
    Flow *flow = &(*page)[number % FLOWS_PER_PAGE];
    flow->owner = self;
    flow->number = number;
    return flow;
}

static uint32_t mix(uint32_t hash, uint32_t word)
{
    hash = (hash ^ word) * UINT32_C(0x9e3779b1);
    return hash ^ hash >> 15;
}

/* RFC 8290 4.1: addresses, protocol and ports, with a number that others cannot know. */
static Flow *flow_of(FqCodel *self, const LzPacket *packet)
{
    uint32_t hash = mix(self->perturbation, packet->source);
    hash = mix(hash, packet->destination);
    hash = mix(hash, (uint32_t)packet->source_port << 16 | packet->destination_port);
    hash = mix(hash, packet->protocol);
    return flow_at(self, (uint32_t)((uint64_t)hash * (uint64_t)self->config->flows >> 32));
}

static void append(FlowList *flows, Flow *flow, Where where)
{
    flow->next = NULL;
    flow->where = where;
    *(flows->last ? &flows->last->next : &flows->first) = flow;
    flows->last = flow;
}

static Flow *take_flow(FlowList *flows)
{
    Flow *flow = flows->first;
    flows->first = flow->next;
    flows->last = flows->first ? flows->last : NULL;
    flow->where = WHERE_NOWHERE;
    return flow;
}

static LzPacket *take(void *state)
{
    Flow *flow = state;
    LzPacket *packet = lz_packet_list_pop(&flow->list);
    if (packet) {
        flow->owner->bytes -= packet->wire_bytes;
        flow->owner->count--;
    }
    return packet;
}

static uint64_t flow_backlog_bytes(const void *state)
{
    const Flow *flow = state;
    return flow->list.bytes;
}

static void drop(void *state, LzPacket *packet)
{
    const Flow *flow = state;
    flow->owner->outlet.dropped(flow->owner->outlet.owner, packet, LZ_DROP_EARLY);
}

/* ---- enqueue ---- */

static void fq_codel_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    FqCodel *self = state;
    self->config = config;
    self->packets = env->packets;
    self->outlet = outlet;
    self->rule = (LzCodelRule){self->config->target_ns, self->config->interval_ns, (uint32_t)self->config->quantum_bytes,
                               self->config->ecn};
    LzRandom random;
    lz_env_random(env, LZ_PURPOSE_QUEUE, &random);
    self->perturbation = lz_random_u32(&random);
}

/* Of those with as many bytes, the one with the lowest number. */
static Flow *longest_of(const FlowList *flows, Flow *longest)
{
    for (Flow *flow = flows->first; flow; flow = flow->next) {
        if (!longest || flow->list.bytes > longest->list.bytes ||
            (flow->list.bytes == longest->list.bytes && flow->number < longest->number)) {
            longest = flow;
        }
    }
    return longest;
}

/* RFC 8290 4.1: from the head of the queue with most bytes, half of them or a batch of packets. */
static void drop_from_longest(FqCodel *self)
{
    Flow *longest = longest_of(&self->old, longest_of(&self->fresh, NULL));
    uint64_t half_bytes = longest->list.bytes / 2, dropped_bytes = 0;
    for (int64_t i = 0; i < self->config->drop_batch; i++) {
        LzPacket *packet = take(longest);
        if (!packet) {
            return;
        }
        dropped_bytes += packet->wire_bytes;
        longest->codel.count++;         /* as a drop that CoDel decided, so that it presses on */
        self->outlet.dropped(self->outlet.owner, packet, LZ_DROP_QUEUE_FULL);
        if (dropped_bytes >= half_bytes) {
            return;
        }
    }
}

static bool is_full(const FqCodel *self, const LzPacket *packet)
{
    return self->bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes ||
           self->count >= self->config->queue_limit_packets;
}

static LzDropReason fq_codel_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    FqCodel *self = state;
    while (self->count > 0 && is_full(self, packet)) {
        drop_from_longest(self);
    }
    if (is_full(self, packet)) {
        return LZ_DROP_QUEUE_FULL;
    }
    Flow *flow = flow_of(self, packet);
    lz_packet_list_push(&flow->list, packet);
    self->bytes += packet->wire_bytes;
    self->count++;
    if (flow->where == WHERE_NOWHERE) {
        flow->deficit_bytes = self->config->quantum_bytes;
        append(&self->fresh, flow, WHERE_NEW);
    }
    return LZ_DROP_NONE;
}

/* ---- dequeue ---- */

static LzPacket *serve(Flow *flow, LzTime now_ns)
{
    const LzCodelQueue queue = {.take = take, .backlog_bytes = flow_backlog_bytes, .drop = drop, .self = flow};
    return lz_codel_dequeue(&flow->codel, &flow->owner->rule, &queue, now_ns);
}

/* RFC 8290 4.2. A new queue that runs empty goes once through the old ones, so that it cannot stay new for ever by
 * never holding more than a packet. */
static LzPacket *fq_codel_dequeue(void *state, LzTime now_ns)
{
    FqCodel *self = state;
    for (;;) {
        FlowList *flows = self->fresh.first ? &self->fresh : &self->old;
        Flow *flow = flows->first;
        if (!flow) {
            return NULL;
        }
        if (flow->deficit_bytes <= 0) {
            flow->deficit_bytes += self->config->quantum_bytes;
            append(&self->old, take_flow(flows), WHERE_OLD);
            continue;
        }
        LzPacket *packet = serve(flow, now_ns);
        if (packet) {
            flow->deficit_bytes -= packet->wire_bytes;
            return packet;
        }
        take_flow(flows);
        if (flows == &self->fresh && self->old.first) {
            append(&self->old, flow, WHERE_OLD);
        }
    }
}

/* How many times the flow is passed over before its turn. */
static int64_t rounds_before(const FqCodel *self, const Flow *flow)
{
    return flow->deficit_bytes > 0 ? 0 : -flow->deficit_bytes / self->config->quantum_bytes + 1;
}

static const Flow *first_to_serve(const FqCodel *self, const Flow *flow, int64_t *rounds)
{
    const Flow *found = NULL;
    for (; flow; flow = flow->next) {
        int64_t own = rounds_before(self, flow);
        if (flow->list.first && (*rounds < 0 || own < *rounds)) {
            *rounds = own;
            found = flow;
        }
        if (*rounds == 0) {
            break;
        }
    }
    return found;
}

/* As dequeue goes: a new queue with its turn; else the old ones and, behind them, the new ones that wait a round. */
static const LzPacket *fq_codel_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const FqCodel *self = state;
    int64_t fresh_rounds = -1;
    const Flow *fresh = first_to_serve(self, self->fresh.first, &fresh_rounds);
    if (fresh && fresh_rounds == 0) {
        return fresh->list.first;
    }
    int64_t rounds = -1;
    const Flow *old = first_to_serve(self, self->old.first, &rounds);
    if (fresh && (!old || fresh_rounds - 1 < rounds)) {
        return fresh->list.first;
    }
    return old ? old->list.first : NULL;
}

static LzPacket *fq_codel_remove(void *state, LzTime now_ns)
{
    (void)now_ns;
    FqCodel *self = state;
    while (self->fresh.first || self->old.first) {
        FlowList *flows = self->fresh.first ? &self->fresh : &self->old;
        LzPacket *packet = take(flows->first);
        if (packet) {
            return packet;
        }
        take_flow(flows);
    }
    return NULL;
}

static uint64_t fq_codel_backlog_bytes(const void *state)
{
    const FqCodel *self = state;
    return self->bytes;
}

static uint32_t fq_codel_backlog_packets(const void *state)
{
    const FqCodel *self = state;
    return self->count;
}

static void fq_codel_clear(void *state)
{
    FqCodel *self = state;
    LzPacket *packet;
    while ((packet = fq_codel_remove(self, 0))) {
        lz_packet_free(self->packets, packet);
    }
    for (size_t i = 0; self->pages && i < page_count(self); i++) {
        g_free(self->pages[i]);
    }
    g_clear_pointer(&self->pages, g_free);
}

static const char *const not_modelled[] = {
    "the time of the look-up and of the search for the longest queue",
    "queues by another key than addresses, protocol and ports",
    NULL,
};

static const LzParam params[] = {
    LZ_PARAM(Config, target_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e3, .max = 1e9, .fallback = 5e6,
             .help = "wait that may stand in a flow's queue", .source = "RFC 8290 section 5.2"),
    LZ_PARAM(Config, interval_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e5, .max = 1e10, .fallback = 100e6,
             .help = "time that it may stand above the target before the first drop: about the longest round trip",
             .source = "RFC 8290 section 5.2"),
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 32e6,
             .help = "bytes that may wait at one port, as on the wire; above it the longest queue loses packets",
             .source = "Linux fq_codel memory_limit 32 MB"),
    LZ_PARAM(Config, queue_limit_packets, .key = "limit_packets", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6,
             .fallback = 10240, .help = "packets that may wait at one port", .source = "RFC 8290 section 5.2"),
    LZ_PARAM(Config, flows, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65536, .fallback = 1024,
             .help = "queues that flows are spread over",
             .source = "RFC 8290 section 5.2"),
    LZ_PARAM(Config, quantum_bytes, .kind = LZ_PARAM_BYTES, .min = 64, .max = 65535, .fallback = 1514,
             .help = "bytes that a queue may send before the next has its turn; no shorter queue is too long",
             .source = "RFC 8290 section 5.2"),
    LZ_PARAM(Config, drop_batch, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65536, .fallback = 64,
             .help = "most packets that the longest queue loses at once when the limit is reached",
             .source = "RFC 8290 section 4.1, Linux drop_batch"),
    LZ_PARAM(Config, ecn, .kind = LZ_PARAM_BOOL, .help = "marks packets that can be marked (RFC 3168) instead of dropping them"),
    LZ_PARAM_END,
};

static const LzQueueOps ops = {
    .init = fq_codel_init,
    .enqueue = fq_codel_enqueue,
    .dequeue = fq_codel_dequeue,
    .peek = fq_codel_peek,
    .backlog_bytes = fq_codel_backlog_bytes,
    .backlog_packets = fq_codel_backlog_packets,
    .clear = fq_codel_clear,
    .remove = fq_codel_remove,
};

const LzModel lz_queue_model_fq_codel = {
    .name = "fq-codel",
    .summary = "a queue per flow, served in turns by bytes, sparse flows first, each kept short by CoDel",
    .source = "RFC 8290",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(FqCodel),
    .not_modelled = not_modelled,
    .ops = &ops,
};
