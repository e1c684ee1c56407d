/* The CPU of a simulated host: k equal cores, first come first served. A job is embedded in its owner; what it costs
 * is known when it begins, or as much of it as lets the world go on meanwhile. */
#ifndef SIM_HOST_CPU_H
#define SIM_HOST_CPU_H

#include "lazaret/env.h"

/* What a job costs (>= 0), or, as long as that is not known, a part of it that is. */
typedef struct LzCpuCost {
    LzTime ns;
    bool is_exact;
} LzCpuCost;

typedef struct LzCpuQueue LzCpuQueue;
typedef struct LzCpuJob LzCpuJob;

struct LzCpuJob {
    LzCpuCost (*begin)(void *owner);    /* a core is free: do the work, or have it begun */
    LzCpuCost (*revise)(void *owner);   /* the known part has passed: never less than that */
    void (*finish)(void *owner);        /* the cost has passed; may submit the job again, or free it */
    void *owner;                        /* borrowed */
    LzEvent done;                       /* the rest is private to the queue */
    LzCpuQueue *queue;
    LzCpuJob *next, *previous;
    LzTime queued_ns, begun_ns;
    bool is_exact;
    enum { LZ_CPU_JOB_IDLE, LZ_CPU_JOB_WAITING, LZ_CPU_JOB_RUNNING } state;
};

/* wait_scope: LZ_SCOPE_SERVICE that gets SERVICE_CPU_WAIT samples and the SERVICE_QUEUE level, or 0. */
LzCpuQueue *lz_cpu_queue_new(const LzEnv *env, unsigned cores, LzScope wait_scope);
void lz_cpu_queue_free(LzCpuQueue *queue);
/* revise: NULL for a job whose begin() always knows. */
void lz_cpu_job_init(LzCpuJob *job, LzCpuCost (*begin)(void *owner), LzCpuCost (*revise)(void *owner),
                     void (*finish)(void *owner), void *owner);
/* The job must be idle. begin() may be called from inside. */
void lz_cpu_submit(LzCpuQueue *queue, LzCpuJob *job);
/* Safe on an idle job. A running job gives its core back at once. */
void lz_cpu_cancel(LzCpuJob *job);
/* Core·ns of work done until now. */
LzTime lz_cpu_busy_ns(const LzCpuQueue *queue);
unsigned lz_cpu_waiting(const LzCpuQueue *queue);

#endif
