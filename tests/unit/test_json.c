/* The JSON writer: structure, escapes and numbers. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "sim/core/json.h"

static void test_structure(void)
{
    g_autoptr(LzJson) json = lz_json_new(0);
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "name", "pump[7]");
    lz_json_array_begin(json, "values");
    lz_json_integer(json, NULL, INT64_MIN);
    lz_json_unsigned(json, NULL, UINT64_MAX);
    lz_json_array_begin(json, NULL);
    lz_json_array_end(json);
    lz_json_array_end(json);
    lz_json_boolean(json, "ok", true);
    lz_json_null(json, "none");
    lz_json_string(json, "missing", NULL);
    lz_json_object_end(json);
    size_t size;
    const char *text = lz_json_text(json, &size);
    g_assert_cmpstr(text, ==, "{\"name\":\"pump[7]\",\"values\":[-9223372036854775808,18446744073709551615,[]],"
                              "\"ok\":true,\"none\":null,\"missing\":null}");
    g_assert_cmpuint(size, ==, strlen(text));

    lz_json_reset(json);
    lz_json_integer(json, NULL, 1);
    g_assert_cmpstr(lz_json_text(json, NULL), ==, "1");
}

static void test_indent(void)
{
    g_autoptr(LzJson) json = lz_json_new(2);
    lz_json_object_begin(json, NULL);
    lz_json_integer(json, "a", 1);
    lz_json_array_begin(json, "b");
    lz_json_integer(json, NULL, 2);
    lz_json_integer(json, NULL, 3);
    lz_json_array_end(json);
    lz_json_object_begin(json, "c");
    lz_json_object_end(json);
    lz_json_object_end(json);
    g_assert_cmpstr(lz_json_text(json, NULL), ==,
                    "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": {}\n}");
}

static void assert_string(const char *value, const char *expected)
{
    g_autoptr(LzJson) json = lz_json_new(0);
    lz_json_string(json, NULL, value);
    g_assert_cmpstr(lz_json_text(json, NULL), ==, expected);
}

static void test_escapes(void)
{
    assert_string("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    assert_string("\b\t\n\f\r\x01\x1f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\"");
    assert_string("\x7f", "\"\x7f\"");
    assert_string("µs €", "\"µs €\"");
    assert_string("a\xffz", "\"a\xef\xbf\xbdz\"");
}

static void assert_real(double value, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    lz_append_real(text, value);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_reals(void)
{
    assert_real(0, "0");
    assert_real(-0.0, "-0");
    assert_real(0.1, "0.1");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(1.0 / 3, "0.3333333333333333");
    assert_real(5e-324, "5e-324");
    assert_real(1e21, "1e+21");
    assert_real(9007199254740993.0, "9007199254740992");
    assert_real((double)INFINITY, "");
    g_autoptr(LzJson) json = lz_json_new(0);
    lz_json_real(json, NULL, (double)NAN);
    g_assert_cmpstr(lz_json_text(json, NULL), ==, "null");
}

/* Any finite double reads back as itself. */
static void test_reals_round_trip(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (value - value != 0) {               /* infinite or not a number */
            continue;
        }
        g_string_truncate(text, 0);
        lz_append_real(text, value);
        back = g_ascii_strtod(text->str, NULL);
        g_assert_true(memcmp(&back, &value, sizeof value) == 0);
    }
}

static void assert_decimal(int64_t value, unsigned digits, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    lz_append_decimal(text, value, digits);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_decimals(void)
{
    assert_decimal(0, 9, "0");
    assert_decimal(188250000, 9, "0.18825");
    assert_decimal(-1, 9, "-0.000000001");
    assert_decimal(1000000000, 9, "1");
    assert_decimal(1214, 0, "1214");
    assert_decimal(INT64_MIN, 18, "-9.223372036854775808");
    assert_decimal(INT64_MAX, 0, "9223372036854775807");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/structure", test_structure);
    g_test_add_func("/json/indent", test_indent);
    g_test_add_func("/json/escapes", test_escapes);
    g_test_add_func("/json/reals", test_reals);
    g_test_add_func("/json/reals/round-trip", test_reals_round_trip);
    g_test_add_func("/json/decimals", test_decimals);
    return g_test_run();
}
