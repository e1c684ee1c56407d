/* Making and reading what lazaret/revocation.h offers, without a host: ret_work is the cost. */
#ifndef SIM_TLS_REVOCATION_H
#define SIM_TLS_REVOCATION_H

#include "lazaret/revocation.h"
#include "sim/tls/tls.h"

LzBuffer *lz_revocation_sign_crl(LzPki *pki, const LzRevoked *revoked, unsigned count, const LzStatusSpan *span,
                                 LzCryptoWork *ret_work);
LzBuffer *lz_revocation_sign_ocsp(LzPki *pki, uint64_t serial, int64_t since_unix_s, const LzStatusSpan *span, LzCryptoWork *ret_work);
bool lz_revocation_read_crl(LzPki *pki, LzBytes der, LzStatusSpan *ret_span, uint64_t **ret_serials, unsigned *ret_count,
                            LzCryptoWork *ret_work);
bool lz_revocation_read_ocsp(LzPki *pki, LzBytes der, uint64_t serial, LzStatusSpan *ret_span, bool *ret_is_revoked,
                             LzCryptoWork *ret_work);

#endif
