/* What TCP brings over a path that loses packets, against the square-root laws and the window of CUBIC. MSS 1460. */
#include <glib.h>
#include <math.h>

#include "tests/lib/tcp_pair.h"

#define MSS 1460.0

/* Loses data packets: each by chance, or every so many. Forgets the headers that the pipe would keep. */
typedef struct Loss {
    TestPipe *pipe;
    LzRandom random;
    uint32_t loss_ppb;
    uint64_t every, data_packets;
} Loss;

static TestFate decide(void *self, const LzPacket *packet, unsigned index)
{
    Loss *loss = self;
    (void)index;
    g_array_set_size(loss->pipe->seen, 0);
    if (packet->payload_size == 0) {
        return (TestFate){0};
    }
    loss->data_packets++;
    bool is_periodic = loss->every > 0 && loss->data_packets % loss->every == 0;
    return (TestFate){.is_lost = is_periodic || (loss->loss_ppb > 0 && lz_random_chance_ppb(&loss->random, loss->loss_ppb))};
}

static TestFate forget(void *self, const LzPacket *packet, unsigned index)
{
    TestPipe *pipe = self;
    (void)packet;
    (void)index;
    g_array_set_size(pipe->seen, 0);
    return (TestFate){0};
}

typedef struct Bulk {
    const char *congestion;
    LzTime rtt_ns, rto_min_ns, delayed_ack_ns;
    bool counts_bytes;
    uint32_t loss_ppb;
    uint64_t every;                     /* or every so many */
    unsigned settle_s, measure_s;
} Bulk;

/* bit/s of payload that arrived in order, after the first seconds. */
static double goodput_bps(const Bulk *bulk)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.receive_window_bytes = 64u << 20;
    options.window_scale = lz_tcp_window_scale(options.receive_window_bytes);
    options.congestion = lz_tcp_congestion_find(bulk->congestion);
    options.rto_min_ns = bulk->rto_min_ns;
    options.delayed_ack_ns = bulk->delayed_ack_ns;
    options.counts_bytes = bulk->counts_bytes;
    TcpPair pair;
    tcp_pair_init(&pair, bulk->rtt_ns, &options, &options);
    Loss loss = {.pipe = &pair.to_server, .loss_ppb = bulk->loss_ppb, .every = bulk->every};
    lz_random_init(&loss.random, 48, lz_entity_id("loss"), LZ_PURPOSE_LOSS);
    pair.to_server.decide = decide;
    pair.to_server.self = &loss;
    pair.to_client.decide = forget;
    pair.to_client.self = &pair.to_client;
    tcp_pair_connect(&pair);
    tcp_pair_send(&pair, UINT64_C(2) << 30);
    tcp_pair_run_for(&pair, LZ_SECONDS(bulk->settle_s));
    uint64_t before = pair.received_bytes;
    tcp_pair_run_for(&pair, LZ_SECONDS(bulk->measure_s));
    double bps = 8.0 * (double)(pair.received_bytes - before) / bulk->measure_s;
    g_assert_false(pair.is_closed);
    tcp_pair_clear(&pair);
    return bps;
}

static void assert_within(double value, double low, double high)
{
    g_test_message("%.4g in %.4g to %.4g", value, low, high);
    g_assert_cmpfloat(value, >=, low);
    g_assert_cmpfloat(value, <=, high);
}

/* Case 48: Padhye et al. 1998 at p = 0.01, round trip 50 ms, T0 1 s, b = 2: 1.394 Mbit/s; with SACK up to what Mathis et
 * al. 1997 have without time-outs, 2.02 Mbit/s. NewReno that counts acknowledgements, delayed ones: that is b = 2. */
static void test_bulk_one_percent(void)
{
    Bulk bulk = {.congestion = "newreno", .rtt_ns = LZ_MILLISECONDS(50), .rto_min_ns = LZ_SECONDS(1) - LZ_MILLISECONDS(50),
                 .delayed_ack_ns = LZ_MILLISECONDS(40), .loss_ppb = 10000000, .settle_s = 20, .measure_s = 2000};
    assert_within(goodput_bps(&bulk), 1.394e6 * 0.9, 1.394e6 * 1.45);
}

/* Case 49: the same at p = 1e-4, 20.1 Mbit/s within 10 %, with one packet in 10,000 lost. */
static void test_bulk_one_in_10000(void)
{
    Bulk bulk = {.congestion = "newreno", .rtt_ns = LZ_MILLISECONDS(50), .rto_min_ns = LZ_SECONDS(1) - LZ_MILLISECONDS(50),
                 .delayed_ack_ns = LZ_MILLISECONDS(40), .every = 10000, .settle_s = 60, .measure_s = 300};
    assert_within(goodput_bps(&bulk), 20.1e6 * 0.9, 20.1e6 * 1.1);
}

/* Mathis et al. with b = 1, MSS/RTT sqrt(3/2)/sqrt(p), for NewReno that counts bytes, with delayed acknowledgements and
 * without: 28.61 and 9.05 Mbit/s at p = 1e-4 and 1e-3 (models of the square-root law hold within 10 % when loss is
 * periodic). */
static void test_bulk_counting_bytes(void)
{
    static const struct { uint64_t every; LzTime delayed_ack_ns; double bps; } rows[] = {
        {10000, 0, 28.610e6}, {10000, LZ_MILLISECONDS(40), 28.610e6}, {1000, 0, 9.047e6}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Bulk bulk = {.congestion = "newreno", .rtt_ns = LZ_MILLISECONDS(50), .rto_min_ns = LZ_MILLISECONDS(200),
                     .delayed_ack_ns = rows[i].delayed_ack_ns, .counts_bytes = true, .every = rows[i].every,
                     .settle_s = 30, .measure_s = 120};
        assert_within(goodput_bps(&bulk), rows[i].bps * 0.9, rows[i].bps * 1.1);
    }
}

/* Case 51: RFC 9438 5.2, W = (C (3 + beta) / (4 (1 - beta)))^(1/4) RTT^(3/4) / p^(3/4): 187.4 segments at a round trip of
 * 100 ms and one packet in 10,000 lost, within 15 %. */
static void test_cubic_average_window(void)
{
    const double window = pow(0.4 * 3.7 / (4 * 0.3), 0.25) * pow(0.1, 0.75) / pow(1e-4, 0.75);
    assert_within(window, 187.3, 187.5);
    Bulk bulk = {.congestion = "cubic", .rtt_ns = LZ_MILLISECONDS(100), .rto_min_ns = LZ_MILLISECONDS(200),
                 .counts_bytes = true, .every = 10000, .settle_s = 60, .measure_s = 240};
    double segments = goodput_bps(&bulk) * 0.1 / (8 * MSS);
    assert_within(segments, window * 0.85, window * 1.15);
}

/* Case 50: RFC 9438 4.2, K = cbrt(W (1 - beta) / C) in seconds, to the microsecond below. */
static void test_cubic_k(void)
{
    static const struct { uint32_t segments; double k_s; } rows[] = {{10, 1.9574}, {100, 4.2172}, {1000, 9.0856}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t k_us = lz_cubic_k_us(rows[i].segments * 1460 / 10 * 7, rows[i].segments * 1460, 1460);
        assert_within((double)k_us / 1e6, rows[i].k_s - 5e-5, rows[i].k_s + 5e-5);
    }
}

/* How many bytes the client has on their way, as the wire shows it. */
typedef struct Flight {
    TcpPair *pair;
    uint32_t initial;
    int64_t sent, acknowledged, lost_at;
    LzTime recovered_ns, regained_ns;
    int64_t wanted;
} Flight;

static TestFate watch_data(void *self, const LzPacket *packet, unsigned index)
{
    Flight *flight = self;
    (void)index;
    if (packet->tcp_flags & LZ_TCP_SYN) {
        flight->initial = packet->sequence;
    }
    int64_t position = (uint32_t)(packet->sequence - flight->initial);
    bool is_lost = packet->payload_size > 0 && flight->lost_at == 0;
    if (is_lost) {
        flight->lost_at = position;
    }
    flight->sent = MAX(flight->sent, position + (int64_t)packet->payload_size);
    if (flight->recovered_ns > 0 && flight->regained_ns == 0 && flight->sent - flight->acknowledged >= flight->wanted) {
        flight->regained_ns = lz_now(flight->pair->scheduler);
    }
    return (TestFate){.is_lost = is_lost};
}

static void acknowledged(void *receiver, LzPacket *packet)
{
    Flight *flight = receiver;
    int64_t position = (uint32_t)(packet->acknowledgement - flight->initial);
    if (flight->lost_at > 0 && flight->recovered_ns == 0 && position > flight->lost_at) {
        flight->recovered_ns = lz_now(flight->pair->scheduler);
    }
    flight->acknowledged = MAX(flight->acknowledged, position);
    lz_tcp_receive(flight->pair->client, packet);
}

/* Case 50: a window of 100 segments that loses one is back at 100 after K = 4.217 s, within a round trip of 100 ms. */
static void test_cubic_regains(void)
{
    const LzTime rtt_ns = LZ_MILLISECONDS(100);
    LzTcpOptions options = lz_tcp_options_default;
    options.receive_window_bytes = 1 << 20;
    options.window_scale = lz_tcp_window_scale(options.receive_window_bytes);
    options.congestion = lz_tcp_congestion_find("cubic");
    options.initial_window_segments = 100;
    options.delayed_ack_ns = 0;
    TcpPair pair;
    tcp_pair_init(&pair, rtt_ns, &options, &options);
    Flight flight = {.pair = &pair, .wanted = 100 * (int64_t)MSS};
    pair.to_server.decide = watch_data;
    pair.to_server.self = &flight;
    pair.to_client.arrived = acknowledged;
    pair.to_client.receiver = &flight;
    tcp_pair_connect(&pair);
    tcp_pair_run_for(&pair, LZ_SECONDS(1));
    LzBuffer *byte = lz_buffer_new(1);          /* with the window as it is beyond what a SYN can say */
    lz_tcp_send(pair.accepted, byte, 0, 1);
    lz_buffer_unref(byte);
    tcp_pair_run_for(&pair, LZ_SECONDS(1));
    tcp_pair_send(&pair, 100000000);
    tcp_pair_run_for(&pair, LZ_SECONDS(10));
    g_assert_cmpint(flight.regained_ns, >, 0);
    double took_s = (double)(flight.regained_ns - flight.recovered_ns) / 1e9;
    assert_within(took_s, 4.2172 - 0.1, 4.2172 + 0.1);
    tcp_pair_clear(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp-throughput/case-48/newreno-sack-delayed-ack", test_bulk_one_percent);
    g_test_add_func("/tcp-throughput/case-49/newreno-sack-delayed-ack", test_bulk_one_in_10000);
    g_test_add_func("/tcp-throughput/newreno-counting-bytes", test_bulk_counting_bytes);
    g_test_add_func("/tcp-throughput/case-50/cubic-k", test_cubic_k);
    g_test_add_func("/tcp-throughput/case-50/cubic-regains", test_cubic_regains);
    g_test_add_func("/tcp-throughput/case-51/cubic-average-window", test_cubic_average_window);
    return g_test_run();
}
