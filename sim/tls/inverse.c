/* The binary extended Euclidean algorithm (Menezes, van Oorschot, Vanstone: Handbook of Applied Cryptography, 14.61) for an
 * odd modulus m, which needs one cofactor only: u = a * x and v = a * y (mod m) hold throughout. A run of k zero bits is
 * taken off u at once: x is made divisible by 2^k by adding the multiple of m that does it, as in Montgomery's reduction. */
#include "sim/tls/inverse.h"

#include <string.h>

enum { SHIFT_MAX = 62 };

typedef unsigned __int128 Wide;

typedef struct Number {
    uint64_t limbs[LZ_INVERSE_LIMBS];
} Number;

static bool is_zero(const Number *a)
{
    return (a->limbs[0] | a->limbs[1] | a->limbs[2] | a->limbs[3]) == 0;
}

static bool is_one(const Number *a)
{
    return a->limbs[0] == 1 && (a->limbs[1] | a->limbs[2] | a->limbs[3]) == 0;
}

static bool is_below(const Number *a, const Number *b)
{
    for (int i = LZ_INVERSE_LIMBS - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i]) {
            return a->limbs[i] < b->limbs[i];
        }
    }
    return false;
}

/* Modulo 2^256; returns the borrow. */
static uint64_t subtract(Number *a, const Number *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        Wide difference = (Wide)a->limbs[i] - b->limbs[i] - borrow;
        a->limbs[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

static void add(Number *a, const Number *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        Wide sum = (Wide)a->limbs[i] + b->limbs[i] + carry;
        a->limbs[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}

/* 0 < bits < 64. high: what stands above the highest limb. */
static void shift_down(Number *a, uint64_t high, unsigned bits)
{
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        uint64_t above = i + 1 < LZ_INVERSE_LIMBS ? a->limbs[i + 1] : high;
        a->limbs[i] = a->limbs[i] >> bits | above << (64 - bits);
    }
}

/* a / 2^bits modulo m. minus_inverse: -1/m modulo 2^64. */
static void halve(Number *a, const Number *modulus, uint64_t minus_inverse, unsigned bits)
{
    uint64_t factor = a->limbs[0] * minus_inverse & ((UINT64_C(1) << bits) - 1), carry = 0;
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        Wide sum = (Wide)factor * modulus->limbs[i] + a->limbs[i] + carry;
        a->limbs[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    shift_down(a, carry, bits);
}

/* Newton's iteration doubles the bits that are right; an odd number is its own inverse modulo 8. */
static uint64_t minus_inverse_of(uint64_t odd)
{
    uint64_t inverse = odd;
    for (unsigned right_bits = 3; right_bits < 64; right_bits *= 2) {
        inverse *= 2 - odd * inverse;
    }
    return -inverse;
}

/* Takes the zero bits off a value that is not 0, and as many halves of its cofactor. */
static void make_odd(Number *value, Number *cofactor, const Number *modulus, uint64_t minus_inverse)
{
    while ((value->limbs[0] & 1) == 0) {
        unsigned zeros = value->limbs[0] ? (unsigned)__builtin_ctzll(value->limbs[0]) : SHIFT_MAX;
        zeros = zeros < SHIFT_MAX ? zeros : SHIFT_MAX;
        shift_down(value, 0, zeros);
        halve(cofactor, modulus, minus_inverse, zeros);
    }
}

/* Of two odd values the larger loses the smaller. */
static void reduce(Number *value, Number *cofactor, const Number *other, const Number *other_cofactor, const Number *modulus)
{
    subtract(value, other);
    if (subtract(cofactor, other_cofactor)) {
        add(cofactor, modulus);
    }
}

bool lz_inverse(const uint64_t *number, const uint64_t *modulus, uint64_t *ret_inverse)
{
    Number u, v, m, x = {{1}}, y = {{0}};
    memcpy(u.limbs, number, sizeof u.limbs);
    memcpy(m.limbs, modulus, sizeof m.limbs);
    v = m;
    if (is_zero(&u) || (m.limbs[0] & 1) == 0) {
        return false;
    }
    uint64_t minus_inverse = minus_inverse_of(m.limbs[0]);
    make_odd(&u, &x, &m, minus_inverse);
    while (!is_one(&u) && !is_one(&v)) {
        if (is_below(&u, &v)) {
            reduce(&v, &y, &u, &x, &m);
            make_odd(&v, &y, &m, minus_inverse);
        } else {
            reduce(&u, &x, &v, &y, &m);
            if (is_zero(&u)) {
                return false;           /* they were equal: the greatest common divisor is not 1 */
            }
            make_odd(&u, &x, &m, minus_inverse);
        }
    }
    memcpy(ret_inverse, is_one(&u) ? x.limbs : y.limbs, sizeof x.limbs);
    return true;
}
