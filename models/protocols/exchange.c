#include "lazaret/protocol/exchange.h"

#include "lazaret/protocol/wire.h"

#define MAGIC UINT32_C(0x4c5a5831)      /* "LZX1" */

void lz_exchange_write_header(const LzExchangeHeader *header, uint8_t ret_bytes[LZ_EXCHANGE_HEADER_BYTES])
{
    LzWriter writer = lz_writer(ret_bytes, LZ_EXCHANGE_HEADER_BYTES);
    lz_write_uint(&writer, MAGIC, 4);
    lz_write_uint(&writer, header->size_bytes, 4);
    lz_write_uint(&writer, header->answer_bytes, 4);
}

bool lz_exchange_read_header(const uint8_t bytes[LZ_EXCHANGE_HEADER_BYTES], LzExchangeHeader *ret_header)
{
    LzReader reader = lz_reader((LzBytes){bytes, LZ_EXCHANGE_HEADER_BYTES});
    bool is_header = lz_read_uint(&reader, 4) == MAGIC;
    LzExchangeHeader header = {.size_bytes = (uint32_t)lz_read_uint(&reader, 4)};
    header.answer_bytes = (uint32_t)lz_read_uint(&reader, 4);
    if (!is_header || header.size_bytes < LZ_EXCHANGE_HEADER_BYTES || header.size_bytes > LZ_EXCHANGE_MESSAGE_BYTES_MAX ||
        header.answer_bytes > LZ_EXCHANGE_MESSAGE_BYTES_MAX ||
        (header.answer_bytes > 0 && header.answer_bytes < LZ_EXCHANGE_HEADER_BYTES)) {
        return false;
    }
    *ret_header = header;
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* So many bytes go to the message, the first ones are kept. */
static void take(LzExchangeReader *reader, LzBytes *bytes, size_t size)
{
    if (reader->taken_bytes < LZ_EXCHANGE_KEPT_BYTES) {
        size_t kept = least(size, LZ_EXCHANGE_KEPT_BYTES - reader->taken_bytes);
        memcpy(reader->kept + reader->taken_bytes, bytes->data, kept);
    }
    reader->taken_bytes += (uint32_t)size;
    *bytes = (LzBytes){bytes->data + size, bytes->size - size};
}

LzExchangeProgress lz_exchange_read(LzExchangeReader *reader, LzBytes *bytes)
{
    if (reader->taken_bytes > 0 && reader->taken_bytes == reader->header.size_bytes) {
        *reader = (LzExchangeReader){0};
    }
    if (reader->taken_bytes < LZ_EXCHANGE_HEADER_BYTES) {
        take(reader, bytes, least(bytes->size, LZ_EXCHANGE_HEADER_BYTES - reader->taken_bytes));
        if (reader->taken_bytes < LZ_EXCHANGE_HEADER_BYTES) {
            return LZ_EXCHANGE_MORE;
        }
        if (!lz_exchange_read_header(reader->kept, &reader->header)) {
            return LZ_EXCHANGE_NONSENSE;
        }
    }
    take(reader, bytes, least(bytes->size, reader->header.size_bytes - reader->taken_bytes));
    return reader->taken_bytes == reader->header.size_bytes ? LZ_EXCHANGE_COMPLETE : LZ_EXCHANGE_MORE;
}
