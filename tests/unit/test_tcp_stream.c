/* TCP against TCP through a bad pipe: whatever is lost, doubled or overtaken, every byte arrives once and in
 * order, both sides close, and nothing is left over. */
#include <glib.h>

#include "sim/core/scheduler.h"
#include "sim/net/packet.h"
#include "sim/net/tcp.h"
#include "tests/lib/test_pipe.h"

#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u
enum { PORT = 443, DELAY_MS = 10, MSS = 1000 };

typedef struct World World;

/* One end: what it has to send, and what it got. */
typedef struct End {
    World *world;
    LzTcp *tcp;
    LzTcpSocket *socket;
    uint64_t sent, received, to_send;
    uint8_t salt;               /* its bytes are position + salt */
    unsigned opened, finished, closed;
    LzTcpCloseReason reason;
} End;

struct World {
    LzTcpOptions options;               /* of both ends */
    LzScheduler *scheduler;
    LzPacketPool *packets;
    End client, server;
    TestPipe to_server, to_client;
    LzRandom random;
    uint32_t loss_ppb, double_ppb;
    LzTime disorder_ns;         /* each packet is late by up to this */
    unsigned lost_index;        /* of what goes to the server; UINT_MAX: none */
    unsigned late_index;        /* overtaken by the next two */
};

static End *other(End *end)
{
    return end == &end->world->client ? &end->world->server : &end->world->client;
}

static void send_all(End *end)
{
    while (end->sent < end->to_send) {
        uint64_t piece = 1 + lz_random_below(&end->world->random, 5000);
        uint32_t size = (uint32_t)MIN(end->to_send - end->sent, piece);
        LzBuffer *buffer = lz_buffer_new(size + 3);
        for (uint32_t i = 0; i < size; i++) {
            buffer->data[3 + i] = (uint8_t)(end->sent + i + end->salt);
        }
        end->sent += size;              /* before: what goes out at once is reported from inside */
        lz_tcp_send(end->socket, buffer, 3, size);
        lz_buffer_unref(buffer);
    }
    lz_tcp_close(end->socket);
}

static void connected(void *self, LzTcpSocket *socket)
{
    End *end = self;
    end->opened++;
    g_assert_true(end->socket == socket);
    send_all(end);
}

static void received(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    End *end = self;
    g_assert_true(end->socket == socket);
    for (uint32_t i = 0; i < size; i++) {
        g_assert_cmpuint(buffer->data[offset + i], ==, (uint8_t)(end->received + i + other(end)->salt));
    }
    end->received += size;
}

static void sent(void *self, LzTcpSocket *socket, uint64_t stream_end)
{
    const End *end = self;
    g_assert_true(end->socket == socket);
    g_assert_cmpuint(stream_end, <=, end->sent);
}

static void peer_finished(void *self, LzTcpSocket *socket)
{
    End *end = self;
    end->finished++;
    g_assert_true(end->socket == socket);
    g_assert_cmpuint(end->received, ==, other(end)->to_send);
}

static void closed(void *self, LzTcpSocket *socket, LzTcpCloseReason reason)
{
    End *end = self;
    g_assert_true(end->socket == socket);
    end->closed++;
    end->reason = reason;
    end->socket = NULL;
}

static const LzTcpEvents events = {
    .connected = connected, .received = received, .sent = sent, .peer_finished = peer_finished, .closed = closed,
};

static bool accepted(void *owner, LzTcpSocket *socket)
{
    World *world = owner;
    world->server.socket = socket;
    world->server.opened++;
    lz_tcp_socket_adopt(socket, &events, &world->server);
    send_all(&world->server);
    return true;
}

static TestFate decide(void *self, const LzPacket *packet, unsigned index)
{
    World *world = self;
    bool is_to_server = packet->destination == SERVER;
    TestFate fate = {
        .is_lost = lz_random_chance_ppb(&world->random, world->loss_ppb) || (is_to_server && index == world->lost_index),
        .is_doubled = lz_random_chance_ppb(&world->random, world->double_ppb),
    };
    if (world->disorder_ns > 0) {
        fate.extra_ns = (LzTime)lz_random_below(&world->random, (uint64_t)world->disorder_ns);
    }
    if (is_to_server && index >= world->late_index && index != world->late_index + 1 && index != world->late_index + 2) {
        fate.extra_ns = LZ_MICROSECONDS(10);
    }
    return fate;
}

static void to_tcp(void *receiver, LzPacket *packet)
{
    lz_tcp_receive(receiver, packet);
}

static void world_init(World *world, uint64_t seed, bool has_sack, uint64_t up_bytes, uint64_t down_bytes)
{
    *world = (World){.options = lz_tcp_options_default, .scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new(), .lost_index = UINT_MAX, .late_index = UINT_MAX};
    world->options.mss = MSS;
    world->options.has_sack = has_sack;
    LzEnv env = {.scheduler = world->scheduler, .packets = world->packets, .seed = seed};
    lz_random_init(&world->random, seed, lz_entity_id("pipe"), LZ_PURPOSE_LOSS);
    env.entity = lz_entity_id("client");
    world->client = (End){.world = world, .to_send = up_bytes, .salt = 17};
    world->client.tcp = lz_tcp_new(&env, CLIENT, &world->to_server.input, &world->options, NULL);
    env.entity = lz_entity_id("server");
    world->server = (End){.world = world, .to_send = down_bytes, .salt = 91};
    world->server.tcp = lz_tcp_new(&env, SERVER, &world->to_client.input, &world->options, NULL);
    test_pipe_init(&world->to_server, &env, LZ_MILLISECONDS(DELAY_MS), to_tcp, world->server.tcp);
    test_pipe_init(&world->to_client, &env, LZ_MILLISECONDS(DELAY_MS), to_tcp, world->client.tcp);
    world->to_server.decide = world->to_client.decide = decide;
    world->to_server.self = world->to_client.self = world;
    lz_tcp_listen(world->server.tcp, PORT, 8, accepted, world);
}

/* Runs everything to its end, when nothing may be left over, and frees it. */
static void world_finish(World *world)
{
    world->client.socket = lz_tcp_connect(world->client.tcp, SERVER, PORT, 0, &events, &world->client);
    while (lz_scheduler_step(world->scheduler, LZ_SECONDS(20000))) {
    }
    End *ends[] = {&world->client, &world->server};
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(ends[i]->opened, ==, 1);
        g_assert_cmpuint(ends[i]->finished, ==, 1);
        g_assert_cmpuint(ends[i]->closed, ==, 1);
        g_assert_cmpuint(ends[i]->received, ==, other(ends[i])->to_send);
        g_assert_cmpuint(lz_tcp_open_sockets(ends[i]->tcp), ==, 0);
    }
    g_assert_cmpuint(lz_scheduler_pending(world->scheduler), ==, 0);
    g_assert_cmpuint(lz_packet_pool_in_use(world->packets), ==, 0);
}

static void world_clear(World *world)
{
    lz_tcp_free(world->client.tcp);
    lz_tcp_free(world->server.tcp);
    test_pipe_clear(&world->to_server);
    test_pipe_clear(&world->to_client);
    lz_packet_pool_free(world->packets);
    lz_scheduler_free(world->scheduler);
}

static void test_undisturbed(void)
{
    World world;
    world_init(&world, 1, true, 100000, 50000);
    world_finish(&world);
    g_assert_cmpuint(lz_tcp_stats(world.client.tcp)->retransmitted, ==, 0);
    g_assert_cmpuint(lz_tcp_stats(world.server.tcp)->retransmitted, ==, 0);
    world_clear(&world);
}

/* Every packet that the client sends, lost once, in turn. In the middle of the stream recovery needs no
 * time-out and one retransmission; with SACK perhaps the rescue of the tail too (RFC 6675 4, rule 4). */
static void test_loss_of_each(gconstpointer has_sack)
{
    enum { SEGMENTS = 30 };
    for (unsigned lost = 0; lost < SEGMENTS + 4; lost++) {
        World world;
        world_init(&world, 1, GPOINTER_TO_INT(has_sack), SEGMENTS * MSS, 0);
        world.lost_index = lost;
        world_finish(&world);
        const LzTcpStats *stats = lz_tcp_stats(world.client.tcp);
        const TestSeen *seen = &g_array_index(world.to_server.seen, TestSeen, lost);
        if (lost < world.to_server.seen->len && seen->header.payload_size == MSS && lost > 1 && lost < SEGMENTS - 4) {
            g_assert_cmpuint(stats->timeouts, ==, 0);
            g_assert_cmpuint(stats->fast_recoveries, ==, 1);
            g_assert_cmpuint(stats->retransmitted, >=, 1);
            g_assert_cmpuint(stats->retransmitted, <=, has_sack ? 2 : 1);
        }
        world_clear(&world);
    }
}

/* One packet a moment late, overtaken by the next two: fewer than three duplicates, so nothing is sent twice. */
static void test_each_overtaken(void)
{
    for (unsigned late = 0; late < 30; late++) {
        World world;
        world_init(&world, 1, true, 25 * MSS, 0);
        world.late_index = late;
        world_finish(&world);
        g_assert_cmpuint(lz_tcp_stats(world.client.tcp)->retransmitted, ==, 0);
        world_clear(&world);
    }
}

static void test_everything_doubled(gconstpointer has_sack)
{
    World world;
    world_init(&world, 4, GPOINTER_TO_INT(has_sack), 80000, 80000);
    world.double_ppb = 1000000000;
    world_finish(&world);
    g_assert_cmpuint(lz_tcp_stats(world.client.tcp)->timeouts, ==, 0);
    world_clear(&world);
}

/* A seed whose client starts so close to 2^32 that its sequence numbers wrap within the stream. */
static uint64_t find_wrapping_seed(uint32_t within_bytes)
{
    for (uint64_t seed = 1;; seed++) {
        LzRandom random;
        lz_random_init(&random, seed, lz_entity_id("client"), LZ_PURPOSE_TCP);
        lz_random_below(&random, 28232);        /* the port */
        if (lz_random_u32(&random) > UINT32_MAX - within_bytes) {
            return seed;
        }
    }
}

static void test_wrapping_sequence(gconstpointer has_sack)
{
    World world;
    world_init(&world, find_wrapping_seed(60000), GPOINTER_TO_INT(has_sack), 150000, 1000);
    world.loss_ppb = 50000000;
    world_finish(&world);
    uint32_t initial = g_array_index(world.to_server.seen, TestSeen, 0).header.sequence;
    g_assert_cmphex(initial, >, UINT32_MAX - 60000);
    world_clear(&world);
}

/* Any mixture, many seeds. On failure the seed is in the message. */
static void test_any_mixture(gconstpointer has_sack)
{
    for (uint64_t seed = 1; seed <= 150; seed++) {
        World world;
        LzRandom random;
        lz_random_init(&random, seed, lz_entity_id("mixture"), LZ_PURPOSE_GENERAL);
        world_init(&world, seed, GPOINTER_TO_INT(has_sack), lz_random_below(&random, 150000), lz_random_below(&random, 60000));
        world.loss_ppb = (uint32_t)lz_random_below(&random, 120000000);
        world.double_ppb = (uint32_t)lz_random_below(&random, 100000000);
        world.disorder_ns = seed % 3 ? (LzTime)lz_random_below(&random, LZ_MILLISECONDS(20)) : 0;
        g_test_message("seed %" G_GUINT64_FORMAT, seed);
        world_finish(&world);
        world_clear(&world);
    }
}

static uint64_t trace_of(uint64_t seed)
{
    World world;
    world_init(&world, seed, true, 50000, 50000);
    world.loss_ppb = 30000000;
    world_finish(&world);
    uint64_t hash = 0;
    for (guint i = 0; i < world.to_server.seen->len; i++) {
        const TestSeen *seen = &g_array_index(world.to_server.seen, TestSeen, i);
        hash = (hash ^ (uint64_t)seen->at_ns ^ (uint64_t)seen->header.sequence << 32) * UINT64_C(0x100000001b3);
    }
    world_clear(&world);
    return hash;
}

static void test_same_seed_same_packets(void)
{
    g_assert_cmphex(trace_of(3), ==, trace_of(3));
    g_assert_cmphex(trace_of(3), !=, trace_of(4));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    gconstpointer with_sack = GINT_TO_POINTER(true), without_sack = GINT_TO_POINTER(false);
    g_test_add_func("/tcp-stream/undisturbed", test_undisturbed);
    g_test_add_data_func("/tcp-stream/loss-of-each/sack", with_sack, test_loss_of_each);
    g_test_add_data_func("/tcp-stream/loss-of-each/newreno", without_sack, test_loss_of_each);
    g_test_add_func("/tcp-stream/each-overtaken", test_each_overtaken);
    g_test_add_data_func("/tcp-stream/everything-doubled/sack", with_sack, test_everything_doubled);
    g_test_add_data_func("/tcp-stream/everything-doubled/newreno", without_sack, test_everything_doubled);
    g_test_add_data_func("/tcp-stream/wrapping-sequence/sack", with_sack, test_wrapping_sequence);
    g_test_add_data_func("/tcp-stream/wrapping-sequence/newreno", without_sack, test_wrapping_sequence);
    g_test_add_data_func("/tcp-stream/any-mixture/sack", with_sack, test_any_mixture);
    g_test_add_data_func("/tcp-stream/any-mixture/newreno", without_sack, test_any_mixture);
    g_test_add_func("/tcp-stream/same-seed-same-packets", test_same_seed_same_packets);
    return g_test_run();
}
