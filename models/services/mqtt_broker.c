/* A broker of MQTT 3.1.1 and 5 with a finite CPU: every packet waits for a core of its host and costs time there.
 * Packets of one connection are worked on one after the other, those of different connections as cores
 * are free. Where the broker is full it says so in the protocol's own ways: see not_modelled and `queue_max`. */
#include "lazaret/model.h"
#include "lazaret/mqtt_sessions.h"
#include "lazaret/service.h"

#define QOS2_OPEN_MAX 1000u     /* handshakes that a publisher may leave open before its connection is closed */

typedef struct Config {
    int64_t sessions_max, kept_sessions_max;
    LzTime publish_cost_ns, fan_out_cost_ns, connect_cost_ns, subscribe_cost_ns, control_cost_ns;
    int64_t queue_max;
    int64_t packet_max_bytes;
    LzTime connect_timeout_ns;
    int64_t inflight_max, receive_max, subscriber_queue_max;
    LzTime session_expiry_max_ns;
    int64_t send_buffer_bytes;
    int64_t subscriptions_max, retained_max;
    bool match_identity;
} Config;

typedef struct Broker Broker;
typedef struct Connection Connection;

typedef enum { WORK_NONE, WORK_PROCESS, WORK_FAN_OUT } Work;

struct Connection {
    Broker *broker;
    GList link;                         /* in Broker.connections */
    LzSession *session;                 /* NULL: ended, or the broker's own */
    LzMqttClient *client;                     /* NULL before CONNECT is accepted and after the end */
    LzMqttVersion version;              /* of its packets */
    bool is_open, has_connect, is_accepted, is_closing, is_own, said_goodbye;
    LzMqttStream stream;
    LzEvent watchdog;                   /* CONNECT is due, then keep-alive */
    LzTime keepalive_ns, received_ns;   /* allowed silence; 0 = any */
    GQueue jobs;                        /* LzBuffer *: whole packets, the first is being worked on */
    Work work;
    LzEvent done;
};

struct Broker {
    const Config *config;
    LzServiceContext context;
    LzEnv env;
    GQueue connections;                 /* in order of acceptance; those that ended stay until their jobs are done */
    Connection *own;                    /* publishes wills */
    int64_t accepted, opened, jobs;     /* connections with a session, of them open; packets waiting or worked on */
    LzMqttSessions sessions;
};

static void report_sessions(Broker *broker)
{
    lz_probe_level(broker->env.probes, broker->context.scope, LZ_METRIC_SERVICE_SESSIONS, broker->opened);
}

static void count_refused(Broker *broker)
{
    lz_probe_count(broker->env.probes, broker->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static bool may_send(const Connection *connection)
{
    return connection && connection->session && !connection->is_closing && lz_session_is_open(connection->session);
}

static void send_packet(Connection *connection, const LzMqttPacket *given)
{
    if (!may_send(connection)) {
        return;
    }
    LzMqttPacket packet = *given;
    packet.version = connection->version;
    packet.properties = packet.version == LZ_MQTT_5 ? packet.properties : (LzBytes){0};
    const size_t size = lz_mqtt_size(&packet);
    g_assert(size > 0);
    g_autofree uint8_t *bytes = g_malloc(size);
    lz_mqtt_encode(&packet, bytes, size);
    lz_session_send(connection->session, (LzBytes){.data = bytes, .size = size}, 0);
}

static void send_acknowledgement(Connection *connection, LzMqttType type, uint16_t packet_id)
{
    send_packet(connection, &(LzMqttPacket){.type = type, .packet_id = packet_id});
}

/* In order: what was sent before is still sent. Only 5.0 has a word of why. */
static void close_connection(Connection *connection, LzMqttReason reason)
{
    if (connection->session && !connection->is_closing) {
        if (connection->version == LZ_MQTT_5 && reason != LZ_MQTT_REASON_SUCCESS) {
            send_packet(connection, &(LzMqttPacket){.type = LZ_MQTT_DISCONNECT, .reason = (uint8_t)reason});
        }
        connection->is_closing = true;
        lz_event_cancel(connection->broker->env.scheduler, &connection->watchdog);
        lz_session_close(connection->session);
    }
}

static void refuse_connection(Connection *connection, LzMqttReason reason)
{
    count_refused(connection->broker);
    close_connection(connection, reason);
}

/* ---- work --------------------------------------------------------------------------------------- */

static void begin_job(Connection *connection);

static void enqueue(Connection *connection, LzBuffer *packet)
{
    connection->broker->jobs++;
    g_queue_push_tail(&connection->jobs, packet);
    if (connection->work == WORK_NONE) {
        begin_job(connection);
    }
}

static void publish_will(Broker *broker, LzMqttClient *client)
{
    if (client->will) {
        enqueue(broker->own, g_steal_pointer(&client->will));   /* [MQTT-3.1.2-8] */
    }
}

/* Parts a connection from its client, whose session is kept or forgotten. */
static void detach(Connection *connection, bool wants_will)
{
    Broker *broker = connection->broker;
    LzMqttClient *client = connection->client;
    if (!client) {
        return;
    }
    connection->client = NULL;
    if (wants_will && !connection->said_goodbye) {
        publish_will(broker, client);
    }
    lz_mqtt_client_leave(client);
}

static LzBuffer *will_new(const LzMqttConnect *connect)
{
    if (!connect->has_will) {
        return NULL;
    }
    const LzMqttPacket will = {
        .type = LZ_MQTT_PUBLISH,
        .version = LZ_MQTT_5,
        .packet_id = connect->will_qos > 0,
        .publish = {.topic = connect->will_topic, .payload = connect->will_message, .qos = connect->will_qos,
                    .is_retained = connect->will_retain},
    };
    LzBuffer *packet = lz_buffer_new(lz_mqtt_size(&will));
    lz_mqtt_encode(&will, packet->data, packet->size);
    return packet;
}

/* 5.0, 3.2.2.3: what the client could not know. */
static void write_connack_properties(const Connection *connection, LzWriter *writer)
{
    const Config *config = connection->broker->config;
    const LzMqttClient *client = connection->client;
    lz_mqtt_property_write_number(writer, LZ_MQTT_RECEIVE_MAXIMUM, (uint32_t)config->receive_max);
    lz_mqtt_property_write_number(writer, LZ_MQTT_MAXIMUM_PACKET, (uint32_t)config->packet_max_bytes);
    lz_mqtt_property_write_number(writer, LZ_MQTT_SUBSCRIPTION_ID_AVAILABLE, 0);
    lz_mqtt_property_write_number(writer, LZ_MQTT_SHARED_AVAILABLE, 0);
    if (client->expiry_s != client->asked_expiry_s) {
        lz_mqtt_property_write_number(writer, LZ_MQTT_SESSION_EXPIRY, (uint32_t)client->expiry_s);
    }
    if (client->has_assigned_id) {
        lz_mqtt_property_write_bytes(writer, LZ_MQTT_ASSIGNED_ID, lz_bytes_of_text(client->id));
    }
}

static uint8_t reason_of_code(LzMqttConnectCode code)
{
    static const uint8_t reasons[LZ_MQTT_CONNECT_CODE_COUNT] = {
        [LZ_MQTT_ACCEPTED] = LZ_MQTT_REASON_SUCCESS,
        [LZ_MQTT_REFUSED_LEVEL] = LZ_MQTT_REASON_VERSION,
        [LZ_MQTT_REFUSED_IDENTIFIER] = LZ_MQTT_REASON_IDENTIFIER,
        [LZ_MQTT_REFUSED_UNAVAILABLE] = LZ_MQTT_REASON_UNAVAILABLE,
        [LZ_MQTT_REFUSED_CREDENTIALS] = LZ_MQTT_REASON_CREDENTIALS,
        [LZ_MQTT_REFUSED_AUTHORISATION] = LZ_MQTT_REASON_AUTHORISATION,
    };
    return reasons[code];
}

static void answer_connect(Connection *connection, LzMqttConnectCode code, bool is_session_present)
{
    uint8_t properties[256];
    LzWriter writer = lz_writer(properties, sizeof properties);
    const bool is_v5 = connection->version == LZ_MQTT_5;
    if (is_v5 && code == LZ_MQTT_ACCEPTED) {
        write_connack_properties(connection, &writer);
    }
    const LzMqttPacket packet = {
        .type = LZ_MQTT_CONNACK,
        .properties = {properties, writer.size},
        .connack = {.is_session_present = is_session_present, .code = is_v5 ? reason_of_code(code) : (uint8_t)code},
    };
    send_packet(connection, &packet);
    if (code != LZ_MQTT_ACCEPTED) {
        refuse_connection(connection, LZ_MQTT_REASON_SUCCESS);  /* [MQTT-3.2.2-5]: CONNACK has said why */
    }
}

static LzMqttConnectCode judge_connect(const Connection *connection, const LzMqttConnect *connect)
{
    if (connection->version != LZ_MQTT_5 && connect->client_id.size == 0 && !connect->clean_session) {
        return LZ_MQTT_REFUSED_IDENTIFIER;                      /* [MQTT-3.1.3-8]; 5.0 gives any client an identifier */
    }
    if (!connection->broker->config->match_identity) {
        return LZ_MQTT_ACCEPTED;
    }
    const char *name = lz_session_peer_name(connection->session);
    const bool is_same = name && lz_bytes_equal(lz_bytes_of_text(name), connect->client_id);
    return is_same ? LZ_MQTT_ACCEPTED : LZ_MQTT_REFUSED_AUTHORISATION;
}

/* [MQTT-3.1.4-2]: who connects under an identifier puts an end to another connection of it. */
static void take_over(Broker *broker, LzBytes id)
{
    const LzMqttClient *client = id.size > 0 ? lz_mqtt_sessions_find(&broker->sessions, id) : NULL;
    if (client && client->connection) {
        Connection *old = client->connection;
        detach(old, true);
        close_connection(old, LZ_MQTT_REASON_TAKEN_OVER);
    }
}

static void watch(void *owner)
{
    Connection *connection = owner;
    Broker *broker = connection->broker;
    if (!connection->is_accepted) {
        refuse_connection(connection, LZ_MQTT_REASON_SUCCESS);  /* 3.1.4: no CONNECT within a reasonable time */
        return;
    }
    const LzTime due_ns = connection->received_ns + connection->keepalive_ns;
    if (lz_now(broker->env.scheduler) < due_ns) {
        lz_timer_at(broker->env.scheduler, &connection->watchdog, due_ns);
        return;
    }
    connection->is_closing = true;
    lz_session_abort(connection->session);                      /* [MQTT-3.1.2-24] as if the network had failed */
}

/* How long the session outlives its connection, and how much may be under way to the client. */
static void set_terms(const Config *config, LzMqttClient *client, const LzMqttPacket *packet)
{
    uint32_t expiry_s = 0, receive_max = UINT16_MAX;
    if (packet->version != LZ_MQTT_5) {
        expiry_s = packet->connect.clean_session ? 0 : LZ_MQTT_NEVER_EXPIRES;
    }
    lz_mqtt_property_number(packet->properties, LZ_MQTT_SESSION_EXPIRY, &expiry_s);
    lz_mqtt_property_number(packet->properties, LZ_MQTT_RECEIVE_MAXIMUM, &receive_max);
    client->asked_expiry_s = client->expiry_s = expiry_s;
    const int64_t most_s = config->session_expiry_max_ns / LZ_NS_PER_S;
    if (packet->version == LZ_MQTT_5 && most_s > 0) {
        client->expiry_s = MIN(client->expiry_s, most_s);
    }
    client->inflight_max = MIN(config->inflight_max, (int64_t)receive_max);
}

static void process_connect(Connection *connection, const LzMqttPacket *packet)
{
    const LzMqttConnect *connect = &packet->connect;
    Broker *broker = connection->broker;
    if (!may_send(connection)) {
        return;
    }
    const LzMqttConnectCode code = judge_connect(connection, connect);
    if (code != LZ_MQTT_ACCEPTED) {
        answer_connect(connection, code, false);
        return;
    }
    bool is_present;
    take_over(broker, connect->client_id);
    LzMqttClient *client = lz_mqtt_sessions_take(&broker->sessions, connect->client_id, connect->clean_session, &is_present);
    client->connection = connection;
    set_terms(broker->config, client, packet);
    client->will = will_new(connect);
    connection->client = client;
    connection->is_accepted = true;
    connection->keepalive_ns = LZ_SECONDS(connect->keep_alive_s) * 3 / 2;
    connection->received_ns = lz_now(broker->env.scheduler);    /* the wait for the CPU is not the client's silence */
    if (connection->keepalive_ns > 0) {
        lz_timer_after(broker->env.scheduler, &connection->watchdog, connection->keepalive_ns);
    }
    answer_connect(connection, LZ_MQTT_ACCEPTED, is_present);   /* [MQTT-3.2.2-2], -3 */
    lz_mqtt_client_resume(client);
}

/* False: the packet is not taken (any more), and only QoS 0 is lost by that: others are sent again. */
static bool takes_publish(Connection *connection, const LzMqttPacket *packet)
{
    if (!connection->is_accepted) {
        return false;
    }
    return packet->publish.qos == 0 || connection->is_own || connection->client;
}

static void lose(Broker *broker, const LzMqttPacket *packet, LzLossCause cause)
{
    if (packet->type == LZ_MQTT_PUBLISH && packet->publish.qos == 0) {
        lz_probe_lost(broker->env.probes, lz_message_mark_read(packet->publish.payload), cause);
    }
}

/* 4.3.3 method B: QoS 2 is passed on with the PUBLISH, and its identifier remembered until PUBREL. */
static bool is_repeated(Connection *connection, const LzMqttPacket *packet)
{
    return packet->publish.qos == 2 && connection->client &&
           !lz_mqtt_ids_add(&connection->client->received, packet->packet_id);
}

/* Returns how many subscribers it goes to. */
static unsigned process_publish(Connection *connection, const LzMqttPacket *packet, LzBuffer *bytes)
{
    Broker *broker = connection->broker;
    if (!takes_publish(connection, packet)) {
        lose(broker, packet, LZ_LOSS_CONNECTION);
        return 0;
    }
    unsigned subscribers = 0;
    const LzMqttSubscriber *publisher = connection->client ? &connection->client->subscriber : NULL;
    if (!is_repeated(connection, packet)) {
        lz_probe_count(broker->env.probes, broker->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
        lz_probe_delivered(broker->env.probes, packet->publish.payload);
        if (packet->publish.is_retained) {
            lz_mqtt_topics_retain(&broker->sessions.topics, &packet->publish, bytes, connection->version, broker->config->retained_max);
        }
        subscribers = lz_mqtt_topics_search(&broker->sessions.topics, packet->publish.topic, publisher)->len;
    }
    if (packet->publish.qos == 1) {
        send_acknowledgement(connection, LZ_MQTT_PUBACK, packet->packet_id);
    } else if (packet->publish.qos == 2) {
        send_acknowledgement(connection, LZ_MQTT_PUBREC, packet->packet_id);
    }
    const int64_t open_max = connection->version == LZ_MQTT_5 ? broker->config->receive_max : QOS2_OPEN_MAX;
    if (connection->client && lz_mqtt_ids_count(&connection->client->received) > open_max) {
        refuse_connection(connection, LZ_MQTT_REASON_RECEIVE_MAXIMUM);
    }
    return subscribers;
}

/* 5.0, 3.8.3.1: which subscriptions bring retained messages; in 3.1.1 all do. */
static bool wants_retained(uint8_t options, bool is_new)
{
    const uint8_t handling = options & LZ_MQTT_OPTION_RETAIN_HANDLING;
    return handling == 0 || (handling == LZ_MQTT_OPTION_RETAIN_IF_NEW && is_new);
}

/* Appends its return code (3.9.3). Returns how many retained messages it brings, [MQTT-3.3.1-6]: those are sent later. */
static unsigned subscribe(Connection *connection, LzBytes filter, uint8_t options, GByteArray *codes)
{
    Broker *broker = connection->broker;
    LzMqttSubscriber *subscriber = &connection->client->subscriber;
    const bool is_new = !lz_mqtt_topics_has(subscriber, filter);
    const bool brings = wants_retained(options, is_new);
    const uint8_t kept = brings ? options & (uint8_t)~LZ_MQTT_OPTION_RETAIN_HANDLING : options | LZ_MQTT_OPTION_RETAIN_NEVER;
    const bool is_taken = lz_mqtt_topics_subscribe(&broker->sessions.topics, subscriber, filter, kept, broker->config->subscriptions_max);
    const uint8_t refusal = connection->version == LZ_MQTT_5 ? LZ_MQTT_REASON_QUOTA : LZ_MQTT_SUBSCRIPTION_REFUSED;
    const uint8_t code = is_taken ? options & LZ_MQTT_OPTION_QOS : refusal;
    g_byte_array_append(codes, &code, 1);
    return is_taken && brings ? lz_mqtt_topics_each_retained(&broker->sessions.topics, filter, NULL, NULL) : 0;
}

static unsigned process_subscribe(Connection *connection, const LzMqttPacket *packet)
{
    if (!connection->client) {
        return 0;
    }
    g_autoptr(GByteArray) codes = g_byte_array_new();
    LzBytes entries = packet->entries, filter;
    uint8_t qos;
    unsigned retained = 0;
    while (lz_mqtt_entry_next(packet->type, &entries, &filter, &qos)) {
        retained += subscribe(connection, filter, qos, codes);
    }
    const LzMqttPacket answer = {
        .type = LZ_MQTT_SUBACK,
        .packet_id = packet->packet_id,
        .entries = {.data = codes->data, .size = codes->len},
    };
    send_packet(connection, &answer);                           /* [MQTT-3.8.4-1], -5, -6 */
    return retained;
}

static void process_unsubscribe(Connection *connection, const LzMqttPacket *packet)
{
    if (!connection->client) {
        return;
    }
    g_autoptr(GByteArray) codes = g_byte_array_new();
    LzBytes entries = packet->entries, filter;
    uint8_t qos;
    while (lz_mqtt_entry_next(packet->type, &entries, &filter, &qos)) {
        const bool was_there = lz_mqtt_topics_unsubscribe(&connection->broker->sessions.topics, &connection->client->subscriber, filter);
        const uint8_t code = was_there ? LZ_MQTT_REASON_SUCCESS : LZ_MQTT_REASON_NO_SUBSCRIPTION;
        g_byte_array_append(codes, &code, 1);
    }
    LzMqttPacket answer = {.type = LZ_MQTT_UNSUBACK, .packet_id = packet->packet_id};
    if (connection->version == LZ_MQTT_5) {
        answer.entries = (LzBytes){codes->data, codes->len};
    }
    send_packet(connection, &answer);                           /* [MQTT-3.10.4-4], -5 */
}

static void process_acknowledgement(Connection *connection, const LzMqttPacket *packet)
{
    if (connection->client) {
        lz_mqtt_client_acknowledge(connection->client, packet);
    }
}

static void process_release(Connection *connection, const LzMqttPacket *packet)
{
    if (connection->client) {
        lz_mqtt_ids_remove(&connection->client->received, packet->packet_id);
        send_acknowledgement(connection, LZ_MQTT_PUBCOMP, packet->packet_id);
    }
}

/* 3.14.4. 5.0 may change how long the session is kept, but not from nothing (3.14.2.2.2). */
static void process_disconnect(Connection *connection, const LzMqttPacket *packet)
{
    uint32_t expiry_s;
    if (connection->client && connection->client->expiry_s > 0 &&
        lz_mqtt_property_number(packet->properties, LZ_MQTT_SESSION_EXPIRY, &expiry_s)) {
        connection->client->expiry_s = expiry_s;
    }
    close_connection(connection, LZ_MQTT_REASON_SUCCESS);
}

/* Does what the packet asks for; returns how many copies of messages then go out. */
static unsigned process(Connection *connection, const LzMqttPacket *packet, LzBuffer *bytes)
{
    switch (packet->type) {
    case LZ_MQTT_CONNECT:
        process_connect(connection, packet);
        return 0;
    case LZ_MQTT_PUBLISH:
        return process_publish(connection, packet, bytes);
    case LZ_MQTT_SUBSCRIBE:
        return process_subscribe(connection, packet);
    case LZ_MQTT_UNSUBSCRIBE:
        process_unsubscribe(connection, packet);
        return 0;
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBCOMP:
        process_acknowledgement(connection, packet);
        return 0;
    case LZ_MQTT_PUBREL:
        process_release(connection, packet);
        return 0;
    case LZ_MQTT_PINGREQ:
        send_packet(connection, &(LzMqttPacket){.type = LZ_MQTT_PINGRESP});     /* [MQTT-3.12.4-1] */
        return 0;
    case LZ_MQTT_DISCONNECT:
        process_disconnect(connection, packet);
        return 0;
    case LZ_MQTT_CONNACK:
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBACK:
    case LZ_MQTT_PINGRESP:
        break;
    }
    g_assert_not_reached();                                     /* refused on arrival */
}

static void fan_out(Connection *connection, const LzMqttPacket *packet, LzBuffer *bytes)
{
    Broker *broker = connection->broker;
    if (packet->type == LZ_MQTT_PUBLISH) {
        const LzMqttSubscriber *publisher = connection->client ? &connection->client->subscriber : NULL;
        const GPtrArray *matches = lz_mqtt_topics_search(&broker->sessions.topics, packet->publish.topic, publisher);
        for (guint i = 0; i < matches->len; i++) {
            const LzMqttSubscriber *match = matches->pdata[i];
            const LzMqttOutgoing outgoing = {.publish = bytes,
                                             .version = packet->version,
                                             .qos = MIN(match->match_qos, packet->publish.qos),
                                             .is_retained = match->match_keeps_retain && packet->publish.is_retained};
            lz_mqtt_client_deliver(matches->pdata[i], &outgoing);
        }
        return;
    }
    LzBytes entries = packet->entries, filter;
    uint8_t qos;
    while (connection->client && lz_mqtt_entry_next(packet->type, &entries, &filter, &qos)) {
        if (lz_mqtt_topics_brings_retained(&connection->client->subscriber, filter)) {
            lz_mqtt_client_deliver_retained(connection->client, filter, qos & LZ_MQTT_OPTION_QOS);
        }
    }
}

static LzTime cost_ns(const Config *config, const LzMqttPacket *packet)
{
    switch (packet->type) {
    case LZ_MQTT_CONNECT:
        return config->connect_cost_ns;
    case LZ_MQTT_PUBLISH:
        return config->publish_cost_ns;
    case LZ_MQTT_SUBSCRIBE:
    case LZ_MQTT_UNSUBSCRIBE:
        return config->subscribe_cost_ns;
    case LZ_MQTT_CONNACK:
    case LZ_MQTT_PUBACK:
    case LZ_MQTT_PUBREC:
    case LZ_MQTT_PUBREL:
    case LZ_MQTT_PUBCOMP:
    case LZ_MQTT_SUBACK:
    case LZ_MQTT_UNSUBACK:
    case LZ_MQTT_PINGREQ:
    case LZ_MQTT_PINGRESP:
    case LZ_MQTT_DISCONNECT:
        return config->control_cost_ns;
    }
    g_assert_not_reached();
}

static void begin_job(Connection *connection)
{
    Broker *broker = connection->broker;
    const LzMqttPacket packet = lz_mqtt_decode_checked(g_queue_peek_head(&connection->jobs), connection->version);
    connection->work = WORK_PROCESS;
    lz_host_compute(broker->context.host, cost_ns(broker->config, &packet), &connection->done);
}

/* The connection's jobs are done or dropped and its session is gone. */
static void connection_free(Connection *connection)
{
    Broker *broker = connection->broker;
    LzBuffer *bytes;
    while ((bytes = g_queue_pop_head(&connection->jobs))) {
        const LzMqttPacket packet = lz_mqtt_decode_checked(bytes, connection->version);
        lose(broker, &packet, LZ_LOSS_CONNECTION);
        lz_buffer_unref(bytes);
        broker->jobs--;
    }
    lz_host_compute_cancel(broker->context.host, &connection->done);
    lz_event_cancel(broker->env.scheduler, &connection->watchdog);
    lz_mqtt_stream_clear(&connection->stream);
    if (!connection->is_own) {
        g_queue_unlink(&broker->connections, &connection->link);
    }
    g_free(connection);
}

static void end_job(Connection *connection)
{
    lz_buffer_unref(g_queue_pop_head(&connection->jobs));
    connection->broker->jobs--;
    connection->work = WORK_NONE;
    if (!g_queue_is_empty(&connection->jobs)) {
        begin_job(connection);
    } else if (!connection->session && !connection->is_own) {
        connection_free(connection);
    }
}

static void work_done(void *owner)
{
    Connection *connection = owner;
    Broker *broker = connection->broker;
    LzBuffer *bytes = g_queue_peek_head(&connection->jobs);
    const LzMqttPacket packet = lz_mqtt_decode_checked(bytes, connection->version);
    if (connection->work == WORK_PROCESS) {
        const unsigned copies = process(connection, &packet, bytes);
        if (copies > 0) {
            connection->work = WORK_FAN_OUT;
            lz_host_compute(broker->context.host, broker->config->fan_out_cost_ns * copies, &connection->done);
            return;
        }
    } else {
        fan_out(connection, &packet, bytes);
    }
    end_job(connection);
}

/* ---- what arrives ------------------------------------------------------------------------------- */

/* [MQTT-3.1.0-1] CONNECT comes first, [MQTT-3.1.0-2] and once; some packets only a server sends. */
static bool is_allowed(const Connection *connection, LzMqttType type)
{
    if (type == LZ_MQTT_CONNACK || type == LZ_MQTT_SUBACK || type == LZ_MQTT_UNSUBACK || type == LZ_MQTT_PINGRESP) {
        return false;
    }
    return connection->has_connect == (type != LZ_MQTT_CONNECT);
}

/* The queue is full. 3.1.1 has no answer to a PUBLISH that says so: QoS 0 is dropped, and for everything
 * else the connection is closed [MQTT-4.8.0-2], so that the sender keeps the message and comes back. 5.0 has a reason
 * code for it. */
static void refuse_for_load(Connection *connection, const LzMqttPacket *packet)
{
    Broker *broker = connection->broker;
    if (connection->version == LZ_MQTT_5 && packet->type == LZ_MQTT_PUBLISH && packet->publish.qos > 0) {
        count_refused(broker);
        const LzMqttType type = packet->publish.qos == 1 ? LZ_MQTT_PUBACK : LZ_MQTT_PUBREC;
        send_packet(connection, &(LzMqttPacket){.type = type, .packet_id = packet->packet_id, .reason = LZ_MQTT_REASON_QUOTA});
        return;
    }
    if (packet->type == LZ_MQTT_PUBLISH && packet->publish.qos == 0) {
        lose(broker, packet, LZ_LOSS_SERVICE_FULL);
    } else if (packet->type == LZ_MQTT_CONNECT) {
        answer_connect(connection, LZ_MQTT_REFUSED_UNAVAILABLE, false);
    } else {
        refuse_connection(connection, LZ_MQTT_REASON_QUOTA);
    }
}

/* The first packet decides of which version all are. */
static LzMqttError decode_packet(Connection *connection, LzBytes bytes, LzMqttPacket *ret_packet)
{
    LzMqttError error = lz_mqtt_decode_as(connection->version, bytes, ret_packet);
    if (error == LZ_MQTT_ERROR_PROTOCOL_LEVEL && !connection->has_connect) {
        error = lz_mqtt_decode_as(LZ_MQTT_5, bytes, ret_packet);
        connection->version = error == LZ_MQTT_ERROR_PROTOCOL_LEVEL ? LZ_MQTT_3_1_1 : LZ_MQTT_5;
    }
    return error;
}

/* 5.0: an alias needs our leave (3.3.2.3.4), and a client has no identifiers of subscriptions to give (3.3.4). */
static bool has_foreign_properties(const LzMqttPacket *packet)
{
    uint32_t value;
    return packet->type == LZ_MQTT_PUBLISH && (lz_mqtt_property_number(packet->properties, LZ_MQTT_TOPIC_ALIAS, &value) ||
                                               lz_mqtt_property_number(packet->properties, LZ_MQTT_SUBSCRIPTION_ID, &value));
}

static void take_packet(Connection *connection, LzBytes bytes)
{
    Broker *broker = connection->broker;
    LzMqttPacket packet;
    const LzMqttError error = decode_packet(connection, bytes, &packet);
    if (error == LZ_MQTT_ERROR_PROTOCOL_LEVEL && !connection->has_connect) {
        answer_connect(connection, LZ_MQTT_REFUSED_LEVEL, false);               /* [MQTT-3.1.2-2] */
        return;
    }
    if (error != LZ_MQTT_OK || !is_allowed(connection, packet.type) || has_foreign_properties(&packet)) {
        const bool is_malformed = error != LZ_MQTT_OK;
        refuse_connection(connection, is_malformed ? LZ_MQTT_REASON_MALFORMED : LZ_MQTT_REASON_PROTOCOL);   /* [MQTT-4.8.0-1] */
        return;
    }
    if (packet.type == LZ_MQTT_CONNECT) {
        connection->has_connect = true;
        lz_event_cancel(broker->env.scheduler, &connection->watchdog);
    }
    if (packet.type == LZ_MQTT_DISCONNECT) {
        connection->said_goodbye = true;                        /* [MQTT-3.1.2-10], also if the end comes before its turn */
    }
    if (broker->jobs >= broker->config->queue_max) {
        refuse_for_load(connection, &packet);
        return;
    }
    enqueue(connection, lz_buffer_new_copy(bytes.data, bytes.size));
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Connection *connection = self;
    (void)session;
    connection->received_ns = lz_now(connection->broker->env.scheduler);
    LzMqttError error = LZ_MQTT_OK;
    while (error == LZ_MQTT_OK && !connection->is_closing) {
        LzBytes packet;
        error = lz_mqtt_stream_next(&connection->stream, &bytes, &packet);
        if (error == LZ_MQTT_OK) {
            take_packet(connection, packet);
        } else if (error != LZ_MQTT_MORE) {
            refuse_connection(connection, LZ_MQTT_REASON_MALFORMED);
        }
    }
}

static void opened(void *self, LzSession *session)
{
    Connection *connection = self;
    Broker *broker = connection->broker;
    (void)session;
    connection->is_open = true;
    connection->received_ns = lz_now(broker->env.scheduler);
    broker->opened++;
    report_sessions(broker);
    lz_timer_after(broker->env.scheduler, &connection->watchdog, broker->config->connect_timeout_ns);
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Connection *connection = self;
    Broker *broker = connection->broker;
    const bool is_crash = reason == LZ_CLOSE_POWER;
    (void)session;
    connection->session = NULL;
    lz_event_cancel(broker->env.scheduler, &connection->watchdog);
    broker->accepted--;
    broker->opened -= connection->is_open;
    report_sessions(broker);
    detach(connection, !is_crash);
    if (is_crash || connection->work == WORK_NONE) {
        connection_free(connection);
    }
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

static Connection *connection_new(Broker *broker, LzSession *session)
{
    Connection *connection = g_new0(Connection, 1);
    connection->broker = broker;
    connection->link.data = connection;
    connection->session = session;
    g_queue_init(&connection->jobs);
    lz_mqtt_stream_init(&connection->stream, (size_t)broker->config->packet_max_bytes);
    lz_event_init(&connection->watchdog, watch, connection);
    lz_event_init(&connection->done, work_done, connection);
    return connection;
}

static void *accepted(void *service, LzSession *session)
{
    Broker *broker = service;
    if (broker->accepted >= broker->config->sessions_max) {
        count_refused(broker);
        return NULL;
    }
    Connection *connection = connection_new(broker, session);
    broker->accepted++;
    g_queue_push_tail_link(&broker->connections, &connection->link);
    return connection;
}

/* ---- model -------------------------------------------------------------------------------------- */

static bool connection_may_send(const void *connection)
{
    return may_send(connection);
}

static size_t connection_unsent_bytes(const void *connection)
{
    return lz_session_unsent_bytes(((const Connection *)connection)->session);
}

static void connection_send(void *connection, const LzMqttPacket *packet)
{
    send_packet(connection, packet);
}

static const LzMqttSessionsOps sessions_ops = {
    .may_send = connection_may_send, .unsent_bytes = connection_unsent_bytes, .send = connection_send};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Broker *broker = state;
    broker->config = config;
    broker->context = *context;
    broker->env = *env;
    g_queue_init(&broker->connections);
    const LzMqttSessionsLimits limits = {
        .kept_max = broker->config->kept_sessions_max,
        .waiting_max = broker->config->subscriber_queue_max,
        .send_buffer_bytes = broker->config->send_buffer_bytes,
    };
    lz_mqtt_sessions_init(&broker->sessions, &sessions_ops, env->scheduler, &limits);
    broker->own = connection_new(broker, NULL);
    broker->own->is_own = broker->own->is_accepted = true;
    broker->own->version = LZ_MQTT_5;
}

static void start(void *state)
{
    Broker *broker = state;
    report_sessions(broker);
    lz_host_listen(broker->context.host, &broker->context.listen, &session_events, accepted, broker);
}

static void stop(void *state)
{
    Broker *broker = state;
    while (!g_queue_is_empty(&broker->connections)) {
        connection_free(broker->connections.head->data);
    }
    connection_free(broker->own);
    broker->own = connection_new(broker, NULL);
    broker->own->is_own = broker->own->is_accepted = true;
    broker->own->version = LZ_MQTT_5;
    broker->accepted = broker->opened = 0;
    report_sessions(broker);
    lz_mqtt_sessions_empty(&broker->sessions);
}

static void clear(void *state)
{
    Broker *broker = state;
    stop(broker);
    connection_free(broker->own);
    lz_mqtt_sessions_clear(&broker->sessions);
}

#define KNEE "derived from EMQ's benchmark of Mosquitto 2.0.15 without TLS, QoS 1, 16 B (emqx/blog, 2023-04): 37000 msg/s " \
             "one to one, 82000 msg/s fan-out, one thread; its split into in, out and acknowledgement is assumed"

static const LzParam params[] = {
    LZ_PARAM(Config, sessions_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "connections, with those whose handshake is not done; beyond, they are reset"),
    LZ_PARAM(Config, kept_sessions_max, .kind = LZ_PARAM_COUNT, .max = 1e7, .fallback = 10000,
             .help = "clients with clean session 0 that are away; beyond, the one longest away is forgotten"),
    LZ_PARAM(Config, publish_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 15e3,
             .help = "CPU of a PUBLISH received, without subscribers", .source = KNEE),
    LZ_PARAM(Config, fan_out_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 10e3,
             .help = "CPU of each copy sent to a subscriber", .source = KNEE),
    LZ_PARAM(Config, connect_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 50e3,
             .help = "CPU of a CONNECT, without TLS"),
    LZ_PARAM(Config, subscribe_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 20e3,
             .help = "CPU of a SUBSCRIBE or UNSUBSCRIBE"),
    LZ_PARAM(Config, control_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 2e3,
             .help = "CPU of every other packet: acknowledgements, pings", .source = KNEE),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "packets waiting for the CPU; beyond, a PUBLISH of QoS 0 is dropped, a CONNECT refused, else the "
                     "connection closed"),
    LZ_PARAM(Config, packet_max_bytes, .kind = LZ_PARAM_BYTES, .min = 16, .max = 268435460, .fallback = 1048576,
             .help = "longest packet; a longer one closes the connection", .source = "EMQX 5 mqtt.max_packet_size"),
    LZ_PARAM(Config, connect_timeout_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 15e9,
             .help = "longest wait for CONNECT on an open session", .source = "EMQX 5 mqtt.idle_timeout"),
    LZ_PARAM(Config, inflight_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65000, .fallback = 20,
             .help = "messages sent to a subscriber and not acknowledged", .source = "mosquitto.conf(5) max_inflight_messages"),
    LZ_PARAM(Config, receive_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65535, .fallback = 100,
             .help = "MQTT 5: messages of QoS 2 that a publisher may have open; beyond, it is disconnected"),
    LZ_PARAM(Config, session_expiry_max_ns, .kind = LZ_PARAM_TIME_NS, .max = 4e17,
             .help = "MQTT 5: longest time that a session is kept for a client that is away, whatever it asks; 0 s: no limit"),
    LZ_PARAM(Config, subscriber_queue_max, .kind = LZ_PARAM_COUNT, .max = 1e7, .fallback = 1000,
             .help = "messages of QoS 1 and 2 that wait for a subscriber; beyond, they are dropped for it",
             .source = "mosquitto.conf(5) max_queued_messages"),
    LZ_PARAM(Config, send_buffer_bytes, .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e9, .fallback = 1048576,
             .help = "bytes under way to a subscriber; beyond, messages of QoS 0 are dropped for it"),
    LZ_PARAM(Config, subscriptions_max, .kind = LZ_PARAM_COUNT, .max = 1e6, .fallback = 100,
             .help = "subscriptions of a client; beyond, SUBACK 0x80"),
    LZ_PARAM(Config, retained_max, .kind = LZ_PARAM_COUNT, .max = 1e7, .fallback = 10000,
             .help = "topics with a retained message; beyond, new ones are not retained"),
    LZ_PARAM(Config, match_identity, .kind = LZ_PARAM_BOOL, .fallback = 0,
             .help = "a client identifier must be the name in the device's certificate, else CONNACK 5"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "backpressure: a full broker drops QoS 0 and closes other connections instead of reading more slowly",
    "messages dropped for a single slow or absent subscriber: their life has ended with the broker's work",
    "disk: sessions, queues and retained messages are lost when the service stops",
    "user names, passwords and access lists; $SYS topics; bridges and clusters",
    "of MQTT 5: expiry of messages, delay and properties of wills, aliases of topics, shared subscriptions",
    "of MQTT 5: identifiers of subscriptions, AUTH, and a receiver's own maximum packet size",
    "CPU of reading and framing bytes: the cost of a packet is charged when its turn comes",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear};

const LzModel lz_service_model_mqtt_broker = {
    .name = "mqtt-broker",
    .summary = "broker of MQTT 3.1.1 and 5 with a finite CPU",
    .source = "OASIS MQTT Version 3.1.1; Version 5.0",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Broker),
    .not_modelled = not_modelled,
    .ops = &ops,
};
