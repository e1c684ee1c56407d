/* Memory for Mbed TLS's record buffers, most of which are never touched: a 16 kB record is rare, and each connection
 * has four buffers for one. Blocks lie on pages of their own that come into being when they are written to. */
#ifndef SIM_TLS_ARENA_H
#define SIM_TLS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LZ_ARENA_PAGE_BYTES = 4096,
    LZ_ARENA_BLOCK_BYTES_MIN = LZ_ARENA_PAGE_BYTES,
    LZ_ARENA_BLOCK_BYTES_MAX = 31 * LZ_ARENA_PAGE_BYTES,
    LZ_ARENA_WARM_MAX = 32,             /* blocks of one size, in pages, that keep theirs while they are free */
};

/* A block of zeros, on any thread. NULL: another size than the arena's, no address space, or a build whose sanitizer
 * wants to see every block. */
void *lz_arena_take(size_t size);
/* false: not a block of the arena, which is then untouched. */
bool lz_arena_give(void *block);
/* Zeros part of a block, giving back the pages that lie wholly in it. false: not in the arena. */
bool lz_arena_clear(void *start, size_t size);

#endif
