/* A device that opens a session of its own for each message: what a TLS handshake and its first request look like on the
 * wire, with sizes of the scenario's choice. It says hello, gets a flight, and sends its finish, its message right behind
 * it; the answer completes the exchange. */
#include <glib.h>
#include <string.h>

#include "lazaret/client.h"
#include "lazaret/model.h"
#include "lazaret/protocol/exchange.h"

typedef struct Config {
    int64_t hello_bytes, flight_bytes, finish_bytes, answer_bytes, connections_max;
    LzTime timeout_ns;
} Config;

typedef struct Client Client;

typedef struct Exchange {
    Client *client;
    struct Exchange *next, *previous;
    LzSession *session;                 /* NULL once it was let go */
    LzMessageId message;
    LzBuffer *request;                  /* the message with its header */
    LzExchangeReader reader;
    bool is_answer;                     /* the next to come is the answer, not the flight */
    LzExchangeTimes times;
    LzEvent timeout;
} Exchange;

struct Client {
    const Config *config;
    LzClientContext context;
    LzScheduler *scheduler;
    LzProbes *probes;
    uint8_t *hello, *finish;
    Exchange *exchanges;
    uint32_t count;
    bool is_ready;
};

/* ---- the end of an exchange ---- */

static void set_ready(Client *client, bool is_ready)
{
    if (client->is_ready != is_ready) {
        client->is_ready = is_ready;
        client->context.ready(client->context.device, is_ready);
    }
}

static void free_exchange(Exchange *exchange)
{
    Client *client = exchange->client;
    lz_event_cancel(client->scheduler, &exchange->timeout);
    *(exchange->previous ? &exchange->previous->next : &client->exchanges) = exchange->next;
    if (exchange->next) {
        exchange->next->previous = exchange->previous;
    }
    client->count--;
    lz_buffer_unref(exchange->request);
    g_free(exchange);
}

/* A message that the service has got counts as delivered, whatever becomes of its answer. */
static void fail(Exchange *exchange, LzLossCause cause, const char *outcome)
{
    Client *client = exchange->client;
    lz_probe_lost(client->probes, exchange->message, cause);
    lz_probe_exchange(client->probes, lz_host_name(client->context.host), &exchange->times, outcome);
    set_ready(client, false);
}

static void timed_out(void *owner)
{
    Exchange *exchange = owner;
    LzSession *session = exchange->session;
    exchange->session = NULL;
    fail(exchange, LZ_LOSS_CONNECTION, "timeout");
    lz_session_abort(session);          /* closed() frees it */
}

static void complete(Exchange *exchange)
{
    Client *client = exchange->client;
    LzSession *session = exchange->session;
    exchange->session = NULL;
    exchange->times.completed_ns = lz_now(client->scheduler);
    lz_event_cancel(client->scheduler, &exchange->timeout);
    LzTime took_ns = exchange->times.completed_ns - exchange->times.started_ns;
    lz_probe_sample(client->probes, client->context.tls_scope, LZ_METRIC_TLS_EXCHANGE_TIME, took_ns);
    lz_probe_exchange(client->probes, lz_host_name(client->context.host), &exchange->times, "completed");
    set_ready(client, true);
    lz_session_close(session);
}

/* ---- the session ---- */

static void opened(void *self, LzSession *session)
{
    Exchange *exchange = self;
    Client *client = exchange->client;
    exchange->times.connected_ns = lz_now(client->scheduler);
    LzTime took_ns = exchange->times.connected_ns - exchange->times.started_ns;
    lz_probe_sample(client->probes, client->context.tls_scope, LZ_METRIC_TLS_CONNECT_TIME, took_ns);
    lz_session_send(session, (LzBytes){client->hello, (size_t)client->config->hello_bytes}, 0);
}

static void take_message(Exchange *exchange)
{
    Client *client = exchange->client;
    if (exchange->is_answer) {
        complete(exchange);
        return;
    }
    exchange->is_answer = true;
    exchange->times.answered_ns = lz_now(client->scheduler);
    lz_session_send(exchange->session, (LzBytes){client->finish, (size_t)client->config->finish_bytes}, 0);
    lz_session_send(exchange->session, (LzBytes){exchange->request->data, exchange->request->size}, exchange->message);
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Exchange *exchange = self;
    while (bytes.size > 0 && exchange->session) {
        LzExchangeProgress progress = lz_exchange_read(&exchange->reader, &bytes);
        if (progress == LZ_EXCHANGE_NONSENSE) {
            exchange->session = NULL;
            fail(exchange, LZ_LOSS_CONNECTION, "nonsense");
            lz_session_abort(session);
        } else if (progress == LZ_EXCHANGE_COMPLETE) {
            take_message(exchange);
        }
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Exchange *exchange = self;
    (void)session;
    if (exchange->session) {
        fail(exchange, reason == LZ_CLOSE_POWER ? LZ_LOSS_POWER : LZ_LOSS_CONNECTION, lz_close_reason_name(reason));
    }
    free_exchange(exchange);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

/* ---- model ---- */

static LzBuffer *make_request(const Client *client, LzBytes payload)
{
    LzBuffer *request = lz_buffer_new(LZ_EXCHANGE_HEADER_BYTES + payload.size);
    LzExchangeHeader header = {.size_bytes = request->size, .answer_bytes = (uint32_t)client->config->answer_bytes};
    lz_exchange_write_header(&header, request->data);
    memcpy(request->data + LZ_EXCHANGE_HEADER_BYTES, payload.data, payload.size);
    return request;
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    Client *client = state;
    if (client->count >= client->config->connections_max) {
        lz_probe_lost(client->probes, message, LZ_LOSS_CLIENT_QUEUE_FULL);
        return;
    }
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->client = client;
    exchange->next = client->exchanges;
    if (exchange->next) {
        exchange->next->previous = exchange;
    }
    client->exchanges = exchange;
    client->count++;
    exchange->message = message;
    exchange->request = make_request(client, payload);
    exchange->times = (LzExchangeTimes){lz_now(client->scheduler), LZ_TIME_NEVER, LZ_TIME_NEVER, LZ_TIME_NEVER};
    lz_event_init(&exchange->timeout, timed_out, exchange);
    lz_timer_after(client->scheduler, &exchange->timeout, client->config->timeout_ns);
    LzConnect connect = client->context.connect;
    connect.dscp = client->context.flows[flow].dscp;
    exchange->session = lz_host_connect(client->context.host, &connect, &session_events, exchange);
}

static uint8_t *make_message(int64_t size_bytes, int64_t answer_bytes)
{
    uint8_t *bytes = g_malloc0((gsize)size_bytes);
    LzExchangeHeader header = {.size_bytes = (uint32_t)size_bytes, .answer_bytes = (uint32_t)answer_bytes};
    lz_exchange_write_header(&header, bytes);
    return bytes;
}

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    client->context = *context;
    client->scheduler = env->scheduler;
    client->probes = env->probes;
    client->hello = make_message(client->config->hello_bytes, client->config->flight_bytes);
    client->finish = make_message(client->config->finish_bytes, 0);
}

static void start(void *state)
{
    (void)state;                        /* connects when there is something to say */
}

/* The sessions went with the power, and each took its exchange along. */
static void stop(void *state)
{
    Client *client = state;
    g_assert(!client->exchanges);
    set_ready(client, false);
}

/* Where power was never lost, sessions go without a word when the host does. */
static void clear(void *state)
{
    Client *client = state;
    while (client->exchanges) {
        free_exchange(client->exchanges);
    }
    g_clear_pointer(&client->hello, g_free);
    g_clear_pointer(&client->finish, g_free);
}

#define MESSAGE .kind = LZ_PARAM_BYTES, .min = LZ_EXCHANGE_HEADER_BYTES, .max = LZ_EXCHANGE_MESSAGE_BYTES_MAX

static const LzParam params[] = {
    LZ_PARAM(Config, hello_bytes, MESSAGE, .fallback = 300, .help = "the client's first message"),
    LZ_PARAM(Config, flight_bytes, MESSAGE, .fallback = 1500, .help = "the service's answer to the hello"),
    LZ_PARAM(Config, finish_bytes, MESSAGE, .fallback = 900,
             .help = "the client's answer to the flight; the device's message follows, 12 bytes longer than its flow says"),
    LZ_PARAM(Config, answer_bytes, MESSAGE, .fallback = 300, .help = "the service's answer to the device's message"),
    LZ_PARAM(Config, timeout_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 60e9,
             .help = "an exchange that is not complete by then is given up"),
    LZ_PARAM(Config, connections_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 100,
             .help = "exchanges of a device at a time; beyond, the newest message is lost"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "a second attempt: a message whose exchange fails is lost",
    "the device's CPU time; cryptography is charged",
    "the QoS of a flow: everything is sent once",
    NULL,
};

static const LzClientOps ops = {
    .delivers_once = true,
    .init = init,
    .start = start,
    .stop = stop,
    .send = send_message,
    .clear = clear,
};

const LzModel lz_client_model_exchange = {
    .name = "exchange",
    .summary = "a session for each message, with flights of known sizes before it, as a handshake has",
    .source = "a project model",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .ops = &ops,
};
