/* Memory for record buffers: zeros, apart from each other, resident only where written, under threads too. */
#include <glib.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <string.h>
#include <sys/mman.h>

#include "lazaret/random.h"
#include "sim/tls/arena.h"

enum { RECORD_BUFFER_BYTES = 16765, BLOCKS = 64, THREADS = 4, TURNS = 2000 };

static bool has_arena(void)
{
    void *block = lz_arena_take(LZ_ARENA_BLOCK_BYTES_MIN);
    if (!block) {
        g_test_skip("no arena: a sanitizer's build, or no address space");
        return false;
    }
    lz_arena_give(block);
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static unsigned resident_pages(void *block, size_t size)
{
    unsigned char flags[LZ_ARENA_BLOCK_BYTES_MAX / LZ_ARENA_PAGE_BYTES];
    g_assert_cmpint(mincore(block, size, flags), ==, 0);
    unsigned pages = 0;
    for (size_t i = 0; i < (size + LZ_ARENA_PAGE_BYTES - 1) / LZ_ARENA_PAGE_BYTES; i++) {
        pages += flags[i] & 1;
    }
    return pages;
}

static void test_sizes(void)
{
    if (!has_arena()) {
        return;
    }
    static const size_t refused[] = {0, 1, LZ_ARENA_BLOCK_BYTES_MIN - 1, LZ_ARENA_BLOCK_BYTES_MAX + 1, SIZE_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_assert_null(lz_arena_take(refused[i]));
    }
    for (size_t size = LZ_ARENA_BLOCK_BYTES_MIN; size <= LZ_ARENA_BLOCK_BYTES_MAX; size += 509) {
        uint8_t *block = lz_arena_take(size), *next = lz_arena_take(size);
        g_assert_true(block && next && (block + size <= next || next + size <= block));
        g_assert_true(is_zero(block, size));
        memset(block, 0xa5, size);
        g_assert_true(is_zero(next, size));
        g_assert_true(lz_arena_give(block));
        uint8_t *again = lz_arena_take(size);
        g_assert_true(again == block && is_zero(again, size));
        g_assert_true(lz_arena_give(again) && lz_arena_give(next));
    }
    int elsewhere = 0;
    g_assert_false(lz_arena_give(&elsewhere));
    g_assert_false(lz_arena_clear(&elsewhere, sizeof elsewhere));
}

static void test_residency(void)
{
    if (!has_arena()) {
        return;
    }
    uint8_t *block = lz_arena_take(RECORD_BUFFER_BYTES);
    g_assert_cmpuint(resident_pages(block, RECORD_BUFFER_BYTES), ==, 0);
    block[10] = 1;
    g_assert_cmpuint(resident_pages(block, RECORD_BUFFER_BYTES), ==, 1);
    memset(block, 1, RECORD_BUFFER_BYTES);
    g_assert_cmpuint(resident_pages(block, RECORD_BUFFER_BYTES), ==, 5);
    g_assert_true(lz_arena_clear(block, RECORD_BUFFER_BYTES));
    g_assert_cmpuint(resident_pages(block, RECORD_BUFFER_BYTES), ==, 0);
    g_assert_true(lz_arena_give(block));
}

/* A few free blocks stay as they are, to be used at once; those beyond cost nothing. All are zeros when they are taken. */
static void test_free_residency(void)
{
    if (!has_arena()) {
        return;
    }
    enum { COUNT = LZ_ARENA_WARM_MAX + 5 };
    uint8_t *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = lz_arena_take(RECORD_BUFFER_BYTES);
        memset(blocks[i], 1, RECORD_BUFFER_BYTES);
    }
    for (int i = 0; i < COUNT; i++) {
        g_assert_true(lz_arena_give(blocks[i]));
    }
    for (int i = 0; i < COUNT; i++) {
        g_assert_cmpuint(resident_pages(blocks[i], RECORD_BUFFER_BYTES), ==, i < LZ_ARENA_WARM_MAX ? 5 : 0);
    }
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = lz_arena_take(RECORD_BUFFER_BYTES);
        g_assert_true(is_zero(blocks[i], RECORD_BUFFER_BYTES));
    }
    for (int i = 0; i < COUNT; i++) {
        g_assert_true(lz_arena_give(blocks[i]));
    }
}

/* Any part of a block, and nothing beside it; small blocks, outside the arena, as well. */
static void test_zeroize(void)
{
    static const size_t sizes[] = {64, LZ_ARENA_PAGE_BYTES, 3 * LZ_ARENA_PAGE_BYTES, RECORD_BUFFER_BYTES,
                                   LZ_ARENA_BLOCK_BYTES_MAX + 1};
    LzRandom random;
    lz_random_init(&random, 1, 1, LZ_PURPOSE_TLS);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        uint8_t *block = mbedtls_calloc(1, sizes[i]);
        g_assert_true(is_zero(block, sizes[i]));
        for (int turn = 0; turn < 200; turn++) {
            uint32_t draws[2];
            lz_random_fill(&random, draws, sizeof draws);
            size_t from = draws[0] % sizes[i], size = turn == 0 ? 0 : draws[1] % (sizes[i] - from + 1);
            memset(block, 0x5a, sizes[i]);
            mbedtls_platform_zeroize(block + from, size);
            g_assert_true(is_zero(block + from, size));
            for (size_t at = 0; at < sizes[i]; at++) {
                g_assert_cmpuint(block[at], ==, at >= from && at < from + size ? 0 : 0x5a);
            }
        }
        mbedtls_platform_zeroize(block, sizes[i]);
        g_assert_true(is_zero(block, sizes[i]));
        mbedtls_free(block);
    }
    mbedtls_free(NULL);
}

/* Takes, marks, checks and gives back blocks of random sizes. */
static gpointer work(gpointer number)
{
    LzRandom random;
    lz_random_init(&random, GPOINTER_TO_UINT(number), 1, LZ_PURPOSE_TLS);
    uint8_t *blocks[BLOCKS] = {NULL};
    size_t sizes[BLOCKS] = {0};
    for (int turn = 0; turn < TURNS; turn++) {
        uint32_t draws[2];
        lz_random_fill(&random, draws, sizeof draws);
        size_t i = draws[0] % BLOCKS;
        if (blocks[i]) {
            g_assert_cmpuint(blocks[i][0], ==, GPOINTER_TO_UINT(number));
            g_assert_cmpuint(blocks[i][sizes[i] - 1], ==, GPOINTER_TO_UINT(number));
            mbedtls_free(blocks[i]);
        }
        sizes[i] = 2 + draws[1] % (2 * LZ_ARENA_BLOCK_BYTES_MAX);
        blocks[i] = mbedtls_calloc(sizes[i], 1);
        g_assert_true(is_zero(blocks[i], sizes[i]));
        blocks[i][0] = blocks[i][sizes[i] - 1] = (uint8_t)GPOINTER_TO_UINT(number);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        mbedtls_free(blocks[i]);
    }
    return NULL;
}

static void test_threads(void)
{
    GThread *threads[THREADS];
    for (guint i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("arena", work, GUINT_TO_POINTER(i + 1));
    }
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/arena/residency", test_residency);     /* first, while no block is warm */
    g_test_add_func("/tls/arena/sizes", test_sizes);
    g_test_add_func("/tls/arena/free-residency", test_free_residency);
    g_test_add_func("/tls/arena/zeroize", test_zeroize);
    g_test_add_func("/tls/arena/threads", test_threads);
    return g_test_run();
}
