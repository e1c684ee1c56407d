#include "sim/core/blocks.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
/* A sanitizer wants to see every block. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) \
    || HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(memory_sanitizer)
enum { IS_WANTED = false };
#else
enum { IS_WANTED = true };
#endif

#define LARGE_PAGE_BYTES ((size_t)2 << 20)      /* of x86-64 and of AArch64 with 4 kB pages; elsewhere only a granule */
#define CLASS_COUNT 512u                        /* multiples of the alignment: blocks of up to 32 kB */

/* A free block. */
typedef struct Unused Unused;
struct Unused { Unused *next; };

/* Of the process, as malloc's own lists are: it decides addresses, which nothing depends on. */
static struct {
    GMutex lock;
    uint8_t *fresh;             /* zeros that were never part of a block */
    size_t fresh_bytes;
    Unused *unused[CLASS_COUNT];        /* by size */
} blocks;

/* 0: not ours to keep. */
static size_t class_of(size_t bytes)
{
    size_t class = (bytes + LZ_BLOCK_ALIGNMENT - 1) / LZ_BLOCK_ALIGNMENT;
    return IS_WANTED && class < CLASS_COUNT ? class : 0;
}

/* What is left of the last page is too little for a block of this size and stays unused. */
static bool add_page(void)
{
    size_t bytes = 2 * LARGE_PAGE_BYTES;        /* contains one that is aligned; the rest gives its addresses back */
    uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    size_t before = (LARGE_PAGE_BYTES - (uintptr_t)memory % LARGE_PAGE_BYTES) % LARGE_PAGE_BYTES;
    if (before > 0) {
        munmap(memory, before);
    }
    munmap(memory + before + LARGE_PAGE_BYTES, LARGE_PAGE_BYTES - before);
#ifdef MADV_HUGEPAGE
    madvise(memory + before, LARGE_PAGE_BYTES, MADV_HUGEPAGE);
#endif
    blocks.fresh = memory + before;
    blocks.fresh_bytes = LARGE_PAGE_BYTES;
    return true;
}

static void *take(size_t class)
{
    Unused *unused = blocks.unused[class];
    if (unused) {
        blocks.unused[class] = unused->next;
        return memset(unused, 0, class * LZ_BLOCK_ALIGNMENT);
    }
    if (blocks.fresh_bytes < class * LZ_BLOCK_ALIGNMENT && !add_page()) {
        return NULL;
    }
    void *block = blocks.fresh;
    blocks.fresh += class * LZ_BLOCK_ALIGNMENT;
    blocks.fresh_bytes -= class * LZ_BLOCK_ALIGNMENT;
    return block;
}

void *lz_block_new0(size_t bytes)
{
    size_t class = class_of(bytes);
    if (class == 0) {
        return g_aligned_alloc0(1, bytes, LZ_BLOCK_ALIGNMENT);
    }
    g_mutex_lock(&blocks.lock);
    void *block = take(class);
    g_mutex_unlock(&blocks.lock);
    if (!block) {
        g_error("no memory for a block of %zu bytes", bytes);
    }
    return block;
}

void lz_block_free(void *block, size_t bytes)
{
    size_t class = class_of(bytes);
    if (class == 0) {
        g_aligned_free(block);
    } else if (block) {
        Unused *unused = block;
        g_mutex_lock(&blocks.lock);
        unused->next = blocks.unused[class];
        blocks.unused[class] = unused;
        g_mutex_unlock(&blocks.lock);
    }
}
