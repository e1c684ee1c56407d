/* Random streams over Random123's Philox4x32-10, and distributions in fixed point. */
#include "lazaret/random.h"

#include <Random123/philox.h>
#include <glib.h>
#include <string.h>

#define WORDS 4u
#define ONE_Q32 (INT64_C(1) << 32)
#define LN2_Q64 UINT64_C(0xb17217f7d1cf79ac)    /* ln 2 */
#define Z99_Q32 INT64_C(9991588038)             /* 99th percentile of the standard normal, 2.3263478740408408 */

/* Inverse CDF of the standard normal in the lower tail, Q32: entry [k][i] is -z at
 * p = 2^-(k+1) * (1 + i / NORMAL_STEPS); made by normal_table.py. */
#define NORMAL_OCTAVES 33u
#define NORMAL_STEPS 64u
static const int64_t normal_table[NORMAL_OCTAVES][NORMAL_STEPS + 1] = {
#include "sim/core/normal_table.inc"
};

/* 2^(2^-i) for i = 1 … 32, Q62. */
static const uint64_t root_table[] = {
#include "sim/core/root_table.inc"
};

void lz_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_block[4])
{
    philox4x32_ctr_t c;
    philox4x32_key_t k;
    memcpy(c.v, counter, sizeof c.v);
    memcpy(k.v, key, sizeof k.v);
    c = philox4x32_R(10, c, k);
    memcpy(ret_block, c.v, sizeof c.v);
}

uint64_t lz_entity_id(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++) {
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void lz_random_init(LzRandom *random, uint64_t seed, uint64_t entity, LzPurpose purpose)
{
    *random = (LzRandom){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)purpose, (uint32_t)entity, (uint32_t)(entity >> 32)},
        .used = WORDS,
    };
}

uint32_t lz_random_u32(LzRandom *random)
{
    if (random->used == WORDS) {
        lz_philox4x32_10(random->counter, random->key, random->block);
        random->counter[0]++;
        g_assert(random->counter[0] != 0);      /* 64 GiB of one stream */
        random->used = 0;
    }
    return random->block[random->used++];
}

uint64_t lz_random_u64(LzRandom *random)
{
    uint64_t high = lz_random_u32(random);
    return high << 32 | lz_random_u32(random);
}

void lz_random_fill(LzRandom *random, void *ret_bytes, size_t size)
{
    uint8_t *out = ret_bytes;
    while (size > 0) {
        uint32_t word = GUINT32_TO_LE(lz_random_u32(random));
        size_t part = MIN(size, sizeof word);
        memcpy(out, &word, part);
        out += part;
        size -= part;
    }
}

/* Lemire, "Fast random integer generation in an interval", 2019. */
uint64_t lz_random_below(LzRandom *random, uint64_t bound)
{
    g_assert(bound > 0);
    unsigned __int128 product = (unsigned __int128)lz_random_u64(random) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold) {
            product = (unsigned __int128)lz_random_u64(random) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

bool lz_random_chance_ppb(LzRandom *random, uint32_t ppb)
{
    uint64_t draw = lz_random_u64(random);
    return (uint64_t)((unsigned __int128)draw * 1000000000u >> 64) < ppb;
}

/* log2(u) in Q32 for u >= 1: integer part from the leading bit, fraction by repeated squaring. */
static int64_t log2_q32(uint64_t u)
{
    unsigned whole = 63u - (unsigned)__builtin_clzll(u);
    uint64_t mantissa = u << (63u - whole);     /* Q63 in [1, 2) */
    uint64_t fraction = 0;
    for (int bit = 0; bit < 32; bit++) {
        unsigned __int128 square = (unsigned __int128)mantissa * mantissa;      /* Q126 in [1, 4) */
        bool is_two = square >> 127;
        fraction = fraction * 2 + is_two;
        mantissa = (uint64_t)(square >> (is_two ? 64 : 63));
    }
    return (int64_t)whole * ONE_Q32 + (int64_t)fraction;
}

uint64_t lz_fixed_neg_ln_q32(uint64_t u)
{
    uint64_t neg_log2 = (uint64_t)(64 * ONE_Q32 - log2_q32(MAX(u, 1)));
    return (uint64_t)((unsigned __int128)neg_log2 * LN2_Q64 >> 64);
}

uint64_t lz_fixed_exp2_q32(int64_t exponent_q32)
{
    int64_t whole = exponent_q32 >> 32;         /* floor */
    uint32_t fraction = (uint32_t)exponent_q32;
    uint64_t product = UINT64_C(1) << 62;       /* Q62 in [1, 2) */
    for (unsigned i = 0; i < 32; i++) {
        if (fraction & UINT32_C(0x80000000) >> i) {
            product = (uint64_t)((unsigned __int128)product * root_table[i] >> 62);
        }
    }
    int64_t shift = 62 - 32 - whole;
    g_assert(shift >= -1);                      /* result below 2^32 */
    return shift < 0 ? product << 1 : shift > 63 ? 0 : product >> shift;
}

LzTime lz_random_exponential(LzRandom *random, LzTime mean_ns)
{
    g_assert(mean_ns >= 0);
    uint64_t neg_ln = lz_fixed_neg_ln_q32(lz_random_u64(random));
    return (LzTime)(((unsigned __int128)neg_ln * (uint64_t)mean_ns + (UINT64_C(1) << 31)) >> 32);
}

int64_t lz_random_normal_q32(LzRandom *random)
{
    uint64_t draw = lz_random_u64(random);
    bool is_upper = draw >> 63;
    uint64_t p = MAX(draw << 1 >> 1, 1);        /* probability * 2^64 of one tail, < 2^63 */
    unsigned octave = (unsigned)__builtin_clzll(p) - 1;         /* p in [2^-(octave+2), 2^-(octave+1)) */
    if (octave + 1 >= NORMAL_OCTAVES) {
        return is_upper ? normal_table[NORMAL_OCTAVES - 1][0] : -normal_table[NORMAL_OCTAVES - 1][0];
    }
    uint64_t mantissa = p << (octave + 2);      /* fraction of the octave, Q64 */
    unsigned step = (unsigned)(mantissa >> 58);
    int64_t within = (int64_t)(mantissa << 6 >> 32);            /* Q32 */
    const int64_t *row = normal_table[octave + 1];
    int64_t z = row[step] + (int64_t)(((__int128)(row[step + 1] - row[step]) * within) >> 32);
    return is_upper ? z : -z;
}

LzTime lz_random_lognormal(LzRandom *random, LzTime p50_ns, LzTime p99_ns)
{
    g_assert(p50_ns > 0 && p99_ns >= p50_ns);
    int64_t spread = log2_q32((uint64_t)p99_ns) - log2_q32((uint64_t)p50_ns);
    int64_t exponent = (int64_t)((__int128)spread * lz_random_normal_q32(random) / Z99_Q32);
    exponent = MIN(exponent, 31 * ONE_Q32);     /* a factor of 2^31 over the median is beyond any table entry */
    return (LzTime)(((unsigned __int128)lz_fixed_exp2_q32(exponent) * (uint64_t)p50_ns) >> 32);
}
