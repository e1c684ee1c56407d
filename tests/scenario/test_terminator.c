/* A TLS terminator between devices and a service that speaks no TLS: what goes in comes out, answers come back, and the
 * handshakes are the terminator's. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: terminator\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 100 Mbit/s, delay: 1 us, queue: 1 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "services:\n"
    "  front: {kind: tls-terminator, link: rack, upstream: api, upstream_port: 80}\n"
    "  api: {kind: http-api, link: rack, port: 80, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 4\n"
    "    link: bed\n"
    "    cpu: x86-server\n"
    "    connect: {to: front, client: http, backoff_max: 2 s}\n"
    "    traffic:\n"
    "      - {flow: status, publish: \"POST /fhir/Observation\", behaviour: periodic, size: 3 kB, every: 5 s}\n"
    "      - {flow: alarm, publish: \"GET /library/{id}\", behaviour: once, size: 2 MB, within: 10 s}\n"
    "live: {bind: off}\n";

static LzWorld *world_of(LzPlan **ret_plan, const char *more, const char *const *overrides)
{
    g_autofree char *yaml = g_strconcat(ward, more, NULL);
    *ret_plan = lz_test_plan_with(yaml, overrides);
    return lz_test_world(*ret_plan);
}

static int64_t part(LzWorld *world, LzMetric metric, const char *scope, const char *fleet)
{
    lz_recorder_settle(lz_world_probes(world));
    LzObservation seen = lz_test_observe(world, metric, scope, fleet);
    const int64_t count = seen.part;
    lz_observation_clear(&seen);
    return count;
}

static void assert_all_delivered(LzWorld *world)
{
    static const char *const flows[] = {"status", "alarm"};
    for (unsigned i = 0; i < G_N_ELEMENTS(flows); i++) {
        const int64_t created = part(world, LZ_METRIC_FLOW_CREATED, flows[i], "pump");
        g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, flows[i], "pump"), >=, created - 1);
    }
}

static void test_passes_on(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", NULL);
    lz_test_run(world);
    assert_all_delivered(world);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "front", NULL), ==, 4);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "api", NULL), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "front", NULL), ==, 0);
}

/* The service behind fails, then the terminator: devices come back through it. */
static void test_outages(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "faults:\n"
                                               "  - {name: behind, kind: service-down, service: api, at: 15 s, for: 5 s}\n"
                                               "  - {name: before, kind: service-down, service: front, at: 35 s, for: 5 s}\n", NULL);
    lz_test_run(world);
    assert_all_delivered(world);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "front", NULL), >, 4);
}

/* Nothing listens behind it: each client is reset, and each is counted. */
static void test_nothing_behind(void)
{
    const char *const overrides[] = {"services.front.upstream_port=81", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "status", "pump"), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "front", NULL), >, 20);
}

static void test_limits(void)
{
    const char *const full[] = {"services.front.sessions_max=2", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", full);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 2);
    const char *const small[] = {"services.front.buffer=100 kB", NULL};         /* a file of 2 MB does not fit */
    g_autoptr(LzPlan) narrow = NULL;
    g_autoptr(LzWorld) cut = world_of(&narrow, "", small);
    lz_test_run(cut);
    g_assert_cmpint(part(cut, LZ_METRIC_FLOW_DELIVERED, "alarm", "pump"), ==, 0);
    const char *const slow[] = {"services.front.work_rate=1 MB/s", NULL};       /* 2 MB take two seconds */
    g_autoptr(LzPlan) lame = NULL;
    g_autoptr(LzWorld) late = world_of(&lame, "", slow);
    lz_test_run(late);
    assert_all_delivered(late);
    LzObservation seen = lz_test_observe(late, LZ_METRIC_FLOW_LATENCY, "alarm", "pump");
    g_assert_cmpint(seen.min, >, LZ_SECONDS(2));
    lz_observation_clear(&seen);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/terminator/passes-on", test_passes_on);
    g_test_add_func("/terminator/outages", test_outages);
    g_test_add_func("/terminator/nothing-behind", test_nothing_behind);
    g_test_add_func("/terminator/limits", test_limits);
    return g_test_run();
}
