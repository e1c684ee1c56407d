/* Events and the scheduler as models see them. An event is embedded in its owner and never
 * allocated; the owner must cancel it before it goes away. Handlers run to completion; nothing
 * else moves time. Ties break by (time, order of scheduling). */
#ifndef LAZARET_EVENT_H
#define LAZARET_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lazaret/time.h"

typedef struct LzScheduler LzScheduler;
typedef struct LzEvent LzEvent;
typedef void (*LzEventHandler)(void *owner);

struct LzEvent {
    LzTime due_ns;
    uint64_t sequence;
    LzEventHandler handle;
    void *owner;                /* borrowed: handed to handle */
    uint32_t place;             /* index in the heap or in a slot of the wheel; private to the scheduler */
    uint16_t where;             /* idle, heap or which slot; private to the scheduler */
    uint16_t fetch_bytes;       /* of the owner: fetched into the cache when a timer comes near */
};

void lz_event_init(LzEvent *event, LzEventHandler handle, void *owner);
/* What the handler touches stands in so many bytes from owner on (64 unless told; at most 65,535). A hint. */
void lz_event_set_fetch(LzEvent *event, size_t bytes);
static inline bool lz_event_is_pending(const LzEvent *event)
{
    return event->where != 0;
}

typedef struct LzClock { LzTime now_ns; } LzClock;      /* what a scheduler begins with */
static inline LzTime lz_now(const LzScheduler *scheduler)
{
    return ((const LzClock *)(const void *)scheduler)->now_ns;
}

/* For near events that will fire: heap. time_ns >= now; the event must be idle. */
void lz_schedule_at(LzScheduler *scheduler, LzEvent *event, LzTime time_ns);
void lz_schedule_after(LzScheduler *scheduler, LzEvent *event, LzTime delay_ns);

/* For protocol timers that are usually cancelled or moved: timer wheel, same exact firing time
 * and order. Re-arms when already pending. */
void lz_timer_at(LzScheduler *scheduler, LzEvent *event, LzTime time_ns);
void lz_timer_after(LzScheduler *scheduler, LzEvent *event, LzTime delay_ns);

/* Safe on an idle event, and twice. */
void lz_event_cancel(LzScheduler *scheduler, LzEvent *event);

#endif
