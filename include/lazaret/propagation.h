/* Path loss indoors, probability of line of sight, and shadowing that is correlated along a way: pure functions in
 * whole thousandths of dB. */
#ifndef LAZARET_PROPAGATION_H
#define LAZARET_PROPAGATION_H

#include <stdint.h>

#include "lazaret/decibel.h"
#include "lazaret/random.h"

/* distance2_mm2: the square of the distance, taken as 1 m at least. */

/* 3GPP TR 38.901 table 7.4.1-1, InH office (indoor hotspot), 0.5 to 100 GHz, up to 150 m. */
LzMdb lz_inh_los_mdb(uint64_t distance2_mm2, int64_t frequency_hz);
LzMdb lz_inh_nlos_mdb(uint64_t distance2_mm2, int64_t frequency_hz);
#define LZ_INH_LOS_SIGMA_MDB LZ_MDB(3)
#define LZ_INH_NLOS_SIGMA_MDB 8030
#define LZ_INH_LOS_CORRELATION_MM INT64_C(10000)        /* table 7.5-6 */
#define LZ_INH_NLOS_CORRELATION_MM INT64_C(6000)
/* Table 7.4.2-1, mixed office. */
uint32_t lz_inh_los_ppb(uint64_t distance2_mm2);

/* ITU-R P.1238, same floor: 20 lg f(MHz) + N lg d - 28. coefficient: N. */
LzMdb lz_p1238_mdb(uint64_t distance2_mm2, int64_t frequency_hz, int64_t coefficient);

/* Shadowing after a way (TR 38.901 7.4.4, as in ns-3): R S + sqrt(1 - R^2) sigma N(0,1), R = e^(-moved/correlation).
 * Draws once. correlation > 0. */
LzMdb lz_shadow_next(LzMdb previous, int64_t moved_mm, int64_t correlation_mm, LzMdb sigma, LzRandom *random);
/* sigma N(0,1). Draws once. */
LzMdb lz_shadow_first(LzMdb sigma, LzRandom *random);

#endif
