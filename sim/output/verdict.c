/* One verdict in words, all verdicts as JSON. */
#include "sim/output/verdict.h"

#include "sim/core/json.h"
#include "sim/output/text.h"

static const char *const state_names[] = {
    [LZ_VERDICT_HELD] = "held", [LZ_VERDICT_FAILED] = "failed", [LZ_VERDICT_NO_SAMPLE] = "no-sample"};

static const char *const statistic_names[] = {
    [LZ_STATISTIC_COUNT] = "count", [LZ_STATISTIC_RATE] = "rate", [LZ_STATISTIC_RATIO] = "ratio",
    [LZ_STATISTIC_MEAN] = "mean", [LZ_STATISTIC_MIN] = "min", [LZ_STATISTIC_MAX] = "max", [LZ_STATISTIC_LAST] = "last",
    [LZ_STATISTIC_RECOVER_TIME] = "recover_time"};

/* ---- words ---- */

const char *lz_expectation_basis(const LzExpectation *expectation)
{
    if (!expectation->basis) {
        return "ours";
    }
    return g_str_has_prefix(expectation->basis, "assumed") ? "assumed" : "published";
}

char *lz_expectation_metric(const LzExpectation *expectation)
{
    const LzMetricInfo *info = lz_metric_info(expectation->metric);
    const char *scope = lz_scope_kind_name(info->scope);
    return expectation->scope_name ? g_strjoin(".", scope, expectation->scope_name, info->name, NULL)
                                   : g_strjoin(".", scope, info->name, NULL);
}

char *lz_expectation_statistic(const LzExpectation *expectation)
{
    if (expectation->statistic != LZ_STATISTIC_QUANTILE) {
        return g_strdup(statistic_names[expectation->statistic]);
    }
    GString *text = g_string_new("p");
    lz_append_decimal(text, expectation->quantile_ppb, 7);      /* ppb of one as percent */
    return g_string_free(text, FALSE);
}

const char *lz_expectation_window(const LzPlan *plan, const LzExpectation *expectation)
{
    g_assert(expectation->window < plan->window_count);
    return plan->windows[expectation->window].name;
}

static void append_value(GString *text, const LzExpectation *expectation, int64_t value)
{
    g_autofree char *formatted = lz_format_value(value, expectation->metric, expectation->statistic);
    g_string_append(text, formatted);
}

static bool has_change(const LzExpectation *expectation, const LzVerdict *verdict)
{
    return expectation->baseline && verdict->state != LZ_VERDICT_NO_SAMPLE;
}

/* As a share of the baseline's value, which is not 0. */
static double change_of(const LzExpectation *expectation, const LzVerdict *verdict)
{
    return (double)(verdict->observed - expectation->baseline_value) / (double)expectation->baseline_value;
}

char *lz_verdict_change(const LzExpectation *expectation, const LzVerdict *verdict)
{
    if (!has_change(expectation, verdict)) {
        return NULL;
    }
    char share[G_ASCII_DTOSTR_BUF_SIZE] = "";
    g_autoptr(GString) text = g_string_new(NULL);
    if (expectation->baseline_value > 0) {
        g_ascii_formatd(share, sizeof share, "%+.3g", 100 * change_of(expectation, verdict));
        g_string_append_printf(text, "%s %% ", share);
    }
    g_string_append(text, "from ");
    append_value(text, expectation, expectation->baseline_value);
    g_string_append_printf(text, " in %s", expectation->baseline);
    return lz_text_printable(text->str);
}

/* The limit that the worst repetition broke, else the limit that was asked for. */
static void append_limit(GString *text, const LzExpectation *expectation, const LzVerdict *verdict)
{
    bool is_held = verdict->state == LZ_VERDICT_HELD;
    bool is_below = expectation->has_min && verdict->worst < expectation->min_value;
    if (expectation->has_max && (is_held || !is_below)) {
        g_string_append(text, is_held ? " <= " : " > ");
        append_value(text, expectation, expectation->max_value);
        return;
    }
    g_string_append(text, is_held ? " >= " : " < ");
    append_value(text, expectation, expectation->min_value);
}

char *lz_verdict_summary(const LzPlan *plan, const LzExpectation *expectation, const LzVerdict *verdict)
{
    g_autofree char *metric = lz_expectation_metric(expectation);
    g_autofree char *statistic = lz_expectation_statistic(expectation);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%s %s ", metric, statistic);
    if (verdict->state == LZ_VERDICT_NO_SAMPLE) {
        g_string_append_printf(text, "has no verdict: a repetition saw fewer than the %" G_GUINT64_FORMAT
                               " samples needed (%" G_GUINT64_FORMAT " in all)", MAX(expectation->min_samples, 1),
                               verdict->samples);
    } else {
        append_value(text, expectation, verdict->observed);
        if (verdict->ci_low != verdict->ci_high) {
            g_string_append(text, " (");
            append_value(text, expectation, verdict->ci_low);
            g_string_append(text, "..");
            append_value(text, expectation, verdict->ci_high);
            g_string_append_c(text, ')');
        }
        append_limit(text, expectation, verdict);
    }
    g_string_append_printf(text, " during %s", lz_expectation_window(plan, expectation));
    if (expectation->fleet) {
        g_string_append_printf(text, " of fleet %s", expectation->fleet);
    }
    g_autofree char *change = lz_verdict_change(expectation, verdict);
    if (change) {
        g_string_append_printf(text, ", %s", change);
    }
    if (verdict->state == LZ_VERDICT_FAILED && plan->run.repeat > 1) {
        g_string_append(text, ", worst ");
        append_value(text, expectation, verdict->worst);
        g_string_append_printf(text, " in repetition %u", verdict->worst_repetition);
    }
    return lz_text_printable(text->str);
}

/* Options of their own below, or of no effect on the outcome. */
static bool is_said_otherwise(const char *override)
{
    return g_str_has_prefix(override, "run.seed=") || g_str_has_prefix(override, "run.repeat=") ||
           g_str_has_prefix(override, "run.threads=");
}

char *lz_verdict_replay(const LzPlan *plan, const LzVerdict *verdict)
{
    int64_t further = verdict->worst_repetition > 0 ? (int64_t)verdict->worst_repetition - 1 : 0;
    g_autofree char *path = g_shell_quote(plan->path ? plan->path : "SCENARIO");
    g_autoptr(GString) command = g_string_new("lazaret run ");
    g_string_append(command, path);
    for (unsigned i = 0; plan->overrides && plan->overrides[i]; i++) {
        if (!is_said_otherwise(plan->overrides[i])) {
            g_autofree char *set = g_shell_quote(plan->overrides[i]);
            g_string_append_printf(command, " -s %s", set);
        }
    }
    g_string_append_printf(command, " --seed %" G_GINT64_FORMAT, plan->run.seed + further);
    if (plan->run.repeat > 1) {
        g_string_append(command, " --repeat 1");
    }
    return lz_text_printable(command->str);
}

/* ---- verdict.json ---- */

static void add_text(LzJson *json, const char *key, const char *text)
{
    g_autofree char *printable = text ? lz_text_printable(text) : NULL;
    lz_json_string(json, key, printable);
}

/* Limits and observations are numbers in the unit of the row: ratios and seconds from 1e-9, rates from 1e-6. */
static unsigned digits_of(const LzExpectation *expectation)
{
    switch (expectation->statistic) {
    case LZ_STATISTIC_COUNT:
        return 0;
    case LZ_STATISTIC_RATE:
        return 6;
    case LZ_STATISTIC_RATIO:
    case LZ_STATISTIC_RECOVER_TIME:
        return 9;
    case LZ_STATISTIC_MEAN:
    case LZ_STATISTIC_MIN:
    case LZ_STATISTIC_MAX:
    case LZ_STATISTIC_LAST:
    case LZ_STATISTIC_QUANTILE:
        break;
    }
    LzUnit unit = lz_metric_info(expectation->metric)->unit;
    return unit == LZ_UNIT_SECONDS || unit == LZ_UNIT_RATIO ? 9 : 0;
}

static const char *unit_of(const LzExpectation *expectation)
{
    LzUnit unit = lz_metric_info(expectation->metric)->unit;
    switch (expectation->statistic) {
    case LZ_STATISTIC_COUNT:
        return unit == LZ_UNIT_BYTES ? "B" : "";
    case LZ_STATISTIC_RATE:
        return unit == LZ_UNIT_BYTES ? "B/s" : "1/s";
    case LZ_STATISTIC_RATIO:
        return "ratio";
    case LZ_STATISTIC_RECOVER_TIME:
        return "s";
    case LZ_STATISTIC_MEAN:
    case LZ_STATISTIC_MIN:
    case LZ_STATISTIC_MAX:
    case LZ_STATISTIC_LAST:
    case LZ_STATISTIC_QUANTILE:
        break;
    }
    return lz_unit_name(unit);
}

static void add_limits(LzJson *json, const LzExpectation *expectation)
{
    unsigned digits = digits_of(expectation);
    lz_json_object_begin(json, "limit");
    if (expectation->has_min) {
        lz_json_decimal(json, "min", expectation->min_value, digits);
    }
    if (expectation->has_max) {
        lz_json_decimal(json, "max", expectation->max_value, digits);
    }
    lz_json_object_end(json);
}

static void add_observation(LzJson *json, const LzExpectation *expectation, const LzVerdict *verdict)
{
    unsigned digits = digits_of(expectation);
    if (verdict->state == LZ_VERDICT_NO_SAMPLE) {
        lz_json_null(json, "observed");
        lz_json_null(json, "ci");
        lz_json_null(json, "margin");
        return;
    }
    lz_json_decimal(json, "observed", verdict->observed, digits);
    lz_json_array_begin(json, "ci");
    lz_json_decimal(json, NULL, verdict->ci_low, digits);
    lz_json_decimal(json, NULL, verdict->ci_high, digits);
    lz_json_array_end(json);
    lz_json_decimal(json, "worst", verdict->worst, digits);
    lz_json_unsigned(json, "worst_repetition", verdict->worst_repetition);
    if (verdict->margin > 0) {
        lz_json_real(json, "margin", verdict->margin);
    } else {
        lz_json_null(json, "margin");
    }
}

static void add_baseline(LzJson *json, const LzExpectation *expectation, const LzVerdict *verdict)
{
    if (!expectation->baseline) {
        return;
    }
    lz_json_object_begin(json, "baseline");
    add_text(json, "path", expectation->baseline);
    lz_json_decimal(json, "value", expectation->baseline_value, digits_of(expectation));
    if (has_change(expectation, verdict) && expectation->baseline_value > 0) {
        lz_json_real(json, "change", change_of(expectation, verdict));
    } else {
        lz_json_null(json, "change");
    }
    if (expectation->has_max_drop) {
        lz_json_decimal(json, "max_drop", expectation->max_drop_ppb, 9);
    }
    if (expectation->has_max_rise) {
        lz_json_decimal(json, "max_rise", expectation->max_rise_ppb, 9);
    }
    lz_json_object_end(json);
}

static void add_row(LzJson *json, const LzPlan *plan, const LzExpectation *expectation, const LzVerdict *verdict)
{
    g_autofree char *metric = lz_expectation_metric(expectation);
    g_autofree char *statistic = lz_expectation_statistic(expectation);
    g_autofree char *summary = lz_verdict_summary(plan, expectation, verdict);
    g_autofree char *replay = lz_verdict_replay(plan, verdict);
    lz_json_object_begin(json, NULL);
    add_text(json, "name", expectation->name);
    lz_json_string(json, "state", state_names[verdict->state]);
    lz_json_string(json, "basis", lz_expectation_basis(expectation));
    add_text(json, "basis_text", expectation->basis);
    lz_json_string(json, "severity", expectation->is_warning ? "warn" : "fail");
    add_text(json, "metric", metric);
    lz_json_string(json, "stat", statistic);
    add_text(json, "fleet", expectation->fleet);
    add_text(json, "window", lz_expectation_window(plan, expectation));
    lz_json_string(json, "unit", unit_of(expectation));
    add_limits(json, expectation);
    add_observation(json, expectation, verdict);
    add_baseline(json, expectation, verdict);
    lz_json_unsigned(json, "samples", verdict->samples);
    lz_json_unsigned(json, "min_samples", MAX(expectation->min_samples, 1));
    add_text(json, "file", expectation->file);
    lz_json_unsigned(json, "line", expectation->line);
    lz_json_string(json, "text", summary);
    lz_json_string(json, "replay", replay);
    lz_json_object_end(json);
}

static void add_counts(LzJson *json, const LzVerdicts *all)
{
    unsigned held = 0, failed = 0, warned = 0;
    for (unsigned i = 0; i < all->count; i++) {
        bool is_held = all->verdicts[i].state == LZ_VERDICT_HELD;
        held += is_held;
        warned += !is_held && all->expectations[i].is_warning;
        failed += !is_held && !all->expectations[i].is_warning;
    }
    lz_json_unsigned(json, "held", held);
    lz_json_unsigned(json, "failed", failed);
    lz_json_unsigned(json, "warnings", warned);
}

char *lz_verdicts_json(const LzVerdicts *all)
{
    g_autoptr(LzJson) json = lz_json_new(2);
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "schema", "lazaret-verdict-1");
    lz_json_string(json, "run_id", all->run_id);
    lz_json_string(json, "state", all->state);
    add_text(json, "scenario", all->plan->name.text);
    lz_json_integer(json, "seed", all->plan->run.seed);
    lz_json_integer(json, "repetitions", all->plan->run.repeat);
    add_counts(json, all);
    lz_json_array_begin(json, "expectations");
    for (unsigned i = 0; i < all->count; i++) {
        add_row(json, all->plan, &all->expectations[i], &all->verdicts[i]);
    }
    lz_json_array_end(json);
    lz_json_object_end(json);
    return g_strconcat(lz_json_text(json, NULL), "\n", NULL);
}
