/* Validation cases of the statistics: coverage of the interval over repetitions (68), quantiles of Student's t (69), the
 * order statistics between which a percentile lies (70) and the histogram's error (71). */
#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "lazaret/random.h"
#include "sim/measure/expect.h"

/* Two-sided 95 %, from published tables to four decimals. */
static void test_student_t(void)
{
    static const struct { unsigned df; double t; } rows[] = {
        {1, 12.7062}, {2, 4.3027}, {3, 3.1824}, {4, 2.7764}, {5, 2.5706}, {6, 2.4469}, {7, 2.3646}, {8, 2.3060},
        {9, 2.2622}, {10, 2.2281}, {19, 2.0930}, {29, 2.0452}, {30, 2.0423}, {60, 2.0003}, {120, 1.9799},
        {100000, 1.9600},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpfloat_with_epsilon(lz_student_t_95(rows[i].df), rows[i].t, 1e-4);
    }
}

/* Three digits: every duration from 1 ns to 1 h is represented within 0.1 % of itself. */
static void test_histogram_error(void)
{
    const int64_t hour_ns = INT64_C(3600000000000);
    for (int64_t value = 1; value <= hour_ns; value += 1 + value / 997) {
        LzHistogram *histogram = lz_histogram_new(3);
        lz_histogram_add(histogram, 0);                 /* three values: the middle one is not an extreme */
        lz_histogram_add(histogram, value);
        lz_histogram_add(histogram, INT64_MAX);
        int64_t represented = lz_histogram_quantile(histogram, 500000000);
        g_assert_cmpint(ABS(represented - value) * 1000, <=, value);
        lz_histogram_free(histogram);
    }
}

/* ---- coverage ---- */

enum { EXPERIMENTS = 1000, REPETITIONS = 10, CUSTOMERS = 25000, BATCH = 5, BATCHES = CUSTOMERS / BATCH };
#define SERVICE_NS 1e9

/* MSER-5 (White 1997): of the means of batches of five, those before d are left out, d in the first half such that the
 * squared standard error of the rest is smallest. */
static double truncated_mean(const double *means)
{
    double sum = 0, squares = 0, best = INFINITY, best_mean = 0;
    for (unsigned count = 1; count <= BATCHES; count++) {       /* from the end on */
        const double value = means[BATCHES - count];
        sum += value;
        squares += value * value;
        const double mean = sum / count, error = (squares / count - mean * mean) / count;
        if (count >= BATCHES / 2 && error <= best) {
            best = error;
            best_mean = mean;
        }
    }
    return best_mean;
}

/* Marsaglia's xorshift64, for a quarter of a billion draws: 2^-53 to 1. */
static double draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)((*state >> 11) + 1) * 0x1p-53;
}

/* The wait in M/M/1 at a load of 0.5, from an empty queue on, by Lindley's recursion; cases 1 and 2 show that a link's
 * queue gives the same. A service less a gap between arrivals is, without memory, an exponential rise with probability
 * 1/3, else an exponential fall: one draw. */
static double mean_wait_ns(uint64_t *state)
{
    static const double rise = 1.0 / 3;
    double means[BATCHES] = {0}, wait = 0;
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        means[i / BATCH] += wait / BATCH;
        const double place = draw(state);
        wait += place <= rise ? -log(place / rise) : 2 * log((place - rise) / (1 - rise));
        wait = MAX(wait, 0);
    }
    return truncated_mean(means) * SERVICE_NS;
}

/* Case 68 (Law and Kelton ch. 9): the 95 % interval that an expectation shows, over ten repetitions that start empty and are
 * truncated by MSER-5, holds the true mean wait, one service, in at least 93 % of 1000 experiments. */
static void test_coverage(void)
{
    const LzExpectation expectation = {.statistic = LZ_STATISTIC_MEAN, .min_samples = 1};
    uint64_t state = UINT64_C(88172645463325252);
    unsigned covered = 0;
    for (unsigned experiment = 0; experiment < EXPERIMENTS; experiment++) {
        int64_t values[REPETITIONS];
        uint64_t samples[REPETITIONS];
        for (unsigned i = 0; i < REPETITIONS; i++) {
            values[i] = (int64_t)mean_wait_ns(&state);
            samples[i] = CUSTOMERS;
        }
        const LzVerdict verdict = lz_expectation_judge(&expectation, values, samples, REPETITIONS);
        covered += verdict.ci_low <= (int64_t)SERVICE_NS && (int64_t)SERVICE_NS <= verdict.ci_high;
    }
    g_test_message("%u of %u intervals hold the mean", covered, EXPERIMENTS);
    g_assert_cmpuint(covered, >=, 930);
    g_assert_cmpuint(covered, <=, 980);
}

/* ---- percentiles ---- */

/* Ranks j and k of n independent samples between which the q-quantile lies in 95 %: floor(nq - 1.96 s) and
 * ceil(nq + 1.96 s) + 1, where s = sqrt(nq(1 - q)). */
static void ranks_of(unsigned n, double q, unsigned *ret_low, unsigned *ret_high)
{
    const double spread = 1.96 * sqrt(n * q * (1 - q));
    *ret_low = (unsigned)floor(n * q - spread);
    *ret_high = (unsigned)ceil(n * q + spread) + 1;
}

static int compare_values(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

/* Case 70: n = 1000 and q = 0.95 give ranks 936 and 965. The 95th percentile that a histogram tells of 1000 samples stands
 * between the values of these ranks, always, and the true one in 95 % of 2000 sets of samples (4 sigma). */
static void test_quantile_interval(void)
{
    static const struct { unsigned n; double q; unsigned low, high; } rows[] = {
        {100, 0.5, 40, 61}, {1000, 0.95, 936, 965}, {1000, 0.99, 983, 998}, {10000, 0.99, 9880, 9921}, {10000, 0.999, 9983, 9998},
    };
    unsigned low = 0, high = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        ranks_of(rows[i].n, rows[i].q, &low, &high);
        g_assert_cmpuint(low, ==, rows[i].low);
        g_assert_cmpuint(high, ==, rows[i].high);
    }
    enum { N = 1000, SETS = 2000, TRUE_VALUE = 950000 };
    ranks_of(N, 0.95, &low, &high);
    LzRandom random;
    lz_random_init(&random, 70, lz_entity_id("percentile"), LZ_PURPOSE_TRAFFIC);
    unsigned covered = 0;
    for (unsigned set = 0; set < SETS; set++) {
        int64_t values[N];
        LzHistogram *histogram = lz_histogram_new(3);
        for (unsigned i = 0; i < N; i++) {
            values[i] = (int64_t)lz_random_below(&random, 1000000);
            lz_histogram_add(histogram, values[i]);
        }
        qsort(values, N, sizeof values[0], compare_values);
        const int64_t told = lz_histogram_quantile(histogram, 950000000), slack = TRUE_VALUE / 1000;
        g_assert_cmpint(told, >=, values[low - 1] - slack);
        g_assert_cmpint(told, <=, values[high - 1] + slack);
        covered += values[low - 1] <= TRUE_VALUE && TRUE_VALUE < values[high - 1];
        lz_histogram_free(histogram);
    }
    g_test_message("%u of %d intervals hold the percentile", covered, SETS);
    g_assert_cmpfloat_with_epsilon((double)covered / SETS, 0.96, 0.02);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/statistics/68-coverage", test_coverage);
    g_test_add_func("/statistics/69-student-t", test_student_t);
    g_test_add_func("/statistics/70-quantile-interval", test_quantile_interval);
    g_test_add_func("/statistics/71-histogram-error", test_histogram_error);
    return g_test_run();
}
