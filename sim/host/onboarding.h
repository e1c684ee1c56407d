/* What a device does from its box to its first message: it is admitted to the network by its manufacturer's certificate, gets
 * one of the site's, is admitted by that, and renews it in time. A session that is asked for meanwhile waits. Private to
 * sim/host. */
#ifndef SIM_HOST_ONBOARDING_H
#define SIM_HOST_ONBOARDING_H

#include "sim/host/host.h"

typedef struct LzOnboarding LzOnboarding;

LzOnboarding *lz_onboarding_new(LzHost *host);          /* of host->options */
void lz_onboarding_free(LzOnboarding *onboarding);      /* accepts NULL */
void lz_onboarding_power(LzOnboarding *onboarding, bool is_on);
void lz_onboarding_clock_set(LzOnboarding *onboarding);
void lz_onboarding_receive(LzOnboarding *onboarding, LzBytes frame);    /* EAPOL */
/* Keeps the session until it may connect; then calls lz_session_begin() for it, with the site's certificate. */
void lz_onboarding_connect(LzOnboarding *onboarding, LzSession *session, const LzConnect *connect);
void lz_onboarding_forget(LzOnboarding *onboarding, const LzSession *session);  /* accepts one that is not kept */

/* In session.c: */
LzSession *lz_session_prepare(LzHost *host, const LzConnect *connect, const LzSessionEvents *events, void *self);
void lz_session_begin(LzSession *session, const LzConnect *connect);

#endif
