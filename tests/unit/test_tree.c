/* The tree: marks, aliases, merge keys, duplicate keys, and every cap. */
#include <glib.h>
#include <string.h>

#include "sim/scenario/tree.h"

typedef struct Fixture {
    LzArena *arena;
    LzDiagnostics *diagnostics;
    LzReport *report;
    LzNode *root;
} Fixture;

static void parse_bytes(Fixture *fixture, const char *text, size_t size)
{
    fixture->arena = lz_arena_new();
    fixture->diagnostics = lz_diagnostics_new();
    fixture->report = lz_report_new(fixture->diagnostics);
    lz_report_add_source(fixture->report, "test.yaml", text, size);
    fixture->root = lz_tree_parse(fixture->report, fixture->arena, "test.yaml", text, size);
}

static Fixture parse(const char *text)
{
    Fixture fixture;
    parse_bytes(&fixture, text, strlen(text));
    return fixture;
}

static void clear(Fixture *fixture)
{
    lz_report_free(fixture->report);
    lz_diagnostics_free(fixture->diagnostics);
    lz_arena_free(fixture->arena);
}

static const LzDiagnostic *first(const Fixture *fixture)
{
    g_assert_cmpuint(fixture->diagnostics->items->len, >, 0);
    return fixture->diagnostics->items->pdata[0];
}

static void assert_refused(const char *text, const char *code, unsigned line, unsigned column)
{
    Fixture fixture = parse(text);
    g_assert_null(fixture.root);
    g_assert_cmpuint(fixture.diagnostics->errors, ==, 1);
    g_assert_cmpstr(first(&fixture)->code, ==, code);
    g_assert_cmpuint(first(&fixture)->mark.line, ==, line);
    g_assert_cmpuint(first(&fixture)->mark.column, ==, column);
    clear(&fixture);
}

static void test_marks(void)
{
    Fixture fixture = parse("a: 1\nlist:\n  - é: \"two words\"\n");
    const LzNode *item = lz_node_get(fixture.root, "list", NULL)->items[0];
    const LzNode *value = item->entries[0].value;
    g_assert_cmpuint(value->mark.line, ==, 3);
    g_assert_cmpuint(value->mark.column, ==, 8);     /* characters, not bytes */
    g_assert_cmpuint(value->length, ==, 11);
    g_assert_false(value->is_plain);
    g_assert_cmpstr(value->text, ==, "two words");
    g_assert_cmpstr(lz_node_text(fixture.root, "a"), ==, "1");
    g_assert_null(lz_node_text(fixture.root, "list"));
    clear(&fixture);
}

static void test_merge(void)
{
    Fixture fixture = parse("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 9}\n");
    const LzNode *z = lz_node_get(fixture.root, "z", NULL);
    g_assert_cmpuint(z->count, ==, 3);
    g_assert_cmpstr(lz_node_text(z, "a"), ==, "9");     /* its own wins */
    g_assert_cmpstr(lz_node_text(z, "b"), ==, "2");     /* then the first merged */
    g_assert_cmpstr(lz_node_text(z, "c"), ==, "4");
    clear(&fixture);
}

static void test_duplicates(void)
{
    Fixture fixture = parse("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n");
    g_assert_nonnull(fixture.root);
    g_assert_cmpuint(fixture.diagnostics->errors, ==, 2);
    lz_report_sort(fixture.report);
    const LzDiagnostic *top = fixture.diagnostics->items->pdata[0], *nested = fixture.diagnostics->items->pdata[1];
    g_assert_cmpstr(top->code, ==, "E012");
    g_assert_cmpuint(top->mark.line, ==, 3);
    g_assert_cmpstr(top->note, ==, "note: first given at test.yaml:1:1");
    g_assert_cmpuint(nested->mark.line, ==, 4);
    g_assert_cmpuint(nested->mark.column, ==, 11);
    g_assert_cmpstr(lz_node_text(fixture.root, "a"), ==, "1");
    clear(&fixture);
}

static void test_syntax(void)
{
    assert_refused("a: [1\n", "E004", 2, 1);
    assert_refused("a: *b\n", "E007", 1, 4);
    assert_refused("a: &a [*a]\n", "E007", 1, 8);
    assert_refused("a: 1\n---\nb: 2\n", "E008", 2, 1);
    assert_refused("a: !!int 1\n", "E009", 1, 4);
    assert_refused("? [a]\n: 1\n", "E009", 1, 3);
    assert_refused("a: &k b\n? *k\n: 1\n", "E009", 2, 3);
    assert_refused("a: \"x\\0y\"\n", "E003", 1, 4);
    assert_refused("", "E010", 1, 1);
    assert_refused("ab: \xff\n", "E003", 1, 5);
}

/* Editors of one system put a byte order mark in front of UTF-8: it is no text, and has no column. */
static void test_byte_order_mark(void)
{
    Fixture fixture = parse("\xef\xbb\xbf" "a: 1\r\nb: 2\r\n");
    g_assert_cmpstr(lz_node_text(fixture.root, "a"), ==, "1");
    g_assert_cmpstr(lz_node_text(fixture.root, "b"), ==, "2");
    clear(&fixture);
    assert_refused("\xef\xbb\xbf" "a: *b\n", "E007", 1, 4);
    assert_refused("\xef\xbb\xbf", "E010", 1, 1);
}

static void test_places(void)
{
    const LzMark in_file = {"ward.yaml", 3, 7}, of_override = {"-s run.seed=1", 0, 0};
    g_autofree char *place = lz_mark_format(&in_file), *override = lz_mark_format(&of_override);
    g_assert_cmpstr(place, ==, "ward.yaml:3:7");
    g_assert_cmpstr(override, ==, "-s run.seed=1");
}

static char *repeat(const char *text, unsigned count)
{
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < count; i++) {
        g_string_append(out, text);
    }
    return g_string_free(out, FALSE);
}

static void test_depth(void)
{
    g_autofree char *open = repeat("[", LZ_YAML_DEPTH_MAX), *close = repeat("]", LZ_YAML_DEPTH_MAX);
    g_autofree char *deepest = g_strdup_printf("%s%s", open, close);
    Fixture fixture = parse(deepest);
    g_assert_nonnull(fixture.root);
    clear(&fixture);
    g_autofree char *deeper = g_strdup_printf("[%s%s]", open, close);
    assert_refused(deeper, "E005", 1, LZ_YAML_DEPTH_MAX + 1);
    /* Depth counts through aliases. */
    g_autofree char *half = repeat("[", 20), *half_close = repeat("]", 20);
    g_autofree char *through = g_strdup_printf("a: &a %s%s\nb: %s*a%s\n", half, half_close, half, half_close);
    assert_refused(through, "E005", 2, 24);
    /* libyaml's own document loader needs tens of seconds for this. */
    g_autofree char *bomb = repeat("[", 100000);
    assert_refused(bomb, "E005", 1, LZ_YAML_DEPTH_MAX + 1);
}

static void test_alias_bombs(void)
{
    GString *bomb = g_string_new("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (unsigned i = 1; i < 12; i++) {
        g_autofree char *alias = g_strdup_printf("*a%u,", i - 1);
        g_autofree char *aliases = repeat(alias, 9);
        g_string_append_printf(bomb, "a%u: &a%u [%s]\n", i, i, aliases);
    }
    Fixture fixture = parse(bomb->str);
    g_assert_null(fixture.root);
    g_assert_cmpstr(first(&fixture)->code, ==, "E006");
    clear(&fixture);
    g_string_free(bomb, TRUE);
    /* Few expansions of something large. */
    g_autofree char *large = repeat("x,", 10000), *uses = repeat("*a,", 500);
    g_autofree char *wide = g_strdup_printf("a: &a [%s]\nb: [%s]\n", large, uses);
    fixture = parse(wide);
    g_assert_null(fixture.root);
    g_assert_cmpstr(first(&fixture)->code, ==, "E006");
    clear(&fixture);
    GString *many = g_string_new(NULL);
    for (unsigned i = 0; i <= LZ_YAML_ANCHORS_MAX; i++) {
        g_string_append_printf(many, "- &a%u x\n", i);
    }
    fixture = parse(many->str);
    g_assert_null(fixture.root);
    g_assert_cmpstr(first(&fixture)->code, ==, "E006");
    clear(&fixture);
    g_string_free(many, TRUE);
}

static void test_size(void)
{
    g_autofree char *text = g_malloc(LZ_YAML_BYTES_MAX + 1);
    memset(text, '#', LZ_YAML_BYTES_MAX + 1);
    memcpy(text, "a: 1\n", 5);
    Fixture fixture;
    parse_bytes(&fixture, text, LZ_YAML_BYTES_MAX);
    g_assert_nonnull(fixture.root);
    clear(&fixture);
    parse_bytes(&fixture, text, LZ_YAML_BYTES_MAX + 1);
    g_assert_null(fixture.root);
    g_assert_cmpstr(first(&fixture)->code, ==, "E002");
    clear(&fixture);
}

/* A megabyte of keys, all equal or all different, must not take quadratic time; the many mistakes are counted. */
static void test_many_keys(void)
{
    g_autofree char *equal = repeat("a: 1\n", 200000);
    Fixture fixture = parse(equal);
    g_assert_cmpuint(fixture.diagnostics->errors, ==, 199999);
    g_assert_cmpuint(fixture.diagnostics->items->len, ==, LZ_DIAGNOSTICS_KEPT_MAX);
    g_autofree char *text = lz_diagnostics_format(fixture.diagnostics);
    g_assert_nonnull(strstr(text, "... and 199979 more errors"));
    clear(&fixture);
}

/* What a terminal would obey never reaches it. */
static void test_quoting(void)
{
    g_autofree char *quoted = lz_quote("a\x1b[31mb\n\xff");
    g_assert_cmpstr(quoted, ==, "a?[31mb?\xef\xbf\xbd");
    g_autofree char *long_text = repeat("x", 500);
    g_autofree char *cut = lz_quote(long_text);
    g_assert_cmpuint(strlen(cut), <, 100);
}

static void test_caret(void)
{
    Fixture fixture = parse("a: {é: 1, b: *none}\n");
    g_autofree char *text = lz_diagnostics_format(fixture.diagnostics);
    g_assert_cmpstr(text, ==,
                    "test.yaml:1:14: error[E007]: no anchor `&none` stands before this alias\n"
                    "    1 | a: {é: 1, b: *none}\n"
                    "      |              ^\n");
    clear(&fixture);
}

static void test_nearest(void)
{
    static const char *const words[] = {"infusion-pump", "patient-monitor", "ventilator"};
    g_assert_cmpstr(lz_nearest("infusion-pmup", words, 3), ==, "infusion-pump");
    g_assert_cmpstr(lz_nearest("ventilators", words, 3), ==, "ventilator");
    g_assert_null(lz_nearest("broker", words, 3));
    g_assert_null(lz_nearest("", words, 3));
    g_autofree char *long_word = repeat("x", 1000);
    g_assert_null(lz_nearest(long_word, words, 3));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/marks", test_marks);
    g_test_add_func("/tree/merge", test_merge);
    g_test_add_func("/tree/duplicates", test_duplicates);
    g_test_add_func("/tree/syntax", test_syntax);
    g_test_add_func("/tree/byte-order-mark", test_byte_order_mark);
    g_test_add_func("/tree/places", test_places);
    g_test_add_func("/tree/depth", test_depth);
    g_test_add_func("/tree/alias-bombs", test_alias_bombs);
    g_test_add_func("/tree/size", test_size);
    g_test_add_func("/tree/many-keys", test_many_keys);
    g_test_add_func("/report/quoting", test_quoting);
    g_test_add_func("/report/caret", test_caret);
    g_test_add_func("/report/nearest", test_nearest);
    return g_test_run();
}
