/* The run directory: written under a temporary name beside the final one, renamed when complete. A run
 * that stops early keeps what it has and says so in its manifest. */
#ifndef SIM_OUTPUT_RESULTS_H
#define SIM_OUTPUT_RESULTS_H

#include <glib.h>

#include "sim/measure/expect.h"
#include "sim/world.h"

typedef struct LzResults LzResults;

typedef struct LzResultsOptions {
    const LzPlan *plan;                 /* borrowed */
    const char *directory;              /* final name, e.g. "results/icu-ward-42" */
    bool is_forced;                     /* replace a complete directory */
    const char *const *argv;            /* for the manifest */
    const char *const *overrides;
} LzResultsOptions;
/* LZ_ERROR_INPUT when the directory exists and is complete and not is_forced, or is not ours. */
LzResults *lz_results_begin(const LzResultsOptions *options, GError **error);
/* The world is finished (lz_world_finish); repetition from 0, as given to lz_world_new: tables count from 1. Appends
 * this repetition's rows to every table. After a failure commit with LZ_RUN_FAILED: what there is is kept. */
gboolean lz_results_add_repetition(LzResults *results, unsigned repetition, LzWorld *world, double wall_s,
                                   uint64_t rss_bytes, GError **error);
/* For the world of the first repetition: its packets and secrets become capture.pcapng and capture.keylog. Ends with
 * that repetition: later calls are ignored. */
const LzWorldObserver *lz_results_observer(LzResults *results);
typedef enum { LZ_RUN_COMPLETE, LZ_RUN_INTERRUPTED, LZ_RUN_FAILED } LzRunState;
/* Why the run ended early, for the manifest; copied. Before the commit. */
void lz_results_explain(LzResults *results, const char *reason);
/* verdict.json, junit.xml, manifest.json, SHA256SUMS; then the rename to lz_results_place(). Frees results, also on
 * failure. */
gboolean lz_results_commit(LzResults *results, LzRunState state, const LzExpectation *expectations,
                           const LzVerdict *verdicts, unsigned count, GError **error);

/* Where a run that ended so is: the directory itself, or `DIRECTORY.partial` unless complete; new string. */
char *lz_results_place(const char *directory, LzRunState state);

/* JUnit XML of one run, one test case per expectation (interface section 6). */
gboolean lz_junit_write(const char *path, const LzPlan *plan, const LzExpectation *expectations,
                        const LzVerdict *verdicts, unsigned count, double wall_s, const char *run_id,
                        const char *results_path, GError **error);
/* First 12 hex digits of sha256(resolved scenario, seed, version); new string. */
char *lz_run_id(const LzPlan *plan);

/* Draws the figures of a committed directory into its plots/ with gnuplot. names: NULL-terminated, NULL = all; formats:
 * "svg", "png", NULL = svg. False with a message when gnuplot is missing or a figure cannot be drawn (not an error of
 * the run). */
gboolean lz_plots_draw(const char *results_directory, const char *const *names, GError **error);
gboolean lz_plots_draw_as(const char *results_directory, const char *const *names, const char *const *formats,
                          GError **error);
/* NULL-terminated names of the figures. */
const char *const *lz_plots_names(void);

#endif
