/* A host: its CPU queue, its TCP and UDP, its sessions: the one place where transport and TLS meet.
 * What applications may call is in lazaret/session.h. */
#ifndef SIM_HOST_HOST_H
#define SIM_HOST_HOST_H

#include "lazaret/element.h"
#include "lazaret/session.h"
#include "sim/core/digest.h"
#include "sim/core/workers.h"
#include "sim/net/check_stream.h"
#include "sim/net/tcp.h"
#include "sim/net/udp.h"
#include "sim/tls/tls.h"

/* Services that a host asks before it connects; address 0: it needs none. */
typedef struct LzHostNeed {
    LzAddress address;
    uint16_t port;
} LzHostNeed;
typedef struct LzHostNeeds {
    LzHostNeed dhcp, ntp, dns;          /* a lease first, then the time, then the peer's address by its name */
} LzHostNeeds;

/* A host that has to prove itself to the switch before anything passes, and to get the site's certificate before it speaks to
 * its service: what it knows when it is taken out of its box. Everything borrowed. */
typedef struct LzHostOnboarding {
    LzCredential *device_id;            /* its manufacturer's certificate (IEEE 802.1AR IDevID) */
    const LzTlsProfile *eap, *est;      /* how it speaks TLS with the two below */
    const char *nac_name, *registrar_name;
    LzAddress registrar;
    uint16_t registrar_port;
    uint32_t fragment_bytes;            /* of TLS records in an EAP message */
    LzPki *site;                        /* whose root it trusts, and whose certificate it wants */
    LzKeyType key;                      /* of the key that it makes for it */
    uint32_t renew_ppb, renew_jitter_ppb;       /* of the certificate's life: when it asks for the next, and spread around that */
} LzHostOnboarding;

typedef enum {
    LZ_ONBOARDING_ENROLLED,             /* it has got its first certificate of the site */
    LZ_ONBOARDING_RENEWED,
    LZ_ONBOARDING_EXPIRED,              /* the one that it has is good no longer */
    LZ_ONBOARDING_REFUSED,              /* an answer of the registrar that is no certificate, nor a promise of one */
} LzOnboardingEvent;
/* What the network asks of a server's peers, by where they are; NULL functions: nothing. */
typedef struct LzPeerPolicy {
    /* The profile that this server speaks with that peer in the place of its own; own NULL: in the clear. False: it is
     * turned away. On the world's thread. */
    bool (*choose)(void *owner, LzAddress peer, const LzTlsProfile *own, const LzTlsProfile **ret_profile);
    /* It is open. True: it must go, and is counted as isolated. */
    bool (*isolates)(void *owner, LzAddress peer, LzTlsVersion version, LzTlsSuite suite);
    void (*opened)(void *owner, const char *name);      /* a session with the holder of that name's certificate, ticket or key */
    void *owner;
} LzPeerPolicy;

typedef struct LzHostOptions {
    const char *name;
    LzAddress address;
    const LzCpu *cpu;                   /* borrowed */
    unsigned cores;
    uint32_t crypto_cost_ppb;           /* 1e9: as published; 0: free */
    int64_t start_unix_s;               /* virtual wall clock at virtual time 0 */
    LzTime clock_skew_ns;
    bool keeps_tickets;                 /* resumes TLS sessions */
    LzScope tls_scope;                  /* LZ_SCOPE_TLS of its fleet, 0 for servers */
    LzScope service_scope;              /* LZ_SCOPE_SERVICE for servers, else 0 */
    LzPeerPolicy policy;                /* of a server */
    const LzHostNeeds *needs;           /* borrowed; NULL: address, time and names are there from the start */
    const LzHostOnboarding *onboarding; /* borrowed; NULL: it may do as it likes from the start */
    void (*onboarded)(void *self, LzOnboardingEvent event);
    void *onboarded_self;
    const LzTcpOptions *tcp;            /* borrowed */
    size_t room_bytes;                  /* zeroed, for whoever runs on it: beside what each of its packets touches */
    LzDigest *digest;                   /* borrowed, may be NULL */
    LzWorkers *workers;                 /* borrowed: they help with cryptography; NULL: nobody does */
    void (*key_log)(void *self, const char *line);      /* may be NULL */
    void *key_log_self;
} LzHostOptions;

LzHost *lz_host_new(const LzEnv *env, const LzHostOptions *options, LzElement *output);
void lz_host_free(LzHost *host);
void *lz_host_room(LzHost *host);               /* aligned to 16 bytes */
/* From a place in the room to the end of what a message touches of the host. */
size_t lz_host_fetch_bytes(const LzHost *host, const void *place);
LzElement *lz_host_input(LzHost *host);         /* packets for this host arrive here; checks the address */

/* What asks for the way of a flow leaves here; takes ownership. Those that come end here. */
void lz_host_survey(LzHost *host, LzPacket *packet);
void lz_host_watch(LzHost *host, LzStreamCheck *check);         /* observes its streams; borrowed */
/* Power: off forgets sessions (closed(POWER) to their owners), TCP, CPU work, tickets; drops what arrives. */
void lz_host_set_power(LzHost *host, bool is_on);
bool lz_host_is_on(const LzHost *host);
/* A message is being made for it: fetches what its way out begins with. */
void lz_host_expect_sending(const LzHost *host);
/* Its wall clock less the true time. */
void lz_host_set_clock_skew(LzHost *host, LzTime skew_ns);
LzTime lz_host_clock_skew(const LzHost *host);
void lz_host_set_key_log(LzHost *host, void (*line)(void *self, const char *text), void *self);

#define LZ_ALERTS 256u                  /* RFC 8446 6: one byte */

typedef struct LzHostStats {
    uint64_t handshakes_completed, handshakes_resumed, handshakes_refused, sessions_opened, sessions_closed;
    uint64_t refused_by_policy, isolated;       /* peers: turned away before a handshake; moved to another segment after it */
    uint64_t *refused_by_alert;         /* LZ_ALERTS: sent or received, that ended a handshake; NULL: none did */
    LzTime crypto_ns;                   /* core·ns of cryptography done */
    uint64_t tx_bytes, rx_bytes;        /* session bytes below TLS (records) */
    uint32_t open_sessions;
} LzHostStats;
const LzHostStats *lz_host_stats(const LzHost *host);
LzTime lz_host_cpu_busy_ns(const LzHost *host);         /* core·ns of work done */
const LzTcpStats *lz_host_tcp_stats(const LzHost *host);
unsigned lz_host_cores(const LzHost *host);
/* The two above will be asked of it and of many others: fetches what that will touch, one stage after the other. */
#define LZ_HOST_VISIT_STAGES 2u
void lz_host_expect_visit(const LzHost *host, unsigned stage);
/* Reports CPU utilisation since the last call; the world calls it each second. */
uint32_t lz_host_take_utilisation_ppb(LzHost *host);

#endif
