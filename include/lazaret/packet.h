/* A packet on the simulated network: typed IPv4/TCP/UDP header fields and a payload by reference.
 * Real header bytes are written only where somebody looks (capture). */
#ifndef LAZARET_PACKET_H
#define LAZARET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/bytes.h"
#include "lazaret/time.h"

typedef uint32_t LzAddress;             /* IPv4, host byte order */

#define LZ_ADDRESS_TEXT_BYTES 16
/* Dotted decimal into text, which is returned. */
const char *lz_address_format(LzAddress address, char ret_text[LZ_ADDRESS_TEXT_BYTES]);

#define LZ_IP_TCP 6                     /* IANA protocol numbers */
#define LZ_IP_UDP 17
/* No IP at all: an EAPOL frame (IEEE 802.1X, EtherType 0x888e) between a host and the switch that it hangs on, with their
 * addresses for MAC addresses. IANA gives the number to nobody. */
#define LZ_NOT_IP_EAPOL 255

enum {                                  /* RFC 9293 3.1 control bits */
    LZ_TCP_FIN = 1, LZ_TCP_SYN = 2, LZ_TCP_RST = 4, LZ_TCP_PSH = 8, LZ_TCP_ACK = 16,
};

#define LZ_TCP_SACK_BLOCKS 3

enum {                                  /* RFC 3168 5: ECN field of the IP header */
    LZ_ECN_NOT_ECT, LZ_ECN_ECT1, LZ_ECN_ECT0, LZ_ECN_CE,
};

/* Why a packet was not delivered. Names in lz_drop_reason_name(). */
typedef enum {
    LZ_DROP_NONE,
    LZ_DROP_QUEUE_FULL,
    LZ_DROP_LINK_LOSS,
    LZ_DROP_LINK_DOWN,
    LZ_DROP_RADIO_LOSS,
    LZ_DROP_SWITCH_OFF,
    LZ_DROP_HOST_OFF,
    LZ_DROP_NO_ROUTE,
    LZ_DROP_NO_PORT,
    LZ_DROP_DEFENCE,
    LZ_DROP_ATTACK,
    LZ_DROP_EARLY,              /* by active queue management, before the queue was full */
    LZ_DROP_POLICED,            /* above a policer's rate */
    LZ_DROP_COUNT,
} LzDropReason;
const char *lz_drop_reason_name(LzDropReason reason);

typedef struct LzPacket LzPacket;
struct LzPacket {
    LzPacket *next;                     /* for whoever holds the packet now */
    LzTime queued_ns;                   /* when the present queue took it; free for whoever holds it elsewhere */
    uint64_t id;                        /* per world, in order of creation */
    LzAddress source, destination;
    uint16_t source_port, destination_port;
    uint8_t protocol;                   /* LZ_IP_* */
    uint8_t dscp;                       /* 0..63, see lazaret/dscp.h */
    uint8_t tcp_flags;
    uint8_t tcp_window_scale;           /* on SYN: shift + 1, 0 = option absent */
    uint32_t sequence, acknowledgement;
    uint16_t window;                    /* as on the wire, unscaled */
    uint16_t mss;                       /* on SYN: option value, 0 = absent */
    bool sack_permitted;                /* on SYN */
    uint8_t sack_count;
    uint8_t ecn;                        /* LZ_ECN_* */
    uint8_t tag;                        /* IEEE 802.1Q priority tag: PCP + 1, 0 = untagged */
    struct { uint32_t left, right; } sack[LZ_TCP_SACK_BLOCKS];
    LzBuffer *payload;                  /* one reference held; NULL when payload_size is 0 */
    uint32_t payload_offset, payload_size;
    uint16_t ip_bytes;                  /* of the IPv4 packet, or of what an EAPOL frame carries */
    uint16_t wire_bytes;                /* on the link that has it now, or had it last; Ethernet before the first */
    bool is_survey : 1;                 /* only asks for the way of a flow (sim/net/survey.h) */
    bool is_unrouted : 1;               /* goes to another segment and has not passed a router yet */
    bool is_tagged;                     /* its frame has an IEEE 802.1Q tag on the link that has it now, or had it last */
    uint16_t vlan;                      /* identifier of the segment that it is in; 0: in none, of untagged frames */
};

/* Packets come from the world's pool. */
typedef struct LzPacketPool LzPacketPool;
LzPacket *lz_packet_new(LzPacketPool *pool);                    /* zeroed but for id */
LzPacket *lz_packet_clone(LzPacketPool *pool, const LzPacket *packet);  /* same payload, new id */
void lz_packet_free(LzPacketPool *pool, LzPacket *packet);      /* accepts NULL; drops its payload reference */

/* A packet in Ethernet (IEEE 802.3): padded to so many bytes, and beside them preamble and SFD 8, addresses and
 * type 14, FCS 4, gap 12. */
#define LZ_ETHERNET_PACKET_BYTES_MIN 46u
#define LZ_ETHERNET_OVERHEAD_BYTES 38u
#define LZ_ETHERNET_TAG_BYTES 4u        /* an IEEE 802.1Q tag, which leaves so much less to be padded */
/* Sets ip_bytes, and wire_bytes as Ethernet, from the header fields and payload size. */
void lz_packet_set_wire_bytes(LzPacket *packet);
/* Bytes of the IPv4 packet: what a link without Ethernet framing carries. */
uint32_t lz_packet_ip_bytes(const LzPacket *packet);
static inline const uint8_t *lz_packet_payload(const LzPacket *packet)
{
    return packet->payload ? packet->payload->data + packet->payload_offset : NULL;
}

#endif
