/* Networks of several switches: failover, shared buffers, buildings. Sources: Choudhury and Hahne 1998 for dynamic
 * thresholds; the rest is arithmetic on the scenario's own numbers. */
#include <glib.h>
#include <math.h>

#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"
#include "tests/lib/test_world.h"

/* ---- shared buffer: a queue that is offered more than it can send settles at share/(1 + share n) of the buffer ---- */

extern const LzModel lz_link_model_wired, lz_queue_model_fifo;

typedef struct Overload {
    TestMedium *medium;
    LzSharedBuffer buffer;
    unsigned busy;
    LzEvent tick;
} Overload;

/* Ten packets of 1,000 bytes a millisecond to each busy port, which sends one: never below its threshold for long. */
static void tick(void *owner)
{
    Overload *overload = owner;
    for (unsigned station = 0; station < overload->busy; station++) {
        for (unsigned i = 0; i < 10; i++) {
            test_medium_send(overload->medium, station, LZ_DOWN, 0, 1000);
        }
    }
    lz_schedule_after(overload->medium->scheduler, &overload->tick, LZ_MILLISECONDS(1));
}

static void expect_share(unsigned busy, double share)
{
    void *config = lz_test_config_new(&lz_link_model_wired), *queue = lz_test_config_new(&lz_queue_model_fifo);
    lz_test_config_set(&lz_link_model_wired, config, "rate_bps", 8e6);
    lz_test_config_set(&lz_queue_model_fifo, queue, "queue_limit_bytes", 1e9);
    Overload overload = {.busy = busy, .buffer = {.limit_bytes = 1000000, .share_ppb = (uint32_t)(share * 1e9)}};
    overload.medium = test_medium_new(&lz_link_model_wired, config, &lz_queue_model_fifo, queue, 4, 1, NULL, 0);
    for (unsigned station = 0; station < 4; station++) {
        lz_link_set_buffer(overload.medium->link, station, LZ_DOWN, &overload.buffer);
    }
    lz_event_init(&overload.tick, tick, &overload);
    tick(&overload);
    test_medium_run(overload.medium, LZ_SECONDS(2));
    double expected = 1e6 * share / (1 + share * busy);
    for (unsigned station = 0; station < busy; station++) {
        double waiting = (double)lz_link_waiting_bytes(overload.medium->link, station, LZ_DOWN);
        g_test_message("share %.2f, %u busy: %.0f of 1,000,000 bytes, expected %.0f", share, busy, waiting, expected);
        g_assert_cmpfloat(fabs(waiting - expected), <=, 3000);
    }
    g_assert_cmpint(overload.buffer.used_bytes, <=, overload.buffer.limit_bytes);
    lz_event_cancel(overload.medium->scheduler, &overload.tick);
    test_medium_run(overload.medium, LZ_SECONDS(10));
    g_assert_cmpint(overload.buffer.used_bytes, ==, 0);
    test_medium_free(overload.medium);
}

static void test_dynamic_thresholds(void)
{
    expect_share(1, 1);                 /* half */
    expect_share(2, 1);                 /* a third each */
    expect_share(4, 1);                 /* a fifth each */
    expect_share(1, 0.5);
    expect_share(2, 2);
}

/* ---- failover: what is sent while the network has not noticed is lost, and nothing else ---- */

#define BEACON_MS 10

static const char ring[] =
    "lazaret: 1\n"
    "name: ring\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, one, two, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s}\n"
    "    active: {model: wired, from: ward, to: one, rate: 1 Gbit/s}\n"
    "    standby: {model: wired, from: ward, to: two, rate: 1 Gbit/s, cost: 10}\n"
    "    one-core: {model: wired, from: one, to: core, rate: 1 Gbit/s}\n"
    "    two-core: {model: wired, from: two, to: core, rate: 1 Gbit/s}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "  convergence: 2 s\n"
    "services: {server: {kind: sink, message: 100 B, link: rack, port: 5000, tls: {enabled: false}}}\n"
    "fleet:\n"
    "  - name: beacon\n"
    "    profile: infusion-pump\n"
    "    link: bed\n"
    "    connect: {to: server, client: datagram, tls: {enabled: false}}\n"
    "    traffic:\n"
    "      - {flow: status, publish: a, behaviour: periodic, size: 100 B, every: 10 ms}\n"
    "      - {flow: alarm, publish: b, behaviour: periodic, size: 100 B, every: 1 h}\n"
    "      - {flow: event, publish: c, behaviour: periodic, size: 100 B, every: 1 h}\n"
    "live: {bind: off}\n";

static uint64_t crossed(LzWorld *world, const char *link)
{
    return lz_link_stats(lz_world_link(world, link), LZ_UP)->delivered_packets;
}

/* Messages that never arrive, of a fault of 20 s. */
static int64_t lost_in(const char *fault, const char *const *overrides)
{
    g_autofree char *yaml = g_strdup_printf("%sfaults: [{name: cut, %s, at: 20 s, for: 20 s}]\n", ring, fault);
    g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(20) - 1);
    g_assert_cmpuint(crossed(world, "standby"), ==, 0);
    lz_world_run_until(world, LZ_SECONDS(40));
    uint64_t over_standby = crossed(world, "standby");
    lz_world_run_until(world, LZ_SECONDS(46));
    uint64_t failed_back = crossed(world, "standby");
    lz_test_run(world);
    g_assert_cmpuint(crossed(world, "standby"), ==, failed_back);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_DELIVERED, "status", NULL);
    int64_t lost = seen.whole - seen.part;
    g_test_message("%s: %d of %d lost, %u over the standby way", fault, (int)lost, (int)seen.whole, (unsigned)over_standby);
    lz_observation_clear(&seen);
    return lost;
}

static void test_failover(void)
{
    static const char *const faults[] = {"kind: link-down, link: active", "kind: link-down, link: one-core",
                                         "kind: switch-off, zone: one"};
    for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
        int64_t lost = lost_in(faults[i], NULL);
        g_assert_cmpint(lost, >=, 2000 / BEACON_MS - 1);
        g_assert_cmpint(lost, <=, 2000 / BEACON_MS + 1);
    }
    const char *const slow[] = {"network.convergence=5 s", NULL};
    g_assert_cmpint(llabs(lost_in(faults[0], slow) - 5000 / BEACON_MS), <=, 1);
    const char *const never[] = {"network.convergence=0 s", NULL};
    g_assert_cmpint(llabs(lost_in(faults[0], never) - 20000 / BEACON_MS), <=, 1);
}

/* ---- a building ---- */

static const char building[] =
    "lazaret: 1\n"
    "name: house\n"
    "run: {seed: 1, duration: 30 s}\n"
    "network:\n"
    "  buildings:\n"
    "    north:\n"
    "      floors: 3\n"
    "      wards: 4\n"
    "      closets: 2\n"
    "      cores: 2\n"
    "      access: {wired: {model: wired, rate: 1 Gbit/s}}\n"
    "      uplink: {model: wired, rate: 10 Gbit/s}\n"
    "  zones: [rack]\n"
    "  links:\n"
    "    to-1: {model: wired, from: north-core-1, to: rack, rate: 10 Gbit/s}\n"
    "    to-2: {model: wired, from: north-core-2, to: rack, rate: 10 Gbit/s, cost: 5}\n"
    "    rack-lan: {model: wired, zone: rack, rate: 10 Gbit/s}\n"
    "  convergence: 1 s\n"
    "services: {server: {kind: sink, message: 100 B, link: rack-lan, port: 5000, tls: {enabled: false}}}\n"
    "fleet:\n"
    "  - name: beacon\n"
    "    profile: infusion-pump\n"
    "    count: 50\n"
    "    place: north\n"
    "    connect: {to: server, client: datagram, tls: {enabled: false}}\n"
    "    traffic:\n"
    "      - {flow: status, publish: a, behaviour: periodic, size: 100 B, every: 1 s}\n"
    "live: {bind: off}\n";

/* 24 closets share 50 devices; the loss of a core is survived, that of a floor's power hits a third of the devices. */
static void test_building(void)
{
    g_autofree char *yaml = g_strdup_printf("%sfaults:\n"
                                            "  - {name: core, kind: switch-off, zone: north-core-1, at: 10 s, for: 5 s}\n"
                                            "  - {name: floor, kind: power-loss, place: north-f2, at: 20 s, for: 5 s}\n", building);
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    g_assert_cmpuint(plan->network.zones.count, ==, 1 + 2 + 24);
    g_assert_cmpuint(plan->network.links.count, ==, 3 + 1 + 3 * 24);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(9));
    g_assert_cmpuint(lz_world_connected(world), ==, 50);
    g_assert_cmpstr(lz_world_device(world, 0).zone, ==, "north-f1-w1-c1");
    g_assert_cmpstr(lz_world_device(world, 25).zone, ==, "north-f1-w1-c2");
    g_assert_cmpstr(lz_world_device(world, 47).link, ==, "north-f3-w4-c2-wired");
    g_assert_cmpuint(crossed(world, "to-2"), ==, 0);
    lz_world_run_until(world, LZ_SECONDS(15));
    g_assert_cmpuint(crossed(world, "to-2"), >=, 3 * 50);
    lz_world_run_until(world, LZ_SECONDS(21));
    g_assert_cmpuint(lz_world_connected(world), ==, 34);       /* without the devices of 8 closets, 2 each */
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 50);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topology/dynamic-thresholds", test_dynamic_thresholds);
    g_test_add_func("/topology/failover", test_failover);
    g_test_add_func("/topology/building", test_building);
    return g_test_run();
}
