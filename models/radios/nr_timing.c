/* Timing skeleton of the "nr" radio; constants and equations each with their clause. */
#include "lazaret/nr_timing.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

/* Decoding and preparation times in half symbols, TS 38.214 tables 5.3-1, 5.3-2 (N1, front-loaded DMRS) and
 * 6.4-1, 6.4-2 (N2); 0: this capability does not exist at this numerology. */
static const unsigned n1_half_symbols[LZ_NR_CAPABILITY_COUNT][LZ_NR_NUMEROLOGY_MAX + 1] = {
    [LZ_NR_CAPABILITY_1] = {16, 20, 34, 40},
    [LZ_NR_CAPABILITY_2] = {6, 9, 18, 0},
};
static const unsigned n2_half_symbols[LZ_NR_CAPABILITY_COUNT][LZ_NR_NUMEROLOGY_MAX + 1] = {
    [LZ_NR_CAPABILITY_1] = {20, 24, 46, 72},
    [LZ_NR_CAPABILITY_2] = {10, 11, 22, 0},
};

/* N (2048+144) kappa 2^-mu T_c with kappa = 64, T_c = 1/(480e3 * 4096) s (TS 38.211 4.1), rounded up. */
static LzTime half_symbols_ns_ceil(unsigned half_symbols, unsigned numerology)
{
    const uint64_t numerator = (uint64_t)half_symbols * (2048 + 144) * 64 * (uint64_t)LZ_NS_PER_S;
    const uint64_t denominator = (UINT64_C(2) * 480000 * 4096) << numerology;
    return (LzTime)((numerator + denominator - 1) / denominator);
}

const char *lz_nr_pattern_problem(const char *pattern)
{
    const size_t length = strlen(pattern);
    if (length == 0 || length > LZ_NR_PATTERN_SLOTS_MAX) {
        return "a TDD pattern has 1 to 40 slots";
    }
    if (strspn(pattern, "DSU") != length) {
        return "a TDD pattern is written with the letters D, S and U";
    }
    if (!strpbrk(pattern, "DS") || !strchr(pattern, 'U')) {
        return "a TDD pattern needs at least one D or S and at least one U";
    }
    return NULL;
}

bool lz_nr_capability_exists(unsigned numerology, LzNrCapability capability)
{
    return n1_half_symbols[capability][numerology] != 0;
}

LzTime lz_nr_t_proc1_ns(unsigned numerology, LzNrCapability capability)
{
    return half_symbols_ns_ceil(n1_half_symbols[capability][numerology], numerology);
}

LzTime lz_nr_t_proc2_ns(unsigned numerology, LzNrCapability capability)
{
    return half_symbols_ns_ceil(n2_half_symbols[capability][numerology], numerology);
}

static void set_slot(LzNrTiming *timing, unsigned slot, bool is_up, bool is_down)
{
    timing->is_usable[LZ_UP][slot] = is_up;
    timing->is_usable[LZ_DOWN][slot] = is_down;
    timing->usable_slots[LZ_UP] += is_up ? 1 : 0;
    timing->usable_slots[LZ_DOWN] += is_down ? 1 : 0;
}

void lz_nr_timing_init(LzNrTiming *timing, unsigned numerology, const char *pattern, LzNrCapability capability)
{
    g_assert(numerology <= LZ_NR_NUMEROLOGY_MAX && lz_nr_capability_exists(numerology, capability));
    *timing = (LzNrTiming){
        .slot_ns = LZ_NS_PER_MS >> numerology,
        .is_tdd = pattern != NULL,
        .n1_ns = lz_nr_t_proc1_ns(numerology, capability),
        .n2_ns = lz_nr_t_proc2_ns(numerology, capability),
    };
    if (!pattern) {
        timing->pattern_slots = 1;
        set_slot(timing, 0, true, true);
        return;
    }
    g_assert(!lz_nr_pattern_problem(pattern));
    timing->pattern_slots = (unsigned)strlen(pattern);
    for (unsigned slot = 0; slot < timing->pattern_slots; slot++) {
        set_slot(timing, slot, pattern[slot] == 'U', pattern[slot] != 'U');
    }
}

static LzTime divide_ceil(LzTime dividend, LzTime divisor)
{
    return dividend <= 0 ? 0 : (dividend - 1) / divisor + 1;
}

LzTime lz_nr_align_ns(const LzNrTiming *timing, LzDirection direction, LzTime time_ns)
{
    LzTime slot = divide_ceil(time_ns, timing->slot_ns);
    while (!timing->is_usable[direction][slot % timing->pattern_slots]) {
        slot++;
    }
    return slot * timing->slot_ns;
}

LzTime lz_nr_opportunity_ns(const LzNrTiming *timing, LzTime period_ns, LzTime offset_ns, LzTime time_ns)
{
    if (time_ns <= offset_ns) {
        return lz_nr_align_ns(timing, LZ_UP, offset_ns);
    }
    const LzTime last = (time_ns - offset_ns) / period_ns * period_ns + offset_ns;
    const LzTime opportunity = lz_nr_align_ns(timing, LZ_UP, last);
    if (opportunity >= time_ns) {
        return opportunity;
    }
    return lz_nr_align_ns(timing, LZ_UP, last + period_ns);
}

LzTime lz_nr_granted_slot_ns(const LzNrTiming *timing, LzTime request_end_ns)
{
    const LzTime grant_ns = lz_nr_align_ns(timing, LZ_DOWN, request_end_ns + timing->gnb_processing_ns);
    return lz_nr_align_ns(timing, LZ_UP, grant_ns + timing->slot_ns + timing->n2_ns);
}

/* Table 1 of Wireless Communications and Mobile Computing 2022, 2233503: wait, preamble, detection, response,
 * UE, request, resume, complete and acknowledgement at one TTI each (TDD: five more alignments), and 3 ms of
 * processing on either side. */
LzTime lz_nr_resume_ns(const LzNrTiming *timing)
{
    return (timing->is_tdd ? 14 : 9) * timing->slot_ns + LZ_MILLISECONDS(6);
}

uint32_t lz_nr_slot_bytes(const LzNrTiming *timing, LzDirection direction, int64_t rate_bps)
{
    const unsigned __int128 bits_ns = (unsigned __int128)(uint64_t)rate_bps
        * (uint64_t)(timing->slot_ns * (LzTime)timing->pattern_slots);
    const uint64_t bytes = (uint64_t)(bits_ns / (8 * (uint64_t)LZ_NS_PER_S * timing->usable_slots[direction]));
    return (uint32_t)CLAMP(bytes, 1, UINT32_MAX);
}

bool lz_nr_harq_fails(uint32_t bler_ppb, uint32_t combining_ppb, unsigned attempt, LzRandom *random)
{
    uint64_t ppb = bler_ppb;
    for (unsigned i = 1; i < attempt; i++) {
        ppb = ppb * combining_ppb / 1000000000;
    }
    return lz_random_chance_ppb(random, (uint32_t)ppb);
}
