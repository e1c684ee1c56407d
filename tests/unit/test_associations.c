/* DTLS on hosts: clients that lose packets, power and their address, and a server that is flooded. */
#include <string.h>

#include "lazaret/datagrams.h"
#include "sim/net/udp.h"
#include "tests/lib/dtls_pipe.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(10)
#define RTT_NS (2 * DELAY_NS)

enum { PORT = 5684, SOURCE_PORT = 49152, SERVER = 1, BACKLOG = 4 };

typedef struct Rig {
    TestWard *ward;
    LzTlsLab lab;
    LzHost *server, *client;
    LzAssociation *association;
    LzTime rebind_ns;
    bool is_ready;
    unsigned times_ready;
    LzTime ready_ns;
    GPtrArray *heard;                   /* char *: by the server */
    LzPeer last;
    unsigned answers;
} Rig;

static void server_received(void *self, const LzPeer *peer, LzBytes message)
{
    Rig *rig = self;
    g_ptr_array_add(rig->heard, g_strndup((const char *)message.data, message.size));
    rig->last = *peer;
    bool is_answered = lz_host_answer(rig->server, PORT, peer, message);
    g_assert_true(is_answered);
}

static void client_ready(void *self, bool is_ready)
{
    Rig *rig = self;
    g_assert_true(is_ready != rig->is_ready);
    rig->is_ready = is_ready;
    rig->times_ready += is_ready;
    rig->ready_ns = lz_now(rig->ward->env.scheduler);
}

static void client_received(void *self, LzBytes message)
{
    Rig *rig = self;
    (void)message;
    rig->answers++;
}

static const LzAssociationEvents events = {.ready = client_ready, .received = client_received};

static void serve(Rig *rig)
{
    const LzListen listen = {.port = PORT, .backlog = BACKLOG, .tls = rig->lab.server, .handshake_timeout_ns = LZ_SECONDS(30)};
    bool is_bound = lz_host_serve(rig->server, &listen, server_received, rig);
    g_assert_true(is_bound);
}

static void associate(Rig *rig)
{
    const LzAssociate options = {
        .connect = {.address = SERVER, .port = PORT, .tls = rig->lab.client, .server_name = "broker",
                    .credential = rig->lab.client_credential, .handshake_timeout_ns = LZ_SECONDS(30)},
        .source_port = SOURCE_PORT, .retry_ns = LZ_SECONDS(1), .retry_max_ns = LZ_SECONDS(8), .rebind_ns = rig->rebind_ns};
    rig->association = lz_host_associate(rig->client, &options, &events, rig);
    lz_association_begin(rig->association);
}

static Rig *rig_new(bool has_cookies, bool has_connection_id, LzTime rebind_ns)
{
    Rig *rig = g_new0(Rig, 1);
    rig->lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    rig->lab.pki_options.start_unix_s = 0;              /* the ward's clock begins there */
    rig->lab.server_request.not_before_unix_s = rig->lab.client_request.not_before_unix_s = 0;
    rig->lab.server_request.not_after_unix_s = rig->lab.client_request.not_after_unix_s = 86400;
    rig->lab.server_options.dtls.has_cookies = has_cookies;
    rig->lab.server_options.dtls.has_connection_id = has_connection_id;
    lz_test_tls_open(&rig->lab);
    rig->ward = test_ward_new(DELAY_NS);
    rig->server = test_ward_add_host(rig->ward, "broker");
    rig->client = test_ward_add_host(rig->ward, "pump[7]");
    rig->heard = g_ptr_array_new_with_free_func(g_free);
    rig->rebind_ns = rebind_ns;
    serve(rig);
    return rig;
}

static void rig_free(Rig *rig)
{
    g_ptr_array_unref(rig->heard);
    test_ward_free(rig->ward);
    lz_test_tls_close(&rig->lab);
    g_free(rig);
}

static void say(Rig *rig, const char *text)
{
    bool is_sent = lz_association_send(rig->association, (LzBytes){(const uint8_t *)text, strlen(text)}, 0, 0);
    g_assert_true(is_sent);
    test_ward_run(rig->ward, LZ_MILLISECONDS(100));
}

static const char *last_heard(const Rig *rig)
{
    return rig->heard->len > 0 ? g_ptr_array_index(rig->heard, rig->heard->len - 1) : "";
}

static void test_opens(void)
{
    Rig *rig = rig_new(true, true, 0);
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    g_assert_true(rig->is_ready);
    g_assert_cmpint(rig->ready_ns, ==, 3 * RTT_NS);
    say(rig, "one");
    g_assert_cmpstr(last_heard(rig), ==, "one");
    g_assert_cmpuint(rig->answers, ==, 1);
    g_assert_cmpuint(rig->last.association, ==, 1);
    g_assert_cmpuint(rig->last.port, ==, SOURCE_PORT);
    const LzHostStats *stats = lz_host_stats(rig->server);
    g_assert_cmpuint(stats->handshakes_completed, ==, 1);
    g_assert_cmpuint(stats->open_sessions, ==, 1);
    uint8_t long_message[1472] = {0};
    g_assert_cmpuint(lz_association_room_bytes(rig->association), ==, 1472 - 37 - LZ_DTLS_CID_BYTES - 1);
    g_assert_false(lz_association_send(rig->association, (LzBytes){long_message, sizeof long_message}, 0, 0));
    rig_free(rig);
}

/* 40 % of the packets are lost, each way. */
static void test_loss(void)
{
    Rig *rig = rig_new(true, true, 0);
    rig->ward->loss_ppb = 400000000;
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(600));
    rig->ward->loss_ppb = 0;
    test_ward_run(rig->ward, LZ_SECONDS(60));
    say(rig, "through");
    g_assert_cmpstr(last_heard(rig), ==, "through");
    rig_free(rig);
}

/* RFC 9146: with a connection id, a client that comes from another port is known; without, it is nobody. */
static void test_rebinding(gconstpointer data)
{
    bool has_connection_id = data;
    Rig *rig = rig_new(true, has_connection_id, LZ_SECONDS(30));
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    say(rig, "before");
    test_ward_run(rig->ward, LZ_SECONDS(60));
    say(rig, "after");
    g_assert_cmpstr(last_heard(rig), ==, has_connection_id ? "after" : "before");
    g_assert_cmpuint(rig->answers, ==, has_connection_id ? 2 : 1);
    g_assert_cmpuint(lz_host_stats(rig->server)->handshakes_completed, ==, 1);
    if (has_connection_id) {
        g_assert_cmpuint(rig->last.port, !=, SOURCE_PORT);
        g_assert_cmpuint(rig->last.association, ==, 1);
    }
    lz_association_renew(rig->association);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    say(rig, "again");
    g_assert_cmpstr(last_heard(rig), ==, "again");
    g_assert_cmpuint(lz_host_stats(rig->server)->handshakes_completed, ==, 2);
    rig_free(rig);
}

/* A client without memory of its association takes the place of the one before; a server without answers nothing. */
static void test_power(gconstpointer data)
{
    Rig *rig = rig_new(data != NULL, true, 0);
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    lz_host_set_power(rig->client, false);
    rig->is_ready = false;
    lz_host_set_power(rig->client, true);
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    say(rig, "reborn");
    g_assert_cmpstr(last_heard(rig), ==, "reborn");
    g_assert_cmpuint(lz_host_stats(rig->server)->open_sessions, ==, 1);
    lz_host_set_power(rig->server, false);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    lz_host_set_power(rig->server, true);
    serve(rig);
    say(rig, "unheard");
    g_assert_cmpstr(last_heard(rig), ==, "reborn");
    lz_association_renew(rig->association);
    test_ward_run(rig->ward, LZ_SECONDS(1));
    say(rig, "renewed");
    g_assert_cmpstr(last_heard(rig), ==, "renewed");
    rig_free(rig);
}

/* An attempt that finds nobody is given up after its time, and repeated after a pause. */
static void test_retries(void)
{
    Rig *rig = rig_new(true, true, 0);
    rig->ward->is_cut = true;
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(120));
    g_assert_false(rig->is_ready);
    rig->ward->is_cut = false;
    test_ward_run(rig->ward, LZ_SECONDS(60));
    g_assert_true(rig->is_ready);
    rig_free(rig);
}

/* ---- a flood ---- */

static LzBuffer *a_hello(const Rig *rig, uint32_t number)
{
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&rig->lab, 1000 + number, NULL);
    lz_test_dtls_run(pipe, 0);
    LzBuffer *hello = lz_buffer_ref(g_ptr_array_index(pipe->client.sent, 0));
    lz_test_dtls_pipe_free(pipe);
    return hello;
}

/* From ports where nobody answers. With cookies nothing is remembered of them, so that who is honest gets in at once; without,
 * the backlog is full of them until each has timed out. */
static void test_flood(gconstpointer data)
{
    enum { HELLOS = 200 };
    bool has_cookies = data;
    Rig *rig = rig_new(has_cookies, true, 0);
    test_ward_add_host(rig->ward, "victim");
    LzUdp spoofed;
    lz_udp_init(&spoofed, &rig->ward->env, 3, &rig->ward->wire.input);
    for (uint32_t i = 0; i < HELLOS; i++) {
        LzBuffer *hello = a_hello(rig, i);
        lz_udp_send(&spoofed, (uint16_t)(10000 + i), SERVER, PORT, 0, (LzBytes){hello->data, hello->size});
        lz_buffer_unref(hello);
        test_ward_run(rig->ward, LZ_MILLISECONDS(5));
    }
    associate(rig);
    test_ward_run(rig->ward, LZ_SECONDS(10));
    g_assert_true(rig->is_ready == has_cookies);
    test_ward_run(rig->ward, LZ_SECONDS(120));
    g_assert_true(rig->is_ready);
    lz_udp_clear(&spoofed);
    rig_free(rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/associations/opens", test_opens);
    g_test_add_func("/associations/loss", test_loss);
    g_test_add_data_func("/associations/rebinding/connection-id", GINT_TO_POINTER(1), test_rebinding);
    g_test_add_data_func("/associations/rebinding/none", NULL, test_rebinding);
    g_test_add_data_func("/associations/power/cookies", GINT_TO_POINTER(1), test_power);
    g_test_add_data_func("/associations/power/none", NULL, test_power);
    g_test_add_func("/associations/retries", test_retries);
    g_test_add_data_func("/associations/flood/cookies", GINT_TO_POINTER(1), test_flood);
    g_test_add_data_func("/associations/flood/none", NULL, test_flood);
    return g_test_run();
}
