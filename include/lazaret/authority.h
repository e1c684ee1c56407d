/* A certificate authority as a registrar uses it, and what a certificate says. */
#ifndef LAZARET_AUTHORITY_H
#define LAZARET_AUTHORITY_H

#include "lazaret/session.h"

typedef struct LzPki LzPki;             /* made by the world */

#define LZ_COMMON_NAME_BYTES 65         /* RFC 5280 appendix A.1, ub-common-name 64 */
#define LZ_MUD_URL_BYTES_MAX 120u

typedef struct LzCertificate {
    char name[LZ_COMMON_NAME_BYTES], issuer[LZ_COMMON_NAME_BYTES];      /* CNs */
    uint64_t serial;                    /* its low 64 bits */
    int64_t not_before_unix_s, not_after_unix_s;
    char mud_url[LZ_MUD_URL_BYTES_MAX + 1];     /* RFC 8520 section 11; empty: none */
} LzCertificate;
bool lz_certificate_read(LzBytes der, LzCertificate *ret_certificate);

/* DER: the issuing CA's first, the root's last; size 0: there are no more. Borrowed. */
LzBytes lz_authority_certificate(const LzPki *authority, unsigned index);
const char *lz_authority_name(const LzPki *authority);                  /* CN of the CA that issues; borrowed */

typedef struct LzCertifyTerms {
    const char *name;                   /* that the request must be for */
    uint64_t serial;
    int64_t not_before_unix_s, not_after_unix_s;
} LzCertifyTerms;
/* Certifies a PKCS#10 request (RFC 2986) on this host: the certificate in DER, a new buffer, or NULL when it is no request, its
 * signature is not of the key in it, or it is for another name. The CPU cost is charged to the host: done (an idle event of the
 * caller's, cancel with lz_host_compute_cancel) fires in either case, not before may the result be told. */
LzBuffer *lz_host_certify(LzHost *host, LzPki *authority, LzBytes request, const LzCertifyTerms *terms, LzEvent *done);

#endif
