/* What the figures share: distributions read back from a run's tables, and text for gnuplot. The directory
 * may be somebody else's: nothing in it is trusted. */
#ifndef SIM_OUTPUT_PLOT_DATA_H
#define SIM_OUTPUT_PLOT_DATA_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LZ_PLOT_CURVES_MAX 64           /* of one figure; more are left out, and the caption says how many */

typedef struct LzPlotBucket {
    double low, high;                   /* seconds */
    uint64_t count;
} LzPlotBucket;

typedef struct LzPlotCurve {            /* one scope's distribution, all repetitions merged */
    char *group, *name;                 /* of "monitor/alarm"; of one word: both the same */
    char *scope;
    GArray *buckets;                    /* LzPlotBucket, rising */
    uint64_t count;
    uint64_t noted;                     /* of lz_plot_read_counts */
    double deadline_s;                  /* not finite: none */
} LzPlotCurve;

typedef struct LzPlotCurves {
    GPtrArray *items;                   /* LzPlotCurve, grouped, in order of appearance */
    char *run_id;
    unsigned repetitions;
} LzPlotCurves;

typedef struct LzPlotMetric {
    const char *scope_kind, *metric;
    bool has_warmup;                    /* window `always`, and with this `warmup` as well */
} LzPlotMetric;
/* From hist.csv. NULL with error. */
LzPlotCurves *lz_plot_read_curves(const char *directory, const LzPlotMetric *metric, GError **error);
void lz_plot_curves_free(LzPlotCurves *curves);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzPlotCurves, lz_plot_curves_free)
/* Deadlines of flows, from flows.csv. */
gboolean lz_plot_read_deadlines(const char *directory, LzPlotCurves *curves, GError **error);
/* The counts of another metric of the same scopes, from metrics.csv, summed into `noted`. */
gboolean lz_plot_read_counts(const char *directory, const LzPlotMetric *metric, LzPlotCurves *curves, GError **error);
/* Upper bound of the bucket that holds the quantile; share 0..1; count > 0. */
double lz_plot_quantile(const LzPlotCurve *curve, double share);

/* A number that a row of a table claims to be one; false when it is not finite or not a number. */
bool lz_plot_number(const char *cell, double *ret_value);

/* What a figure hands to gnuplot. */
typedef struct LzPlotText {
    GString *data;                      /* NAME.dat: numbers only */
    GString *variables;                 /* assignments for NAME.gp */
    bool has_data;
} LzPlotText;

/* Single-quoted, so that gnuplot neither runs nor interprets it; control characters are gone, quotes and backquotes are
 * typographic ones. */
void lz_plot_append_quoted(GString *text, const char *foreign);
void lz_plot_append_number(GString *text, double value);        /* not finite: NaN */
void lz_plot_set_text(LzPlotText *plot, const char *variable, const char *foreign);
void lz_plot_set_number(LzPlotText *plot, const char *variable, double value);
/* "500 ms", "1.2 s"; and "12,345". New strings. */
char *lz_plot_time_text(double seconds);
char *lz_plot_count_text(uint64_t count);

/* A figure: prepare fills the text from a run directory; has_data stays false when the run has nothing to show. */
typedef struct LzFigure {
    const char *name;                   /* plots/NAME.gp */
    gboolean (*prepare)(const char *directory, LzPlotText *plot, GError **error);
} LzFigure;
extern const LzFigure lz_figure_handshake_time, lz_figure_latency_cdf, lz_figure_latency_time;

#endif
