/* Validation of the "wifi" radio as a whole: saturation against Bianchi and ns-3's tables (cases 21, 22), lone senders
 * (23, 24), the order of the access categories (25), jamming and deauthentication (26, 27), and path loss (38, 40, 41). */
#include <glib.h>
#include <math.h>

#include "lazaret/propagation.h"
#include "tests/lib/bianchi.h"
#include "tests/lib/test_air.h"

static void assert_within(double actual, double expected, double tolerance)
{
    g_assert_cmpfloat_with_epsilon(actual, expected, expected * tolerance);
}

static uint64_t all_delivered(const TestAir *air)
{
    uint64_t sum = 0;
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        sum += air->delivered[ac];
    }
    return sum;
}

/* ---- cases 21 and 22: 802.11ax, 20 MHz, 1500 B, no aggregation --------------------------------------------- */

typedef struct Saturated { double mbps, delay_us; } Saturated;

static Saturated saturate(unsigned stations, unsigned mcs, bool has_eifs, LzTime for_ns)
{
    TestAir *air = test_air_new();
    test_air_set(air, "standard", LZ_WIFI_11AX);
    test_air_set(air, "contention", LZ_WIFI_DCF);
    test_air_set(air, "mcs", mcs);
    test_air_set(air, "retries", 255);          /* Bianchi: without end */
    test_air_set(air, "fixed_loss_db", 45);
    test_air_set(air, "success_gap_ns", 9000);
    test_air_set(air, "eifs", has_eifs);
    air->depth = 1;                             /* then a packet's delay is that of the medium alone */
    test_air_start(air, stations, 21);
    for (unsigned i = 0; i < stations; i++) {
        test_air_saturate(air, i, LZ_UP, LZ_DSCP_DF);
    }
    test_air_run(air, LZ_SECONDS(1), for_ns);
    const double count = (double)all_delivered(air);
    const Saturated result = {count * 12000 / ((double)for_ns / 1e3), (double)air->waited_ns[LZ_WIFI_BE] / count / 1e3};
    g_assert_cmpuint(test_air_lost(air), ==, 0);
    test_air_free(air);
    return result;
}

/* ns-3, src/wifi/examples/wifi-bianchi.cc, its tables of reference values; our solver reproduces them in the same
 * breath, so that 20 stations, which we have no printed figure for, stand on the closed form. */
static void test_ax_saturation(void)
{
    static const struct {
        unsigned stations, mcs;
        bool has_eifs;
        double published_mbps;                  /* 0: none at hand */
    } rows[] = {
        {5, 11, false, 43.0043}, {10, 11, false, 41.0039}, {20, 11, false, 0},      {50, 11, false, 34.8154},
        {5, 0, false, 6.3746},   {10, 0, false, 5.8670},   {20, 0, false, 0},       {50, 0, false, 4.7004},
        {5, 11, true, 41.8065},  {10, 11, true, 39.2749},  {20, 11, true, 0},       {50, 11, true, 32.2164},
        {5, 0, true, 6.3381},    {10, 0, true, 5.8172},    {20, 0, true, 0},        {50, 0, true, 4.6317},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const double data_us = rows[i].mcs == 11 ? 44 + 13.6 * 7 : 44 + 13.6 * 106, ack_us = rows[i].mcs == 11 ? 28 : 44;
        const double delta_us = rows[i].has_eifs ? 0.1 : 0.0;
        const double success_us = data_us + 16 + ack_us + 34 + 9 + delta_us;
        const double collision_us = data_us + 34 + (rows[i].has_eifs ? 16 + ack_us + delta_us : 0);
        const Bianchi point = bianchi_solve(rows[i].stations, 16, 6);
        const double expected = bianchi_throughput(rows[i].stations, point, 12000, 9, success_us, collision_us);
        if (rows[i].published_mbps > 0) {
            assert_within(expected, rows[i].published_mbps, 1e-4);
        }
        const Saturated saturated = saturate(rows[i].stations, rows[i].mcs, rows[i].has_eifs, LZ_SECONDS(rows[i].mcs ? 25 : 100));
        /* Every station has one packet under way: by Little's law its mean delay is n E[P] / S. */
        const double delay_us = rows[i].stations * 12000 / expected;
        g_test_message("n %u, MCS %u, %s: %.4f Mbit/s, expected %.4f; delay %.0f us, expected %.0f", rows[i].stations, rows[i].mcs,
                       rows[i].has_eifs ? "EIFS" : "DIFS", saturated.mbps, expected, saturated.delay_us, delay_us);
        assert_within(saturated.mbps, expected, 0.02);
        assert_within(saturated.delay_us, delay_us, 0.02);
    }
}

/* Single categories, whose windows EDCA makes small: their collisions follow Bianchi with (W, m) = (8, 1) and (4, 1). */
static void test_small_windows(void)
{
    static const struct {
        uint8_t dscp;
        unsigned stations, window, stages;
        LzTime aifs_us;
    } rows[] = {{LZ_DSCP_AF41, 5, 8, 1, 34}, {LZ_DSCP_EF, 5, 4, 1, 34}, {LZ_DSCP_EF, 10, 4, 1, 34}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TestAir *air = test_air_new();
        test_air_set(air, "txop", LZ_WIFI_TXOP_NONE);
        test_air_set(air, "retries", 255);
        test_air_set(air, "eifs", false);
        air->ip_bytes = 185;
        test_air_start(air, rows[i].stations, 22);
        for (unsigned k = 0; k < rows[i].stations; k++) {
            test_air_saturate(air, k, LZ_UP, rows[i].dscp);
        }
        test_air_run(air, LZ_SECONDS(1), LZ_SECONDS(60));
        const Bianchi point = bianchi_solve(rows[i].stations, rows[i].window, rows[i].stages);
        const double success_us = 64 + 16 + 28 + (double)rows[i].aifs_us, collision_us = 64 + (double)rows[i].aifs_us;
        const double expected = bianchi_throughput(rows[i].stations, point, 1, 9, success_us, collision_us) * 1e6;
        const double frames = (double)all_delivered(air) / 60;
        g_test_message("W %u, n %u: %.0f frames/s, Bianchi %.0f", rows[i].window, rows[i].stations, frames, expected);
        assert_within(frames, expected, 0.02);
        test_air_free(air);
    }
}

/* ---- cases 23 and 24: a lone sender ------------------------------------------------------------------------------ */

static double lone_rate(uint8_t dscp, uint32_t ip_bytes, unsigned ampdu, unsigned depth)
{
    TestAir *air = test_air_new();
    test_air_set(air, "txop", LZ_WIFI_TXOP_NONE);
    test_air_set(air, "ampdu", ampdu);
    air->ip_bytes = ip_bytes;
    air->depth = depth;
    test_air_start(air, 1, 23);
    test_air_saturate(air, 0, LZ_UP, dscp);
    test_air_run(air, LZ_SECONDS(1), LZ_SECONDS(20));
    const double rate = (double)all_delivered(air) / 20;
    test_air_free(air);
    return rate;
}

static void test_lone_sender(void)
{
    /* 223 bytes of MPDU: AIFS + CWmin / 2 slots + 64 + SIFS 16 + ACK 28. */
    assert_within(lone_rate(LZ_DSCP_DF, 185, 1, 2), 4577, 0.01);
    assert_within(1e6 / lone_rate(LZ_DSCP_DF, 185, 1, 2), 218.5, 0.01);
    assert_within(lone_rate(LZ_DSCP_EF, 185, 1, 2), 6431, 0.01);
    assert_within(lone_rate(LZ_DSCP_AF41, 185, 1, 2), 5764, 0.01);
    assert_within(lone_rate(LZ_DSCP_CS1, 185, 1, 2), 3929, 0.01);
    assert_within(lone_rate(LZ_DSCP_DF, 1500, 1, 2) * 12000 / 1e6, 31.37, 0.01);
    assert_within(lone_rate(LZ_DSCP_DF, 1500, 14, 40) * 12000 / 1e6, 58.94, 0.01);
}

/* ---- case 25: the order of the categories ------------------------------------------------------------------------- */

static void test_order(void)
{
    static const uint8_t dscps[LZ_WIFI_AC_COUNT] = {LZ_DSCP_CS1, LZ_DSCP_DF, LZ_DSCP_AF41, LZ_DSCP_EF};
    TestAir *air = test_air_new();
    test_air_set(air, "txop", LZ_WIFI_TXOP_NONE);
    test_air_set(air, "retries", 255);
    air->ip_bytes = 185;
    test_air_start(air, 2, 25);
    for (unsigned i = 0; i < 2 * LZ_WIFI_AC_COUNT; i++) {
        test_air_saturate(air, i % 2, LZ_UP, dscps[i / 2]);
    }
    test_air_run(air, LZ_SECONDS(1), LZ_SECONDS(120));
    double mean_us[LZ_WIFI_AC_COUNT];
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        g_assert_cmpuint(air->delivered[ac], >, 5);
        mean_us[ac] = (double)air->waited_ns[ac] / (double)air->delivered[ac] / 1e3;
        g_test_message("%s: %" G_GUINT64_FORMAT " frames, mean delay %.0f us", lz_wifi_ac_name((LzWifiAc)ac), air->delivered[ac], mean_us[ac]);
    }
    g_assert_cmpfloat(mean_us[LZ_WIFI_VO], <, mean_us[LZ_WIFI_VI]);
    g_assert_cmpfloat(mean_us[LZ_WIFI_VI], <, mean_us[LZ_WIFI_BE]);
    g_assert_cmpfloat(mean_us[LZ_WIFI_BE], <, mean_us[LZ_WIFI_BK]);
    test_air_free(air);
}

/* ---- case 26: jamming ------------------------------------------------------------------------------------------------ */

/* Share of frames that arrive at their only attempt: PPDUs of 228 us. */
static double arrives(LzWifiNoiseConfig noise)
{
    noise.name.text = "jammer";
    TestAir *air = test_air_new();
    test_air_set(air, "retries", 0);
    test_air_config(air)->noises = (LzList){&noise, 1};
    test_air_start(air, 1, 26);
    LzRandom random;
    lz_random_init(&random, 26, 1, LZ_PURPOSE_TRAFFIC);
    air->medium->delivered = NULL;
    const LzLinkStats *stats = lz_link_stats(air->medium->link, LZ_UP);
    for (LzTime at_ns = 0; at_ns < LZ_SECONDS(200); at_ns += LZ_MILLISECONDS(1) + lz_random_exponential(&random, LZ_MILLISECONDS(3))) {
        test_medium_run(air->medium, at_ns);
        test_medium_send(air->medium, 0, LZ_UP, LZ_DSCP_DF, 1538);
    }
    const double lost = (double)test_air_lost(air), got = (double)stats->delivered_packets;
    g_assert_cmpfloat(lost + got, >, 40000);
    test_air_free(air);
    return got / (lost + got);
}

static void test_jamming(void)
{
    /* Below the energy threshold, so that nobody waits for it, and enough to drown MCS 7. */
    const LzTime pulse_ns = LZ_MICROSECONDS(20);
    const double poisson = arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_POISSON, .power_dbm = -63, .period_ns = LZ_MILLISECONDS(1), .pulse_ns = pulse_ns});
    g_test_message("Poisson: %.4f arrive, expected %.4f", poisson, exp(-.248));
    assert_within(poisson, .7804, 0.01);
    /* A frame must fit into the gap: 1 - duty - T / period. */
    const double periodic = arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_PERIODIC, .power_dbm = -63, .period_ns = LZ_MILLISECONDS(2), .pulse_ns = LZ_MILLISECONDS(1)});
    g_test_message("periodic: %.4f arrive, expected %.4f", periodic, 1 - .5 - .114);
    assert_within(periodic, 1 - .5 - .114, 0.02);
    g_assert_cmpfloat(arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_REACTIVE, .power_dbm = -63, .delay_ns = LZ_MICROSECONDS(20)}), <, 1e-9);
    g_assert_cmpfloat(arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_REACTIVE, .power_dbm = -63, .delay_ns = LZ_MICROSECONDS(300)}), >, 0.999);
    g_assert_cmpfloat(arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_CONSTANT, .power_dbm = -63}), <, 1e-9);
    g_assert_cmpfloat(arrives((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_CONSTANT, .power_dbm = -90}), >, 0.999);
}

/* ---- case 27: deauthentication ----------------------------------------------------------------------------------------- */

/* Share of packets, one each 10 ms, that arrive within 5 ms. */
static double available(bool has_pmf)
{
    TestAir *air = test_air_new();
    test_air_set(air, "deauth_period_ns", 10e9);
    test_air_set(air, "deauth_at_ns", 10e9);
    test_air_set(air, "pmf", has_pmf);
    test_air_set(air, "scan_channels", 1);      /* detect, scan and join: 2 s in all */
    test_air_set(air, "scan_channel", 1.99e9);
    test_air_set(air, "association", 10e6);
    test_air_start(air, 1, 27);
    air->medium->delivered = NULL;
    const LzLinkStats *stats = lz_link_stats(air->medium->link, LZ_UP);
    unsigned in_time = 0, sent = 0;
    for (LzTime at_ns = LZ_SECONDS(10); at_ns < LZ_SECONDS(110); at_ns += LZ_MILLISECONDS(10)) {
        test_medium_run(air->medium, at_ns);
        test_medium_send(air->medium, 0, LZ_UP, LZ_DSCP_DF, 300);
        test_medium_run(air->medium, at_ns + LZ_MILLISECONDS(5));
        sent++;
        in_time += stats->queued_packets + stats->in_flight_packets == 0 ? 1 : 0;
    }
    test_air_free(air);
    return (double)in_time / sent;
}

static void test_deauthentication(void)
{
    assert_within(available(false), .8, 0.01);
    g_assert_cmpfloat(available(true), >, 0.9999);
}

/* ---- cases 38, 40, 41: path loss and shadowing --------------------------------------------------------------------------- */

static uint64_t metres2(double metres)
{
    return (uint64_t)(metres * metres * 1e6);
}

static void test_path_loss(void)
{
    static const struct { int64_t hz; double metres, los, nlos; } rows[] = {
        {3500000000, 10, 60.58, 69.15}, {3500000000, 30, 68.84, 87.42},  {3500000000, 50, 72.67, 95.92},
        {3500000000, 100, 77.88, 107.45}, {2400000000, 10, 57.30, 65.07}, {5000000000, 10, 63.68, 73.00},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpfloat_with_epsilon(lz_inh_los_mdb(metres2(rows[i].metres), rows[i].hz) / 1e3, rows[i].los, 0.01);
        g_assert_cmpfloat_with_epsilon(lz_inh_nlos_mdb(metres2(rows[i].metres), rows[i].hz) / 1e3, rows[i].nlos, 0.01);
    }
    /* ITU-R P.1238: 20 lg 5200 + 31 lg 30 - 28. */
    g_assert_cmpfloat_with_epsilon(lz_p1238_mdb(metres2(30), 5200000000, 31) / 1e3, 20 * log10(5200) + 31 * log10(30) - 28, 0.01);
}

static void test_line_of_sight(void)
{
    static const struct { double metres, share; } rows[] = {{1, 1}, {5, .4455}, {10, .2874}, {20, .2115}, {50, .0843}};
    LzRandom random;
    lz_random_init(&random, 40, 1, LZ_PURPOSE_SHADOW);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const uint32_t ppb = lz_inh_los_ppb(metres2(rows[i].metres));
        g_assert_cmpfloat_with_epsilon(ppb / 1e9, rows[i].share, 1e-4);
        unsigned in_sight = 0;
        for (unsigned k = 0; k < 100000; k++) {
            in_sight += lz_random_chance_ppb(&random, ppb) ? 1 : 0;
        }
        g_assert_cmpfloat_with_epsilon(in_sight / 1e5, rows[i].share, 3 * sqrt(rows[i].share * (1 - rows[i].share) / 1e5) + 1e-4);
    }
}

static void test_shadow(void)
{
    enum { STEPS = 400000 };
    LzRandom random;
    lz_random_init(&random, 41, 1, LZ_PURPOSE_SHADOW);
    LzMdb shadow = lz_shadow_first(LZ_INH_NLOS_SIGMA_MDB, &random);
    double squares = 0, products = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        const LzMdb next = lz_shadow_next(shadow, LZ_INH_NLOS_CORRELATION_MM, LZ_INH_NLOS_CORRELATION_MM, LZ_INH_NLOS_SIGMA_MDB, &random);
        squares += (double)shadow * shadow;
        products += (double)shadow * next;
        shadow = next;
    }
    assert_within(sqrt(squares / STEPS), 8030, 0.02);
    assert_within(products / squares, exp(-1), 0.02);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wifi/ax-saturation", test_ax_saturation);
    g_test_add_func("/wifi/small-windows", test_small_windows);
    g_test_add_func("/wifi/lone-sender", test_lone_sender);
    g_test_add_func("/wifi/order-of-categories", test_order);
    g_test_add_func("/wifi/jamming", test_jamming);
    g_test_add_func("/wifi/deauthentication", test_deauthentication);
    g_test_add_func("/wifi/path-loss", test_path_loss);
    g_test_add_func("/wifi/line-of-sight", test_line_of_sight);
    g_test_add_func("/wifi/shadow", test_shadow);
    return g_test_run();
}
