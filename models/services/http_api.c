/* A server of HTTP/1.1: takes what devices post and gives files of the size that they ask for, each request at the cost of
 * its CPU. What a health record's interface, a pump server or a medication cabinet is to the network. */
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/fhir.h"
#include "lazaret/protocol/http.h"
#include "lazaret/protocol/text.h"
#include "lazaret/request_service.h"

#define KEPT_BYTES 4096u                /* of a request's body: the mark stands in it */

typedef struct Config {
    LzRequestServiceConfig common;
    int64_t body_max_bytes, file_max_bytes, answer_bytes, chunk_bytes;
    LzTime retry_after_ns;
} Config;

typedef struct Service {
    LzRequestService base;
    const Config *config;
} Service;

typedef struct Asked {                  /* a request */
    unsigned status;                    /* of its answer, if it is served */
    uint64_t answer_bytes;
    LzMessageId message;
    bool is_fhir, is_head, closes;
} Asked;

static const Service *service_of(LzRequestConnection *connection)
{
    return (const Service *)lz_request_connection_service(connection);
}

/* ---- answers ---- */

static void write_body(const Asked *asked, LzWriter *writer)
{
    if (asked->is_fhir && asked->status == 201) {
        lz_fhir_write_outcome(writer, asked->answer_bytes);
    } else if (asked->is_fhir) {
        const LzFhirObservation observation = {.device = "archive"};
        lz_fhir_write_observation(writer, &observation, asked->answer_bytes);
    } else {
        lz_write_filler(writer, asked->answer_bytes, "LAZARET TEST DATA ");
    }
}

static void write_head(const Service *service, const Asked *asked, uint64_t body_bytes, LzWriter *writer)
{
    const bool is_chunked = service->config->chunk_bytes > 0 && body_bytes > 0;
    lz_http_write_status(writer, asked->status);
    lz_http_write_date(writer, lz_host_wall_ns(service->base.context.host));
    if (body_bytes > 0) {
        const char *type = asked->is_fhir ? "application/fhir+json" : "application/octet-stream";
        lz_http_write_field(writer, "Content-Type", lz_bytes_of_text(type));
    }
    if (asked->status == 503) {
        lz_http_write_number(writer, "Retry-After", (uint64_t)((service->config->retry_after_ns + LZ_NS_PER_S - 1) / LZ_NS_PER_S));
    }
    if (asked->closes) {
        lz_http_write_field(writer, "Connection", lz_bytes_of_text("close"));
    }
    if (is_chunked) {
        lz_http_write_field(writer, "Transfer-Encoding", lz_bytes_of_text("chunked"));
    } else {
        lz_http_write_number(writer, "Content-Length", body_bytes);
    }
    lz_http_write_end(writer);
}

static void write_answer(const Service *service, const Asked *asked, LzBytes body, LzWriter *writer)
{
    write_head(service, asked, body.size, writer);
    const size_t chunk = (size_t)service->config->chunk_bytes;
    if (asked->is_head || body.size == 0) {
        return;
    }
    if (chunk == 0) {
        lz_write_bytes(writer, body);
        return;
    }
    for (size_t at = 0; at < body.size; at += chunk) {
        lz_http_write_chunk(writer, (LzBytes){body.data + at, MIN(chunk, body.size - at)});
    }
    lz_http_write_chunk(writer, (LzBytes){0});
}

static void answer(LzRequestConnection *connection, const Asked *asked)
{
    const Service *service = service_of(connection);
    LzWriter counted = lz_writer_counting();
    if (asked->answer_bytes > 0) {
        write_body(asked, &counted);
    }
    g_autofree uint8_t *body = g_malloc(counted.size);
    LzWriter writer = lz_writer(body, counted.size);
    if (asked->answer_bytes > 0) {
        write_body(asked, &writer);
    }
    counted = lz_writer_counting();
    write_answer(service, asked, (LzBytes){body, writer.size}, &counted);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter whole = lz_writer(bytes, counted.size);
    write_answer(service, asked, (LzBytes){body, writer.size}, &whole);
    g_assert(!whole.failed);
    lz_request_connection_send(connection, (LzBytes){bytes, whole.size});
    if (asked->closes) {
        lz_request_connection_close(connection);
    }
}

/* Refused for want of room: 503. Refused for what it says: its own status. */
static void serve(LzRequestConnection *connection, void *job, bool is_refused)
{
    Asked *asked = job;
    if (is_refused) {
        asked->status = asked->status / 100 == 2 ? 503 : asked->status;
        asked->answer_bytes = 0;
    } else {
        lz_request_connection_deliver(connection, asked->message);
    }
    answer(connection, asked);
}

/* ---- requests ---- */

/* The file's size stands in the query: "?bytes=3000000". */
static unsigned read_query(const Service *service, LzBytes target, uint64_t *ret_bytes)
{
    const size_t at = lz_text_find(target, "bytes=");
    size_t end = MIN(target.size, at + strlen("bytes="));
    LzBytes number = {target.data + end, 0};
    while (end < target.size && target.data[end] != '&') {
        number.size++;
        end++;
    }
    if (at == target.size) {
        return 404;
    }
    return lz_read_decimal(number, (uint64_t)service->config->file_max_bytes, ret_bytes) ? 200 : 413;
}

static void judge(const Service *service, const LzHttpHead *head, Asked *asked)
{
    LzBytes value;
    asked->is_head = lz_text_equal(head->method, "HEAD");
    asked->closes = head->closes;
    const bool is_post = lz_text_equal(head->method, "POST") || lz_text_equal(head->method, "PUT");
    const char *field = is_post ? "content-type" : "accept";
    asked->is_fhir = lz_http_field(head, field, &value) && lz_text_find(value, "fhir+json") < value.size;
    if (!lz_http_field(head, "host", &value)) {
        asked->status = 400;            /* RFC 9112 3.2 */
    } else if (is_post) {
        asked->status = 201;
        asked->answer_bytes = (uint64_t)service->config->answer_bytes;
    } else if (asked->is_head || lz_text_equal(head->method, "GET")) {
        asked->status = read_query(service, head->target, &asked->answer_bytes);
    } else {
        asked->status = 405;
    }
}

static void take_request(LzRequestConnection *connection, const LzHttpStream *stream)
{
    Asked *asked = g_new0(Asked, 1);
    judge(service_of(connection), &stream->head, asked);
    asked->message = lz_find_text_mark(lz_http_stream_body(stream));
    if (asked->status / 100 == 2) {
        lz_request_connection_submit(connection, asked, stream->body_bytes + asked->answer_bytes);
    } else {
        lz_request_connection_refuse(connection, asked);
    }
}

/* RFC 9112 2.2, 9110 15.5.14: an answer, then the end. */
static void give_up(LzRequestConnection *connection, unsigned status)
{
    Asked *asked = g_new0(Asked, 1);
    asked->status = status;
    asked->closes = true;
    lz_request_connection_refuse(connection, asked);
}

static bool received(LzRequestConnection *connection, LzBytes bytes)
{
    LzHttpStream *stream = lz_request_connection_state(connection);
    for (;;) {
        switch (lz_http_stream_next(stream, &bytes)) {
        case LZ_HTTP_MORE:
            return true;
        case LZ_HTTP_HEAD:
            break;
        case LZ_HTTP_END:
            take_request(connection, stream);
            break;
        case LZ_HTTP_TOO_LARGE:
            give_up(connection, 413);
            return true;
        case LZ_HTTP_BROKEN:
            give_up(connection, 400);
            return true;
        }
    }
}

static void opened(LzRequestConnection *connection)
{
    lz_http_stream_init(lz_request_connection_state(connection), LZ_HTTP_REQUEST,
                        (uint64_t)service_of(connection)->config->body_max_bytes, KEPT_BYTES);
}

static void closed(LzRequestConnection *connection)
{
    lz_http_stream_clear(lz_request_connection_state(connection));
}

static const LzRequestServiceOps request_ops = {
    .connection_size = sizeof(LzHttpStream), .opened = opened, .received = received, .serve = serve, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Service *service = state;
    service->config = config;
    lz_request_service_init(&service->base, &request_ops, &service->config->common, context, env);
}

static const LzParam params[] = {
    LZ_REQUEST_SERVICE_PARAMS(Config, 10000, 1000,
                              "requests that wait for the CPU or are worked on; beyond, they are answered 503 with Retry-After",
                              75e9, 2e6, 8e8),
    LZ_PARAM(Config, retry_after_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e9, .max = 86400e9, .fallback = 5e9,
             .help = "what such an answer asks for, in whole seconds"),
    LZ_PARAM(Config, body_max_bytes, .key = "body_max", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 10e6,
             .help = "longest body that is taken; a longer one is answered 413, and the connection closed"),
    LZ_PARAM(Config, file_max_bytes, .key = "file_max", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e9, .fallback = 100e6,
             .help = "largest file that may be fetched; a larger one is answered 413"),
    LZ_PARAM(Config, answer_bytes, .key = "answer", .kind = LZ_PARAM_BYTES, .max = 1e9, .fallback = 250,
             .help = "body of the answer to a POST"),
    LZ_PARAM(Config, chunk_bytes, .key = "chunk", .kind = LZ_PARAM_BYTES, .max = 1e9,
             .help = "bodies of answers go in chunks of this size; 0: in one piece of known length"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "what is posted is not kept, and what is fetched has no meaning: sizes and times alone are those of a real server",
    "databases, locks and caches: a request costs the CPU alone",
    "authorisation beyond the client's certificate",
    NULL,
};

static const LzServiceOps ops = {
    .init = init,
    .start = lz_request_service_start,
    .stop = lz_request_service_stop,
    .clear = lz_request_service_clear,
    .port = 443,
};

const LzModel lz_service_model_http_api = {
    .name = "http-api",
    .summary = "HTTP/1.1 server with a finite CPU: health record interface, pump server, medication cabinet",
    .source = "RFC 9110, RFC 9112; cost and rates assumed",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Service),
    .not_modelled = not_modelled,
    .ops = &ops,
};
