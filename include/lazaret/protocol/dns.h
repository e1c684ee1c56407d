/* DNS messages (RFC 1035) as a stub resolver and its server exchange them: one question for an IPv4 address. */
#ifndef LAZARET_PROTOCOL_DNS_H
#define LAZARET_PROTOCOL_DNS_H

#include "lazaret/protocol/wire.h"

#define LZ_DNS_PORT 53
#define LZ_DNS_BYTES_MAX 512u           /* RFC 1035 2.3.4: UDP messages */
#define LZ_DNS_NAME_BYTES 254u          /* the longest name as text, and NUL */

typedef enum { LZ_DNS_OK = 0, LZ_DNS_SERVER_FAILURE = 2, LZ_DNS_NO_NAME = 3 } LzDnsCode;       /* RCODE, RFC 1035 4.1.1 */

typedef struct LzDnsMessage {
    uint16_t id;
    bool is_response;
    uint8_t code;                       /* RCODE */
    char name[LZ_DNS_NAME_BYTES];       /* "broker.hospital.test", without a final dot */
    bool has_answer;
    uint32_t address, ttl_s;            /* of the answer */
} LzDnsMessage;

/* False when the name is none (empty label, above 63 bytes each or 253 in all) or there is no room. */
bool lz_dns_encode(LzWriter *writer, const LzDnsMessage *message);
/* False when the bytes are no such message: another question than one for A IN, or nothing at all. */
bool lz_dns_decode(LzBytes bytes, LzDnsMessage *ret_message);

#endif
