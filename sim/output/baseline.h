/* What an expectation's metric was in the results of an earlier run: read from their tables, which may be anything. */
#ifndef SIM_OUTPUT_BASELINE_H
#define SIM_OUTPUT_BASELINE_H

#include <glib.h>

#include "sim/measure/expect.h"
#include "sim/scenario/plan.h"

#define LZ_BASELINE_ROWS_MAX 4096       /* of one repetition that belong to one expectation: fleets that share a flow */

/* The mean over the repetitions, in the unit of the expectation's limits, of the same metric, name, fleet, statistic
 * and window (by its name) as the expectation's. Reads metrics.csv in expectation->baseline, which must not lead out
 * of the scenario's folder; for a rate windows.csv and for a percentile hist.csv as well. */
gboolean lz_baseline_read(const LzPlan *plan, const LzExpectation *expectation, int64_t *ret_value, GError **error);

#endif
