/* SRTP (RFC 3711) with AES_CM_128_HMAC_SHA1_80, and its keys out of a DTLS handshake (RFC 5764). */
#ifndef SIM_TLS_SRTP_H
#define SIM_TLS_SRTP_H

#include "lazaret/bytes.h"
#include "lazaret/protocol/rtp.h"
#include "sim/tls/cost.h"
#include "sim/tls/tls.h"

enum { LZ_SRTP_KEY_BYTES = 16, LZ_SRTP_SALT_BYTES = 14, LZ_SRTP_SOURCES_MAX = 64 };

typedef struct LzSrtp LzSrtp;           /* one direction of a session: any number of sources up to the limit */

/* master key and salt: RFC 3711 4.3. */
LzSrtp *lz_srtp_new(const uint8_t key[LZ_SRTP_KEY_BYTES], const uint8_t salt[LZ_SRTP_SALT_BYTES]);
void lz_srtp_free(LzSrtp *srtp);        /* accepts NULL */
/* Both: a new buffer, or NULL for no RTP packet, or a source beyond the limit; ret_work: what it cost, in either case.
 * Unprotect: NULL as well for a wrong tag, and for what comes again or is older than 64 packets. */
LzBuffer *lz_srtp_protect(LzSrtp *srtp, LzBytes rtp, LzCryptoWork *ret_work);
LzBuffer *lz_srtp_unprotect(LzSrtp *srtp, LzBytes packet, LzCryptoWork *ret_work);
bool lz_srtp_is_media(LzBytes datagram);        /* RFC 7983 7: beside DTLS on the same port */

/* The two directions of an open DTLS endpoint that has agreed on SRTP; false: it has not. */
bool lz_srtp_of_endpoint(const LzTlsEndpoint *endpoint, LzSrtp **ret_sending, LzSrtp **ret_receiving);

#endif
