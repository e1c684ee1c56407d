/* Controlled delay (RFC 8289): when the shortest wait within an interval stays above a target, packets are dropped
 * at the head, the next one after interval / sqrt(count). Shared by the queues that hold one such queue or many. */
#ifndef LAZARET_CODEL_H
#define LAZARET_CODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/packet.h"

typedef struct LzCodelRule {            /* the same for every queue of a port */
    LzTime target_ns, interval_ns;
    uint32_t small_bytes;               /* a queue with no more than this is never too long: one full packet */
    bool has_ecn;                       /* marks what can be marked instead of dropping it */
} LzCodelRule;

typedef struct LzCodel {                /* zeroed: a new queue; names as in the pseudocode of RFC 8289 section 5 */
    LzTime first_above_ns, drop_next_ns;
    uint32_t count, count_last;
    bool is_dropping;
} LzCodel;

/* The queue that it controls. take: the first packet, removed, or NULL. backlog_bytes: after that. drop: takes
 * ownership. */
typedef struct LzCodelQueue {
    LzPacket *(*take)(void *self);
    uint64_t (*backlog_bytes)(const void *self);
    void (*drop)(void *self, LzPacket *packet);
    void *self;
} LzCodelQueue;

/* The packet to send now, or NULL: the queue is empty. */
LzPacket *lz_codel_dequeue(LzCodel *codel, const LzCodelRule *rule, const LzCodelQueue *queue, LzTime now_ns);
/* interval / sqrt(count), rounded down; count > 0. */
LzTime lz_codel_spacing_ns(LzTime interval_ns, uint32_t count);

#endif
