/* Every checker can fail: each is shown a run that breaks its law, by models that lie, by bytes that change on the way,
 * by accounts that do not add up; and a world ends when a law is broken. */
#include <glib.h>
#include <string.h>

#include "lazaret/queue.h"
#include "sim/measure/check_messages.h"
#include "sim/measure/check_time.h"
#include "sim/net/check_stream.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"
#include "tests/lib/test_world.h"

extern const LzModel lz_link_model_wired, lz_queue_model_fifo;

static void assert_broken(LzLaws *laws, const char *part)
{
    g_test_message("%s", laws->broken ? laws->broken : "nothing is broken");
    g_assert_nonnull(laws->broken);
    g_assert_nonnull(strstr(laws->broken, part));
    lz_laws_clear(laws);
}

/* ---- models that lie ---- */

typedef enum { HONEST, DOUBLES, CHANGES_SIZE } Lie;

typedef struct Liar {
    LzLink *link;
    Lie lie;
} Liar;

static void liar_init(void *state, const void *config, LzLink *link, const LzEnv *env, unsigned stations)
{
    Liar *liar = state;
    (void)env;
    (void)stations;
    *liar = (Liar){link, config ? *(const Lie *)config : HONEST};
}

static void liar_kick(void *state, unsigned station, LzDirection direction)
{
    Liar *liar = state;
    LzPacket *packet = lz_link_pull(liar->link, station, direction);
    if (liar->lie == DOUBLES) {
        packet->id++;
    }
    if (liar->lie == CHANGES_SIZE) {
        packet->wire_bytes += 2;
    }
    lz_link_deliver(liar->link, station, direction, packet);
}

static void liar_set_up(void *state, bool is_up)
{
    (void)state;
    (void)is_up;
}

static void liar_clear(void *state)
{
    (void)state;
}

static const LzLinkOps liar_ops = {.init = liar_init, .kick = liar_kick, .set_up = liar_set_up, .clear = liar_clear};
static const LzModel liar_model = {.name = "liar", .kind = LZ_MODEL_LINK, .state_size = sizeof(Liar), .config_size = sizeof(Lie),
                                   .ops = &liar_ops};

typedef struct Hole {                   /* a link with a check, its probes and its clock */
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzLaws laws;
    LzLink *link;
    LzElement sink;
} Hole;

static void sink_receive(LzElement *element, LzPacket *packet)
{
    Hole *hole = (Hole *)(void *)((char *)element - offsetof(Hole, sink));
    lz_packet_free(hole->packets, packet);
}

static const LzElementOps sink_ops = {.receive = sink_receive};

static void hole_begin(Hole *hole, const LzModel *model, void *config, const LzModel *queue, void *queue_config)
{
    *hole = (Hole){.scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new(), .sink = {.ops = &sink_ops}};
    LzEnv env = {.scheduler = hole->scheduler, .packets = hole->packets, .seed = 1};
    LzChoice choice = {.model = model, .config = config}, queue_choice = {.model = queue, .config = queue_config};
    hole->link = lz_link_new(&env, "lan", &choice, &queue_choice, 1, 0, NULL);
    lz_link_set_sink(hole->link, 0, LZ_UP, &hole->sink);
    lz_link_watch(hole->link, &hole->laws, &queue_choice);
}

static void hole_send(Hole *hole, unsigned packets)
{
    for (unsigned i = 0; i < packets; i++) {
        LzPacket *packet = lz_packet_new(hole->packets);
        packet->protocol = LZ_IP_UDP;
        packet->dscp = 46;
        lz_packet_set_wire_bytes(packet);
        lz_element_receive(lz_link_input(hole->link, 0, LZ_UP), packet);
    }
    lz_link_check_now(hole->link);
}

static void hole_end(Hole *hole)
{
    lz_link_free(hole->link);
    lz_packet_pool_free(hole->packets);
    lz_scheduler_free(hole->scheduler);
    lz_laws_clear(&hole->laws);
}

static void expect_lie(Lie lie, const char *part)
{
    Hole hole;
    void *queue = lz_test_config_new(&lz_queue_model_fifo);
    hole_begin(&hole, &liar_model, &lie, &lz_queue_model_fifo, queue);
    hole_send(&hole, 3);
    if (part) {
        assert_broken(&hole.laws, part);
    } else {
        g_assert_cmpstr(hole.laws.broken, ==, NULL);
        const LzClassAccount *urgent = lz_link_check_account(lz_link_check(hole.link), LZ_UP, 5);
        g_assert_cmpuint(urgent->in_packets, ==, 3);
        g_assert_cmpuint(urgent->out_packets, ==, 3);
        g_assert_cmpuint(urgent->in_bytes, ==, urgent->out_bytes);
    }
    hole_end(&hole);
    g_free(queue);
}

static void test_conservation(void)
{
    expect_lie(HONEST, NULL);
    expect_lie(DOUBLES, "had not come in");
    expect_lie(CHANGES_SIZE, "came in with 84 bytes and left with 86");
}

/* A queue that throws away what it took and says nothing. */
static const LzPacket *no_peek(const void *state, LzTime now_ns)
{
    (void)state;
    (void)now_ns;
    return NULL;
}

static LzPacket *no_dequeue(void *state, LzTime now_ns)
{
    (void)state;
    (void)now_ns;
    return NULL;
}

static void thief_init(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet)
{
    (void)config;
    (void)outlet;
    *(LzPacketPool **)state = env->packets;
}

static LzDropReason thief_enqueue(void *state, LzPacket *packet, LzTime now_ns)
{
    (void)now_ns;
    lz_packet_free(*(LzPacketPool **)state, packet);
    return LZ_DROP_NONE;
}

static uint64_t no_bytes(const void *state)
{
    (void)state;
    return 0;
}

static uint32_t no_packets(const void *state)
{
    (void)state;
    return 0;
}

static void thief_clear(void *state)
{
    (void)state;
}

static const LzQueueOps thief_ops = {.init = thief_init, .enqueue = thief_enqueue, .dequeue = no_dequeue, .peek = no_peek,
                                     .backlog_bytes = no_bytes, .backlog_packets = no_packets, .clear = thief_clear};
static const LzModel thief_model = {.name = "thief", .kind = LZ_MODEL_QUEUE, .state_size = sizeof(LzPacketPool *), .ops = &thief_ops};

static void test_queue_that_loses(void)
{
    Hole hole;
    void *wire = lz_test_config_new(&lz_link_model_wired);
    hole_begin(&hole, &lz_link_model_wired, wire, &thief_model, NULL);
    hole_send(&hole, 1);
    assert_broken(&hole.laws, "1 packets (84 B) were queued, and the queues hold 0 (0 B)");
    hole_end(&hole);
    g_free(wire);
}

/* ---- limits ---- */

static void test_queue_limits(void)
{
    LzLaws laws = {0};
    LzQueueCheck check;
    void *config = lz_test_config_new(&lz_queue_model_fifo);
    lz_test_config_set(&lz_queue_model_fifo, config, "queue_limit_bytes", 1000);
    lz_test_config_set(&lz_queue_model_fifo, config, "queue_limit_packets", 10);
    LzChoice choice = {.model = &lz_queue_model_fifo, .config = config};
    lz_queue_check_init(&check, &laws, "lan", &choice);
    lz_queue_check(&check, 1000, 10);
    g_assert_null(laws.broken);
    lz_queue_check(&check, 1001, 10);
    assert_broken(&laws, "a queue holds 1001 bytes in 10 packets");
    lz_queue_check(&check, 1000, 11);
    assert_broken(&laws, "in 11 packets");
    g_free(config);
}

/* Classes have a limit each, and a queue inside another brings its own. */
static void test_limits_of_classes_and_nested_queues(void)
{
    static const char yaml[] = "lazaret: 1\nname: q\nrun: {duration: 1 s}\n"
                               "network:\n  zones: [a]\n  links:\n"
                               "    p: {model: wired, zone: a, queue: {model: priority, limit: 10 kB}}\n"
                               "    s: {model: wired, zone: a, queue: {model: shaper, rate: 1 Mbit/s, queue: 5 kB}}\n"
                               "services: {x: {kind: sink, link: p}}\n"
                               "fleet: [{name: pump, profile: infusion-pump, link: p, connect: {to: x}}]\n";
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    const LzLinkPlan *links = plan->network.links.items;
    LzLaws laws = {0};
    LzQueueCheck check;
    lz_queue_check_init(&check, &laws, "p", &links[0].queue);
    g_assert_cmpuint(check.bytes_max, ==, 80000);
    lz_queue_check_init(&check, &laws, "s", &links[1].queue);
    g_assert_cmpuint(check.bytes_max, ==, 5000);
}

/* ---- streams ---- */

static void test_streams(void)
{
    LzLaws laws = {0};
    LzStreamCheck *check = lz_stream_check_new(&laws);
    const LzStreamName name = {0x0a000001, 0x0a000002, 50000, 8883};
    const uint8_t sent[] = "the quick brown fox", swapped[] = "quick the";
    lz_stream_check_begin(check, &name);
    lz_stream_check_sent(check, &name, (LzBytes){sent, 19});
    lz_stream_check_received(check, &name, (LzBytes){sent, 4});
    lz_stream_check_received(check, &name, (LzBytes){sent + 4, 6});
    g_assert_null(laws.broken);
    lz_stream_check_received(check, &name, (LzBytes){sent + 16, 3});
    assert_broken(&laws, "10.0.0.1:50000 to 10.0.0.2:8883: byte 10 is not the one that was sent");
    lz_stream_check_begin(check, &name);
    lz_stream_check_sent(check, &name, (LzBytes){sent, 9});
    lz_stream_check_received(check, &name, (LzBytes){swapped, 9});
    assert_broken(&laws, "byte 0 is not the one");
    lz_stream_check_begin(check, &name);
    lz_stream_check_sent(check, &name, (LzBytes){sent, 4});
    lz_stream_check_received(check, &name, (LzBytes){sent, 5});
    assert_broken(&laws, "received before it was sent");
    lz_stream_check_end(check, &name);
    lz_stream_check_sent(check, &name, (LzBytes){sent, 4});
    g_assert_null(laws.broken);
    lz_stream_check_received(check, &name, (LzBytes){sent, 1});
    assert_broken(&laws, "before it was sent");
    lz_stream_check_free(check);
}

/* ---- time, messages ---- */

static void test_time(void)
{
    LzLaws laws = {0};
    LzTimeCheck check = {.laws = &laws};
    lz_time_check(&check, 5);
    lz_time_check(&check, 5);
    g_assert_null(laws.broken);
    lz_time_check(&check, 4);
    assert_broken(&laws, "time went back from 5 ns to 4 ns");
}

static void test_messages(void)
{
    LzLaws laws = {0};
    LzFlowAccount account = {.created = 10, .delivered = 6, .in_flight = 1, .lost = {[LZ_LOSS_POWER] = 3}};
    lz_messages_check(&laws, "pump", "alarm", &account);
    g_assert_null(laws.broken);
    account.in_flight = 0;
    lz_messages_check(&laws, "pump", "alarm", &account);
    assert_broken(&laws, "flow pump/alarm: 10 messages created, 9 accounted for");
}

/* ---- a world ---- */

/* A link that has miscounted is found within a second; the world stops there and says so. */
static void test_broken_law_ends_the_run(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(lz_test_ward);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(20));
    ((LzLinkStats *)(uintptr_t)lz_link_stats(lz_world_link(world, "bedside"), LZ_UP))->in_flight_packets++;
    lz_world_run_until(world, LZ_TIME_NEVER);
    g_assert_cmpint(lz_world_now(world), >=, LZ_SECONDS(20));
    g_assert_cmpint(lz_world_now(world), <=, LZ_SECONDS(21));
    g_assert_false(lz_world_step(world));
    g_autofree char *problem = NULL;
    g_assert_false(lz_world_check(world, &problem));
    g_assert_nonnull(strstr(problem, "link bedside up: 0 packets (0 B) are inside, and it says 1 (0 B)"));
    lz_world_finish(world);
}

static void test_watching_changes_nothing(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(lz_test_ward);
    g_autoptr(LzWorld) watched = lz_test_world(plan);
    g_autoptr(GError) error = NULL;
    g_autoptr(LzWorld) alone = lz_world_new(plan, 0, NULL, &error);
    g_assert_no_error(error);
    lz_test_run(watched);
    lz_test_run(alone);
    g_assert_cmpuint(lz_digest_value(lz_world_digest(watched)), ==, lz_digest_value(lz_world_digest(alone)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checks/conservation", test_conservation);
    g_test_add_func("/checks/queue-that-loses", test_queue_that_loses);
    g_test_add_func("/checks/queue-limits", test_queue_limits);
    g_test_add_func("/checks/limits-of-classes-and-nested-queues", test_limits_of_classes_and_nested_queues);
    g_test_add_func("/checks/streams", test_streams);
    g_test_add_func("/checks/time", test_time);
    g_test_add_func("/checks/messages", test_messages);
    g_test_add_func("/checks/broken-law-ends-the-run", test_broken_law_ends_the_run);
    g_test_add_func("/checks/watching-changes-nothing", test_watching_changes_nothing);
    return g_test_run();
}
