/* RADIUS (RFC 2865) as a switch speaks it with whoever admits devices: EAP inside (RFC 3579), a VLAN in the answer
 * (RFC 3580 section 3.31), a MAC address instead of an identity where there is none. */
#ifndef LAZARET_PROTOCOL_RADIUS_H
#define LAZARET_PROTOCOL_RADIUS_H

#include "lazaret/protocol/wire.h"

#define LZ_RADIUS_PORT 1812
#define LZ_RADIUS_BYTES_MAX 4096u       /* RFC 2865 section 3 */
#define LZ_RADIUS_TEXT_BYTES 80u        /* of a text below; ours are shorter than the 253 that an attribute holds */
#define LZ_RADIUS_EAP_BYTES_MAX 2048u

#define LZ_RADIUS_TEST_SECRET "LAZARET TEST - NOT FOR USE"      /* of all switches and servers of a run */

typedef enum {
    LZ_RADIUS_REQUEST = 1, LZ_RADIUS_ACCEPT = 2, LZ_RADIUS_REJECT = 3, LZ_RADIUS_CHALLENGE = 11,
} LzRadiusCode;

typedef struct LzRadius {
    uint8_t code, id;
    uint8_t authenticator[16];          /* of a request: random; of an answer: made by encode */
    uint64_t state;                     /* 0: none yet */
    bool is_call_check;                 /* service type 10: the MAC address is all that is known; else framed */
    uint32_t nas_address, nas_port;     /* requests */
    uint32_t session_timeout_s;         /* accept: authenticate again after it; 0: not told */
    char user[LZ_RADIUS_TEXT_BYTES], station[LZ_RADIUS_TEXT_BYTES];     /* who, and its MAC address; requests */
    char group[LZ_RADIUS_TEXT_BYTES];   /* accept: Tunnel-Private-Group-ID of a VLAN; empty: none */
    LzBytes eap;                        /* to be encoded: borrowed; decoded: in eap_bytes */
    uint8_t eap_bytes[LZ_RADIUS_EAP_BYTES_MAX];
} LzRadius;

/* secret: what switch and server share. request: its authenticator, for an answer; NULL for a request. */
bool lz_radius_encode(LzWriter *writer, const LzRadius *message, const char *secret, const uint8_t *request);
/* False also when the authenticators are not those of somebody with the secret. */
bool lz_radius_decode(LzBytes bytes, const char *secret, const uint8_t *request, LzRadius *ret_message);
/* "02-4C-5A-01-00-07" (RFC 3580 section 3.21). */
void lz_radius_station(const uint8_t mac[6], char ret_text[LZ_RADIUS_TEXT_BYTES]);

#endif
