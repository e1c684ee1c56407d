/* Where the site says which of its certificates are revoked: a list (CRL) that it signs anew from time to time, and signed answers
 * about single ones (OCSP), both over HTTP. */
#include "lazaret/model.h"
#include "lazaret/protocol/http.h"
#include "lazaret/request_service.h"
#include "lazaret/revocation.h"

#define HTTP_PORT 80u
#define REQUEST_BYTES_MAX 4096u
#define HEAD_BYTES_MAX 512u
#define LIST_TARGET "/site.crl"
#define ANSWER_TARGET "/ocsp"

typedef struct Config {
    LzRequestServiceConfig common;
    LzTime every_ns, overlap_ns, answer_ns;
} Config;

typedef struct Service {
    LzRequestService base;
    const Config *config;
    LzBuffer *list, *next_list;         /* that is given out, and that the CPU is signing; NULL: none */
    LzTime due_ns;                      /* when the next is to be signed */
    LzEvent due, signed_;
} Service;

typedef struct Connection {
    LzHttpStream request;
} Connection;

typedef struct Reply {                  /* a job: what is told when the CPU has worked for it */
    bool is_answer;                     /* of OCSP */
    size_t size;
    uint8_t bytes[];
} Reply;

/* ---- lists ---- */

static LzStatusSpan span_from(const Service *service, LzTime length_ns)
{
    LzTime wall_ns = lz_host_wall_ns(service->base.context.host);
    return (LzStatusSpan){wall_ns / LZ_NS_PER_S, (wall_ns + length_ns) / LZ_NS_PER_S};
}

static void list_due(void *owner)
{
    Service *service = owner;
    const Config *config = service->config;
    LzHost *host = service->base.context.host;
    const LzSite *site = service->base.context.site;
    unsigned count = 0;
    LzTime cost_ns;
    const LzRevoked *revoked = site->revoked(service->base.context.owner, &count);
    const LzStatusSpan span = span_from(service, config->every_ns + config->overlap_ns);
    lz_host_compute_cancel(host, &service->signed_);
    lz_buffer_unref(service->next_list);
    service->next_list = lz_host_sign_crl(host, site->authority, revoked, count, &span, &cost_ns);
    lz_host_compute(host, cost_ns, &service->signed_);
    service->due_ns = lz_now(service->base.env.scheduler) + config->every_ns;
    lz_timer_at(service->base.env.scheduler, &service->due, service->due_ns);
}

static void list_signed(void *owner)
{
    Service *service = owner;
    lz_buffer_unref(service->list);
    service->list = g_steal_pointer(&service->next_list);
}

/* ---- answers ---- */

static int64_t revoked_since_unix_s(const Service *service, uint64_t serial)
{
    unsigned count = 0;
    const LzRevoked *revoked = service->base.context.site->revoked(service->base.context.owner, &count);
    for (unsigned i = 0; i < count; i++) {
        if (revoked[i].serial == serial) {
            return revoked[i].since_unix_s;
        }
    }
    return LZ_NOT_REVOKED;
}

static LzBuffer *sign_answer(const Service *service, LzBytes request, LzTime *ret_cost_ns)
{
    const LzServiceContext *context = &service->base.context;
    uint64_t serial;
    if (!lz_ocsp_request_read(context->site->authority, request, &serial)) {
        return lz_ocsp_refusal(LZ_OCSP_MALFORMED);
    }
    const LzStatusSpan span = span_from(service, service->config->answer_ns);
    return lz_host_sign_ocsp(context->host, context->site->authority, serial, revoked_since_unix_s(service, serial), &span,
                             ret_cost_ns);
}

/* body NULL: none. */
static Reply *reply_new(unsigned status, bool is_answer, const LzBuffer *body)
{
    size_t body_size = body ? body->size : 0;
    Reply *reply = g_malloc(sizeof *reply + HEAD_BYTES_MAX + body_size);
    LzWriter writer = lz_writer(reply->bytes, HEAD_BYTES_MAX + body_size);
    lz_http_write_status(&writer, status);
    if (body) {
        lz_http_write_field(&writer, "Content-Type",
                            lz_bytes_of_text(is_answer ? "application/ocsp-response" : "application/pkix-crl"));
    }
    lz_http_write_number(&writer, "Content-Length", body_size);
    lz_http_write_end(&writer);
    if (body) {
        lz_write_bytes(&writer, (LzBytes){body->data, body_size});
    }
    g_assert(!writer.failed);
    reply->is_answer = is_answer;
    reply->size = writer.size;
    return reply;
}

static void serve(LzRequestConnection *connection, void *job, bool is_refused)
{
    const Reply *reply = job;
    if (!is_refused) {
        lz_request_connection_send(connection, (LzBytes){reply->bytes, reply->size});
        return;
    }
    LzBuffer *later = reply->is_answer ? lz_ocsp_refusal(LZ_OCSP_TRY_LATER) : NULL;
    g_autofree Reply *refusal = reply_new(later ? 200 : 503, reply->is_answer, later);
    lz_request_connection_send(connection, (LzBytes){refusal->bytes, refusal->size});
    lz_buffer_unref(later);
}

/* ---- requests ---- */

static void opened(LzRequestConnection *connection)
{
    Connection *state = lz_request_connection_state(connection);
    lz_http_stream_init(&state->request, LZ_HTTP_REQUEST, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX);
}

static bool asks(const LzHttpHead *head, const char *method, const char *target)
{
    return lz_bytes_equal(head->target, lz_bytes_of_text(target)) && lz_bytes_equal(head->method, lz_bytes_of_text(method));
}

/* What a busy service will refuse anyway is not signed first. */
static Reply *choose_reply(const Service *service, const LzHttpStream *request, LzTime *ret_cost_ns)
{
    bool is_able = service->base.context.site && !lz_request_service_is_full(&service->base);
    *ret_cost_ns = 0;
    if (asks(&request->head, "GET", LIST_TARGET)) {
        return reply_new(service->list ? 200 : 503, false, service->list);
    }
    if (!asks(&request->head, "POST", ANSWER_TARGET)) {
        return reply_new(404, false, NULL);
    }
    LzBuffer *answer = is_able ? sign_answer(service, lz_http_stream_body(request), ret_cost_ns) : lz_ocsp_refusal(LZ_OCSP_TRY_LATER);
    Reply *reply = reply_new(200, true, answer);
    lz_buffer_unref(answer);
    return reply;
}

static bool received(LzRequestConnection *connection, LzBytes bytes)
{
    Connection *state = lz_request_connection_state(connection);
    for (;;) {
        LzHttpProgress progress = lz_http_stream_next(&state->request, &bytes);
        if (progress == LZ_HTTP_END) {
            LzTime cost_ns;
            Reply *reply = choose_reply((const Service *)lz_request_connection_service(connection), &state->request, &cost_ns);
            lz_request_connection_submit_work(connection, reply, state->request.body_bytes + reply->size, cost_ns);
        } else if (progress != LZ_HTTP_HEAD) {
            return progress == LZ_HTTP_MORE;
        }
    }
}

static void closed(LzRequestConnection *connection)
{
    Connection *state = lz_request_connection_state(connection);
    lz_http_stream_clear(&state->request);
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    static const LzRequestServiceOps ops = {
        .connection_size = sizeof(Connection), .opened = opened, .received = received, .serve = serve, .closed = closed};
    Service *service = state;
    service->config = config;
    lz_event_init(&service->due, list_due, service);
    lz_event_init(&service->signed_, list_signed, service);
    lz_request_service_init(&service->base, &ops, &service->config->common, context, env);
}

/* A list outlives a crash, and is no reason to sign the next one earlier. */
static void start(void *state)
{
    Service *service = state;
    lz_request_service_start(state);
    if (service->base.context.site) {
        LzTime now_ns = lz_now(service->base.env.scheduler);
        lz_timer_at(service->base.env.scheduler, &service->due, service->list ? MAX(service->due_ns, now_ns) : now_ns);
    }
}

static void stop(void *state)
{
    Service *service = state;
    lz_event_cancel(service->base.env.scheduler, &service->due);
    lz_host_compute_cancel(service->base.context.host, &service->signed_);
    if (service->next_list) {           /* what was not signed yet is to be signed at once */
        service->due_ns = 0;
        g_clear_pointer(&service->next_list, lz_buffer_unref);
    }
    lz_request_service_stop(state);
}

static void clear(void *state)
{
    Service *service = state;
    lz_buffer_unref(service->list);
    lz_request_service_clear(state);
}

static const LzParam params[] = {
    LZ_REQUEST_SERVICE_PARAMS(Config, 1000, 10000, "requests that wait; beyond, they are answered with 503", 60e9, 200e3, 10e9),
    LZ_PARAM(Config, every_ns, .key = "crl_every", .kind = LZ_PARAM_TIME_NS, .min = 1e9, .max = 31536000e9, .fallback = 86400e9,
             .help = "how often it signs a new list", .source = "assumed: 1 to 7 days are usual"),
    LZ_PARAM(Config, overlap_ns, .key = "crl_overlap", .kind = LZ_PARAM_TIME_NS, .max = 31536000e9, .fallback = 3600e9,
             .help = "how long a list is still good when the next one is there: what an outage may last", .source = "assumed"),
    LZ_PARAM(Config, answer_ns, .key = "ocsp_validity", .kind = LZ_PARAM_TIME_NS, .min = 1e9, .max = 31536000e9, .fallback = 600e9,
             .help = "how long an answer about one certificate is good", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "delta lists, reasons of revocation, and a responder with a key of its own: the CA signs",
    "stapling: Mbed TLS has none",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear,
                                 .port = HTTP_PORT, .is_plain = true};

extern const LzModel lz_service_model_cert_status;
const LzModel lz_service_model_cert_status = {
    .name = "cert-status",
    .summary = "says which certificates of the site are revoked: CRL and OCSP over HTTP",
    .source = "RFC 5280 section 5, RFC 6960",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Service),
    .not_modelled = not_modelled,
    .ops = &ops,
};
