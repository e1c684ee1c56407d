/* What EST (RFC 7030) carries in HTTP: certificates in a PKCS#7 that signs nothing (RFC 5652 section 5.2, "certs-only"), and
 * base64 around it and around requests (RFC 8951 section 3.1). */
#ifndef LAZARET_PROTOCOL_EST_H
#define LAZARET_PROTOCOL_EST_H

#include "lazaret/protocol/wire.h"

#define LZ_EST_PATH "/.well-known/est/"                 /* RFC 7030 section 3.2.2 */
#define LZ_EST_TYPE_REQUEST "application/pkcs10"
#define LZ_EST_TYPE_CERTIFICATES "application/pkcs7-mime; smime-type=certs-only"
#define LZ_EST_CERTIFICATES_MAX 8u

/* In DER. */
void lz_est_encode_certificates(LzWriter *writer, const LzBytes *certificates, unsigned count);
/* How many there are, at most max; 0: none, or nonsense. They borrow the bytes. */
unsigned lz_est_decode_certificates(LzBytes bytes, LzBytes *ret_certificates, unsigned max);

/* New buffers; decode: NULL for what is no base64. */
LzBuffer *lz_est_base64_encode(LzBytes bytes);
LzBuffer *lz_est_base64_decode(LzBytes text);

#endif
