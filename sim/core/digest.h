/* The rolling digest of a run, in layers, so that two runs can be compared and the layer in which
 * they part is known. Not cryptographic. */
#ifndef SIM_CORE_DIGEST_H
#define SIM_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    LZ_DIGEST_EVENTS,           /* virtual time of every event fired */
    LZ_DIGEST_PACKETS,          /* header fields and time of every packet delivered or dropped by a link */
    LZ_DIGEST_APPLICATION,      /* every message created, delivered, lost; every session opened, closed */
    LZ_DIGEST_TLS,              /* every byte that a TLS endpoint or plain session sent */
    LZ_DIGEST_LAYER_COUNT,
} LzDigestLayer;

typedef struct LzDigest {
    uint64_t layers[LZ_DIGEST_LAYER_COUNT];
} LzDigest;

/* Odd, from the golden ratio; the rotation keeps low bits in play. */
static inline uint64_t lz_digest_mix(uint64_t state, uint64_t value)
{
    state = (state << 27 | state >> 37) ^ value;
    state *= UINT64_C(0x9e3779b97f4a7c15);
    return state ^ state >> 32;
}

void lz_digest_init(LzDigest *digest);
static inline void lz_digest_add(LzDigest *digest, LzDigestLayer layer, uint64_t value)
{
    digest->layers[layer] = lz_digest_mix(digest->layers[layer], value);
}
void lz_digest_add_bytes(LzDigest *digest, LzDigestLayer layer, const void *bytes, size_t size);
uint64_t lz_digest_value(const LzDigest *digest);       /* over all layers */
const char *lz_digest_layer_name(LzDigestLayer layer);
/* "4f1c-9a02-77b0-e1d3" into ret_text (20 bytes). */
void lz_digest_format(uint64_t value, char ret_text[20]);

#endif
