/* What the files of this folder share of a host. */
#ifndef SIM_HOST_INTERNAL_H
#define SIM_HOST_INTERNAL_H

#include "lazaret/datagrams.h"
#include "sim/host/cpu.h"
#include "sim/host/host.h"
#include "sim/host/needs.h"
#include "sim/host/onboarding.h"

typedef struct Compute Compute;
typedef struct LzDatagramServer LzDatagramServer;

struct LzHost {                         /* what every packet touches comes first; its TCP stands behind it */
    LzElement input;
    LzTcp *tcp;
    LzUdp udp;
    LzSession *sessions;                /* list */
    bool is_on;
    uint32_t connections;               /* numbers the endpoints' random streams */
    LzHostStats stats;
    LzEnv env;
    LzHostOptions options;
    char *name;
    LzCpuQueue *cpu;
    struct LzHeldTicket *tickets;       /* list: one for each profile that it connects with; empty: does not resume */
    LzStreamCheck *streams;             /* observes; NULL: nobody does */
    LzAssociation *associations;        /* list: of a client of datagrams */
    LzDatagramServer *datagram_servers; /* list */
    LzNeedState *needs;                 /* what it does before it connects; NULL: nothing */
    LzOnboarding *onboarding;           /* what it does before that; NULL: nothing */
    Compute *computing;                 /* list of lz_host_compute jobs not finished */
    GPtrArray *listeners;               /* Listener, kept for the host's life */
    LzTime utilisation_from_ns, utilisation_busy_ns;
};

/* What it keeps in order to resume sessions of that profile; NULL: it does not resume. */
LzTlsTicket *lz_host_ticket(LzHost *host, const LzTlsProfile *profile);

/* Cost of crypto on this host; on any thread. */
LzTime lz_host_crypto_ns(const LzHost *host, const LzCryptoWork *work);
/* association.c, datagram_server.c: all of a host's, without a word. */
void lz_host_free_associations(LzHost *host);
void lz_host_free_datagram_servers(LzHost *host);
/* Power loss: every session is closed(POWER) and freed. */
void lz_host_drop_sessions(LzHost *host);
/* The host is going away: sessions are freed without a word. */
void lz_host_free_sessions(LzHost *host);

#endif
