/* The bytes that a capture shows: sizes, fields, options, and checksums verified by RFC 1071's rule that
 * a sum over what it covers, the checksum included, is all ones. */
#include <glib.h>
#include <string.h>

#include "lazaret/random.h"
#include "sim/net/packet.h"
#include "sim/net/tap.h"

enum { ETHERNET = 14, IPV4 = 20 };

static unsigned word(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t fold(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint32_t sum_of(const uint8_t *bytes, size_t size, uint32_t sum)
{
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    }
    return fold(sum);
}

/* Checks lengths and both checksums; returns the transport header. */
static const uint8_t *check_frame(const LzPacket *packet, const uint8_t *frame, size_t size)
{
    g_assert_cmpuint(size, ==, packet->wire_bytes - 24u);
    g_assert_cmpuint(size, ==, lz_packet_frame_bytes(packet));
    g_assert_cmpuint(size, >=, 60);
    g_assert_cmphex(word(frame + 12), ==, 0x0800);
    const uint8_t *ip = frame + ETHERNET;
    g_assert_cmphex(ip[0], ==, 0x45);
    g_assert_cmpuint(word(ip + 2), ==, lz_packet_ip_bytes(packet));
    g_assert_cmphex(sum_of(ip, IPV4, 0), ==, 0xffff);
    size_t transport_bytes = word(ip + 2) - IPV4;
    uint32_t pseudo = sum_of(ip + 12, 8, 0) + packet->protocol + (uint32_t)transport_bytes;
    g_assert_cmphex(sum_of(ip + IPV4, transport_bytes, fold(pseudo)), ==, 0xffff);
    for (size_t i = ETHERNET + word(ip + 2); i < size; i++) {
        g_assert_cmpuint(frame[i], ==, 0);      /* padding to the shortest frame */
    }
    return ip + IPV4;
}

static LzPacket tcp_packet(void)
{
    return (LzPacket){
        .id = 0x12345, .source = 0x0a0b0c0d, .destination = 0xc0a80102, .source_port = 40000, .destination_port = 8883,
        .protocol = LZ_IP_TCP, .dscp = 46, .tcp_flags = LZ_TCP_ACK, .sequence = 0xdeadbeef, .acknowledgement = 0x01020304,
        .window = 0x8000,
    };
}

static void test_syn(void)
{
    LzPacket packet = tcp_packet();
    packet.tcp_flags = LZ_TCP_SYN;
    packet.mss = 1460;
    packet.tcp_window_scale = 4;
    packet.sack_permitted = true;
    lz_packet_set_wire_bytes(&packet);
    uint8_t frame[2048];
    size_t size = lz_packet_write_frame(&packet, frame);
    const uint8_t *tcp = check_frame(&packet, frame, size);
    static const uint8_t macs[] = {0x02, 0x4c, 0x5a, 0xa8, 0x01, 0x02, 0x02, 0x4c, 0x5a, 0x0b, 0x0c, 0x0d};
    g_assert_cmpmem(frame, sizeof macs, macs, sizeof macs);
    g_assert_cmphex(frame[ETHERNET + 1], ==, 46 << 2);
    static const uint8_t addresses[] = {0x0a, 0x0b, 0x0c, 0x0d, 0xc0, 0xa8, 0x01, 0x02};
    g_assert_cmpmem(frame + ETHERNET + 12, sizeof addresses, addresses, sizeof addresses);
    g_assert_cmpuint(word(tcp), ==, 40000);
    g_assert_cmpuint(word(tcp + 2), ==, 8883);
    g_assert_cmphex(tcp[12], ==, 8 << 4);       /* 20 + 12 bytes of options */
    g_assert_cmphex(tcp[13], ==, LZ_TCP_SYN);
    static const uint8_t options[] = {2, 4, 0x05, 0xb4, 4, 2, 3, 3, 3, 0, 0, 0};
    g_assert_cmpmem(tcp + 20, sizeof options, options, sizeof options);
}

static void test_sack(void)
{
    LzPacket packet = tcp_packet();
    packet.sack_count = 2;
    packet.sack[0].left = 0x11223344;
    packet.sack[0].right = 0x55667788;
    packet.sack[1].left = 1;
    packet.sack[1].right = 2;
    lz_packet_set_wire_bytes(&packet);
    uint8_t frame[2048];
    const uint8_t *tcp = check_frame(&packet, frame, lz_packet_write_frame(&packet, frame));
    g_assert_cmphex(tcp[12], ==, 10 << 4);
    static const uint8_t options[] = {1, 1, 5, 18, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 1, 0, 0, 0, 2};
    g_assert_cmpmem(tcp + 20, sizeof options, options, sizeof options);
}

/* A datagram worked out by hand: 10.0.0.1:1000 to 10.0.0.2:2000, "ab". Sum: 0a00+0001+0a00+0002+0011+000a, then
 * 03e8+07d0+000a+6162 = 8142; its complement is 7ebd. */
static void test_udp_by_hand(void)
{
    LzBuffer *buffer = lz_buffer_new_copy("..ab", 4);
    LzPacket packet = {.id = 1, .source = 0x0a000001, .destination = 0x0a000002, .source_port = 1000, .destination_port = 2000,
                       .protocol = LZ_IP_UDP, .payload = buffer, .payload_offset = 2, .payload_size = 2};
    lz_packet_set_wire_bytes(&packet);
    uint8_t frame[2048];
    size_t size = lz_packet_write_frame(&packet, frame);
    g_assert_cmpuint(size, ==, 60);
    const uint8_t *udp = check_frame(&packet, frame, size);
    static const uint8_t expected[] = {0x03, 0xe8, 0x07, 0xd0, 0x00, 0x0a, 0x7e, 0xbd, 'a', 'b'};
    g_assert_cmpmem(udp, sizeof expected, expected, sizeof expected);
    lz_buffer_unref(buffer);
}

/* UDP's checksum is never sent as zero (RFC 768); every payload size, odd ones too, must verify. */
static void test_any_packet(void)
{
    LzRandom random;
    lz_random_init(&random, 9, lz_entity_id("frames"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 20000; i++) {
        LzPacket packet = tcp_packet();
        packet.protocol = i % 2 ? LZ_IP_TCP : LZ_IP_UDP;
        packet.id = i;
        packet.source = lz_random_u32(&random);
        packet.sequence = lz_random_u32(&random);
        packet.tcp_flags = (uint8_t)lz_random_below(&random, 32);
        packet.sack_count = (uint8_t)(i % 2 ? lz_random_below(&random, 4) : 0);
        packet.payload_size = (uint32_t)lz_random_below(&random, i % 10 ? 40 : 1400);
        packet.payload = lz_buffer_new(packet.payload_size + 1);
        packet.payload_offset = 1;
        lz_random_fill(&random, packet.payload->data, packet.payload_size + 1);
        lz_packet_set_wire_bytes(&packet);
        uint8_t frame[2048];
        const uint8_t *transport = check_frame(&packet, frame, lz_packet_write_frame(&packet, frame));
        if (packet.protocol == LZ_IP_UDP) {
            g_assert_cmphex(word(transport + 6), !=, 0);
        }
        size_t header = packet.protocol == LZ_IP_UDP ? 8 : lz_packet_tcp_header_bytes(&packet);
        g_assert_cmpmem(transport + header, packet.payload_size, lz_packet_payload(&packet), packet.payload_size);
        lz_buffer_unref(packet.payload);
    }
}

/* ---- the tap itself ---- */

typedef struct Order {
    LzElement next;
    unsigned seen, passed;
} Order;

static void pass(LzElement *element, LzPacket *packet)
{
    Order *order = (Order *)element;
    g_assert_cmpuint(packet->id, ==, 77);
    order->passed = order->seen + 1;
}

static void see(void *self, const LzPacket *packet)
{
    Order *order = self;
    g_assert_cmpuint(packet->id, ==, 77);
    g_assert_cmpuint(order->passed, ==, 0);
    order->seen++;
}

/* IEEE 802.1Q 9.3: the tag stands before the type, and a short frame needs four bytes less of padding. */
static void test_tag(void)
{
    static const struct { uint32_t payload; size_t frame; } rows[] = {{12, 60}, {14, 60}, {15, 61}, {200, 246}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        LzPacket packet = tcp_packet();
        packet.protocol = LZ_IP_UDP;
        packet.is_tagged = true;
        packet.tag = 5 + 1;
        packet.vlan = 0x123;
        packet.payload = lz_buffer_new(rows[i].payload);
        memset(packet.payload->data, 0xaa, rows[i].payload);
        packet.payload_size = rows[i].payload;
        g_autofree uint8_t *frame = g_malloc(lz_packet_frame_bytes(&packet));
        size_t size = lz_packet_write_frame(&packet, frame);
        g_assert_cmpuint(size, ==, rows[i].frame);
        g_assert_cmphex(word(frame + 12), ==, 0x8100);
        g_assert_cmphex(word(frame + 14), ==, 5 << 13 | 0x123);
        g_assert_cmphex(word(frame + 16), ==, 0x0800);
        g_assert_cmphex(frame[18], ==, 0x45);
        lz_buffer_unref(packet.payload);
    }
}

static void test_shows_then_passes(void)
{
    static const LzElementOps ops = {.receive = pass};
    Order order = {.next = {&ops, NULL}};
    LzTap tap;
    lz_tap_init(&tap, &order.next, see, &order);
    LzPacket packet = tcp_packet();
    packet.id = 77;
    lz_element_receive(&tap.base, &packet);
    g_assert_cmpuint(order.seen, ==, 1);
    g_assert_cmpuint(order.passed, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tap/syn", test_syn);
    g_test_add_func("/tap/sack", test_sack);
    g_test_add_func("/tap/udp-by-hand", test_udp_by_hand);
    g_test_add_func("/tap/any-packet", test_any_packet);
    g_test_add_func("/tap/tag", test_tag);
    g_test_add_func("/tap/shows-then-passes", test_shows_then_passes);
    return g_test_run();
}
