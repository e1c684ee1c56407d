#include "tests/lib/test_medium.h"

#include <glib.h>

#include "tests/lib/test_config.h"

#define HEADER_BYTES 66u        /* Ethernet with preamble, FCS and gap 38, IPv4 20, UDP 8 */

typedef struct Sink {
    LzElement element;
    TestMedium *medium;
    unsigned station;
    LzDirection direction;
} Sink;

static void sink_receive(LzElement *element, LzPacket *packet)
{
    const Sink *sink = (const Sink *)element;
    TestMedium *medium = sink->medium;
    if (medium->delivered) {
        medium->delivered(medium->self, sink->station, sink->direction, packet);
    }
    lz_packet_free(medium->packets, packet);
}

static const LzElementOps sink_ops = {.receive = sink_receive};

TestMedium *test_medium_new(const LzModel *model, void *config, const LzModel *queue, void *queue_config,
                            unsigned stations, uint64_t seed, LzProbes *probes, LzScope scope)
{
    TestMedium *medium = g_new0(TestMedium, 1);
    medium->scheduler = lz_scheduler_new();
    medium->packets = lz_packet_pool_new();
    medium->config = config ? config : lz_test_config_new(model);
    medium->queue_config = queue_config ? queue_config : lz_test_config_new(queue);
    medium->stations = stations;
    lz_digest_init(&medium->digest);
    LzEnv env = {medium->scheduler, medium->packets, probes, seed, lz_entity_id("medium")};
    LzChoice choice = {.model = model, .config = medium->config};
    LzChoice queue_choice = {.model = queue, .config = medium->queue_config};
    medium->link = lz_link_new(&env, "medium", &choice, &queue_choice, stations, scope, &medium->digest);
    Sink *sinks = g_new0(Sink, 2 * stations);
    for (unsigned i = 0; i < 2 * stations; i++) {
        sinks[i] = (Sink){{&sink_ops, NULL}, medium, i / 2, (LzDirection)(i % 2)};
        lz_link_set_sink(medium->link, i / 2, (LzDirection)(i % 2), &sinks[i].element);
    }
    medium->sinks = sinks;
    return medium;
}

void test_medium_free(TestMedium *medium)
{
    lz_link_free(medium->link);
    g_assert_cmpuint(lz_scheduler_pending(medium->scheduler), ==, 0);
    lz_packet_pool_free(medium->packets);       /* asserts that every packet came back */
    lz_scheduler_free(medium->scheduler);
    g_free(medium->config);
    g_free(medium->queue_config);
    g_free(medium->sinks);
    g_free(medium);
}

uint64_t test_medium_send(TestMedium *medium, unsigned station, LzDirection direction, uint8_t dscp, uint32_t wire_bytes)
{
    g_assert_cmpuint(wire_bytes, >=, TEST_PACKET_WIRE_BYTES_MIN);
    LzPacket *packet = lz_packet_new(medium->packets);
    packet->source = 0x0a000000 + station;
    packet->destination = 0x0a010000 + station;
    packet->protocol = LZ_IP_UDP;
    packet->dscp = dscp;
    packet->payload_size = wire_bytes - HEADER_BYTES;
    packet->payload = lz_buffer_new(packet->payload_size);
    lz_packet_set_wire_bytes(packet);
    g_assert_cmpuint(packet->wire_bytes, ==, wire_bytes);
    uint64_t id = packet->id;
    lz_element_receive(lz_link_input(medium->link, station, direction), packet);
    return id;
}

void test_medium_run(TestMedium *medium, LzTime until_ns)
{
    while (lz_scheduler_step(medium->scheduler, until_ns)) {
    }
}

void test_medium_load(TestMedium *medium, LzRandom *random, LzTime mean_gap_ns, LzTime until_ns)
{
    LzTime at_ns = lz_now(medium->scheduler);
    for (;;) {
        at_ns += lz_random_exponential(random, mean_gap_ns);
        if (at_ns >= until_ns) {
            test_medium_run(medium, until_ns);
            return;
        }
        test_medium_run(medium, at_ns);
        unsigned station = (unsigned)lz_random_below(random, medium->stations);
        LzDirection direction = (LzDirection)lz_random_below(random, 2);
        uint8_t dscp = (uint8_t)lz_random_below(random, 64);
        uint32_t wire_bytes = TEST_PACKET_WIRE_BYTES_MIN + (uint32_t)lz_random_below(random, 1455);
        test_medium_send(medium, station, direction, dscp, wire_bytes);
    }
}

void test_medium_check_balance(const TestMedium *medium)
{
    for (unsigned direction = 0; direction < 2; direction++) {
        const LzLinkStats *stats = lz_link_stats(medium->link, (LzDirection)direction);
        uint64_t dropped = 0;
        for (unsigned reason = 0; reason < LZ_DROP_COUNT; reason++) {
            dropped += stats->dropped_packets[reason];
        }
        g_assert_cmpuint(stats->offered_packets, ==,
                         stats->delivered_packets + dropped + stats->queued_packets + stats->in_flight_packets);
        g_assert_cmpuint(stats->offered_bytes, ==,
                         stats->delivered_bytes + stats->dropped_bytes + stats->queued_bytes + stats->in_flight_bytes);
    }
}

bool test_medium_is_empty(const TestMedium *medium)
{
    const LzLinkStats *up = lz_link_stats(medium->link, LZ_UP), *down = lz_link_stats(medium->link, LZ_DOWN);
    return up->queued_packets + up->in_flight_packets + down->queued_packets + down->in_flight_packets == 0;
}
