/* The client against a scripted broker: what it sends and when, what it keeps, what it loses and why. */
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(1)
#define SETTLE_NS LZ_MILLISECONDS(50)

typedef struct Rig {
    TestWard *ward;
    TestPeer *broker;           /* NULL: nobody listens */
    TestModel *client;
    const LzClientOps *ops;
} Rig;

/* Retries come after exactly 1 s, 2 s, ... unless the fields say otherwise: no jitter. */
static Rig rig_new(bool is_served, const char *const fields[], const double values[])
{
    Rig rig = {.ward = test_ward_new(DELAY_NS)};
    LzHost *server = test_ward_add_host(rig.ward, "broker");
    rig.broker = is_served ? test_peer_listen(rig.ward, server) : NULL;
    LzHost *host = test_ward_add_host(rig.ward, "pump[7]");
    rig.client = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_CLIENT, "mqtt"), host);
    rig.ops = rig.client->model->ops;
    lz_test_config_set(rig.client->model, rig.client->config, "jitter_ppb", 0);
    for (unsigned i = 0; fields && fields[i]; i++) {
        lz_test_config_set(rig.client->model, rig.client->config, fields[i], values[i]);
    }
    test_client_init(rig.client, 1);
    rig.ops->start(rig.client->state);
    return rig;
}

static void rig_free(Rig *rig)
{
    test_model_free(rig->client);
    test_ward_free(rig->ward);
}

static void settle(Rig *rig)
{
    test_ward_run(rig->ward, SETTLE_NS);
}

static void answer_connect(Rig *rig, LzMqttConnectCode code, bool is_present)
{
    test_peer_expect(rig->broker, LZ_MQTT_CONNECT);
    test_peer_send(rig->broker, &(LzMqttPacket){.type = LZ_MQTT_CONNACK, .connack = {is_present, (uint8_t)code}});
    settle(rig);
}

static Rig rig_connected(const char *const fields[], const double values[])
{
    Rig rig = rig_new(true, fields, values);
    settle(&rig);
    answer_connect(&rig, LZ_MQTT_ACCEPTED, false);
    g_assert_cmpuint(rig.client->times_ready, ==, 1);
    return rig;
}

static void reply(Rig *rig, LzMqttType type, uint16_t packet_id)
{
    test_peer_send(rig->broker, &(LzMqttPacket){.type = type, .packet_id = packet_id});
    settle(rig);
}

static void send_one(Rig *rig, unsigned flow)
{
    test_client_send(rig->client, flow, 100);
    settle(rig);
}

static void check_lost(const Rig *rig, LzLossCause cause, uint64_t expected)
{
    const LzFlowAccount account = test_ward_account(rig->ward);
    for (unsigned i = 0; i < LZ_LOSS_CAUSE_COUNT; i++) {
        g_assert_cmpuint(account.lost[i], ==, i == cause ? expected : 0);
    }
}

static void test_connect(void)
{
    g_test_summary("CONNECT carries the device's name and keep-alive; SYN to CONNACK takes two round trips without TLS");
    Rig rig = rig_new(true, (const char *const[]){"keepalive_ns", "clean_session", NULL}, (const double[]){29.5e9, 1});
    test_ward_run(rig.ward, 3 * DELAY_NS);
    const LzMqttPacket packet = test_peer_expect(rig.broker, LZ_MQTT_CONNECT);
    g_assert_true(lz_bytes_equal(packet.connect.client_id, lz_bytes_of_text("pump[7]")));
    g_assert_cmpuint(packet.connect.keep_alive_s, ==, 30);
    g_assert_true(packet.connect.clean_session);
    test_peer_send(rig.broker, &(LzMqttPacket){.type = LZ_MQTT_CONNACK});
    test_ward_run(rig.ward, DELAY_NS - 1);
    g_assert_cmpuint(rig.client->times_ready, ==, 0);
    test_ward_run(rig.ward, 1);
    g_assert_cmpuint(rig.client->times_ready, ==, 1);
    LzObservation observation = test_ward_observe(rig.ward, LZ_METRIC_TLS_CONNECT_TIME);
    g_assert_cmpuint(observation.samples, ==, 1);
    g_assert_cmpint(observation.mean, ==, 4 * DELAY_NS);
    lz_observation_clear(&observation);
    rig_free(&rig);
}

static void test_publish(void)
{
    g_test_summary("Each flow with its own QoS and handshake; the payload arrives as it was given");
    Rig rig = rig_connected(NULL, NULL);
    send_one(&rig, 0);
    LzMqttPacket packet = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(packet.publish.qos, ==, 0);
    g_assert_true(lz_bytes_equal(packet.publish.topic, lz_bytes_of_text("ward/test/0")));
    g_assert_cmpuint(packet.publish.payload.size, ==, 100);
    g_assert_cmpuint(lz_message_mark_read(packet.publish.payload), !=, 0);
    send_one(&rig, 1);
    packet = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(packet.publish.qos, ==, 1);
    reply(&rig, LZ_MQTT_PUBACK, packet.packet_id);
    send_one(&rig, 2);
    packet = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(packet.publish.qos, ==, 2);
    reply(&rig, LZ_MQTT_PUBREC, packet.packet_id);
    g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBREL).packet_id, ==, packet.packet_id);
    reply(&rig, LZ_MQTT_PUBCOMP, packet.packet_id);
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    check_lost(&rig, LZ_LOSS_CONNECTION, 0);
    rig_free(&rig);
}

static void test_inflight_limit(void)
{
    g_test_summary("Two in flight: the third goes when the first is acknowledged");
    Rig rig = rig_connected((const char *const[]){"inflight_max", NULL}, (const double[]){2});
    for (unsigned i = 0; i < 3; i++) {
        send_one(&rig, 1);
    }
    const LzMqttPacket first = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    reply(&rig, LZ_MQTT_PUBACK, first.packet_id);
    test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    rig_free(&rig);
}

static void test_offline_queue(void)
{
    g_test_summary("Four places: the fifth pushes out the oldest of QoS 0, and one of QoS 0 finds none among QoS 1");
    Rig rig = rig_new(true, (const char *const[]){"queue_max", NULL}, (const double[]){4});
    static const unsigned flows[] = {1, 0, 1, 0, 1, 1, 0, 2};   /* kept: 1 1 1 2 less the oldest 1 */
    for (unsigned i = 0; i < G_N_ELEMENTS(flows); i++) {
        test_client_send(rig.client, flows[i], 20 + i);
    }
    check_lost(&rig, LZ_LOSS_CLIENT_QUEUE_FULL, 4);
    settle(&rig);
    answer_connect(&rig, LZ_MQTT_ACCEPTED, false);
    static const size_t sizes[] = {22, 24, 25, 27};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBLISH).publish.payload.size, ==, sizes[i]);
    }
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    rig_free(&rig);
}

/* Two messages of QoS 1 and 2 in flight, the latter released, then the connection ends and the next begins. */
static void interrupt(Rig *rig, bool is_present, uint16_t ret_ids[2])
{
    send_one(rig, 1);
    ret_ids[0] = test_peer_expect(rig->broker, LZ_MQTT_PUBLISH).packet_id;
    send_one(rig, 2);
    ret_ids[1] = test_peer_expect(rig->broker, LZ_MQTT_PUBLISH).packet_id;
    reply(rig, LZ_MQTT_PUBREC, ret_ids[1]);
    test_peer_expect(rig->broker, LZ_MQTT_PUBREL);
    lz_session_abort(rig->broker->session);
    settle(rig);
    g_assert_cmpuint(rig->client->times_gone, ==, 1);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    answer_connect(rig, LZ_MQTT_ACCEPTED, is_present);
    g_assert_cmpuint(rig->client->times_ready, ==, 2);
}

static void test_resume(void)
{
    g_test_summary("Session kept: PUBLISH again with DUP and PUBREL again, under their identifiers");
    Rig rig = rig_connected(NULL, NULL);
    uint16_t ids[2];
    interrupt(&rig, true, ids);
    const LzMqttPacket packet = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(packet.packet_id, ==, ids[0]);
    g_assert_true(packet.publish.is_duplicate);
    g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBREL).packet_id, ==, ids[1]);
    reply(&rig, LZ_MQTT_PUBACK, ids[0]);
    reply(&rig, LZ_MQTT_PUBCOMP, ids[1]);
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    check_lost(&rig, LZ_LOSS_CONNECTION, 0);
    rig_free(&rig);
}

static void test_begin_again(void)
{
    g_test_summary("Session gone: the unacknowledged message begins again, the released one was the broker's already");
    Rig rig = rig_connected(NULL, NULL);
    uint16_t ids[2];
    interrupt(&rig, false, ids);
    const LzMqttPacket packet = test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    g_assert_cmpuint(packet.publish.qos, ==, 1);
    g_assert_false(packet.publish.is_duplicate);
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    rig_free(&rig);
}

static void test_loss_in_flight(void)
{
    g_test_summary("QoS 0 that TCP had not delivered when the connection ended is lost; what it had is not");
    Rig rig = rig_connected(NULL, NULL);
    send_one(&rig, 0);
    rig.ward->is_cut = true;
    send_one(&rig, 0);
    send_one(&rig, 0);
    send_one(&rig, 1);
    rig.ward->is_cut = false;
    lz_session_abort(rig.broker->session);
    settle(&rig);
    check_lost(&rig, LZ_LOSS_CONNECTION, 2);
    rig_free(&rig);
}

static void test_send_buffer(void)
{
    g_test_summary("A stalled connection takes no more than its buffer: the rest waits in the queue, and leaves it when the link is back");
    Rig rig = rig_connected((const char *const[]){"send_buffer_bytes", "queue_max", NULL}, (const double[]){1000, 5});
    rig.ward->is_cut = true;
    for (unsigned i = 0; i < 20; i++) {
        send_one(&rig, 0);          /* about 115 B each: nine fill the buffer, five wait, six are lost */
    }
    check_lost(&rig, LZ_LOSS_CLIENT_QUEUE_FULL, 6);
    rig.ward->is_cut = false;
    test_ward_run(rig.ward, LZ_SECONDS(5));
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 14);
    rig_free(&rig);
}

static void test_keepalive(void)
{
    g_test_summary("PINGREQ after ten seconds without a packet either way; no answer in ten more ends the connection");
    Rig rig = rig_connected((const char *const[]){"keepalive_ns", NULL}, (const double[]){10e9});
    for (unsigned i = 0; i < 24; i++) {         /* sending alone does not prove that anybody listens */
        test_ward_run(rig.ward, LZ_MILLISECONDS(450));
        send_one(&rig, 0);
        test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
        if (test_peer_waiting(rig.broker) > 0) {
            break;
        }
    }
    test_peer_expect(rig.broker, LZ_MQTT_PINGREQ);
    g_assert_cmpint(lz_now(rig.ward->env.scheduler), >=, LZ_SECONDS(10));
    test_peer_send(rig.broker, &(LzMqttPacket){.type = LZ_MQTT_PINGRESP});
    test_ward_run(rig.ward, LZ_MILLISECONDS(10400));
    test_peer_expect(rig.broker, LZ_MQTT_PINGREQ);
    test_ward_run(rig.ward, LZ_MILLISECONDS(9500));
    g_assert_cmpuint(rig.client->times_gone, ==, 0);
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_cmpuint(rig.client->times_gone, ==, 1);
    g_assert_true(rig.broker->was_closed);
    test_ward_run(rig.ward, LZ_SECONDS(2));
    test_peer_expect(rig.broker, LZ_MQTT_CONNECT);
    rig_free(&rig);
}

/* Times of the SYNs that the device sent. */
static GArray *syn_times(const Rig *rig)
{
    GArray *times_ns = g_array_new(FALSE, FALSE, sizeof(LzTime));
    for (guint i = 0; i < rig->ward->wire.seen->len; i++) {
        const TestSeen *seen = &g_array_index(rig->ward->wire.seen, TestSeen, i);
        if (seen->header.tcp_flags == LZ_TCP_SYN) {
            g_array_append_val(times_ns, seen->at_ns);
        }
    }
    return times_ns;
}

static void test_backoff(void)
{
    g_test_summary("Refused at once each time: 1, 2, 4, 8, then 10 s apart");
    Rig rig = rig_new(false, (const char *const[]){"backoff_max_ns", NULL}, (const double[]){10e9});
    test_ward_run(rig.ward, LZ_SECONDS(40));
    g_autoptr(GArray) times_ns = syn_times(&rig);
    static const int gaps_s[] = {1, 2, 4, 8, 10, 10};
    g_assert_cmpuint(times_ns->len, >, G_N_ELEMENTS(gaps_s));
    for (unsigned i = 0; i < G_N_ELEMENTS(gaps_s); i++) {
        const LzTime gap_ns = g_array_index(times_ns, LzTime, i + 1) - g_array_index(times_ns, LzTime, i);
        g_assert_cmpint(gap_ns, ==, LZ_SECONDS(gaps_s[i]) + 2 * DELAY_NS);
    }
    rig_free(&rig);
}

static void test_full_jitter(void)
{
    g_test_summary("Full jitter at a constant limit of 2 s: uniform, so 1 s in the mean (4 sigma), and never above 2 s");
    Rig rig = rig_new(false, (const char *const[]){"backoff_ns", "backoff_max_ns", "jitter_ppb", NULL},
                      (const double[]){2e9, 2e9, 1e9});
    test_ward_run(rig.ward, LZ_SECONDS(2000));
    g_autoptr(GArray) times_ns = syn_times(&rig);
    const unsigned gaps = times_ns->len - 1;
    g_assert_cmpuint(gaps, >, 1500);
    LzTime sum_ns = 0;
    for (unsigned i = 0; i < gaps; i++) {
        const LzTime gap_ns = g_array_index(times_ns, LzTime, i + 1) - g_array_index(times_ns, LzTime, i) - 2 * DELAY_NS;
        g_assert_cmpint(gap_ns, <=, LZ_SECONDS(2));
        sum_ns += gap_ns;
    }
    g_assert_cmpint(ABS(sum_ns / gaps - LZ_SECONDS(1)), <, LZ_MILLISECONDS(60));       /* 2 / sqrt(12 n) x 4 */
    rig_free(&rig);
}

static void test_bad_brokers(void)
{
    g_test_summary("A refusal, silence, a second CONNACK, a packet that only clients send, nonsense: leave, and come back later");
    static const struct { LzMqttConnectCode code; bool is_answered; size_t size; const char *bytes; LzTime patience_ns; } cases[] = {
        {LZ_MQTT_REFUSED_UNAVAILABLE, true, 0, NULL, 0},
        {LZ_MQTT_ACCEPTED, false, 0, NULL, LZ_SECONDS(10)},
        {LZ_MQTT_ACCEPTED, true, 4, "\x20\x02\x00\x00", 0},
        {LZ_MQTT_ACCEPTED, true, 2, "\xc0\x00", 0},
        {LZ_MQTT_ACCEPTED, true, 3, "\x36\x01\x00", 0},
        {LZ_MQTT_ACCEPTED, false, 2, "\xd0\x00", 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig rig = rig_new(true, NULL, NULL);
        settle(&rig);
        if (cases[i].is_answered) {
            answer_connect(&rig, cases[i].code, false);
        } else {
            test_peer_expect(rig.broker, LZ_MQTT_CONNECT);
        }
        if (cases[i].size > 0) {
            test_peer_send_bytes(rig.broker, cases[i].bytes, cases[i].size);
        }
        test_ward_run(rig.ward, cases[i].patience_ns + SETTLE_NS);
        g_assert_true(rig.broker->was_closed);
        g_assert_cmpuint(rig.client->times_gone, ==, rig.client->times_ready);
        test_ward_run(rig.ward, LZ_SECONDS(2));
        test_peer_expect(rig.broker, LZ_MQTT_CONNECT);
        rig_free(&rig);
    }
}

static void test_power(void)
{
    g_test_summary("Power lost: all that waited or was in flight is lost by that, nothing stays scheduled; then it begins afresh");
    Rig rig = rig_connected((const char *const[]){"inflight_max", NULL}, (const double[]){1});
    send_one(&rig, 1);
    send_one(&rig, 1);
    rig.ward->is_cut = true;
    test_client_send(rig.client, 2, 50);
    lz_host_set_power(rig.client->host, false);
    rig.ops->stop(rig.client->state);
    rig.ops->stop(rig.client->state);
    check_lost(&rig, LZ_LOSS_POWER, 3);
    g_assert_cmpuint(rig.client->times_gone, ==, 1);
    rig.ward->is_cut = false;
    lz_session_abort(rig.broker->session);
    test_ward_run(rig.ward, LZ_SECONDS(100));
    g_assert_cmpuint(lz_scheduler_pending(rig.ward->env.scheduler), ==, 0);
    test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    lz_host_set_power(rig.client->host, true);
    rig.ops->start(rig.client->state);
    settle(&rig);
    answer_connect(&rig, LZ_MQTT_ACCEPTED, false);
    g_assert_cmpuint(test_peer_waiting(rig.broker), ==, 0);
    send_one(&rig, 1);
    test_peer_expect(rig.broker, LZ_MQTT_PUBLISH);
    rig_free(&rig);
}

static void test_subscriber(void)
{
    g_test_summary("Subscribes to its filters and acknowledges what comes, QoS 2 once under one identifier");
    TestWard *ward = test_ward_new(DELAY_NS);
    Rig rig = {.ward = ward, .broker = test_peer_listen(ward, test_ward_add_host(ward, "broker"))};
    rig.client = test_model_new(ward, lz_registry_find(LZ_MODEL_CLIENT, "mqtt"), test_ward_add_host(ward, "central"));
    rig.ops = rig.client->model->ops;
    LzText filters[] = {{.text = "ward/+/alarm"}, {.text = "ward/#"}};
    *(LzNameList *)lz_test_config_field(rig.client->model, rig.client->config, "subscribe") = (LzNameList){filters, 2};
    g_assert_null(rig.client->model->check(rig.client->config));
    test_client_init(rig.client, 1);
    rig.ops->start(rig.client->state);
    settle(&rig);
    answer_connect(&rig, LZ_MQTT_ACCEPTED, false);
    const LzMqttPacket packet = test_peer_expect(rig.broker, LZ_MQTT_SUBSCRIBE);
    LzBytes entries = packet.entries, filter;
    uint8_t qos;
    for (unsigned i = 0; i < 2; i++) {
        g_assert_true(lz_mqtt_entry_next(LZ_MQTT_SUBSCRIBE, &entries, &filter, &qos));
        g_assert_true(lz_bytes_equal(filter, lz_bytes_of_text(filters[i].text)));
        g_assert_cmpuint(qos, ==, 1);
    }
    const uint8_t codes[] = {1, LZ_MQTT_SUBSCRIPTION_REFUSED};
    test_peer_send(rig.broker, &(LzMqttPacket){.type = LZ_MQTT_SUBACK, .packet_id = packet.packet_id, .entries = {codes, 2}});
    for (uint8_t level = 0; level < 3; level++) {
        const LzMqttPacket message = test_publish_packet("ward/a/alarm", lz_bytes_of_text("!"), level, level ? 40 + level : 0);
        test_peer_send(rig.broker, &message);
    }
    settle(&rig);
    g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBACK).packet_id, ==, 41);
    g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBREC).packet_id, ==, 42);
    reply(&rig, LZ_MQTT_PUBREL, 42);
    g_assert_cmpuint(test_peer_expect(rig.broker, LZ_MQTT_PUBCOMP).packet_id, ==, 42);
    rig_free(&rig);
}

static void test_check(void)
{
    const LzModel *model = lz_registry_find(LZ_MODEL_CLIENT, "mqtt");
    g_autofree void *config = lz_test_config_new(model);
    LzText filters[] = {{.text = "ward/#/alarm"}};
    *(LzNameList *)lz_test_config_field(model, config, "subscribe") = (LzNameList){filters, 1};
    g_autofree char *problem = model->check(config);
    g_assert_nonnull(strstr(problem, "ward/#/alarm"));
    filters[0].text = "ward/#";
    g_assert_null(model->check(config));
    lz_test_config_set(model, config, "backoff_max_ns", 1e6);
    g_autofree char *other = model->check(config);
    g_assert_nonnull(strstr(other, "backoff"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt-client/connect", test_connect);
    g_test_add_func("/mqtt-client/publish", test_publish);
    g_test_add_func("/mqtt-client/inflight-limit", test_inflight_limit);
    g_test_add_func("/mqtt-client/offline-queue", test_offline_queue);
    g_test_add_func("/mqtt-client/resume", test_resume);
    g_test_add_func("/mqtt-client/begin-again", test_begin_again);
    g_test_add_func("/mqtt-client/loss-in-flight", test_loss_in_flight);
    g_test_add_func("/mqtt-client/send-buffer", test_send_buffer);
    g_test_add_func("/mqtt-client/keepalive", test_keepalive);
    g_test_add_func("/mqtt-client/backoff", test_backoff);
    g_test_add_func("/mqtt-client/full-jitter", test_full_jitter);
    g_test_add_func("/mqtt-client/bad-brokers", test_bad_brokers);
    g_test_add_func("/mqtt-client/power", test_power);
    g_test_add_func("/mqtt-client/subscriber", test_subscriber);
    g_test_add_func("/mqtt-client/check", test_check);
    return g_test_run();
}
