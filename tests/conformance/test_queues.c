/* What every registered queue must do, also behind a shaper and a policer: keep the order within a flow, conserve
 * packets and bytes whatever it drops and when, honour its limit, come back when it holds back, survive any mixture of
 * enqueue and dequeue, and free what it holds. */
#include <glib.h>

#include "lazaret/queue.h"
#include "lazaret/random.h"
#include "sim/net/packet.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

enum { CLASSES = 64, OPERATIONS = 20000 };

/* What a mixture must leave true, followed by hand. */
typedef struct Account {
    uint64_t bytes;
    uint32_t count;
    uint64_t last_id[CLASSES];          /* last that left each class: ids must rise */
    uint64_t refused, dropped, taken;
} Account;

typedef struct Queue {
    const LzQueueOps *ops;
    LzPacketPool *packets;
    void *config, *inner_config, *state;
    Account account;
    const LzPacket *coming;             /* while it is being offered: not the queue's to drop */
} Queue;

/* A packet leaves the queue, one way or the other. */
static void left(Queue *queue, LzPacket *packet)
{
    Account *account = &queue->account;
    g_assert_cmpuint(account->count, >, 0);
    account->bytes -= packet->wire_bytes;
    account->count--;
    unsigned class = packet->source_port;
    g_assert_cmpuint(packet->id, >, account->last_id[class]);
    account->last_id[class] = packet->id;
    lz_packet_free(queue->packets, packet);
}

static void dropped(void *owner, LzPacket *packet, LzDropReason reason)
{
    Queue *queue = owner;
    g_assert_true(packet != queue->coming);
    g_assert_cmpint(reason, !=, LZ_DROP_NONE);
    queue->account.dropped++;
    left(queue, packet);
}

typedef struct Subject {
    const LzModel *model, *inner;       /* inner: the queue inside it; NULL: none, or the default */
} Subject;

/* limit_bytes: 0 for the default. */
static Queue *queue_new(const Subject *subject, double limit_bytes)
{
    const LzModel *model = subject->model;
    Queue *queue = g_new0(Queue, 1);
    queue->ops = model->ops;
    queue->packets = lz_packet_pool_new();
    queue->config = lz_test_config_new(model);
    if (subject->inner) {
        queue->inner_config = lz_test_config_new(subject->inner);
        lz_test_queue_inside(model, queue->config, subject->inner, queue->inner_config);
    }
    if (limit_bytes > 0) {
        lz_test_queue_limit(model, queue->config, limit_bytes);
    }
    LzEnv env = {.packets = queue->packets, .seed = 3, .entity = lz_entity_id("queue")};
    queue->state = g_malloc0(model->state_size);
    queue->ops->init(queue->state, queue->config, &env, (LzQueueOutlet){dropped, queue});
    return queue;
}

static void queue_free(Queue *queue)
{
    queue->ops->clear(queue->state);
    lz_packet_pool_free(queue->packets);        /* asserts that every packet came back */
    g_free(queue->state);
    g_free(queue->config);
    g_free(queue->inner_config);
    g_free(queue);
}

static LzPacket *packet_new(Queue *queue, uint8_t dscp, uint32_t payload_bytes)
{
    LzPacket *packet = lz_packet_new(queue->packets);
    packet->protocol = LZ_IP_UDP;
    packet->dscp = dscp;
    packet->source_port = dscp;                 /* a flow has one class: who hashes flows keeps its order too */
    packet->payload_size = payload_bytes;
    packet->payload = payload_bytes ? lz_buffer_new(payload_bytes) : NULL;
    lz_packet_set_wire_bytes(packet);
    return packet;
}

static void check(const Queue *queue)
{
    g_assert_cmpuint(queue->ops->backlog_bytes(queue->state), ==, queue->account.bytes);
    g_assert_cmpuint(queue->ops->backlog_packets(queue->state), ==, queue->account.count);
}

static void put(Queue *queue, LzPacket *packet, LzTime now_ns)
{
    packet->queued_ns = now_ns;
    const uint32_t wire_bytes = packet->wire_bytes;
    queue->coming = packet;
    LzDropReason reason = queue->ops->enqueue(queue->state, packet, now_ns);
    queue->coming = NULL;
    if (reason == LZ_DROP_NONE) {
        queue->account.bytes += wire_bytes;
        queue->account.count++;
    } else {
        g_assert_cmpuint(packet->wire_bytes, ==, wire_bytes);   /* still ours, untouched */
        queue->account.refused++;
        lz_packet_free(queue->packets, packet);
    }
    check(queue);
}

/* When a packet can be had: now, unless the queue holds back. */
static LzTime ready_ns(const Queue *queue, LzTime now_ns)
{
    if (queue->ops->ready_ns) {
        return queue->ops->ready_ns(queue->state, now_ns);
    }
    return queue->account.count > 0 ? now_ns : LZ_TIME_NEVER;
}

/* What peek shows comes out, unless the queue drops it; what it hides does not. */
static bool take(Queue *queue, LzTime now_ns)
{
    const LzPacket *next = queue->ops->peek(queue->state, now_ns);
    g_assert_cmpint(next != NULL, ==, ready_ns(queue, now_ns) <= now_ns);
    const uint64_t dropped_before = queue->account.dropped;
    LzPacket *packet = queue->ops->dequeue(queue->state, now_ns);
    g_assert_true(packet == next || queue->account.dropped > dropped_before);
    if (packet) {
        queue->account.taken++;
        left(queue, packet);
    }
    check(queue);
    return packet != NULL;
}

static void drain(Queue *queue, LzTime now_ns)
{
    while (queue->account.count > 0) {
        now_ns = MAX(now_ns, ready_ns(queue, now_ns));
        g_assert_cmpint(now_ns, <, LZ_TIME_NEVER);
        take(queue, now_ns);
    }
    g_assert_false(take(queue, now_ns));
}

static void put_any(Queue *queue, LzRandom *random, LzTime now_ns)
{
    uint8_t dscp = (uint8_t)lz_random_below(random, CLASSES);
    LzPacket *packet = packet_new(queue, dscp, (uint32_t)lz_random_below(random, 1473));
    packet->ecn = (uint8_t)lz_random_below(random, 4);
    packet->tag = (uint8_t)lz_random_below(random, 9);
    put(queue, packet, now_ns);
}

/* Busy and slack phases in turn, so that the queue is often empty and often full, and waits for long. */
static void test_any_mixture(gconstpointer data)
{
    Queue *queue = queue_new(data, 60000);
    LzRandom random;
    lz_random_init(&random, 11, lz_entity_id("mixture"), LZ_PURPOSE_TRAFFIC);
    LzTime now_ns = 0;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        now_ns += (LzTime)lz_random_below(&random, 200000);
        bool is_busy = i / 4000 % 2 == 0;
        if (lz_random_below(&random, 10) < (is_busy ? 9 : 2)) {
            put_any(queue, &random, now_ns);
        } else {
            take(queue, now_ns);
        }
    }
    g_assert_cmpuint(queue->account.refused + queue->account.dropped, >, 0);
    g_assert_cmpuint(queue->account.taken, >, OPERATIONS / 10);
    drain(queue, now_ns);
    queue_free(queue);
}

/* A queue that nobody empties gives up packets in the end, with a reason, and holds no more than its limit. */
static void test_limit(gconstpointer data)
{
    enum { LIMIT_BYTES = 100000 };
    Queue *queue = queue_new(data, LIMIT_BYTES);
    for (unsigned i = 0; i < 1000; i++) {
        put(queue, packet_new(queue, 0, 1472), LZ_SECONDS(i));     /* apart: a policer lets them pass */
        g_assert_cmpuint(queue->account.bytes, <=, LIMIT_BYTES);
    }
    g_assert_cmpuint(queue->account.refused + queue->account.dropped, >, 900);
    g_assert_cmpuint(queue->account.count, >, 0);
    queue_free(queue);                  /* with what it still holds */
}

/* The link goes down: everything comes out at once, and nothing is dropped on the way. */
static void test_remove(gconstpointer data)
{
    Queue *queue = queue_new(data, 0);
    LzRandom random;
    lz_random_init(&random, 12, lz_entity_id("mixture"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 40; i++) {
        put_any(queue, &random, LZ_MILLISECONDS(i));
    }
    const LzTime late_ns = LZ_SECONDS(10);
    const uint64_t dropped_before = queue->account.dropped;
    for (unsigned count = queue->account.count; count > 0; count--) {
        LzPacket *packet = lz_queue_remove(queue->ops, queue->state, late_ns);
        g_assert_nonnull(packet);
        left(queue, packet);
        check(queue);
    }
    g_assert_null(lz_queue_remove(queue->ops, queue->state, late_ns));
    g_assert_cmpuint(queue->account.dropped, ==, dropped_before);
    put_any(queue, &random, late_ns);   /* and it works again */
    drain(queue, late_ns);
    queue_free(queue);
}

/* A packet that is let pass by an empty queue would have come out of it at once, the same. */
static void test_pass(gconstpointer data)
{
    Queue *queue = queue_new(data, 1000);
    LzRandom random;
    lz_random_init(&random, 13, lz_entity_id("mixture"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 2000 && queue->ops->lets_pass; i++) {
        uint8_t dscp = (uint8_t)lz_random_below(&random, CLASSES);
        LzPacket *packet = packet_new(queue, dscp, (uint32_t)lz_random_below(&random, 1473));
        const LzPacket before = *packet;
        const bool passes = queue->ops->lets_pass(queue->state, packet);
        const bool is_taken = queue->ops->enqueue(queue->state, packet, LZ_SECONDS(i)) == LZ_DROP_NONE;
        g_assert_true(is_taken || !passes);
        g_assert_true(!is_taken || queue->ops->dequeue(queue->state, LZ_SECONDS(i)) == packet);
        g_assert_cmpuint(packet->dscp, ==, before.dscp);
        g_assert_cmpuint(packet->ecn, ==, before.ecn);
        g_assert_cmpuint(packet->tag, ==, before.tag);
        lz_packet_free(queue->packets, packet);
    }
    queue_free(queue);
}

static void test_empty(gconstpointer data)
{
    Queue *queue = queue_new(data, 0);
    g_assert_null(queue->ops->peek(queue->state, 5));
    g_assert_null(queue->ops->dequeue(queue->state, 5));
    g_assert_cmpint(ready_ns(queue, 5), ==, LZ_TIME_NEVER);
    queue_free(queue);
}

static void add_tests(const LzModel *model, const LzModel *inner)
{
    static const struct { const char *name; GTestDataFunc function; } rows[] = {
        {"any-mixture", test_any_mixture}, {"limit", test_limit}, {"remove", test_remove}, {"pass", test_pass},
        {"empty", test_empty},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Subject *subject = g_new(Subject, 1);
        *subject = (Subject){model, inner};
        g_autofree char *path = g_strdup_printf("/queues/%s%s%s/%s", model->name, inner ? "-over-" : "",
                                                inner ? inner->name : "", rows[i].name);
        g_test_add_data_func_full(path, subject, rows[i].function, g_free);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_QUEUE); *model; model++) {
        add_tests(*model, NULL);
        for (const LzModel *const *inner = lz_registry_all(LZ_MODEL_QUEUE); *inner; inner++) {
            if (lz_test_queue_accepts(*model, *inner)) {
                add_tests(*model, *inner);
            }
        }
    }
    return g_test_run();
}
