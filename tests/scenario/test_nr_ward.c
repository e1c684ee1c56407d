/* A ward on the "nr" radio: real TLS and MQTT over slots, grants and HARQ. */
#include <glib.h>

#include "sim/core/digest.h"
#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: nr-ward\n"
    "start: 2026-03-02T06:00:00Z\n"
    "run: {seed: 3, duration: 60 s, warmup: 15 s, crypto_cost: 0 %}\n"
    "network:\n"
    "  zones: {ward: {forwarding: 0 ns}, core: {forwarding: 0 ns}}\n"
    "  links:\n"
    "    air: {model: nr, zone: ward, pattern: DDDSU, sr_period: 10 ms}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 10 Gbit/s, delay: 0 ns}\n"
    "    rack: {model: wired, zone: core, rate: 10 Gbit/s, delay: 0 ns}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, zone: core, link: rack, cpu: x86-server, cores: 2 cores}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 20\n"
    "    link: air\n"
    "    connect: {to: broker, start: {spread: 5 s}, tls: {min: \"1.3\"}}\n"
    "    traffic:\n"
    "      - {flow: pulse, publish: \"ward/{device}\", behaviour: periodic, size: 180 B, every: 1873 ms, qos: 0,\n"
    "         deadline: 1 s, source: \"assumed: walks through the request period\"}\n"
    "live: {bind: off}\n";

static LzObservation observe(const char *const *overrides, LzMetric metric, const char *name)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 20);
    return lz_test_observe(world, metric, name, NULL);
}

/* Creation to delivery: the mean of validation case 32 (9.00 ms), the core's 0.5 ms, and HARQ; none is faster than
 * the fastest grant (4 ms) and the core. Cryptography is free here, and every device connected before 15 s. */
static void test_latency(void)
{
    LzObservation seen = observe(NULL, LZ_METRIC_FLOW_LATENCY, NULL);
    g_test_message("%u messages, %.3f ms to %.3f ms, mean %.3f ms", (unsigned)seen.samples, (double)seen.min / 1e6,
                   (double)seen.max / 1e6, (double)seen.mean / 1e6);
    g_assert_cmpuint(seen.samples, >, 400);
    g_assert_cmpint(seen.min, >, LZ_MICROSECONDS(4500));
    g_assert_cmpint(seen.mean, >, LZ_MILLISECONDS(9));
    g_assert_cmpint(seen.mean, <, LZ_MILLISECONDS(11));
    lz_observation_clear(&seen);
}

/* A configured grant saves the request: 9.00 - 2.75 ms (validation cases 32, 33), HARQ and the core alike. */
static void test_configured_grant(void)
{
    const char *const configured[] = {"network.links.air.uplink=configured", NULL};
    LzObservation slow = observe(NULL, LZ_METRIC_FLOW_LATENCY, NULL);
    LzObservation fast = observe(configured, LZ_METRIC_FLOW_LATENCY, NULL);
    g_test_message("grant %.3f ms, configured %.3f ms", (double)slow.mean / 1e6, (double)fast.mean / 1e6);
    g_assert_cmpfloat_with_epsilon((double)(slow.mean - fast.mean) / 1e6, 6.25, 0.6);
    lz_observation_clear(&slow);
    lz_observation_clear(&fast);
}

static void test_loss_is_repaired_by_tcp(void)
{
    const char *const overrides[] = {"network.links.air.bler=5 %", "network.links.air.transmissions=1", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 20);
    const LzLink *air = lz_world_link(world, "air");
    g_assert_cmpuint(lz_link_stats(air, LZ_UP)->dropped_packets[LZ_DROP_RADIO_LOSS], >, 0);
    LzObservation lost = lz_test_observe(world, LZ_METRIC_FLOW_LOST, NULL, NULL);
    g_assert_cmpint(lost.part, ==, 0);
    lz_observation_clear(&lost);
}

static void test_digest(void)
{
    uint64_t digests[2];
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(LzPlan) plan = lz_test_plan(ward);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_test_run(world);
        digests[i] = lz_digest_value(lz_world_digest(world));
    }
    g_assert_cmpuint(digests[0], ==, digests[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nr-ward/latency", test_latency);
    g_test_add_func("/nr-ward/configured-grant", test_configured_grant);
    g_test_add_func("/nr-ward/loss-is-repaired-by-tcp", test_loss_is_repaired_by_tcp);
    g_test_add_func("/nr-ward/digest", test_digest);
    return g_test_run();
}
