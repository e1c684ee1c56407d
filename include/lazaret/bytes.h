/* Bytes by reference: a counted buffer, and slices of it. Payload is written once by its sender
 * and then only referred to, through queues, links and taps. */
#ifndef LAZARET_BYTES_H
#define LAZARET_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct LzBuffer {
    uint32_t references;
    uint32_t size;
    uint8_t data[];
} LzBuffer;

/* Borrowed bytes, valid during the call they are handed to. */
typedef struct LzBytes {
    const uint8_t *data;
    size_t size;
} LzBytes;

LzBuffer *lz_buffer_new(size_t size);                       /* contents undefined, one reference */
LzBuffer *lz_buffer_new_copy(const void *data, size_t size);
LzBuffer *lz_buffer_ref(LzBuffer *buffer);
void lz_buffer_unref(LzBuffer *buffer);                     /* accepts NULL */

#endif
