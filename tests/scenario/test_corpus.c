/* The files of tests/corpus, each of which says in its first line which codes it must give, in order; the
 * judged cases go through the real program. */
#include <glib.h>
#include <string.h>

#include "sim/scenario/explain.h"
#include "sim/scenario/load.h"

#define EXPECT "# expect:"

static char *folder_of(const char *name)
{
    return g_test_build_filename(G_TEST_DIST, "..", "corpus", name, NULL);
}

static char *expected_codes(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_assert_true(g_str_has_prefix(bytes, EXPECT));
    const char *end = memchr(bytes, '\n', size);
    return g_strstrip(g_strndup(bytes + strlen(EXPECT), (gsize)(end - bytes) - strlen(EXPECT)));
}

static char *codes_of(const LzDiagnostics *diagnostics)
{
    GString *codes = g_string_new(NULL);
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *diagnostic = diagnostics->items->pdata[i];
        g_string_append_printf(codes, "%s%s", i > 0 ? " " : "", diagnostic->code);
    }
    return g_string_free(codes, FALSE);
}

static void assert_places(const LzDiagnostics *diagnostics)
{
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *diagnostic = diagnostics->items->pdata[i];
        g_assert_cmpuint(diagnostic->mark.line, >, 0);
        g_assert_cmpuint(diagnostic->mark.column, >, 0);
        g_assert_nonnull(diagnostic->source_line);
        g_assert_nonnull(lz_explain(diagnostic->code));
    }
}

/* Checks one file and returns its codes. */
static char *check_file(const char *folder, const char *name, bool is_good)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *expected = expected_codes(path);
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load(path, NULL, diagnostics);
    g_autofree char *codes = codes_of(diagnostics);
    g_autofree char *text = lz_diagnostics_format(diagnostics);
    g_test_message("%s: %s\n%s", name, expected, text);
    g_assert_cmpstr(codes, ==, expected);
    g_assert_true(is_good == (plan != NULL));
    assert_places(diagnostics);
    return expected;
}

static void check_folder(const char *name, bool is_good, GHashTable *seen)
{
    g_autofree char *folder = folder_of(name);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    for (const char *file = g_dir_read_name(dir); file; file = g_dir_read_name(dir)) {
        if (!g_str_has_suffix(file, ".yaml")) {
            continue;
        }
        g_autofree char *codes = check_file(folder, file, is_good);
        g_auto(GStrv) words = g_strsplit(codes, " ", -1);
        for (unsigned i = 0; words[i]; i++) {
            g_hash_table_add(seen, g_strdup(words[i]));
        }
    }
}

/* Codes that no file of the corpus can give: unreadable or huge files, overrides (tests/unit), and those from E500
 * on, which are of results. */
static bool is_elsewhere(const char *code)
{
    static const char *const codes[] = {"E001", "E002", "E016", NULL};
    return g_strv_contains(codes, code) || (code[0] == 'E' && strcmp(code, "E500") >= 0);
}

static void test_corpus(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    check_folder("good", true, seen);
    check_folder("bad", false, seen);
    for (const LzExplanation *row = lz_explanations; row->code; row++) {
        if (!g_hash_table_contains(seen, row->code) && !is_elsewhere(row->code)) {
            g_error("no file of the corpus gives %s", row->code);
        }
    }
}

/* ---- the real program ---- */

static int run(const char *const *arguments, char **ret_out, char **ret_err)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer)(uintptr_t)g_getenv("LAZARET"));
    for (; *arguments; arguments++) {
        g_ptr_array_add(argv, (gpointer)(uintptr_t)*arguments);
    }
    g_ptr_array_add(argv, NULL);
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = folder_of(".");
    g_spawn_sync(folder, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_out, ret_err, &status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_run(const char *const *arguments, int exit_code, const char *out, const char *err)
{
    g_autofree char *stdout_text = NULL, *stderr_text = NULL;
    int code = run(arguments, &stdout_text, &stderr_text);
    g_test_message("%s%s", stdout_text, stderr_text);
    g_assert_cmpint(code, ==, exit_code);
    g_assert_true(out ? strstr(stdout_text, out) != NULL : stdout_text[0] == '\0');
    g_assert_true(err ? strstr(stderr_text, err) != NULL : stderr_text[0] == '\0');
}

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A misspelt key, a missing unit, a duplicate key and an unknown metric: four errors with their places, exit 2. */
static void test_judged(void)
{
    assert_run(RUN("check", "bad/judged.yaml"), 2, NULL,
               "bad/judged.yaml:8:67: error[E021]: `delay` needs a unit\n"
               "    8 |     ward-lan: {model: wired, zone: ward, rate: 100 Mbit/s, delay: 1}\n"
               "      |                                                                   ^ write `1 ms` or `1 s`\n"
               "bad/judged.yaml:14:49: error[E011]: unknown key `profil`\n"
               "   14 |   - {name: pump, profile: test-pump, count: 10, profil: x, count: 20, link: ward-lan, connect: "
               "{to: broker}}\n"
               "      |                                                 ^~~~~~ did you mean `profile`?\n"
               "      = known: name, profile, count, zone, link, place, access, cpu, connect, traffic, pcp, dhcp, ...\n"
               "bad/judged.yaml:14:60: error[E012]: duplicate key `count`\n");
    assert_run(RUN("check", "bad/judged.yaml"), 2, NULL, "did you mean `latency`?\n      = known: created, delivered,");
    assert_run(RUN("check", "bad/judged.yaml"), 2, NULL, "\n4 errors - nothing was run");
}

static void test_check(void)
{
    assert_run(RUN("check", "good/ward.yaml"), 0,
               "good/ward.yaml: ok - 10 devices, 1 services, 1 attacks, 1 faults, 1 expectations\n", NULL);
    assert_run(RUN("check", "good/w301-cut-off.yaml"), 0, "ok", "warning[W301]");
    assert_run(RUN("check", "good/ward.yaml", "-s", "fleet.pump.count=200"), 0, "ok - 200 devices", NULL);
    assert_run(RUN("check", "good/ward.yaml", "-s", "fleet.pump.count=0"), 2, NULL,
               "-s fleet.pump.count=0: error[E024]");
    assert_run(RUN("check", "--resolved", "good/ward.yaml"), 0, "lazaret: 1\nname: ward\nrun:\n  seed: 1\n", NULL);
    assert_run(RUN("check", "nowhere.yaml"), 2, NULL, "nowhere.yaml: error[E001]: cannot read the file");
    assert_run(RUN("check", "good"), 2, NULL, "good: error[E001]: cannot read the file");
    assert_run(RUN("check"), 2, NULL, "which scenario?");
    assert_run(RUN("check", "--no-such-option"), 2, NULL, "--no-such-option");
}

static void test_others(void)
{
    assert_run(RUN("chekc"), 2, NULL, "no subcommand `chekc`; did you mean `check`?\n");
    assert_run(RUN("--version"), 0, "lazaret ", NULL);
    assert_run(RUN("--help"), 0, "lazaret SUBCOMMAND --help", NULL);
    assert_run(RUN("check", "--help"), 0, "--resolved", NULL);
    assert_run(RUN("explain", "E210"), 0, "E210: No such metric.", NULL);
    assert_run(RUN("explain", "E999"), 2, NULL, "no error code `E999`");
    assert_run(RUN("list", "cpus"), 0, "x86-server", NULL);
    assert_run(RUN("list", "nothing"), 2, NULL, "no kind `nothing`");
    assert_run(RUN("describe", "fifo"), 0, "fifo: queue model", NULL);
    assert_run(RUN("describe", "nothing"), 2, NULL, "nothing is named `nothing`");
    assert_run(RUN("graph", "good/segments.yaml"), 0, "\"zone core\" -- \"zone ward\" [penwidth=2", NULL);
    assert_run(RUN("graph", "good/building.yaml"), 0, "[penwidth=2, style=dashed, label=\"north-f3-w2-c2-up-2", NULL);
    assert_run(RUN("graph", "bad/judged.yaml"), 2, NULL, "error[E021]");
    assert_run(RUN("graph", "good/segments.yaml", "-o", "/nowhere/x.dot"), 3, NULL, "/nowhere/x.dot");
    assert_run(RUN("schema"), 0, "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/corpus/codes", test_corpus);
    g_test_add_func("/program/judged", test_judged);
    g_test_add_func("/program/check", test_check);
    g_test_add_func("/program/others", test_others);
    return g_test_run();
}
