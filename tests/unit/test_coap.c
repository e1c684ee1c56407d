/* CoAP: the examples of RFC 7252 appendix A byte by byte, what is no message, and a client and a server of ours. */
#include <string.h>

#include "lazaret/protocol/coap.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(10)

/* ---- codec ---- */

static void test_examples(void)
{
    /* Figure 16: CON GET, Uri-Path temperature; ACK 2.05 with "22.3 C". */
    static const uint8_t get[] = "\x40\x01\x7d\x34\xbbtemperature", content[] = "\x60\x45\x7d\x34\xff" "22.3 C";
    uint8_t bytes[64];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    LzCoapMessage message = {.type = LZ_COAP_CON, .code = LZ_COAP_GET, .id = 0x7d34};
    g_assert_true(lz_coap_add_path(&message, "temperature"));
    g_assert_true(lz_coap_encode(&writer, &message));
    g_assert_cmpmem(bytes, writer.size, get, sizeof get - 1);
    g_assert_true(lz_coap_decode((LzBytes){content, sizeof content - 1}, &message));
    g_assert_cmpint((int)message.type, ==, LZ_COAP_ACK);
    g_assert_cmpuint(message.code, ==, LZ_COAP_CODE(2, 5));
    g_assert_cmpuint(message.id, ==, 0x7d34);
    g_assert_cmpmem(message.payload.data, message.payload.size, "22.3 C", 6);
}

static void test_no_messages(void)
{
    static const struct { const char *bytes; size_t size; } wrong[] = {
        {"", 0}, {"\x40\x01\x00", 3},           /* too short */
        {"\x80\x01\x00\x00", 4},                /* version 2 */
        {"\x49\x01\x00\x00" "123456789", 13},   /* token of 9 bytes */
        {"\x41\x01\x00\x00", 4},                /* token missing */
        {"\x40\x01\x00\x00\xff", 5},            /* nothing behind the marker */
        {"\x40\x01\x00\x00\xf0", 5}, {"\x40\x01\x00\x00\x1f", 5},       /* reserved nibbles */
        {"\x40\x01\x00\x00\xb5" "abc", 8},      /* option cut short */
        {"\x40\x00\x00\x00\xff" "x", 6},        /* empty, with a payload */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        LzCoapMessage message;
        g_assert_false(lz_coap_decode((LzBytes){(const uint8_t *)wrong[i].bytes, wrong[i].size}, &message));
    }
}

static void test_long_options(void)
{
    static const size_t sizes[] = {0, 12, 13, 255, 268, 269, 600};
    uint8_t value[600] = {0}, bytes[4096];
    LzCoapMessage message = {.type = LZ_COAP_NON, .code = LZ_COAP_POST}, again;
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        message.options[message.option_count++] = (LzCoapOption){(uint16_t)(i * i * 60 + i), {value, sizes[i]}};
    }
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    g_assert_true(lz_coap_encode(&writer, &message));
    g_assert_true(lz_coap_decode((LzBytes){bytes, writer.size}, &again));
    g_assert_cmpuint(again.option_count, ==, message.option_count);
    for (unsigned i = 0; i < again.option_count; i++) {
        g_assert_cmpuint(again.options[i].number, ==, message.options[i].number);
        g_assert_cmpuint(again.options[i].value.size, ==, sizes[i]);
    }
}

/* ---- a client and a server ---- */

typedef struct Rig {
    TestWard *ward;
    TestModel *server, *client;
} Rig;

static Rig rig_new(const char *server_field, double server_value)
{
    Rig rig = {.ward = test_ward_new(DELAY_NS)};
    const LzModel *server = lz_registry_find(LZ_MODEL_SERVICE, "coap-server"), *client = lz_registry_find(LZ_MODEL_CLIENT, "coap");
    rig.server = test_model_new(rig.ward, server, test_ward_add_host(rig.ward, "server"));
    if (server_field) {
        lz_test_config_set(server, rig.server->config, server_field, server_value);
    }
    test_service_init(rig.server);
    ((const LzServiceOps *)server->ops)->start(rig.server->state);
    rig.client = test_model_new(rig.ward, client, test_ward_add_host(rig.ward, "device[1]"));
    test_client_init(rig.client, 1);
    ((const LzClientOps *)client->ops)->start(rig.client->state);
    return rig;
}

static void rig_free(Rig *rig)
{
    for (unsigned i = 0; i < 2; i++) {
        TestModel *model = i == 0 ? rig->server : rig->client;
        lz_host_set_power(model->host, false);
    }
    ((const LzServiceOps *)rig->server->model->ops)->stop(rig->server->state);
    ((const LzClientOps *)rig->client->model->ops)->stop(rig->client->state);
    test_model_free(rig->server);
    test_model_free(rig->client);
    test_ward_free(rig->ward);
}

static unsigned datagrams_from(const Rig *rig, LzAddress source)
{
    unsigned count = 0;
    for (guint i = 0; i < rig->ward->wire.seen->len; i++) {
        const TestSeen *seen = &g_array_index(rig->ward->wire.seen, TestSeen, i);
        count += seen->header.protocol == LZ_IP_UDP && seen->header.source == source;
    }
    return count;
}

static void test_delivers(void)
{
    Rig rig = rig_new(NULL, 0);
    for (unsigned i = 0; i < 10; i++) {
        test_client_send(rig.client, i % 2, 64);
        test_ward_run(rig.ward, LZ_SECONDS(1));
    }
    g_assert_cmpuint(datagrams_from(&rig, 2), ==, 10);
    g_assert_cmpuint(datagrams_from(&rig, 1), ==, 10);
    LzFlowAccount account = test_ward_account(rig.ward);
    g_assert_cmpuint(account.delivered, ==, 10);
    rig_free(&rig);
}

/* RFC 7252 4.2, 4.8.2: five transmissions, given up 62 to 93 s after the first. */
static void test_gives_up(void)
{
    Rig rig = rig_new(NULL, 0);
    rig.ward->is_cut = true;
    test_client_send(rig.client, 1, 64);
    test_ward_run(rig.ward, LZ_SECONDS(61));
    LzFlowAccount account = test_ward_account(rig.ward);
    g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], ==, 0);
    test_ward_run(rig.ward, LZ_SECONDS(33));
    account = test_ward_account(rig.ward);
    g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], ==, 1);
    g_assert_cmpuint(datagrams_from(&rig, 2), ==, 5);
    rig_free(&rig);
}

/* With 30 % loss each way, what is acknowledged was delivered once. */
static void test_loss(void)
{
    Rig rig = rig_new(NULL, 0);
    rig.ward->loss_ppb = 300000000;
    for (unsigned i = 0; i < 40; i++) {
        test_client_send(rig.client, 1, 64);
        test_ward_run(rig.ward, LZ_SECONDS(100));
    }
    LzFlowAccount account = test_ward_account(rig.ward);
    g_assert_cmpuint(account.delivered, >=, 38);
    g_assert_cmpuint(datagrams_from(&rig, 2), >, 50);
    g_assert_cmpint(test_ward_count(rig.ward, LZ_METRIC_FLOW_DUPLICATE), ==, 0);
    rig_free(&rig);
}

/* One request may wait: those that come at the same time hear 5.03. */
static void test_full(void)
{
    Rig rig = rig_new("queue_max", 1);
    for (unsigned i = 0; i < 5; i++) {
        test_client_send(rig.client, 0, 64);
    }
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_cmpuint(datagrams_from(&rig, 1), ==, 5);
    LzFlowAccount account = test_ward_account(rig.ward);
    g_assert_cmpuint(account.delivered, ==, 1);
    g_assert_cmpint(test_ward_count(rig.ward, LZ_METRIC_SERVICE_REFUSED), ==, 4);
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/coap/examples", test_examples);
    g_test_add_func("/coap/no-messages", test_no_messages);
    g_test_add_func("/coap/long-options", test_long_options);
    g_test_add_func("/coap/delivers", test_delivers);
    g_test_add_func("/coap/gives-up", test_gives_up);
    g_test_add_func("/coap/loss", test_loss);
    g_test_add_func("/coap/full", test_full);
    return g_test_run();
}
