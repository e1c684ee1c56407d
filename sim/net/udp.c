/* UDP of one host. */
#include "sim/net/udp.h"

#include <glib.h>
#include <string.h>

struct LzUdpPort {
    uint16_t number;
    void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload);
    void *self;
};

#define FIRST_PORTS 2u

/* Where the port stands or would stand. */
static unsigned port_place(const LzUdp *udp, uint16_t number)
{
    unsigned low = 0, high = udp->port_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (udp->ports[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool port_is_at(const LzUdp *udp, unsigned place, uint16_t number)
{
    return place < udp->port_count && udp->ports[place].number == number;
}

void lz_udp_init(LzUdp *udp, const LzEnv *env, LzAddress address, LzElement *output)
{
    *udp = (LzUdp){.packets = env->packets, .output = output, .address = address};
}

void lz_udp_clear(LzUdp *udp)
{
    g_clear_pointer(&udp->ports, g_free);
    udp->port_count = udp->port_capacity = 0;
}

void lz_udp_reset(LzUdp *udp)
{
    udp->port_count = 0;
}

bool lz_udp_bind(LzUdp *udp, uint16_t port,
                 void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload), void *self)
{
    unsigned place = port_place(udp, port);
    if (port_is_at(udp, place, port)) {
        return false;
    }
    if (udp->port_count == udp->port_capacity) {
        udp->port_capacity = (uint16_t)MAX(2 * udp->port_capacity, FIRST_PORTS);
        udp->ports = g_renew(LzUdpPort, udp->ports, udp->port_capacity);
    }
    memmove(&udp->ports[place + 1], &udp->ports[place], (udp->port_count - place) * sizeof(LzUdpPort));
    udp->ports[place] = (LzUdpPort){port, received, self};
    udp->port_count++;
    return true;
}

void lz_udp_unbind(LzUdp *udp, uint16_t port)
{
    unsigned place = port_place(udp, port);
    if (port_is_at(udp, place, port)) {
        udp->port_count--;
        memmove(&udp->ports[place], &udp->ports[place + 1], (udp->port_count - place) * sizeof(LzUdpPort));
    }
}

bool lz_udp_send(LzUdp *udp, uint16_t source_port, LzAddress destination, uint16_t destination_port,
                 uint8_t dscp, LzBytes payload)
{
    if (payload.size > LZ_UDP_PAYLOAD_MAX) {
        return false;
    }
    LzPacket *packet = lz_packet_new(udp->packets);
    packet->source = udp->address;
    packet->destination = destination;
    packet->source_port = source_port;
    packet->destination_port = destination_port;
    packet->protocol = LZ_IP_UDP;
    packet->dscp = dscp;
    if (payload.size > 0) {
        packet->payload = lz_buffer_new_copy(payload.data, payload.size);
        packet->payload_size = (uint32_t)payload.size;
    }
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(udp->output, packet);
    return true;
}

bool lz_udp_receive(LzUdp *udp, LzPacket *packet)
{
    unsigned place = port_place(udp, packet->destination_port);
    if (!port_is_at(udp, place, packet->destination_port)) {
        udp->refused++;
        return false;
    }
    LzUdpPort port = udp->ports[place];
    LzBytes payload = {lz_packet_payload(packet), packet->payload_size};
    port.received(port.self, packet->source, packet->source_port, payload);
    lz_packet_free(udp->packets, packet);
    return true;
}

uint64_t lz_udp_refused(const LzUdp *udp)
{
    return udp->refused;
}
