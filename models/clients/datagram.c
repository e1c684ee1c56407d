/* A device that sends each message as one UDP datagram and never asks what became of it. */
#include "lazaret/client.h"
#include "lazaret/model.h"

#define SOURCE_PORT 49152               /* RFC 6335 6: the first dynamic port */

typedef struct Client {
    LzClientContext context;
    LzProbes *probes;
} Client;

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    (void)config;
    client->context = *context;
    client->probes = env->probes;
}

static void start(void *state)
{
    Client *client = state;
    client->context.ready(client->context.device, true);
}

static void stop(void *state)
{
    Client *client = state;
    client->context.ready(client->context.device, false);
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    Client *client = state;
    const LzDatagram datagram = {
        .address = client->context.connect.address,
        .port = client->context.connect.port,
        .source_port = SOURCE_PORT,
        .dscp = client->context.flows[flow].dscp,
        .payload = payload,
    };
    if (!lz_host_send_udp(client->context.host, &datagram, message)) {
        lz_probe_lost(client->probes, message, LZ_LOSS_REFUSED);
    }
}

static void clear(void *state)
{
    (void)state;
}

static const char *const not_modelled[] = {
    "DTLS and acknowledgements: the device never learns that a message was lost",
    "fragmentation: a message above 1,472 bytes is refused",
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

const LzModel lz_client_model_datagram = {
    .name = "datagram",
    .summary = "each message is one UDP datagram",
    .source = "RFC 768",
    .kind = LZ_MODEL_CLIENT,
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .ops = &ops,
};
