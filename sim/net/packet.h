/* The world's pool of packets (what models may call is in lazaret/packet.h). */
#ifndef SIM_NET_PACKET_H
#define SIM_NET_PACKET_H

#include "lazaret/packet.h"
#include "lazaret/probe.h"

LzPacketPool *lz_packet_pool_new(void);
void lz_packet_pool_free(LzPacketPool *pool);                   /* every packet must have been freed; accepts NULL */
uint64_t lz_packet_pool_created(const LzPacketPool *pool);      /* packets so far */
uint64_t lz_packet_pool_in_use(const LzPacketPool *pool);

/* Size of the TCP header with the options that the fields ask for, padded to 4 (RFC 9293 3.2). */
uint32_t lz_packet_tcp_header_bytes(const LzPacket *packet);

/* It will not arrive: what a datagram tells is lost with it, what TCP carries is sent again. */
void lz_packet_lost(const LzPacket *packet, LzProbes *probes);

#endif
