/* A token bucket (RFC 2697 and RFC 4115 use two of them): tokens come at a rate up to a depth, a packet takes as many
 * as it has bytes. Kept in bits times nanoseconds per second, so that no rounding ever adds up. */
#ifndef LAZARET_TOKEN_BUCKET_H
#define LAZARET_TOKEN_BUCKET_H

#include <glib.h>

#include "lazaret/time.h"

#define LZ_TOKEN_BURST_BYTES_MAX 1e9            /* keeps a full bucket within 64 bits */

typedef struct LzTokenBucket {
    int64_t rate_bps, depth, level;     /* depth and level: bytes * 8e9; level < 0 is a debt */
    LzTime at_ns;                       /* of level */
} LzTokenBucket;

static inline int64_t lz_tokens(int64_t bytes)
{
    return bytes * 8 * LZ_NS_PER_S;
}

/* Full at the start. */
static inline void lz_token_bucket_init(LzTokenBucket *bucket, int64_t rate_bps, int64_t burst_bytes)
{
    *bucket = (LzTokenBucket){rate_bps, lz_tokens(burst_bytes), lz_tokens(burst_bytes), 0};
}

static inline int64_t lz_token_bucket_level(const LzTokenBucket *bucket, LzTime now_ns)
{
    __int128 level = bucket->level + (__int128)bucket->rate_bps * (now_ns - bucket->at_ns);
    return (int64_t)MIN(level, bucket->depth);
}

/* What must be there before so many bytes may go: a packet above the depth waits for a full bucket. */
static inline int64_t lz_token_bucket_need(const LzTokenBucket *bucket, uint32_t bytes)
{
    return MIN(lz_tokens(bytes), bucket->depth);
}

static inline bool lz_token_bucket_has(const LzTokenBucket *bucket, uint32_t bytes, LzTime now_ns)
{
    return lz_token_bucket_level(bucket, now_ns) >= lz_token_bucket_need(bucket, bytes);
}

/* Goes into debt when they are not there. */
static inline void lz_token_bucket_take(LzTokenBucket *bucket, uint32_t bytes, LzTime now_ns)
{
    bucket->level = lz_token_bucket_level(bucket, now_ns) - lz_tokens(bytes);
    bucket->at_ns = now_ns;
}

/* The first moment, from now on, at which lz_token_bucket_has(). */
static inline LzTime lz_token_bucket_ready_ns(const LzTokenBucket *bucket, uint32_t bytes, LzTime now_ns)
{
    int64_t missing = lz_token_bucket_need(bucket, bytes) - lz_token_bucket_level(bucket, now_ns);
    return missing <= 0 ? now_ns : now_ns + (missing + bucket->rate_bps - 1) / bucket->rate_bps;
}

#endif
