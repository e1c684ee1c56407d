/* Threads that help one: the caller's thread begins a task and runs it up to where it becomes worth giving away; the rest is
 * done by whichever thread comes first, the one with the nearest due time before the others. When there is none, they
 * run errands: work that may come in useful, and that nobody waits for. Only the caller's thread may call these
 * functions, but for lz_task_offer() and lz_workers_post(). */
#ifndef SIM_CORE_WORKERS_H
#define SIM_CORE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "lazaret/time.h"
#include "sim/core/fiber.h"

typedef struct LzWorkers LzWorkers;

typedef struct LzTask {         /* embedded in its owner, zeroed at first; private to the workers */
    LzFiber *fiber;             /* NULL: not begun, done, or begun without one */
    LzTime due_ns;
    enum { LZ_TASK_IDLE, LZ_TASK_BEGUN, LZ_TASK_OFFERED, LZ_TASK_TAKEN, LZ_TASK_DONE } state;
    unsigned place;             /* among those offered */
    bool is_given_away;         /* the caller's */
} LzTask;

typedef struct LzErrand {       /* embedded in its owner */
    void (*run)(void *owner);
    void *owner;
    struct LzErrand *next;      /* private to the workers */
} LzErrand;

/* threads: the caller's among them. The others start when they are first needed. */
LzWorkers *lz_workers_new(unsigned threads);
void lz_workers_free(LzWorkers *workers);       /* no task may be unfinished; errands not begun are forgotten; accepts NULL */

/* Runs run(owner). True: it has returned; false: the rest was offered, and lz_workers_finish() must follow. */
bool lz_workers_begin(LzWorkers *workers, LzTask *task, void (*run)(void *owner), void *owner);
/* From inside run(), on any thread: the rest of it may be done elsewhere, and is wanted by due_ns. Of a task's offers
 * only the first counts. */
void lz_task_offer(LzTask *task, LzTime due_ns);
/* Returns when the task is done; until then this thread does it, or whatever else there is to do. */
void lz_workers_finish(LzWorkers *workers, LzTask *task);

/* The errand is run once, some time, on any thread, unless the workers end before. */
void lz_workers_post(LzWorkers *workers, LzErrand *errand);

static inline bool lz_task_is_given_away(const LzTask *task)   /* and has not been finished yet */
{
    return task->is_given_away;
}

/* How many tasks were done on other threads than the caller's. */
unsigned long lz_workers_helped(LzWorkers *workers);

#endif
