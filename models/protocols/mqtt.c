/* MQTT 3.1.1 and 5: decode and encode of every control packet side by side, framing, topic rules. */
#include "lazaret/protocol/mqtt.h"

#include <assert.h>

/* ---- strings and topics ------------------------------------------------------------------------- */

/* [MQTT-1.5.3-1] well-formed UTF-8 without surrogates, [MQTT-1.5.3-2] without U+0000. */
static bool text_is_valid(LzBytes text)
{
    return text.size <= LZ_MQTT_STRING_BYTES_MAX &&
           (text.size == 0 || g_utf8_validate_len((const char *)text.data, text.size, NULL));
}

static bool byte_is_wildcard(uint8_t byte)
{
    return byte == '+' || byte == '#';
}

bool lz_mqtt_filter_has_wildcard(LzBytes filter)
{
    for (size_t i = 0; i < filter.size; i++) {
        if (byte_is_wildcard(filter.data[i])) {
            return true;
        }
    }
    return false;
}

bool lz_mqtt_topic_is_valid(LzBytes topic)
{
    /* [MQTT-4.7.3-1] at least one character, [MQTT-3.3.2-2] no wildcards. */
    return topic.size > 0 && text_is_valid(topic) && !lz_mqtt_filter_has_wildcard(topic);
}

bool lz_mqtt_filter_is_valid(LzBytes filter)
{
    if (filter.size == 0 || !text_is_valid(filter)) {
        return false;
    }
    for (size_t i = 0; i < filter.size; i++) {
        if (!byte_is_wildcard(filter.data[i])) {
            continue;
        }
        /* [MQTT-4.7.1-2] and [MQTT-4.7.1-3]: a wildcard is a whole level, and # is the last one. */
        const bool begins_level = i == 0 || filter.data[i - 1] == '/';
        const bool is_last = i + 1 == filter.size;
        if (!begins_level || (!is_last && (filter.data[i] == '#' || filter.data[i + 1] != '/'))) {
            return false;
        }
    }
    return true;
}

/* Takes the first level of *path off, with the separator behind it; false when there was none. */
static bool level_next(LzBytes *path, bool *is_done, LzBytes *ret_level)
{
    if (*is_done) {
        return false;
    }
    const uint8_t *slash = path->size > 0 ? memchr(path->data, '/', path->size) : NULL;
    const size_t size = slash ? (size_t)(slash - path->data) : path->size;
    *ret_level = (LzBytes){.data = path->data, .size = size};
    *is_done = !slash;
    if (slash) {
        path->data += size + 1;
        path->size -= size + 1;
    }
    return true;
}

static bool level_is(LzBytes level, char wildcard)
{
    return level.size == 1 && level.data[0] == (uint8_t)wildcard;
}

bool lz_mqtt_filter_matches(LzBytes filter, LzBytes topic)
{
    if (filter.size == 0 || topic.size == 0) {
        return false;
    }
    /* [MQTT-4.7.2-1] a leading wildcard does not match names that begin with $. */
    if (topic.data[0] == '$' && byte_is_wildcard(filter.data[0])) {
        return false;
    }
    bool filter_done = false, topic_done = false;
    LzBytes filter_level, topic_level;
    while (level_next(&filter, &filter_done, &filter_level)) {
        if (level_is(filter_level, '#')) {
            return true;        /* 4.7.1.2: also the parent level, when the topic is used up */
        }
        if (!level_next(&topic, &topic_done, &topic_level)) {
            return false;
        }
        if (!level_is(filter_level, '+') && !lz_bytes_equal(filter_level, topic_level)) {
            return false;
        }
    }
    return topic_done;
}

/* A string or binary field: two bytes of length, then the bytes (1.5.3). */
static LzBytes read_field(LzReader *reader)
{
    const uint16_t size = lz_read_u16(reader);
    return lz_read_bytes(reader, size);
}

static void write_field(LzWriter *writer, LzBytes bytes)
{
    writer->failed |= bytes.size > LZ_MQTT_STRING_BYTES_MAX;
    lz_write_u16(writer, (uint16_t)bytes.size);
    lz_write_bytes(writer, bytes);
}

/* ---- fixed header ------------------------------------------------------------------------------- */

/* 2.2.2 table 2.2: the flags that every type but PUBLISH must have. */
static uint8_t fixed_flags(LzMqttType type)
{
    return type == LZ_MQTT_PUBREL || type == LZ_MQTT_SUBSCRIBE || type == LZ_MQTT_UNSUBSCRIBE ? 0x2 : 0x0;
}

static LzMqttError check_first_byte(uint8_t byte)
{
    const unsigned type = byte >> 4;
    if (type < LZ_MQTT_CONNECT || type > LZ_MQTT_DISCONNECT) {
        return LZ_MQTT_ERROR_TYPE;
    }
    if (type == LZ_MQTT_PUBLISH) {
        return ((byte >> 1) & 3) == 3 ? LZ_MQTT_ERROR_QOS : LZ_MQTT_OK;         /* [MQTT-3.3.1-4] */
    }
    return (byte & 0xf) == fixed_flags((LzMqttType)type) ? LZ_MQTT_OK : LZ_MQTT_ERROR_FLAGS;   /* [MQTT-2.2.2-2] */
}

/* Reads the fixed header at the beginning of bytes: the size of the header and of the whole packet. */
static LzMqttError read_header(LzBytes bytes, size_t *ret_header, size_t *ret_total)
{
    if (bytes.size == 0) {
        return LZ_MQTT_MORE;
    }
    const LzMqttError error = check_first_byte(bytes.data[0]);
    if (error != LZ_MQTT_OK) {
        return error;
    }
    size_t remaining = 0;
    for (unsigned i = 1; i < LZ_MQTT_HEADER_BYTES_MAX; i++) {
        if (i >= bytes.size) {
            return LZ_MQTT_MORE;
        }
        remaining |= (size_t)(bytes.data[i] & 0x7f) << (7 * (i - 1));
        if (!(bytes.data[i] & 0x80)) {
            *ret_header = i + 1;
            *ret_total = i + 1 + remaining;
            return LZ_MQTT_OK;
        }
    }
    return LZ_MQTT_ERROR_LENGTH;
}

static void write_header(LzWriter *writer, uint8_t first, size_t remaining)
{
    lz_write_u8(writer, first);
    lz_mqtt_write_varint(writer, remaining);
}

/* ---- properties, 2.2.2 of 5.0 ---- */

static LzBytes read_properties(LzReader *reader, LzMqttVersion version)
{
    return version == LZ_MQTT_5 ? lz_read_bytes(reader, lz_mqtt_read_varint(reader)) : (LzBytes){0};
}

static void write_properties(LzWriter *writer, LzMqttVersion version, LzBytes properties)
{
    if (version == LZ_MQTT_5) {
        lz_mqtt_write_varint(writer, properties.size);
        lz_write_bytes(writer, properties);
    }
}

static LzMqttError check_properties(const LzMqttPacket *packet)
{
    if (packet->version != LZ_MQTT_5) {
        return packet->properties.size > 0 || packet->reason != 0 ? LZ_MQTT_ERROR_PROPERTY : LZ_MQTT_OK;
    }
    const bool is_good = lz_mqtt_properties_are_valid(packet->type, packet->properties) &&
                         (packet->type != LZ_MQTT_CONNECT || lz_mqtt_will_properties_are_valid(packet->connect.will_properties));
    return is_good ? LZ_MQTT_OK : LZ_MQTT_ERROR_PROPERTY;
}

/* ---- CONNECT, 3.1 ------------------------------------------------------------------------------- */

/* 3.1.2.2 */
static uint8_t level_of(LzMqttVersion version)
{
    return version == LZ_MQTT_5 ? 5 : 4;
}

enum { CONNECT_RESERVED = 0x01, CONNECT_CLEAN = 0x02, CONNECT_WILL = 0x04, CONNECT_WILL_QOS_SHIFT = 3,
       CONNECT_WILL_RETAIN = 0x20, CONNECT_PASSWORD = 0x40, CONNECT_USER_NAME = 0x80 };

static LzMqttError check_connect(LzMqttVersion version, const LzMqttConnect *connect)
{
    if (connect->will_qos > 2) {
        return LZ_MQTT_ERROR_QOS;                       /* [MQTT-3.1.2-14] */
    }
    if (!connect->has_will && (connect->will_qos != 0 || connect->will_retain)) {
        return LZ_MQTT_ERROR_CONNECT_FLAGS;             /* [MQTT-3.1.2-13], [MQTT-3.1.2-15] */
    }
    if (version != LZ_MQTT_5 && connect->has_password && !connect->has_user_name) {
        return LZ_MQTT_ERROR_CONNECT_FLAGS;             /* [MQTT-3.1.2-22] */
    }
    if (!text_is_valid(connect->client_id) || (connect->has_user_name && !text_is_valid(connect->user_name))) {
        return LZ_MQTT_ERROR_UTF8;                      /* [MQTT-3.1.3-4], [MQTT-3.1.3-11] */
    }
    if (connect->has_will && !text_is_valid(connect->will_topic)) {
        return LZ_MQTT_ERROR_UTF8;                      /* [MQTT-3.1.3-10] */
    }
    /* The will is published later, so its topic must be one that can be published to. */
    return connect->has_will && !lz_mqtt_topic_is_valid(connect->will_topic) ? LZ_MQTT_ERROR_TOPIC : LZ_MQTT_OK;
}

static LzMqttError decode_connect(LzReader *reader, LzMqttPacket *packet)
{
    LzMqttConnect *connect = &packet->connect;
    const LzBytes name = read_field(reader);
    const uint8_t level = lz_read_u8(reader);
    if (reader->failed) {
        return LZ_MQTT_ERROR_TRUNCATED;
    }
    if (!lz_bytes_equal(name, lz_bytes_of_text("MQTT"))) {
        return LZ_MQTT_ERROR_PROTOCOL_NAME;             /* [MQTT-3.1.2-1] */
    }
    if (level != level_of(packet->version)) {
        return LZ_MQTT_ERROR_PROTOCOL_LEVEL;            /* [MQTT-3.1.2-2] */
    }
    const uint8_t flags = lz_read_u8(reader);
    connect->keep_alive_s = lz_read_u16(reader);
    connect->clean_session = flags & CONNECT_CLEAN;
    connect->has_will = flags & CONNECT_WILL;
    connect->will_qos = (flags >> CONNECT_WILL_QOS_SHIFT) & 3;
    connect->will_retain = flags & CONNECT_WILL_RETAIN;
    connect->has_user_name = flags & CONNECT_USER_NAME;
    connect->has_password = flags & CONNECT_PASSWORD;
    packet->properties = read_properties(reader, packet->version);
    /* [MQTT-3.1.3-1]: in this order, those that the flags announce. */
    connect->client_id = read_field(reader);
    if (connect->has_will) {
        connect->will_properties = read_properties(reader, packet->version);
        connect->will_topic = read_field(reader);
        connect->will_message = read_field(reader);
    }
    if (connect->has_user_name) {
        connect->user_name = read_field(reader);
    }
    if (connect->has_password) {
        connect->password = read_field(reader);
    }
    if (reader->failed) {
        return LZ_MQTT_ERROR_TRUNCATED;
    }
    return flags & CONNECT_RESERVED ? LZ_MQTT_ERROR_CONNECT_FLAGS : check_connect(packet->version, connect);    /* [MQTT-3.1.2-3] */
}

static void encode_connect(LzWriter *writer, const LzMqttPacket *packet)
{
    const LzMqttConnect *connect = &packet->connect;
    unsigned flags = (unsigned)connect->will_qos << CONNECT_WILL_QOS_SHIFT;
    flags |= connect->clean_session ? CONNECT_CLEAN : 0;
    flags |= connect->has_will ? CONNECT_WILL : 0;
    flags |= connect->will_retain ? CONNECT_WILL_RETAIN : 0;
    flags |= connect->has_user_name ? CONNECT_USER_NAME : 0;
    flags |= connect->has_password ? CONNECT_PASSWORD : 0;
    write_field(writer, lz_bytes_of_text("MQTT"));
    lz_write_u8(writer, level_of(packet->version));
    lz_write_u8(writer, (uint8_t)flags);
    lz_write_u16(writer, connect->keep_alive_s);
    write_properties(writer, packet->version, packet->properties);
    write_field(writer, connect->client_id);
    if (connect->has_will) {
        write_properties(writer, packet->version, connect->will_properties);
        write_field(writer, connect->will_topic);
        write_field(writer, connect->will_message);
    }
    if (connect->has_user_name) {
        write_field(writer, connect->user_name);
    }
    if (connect->has_password) {
        write_field(writer, connect->password);
    }
}

/* ---- CONNACK, 3.2 ------------------------------------------------------------------------------- */

static LzMqttError check_connack(const LzMqttPacket *packet)
{
    const uint8_t code = packet->connack.code;
    if (packet->version == LZ_MQTT_5 ? code != 0 && code < LZ_MQTT_REASON_FAILURE : code >= LZ_MQTT_CONNECT_CODE_COUNT) {
        return LZ_MQTT_ERROR_CODE;
    }
    const bool is_wrong = packet->connack.is_session_present && packet->connack.code != LZ_MQTT_ACCEPTED;
    return is_wrong ? LZ_MQTT_ERROR_FLAGS : LZ_MQTT_OK;         /* [MQTT-3.2.2-4] */
}

static LzMqttError decode_connack(LzReader *reader, LzMqttPacket *packet)
{
    const uint8_t flags = lz_read_u8(reader);
    packet->connack.is_session_present = flags & 1;
    packet->connack.code = lz_read_u8(reader);
    packet->properties = read_properties(reader, packet->version);
    if (reader->failed) {
        return LZ_MQTT_ERROR_TRUNCATED;
    }
    return flags > 1 ? LZ_MQTT_ERROR_FLAGS : check_connack(packet);     /* 3.2.2.1: bits 7-1 are 0 */
}

static void encode_connack(LzWriter *writer, const LzMqttPacket *packet)
{
    lz_write_u8(writer, packet->connack.is_session_present);
    lz_write_u8(writer, packet->connack.code);
    write_properties(writer, packet->version, packet->properties);
}

/* ---- PUBLISH, 3.3 ------------------------------------------------------------------------------- */

static LzMqttError check_publish(const LzMqttPacket *packet)
{
    const LzMqttPublish *publish = &packet->publish;
    if (publish->qos > 2) {
        return LZ_MQTT_ERROR_QOS;                       /* [MQTT-3.3.1-4] */
    }
    if (publish->qos == 0 && publish->is_duplicate) {
        return LZ_MQTT_ERROR_FLAGS;                     /* [MQTT-3.3.1-2] */
    }
    if (!text_is_valid(publish->topic)) {
        return LZ_MQTT_ERROR_UTF8;                      /* [MQTT-3.3.2-1] */
    }
    if (!lz_mqtt_topic_is_valid(publish->topic)) {
        return LZ_MQTT_ERROR_TOPIC;
    }
    return (publish->qos > 0) == (packet->packet_id != 0) ? LZ_MQTT_OK : LZ_MQTT_ERROR_PACKET_ID;      /* [MQTT-2.3.1-1], -5 */
}

static LzMqttError decode_publish(LzReader *reader, uint8_t first, LzMqttPacket *packet)
{
    packet->publish.is_duplicate = first & 8;
    packet->publish.qos = (first >> 1) & 3;
    packet->publish.is_retained = first & 1;
    packet->publish.topic = read_field(reader);
    packet->packet_id = packet->publish.qos > 0 ? lz_read_u16(reader) : 0;
    packet->properties = read_properties(reader, packet->version);
    packet->publish.payload = lz_read_bytes(reader, lz_reader_left(reader));
    return reader->failed ? LZ_MQTT_ERROR_TRUNCATED : check_publish(packet);
}

static void encode_publish(LzWriter *writer, const LzMqttPacket *packet)
{
    write_field(writer, packet->publish.topic);
    if (packet->publish.qos > 0) {
        lz_write_u16(writer, packet->packet_id);
    }
    write_properties(writer, packet->version, packet->properties);
    lz_write_bytes(writer, packet->publish.payload);
}

/* ---- SUBSCRIBE, SUBACK, UNSUBSCRIBE, 3.8 - 3.10 --------------------------------------------------- */

bool lz_mqtt_entry_next(LzMqttType type, LzBytes *entries, LzBytes *ret_filter, uint8_t *ret_qos)
{
    LzReader reader = lz_reader(*entries);
    const LzBytes filter = read_field(&reader);
    const uint8_t qos = type == LZ_MQTT_SUBSCRIBE ? lz_read_u8(&reader) : 0;
    if (reader.failed) {
        return false;
    }
    *entries = (LzBytes){.data = entries->data + reader.offset, .size = entries->size - reader.offset};
    *ret_filter = filter;
    *ret_qos = qos;
    return true;
}

void lz_mqtt_entry_write(LzMqttType type, LzWriter *writer, LzBytes filter, uint8_t qos)
{
    write_field(writer, filter);
    if (type == LZ_MQTT_SUBSCRIBE) {
        lz_write_u8(writer, qos);
    }
}

/* 3.8.3.1 of 5.0; in 3.1.1 all but the QoS is reserved. */
static bool options_are_valid(LzMqttVersion version, uint8_t options)
{
    const uint8_t allowed = version == LZ_MQTT_5 ? 0x3f : LZ_MQTT_OPTION_QOS;
    return (options & ~allowed) == 0 && (options & LZ_MQTT_OPTION_QOS) != 3 &&
           (options & LZ_MQTT_OPTION_RETAIN_HANDLING) != LZ_MQTT_OPTION_RETAIN_HANDLING;
}

static LzMqttError check_entries(LzMqttVersion version, LzMqttType type, LzBytes entries)
{
    if (entries.size == 0) {
        return LZ_MQTT_ERROR_EMPTY;                     /* [MQTT-3.8.3-3], [MQTT-3.10.3-2] */
    }
    LzBytes filter;
    uint8_t qos;
    while (lz_mqtt_entry_next(type, &entries, &filter, &qos)) {
        if (!text_is_valid(filter)) {
            return LZ_MQTT_ERROR_UTF8;                  /* [MQTT-3.8.3-1], [MQTT-3.10.3-1] */
        }
        if (!lz_mqtt_filter_is_valid(filter)) {
            return LZ_MQTT_ERROR_FILTER;
        }
        if (!options_are_valid(version, qos)) {
            return LZ_MQTT_ERROR_QOS;                   /* [MQTT-3-8.3-4], also its reserved bits */
        }
    }
    return entries.size == 0 ? LZ_MQTT_OK : LZ_MQTT_ERROR_TRUNCATED;
}

static bool code_is_valid(const LzMqttPacket *packet, uint8_t code)
{
    if (packet->version != LZ_MQTT_5) {
        return code <= 2 || code == LZ_MQTT_SUBSCRIPTION_REFUSED;
    }
    const bool is_success = packet->type == LZ_MQTT_SUBACK ? code <= 2 : code == 0 || code == LZ_MQTT_REASON_NO_SUBSCRIPTION;
    return is_success || code >= LZ_MQTT_REASON_FAILURE;
}

static LzMqttError check_codes(const LzMqttPacket *packet)
{
    const LzBytes codes = packet->entries;
    for (size_t i = 0; i < codes.size; i++) {
        if (!code_is_valid(packet, codes.data[i])) {
            return LZ_MQTT_ERROR_CODE;                  /* [MQTT-3.9.3-2] */
        }
    }
    return codes.size == 0 ? LZ_MQTT_ERROR_EMPTY : LZ_MQTT_OK;
}

/* ---- every packet ------------------------------------------------------------------------------- */

static LzMqttError check_packet_id(const LzMqttPacket *packet)
{
    return packet->packet_id == 0 ? LZ_MQTT_ERROR_PACKET_ID : LZ_MQTT_OK;       /* [MQTT-2.3.1-1] */
}

static LzMqttError check_list(const LzMqttPacket *packet)
{
    const LzMqttError error = check_packet_id(packet);
    if (error != LZ_MQTT_OK) {
        return error;
    }
    const bool is_answer = packet->type == LZ_MQTT_SUBACK || packet->type == LZ_MQTT_UNSUBACK;
    return is_answer ? check_codes(packet) : check_entries(packet->version, packet->type, packet->entries);
}

static LzMqttError check_body(const LzMqttPacket *packet)
{
    switch (packet->type) {
    case LZ_MQTT_CONNECT:
        return check_connect(packet->version, &packet->connect);
    case LZ_MQTT_CONNACK:
        return check_connack(packet);
    case LZ_MQTT_PUBLISH:
        return check_publish(packet);
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBSCRIBE:
        return check_list(packet);
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBREL:
    case LZ_MQTT_PUBCOMP:
        return check_packet_id(packet);
    case LZ_MQTT_UNSUBACK:
        return packet->version == LZ_MQTT_5 ? check_list(packet) : check_packet_id(packet);
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_PINGRESP:
    case LZ_MQTT_DISCONNECT:
        return LZ_MQTT_OK;
    }
    return LZ_MQTT_ERROR_TYPE;
}

static LzMqttError check_packet(const LzMqttPacket *packet)
{
    const LzMqttError error = check_properties(packet);
    return error == LZ_MQTT_OK ? check_body(packet) : error;
}

/* 5.0, 3.4.2.1, 3.14.2.1: nothing for success without properties, the reason alone without properties. */
static void decode_reason(LzReader *reader, LzMqttPacket *packet)
{
    if (packet->version == LZ_MQTT_5 && lz_reader_left(reader) > 0) {
        packet->reason = lz_read_u8(reader);
    }
    if (packet->version == LZ_MQTT_5 && lz_reader_left(reader) > 0) {
        packet->properties = read_properties(reader, packet->version);
    }
}

static void encode_reason(LzWriter *writer, const LzMqttPacket *packet)
{
    const bool has_properties = packet->properties.size > 0;
    if (packet->version == LZ_MQTT_5 && (packet->reason != 0 || has_properties)) {
        lz_write_u8(writer, packet->reason);
    }
    if (has_properties) {
        write_properties(writer, packet->version, packet->properties);
    }
}

static LzMqttError decode_body(LzReader *reader, uint8_t first, LzMqttPacket *packet)
{
    switch (packet->type) {
    case LZ_MQTT_CONNECT:
        return decode_connect(reader, packet);
    case LZ_MQTT_CONNACK:
        return decode_connack(reader, packet);
    case LZ_MQTT_PUBLISH:
        return decode_publish(reader, first, packet);
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBSCRIBE:
        packet->packet_id = lz_read_u16(reader);
        packet->properties = read_properties(reader, packet->version);
        packet->entries = lz_read_bytes(reader, lz_reader_left(reader));
        return reader->failed ? LZ_MQTT_ERROR_TRUNCATED : check_list(packet);
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBREL:
    case LZ_MQTT_PUBCOMP:
        packet->packet_id = lz_read_u16(reader);
        decode_reason(reader, packet);
        return reader->failed ? LZ_MQTT_ERROR_TRUNCATED : check_packet_id(packet);
    case LZ_MQTT_UNSUBACK:
        packet->packet_id = lz_read_u16(reader);
        packet->properties = read_properties(reader, packet->version);
        packet->entries = packet->version == LZ_MQTT_5 ? lz_read_bytes(reader, lz_reader_left(reader)) : (LzBytes){0};
        return reader->failed ? LZ_MQTT_ERROR_TRUNCATED : check_body(packet);
    case LZ_MQTT_DISCONNECT:
        decode_reason(reader, packet);
        return reader->failed ? LZ_MQTT_ERROR_TRUNCATED : LZ_MQTT_OK;
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_PINGRESP:
        return LZ_MQTT_OK;
    }
    return LZ_MQTT_ERROR_TYPE;
}

static void encode_body(LzWriter *writer, const LzMqttPacket *packet)
{
    switch (packet->type) {
    case LZ_MQTT_CONNECT:
        encode_connect(writer, packet);
        return;
    case LZ_MQTT_CONNACK:
        encode_connack(writer, packet);
        return;
    case LZ_MQTT_PUBLISH:
        encode_publish(writer, packet);
        return;
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBSCRIBE:
        lz_write_u16(writer, packet->packet_id);
        write_properties(writer, packet->version, packet->properties);
        lz_write_bytes(writer, packet->entries);
        return;
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBREL:
    case LZ_MQTT_PUBCOMP:
        lz_write_u16(writer, packet->packet_id);
        encode_reason(writer, packet);
        return;
    case LZ_MQTT_UNSUBACK:
        lz_write_u16(writer, packet->packet_id);
        if (packet->version == LZ_MQTT_5) {
            write_properties(writer, packet->version, packet->properties);
            lz_write_bytes(writer, packet->entries);
        }
        return;
    case LZ_MQTT_DISCONNECT:
        encode_reason(writer, packet);
        return;
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_PINGRESP:
        return;
    }
}

static uint8_t first_byte(const LzMqttPacket *packet)
{
    unsigned flags = fixed_flags(packet->type);
    if (packet->type == LZ_MQTT_PUBLISH) {
        flags = (packet->publish.is_duplicate ? 8u : 0u) | (unsigned)packet->publish.qos << 1 |
                (packet->publish.is_retained ? 1u : 0u);
    }
    return (uint8_t)((unsigned)packet->type << 4 | flags);
}

LzMqttError lz_mqtt_decode_as(LzMqttVersion version, LzBytes bytes, LzMqttPacket *ret_packet)
{
    size_t header, total;
    const LzMqttError framing = read_header(bytes, &header, &total);
    if (framing != LZ_MQTT_OK) {
        return framing == LZ_MQTT_MORE ? LZ_MQTT_ERROR_TRUNCATED : framing;
    }
    if (total != bytes.size) {
        return total > bytes.size ? LZ_MQTT_ERROR_TRUNCATED : LZ_MQTT_ERROR_TRAILING;
    }
    LzMqttPacket packet = {.type = (LzMqttType)(bytes.data[0] >> 4), .version = version};
    LzReader reader = lz_reader((LzBytes){.data = bytes.data + header, .size = total - header});
    const LzMqttError error = decode_body(&reader, bytes.data[0], &packet);
    if (error != LZ_MQTT_OK) {
        return error;
    }
    if (lz_reader_left(&reader) > 0) {
        return LZ_MQTT_ERROR_TRAILING;
    }
    const LzMqttError properties = check_properties(&packet);
    if (properties != LZ_MQTT_OK) {
        return properties;
    }
    *ret_packet = packet;
    return LZ_MQTT_OK;
}

LzMqttError lz_mqtt_decode(LzBytes bytes, LzMqttPacket *ret_packet)
{
    return lz_mqtt_decode_as(LZ_MQTT_3_1_1, bytes, ret_packet);
}

size_t lz_mqtt_size(const LzMqttPacket *packet)
{
    if (check_packet(packet) != LZ_MQTT_OK) {
        return 0;
    }
    LzWriter body = lz_writer_counting();
    encode_body(&body, packet);
    LzWriter header = lz_writer_counting();
    write_header(&header, first_byte(packet), body.size);
    return body.failed || header.failed ? 0 : header.size + body.size;
}

size_t lz_mqtt_encode(const LzMqttPacket *packet, uint8_t *ret_bytes, size_t capacity)
{
    const size_t size = lz_mqtt_size(packet);
    if (size == 0 || size > capacity) {
        return 0;
    }
    LzWriter body = lz_writer_counting();
    encode_body(&body, packet);
    LzWriter writer = lz_writer(ret_bytes, capacity);
    write_header(&writer, first_byte(packet), body.size);
    encode_body(&writer, packet);
    g_assert(!writer.failed && writer.size == size);
    return size;
}

/* ---- framing ------------------------------------------------------------------------------------ */

void lz_mqtt_stream_init(LzMqttStream *stream, size_t packet_bytes_max)
{
    *stream = (LzMqttStream){.packet_bytes_max = packet_bytes_max};
}

void lz_mqtt_stream_clear(LzMqttStream *stream)
{
    g_clear_pointer(&stream->kept, g_byte_array_unref);
    stream->is_kept_taken = false;
    stream->error = LZ_MQTT_OK;
}

static LzMqttError stream_header(const LzMqttStream *stream, LzBytes bytes, size_t *ret_total)
{
    size_t header;
    const LzMqttError error = read_header(bytes, &header, ret_total);
    return error == LZ_MQTT_OK && *ret_total > stream->packet_bytes_max ? LZ_MQTT_ERROR_TOO_LARGE : error;
}

/* Moves up to `size` bytes of the input to what is kept. */
static void stream_keep(LzMqttStream *stream, LzBytes *input, size_t size)
{
    const size_t taken = MIN(size, input->size);
    if (taken == 0) {
        return;
    }
    if (!stream->kept) {
        stream->kept = g_byte_array_new();
    }
    g_byte_array_append(stream->kept, input->data, (guint)taken);
    input->data += taken;
    input->size -= taken;
}

/* A packet that lies whole in the input is handed out from there, without a copy. */
static LzMqttError stream_next_in_place(const LzMqttStream *stream, LzBytes *input, LzBytes *ret_packet)
{
    size_t total;
    const LzMqttError error = stream_header(stream, *input, &total);
    if (error != LZ_MQTT_OK) {
        return error;
    }
    if (total > input->size) {
        return LZ_MQTT_MORE;
    }
    *ret_packet = (LzBytes){.data = input->data, .size = total};
    input->data += total;
    input->size -= total;
    return LZ_MQTT_OK;
}

/* Completes what is kept: the header byte by byte, then the rest. */
static LzMqttError stream_next_kept(LzMqttStream *stream, LzBytes *input, LzBytes *ret_packet)
{
    size_t total;
    LzMqttError error;
    while ((error = stream_header(stream, (LzBytes){stream->kept->data, stream->kept->len}, &total)) == LZ_MQTT_MORE &&
           input->size > 0) {
        stream_keep(stream, input, 1);
    }
    if (error != LZ_MQTT_OK) {
        return error;
    }
    stream_keep(stream, input, total - stream->kept->len);
    if (stream->kept->len < total) {
        return LZ_MQTT_MORE;
    }
    *ret_packet = (LzBytes){.data = stream->kept->data, .size = total};
    stream->is_kept_taken = true;
    return LZ_MQTT_OK;
}

LzMqttError lz_mqtt_stream_next(LzMqttStream *stream, LzBytes *input, LzBytes *ret_packet)
{
    if (stream->error != LZ_MQTT_OK) {
        return stream->error;
    }
    if (stream->is_kept_taken) {
        lz_mqtt_stream_clear(stream);
    }
    LzMqttError error;
    if (stream->kept) {
        error = stream_next_kept(stream, input, ret_packet);
    } else {
        error = stream_next_in_place(stream, input, ret_packet);
        if (error == LZ_MQTT_MORE) {
            stream_keep(stream, input, input->size);
        }
    }
    if (error != LZ_MQTT_OK && error != LZ_MQTT_MORE) {
        stream->error = error;
    }
    return error;
}

/* ---- names -------------------------------------------------------------------------------------- */

const char *lz_mqtt_error_name(LzMqttError error)
{
    static const char *const names[] = {
        [LZ_MQTT_OK] = "ok",
        [LZ_MQTT_MORE] = "more",
        [LZ_MQTT_ERROR_LENGTH] = "length",
        [LZ_MQTT_ERROR_TOO_LARGE] = "too-large",
        [LZ_MQTT_ERROR_TYPE] = "type",
        [LZ_MQTT_ERROR_FLAGS] = "flags",
        [LZ_MQTT_ERROR_TRUNCATED] = "truncated",
        [LZ_MQTT_ERROR_TRAILING] = "trailing",
        [LZ_MQTT_ERROR_PROTOCOL_NAME] = "protocol-name",
        [LZ_MQTT_ERROR_PROTOCOL_LEVEL] = "protocol-level",
        [LZ_MQTT_ERROR_CONNECT_FLAGS] = "connect-flags",
        [LZ_MQTT_ERROR_UTF8] = "utf8",
        [LZ_MQTT_ERROR_PACKET_ID] = "packet-id",
        [LZ_MQTT_ERROR_QOS] = "qos",
        [LZ_MQTT_ERROR_TOPIC] = "topic",
        [LZ_MQTT_ERROR_FILTER] = "filter",
        [LZ_MQTT_ERROR_EMPTY] = "empty",
        [LZ_MQTT_ERROR_CODE] = "code",
        [LZ_MQTT_ERROR_PROPERTY] = "property",
    };
    static_assert(G_N_ELEMENTS(names) == LZ_MQTT_ERROR_COUNT, "name every error");
    return names[error];
}

const char *lz_mqtt_type_name(LzMqttType type)
{
    static const char *const names[] = {
        [LZ_MQTT_CONNECT] = "CONNECT",       [LZ_MQTT_CONNACK] = "CONNACK",         [LZ_MQTT_PUBLISH] = "PUBLISH",
        [LZ_MQTT_PUBACK] = "PUBACK",         [LZ_MQTT_PUBREC] = "PUBREC",           [LZ_MQTT_PUBREL] = "PUBREL",
        [LZ_MQTT_PUBCOMP] = "PUBCOMP",       [LZ_MQTT_SUBSCRIBE] = "SUBSCRIBE",     [LZ_MQTT_SUBACK] = "SUBACK",
        [LZ_MQTT_UNSUBSCRIBE] = "UNSUBSCRIBE", [LZ_MQTT_UNSUBACK] = "UNSUBACK",     [LZ_MQTT_PINGREQ] = "PINGREQ",
        [LZ_MQTT_PINGRESP] = "PINGRESP",     [LZ_MQTT_DISCONNECT] = "DISCONNECT",
    };
    return names[type];
}
