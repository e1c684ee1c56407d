/* The subcommands. Each has its file; main.c only dispatches. argv[0] is the subcommand's name. */
#ifndef SIM_CLI_COMMAND_H
#define SIM_CLI_COMMAND_H

#include <glib.h>

#include "sim/scenario/load.h"

/* Exit codes of the whole program. */
enum {
    LZ_EXIT_OK = 0,                     /* all expectations held */
    LZ_EXIT_EXPECTATION = 1,            /* an expectation failed */
    LZ_EXIT_USAGE = 2,                  /* usage or scenario error: nothing ran */
    LZ_EXIT_FAILED = 3,                 /* the run failed: I/O, memory, internal */
    LZ_EXIT_INCONCLUSIVE = 4,           /* too few samples, or a wall-clock limit */
    LZ_EXIT_INTERRUPTED = 130,          /* SIGINT: partial results saved */
    LZ_EXIT_TERMINATED = 143,           /* SIGTERM: same */
};

int lz_cli_check(int argc, char **argv);
int lz_cli_describe(int argc, char **argv);
int lz_cli_explain(int argc, char **argv);
int lz_cli_graph(int argc, char **argv);
int lz_cli_list(int argc, char **argv);
int lz_cli_plot(int argc, char **argv);
int lz_cli_run(int argc, char **argv);
int lz_cli_schema(int argc, char **argv);

/* Parses the options of a subcommand, `--help` among them; the rest stays in argv. False after printing what is
 * wrong. arguments: of the usage line, may be NULL; text: printed behind the options, with examples. */
bool lz_cli_options(const char *arguments, const char *text, const GOptionEntry *entries, int *argc, char ***argv);
/* Prints diagnostics and their summary line on stderr. */
void lz_cli_print(const LzDiagnostics *diagnostics);

#endif
