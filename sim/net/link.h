/* The engine's side of a medium (contract for models: lazaret/link.h): queues per station and
 * direction, counters, up/down, utilisation. */
#ifndef SIM_NET_LINK_H
#define SIM_NET_LINK_H

#include "lazaret/element.h"
#include "lazaret/link.h"
#include "lazaret/model.h"
#include "sim/core/digest.h"
#include "sim/net/buffer.h"
#include "sim/net/check_link.h"
#include "sim/net/survey.h"

/* choice: link or radio model with config (borrowed). queue: queue model with config (borrowed).
 * scope: LZ_SCOPE_LINK. digest may be NULL. */
LzLink *lz_link_new(const LzEnv *env, const char *name, const LzChoice *choice, const LzChoice *queue,
                    unsigned stations, LzScope scope, LzDigest *digest);
void lz_link_free(LzLink *link);

/* Where a packet enters at this station and direction; borrowed. For LZ_UP the station sends into it. */
LzElement *lz_link_input(LzLink *link, unsigned station, LzDirection direction);
/* Who gets what leaves at this station and direction. */
void lz_link_set_sink(LzLink *link, unsigned station, LzDirection direction, LzElement *sink);
/* What is queued there lies in this buffer, beside the queue's own limit; borrowed. */
void lz_link_set_buffer(LzLink *link, unsigned station, LzDirection direction, LzSharedBuffer *buffer);
void lz_link_set_up(LzLink *link, bool is_up);
bool lz_link_is_up(const LzLink *link);
/* From now on it takes part in surveys, if it can; the choice is that of lz_link_new(); survey: borrowed, of all times. */
void lz_link_set_survey(LzLink *link, const LzChoice *choice, LzSurvey *survey);
/* The flow no longer crosses at this stop of its way, unless a later survey has found it there. */
void lz_link_end_flow(LzLink *link, unsigned port, uint64_t flow, uint32_t generation);
/* Which frames have an IEEE 802.1Q tag in this direction, where the link is Ethernet. */
typedef enum {
    LZ_TAGGED_NONE,                     /* an access port, to its host */
    LZ_TAGGED_BY_HOST,                  /* from a host: what its card has tagged */
    LZ_TAGGED_TRUNK,                    /* between switches: what is in a VLAN or has a priority */
} LzTagging;
void lz_link_set_tagging(LzLink *link, LzDirection direction, LzTagging tagging);
/* A fault: of the packets that cross, a share is lost beside what the model loses, and the others are later by
 * delay_ns, in order. 0 and 0 end it; what is held by then arrives when it would have. */
void lz_link_impair(LzLink *link, uint32_t loss_ppb, LzTime delay_ns);
/* Reports levels (utilisation since the last call, queue) to the probes; the world calls it each second. */
void lz_link_report(LzLink *link);

/* Observes the link from now on, which is before its first packet. laws borrowed. */
void lz_link_watch(LzLink *link, LzLaws *laws, const LzChoice *queue);
void lz_link_check_now(LzLink *link);           /* whether what it says of itself is so; nothing when not watched */
const LzLinkCheck *lz_link_check(const LzLink *link);   /* NULL: not watched */

typedef struct LzLinkStats {
    uint64_t offered_packets, offered_bytes, delivered_packets, delivered_bytes;
    uint64_t dropped_packets[LZ_DROP_COUNT], dropped_bytes;
    uint64_t queued_packets, queued_bytes, in_flight_packets, in_flight_bytes;  /* now; in flight: pulled, not yet delivered */
    LzTime busy_ns;
    /* Little's law on the queue: both sides of ∫L dt = ΣW, in packet·ns. */
    unsigned __int128 queue_integral, queue_wait_sum;
} LzLinkStats;
const LzLinkStats *lz_link_stats(const LzLink *link, LzDirection direction);    /* over all stations */
const char *lz_link_name(const LzLink *link);

#endif
