/* A private key and its certificate chain, and what profiles need of a PKI. Only inside sim/tls. */
#ifndef SIM_TLS_CREDENTIAL_H
#define SIM_TLS_CREDENTIAL_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "sim/tls/aead.h"
#include "sim/tls/context.h"
#include "sim/tls/ec.h"
#include "sim/tls/spare_buffers.h"
#include "sim/tls/tls.h"
#include "sim/tls/verify_ahead.h"
#include "sim/tls/verify_memo.h"

typedef struct LzKey {                  /* counted by g_atomic_rc_box: several certificates may share it */
    mbedtls_pk_context pk;
} LzKey;

struct LzCredential {                   /* a request until it is first needed */
    LzPki *pki;
    LzCertificateRequest request;       /* its name is owned */
    char *key_owner;                    /* NULL: its own key */
    char *mud_url;                      /* NULL: none */
    LzKey *key;                         /* NULL: not made yet; then leaf as well. Under the PKI's lock until it is */
    GBytes *leaf;                       /* DER */
    const GPtrArray *intermediates;     /* of GBytes, DER, root's child first; borrowed from the PKI */
};

/* Makes key and certificate if they are not there yet, on any thread. */
bool lz_credential_make(LzCredential *credential, GError **error);
/* The certificates of a credential that is made, leaf first, then its issuers without the root. Parsed for as long as
 * somebody needs them, they are six times their bytes; they borrow the bytes. */
mbedtls_x509_crt *lz_credential_chain_new(const LzCredential *credential);
void lz_credential_chain_free(mbedtls_x509_crt *chain);

/* What a client or server with this PKI trusts: its root. Borrowed. */
mbedtls_x509_crt *lz_pki_trust(const LzPki *pki);

/* The arithmetic that its keys, and the endpoints that trust it, are computed with. Borrowed. */
LzEc *lz_pki_ec(const LzPki *pki);
LzAead *lz_pki_aead(const LzPki *pki);
uint64_t lz_pki_seed(const LzPki *pki);
/* Whether a credential with has_psk was issued to that name; on any thread. */
bool lz_pki_shares_key_with(LzPki *pki, const char *name);
/* The verifications that endpoints which trust it have done; NULL if not remembered. Borrowed. */
LzVerifyMemo *lz_pki_verify_memo(const LzPki *pki);

/* NULL: nothing is verified ahead. Borrowed. */
LzVerifyAhead *lz_pki_verify_ahead(const LzPki *pki);

/* The record buffers that endpoints which trust it share. Borrowed. */
LzSpareBuffers *lz_pki_spare_buffers(const LzPki *pki);

/* The common name of a certificate's subject; empty if it has none. */
void lz_certificate_common_name(const mbedtls_x509_crt *certificate, char *ret_name, size_t size);

/* ---- enrolment ---- */

/* A certificate of the issuing CA for anybody's key, in DER. */
GBytes *lz_pki_certify(const LzPki *pki, LzKey *key, const LzCertifyTerms *terms, LzCryptoWork *work, GError **error);
/* A key without a certificate yet, from the stream of key_owner. */
LzCredential *lz_credential_new_keyed(LzPki *pki, const char *name, const char *key_owner, LzKeyType type, LzCryptoWork *work);
LzKey *lz_pki_issuing_key(const LzPki *pki, const char **ret_name);     /* borrowed, as its CA's common name */
/* DER, borrowed: the issuing CA's first, the root's last; NULL: there are no more. */
GBytes *lz_pki_ca_certificate(const LzPki *pki, unsigned index);

/* Around calls into Mbed TLS that are no handshake, on behalf of owner. Nothing that reaches the wire is drawn there: nonces are
 * RFC 6979's. */
typedef struct LzPkiWork {
    LzRandom blinding;
    LzTlsContext context;
    LzTlsContext *previous;
} LzPkiWork;
void lz_pki_work_begin(LzPkiWork *work, const LzPki *pki, const char *owner, LzCryptoWork *counted);
void lz_pki_work_end(LzPkiWork *work);

#endif
