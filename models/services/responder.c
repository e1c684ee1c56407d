/* A service that answers each request with as many bytes as the request asks for. */
#include <glib.h>
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/exchange.h"
#include "lazaret/service.h"

typedef struct Responder {
    LzServiceContext context;
    LzProbes *probes;
    unsigned sessions;
} Responder;

typedef struct Connection {
    Responder *responder;
    LzExchangeReader reader;
    bool is_open;
} Connection;

static void report_sessions(Responder *responder, int change)
{
    responder->sessions += (unsigned)change;
    lz_probe_level(responder->probes, responder->context.scope, LZ_METRIC_SERVICE_SESSIONS, responder->sessions);
}

static void *accepted(void *service, LzSession *session)
{
    (void)session;
    Connection *connection = g_new0(Connection, 1);
    connection->responder = service;
    return connection;
}

static void opened(void *self, LzSession *session)
{
    Connection *connection = self;
    (void)session;
    connection->is_open = true;
    report_sessions(connection->responder, 1);
}

static void answer(LzSession *session, uint32_t size)
{
    if (size == 0 || !lz_session_is_open(session)) {
        return;
    }
    g_autofree uint8_t *bytes = g_malloc0(size);
    lz_exchange_write_header(&(LzExchangeHeader){.size_bytes = size}, bytes);
    lz_session_send(session, (LzBytes){bytes, size}, 0);
}

/* What follows the header may be the mark of a device's message. */
static void take_request(Connection *connection, LzSession *session)
{
    const Responder *responder = connection->responder;
    const LzExchangeReader *reader = &connection->reader;
    lz_probe_count(responder->probes, responder->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    if (reader->header.size_bytes >= LZ_EXCHANGE_HEADER_BYTES + LZ_MESSAGE_MARK_BYTES) {
        lz_probe_delivered(responder->probes, (LzBytes){reader->kept + LZ_EXCHANGE_HEADER_BYTES, LZ_MESSAGE_MARK_BYTES});
    }
    answer(session, reader->header.answer_bytes);
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Connection *connection = self;
    while (bytes.size > 0 && lz_session_is_open(session)) {
        LzExchangeProgress progress = lz_exchange_read(&connection->reader, &bytes);
        if (progress == LZ_EXCHANGE_NONSENSE) {
            const Responder *responder = connection->responder;
            lz_probe_count(responder->probes, responder->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
            lz_session_abort(session);
        } else if (progress == LZ_EXCHANGE_COMPLETE) {
            take_request(connection, session);
        }
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Connection *connection = self;
    (void)session;
    (void)reason;
    if (connection->is_open) {
        report_sessions(connection->responder, -1);
    }
    g_free(connection);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Responder *responder = state;
    (void)config;
    responder->context = *context;
    responder->probes = env->probes;
}

static void start(void *state)
{
    Responder *responder = state;
    lz_host_listen(responder->context.host, &responder->context.listen, &session_events, accepted, responder);
}

static void stop(void *state)
{
    (void)state;                        /* what a session held went with it */
}

static void clear(void *state)
{
    (void)state;
}

static const char *const not_modelled[] = {
    "the service's CPU time per request; cryptography is charged",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear};

const LzModel lz_service_model_responder = {
    .name = "responder",
    .summary = "answers each request with as many bytes as it asks for; what the client `exchange` talks to",
    .source = "a project model",
    .kind = LZ_MODEL_SERVICE,
    .state_size = sizeof(Responder),
    .not_modelled = not_modelled,
    .ops = &ops,
};
