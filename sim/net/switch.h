/* A store-and-forward switch: forwards by destination address through a table that the world fills
 * once; can lose power. */
#ifndef SIM_NET_SWITCH_H
#define SIM_NET_SWITCH_H

#include "lazaret/addresses.h"
#include "lazaret/element.h"
#include "lazaret/env.h"

typedef struct LzSwitch LzSwitch;

/* forwarding_ns: fixed latency per packet after it is complete (0 allowed). */
LzSwitch *lz_switch_new(const LzEnv *env, LzTime forwarding_ns);
void lz_switch_free(LzSwitch *self);
LzElement *lz_switch_input(LzSwitch *self);
/* Exact host route, or a route for a prefix (host routes win; of prefixes the longest). egress borrowed; NULL:
 * what goes there is dropped (LZ_DROP_NO_ROUTE) unless a longer prefix has a route. */
void lz_switch_add_route(LzSwitch *self, LzAddress address, unsigned prefix_bits, LzElement *egress);
/* A router takes packets from one segment to another (packet->is_unrouted); any other switch sends those to the
 * gateway, the way to the nearest router. NULL: there is none, and they are dropped (LZ_DROP_NO_ROUTE). */
void lz_switch_set_router(LzSwitch *self, const LzAddressBook *addresses);      /* borrowed: whose VLANs are whose */
void lz_switch_set_gateway(LzSwitch *self, LzElement *egress);
/* What is forwarded passes these elements first, which end in lz_switch_output() and decide at once. What they keep
 * is counted as dropped (LZ_DROP_DEFENCE). Borrowed. */
void lz_switch_set_guard(LzSwitch *self, LzElement *guard);
LzElement *lz_switch_output(LzSwitch *self);
/* Forgets every route for a prefix; those to hosts stay. */
void lz_switch_clear_prefixes(LzSwitch *self);
bool lz_switch_is_on(const LzSwitch *self);
void lz_switch_set_power(LzSwitch *self, bool is_on);   /* off: drops what it holds and all that comes */

typedef struct LzSwitchStats { uint64_t in_packets, forwarded_packets, dropped_packets[LZ_DROP_COUNT], held_packets; } LzSwitchStats;
const LzSwitchStats *lz_switch_stats(const LzSwitch *self);

#endif
