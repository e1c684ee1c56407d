/* What a host needs before it can connect: an address by DHCP, the time by NTP, a peer's address by DNS; each from a
 * service of the scenario, over its own UDP. A session that is asked for meanwhile waits, and so does who sends datagrams. Private to sim/host. */
#ifndef SIM_HOST_NEEDS_H
#define SIM_HOST_NEEDS_H

#include "sim/host/host.h"

typedef struct LzNeedState LzNeedState;

LzNeedState *lz_needs_new(LzHost *host, const LzHostNeeds *needs);
void lz_needs_free(LzNeedState *state);                 /* accepts NULL */
void lz_needs_power(LzNeedState *state, bool is_on);
/* Keeps the session until it may connect; then calls lz_session_connect() for it, or lz_session_give_up(). */
void lz_needs_connect(LzNeedState *state, LzSession *session, const LzConnect *connect);
/* As lz_host_seek(), of a host that needs something. */
void lz_needs_seek(LzNeedState *state, const LzConnect *connect, void (*told)(void *self, LzAddress address), void *self);
void lz_needs_forget(LzNeedState *state, const LzSession *session);     /* it is going away; accepts one that is not kept */

/* In session.c: */
void lz_session_connect(LzSession *session, LzAddress address, uint16_t port, uint8_t dscp);
void lz_session_give_up(LzSession *session);            /* closed(TIMEOUT) */
void lz_host_lose_address(LzHost *host);                /* closed(TIMEOUT) for every session, and silence */

#endif
