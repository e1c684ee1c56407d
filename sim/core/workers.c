#include "sim/core/workers.h"

#include <glib.h>
#include <pthread.h>

/* Tasks that wait for somebody to do them. More would only cost memory: the caller does the next one itself, instead of
 * giving it away. */
#define TASKS_PER_THREAD 64u

struct LzWorkers {
    unsigned threads, fiber_count;
    pthread_t *helpers;                 /* threads - 1; NULL: not started */
    pthread_mutex_t lock;               /* pthread's, which the thread sanitizer understands; of all below, and of tasks given away */
    pthread_cond_t is_offered, is_done;
    LzFiber **spare;                    /* fibers without a task */
    unsigned spare_count;
    LzTask **offered;                   /* in no order */
    LzErrand *errands, *last_errand;    /* first come, first served */
    unsigned offered_count, idle;       /* idle: helpers that wait */
    unsigned long helped;
    bool must_stop;
};

/* ---- the list of offers, under the lock ---- */

static void add_offered(LzWorkers *workers, LzTask *task)
{
    task->state = LZ_TASK_OFFERED;
    task->place = workers->offered_count;
    workers->offered[workers->offered_count++] = task;
}

static void take_offered(LzWorkers *workers, LzTask *task)
{
    LzTask *last = workers->offered[--workers->offered_count];
    workers->offered[task->place] = last;
    last->place = task->place;
    task->state = LZ_TASK_TAKEN;
}

/* Takes the one that is due first, or returns NULL. */
static LzTask *take_first(LzWorkers *workers)
{
    if (workers->offered_count == 0) {
        return NULL;
    }
    LzTask *first = workers->offered[0];
    for (unsigned i = 1; i < workers->offered_count; i++) {
        first = workers->offered[i]->due_ns < first->due_ns ? workers->offered[i] : first;
    }
    take_offered(workers, first);
    return first;
}

static void give_back_fiber(LzWorkers *workers, LzTask *task)
{
    workers->spare[workers->spare_count++] = task->fiber;
    task->fiber = NULL;
}

/* The lock is open meanwhile. */
static void run_taken(LzWorkers *workers, LzTask *task)
{
    pthread_mutex_unlock(&workers->lock);
    bool has_returned = lz_fiber_resume(task->fiber);
    g_assert(has_returned);             /* it pauses once */
    pthread_mutex_lock(&workers->lock);
    give_back_fiber(workers, task);
    task->state = LZ_TASK_DONE;
}

static bool run_errand(LzWorkers *workers)
{
    LzErrand *errand = workers->errands;
    if (!errand) {
        return false;
    }
    workers->errands = errand->next;
    pthread_mutex_unlock(&workers->lock);
    errand->run(errand->owner);
    pthread_mutex_lock(&workers->lock);
    return true;
}

/* ---- helpers ---- */

static void *help(void *owner)
{
    LzWorkers *workers = owner;
    pthread_mutex_lock(&workers->lock);
    while (!workers->must_stop) {
        LzTask *task = take_first(workers);
        if (task) {
            run_taken(workers, task);
            workers->helped++;
            pthread_cond_signal(&workers->is_done);
        } else if (!run_errand(workers)) {
            workers->idle++;
            pthread_cond_wait(&workers->is_offered, &workers->lock);
            workers->idle--;
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static void start_helpers(LzWorkers *workers)
{
    workers->helpers = g_new(pthread_t, workers->threads - 1);
    for (unsigned i = 0; i < workers->threads - 1; i++) {
        int ret = pthread_create(&workers->helpers[i], NULL, help, workers);
        g_assert(ret == 0);
    }
}

static void stop_helpers(LzWorkers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->must_stop = true;
    pthread_cond_broadcast(&workers->is_offered);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->threads - 1; i++) {
        pthread_join(workers->helpers[i], NULL);
    }
    g_free(workers->helpers);
}

/* ---- life ---- */

LzWorkers *lz_workers_new(unsigned threads)
{
    g_assert(threads > 0);
    LzWorkers *workers = g_new0(LzWorkers, 1);
    workers->threads = threads;
    workers->spare = g_new(LzFiber *, threads * TASKS_PER_THREAD);
    workers->offered = g_new(LzTask *, threads * TASKS_PER_THREAD);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->is_offered, NULL);
    pthread_cond_init(&workers->is_done, NULL);
    return workers;
}

void lz_workers_free(LzWorkers *workers)
{
    if (!workers) {
        return;
    }
    g_assert(workers->spare_count == workers->fiber_count);
    if (workers->helpers) {
        stop_helpers(workers);
    }
    for (unsigned i = 0; i < workers->spare_count; i++) {
        lz_fiber_free(workers->spare[i]);
    }
    pthread_cond_destroy(&workers->is_done);
    pthread_cond_destroy(&workers->is_offered);
    pthread_mutex_destroy(&workers->lock);
    g_free(workers->offered);
    g_free(workers->spare);
    g_free(workers);
}

/* ---- tasks ---- */

/* NULL: nobody would help, or enough has been given away. */
static LzFiber *take_fiber(LzWorkers *workers)
{
    pthread_mutex_lock(&workers->lock);
    LzFiber *fiber = workers->spare_count > 0 ? workers->spare[--workers->spare_count] : NULL;
    pthread_mutex_unlock(&workers->lock);
    if (!fiber && workers->threads > 1 && workers->fiber_count < workers->threads * TASKS_PER_THREAD) {
        workers->fiber_count++;
        fiber = lz_fiber_new();
    }
    return fiber;
}

/* Under the lock. */
static void wake_helper(LzWorkers *workers)
{
    if (!workers->helpers) {
        start_helpers(workers);
    }
    if (workers->idle > 0) {
        pthread_cond_signal(&workers->is_offered);
    }
}

void lz_workers_post(LzWorkers *workers, LzErrand *errand)
{
    pthread_mutex_lock(&workers->lock);
    errand->next = NULL;
    *(workers->errands ? &workers->last_errand->next : &workers->errands) = errand;
    workers->last_errand = errand;
    wake_helper(workers);
    pthread_mutex_unlock(&workers->lock);
}

bool lz_workers_begin(LzWorkers *workers, LzTask *task, void (*run)(void *owner), void *owner)
{
    g_assert(!task->is_given_away);
    task->fiber = take_fiber(workers);
    if (!task->fiber) {
        run(owner);
        return true;
    }
    task->state = LZ_TASK_BEGUN;
    task->is_given_away = !lz_fiber_start(task->fiber, run, owner);
    pthread_mutex_lock(&workers->lock);
    if (task->is_given_away) {
        add_offered(workers, task);
        wake_helper(workers);
    } else {
        give_back_fiber(workers, task);
    }
    pthread_mutex_unlock(&workers->lock);
    return !task->is_given_away;
}

void lz_task_offer(LzTask *task, LzTime due_ns)
{
    if (task->fiber && task->state == LZ_TASK_BEGUN) {
        task->due_ns = due_ns;
        lz_fiber_pause(task->fiber);
    }
}

void lz_workers_finish(LzWorkers *workers, LzTask *task)
{
    pthread_mutex_lock(&workers->lock);
    while (task->state != LZ_TASK_DONE) {
        LzTask *mine = task;
        if (task->state == LZ_TASK_OFFERED) {
            take_offered(workers, task);
        } else {
            mine = take_first(workers);
        }
        if (mine) {
            run_taken(workers, mine);
        } else if (!run_errand(workers)) {
            pthread_cond_wait(&workers->is_done, &workers->lock);
        }
    }
    pthread_mutex_unlock(&workers->lock);
    task->is_given_away = false;
}

unsigned long lz_workers_helped(LzWorkers *workers)
{
    pthread_mutex_lock(&workers->lock);
    unsigned long helped = workers->helped;
    pthread_mutex_unlock(&workers->lock);
    return helped;
}
