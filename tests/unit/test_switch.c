/* The switch: routes, forwarding latency, power. */
#include <glib.h>

#include "lazaret/random.h"
#include "sim/core/scheduler.h"
#include "sim/net/packet.h"
#include "sim/net/switch.h"

typedef struct Port {
    LzElement element;
    LzScheduler *scheduler;
    LzPacketPool *packets;
    unsigned count;
    uint64_t last_id;
    LzTime last_ns;
} Port;

static void port_receive(LzElement *element, LzPacket *packet)
{
    Port *port = (Port *)element;
    port->count++;
    g_assert_cmpuint(packet->id, >, port->last_id);     /* order is kept */
    port->last_id = packet->id;
    port->last_ns = lz_now(port->scheduler);
    lz_packet_free(port->packets, packet);
}

static const LzElementOps port_ops = {.receive = port_receive};

enum { PORTS = 4 };

typedef struct Fixture {
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzSwitch *self;
    Port ports[PORTS];
} Fixture;

static void fixture_init(Fixture *fixture, LzTime forwarding_ns)
{
    *fixture = (Fixture){.scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new()};
    LzEnv env = {.scheduler = fixture->scheduler, .packets = fixture->packets};
    fixture->self = lz_switch_new(&env, forwarding_ns);
    for (unsigned i = 0; i < PORTS; i++) {
        fixture->ports[i] = (Port){{&port_ops, NULL}, fixture->scheduler, fixture->packets, 0, 0, -1};
    }
}

static void fixture_clear(Fixture *fixture)
{
    lz_switch_free(fixture->self);
    lz_packet_pool_free(fixture->packets);
    lz_scheduler_free(fixture->scheduler);
}

static void route(Fixture *fixture, LzAddress address, unsigned bits, unsigned port)
{
    lz_switch_add_route(fixture->self, address, bits, &fixture->ports[port].element);
}

static void send(Fixture *fixture, LzAddress destination)
{
    LzPacket *packet = lz_packet_new(fixture->packets);
    packet->destination = destination;
    packet->protocol = LZ_IP_UDP;
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(lz_switch_input(fixture->self), packet);
}

static void run(Fixture *fixture, LzTime until_ns)
{
    while (lz_scheduler_step(fixture->scheduler, until_ns)) {
    }
}

static void test_longest_prefix(void)
{
    Fixture f;
    fixture_init(&f, 0);
    route(&f, 0x0a010000, 16, 1);
    route(&f, 0, 0, 3);
    route(&f, 0x0a000000, 8, 0);
    route(&f, 0x0a010203, 32, 2);
    send(&f, 0x0a010203);
    send(&f, 0x0a010204);
    send(&f, 0x0a990204);
    send(&f, 0x0b000000);
    for (unsigned i = 0; i < PORTS; i++) {
        g_assert_cmpuint(f.ports[i].count, ==, 1);
    }
    g_assert_cmpuint(f.ports[2].last_id, ==, 1);
    g_assert_cmpuint(f.ports[1].last_id, ==, 2);
    g_assert_cmpuint(f.ports[0].last_id, ==, 3);
    route(&f, 0x0a010000, 16, 3);       /* replaces */
    send(&f, 0x0a010204);
    g_assert_cmpuint(f.ports[3].count, ==, 2);
    fixture_clear(&f);
}

static void test_no_route(void)
{
    Fixture f;
    fixture_init(&f, 0);
    route(&f, 0x0a000001, 32, 0);
    send(&f, 0x0a000002);
    g_assert_cmpuint(lz_switch_stats(f.self)->dropped_packets[LZ_DROP_NO_ROUTE], ==, 1);
    fixture_clear(&f);
}

/* Ten thousand host routes in the table: each is found, others are not. */
static void test_many_hosts(void)
{
    enum { HOSTS = 10000 };
    Fixture f;
    fixture_init(&f, 0);
    for (unsigned i = 0; i < HOSTS; i++) {
        route(&f, 0x0a000000 + 7 * i, 32, i % PORTS);
    }
    for (unsigned i = 0; i < HOSTS; i++) {
        unsigned before = f.ports[i % PORTS].count;
        send(&f, 0x0a000000 + 7 * i);
        g_assert_cmpuint(f.ports[i % PORTS].count, ==, before + 1);
        send(&f, 0x0a000000 + 7 * i + 1);
    }
    const LzSwitchStats *stats = lz_switch_stats(f.self);
    g_assert_cmpuint(stats->forwarded_packets, ==, HOSTS);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_NO_ROUTE], ==, HOSTS);
    fixture_clear(&f);
}

static void test_forwarding_latency(void)
{
    Fixture f;
    fixture_init(&f, 5000);
    route(&f, 0, 0, 0);
    send(&f, 1);
    run(&f, 2000);
    send(&f, 2);
    g_assert_cmpuint(lz_switch_stats(f.self)->held_packets, ==, 2);
    run(&f, 5000);
    g_assert_cmpuint(f.ports[0].count, ==, 1);
    g_assert_cmpint(f.ports[0].last_ns, ==, 5000);
    run(&f, 10000);
    g_assert_cmpint(f.ports[0].last_ns, ==, 7000);
    g_assert_cmpuint(lz_switch_stats(f.self)->held_packets, ==, 0);
    fixture_clear(&f);
}

static void test_power(void)
{
    Fixture f;
    fixture_init(&f, 5000);
    route(&f, 0, 0, 0);
    send(&f, 1);
    send(&f, 2);
    lz_switch_set_power(f.self, false);
    send(&f, 3);
    run(&f, 100000);
    g_assert_cmpuint(f.ports[0].count, ==, 0);
    const LzSwitchStats *stats = lz_switch_stats(f.self);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_SWITCH_OFF], ==, 3);
    lz_switch_set_power(f.self, true);  /* the table survives */
    send(&f, 4);
    run(&f, 200000);
    g_assert_cmpuint(f.ports[0].count, ==, 1);
    g_assert_cmpuint(stats->in_packets, ==, stats->forwarded_packets + stats->dropped_packets[LZ_DROP_SWITCH_OFF]);
    send(&f, 5);                        /* freed while it is held */
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/switch/longest-prefix", test_longest_prefix);
    g_test_add_func("/switch/no-route", test_no_route);
    g_test_add_func("/switch/many-hosts", test_many_hosts);
    g_test_add_func("/switch/forwarding-latency", test_forwarding_latency);
    g_test_add_func("/switch/power", test_power);
    return g_test_run();
}
