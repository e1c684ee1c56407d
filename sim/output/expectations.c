/* Reads baselines before the run, so that a missing one is a mistake in the scenario and not a verdict. */
#include "sim/output/expectations.h"

#include "sim/output/baseline.h"
#include "sim/output/verdict.h"
#include "sim/scenario/names.h"
#include "sim/scenario/report.h"

static const struct {
    LzStatistic statistic;
    uint32_t quantile_ppb;
} statistics[] = {
    [LZ_STAT_COUNT] = {LZ_STATISTIC_COUNT, 0},
    [LZ_STAT_RATE] = {LZ_STATISTIC_RATE, 0},
    [LZ_STAT_RATIO] = {LZ_STATISTIC_RATIO, 0},
    [LZ_STAT_MEAN] = {LZ_STATISTIC_MEAN, 0},
    [LZ_STAT_MIN] = {LZ_STATISTIC_MIN, 0},
    [LZ_STAT_MAX] = {LZ_STATISTIC_MAX, 0},
    [LZ_STAT_LAST] = {LZ_STATISTIC_LAST, 0},
    [LZ_STAT_P50] = {LZ_STATISTIC_QUANTILE, 500000000},
    [LZ_STAT_P90] = {LZ_STATISTIC_QUANTILE, 900000000},
    [LZ_STAT_P95] = {LZ_STATISTIC_QUANTILE, 950000000},
    [LZ_STAT_P99] = {LZ_STATISTIC_QUANTILE, 990000000},
    [LZ_STAT_P999] = {LZ_STATISTIC_QUANTILE, 999000000},
    [LZ_STAT_RECOVER_TIME] = {LZ_STATISTIC_RECOVER_TIME, 0},
};

/* The mean of a counter is its rate. */
static LzStatistic statistic_of(const LzExpectPlan *plan)
{
    bool is_counter = lz_metric_info(plan->metric_id)->type == LZ_METRIC_COUNTER;
    return is_counter && plan->stat == LZ_STAT_MEAN ? LZ_STATISTIC_RATE : statistics[plan->stat].statistic;
}

static LzExpectation expectation_of(const LzExpectPlan *plan)
{
    return (LzExpectation){
        .name = plan->name.text,
        .metric = plan->metric_id,
        .scope_name = plan->scope_name.text,
        .fleet = plan->where.fleet.text,
        .statistic = statistic_of(plan),
        .quantile_ppb = statistics[plan->stat].quantile_ppb,
        .window = plan->window,
        .has_min = plan->has_min,
        .has_max = plan->has_max,
        .min_value = plan->min_value,
        .max_value = plan->max_value,
        .to_value = plan->to_value,
        .min_samples = (uint64_t)MAX(plan->min_samples, 1),
        .is_warning = plan->severity != 0,
        .aborts = plan->abort_on_fail,
        .basis = plan->basis.text,
        .baseline = plan->vs.baseline.text,
        .has_max_drop = plan->has_max_drop,
        .has_max_rise = plan->has_max_rise,
        .max_drop_ppb = plan->max_drop_ppb,
        .max_rise_ppb = plan->max_rise_ppb,
        .file = plan->mark.file,
        .line = plan->mark.line,
    };
}

static LzDiagnostic *refuse(LzReport *report, const LzText *baseline, const char *why)
{
    g_autofree char *path = lz_quote(baseline->text);
    return lz_report_error(report, "E504", baseline->mark, lz_text_length(baseline), "baseline `%s`: %s", path, why);
}

static bool compare(const LzPlan *plan, const LzText *baseline, LzExpectation *expectation, LzReport *report)
{
    int64_t value;
    g_autoptr(GError) trouble = NULL;
    if (!lz_baseline_read(plan, expectation, &value, &trouble)) {
        g_autofree char *metric = lz_expectation_metric(expectation);
        g_autofree char *statistic = lz_expectation_statistic(expectation);
        lz_diagnostic_note(refuse(report, baseline, trouble->message), "wanted: %s %s during %s", metric, statistic,
                           lz_expectation_window(plan, expectation));
        return false;
    }
    if (value == 0 && !expectation->has_max_rise) {
        lz_diagnostic_note(refuse(report, baseline, "its value is 0, from which nothing can drop"),
                           "without a limit it could not fail");
        return false;
    }
    lz_expectation_compare(expectation, value);
    return true;
}

LzExpectation *lz_expectations_of(const LzPlan *plan, LzDiagnostics *diagnostics)
{
    g_autoptr(LzReport) report = lz_report_new(diagnostics);
    lz_report_add_source(report, plan->path, plan->source, plan->source_size);
    g_autofree LzExpectation *all = g_new0(LzExpectation, plan->expect.count + 1);
    const LzExpectPlan *plans = plan->expect.items;
    bool is_good = true;
    for (unsigned i = 0; i < plan->expect.count; i++) {
        all[i] = expectation_of(&plans[i]);
        if (all[i].baseline) {
            is_good = compare(plan, &plans[i].vs.baseline, &all[i], report) && is_good;
        }
    }
    return is_good ? g_steal_pointer(&all) : NULL;
}
