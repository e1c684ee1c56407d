/* Values as people read them: three significant digits and the unit that suits them. */
#include "sim/measure/expect.h"

#include <inttypes.h>
#include <string.h>

#define DECIMALS_MAX 12

typedef struct Scale {                  /* one unit in steps of the recorded value */
    const char *unit;
    uint64_t size;
} Scale;

/* From small to large. */
static const Scale duration_scales[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
};
static const Scale byte_scales[] = {{"B", 1}, {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};
static const Scale bit_rate_scales[] = {{"bit/s", 1}, {"kbit/s", 1000}, {"Mbit/s", 1000000}, {"Gbit/s", 1000000000}};

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

static uint64_t divide_nearest(unsigned __int128 dividend, uint64_t divisor)
{
    return (uint64_t)((dividend + divisor / 2) / divisor);
}

static void append_grouped(GString *text, uint64_t value)
{
    g_autofree char *digits = g_strdup_printf("%" PRIu64, value);
    size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            g_string_append_c(text, ',');
        }
        g_string_append_c(text, digits[i]);
    }
}

/* value / size with at least `digits` significant digits, as far as they are not zeros at the end. */
static void append_quotient(GString *text, uint64_t value, uint64_t size, unsigned digits)
{
    unsigned decimals = 0;
    uint64_t shown = divide_nearest(value, size);
    while (value > 0 && shown < power_of_ten(digits - 1) && decimals < DECIMALS_MAX) {
        decimals++;
        shown = divide_nearest((unsigned __int128)value * power_of_ten(decimals), size);
    }
    while (decimals > 0 && shown % 10 == 0) {
        shown /= 10;
        decimals--;
    }
    append_grouped(text, shown / power_of_ten(decimals));
    if (decimals > 0) {
        g_string_append_printf(text, ".%0*" PRIu64, (int)decimals, shown % power_of_ten(decimals));
    }
}

/* In the largest unit that three digits suffice for, after rounding: 999.9 ms is 1 s, 1000 s is 16.7 min. */
static char *format_scaled(int64_t value, const Scale *scales, unsigned count, const char *suffix)
{
    unsigned chosen = 0;
    while (chosen + 1 < count && (uint64_t)value >= scales[chosen].size * 1000 - scales[chosen].size / 2) {
        chosen++;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    append_quotient(text, (uint64_t)value, scales[chosen].size, 3);
    g_string_append_printf(text, " %s%s", scales[chosen].unit, suffix);
    return g_strdup(text->str);
}

static char *format_duration(int64_t value_ns)
{
    if (value_ns == LZ_TIME_NEVER) {
        return g_strdup("never");
    }
    if (value_ns == 0) {
        return g_strdup("0 s");
    }
    return format_scaled(value_ns, duration_scales, G_N_ELEMENTS(duration_scales), "");
}

/* A share just below the whole keeps the digits that show it: 99.98 % is not 100 %. */
static char *format_share(int64_t value_ppb)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned digits = 3; digits <= 10; digits++) {
        g_string_truncate(text, 0);
        append_quotient(text, (uint64_t)value_ppb, 10000000, digits);
        if (value_ppb >= 1000000000 || !g_str_equal(text->str, "100")) {
            break;
        }
    }
    g_string_append(text, " %");
    return g_strdup(text->str);
}

static char *format_count(int64_t value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_grouped(text, (uint64_t)value);
    return g_strdup(text->str);
}

static char *format_unit(int64_t value, LzUnit unit)
{
    switch (unit) {
    case LZ_UNIT_NONE:
        return format_count(value);
    case LZ_UNIT_SECONDS:
        return format_duration(value);
    case LZ_UNIT_BYTES:
        return format_scaled(value, byte_scales, G_N_ELEMENTS(byte_scales), "");
    case LZ_UNIT_RATIO:
        return format_share(value);
    case LZ_UNIT_BITS_PER_SECOND:
        return format_scaled(value, bit_rate_scales, G_N_ELEMENTS(bit_rate_scales), "");
    }
    g_assert_not_reached();
}

/* The value is in millionths per second. */
static char *format_rate(int64_t value, LzUnit unit)
{
    if (unit == LZ_UNIT_BYTES) {
        return format_scaled((value + 500000) / 1000000, byte_scales, G_N_ELEMENTS(byte_scales), "/s");
    }
    g_autoptr(GString) text = g_string_new(NULL);
    append_quotient(text, (uint64_t)value, 1000000, 3);
    g_string_append(text, " /s");
    return g_strdup(text->str);
}

char *lz_format_value(int64_t value, LzMetric metric, LzStatistic statistic)
{
    LzUnit unit = lz_metric_info(metric)->unit;
    if (value < 0) {
        g_autofree char *magnitude = lz_format_value(value == INT64_MIN ? INT64_MAX : -value, metric, statistic);
        return g_strconcat("-", magnitude, NULL);
    }
    switch (statistic) {
    case LZ_STATISTIC_COUNT:
        return unit == LZ_UNIT_BYTES ? format_unit(value, unit) : format_count(value);
    case LZ_STATISTIC_RATE:
        return format_rate(value, unit);
    case LZ_STATISTIC_RATIO:
        return format_share(value);
    case LZ_STATISTIC_MEAN:
    case LZ_STATISTIC_MIN:
    case LZ_STATISTIC_MAX:
    case LZ_STATISTIC_LAST:
    case LZ_STATISTIC_QUANTILE:
        return format_unit(value, unit);
    case LZ_STATISTIC_RECOVER_TIME:
        return format_duration(value);
    }
    g_assert_not_reached();
}
