/* A CoAP server that takes what devices POST or PUT: answers with 2.04, with 5.03 when too many requests wait for its CPU. A
 * confirmable request that comes again gets the answer that it has got before, and is not delivered twice. */
#include <glib.h>
#include <string.h>

#include "lazaret/datagram_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/coap.h"

#define REPLY_BYTES_MAX 32u

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max, exchanges_max;
} Config;

typedef struct Request {                /* what is kept of it while it waits */
    LzCoapType type;
    uint8_t code;
    uint16_t id;
    uint8_t token[LZ_COAP_TOKEN_BYTES_MAX], token_bytes;
    bool has_bad_option, has_mark;
    uint8_t mark[LZ_MESSAGE_MARK_BYTES];
} Request;

typedef struct Exchange {               /* begins with its key: a confirmable request of the last 247 s (RFC 7252 4.5) */
    LzPeer peer;                        /* of DTLS its association (RFC 7252 9.1.2), else whence it came */
    uint16_t id;
    uint8_t code;                       /* of the answer; LZ_COAP_EMPTY: it still waits */
    LzTime began_ns;
    struct Exchange *next;
} Exchange;

typedef struct Server {
    LzDatagramService service;
    const Config *config;
    LzScheduler *scheduler;
    GHashTable *exchanges;              /* Exchange, by its key; looked up, never walked */
    Exchange *oldest, *newest;
    uint16_t next_id;
} Server;

/* ---- exchanges ---- */

static guint exchange_hash(gconstpointer key)
{
    const Exchange *exchange = key;
    const LzPeer *peer = &exchange->peer;
    uint64_t whence = peer->association > 0 ? peer->association : (uint64_t)peer->address << 16 | peer->port;
    uint64_t hash = (whence << 16 | exchange->id) * UINT64_C(0x9e3779b97f4a7c15);
    return (guint)(hash >> 32);
}

static gboolean exchange_equal(gconstpointer a, gconstpointer b)
{
    const Exchange *x = a, *y = b;
    return lz_peer_equal(&x->peer, &y->peer) && x->id == y->id;
}

static void forget_oldest(Server *server)
{
    Exchange *exchange = server->oldest;
    server->oldest = exchange->next;
    server->newest = server->oldest ? server->newest : NULL;
    g_hash_table_remove(server->exchanges, exchange);
    g_free(exchange);
}

static void forget_old(Server *server)
{
    LzTime since_ns = lz_now(server->scheduler) - LZ_COAP_EXCHANGE_LIFETIME_NS;
    while (server->oldest &&
           (server->oldest->began_ns < since_ns || g_hash_table_size(server->exchanges) > server->config->exchanges_max)) {
        forget_oldest(server);
    }
}

static Exchange *find_exchange(Server *server, const LzDatagramRequest *request)
{
    const Exchange key = {.peer = request->peer, .id = ((const Request *)request->message)->id};
    return g_hash_table_lookup(server->exchanges, &key);
}

static void begin_exchange(Server *server, const LzDatagramRequest *request)
{
    Exchange *exchange = g_new(Exchange, 1);
    *exchange = (Exchange){request->peer, ((const Request *)request->message)->id, LZ_COAP_EMPTY, lz_now(server->scheduler), NULL};
    *(server->newest ? &server->newest->next : &server->oldest) = exchange;
    server->newest = exchange;
    g_hash_table_add(server->exchanges, exchange);
    forget_old(server);
}

/* ---- requests ---- */

static bool decode(LzBytes payload, void *ret_message)
{
    LzCoapMessage message;
    if (!lz_coap_decode(payload, &message) || (message.type != LZ_COAP_CON && message.type != LZ_COAP_NON) ||
        message.code >> 5 != 0 || (message.code == LZ_COAP_EMPTY && message.type != LZ_COAP_CON)) {
        return false;
    }
    Request *request = ret_message;
    *request = (Request){.type = message.type, .code = message.code, .id = message.id,
                         .token_bytes = (uint8_t)message.token.size,
                         .has_bad_option = lz_coap_has_unknown_critical(&message),
                         .has_mark = message.payload.size >= LZ_MESSAGE_MARK_BYTES};
    if (message.token.size > 0) {
        memcpy(request->token, message.token.data, message.token.size);
    }
    if (request->has_mark) {
        memcpy(request->mark, message.payload.data, LZ_MESSAGE_MARK_BYTES);
    }
    return true;
}

/* Within the acknowledgement, or in a message of its own to what is not confirmable (RFC 7252 5.2). */
static bool write_answer(Server *server, const Request *request, uint8_t code, LzWriter *reply)
{
    bool is_confirmable = request->type == LZ_COAP_CON;
    const LzCoapMessage message = {.type = is_confirmable ? LZ_COAP_ACK : LZ_COAP_NON, .code = code,
                                   .id = is_confirmable ? request->id : server->next_id++,
                                   .token = {request->token, request->token_bytes}};
    return lz_coap_encode(reply, &message);
}

/* A ping is answered with a reset (RFC 7252 4.3). */
static bool write_reset(const Request *request, LzWriter *reply)
{
    const LzCoapMessage message = {.type = LZ_COAP_RST, .code = LZ_COAP_EMPTY, .id = request->id};
    return lz_coap_encode(reply, &message);
}

static LzDatagramVerdict judge(LzDatagramService *service, const LzDatagramRequest *request, bool is_full, LzWriter *reply)
{
    Server *server = (Server *)service;
    const Request *message = request->message;
    forget_old(server);
    if (message->code == LZ_COAP_EMPTY) {
        return write_reset(message, reply) ? LZ_DATAGRAM_ANSWERED : LZ_DATAGRAM_IGNORED;
    }
    const Exchange *exchange = message->type == LZ_COAP_CON ? find_exchange(server, request) : NULL;
    if (exchange) {
        bool is_answered = exchange->code != LZ_COAP_EMPTY && write_answer(server, message, exchange->code, reply);
        return is_answered ? LZ_DATAGRAM_ANSWERED : LZ_DATAGRAM_IGNORED;
    }
    if (is_full) {
        return write_answer(server, message, LZ_COAP_UNAVAILABLE, reply) ? LZ_DATAGRAM_REFUSED : LZ_DATAGRAM_IGNORED;
    }
    if (message->type == LZ_COAP_CON) {
        begin_exchange(server, request);
    }
    return LZ_DATAGRAM_TAKEN;
}

static uint8_t answer_code(const Request *request)
{
    return request->has_bad_option                                          ? LZ_COAP_BAD_OPTION
           : request->code == LZ_COAP_POST || request->code == LZ_COAP_PUT ? LZ_COAP_CHANGED
                                                                            : LZ_COAP_NOT_ALLOWED;
}

static bool answer(LzDatagramService *service, const LzDatagramRequest *request, LzWriter *reply)
{
    Server *server = (Server *)service;
    const Request *message = request->message;
    uint8_t code = answer_code(message);
    Exchange *exchange = message->type == LZ_COAP_CON ? find_exchange(server, request) : NULL;
    if (exchange) {
        exchange->code = code;
    }
    if (code == LZ_COAP_CHANGED && message->has_mark) {
        lz_probe_delivered(service->probes, (LzBytes){message->mark, sizeof message->mark});
    }
    return write_answer(server, message, code, reply);
}

static const LzDatagramServiceOps datagrams = {.message_size = sizeof(Request), .reply_bytes_max = REPLY_BYTES_MAX,
                                               .decode = decode, .judge = judge, .answer = answer};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Server *server = state;
    server->config = config;
    server->scheduler = env->scheduler;
    LzRandom random;
    lz_env_random(env, LZ_PURPOSE_GENERAL, &random);
    server->next_id = (uint16_t)lz_random_u32(&random);
    server->exchanges = g_hash_table_new(exchange_hash, exchange_equal);
    lz_datagram_service_init(&server->service, &datagrams, context, env, server->config->cost_ns, server->config->queue_max);
}

static void stop(void *state)
{
    Server *server = state;
    lz_datagram_service_stop(state);
    while (server->oldest) {
        forget_oldest(server);
    }
}

static void clear(void *state)
{
    Server *server = state;
    g_clear_pointer(&server->exchanges, g_hash_table_unref);
}

static const LzParam params[] = {
    LZ_PARAM(Config, cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 50e3,
             .help = "CPU of a request", .source = "assumed: some 20,000 a second on a core"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 1000,
             .help = "requests waiting for the CPU; beyond, they are answered with 5.03 Service Unavailable", .source = "assumed"),
    LZ_PARAM(Config, exchanges_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 100000,
             .help = "confirmable requests remembered, for 247 s, to know one that comes again; beyond, the oldest is forgotten",
             .source = "assumed; 247 s: RFC 7252 section 4.8.2"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "resources: every path takes what is posted, and nothing can be read",
    "separate answers: an answer comes within the acknowledgement, however long the request has waited",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = lz_datagram_service_start, .stop = stop, .clear = clear,
                                 .port = LZ_COAP_PORT, .secure_port = LZ_COAPS_PORT, .is_datagram = true, .speaks_dtls = true};

const LzModel lz_service_model_coap_server = {
    .name = "coap-server",
    .summary = "takes what devices post with CoAP, over DTLS unless its `tls` is off",
    .source = "RFC 7252",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Server),
    .not_modelled = not_modelled,
    .ops = &ops,
};
