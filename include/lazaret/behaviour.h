/* Behaviours (models/behaviours/): when a flow creates messages, and how large they are. The client
 * model of the device carries them. */
#ifndef LAZARET_BEHAVIOUR_H
#define LAZARET_BEHAVIOUR_H

#include "lazaret/env.h"

typedef struct LzFlow LzFlow;           /* one flow of one device; the engine's */

typedef enum {                          /* how messages come, for flows that are not in packets */
    LZ_ARRIVALS_OTHER,                  /* not as simply as that: such a flow must be in packets */
    LZ_ARRIVALS_EVEN,
    LZ_ARRIVALS_RANDOM,                 /* each on its own (Poisson) */
} LzArrivals;

typedef struct LzLoad {         /* what a flow offers on average while nothing holds it up */
    double messages_per_s, message_bytes;
    LzArrivals arrivals;
    bool fills_links;           /* it is meant to be held up: how much is sent, the network decides */
} LzLoad;

typedef struct LzBehaviourOps {
    /* env: the flow's own (entity "pump[7]/alarm"). Schedules nothing yet. */
    void (*init)(void *state, const void *config, LzFlow *flow, const LzEnv *env);
    void (*start)(void *state);         /* device has power: begin */
    void (*stop)(void *state);          /* device lost power or run ends: cancel every event; start may follow */
    LzLoad (*load)(const void *config); /* for the estimate before a run; NULL: it is not counted there */
    bool follows_day;                   /* its intervals come from lz_flow_after(), so that a flow can have a `diurnal` */
} LzBehaviourOps;

/* Initialises the event at which the behaviour makes a message: lz_event_init(), and what emitting touches is known. */
void lz_flow_event_init(const LzFlow *flow, LzEvent *event, LzEventHandler handle, void *owner);
/* Creates a message of size_bytes (>= LZ_MESSAGE_MARK_BYTES) now and hands it to the device's client. */
void lz_flow_emit(LzFlow *flow, uint32_t size_bytes);
/* When an interval ends that begins at from_ns and is interval_ns long on the mean of a day: sooner in the flow's busy hours,
 * later in its quiet ones. */
LzTime lz_flow_after(const LzFlow *flow, LzTime from_ns, LzTime interval_ns);
/* Whether the device's client would send a message now instead of keeping it. */
bool lz_flow_has_room(const LzFlow *flow);

#endif
