/* Timing skeleton of the "wifi" radio; constants and equations each with their clause of IEEE 802.11-2020 (11ax: of
 * 802.11ax-2021). */
#include "lazaret/wifi_timing.h"

#include <glib.h>

#define SYMBOL_LEGACY_NS INT64_C(4000)
#define LEGACY_PREAMBLE_NS INT64_C(20000)       /* L-STF 8, L-LTF 8, L-SIG 4 us */
#define SIGNAL_EXTENSION_NS INT64_C(6000)       /* ERP-OFDM and HT at 2.4 GHz */
#define SERVICE_AND_TAIL_BITS 22u               /* 16 + 6 */

enum { ACK_BYTES = 14, CTS_BYTES = 14, RTS_BYTES = 20, BLOCK_ACK_BYTES = 32 };

typedef struct Modulation {
    unsigned bits, numerator, denominator;      /* coded bits per subcarrier; code rate */
} Modulation;

/* MCS 0 to 11: HT 19.5, VHT 21.5, HE 27.5. */
static const Modulation modulations[LZ_WIFI_MCS_MAX] = {
    {1, 1, 2}, {2, 1, 2}, {2, 3, 4}, {4, 1, 2}, {4, 3, 4}, {6, 2, 3},
    {6, 3, 4}, {6, 5, 6}, {8, 3, 4}, {8, 5, 6}, {10, 3, 4}, {10, 5, 6},
};
/* 6, 9, 12, 18, 24, 36, 48, 54 Mbit/s: 17.3.2.2. */
static const Modulation legacy_modulations[] = {
    {1, 1, 2}, {1, 3, 4}, {2, 1, 2}, {2, 3, 4}, {4, 1, 2}, {4, 3, 4}, {6, 2, 3}, {6, 3, 4},
};
G_STATIC_ASSERT(G_N_ELEMENTS(legacy_modulations) <= LZ_WIFI_MCS_MAX);

static const char *const ac_names[] = {"bk", "be", "vi", "vo"};
G_STATIC_ASSERT(G_N_ELEMENTS(ac_names) == LZ_WIFI_AC_COUNT);

const char *lz_wifi_ac_name(LzWifiAc ac)
{
    return ac_names[ac];
}

const char *lz_wifi_phy_problem(const LzWifiPhy *phy)
{
    if (phy->width_mhz != 20 && phy->width_mhz != 40 && phy->width_mhz != 80) {
        return "a channel is 20, 40 or 80 MHz wide";
    }
    if (phy->standard == LZ_WIFI_11A && (phy->width_mhz != 20 || phy->streams != 1)) {
        return "802.11a has one stream in 20 MHz";
    }
    if (phy->width_mhz == 80 && phy->standard == LZ_WIFI_11N) {
        return "802.11n has channels of 20 and 40 MHz";
    }
    if (phy->is_2ghz && (phy->standard == LZ_WIFI_11AC || phy->width_mhz == 80)) {
        return "at 2.4 GHz there is no 802.11ac and no channel of 80 MHz";
    }
    if (phy->has_short_guard && phy->standard != LZ_WIFI_11N && phy->standard != LZ_WIFI_11AC) {
        return "only 802.11n and 802.11ac have the short guard interval";
    }
    return NULL;
}

/* ---- rates ---- */

/* Data subcarriers: 17.3.2.3; HT 19.3.6; VHT 21.3.6; HE 27.3.9 (RU of 242, 484, 996 tones). */
static unsigned subcarriers(const LzWifiPhy *phy)
{
    switch (phy->standard) {
    case LZ_WIFI_11A:
        return 48;
    case LZ_WIFI_11N:
    case LZ_WIFI_11AC:
        return phy->width_mhz == 80 ? 234 : phy->width_mhz == 40 ? 108 : 52;
    case LZ_WIFI_11AX:
        return phy->width_mhz == 80 ? 980 : phy->width_mhz == 40 ? 468 : 234;
    case LZ_WIFI_STANDARD_COUNT:
        break;
    }
    g_assert_not_reached();
}

static LzTime symbol_ns(const LzWifiPhy *phy)
{
    if (phy->standard == LZ_WIFI_11AX) {
        return 13600;           /* 12.8 us and a guard interval of 0.8 us */
    }
    return phy->has_short_guard ? 3600 : SYMBOL_LEGACY_NS;
}

unsigned lz_wifi_mcs_count(const LzWifiPhy *phy)
{
    switch (phy->standard) {
    case LZ_WIFI_11A:
        return G_N_ELEMENTS(legacy_modulations);
    case LZ_WIFI_11N:
        return 8;
    case LZ_WIFI_11AC:
        return phy->width_mhz == 20 && phy->streams != 3 ? 9 : 10;      /* 21.5: MCS 9 is not valid there */
    case LZ_WIFI_11AX:
        return 12;
    case LZ_WIFI_STANDARD_COUNT:
        break;
    }
    g_assert_not_reached();
}

unsigned lz_wifi_symbol_bits(const LzWifiPhy *phy, unsigned mcs)
{
    g_assert(mcs < lz_wifi_mcs_count(phy));
    const Modulation *modulation = phy->standard == LZ_WIFI_11A ? &legacy_modulations[mcs] : &modulations[mcs];
    return subcarriers(phy) * modulation->bits * phy->streams * modulation->numerator / modulation->denominator;
}

int64_t lz_wifi_rate_bps(const LzWifiPhy *phy, unsigned mcs)
{
    return (int64_t)lz_wifi_symbol_bits(phy, mcs) * LZ_NS_PER_S / symbol_ns(phy);
}

/* ---- durations ---- */

LzTime lz_wifi_slot_ns(void)
{
    return LZ_MICROSECONDS(9);
}

LzTime lz_wifi_sifs_ns(const LzWifiPhy *phy)
{
    return phy->is_2ghz ? LZ_MICROSECONDS(10) : LZ_MICROSECONDS(16);
}

/* HT-mixed 19.3.2, VHT 21.3.2, HE SU 27.3.4; three streams are sent with four training symbols. */
static LzTime preamble_ns(const LzWifiPhy *phy)
{
    const LzTime training = phy->streams == 3 ? 4 : phy->streams;
    switch (phy->standard) {
    case LZ_WIFI_11A:
        return LEGACY_PREAMBLE_NS;
    case LZ_WIFI_11N:           /* HT-SIG 8, HT-STF 4 */
        return LEGACY_PREAMBLE_NS + 12000 + 4000 * training;
    case LZ_WIFI_11AC:          /* VHT-SIG-A 8, VHT-STF 4, VHT-SIG-B 4 */
        return LEGACY_PREAMBLE_NS + 16000 + 4000 * training;
    case LZ_WIFI_11AX:          /* RL-SIG 4, HE-SIG-A 8, HE-STF 4; HE-LTF of 6.4 us + guard, taken as 8 as ns-3 does */
        return LEGACY_PREAMBLE_NS + 16000 + 8000 * training;
    case LZ_WIFI_STANDARD_COUNT:
        break;
    }
    g_assert_not_reached();
}

static LzTime symbols_ns(uint32_t bytes, unsigned bits_per_symbol, LzTime duration_ns)
{
    const uint64_t bits = SERVICE_AND_TAIL_BITS + UINT64_C(8) * bytes;
    return (LzTime)((bits + bits_per_symbol - 1) / bits_per_symbol) * duration_ns;
}

static LzTime extension_ns(const LzWifiPhy *phy)
{
    return phy->is_2ghz ? SIGNAL_EXTENSION_NS : 0;
}

LzTime lz_wifi_ppdu_ns(const LzWifiPhy *phy, unsigned mcs, uint32_t psdu_bytes)
{
    return preamble_ns(phy) + symbols_ns(psdu_bytes, lz_wifi_symbol_bits(phy, mcs), symbol_ns(phy)) + extension_ns(phy);
}

uint32_t lz_wifi_psdu_bytes_max(const LzWifiPhy *phy, unsigned mcs, LzTime duration_ns)
{
    const LzTime payload_ns = duration_ns - preamble_ns(phy) - extension_ns(phy);
    const LzTime bits = payload_ns > 0 ? payload_ns / symbol_ns(phy) * lz_wifi_symbol_bits(phy, mcs) : 0;
    return bits > (LzTime)SERVICE_AND_TAIL_BITS ? (uint32_t)((bits - SERVICE_AND_TAIL_BITS) / 8) : 0;
}

/* 10.6.6.5.2 with the mandatory rates as the basic ones: the highest that is not faster than the frame's modulation. */
static unsigned response_symbol_bits(const LzWifiPhy *phy, unsigned mcs)
{
    const unsigned first_of_12 = phy->standard == LZ_WIFI_11A ? 2 : 1, first_of_24 = phy->standard == LZ_WIFI_11A ? 4 : 3;
    return mcs >= first_of_24 ? 96 : mcs >= first_of_12 ? 48 : 24;
}

static LzTime control_ns(const LzWifiPhy *phy, unsigned mcs, uint32_t bytes)
{
    return LEGACY_PREAMBLE_NS + symbols_ns(bytes, response_symbol_bits(phy, mcs), SYMBOL_LEGACY_NS) + extension_ns(phy);
}

LzTime lz_wifi_ack_ns(const LzWifiPhy *phy, unsigned mcs)
{
    return control_ns(phy, mcs, ACK_BYTES);
}

LzTime lz_wifi_block_ack_ns(const LzWifiPhy *phy, unsigned mcs)
{
    return control_ns(phy, mcs, BLOCK_ACK_BYTES);
}

LzTime lz_wifi_rts_ns(const LzWifiPhy *phy, unsigned mcs)
{
    return control_ns(phy, mcs, RTS_BYTES);
}

LzTime lz_wifi_cts_ns(const LzWifiPhy *phy, unsigned mcs)
{
    return control_ns(phy, mcs, CTS_BYTES);
}

/* ---- aggregation ---- */

uint32_t lz_wifi_psdu_limit_bytes(const LzWifiPhy *phy)
{
    switch (phy->standard) {
    case LZ_WIFI_11A:
        return 4095;            /* LENGTH of the SIGNAL field: 17.3.4.3 */
    case LZ_WIFI_11N:
        return 65535;           /* 9.4.2.55.3 */
    case LZ_WIFI_11AC:
        return 1048575;         /* 9.4.2.157.2 */
    case LZ_WIFI_11AX:
        return 6500631;         /* 27.3.7 */
    case LZ_WIFI_STANDARD_COUNT:
        break;
    }
    g_assert_not_reached();
}

unsigned lz_wifi_window(const LzWifiPhy *phy)
{
    return phy->standard == LZ_WIFI_11A ? 1 : phy->standard == LZ_WIFI_11AX ? 256 : 64;
}

uint32_t lz_wifi_ampdu_add(uint32_t psdu_bytes, uint32_t mpdu_bytes)
{
    const uint32_t padding = (4 - psdu_bytes % 4) % 4;          /* 9.7.1 */
    return padding + 4 + mpdu_bytes;
}

/* ---- medium access ---- */

/* 802.11-2020 table 9-155 for OFDM PHYs; TXOP limits also as in WMM 1.2 (802.11e, 11n). */
static const struct {
    unsigned aifsn;
    uint32_t cw_min, cw_max;
    LzTime txop_us[LZ_WIFI_TXOP_SET_COUNT];
} edca_rows[LZ_WIFI_AC_COUNT] = {
    [LZ_WIFI_BK] = {7, 15, 1023, {0, 0, 2528}},
    [LZ_WIFI_BE] = {3, 15, 1023, {0, 0, 2528}},
    [LZ_WIFI_VI] = {2, 7, 15, {0, 3008, 4096}},
    [LZ_WIFI_VO] = {2, 3, 7, {0, 1504, 2080}},
};

void lz_wifi_edca(const LzWifiPhy *phy, LzWifiAc ac, bool is_access_point, LzWifiTxopSet txops, LzWifiEdca *ret_edca)
{
    /* An access point waits one slot less for video and voice (10.2.3.2, WMM). */
    const unsigned aifsn = edca_rows[ac].aifsn - (is_access_point && ac >= LZ_WIFI_VI ? 1 : 0);
    *ret_edca = (LzWifiEdca){
        .aifs_ns = lz_wifi_sifs_ns(phy) + aifsn * lz_wifi_slot_ns(),
        .txop_ns = LZ_MICROSECONDS(edca_rows[ac].txop_us[txops]),
        .cw_min = edca_rows[ac].cw_min,
        .cw_max = edca_rows[ac].cw_max,
    };
}

void lz_wifi_dcf(const LzWifiPhy *phy, LzWifiEdca *ret_edca)
{
    *ret_edca = (LzWifiEdca){
        .aifs_ns = lz_wifi_sifs_ns(phy) + 2 * lz_wifi_slot_ns(),
        .cw_min = 15,
        .cw_max = 1023,
    };
}
