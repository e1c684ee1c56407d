/* Path loss and shadowing over fixed-point logarithms; the equations with their clauses stand in the header. */
#include "lazaret/propagation.h"

#include <glib.h>
#include <math.h>

#define ONE_Q32 (INT64_C(1) << 32)
#define LOG2_E_Q32 INT64_C(6196328019)          /* lb e */

/* 10 lg of metres, and of GHz, in mdB. */
static int64_t metres_mdb(uint64_t distance2_mm2)
{
    return lz_mdb_of(MAX(distance2_mm2, UINT64_C(1000000))) / 2 - LZ_MDB(30);
}

static int64_t ghz_mdb(int64_t frequency_hz)
{
    return lz_mdb_of((uint64_t)frequency_hz) - LZ_MDB(90);
}

LzMdb lz_inh_los_mdb(uint64_t distance2_mm2, int64_t frequency_hz)
{
    return (LzMdb)(32400 + 173 * metres_mdb(distance2_mm2) / 100 + 2 * ghz_mdb(frequency_hz));
}

LzMdb lz_inh_nlos_mdb(uint64_t distance2_mm2, int64_t frequency_hz)
{
    const LzMdb nlos = (LzMdb)(17300 + 383 * metres_mdb(distance2_mm2) / 100 + 249 * ghz_mdb(frequency_hz) / 100);
    return MAX(nlos, lz_inh_los_mdb(distance2_mm2, frequency_hz));
}

/* e^(-x) of x = numerator / denominator >= 0. */
static int64_t exp_neg_q32(int64_t numerator, int64_t denominator)
{
    const __int128 exponent = -(__int128)numerator * LOG2_E_Q32 / denominator;
    return exponent < -60 * (__int128)ONE_Q32 ? 0 : (int64_t)lz_fixed_exp2_q32((int64_t)exponent);
}

static int64_t whole_mm(uint64_t distance2_mm2)
{
    return (int64_t)sqrt((double)distance2_mm2);
}

uint32_t lz_inh_los_ppb(uint64_t distance2_mm2)
{
    const int64_t mm = whole_mm(distance2_mm2);
    if (mm <= 1200) {
        return 1000000000;
    }
    if (mm < 6500) {
        return (uint32_t)(exp_neg_q32(mm - 1200, 4700) * 1000000000 >> 32);
    }
    return (uint32_t)(exp_neg_q32(mm - 6500, 32600) * 320000000 >> 32);
}

LzMdb lz_p1238_mdb(uint64_t distance2_mm2, int64_t frequency_hz, int64_t coefficient)
{
    const int64_t mhz_mdb = lz_mdb_of((uint64_t)frequency_hz) - LZ_MDB(60);
    return (LzMdb)(2 * mhz_mdb + coefficient * metres_mdb(distance2_mm2) / 10 - 28000);
}

LzMdb lz_shadow_first(LzMdb sigma, LzRandom *random)
{
    return (LzMdb)((__int128)sigma * lz_random_normal_q32(random) >> 32);
}

LzMdb lz_shadow_next(LzMdb previous, int64_t moved_mm, int64_t correlation_mm, LzMdb sigma, LzRandom *random)
{
    const double kept = (double)exp_neg_q32(moved_mm, correlation_mm) / (double)ONE_Q32;
    const double fresh = sqrt(1 - kept * kept) * (double)lz_shadow_first(sigma, random);
    return (LzMdb)lrint(kept * (double)previous + fresh);
}
