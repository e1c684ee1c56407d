/* Decibels as whole thousandths, and their sums, without floating point: a run's digest does not depend on a C
 * library's last bit. Accurate to 0.001 dB. */
#ifndef LAZARET_DECIBEL_H
#define LAZARET_DECIBEL_H

#include <stdint.h>

typedef int32_t LzMdb;                  /* thousandths of dB, or of dBm */
#define LZ_MDB(db) ((LzMdb)((db) * 1000))

/* Power in units of 10^-16 mW: what lies below -160 dBm is 0. */
#define LZ_POWER_MAX (UINT64_C(1) << 62)
#define LZ_POWER_FLOOR_MDB LZ_MDB(-160)

/* 10 lg(value); value > 0. */
LzMdb lz_mdb_of(uint64_t value);
/* dBm to power and back; at most LZ_POWER_MAX; of 0 the floor. */
uint64_t lz_mdb_power(LzMdb dbm);
LzMdb lz_power_mdb(uint64_t power);
/* Sum that stops at LZ_POWER_MAX. */
static inline uint64_t lz_power_add(uint64_t one, uint64_t other)
{
    const uint64_t sum = one + other;
    return sum < LZ_POWER_MAX ? sum : LZ_POWER_MAX;
}

#endif
