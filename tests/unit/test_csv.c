/* CSV cells are exact and read back as written; the reader refuses what is not a table. */
#include "sim/output/csv.h"

#include <string.h>

#include "lazaret/error.h"

static void test_nano(void)
{
    static const struct { int64_t nano; const char *text; } cases[] = {
        {0, "0"}, {1, "0.000000001"}, {1500000000, "1.5"}, {-1, "-0.000000001"}, {-2500000000, "-2.5"},
        {INT64_C(9007199254740993), "9007199.254740993"},       /* 2^53 + 1: a double would lose the last digit */
        {INT64_MAX, "9223372036.854775807"}, {INT64_MIN, "-9223372036.854775808"}, {1000000000, "1"}, {120, "0.00000012"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) csv = g_string_new(NULL);
        lz_csv_nano(csv, cases[i].nano);
        g_autofree char *expected = g_strconcat(cases[i].text, ",", NULL);
        g_assert_cmpstr(csv->str, ==, expected);
    }
}

static void test_double(void)
{
    static const struct { double value; const char *text; } cases[] = {
        {0.1, "0.1,"}, {1.0 / 3, "0.3333333333333333,"}, {100, "100,"}, {0.30000000000000004, "0.30000000000000004,"},
        {G_MAXDOUBLE * 10, ","},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) csv = g_string_new(NULL);
        lz_csv_double(csv, cases[i].value);
        g_assert_cmpstr(csv->str, ==, cases[i].text);
    }
}

static void test_row(void)
{
    g_autoptr(GString) csv = g_string_new(NULL);
    lz_csv_text(csv, "plain");
    lz_csv_text(csv, "a,b");
    lz_csv_text(csv, "say \"x\"\nnext");
    lz_csv_text(csv, NULL);
    lz_csv_int(csv, INT64_MIN);
    lz_csv_uint(csv, UINT64_MAX);
    lz_csv_empty(csv);
    lz_csv_text(csv, "=cmd()");
    lz_csv_end_row(csv);
    g_assert_cmpstr(csv->str, ==,
                    "plain,\"a,b\",\"say \"\"x\"\"\nnext\",,-9223372036854775808,18446744073709551615,,=cmd()\n");
}

static gboolean collect(void *self, const char *const *cells, GError **error)
{
    GString *seen = self;
    g_string_append_printf(seen, "[%s|%s]", cells[0], cells[1]);
    if (strcmp(cells[0], "stop") == 0) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "stopped");
        return FALSE;
    }
    return TRUE;
}

static gboolean read_text(const char *text, size_t size, GString *seen, GError **error)
{
    static const char *const columns[] = {"name", "value", NULL};
    return lz_csv_read_text("t.csv", text, size, columns, collect, seen, error);
}

static void test_read_back(void)
{
    g_autoptr(GString) csv = g_string_new(NULL);
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    static const char *const header[] = {"value", "other", "name", NULL};
    lz_csv_header(csv, header);
    lz_csv_text(csv, "x,\"y\"\n z");
    lz_csv_empty(csv);
    lz_csv_text(csv, " led by a space");
    lz_csv_end_row(csv);
    g_assert_true(read_text(csv->str, csv->len, seen, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(seen->str, ==, "[ led by a space|x,\"y\"\n z]");
}

static void test_read_lines(void)
{
    static const struct { const char *text, *seen, *error; } cases[] = {
        {"name,value\r\na,1\r\nb,2", "[a|1][b|2]", NULL},
        {"name,value\n", "", NULL},
        {"", "", "t.csv:1: the file is empty"},
        {"name,other\na,1\n", "", "t.csv:1: no column `value`"},
        {"name,value\na\n", "", "t.csv:2: another number of cells than the header has"},
        {"name,value\na,\"1\n", "", "t.csv:2: a quoted cell does not end"},
        {"name,value\na,\"1\"x\n", "", "t.csv:2: text after a quoted cell"},
        {"name,value\nstop,1\nb,2\n", "[stop|1]", "stopped"},
        {"name,value\n\xff,1\n", "", "t.csv:1: not UTF-8 text"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) seen = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        gboolean is_read = read_text(cases[i].text, strlen(cases[i].text), seen, &error);
        g_assert_cmpint(is_read, ==, cases[i].error == NULL);
        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].error);
        g_assert_cmpstr(seen->str, ==, cases[i].seen);
    }
}

static void test_too_many_columns(void)
{
    g_autoptr(GString) csv = g_string_new("name,value");
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < LZ_CSV_COLUMNS_MAX; i++) {
        g_string_append(csv, ",x");
    }
    g_assert_false(read_text(csv->str, csv->len, seen, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/nano", test_nano);
    g_test_add_func("/csv/double", test_double);
    g_test_add_func("/csv/row", test_row);
    g_test_add_func("/csv/read-back", test_read_back);
    g_test_add_func("/csv/read-lines", test_read_lines);
    g_test_add_func("/csv/too-many-columns", test_too_many_columns);
    return g_test_run();
}
