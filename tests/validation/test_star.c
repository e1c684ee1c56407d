/* The benchmark scenarios are what they say: one-way latency to the nanosecond, as many switches as the fleet needs,
 * every message in its place. */
#include <glib.h>

#include "tests/lib/test_world.h"

static LzPlan *load(const char *name, const char *const *overrides)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "scenarios", "bench", name, NULL);
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load(path, overrides, diagnostics);
    if (!plan) {
        g_autofree char *text = lz_diagnostics_format(diagnostics);
        g_error("%s", text);
    }
    return plan;
}

/* 256 bytes of message, 28 or 40 of headers and 2 of framing at 100 Mbit/s, 1 and 10 Gbit/s, each rounded up to whole
 * nanoseconds, and 500 + 100 + 50 us on the way; the switches take no time. */
static void test_alone(const void *data)
{
    const char *name = data;
    const int64_t bits = 8 * (256 + (g_str_has_prefix(name, "star-udp") ? 28 : 40) + 2);
    const int64_t expected_ns = bits * 10 + bits + (bits + 9) / 10 + 650000;
    g_assert_cmpint(expected_ns, ==, g_str_has_prefix(name, "star-udp") ? 675397 : 676463);
    const char *const overrides[] = {"fleet.device.count=1", NULL};
    g_autoptr(LzPlan) plan = load(name, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_LATENCY, "beat", "device");
    g_assert_cmpuint(seen.samples, >=, 59);
    g_assert_cmpint(seen.min, ==, expected_ns);
    g_assert_cmpint(seen.max, ==, expected_ns);
    g_assert_cmpint(seen.mean, ==, expected_ns);
    lz_observation_clear(&seen);
}

/* 100 devices need three switches of 48 ports: they stand in three prefixes, and all reach the server. */
static void test_switches(const void *data)
{
    const char *const overrides[] = {"run.duration=3 s", NULL};
    g_autoptr(LzPlan) plan = load(data, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    g_autoptr(GHashTable) prefixes = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < lz_world_device_count(world); i++) {
        g_hash_table_add(prefixes, GUINT_TO_POINTER(lz_host_address(lz_world_device(world, i).host) >> 8));
    }
    g_assert_cmpuint(g_hash_table_size(prefixes), ==, 3);
    lz_test_run(world);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_DELIVERED, "beat", "device");
    g_assert_cmpint(seen.whole, ==, 300);
    g_assert_cmpint(seen.part, >=, 299);        /* the last may be on its way */
    lz_observation_clear(&seen);
}

static void test_bottleneck_is_shared(const void *data)
{
    const char *const overrides[] = {"run.duration=20 s", "run.warmup=5 s", NULL};
    g_autoptr(LzPlan) plan = load(data, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    const LzLinkStats *stats = lz_link_stats(lz_world_link(world, "bottleneck"), LZ_UP);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_QUEUE_FULL], >, 0);
    g_assert_cmpint(stats->busy_ns, >, LZ_SECONDS(16));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/star/udp/alone", "star-udp.yaml", test_alone);
    g_test_add_data_func("/star/tcp/alone", "star-tcp.yaml", test_alone);
    g_test_add_data_func("/star/udp/switches", "star-udp.yaml", test_switches);
    g_test_add_data_func("/star/tcp/switches", "star-tcp.yaml", test_switches);
    g_test_add_data_func("/dumbbell/bottleneck-is-shared", "dumbbell.yaml", test_bottleneck_is_shared);
    return g_test_run();
}
