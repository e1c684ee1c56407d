/* A baseline says of a run what its expectations said: every metric, statistic and window, read back from the tables. */
#include <string.h>

#include "sim/output/baseline.h"
#include "sim/output/results.h"
#include "tests/lib/test_world.h"

/* A second fleet with the same flows, so that rows must be put together, and a window of its own. */
static const char fleets[] =
    "fleet=[{name: pump, profile: infusion-pump, count: 3, link: bedside, connect: {to: broker}}, "
    "{name: infusion-pump, profile: infusion-pump, count: 2, link: bedside, connect: {to: broker}}, "
    "{name: monitor, profile: patient-monitor, count: 2, link: bedside, connect: {to: broker}}]";
static const char *const overrides[] = {
    "run.duration=40 s", "network.links.bedside.loss=1 %",
    "expect=[{name: a, metric: run.devices.connected, stat: last, min: 0}]", fleets,
    "faults=[{name: cut, kind: link-down, link: bedside, at: 20 s, for: 5 s}]", NULL};

typedef struct Statistic {
    LzStatistic statistic;
    uint32_t quantile_ppb;
} Statistic;

static const Statistic statistics[] = {
    {LZ_STATISTIC_COUNT, 0}, {LZ_STATISTIC_RATE, 0}, {LZ_STATISTIC_RATIO, 0}, {LZ_STATISTIC_MEAN, 0}, {LZ_STATISTIC_MIN, 0},
    {LZ_STATISTIC_MAX, 0}, {LZ_STATISTIC_LAST, 0}, {LZ_STATISTIC_QUANTILE, 500000000}, {LZ_STATISTIC_QUANTILE, 999000000}};

/* 1 when there was a value to compare. */
static unsigned compare(const LzPlan *plan, const LzProbes *probes, const LzExpectation *expectation)
{
    int64_t value, read = -1;
    uint64_t samples;
    if (!lz_expectation_value(expectation, probes, &value, &samples)) {
        return 0;
    }
    g_autoptr(GError) error = NULL;
    lz_baseline_read(plan, expectation, &read, &error);
    g_assert_no_error(error);
    bool is_mean = expectation->statistic == LZ_STATISTIC_MEAN;         /* of rounded means */
    if (is_mean ? ABS(read - value) > 1 : read != value) {
        g_error("%s of %s/%s, statistic %d, window %u: %" G_GINT64_FORMAT " in the run, %" G_GINT64_FORMAT " in the tables",
                lz_metric_info(expectation->metric)->name, expectation->fleet, expectation->scope_name,
                (int)expectation->statistic, expectation->window, value, read);
    }
    return 1;
}

static unsigned compare_all(const LzPlan *plan, const LzProbes *probes, LzExpectation expectation)
{
    unsigned compared = 0;
    for (expectation.window = 0; expectation.window < plan->window_count; expectation.window++) {
        for (size_t i = 0; i < G_N_ELEMENTS(statistics); i++) {
            expectation.statistic = statistics[i].statistic;
            expectation.quantile_ppb = statistics[i].quantile_ppb;
            compared += compare(plan, probes, &expectation);
        }
    }
    return compared;
}

static void test_same(void)
{
    g_autofree char *root = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(root, "main", NULL);
    g_autofree char *file = g_build_filename(root, "ward.yaml", NULL);
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    plan->path = file;
    LzResultsOptions options = {.plan = plan, .directory = path};
    LzResults *results = lz_results_begin(&options, NULL);
    g_assert_nonnull(results);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_true(lz_results_add_repetition(results, 0, world, 0, 0, NULL));
    g_assert_true(lz_results_commit(results, LZ_RUN_COMPLETE, NULL, NULL, 0, NULL));

    unsigned compared = 0;
    for (LzMetric metric = 0; metric < LZ_METRIC_ID_COUNT; metric++) {
        LzScopeKind kind = lz_metric_info(metric)->scope;
        LzExpectation expectation = {.metric = metric, .baseline = "main"};
        if (kind == LZ_SCOPE_TLS) {
            compared += compare_all(plan, lz_world_probes(world), expectation);
            expectation.fleet = "infusion-pump";
        } else if (kind == LZ_SCOPE_FLOW) {
            expectation.scope_name = "status";
            compared += compare_all(plan, lz_world_probes(world), expectation);
            expectation.fleet = "pump";
        } else {
            expectation.scope_name = kind == LZ_SCOPE_SERVICE ? "broker" : kind == LZ_SCOPE_LINK ? "bedside"
                                     : kind == LZ_SCOPE_FLEET ? "monitor" : NULL;
        }
        compared += compare_all(plan, lz_world_probes(world), expectation);
    }
    g_test_message("%u values compared", compared);
    g_assert_cmpuint(compared, >, 200);
    const char *const argv[] = {"rm", "-rf", "--", root, NULL};
    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compare/same", test_same);
    return g_test_run();
}
