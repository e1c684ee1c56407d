/* RTP: headers, and the formulas of RFC 3550 for jitter and loss. */
#include <string.h>

#include "lazaret/protocol/rtp.h"

#include <glib.h>

static void test_header(void)
{
    static const uint8_t expected[] = "\x80\xe0\x12\x34\x00\x00\x00\xa0\xde\xad\xbe\xef" "abc";
    uint8_t bytes[32];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    const LzRtpPacket packet = {.is_marked = true, .type = 96, .sequence = 0x1234, .timestamp = 160, .source = 0xdeadbeef,
                                .payload = {(const uint8_t *)"abc", 3}};
    g_assert_true(lz_rtp_encode(&writer, &packet));
    g_assert_cmpmem(bytes, writer.size, expected, sizeof expected - 1);
    LzRtpPacket again;
    g_assert_true(lz_rtp_decode((LzBytes){bytes, writer.size}, &again));
    g_assert_true(again.is_marked && again.type == 96 && again.sequence == 0x1234 && again.source == 0xdeadbeef);
    g_assert_false(lz_rtp_decode((LzBytes){bytes, 11}, &again));
    bytes[0] = 0x40;
    g_assert_false(lz_rtp_decode((LzBytes){bytes, writer.size}, &again));
}

/* 160 samples each 20 ms; transit times as given. */
static void note(LzRtpReception *reception, uint16_t number, LzTime transit_ns)
{
    const LzRtpPacket packet = {.sequence = (uint16_t)(65530 + number), .timestamp = (uint32_t)number * 160};
    lz_rtp_reception_note(reception, &packet, 8000, LZ_MILLISECONDS(20) * number + transit_ns);
}

static void test_jitter(void)
{
    LzRtpReception reception = {0};
    for (uint16_t i = 0; i < 100; i++) {
        note(&reception, i, LZ_MILLISECONDS(5));
    }
    g_assert_cmpint(lz_rtp_jitter_ns(&reception), ==, 0);
    note(&reception, 100, LZ_MILLISECONDS(21));         /* D = 16 ms: J = 16 / 16 */
    g_assert_cmpint(lz_rtp_jitter_ns(&reception), ==, LZ_MILLISECONDS(1));
    /* Alternating by 10 ms it tends to 10 ms. */
    for (uint16_t i = 101; i < 1000; i++) {
        note(&reception, i, LZ_MILLISECONDS(5 + 10 * (i % 2)));
    }
    g_assert_cmpint(ABS(lz_rtp_jitter_ns(&reception) - LZ_MILLISECONDS(10)), <, 100);
}

/* The sequence number turns at 65,536. */
static void test_loss(void)
{
    LzRtpReception reception = {0};
    for (uint16_t i = 0; i < 100; i++) {
        if (i % 10 != 7) {
            note(&reception, i, 0);
        }
    }
    g_assert_cmpuint(lz_rtp_expected(&reception), ==, 100);
    g_assert_cmpuint(reception.received, ==, 90);
    const LzRtpPacket old = {.sequence = (uint16_t)(65530 + 50)};
    g_assert_false(lz_rtp_reception_note(&reception, &old, 8000, 0));
    g_assert_cmpuint(lz_rtp_expected(&reception), ==, 100);
}

static void test_h264(void)
{
    uint8_t bytes[16];
    LzH264Piece piece;
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    g_assert_true(lz_h264_write(&writer, &(LzH264Piece){true, true, {(const uint8_t *)"ab", 2}}, true));
    g_assert_cmpmem(bytes, writer.size, "\x65" "ab", 3);
    writer = lz_writer(bytes, sizeof bytes);
    g_assert_true(lz_h264_write(&writer, &(LzH264Piece){false, true, {(const uint8_t *)"ab", 2}}, true));
    g_assert_cmpmem(bytes, writer.size, "\x7c\x45" "ab", 4);
    g_assert_true(lz_h264_read((LzBytes){bytes, writer.size}, &piece));
    g_assert_true(!piece.is_first && piece.is_last && piece.bytes.size == 2);
    g_assert_false(lz_h264_read((LzBytes){bytes, 1}, &piece));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtp/header", test_header);
    g_test_add_func("/rtp/jitter", test_jitter);
    g_test_add_func("/rtp/loss", test_loss);
    g_test_add_func("/rtp/h264", test_h264);
    return g_test_run();
}
