/* One bounded reader and one bounded writer for every codec. Both have a sticky failure flag: a codec
 * reads or writes all its fields and asks once, at the end, whether it failed. Integers are big-endian. */
#ifndef LAZARET_PROTOCOL_WIRE_H
#define LAZARET_PROTOCOL_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lazaret/bytes.h"

typedef struct LzReader {
    const uint8_t *data;        /* borrowed */
    size_t size, offset;
    bool failed;                /* something was asked for that is not there */
} LzReader;

static inline LzReader lz_reader(LzBytes bytes)
{
    return (LzReader){.data = bytes.data, .size = bytes.size};
}

static inline size_t lz_reader_left(const LzReader *reader)
{
    return reader->failed ? 0 : reader->size - reader->offset;
}

/* A borrowed slice; empty after a failure. */
static inline LzBytes lz_read_bytes(LzReader *reader, size_t size)
{
    if (lz_reader_left(reader) < size) {
        reader->failed = true;
    }
    if (reader->failed || size == 0) {
        return (LzBytes){.data = NULL, .size = 0};
    }
    const LzBytes bytes = {.data = reader->data + reader->offset, .size = size};
    reader->offset += size;
    return bytes;
}

/* An unsigned integer of `width` bytes, 1..8; 0 after a failure. */
static inline uint64_t lz_read_uint(LzReader *reader, unsigned width)
{
    const LzBytes bytes = lz_read_bytes(reader, width);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value = (value << 8) | bytes.data[i];
    }
    return value;
}

static inline uint8_t lz_read_u8(LzReader *reader)
{
    return (uint8_t)lz_read_uint(reader, 1);
}

static inline uint16_t lz_read_u16(LzReader *reader)
{
    return (uint16_t)lz_read_uint(reader, 2);
}

/* Writes into memory of the caller; with data NULL it only counts, so that one function both sizes
 * and writes a message. */
typedef struct LzWriter {
    uint8_t *data;              /* borrowed; NULL: count only */
    size_t capacity, size;
    bool failed;                /* it did not fit */
} LzWriter;

static inline LzWriter lz_writer(uint8_t *data, size_t capacity)
{
    return (LzWriter){.data = data, .capacity = capacity};
}

static inline LzWriter lz_writer_counting(void)
{
    return (LzWriter){.data = NULL, .capacity = SIZE_MAX};
}

static inline void lz_write_bytes(LzWriter *writer, LzBytes bytes)
{
    if (writer->failed || writer->capacity - writer->size < bytes.size) {
        writer->failed = true;
        return;
    }
    if (writer->data && bytes.size > 0) {
        memcpy(writer->data + writer->size, bytes.data, bytes.size);
    }
    writer->size += bytes.size;
}

/* The low `width` bytes of value, 1..8. */
static inline void lz_write_uint(LzWriter *writer, uint64_t value, unsigned width)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
    lz_write_bytes(writer, (LzBytes){.data = bytes, .size = width});
}

static inline void lz_write_u8(LzWriter *writer, uint8_t value)
{
    lz_write_uint(writer, value, 1);
}

static inline void lz_write_u16(LzWriter *writer, uint16_t value)
{
    lz_write_uint(writer, value, 2);
}

static inline LzBytes lz_bytes_of_text(const char *text)
{
    return (LzBytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static inline bool lz_bytes_equal(LzBytes a, LzBytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
