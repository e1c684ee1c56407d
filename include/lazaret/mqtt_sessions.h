/* What an MQTT broker keeps of its clients, connected or away: the Session State of 3.1.2.4 (of 5.0, 4.1), that is, their
 * subscriptions, messages that wait for them or are under way, wills, and for how long. Sends by what it is given. */
#ifndef LAZARET_MQTT_SESSIONS_H
#define LAZARET_MQTT_SESSIONS_H

#include "lazaret/event.h"
#include "lazaret/mqtt_topics.h"
#include "lazaret/protocol/mqtt_window.h"

typedef struct LzMqttSessions LzMqttSessions;

typedef struct LzMqttOutgoing {         /* a message for one subscriber */
    LzBuffer *publish;                  /* the publisher's packet; one reference held by whoever keeps it */
    LzMqttVersion version;              /* of that packet */
    uint8_t qos;
    bool is_retained;
} LzMqttOutgoing;

typedef struct LzMqttClient {           /* of a client identifier */
    LzMqttSubscriber subscriber;
    LzMqttSessions *sessions;
    char *id;
    void *connection;                   /* the broker's; NULL: the client is away */
    bool has_assigned_id;
    int64_t asked_expiry_s;             /* by the client; */
    int64_t expiry_s;                   /* how long the session outlives the connection; LZ_MQTT_NEVER_EXPIRES */
    LzEvent expiry;
    int64_t inflight_max;               /* messages to it that are not acknowledged */
    GQueue waiting;                     /* LzMqttOutgoing *, oldest first */
    LzMqttWindow window;                /* items: LzMqttOutgoing * */
    LzMqttIds received;                 /* of QoS 2, from it */
    LzBuffer *will;                     /* a PUBLISH packet of 5.0, or NULL */
    GList kept;                         /* its link in LzMqttSessions.kept while it is away */
} LzMqttClient;

typedef struct LzMqttSessionsOps {      /* of the broker's connections, which may be NULL or closing */
    bool (*may_send)(const void *connection);
    size_t (*unsent_bytes)(const void *connection);
    void (*send)(void *connection, const LzMqttPacket *packet);        /* in the version of the connection */
} LzMqttSessionsOps;

typedef struct LzMqttSessionsLimits {
    int64_t kept_max;                   /* clients that are away; beyond, the one longest away is forgotten */
    int64_t waiting_max;                /* messages for a client; beyond, new ones are dropped */
    int64_t send_buffer_bytes;          /* under way to a client; beyond, QoS 0 is dropped */
} LzMqttSessionsLimits;

struct LzMqttSessions {
    const LzMqttSessionsOps *ops;
    LzScheduler *scheduler;
    LzMqttSessionsLimits limits;
    LzMqttTopics topics;
    GHashTable *clients;                /* id -> LzMqttClient *; looked up only */
    GQueue kept;                        /* LzMqttClient * that are away, longest first */
    uint64_t ids_made;
};

void lz_mqtt_sessions_init(LzMqttSessions *sessions, const LzMqttSessionsOps *ops, LzScheduler *scheduler,
                           const LzMqttSessionsLimits *limits);
void lz_mqtt_sessions_empty(LzMqttSessions *sessions);
void lz_mqtt_sessions_clear(LzMqttSessions *sessions);

/* NULL: unknown. */
LzMqttClient *lz_mqtt_sessions_find(const LzMqttSessions *sessions, LzBytes id);
/* The session of a client that is not connected: the kept one, or after a clean start or for an unknown one, a new one. An
 * empty id: one is assigned. The caller connects it and sets its terms. */
LzMqttClient *lz_mqtt_sessions_take(LzMqttSessions *sessions, LzBytes id, bool is_clean, bool *ret_is_present);
/* The client is away from now on: its session is kept for as long as it is to be, or forgotten, which frees it. */
void lz_mqtt_client_leave(LzMqttClient *client);

/* QoS 0 goes out at once or not at all; other messages wait for their turn. */
void lz_mqtt_client_deliver(LzMqttClient *client, const LzMqttOutgoing *outgoing);
/* The retained messages of a filter, with at most that QoS. */
void lz_mqtt_client_deliver_retained(LzMqttClient *client, LzBytes filter, uint8_t qos);
/* 4.4: it is connected again: what is unacknowledged goes again, in its order. */
void lz_mqtt_client_resume(LzMqttClient *client);
/* PUBACK, PUBREC or PUBCOMP from it: the next messages go out. */
void lz_mqtt_client_acknowledge(LzMqttClient *client, const LzMqttPacket *packet);

/* Packets are checked when they arrive; what is kept is valid. */
LzMqttPacket lz_mqtt_decode_checked(const LzBuffer *buffer, LzMqttVersion version);

#endif
