/* From the recorder's answers to rows. Seconds and shares are exact decimals of what was recorded. */
#include "sim/output/tables.h"

#include <math.h>
#include <string.h>

#include "lazaret/model.h"
#include "sim/measure/expect.h"
#include "sim/output/csv.h"
#include "sim/scenario/windows.h"

typedef enum { VALUE_WHOLE, VALUE_NANO, VALUE_REAL } ValueKind;

typedef struct Value {                  /* how a cell is written: an integer, 1e-9 of the unit, or a quotient */
    ValueKind kind;
    int64_t integer;
    double real;
} Value;

typedef struct Row {                    /* of metrics.csv */
    const char *window, *scope_kind, *scope, *metric, *unit, *stat;
    Value value;
    uint64_t n;
} Row;

typedef struct Summary {                /* one row's values over the repetitions */
    char *window, *scope;
    const char *scope_kind, *metric, *unit, *stat;      /* const: of the catalogue */
    GArray *values;                     /* double */
    uint64_t n;
} Summary;

struct LzTables {
    const LzPlan *plan;
    const char *run_id;
    LzDirectory *directory;
    LzFile *metrics, *series, *events, *hist;
    LzFile *exchanges;                  /* NULL until there are any */
    GString *row;                       /* scratch */
    GPtrArray *summaries;               /* Summary, in order of appearance */
    GHashTable *summary_by_key;         /* char * -> Summary, borrowed */
    char *repetition, *seed;            /* as cells */
};

/* ---- cells ---- */

static Value value_in_unit(int64_t value, LzUnit unit)
{
    bool is_nano = unit == LZ_UNIT_SECONDS || unit == LZ_UNIT_RATIO;
    return (Value){.kind = is_nano ? VALUE_NANO : VALUE_WHOLE, .integer = value};
}

static Value value_whole(int64_t value)
{
    return (Value){.kind = VALUE_WHOLE, .integer = value};
}

static double value_as_real(const Value *value)
{
    switch (value->kind) {
    case VALUE_WHOLE:
        return (double)value->integer;
    case VALUE_NANO:
        return (double)value->integer / 1e9;
    case VALUE_REAL:
        break;
    }
    return value->real;
}

static void append_value(GString *csv, const Value *value)
{
    switch (value->kind) {
    case VALUE_WHOLE:
        lz_csv_int(csv, value->integer);
        return;
    case VALUE_NANO:
        lz_csv_nano(csv, value->integer);
        return;
    case VALUE_REAL:
        lz_csv_double(csv, value->real);
        return;
    }
}

static void append_texts(GString *csv, const char *const *texts)
{
    for (; *texts; texts++) {
        lz_csv_text(csv, *texts);
    }
}

/* "monitor/alarm" for what is kept per fleet, else its own name, else its fleet's. New string. */
static char *scope_text(const LzScopeInfo *info)
{
    bool has_name = info->name && info->name[0];
    bool has_fleet = info->fleet && info->fleet[0];
    if (has_name && has_fleet && strcmp(info->name, info->fleet) != 0) {
        return g_strjoin("/", info->fleet, info->name, NULL);
    }
    return g_strdup(has_name ? info->name : has_fleet ? info->fleet : "");
}

static gboolean end_row(LzTables *tables, LzFile *file, GError **error)
{
    lz_csv_end_row(tables->row);
    gboolean is_good = lz_file_write(file, tables->row->str, tables->row->len, error);
    g_string_truncate(tables->row, 0);
    return is_good;
}

/* ---- life ---- */
static gboolean open_table(LzTables *tables, LzDirectory *directory, const char *name, const char *const *columns,
                           LzFile **ret_file, GError **error)
{
    LzFile *file = lz_directory_create(directory, name, error);
    if (!file) {
        return FALSE;
    }
    *ret_file = file;
    lz_csv_header(tables->row, columns);
    gboolean is_good = lz_file_write(file, tables->row->str, tables->row->len, error);
    g_string_truncate(tables->row, 0);
    return is_good;
}

/* ---- metrics.csv ---- */

static void summary_free(gpointer data)
{
    Summary *summary = data;
    g_free(summary->window);
    g_free(summary->scope);
    g_array_unref(summary->values);
    g_free(summary);
}

static Summary *summary_of(LzTables *tables, const Row *row)
{
    g_autofree char *key = g_strjoin("\n", row->window, row->scope_kind, row->scope, row->metric, row->stat, NULL);
    Summary *summary = g_hash_table_lookup(tables->summary_by_key, key);
    if (summary) {
        return summary;
    }
    summary = g_new0(Summary, 1);
    summary->window = g_strdup(row->window);
    summary->scope = g_strdup(row->scope);
    summary->scope_kind = row->scope_kind;
    summary->metric = row->metric;
    summary->unit = row->unit;
    summary->stat = row->stat;
    summary->values = g_array_new(FALSE, FALSE, sizeof(double));
    g_ptr_array_add(tables->summaries, summary);
    g_hash_table_insert(tables->summary_by_key, g_steal_pointer(&key), summary);
    return summary;
}

static gboolean write_metric(LzTables *tables, const Row *row, GError **error)
{
    Summary *summary = summary_of(tables, row);
    double real = value_as_real(&row->value);
    g_array_append_val(summary->values, real);
    summary->n += row->n;
    const char *const texts[] = {tables->run_id, tables->repetition, tables->seed, row->window, row->scope_kind,
                                 row->scope, row->metric, row->unit, row->stat, NULL};
    append_texts(tables->row, texts);
    append_value(tables->row, &row->value);
    lz_csv_uint(tables->row, row->n);
    lz_csv_empty(tables->row);
    lz_csv_empty(tables->row);
    return end_row(tables, tables->metrics, error);
}

typedef struct Statistic {
    const char *name;
    Value value;
} Statistic;

static gboolean write_statistics(LzTables *tables, Row *row, const Statistic *statistics, unsigned count,
                                 GError **error)
{
    for (unsigned i = 0; i < count; i++) {
        row->stat = statistics[i].name;
        row->value = statistics[i].value;
        if (!write_metric(tables, row, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean write_count(LzTables *tables, const Row *row, int64_t count, GError **error)
{
    Row counted = *row;
    counted.stat = "count";
    counted.value = value_whole(count);
    return write_metric(tables, &counted, error);
}

static gboolean write_samples(LzTables *tables, Row *row, const LzObservation *seen, LzUnit unit, GError **error)
{
    static const struct { const char *name; uint32_t ppb; } quantiles[] = {
        {"p50", 500000000}, {"p90", 900000000}, {"p95", 950000000}, {"p99", 990000000}, {"p99.9", 999000000}};
    Row counted = *row;
    counted.unit = "";
    if (!write_count(tables, &counted, (int64_t)seen->samples, error)) {
        return FALSE;
    }
    if (seen->samples == 0) {
        return TRUE;
    }
    const Statistic moments[] = {{"mean", value_in_unit(seen->mean, unit)}, {"min", value_in_unit(seen->min, unit)},
                                 {"max", value_in_unit(seen->max, unit)}};
    if (!write_statistics(tables, row, moments, G_N_ELEMENTS(moments), error)) {
        return FALSE;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(quantiles); i++) {
        int64_t value = lz_histogram_quantile(seen->histogram, quantiles[i].ppb);
        Statistic quantile = {quantiles[i].name, value_in_unit(value, unit)};
        if (!write_statistics(tables, row, &quantile, 1, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean write_ratio(LzTables *tables, Row *row, const LzObservation *seen, GError **error)
{
    Row counted = *row;
    counted.unit = "";
    if (!write_count(tables, &counted, seen->part, error)) {
        return FALSE;
    }
    if (seen->whole == 0) {
        return TRUE;
    }
    row->unit = lz_unit_name(LZ_UNIT_RATIO);
    const Statistic ratio = {"ratio", {.kind = VALUE_REAL, .real = (double)seen->part / (double)seen->whole}};
    return write_statistics(tables, row, &ratio, 1, error);
}

static gboolean write_level(LzTables *tables, Row *row, const LzObservation *seen, LzUnit unit, GError **error)
{
    if (seen->samples == 0) {
        return TRUE;
    }
    const Statistic levels[] = {{"mean", value_in_unit(seen->mean, unit)}, {"min", value_in_unit(seen->min, unit)},
                                {"max", value_in_unit(seen->max, unit)}, {"last", value_in_unit(seen->last, unit)}};
    return write_statistics(tables, row, levels, G_N_ELEMENTS(levels), error);
}

static gboolean write_observation(LzTables *tables, Row *row, const LzMetricInfo *info, const LzObservation *seen,
                                  GError **error)
{
    row->n = seen->samples;
    switch (info->type) {
    case LZ_METRIC_COUNTER:
        return write_count(tables, row, seen->part, error);
    case LZ_METRIC_SAMPLE:
        return write_samples(tables, row, seen, info->unit, error);
    case LZ_METRIC_RATIO:
        return write_ratio(tables, row, seen, error);
    case LZ_METRIC_LEVEL:
        return write_level(tables, row, seen, info->unit, error);
    }
    g_assert_not_reached();
}

/* ---- hist.csv ---- */

static gboolean write_buckets(LzTables *tables, const Row *row, LzUnit unit, const LzHistogram *histogram,
                              GError **error)
{
    uint64_t cursor = 0, count;
    int64_t low, high;
    const char *const texts[] = {tables->run_id, tables->repetition, row->window, row->scope_kind, row->scope,
                                 row->metric, row->unit, NULL};
    while (lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count)) {
        Value from = value_in_unit(low, unit), to = value_in_unit(high, unit);
        append_texts(tables->row, texts);
        append_value(tables->row, &from);
        append_value(tables->row, &to);
        lz_csv_uint(tables->row, count);
        if (!end_row(tables, tables->hist, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- one repetition ---- */

static gboolean add_metric(LzTables *tables, const LzProbes *probes, const LzScopeInfo *scope, LzMetric metric,
                           unsigned window, GError **error)
{
    const LzMetricInfo *info = lz_metric_info(metric);
    g_autofree char *text = scope_text(scope);
    LzObservation seen = lz_recorder_observe(probes, metric, scope->name, scope->fleet, window);
    Row row = {.window = tables->plan->windows[window].name, .scope_kind = lz_scope_kind_name(info->scope),
               .scope = text, .metric = info->name, .unit = lz_unit_name(info->unit)};
    gboolean is_good = seen.window_ns <= 0 || write_observation(tables, &row, info, &seen, error);
    if (is_good && seen.histogram) {
        row.unit = lz_unit_name(info->unit);
        is_good = write_buckets(tables, &row, info->unit, seen.histogram, error);
    }
    lz_observation_clear(&seen);
    return is_good;
}

static gboolean add_scope(LzTables *tables, const LzProbes *probes, LzScope scope, unsigned window, GError **error)
{
    const LzScopeInfo *info = lz_recorder_scope_info(probes, scope);
    for (unsigned metric = 0; metric < LZ_METRIC_ID_COUNT; metric++) {
        if (lz_metric_info(metric)->scope == info->kind && !add_metric(tables, probes, info, metric, window, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_metrics(LzTables *tables, const LzProbes *probes, GError **error)
{
    for (unsigned window = 0; window < tables->plan->window_count; window++) {
        for (LzScope scope = 1; scope <= lz_recorder_scope_count(probes); scope++) {
            if (!add_scope(tables, probes, scope, window, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static bool is_count(const LzSeriesRow *row)
{
    return strcmp(row->stat, "count") == 0;
}

static gboolean add_series(LzTables *tables, const LzProbes *probes, GError **error)
{
    size_t count;
    const LzSeriesRow *rows = lz_recorder_series(probes, &count);
    for (size_t i = 0; i < count; i++) {
        const LzMetricInfo *info = lz_metric_info(rows[i].metric);
        g_autofree char *scope = scope_text(lz_recorder_scope_info(probes, rows[i].scope));
        LzUnit unit = is_count(&rows[i]) && info->type != LZ_METRIC_COUNTER ? LZ_UNIT_NONE : info->unit;
        Value value = value_in_unit(rows[i].value, unit);
        lz_csv_text(tables->row, tables->run_id);
        lz_csv_text(tables->row, tables->repetition);
        lz_csv_nano(tables->row, rows[i].t_ns);
        const char *const texts[] = {lz_scope_kind_name(info->scope), scope, info->name, lz_unit_name(unit),
                                     rows[i].stat, NULL};
        append_texts(tables->row, texts);
        append_value(tables->row, &value);
        lz_csv_uint(tables->row, rows[i].n);
        if (!end_row(tables, tables->series, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_events(LzTables *tables, const LzProbes *probes, GError **error)
{
    size_t count;
    const LzTraceRow *rows = lz_recorder_traces(probes, &count);
    for (size_t i = 0; i < count; i++) {
        const LzTraceRow *row = &rows[i];
        lz_csv_text(tables->row, tables->run_id);
        lz_csv_text(tables->row, tables->repetition);
        lz_csv_int(tables->row, row->t_ns);
        lz_csv_uint(tables->row, row->sequence);
        lz_csv_text(tables->row, lz_trace_kind_name(row->kind));
        lz_csv_text(tables->row, row->device);
        lz_csv_text(tables->row, row->peer);
        lz_csv_text(tables->row, row->flow);
        lz_csv_int(tables->row, row->bytes);
        lz_csv_int(tables->row, row->code);
        lz_csv_text(tables->row, row->detail);
        if (!end_row(tables, tables->events, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- exchanges.csv ---- */

static void append_since(GString *csv, LzTime from_ns, LzTime time_ns)
{
    if (time_ns == LZ_TIME_NEVER) {
        lz_csv_empty(csv);
    } else {
        lz_csv_nano(csv, time_ns - from_ns);
    }
}

static void append_exchange(const LzTables *tables, const LzExchangeRow *row)
{
    const LzExchangeTimes *times = &row->times;
    lz_csv_text(tables->row, tables->run_id);
    lz_csv_text(tables->row, tables->repetition);
    lz_csv_text(tables->row, row->device);
    lz_csv_nano(tables->row, times->started_ns);
    append_since(tables->row, times->started_ns, times->connected_ns);
    append_since(tables->row, times->started_ns, times->answered_ns);
    append_since(tables->row, times->started_ns, times->completed_ns);
    lz_csv_text(tables->row, row->outcome);
}

static gboolean add_exchanges(LzTables *tables, const LzProbes *probes, GError **error)
{
    static const char *const columns[] = {"run_id", "rep", "device", "start_s", "connect_s", "flight_s", "complete_s",
                                          "outcome", NULL};
    size_t count;
    const LzExchangeRow *rows = lz_recorder_exchanges(probes, &count);
    if (count > 0 && !tables->exchanges &&
        !open_table(tables, tables->directory, "exchanges.csv", columns, &tables->exchanges, error)) {
        return FALSE;
    }
    for (size_t i = 0; i < count; i++) {
        append_exchange(tables, &rows[i]);
        if (!end_row(tables, tables->exchanges, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean lz_tables_add(LzTables *tables, unsigned repetition, uint64_t seed, const LzProbes *probes, GError **error)
{
    g_free(tables->repetition);
    g_free(tables->seed);
    tables->repetition = g_strdup_printf("%u", repetition);
    tables->seed = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
    return add_metrics(tables, probes, error) && add_series(tables, probes, error) && add_events(tables, probes, error) &&
           add_exchanges(tables, probes, error);
}

/* ---- over the repetitions ---- */

static double mean_of(const GArray *values)
{
    double sum = 0;
    for (unsigned i = 0; i < values->len; i++) {
        sum += g_array_index(values, double, i);
    }
    return sum / values->len;
}

/* Half of the 95 % confidence interval of the mean (Student t). */
static double half_interval(const GArray *values, double mean)
{
    double squares = 0;
    for (unsigned i = 0; i < values->len; i++) {
        double difference = g_array_index(values, double, i) - mean;
        squares += difference * difference;
    }
    double variance = squares / (values->len - 1);
    return lz_student_t_95(values->len - 1) * sqrt(variance / values->len);
}

static gboolean write_summary(LzTables *tables, const Summary *summary, GError **error)
{
    double mean = mean_of(summary->values);
    double half = half_interval(summary->values, mean);
    const char *const texts[] = {tables->run_id, "", "", summary->window, summary->scope_kind, summary->scope,
                                 summary->metric, summary->unit, summary->stat, NULL};
    append_texts(tables->row, texts);
    lz_csv_double(tables->row, mean);
    lz_csv_uint(tables->row, summary->n);
    lz_csv_double(tables->row, mean - half);
    lz_csv_double(tables->row, mean + half);
    return end_row(tables, tables->metrics, error);
}

gboolean lz_tables_finish(LzTables *tables, GError **error)
{
    for (unsigned i = 0; i < tables->summaries->len; i++) {
        const Summary *summary = tables->summaries->pdata[i];
        if (summary->values->len > 1 && !write_summary(tables, summary, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- of the plan ---- */

static const char *window_kind(const LzPlan *plan, const char *name)
{
    const LzAttackPlan *attacks = plan->attacks.items;
    const LzFaultPlan *faults = plan->faults.items;
    for (unsigned i = 0; i < plan->attacks.count; i++) {
        if (g_strcmp0(attacks[i].name.text, name) == 0) {
            return "attack";
        }
    }
    for (unsigned i = 0; i < plan->faults.count; i++) {
        if (g_strcmp0(faults[i].name.text, name) == 0) {
            return "fault";
        }
    }
    return strcmp(name, "always") == 0 || strcmp(name, "warmup") == 0 ? name : "derived";
}

static void append_window(GString *csv, const LzPlan *plan, const char *run_id, const char *repetition,
                          const LzWindowPlan *window)
{
    const char *const texts[] = {run_id, repetition, window->name, window_kind(plan, window->name), NULL};
    append_texts(csv, texts);
    lz_csv_nano(csv, window->from_ns);
    lz_csv_nano(csv, MIN(window->to_ns, plan->run.duration_ns));
    lz_csv_end_row(csv);
}

/* One row for a window, or one for each repetition when a fault's time is drawn from a distribution. */
static gboolean put_windows(LzDirectory *directory, const LzPlan *plan, const char *run_id, GError **error)
{
    static const char *const columns[] = {"run_id", "rep", "window", "kind", "from_s", "to_s", NULL};
    g_autoptr(GString) csv = g_string_new(NULL);
    g_autoptr(GPtrArray) drawn = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < plan->run.repeat; i++) {
        g_ptr_array_add(drawn, lz_windows_of(plan, (uint64_t)plan->run.seed + i));
    }
    lz_csv_header(csv, columns);
    for (unsigned i = 0; i < plan->window_count; i++) {
        bool is_same = true;
        for (unsigned n = 0; n < drawn->len; n++) {
            const LzWindowPlan *window = &((const LzWindowPlan *)drawn->pdata[n])[i];
            is_same &= window->from_ns == plan->windows[i].from_ns && window->to_ns == plan->windows[i].to_ns;
        }
        for (unsigned n = 0; n < (is_same ? 1 : drawn->len); n++) {
            g_autofree char *repetition = is_same ? g_strdup("") : g_strdup_printf("%u", n + 1);
            append_window(csv, plan, run_id, repetition, &((const LzWindowPlan *)drawn->pdata[n])[i]);
        }
    }
    return lz_directory_put(directory, "windows.csv", csv->str, csv->len, error);
}

static void append_flow(GString *csv, const char *run_id, const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    const LzModel *behaviour = flow->behaviour.model;
    const char *const texts[] = {run_id, fleet->name.text, flow->name.text, fleet->profile.text,
                                 behaviour ? behaviour->name : NULL};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        lz_csv_text(csv, texts[i]);
    }
    lz_csv_int(csv, fleet->count);
    lz_csv_int(csv, flow->qos);
    if (flow->deadline_ns > 0) {
        lz_csv_nano(csv, flow->deadline_ns);
    } else {
        lz_csv_empty(csv);
    }
    lz_csv_text(csv, flow->source.text);
    lz_csv_end_row(csv);
}

static gboolean put_flows(LzDirectory *directory, const LzPlan *plan, const char *run_id, GError **error)
{
    static const char *const columns[] = {"run_id", "fleet", "flow", "profile", "behaviour", "devices", "qos",
                                          "deadline_s", "source", NULL};
    g_autoptr(GString) csv = g_string_new(NULL);
    lz_csv_header(csv, columns);
    const LzFleetPlan *fleets = plan->fleet.items;
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        const LzFlowPlan *flows = fleets[i].resolved->flows.items;
        for (unsigned k = 0; k < fleets[i].resolved->flows.count; k++) {
            append_flow(csv, run_id, &fleets[i], &flows[k]);
        }
    }
    return lz_directory_put(directory, "flows.csv", csv->str, csv->len, error);
}


static gboolean open_tables(LzTables *tables, LzDirectory *directory, GError **error)
{
    static const char *const metrics[] = {"run_id", "rep", "seed", "window", "scope_kind", "scope", "metric", "unit",
                                          "stat", "value", "n", "ci_low", "ci_high", NULL};
    static const char *const series[] = {"run_id", "rep", "t_s", "scope_kind", "scope", "metric", "unit", "stat",
                                         "value", "n", NULL};
    static const char *const events[] = {"run_id", "rep", "t_ns", "seq", "kind", "device", "peer", "flow", "bytes",
                                         "code", "detail", NULL};
    static const char *const hist[] = {"run_id", "rep", "window", "scope_kind", "scope", "metric", "unit", "bucket_low",
                                       "bucket_high", "count", NULL};
    return open_table(tables, directory, "metrics.csv", metrics, &tables->metrics, error) &&
           open_table(tables, directory, "series.csv", series, &tables->series, error) &&
           open_table(tables, directory, "events.csv", events, &tables->events, error) &&
           open_table(tables, directory, "hist.csv", hist, &tables->hist, error);
}

LzTables *lz_tables_new(LzDirectory *directory, const LzPlan *plan, const char *run_id, GError **error)
{
    g_autoptr(LzTables) tables = g_new0(LzTables, 1);
    tables->plan = plan;
    tables->directory = directory;
    tables->run_id = run_id;
    tables->row = g_string_new(NULL);
    tables->summaries = g_ptr_array_new_with_free_func(summary_free);
    tables->summary_by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!open_tables(tables, directory, error) || !put_windows(directory, plan, run_id, error) ||
        !put_flows(directory, plan, run_id, error)) {
        return NULL;
    }
    return g_steal_pointer(&tables);
}

void lz_tables_free(LzTables *tables)
{
    if (!tables) {
        return;
    }
    g_string_free(tables->row, TRUE);
    g_hash_table_unref(tables->summary_by_key);
    g_ptr_array_unref(tables->summaries);
    g_free(tables->repetition);
    g_free(tables->seed);
    g_free(tables);
}
