/* A device that sends each message as one UDP datagram, once it knows whom to, and never asks what became of it. */
#include "lazaret/client.h"
#include "lazaret/model.h"

#define SOURCE_PORT 49152               /* RFC 6335 6: the first dynamic port */

typedef struct Client {
    LzClientContext context;
    LzProbes *probes;
    LzAddress peer;                     /* 0: not known yet, or no address of its own */
} Client;

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    (void)config;
    client->context = *context;
    client->probes = env->probes;
}

static void set_peer(void *self, LzAddress peer)
{
    Client *client = self;
    const bool was_ready = client->peer != 0, is_ready = peer != 0;
    client->peer = peer;
    if (was_ready != is_ready) {
        client->context.ready(client->context.device, is_ready);
    }
}

static void start(void *state)
{
    Client *client = state;
    lz_host_seek(client->context.host, &client->context.connect, set_peer, client);
}

static void stop(void *state)
{
    set_peer(state, 0);
}

static bool has_room(const void *state)
{
    const Client *client = state;
    return client->peer != 0;
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    Client *client = state;
    if (!client->peer) {
        lz_probe_lost(client->probes, message, LZ_LOSS_CLIENT_QUEUE_FULL);
        return;
    }
    const LzDatagram datagram = {
        .address = client->peer,
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
    "keeping messages until it knows whom to send them to: they are lost",
    NULL,
};

static const LzClientOps ops = {
    .uses_datagrams = true,
    .delivers_once = true,
    .init = init,
    .start = start,
    .stop = stop,
    .send = send_message,
    .has_room = has_room,
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
