#include "lazaret/protocol/coap.h"

enum {
    VERSION = 1,
    PAYLOAD_MARKER = 0xff,
    /* RFC 7252 3.1: a nibble says up to 12, or that 1 or 2 bytes follow. */
    ONE_BYTE = 13, TWO_BYTES = 14, RESERVED = 15, ONE_BYTE_BASE = 13, TWO_BYTES_BASE = 269,
    URI_PATH_BYTES_MAX = 255,
};

/* ---- writing ---- */

static uint8_t nibble_of(unsigned value)
{
    return (uint8_t)(value < ONE_BYTE_BASE ? value : value < TWO_BYTES_BASE ? ONE_BYTE : TWO_BYTES);
}

static void write_extension(LzWriter *writer, unsigned value)
{
    if (value >= TWO_BYTES_BASE) {
        lz_write_u16(writer, (uint16_t)(value - TWO_BYTES_BASE));
    } else if (value >= ONE_BYTE_BASE) {
        lz_write_u8(writer, (uint8_t)(value - ONE_BYTE_BASE));
    }
}

static bool write_options(LzWriter *writer, const LzCoapMessage *message)
{
    unsigned previous = 0;
    for (unsigned i = 0; i < message->option_count; i++) {
        const LzCoapOption *option = &message->options[i];
        if (option->number < previous || option->value.size >= UINT16_MAX) {
            return false;
        }
        unsigned delta = option->number - previous, size = (unsigned)option->value.size;
        lz_write_u8(writer, (uint8_t)(nibble_of(delta) << 4 | nibble_of(size)));
        write_extension(writer, delta);
        write_extension(writer, size);
        lz_write_bytes(writer, option->value);
        previous = option->number;
    }
    return true;
}

bool lz_coap_encode(LzWriter *writer, const LzCoapMessage *message)
{
    bool is_empty = message->code == LZ_COAP_EMPTY;
    bool has_more = message->token.size > 0 || message->option_count > 0 || message->payload.size > 0;
    if (message->token.size > LZ_COAP_TOKEN_BYTES_MAX || message->option_count > LZ_COAP_OPTIONS_MAX || (is_empty && has_more)) {
        return false;
    }
    lz_write_u8(writer, (uint8_t)(VERSION << 6 | (unsigned)message->type << 4 | (unsigned)message->token.size));
    lz_write_u8(writer, message->code);
    lz_write_u16(writer, message->id);
    lz_write_bytes(writer, message->token);
    if (!write_options(writer, message)) {
        return false;
    }
    if (message->payload.size > 0) {
        lz_write_u8(writer, PAYLOAD_MARKER);
        lz_write_bytes(writer, message->payload);
    }
    return !writer->failed;
}

/* ---- reading ---- */

static unsigned read_extension(LzReader *reader, unsigned nibble)
{
    return nibble == ONE_BYTE    ? ONE_BYTE_BASE + (unsigned)lz_read_u8(reader)
           : nibble == TWO_BYTES ? TWO_BYTES_BASE + (unsigned)lz_read_u16(reader)
                                 : nibble;
}

/* Up to the payload marker or the end. */
static bool read_options(LzReader *reader, LzCoapMessage *message)
{
    unsigned number = 0;
    while (lz_reader_left(reader) > 0 && reader->data[reader->offset] != PAYLOAD_MARKER) {
        uint8_t head = lz_read_u8(reader);
        unsigned delta = head >> 4, size = head & 0xf;
        if (delta == RESERVED || size == RESERVED || message->option_count == LZ_COAP_OPTIONS_MAX) {
            return false;
        }
        number += read_extension(reader, delta);
        size = read_extension(reader, size);
        LzBytes value = lz_read_bytes(reader, size);
        if (number > UINT16_MAX || reader->failed) {
            return false;
        }
        message->options[message->option_count++] = (LzCoapOption){(uint16_t)number, value};
    }
    return true;
}

static bool read_payload(LzReader *reader, LzCoapMessage *message)
{
    if (lz_reader_left(reader) == 0) {
        return true;
    }
    lz_read_u8(reader);                 /* the marker */
    message->payload = lz_read_bytes(reader, lz_reader_left(reader));
    return message->payload.size > 0;   /* nothing behind a marker is an error */
}

bool lz_coap_decode(LzBytes bytes, LzCoapMessage *ret_message)
{
    LzReader reader = lz_reader(bytes);
    uint8_t head = lz_read_u8(&reader);
    LzCoapMessage message = {.type = (LzCoapType)(head >> 4 & 3), .code = lz_read_u8(&reader), .id = lz_read_u16(&reader)};
    size_t token_bytes = head & 0xf;
    if (reader.failed || head >> 6 != VERSION || token_bytes > LZ_COAP_TOKEN_BYTES_MAX) {
        return false;
    }
    if (message.code == LZ_COAP_EMPTY && bytes.size > 4) {
        return false;
    }
    message.token = lz_read_bytes(&reader, token_bytes);
    if (reader.failed || !read_options(&reader, &message) || !read_payload(&reader, &message)) {
        return false;
    }
    *ret_message = message;
    return true;
}

/* ---- options ---- */

bool lz_coap_add_path(LzCoapMessage *message, const char *path)
{
    while (*path) {
        size_t size = strcspn(path, "/");
        if (size > URI_PATH_BYTES_MAX || message->option_count == LZ_COAP_OPTIONS_MAX) {
            return false;
        }
        message->options[message->option_count++] =
            (LzCoapOption){LZ_COAP_URI_PATH, {(const uint8_t *)path, size}};
        path += size;
        path += *path == '/';
    }
    return true;
}

bool lz_coap_has_unknown_critical(const LzCoapMessage *message)
{
    static const uint16_t known[] = {LZ_COAP_IF_MATCH, LZ_COAP_URI_HOST,  LZ_COAP_IF_NONE_MATCH, LZ_COAP_URI_PORT,
                                     LZ_COAP_URI_PATH, LZ_COAP_URI_QUERY, LZ_COAP_ACCEPT};
    for (unsigned i = 0; i < message->option_count; i++) {
        uint16_t number = message->options[i].number;
        bool is_known = number % 2 == 0;
        for (size_t n = 0; n < sizeof known / sizeof known[0]; n++) {
            is_known |= known[n] == number;
        }
        if (!is_known) {
            return true;
        }
    }
    return false;
}
