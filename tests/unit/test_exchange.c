/* The codec of requests that say how long their answer shall be, and the stream that is taken apart. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/exchange.h"

static void test_header(void)
{
    static const LzExchangeHeader good[] = {{12, 0}, {12, 12}, {300, 1500}, {LZ_EXCHANGE_MESSAGE_BYTES_MAX, LZ_EXCHANGE_MESSAGE_BYTES_MAX}};
    static const LzExchangeHeader bad[] = {{11, 0}, {0, 0}, {300, 11}, {LZ_EXCHANGE_MESSAGE_BYTES_MAX + 1, 0}, {12, UINT32_MAX}};
    uint8_t bytes[LZ_EXCHANGE_HEADER_BYTES];
    LzExchangeHeader read = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        lz_exchange_write_header(&good[i], bytes);
        g_assert_true(lz_exchange_read_header(bytes, &read));
        g_assert_cmpmem(&read, sizeof read, &good[i], sizeof good[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        lz_exchange_write_header(&bad[i], bytes);
        g_assert_false(lz_exchange_read_header(bytes, &read));
    }
    bytes[0] ^= 1;
    g_assert_false(lz_exchange_read_header(bytes, &read));
}

/* Three messages in pieces of every size: each is seen once, with what it says and the bytes behind its header. */
static void test_stream(void)
{
    enum { FIRST = 12, SECOND = 20, THIRD = 300, ALL = FIRST + SECOND + THIRD };
    static const uint32_t sizes[] = {FIRST, SECOND, THIRD};
    uint8_t stream[ALL];
    memset(stream, 7, sizeof stream);
    for (unsigned i = 0, at = 0; i < G_N_ELEMENTS(sizes); at += sizes[i++]) {
        lz_exchange_write_header(&(LzExchangeHeader){sizes[i], 100 * i}, stream + at);
    }
    for (size_t piece = 1; piece <= ALL; piece++) {
        LzExchangeReader reader = {0};
        unsigned seen = 0;
        for (size_t at = 0; at < ALL; at += piece) {
            LzBytes bytes = {stream + at, MIN(piece, ALL - at)};
            while (bytes.size > 0) {
                LzExchangeProgress progress = lz_exchange_read(&reader, &bytes);
                g_assert_cmpint(progress, !=, LZ_EXCHANGE_NONSENSE);
                if (progress == LZ_EXCHANGE_COMPLETE) {
                    g_assert_cmpuint(reader.header.size_bytes, ==, sizes[seen]);
                    g_assert_cmpuint(reader.header.answer_bytes, ==, 100 * seen);
                    g_assert_true(seen < 2 || reader.kept[LZ_EXCHANGE_KEPT_BYTES - 1] == 7);
                    seen++;
                }
            }
        }
        g_assert_cmpuint(seen, ==, 3);
    }
}

static void test_nonsense(void)
{
    LzExchangeReader reader = {0};
    LzBytes bytes = {(const uint8_t *)"not a header at all", 19};
    g_assert_cmpint(lz_exchange_read(&reader, &bytes), ==, LZ_EXCHANGE_NONSENSE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exchange/header", test_header);
    g_test_add_func("/exchange/stream", test_stream);
    g_test_add_func("/exchange/nonsense", test_nonsense);
    return g_test_run();
}
