/* Hosts joined by one wire of fixed delay, without TLS, and scripted MQTT peers on them: to test a client
 * against a peer that plays the broker, a broker against peers that play devices, and both together. */
#ifndef TESTS_LIB_TEST_WARD_H
#define TESTS_LIB_TEST_WARD_H

#include "lazaret/client.h"
#include "lazaret/model.h"
#include "lazaret/protocol/mqtt.h"
#include "lazaret/service.h"
#include "sim/core/scheduler.h"
#include "sim/host/host.h"
#include "sim/measure/recorder.h"
#include "tests/lib/test_pipe.h"

#define TEST_WARD_PORT 1883

typedef struct TestWard {
    LzEnv env;
    LzProbes *probes;
    LzScope flow, tls, service;
    LzProbeDevice *device;      /* of the probes */
    TestPipe wire;
    GPtrArray *hosts;           /* LzHost *; address = 1 + index */
    GPtrArray *peers;           /* TestPeer * */
    bool is_cut;                /* nothing gets through */
    uint32_t loss_ppb;          /* of packets, at random */
    LzRandom loss;
    bool is_finished;           /* measurement is */
} TestWard;

TestWard *test_ward_new(LzTime delay_ns);
/* Frees the hosts, peers and the recorder; models on them must be cleared before. */
void test_ward_free(TestWard *ward);
LzHost *test_ward_add_host(TestWard *ward, const char *name);
void test_ward_run(TestWard *ward, LzTime duration_ns);
/* Fires events until the condition holds; false when it does not within the limit. */
bool test_ward_run_until(TestWard *ward, bool (*condition)(void *self), void *self, LzTime limit_ns);

/* A message's payload with the mark of a life just opened; freed with g_free. */
uint8_t *test_ward_payload(TestWard *ward, size_t size, LzMessageId *ret_message);
LzFlowAccount test_ward_account(const TestWard *ward);
/* These end the measurement: nothing that happens afterwards is counted. */
LzObservation test_ward_observe(TestWard *ward, LzMetric metric);       /* clear with lz_observation_clear */
int64_t test_ward_count(TestWard *ward, LzMetric metric);               /* of a counter */

/* A scripted end of one connection. */
typedef struct TestPeer {
    TestWard *ward;
    LzHost *host;
    LzSession *session;         /* NULL before it is accepted and after the end */
    bool was_opened, was_closed;
    LzMqttVersion version;      /* of its packets */
    bool is_deaf;               /* what arrives is not MQTT and not looked at */
    unsigned sessions;          /* opened so far */
    LzCloseReason reason;
    LzMqttStream stream;
    GPtrArray *packets;         /* GByteArray *: what arrived, whole packets in order */
    unsigned taken;
} TestPeer;

TestPeer *test_peer_connect(TestWard *ward, LzHost *host, LzAddress server);
/* Plays a server: takes one connection after the other, the last one counts. */
TestPeer *test_peer_listen(TestWard *ward, LzHost *host);
void test_peer_send(TestPeer *peer, const LzMqttPacket *packet);
void test_peer_send_bytes(TestPeer *peer, const void *bytes, size_t size);
/* The next packet that arrived; fails the test unless it is of this type. Borrowed from the peer. */
LzMqttPacket test_peer_expect(TestPeer *peer, LzMqttType type);
unsigned test_peer_waiting(const TestPeer *peer);       /* packets that arrived and were not taken */

/* Frequent packets. */
LzMqttPacket test_connect_packet(const char *client_id, bool clean_session, uint16_t keep_alive_s);
LzMqttPacket test_publish_packet(const char *topic, LzBytes payload, uint8_t qos, uint16_t packet_id);
/* One filter; the entry lives in memory of the caller, at least 64 bytes. */
LzMqttPacket test_subscribe_packet(uint8_t *memory, const char *filter, uint8_t qos, uint16_t packet_id);

/* A service or client model on a host of the ward, with its default configuration (change it before start). */
typedef struct TestModel {
    TestWard *ward;
    const LzModel *model;
    LzHost *host;
    void *config, *state;
    LzClientFlow flows[3];      /* of a client: flow N has QoS N and topic "ward/test/N" */
    unsigned times_ready, times_gone;
} TestModel;

/* config stays the caller's to change until _init. */
TestModel *test_model_new(TestWard *ward, const LzModel *model, LzHost *host);
void test_service_init(TestModel *service);
void test_client_init(TestModel *client, LzAddress server);
void test_client_send(TestModel *client, unsigned flow, size_t size);   /* creates the message's life too */
void test_model_free(TestModel *model);         /* clear() too */

#endif
