/* The "wifi" radio beyond its closed forms: DSCP maps, hidden nodes, access points on one channel, aggregation and
 * order, rates by signal, association limits, roaming, power save, noise that is sensed; and that every parameter of its
 * table changes a run. */
#include <glib.h>
#include <string.h>

#include "sim/registry.h"
#include "tests/lib/test_air.h"
#include "tests/lib/test_config.h"

/* ---- DSCP to access category --------------------------------------------------------------------------------- */

static void test_maps(void)
{
    static const struct { uint8_t dscp; LzWifiAc rfc8325, three_bits; } rows[] = {
        {LZ_DSCP_EF, LZ_WIFI_VO, LZ_WIFI_VI},   {LZ_DSCP_VA, LZ_WIFI_VO, LZ_WIFI_VI},   {LZ_DSCP_CS6, LZ_WIFI_VO, LZ_WIFI_VO},
        {LZ_DSCP_CS5, LZ_WIFI_VI, LZ_WIFI_VI},  {LZ_DSCP_AF41, LZ_WIFI_VI, LZ_WIFI_VI}, {LZ_DSCP_CS4, LZ_WIFI_VI, LZ_WIFI_VI},
        {LZ_DSCP_AF31, LZ_WIFI_VI, LZ_WIFI_BE}, {LZ_DSCP_CS3, LZ_WIFI_VI, LZ_WIFI_BE},  {LZ_DSCP_AF21, LZ_WIFI_BE, LZ_WIFI_BK},
        {LZ_DSCP_CS2, LZ_WIFI_BE, LZ_WIFI_BK},  {LZ_DSCP_AF11, LZ_WIFI_BE, LZ_WIFI_BK}, {LZ_DSCP_DF, LZ_WIFI_BE, LZ_WIFI_BE},
        {LZ_DSCP_CS1, LZ_WIFI_BK, LZ_WIFI_BK},  {LZ_DSCP_LE, LZ_WIFI_BK, LZ_WIFI_BE},
    };
    uint8_t good[LZ_DSCP_COUNT], habit[LZ_DSCP_COUNT], none[LZ_DSCP_COUNT];
    lz_wifi_map(LZ_WIFI_MAP_RFC8325, good);
    lz_wifi_map(LZ_WIFI_MAP_3MSB, habit);
    lz_wifi_map(LZ_WIFI_MAP_NONE, none);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(good[rows[i].dscp], ==, rows[i].rfc8325);
        g_assert_cmpuint(habit[rows[i].dscp], ==, rows[i].three_bits);
        g_assert_cmpuint(none[rows[i].dscp], ==, LZ_WIFI_BE);
    }
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static void test_errors(void)
{
    const LzWifiPhy phy = {.standard = LZ_WIFI_11AX, .width_mhz = 20, .streams = 1};
    for (unsigned mcs = 0; mcs < lz_wifi_mcs_count(&phy); mcs++) {
        const LzMdb required = lz_wifi_required_mdb(&phy, mcs);
        g_assert_cmpfloat_with_epsilon(lz_wifi_error_ppb(&phy, mcs, required, 4096), 1e8, 1e5);
        g_assert_cmpuint(lz_wifi_error_ppb(&phy, mcs, required + LZ_MDB(20), 4096), ==, 0);
        g_assert_cmpuint(lz_wifi_error_ppb(&phy, mcs, required - LZ_MDB(5), 100), ==, 1000000000);
        /* 1 - 0.9^(L / 4096) */
        g_assert_cmpfloat_with_epsilon(lz_wifi_error_ppb(&phy, mcs, required, 2048), 51316702, 1e5);
        g_assert_cmpuint(lz_wifi_error_ppb(&phy, mcs, required, 256), <, lz_wifi_error_ppb(&phy, mcs, required, 257));
    }
}

/* ---- who hears whom ---------------------------------------------------------------------------------------------- */

/* Two stations on either side of their access point, both saturated: frames a second, and the share given up. */
typedef struct Pair { double frames, lost; } Pair;

static Pair run_pair(int radius_m, bool has_rts)
{
    TestAir *air = test_air_new();
    test_air_set(air, "path_loss", LZ_WIFI_LOSS_P1238);
    test_air_set(air, "shadowing", 0);
    test_air_set(air, "placement", LZ_WIFI_RING);
    test_air_set(air, "radius_m", radius_m);
    test_air_set(air, "mcs", 0);
    test_air_set(air, "rts_bytes", has_rts ? 1 : 0);
    test_air_start(air, 2, 31);
    test_air_saturate(air, 0, LZ_UP, LZ_DSCP_DF);
    test_air_saturate(air, 1, LZ_UP, LZ_DSCP_DF);
    test_air_run(air, LZ_SECONDS(1), LZ_SECONDS(30));
    const double got = (double)air->delivered[LZ_WIFI_BE], lost = (double)test_air_lost(air);
    test_air_free(air);
    return (Pair){got / 30, lost / (lost + got)};
}

static void test_hidden_nodes(void)
{
    /* 20 dBm less 96 dB at 30 m are heard (-82 dBm), those from 60 m are not. */
    const Pair seen = run_pair(10, false), hidden = run_pair(28, false), saved = run_pair(28, true), cautious = run_pair(10, true);
    g_test_message("seen %.0f/s, hidden %.0f/s (%.1f %% given up), hidden with RTS %.0f/s", seen.frames, hidden.frames,
                   100 * hidden.lost, saved.frames);
    g_assert_cmpfloat(hidden.frames, <, 0.6 * seen.frames);
    g_assert_cmpfloat(saved.frames, >, 1.5 * hidden.frames);
    g_assert_cmpfloat(cautious.frames, <, seen.frames);         /* RTS costs where nobody is hidden */
    g_assert_cmpfloat(seen.lost, <, 0.001);
}

/* Two cells beside each other, one saturated station in each. */
static double run_cells(int channels, int spacing_m)
{
    TestAir *air = test_air_new();
    test_air_set(air, "path_loss", LZ_WIFI_LOSS_P1238);
    test_air_set(air, "shadowing", 0);
    test_air_set(air, "placement", LZ_WIFI_RING);
    test_air_set(air, "radius_m", 2);
    test_air_set(air, "access_points", 2);
    test_air_set(air, "channels", channels);
    test_air_set(air, "spacing_m", spacing_m);
    test_air_start(air, 2, 32);
    test_air_saturate(air, 0, LZ_UP, LZ_DSCP_DF);
    test_air_saturate(air, 1, LZ_UP, LZ_DSCP_DF);
    test_air_run(air, LZ_SECONDS(1), LZ_SECONDS(10));
    const double frames = (double)air->delivered[LZ_WIFI_BE] / 10;
    test_air_free(air);
    return frames;
}

static void test_shared_channel(void)
{
    const double apart = run_cells(2, 15), together = run_cells(1, 15), far = run_cells(1, 1000);
    g_test_message("two channels %.0f/s, one %.0f/s, one but far apart %.0f/s", apart, together, far);
    g_assert_cmpfloat(together, <, 0.6 * apart);
    g_assert_cmpfloat_with_epsilon(far, apart, 0.02 * apart);
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

typedef struct Order { uint64_t last_id; unsigned count; } Order;

static void check_order(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Order *order = self;
    g_assert_cmpuint(packet->id, >, order->last_id);
    order->last_id = packet->id;
    order->count++;
}

/* One in ten MPDUs of an aggregate is lost: they are sent again, and nothing overtakes them. */
static void test_order_within_category(void)
{
    TestAir *air = test_air_new();
    test_air_set(air, "ampdu", 32);
    test_air_set(air, "fixed_loss_db", 83);             /* 15 - 83 + 94 = 26 dB: MCS 7 needs 25 for 10 % of 4096 bytes */
    Order order = {0, 0};
    test_air_start(air, 1, 33);
    air->medium->delivered = check_order;
    air->medium->self = &order;
    for (unsigned i = 0; i < 400; i++) {
        test_medium_send(air->medium, 0, LZ_DOWN, LZ_DSCP_DF, 1538);
        test_medium_run(air->medium, LZ_MICROSECONDS(500) * i);
    }
    test_medium_run(air->medium, LZ_SECONDS(5));
    g_assert_true(test_medium_is_empty(air->medium));
    g_assert_cmpuint(order.count, ==, 400);
    test_air_free(air);
}

static double rate_at(int loss_db, LzWifiRateKind rate)
{
    TestAir *air = test_air_new();
    test_air_set(air, "rate", rate);
    test_air_set(air, "fixed_loss_db", loss_db);
    test_air_start(air, 1, 34);
    test_air_saturate(air, 0, LZ_UP, LZ_DSCP_DF);
    test_air_run(air, LZ_SECONDS(5), LZ_SECONDS(5));
    const double frames = (double)air->delivered[LZ_WIFI_BE] / 5;
    test_air_free(air);
    return frames;
}

static void test_rate_by_signal(void)
{
    double last = G_MAXDOUBLE;
    for (int loss_db = 70; loss_db <= 95; loss_db += 5) {
        const double ideal = rate_at(loss_db, LZ_WIFI_RATE_IDEAL), minstrel = rate_at(loss_db, LZ_WIFI_RATE_MINSTREL);
        g_test_message("%d dB: ideal %.0f/s, Minstrel %.0f/s", loss_db, ideal, minstrel);
        g_assert_cmpfloat(ideal, <=, last * 1.01);
        g_assert_cmpfloat(minstrel, >, 0.6 * ideal);    /* a tenth of its frames probe, many in vain */
        last = ideal;
    }
}

/* ---- association -------------------------------------------------------------------------------------------------- */

/* With 802.11r a walk along ten access points breaks for 20 + 10 ms each time, with EAP-TLS for much longer. */
static void run_walk(LzWifiSecurity security, LzTime *ret_longest_ns, unsigned *ret_gaps)
{
    TestAir *air = test_air_new();
    test_air_set(air, "path_loss", LZ_WIFI_LOSS_INH);
    test_air_set(air, "rate", LZ_WIFI_RATE_IDEAL);
    test_air_set(air, "access_points", 10);
    test_air_set(air, "columns", 10);
    test_air_set(air, "channels", 4);
    test_air_set(air, "walking_ppb", 1e9);
    test_air_set(air, "scan_channels", 1);
    test_air_set(air, "security", security);
    test_air_start(air, 1, 35);
    air->medium->delivered = NULL;
    const LzLinkStats *stats = lz_link_stats(air->medium->link, LZ_UP);
    LzTime since_ns = -1, longest_ns = 0;
    unsigned gaps = 0;
    for (LzTime at_ns = 0; at_ns < LZ_SECONDS(240); at_ns += LZ_MILLISECONDS(5)) {
        test_medium_run(air->medium, at_ns);
        const bool is_stuck = stats->queued_packets > 2;
        gaps += is_stuck && since_ns < 0 ? 1 : 0;
        since_ns = !is_stuck ? -1 : since_ns < 0 ? at_ns : since_ns;
        longest_ns = MAX(longest_ns, since_ns < 0 ? 0 : at_ns - since_ns);
        test_medium_send(air->medium, 0, LZ_UP, LZ_DSCP_EF, 300);
    }
    test_air_free(air);
    *ret_longest_ns = longest_ns;
    *ret_gaps = gaps;
}

static void test_roaming(void)
{
    LzTime fast_ns, slow_ns;
    unsigned fast, slow;
    run_walk(LZ_WIFI_FT, &fast_ns, &fast);
    run_walk(LZ_WIFI_EAP_TLS, &slow_ns, &slow);
    g_test_message("802.11r: %u gaps, longest %.0f ms; EAP-TLS: %u, %.0f ms", fast, (double)fast_ns / 1e6, slow, (double)slow_ns / 1e6);
    g_assert_cmpuint(fast, >=, 4);
    g_assert_cmpuint(slow, >=, 4);
    g_assert_cmpint(fast_ns, <, LZ_MILLISECONDS(60));
    g_assert_cmpint(slow_ns, >, LZ_MILLISECONDS(350));
}

/* Three stations, two of which each access point lets in: all three are served by two, not by one. */
static unsigned served(int access_points)
{
    TestAir *air = test_air_new();
    test_air_set(air, "access_points", access_points);
    test_air_set(air, "stations_max", 2);
    test_air_start(air, 3, 36);
    air->medium->delivered = NULL;
    for (unsigned i = 0; i < 3; i++) {
        test_medium_send(air->medium, i, LZ_UP, LZ_DSCP_DF, 300);
    }
    test_medium_run(air->medium, LZ_SECONDS(10));
    const unsigned delivered = (unsigned)lz_link_stats(air->medium->link, LZ_UP)->delivered_packets;
    test_air_free(air);
    return delivered;
}

static void test_association_limit(void)
{
    g_assert_cmpuint(served(1), ==, 2);
    g_assert_cmpuint(served(2), ==, 3);
}

/* ---- power save ----------------------------------------------------------------------------------------------------- */

/* Mean delay of single packets down, in ms; each after one up when is_triggered. */
static double doze(LzWifiPowerSave power_save, int listen_interval, bool is_triggered)
{
    TestAir *air = test_air_new();
    test_air_set(air, "power_save", power_save);
    test_air_set(air, "listen_interval", listen_interval);
    test_air_start(air, 1, 37);
    air->medium->delivered = NULL;
    const LzLinkStats *stats = lz_link_stats(air->medium->link, LZ_DOWN);
    double sum_ms = 0;
    for (unsigned i = 0; i < 400; i++) {
        const LzTime at_ns = (LzTime)i * LZ_MILLISECONDS(1371);
        test_medium_run(air->medium, at_ns);
        test_medium_send(air->medium, 0, LZ_DOWN, LZ_DSCP_DF, 300);
        if (is_triggered) {
            test_medium_send(air->medium, 0, LZ_UP, LZ_DSCP_DF, 300);
        }
        LzTime now_ns = at_ns;
        while (stats->delivered_packets <= i) {
            now_ns += LZ_MICROSECONDS(100);
            test_medium_run(air->medium, now_ns);
        }
        sum_ms += (double)(now_ns - at_ns) / 1e6;
    }
    test_air_free(air);
    return sum_ms / 400;
}

/* A wait of U(0, 102.4 ms) on each listen interval. */
static void test_power_save(void)
{
    g_assert_cmpfloat(doze(LZ_WIFI_AWAKE, 1, false), <, 0.5);
    g_assert_cmpfloat_with_epsilon(doze(LZ_WIFI_LEGACY_PS, 1, false), 51.2, 3);
    g_assert_cmpfloat_with_epsilon(doze(LZ_WIFI_LEGACY_PS, 3, false), 153.6, 9);
    g_assert_cmpfloat_with_epsilon(doze(LZ_WIFI_UAPSD, 1, false), 51.2, 3);
    g_assert_cmpfloat(doze(LZ_WIFI_UAPSD, 1, true), <, 1);
    g_assert_cmpfloat_with_epsilon(doze(LZ_WIFI_LEGACY_PS, 1, true), 51.2, 3);
}

/* ---- noise that everybody senses -------------------------------------------------------------------------------------- */

static double under_noise(LzWifiNoiseConfig noise)
{
    noise.name.text = "oven";
    TestAir *air = test_air_new();
    test_air_config(air)->noises = (LzList){&noise, 1};
    test_air_start(air, 2, 38);
    test_air_saturate(air, 0, LZ_UP, LZ_DSCP_DF);
    test_air_saturate(air, 1, LZ_DOWN, LZ_DSCP_DF);
    test_air_run(air, 0, LZ_SECONDS(10));
    const double frames = (double)air->delivered[LZ_WIFI_BE] / 10;
    test_air_free(air);
    return frames;
}

static void test_sensed_noise(void)
{
    const double quiet = under_noise((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_CONSTANT, .power_dbm = -100});
    const double jammed = under_noise((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_CONSTANT, .power_dbm = -40});
    /* The oven: half of each mains cycle. */
    const double oven = under_noise((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_PERIODIC, .power_dbm = -40, .period_ns = 20000000, .pulse_ns = 10000000});
    const double half = under_noise((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_CONSTANT, .power_dbm = -40, .at_ns = LZ_SECONDS(2), .for_ns = LZ_SECONDS(5)});
    const double pulses = under_noise((LzWifiNoiseConfig){.kind = LZ_WIFI_NOISE_POISSON, .power_dbm = -40, .period_ns = 10000000, .pulse_ns = 1000000});
    g_test_message("quiet %.0f/s, oven %.0f/s, pulses %.0f/s, half of the time %.0f/s", quiet, oven, pulses, half);
    g_assert_cmpfloat(jammed, <, 1e-9);
    g_assert_cmpfloat_with_epsilon(oven, quiet * 0.49, quiet * 0.03);
    g_assert_cmpfloat_with_epsilon(half, quiet * 0.5, quiet * 0.01);
    g_assert_cmpfloat_with_epsilon(pulses, quiet * 0.88, quiet * 0.05);
}

/* ---- every parameter matters -------------------------------------------------------------------------------------------- */

typedef struct Setting { const char *field; double value; } Setting;

static uint64_t digest_with(const LzModel *model, const Setting *base, const Setting *changed)
{
    void *config = lz_test_config_new(model);
    for (const Setting *setting = base; setting->field; setting++) {
        lz_test_config_set(model, config, setting->field, setting->value);
    }
    if (changed) {
        lz_test_config_set(model, config, changed->field, changed->value);
    }
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    TestMedium *medium = test_medium_new(model, config, fifo, NULL, 12, 9, NULL, 0);
    LzRandom random;
    lz_random_init(&random, 9, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    test_medium_load(medium, &random, LZ_MICROSECONDS(700), LZ_SECONDS(1));
    test_medium_load(medium, &random, LZ_MILLISECONDS(30), LZ_SECONDS(90));
    const uint64_t value = lz_digest_value(&medium->digest);
    test_medium_free(medium);
    return value;
}

static void test_every_parameter_matters(void)
{
    enum { BASE_MAX = 5 };
    static const struct { Setting changed, base[BASE_MAX]; } rows[] = {
        {{"standard", LZ_WIFI_11AX}, {{NULL, 0}}},
        {{"width", 1}, {{NULL, 0}}},
        {{"streams", 2}, {{NULL, 0}}},
        {{"frequency_hz", 2.437e9}, {{NULL, 0}}},
        {{"short_guard", 1}, {{NULL, 0}}},
        {{"contention", LZ_WIFI_DCF}, {{NULL, 0}}},
        {{"txop", LZ_WIFI_TXOP_NONE}, {{NULL, 0}}},
        {{"dscp_map", LZ_WIFI_MAP_3MSB}, {{NULL, 0}}},
        {{"ampdu", 1}, {{NULL, 0}}},
        {{"rts_bytes", 100}, {{NULL, 0}}},
        {{"retries", 0}, {{NULL, 0}}},
        {{"eifs", 0}, {{NULL, 0}}},
        {{"success_gap_ns", 9000}, {{NULL, 0}}},
        {{"rate", LZ_WIFI_RATE_MINSTREL}, {{NULL, 0}}},
        {{"mcs", 3}, {{"rate", LZ_WIFI_RATE_FIXED}, {NULL, 0}}},
        {{"margin_db", 12}, {{"spacing_m", 60}, {NULL, 0}}},
        {{"access_points", 3}, {{NULL, 0}}},
        {{"channels", 2}, {{"access_points", 4}, {NULL, 0}}},
        {{"columns", 6}, {{"access_points", 6}, {"channels", 3}, {NULL, 0}}},
        {{"spacing_m", 60}, {{"access_points", 4}, {NULL, 0}}},
        {{"placement", LZ_WIFI_RING}, {{"spacing_m", 60}, {NULL, 0}}},
        {{"radius_m", 60}, {{"placement", LZ_WIFI_RING}, {NULL, 0}}},
        {{"path_loss", LZ_WIFI_LOSS_P1238}, {{NULL, 0}}},
        {{"fixed_loss_db", 90}, {{"path_loss", LZ_WIFI_LOSS_FIXED}, {NULL, 0}}},
        {{"distance_coefficient", 40}, {{"path_loss", LZ_WIFI_LOSS_P1238}, {"spacing_m", 40}, {NULL, 0}}},
        {{"shadowing", 0}, {{"spacing_m", 40}, {NULL, 0}}},
        {{"wall_db", 10}, {{"spacing_m", 40}, {NULL, 0}}},
        {{"room_m", 15}, {{"spacing_m", 40}, {"wall_db", 10}, {NULL, 0}}},
        {{"lead_share_ppb", 5e8}, {{NULL, 0}}},
        {{"lead_db", 15}, {{"lead_share_ppb", 5e8}, {NULL, 0}}},
        {{"access_point_dbm", -10}, {{NULL, 0}}},
        {{"station_dbm", -10}, {{NULL, 0}}},
        {{"noise_figure_db", 25}, {{NULL, 0}}},
        {{"sense_dbm", -45}, {{NULL, 0}}},
        {{"stations_max", 5}, {{NULL, 0}}},
        {{"security", LZ_WIFI_OPEN}, {{NULL, 0}}},
        {{"scan_channels", 1}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"scan_channel", 70e6}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"association", 70e6}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"four_way", 70e6}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"eap", 70e6}, {{"deauth_period_ns", 1e9}, {"security", LZ_WIFI_EAP_TLS}, {NULL, 0}}},
        {{"fast_transition", 70e6}, {{"deauth_period_ns", 1e9}, {"security", LZ_WIFI_FT}, {NULL, 0}}},
        {{"roam_dbm", -50}, {{"access_points", 4}, {"columns", 4}, {"walking_ppb", 1e9}, {"spacing_m", 25}, {NULL, 0}}},
        {{"roam_gain_db", 30}, {{"access_points", 4}, {"columns", 4}, {"walking_ppb", 1e9}, {"spacing_m", 25}, {NULL, 0}}},
        {{"roam_check_ns", 3e9}, {{"access_points", 4}, {"columns", 4}, {"walking_ppb", 1e9}, {"spacing_m", 25}, {NULL, 0}}},
        {{"retry_ns", 73e7}, {{"stations_max", 5}, {"access_points", 2}, {"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"forward", 1}, {{"deauth_period_ns", 2e8}, {"ampdu", 1}, {NULL, 0}}},
        {{"walking_ppb", 1e9}, {{"access_points", 4}, {"columns", 4}, {NULL, 0}}},
        {{"walk_mm_per_s", 9000}, {{"access_points", 4}, {"columns", 4}, {"walking_ppb", 1e9}, {"spacing_m", 25}, {NULL, 0}}},
        {{"walk_together", 4}, {{"access_points", 4}, {"columns", 4}, {"walking_ppb", 1e9}, {"spacing_m", 25}, {NULL, 0}}},
        {{"power_save", LZ_WIFI_UAPSD}, {{NULL, 0}}},
        {{"beacon_ns", 50e6}, {{"power_save", LZ_WIFI_LEGACY_PS}, {NULL, 0}}},
        {{"listen_interval", 3}, {{"power_save", LZ_WIFI_LEGACY_PS}, {NULL, 0}}},
        {{"awake_ns", 50e6}, {{"power_save", LZ_WIFI_LEGACY_PS}, {NULL, 0}}},
        {{"deauth_period_ns", 1e9}, {{NULL, 0}}},
        {{"deauth_at_ns", 20e9}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"deauth_for_ns", 20e9}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
        {{"pmf", 1}, {{"deauth_period_ns", 1e9}, {NULL, 0}}},
    };
    const LzModel *model = lz_registry_find(LZ_MODEL_RADIO, "wifi");
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_ptr_array_add(seen, g_strdup(rows[i].changed.field));
        if (digest_with(model, rows[i].base, NULL) == digest_with(model, rows[i].base, &rows[i].changed)) {
            g_test_message("%s changes nothing", rows[i].changed.field);
            g_test_fail();
        }
    }
    for (const LzParam *param = model->params; param->field; param++) {
        /* Those of noises, and the threshold that concerns them, are tried above and in the validation suite. */
        const bool is_tried = g_ptr_array_find_with_equal_func(seen, param->field, g_str_equal, NULL) || strcmp(param->field, "noises") == 0 ||
                              strcmp(param->field, "energy_dbm") == 0;
        if (!is_tried) {
            g_test_message("nobody tries %s", param->field);
            g_test_fail();
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wifi-cell/maps", test_maps);
    g_test_add_func("/wifi-cell/errors", test_errors);
    g_test_add_func("/wifi-cell/hidden-nodes", test_hidden_nodes);
    g_test_add_func("/wifi-cell/shared-channel", test_shared_channel);
    g_test_add_func("/wifi-cell/order-within-category", test_order_within_category);
    g_test_add_func("/wifi-cell/rate-by-signal", test_rate_by_signal);
    g_test_add_func("/wifi-cell/roaming", test_roaming);
    g_test_add_func("/wifi-cell/association-limit", test_association_limit);
    g_test_add_func("/wifi-cell/power-save", test_power_save);
    g_test_add_func("/wifi-cell/sensed-noise", test_sensed_noise);
    g_test_add_func("/wifi-cell/every-parameter-matters", test_every_parameter_matters);
    return g_test_run();
}
