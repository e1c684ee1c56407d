/* Runs all repetitions of a plan with their outputs, feed and verdict; prints nothing. */
#ifndef SIM_CLI_RUNNER_H
#define SIM_CLI_RUNNER_H

#include <glib.h>
#include <signal.h>

#include "sim/measure/expect.h"
#include "sim/output/results.h"
#include "sim/scenario/load.h"

typedef struct LzProgress {
    unsigned repetition, repetitions;   /* from 1 */
    LzTime now_ns, end_ns;
    uint64_t events;
    double wall_s;                      /* of this repetition */
    unsigned connected;
    const char *window;                 /* attack or fault in progress, or NULL */
} LzProgress;

typedef struct LzRunnerOptions {
    const LzExpectation *expectations;  /* of the plan, by lz_expectations_of(); copied */
    const char *directory;              /* of the results; NULL: none are written */
    bool is_forced;
    const char *const *argv, *const *overrides;         /* for the manifest */
    const char *live;                   /* feed: NULL as the scenario says, "off", or an endpoint */
    bool is_checked;                    /* checkers observe the run; a broken law ends it */
    double wall_limit_s;                /* 0: none */
    uint64_t resident_bytes_max;        /* 0: no limit */
    volatile const sig_atomic_t *stop;  /* a signal number asks to stop at the next event boundary */
    void (*progress)(void *self, const LzProgress *progress);   /* every few milliseconds of real time; may be NULL */
    void *self;
} LzRunnerOptions;

typedef struct LzRepetition {
    uint64_t seed, events, packets, digest;
    LzTime virtual_ns;
    double wall_s;
} LzRepetition;

typedef struct LzServiceTotal {         /* of one service, over the repetitions */
    const char *name;                   /* borrowed from the plan */
    LzTime cpu_ns, capacity_ns;         /* core·ns used, and that there were */
    uint64_t handshakes, refused;
} LzServiceTotal;

typedef struct LzRunOutcome {
    LzRunState state;
    bool has_hit_wall_limit, has_hit_memory_limit;
    char *reason;                       /* why it ended early, for people; NULL: it did not */
    const LzExpectation *aborted_by;    /* whose abort_on_fail ended it; NULL. The state is then interrupted, but the
                                           exit code is the verdicts' */
    LzExpectation *expectations;        /* borrow names from the plan */
    LzVerdict *verdicts;
    unsigned expectation_count;
    LzRepetition *repetitions;
    unsigned repetition_count;          /* those that were run, the last perhaps in part */
    LzServiceTotal *services;
    unsigned service_count;
    double wall_s;
    char *run_id;
    char *feed_endpoint;                /* NULL: no feed */
    char *feed_problem;                 /* why there is none though wanted; NULL */
} LzRunOutcome;

/* NULL: the run could not start or could not keep its results. Free with lz_run_outcome_free. */
LzRunOutcome *lz_runner_run(const LzPlan *plan, const LzRunnerOptions *options, GError **error);
void lz_run_outcome_free(LzRunOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzRunOutcome, lz_run_outcome_free)
/* LZ_EXIT_* that the verdicts and the state amount to. stop_signal: as given to the runner, 0 = none. */
int lz_run_outcome_exit_code(const LzRunOutcome *outcome, int stop_signal);

#endif
