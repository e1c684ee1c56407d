/* What only MQTT 5 has, at the broker with scripted peers and at the client with a scripted broker: terms of a session,
 * reason codes, options of subscriptions, properties of messages. */
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_ward.h"

#define SETTLE_NS LZ_MILLISECONDS(100)

typedef struct Rig {
    TestWard *ward;
    TestModel *model;
} Rig;

static Rig broker_new(const char *field, double value)
{
    Rig rig = {.ward = test_ward_new(LZ_MILLISECONDS(1))};
    LzHost *host = test_ward_add_host(rig.ward, "broker");
    rig.model = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_SERVICE, "mqtt-broker"), host);
    if (field) {
        lz_test_config_set(rig.model->model, rig.model->config, field, value);
    }
    test_service_init(rig.model);
    ((const LzServiceOps *)rig.model->model->ops)->start(rig.model->state);
    return rig;
}

static void rig_free(Rig *rig)
{
    test_model_free(rig->model);
    test_ward_free(rig->ward);
}

static TestPeer *open_peer(Rig *rig, LzHost *host)
{
    TestPeer *peer = test_peer_connect(rig->ward, host, 1);
    peer->version = LZ_MQTT_5;
    test_ward_run(rig->ward, SETTLE_NS);
    return peer;
}

static void say(Rig *rig, TestPeer *peer, const LzMqttPacket *packet)
{
    test_peer_send(peer, packet);
    test_ward_run(rig->ward, SETTLE_NS);
}

static LzBytes numbers(uint8_t *memory, LzMqttProperty first, uint32_t first_value, LzMqttProperty second, uint32_t second_value)
{
    LzWriter writer = lz_writer(memory, 32);
    lz_mqtt_property_write_number(&writer, first, first_value);
    if (second) {
        lz_mqtt_property_write_number(&writer, second, second_value);
    }
    return (LzBytes){memory, writer.size};
}

/* Returns the CONNACK. */
static LzMqttPacket connect_with(Rig *rig, TestPeer *peer, const char *id, bool is_clean, LzBytes properties)
{
    LzMqttPacket connect = test_connect_packet(id, is_clean, 0);
    connect.properties = properties;
    say(rig, peer, &connect);
    return test_peer_expect(peer, LZ_MQTT_CONNACK);
}

static TestPeer *connect_clean(Rig *rig, const char *id)
{
    TestPeer *peer = open_peer(rig, test_ward_add_host(rig->ward, id));
    g_assert_cmpuint(connect_with(rig, peer, id, true, (LzBytes){0}).connack.code, ==, 0);
    return peer;
}

static void subscribe(Rig *rig, TestPeer *peer, const char *filter, uint8_t options, uint8_t expected)
{
    uint8_t memory[64];
    const LzMqttPacket packet = test_subscribe_packet(memory, filter, options, 5);
    say(rig, peer, &packet);
    const LzMqttPacket answer = test_peer_expect(peer, LZ_MQTT_SUBACK);
    g_assert_cmpuint(answer.entries.data[0], ==, expected);
}

static void publish(Rig *rig, TestPeer *peer, const char *topic, bool is_retained)
{
    LzMqttPacket packet = test_publish_packet(topic, lz_bytes_of_text("x"), 0, 0);
    packet.publish.is_retained = is_retained;
    say(rig, peer, &packet);
}

/* ---- broker ---- */

static void test_terms(void)
{
    Rig rig = broker_new("session_expiry_max_ns", 60e9);
    TestPeer *peer = open_peer(&rig, test_ward_add_host(rig.ward, "device"));
    uint8_t memory[32];
    const LzMqttPacket answer = connect_with(&rig, peer, "", true, numbers(memory, LZ_MQTT_SESSION_EXPIRY, 3600, 0, 0));
    uint32_t value = 0;
    LzBytes id;
    g_assert_cmpuint(answer.connack.code, ==, LZ_MQTT_REASON_SUCCESS);
    g_assert_true(lz_mqtt_property_number(answer.properties, LZ_MQTT_SESSION_EXPIRY, &value));
    g_assert_cmpuint(value, ==, 60);
    g_assert_true(lz_mqtt_property_number(answer.properties, LZ_MQTT_RECEIVE_MAXIMUM, &value));
    g_assert_cmpuint(value, ==, 100);
    g_assert_true(lz_mqtt_property_bytes(answer.properties, LZ_MQTT_ASSIGNED_ID, &id));
    g_assert_cmpuint(id.size, >, 0);
    rig_free(&rig);
}

/* A session lives so long after its connection, and no longer. */
static void test_expiry(void)
{
    static const struct { unsigned away_s; bool is_present; } cases[] = {{20, true}, {40, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig rig = broker_new(NULL, 0);
        LzHost *host = test_ward_add_host(rig.ward, "device");
        uint8_t memory[32];
        const LzBytes expiry = numbers(memory, LZ_MQTT_SESSION_EXPIRY, 30, 0, 0);
        TestPeer *first = open_peer(&rig, host);
        g_assert_false(connect_with(&rig, first, "device", false, expiry).connack.is_session_present);
        lz_session_abort(first->session);
        test_ward_run(rig.ward, LZ_SECONDS(cases[i].away_s));
        TestPeer *again = open_peer(&rig, host);
        g_assert_true(connect_with(&rig, again, "device", false, expiry).connack.is_session_present == cases[i].is_present);
        rig_free(&rig);
    }
}

/* Without an expiry a session ends with its connection, whatever the clean start. */
static void test_no_expiry(void)
{
    Rig rig = broker_new(NULL, 0);
    LzHost *host = test_ward_add_host(rig.ward, "device");
    TestPeer *first = open_peer(&rig, host);
    connect_with(&rig, first, "device", false, (LzBytes){0});
    lz_session_abort(first->session);
    test_ward_run(rig.ward, SETTLE_NS);
    TestPeer *again = open_peer(&rig, host);
    g_assert_false(connect_with(&rig, again, "device", false, (LzBytes){0}).connack.is_session_present);
    rig_free(&rig);
}

static void test_taken_over(void)
{
    Rig rig = broker_new(NULL, 0);
    TestPeer *first = connect_clean(&rig, "device"), *second = open_peer(&rig, test_ward_add_host(rig.ward, "other"));
    connect_with(&rig, second, "device", true, (LzBytes){0});
    test_ward_run(rig.ward, SETTLE_NS);
    g_assert_cmpuint(test_peer_expect(first, LZ_MQTT_DISCONNECT).reason, ==, LZ_MQTT_REASON_TAKEN_OVER);
    g_assert_true(first->was_closed);
    rig_free(&rig);
}

/* What a publisher says of its message reaches subscribers of 5.0, and is left out for those of 3.1.1. */
static void test_properties_go_through(void)
{
    Rig rig = broker_new(NULL, 0);
    TestPeer *publisher = connect_clean(&rig, "publisher"), *five = connect_clean(&rig, "five");
    TestPeer *three = test_peer_connect(rig.ward, test_ward_add_host(rig.ward, "three"), 1);
    test_ward_run(rig.ward, SETTLE_NS);
    const LzMqttPacket old = test_connect_packet("three", true, 0);
    say(&rig, three, &old);
    test_peer_expect(three, LZ_MQTT_CONNACK);
    subscribe(&rig, five, "ward/#", 0, 0);
    subscribe(&rig, three, "ward/#", 0, 0);
    uint8_t memory[32];
    LzMqttPacket packet = test_publish_packet("ward/a", lz_bytes_of_text("x"), 0, 0);
    packet.properties = numbers(memory, LZ_MQTT_MESSAGE_EXPIRY, 77, LZ_MQTT_PAYLOAD_FORMAT, 1);
    say(&rig, publisher, &packet);
    const LzMqttPacket received = test_peer_expect(five, LZ_MQTT_PUBLISH);
    g_assert_true(lz_bytes_equal(received.properties, packet.properties));
    g_assert_true(lz_bytes_equal(test_peer_expect(three, LZ_MQTT_PUBLISH).publish.payload, lz_bytes_of_text("x")));
    rig_free(&rig);
}

static void test_options(void)
{
    Rig rig = broker_new(NULL, 0);
    TestPeer *one = connect_clean(&rig, "one"), *two = connect_clean(&rig, "two");
    subscribe(&rig, one, "mine", LZ_MQTT_OPTION_NO_LOCAL, 0);
    publish(&rig, one, "mine", false);
    g_assert_cmpuint(test_peer_waiting(one), ==, 0);
    publish(&rig, two, "mine", false);
    test_peer_expect(one, LZ_MQTT_PUBLISH);
    subscribe(&rig, one, "kept", LZ_MQTT_OPTION_RETAIN_AS_PUBLISHED, 0);
    publish(&rig, two, "kept", true);
    g_assert_true(test_peer_expect(one, LZ_MQTT_PUBLISH).publish.is_retained);
    subscribe(&rig, one, "kept", LZ_MQTT_OPTION_RETAIN_IF_NEW, 0);
    g_assert_cmpuint(test_peer_waiting(one), ==, 0);
    subscribe(&rig, one, "kept", 0, 0);
    g_assert_true(test_peer_expect(one, LZ_MQTT_PUBLISH).publish.is_retained);
    subscribe(&rig, two, "kept", LZ_MQTT_OPTION_RETAIN_NEVER, 0);
    g_assert_cmpuint(test_peer_waiting(two), ==, 0);
    TestPeer *three = connect_clean(&rig, "three");
    subscribe(&rig, three, "kept", LZ_MQTT_OPTION_RETAIN_IF_NEW, 0);
    g_assert_true(test_peer_expect(three, LZ_MQTT_PUBLISH).publish.is_retained);
    rig_free(&rig);
}

/* The broker keeps to what the subscriber can have under way. */
static void test_receive_maximum(void)
{
    Rig rig = broker_new(NULL, 0);
    TestPeer *slow = open_peer(&rig, test_ward_add_host(rig.ward, "slow")), *publisher = connect_clean(&rig, "publisher");
    uint8_t memory[32];
    connect_with(&rig, slow, "slow", true, numbers(memory, LZ_MQTT_RECEIVE_MAXIMUM, 2, 0, 0));
    subscribe(&rig, slow, "t", 1, 1);
    for (uint16_t i = 1; i <= 5; i++) {
        const LzMqttPacket packet = test_publish_packet("t", lz_bytes_of_text("x"), 1, i);
        say(&rig, publisher, &packet);
    }
    g_assert_cmpuint(test_peer_waiting(slow), ==, 2);
    const uint16_t id = test_peer_expect(slow, LZ_MQTT_PUBLISH).packet_id;
    say(&rig, slow, &(LzMqttPacket){.type = LZ_MQTT_PUBACK, .packet_id = id});
    g_assert_cmpuint(test_peer_waiting(slow), ==, 2);
    rig_free(&rig);
}

/* A full broker of 5.0 says so, and the connection stays. */
static void test_quota(void)
{
    Rig rig = broker_new("queue_max", 1);
    lz_test_config_set(rig.model->model, rig.model->config, "publish_cost_ns", 1e9);
    TestPeer *peer = connect_clean(&rig, "device");
    for (uint16_t i = 1; i <= 2; i++) {
        const LzMqttPacket packet = test_publish_packet("t", lz_bytes_of_text("x"), 1, i);
        say(&rig, peer, &packet);
    }
    const LzMqttPacket refusal = test_peer_expect(peer, LZ_MQTT_PUBACK);
    g_assert_cmpuint(refusal.packet_id, ==, 2);
    g_assert_cmpuint(refusal.reason, ==, LZ_MQTT_REASON_QUOTA);
    test_ward_run(rig.ward, LZ_SECONDS(2));
    g_assert_cmpuint(test_peer_expect(peer, LZ_MQTT_PUBACK).packet_id, ==, 1);
    g_assert_false(peer->was_closed);
    rig_free(&rig);
}

/* A topic alias that was never offered is a protocol error, and so is nonsense; both are told. */
static void test_errors(void)
{
    Rig rig = broker_new(NULL, 0);
    TestPeer *peer = connect_clean(&rig, "device"), *other = connect_clean(&rig, "other");
    uint8_t memory[32];
    LzMqttPacket packet = test_publish_packet("t", lz_bytes_of_text("x"), 0, 0);
    packet.properties = numbers(memory, LZ_MQTT_TOPIC_ALIAS, 1, 0, 0);
    say(&rig, peer, &packet);
    g_assert_cmpuint(test_peer_expect(peer, LZ_MQTT_DISCONNECT).reason, ==, LZ_MQTT_REASON_PROTOCOL);
    test_peer_send_bytes(other, "\x30\x02\x00\x09", 4);
    test_ward_run(rig.ward, SETTLE_NS);
    g_assert_cmpuint(test_peer_expect(other, LZ_MQTT_DISCONNECT).reason, ==, LZ_MQTT_REASON_MALFORMED);
    rig_free(&rig);
}

/* ---- client ---- */

static Rig client_new(TestPeer **ret_broker)
{
    Rig rig = {.ward = test_ward_new(LZ_MILLISECONDS(1))};
    *ret_broker = test_peer_listen(rig.ward, test_ward_add_host(rig.ward, "server"));
    (*ret_broker)->version = LZ_MQTT_5;
    rig.model = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_CLIENT, "mqtt"), test_ward_add_host(rig.ward, "device[1]"));
    lz_test_config_set(rig.model->model, rig.model->config, "version", LZ_MQTT_5);
    lz_test_config_set(rig.model->model, rig.model->config, "session_expiry_ns", 90e9);
    lz_test_config_set(rig.model->model, rig.model->config, "receive_max", 7);
    test_client_init(rig.model, 1);
    ((const LzClientOps *)rig.model->model->ops)->start(rig.model->state);
    test_ward_run(rig.ward, SETTLE_NS);
    return rig;
}

static void accept_client(Rig *rig, TestPeer *broker, LzBytes properties)
{
    const LzMqttPacket connect = test_peer_expect(broker, LZ_MQTT_CONNECT);
    uint32_t expiry_s = 0, receive_max = 0;
    g_assert_true(lz_mqtt_property_number(connect.properties, LZ_MQTT_SESSION_EXPIRY, &expiry_s));
    g_assert_true(lz_mqtt_property_number(connect.properties, LZ_MQTT_RECEIVE_MAXIMUM, &receive_max));
    g_assert_cmpuint(expiry_s, ==, 90);
    g_assert_cmpuint(receive_max, ==, 7);
    say(rig, broker, &(LzMqttPacket){.type = LZ_MQTT_CONNACK, .properties = properties});
}

/* The client keeps to what the broker can have under way, and to its keep-alive. */
static void test_client_terms(void)
{
    TestPeer *broker;
    Rig rig = client_new(&broker);
    uint8_t memory[32];
    accept_client(&rig, broker, numbers(memory, LZ_MQTT_RECEIVE_MAXIMUM, 2, LZ_MQTT_SERVER_KEEP_ALIVE, 5));
    for (unsigned i = 0; i < 4; i++) {
        test_client_send(rig.model, 1, 64);
    }
    test_ward_run(rig.ward, SETTLE_NS);
    g_assert_cmpuint(test_peer_waiting(broker), ==, 2);
    test_peer_expect(broker, LZ_MQTT_PUBLISH);
    test_peer_expect(broker, LZ_MQTT_PUBLISH);
    test_ward_run(rig.ward, LZ_SECONDS(6));
    test_peer_expect(broker, LZ_MQTT_PINGREQ);
    ((const LzClientOps *)rig.model->model->ops)->stop(rig.model->state);
    rig_free(&rig);
}

/* A message for which the broker had no room goes again, later; one that it refuses is lost. */
static void test_client_refused(void)
{
    TestPeer *broker;
    Rig rig = client_new(&broker);
    accept_client(&rig, broker, (LzBytes){0});
    test_client_send(rig.model, 1, 64);
    test_ward_run(rig.ward, SETTLE_NS);
    uint16_t id = test_peer_expect(broker, LZ_MQTT_PUBLISH).packet_id;
    say(&rig, broker, &(LzMqttPacket){.type = LZ_MQTT_PUBACK, .packet_id = id, .reason = LZ_MQTT_REASON_QUOTA});
    g_assert_cmpuint(test_peer_waiting(broker), ==, 0);
    test_ward_run(rig.ward, LZ_SECONDS(2));
    id = test_peer_expect(broker, LZ_MQTT_PUBLISH).packet_id;
    say(&rig, broker, &(LzMqttPacket){.type = LZ_MQTT_PUBACK, .packet_id = id, .reason = LZ_MQTT_REASON_AUTHORISATION});
    test_ward_run(rig.ward, LZ_SECONDS(10));
    g_assert_cmpuint(test_peer_waiting(broker), ==, 0);
    g_assert_cmpuint(test_ward_account(rig.ward).lost[LZ_LOSS_REFUSED], ==, 1);
    ((const LzClientOps *)rig.model->model->ops)->stop(rig.model->state);
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt5/broker/terms", test_terms);
    g_test_add_func("/mqtt5/broker/expiry", test_expiry);
    g_test_add_func("/mqtt5/broker/no-expiry", test_no_expiry);
    g_test_add_func("/mqtt5/broker/taken-over", test_taken_over);
    g_test_add_func("/mqtt5/broker/properties-go-through", test_properties_go_through);
    g_test_add_func("/mqtt5/broker/options", test_options);
    g_test_add_func("/mqtt5/broker/receive-maximum", test_receive_maximum);
    g_test_add_func("/mqtt5/broker/quota", test_quota);
    g_test_add_func("/mqtt5/broker/errors", test_errors);
    g_test_add_func("/mqtt5/client/terms", test_client_terms);
    g_test_add_func("/mqtt5/client/refused", test_client_refused);
    return g_test_run();
}
