/* The MQTT codec: what it writes it reads, in any split; what breaks a rule is refused by its name. */
#include "tests/lib/mqtt_samples.h"

static const uint64_t seed = 7;

static void test_round_trip(void)
{
    g_test_summary("Every packet type decodes to what was encoded; encoding needs exactly lz_mqtt_size() bytes");
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id("mqtt"), LZ_PURPOSE_GENERAL);
    for (unsigned round = 0; round < 300; round++) {
        const LzMqttVersion version = round % 2 ? LZ_MQTT_5 : LZ_MQTT_3_1_1;
        for (unsigned type = LZ_MQTT_CONNECT; type <= LZ_MQTT_DISCONNECT; type++) {
            g_autoptr(GPtrArray) memory = lz_test_mqtt_memory_new();
            const LzMqttPacket packet = lz_test_mqtt_packet(&random, version, (LzMqttType)type, memory);
            g_autoptr(GByteArray) bytes = lz_test_mqtt_encode(&packet);
            LzMqttPacket decoded;
            g_assert_cmpint((int)lz_mqtt_decode_as(version, (LzBytes){bytes->data, bytes->len}, &decoded), ==,
                            LZ_MQTT_OK);
            lz_test_mqtt_assert_equal(&packet, &decoded);
            g_assert_cmpuint(lz_mqtt_encode(&packet, bytes->data, bytes->len - 1), ==, 0);
        }
    }
}

/* Feeds the stream in pieces of at most `piece` bytes and checks that the same packets come out. */
static void check_split(const GByteArray *bytes, const GPtrArray *frames, size_t first, size_t piece)
{
    LzMqttStream stream;
    lz_mqtt_stream_init(&stream, 1 << 20);
    unsigned count = 0;
    for (size_t offset = 0; offset < bytes->len;) {
        const size_t size = MIN(offset == 0 && first > 0 ? first : piece, bytes->len - offset);
        LzBytes input = {bytes->data + offset, size}, frame;
        LzMqttError error;
        while ((error = lz_mqtt_stream_next(&stream, &input, &frame)) == LZ_MQTT_OK) {
            const GByteArray *expected = frames->pdata[count++];
            g_assert_cmpmem(frame.data, frame.size, expected->data, (size_t)expected->len);
        }
        g_assert_cmpint((int)error, ==, LZ_MQTT_MORE);
        g_assert_cmpuint(input.size, ==, 0);
        offset += size;
    }
    g_assert_cmpuint(count, ==, frames->len);
    lz_mqtt_stream_clear(&stream);
}

static void test_split(void)
{
    g_test_summary("A stream split at every byte, and fed byte by byte, gives the same packets");
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id("split"), LZ_PURPOSE_GENERAL);
    g_autoptr(GPtrArray) frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (unsigned type = LZ_MQTT_CONNECT; type <= LZ_MQTT_DISCONNECT; type++) {
        g_autoptr(GPtrArray) memory = lz_test_mqtt_memory_new();
        LzMqttPacket packet = lz_test_mqtt_packet(&random, type % 2 ? LZ_MQTT_5 : LZ_MQTT_3_1_1, (LzMqttType)type, memory);
        if (packet.type == LZ_MQTT_PUBLISH) {
            packet.publish.payload.size = MIN(packet.publish.payload.size, 300);
        }
        GByteArray *frame = lz_test_mqtt_encode(&packet);
        g_byte_array_append(bytes, frame->data, frame->len);
        g_ptr_array_add(frames, frame);
    }
    for (size_t first = 1; first < bytes->len; first++) {
        check_split(bytes, frames, first, bytes->len);
    }
    for (size_t piece = 1; piece < 20; piece++) {
        check_split(bytes, frames, 0, piece);
    }
}

static void test_example_size(void)
{
    g_test_summary("Topic of 20 bytes, payload of 64, QoS 1: 90 bytes; CONNACK 4, acknowledgements 4, pings 2");
    uint8_t payload[64] = {0};
    LzMqttPacket packet = {.type = LZ_MQTT_PUBLISH, .packet_id = 1};
    packet.publish = (LzMqttPublish){
        .topic = lz_bytes_of_text("ward/a/monitor/7/hrx"), .payload = {payload, sizeof payload}, .qos = 1};
    g_assert_cmpuint(packet.publish.topic.size, ==, 20);
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 90);
    g_assert_cmpuint(lz_mqtt_size(&(LzMqttPacket){.type = LZ_MQTT_CONNACK}), ==, 4);
    g_assert_cmpuint(lz_mqtt_size(&(LzMqttPacket){.type = LZ_MQTT_PUBREL, .packet_id = 9}), ==, 4);
    g_assert_cmpuint(lz_mqtt_size(&(LzMqttPacket){.type = LZ_MQTT_PINGREQ}), ==, 2);
    LzMqttPacket connect = {.type = LZ_MQTT_CONNECT, .connect = {.client_id = lz_bytes_of_text("pump[7]")}};
    g_assert_cmpuint(lz_mqtt_size(&connect), ==, 2 + 10 + 2 + 7);
}

/* Remaining lengths at the edges of table 2.4. */
static void test_remaining_length(void)
{
    static const struct { size_t remaining, header; } cases[] = {
        {127, 2}, {128, 3}, {16383, 3}, {16384, 4}, {2097151, 4}, {2097152, 5}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree uint8_t *payload = g_malloc0(cases[i].remaining);
        LzMqttPacket packet = {.type = LZ_MQTT_PUBLISH};
        packet.publish = (LzMqttPublish){.topic = lz_bytes_of_text("t"), .payload = {payload, cases[i].remaining - 3}};
        g_autoptr(GByteArray) bytes = lz_test_mqtt_encode(&packet);
        g_assert_cmpuint(bytes->len, ==, cases[i].header + cases[i].remaining);
        LzMqttPacket decoded;
        g_assert_cmpint((int)lz_mqtt_decode((LzBytes){bytes->data, bytes->len}, &decoded), ==, LZ_MQTT_OK);
        g_assert_cmpuint(decoded.publish.payload.size, ==, cases[i].remaining - 3);
    }
}

typedef struct Malformed {
    const char *what;
    LzMqttError expected;
    size_t size;
    const char *bytes;
} Malformed;

#define MALFORMED(what, expected, literal) { what, expected, sizeof(literal) - 1, literal }

static const Malformed malformed[] = {
    MALFORMED("nothing", LZ_MQTT_ERROR_TRUNCATED, ""),
    MALFORMED("type-0", LZ_MQTT_ERROR_TYPE, "\x00\x00"),
    MALFORMED("type-15", LZ_MQTT_ERROR_TYPE, "\xf0\x00"),
    MALFORMED("length-of-five-bytes", LZ_MQTT_ERROR_LENGTH, "\x30\x80\x80\x80\x80\x01"),
    MALFORMED("length-beyond-the-bytes", LZ_MQTT_ERROR_TRUNCATED, "\x40\x02\x00"),
    MALFORMED("bytes-beyond-the-length", LZ_MQTT_ERROR_TRAILING, "\xc0\x00\x00"),
    MALFORMED("pingreq-with-body", LZ_MQTT_ERROR_TRAILING, "\xc0\x01\x00"),
    MALFORMED("puback-with-body", LZ_MQTT_ERROR_TRAILING, "\x40\x03\x00\x01\x00"),
    MALFORMED("connect-flags", LZ_MQTT_ERROR_FLAGS, "\x11\x00"),
    MALFORMED("pubrel-flags-0", LZ_MQTT_ERROR_FLAGS, "\x60\x02\x00\x01"),
    MALFORMED("subscribe-flags-0", LZ_MQTT_ERROR_FLAGS, "\x80\x06\x00\x01\x00\x01t\x00"),
    MALFORMED("unsubscribe-flags-0", LZ_MQTT_ERROR_FLAGS, "\xa0\x05\x00\x01\x00\x01t"),
    MALFORMED("disconnect-flags", LZ_MQTT_ERROR_FLAGS, "\xe1\x00"),
    MALFORMED("publish-qos-3", LZ_MQTT_ERROR_QOS, "\x36\x05\x00\x01t\x00\x01"),
    MALFORMED("publish-dup-qos-0", LZ_MQTT_ERROR_FLAGS, "\x38\x03\x00\x01t"),
    MALFORMED("publish-packet-id-0", LZ_MQTT_ERROR_PACKET_ID, "\x32\x05\x00\x01t\x00\x00"),
    MALFORMED("publish-without-packet-id", LZ_MQTT_ERROR_TRUNCATED, "\x32\x03\x00\x01t"),
    MALFORMED("publish-empty-topic", LZ_MQTT_ERROR_TOPIC, "\x30\x02\x00\x00"),
    MALFORMED("publish-wildcard-topic", LZ_MQTT_ERROR_TOPIC, "\x30\x03\x00\x01+"),
    MALFORMED("publish-topic-with-nul", LZ_MQTT_ERROR_UTF8, "\x30\x03\x00\x01\x00"),
    MALFORMED("publish-topic-surrogate", LZ_MQTT_ERROR_UTF8, "\x30\x05\x00\x03\xed\xa0\x80"),
    MALFORMED("publish-topic-overlong", LZ_MQTT_ERROR_UTF8, "\x30\x04\x00\x02\xc0\xaf"),
    MALFORMED("publish-topic-beyond-end", LZ_MQTT_ERROR_TRUNCATED, "\x30\x03\x00\x05t"),
    MALFORMED("puback-id-0", LZ_MQTT_ERROR_PACKET_ID, "\x40\x02\x00\x00"),
    MALFORMED("connack-flags", LZ_MQTT_ERROR_FLAGS, "\x20\x02\x02\x00"),
    MALFORMED("connack-present-and-refused", LZ_MQTT_ERROR_FLAGS, "\x20\x02\x01\x05"),
    MALFORMED("connack-code-6", LZ_MQTT_ERROR_CODE, "\x20\x02\x00\x06"),
    MALFORMED("connect-name", LZ_MQTT_ERROR_PROTOCOL_NAME, "\x10\x0c\x00\x04mqtt\x04\x02\x00\x00\x00\x00"),
    MALFORMED("connect-3.1", LZ_MQTT_ERROR_PROTOCOL_NAME, "\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00"),
    MALFORMED("connect-level-5", LZ_MQTT_ERROR_PROTOCOL_LEVEL, "\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00"),
    MALFORMED("connect-reserved-flag", LZ_MQTT_ERROR_CONNECT_FLAGS, "\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00"),
    MALFORMED("connect-will-qos-without-will", LZ_MQTT_ERROR_CONNECT_FLAGS, "\x10\x0c\x00\x04MQTT\x04\x08\x00\x00\x00\x00"),
    MALFORMED("connect-will-retain-without-will", LZ_MQTT_ERROR_CONNECT_FLAGS, "\x10\x0c\x00\x04MQTT\x04\x20\x00\x00\x00\x00"),
    MALFORMED("connect-will-qos-3", LZ_MQTT_ERROR_QOS, "\x10\x11\x00\x04MQTT\x04\x1c\x00\x00\x00\x00\x00\x01t\x00\x00"),
    MALFORMED("connect-password-alone", LZ_MQTT_ERROR_CONNECT_FLAGS, "\x10\x0e\x00\x04MQTT\x04\x40\x00\x00\x00\x00\x00\x00"),
    MALFORMED("connect-id-not-utf8", LZ_MQTT_ERROR_UTF8, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\xff"),
    MALFORMED("connect-will-topic-wildcard", LZ_MQTT_ERROR_TOPIC, "\x10\x11\x00\x04MQTT\x04\x04\x00\x00\x00\x00\x00\x01#\x00\x00"),
    MALFORMED("connect-cut", LZ_MQTT_ERROR_TRUNCATED, "\x10\x0a\x00\x04MQTT\x04\x02\x00\x00"),
    MALFORMED("subscribe-empty", LZ_MQTT_ERROR_EMPTY, "\x82\x02\x00\x01"),
    MALFORMED("subscribe-id-0", LZ_MQTT_ERROR_PACKET_ID, "\x82\x06\x00\x00\x00\x01t\x00"),
    MALFORMED("subscribe-qos-3", LZ_MQTT_ERROR_QOS, "\x82\x06\x00\x01\x00\x01t\x03"),
    MALFORMED("subscribe-reserved-bits", LZ_MQTT_ERROR_QOS, "\x82\x06\x00\x01\x00\x01t\x05"),
    MALFORMED("subscribe-hash-inside", LZ_MQTT_ERROR_FILTER, "\x82\x08\x00\x01\x00\x03#/t\x00"),
    MALFORMED("subscribe-plus-beside", LZ_MQTT_ERROR_FILTER, "\x82\x07\x00\x01\x00\x02t+\x00"),
    MALFORMED("subscribe-without-qos", LZ_MQTT_ERROR_TRUNCATED, "\x82\x05\x00\x01\x00\x01t"),
    MALFORMED("unsubscribe-empty", LZ_MQTT_ERROR_EMPTY, "\xa2\x02\x00\x01"),
    MALFORMED("suback-code-3", LZ_MQTT_ERROR_CODE, "\x90\x03\x00\x01\x03"),
    MALFORMED("suback-empty", LZ_MQTT_ERROR_EMPTY, "\x90\x02\x00\x01"),
};

static void test_malformed(const void *data)
{
    const Malformed *one = data;
    const LzBytes bytes = {(const uint8_t *)one->bytes, one->size};
    LzMqttPacket packet = {.type = LZ_MQTT_PINGRESP};
    g_assert_cmpstr(lz_mqtt_error_name(lz_mqtt_decode(bytes, &packet)), ==, lz_mqtt_error_name(one->expected));
    g_assert_cmpint((int)packet.type, ==, LZ_MQTT_PINGRESP);
}

static void test_encode_refuses(void)
{
    g_test_summary("What decode refuses cannot be encoded either");
    LzMqttPacket packet = {.type = LZ_MQTT_PUBLISH, .publish = {.topic = lz_bytes_of_text("a/#")}};
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 0);
    packet = (LzMqttPacket){.type = LZ_MQTT_PUBLISH, .publish = {.topic = lz_bytes_of_text("a"), .qos = 1}};
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 0);
    packet = (LzMqttPacket){.type = LZ_MQTT_SUBSCRIBE, .packet_id = 1};
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 0);
    packet = (LzMqttPacket){.type = LZ_MQTT_PUBACK};
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 0);
    packet = (LzMqttPacket){.type = LZ_MQTT_CONNECT, .connect = {.has_password = true}};
    g_assert_cmpuint(lz_mqtt_size(&packet), ==, 0);
}

static void test_stream_limits(void)
{
    g_test_summary("The limit and a bad first byte are seen before the body arrives, errors are sticky, nothing is reserved");
    LzMqttStream stream;
    lz_mqtt_stream_init(&stream, 1000);
    LzBytes frame, input = {(const uint8_t *)"\x30\xff\x07", 3};
    g_assert_cmpint((int)lz_mqtt_stream_next(&stream, &input, &frame), ==, LZ_MQTT_ERROR_TOO_LARGE);
    input = (LzBytes){(const uint8_t *)"\xc0\x00", 2};
    g_assert_cmpint((int)lz_mqtt_stream_next(&stream, &input, &frame), ==, LZ_MQTT_ERROR_TOO_LARGE);
    lz_mqtt_stream_clear(&stream);
    g_assert_cmpint((int)lz_mqtt_stream_next(&stream, &input, &frame), ==, LZ_MQTT_OK);
    input = (LzBytes){(const uint8_t *)"GET / HTTP/1.1", 1};
    g_assert_cmpint((int)lz_mqtt_stream_next(&stream, &input, &frame), ==, LZ_MQTT_ERROR_FLAGS);
    lz_mqtt_stream_clear(&stream);

    lz_mqtt_stream_init(&stream, LZ_MQTT_REMAINING_MAX);
    input = (LzBytes){(const uint8_t *)"\x30\xff\xff\xff\x7e", 5};       /* announces 266 MB */
    g_assert_cmpint((int)lz_mqtt_stream_next(&stream, &input, &frame), ==, LZ_MQTT_MORE);
    g_assert_cmpuint(stream.kept->len, ==, 5);
    lz_mqtt_stream_clear(&stream);
}

static void test_filters(void)
{
    static const struct { const char *filter; bool is_valid; } filters[] = {
        {"#", true}, {"+", true}, {"/", true}, {"sport/tennis/#", true}, {"+/tennis/#", true}, {"sport/+/player1", true},
        {"/+", true}, {"+/+", true}, {"sport/tennis#", false}, {"sport/tennis/#/ranking", false}, {"sport+", false},
        {"+sport", false}, {"##", false}, {"", false}, {"a//b", true}, {"$SYS/#", true}};
    for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_assert_cmpint(lz_mqtt_filter_is_valid(lz_bytes_of_text(filters[i].filter)), ==, filters[i].is_valid);
    }
}

/* The examples of 4.7.1 and 4.7.2, and a few edges. */
static void test_matching(void)
{
    static const struct { const char *filter, *topic; bool matches; } cases[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player2", false},
        {"sport/#", "sport", true},
        {"#", "anything/at/all", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"#", "$SYS/broker", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/broker", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"a/b", "a/b", true},
        {"a/b", "a/b/c", false},
        {"a/b/c", "a/b", false},
        {"A", "a", false},
        {"a//b", "a//b", true},
        {"a/+/b", "a//b", true},
        {"+/#", "a", true},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const bool matches = lz_mqtt_filter_matches(lz_bytes_of_text(cases[i].filter), lz_bytes_of_text(cases[i].topic));
        if (matches != cases[i].matches) {
            g_test_message("%s against %s", cases[i].filter, cases[i].topic);
        }
        g_assert_cmpint(matches, ==, cases[i].matches);
    }
}

/* Bytes of 5.0 that break a rule of it; the same may be right in 3.1.1, and the other way round. */
static void test_malformed_5(void)
{
    static const struct { const char *what; LzMqttError expected; size_t size; const char *bytes; } cases[] = {
        {"CONNECT of 3.1.1", LZ_MQTT_ERROR_PROTOCOL_LEVEL, 15, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01" "a"},
        {"CONNACK without properties", LZ_MQTT_ERROR_TRUNCATED, 4, "\x20\x02\x00\x00"},
        {"CONNACK with a code of 3.1.1", LZ_MQTT_ERROR_CODE, 5, "\x20\x03\x00\x05\x00"},
        {"unknown property", LZ_MQTT_ERROR_PROPERTY, 7, "\x20\x05\x00\x00\x02\x7f\x00"},
        {"property of another packet", LZ_MQTT_ERROR_PROPERTY, 8, "\x20\x06\x00\x00\x03\x23\x00\x01"},
        {"property twice", LZ_MQTT_ERROR_PROPERTY, 11, "\x20\x09\x00\x00\x06\x21\x00\x01\x21\x00\x01"},
        {"receive maximum 0", LZ_MQTT_ERROR_PROPERTY, 8, "\x20\x06\x00\x00\x03\x21\x00\x00"},
        {"property cut short", LZ_MQTT_ERROR_PROPERTY, 7, "\x20\x05\x00\x00\x02\x21\x00"},
        {"length of properties of five bytes", LZ_MQTT_ERROR_TRUNCATED, 9, "\x20\x07\x00\x00\xff\xff\xff\xff\x01"},
        {"length of properties beyond the packet", LZ_MQTT_ERROR_TRUNCATED, 5, "\x20\x03\x00\x00\x09"},
        {"reserved bits of options", LZ_MQTT_ERROR_QOS, 9, "\x82\x07\x00\x01\x00\x00\x01" "a\x40"},
        {"retain handling 3", LZ_MQTT_ERROR_QOS, 9, "\x82\x07\x00\x01\x00\x00\x01" "a\x30"},
        {"UNSUBACK without codes", LZ_MQTT_ERROR_EMPTY, 5, "\xb0\x03\x00\x01\x00"},
        {"UNSUBACK with a granted QoS", LZ_MQTT_ERROR_CODE, 6, "\xb0\x04\x00\x01\x00\x01"},
        {"PUBLISH without topic", LZ_MQTT_ERROR_TOPIC, 5, "\x30\x03\x00\x00\x00"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        LzMqttPacket packet;
        g_test_message("%s", cases[i].what);
        const LzMqttError error = lz_mqtt_decode_as(LZ_MQTT_5, (LzBytes){(const uint8_t *)cases[i].bytes, cases[i].size}, &packet);
        g_assert_cmpstr(lz_mqtt_error_name(error), ==, lz_mqtt_error_name(cases[i].expected));
    }
}

/* What has no place in 3.1.1 cannot be written in it. */
static void test_versions_apart(void)
{
    static const uint8_t expiry[] = {LZ_MQTT_MESSAGE_EXPIRY, 0, 0, 0, 9};
    LzMqttPacket publish = {.type = LZ_MQTT_PUBLISH, .version = LZ_MQTT_5, .properties = {expiry, sizeof expiry},
                            .publish = {.topic = lz_bytes_of_text("t")}};
    g_assert_cmpuint(lz_mqtt_size(&publish), ==, 2 + 3 + 1 + sizeof expiry);
    uint32_t value = 0;
    g_assert_true(lz_mqtt_property_number(publish.properties, LZ_MQTT_MESSAGE_EXPIRY, &value));
    g_assert_cmpuint(value, ==, 9);
    g_assert_false(lz_mqtt_property_number(publish.properties, LZ_MQTT_TOPIC_ALIAS, &value));
    publish.version = LZ_MQTT_3_1_1;
    g_assert_cmpuint(lz_mqtt_size(&publish), ==, 0);
    LzMqttPacket ack = {.type = LZ_MQTT_PUBACK, .packet_id = 1, .reason = LZ_MQTT_REASON_QUOTA};
    g_assert_cmpuint(lz_mqtt_size(&ack), ==, 0);
    ack.version = LZ_MQTT_5;
    g_assert_cmpuint(lz_mqtt_size(&ack), ==, 5);
    ack.reason = LZ_MQTT_REASON_SUCCESS;
    g_assert_cmpuint(lz_mqtt_size(&ack), ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt/round-trip", test_round_trip);
    g_test_add_func("/mqtt/split", test_split);
    g_test_add_func("/mqtt/example-size", test_example_size);
    g_test_add_func("/mqtt/remaining-length", test_remaining_length);
    for (unsigned i = 0; i < G_N_ELEMENTS(malformed); i++) {
        g_autofree char *path = g_strdup_printf("/mqtt/malformed/%s", malformed[i].what);
        g_test_add_data_func(path, &malformed[i], test_malformed);
    }
    g_test_add_func("/mqtt/encode-refuses", test_encode_refuses);
    g_test_add_func("/mqtt/stream-limits", test_stream_limits);
    g_test_add_func("/mqtt/filters", test_filters);
    g_test_add_func("/mqtt/matching", test_matching);
    g_test_add_func("/mqtt/malformed-5", test_malformed_5);
    g_test_add_func("/mqtt/versions-apart", test_versions_apart);
    return g_test_run();
}
