/* Segments and the firewall between them in a whole world. */
#include <glib.h>

#include "tests/lib/test_world.h"

/* The broker hangs on the ward's own switch, beside the pumps, in another segment: every packet passes the core. */
static const char ward[] =
    "lazaret: 1\n"
    "name: segments\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, {name: core, router: true}]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 ms}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 ms}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, link: bed}\n"
    "  other: {kind: sink, link: bed, port: 5000, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - {name: pump, profile: infusion-pump, count: 3, link: bed, connect: {to: broker, keepalive: 2 s}}\n"
    "  - {name: beacon, profile: infusion-pump, count: 2, link: bed,\n"
    "     connect: {to: other, client: datagram, tls: {enabled: false}}}\n"
    "segments:\n"
    "  devices: {members: [pump, beacon]}\n"
    "  servers: {members: [broker, other]}\n"
    "live: {bind: off}\n";

static const char wall[] =
    "defences:\n"
    "  - name: fw\n"
    "    kind: firewall\n"
    "    where: core\n"
    "    rules:\n"
    "      - {name: mqtt, from: devices, to: broker, protocol: tcp, port: 8883}\n";

static int64_t count_of(LzWorld *world, LzMetric metric, const char *name)
{
    LzObservation seen = lz_test_observe(world, metric, name, NULL);
    int64_t part = seen.part;
    lz_observation_clear(&seen);
    return part;
}

static void test_segments_meet_in_the_router(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(ward);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 5);
    uint64_t bed = lz_link_stats(lz_world_link(world, "bed"), LZ_UP)->delivered_packets;
    uint64_t up = lz_link_stats(lz_world_link(world, "backbone"), LZ_UP)->delivered_packets;
    uint64_t down = lz_link_stats(lz_world_link(world, "backbone"), LZ_DOWN)->delivered_packets;
    g_assert_cmpuint(up, ==, bed);
    g_assert_cmpuint(down, ==, bed);
}

static void test_same_segment_stays_on_its_switch(void)
{
    const char *const overrides[] = {"segments.servers.members=[]", "segments.devices.members=[pump, beacon, broker, other]", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 5);
    g_assert_cmpuint(lz_link_stats(lz_world_link(world, "backbone"), LZ_UP)->offered_packets, ==, 0);
}

static void test_default_deny_is_counted(void)
{
    g_autofree char *yaml = g_strconcat(ward, wall, NULL);
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation beacons = lz_test_observe(world, LZ_METRIC_FLOW_DELIVERED, "status", "beacon");
    g_assert_cmpint(beacons.part, ==, 0);
    g_assert_cmpint(count_of(world, LZ_METRIC_DEFENCE_ADMITTED, "fw/mqtt"), ==, 3);         /* a connection of each pump */
    g_assert_cmpint(count_of(world, LZ_METRIC_DEFENCE_REFUSED, "fw/mqtt"), ==, 0);
    g_assert_cmpint(count_of(world, LZ_METRIC_DEFENCE_REFUSED, "fw/otherwise"), >, 0);
    g_assert_cmpint(count_of(world, LZ_METRIC_DEFENCE_REFUSED, "fw/otherwise"), ==, count_of(world, LZ_METRIC_DEFENCE_REFUSED, "fw"));
    g_assert_cmpint(count_of(world, LZ_METRIC_DEFENCE_COLLATERAL, "fw"), >, 0);
    g_assert_cmpint(count_of(world, LZ_METRIC_FLOW_DELIVERED, "status"), >, 0);
    lz_observation_clear(&beacons);
}

/* A firewall that restarts knows no connection: unless it picks them up, devices have to notice and connect again. */
static void test_restart_forgets_connections(void)
{
    for (unsigned picks_up = 0; picks_up < 2; picks_up++) {
        g_autofree char *yaml = g_strconcat(ward, wall, picks_up ? "    picks_up: true\n" : "",
                                            "faults: [{name: restart, kind: switch-off, zone: core, at: 20 s, for: 100 ms}]\n", NULL);
        g_autoptr(LzPlan) plan = lz_test_plan(yaml);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_test_run(world);
        g_assert_cmpuint(lz_world_connected(world), ==, 5);
        g_assert_cmpint(count_of(world, LZ_METRIC_FLEET_RECONNECTS, "pump"), ==, picks_up ? 0 : 3);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/segments/meet-in-the-router", test_segments_meet_in_the_router);
    g_test_add_func("/segments/same-segment-stays-on-its-switch", test_same_segment_stays_on_its_switch);
    g_test_add_func("/segments/default-deny-is-counted", test_default_deny_is_counted);
    g_test_add_func("/segments/restart-forgets-connections", test_restart_forgets_connections);
    return g_test_run();
}
