/* MQTT framing and decoding under hostile bytes: the first byte of the input chooses the pieces in which the rest
 * arrives. What is accepted encodes again, and to bytes that mean the same. */
#include <glib.h>

#include "tests/lib/mqtt_samples.h"

#define PACKET_BYTES_MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packet_as(LzMqttVersion version, LzBytes frame)
{
    LzMqttPacket packet, again;
    if (lz_mqtt_decode_as(version, frame, &packet) != LZ_MQTT_OK) {
        return;
    }
    g_autoptr(GByteArray) bytes = lz_test_mqtt_encode(&packet);
    g_assert_cmpuint(bytes->len, <=, frame.size);       /* the length may have been written longer than needed */
    g_assert_cmpint((int)lz_mqtt_decode_as(version, (LzBytes){bytes->data, bytes->len}, &again), ==, LZ_MQTT_OK);
    lz_test_mqtt_assert_equal(&packet, &again);
    if (packet.type == LZ_MQTT_PUBLISH) {
        lz_mqtt_filter_matches(lz_bytes_of_text("ward/+/#"), packet.publish.topic);
        g_assert_true(lz_mqtt_filter_matches(packet.publish.topic, packet.publish.topic));
    }
}

static void check_packet(LzBytes frame)
{
    check_packet_as(LZ_MQTT_3_1_1, frame);
    check_packet_as(LZ_MQTT_5, frame);
}

/* Returns the bytes of whole packets that came out. */
static size_t feed(LzBytes bytes, size_t piece)
{
    LzMqttStream stream;
    lz_mqtt_stream_init(&stream, PACKET_BYTES_MAX);
    LzMqttError error = LZ_MQTT_MORE;
    size_t framed = 0;
    for (size_t offset = 0; offset < bytes.size && error == LZ_MQTT_MORE; offset += piece) {
        LzBytes frame, input = {bytes.data + offset, MIN(piece, bytes.size - offset)};
        while ((error = lz_mqtt_stream_next(&stream, &input, &frame)) == LZ_MQTT_OK) {
            g_assert_cmpuint(frame.size, <=, PACKET_BYTES_MAX);
            framed += frame.size;
            check_packet(frame);
        }
        g_assert_true(!stream.kept || stream.kept->len <= bytes.size);
    }
    lz_mqtt_stream_clear(&stream);
    return framed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const LzBytes bytes = {data + 1, size - 1};
    const size_t whole = feed(bytes, MAX(bytes.size, 1));
    g_assert_cmpuint(feed(bytes, 1u + data[0]), ==, whole);
    check_packet(bytes);
    return 0;
}
