/* Which certificates a CA has taken back: lists (CRL, RFC 5280 section 5) and answers about one (OCSP, RFC 6960), in DER and
 * signed. Certificates are named by their serial numbers, as lz_certificate_read() tells them. */
#ifndef LAZARET_REVOCATION_H
#define LAZARET_REVOCATION_H

#include "lazaret/authority.h"

typedef struct LzStatusSpan {           /* since 1970: when it was said, and when something newer will be */
    int64_t this_update_unix_s, next_update_unix_s;
} LzStatusSpan;

typedef struct LzRevoked {
    uint64_t serial;
    int64_t since_unix_s;
} LzRevoked;

/* New buffers. The signature's CPU time is the caller's to spend, with lz_host_compute(), before anybody hears of it. */
LzBuffer *lz_host_sign_crl(LzHost *host, LzPki *authority, const LzRevoked *revoked, unsigned count, const LzStatusSpan *span,
                           LzTime *ret_cost_ns);
/* since_unix_s: since when it is revoked; LZ_NOT_REVOKED: it is not. */
#define LZ_NOT_REVOKED INT64_MAX
LzBuffer *lz_host_sign_ocsp(LzHost *host, LzPki *authority, uint64_t serial, int64_t since_unix_s, const LzStatusSpan *span,
                            LzTime *ret_cost_ns);

/* These charge the host for the verification. False: no CRL, or not signed by the authority. ret_serials: a new array of *ret_count; freed with g_free. */
bool lz_host_read_crl(LzHost *host, LzPki *authority, LzBytes der, LzStatusSpan *ret_span, uint64_t **ret_serials, unsigned *ret_count);
/* False: no answer about this certificate that the authority has signed. */
bool lz_host_read_ocsp(LzHost *host, LzPki *authority, LzBytes der, uint64_t serial, LzStatusSpan *ret_span, bool *ret_is_revoked);

LzBuffer *lz_ocsp_request(LzPki *authority, uint64_t serial);           /* unsigned, as usual */
bool lz_ocsp_request_read(LzPki *authority, LzBytes der, uint64_t *ret_serial);       /* false: not about one of the authority's */
/* An answer that is none, RFC 6960 4.2.1: unsigned. */
typedef enum { LZ_OCSP_MALFORMED = 1, LZ_OCSP_TRY_LATER = 3 } LzOcspStatus;
LzBuffer *lz_ocsp_refusal(LzOcspStatus status);

#endif
