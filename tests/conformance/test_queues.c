/* What every registered queue must do: keep the order within a class, conserve packets and bytes, honour its
 * limit, survive any mixture of enqueue and dequeue, and free what it holds. */
#include <glib.h>

#include "lazaret/queue.h"
#include "lazaret/random.h"
#include "sim/net/packet.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

enum { CLASSES = 64, OPERATIONS = 20000 };

typedef struct Queue {
    const LzQueueOps *ops;
    LzPacketPool *packets;
    void *config, *state;
} Queue;

static Queue queue_new(const LzModel *model)
{
    Queue queue = {.ops = model->ops, .packets = lz_packet_pool_new(), .config = lz_test_config_new(model)};
    LzEnv env = {.packets = queue.packets, .seed = 3, .entity = lz_entity_id("queue")};
    queue.state = g_malloc0(model->state_size);
    queue.ops->init(queue.state, queue.config, &env);
    return queue;
}

static void queue_clear(Queue *queue)
{
    queue->ops->clear(queue->state);
    g_assert_cmpuint(queue->ops->backlog_packets(queue->state), ==, 0);
    g_assert_cmpuint(queue->ops->backlog_bytes(queue->state), ==, 0);
    lz_packet_pool_free(queue->packets);        /* asserts that every packet came back */
    g_free(queue->state);
    g_free(queue->config);
}

static LzPacket *packet_new(Queue *queue, uint8_t dscp, uint32_t payload_bytes)
{
    LzPacket *packet = lz_packet_new(queue->packets);
    packet->protocol = LZ_IP_UDP;
    packet->dscp = dscp;
    packet->payload_size = payload_bytes;
    packet->payload = payload_bytes ? lz_buffer_new(payload_bytes) : NULL;
    lz_packet_set_wire_bytes(packet);
    return packet;
}

/* What a mixture must leave true, followed by hand. */
typedef struct Account {
    uint64_t bytes;
    uint32_t count;
    uint64_t last_id[CLASSES];          /* last taken out of each class: ids must rise */
    uint64_t dropped;
} Account;

static void put(Queue *queue, Account *account, LzPacket *packet, LzTime now_ns)
{
    packet->queued_ns = now_ns;
    uint32_t wire_bytes = packet->wire_bytes;
    LzDropReason reason = queue->ops->enqueue(queue->state, packet, now_ns);
    if (reason == LZ_DROP_NONE) {
        account->bytes += wire_bytes;
        account->count++;
    } else {
        g_assert_cmpuint(packet->wire_bytes, ==, wire_bytes);   /* still ours, untouched */
        account->dropped++;
        lz_packet_free(queue->packets, packet);
    }
}

static bool take(Queue *queue, Account *account, LzTime now_ns)
{
    const LzPacket *next = queue->ops->peek(queue->state);
    LzPacket *packet = queue->ops->dequeue(queue->state, now_ns);
    g_assert_true(packet == next);
    if (!packet) {
        g_assert_cmpuint(account->count, ==, 0);
        return false;
    }
    account->bytes -= packet->wire_bytes;
    account->count--;
    g_assert_cmpuint(packet->id, >, account->last_id[packet->dscp]);
    account->last_id[packet->dscp] = packet->id;
    lz_packet_free(queue->packets, packet);
    return true;
}

static void check(const Queue *queue, const Account *account)
{
    g_assert_cmpuint(queue->ops->backlog_bytes(queue->state), ==, account->bytes);
    g_assert_cmpuint(queue->ops->backlog_packets(queue->state), ==, account->count);
}

/* Busy and slack phases in turn, so that the queue is often empty and often full. */
static void test_any_mixture(gconstpointer data)
{
    Queue queue = queue_new(data);
    Account account = {0};
    LzRandom random;
    lz_random_init(&random, 11, lz_entity_id("mixture"), LZ_PURPOSE_TRAFFIC);
    LzTime now_ns = 0;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        now_ns += (LzTime)lz_random_below(&random, 10000);
        bool is_busy = i / 4000 % 2 == 0;
        if (lz_random_below(&random, 10) < (is_busy ? 9 : 2)) {
            uint8_t dscp = (uint8_t)lz_random_below(&random, CLASSES);
            put(&queue, &account, packet_new(&queue, dscp, (uint32_t)lz_random_below(&random, 1473)), now_ns);
        } else {
            take(&queue, &account, now_ns);
        }
        check(&queue, &account);
    }
    g_assert_cmpuint(account.dropped, >, 0);
    while (take(&queue, &account, now_ns)) {
        check(&queue, &account);
    }
    check(&queue, &account);
    queue_clear(&queue);
}

/* A queue that nobody empties refuses in the end, with a reason, and holds on to what it has. */
static void test_limit(gconstpointer data)
{
    Queue queue = queue_new(data);
    Account account = {0};
    const double limit_bytes = 1e6;
    while (account.dropped == 0) {
        g_assert_cmpfloat((double)account.bytes, <, limit_bytes);
        put(&queue, &account, packet_new(&queue, 0, 1472), 0);
        check(&queue, &account);
    }
    uint32_t full = account.count;
    put(&queue, &account, packet_new(&queue, 0, 1472), 0);
    g_assert_cmpuint(account.count, ==, full);
    g_assert_true(take(&queue, &account, 0));
    put(&queue, &account, packet_new(&queue, 0, 1472), 0);
    g_assert_cmpuint(account.count, ==, full);
    queue_clear(&queue);                /* frees what it still holds */
}

static void test_empty(gconstpointer data)
{
    Queue queue = queue_new(data);
    g_assert_null(queue.ops->peek(queue.state));
    g_assert_null(queue.ops->dequeue(queue.state, 5));
    queue_clear(&queue);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_QUEUE); *model; model++) {
        static const struct { const char *name; GTestDataFunc function; } rows[] = {
            {"any-mixture", test_any_mixture}, {"limit", test_limit}, {"empty", test_empty},
        };
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_autofree char *path = g_strdup_printf("/queues/%s/%s", (*model)->name, rows[i].name);
            g_test_add_data_func(path, *model, rows[i].function);
        }
    }
    return g_test_run();
}
