/* Queue disciplines (models/queues/). The engine keeps one instance per link station and direction. */
#ifndef LAZARET_QUEUE_H
#define LAZARET_QUEUE_H

#include "lazaret/env.h"

typedef struct LzQueueOps {
    /* state: model->state_size zeroed bytes; config outlives it. */
    void (*init)(void *state, const void *config, const LzEnv *env);
    /* LZ_DROP_NONE: the queue owns the packet. Otherwise the caller keeps it (and counts the drop). */
    LzDropReason (*enqueue)(void *state, LzPacket *packet, LzTime now_ns);
    /* The next packet, owned by the caller, or NULL when empty. */
    LzPacket *(*dequeue)(void *state, LzTime now_ns);
    /* The packet that dequeue would give, not removed; NULL when empty. */
    const LzPacket *(*peek)(const void *state);
    uint64_t (*backlog_bytes)(const void *state);       /* wire bytes waiting */
    uint32_t (*backlog_packets)(const void *state);
    /* Frees every packet it holds, into env's pool. */
    void (*clear)(void *state);
} LzQueueOps;

#endif
