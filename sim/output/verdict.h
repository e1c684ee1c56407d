/* Verdicts as text: for people, as verdict.json, and as JUnit XML. Nothing of a scenario or of a peer reaches
 * any of them unescaped, and no control character at all. */
#ifndef SIM_OUTPUT_VERDICT_H
#define SIM_OUTPUT_VERDICT_H

#include <glib.h>

#include "sim/measure/expect.h"
#include "sim/scenario/plan.h"

/* Whose limit it is: "published" when a document is named, "assumed" when that is said, else "ours". Static. */
const char *lz_expectation_basis(const LzExpectation *expectation);
/* All return new strings. "flow.alarm.latency"; "p99"; "flood" */
char *lz_expectation_metric(const LzExpectation *expectation);
char *lz_expectation_statistic(const LzExpectation *expectation);
const char *lz_expectation_window(const LzPlan *plan, const LzExpectation *expectation);        /* borrowed */
/* "flow.alarm.deadline_miss ratio 3.7 % (3.1 %..4.4 %) > 1 % during flood": one verdict in one line. */
char *lz_verdict_summary(const LzPlan *plan, const LzExpectation *expectation, const LzVerdict *verdict);
/* "-3.2 % from 839 B/s in results/main": against the baseline. NULL without one, or when nothing was observed. */
char *lz_verdict_change(const LzExpectation *expectation, const LzVerdict *verdict);
/* The command that shows it again: `lazaret run SCENARIO -s PATH=VALUE --seed N`, with what was overridden and the seed
 * of the worst repetition, alone. */
char *lz_verdict_replay(const LzPlan *plan, const LzVerdict *verdict);

typedef struct LzVerdicts {             /* of one run; everything borrowed */
    const LzPlan *plan;
    const LzExpectation *expectations;
    const LzVerdict *verdicts;
    unsigned count;
    const char *run_id, *state;         /* "complete" … */
    const char *results_path;           /* may be NULL */
} LzVerdicts;

/* verdict.json. The same run gives the same bytes. */
char *lz_verdicts_json(const LzVerdicts *all);
/* JUnit XML as GitLab, GitHub and Jenkins read it: one suite, one test case per expectation. wall_s: of the whole
 * run, shared evenly among the cases; timestamp_unix_s: its start. */
char *lz_verdicts_junit(const LzVerdicts *all, double wall_s, int64_t timestamp_unix_s);

#endif
