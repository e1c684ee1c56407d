/* Association of Wi-Fi stations: who is with which access point, roaming, forged deauthentication, power save. */
#include "lazaret/wifi_cell.h"

/* ---- association --------------------------------------------------------------------------------------------- */

static void for_each_lane(LzWifi *wifi, const LzWifiStation *station, LzDirection direction, void (*act)(LzWifi *, LzWifiLane *))
{
    const unsigned index = (unsigned)(station - wifi->stations);
    for (unsigned ac = LZ_WIFI_AC_COUNT; ac-- > 0;) {
        act(wifi, lz_wifi_lane(wifi, index, direction, ac));
    }
}

static bool is_dozing(const LzWifi *wifi, const LzWifiStation *station)
{
    return wifi->config->power_save != LZ_WIFI_AWAKE && !station->is_awake;
}

bool lz_wifi_may_serve(const LzWifi *wifi, const LzWifiLane *lane)
{
    const LzWifiStation *station = &wifi->stations[lane->station];
    return station->state == LZ_WIFI_ASSOCIATED && (lane->direction == LZ_UP || !is_dozing(wifi, station));
}

static void resume_lane(LzWifi *wifi, LzWifiLane *lane)
{
    if (lz_wifi_lane_has_more(wifi, lane)) {
        lz_wifi_kicked(wifi, lane);
    }
}

static void report_associated(LzWifi *wifi)
{
    const uint64_t part = (uint64_t)wifi->associated * 1000000000;
    lz_probe_level(wifi->env.probes, lz_link_scope(wifi->link), LZ_METRIC_LINK_ASSOCIATED, (int64_t)(part / MAX(wifi->station_count, 1)));
}

static void associate(LzWifi *wifi, LzWifiStation *station, unsigned access_point)
{
    LzWifiAccessPoint *with = &wifi->access_points[access_point];
    with->associated++;
    wifi->associated++;
    report_associated(wifi);
    station->access_point = access_point;
    station->state = LZ_WIFI_ASSOCIATED;
    station->loss_mdb = lz_wifi_loss_mdb(wifi, &station->party.node, &with->party.node);
    lz_wifi_node_move(&station->party.node, &wifi->media[with->channel]);
    for_each_lane(wifi, station, LZ_UP, resume_lane);
    for_each_lane(wifi, station, LZ_DOWN, resume_lane);
}

static void leave_up(LzWifi *wifi, LzWifiLane *lane)
{
    lz_wifi_deactivate(wifi, lane);
    lz_wifi_lane_leave(wifi, lane, true);
}

static void leave_down(LzWifi *wifi, LzWifiLane *lane)
{
    lz_wifi_deactivate(wifi, lane);
    lz_wifi_lane_leave(wifi, lane, wifi->config->forward);
}

static void disassociate(LzWifi *wifi, LzWifiStation *station)
{
    station->state = LZ_WIFI_SCANNING;
    station->is_awake = false;
    station->away_since_ns = lz_wifi_now(wifi);
    lz_event_cancel(wifi->env.scheduler, &station->beacon);
    for_each_lane(wifi, station, LZ_UP, leave_up);
    for_each_lane(wifi, station, LZ_DOWN, leave_down);
    wifi->access_points[station->access_point].associated--;
    wifi->associated--;
    report_associated(wifi);
    lz_wifi_node_move(&station->party.node, NULL);
}

/* ---- procedures ------------------------------------------------------------------------------------------------ */

static LzTime scan_ns(LzWifiStation *station)
{
    const LzWifiConfig *config = station->wifi->config;
    LzTime total_ns = 0;
    for (int64_t i = 0; i < config->scan_channels; i++) {
        total_ns += lz_dist_draw(&config->scan_channel, &station->random);
    }
    return total_ns;
}

static LzTime join_ns(LzWifiStation *station)
{
    const LzWifiConfig *config = station->wifi->config;
    LzRandom *random = &station->random;
    switch ((LzWifiSecurity)config->security) {
    case LZ_WIFI_FT:
        return lz_dist_draw(&config->fast_transition, random);
    case LZ_WIFI_OPEN:
        return lz_dist_draw(&config->association, random);
    case LZ_WIFI_PSK:
        return lz_dist_draw(&config->association, random) + lz_dist_draw(&config->four_way, random);
    case LZ_WIFI_EAP_TLS:
        return lz_dist_draw(&config->association, random) + lz_dist_draw(&config->eap, random) +
               lz_dist_draw(&config->four_way, random);
    }
    g_assert_not_reached();
}

static void scan(LzWifiStation *station)
{
    station->state = LZ_WIFI_SCANNING;
    lz_timer_after(station->wifi->env.scheduler, &station->step, scan_ns(station));
}

/* A step of the procedure is over: what was scanned is chosen from, or the new access point lets it in. */
static void stepped(void *owner)
{
    LzWifiStation *station = owner;
    LzWifi *wifi = station->wifi;
    unsigned access_point;
    LzMdb dbm;
    lz_wifi_walk(wifi, station);
    const bool is_found = lz_wifi_best(wifi, station, &access_point, &dbm);
    if (station->state == LZ_WIFI_JOINING && is_found) {
        associate(wifi, station, access_point);
        lz_probe_count(wifi->env.probes, lz_link_scope(wifi->link), LZ_METRIC_LINK_ROAMS, 1);
        lz_probe_sample(wifi->env.probes, lz_link_scope(wifi->link), LZ_METRIC_LINK_ROAM_GAP,
                        lz_wifi_now(wifi) - station->away_since_ns);
    } else if (is_found) {
        station->state = LZ_WIFI_JOINING;
        lz_timer_after(wifi->env.scheduler, &station->step, join_ns(station));
    } else {
        station->state = LZ_WIFI_SCANNING;
        lz_timer_after(wifi->env.scheduler, &station->step, wifi->config->retry_ns);
    }
}

static void roam(LzWifiStation *station)
{
    disassociate(station->wifi, station);
    scan(station);
}

/* Whether the signal is too weak, and somebody else's enough stronger. */
static bool wants_to_roam(LzWifi *wifi, const LzWifiStation *station)
{
    const LzWifiConfig *config = wifi->config;
    const LzMdb now_dbm = LZ_MDB(config->access_point_dbm) - station->loss_mdb;
    unsigned best;
    LzMdb best_dbm;
    return now_dbm < LZ_MDB(config->roam_dbm) && lz_wifi_best(wifi, station, &best, &best_dbm) &&
           best != station->access_point && best_dbm >= now_dbm + LZ_MDB(config->roam_gain_db);
}

static void checked(void *owner)
{
    LzWifiStation *station = owner;
    LzWifi *wifi = station->wifi;
    lz_timer_after(wifi->env.scheduler, &station->check, wifi->config->roam_check_ns);
    if (station->state != LZ_WIFI_ASSOCIATED) {
        return;
    }
    lz_wifi_walk(wifi, station);
    const bool is_lost = LZ_MDB(wifi->config->access_point_dbm) - station->loss_mdb < LZ_MDB(wifi->config->sense_dbm);
    if (is_lost || wants_to_roam(wifi, station)) {
        roam(station);
    }
}

/* ---- power save ------------------------------------------------------------------------------------------------ */

/* 11.2.3: what waits for a station that dozes is announced in the beacon that it listens to. */
static LzTime next_beacon_ns(const LzWifi *wifi, const LzWifiStation *station)
{
    const LzTime period_ns = wifi->config->beacon_ns * wifi->config->listen_interval;
    const LzTime offset_ns = (LzTime)station->access_point * wifi->config->beacon_ns / wifi->access_point_count;
    const LzTime since_ns = lz_wifi_now(wifi) - offset_ns;
    return since_ns < 0 ? offset_ns : (since_ns / period_ns + 1) * period_ns + offset_ns;
}

static void wake(LzWifi *wifi, LzWifiStation *station)
{
    station->is_awake = true;
    station->active_ns = lz_wifi_now(wifi);
    lz_event_cancel(wifi->env.scheduler, &station->beacon);
    for_each_lane(wifi, station, LZ_DOWN, resume_lane);
}

static void beacon_came(void *owner)
{
    LzWifiStation *station = owner;
    wake(station->wifi, station);
}

static bool is_receiving(const LzWifi *wifi, const LzWifiStation *station)
{
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        if (lz_wifi_lane(wifi, (unsigned)(station - wifi->stations), LZ_DOWN, ac)->is_active) {
            return true;
        }
    }
    return false;
}

void lz_wifi_heard_from(LzWifi *wifi, LzWifiStation *station, LzDirection direction)
{
    if (wifi->config->power_save == LZ_WIFI_AWAKE || station->state != LZ_WIFI_ASSOCIATED) {
        return;
    }
    if (station->is_awake) {
        station->active_ns = lz_wifi_now(wifi);
    } else if (direction == LZ_UP && wifi->config->power_save == LZ_WIFI_UAPSD) {
        wake(wifi, station);            /* a trigger frame: 11.2.3.5 */
    }
}

void lz_wifi_kicked(LzWifi *wifi, LzWifiLane *lane)
{
    LzWifiStation *station = &wifi->stations[lane->station];
    if (station->state != LZ_WIFI_ASSOCIATED) {
        return;
    }
    if (lane->direction == LZ_DOWN && wifi->config->power_save != LZ_WIFI_AWAKE) {
        if (station->is_awake && !is_receiving(wifi, station) &&
            lz_wifi_now(wifi) > station->active_ns + wifi->config->awake_ns) {
            station->is_awake = false;  /* went back to doze when its time was over */
        }
        if (!station->is_awake) {
            if (!lz_event_is_pending(&station->beacon)) {
                lz_timer_at(wifi->env.scheduler, &station->beacon, next_beacon_ns(wifi, station));
            }
            return;
        }
    }
    lz_wifi_activate(wifi, lane);
}

/* ---- forged deauthentication ----------------------------------------------------------------------------------- */

static LzTime deauth_end_ns(const LzWifiConfig *config)
{
    return config->deauth_for_ns > 0 ? config->deauth_at_ns + config->deauth_for_ns : LZ_TIME_NEVER;
}

/* Everybody who is associated believes it; protected management frames (11.13) would have shown the forgery. */
static void deauthenticated(void *owner)
{
    LzWifi *wifi = owner;
    for (unsigned i = 0; i < wifi->station_count; i++) {
        if (wifi->stations[i].state == LZ_WIFI_ASSOCIATED) {
            roam(&wifi->stations[i]);
        }
    }
    const LzTime next_ns = lz_wifi_now(wifi) + wifi->config->deauth_period_ns;
    if (next_ns < deauth_end_ns(wifi->config)) {
        lz_timer_at(wifi->env.scheduler, &wifi->deauth, next_ns);
    }
}

static void start_deauth(LzWifi *wifi)
{
    const LzWifiConfig *config = wifi->config;
    const LzTime now = lz_wifi_now(wifi);
    if (config->deauth_period_ns == 0 || config->pmf || now >= deauth_end_ns(config)) {
        return;
    }
    const LzTime missed_ns = MAX(now - config->deauth_at_ns, 0);
    const LzTime turns = (missed_ns + config->deauth_period_ns - 1) / config->deauth_period_ns;
    const LzTime first_ns = config->deauth_at_ns + turns * config->deauth_period_ns;
    if (first_ns < deauth_end_ns(config)) {
        lz_timer_at(wifi->env.scheduler, &wifi->deauth, first_ns);
    }
}

/* ---- start and stop ---------------------------------------------------------------------------------------------- */

void lz_wifi_stations_init(LzWifi *wifi)
{
    lz_event_init(&wifi->deauth, deauthenticated, wifi);
    for (unsigned i = 0; i < wifi->station_count; i++) {
        LzWifiStation *station = &wifi->stations[i];
        station->wifi = wifi;
        lz_event_init(&station->step, stepped, station);
        lz_event_init(&station->check, checked, station);
        lz_event_init(&station->beacon, beacon_came, station);
    }
}

void lz_wifi_stations_start(LzWifi *wifi)
{
    for (unsigned i = 0; i < wifi->station_count; i++) {
        LzWifiStation *station = &wifi->stations[i];
        unsigned access_point;
        LzMdb dbm;
        station->state = LZ_WIFI_SCANNING;
        if (lz_wifi_best(wifi, station, &access_point, &dbm)) {
            associate(wifi, station, access_point);
        } else {
            station->away_since_ns = lz_wifi_now(wifi);
            lz_timer_after(wifi->env.scheduler, &station->step, wifi->config->retry_ns);
        }
        if (station->is_walking) {
            const LzTime spread_ns = (LzTime)lz_random_below(&station->random, (uint64_t)wifi->config->roam_check_ns);
            lz_timer_after(wifi->env.scheduler, &station->check, spread_ns);
        }
    }
    start_deauth(wifi);
}

void lz_wifi_stations_stop(LzWifi *wifi)
{
    LzScheduler *scheduler = wifi->env.scheduler;
    lz_event_cancel(scheduler, &wifi->deauth);
    for (unsigned i = 0; i < wifi->station_count; i++) {
        LzWifiStation *station = &wifi->stations[i];
        lz_event_cancel(scheduler, &station->step);
        lz_event_cancel(scheduler, &station->check);
        lz_event_cancel(scheduler, &station->beacon);
        station->state = LZ_WIFI_SCANNING;
        station->is_awake = false;
        lz_wifi_node_move(&station->party.node, NULL);
    }
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        wifi->access_points[i].associated = 0;
    }
    wifi->associated = 0;
    report_associated(wifi);
}
