/* UDP (RFC 768) of one simulated host: ports and datagrams, no fragmentation. */
#ifndef SIM_NET_UDP_H
#define SIM_NET_UDP_H

#include "lazaret/element.h"
#include "lazaret/env.h"

#define LZ_UDP_PAYLOAD_MAX 1472         /* 1500 - 20 - 8: fragmentation is refused */

typedef struct LzUdpPort LzUdpPort;

typedef struct LzUdp {                  /* stands in its host; private to udp.c */
    LzElement *output;                  /* borrowed */
    LzPacketPool *packets;              /* borrowed */
    LzUdpPort *ports;                   /* sorted by number */
    LzAddress address;
    uint16_t port_count, port_capacity;
    uint64_t refused;
} LzUdp;

/* output: borrowed. */
void lz_udp_init(LzUdp *udp, const LzEnv *env, LzAddress address, LzElement *output);
void lz_udp_clear(LzUdp *udp);
void lz_udp_reset(LzUdp *udp);          /* power loss: every port is closed */

/* False when the port is taken. received() borrows the payload. */
bool lz_udp_bind(LzUdp *udp, uint16_t port,
                 void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload), void *self);
void lz_udp_unbind(LzUdp *udp, uint16_t port);
/* False when the payload is larger than LZ_UDP_PAYLOAD_MAX. */
bool lz_udp_send(LzUdp *udp, uint16_t source_port, LzAddress destination, uint16_t destination_port,
                 uint8_t dscp, LzBytes payload);
/* Takes ownership. False: nobody has the port, which is counted, and the caller keeps the packet. */
bool lz_udp_receive(LzUdp *udp, LzPacket *packet);
uint64_t lz_udp_refused(const LzUdp *udp);

#endif
