/* scenarios/bench/handshake-shape.yaml against closed forms: what flights of known sizes take without loss, to the
 * nanosecond, and with loss on average (Cardwell, Savage and Anderson, INFOCOM 2000). */
#include <glib.h>
#include <math.h>

#include "tests/lib/test_world.h"

#define RTO_INITIAL_MS 1000.0
#define RTO_AFTER_SYN_MS 3000.0         /* RFC 6298 5.7 */
#define RTO_MIN_MS 200.0
#define SYN_TRIES 7
/* What 3,736 bytes take at 100 Mbit/s: 48 of each SYN, 40 of the two bare ACKs and of six segments, 3,300 of payload, and 2
 * of framing each. The others overlap with something. */
#define WIRE_NS 298880

typedef struct Moments {
    unsigned count;
    double sum, squares;
} Moments;

static void add(Moments *moments, double value)
{
    moments->count++;
    moments->sum += value;
    moments->squares += value * value;
}

static double mean(const Moments *moments)
{
    return moments->sum / moments->count;
}

static double standard_error(const Moments *moments)
{
    double average = mean(moments);
    return sqrt((moments->squares / moments->count - average * average) / moments->count);
}

static LzPlan *load(unsigned delay_ms, unsigned loss_percent, unsigned seed)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "scenarios", "bench", "handshake-shape.yaml", NULL);
    g_autofree char *delay = g_strdup_printf("network.links.access.delay=%u ms", delay_ms);
    g_autofree char *loss = g_strdup_printf("network.links.access.loss=%u %%", loss_percent);
    g_autofree char *run_seed = g_strdup_printf("run.seed=%u", seed);
    const char *const overrides[] = {delay, loss, run_seed, NULL};
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load(path, overrides, diagnostics);
    if (!plan) {
        g_autofree char *text = lz_diagnostics_format(diagnostics);
        g_error("%s", text);
    }
    return plan;
}

static const unsigned delays_ms[] = {1, 10, 50};

static void test_without_loss(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(delays_ms); i++) {
        g_autoptr(LzPlan) plan = load(delays_ms[i], 0, 1);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_test_run(world);
        size_t count;
        const LzExchangeRow *rows = lz_recorder_exchanges(lz_world_probes(world), &count);
        g_assert_cmpuint(count, ==, 2000);
        const LzTime delay_ns = LZ_MILLISECONDS(delays_ms[i]);
        for (size_t row = 0; row < count; row++) {
            const LzExchangeTimes *times = &rows[row].times;
            g_assert_cmpstr(rows[row].outcome, ==, "completed");
            g_assert_cmpint(times->connected_ns - times->started_ns, ==, 2 * delay_ns + 8000);
            g_assert_cmpint(times->completed_ns - times->started_ns, ==, 6 * delay_ns + WIRE_NS);
        }
    }
}

/* How long opening takes on average beyond a round trip, and how often each side sent its SYN more than once. Tries of the
 * client are 1, 2, 4 ... s apart. Once a SYN has come through, the server's own time-out falls together with the client's:
 * then the try fails only when that SYN-ACK is lost, and the client's SYN or the answer to it too. */
typedef struct Opening {
    double extra_ms, client_again, server_again;
} Opening;

static Opening expect_opening(double loss)
{
    const double either = 1 - (1 - loss) * (1 - loss);
    double unheard = 1, half_open = 0;
    Opening opening = {.client_again = either};
    for (unsigned try = 0; try < SYN_TRIES; try++) {
        double opened_fresh = unheard * (1 - either), opened_again = half_open * (1 - loss * either);
        opening.extra_ms += (opened_fresh + opened_again) * RTO_INITIAL_MS * ((1u << try) - 1);
        opening.server_again += opened_again;
        half_open = half_open - opened_again + unheard * (1 - loss) * loss;
        unheard *= loss;
    }
    return opening;
}

/* models of a flight that only a time-out repairs: f / (1 - 2 f) RTO, f: that one of its packets is lost. */
static double expect_flight(double loss, unsigned packets, double rto_ms, double after_syn)
{
    double lost = 1 - pow(1 - loss, packets);
    return lost / (1 - 2 * lost) * ((1 - after_syn) * rto_ms + after_syn * RTO_AFTER_SYN_MS);
}

static double expect_completion_ms(double delay_ms, double loss)
{
    const double rto_ms = 2 * delay_ms + RTO_MIN_MS;
    const Opening opening = expect_opening(loss);
    return 6 * delay_ms + WIRE_NS / 1e6 + opening.extra_ms + expect_flight(loss, 1, rto_ms, opening.client_again) +
           expect_flight(loss, 2, rto_ms, opening.server_again) + expect_flight(loss, 2, rto_ms, 0) +
           expect_flight(loss, 1, rto_ms, 0);
}

static Moments complete_runs(unsigned delay_ms, unsigned loss_percent, unsigned runs)
{
    Moments moments = {0};
    for (unsigned seed = 1; seed <= runs; seed++) {
        g_autoptr(LzPlan) plan = load(delay_ms, loss_percent, seed);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_test_run(world);
        size_t count;
        const LzExchangeRow *rows = lz_recorder_exchanges(lz_world_probes(world), &count);
        for (size_t row = 0; row < count; row++) {
            g_assert_cmpstr(rows[row].outcome, ==, "completed");
            add(&moments, (double)(rows[row].times.completed_ns - rows[row].times.started_ns) / 1e6);
        }
    }
    return moments;
}

/* 2,000 connections: within four standard errors of the closed form. */
static void test_with_loss(void)
{
    static const unsigned losses[] = {1, 5};
    for (unsigned i = 0; i < G_N_ELEMENTS(delays_ms) * G_N_ELEMENTS(losses); i++) {
        unsigned delay_ms = delays_ms[i / 2], loss_percent = losses[i % 2];
        Moments seen = complete_runs(delay_ms, loss_percent, 1);
        double expected_ms = expect_completion_ms(delay_ms, loss_percent / 100.0);
        g_test_message("%u ms, %u %%: %.2f ms +- %.2f, expected %.2f", delay_ms, loss_percent, mean(&seen),
                       standard_error(&seen), expected_ms);
        g_assert_cmpuint(seen.count, ==, 2000);
        g_assert_cmpfloat(fabs(mean(&seen) - expected_ms), <=, 4 * standard_error(&seen));
    }
}

/* 20,000 connections: within 5 %. */
static void test_many_with_loss(void)
{
    Moments seen = complete_runs(10, 5, 10);
    double expected_ms = expect_completion_ms(10, 0.05);
    g_test_message("%.2f ms +- %.2f, expected %.2f", mean(&seen), standard_error(&seen), expected_ms);
    g_assert_cmpfloat(fabs(mean(&seen) / expected_ms - 1), <=, 0.05);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/handshake-shape/without-loss", test_without_loss);
    g_test_add_func("/handshake-shape/with-loss", test_with_loss);
    g_test_add_func("/handshake-shape/many-with-loss", test_many_with_loss);
    return g_test_run();
}
