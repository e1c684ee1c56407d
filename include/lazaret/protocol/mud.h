/* Manufacturer Usage Descriptions (RFC 8520; access lists RFC 8519): whom a device may speak to, as its maker's JSON says. */
#ifndef LAZARET_PROTOCOL_MUD_H
#define LAZARET_PROTOCOL_MUD_H

#include "lazaret/protocol/wire.h"

#define LZ_MUD_ENTRIES_MAX 64u
#define LZ_MUD_NAME_BYTES 254u          /* of a DNS name, RFC 1035 section 2.3.4 */

typedef struct LzMudEntry {             /* one entry of an access list that accepts */
    char host[LZ_MUD_NAME_BYTES];       /* ietf-acldns:dst-dnsname */
    uint8_t protocol;                   /* LZ_IP_* */
    uint16_t port;                      /* of the host; 0: any */
} LzMudEntry;

/* What the device itself may begin (from-device-policy): how many entries, at most LZ_MUD_ENTRIES_MAX; -1 for what is no MUD
 * file, or says what cannot be kept to: another action, a match that is not known here. */
int lz_mud_decode(LzBytes json, LzMudEntry *ret_entries);

#endif
