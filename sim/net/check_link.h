/* Packets and bytes are conserved on every link, in each direction and class: what leaves came in once, with the bytes
 * and the class that it has, and what did not leave is inside. */
#ifndef SIM_NET_CHECK_LINK_H
#define SIM_NET_CHECK_LINK_H

#include "lazaret/link.h"
#include "sim/net/check_queue.h"

#define LZ_LINK_CLASSES 8u              /* by the class selector, the upper three bits of the DSCP (RFC 2474) */

typedef struct LzLinkCheck LzLinkCheck;

typedef struct LzClassAccount {
    uint64_t in_packets, in_bytes, out_packets, out_bytes, dropped_packets, dropped_bytes;
} LzClassAccount;

/* link: borrowed; queue: read now. */
LzLinkCheck *lz_link_check_new(LzLaws *laws, const char *link, const LzChoice *queue);
void lz_link_check_free(LzLinkCheck *check);            /* accepts NULL */

void lz_link_check_offered(LzLinkCheck *check, LzDirection direction, const LzPacket *packet);
void lz_link_check_left(LzLinkCheck *check, LzDirection direction, const LzPacket *packet, bool is_delivered);
const LzQueueCheck *lz_link_check_queue(const LzLinkCheck *check);
LzLaws *lz_link_check_laws(const LzLinkCheck *check);

typedef struct LzInside {               /* what the link says of itself */
    uint64_t queued_packets, queued_bytes, in_flight_packets, in_flight_bytes;
    uint64_t backlog_packets, backlog_bytes;            /* what its queues say they hold */
} LzInside;
void lz_link_check_balance(LzLinkCheck *check, LzDirection direction, const LzInside *inside);
const LzClassAccount *lz_link_check_account(const LzLinkCheck *check, LzDirection direction, unsigned class_selector);

#endif
