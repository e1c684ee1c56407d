#include "sim/tls/spare_buffers.h"

#include <glib.h>
#include <mbedtls/threading.h>

enum { SPARE_MAX = 16 };        /* more than threads that work at a time */

struct LzSpareBuffers {
    mbedtls_threading_mutex_t lock;     /* a pthread's, which the thread sanitizer understands; GLib's it does not */
    unsigned count;
    LzInsideBuffers buffers[SPARE_MAX];
};

LzSpareBuffers *lz_spare_buffers_new(void)
{
    LzSpareBuffers *spare = g_new0(LzSpareBuffers, 1);
    mbedtls_mutex_init(&spare->lock);
    return spare;
}

void lz_spare_buffers_free(LzSpareBuffers *spare)
{
    if (!spare) {
        return;
    }
    for (unsigned i = 0; i < spare->count; i++) {
        lz_inside_buffers_free(&spare->buffers[i]);
    }
    mbedtls_mutex_free(&spare->lock);
    g_free(spare);
}

static void lock(LzSpareBuffers *spare)
{
    int ret = mbedtls_mutex_lock(&spare->lock);
    g_assert(ret == 0);
}

static void unlock(LzSpareBuffers *spare)
{
    int ret = mbedtls_mutex_unlock(&spare->lock);
    g_assert(ret == 0);
}

/* Out of memory ends the program, as with GLib. */
LzInsideBuffers lz_spare_buffers_take(LzSpareBuffers *spare)
{
    lock(spare);
    bool has_one = spare->count > 0;
    LzInsideBuffers buffers = {NULL, NULL};
    if (has_one) {
        buffers = spare->buffers[--spare->count];
    }
    unlock(spare);
    bool is_made = has_one || lz_inside_buffers_new(&buffers);
    g_assert(is_made);
    return buffers;
}

void lz_spare_buffers_give(LzSpareBuffers *spare, LzInsideBuffers buffers)
{
    lock(spare);
    bool is_kept = spare->count < SPARE_MAX;
    if (is_kept) {
        spare->buffers[spare->count++] = buffers;
    }
    unlock(spare);
    if (!is_kept) {
        lz_inside_buffers_free(&buffers);
    }
}
