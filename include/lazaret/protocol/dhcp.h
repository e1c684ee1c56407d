/* DHCP messages (RFC 2131, options RFC 2132) of a client and a server that leases it one address. */
#ifndef LAZARET_PROTOCOL_DHCP_H
#define LAZARET_PROTOCOL_DHCP_H

#include "lazaret/protocol/wire.h"

#define LZ_DHCP_SERVER_PORT 67
#define LZ_DHCP_CLIENT_PORT 68
#define LZ_DHCP_BYTES_MAX 576u          /* RFC 2131 2: what every client takes */

typedef enum {                          /* option 53, RFC 2132 9.6 */
    LZ_DHCP_DISCOVER = 1, LZ_DHCP_OFFER = 2, LZ_DHCP_REQUEST = 3, LZ_DHCP_ACK = 5, LZ_DHCP_NAK = 6,
} LzDhcpType;

typedef struct LzDhcpMessage {
    uint8_t type;                       /* LzDhcpType */
    uint32_t transaction;
    uint32_t client_address;            /* ciaddr: of a client that renews */
    uint32_t your_address;              /* yiaddr: what is offered */
    uint32_t relay_address;             /* giaddr */
    uint8_t hardware[6];                /* chaddr */
    uint32_t requested_address, server_id, lease_s;     /* options 50, 54, 51; 0: not there */
} LzDhcpMessage;

bool lz_dhcp_encode(LzWriter *writer, const LzDhcpMessage *message);
bool lz_dhcp_decode(LzBytes bytes, LzDhcpMessage *ret_message);

#endif
