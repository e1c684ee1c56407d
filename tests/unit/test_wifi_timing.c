/* Frame times of the "wifi" radio against rates and durations that IEEE 802.11-2020 and 802.11ax-2021 tabulate, and
 * decibels in whole thousandths. */
#include <glib.h>
#include <math.h>

#include "lazaret/decibel.h"
#include "lazaret/wifi_timing.h"

static LzWifiPhy phy_of(LzWifiStandard standard, unsigned width_mhz, unsigned streams)
{
    return (LzWifiPhy){.standard = standard, .width_mhz = width_mhz, .streams = streams};
}

/* Tables 17-4, 19-27, 19-31, 21-29 ff., 27-81 ff.: in 100 kbit/s, as printed there. */
static void test_rates(void)
{
    static const struct {
        LzWifiStandard standard;
        unsigned width_mhz, streams, count, rates[LZ_WIFI_MCS_MAX];
        bool is_short;
    } rows[] = {
        {LZ_WIFI_11A, 20, 1, 8, {60, 90, 120, 180, 240, 360, 480, 540}, false},
        {LZ_WIFI_11N, 20, 1, 8, {65, 130, 195, 260, 390, 520, 585, 650}, false},
        {LZ_WIFI_11N, 20, 1, 8, {72, 144, 217, 289, 433, 578, 650, 722}, true},
        {LZ_WIFI_11N, 40, 2, 8, {270, 540, 810, 1080, 1620, 2160, 2430, 2700}, false},
        {LZ_WIFI_11AC, 20, 1, 9, {65, 130, 195, 260, 390, 520, 585, 650, 780}, false},
        {LZ_WIFI_11AC, 80, 1, 10, {293, 585, 878, 1170, 1755, 2340, 2633, 2925, 3510, 3900}, false},
        {LZ_WIFI_11AX, 20, 1, 12, {86, 172, 258, 344, 516, 688, 774, 860, 1032, 1147, 1290, 1434}, false},
        {LZ_WIFI_11AX, 40, 1, 12, {172, 344, 516, 688, 1032, 1376, 1549, 1721, 2065, 2294, 2581, 2868}, false},
        {LZ_WIFI_11AX, 80, 1, 12, {360, 721, 1081, 1441, 2162, 2882, 3243, 3603, 4324, 4804, 5404, 6005}, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        LzWifiPhy phy = phy_of(rows[i].standard, rows[i].width_mhz, rows[i].streams);
        phy.has_short_guard = rows[i].is_short;
        g_assert_null(lz_wifi_phy_problem(&phy));
        g_assert_cmpuint(lz_wifi_mcs_count(&phy), ==, rows[i].count);
        for (unsigned mcs = 0; mcs < rows[i].count; mcs++) {
            g_assert_cmpfloat_with_epsilon((double)lz_wifi_rate_bps(&phy, mcs) / 1e5, rows[i].rates[mcs], 1.0);
        }
    }
}

static void test_durations(void)
{
    const LzWifiPhy a = phy_of(LZ_WIFI_11A, 20, 1), n = phy_of(LZ_WIFI_11N, 20, 1), ax = phy_of(LZ_WIFI_11AX, 20, 1);
    g_assert_cmpint(lz_wifi_ack_ns(&a, 7), ==, 28000);          /* 14 bytes at 24 Mbit/s, and at 6 */
    g_assert_cmpint(lz_wifi_ack_ns(&a, 0), ==, 44000);
    g_assert_cmpint(lz_wifi_ack_ns(&ax, 0), ==, 44000);
    g_assert_cmpint(lz_wifi_ack_ns(&ax, 1), ==, 32000);
    g_assert_cmpint(lz_wifi_ack_ns(&ax, 11), ==, 28000);
    g_assert_cmpint(lz_wifi_block_ack_ns(&n, 7), ==, 32000);
    g_assert_cmpint(lz_wifi_rts_ns(&a, 7), ==, 28000);
    g_assert_cmpint(lz_wifi_rts_ns(&a, 0), ==, 52000);
    g_assert_cmpint(lz_wifi_cts_ns(&a, 0), ==, 44000);
    g_assert_cmpint(lz_wifi_ppdu_ns(&a, 7, 1538), ==, 20000 + 4000 * 58);
    g_assert_cmpint(lz_wifi_ppdu_ns(&n, 7, 223), ==, 64000);    /* case 23 of the validation table */
    g_assert_cmpint(lz_wifi_ppdu_ns(&n, 0, 223), ==, 316000);
    g_assert_cmpint(lz_wifi_ppdu_ns(&ax, 11, 1538), ==, 44000 + 13600 * 7);     /* as in case 21 */
    g_assert_cmpint(lz_wifi_ppdu_ns(&ax, 0, 1538), ==, 44000 + 13600 * 106);
    LzWifiPhy two = a;
    two.is_2ghz = true;
    g_assert_cmpint(lz_wifi_sifs_ns(&two), ==, 10000);
    g_assert_cmpint(lz_wifi_ack_ns(&two, 7), ==, 34000);        /* and 6 us of signal extension */
}

/* The longest PSDU of a duration takes no longer, and one byte more does. */
static void test_longest(void)
{
    for (unsigned standard = 0; standard < LZ_WIFI_STANDARD_COUNT; standard++) {
        const LzWifiPhy phy = phy_of((LzWifiStandard)standard, 20, 1);
        for (unsigned mcs = 0; mcs < lz_wifi_mcs_count(&phy); mcs++) {
            for (LzTime us = 20; us < 5500; us += 137) {
                const uint32_t bytes = lz_wifi_psdu_bytes_max(&phy, mcs, LZ_MICROSECONDS(us));
                g_assert_true(bytes == 0 || lz_wifi_ppdu_ns(&phy, mcs, bytes) <= LZ_MICROSECONDS(us));
                g_assert_cmpint(lz_wifi_ppdu_ns(&phy, mcs, bytes + 1), >, LZ_MICROSECONDS(us));
            }
        }
    }
}

static void test_aggregates(void)
{
    uint32_t bytes = 0;
    for (unsigned i = 0; i < 14; i++) {
        bytes += lz_wifi_ampdu_add(bytes, 1534);        /* subframes of 1540 bytes but the last, which is not padded */
    }
    g_assert_cmpuint(bytes, ==, 13 * 1540 + 1538);
    const LzWifiPhy n = phy_of(LZ_WIFI_11N, 20, 1);
    g_assert_cmpuint(lz_wifi_window(&n), ==, 64);
    g_assert_cmpuint(lz_wifi_psdu_limit_bytes(&n), ==, 65535);
}

static void test_access_parameters(void)
{
    static const LzTime aifs_us[] = {79, 43, 34, 34}, access_point_us[] = {79, 43, 25, 25};
    const LzWifiPhy phy = phy_of(LZ_WIFI_11N, 20, 1);
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        LzWifiEdca edca;
        lz_wifi_edca(&phy, (LzWifiAc)ac, false, LZ_WIFI_TXOP_WMM, &edca);
        g_assert_cmpint(edca.aifs_ns, ==, LZ_MICROSECONDS(aifs_us[ac]));
        lz_wifi_edca(&phy, (LzWifiAc)ac, true, LZ_WIFI_TXOP_WMM, &edca);
        g_assert_cmpint(edca.aifs_ns, ==, LZ_MICROSECONDS(access_point_us[ac]));
    }
    LzWifiEdca edca;
    lz_wifi_edca(&phy, LZ_WIFI_VO, false, LZ_WIFI_TXOP_2020, &edca);
    g_assert_cmpint(edca.txop_ns, ==, LZ_MICROSECONDS(2080));
    lz_wifi_dcf(&phy, &edca);
    g_assert_cmpint(edca.aifs_ns, ==, LZ_MICROSECONDS(34));
}

static void test_problems(void)
{
    const LzWifiPhy good = phy_of(LZ_WIFI_11AX, 80, 2);
    LzWifiPhy bad[] = {phy_of(LZ_WIFI_11A, 40, 1), phy_of(LZ_WIFI_11A, 20, 2), phy_of(LZ_WIFI_11N, 80, 1),
                       phy_of(LZ_WIFI_11AC, 20, 1), phy_of(LZ_WIFI_11AX, 30, 1), phy_of(LZ_WIFI_11AX, 20, 1)};
    bad[3].is_2ghz = true;
    bad[5].has_short_guard = true;
    g_assert_null(lz_wifi_phy_problem(&good));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_nonnull(lz_wifi_phy_problem(&bad[i]));
    }
}

static void test_decibels(void)
{
    g_assert_cmpint(lz_mdb_of(1), ==, 0);
    g_assert_cmpint(lz_mdb_of(1000000), ==, 60000);
    for (uint64_t value = 2; value < UINT64_C(1) << 60; value = value * 3 + 1) {
        g_assert_cmpfloat_with_epsilon(lz_mdb_of(value) / 1e3, 10 * log10((double)value), 0.001);
    }
    for (LzMdb dbm = -120000; dbm < 25000; dbm += 777) {
        g_assert_cmpint(ABS(lz_power_mdb(lz_mdb_power(dbm)) - dbm), <=, 1);
    }
    const uint64_t half = lz_mdb_power(LZ_MDB(-50));
    g_assert_cmpint(ABS(lz_power_mdb(lz_power_add(half, half)) - -46990), <=, 1);
    g_assert_cmpuint(lz_power_add(LZ_POWER_MAX, LZ_POWER_MAX), ==, LZ_POWER_MAX);
    g_assert_cmpuint(lz_mdb_power(LZ_MDB(-200)), ==, 0);
    g_assert_cmpint(lz_power_mdb(0), ==, LZ_POWER_FLOOR_MDB);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wifi-timing/rates", test_rates);
    g_test_add_func("/wifi-timing/durations", test_durations);
    g_test_add_func("/wifi-timing/longest", test_longest);
    g_test_add_func("/wifi-timing/aggregates", test_aggregates);
    g_test_add_func("/wifi-timing/access-parameters", test_access_parameters);
    g_test_add_func("/wifi-timing/problems", test_problems);
    g_test_add_func("/wifi-timing/decibels", test_decibels);
    return g_test_run();
}
