/* What an MQTT broker knows of topics: who has subscribed to what, and which messages are retained. Sends nothing. */
#ifndef LAZARET_MQTT_TOPICS_H
#define LAZARET_MQTT_TOPICS_H

#include <glib.h>

#include "lazaret/protocol/mqtt.h"

typedef struct LzMqttSubscriber {       /* embedded in what the broker keeps of a client; its owner begins with it */
    GPtrArray *subscriptions;           /* owned */
    uint64_t match;                     /* the search that found it last, */
    uint8_t match_qos;                  /* with the highest QoS of its subscriptions, */
    bool match_keeps_retain;            /* and whether one of them takes messages as retained as they were published */
} LzMqttSubscriber;

typedef struct LzMqttTopics {
    GHashTable *exact;                  /* filter without wildcard -> GPtrArray of subscriptions */
    GPtrArray *wildcards;               /* subscriptions */
    GHashTable *retained_by_topic;
    GPtrArray *retained;                /* owned, in order of storing */
    GPtrArray *matches;                 /* LzMqttSubscriber *: result of the last search */
    uint64_t searches;
} LzMqttTopics;

void lz_mqtt_topics_init(LzMqttTopics *topics);
void lz_mqtt_topics_empty(LzMqttTopics *topics);        /* its subscribers are gone already */
void lz_mqtt_topics_clear(LzMqttTopics *topics);

void lz_mqtt_subscriber_init(LzMqttSubscriber *subscriber);
/* Drops all its subscriptions; topics: NULL when they are emptied anyway. */
void lz_mqtt_subscriber_clear(LzMqttSubscriber *subscriber, LzMqttTopics *topics);

/* options: as in a SUBSCRIBE packet. [MQTT-3.8.4-3] an identical filter is replaced. False: it has `max` already. */
bool lz_mqtt_topics_subscribe(LzMqttTopics *topics, LzMqttSubscriber *subscriber, LzBytes filter, uint8_t options, int64_t max);
bool lz_mqtt_topics_unsubscribe(LzMqttTopics *topics, LzMqttSubscriber *subscriber, LzBytes filter);    /* false: there was none */
bool lz_mqtt_topics_has(const LzMqttSubscriber *subscriber, LzBytes filter);
/* Whether its subscription to that filter is kept without LZ_MQTT_OPTION_RETAIN_NEVER. */
bool lz_mqtt_topics_brings_retained(const LzMqttSubscriber *subscriber, LzBytes filter);

/* [MQTT-3.3.5-1]: each subscriber once, in an order that depends on subscriptions alone; borrowed until the next search.
 * publisher, or NULL: subscriptions of its own that want no local messages do not count. */
const GPtrArray *lz_mqtt_topics_search(LzMqttTopics *topics, LzBytes topic, const LzMqttSubscriber *publisher);

/* Keeps a PUBLISH packet of that version as its topic's, or forgets the topic's when it has no payload (3.3.1.3). Beyond
 * `max` topics, a new one is not kept. */
void lz_mqtt_topics_retain(LzMqttTopics *topics, const LzMqttPublish *publish, LzBuffer *packet, LzMqttVersion version, int64_t max);
/* Visits the retained packets that match, and returns how many; visit: NULL to count only. */
unsigned lz_mqtt_topics_each_retained(LzMqttTopics *topics, LzBytes filter,
                                      void (*visit)(void *self, LzBuffer *packet, LzMqttVersion version), void *self);

#endif
