/* Leases each device the address that is reserved for it. */
#include <glib.h>

#include "lazaret/model.h"
#include "lazaret/protocol/dhcp.h"
#include "lazaret/service.h"

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
    LzTime lease_ns;
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
    LzDhcpMessage message;
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

static bool is_request(const LzDhcpMessage *message)
{
    return message->type == LZ_DHCP_DISCOVER || message->type == LZ_DHCP_REQUEST;
}

/* Who asks for another address than its own, or another server, is refused or left alone (RFC 2131 4.3.2). */
static bool answer(const Request *request, LzDhcpMessage *ret_reply)
{
    const Server *server = request->server;
    const LzDhcpMessage *asked = &request->message;
    LzAddress own = lz_host_address(server->context.host);
    if (asked->type == LZ_DHCP_REQUEST && asked->server_id != 0 && asked->server_id != own) {
        return false;
    }
    LzAddress wanted = asked->client_address ? asked->client_address : asked->requested_address;
    bool is_refused = asked->type == LZ_DHCP_REQUEST && wanted != request->address;
    *ret_reply = (LzDhcpMessage){
        .type = asked->type == LZ_DHCP_DISCOVER ? LZ_DHCP_OFFER : is_refused ? LZ_DHCP_NAK : LZ_DHCP_ACK,
        .transaction = asked->transaction,
        .client_address = asked->client_address,
        .your_address = is_refused ? 0 : request->address,
        .relay_address = asked->relay_address,
        .server_id = own,
        .lease_s = is_refused ? 0 : (uint32_t)(server->config->lease_ns / LZ_NS_PER_S),
    };
    memcpy(ret_reply->hardware, asked->hardware, sizeof asked->hardware);
    return true;
}

static void served(void *owner)
{
    Request *request = owner;
    Server *server = request->server;
    uint8_t bytes[LZ_DHCP_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    LzDhcpMessage reply;
    if (answer(request, &reply) && lz_dhcp_encode(&writer, &reply)) {
        const LzDatagram datagram = {.address = request->address, .port = request->port,
                                     .source_port = server->context.listen.port, .payload = {bytes, writer.size}};
        lz_host_send_udp(server->context.host, &datagram, 0);
    }
    request_free(request);
}

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    Server *server = self;
    LzDhcpMessage message;
    if (!lz_dhcp_decode(payload, &message) || !is_request(&message)) {
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
    LZ_PARAM(Config, cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 200e3,
             .help = "CPU of an answer", .source = "assumed: a server that writes each lease to disk answers some thousands a second"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "requests waiting for the CPU; beyond, they are dropped", .source = "assumed"),
    LZ_PARAM(Config, lease_ns, .key = "lease", .kind = LZ_PARAM_TIME_NS, .min = 2e9, .max = 2592000e9, .fallback = 86400e9,
             .help = "of an address", .source = "assumed: a day; renewed at half of it, RFC 2131 4.4.5"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "broadcasts on the segment: messages go between the device and the server as a relay agent would pass them on",
    "pools and conflicts: every device has a reserved address",
    NULL,
};

static const LzServiceOps ops = {
    .init = init, .start = start, .stop = stop, .clear = clear, .port = LZ_DHCP_SERVER_PORT, .is_datagram = true};

const LzModel lz_service_model_dhcp = {
    .name = "dhcp",
    .summary = "leases each device its address",
    .source = "RFC 2131, RFC 2132",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Server),
    .not_modelled = not_modelled,
    .ops = &ops,
};
