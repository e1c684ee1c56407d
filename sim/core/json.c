/* An append-only JSON writer on a GString, and the number format that JSON and CSV share. */
#include "sim/core/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct Level {
    bool is_object, has_member;
} Level;

struct LzJson {
    GString *text;
    unsigned indent, depth;
    bool is_complete;                   /* the top value has been written */
    Level levels[LZ_JSON_DEPTH_MAX];
};

LzJson *lz_json_new(unsigned indent)
{
    LzJson *json = g_new0(LzJson, 1);
    json->text = g_string_new(NULL);
    json->indent = indent;
    return json;
}

void lz_json_free(LzJson *json)
{
    if (!json) {
        return;
    }
    g_string_free(json->text, TRUE);
    g_free(json);
}

void lz_json_reset(LzJson *json)
{
    g_string_truncate(json->text, 0);
    json->depth = 0;
    json->is_complete = false;
}

const char *lz_json_text(const LzJson *json, size_t *ret_size)
{
    g_assert(json->depth == 0 && json->is_complete);
    if (ret_size) {
        *ret_size = json->text->len;
    }
    return json->text->str;
}

static void new_line(LzJson *json)
{
    if (json->indent == 0) {
        return;
    }
    g_string_append_printf(json->text, "\n%*s", (int)(json->indent * json->depth), "");
}

static void append_escape(GString *text, unsigned char byte)
{
    static const char short_forms[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (short_forms[byte]) {
        g_string_append_c(text, '\\');
        g_string_append_c(text, short_forms[byte]);
        return;
    }
    g_string_append_printf(text, "\\u%04x", byte);
}

static void append_quoted(GString *text, const char *value)
{
    g_autofree char *repaired = g_utf8_validate(value, -1, NULL) ? NULL : g_utf8_make_valid(value, -1);
    g_string_append_c(text, '"');
    for (const char *at = repaired ? repaired : value; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20) {
            append_escape(text, byte);
            continue;
        }
        if (byte == '"' || byte == '\\') {
            g_string_append_c(text, '\\');
        }
        g_string_append_c(text, *at);
    }
    g_string_append_c(text, '"');
}

/* Everything that stands before a value: the comma of the one before it, the line, the key. */
static void begin_value(LzJson *json, const char *key)
{
    if (json->depth == 0) {
        g_assert(!key && !json->is_complete);
        json->is_complete = true;
        return;
    }
    Level *level = &json->levels[json->depth - 1];
    g_assert(level->is_object == (key != NULL));
    if (level->has_member) {
        g_string_append_c(json->text, ',');
    }
    level->has_member = true;
    new_line(json);
    if (key) {
        append_quoted(json->text, key);
        g_string_append(json->text, json->indent ? ": " : ":");
    }
}

static void begin_level(LzJson *json, const char *key, bool is_object)
{
    begin_value(json, key);
    g_assert(json->depth < LZ_JSON_DEPTH_MAX);
    g_string_append_c(json->text, is_object ? '{' : '[');
    json->levels[json->depth++] = (Level){.is_object = is_object};
}

static void end_level(LzJson *json, bool is_object)
{
    g_assert(json->depth > 0 && json->levels[json->depth - 1].is_object == is_object);
    json->depth--;
    if (json->levels[json->depth].has_member) {
        new_line(json);
    }
    g_string_append_c(json->text, is_object ? '}' : ']');
}

void lz_json_object_begin(LzJson *json, const char *key)
{
    begin_level(json, key, true);
}

void lz_json_object_end(LzJson *json)
{
    end_level(json, true);
}

void lz_json_array_begin(LzJson *json, const char *key)
{
    begin_level(json, key, false);
}

void lz_json_array_end(LzJson *json)
{
    end_level(json, false);
}

void lz_json_null(LzJson *json, const char *key)
{
    begin_value(json, key);
    g_string_append(json->text, "null");
}

void lz_json_string(LzJson *json, const char *key, const char *value)
{
    if (!value) {
        lz_json_null(json, key);
        return;
    }
    begin_value(json, key);
    append_quoted(json->text, value);
}

void lz_json_integer(LzJson *json, const char *key, int64_t value)
{
    begin_value(json, key);
    g_string_append_printf(json->text, "%" PRId64, value);
}

void lz_json_unsigned(LzJson *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    lz_append_unsigned(json->text, value);
}

void lz_json_real(LzJson *json, const char *key, double value)
{
    if (!isfinite(value)) {
        lz_json_null(json, key);
        return;
    }
    begin_value(json, key);
    lz_append_real(json->text, value);
}

void lz_json_decimal(LzJson *json, const char *key, int64_t value, unsigned digits)
{
    begin_value(json, key);
    lz_append_decimal(json->text, value, digits);
}

void lz_json_boolean(LzJson *json, const char *key, bool value)
{
    begin_value(json, key);
    g_string_append(json->text, value ? "true" : "false");
}

/* A decimal of 15 significant digits survives decimal -> double -> decimal and 17 always hold a double
 * (IEEE 754 binary64), so the shortest form of a normal number has at most 15, or 16, or 17. */
void lz_append_real(GString *text, double value)
{
    char format[] = "%.15g", buffer[G_ASCII_DTOSTR_BUF_SIZE];
    if (!isfinite(value)) {
        return;
    }
    for (int precision = isnormal(value) ? 15 : 1; precision <= 17; precision++) {
        format[2] = (char)('0' + precision / 10);
        format[3] = (char)('0' + precision % 10);
        g_ascii_formatd(buffer, sizeof buffer, format, value);
        double back = g_ascii_strtod(buffer, NULL);
        if (memcmp(&back, &value, sizeof value) == 0) {
            break;
        }
    }
    g_string_append(text, buffer);
}

/* At least `width` digits, with zeros in front: what printf does, in a tenth of its time. */
static void append_digits(GString *text, uint64_t number, unsigned width)
{
    char digits[20];                    /* 2^64 - 1 has as many */
    unsigned begin = sizeof digits;
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || sizeof digits - begin < width);
    g_string_append_len(text, digits + begin, (gssize)(sizeof digits - begin));
}

void lz_append_unsigned(GString *text, uint64_t value)
{
    append_digits(text, value, 1);
}

void lz_append_integer(GString *text, int64_t value)
{
    if (value < 0) {
        g_string_append_c(text, '-');
    }
    append_digits(text, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
}

void lz_append_decimal(GString *text, int64_t value, unsigned digits)
{
    g_assert(digits <= 18);
    uint64_t scale = 1;
    for (unsigned i = 0; i < digits; i++) {
        scale *= 10;
    }
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    uint64_t fraction = magnitude % scale;
    if (value < 0) {
        g_string_append_c(text, '-');
    }
    append_digits(text, magnitude / scale, 1);
    if (fraction == 0) {
        return;
    }
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    g_string_append_c(text, '.');
    append_digits(text, fraction, digits);
}
