/* What a fault does to the packets that cross a link, beyond the link's own model: some are lost, all are late.
 * Packets of one station and direction do not overtake each other, also when the delay shrinks. */
#ifndef SIM_NET_IMPAIR_H
#define SIM_NET_IMPAIR_H

#include "lazaret/env.h"

typedef struct LzImpairment LzImpairment;

typedef struct LzImpairmentEvents {     /* both take the packet */
    void (*pass)(void *owner, unsigned port, LzPacket *packet);
    void (*lose)(void *owner, unsigned port, LzPacket *packet, LzDropReason reason);
} LzImpairmentEvents;

/* ports: station and direction, counted by the owner; events and owner borrowed. */
LzImpairment *lz_impairment_new(const LzEnv *env, unsigned ports, const LzImpairmentEvents *events, void *owner);
void lz_impairment_free(LzImpairment *impairment);      /* frees what it holds; accepts NULL */
void lz_impairment_set(LzImpairment *impairment, uint32_t loss_ppb, LzTime delay_ns);
/* Takes a packet that has crossed the link. */
void lz_impairment_take(LzImpairment *impairment, unsigned port, LzPacket *packet);
/* The link went down: everything that it holds is lost. */
void lz_impairment_lose_all(LzImpairment *impairment, LzDropReason reason);

#endif
