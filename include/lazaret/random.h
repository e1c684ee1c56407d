/* Random streams: Philox4x32-10 (Salmon et al., SC'11), counter-based and keyed by
 * (seed, entity, purpose), so that adding one entity changes nobody else's draws.
 * No function here uses floating point: distributions are sampled from fixed-point tables. */
#ifndef LAZARET_RANDOM_H
#define LAZARET_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lazaret/time.h"

/* What a stream is for. One stream per random cause; values are part of the digest: append only. */
typedef enum {
    LZ_PURPOSE_GENERAL,
    LZ_PURPOSE_TLS,             /* what Mbed TLS draws: key shares, randoms */
    LZ_PURPOSE_TLS_BLINDING,    /* blinding: never reaches the wire */
    LZ_PURPOSE_KEY,             /* a device's long-term key and certificate */
    LZ_PURPOSE_TRAFFIC,         /* when and how large messages are */
    LZ_PURPOSE_START,           /* spread of start times, reconnect jitter */
    LZ_PURPOSE_DELAY,           /* jitter on a link */
    LZ_PURPOSE_LOSS,            /* loss on a link */
    LZ_PURPOSE_RADIO,           /* radio: alignment, HARQ */
    LZ_PURPOSE_TCP,             /* initial sequence numbers, ports */
    LZ_PURPOSE_ATTACK,
    LZ_PURPOSE_DEFENCE,
    LZ_PURPOSE_FAULT,
    LZ_PURPOSE_TLS_TICKET,      /* a server's ticket keys */
    LZ_PURPOSE_NEEDS,           /* transaction numbers and retries of DHCP and DNS */
    LZ_PURPOSE_QUEUE,           /* early drops, spreading of flows */
    LZ_PURPOSE_ONBOARDING,      /* admission to the network, enrolment and renewal */
    LZ_PURPOSE_PSK,             /* keys that an entity shares with servers */
    LZ_PURPOSE_DTLS_COOKIE,     /* a server's key for them */
    LZ_PURPOSE_SHADOW,          /* radio: line of sight and shadowing between two places */
    LZ_PURPOSE_BACKGROUND,      /* messages of flows that are not in packets */
} LzPurpose;

typedef struct LzRandom {
    uint32_t key[2];
    uint32_t counter[4];        /* block number, purpose, entity low, entity high */
    uint32_t block[4];
    unsigned used;              /* words of block already given out */
} LzRandom;

/* One Philox4x32-10 block. Public for its known-answer test. */
void lz_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_block[4]);

/* entity: a stable 64-bit name, see lz_entity_id(). */
void lz_random_init(LzRandom *random, uint64_t seed, uint64_t entity, LzPurpose purpose);

/* A stable 64-bit id of a name such as "pump[7]" (FNV-1a 64): independent of order and count. */
uint64_t lz_entity_id(const char *name);

uint32_t lz_random_u32(LzRandom *random);
uint64_t lz_random_u64(LzRandom *random);
void lz_random_fill(LzRandom *random, void *ret_bytes, size_t size);

/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t lz_random_below(LzRandom *random, uint64_t bound);

/* True with probability ppb / 1e9; ppb in 0..1e9. Draws exactly one word pair, also for 0 and 1e9. */
bool lz_random_chance_ppb(LzRandom *random, uint32_t ppb);

/* Exponential with the given mean (>= 0), by inverse transform over a fixed-point logarithm;
 * mean of the sample within 1e-6 of the given one. */
LzTime lz_random_exponential(LzRandom *random, LzTime mean_ns);

/* Standard normal in units of 2^-32 (inverse-CDF table, |z| <= 6.5). */
int64_t lz_random_normal_q32(LzRandom *random);

/* Lognormal given by its median and 99th percentile, 0 < p50 <= p99. Result >= 0. */
LzTime lz_random_lognormal(LzRandom *random, LzTime p50_ns, LzTime p99_ns);

/* Fixed-point helpers used above, public for tests: -ln(u / 2^64) and 2^x, in Q32. */
uint64_t lz_fixed_neg_ln_q32(uint64_t u);
uint64_t lz_fixed_exp2_q32(int64_t exponent_q32);

#endif
