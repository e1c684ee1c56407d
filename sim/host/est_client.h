/* EST (RFC 7030) on the device's side: the CA's certificates, then a key of its own and a certificate for it. Private to
 * sim/host. */
#ifndef SIM_HOST_EST_CLIENT_H
#define SIM_HOST_EST_CLIENT_H

#include "sim/host/host.h"

typedef struct LzEstClient LzEstClient;

typedef enum {
    LZ_EST_ENROLLED,
    LZ_EST_REFUSED,             /* the registrar said no, or what it said is no certificate for this key */
    LZ_EST_UNREACHABLE,
} LzEstResult;

/* done: credential is the receiver's; NULL unless LZ_EST_ENROLLED. Not called from inside the verbs below. */
LzEstClient *lz_est_client_new(LzHost *host, const LzHostOnboarding *options,
                               void (*done)(void *self, LzEstResult result, LzCredential *credential), void *self);
void lz_est_client_free(LzEstClient *client);           /* accepts NULL */
/* Enrols with this certificate, or renews it. Nothing else may be in progress. */
void lz_est_client_begin(LzEstClient *client, LzCredential *credential, bool is_renewal);
void lz_est_client_cancel(LzEstClient *client);
bool lz_est_client_is_busy(const LzEstClient *client);

#endif
