/* Verifications done before anybody asks for them: whoever signs knows what its peer is going to verify, a network's delay
 * later. Threads that have nothing else to do verify it meanwhile, and the memo knows when the peer asks. Only inside
 * sim/tls. */
#ifndef SIM_TLS_VERIFY_AHEAD_H
#define SIM_TLS_VERIFY_AHEAD_H

#include "sim/core/workers.h"
#include "sim/tls/ec.h"
#include "sim/tls/verify_memo.h"

typedef struct LzVerifyAhead LzVerifyAhead;

/* All borrowed; the workers end before it is freed. */
LzVerifyAhead *lz_verify_ahead_new(LzWorkers *workers, LzVerifyMemo *memo, LzEc *ec);
void lz_verify_ahead_free(LzVerifyAhead *ahead);        /* accepts NULL */

/* This signature of a P-256 key will be verified, probably. On any thread; ahead NULL: nobody does. */
void lz_verify_ahead(LzVerifyAhead *ahead, const mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                     const unsigned char *signature, size_t size);

#endif
