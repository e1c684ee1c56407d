/* Packets and their pool. */
#include "sim/net/packet.h"

#include <assert.h>
#include <glib.h>

#define CHUNK_PACKETS 256u
#define IPV4_HEADER_BYTES 20u
#define TCP_HEADER_BYTES 20u
#define UDP_HEADER_BYTES 8u

struct LzPacketPool {
    LzPacket *unused;
    GPtrArray *chunks;
    uint64_t created, in_use;
};

static const char *const drop_names[] = {
    [LZ_DROP_NONE] = "none",
    [LZ_DROP_QUEUE_FULL] = "queue-full",
    [LZ_DROP_LINK_LOSS] = "link-loss",
    [LZ_DROP_LINK_DOWN] = "link-down",
    [LZ_DROP_RADIO_LOSS] = "radio-loss",
    [LZ_DROP_SWITCH_OFF] = "switch-off",
    [LZ_DROP_HOST_OFF] = "host-off",
    [LZ_DROP_NO_ROUTE] = "no-route",
    [LZ_DROP_NO_PORT] = "no-port",
    [LZ_DROP_DEFENCE] = "defence",
    [LZ_DROP_ATTACK] = "attack",
    [LZ_DROP_EARLY] = "early",
    [LZ_DROP_POLICED] = "policed",
};
static_assert(G_N_ELEMENTS(drop_names) == LZ_DROP_COUNT, "name every drop reason");

const char *lz_drop_reason_name(LzDropReason reason)
{
    return drop_names[reason];
}

LzPacketPool *lz_packet_pool_new(void)
{
    LzPacketPool *pool = g_new0(LzPacketPool, 1);
    pool->chunks = g_ptr_array_new_with_free_func(g_free);
    return pool;
}

void lz_packet_pool_free(LzPacketPool *pool)
{
    if (pool) {
        g_assert(pool->in_use == 0);
        g_ptr_array_unref(pool->chunks);
        g_free(pool);
    }
}

uint64_t lz_packet_pool_created(const LzPacketPool *pool)
{
    return pool->created;
}

uint64_t lz_packet_pool_in_use(const LzPacketPool *pool)
{
    return pool->in_use;
}

const char *lz_address_format(LzAddress address, char ret_text[LZ_ADDRESS_TEXT_BYTES])
{
    g_snprintf(ret_text, LZ_ADDRESS_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff, address >> 8 & 0xff,
               address & 0xff);
    return ret_text;
}

static LzPacket *take(LzPacketPool *pool)
{
    if (!pool->unused) {
        LzPacket *chunk = g_new(LzPacket, CHUNK_PACKETS);
        g_ptr_array_add(pool->chunks, chunk);
        for (unsigned i = 0; i < CHUNK_PACKETS; i++) {
            chunk[i].next = i + 1 < CHUNK_PACKETS ? &chunk[i + 1] : NULL;
        }
        pool->unused = chunk;
    }
    LzPacket *packet = pool->unused;
    pool->unused = packet->next;
    pool->in_use++;
    return packet;
}

LzPacket *lz_packet_new(LzPacketPool *pool)
{
    LzPacket *packet = take(pool);
    *packet = (LzPacket){.id = ++pool->created};
    return packet;
}

LzPacket *lz_packet_clone(LzPacketPool *pool, const LzPacket *packet)
{
    LzPacket *clone = take(pool);
    *clone = *packet;
    clone->next = NULL;
    clone->id = ++pool->created;
    if (clone->payload) {
        lz_buffer_ref(clone->payload);
    }
    return clone;
}

void lz_packet_free(LzPacketPool *pool, LzPacket *packet)
{
    if (packet) {
        lz_buffer_unref(packet->payload);
        packet->next = pool->unused;
        pool->unused = packet;
        pool->in_use--;
    }
}

/* Option sizes: MSS 4 (RFC 9293 3.2), window scale 3 (RFC 7323 2.2), SACK-permitted 2 and SACK 2 + 8n (RFC 2018). */
uint32_t lz_packet_tcp_header_bytes(const LzPacket *packet)
{
    uint32_t options = 0;
    options += packet->mss ? 4 : 0;
    options += packet->tcp_window_scale ? 3 : 0;
    options += packet->sack_permitted ? 2 : 0;
    options += packet->sack_count ? 2 + 8u * packet->sack_count : 0;
    return TCP_HEADER_BYTES + (options + 3) / 4 * 4;
}

uint32_t lz_packet_ip_bytes(const LzPacket *packet)
{
    if (G_UNLIKELY(packet->protocol == LZ_NOT_IP_EAPOL)) {
        return packet->payload_size;
    }
    uint32_t transport = packet->protocol == LZ_IP_TCP ? lz_packet_tcp_header_bytes(packet) : UDP_HEADER_BYTES;
    return IPV4_HEADER_BYTES + transport + packet->payload_size;
}

void lz_packet_set_wire_bytes(LzPacket *packet)
{
    packet->ip_bytes = (uint16_t)lz_packet_ip_bytes(packet);
    packet->wire_bytes = (uint16_t)(MAX(packet->ip_bytes, LZ_ETHERNET_PACKET_BYTES_MIN) + LZ_ETHERNET_OVERHEAD_BYTES);
}

void lz_packet_lost(const LzPacket *packet, LzProbes *probes)
{
    if (packet->protocol == LZ_IP_UDP) {
        const LzBytes payload = {lz_packet_payload(packet), packet->payload_size};
        lz_probe_lost(probes, lz_message_mark_read(payload), LZ_LOSS_NETWORK);
    }
}
