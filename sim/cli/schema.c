/* lazaret schema: the scenario language as JSON Schema, for editors. */
#include <stdio.h>

#include "sim/cli/command.h"

int lz_cli_schema(int argc, char **argv)
{
    if (!lz_cli_options(NULL, "Examples:\n  lazaret schema > scenario-1.json\n", NULL, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    g_autofree char *schema = lz_schema_json();
    fputs(schema, stdout);
    return LZ_EXIT_OK;
}
