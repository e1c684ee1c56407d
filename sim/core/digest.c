/* The rolling digest: one multiplicative hash per layer. */
#include "sim/core/digest.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

static const char *const layer_names[] = {
    [LZ_DIGEST_EVENTS] = "events",
    [LZ_DIGEST_PACKETS] = "packets",
    [LZ_DIGEST_APPLICATION] = "application",
    [LZ_DIGEST_TLS] = "tls",
};
static_assert(G_N_ELEMENTS(layer_names) == LZ_DIGEST_LAYER_COUNT, "name every layer");

void lz_digest_init(LzDigest *digest)
{
    for (int layer = 0; layer < LZ_DIGEST_LAYER_COUNT; layer++) {
        digest->layers[layer] = lz_digest_mix(0, (uint64_t)layer + 1);
    }
}

void lz_digest_add_bytes(LzDigest *digest, LzDigestLayer layer, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    uint64_t state = lz_digest_mix(digest->layers[layer], size);
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), next += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, next, sizeof word);
        state = lz_digest_mix(state, GUINT64_FROM_LE(word));
    }
    uint64_t rest = 0;
    for (size_t i = 0; i < size; i++) {
        rest |= (uint64_t)next[i] << (8 * i);
    }
    digest->layers[layer] = lz_digest_mix(state, rest);
}

uint64_t lz_digest_value(const LzDigest *digest)
{
    uint64_t value = 0;
    for (int layer = 0; layer < LZ_DIGEST_LAYER_COUNT; layer++) {
        value = lz_digest_mix(value, digest->layers[layer]);
    }
    return value;
}

const char *lz_digest_layer_name(LzDigestLayer layer)
{
    return layer_names[layer];
}

void lz_digest_format(uint64_t value, char ret_text[20])
{
    g_snprintf(ret_text, 20, "%04x-%04x-%04x-%04x", (unsigned)(value >> 48) & 0xffff, (unsigned)(value >> 32) & 0xffff,
               (unsigned)(value >> 16) & 0xffff, (unsigned)value & 0xffff);
}
