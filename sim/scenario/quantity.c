#include "sim/scenario/quantity.h"

#include <glib.h>
#include <string.h>

#include "sim/core/json.h"

#define DIGITS_MAX 18
#define SECONDS_PER_DAY INT64_C(86400)

__extension__ typedef __int128 Wide;

/* ---- units ---- */

static const LzUnitRow time_units[] = {
    {"ns", 1, 1},
    {"us", 1000, 1},
    {"ms", 1000000, 1},
    {"s", 1000000000, 1},
    {"min", INT64_C(60000000000), 1},
    {"h", INT64_C(3600000000000), 1},
    {"d", INT64_C(86400000000000), 1},
    {"year", INT64_C(31536000000000000), 1},        /* 365 d */
    {"years", INT64_C(31536000000000000), 1},
    {NULL, 0, 0},
};
static const LzUnitRow byte_units[] = {
    {"B", 1, 1},       {"kB", 1000, 1},       {"KiB", 1024, 1},       {"MB", 1000000, 1},
    {"MiB", 1 << 20, 1}, {"GB", 1000000000, 1}, {"GiB", 1 << 30, 1}, {NULL, 0, 0},
};
static const LzUnitRow bit_rate_units[] = {
    {"bit/s", 1, 1},        {"B/s", 8, 1},        {"kbit/s", 1000, 1},       {"kB/s", 8000, 1},
    {"Mbit/s", 1000000, 1}, {"MB/s", 8000000, 1}, {"Gbit/s", 1000000000, 1}, {"GB/s", INT64_C(8000000000), 1},
    {NULL, 0, 0},
};
static const LzUnitRow share_units[] = {{"%", 10000000, 1}, {NULL, 0, 0}};
static const LzUnitRow rate_units[] = {
    {"/s", 1000000, 1}, {"/min", 1000000, 60}, {"/h", 1000000, 3600}, {"/d", 1000000, 86400}, {NULL, 0, 0},
};
static const LzUnitRow frequency_units[] = {
    {"Hz", 1, 1}, {"kHz", 1000, 1}, {"MHz", 1000000, 1}, {"GHz", 1000000000, 1}, {NULL, 0, 0},
};
static const LzUnitRow core_units[] = {{"core", 1, 1}, {"cores", 1, 1}, {NULL, 0, 0}};

typedef struct KindRow {
    LzParamKind kind;
    const LzUnitRow *units;
    const char *recorded;
} KindRow;

static const KindRow kinds[] = {
    {LZ_PARAM_TIME_NS, time_units, "ns"},         {LZ_PARAM_BYTES, byte_units, "B"},
    {LZ_PARAM_BPS, bit_rate_units, "bit/s"},      {LZ_PARAM_PPB, share_units, "ppb"},
    {LZ_PARAM_RATE_UHZ, rate_units, "1e-6 /s"},   {LZ_PARAM_FREQUENCY_HZ, frequency_units, "Hz"},
    {LZ_PARAM_CORES, core_units, "cores"},
};

static const KindRow *find_kind(LzParamKind kind)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

const LzUnitRow *lz_quantity_units(LzParamKind kind)
{
    const KindRow *row = find_kind(kind);
    return row ? row->units : NULL;
}

bool lz_quantity_has_units(LzParamKind kind)
{
    return find_kind(kind) != NULL;
}

const char *lz_quantity_recorded_unit(LzParamKind kind)
{
    const KindRow *row = find_kind(kind);
    return row ? row->recorded : "";
}

/* ---- reading ---- */

typedef struct Decimal {
    int64_t digits;             /* value x 10^scale */
    unsigned scale;
    bool is_negative;
} Decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads `-12.5`; *ret_end is behind it. False when there is no number; too many digits saturate. */
static bool read_decimal(const char *text, Decimal *ret_decimal, bool *ret_is_too_long, const char **ret_end)
{
    Decimal decimal = {0};
    const char *p = text;
    decimal.is_negative = *p == '-';
    if (*p == '-' || *p == '+') {
        p++;
    }
    if (!is_digit(*p)) {
        return false;
    }
    unsigned digits = 0;
    bool is_fraction = false;
    for (; is_digit(*p) || (*p == '.' && !is_fraction && is_digit(p[1])); p++) {
        if (*p == '.') {
            is_fraction = true;
            continue;
        }
        digits += digits > 0 || *p != '0';
        if (digits <= DIGITS_MAX) {
            decimal.digits = decimal.digits * 10 + (*p - '0');
        }
        decimal.scale += is_fraction;
    }
    *ret_decimal = decimal;
    *ret_is_too_long = digits > DIGITS_MAX || decimal.scale > DIGITS_MAX;
    *ret_end = p;
    return true;
}

const char *lz_quantity_unit_part(const char *text)
{
    Decimal decimal;
    bool is_too_long;
    const char *end;
    if (!read_decimal(text, &decimal, &is_too_long, &end)) {
        return NULL;
    }
    while (*end == ' ' || *end == '\t') {
        end++;
    }
    return end;
}

static const LzUnitRow *find_unit(LzParamKind kind, const char *name)
{
    const LzUnitRow *row = lz_quantity_units(kind);
    for (; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static LzQuantityResult scale(const Decimal *decimal, const LzUnitRow *unit, bool is_rounded, int64_t *ret_value)
{
    Wide numerator = (Wide)decimal->digits * unit->numerator;
    Wide denominator = unit->denominator;
    for (unsigned i = 0; i < decimal->scale; i++) {
        denominator *= 10;
    }
    Wide whole = numerator / denominator, rest = numerator % denominator;
    if (rest != 0 && (!is_rounded || (whole == 0 && rest * 2 < denominator))) {
        return LZ_QUANTITY_TOO_FINE;
    }
    whole += rest * 2 >= denominator && rest != 0;
    if (whole > INT64_MAX) {
        return LZ_QUANTITY_TOO_LARGE;
    }
    *ret_value = decimal->is_negative ? -(int64_t)whole : (int64_t)whole;
    return LZ_QUANTITY_OK;
}

LzQuantityResult lz_quantity_parse(LzParamKind kind, const char *text, int64_t *ret_value)
{
    static const LzUnitRow bare = {"", 1, 1};
    Decimal decimal;
    bool is_too_long;
    const char *end;
    if (!read_decimal(text, &decimal, &is_too_long, &end)) {
        return LZ_QUANTITY_NO_NUMBER;
    }
    const char *unit_name = lz_quantity_unit_part(text);
    const LzUnitRow *unit = &bare;
    if (!lz_quantity_has_units(kind)) {
        if (*end != '\0') {
            return LZ_QUANTITY_UNKNOWN_UNIT;
        }
    } else if (*unit_name == '\0') {
        return LZ_QUANTITY_NO_UNIT;
    } else if (!(unit = find_unit(kind, unit_name))) {
        return LZ_QUANTITY_UNKNOWN_UNIT;
    }
    if (is_too_long) {
        return LZ_QUANTITY_TOO_LARGE;
    }
    return scale(&decimal, unit, kind == LZ_PARAM_RATE_UHZ, ret_value);
}

/* ---- writing ---- */

/* In per cent, per second: a decimal of the largest unit, exact for every value. */
static char *format_decimal(int64_t value, unsigned digits, const char *unit)
{
    GString *text = g_string_new(NULL);
    lz_append_decimal(text, value, digits);
    g_string_append_printf(text, " %s", unit);
    return g_string_free(text, FALSE);
}

/* `187 /d` is 2164.35 uHz, kept rounded: find the unit in which the kept value was whole. */
static char *format_rate(int64_t value)
{
    for (const LzUnitRow *unit = lz_quantity_units(LZ_PARAM_RATE_UHZ); unit->name && value > 0; unit++) {
        Wide wide = ((Wide)value * unit->denominator + unit->numerator / 2) / unit->numerator;
        g_autofree char *text =
            wide > INT64_MAX || wide == 0 ? NULL : g_strdup_printf("%" G_GINT64_FORMAT " %s", (gint64)wide, unit->name);
        int64_t read = 0;
        if (text && lz_quantity_parse(LZ_PARAM_RATE_UHZ, text, &read) == LZ_QUANTITY_OK && read == value) {
            return g_steal_pointer(&text);
        }
    }
    return format_decimal(value, 6, "/s");
}

/* Among equals the decimal unit: 256,000 B is 256 kB, though it is 250 KiB too. */
static bool is_usual_unit(LzParamKind kind, int64_t value, const char *name)
{
    if (kind == LZ_PARAM_BPS) {
        return g_str_has_suffix(name, "bit/s");
    }
    return kind != LZ_PARAM_BYTES || value % 1000 != 0 || strchr(name, 'i') == NULL;
}

/* In the largest unit that leaves a whole number. */
static char *format_whole(LzParamKind kind, int64_t value)
{
    const LzUnitRow *units = lz_quantity_units(kind), *best = units;
    for (const LzUnitRow *unit = units; unit->name && value != 0; unit++) {
        if (value % unit->numerator == 0 && unit->numerator > best->numerator &&
            is_usual_unit(kind, value, unit->name)) {
            best = unit;
        }
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " %s", (gint64)(value / best->numerator), best->name);
}

char *lz_quantity_format(LzParamKind kind, int64_t value)
{
    if (!lz_quantity_has_units(kind)) {
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)value);
    }
    if (kind == LZ_PARAM_PPB) {
        return format_decimal(value, 7, "%");
    }
    if (kind == LZ_PARAM_RATE_UHZ) {
        return format_rate(value);
    }
    if (kind == LZ_PARAM_CORES) {
        return g_strdup_printf("%" G_GINT64_FORMAT " %s", (gint64)value, value == 1 ? "core" : "cores");
    }
    return format_whole(kind, value);
}

/* ---- dates ---- */

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March, so that the leap day
 * is the last of a year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, year_of_era = y % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool read_number(const char **text, unsigned digits, char end, int64_t min, int64_t max, int64_t *ret_value)
{
    int64_t value = 0;
    for (unsigned i = 0; i < digits; i++, ++*text) {
        if (!is_digit(**text)) {
            return false;
        }
        value = value * 10 + (**text - '0');
    }
    if (value < min || value > max || **text != end) {
        return false;
    }
    *text += end != '\0';
    *ret_value = value;
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    int64_t next_year = month == 12 ? year + 1 : year, next_month = month == 12 ? 1 : month + 1;
    return days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1);
}

bool lz_date_parse(const char *text, int64_t *ret_unix_s)
{
    int64_t year, month, day, hour = 0, minute = 0, second = 0;
    bool has_time = strchr(text, 'T') != NULL;
    if (!read_number(&text, 4, '-', 1970, 9999, &year) || !read_number(&text, 2, '-', 1, 12, &month) ||
        !read_number(&text, 2, has_time ? 'T' : '\0', 1, days_in_month(year, month), &day)) {
        return false;
    }
    if (has_time && (!read_number(&text, 2, ':', 0, 23, &hour) || !read_number(&text, 2, ':', 0, 59, &minute) ||
                     !read_number(&text, 2, 'Z', 0, 59, &second) || *text != '\0')) {
        return false;
    }
    *ret_unix_s = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    return true;
}

char *lz_date_format(int64_t unix_s)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(unix_s);
    return g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
}
