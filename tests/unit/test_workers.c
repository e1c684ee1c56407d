/* Fibers, and tasks that other threads finish: every task is done exactly once, whoever does it. */
#include <glib.h>
#include <stdatomic.h>
#include <string.h>

#include "lazaret/random.h"
#include "sim/core/workers.h"

/* ---- fibers ---- */

typedef struct Walk {
    LzFiber *fiber;
    unsigned steps;             /* to take, pausing after each */
    unsigned taken;
} Walk;

/* Uses a good part of the stack, as what runs on fibers does. */
static void walk(void *owner)
{
    Walk *self = owner;
    unsigned char room[LZ_FIBER_STACK_BYTES / 2];
    memset(room, (int)self->steps, sizeof room);
    for (unsigned i = 0; i < self->steps; i++) {
        self->taken++;
        lz_fiber_pause(self->fiber);
    }
    for (size_t i = 0; i < sizeof room; i++) {
        g_assert_cmpuint(room[i], ==, self->steps);
    }
}

static void test_fiber(void)
{
    LzFiber *fiber = lz_fiber_new();
    for (unsigned steps = 0; steps < 4; steps++) {      /* one fiber, call after call */
        Walk self = {.fiber = fiber, .steps = steps};
        bool has_returned = lz_fiber_start(fiber, walk, &self);
        for (unsigned i = 1; i <= steps; i++) {
            g_assert_false(has_returned);
            g_assert_cmpuint(self.taken, ==, i);
            has_returned = lz_fiber_resume(fiber);
        }
        g_assert_true(has_returned);
    }
    lz_fiber_free(fiber);
    lz_fiber_free(NULL);
}

static gpointer resume_elsewhere(gpointer fiber)
{
    return GINT_TO_POINTER(lz_fiber_resume(fiber));
}

static void test_fiber_moves_between_threads(void)
{
    LzFiber *fiber = lz_fiber_new();
    Walk self = {.fiber = fiber, .steps = 2};
    g_assert_false(lz_fiber_start(fiber, walk, &self));
    g_assert_false(GPOINTER_TO_INT(g_thread_join(g_thread_new("walk", resume_elsewhere, fiber))));
    g_assert_true(lz_fiber_resume(fiber));
    lz_fiber_free(fiber);
}

/* ---- tasks ---- */

enum { TASKS = 1000, MULTIPLICATIONS = 3000 };

typedef struct Sum {
    LzTask task;
    uint64_t seed, result;
    LzTime due_ns;
    bool is_short;              /* not worth giving away */
    bool offers_twice;
} Sum;

static uint64_t work(uint64_t value)
{
    for (unsigned i = 0; i < MULTIPLICATIONS; i++) {
        value = value * UINT64_C(6364136223846793005) + 1;
    }
    return value;
}

static void sum(void *owner)
{
    Sum *self = owner;
    uint64_t value = self->seed;                        /* on the fiber's stack, and over to the other thread */
    if (!self->is_short) {
        lz_task_offer(&self->task, self->due_ns);
    }
    value = work(value);
    if (self->offers_twice) {
        lz_task_offer(&self->task, self->due_ns + 1);
    }
    self->result = value;
}

/* Begins tasks and finishes them in another order, a hundred or so under way at a time. */
static void test_tasks(gconstpointer threads)
{
    LzWorkers *workers = lz_workers_new(GPOINTER_TO_UINT(threads));
    g_autofree Sum *sums = g_new0(Sum, TASKS);
    g_autoptr(GArray) away = g_array_new(FALSE, FALSE, sizeof(unsigned));
    LzRandom random;
    lz_random_init(&random, 1, 2, LZ_PURPOSE_START);
    for (unsigned i = 0; i < TASKS; i++) {
        sums[i] = (Sum){.seed = i, .due_ns = (LzTime)(lz_random_u64(&random) % 100), .is_short = i % 7 == 0, .offers_twice = i % 7 == 3};
        if (!lz_workers_begin(workers, &sums[i].task, sum, &sums[i])) {
            g_assert_false(sums[i].is_short);
            g_assert_true(lz_task_is_given_away(&sums[i].task));
            g_array_append_val(away, i);
        }
        while (away->len > 100 || (i == TASKS - 1 && away->len > 0)) {
            guint place = (guint)(lz_random_u64(&random) % away->len);
            LzTask *task = &sums[g_array_index(away, unsigned, place)].task;
            lz_workers_finish(workers, task);
            g_assert_false(lz_task_is_given_away(task));
            g_array_remove_index_fast(away, place);
        }
    }
    for (unsigned i = 0; i < TASKS; i++) {
        g_assert_cmpuint(sums[i].result, ==, work(i));
    }
    g_assert_true(GPOINTER_TO_UINT(threads) > 1 || lz_workers_helped(workers) == 0);
    lz_workers_free(workers);
}

/* Nobody helps in time: the caller has given away all it can, and does the rest itself. */
static void test_limit(void)
{
    LzWorkers *workers = lz_workers_new(2);
    g_autofree Sum *sums = g_new0(Sum, TASKS);
    unsigned away = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        sums[i] = (Sum){.seed = i};
        away += !lz_workers_begin(workers, &sums[i].task, sum, &sums[i]);
    }
    g_assert_cmpuint(away, >, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        if (lz_task_is_given_away(&sums[i].task)) {
            lz_workers_finish(workers, &sums[i].task);
        }
        g_assert_cmpuint(sums[i].result, ==, work(i));
    }
    lz_workers_free(workers);
}

/* ---- errands ---- */

typedef struct Count {
    LzErrand errand;
    LzWorkers *workers;
    atomic_uint *runs;
    struct Count *then;         /* posted by the errand itself; NULL: none */
} Count;

static void count_run(void *owner)
{
    Count *self = owner;
    if (self->then) {
        lz_workers_post(self->workers, &self->then->errand);
    }
    atomic_fetch_add(self->runs, 1);
}

/* Each runs at most once; what a wait for a task leaves undone, the end may forget. */
static void test_errands(void)
{
    enum { CHAINS = 50, LINKS = 10 };
    atomic_uint runs = 0;
    g_autofree Count *counts = g_new0(Count, CHAINS * LINKS);
    LzWorkers *workers = lz_workers_new(3);
    for (unsigned i = 0; i < CHAINS * LINKS; i++) {
        bool is_last = i % LINKS == LINKS - 1;
        counts[i] = (Count){.errand = {.run = count_run, .owner = &counts[i]}, .workers = workers, .runs = &runs,
                            .then = is_last ? NULL : &counts[i + 1]};
    }
    for (unsigned i = 0; i < CHAINS; i++) {
        lz_workers_post(workers, &counts[i * LINKS].errand);
    }
    while (atomic_load(&runs) < CHAINS * LINKS) {       /* the helpers come to it, whatever this thread does */
        Sum self = {.seed = 1};
        if (!lz_workers_begin(workers, &self.task, sum, &self)) {
            lz_workers_finish(workers, &self.task);
        }
        g_assert_cmpuint(self.result, ==, work(1));
    }
    lz_workers_free(workers);
    g_assert_cmpuint(atomic_load(&runs), ==, CHAINS * LINKS);
}

static void test_nothing_to_do(void)
{
    lz_workers_free(lz_workers_new(1));
    lz_workers_free(lz_workers_new(8));
    lz_workers_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/workers/fiber", test_fiber);
    g_test_add_func("/workers/fiber-moves", test_fiber_moves_between_threads);
    g_test_add_data_func("/workers/tasks/1", GUINT_TO_POINTER(1), test_tasks);
    g_test_add_data_func("/workers/tasks/2", GUINT_TO_POINTER(2), test_tasks);
    g_test_add_data_func("/workers/tasks/8", GUINT_TO_POINTER(8), test_tasks);
    g_test_add_func("/workers/limit", test_limit);
    g_test_add_func("/workers/errands", test_errands);
    g_test_add_func("/workers/nothing", test_nothing_to_do);
    return g_test_run();
}
