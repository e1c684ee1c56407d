/* The protection of records faster than Mbed TLS's own, where the build has it (option ec_backend). Gives exactly what
 * Mbed TLS gives, draws nothing at random and may run on any thread. Only inside sim/tls. */
#ifndef SIM_TLS_AEAD_H
#define SIM_TLS_AEAD_H

#include <mbedtls/cipher.h>
#include <stdbool.h>

typedef struct LzAead LzAead;   /* made once and shared; NULL stands for Mbed TLS's arithmetic */

typedef struct LzAeadRecord {   /* everything borrowed; input and output may be the same bytes */
    const unsigned char *nonce, *header, *input, *tag_in;       /* tag_in: to open */
    size_t nonce_size, header_size, size, tag_size;
    unsigned char *output, *tag_out;    /* tag_out: to seal */
} LzAeadRecord;

LzAead *lz_aead_new(void);      /* NULL: this build has no other arithmetic */
void lz_aead_free(LzAead *aead);

/* False: this cipher or these sizes are left to Mbed TLS, and nothing was written. cipher: with its key. */
bool lz_aead_seal(LzAead *aead, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record);
/* The same; *ret_result as mbedtls_cipher_auth_decrypt_ext(): 0, or refusal with an output of zeros. */
bool lz_aead_open(LzAead *aead, const mbedtls_cipher_context_t *cipher, const LzAeadRecord *record, int *ret_result);

#endif
