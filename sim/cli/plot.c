/* `lazaret plot`: draws the figures of a run again, or in another format. */
#include <stdio.h>

#include "lazaret/error.h"
#include "sim/cli/command.h"
#include "sim/output/results.h"

static int draw(const char *directory, const char *const *names, const char *format_list)
{
    g_autoptr(GError) problem = NULL;
    g_auto(GStrv) formats = format_list ? g_strsplit(format_list, ",", -1) : NULL;
    if (!lz_plots_draw_as(directory, names, (const char *const *)formats, &problem)) {
        fprintf(stderr, "lazaret plot: error: %s\n", problem->message);
        return g_error_matches(problem, LZ_ERROR, LZ_ERROR_INPUT) ? LZ_EXIT_USAGE : LZ_EXIT_FAILED;
    }
    printf("figures  %s/plots\n", directory);
    return LZ_EXIT_OK;
}

int lz_cli_plot(int argc, char **argv)
{
    g_autofree char *formats = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &formats, "svg, png or both, separated by a comma (default svg)", "FORMATS"},
        G_OPTION_ENTRY_NULL,
    };
    if (!lz_cli_options("RESULTS [NAME...]",
                        "Figures: latency-cdf, latency-time, handshake-time; without a name all that the run has data for.\n\n"
                        "Examples:\n"
                        "  lazaret plot results/icu-ward-42\n"
                        "  lazaret plot results/icu-ward-42 latency-cdf --format svg,png\n"
                        "  gnuplot plots/latency-cdf.gp    (in the run directory, after changes of your own)\n",
                        entries, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc < 2) {
        fputs("lazaret plot: error: give a run directory (lazaret plot --help)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    return draw(argv[1], argc > 2 ? (const char *const *)argv + 2 : NULL, formats);
}
