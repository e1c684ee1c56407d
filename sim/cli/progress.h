/* Progress on stderr: a bar on a terminal, sparse plain lines elsewhere. */
#ifndef SIM_CLI_PROGRESS_H
#define SIM_CLI_PROGRESS_H

#include "sim/cli/runner.h"

typedef enum { LZ_PROGRESS_AUTO, LZ_PROGRESS_BAR, LZ_PROGRESS_LINES, LZ_PROGRESS_NONE } LzProgressMode;

typedef struct LzProgressView {
    LzProgressMode mode;
    gint64 painted_us;
    unsigned repetition, next_line;     /* lines: index into the shares at which one is printed */
    bool is_painted;
    volatile sig_atomic_t *wants_line;  /* SIGUSR1; may be NULL */
} LzProgressView;

void lz_progress_init(LzProgressView *view, LzProgressMode mode, volatile sig_atomic_t *wants_line);
void lz_progress_show(void *view, const LzProgress *progress);
void lz_progress_clear(LzProgressView *view);   /* removes the bar */
/* "12:03" or "1:02:03". */
char *lz_progress_clock(LzTime time_ns);

#endif
