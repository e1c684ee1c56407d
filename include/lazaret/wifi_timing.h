/* The deterministic timing skeleton of the "wifi" radio, apart from its queues and random streams: frame durations of
 * 802.11a/n/ac/ax, control responses, and the EDCA parameters. Pure functions. */
#ifndef LAZARET_WIFI_TIMING_H
#define LAZARET_WIFI_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "lazaret/time.h"

typedef enum { LZ_WIFI_11A, LZ_WIFI_11N, LZ_WIFI_11AC, LZ_WIFI_11AX, LZ_WIFI_STANDARD_COUNT } LzWifiStandard;

/* In ascending priority. */
typedef enum { LZ_WIFI_BK, LZ_WIFI_BE, LZ_WIFI_VI, LZ_WIFI_VO, LZ_WIFI_AC_COUNT } LzWifiAc;
const char *lz_wifi_ac_name(LzWifiAc ac);               /* "bk", "be", "vi", "vo" */

#define LZ_WIFI_MCS_MAX 12u

typedef struct LzWifiPhy {
    LzWifiStandard standard;
    unsigned width_mhz;                 /* 20, 40 or 80 */
    unsigned streams;                   /* 1..4; 802.11a: 1 */
    bool is_2ghz;                       /* 2.4 GHz: SIFS 10 us and a signal extension of 6 us */
    bool has_short_guard;               /* 0.4 us instead of 0.8 us: 802.11n and 11ac */
} LzWifiPhy;

/* NULL when such a PHY exists, else a static text of what is wrong. */
const char *lz_wifi_phy_problem(const LzWifiPhy *phy);

/* ---- rates ---- */
unsigned lz_wifi_mcs_count(const LzWifiPhy *phy);       /* MCS 0 to this less one are usable */
/* Data bits per OFDM symbol. mcs below the count. 802.11a: 0 is 6 Mbit/s, 7 is 54 Mbit/s. */
unsigned lz_wifi_symbol_bits(const LzWifiPhy *phy, unsigned mcs);
int64_t lz_wifi_rate_bps(const LzWifiPhy *phy, unsigned mcs);   /* rounded down */

/* ---- durations ---- */
LzTime lz_wifi_slot_ns(void);                           /* 9 us */
LzTime lz_wifi_sifs_ns(const LzWifiPhy *phy);
/* A PPDU with this many bytes of PSDU: preamble, SERVICE 16 bits, PSDU, tail 6 bits, in whole symbols. */
LzTime lz_wifi_ppdu_ns(const LzWifiPhy *phy, unsigned mcs, uint32_t psdu_bytes);
/* Most PSDU bytes that fit into a PPDU of at most this duration; 0: none. */
uint32_t lz_wifi_psdu_bytes_max(const LzWifiPhy *phy, unsigned mcs, LzTime duration_ns);
/* Responses and protection, sent as 802.11a frames at the highest basic rate (6, 12, 24 Mbit/s) that this MCS allows. */
LzTime lz_wifi_ack_ns(const LzWifiPhy *phy, unsigned mcs);
LzTime lz_wifi_block_ack_ns(const LzWifiPhy *phy, unsigned mcs);
LzTime lz_wifi_rts_ns(const LzWifiPhy *phy, unsigned mcs);
LzTime lz_wifi_cts_ns(const LzWifiPhy *phy, unsigned mcs);

/* ---- aggregation ---- */
#define LZ_WIFI_PPDU_NS_MAX LZ_MICROSECONDS(5484)       /* aPPDUMaxTime */
uint32_t lz_wifi_psdu_limit_bytes(const LzWifiPhy *phy);        /* longest A-MPDU that the standard allows */
unsigned lz_wifi_window(const LzWifiPhy *phy);          /* MPDUs that one block acknowledgement covers; 802.11a: 1 */
/* Bytes that an MPDU adds to an A-MPDU that has this many: padding of the one before, delimiter, itself. */
uint32_t lz_wifi_ampdu_add(uint32_t psdu_bytes, uint32_t mpdu_bytes);

/* ---- medium access ---- */
typedef enum { LZ_WIFI_TXOP_NONE, LZ_WIFI_TXOP_WMM, LZ_WIFI_TXOP_2020, LZ_WIFI_TXOP_SET_COUNT } LzWifiTxopSet;
typedef struct LzWifiEdca {
    LzTime aifs_ns, txop_ns;            /* txop 0: one exchange */
    uint32_t cw_min, cw_max;
} LzWifiEdca;
/* EDCA with 802.11's default parameters. */
void lz_wifi_edca(const LzWifiPhy *phy, LzWifiAc ac, bool is_access_point, LzWifiTxopSet txops, LzWifiEdca *ret_edca);
/* Plain DCF: DIFS, 15, 1023. */
void lz_wifi_dcf(const LzWifiPhy *phy, LzWifiEdca *ret_edca);

#endif
