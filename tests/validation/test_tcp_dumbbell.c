/* N bulk flows through a bottleneck of 100 Mbit/s, 22 ms of round trip and 100 packets of queue: scenarios/bench/dumbbell.yaml
 * against the ceiling that frames set, the sawtooth of RFC 5681, and Jain's index. */
#include <glib.h>

#include "tests/lib/test_world.h"

#define RATE_BPS 100e6
#define MSS 1460.0
#define FRAME_BYTES 1502.0              /* with 40 bytes of headers and 2 of framing */
#define QUEUE_PACKETS 100

typedef struct Outcome {
    double goodput_bps, utilisation, fairness;
    int64_t retransmitted, dropped;     /* after the warm-up */
} Outcome;

static LzPlan *load(const char *const *overrides)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "scenarios", "bench", "dumbbell.yaml", NULL);
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load(path, overrides, diagnostics);
    if (!plan) {
        g_autofree char *text = lz_diagnostics_format(diagnostics);
        g_error("%s", text);
    }
    return plan;
}

static LzObservation observe(LzWorld *world, LzMetric metric, const char *name, const char *fleet)
{
    return lz_recorder_observe(lz_world_probes(world), metric, name, fleet, 0);
}

static Outcome run(unsigned flows, const char *congestion)
{
    g_autofree char *count = g_strdup_printf("fleet.sender.count=%u", flows);
    g_autofree char *control = g_strdup_printf("services.server.tcp.congestion=%s", congestion);
    const char *const overrides[] = {count, control, NULL};
    g_autoptr(LzPlan) plan = load(overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation goodput = observe(world, LZ_METRIC_FLOW_GOODPUT, "block", "sender");
    LzObservation busy = observe(world, LZ_METRIC_LINK_UTILISATION, "bottleneck", NULL);
    LzObservation fairness = observe(world, LZ_METRIC_FLEET_FAIRNESS, "sender", NULL);
    LzObservation dropped = observe(world, LZ_METRIC_LINK_DROPPED, "bottleneck", NULL);
    LzObservation again = observe(world, LZ_METRIC_TCP_RETRANSMITTED, NULL, "sender");
    Outcome outcome = {
        .goodput_bps = 8e9 * (double)goodput.part / (double)goodput.window_ns,
        .utilisation = (double)busy.mean / 1e9,
        .fairness = (double)fairness.last / 1e9,
        .retransmitted = again.part,
        .dropped = dropped.part,
    };
    g_test_message("%u %s: %.2f Mbit/s, %.1f %% busy, fairness %.4f, %" G_GINT64_FORMAT " dropped, %" G_GINT64_FORMAT
                   " sent again", flows, congestion, outcome.goodput_bps / 1e6, 100 * outcome.utilisation, outcome.fairness,
                   outcome.dropped, outcome.retransmitted);
    return outcome;
}

/* The ceiling: the payload's share of a frame. */
static void test_ceiling(const void *data)
{
    const char *congestion = data;
    static const unsigned flows[] = {10, 100};
    for (unsigned i = 0; i < G_N_ELEMENTS(flows); i++) {
        Outcome outcome = run(flows[i], congestion);
        g_assert_cmpfloat(outcome.goodput_bps, >=, 0.99 * RATE_BPS * MSS / FRAME_BYTES);
        g_assert_cmpfloat(outcome.goodput_bps, <=, 1.01 * RATE_BPS * MSS / FRAME_BYTES);
    }
}

/* Jain, Chiu and Hawe 1984: (sum x)^2 / (n sum x^2). */
static void test_fairness(void)
{
    g_assert_cmpfloat(run(10, "newreno").fairness, >=, 0.95);
    g_assert_cmpfloat(run(10, "cubic").fairness, >=, 0.5);      /* reported, not demanded */
}

/* One flow, one segment per round trip, from half of what the pipe and the queue hold to all of it: below the pipe's
 * bandwidth-delay product a round takes the bare round trip and brings the window, above it the bottleneck is busy. */
static double sawtooth_bps(void)
{
    const double packet_s = FRAME_BYTES * 8 / RATE_BPS;
    const double rtt_s = 0.022 + packet_s + 2 * packet_s / 10 + 3 * 42 * 8 / 1e9;
    const double pipe = rtt_s / packet_s, top = pipe + QUEUE_PACKETS;
    double packets = 0, time_s = 0;
    for (unsigned step = 0; top / 2 + step < top; step++) {
        double window = top / 2 + step;
        packets += window;
        time_s += window < pipe ? rtt_s : window * packet_s;
    }
    return packets * MSS * 8 / time_s;
}

static void test_single_flow(void)
{
    Outcome outcome = run(1, "newreno");
    double expected_bps = sawtooth_bps();
    g_test_message("sawtooth %.2f Mbit/s", expected_bps / 1e6);
    g_assert_cmpfloat(outcome.goodput_bps, >=, 0.97 * expected_bps);
    g_assert_cmpfloat(outcome.goodput_bps, <=, 1.03 * expected_bps);
}

/* What was lost is sent again, once. */
static void test_retransmissions(void)
{
    static const unsigned flows[] = {2, 10};
    for (unsigned i = 0; i < G_N_ELEMENTS(flows); i++) {
        Outcome outcome = run(flows[i], "newreno");
        g_assert_cmpint(outcome.dropped, >, 10);
        g_assert_cmpfloat((double)outcome.retransmitted, >=, 0.95 * (double)outcome.dropped);
        g_assert_cmpfloat((double)outcome.retransmitted, <=, 1.05 * (double)outcome.dropped);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/tcp-dumbbell/ceiling/newreno", "newreno", test_ceiling);
    g_test_add_data_func("/tcp-dumbbell/ceiling/cubic", "cubic", test_ceiling);
    g_test_add_func("/tcp-dumbbell/fairness", test_fairness);
    g_test_add_func("/tcp-dumbbell/single-flow", test_single_flow);
    g_test_add_func("/tcp-dumbbell/retransmissions", test_retransmissions);
    return g_test_run();
}
