/* Services (models/services/): what runs on a server host. */
#ifndef LAZARET_SERVICE_H
#define LAZARET_SERVICE_H

#include "lazaret/session.h"

typedef struct LzServiceContext {
    LzHost *host;
    LzListen listen;                    /* port, backlog and TLS from the scenario */
    LzScope scope;                      /* LZ_SCOPE_SERVICE */
    /* Address of the service of that name, or 0; for a name server. */
    LzAddress (*address_of)(void *owner, const char *name);
    void *owner;
} LzServiceContext;

typedef struct LzServiceOps {
    void (*init)(void *state, const void *config, const LzServiceContext *context, const LzEnv *env);
    void (*start)(void *state);         /* listen */
    void (*stop)(void *state);          /* crash: drop all state, cancel events; sessions are already gone; start may follow */
    void (*clear)(void *state);         /* after a stop: frees what init made */
    uint16_t port;                      /* where it listens unless the scenario says otherwise; 0: the schema's default */
    bool is_datagram;                   /* speaks UDP alone: no TLS */
} LzServiceOps;

#endif
