/* AES-GCM by libcrypto, which works on many blocks at a time: a record of 1 kB in an eighth of Mbed TLS's time. One
 * context serves every connection and takes each record's key anew (0.2 us), so that connections cost no memory here. */
#include "sim/tls/aead.h"

#include <glib.h>
#include <limits.h>
#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

enum {
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    AES_128_KEY_BYTES = 16,
    SIZE_MIN = 64,              /* below, Mbed TLS is done before libcrypto has its key */
};

struct LzAead {
    EVP_CIPHER *aes_128_gcm;
    EVP_CIPHER_CTX *spare;      /* exchanged atomically; NULL while somebody works with it */
};

LzAead *lz_aead_new(void)
{
    LzAead *aead = g_new0(LzAead, 1);
    aead->aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    g_assert(aead->aes_128_gcm);
    return aead;
}

void lz_aead_free(LzAead *aead)
{
    if (!aead) {
        return;
    }
    EVP_CIPHER_CTX_free(aead->spare);
    EVP_CIPHER_free(aead->aes_128_gcm);
    g_free(aead);
}

static EVP_CIPHER_CTX *take_work(LzAead *aead)
{
    EVP_CIPHER_CTX *work = g_atomic_pointer_exchange(&aead->spare, NULL);
    if (work) {
        return work;
    }
    work = EVP_CIPHER_CTX_new();
    int is_done = work && EVP_CipherInit_ex2(work, aead->aes_128_gcm, NULL, NULL, 1, NULL);
    g_assert(is_done);
    return work;
}

static void give_work(LzAead *aead, EVP_CIPHER_CTX *work)
{
    EVP_CIPHER_CTX_free(g_atomic_pointer_exchange(&aead->spare, work));
}

static bool is_mine(const LzAead *aead, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record)
{
    return aead && mbedtls_cipher_get_type(cipher) == MBEDTLS_CIPHER_AES_128_GCM && record->nonce_size == NONCE_BYTES
           && record->tag_size == TAG_BYTES && record->size >= SIZE_MIN && record->size <= INT_MAX;
}

/* The first round key of AES is the key itself (FIPS 197 5.2); GCM only ever encrypts with it. */
static void read_key(const mbedtls_cipher_context_t *cipher, uint32_t *ret_words)
{
    const mbedtls_gcm_context *gcm = cipher->MBEDTLS_PRIVATE(cipher_ctx);
    const mbedtls_aes_context *aes = gcm->MBEDTLS_PRIVATE(cipher_ctx).MBEDTLS_PRIVATE(cipher_ctx);
    const uint32_t *words = aes->MBEDTLS_PRIVATE(buf) + aes->MBEDTLS_PRIVATE(rk_offset);
    for (unsigned i = 0; i < AES_128_KEY_BYTES / sizeof *words; i++) {
        ret_words[i] = GUINT32_TO_LE(words[i]);
    }
}

/* Key, nonce, header and content. */
static void work_through(EVP_CIPHER_CTX *work, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record,
                         bool is_sealing)
{
    uint32_t key[AES_128_KEY_BYTES / sizeof(uint32_t)];
    int size;
    read_key(cipher, key);
    int is_done = EVP_CipherInit_ex2(work, NULL, (const unsigned char *)key, record->nonce, is_sealing, NULL)
                  && EVP_CipherUpdate(work, NULL, &size, record->header, (int)record->header_size)
                  && EVP_CipherUpdate(work, record->output, &size, record->input, (int)record->size);
    g_assert(is_done);
}

bool lz_aead_seal(LzAead *aead, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record)
{
    if (!is_mine(aead, cipher, record)) {
        return false;
    }
    EVP_CIPHER_CTX *work = take_work(aead);
    int size;
    work_through(work, cipher, record, true);
    int is_done = EVP_CipherFinal_ex(work, record->output + record->size, &size)
                  && EVP_CIPHER_CTX_ctrl(work, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, record->tag_out);
    g_assert(is_done);
    give_work(aead, work);
    return true;
}

bool lz_aead_open(LzAead *aead, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record, int *ret_result)
{
    if (!is_mine(aead, cipher, record)) {
        return false;
    }
    unsigned char tag[TAG_BYTES];       /* may lie right behind the input, and so the output */
    memcpy(tag, record->tag_in, sizeof tag);
    EVP_CIPHER_CTX *work = take_work(aead);
    int size;
    work_through(work, cipher, record, false);
    bool is_genuine = EVP_CIPHER_CTX_ctrl(work, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag)
                      && EVP_CipherFinal_ex(work, record->output + record->size, &size);
    give_work(aead, work);
    if (!is_genuine) {
        ERR_clear_error();
        memset(record->output, 0, record->size);
    }
    *ret_result = is_genuine ? 0 : MBEDTLS_ERR_CIPHER_AUTH_FAILED;
    return true;
}
