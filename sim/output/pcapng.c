/* pcapng blocks, written and never read. */
#include "sim/output/pcapng.h"

#include <string.h>

/* Block types and option codes of the pcapng draft; the secrets type is that of its section 4.7. */
#define BLOCK_SECTION UINT32_C(0x0a0d0d0a)
#define BLOCK_INTERFACE UINT32_C(1)
#define BLOCK_PACKET UINT32_C(6)
#define BLOCK_SECRETS UINT32_C(10)
#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define SECRETS_TLS_KEY_LOG UINT32_C(0x544c534b)
#define LINKTYPE_ETHERNET 1u
#define RESOLUTION_NS 9u                /* if_tsresol: negative power of ten */
#define PACKET_INBOUND UINT32_C(1)
#define PACKET_OUTBOUND UINT32_C(2)

enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_SECTION_APPLICATION = 4, OPTION_INTERFACE_NAME = 2,
       OPTION_INTERFACE_DESCRIPTION = 3, OPTION_INTERFACE_RESOLUTION = 9, OPTION_PACKET_FLAGS = 2 };

static void put16(GByteArray *bytes, unsigned value)
{
    uint8_t data[2] = {value & 0xff, value >> 8 & 0xff};
    g_byte_array_append(bytes, data, sizeof data);
}

static void put32(GByteArray *bytes, uint32_t value)
{
    put16(bytes, value & 0xffff);
    put16(bytes, value >> 16);
}

static void put_padded(GByteArray *bytes, const void *data, size_t size)
{
    static const uint8_t zeros[3] = {0};
    g_byte_array_append(bytes, data, (guint)size);
    g_byte_array_append(bytes, zeros, (guint)(3 - (size + 3) % 4));
}

static void put_option(GByteArray *bytes, unsigned code, const void *data, size_t size)
{
    g_assert(size <= UINT16_MAX);
    put16(bytes, code);
    put16(bytes, (unsigned)size);
    put_padded(bytes, data, size);
}

static void put_option_text(GByteArray *bytes, unsigned code, const char *text)
{
    if (text) {
        put_option(bytes, code, text, strlen(text));
    }
}

/* Returns where the block begins; its length is filled in at the end. */
static guint begin_block(GByteArray *bytes, uint32_t type)
{
    guint start = bytes->len;
    put32(bytes, type);
    put32(bytes, 0);
    return start;
}

static void end_block(GByteArray *bytes, guint start)
{
    uint32_t size = bytes->len - start + 4;
    uint32_t wire = GUINT32_TO_LE(size);
    memcpy(bytes->data + start + 4, &wire, sizeof wire);
    put32(bytes, size);
}

void lz_pcapng_section(GByteArray *bytes, const char *application, const char *comment)
{
    guint start = begin_block(bytes, BLOCK_SECTION);
    put32(bytes, BYTE_ORDER_MAGIC);
    put16(bytes, 1);                    /* version 1.0 */
    put16(bytes, 0);
    put32(bytes, UINT32_MAX);           /* section length: not specified */
    put32(bytes, UINT32_MAX);
    put_option_text(bytes, OPTION_COMMENT, comment);
    put_option_text(bytes, OPTION_SECTION_APPLICATION, application);
    put32(bytes, OPTION_END);
    end_block(bytes, start);
}

void lz_pcapng_interface(GByteArray *bytes, const char *name, const char *description)
{
    static const uint8_t resolution = RESOLUTION_NS;
    guint start = begin_block(bytes, BLOCK_INTERFACE);
    put16(bytes, LINKTYPE_ETHERNET);
    put16(bytes, 0);                    /* reserved */
    put32(bytes, 0);                    /* no snapshot length */
    put_option_text(bytes, OPTION_INTERFACE_NAME, name);
    put_option_text(bytes, OPTION_INTERFACE_DESCRIPTION, description);
    put_option(bytes, OPTION_INTERFACE_RESOLUTION, &resolution, sizeof resolution);
    put32(bytes, OPTION_END);
    end_block(bytes, start);
}

void lz_pcapng_secrets(GByteArray *bytes, const char *key_log, size_t size)
{
    guint start = begin_block(bytes, BLOCK_SECRETS);
    g_assert(size <= UINT32_MAX);
    put32(bytes, SECRETS_TLS_KEY_LOG);
    put32(bytes, (uint32_t)size);
    put_padded(bytes, key_log, size);
    end_block(bytes, start);
}

void lz_pcapng_packet(GByteArray *bytes, uint32_t interface, int64_t time_ns, bool is_outgoing, const uint8_t *frame,
                      size_t size)
{
    uint32_t flags = GUINT32_TO_LE(is_outgoing ? PACKET_OUTBOUND : PACKET_INBOUND);
    guint start = begin_block(bytes, BLOCK_PACKET);
    g_assert(time_ns >= 0 && size <= UINT32_MAX);
    put32(bytes, interface);
    put32(bytes, (uint32_t)((uint64_t)time_ns >> 32));
    put32(bytes, (uint32_t)time_ns);
    put32(bytes, (uint32_t)size);       /* captured */
    put32(bytes, (uint32_t)size);       /* original */
    put_padded(bytes, frame, size);
    put_option(bytes, OPTION_PACKET_FLAGS, &flags, sizeof flags);
    put32(bytes, OPTION_END);
    end_block(bytes, start);
}
