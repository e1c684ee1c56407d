/* Monitors, a central station and carers' phones in a small world: an alarm is delivered when it is shown to a carer, goes on
 * to others who have not acknowledged it, and waves arrive beside it. */
#include <glib.h>

#include "tests/lib/test_world.h"

/* Each monitor raises one alarm, within the first ten seconds. */
static const char ward[] =
    "lazaret: 1\n"
    "name: alarms\n"
    "run: {seed: 1, duration: 120 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 100 Mbit/s, delay: 1 us, queue: 1 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "services:\n"
    "  central: {kind: central-station, link: rack, fan_out: 1, escalate_after: 20 s, escalations_max: 2}\n"
    "  calls: {kind: sink, link: rack, port: 5004, message: 172 B, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - name: monitor\n"
    "    profile: patient-monitor\n"
    "    count: 6\n"
    "    link: bed\n"
    "    connect: {to: central, client: hl7, backoff_max: 2 s}\n"
    "    connections: {waves: {to: central, client: datagram}}\n"
    "    traffic:\n"
    "      - {flow: wave, publish: wave, connection: waves, behaviour: waveform, sample_rate: 2000 Hz, channels: 1, bits: 16, block: 256 ms}\n"
    "      - {flow: alarm, publish: \"ORU^R40\", behaviour: once, size: 900 B, within: 10 s, deadline: 10 s}\n"
    "  - name: phone\n"
    "    profile: nurse-phone\n"
    "    count: 3\n"
    "    link: bed\n"
    "    connect: {to: calls, client: datagram, tls: {enabled: false}}\n"
    "    connections: {alarms: {to: central, client: alarm-phone, react: 12 s, backoff_max: 2 s}}\n"
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
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_LATENCY, flow, "monitor");
    const LzTime value = lz_histogram_quantile(seen.histogram, quantile_ppb);
    lz_observation_clear(&seen);
    return value;
}

static LzObservation acknowledged(LzWorld *world)
{
    return lz_test_observe(world, LZ_METRIC_SERVICE_ALARM_ACKNOWLEDGED, "central", NULL);
}

static int64_t of_central(LzWorld *world, LzMetric metric)
{
    return part(world, metric, "central", NULL);
}

/* From the monitor over the station to the phone within milliseconds; the carer then takes 12 s. */
static void test_to_the_carer(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", NULL);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "monitor"), ==, 6);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DUPLICATE, "alarm", "monitor"), ==, 0);
    g_assert_cmpint(latency(world, "alarm", 1000000000), <, LZ_MILLISECONDS(30));
    LzObservation seen = acknowledged(world);
    g_assert_cmpuint(seen.samples, ==, 6);
    g_assert_cmpint(seen.min, >=, LZ_SECONDS(12));
    g_assert_cmpint(seen.max, <, LZ_SECONDS(13));
    lz_observation_clear(&seen);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_ESCALATED), ==, 0);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_UNATTENDED), ==, 0);
    LzObservation open = lz_test_observe(world, LZ_METRIC_SERVICE_ALARM_OPEN, "central", NULL);
    g_assert_cmpint(open.max, >=, 2);
    g_assert_cmpint(open.last, ==, 0);
    lz_observation_clear(&open);
}

/* Nobody reacts in time: each of the three phones gets it in turn, then it is counted. */
static void test_escalation(void)
{
    const char *const overrides[] = {"fleet.phone.connections.alarms.heeded=0 %", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_ESCALATED), ==, 2 * 6);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_UNATTENDED), ==, 6);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "monitor"), ==, 6);
}

/* A phone that nobody heeds: what goes there first reaches another carer by the escalation. */
static void test_other_carer(void)
{
    g_autofree char *yaml = g_strdup(ward);
    g_auto(GStrv) halves = g_strsplit(yaml, "live:", 2);
    g_autofree char *with_deaf = g_strconcat(halves[0],
        "  - name: deaf\n"
        "    profile: nurse-phone\n"
        "    count: 4\n"
        "    link: bed\n"
        "    connect: {to: calls, client: datagram, tls: {enabled: false}}\n"
        "    connections: {alarms: {to: central, client: alarm-phone, heeded: 0 %, backoff_max: 2 s}}\n"
        "live:", halves[1], NULL);
    const char *const overrides[] = {"services.central.escalations_max=6", "services.central.escalate_after=13 s", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(with_deaf, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_ESCALATED), >, 0);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_UNATTENDED), ==, 0);
    LzObservation seen = acknowledged(world);
    g_assert_cmpuint(seen.samples, ==, 6);
    g_assert_cmpint(seen.max, >, LZ_SECONDS(25));
    lz_observation_clear(&seen);
}

/* A carer slower than the time-out: the alarm goes on once, and the first acknowledgement ends it. */
static void test_slow_carer(void)
{
    const char *const overrides[] = {"fleet.phone.connections.alarms.react=25 s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_ALARM_ESCALATED), ==, 6);
    LzObservation seen = acknowledged(world);
    g_assert_cmpuint(seen.samples, ==, 6);
    g_assert_cmpint(seen.max, <, LZ_SECONDS(26));
    lz_observation_clear(&seen);
}

/* Two phones at a time: the second copy is a duplicate of the message. */
static void test_fan_out(void)
{
    const char *const overrides[] = {"services.central.fan_out=2", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DUPLICATE, "alarm", "monitor"), ==, 6);
    const char *const more[] = {"services.central.fan_out=20", NULL};
    g_autoptr(LzPlan) all = NULL;
    g_autoptr(LzWorld) everybody = world_of(&all, "", more);
    lz_test_run(everybody);
    g_assert_cmpint(part(everybody, LZ_METRIC_FLOW_DUPLICATE, "alarm", "monitor"), ==, 2 * 6);
}

/* No phone has power when the alarms come: they are shown in the round after. */
static void test_phones_away(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "faults: [{name: dark, kind: power-loss, fleet: phone, at: 0 s, for: 15 s}]\n", NULL);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "monitor"), ==, 6);
    g_assert_cmpint(latency(world, "alarm", 500000000), >, LZ_SECONDS(19));
    g_assert_cmpint(latency(world, "alarm", 1000000000), <, LZ_SECONDS(21));
}

static void test_own_screen(void)
{
    const char *const overrides[] = {"services.central.fan_out=0", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "monitor"), ==, 6);
    LzObservation seen = acknowledged(world);
    g_assert_cmpuint(seen.samples, ==, 0);
    lz_observation_clear(&seen);
}

/* Room for two alarms: the others are told AE, and are taken when a carer has acknowledged one. */
static void test_full(void)
{
    const char *const overrides[] = {"services.central.alarms_max=2", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "alarm", "monitor"), ==, 6);
    g_assert_cmpint(of_central(world, LZ_METRIC_SERVICE_REFUSED), >, 5);
    g_assert_cmpint(latency(world, "alarm", 1000000000), >, LZ_SECONDS(10));
}

static void test_waves(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", NULL);
    lz_test_run(world);
    const int64_t created = part(world, LZ_METRIC_FLOW_CREATED, "wave", "monitor");
    g_assert_cmpint(created, >, 6 * 460);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "wave", "monitor"), >=, created - 6);
    const char *const slow[] = {"services.central.wave_cost=200 ms", "services.central.queue_max=20", NULL};
    g_autoptr(LzPlan) overloaded = NULL;
    g_autoptr(LzWorld) swamped = world_of(&overloaded, "", slow);
    lz_test_run(swamped);
    const int64_t delivered = part(swamped, LZ_METRIC_FLOW_DELIVERED, "wave", "monitor");
    g_assert_cmpint(delivered, <=, 2 * 120 * 5);        /* two cores, five a second */
    g_assert_cmpint(delivered, >, 1100);
    g_assert_cmpint(of_central(swamped, LZ_METRIC_SERVICE_REFUSED), >, 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/alarms/to-the-carer", test_to_the_carer);
    g_test_add_func("/alarms/escalation", test_escalation);
    g_test_add_func("/alarms/other-carer", test_other_carer);
    g_test_add_func("/alarms/slow-carer", test_slow_carer);
    g_test_add_func("/alarms/fan-out", test_fan_out);
    g_test_add_func("/alarms/phones-away", test_phones_away);
    g_test_add_func("/alarms/own-screen", test_own_screen);
    g_test_add_func("/alarms/full", test_full);
    g_test_add_func("/alarms/waves", test_waves);
    return g_test_run();
}
