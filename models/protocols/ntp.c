#include "lazaret/protocol/ntp.h"

#define VERSION 4u
#define SECONDS_1900_TO_1970 UINT64_C(2208988800)
#define ROOT_DISPERSION 0x00000010u     /* 244 us in 16.16: a server with a good reference; assumed */

static uint64_t to_wire(LzTime time_ns)
{
    if (time_ns == 0) {
        return 0;
    }
    uint64_t seconds = (uint64_t)(time_ns / LZ_NS_PER_S) + SECONDS_1900_TO_1970;
    uint64_t part_ns = (uint64_t)(time_ns % LZ_NS_PER_S);
    return seconds << 32 | ((part_ns << 32) + (uint64_t)LZ_NS_PER_S / 2) / (uint64_t)LZ_NS_PER_S;
}

/* Nearest ns: what was encoded comes back unchanged. */
static LzTime from_wire(uint64_t wire)
{
    if (wire == 0) {
        return 0;
    }
    int64_t seconds = (int64_t)(wire >> 32) - (int64_t)SECONDS_1900_TO_1970;
    uint64_t part_ns = ((wire & UINT32_MAX) * (uint64_t)LZ_NS_PER_S + (UINT64_C(1) << 31)) >> 32;
    return seconds * LZ_NS_PER_S + (LzTime)part_ns;
}

bool lz_ntp_encode(LzWriter *writer, const LzNtpMessage *message)
{
    lz_write_u8(writer, (uint8_t)(VERSION << 3 | message->mode));       /* no leap second ahead */
    lz_write_u8(writer, message->stratum);
    lz_write_u8(writer, (uint8_t)message->poll);
    lz_write_u8(writer, (uint8_t)message->precision);
    lz_write_uint(writer, 0, 4);                                        /* root delay */
    lz_write_uint(writer, message->mode == LZ_NTP_SERVER ? ROOT_DISPERSION : 0, 4);
    lz_write_bytes(writer, (LzBytes){(const uint8_t *)(message->mode == LZ_NTP_SERVER ? "GPS" : "\0\0\0"), 4});
    lz_write_uint(writer, to_wire(message->reference_ns), 8);
    lz_write_uint(writer, to_wire(message->originate_ns), 8);
    lz_write_uint(writer, to_wire(message->receive_ns), 8);
    lz_write_uint(writer, to_wire(message->transmit_ns), 8);
    return !writer->failed;
}

bool lz_ntp_decode(LzBytes bytes, LzNtpMessage *ret_message)
{
    LzReader reader = lz_reader(bytes);
    uint8_t first = lz_read_u8(&reader);
    LzNtpMessage message = {.mode = first & 7, .stratum = lz_read_u8(&reader)};
    message.poll = (int8_t)lz_read_u8(&reader);
    message.precision = (int8_t)lz_read_u8(&reader);
    lz_read_bytes(&reader, 12);
    message.reference_ns = from_wire(lz_read_uint(&reader, 8));
    message.originate_ns = from_wire(lz_read_uint(&reader, 8));
    message.receive_ns = from_wire(lz_read_uint(&reader, 8));
    message.transmit_ns = from_wire(lz_read_uint(&reader, 8));
    bool is_known = (first >> 3 & 7) == VERSION && (message.mode == LZ_NTP_CLIENT || message.mode == LZ_NTP_SERVER);
    if (reader.failed || !is_known) {
        return false;
    }
    *ret_message = message;
    return true;
}

LzTime lz_ntp_offset_ns(const LzNtpMessage *answer, LzTime arrived_ns)
{
    return ((answer->receive_ns - answer->originate_ns) + (answer->transmit_ns - arrived_ns)) / 2;
}
