/* TCP's times against closed forms. */
#include <glib.h>

#include "tests/lib/tcp_pair.h"

/* Case 44: RFC 6298 with samples of 0.1, 0.2, 0.1 s and no floor, exact. */
static void test_rto(void)
{
    LzRto rto;
    lz_rto_init(&rto, LZ_SECONDS(1));
    g_assert_cmpint(rto.rto_ns, ==, LZ_SECONDS(1));
    static const struct { int sample_ms; LzTime rto_ns; } rows[] = {
        {100, 300000000}, {200, 362500000}, {100, 310937500},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        lz_rto_sample(&rto, LZ_MILLISECONDS(rows[i].sample_ms), 0, LZ_SECONDS(120));
        g_assert_cmpint(rto.rto_ns, ==, rows[i].rto_ns);
    }
    lz_rto_sample(&rto, LZ_MILLISECONDS(100), LZ_SECONDS(1), LZ_SECONDS(120));
    g_assert_cmpint(rto.rto_ns, ==, rto.srtt_ns + LZ_SECONDS(1));
    lz_rto_sample(&rto, LZ_SECONDS(500), 0, LZ_SECONDS(120));
    g_assert_cmpint(rto.rto_ns, ==, LZ_SECONDS(120));
}

static TestFate lose_one_in_twenty(void *self, const LzPacket *packet, unsigned index)
{
    (void)packet;
    (void)index;
    return (TestFate){.is_lost = lz_random_chance_ppb(self, 50000000)};
}

/* A new pair of stacks with nothing under way, so that each connection is a trial of its own. */
static void forget_connection(TcpPair *pair)
{
    lz_tcp_reset(pair->client);
    lz_tcp_reset(pair->server);
    tcp_pair_run_for(pair, LZ_MILLISECONDS(200));
    lz_tcp_reset(pair->server);
    tcp_pair_listen(pair);
    g_array_set_size(pair->to_server.seen, 0);
    g_array_set_size(pair->to_client.seen, 0);
}

/* Case 45: Cardwell et al. closed form for SYN loss of 5 % each way, round trip 50 ms, RTO 1 s, retries by the
 * client only (the server answers each SYN but never repeats by itself): q = 1 - 0.95^2, E = RTT +
 * RTO q / (1 - 2q), cut off after 6 retries: 171.1 ms over those that connect, within 3 % in 1e5 trials. */
static void test_syn_loss(void)
{
    enum { TRIALS = 100000 };
    LzTcpOptions client = lz_tcp_options_default, server = lz_tcp_options_default;
    server.rto_initial_ns = server.rto_max_ns = LZ_SECONDS(100000);
    TcpPair pair;
    tcp_pair_init(&pair, LZ_MILLISECONDS(50), &client, &server);
    LzRandom up, down;
    lz_random_init(&up, 45, lz_entity_id("up"), LZ_PURPOSE_LOSS);
    lz_random_init(&down, 45, lz_entity_id("down"), LZ_PURPOSE_LOSS);
    pair.to_server.decide = pair.to_client.decide = lose_one_in_twenty;
    pair.to_server.self = &up;
    pair.to_client.self = &down;
    LzTime sum_ns = 0;
    unsigned connections = 0;
    for (unsigned i = 0; i < TRIALS; i++) {
        LzTime start_ns = lz_now(pair.scheduler);
        tcp_pair_connect(&pair);
        while (pair.connected_ns < 0 && !pair.is_closed) {
            g_assert_true(lz_scheduler_step(pair.scheduler, start_ns + LZ_SECONDS(200)));
        }
        if (pair.connected_ns >= 0) {
            sum_ns += pair.connected_ns - start_ns;
            connections++;
        }
        forget_connection(&pair);
    }
    double mean_ms = (double)sum_ns / connections / 1e6;
    g_test_message("mean %.2f ms over %u connections", mean_ms, connections);
    g_assert_cmpfloat(mean_ms, >, 171.1 * 0.97);
    g_assert_cmpfloat(mean_ms, <, 171.1 * 1.03);
    tcp_pair_clear(&pair);
}

static unsigned rounds_of(uint32_t bytes)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.delayed_ack_ns = 0;                 /* slow start doubles only when each segment is acknowledged */
    options.receive_window_bytes = 8 << 20;
    options.window_scale = 8;
    const LzTime rtt_ns = LZ_MILLISECONDS(50);
    TcpPair pair;
    tcp_pair_init(&pair, rtt_ns, &options, &options);
    tcp_pair_connect(&pair);
    tcp_pair_send(&pair, bytes);
    tcp_pair_run_for(&pair, LZ_SECONDS(10));
    g_assert_cmpuint(pair.received_bytes, ==, bytes);
    g_assert_cmpint(pair.connected_ns, ==, rtt_ns);
    g_assert_cmpuint(lz_tcp_stats(pair.client)->retransmitted, ==, 0);
    LzTime transfer_ns = pair.last_byte_ns - pair.connected_ns - rtt_ns / 2;
    g_assert_cmpint(transfer_ns % rtt_ns, ==, 0);
    tcp_pair_clear(&pair);
    return (unsigned)(transfer_ns / rtt_ns) + 1;
}

/* Case 52: with IW10 (RFC 6928) and no loss 100 kB take 3 rounds (10 + 20 + 39 segments), exact; 14 600 bytes
 * one, a byte more two, 1 MB seven. */
static void test_rounds(void)
{
    g_assert_cmpuint(rounds_of(14600), ==, 1);
    g_assert_cmpuint(rounds_of(14601), ==, 2);
    g_assert_cmpuint(rounds_of(100000), ==, 3);
    g_assert_cmpuint(rounds_of(1000000), ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp-latency/case-44/rto", test_rto);
    g_test_add_func("/tcp-latency/case-45/syn-loss", test_syn_loss);
    g_test_add_func("/tcp-latency/case-52/rounds", test_rounds);
    return g_test_run();
}
