/* A device that speaks CoAP: each message is a POST to its flow's path. At QoS 0 it is non-confirmable and sent once; else it
 * is confirmable, one at a time, and sent again with growing pauses until the server has acknowledged it. */
#include <glib.h>
#include <string.h>

#include "lazaret/client.h"
#include "lazaret/datagrams.h"
#include "lazaret/model.h"
#include "lazaret/protocol/coap.h"

#define SOURCE_PORT 49152u              /* RFC 6335 6: the first dynamic port */
#define DATAGRAM_BYTES_MAX 1472u        /* one packet of 1,500 bytes */
#define TOKEN_BYTES 4u
#define PPB 1000000000

typedef struct Config {
    LzTime ack_timeout_ns;
    uint32_t ack_spread_ppb;
    int64_t retransmissions, queue_max;
    LzTime retry_ns, retry_max_ns, rebind_ns;
} Config;

typedef struct Request {                /* confirmable, not answered yet */
    struct Request *next;
    LzMessageId message;
    LzBuffer *bytes;                    /* as on the wire */
    uint16_t id;
    uint8_t token[TOKEN_BYTES];
    uint8_t dscp;
} Request;

typedef struct Client {
    const Config *config;
    LzClientContext context;
    LzScheduler *scheduler;
    LzProbes *probes;
    LzRandom random;
    LzAssociation *association;         /* NULL: without power */
    bool is_ready;                      /* it may send */
    uint16_t next_id;
    uint32_t next_token;
    Request *first, *last;              /* the first is under way, if anything is */
    int64_t waiting;
    int64_t sent_times;                 /* of the first; 0: not under way */
    bool is_acknowledged;               /* the first is; its answer comes by itself */
    LzTime pause_ns;
    LzEvent timeout;
} Client;

/* ---- the wire ---- */

static void send_empty(Client *client, LzCoapType type, uint16_t id)
{
    uint8_t bytes[4];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    const LzCoapMessage message = {.type = type, .code = LZ_COAP_EMPTY, .id = id};
    bool is_written = lz_coap_encode(&writer, &message);
    g_assert(is_written);
    lz_association_send(client->association, (LzBytes){bytes, writer.size}, client->context.connect.dscp, 0);
}

/* ---- confirmable messages, one at a time: NSTART is 1 (RFC 7252 4.7) ---- */

static void transmit(Client *client)
{
    const Request *request = client->first;
    if (client->sent_times == 0) {
        lz_probe_sent(client->probes, request->message);
    }
    client->sent_times++;
    /* A copy that is lost on the way is no loss of the message. */
    lz_association_send(client->association, (LzBytes){request->bytes->data, request->bytes->size}, request->dscp, 0);
    lz_timer_after(client->scheduler, &client->timeout, client->pause_ns);
}

static void request_free(Request *request)
{
    lz_buffer_unref(request->bytes);
    g_free(request);
}

/* The first is done with, well or not. */
static void end_first(Client *client)
{
    Request *request = client->first;
    client->first = request->next;
    client->last = client->first ? client->last : NULL;
    client->waiting--;
    client->sent_times = 0;
    lz_event_cancel(client->scheduler, &client->timeout);
    request_free(request);
}

static void lose_first(Client *client, LzLossCause cause)
{
    lz_probe_lost(client->probes, client->first->message, cause);
    end_first(client);
}

/* RFC 7252 4.2: the first pause is drawn between ACK_TIMEOUT and ACK_TIMEOUT * ACK_RANDOM_FACTOR, each further one doubled. */
static void begin_next(Client *client)
{
    while (client->is_ready && client->sent_times == 0 && client->first
           && client->first->bytes->size > lz_association_room_bytes(client->association)) {
        lose_first(client, LZ_LOSS_REFUSED);
    }
    if (!client->first || client->sent_times > 0 || !client->is_ready) {
        return;
    }
    const Config *config = client->config;
    LzTime spread_ns = (LzTime)((__int128)config->ack_timeout_ns * config->ack_spread_ppb / PPB);
    client->pause_ns = config->ack_timeout_ns +
                       (spread_ns > 0 ? (LzTime)lz_random_below(&client->random, (uint64_t)spread_ns + 1) : 0);
    client->is_acknowledged = false;
    transmit(client);
}

static void timed_out(void *owner)
{
    Client *client = owner;
    if (client->is_acknowledged || client->sent_times > client->config->retransmissions) {
        lose_first(client, LZ_LOSS_CONNECTION);
        lz_association_renew(client->association);      /* the server may have forgotten it */
        begin_next(client);
    } else {
        client->pause_ns *= 2;
        transmit(client);
    }
}

/* ---- what arrives ---- */

static void take_answer(Client *client, const LzCoapMessage *message)
{
    if (message->code == LZ_COAP_CHANGED) {
        end_first(client);              /* whoever received it has said so */
    } else {
        lose_first(client, message->code == LZ_COAP_UNAVAILABLE ? LZ_LOSS_SERVICE_FULL : LZ_LOSS_REFUSED);
    }
    begin_next(client);
}

static bool is_of_first(const Client *client, const LzCoapMessage *message)
{
    return client->sent_times > 0 && lz_bytes_equal(message->token, (LzBytes){client->first->token, TOKEN_BYTES});
}

/* An acknowledgement without an answer: that comes later, and gets an exchange's lifetime for it. */
static void take_acknowledgement(Client *client, const LzCoapMessage *message)
{
    if (client->sent_times == 0 || message->id != client->first->id) {
        return;
    }
    if (message->type == LZ_COAP_RST) {
        lose_first(client, LZ_LOSS_REFUSED);
        begin_next(client);
    } else if (message->code == LZ_COAP_EMPTY) {
        client->is_acknowledged = true;
        lz_timer_after(client->scheduler, &client->timeout, LZ_COAP_EXCHANGE_LIFETIME_NS);
    } else if (is_of_first(client, message)) {
        take_answer(client, message);
    }
}

static void received(void *self, LzBytes payload)
{
    Client *client = self;
    LzCoapMessage message;
    if (!lz_coap_decode(payload, &message)) {
        return;
    }
    if (message.type == LZ_COAP_ACK || message.type == LZ_COAP_RST) {
        take_acknowledgement(client, &message);
        return;
    }
    bool is_ours = is_of_first(client, &message);
    if (message.type == LZ_COAP_CON) {
        send_empty(client, is_ours ? LZ_COAP_ACK : LZ_COAP_RST, message.id);
    }
    if (is_ours) {
        take_answer(client, &message);
    }
}

/* ---- what is to be sent ---- */

static LzBuffer *encode(Client *client, unsigned flow, LzBytes payload, uint8_t token[TOKEN_BYTES], uint16_t *ret_id)
{
    static const uint8_t octet_stream = LZ_COAP_OCTET_STREAM;
    const LzClientFlow *own = &client->context.flows[flow];
    LzWriter token_writer = lz_writer(token, TOKEN_BYTES);
    lz_write_uint(&token_writer, client->next_token++, TOKEN_BYTES);
    LzCoapMessage message = {.type = own->qos > 0 ? LZ_COAP_CON : LZ_COAP_NON, .code = LZ_COAP_POST, .id = client->next_id++,
                             .token = {token, TOKEN_BYTES}, .payload = payload};
    uint8_t bytes[DATAGRAM_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    bool has_path = lz_coap_add_path(&message, own->destination) && message.option_count < LZ_COAP_OPTIONS_MAX;
    if (has_path) {
        message.options[message.option_count++] = (LzCoapOption){LZ_COAP_CONTENT_FORMAT, {&octet_stream, 1}};
    }
    *ret_id = message.id;
    return has_path && lz_coap_encode(&writer, &message) ? lz_buffer_new_copy(bytes, writer.size) : NULL;
}

static void append(Client *client, const Request *request)
{
    Request *own = g_new(Request, 1);
    *own = *request;
    *(client->last ? &client->last->next : &client->first) = own;
    client->last = own;
    client->waiting++;
    begin_next(client);
}

static void send_once(Client *client, const Request *request)
{
    const LzBytes bytes = {request->bytes->data, request->bytes->size};
    if (!lz_association_send(client->association, bytes, request->dscp, request->message)) {
        lz_probe_lost(client->probes, request->message, LZ_LOSS_REFUSED);
    }
    lz_buffer_unref(request->bytes);
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    Client *client = state;
    const LzClientFlow *own = &client->context.flows[flow];
    bool is_confirmable = own->qos > 0;
    if (is_confirmable ? client->waiting >= client->config->queue_max : !client->is_ready) {
        lz_probe_lost(client->probes, message, LZ_LOSS_CLIENT_QUEUE_FULL);
        return;
    }
    Request request = {.message = message, .dscp = own->dscp};
    request.bytes = encode(client, flow, payload, request.token, &request.id);
    if (!request.bytes) {
        lz_probe_lost(client->probes, message, LZ_LOSS_REFUSED);
    } else if (is_confirmable) {
        append(client, &request);
    } else {
        send_once(client, &request);
    }
}

static bool has_room(const void *state)
{
    const Client *client = state;
    return client->is_ready && client->waiting < client->config->queue_max;
}

/* ---- life ---- */

static void set_ready(void *self, bool is_ready)
{
    Client *client = self;
    client->is_ready = is_ready;
    client->context.ready(client->context.device, is_ready);
    if (!is_ready && client->sent_times > 0) {
        client->sent_times = 0;         /* begins anew when there is an association again */
        lz_event_cancel(client->scheduler, &client->timeout);
    }
    begin_next(client);
}

static const LzAssociationEvents association_events = {.ready = set_ready, .received = received};

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    client->context = *context;
    client->scheduler = env->scheduler;
    client->probes = env->probes;
    lz_env_random(env, LZ_PURPOSE_GENERAL, &client->random);
    lz_event_init(&client->timeout, timed_out, client);
}

static void start(void *state)
{
    Client *client = state;
    client->next_id = (uint16_t)lz_random_u32(&client->random);         /* RFC 7252 4.4 */
    client->next_token = lz_random_u32(&client->random);
    const Config *config = client->config;
    const LzAssociate associate = {.connect = client->context.connect, .source_port = SOURCE_PORT, .retry_ns = config->retry_ns,
                                   .retry_max_ns = config->retry_max_ns, .rebind_ns = config->rebind_ns};
    client->association = lz_host_associate(client->context.host, &associate, &association_events, client);
    lz_association_begin(client->association);
}

static void stop(void *state)
{
    Client *client = state;
    while (client->first) {
        lose_first(client, LZ_LOSS_POWER);
    }
    client->association = NULL;
    if (client->is_ready) {
        set_ready(client, false);
    }
}

static void clear(void *state)
{
    Client *client = state;
    while (client->first) {
        end_first(client);
    }
}

static const LzParam params[] = {
    LZ_PARAM(Config, ack_timeout_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 600e9, .fallback = 2e9,
             .help = "least pause before a message is sent again; doubled each time", .source = "RFC 7252 section 4.8"),
    LZ_PARAM(Config, ack_spread_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 5e8,
             .help = "the first pause is longer by up to this share, at random: ACK_RANDOM_FACTOR less one",
             .source = "RFC 7252 section 4.8"),
    LZ_PARAM(Config, retransmissions, .kind = LZ_PARAM_COUNT, .max = 20, .fallback = 4,
             .help = "times that a message is sent again before it is given up", .source = "RFC 7252 section 4.8"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 100000, .fallback = 50,
             .help = "confirmable messages kept, the one under way among them; beyond, the newest is lost", .source = "assumed"),
    LZ_PARAM(Config, retry_ns, .key = "backoff", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 1e9,
             .help = "DTLS: first pause after a handshake that failed; doubled each time, and up to half of it less, at random",
             .source = "assumed"),
    LZ_PARAM(Config, retry_max_ns, .key = "backoff_max", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, .fallback = 60e9,
             .help = "DTLS: longest pause after a handshake that failed", .source = "assumed"),
    LZ_PARAM(Config, rebind_ns, .key = "rebind", .kind = LZ_PARAM_TIME_NS, .max = 7 * 86400e9, .fallback = 0,
             .help = "an address translator on its way forgets a device that has sent nothing for so long: what it then sends comes"
                     " from another port; 0: there is none", .source = "RFC 4787 section 4.3: 2 min or more; RFC 9146 section 1"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "block-wise transfer (RFC 7959): a message that does not fit into a datagram is refused",
    "observing resources, discovery, multicast, congestion control beyond one message at a time",
    "QoS 2: it is as QoS 1",
    NULL,
};

static const LzClientOps ops = {
    .uses_datagrams = true, .init = init, .start = start, .stop = stop, .send = send_message, .has_room = has_room, .clear = clear};

const LzModel lz_client_model_coap = {
    .name = "coap",
    .summary = "each message is a CoAP request, confirmable when its QoS is above 0",
    .source = "RFC 7252",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .ops = &ops,
};
