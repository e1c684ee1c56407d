/* A device's client of MQTT 3.1.1 or 5: keeps one connection to its broker, carries the messages of its flows,
 * keeps what it cannot send, and comes back with a growing, random delay after a loss. */
#include "lazaret/client.h"
#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "lazaret/protocol/mqtt_window.h"

#define PACKET_BYTES_MAX (1u << 20)     /* of what a broker sends; more ends the connection */
#define DRAIN_NS LZ_MILLISECONDS(20)    /* how soon a full send buffer is looked at again */

typedef struct Config {
    LzTime keepalive_ns, connack_timeout_ns;
    LzTime backoff_ns, backoff_max_ns;
    uint32_t jitter_ppb;
    int version;                        /* LzMqttVersion */
    bool clean_session;
    LzTime session_expiry_ns;
    int64_t queue_max, inflight_max, receive_max;
    int64_t send_buffer_bytes;
    LzNameList subscribe;
    int64_t subscribe_qos;
} Config;

typedef struct Message {
    LzBuffer *payload;
    LzMessageId id;
    unsigned flow;
} Message;

typedef struct Unacknowledged {         /* a message of QoS 0 on its way: nobody but TCP will say that it arrived */
    LzMessageId id;
    uint64_t stream_end;
} Unacknowledged;

typedef struct Client {
    const Config *config;
    LzClientContext context;
    LzEnv env;
    LzRandom random;
    LzSession *session;                 /* NULL: none */
    bool is_on, is_accepted, is_leaving, awaits_pong;
    bool is_held;                       /* the broker has said that it has no room */
    unsigned inflight_max;              /* in this connection */
    LzTime keepalive_ns;
    LzMqttStream stream;
    LzEvent retry, connack_timeout, keepalive, drain;
    LzTime connect_ns, sent_ns, received_ns, ping_ns;
    unsigned attempts;                  /* since the last acceptance */
    GQueue waiting;                     /* Message *, oldest first */
    LzMqttWindow window;                /* items: Message * of QoS 1 and 2 in flight */
    LzMqttIds received;
    uint64_t stream_bytes;              /* handed to the session so far */
    GQueue unacknowledged;              /* Unacknowledged *, oldest first */
} Client;

/* ---- messages ----------------------------------------------------------------------------------- */

static uint8_t message_qos(const Client *client, const Message *message)
{
    return (uint8_t)client->context.flows[message->flow].qos;
}

static void message_free(Message *message)
{
    lz_buffer_unref(message->payload);
    g_free(message);
}

static void lose(Client *client, Message *message, LzLossCause cause)
{
    lz_probe_lost(client->env.probes, message->id, cause);
    message_free(message);
}

/* Makes room for one: the oldest of the lowest QoS goes, which may be the one that came last. */
static void lose_least(Client *client)
{
    GList *least = client->waiting.head;
    for (GList *link = least->next; link; link = link->next) {
        if (message_qos(client, link->data) < message_qos(client, least->data)) {
            least = link;
        }
    }
    Message *message = least->data;
    g_queue_delete_link(&client->waiting, least);
    lose(client, message, LZ_LOSS_CLIENT_QUEUE_FULL);
}

/* ---- sending ------------------------------------------------------------------------------------ */

/* False: the packet breaks a rule of the protocol. */
static bool send_packet(Client *client, const LzMqttPacket *given, LzMessageId message)
{
    LzMqttPacket packet = *given;
    packet.version = (LzMqttVersion)client->config->version;
    const size_t size = lz_mqtt_size(&packet);
    if (size == 0) {
        return false;
    }
    g_autofree uint8_t *bytes = g_malloc(size);
    lz_mqtt_encode(&packet, bytes, size);
    client->stream_bytes += size;
    client->sent_ns = lz_now(client->env.scheduler);
    lz_session_send(client->session, (LzBytes){.data = bytes, .size = size}, message);
    return true;
}

static void send_acknowledgement(Client *client, LzMqttType type, uint16_t packet_id)
{
    send_packet(client, &(LzMqttPacket){.type = type, .packet_id = packet_id}, 0);
}

static bool send_publish(Client *client, const Message *message, uint16_t packet_id, bool is_duplicate)
{
    const LzClientFlow *flow = &client->context.flows[message->flow];
    const LzMqttPacket packet = {
        .type = LZ_MQTT_PUBLISH,
        .packet_id = packet_id,
        .publish = {.topic = lz_bytes_of_text(flow->destination),
                    .payload = {.data = message->payload->data, .size = message->payload->size},
                    .qos = (uint8_t)flow->qos,
                    .is_duplicate = is_duplicate},
    };
    return send_packet(client, &packet, message->id);
}

static void forget_acknowledged(Client *client)
{
    const uint64_t unsent = lz_session_unsent_bytes(client->session);
    const uint64_t arrived = client->stream_bytes > unsent ? client->stream_bytes - unsent : 0;
    Unacknowledged *first;
    while ((first = g_queue_peek_head(&client->unacknowledged)) && first->stream_end <= arrived) {
        g_free(g_queue_pop_head(&client->unacknowledged));
    }
}

static void lose_unacknowledged(Client *client, LzLossCause cause)
{
    Unacknowledged *first;
    while ((first = g_queue_pop_head(&client->unacknowledged))) {
        lz_probe_lost(client->env.probes, first->id, cause);
        g_free(first);
    }
}

/* Sends QoS 0 and forgets it but for its fate in TCP. */
static void publish_once(Client *client, Message *message)
{
    if (!send_publish(client, message, 0, false)) {
        lose(client, message, LZ_LOSS_REFUSED);
        return;
    }
    Unacknowledged *entry = g_new(Unacknowledged, 1);
    *entry = (Unacknowledged){.id = message->id, .stream_end = client->stream_bytes};
    g_queue_push_tail(&client->unacknowledged, entry);
    message_free(message);
}

static void publish_acknowledged(Client *client, Message *message)
{
    const uint16_t packet_id = lz_mqtt_window_add(&client->window, message_qos(client, message), message);
    if (!send_publish(client, message, packet_id, false)) {
        g_array_set_size(client->window.sent, lz_mqtt_window_count(&client->window) - 1);
        lose(client, message, LZ_LOSS_REFUSED);
    }
}

static bool may_send(Client *client)
{
    if (!client->is_accepted || client->is_leaving || client->is_held || g_queue_is_empty(&client->waiting)) {
        return false;
    }
    if (lz_session_unsent_bytes(client->session) >= (uint64_t)client->config->send_buffer_bytes) {
        lz_timer_after(client->env.scheduler, &client->drain, DRAIN_NS);
        return false;
    }
    const Message *next = g_queue_peek_head(&client->waiting);
    return message_qos(client, next) == 0 || lz_mqtt_window_count(&client->window) < client->inflight_max;
}

static void send_waiting(Client *client)
{
    if (client->is_accepted) {
        forget_acknowledged(client);
    }
    while (may_send(client)) {
        Message *message = g_queue_pop_head(&client->waiting);
        if (message_qos(client, message) == 0) {
            publish_once(client, message);
        } else {
            publish_acknowledged(client, message);
        }
    }
}

static void drain(void *owner)
{
    Client *client = owner;
    client->is_held = false;
    send_waiting(client);
}

/* ---- connecting --------------------------------------------------------------------------------- */

/* Ends the connection because of what the peer did or did not do. */
static void leave(Client *client)
{
    client->is_leaving = true;
    lz_session_abort(client->session);
}

static void connack_overdue(void *owner)
{
    leave(owner);
}

/* 5.0, 3.1.2.11: how long the broker shall keep the session, and how much it may send at a time. */
static LzBytes connect_properties(const Client *client, uint8_t *memory, size_t capacity)
{
    LzWriter writer = lz_writer(memory, capacity);
    if (client->config->version == LZ_MQTT_5) {
        const LzTime expiry_s = (client->config->session_expiry_ns + LZ_NS_PER_S - 1) / LZ_NS_PER_S;
        lz_mqtt_property_write_number(&writer, LZ_MQTT_SESSION_EXPIRY, (uint32_t)expiry_s);
        lz_mqtt_property_write_number(&writer, LZ_MQTT_RECEIVE_MAXIMUM, (uint32_t)client->config->receive_max);
    }
    return (LzBytes){memory, writer.size};
}

static void opened(void *self, LzSession *session)
{
    Client *client = self;
    (void)session;
    uint8_t properties[16];
    const LzMqttPacket connect = {
        .type = LZ_MQTT_CONNECT,
        .properties = connect_properties(client, properties, sizeof properties),
        .connect = {.client_id = lz_bytes_of_text(lz_host_name(client->context.host)),
                    .clean_session = client->config->clean_session,
                    .keep_alive_s = (uint16_t)((client->config->keepalive_ns + LZ_NS_PER_S - 1) / LZ_NS_PER_S)},
    };
    send_packet(client, &connect, 0);
    lz_timer_after(client->env.scheduler, &client->connack_timeout, client->config->connack_timeout_ns);
}

/* The share `jitter` of the delay is drawn, the rest is certain: 100 % is full jitter, U(0, min(max, b 2^k)). */
static LzTime draw_backoff(Client *client)
{
    LzTime delay_ns = client->config->backoff_ns;
    for (unsigned i = 0; i < client->attempts && delay_ns < client->config->backoff_max_ns; i++) {
        delay_ns *= 2;
    }
    delay_ns = MIN(delay_ns, client->config->backoff_max_ns);
    client->attempts++;
    const LzTime drawn_ns = (LzTime)((__int128)delay_ns * client->config->jitter_ppb / 1000000000);
    return delay_ns - drawn_ns + (LzTime)lz_random_below(&client->random, (uint64_t)drawn_ns + 1);
}

static void end_session(Client *client)
{
    LzScheduler *scheduler = client->env.scheduler;
    lz_event_cancel(scheduler, &client->connack_timeout);
    lz_event_cancel(scheduler, &client->keepalive);
    lz_event_cancel(scheduler, &client->drain);
    lz_mqtt_stream_clear(&client->stream);
    client->session = NULL;
    client->is_leaving = false;
    client->is_held = false;
    client->awaits_pong = false;
    if (client->is_accepted) {
        client->is_accepted = false;
        client->context.ready(client->context.device, false);
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Client *client = self;
    if (client->session != session) {
        return;
    }
    const bool lost_power = reason == LZ_CLOSE_POWER;
    end_session(client);
    lose_unacknowledged(client, lost_power ? LZ_LOSS_POWER : LZ_LOSS_CONNECTION);
    if (!lost_power) {
        lz_timer_after(client->env.scheduler, &client->retry, draw_backoff(client));
    }
}

/* ---- keep-alive, 3.1.2.10 ------------------------------------------------------------------------ */

/* Both directions count, as in the mosquitto client library: a device that only sends would otherwise
 * never notice a broker that is gone. */
static LzTime ping_due_ns(const Client *client)
{
    return MIN(client->sent_ns, client->received_ns) + client->keepalive_ns;
}

static void check_keepalive(void *owner)
{
    Client *client = owner;
    const LzTime now_ns = lz_now(client->env.scheduler);
    if (client->awaits_pong) {
        leave(client);
        return;
    }
    LzTime due_ns = ping_due_ns(client);
    if (now_ns >= due_ns) {
        client->awaits_pong = true;
        send_packet(client, &(LzMqttPacket){.type = LZ_MQTT_PINGREQ}, 0);
        due_ns = now_ns + client->keepalive_ns;
    }
    lz_timer_at(client->env.scheduler, &client->keepalive, due_ns);
}

/* ---- receiving ---------------------------------------------------------------------------------- */

/* What was in flight when the last connection ended: goes on where it stood when the broker kept the
 * session [MQTT-4.4.0-1], else begins again, but for QoS 2 that the broker had already taken over. */
static void resume(Client *client, bool is_session_present)
{
    const unsigned count = lz_mqtt_window_count(&client->window);
    for (unsigned i = 0; is_session_present && i < count; i++) {
        const LzMqttSent *sent = lz_mqtt_window_at(&client->window, i);
        if (sent->is_released) {
            send_acknowledgement(client, LZ_MQTT_PUBREL, sent->packet_id);
        } else {
            send_publish(client, sent->item, sent->packet_id, true);
        }
    }
    if (is_session_present) {
        return;
    }
    for (unsigned i = count; i > 0; i--) {
        const LzMqttSent *sent = lz_mqtt_window_at(&client->window, i - 1);
        if (sent->is_released) {
            message_free(sent->item);
        } else {
            g_queue_push_head(&client->waiting, sent->item);
        }
    }
    lz_mqtt_window_clear(&client->window);
    lz_mqtt_ids_clear(&client->received);
}

/* One SUBSCRIBE for all filters. A filter that the broker refuses stays without messages. */
static void subscribe(Client *client)
{
    const LzNameList *filters = &client->config->subscribe;
    size_t size = 0;
    for (unsigned i = 0; i < filters->count; i++) {
        size += 3 + strlen(filters->items[i].text);
    }
    if (size == 0) {
        return;
    }
    g_autofree uint8_t *entries = g_malloc(size);
    LzWriter writer = lz_writer(entries, size);
    for (unsigned i = 0; i < filters->count; i++) {
        lz_mqtt_entry_write(LZ_MQTT_SUBSCRIBE, &writer, lz_bytes_of_text(filters->items[i].text),
                            (uint8_t)client->config->subscribe_qos);
    }
    const LzMqttPacket packet = {
        .type = LZ_MQTT_SUBSCRIBE,
        .packet_id = lz_mqtt_window_take_id(&client->window),
        .entries = {.data = entries, .size = writer.size},
    };
    send_packet(client, &packet, 0);
}

/* 5.0, 3.2.2.3: what the broker has to say about it. */
static void take_terms(Client *client, const LzMqttPacket *packet)
{
    uint32_t receive_max = UINT16_MAX, keep_alive_s;
    client->inflight_max = (unsigned)client->config->inflight_max;
    client->keepalive_ns = client->config->keepalive_ns;
    if (lz_mqtt_property_number(packet->properties, LZ_MQTT_RECEIVE_MAXIMUM, &receive_max)) {
        client->inflight_max = MIN(client->inflight_max, receive_max);
    }
    if (lz_mqtt_property_number(packet->properties, LZ_MQTT_SERVER_KEEP_ALIVE, &keep_alive_s)) {
        client->keepalive_ns = LZ_SECONDS(keep_alive_s);
    }
}

static void handle_connack(Client *client, const LzMqttPacket *packet)
{
    lz_event_cancel(client->env.scheduler, &client->connack_timeout);
    if (packet->connack.code != LZ_MQTT_ACCEPTED) {
        leave(client);
        return;
    }
    const LzTime now_ns = lz_now(client->env.scheduler);
    lz_probe_sample(client->env.probes, client->context.tls_scope, LZ_METRIC_TLS_CONNECT_TIME, now_ns - client->connect_ns);
    take_terms(client, packet);
    client->is_accepted = true;
    client->attempts = 0;
    client->context.ready(client->context.device, true);
    if (client->keepalive_ns > 0) {
        lz_timer_at(client->env.scheduler, &client->keepalive, now_ns + client->keepalive_ns);
    }
    resume(client, packet->connack.is_session_present);
    subscribe(client);
    send_waiting(client);
}

static void handle_publish(Client *client, const LzMqttPacket *packet)
{
    if (packet->publish.qos == 1) {
        send_acknowledgement(client, LZ_MQTT_PUBACK, packet->packet_id);
    } else if (packet->publish.qos == 2) {
        lz_mqtt_ids_add(&client->received, packet->packet_id);
        send_acknowledgement(client, LZ_MQTT_PUBREC, packet->packet_id);
    }
}

/* 5.0, 4.10: the broker did not take the message. For want of room: it goes again, later, before all others. */
static void handle_refusal(Client *client, const LzMqttPacket *packet)
{
    Message *message = lz_mqtt_window_take(&client->window, packet->packet_id);
    if (!message) {
        return;
    }
    if (packet->reason == LZ_MQTT_REASON_QUOTA) {
        g_queue_push_head(&client->waiting, message);
        client->is_held = true;
        lz_timer_after(client->env.scheduler, &client->drain, client->config->backoff_ns);
    } else {
        lose(client, message, LZ_LOSS_REFUSED);
        send_waiting(client);
    }
}

static void handle_acknowledgement(Client *client, const LzMqttPacket *packet)
{
    void *item = NULL;
    if (packet->reason >= LZ_MQTT_REASON_FAILURE && packet->type != LZ_MQTT_PUBCOMP) {
        handle_refusal(client, packet);
        return;
    }
    const LzMqttAck ack = lz_mqtt_window_acknowledge(&client->window, packet->type, packet->packet_id, &item);
    if (ack == LZ_MQTT_ACK_DONE) {
        message_free(item);
        send_waiting(client);
    } else if (packet->type == LZ_MQTT_PUBREC) {
        send_acknowledgement(client, LZ_MQTT_PUBREL, packet->packet_id);        /* also for one that is forgotten here */
    }
}

static void handle_packet(Client *client, const LzMqttPacket *packet)
{
    if (client->is_accepted == (packet->type == LZ_MQTT_CONNACK)) {
        leave(client);          /* [MQTT-3.2.0-1] CONNACK comes first, and once */
        return;
    }
    switch (packet->type) {
    case LZ_MQTT_CONNACK:
        handle_connack(client, packet);
        return;
    case LZ_MQTT_PUBLISH:
        handle_publish(client, packet);
        return;
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBCOMP:
        handle_acknowledgement(client, packet);
        return;
    case LZ_MQTT_PUBREL:
        lz_mqtt_ids_remove(&client->received, packet->packet_id);
        send_acknowledgement(client, LZ_MQTT_PUBCOMP, packet->packet_id);
        return;
    case LZ_MQTT_PINGRESP:
        client->awaits_pong = false;
        return;
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBACK:
        return;
    case LZ_MQTT_CONNECT:
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_UNSUBSCRIBE:
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_DISCONNECT:
        leave(client);          /* [MQTT-4.8.0-1] a broker does not send these; a DISCONNECT of 5.0 ends the connection, too */
        return;
    }
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Client *client = self;
    (void)session;
    client->received_ns = lz_now(client->env.scheduler);
    LzMqttError error = LZ_MQTT_MORE;
    LzBytes frame;
    while (!client->is_leaving && (error = lz_mqtt_stream_next(&client->stream, &bytes, &frame)) == LZ_MQTT_OK) {
        LzMqttPacket packet;
        error = lz_mqtt_decode_as((LzMqttVersion)client->config->version, frame, &packet);
        if (error != LZ_MQTT_OK) {
            break;
        }
        handle_packet(client, &packet);
    }
    if (!client->is_leaving && error != LZ_MQTT_MORE) {
        leave(client);
    }
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

static void connect_now(void *owner)
{
    Client *client = owner;
    lz_mqtt_stream_init(&client->stream, PACKET_BYTES_MAX);
    client->stream_bytes = 0;
    client->connect_ns = client->sent_ns = client->received_ns = lz_now(client->env.scheduler);
    client->session = lz_host_connect(client->context.host, &client->context.connect, &session_events, client);
}

/* ---- model -------------------------------------------------------------------------------------- */

/* One connection has one code point: the highest of its flows. */
static uint8_t highest_dscp(const LzClientContext *context)
{
    uint8_t dscp = context->connect.dscp;
    for (unsigned i = 0; i < context->flow_count; i++) {
        dscp = lz_dscp_higher(dscp, context->flows[i].dscp);
    }
    return dscp;
}

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    client->context = *context;
    client->context.connect.dscp = highest_dscp(context);
    client->env = *env;
    lz_env_random(env, LZ_PURPOSE_START, &client->random);
    lz_event_init(&client->retry, connect_now, client);
    lz_event_init(&client->connack_timeout, connack_overdue, client);
    lz_event_init(&client->keepalive, check_keepalive, client);
    lz_event_init(&client->drain, drain, client);
    g_queue_init(&client->waiting);
    g_queue_init(&client->unacknowledged);
}

static void start(void *state)
{
    Client *client = state;
    client->is_on = true;
    client->attempts = 0;
    connect_now(client);
}

static void lose_everything(Client *client)
{
    for (unsigned i = 0; i < lz_mqtt_window_count(&client->window); i++) {
        lose(client, lz_mqtt_window_at(&client->window, i)->item, LZ_LOSS_POWER);
    }
    lz_mqtt_window_clear(&client->window);
    lz_mqtt_ids_clear(&client->received);
    Message *message;
    while ((message = g_queue_pop_head(&client->waiting))) {
        lose(client, message, LZ_LOSS_POWER);
    }
    lose_unacknowledged(client, LZ_LOSS_POWER);
}

static void stop(void *state)
{
    Client *client = state;
    client->is_on = false;
    end_session(client);
    lz_event_cancel(client->env.scheduler, &client->retry);
    lose_everything(client);
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId id)
{
    Client *client = state;
    g_assert(client->is_on && flow < client->context.flow_count);
    Message *message = g_new(Message, 1);
    *message = (Message){.payload = lz_buffer_new_copy(payload.data, payload.size), .id = id, .flow = flow};
    g_queue_push_tail(&client->waiting, message);
    send_waiting(client);
    if (client->waiting.length > (guint64)client->config->queue_max) {
        lose_least(client);
    }
}

static void clear(void *state)
{
    Client *client = state;
    if (client->is_on) {
        stop(client);
    }
}

/* The rows cannot say what a topic filter is, nor that one delay bounds another. */
static char *check(const void *data)
{
    const Config *config = data;
    if (config->backoff_max_ns < config->backoff_ns) {
        return g_strdup("backoff_max is shorter than backoff");
    }
    for (unsigned i = 0; i < config->subscribe.count; i++) {
        const char *filter = config->subscribe.items[i].text;
        if (!lz_mqtt_filter_is_valid(lz_bytes_of_text(filter))) {
            return g_strdup_printf("\"%s\" is not a topic filter: + and # stand for whole levels, # only for the last", filter);
        }
    }
    return NULL;
}

static const char *const version_words[] = {"3.1.1", "5", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, version, .kind = LZ_PARAM_ENUM, .words = version_words, .help = "of MQTT: \"3.1.1\" or \"5\""),
    LZ_PARAM(Config, session_expiry_ns, .kind = LZ_PARAM_TIME_NS, .max = 4294967294e9, .fallback = 3600e9,
             .help = "version 5: how long the broker shall keep the session of a device that is away"),
    LZ_PARAM(Config, receive_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65535, .fallback = 20,
             .help = "version 5: messages of QoS 1 and 2 that the broker may send before they are acknowledged"),
    LZ_PARAM(Config, keepalive_ns, .kind = LZ_PARAM_TIME_NS, .max = 65535e9, .fallback = 60e9,
             .help = "longest silence before a PINGREQ, and longest wait for its answer; 0 s: none",
             .source = "default of the mosquitto and Paho clients"),
    LZ_PARAM(Config, connack_timeout_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 10e9,
             .help = "longest wait for CONNACK after the session opened"),
    LZ_PARAM(Config, backoff_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 1e9,
             .help = "delay before the first attempt to connect again; doubles with each"),
    LZ_PARAM(Config, backoff_max_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, .fallback = 60e9,
             .help = "longest delay before an attempt"),
    LZ_PARAM(Config, jitter_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 1e9,
             .help = "share of that delay that is random; 100 %: full jitter"),
    LZ_PARAM(Config, clean_session, .kind = LZ_PARAM_BOOL, .fallback = 0,
             .help = "the broker forgets the session with the connection, and messages in flight begin again; version 5: it begins "
                     "anew, and is kept for session_expiry"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .max = 1e6, .fallback = 100,
             .help = "messages that a device keeps while it cannot send; beyond, the oldest of the lowest QoS is lost"),
    LZ_PARAM(Config, inflight_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65000, .fallback = 20,
             .help = "messages of QoS 1 and 2 sent and not acknowledged", .source = "mosquitto.conf(5) max_inflight_messages"),
    LZ_PARAM(Config, send_buffer_bytes, .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e9, .fallback = 65536,
             .help = "bytes handed to the connection and not acknowledged; beyond, messages wait in the device's queue"),
    LZ_PARAM(Config, subscribe, .kind = LZ_PARAM_NAMES, .help = "topic filters to subscribe to"),
    LZ_PARAM(Config, subscribe_qos, .kind = LZ_PARAM_COUNT, .max = 2, .has_max = true, .fallback = 1,
             .help = "highest QoS of what is received"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "DSCP per flow: all flows share one connection and its code point, the highest of theirs",
    "the delivery to subscribers: a message's life ends when the broker has processed it",
    "user name and password, a last will, and DISCONNECT: a device leaves only by losing power",
    "flash memory: what waits or is in flight when power is lost is lost",
    "the device's CPU time for MQTT itself; cryptography is charged",
    "of version 5: what the broker does not say about itself: maximum packet and QoS, aliases of topics",
    NULL,
};

static const LzClientOps ops = {.init = init, .start = start, .stop = stop, .send = send_message, .clear = clear};

const LzModel lz_client_model_mqtt = {
    .name = "mqtt",
    .summary = "client of MQTT 3.1.1 or 5 with keep-alive, queue and back-off",
    .source = "OASIS MQTT Version 3.1.1; Version 5.0",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .check = check,
    .ops = &ops,
};
