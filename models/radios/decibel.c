/* Decibels over the fixed-point logarithm of the random streams. */
#include "lazaret/decibel.h"

#include <glib.h>

#include "lazaret/random.h"

#define MDB_PER_NEPER_E6 INT64_C(4342944819)            /* 10^4 / ln 10, in millionths */
#define LN_2_64_Q32 INT64_C(190530846196)        /* 64 ln 2: what lz_fixed_neg_ln_q32(1) is */
#define LOG2_PER_MDB_E13 INT64_C(3321928095)            /* lb 10 / 10^4, in 10^-13 */

LzMdb lz_mdb_of(uint64_t value)
{
    g_assert(value > 0);
    const int64_t ln_q32 = LN_2_64_Q32 - (int64_t)lz_fixed_neg_ln_q32(value);
    const __int128 scaled = (__int128)ln_q32 * MDB_PER_NEPER_E6 / 1000000;
    return (LzMdb)((scaled + (INT64_C(1) << 31)) >> 32);
}

uint64_t lz_mdb_power(LzMdb dbm)
{
    const int64_t above_mdb = (int64_t)dbm - LZ_POWER_FLOOR_MDB;
    if (above_mdb < 0) {
        return 0;
    }
    const int64_t exponent_q32 = (int64_t)((((__int128)above_mdb * LOG2_PER_MDB_E13) << 32) / INT64_C(10000000000000));
    const int64_t whole = exponent_q32 >> 32;
    if (whole >= 62) {
        return LZ_POWER_MAX;
    }
    const uint64_t mantissa_q32 = lz_fixed_exp2_q32(exponent_q32 & UINT32_MAX);
    return whole >= 32 ? mantissa_q32 << (whole - 32) : mantissa_q32 >> (32 - whole);
}

LzMdb lz_power_mdb(uint64_t power)
{
    return power > 0 ? lz_mdb_of(power) + LZ_POWER_FLOOR_MDB : LZ_POWER_FLOOR_MDB;
}
