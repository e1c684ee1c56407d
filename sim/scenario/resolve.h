/* What a table cannot say: that names mean something, and that the parts fit together. */
#ifndef SIM_SCENARIO_RESOLVE_H
#define SIM_SCENARIO_RESOLVE_H

#include "sim/scenario/data.h"
#include "sim/scenario/names.h"

typedef struct LzResolver {
    LzPlan *plan;
    LzWalk *walk;
    LzReport *report;
    LzData *data;
    LzNames *zones, *links, *places, *segments, *services, *fleets, *attacks, *faults, *defences;
    GArray *windows;            /* LzWindowPlan */
} LzResolver;

/* Fills what the plan marks as resolved, makes defaults that follow from other parts explicit, and
 * reports everything that does not fit. */
void lz_resolve(LzPlan *plan, LzWalk *walk, LzData *data);

/* Parts of it. Every link, with who is trusted with marks on it: */
void lz_resolve_links(LzResolver *resolver);
/* Whether every zone has a way to the services: */
void lz_resolve_reach(LzResolver *resolver);
/* The access link that hosts hang on; zone: theirs, filled from the link when absent (may be NULL): */
void lz_resolve_access(LzResolver *resolver, const LzText *name, LzText *zone);
/* Names of hosts in a model's configuration: */
void lz_resolve_host_groups(LzResolver *resolver, const LzParam *table, const void *base);
/* Who is in which, and what their identifiers are: */
void lz_resolve_segments(LzResolver *resolver);
/* The connections of a fleet, whose `traffic` is still as written; its flows connection by connection: */
LzList lz_resolve_connections(LzResolver *resolver, LzFleetPlan *fleet, const LzList *flows);
/* TLS as it is written in `node` for a connection of the fleet to the service: */
void lz_resolve_check_tls(LzResolver *resolver, const LzTlsPlan *tls, LzMark mark);
/* Of the fleets, when everything else is known. */
void lz_resolve_carried(LzResolver *resolver);
/* Of a service that speaks DTLS, and of who connects to it; before lz_resolve_check_tls(). */
void lz_resolve_dtls(LzResolver *resolver, LzTlsPlan *tls, bool has_srtp, LzMark mark);
void lz_resolve_warn_tls(LzResolver *resolver, const LzText *fleet, const LzTlsPlan *ours, const LzText *to,
                         const LzServicePlan *service, const LzNode *node);
LzMark lz_resolve_tls_mark(const LzNode *node, LzMark fallback);
/* Windows of the run, its warm-up, attacks and faults: */
void lz_resolve_windows(LzResolver *resolver);
/* The window that an expectation's text names (recovery of it when is_after), appended when it is an explicit
 * interval. False after reporting. */
bool lz_resolve_window(LzResolver *resolver, const LzText *text, bool is_after, unsigned *ret_window);
void lz_resolve_expectations(LzResolver *resolver);

#define LZ_ITEM(list, Type, index) (&((Type *)(list).items)[index])

#endif
