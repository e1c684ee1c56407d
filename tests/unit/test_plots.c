/* Figures are drawn by gnuplot from a run's tables; text in the tables never becomes a command. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/output/csv.h"
#include "sim/output/plot_data.h"
#include "sim/output/results.h"

typedef struct Run {                    /* tables of a run, made by hand */
    char *path;
    GString *hist, *metrics, *series, *flows, *windows;
} Run;

static void set_up(Run *run, gconstpointer data)
{
    (void)data;
    run->path = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
    run->hist = g_string_new("run_id,rep,window,scope_kind,scope,metric,unit,bucket_low,bucket_high,count\n");
    run->metrics = g_string_new("run_id,rep,seed,window,scope_kind,scope,metric,unit,stat,value,n,ci_low,ci_high\n");
    run->series = g_string_new("run_id,rep,t_s,scope_kind,scope,metric,unit,stat,value,n\n");
    run->flows = g_string_new("run_id,fleet,flow,profile,behaviour,devices,qos,deadline_s,source\n");
    run->windows = g_string_new("run_id,rep,window,kind,from_s,to_s\n");
}

static void run_program(const char *directory, const char *const *argv, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *errors = NULL;
    g_spawn_sync(directory, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                 NULL, &errors, ret_status, &error);
    g_assert_no_error(error);
    if (*ret_status != 0) {
        g_test_message("%s", errors);
    }
}

static void tear_down(Run *run, gconstpointer data)
{
    (void)data;
    int status;
    const char *const argv[] = {"rm", "-rf", "--", run->path, NULL};
    GString *tables[] = {run->hist, run->metrics, run->series, run->flows, run->windows};
    run_program(NULL, argv, &status);
    g_free(run->path);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_string_free(tables[i], TRUE);
    }
}

static void save(const Run *run)
{
    const struct { const char *name; const GString *text; } tables[] = {
        {"hist.csv", run->hist}, {"metrics.csv", run->metrics}, {"series.csv", run->series},
        {"flows.csv", run->flows}, {"windows.csv", run->windows}};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *path = g_build_filename(run->path, tables[i].name, NULL);
        g_assert_true(g_file_set_contents(path, tables[i].text->str, (gssize)tables[i].text->len, NULL));
    }
}

static void add_bucket(Run *run, const char *kind, const char *scope, const char *metric, unsigned rep, double low_ms,
                       unsigned count)
{
    g_autofree char *number = g_strdup_printf("%u", rep);
    const char *const texts[] = {"4f1c9a02b07e", number, "always", kind, scope, metric, "s"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        lz_csv_text(run->hist, texts[i]);
    }
    lz_csv_double(run->hist, low_ms / 1000);
    lz_csv_double(run->hist, low_ms * 1.01 / 1000);
    lz_csv_uint(run->hist, count);
    lz_csv_end_row(run->hist);
}

static void add_point(Run *run, const char *scope, unsigned t_s, const char *stat, double value_s)
{
    const char *const texts[] = {"flow", scope, "latency", "s", stat};
    lz_csv_text(run->series, "4f1c9a02b07e");
    lz_csv_uint(run->series, 1);
    lz_csv_uint(run->series, t_s);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        lz_csv_text(run->series, texts[i]);
    }
    lz_csv_double(run->series, value_s);
    lz_csv_uint(run->series, 3);
    lz_csv_end_row(run->series);
}

/* A run with one fleet of that name, one flow `alarm`, one attack of the fleet's name. */
static void fill(Run *run, const char *fleet)
{
    g_autofree char *scope = g_strconcat(fleet, "/alarm", NULL);
    for (unsigned i = 0; i < 20; i++) {
        add_bucket(run, "flow", scope, "latency", 1 + i % 2, 2 + i, 10);
        add_bucket(run, "tls", fleet, "handshake.time", 1, 20 + i, 1);
        add_bucket(run, "tls", fleet, "connect.time", 1, 30 + i, 1);
        add_point(run, scope, i, "p50", 0.002 * (i + 1));
        add_point(run, scope, i, "p99", 0.003 * (i + 1));
    }
    const char *const flow[] = {"4f1c9a02b07e", fleet, "alarm", "p", "periodic", "1", "0", "0.5", "assumed"};
    for (size_t i = 0; i < G_N_ELEMENTS(flow); i++) {
        lz_csv_text(run->flows, flow[i]);
    }
    lz_csv_end_row(run->flows);
    const char *const window[] = {"4f1c9a02b07e", "", fleet, "attack", "5", "9"};
    for (size_t i = 0; i < G_N_ELEMENTS(window); i++) {
        lz_csv_text(run->windows, window[i]);
    }
    lz_csv_end_row(run->windows);
    save(run);
}

static bool has_gnuplot(void)
{
    g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
    if (!gnuplot) {
        g_test_skip("gnuplot is not installed");
    }
    return gnuplot != NULL;
}

static char *plot_path(const Run *run, const char *name)
{
    return g_build_filename(run->path, "plots", name, NULL);
}

static char *plot_text(const Run *run, const char *name)
{
    g_autofree char *path = plot_path(run, name);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_draw(Run *run, gconstpointer data)
{
    (void)data;
    static const char *const formats[] = {"svg", "png", NULL};
    g_autoptr(GError) error = NULL;
    fill(run, "pump");
    if (!has_gnuplot()) {
        return;
    }
    g_assert_true(lz_plots_draw_as(run->path, NULL, formats, &error));
    g_assert_no_error(error);
    for (const char *const *name = lz_plots_names(); *name; name++) {
        int status;
        g_autofree char *svg = g_strconcat("plots/", *name, ".svg", NULL);
        g_autofree char *png_name = g_strconcat(*name, ".png", NULL);
        g_autofree char *png = plot_path(run, png_name);
        const char *const argv[] = {"xmllint", "--noout", svg, NULL};
        run_program(run->path, argv, &status);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(g_access(png, F_OK), ==, 0);
    }
    g_autofree char *svg = plot_text(run, "latency-cdf.svg");
    g_assert_nonnull(strstr(svg, "alarm   n = 200, deadline 500 ms"));
    g_assert_nonnull(strstr(svg, "2 repetitions merged"));
}

/* In the run directory anybody can redraw a figure: the same bytes. */
static void test_redraw(Run *run, gconstpointer data)
{
    (void)data;
    int status;
    fill(run, "pump");
    if (!has_gnuplot()) {
        return;
    }
    g_assert_true(lz_plots_draw(run->path, NULL, NULL));
    g_autofree char *before = plot_text(run, "latency-time.svg");
    const char *const argv[] = {"gnuplot", "-d", "plots/latency-time.gp", NULL};
    run_program(run->path, argv, &status);
    g_assert_cmpint(status, ==, 0);
    g_autofree char *after = plot_text(run, "latency-time.svg");
    g_assert_cmpstr(before, ==, after);
}

/* What a curve's data say: share later than a time, repetitions merged. */
static void test_data(Run *run, gconstpointer data)
{
    (void)data;
    static const LzPlotMetric latency = {.scope_kind = "flow", .metric = "latency"};
    g_autoptr(GError) error = NULL;
    add_bucket(run, "flow", "pump/alarm", "latency", 1, 10, 3);
    add_bucket(run, "flow", "pump/alarm", "latency", 1, 100, 1);
    add_bucket(run, "flow", "pump/alarm", "latency", 2, 10, 5);
    add_bucket(run, "flow", "pump/status", "latency", 2, 1, 7);
    add_bucket(run, "flow", "bed/alarm", "latency", 2, 1, 7);
    add_bucket(run, "flow", "pump/event", "latency", 2, 1, 7);
    add_bucket(run, "link", "wifi", "wait", 1, 10, 99);
    save(run);
    g_autoptr(LzPlotCurves) curves = lz_plot_read_curves(run->path, &latency, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(curves->items->len, ==, 4);
    g_assert_cmpuint(curves->repetitions, ==, 2);
    const LzPlotCurve *alarm = curves->items->pdata[0], *event = curves->items->pdata[2];
    g_assert_cmpstr(event->scope, ==, "pump/event");    /* fleets stay together */
    g_assert_cmpuint(alarm->count, ==, 9);
    g_assert_cmpuint(alarm->buckets->len, ==, 2);
    g_assert_cmpfloat_with_epsilon(lz_plot_quantile(alarm, 0.5), 0.0101, 1e-12);
    g_assert_cmpfloat_with_epsilon(lz_plot_quantile(alarm, 0.99), 0.101, 1e-12);
}

/* Whatever name stands in a table: nothing is executed and the figure is drawn. */
static void test_hostile(Run *run, gconstpointer data)
{
    (void)data;
    static const char *const payloads[] = {
        "`touch %s`", "'.system(\"touch %s\").'", "\"; system(\"touch %s\"); \"", "'\nsystem('touch %s')\n'", "$(touch %s)",
        "@x`touch %s`", "\\'; !touch %s", "'] ; system 'touch %s' ; a = ['", "%%s%%n%%d", "< touch %s", "{/Symbol a}^2_3",
        "\x1b]0;x\x07", "<script>touch %s</script>", "#", "\\", "''", "'", "`"};
    g_autofree char *sentinel = g_build_filename(run->path, "executed", NULL);
    if (!has_gnuplot()) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_auto(GStrv) parts = g_strsplit(payloads[i], "%s", -1);
        g_autofree char *payload = g_strjoinv(sentinel, parts);
        g_autoptr(GError) error = NULL;
        GString *tables[] = {run->hist, run->metrics, run->series, run->flows, run->windows};
        for (size_t k = 0; k < G_N_ELEMENTS(tables); k++) {
            g_string_truncate(tables[k], (gsize)(strchr(tables[k]->str, '\n') + 1 - tables[k]->str));
        }
        fill(run, payload);
        gboolean is_drawn = lz_plots_draw(run->path, NULL, &error);
        g_assert_no_error(error);
        g_assert_true(is_drawn);
        g_assert_cmpint(g_access(sentinel, F_OK), ==, -1);
        for (const char *const *name = lz_plots_names(); *name; name++) {
            int status;
            g_autofree char *svg = g_strconcat("plots/", *name, ".svg", NULL);
            const char *const argv[] = {"xmllint", "--noout", svg, NULL};
            run_program(run->path, argv, &status);
            g_assert_cmpint(status, ==, 0);
        }
    }
}

static void assert_fails(const Run *run, const char *name, const char *format, int code)
{
    const char *const names[] = {name, NULL}, *const formats[] = {format, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_false(lz_plots_draw_as(run->path, names, formats, &error));
    g_assert_error(error, LZ_ERROR, code);
}

static void test_refused(Run *run, gconstpointer data)
{
    (void)data;
    if (!has_gnuplot()) {
        return;
    }
    save(run);
    assert_fails(run, "latency-cdf", "svg", LZ_ERROR_INPUT);            /* no samples */
    g_autoptr(GError) error = NULL;
    g_assert_true(lz_plots_draw(run->path, NULL, &error));              /* nothing asked for by name: nothing to draw */
    fill(run, "pump");
    assert_fails(run, "latency-cfd", "svg", LZ_ERROR_INPUT);
    assert_fails(run, "latency-cdf", "svg'; system('true", LZ_ERROR_INPUT);
    g_string_append(run->hist, "4f1c9a02b07e,1,always,flow,pump/alarm,latency,s,nan,1,1\n");
    save(run);
    assert_fails(run, "latency-cdf", "svg", LZ_ERROR_INPUT);
}

/* A run directory of somebody else cannot make us write elsewhere. */
static void test_links(Run *run, gconstpointer data)
{
    (void)data;
    g_autofree char *elsewhere = g_build_filename(run->path, "elsewhere", NULL);
    g_autofree char *plots = g_build_filename(run->path, "plots", NULL);
    g_autofree char *svg = g_build_filename(plots, "latency-cdf.svg", NULL);
    if (!has_gnuplot()) {
        return;
    }
    fill(run, "pump");
    g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
    g_assert_cmpint(symlink(elsewhere, plots), ==, 0);
    assert_fails(run, "latency-cdf", "svg", LZ_ERROR_IO);
    g_assert_cmpint(unlink(plots), ==, 0);
    g_assert_cmpint(g_mkdir(plots, 0755), ==, 0);
    g_autofree char *precious = g_build_filename(elsewhere, "precious", NULL);
    g_assert_true(g_file_set_contents(precious, "x", -1, NULL));
    g_assert_cmpint(symlink(precious, svg), ==, 0);
    g_assert_true(lz_plots_draw(run->path, NULL, NULL));
    g_autofree char *kept = NULL;
    g_assert_true(g_file_get_contents(precious, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "x");
}

#define ADD(name, function) g_test_add("/plots/" name, Run, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("draw", test_draw);
    ADD("redraw", test_redraw);
    ADD("data", test_data);
    ADD("hostile", test_hostile);
    ADD("refused", test_refused);
    ADD("links", test_links);
    return g_test_run();
}
