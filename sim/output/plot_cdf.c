/* Figure latency-cdf: one curve per flow, one panel per fleet. */
#include <math.h>
#include <string.h>

#include "sim/output/plot_data.h"

/* Seconds, share of messages that took longer: of the i-th of n it is taken as 1 - i/(n + 1), so that a curve ends where
 * n messages can say no more (the logarithm of nothing cannot be drawn). */
static void append_curve(GString *data, const LzPlotCurve *curve)
{
    const LzPlotBucket *buckets = (const LzPlotBucket *)(const void *)curve->buckets->data;
    uint64_t later = curve->count + 1;
    lz_plot_append_number(data, buckets[0].low);
    g_string_append(data, " 1\n");
    for (unsigned i = 0; i < curve->buckets->len; i++) {
        later -= buckets[i].count;
        lz_plot_append_number(data, buckets[i].high);
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, (double)later / (double)(curve->count + 1));
        g_string_append_c(data, '\n');
    }
    g_string_append(data, "\n\n");
}

static char *curve_label(const LzPlotCurve *curve)
{
    g_autofree char *count = lz_plot_count_text(curve->count);
    g_autoptr(GString) label = g_string_new(curve->name);
    g_string_append_printf(label, "   n = %s", count);
    if (curve->noted > 0) {
        g_autofree char *lost = lz_plot_count_text(curve->noted);
        g_string_append_printf(label, " and %s lost", lost);
    }
    if (isfinite(curve->deadline_s)) {
        g_autofree char *deadline = lz_plot_time_text(curve->deadline_s);
        g_string_append_printf(label, ", deadline %s", deadline);
    }
    return g_strdup(label->str);
}

typedef struct Arrays {                 /* gnuplot arrays, element by element */
    GString *labels, *deadlines, *titles, *firsts;
    unsigned curves, panels;
    double low, high;
    uint64_t count_max;
} Arrays;

static void append_item(GString *array, const char *text)
{
    g_string_append_printf(array, "%s%s", array->len > 0 ? ", " : "", text);
}

static void append_quoted_item(GString *array, const char *foreign)
{
    append_item(array, "");
    lz_plot_append_quoted(array, foreign);
}

static void add_panel(Arrays *arrays, const char *title)
{
    g_autofree char *first = g_strdup_printf("%u", arrays->curves + 1);
    append_quoted_item(arrays->titles, title);
    append_item(arrays->firsts, first);
    arrays->panels++;
}

static void add_curve(Arrays *arrays, const LzPlotCurve *curve)
{
    g_autofree char *label = curve_label(curve);
    append_quoted_item(arrays->labels, label);
    append_item(arrays->deadlines, "");
    lz_plot_append_number(arrays->deadlines, curve->deadline_s);
    double low = lz_plot_quantile(curve, 0), high = lz_plot_quantile(curve, 1);
    high = isfinite(curve->deadline_s) ? fmax(high, curve->deadline_s) : high;
    arrays->low = arrays->curves == 0 ? low : fmin(arrays->low, low);
    arrays->high = fmax(arrays->high, high);
    arrays->count_max = MAX(arrays->count_max, curve->count);
    arrays->curves++;
}

static void set_caption(LzPlotText *plot, const LzPlotCurves *curves, unsigned drawn)
{
    g_autoptr(GString) caption = g_string_new(NULL);
    g_string_append_printf(caption, "run %s, %u repetition%s, after the warm-up; delivered messages", curves->run_id,
                           curves->repetitions, curves->repetitions == 1 ? "" : "s merged");
    if (drawn < curves->items->len) {
        g_string_append_printf(caption, "; %u flows more are in hist.csv", curves->items->len - drawn);
    }
    lz_plot_set_text(plot, "caption", caption->str);
}

static void set_variables(LzPlotText *plot, const Arrays *arrays)
{
    g_string_append_printf(plot->variables, "panels = %u\narray panel_title[%u] = [%s]\n", arrays->panels,
                           arrays->panels, arrays->titles->str);
    g_string_append_printf(plot->variables, "array panel_first[%u] = [%s, %u]\n", arrays->panels + 1,
                           arrays->firsts->str, arrays->curves + 1);
    g_string_append_printf(plot->variables, "array curve_label[%u] = [%s]\narray deadline[%u] = [%s]\n", arrays->curves,
                           arrays->labels->str, arrays->curves, arrays->deadlines->str);
    lz_plot_set_number(plot, "low", arrays->low);
    lz_plot_set_number(plot, "high", arrays->high);
    lz_plot_set_number(plot, "nines", arrays->count_max >= 10000 ? 4 : 3);
}

static gboolean prepare(const char *directory, LzPlotText *plot, GError **error)
{
    static const LzPlotMetric latency = {.scope_kind = "flow", .metric = "latency"};
    static const LzPlotMetric lost = {.scope_kind = "flow", .metric = "lost"};
    g_autoptr(LzPlotCurves) curves = lz_plot_read_curves(directory, &latency, error);
    if (!curves || !lz_plot_read_deadlines(directory, curves, error) ||
        !lz_plot_read_counts(directory, &lost, curves, error)) {
        return FALSE;
    }
    g_autoptr(GString) labels = g_string_new(NULL), deadlines = g_string_new(NULL);
    g_autoptr(GString) titles = g_string_new(NULL), firsts = g_string_new(NULL);
    Arrays arrays = {.labels = labels, .deadlines = deadlines, .titles = titles, .firsts = firsts};
    const char *group = NULL;
    for (unsigned i = 0; i < curves->items->len && arrays.curves < LZ_PLOT_CURVES_MAX; i++) {
        const LzPlotCurve *curve = curves->items->pdata[i];
        if (curve->count == 0) {
            continue;
        }
        if (!group || strcmp(group, curve->group) != 0) {
            add_panel(&arrays, curve->group);
            group = curve->group;
        }
        add_curve(&arrays, curve);
        append_curve(plot->data, curve);
    }
    if (arrays.curves == 0) {
        return TRUE;
    }
    set_caption(plot, curves, arrays.curves);
    set_variables(plot, &arrays);
    plot->has_data = true;
    return TRUE;
}

const LzFigure lz_figure_latency_cdf = {.name = "latency-cdf", .prepare = prepare};
