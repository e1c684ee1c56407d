/* A guard: a defence model standing in front of a host, as an element. */
#ifndef SIM_NET_GUARD_H
#define SIM_NET_GUARD_H

#include "lazaret/defence.h"
#include "lazaret/element.h"
#include "lazaret/env.h"
#include "lazaret/param.h"

typedef struct LzGuard LzGuard;

/* choice: defence model with config (borrowed). is_legitimate: whether a source belongs to the hospital's
 * own devices (for the collateral count). next: where admitted packets go. */
LzGuard *lz_guard_new(const LzEnv *env, const LzChoice *choice, LzScope scope,
                      bool (*is_legitimate)(void *owner, LzAddress source), void *owner, LzElement *next);
/* context copied; its addresses are borrowed. */
void lz_guard_begin(LzGuard *guard, const LzDefenceContext *context);
void lz_guard_restart(LzGuard *guard);  /* its host or switch lost power: it forgets everything */
void lz_guard_free(LzGuard *guard);
LzElement *lz_guard_input(LzGuard *guard);

#endif
