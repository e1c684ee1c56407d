/* Expectations judged over the repetitions of a run, with confidence intervals. */
#ifndef SIM_MEASURE_EXPECT_H
#define SIM_MEASURE_EXPECT_H

#include <glib.h>

#include "sim/measure/recorder.h"

typedef enum {
    LZ_STATISTIC_COUNT, LZ_STATISTIC_RATE, LZ_STATISTIC_RATIO, LZ_STATISTIC_MEAN, LZ_STATISTIC_MIN, LZ_STATISTIC_MAX,
    LZ_STATISTIC_LAST, LZ_STATISTIC_QUANTILE, LZ_STATISTIC_RECOVER_TIME,
} LzStatistic;

typedef struct LzExpectation {          /* what to ask; made from the plan by the world */
    const char *name;
    LzMetric metric;
    const char *scope_name, *fleet;     /* NULL = all */
    LzStatistic statistic;
    uint32_t quantile_ppb;              /* QUANTILE */
    unsigned window;
    bool has_min, has_max;
    int64_t min_value, max_value, to_value;     /* ns, bytes, ppb for shares, millionths per second for RATE, else
                                                   the number */
    uint64_t min_samples;               /* >= 1 */
    bool is_warning;                    /* severity warn */
    bool aborts;                        /* the run stops when it is lost */
    const char *basis;                  /* of the limit, as written; NULL: it is ours */
    const char *baseline;               /* results that it is compared with, as written; NULL: none */
    int64_t baseline_value;             /* theirs: mean over their repetitions */
    bool has_max_drop, has_max_rise;    /* which are already in min_value and max_value */
    int64_t max_drop_ppb, max_rise_ppb;
    const char *file;
    unsigned line;
} LzExpectation;

typedef enum { LZ_VERDICT_HELD, LZ_VERDICT_FAILED, LZ_VERDICT_NO_SAMPLE } LzVerdictState;

typedef struct LzVerdict {
    LzVerdictState state;               /* NO_SAMPLE counts as failed */
    int64_t observed;                   /* mean over repetitions */
    int64_t ci_low, ci_high;            /* 95 % over repetitions (Student t); equal to observed when there is one */
    uint64_t samples;
    int64_t worst;                      /* the repetition's value nearest to or furthest beyond the limit */
    unsigned worst_repetition;          /* from 1 */
    double margin;                      /* limit / observed for max, observed / limit for min; > 1 is good; 0 when
                                           undefined */
} LzVerdict;

/* The value of one repetition; false when it saw no sample (fewer than min_samples). */
bool lz_expectation_value(const LzExpectation *expectation, const LzProbes *probes, int64_t *ret_value,
                          uint64_t *ret_samples);
/* Makes the shares of the baseline's value limits: the narrower of them and min, max counts. Once. */
void lz_expectation_compare(LzExpectation *expectation, int64_t baseline_value);
/* Whether it can no longer hold, whatever comes; asked while the run goes on, after lz_recorder_settle(). A count or a
 * largest value beyond `max` and a smallest below `min` stay so; everything else is known when its window is final. */
bool lz_expectation_is_lost(const LzExpectation *expectation, const LzProbes *probes);
/* Whether a value is within the limits. */
bool lz_expectation_holds(const LzExpectation *expectation, int64_t value);
/* values and samples per repetition; samples[i] < min_samples makes it NO_SAMPLE. Every repetition must hold. */
LzVerdict lz_expectation_judge(const LzExpectation *expectation, const int64_t *values, const uint64_t *samples,
                               unsigned repetitions);

/* Student t quantile for two-sided 95 % with df degrees of freedom (df >= 1). */
double lz_student_t_95(unsigned df);
/* "98.9 ms", "1.2 %", "1,214", "17.5 /s", "never": for people. The metric's unit and the statistic decide the form. */
char *lz_format_value(int64_t value, LzMetric metric, LzStatistic statistic);

#endif
