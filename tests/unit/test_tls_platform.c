/* The calendar that certificate checks read, against GLib's. */
#include <glib.h>
#include <mbedtls/platform_util.h>

static void assert_same(int64_t unix_s)
{
    g_autoptr(GDateTime) expected = g_date_time_new_from_unix_utc(unix_s);
    mbedtls_time_t time_s = unix_s;
    struct tm seen;
    g_assert_true(mbedtls_platform_gmtime_r(&time_s, &seen) == &seen);
    g_assert_cmpint(seen.tm_year + 1900, ==, g_date_time_get_year(expected));
    g_assert_cmpint(seen.tm_mon + 1, ==, g_date_time_get_month(expected));
    g_assert_cmpint(seen.tm_mday, ==, g_date_time_get_day_of_month(expected));
    g_assert_cmpint(seen.tm_hour, ==, g_date_time_get_hour(expected));
    g_assert_cmpint(seen.tm_min, ==, g_date_time_get_minute(expected));
    g_assert_cmpint(seen.tm_sec, ==, g_date_time_get_second(expected));
}

/* Every day of four centuries around now, and the seconds on both sides of midnight. */
static void test_calendar(void)
{
    for (int64_t day = -73000; day <= 73000; day++) {
        assert_same(day * 86400);
        assert_same(day * 86400 - 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/platform/calendar", test_calendar);
    return g_test_run();
}
