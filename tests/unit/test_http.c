/* The codec of HTTP/1.1: what is written reads back in any split, and what two readers could read differently is refused. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/http.h"

#define BODY_MAX 100000u

static LzBytes text(const char *string)
{
    return lz_bytes_of_text(string);
}

static void assert_text(LzBytes bytes, const char *expected)
{
    g_assert_cmpmem(bytes.data, bytes.size, expected, strlen(expected));
}

static void test_request(void)
{
    uint8_t bytes[512];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_http_write_request(&writer, "POST", text("/fhir/Observation"), "ehr.hospital.example");
    lz_http_write_field(&writer, "Content-Type", text("application/fhir+json"));
    lz_http_write_number(&writer, "Content-Length", 1234);
    lz_http_write_end(&writer);
    g_assert_false(writer.failed);
    LzHttpHead head;
    g_assert_true(lz_http_decode_head((LzBytes){bytes, writer.size}, LZ_HTTP_REQUEST, &head));
    assert_text(head.method, "POST");
    assert_text(head.target, "/fhir/Observation");
    g_assert_cmpint(head.framing, ==, LZ_HTTP_SIZED);
    g_assert_cmpuint(head.body_bytes, ==, 1234);
    g_assert_false(head.closes);
    LzBytes value;
    g_assert_true(lz_http_field(&head, "content-TYPE", &value));
    assert_text(value, "application/fhir+json");
    g_assert_true(lz_http_field(&head, "host", &value));
    assert_text(value, "ehr.hospital.example");
    g_assert_false(lz_http_field(&head, "accept", &value));
}

/* Nothing that a caller passes can end a line or the request line's words. */
static void test_injection(void)
{
    static const char *const targets[] = {"", "/a b", "/a\r\nHost: b", "/a\n"};
    for (unsigned i = 0; i < G_N_ELEMENTS(targets); i++) {
        LzWriter writer = lz_writer_counting();
        lz_http_write_request(&writer, "GET", text(targets[i]), "host");
        g_assert_true(writer.failed);
    }
    LzWriter writer = lz_writer_counting();
    lz_http_write_field(&writer, "X-Name", text("a\r\nb: c"));
    g_assert_true(writer.failed);
    writer = lz_writer_counting();
    lz_http_write_field(&writer, "X Name", text("a"));
    g_assert_true(writer.failed);
}

static void test_bad_heads(void)
{
    static const struct { const char *name, *head; LzHttpKind kind; } cases[] = {
        {"nothing", "\r\n", LZ_HTTP_REQUEST},
        {"no version", "GET /\r\n\r\n", LZ_HTTP_REQUEST},
        {"HTTP/2", "GET / HTTP/2.0\r\n\r\n", LZ_HTTP_REQUEST},
        {"two blanks", "GET  / HTTP/1.1\r\n\r\n", LZ_HTTP_REQUEST},
        {"bare line feed", "GET / HTTP/1.1\nHost: a\n\n", LZ_HTTP_REQUEST},
        {"blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", LZ_HTTP_REQUEST},
        {"no name", "GET / HTTP/1.1\r\n: a\r\n\r\n", LZ_HTTP_REQUEST},
        {"continued line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", LZ_HTTP_REQUEST},
        {"control character", "GET / HTTP/1.1\r\nHost: a\001\r\n\r\n", LZ_HTTP_REQUEST},
        {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", LZ_HTTP_REQUEST},
        {"list of lengths", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", LZ_HTTP_REQUEST},
        {"negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", LZ_HTTP_REQUEST},
        {"absurd length", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", LZ_HTTP_REQUEST},
        {"length and chunks", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", LZ_HTTP_REQUEST},
        {"chunks and length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", LZ_HTTP_REQUEST},
        {"unknown coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", LZ_HTTP_REQUEST},
        {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", LZ_HTTP_RESPONSE},
        {"status 999", "HTTP/1.1 999 OK\r\n\r\n", LZ_HTTP_RESPONSE},
        {"no blank behind the status", "HTTP/1.1 200\r\n\r\n", LZ_HTTP_RESPONSE},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        LzHttpHead head = {.status = 7};
        g_test_message("%s", cases[i].name);
        g_assert_false(lz_http_decode_head(text(cases[i].head), cases[i].kind, &head));
        g_assert_cmpuint(head.status, ==, 7);
    }
}

static void test_framing(void)
{
    static const struct { const char *head; LzHttpFraming framing; bool closes; } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", LZ_HTTP_SIZED, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", LZ_HTTP_SIZED, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding:\tChunked \r\n\r\n", LZ_HTTP_CHUNKED, false},
        {"HTTP/1.1 200 OK\r\n\r\n", LZ_HTTP_UNTIL_CLOSE, true},
        {"HTTP/1.1 204 \r\n\r\n", LZ_HTTP_NO_BODY, false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", LZ_HTTP_NO_BODY, false},
        {"HTTP/1.1 503 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n", LZ_HTTP_SIZED, true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", LZ_HTTP_SIZED, true},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        LzHttpHead head;
        g_assert_true(lz_http_decode_head(text(cases[i].head), LZ_HTTP_RESPONSE, &head));
        g_assert_cmpint(head.framing, ==, cases[i].framing);
        g_assert_true(head.closes == cases[i].closes);
    }
}

/* ---- streams ---- */

static const char three[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                            "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
                            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5;x=y\r\nfirst\r\n0A\r\n, second.\n\r\n0\r\nDigest: none\r\n\r\n";
static const char *const three_targets[] = {"/a", "/b", "/c"};
static const char *const three_bodies[] = {"hello", "", "first, second.\n"};

/* Three requests in pieces of every size. */
static void test_splits(void)
{
    for (size_t piece = 1; piece <= strlen(three); piece++) {
        LzHttpStream stream;
        lz_http_stream_init(&stream, LZ_HTTP_REQUEST, BODY_MAX, BODY_MAX);
        unsigned heads = 0, ends = 0;
        for (size_t at = 0; at < strlen(three); at += piece) {
            LzBytes input = {(const uint8_t *)three + at, MIN(piece, strlen(three) - at)};
            LzHttpProgress progress;
            while ((progress = lz_http_stream_next(&stream, &input)) != LZ_HTTP_MORE) {
                g_assert_true(progress == LZ_HTTP_HEAD || progress == LZ_HTTP_END);
                heads += progress == LZ_HTTP_HEAD;
                if (progress == LZ_HTTP_END) {
                    assert_text(stream.head.target, three_targets[ends]);
                    assert_text(lz_http_stream_body(&stream), three_bodies[ends]);
                    g_assert_cmpuint(stream.body_bytes, ==, strlen(three_bodies[ends]));
                    ends++;
                }
            }
        }
        g_assert_cmpuint(heads, ==, 3);
        g_assert_cmpuint(ends, ==, 3);
        lz_http_stream_clear(&stream);
    }
}

static LzHttpProgress end_of(LzHttpStream *stream, LzBytes bytes)
{
    LzHttpProgress progress;
    while ((progress = lz_http_stream_next(stream, &bytes)) == LZ_HTTP_HEAD) {
    }
    return progress;
}

static void test_limits(void)
{
    LzHttpStream stream;
    lz_http_stream_init(&stream, LZ_HTTP_REQUEST, 4, BODY_MAX);
    g_assert_cmpint(end_of(&stream, text("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n")), ==, LZ_HTTP_TOO_LARGE);
    g_assert_cmpint(end_of(&stream, text("GET / HTTP/1.1\r\n\r\n")), ==, LZ_HTTP_TOO_LARGE);
    lz_http_stream_clear(&stream);
    g_assert_cmpint(end_of(&stream, text("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde")), ==, LZ_HTTP_TOO_LARGE);
    lz_http_stream_clear(&stream);
    g_assert_cmpint(end_of(&stream, text("GET / HTTP/1.1\r\nX: ")), ==, LZ_HTTP_MORE);
    g_autofree char *long_line = g_strnfill(LZ_HTTP_HEAD_BYTES_MAX, 'a');
    g_assert_cmpint(end_of(&stream, text(long_line)), ==, LZ_HTTP_TOO_LARGE);
    lz_http_stream_clear(&stream);
}

static void test_broken_chunks(void)
{
    static const char *const bodies[] = {"\r\n", "g\r\n", "3\nabc\r\n", "3\r\nabcd\r\n", "3\r\nabc\n", "-1\r\n", "10000000000000000\r\n",
                                         "\n"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bodies); i++) {
        LzHttpStream stream;
        lz_http_stream_init(&stream, LZ_HTTP_REQUEST, BODY_MAX, BODY_MAX);
        g_autofree char *all = g_strconcat("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", bodies[i], NULL);
        g_assert_cmpint(end_of(&stream, text(all)), ==, LZ_HTTP_BROKEN);
        lz_http_stream_clear(&stream);
    }
}

/* More of a body comes than is kept, and a response that ends with its connection. */
static void test_until_close(void)
{
    LzHttpStream stream;
    lz_http_stream_init(&stream, LZ_HTTP_RESPONSE, BODY_MAX, 4);
    g_assert_cmpint(end_of(&stream, text("HTTP/1.1 200 OK\r\n\r\nall that comes")), ==, LZ_HTTP_MORE);
    assert_text(lz_http_stream_body(&stream), "all ");
    g_assert_cmpuint(stream.body_bytes, ==, 14);
    g_assert_true(lz_http_stream_close(&stream));
    g_assert_false(lz_http_stream_close(&stream));
    lz_http_stream_clear(&stream);
    g_assert_cmpint(end_of(&stream, text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall")), ==, LZ_HTTP_MORE);
    g_assert_false(lz_http_stream_close(&stream));
    lz_http_stream_clear(&stream);
    stream.expects_no_body = true;
    g_assert_cmpint(end_of(&stream, text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")), ==, LZ_HTTP_END);
    lz_http_stream_clear(&stream);
}

static void test_written_chunks(void)
{
    uint8_t bytes[256];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_http_write_status(&writer, 200);
    lz_http_write_field(&writer, "Transfer-Encoding", text("chunked"));
    lz_http_write_end(&writer);
    lz_http_write_chunk(&writer, text("first part of 26 letters, "));
    lz_http_write_chunk(&writer, text("and a second"));
    lz_http_write_chunk(&writer, (LzBytes){0});
    LzHttpStream stream;
    lz_http_stream_init(&stream, LZ_HTTP_RESPONSE, BODY_MAX, BODY_MAX);
    g_assert_cmpint(end_of(&stream, (LzBytes){bytes, writer.size}), ==, LZ_HTTP_END);
    assert_text(lz_http_stream_body(&stream), "first part of 26 letters, and a second");
    lz_http_stream_clear(&stream);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/request", test_request);
    g_test_add_func("/http/injection", test_injection);
    g_test_add_func("/http/bad-heads", test_bad_heads);
    g_test_add_func("/http/framing", test_framing);
    g_test_add_func("/http/splits", test_splits);
    g_test_add_func("/http/limits", test_limits);
    g_test_add_func("/http/broken-chunks", test_broken_chunks);
    g_test_add_func("/http/until-close", test_until_close);
    g_test_add_func("/http/written-chunks", test_written_chunks);
    return g_test_run();
}
