#include "lazaret/protocol/radius.h"

#include <glib.h>

#define HEADER_BYTES 20u
#define DIGEST_BYTES 16u                /* MD5 */
#define CHUNK_BYTES 253u                /* of a longer value in each attribute */

enum {
    USER_NAME = 1, USER_PASSWORD = 2, NAS_IP_ADDRESS = 4, NAS_PORT = 5, SERVICE_TYPE = 6, FRAMED_MTU = 12, STATE = 24,
    SESSION_TIMEOUT = 27, CALLING_STATION = 31, NAS_PORT_TYPE = 61, TUNNEL_TYPE = 64, TUNNEL_MEDIUM = 65, EAP_MESSAGE = 79,
    MESSAGE_AUTHENTICATOR = 80, TUNNEL_GROUP = 81,
};
enum { SERVICE_FRAMED = 2, SERVICE_CALL_CHECK = 10, PORT_ETHERNET = 15, TUNNEL_VLAN = 13, MEDIUM_802 = 6 };
enum { MTU = 1500 };

/* ---- digests ---- */

static void md5(const LzBytes *parts, unsigned count, uint8_t ret_digest[DIGEST_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
    for (unsigned i = 0; i < count; i++) {
        g_checksum_update(checksum, parts[i].data, (gssize)parts[i].size);
    }
    gsize size = DIGEST_BYTES;
    g_checksum_get_digest(checksum, ret_digest, &size);
}

static void hmac_md5(const char *secret, LzBytes bytes, uint8_t ret_digest[DIGEST_BYTES])
{
    GHmac *hmac = g_hmac_new(G_CHECKSUM_MD5, (const guchar *)secret, strlen(secret));
    g_hmac_update(hmac, bytes.data, (gssize)bytes.size);
    gsize size = DIGEST_BYTES;
    g_hmac_get_digest(hmac, ret_digest, &size);
    g_hmac_unref(hmac);
}

/* ---- writing ---- */

static void write_attribute(LzWriter *writer, uint8_t type, LzBytes value)
{
    lz_write_u8(writer, type);
    lz_write_u8(writer, (uint8_t)(2 + value.size));
    lz_write_bytes(writer, value);
}

static void write_number(LzWriter *writer, uint8_t type, uint32_t value)
{
    lz_write_u8(writer, type);
    lz_write_u8(writer, 6);
    lz_write_uint(writer, value, 4);
}

static void write_text(LzWriter *writer, uint8_t type, const char *text)
{
    if (text[0] != '\0') {
        write_attribute(writer, type, lz_bytes_of_text(text));
    }
}

static void write_eap(LzWriter *writer, LzBytes eap)
{
    for (size_t done = 0; done < eap.size; done += CHUNK_BYTES) {
        write_attribute(writer, EAP_MESSAGE, (LzBytes){eap.data + done, MIN(eap.size - done, CHUNK_BYTES)});
    }
}

/* RFC 2865 5.2: one block is enough for the MAC address, which is its own password. */
static void write_password(LzWriter *writer, const LzRadius *message, const char *secret)
{
    uint8_t block[DIGEST_BYTES];
    const LzBytes parts[] = {lz_bytes_of_text(secret), {message->authenticator, sizeof message->authenticator}};
    md5(parts, G_N_ELEMENTS(parts), block);
    for (size_t i = 0; i < sizeof block && message->user[i] != '\0'; i++) {
        block[i] ^= (uint8_t)message->user[i];
    }
    write_attribute(writer, USER_PASSWORD, (LzBytes){block, sizeof block});
}

static void write_request(LzWriter *writer, const LzRadius *message, const char *secret)
{
    write_text(writer, USER_NAME, message->user);
    if (message->is_call_check) {
        write_password(writer, message, secret);
    }
    write_number(writer, NAS_IP_ADDRESS, message->nas_address);
    write_number(writer, NAS_PORT, message->nas_port);
    write_number(writer, NAS_PORT_TYPE, PORT_ETHERNET);
    write_number(writer, SERVICE_TYPE, message->is_call_check ? SERVICE_CALL_CHECK : SERVICE_FRAMED);
    write_number(writer, FRAMED_MTU, MTU);
    write_text(writer, CALLING_STATION, message->station);
}

/* The tag byte 0 of a tunnel's number leaves three for the value (RFC 2868 3.1); that of its text is left out. */
static void write_accept(LzWriter *writer, const LzRadius *message)
{
    if (message->group[0] != '\0') {
        write_number(writer, TUNNEL_TYPE, TUNNEL_VLAN);
        write_number(writer, TUNNEL_MEDIUM, MEDIUM_802);
        write_text(writer, TUNNEL_GROUP, message->group);
    }
    if (message->session_timeout_s > 0) {
        write_number(writer, SESSION_TIMEOUT, message->session_timeout_s);
    }
}

/* The authenticators of both kinds, over the whole message (RFC 3579 3.2, RFC 2865 3). */
static void seal(uint8_t *bytes, size_t size, size_t mark, const LzRadius *message, const char *secret, const uint8_t *request)
{
    memcpy(bytes + 4, request ? request : message->authenticator, DIGEST_BYTES);
    hmac_md5(secret, (LzBytes){bytes, size}, bytes + mark);
    if (request) {
        const LzBytes parts[] = {{bytes, size}, lz_bytes_of_text(secret)};
        uint8_t digest[DIGEST_BYTES];
        md5(parts, G_N_ELEMENTS(parts), digest);
        memcpy(bytes + 4, digest, DIGEST_BYTES);
    }
}

bool lz_radius_encode(LzWriter *writer, const LzRadius *message, const char *secret, const uint8_t *request)
{
    static const uint8_t zeros[DIGEST_BYTES] = {0};
    uint8_t bytes[LZ_RADIUS_BYTES_MAX];
    LzWriter out = lz_writer(bytes, sizeof bytes);
    lz_write_u8(&out, message->code);
    lz_write_u8(&out, message->id);
    lz_write_u16(&out, 0);
    lz_write_bytes(&out, (LzBytes){zeros, DIGEST_BYTES});
    if (message->code == LZ_RADIUS_REQUEST) {
        write_request(&out, message, secret);
    } else if (message->code == LZ_RADIUS_ACCEPT) {
        write_accept(&out, message);
    }
    if (message->state != 0) {
        lz_write_u8(&out, STATE);
        lz_write_u8(&out, 2 + sizeof message->state);
        lz_write_uint(&out, message->state, sizeof message->state);
    }
    write_eap(&out, message->eap);
    size_t mark = out.size + 2;
    write_attribute(&out, MESSAGE_AUTHENTICATOR, (LzBytes){zeros, DIGEST_BYTES});
    if (out.failed) {
        return false;
    }
    bytes[2] = (uint8_t)(out.size >> 8);
    bytes[3] = (uint8_t)out.size;
    seal(bytes, out.size, mark, message, secret, request);
    lz_write_bytes(writer, (LzBytes){bytes, out.size});
    return !writer->failed;
}

/* ---- reading ---- */

static void read_text(LzBytes value, char *ret_text)
{
    size_t size = MIN(value.size, LZ_RADIUS_TEXT_BYTES - 1);
    memcpy(ret_text, value.data, size);
    ret_text[size] = '\0';
}

static uint64_t read_number(LzBytes value, unsigned width)
{
    LzReader reader = lz_reader(value);
    return lz_read_uint(&reader, width);
}

static bool read_eap(LzBytes value, LzRadius *message)
{
    if (message->eap.size + value.size > sizeof message->eap_bytes) {
        return false;
    }
    memcpy(message->eap_bytes + message->eap.size, value.data, value.size);
    message->eap = (LzBytes){message->eap_bytes, message->eap.size + value.size};
    return true;
}

/* ret_mark: where the message authenticator stands; 0: there is none. */
static bool read_attributes(LzBytes bytes, LzRadius *message, size_t *ret_mark)
{
    LzReader reader = lz_reader(bytes);
    lz_read_bytes(&reader, HEADER_BYTES);
    while (lz_reader_left(&reader) > 0) {
        uint8_t type = lz_read_u8(&reader), size = lz_read_u8(&reader);
        LzBytes value = lz_read_bytes(&reader, size > 2 ? size - 2u : SIZE_MAX);        /* RFC 2865 5: empty ones are not allowed */
        if (reader.failed || (type == EAP_MESSAGE && !read_eap(value, message))) {
            return false;
        }
        if (type == USER_NAME) {
            read_text(value, message->user);
        } else if (type == CALLING_STATION) {
            read_text(value, message->station);
        } else if (type == TUNNEL_GROUP) {
            read_text(value, message->group);
        } else if (type == NAS_IP_ADDRESS) {
            message->nas_address = (uint32_t)read_number(value, 4);
        } else if (type == NAS_PORT) {
            message->nas_port = (uint32_t)read_number(value, 4);
        } else if (type == SERVICE_TYPE) {
            message->is_call_check = read_number(value, 4) == SERVICE_CALL_CHECK;
        } else if (type == SESSION_TIMEOUT) {
            message->session_timeout_s = (uint32_t)read_number(value, 4);
        } else if (type == STATE) {
            message->state = read_number(value, 8);
        } else if (type == MESSAGE_AUTHENTICATOR && value.size == DIGEST_BYTES) {
            *ret_mark = reader.offset - DIGEST_BYTES;
        }
    }
    return !reader.failed;
}

/* Seals a copy anew, and compares. */
static bool is_authentic(LzBytes bytes, size_t mark, const LzRadius *message, const char *secret, const uint8_t *request)
{
    uint8_t copy[LZ_RADIUS_BYTES_MAX];
    memcpy(copy, bytes.data, bytes.size);
    memset(copy + mark, 0, DIGEST_BYTES);
    seal(copy, bytes.size, mark, message, secret, request);
    return memcmp(copy, bytes.data, bytes.size) == 0;
}

bool lz_radius_decode(LzBytes bytes, const char *secret, const uint8_t *request, LzRadius *ret_message)
{
    LzReader reader = lz_reader(bytes);
    ret_message->code = lz_read_u8(&reader);
    ret_message->id = lz_read_u8(&reader);
    size_t size = lz_read_u16(&reader);
    LzBytes authenticator = lz_read_bytes(&reader, DIGEST_BYTES);
    if (reader.failed || size < HEADER_BYTES || size > bytes.size || size > LZ_RADIUS_BYTES_MAX) {
        return false;
    }
    memcpy(ret_message->authenticator, authenticator.data, DIGEST_BYTES);
    ret_message->state = 0;
    ret_message->is_call_check = false;
    ret_message->nas_address = ret_message->nas_port = ret_message->session_timeout_s = 0;
    ret_message->user[0] = ret_message->station[0] = ret_message->group[0] = '\0';
    ret_message->eap = (LzBytes){.data = NULL, .size = 0};
    size_t mark = 0;
    bytes.size = size;
    bool is_request = ret_message->code == LZ_RADIUS_REQUEST;
    return is_request == !request && read_attributes(bytes, ret_message, &mark) && mark > 0 &&
           is_authentic(bytes, mark, ret_message, secret, request);
}

void lz_radius_station(const uint8_t mac[6], char ret_text[LZ_RADIUS_TEXT_BYTES])
{
    g_snprintf(ret_text, LZ_RADIUS_TEXT_BYTES, "%02X-%02X-%02X-%02X-%02X-%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}
