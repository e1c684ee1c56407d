/* MQTT 3.1.1 4.3 and 4.4: the sender's and the receiver's state of QoS 1 and 2. */
#include "lazaret/protocol/mqtt_window.h"

unsigned lz_mqtt_window_count(const LzMqttWindow *window)
{
    return window->sent ? window->sent->len : 0;
}

LzMqttSent *lz_mqtt_window_at(LzMqttWindow *window, unsigned index)
{
    g_assert(index < lz_mqtt_window_count(window));
    return &g_array_index(window->sent, LzMqttSent, index);
}

/* Index of the identifier, or the count. */
static unsigned find_sent(LzMqttWindow *window, uint16_t packet_id)
{
    unsigned i = 0;
    while (i < lz_mqtt_window_count(window) && lz_mqtt_window_at(window, i)->packet_id != packet_id) {
        i++;
    }
    return i;
}

uint16_t lz_mqtt_window_take_id(LzMqttWindow *window)
{
    g_assert(lz_mqtt_window_count(window) < UINT16_MAX);
    do {
        window->last_id++;
    } while (window->last_id == 0 || find_sent(window, window->last_id) < lz_mqtt_window_count(window));
    return window->last_id;
}

uint16_t lz_mqtt_window_add(LzMqttWindow *window, uint8_t qos, void *item)
{
    g_assert(qos > 0);
    lz_mqtt_window_take_id(window);
    if (!window->sent) {
        window->sent = g_array_new(FALSE, FALSE, sizeof(LzMqttSent));
    }
    const LzMqttSent sent = {.packet_id = window->last_id, .qos = qos, .item = item};
    g_array_append_val(window->sent, sent);
    return window->last_id;
}

static bool ends_handshake(const LzMqttSent *sent, LzMqttType type)
{
    return sent->qos == 1 ? type == LZ_MQTT_PUBACK : type == LZ_MQTT_PUBCOMP && sent->is_released;
}

LzMqttAck lz_mqtt_window_acknowledge(LzMqttWindow *window, LzMqttType type, uint16_t packet_id, void **ret_item)
{
    const unsigned index = find_sent(window, packet_id);
    if (index == lz_mqtt_window_count(window)) {
        return LZ_MQTT_ACK_UNKNOWN;
    }
    LzMqttSent *sent = lz_mqtt_window_at(window, index);
    if (sent->qos == 2 && type == LZ_MQTT_PUBREC) {
        sent->is_released = true;
        return LZ_MQTT_ACK_RELEASE;
    }
    if (!ends_handshake(sent, type)) {
        return LZ_MQTT_ACK_UNKNOWN;
    }
    *ret_item = sent->item;
    g_array_remove_index(window->sent, index);
    return LZ_MQTT_ACK_DONE;
}

void *lz_mqtt_window_take(LzMqttWindow *window, uint16_t packet_id)
{
    const unsigned index = find_sent(window, packet_id);
    if (index == lz_mqtt_window_count(window)) {
        return NULL;
    }
    void *item = lz_mqtt_window_at(window, index)->item;
    g_array_remove_index(window->sent, index);
    return item;
}

void lz_mqtt_window_clear(LzMqttWindow *window)
{
    g_clear_pointer(&window->sent, g_array_unref);
}

unsigned lz_mqtt_ids_count(const LzMqttIds *ids)
{
    return ids->ids ? ids->ids->len : 0;
}

static unsigned find_id(const LzMqttIds *ids, uint16_t packet_id)
{
    unsigned i = 0;
    while (i < lz_mqtt_ids_count(ids) && g_array_index(ids->ids, uint16_t, i) != packet_id) {
        i++;
    }
    return i;
}

bool lz_mqtt_ids_add(LzMqttIds *ids, uint16_t packet_id)
{
    if (find_id(ids, packet_id) < lz_mqtt_ids_count(ids)) {
        return false;
    }
    if (!ids->ids) {
        ids->ids = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    }
    g_array_append_val(ids->ids, packet_id);
    return true;
}

void lz_mqtt_ids_remove(LzMqttIds *ids, uint16_t packet_id)
{
    const unsigned index = find_id(ids, packet_id);
    if (index < lz_mqtt_ids_count(ids)) {
        g_array_remove_index(ids->ids, index);
    }
}

void lz_mqtt_ids_clear(LzMqttIds *ids)
{
    g_clear_pointer(&ids->ids, g_array_unref);
}
