/* Reading tables back for figures, and writing what gnuplot reads. */
#include "sim/output/plot_data.h"

#include <math.h>
#include <string.h>

#include "lazaret/error.h"
#include "sim/core/json.h"
#include "sim/output/csv.h"
#include "sim/output/text.h"

/* ---- numbers ---- */

bool lz_plot_number(const char *cell, double *ret_value)
{
    char *end;
    double value = g_ascii_strtod(cell, &end);
    if (end == cell || *end || !isfinite(value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool count_of(const char *cell, uint64_t *ret_count)
{
    return g_ascii_string_to_unsigned(cell, 10, 0, UINT64_MAX, ret_count, NULL);
}

static gboolean refuse_cell(const char *table, const char *cell, GError **error)
{
    g_autofree char *shown = lz_text_printable(cell);
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s: `%.40s` is not a number", table, shown);
    return FALSE;
}

/* ---- curves ---- */

static void curve_free(gpointer data)
{
    LzPlotCurve *curve = data;
    g_free(curve->group);
    g_free(curve->name);
    g_free(curve->scope);
    g_array_unref(curve->buckets);
    g_free(curve);
}

void lz_plot_curves_free(LzPlotCurves *curves)
{
    if (curves) {
        g_ptr_array_unref(curves->items);
        g_free(curves->run_id);
        g_free(curves);
    }
}

static LzPlotCurve *find_curve(const LzPlotCurves *curves, const char *scope)
{
    for (unsigned i = 0; i < curves->items->len; i++) {
        LzPlotCurve *curve = curves->items->pdata[i];
        if (strcmp(curve->scope, scope) == 0) {
            return curve;
        }
    }
    return NULL;
}

/* Behind the last of its group. */
static void insert_curve(LzPlotCurves *curves, LzPlotCurve *curve)
{
    unsigned place = curves->items->len;
    while (place > 0 && strcmp(((LzPlotCurve *)curves->items->pdata[place - 1])->group, curve->group) != 0) {
        place--;
    }
    g_ptr_array_insert(curves->items, place > 0 ? (int)place : -1, curve);
}

static LzPlotCurve *add_curve(LzPlotCurves *curves, const char *scope)
{
    LzPlotCurve *curve = g_new0(LzPlotCurve, 1);
    const char *slash = strchr(scope, '/');
    curve->scope = g_strdup(scope);
    curve->group = slash ? g_strndup(scope, (size_t)(slash - scope)) : g_strdup(scope);
    curve->name = g_strdup(slash ? slash + 1 : scope);
    curve->buckets = g_array_new(FALSE, FALSE, sizeof(LzPlotBucket));
    curve->deadline_s = (double)NAN;
    insert_curve(curves, curve);
    return curve;
}

typedef struct Reader {
    LzPlotCurves *curves;
    const LzPlotMetric *metric;
} Reader;

static bool is_wanted(const LzPlotMetric *metric, const char *window, const char *scope_kind, const char *name)
{
    bool is_in_window = strcmp(window, "always") == 0 || (metric->has_warmup && strcmp(window, "warmup") == 0);
    return is_in_window && strcmp(scope_kind, metric->scope_kind) == 0 && strcmp(name, metric->metric) == 0;
}

enum { HIST_RUN, HIST_REP, HIST_WINDOW, HIST_KIND, HIST_SCOPE, HIST_METRIC, HIST_LOW, HIST_HIGH, HIST_COUNT };
static const char *const hist_columns[] = {"run_id", "rep", "window", "scope_kind", "scope", "metric", "bucket_low",
                                           "bucket_high", "count", NULL};

static void note_run(LzPlotCurves *curves, const char *run_id, const char *repetition)
{
    uint64_t number;
    if (!curves->run_id) {
        curves->run_id = g_strdup(run_id);
    }
    if (count_of(repetition, &number) && number <= UINT_MAX) {
        curves->repetitions = MAX(curves->repetitions, (unsigned)number);
    }
}

static gboolean read_bucket(void *self, const char *const *cells, GError **error)
{
    Reader *reader = self;
    note_run(reader->curves, cells[HIST_RUN], cells[HIST_REP]);
    if (!is_wanted(reader->metric, cells[HIST_WINDOW], cells[HIST_KIND], cells[HIST_METRIC])) {
        return TRUE;
    }
    LzPlotBucket bucket;
    if (!lz_plot_number(cells[HIST_LOW], &bucket.low) || bucket.low < 0) {
        return refuse_cell("hist.csv", cells[HIST_LOW], error);
    }
    if (!lz_plot_number(cells[HIST_HIGH], &bucket.high) || bucket.high < bucket.low) {
        return refuse_cell("hist.csv", cells[HIST_HIGH], error);
    }
    if (!count_of(cells[HIST_COUNT], &bucket.count) || bucket.count > UINT32_MAX) {
        return refuse_cell("hist.csv", cells[HIST_COUNT], error);
    }
    LzPlotCurve *curve = find_curve(reader->curves, cells[HIST_SCOPE]);
    curve = curve ? curve : add_curve(reader->curves, cells[HIST_SCOPE]);
    g_array_append_val(curve->buckets, bucket);
    curve->count += bucket.count;
    return TRUE;
}

static int bucket_compare(gconstpointer a, gconstpointer b)
{
    const LzPlotBucket *left = a, *right = b;
    return left->low < right->low ? -1 : left->low > right->low;
}

/* The same bucket of several repetitions becomes one. */
static void merge_buckets(LzPlotCurve *curve)
{
    g_array_sort(curve->buckets, bucket_compare);
    LzPlotBucket *buckets = (LzPlotBucket *)(void *)curve->buckets->data;
    unsigned kept = 0;
    for (unsigned i = 0; i < curve->buckets->len; i++) {
        if (kept > 0 && buckets[i].low <= buckets[kept - 1].low) {
            buckets[kept - 1].count += buckets[i].count;
            continue;
        }
        buckets[kept++] = buckets[i];
    }
    g_array_set_size(curve->buckets, kept);
}

LzPlotCurves *lz_plot_read_curves(const char *directory, const LzPlotMetric *metric, GError **error)
{
    g_autoptr(LzPlotCurves) curves = g_new0(LzPlotCurves, 1);
    curves->items = g_ptr_array_new_with_free_func(curve_free);
    Reader reader = {.curves = curves, .metric = metric};
    g_autofree char *path = g_build_filename(directory, "hist.csv", NULL);
    if (!lz_csv_read(path, hist_columns, read_bucket, &reader, error)) {
        return NULL;
    }
    for (unsigned i = 0; i < curves->items->len; i++) {
        merge_buckets(curves->items->pdata[i]);
    }
    return g_steal_pointer(&curves);
}

double lz_plot_quantile(const LzPlotCurve *curve, double share)
{
    const LzPlotBucket *buckets = (const LzPlotBucket *)(const void *)curve->buckets->data;
    uint64_t seen = 0;
    for (unsigned i = 0; i < curve->buckets->len; i++) {
        seen += buckets[i].count;
        if ((double)seen >= share * (double)curve->count) {
            return buckets[i].high;
        }
    }
    return buckets[curve->buckets->len - 1].high;
}

/* ---- further facts ---- */

static const char *const flow_columns[] = {"fleet", "flow", "deadline_s", NULL};

static gboolean read_deadline(void *self, const char *const *cells, GError **error)
{
    g_autofree char *scope = g_strjoin("/", cells[0], cells[1], NULL);
    LzPlotCurve *curve = find_curve(self, scope);
    if (!curve || !cells[2][0]) {
        return TRUE;
    }
    double deadline_s;
    if (!lz_plot_number(cells[2], &deadline_s) || deadline_s <= 0) {
        return refuse_cell("flows.csv", cells[2], error);
    }
    curve->deadline_s = deadline_s;
    return TRUE;
}

gboolean lz_plot_read_deadlines(const char *directory, LzPlotCurves *curves, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "flows.csv", NULL);
    return lz_csv_read(path, flow_columns, read_deadline, curves, error);
}

static const char *const count_columns[] = {"rep", "window", "scope_kind", "metric", "stat", "scope", "value", NULL};

static gboolean read_count(void *self, const char *const *cells, GError **error)
{
    Reader *reader = self;
    bool is_count = cells[0][0] && strcmp(cells[4], "count") == 0 &&
                    is_wanted(reader->metric, cells[1], cells[2], cells[3]);
    LzPlotCurve *curve = is_count ? find_curve(reader->curves, cells[5]) : NULL;
    if (!curve) {
        return TRUE;
    }
    uint64_t count;
    if (!count_of(cells[6], &count)) {
        return refuse_cell("metrics.csv", cells[6], error);
    }
    curve->noted += count;
    return TRUE;
}

gboolean lz_plot_read_counts(const char *directory, const LzPlotMetric *metric, LzPlotCurves *curves, GError **error)
{
    Reader reader = {.curves = curves, .metric = metric};
    g_autofree char *path = g_build_filename(directory, "metrics.csv", NULL);
    return lz_csv_read(path, count_columns, read_count, &reader, error);
}

/* ---- for gnuplot ---- */

void lz_plot_append_quoted(GString *text, const char *foreign)
{
    g_autofree char *printable = lz_text_printable(foreign);
    g_string_append_c(text, '\'');
    for (const char *at = printable; *at; at++) {
        if (*at == '\'' || *at == '`') {
            g_string_append(text, "\u2019");     /* not doubled: gnuplot 5.4 mistakes a leading pair in an array */
        } else {
            g_string_append_c(text, *at);
        }
    }
    g_string_append_c(text, '\'');
}

void lz_plot_append_number(GString *text, double value)
{
    if (isfinite(value)) {
        lz_append_real(text, value);
    } else {
        g_string_append(text, "NaN");
    }
}

void lz_plot_set_text(LzPlotText *plot, const char *variable, const char *foreign)
{
    g_string_append_printf(plot->variables, "%s = ", variable);
    lz_plot_append_quoted(plot->variables, foreign);
    g_string_append_c(plot->variables, '\n');
}

void lz_plot_set_number(LzPlotText *plot, const char *variable, double value)
{
    g_string_append_printf(plot->variables, "%s = ", variable);
    lz_plot_append_number(plot->variables, value);
    g_string_append_c(plot->variables, '\n');
}

char *lz_plot_time_text(double seconds)
{
    static const struct { double size; const char *name; } units[] = {
        {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "us"}};
    unsigned unit = seconds >= 1000 ? 0 : 1;
    while (unit + 1 < G_N_ELEMENTS(units) && seconds < units[unit].size) {
        unit++;
    }
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(number, sizeof number, "%.4g", seconds / units[unit].size);
    return g_strdup_printf("%s %s", number, units[unit].name);
}

char *lz_plot_count_text(uint64_t count)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, count);
    GString *text = g_string_new(digits);
    for (gssize place = (gssize)text->len - 3; place > 0; place -= 3) {
        g_string_insert_c(text, place, ',');
    }
    return g_string_free(text, FALSE);
}
