#include "sim/tls/verify_ahead.h"

#include <glib.h>
#include <mbedtls/threading.h>
#include <string.h>

#include "sim/tls/context.h"

enum {
    EXPECTED_MAX = 256,         /* waiting to be verified; what comes on top is verified when it is asked for */
    POINT_SIZE = 65,            /* of P-256, uncompressed (SEC 1, 2.3.3) */
    HASH_SIZE_MAX = MBEDTLS_MD_MAX_SIZE,
    SIGNATURE_SIZE_MAX = MBEDTLS_ECDSA_MAX_SIG_LEN(256),
};

typedef struct Expected {
    LzErrand errand;
    LzVerifyAhead *ahead;
    struct Expected *next_free;
    size_t hash_size, signature_size;
    unsigned char point[POINT_SIZE], hash[HASH_SIZE_MAX], signature[SIGNATURE_SIZE_MAX];
} Expected;

struct LzVerifyAhead {
    LzWorkers *workers;
    LzVerifyMemo *memo;
    LzEc *ec;
    mbedtls_threading_mutex_t lock;     /* of the list */
    Expected *free;
    Expected expected[EXPECTED_MAX];
};

/* ---- the free list ---- */

static Expected *take_free(LzVerifyAhead *ahead)
{
    mbedtls_mutex_lock(&ahead->lock);
    Expected *expected = ahead->free;
    if (expected) {
        ahead->free = expected->next_free;
    }
    mbedtls_mutex_unlock(&ahead->lock);
    return expected;
}

static void give_free(LzVerifyAhead *ahead, Expected *expected)
{
    mbedtls_mutex_lock(&ahead->lock);
    expected->next_free = ahead->free;
    ahead->free = expected;
    mbedtls_mutex_unlock(&ahead->lock);
}

/* ---- verifying ---- */

static bool read_key(const Expected *expected, mbedtls_ecdsa_context *ret_key)
{
    mbedtls_ecdsa_init(ret_key);
    mbedtls_ecp_group *group = &ret_key->MBEDTLS_PRIVATE(grp);
    return mbedtls_ecp_group_load(group, MBEDTLS_ECP_DP_SECP256R1) == 0
           && mbedtls_ecp_point_read_binary(group, &ret_key->MBEDTLS_PRIVATE(Q), expected->point, POINT_SIZE) == 0;
}

static void verify(const Expected *expected)
{
    LzVerifyMemo *memo = expected->ahead->memo;
    LzVerifyKey memo_key;
    mbedtls_ecdsa_context key;
    int result = 0;
    if (read_key(expected, &key)
        && lz_verify_key(&key, expected->hash, expected->hash_size, expected->signature, expected->signature_size, &memo_key)
        && !lz_verify_memo_has(memo, &memo_key)) {
        result = mbedtls_ecdsa_read_signature(&key, expected->hash, expected->hash_size, expected->signature,
                                              expected->signature_size);
        lz_verify_memo_store_ahead(memo, &memo_key, result);
    }
    mbedtls_ecdsa_free(&key);
}

/* Nothing is drawn at random by a verification, and nobody is charged for this one. */
static void run(void *owner)
{
    Expected *expected = owner;
    LzTlsContext context = {.ec = expected->ahead->ec, .alert_sent = -1};
    LzTlsContext *previous = lz_tls_context_enter(&context);
    verify(expected);
    lz_tls_context_leave(previous);
    give_free(expected->ahead, expected);
}

void lz_verify_ahead(LzVerifyAhead *ahead, const mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                     const unsigned char *signature, size_t size)
{
    bool fits = mbedtls_ecp_keypair_get_group_id(key) == MBEDTLS_ECP_DP_SECP256R1 && hash_size <= HASH_SIZE_MAX
                && size <= SIGNATURE_SIZE_MAX;
    Expected *expected = ahead && fits && lz_verify_memo_wants_ahead(ahead->memo) ? take_free(ahead) : NULL;
    if (!expected) {
        return;
    }
    size_t point_size = 0;
    int ret = mbedtls_ecp_write_public_key(key, MBEDTLS_ECP_PF_UNCOMPRESSED, &point_size, expected->point, POINT_SIZE);
    g_assert(ret == 0 && point_size == POINT_SIZE);
    memcpy(expected->hash, hash, hash_size);
    memcpy(expected->signature, signature, size);
    expected->hash_size = hash_size;
    expected->signature_size = size;
    lz_workers_post(ahead->workers, &expected->errand);
}

/* ---- life ---- */

LzVerifyAhead *lz_verify_ahead_new(LzWorkers *workers, LzVerifyMemo *memo, LzEc *ec)
{
    LzVerifyAhead *ahead = g_new0(LzVerifyAhead, 1);
    ahead->workers = workers;
    ahead->memo = memo;
    ahead->ec = ec;
    mbedtls_mutex_init(&ahead->lock);
    for (unsigned i = 0; i < EXPECTED_MAX; i++) {
        Expected *expected = &ahead->expected[i];
        expected->errand = (LzErrand){.run = run, .owner = expected};
        expected->ahead = ahead;
        expected->next_free = ahead->free;
        ahead->free = expected;
    }
    return ahead;
}

void lz_verify_ahead_free(LzVerifyAhead *ahead)
{
    if (!ahead) {
        return;
    }
    mbedtls_mutex_free(&ahead->lock);
    g_free(ahead);
}
