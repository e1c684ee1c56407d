/* Loss and delay that a fault adds to a link. */
#include "sim/net/impair.h"

#include <glib.h>

typedef struct Held {
    struct Held *next;
    LzTime due_ns;
    unsigned port;
    LzPacket *packet;
} Held;

struct LzImpairment {
    LzEnv env;
    const LzImpairmentEvents *events;
    void *owner;
    uint32_t loss_ppb;
    LzTime delay_ns;
    LzRandom random;
    LzTime *last_due_ns;        /* by port: nobody overtakes */
    Held *first, *last;         /* by due time */
    LzEvent release;
};

static void arm(LzImpairment *impairment)
{
    if (impairment->first) {
        lz_timer_at(impairment->env.scheduler, &impairment->release, impairment->first->due_ns);
    }
}

static Held *take_first(LzImpairment *impairment)
{
    Held *held = impairment->first;
    impairment->first = held->next;
    if (!impairment->first) {
        impairment->last = NULL;
    }
    return held;
}

static void release_due(void *owner)
{
    LzImpairment *impairment = owner;
    LzTime now_ns = lz_now(impairment->env.scheduler);
    while (impairment->first && impairment->first->due_ns <= now_ns) {
        g_autofree Held *held = take_first(impairment);
        impairment->events->pass(impairment->owner, held->port, held->packet);
    }
    arm(impairment);
}

/* Behind all that are due as early: order is kept. */
static void hold(LzImpairment *impairment, unsigned port, LzPacket *packet, LzTime due_ns)
{
    bool is_latest = !impairment->last || impairment->last->due_ns <= due_ns;
    Held **place = is_latest && impairment->last ? &impairment->last->next : &impairment->first;
    while (*place && (*place)->due_ns <= due_ns) {
        place = &(*place)->next;
    }
    Held *held = g_new(Held, 1);
    *held = (Held){*place, due_ns, port, packet};
    *place = held;
    if (is_latest) {
        impairment->last = held;
    }
    arm(impairment);
}

void lz_impairment_take(LzImpairment *impairment, unsigned port, LzPacket *packet)
{
    if (impairment->loss_ppb > 0 && lz_random_chance_ppb(&impairment->random, impairment->loss_ppb)) {
        impairment->events->lose(impairment->owner, port, packet, LZ_DROP_LINK_LOSS);
        return;
    }
    LzTime now_ns = lz_now(impairment->env.scheduler);
    LzTime *last_due_ns = &impairment->last_due_ns[port];
    *last_due_ns = MAX(*last_due_ns, now_ns + impairment->delay_ns);
    if (*last_due_ns > now_ns) {
        hold(impairment, port, packet, *last_due_ns);
    } else {
        impairment->events->pass(impairment->owner, port, packet);
    }
}

void lz_impairment_lose_all(LzImpairment *impairment, LzDropReason reason)
{
    lz_event_cancel(impairment->env.scheduler, &impairment->release);
    while (impairment->first) {
        g_autofree Held *held = take_first(impairment);
        impairment->last_due_ns[held->port] = 0;
        impairment->events->lose(impairment->owner, held->port, held->packet, reason);
    }
}

void lz_impairment_set(LzImpairment *impairment, uint32_t loss_ppb, LzTime delay_ns)
{
    impairment->loss_ppb = loss_ppb;
    impairment->delay_ns = delay_ns;
}

LzImpairment *lz_impairment_new(const LzEnv *env, unsigned ports, const LzImpairmentEvents *events, void *owner)
{
    LzImpairment *impairment = g_new0(LzImpairment, 1);
    impairment->env = *env;
    impairment->events = events;
    impairment->owner = owner;
    impairment->last_due_ns = g_new0(LzTime, ports);
    lz_env_random(env, LZ_PURPOSE_FAULT, &impairment->random);
    lz_event_init(&impairment->release, release_due, impairment);
    return impairment;
}

void lz_impairment_free(LzImpairment *impairment)
{
    if (!impairment) {
        return;
    }
    lz_event_cancel(impairment->env.scheduler, &impairment->release);
    while (impairment->first) {
        g_autofree Held *held = take_first(impairment);
        lz_packet_free(impairment->env.packets, held->packet);
    }
    g_free(impairment->last_due_ns);
    g_free(impairment);
}
