/* Marking at the edge of the network: what a packet's DSCP and 802.1p tag are worth where it comes in. Rules by mark,
 * port and address come first; a packet that none of them knows keeps its mark, or loses it, as the edge trusts. */
#ifndef SIM_NET_MARKER_H
#define SIM_NET_MARKER_H

#include "lazaret/addresses.h"
#include "lazaret/element.h"

typedef enum {
    LZ_TRUST_ALL,               /* keeps both */
    LZ_TRUST_DSCP,              /* keeps the DSCP, which makes the tag */
    LZ_TRUST_PCP,               /* keeps the tag (none: priority 0), which makes the DSCP */
    LZ_TRUST_NONE,              /* both anew: `otherwise` */
} LzTrust;

typedef struct LzAddressRange { LzAddress first, last; } LzAddressRange;    /* inclusive */
typedef struct LzMarkHosts {
    LzAddressRange *items;      /* owned by whoever made the rule */
    unsigned count;             /* 0: any address, or those of the group */
    LzGroup group;              /* LZ_GROUP_NONE: none */
} LzMarkHosts;

typedef struct LzMarkRule {     /* what must all hold; a full set is no condition */
    uint64_t dscp_set;          /* bit per DSCP that the packet may come with */
    uint8_t pcp_set;            /* bit per 802.1p priority */
    uint8_t protocol;           /* LZ_IP_*; 0: any */
    uint16_t port;              /* of either end; 0: any */
    LzMarkHosts sources, destinations;
    uint8_t mark;               /* DSCP that it goes on with */
} LzMarkRule;

typedef struct LzMarking {      /* of one edge, shared by the markers of its stations */
    LzTrust trust;
    uint8_t otherwise;          /* DSCP */
    LzMarkRule *rules;          /* owned by whoever made it; the first that holds counts */
    unsigned rule_count;
    const LzAddressBook *addresses;     /* borrowed; NULL when no rule has a group */
} LzMarking;

typedef struct LzMarker {
    LzElement base;             /* next: who gets the packet then */
    const LzMarking *marking;   /* borrowed */
} LzMarker;

void lz_marker_init(LzMarker *marker, const LzMarking *marking, LzElement *next);

/* Puts a tag of that priority into every packet: a host whose network card does. */
typedef struct LzTagger {
    LzElement base;
    uint8_t pcp;
} LzTagger;

void lz_tagger_init(LzTagger *tagger, uint8_t pcp, LzElement *next);

#endif
