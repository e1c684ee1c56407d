/* Validation of Wi-Fi's medium access against Bianchi's closed form (cases 17 to 20): the solver against its published
 * digits, then saturated stations on the medium itself, with Bianchi's FHSS times. */
#include <glib.h>

#include "lazaret/wifi_medium.h"
#include "sim/core/scheduler.h"
#include "tests/lib/bianchi.h"

enum { STATIONS_MAX = 50 };

static void assert_within(double actual, double expected, double tolerance)
{
    g_assert_cmpfloat_with_epsilon(actual, expected, expected * tolerance);
}

/* ---- case 17: the solver ---------------------------------------------------------------------------------- */

static void test_solver(void)
{
    static const struct {
        unsigned stations, window, stages;
        double tau, p;
    } rows[] = {
        {2, 16, 6, .10462, .1046},  {5, 16, 6, .07615, .2715},  {10, 16, 6, .05248, .3844}, {20, 16, 6, .03392, .4809},
        {50, 16, 6, .01829, .5953}, {100, 16, 6, .01138, .6778}, {10, 32, 5, .03731, .2898}, {50, 32, 5, .01539, .5324},
        {10, 32, 3, .03869, .2989}, {50, 32, 3, .01900, .6094}, {10, 128, 3, .01352, .1153}, {50, 128, 3, .00879, .3511},
        {5, 8, 1, .1548, .4897},    {5, 4, 1, .2570, .6953},    {10, 4, 1, .2318, .9069},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Bianchi point = bianchi_solve(rows[i].stations, rows[i].window, rows[i].stages);
        g_assert_cmpfloat_with_epsilon(point.tau, rows[i].tau, 1e-4);
        g_assert_cmpfloat_with_epsilon(point.p, rows[i].p, 1e-4);
    }
}

/* Bianchi's own figures, from his parameters: table of section V, normalised throughput at 1 Mbit/s. */
static void test_published_throughput(void)
{
    static const struct {
        unsigned stations, window, stages;
        double basic, rts;
    } rows[] = {
        {5, 32, 3, .8097, .8342},  {10, 32, 3, .7532, .8371},  {20, 32, 3, .6788, .8356},  {50, 32, 3, .5529, .8270},
        {5, 32, 5, .8102, .8342},  {10, 32, 5, .7579, .8370},  {50, 32, 5, .6109, .8317},
        {5, 128, 3, .8250, .7979}, {10, 128, 3, .8263, .8217}, {50, 128, 3, .7252, .8363},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Bianchi point = bianchi_solve(rows[i].stations, rows[i].window, rows[i].stages);
        g_assert_cmpfloat_with_epsilon(bianchi_throughput(rows[i].stations, point, 8184, 50, 8982, 8713), rows[i].basic, 1e-4);
        g_assert_cmpfloat_with_epsilon(bianchi_throughput(rows[i].stations, point, 8184, 50, 9568, 417), rows[i].rts, 1e-4);
    }
}

/* ---- saturated stations on a medium ----------------------------------------------------------------------- */

typedef struct Crowd {
    LzScheduler *scheduler;
    LzWifiMedium medium;
    LzWifiEdca edca[LZ_WIFI_AC_COUNT];
    LzWifiNode nodes[STATIONS_MAX + 1];         /* the last one is who they talk to */
    unsigned stations;
    LzTime first_ns, rest_ns;                   /* until it is known whether they collided; what follows a success */
    LzTime last_begin_ns;
    uint64_t attempts, busy_slots, collisions, successes;
} Crowd;

static bool hears(void *owner, const LzWifiNode *who, const LzWifiNode *whom)
{
    (void)owner;
    return who != whom;
}

static uint64_t power(void *owner, const LzWifiNode *from, const LzWifiNode *at)
{
    (void)owner;
    (void)from;
    (void)at;
    return 1;
}

static bool begin(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase)
{
    Crowd *crowd = owner;
    crowd->attempts++;
    crowd->busy_slots += air->began_ns != crowd->last_begin_ns ? 1 : 0;
    crowd->last_begin_ns = air->began_ns;
    *ret_phase = (LzWifiPhase){air->node, &crowd->nodes[crowd->stations], crowd->first_ns};
    return true;
}

static LzWifiOutcome next(void *owner, LzWifiAir *air, LzWifiPhase *ret_phase)
{
    Crowd *crowd = owner;
    if (air->phase.listener && air->interference > 0) {
        crowd->collisions++;
        return LZ_WIFI_FAILED;
    }
    if (air->phase.listener) {
        *ret_phase = (LzWifiPhase){&crowd->nodes[crowd->stations], NULL, crowd->rest_ns};
        return LZ_WIFI_NEXT_PHASE;
    }
    crowd->successes++;
    return LZ_WIFI_DONE;
}

static void ended(void *owner, LzWifiAir *air, LzWifiOutcome outcome)
{
    (void)owner;                                /* saturated: it still wants */
    (void)air;
    (void)outcome;
}

static void lost(void *owner, LzWifiNode *node, LzWifiAc ac)
{
    (void)owner;
    (void)node;
    (void)ac;
}

static const LzWifiMediumOps crowd_ops = {hears, power, begin, next, ended, lost};

static void crowd_init(Crowd *crowd, unsigned stations, unsigned window, unsigned stages, LzTime slot_ns, LzTime difs_ns)
{
    const LzEnv env = {.scheduler = lz_scheduler_new(), .seed = 11, .entity = lz_entity_id("crowd")};
    *crowd = (Crowd){.scheduler = env.scheduler, .stations = stations};
    lz_wifi_medium_init(&crowd->medium, &env, &crowd_ops, crowd);
    crowd->medium.slot_ns = slot_ns;
    crowd->edca[LZ_WIFI_BE] = (LzWifiEdca){difs_ns, 0, window - 1, (window << stages) - 1};
    for (unsigned i = 0; i <= stations; i++) {
        LzRandom random;
        lz_random_init(&random, 11, i, LZ_PURPOSE_RADIO);
        lz_wifi_node_init(&crowd->nodes[i], i, crowd->edca, &random);
        lz_wifi_node_move(&crowd->nodes[i], &crowd->medium);
    }
}

static void crowd_run(Crowd *crowd, LzTime until_ns)
{
    for (unsigned i = 0; i < crowd->stations; i++) {
        lz_wifi_node_want(&crowd->nodes[i], LZ_WIFI_BE);
    }
    while (lz_scheduler_step(crowd->scheduler, until_ns)) {
    }
}

static void crowd_clear(Crowd *crowd)
{
    lz_wifi_medium_reset(&crowd->medium);
    g_assert_cmpuint(lz_scheduler_pending(crowd->scheduler), ==, 0);
    lz_scheduler_free(crowd->scheduler);
}

/* Case 18: tau and p of the medium. A success and a collision take the same time here, so that the idle slots follow
 * from the number of busy ones. */
static void test_slotted(void)
{
    static const unsigned stations[] = {5, 10, 20, 50};
    const LzTime run_ns = LZ_SECONDS(40), busy_ns = LZ_MICROSECONDS(300), response_ns = LZ_MICROSECONDS(44);
    const LzTime difs_ns = LZ_MICROSECONDS(34), slot_ns = LZ_MICROSECONDS(9);
    for (size_t i = 0; i < G_N_ELEMENTS(stations); i++) {
        Crowd crowd;
        crowd_init(&crowd, stations[i], 16, 6, slot_ns, difs_ns);
        crowd.medium.after_failure_ns = crowd.rest_ns = response_ns;
        crowd.first_ns = busy_ns;
        crowd_run(&crowd, run_ns);
        const Bianchi point = bianchi_solve(stations[i], 16, 6);
        const LzTime idle_ns = run_ns - (LzTime)crowd.busy_slots * (busy_ns + response_ns + difs_ns);
        const double slots = (double)crowd.busy_slots + (double)(idle_ns / slot_ns);
        const double tau = (double)crowd.attempts / stations[i] / slots, p = (double)crowd.collisions / (double)crowd.attempts;
        g_test_message("n %u: tau %.5f, Bianchi %.5f; p %.4f, Bianchi %.4f", stations[i], tau, point.tau, p, point.p);
        g_assert_cmpuint(crowd.attempts, >, 50000);
        assert_within(tau, point.tau, 0.02);
        assert_within(p, point.p, 0.02);
        crowd_clear(&crowd);
    }
}

/* Cases 19 and 20, and the rest of their table: Bianchi's FHSS parameters. */
static void test_fhss(void)
{
    static const unsigned stations[] = {5, 10, 20, 50};
    static const struct { unsigned window, stages; } windows[] = {{32, 3}, {32, 5}, {128, 3}};
    for (size_t i = 0; i < G_N_ELEMENTS(stations) * G_N_ELEMENTS(windows) * 2; i++) {
        const bool has_rts = i % 2;
        const unsigned n = stations[i / 2 % 4], window = windows[i / 8].window, stages = windows[i / 8].stages;
        const LzTime difs_ns = LZ_MICROSECONDS(128), success_ns = LZ_MICROSECONDS(has_rts ? 9568 : 8982);
        Crowd crowd;
        crowd_init(&crowd, n, window, stages, LZ_MICROSECONDS(50), difs_ns);
        crowd.first_ns = LZ_MICROSECONDS(has_rts ? 417 : 8713) - difs_ns;
        crowd.rest_ns = success_ns - difs_ns - crowd.first_ns;
        crowd_run(&crowd, LZ_SECONDS(300));
        const Bianchi point = bianchi_solve(n, window, stages);
        const double expected = bianchi_throughput(n, point, 8184, 50, has_rts ? 9568 : 8982, has_rts ? 417 : 8713);
        const double normalised = (double)crowd.successes * 8184 / 300e6;
        g_test_message("n %u, W %u, m %u, %s: %.4f, Bianchi %.4f", n, window, stages, has_rts ? "RTS" : "basic", normalised, expected);
        assert_within(normalised, expected, 0.02);
        crowd_clear(&crowd);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wifi-medium/solver", test_solver);
    g_test_add_func("/wifi-medium/published-throughput", test_published_throughput);
    g_test_add_func("/wifi-medium/slotted", test_slotted);
    g_test_add_func("/wifi-medium/fhss", test_fhss);
    return g_test_run();
}
