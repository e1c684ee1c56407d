/* UDP of one host. */
#include "sim/net/udp.h"

#include <glib.h>

typedef struct Port {
    uint16_t number;
    void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload);
    void *self;
} Port;

struct LzUdp {
    LzEnv env;
    LzAddress address;
    LzElement *output;          /* borrowed */
    GArray *ports;              /* Port, sorted by number */
    uint64_t refused;
};

/* Where the port stands or would stand. */
static guint port_place(const LzUdp *udp, uint16_t number)
{
    guint low = 0, high = udp->ports->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(udp->ports, Port, middle).number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool port_is_at(const LzUdp *udp, guint place, uint16_t number)
{
    return place < udp->ports->len && g_array_index(udp->ports, Port, place).number == number;
}

LzUdp *lz_udp_new(const LzEnv *env, LzAddress address, LzElement *output)
{
    LzUdp *udp = g_new0(LzUdp, 1);
    udp->env = *env;
    udp->address = address;
    udp->output = output;
    udp->ports = g_array_new(FALSE, FALSE, sizeof(Port));
    return udp;
}

void lz_udp_free(LzUdp *udp)
{
    if (udp) {
        g_array_unref(udp->ports);
        g_free(udp);
    }
}

void lz_udp_reset(LzUdp *udp)
{
    g_array_set_size(udp->ports, 0);
}

bool lz_udp_bind(LzUdp *udp, uint16_t port,
                 void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload), void *self)
{
    guint place = port_place(udp, port);
    if (port_is_at(udp, place, port)) {
        return false;
    }
    Port bound = {port, received, self};
    g_array_insert_val(udp->ports, place, bound);
    return true;
}

void lz_udp_unbind(LzUdp *udp, uint16_t port)
{
    guint place = port_place(udp, port);
    if (port_is_at(udp, place, port)) {
        g_array_remove_index(udp->ports, place);
    }
}

bool lz_udp_send(LzUdp *udp, uint16_t source_port, LzAddress destination, uint16_t destination_port,
                 uint8_t dscp, LzBytes payload)
{
    if (payload.size > LZ_UDP_PAYLOAD_MAX) {
        return false;
    }
    LzPacket *packet = lz_packet_new(udp->env.packets);
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

void lz_udp_receive(LzUdp *udp, LzPacket *packet)
{
    guint place = port_place(udp, packet->destination_port);
    if (!port_is_at(udp, place, packet->destination_port)) {
        udp->refused++;
        lz_packet_free(udp->env.packets, packet);
        return;
    }
    Port port = g_array_index(udp->ports, Port, place);
    LzBytes payload = {lz_packet_payload(packet), packet->payload_size};
    port.received(port.self, packet->source, packet->source_port, payload);
    lz_packet_free(udp->env.packets, packet);
}

uint64_t lz_udp_refused(const LzUdp *udp)
{
    return udp->refused;
}
