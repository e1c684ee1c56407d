/* The part of a status client that its world and its host see. */
#ifndef SIM_HOST_STATUS_CLIENT_H
#define SIM_HOST_STATUS_CLIENT_H

#include "lazaret/status_client.h"
#include "sim/tls/tls.h"

typedef enum { LZ_STATUS_BY_NOTHING, LZ_STATUS_BY_LIST, LZ_STATUS_BY_ANSWER } LzStatusMethod;

typedef struct LzStatusOptions {        /* everything borrowed */
    LzHost *host;
    LzPki *authority;
    LzStatusMethod method;
    const char *from;                   /* the service that knows; NULL: nothing is ever heard */
    uint16_t port;                      /* of it */
    bool fails_hard;                    /* nothing heard: the certificate is refused */
    LzTime refresh_ns, timeout_ns;
    LzAddress (*address_of)(void *owner, const char *service);
    void (*refused)(void *owner, const char *name, LzStatusVerdict verdict);    /* whoever has the certificate of that name */
    void *owner;
} LzStatusOptions;

LzStatusClient *lz_status_client_new(const LzStatusOptions *options);
void lz_status_client_free(LzStatusClient *client);     /* accepts NULL */
/* With the host's power: forgets everything; nobody who waits hears more. */
void lz_status_client_stop(LzStatusClient *client);
void lz_status_client_start(LzStatusClient *client);

/* True: what is known already decides. */
bool lz_status_client_knows(LzStatusClient *client, const LzCertificate *certificate, LzStatusVerdict *ret_verdict);
/* An endpoint that has not begun will refuse what is known to be revoked by now. */
void lz_status_client_arm(const LzStatusClient *client, LzTlsEndpoint *server);
/* One has, by the alert certificate_revoked. */
void lz_status_client_note_refused(LzStatusClient *client, const char *name);

#endif
