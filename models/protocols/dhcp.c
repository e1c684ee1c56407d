#include "lazaret/protocol/dhcp.h"

#define BOOT_REQUEST 1u
#define BOOT_REPLY 2u
#define HARDWARE_ETHERNET 1u
#define SNAME_AND_FILE_BYTES (64u + 128u)
#define MAGIC_COOKIE 0x63825363u        /* RFC 2131 3 */

enum { OPTION_PAD = 0, OPTION_REQUESTED = 50, OPTION_LEASE = 51, OPTION_TYPE = 53, OPTION_SERVER = 54, OPTION_END = 255 };

static bool is_reply(uint8_t type)
{
    return type == LZ_DHCP_OFFER || type == LZ_DHCP_ACK || type == LZ_DHCP_NAK;
}

static void write_zeros(LzWriter *writer, size_t count)
{
    static const uint8_t zeros[SNAME_AND_FILE_BYTES] = {0};
    lz_write_bytes(writer, (LzBytes){zeros, count});
}

static void write_option(LzWriter *writer, uint8_t option, uint32_t value)
{
    if (value != 0) {
        lz_write_u8(writer, option);
        lz_write_u8(writer, 4);
        lz_write_uint(writer, value, 4);
    }
}

bool lz_dhcp_encode(LzWriter *writer, const LzDhcpMessage *message)
{
    lz_write_u8(writer, is_reply(message->type) ? BOOT_REPLY : BOOT_REQUEST);
    lz_write_u8(writer, HARDWARE_ETHERNET);
    lz_write_u8(writer, sizeof message->hardware);
    lz_write_u8(writer, message->relay_address != 0);   /* hops */
    lz_write_uint(writer, message->transaction, 4);
    lz_write_uint(writer, 0, 4);                        /* secs, flags */
    lz_write_uint(writer, message->client_address, 4);
    lz_write_uint(writer, message->your_address, 4);
    lz_write_uint(writer, 0, 4);                        /* siaddr */
    lz_write_uint(writer, message->relay_address, 4);
    lz_write_bytes(writer, (LzBytes){message->hardware, sizeof message->hardware});
    write_zeros(writer, 16 - sizeof message->hardware);
    write_zeros(writer, SNAME_AND_FILE_BYTES);
    lz_write_uint(writer, MAGIC_COOKIE, 4);
    lz_write_u8(writer, OPTION_TYPE);
    lz_write_u8(writer, 1);
    lz_write_u8(writer, message->type);
    write_option(writer, OPTION_REQUESTED, message->requested_address);
    write_option(writer, OPTION_SERVER, message->server_id);
    write_option(writer, OPTION_LEASE, message->lease_s);
    lz_write_u8(writer, OPTION_END);
    return !writer->failed;
}

static bool read_options(LzReader *reader, LzDhcpMessage *message)
{
    for (uint8_t option = lz_read_u8(reader); option != OPTION_END; option = lz_read_u8(reader)) {
        if (reader->failed) {
            return false;
        }
        if (option == OPTION_PAD) {
            continue;
        }
        LzReader value = lz_reader(lz_read_bytes(reader, lz_read_u8(reader)));
        if (option == OPTION_TYPE) {
            message->type = lz_read_u8(&value);
        } else if (option == OPTION_REQUESTED) {
            message->requested_address = (uint32_t)lz_read_uint(&value, 4);
        } else if (option == OPTION_LEASE) {
            message->lease_s = (uint32_t)lz_read_uint(&value, 4);
        } else if (option == OPTION_SERVER) {
            message->server_id = (uint32_t)lz_read_uint(&value, 4);
        }
        if (value.failed) {
            return false;
        }
    }
    return !reader->failed && message->type != 0;
}

bool lz_dhcp_decode(LzBytes bytes, LzDhcpMessage *ret_message)
{
    LzReader reader = lz_reader(bytes);
    LzDhcpMessage message = {0};
    uint8_t operation = lz_read_u8(&reader), hardware = lz_read_u8(&reader), size = lz_read_u8(&reader);
    lz_read_u8(&reader);
    message.transaction = (uint32_t)lz_read_uint(&reader, 4);
    lz_read_uint(&reader, 4);
    message.client_address = (uint32_t)lz_read_uint(&reader, 4);
    message.your_address = (uint32_t)lz_read_uint(&reader, 4);
    lz_read_uint(&reader, 4);
    message.relay_address = (uint32_t)lz_read_uint(&reader, 4);
    LzBytes address = lz_read_bytes(&reader, sizeof message.hardware);
    if (!reader.failed) {
        memcpy(message.hardware, address.data, address.size);
    }
    lz_read_bytes(&reader, 16 - sizeof message.hardware + SNAME_AND_FILE_BYTES);
    bool is_dhcp = lz_read_uint(&reader, 4) == MAGIC_COOKIE && hardware == HARDWARE_ETHERNET && size == sizeof message.hardware;
    if (!is_dhcp || !read_options(&reader, &message) || operation != (is_reply(message.type) ? BOOT_REPLY : BOOT_REQUEST)) {
        return false;
    }
    *ret_message = message;
    return true;
}
