/* Defences (models/defences/) that stand in front of a host and decide packet by packet. */
#ifndef LAZARET_DEFENCE_H
#define LAZARET_DEFENCE_H

#include "lazaret/env.h"

typedef struct LzDefenceOps {
    void (*init)(void *state, const void *config, const LzEnv *env, LzScope scope);
    /* true: pass on. false: refuse (the engine drops it with LZ_DROP_DEFENCE and counts; it also counts
     * collateral: refused packets of legitimate devices). Must not keep the packet. */
    bool (*admit)(void *state, const LzPacket *packet, LzTime now_ns);
    void (*clear)(void *state);
} LzDefenceOps;

#endif
