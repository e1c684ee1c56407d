/* MQTT 3.1.1 (OASIS Standard, 29 October 2014) and 5.0 (7 March 2019), bytes in and bytes out: every control
 * packet but AUTH, the framing of a byte stream that arrives in any split, and the rules of topics. Numbers such as
 * [MQTT-3.1.2-1] are the conformance statements of the first of these documents; where they are of the second, it says so. Decoded packets borrow the bytes
 * they were decoded from. */
#ifndef LAZARET_PROTOCOL_MQTT_H
#define LAZARET_PROTOCOL_MQTT_H

#include <glib.h>

#include "lazaret/protocol/wire.h"

#define LZ_MQTT_REMAINING_MAX 268435455u        /* 2.2.3: the largest remaining length that four bytes carry */
#define LZ_MQTT_HEADER_BYTES_MAX 5u             /* 2.2: type and flags, then up to four bytes of length */
#define LZ_MQTT_STRING_BYTES_MAX 65535u         /* 1.5.3 */
#define LZ_MQTT_SUBSCRIPTION_REFUSED 0x80u      /* 3.9.3 */

typedef enum { LZ_MQTT_3_1_1, LZ_MQTT_5 } LzMqttVersion;

/* Of a subscription, 3.8.3.1: 3.1.1 has the QoS alone. */
enum { LZ_MQTT_OPTION_QOS = 0x03, LZ_MQTT_OPTION_NO_LOCAL = 0x04, LZ_MQTT_OPTION_RETAIN_AS_PUBLISHED = 0x08,
       LZ_MQTT_OPTION_RETAIN_HANDLING = 0x30, LZ_MQTT_OPTION_RETAIN_IF_NEW = 0x10, LZ_MQTT_OPTION_RETAIN_NEVER = 0x20 };

typedef enum {                  /* of 5.0, 2.4: those that we send or act upon; from 0x80 on, a failure */
    LZ_MQTT_REASON_SUCCESS = 0x00,
    LZ_MQTT_REASON_WITH_WILL = 0x04,
    LZ_MQTT_REASON_NO_SUBSCRIPTION = 0x11,
    LZ_MQTT_REASON_FAILURE = 0x80,
    LZ_MQTT_REASON_MALFORMED = 0x81,
    LZ_MQTT_REASON_PROTOCOL = 0x82,
    LZ_MQTT_REASON_VERSION = 0x84,
    LZ_MQTT_REASON_IDENTIFIER = 0x85,
    LZ_MQTT_REASON_CREDENTIALS = 0x86,
    LZ_MQTT_REASON_AUTHORISATION = 0x87,
    LZ_MQTT_REASON_UNAVAILABLE = 0x88,
    LZ_MQTT_REASON_TAKEN_OVER = 0x8e,
    LZ_MQTT_REASON_RECEIVE_MAXIMUM = 0x93,
    LZ_MQTT_REASON_QUOTA = 0x97,
} LzMqttReason;

typedef enum {                  /* of 5.0, 2.2.2.2, as on the wire */
    LZ_MQTT_PAYLOAD_FORMAT = 1,
    LZ_MQTT_MESSAGE_EXPIRY = 2,
    LZ_MQTT_CONTENT_TYPE = 3,
    LZ_MQTT_RESPONSE_TOPIC = 8,
    LZ_MQTT_CORRELATION = 9,
    LZ_MQTT_SUBSCRIPTION_ID = 11,
    LZ_MQTT_SESSION_EXPIRY = 17,
    LZ_MQTT_ASSIGNED_ID = 18,
    LZ_MQTT_SERVER_KEEP_ALIVE = 19,
    LZ_MQTT_AUTH_METHOD = 21,
    LZ_MQTT_AUTH_DATA = 22,
    LZ_MQTT_PROBLEM_INFORMATION = 23,
    LZ_MQTT_WILL_DELAY = 24,
    LZ_MQTT_RESPONSE_INFORMATION_WANTED = 25,
    LZ_MQTT_RESPONSE_INFORMATION = 26,
    LZ_MQTT_SERVER_REFERENCE = 28,
    LZ_MQTT_REASON_TEXT = 31,
    LZ_MQTT_RECEIVE_MAXIMUM = 33,
    LZ_MQTT_TOPIC_ALIAS_MAXIMUM = 34,
    LZ_MQTT_TOPIC_ALIAS = 35,
    LZ_MQTT_MAXIMUM_QOS = 36,
    LZ_MQTT_RETAIN_AVAILABLE = 37,
    LZ_MQTT_USER_PROPERTY = 38,
    LZ_MQTT_MAXIMUM_PACKET = 39,
    LZ_MQTT_WILDCARD_AVAILABLE = 40,
    LZ_MQTT_SUBSCRIPTION_ID_AVAILABLE = 41,
    LZ_MQTT_SHARED_AVAILABLE = 42,
    LZ_MQTT_PROPERTY_COUNT,
} LzMqttProperty;
#define LZ_MQTT_NEVER_EXPIRES UINT32_MAX        /* of a session, 3.1.2.11.2 of 5.0 */

typedef enum {                  /* 2.2.1, as on the wire */
    LZ_MQTT_CONNECT = 1,
    LZ_MQTT_CONNACK,
    LZ_MQTT_PUBLISH,
    LZ_MQTT_PUBACK,
    LZ_MQTT_PUBREC,
    LZ_MQTT_PUBREL,
    LZ_MQTT_PUBCOMP,
    LZ_MQTT_SUBSCRIBE,
    LZ_MQTT_SUBACK,
    LZ_MQTT_UNSUBSCRIBE,
    LZ_MQTT_UNSUBACK,
    LZ_MQTT_PINGREQ,
    LZ_MQTT_PINGRESP,
    LZ_MQTT_DISCONNECT,
} LzMqttType;

typedef enum {                  /* 3.2.2.3, as on the wire */
    LZ_MQTT_ACCEPTED,
    LZ_MQTT_REFUSED_LEVEL,
    LZ_MQTT_REFUSED_IDENTIFIER,
    LZ_MQTT_REFUSED_UNAVAILABLE,
    LZ_MQTT_REFUSED_CREDENTIALS,
    LZ_MQTT_REFUSED_AUTHORISATION,
    LZ_MQTT_CONNECT_CODE_COUNT,
} LzMqttConnectCode;

typedef enum {
    LZ_MQTT_OK,
    LZ_MQTT_MORE,               /* not an error: the packet is not complete yet */
    LZ_MQTT_ERROR_LENGTH,       /* remaining length of more than four bytes, 2.2.3 */
    LZ_MQTT_ERROR_TOO_LARGE,    /* longer than the receiver's own limit */
    LZ_MQTT_ERROR_TYPE,         /* reserved packet type, 2.2.1 */
    LZ_MQTT_ERROR_FLAGS,        /* fixed header flags, 2.2.2 */
    LZ_MQTT_ERROR_TRUNCATED,    /* a field runs past the end of the packet */
    LZ_MQTT_ERROR_TRAILING,     /* bytes after the last field */
    LZ_MQTT_ERROR_PROTOCOL_NAME,
    LZ_MQTT_ERROR_PROTOCOL_LEVEL,
    LZ_MQTT_ERROR_CONNECT_FLAGS,
    LZ_MQTT_ERROR_UTF8,
    LZ_MQTT_ERROR_PACKET_ID,
    LZ_MQTT_ERROR_QOS,
    LZ_MQTT_ERROR_TOPIC,
    LZ_MQTT_ERROR_FILTER,
    LZ_MQTT_ERROR_EMPTY,        /* SUBSCRIBE, SUBACK or UNSUBSCRIBE without entries */
    LZ_MQTT_ERROR_CODE,         /* unknown return code */
    LZ_MQTT_ERROR_PROPERTY,     /* unknown, repeated, or not of this packet */
    LZ_MQTT_ERROR_COUNT,
} LzMqttError;
const char *lz_mqtt_error_name(LzMqttError error);      /* "too-large" */
const char *lz_mqtt_type_name(LzMqttType type);         /* "PUBLISH" */

typedef struct LzMqttConnect {
    LzBytes client_id;
    uint16_t keep_alive_s;
    bool clean_session, has_will, will_retain, has_user_name, has_password;
    uint8_t will_qos;
    LzBytes will_topic, will_message;   /* of a will */
    LzBytes will_properties;    /* of 5.0 */
    LzBytes user_name, password;
} LzMqttConnect;

typedef struct LzMqttPublish {
    LzBytes topic, payload;
    uint8_t qos;
    bool is_duplicate, is_retained;
} LzMqttPublish;

typedef struct LzMqttPacket {
    LzMqttType type;
    LzMqttVersion version;
    uint16_t packet_id;         /* where the type has one (PUBLISH: QoS 1 and 2), else 0 */
    uint8_t reason;             /* of 5.0, acknowledgements and DISCONNECT: LzMqttReason */
    LzBytes properties;         /* of 5.0: as on the wire, behind their length */
    union {
        LzMqttConnect connect;
        struct {
            bool is_session_present;
            uint8_t code;       /* LzMqttConnectCode; of 5.0, LzMqttReason */
        } connack;
        LzMqttPublish publish;
        LzBytes entries;        /* SUBSCRIBE, UNSUBSCRIBE: filters as on the wire; SUBACK, of 5.0 UNSUBACK: a code each */
    };
} LzMqttPacket;

/* Decodes one whole packet of that version, exactly. ret_packet is untouched on failure. Never LZ_MQTT_MORE. A CONNECT of
 * the other version is LZ_MQTT_ERROR_PROTOCOL_LEVEL. */
LzMqttError lz_mqtt_decode_as(LzMqttVersion version, LzBytes bytes, LzMqttPacket *ret_packet);
LzMqttError lz_mqtt_decode(LzBytes bytes, LzMqttPacket *ret_packet);    /* of 3.1.1 */

/* Bytes that the packet needs; 0 when it breaks a rule of the protocol. */
size_t lz_mqtt_size(const LzMqttPacket *packet);
/* Writes it and returns its size; 0 when it breaks a rule or does not fit. */
size_t lz_mqtt_encode(const LzMqttPacket *packet, uint8_t *ret_bytes, size_t capacity);

/* Entries of SUBSCRIBE (with a QoS each, of 5.0 with options) and UNSUBSCRIBE (without: QoS 0). Next takes the first entry
 * off; false at the end. Write appends one. */
bool lz_mqtt_entry_next(LzMqttType type, LzBytes *entries, LzBytes *ret_filter, uint8_t *ret_qos);
void lz_mqtt_entry_write(LzMqttType type, LzWriter *writer, LzBytes filter, uint8_t qos);

/* Properties. Of one that is not there false comes back, and *ret is untouched. */
bool lz_mqtt_properties_are_valid(LzMqttType type, LzBytes properties);
bool lz_mqtt_will_properties_are_valid(LzBytes properties);
bool lz_mqtt_property_number(LzBytes properties, LzMqttProperty id, uint32_t *ret_value);
bool lz_mqtt_property_bytes(LzBytes properties, LzMqttProperty id, LzBytes *ret_bytes);
void lz_mqtt_property_write_number(LzWriter *writer, LzMqttProperty id, uint32_t value);
void lz_mqtt_property_write_bytes(LzWriter *writer, LzMqttProperty id, LzBytes bytes);
/* Numbers of one to four bytes, 1.5.5 of 5.0; longer ones fail. */
uint32_t lz_mqtt_read_varint(LzReader *reader);
void lz_mqtt_write_varint(LzWriter *writer, size_t value);

/* The framing of one direction of a connection. Memory grows with the bytes that have arrived, never
 * by a length field alone. */
typedef struct LzMqttStream {
    size_t packet_bytes_max;
    GByteArray *kept;           /* the beginning of a packet that is not complete; NULL when there is none */
    bool is_kept_taken;         /* kept was handed out and goes at the next call */
    LzMqttError error;          /* sticky: a stream that failed stays failed */
} LzMqttStream;

void lz_mqtt_stream_init(LzMqttStream *stream, size_t packet_bytes_max);
void lz_mqtt_stream_clear(LzMqttStream *stream);        /* back to its beginning, limits kept; safe on zeroed memory */
/* Takes bytes from *input until one packet is complete (LZ_MQTT_OK; ret_packet is borrowed until the
 * next call or until the input goes), or the input is used up (LZ_MQTT_MORE), or an error. */
LzMqttError lz_mqtt_stream_next(LzMqttStream *stream, LzBytes *input, LzBytes *ret_packet);

/* 4.7: names to publish to, filters to subscribe with, and whether a filter matches a name. */
bool lz_mqtt_topic_is_valid(LzBytes topic);
bool lz_mqtt_filter_is_valid(LzBytes filter);
bool lz_mqtt_filter_matches(LzBytes filter, LzBytes topic);
bool lz_mqtt_filter_has_wildcard(LzBytes filter);

#endif
