/* Cryptography on its way through: every operation that costs a device CPU time is counted here and then
 * done by Mbed TLS (P-256 by sim/tls/ec.h and AES-GCM by sim/tls/aead.h where they can), with blinding drawn from a
 * stream of its own. What reaches the wire depends only on the inputs and on the device's stream (nonces are RFC
 * 6979's), never on how the arithmetic is done: another implementation of these functions must give the same bytes. */
#include "sim/tls/hooks.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ssl.h>
#include <string.h>

#include "sim/tls/context.h"
#include "sim/tls/inverse.h"
#include "sim/tls/tls.h"

/* ---- elliptic curves ---------------------------------------------------------------------------------- */

typedef enum { KEYGEN, SHARED, SIGN, VERIFY, EC_OPERATION_COUNT } EcOperation;

static void count_ec(mbedtls_ecp_group_id curve, EcOperation operation)
{
    LzCryptoWork *work = lz_tls_context()->work;
    if (!work) {
        return;
    }
    uint32_t *const p256[EC_OPERATION_COUNT] = {&work->p256_keygen, &work->p256_shared, &work->p256_sign,
                                                &work->p256_verify};
    uint32_t *const p384[EC_OPERATION_COUNT] = {&work->p384_keygen, &work->p384_shared, &work->p384_sign,
                                                &work->p384_verify};
    uint32_t *const x25519[EC_OPERATION_COUNT] = {&work->x25519_keygen, &work->x25519_shared};
    uint32_t *const *counters = curve == MBEDTLS_ECP_DP_SECP256R1 ? p256
                              : curve == MBEDTLS_ECP_DP_SECP384R1 ? p384
                                                                  : x25519;
    g_assert(counters[operation]);      /* the configuration enables these three curves only */
    ++*counters[operation];
}

/* The one multiplication that all of key generation, key agreement and signing come down to. */
static int multiply(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                    const mbedtls_ecp_point *point)
{
    int ret = lz_ec_multiply(lz_tls_context()->ec, group, ret_point, factor, point);
    return ret != LZ_EC_NOT_MINE ? ret : mbedtls_ecp_mul(group, ret_point, factor, point, lz_tls_blinding, NULL);
}

/* The next three are ecdsa.c's: it makes the nonces (RFC 6979), parses, compares and decides; we multiply and divide.
 * Nothing restarts: that is not configured. */
int lz_hook_mbedtls_ecp_mul_restartable(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point,
                                        const mbedtls_mpi *factor, const mbedtls_ecp_point *point,
                                        mbedtls_f_rng_t *random, void *random_self, mbedtls_ecp_restart_ctx *restart)
{
    (void)random;
    (void)random_self;
    (void)restart;
    return multiply(group, ret_point, factor, point);
}

int lz_hook_mbedtls_ecp_muladd_restartable(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_sum,
                                           const mbedtls_mpi *first_factor, const mbedtls_ecp_point *first,
                                           const mbedtls_mpi *second_factor, const mbedtls_ecp_point *second,
                                           mbedtls_ecp_restart_ctx *restart)
{
    (void)restart;
    g_assert(first == &group->G);
    int ret = lz_ec_multiply_add(lz_tls_context()->ec, group, ret_sum, first_factor, second_factor, second);
    return ret != LZ_EC_NOT_MINE ? ret
                                 : mbedtls_ecp_muladd(group, ret_sum, first_factor, first, second_factor, second);
}

/* Not in a public header of Mbed TLS. */
int mbedtls_mpi_gcd_modinv_odd(mbedtls_mpi *ret_divisor, mbedtls_mpi *ret_inverse, const mbedtls_mpi *number,
                               const mbedtls_mpi *modulus);

/* False: too long, or not below the modulus. */
static bool read_limbs(const mbedtls_mpi *number, const mbedtls_mpi *modulus, uint64_t *ret_number, uint64_t *ret_modulus)
{
    unsigned char bytes[2][LZ_INVERSE_LIMBS * sizeof(uint64_t)];
    if (mbedtls_mpi_cmp_int(number, 0) < 0 || mbedtls_mpi_cmp_mpi(number, modulus) >= 0
        || mbedtls_mpi_write_binary_le(number, bytes[0], sizeof bytes[0]) != 0
        || mbedtls_mpi_write_binary_le(modulus, bytes[1], sizeof bytes[1]) != 0) {
        return false;
    }
    memcpy(ret_number, bytes[0], sizeof bytes[0]);
    memcpy(ret_modulus, bytes[1], sizeof bytes[1]);
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        ret_number[i] = GUINT64_FROM_LE(ret_number[i]);
        ret_modulus[i] = GUINT64_FROM_LE(ret_modulus[i]);
    }
    return true;
}

int lz_hook_mbedtls_mpi_gcd_modinv_odd(mbedtls_mpi *ret_divisor, mbedtls_mpi *ret_inverse, const mbedtls_mpi *number,
                                       const mbedtls_mpi *modulus)
{
    g_assert(!ret_divisor);
    uint64_t limbs[LZ_INVERSE_LIMBS], modulus_limbs[LZ_INVERSE_LIMBS], inverse[LZ_INVERSE_LIMBS];
    if (!read_limbs(number, modulus, limbs, modulus_limbs) || !lz_inverse(limbs, modulus_limbs, inverse)) {
        return mbedtls_mpi_gcd_modinv_odd(NULL, ret_inverse, number, modulus);
    }
    for (int i = 0; i < LZ_INVERSE_LIMBS; i++) {
        inverse[i] = GUINT64_TO_LE(inverse[i]);
    }
    return mbedtls_mpi_read_binary_le(ret_inverse, (const unsigned char *)inverse, sizeof inverse);
}

int lz_hook_mbedtls_ecdsa_write_signature(mbedtls_ecdsa_context *key, mbedtls_md_type_t digest, const unsigned char *hash,
                                          size_t hash_size, unsigned char *signature, size_t capacity, size_t *ret_size,
                                          mbedtls_f_rng_t *random, void *random_self)
{
    (void)random;
    (void)random_self;
    LzTlsContext *context = lz_tls_context();
    count_ec(mbedtls_ecp_keypair_get_group_id(key), SIGN);
    lz_tls_context_commit();
    context->operation_depth++;
    int ret = mbedtls_ecdsa_write_signature(key, digest, hash, hash_size, signature, capacity, ret_size, lz_tls_blinding,
                                            NULL);
    context->operation_depth--;
    if (ret == 0) {
        lz_verify_ahead(context->ahead, key, hash, hash_size, signature, *ret_size);
    }
    return ret;
}

int lz_hook_mbedtls_ecdsa_read_signature(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_size,
                                         const unsigned char *signature, size_t size)
{
    count_ec(mbedtls_ecp_keypair_get_group_id(key), VERIFY);
    LzVerifyMemo *memo = lz_tls_context()->memo;
    LzVerifyKey memo_key;
    if (!memo || !lz_verify_key(key, hash, hash_size, signature, size, &memo_key)) {
        lz_tls_context_commit();
        return mbedtls_ecdsa_read_signature(key, hash, hash_size, signature, size);
    }
    int result = 0;
    if (!lz_verify_memo_find(memo, &memo_key, &result)) {
        lz_tls_context_commit();
        result = mbedtls_ecdsa_read_signature(key, hash, hash_size, signature, size);
        lz_verify_memo_store(memo, &memo_key, result);
    }
    return result;
}

/* Called by PSA to export the public half of an ephemeral key: with the draw of the scalar before it, this
 * is TLS 1.3's key generation. */
int lz_hook_mbedtls_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *ret_point, const mbedtls_mpi *factor,
                            const mbedtls_ecp_point *point, mbedtls_f_rng_t *random, void *random_self)
{
    (void)random;
    (void)random_self;
    count_ec(group->id, KEYGEN);
    lz_tls_context_commit();
    return multiply(group, ret_point, factor, point);
}

/* TLS 1.2's key generation. */
int mbedtls_ecdh_gen_public(mbedtls_ecp_group *group, mbedtls_mpi *ret_private, mbedtls_ecp_point *ret_public,
                            mbedtls_f_rng_t *random, void *random_self)
{
    count_ec(group->id, KEYGEN);
    lz_tls_context_commit();
    int ret = mbedtls_ecp_gen_privkey(group, ret_private, random, random_self);
    if (ret != 0) {
        return ret;
    }
    return multiply(group, ret_public, ret_private, &group->G);
}

/* Of both versions; SEC 1, 3.3.1. */
int mbedtls_ecdh_compute_shared(mbedtls_ecp_group *group, mbedtls_mpi *ret_secret, const mbedtls_ecp_point *public,
                                const mbedtls_mpi *private, mbedtls_f_rng_t *random, void *random_self)
{
    (void)random;
    (void)random_self;
    count_ec(group->id, SHARED);
    lz_tls_context_commit();
    mbedtls_ecp_point product;
    mbedtls_ecp_point_init(&product);
    int ret = multiply(group, &product, private, public);
    if (ret == 0 && mbedtls_ecp_is_zero(&product)) {
        ret = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    if (ret == 0) {
        ret = mbedtls_mpi_copy(ret_secret, &product.MBEDTLS_PRIVATE(X));
    }
    mbedtls_ecp_point_free(&product);
    return ret;
}

enum { RSA_2048_BYTES = 256 };

/* ---- RSA ---------------------------------------------------------------------------------------------- */

/* Not in a public header of Mbed TLS: rsa.c calls it for public operations only. */
int mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *ret_power, const mbedtls_mpi *base, const mbedtls_mpi *exponent,
                               const mbedtls_mpi *modulus, mbedtls_mpi *cache);

int lz_hook_mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *ret_power, const mbedtls_mpi *base, const mbedtls_mpi *exponent,
                                       const mbedtls_mpi *modulus, mbedtls_mpi *cache)
{
    LzTlsContext *context = lz_tls_context();
    if (context->work && context->operation_depth == 0) {
        ++*(mbedtls_mpi_size(modulus) > RSA_2048_BYTES ? &context->work->rsa3072_public : &context->work->rsa2048_public);
    }
    return mbedtls_mpi_exp_mod_unsafe(ret_power, base, exponent, modulus, cache);
}

static void count_rsa_private(const mbedtls_rsa_context *key)
{
    LzCryptoWork *work = lz_tls_context()->work;
    if (work) {
        ++*(mbedtls_rsa_get_len(key) > RSA_2048_BYTES ? &work->rsa3072_private : &work->rsa2048_private);
    }
    lz_tls_context_commit();
}

/* TLS 1.2's RSA key exchange. The result is verified as part of the operation. */
int lz_hook_mbedtls_rsa_pkcs1_decrypt(mbedtls_rsa_context *key, mbedtls_f_rng_t *random, void *random_self, size_t *ret_size,
                                      const unsigned char *input, unsigned char *output, size_t capacity)
{
    LzTlsContext *context = lz_tls_context();
    count_rsa_private(key);
    context->operation_depth++;
    int ret = mbedtls_rsa_pkcs1_decrypt(key, random, random_self, ret_size, input, output, capacity);
    context->operation_depth--;
    return ret;
}

/* It verifies the signature that it has made, which belongs to its published cost. */
int lz_hook_mbedtls_rsa_pkcs1_sign(mbedtls_rsa_context *key, mbedtls_f_rng_t *random, void *random_self,
                                   mbedtls_md_type_t digest, unsigned hash_size, const unsigned char *hash,
                                   unsigned char *signature)
{
    LzTlsContext *context = lz_tls_context();
    count_rsa_private(key);
    context->operation_depth++;
    int ret = mbedtls_rsa_pkcs1_sign(key, random, random_self, digest, hash_size, hash, signature);
    context->operation_depth--;
    return ret;
}

/* Not in a public header of Mbed TLS: TLS 1.3's signatures. */
int mbedtls_rsa_rsassa_pss_sign_no_mode_check(mbedtls_rsa_context *key, mbedtls_f_rng_t *random, void *random_self,
                                              mbedtls_md_type_t digest, unsigned hash_size, const unsigned char *hash,
                                              unsigned char *signature);

int lz_hook_mbedtls_rsa_rsassa_pss_sign_no_mode_check(mbedtls_rsa_context *key, mbedtls_f_rng_t *random,
                                                      void *random_self, mbedtls_md_type_t digest, unsigned hash_size,
                                                      const unsigned char *hash, unsigned char *signature)
{
    count_rsa_private(key);
    return mbedtls_rsa_rsassa_pss_sign_no_mode_check(key, random, random_self, digest, hash_size, hash, signature);
}

/* rsa.c draws numbers for blinding only. Which connection first uses a key (and so makes its blinding
 * pair) must not show in any device's stream. */
int lz_hook_mbedtls_mpi_random(mbedtls_mpi *ret_number, mbedtls_mpi_sint min, const mbedtls_mpi *bound,
                               mbedtls_f_rng_t *random, void *random_self)
{
    (void)random;
    (void)random_self;
    return mbedtls_mpi_random(ret_number, min, bound, lz_tls_blinding, NULL);
}

int lz_hook_mbedtls_mpi_fill_random(mbedtls_mpi *ret_number, size_t size, mbedtls_f_rng_t *random, void *random_self)
{
    (void)random;
    (void)random_self;
    return mbedtls_mpi_fill_random(ret_number, size, lz_tls_blinding, NULL);
}

/* ---- records ------------------------------------------------------------------------------------------ */

static uint64_t *bytes_of_cipher(LzCryptoWork *work, const mbedtls_cipher_context_t *cipher)
{
    mbedtls_cipher_mode_t mode = mbedtls_cipher_get_cipher_mode(cipher);
    return mode == MBEDTLS_MODE_CHACHAPOLY ? &work->chacha_bytes : mode == MBEDTLS_MODE_CCM ? &work->ccm_bytes
                                                                                         : &work->aead_bytes;
}

static void count_record(const mbedtls_cipher_context_t *cipher, size_t size)
{
    LzCryptoWork *work = lz_tls_context()->work;
    if (work) {
        work->records++;
        *bytes_of_cipher(work, cipher) += size;
    }
    if (size >= LZ_TLS_LONG_RECORD) {
        lz_tls_context_commit();
    }
}

/* A record's type: TLS 1.2 authenticates it (sequence number, type, version, length: RFC 5246 6.2.3.3);
 * TLS 1.3 encrypts it behind the content and before zeros (RFC 8446 5.2). Returns 0 for no content. */
static uint8_t record_type(const unsigned char *header, size_t header_size, const unsigned char *content, size_t *size)
{
    if (header_size > 5) {
        return header[8];
    }
    while (*size > 0 && content[*size - 1] == 0) {
        --*size;
    }
    return *size > 0 ? content[--*size] : 0;
}

static void note_alert(const unsigned char *header, size_t header_size, const unsigned char *content, size_t size)
{
    uint8_t type = record_type(header, header_size, content, &size);
    if (type == MBEDTLS_SSL_MSG_ALERT && size == 2 && content[0] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
        lz_tls_context()->alert_sent = content[1];
    }
}

int lz_hook_mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *cipher, const unsigned char *nonce,
                                            size_t nonce_size, const unsigned char *header, size_t header_size,
                                            const unsigned char *input, size_t size, unsigned char *output,
                                            size_t capacity, size_t *ret_size, size_t tag_size)
{
    count_record(cipher, size);
    note_alert(header, header_size, input, size);
    LzAeadRecord record = {.nonce = nonce, .nonce_size = nonce_size, .header = header, .header_size = header_size,
                           .input = input, .size = size, .output = output, .tag_out = output + size, .tag_size = tag_size};
    if (capacity >= size + tag_size && lz_aead_seal(lz_tls_context()->aead, cipher, &record)) {
        *ret_size = size + tag_size;
        return 0;
    }
    return mbedtls_cipher_auth_encrypt_ext(cipher, nonce, nonce_size, header, header_size, input, size, output, capacity,
                                           ret_size, tag_size);
}

int lz_hook_mbedtls_cipher_auth_decrypt_ext(mbedtls_cipher_context_t *cipher, const unsigned char *nonce,
                                            size_t nonce_size, const unsigned char *header, size_t header_size,
                                            const unsigned char *input, size_t size, unsigned char *output,
                                            size_t capacity, size_t *ret_size, size_t tag_size)
{
    size_t content_size = size - MIN(size, tag_size);
    count_record(cipher, content_size);
    LzAeadRecord record = {.nonce = nonce, .nonce_size = nonce_size, .header = header, .header_size = header_size,
                           .input = input, .size = content_size, .output = output, .tag_in = input + content_size,
                           .tag_size = tag_size};
    int result;
    if (capacity >= content_size && lz_aead_open(lz_tls_context()->aead, cipher, &record, &result)) {
        *ret_size = content_size;
        return result;
    }
    return mbedtls_cipher_auth_decrypt_ext(cipher, nonce, nonce_size, header, header_size, input, size, output, capacity,
                                           ret_size, tag_size);
}

/* ---- hashes: transcript, certificates, key derivation -------------------------------------------------- */

static void count_hash(size_t size)
{
    LzTlsContext *context = lz_tls_context();
    if (context->work && context->operation_depth == 0) {
        context->work->hash_bytes += size;
    }
}

int lz_hook_mbedtls_sha256(const unsigned char *input, size_t size, unsigned char *output, int is224)
{
    count_hash(size);
    return mbedtls_sha256(input, size, output, is224);
}

int lz_hook_mbedtls_sha256_update(mbedtls_sha256_context *hash, const unsigned char *input, size_t size)
{
    count_hash(size);
    return mbedtls_sha256_update(hash, input, size);
}

int lz_hook_mbedtls_sha512(const unsigned char *input, size_t size, unsigned char *output, int is384)
{
    count_hash(size);
    return mbedtls_sha512(input, size, output, is384);
}

int lz_hook_mbedtls_sha512_update(mbedtls_sha512_context *hash, const unsigned char *input, size_t size)
{
    count_hash(size);
    return mbedtls_sha512_update(hash, input, size);
}
