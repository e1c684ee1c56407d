/* A CPU class (models/cpus): what cryptography costs on one core, from published measurements. */
#ifndef LAZARET_CPU_H
#define LAZARET_CPU_H

#include "lazaret/param.h"

/* A CPU class: costs of one operation on one core. Times in ns; 0 is not allowed for an operation. */
typedef struct LzCpu {
    LzText name;
    LzText title;
    int64_t clock_hz;
    LzTime p256_sign_ns, p256_verify_ns, p256_ecdhe_ns;         /* ecdhe: key generation + shared secret */
    LzTime p384_sign_ns, p384_verify_ns, p384_ecdhe_ns;
    LzTime x25519_ecdhe_ns;
    LzTime rsa2048_private_ns, rsa2048_public_ns;
    LzTime rsa3072_private_ns, rsa3072_public_ns;
    LzTime mlkem768_keygen_ns, mlkem768_encapsulate_ns, mlkem768_decapsulate_ns;
    LzTime record_ns;                                           /* fixed cost per TLS record */
    int64_t aead_bps, ccm_bps, chacha_bps, hash_bps;            /* throughput; aead: AES-128-GCM */
    LzText source;                                              /* of the figures, and which are assumed */
} LzCpu;

#endif
