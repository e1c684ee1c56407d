#include "lazaret/protocol/rtp.h"

enum {
    VERSION = 2,
    PADDING_BIT = 0x20, EXTENSION_BIT = 0x10, CONTRIBUTORS_MASK = 0x0f, MARKER_BIT = 0x80,
    /* RFC 6184 5.2, 5.8; nal_ref_idc 3 of a key frame, 2 of another (ITU-T H.264 7.4.1). */
    UNIT_KEY = 5, UNIT_OTHER = 1, UNIT_FRAGMENT = 28, UNIT_TYPE_MASK = 0x1f, REFERENCE_KEY = 3 << 5, REFERENCE_OTHER = 2 << 5,
    FRAGMENT_FIRST = 0x80, FRAGMENT_LAST = 0x40,
};

/* ---- packets ---- */

bool lz_rtp_encode(LzWriter *writer, const LzRtpPacket *packet)
{
    lz_write_u8(writer, VERSION << 6);
    lz_write_u8(writer, (uint8_t)((packet->is_marked ? MARKER_BIT : 0) | (packet->type & 0x7f)));
    lz_write_u16(writer, packet->sequence);
    lz_write_uint(writer, packet->timestamp, 4);
    lz_write_uint(writer, packet->source, 4);
    lz_write_bytes(writer, packet->payload);
    return !writer->failed;
}

static void skip_extension(LzReader *reader)
{
    lz_read_u16(reader);
    lz_read_bytes(reader, 4u * lz_read_u16(reader));
}

bool lz_rtp_decode(LzBytes bytes, LzRtpPacket *ret_packet)
{
    LzReader reader = lz_reader(bytes);
    uint8_t head = lz_read_u8(&reader), type = lz_read_u8(&reader);
    LzRtpPacket packet = {.is_marked = type & MARKER_BIT, .type = type & 0x7f, .sequence = lz_read_u16(&reader)};
    packet.timestamp = (uint32_t)lz_read_uint(&reader, 4);
    packet.source = (uint32_t)lz_read_uint(&reader, 4);
    lz_read_bytes(&reader, 4u * (head & CONTRIBUTORS_MASK));
    if (head & EXTENSION_BIT) {
        skip_extension(&reader);
    }
    size_t left = lz_reader_left(&reader), padding = head & PADDING_BIT && left > 0 ? bytes.data[bytes.size - 1] : 0;
    if (reader.failed || head >> 6 != VERSION || padding > left || (head & PADDING_BIT && padding == 0)) {
        return false;
    }
    packet.payload = lz_read_bytes(&reader, left - padding);
    *ret_packet = packet;
    return true;
}

/* ---- H.264 ---- */

bool lz_h264_write(LzWriter *writer, const LzH264Piece *piece, bool is_key_frame)
{
    unsigned reference = is_key_frame ? REFERENCE_KEY : REFERENCE_OTHER, type = is_key_frame ? UNIT_KEY : UNIT_OTHER;
    if (piece->is_first && piece->is_last) {
        lz_write_u8(writer, (uint8_t)(reference | type));
    } else {
        lz_write_u8(writer, (uint8_t)(reference | UNIT_FRAGMENT));
        lz_write_u8(writer, (uint8_t)((piece->is_first ? FRAGMENT_FIRST : 0u) | (piece->is_last ? FRAGMENT_LAST : 0u) | type));
    }
    lz_write_bytes(writer, piece->bytes);
    return !writer->failed;
}

bool lz_h264_read(LzBytes payload, LzH264Piece *ret_piece)
{
    LzReader reader = lz_reader(payload);
    LzH264Piece piece = {.is_first = true, .is_last = true};
    unsigned type = lz_read_u8(&reader) & UNIT_TYPE_MASK;
    if (type == UNIT_FRAGMENT) {
        uint8_t fragment = lz_read_u8(&reader);
        piece.is_first = fragment & FRAGMENT_FIRST;
        piece.is_last = fragment & FRAGMENT_LAST;
    }
    if (reader.failed || (type != UNIT_FRAGMENT && type != UNIT_KEY && type != UNIT_OTHER)) {
        return false;
    }
    piece.bytes = lz_read_bytes(&reader, lz_reader_left(&reader));
    *ret_piece = piece;
    return true;
}

/* ---- reception ---- */

/* RFC 3550 6.4.1: J += (|D| - J) / 16, D the difference of two packets' transit times. */
static void note_transit(LzRtpReception *reception, LzTime transit_ns)
{
    int64_t difference_ns = transit_ns - reception->transit_ns;
    uint64_t distance_ns = (uint64_t)(difference_ns < 0 ? -difference_ns : difference_ns);
    reception->transit_ns = transit_ns;
    reception->jitter_q4_ns += distance_ns - ((reception->jitter_q4_ns + 8) >> 4);
}

/* Timestamps turn after 13 hours of 90,000 Hz: only differences of near ones are looked at. */
static LzTime media_ns(uint32_t timestamp, uint32_t clock_hz)
{
    return (LzTime)((unsigned __int128)timestamp * (uint64_t)LZ_NS_PER_S / clock_hz);
}

bool lz_rtp_reception_note(LzRtpReception *reception, const LzRtpPacket *packet, uint32_t clock_hz, LzTime arrived_ns)
{
    LzTime transit_ns = arrived_ns - media_ns(packet->timestamp, clock_hz);
    reception->received++;
    if (!reception->has_begun) {
        *reception = (LzRtpReception){.has_begun = true, .highest = packet->sequence, .received = 1,
                                      .base = packet->sequence, .transit_ns = transit_ns};
        return true;
    }
    uint16_t step = (uint16_t)(packet->sequence - reception->highest);
    if (step == 0 || step >= 0x8000) {
        return false;
    }
    reception->cycles += packet->sequence < reception->highest ? 0x10000u : 0;
    reception->highest = packet->sequence;
    note_transit(reception, transit_ns);
    return true;
}

LzTime lz_rtp_jitter_ns(const LzRtpReception *reception)
{
    return (LzTime)(reception->jitter_q4_ns >> 4);
}

uint32_t lz_rtp_expected(const LzRtpReception *reception)
{
    return reception->has_begun ? reception->cycles + reception->highest - reception->base + 1 : 0;
}
