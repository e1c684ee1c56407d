/* UDP: ports, sizes, refusal. */
#include <glib.h>
#include <string.h>

#include "sim/core/scheduler.h"
#include "sim/net/packet.h"
#include "sim/net/udp.h"

#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u

typedef struct Fixture {
    LzElement to_server;        /* hands over at once: UDP calls nothing back from its verbs */
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzUdp client, server;
    unsigned count;
    uint8_t last[LZ_UDP_PAYLOAD_MAX];
    size_t last_size;
    uint8_t last_dscp;
    bool unbinds;
} Fixture;

static void hand_over(LzElement *element, LzPacket *packet)
{
    Fixture *fixture = (Fixture *)element;
    g_assert_cmpuint(packet->wire_bytes, ==, MAX(46, 28 + packet->payload_size) + 38);
    fixture->last_dscp = packet->dscp;
    if (!lz_udp_receive(&fixture->server, packet)) {
        lz_packet_free(fixture->packets, packet);
    }
}

static const LzElementOps hand_over_ops = {.receive = hand_over};

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    Fixture *fixture = self;
    g_assert_cmphex(source, ==, CLIENT);
    g_assert_cmpuint(source_port, ==, 50000);
    fixture->count++;
    fixture->last_size = payload.size;
    if (payload.size > 0) {
        memcpy(fixture->last, payload.data, payload.size);
    }
    if (fixture->unbinds) {
        lz_udp_unbind(&fixture->server, 5683);
    }
}

static void fixture_init(Fixture *fixture)
{
    *fixture = (Fixture){.to_server = {&hand_over_ops, NULL}, .scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new()};
    LzEnv env = {.scheduler = fixture->scheduler, .packets = fixture->packets};
    lz_udp_init(&fixture->client, &env, CLIENT, &fixture->to_server);
    lz_udp_init(&fixture->server, &env, SERVER, NULL);
}

static void fixture_clear(Fixture *fixture)
{
    lz_udp_clear(&fixture->client);
    lz_udp_clear(&fixture->server);
    lz_packet_pool_free(fixture->packets);
    lz_scheduler_free(fixture->scheduler);
}

static bool send(Fixture *fixture, uint16_t port, const void *bytes, size_t size)
{
    return lz_udp_send(&fixture->client, 50000, SERVER, port, 46, (LzBytes){bytes, size});
}

static void test_datagram(void)
{
    Fixture f;
    fixture_init(&f);
    g_assert_true(lz_udp_bind(&f.server, 5683, received, &f));
    g_assert_false(lz_udp_bind(&f.server, 5683, received, &f));
    g_assert_true(send(&f, 5683, "hello", 5));
    g_assert_cmpuint(f.count, ==, 1);
    g_assert_cmpmem(f.last, f.last_size, "hello", 5);
    g_assert_cmpuint(f.last_dscp, ==, 46);
    g_assert_true(send(&f, 5683, NULL, 0));
    g_assert_cmpuint(f.count, ==, 2);
    g_assert_cmpuint(f.last_size, ==, 0);
    fixture_clear(&f);
}

static void test_size_limit(void)
{
    Fixture f;
    fixture_init(&f);
    g_assert_true(lz_udp_bind(&f.server, 5683, received, &f));
    static const uint8_t bytes[LZ_UDP_PAYLOAD_MAX + 1];
    g_assert_true(send(&f, 5683, bytes, LZ_UDP_PAYLOAD_MAX));
    g_assert_false(send(&f, 5683, bytes, LZ_UDP_PAYLOAD_MAX + 1));
    g_assert_cmpuint(f.count, ==, 1);
    fixture_clear(&f);
}

static void test_unbound_port(void)
{
    Fixture f;
    fixture_init(&f);
    static const uint16_t ports[] = {700, 5, 65535, 5683, 1};
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        g_assert_true(lz_udp_bind(&f.server, ports[i], received, &f));
    }
    send(&f, 6, "x", 1);
    g_assert_cmpuint(lz_udp_refused(&f.server), ==, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        send(&f, ports[i], "x", 1);
    }
    g_assert_cmpuint(f.count, ==, 5);
    f.unbinds = true;                   /* from inside its own callback */
    send(&f, 5683, "x", 1);
    send(&f, 5683, "x", 1);
    g_assert_cmpuint(f.count, ==, 6);
    lz_udp_reset(&f.server);
    send(&f, 700, "x", 1);
    g_assert_cmpuint(lz_udp_refused(&f.server), ==, 3);
    g_assert_true(lz_udp_bind(&f.server, 700, received, &f));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/udp/datagram", test_datagram);
    g_test_add_func("/udp/size-limit", test_size_limit);
    g_test_add_func("/udp/unbound-port", test_unbound_port);
    return g_test_run();
}
