/* MQTT 5 properties (2.2.2): which there are, of what kind, and in which packets. */
#include "lazaret/protocol/mqtt.h"

typedef enum { KIND_NONE, KIND_BYTE, KIND_U16, KIND_U32, KIND_VARINT, KIND_TEXT, KIND_BINARY, KIND_PAIR } Kind;

#define IN(type) (1u << LZ_MQTT_##type)
#define IN_WILL 1u              /* no packet has type 0 */
#define IN_ACKS (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) | IN(UNSUBACK))

/* Table 2-4, but for AUTH, which we do not speak. */
static const struct { uint8_t kind; uint32_t packets; } properties_known[LZ_MQTT_PROPERTY_COUNT] = {
    [LZ_MQTT_PAYLOAD_FORMAT] = {KIND_BYTE, IN(PUBLISH) | IN_WILL},
    [LZ_MQTT_MESSAGE_EXPIRY] = {KIND_U32, IN(PUBLISH) | IN_WILL},
    [LZ_MQTT_CONTENT_TYPE] = {KIND_TEXT, IN(PUBLISH) | IN_WILL},
    [LZ_MQTT_RESPONSE_TOPIC] = {KIND_TEXT, IN(PUBLISH) | IN_WILL},
    [LZ_MQTT_CORRELATION] = {KIND_BINARY, IN(PUBLISH) | IN_WILL},
    [LZ_MQTT_SUBSCRIPTION_ID] = {KIND_VARINT, IN(PUBLISH) | IN(SUBSCRIBE)},
    [LZ_MQTT_SESSION_EXPIRY] = {KIND_U32, IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT)},
    [LZ_MQTT_ASSIGNED_ID] = {KIND_TEXT, IN(CONNACK)},
    [LZ_MQTT_SERVER_KEEP_ALIVE] = {KIND_U16, IN(CONNACK)},
    [LZ_MQTT_AUTH_METHOD] = {KIND_TEXT, IN(CONNECT) | IN(CONNACK)},
    [LZ_MQTT_AUTH_DATA] = {KIND_BINARY, IN(CONNECT) | IN(CONNACK)},
    [LZ_MQTT_PROBLEM_INFORMATION] = {KIND_BYTE, IN(CONNECT)},
    [LZ_MQTT_WILL_DELAY] = {KIND_U32, IN_WILL},
    [LZ_MQTT_RESPONSE_INFORMATION_WANTED] = {KIND_BYTE, IN(CONNECT)},
    [LZ_MQTT_RESPONSE_INFORMATION] = {KIND_TEXT, IN(CONNACK)},
    [LZ_MQTT_SERVER_REFERENCE] = {KIND_TEXT, IN(CONNACK) | IN(DISCONNECT)},
    [LZ_MQTT_REASON_TEXT] = {KIND_TEXT, IN(CONNACK) | IN_ACKS | IN(DISCONNECT)},
    [LZ_MQTT_RECEIVE_MAXIMUM] = {KIND_U16, IN(CONNECT) | IN(CONNACK)},
    [LZ_MQTT_TOPIC_ALIAS_MAXIMUM] = {KIND_U16, IN(CONNECT) | IN(CONNACK)},
    [LZ_MQTT_TOPIC_ALIAS] = {KIND_U16, IN(PUBLISH)},
    [LZ_MQTT_MAXIMUM_QOS] = {KIND_BYTE, IN(CONNACK)},
    [LZ_MQTT_RETAIN_AVAILABLE] = {KIND_BYTE, IN(CONNACK)},
    [LZ_MQTT_USER_PROPERTY] = {KIND_PAIR, IN(CONNECT) | IN(CONNACK) | IN(PUBLISH) | IN_WILL | IN_ACKS | IN(SUBSCRIBE) |
                                              IN(UNSUBSCRIBE) | IN(DISCONNECT)},
    [LZ_MQTT_MAXIMUM_PACKET] = {KIND_U32, IN(CONNECT) | IN(CONNACK)},
    [LZ_MQTT_WILDCARD_AVAILABLE] = {KIND_BYTE, IN(CONNACK)},
    [LZ_MQTT_SUBSCRIPTION_ID_AVAILABLE] = {KIND_BYTE, IN(CONNACK)},
    [LZ_MQTT_SHARED_AVAILABLE] = {KIND_BYTE, IN(CONNACK)},
};

typedef struct Property {
    uint8_t id;
    uint32_t value;             /* of a number */
    LzBytes bytes;              /* of a text or binary */
} Property;

uint32_t lz_mqtt_read_varint(LzReader *reader)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        const uint8_t byte = lz_read_u8(reader);
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return value;
        }
    }
    reader->failed = true;
    return 0;
}

void lz_mqtt_write_varint(LzWriter *writer, size_t value)
{
    writer->failed |= value > LZ_MQTT_REMAINING_MAX;
    do {
        const uint8_t more = value > 0x7f ? 0x80 : 0;
        lz_write_u8(writer, (uint8_t)((value & 0x7f) | more));
        value >>= 7;
    } while (value > 0);
}

static LzBytes read_field(LzReader *reader)
{
    const uint16_t size = lz_read_u16(reader);
    return lz_read_bytes(reader, size);
}

static bool text_is_valid(LzBytes text)
{
    return text.size == 0 || g_utf8_validate_len((const char *)text.data, text.size, NULL);
}

/* False: the end, or the reader has failed. */
static bool next_property(LzReader *reader, Property *ret_property)
{
    if (lz_reader_left(reader) == 0) {
        return false;
    }
    Property property = {.id = lz_read_u8(reader)};
    const Kind kind = property.id < LZ_MQTT_PROPERTY_COUNT ? (Kind)properties_known[property.id].kind : KIND_NONE;
    switch (kind) {
    case KIND_NONE:
        reader->failed = true;
        return false;
    case KIND_BYTE:
        property.value = lz_read_u8(reader);
        break;
    case KIND_U16:
        property.value = lz_read_u16(reader);
        break;
    case KIND_U32:
        property.value = (uint32_t)lz_read_uint(reader, 4);
        break;
    case KIND_VARINT:
        property.value = lz_mqtt_read_varint(reader);
        break;
    case KIND_TEXT:
        property.bytes = read_field(reader);
        reader->failed |= !text_is_valid(property.bytes);
        break;
    case KIND_BINARY:
        property.bytes = read_field(reader);
        break;
    case KIND_PAIR:
        property.bytes = read_field(reader);
        reader->failed |= !text_is_valid(property.bytes) || !text_is_valid(read_field(reader));
        break;
    }
    *ret_property = property;
    return !reader->failed;
}

static bool value_is_valid(const Property *property)
{
    switch (property->id) {
    case LZ_MQTT_RECEIVE_MAXIMUM:
    case LZ_MQTT_MAXIMUM_PACKET:
    case LZ_MQTT_TOPIC_ALIAS:
    case LZ_MQTT_SUBSCRIPTION_ID:
        return property->value > 0;     /* [3.1.2.11.3, 3.1.2.11.4, 3.3.2.3.4, 3.8.2.1.2]: zero is a protocol error */
    default:
        return properties_known[property->id].kind != KIND_BYTE || property->value <= 1;
    }
}

/* Each at most once, but for user properties and, in a PUBLISH, subscription identifiers. */
static bool are_valid(uint32_t packet, LzBytes properties)
{
    LzReader reader = lz_reader(properties);
    uint64_t seen = 0;
    Property property;
    while (next_property(&reader, &property)) {
        const bool may_repeat = property.id == LZ_MQTT_USER_PROPERTY || (property.id == LZ_MQTT_SUBSCRIPTION_ID && packet == IN(PUBLISH));
        const uint64_t bit = UINT64_C(1) << property.id;
        if (!(properties_known[property.id].packets & packet) || (!may_repeat && (seen & bit)) || !value_is_valid(&property)) {
            return false;
        }
        seen |= bit;
    }
    return !reader.failed;
}

bool lz_mqtt_properties_are_valid(LzMqttType type, LzBytes properties)
{
    return are_valid(1u << type, properties);
}

bool lz_mqtt_will_properties_are_valid(LzBytes properties)
{
    return are_valid(IN_WILL, properties);
}

bool lz_mqtt_property_number(LzBytes properties, LzMqttProperty id, uint32_t *ret_value)
{
    LzReader reader = lz_reader(properties);
    Property property;
    while (next_property(&reader, &property)) {
        if (property.id == id) {
            *ret_value = property.value;
            return true;
        }
    }
    return false;
}

bool lz_mqtt_property_bytes(LzBytes properties, LzMqttProperty id, LzBytes *ret_bytes)
{
    LzReader reader = lz_reader(properties);
    Property property;
    while (next_property(&reader, &property)) {
        if (property.id == id) {
            *ret_bytes = property.bytes;
            return true;
        }
    }
    return false;
}

void lz_mqtt_property_write_number(LzWriter *writer, LzMqttProperty id, uint32_t value)
{
    lz_write_u8(writer, (uint8_t)id);
    switch ((Kind)properties_known[id].kind) {
    case KIND_BYTE:
        lz_write_u8(writer, (uint8_t)value);
        return;
    case KIND_U16:
        lz_write_u16(writer, (uint16_t)value);
        return;
    case KIND_U32:
        lz_write_uint(writer, value, 4);
        return;
    case KIND_VARINT:
        lz_mqtt_write_varint(writer, value);
        return;
    case KIND_NONE:
    case KIND_TEXT:
    case KIND_BINARY:
    case KIND_PAIR:
        break;
    }
    g_assert_not_reached();
}

void lz_mqtt_property_write_bytes(LzWriter *writer, LzMqttProperty id, LzBytes bytes)
{
    g_assert(properties_known[id].kind == KIND_TEXT || properties_known[id].kind == KIND_BINARY);
    writer->failed |= bytes.size > LZ_MQTT_STRING_BYTES_MAX;
    lz_write_u8(writer, (uint8_t)id);
    lz_write_u16(writer, (uint16_t)bytes.size);
    lz_write_bytes(writer, bytes);
}
