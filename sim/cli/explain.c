/* lazaret explain: the long text of an error code. */
#include <stdio.h>

#include "sim/cli/command.h"

int lz_cli_explain(int argc, char **argv)
{
    if (!lz_cli_options("CODE", "Examples:\n  lazaret explain E210\n", NULL, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc < 2) {
        fputs("lazaret: error: which code? (for example `lazaret explain E210`)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    const char *text = lz_explain(argv[1]);
    if (!text) {
        fprintf(stderr, "lazaret: error: no error code `%s`\n", argv[1]);
        return LZ_EXIT_USAGE;
    }
    printf("%s: %s\n", argv[1], text);
    return LZ_EXIT_OK;
}
