/* Leases each device the address that is reserved for it. */
#include <glib.h>

#include "lazaret/datagram_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/dhcp.h"

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
    LzTime lease_ns;
} Config;

typedef struct Server {
    LzDatagramService service;
    const Config *config;
} Server;

static bool decode(LzBytes payload, void *ret_message)
{
    LzDhcpMessage *message = ret_message;
    return lz_dhcp_decode(payload, message) && (message->type == LZ_DHCP_DISCOVER || message->type == LZ_DHCP_REQUEST);
}

/* Who asks for another address than its own, or another server, is refused or left alone (RFC 2131 4.3.2). */
static bool answer(LzDatagramService *service, const LzDatagramRequest *request, LzWriter *reply)
{
    const Config *config = ((const Server *)service)->config;
    const LzDhcpMessage *asked = request->message;
    LzAddress own = lz_host_address(service->context.host);
    if (asked->type == LZ_DHCP_REQUEST && asked->server_id != 0 && asked->server_id != own) {
        return false;
    }
    LzAddress wanted = asked->client_address ? asked->client_address : asked->requested_address;
    bool is_refused = asked->type == LZ_DHCP_REQUEST && wanted != request->peer.address;
    LzDhcpMessage message = {
        .type = asked->type == LZ_DHCP_DISCOVER ? LZ_DHCP_OFFER : is_refused ? LZ_DHCP_NAK : LZ_DHCP_ACK,
        .transaction = asked->transaction,
        .client_address = asked->client_address,
        .your_address = is_refused ? 0 : request->peer.address,
        .relay_address = asked->relay_address,
        .server_id = own,
        .lease_s = is_refused ? 0 : (uint32_t)(config->lease_ns / LZ_NS_PER_S),
    };
    memcpy(message.hardware, asked->hardware, sizeof asked->hardware);
    return lz_dhcp_encode(reply, &message);
}

static const LzDatagramServiceOps datagrams = {
    .message_size = sizeof(LzDhcpMessage), .reply_bytes_max = LZ_DHCP_BYTES_MAX, .decode = decode, .answer = answer};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Server *server = state;
    server->config = config;
    lz_datagram_service_init(&server->service, &datagrams, context, env, server->config->cost_ns, server->config->queue_max);
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
    .init = init, .start = lz_datagram_service_start, .stop = lz_datagram_service_stop,
    .clear = lz_datagram_service_clear, .port = LZ_DHCP_SERVER_PORT, .is_datagram = true};

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
