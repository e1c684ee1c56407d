/* The virtual cost of cryptography: what Mbed TLS did, counted, times what each operation costs on a
 * CPU class (models/cpus). */
#ifndef SIM_TLS_COST_H
#define SIM_TLS_COST_H

#include <stdint.h>

#include "lazaret/cpu.h"
#include "lazaret/time.h"

/* Operations that one step of a handshake or one record performed. */
typedef struct LzCryptoWork {
    uint32_t p256_keygen, p256_shared, p256_sign, p256_verify;  /* keygen + shared = one ECDHE */
    uint32_t p384_keygen, p384_shared, p384_sign, p384_verify;
    uint32_t x25519_keygen, x25519_shared;
    uint32_t rsa2048_private, rsa2048_public;                   /* public: not those inside a private operation's check */
    uint32_t rsa3072_private, rsa3072_public;
    uint32_t mlkem768_keygen, mlkem768_encapsulate, mlkem768_decapsulate;      /* modelled */
    uint32_t records;
    uint64_t aead_bytes, ccm_bytes, chacha_bytes, hash_bytes;   /* aead: AES-GCM */
} LzCryptoWork;

void lz_crypto_work_add(LzCryptoWork *total, const LzCryptoWork *more);
/* Half of an ECDHE each for key generation and shared secret (our split). scale_ppb: 1e9 = the class as
 * published; 0 = free crypto (tests of closed forms). */
LzTime lz_crypto_cost_ns(const LzCryptoWork *work, const LzCpu *cpu, uint32_t scale_ppb);

#endif
