/* Devices and an HL7 engine in a small world: what is reported arrives and is answered, and an engine that is full or away
 * loses nothing. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: hl7\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 100 Mbit/s, delay: 1 us, queue: 1 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "services:\n"
    "  engine: {kind: hl7-engine, link: rack, cores: 1 core, cost: 4 ms}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 5\n"
    "    link: bed\n"
    "    cpu: x86-server\n"
    "    connect: {to: engine, client: hl7, backoff_max: 2 s}\n"
    "    traffic:\n"
    "      - {flow: status, publish: \"ORU^R01\", behaviour: periodic, size: 2 kB, every: 5 s}\n"
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

/* With its own flows of the profile: their topics end in status, event and alarm. */
static void test_reports(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", NULL);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "status", "pump"), >=, part(world, LZ_METRIC_FLOW_CREATED, "status", "pump") - 1);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "event", "pump"), ==, part(world, LZ_METRIC_FLOW_CREATED, "event", "pump"));
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "engine", NULL), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "engine", NULL), ==, 5);
    g_assert_cmpint(latency(world, "status", 500000000), >, LZ_MILLISECONDS(4));
    g_assert_cmpint(latency(world, "status", 500000000), <, LZ_MILLISECONDS(6));
    g_assert_cmpuint(lz_world_connected(world), ==, 5);
}

/* One message at a time, each of 3 s, for which five devices have 5 s: they hear AE, and try again. */
static void test_full(void)
{
    const char *const overrides[] = {"services.engine.queue_max=1", "services.engine.cost=3 s", "run.duration=120 s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    const int64_t refused = part(world, LZ_METRIC_SERVICE_REFUSED, "engine", NULL);
    const int64_t messages = part(world, LZ_METRIC_SERVICE_MESSAGES, "engine", NULL);
    g_test_message("%d refused, %d taken", (int)refused, (int)messages);
    g_assert_cmpint(refused, >, 50);
    g_assert_cmpint(messages, >=, 20);
    g_assert_cmpint(messages, <=, 120 / 3);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "status", "pump"), ==, 0);
}

/* A message has its number of attempts, then it is lost. */
static void test_attempts(void)
{
    const char *const overrides[] = {"services.engine.queue_max=1", "services.engine.cost=30 s", "services.engine.tls.enabled=false",
                                     "fleet.pump.connect.attempts_max=2", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "status", "pump"), >, 20);
}

static void test_outage(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world =
        world_of(&plan, "faults: [{name: out, kind: service-down, service: engine, at: 20 s, for: 15 s}]\n", NULL);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "status", "pump"), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "status", "pump"), >=, part(world, LZ_METRIC_FLOW_CREATED, "status", "pump") - 1);
    g_assert_cmpint(latency(world, "status", 1000000000), >, LZ_SECONDS(8));
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "engine", NULL), ==, 10);
}

/* What is longer than the engine takes cuts the connection, each time. */
static void test_too_long(void)
{
    const char *const overrides[] = {"services.engine.message_max=1500 B", "services.engine.sessions_max=4", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "status", "pump"), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "engine", NULL), >, 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hl7/reports", test_reports);
    g_test_add_func("/hl7/full", test_full);
    g_test_add_func("/hl7/attempts", test_attempts);
    g_test_add_func("/hl7/outage", test_outage);
    g_test_add_func("/hl7/too-long", test_too_long);
    return g_test_run();
}
