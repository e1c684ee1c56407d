/* Figure latency-time: latency percentiles of each flow over virtual time, with the attacks and faults. */
#include <math.h>
#include <string.h>

#include "sim/output/csv.h"
#include "sim/output/plot_data.h"

#define PANELS_MAX 12
#define BANDS_MAX 32
#define POINTS_MAX 240                  /* of one panel: more intervals are drawn together */

typedef struct Point {
    double t_s, p50, p99;
} Point;

typedef struct Panel {
    char *scope;
    double deadline_s, high;            /* high: highest p99 */
    unsigned order;                     /* place in flows.csv */
    GArray *points;                     /* Point, in time */
} Panel;

typedef struct Figure {
    GPtrArray *panels;                  /* Panel, in order of appearance */
    char *run_id;
    double end_s, low, high;
    unsigned flows;                     /* rows of flows.csv so far */
} Figure;

static void panel_free(gpointer data)
{
    Panel *panel = data;
    g_free(panel->scope);
    g_array_unref(panel->points);
    g_free(panel);
}

static Panel *find_panel(const Figure *figure, const char *scope)
{
    for (unsigned i = 0; i < figure->panels->len; i++) {
        Panel *panel = figure->panels->pdata[i];
        if (strcmp(panel->scope, scope) == 0) {
            return panel;
        }
    }
    return NULL;
}

static Panel *add_panel(Figure *figure, const char *scope)
{
    Panel *panel = g_new0(Panel, 1);
    panel->scope = g_strdup(scope);
    panel->deadline_s = (double)NAN;
    panel->order = UINT_MAX;
    panel->points = g_array_new(FALSE, FALSE, sizeof(Point));
    g_ptr_array_add(figure->panels, panel);
    return panel;
}

/* ---- reading ---- */

enum { SERIES_RUN, SERIES_REP, SERIES_T, SERIES_KIND, SERIES_SCOPE, SERIES_METRIC, SERIES_STAT, SERIES_VALUE };
static const char *const series_columns[] = {"run_id", "rep", "t_s", "scope_kind", "scope", "metric", "stat", "value",
                                             NULL};

/* The two percentiles of an interval stand in rows of their own. */
static void set_point(Panel *panel, double t_s, bool is_p99, double value)
{
    Point *last = panel->points->len > 0 ? &g_array_index(panel->points, Point, panel->points->len - 1) : NULL;
    if (!last || last->t_s < t_s) {
        Point point = {.t_s = t_s, .p50 = (double)NAN, .p99 = (double)NAN};
        g_array_append_val(panel->points, point);
        last = &g_array_index(panel->points, Point, panel->points->len - 1);
    }
    *(is_p99 ? &last->p99 : &last->p50) = value;
}

/* Repetition 1 only: percentiles of repetitions cannot be merged. */
static gboolean read_series(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Figure *figure = self;
    bool is_p99 = strcmp(cells[SERIES_STAT], "p99") == 0;
    double t_s, value;
    if (strcmp(cells[SERIES_REP], "1") != 0 || strcmp(cells[SERIES_KIND], "flow") != 0 ||
        strcmp(cells[SERIES_METRIC], "latency") != 0 || !(is_p99 || strcmp(cells[SERIES_STAT], "p50") == 0) ||
        !lz_plot_number(cells[SERIES_T], &t_s) || !lz_plot_number(cells[SERIES_VALUE], &value) || value <= 0) {
        return TRUE;
    }
    if (!figure->run_id) {
        figure->run_id = g_strdup(cells[SERIES_RUN]);
    }
    Panel *panel = find_panel(figure, cells[SERIES_SCOPE]);
    panel = panel ? panel : add_panel(figure, cells[SERIES_SCOPE]);
    set_point(panel, t_s, is_p99, value);
    panel->high = fmax(panel->high, value);
    figure->end_s = fmax(figure->end_s, t_s);
    return TRUE;
}

static const char *const flow_columns[] = {"fleet", "flow", "deadline_s", NULL};

static gboolean read_deadline(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Figure *figure = self;
    g_autofree char *scope = g_strjoin("/", cells[0], cells[1], NULL);
    Panel *panel = find_panel(figure, scope);
    double deadline_s;
    figure->flows++;
    if (!panel) {
        return TRUE;
    }
    panel->order = figure->flows;
    if (lz_plot_number(cells[2], &deadline_s) && deadline_s > 0) {
        panel->deadline_s = deadline_s;
    }
    return TRUE;
}

typedef struct Bands {
    GString *names, *froms, *tos, *attacks;
    unsigned count;
} Bands;

static const char *const window_columns[] = {"rep", "window", "kind", "from_s", "to_s", NULL};

static gboolean read_band(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Bands *bands = self;
    enum { REP, NAME, KIND, FROM, TO };
    bool is_attack = strcmp(cells[KIND], "attack") == 0, is_shown = !cells[REP][0] || strcmp(cells[REP], "1") == 0;
    double from_s, to_s;
    if (!is_shown || !(is_attack || strcmp(cells[KIND], "fault") == 0) || bands->count == BANDS_MAX ||
        !lz_plot_number(cells[FROM], &from_s) || !lz_plot_number(cells[TO], &to_s) || to_s <= from_s) {
        return TRUE;
    }
    const char *comma = bands->count > 0 ? ", " : "";
    g_string_append(bands->names, comma);
    lz_plot_append_quoted(bands->names, cells[NAME]);
    g_string_append(bands->froms, comma);
    lz_plot_append_number(bands->froms, from_s);
    g_string_append(bands->tos, comma);
    lz_plot_append_number(bands->tos, to_s);
    g_string_append_printf(bands->attacks, "%s%d", comma, is_attack);
    bands->count++;
    return TRUE;
}

/* ---- choosing ---- */

/* How near a flow came to its deadline; without one it goes last. */
static double nearness(const Panel *panel)
{
    return isfinite(panel->deadline_s) ? panel->high / panel->deadline_s : 0;
}

static int compare_nearness(gconstpointer a, gconstpointer b)
{
    const Panel *left = *(const Panel *const *)a, *right = *(const Panel *const *)b;
    double difference = nearness(right) - nearness(left);
    return difference < 0 ? -1 : difference > 0 ? 1 : left->order < right->order ? -1 : left->order > right->order;
}

static int compare_order(gconstpointer a, gconstpointer b)
{
    const Panel *left = *(const Panel *const *)a, *right = *(const Panel *const *)b;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* Keeps the flows nearest to their deadlines, in the scenario's order; returns how many were left out. */
static unsigned choose_panels(Figure *figure)
{
    unsigned left_out = figure->panels->len > PANELS_MAX ? figure->panels->len - PANELS_MAX : 0;
    g_ptr_array_sort(figure->panels, compare_nearness);
    if (left_out > 0) {
        g_ptr_array_remove_range(figure->panels, PANELS_MAX, left_out);
    }
    g_ptr_array_sort(figure->panels, compare_order);
    return left_out;
}

/* ---- drawing intervals together ---- */

/* The interval of the series: the least distance of two points. */
static double interval_of(const Figure *figure)
{
    double interval = (double)INFINITY;
    for (unsigned i = 0; i < figure->panels->len; i++) {
        const GArray *points = ((const Panel *)figure->panels->pdata[i])->points;
        for (unsigned k = 1; k < points->len; k++) {
            const Point *point = &g_array_index(points, Point, k);
            interval = fmin(interval, point->t_s - (point - 1)->t_s);
        }
    }
    return isfinite(interval) ? interval : 1;
}

/* The least of 1, 2, 5, 10, 20, 50 … intervals that leaves no more than POINTS_MAX points. */
static double bin_of(double interval, double end_s)
{
    static const double steps[] = {1, 2, 5};
    double bin = interval, decade = 1;
    for (unsigned i = 0; end_s / bin > POINTS_MAX; i++) {
        decade *= i > 0 && i % 3 == 0 ? 10 : 1;
        bin = interval * steps[i % 3] * decade;
    }
    return bin;
}

static int compare_doubles(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* Points first to last-1 as one: the median of their p50, the highest of their p99. */
static Point merge_points(const GArray *points, unsigned first, unsigned last, double t_s)
{
    g_autoptr(GArray) medians = g_array_new(FALSE, FALSE, sizeof(double));
    Point merged = {.t_s = t_s, .p50 = (double)NAN, .p99 = (double)NAN};
    for (unsigned i = first; i < last; i++) {
        const Point *point = &g_array_index(points, Point, i);
        merged.p99 = fmax(merged.p99, point->p99);
        if (!isnan(point->p50)) {
            g_array_append_val(medians, point->p50);
        }
    }
    if (medians->len > 0) {
        g_array_sort(medians, compare_doubles);
        merged.p50 = g_array_index(medians, double, medians->len / 2);
    }
    return merged;
}

static GArray *bin_points(const GArray *points, double bin)
{
    GArray *binned = g_array_new(FALSE, FALSE, sizeof(Point));
    for (unsigned first = 0, last; first < points->len; first = last) {
        double number = floor(g_array_index(points, Point, first).t_s / bin + 1e-9);
        for (last = first + 1; last < points->len; last++) {
            if (floor(g_array_index(points, Point, last).t_s / bin + 1e-9) > number) {
                break;
            }
        }
        Point merged = merge_points(points, first, last, number * bin);
        g_array_append_val(binned, merged);
    }
    return binned;
}

/* ---- writing ---- */

static bool is_gap(const GArray *points, unsigned left, double bin)
{
    if (left + 1 >= points->len) {
        return true;
    }
    const Point *point = &g_array_index(points, Point, left);
    return (point + 1)->t_s - point->t_s > 1.5 * bin;
}

static void append_points(GString *data, Figure *figure, const GArray *points, double bin)
{
    bool is_after_gap = true;
    for (unsigned i = 0; i < points->len; i++) {
        const Point *point = &g_array_index(points, Point, i);
        bool is_before_gap = is_gap(points, i, bin);
        lz_plot_append_number(data, point->t_s + bin / 2);
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, point->p50);
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, point->p99);
        g_string_append_printf(data, " %d\n%s", is_after_gap && is_before_gap, is_before_gap ? "\n" : "");
        is_after_gap = is_before_gap;
        figure->low = fmin(figure->low, fmin(point->p50, point->p99));
        figure->high = fmax(figure->high, fmax(point->p50, point->p99));
    }
    g_string_append(data, "\n");         /* with the line after the last gap: a new block */
}

static void set_panels(LzPlotText *plot, Figure *figure, double bin)
{
    g_autoptr(GString) titles = g_string_new(NULL);
    g_autoptr(GString) deadlines = g_string_new(NULL);
    unsigned count = figure->panels->len;
    for (unsigned i = 0; i < count; i++) {
        const Panel *panel = figure->panels->pdata[i];
        g_autoptr(GArray) binned = bin_points(panel->points, bin);
        append_points(plot->data, figure, binned, bin);
        figure->high = fmax(figure->high, panel->deadline_s);
        g_string_append(titles, i > 0 ? ", " : "");
        lz_plot_append_quoted(titles, panel->scope);
        g_string_append(deadlines, i > 0 ? ", " : "");
        lz_plot_append_number(deadlines, panel->deadline_s);
    }
    g_string_append_printf(plot->variables, "panels = %u\narray panel_title[%u] = [%s]\narray deadline[%u] = [%s]\n",
                           count, count, titles->str, count, deadlines->str);
}

/* gnuplot has no empty arrays: without bands there is one that is never drawn. */
static gboolean set_bands(const char *directory, LzPlotText *plot, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL), froms = g_string_new(NULL);
    g_autoptr(GString) tos = g_string_new(NULL), attacks = g_string_new(NULL);
    Bands bands = {.names = names, .froms = froms, .tos = tos, .attacks = attacks};
    g_autofree char *path = g_build_filename(directory, "windows.csv", NULL);
    if (!lz_csv_read(path, window_columns, read_band, &bands, error)) {
        return FALSE;
    }
    unsigned size = MAX(bands.count, 1);
    bool is_empty = bands.count == 0;
    g_string_append_printf(plot->variables, "bands = %u\narray band_name[%u] = [%s]\narray band_from[%u] = [%s]\n",
                           bands.count, size, is_empty ? "''" : names->str, size, is_empty ? "0" : froms->str);
    g_string_append_printf(plot->variables, "array band_to[%u] = [%s]\narray band_is_attack[%u] = [%s]\n", size,
                           is_empty ? "0" : tos->str, size, is_empty ? "0" : attacks->str);
    return TRUE;
}

static void set_caption(LzPlotText *plot, const Figure *figure, unsigned left_out, double interval, double bin)
{
    g_autoptr(GString) caption = g_string_new(NULL);
    g_autofree char *interval_text = lz_plot_time_text(interval);
    g_string_append_printf(caption, "run %s, repetition 1; messages delivered in intervals of %s", figure->run_id,
                           interval_text);
    if (bin > interval) {
        g_autofree char *bin_text = lz_plot_time_text(bin);
        g_string_append_printf(caption, ", of %s each the median p50 and the highest p99", bin_text);
    }
    if (left_out > 0) {
        g_string_append_printf(caption, "; the flows nearest to their deadlines, %u more in series.csv", left_out);
    }
    lz_plot_set_text(plot, "caption", caption->str);
}

static gboolean fill(const char *directory, Figure *figure, LzPlotText *plot, GError **error)
{
    g_autofree char *series = g_build_filename(directory, "series.csv", NULL);
    g_autofree char *flows = g_build_filename(directory, "flows.csv", NULL);
    if (!lz_csv_read(series, series_columns, read_series, figure, error)) {
        return FALSE;
    }
    if (figure->panels->len == 0) {
        return TRUE;
    }
    if (!lz_csv_read(flows, flow_columns, read_deadline, figure, error) || !set_bands(directory, plot, error)) {
        return FALSE;
    }
    unsigned left_out = choose_panels(figure);
    double interval = interval_of(figure);
    double bin = bin_of(interval, figure->end_s);
    set_caption(plot, figure, left_out, interval, bin);
    set_panels(plot, figure, bin);
    lz_plot_set_number(plot, "low", figure->low);
    lz_plot_set_number(plot, "high", figure->high);
    lz_plot_set_number(plot, "end", figure->end_s + bin);
    plot->has_data = true;
    return TRUE;
}

static gboolean prepare(const char *directory, LzPlotText *plot, GError **error)
{
    Figure figure = {.panels = g_ptr_array_new_with_free_func(panel_free), .low = (double)INFINITY};
    gboolean is_good = fill(directory, &figure, plot, error);
    g_ptr_array_unref(figure.panels);
    g_free(figure.run_id);
    return is_good;
}

const LzFigure lz_figure_latency_time = {.name = "latency-time", .prepare = prepare};
