#include "tests/lib/test_ward.h"

#include "sim/net/packet.h"
#include "tests/lib/mqtt_samples.h"
#include "tests/lib/test_config.h"

static const LzCpu cpu = {.aead_bps = 1000000000, .ccm_bps = 1000000000, .chacha_bps = 1000000000, .hash_bps = 1000000000};  /* not charged */

/* ---- hosts and wire ---- */

static void dispatch(void *receiver, LzPacket *packet)
{
    TestWard *ward = receiver;
    g_assert_cmpuint(packet->destination, >=, 1);
    g_assert_cmpuint(packet->destination, <=, ward->hosts->len);
    lz_element_receive(lz_host_input(ward->hosts->pdata[packet->destination - 1]), packet);
}

static TestFate decide(void *self, const LzPacket *packet, unsigned index)
{
    TestWard *ward = self;
    (void)packet;
    (void)index;
    return (TestFate){.is_lost = lz_random_chance_ppb(&ward->loss, ward->loss_ppb) || ward->is_cut};
}

static void peer_free(void *data);

TestWard *test_ward_new(LzTime delay_ns)
{
    static const LzWindow always = {"always", 0, LZ_TIME_NEVER};
    TestWard *ward = g_new0(TestWard, 1);
    ward->env = (LzEnv){.scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new(), .seed = 5};
    ward->probes = lz_recorder_new(&(LzRecorderOptions){
        .scheduler = ward->env.scheduler, .windows = &always, .window_count = 1});
    ward->env.probes = ward->probes;
    lz_random_init(&ward->loss, ward->env.seed, lz_entity_id("wire"), LZ_PURPOSE_LOSS);
    ward->flow = lz_probe_scope(ward->probes, LZ_SCOPE_FLOW, "flow", "fleet");
    ward->tls = lz_probe_scope(ward->probes, LZ_SCOPE_TLS, "", "fleet");
    ward->service = lz_probe_scope(ward->probes, LZ_SCOPE_SERVICE, "broker", NULL);
    ward->device = lz_probe_device(ward->probes, "device[1]", false, NULL);
    test_pipe_init(&ward->wire, &ward->env, delay_ns, dispatch, ward);
    ward->wire.decide = decide;
    ward->wire.self = ward;
    ward->hosts = g_ptr_array_new_with_free_func((GDestroyNotify)lz_host_free);
    ward->peers = g_ptr_array_new_with_free_func(peer_free);
    return ward;
}

void test_ward_free(TestWard *ward)
{
    g_ptr_array_unref(ward->hosts);
    g_ptr_array_unref(ward->peers);
    test_pipe_clear(&ward->wire);
    lz_recorder_free(ward->probes);
    lz_packet_pool_free(ward->env.packets);
    lz_scheduler_free(ward->env.scheduler);
    g_free(ward);
}

LzHost *test_ward_add_host(TestWard *ward, const char *name)
{
    LzEnv env = ward->env;
    env.entity = lz_entity_id(name);
    const LzHostOptions options = {
        .name = name,
        .address = ward->hosts->len + 1,
        .cpu = &cpu,
        .cores = 1,
        .tcp = &lz_tcp_options_default,
    };
    LzHost *host = lz_host_new(&env, &options, &ward->wire.input);
    g_ptr_array_add(ward->hosts, host);
    return host;
}

void test_ward_run(TestWard *ward, LzTime duration_ns)
{
    const LzTime until_ns = lz_now(ward->env.scheduler) + duration_ns;
    while (lz_scheduler_step(ward->env.scheduler, until_ns)) {
    }
}

bool test_ward_run_until(TestWard *ward, bool (*condition)(void *self), void *self, LzTime limit_ns)
{
    const LzTime until_ns = lz_now(ward->env.scheduler) + limit_ns;
    bool holds = condition(self);
    while (!holds && lz_scheduler_step(ward->env.scheduler, until_ns)) {
        holds = condition(self);
    }
    return holds;
}

uint8_t *test_ward_payload(TestWard *ward, size_t size, LzMessageId *ret_message)
{
    uint8_t *payload = g_malloc0(size);
    *ret_message = lz_probe_created(ward->probes, ward->flow, ward->device, (uint32_t)size, LZ_TIME_NEVER);
    lz_message_mark_write(payload, *ret_message);
    return payload;
}

LzFlowAccount test_ward_account(const TestWard *ward)
{
    return lz_recorder_flow_account(ward->probes, ward->flow);
}

LzObservation test_ward_observe(TestWard *ward, LzMetric metric)
{
    if (!ward->is_finished) {
        lz_recorder_finish(ward->probes, lz_now(ward->env.scheduler));
        ward->is_finished = true;
    }
    return lz_recorder_observe(ward->probes, metric, NULL, NULL, 0);
}

int64_t test_ward_count(TestWard *ward, LzMetric metric)
{
    LzObservation observation = test_ward_observe(ward, metric);
    const int64_t count = observation.part;
    lz_observation_clear(&observation);
    return count;
}

/* ---- peers ---- */

static void peer_opened(void *self, LzSession *session)
{
    TestPeer *peer = self;
    peer->session = session;
    peer->was_opened = true;
    peer->sessions++;
    lz_mqtt_stream_clear(&peer->stream);
}

static void peer_received(void *self, LzSession *session, LzBytes bytes)
{
    TestPeer *peer = self;
    (void)session;
    LzBytes frame;
    LzMqttError error = LZ_MQTT_MORE;
    while (!peer->is_deaf && (error = lz_mqtt_stream_next(&peer->stream, &bytes, &frame)) == LZ_MQTT_OK) {
        GByteArray *copy = g_byte_array_new();
        g_byte_array_append(copy, frame.data, (guint)frame.size);
        g_ptr_array_add(peer->packets, copy);
    }
    g_assert_cmpint((int)error, ==, LZ_MQTT_MORE);
}

static void peer_closed(void *self, LzSession *session, LzCloseReason reason)
{
    TestPeer *peer = self;
    if (peer->session == session) {
        peer->session = NULL;
        peer->was_closed = true;
        peer->reason = reason;
    }
}

static const LzSessionEvents peer_events = {.opened = peer_opened, .received = peer_received, .closed = peer_closed};

static TestPeer *peer_new(TestWard *ward, LzHost *host)
{
    TestPeer *peer = g_new0(TestPeer, 1);
    peer->ward = ward;
    peer->host = host;
    peer->packets = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    lz_mqtt_stream_init(&peer->stream, LZ_MQTT_REMAINING_MAX);
    g_ptr_array_add(ward->peers, peer);
    return peer;
}

static void peer_free(void *data)
{
    TestPeer *peer = data;
    g_ptr_array_unref(peer->packets);
    lz_mqtt_stream_clear(&peer->stream);
    g_free(peer);
}

TestPeer *test_peer_connect(TestWard *ward, LzHost *host, LzAddress server)
{
    TestPeer *peer = peer_new(ward, host);
    peer->session = lz_host_connect(host, &(LzConnect){.address = server, .port = TEST_WARD_PORT}, &peer_events, peer);
    return peer;
}

static void *peer_accepted(void *service, LzSession *session)
{
    TestPeer *peer = service;
    peer->session = session;
    return peer;
}

TestPeer *test_peer_listen(TestWard *ward, LzHost *host)
{
    TestPeer *peer = peer_new(ward, host);
    lz_host_listen(host, &(LzListen){.port = TEST_WARD_PORT, .backlog = 10}, &peer_events, peer_accepted, peer);
    return peer;
}

void test_peer_send_bytes(TestPeer *peer, const void *bytes, size_t size)
{
    g_assert_nonnull(peer->session);
    lz_session_send(peer->session, (LzBytes){.data = bytes, .size = size}, 0);
}

void test_peer_send(TestPeer *peer, const LzMqttPacket *packet)
{
    LzMqttPacket given = *packet;
    given.version = peer->version;
    g_autoptr(GByteArray) bytes = lz_test_mqtt_encode(&given);
    test_peer_send_bytes(peer, bytes->data, bytes->len);
}

LzMqttPacket test_peer_expect(TestPeer *peer, LzMqttType type)
{
    g_assert_cmpuint(peer->taken, <, peer->packets->len);
    const GByteArray *bytes = peer->packets->pdata[peer->taken++];
    LzMqttPacket packet;
    g_assert_cmpint((int)lz_mqtt_decode_as(peer->version, (LzBytes){bytes->data, bytes->len}, &packet), ==, LZ_MQTT_OK);
    g_assert_cmpstr(lz_mqtt_type_name(packet.type), ==, lz_mqtt_type_name(type));
    return packet;
}

unsigned test_peer_waiting(const TestPeer *peer)
{
    return peer->packets->len - peer->taken;
}

LzMqttPacket test_connect_packet(const char *client_id, bool clean_session, uint16_t keep_alive_s)
{
    return (LzMqttPacket){.type = LZ_MQTT_CONNECT,
                          .connect = {.client_id = lz_bytes_of_text(client_id),
                                      .clean_session = clean_session,
                                      .keep_alive_s = keep_alive_s}};
}

LzMqttPacket test_publish_packet(const char *topic, LzBytes payload, uint8_t qos, uint16_t packet_id)
{
    return (LzMqttPacket){.type = LZ_MQTT_PUBLISH,
                          .packet_id = packet_id,
                          .publish = {.topic = lz_bytes_of_text(topic), .payload = payload, .qos = qos}};
}

LzMqttPacket test_subscribe_packet(uint8_t *memory, const char *filter, uint8_t qos, uint16_t packet_id)
{
    LzWriter writer = lz_writer(memory, 64);
    lz_mqtt_entry_write(LZ_MQTT_SUBSCRIBE, &writer, lz_bytes_of_text(filter), qos);
    g_assert_false(writer.failed);
    return (LzMqttPacket){.type = LZ_MQTT_SUBSCRIBE, .packet_id = packet_id, .entries = {memory, writer.size}};
}

/* ---- models ---- */

TestModel *test_model_new(TestWard *ward, const LzModel *model, LzHost *host)
{
    TestModel *self = g_new0(TestModel, 1);
    *self = (TestModel){.ward = ward,
                        .model = model,
                        .host = host,
                        .config = lz_test_config_new(model),
                        .state = g_malloc0(model->state_size)};
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"q0", "q1", "q2"}, *const topics[] = {"ward/test/0", "ward/test/1", "ward/test/2"};
        self->flows[i] = (LzClientFlow){.name = names[i], .destination = topics[i], .qos = i};
    }
    return self;
}

static LzEnv model_env(const TestModel *model)
{
    LzEnv env = *lz_host_env(model->host);
    g_autofree char *name = g_strdup_printf("%s/model", lz_host_name(model->host));
    env.entity = lz_entity_id(name);
    return env;
}

void test_service_init(TestModel *service)
{
    const LzServiceContext context = {
        .host = service->host,
        .listen = {.port = TEST_WARD_PORT, .backlog = 100},
        .scope = service->ward->service,
    };
    const LzEnv env = model_env(service);
    ((const LzServiceOps *)service->model->ops)->init(service->state, service->config, &context, &env);
}

static void client_ready(void *device, bool is_ready)
{
    TestModel *client = device;
    client->times_ready += is_ready;
    client->times_gone += !is_ready;
}

void test_client_init(TestModel *client, LzAddress server)
{
    const LzClientContext context = {
        .host = client->host,
        .connect = {.address = server, .port = TEST_WARD_PORT},
        .flows = client->flows,
        .flow_count = G_N_ELEMENTS(client->flows),
        .tls_scope = client->ward->tls,
        .ready = client_ready,
        .device = client,
    };
    const LzEnv env = model_env(client);
    ((const LzClientOps *)client->model->ops)->init(client->state, client->config, &context, &env);
}

void test_client_send(TestModel *client, unsigned flow, size_t size)
{
    LzMessageId message;
    g_autofree uint8_t *payload = test_ward_payload(client->ward, size, &message);
    ((const LzClientOps *)client->model->ops)->send(client->state, flow, (LzBytes){payload, size}, message);
}

void test_model_free(TestModel *model)
{
    if (model->model->kind == LZ_MODEL_CLIENT) {
        ((const LzClientOps *)model->model->ops)->clear(model->state);
    } else {
        ((const LzServiceOps *)model->model->ops)->clear(model->state);
    }
    g_free(model->config);
    g_free(model->state);
    g_free(model);
}
