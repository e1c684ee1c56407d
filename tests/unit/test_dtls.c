/* DTLS 1.2 endpoints over a wire that loses, repeats, delays and alters datagrams. */
#include <string.h>

#include "tests/lib/dtls_pipe.h"

static const LzTime rtt_ns = LZ_MILLISECONDS(20), long_ns = LZ_SECONDS(300);

static void assert_talks(LzDtlsPipe *pipe)
{
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_OPEN);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
    lz_test_dtls_write(pipe, &pipe->client, "dose 5");
    lz_test_dtls_write(pipe, &pipe->client, "dose 6");
    lz_test_dtls_write(pipe, &pipe->server, "heard");
    lz_test_dtls_run(pipe, pipe->now_ns + LZ_SECONDS(1));
    guint last = pipe->server.received->len;
    g_assert_cmpuint(last, >=, 2);
    g_assert_cmpstr(lz_test_dtls_message(&pipe->server, last - 2), ==, "dose 5");
    g_assert_cmpstr(lz_test_dtls_message(&pipe->server, last - 1), ==, "dose 6");
    g_assert_cmpstr(lz_test_dtls_message(&pipe->client, pipe->client.received->len - 1), ==, "heard");
}

/* RFC 6347 4.2.4: six flights with a cookie, four without; the client may send after 3 or 2 round trips. */
static void test_handshake(gconstpointer data)
{
    bool has_cookies = data;
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.server_options.dtls.has_cookies = has_cookies;
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, LZ_SECONDS(10));
    g_assert_cmpint(pipe->client.opened_ns, ==, (has_cookies ? 3 : 2) * rtt_ns);
    g_assert_cmpuint(pipe->answered_hellos, ==, has_cookies);
    g_assert_cmpuint(pipe->client.retransmissions + pipe->server.retransmissions, ==, 0);
    g_assert_cmpint(pipe->client.timer_at_ns + pipe->server.timer_at_ns, ==, 0);
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, "pump[7]");
    g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->client.endpoint), ==, "broker");
    g_assert_cmpint(lz_tls_endpoint_version(pipe->client.endpoint), ==, LZ_TLS_1_2);
    g_assert_cmpuint(pipe->client.work.p256_sign, ==, 1);
    assert_talks(pipe);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

typedef struct Loss {
    bool of_server;
    unsigned first, count;              /* datagrams of that side */
} Loss;

static LzDtlsFate lose(void *self, bool is_from_server, unsigned number, LzBuffer *datagram)
{
    const Loss *loss = self;
    (void)datagram;
    return (LzDtlsFate){.is_lost = is_from_server == loss->of_server && number >= loss->first && number < loss->first + loss->count};
}

/* Each datagram of the handshake in turn does not arrive, then each and its repetition. */
static void test_losses(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.server_options.dtls.mtu_bytes = lab.client_options.dtls.mtu_bytes = 400;
    lz_test_tls_open(&lab);
    unsigned repeated = 0;
    for (unsigned i = 0; i < 40; i++) {
        Loss loss = {.of_server = i % 2, .first = i / 2 % 10, .count = i < 20 ? 1 : 2};
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, i, NULL);
        pipe->judge = lose;
        pipe->judge_self = &loss;
        lz_test_dtls_run(pipe, LZ_SECONDS(30));
        pipe->judge = NULL;
        g_assert_cmpint(pipe->client.state, ==, LZ_TLS_OPEN);
        assert_talks(pipe);
        repeated += pipe->client.retransmissions + pipe->server.retransmissions;
        lz_test_dtls_pipe_free(pipe);
    }
    g_assert_cmpuint(repeated, >, 30);
    lz_test_tls_close(&lab);
}

/* RFC 6347 4.2.4.1: 1 s, doubled; Mbed TLS gives up instead of waiting longer than the longest. */
static void test_gives_up(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.client_options.dtls.retransmit_max_ns = LZ_SECONDS(8);
    lz_test_tls_open(&lab);
    Loss loss = {.first = 0, .count = 1000};
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    pipe->judge = lose;
    pipe->judge_self = &loss;
    lz_test_dtls_run(pipe, LZ_SECONDS(14));
    g_assert_cmpuint(pipe->client.sent->len, ==, 4);            /* at 0, 1, 3, 7 s */
    g_assert_cmpuint(pipe->client.retransmissions, ==, 3);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_HANDSHAKING);
    lz_test_dtls_run(pipe, LZ_SECONDS(15));
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_FAILED);
    g_assert_true(pipe->client.has_timed_out);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

typedef struct Mess {
    LzRandom random;
} Mess;

static LzDtlsFate make_mess(void *self, bool is_from_server, unsigned number, LzBuffer *datagram)
{
    Mess *mess = self;
    (void)is_from_server, (void)number, (void)datagram;
    return (LzDtlsFate){.is_lost = lz_random_below(&mess->random, 10) == 0, .copies = lz_random_below(&mess->random, 4) == 0,
                        .later_ns = LZ_MILLISECONDS((int64_t)lz_random_below(&mess->random, 50))};
}

/* Lost, repeated and out of order at random: it opens all the same. */
static void test_mess(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.server_options.dtls.mtu_bytes = lab.client_options.dtls.mtu_bytes = 512;
    lz_test_tls_open(&lab);
    Mess mess;
    lz_random_init(&mess.random, 20260302, 3, LZ_PURPOSE_LOSS);
    for (unsigned i = 0; i < 60; i++) {
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, i, NULL);
        pipe->judge = make_mess;
        pipe->judge_self = &mess;
        lz_test_dtls_run(pipe, LZ_SECONDS(100));
        pipe->judge = NULL;
        assert_talks(pipe);
        lz_test_dtls_pipe_free(pipe);
    }
    lz_test_tls_close(&lab);
}

static LzBytes sent(const LzDtlsSide *side, unsigned from_end)
{
    const LzBuffer *buffer = g_ptr_array_index(side->sent, side->sent->len - 1 - from_end);
    return (LzBytes){buffer->data, buffer->size};
}

/* RFC 6347 4.1.2.6, 4.1.2.7: what comes again, and what was altered, is dropped without a word. */
static void test_replayed_and_altered(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, LZ_SECONDS(1));
    assert_talks(pipe);
    guint received = pipe->server.received->len, answered = pipe->server.sent->len, newer = pipe->server.newer;
    lz_test_dtls_inject(pipe, &pipe->server, sent(&pipe->client, 0));
    lz_test_dtls_inject(pipe, &pipe->server, sent(&pipe->client, 1));
    LzBytes last = sent(&pipe->client, 0);
    for (size_t i = 0; i < last.size; i++) {
        g_autofree uint8_t *altered = g_memdup2(last.data, last.size);
        altered[i] ^= 0x40;
        lz_test_dtls_inject(pipe, &pipe->server, (LzBytes){altered, last.size});
    }
    g_assert_cmpuint(pipe->server.received->len, ==, received);
    g_assert_cmpuint(pipe->server.sent->len, ==, answered);
    g_assert_cmpuint(pipe->server.newer, ==, newer);
    assert_talks(pipe);
    g_assert_cmpuint(pipe->server.newer, ==, newer + 2);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

/* An older record within the window is good, though not the newest. */
static void test_out_of_order(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, LZ_SECONDS(1));
    Loss all = {.first = 0, .count = 1000};
    pipe->judge = lose;
    pipe->judge_self = &all;
    lz_test_dtls_write(pipe, &pipe->client, "first");
    lz_test_dtls_write(pipe, &pipe->client, "second");
    unsigned newer = pipe->server.newer;
    lz_test_dtls_inject(pipe, &pipe->server, sent(&pipe->client, 0));
    lz_test_dtls_inject(pipe, &pipe->server, sent(&pipe->client, 1));
    g_assert_cmpstr(lz_test_dtls_message(&pipe->server, 0), ==, "second");
    g_assert_cmpstr(lz_test_dtls_message(&pipe->server, 1), ==, "first");
    g_assert_cmpuint(pipe->server.newer, ==, newer + 1);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

/* RFC 9146: a client's records bear the server's id; without one on either side they do not. */
static void test_connection_id(void)
{
    for (unsigned who = 0; who < 4; who++) {
        LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
        lab.client_options.dtls.has_connection_id = who & 1;
        lab.server_options.dtls.has_connection_id = who & 2;
        lz_test_tls_open(&lab);
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
        lz_test_dtls_run(pipe, LZ_SECONDS(1));
        assert_talks(pipe);
        LzBytes id = lz_dtls_connection_id(sent(&pipe->client, 0)), own = lz_tls_endpoint_connection_id(pipe->server.endpoint);
        g_assert_cmpuint(own.size, ==, who & 2 ? LZ_DTLS_CID_BYTES : 0);
        g_assert_cmpuint(id.size, ==, who == 3 ? LZ_DTLS_CID_BYTES : 0);
        g_assert_true(who != 3 || memcmp(id.data, own.data, own.size) == 0);
        g_assert_cmpuint(lz_dtls_connection_id(sent(&pipe->server, 0)).size, ==, 0);
        lz_test_dtls_pipe_free(pipe);
        lz_test_tls_close(&lab);
    }
}

static LzBuffer *judge_hello(const LzTlsLab *lab, LzBytes hello, uint32_t address, uint16_t port, LzTime later_ns)
{
    const LzDtlsHello judged = {.address = address, .port = port, .datagram = hello};
    LzCryptoWork work;
    LzBuffer *answer = lz_dtls_answer_hello(lab->server, &judged, LZ_TEST_START_S * LZ_NS_PER_S + later_ns, &work);
    g_assert_cmpuint(work.hash_bytes, >, 0);
    return answer;
}

/* A cookie is good for its address, its port, its hello and a minute; what is asked in vain is no larger than the question. */
static void test_cookie(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, LZ_SECONDS(1));
    const LzBuffer *first = g_ptr_array_index(pipe->client.sent, 0), *second = g_ptr_array_index(pipe->client.sent, 1);
    const LzBytes hello = {first->data, first->size}, with_cookie = {second->data, second->size};
    static const struct { uint32_t address; uint16_t port; LzTime later_ns; bool is_good; } cases[] = {
        {0x0a000001, 50000, 0, true}, {0x0a000001, 50000, LZ_SECONDS(60), true}, {0x0a000001, 50000, LZ_SECONDS(61), false},
        {0x0a000002, 50000, 0, false}, {0x0a000001, 50001, 0, false}, {0x0a000001, 50000, -LZ_SECONDS(2), false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        LzBuffer *answer = judge_hello(&lab, with_cookie, cases[i].address, cases[i].port, cases[i].later_ns);
        g_assert_true(cases[i].is_good == !answer);
        lz_buffer_unref(answer);
        answer = judge_hello(&lab, hello, cases[i].address, cases[i].port, cases[i].later_ns);
        g_assert_nonnull(answer);
        g_assert_cmpuint(answer->size, <, hello.size);
        lz_buffer_unref(answer);
    }
    for (size_t size = 0; size < with_cookie.size; size++) {
        g_assert_true(size >= 93 || !lz_dtls_is_hello((LzBytes){with_cookie.data, size}));
    }
    g_autofree uint8_t *forged = g_memdup2(with_cookie.data, with_cookie.size);
    forged[70] ^= 1;
    LzBuffer *answer = judge_hello(&lab, (LzBytes){forged, with_cookie.size}, 0x0a000001, 50000, 0);
    g_assert_nonnull(answer);
    lz_buffer_unref(answer);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

static void test_suites(void)
{
    static const struct { LzTlsExchange exchange; LzTlsSuite suite; const char *name; } cases[] = {
        {LZ_EXCHANGE_ECDHE, LZ_SUITE_AES_128_CCM_8, "TLS-ECDHE-ECDSA-WITH-AES-128-CCM-8"},
        {LZ_EXCHANGE_PSK, LZ_SUITE_AES_128_CCM_8, "TLS-PSK-WITH-AES-128-CCM-8"},
        {LZ_EXCHANGE_PSK_DHE, LZ_SUITE_CHACHA20_POLY1305, "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"},
        {LZ_EXCHANGE_ECDHE, LZ_SUITE_AES_256_GCM, "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
        LzTlsProfileOptions *options[] = {&lab.client_options, &lab.server_options};
        for (unsigned side = 0; side < 2; side++) {
            options[side]->exchanges = (LzTlsChoices){{(uint8_t)cases[i].exchange}, 1};
            options[side]->suites = (LzTlsChoices){{(uint8_t)cases[i].suite}, 1};
        }
        lab.client_request.has_psk = lab.server_request.has_psk = cases[i].exchange != LZ_EXCHANGE_ECDHE;
        lz_test_tls_open(&lab);
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
        lz_test_dtls_run(pipe, LZ_SECONDS(10));
        g_assert_cmpstr(lz_tls_endpoint_cipher_suite(pipe->client.endpoint), ==, cases[i].name);
        assert_talks(pipe);
        g_assert_cmpstr(lz_tls_endpoint_peer_name(pipe->server.endpoint), ==, "pump[7]");
        lz_test_dtls_pipe_free(pipe);
        lz_test_tls_close(&lab);
    }
}

/* A ticket shortens it by a round trip: the client's Finished is the last flight, and may have to be sent again. */
static void test_resumption(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.client_options.has_tickets = lab.server_options.has_tickets = true;
    lz_test_tls_open(&lab);
    LzTlsTicket *ticket = lz_tls_ticket_new();
    for (unsigned i = 0; i < 3; i++) {
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, i, ticket);
        Loss loss = {.of_server = false, .first = i == 2 ? 2 : 1000, .count = 1};
        pipe->judge = lose;
        pipe->judge_self = &loss;
        pipe->now_ns = LZ_SECONDS(10) * i;              /* a ticket from the future is none */
        lz_test_dtls_run(pipe, pipe->now_ns + LZ_SECONDS(10));
        g_assert_true(lz_tls_endpoint_was_resumed(pipe->client.endpoint) == (i > 0));
        g_assert_cmpint(pipe->client.opened_ns - LZ_SECONDS(10) * i, ==, (i > 0 ? 2 : 3) * rtt_ns);
        g_assert_cmpuint(pipe->client.retransmissions, ==, i == 2);
        assert_talks(pipe);
        lz_test_dtls_pipe_free(pipe);
    }
    lz_tls_ticket_free(ticket);
    lz_test_tls_close(&lab);
}

static void test_refusal(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.client_request.is_foreign_ca = true;
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, long_ns);
    g_assert_cmpint(pipe->server.state, ==, LZ_TLS_FAILED);
    g_assert_cmpint(pipe->client.state, ==, LZ_TLS_FAILED);
    g_assert_cmpstr(lz_tls_alert_name(pipe->server.alert_sent), ==, "unknown_ca");
    g_assert_cmpint(pipe->client.alert_received, ==, pipe->server.alert_sent);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

/* No datagram of a handshake is longer than it may be, and one record's room says what fits. */
static void test_mtu(void)
{
    LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
    lab.server_options.dtls.mtu_bytes = lab.client_options.dtls.mtu_bytes = 300;
    lz_test_tls_open(&lab);
    LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, 0, NULL);
    lz_test_dtls_run(pipe, LZ_SECONDS(10));
    g_assert_cmpint(pipe->client.opened_ns, ==, 3 * rtt_ns);
    g_assert_cmpuint(pipe->client.retransmissions + pipe->server.retransmissions, ==, 0);
    LzDtlsSide *sides[] = {&pipe->client, &pipe->server};
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(sides[i]->sent->len, >, 4);
        for (guint n = 0; n < sides[i]->sent->len; n++) {
            g_assert_cmpuint(((LzBuffer *)g_ptr_array_index(sides[i]->sent, n))->size, <=, 300);
        }
    }
    /* 13 of the header, 8 of the nonce, 16 of the tag; of a record with an id, that and the content's type (RFC 9146 4). */
    g_assert_cmpuint(lz_tls_endpoint_room_bytes(pipe->server.endpoint), ==, 300 - 37);
    size_t room = lz_tls_endpoint_room_bytes(pipe->client.endpoint);
    g_assert_cmpuint(room, ==, 300 - 37 - LZ_DTLS_CID_BYTES - 1);
    g_autofree char *text = g_strnfill(room, 'x');
    lz_test_dtls_write(pipe, &pipe->client, text);
    g_assert_cmpuint(sent(&pipe->client, 0).size, ==, 300);
    lz_test_dtls_run(pipe, LZ_SECONDS(20));
    g_assert_cmpstr(lz_test_dtls_message(&pipe->server, 0), ==, text);
    lz_test_dtls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/dtls/handshake/cookie", GINT_TO_POINTER(1), test_handshake);
    g_test_add_data_func("/dtls/handshake/plain", NULL, test_handshake);
    g_test_add_func("/dtls/losses", test_losses);
    g_test_add_func("/dtls/gives-up", test_gives_up);
    g_test_add_func("/dtls/mess", test_mess);
    g_test_add_func("/dtls/replayed-and-altered", test_replayed_and_altered);
    g_test_add_func("/dtls/out-of-order", test_out_of_order);
    g_test_add_func("/dtls/connection-id", test_connection_id);
    g_test_add_func("/dtls/cookie", test_cookie);
    g_test_add_func("/dtls/suites", test_suites);
    g_test_add_func("/dtls/resumption", test_resumption);
    g_test_add_func("/dtls/refusal", test_refusal);
    g_test_add_func("/dtls/mtu", test_mtu);
    return g_test_run();
}
