/* lazaret list: the models, device profiles, CPU classes and metrics that a scenario can name. */
#include <stdio.h>

#include "sim/cli/command.h"

int lz_cli_list(int argc, char **argv)
{
    if (!lz_cli_options(
            "[KIND]",
            "Without KIND: everything.\n\nExamples:\n  lazaret list\n  lazaret list devices\n  lazaret list metrics\n",
            NULL, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    g_autofree char *text = lz_list(argc > 1 ? argv[1] : NULL);
    if (!text) {
        fprintf(stderr, "lazaret: error: no kind `%s` to list; `lazaret list` shows all\n", argv[1]);
        return LZ_EXIT_USAGE;
    }
    fputs(text, stdout);
    return LZ_EXIT_OK;
}
