/* A time server with a good reference. */
#include <glib.h>

#include "lazaret/model.h"
#include "lazaret/protocol/ntp.h"
#include "lazaret/service.h"

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
} Config;

typedef struct Server {
    const Config *config;
    LzServiceContext context;
    LzProbes *probes;
    struct Request *first;              /* all that wait for the CPU */
    int64_t waiting;
} Server;

typedef struct Request {
    Server *server;
    struct Request *next, *previous;
    LzEvent served;
    LzAddress address;
    uint16_t port;
    LzNtpMessage message;
    LzTime received_ns;                 /* by the server's clock */
} Request;

static void request_free(Request *request)
{
    Server *server = request->server;
    *(request->previous ? &request->previous->next : &server->first) = request->next;
    if (request->next) {
        request->next->previous = request->previous;
    }
    server->waiting--;
    g_free(request);
}

#define STRATUM 1u
#define PRECISION (-20)                 /* about 1 us; assumed */

static bool is_request(const LzNtpMessage *message)
{
    return message->mode == LZ_NTP_CLIENT;
}

static bool answer(const Request *request, LzNtpMessage *ret_reply)
{
    *ret_reply = (LzNtpMessage){
        .mode = LZ_NTP_SERVER,
        .stratum = STRATUM,
        .poll = request->message.poll,
        .precision = PRECISION,
        .reference_ns = request->received_ns,
        .originate_ns = request->message.transmit_ns,
        .receive_ns = request->received_ns,
        .transmit_ns = lz_host_wall_ns(request->server->context.host),
    };
    return true;
}

static void served(void *owner)
{
    Request *request = owner;
    Server *server = request->server;
    uint8_t bytes[LZ_NTP_BYTES];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    LzNtpMessage reply;
    if (answer(request, &reply) && lz_ntp_encode(&writer, &reply)) {
        const LzDatagram datagram = {.address = request->address, .port = request->port,
                                     .source_port = server->context.listen.port, .payload = {bytes, writer.size}};
        lz_host_send_udp(server->context.host, &datagram, 0);
    }
    request_free(request);
}

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    Server *server = self;
    LzNtpMessage message;
    if (!lz_ntp_decode(payload, &message) || !is_request(&message)) {
        return;
    }
    if (server->waiting >= server->config->queue_max) {
        lz_probe_count(server->probes, server->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
        return;
    }
    lz_probe_count(server->probes, server->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    Request *request = g_new0(Request, 1);
    *request = (Request){.server = server, .next = server->first, .address = source, .port = source_port, .message = message};
    request->received_ns = lz_host_wall_ns(server->context.host);
    if (server->first) {
        server->first->previous = request;
    }
    server->first = request;
    server->waiting++;
    lz_event_init(&request->served, served, request);
    lz_host_compute(server->context.host, server->config->cost_ns, &request->served);
}

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Server *server = state;
    server->config = config;
    server->context = *context;
    server->probes = env->probes;
}

static void start(void *state)
{
    Server *server = state;
    bool is_bound = lz_host_bind_udp(server->context.host, server->context.listen.port, received, server);
    g_assert(is_bound);
}

static void stop(void *state)
{
    Server *server = state;
    while (server->first) {
        lz_host_compute_cancel(server->context.host, &server->first->served);
        request_free(server->first);
    }
}

static void clear(void *state)
{
    (void)state;
}

static const LzParam params[] = {
    LZ_PARAM(Config, cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 10e3,
             .help = "CPU of an answer", .source = "assumed: a server answers some 100,000 a second on a core"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "requests waiting for the CPU; beyond, they are dropped", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "authentication and network time security; several servers and how a client chooses among them",
    NULL,
};

static const LzServiceOps ops = {
    .init = init, .start = start, .stop = stop, .clear = clear, .port = LZ_NTP_PORT, .is_datagram = true};

const LzModel lz_service_model_ntp = {
    .name = "ntp",
    .summary = "answers with its host's clock",
    .source = "RFC 5905",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Server),
    .not_modelled = not_modelled,
    .ops = &ops,
};
