/* Figure latency-time: latency percentiles of each flow over virtual time, with the attacks and faults. */
#include <math.h>
#include <string.h>

#include "sim/output/csv.h"
#include "sim/output/plot_data.h"

#define PANELS_MAX 12
#define BANDS_MAX 32

typedef struct Point {
    double t_s, p50, p99;
} Point;

typedef struct Panel {
    char *scope;
    double deadline_s;
    GArray *points;                     /* Point, in time */
} Panel;

typedef struct Figure {
    GPtrArray *panels;                  /* Panel, in order of appearance */
    char *run_id;
    double end_s, low, high;
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
    panel->deadline_s = NAN;
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
        Point point = {.t_s = t_s, .p50 = NAN, .p99 = NAN};
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
    set_point(panel ? panel : add_panel(figure, cells[SERIES_SCOPE]), t_s, is_p99, value);
    figure->end_s = fmax(figure->end_s, t_s);
    figure->low = fmin(figure->low, value);
    figure->high = fmax(figure->high, value);
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
    if (panel && lz_plot_number(cells[2], &deadline_s) && deadline_s > 0) {
        panel->deadline_s = deadline_s;
        figure->high = fmax(figure->high, deadline_s);
    }
    return TRUE;
}

typedef struct Bands {
    GString *names, *froms, *tos, *attacks;
    unsigned count;
} Bands;

static const char *const window_columns[] = {"window", "kind", "from_s", "to_s", NULL};

static gboolean read_band(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Bands *bands = self;
    bool is_attack = strcmp(cells[1], "attack") == 0;
    double from_s, to_s;
    if (!(is_attack || strcmp(cells[1], "fault") == 0) || bands->count == BANDS_MAX ||
        !lz_plot_number(cells[2], &from_s) || !lz_plot_number(cells[3], &to_s) || to_s <= from_s) {
        return TRUE;
    }
    const char *comma = bands->count > 0 ? ", " : "";
    g_string_append(bands->names, comma);
    lz_plot_append_quoted(bands->names, cells[0]);
    g_string_append(bands->froms, comma);
    lz_plot_append_number(bands->froms, from_s);
    g_string_append(bands->tos, comma);
    lz_plot_append_number(bands->tos, to_s);
    g_string_append_printf(bands->attacks, "%s%d", comma, is_attack);
    bands->count++;
    return TRUE;
}

/* ---- writing ---- */

/* The interval of the series: a wider distance of two points breaks the line. */
static double interval_of(const Panel *panel, double interval)
{
    for (unsigned i = 1; i < panel->points->len; i++) {
        const Point *point = &g_array_index(panel->points, Point, i);
        interval = fmin(interval, point->t_s - (point - 1)->t_s);
    }
    return interval;
}

static bool is_gap(const Panel *panel, unsigned left, double interval)
{
    if (left + 1 >= panel->points->len) {
        return true;
    }
    const Point *point = &g_array_index(panel->points, Point, left);
    return (point + 1)->t_s - point->t_s > 1.5 * interval;
}

static void append_panel(GString *data, const Panel *panel, double interval)
{
    bool is_after_gap = true;
    for (unsigned i = 0; i < panel->points->len; i++) {
        const Point *point = &g_array_index(panel->points, Point, i);
        bool is_before_gap = is_gap(panel, i, interval);
        lz_plot_append_number(data, point->t_s);
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, point->p50);
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, point->p99);
        g_string_append_printf(data, " %d\n%s", is_after_gap && is_before_gap, is_before_gap ? "\n" : "");
        is_after_gap = is_before_gap;
    }
    g_string_append(data, "\n");         /* with the line after the last gap: a new block */
}

static void set_panels(LzPlotText *plot, const Figure *figure, unsigned count)
{
    g_autoptr(GString) titles = g_string_new(NULL);
    g_autoptr(GString) deadlines = g_string_new(NULL);
    double interval = INFINITY;
    for (unsigned i = 0; i < figure->panels->len; i++) {
        interval = interval_of(figure->panels->pdata[i], interval);
    }
    for (unsigned i = 0; i < count; i++) {
        const Panel *panel = figure->panels->pdata[i];
        append_panel(plot->data, panel, interval);
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

static void set_caption(LzPlotText *plot, const Figure *figure, unsigned count)
{
    g_autoptr(GString) caption = g_string_new(NULL);
    g_string_append_printf(caption, "run %s, repetition 1; percentiles of the messages delivered in an interval",
                           figure->run_id);
    if (count < figure->panels->len) {
        g_string_append_printf(caption, "; %u flows more are in series.csv", figure->panels->len - count);
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
    unsigned count = MIN(figure->panels->len, PANELS_MAX);
    set_caption(plot, figure, count);
    set_panels(plot, figure, count);
    lz_plot_set_number(plot, "low", figure->low);
    lz_plot_set_number(plot, "high", figure->high);
    lz_plot_set_number(plot, "end", figure->end_s);
    plot->has_data = true;
    return TRUE;
}

static gboolean prepare(const char *directory, LzPlotText *plot, GError **error)
{
    Figure figure = {.panels = g_ptr_array_new_with_free_func(panel_free), .low = INFINITY};
    gboolean is_good = fill(directory, &figure, plot, error);
    g_ptr_array_unref(figure.panels);
    g_free(figure.run_id);
    return is_good;
}

const LzFigure lz_figure_latency_time = {.name = "latency-time", .prepare = prepare};
