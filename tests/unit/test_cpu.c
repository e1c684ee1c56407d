/* The CPU queue: first come first served over k cores, costs known in parts, cancelling, busy time. */
#include <glib.h>

#include "sim/core/scheduler.h"
#include "sim/host/cpu.h"

typedef struct Job {
    LzCpuJob job;
    LzTime cost_ns, begun_ns, done_ns;
    LzTime known_ns[3];         /* parts of the cost, each known when the one before has passed */
    unsigned known_count, revisions;
    LzScheduler *scheduler;
} Job;

static LzCpuCost cost(Job *job)
{
    bool is_exact = job->revisions == job->known_count;
    return (LzCpuCost){is_exact ? job->cost_ns : job->known_ns[job->revisions], is_exact};
}

static LzCpuCost begin(void *owner)
{
    Job *job = owner;
    job->begun_ns = lz_now(job->scheduler);
    return cost(job);
}

static LzCpuCost revise(void *owner)
{
    Job *job = owner;
    g_assert_cmpint(lz_now(job->scheduler), ==, job->begun_ns + job->known_ns[job->revisions]);
    job->revisions++;
    return cost(job);
}

static void finish(void *owner)
{
    Job *job = owner;
    job->done_ns = lz_now(job->scheduler);
}

typedef struct Fixture {
    LzScheduler *scheduler;
    LzCpuQueue *queue;
    Job jobs[6];
} Fixture;

static void set_up(Fixture *fixture, unsigned cores)
{
    fixture->scheduler = lz_scheduler_new();
    LzEnv env = {.scheduler = fixture->scheduler};
    fixture->queue = lz_cpu_queue_new(&env, cores, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(fixture->jobs); i++) {
        fixture->jobs[i] = (Job){.cost_ns = 10 * (i + 1), .begun_ns = -1, .done_ns = -1, .scheduler = fixture->scheduler};
        lz_cpu_job_init(&fixture->jobs[i].job, begin, revise, finish, &fixture->jobs[i]);
    }
}

static void submit_all(Fixture *fixture)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fixture->jobs); i++) {
        lz_cpu_submit(fixture->queue, &fixture->jobs[i].job);
    }
}

static void run(Fixture *fixture)
{
    while (lz_scheduler_step(fixture->scheduler, LZ_SECONDS(1))) {
    }
}

static void tear_down(Fixture *fixture)
{
    lz_cpu_queue_free(fixture->queue);
    lz_scheduler_free(fixture->scheduler);
}

static void test_one_core(void)
{
    Fixture fixture;
    set_up(&fixture, 1);
    submit_all(&fixture);
    g_assert_cmpuint(lz_cpu_waiting(fixture.queue), ==, 5);
    run(&fixture);
    LzTime done = 0;
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmpint(fixture.jobs[i].begun_ns, ==, done);
        done += 10 * (i + 1);
        g_assert_cmpint(fixture.jobs[i].done_ns, ==, done);
    }
    g_assert_cmpint(lz_cpu_busy_ns(fixture.queue), ==, done);
    tear_down(&fixture);
}

/* Costs 10 20 30 40 50 60 on two cores: a core that falls free takes the next in line. */
static void test_two_cores(void)
{
    static const LzTime expected[] = {10, 20, 40, 60, 90, 120};
    Fixture fixture;
    set_up(&fixture, 2);
    submit_all(&fixture);
    run(&fixture);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmpint(fixture.jobs[i].done_ns, ==, expected[i]);
    }
    g_assert_cmpint(lz_cpu_busy_ns(fixture.queue), ==, 210);
    tear_down(&fixture);
}

/* What is known of a cost, and when, does not show: the same times and the same number of events. */
static void test_known_in_parts(void)
{
    static const LzTime expected[] = {10, 20, 40, 60, 90, 120};
    Fixture fixture;
    set_up(&fixture, 2);
    fixture.jobs[0].known_count = 1;                    /* nothing, then all */
    fixture.jobs[2].known_count = 3;
    fixture.jobs[2].known_ns[1] = 7;
    fixture.jobs[2].known_ns[2] = 30;                   /* all, without knowing it */
    fixture.jobs[5].known_count = 1;
    fixture.jobs[5].known_ns[0] = 59;
    submit_all(&fixture);
    run(&fixture);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmpint(fixture.jobs[i].done_ns, ==, expected[i]);
        g_assert_cmpuint(fixture.jobs[i].revisions, ==, fixture.jobs[i].known_count);
    }
    g_assert_cmpint(lz_cpu_busy_ns(fixture.queue), ==, 210);
    g_assert_cmpuint(lz_scheduler_fired(fixture.scheduler), ==, 6);
    tear_down(&fixture);
}

static void test_cancel(void)
{
    Fixture fixture;
    set_up(&fixture, 1);
    submit_all(&fixture);
    lz_cpu_cancel(&fixture.jobs[2].job);        /* waiting */
    lz_cpu_cancel(&fixture.jobs[2].job);        /* twice */
    lz_cpu_cancel(&fixture.jobs[0].job);        /* running: the next begins now */
    g_assert_cmpint(fixture.jobs[1].begun_ns, ==, 0);
    run(&fixture);
    g_assert_cmpint(fixture.jobs[0].done_ns, ==, -1);
    g_assert_cmpint(fixture.jobs[2].begun_ns, ==, -1);
    g_assert_cmpint(fixture.jobs[3].done_ns, ==, 60);
    tear_down(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu/one-core", test_one_core);
    g_test_add_func("/cpu/two-cores", test_two_cores);
    g_test_add_func("/cpu/known-in-parts", test_known_in_parts);
    g_test_add_func("/cpu/cancel", test_cancel);
    return g_test_run();
}
