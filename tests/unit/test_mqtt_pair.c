/* Client and broker together over a bad wire: what MQTT promises for each QoS holds through loss, dead
 * connections and reconnection; and the two pure pieces of state that the promises rest on. */
#include "lazaret/protocol/mqtt_window.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_ward.h"

#define MESSAGES 600

typedef struct Rig {
    TestWard *ward;
    TestModel *broker, *client;
} Rig;

static Rig rig_new(bool clean_session)
{
    Rig rig = {.ward = test_ward_new(LZ_MILLISECONDS(5))};
    rig.broker = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_SERVICE, "mqtt-broker"), test_ward_add_host(rig.ward, "broker"));
    test_service_init(rig.broker);
    ((const LzServiceOps *)rig.broker->model->ops)->start(rig.broker->state);
    rig.client = test_model_new(rig.ward, lz_registry_find(LZ_MODEL_CLIENT, "mqtt"), test_ward_add_host(rig.ward, "device[1]"));
    lz_test_config_set(rig.client->model, rig.client->config, "clean_session", clean_session);
    lz_test_config_set(rig.client->model, rig.client->config, "keepalive_ns", 5e9);
    lz_test_config_set(rig.client->model, rig.client->config, "backoff_max_ns", 4e9);
    lz_test_config_set(rig.client->model, rig.client->config, "queue_max", MESSAGES);
    test_client_init(rig.client, 1);
    ((const LzClientOps *)rig.client->model->ops)->start(rig.client->state);
    return rig;
}

static void rig_free(Rig *rig)
{
    test_model_free(rig->client);
    test_model_free(rig->broker);
    test_ward_free(rig->ward);
}

/* The wire dies before a message has left, or between the message and its acknowledgement. */
static void die(Rig *rig, bool after_message, unsigned qos)
{
    rig->ward->is_cut = !after_message;
    test_client_send(rig->client, qos, 64);
    test_ward_run(rig->ward, LZ_MILLISECONDS(2));
    rig->ward->is_cut = true;
    test_ward_run(rig->ward, LZ_SECONDS(15));
    rig->ward->is_cut = false;
}

/* A message each 200 ms; 3 % of packets lost; ten times the wire is dead for 15 s. */
static LzFlowAccount run_badly(Rig *rig, unsigned qos)
{
    rig->ward->loss_ppb = 30000000;
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (i % 60 == 30) {
            die(rig, i % 120 == 30, qos);
        } else {
            test_client_send(rig->client, qos, 64);
            test_ward_run(rig->ward, LZ_MILLISECONDS(200));
        }
    }
    rig->ward->loss_ppb = 0;
    test_ward_run(rig->ward, LZ_SECONDS(120));
    g_assert_cmpuint(rig->client->times_ready, >, 5);
    return test_ward_account(rig->ward);
}

static void test_qos_0(void)
{
    g_test_summary("At most once: each message is delivered once, or lost with its connection");
    Rig rig = rig_new(false);
    const LzFlowAccount account = run_badly(&rig, 0);
    g_assert_cmpuint(account.created, ==, MESSAGES);
    g_assert_cmpuint(account.duplicate, ==, 0);
    g_assert_cmpuint(account.in_flight, ==, 0);
    g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], >, 0);
    g_assert_cmpuint(account.delivered + account.lost[LZ_LOSS_CONNECTION], ==, MESSAGES);
    rig_free(&rig);
}

static void test_qos_1(const void *data)
{
    g_test_summary("At least once: every message arrives, some twice, whether or not the broker keeps the session");
    Rig rig = rig_new(data != NULL);
    const LzFlowAccount account = run_badly(&rig, 1);
    g_assert_cmpuint(account.delivered, ==, MESSAGES);
    g_assert_cmpuint(account.duplicate, >, 0);
    rig_free(&rig);
}

static void test_qos_2(void)
{
    g_test_summary("Exactly once, with a session that the broker keeps");
    Rig rig = rig_new(false);
    const LzFlowAccount account = run_badly(&rig, 2);
    g_assert_cmpuint(account.delivered, ==, MESSAGES);
    g_assert_cmpuint(account.duplicate, ==, 0);
    rig_free(&rig);
}

static void test_window(void)
{
    g_test_summary("Identifiers in use are not given again, 0 never; acknowledgements of the wrong kind change nothing");
    LzMqttWindow window = {.last_id = 65533};
    int items[3];
    void *item = NULL;
    g_assert_cmpuint(lz_mqtt_window_add(&window, 1, &items[0]), ==, 65534);
    g_assert_cmpuint(lz_mqtt_window_add(&window, 2, &items[1]), ==, 65535);
    g_assert_cmpuint(lz_mqtt_window_add(&window, 1, &items[2]), ==, 1);
    window.last_id = 65533;
    g_assert_cmpuint(lz_mqtt_window_take_id(&window), ==, 2);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBCOMP, 65535, &item), ==, LZ_MQTT_ACK_UNKNOWN);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBACK, 65535, &item), ==, LZ_MQTT_ACK_UNKNOWN);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBREC, 65534, &item), ==, LZ_MQTT_ACK_UNKNOWN);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBACK, 9, &item), ==, LZ_MQTT_ACK_UNKNOWN);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBREC, 65535, &item), ==, LZ_MQTT_ACK_RELEASE);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBREC, 65535, &item), ==, LZ_MQTT_ACK_RELEASE);
    g_assert_null(item);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBCOMP, 65535, &item), ==, LZ_MQTT_ACK_DONE);
    g_assert_true(item == &items[1]);
    g_assert_cmpint((int)lz_mqtt_window_acknowledge(&window, LZ_MQTT_PUBACK, 1, &item), ==, LZ_MQTT_ACK_DONE);
    g_assert_true(item == &items[2]);
    g_assert_cmpuint(lz_mqtt_window_count(&window), ==, 1);
    lz_mqtt_window_clear(&window);
    g_assert_cmpuint(lz_mqtt_window_count(&window), ==, 0);
}

static void test_ids(void)
{
    LzMqttIds ids = {0};
    g_assert_true(lz_mqtt_ids_add(&ids, 7));
    g_assert_true(lz_mqtt_ids_add(&ids, 8));
    g_assert_false(lz_mqtt_ids_add(&ids, 7));
    lz_mqtt_ids_remove(&ids, 7);
    lz_mqtt_ids_remove(&ids, 99);
    g_assert_cmpuint(lz_mqtt_ids_count(&ids), ==, 1);
    g_assert_true(lz_mqtt_ids_add(&ids, 7));
    lz_mqtt_ids_clear(&ids);
    g_assert_cmpuint(lz_mqtt_ids_count(&ids), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt-pair/qos-0", test_qos_0);
    g_test_add_data_func("/mqtt-pair/qos-1/kept-session", NULL, test_qos_1);
    g_test_add_data_func("/mqtt-pair/qos-1/clean-session", "clean", test_qos_1);
    g_test_add_func("/mqtt-pair/qos-2", test_qos_2);
    g_test_add_func("/mqtt-pair/window", test_window);
    g_test_add_func("/mqtt-pair/ids", test_ids);
    return g_test_run();
}
