/* Revocation on a host's CPU. */
#include "sim/tls/revocation.h"

#include "sim/host/internal.h"

static LzTime cost_of(LzHost *host, const LzCryptoWork *work)
{
    LzTime cost_ns = lz_host_crypto_ns(host, work);
    host->stats.crypto_ns += cost_ns;
    return cost_ns;
}

LzBuffer *lz_host_sign_crl(LzHost *host, LzPki *authority, const LzRevoked *revoked, unsigned count, const LzStatusSpan *span,
                           LzTime *ret_cost_ns)
{
    LzCryptoWork work;
    LzBuffer *crl = lz_revocation_sign_crl(authority, revoked, count, span, &work);
    *ret_cost_ns = cost_of(host, &work);
    return crl;
}

LzBuffer *lz_host_sign_ocsp(LzHost *host, LzPki *authority, uint64_t serial, int64_t since_unix_s, const LzStatusSpan *span,
                            LzTime *ret_cost_ns)
{
    LzCryptoWork work;
    LzBuffer *answer = lz_revocation_sign_ocsp(authority, serial, since_unix_s, span, &work);
    *ret_cost_ns = cost_of(host, &work);
    return answer;
}

bool lz_host_read_crl(LzHost *host, LzPki *authority, LzBytes der, LzStatusSpan *ret_span, uint64_t **ret_serials, unsigned *ret_count)
{
    LzCryptoWork work;
    bool is_good = lz_revocation_read_crl(authority, der, ret_span, ret_serials, ret_count, &work);
    lz_host_compute(host, cost_of(host, &work), NULL);
    return is_good;
}

bool lz_host_read_ocsp(LzHost *host, LzPki *authority, LzBytes der, uint64_t serial, LzStatusSpan *ret_span, bool *ret_is_revoked)
{
    LzCryptoWork work;
    bool is_good = lz_revocation_read_ocsp(authority, der, serial, ret_span, ret_is_revoked, &work);
    lz_host_compute(host, cost_of(host, &work), NULL);
    return is_good;
}
