/* The clock and the event queue of one world: a 4-ary heap for near events and a hierarchical timer
 * wheel for cancellable protocol timers. Firing order is exactly (time, order of scheduling) whichever
 * of the two holds an event. What models may call is in lazaret/event.h. */
#ifndef SIM_CORE_SCHEDULER_H
#define SIM_CORE_SCHEDULER_H

#include "lazaret/event.h"

LzScheduler *lz_scheduler_new(void);
void lz_scheduler_free(LzScheduler *scheduler);         /* pending events are forgotten, not fired; accepts NULL */

/* From the handler of the event that fires: it was due later, only nobody knew. It fires at time_ns instead, in the
 * place that it would have had there from the beginning; this firing counts as none. */
void lz_event_postpone(LzScheduler *scheduler, LzEvent *event, LzTime time_ns);

/* Fires the next event if it is due at or before until_ns. False: nothing due, the clock is at until_ns. */
bool lz_scheduler_step(LzScheduler *scheduler, LzTime until_ns);
/* Due time of the next event, or LZ_TIME_NEVER. */
LzTime lz_scheduler_next(LzScheduler *scheduler);
uint64_t lz_scheduler_fired(const LzScheduler *scheduler);      /* events fired so far */
uint64_t lz_scheduler_pending(const LzScheduler *scheduler);

#endif
