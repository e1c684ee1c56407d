#include "lazaret/protocol/dns.h"

#define FLAG_RESPONSE 0x8000u
#define FLAGS_QUERY 0x0100u             /* recursion desired */
#define FLAGS_RESPONSE 0x8580u          /* QR, AA, RD, RA */
#define TYPE_A 1u
#define CLASS_IN 1u
#define POINTER_TO_QUESTION 0xc00cu     /* RFC 1035 4.1.4: the name at offset 12 */
#define LABEL_BYTES_MAX 63u

static bool write_name(LzWriter *writer, const char *name)
{
    size_t total = strlen(name);
    if (total == 0 || total >= LZ_DNS_NAME_BYTES) {
        return false;
    }
    for (const char *label = name;;) {
        const char *dot = strchr(label, '.');
        size_t size = dot ? (size_t)(dot - label) : strlen(label);
        if (size == 0 || size > LABEL_BYTES_MAX) {
            return false;
        }
        lz_write_u8(writer, (uint8_t)size);
        lz_write_bytes(writer, (LzBytes){(const uint8_t *)label, size});
        if (!dot) {
            break;
        }
        label = dot + 1;
    }
    lz_write_u8(writer, 0);
    return true;
}

bool lz_dns_encode(LzWriter *writer, const LzDnsMessage *message)
{
    lz_write_u16(writer, message->id);
    lz_write_u16(writer, message->is_response ? (uint16_t)(FLAGS_RESPONSE | message->code) : FLAGS_QUERY);
    lz_write_u16(writer, 1);            /* questions */
    lz_write_u16(writer, message->has_answer ? 1 : 0);
    lz_write_u16(writer, 0);            /* authorities */
    lz_write_u16(writer, 0);            /* additional */
    if (!write_name(writer, message->name)) {
        return false;
    }
    lz_write_u16(writer, TYPE_A);
    lz_write_u16(writer, CLASS_IN);
    if (message->has_answer) {
        lz_write_u16(writer, POINTER_TO_QUESTION);
        lz_write_u16(writer, TYPE_A);
        lz_write_u16(writer, CLASS_IN);
        lz_write_uint(writer, message->ttl_s, 4);
        lz_write_u16(writer, 4);
        lz_write_uint(writer, message->address, 4);
    }
    return !writer->failed;
}

/* A question's name cannot be compressed: nothing stands in front of it. */
static bool read_name(LzReader *reader, char *ret_name)
{
    size_t length = 0;
    for (uint8_t size = lz_read_u8(reader); size > 0; size = lz_read_u8(reader)) {
        LzBytes label = lz_read_bytes(reader, size);
        if (size > LABEL_BYTES_MAX || reader->failed || length + size + 2 > LZ_DNS_NAME_BYTES ||
            memchr(label.data, '\0', size) || memchr(label.data, '.', size)) {
            return false;
        }
        if (length > 0) {
            ret_name[length++] = '.';
        }
        memcpy(ret_name + length, label.data, size);
        length += size;
    }
    ret_name[length] = '\0';
    return length > 0 && !reader->failed;
}

static bool read_answer(LzReader *reader, LzDnsMessage *message)
{
    bool is_ours = lz_read_u16(reader) == POINTER_TO_QUESTION;
    is_ours = lz_read_u16(reader) == TYPE_A && is_ours;
    is_ours = lz_read_u16(reader) == CLASS_IN && is_ours;
    message->ttl_s = (uint32_t)lz_read_uint(reader, 4);
    is_ours = lz_read_u16(reader) == 4 && is_ours;
    message->address = (uint32_t)lz_read_uint(reader, 4);
    message->has_answer = true;
    return is_ours && !reader->failed;
}

bool lz_dns_decode(LzBytes bytes, LzDnsMessage *ret_message)
{
    LzReader reader = lz_reader(bytes);
    LzDnsMessage message = {.id = lz_read_u16(&reader)};
    uint16_t flags = lz_read_u16(&reader), questions = lz_read_u16(&reader), answers = lz_read_u16(&reader);
    lz_read_uint(&reader, 4);
    message.is_response = (flags & FLAG_RESPONSE) != 0;
    message.code = flags & 0x0f;
    if (questions != 1 || answers > 1 || !read_name(&reader, message.name) || lz_read_u16(&reader) != TYPE_A ||
        lz_read_u16(&reader) != CLASS_IN || (answers == 1 && !read_answer(&reader, &message)) || reader.failed) {
        return false;
    }
    *ret_message = message;
    return true;
}
