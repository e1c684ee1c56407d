/* A tap: shows every packet that passes to a function, then passes it on. Capture, checkers. */
#ifndef SIM_NET_TAP_H
#define SIM_NET_TAP_H

#include "lazaret/element.h"

typedef struct LzTap {
    LzElement base;             /* base.next: where packets go on */
    void (*seen)(void *self, const LzPacket *packet);
    void *self;
} LzTap;

void lz_tap_init(LzTap *tap, LzElement *next, void (*seen)(void *self, const LzPacket *packet), void *self);

/* The packet's bytes as an Ethernet frame without preamble and FCS, whatever the link's framing: MAC, 802.1Q tag where
 * it has one, IPv4, TCP or UDP with right checksums, payload. MAC addresses are derived from the IPv4 ones (02:4c:5a + low 24 bits).
 * Returns the size; ret_frame must hold lz_packet_frame_bytes(packet). */
size_t lz_packet_frame_bytes(const LzPacket *packet);
size_t lz_packet_write_frame(const LzPacket *packet, uint8_t *ret_frame);

#endif
