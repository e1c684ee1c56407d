/* A request and its answer as bytes: each message begins with a header that says how long it is and how long the answer
 * to it shall be, so that one service can play any exchange of known sizes. A protocol of this project. */
#ifndef LAZARET_PROTOCOL_EXCHANGE_H
#define LAZARET_PROTOCOL_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/bytes.h"

#define LZ_EXCHANGE_HEADER_BYTES 12u
#define LZ_EXCHANGE_MESSAGE_BYTES_MAX 16000000u

typedef struct LzExchangeHeader {
    uint32_t size_bytes;                /* of the message, header included */
    uint32_t answer_bytes;              /* of the answer; 0: none is wanted */
} LzExchangeHeader;

/* Magic "LZX1", then both sizes, big-endian. */
void lz_exchange_write_header(const LzExchangeHeader *header, uint8_t ret_bytes[LZ_EXCHANGE_HEADER_BYTES]);
/* False: not a header, or a size out of bounds. */
bool lz_exchange_read_header(const uint8_t bytes[LZ_EXCHANGE_HEADER_BYTES], LzExchangeHeader *ret_header);

/* Takes a stream of messages apart: keeps what is needed of the one that arrives. Zeroed: at the start of a stream. */
#define LZ_EXCHANGE_KEPT_BYTES 24u      /* the header, and as much of what follows it */
typedef struct LzExchangeReader {
    LzExchangeHeader header;            /* once so many bytes were taken */
    uint32_t taken_bytes;
    uint8_t kept[LZ_EXCHANGE_KEPT_BYTES];
} LzExchangeReader;

typedef enum { LZ_EXCHANGE_MORE, LZ_EXCHANGE_COMPLETE, LZ_EXCHANGE_NONSENSE } LzExchangeProgress;
/* Takes bytes off the front of what arrived, until it is used up or a message is complete; after COMPLETE the next call
 * begins the next message. */
LzExchangeProgress lz_exchange_read(LzExchangeReader *reader, LzBytes *bytes);

#endif
