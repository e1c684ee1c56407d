/* Puts packets into their sender's VLAN, and marks those that leave it. */
#include "sim/net/segment.h"

static void receive(LzElement *element, LzPacket *packet)
{
    const LzSegmentPort *port = (const LzSegmentPort *)element;
    packet->is_unrouted = lz_address_book_segment(port->addresses, packet->source) !=
                          lz_address_book_segment(port->addresses, packet->destination);
    packet->vlan = lz_address_book_vlan(port->addresses, packet->source);
    lz_element_receive(element->next, packet);
}

static const LzElementOps segment_port_ops = {.receive = receive};

void lz_segment_port_init(LzSegmentPort *port, const LzAddressBook *addresses, LzElement *next)
{
    *port = (LzSegmentPort){.base = {.ops = &segment_port_ops, .next = next}, .addresses = addresses};
}
