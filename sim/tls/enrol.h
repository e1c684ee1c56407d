/* Enrolment: a device's new key and its request (PKCS#10, RFC 2986), and what a CA makes of it. */
#ifndef SIM_TLS_ENROL_H
#define SIM_TLS_ENROL_H

#include "sim/tls/tls.h"

/* A key without a certificate yet, of the stream of key_owner; ret_request: the request for it, a new buffer. */
LzCredential *lz_enrol_begin(LzPki *pki, const char *name, const char *key_owner, LzKeyType type, LzBuffer **ret_request,
                             LzCryptoWork *ret_work);
/* The certificate that came back; false: it is not for this key. */
bool lz_enrol_finish(LzCredential *credential, LzBytes certificate);
/* See lz_host_certify() in lazaret/authority.h. */
LzBuffer *lz_enrol_certify(LzPki *pki, LzBytes request, const LzCertifyTerms *terms, LzCryptoWork *ret_work);

#endif
