/* Validation cases of the statistics: quantiles of Student's t (69) and the histogram's error (71). */
#include <glib.h>

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/statistics/69-student-t", test_student_t);
    g_test_add_func("/statistics/71-histogram-error", test_histogram_error);
    return g_test_run();
}
