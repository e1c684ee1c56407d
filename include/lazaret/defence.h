/* Defences (models/defences/) that stand in front of a host, or in the switches of a zone, and decide packet by
 * packet. */
#ifndef LAZARET_DEFENCE_H
#define LAZARET_DEFENCE_H

#include "lazaret/addresses.h"
#include "lazaret/env.h"
#include "lazaret/mud_book.h"

typedef struct LzDefenceContext {
    const char *name;                   /* of the defence */
    const LzAddressBook *addresses;     /* whole from the first event on */
    const LzMudBook *mud;               /* what devices may begin; NULL: nobody says */
} LzDefenceContext;

typedef struct LzDefenceOps {
    bool judges_connections;            /* how much is sent over one changes nothing: flows that are not in packets may cross it */
    void (*init)(void *state, const void *config, const LzEnv *env, LzScope scope);
    /* Once after init, when all groups of addresses have their names. NULL: needs none. */
    void (*begin)(void *state, const LzDefenceContext *context);
    /* true: pass on. false: refuse (the engine drops it with LZ_DROP_DEFENCE and counts; it also counts
     * collateral: refused packets of legitimate devices). Must not keep the packet. */
    bool (*admit)(void *state, const LzPacket *packet, LzTime now_ns);
    /* Frees what init and begin made. Power loss of the switch that it stands in: clear, zeroed state, init, begin. */
    void (*clear)(void *state);
} LzDefenceOps;

#endif
