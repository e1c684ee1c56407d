/* NTP packets (RFC 5905 section 7.3) of a client and a server, and what a client makes of an answer. */
#ifndef LAZARET_PROTOCOL_NTP_H
#define LAZARET_PROTOCOL_NTP_H

#include "lazaret/protocol/wire.h"
#include "lazaret/time.h"

#define LZ_NTP_PORT 123
#define LZ_NTP_BYTES 48u

typedef enum { LZ_NTP_CLIENT = 3, LZ_NTP_SERVER = 4 } LzNtpMode;

/* Times in ns since 1970; on the wire in seconds since 1900 and 2^-32 of a second. */
typedef struct LzNtpMessage {
    uint8_t mode, stratum;
    int8_t poll, precision;             /* log2 of seconds */
    LzTime reference_ns, originate_ns, receive_ns, transmit_ns;         /* 0: not there */
} LzNtpMessage;

bool lz_ntp_encode(LzWriter *writer, const LzNtpMessage *message);
/* False for what is no version 4 packet of a client or a server. */
bool lz_ntp_decode(LzBytes bytes, LzNtpMessage *ret_message);
/* How far the client's clock is behind the server's, from the four times of an exchange (RFC 5905 section 8): right
 * when both ways take as long. arrived_ns: when the answer came, by the client's clock. */
LzTime lz_ntp_offset_ns(const LzNtpMessage *answer, LzTime arrived_ns);

#endif
