#include "tests/lib/mqtt_samples.h"

static uint64_t below(LzRandom *random, uint64_t bound)
{
    return lz_random_below(random, bound);
}

static bool coin(LzRandom *random)
{
    return below(random, 2) == 1;
}

static LzBytes keep(GPtrArray *memory, GByteArray *array)
{
    GBytes *bytes = g_byte_array_free_to_bytes(array);
    g_ptr_array_add(memory, bytes);
    size_t size;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    return (LzBytes){.data = data, .size = size};
}

GPtrArray *lz_test_mqtt_memory_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static LzBytes random_bytes(LzRandom *random, size_t size, GPtrArray *memory)
{
    GByteArray *array = g_byte_array_new();
    g_byte_array_set_size(array, (guint)size);
    lz_random_fill(random, array->data, size);
    return keep(memory, array);
}

/* Code points of one to four bytes, never a wildcard, a separator or U+0000. */
static gunichar random_character(LzRandom *random)
{
    static const gunichar alphabet[] = {'a', 'z', '0', ' ', '$', 0xe9, 0x7ff, 0x20ac, 0xfeff, 0x1f9ea, 0x10fffd};
    return alphabet[below(random, G_N_ELEMENTS(alphabet))];
}

static void append_word(LzRandom *random, GByteArray *array, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char utf8[6];
        const int size = g_unichar_to_utf8(random_character(random), utf8);
        g_byte_array_append(array, (const guint8 *)utf8, (guint)size);
    }
}

static LzBytes random_text(LzRandom *random, GPtrArray *memory)
{
    GByteArray *array = g_byte_array_new();
    append_word(random, array, below(random, 12));
    return keep(memory, array);
}

static LzBytes random_path(LzRandom *random, bool is_filter, GPtrArray *memory)
{
    GByteArray *array = g_byte_array_new();
    const uint64_t levels = 1 + below(random, 5);
    for (uint64_t i = 0; i < levels; i++) {
        if (i > 0) {
            g_byte_array_append(array, (const guint8 *)"/", 1);
        }
        const uint64_t choice = is_filter ? below(random, 4) : 0;
        if (choice == 1) {
            g_byte_array_append(array, (const guint8 *)"+", 1);
        } else if (choice == 2 && i + 1 == levels) {
            g_byte_array_append(array, (const guint8 *)"#", 1);
        } else {
            append_word(random, array, 1 + below(random, 6));
        }
    }
    return keep(memory, array);
}

static uint16_t random_packet_id(LzRandom *random)
{
    return (uint16_t)(1 + below(random, 65535));
}

static LzMqttConnect random_connect(LzRandom *random, GPtrArray *memory)
{
    LzMqttConnect connect = {
        .client_id = random_text(random, memory),
        .keep_alive_s = (uint16_t)below(random, 65536),
        .clean_session = coin(random),
        .has_will = coin(random),
        .has_user_name = coin(random),
    };
    if (connect.has_will) {
        connect.will_qos = (uint8_t)below(random, 3);
        connect.will_retain = coin(random);
        connect.will_topic = random_path(random, false, memory);
        connect.will_message = random_bytes(random, below(random, 40), memory);
    }
    if (connect.has_user_name) {
        connect.user_name = random_text(random, memory);
        connect.has_password = coin(random);
    }
    if (connect.has_password) {
        connect.password = random_bytes(random, below(random, 20), memory);
    }
    return connect;
}

static void random_publish(LzRandom *random, LzMqttPacket *packet, GPtrArray *memory)
{
    static const size_t sizes[] = {0, 1, 64, 127, 128, 300, 16383, 16384, 20000};
    packet->publish = (LzMqttPublish){
        .topic = random_path(random, false, memory),
        .payload = random_bytes(random, sizes[below(random, G_N_ELEMENTS(sizes))], memory),
        .qos = (uint8_t)below(random, 3),
        .is_retained = coin(random),
    };
    packet->publish.is_duplicate = packet->publish.qos > 0 && coin(random);
    packet->packet_id = packet->publish.qos > 0 ? random_packet_id(random) : 0;
}

static LzBytes random_entries(LzRandom *random, LzMqttType type, GPtrArray *memory)
{
    uint8_t bytes[4096];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    const uint64_t count = 1 + below(random, 5);
    for (uint64_t i = 0; i < count; i++) {
        lz_mqtt_entry_write(type, &writer, random_path(random, true, memory), (uint8_t)below(random, 3));
    }
    g_assert_false(writer.failed);
    GByteArray *array = g_byte_array_new();
    g_byte_array_append(array, bytes, (guint)writer.size);
    return keep(memory, array);
}

static LzBytes random_codes(LzRandom *random, GPtrArray *memory)
{
    static const uint8_t codes[] = {0, 1, 2, LZ_MQTT_SUBSCRIPTION_REFUSED};
    GByteArray *array = g_byte_array_new();
    const uint64_t count = 1 + below(random, 6);
    for (uint64_t i = 0; i < count; i++) {
        g_byte_array_append(array, &codes[below(random, G_N_ELEMENTS(codes))], 1);
    }
    return keep(memory, array);
}

/* Some of those that may stand in packets of the type; 0: in a will. */
static LzBytes random_properties(LzRandom *random, unsigned type, GPtrArray *memory)
{
    uint8_t bytes[512];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    for (unsigned id = 1; id < LZ_MQTT_PROPERTY_COUNT; id++) {
        static const uint8_t texts[] = {LZ_MQTT_CONTENT_TYPE, LZ_MQTT_RESPONSE_TOPIC, LZ_MQTT_CORRELATION, LZ_MQTT_ASSIGNED_ID,
                                        LZ_MQTT_AUTH_METHOD, LZ_MQTT_AUTH_DATA, LZ_MQTT_SERVER_REFERENCE, LZ_MQTT_REASON_TEXT};
        static const uint8_t numbers[] = {LZ_MQTT_PAYLOAD_FORMAT, LZ_MQTT_MESSAGE_EXPIRY, LZ_MQTT_SUBSCRIPTION_ID, LZ_MQTT_SESSION_EXPIRY,
                                          LZ_MQTT_SERVER_KEEP_ALIVE, LZ_MQTT_WILL_DELAY, LZ_MQTT_RECEIVE_MAXIMUM, LZ_MQTT_TOPIC_ALIAS,
                                          LZ_MQTT_MAXIMUM_QOS, LZ_MQTT_MAXIMUM_PACKET, LZ_MQTT_SHARED_AVAILABLE};
        LzWriter next = writer;
        if (memchr(texts, (int)id, sizeof texts)) {
            lz_mqtt_property_write_bytes(&next, (LzMqttProperty)id, random_text(random, memory));
        } else if (memchr(numbers, (int)id, sizeof numbers)) {
            lz_mqtt_property_write_number(&next, (LzMqttProperty)id, 1);
        }
        const LzBytes properties = {bytes, next.size};
        const bool is_good = type == 0 ? lz_mqtt_will_properties_are_valid(properties)
                                       : lz_mqtt_properties_are_valid((LzMqttType)type, properties);
        writer = is_good && coin(random) ? next : writer;
    }
    GByteArray *array = g_byte_array_new();
    g_byte_array_append(array, bytes, (guint)writer.size);
    return keep(memory, array);
}

static void make_version_5(LzRandom *random, LzMqttPacket *packet, GPtrArray *memory)
{
    static const uint8_t codes[] = {0, LZ_MQTT_REASON_NO_SUBSCRIPTION, LZ_MQTT_REASON_QUOTA};
    packet->version = LZ_MQTT_5;
    if (packet->type != LZ_MQTT_PINGREQ && packet->type != LZ_MQTT_PINGRESP) {
        packet->properties = random_properties(random, packet->type, memory);
    }
    if (packet->type == LZ_MQTT_CONNECT && packet->connect.has_will) {
        packet->connect.will_properties = random_properties(random, 0, memory);
    } else if (packet->type == LZ_MQTT_CONNACK && packet->connack.code != 0) {
        packet->connack.code = LZ_MQTT_REASON_UNAVAILABLE;
    } else if (packet->type == LZ_MQTT_UNSUBACK) {
        packet->entries = (LzBytes){codes, 1 + (size_t)below(random, sizeof codes)};
    } else if ((packet->type >= LZ_MQTT_PUBACK && packet->type <= LZ_MQTT_PUBCOMP) || packet->type == LZ_MQTT_DISCONNECT) {
        packet->reason = coin(random) ? LZ_MQTT_REASON_QUOTA : LZ_MQTT_REASON_SUCCESS;
    }
}

LzMqttPacket lz_test_mqtt_packet(LzRandom *random, LzMqttVersion version, LzMqttType type, GPtrArray *memory)
{
    LzMqttPacket packet = {.type = type};
    switch (type) {
    case LZ_MQTT_CONNECT:
        packet.connect = random_connect(random, memory);
        break;
    case LZ_MQTT_CONNACK:
        packet.connack.code = (uint8_t)below(random, LZ_MQTT_CONNECT_CODE_COUNT);
        packet.connack.is_session_present = packet.connack.code == LZ_MQTT_ACCEPTED && coin(random);
        break;
    case LZ_MQTT_PUBLISH:
        random_publish(random, &packet, memory);
        break;
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_UNSUBSCRIBE:
        packet.packet_id = random_packet_id(random);
        packet.entries = random_entries(random, type, memory);
        break;
    case LZ_MQTT_SUBACK:
        packet.packet_id = random_packet_id(random);
        packet.entries = random_codes(random, memory);
        break;
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBREL:
    case LZ_MQTT_PUBCOMP:
    case LZ_MQTT_UNSUBACK:
        packet.packet_id = random_packet_id(random);
        break;
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_PINGRESP:
    case LZ_MQTT_DISCONNECT:
        break;
    }
    if (version == LZ_MQTT_5) {
        make_version_5(random, &packet, memory);
    }
    return packet;
}

static void assert_bytes_equal(LzBytes a, LzBytes b)
{
    g_assert_cmpmem(a.data, a.size, b.data, b.size);
}

static void assert_connect_equal(const LzMqttConnect *a, const LzMqttConnect *b)
{
    assert_bytes_equal(a->client_id, b->client_id);
    g_assert_cmpuint(a->keep_alive_s, ==, b->keep_alive_s);
    g_assert_cmpint(a->clean_session, ==, b->clean_session);
    g_assert_cmpint(a->has_will, ==, b->has_will);
    g_assert_cmpint(a->will_retain, ==, b->will_retain);
    g_assert_cmpuint(a->will_qos, ==, b->will_qos);
    assert_bytes_equal(a->will_topic, b->will_topic);
    assert_bytes_equal(a->will_message, b->will_message);
    assert_bytes_equal(a->will_properties, b->will_properties);
    g_assert_cmpint(a->has_user_name, ==, b->has_user_name);
    assert_bytes_equal(a->user_name, b->user_name);
    g_assert_cmpint(a->has_password, ==, b->has_password);
    assert_bytes_equal(a->password, b->password);
}

static void assert_publish_equal(const LzMqttPublish *a, const LzMqttPublish *b)
{
    assert_bytes_equal(a->topic, b->topic);
    assert_bytes_equal(a->payload, b->payload);
    g_assert_cmpuint(a->qos, ==, b->qos);
    g_assert_cmpint(a->is_duplicate, ==, b->is_duplicate);
    g_assert_cmpint(a->is_retained, ==, b->is_retained);
}

void lz_test_mqtt_assert_equal(const LzMqttPacket *a, const LzMqttPacket *b)
{
    g_assert_cmpint((int)a->type, ==, (int)b->type);
    g_assert_cmpint((int)a->version, ==, (int)b->version);
    g_assert_cmpuint(a->packet_id, ==, b->packet_id);
    g_assert_cmpuint(a->reason, ==, b->reason);
    assert_bytes_equal(a->properties, b->properties);
    if (a->type == LZ_MQTT_CONNECT) {
        assert_connect_equal(&a->connect, &b->connect);
    } else if (a->type == LZ_MQTT_CONNACK) {
        g_assert_cmpint(a->connack.is_session_present, ==, b->connack.is_session_present);
        g_assert_cmpuint(a->connack.code, ==, b->connack.code);
    } else if (a->type == LZ_MQTT_PUBLISH) {
        assert_publish_equal(&a->publish, &b->publish);
    } else if (a->type == LZ_MQTT_SUBSCRIBE || a->type == LZ_MQTT_UNSUBSCRIBE || a->type == LZ_MQTT_SUBACK ||
               a->type == LZ_MQTT_UNSUBACK) {
        assert_bytes_equal(a->entries, b->entries);
    }
}

GByteArray *lz_test_mqtt_encode(const LzMqttPacket *packet)
{
    GByteArray *array = g_byte_array_new();
    const size_t size = lz_mqtt_size(packet);
    g_assert_cmpuint(size, >, 0);
    g_byte_array_set_size(array, (guint)size);
    g_assert_cmpuint(lz_mqtt_encode(packet, array->data, size), ==, size);
    return array;
}
