/* Quantities: exact integers from decimal text, what is refused and why, and the way back. */
#include <glib.h>

#include "sim/scenario/quantity.h"

typedef struct Case {
    LzParamKind kind;
    const char *text;
    int64_t value;
} Case;

static void test_values(void)
{
    static const Case cases[] = {
        {LZ_PARAM_TIME_NS, "1.5 ms", 1500000},
        {LZ_PARAM_TIME_NS, "0.1 us", 100},
        {LZ_PARAM_TIME_NS, "3ns", 3},
        {LZ_PARAM_TIME_NS, "2 min", INT64_C(120000000000)},
        {LZ_PARAM_TIME_NS, "1 h", INT64_C(3600000000000)},
        {LZ_PARAM_TIME_NS, "1 year", INT64_C(31536000000000000)},
        {LZ_PARAM_TIME_NS, "0.123456789 s", 123456789},
        {LZ_PARAM_TIME_NS, "000000000000000000000005 s", INT64_C(5000000000)},
        {LZ_PARAM_BYTES, "256 kB", 256000},
        {LZ_PARAM_BYTES, "1.5 KiB", 1536},
        {LZ_PARAM_BYTES, "2 MiB", 2097152},
        {LZ_PARAM_BPS, "120 Mbit/s", 120000000},
        {LZ_PARAM_BPS, "421 kB/s", 3368000},
        {LZ_PARAM_BPS, "0.001 kbit/s", 1},
        {LZ_PARAM_PPB, "0.2 %", 2000000},
        {LZ_PARAM_PPB, "0.1 %", 1000000},
        {LZ_PARAM_PPB, "99.9999999 %", 999999999},
        {LZ_PARAM_PPB, "0.0000001 %", 1},
        {LZ_PARAM_RATE_UHZ, "800 /s", 800000000},
        {LZ_PARAM_RATE_UHZ, "0.2 /min", 3333},
        {LZ_PARAM_RATE_UHZ, "187 /d", 2164},
        {LZ_PARAM_FREQUENCY_HZ, "2.4 GHz", INT64_C(2400000000)},
        {LZ_PARAM_CORES, "1 core", 1},
        {LZ_PARAM_CORES, "8 cores", 8},
        {LZ_PARAM_COUNT, "42", 42},
        {LZ_PARAM_COUNT, "-3", -3},
        {LZ_PARAM_COUNT, "999999999999999999", INT64_C(999999999999999999)},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t value = -1;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(lz_quantity_parse(cases[i].kind, cases[i].text, &value), ==, LZ_QUANTITY_OK);
        g_assert_cmpint(value, ==, cases[i].value);
    }
}

static void test_refused(void)
{
    static const struct {
        LzParamKind kind;
        const char *text;
        LzQuantityResult result;
    } cases[] = {
        {LZ_PARAM_TIME_NS, "", LZ_QUANTITY_NO_NUMBER},
        {LZ_PARAM_TIME_NS, "ms", LZ_QUANTITY_NO_NUMBER},
        {LZ_PARAM_TIME_NS, ".5 ms", LZ_QUANTITY_NO_NUMBER},
        {LZ_PARAM_TIME_NS, "3", LZ_QUANTITY_NO_UNIT},
        {LZ_PARAM_TIME_NS, "0", LZ_QUANTITY_NO_UNIT},
        {LZ_PARAM_TIME_NS, "3.", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_TIME_NS, "1e3 s", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_TIME_NS, "3 sec", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_TIME_NS, "3 MS", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_TIME_NS, "3 ms ", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_TIME_NS, "0.5 ns", LZ_QUANTITY_TOO_FINE},
        {LZ_PARAM_TIME_NS, "300 year", LZ_QUANTITY_TOO_LARGE},
        {LZ_PARAM_TIME_NS, "1234567890123456789 ns", LZ_QUANTITY_TOO_LARGE},
        {LZ_PARAM_PPB, "0.00000001 %", LZ_QUANTITY_TOO_FINE},
        {LZ_PARAM_RATE_UHZ, "0.01 /d", LZ_QUANTITY_TOO_FINE},
        {LZ_PARAM_COUNT, "1.5", LZ_QUANTITY_TOO_FINE},
        {LZ_PARAM_COUNT, "10 devices", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_COUNT, "0x10", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_COUNT, "1_000", LZ_QUANTITY_UNKNOWN_UNIT},
        {LZ_PARAM_BYTES, "3 KB", LZ_QUANTITY_UNKNOWN_UNIT},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t value = 77;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(lz_quantity_parse(cases[i].kind, cases[i].text, &value), ==, cases[i].result);
        g_assert_cmpint(value, ==, 77);
    }
}

/* Whatever integer is kept, its text reads back as the same integer. */
static void test_round_trip(void)
{
    static const LzParamKind kinds[] = {LZ_PARAM_TIME_NS,  LZ_PARAM_BYTES,        LZ_PARAM_BPS,   LZ_PARAM_PPB,
                                        LZ_PARAM_RATE_UHZ, LZ_PARAM_FREQUENCY_HZ, LZ_PARAM_CORES, LZ_PARAM_COUNT};
    for (unsigned i = 0; i < 20000; i++) {
        LzParamKind kind = kinds[i % G_N_ELEMENTS(kinds)];
        int64_t digits = g_test_rand_int_range(0, 1000000), scale = 1;
        for (int32_t zeros = g_test_rand_int_range(0, 9); zeros > 0; zeros--) {
            scale *= 10;
        }
        int64_t value = digits * scale, read = -1;
        g_autofree char *text = lz_quantity_format(kind, value);
        g_assert_cmpint(lz_quantity_parse(kind, text, &read), ==, LZ_QUANTITY_OK);
        if (read != value) {
            g_test_message("%" G_GINT64_FORMAT " was written %s", (gint64)value, text);
        }
        g_assert_cmpint(read, ==, value);
    }
}

static void test_format(void)
{
    static const Case cases[] = {
        {LZ_PARAM_TIME_NS, "1500 us", 1500000},     {LZ_PARAM_TIME_NS, "1 min", INT64_C(60000000000)},
        {LZ_PARAM_BYTES, "256 kB", 256000},         {LZ_PARAM_BYTES, "512 KiB", 524288},
        {LZ_PARAM_BPS, "8 Mbit/s", 8000000},        {LZ_PARAM_PPB, "0.2 %", 2000000},
        {LZ_PARAM_RATE_UHZ, "187 /d", 2164},        {LZ_PARAM_RATE_UHZ, "0 /s", 0},
        {LZ_PARAM_CORES, "1 core", 1},              {LZ_PARAM_TIME_NS, "0 ns", 0},
        {LZ_PARAM_TIME_NS, "1 year", INT64_C(31536000000000000)},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = lz_quantity_format(cases[i].kind, cases[i].value);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_dates(void)
{
    int64_t value = 0;
    g_assert_true(lz_date_parse("1970-01-01T00:00:00Z", &value));
    g_assert_cmpint(value, ==, 0);
    g_assert_true(lz_date_parse("2026-03-02T06:00:00Z", &value));
    g_assert_cmpint(value, ==, 1772431200);
    g_assert_true(lz_date_parse("2024-02-29", &value));
    g_assert_cmpint(value, ==, 1709164800);
    static const char *const bad[] = {"2026-02-29",
                                      "2026-13-01",
                                      "2026-3-02",
                                      "2026-03-02T24:00:00Z",
                                      "2026-03-02T06:00:00",
                                      "2026-03-02T06:00:00+01:00",
                                      "1969-12-31",
                                      "",
                                      "T",
                                      "2026-03-02T06:00:00Zx",
                                      "2026-03-02x"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(lz_date_parse(bad[i], &value));
    }
    for (unsigned i = 0; i < 1000; i++) {
        int64_t date = (int64_t)g_test_rand_int_range(0, 2000000000) * 100, read = -1;
        g_autofree char *text = lz_date_format(date);
        g_assert_true(lz_date_parse(text, &read));
        g_assert_cmpint(read, ==, date);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quantity/values", test_values);
    g_test_add_func("/quantity/refused", test_refused);
    g_test_add_func("/quantity/round-trip", test_round_trip);
    g_test_add_func("/quantity/format", test_format);
    g_test_add_func("/quantity/dates", test_dates);
    return g_test_run();
}
