/* Subscriptions and retained messages of an MQTT broker. */
#include "lazaret/mqtt_topics.h"

typedef struct Subscription {
    LzMqttSubscriber *subscriber;
    char *filter;
    uint8_t options;
} Subscription;

typedef struct Retained {
    char *topic;
    LzBuffer *packet;
    LzMqttVersion version;
} Retained;

static char *text_new(LzBytes bytes)
{
    return g_strndup((const char *)bytes.data, bytes.size);
}

/* ---- subscriptions ---- */

static void subscription_free(void *data)
{
    Subscription *subscription = data;
    g_free(subscription->filter);
    g_free(subscription);
}

static GPtrArray *subscriptions_of(LzMqttTopics *topics, const char *filter)
{
    if (lz_mqtt_filter_has_wildcard(lz_bytes_of_text(filter))) {
        return topics->wildcards;
    }
    GPtrArray *list = g_hash_table_lookup(topics->exact, filter);
    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(topics->exact, g_strdup(filter), list);
    }
    return list;
}

static void unlink_subscription(LzMqttTopics *topics, Subscription *subscription)
{
    GPtrArray *list = subscriptions_of(topics, subscription->filter);
    g_ptr_array_remove(list, subscription);
    if (list->len == 0 && list != topics->wildcards) {
        g_hash_table_remove(topics->exact, subscription->filter);
    }
}

static Subscription *find_subscription(const LzMqttSubscriber *subscriber, LzBytes filter)
{
    for (guint i = 0; i < subscriber->subscriptions->len; i++) {
        Subscription *subscription = subscriber->subscriptions->pdata[i];
        if (lz_bytes_equal(lz_bytes_of_text(subscription->filter), filter)) {
            return subscription;
        }
    }
    return NULL;
}

void lz_mqtt_subscriber_init(LzMqttSubscriber *subscriber)
{
    subscriber->subscriptions = g_ptr_array_new_with_free_func(subscription_free);
}

void lz_mqtt_subscriber_clear(LzMqttSubscriber *subscriber, LzMqttTopics *topics)
{
    for (guint i = 0; topics && i < subscriber->subscriptions->len; i++) {
        unlink_subscription(topics, subscriber->subscriptions->pdata[i]);
    }
    g_clear_pointer(&subscriber->subscriptions, g_ptr_array_unref);
}

bool lz_mqtt_topics_subscribe(LzMqttTopics *topics, LzMqttSubscriber *subscriber, LzBytes filter, uint8_t options, int64_t max)
{
    Subscription *subscription = find_subscription(subscriber, filter);
    if (!subscription) {
        if (subscriber->subscriptions->len >= (guint64)max) {
            return false;
        }
        subscription = g_new0(Subscription, 1);
        subscription->subscriber = subscriber;
        subscription->filter = text_new(filter);
        g_ptr_array_add(subscriber->subscriptions, subscription);
        g_ptr_array_add(subscriptions_of(topics, subscription->filter), subscription);
    }
    subscription->options = options;
    return true;
}

bool lz_mqtt_topics_unsubscribe(LzMqttTopics *topics, LzMqttSubscriber *subscriber, LzBytes filter)
{
    Subscription *subscription = find_subscription(subscriber, filter);
    if (subscription) {
        unlink_subscription(topics, subscription);
        g_ptr_array_remove(subscriber->subscriptions, subscription);
    }
    return subscription != NULL;
}

bool lz_mqtt_topics_has(const LzMqttSubscriber *subscriber, LzBytes filter)
{
    return find_subscription(subscriber, filter) != NULL;
}

bool lz_mqtt_topics_brings_retained(const LzMqttSubscriber *subscriber, LzBytes filter)
{
    const Subscription *subscription = find_subscription(subscriber, filter);
    return subscription && !(subscription->options & LZ_MQTT_OPTION_RETAIN_NEVER);
}

static void add_match(LzMqttTopics *topics, const Subscription *subscription, const LzMqttSubscriber *publisher)
{
    LzMqttSubscriber *subscriber = subscription->subscriber;
    const uint8_t qos = subscription->options & LZ_MQTT_OPTION_QOS;
    const bool keeps_retain = subscription->options & LZ_MQTT_OPTION_RETAIN_AS_PUBLISHED;
    if (subscriber == publisher && (subscription->options & LZ_MQTT_OPTION_NO_LOCAL)) {
        return;
    }
    if (subscriber->match == topics->searches) {
        subscriber->match_qos = MAX(subscriber->match_qos, qos);
        subscriber->match_keeps_retain |= keeps_retain;
        return;
    }
    subscriber->match = topics->searches;
    subscriber->match_qos = qos;
    subscriber->match_keeps_retain = keeps_retain;
    g_ptr_array_add(topics->matches, subscriber);
}

const GPtrArray *lz_mqtt_topics_search(LzMqttTopics *topics, LzBytes topic, const LzMqttSubscriber *publisher)
{
    topics->searches++;
    g_ptr_array_set_size(topics->matches, 0);
    g_autofree char *name = text_new(topic);
    const GPtrArray *list = g_hash_table_lookup(topics->exact, name);
    for (guint i = 0; list && i < list->len; i++) {
        add_match(topics, list->pdata[i], publisher);
    }
    for (guint i = 0; i < topics->wildcards->len; i++) {
        const Subscription *subscription = topics->wildcards->pdata[i];
        if (lz_mqtt_filter_matches(lz_bytes_of_text(subscription->filter), topic)) {
            add_match(topics, subscription, publisher);
        }
    }
    return topics->matches;
}

/* ---- retained messages, 3.3.1.3 ---- */

static void retained_free(void *data)
{
    Retained *retained = data;
    lz_buffer_unref(retained->packet);
    g_free(retained->topic);
    g_free(retained);
}

static void drop_retained(LzMqttTopics *topics, Retained *retained)
{
    g_hash_table_remove(topics->retained_by_topic, retained->topic);
    g_ptr_array_remove(topics->retained, retained);
}

void lz_mqtt_topics_retain(LzMqttTopics *topics, const LzMqttPublish *publish, LzBuffer *packet, LzMqttVersion version, int64_t max)
{
    g_autofree char *name = text_new(publish->topic);
    Retained *retained = g_hash_table_lookup(topics->retained_by_topic, name);
    if (publish->payload.size == 0) {
        if (retained) {
            drop_retained(topics, retained);                    /* [MQTT-3.3.1-10] */
        }
        return;
    }
    if (!retained && topics->retained->len >= (guint64)max) {
        return;
    }
    if (!retained) {
        retained = g_new0(Retained, 1);
        retained->topic = g_steal_pointer(&name);
        g_ptr_array_add(topics->retained, retained);
        g_hash_table_insert(topics->retained_by_topic, retained->topic, retained);
    }
    lz_buffer_unref(retained->packet);
    retained->packet = lz_buffer_ref(packet);
    retained->version = version;
}

unsigned lz_mqtt_topics_each_retained(LzMqttTopics *topics, LzBytes filter,
                                      void (*visit)(void *self, LzBuffer *packet, LzMqttVersion version), void *self)
{
    unsigned count = 0;
    for (guint i = 0; i < topics->retained->len; i++) {
        const Retained *retained = topics->retained->pdata[i];
        if (!lz_mqtt_filter_matches(filter, lz_bytes_of_text(retained->topic))) {
            continue;
        }
        count++;
        if (visit) {
            visit(self, retained->packet, retained->version);
        }
    }
    return count;
}

/* ---- all of it ---- */

void lz_mqtt_topics_init(LzMqttTopics *topics)
{
    topics->exact = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    topics->wildcards = g_ptr_array_new();
    topics->retained_by_topic = g_hash_table_new(g_str_hash, g_str_equal);
    topics->retained = g_ptr_array_new_with_free_func(retained_free);
    topics->matches = g_ptr_array_new();
}

void lz_mqtt_topics_empty(LzMqttTopics *topics)
{
    g_hash_table_remove_all(topics->exact);
    g_ptr_array_set_size(topics->wildcards, 0);
    g_hash_table_remove_all(topics->retained_by_topic);
    g_ptr_array_set_size(topics->retained, 0);
}

void lz_mqtt_topics_clear(LzMqttTopics *topics)
{
    g_hash_table_unref(topics->exact);
    g_hash_table_unref(topics->retained_by_topic);
    g_ptr_array_unref(topics->wildcards);
    g_ptr_array_unref(topics->retained);
    g_ptr_array_unref(topics->matches);
}
