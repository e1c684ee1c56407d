/* What a model may touch of the outside world: all effects come in through this. */
#ifndef LAZARET_ENV_H
#define LAZARET_ENV_H

#include "lazaret/event.h"
#include "lazaret/packet.h"
#include "lazaret/probe.h"
#include "lazaret/random.h"

typedef struct LzEnv {
    LzScheduler *scheduler;     /* borrowed: now, at, cancel */
    LzPacketPool *packets;      /* borrowed */
    LzProbes *probes;           /* borrowed; may be NULL */
    uint64_t seed;              /* of this repetition */
    uint64_t entity;            /* lz_entity_id of whom this env belongs to */
} LzEnv;

/* A stream of this entity. */
static inline void lz_env_random(const LzEnv *env, LzPurpose purpose, LzRandom *ret_random)
{
    lz_random_init(ret_random, env->seed, env->entity, purpose);
}

#endif
