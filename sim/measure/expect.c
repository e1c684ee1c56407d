/* Expectations: the value of one repetition, and the verdict over all of them. */
#include "sim/measure/expect.h"

#include <math.h>

#define PPB 1000000000
#define MICRO 1000000                   /* rates are kept in millionths per second */

static int64_t divide_nearest(__int128 dividend, int64_t divisor)
{
    return (int64_t)((dividend + divisor / 2) / divisor);
}

/* ---- one repetition ---- */

typedef struct Reading {
    bool is_known;
    int64_t value;
    uint64_t samples;
} Reading;

/* A counter of something that exists and did not happen is a real 0; a part of nothing is no reading. */
static Reading read_count(const LzObservation *seen, LzMetricType type)
{
    switch (type) {
    case LZ_METRIC_COUNTER:
        return (Reading){seen->scopes > 0 && seen->window_ns > 0, seen->part, (uint64_t)MAX(1, seen->part)};
    case LZ_METRIC_RATIO:
        return (Reading){seen->whole > 0, seen->part, seen->samples};
    case LZ_METRIC_SAMPLE:
        return (Reading){seen->samples > 0, (int64_t)seen->samples, seen->samples};
    case LZ_METRIC_LEVEL:
        break;
    }
    return (Reading){0};
}

static Reading read_rate(const LzObservation *seen, LzMetricType type)
{
    Reading reading = type == LZ_METRIC_COUNTER ? read_count(seen, type) : (Reading){0};
    if (reading.is_known) {
        reading.value = divide_nearest((__int128)seen->part * MICRO * LZ_NS_PER_S, seen->window_ns);
    }
    return reading;
}

static Reading read_ratio(const LzObservation *seen, LzMetricType type)
{
    if (type != LZ_METRIC_RATIO || seen->whole <= 0) {
        return (Reading){0};
    }
    return (Reading){true, divide_nearest((__int128)seen->part * PPB, seen->whole), seen->samples};
}

/* Of samples or a level. */
static Reading read_value(const LzObservation *seen, LzMetricType type, int64_t value)
{
    bool has_values = type == LZ_METRIC_SAMPLE || type == LZ_METRIC_LEVEL;
    return (Reading){has_values && seen->samples > 0, value, seen->samples};
}

static Reading read_quantile(const LzObservation *seen, uint32_t q_ppb)
{
    if (!seen->histogram) {
        return (Reading){0};
    }
    return (Reading){seen->samples > 0, lz_histogram_quantile(seen->histogram, q_ppb), seen->samples};
}

static Reading read_recover_time(const LzExpectation *expectation, const LzProbes *probes, const LzObservation *seen)
{
    if (lz_metric_info(expectation->metric)->type != LZ_METRIC_LEVEL || seen->samples == 0) {
        return (Reading){0};
    }
    LzTime time_ns = lz_recorder_recover_time(probes, expectation->metric, expectation->scope_name, expectation->fleet,
                                              expectation->window, expectation->to_value);
    return (Reading){true, time_ns, seen->samples};
}

static Reading read_statistic(const LzExpectation *expectation, const LzProbes *probes, const LzObservation *seen)
{
    LzMetricType type = lz_metric_info(expectation->metric)->type;
    switch (expectation->statistic) {
    case LZ_STATISTIC_COUNT:
        return read_count(seen, type);
    case LZ_STATISTIC_RATE:
        return read_rate(seen, type);
    case LZ_STATISTIC_RATIO:
        return read_ratio(seen, type);
    case LZ_STATISTIC_MEAN:
        return read_value(seen, type, seen->mean);
    case LZ_STATISTIC_MIN:
        return read_value(seen, type, seen->min);
    case LZ_STATISTIC_MAX:
        return read_value(seen, type, seen->max);
    case LZ_STATISTIC_LAST:
        return type == LZ_METRIC_LEVEL ? read_value(seen, type, seen->last) : (Reading){0};
    case LZ_STATISTIC_QUANTILE:
        return read_quantile(seen, expectation->quantile_ppb);
    case LZ_STATISTIC_RECOVER_TIME:
        return read_recover_time(expectation, probes, seen);
    }
    g_assert_not_reached();
}

static uint64_t samples_needed(const LzExpectation *expectation)
{
    return MAX(1, expectation->min_samples);
}

bool lz_expectation_value(const LzExpectation *expectation, const LzProbes *probes, int64_t *ret_value,
                          uint64_t *ret_samples)
{
    LzObservation seen = lz_recorder_observe(probes, expectation->metric, expectation->scope_name, expectation->fleet,
                                             expectation->window);
    Reading reading = read_statistic(expectation, probes, &seen);
    lz_observation_clear(&seen);
    *ret_value = reading.is_known ? reading.value : 0;
    *ret_samples = reading.is_known ? reading.samples : 0;
    return *ret_samples >= samples_needed(expectation);
}

/* ---- limits ---- */

/* Rounded so that the limit is never wider than the share; stays below "never". */
static int64_t share_of(int64_t value, int64_t share_ppb, bool is_rounded_up)
{
    __int128 product = (__int128)value * share_ppb + (is_rounded_up ? PPB - 1 : 0);
    return (int64_t)MIN(product / PPB, (__int128)INT64_MAX - 1);
}

void lz_expectation_compare(LzExpectation *expectation, int64_t baseline_value)
{
    g_assert(baseline_value >= 0);
    expectation->baseline_value = baseline_value;
    if (expectation->has_max_drop) {
        int64_t min = share_of(baseline_value, PPB - expectation->max_drop_ppb, true);
        expectation->min_value = expectation->has_min ? MAX(expectation->min_value, min) : min;
        expectation->has_min = true;
    }
    if (expectation->has_max_rise) {
        int64_t max = share_of(baseline_value, PPB + expectation->max_rise_ppb, false);
        expectation->max_value = expectation->has_max ? MIN(expectation->max_value, max) : max;
        expectation->has_max = true;
    }
}

/* ---- all repetitions ---- */

bool lz_expectation_holds(const LzExpectation *expectation, int64_t value)
{
    return (!expectation->has_max || value <= expectation->max_value) &&
           (!expectation->has_min || value >= expectation->min_value);
}

bool lz_expectation_is_lost(const LzExpectation *expectation, const LzProbes *probes)
{
    int64_t value;
    uint64_t samples;
    bool has_sample = lz_expectation_value(expectation, probes, &value, &samples);
    if (lz_recorder_is_window_final(probes, expectation->metric, expectation->scope_name, expectation->fleet,
                                    expectation->window)) {
        return !has_sample || !lz_expectation_holds(expectation, value);
    }
    bool only_grows = expectation->statistic == LZ_STATISTIC_COUNT || expectation->statistic == LZ_STATISTIC_MAX;
    bool only_shrinks = expectation->statistic == LZ_STATISTIC_MIN;
    return samples > 0 && ((only_grows && expectation->has_max && value > expectation->max_value) ||
                           (only_shrinks && expectation->has_min && value < expectation->min_value));
}

/* How far a value stays within the limits; the less, the worse. 128 bits: values may be "never". */
static __int128 slack(const LzExpectation *expectation, int64_t value)
{
    __int128 below = (__int128)expectation->max_value - value, above = (__int128)value - expectation->min_value;
    if (expectation->has_min && expectation->has_max) {
        return MIN(below, above);
    }
    if (expectation->has_min) {
        return above;
    }
    return expectation->has_max ? below : 0;
}

static double quotient(int64_t dividend, int64_t divisor)
{
    return divisor == 0 ? 0 : (double)dividend / (double)divisor;
}

static double margin(const LzExpectation *expectation, int64_t observed)
{
    if (observed == LZ_TIME_NEVER) {
        return 0;
    }
    double below = expectation->has_max ? quotient(expectation->max_value, observed) : 0;
    double above = expectation->has_min ? quotient(observed, expectation->min_value) : 0;
    if (expectation->has_max && expectation->has_min) {
        return below > 0 && above > 0 ? MIN(below, above) : MAX(below, above);
    }
    return expectation->has_max ? below : above;
}

static int64_t round_to_integer(double value)
{
    if (value >= (double)INT64_MAX) {
        return INT64_MAX;
    }
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

/* x +- t(R - 1) s / sqrt(R) */
static void set_interval(LzVerdict *verdict, const int64_t *values, unsigned repetitions)
{
    verdict->ci_low = verdict->ci_high = verdict->observed;
    if (repetitions < 2 || verdict->observed == LZ_TIME_NEVER) {
        return;
    }
    double mean = 0, squares = 0;
    for (unsigned i = 0; i < repetitions; i++) {        /* relative to the rounded mean: no cancellation */
        mean += (double)(values[i] - verdict->observed) / repetitions;
    }
    for (unsigned i = 0; i < repetitions; i++) {
        double deviation = (double)(values[i] - verdict->observed) - mean;
        squares += deviation * deviation;
    }
    double half = lz_student_t_95(repetitions - 1) * sqrt(squares / (repetitions - 1) / repetitions);
    verdict->ci_low = verdict->observed + round_to_integer(mean - half);
    verdict->ci_high = verdict->observed + round_to_integer(mean + half);
}

/* A repetition that never recovered leaves no mean. */
static int64_t mean_of(const int64_t *values, unsigned repetitions)
{
    __int128 sum = 0;
    for (unsigned i = 0; i < repetitions; i++) {
        if (values[i] == LZ_TIME_NEVER) {
            return LZ_TIME_NEVER;
        }
        sum += values[i];
    }
    return divide_nearest(sum, repetitions);
}

LzVerdict lz_expectation_judge(const LzExpectation *expectation, const int64_t *values, const uint64_t *samples,
                               unsigned repetitions)
{
    g_assert(repetitions >= 1);
    LzVerdict verdict = {.state = LZ_VERDICT_HELD, .observed = mean_of(values, repetitions), .worst = values[0],
                         .worst_repetition = 1};
    bool is_seen = true;
    for (unsigned i = 0; i < repetitions; i++) {
        verdict.samples += samples[i];
        is_seen = is_seen && samples[i] >= samples_needed(expectation);
        if (!lz_expectation_holds(expectation, values[i])) {
            verdict.state = LZ_VERDICT_FAILED;
        }
        if (slack(expectation, values[i]) < slack(expectation, verdict.worst)) {
            verdict.worst = values[i];
            verdict.worst_repetition = i + 1;
        }
    }
    if (!is_seen) {
        verdict.state = LZ_VERDICT_NO_SAMPLE;
    }
    set_interval(&verdict, values, repetitions);
    verdict.margin = margin(expectation, verdict.observed);
    return verdict;
}
