/* The deterministic timing skeleton of the "nr" radio, apart from its queues and random streams: slots,
 * TDD patterns, UE processing times, scheduling requests and grants. Pure functions over absolute virtual
 * time; slot 0 of the pattern starts at time 0. */
#ifndef LAZARET_NR_TIMING_H
#define LAZARET_NR_TIMING_H

#include "lazaret/link.h"
#include "lazaret/random.h"

#define LZ_NR_NUMEROLOGY_MAX 3          /* 120 kHz subcarriers */
#define LZ_NR_PATTERN_SLOTS_MAX 40      /* 10 ms at 60 kHz; TS 38.331 tdd-UL-DL-Pattern is at most 10 ms */

typedef enum { LZ_NR_CAPABILITY_1, LZ_NR_CAPABILITY_2, LZ_NR_CAPABILITY_COUNT } LzNrCapability;

typedef struct LzNrTiming {
    LzTime slot_ns;                     /* 1 ms / 2^numerology, exact */
    unsigned pattern_slots;             /* 1 for FDD */
    bool is_usable[2][LZ_NR_PATTERN_SLOTS_MAX];         /* by LzDirection, slot of the pattern */
    unsigned usable_slots[2];           /* per pattern */
    bool is_tdd;
    LzTime n1_ns;                       /* end of PDSCH to decoded */
    LzTime n2_ns;                       /* end of the grant's slot to PUSCH ready */
    LzTime ue_processing_ns;            /* L2, uplink */
    LzTime gnb_processing_ns;           /* L2, each way */
} LzNrTiming;

/* pattern: letters D, U and S (used for downlink only), 1..LZ_NR_PATTERN_SLOTS_MAX; NULL: FDD. NULL when
 * valid, else a static text of what is wrong. */
const char *lz_nr_pattern_problem(const char *pattern);
/* The capability must exist at this numerology, and the pattern be valid. */
void lz_nr_timing_init(LzNrTiming *timing, unsigned numerology, const char *pattern, LzNrCapability capability);

bool lz_nr_capability_exists(unsigned numerology, LzNrCapability capability);
/* T_proc,1 (PDSCH to HARQ-ACK) and T_proc,2 (grant to PUSCH), TS 38.214 5.3 and 6.4, rounded up to ns. */
LzTime lz_nr_t_proc1_ns(unsigned numerology, LzNrCapability capability);
LzTime lz_nr_t_proc2_ns(unsigned numerology, LzNrCapability capability);

/* Start of the first slot usable in this direction at or after the time. */
LzTime lz_nr_align_ns(const LzNrTiming *timing, LzDirection direction, LzTime time_ns);
/* First periodic uplink opportunity at or after the time: the first uplink slot at or after each multiple of
 * the period plus the offset. 0 <= offset < period. */
LzTime lz_nr_opportunity_ns(const LzNrTiming *timing, LzTime period_ns, LzTime offset_ns, LzTime time_ns);
/* Slot in which a UE may send when its request was in an uplink slot that ended at this time: gNB processing,
 * the grant's downlink slot, PUSCH preparation, an uplink slot. */
LzTime lz_nr_granted_slot_ns(const LzNrTiming *timing, LzTime request_end_ns);
/* RRC_INACTIVE to CONNECTED: 9 TTI + 6 ms (FDD), 14 TTI + 6 ms (TDD). */
LzTime lz_nr_resume_ns(const LzNrTiming *timing);

/* Bytes per usable slot so that the cell carries rate_bps averaged over the pattern; rounded down, at least 1. */
uint32_t lz_nr_slot_bytes(const LzNrTiming *timing, LzDirection direction, int64_t rate_bps);

/* HARQ: whether transmission number `attempt` (from 1) fails: probability bler * combining^(attempt - 1),
 * rounded down to ppb at each step. Draws once. */
bool lz_nr_harq_fails(uint32_t bler_ppb, uint32_t combining_ppb, unsigned attempt, LzRandom *random);

#endif
