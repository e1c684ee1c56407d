/* Sessions of an MQTT broker's clients. */
#include "lazaret/mqtt_sessions.h"

LzMqttPacket lz_mqtt_decode_checked(const LzBuffer *buffer, LzMqttVersion version)
{
    LzMqttPacket packet;
    const LzMqttError error = lz_mqtt_decode_as(version, (LzBytes){buffer->data, buffer->size}, &packet);
    g_assert(error == LZ_MQTT_OK);
    return packet;
}

/* ---- messages to a client ---- */

static void outgoing_free(LzMqttOutgoing *outgoing)
{
    lz_buffer_unref(outgoing->publish);
    g_free(outgoing);
}

static void send_outgoing(const LzMqttClient *client, const LzMqttOutgoing *outgoing, uint16_t packet_id, bool is_duplicate)
{
    LzMqttPacket packet = lz_mqtt_decode_checked(outgoing->publish, outgoing->version);
    packet.packet_id = packet_id;
    packet.publish.qos = outgoing->qos;
    packet.publish.is_retained = outgoing->is_retained;         /* [MQTT-3.3.1-8], [MQTT-3.3.1-9] */
    packet.publish.is_duplicate = is_duplicate;                 /* [MQTT-3.3.1-3]: not the publisher's */
    client->sessions->ops->send(client->connection, &packet);
}

static void send_release(const LzMqttClient *client, uint16_t packet_id)
{
    client->sessions->ops->send(client->connection, &(LzMqttPacket){.type = LZ_MQTT_PUBREL, .packet_id = packet_id});
}

static void send_waiting(LzMqttClient *client)
{
    while (client->sessions->ops->may_send(client->connection) && !g_queue_is_empty(&client->waiting) &&
           lz_mqtt_window_count(&client->window) < client->inflight_max) {
        LzMqttOutgoing *outgoing = g_queue_pop_head(&client->waiting);
        const uint16_t packet_id = lz_mqtt_window_add(&client->window, outgoing->qos, outgoing);
        send_outgoing(client, outgoing, packet_id, false);
    }
}

/* To a client that is away or slow, QoS 0 is dropped (4.3.1). */
static void deliver_once(LzMqttClient *client, const LzMqttOutgoing *outgoing)
{
    const LzMqttSessions *sessions = client->sessions;
    if (sessions->ops->may_send(client->connection) &&
        sessions->ops->unsent_bytes(client->connection) < (uint64_t)sessions->limits.send_buffer_bytes) {
        send_outgoing(client, outgoing, 0, false);
    }
}

void lz_mqtt_client_deliver(LzMqttClient *client, const LzMqttOutgoing *outgoing)
{
    if (outgoing->qos == 0) {
        deliver_once(client, outgoing);
        return;
    }
    if (client->waiting.length >= (guint64)client->sessions->limits.waiting_max) {
        return;
    }
    LzMqttOutgoing *kept = g_memdup2(outgoing, sizeof *outgoing);
    lz_buffer_ref(kept->publish);
    g_queue_push_tail(&client->waiting, kept);
    send_waiting(client);
}

typedef struct RetainedFor {            /* whose new subscription it is */
    LzMqttClient *client;
    uint8_t qos;
} RetainedFor;

static void deliver_retained(void *self, LzBuffer *publish, LzMqttVersion version)
{
    const RetainedFor *retained = self;
    const LzMqttPacket packet = lz_mqtt_decode_checked(publish, version);
    const LzMqttOutgoing outgoing = {
        .publish = publish, .version = version, .qos = MIN(retained->qos, packet.publish.qos), .is_retained = true};
    lz_mqtt_client_deliver(retained->client, &outgoing);
}

void lz_mqtt_client_deliver_retained(LzMqttClient *client, LzBytes filter, uint8_t qos)
{
    RetainedFor retained = {client, qos};
    lz_mqtt_topics_each_retained(&client->sessions->topics, filter, deliver_retained, &retained);
}

void lz_mqtt_client_resume(LzMqttClient *client)
{
    for (unsigned i = 0; i < lz_mqtt_window_count(&client->window); i++) {
        const LzMqttSent *sent = lz_mqtt_window_at(&client->window, i);
        if (sent->is_released) {
            send_release(client, sent->packet_id);
        } else {
            send_outgoing(client, sent->item, sent->packet_id, true);
        }
    }
    send_waiting(client);
}

void lz_mqtt_client_acknowledge(LzMqttClient *client, const LzMqttPacket *packet)
{
    void *item = NULL;
    if (packet->type == LZ_MQTT_PUBREC && packet->reason >= LZ_MQTT_REASON_FAILURE) {
        item = lz_mqtt_window_take(&client->window, packet->packet_id);         /* 5.0, 4.3.3: it does not want it */
    } else if (lz_mqtt_window_acknowledge(&client->window, packet->type, packet->packet_id, &item) != LZ_MQTT_ACK_DONE) {
        if (packet->type == LZ_MQTT_PUBREC) {
            send_release(client, packet->packet_id);            /* also for one that is forgotten here */
        }
        return;
    }
    if (item) {
        outgoing_free(item);
    }
    send_waiting(client);
}

/* ---- clients ---- */

static void client_free(void *data)
{
    LzMqttClient *client = data;
    for (unsigned i = 0; i < lz_mqtt_window_count(&client->window); i++) {
        outgoing_free(lz_mqtt_window_at(&client->window, i)->item);
    }
    lz_mqtt_window_clear(&client->window);
    lz_mqtt_ids_clear(&client->received);
    g_queue_clear_full(&client->waiting, (GDestroyNotify)outgoing_free);
    lz_event_cancel(client->sessions->scheduler, &client->expiry);
    if (client->subscriber.subscriptions) {
        lz_mqtt_subscriber_clear(&client->subscriber, NULL);
    }
    lz_buffer_unref(client->will);
    g_free(client->id);
    g_free(client);
}

/* Forgets all that is known of the client; it has no connection and is not kept. */
static void forget(LzMqttClient *client)
{
    LzMqttSessions *sessions = client->sessions;
    lz_mqtt_subscriber_clear(&client->subscriber, &sessions->topics);
    g_hash_table_remove(sessions->clients, client->id);         /* frees it */
}

static void stop_keeping(LzMqttClient *client)
{
    g_queue_unlink(&client->sessions->kept, &client->kept);
    lz_event_cancel(client->sessions->scheduler, &client->expiry);
}

static void expired(void *owner)
{
    LzMqttClient *client = owner;
    stop_keeping(client);
    forget(client);
}

static LzMqttClient *client_new(LzMqttSessions *sessions, char *id)
{
    LzMqttClient *client = g_new0(LzMqttClient, 1);
    client->sessions = sessions;
    client->id = id;
    client->kept.data = client;
    lz_mqtt_subscriber_init(&client->subscriber);
    lz_event_init(&client->expiry, expired, client);
    g_queue_init(&client->waiting);
    g_hash_table_insert(sessions->clients, client->id, client);
    return client;
}

static void keep(LzMqttClient *client)
{
    LzMqttSessions *sessions = client->sessions;
    g_queue_push_tail_link(&sessions->kept, &client->kept);
    if (client->expiry_s < LZ_MQTT_NEVER_EXPIRES) {
        lz_timer_after(sessions->scheduler, &client->expiry, LZ_SECONDS(client->expiry_s));
    }
    if (sessions->kept.length > (guint64)sessions->limits.kept_max) {
        expired(sessions->kept.head->data);
    }
}

void lz_mqtt_client_leave(LzMqttClient *client)
{
    client->connection = NULL;
    g_clear_pointer(&client->will, lz_buffer_unref);
    if (client->expiry_s == 0) {
        forget(client);
    } else {
        keep(client);
    }
}

LzMqttClient *lz_mqtt_sessions_find(const LzMqttSessions *sessions, LzBytes id)
{
    g_autofree char *name = g_strndup((const char *)id.data, id.size);
    return g_hash_table_lookup(sessions->clients, name);
}

static char *assign_id(LzMqttSessions *sessions)
{
    return g_strdup_printf("lazaret-%" G_GUINT64_FORMAT, ++sessions->ids_made);       /* [MQTT-3.1.3-6] */
}

LzMqttClient *lz_mqtt_sessions_take(LzMqttSessions *sessions, LzBytes id, bool is_clean, bool *ret_is_present)
{
    const bool is_assigned = id.size == 0;
    char *name = is_assigned ? assign_id(sessions) : g_strndup((const char *)id.data, id.size);
    LzMqttClient *client = g_hash_table_lookup(sessions->clients, name);
    if (client) {
        g_assert(!client->connection);
        stop_keeping(client);
    }
    if (client && is_clean) {
        forget(client);                                         /* [MQTT-3.1.2-6] */
        client = NULL;
    }
    *ret_is_present = client != NULL;
    if (client) {
        g_free(name);
    } else {
        client = client_new(sessions, name);
    }
    client->has_assigned_id = is_assigned;
    return client;
}

/* ---- all of it ---- */

void lz_mqtt_sessions_init(LzMqttSessions *sessions, const LzMqttSessionsOps *ops, LzScheduler *scheduler,
                           const LzMqttSessionsLimits *limits)
{
    sessions->ops = ops;
    sessions->scheduler = scheduler;
    sessions->limits = *limits;
    lz_mqtt_topics_init(&sessions->topics);
    sessions->clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, client_free);
    g_queue_init(&sessions->kept);
}

void lz_mqtt_sessions_empty(LzMqttSessions *sessions)
{
    g_queue_init(&sessions->kept);      /* its links are the clients' own */
    g_hash_table_remove_all(sessions->clients);
    lz_mqtt_topics_empty(&sessions->topics);
}

void lz_mqtt_sessions_clear(LzMqttSessions *sessions)
{
    g_hash_table_unref(sessions->clients);
    lz_mqtt_topics_clear(&sessions->topics);
}
