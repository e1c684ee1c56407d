/* The codec against a real broker: mosquitto on 127.0.0.1, started for the test on a free port and ended by it.
 * Everything is bounded by PATIENCE_S. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "tests/lib/mqtt_samples.h"

enum { PATIENCE_S = 10 };

typedef struct Mosquitto {
    GSubprocess *process;
    char *config_path;
    guint16 port;
} Mosquitto;

typedef struct Peer {
    GSocket *socket;
    LzMqttVersion version;
    LzMqttStream stream;
    uint8_t buffer[4096];
    LzBytes rest;               /* of the buffer, not yet framed */
} Peer;

static GSocketAddress *loopback(guint16 port)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    return g_inet_socket_address_new(address, port);
}

/* Another program could take it meanwhile; then mosquitto fails to start, and the test with it. */
static guint16 free_port(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
    g_assert_no_error(error);
    g_autoptr(GSocketAddress) any = loopback(0);
    g_socket_bind(socket, any, FALSE, &error);
    g_assert_no_error(error);
    g_autoptr(GSocketAddress) bound = g_socket_get_local_address(socket, &error);
    g_assert_no_error(error);
    return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static GSocket *try_connect(guint16 port)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
    g_assert_no_error(error);
    g_socket_set_timeout(socket, PATIENCE_S);
    g_autoptr(GSocketAddress) address = loopback(port);
    return g_socket_connect(socket, address, NULL, &error) ? g_steal_pointer(&socket) : NULL;
}

static bool is_serving(guint16 port)
{
    const gint64 until_us = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < until_us) {
        g_autoptr(GSocket) socket = try_connect(port);
        if (socket) {
            return true;
        }
        g_usleep(20000);
    }
    return false;
}

/* Also when the test fails. mosquitto stays who it was, because a change of user would undo this. */
static void die_with_parent(void *data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static Mosquitto *mosquitto_new(const char *program)
{
    Mosquitto *mosquitto = g_new0(Mosquitto, 1);
    mosquitto->port = free_port();
    g_autoptr(GError) error = NULL;
    const int file = g_file_open_tmp("lazaret-XXXXXX.conf", &mosquitto->config_path, &error);
    g_assert_no_error(error);
    g_close(file, NULL);
    g_autofree char *config = g_strdup_printf("listener %u 127.0.0.1\nallow_anonymous true\npersistence false\nuser %s\n",
                                              mosquitto->port, g_get_user_name());
    g_file_set_contents(mosquitto->config_path, config, -1, &error);
    g_assert_no_error(error);
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    mosquitto->process = g_subprocess_launcher_spawn(launcher, &error, program, "-c", mosquitto->config_path, NULL);
    g_assert_no_error(error);
    g_assert_true(is_serving(mosquitto->port));
    return mosquitto;
}

static void mosquitto_free(Mosquitto *mosquitto)
{
    g_subprocess_force_exit(mosquitto->process);
    g_subprocess_wait(mosquitto->process, NULL, NULL);
    g_object_unref(mosquitto->process);
    g_unlink(mosquitto->config_path);
    g_free(mosquitto->config_path);
    g_free(mosquitto);
}

static void send_packet(Peer *peer, const LzMqttPacket *packet)
{
    LzMqttPacket given = *packet;
    given.version = peer->version;
    g_autoptr(GByteArray) bytes = lz_test_mqtt_encode(&given);
    g_autoptr(GError) error = NULL;
    for (gsize sent = 0; sent < bytes->len;) {
        const gssize size = g_socket_send(peer->socket, (const char *)bytes->data + sent, bytes->len - sent, NULL, &error);
        g_assert_no_error(error);
        sent += (gsize)size;
    }
}

/* Borrowed until the next call. */
static LzMqttPacket expect_packet(Peer *peer, LzMqttType type)
{
    LzBytes frame;
    LzMqttError framing;
    while ((framing = lz_mqtt_stream_next(&peer->stream, &peer->rest, &frame)) == LZ_MQTT_MORE) {
        g_autoptr(GError) error = NULL;
        const gssize size = g_socket_receive(peer->socket, (char *)peer->buffer, sizeof peer->buffer, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(size, >, 0);
        peer->rest = (LzBytes){peer->buffer, (size_t)size};
    }
    g_assert_cmpstr(lz_mqtt_error_name(framing), ==, "ok");
    LzMqttPacket packet;
    g_assert_cmpstr(lz_mqtt_error_name(lz_mqtt_decode_as(peer->version, frame, &packet)), ==, "ok");
    g_assert_cmpstr(lz_mqtt_type_name(packet.type), ==, lz_mqtt_type_name(type));
    return packet;
}

static Peer *peer_new(const Mosquitto *mosquitto, LzMqttVersion version, const LzMqttConnect *connect)
{
    Peer *peer = g_new0(Peer, 1);
    peer->version = version;
    lz_mqtt_stream_init(&peer->stream, 1 << 20);
    peer->socket = try_connect(mosquitto->port);
    g_assert_nonnull(peer->socket);
    send_packet(peer, &(LzMqttPacket){.type = LZ_MQTT_CONNECT, .connect = *connect});
    const LzMqttPacket answer = expect_packet(peer, LZ_MQTT_CONNACK);
    g_assert_cmpuint(answer.connack.code, ==, LZ_MQTT_ACCEPTED);
    return peer;
}

static void peer_free(Peer *peer)
{
    g_socket_close(peer->socket, NULL);
    g_object_unref(peer->socket);
    lz_mqtt_stream_clear(&peer->stream);
    g_free(peer);
}

static void acknowledge(Peer *peer, LzMqttType type, uint16_t packet_id)
{
    send_packet(peer, &(LzMqttPacket){.type = type, .packet_id = packet_id});
}

static void publish(Peer *peer, const LzMqttPacket *packet)
{
    send_packet(peer, packet);
    if (packet->publish.qos == 1) {
        g_assert_cmpuint(expect_packet(peer, LZ_MQTT_PUBACK).packet_id, ==, packet->packet_id);
    } else if (packet->publish.qos == 2) {
        g_assert_cmpuint(expect_packet(peer, LZ_MQTT_PUBREC).packet_id, ==, packet->packet_id);
        acknowledge(peer, LZ_MQTT_PUBREL, packet->packet_id);
        g_assert_cmpuint(expect_packet(peer, LZ_MQTT_PUBCOMP).packet_id, ==, packet->packet_id);
    }
}

static void receive(Peer *peer, LzBytes topic, LzBytes payload, uint8_t qos)
{
    const LzMqttPacket packet = expect_packet(peer, LZ_MQTT_PUBLISH);
    g_assert_cmpmem(packet.publish.topic.data, packet.publish.topic.size, topic.data, topic.size);
    g_assert_cmpmem(packet.publish.payload.data, packet.publish.payload.size, payload.data, payload.size);
    g_assert_cmpuint(packet.publish.qos, ==, qos);
    const uint16_t packet_id = packet.packet_id;
    if (qos == 1) {
        acknowledge(peer, LZ_MQTT_PUBACK, packet_id);
    } else if (qos == 2) {
        acknowledge(peer, LZ_MQTT_PUBREC, packet_id);
        g_assert_cmpuint(expect_packet(peer, LZ_MQTT_PUBREL).packet_id, ==, packet_id);
        acknowledge(peer, LZ_MQTT_PUBCOMP, packet_id);
    }
}

static void subscribe(Peer *peer, LzMqttType type, const char *first, const char *second)
{
    uint8_t memory[100];
    LzWriter writer = lz_writer(memory, sizeof memory);
    lz_mqtt_entry_write(type, &writer, lz_bytes_of_text(first), 2);
    lz_mqtt_entry_write(type, &writer, lz_bytes_of_text(second), 1);
    send_packet(peer, &(LzMqttPacket){.type = type, .packet_id = 9, .entries = {memory, writer.size}});
}

/* Each QoS with payloads up to 20 kB, so that packets are split in every way that TCP likes. */
static void exchange(Peer *publisher, Peer *subscriber)
{
    static uint8_t payload[20000];
    static const size_t sizes[] = {0, 12, 127, 128, 5000, sizeof payload};
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7);
    }
    const LzBytes topic = lz_bytes_of_text("ward/a/alarm");
    for (unsigned i = 0; i < 3 * G_N_ELEMENTS(sizes); i++) {
        const uint8_t qos = i % 3;
        const LzBytes bytes = {payload, sizes[i / 3]};
        const LzMqttPacket packet = {
            .type = LZ_MQTT_PUBLISH, .packet_id = (uint16_t)(qos ? 100 + i : 0), .publish = {.topic = topic, .payload = bytes, .qos = qos}};
        publish(publisher, &packet);
        receive(subscriber, topic, bytes, qos);
    }
}

/* What only 5.0 has: properties go through to the subscriber, and an unknown filter is called so. */
static void exchange_properties(Peer *publisher, Peer *subscriber)
{
    uint8_t memory[100], filter[100];
    LzWriter writer = lz_writer(memory, sizeof memory), entries = lz_writer(filter, sizeof filter);
    lz_mqtt_property_write_number(&writer, LZ_MQTT_PAYLOAD_FORMAT, 1);
    lz_mqtt_property_write_bytes(&writer, LZ_MQTT_CONTENT_TYPE, lz_bytes_of_text("text/plain"));
    lz_mqtt_property_write_bytes(&writer, LZ_MQTT_CORRELATION, lz_bytes_of_text("\x01\x02"));
    const LzMqttPacket packet = {.type = LZ_MQTT_PUBLISH, .packet_id = 3, .properties = {memory, writer.size},
                                 .publish = {.topic = lz_bytes_of_text("ward/b/alarm"), .payload = lz_bytes_of_text("hot"), .qos = 1}};
    publish(publisher, &packet);
    const LzMqttPacket received = expect_packet(subscriber, LZ_MQTT_PUBLISH);
    LzBytes value;
    g_assert_true(lz_mqtt_property_bytes(received.properties, LZ_MQTT_CONTENT_TYPE, &value));
    g_assert_true(lz_bytes_equal(value, lz_bytes_of_text("text/plain")));
    g_assert_true(lz_mqtt_property_bytes(received.properties, LZ_MQTT_CORRELATION, &value));
    g_assert_cmpuint(value.size, ==, 2);
    acknowledge(subscriber, LZ_MQTT_PUBACK, received.packet_id);
    lz_mqtt_entry_write(LZ_MQTT_UNSUBSCRIBE, &entries, lz_bytes_of_text("never/asked"), 0);
    send_packet(subscriber, &(LzMqttPacket){.type = LZ_MQTT_UNSUBSCRIBE, .packet_id = 8, .entries = {filter, entries.size}});
    const LzMqttPacket answer = expect_packet(subscriber, LZ_MQTT_UNSUBACK);
    g_assert_cmpmem(answer.entries.data, answer.entries.size, "\x11", 1);
}

static void test_round_trips(const void *data)
{
    const LzMqttVersion version = *(const LzMqttVersion *)data;
    g_test_summary("CONNECT with a will, SUBSCRIBE, PUBLISH of QoS 0, 1 and 2, PINGREQ, UNSUBSCRIBE, DISCONNECT");
    g_autofree char *found = g_find_program_in_path("mosquitto");
    const char *program = found ? found : "/usr/sbin/mosquitto";
    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_test_skip("mosquitto is not installed");
        return;
    }
    Mosquitto *mosquitto = mosquitto_new(program);
    const LzMqttConnect mortal = {.client_id = lz_bytes_of_text("mortal"), .clean_session = true, .keep_alive_s = 60,
                                  .has_will = true, .will_qos = 1, .will_topic = lz_bytes_of_text("gone/mortal"),
                                  .will_message = lz_bytes_of_text("adieu")};
    const LzMqttConnect central = {.client_id = lz_bytes_of_text("central"), .clean_session = true, .keep_alive_s = 60};
    Peer *publisher = peer_new(mosquitto, version, &mortal), *subscriber = peer_new(mosquitto, version, &central);
    subscribe(subscriber, LZ_MQTT_SUBSCRIBE, "ward/+/alarm", "gone/#");
    const LzMqttPacket granted = expect_packet(subscriber, LZ_MQTT_SUBACK);
    g_assert_cmpuint(granted.packet_id, ==, 9);
    g_assert_cmpmem(granted.entries.data, granted.entries.size, "\x02\x01", 2);
    exchange(publisher, subscriber);
    if (version == LZ_MQTT_5) {
        exchange_properties(publisher, subscriber);
    }
    send_packet(subscriber, &(LzMqttPacket){.type = LZ_MQTT_PINGREQ});
    expect_packet(subscriber, LZ_MQTT_PINGRESP);
    peer_free(publisher);               /* without DISCONNECT */
    receive(subscriber, lz_bytes_of_text("gone/mortal"), lz_bytes_of_text("adieu"), 1);
    subscribe(subscriber, LZ_MQTT_UNSUBSCRIBE, "ward/+/alarm", "gone/#");
    g_assert_cmpuint(expect_packet(subscriber, LZ_MQTT_UNSUBACK).packet_id, ==, 9);
    send_packet(subscriber, &(LzMqttPacket){.type = LZ_MQTT_DISCONNECT});
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_socket_receive(subscriber->socket, (char *)subscriber->buffer, 1, NULL, &error), ==, 0);
    g_assert_no_error(error);
    peer_free(subscriber);
    mosquitto_free(mosquitto);
}

int main(int argc, char **argv)
{
    static const LzMqttVersion old = LZ_MQTT_3_1_1, five = LZ_MQTT_5;
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/mosquitto/round-trips", &old, test_round_trips);
    g_test_add_data_func("/mosquitto/round-trips-5", &five, test_round_trips);
    return g_test_run();
}
