/* From the tables of earlier results to one value. Rows are per fleet and flow; an expectation may ask for several
 * of them together, so counts are added, means weighted, and percentiles taken from the merged buckets. */
#include "sim/output/baseline.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lazaret/error.h"
#include "sim/output/csv.h"
#include "sim/output/text.h"

#define REPETITIONS_MAX 1000            /* as many as a scenario may ask for */
#define SAMPLES_MAX (UINT64_C(1) << 53)
#define VALUE_MAX (INT64_C(1) << 62)
#define PPB 1000000000
#define MICRO 1000000                   /* rates are kept in millionths per second */

typedef unsigned __int128 Wide;         /* holds LZ_BASELINE_ROWS_MAX products of a value and SAMPLES_MAX */

typedef struct Repetition {             /* what its rows say together */
    unsigned rows;
    Wide sum, weighted, samples;        /* of the values; of the values times their samples; of these */
    int64_t min, max;
    LzHistogram *histogram;             /* NULL until its first bucket */
} Repetition;

typedef struct Reader {
    const LzExpectation *expectation;
    const LzMetricInfo *metric;
    const char *window;
    const char *table;                  /* that is being read, for messages */
    GArray *repetitions;                /* Repetition */
    LzTime window_ns;                   /* 0 until windows.csv has said; of a drawn one the mean */
    unsigned windows;                   /* rows of windows.csv that say it: one, or one per repetition */
} Reader;

/* ---- cells ---- */

static gboolean refuse_cell(const Reader *reader, const char *cell, GError **error)
{
    g_autofree char *shown = lz_text_printable(cell);
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s: `%.40s` is not a number that can stand there", reader->table,
                shown);
    return FALSE;
}

/* Digits from *text on, at most `most` of them, behind those that value has. False when it becomes too large. */
static bool read_digits(const char **text, unsigned most, int64_t *value, unsigned *ret_count)
{
    for (*ret_count = 0; *ret_count < most && g_ascii_isdigit(**text); ++*ret_count, ++*text) {
        if (*value > VALUE_MAX / 10 - 1) {
            return false;
        }
        *value = 10 * *value + (**text - '0');
    }
    return true;
}

/* "1.5" as 15 when the unit is kept with one decimal digit; whole, exact, from 0 to VALUE_MAX. */
static bool read_decimal(const char *cell, unsigned decimals, int64_t *ret_value)
{
    int64_t value = 0;
    unsigned count = 0, shown = 0;
    if (!read_digits(&cell, UINT_MAX, &value, &count) || count == 0) {
        return false;
    }
    if (*cell == '.') {
        cell++;
        if (!read_digits(&cell, decimals, &value, &shown) || shown == 0) {
            return false;
        }
    }
    for (; shown < decimals; shown++) {
        if (value > VALUE_MAX / 10) {
            return false;
        }
        value *= 10;
    }
    *ret_value = value;
    return *cell == '\0';
}

static unsigned digits_of(LzUnit unit)
{
    return unit == LZ_UNIT_SECONDS || unit == LZ_UNIT_RATIO ? 9 : 0;
}

/* NULL after an error. */
static Repetition *repetition_of(Reader *reader, const char *cell, GError **error)
{
    uint64_t number;
    if (!g_ascii_string_to_unsigned(cell, 10, 1, REPETITIONS_MAX, &number, NULL)) {
        refuse_cell(reader, cell, error);
        return NULL;
    }
    if (reader->repetitions->len < number) {
        g_array_set_size(reader->repetitions, (guint)number);
    }
    return &g_array_index(reader->repetitions, Repetition, number - 1);
}

/* A scope's cell is FLEET/NAME, or one word where there is only one or both are the same. */
static bool is_scope_wanted(const LzExpectation *expectation, const char *cell)
{
    const char *slash = strchr(cell, '/');
    const char *name = slash ? slash + 1 : cell;
    g_autofree char *fleet = slash ? g_strndup(cell, (size_t)(slash - cell)) : g_strdup(cell);
    return (!expectation->scope_name || strcmp(expectation->scope_name, name) == 0) &&
           (!expectation->fleet || strcmp(expectation->fleet, fleet) == 0);
}

/* Rows without `rep` are over all repetitions. */
static bool is_wanted(const Reader *reader, const char *repetition, const char *window, const char *kind,
                      const char *scope, const char *metric)
{
    return repetition[0] && strcmp(metric, reader->metric->name) == 0 && strcmp(window, reader->window) == 0 &&
           strcmp(kind, lz_scope_kind_name(reader->metric->scope)) == 0 &&
           is_scope_wanted(reader->expectation, scope);
}

/* ---- metrics.csv ---- */

enum { METRICS_REP, METRICS_WINDOW, METRICS_KIND, METRICS_SCOPE, METRICS_METRIC, METRICS_STAT, METRICS_VALUE, METRICS_N };
static const char *const metrics_columns[] = {"rep", "window", "scope_kind", "scope", "metric", "stat", "value", "n",
                                              NULL};

/* Whether the rows of this name are what the statistic is made of. */
static bool is_stat_wanted(LzStatistic statistic, const char *stat)
{
    switch (statistic) {
    case LZ_STATISTIC_COUNT:
    case LZ_STATISTIC_RATE:
    case LZ_STATISTIC_RATIO:
        return strcmp(stat, "count") == 0;
    case LZ_STATISTIC_MEAN:
        return strcmp(stat, "mean") == 0;
    case LZ_STATISTIC_MIN:
        return strcmp(stat, "min") == 0;
    case LZ_STATISTIC_MAX:
        return strcmp(stat, "max") == 0;
    case LZ_STATISTIC_LAST:
        return strcmp(stat, "last") == 0;
    case LZ_STATISTIC_QUANTILE:
        return strcmp(stat, "min") == 0 || strcmp(stat, "max") == 0;
    case LZ_STATISTIC_RECOVER_TIME:
        break;                          /* in no table */
    }
    return false;
}

static gboolean add_row(Repetition *repetition, int64_t value, uint64_t samples, GError **error)
{
    if (repetition->rows == LZ_BASELINE_ROWS_MAX) {
        g_set_error_literal(error, LZ_ERROR, LZ_ERROR_INPUT, "more rows than LZ_BASELINE_ROWS_MAX ("
                            G_STRINGIFY(LZ_BASELINE_ROWS_MAX) ") of one repetition");
        return FALSE;
    }
    bool is_first = repetition->rows++ == 0;
    repetition->sum += (Wide)(uint64_t)value;
    repetition->weighted += (Wide)(uint64_t)value * samples;
    repetition->samples += samples;
    repetition->min = is_first ? value : MIN(repetition->min, value);
    repetition->max = is_first ? value : MAX(repetition->max, value);
    return TRUE;
}

static gboolean read_metric(void *self, const char *const *cells, GError **error)
{
    Reader *reader = self;
    LzStatistic statistic = reader->expectation->statistic;
    if (!is_wanted(reader, cells[METRICS_REP], cells[METRICS_WINDOW], cells[METRICS_KIND], cells[METRICS_SCOPE],
                   cells[METRICS_METRIC]) ||
        !is_stat_wanted(statistic, cells[METRICS_STAT])) {
        return TRUE;
    }
    bool is_count = strcmp(cells[METRICS_STAT], "count") == 0;
    int64_t value;
    uint64_t samples;
    if (!read_decimal(cells[METRICS_VALUE], is_count ? 0 : digits_of(reader->metric->unit), &value)) {
        return refuse_cell(reader, cells[METRICS_VALUE], error);
    }
    if (!g_ascii_string_to_unsigned(cells[METRICS_N], 10, 0, SAMPLES_MAX, &samples, NULL)) {
        return refuse_cell(reader, cells[METRICS_N], error);
    }
    Repetition *repetition = repetition_of(reader, cells[METRICS_REP], error);
    return repetition && add_row(repetition, value, samples, error);
}

/* ---- windows.csv, hist.csv ---- */

enum { WINDOWS_NAME, WINDOWS_FROM, WINDOWS_TO };
static const char *const windows_columns[] = {"window", "from_s", "to_s", NULL};

static gboolean read_window(void *self, const char *const *cells, GError **error)
{
    Reader *reader = self;
    if (strcmp(cells[WINDOWS_NAME], reader->window) != 0) {
        return TRUE;
    }
    LzTime from_ns, to_ns;
    if (!read_decimal(cells[WINDOWS_FROM], 9, &from_ns)) {
        return refuse_cell(reader, cells[WINDOWS_FROM], error);
    }
    if (!read_decimal(cells[WINDOWS_TO], 9, &to_ns) || to_ns <= from_ns) {
        return refuse_cell(reader, cells[WINDOWS_TO], error);
    }
    reader->windows++;
    reader->window_ns += (to_ns - from_ns - reader->window_ns) / (LzTime)reader->windows;
    return TRUE;
}

enum { HIST_REP, HIST_WINDOW, HIST_KIND, HIST_SCOPE, HIST_METRIC, HIST_LOW, HIST_COUNT };
static const char *const hist_columns[] = {"rep", "window", "scope_kind", "scope", "metric", "bucket_low", "count", NULL};

static gboolean read_bucket(void *self, const char *const *cells, GError **error)
{
    Reader *reader = self;
    if (!is_wanted(reader, cells[HIST_REP], cells[HIST_WINDOW], cells[HIST_KIND], cells[HIST_SCOPE],
                   cells[HIST_METRIC])) {
        return TRUE;
    }
    int64_t low;
    uint64_t count;
    if (!read_decimal(cells[HIST_LOW], digits_of(reader->metric->unit), &low)) {
        return refuse_cell(reader, cells[HIST_LOW], error);
    }
    if (!g_ascii_string_to_unsigned(cells[HIST_COUNT], 10, 0, UINT32_MAX, &count, NULL)) {
        return refuse_cell(reader, cells[HIST_COUNT], error);
    }
    Repetition *repetition = repetition_of(reader, cells[HIST_REP], error);
    if (!repetition) {
        return FALSE;
    }
    if (!repetition->histogram) {
        repetition->histogram = lz_histogram_new(LZ_RECORDER_DIGITS);
    }
    lz_histogram_restore_bucket(repetition->histogram, low, count);
    return TRUE;
}

/* ---- the value ---- */

static int64_t divide_nearest(Wide dividend, Wide divisor)
{
    return (int64_t)MIN((dividend + divisor / 2) / divisor, (Wide)INT64_MAX - 1);
}

static int64_t quantile_of(const Repetition *repetition, uint32_t quantile_ppb)
{
    lz_histogram_restore_range(repetition->histogram, repetition->min, repetition->max);
    return lz_histogram_quantile(repetition->histogram, quantile_ppb);
}

/* False: it saw no sample. */
static bool value_of(const Reader *reader, const Repetition *repetition, int64_t *ret_value)
{
    if (repetition->rows == 0) {
        return false;
    }
    bool is_sample = reader->metric->type == LZ_METRIC_SAMPLE;
    switch (reader->expectation->statistic) {
    case LZ_STATISTIC_COUNT:
        *ret_value = divide_nearest(repetition->sum, 1);
        return true;
    case LZ_STATISTIC_RATE:
        *ret_value = divide_nearest(repetition->sum * MICRO * LZ_NS_PER_S, (Wide)reader->window_ns);
        return true;
    case LZ_STATISTIC_RATIO:
        *ret_value = repetition->samples > 0 ? divide_nearest(repetition->sum * PPB, repetition->samples) : 0;
        return repetition->samples > 0;
    case LZ_STATISTIC_MEAN:
        *ret_value = repetition->samples == 0 ? 0
                     : is_sample              ? divide_nearest(repetition->weighted, repetition->samples)
                                              : divide_nearest(repetition->sum, repetition->rows);
        return repetition->samples > 0;
    case LZ_STATISTIC_MIN:
        *ret_value = repetition->min;
        return true;
    case LZ_STATISTIC_MAX:
        *ret_value = repetition->max;
        return true;
    case LZ_STATISTIC_LAST:
        *ret_value = divide_nearest(repetition->sum, repetition->rows);
        return true;
    case LZ_STATISTIC_QUANTILE:
        *ret_value = repetition->histogram ? quantile_of(repetition, reader->expectation->quantile_ppb) : 0;
        return repetition->histogram && lz_histogram_count(repetition->histogram) > 0;
    case LZ_STATISTIC_RECOVER_TIME:
        break;
    }
    return false;
}

static gboolean mean_of(const Reader *reader, int64_t *ret_value, GError **error)
{
    Wide sum = 0;
    unsigned count = reader->repetitions->len;
    for (unsigned i = 0; i < count; i++) {
        int64_t value;
        if (!value_of(reader, &g_array_index(reader->repetitions, Repetition, i), &value)) {
            g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "its repetition %u has no sample of it", i + 1);
            return FALSE;
        }
        sum += (Wide)(uint64_t)value;
    }
    if (count == 0) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "metrics.csv has no row of this metric, statistic and window (%s)",
                    reader->window);
        return FALSE;
    }
    *ret_value = divide_nearest(sum, count);
    return TRUE;
}

/* ---- files ---- */

/* The file's real place, when that is a regular file below the scenario's folder. */
static char *find_table(const LzPlan *plan, const char *baseline, const char *table, GError **error)
{
    char root[PATH_MAX], place[PATH_MAX];
    g_autofree char *folder = g_path_get_dirname(plan->path);
    g_autofree char *path = g_build_filename(folder, baseline, table, NULL);
    if (!realpath(folder, root) || !realpath(path, place)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s: %s", table, g_strerror(errno));
        return NULL;
    }
    size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(root, place, size) != 0 || place[size] != '/') {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s leads out of the scenario's folder", table);
        return NULL;
    }
    if (!g_file_test(place, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s is not a regular file", table);
        return NULL;
    }
    return g_strdup(place);
}

static gboolean read_table(Reader *reader, const LzPlan *plan, const char *table, const char *const *columns,
                           LzCsvRow row, GError **error)
{
    reader->table = table;
    g_autofree char *path = find_table(plan, reader->expectation->baseline, table, error);
    return path && lz_csv_read(path, columns, row, reader, error);
}

static gboolean read_tables(Reader *reader, const LzPlan *plan, GError **error)
{
    LzStatistic statistic = reader->expectation->statistic;
    if (!read_table(reader, plan, "metrics.csv", metrics_columns, read_metric, error)) {
        return FALSE;
    }
    if (statistic == LZ_STATISTIC_QUANTILE) {
        return read_table(reader, plan, "hist.csv", hist_columns, read_bucket, error);
    }
    if (statistic != LZ_STATISTIC_RATE) {
        return TRUE;
    }
    if (!read_table(reader, plan, "windows.csv", windows_columns, read_window, error)) {
        return FALSE;
    }
    if (reader->window_ns == 0) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "windows.csv has no window %s", reader->window);
        return FALSE;
    }
    return TRUE;
}

static void repetition_clear(gpointer data)
{
    lz_histogram_free(((Repetition *)data)->histogram);
}

gboolean lz_baseline_read(const LzPlan *plan, const LzExpectation *expectation, int64_t *ret_value, GError **error)
{
    g_autoptr(GArray) repetitions = g_array_new(FALSE, TRUE, sizeof(Repetition));
    g_array_set_clear_func(repetitions, repetition_clear);
    Reader reader = {
        .expectation = expectation,
        .metric = lz_metric_info(expectation->metric),
        .window = plan->windows[expectation->window].name,
        .repetitions = repetitions,
    };
    return read_tables(&reader, plan, error) && mean_of(&reader, ret_value, error);
}
