/* 802.1X in an access switch: ports that let nothing but EAPOL through until whoever hangs on them is admitted (IEEE
 * 802.1X-2010), and the switch's RADIUS client, which carries EAP between them and the server (pass-through, RFC 3579). A
 * port without a supplicant may ask by the MAC address alone. */
#ifndef SIM_NET_ACCESS_PORT_H
#define SIM_NET_ACCESS_PORT_H

#include "lazaret/element.h"
#include "lazaret/env.h"

typedef struct LzAuthenticator LzAuthenticator;         /* of one switch */
typedef struct LzAccessPort LzAccessPort;

typedef struct LzAuthenticatorOptions {
    LzAddress address;                  /* of the switch itself */
    LzElement *output;                  /* borrowed: what it sends to servers goes there */
} LzAuthenticatorOptions;

LzAuthenticator *lz_authenticator_new(const LzEnv *env, const LzAuthenticatorOptions *options);
void lz_authenticator_free(LzAuthenticator *authenticator);     /* its ports as well; accepts NULL */
LzElement *lz_authenticator_input(LzAuthenticator *authenticator);      /* packets to its address */
/* Off: every port forgets whom it has admitted. On: each asks again. */
void lz_authenticator_set_power(LzAuthenticator *authenticator, bool is_on);

typedef struct LzAccessPortOptions {
    LzAddress device;
    uint8_t mac[6];                     /* that it is seen with */
    LzAddress server;
    uint16_t server_port;
    LzTime fallback_ns;                 /* silence of a supplicant after which the MAC address has to do; LZ_TIME_NEVER: it never does */
    LzElement *up, *down;               /* borrowed: into the switch, to the device */
    /* group: the VLAN's, empty if none was told; NULL: it is admitted no longer. */
    void (*admitted)(void *owner, const char *group);
    void (*rejected)(void *owner);
    void *owner;
} LzAccessPortOptions;

/* A port more; the authenticator owns it. env: the port's own. */
LzAccessPort *lz_access_port_new(LzAuthenticator *authenticator, const LzEnv *env, const LzAccessPortOptions *options);
LzElement *lz_access_port_up(LzAccessPort *port);       /* what the device sends enters here */
LzElement *lz_access_port_down(LzAccessPort *port);     /* what is sent to it */
void lz_access_port_set_carrier(LzAccessPort *port, bool is_up);        /* the device's power */
/* Somebody admits whoever hangs on it, or nobody, by hand: nothing is asked any more. */
void lz_access_port_set_by_hand(LzAccessPort *port, bool is_admitted);

uint16_t lz_access_port_source(const LzAccessPort *port);       /* UDP port of its RADIUS */

typedef struct LzAccessPortStats { uint64_t requests, retransmissions, timeouts, dropped_packets; } LzAccessPortStats;
const LzAccessPortStats *lz_access_port_stats(const LzAccessPort *port);

#endif
