/* Taps, and packets as the bytes that a capture shows. */
#include "sim/net/tap.h"

#include <glib.h>
#include <string.h>

#include "lazaret/dscp.h"
#include "sim/net/packet.h"

#define MAC_HEADER_BYTES 14u
#define IPV4_HEADER_BYTES 20u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_TAG 0x8100u           /* IEEE 802.1Q table 9-1; then priority 3 bits, DEI 1, VLAN 12 */
#define ETHERTYPE_EAPOL 0x888eu
#define PAE_GROUP UINT64_C(0x0180c2000003)      /* IEEE 802.1X-2010 11.1.1: no bridge forwards it */
#define TIME_TO_LIVE 64u                /* RFC 1700's recommended default */
#define DONT_FRAGMENT 0x4000u

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_WINDOW_SCALE = 3, OPTION_SACK_PERMITTED = 4, OPTION_SACK = 5 };

static void tap_receive(LzElement *element, LzPacket *packet)
{
    LzTap *tap = (LzTap *)element;
    if (!packet->is_survey) {
        tap->seen(tap->self, packet);
    }
    lz_element_receive(tap->base.next, packet);
}

static const LzElementOps tap_ops = {.receive = tap_receive};

void lz_tap_init(LzTap *tap, LzElement *next, void (*seen)(void *self, const LzPacket *packet), void *self)
{
    *tap = (LzTap){.base = {.ops = &tap_ops, .next = next}, .seen = seen, .self = self};
}

/* ---- frame ---- */

static uint8_t *put8(uint8_t *at, unsigned value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
    return put8(put8(at, value >> 8 & 0xff), value & 0xff);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value & 0xffff);
}

/* RFC 1071: sum of 16-bit words, not yet folded. */
static uint64_t sum_words(const uint8_t *bytes, size_t size, uint64_t sum)
{
    size_t i = 0;
    for (; i + 1 < size; i += 2) {
        sum += (unsigned)bytes[i] << 8 | bytes[i + 1];
    }
    return i < size ? sum + ((unsigned)bytes[i] << 8) : sum;
}

static unsigned checksum(uint64_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (unsigned)~sum & 0xffff;
}

static uint8_t *put_mac(uint8_t *at, LzAddress address)
{
    at = put8(put16(at, 0x024c), 0x5a);
    return put8(put16(at, address >> 8 & 0xffff), address & 0xff);
}

/* The padding is left to the caller. */
static uint8_t *put_eapol(uint8_t *at, const LzPacket *packet)
{
    at = put32(put16(at, (unsigned)(PAE_GROUP >> 32)), (uint32_t)PAE_GROUP);
    at = put16(put_mac(at, packet->source), ETHERTYPE_EAPOL);
    memcpy(at, lz_packet_payload(packet), packet->payload_size);
    return at + packet->payload_size;
}

static uint8_t *put_ethernet(uint8_t *at, const LzPacket *packet)
{
    at = put_mac(at, packet->destination);
    at = put_mac(at, packet->source);
    if (packet->is_tagged) {
        at = put16(put16(at, ETHERTYPE_TAG), (unsigned)lz_packet_pcp(packet) << 13 | packet->vlan);
    }
    return put16(at, ETHERTYPE_IPV4);
}

static uint8_t *put_ipv4(uint8_t *start, const LzPacket *packet)
{
    uint8_t *at = put8(put8(start, 0x45), (unsigned)packet->dscp << 2 | packet->ecn);
    at = put16(at, lz_packet_ip_bytes(packet));
    at = put16(at, (unsigned)packet->id & 0xffff);
    at = put16(at, DONT_FRAGMENT);
    at = put8(put8(at, TIME_TO_LIVE), packet->protocol);
    uint8_t *sum = at;
    at = put32(put16(at, 0), packet->source);
    at = put32(at, packet->destination);
    put16(sum, checksum(sum_words(start, IPV4_HEADER_BYTES, 0)));
    return at;
}

/* SYN: as Linux orders them; SACK after two no-operations so that its words are aligned. */
static uint8_t *put_tcp_options(uint8_t *at, const LzPacket *packet, const uint8_t *end)
{
    if (packet->mss) {
        at = put16(put8(put8(at, OPTION_MSS), 4), packet->mss);
    }
    if (packet->sack_permitted) {
        at = put8(put8(at, OPTION_SACK_PERMITTED), 2);
    }
    if (packet->tcp_window_scale) {
        at = put8(put8(put8(at, OPTION_WINDOW_SCALE), 3), packet->tcp_window_scale - 1u);
    }
    if (packet->sack_count) {
        at = put8(put8(at, OPTION_NOP), OPTION_NOP);
        at = put8(put8(at, OPTION_SACK), 2 + 8u * packet->sack_count);
        for (unsigned i = 0; i < packet->sack_count; i++) {
            at = put32(put32(at, packet->sack[i].left), packet->sack[i].right);
        }
    }
    while (at < end) {
        at = put8(at, OPTION_END);
    }
    g_assert(at == end);
    return at;
}

static uint8_t *put_tcp(uint8_t *start, const LzPacket *packet, uint8_t **ret_sum)
{
    uint32_t header_bytes = lz_packet_tcp_header_bytes(packet);
    uint8_t *at = put16(put16(start, packet->source_port), packet->destination_port);
    at = put32(put32(at, packet->sequence), packet->acknowledgement);
    at = put8(put8(at, header_bytes / 4 << 4), packet->tcp_flags);
    at = put16(at, packet->window);
    *ret_sum = at;
    at = put16(put16(at, 0), 0);
    return put_tcp_options(at, packet, start + header_bytes);
}

static uint8_t *put_udp(uint8_t *start, const LzPacket *packet, uint8_t **ret_sum)
{
    uint8_t *at = put16(put16(start, packet->source_port), packet->destination_port);
    at = put16(at, lz_packet_ip_bytes(packet) - IPV4_HEADER_BYTES);
    *ret_sum = at;
    return put16(at, 0);
}

/* Over the pseudo-header of RFC 9293 3.1 and RFC 768. UDP's zero is sent as all ones. */
static void put_transport_checksum(const LzPacket *packet, const uint8_t *start, const uint8_t *end, uint8_t *sum)
{
    uint8_t pseudo[12];
    uint8_t *at = put32(put32(pseudo, packet->source), packet->destination);
    put16(put16(at, packet->protocol), (unsigned)(end - start));
    unsigned value = checksum(sum_words(start, (size_t)(end - start), sum_words(pseudo, sizeof pseudo, 0)));
    if (value == 0 && packet->protocol == LZ_IP_UDP) {
        value = 0xffff;
    }
    put16(sum, value);
}

size_t lz_packet_frame_bytes(const LzPacket *packet)
{
    const size_t tag_bytes = packet->is_tagged ? LZ_ETHERNET_TAG_BYTES : 0;
    return MAC_HEADER_BYTES + MAX(tag_bytes + lz_packet_ip_bytes(packet), LZ_ETHERNET_PACKET_BYTES_MIN);
}

size_t lz_packet_write_frame(const LzPacket *packet, uint8_t *ret_frame)
{
    size_t frame_bytes = lz_packet_frame_bytes(packet);
    if (packet->protocol == LZ_NOT_IP_EAPOL) {
        uint8_t *end = put_eapol(ret_frame, packet);
        memset(end, 0, frame_bytes - (size_t)(end - ret_frame));
        return frame_bytes;
    }
    uint8_t *transport = put_ipv4(put_ethernet(ret_frame, packet), packet);
    uint8_t *sum = NULL;
    uint8_t *at = packet->protocol == LZ_IP_TCP ? put_tcp(transport, packet, &sum) : put_udp(transport, packet, &sum);
    if (packet->payload_size > 0) {
        memcpy(at, lz_packet_payload(packet), packet->payload_size);
        at += packet->payload_size;
    }
    put_transport_checksum(packet, transport, at, sum);
    memset(at, 0, frame_bytes - (size_t)(at - ret_frame));
    return frame_bytes;
}
