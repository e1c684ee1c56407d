#include "sim/tls/cost.h"

void lz_crypto_work_add(LzCryptoWork *total, const LzCryptoWork *more)
{
    total->p256_keygen += more->p256_keygen;
    total->p256_shared += more->p256_shared;
    total->p256_sign += more->p256_sign;
    total->p256_verify += more->p256_verify;
    total->p384_keygen += more->p384_keygen;
    total->p384_shared += more->p384_shared;
    total->p384_sign += more->p384_sign;
    total->p384_verify += more->p384_verify;
    total->x25519_keygen += more->x25519_keygen;
    total->x25519_shared += more->x25519_shared;
    total->rsa2048_private += more->rsa2048_private;
    total->rsa2048_public += more->rsa2048_public;
    total->rsa3072_private += more->rsa3072_private;
    total->rsa3072_public += more->rsa3072_public;
    total->mlkem768_keygen += more->mlkem768_keygen;
    total->mlkem768_encapsulate += more->mlkem768_encapsulate;
    total->mlkem768_decapsulate += more->mlkem768_decapsulate;
    total->records += more->records;
    total->aead_bytes += more->aead_bytes;
    total->ccm_bytes += more->ccm_bytes;
    total->chacha_bytes += more->chacha_bytes;
    total->hash_bytes += more->hash_bytes;
}

typedef unsigned __int128 Wide;         /* a sum of products of 64-bit counts and costs never overflows */

static Wide operations_ns(uint32_t count, LzTime cost_ns)
{
    return (Wide)count * (uint64_t)cost_ns;
}

/* Half of an ECDHE each. */
static Wide ecdhe_ns(uint32_t keygen, uint32_t shared, LzTime cost_ns)
{
    return ((Wide)keygen + shared) * (uint64_t)cost_ns / 2;
}

static Wide bytes_ns_ceil(uint64_t bytes, int64_t rate_bps)
{
    if (bytes == 0) {
        return 0;
    }
    uint64_t rate = (uint64_t)rate_bps;
    return ((Wide)bytes * 8 * (uint64_t)LZ_NS_PER_S + rate - 1) / rate;
}

LzTime lz_crypto_cost_ns(const LzCryptoWork *work, const LzCpu *cpu, uint32_t scale_ppb)
{
    Wide cost = ecdhe_ns(work->p256_keygen, work->p256_shared, cpu->p256_ecdhe_ns)
              + operations_ns(work->p256_sign, cpu->p256_sign_ns)
              + operations_ns(work->p256_verify, cpu->p256_verify_ns)
              + ecdhe_ns(work->p384_keygen, work->p384_shared, cpu->p384_ecdhe_ns)
              + operations_ns(work->p384_sign, cpu->p384_sign_ns)
              + operations_ns(work->p384_verify, cpu->p384_verify_ns)
              + ecdhe_ns(work->x25519_keygen, work->x25519_shared, cpu->x25519_ecdhe_ns)
              + operations_ns(work->rsa2048_private, cpu->rsa2048_private_ns)
              + operations_ns(work->rsa2048_public, cpu->rsa2048_public_ns)
              + operations_ns(work->rsa3072_private, cpu->rsa3072_private_ns)
              + operations_ns(work->rsa3072_public, cpu->rsa3072_public_ns)
              + operations_ns(work->mlkem768_keygen, cpu->mlkem768_keygen_ns)
              + operations_ns(work->mlkem768_encapsulate, cpu->mlkem768_encapsulate_ns)
              + operations_ns(work->mlkem768_decapsulate, cpu->mlkem768_decapsulate_ns)
              + operations_ns(work->records, cpu->record_ns)
              + bytes_ns_ceil(work->aead_bytes, cpu->aead_bps)
              + bytes_ns_ceil(work->ccm_bytes, cpu->ccm_bps)
              + bytes_ns_ceil(work->chacha_bytes, cpu->chacha_bps)
              + bytes_ns_ceil(work->hash_bytes, cpu->hash_bps);
    return (LzTime)(cost * scale_ppb / 1000000000u);
}
