/* When the faults of a repetition happen, and what its windows are: equal in all repetitions but for what a fault
 * draws from a distribution. */
#ifndef SIM_SCENARIO_WINDOWS_H
#define SIM_SCENARIO_WINDOWS_H

#include "sim/scenario/plan.h"

#define LZ_FAULT_NS_MIN LZ_MILLISECONDS(1)      /* a fault, and each of its changes when it flaps, lasts as long */

/* seed: of the repetition. */
void lz_fault_span(const LzFaultPlan *fault, uint64_t seed, LzTime *ret_from_ns, LzTime *ret_to_ns);
/* The plan's windows (window_count of them; names borrowed) with the times of one repetition. Freed with g_free. */
LzWindowPlan *lz_windows_of(const LzPlan *plan, uint64_t seed);

#endif
