/* HTTP/1.1 under hostile bytes, as requests and as responses: the first byte of the input chooses the pieces in which the
 * rest arrives. How they are split changes nothing. */
#include <glib.h>

#include "lazaret/protocol/http.h"

#define BODY_BYTES_MAX 4096u
#define KEPT_BYTES_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Seen { unsigned heads, ends; uint64_t body_bytes, sum; LzHttpProgress last; } Seen;

static void look(const LzHttpStream *stream, Seen *seen)
{
    LzBytes value;
    seen->heads++;
    seen->sum = seen->sum * 31 + stream->head.status + stream->head.target.size + stream->head.fields.size;
    lz_http_field(&stream->head, "retry-after", &value);
}

static Seen feed(LzHttpKind kind, LzBytes bytes, size_t piece)
{
    Seen seen = {0};
    LzHttpStream stream;
    lz_http_stream_init(&stream, kind, BODY_BYTES_MAX, KEPT_BYTES_MAX);
    for (size_t offset = 0; offset < bytes.size && seen.last == LZ_HTTP_MORE; offset += piece) {
        LzBytes input = {bytes.data + offset, MIN(piece, bytes.size - offset)};
        while ((seen.last = lz_http_stream_next(&stream, &input)) == LZ_HTTP_HEAD || seen.last == LZ_HTTP_END) {
            if (seen.last == LZ_HTTP_HEAD) {
                look(&stream, &seen);
            } else {
                seen.ends++;
                seen.body_bytes += stream.body_bytes;
            }
            g_assert_cmpuint(stream.body_bytes, <=, BODY_BYTES_MAX);
            g_assert_cmpuint(lz_http_stream_body(&stream).size, <=, KEPT_BYTES_MAX);
        }
    }
    seen.ends += lz_http_stream_close(&stream);
    lz_http_stream_clear(&stream);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const LzBytes bytes = {data + 1, size - 1};
    for (LzHttpKind kind = LZ_HTTP_REQUEST; kind <= LZ_HTTP_RESPONSE; kind++) {
        const Seen whole = feed(kind, bytes, MAX(bytes.size, 1)), pieces = feed(kind, bytes, 1u + data[0]);
        g_assert_cmpuint(whole.heads, ==, pieces.heads);
        g_assert_cmpuint(whole.ends, ==, pieces.ends);
        g_assert_cmpuint(whole.body_bytes, ==, pieces.body_bytes);
        g_assert_cmpuint(whole.sum, ==, pieces.sum);
    }
    return 0;
}
