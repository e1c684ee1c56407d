/* A service that takes messages and answers nothing: each of known size in a session, or one per datagram. */
#include <glib.h>
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/service.h"

typedef struct Config {
    int64_t message_bytes;
} Config;

typedef struct Sink {
    const Config *config;
    LzServiceContext context;
    LzProbes *probes;
    unsigned sessions;
} Sink;

typedef struct Connection {
    Sink *sink;
    uint32_t taken_bytes;               /* of the message that is arriving */
    uint8_t mark[LZ_MESSAGE_MARK_BYTES];
    bool is_open;
} Connection;

static void deliver(Sink *sink, LzBytes message)
{
    lz_probe_count(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    lz_probe_delivered(sink->probes, message);
}

/* ---- sessions ---- */

static void *accepted(void *service, LzSession *session)
{
    (void)session;
    Connection *connection = g_new0(Connection, 1);
    connection->sink = service;
    return connection;
}

static void report_sessions(Sink *sink, int change)
{
    sink->sessions += (unsigned)change;
    lz_probe_level(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_SESSIONS, sink->sessions);
}

static void opened(void *self, LzSession *session)
{
    Connection *connection = self;
    (void)session;
    connection->is_open = true;
    report_sessions(connection->sink, 1);
}

/* Takes the next bytes of the message that is arriving; its mark is all that is kept. */
static size_t take(Connection *connection, LzBytes bytes)
{
    size_t missing = (size_t)connection->sink->config->message_bytes - connection->taken_bytes;
    size_t size = MIN(missing, bytes.size);
    if (connection->taken_bytes < LZ_MESSAGE_MARK_BYTES) {
        size_t room = LZ_MESSAGE_MARK_BYTES - connection->taken_bytes;
        memcpy(connection->mark + connection->taken_bytes, bytes.data, MIN(room, size));
    }
    connection->taken_bytes += (uint32_t)size;
    return size;
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Connection *connection = self;
    (void)session;
    while (bytes.size > 0) {
        size_t size = take(connection, bytes);
        bytes = (LzBytes){bytes.data + size, bytes.size - size};
        if (connection->taken_bytes == connection->sink->config->message_bytes) {
            connection->taken_bytes = 0;
            deliver(connection->sink, (LzBytes){connection->mark, sizeof connection->mark});
        }
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Connection *connection = self;
    (void)session;
    (void)reason;
    if (connection->is_open) {
        report_sessions(connection->sink, -1);
    }
    g_free(connection);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

/* ---- datagrams ---- */

static void datagram_received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    (void)source;
    (void)source_port;
    deliver(self, payload);
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Sink *sink = state;
    sink->config = config;
    sink->context = *context;
    sink->probes = env->probes;
}

static void start(void *state)
{
    Sink *sink = state;
    lz_host_listen(sink->context.host, &sink->context.listen, &session_events, accepted, sink);
    bool is_bound = lz_host_bind_udp(sink->context.host, sink->context.listen.port, datagram_received, sink);
    g_assert(is_bound);
}

static void stop(void *state)
{
    (void)state;                        /* what a session held went with it */
}

static void clear(void *state)
{
    (void)state;
}

static const LzParam params[] = {
    LZ_PARAM(Config, message_bytes, .key = "message", .kind = LZ_PARAM_BYTES, .min = LZ_MESSAGE_MARK_BYTES, .max = 1e9,
             .fallback = 256, .help = "size of every message that comes in a session; a datagram has its own"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "the service's CPU time per message; cryptography is charged",
    "sessions whose messages differ in size",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear};

const LzModel lz_service_model_sink = {
    .name = "sink",
    .summary = "takes messages of known size over TCP or TLS, and datagrams; answers nothing",
    .source = "a project model",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Sink),
    .not_modelled = not_modelled,
    .ops = &ops,
};
