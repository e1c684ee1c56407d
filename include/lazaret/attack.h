/* Attacks (models/attacks/): actors inside the simulation with hosts of their own (compromised or
 * planted). They send real bytes through the same sockets as everybody. */
#ifndef LAZARET_ATTACK_H
#define LAZARET_ATTACK_H

#include "lazaret/session.h"

typedef struct LzAttackContext {
    LzHost *const *hosts;               /* the attacker's hosts */
    unsigned host_count;
    LzConnect target;                   /* address, port, TLS profile as a legitimate client would have it */
    LzScope scope;                      /* LZ_SCOPE_ATTACK */
} LzAttackContext;

typedef struct LzAttackOps {
    void (*init)(void *state, const void *config, const LzAttackContext *context, const LzEnv *env);
    void (*start)(void *state);         /* at `at` */
    void (*stop)(void *state);          /* after `for`, or at the end: cancel every event, abort what is open */
    void (*clear)(void *state);
} LzAttackOps;

#endif
