/* Which MCS a Wi-Fi sender uses, and how often it is not understood. */
#include "lazaret/wifi_cell.h"

#define REFERENCE_BYTES 4096            /* 802.11-2020: sensitivity is defined by 10 % loss of 4096 bytes */
#define REFERENCE_MDB_TO_PPB LZ_MDB(80) /* 10 % = 10^8 ppb */
#define DECADE_MDB 1500                 /* ten times fewer losses per 1.5 dB: assumed, as of an additive-noise curve */
#define PPB 1000000000
#define LOG2_E_Q32 INT64_C(6196328019)

/* Minstrel (Linux mac80211): statistics every 100 ms with weight 3/4 for the past, a tenth of the frames probe. */
#define UPDATE_NS LZ_MILLISECONDS(100)
#define PAST_OF_4 3u
#define PROBE_EVERY 10u
#define PROBABILITY_ONE 65535u

typedef struct Tried {
    unsigned sent, received;            /* since the last update */
    unsigned probability;               /* of PROBABILITY_ONE */
    bool is_known;
} Tried;

typedef struct LzWifiLearned {
    Tried tried[2][LZ_WIFI_MCS_MAX];
    LzTime updated_ns[2];
    unsigned best[2], until_probe[2];
} LzWifiLearned;

/* Signal to noise ratio for a loss of 10 %, dB, by MCS: practical receivers, additive noise (assumed: from memory of
 * published 802.11n/ac/ax curves; the standard's own minimum sensitivities are up to 6 dB more demanding). */
static const LzMdb required_mdb[LZ_WIFI_MCS_MAX] = {
    2000, 5000, 9000, 11000, 15000, 18000, 20000, 25000, 29000, 31000, 34000, 36000,
};
/* 802.11a's eight rates: BPSK with 3/4 and QPSK with 3/4 stand between those. */
static const LzMdb legacy_required_mdb[] = {2000, 4000, 5000, 9000, 11000, 15000, 18000, 20000};

LzMdb lz_wifi_required_mdb(const LzWifiPhy *phy, unsigned mcs)
{
    return phy->standard == LZ_WIFI_11A ? legacy_required_mdb[mcs] : required_mdb[mcs];
}

/* 1 - (1 - p)^(bytes / 4096). */
static uint32_t scale_ppb(uint32_t reference_ppb, uint32_t bytes)
{
    const uint64_t kept = (uint64_t)(((unsigned __int128)(PPB - reference_ppb) << 64) / PPB - 1);
    const __int128 neg_ln_q32 = (__int128)lz_fixed_neg_ln_q32(kept) * bytes / REFERENCE_BYTES;
    const __int128 exponent = -(neg_ln_q32 * LOG2_E_Q32 >> 32);
    const uint64_t all_q32 = exponent < -((__int128)60 << 32) ? 0 : lz_fixed_exp2_q32((int64_t)exponent);
    return PPB - (uint32_t)MIN((unsigned __int128)all_q32 * PPB >> 32, PPB);
}

uint32_t lz_wifi_error_ppb(const LzWifiPhy *phy, unsigned mcs, LzMdb sinr, uint32_t bytes)
{
    const int64_t above = (int64_t)sinr - lz_wifi_required_mdb(phy, mcs);
    const int64_t reference_mdb = REFERENCE_MDB_TO_PPB - above * LZ_MDB(10) / DECADE_MDB;
    if (reference_mdb < 0) {
        return 0;                       /* below 1 in 10^9 */
    }
    const uint64_t reference_ppb = lz_mdb_power((LzMdb)MIN(reference_mdb, LZ_MDB(100)) + LZ_POWER_FLOOR_MDB);
    return reference_ppb >= PPB ? PPB : scale_ppb((uint32_t)reference_ppb, bytes);
}

static unsigned ideal(const LzWifi *wifi, LzMdb snr)
{
    unsigned mcs = 0;
    for (unsigned i = 1; i < lz_wifi_mcs_count(&wifi->phy); i++) {
        if (lz_wifi_required_mdb(&wifi->phy, i) <= snr - LZ_MDB(wifi->config->margin_db)) {
            mcs = i;
        }
    }
    return mcs;
}

/* ---- Minstrel ---------------------------------------------------------------------------------------------- */

struct LzWifiLearned *lz_wifi_learned_new(void)
{
    return g_new0(LzWifiLearned, 1);
}

static uint64_t goodput(const LzWifi *wifi, const Tried *tried, unsigned mcs)
{
    return (uint64_t)lz_wifi_rate_bps(&wifi->phy, mcs) * tried[mcs].probability;
}

static void update(const LzWifi *wifi, LzWifiLearned *learned, LzDirection direction)
{
    Tried *tried = learned->tried[direction];
    unsigned best = 0;
    for (unsigned mcs = 0; mcs < lz_wifi_mcs_count(&wifi->phy); mcs++) {
        if (tried[mcs].sent > 0) {
            const unsigned now = tried[mcs].received * PROBABILITY_ONE / tried[mcs].sent;
            tried[mcs].probability = tried[mcs].is_known ? (PAST_OF_4 * tried[mcs].probability + (4 - PAST_OF_4) * now) / 4 : now;
            tried[mcs].is_known = true;
            tried[mcs].sent = tried[mcs].received = 0;
        }
        if (goodput(wifi, tried, mcs) > goodput(wifi, tried, best)) {
            best = mcs;
        }
    }
    learned->best[direction] = best;
    learned->updated_ns[direction] = lz_wifi_now(wifi);
}

static unsigned minstrel(const LzWifi *wifi, LzWifiStation *station, LzDirection direction)
{
    LzWifiLearned *learned = station->learned;
    if (lz_wifi_now(wifi) >= learned->updated_ns[direction] + UPDATE_NS) {
        update(wifi, learned, direction);
    }
    if (learned->until_probe[direction]-- == 0) {
        learned->until_probe[direction] = PROBE_EVERY - 1;
        return (unsigned)lz_random_below(&station->random, lz_wifi_mcs_count(&wifi->phy));
    }
    return learned->best[direction];
}

void lz_wifi_learn(LzWifi *wifi, LzWifiStation *station, LzDirection direction, unsigned mcs, unsigned sent, unsigned received)
{
    (void)wifi;
    if (station->learned) {
        station->learned->tried[direction][mcs].sent += sent;
        station->learned->tried[direction][mcs].received += received;
    }
}

unsigned lz_wifi_mcs(LzWifi *wifi, LzWifiStation *station, LzDirection direction)
{
    const LzWifiConfig *config = wifi->config;
    switch ((LzWifiRateKind)config->rate) {
    case LZ_WIFI_RATE_FIXED:
        return MIN((unsigned)config->mcs, lz_wifi_mcs_count(&wifi->phy) - 1);
    case LZ_WIFI_RATE_MINSTREL:
        return minstrel(wifi, station, direction);
    case LZ_WIFI_RATE_IDEAL: {
        const int64_t sent_dbm = direction == LZ_UP ? config->station_dbm : config->access_point_dbm;
        return ideal(wifi, LZ_MDB(sent_dbm) - station->loss_mdb - wifi->noise_mdb);
    }
    }
    g_assert_not_reached();
}
