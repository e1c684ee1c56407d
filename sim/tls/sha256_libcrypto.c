/* SHA-256 of a block by libcrypto, which knows the processor's own instructions, in place of Mbed TLS's
 * (MBEDTLS_SHA256_PROCESS_ALT): hashes, transcripts and key derivation all end here. libcrypto's one function for it is
 * marked as old, as everything is that takes no provider. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <assert.h>
#include <mbedtls/sha256.h>
#include <openssl/sha.h>
#include <string.h>

int mbedtls_internal_sha256_process(mbedtls_sha256_context *context, const unsigned char data[64])
{
    uint32_t *state = context->MBEDTLS_PRIVATE(state);
    SHA256_CTX hash;
    static_assert(sizeof hash.h == sizeof context->MBEDTLS_PRIVATE(state), "eight words");
    memcpy(hash.h, state, sizeof hash.h);
    SHA256_Transform(&hash, data);
    memcpy(state, hash.h, sizeof hash.h);
    return 0;
}
