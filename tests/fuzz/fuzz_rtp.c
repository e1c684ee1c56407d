/* RTP and H.264 of hostile bytes: what is accepted encodes again, without what is read over, to the same. */
#include <glib.h>

#include "lazaret/protocol/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_piece(const LzRtpPacket *packet)
{
    LzH264Piece piece, again;
    if (!lz_h264_read(packet->payload, &piece)) {
        return;
    }
    g_autofree uint8_t *bytes = g_malloc(packet->payload.size + LZ_H264_HEADER_BYTES);
    LzWriter writer = lz_writer(bytes, packet->payload.size + LZ_H264_HEADER_BYTES);
    g_assert_true(lz_h264_write(&writer, &piece, false));
    g_assert_true(lz_h264_read((LzBytes){bytes, writer.size}, &again));
    g_assert_true(again.is_first == piece.is_first && again.is_last == piece.is_last && lz_bytes_equal(again.bytes, piece.bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LzRtpPacket packet, again;
    if (!lz_rtp_decode((LzBytes){data, size}, &packet)) {
        return 0;
    }
    g_autofree uint8_t *bytes = g_malloc(size);
    LzWriter writer = lz_writer(bytes, size);
    g_assert_true(lz_rtp_encode(&writer, &packet));
    g_assert_true(lz_rtp_decode((LzBytes){bytes, writer.size}, &again));
    g_assert_true(packet.is_marked == again.is_marked && packet.type == again.type && packet.sequence == again.sequence);
    g_assert_true(packet.timestamp == again.timestamp && packet.source == again.source);
    g_assert_true(lz_bytes_equal(packet.payload, again.payload));
    LzRtpReception reception = {0};
    lz_rtp_reception_note(&reception, &packet, 8000, 0);
    g_assert_cmpuint(lz_rtp_expected(&reception), ==, 1);
    check_piece(&packet);
    return 0;
}
