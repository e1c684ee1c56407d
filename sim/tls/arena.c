#include "sim/tls/arena.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) \
    || HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(memory_sanitizer)
enum { IS_WANTED = false };
#else
enum { IS_WANTED = true };
#endif

/* Address space, not memory: enough for the buffers of 1.6 million contexts. */
static const size_t arena_bytes = (size_t)64 << 30;
enum {
    CLASS_COUNT = LZ_ARENA_BLOCK_BYTES_MAX / LZ_ARENA_PAGE_BYTES + 1,   /* by pages; 0 is none */
};

typedef struct Page {
    uint32_t block_bytes;       /* asked for, if a block begins here; 0: none does */
    uint32_t next_free;         /* page of the next free block of this class and warmth, 0 = none */
} Page;

/* Of the process, as malloc's own lists are: it decides addresses, which nothing depends on. */
static struct {
    GMutex lock;                /* of all below but begin */
    uint8_t *begin;             /* atomic; set once; NULL: not made yet or refused */
    bool was_tried;
    Page *pages;
    uint32_t fresh;             /* the first page that was never part of a block; page 0 stays unused */
    uint32_t free[CLASS_COUNT];
    uint32_t warm[CLASS_COUNT], warm_count[CLASS_COUNT];        /* free, with what was written to them */
} arena;

static size_t page_count(void)
{
    return arena_bytes / LZ_ARENA_PAGE_BYTES;
}

/* Huge pages would make whole buffers resident at their first byte. */
static void try_to_make(void)
{
    arena.was_tried = true;
    size_t bytes = arena_bytes + page_count() * sizeof(Page);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return;
    }
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    arena.pages = (void *)((uint8_t *)memory + arena_bytes);
    arena.fresh = 1;
    g_atomic_pointer_set(&arena.begin, memory);
}

static size_t class_of(size_t size)
{
    return (size + LZ_ARENA_PAGE_BYTES - 1) / LZ_ARENA_PAGE_BYTES;
}

/* Under the lock. Returns 0 when the arena is full. */
static uint32_t take_pages(size_t class)
{
    uint32_t page = arena.free[class];
    if (page) {
        arena.free[class] = arena.pages[page].next_free;
        return page;
    }
    if (arena.fresh + class > page_count()) {
        return 0;
    }
    page = arena.fresh;
    arena.fresh += (uint32_t)class;
    return page;
}

/* Under the lock. To zero a block that was just in use is quicker than to drop its pages, which interrupts every
 * processor that runs a thread of ours, and to have them made again. Returns 0 when there is none. */
static uint32_t take_warm(size_t class)
{
    uint32_t page = arena.warm[class];
    if (page) {
        arena.warm[class] = arena.pages[page].next_free;
        arena.warm_count[class]--;
    }
    return page;
}

void *lz_arena_take(size_t size)
{
    if (!IS_WANTED || size < LZ_ARENA_BLOCK_BYTES_MIN || size > LZ_ARENA_BLOCK_BYTES_MAX) {
        return NULL;
    }
    g_mutex_lock(&arena.lock);
    if (!arena.was_tried) {
        try_to_make();
    }
    uint32_t warm = arena.begin ? take_warm(class_of(size)) : 0;
    uint32_t page = warm || !arena.begin ? warm : take_pages(class_of(size));
    if (page) {
        arena.pages[page].block_bytes = (uint32_t)size;
    }
    g_mutex_unlock(&arena.lock);
    if (!page) {
        return NULL;
    }
    void *block = arena.begin + (size_t)page * LZ_ARENA_PAGE_BYTES;
    return warm ? memset(block, 0, size) : block;
}

/* The arena's page of an address, 0 = elsewhere. */
static uint32_t page_of(const void *address)
{
    const uint8_t *begin = g_atomic_pointer_get(&arena.begin);
    uintptr_t offset = (uintptr_t)address - (uintptr_t)begin;
    return begin && offset < arena_bytes ? (uint32_t)(offset / LZ_ARENA_PAGE_BYTES) : 0;
}

/* Whole pages. A kernel with larger pages refuses some. */
static void drop_pages(void *start, size_t size)
{
    if (size > 0 && madvise(start, size, MADV_DONTNEED) != 0) {
        memset(start, 0, size);
    }
}

/* false: there are enough of them. */
static bool give_warm(size_t class, uint32_t page)
{
    g_mutex_lock(&arena.lock);
    bool is_kept = arena.warm_count[class] < LZ_ARENA_WARM_MAX;
    if (is_kept) {
        arena.pages[page].next_free = arena.warm[class];
        arena.warm[class] = page;
        arena.warm_count[class]++;
    }
    g_mutex_unlock(&arena.lock);
    return is_kept;
}

bool lz_arena_give(void *block)
{
    uint32_t page = page_of(block);
    if (!page) {
        return false;
    }
    size_t class = class_of(arena.pages[page].block_bytes);
    g_assert(class > 0 && (uintptr_t)block % LZ_ARENA_PAGE_BYTES == 0);
    if (give_warm(class, page)) {
        return true;
    }
    drop_pages(block, class * LZ_ARENA_PAGE_BYTES);
    g_mutex_lock(&arena.lock);
    arena.pages[page].next_free = arena.free[class];
    arena.free[class] = page;
    g_mutex_unlock(&arena.lock);
    return true;
}

bool lz_arena_clear(void *start, size_t size)
{
    uint32_t page = page_of(start);
    if (!page) {
        return false;
    }
    uint8_t *bytes = start;
    size_t before = (0 - (uintptr_t)start) % LZ_ARENA_PAGE_BYTES;
    if (before == 0 && arena.pages[page].block_bytes == size) {
        drop_pages(start, class_of(size) * LZ_ARENA_PAGE_BYTES);       /* the rest of the last page is nobody's */
        return true;
    }
    before = MIN(before, size);
    size_t whole = (size - before) / LZ_ARENA_PAGE_BYTES * LZ_ARENA_PAGE_BYTES;
    memset(bytes, 0, before);
    drop_pages(bytes + before, whole);
    memset(bytes + before + whole, 0, size - before - whole);
    return true;
}
