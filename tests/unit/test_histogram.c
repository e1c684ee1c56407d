/* The histogram against sorted arrays: every quantile within its promise, sums and extremes exact. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/measure/histogram.h"

#define PPB UINT64_C(1000000000)
#define HOUR_NS INT64_C(3600000000000)

static const int64_t tenths[] = {[1] = 10, [2] = 100, [3] = 1000};

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* 1 ns .. 1 h, evenly over the orders of magnitude. */
static int64_t random_duration_ns(void)
{
    int64_t value = (int64_t)((uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int()) & INT64_MAX;
    return 1 + (value >> g_test_rand_int_range(20, 63)) % HOUR_NS;
}

static void assert_within(int64_t value, int64_t exact, unsigned digits)
{
    int64_t error = ABS(value - exact);
    g_assert_true((__int128)error * tenths[digits] <= exact);
}

static void assert_quantiles(const LzHistogram *histogram, const int64_t *sorted, unsigned count, unsigned digits)
{
    static const uint32_t q_ppb[] = {0, 1, 1000000, 250000000, 500000000, 900000000, 950000000, 990000000, 999000000,
                                     999999999, 1000000000};
    for (unsigned i = 0; i < G_N_ELEMENTS(q_ppb); i++) {
        uint64_t rank = (uint64_t)(((unsigned __int128)count * q_ppb[i] + PPB - 1) / PPB);
        assert_within(lz_histogram_quantile(histogram, q_ppb[i]), sorted[rank ? rank - 1 : 0], digits);
    }
}

static void test_against_sorted(gconstpointer data)
{
    unsigned digits = GPOINTER_TO_UINT(data);
    for (unsigned round = 0; round < 20; round++) {
        unsigned count = (unsigned)g_test_rand_int_range(1, 5000);
        g_autofree int64_t *values = g_new(int64_t, count);
        LzHistogram *histogram = lz_histogram_new(digits);
        unsigned __int128 sum = 0;
        for (unsigned i = 0; i < count; i++) {
            values[i] = random_duration_ns();
            sum += (uint64_t)values[i];
            lz_histogram_add(histogram, values[i]);
        }
        qsort(values, count, sizeof *values, compare);
        g_assert_cmpuint(lz_histogram_count(histogram), ==, count);
        g_assert_cmpint(lz_histogram_min(histogram), ==, values[0]);
        g_assert_cmpint(lz_histogram_max(histogram), ==, values[count - 1]);
        g_assert_cmpint(lz_histogram_mean(histogram), ==, (int64_t)((sum + count / 2) / count));
        assert_quantiles(histogram, values, count, digits);
        lz_histogram_free(histogram);
    }
}

/* Buckets tile the values without a gap, each no wider than 10^-digits of its low end. */
static void test_buckets(gconstpointer data)
{
    unsigned digits = GPOINTER_TO_UINT(data);
    LzHistogram *histogram = lz_histogram_new(digits);
    uint64_t expected = 0;
    for (int64_t value = 0; value < HOUR_NS; value += 1 + value / (4 * tenths[digits])) {
        lz_histogram_add(histogram, value);
        expected++;
    }
    uint64_t cursor = 0, count, total = 0;
    int64_t low, high, end = 0;
    while (lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count)) {
        g_assert_cmpint(low, ==, end);
        g_assert_true(high - low == 1 || (high - low) * tenths[digits] <= low);
        g_assert_cmpuint(count, >, 0);
        total += count;
        end = high;
    }
    g_assert_cmpuint(total, ==, expected);
    g_assert_cmpint(end, >, HOUR_NS - HOUR_NS / tenths[digits]);
    lz_histogram_free(histogram);
}

static void test_limits(void)
{
    LzHistogram *histogram = lz_histogram_new(3);
    g_assert_cmpint(lz_histogram_quantile(histogram, 500000000), ==, 0);
    g_assert_cmpint(lz_histogram_mean(histogram), ==, 0);
    uint64_t cursor = 0, count;
    int64_t low, high;
    g_assert_false(lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count));
    for (unsigned i = 0; i < 1000; i++) {
        lz_histogram_add(histogram, INT64_MAX);
    }
    lz_histogram_add(histogram, 0);
    g_assert_cmpint(lz_histogram_min(histogram), ==, 0);
    g_assert_cmpint(lz_histogram_max(histogram), ==, INT64_MAX);
    g_assert_cmpint(lz_histogram_mean(histogram), ==, (int64_t)(((unsigned __int128)INT64_MAX * 1000 + 500) / 1001));
    assert_within(lz_histogram_quantile(histogram, 500000000), INT64_MAX, 3);
    g_assert_true(lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count));
    g_assert_cmpint(high, ==, 1);
    g_assert_true(lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count));
    g_assert_cmpint(high, ==, INT64_MAX);
    g_assert_false(lz_histogram_next_bucket(histogram, &cursor, &low, &high, &count));

    lz_histogram_clear(histogram);
    g_assert_cmpuint(lz_histogram_count(histogram), ==, 0);
    g_assert_cmpint(lz_histogram_max(histogram), ==, 0);
    lz_histogram_add(histogram, 7);
    g_assert_cmpint(lz_histogram_min(histogram), ==, 7);
    g_assert_cmpint(lz_histogram_mean(histogram), ==, 7);
    lz_histogram_free(histogram);
    lz_histogram_free(NULL);
}

static void assert_equal(const LzHistogram *a, const LzHistogram *b)
{
    uint64_t cursor_a = 0, cursor_b = 0, count_a, count_b;
    int64_t low_a, low_b, high_a, high_b;
    g_assert_cmpuint(lz_histogram_count(a), ==, lz_histogram_count(b));
    g_assert_cmpint(lz_histogram_min(a), ==, lz_histogram_min(b));
    g_assert_cmpint(lz_histogram_max(a), ==, lz_histogram_max(b));
    g_assert_cmpint(lz_histogram_mean(a), ==, lz_histogram_mean(b));
    while (lz_histogram_next_bucket(a, &cursor_a, &low_a, &high_a, &count_a)) {
        g_assert_true(lz_histogram_next_bucket(b, &cursor_b, &low_b, &high_b, &count_b));
        g_assert_cmpint(low_a, ==, low_b);
        g_assert_cmpint(high_a, ==, high_b);
        g_assert_cmpuint(count_a, ==, count_b);
    }
    g_assert_false(lz_histogram_next_bucket(b, &cursor_b, &low_b, &high_b, &count_b));
}

/* Parts merged in any order equal the whole. */
static void test_merge(void)
{
    LzHistogram *parts[4], *whole = lz_histogram_new(3), *up = lz_histogram_new(3), *down = lz_histogram_new(3);
    for (unsigned part = 0; part < G_N_ELEMENTS(parts); part++) {
        parts[part] = lz_histogram_new(3);
        for (unsigned i = 0; i < 500 * part; i++) {         /* part 0 stays empty */
            int64_t value = random_duration_ns();
            lz_histogram_add(parts[part], value);
            lz_histogram_add(whole, value);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        lz_histogram_merge(up, parts[i]);
        lz_histogram_merge(down, parts[G_N_ELEMENTS(parts) - 1 - i]);
    }
    assert_equal(whole, up);
    assert_equal(whole, down);
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        lz_histogram_free(parts[i]);
    }
    lz_histogram_free(whole);
    lz_histogram_free(up);
    lz_histogram_free(down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned digits = 1; digits <= 3; digits++) {
        g_autofree char *sorted = g_strdup_printf("/histogram/against-sorted/%u", digits);
        g_autofree char *buckets = g_strdup_printf("/histogram/buckets/%u", digits);
        g_test_add_data_func(sorted, GUINT_TO_POINTER(digits), test_against_sorted);
        g_test_add_data_func(buckets, GUINT_TO_POINTER(digits), test_buckets);
    }
    g_test_add_func("/histogram/limits", test_limits);
    g_test_add_func("/histogram/merge", test_merge);
    return g_test_run();
}
