/* Memory on large pages: zeros, apart from each other, used again, of any size. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "sim/core/blocks.h"

enum { BLOCKS = 3000, LARGEST_BYTES = 100000 };

static void test_blocks(void)
{
    static uint8_t *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            sizes[i] = i % 100 == 0 ? LARGEST_BYTES : 1 + i * 7u % 5000;
            blocks[i] = lz_block_new0(sizes[i]);
            g_assert_cmpuint((uintptr_t)blocks[i] % LZ_BLOCK_ALIGNMENT, ==, 0);
            g_assert_true(blocks[i][0] == 0 && memcmp(blocks[i], blocks[i] + 1, sizes[i] - 1) == 0);
            memset(blocks[i], (int)(i % 255 + 1), sizes[i]);
        }
        for (unsigned i = 0; i < BLOCKS; i++) {
            g_assert_cmpuint(blocks[i][0], ==, i % 255 + 1);
            g_assert_cmpuint(blocks[i][sizes[i] - 1], ==, i % 255 + 1);
            lz_block_free(blocks[i], sizes[i]);
        }
    }
    lz_block_free(NULL, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blocks/zeros, apart, used again", test_blocks);
    return g_test_run();
}
