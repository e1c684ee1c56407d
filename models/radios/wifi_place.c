/* Where access points and stations stand or walk, and how well each receives each. */
#include <math.h>

#include "lazaret/propagation.h"
#include "lazaret/wifi_cell.h"

#define REACH_MM INT64_C(150000)        /* TR 38.901's InH ends there: nobody looks for an access point beyond */
#define CEILING_MM INT64_C(2000)        /* an access point hangs so far above a station: assumed, 3 m and 1 m */
#define CORRIDOR_MM INT64_C(2000)       /* and a corridor runs so far beside the row of them: assumed */
#define P1238_SIGMA_MDB LZ_MDB(8)       /* ITU-R P.1238 table 5: 8 dB in dwellings, 10 to 12 dB in offices */

typedef struct Point { int64_t x_mm, y_mm; } Point;

/* ---- positions --------------------------------------------------------------------------------------------- */

static int64_t columns_of(const LzWifi *wifi)
{
    if (wifi->config->columns > 0) {
        return wifi->config->columns;
    }
    return (int64_t)ceil(sqrt((double)wifi->access_point_count));
}

/* How far the corridor is long that a station walks up and down; 0: it cannot walk. */
static int64_t corridor_mm(const LzWifi *wifi)
{
    const int64_t columns = MIN(columns_of(wifi), (int64_t)wifi->access_point_count);
    return (columns - 1) * wifi->config->spacing_m * 1000;
}

static int64_t walked_mm(const LzWifi *wifi)
{
    return (int64_t)((__int128)wifi->config->walk_mm_per_s * lz_wifi_now(wifi) / LZ_NS_PER_S);
}

static Point position(const LzWifi *wifi, const LzWifiNode *node)
{
    const LzWifiParty *party = lz_wifi_party(wifi, node);
    if (party->is_access_point || !wifi->stations[node->index - wifi->access_point_count].is_walking) {
        return (Point){party->x_mm, party->y_mm};
    }
    const int64_t length_mm = corridor_mm(wifi);
    g_assert(length_mm > 0);
    const int64_t way_mm = (party->x_mm + walked_mm(wifi)) % (2 * length_mm);
    return (Point){way_mm <= length_mm ? way_mm : 2 * length_mm - way_mm, party->y_mm};
}

static uint64_t distance2_mm2(const LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other)
{
    const Point a = position(wifi, one), b = position(wifi, other);
    const bool is_across = lz_wifi_party(wifi, one)->is_access_point != lz_wifi_party(wifi, other)->is_access_point;
    const int64_t x_mm = a.x_mm - b.x_mm, y_mm = a.y_mm - b.y_mm, z_mm = is_across ? CEILING_MM : 0;
    return (uint64_t)(x_mm * x_mm + y_mm * y_mm + z_mm * z_mm);
}

/* Neighbours in a row and in a column have different channels as long as there are enough. */
static void place_access_point(LzWifi *wifi, unsigned index)
{
    LzWifiAccessPoint *access_point = &wifi->access_points[index];
    const int64_t columns = MAX(columns_of(wifi), 1), column = index % columns, row = index / columns;
    const unsigned stride = (unsigned)sqrt((double)wifi->media_count);
    access_point->party.is_access_point = true;
    access_point->party.x_mm = column * wifi->config->spacing_m * 1000;
    access_point->party.y_mm = row * wifi->config->spacing_m * 1000;
    access_point->channel = (unsigned)(column + row * stride) % wifi->media_count;
}

static int64_t uniform_mm(LzRandom *random, int64_t half_mm)
{
    return (int64_t)lz_random_below(random, (uint64_t)(2 * half_mm) + 1) - half_mm;
}

/* Around the circle in the order 0, 180, 90, 270 degrees, then between those: a rational point of each quarter. */
static Point on_ring(int64_t radius_mm, unsigned rank, unsigned of)
{
    const unsigned step = rank / 4, steps = (of + 3) / 4;
    const double t = (double)step / steps, scale = (double)radius_mm / (1 + t * t);
    const int64_t x_mm = (int64_t)(scale * (1 - t * t)), y_mm = (int64_t)(scale * 2 * t);
    const Point quarters[] = {{x_mm, y_mm}, {-x_mm, -y_mm}, {-y_mm, x_mm}, {y_mm, -x_mm}};
    return quarters[rank % 4];
}

static void place_station(LzWifi *wifi, unsigned index)
{
    const LzWifiConfig *config = wifi->config;
    LzWifiStation *station = &wifi->stations[index];
    g_assert(wifi->access_point_count > 0);
    const unsigned home = index % wifi->access_point_count;
    const LzWifiParty *near = &wifi->access_points[home].party;
    const unsigned walking = (unsigned)((uint64_t)wifi->station_count * config->walking_ppb / 1000000000);
    station->party.is_leaded = lz_random_chance_ppb(&station->random, config->lead_share_ppb);
    Point offset = {uniform_mm(&station->random, config->spacing_m * 500), uniform_mm(&station->random, config->spacing_m * 500)};
    if (config->placement == LZ_WIFI_RING) {
        const unsigned around = (wifi->station_count + wifi->access_point_count - 1) / wifi->access_point_count;
        offset = on_ring(config->radius_m * 1000, index / wifi->access_point_count, around);
    }
    station->party.x_mm = near->x_mm + offset.x_mm;
    station->party.y_mm = near->y_mm + offset.y_mm;
    station->is_walking = index < walking && corridor_mm(wifi) > 0;
    if (station->is_walking) {
        const unsigned together = (unsigned)config->walk_together, groups = (walking + together - 1) / together;
        station->party.x_mm = 2 * corridor_mm(wifi) * (index / together) / groups;
        station->party.y_mm = near->y_mm + CORRIDOR_MM;
        station->shadows_mdb = g_new0(LzMdb, wifi->access_point_count);
    }
}

/* ---- loss ---------------------------------------------------------------------------------------------------- */

/* What is drawn once for a pair, whichever way round and whenever asked. */
static void pair_random(const LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other, LzRandom *ret_random)
{
    const uint64_t low = MIN(one->index, other->index), high = MAX(one->index, other->index);
    lz_random_init(ret_random, wifi->env.seed, wifi->env.entity ^ ((high << 32 | low) + 1) * UINT64_C(0x9e3779b97f4a7c15),
                   LZ_PURPOSE_SHADOW);
}

static LzMdb *walked_shadow(LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other)
{
    const unsigned access_points = wifi->access_point_count;
    const LzWifiNode *station = one->index >= access_points ? one : other, *access_point = station == one ? other : one;
    if (station->index < access_points || access_point->index >= access_points) {
        return NULL;
    }
    LzMdb *shadows_mdb = wifi->stations[station->index - access_points].shadows_mdb;
    return shadows_mdb ? &shadows_mdb[access_point->index] : NULL;
}

static LzMdb sigma_of(const LzWifi *wifi, bool is_in_sight)
{
    if (!wifi->config->shadowing) {
        return 0;
    }
    if (wifi->config->path_loss == LZ_WIFI_LOSS_P1238) {
        return P1238_SIGMA_MDB;
    }
    return is_in_sight ? LZ_INH_LOS_SIGMA_MDB : LZ_INH_NLOS_SIGMA_MDB;
}

static LzMdb walls_mdb(const LzWifi *wifi, uint64_t distance2)
{
    const LzWifiConfig *config = wifi->config;
    if (config->wall_db == 0) {
        return 0;
    }
    return (LzMdb)((int64_t)sqrt((double)distance2) / (config->room_m * 1000)) * LZ_MDB(config->wall_db);
}

static LzMdb compute_loss_mdb(LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other)
{
    const LzWifiConfig *config = wifi->config;
    const LzMdb lead_mdb = (LzMdb)(LZ_MDB(config->lead_db) *
                                   (lz_wifi_party(wifi, one)->is_leaded + lz_wifi_party(wifi, other)->is_leaded));
    if (config->path_loss == LZ_WIFI_LOSS_FIXED) {
        return LZ_MDB(config->fixed_loss_db) + lead_mdb;
    }
    const uint64_t distance2 = distance2_mm2(wifi, one, other);
    LzRandom random;
    pair_random(wifi, one, other, &random);
    const bool is_in_sight = lz_random_chance_ppb(&random, lz_inh_los_ppb(distance2));
    const LzMdb *walked_mdb = walked_shadow(wifi, one, other);
    const LzMdb sigma = sigma_of(wifi, is_in_sight);
    LzMdb loss = lead_mdb + walls_mdb(wifi, distance2);
    /* Of one who walks, the shadow is kept in units of 1 dB of deviation: it stays when the sight changes. */
    loss += walked_mdb ? (LzMdb)((int64_t)*walked_mdb * sigma / LZ_MDB(1)) : lz_shadow_first(sigma, &random);
    if (config->path_loss == LZ_WIFI_LOSS_P1238) {
        return loss + lz_p1238_mdb(distance2, config->frequency_hz, config->distance_coefficient);
    }
    return loss + (is_in_sight ? lz_inh_los_mdb(distance2, config->frequency_hz)
                               : lz_inh_nlos_mdb(distance2, config->frequency_hz));
}

static bool walks(const LzWifi *wifi, const LzWifiNode *node)
{
    return node->index >= wifi->access_point_count && wifi->stations[node->index - wifi->access_point_count].is_walking;
}

LzMdb lz_wifi_loss_mdb(LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other)
{
    if (walks(wifi, one) || walks(wifi, other)) {
        return compute_loss_mdb(wifi, one, other);
    }
    const unsigned low = MIN(one->index, other->index), high = MAX(one->index, other->index);
    LzWifiPairLoss *pair = &wifi->pairs[(low * UINT32_C(2654435761) + high) % LZ_WIFI_PAIRS];
    if (pair->low != low || pair->high != high) {
        *pair = (LzWifiPairLoss){low, high, compute_loss_mdb(wifi, one, other)};
    }
    return pair->loss_mdb;
}

static LzMdb sent_mdb(const LzWifi *wifi, const LzWifiNode *node)
{
    return LZ_MDB(node->index < wifi->access_point_count ? wifi->config->access_point_dbm : wifi->config->station_dbm);
}

LzMdb lz_wifi_received_mdb(LzWifi *wifi, const LzWifiNode *from, const LzWifiNode *at)
{
    const unsigned access_points = wifi->access_point_count;
    const LzWifiNode *far = from->index >= access_points ? from : at, *near = far == from ? at : from;
    if (far->index >= access_points && near->index == wifi->stations[far->index - access_points].access_point) {
        return sent_mdb(wifi, from) - wifi->stations[far->index - access_points].loss_mdb;
    }
    return sent_mdb(wifi, from) - lz_wifi_loss_mdb(wifi, from, at);
}

uint64_t lz_wifi_power(void *wifi, const LzWifiNode *from, const LzWifiNode *at)
{
    return from == at ? LZ_POWER_MAX : lz_mdb_power(lz_wifi_received_mdb(wifi, from, at));
}

bool lz_wifi_hears(void *wifi, const LzWifiNode *who, const LzWifiNode *whom)
{
    const LzWifi *self = wifi;
    return who == whom || lz_wifi_received_mdb(wifi, whom, who) >= LZ_MDB(self->config->sense_dbm);
}

/* ---- who walks, who is best ---------------------------------------------------------------------------------- */

void lz_wifi_walk(LzWifi *wifi, LzWifiStation *station)
{
    const int64_t at_mm = walked_mm(wifi), moved_mm = at_mm - station->shadow_at_mm;
    for (unsigned i = 0; station->shadows_mdb && i < wifi->access_point_count; i++) {
        station->shadows_mdb[i] = lz_shadow_next(station->shadows_mdb[i], moved_mm, LZ_INH_NLOS_CORRELATION_MM, LZ_MDB(1),
                                                 &station->random);
    }
    station->shadow_at_mm = at_mm;
    station->loss_mdb = lz_wifi_loss_mdb(wifi, &station->party.node, &wifi->access_points[station->access_point].party.node);
}

static bool is_out_of_reach(const LzWifi *wifi, const LzWifiStation *station, const LzWifiAccessPoint *access_point)
{
    return wifi->config->path_loss != LZ_WIFI_LOSS_FIXED &&
           distance2_mm2(wifi, &station->party.node, &access_point->party.node) > (uint64_t)(REACH_MM * REACH_MM);
}

bool lz_wifi_best(LzWifi *wifi, const LzWifiStation *station, unsigned *ret_access_point, LzMdb *ret_dbm)
{
    LzMdb best_dbm = LZ_MDB(wifi->config->sense_dbm) - 1;
    const unsigned home = (unsigned)(station - wifi->stations) % wifi->access_point_count;
    unsigned best = wifi->access_point_count;
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        const unsigned candidate = (home + i) % wifi->access_point_count;       /* of equals, its own */
        LzWifiAccessPoint *access_point = &wifi->access_points[candidate];
        const bool is_own = station->state == LZ_WIFI_ASSOCIATED && candidate == station->access_point;
        if ((!is_own && access_point->associated >= wifi->config->stations_max) || is_out_of_reach(wifi, station, access_point)) {
            continue;
        }
        const LzMdb dbm = LZ_MDB(wifi->config->access_point_dbm) -
                          lz_wifi_loss_mdb(wifi, &station->party.node, &access_point->party.node);
        if (dbm > best_dbm) {
            best_dbm = dbm;
            best = candidate;
        }
    }
    if (best == wifi->access_point_count) {
        return false;
    }
    *ret_access_point = best;
    *ret_dbm = best_dbm;
    return true;
}

void lz_wifi_place_init(LzWifi *wifi)
{
    wifi->pairs = g_new0(LzWifiPairLoss, LZ_WIFI_PAIRS);
    for (unsigned i = 0; i < wifi->access_point_count; i++) {
        place_access_point(wifi, i);
    }
    for (unsigned i = 0; i < wifi->station_count; i++) {
        place_station(wifi, i);
        LzWifiStation *station = &wifi->stations[i];
        for (unsigned k = 0; station->shadows_mdb && k < wifi->access_point_count; k++) {
            station->shadows_mdb[k] = lz_shadow_first(LZ_MDB(1), &station->random);
        }
    }
}
