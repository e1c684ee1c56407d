/* Dispatches to a subcommand: one row each. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/command.h"

typedef struct Command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv);
} Command;

static const Command commands[] = {
    {"check", "SCENARIO...", "read scenarios and report every mistake; run nothing", lz_cli_check},
    {"describe", "NAME...", "what a model, device profile or CPU class is", lz_cli_describe},
    {"explain", "CODE", "the long text of an error code", lz_cli_explain},
    {"graph", "SCENARIO", "the network as Graphviz DOT or SVG", lz_cli_graph},
    {"list", "[KIND]", "models, device profiles, CPU classes, metrics", lz_cli_list},
    {"plot", "RESULTS [NAME...]", "draw the figures of a run with gnuplot", lz_cli_plot},
    {"run", "SCENARIO", "run a scenario and say whether its expectations hold", lz_cli_run},
    {"schema", "", "the scenario language as JSON Schema", lz_cli_schema},
};

static void print_help(FILE *out)
{
    fputs("Usage: lazaret SUBCOMMAND ...\n\nSimulates a hospital network: real TLS in virtual time, from one YAML file "
          "to a verdict.\n\n",
          out);
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *usage = g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);
        fprintf(out, "  %-24s %s\n", usage, commands[i].summary);
    }
    fputs("\n  lazaret SUBCOMMAND --help shows its options; lazaret --version shows the version\n", out);
}

static int refuse(const char *word)
{
    const char *names[G_N_ELEMENTS(commands)];
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        names[i] = commands[i].name;
    }
    const char *nearest = lz_nearest(word, names, G_N_ELEMENTS(commands));
    fprintf(stderr, "lazaret: error: no subcommand `%s`", word);
    if (nearest) {
        fprintf(stderr, "; did you mean `%s`?", nearest);
    }
    fputs("\n", stderr);
    return LZ_EXIT_USAGE;
}

/* A stream that the caller closed must not become the number of the first file that is opened. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
            return;
        }
    }
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return LZ_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return LZ_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("lazaret " LAZARET_VERSION);
        return LZ_EXIT_OK;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return refuse(argv[1]);
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    setlocale(LC_CTYPE, "");
    int code = dispatch(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    fprintf(stderr, "lazaret: error: cannot write to standard output: %s\n", g_strerror(errno));
    return MAX(code, LZ_EXIT_FAILED);
}
