/* Asks a defence about each packet, counts, passes on or drops. */
#include "sim/net/guard.h"

#include <glib.h>
#include <string.h>

#include "lazaret/defence.h"
#include "lazaret/model.h"
#include "sim/net/packet.h"

struct LzGuard {
    LzElement base;
    LzEnv env;
    const LzDefenceOps *ops;
    const LzChoice *choice;
    LzDefenceContext context;
    void *state;
    LzScope scope;
    bool (*is_legitimate)(void *owner, LzAddress source);
    void *owner;
};

static void receive(LzElement *element, LzPacket *packet)
{
    LzGuard *guard = (LzGuard *)element;
    LzProbes *probes = guard->env.probes;
    if (guard->ops->admit(guard->state, packet, lz_now(guard->env.scheduler))) {
        lz_probe_count(probes, guard->scope, LZ_METRIC_DEFENCE_ADMITTED, 1);
        lz_element_receive(guard->base.next, packet);
        return;
    }
    lz_probe_count(probes, guard->scope, LZ_METRIC_DEFENCE_REFUSED, 1);
    if (guard->is_legitimate(guard->owner, packet->source)) {
        lz_probe_count(probes, guard->scope, LZ_METRIC_DEFENCE_COLLATERAL, 1);
    }
    lz_packet_lost(packet, probes);
    lz_packet_free(guard->env.packets, packet);
}

static const LzElementOps guard_ops = {.receive = receive};

LzGuard *lz_guard_new(const LzEnv *env, const LzChoice *choice, LzScope scope,
                      bool (*is_legitimate)(void *owner, LzAddress source), void *owner, LzElement *next)
{
    LzGuard *guard = g_new0(LzGuard, 1);
    guard->base = (LzElement){&guard_ops, next};
    guard->env = *env;
    guard->ops = choice->model->ops;
    guard->choice = choice;
    guard->state = g_malloc0(choice->model->state_size);
    guard->scope = scope;
    guard->is_legitimate = is_legitimate;
    guard->owner = owner;
    guard->ops->init(guard->state, choice->config, env, scope);
    return guard;
}

void lz_guard_begin(LzGuard *guard, const LzDefenceContext *context)
{
    guard->context = *context;
    if (guard->ops->begin) {
        guard->ops->begin(guard->state, context);
    }
}

void lz_guard_restart(LzGuard *guard)
{
    guard->ops->clear(guard->state);
    memset(guard->state, 0, guard->choice->model->state_size);
    guard->ops->init(guard->state, guard->choice->config, &guard->env, guard->scope);
    lz_guard_begin(guard, &guard->context);
}

void lz_guard_free(LzGuard *guard)
{
    if (guard) {
        guard->ops->clear(guard->state);
        g_free(guard->state);
        g_free(guard);
    }
}

LzElement *lz_guard_input(LzGuard *guard)
{
    return &guard->base;
}
