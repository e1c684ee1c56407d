/* A device that speaks HTTP/1.1: it posts what its flows make, or fetches what they ask for, one request after the other
 * on a connection that it keeps while it has use for it. */
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/fhir.h"
#include "lazaret/protocol/http.h"
#include "lazaret/protocol/sdc.h"
#include "lazaret/protocol/text.h"
#include "lazaret/request_client.h"

#define TARGET_BYTES_MAX 4096u

typedef enum { BODY_FHIR, BODY_SDC, BODY_BYTES } Body;

typedef struct Config {
    LzRequestClientConfig common;
    int body;                           /* Body */
    int64_t chunk_bytes, answer_max_bytes;
} Config;

typedef struct Client {
    LzRequestClient base;
    const Config *config;
    LzHttpStream stream;
} Client;

static const char *const content_types[] = {
    [BODY_FHIR] = "application/fhir+json", [BODY_SDC] = "application/soap+xml", [BODY_BYTES] = "application/octet-stream"};

/* ---- requests ---- */

/* `publish` of a flow is "GET /library/7", or "POST /fhir/Observation", whose first word may be left out. */
static bool is_get(const LzClientFlow *flow)
{
    return strncmp(flow->destination, "GET ", 4) == 0;
}

/* What a path may not hold is written as %XX: RFC 3986 2.1, 3.3. */
static void write_target(LzWriter *writer, const LzClientFlow *flow, const LzRequest *request)
{
    const char *path = flow->destination;
    path += is_get(flow) ? 4 : strncmp(path, "POST ", 5) == 0 ? 5 : 0;
    lz_write_text(writer, path[0] == '/' ? "" : "/");
    for (; *path; path++) {
        const uint8_t byte = (uint8_t)*path;
        if (g_ascii_isalnum(byte) || strchr("/-._~?&=:@!$'()*,;", byte)) {
            lz_write_u8(writer, byte);
            continue;
        }
        lz_write_text(writer, "%");
        lz_write_u8(writer, (uint8_t)"0123456789ABCDEF"[byte >> 4]);
        lz_write_u8(writer, (uint8_t)"0123456789ABCDEF"[byte & 15]);
    }
    if (is_get(flow)) {
        lz_write_text(writer, strchr(flow->destination, '?') ? "&bytes=" : "?bytes=");
        lz_write_decimal(writer, request->size_bytes, 1);
    }
}

static void write_body(const Client *client, const LzRequest *request, LzWriter *writer)
{
    LzHost *host = client->base.context.host;
    const LzFhirObservation observation = {request->message, lz_host_wall_ns(host), lz_host_name(host)};
    switch ((Body)client->config->body) {
    case BODY_FHIR:
        lz_fhir_write_observation(writer, &observation, request->size_bytes);
        return;
    case BODY_SDC:
        lz_sdc_write_report(writer, request->message, observation.wall_ns, request->size_bytes);
        return;
    case BODY_BYTES:
        lz_write_text_mark(writer, request->message);
        lz_write_filler(writer, request->size_bytes > LZ_TEXT_MARK_BYTES ? request->size_bytes - LZ_TEXT_MARK_BYTES : 0,
                        "LAZARET TEST DATA ");
        return;
    }
}

static void write_request(const Client *client, const LzRequest *request, LzBytes body, LzWriter *writer)
{
    const LzClientFlow *flow = &client->base.context.flows[request->flow];
    uint8_t target[TARGET_BYTES_MAX];
    LzWriter path = lz_writer(target, sizeof target);
    write_target(&path, flow, request);
    writer->failed |= path.failed;
    const LzConnect *connect = &client->base.context.connect;
    char address[LZ_ADDRESS_TEXT_BYTES];
    lz_http_write_request(writer, is_get(flow) ? "GET" : "POST", (LzBytes){target, path.size},
                          connect->server_name ? connect->server_name : lz_address_format(connect->address, address));
    const LzBytes type = lz_bytes_of_text(content_types[client->config->body]);
    if (is_get(flow)) {
        lz_http_write_field(writer, "Accept", type);
        lz_http_write_end(writer);
        return;
    }
    lz_http_write_field(writer, "Content-Type", type);
    if (client->config->chunk_bytes == 0) {
        lz_http_write_number(writer, "Content-Length", body.size);
        lz_http_write_end(writer);
        lz_write_bytes(writer, body);
        return;
    }
    lz_http_write_field(writer, "Transfer-Encoding", lz_bytes_of_text("chunked"));
    lz_http_write_end(writer);
    for (size_t at = 0; at <= body.size; at += (size_t)client->config->chunk_bytes) {
        const size_t size = MIN((size_t)client->config->chunk_bytes, body.size - at);
        if (size > 0) {
            lz_http_write_chunk(writer, (LzBytes){body.data + at, size});
        }
    }
    lz_http_write_chunk(writer, (LzBytes){0});
}

static bool send_request(LzRequestClient *base, const LzRequest *request)
{
    Client *client = (Client *)base;
    LzWriter counted = lz_writer_counting();
    if (!is_get(&base->context.flows[request->flow])) {
        write_body(client, request, &counted);
    }
    g_autofree uint8_t *body = g_malloc(counted.size);
    LzWriter writer = lz_writer(body, counted.size);
    if (counted.size > 0) {
        write_body(client, request, &writer);
    }
    counted = lz_writer_counting();
    write_request(client, request, (LzBytes){body, writer.size}, &counted);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter whole = lz_writer(bytes, counted.size);
    write_request(client, request, (LzBytes){body, writer.size}, &whole);
    if (counted.failed || whole.failed) {
        return false;
    }
    lz_request_client_write(base, (LzBytes){bytes, whole.size}, request->message);
    return true;
}

/* ---- answers ---- */

/* RFC 9110 10.2.3: seconds; a date is taken as if there were none. */
static LzTime retry_after_ns(const LzHttpHead *head)
{
    LzBytes value;
    uint64_t seconds;
    return lz_http_field(head, "retry-after", &value) && lz_read_decimal(value, 86400, &seconds) ? LZ_SECONDS((int64_t)seconds) : 0;
}

/* What was fetched is delivered here. */
static void deliver_fetched(const Client *client)
{
    const LzRequest *request = &client->base.current;
    if (is_get(&client->base.context.flows[request->flow])) {
        uint8_t mark[LZ_MESSAGE_MARK_BYTES];
        lz_message_mark_write(mark, request->message);
        lz_probe_delivered(client->base.env.probes, (LzBytes){mark, sizeof mark});
    }
}

static void take_answer(Client *client)
{
    const LzHttpHead *head = &client->stream.head;
    if (head->closes) {
        lz_request_client_close(&client->base);
    }
    if (head->status / 100 == 2) {
        deliver_fetched(client);
        lz_request_client_done(&client->base);
    } else if (head->status / 100 == 5 || head->status == 408 || head->status == 429) {
        lz_request_client_postpone(&client->base, retry_after_ns(head));
    } else {
        lz_request_client_refuse(&client->base);
    }
}

static bool received(LzRequestClient *base, LzBytes bytes)
{
    Client *client = (Client *)base;
    lz_request_client_progress(base);
    for (;;) {
        const LzHttpProgress progress = lz_http_stream_next(&client->stream, &bytes);
        if (progress == LZ_HTTP_MORE) {
            return true;
        }
        const bool is_asked = base->is_busy || client->stream.head.status / 100 == 1;
        if ((progress != LZ_HTTP_HEAD && progress != LZ_HTTP_END) || !is_asked) {
            return false;
        }
        if (progress == LZ_HTTP_END && client->stream.head.status / 100 != 1) {
            take_answer(client);
        }
    }
}

static void closed(LzRequestClient *base, bool is_in_order)
{
    Client *client = (Client *)base;
    const bool completes = is_in_order && base->is_busy && lz_http_stream_close(&client->stream);
    if (completes && client->stream.head.status / 100 == 2) {
        deliver_fetched(client);
        lz_request_client_done(base);
    }
    lz_http_stream_clear(&client->stream);
}

static const LzRequestClientOps request_ops = {.send = send_request, .received = received, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    lz_http_stream_init(&client->stream, LZ_HTTP_RESPONSE, (uint64_t)client->config->answer_max_bytes, 0);
    lz_request_client_init(&client->base, &request_ops, &client->config->common, context, env);
}

static char *check(const void *config)
{
    return lz_request_client_check(config);
}

static const char *const body_words[] = {"fhir", "sdc", "bytes", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, body, .kind = LZ_PARAM_ENUM, .words = body_words,
             .help = "what it posts: FHIR Observations in JSON, event reports as SDC has them (SOAP), or just bytes"),
    LZ_PARAM(Config, chunk_bytes, .key = "chunk", .kind = LZ_PARAM_BYTES, .max = 1e9,
             .help = "a body goes in chunks of this size; 0: in one piece of known length"),
    LZ_PARAM(Config, answer_max_bytes, .key = "answer_max", .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e12, .fallback = 1e9,
             .help = "an answer that is longer ends the connection"),
    LZ_REQUEST_CLIENT_PARAMS(Config, 60e9, "how long an unused connection is kept; 0 s: for ever"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "more than one connection at a time, pipelining, and HTTP/2",
    "login, cookies and tokens: who asks is known by its certificate alone",
    "the QoS of a flow, but for what is lost first: a message is sent until it is answered",
    "a body of exactly the flow's size where that is less than the smallest of its kind (FHIR about 700 B, SDC 1.1 kB)",
    "the device's CPU time for HTTP itself; cryptography is charged",
    NULL,
};

static const LzClientOps ops = {
    .init = init,
    .start = lz_request_client_start,
    .stop = lz_request_client_stop,
    .send = lz_request_client_send,
    .has_room = lz_request_client_has_room,
    .clear = lz_request_client_clear,
};

const LzModel lz_client_model_http = {
    .name = "http",
    .summary = "HTTP/1.1 client: posts observations and reports, fetches files (`publish: \"GET /library\"`)",
    .source = "RFC 9110, RFC 9112; HL7 FHIR R4; IEEE 11073-10207",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .check = check,
    .ops = &ops,
};
