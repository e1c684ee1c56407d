/* `lazaret plot`: draws the figures of a run again, or in another format. */
#include <stdio.h>

#include <glib.h>

#include "lazaret/error.h"
#include "sim/cli/command.h"
#include "sim/output/results.h"

typedef struct Options {
    char *formats;
} Options;

static gboolean parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->formats, "svg, png or both (default svg)", "svg,png"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("RESULTS [NAME...]");
    g_option_context_set_summary(context, "Draws the figures of a run into RESULTS/plots with gnuplot.");
    g_option_context_set_description(context, "Figures: latency-cdf, latency-time, handshake-time.\n\nExamples:\n"
                                              "  lazaret plot results/icu-ward-42\n"
                                              "  lazaret plot results/icu-ward-42 latency-cdf --format svg,png\n"
                                              "  gnuplot plots/latency-cdf.gp    (in the run directory, after your changes)\n");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static int draw(const Options *options, int argc, char **argv)
{
    g_autoptr(GError) problem = NULL;
    g_auto(GStrv) formats = options->formats ? g_strsplit(options->formats, ",", -1) : NULL;
    const char *const *names = argc > 2 ? (const char *const *)argv + 2 : NULL;
    if (!lz_plots_draw_as(argv[1], names, (const char *const *)formats, &problem)) {
        fprintf(stderr, "lazaret plot: error: %s\n", problem->message);
        return g_error_matches(problem, LZ_ERROR, LZ_ERROR_INPUT) ? LZ_EXIT_USAGE : LZ_EXIT_FAILED;
    }
    printf("figures  %s/plots\n", argv[1]);
    return LZ_EXIT_OK;
}

int lz_cli_plot(int argc, char **argv)
{
    Options options = {0};
    g_autoptr(GError) problem = NULL;
    int code = LZ_EXIT_USAGE;
    if (!parse_options(&options, &argc, &argv, &problem)) {
        fprintf(stderr, "lazaret plot: error: %s (lazaret plot --help)\n", problem->message);
    } else if (argc < 2) {
        fprintf(stderr, "lazaret plot: error: give a run directory (lazaret plot --help)\n");
    } else {
        code = draw(&options, argc, argv);
    }
    g_free(options.formats);
    return code;
}
