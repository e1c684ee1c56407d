/* Wi-Fi: access points and the stations around them on channels that they share. EDCA contention, frames and their
 * acknowledgements, aggregation, rates by signal, path loss and hidden nodes, roaming, power save, jammers and forged
 * deauthentication. This file is the model's table and what the engine calls; lazaret/wifi_cell.h names the parts. */
#include "lazaret/model.h"
#include "lazaret/wifi_cell.h"

#define THERMAL_MDB_PER_HZ LZ_MDB(-174)         /* kT at 290 K, dBm/Hz */
#define MAC_BYTES 38u                           /* LLC/SNAP 8, QoS data header 26, FCS 4: 802.11-2020 9.2.4 */
#define CCMP_BYTES 16u                          /* header 8, MIC 8: 12.5.3.2 */

typedef LzWifiConfig Config;
typedef LzWifiNoiseConfig NoiseConfig;

static LzWifiPhy phy_of(const Config *config)
{
    return (LzWifiPhy){
        .standard = (LzWifiStandard)config->standard,
        .width_mhz = 20u << config->width,
        .streams = (unsigned)config->streams,
        .is_2ghz = config->frequency_hz < INT64_C(3000000000),
        .has_short_guard = config->short_guard,
    };
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void init_edca(LzWifi *wifi)
{
    const Config *config = wifi->config;
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        for (unsigned side = 0; side < 2; side++) {
            if (config->contention == LZ_WIFI_DCF) {
                lz_wifi_dcf(&wifi->phy, &wifi->edca[side][ac]);
            } else {
                lz_wifi_edca(&wifi->phy, (LzWifiAc)ac, side == 1, (LzWifiTxopSet)config->txop, &wifi->edca[side][ac]);
            }
        }
    }
    /* Without EDCA there is one queue. */
    lz_wifi_map(config->contention == LZ_WIFI_DCF ? LZ_WIFI_MAP_NONE : (LzWifiMap)config->dscp_map, wifi->ac_of_dscp);
}

static void init_media(LzWifi *wifi)
{
    const Config *config = wifi->config;
    const LzTime sifs_ns = lz_wifi_sifs_ns(&wifi->phy);
    wifi->media_count = (unsigned)config->channels;
    wifi->media = g_new0(LzWifiMedium, wifi->media_count);
    for (unsigned i = 0; i < wifi->media_count; i++) {
        LzWifiMedium *medium = &wifi->media[i];
        lz_wifi_medium_init(medium, &wifi->env, &lz_wifi_exchange_ops, wifi);
        medium->sense_ns = LZ_MICROSECONDS(4);          /* aCCATime: table 17-21 */
        medium->after_success_ns = config->success_gap_ns;
        /* 10.3.2.3.7: EIFS is SIFS and an acknowledgement at the lowest rate longer than DIFS; at the rate of the
         * responses, as in ns-3, when the rate is fixed. */
        const unsigned mcs = config->rate == LZ_WIFI_RATE_FIXED ? MIN((unsigned)config->mcs, lz_wifi_mcs_count(&wifi->phy) - 1) : 0;
        medium->after_failure_ns = config->eifs ? sifs_ns + lz_wifi_ack_ns(&wifi->phy, mcs) : 0;
    }
}

static void init_party(LzWifi *wifi, LzWifiParty *party, unsigned index, bool is_access_point)
{
    LzRandom random;
    lz_random_init(&random, wifi->env.seed, wifi->env.entity ^ (index + UINT64_C(1)) * UINT64_C(0xbf58476d1ce4e5b9), LZ_PURPOSE_RADIO);
    lz_wifi_node_init(&party->node, index, wifi->edca[is_access_point ? 1 : 0], &random);
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        party->rings_end[ac] = &party->rings[ac];
    }
}

static void init_station(LzWifi *wifi, unsigned index)
{
    LzWifiStation *station = &wifi->stations[index];
    init_party(wifi, &station->party, wifi->access_point_count + index, false);
    lz_random_init(&station->random, wifi->env.seed, wifi->env.entity ^ (index + UINT64_C(1)) * UINT64_C(0x94d049bb133111eb),
                   LZ_PURPOSE_SHADOW);
    if (wifi->config->rate == LZ_WIFI_RATE_MINSTREL) {
        station->learned = lz_wifi_learned_new();
    }
    for (unsigned direction = LZ_UP; direction <= LZ_DOWN; direction++) {
        for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
            lz_wifi_lane_init(lz_wifi_lane(wifi, index, (LzDirection)direction, ac), index, (LzDirection)direction, (LzWifiAc)ac);
        }
    }
}

static void start_access_points(LzWifi *wifi)
{
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        lz_wifi_node_move(&wifi->access_points[i].party.node, &wifi->media[wifi->access_points[i].channel]);
    }
}

static void wifi_init(void *state, const void *config_pointer, LzLink *link, const LzEnv *env, unsigned stations)
{
    LzWifi *wifi = state;
    const Config *config = config_pointer;
    wifi->config = config;
    wifi->link = link;
    wifi->env = *env;
    wifi->phy = phy_of(config);
    wifi->noise_mdb = THERMAL_MDB_PER_HZ + lz_mdb_of((uint64_t)wifi->phy.width_mhz * 1000000) + LZ_MDB(config->noise_figure_db);
    wifi->noise_power = lz_mdb_power(wifi->noise_mdb);
    wifi->access_point_count = (unsigned)config->access_points;
    wifi->station_count = stations;
    lz_link_set_framing(link, 0, MAC_BYTES + (config->security == LZ_WIFI_OPEN ? 0 : CCMP_BYTES));
    lz_env_random(env, LZ_PURPOSE_LOSS, &wifi->loss);
    init_edca(wifi);
    init_media(wifi);
    wifi->access_points = g_new0(LzWifiAccessPoint, wifi->access_point_count);
    wifi->stations = g_new0(LzWifiStation, stations);
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        init_party(wifi, &wifi->access_points[i].party, i, true);
    }
    for (unsigned i = 0; i < stations; i++) {
        init_station(wifi, i);
    }
    lz_wifi_stations_init(wifi);
    lz_wifi_place_init(wifi);
    lz_wifi_noise_init(wifi);
    start_access_points(wifi);
    lz_wifi_stations_start(wifi);
}

static void for_each_lane(LzWifi *wifi, void (*act)(LzWifi *, LzWifiLane *))
{
    for (unsigned i = 0; i < wifi->station_count * 2 * LZ_WIFI_AC_COUNT; i++) {
        act(wifi, lz_wifi_lane(wifi, i / (2 * LZ_WIFI_AC_COUNT), (LzDirection)(i % 2), i / 2 % LZ_WIFI_AC_COUNT));
    }
}

static void stop_lane(LzWifi *wifi, LzWifiLane *lane)
{
    lz_wifi_deactivate(wifi, lane);
    lz_wifi_lane_drop(wifi, lane, LZ_DROP_LINK_DOWN);
}

static void wifi_set_up(void *state, bool is_up)
{
    LzWifi *wifi = state;
    if (is_up) {
        start_access_points(wifi);
        lz_wifi_stations_start(wifi);
        return;
    }
    for_each_lane(wifi, stop_lane);
    for (unsigned i = 0; i < wifi->media_count; i++) {
        lz_wifi_medium_reset(&wifi->media[i]);
    }
    lz_wifi_stations_stop(wifi);
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        lz_wifi_node_move(&wifi->access_points[i].party.node, NULL);
    }
}

static void wifi_clear(void *state)
{
    LzWifi *wifi = state;
    for (unsigned i = 0; i < wifi->media_count; i++) {
        lz_wifi_medium_reset(&wifi->media[i]);
    }
    lz_wifi_stations_stop(wifi);
    for_each_lane(wifi, lz_wifi_lane_free);
    lz_wifi_noise_clear(wifi);
    for (unsigned i = 0; i < wifi->station_count; i++) {
        g_free(wifi->stations[i].shadows_mdb);
        g_free(wifi->stations[i].learned);
    }
    g_clear_pointer(&wifi->pairs, g_free);
    g_clear_pointer(&wifi->stations, g_free);
    g_clear_pointer(&wifi->access_points, g_free);
    g_clear_pointer(&wifi->media, g_free);
}

static unsigned wifi_lane(const void *state, const LzPacket *packet)
{
    const LzWifi *wifi = state;
    return wifi->ac_of_dscp[packet->dscp % LZ_DSCP_COUNT];
}

static void wifi_kick(void *state, unsigned port, LzDirection direction)
{
    LzWifi *wifi = state;
    lz_wifi_kicked(wifi, lz_wifi_lane(wifi, port / LZ_WIFI_AC_COUNT, direction, port % LZ_WIFI_AC_COUNT));
}

static char *wifi_check(const void *config_pointer)
{
    const Config *config = config_pointer;
    const LzWifiPhy phy = phy_of(config);
    const char *problem = lz_wifi_phy_problem(&phy);
    if (problem) {
        return g_strdup(problem);
    }
    for (unsigned i = 0; i < config->noises.count; i++) {
        const NoiseConfig *noise = &((const NoiseConfig *)config->noises.items)[i];
        const bool has_pulses = noise->kind == LZ_WIFI_NOISE_PERIODIC || noise->kind == LZ_WIFI_NOISE_POISSON;
        if (has_pulses && (noise->period_ns == 0 || noise->pulse_ns == 0)) {
            return g_strdup_printf("noise %s comes in pulses: it needs a period and a pulse", noise->name.text);
        }
        if (noise->kind == LZ_WIFI_NOISE_PERIODIC && noise->pulse_ns >= noise->period_ns) {
            return g_strdup_printf("noise %s: a pulse is shorter than the period", noise->name.text);
        }
    }
    return NULL;
}

/* ---- the table --------------------------------------------------------------------------------------------- */

static const char *const standard_words[] = {"11a", "11n", "11ac", "11ax", NULL};
static const char *const width_words[] = {"20", "40", "80", NULL};
static const char *const contention_words[] = {[LZ_WIFI_EDCA] = "edca", [LZ_WIFI_DCF] = "dcf", NULL};
static const char *const txop_words[] = {
    [LZ_WIFI_TXOP_NONE] = "none", [LZ_WIFI_TXOP_WMM] = "wmm", [LZ_WIFI_TXOP_2020] = "2020", NULL,
};
static const char *const map_words[] = {
    [LZ_WIFI_MAP_RFC8325] = "rfc8325", [LZ_WIFI_MAP_3MSB] = "3-msb", [LZ_WIFI_MAP_NONE] = "none", NULL,
};
static const char *const rate_words[] = {
    [LZ_WIFI_RATE_IDEAL] = "ideal", [LZ_WIFI_RATE_MINSTREL] = "minstrel", [LZ_WIFI_RATE_FIXED] = "fixed", NULL,
};
static const char *const placement_words[] = {[LZ_WIFI_SCATTERED] = "scattered", [LZ_WIFI_RING] = "ring", NULL};
static const char *const loss_words[] = {
    [LZ_WIFI_LOSS_INH] = "inh", [LZ_WIFI_LOSS_P1238] = "p1238", [LZ_WIFI_LOSS_FIXED] = "fixed", NULL,
};
static const char *const security_words[] = {
    [LZ_WIFI_OPEN] = "open", [LZ_WIFI_PSK] = "psk", [LZ_WIFI_EAP_TLS] = "eap-tls", [LZ_WIFI_FT] = "ft", NULL,
};
static const char *const power_save_words[] = {
    [LZ_WIFI_AWAKE] = "none", [LZ_WIFI_LEGACY_PS] = "legacy", [LZ_WIFI_UAPSD] = "uapsd", NULL,
};
static const char *const noise_words[] = {
    [LZ_WIFI_NOISE_CONSTANT] = "constant", [LZ_WIFI_NOISE_PERIODIC] = "periodic", [LZ_WIFI_NOISE_POISSON] = "poisson",
    [LZ_WIFI_NOISE_REACTIVE] = "reactive", NULL,
};

static const LzParam noise_params[] = {
    LZ_PARAM(NoiseConfig, name, .kind = LZ_PARAM_NAME, .is_required = true, .help = "its name"),
    LZ_PARAM(NoiseConfig, kind, .kind = LZ_PARAM_ENUM, .words = noise_words, .fallback = LZ_WIFI_NOISE_CONSTANT,
             .help = "constant; periodic: an oven (20 ms and 10 ms) or a pulse jammer; poisson: pulses at random, Bluetooth; "
                     "reactive: begins when it hears a frame"),
    LZ_PARAM(NoiseConfig, power_dbm, .kind = LZ_PARAM_COUNT, .min = -120, .max = 20, .has_max = true, .fallback = -50,
             .help = "received power, dBm, the same at every receiver and on every channel", .source = "assumed"),
    LZ_PARAM(NoiseConfig, period_ns, .kind = LZ_PARAM_TIME_NS, .max = 3600e9, .fallback = 0,
             .help = "periodic: from pulse to pulse; poisson: mean gap between their starts"),
    LZ_PARAM(NoiseConfig, pulse_ns, .kind = LZ_PARAM_TIME_NS, .max = 10e9, .fallback = 0, .help = "how long a pulse is"),
    LZ_PARAM(NoiseConfig, delay_ns, .kind = LZ_PARAM_TIME_NS, .max = 10e6, .fallback = 20e3,
             .help = "reactive: from a frame's beginning to the jammer's", .source = "assumed"),
    LZ_PARAM(NoiseConfig, at_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e18, .fallback = 0, .help = "begins then"),
    LZ_PARAM(NoiseConfig, for_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e18, .fallback = 0, .help = "and lasts so long; 0: to the end"),
    LZ_PARAM_END,
};

static const LzParam params[] = {
    LZ_PARAM(Config, standard, .kind = LZ_PARAM_ENUM, .words = standard_words, .fallback = LZ_WIFI_11N, .help = "PHY"),
    LZ_PARAM(Config, width, .kind = LZ_PARAM_ENUM, .words = width_words, .fallback = 0, .help = "channel width, MHz"),
    LZ_PARAM(Config, streams, .kind = LZ_PARAM_COUNT, .min = 1, .max = 4, .fallback = 1,
             .help = "spatial streams", .source = "assumed: one antenna in a medical device"),
    LZ_PARAM(Config, frequency_hz, .kind = LZ_PARAM_FREQUENCY_HZ, .min = 2.4e9, .max = 7.2e9, .fallback = 5.2e9,
             .help = "carrier; below 3 GHz: the timing of the 2.4 GHz band"),
    LZ_PARAM(Config, short_guard, .kind = LZ_PARAM_BOOL, .fallback = 0, .help = "guard interval 0.4 us instead of 0.8 us: 11n, 11ac"),
    LZ_PARAM(Config, contention, .kind = LZ_PARAM_ENUM, .words = contention_words, .fallback = LZ_WIFI_EDCA,
             .help = "edca: four access categories (WMM); dcf: one queue", .source = "802.11-2020 10.23.2, table 9-155; 10.3"),
    LZ_PARAM(Config, txop, .kind = LZ_PARAM_ENUM, .words = txop_words, .fallback = LZ_WIFI_TXOP_WMM,
             .help = "limits of a transmission opportunity; none: one exchange each", .source = "WMM 1.2; 802.11-2020 table 9-155"),
    LZ_PARAM(Config, dscp_map, .kind = LZ_PARAM_ENUM, .words = map_words, .fallback = LZ_WIFI_MAP_RFC8325,
             .help = "DSCP to access category; 3-msb: its upper three bits are the priority, so that EF is video; none: best effort",
             .source = "RFC 8325 4.3 and, for 3-msb, 2.3"),
    LZ_PARAM(Config, ampdu, .kind = LZ_PARAM_COUNT, .min = 1, .max = 256, .fallback = 32,
             .help = "frames in one A-MPDU, at most; 1: no aggregation; 11a has none", .source = "assumed: within 64 (11n, 11ac), 256 (11ax)"),
    LZ_PARAM(Config, rts_bytes, .kind = LZ_PARAM_BYTES, .max = 6500631, .fallback = 0,
             .help = "PSDUs from this size on are protected by RTS and CTS; 0: none"),
    LZ_PARAM(Config, retries, .kind = LZ_PARAM_COUNT, .max = 255, .fallback = 7,
             .help = "times a frame is sent again, at most", .source = "802.11-2020 dot11ShortRetryLimit"),
    LZ_PARAM(Config, eifs, .kind = LZ_PARAM_BOOL, .fallback = 1,
             .help = "after a frame that was not understood everybody waits for an acknowledgement longer (EIFS)",
             .source = "802.11-2020 10.3.2.3.7"),
    LZ_PARAM(Config, success_gap_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e6, .fallback = 0,
             .help = "idle time after each exchange that succeeds; one slot of 9 us: as ns-3's Bianchi reference counts"),
    LZ_PARAM(Config, rate, .kind = LZ_PARAM_ENUM, .words = rate_words, .fallback = LZ_WIFI_RATE_IDEAL,
             .help = "ideal: by signal to noise ratio; minstrel: by what was acknowledged; fixed: always the same MCS"),
    LZ_PARAM(Config, mcs, .kind = LZ_PARAM_COUNT, .max = 11, .fallback = 0, .help = "rate fixed: MCS; 11a: 0 is 6, 7 is 54 Mbit/s"),
    LZ_PARAM(Config, margin_db, .kind = LZ_PARAM_COUNT, .max = 30, .fallback = 3,
             .help = "rate ideal: reserve above the ratio that an MCS needs, dB", .source = "assumed"),
    LZ_PARAM(Config, access_points, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 1,
             .help = "access points, in rows; station i is at home at access point i modulo their number"),
    LZ_PARAM(Config, channels, .kind = LZ_PARAM_COUNT, .min = 1, .max = 100, .fallback = 1,
             .help = "channels that the access points share out; those with the same one contend if they hear each other"),
    LZ_PARAM(Config, columns, .kind = LZ_PARAM_COUNT, .max = 10000, .fallback = 0, .help = "access points in a row; 0: as many as rows"),
    LZ_PARAM(Config, spacing_m, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1000, .fallback = 15,
             .help = "metres between access points", .source = "assumed: 8 to 16 for a ward of 30 beds"),
    LZ_PARAM(Config, placement, .kind = LZ_PARAM_ENUM, .words = placement_words, .fallback = LZ_WIFI_SCATTERED,
             .help = "scattered: anywhere in the square around the access point at home; ring: on a circle around it"),
    LZ_PARAM(Config, radius_m, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1000, .fallback = 5, .help = "placement ring: radius in metres"),
    LZ_PARAM(Config, path_loss, .kind = LZ_PARAM_ENUM, .words = loss_words, .fallback = LZ_WIFI_LOSS_INH,
             .help = "inh: indoor hotspot, mixed office (no standard has a hospital); p1238: site-general indoor; fixed: the same for all",
             .source = "TR 38.901 7.4.1, 7.4.2; ITU-R P.1238"),
    LZ_PARAM(Config, fixed_loss_db, .kind = LZ_PARAM_COUNT, .max = 200, .fallback = 60, .help = "path_loss fixed: dB"),
    LZ_PARAM(Config, distance_coefficient, .kind = LZ_PARAM_COUNT, .min = 10, .max = 60, .fallback = 31,
             .help = "path_loss p1238: N, power loss with distance", .source = "ITU-R P.1238 table 2: office, 5.2 GHz"),
    LZ_PARAM(Config, shadowing, .kind = LZ_PARAM_BOOL, .fallback = 1,
             .help = "each pair of places has a deviation of its own from the mean loss, correlated along a way",
             .source = "TR 38.901 tables 7.4.1-1, 7.5-6: 3 dB in sight, 8.03 dB not; 6 m. P.1238: 8 dB"),
    LZ_PARAM(Config, wall_db, .kind = LZ_PARAM_COUNT, .max = 60, .fallback = 0,
             .help = "loss of a wall, dB, on top of the path loss: one for each room's length of distance", .source = "assumed"),
    LZ_PARAM(Config, room_m, .kind = LZ_PARAM_COUNT, .min = 1, .max = 100, .fallback = 5,
             .help = "with wall_db: metres from wall to wall", .source = "assumed"),
    LZ_PARAM(Config, lead_db, .kind = LZ_PARAM_COUNT, .max = 120, .fallback = 40,
             .help = "loss into a room that is lined with lead, dB", .source = "assumed: well above 20 dB"),
    LZ_PARAM(Config, lead_share_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 0, .help = "share of stations that stand in such a room"),
    LZ_PARAM(Config, access_point_dbm, .kind = LZ_PARAM_COUNT, .min = -20, .max = 30, .fallback = 17,
             .help = "power of access points, dBm", .source = "assumed: matched to the stations'"),
    LZ_PARAM(Config, station_dbm, .kind = LZ_PARAM_COUNT, .min = -20, .max = 30, .fallback = 15,
             .help = "power of stations, dBm", .source = "assumed"),
    LZ_PARAM(Config, noise_figure_db, .kind = LZ_PARAM_COUNT, .max = 30, .fallback = 7, .help = "of receivers, dB", .source = "assumed"),
    LZ_PARAM(Config, sense_dbm, .kind = LZ_PARAM_COUNT, .min = -110, .max = -1, .has_max = true, .fallback = -82,
             .help = "a node hears who arrives with so much, dBm; below that both are hidden from each other",
             .source = "802.11-2020 17.3.10.6: -82 dBm in 20 MHz"),
    LZ_PARAM(Config, energy_dbm, .kind = LZ_PARAM_COUNT, .min = -110, .max = -1, .has_max = true, .fallback = -62,
             .help = "noise from this power on makes the medium busy, dBm", .source = "802.11-2020 17.3.10.6: 20 dB above"),
    LZ_PARAM(Config, stations_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 2007, .fallback = 200,
             .help = "stations that an access point lets in", .source = "assumed; 2007: association identifiers"),
    LZ_PARAM(Config, security, .kind = LZ_PARAM_ENUM, .words = security_words, .fallback = LZ_WIFI_PSK,
             .help = "what a new association takes. open: association; psk (and cached keys): and 4-way handshake; eap-tls: and a full "
                     "EAP-TLS exchange; ft: 802.11r. All but open encrypt: 16 bytes a frame"),
    LZ_PARAM(Config, scan_channels, .kind = LZ_PARAM_COUNT, .max = 100, .fallback = 8,
             .help = "channels that a station scans before it roams", .source = "assumed; with 802.11k fewer"),
    LZ_PARAM(Config, scan_channel, .kind = LZ_PARAM_DIST, .max = 1e9, .fallback = 20e6,
             .help = "time to scan a channel, switching to it with it", .source = "assumed: 7 to 100 ms, after Mishra et al. 2003"),
    LZ_PARAM(Config, association, .kind = LZ_PARAM_DIST, .max = 10e9, .fallback = 10e6,
             .help = "authentication and (re)association frames", .source = "assumed: 3 to 20 ms"),
    LZ_PARAM(Config, four_way, .kind = LZ_PARAM_DIST, .max = 10e9, .fallback = 12e6,
             .help = "4-way handshake", .source = "assumed: 5 to 20 ms"),
    LZ_PARAM(Config, eap, .kind = LZ_PARAM_DIST, .max = 60e9, .fallback = 350e6,
             .help = "full EAP-TLS with the RADIUS server", .source = "assumed: 8 to 12 round trips, 100 to 800 ms"),
    LZ_PARAM(Config, fast_transition, .kind = LZ_PARAM_DIST, .max = 10e9, .fallback = 10e6,
             .help = "802.11r: its four frames", .source = "assumed: the goal is below 50 ms in all"),
    LZ_PARAM(Config, roam_dbm, .kind = LZ_PARAM_COUNT, .min = -110, .max = -1, .has_max = true, .fallback = -70,
             .help = "a walking station looks for another access point below this, dBm", .source = "assumed: usual in clients"),
    LZ_PARAM(Config, roam_gain_db, .kind = LZ_PARAM_COUNT, .max = 40, .fallback = 8,
             .help = "and goes to one that is so much stronger, dB", .source = "assumed: usual in clients"),
    LZ_PARAM(Config, roam_check_ns, .kind = LZ_PARAM_TIME_NS, .min = 10e6, .max = 60e9, .fallback = 500e6,
             .help = "how often a walking station looks at its signal", .source = "assumed"),
    LZ_PARAM(Config, retry_ns, .kind = LZ_PARAM_TIME_NS, .min = 10e6, .max = 600e9, .fallback = 1e9,
             .help = "a station that finds no access point looks again", .source = "assumed"),
    LZ_PARAM(Config, forward, .kind = LZ_PARAM_BOOL, .fallback = 0,
             .help = "what waits at the old access point for a station that left goes to the new one; otherwise it is lost"),
    LZ_PARAM(Config, walking_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 0,
             .help = "share of stations, the first ones, that walk up and down along their row of access points"),
    LZ_PARAM(Config, walk_mm_per_s, .kind = LZ_PARAM_COUNT, .min = 1, .max = 20000, .fallback = 1200,
             .help = "how fast, mm/s", .source = "assumed: a patient's bed that is pushed"),
    LZ_PARAM(Config, walk_together, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 1,
             .help = "so many of them beside each other"),
    LZ_PARAM(Config, power_save, .kind = LZ_PARAM_ENUM, .words = power_save_words, .fallback = LZ_WIFI_AWAKE,
             .help = "legacy: what goes down waits for a beacon; uapsd: or for the station's next frame up", .source = "802.11-2020 11.2.3"),
    LZ_PARAM(Config, beacon_ns, .kind = LZ_PARAM_TIME_NS, .min = 1024e3, .max = 10e9, .fallback = 102.4e6,
             .help = "with power save: from beacon to beacon", .source = "usual: 100 time units of 1024 us"),
    LZ_PARAM(Config, listen_interval, .kind = LZ_PARAM_COUNT, .min = 1, .max = 100, .fallback = 1,
             .help = "with power save: a station listens to each so manieth beacon"),
    LZ_PARAM(Config, awake_ns, .kind = LZ_PARAM_TIME_NS, .max = 10e9, .fallback = 0,
             .help = "with power save: how long it stays awake after what it has received"),
    LZ_PARAM(Config, deauth_period_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e15, .fallback = 0,
             .help = "attack: forged deauthentication of every station, so often; 0: none"),
    LZ_PARAM(Config, deauth_at_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e18, .fallback = 0, .help = "begins then"),
    LZ_PARAM(Config, deauth_for_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e18, .fallback = 0, .help = "and lasts so long; 0: to the end"),
    LZ_PARAM(Config, pmf, .kind = LZ_PARAM_BOOL, .fallback = 0,
             .help = "protected management frames: forged ones are ignored", .source = "802.11-2020 11.13; mandatory in WPA3"),
    LZ_PARAM(Config, noises, .kind = LZ_PARAM_LIST, .table = noise_params, .item_size = sizeof(NoiseConfig),
             .help = "jammers and interference"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "access points of other links: each link is a radio network of its own",
    "management frames and beacons take no air time; a procedure takes the time that its parameters say",
    "acknowledgements, CTS and block acknowledgements are never lost",
    "fast fading, MIMO beyond the number of streams, beamforming, MU-MIMO, OFDMA and BSS colouring; DFS",
    "interference that changes within a frame: the sum of all that overlapped it is taken for its whole length",
    "a receiver that turns to a later, stronger frame",
    "A-MSDU, 802.11b, RTS by the number of retries, dynamic bandwidth, multicast",
    "admission control and the user priorities within a category",
    "stations stand still or walk along a row; the first association happens before the run",
    "deauthentication takes no air time and reaches every station at once; floods of authentication frames",
    NULL,
};

static const LzLinkOps ops = {
    .port_state_size = sizeof(LzWifiLane),
    .lanes = LZ_WIFI_AC_COUNT,
    .lane = wifi_lane,
    .init = wifi_init,
    .kick = wifi_kick,
    .set_up = wifi_set_up,
    .clear = wifi_clear,
};

extern const LzModel lz_radio_model_wifi;
const LzModel lz_radio_model_wifi = {
    .name = "wifi",
    .summary = "Wi-Fi: EDCA contention, 802.11a/n/ac/ax frames, rates by signal, roaming, power save, jammers",
    .source = "IEEE 802.11-2020 and 802.11ax-2021; RFC 8325; TR 38.901 and ITU-R P.1238 for path loss",
    .kind = LZ_MODEL_RADIO,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(LzWifi),
    .not_modelled = not_modelled,
    .check = wifi_check,
    .ops = &ops,
};
