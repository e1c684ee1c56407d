/* The subcommands. Each has its file; main.c only dispatches. argv[0] is the subcommand's name. */
#ifndef SIM_CLI_COMMAND_H
#define SIM_CLI_COMMAND_H

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

int lz_cli_run(int argc, char **argv);

#endif
