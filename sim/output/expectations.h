/* From the plan's expectations to those that are judged. */
#ifndef SIM_OUTPUT_EXPECTATIONS_H
#define SIM_OUTPUT_EXPECTATIONS_H

#include "sim/measure/expect.h"
#include "sim/scenario/load.h"

/* One per expectation of the plan, from which they borrow their texts; those with `vs` are limited by what their
 * baseline's results say now. NULL after reporting what is wrong with a baseline (E504). Free with g_free. */
LzExpectation *lz_expectations_of(const LzPlan *plan, LzDiagnostics *diagnostics);

#endif
