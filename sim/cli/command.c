#include "sim/cli/command.h"

#include <stdio.h>

bool lz_cli_options(const char *arguments, const char *summary, const GOptionEntry *entries, int *argc, char ***argv)
{
    g_autofree char *prefix = g_strdup_printf("lazaret %s", (*argv)[0]);
    g_set_prgname(prefix);
    g_autoptr(GOptionContext) context = g_option_context_new(arguments);
    g_option_context_set_description(context, summary);
    if (entries) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    g_autoptr(GError) error = NULL;
    if (g_option_context_parse(context, argc, argv, &error)) {
        return true;
    }
    fprintf(stderr, "lazaret: error: %s (see `%s --help`)\n", error->message, prefix);
    return false;
}

void lz_cli_print(const LzDiagnostics *diagnostics)
{
    g_autofree char *text = lz_diagnostics_format(diagnostics);
    g_autofree char *summary = lz_diagnostics_summary(diagnostics);
    fputs(text, stderr);
    if (summary[0] != '\0') {
        fprintf(stderr, "%s\n", summary);
    }
}
