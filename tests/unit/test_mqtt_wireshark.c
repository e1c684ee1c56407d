/* tshark's view of our MQTT bytes: every packet type, with every combination of its flags, field by field. */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/lib/mqtt_samples.h"

enum { IP_SIZE = 20, TCP_SIZE = 20, LINKTYPE_RAW = 101 };

/* ---- the packets ---- */

typedef struct Samples {
    GPtrArray *frames;          /* GByteArray *: encoded */
    GString *expected;          /* a line per frame, as tshark should print it */
} Samples;

static void append_hex(GString *line, LzBytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        g_string_append_printf(line, "%02x", bytes.data[i]);
    }
}

static void append_text(GString *line, LzBytes bytes)
{
    g_string_append_len(line, (const char *)bytes.data, (gssize)bytes.size);
}

/* The fields of `fields` below, in their order, separated by tabs; several values by commas. */
static void append_connect(GString *line, const LzMqttPacket *packet)
{
    const LzMqttConnect *connect = &packet->connect;
    const bool is_connect = packet->type == LZ_MQTT_CONNECT;
    if (is_connect) {
        append_text(line, connect->client_id);
        g_string_append_printf(line, "\t%u\t0x%02x\t", connect->keep_alive_s,
                               (connect->has_user_name ? 0x80u : 0) | (connect->has_password ? 0x40u : 0) |
                                   (connect->will_retain ? 0x20u : 0) | (unsigned)connect->will_qos << 3 |
                                   (connect->has_will ? 4u : 0) | (connect->clean_session ? 2u : 0));
        append_text(line, connect->will_topic);
        g_string_append_c(line, '\t');
        append_hex(line, connect->will_message);
        g_string_append_c(line, '\t');
        append_text(line, connect->user_name);
        g_string_append_c(line, '\t');
        append_text(line, connect->password);
    } else {
        g_string_append(line, "\t\t\t\t\t\t");
    }
    if (packet->type == LZ_MQTT_CONNACK) {
        g_string_append_printf(line, "\t0x%02x\t%u", packet->connack.is_session_present, packet->connack.code);
    } else {
        g_string_append(line, "\t\t");
    }
}

static void append_entries(GString *line, const LzMqttPacket *packet)
{
    g_autoptr(GString) topics = g_string_new(NULL), levels = g_string_new(NULL), codes = g_string_new(NULL);
    if (packet->type == LZ_MQTT_PUBLISH) {
        append_text(topics, packet->publish.topic);
    } else if (packet->type == LZ_MQTT_SUBACK) {
        for (size_t i = 0; i < packet->entries.size; i++) {
            g_string_append_printf(codes, "%s%u", i > 0 ? "," : "", packet->entries.data[i]);
        }
    } else if (packet->type == LZ_MQTT_SUBSCRIBE || packet->type == LZ_MQTT_UNSUBSCRIBE) {
        LzBytes entries = packet->entries, filter;
        uint8_t qos;
        while (lz_mqtt_entry_next(packet->type, &entries, &filter, &qos)) {
            g_string_append(topics, topics->len > 0 ? "," : "");
            append_text(topics, filter);
            if (packet->type == LZ_MQTT_SUBSCRIBE) {
                g_string_append_printf(levels, "%s%u", levels->len > 0 ? "," : "", qos);
            }
        }
    }
    g_string_append_printf(line, "\t%s\t%s\t%s\t", topics->str, levels->str, codes->str);
}

static void add(Samples *samples, const LzMqttPacket *packet)
{
    GByteArray *frame = lz_test_mqtt_encode(packet);
    g_ptr_array_add(samples->frames, frame);
    GString *line = samples->expected;
    unsigned header = 2;
    while (frame->data[header - 1] & 0x80) {
        header++;
    }
    g_string_append_printf(line, "%d\t0x%02x\t%u\t", (int)packet->type, frame->data[0], frame->len - header);
    if (packet->packet_id) {
        g_string_append_printf(line, "%u", packet->packet_id);
    }
    g_string_append_c(line, '\t');
    append_connect(line, packet);
    append_entries(line, packet);
    if (packet->type == LZ_MQTT_PUBLISH) {
        append_hex(line, packet->publish.payload);
    }
    g_string_append(line, "\t\n");      /* nothing malformed */
}

static const char *const fields[] = {
    "mqtt.msgtype", "mqtt.hdrflags", "mqtt.len", "mqtt.msgid", "mqtt.clientid", "mqtt.kalive", "mqtt.conflags",
    "mqtt.willtopic", "mqtt.willmsg", "mqtt.username", "mqtt.passwd", "mqtt.conack.flags", "mqtt.conack.val",
    "mqtt.topic", "mqtt.sub.qos", "mqtt.suback.qos", "mqtt.msg", "_ws.malformed",
};

static void add_connects(Samples *samples)
{
    for (unsigned mask = 0; mask < 32; mask++) {
        for (unsigned will_qos = 0; will_qos < (mask & 2 ? 3 : 1); will_qos++) {
            LzMqttConnect connect = {
                .client_id = lz_bytes_of_text("pump[7]"),
                .keep_alive_s = (uint16_t)(60 + mask),
                .clean_session = mask & 1,
                .has_will = mask & 2,
                .will_qos = (uint8_t)will_qos,
                .will_retain = (mask & 2) && (mask & 4),
                .has_user_name = mask & 8,
                .has_password = (mask & 8) && (mask & 16),
            };
            if (connect.has_will) {
                connect.will_topic = lz_bytes_of_text("gone/pump/7");
                connect.will_message = lz_bytes_of_text("adieu");
            }
            connect.user_name = lz_bytes_of_text(connect.has_user_name ? "user" : "");
            connect.password = lz_bytes_of_text(connect.has_password ? "secret" : "");
            add(samples, &(LzMqttPacket){.type = LZ_MQTT_CONNECT, .connect = connect});
        }
    }
}

static void add_publishes(Samples *samples)
{
    static uint8_t payload[20000];
    static const size_t sizes[] = {1, 12, 100, 128, 300, 16400};
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < 3 * 2 * 2 * G_N_ELEMENTS(sizes); i++) {
        const uint8_t qos = i % 3;
        const LzMqttPublish publish = {
            .topic = lz_bytes_of_text("ward/a/monitor/1/wave"),
            .payload = {payload, sizes[i / 12]},
            .qos = qos,
            .is_duplicate = qos > 0 && i / 3 % 2,
            .is_retained = i / 6 % 2,
        };
        add(samples, &(LzMqttPacket){.type = LZ_MQTT_PUBLISH, .packet_id = (uint16_t)(qos ? i + 1000 : 0), .publish = publish});
    }
}

static void add_lists(Samples *samples)
{
    static const char *const filters[] = {"ward/+/alarm", "#", "/", "ward/b/pump/7/status"};
    static const uint8_t codes[] = {0, 1, 2, LZ_MQTT_SUBSCRIPTION_REFUSED};
    for (unsigned count = 1; count <= 4; count++) {
        for (LzMqttType type = LZ_MQTT_SUBSCRIBE; type <= LZ_MQTT_UNSUBSCRIBE; type += LZ_MQTT_UNSUBSCRIBE - LZ_MQTT_SUBSCRIBE) {
            uint8_t memory[200];
            LzWriter writer = lz_writer(memory, sizeof memory);
            for (unsigned i = 0; i < count; i++) {
                lz_mqtt_entry_write(type, &writer, lz_bytes_of_text(filters[i]), i % 3);
            }
            add(samples, &(LzMqttPacket){.type = type, .packet_id = 77, .entries = {memory, writer.size}});
        }
        add(samples, &(LzMqttPacket){.type = LZ_MQTT_SUBACK, .packet_id = 65535, .entries = {codes, count}});
    }
}

static Samples samples_new(void)
{
    Samples samples = {g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref), g_string_new(NULL)};
    add_connects(&samples);
    for (unsigned code = 0; code < LZ_MQTT_CONNECT_CODE_COUNT; code++) {
        add(&samples, &(LzMqttPacket){.type = LZ_MQTT_CONNACK, .connack = {code == 0, (uint8_t)code}});
    }
    add(&samples, &(LzMqttPacket){.type = LZ_MQTT_CONNACK});
    add_publishes(&samples);
    add_lists(&samples);
    static const LzMqttType acknowledgements[] = {LZ_MQTT_PUBACK, LZ_MQTT_PUBREC, LZ_MQTT_PUBREL, LZ_MQTT_PUBCOMP, LZ_MQTT_UNSUBACK};
    for (unsigned i = 0; i < G_N_ELEMENTS(acknowledgements); i++) {
        add(&samples, &(LzMqttPacket){.type = acknowledgements[i], .packet_id = (uint16_t)(300 + i)});
    }
    static const LzMqttType bare[] = {LZ_MQTT_PINGREQ, LZ_MQTT_PINGRESP, LZ_MQTT_DISCONNECT};
    for (unsigned i = 0; i < G_N_ELEMENTS(bare); i++) {
        add(&samples, &(LzMqttPacket){.type = bare[i]});
    }
    return samples;
}

static void samples_clear(Samples *samples)
{
    g_ptr_array_unref(samples->frames);
    g_string_free(samples->expected, TRUE);
}

/* ---- the capture: classic pcap, one IPv4 packet per MQTT packet, one TCP stream ---- */

static void put(GByteArray *array, uint64_t value, unsigned width)
{
    uint8_t bytes[8];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_write_uint(&writer, value, width);
    g_byte_array_append(array, bytes, width);
}

static void put_segment(GByteArray *capture, const GByteArray *frame, uint32_t sequence, uint32_t second)
{
    const uint32_t size = IP_SIZE + TCP_SIZE + frame->len;
    put(capture, second, 4);
    put(capture, 0, 4);
    put(capture, size, 4);
    put(capture, size, 4);
    put(capture, 0x45000000u | size, 4);
    put(capture, 0, 4);
    put(capture, 0x40060000u, 4);               /* TTL 64, TCP; checksums left out, tshark does not ask */
    put(capture, 0x0a000001u, 4);
    put(capture, 0x0a000002u, 4);
    put(capture, 50000u << 16 | 1883u, 4);
    put(capture, sequence, 4);
    put(capture, 1, 4);
    put(capture, 0x5018ffffu, 4);               /* header of 20 bytes; PSH, ACK; window */
    put(capture, 0, 4);
    g_byte_array_append(capture, frame->data, frame->len);
}

static char *write_capture(const Samples *samples)
{
    g_autoptr(GByteArray) capture = g_byte_array_new();
    put(capture, 0xa1b2c3d4u, 4);
    put(capture, 0x00020004u, 4);
    put(capture, 0, 8);
    put(capture, 65535, 4);
    put(capture, LINKTYPE_RAW, 4);
    uint32_t sequence = 1;
    for (guint i = 0; i < samples->frames->len; i++) {
        const GByteArray *frame = samples->frames->pdata[i];
        put_segment(capture, frame, sequence, i);
        sequence += frame->len;
    }
    char *path = NULL;
    g_autoptr(GError) error = NULL;
    const int file = g_file_open_tmp("lazaret-XXXXXX.pcap", &path, &error);
    g_assert_no_error(error);
    g_close(file, NULL);
    g_file_set_contents(path, (const char *)capture->data, (gssize)capture->len, &error);
    g_assert_no_error(error);
    return path;
}

static char *dissect(const char *path)
{
    g_autoptr(GPtrArray) command = g_ptr_array_new();
    static const char *const begin[] = {"tshark", "-n", "-r", NULL, "-T", "fields", "-E", "aggregator=,"};
    for (unsigned i = 0; i < G_N_ELEMENTS(begin); i++) {
        g_ptr_array_add(command, (void *)(uintptr_t)(begin[i] ? begin[i] : path));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_ptr_array_add(command, (void *)(uintptr_t)"-e");
        g_ptr_array_add(command, (void *)(uintptr_t)fields[i]);
    }
    g_ptr_array_add(command, NULL);
    char *output = NULL;
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_spawn_sync(NULL, (char **)command->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output,
                 NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return output;
}

static void test_fields(void)
{
    g_test_summary("tshark prints of every packet the fields that were encoded, and calls nothing malformed");
    g_autofree char *program = g_find_program_in_path("tshark");
    if (!program) {
        g_test_skip("tshark is not installed");
        return;
    }
    Samples samples = samples_new();
    g_autofree char *path = write_capture(&samples), *output = dissect(path);
    g_unlink(path);
    g_auto(GStrv) seen = g_strsplit(output, "\n", -1), expected = g_strsplit(samples.expected->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(expected), ==, samples.frames->len + 1);
    for (guint i = 0; i < samples.frames->len; i++) {
        g_assert_cmpstr(seen[i], ==, expected[i]);
    }
    g_assert_cmpuint(g_strv_length(seen), ==, g_strv_length(expected));
    samples_clear(&samples);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mqtt-wireshark/fields", test_fields);
    return g_test_run();
}
