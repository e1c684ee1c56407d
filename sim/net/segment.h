/* The port of a switch that a host of a segment (a VLAN) hangs on: what goes to another segment has to pass a router
 * (IEEE 802.1Q: bridges do not join VLANs). */
#ifndef SIM_NET_SEGMENT_H
#define SIM_NET_SEGMENT_H

#include "lazaret/element.h"
#include "sim/net/address_book.h"

typedef struct LzSegmentPort {
    LzElement base;                     /* next: the host's link */
    const LzAddressBook *addresses;     /* borrowed */
} LzSegmentPort;

void lz_segment_port_init(LzSegmentPort *port, const LzAddressBook *addresses, LzElement *next);

#endif
