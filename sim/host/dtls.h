/* One side of a DTLS association on a host: its endpoint, the CPU's work for it, its timer, what waits on either side of it.
 * Datagrams in, datagrams out. Private to sim/host. */
#ifndef SIM_HOST_DTLS_H
#define SIM_HOST_DTLS_H

#include "sim/host/internal.h"

typedef struct LzDtls LzDtls;

typedef struct LzPlace {                /* where a datagram came from */
    LzAddress address;
    uint16_t port;
} LzPlace;

#define LZ_DTLS_ARRIVED_MAX 64u         /* datagrams that wait for the CPU; beyond, they are lost, as in a full socket buffer */

/* No call comes from inside a verb, but send(). Inside of one lz_dtls_free() may be called. */
typedef struct LzDtlsEvents {
    void (*send)(void *self, LzBytes datagram, uint8_t dscp, LzMessageId message);
    void (*opened)(void *self);
    void (*heard)(void *self, LzPlace place);           /* the newest authentic record so far came from there */
    void (*received)(void *self, LzBytes message);
    void (*ended)(void *self, LzCloseReason reason);    /* once; nothing more comes */
} LzDtlsEvents;

/* client: NULL for a server. The first flight of a client goes out when the CPU has made it. dscp: of what is no message. */
LzDtls *lz_dtls_new(LzHost *host, const LzTlsProfile *profile, const LzTlsClient *client, uint8_t dscp, LzPlace peer,
                    const LzDtlsEvents *events, void *self);
void lz_dtls_judge(LzDtls *dtls, LzStatusClient *status);      /* of a server, before its first datagram: see LzListen */
void lz_dtls_free(LzDtls *dtls);        /* accepts NULL; messages that wait are lost */
void lz_dtls_give_up(LzDtls *dtls);     /* its handshake takes too long: counts it; to be freed now */
void lz_dtls_feed(LzDtls *dtls, LzPlace from, LzBytes datagram);
/* Of an open one. False: too long for a datagram. When both sides have agreed on SRTP, messages are RTP packets and travel as
 * SRTP beside the records. */
bool lz_dtls_send(LzDtls *dtls, LzBytes message, uint8_t dscp, LzMessageId id);
size_t lz_dtls_room_bytes(const LzDtls *dtls);          /* the longest message, while it is open */
bool lz_dtls_is_open(const LzDtls *dtls);
const LzTlsEndpoint *lz_dtls_endpoint(const LzDtls *dtls);

#endif
