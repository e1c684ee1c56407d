/* k cores, one queue. */
#include "sim/host/cpu.h"

#include <glib.h>

#include "sim/core/scheduler.h"

struct LzCpuQueue {
    LzEnv env;
    LzScope wait_scope;
    unsigned cores, running, waiting;
    LzCpuJob *head, *tail;              /* waiting jobs */
    LzTime busy_ns, busy_since_ns;      /* integral of running over time, up to busy_since_ns */
};

static void job_done(void *owner);

LzCpuQueue *lz_cpu_queue_new(const LzEnv *env, unsigned cores, LzScope wait_scope)
{
    g_assert(cores > 0);
    LzCpuQueue *queue = g_new0(LzCpuQueue, 1);
    queue->env = *env;
    queue->cores = cores;
    queue->wait_scope = wait_scope;
    return queue;
}

void lz_cpu_queue_free(LzCpuQueue *queue)
{
    g_assert(!queue || (queue->running == 0 && queue->waiting == 0));
    g_free(queue);
}

void lz_cpu_job_init(LzCpuJob *job, LzCpuCost (*begin)(void *owner), LzCpuCost (*revise)(void *owner),
                     void (*finish)(void *owner), void *owner)
{
    *job = (LzCpuJob){.begin = begin, .revise = revise, .finish = finish, .owner = owner};
    lz_event_init(&job->done, job_done, job);
}

static void set_running(LzCpuQueue *queue, unsigned running)
{
    LzTime now_ns = lz_now(queue->env.scheduler);
    queue->busy_ns += (now_ns - queue->busy_since_ns) * queue->running;
    queue->busy_since_ns = now_ns;
    queue->running = running;
}

static void set_waiting(LzCpuQueue *queue, unsigned waiting)
{
    queue->waiting = waiting;
    lz_probe_level(queue->env.probes, queue->wait_scope, LZ_METRIC_SERVICE_QUEUE, waiting);
}

static void unlink_waiting(LzCpuQueue *queue, LzCpuJob *job)
{
    *(job->previous ? &job->previous->next : &queue->head) = job->next;
    *(job->next ? &job->next->previous : &queue->tail) = job->previous;
    job->next = job->previous = NULL;
    set_waiting(queue, queue->waiting - 1);
}

static void begin(LzCpuQueue *queue, LzCpuJob *job)
{
    job->state = LZ_CPU_JOB_RUNNING;
    set_running(queue, queue->running + 1);
    LzTime now_ns = lz_now(queue->env.scheduler);
    lz_probe_sample(queue->env.probes, queue->wait_scope, LZ_METRIC_SERVICE_CPU_WAIT, now_ns - job->queued_ns);
    LzCpuCost cost = job->begin(job->owner);
    job->begun_ns = now_ns;
    job->is_exact = cost.is_exact;
    lz_schedule_after(queue->env.scheduler, &job->done, cost.ns);
}

static void begin_waiting(LzCpuQueue *queue)
{
    while (queue->running < queue->cores && queue->head) {
        LzCpuJob *job = queue->head;
        unlink_waiting(queue, job);
        begin(queue, job);
    }
}

/* False: the job costs more than was known, and done comes again. */
static bool has_passed(LzCpuJob *job)
{
    if (G_LIKELY(job->is_exact)) {
        return true;
    }
    LzScheduler *scheduler = job->queue->env.scheduler;
    LzTime now_ns = lz_now(scheduler);
    LzCpuCost cost = job->revise(job->owner);
    g_assert(cost.ns >= now_ns - job->begun_ns);
    job->is_exact = cost.is_exact;
    if (cost.is_exact && job->begun_ns + cost.ns == now_ns) {
        return true;
    }
    lz_event_postpone(scheduler, &job->done, job->begun_ns + cost.ns);
    return false;
}

static void job_done(void *owner)
{
    LzCpuJob *job = owner;
    if (!has_passed(job)) {
        return;
    }
    LzCpuQueue *queue = job->queue;
    job->state = LZ_CPU_JOB_IDLE;
    set_running(queue, queue->running - 1);
    begin_waiting(queue);               /* those who waited come before what finish() submits */
    job->finish(job->owner);
}

void lz_cpu_submit(LzCpuQueue *queue, LzCpuJob *job)
{
    g_assert(job->state == LZ_CPU_JOB_IDLE);
    job->queue = queue;
    job->queued_ns = lz_now(queue->env.scheduler);
    if (queue->running < queue->cores) {
        begin(queue, job);
        return;
    }
    job->state = LZ_CPU_JOB_WAITING;
    job->previous = queue->tail;
    job->next = NULL;
    *(queue->tail ? &queue->tail->next : &queue->head) = job;
    queue->tail = job;
    set_waiting(queue, queue->waiting + 1);
}

void lz_cpu_cancel(LzCpuJob *job)
{
    LzCpuQueue *queue = job->queue;
    if (job->state == LZ_CPU_JOB_WAITING) {
        unlink_waiting(queue, job);
        job->state = LZ_CPU_JOB_IDLE;
    } else if (job->state == LZ_CPU_JOB_RUNNING) {
        lz_event_cancel(queue->env.scheduler, &job->done);
        set_running(queue, queue->running - 1);
        job->state = LZ_CPU_JOB_IDLE;
        begin_waiting(queue);
    }
}

LzTime lz_cpu_busy_ns(const LzCpuQueue *queue)
{
    return queue->busy_ns + (lz_now(queue->env.scheduler) - queue->busy_since_ns) * queue->running;
}

unsigned lz_cpu_waiting(const LzCpuQueue *queue)
{
    return queue->waiting;
}
