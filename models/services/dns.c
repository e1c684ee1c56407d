/* A name server for the services of the scenario: each has its own name. */
#include <glib.h>

#include "lazaret/datagram_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/dns.h"

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
    LzTime ttl_ns;
} Config;

typedef struct Server {
    LzDatagramService service;
    const Config *config;
} Server;

static bool decode(LzBytes payload, void *ret_message)
{
    LzDnsMessage *message = ret_message;
    return lz_dns_decode(payload, message) && !message->is_response;
}

static bool answer(LzDatagramService *service, const LzDatagramRequest *request, LzWriter *reply)
{
    const Config *config = ((const Server *)service)->config;
    LzDnsMessage message = *(const LzDnsMessage *)request->message;
    message.is_response = true;
    message.address = service->context.address_of(service->context.owner, message.name);
    message.has_answer = message.address != 0;
    message.code = message.has_answer ? LZ_DNS_OK : LZ_DNS_NO_NAME;
    message.ttl_s = (uint32_t)(config->ttl_ns / LZ_NS_PER_S);
    return lz_dns_encode(reply, &message);
}

static const LzDatagramServiceOps datagrams = {
    .message_size = sizeof(LzDnsMessage), .reply_bytes_max = LZ_DNS_BYTES_MAX, .decode = decode, .answer = answer};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Server *server = state;
    server->config = config;
    lz_datagram_service_init(&server->service, &datagrams, context, env, server->config->cost_ns, server->config->queue_max);
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
    .init = init, .start = lz_datagram_service_start, .stop = lz_datagram_service_stop,
    .clear = lz_datagram_service_clear, .port = LZ_DNS_PORT, .is_datagram = true};

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
