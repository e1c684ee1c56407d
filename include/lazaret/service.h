/* Services (models/services/): what runs on a server host. */
#ifndef LAZARET_SERVICE_H
#define LAZARET_SERVICE_H

#include "lazaret/revocation.h"

/* What a site wrote down of a device when it bought it. */
typedef struct LzDeviceRecord {
    const char *name, *segment;         /* where it belongs; empty: in none */
    uint8_t mac[6];
} LzDeviceRecord;

/* What services that admit and certify devices know of their site; owner is the context's. */
typedef struct LzSite {
    LzPki *authority;
    bool (*find_device)(void *owner, const char *name, LzDeviceRecord *ret_record);
    bool (*find_station)(void *owner, const uint8_t mac[6], LzDeviceRecord *ret_record);
    void (*touched)(void *owner, const char *device);   /* somebody had to do something for it by hand */
    /* From now on it may begin no more than the description (RFC 8520) of that URL says; without one, nothing. */
    void (*enforce_mud)(void *owner, const char *device, const char *url);
    /* Revocation: whose certificate has which number; those that were taken back, borrowed for the call that asks; and
     * whether a device gets no other. */
    void (*issued)(void *owner, const char *device, uint64_t serial);
    const LzRevoked *(*revoked)(void *owner, unsigned *ret_count);
    bool (*is_barred)(void *owner, const char *device);
} LzSite;

typedef struct LzServiceContext {
    LzHost *host;
    LzListen listen;                    /* port, backlog and TLS from the scenario */
    LzScope scope;                      /* LZ_SCOPE_SERVICE */
    /* Address of the service of that name, or 0; for a name server. */
    LzAddress (*address_of)(void *owner, const char *name);
    const LzSite *site;                 /* NULL: devices need not be admitted here */
    void *owner;
} LzServiceContext;

typedef struct LzServiceOps {
    void (*init)(void *state, const void *config, const LzServiceContext *context, const LzEnv *env);
    void (*start)(void *state);         /* listen */
    void (*stop)(void *state);          /* crash: drop all state, cancel events; sessions are already gone; start may follow */
    void (*clear)(void *state);         /* after a stop: frees what init made */
    uint16_t port;                      /* where it listens unless the scenario says otherwise; 0: the schema's default */
    uint16_t secure_port;               /* … and with its `tls` on; 0: the same */
    bool is_datagram;                   /* speaks UDP alone: no TLS … */
    bool speaks_dtls;                   /* … unless it is DTLS */
    bool carries_media;                 /* … and SRTP, with keys of that, what its clients send are RTP packets */
    bool carries_tls;                   /* … or inside its datagrams */
    bool is_plain;                      /* speaks no TLS unless the scenario says so */
    bool knows_manufacturers;           /* accepts their certificates beside those of the site */
} LzServiceOps;

#endif
