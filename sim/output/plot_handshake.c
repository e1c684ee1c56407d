/* Figure handshake-time: per fleet, the spread of TLS handshake times and of times from SYN to acceptance. */
#include <math.h>

#include "sim/output/plot_data.h"

#define ROWS_MAX 40                     /* fleets in one figure */

static const LzPlotCurve *find(const LzPlotCurves *curves, const char *scope)
{
    for (unsigned i = 0; i < curves->items->len; i++) {
        const LzPlotCurve *curve = curves->items->pdata[i];
        if (g_str_equal(curve->scope, scope)) {
            return curve;
        }
    }
    return NULL;
}

/* Row from the top, then min, p10, p50, p90, p99, max in seconds. */
static void append_spread(GString *data, unsigned row, const LzPlotCurve *curve)
{
    static const double shares[] = {0, 0.1, 0.5, 0.9, 0.99, 1};
    g_string_append_printf(data, "%u", row);
    for (unsigned i = 0; i < G_N_ELEMENTS(shares); i++) {
        g_string_append_c(data, ' ');
        lz_plot_append_number(data, lz_plot_quantile(curve, shares[i]));
    }
    g_string_append_c(data, '\n');
}

static void append_spreads(GString *data, const LzPlotCurves *fleets, const LzPlotCurves *curves)
{
    for (unsigned row = 0; row < fleets->items->len && row < ROWS_MAX; row++) {
        const LzPlotCurve *curve = find(curves, ((const LzPlotCurve *)fleets->items->pdata[row])->scope);
        if (curve && curve->count > 0) {
            append_spread(data, row + 1, curve);
        }
    }
    g_string_append(data, "\n\n");
}

/* Handshakes that resumed a session are among the others: the recorder keeps one distribution per fleet. */
static void append_label(GString *labels, const LzPlotCurve *fleet)
{
    g_autofree char *count = lz_plot_count_text(fleet->count);
    double share = fleet->count > 0 ? (double)fleet->noted / (double)fleet->count : 0;
    g_autofree char *label = g_strdup_printf("%s   n = %s, %d %% resumed", fleet->name, count, (int)lround(100 * share));
    g_string_append(labels, labels->len > 0 ? ", " : "");
    lz_plot_append_quoted(labels, label);
}

static void set_range(LzPlotText *plot, const LzPlotCurves *handshakes, const LzPlotCurves *connects)
{
    const LzPlotCurves *all[] = {handshakes, connects};
    double low = (double)INFINITY, high = 0;
    for (unsigned k = 0; k < G_N_ELEMENTS(all); k++) {
        for (unsigned i = 0; i < all[k]->items->len; i++) {
            const LzPlotCurve *curve = all[k]->items->pdata[i];
            low = fmin(low, lz_plot_quantile(curve, 0));
            high = fmax(high, lz_plot_quantile(curve, 1));
        }
    }
    lz_plot_set_number(plot, "low", low);
    lz_plot_set_number(plot, "high", high);
}

static gboolean prepare(const char *directory, LzPlotText *plot, GError **error)
{
    static const LzPlotMetric handshake = {.scope_kind = "tls", .metric = "handshake.time", .has_warmup = true};
    static const LzPlotMetric connect = {.scope_kind = "tls", .metric = "connect.time", .has_warmup = true};
    static const LzPlotMetric resumed = {.scope_kind = "tls", .metric = "handshake.resumed", .has_warmup = true};
    g_autoptr(LzPlotCurves) handshakes = lz_plot_read_curves(directory, &handshake, error);
    g_autoptr(LzPlotCurves) connects = handshakes ? lz_plot_read_curves(directory, &connect, error) : NULL;
    if (!connects || !lz_plot_read_counts(directory, &resumed, handshakes, error)) {
        return FALSE;
    }
    g_autoptr(GString) labels = g_string_new(NULL);
    unsigned rows = MIN(handshakes->items->len, ROWS_MAX);
    for (unsigned row = 0; row < rows; row++) {
        append_label(labels, handshakes->items->pdata[row]);
    }
    if (rows == 0) {
        return TRUE;
    }
    append_spreads(plot->data, handshakes, handshakes);
    append_spreads(plot->data, handshakes, connects);
    g_autofree char *caption = g_strdup_printf("run %s, %u repetition%s, warm-up included; thin line: minimum to maximum, "
                                               "bar: p10 to p90, tick: p99", handshakes->run_id, handshakes->repetitions,
                                               handshakes->repetitions == 1 ? "" : "s merged");
    lz_plot_set_text(plot, "caption", caption);
    g_string_append_printf(plot->variables, "rows = %u\narray row_label[%u] = [%s]\n", rows, rows, labels->str);
    set_range(plot, handshakes, connects);
    plot->has_data = true;
    return TRUE;
}

const LzFigure lz_figure_handshake_time = {.name = "handshake-time", .prepare = prepare};
