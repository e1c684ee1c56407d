/* tshark reads what our endpoints write: it decrypts every record with the key log, and names the alert of a refusal. */
#include <glib/gstdio.h>
#include <string.h>

#include "sim/output/pcapng.h"
#include "tests/lib/tls_pipe.h"

enum { SERVER_PORT = 8883, CLIENT_PORT = 50000, ETHERNET_SIZE = 14, IP_SIZE = 20, TCP_SIZE = 20 };

static const LzTime start_ns = LZ_TEST_START_S * LZ_NS_PER_S;

static void put_be(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    }
}

/* One flight as one segment between 10.0.0.1 (client) and 10.0.0.2; checksums left out, tshark does not ask. */
static void write_segment(GByteArray *capture, const LzTlsFlight *flight, const uint32_t next[2], int64_t time_ns)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_byte_array_set_size(frame, ETHERNET_SIZE + IP_SIZE + TCP_SIZE);
    memset(frame->data, 0, frame->len);
    bool from_server = flight->is_from_server;
    uint8_t *ethernet = frame->data, *ip = ethernet + ETHERNET_SIZE, *tcp = ip + IP_SIZE;
    ethernet[5] = from_server ? 1 : 2;
    ethernet[11] = from_server ? 2 : 1;
    put_be(ethernet + 12, 0x0800, 2);
    ip[0] = 0x45;
    put_be(ip + 2, IP_SIZE + TCP_SIZE + flight->records->size, 2);
    ip[8] = 64;
    ip[9] = 6;
    put_be(ip + 12, from_server ? 0x0a000002 : 0x0a000001, 4);
    put_be(ip + 16, from_server ? 0x0a000001 : 0x0a000002, 4);
    put_be(tcp, from_server ? SERVER_PORT : CLIENT_PORT, 2);
    put_be(tcp + 2, from_server ? CLIENT_PORT : SERVER_PORT, 2);
    put_be(tcp + 4, next[from_server], 4);
    put_be(tcp + 8, next[!from_server], 4);
    tcp[12] = 0x50;
    tcp[13] = 0x18;                     /* PSH, ACK */
    put_be(tcp + 14, 65535, 2);
    g_byte_array_append(frame, flight->records->data, flight->records->size);
    lz_pcapng_packet(capture, 0, time_ns, from_server, frame->data, frame->len);
}

static char *write_capture(const LzTlsPipe *pipe)
{
    g_autoptr(GByteArray) capture = g_byte_array_new();
    lz_pcapng_section(capture, NULL, NULL);
    lz_pcapng_interface(capture, "pipe", "");
    lz_pcapng_secrets(capture, pipe->key_log->str, pipe->key_log->len);
    uint32_t next[2] = {1, 1};          /* sequence numbers: client, server */
    for (guint i = 0; i < pipe->flights->len; i++) {
        const LzTlsFlight *flight = g_ptr_array_index(pipe->flights, i);
        write_segment(capture, flight, next, start_ns + i * LZ_NS_PER_MS);
        next[flight->is_from_server] += flight->records->size;
    }
    char *path = NULL;
    GError *error = NULL;
    int file = g_file_open_tmp("lazaret-XXXXXX.pcapng", &path, &error);
    g_assert_no_error(error);
    g_close(file, NULL);
    g_file_set_contents(path, (const char *)capture->data, capture->len, &error);
    g_assert_no_error(error);
    return path;
}

/* Lines "source port, alert, type of MQTT message, malformed" of every frame with TLS. */
static char *dissect(const char *path)
{
    const char *const command[] = {"tshark", "-n", "-r", path, "-d", "tcp.port==8883,tls", "-Y", "tls", "-T", "fields",
                                   "-e", "tcp.srcport", "-e", "tls.alert_message.desc", "-e", "mqtt.msgtype",
                                   "-e", "_ws.malformed", NULL};
    char *output = NULL;
    GError *error = NULL;
    int status = 0;
    g_spawn_sync(NULL, (char **)(uintptr_t)command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                 &output, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return output;
}

static char *see(const LzTlsPipe *pipe)
{
    g_autofree char *path = write_capture(pipe);
    char *seen = dissect(path);
    g_test_message("%s", seen);
    g_unlink(path);
    return seen;
}

static bool skip_without_tshark(void)
{
    g_autofree char *program = g_find_program_in_path("tshark");
    if (!program) {
        g_test_skip("tshark is not installed");
    }
    return !program;
}

static void test_decrypts(gconstpointer data)
{
    if (skip_without_tshark()) {
        return;
    }
    LzTlsLab lab = lz_test_tls_lab(GPOINTER_TO_INT(data), LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    lz_test_tls_write(pipe, &pipe->client, "\xc0\0", 2);         /* PINGREQ: port 8883 is MQTT's */
    lz_test_tls_write(pipe, &pipe->server, "\xd0\0", 2);         /* PINGRESP */
    g_autofree char *seen = see(pipe);
    g_assert_nonnull(strstr(seen, "50000\t\t12\t\n"));
    g_assert_nonnull(strstr(seen, "8883\t\t13\t\n"));
    g_assert_null(strstr(seen, "alformed"));
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

typedef struct Refusal {
    LzTlsVersion version;
    bool server_refuses;
} Refusal;

/* An expired certificate: the alert, 45, is on the wire from the side that refuses, and readable. */
static void test_shows_expiry(gconstpointer data)
{
    if (skip_without_tshark()) {
        return;
    }
    const Refusal *refusal = data;
    LzTlsLab lab = lz_test_tls_lab(refusal->version, LZ_KEY_ECDSA_P256);
    LzCertificateRequest *expired = refusal->server_refuses ? &lab.client_request : &lab.server_request;
    expired->not_after_unix_s = LZ_TEST_START_S - 1;
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, start_ns);
    lz_test_tls_pump(pipe);
    g_autofree char *seen = see(pipe);
    g_assert_nonnull(strstr(seen, refusal->server_refuses ? "8883\t45" : "50000\t45"));
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static const Refusal refusals[] = {{LZ_TLS_1_2, false}, {LZ_TLS_1_2, true}, {LZ_TLS_1_3, false}, {LZ_TLS_1_3, true}};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/tls/wireshark/decrypts/1.2", GINT_TO_POINTER(LZ_TLS_1_2), test_decrypts);
    g_test_add_data_func("/tls/wireshark/decrypts/1.3", GINT_TO_POINTER(LZ_TLS_1_3), test_decrypts);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strdup_printf("/tls/wireshark/shows-expiry/%s/%s",
                                                refusals[i].version == LZ_TLS_1_2 ? "1.2" : "1.3",
                                                refusals[i].server_refuses ? "of-client" : "of-server");
        g_test_add_data_func(path, &refusals[i], test_shows_expiry);
    }
    return g_test_run();
}
