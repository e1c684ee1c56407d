/* What ECDSA verifications came to, so that one certificate seen by ten thousand peers is verified once. A result
 * depends on its inputs only, and they are compared whole, so that nothing but the time it takes can tell. */
#ifndef SIM_TLS_VERIFY_MEMO_H
#define SIM_TLS_VERIFY_MEMO_H

#include <mbedtls/ecdsa.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    LZ_VERIFY_MEMO_ENTRIES = 32768,     /* a new result takes the place of an old one beyond that */
    LZ_VERIFY_KEY_SIZE = 32,            /* SHA-256 */
};

typedef struct LzVerifyMemo LzVerifyMemo;       /* any thread may ask and store at any time */

typedef struct LzVerifyKey {            /* curve, public key, hash and signature */
    uint8_t bytes[LZ_VERIFY_KEY_SIZE];
} LzVerifyKey;

LzVerifyMemo *lz_verify_memo_new(void);
void lz_verify_memo_free(LzVerifyMemo *memo);

/* false: the key has no canonical form, and its verification is not to be remembered. */
bool lz_verify_key(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                   const unsigned char *signature, size_t size, LzVerifyKey *ret_key);

bool lz_verify_memo_find(LzVerifyMemo *memo, const LzVerifyKey *key, int *ret_result);
void lz_verify_memo_store(LzVerifyMemo *memo, const LzVerifyKey *key, int result);

/* Results that nobody has asked for yet. */
void lz_verify_memo_store_ahead(LzVerifyMemo *memo, const LzVerifyKey *key, int result);
/* Whether enough of them were asked for to go on with it. */
bool lz_verify_memo_wants_ahead(LzVerifyMemo *memo);
bool lz_verify_memo_has(LzVerifyMemo *memo, const LzVerifyKey *key);    /* asked by whoever would store it */

uint64_t lz_verify_memo_hits(LzVerifyMemo *memo);

#endif
