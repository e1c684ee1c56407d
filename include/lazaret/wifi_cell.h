/* What the parts of the "wifi" radio share: its configuration, its access points and stations, and what each part
 * offers the others. models/radios/wifi.c has the table; wifi_place.c who receives whom how well, wifi_rate.c which
 * MCS, wifi_exchange.c what is sent, wifi_station.c who is associated with whom, wifi_noise.c who disturbs. */
#ifndef LAZARET_WIFI_CELL_H
#define LAZARET_WIFI_CELL_H

#include "lazaret/dscp.h"
#include "lazaret/link.h"
#include "lazaret/wifi_medium.h"
#include "lazaret/wifi_timing.h"

typedef enum { LZ_WIFI_EDCA, LZ_WIFI_DCF } LzWifiContention;
typedef enum { LZ_WIFI_MAP_RFC8325, LZ_WIFI_MAP_3MSB, LZ_WIFI_MAP_NONE } LzWifiMap;
typedef enum { LZ_WIFI_RATE_IDEAL, LZ_WIFI_RATE_MINSTREL, LZ_WIFI_RATE_FIXED } LzWifiRateKind;
typedef enum { LZ_WIFI_LOSS_INH, LZ_WIFI_LOSS_P1238, LZ_WIFI_LOSS_FIXED } LzWifiLossKind;
typedef enum { LZ_WIFI_SCATTERED, LZ_WIFI_RING } LzWifiPlacement;
typedef enum { LZ_WIFI_OPEN, LZ_WIFI_PSK, LZ_WIFI_EAP_TLS, LZ_WIFI_FT } LzWifiSecurity;
typedef enum { LZ_WIFI_AWAKE, LZ_WIFI_LEGACY_PS, LZ_WIFI_UAPSD } LzWifiPowerSave;
typedef enum {
    LZ_WIFI_NOISE_CONSTANT, LZ_WIFI_NOISE_PERIODIC, LZ_WIFI_NOISE_POISSON, LZ_WIFI_NOISE_REACTIVE,
} LzWifiNoiseKind;

typedef struct LzWifiNoiseConfig {      /* a jammer, or an oven, or Bluetooth */
    LzText name;
    int kind;
    int64_t power_dbm;
    LzTime period_ns, pulse_ns, delay_ns, at_ns, for_ns;
} LzWifiNoiseConfig;

typedef struct LzWifiConfig {
    int standard, width;                /* width: 20 MHz << width */
    int64_t streams, frequency_hz;
    bool short_guard;
    int contention, txop, dscp_map;
    int64_t ampdu, rts_bytes, retries;
    bool eifs;
    LzTime success_gap_ns;
    int rate;
    int64_t mcs, margin_db;
    int64_t access_points, channels, columns, spacing_m;
    int placement;
    int64_t radius_m;
    int path_loss;
    int64_t fixed_loss_db, distance_coefficient;
    bool shadowing;
    int64_t wall_db, room_m, lead_db;
    uint32_t lead_share_ppb;
    int64_t access_point_dbm, station_dbm, noise_figure_db, sense_dbm, energy_dbm;
    int64_t stations_max;
    int security;
    LzDist scan_channel, association, four_way, eap, fast_transition;
    int64_t scan_channels, roam_dbm, roam_gain_db;
    LzTime roam_check_ns, retry_ns;
    bool forward;
    uint32_t walking_ppb;
    int64_t walk_mm_per_s, walk_together;
    int power_save;
    LzTime beacon_ns, awake_ns;
    int64_t listen_interval;
    LzTime deauth_period_ns, deauth_at_ns, deauth_for_ns;
    bool pmf;
    LzList noises;                      /* of LzWifiNoiseConfig */
} LzWifiConfig;

typedef struct LzWifi LzWifi;

/* One station, direction and access category: lives beside the engine's queue. */
typedef struct LzWifiLane {
    struct LzWifiLane *next;            /* in the ring of what its sender may serve */
    unsigned station;
    uint8_t direction, ac;
    bool is_active;                     /* in the ring */
    LzPacket *window, **window_end;     /* sent and not all acknowledged, in order; queued_ns: see wifi_exchange.c */
    unsigned window_count;
} LzWifiLane;

typedef enum { LZ_WIFI_STAGE_RTS, LZ_WIFI_STAGE_CTS, LZ_WIFI_STAGE_DATA, LZ_WIFI_STAGE_ACK } LzWifiStage;

/* Whoever sends: an access point or a station. */
typedef struct LzWifiParty {
    LzWifiNode node;
    bool is_access_point;
    bool is_leaded;                     /* stands behind lead */
    int64_t x_mm, y_mm;                 /* of a station that walks: where its way begins */
    LzWifiLane *rings[LZ_WIFI_AC_COUNT], **rings_end[LZ_WIFI_AC_COUNT];
    /* The exchange in the air. */
    LzWifiLane *lane;
    LzWifiStage stage;
    unsigned mcs, frames;               /* frames: of the window, in this PPDU */
    uint32_t psdu_bytes;
    LzTime txop_end_ns;
} LzWifiParty;

typedef enum { LZ_WIFI_ASSOCIATED, LZ_WIFI_SCANNING, LZ_WIFI_JOINING } LzWifiStationState;

typedef struct LzWifiStation {
    LzWifiParty party;
    LzWifi *wifi;
    unsigned access_point;              /* associated with, or was last */
    LzWifiStationState state;
    bool is_walking, is_awake;
    LzTime away_since_ns, active_ns;    /* active: last known to be awake */
    LzMdb loss_mdb;                     /* to its access point */
    LzMdb *shadows_mdb;                 /* of a walking station, by access point; owned */
    int64_t shadow_at_mm;               /* how far it had come when they were drawn */
    LzRandom random;                    /* of its procedures */
    LzEvent step, check, beacon;        /* procedure; roaming decision; power save */
    struct LzWifiLearned *learned;      /* rate control; by direction; owned */
} LzWifiStation;

typedef struct LzWifiAccessPoint {
    LzWifiParty party;
    unsigned channel, associated;
} LzWifiAccessPoint;

typedef struct LzWifiNoise LzWifiNoise;

#define LZ_WIFI_PAIRS 65536u
typedef struct LzWifiPairLoss { unsigned low, high; LzMdb loss_mdb; } LzWifiPairLoss;      /* zeroed: none */

struct LzWifi {
    const LzWifiConfig *config;
    LzLink *link;
    LzEnv env;
    LzWifiPhy phy;
    LzWifiEdca edca[2][LZ_WIFI_AC_COUNT];       /* of stations, of access points */
    uint8_t ac_of_dscp[LZ_DSCP_COUNT];
    LzMdb noise_mdb;                            /* of a receiver */
    uint64_t noise_power;
    LzWifiMedium *media;
    LzWifiAccessPoint *access_points;
    LzWifiStation *stations;
    unsigned media_count, access_point_count, station_count;
    unsigned associated;                        /* stations */
    LzWifiNoise *noises;
    unsigned noise_count;
    LzWifiPairLoss *pairs;                      /* LZ_WIFI_PAIRS of them: between places that stay, as last asked for */
    LzRandom loss;                              /* whether a frame is understood */
    LzEvent deauth;
};

static inline LzWifiLane *lz_wifi_lane(const LzWifi *wifi, unsigned station, LzDirection direction, unsigned ac)
{
    return lz_link_port_state(wifi->link, station * LZ_WIFI_AC_COUNT + ac, direction);
}
static inline unsigned lz_wifi_port(const LzWifiLane *lane)
{
    return lane->station * LZ_WIFI_AC_COUNT + lane->ac;
}
static inline LzTime lz_wifi_now(const LzWifi *wifi)
{
    return lz_now(wifi->env.scheduler);
}
static inline LzWifiParty *lz_wifi_party(const LzWifi *wifi, const LzWifiNode *node)
{
    return node->index < wifi->access_point_count ? &wifi->access_points[node->index].party
                                                  : &wifi->stations[node->index - wifi->access_point_count].party;
}

/* ---- wifi_map.c: DSCP to access category ---- */
void lz_wifi_map(LzWifiMap map, uint8_t ret_ac_of_dscp[LZ_DSCP_COUNT]);

/* ---- wifi_place.c ---- */
void lz_wifi_place_init(LzWifi *wifi);
LzMdb lz_wifi_loss_mdb(LzWifi *wifi, const LzWifiNode *one, const LzWifiNode *other);
LzMdb lz_wifi_received_mdb(LzWifi *wifi, const LzWifiNode *from, const LzWifiNode *at);      /* dBm */
uint64_t lz_wifi_power(void *wifi, const LzWifiNode *from, const LzWifiNode *at);
bool lz_wifi_hears(void *wifi, const LzWifiNode *who, const LzWifiNode *whom);
/* A walking station has gone on: shadowing from here on, and the loss to its access point. */
void lz_wifi_walk(LzWifi *wifi, LzWifiStation *station);
/* The access point that it receives best among those with room, and how well. False: none above the sensitivity. */
bool lz_wifi_best(LzWifi *wifi, const LzWifiStation *station, unsigned *ret_access_point, LzMdb *ret_dbm);

/* ---- wifi_rate.c ---- */
struct LzWifiLearned *lz_wifi_learned_new(void);        /* for one station; g_free */
unsigned lz_wifi_mcs(LzWifi *wifi, LzWifiStation *station, LzDirection direction);
void lz_wifi_learn(LzWifi *wifi, LzWifiStation *station, LzDirection direction, unsigned mcs, unsigned sent, unsigned received);
/* Probability that an MPDU of this size at this MCS is lost. */
uint32_t lz_wifi_error_ppb(const LzWifiPhy *phy, unsigned mcs, LzMdb sinr, uint32_t bytes);
/* Signal to noise ratio at which one in ten frames of 4096 bytes is lost. */
LzMdb lz_wifi_required_mdb(const LzWifiPhy *phy, unsigned mcs);

/* ---- wifi_exchange.c ---- */
extern const LzWifiMediumOps lz_wifi_exchange_ops;
void lz_wifi_activate(LzWifi *wifi, LzWifiLane *lane);  /* its sender may serve it: something waits */
void lz_wifi_deactivate(LzWifi *wifi, LzWifiLane *lane);
/* Its station leaves the access point: what was received goes up, the rest waits for the next one, or is lost. */
void lz_wifi_lane_leave(LzWifi *wifi, LzWifiLane *lane, bool keeps);
void lz_wifi_lane_init(LzWifiLane *lane, unsigned station, LzDirection direction, LzWifiAc ac);
void lz_wifi_lane_drop(LzWifi *wifi, LzWifiLane *lane, LzDropReason reason);    /* what it holds itself */
void lz_wifi_lane_free(LzWifi *wifi, LzWifiLane *lane);
bool lz_wifi_lane_has_more(const LzWifi *wifi, const LzWifiLane *lane);

/* ---- wifi_station.c ---- */
void lz_wifi_stations_init(LzWifi *wifi);
void lz_wifi_stations_start(LzWifi *wifi);              /* at the beginning, and when the radio comes back */
void lz_wifi_stations_stop(LzWifi *wifi);
bool lz_wifi_may_serve(const LzWifi *wifi, const LzWifiLane *lane);
void lz_wifi_kicked(LzWifi *wifi, LzWifiLane *lane);    /* something waits in it */
/* It has just sent something (LZ_UP) or received something. */
void lz_wifi_heard_from(LzWifi *wifi, LzWifiStation *station, LzDirection direction);

/* ---- wifi_noise.c ---- */
void lz_wifi_noise_init(LzWifi *wifi);
void lz_wifi_noise_clear(LzWifi *wifi);
/* Power of all that disturbs at some moment between these times, of a frame that began with them. */
uint64_t lz_wifi_noise_power(LzWifi *wifi, LzTime from_ns, LzTime until_ns);
/* Somebody wants to send: keeps the media blocked while there is noise above the energy threshold. */
void lz_wifi_noise_wake(LzWifi *wifi);

#endif
