/* An element stands in a path and may see, change, delay, drop or inject packets. A path is a chain
 * of elements; each hands the packet to the next, keeps it, or drops it with a reason. */
#ifndef LAZARET_ELEMENT_H
#define LAZARET_ELEMENT_H

#include "lazaret/packet.h"

typedef struct LzElement LzElement;

typedef struct LzElementOps {
    /* Takes ownership of the packet. May schedule, may call next, may free. */
    void (*receive)(LzElement *self, LzPacket *packet);
    /* The packet is on its way here: fetch what receiving it will touch (lazaret/cache.h). Nothing else may happen:
     * whether and when it is called has no effect on a run. May be NULL. */
    void (*expect)(LzElement *self, const LzPacket *packet);
} LzElementOps;

struct LzElement {
    const LzElementOps *ops;    /* const, shared */
    LzElement *next;            /* borrowed; may be NULL for an element that ends a path */
};

static inline void lz_element_receive(LzElement *element, LzPacket *packet)
{
    element->ops->receive(element, packet);
}

#endif
