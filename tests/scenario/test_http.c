/* Devices and a server of HTTP in a small world: what is posted arrives, what is fetched takes as long as its bytes do, and
 * a server that is full, slow or away loses nothing. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: http\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 100 Mbit/s, delay: 1 us, queue: 1 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "services:\n"
    "  api: {kind: http-api, link: rack, cores: 1 core, cost: 1 ms, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 4\n"
    "    link: bed\n"
    "    cpu: x86-server\n"
    "    connect: {to: api, client: http, backoff_max: 2 s}\n"
    "    traffic:\n"
    "      - {flow: status, publish: \"POST /fhir/Observation\", behaviour: periodic, size: 3 kB, every: 5 s}\n"
    "      - {flow: event, publish: \"/fhir/Observation\", behaviour: periodic, size: 1 kB, every: 20 s}\n"
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

static LzTime latency(LzWorld *world, const char *flow, uint32_t quantile_ppb)
{
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_LATENCY, flow, "pump");
    const LzTime value = lz_histogram_quantile(seen.histogram, quantile_ppb);
    lz_observation_clear(&seen);
    return value;
}

/* Every message but those of the last moment. */
static void assert_all_delivered(LzWorld *world)
{
    static const char *const flows[] = {"status", "event", "alarm"};
    for (unsigned i = 0; i < G_N_ELEMENTS(flows); i++) {
        const int64_t created = part(world, LZ_METRIC_FLOW_CREATED, flows[i], "pump");
        g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, flows[i], "pump"), >=, created - 1);
        g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, flows[i], "pump"), ==, 0);
    }
}

static void test_post_and_get(const void *data)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", data);
    lz_test_run(world);
    assert_all_delivered(world);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "api", NULL), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DUPLICATE, "status", "pump"), ==, 0);
    /* 1 ms of CPU, and 3 kB at 100 Mbit/s: 0.25 ms */
    g_assert_cmpint(latency(world, "status", 500000000), >, LZ_MILLISECONDS(1));
    g_assert_cmpint(latency(world, "status", 500000000), <, LZ_MILLISECONDS(3));
    /* 2 MB are 20 ms of CPU (800 Mbit/s) and 160 ms at 100 Mbit/s, with headers a few more */
    g_assert_cmpint(latency(world, "alarm", 500000000), >, LZ_MILLISECONDS(180));
    g_assert_cmpint(latency(world, "alarm", 500000000), <, LZ_MILLISECONDS(260));
    g_assert_cmpuint(lz_world_connected(world), ==, 4);
}

/* One request at a time, each of 2 s: whoever comes meanwhile hears 503 and waits the 7 s that it is told. */
static void test_full(void)
{
    const char *const overrides[] = {"services.api.queue_max=1", "services.api.cost=2 s", "services.api.retry_after=7 s",
                                     "fleet.pump.traffic.status.every=30 s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    const int64_t refused = part(world, LZ_METRIC_SERVICE_REFUSED, "api", NULL);
    g_test_message("%d refused", (int)refused);
    g_assert_cmpint(refused, >, 5);
    g_assert_cmpint(refused, <, 4 * 60 / 7);            /* nobody asks again earlier */
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "status", "pump"), ==, 0);
    g_assert_cmpint(latency(world, "status", 1000000000), >, LZ_SECONDS(7));
}

/* What was under way when the server failed is sent again. */
static void test_outage(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world =
        world_of(&plan, "faults: [{name: out, kind: service-down, service: api, at: 20 s, for: 15 s}]\n", NULL);
    lz_test_run(world);
    assert_all_delivered(world);
    g_assert_cmpint(latency(world, "status", 1000000000), >, LZ_SECONDS(10));
}

/* A body or a file beyond the limit is refused for good. */
static void test_too_large(void)
{
    const char *const overrides[] = {"services.api.body_max=2 kB", "services.api.file_max=1 MB", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "status", "pump"), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "pump"), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "alarm", "pump"), ==, 4);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "event", "pump"), >=, 10);
}

/* An unused connection is closed by whoever has less patience, and the next request makes another. */
static void test_idle(void)
{
    static const char *const patience[] = {"fleet.pump.connect.idle=1 s", "services.api.idle=1 s"};
    for (unsigned i = 0; i < G_N_ELEMENTS(patience); i++) {
        const char *const overrides[] = {patience[i], "services.api.tls.enabled=true", "fleet.pump.traffic.alarm.size=50 kB", NULL};
        g_autoptr(LzPlan) plan = NULL;
        g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
        lz_test_run(world);
        assert_all_delivered(world);
        g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "api", NULL), >, 4 * 10);
        g_assert_cmpuint(lz_world_connected(world), ==, 4);
    }
}

int main(int argc, char **argv)
{
    static const char *const plain[] = {NULL};
    static const char *const chunked[] = {"services.api.chunk=1000 B", "fleet.pump.connect.chunk=700 B", NULL};
    static const char *const sdc[] = {"fleet.pump.connect.body=sdc", NULL};
    static const char *const secret[] = {"services.api.tls.enabled=true", NULL};
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/http/post-and-get", plain, test_post_and_get);
    g_test_add_data_func("/http/chunked", chunked, test_post_and_get);
    g_test_add_data_func("/http/sdc", sdc, test_post_and_get);
    g_test_add_data_func("/http/tls", secret, test_post_and_get);
    g_test_add_func("/http/full", test_full);
    g_test_add_func("/http/outage", test_outage);
    g_test_add_func("/http/too-large", test_too_large);
    g_test_add_func("/http/idle", test_idle);
    return g_test_run();
}
