/* HTTP/1.1 (RFC 9110, RFC 9112), bytes in and bytes out: heads, bodies of known length, in chunks, or until the
 * connection ends, from a byte stream that arrives in any split. Strict where leniency lets two readers of one stream
 * disagree (RFC 9112 11.2). Decoded heads borrow the bytes they were decoded from. */
#ifndef LAZARET_PROTOCOL_HTTP_H
#define LAZARET_PROTOCOL_HTTP_H

#include <glib.h>

#include "lazaret/protocol/wire.h"

#define LZ_HTTP_HEAD_BYTES_MAX 16384u           /* of a head, of the fields behind the last chunk, of a chunk's own line */
#define LZ_HTTP_BODY_BYTES_MAX (UINT64_C(1) << 40)

typedef enum { LZ_HTTP_REQUEST, LZ_HTTP_RESPONSE } LzHttpKind;

typedef enum {
    LZ_HTTP_NO_BODY,
    LZ_HTTP_SIZED,              /* Content-Length */
    LZ_HTTP_CHUNKED,
    LZ_HTTP_UNTIL_CLOSE,        /* a response without either: RFC 9112 6.3 */
} LzHttpFraming;

typedef struct LzHttpHead {
    LzHttpKind kind;
    LzBytes method, target;     /* of a request */
    unsigned status;            /* of a response, 100..599 */
    LzBytes fields;             /* its field lines, for lz_http_field() */
    LzHttpFraming framing;
    uint64_t body_bytes;        /* LZ_HTTP_SIZED */
    bool closes;                /* the connection ends after it: Connection: close, or HTTP/1.0 */
} LzHttpHead;

/* One whole head with its empty line. False: breaks a rule; ret_head is untouched. */
bool lz_http_decode_head(LzBytes head, LzHttpKind kind, LzHttpHead *ret_head);
/* The value of the first field of that name (in any case), without the blanks around it. */
bool lz_http_field(const LzHttpHead *head, const char *name, LzBytes *ret_value);
const char *lz_http_reason(unsigned status);    /* "Service Unavailable"; "" when it is none that we send */

/* ---- writing; a writer fails when it is given what would end a line ---- */

void lz_http_write_request(LzWriter *writer, const char *method, LzBytes target, const char *host);
void lz_http_write_status(LzWriter *writer, unsigned status);
void lz_http_write_field(LzWriter *writer, const char *name, LzBytes value);
void lz_http_write_number(LzWriter *writer, const char *name, uint64_t value);
void lz_http_write_date(LzWriter *writer, int64_t wall_ns);       /* RFC 9110 6.6.1: when the answer was made */
void lz_http_write_end(LzWriter *writer);                       /* the empty line that ends a head */
void lz_http_write_chunk(LzWriter *writer, LzBytes data);       /* without data: the last one */

/* ---- one direction of a connection ---- */

typedef enum {
    LZ_HTTP_MORE,               /* the input is used up */
    LZ_HTTP_HEAD,               /* `head` is known, and stays until the next one begins */
    LZ_HTTP_END,                /* its body is complete; then the next message begins */
    LZ_HTTP_BROKEN,             /* not HTTP/1.1; stays so */
    LZ_HTTP_TOO_LARGE,          /* beyond a limit; stays so */
} LzHttpProgress;

typedef struct LzHttpStream {
    LzHttpKind kind;
    uint64_t body_bytes_max;    /* a longer body is LZ_HTTP_TOO_LARGE */
    size_t kept_bytes_max;      /* so much of the body's beginning is kept */
    LzHttpHead head;
    GByteArray *head_bytes;     /* what head borrows */
    GByteArray *line;           /* between chunks, not complete */
    GByteArray *body;           /* the beginning of the body, until the next head */
    uint64_t body_bytes;        /* of the body that has come, kept or not */
    uint64_t left_bytes;        /* of the sized body or the chunk that arrives */
    int phase;
    bool expects_no_body;       /* set by the reader of responses before the answer to HEAD comes */
} LzHttpStream;

void lz_http_stream_init(LzHttpStream *stream, LzHttpKind kind, uint64_t body_bytes_max, size_t kept_bytes_max);
void lz_http_stream_clear(LzHttpStream *stream);        /* back to its beginning, limits kept; safe on zeroed memory */
LzHttpProgress lz_http_stream_next(LzHttpStream *stream, LzBytes *input);
/* The connection has ended in order. True: that completed a message whose body ends so. */
bool lz_http_stream_close(LzHttpStream *stream);
/* Of the message between HEAD and the next HEAD; borrowed. */
LzBytes lz_http_stream_body(const LzHttpStream *stream);

#endif
