/* The broker against scripted peers: every rule of MQTT 3.1.1 that it owes them, and what it does when it is full. */
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(1)
#define SETTLE_NS LZ_MILLISECONDS(100)
#define BROKER_ADDRESS 1

typedef struct Rig {
    TestWard *ward;
    TestModel *broker;
} Rig;

/* field, value pairs until NULL change the broker's configuration. */
static Rig rig_new(const char *const fields[], const double values[])
{
    Rig rig = {.ward = test_ward_new(DELAY_NS)};
    LzHost *host = test_ward_add_host(rig.ward, "broker");
    rig.broker = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_SERVICE, "mqtt-broker"), host);
    for (unsigned i = 0; fields && fields[i]; i++) {
        lz_test_config_set(rig.broker->model, rig.broker->config, fields[i], values[i]);
    }
    test_service_init(rig.broker);
    ((const LzServiceOps *)rig.broker->model->ops)->start(rig.broker->state);
    return rig;
}

static void rig_free(Rig *rig)
{
    test_model_free(rig->broker);
    test_ward_free(rig->ward);
}

static void settle(Rig *rig)
{
    test_ward_run(rig->ward, SETTLE_NS);
}

static LzHost *device(Rig *rig, const char *name)
{
    return test_ward_add_host(rig->ward, name);
}

/* A peer on a new connection from the host, opened, nothing sent. */
static TestPeer *open_peer(Rig *rig, LzHost *host)
{
    TestPeer *peer = test_peer_connect(rig->ward, host, BROKER_ADDRESS);
    settle(rig);
    g_assert_true(peer->was_opened);
    return peer;
}

static TestPeer *connect_with(Rig *rig, LzHost *host, const LzMqttPacket *connect, bool is_present)
{
    TestPeer *peer = open_peer(rig, host);
    test_peer_send(peer, connect);
    settle(rig);
    const LzMqttPacket answer = test_peer_expect(peer, LZ_MQTT_CONNACK);
    g_assert_cmpuint(answer.connack.code, ==, LZ_MQTT_ACCEPTED);
    g_assert_cmpint(answer.connack.is_session_present, ==, is_present);
    return peer;
}

static TestPeer *connect_clean(Rig *rig, const char *name)
{
    const LzMqttPacket connect = test_connect_packet(name, true, 0);
    return connect_with(rig, device(rig, name), &connect, false);
}

static void subscribe(Rig *rig, TestPeer *peer, const char *filter, uint8_t qos, uint8_t expected_code)
{
    uint8_t memory[64];
    const LzMqttPacket packet = test_subscribe_packet(memory, filter, qos, 77);
    test_peer_send(peer, &packet);
    settle(rig);
    const LzMqttPacket answer = test_peer_expect(peer, LZ_MQTT_SUBACK);
    g_assert_cmpuint(answer.packet_id, ==, 77);
    g_assert_cmpuint(answer.entries.size, ==, 1);
    g_assert_cmpuint(answer.entries.data[0], ==, expected_code);
}

static void publish(Rig *rig, TestPeer *peer, const char *topic, const char *text, uint8_t qos, uint16_t packet_id)
{
    const LzMqttPacket packet = test_publish_packet(topic, lz_bytes_of_text(text), qos, packet_id);
    test_peer_send(peer, &packet);
    settle(rig);
}

static LzMqttPacket expect_publish(TestPeer *peer, const char *topic, const char *text, uint8_t qos)
{
    const LzMqttPacket packet = test_peer_expect(peer, LZ_MQTT_PUBLISH);
    g_assert_true(lz_bytes_equal(packet.publish.topic, lz_bytes_of_text(topic)));
    g_assert_true(lz_bytes_equal(packet.publish.payload, lz_bytes_of_text(text)));
    g_assert_cmpuint(packet.publish.qos, ==, qos);
    return packet;
}

static void acknowledge(Rig *rig, TestPeer *peer, LzMqttType type, uint16_t packet_id)
{
    test_peer_send(peer, &(LzMqttPacket){.type = type, .packet_id = packet_id});
    settle(rig);
}

/* Both end the measurement. */
static int64_t refused(Rig *rig)
{
    return test_ward_count(rig->ward, LZ_METRIC_SERVICE_REFUSED);
}

static void check_sessions(Rig *rig, int64_t max, int64_t last)
{
    LzObservation observation = test_ward_observe(rig->ward, LZ_METRIC_SERVICE_SESSIONS);
    g_assert_cmpint(observation.max, ==, max);
    g_assert_cmpint(observation.last, ==, last);
    lz_observation_clear(&observation);
}

/* ---- connecting ---- */

static void test_connect(void)
{
    g_test_summary("CONNACK after the round trip and the CPU time of CONNECT; the level of sessions follows");
    Rig rig = rig_new((const char *const[]){"connect_cost_ns", NULL}, (const double[]){7e6});
    TestPeer *peer = open_peer(&rig, device(&rig, "a"));
    const LzMqttPacket connect = test_connect_packet("a", true, 0);
    test_peer_send(peer, &connect);
    test_ward_run(rig.ward, LZ_MILLISECONDS(9) - 1);
    g_assert_cmpuint(test_peer_waiting(peer), ==, 0);
    test_ward_run(rig.ward, 1);
    g_assert_cmpuint(test_peer_expect(peer, LZ_MQTT_CONNACK).connack.code, ==, LZ_MQTT_ACCEPTED);
    lz_session_close(peer->session);
    settle(&rig);
    check_sessions(&rig, 1, 0);
    g_assert_cmpint(refused(&rig), ==, 0);
    rig_free(&rig);
}

static void check_refused(Rig *rig, const void *bytes, size_t size, LzMqttConnectCode code)
{
    TestPeer *peer = open_peer(rig, device(rig, "x"));
    test_peer_send_bytes(peer, bytes, size);
    settle(rig);
    g_assert_cmpuint(test_peer_expect(peer, LZ_MQTT_CONNACK).connack.code, ==, code);
    g_assert_true(peer->was_closed);
}

static void test_connect_codes(void)
{
    g_test_summary("Level 6: 1; empty identifier to be kept: 2, else one is given; identity asked for and none shown: 5");
    Rig rig = rig_new(NULL, NULL);
    check_refused(&rig, "\x10\x0d\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x00", 15, LZ_MQTT_REFUSED_LEVEL);
    check_refused(&rig, "\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", 14, LZ_MQTT_REFUSED_IDENTIFIER);
    connect_clean(&rig, "");
    connect_clean(&rig, "");
    g_assert_cmpint(refused(&rig), ==, 2);
    rig_free(&rig);
    rig = rig_new((const char *const[]){"match_identity", NULL}, (const double[]){1});
    check_refused(&rig, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01x", 15, LZ_MQTT_REFUSED_AUTHORISATION);
    rig_free(&rig);
}

static void test_violations(void)
{
    g_test_summary("What breaks the protocol ends the connection and is counted");
    static const struct { bool is_connected; size_t size; const char *bytes; } cases[] = {
        {false, 2, "\xc0\x00"},                         /* PINGREQ before CONNECT */
        {false, 3, "GET"},
        {true, 15, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01y"},    /* a second CONNECT */
        {true, 4, "\x20\x02\x00\x00"},                  /* CONNACK */
        {true, 2, "\xd0\x00"},                          /* PINGRESP */
        {true, 5, "\x90\x03\x00\x01\x00"},              /* SUBACK */
        {true, 4, "\xb0\x02\x00\x01"},                  /* UNSUBACK */
        {true, 4, "\x60\x02\x00\x01"},                  /* PUBREL with wrong flags */
        {true, 5, "\x30\x03\x00\x01#"},                 /* PUBLISH to a wildcard */
    };
    Rig rig = rig_new(NULL, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        TestPeer *peer = cases[i].is_connected ? connect_clean(&rig, "y") : open_peer(&rig, device(&rig, "y"));
        test_peer_send_bytes(peer, cases[i].bytes, cases[i].size);
        settle(&rig);
        g_assert_true(peer->was_closed);
    }
    g_assert_cmpint(refused(&rig), ==, G_N_ELEMENTS(cases));
    check_sessions(&rig, 1, 0);
    rig_free(&rig);
}

static void test_limits_of_sessions(void)
{
    g_test_summary("The third of two connections is reset; a packet above the limit, or no CONNECT in time, ends one");
    Rig rig = rig_new((const char *const[]){"sessions_max", "packet_max_bytes", "connect_timeout_ns", NULL},
                      (const double[]){2, 100, 5e9});
    TestPeer *silent = open_peer(&rig, device(&rig, "silent"));
    TestPeer *large = connect_clean(&rig, "large");
    TestPeer *third = test_peer_connect(rig.ward, device(&rig, "third"), BROKER_ADDRESS);
    settle(&rig);
    g_assert_true(third->was_closed);
    g_assert_cmpint(third->reason, ==, LZ_CLOSE_RESET);
    test_peer_send_bytes(large, "\x30\x63", 2);
    settle(&rig);
    g_assert_true(large->was_closed);
    test_ward_run(rig.ward, LZ_SECONDS(4));
    g_assert_false(silent->was_closed);
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_true(silent->was_closed);
    g_assert_cmpint(refused(&rig), ==, 3);
    rig_free(&rig);
}

static void test_take_over(void)
{
    g_test_summary("A second connection with the same identifier ends the first");
    Rig rig = rig_new(NULL, NULL);
    TestPeer *first = connect_clean(&rig, "same"), *second = connect_clean(&rig, "same");
    g_assert_true(first->was_closed);
    g_assert_false(second->was_closed);
    publish(&rig, second, "t", "x", 1, 1);
    test_peer_expect(second, LZ_MQTT_PUBACK);
    rig_free(&rig);
}

static void test_keepalive(void)
{
    g_test_summary("1.5 times the keep-alive without a packet ends the connection and publishes the will; PINGREQ prevents it");
    Rig rig = rig_new(NULL, NULL);
    TestPeer *watcher = connect_clean(&rig, "watcher");
    subscribe(&rig, watcher, "gone/#", 0, 0);
    LzMqttPacket connect = test_connect_packet("mortal", true, 10);
    connect.connect.has_will = true;
    connect.connect.will_topic = lz_bytes_of_text("gone/mortal");
    connect.connect.will_message = lz_bytes_of_text("adieu");
    TestPeer *mortal = connect_with(&rig, device(&rig, "mortal"), &connect, false);
    test_ward_run(rig.ward, LZ_SECONDS(14));
    test_peer_send(mortal, &(LzMqttPacket){.type = LZ_MQTT_PINGREQ});
    settle(&rig);
    test_peer_expect(mortal, LZ_MQTT_PINGRESP);
    test_ward_run(rig.ward, LZ_MILLISECONDS(14800));
    g_assert_false(mortal->was_closed);
    g_assert_cmpuint(test_peer_waiting(watcher), ==, 0);
    test_ward_run(rig.ward, LZ_MILLISECONDS(200));
    g_assert_true(mortal->was_closed);
    expect_publish(watcher, "gone/mortal", "adieu", 0);
    rig_free(&rig);
}

static void test_disconnect_discards_will(void)
{
    Rig rig = rig_new(NULL, NULL);
    TestPeer *watcher = connect_clean(&rig, "watcher");
    subscribe(&rig, watcher, "gone/+", 2, 2);
    for (unsigned polite = 0; polite < 2; polite++) {
        LzMqttPacket connect = test_connect_packet("mortal", true, 0);
        connect.connect.has_will = true;
        connect.connect.will_qos = 1;
        connect.connect.will_topic = lz_bytes_of_text("gone/mortal");
        TestPeer *mortal = connect_with(&rig, device(&rig, "mortal"), &connect, false);
        if (polite) {
            test_peer_send(mortal, &(LzMqttPacket){.type = LZ_MQTT_DISCONNECT});
            lz_session_close(mortal->session);
        } else {
            lz_session_abort(mortal->session);
        }
        settle(&rig);
        g_assert_cmpuint(test_peer_waiting(watcher), ==, polite ? 0 : 1);
        if (!polite) {
            expect_publish(watcher, "gone/mortal", "", 1);
        }
    }
    rig_free(&rig);
}

/* ---- messages ---- */

static void test_qos_of_delivery(void)
{
    g_test_summary("Nine combinations: a message is delivered with the lower QoS of publication and subscription");
    Rig rig = rig_new(NULL, NULL);
    TestPeer *publisher = connect_clean(&rig, "publisher");
    for (uint8_t granted = 0; granted < 3; granted++) {
        g_autofree char *name = g_strdup_printf("subscriber-%d", granted);
        TestPeer *subscriber = connect_clean(&rig, name);
        subscribe(&rig, subscriber, "t/+", granted, granted);
        for (uint8_t qos = 0; qos < 3; qos++) {
            publish(&rig, publisher, "t/x", "hello", qos, qos ? 9 : 0);
            if (qos == 1) {
                g_assert_cmpuint(test_peer_expect(publisher, LZ_MQTT_PUBACK).packet_id, ==, 9);
            } else if (qos == 2) {
                g_assert_cmpuint(test_peer_expect(publisher, LZ_MQTT_PUBREC).packet_id, ==, 9);
                acknowledge(&rig, publisher, LZ_MQTT_PUBREL, 9);
                g_assert_cmpuint(test_peer_expect(publisher, LZ_MQTT_PUBCOMP).packet_id, ==, 9);
            }
            const LzMqttPacket packet = expect_publish(subscriber, "t/x", "hello", MIN(qos, granted));
            g_assert_false(packet.publish.is_retained);
            if (packet.publish.qos == 1) {
                acknowledge(&rig, subscriber, LZ_MQTT_PUBACK, packet.packet_id);
            } else if (packet.publish.qos == 2) {
                acknowledge(&rig, subscriber, LZ_MQTT_PUBREC, packet.packet_id);
                g_assert_cmpuint(test_peer_expect(subscriber, LZ_MQTT_PUBREL).packet_id, ==, packet.packet_id);
                acknowledge(&rig, subscriber, LZ_MQTT_PUBCOMP, packet.packet_id);
            }
            g_assert_cmpuint(test_peer_waiting(subscriber), ==, 0);
        }
        lz_session_close(subscriber->session);
        settle(&rig);
    }
    g_assert_cmpint(test_ward_count(rig.ward, LZ_METRIC_SERVICE_MESSAGES), ==, 9);
    rig_free(&rig);
}

static void test_exactly_once(void)
{
    g_test_summary("QoS 2 sent twice under one identifier is delivered once, and again after PUBREL");
    Rig rig = rig_new(NULL, NULL);
    TestPeer *publisher = connect_clean(&rig, "publisher");
    LzMessageId message;
    g_autofree uint8_t *payload = test_ward_payload(rig.ward, 20, &message);
    LzMqttPacket packet = test_publish_packet("t", (LzBytes){payload, 20}, 2, 5);
    for (unsigned i = 0; i < 3; i++) {
        test_peer_send(publisher, &packet);
        packet.publish.is_duplicate = true;
        settle(&rig);
        test_peer_expect(publisher, LZ_MQTT_PUBREC);
    }
    g_assert_cmpuint(test_ward_account(rig.ward).delivered, ==, 1);
    g_assert_cmpuint(test_ward_account(rig.ward).duplicate, ==, 0);
    acknowledge(&rig, publisher, LZ_MQTT_PUBREL, 5);
    test_peer_expect(publisher, LZ_MQTT_PUBCOMP);
    test_peer_send(publisher, &packet);
    settle(&rig);
    g_assert_cmpuint(test_ward_account(rig.ward).duplicate, ==, 1);
    rig_free(&rig);
}

static void test_overlapping_subscriptions(void)
{
    g_test_summary("Overlapping filters bring one copy with the highest QoS; unsubscribed ones bring none");
    Rig rig = rig_new((const char *const[]){"subscriptions_max", NULL}, (const double[]){3});
    TestPeer *peer = connect_clean(&rig, "peer");
    subscribe(&rig, peer, "a/#", 0, 0);
    subscribe(&rig, peer, "a/+", 1, 1);
    subscribe(&rig, peer, "a/b", 0, 0);
    subscribe(&rig, peer, "a/b", 2, 2);
    subscribe(&rig, peer, "other", 0, LZ_MQTT_SUBSCRIPTION_REFUSED);
    publish(&rig, peer, "a/b", "x", 2, 1);
    test_peer_expect(peer, LZ_MQTT_PUBREC);
    expect_publish(peer, "a/b", "x", 2);
    g_assert_cmpuint(test_peer_waiting(peer), ==, 0);
    uint8_t memory[64];
    LzWriter writer = lz_writer(memory, sizeof memory);
    lz_mqtt_entry_write(LZ_MQTT_UNSUBSCRIBE, &writer, lz_bytes_of_text("a/b"), 0);
    lz_mqtt_entry_write(LZ_MQTT_UNSUBSCRIBE, &writer, lz_bytes_of_text("a/+"), 0);
    lz_mqtt_entry_write(LZ_MQTT_UNSUBSCRIBE, &writer, lz_bytes_of_text("never"), 0);
    test_peer_send(peer, &(LzMqttPacket){.type = LZ_MQTT_UNSUBSCRIBE, .packet_id = 3, .entries = {memory, writer.size}});
    settle(&rig);
    g_assert_cmpuint(test_peer_expect(peer, LZ_MQTT_UNSUBACK).packet_id, ==, 3);
    publish(&rig, peer, "a/b", "y", 1, 2);
    test_peer_expect(peer, LZ_MQTT_PUBACK);
    expect_publish(peer, "a/b", "y", 0);
    g_assert_cmpuint(test_peer_waiting(peer), ==, 0);
    rig_free(&rig);
}

static void test_retained(void)
{
    g_test_summary("The last retained message comes with the subscription, marked; an empty one removes it; one above the limit is not kept");
    Rig rig = rig_new((const char *const[]){"retained_max", NULL}, (const double[]){1});
    TestPeer *publisher = connect_clean(&rig, "publisher");
    static const char *const texts[] = {"old", "new"};
    for (unsigned i = 0; i < 2; i++) {
        LzMqttPacket packet = test_publish_packet("state/1", lz_bytes_of_text(texts[i]), 1, 1);
        packet.publish.is_retained = true;
        test_peer_send(publisher, &packet);
        packet.publish.topic = lz_bytes_of_text("state/2");
        test_peer_send(publisher, &packet);
        settle(&rig);
    }
    TestPeer *subscriber = connect_clean(&rig, "subscriber");
    subscribe(&rig, subscriber, "state/+", 0, 0);
    g_assert_true(expect_publish(subscriber, "state/1", "new", 0).publish.is_retained);
    g_assert_cmpuint(test_peer_waiting(subscriber), ==, 0);
    LzMqttPacket packet = test_publish_packet("state/1", lz_bytes_of_text(""), 0, 0);
    packet.publish.is_retained = true;
    test_peer_send(publisher, &packet);
    settle(&rig);
    g_assert_false(expect_publish(subscriber, "state/1", "", 0).publish.is_retained);
    TestPeer *late = connect_clean(&rig, "late");
    subscribe(&rig, late, "#", 2, 2);
    g_assert_cmpuint(test_peer_waiting(late), ==, 0);
    rig_free(&rig);
}

static void test_kept_session(void)
{
    g_test_summary("A client with clean session 0 gets what came while it was away, and again what it did not acknowledge");
    Rig rig = rig_new((const char *const[]){"subscriber_queue_max", "inflight_max", NULL}, (const double[]){3, 2});
    LzHost *host = device(&rig, "keeper");
    const LzMqttPacket connect = test_connect_packet("keeper", false, 0);
    TestPeer *keeper = connect_with(&rig, host, &connect, false);
    TestPeer *publisher = connect_clean(&rig, "publisher");
    subscribe(&rig, keeper, "k", 1, 1);
    publish(&rig, publisher, "k", "1", 1, 1);
    expect_publish(keeper, "k", "1", 1);
    lz_session_abort(keeper->session);
    settle(&rig);
    static const char *const texts[] = {"2", "3", "4", "5"};
    for (unsigned i = 0; i < 4; i++) {
        publish(&rig, publisher, "k", texts[i], 1, (uint16_t)(10 + i));        /* "5" is one too many */
    }
    publish(&rig, publisher, "k", "gone", 0, 0);
    keeper = connect_with(&rig, host, &connect, true);
    const LzMqttPacket first = expect_publish(keeper, "k", "1", 1);
    g_assert_true(first.publish.is_duplicate);
    const LzMqttPacket second = expect_publish(keeper, "k", "2", 1);
    g_assert_false(second.publish.is_duplicate);
    g_assert_cmpuint(test_peer_waiting(keeper), ==, 0);         /* two in flight */
    acknowledge(&rig, keeper, LZ_MQTT_PUBACK, first.packet_id);
    acknowledge(&rig, keeper, LZ_MQTT_PUBACK, second.packet_id);
    expect_publish(keeper, "k", "3", 1);
    expect_publish(keeper, "k", "4", 1);
    g_assert_cmpuint(test_peer_waiting(keeper), ==, 0);
    const LzMqttPacket clean = test_connect_packet("keeper", true, 0);
    connect_with(&rig, host, &clean, false);
    rig_free(&rig);
}

static void test_kept_limit(void)
{
    g_test_summary("Of three clients that are away, two are kept: the one longest away is forgotten");
    Rig rig = rig_new((const char *const[]){"kept_sessions_max", NULL}, (const double[]){2});
    static const char *const names[] = {"a", "b", "c"};
    LzHost *hosts[3];
    for (unsigned i = 0; i < 3; i++) {
        hosts[i] = device(&rig, names[i]);
        const LzMqttPacket connect = test_connect_packet(names[i], false, 0);
        TestPeer *peer = connect_with(&rig, hosts[i], &connect, false);
        subscribe(&rig, peer, "t", 1, 1);
        lz_session_close(peer->session);
        settle(&rig);
    }
    for (unsigned i = 3; i > 0; i--) {
        const LzMqttPacket connect = test_connect_packet(names[i - 1], false, 0);
        connect_with(&rig, hosts[i - 1], &connect, i > 1);
    }
    rig_free(&rig);
}

/* ---- CPU ---- */

static void test_cpu(void)
{
    g_test_summary("Ten messages of 10 ms each are acknowledged one per 10 ms; copies cost time too");
    Rig rig = rig_new((const char *const[]){"publish_cost_ns", "fan_out_cost_ns", "control_cost_ns", NULL},
                      (const double[]){10e6, 3e6, 0});
    TestPeer *publisher = connect_clean(&rig, "publisher");
    for (uint16_t i = 1; i <= 10; i++) {
        const LzMqttPacket packet = test_publish_packet("t", lz_bytes_of_text("x"), 1, i);
        test_peer_send(publisher, &packet);
    }
    test_ward_run(rig.ward, 2 * DELAY_NS);
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpuint(test_peer_waiting(publisher), ==, 0);
        test_ward_run(rig.ward, LZ_MILLISECONDS(10));
        g_assert_cmpuint(test_peer_expect(publisher, LZ_MQTT_PUBACK).packet_id, ==, i + 1);
    }
    TestPeer *subscribers[4];
    for (unsigned i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("s%u", i);
        subscribers[i] = connect_clean(&rig, name);
        subscribe(&rig, subscribers[i], "t", 0, 0);
    }
    const LzMqttPacket packet = test_publish_packet("t", lz_bytes_of_text("x"), 0, 0);
    test_peer_send(publisher, &packet);
    test_ward_run(rig.ward, 2 * DELAY_NS + LZ_MILLISECONDS(10 + 4 * 3) - 1);
    g_assert_cmpuint(test_peer_waiting(subscribers[0]), ==, 0);
    test_ward_run(rig.ward, 1);
    g_assert_cmpuint(test_peer_waiting(subscribers[0]), ==, 1);
    rig_free(&rig);
}

static void test_full(void)
{
    g_test_summary("Above the queue's limit QoS 0 is dropped as service-full, CONNECT answered 3, QoS 1 ends its connection");
    Rig rig = rig_new((const char *const[]){"publish_cost_ns", "queue_max", NULL}, (const double[]){1e9, 5});
    TestPeer *publisher = connect_clean(&rig, "publisher"), *other = connect_clean(&rig, "other");
    TestPeer *newcomer = open_peer(&rig, device(&rig, "newcomer"));
    for (unsigned i = 0; i < 8; i++) {
        LzMessageId message;
        g_autofree uint8_t *payload = test_ward_payload(rig.ward, 30, &message);
        const LzMqttPacket packet = test_publish_packet("t", (LzBytes){payload, 30}, 0, 0);
        test_peer_send(publisher, &packet);
    }
    settle(&rig);
    g_assert_cmpuint(test_ward_account(rig.ward).lost[LZ_LOSS_SERVICE_FULL], ==, 3);
    g_assert_false(publisher->was_closed);
    const LzMqttPacket connect = test_connect_packet("newcomer", true, 0);
    test_peer_send(newcomer, &connect);
    publish(&rig, other, "t", "x", 1, 1);
    g_assert_cmpuint(test_peer_expect(newcomer, LZ_MQTT_CONNACK).connack.code, ==, LZ_MQTT_REFUSED_UNAVAILABLE);
    g_assert_true(other->was_closed);
    lz_session_abort(publisher->session);       /* what arrived before is still worked on */
    test_ward_run(rig.ward, LZ_SECONDS(6));
    g_assert_cmpuint(test_ward_account(rig.ward).delivered, ==, 5);
    g_assert_cmpint(refused(&rig), ==, 2);
    rig_free(&rig);
}

static void test_crash(void)
{
    g_test_summary("Stopped with work in hand: QoS 0 in the queue is lost, state is gone, and it serves again after start");
    Rig rig = rig_new((const char *const[]){"publish_cost_ns", NULL}, (const double[]){1e9});
    const LzServiceOps *ops = rig.broker->model->ops;
    LzHost *host = device(&rig, "keeper");
    const LzMqttPacket connect = test_connect_packet("keeper", false, 60);
    TestPeer *peer = connect_with(&rig, host, &connect, false);
    subscribe(&rig, peer, "t", 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        LzMessageId message;
        g_autofree uint8_t *payload = test_ward_payload(rig.ward, 30, &message);
        LzMqttPacket packet = test_publish_packet("t", (LzBytes){payload, 30}, i < 2 ? 0 : 1, i < 2 ? 0 : 1);
        packet.publish.is_retained = true;
        test_peer_send(peer, &packet);
    }
    test_ward_run(rig.ward, LZ_MILLISECONDS(500));
    lz_host_set_power(rig.broker->host, false);
    ops->stop(rig.broker->state);
    ops->stop(rig.broker->state);
    g_assert_cmpuint(test_ward_account(rig.ward).lost[LZ_LOSS_CONNECTION], ==, 2);
    test_ward_run(rig.ward, LZ_SECONDS(5));
    g_assert_cmpuint(test_ward_account(rig.ward).delivered, ==, 0);
    lz_host_set_power(rig.broker->host, true);
    ops->start(rig.broker->state);
    lz_session_abort(peer->session);
    settle(&rig);
    peer = connect_with(&rig, host, &connect, false);
    subscribe(&rig, peer, "t", 1, 1);
    g_assert_cmpuint(test_peer_waiting(peer), ==, 0);
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt-broker/connect", test_connect);
    g_test_add_func("/mqtt-broker/connect-codes", test_connect_codes);
    g_test_add_func("/mqtt-broker/violations", test_violations);
    g_test_add_func("/mqtt-broker/limits-of-sessions", test_limits_of_sessions);
    g_test_add_func("/mqtt-broker/take-over", test_take_over);
    g_test_add_func("/mqtt-broker/keepalive", test_keepalive);
    g_test_add_func("/mqtt-broker/disconnect-discards-will", test_disconnect_discards_will);
    g_test_add_func("/mqtt-broker/qos-of-delivery", test_qos_of_delivery);
    g_test_add_func("/mqtt-broker/exactly-once", test_exactly_once);
    g_test_add_func("/mqtt-broker/overlapping-subscriptions", test_overlapping_subscriptions);
    g_test_add_func("/mqtt-broker/retained", test_retained);
    g_test_add_func("/mqtt-broker/kept-session", test_kept_session);
    g_test_add_func("/mqtt-broker/kept-limit", test_kept_limit);
    g_test_add_func("/mqtt-broker/cpu", test_cpu);
    g_test_add_func("/mqtt-broker/full", test_full);
    g_test_add_func("/mqtt-broker/crash", test_crash);
    return g_test_run();
}
