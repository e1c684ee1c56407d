/* RTP packets (RFC 3550), H.264 in them (RFC 6184), and what a receiver reckons of a stream: loss and jitter. */
#ifndef LAZARET_PROTOCOL_RTP_H
#define LAZARET_PROTOCOL_RTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/bytes.h"
#include "lazaret/protocol/wire.h"
#include "lazaret/time.h"

#define LZ_RTP_HEADER_BYTES 12u
#define LZ_RTP_CONTRIBUTORS_MAX 15u
#define LZ_RTP_PCMU 0u                  /* RFC 3551 6: G.711 mu-law, 8,000 Hz */
#define LZ_RTP_H264 96u                 /* the first dynamic payload type; 90,000 Hz (RFC 6184 8.2.1) */
/* RFC 3711 5.2, AES_CM_128_HMAC_SHA1_80: the tag behind the payload. */
#define LZ_SRTP_TAG_BYTES 10u

typedef struct LzRtpPacket {            /* payload is borrowed; extension, contributors and padding are read over */
    bool is_marked;
    uint8_t type;                       /* of the payload, 0..127 */
    uint16_t sequence;
    uint32_t timestamp, source;         /* source: SSRC */
    LzBytes payload;
} LzRtpPacket;

bool lz_rtp_encode(LzWriter *writer, const LzRtpPacket *packet);
bool lz_rtp_decode(LzBytes bytes, LzRtpPacket *ret_packet);             /* false: no RTP packet of version 2 */

/* A unit of H.264 in one packet, or a fragment of it (RFC 6184 5.6, 5.8). */
typedef struct LzH264Piece {
    bool is_first, is_last;
    LzBytes bytes;                      /* without the headers of packet and unit */
} LzH264Piece;
#define LZ_H264_HEADER_BYTES 2u         /* at most, in front of a piece */
bool lz_h264_write(LzWriter *writer, const LzH264Piece *piece, bool is_key_frame);
bool lz_h264_read(LzBytes payload, LzH264Piece *ret_piece);

/* RFC 3550 A.3 and 6.4.1. Zeroed: nothing has come yet. */
typedef struct LzRtpReception {
    bool has_begun;
    uint16_t highest;
    uint32_t cycles, received;          /* cycles: 65,536 for each turn of the sequence number */
    uint32_t base;                      /* the first extended sequence number */
    int64_t transit_ns;                 /* of the last packet, but for a constant */
    uint64_t jitter_q4_ns;              /* sixteen times the jitter */
} LzRtpReception;

/* A packet has come; clock_hz: of the stream's timestamps. False: it is older than the newest, or comes again. */
bool lz_rtp_reception_note(LzRtpReception *reception, const LzRtpPacket *packet, uint32_t clock_hz, LzTime arrived_ns);
LzTime lz_rtp_jitter_ns(const LzRtpReception *reception);
/* Packets that should have come so far. */
uint32_t lz_rtp_expected(const LzRtpReception *reception);

#endif
