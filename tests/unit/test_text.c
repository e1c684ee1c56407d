/* Numbers, marks and dates as text. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/text.h"

static void test_decimals(void)
{
    static const struct { const char *text; uint64_t max, value; bool is_good; } cases[] = {
        {"0", 10, 0, true}, {"10", 10, 10, true}, {"11", 10, 0, false}, {"007", 10, 7, true}, {"", 10, 0, false},
        {"-1", 10, 0, false}, {"1 ", 10, 0, false}, {"5", 3, 0, false}, {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false}, {"99999999999999999999", UINT64_MAX, 0, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t value = 0;
        g_assert_true(lz_read_decimal(lz_bytes_of_text(cases[i].text), cases[i].max, &value) == cases[i].is_good);
        g_assert_cmpuint(value, ==, cases[i].value);
    }
    static const struct { uint64_t value; unsigned digits; const char *text; } written[] = {
        {0, 0, "0"}, {7, 3, "007"}, {1234, 2, "1234"}, {UINT64_MAX, 1, "18446744073709551615"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(written); i++) {
        uint8_t bytes[24] = {0};
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        lz_write_decimal(&writer, written[i].value, written[i].digits);
        g_assert_cmpstr((char *)bytes, ==, written[i].text);
    }
}

static void test_marks(void)
{
    static const LzMessageId ids[] = {1, UINT64_C(0x0123456789abcdef), UINT64_MAX};
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        uint8_t bytes[64];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        lz_write_text(&writer, "before ");
        lz_write_text_mark(&writer, ids[i]);
        g_assert_cmpuint(writer.size, ==, 7 + LZ_TEXT_MARK_BYTES);
        g_assert_cmpuint(lz_find_text_mark((LzBytes){bytes, writer.size}), ==, ids[i]);
        g_assert_cmpuint(lz_read_text_mark((LzBytes){bytes + 7, LZ_TEXT_MARK_BYTES}), ==, ids[i]);
        g_assert_cmpuint(lz_find_text_mark((LzBytes){bytes, writer.size - 1}), ==, 0);
    }
    g_assert_cmpuint(lz_find_text_mark(lz_bytes_of_text("LZM1000000000000000g")), ==, 0);
    g_assert_cmpuint(lz_find_text_mark((LzBytes){0}), ==, 0);
}

/* Against GLib's calendar, day by day to 2191: a century that is no leap year, and one that is. */
static void test_dates(void)
{
    for (int64_t second = 0; second < INT64_C(7000000000); second += 86400 + 7919) {
        g_autoptr(GDateTime) expected = g_date_time_new_from_unix_utc(second);
        const LzDate date = lz_date_of(LZ_SECONDS(second) + LZ_MILLISECONDS(7));
        g_assert_cmpuint(date.year, ==, (unsigned)g_date_time_get_year(expected));
        g_assert_cmpuint(date.month, ==, (unsigned)g_date_time_get_month(expected));
        g_assert_cmpuint(date.day, ==, (unsigned)g_date_time_get_day_of_month(expected));
        g_assert_cmpuint(date.hour * 3600 + date.minute * 60 + date.second, ==, (unsigned)(second % 86400));
        g_assert_cmpuint(date.millisecond, ==, 7);
    }
    uint8_t bytes[32] = {0};
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_write_date(&writer, LZ_SECONDS(1772431200), true);
    g_assert_cmpstr((char *)bytes, ==, "2026-03-02T06:00:00.000Z");
    writer = lz_writer(bytes, sizeof bytes);
    lz_write_date(&writer, LZ_SECONDS(1772431200), false);
    g_assert_cmpmem(bytes, writer.size, "20260302060000.000+0000", 23);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/decimals", test_decimals);
    g_test_add_func("/text/marks", test_marks);
    g_test_add_func("/text/dates", test_dates);
    return g_test_run();
}
