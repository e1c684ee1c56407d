/* Queues keep within their limits. */
#ifndef SIM_NET_CHECK_QUEUE_H
#define SIM_NET_CHECK_QUEUE_H

#include "lazaret/queue.h"
#include "sim/core/laws.h"

typedef struct LzQueueCheck {
    LzLaws *laws;               /* borrowed */
    const char *link;           /* borrowed; for messages */
    uint64_t bytes_max, packets_max;    /* UINT64_MAX: no limit */
} LzQueueCheck;

/* Finds the limits in the model's configuration: its parameters `limit` and `limit_packets`, those of the queue inside
 * it, or what the model says of itself. */
void lz_queue_check_init(LzQueueCheck *check, LzLaws *laws, const char *link, const LzChoice *queue);
/* After each packet that a queue took. */
void lz_queue_check(const LzQueueCheck *check, uint64_t bytes, uint32_t packets);

#endif
