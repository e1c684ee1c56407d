/* Integer log-linear histogram: values 0 … 2^63-1, relative error of a bucket at most 10^-digits,
 * exact count, sum, minimum and maximum; mergeable. Sparse: memory follows the values seen. */
#ifndef SIM_MEASURE_HISTOGRAM_H
#define SIM_MEASURE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct LzHistogram LzHistogram;

/* digits: 1..3 significant decimal digits. */
LzHistogram *lz_histogram_new(unsigned digits);
void lz_histogram_free(LzHistogram *histogram);                 /* accepts NULL */
void lz_histogram_clear(LzHistogram *histogram);                /* empty again; keeps its memory */
void lz_histogram_add(LzHistogram *histogram, int64_t value);   /* value >= 0 */
void lz_histogram_add_many(LzHistogram *histogram, int64_t value, uint64_t count);      /* the same value so many times */
void lz_histogram_merge(LzHistogram *into, const LzHistogram *from);    /* same digits */
uint64_t lz_histogram_count(const LzHistogram *histogram);
int64_t lz_histogram_min(const LzHistogram *histogram);         /* 0 when empty */
int64_t lz_histogram_max(const LzHistogram *histogram);
int64_t lz_histogram_mean(const LzHistogram *histogram);        /* exact sum / count, rounded to nearest */
/* The smallest value v such that at least q_ppb/1e9 of the values are <= v: the middle of its bucket, exact for the
 * first and the last rank. */
int64_t lz_histogram_quantile(const LzHistogram *histogram, uint32_t q_ppb);
/* What a table keeps of a histogram, put back: its buckets by their low ends, then the extremes of the values
 * (0 <= min <= max). The quantiles are then those that it had; the mean is not. */
void lz_histogram_restore_bucket(LzHistogram *histogram, int64_t low, uint64_t count);
void lz_histogram_restore_range(LzHistogram *histogram, int64_t min, int64_t max);
/* Buckets in rising order: *cursor = 0 first; false at the end. [low, high), the last one
 * [low, 2^63-1]. */
bool lz_histogram_next_bucket(const LzHistogram *histogram, uint64_t *cursor, int64_t *ret_low, int64_t *ret_high,
                              uint64_t *ret_count);

#endif
