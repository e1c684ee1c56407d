/* What a segment asks of its members: who speaks less is refused by services, or taken to another segment. */
#include <glib.h>
#include <string.h>

#include "sim/tls/tls.h"
#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: policy\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, {name: core, router: true}]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 ms}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s, delay: 1 ms}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 ms}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, link: rack, tls: {suites: [aes-128-gcm, aes-128-ccm-8]}}\n"
    "  plain: {kind: mqtt-broker, link: rack, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - {name: new, profile: infusion-pump, count: 2, link: bed, cpu: x86-server, connect: {to: broker}}\n"
    "  - {name: old, profile: infusion-pump, count: 3, link: bed, cpu: x86-server, connect: {to: broker, tls: {max: \"1.2\"}}}\n"
    "  - {name: weak, profile: infusion-pump, count: 1, link: bed, cpu: x86-server, connect: {to: broker, tls: {suites: [aes-128-ccm-8]}}}\n"
    "  - {name: open, profile: infusion-pump, count: 1, link: bed, cpu: x86-server, connect: {to: plain, tls: {enabled: false}}}\n"
    "defences: [{name: fw, kind: firewall, where: core, rules: [{name: wall, from: quarantine, to: servers, action: deny},\n"
    "  {name: all, from: devices, to: servers}]}]\n"
    "segments:\n"
    "  servers: {members: [broker, plain]}\n"
    "  devices: {members: [new, old, weak, open]}\n"
    "  quarantine: {}\n"
    "live: {bind: off}\n";

static LzWorld *run(const LzPlan *plan)
{
    LzWorld *world = lz_test_world(plan);
    lz_test_run(world);
    return world;
}

static unsigned open_sessions(LzWorld *world, const char *fleet, unsigned count)
{
    unsigned open = 0;
    for (unsigned i = 1; i <= count; i++) {
        g_autofree char *name = g_strdup_printf("%s[%u]", fleet, i);
        open += lz_host_stats(lz_world_host(world, name))->open_sessions;
    }
    return open;
}

static void test_no_policy(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(ward);
    g_autoptr(LzWorld) world = run(plan);
    g_assert_cmpuint(lz_world_connected(world), ==, 7);
}

/* The alerts are those of a server that speaks no less: protocol_version (70) and handshake_failure (40), RFC 8446 6.2. */
static void test_refuses(void)
{
    const char *const overrides[] = {"segments.devices.tls.min=1.3", "segments.devices.tls.suites=[aes-128-gcm]", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = run(plan);
    g_assert_cmpuint(open_sessions(world, "new", 2), ==, 2);
    g_assert_cmpuint(lz_world_connected(world), ==, 2);
    const LzHostStats *broker = lz_host_stats(lz_world_host(world, "broker")), *plain = lz_host_stats(lz_world_host(world, "plain"));
    g_assert_nonnull(broker->refused_by_alert);
    g_assert_cmpuint(broker->refused_by_alert[70], >=, 3);
    g_assert_cmpuint(broker->refused_by_alert[40], >=, 1);
    g_assert_cmpuint(broker->refused_by_policy + broker->isolated, ==, 0);
    g_assert_cmpuint(plain->refused_by_policy, >=, 1);
}

/* Once in quarantine the firewall keeps them from the services, and nobody is isolated twice. */
static void test_isolates(void)
{
    const char *const overrides[] = {"segments.devices.tls.min=1.3", "segments.devices.tls.isolate=quarantine", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = run(plan);
    g_assert_cmpuint(open_sessions(world, "new", 2), ==, 2);
    g_assert_cmpuint(open_sessions(world, "weak", 1), ==, 1);
    g_assert_cmpuint(lz_world_connected(world), ==, 3);
    const LzHostStats *broker = lz_host_stats(lz_world_host(world, "broker")), *plain = lz_host_stats(lz_world_host(world, "plain"));
    g_assert_cmpuint(broker->isolated, ==, 3);
    g_assert_cmpuint(plain->refused_by_policy, ==, 1);
    LzObservation kept_out = lz_test_observe(world, LZ_METRIC_DEFENCE_REFUSED, "fw/wall", NULL);
    g_assert_cmpint(kept_out.part, >, 0);
    lz_observation_clear(&kept_out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/none", test_no_policy);
    g_test_add_func("/policy/refuses", test_refuses);
    g_test_add_func("/policy/isolates", test_isolates);
    return g_test_run();
}
