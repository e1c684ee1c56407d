/* Devices with more than one connection: each flow goes where its connection leads, each service sees its own sessions,
 * one certificate serves all, and what happens to one connection leaves the others alone. */
#include <glib.h>

#include "tests/lib/test_world.h"

#define DEVICES 3

static const char ward[] =
    "lazaret: 1\n"
    "name: connections\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 ms}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "services:\n"
    "  names: {kind: dns, link: rack}\n"
    "  broker: {kind: mqtt-broker, link: rack}\n"
    "  second: {kind: mqtt-broker, link: rack}\n"
    "  files: {kind: responder, link: rack, port: 4433, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 3\n"
    "    link: bed\n"
    "    cpu: x86-server\n"
    "    connect: {to: broker, backoff_max: 2 s, tls: {resume: true}}\n"
    "    connections:\n"
    "      files: {to: files, client: exchange}\n"
    "      copies: {to: second, client: mqtt, backoff_max: 2 s}\n"
    "    traffic:\n"
    "      - {flow: image, publish: image, connection: files, behaviour: periodic, size: 3 kB, every: 10 s}\n"
    "      - {flow: status, publish: status, behaviour: periodic, size: 1 kB, every: 10 s, qos: 1}\n"
    "      - {flow: copy, publish: copy, connection: copies, behaviour: periodic, size: 1 kB, every: 10 s, qos: 1}\n"
    "live: {bind: off}\n";

static LzPlan *plan_with(const char *more, const char *const *overrides)
{
    g_autofree char *yaml = g_strconcat(ward, more, NULL);
    return lz_test_plan_with(yaml, overrides);
}

static int64_t part(LzWorld *world, LzMetric metric, const char *scope, const char *fleet)
{
    lz_recorder_settle(lz_world_probes(world));
    LzObservation seen = lz_test_observe(world, metric, scope, fleet);
    const int64_t count = seen.part;
    lz_observation_clear(&seen);
    return count;
}

/* Six messages of each flow and device in a minute, but for those of the last second. */
static void assert_flow(LzWorld *world, const char *flow)
{
    const int64_t delivered = part(world, LZ_METRIC_FLOW_DELIVERED, flow, "pump");
    g_test_message("%s: %d delivered", flow, (int)delivered);
    g_assert_cmpint(delivered, >=, 5 * DEVICES);
    g_assert_cmpint(delivered, <=, 6 * DEVICES);
}

static void test_each_flow_its_way(void)
{
    g_autoptr(LzPlan) plan = plan_with("", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    assert_flow(world, "image");
    assert_flow(world, "status");
    assert_flow(world, "copy");
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_MESSAGES, "files", NULL), ==, 3 * part(world, LZ_METRIC_FLOW_DELIVERED, "image", "pump"));
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_MESSAGES, "second", NULL), ==, part(world, LZ_METRIC_FLOW_DELIVERED, "copy", "pump"));
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "broker", NULL), ==, DEVICES);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "second", NULL), ==, DEVICES);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "files", NULL), ==, 0);
    g_assert_cmpuint(lz_world_connected(world), ==, DEVICES);
}

/* While the first service is away its own flow waits; the others go on. Then each connection resumes its own session. */
static void test_one_service_fails(void)
{
    g_autoptr(LzPlan) plan = plan_with("faults: [{name: out, kind: service-down, service: broker, at: 20 s, for: 10 s}]\n", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(29));
    const int64_t copies = part(world, LZ_METRIC_FLOW_DELIVERED, "copy", "pump");
    g_assert_cmpint(copies, >=, 2 * DEVICES);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, DEVICES);
    assert_flow(world, "status");
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "broker", NULL), ==, 2 * DEVICES);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "second", NULL), ==, DEVICES);
    g_assert_cmpint(part(world, LZ_METRIC_TLS_HANDSHAKE_RESUMED, NULL, "pump"), ==, DEVICES);
}

/* A device cut from power loses all its connections, and makes all again. */
static void test_power(void)
{
    g_autoptr(LzPlan) plan = plan_with("faults: [{name: dark, kind: power-loss, fleet: pump, at: 20 s, for: 5 s}]\n", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "broker", NULL), ==, 2 * DEVICES);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "second", NULL), ==, 2 * DEVICES);
    g_assert_cmpuint(lz_world_connected(world), ==, DEVICES);
}

/* Only the second connection speaks TLS: the device has its certificate all the same. */
static void test_certificate_of_a_further_connection(void)
{
    const char *const overrides[] = {"fleet.pump.connect.tls.enabled=false", "services.broker.tls.enabled=false", NULL};
    g_autoptr(LzPlan) plan = plan_with("", overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    assert_flow(world, "copy");
    assert_flow(world, "status");
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "broker", NULL), ==, 0);
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_HANDSHAKES, "second", NULL), ==, DEVICES);
}

/* Each connection asks for the name of its own service. */
static void test_names(void)
{
    const char *const overrides[] = {"fleet.pump.dns=names", NULL};
    g_autoptr(LzPlan) plan = plan_with("", overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    assert_flow(world, "image");
    assert_flow(world, "status");
    assert_flow(world, "copy");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connections/each-flow-its-way", test_each_flow_its_way);
    g_test_add_func("/connections/one-service-fails", test_one_service_fails);
    g_test_add_func("/connections/power", test_power);
    g_test_add_func("/connections/certificate", test_certificate_of_a_further_connection);
    g_test_add_func("/connections/names", test_names);
    return g_test_run();
}
