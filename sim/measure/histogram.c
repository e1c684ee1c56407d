/* Integer log-linear histogram after the idea of HdrHistogram: every power of two is divided into the
 * same number of equal buckets, so a bucket's width is a fixed share of its value. */
#include "sim/measure/histogram.h"

#include <glib.h>
#include <string.h>

#define BLOCKS_MAX 60                   /* digits 1: 65 - 5 */
#define CHUNK_BITS_MAX 6
#define PPB UINT64_C(1000000000)

/* Buckets are numbered in rising order. A block is half_count of them: blocks 0 and 1 hold the values
 * below 2 half_count exactly, block k > 1 holds [half_count << (k - 1), half_count << k) with buckets
 * 2^(k - 1) wide. Memory comes in chunks of a block, when a value first falls into them. */
struct LzHistogram {
    unsigned half_bits;                 /* half_count is 2^half_bits */
    unsigned chunk_bits;
    uint64_t count;
    unsigned __int128 sum;
    int64_t min, max;                   /* meaningful when count > 0 */
    uint64_t **blocks[BLOCKS_MAX];
};

LzHistogram *lz_histogram_new(unsigned digits)
{
    /* 2^bits >= 2 x 10^digits buckets keep a bucket's width / value at 10^-digits or less. */
    static const unsigned bits[] = {[1] = 5, [2] = 8, [3] = 11};
    g_assert(digits >= 1 && digits <= 3);
    LzHistogram *histogram = g_new0(LzHistogram, 1);
    histogram->half_bits = bits[digits] - 1;
    histogram->chunk_bits = MIN(histogram->half_bits, CHUNK_BITS_MAX);
    return histogram;
}

static unsigned chunks_per_block(const LzHistogram *histogram)
{
    return 1U << (histogram->half_bits - histogram->chunk_bits);
}

static unsigned chunk_size(const LzHistogram *histogram)
{
    return 1U << histogram->chunk_bits;
}

void lz_histogram_free(LzHistogram *histogram)
{
    if (!histogram) {
        return;
    }
    for (unsigned block = 0; block < BLOCKS_MAX; block++) {
        for (unsigned chunk = 0; histogram->blocks[block] && chunk < chunks_per_block(histogram); chunk++) {
            g_free(histogram->blocks[block][chunk]);
        }
        g_free(histogram->blocks[block]);
    }
    g_free(histogram);
}

void lz_histogram_clear(LzHistogram *histogram)
{
    for (unsigned block = 0; block < BLOCKS_MAX; block++) {
        for (unsigned chunk = 0; histogram->blocks[block] && chunk < chunks_per_block(histogram); chunk++) {
            if (histogram->blocks[block][chunk]) {
                memset(histogram->blocks[block][chunk], 0, chunk_size(histogram) * sizeof(uint64_t));
            }
        }
    }
    histogram->count = 0;
    histogram->sum = 0;
}

static unsigned bucket_of(const LzHistogram *histogram, int64_t value)
{
    uint64_t bits = (uint64_t)value;
    if (bits >> (histogram->half_bits + 1) == 0) {
        return (unsigned)bits;
    }
    unsigned top = 63 - (unsigned)__builtin_clzll(bits);
    unsigned shift = top - histogram->half_bits;
    return (shift << histogram->half_bits) + (unsigned)(bits >> shift);
}

static unsigned bucket_shift(const LzHistogram *histogram, unsigned bucket)
{
    unsigned block = bucket >> histogram->half_bits;
    return block > 1 ? block - 1 : 0;
}

static int64_t bucket_low(const LzHistogram *histogram, unsigned bucket)
{
    unsigned shift = bucket_shift(histogram, bucket);
    return (int64_t)((uint64_t)(bucket - (shift << histogram->half_bits)) << shift);
}

static int64_t bucket_width(const LzHistogram *histogram, unsigned bucket)
{
    return (int64_t)(UINT64_C(1) << bucket_shift(histogram, bucket));
}

static uint64_t *chunk_at(LzHistogram *histogram, unsigned block, unsigned chunk)
{
    uint64_t **chunks = histogram->blocks[block];
    if (G_UNLIKELY(!chunks)) {
        chunks = histogram->blocks[block] = g_new0(uint64_t *, chunks_per_block(histogram));
    }
    if (G_UNLIKELY(!chunks[chunk])) {
        chunks[chunk] = g_new0(uint64_t, chunk_size(histogram));
    }
    return chunks[chunk];
}

static void widen(LzHistogram *histogram, int64_t low, int64_t high)
{
    histogram->min = histogram->count == 0 ? low : MIN(histogram->min, low);
    histogram->max = histogram->count == 0 ? high : MAX(histogram->max, high);
}

static uint64_t *count_at(LzHistogram *histogram, int64_t value)
{
    g_assert(value >= 0);
    unsigned bucket = bucket_of(histogram, value);
    unsigned within = bucket & ((1U << histogram->half_bits) - 1);
    uint64_t *counts = chunk_at(histogram, bucket >> histogram->half_bits, within >> histogram->chunk_bits);
    return &counts[within & (chunk_size(histogram) - 1)];
}

void lz_histogram_add_many(LzHistogram *histogram, int64_t value, uint64_t count)
{
    if (count == 0) {
        return;
    }
    *count_at(histogram, value) += count;
    widen(histogram, value, value);
    histogram->count += count;
    histogram->sum += (unsigned __int128)(uint64_t)value * count;
}

void lz_histogram_add(LzHistogram *histogram, int64_t value)
{
    lz_histogram_add_many(histogram, value, 1);
}

void lz_histogram_restore_bucket(LzHistogram *histogram, int64_t low, uint64_t count)
{
    *count_at(histogram, low) += count;
    histogram->count += count;
}

void lz_histogram_restore_range(LzHistogram *histogram, int64_t min, int64_t max)
{
    g_assert(0 <= min && min <= max);
    histogram->min = min;
    histogram->max = max;
}

static void merge_chunk(LzHistogram *into, const uint64_t *from, unsigned block, unsigned chunk)
{
    uint64_t *counts = chunk_at(into, block, chunk);
    for (unsigned i = 0; i < chunk_size(into); i++) {
        counts[i] += from[i];
    }
}

void lz_histogram_merge(LzHistogram *into, const LzHistogram *from)
{
    g_assert(into->half_bits == from->half_bits);
    if (from->count == 0) {
        return;
    }
    for (unsigned block = 0; block < BLOCKS_MAX; block++) {
        for (unsigned chunk = 0; from->blocks[block] && chunk < chunks_per_block(from); chunk++) {
            if (from->blocks[block][chunk]) {
                merge_chunk(into, from->blocks[block][chunk], block, chunk);
            }
        }
    }
    widen(into, from->min, from->max);
    into->count += from->count;
    into->sum += from->sum;
}

uint64_t lz_histogram_count(const LzHistogram *histogram)
{
    return histogram->count;
}

int64_t lz_histogram_min(const LzHistogram *histogram)
{
    return histogram->count ? histogram->min : 0;
}

int64_t lz_histogram_max(const LzHistogram *histogram)
{
    return histogram->count ? histogram->max : 0;
}

int64_t lz_histogram_mean(const LzHistogram *histogram)
{
    if (histogram->count == 0) {
        return 0;
    }
    return (int64_t)((histogram->sum + histogram->count / 2) / histogram->count);
}

/* The next non-empty bucket at or after *bucket; false when there is none. */
static bool find_bucket(const LzHistogram *histogram, unsigned *bucket, uint64_t *ret_count)
{
    unsigned end = (unsigned)BLOCKS_MAX << histogram->half_bits;
    for (unsigned at = *bucket; at < end;) {
        uint64_t *const *chunks = histogram->blocks[at >> histogram->half_bits];
        unsigned within = at & ((1U << histogram->half_bits) - 1);
        if (!chunks) {
            at = ((at >> histogram->half_bits) + 1) << histogram->half_bits;
            continue;
        }
        const uint64_t *counts = chunks[within >> histogram->chunk_bits];
        if (!counts) {
            at = ((at >> histogram->chunk_bits) + 1) << histogram->chunk_bits;
            continue;
        }
        if (counts[within & (chunk_size(histogram) - 1)] > 0) {
            *bucket = at;
            *ret_count = counts[within & (chunk_size(histogram) - 1)];
            return true;
        }
        at++;
    }
    return false;
}

int64_t lz_histogram_quantile(const LzHistogram *histogram, uint32_t q_ppb)
{
    if (histogram->count == 0) {
        return 0;
    }
    uint64_t rank = (uint64_t)(((unsigned __int128)histogram->count * q_ppb + PPB - 1) / PPB);
    if (rank <= 1) {
        return histogram->min;
    }
    if (rank >= histogram->count) {
        return histogram->max;
    }
    uint64_t seen = 0, count;
    for (unsigned bucket = 0; find_bucket(histogram, &bucket, &count); bucket++) {
        seen += count;
        if (seen >= rank) {
            int64_t middle = bucket_low(histogram, bucket) + bucket_width(histogram, bucket) / 2;
            return CLAMP(middle, histogram->min, histogram->max);
        }
    }
    g_assert_not_reached();             /* the buckets hold count values */
}

bool lz_histogram_next_bucket(const LzHistogram *histogram, uint64_t *cursor, int64_t *ret_low, int64_t *ret_high,
                              uint64_t *ret_count)
{
    unsigned bucket = (unsigned)*cursor;
    if (!find_bucket(histogram, &bucket, ret_count)) {
        return false;
    }
    *ret_low = bucket_low(histogram, bucket);
    *ret_high = (int64_t)MIN((uint64_t)*ret_low + (uint64_t)bucket_width(histogram, bucket), (uint64_t)INT64_MAX);
    *cursor = (uint64_t)bucket + 1;
    return true;
}
