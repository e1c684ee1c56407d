/* Inverses modulo an odd number of at most 256 bits, which every ECDSA signature and verification needs one of. Pure; may
 * run on any thread. Only inside sim/tls. */
#ifndef SIM_TLS_INVERSE_H
#define SIM_TLS_INVERSE_H

#include <stdbool.h>
#include <stdint.h>

enum { LZ_INVERSE_LIMBS = 4 };          /* of 64 bits, the lowest first */

/* number: below the modulus. False: it has no inverse, or the modulus is even; then *ret_inverse is untouched. Not in
 * constant time: there is no secret in a simulation. */
bool lz_inverse(const uint64_t *number, const uint64_t *modulus, uint64_t *ret_inverse);

#endif
