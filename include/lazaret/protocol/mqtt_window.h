/* The state that MQTT 3.1.1 4.3 and 4.4 ask both ends to keep for QoS 1 and 2: what was sent and is not
 * acknowledged, in order, and the packet identifiers of QoS 2 that were received and not released.
 * Decides nothing about time and sends nothing itself. */
#ifndef LAZARET_PROTOCOL_MQTT_WINDOW_H
#define LAZARET_PROTOCOL_MQTT_WINDOW_H

#include "lazaret/protocol/mqtt.h"

typedef struct LzMqttSent {
    uint16_t packet_id;
    uint8_t qos;                /* 1 or 2 */
    bool is_released;           /* QoS 2: PUBREC has come, PUBREL is sent */
    void *item;                 /* borrowed from the owner */
} LzMqttSent;

typedef struct LzMqttWindow {   /* zeroed memory is an empty window */
    GArray *sent;               /* LzMqttSent, in the order of sending; NULL until the first */
    uint16_t last_id;
} LzMqttWindow;

typedef enum {
    LZ_MQTT_ACK_UNKNOWN,        /* nothing was sent under this identifier, or not what is acknowledged */
    LZ_MQTT_ACK_RELEASE,        /* PUBREC: send PUBREL */
    LZ_MQTT_ACK_DONE,           /* PUBACK or PUBCOMP: the message is the peer's */
} LzMqttAck;

unsigned lz_mqtt_window_count(const LzMqttWindow *window);
LzMqttSent *lz_mqtt_window_at(LzMqttWindow *window, unsigned index);     /* borrowed until the window changes */
/* An identifier that is not in use [MQTT-2.3.1-2], and not given out again soon: also for SUBSCRIBE. At most 65534
 * messages can be in flight. */
uint16_t lz_mqtt_window_take_id(LzMqttWindow *window);
uint16_t lz_mqtt_window_add(LzMqttWindow *window, uint8_t qos, void *item);
/* type: PUBACK, PUBREC or PUBCOMP. ret_item is set when DONE. */
LzMqttAck lz_mqtt_window_acknowledge(LzMqttWindow *window, LzMqttType type, uint16_t packet_id, void **ret_item);
/* Takes the message of that identifier out, which the peer has refused. NULL: there is none. */
void *lz_mqtt_window_take(LzMqttWindow *window, uint16_t packet_id);
/* Forgets everything; the items are the owner's. */
void lz_mqtt_window_clear(LzMqttWindow *window);

typedef struct LzMqttIds {      /* zeroed memory is an empty set */
    GArray *ids;                /* uint16_t, in order of arrival; NULL until the first */
} LzMqttIds;

unsigned lz_mqtt_ids_count(const LzMqttIds *ids);
bool lz_mqtt_ids_add(LzMqttIds *ids, uint16_t packet_id);        /* false: it was there */
void lz_mqtt_ids_remove(LzMqttIds *ids, uint16_t packet_id);     /* safe when it is not there */
void lz_mqtt_ids_clear(LzMqttIds *ids);

#endif
