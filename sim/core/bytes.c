/* Counted byte buffers. */
#include "lazaret/bytes.h"

#include <glib.h>
#include <string.h>

LzBuffer *lz_buffer_new(size_t size)
{
    g_assert(size <= UINT32_MAX);
    LzBuffer *buffer = g_malloc(sizeof *buffer + size);
    buffer->references = 1;
    buffer->size = (uint32_t)size;
    return buffer;
}

LzBuffer *lz_buffer_new_copy(const void *data, size_t size)
{
    LzBuffer *buffer = lz_buffer_new(size);
    if (size > 0) {
        memcpy(buffer->data, data, size);
    }
    return buffer;
}

LzBuffer *lz_buffer_ref(LzBuffer *buffer)
{
    buffer->references++;
    return buffer;
}

void lz_buffer_unref(LzBuffer *buffer)
{
    if (buffer && --buffer->references == 0) {
        g_free(buffer);
    }
}
