/* What is sent at a port in flows instead of packets: a virtual transmitter beside the real queue. Each stream's packets
 * are arrivals of known time and size; they wait in classes as the port's queue has them, are served by the same
 * transmitter and dropped by the same limit, but nobody moves them: the transmitter is brought up to date when a real
 * packet meets the port, and while real packets wait it says when it will be free for them. */
#ifndef SIM_NET_BACKGROUND_H
#define SIM_NET_BACKGROUND_H

#include "lazaret/queue.h"
#include "sim/core/laws.h"
#include "sim/net/survey.h"

typedef struct LzBackground LzBackground;

typedef struct LzBackgroundOptions {
    int64_t rate_bps;                   /* of the transmitter, > 0 */
    const LzQueueOps *queue_ops;        /* whose `classes` are not NULL; with its state, borrowed */
    const void *queue;
    uint64_t seed, entity;
    LzTime now_ns;
} LzBackgroundOptions;

LzBackground *lz_background_new(const LzBackgroundOptions *options);
void lz_background_free(LzBackground *background);      /* accepts NULL */

/* The survey's flow crosses here: from now on, or still. full, last: bytes of its packets on this wire. */
void lz_background_join(LzBackground *background, const LzSurvey *survey, unsigned class, uint32_t full_bytes, uint32_t last_bytes,
                        LzTime now_ns);
/* It no longer does, unless a later survey than this has found it here. */
void lz_background_leave(LzBackground *background, uint64_t flow, uint32_t generation, LzTime now_ns);
/* The link went down: what waits is lost, and no flow crosses. */
void lz_background_stop(LzBackground *background, LzTime now_ns);

/* A real packet comes to the queue, which is empty or not. */
void lz_background_advance(LzBackground *background, LzTime now_ns);
/* After that: the transmitter is free, and nothing waits. */
bool lz_background_is_idle(const LzBackground *background, LzTime now_ns);
/* Whether there is room for the packet beside what waits of its class. */
bool lz_background_admits(const LzBackground *background, const LzPacket *packet);
/* Whether the queue's first packet may go now; if not, when to ask again is lz_background_free_ns(). */
bool lz_background_yields(LzBackground *background, const LzPacket *first, LzTime now_ns);
LzTime lz_background_free_ns(const LzBackground *background);
/* A real packet goes. */
void lz_background_sent(LzBackground *background, uint32_t bytes, LzTime now_ns);

/* What the flows took since the last call, as rates say: at most the whole transmitter. */
typedef struct LzBackgroundShare { LzTime busy_ns; uint64_t bytes; } LzBackgroundShare;
LzBackgroundShare lz_background_take(LzBackground *background, LzTime now_ns);

typedef struct LzBackgroundStats {      /* of virtual packets that were looked at */
    uint64_t offered_packets, served_packets, dropped_packets, forgotten_packets, waiting_packets;
} LzBackgroundStats;
const LzBackgroundStats *lz_background_stats(const LzBackground *background);
void lz_background_check(const LzBackground *background, LzLaws *laws, const char *link);

#endif
