/* Packets one behind the other, through their `next`, with their number and bytes: what queues are made of. */
#ifndef LAZARET_PACKET_LIST_H
#define LAZARET_PACKET_LIST_H

#include <stddef.h>

#include "lazaret/packet.h"

typedef struct LzPacketList {           /* zeroed: empty */
    LzPacket *first, *last;             /* owned */
    uint64_t bytes;                     /* wire bytes */
    uint32_t count;
} LzPacketList;

static inline void lz_packet_list_push(LzPacketList *list, LzPacket *packet)
{
    packet->next = NULL;
    *(list->last ? &list->last->next : &list->first) = packet;
    list->last = packet;
    list->bytes += packet->wire_bytes;
    list->count++;
}

/* NULL when empty. */
static inline LzPacket *lz_packet_list_pop(LzPacketList *list)
{
    LzPacket *packet = list->first;
    if (packet) {
        list->first = packet->next;
        list->last = list->first ? list->last : NULL;
        list->bytes -= packet->wire_bytes;
        list->count--;
    }
    return packet;
}

static inline void lz_packet_list_clear(LzPacketList *list, LzPacketPool *packets)
{
    LzPacket *packet;
    while ((packet = lz_packet_list_pop(list))) {
        lz_packet_free(packets, packet);
    }
}

#endif
