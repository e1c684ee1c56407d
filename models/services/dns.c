/* A name server for the services of the scenario: each has its own name. */
#include <glib.h>

#include "lazaret/model.h"
#include "lazaret/protocol/dns.h"
#include "lazaret/service.h"

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
    LzTime ttl_ns;
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
    LzDnsMessage message;
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

static bool is_request(const LzDnsMessage *message)
{
    return !message->is_response;
}

static bool answer(const Request *request, LzDnsMessage *ret_reply)
{
    const Server *server = request->server;
    LzAddress address = server->context.address_of(server->context.owner, request->message.name);
    *ret_reply = request->message;
    ret_reply->is_response = true;
    ret_reply->code = address ? LZ_DNS_OK : LZ_DNS_NO_NAME;
    ret_reply->has_answer = address != 0;
    ret_reply->address = address;
    ret_reply->ttl_s = (uint32_t)(server->config->ttl_ns / LZ_NS_PER_S);
    return true;
}

static void served(void *owner)
{
    Request *request = owner;
    Server *server = request->server;
    uint8_t bytes[LZ_DNS_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    LzDnsMessage reply;
    if (answer(request, &reply) && lz_dns_encode(&writer, &reply)) {
        const LzDatagram datagram = {.address = request->address, .port = request->port,
                                     .source_port = server->context.listen.port, .payload = {bytes, writer.size}};
        lz_host_send_udp(server->context.host, &datagram, 0);
    }
    request_free(request);
}

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    Server *server = self;
    LzDnsMessage message;
    if (!lz_dns_decode(payload, &message) || !is_request(&message)) {
        return;
    }
    if (server->waiting >= server->config->queue_max) {
        lz_probe_count(server->probes, server->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
        return;
    }
    lz_probe_count(server->probes, server->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    Request *request = g_new0(Request, 1);
    *request = (Request){.server = server, .next = server->first, .address = source, .port = source_port, .message = message};
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
    LZ_PARAM(Config, cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 20e3,
             .help = "CPU of an answer", .source = "assumed: an authoritative server answers some 50,000 a second on a core"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "requests waiting for the CPU; beyond, they are dropped", .source = "assumed"),
    LZ_PARAM(Config, ttl_ns, .key = "ttl", .kind = LZ_PARAM_TIME_NS, .min = 0, .max = 604800e9, .fallback = 300e9,
             .help = "how long a device may keep an answer", .source = "assumed; at most a week as RFC 1035 recommends"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "recursion, zones and every record but A; TCP and DNSSEC",
    NULL,
};

static const LzServiceOps ops = {
    .init = init, .start = start, .stop = stop, .clear = clear, .port = LZ_DNS_PORT, .is_datagram = true};

const LzModel lz_service_model_dns = {
    .name = "dns",
    .summary = "answers with the address of the service that has the name",
    .source = "RFC 1035",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Server),
    .not_modelled = not_modelled,
    .ops = &ops,
};
