/* DTLS 1.2 endpoints against OpenSSL's, over UDP on 127.0.0.1; each program is started for the test and ended by it. Everything
 * is bounded by PATIENCE_S. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "tests/lib/dtls_pipe.h"

enum { PATIENCE_S = 20, POLL_US = 20000, PSK_BYTES = 32 };

static const LzTime wall_ns = LZ_TEST_START_S * LZ_NS_PER_S;

typedef struct Ours {                   /* an endpoint on a socket */
    const LzTlsLab *lab;
    GSocket *socket;
    GSocketAddress *peer;               /* NULL: nobody has come yet */
    LzTlsEndpoint *endpoint;            /* of a server NULL until a cookie has come back */
    unsigned answered_hellos;
    gint64 timer_us;                    /* 0: off */
    GString *heard;
    bool was_opened, has_failed;
} Ours;

static GSocketAddress *loopback(guint16 port)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    return g_inet_socket_address_new(address, port);
}

static GSocket *open_socket(guint16 *ret_port)
{
    g_autoptr(GError) error = NULL;
    GSocket *socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
    g_assert_no_error(error);
    g_autoptr(GSocketAddress) any = loopback(0);
    g_socket_bind(socket, any, FALSE, &error);
    g_assert_no_error(error);
    g_autoptr(GSocketAddress) bound = g_socket_get_local_address(socket, &error);
    *ret_port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    return socket;
}

static void send_bytes(Ours *ours, const LzBuffer *bytes)
{
    g_autoptr(GError) error = NULL;
    g_socket_send_to(ours->socket, ours->peer, (const char *)bytes->data, bytes->size, NULL, &error);
}

static void note_step(Ours *ours, LzTlsStep *step)
{
    for (guint i = 0; step->datagrams && i < step->datagrams->len; i++) {
        send_bytes(ours, g_ptr_array_index(step->datagrams, i));
    }
    for (guint i = 0; step->messages && i < step->messages->len; i++) {
        const LzBuffer *message = g_ptr_array_index(step->messages, i);
        g_string_append_len(ours->heard, (const char *)message->data, message->size);
    }
    if (step->timer_ns != LZ_DTLS_TIMER_AS_BEFORE) {
        ours->timer_us = step->timer_ns > 0 ? g_get_monotonic_time() + step->timer_ns / 1000 : 0;
    }
    ours->was_opened |= step->just_opened;
    ours->has_failed |= step->state == LZ_TLS_FAILED;
    lz_tls_step_clear(step);
}

static void step(Ours *ours)
{
    LzTlsStep made;
    lz_tls_endpoint_step(ours->endpoint, wall_ns, &made);
    note_step(ours, &made);
}

static void say(Ours *ours, const char *text)
{
    LzTlsStep made;
    lz_tls_endpoint_write(ours->endpoint, wall_ns, (LzBytes){(const uint8_t *)text, strlen(text)}, &made);
    note_step(ours, &made);
}

static void meet(Ours *ours, LzBytes datagram)
{
    LzDtlsHello hello = {.address = 0x7f000001, .datagram = datagram};
    hello.port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(ours->peer));
    if (!lz_dtls_is_hello(datagram)) {
        return;
    }
    LzCryptoWork work;
    LzBuffer *answer = lz_dtls_answer_hello(ours->lab->server, &hello, wall_ns, &work);
    if (answer) {
        ours->answered_hellos++;
        send_bytes(ours, answer);
        lz_buffer_unref(answer);
    } else {
        ours->endpoint = lz_tls_endpoint_new(ours->lab->server, 7, ours->lab->server_options.entity, 0, NULL);
    }
}

/* One datagram, or a short wait for it. */
static void listen_once(Ours *ours)
{
    char bytes[2048];
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketAddress) from = NULL;
    if (ours->timer_us > 0 && g_get_monotonic_time() >= ours->timer_us) {
        ours->timer_us = 0;
        lz_tls_endpoint_expire(ours->endpoint);
        step(ours);
    }
    if (!g_socket_condition_timed_wait(ours->socket, G_IO_IN, POLL_US, NULL, NULL)) {
        return;
    }
    gssize size = g_socket_receive_from(ours->socket, &from, bytes, sizeof bytes, NULL, &error);
    if (size <= 0) {
        return;
    }
    g_set_object(&ours->peer, from);
    const LzBytes datagram = {(const uint8_t *)bytes, (size_t)size};
    if (!ours->endpoint) {
        meet(ours, datagram);
    }
    if (ours->endpoint) {
        lz_tls_endpoint_feed(ours->endpoint, datagram);
        step(ours);
    }
}

static bool hears(Ours *ours, const char *text)
{
    const gint64 until_us = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!strstr(ours->heard->str, text) && !ours->has_failed && g_get_monotonic_time() < until_us) {
        listen_once(ours);
    }
    return strstr(ours->heard->str, text);
}

static Ours ours_new(const LzTlsLab *lab, GSocket *socket)
{
    return (Ours){.lab = lab, .socket = socket, .heard = g_string_new(NULL)};
}

static void ours_clear(Ours *ours)
{
    lz_tls_endpoint_free(ours->endpoint);
    g_clear_object(&ours->socket);
    g_clear_object(&ours->peer);
    g_string_free(ours->heard, TRUE);
}

/* ---- OpenSSL ---- */

static void die_with_parent(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Its standard input and output are pipes. */
static GSubprocess *start(const char *const *command)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    GSubprocess *process = g_subprocess_launcher_spawnv(launcher, command, &error);
    g_assert_no_error(error);
    return process;
}

static void tell(GSubprocess *process, const char *text)
{
    g_autoptr(GError) error = NULL;
    GOutputStream *input = g_subprocess_get_stdin_pipe(process);
    g_output_stream_write_all(input, text, strlen(text), NULL, NULL, &error);
    g_assert_no_error(error);
    g_output_stream_flush(input, NULL, NULL);
}

/* What it prints, until a text is among it; ours speaks on meanwhile. */
static bool prints(GSubprocess *process, GString *output, const char *text, Ours *ours)
{
    GPollableInputStream *pipe = G_POLLABLE_INPUT_STREAM(g_subprocess_get_stdout_pipe(process));
    const gint64 until_us = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!strstr(output->str, text) && g_get_monotonic_time() < until_us) {
        char bytes[1024];
        gssize size = g_pollable_input_stream_read_nonblocking(pipe, bytes, sizeof bytes, NULL, NULL);
        if (size > 0) {
            g_string_append_len(output, bytes, size);
        } else if (size == 0) {
            break;
        } else if (ours) {
            listen_once(ours);
        } else {
            g_usleep(POLL_US);
        }
    }
    return strstr(output->str, text);
}

static void end(GSubprocess *process)
{
    g_subprocess_force_exit(process);
    g_subprocess_wait(process, NULL, NULL);
    g_object_unref(process);
}

static bool skip_without_openssl(void)
{
    g_autofree char *program = g_find_program_in_path("openssl");
    if (!program) {
        g_test_skip("openssl is not installed");
    }
    return !program;
}

/* ---- tests ---- */

static char *write_root(LzPki *pki)
{
    unsigned last = 0;
    while (lz_authority_certificate(pki, last + 1).size > 0) {
        last++;
    }
    LzBytes root = lz_authority_certificate(pki, last);
    g_autofree char *base64 = g_base64_encode(root.data, root.size);
    g_autoptr(GString) pem = g_string_new("-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < strlen(base64); at += 64) {
        g_string_append_printf(pem, "%.64s\n", base64 + at);
    }
    g_string_append(pem, "-----END CERTIFICATE-----\n");
    char *path = NULL;
    int file = g_file_open_tmp("lazaret-XXXXXX.pem", &path, NULL);
    g_close(file, NULL);
    gboolean is_written = g_file_set_contents(path, pem->str, (gssize)pem->len, NULL);
    g_assert_true(is_written);
    return path;
}

/* s_client gets its cookie, verifies the chain, and is heard; with fragments of 300 bytes as well. */
static void test_s_client(gconstpointer data)
{
    if (skip_without_openssl()) {
        return;
    }
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.server_options.is_mutual = false;
    lab.server_options.suites = (LzTlsChoices){{LZ_SUITE_AES_128_CCM_8}, 1};
    lab.server_options.dtls.mtu_bytes = GPOINTER_TO_UINT(data);
    lz_test_tls_open(&lab);
    guint16 port = 0;
    Ours ours = ours_new(&lab, open_socket(&port));
    g_autofree char *peer = g_strdup_printf("127.0.0.1:%u", port), *root = write_root(lab.pki);
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, LZ_TEST_START_S);
    GSubprocess *client = start((const char *const[]){"openssl", "s_client", "-dtls1_2", "-connect", peer, "-CAfile", root, "-attime",
        now, "-verify_return_error", "-cipher", "ECDHE-ECDSA-AES128-CCM8@SECLEVEL=0", "-quiet", "-servername", "broker", NULL});
    tell(client, "dose 5\n");
    g_autoptr(GString) output = g_string_new(NULL);
    bool is_heard = hears(&ours, "dose 5");
    g_test_message("%s", output->str);
    g_assert_true(is_heard);
    g_assert_cmpuint(ours.answered_hellos, ==, 1);
    say(&ours, "given\n");
    bool is_printed = prints(client, output, "given", &ours);
    g_test_message("%s", output->str);
    g_assert_true(is_printed);
    end(client);
    g_unlink(root);
    ours_clear(&ours);
    lz_test_tls_close(&lab);
}

/* The key that "pump[7]" shares with servers, as sim/tls/psk.c derives it. */
static char *shared_key(void)
{
    uint8_t key[PSK_BYTES];
    LzRandom random;
    lz_random_init(&random, 7, lz_entity_id("pump[7]"), LZ_PURPOSE_PSK);
    lz_random_fill(&random, key, sizeof key);
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < sizeof key; i++) {
        g_string_append_printf(hex, "%02x", key[i]);
    }
    return g_string_free(hex, FALSE);
}

/* s_server asks our client for a cookie (-listen), and agrees on the shared key. */
static void test_s_server(void)
{
    if (skip_without_openssl()) {
        return;
    }
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.client_request.has_psk = true;
    lab.client_options.exchanges = (LzTlsChoices){{LZ_EXCHANGE_PSK}, 1};
    lab.client_options.suites = (LzTlsChoices){{LZ_SUITE_AES_128_CCM_8}, 1};
    lz_test_tls_open(&lab);
    guint16 port = 0, own_port = 0;
    g_object_unref(open_socket(&port));         /* another program could take it meanwhile; then the test fails */
    g_autofree char *accept = g_strdup_printf("127.0.0.1:%u", port), *key = shared_key();
    GSubprocess *server = start((const char *const[]){"openssl", "s_server", "-dtls1_2", "-listen", "-accept", accept, "-nocert",
        "-psk", key, "-psk_identity", "pump[7]", "-cipher", "PSK-AES128-CCM8@SECLEVEL=0", NULL});
    g_autoptr(GString) output = g_string_new(NULL);
    bool is_serving = prints(server, output, "ACCEPT", NULL);
    g_assert_true(is_serving);
    Ours ours = ours_new(&lab, open_socket(&own_port));
    ours.peer = loopback(port);
    const LzTlsClient client = {.server_name = "broker", .credential = lab.client_credential};
    ours.endpoint = lz_tls_endpoint_new(lab.client, 7, lab.client_options.entity, 0, &client);
    step(&ours);
    const gint64 until_us = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    while (!ours.was_opened && !ours.has_failed && g_get_monotonic_time() < until_us) {
        listen_once(&ours);
    }
    g_assert_true(ours.was_opened);
    g_assert_cmpstr(lz_tls_endpoint_cipher_suite(ours.endpoint), ==, "TLS-PSK-WITH-AES-128-CCM-8");
    say(&ours, "dose 7\n");
    bool is_printed = prints(server, output, "dose 7", &ours);
    g_test_message("%s", output->str);
    g_assert_true(is_printed);
    tell(server, "given\n");
    bool is_heard = hears(&ours, "given");
    g_assert_true(is_heard);
    end(server);
    ours_clear(&ours);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/dtls/openssl/s_client", GUINT_TO_POINTER(1472), test_s_client);
    g_test_add_data_func("/dtls/openssl/s_client-300-bytes", GUINT_TO_POINTER(300), test_s_client);
    g_test_add_func("/dtls/openssl/s_server", test_s_server);
    return g_test_run();
}
