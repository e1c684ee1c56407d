/* lazaret describe: what one model, device profile or CPU class is, with every parameter and source. */
#include <stdio.h>

#include "sim/cli/command.h"

int lz_cli_describe(int argc, char **argv)
{
    if (!lz_cli_options(
            "NAME...",
            "Examples:\n  lazaret describe fifo\n  lazaret describe infusion-pump\n  lazaret describe cortex-m4\n",
            NULL, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc < 2) {
        fputs("lazaret: error: describe what? (`lazaret list` shows what there is)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        g_autofree char *text = lz_describe(argv[i]);
        if (!text) {
            fprintf(stderr, "lazaret: error: nothing is named `%s`; `lazaret list` shows what there is\n", argv[i]);
            return LZ_EXIT_USAGE;
        }
        fputs(text, stdout);
    }
    return LZ_EXIT_OK;
}
