/* Every kind of fault in a whole world: what it does to the ward, when it does it, and what is recorded of it. */
#include <glib.h>
#include <string.h>

#include "sim/scenario/windows.h"
#include "tests/lib/test_world.h"

/* The ward, its pumps telling their status five times a second. */
static LzPlan *plan_with(const char *faults)
{
    static const char *const overrides[] = {
        "fleet.pump.traffic=[{flow: status, publish: a, behaviour: periodic, size: 180 B, every: 200 ms}]",
        "fleet.pump.connect.keepalive=1 s", NULL};
    g_autofree char *yaml = g_strdup_printf("%sfaults:\n%s", lz_test_ward, faults);
    return lz_test_plan_with(yaml, overrides);
}

static bool all_connected(LzWorld *world)
{
    return lz_world_connected(world) == lz_world_device_count(world);
}

static const LzLinkStats *bedside(LzWorld *world)
{
    return lz_link_stats(lz_world_link(world, "bedside"), LZ_UP);
}

/* ---- kinds ---- */

static void test_loss_burst(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: some, kind: loss-burst, link: bedside, loss: 50 %, at: 20 s, for: 20 s}\n"
                                       "  - {name: more, kind: loss-burst, link: bedside, loss: 50 %, at: 30 s, for: 10 s}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(20) - 1);
    g_assert_cmpuint(bedside(world)->dropped_packets[LZ_DROP_LINK_LOSS], ==, 0);
    uint64_t before = bedside(world)->offered_packets;
    lz_world_run_until(world, LZ_SECONDS(40));
    uint64_t lost = bedside(world)->dropped_packets[LZ_DROP_LINK_LOSS], offered = bedside(world)->offered_packets - before;
    g_test_message("%u of %u packets lost", (unsigned)lost, (unsigned)offered);
    g_assert_cmpuint(offered, >, 20);
    g_assert_cmpuint(3 * lost, >, offered);
    g_assert_cmpuint(lost, <, offered);
    lz_test_run(world);
    g_assert_cmpuint(bedside(world)->dropped_packets[LZ_DROP_LINK_LOSS], ==, lost);
}

/* A round trip of the ward takes so much longer, and only while the fault lasts. */
static void test_delay_step(void)
{
    static const char faults[] = "  - {name: detour, kind: delay-step, link: bedside, delay: 200 ms, at: 20 s, for: 20 s}\n"
                                 "  - {name: more, kind: delay-step, link: bedside, delay: 100 ms, at: 20 s, for: 20 s}\n"
                                 "expect:\n"
                                 "  - {name: before, metric: flow.status.latency, stat: max, max: 60 ms, during: 10 s..20 s}\n"
                                 "  - {name: slow, metric: flow.status.latency, stat: min, min: 300 ms, during: 21 s..40 s}\n"
                                 "  - {name: after, metric: flow.status.latency, stat: max, max: 60 ms, during: 41 s..60 s}\n";
    g_autoptr(LzPlan) plan = plan_with(faults);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    static const struct {
        const char *window;
        LzTime min_ns, max_ns;
    } cases[] = {{"10 s..20 s", 0, LZ_MILLISECONDS(299)},
                 {"21 s..40 s", LZ_MILLISECONDS(300), LZ_MILLISECONDS(700)},
                 {"41 s..60 s", 0, LZ_MILLISECONDS(299)}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned window = 0;
        while (strcmp(plan->windows[window].name, cases[i].window) != 0) {
            window++;
        }
        LzObservation seen = lz_recorder_observe(lz_world_probes(world), LZ_METRIC_FLOW_LATENCY, "status", NULL, window);
        g_test_message("%s: %u messages, %.1f to %.1f ms", cases[i].window, (unsigned)seen.samples, (double)seen.min / 1e6,
                       (double)seen.max / 1e6);
        g_assert_cmpuint(seen.samples, >, 0);
        g_assert_cmpint(seen.min, >=, cases[i].min_ns);
        g_assert_cmpint(seen.max, <=, cases[i].max_ns);
        lz_observation_clear(&seen);
    }
}

/* What a delayed link holds when it goes down is lost, and accounted for. */
static void test_link_down_while_delayed(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: detour, kind: delay-step, link: bedside, delay: 700 ms, at: 20 s, for: 20 s}\n"
                                       "  - {name: cut, kind: link-down, link: bedside, at: 25 s, for: 10 ms}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(25) - 1);
    g_assert_cmpuint(bedside(world)->in_flight_packets, >=, 4);
    lz_world_run_until(world, LZ_SECONDS(25));
    g_assert_cmpuint(bedside(world)->in_flight_packets, ==, 0);
    g_assert_cmpuint(bedside(world)->dropped_packets[LZ_DROP_LINK_DOWN], >=, 4);
    lz_test_run(world);
}

/* A device whose clock is wrong by more than a certificate's life refuses its broker; set right, it connects. */
static void test_clock_skew(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: clock, kind: clock-skew, fleet: pump, skew: 500 d, at: 10 s, for: 20 s}\n"
                                       "  - {name: cut, kind: service-down, service: broker, at: 12 s, for: 1 s}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(10)));
    lz_world_run_until(world, LZ_SECONDS(11));
    g_assert_true(all_connected(world));        /* a session that stands does not look at the clock */
    lz_world_run_until(world, LZ_SECONDS(30) - 1);
    g_assert_cmpuint(lz_world_connected(world), ==, 0);
    const LzHostStats *pump = lz_host_stats(lz_world_host(world, "pump[1]"));
    g_assert_nonnull(pump->refused_by_alert);
    g_assert_cmpuint(pump->refused_by_alert[45], >, 0);         /* certificate_expired, RFC 8446 section 6.2 */
    lz_world_run_until(world, LZ_SECONDS(31));
    g_assert_cmpint(lz_host_clock_skew(lz_world_host(world, "pump[1]")), ==, 0);
    lz_test_run(world);
    g_assert_true(all_connected(world));
}

static bool is_on(LzWorld *world, const char *name)
{
    return lz_host_is_on(lz_world_host(world, name));
}

/* Power fails in the whole zone: switch and devices; the devices come back one by one, as they boot. */
static void test_ward_without_power(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: dark, kind: power-loss, zone: ward, at: 20 s, for: 5 s, "
                                       "boot: {dist: uniform, min: 2 s, max: 6 s}}\n"
                                       "  - {name: longer, kind: power-loss, fleet: pump, at: 21 s, for: 8 s, boot: 1 s}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(20));
    g_assert_cmpuint(lz_world_connected(world), ==, 0);
    g_assert_false(is_on(world, "pump[1]"));
    g_assert_true(is_on(world, "broker"));
    lz_world_run_until(world, LZ_MILLISECONDS(29999));
    g_assert_false(is_on(world, "pump[1]"));    /* the second fault ended at 29 s and the pump still boots */
    lz_world_run_until(world, LZ_SECONDS(30));
    g_assert_true(is_on(world, "pump[1]"));
    lz_test_run(world);
    g_assert_true(all_connected(world));
}

/* Devices draw their boot times each for itself. */
static void test_boot_is_drawn_per_device(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: dark, kind: power-loss, fleet: pump, at: 20 s, for: 5 s, "
                                       "boot: {dist: uniform, min: 0 s, max: 20 s}}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    LzTime on_ns[2] = {0};
    lz_world_run_until(world, LZ_SECONDS(25));
    while (lz_world_step(world)) {
        for (unsigned i = 0; i < G_N_ELEMENTS(on_ns); i++) {
            on_ns[i] = !on_ns[i] && is_on(world, i == 0 ? "pump[1]" : "pump[2]") ? lz_world_now(world) : on_ns[i];
        }
    }
    g_test_message("on at %.3f s and %.3f s", (double)on_ns[0] / 1e9, (double)on_ns[1] / 1e9);
    g_assert_cmpint(on_ns[0], >=, LZ_SECONDS(25));
    g_assert_cmpint(on_ns[1], >=, LZ_SECONDS(25));
    g_assert_cmpint(on_ns[0], !=, on_ns[1]);
}

/* ---- when ---- */

static void test_flapping(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: flap, kind: link-down, link: bedside, at: 20 s, for: 10 s, "
                                       "flap: {down: 1 s, up: 2 s}}\n");
    g_autoptr(LzWorld) world = lz_test_world(plan);
    LzLink *link = lz_world_link(world, "bedside");
    for (unsigned second = 0; second < 40; second++) {
        lz_world_run_until(world, LZ_SECONDS(second) + LZ_MILLISECONDS(500));
        bool is_within = second >= 20 && second < 30;
        g_assert_cmpint(lz_link_is_up(link), ==, !is_within || (second - 20) % 3 != 0);
        g_assert_cmpstr(lz_world_event(world), ==, is_within ? "flap" : NULL);
    }
    lz_test_run(world);
    unsigned starts = 0, stops = 0, changes = 0;
    size_t count;
    const LzTraceRow *rows = lz_recorder_traces(lz_world_probes(world), &count);
    for (const LzTraceRow *row = rows; row < rows + count; row++) {
        if (row->kind == LZ_TRACE_FAULT) {
            starts += row->code == 1;
            stops += row->code == 0;
            changes += row->code >= 2;
        }
    }
    g_assert_cmpuint(starts, ==, 1);
    g_assert_cmpuint(stops, ==, 1);
    g_assert_cmpuint(changes, ==, 6);           /* up at 21, 24, 27; down again at 23, 26, 29 */
}

/* Times drawn from a distribution differ between repetitions, and are the same whenever one is run. */
static void test_drawn_times(void)
{
    g_autoptr(LzPlan) plan = plan_with("  - {name: cut, kind: link-down, link: bedside, "
                                       "at: {dist: uniform, min: 10 s, max: 30 s}, for: {dist: exponential, mean: 5 s}}\n");
    const LzFaultPlan *fault = plan->faults.items;
    LzTime from_ns[2], to_ns[2];
    for (unsigned repetition = 0; repetition < 2; repetition++) {
        lz_fault_span(fault, (uint64_t)plan->run.seed + repetition, &from_ns[repetition], &to_ns[repetition]);
        g_assert_cmpint(from_ns[repetition], >=, LZ_SECONDS(10));
        g_assert_cmpint(from_ns[repetition], <=, LZ_SECONDS(30));
        g_autoptr(GError) error = NULL;
        g_autoptr(LzWorld) world = lz_world_new(plan, repetition, NULL, &error);
        g_assert_no_error(error);
        LzLink *link = lz_world_link(world, "bedside");
        lz_world_run_until(world, from_ns[repetition] - 1);
        g_assert_true(lz_link_is_up(link));
        lz_world_run_until(world, from_ns[repetition]);
        g_assert_false(lz_link_is_up(link));
        lz_world_run_until(world, to_ns[repetition]);
        g_assert_true(lz_link_is_up(link) || to_ns[repetition] > plan->run.duration_ns);
        g_autofree LzWindowPlan *windows = lz_windows_of(plan, (uint64_t)plan->run.seed + repetition);
        g_assert_cmpstr(windows[2].name, ==, "cut");
        g_assert_cmpint(windows[2].from_ns, ==, from_ns[repetition]);
        g_assert_cmpint(windows[4].from_ns, ==, MIN(to_ns[repetition], plan->run.duration_ns));
    }
    g_assert_cmpint(from_ns[0], !=, from_ns[1]);
    g_assert_cmpint(plan->windows[2].from_ns, ==, from_ns[0]);
}

/* The mean of an exponentially distributed fault, over 20,000 seeds: within 4 sigma. */
static void test_drawn_durations_have_their_mean(void)
{
    LzFaultPlan fault = {.name = {.text = "cut"}, .duration = {LZ_DIST_EXPONENTIAL, LZ_SECONDS(5), 0}};
    enum { SEEDS = 20000 };
    double sum_s = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        LzTime from_ns, to_ns;
        lz_fault_span(&fault, seed, &from_ns, &to_ns);
        g_assert_cmpint(from_ns, ==, 0);
        sum_s += (double)(to_ns - from_ns) / 1e9;
    }
    g_assert_cmpfloat_with_epsilon(sum_s / SEEDS, 5.0, 4 * 5.0 / 141.4);
}

/* ---- messages without anybody who sends them again ---- */

static const char waves[] =
    "lazaret: 1\n"
    "name: waves\n"
    "run: {seed: 1, duration: 60 s}\n"
    "network:\n"
    "  zones: [ward, {name: core, router: true}]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 10 Mbit/s, loss: 5 %}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 300 kbit/s, queue: {model: codel, limit: 3 kB}}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "segments: {beds: {members: [monitor, stranger]}}\n"
    "services: {central: {kind: sink, link: rack, tls: {enabled: false}}}\n"
    "fleet:\n"
    "  - &monitor {name: monitor, profile: patient-monitor, count: 4, link: bed,\n"
    "     connect: {to: central, client: datagram, start: {spread: 1 s}, tls: {enabled: false}}}\n"
    "  - {<<: *monitor, name: stranger, count: 1}\n"
    "defences:\n"
    "  - {name: fw, kind: firewall, where: core, rules: [{name: known, from: monitor}]}\n"
    "faults:\n"
    "  - {name: off, kind: switch-off, zone: core, at: 10 s, for: 5 s}\n"
    "  - {name: cut, kind: link-down, link: rack, at: 20 s, for: 5 s}\n"
    "  - {name: deaf, kind: service-down, service: central, at: 30 s, for: 5 s}\n"
    "  - {name: noise, kind: loss-burst, link: backbone, loss: 30 %, at: 40 s, for: 5 s}\n"
    "live: {bind: off}\n";

/* A datagram that a queue, a link, a switch, a firewall or a deaf host drops is lost, with a cause; what is neither lost
 * nor delivered is on its way. */
static void test_every_datagram_is_accounted_for(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(waves);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    static const char *const fleets[] = {"monitor", "stranger"};
    for (unsigned i = 0; i < G_N_ELEMENTS(fleets); i++) {
        LzScope flow = lz_probe_scope(lz_world_probes(world), LZ_SCOPE_FLOW, "wave", fleets[i]);
        const LzFlowAccount account = lz_recorder_flow_account(lz_world_probes(world), flow);
        g_test_message("%s: %u created, %u delivered, %u lost", fleets[i], (unsigned)account.created, (unsigned)account.delivered,
                       (unsigned)account.lost[LZ_LOSS_NETWORK]);
        g_assert_cmpuint(account.created, >, 200);
        g_assert_cmpuint(account.lost[LZ_LOSS_NETWORK], >, account.created / 4);
        g_assert_cmpuint(account.in_flight, <=, 4);
        g_assert_cmpuint(account.delivered > 0, ==, i == 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/faults/loss-burst", test_loss_burst);
    g_test_add_func("/faults/delay-step", test_delay_step);
    g_test_add_func("/faults/link-down-while-delayed", test_link_down_while_delayed);
    g_test_add_func("/faults/clock-skew", test_clock_skew);
    g_test_add_func("/faults/ward-without-power", test_ward_without_power);
    g_test_add_func("/faults/boot-is-drawn-per-device", test_boot_is_drawn_per_device);
    g_test_add_func("/faults/flapping", test_flapping);
    g_test_add_func("/faults/drawn-times", test_drawn_times);
    g_test_add_func("/faults/drawn-durations-have-their-mean", test_drawn_durations_have_their_mean);
    g_test_add_func("/faults/every-datagram-is-accounted-for", test_every_datagram_is_accounted_for);
    return g_test_run();
}
