/* Hints to the machine's cache: they cost little, change nothing, and never fault. A world of many devices does not
 * fit a cache; what the next moments need is fetched while something else is at work. */
#ifndef LAZARET_CACHE_H
#define LAZARET_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define LZ_CACHE_LINE_BYTES 64u

/* size bytes from start on will be read and written soon. Any address will do. */
static inline void lz_cache_fetch(const void *start, size_t size)
{
    for (uintptr_t line = (uintptr_t)start & ~(uintptr_t)(LZ_CACHE_LINE_BYTES - 1); line < (uintptr_t)start + size;
         line += LZ_CACHE_LINE_BYTES) {
        __builtin_prefetch((const void *)line, 1);
    }
}

#endif
