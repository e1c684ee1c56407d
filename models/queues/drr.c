/* Deficit round robin: classes of marks take turns, each for as many bytes as its weight allows (or as many packets,
 * as weighted round robin does); within a class first in first out. */
#include <glib.h>
#include <string.h>

#include "lazaret/dscp.h"
#include "lazaret/packet_list.h"
#include "lazaret/queue.h"

#define CLASSES_MAX 16u

typedef enum { BY_DSCP, BY_PCP } By;
typedef enum { TURNS_BYTES, TURNS_PACKETS } Turns;

typedef struct ClassConfig {
    LzText name;
    LzNameList dscp, pcp;
    int64_t weight;
} ClassConfig;

typedef struct Config {
    int64_t queue_limit_bytes, quantum_bytes;
    int by, turns;              /* By, Turns */
    LzList classes;             /* ClassConfig */
} Config;

typedef struct Class {
    LzPacketList list;
    int64_t deficit, quantum;   /* bytes or packets */
    uint8_t next;               /* in the ring */
} Class;

typedef struct Drr {
    const Config *config;       /* borrowed */
    LzPacketPool *packets;      /* borrowed */
    Class classes[CLASSES_MAX + 1];     /* the last: what no class names */
    uint8_t class_of_mark[LZ_DSCP_COUNT];
    uint8_t ring, ring_end;     /* classes that wait, in the order of their turns; while active > 0 */
    unsigned active;
    uint64_t bytes;
    uint32_t count;
} Drr;

/* ---- classes ---- */

static void set_class(Drr *self, unsigned index, int64_t weight)
{
    self->classes[index].quantum = weight * (self->config->turns == TURNS_BYTES ? self->config->quantum_bytes : 1);
}

/* Without a list, the eight classes that a port with strict priority has. */
static void set_plain_classes(Drr *self)
{
    bool is_pcp = self->config->by == BY_PCP;
    for (unsigned mark = 0; mark < LZ_DSCP_COUNT; mark++) {
        self->class_of_mark[mark] = (uint8_t)(is_pcp ? lz_pcp_class((uint8_t)mark) : lz_dscp_class((uint8_t)mark));
    }
    for (unsigned index = 0; index < LZ_PRIORITIES; index++) {
        set_class(self, index, 1);
    }
}

static void set_class_marks(Drr *self, unsigned index, const LzNameList *names)
{
    uint64_t set = 0;
    const char *wrong = NULL;
    lz_dscp_set(names, &set, &wrong);           /* has been checked; a PCP is written as one digit, too */
    for (unsigned mark = 0; mark < LZ_DSCP_COUNT; mark++) {
        if (set >> mark & 1) {
            self->class_of_mark[mark] = (uint8_t)index;
        }
    }
}

static void set_listed_classes(Drr *self)
{
    const ClassConfig *classes = self->config->classes.items;
    memset(self->class_of_mark, CLASSES_MAX, sizeof self->class_of_mark);
    set_class(self, CLASSES_MAX, 1);
    for (unsigned index = 0; index < self->config->classes.count; index++) {
        set_class(self, index, classes[index].weight);
        set_class_marks(self, index, self->config->by == BY_PCP ? &classes[index].pcp : &classes[index].dscp);
    }
}

static void drr_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)outlet;
    Drr *self = state;
    self->config = config;
    self->packets = env->packets;
    if (self->config->classes.count > 0) {
        set_listed_classes(self);
    } else {
        set_plain_classes(self);
    }
}

static unsigned class_of(const Drr *self, const LzPacket *packet)
{
    return self->class_of_mark[self->config->by == BY_PCP ? lz_packet_pcp(packet) : packet->dscp & (LZ_DSCP_COUNT - 1)];
}

static int64_t cost_of(const Drr *self, const LzPacket *packet)
{
    return self->config->turns == TURNS_BYTES ? packet->wire_bytes : 1;
}

/* ---- the ring ---- */

static void ring_append(Drr *self, unsigned index)
{
    self->classes[self->ring_end].next = (uint8_t)index;
    self->ring = self->active == 0 ? (uint8_t)index : self->ring;
    self->ring_end = (uint8_t)index;
    self->active++;
}

static void ring_take(Drr *self)
{
    self->ring = self->classes[self->ring].next;
    self->active--;
}

static LzDropReason drr_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    Drr *self = state;
    unsigned index = class_of(self, packet);
    Class *class = &self->classes[index];
    if (class->list.bytes + packet->wire_bytes > (uint64_t)self->config->queue_limit_bytes) {
        return LZ_DROP_QUEUE_FULL;
    }
    if (!class->list.first) {
        class->deficit = class->quantum;
        ring_append(self, index);
    }
    lz_packet_list_push(&class->list, packet);
    self->bytes += packet->wire_bytes;
    self->count++;
    return LZ_DROP_NONE;
}

static bool drr_lets_pass(const void *state, const LzPacket *packet)
{
    const Drr *self = state;
    return packet->wire_bytes <= (uint64_t)self->config->queue_limit_bytes;
}

/* Shreedhar and Varghese: a class sends while its deficit covers its first packet, then waits for the next round. */
static LzPacket *drr_dequeue(void *state, LzTime now_ns)
{
    (void)now_ns;
    Drr *self = state;
    if (self->active == 0) {
        return NULL;
    }
    Class *class = &self->classes[self->ring];
    while (class->deficit < cost_of(self, class->list.first)) {
        class->deficit += class->quantum;
        unsigned index = self->ring;
        ring_take(self);
        ring_append(self, index);
        class = &self->classes[self->ring];
    }
    LzPacket *packet = lz_packet_list_pop(&class->list);
    class->deficit -= cost_of(self, packet);
    if (!class->list.first) {
        ring_take(self);
    }
    self->bytes -= packet->wire_bytes;
    self->count--;
    return packet;
}

/* The class whose deficit covers its first packet after the fewest rounds, the first of these in the ring. */
static const LzPacket *drr_peek(const void *state, LzTime now_ns)
{
    (void)now_ns;
    const Drr *self = state;
    const LzPacket *found = NULL;
    int64_t rounds_min = INT64_MAX;
    unsigned index = self->ring;
    for (unsigned i = 0; i < self->active && rounds_min > 0; i++, index = self->classes[index].next) {
        const Class *class = &self->classes[index];
        int64_t missing = cost_of(self, class->list.first) - class->deficit;
        int64_t rounds = missing > 0 ? (missing + class->quantum - 1) / class->quantum : 0;
        found = rounds < rounds_min ? class->list.first : found;
        rounds_min = MIN(rounds, rounds_min);
    }
    return found;
}

static uint64_t drr_backlog_bytes(const void *state)
{
    const Drr *self = state;
    return self->bytes;
}

static uint32_t drr_backlog_packets(const void *state)
{
    const Drr *self = state;
    return self->count;
}

static void drr_clear(void *state)
{
    Drr *self = state;
    for (unsigned index = 0; index <= CLASSES_MAX; index++) {
        lz_packet_list_clear(&self->classes[index].list, self->packets);
    }
}

/* ---- configuration ---- */

static char *check_class(const Config *config, const ClassConfig *class)
{
    const char *wrong = NULL;
    uint64_t set = 0;
    const LzNameList *marks = config->by == BY_PCP ? &class->pcp : &class->dscp;
    if (!lz_dscp_set(&class->dscp, &set, &wrong)) {
        return g_strdup_printf("`%s` of class `%s` is no DSCP", wrong, class->name.text);
    }
    if (marks->count == 0) {
        return g_strdup_printf("class `%s` has no `%s`", class->name.text, config->by == BY_PCP ? "pcp" : "dscp");
    }
    return NULL;
}

static char *drr_check(const void *data)
{
    const Config *config = data;
    if (config->classes.count > CLASSES_MAX) {
        return g_strdup_printf("%u classes; at most %u", config->classes.count, CLASSES_MAX);
    }
    for (unsigned i = 0; i < config->classes.count; i++) {
        char *problem = check_class(config, &((const ClassConfig *)config->classes.items)[i]);
        if (problem) {
            return problem;
        }
    }
    return NULL;
}

static const char *const by_words[] = {"dscp", "pcp", NULL};
static const char *const turns_words[] = {"bytes", "packets", NULL};
static const char *const pcp_words[] = {"0", "1", "2", "3", "4", "5", "6", "7", NULL};

static const LzParam class_params[] = {
    LZ_PARAM(ClassConfig, name, .kind = LZ_PARAM_NAME, .is_required = true, .help = "of the class"),
    LZ_PARAM(ClassConfig, dscp, .kind = LZ_PARAM_NAMES, .help = "its code points, as [ef, 40, af21]"),
    LZ_PARAM(ClassConfig, pcp, .kind = LZ_PARAM_NAMES, .words = pcp_words, .help = "its 802.1p priorities"),
    LZ_PARAM(ClassConfig, weight, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1000, .fallback = 1,
             .help = "its share, against those of the others"),
    LZ_PARAM_END,
};

static const LzParam params[] = {
    LZ_PARAM(Config, queue_limit_bytes, .key = "limit", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 131072,
             .help = "bytes that may wait in each class at one port, as on the wire",
             .source = "assumed: one port's part of a shared switch buffer of 0.5 to 2 MB, by class"),
    LZ_PARAM(Config, quantum_bytes, .kind = LZ_PARAM_BYTES, .min = 64, .max = 1e6, .fallback = 1542,
             .help = "bytes that a class of weight 1 may send in a round", .source = "one full tagged frame, IEEE 802.3"),
    LZ_PARAM(Config, by, .kind = LZ_PARAM_ENUM, .words = by_words,
             .help = "what classes name: dscp, or the frame's 802.1p priority (without a tag that of its DSCP)"),
    LZ_PARAM(Config, turns, .kind = LZ_PARAM_ENUM, .words = turns_words,
             .help = "bytes: deficit round robin; packets: weighted round robin, unfair to short packets"),
    LZ_PARAM(Config, classes, .kind = LZ_PARAM_LIST, .table = class_params, .item_size = sizeof(ClassConfig),
             .help = "what none of them names is a class of weight 1; without any, the eight of strict priority"),
    LZ_PARAM_END,
};

static uint64_t drr_limit_bytes(const void *config)
{
    return (CLASSES_MAX + 1) * (uint64_t)((const Config *)config)->queue_limit_bytes;
}

static const LzQueueOps ops = {
    .limit_bytes = drr_limit_bytes,
    .init = drr_init,
    .enqueue = drr_enqueue,
    .lets_pass = drr_lets_pass,
    .dequeue = drr_dequeue,
    .peek = drr_peek,
    .backlog_bytes = drr_backlog_bytes,
    .backlog_packets = drr_backlog_packets,
    .clear = drr_clear,
};

const LzModel lz_queue_model_drr = {
    .name = "drr",
    .summary = "deficit or weighted round robin over classes by DSCP or 802.1p",
    .source = "Shreedhar and Varghese, Efficient fair queuing using deficit round robin, SIGCOMM 1995, pages 231 to 242, as Linux's "
              "tc-drr(8) gives it",
    .kind = LZ_MODEL_QUEUE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Drr),
    .check = drr_check,
    .ops = &ops,
};
