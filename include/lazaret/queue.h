/* Queue disciplines (models/queues/). The engine keeps one instance per link station and direction. A queue that
 * drops what it has already taken (active queue management) gives it to its outlet; a queue that holds packets back
 * although the link is free (a shaper) says until when, and the engine comes back then. */
#ifndef LAZARET_QUEUE_H
#define LAZARET_QUEUE_H

#include <glib.h>

#include "lazaret/env.h"
#include "lazaret/model.h"

/* Where a queue gives packets that it has taken and will not deliver: takes ownership, counts. May be called from
 * inside enqueue, never with the packet that comes, and from inside dequeue. Outlives the queue. */
typedef struct LzQueueOutlet {
    void (*dropped)(void *owner, LzPacket *packet, LzDropReason reason);
    void *owner;
} LzQueueOutlet;

/* Of a discipline that is nothing but strict priority between classes, first in first out within a class and a limit for
 * each: what is known of it to stand beside flows that are not in packets. */
#define LZ_QUEUE_CLASSES_MAX 8u

typedef struct LzQueueShare {           /* of a class: what waits now and what may; packets_max 0: any number */
    uint64_t bytes, bytes_max;
    uint32_t packets, packets_max;
} LzQueueShare;

typedef struct LzQueueClasses {
    unsigned (*of)(const void *state, const LzPacket *packet);  /* 0, the lowest, .. LZ_QUEUE_CLASSES_MAX - 1 */
    LzQueueShare (*share)(const void *state, unsigned class);
} LzQueueClasses;

typedef struct LzQueueOps {
    /* state: model->state_size zeroed bytes; config outlives it. */
    void (*init)(void *state, const void *config, const LzEnv *env, LzQueueOutlet outlet);
    /* packet->queued_ns is now. LZ_DROP_NONE: the queue owns the packet. Otherwise the caller keeps it (and counts
     * the drop). */
    LzDropReason (*enqueue)(void *state, LzPacket *packet, LzTime now_ns);
    /* Whether this packet, which finds the queue empty and the link free, would be taken and come out at once and
     * unchanged: then it need not go through the queue. NULL: each must. */
    bool (*lets_pass)(const void *state, const LzPacket *packet);
    /* The next packet, owned by the caller, or NULL when it is empty or holds back. */
    LzPacket *(*dequeue)(void *state, LzTime now_ns);
    /* The packet that dequeue would look at first, not removed; NULL when it is empty or holds back. What dequeue
     * gives is another one, or none, only if it drops this one. */
    const LzPacket *(*peek)(const void *state, LzTime now_ns);
    uint64_t (*backlog_bytes)(const void *state);       /* wire bytes waiting */
    uint32_t (*backlog_packets)(const void *state);
    /* Frees every packet it holds, into env's pool, and whatever else it has. The last call. */
    void (*clear)(void *state);
    /* The next packet as dequeue gives them but at once and without dropping any, until all are out: the link went
     * down. NULL: as dequeue. */
    LzPacket *(*remove)(void *state, LzTime now_ns);
    /* When peek can next be other than NULL: now or earlier, later, or LZ_TIME_NEVER when it is empty. NULL: the
     * queue never holds back. */
    LzTime (*ready_ns)(const void *state, LzTime now_ns);
    /* The most that it may hold. NULL: its parameter `limit`, or that of the queue inside it. */
    uint64_t (*limit_bytes)(const void *config);
    /* NULL: the discipline has its own idea of who goes first, so no flow that is not in packets may cross it. */
    const LzQueueClasses *classes;
} LzQueueOps;

/* A queue inside another: `choice` names a model that contains none itself. */
typedef struct LzQueue {
    const LzQueueOps *ops;
    void *state;                /* owned */
} LzQueue;

static inline void lz_queue_init(LzQueue *queue, const LzChoice *choice, const LzEnv *env, LzQueueOutlet outlet)
{
    queue->ops = (const LzQueueOps *)choice->model->ops;
    queue->state = g_malloc0(choice->model->state_size);
    queue->ops->init(queue->state, choice->config, env, outlet);
}

static inline void lz_queue_clear(LzQueue *queue)
{
    queue->ops->clear(queue->state);
    g_clear_pointer(&queue->state, g_free);
}

/* As ready_ns, of any queue. */
static inline LzTime lz_queue_ready_ns(const LzQueueOps *ops, const void *state, LzTime now_ns)
{
    if (ops->ready_ns) {
        return ops->ready_ns(state, now_ns);
    }
    return ops->backlog_packets(state) > 0 ? now_ns : LZ_TIME_NEVER;
}

static inline LzPacket *lz_queue_remove(const LzQueueOps *ops, void *state, LzTime now_ns)
{
    return ops->remove ? ops->remove(state, now_ns) : ops->dequeue(state, now_ns);
}

#endif
