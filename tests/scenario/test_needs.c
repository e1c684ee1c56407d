/* Devices that need DHCP, NTP and DNS before they connect: what they exchange, and what an outage does. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: needs\n"
    "run: {seed: 1, duration: 120 s}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 ms}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, link: rack}\n"
    "  names: {kind: dns, link: rack, ttl: 20 s}\n"
    "  leases: {kind: dhcp, link: rack, lease: 40 s}\n"
    "  clock: {kind: ntp, link: rack}\n"
    "fleet:\n"
    "  - {name: pump, profile: infusion-pump, count: 3, link: bed, dns: names, dhcp: leases, ntp: clock,\n"
    "     clock_error: 700 d, cpu: x86-server, connect: {to: broker, keepalive: 2 s, backoff_max: 2 s}}\n"
    "live: {bind: off}\n";

static LzPlan *plan_with(const char *more, const char *const *overrides)
{
    g_autofree char *yaml = g_strconcat(ward, more, NULL);
    return lz_test_plan_with(yaml, overrides);
}

static bool all_connected(LzWorld *world)
{
    return lz_world_connected(world) == lz_world_device_count(world);
}

static int64_t asked(LzWorld *world, const char *service)
{
    lz_recorder_settle(lz_world_probes(world));
    LzObservation seen = lz_test_observe(world, LZ_METRIC_SERVICE_MESSAGES, service, NULL);
    int64_t part = seen.part;
    lz_observation_clear(&seen);
    return part;
}

/* Each device: DISCOVER and REQUEST, one NTP exchange (then one a minute), one question. */
static void test_what_a_start_takes(void)
{
    g_autoptr(LzPlan) plan = plan_with("", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(1)));
    g_assert_cmpint(asked(world, "leases"), ==, 6);
    g_assert_cmpint(asked(world, "clock"), ==, 3);
    g_assert_cmpint(asked(world, "names"), ==, 3);
    lz_test_run(world);
    g_assert_cmpint(asked(world, "clock"), ==, 6);
    g_assert_cmpint(asked(world, "leases"), ==, 6 + 3 * 5);     /* renewed at half of 40 s: 20, 40, 60, 80, 100 s */
    g_assert_true(all_connected(world));
}

/* A clock that is 700 days ahead refuses every certificate, until NTP sets it; both ways take as long, so it is right. */
static void test_ntp_sets_the_clock(void)
{
    const char *const without[] = {"fleet.pump={name: pump, profile: infusion-pump, count: 3, link: bed, clock_error: 700 d, "
                                   "cpu: x86-server, connect: {to: broker}}", NULL};
    g_autoptr(LzPlan) wrong = plan_with("", without);
    g_autoptr(LzWorld) lost = lz_test_world(wrong);
    lz_test_run(lost);
    g_assert_cmpuint(lz_world_connected(lost), ==, 0);
    g_assert_cmpint(lz_host_clock_skew(lz_world_host(lost, "pump[1]")), ==, 700 * LZ_SECONDS(86400));
    g_autoptr(LzPlan) plan = plan_with("", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpint(llabs(lz_host_clock_skew(lz_world_host(world, "pump[1]"))), <, LZ_MILLISECONDS(1));
}

/* A skewed clock is put right at the next poll, 64 s later at most. */
static void test_ntp_corrects_a_skew(void)
{
    g_autoptr(LzPlan) plan = plan_with("faults: [{name: jump, kind: clock-skew, fleet: pump, skew: 1 h, at: 10 s, for: 100 s}]\n", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(60));
    g_assert_cmpint(lz_host_clock_skew(lz_world_host(world, "pump[1]")), >, LZ_SECONDS(3599));
    lz_world_run_until(world, LZ_SECONDS(75));
    g_assert_cmpint(llabs(lz_host_clock_skew(lz_world_host(world, "pump[1]"))), <, LZ_MILLISECONDS(1));
    lz_test_run(world);
}

static void test_nothing_starts_without(void)
{
    static const char *const services[] = {"names", "leases", "clock"};
    for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
        g_autofree char *fault = g_strdup_printf("faults: [{name: out, kind: service-down, service: %s, at: 0 s, for: 30 s}]\n", services[i]);
        g_autoptr(LzPlan) plan = plan_with(fault, NULL);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_world_run_until(world, LZ_SECONDS(30));
        g_assert_cmpuint(lz_world_connected(world), ==, 0);
        lz_test_run(world);
        g_test_message("%s", services[i]);
        g_assert_true(all_connected(world));
    }
}

/* The broker restarts while names cannot be asked for: devices still know its address, until the answer is too old. */
static void test_answers_are_kept(void)
{
    static const struct { const char *ttl; bool is_connected; } cases[] = {{"1 min", true}, {"20 s", false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ttl = g_strdup_printf("services.names.ttl=%s", cases[i].ttl);
        const char *const overrides[] = {ttl, NULL};
        g_autoptr(LzPlan) plan = plan_with("faults:\n"
                                           "  - {name: silent, kind: service-down, service: names, at: 5 s, for: 60 s}\n"
                                           "  - {name: crash, kind: service-down, service: broker, at: 30 s, for: 3 s}\n", overrides);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_world_run_until(world, LZ_SECONDS(29));
        g_assert_true(all_connected(world));
        lz_world_run_until(world, LZ_SECONDS(55));
        g_assert_cmpint(all_connected(world), ==, cases[i].is_connected);
        lz_test_run(world);
        g_assert_true(all_connected(world));
    }
}

/* Without renewal a lease of 40 s ends 40 s after it was given or renewed, and with it every connection. */
static void test_lease_ends(void)
{
    g_autoptr(LzPlan) plan = plan_with("faults: [{name: silent, kind: service-down, service: leases, at: 25 s, for: 60 s}]\n", NULL);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(60));
    g_assert_true(all_connected(world));                /* renewed at 20 s: good until 60 s */
    lz_world_run_until(world, LZ_SECONDS(61));
    g_assert_cmpuint(lz_world_connected(world), ==, 0);
    lz_world_run_until(world, LZ_SECONDS(85));
    g_assert_cmpuint(lz_world_connected(world), ==, 0);
    lz_test_run(world);
    g_assert_true(all_connected(world));
}

/* ---- what Wireshark says ---- */

static char *output_of(const char *const *argv)
{
    char *out = NULL;
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return g_strchomp(out);
}

static void assert_shown(const char *capture, const char *filter, const char *field, const char *expected)
{
    const char *const argv[] = {"tshark", "-n", "-r", capture, "-Y", filter, "-T", "fields", "-e", field, NULL};
    g_autofree char *shown = output_of(argv);
    g_test_message("%s: %s", filter, shown);
    g_assert_cmpstr(shown, ==, expected);
}

static void test_wireshark(void)
{
    g_autofree char *tshark = g_find_program_in_path("tshark");
    if (!tshark) {
        g_test_skip("no tshark");
        return;
    }
    g_autofree char *folder = g_dir_make_tmp("lazaret-XXXXXX", NULL);
    g_autofree char *scenario = g_build_filename(folder, "needs.yaml", NULL), *results = g_build_filename(folder, "out", NULL);
    g_autofree char *capture = g_build_filename(results, "capture.pcapng", NULL);
    g_autofree char *yaml = g_strconcat(ward, "record: {pcapng: {device: \"pump[1]\"}}\n", NULL);
    g_assert_true(g_file_set_contents(scenario, yaml, -1, NULL));
    const char *const run[] = {g_getenv("LAZARET"), "run", scenario, "--until", "10 s", "--quiet", "--check", "--no-plots", "-o", results, NULL};
    g_free(output_of(run));
    assert_shown(capture, "_ws.malformed || _ws.expert.severity >= 8388608", "frame.number", "");
    assert_shown(capture, "dhcp", "dhcp.option.dhcp", "1\n2\n3\n5");
    assert_shown(capture, "dhcp.option.dhcp == 5", "dhcp.option.ip_address_lease_time", "40");
    assert_shown(capture, "dns.flags.response == 0", "dns.qry.name", "broker");
    assert_shown(capture, "dns.flags.response == 1", "dns.resp.ttl", "20");
    assert_shown(capture, "ntp", "ntp.flags.mode", "3\n4");
    assert_shown(capture, "ntp.flags.mode == 4", "ntp.stratum", "1");
    const char *const remove[] = {"rm", "-r", folder, NULL};
    g_free(output_of(remove));
}

/* Who sends datagrams connects to nobody, and still has no address, no name and no time before it is told; a lease that runs
 * out silences it. */
static void test_datagrams_wait_too(void)
{
    static const char *const services[] = {"names", "leases", "clock"};
    static const char *const overrides[] = {"services.broker={kind: sink, link: rack, tls: {enabled: false}}",
                                            "fleet.pump.connect={to: broker, client: datagram, tls: {enabled: false}}", NULL};
    for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
        g_autofree char *fault = g_strdup_printf("faults: [{name: out, kind: service-down, service: %s, at: 0 s, for: 30 s},\n"
                                                 "  {name: expire, kind: service-down, service: leases, at: 70 s, for: 45 s}]\n",
                                                 services[i]);
        g_autoptr(LzPlan) plan = plan_with(fault, overrides);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        g_test_message("%s", services[i]);
        lz_world_run_until(world, LZ_SECONDS(30));
        g_assert_cmpuint(lz_world_connected(world), ==, 0);
        g_assert_cmpint(asked(world, "broker"), ==, 0);
        LzObservation connected = lz_test_observe(world, LZ_METRIC_FLEET_CONNECTED, "pump", "pump");
        g_assert_cmpuint(connected.samples, ==, 1);             /* nobody, and that is known */
        g_assert_cmpint(connected.max, ==, 0);
        lz_observation_clear(&connected);
        lz_world_run_until(world, LZ_SECONDS(69));        /* DISCOVERs after 4, 8, 16, 32 s, a second more or less */
        g_assert_true(all_connected(world));
        lz_world_run_until(world, LZ_SECONDS(114));         /* 40 s after the last renewal */
        g_assert_cmpuint(lz_world_connected(world), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/needs/what-a-start-takes", test_what_a_start_takes);
    g_test_add_func("/needs/ntp-sets-the-clock", test_ntp_sets_the_clock);
    g_test_add_func("/needs/ntp-corrects-a-skew", test_ntp_corrects_a_skew);
    g_test_add_func("/needs/nothing-starts-without", test_nothing_starts_without);
    g_test_add_func("/needs/answers-are-kept", test_answers_are_kept);
    g_test_add_func("/needs/lease-ends", test_lease_ends);
    g_test_add_func("/needs/wireshark", test_wireshark);
    g_test_add_func("/needs/datagrams-wait-too", test_datagrams_wait_too);
    return g_test_run();
}
