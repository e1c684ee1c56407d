/* SHA-256 of a block in portable C (FIPS 180-4, 6.2.2), in place of Mbed TLS's (MBEDTLS_SHA256_PROCESS_ALT) because the
 * other build has libcrypto's there. */
#include <mbedtls/sha256.h>
#include <string.h>

static const uint32_t constants[64] = {         /* FIPS 180-4, 4.2.2 */
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotated(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static uint32_t read_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The message schedule, of which a window of 16 words is kept. */
static inline uint32_t schedule(uint32_t *window, unsigned round)
{
    uint32_t early = window[(round + 1) & 15], late = window[(round + 14) & 15];
    uint32_t sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3;
    uint32_t sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10;
    return window[round & 15] += sigma1 + window[(round + 9) & 15] + sigma0;
}

int mbedtls_internal_sha256_process(mbedtls_sha256_context *context, const unsigned char data[64])
{
    uint32_t *state = context->MBEDTLS_PRIVATE(state);
    uint32_t window[16], s[8];
    memcpy(s, state, sizeof s);
    for (unsigned round = 0; round < 64; round++) {
        uint32_t word = round < 16 ? (window[round] = read_word(data + 4 * round)) : schedule(window, round);
        uint32_t sum1 = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
        uint32_t sum0 = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
        uint32_t first = s[7] + sum1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[round] + word;
        uint32_t second = sum0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += s[i];
    }
    return 0;
}
