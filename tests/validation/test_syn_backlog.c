/* The backlog of a listener under SYNs that nobody completes, against Erlang's loss formula; the retries of a SYN-ACK;
 * cookies; and the schedule of keep-alive. */
#include <glib.h>

#include "lazaret/param.h"
#include "tests/lib/tcp_pair.h"

#define HOST 0x0a000001u
#define PORT 8883
#define HOLD_S 63                       /* 1 + 2 + 4 + 8 + 16 + 32: five retries of a SYN-ACK */

typedef struct Target {
    LzElement output;
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzTcp *tcp;
    GArray *sent_ns;                    /* LzTime of every packet out */
    LzPacket last;                      /* header of the latest one */
    unsigned accepted;
} Target;

static void catch(LzElement *element, LzPacket *packet)
{
    Target *target = (Target *)element;
    LzTime now_ns = lz_now(target->scheduler);
    g_array_append_val(target->sent_ns, now_ns);
    target->last = *packet;
    lz_packet_free(target->packets, packet);
}

static const LzElementOps catch_ops = {.receive = catch};
static const LzTcpEvents no_events = {0};

static bool accepted(void *owner, LzTcpSocket *socket)
{
    Target *target = owner;
    target->accepted++;
    lz_tcp_socket_adopt(socket, &no_events, target);
    return true;
}

static void target_init(Target *target, const LzTcpOptions *options, unsigned backlog)
{
    *target = (Target){.output = {.ops = &catch_ops}, .scheduler = lz_scheduler_new(), .packets = lz_packet_pool_new(),
                       .sent_ns = g_array_new(FALSE, FALSE, sizeof(LzTime))};
    LzEnv env = {.scheduler = target->scheduler, .packets = target->packets, .seed = 1, .entity = lz_entity_id("target")};
    target->tcp = lz_tcp_new(&env, HOST, &target->output, options, NULL);
    lz_tcp_listen(target->tcp, PORT, backlog, accepted, target);
}

static void target_clear(Target *target)
{
    lz_tcp_free(target->tcp);
    g_array_unref(target->sent_ns);
    lz_packet_pool_free(target->packets);
    lz_scheduler_free(target->scheduler);
}

static void run_until(Target *target, LzTime time_ns)
{
    while (lz_scheduler_step(target->scheduler, time_ns)) {
    }
}

static LzPacket *make(Target *target, LzAddress source, unsigned flags, uint32_t sequence)
{
    LzPacket *packet = lz_packet_new(target->packets);
    packet->source = source;
    packet->destination = HOST;
    packet->source_port = 40000;
    packet->destination_port = PORT;
    packet->protocol = LZ_IP_TCP;
    packet->tcp_flags = (uint8_t)flags;
    packet->sequence = sequence;
    packet->window = 60000;
    packet->mss = flags & LZ_TCP_SYN ? 1460 : 0;
    lz_packet_set_wire_bytes(packet);
    return packet;
}

/* Case 54: Linux ip-sysctl, tcp_synack_retries 5: a SYN-ACK after 0, 1, 3, 7, 15 and 31 s, and at 63 s the entry is gone. */
static void test_synack_retries(void)
{
    static const int64_t at_s[] = {0, 1, 3, 7, 15, 31};
    Target target;
    target_init(&target, &lz_tcp_options_default, 10);
    lz_tcp_receive(target.tcp, make(&target, 1, LZ_TCP_SYN, 1000));
    run_until(&target, LZ_SECONDS(HOLD_S) - 1);
    g_assert_cmpuint(target.sent_ns->len, ==, G_N_ELEMENTS(at_s));
    for (unsigned i = 0; i < G_N_ELEMENTS(at_s); i++) {
        g_assert_cmpint(g_array_index(target.sent_ns, LzTime, i), ==, LZ_SECONDS(at_s[i]));
    }
    g_assert_cmpuint(lz_tcp_open_sockets(target.tcp), ==, 1);
    run_until(&target, LZ_SECONDS(HOLD_S));
    g_assert_cmpuint(lz_tcp_open_sockets(target.tcp), ==, 0);
    g_assert_cmpuint(target.sent_ns->len, ==, G_N_ELEMENTS(at_s));
    target_clear(&target);
}

/* Poisson SYNs, 20 /s until then, each from an address of its own that never answers. */
static void flood(Target *target, LzTime until_ns, uint64_t *ret_offered)
{
    const LzTime from_ns = lz_now(target->scheduler);
    LzRandom random;
    lz_random_init(&random, 53, (uint64_t)from_ns, LZ_PURPOSE_ATTACK);
    const LzDist gap = {.kind = LZ_DIST_EXPONENTIAL, .a_ns = LZ_MILLISECONDS(50)};
    LzAddress source = (LzAddress)(from_ns / LZ_NS_PER_S) << 10;
    for (LzTime next_ns = from_ns; next_ns < until_ns; next_ns += lz_dist_draw(&gap, &random), ++*ret_offered) {
        run_until(target, next_ns);
        lz_tcp_receive(target->tcp, make(target, ++source, LZ_TCP_SYN, 1000));
    }
    run_until(target, until_ns);
}

/* Case 53: Erlang's loss formula at 20 /s, 1,024 entries and 63 s: 0.1906 within 5 %. Arrivals are Poisson, so a stranger's
 * SYN meets a full backlog as often as any other. */
static void test_flood(void)
{
    double erlang = 1;
    for (unsigned n = 1; n <= 1024; n++) {
        erlang = 20.0 * HOLD_S * erlang / (n + 20.0 * HOLD_S * erlang);
    }
    g_assert_cmpfloat_with_epsilon(erlang, 0.1906, 1e-4);
    Target target;
    uint64_t before = 0, offered = 0;
    target_init(&target, &lz_tcp_options_default, 1024);
    flood(&target, LZ_SECONDS(200), &before);   /* while it fills, nothing is blocked */
    uint64_t dropped = lz_tcp_stats(target.tcp)->syn_dropped;
    flood(&target, LZ_SECONDS(4200), &offered);
    double blocked = (double)(lz_tcp_stats(target.tcp)->syn_dropped - dropped) / (double)offered;
    g_test_message("%.4f of %" G_GUINT64_FORMAT, blocked, offered);
    g_assert_cmpfloat(blocked, >=, erlang * 0.95);
    g_assert_cmpfloat(blocked, <=, erlang * 1.05);
    target_clear(&target);
}

/* RFC 4987 3.6: with cookies a full backlog turns nobody away, and keeps nothing of who asks. */
static void test_cookies(void)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.has_syn_cookies = true;
    Target target;
    target_init(&target, &options, 1);
    lz_tcp_receive(target.tcp, make(&target, 1, LZ_TCP_SYN, 500));
    g_assert_cmpuint(lz_tcp_open_sockets(target.tcp), ==, 1);
    lz_tcp_receive(target.tcp, make(&target, 2, LZ_TCP_SYN, 1000));
    g_assert_cmpuint(lz_tcp_open_sockets(target.tcp), ==, 1);
    g_assert_cmpuint(lz_tcp_stats(target.tcp)->cookies_out, ==, 1);
    g_assert_cmphex(target.last.tcp_flags, ==, LZ_TCP_SYN | LZ_TCP_ACK);
    g_assert_cmpuint(target.last.acknowledgement, ==, 1001);
    g_assert_false(target.last.sack_permitted);
    g_assert_cmpuint(target.last.tcp_window_scale, ==, 0);
    uint32_t cookie = target.last.sequence;
    LzPacket *forged = make(&target, 3, LZ_TCP_ACK, 1001);      /* somebody else's */
    forged->acknowledgement = cookie + 1;
    lz_tcp_receive(target.tcp, forged);
    g_assert_cmphex(target.last.tcp_flags, ==, LZ_TCP_RST);
    g_assert_cmpuint(target.accepted, ==, 0);
    run_until(&target, LZ_MILLISECONDS(100));
    LzPacket *ack = make(&target, 2, LZ_TCP_ACK, 1001);
    ack->acknowledgement = cookie + 1;
    lz_tcp_receive(target.tcp, ack);
    g_assert_cmpuint(target.accepted, ==, 1);
    g_assert_cmpuint(lz_tcp_stats(target.tcp)->cookies_accepted, ==, 1);
    g_assert_cmpuint(lz_tcp_open_sockets(target.tcp), ==, 2);
    run_until(&target, LZ_SECONDS(1));
    LzPacket *late = make(&target, 4, LZ_TCP_SYN, 7);
    lz_tcp_receive(target.tcp, late);
    cookie = target.last.sequence;
    run_until(&target, LZ_SECONDS(200));
    ack = make(&target, 4, LZ_TCP_ACK, 8);      /* after more than two steps of 64 s */
    ack->acknowledgement = cookie + 1;
    lz_tcp_receive(target.tcp, ack);
    g_assert_cmpuint(target.accepted, ==, 1);
    target_clear(&target);
}

/* RFC 9293 3.8.4 with Linux's figures: the peer vanished; the first probe after 7,200 s of silence, nine of them 75 s apart,
 * and 75 s after the last the connection is over. */
static void test_keepalive(void)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.keeps_alive = true;
    TcpPair pair;
    tcp_pair_init(&pair, LZ_MILLISECONDS(20), &options, &lz_tcp_options_default);
    tcp_pair_connect(&pair);
    tcp_pair_run_for(&pair, LZ_SECONDS(7300));  /* the peer answers the first probe */
    g_assert_cmpuint(lz_tcp_stats(pair.client)->keepalives_out, ==, 1);
    g_assert_false(pair.is_closed);
    tcp_pair_send(&pair, 1000);                 /* the timer repairs losses meanwhile, and watches again after */
    tcp_pair_run_for(&pair, LZ_SECONDS(10));
    g_assert_cmpuint(pair.received_bytes, ==, 1000);
    tcp_pair_run_for(&pair, LZ_SECONDS(7200));
    g_assert_cmpuint(lz_tcp_stats(pair.client)->keepalives_out, ==, 2);
    g_assert_false(pair.is_closed);
    tcp_pair_clear(&pair);
}

static TestFate lose(void *self, const LzPacket *packet, unsigned index)
{
    (void)self;
    (void)packet;
    (void)index;
    return (TestFate){.is_lost = true};
}

static void test_keepalive_gives_up(void)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.keeps_alive = true;
    TcpPair pair;
    tcp_pair_init(&pair, LZ_MILLISECONDS(20), &options, &lz_tcp_options_default);
    tcp_pair_connect(&pair);
    tcp_pair_run_for(&pair, LZ_SECONDS(1));
    pair.to_server.decide = lose;
    g_array_set_size(pair.to_server.seen, 0);
    const LzTime heard_ns = LZ_MILLISECONDS(20);
    tcp_pair_run_for(&pair, heard_ns + LZ_SECONDS(7200 + 9 * 75) - lz_now(pair.scheduler) - 1);
    g_assert_false(pair.is_closed);
    g_assert_cmpuint(pair.to_server.seen->len, ==, 9);
    for (unsigned i = 0; i < 9; i++) {
        const TestSeen *seen = &g_array_index(pair.to_server.seen, TestSeen, i);
        g_assert_cmpint(seen->at_ns, ==, heard_ns + LZ_SECONDS(7200 + 75 * (int64_t)i));
        g_assert_cmpuint(seen->header.payload_size, ==, 0);
    }
    tcp_pair_run_for(&pair, 1);
    g_assert_true(pair.is_closed);
    g_assert_cmpint(pair.reason, ==, LZ_TCP_CLOSED_TIMEOUT);
    tcp_pair_clear(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/syn-backlog/case-53/flood", test_flood);
    g_test_add_func("/syn-backlog/case-54/synack-retries", test_synack_retries);
    g_test_add_func("/syn-backlog/cookies", test_cookies);
    g_test_add_func("/syn-backlog/keepalive/answered", test_keepalive);
    g_test_add_func("/syn-backlog/keepalive/gives-up", test_keepalive_gives_up);
    return g_test_run();
}
