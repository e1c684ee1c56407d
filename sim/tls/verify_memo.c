#include "sim/tls/verify_memo.h"

#include <glib.h>
#include <mbedtls/sha256.h>
#include <mbedtls/threading.h>
#include <string.h>

enum {
    WINDOW = 8,                 /* places where a key may stand, from its home on */
    AHEAD_SLACK = 128,          /* results ahead that may be under way to who asks for them */
    AHEAD_MEMORY = 1024,        /* as many of the last ones say whether it is worth while */
    PROBE_EVERY = 8,            /* while it is not, one in so many finds out whether it is again */
};

typedef struct Entry {
    LzVerifyKey key;
    int result;
    bool is_used, is_ahead;     /* ahead: nobody has asked yet */
} Entry;

struct LzVerifyMemo {
    mbedtls_threading_mutex_t lock;     /* a pthread's, which the thread sanitizer understands; GLib's it does not */
    uint64_t hits;
    unsigned ahead, ahead_asked, ahead_unwanted;
    Entry entries[LZ_VERIFY_MEMO_ENTRIES];
};

LzVerifyMemo *lz_verify_memo_new(void)
{
    LzVerifyMemo *memo = g_new0(LzVerifyMemo, 1);
    mbedtls_mutex_init(&memo->lock);
    return memo;
}

void lz_verify_memo_free(LzVerifyMemo *memo)
{
    if (!memo) {
        return;
    }
    mbedtls_mutex_free(&memo->lock);
    g_free(memo);
}

static void lock(LzVerifyMemo *memo)
{
    int ret = mbedtls_mutex_lock(&memo->lock);
    g_assert(ret == 0);
}

static void unlock(LzVerifyMemo *memo)
{
    int ret = mbedtls_mutex_unlock(&memo->lock);
    g_assert(ret == 0);
}

/* Lengths come first, so that no two inputs make the same bytes. */
bool lz_verify_key(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                   const unsigned char *signature, size_t size, LzVerifyKey *ret_key)
{
    unsigned char point[MBEDTLS_ECP_MAX_PT_LEN];
    size_t point_size = 0;
    if (mbedtls_ecp_write_public_key(key, MBEDTLS_ECP_PF_UNCOMPRESSED, &point_size, point, sizeof point) != 0) {
        return false;
    }
    const uint64_t head[] = {mbedtls_ecp_keypair_get_group_id(key), point_size, hash_size, size};
    mbedtls_sha256_context digest;
    mbedtls_sha256_init(&digest);
    mbedtls_sha256_starts(&digest, 0);
    mbedtls_sha256_update(&digest, (const unsigned char *)head, sizeof head);
    mbedtls_sha256_update(&digest, point, point_size);
    mbedtls_sha256_update(&digest, hash, hash_size);
    mbedtls_sha256_update(&digest, signature, size);
    mbedtls_sha256_finish(&digest, ret_key->bytes);
    mbedtls_sha256_free(&digest);
    return true;
}

/* The key is a digest: any of its bits are as good as a hash of it. */
static size_t home(const LzVerifyKey *key)
{
    return (size_t)key->bytes[0] << 8 | key->bytes[1];
}

static Entry *place(LzVerifyMemo *memo, const LzVerifyKey *key, size_t offset)
{
    return &memo->entries[(home(key) + offset) % LZ_VERIFY_MEMO_ENTRIES];
}

/* The key's entry or an unused one; NULL: all its places are taken by others. */
static Entry *find_place(LzVerifyMemo *memo, const LzVerifyKey *key)
{
    for (size_t offset = 0; offset < WINDOW; offset++) {
        Entry *entry = place(memo, key, offset);
        if (!entry->is_used || memcmp(entry->key.bytes, key->bytes, sizeof key->bytes) == 0) {
            return entry;
        }
    }
    return NULL;
}

bool lz_verify_memo_find(LzVerifyMemo *memo, const LzVerifyKey *key, int *ret_result)
{
    lock(memo);
    Entry *entry = find_place(memo, key);
    bool is_found = entry && entry->is_used;
    if (is_found) {
        memo->hits++;
        memo->ahead_asked += entry->is_ahead;
        entry->is_ahead = false;
        *ret_result = entry->result;
    }
    unlock(memo);
    return is_found;
}

static void store(LzVerifyMemo *memo, const LzVerifyKey *key, int result, bool is_ahead)
{
    Entry *entry = find_place(memo, key);
    if (!entry) {
        entry = place(memo, key, key->bytes[2] % WINDOW);
    }
    *entry = (Entry){.key = *key, .result = result, .is_used = true, .is_ahead = is_ahead};
}

void lz_verify_memo_store(LzVerifyMemo *memo, const LzVerifyKey *key, int result)
{
    lock(memo);
    store(memo, key, result, false);
    unlock(memo);
}

void lz_verify_memo_store_ahead(LzVerifyMemo *memo, const LzVerifyKey *key, int result)
{
    lock(memo);
    store(memo, key, result, true);
    if (++memo->ahead == AHEAD_MEMORY) {
        memo->ahead /= 2;
        memo->ahead_asked /= 2;
    }
    unlock(memo);
}

/* At least half of them. */
bool lz_verify_memo_wants_ahead(LzVerifyMemo *memo)
{
    lock(memo);
    bool wants = memo->ahead <= 2 * memo->ahead_asked + AHEAD_SLACK || ++memo->ahead_unwanted % PROBE_EVERY == 0;
    unlock(memo);
    return wants;
}

bool lz_verify_memo_has(LzVerifyMemo *memo, const LzVerifyKey *key)
{
    lock(memo);
    const Entry *entry = find_place(memo, key);
    bool has = entry && entry->is_used;
    unlock(memo);
    return has;
}

uint64_t lz_verify_memo_hits(LzVerifyMemo *memo)
{
    lock(memo);
    uint64_t hits = memo->hits;
    unlock(memo);
    return hits;
}
