/* The life of a run directory: nothing but our own is ever replaced, a name without `.partial` is complete. */
#include "sim/output/directory.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lazaret/error.h"

typedef struct Place {
    char *root, *final, *partial, *kept;
} Place;

static void set_up(Place *place, gconstpointer data)
{
    (void)data;
    place->root = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
    g_assert_nonnull(place->root);
    place->final = g_build_filename(place->root, "results", "ward-42", NULL);
    place->partial = g_build_filename(place->root, "results", ".ward-42.partial", NULL);
    place->kept = g_build_filename(place->root, "results", "ward-42.partial", NULL);
}

static void run_program(const char *directory, const char *const *argv, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_spawn_sync(directory, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                 NULL, NULL, ret_status, &error);
    g_assert_no_error(error);
}

static void tear_down(Place *place, gconstpointer data)
{
    (void)data;
    int status;
    const char *const argv[] = {"rm", "-rf", "--", place->root, NULL};
    run_program(NULL, argv, &status);
    g_free(place->root);
    g_free(place->final);
    g_free(place->partial);
    g_free(place->kept);
}

static LzDirectory *begin(const Place *place, bool is_forced)
{
    GError *error = NULL;
    LzDirectory *directory = lz_directory_begin(place->final, is_forced, &error);
    g_assert_no_error(error);
    return directory;
}

static void put_manifest(LzDirectory *directory, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("{\n  \"schema\": \"" LZ_MANIFEST_SCHEMA "\",\n  \"state\": \"%s\"\n}\n", state);
    g_assert_true(lz_directory_put(directory, LZ_MANIFEST_NAME, text, strlen(text), &error));
    g_assert_no_error(error);
}

static void put_table(LzDirectory *directory, const char *text)
{
    g_autoptr(GError) error = NULL;
    LzFile *file = lz_directory_create(directory, "metrics.csv", &error);
    g_assert_no_error(error);
    g_assert_true(lz_file_write(file, text, strlen(text), &error));
    g_assert_no_error(error);
}

static void commit(LzDirectory *directory, bool is_complete)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(lz_directory_commit(directory, is_complete, &error));
    g_assert_no_error(error);
    lz_directory_free(directory);
}

static void run_once(const Place *place, bool is_forced, const char *text)
{
    LzDirectory *directory = begin(place, is_forced);
    put_table(directory, text);
    put_manifest(directory, "complete");
    commit(directory, true);
}

static void assert_table(const char *path, const char *text)
{
    g_autofree char *table = g_build_filename(path, "metrics.csv", NULL);
    g_autofree char *seen = NULL;
    g_assert_true(g_file_get_contents(table, &seen, NULL, NULL));
    g_assert_cmpstr(seen, ==, text);
}

static void assert_refused(const Place *place, bool is_forced, const char *code)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(lz_directory_begin(place->final, is_forced, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, code));
}

static void assert_absent(const char *path)
{
    g_assert_cmpint(g_access(path, F_OK), ==, -1);
}

static void test_complete(Place *place, gconstpointer data)
{
    (void)data;
    int status;
    LzDirectory *directory = begin(place, false);
    g_assert_cmpstr(lz_directory_path(directory), ==, place->partial);
    put_table(directory, "a\n");
    put_manifest(directory, "complete");
    assert_absent(place->final);
    commit(directory, true);
    assert_table(place->final, "a\n");
    assert_absent(place->partial);
    const char *const argv[] = {"sha256sum", "--strict", "-c", LZ_SUMS_NAME, NULL};
    run_program(place->final, argv, &status);
    g_assert_cmpint(status, ==, 0);
}

static void test_sums_see_a_change(Place *place, gconstpointer data)
{
    (void)data;
    int status;
    run_once(place, false, "a\n");
    g_autofree char *table = g_build_filename(place->final, "metrics.csv", NULL);
    g_assert_true(g_file_set_contents(table, "b\n", -1, NULL));
    const char *const argv[] = {"sha256sum", "--status", "-c", LZ_SUMS_NAME, NULL};
    run_program(place->final, argv, &status);
    g_assert_cmpint(status, !=, 0);
}

static void test_exists(Place *place, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run_once(place, false, "first\n");
    g_assert_null(lz_directory_begin(place->final, false, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_INPUT);
    g_autofree char *expected = g_strdup_printf("E501 %s exists and is complete; use --force or -o (nothing written)",
                                                place->final);
    g_assert_cmpstr(error->message, ==, expected);
    assert_table(place->final, "first\n");
    assert_absent(place->partial);
}

static void test_force(Place *place, gconstpointer data)
{
    (void)data;
    run_once(place, false, "first\n");
    LzDirectory *directory = begin(place, true);
    put_table(directory, "second\n");
    put_manifest(directory, "complete");
    assert_table(place->final, "first\n");              /* until the very end */
    commit(directory, true);
    assert_table(place->final, "second\n");
    g_autofree char *results = g_path_get_dirname(place->final);
    g_autoptr(GDir) left = g_dir_open(results, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(left), ==, "ward-42");
    g_assert_null(g_dir_read_name(left));
}

static void test_interrupted(Place *place, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 2; i++) {                  /* the second replaces the first */
        LzDirectory *directory = begin(place, false);
        put_table(directory, i == 0 ? "a\n" : "b\n");
        put_manifest(directory, "interrupted");
        commit(directory, false);
    }
    assert_absent(place->final);
    assert_absent(place->partial);
    assert_table(place->kept, "b\n");
}

static void test_abandon(Place *place, gconstpointer data)
{
    (void)data;
    LzDirectory *directory = begin(place, false);
    put_table(directory, "a\n");
    lz_directory_remove(directory);
    lz_directory_free(directory);
    assert_absent(place->partial);
    assert_absent(place->final);
}

/* A killed run leaves its temporary directory without the lock; the next run takes it over. */
static void test_killed(Place *place, gconstpointer data)
{
    (void)data;
    LzDirectory *killed = begin(place, false);
    put_table(killed, "old\n");
    assert_refused(place, false, "E503 ");              /* while it lives nobody else may write */
    lz_directory_free(killed);
    g_assert_cmpint(g_access(place->partial, F_OK), ==, 0);
    run_once(place, false, "new\n");
    assert_table(place->final, "new\n");
}

static void test_not_ours(Place *place, gconstpointer data)
{
    (void)data;
    g_autofree char *precious = g_build_filename(place->final, "thesis.tex", NULL);
    g_autofree char *manifest = g_build_filename(place->final, LZ_MANIFEST_NAME, NULL);
    g_assert_cmpint(g_mkdir_with_parents(place->final, 0755), ==, 0);
    g_assert_true(g_file_set_contents(precious, "x", -1, NULL));
    assert_refused(place, true, "E502 ");
    g_assert_true(g_file_set_contents(manifest, "{\"schema\": \"web-app\"}", -1, NULL));   /* of another program */
    assert_refused(place, true, "E502 ");
    g_assert_cmpint(g_access(precious, F_OK), ==, 0);
}

static void test_foreign_partial(Place *place, gconstpointer data)
{
    (void)data;
    g_autofree char *precious = g_build_filename(place->partial, "notes.txt", NULL);
    g_assert_cmpint(g_mkdir_with_parents(place->partial, 0755), ==, 0);
    g_assert_true(g_file_set_contents(precious, "x", -1, NULL));
    assert_refused(place, true, "E502 ");
    g_assert_cmpint(g_access(precious, F_OK), ==, 0);
}

static void test_symbolic_links(Place *place, gconstpointer data)
{
    (void)data;
    g_autofree char *elsewhere = g_build_filename(place->root, "elsewhere", NULL);
    g_autofree char *results = g_path_get_dirname(place->final);
    g_assert_cmpint(g_mkdir_with_parents(results, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
    g_assert_cmpint(symlink(elsewhere, place->final), ==, 0);
    assert_refused(place, true, "E502 ");
    g_assert_cmpint(unlink(place->final), ==, 0);
    g_assert_cmpint(symlink(elsewhere, place->partial), ==, 0);
    assert_refused(place, true, "E502 ");
}

/* Forcing removes links inside an older run, never what they point at. */
static void test_force_keeps_link_target(Place *place, gconstpointer data)
{
    (void)data;
    g_autofree char *precious = g_build_filename(place->root, "precious", NULL);
    g_autofree char *link_path = g_build_filename(place->final, "link", NULL);
    run_once(place, false, "a\n");
    g_assert_true(g_file_set_contents(precious, "x", -1, NULL));
    g_assert_cmpint(symlink(precious, link_path), ==, 0);
    run_once(place, true, "b\n");
    assert_absent(link_path);
    g_assert_cmpint(g_access(precious, F_OK), ==, 0);
}

static void test_empty_directory_is_free(Place *place, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_mkdir_with_parents(place->final, 0755), ==, 0);
    run_once(place, false, "a\n");
    assert_table(place->final, "a\n");
}

/* Child: files may grow to 100,000 bytes; a larger table fails as it would on a full disk. */
static int write_beyond_the_limit(const Place *place)
{
    struct rlimit limit = {100000, 100000};
    g_autofree char *block = g_strnfill(70000, 'x');
    signal(SIGXFSZ, SIG_IGN);
    LzDirectory *directory = lz_directory_begin(place->final, false, NULL);
    LzFile *file = lz_directory_create(directory, "series.csv", NULL);
    g_autoptr(GError) error = NULL;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || !lz_file_write(file, block, 70000, NULL)) {
        return 10;
    }
    if (lz_file_write(file, block, 70000, &error) || !error || error->code != LZ_ERROR_IO || !strstr(error->message, "series.csv")) {
        return 11;
    }
    g_clear_error(&error);
    if (lz_directory_commit(directory, true, &error) || !error || error->code != LZ_ERROR_IO) {
        return 12;
    }
    bool is_kept = strcmp(lz_directory_path(directory), place->kept) == 0;
    lz_directory_free(directory);
    return is_kept ? 0 : 13;
}

static void test_disk_full(Place *place, gconstpointer data)
{
    (void)data;
    int status = 0;
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        _exit(write_beyond_the_limit(place));
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    assert_absent(place->final);
    g_assert_cmpint(g_access(place->kept, F_OK), ==, 0);
}

static void test_failed_run_keeps_the_rest(Place *place, gconstpointer data)
{
    (void)data;
    LzDirectory *directory = begin(place, false);
    put_table(directory, "a\n");
    put_manifest(directory, "failed");
    commit(directory, false);
    assert_table(place->kept, "a\n");
    g_autofree char *sums = g_build_filename(place->kept, LZ_SUMS_NAME, NULL);
    g_assert_cmpint(g_access(sums, F_OK), ==, 0);
}

#define ADD(name, function) g_test_add("/directory/" name, Place, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("complete", test_complete);
    ADD("sums-see-a-change", test_sums_see_a_change);
    ADD("exists", test_exists);
    ADD("force", test_force);
    ADD("interrupted", test_interrupted);
    ADD("abandon", test_abandon);
    ADD("killed", test_killed);
    ADD("not-ours", test_not_ours);
    ADD("foreign-partial", test_foreign_partial);
    ADD("symbolic-links", test_symbolic_links);
    ADD("force-keeps-link-target", test_force_keeps_link_target);
    ADD("empty-directory-is-free", test_empty_directory_is_free);
    ADD("disk-full", test_disk_full);
    ADD("failed-run-keeps-the-rest", test_failed_run_keeps_the_rest);
    return g_test_run();
}
