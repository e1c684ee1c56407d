/* CoAP messages (RFC 7252) as bytes. libcoap would bring sockets and a clock of its own along, and its PDU functions a
 * context that holds them: 200 lines are less. */
#ifndef LAZARET_PROTOCOL_COAP_H
#define LAZARET_PROTOCOL_COAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/bytes.h"
#include "lazaret/protocol/wire.h"
#include "lazaret/time.h"

#define LZ_COAP_PORT 5683u              /* RFC 7252 12.6 */
#define LZ_COAPS_PORT 5684u             /* over DTLS: RFC 7252 6.2 */
#define LZ_COAP_TOKEN_BYTES_MAX 8u
#define LZ_COAP_OPTIONS_MAX 24u         /* of a message that we read; RFC 7252 sets no limit */

typedef enum { LZ_COAP_CON, LZ_COAP_NON, LZ_COAP_ACK, LZ_COAP_RST } LzCoapType;

#define LZ_COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))        /* RFC 7252 3: c.dd */
enum {
    LZ_COAP_EMPTY = LZ_COAP_CODE(0, 0),
    LZ_COAP_GET = LZ_COAP_CODE(0, 1), LZ_COAP_POST = LZ_COAP_CODE(0, 2), LZ_COAP_PUT = LZ_COAP_CODE(0, 3),
    LZ_COAP_DELETE = LZ_COAP_CODE(0, 4),
    LZ_COAP_CHANGED = LZ_COAP_CODE(2, 4),
    LZ_COAP_BAD_OPTION = LZ_COAP_CODE(4, 2), LZ_COAP_NOT_ALLOWED = LZ_COAP_CODE(4, 5),
    LZ_COAP_UNAVAILABLE = LZ_COAP_CODE(5, 3),
};

enum {                                  /* RFC 7252 5.10; an odd number is critical: 5.4.6 */
    LZ_COAP_IF_MATCH = 1, LZ_COAP_URI_HOST = 3, LZ_COAP_IF_NONE_MATCH = 5, LZ_COAP_URI_PORT = 7, LZ_COAP_URI_PATH = 11,
    LZ_COAP_CONTENT_FORMAT = 12, LZ_COAP_MAX_AGE = 14, LZ_COAP_URI_QUERY = 15, LZ_COAP_ACCEPT = 17,
};
#define LZ_COAP_OCTET_STREAM 42u        /* RFC 7252 12.3 */

/* RFC 7252 4.8, 4.8.2. */
#define LZ_COAP_ACK_TIMEOUT_NS LZ_SECONDS(2)
#define LZ_COAP_EXCHANGE_LIFETIME_NS LZ_SECONDS(247)

typedef struct LzCoapOption {
    uint16_t number;
    LzBytes value;
} LzCoapOption;

typedef struct LzCoapMessage {          /* bytes are borrowed */
    LzCoapType type;
    uint8_t code;
    uint16_t id;
    LzBytes token;                      /* at most LZ_COAP_TOKEN_BYTES_MAX */
    LzCoapOption options[LZ_COAP_OPTIONS_MAX];  /* by rising number */
    unsigned option_count;
    LzBytes payload;
} LzCoapMessage;

/* False: it does not fit, or is no message. */
bool lz_coap_encode(LzWriter *writer, const LzCoapMessage *message);
/* False: a message format error (RFC 7252 3, 4.1). The message borrows the bytes. */
bool lz_coap_decode(LzBytes bytes, LzCoapMessage *ret_message);

/* Appends the segments of a path, "ward/7/alarm", as Uri-Path options; false: too many, or one longer than 255 bytes. */
bool lz_coap_add_path(LzCoapMessage *message, const char *path);
/* Whether a request has a critical option that nobody here knows (RFC 7252 5.4.1). */
bool lz_coap_has_unknown_critical(const LzCoapMessage *message);

#endif
