/* Draws figures with gnuplot: data, a small script and the shipped scripts go into RESULTS/plots, so that
 * `gnuplot plots/NAME.gp` in the run directory draws a figure again, and anybody may change it. */
#define _DEFAULT_SOURCE                 /* RLIMIT_CPU */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/output/lazaret_plots.h"
#include "sim/output/plot_data.h"
#include "sim/output/results.h"
#include "sim/output/text.h"

#define GNUPLOT_CPU_SECONDS 60
#define RESOURCES "/lazaret/plots"

static const LzFigure *const figures[] = {&lz_figure_latency_cdf, &lz_figure_latency_time, &lz_figure_handshake_time};
static const char *const figure_names[] = {"latency-cdf", "latency-time", "handshake-time", NULL};
static_assert(G_N_ELEMENTS(figures) + 1 == G_N_ELEMENTS(figure_names), "name every figure");

const char *const *lz_plots_names(void)
{
    return figure_names;
}

/* ---- files ---- */

static gboolean write_text(const char *path, const char *text, gssize size, GError **error)
{
    GError *trouble = NULL;
    if (g_file_set_contents(path, text, size, &trouble)) {
        return TRUE;
    }
    g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "E510 cannot write %s: %s", path, trouble->message);
    g_error_free(trouble);
    return FALSE;
}

/* A directory of our own, not a link to somebody else's. */
static gboolean make_folder(const char *path, GError **error)
{
    struct stat status;
    if (mkdir(path, 0777) == 0) {
        return TRUE;
    }
    int code = errno;
    if (code == EEXIST && lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return TRUE;
    }
    g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "cannot make the folder %s: %s", path, g_strerror(code));
    return FALSE;
}

static gboolean copy_script(const char *folder, const char *name, GError **error)
{
    g_autofree char *from = g_strconcat(RESOURCES "/", name, NULL);
    g_autofree char *to = g_build_filename(folder, name, NULL);
    g_autoptr(GBytes) script =
        g_resource_lookup_data(lazaret_plots_get_resource(), from, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert(script);
    gsize size;
    const char *text = g_bytes_get_data(script, &size);
    return write_text(to, text, (gssize)size, error);
}

static gboolean copy_scripts(const char *plots, GError **error)
{
    g_autofree char *folder = g_build_filename(plots, "lib", NULL);
    g_auto(GStrv) names = g_resource_enumerate_children(lazaret_plots_get_resource(), RESOURCES,
                                                        G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    if (!make_folder(folder, error)) {
        return FALSE;
    }
    for (char **name = names; *name; name++) {
        if (!copy_script(folder, *name, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean write_figure(const char *plots, const char *name, const LzPlotText *plot, GError **error)
{
    g_autofree char *data_name = g_strconcat(name, ".dat", NULL);
    g_autofree char *script_name = g_strconcat(name, ".gp", NULL);
    g_autofree char *data_path = g_build_filename(plots, data_name, NULL);
    g_autofree char *script_path = g_build_filename(plots, script_name, NULL);
    g_autofree char *script = g_strdup_printf(
        "# Draws this figure again: gnuplot plots/%s in the run directory. Made by lazaret from the run's tables.\n"
        "# gnuplot -e \"format='png'\" plots/%s draws a PNG.\n"
        "data = 'plots/%s'\noutput_name = 'plots/%s'\n%sload 'plots/lib/%s'\n",
        script_name, script_name, data_name, name, plot->variables->str, script_name);
    return write_text(data_path, plot->data->str, (gssize)plot->data->len, error) &&
           write_text(script_path, script, -1, error);
}

/* ---- gnuplot ---- */

/* In the child: a figure that does not end is ended. */
static void limit_child(gpointer data)
{
    (void)data;
    struct rlimit limit = {GNUPLOT_CPU_SECONDS, GNUPLOT_CPU_SECONDS};
    setrlimit(RLIMIT_CPU, &limit);
}

static gboolean report_child(const char *name, int status, const char *errors, GError **error)
{
    if (g_spawn_check_wait_status(status, NULL)) {
        return TRUE;
    }
    g_autofree char *shown = lz_text_printable(errors ? errors : "");
    g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "gnuplot could not draw %s: %.300s", name, g_strstrip(shown));
    return FALSE;
}

/* By absolute path, without a shell, an environment or the user's start-up file. */
static gboolean run_gnuplot(const char *gnuplot, const char *directory, const char *name, const char *format,
                            GError **error)
{
    g_autofree char *setting = g_strdup_printf("format='%s'", format);
    g_autofree char *script = g_strdup_printf("plots/%s.gp", name);
    g_autofree char *output = g_strdup_printf("%s/plots/%s.%s", directory, name, format);
    g_autofree char *errors = NULL;
    GError *trouble = NULL;
    const char *const argv[] = {gnuplot, "-d", "-e", setting, script, NULL};
    const char *const environment[] = {NULL};
    int status = 0;
    unlink(output);                     /* gnuplot would write through a link */
    if (!g_spawn_sync(directory, (char **)(uintptr_t)argv, (char **)(uintptr_t)environment, G_SPAWN_STDOUT_TO_DEV_NULL,
                      limit_child, NULL, NULL, &errors, &status, &trouble)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "cannot start gnuplot: %s", trouble->message);
        g_error_free(trouble);
        return FALSE;
    }
    return report_child(name, status, errors, error);
}

/* ---- the figures ---- */

typedef struct Job {
    const char *gnuplot, *directory, *plots;
    const char *const *formats;
} Job;

static gboolean draw_formats(const Job *job, const char *name, GError **error)
{
    for (const char *const *format = job->formats; *format; format++) {
        if (!run_gnuplot(job->gnuplot, job->directory, name, *format, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean draw_figure(const Job *job, const LzFigure *figure, bool is_asked_for, GError **error)
{
    g_autoptr(GString) data = g_string_new(NULL);
    g_autoptr(GString) variables = g_string_new(NULL);
    LzPlotText plot = {.data = data, .variables = variables};
    if (!figure->prepare(job->directory, &plot, error)) {
        return FALSE;
    }
    if (!plot.has_data && is_asked_for) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "%s: the run has no samples for figure %s", job->directory,
                    figure->name);
        return FALSE;
    }
    return !plot.has_data ||
           (write_figure(job->plots, figure->name, &plot, error) && draw_formats(job, figure->name, error));
}

static const LzFigure *figure_of(const char *name, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(figures); i++) {
        if (strcmp(figures[i]->name, name) == 0) {
            return figures[i];
        }
    }
    g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "no figure `%s`; there are latency-cdf, latency-time and handshake-time",
                name);
    return NULL;
}

static gboolean check_formats(const char *const *formats, GError **error)
{
    for (; *formats; formats++) {
        if (strcmp(*formats, "svg") != 0 && strcmp(*formats, "png") != 0) {
            g_set_error(error, LZ_ERROR, LZ_ERROR_INPUT, "no format `%s`; there are svg and png", *formats);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean draw_all(const Job *job, const char *const *names, GError **error)
{
    for (const char *const *name = names ? names : figure_names; *name; name++) {
        const LzFigure *figure = figure_of(*name, error);
        if (!figure || !draw_figure(job, figure, names != NULL, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean lz_plots_draw_as(const char *results_directory, const char *const *names, const char *const *formats,
                          GError **error)
{
    static const char *const usual[] = {"svg", NULL};
    g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
    g_autofree char *plots = g_build_filename(results_directory, "plots", NULL);
    Job job = {.gnuplot = gnuplot, .directory = results_directory, .plots = plots, .formats = formats ? formats : usual};
    if (!check_formats(job.formats, error)) {
        return FALSE;
    }
    if (!gnuplot) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "gnuplot is not installed: no figures (the tables are complete)");
        return FALSE;
    }
    return make_folder(plots, error) && copy_scripts(plots, error) && draw_all(&job, names, error);
}

gboolean lz_plots_draw(const char *results_directory, const char *const *names, GError **error)
{
    return lz_plots_draw_as(results_directory, names, NULL, error);
}
