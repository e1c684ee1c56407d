/* The rhythm of a day: activity and time, there and back; and a flow that follows one. */
#include <glib.h>

#include "lazaret/random.h"
#include "sim/core/diurnal.h"

/* Nights without anything, 11 % in the hour from 10 to 11, the rest spread evenly over 19 hours. */
static LzDiurnal peaky(void)
{
    LzDiurnal diurnal = {0};
    for (unsigned hour = 4; hour < LZ_HOURS_OF_DAY; hour++) {
        diurnal.share_ppb[hour] = hour == 10 ? 110000000 + 890000000 % 19 : 890000000 / 19;
    }
    return diurnal;
}

static void test_whole_day(void)
{
    const LzDiurnal diurnal = peaky();
    for (LzTime start_ns = -LZ_NS_PER_DAY; start_ns < LZ_NS_PER_DAY; start_ns += 1234567890123) {
        g_assert_cmpint(lz_diurnal_stretch(&diurnal, start_ns, LZ_NS_PER_DAY), ==, LZ_NS_PER_DAY);
        g_assert_cmpint(lz_diurnal_activity(&diurnal, start_ns, 3 * LZ_NS_PER_DAY), ==, 3 * LZ_NS_PER_DAY);
    }
}

static void test_quiet_hours(void)
{
    const LzDiurnal diurnal = peaky();
    g_assert_cmpint(lz_diurnal_activity(&diurnal, 0, 4 * LZ_NS_PER_HOUR), ==, 0);
    const LzTime first_ns = lz_diurnal_stretch(&diurnal, LZ_NS_PER_HOUR, LZ_SECONDS(1));
    g_assert_cmpint(first_ns, >, 3 * LZ_NS_PER_HOUR);
    g_assert_cmpint(first_ns, <, 3 * LZ_NS_PER_HOUR + LZ_SECONDS(1));   /* 24 x 4.7 % as fast as time */
    g_assert_cmpint(lz_diurnal_stretch(&diurnal, LZ_NS_PER_HOUR, 0), ==, 0);
}

static void test_inverse(void)
{
    const LzDiurnal diurnal = peaky();
    LzRandom random;
    lz_random_init(&random, 1, 2, LZ_PURPOSE_GENERAL);
    for (unsigned i = 0; i < 10000; i++) {
        const LzTime start_ns = (LzTime)lz_random_below(&random, 5 * LZ_NS_PER_DAY);
        const LzTime activity_ns = (LzTime)lz_random_below(&random, 3 * LZ_NS_PER_DAY);
        const LzTime time_ns = lz_diurnal_stretch(&diurnal, start_ns, activity_ns);
        const LzTime back_ns = lz_diurnal_activity(&diurnal, start_ns, time_ns);
        g_assert_cmpint(ABS(back_ns - activity_ns), <=, 30);
    }
}

static void test_poisson(void)
{
    g_test_summary("A Poisson process of 200 /d over 1,000 days: each hour holds its share of the events, within 4 sigma");
    const LzDiurnal diurnal = peaky();
    LzRandom random;
    lz_random_init(&random, 7, 8, LZ_PURPOSE_TRAFFIC);
    unsigned counts[LZ_HOURS_OF_DAY] = {0}, total = 0;
    for (LzTime now_ns = 0; now_ns < 1000 * LZ_NS_PER_DAY; total++) {
        now_ns += lz_diurnal_stretch(&diurnal, now_ns, lz_random_exponential(&random, LZ_NS_PER_DAY / 200));
        counts[now_ns % LZ_NS_PER_DAY / LZ_NS_PER_HOUR]++;
    }
    g_assert_cmpint(ABS((int)total - 200000), <, 4 * 447);
    for (unsigned hour = 0; hour < LZ_HOURS_OF_DAY; hour++) {
        const double expected = 200000.0 * diurnal.share_ppb[hour] / 1e9;
        const double off = counts[hour] - expected;
        g_assert_cmpfloat(off * off, <=, 16 * expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diurnal/whole-day", test_whole_day);
    g_test_add_func("/diurnal/quiet-hours", test_quiet_hours);
    g_test_add_func("/diurnal/inverse", test_inverse);
    g_test_add_func("/diurnal/poisson", test_poisson);
    return g_test_run();
}
