/* Contention on one Wi-Fi channel: IEEE 802.11-2020 10.23.2 (EDCA), 10.3 (DCF), 10.3.2.1 (carrier sense). */
#include "lazaret/wifi_medium.h"

#include <string.h>

static LzTime now_ns(const LzWifiMedium *medium)
{
    return lz_now(medium->env.scheduler);
}

/* ---- when a node would send ------------------------------------------------------------------------- */

static LzTime first_slot_ns(const LzWifiNode *node, unsigned ac)
{
    return MAX(node->idle_ns, node->medium->blocked_until_ns) + node->edca[ac].aifs_ns;
}

static LzTime target_ns(const LzWifiNode *node, unsigned ac)
{
    const LzWifiFunction *function = &node->functions[ac];
    const LzTime backoff_ns = function->is_counting ? function->backoff * node->medium->slot_ns : 0;
    return first_slot_ns(node, ac) + backoff_ns;
}

static void find_next(LzWifiNode *node)
{
    node->next_ns = LZ_TIME_NEVER;
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        if (node->functions[ac].is_waiting) {
            node->next_ns = MIN(node->next_ns, MAX(target_ns(node, ac), now_ns(node->medium)));
        }
    }
}

static void arm_grant(LzWifiMedium *medium)
{
    LzTime next_ns = LZ_TIME_NEVER;
    for (const LzWifiNode *node = medium->nodes; node; node = node->next) {
        next_ns = MIN(next_ns, node->next_ns);
    }
    LzScheduler *scheduler = medium->env.scheduler;
    if (lz_event_is_pending(&medium->grant)) {
        if (medium->grant.due_ns == next_ns) {
            return;
        }
        lz_event_cancel(scheduler, &medium->grant);
    }
    if (next_ns != LZ_TIME_NEVER) {
        lz_schedule_at(scheduler, &medium->grant, next_ns);
    }
}

static void draw_backoff(LzWifiNode *node, unsigned ac)
{
    LzWifiFunction *function = &node->functions[ac];
    function->backoff = (uint32_t)lz_random_below(&node->random, (uint64_t)function->cw + 1);
    function->is_counting = true;
}

static void widen(LzWifiNode *node, unsigned ac)
{
    LzWifiFunction *function = &node->functions[ac];
    function->cw = MIN(2 * function->cw + 1, node->edca[ac].cw_max);
    draw_backoff(node, ac);
}

/* ---- idle and busy ------------------------------------------------------------------------------------ */

/* The medium becomes busy around the node: takes from each backoff the slots that have passed. 10.23.2.4: one at the
 * end of the AIFS and one after each slot, so that the slot in which somebody begins to send counts as well. */
static void freeze(LzWifiNode *node)
{
    const LzTime now = now_ns(node->medium);
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        LzWifiFunction *function = &node->functions[ac];
        const LzTime passed_ns = now - first_slot_ns(node, ac);
        if (!function->is_counting || passed_ns < 0) {
            continue;
        }
        const LzTime slots = passed_ns / node->medium->slot_ns + 1;
        function->backoff = slots < (LzTime)function->backoff ? function->backoff - (uint32_t)slots : 0;
        function->is_counting = function->is_waiting || function->backoff > 0;
    }
    node->is_frozen = true;
    node->next_ns = LZ_TIME_NEVER;
}

static void thaw(LzWifiNode *node, LzTime idle_ns)
{
    node->idle_ns = MAX(node->idle_ns, idle_ns);
    node->is_frozen = false;
    find_next(node);
}

/* The node hears this exchange. One that would send before it could have noticed keeps its slot. */
static void hear(LzWifiAir *air, LzWifiNode *node)
{
    g_ptr_array_add(air->heard_by, node);
    node->heard++;
    if (!node->is_frozen && (node->next_ns == LZ_TIME_NEVER ||
                             node->next_ns > now_ns(node->medium) + node->medium->sense_ns)) {
        freeze(node);
    }
}

static bool is_heard_by(const LzWifiAir *air, const LzWifiNode *node)
{
    return g_ptr_array_find(air->heard_by, node, NULL);
}

static void tell_listeners(LzWifiAir *air)
{
    LzWifiMedium *medium = air->medium;
    for (LzWifiNode *node = medium->nodes; node; node = node->next) {
        if (!is_heard_by(air, node) && medium->ops->hears(medium->owner, node, air->phase.talker)) {
            hear(air, node);
        }
    }
}

static void remember(LzWifiMedium *medium, const LzWifiAir *air, LzTime idle_ns)
{
    medium->past[medium->past_next].talkers[0] = air->node;
    medium->past[medium->past_next].talkers[1] = air->phase.talker;
    medium->past[medium->past_next].idle_ns = idle_ns;
    medium->past_next = (medium->past_next + 1) % G_N_ELEMENTS(medium->past);
}

/* What the node would have heard of late, had it listened. */
static void recall(LzWifiNode *node)
{
    LzWifiMedium *medium = node->medium;
    for (unsigned i = 0; i < G_N_ELEMENTS(medium->past); i++) {
        LzWifiNode *const *talkers = medium->past[i].talkers;
        if (!talkers[0] || medium->past[i].idle_ns <= node->idle_ns) {
            continue;
        }
        if (talkers[0] == node || talkers[1] == node || medium->ops->hears(medium->owner, node, talkers[0]) ||
            medium->ops->hears(medium->owner, node, talkers[1])) {
            node->idle_ns = medium->past[i].idle_ns;
        }
    }
}

/* ---- who contends --------------------------------------------------------------------------------------- */

static void list(LzWifiNode *node)
{
    LzWifiMedium *medium = node->medium;
    node->is_listed = true;
    node->next = NULL;
    *medium->nodes_end = node;
    medium->nodes_end = &node->next;
    recall(node);
    node->is_frozen = node->heard > 0;
    for (LzWifiAir *air = medium->airs; air; air = air->next) {
        if (!is_heard_by(air, node) && medium->ops->hears(medium->owner, node, air->phase.talker)) {
            hear(air, node);
        }
    }
}

static void unlist(LzWifiNode *node)
{
    LzWifiMedium *medium = node->medium;
    LzWifiNode **at = &medium->nodes;
    while (*at != node) {
        at = &(*at)->next;
    }
    *at = node->next;
    if (!*at) {
        medium->nodes_end = at;
    }
    node->is_listed = false;
    node->next_ns = LZ_TIME_NEVER;
}

static bool is_needed(const LzWifiNode *node)
{
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        if (node->functions[ac].is_waiting || node->functions[ac].is_counting) {
            return true;
        }
    }
    return false;
}

static void unlist_idle(LzWifiMedium *medium)
{
    for (LzWifiNode *node = medium->nodes, *next; node; node = next) {
        next = node->next;
        if (!is_needed(node)) {
            unlist(node);
        }
    }
}

/* ---- exchanges ------------------------------------------------------------------------------------------ */

static void air_free(LzWifiAir *air)
{
    lz_event_cancel(air->medium->env.scheduler, &air->end);
    g_ptr_array_free(air->heard_by, TRUE);
    g_free(air);
}

static void unlink_air(LzWifiAir *air)
{
    LzWifiAir **at = &air->medium->airs;
    while (*at != air) {
        at = &(*at)->next;
    }
    *at = air->next;
    if (!*at) {
        air->medium->airs_end = at;
    }
}

/* Each of the others is disturbed by this one, and this one by them, for the rest of the phase: the worst case is
 * taken for all of it. */
static void start_phase(LzWifiAir *air)
{
    LzWifiMedium *medium = air->medium;
    const LzWifiMediumOps *ops = medium->ops;
    air->phase_began_ns = now_ns(medium);
    air->interference = 0;
    for (LzWifiAir *other = medium->airs; other; other = other->next) {
        if (other == air) {
            continue;
        }
        if (air->phase.listener) {
            air->interference = lz_power_add(air->interference, ops->power(medium->owner, other->phase.talker, air->phase.listener));
        }
        if (other->phase.listener) {
            other->interference = lz_power_add(other->interference, ops->power(medium->owner, air->phase.talker, other->phase.listener));
        }
    }
    tell_listeners(air);
    lz_schedule_after(medium->env.scheduler, &air->end, air->phase.duration_ns);
}

static void settle(LzWifiAir *air, LzWifiOutcome outcome)
{
    LzWifiNode *node = air->node;
    LzWifiFunction *function = &node->functions[air->ac];
    if (node->medium != air->medium) {
        return;                                 /* it has gone to another channel */
    }
    if (outcome == LZ_WIFI_FAILED) {
        widen(node, air->ac);
    } else {
        function->cw = node->edca[air->ac].cw_min;
        draw_backoff(node, air->ac);            /* also with nothing more to send: 10.23.2.2 d) */
    }
}

static void quieten(LzWifiAir *air, LzTime idle_ns)
{
    for (unsigned i = 0; i < air->heard_by->len; i++) {
        LzWifiNode *node = air->heard_by->pdata[i];
        node->heard--;
        if (node->heard == 0 && node->is_frozen) {
            thaw(node, idle_ns);
        } else {
            node->idle_ns = MAX(node->idle_ns, idle_ns);
        }
    }
}

static void end_air(LzWifiAir *air, LzWifiOutcome outcome)
{
    LzWifiMedium *medium = air->medium;
    const LzTime idle_ns = now_ns(medium) + (outcome == LZ_WIFI_FAILED ? medium->after_failure_ns : medium->after_success_ns);
    unlink_air(air);
    remember(medium, air, idle_ns);
    settle(air, outcome);
    medium->ops->ended(medium->owner, air, outcome);
    quieten(air, idle_ns);
    air_free(air);
    unlist_idle(medium);
    arm_grant(medium);
}

static void phase_ended(void *owner)
{
    LzWifiAir *air = owner;
    LzWifiPhase phase = {NULL, NULL, 0};
    const LzWifiOutcome outcome = air->medium->ops->next(air->medium->owner, air, &phase);
    if (outcome == LZ_WIFI_NEXT_PHASE) {
        air->phase = phase;
        start_phase(air);
        arm_grant(air->medium);
        return;
    }
    end_air(air, outcome);
}

static LzWifiAir *air_new(LzWifiNode *node, LzWifiAc ac)
{
    LzWifiMedium *medium = node->medium;
    LzWifiAir *air = g_new0(LzWifiAir, 1);
    air->medium = medium;
    air->node = node;
    air->ac = ac;
    air->began_ns = now_ns(medium);
    air->heard_by = g_ptr_array_sized_new(8);
    lz_event_init(&air->end, phase_ended, air);
    return air;
}

/* ---- turns ------------------------------------------------------------------------------------------------ */

/* The highest category whose time has come; the others collide with it inside the node. */
static LzWifiAc take_turn(LzWifiNode *node)
{
    const LzTime now = now_ns(node->medium);
    unsigned winner = LZ_WIFI_AC_COUNT;
    for (unsigned ac = LZ_WIFI_AC_COUNT; ac-- > 0;) {
        if (!node->functions[ac].is_waiting || target_ns(node, ac) > now) {
            continue;
        }
        if (winner == LZ_WIFI_AC_COUNT) {
            winner = ac;
            continue;
        }
        widen(node, ac);
        node->medium->ops->lost(node->medium->owner, node, (LzWifiAc)ac);
    }
    g_assert(winner < LZ_WIFI_AC_COUNT);
    return (LzWifiAc)winner;
}

static LzWifiAir *begin(LzWifiNode *node)
{
    LzWifiMedium *medium = node->medium;
    const LzWifiAc ac = take_turn(node);
    LzWifiAir *air = air_new(node, ac);
    if (!medium->ops->begin(medium->owner, air, &air->phase)) {
        node->functions[ac].is_waiting = false;
        node->functions[ac].is_counting = false;
        find_next(node);
        air_free(air);
        return NULL;
    }
    *medium->airs_end = air;
    medium->airs_end = &air->next;
    return air;
}

/* Everybody whose slot this is begins at the same moment; only then does anybody hear anything. */
static void grant(void *owner)
{
    LzWifiMedium *medium = owner;
    const LzTime now = now_ns(medium);
    g_autoptr(GPtrArray) turns = g_ptr_array_new();
    for (LzWifiNode *node = medium->nodes; node; node = node->next) {
        if (node->next_ns <= now) {
            g_ptr_array_add(turns, node);
        }
    }
    unsigned begun = 0;
    for (unsigned i = 0; i < turns->len; i++) {
        LzWifiAir *air = begin(turns->pdata[i]);
        if (air) {
            turns->pdata[begun++] = air;
        }
    }
    for (unsigned i = 0; i < begun; i++) {
        LzWifiAir *air = turns->pdata[i];
        g_ptr_array_add(air->heard_by, air->node);
        air->node->heard++;
        if (!air->node->is_frozen) {
            freeze(air->node);
        }
    }
    for (unsigned i = 0; i < begun; i++) {
        start_phase(turns->pdata[i]);
    }
    unlist_idle(medium);
    arm_grant(medium);
}

/* ---- verbs ------------------------------------------------------------------------------------------------ */

void lz_wifi_medium_init(LzWifiMedium *medium, const LzEnv *env, const LzWifiMediumOps *ops, void *owner)
{
    *medium = (LzWifiMedium){.env = *env, .ops = ops, .owner = owner, .slot_ns = lz_wifi_slot_ns()};
    medium->nodes_end = &medium->nodes;
    medium->airs_end = &medium->airs;
    lz_event_init(&medium->grant, grant, medium);
}

void lz_wifi_medium_reset(LzWifiMedium *medium)
{
    lz_event_cancel(medium->env.scheduler, &medium->grant);
    while (medium->airs) {
        LzWifiAir *air = medium->airs;
        medium->airs = air->next;
        for (unsigned i = 0; i < air->heard_by->len; i++) {
            ((LzWifiNode *)air->heard_by->pdata[i])->heard--;
        }
        air_free(air);
    }
    medium->airs_end = &medium->airs;
    memset(medium->past, 0, sizeof(medium->past));
    while (medium->nodes) {
        LzWifiNode *node = medium->nodes;
        for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
            node->functions[ac] = (LzWifiFunction){.cw = node->edca[ac].cw_min};
        }
        node->is_frozen = false;
        unlist(node);
    }
}

void lz_wifi_node_init(LzWifiNode *node, unsigned index, const LzWifiEdca *edca, const LzRandom *random)
{
    *node = (LzWifiNode){.edca = edca, .random = *random, .index = index, .next_ns = LZ_TIME_NEVER};
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        node->functions[ac].cw = edca[ac].cw_min;
    }
}

void lz_wifi_node_move(LzWifiNode *node, LzWifiMedium *medium)
{
    LzWifiMedium *old = node->medium;
    if (old == medium) {
        return;
    }
    if (old) {
        if (node->is_listed) {
            unlist(node);
        }
        for (LzWifiAir *air = old->airs; air; air = air->next) {
            while (g_ptr_array_remove(air->heard_by, node)) {
                node->heard--;
            }
        }
        g_assert(node->heard == 0);
        arm_grant(old);
    }
    node->medium = medium;
    node->is_frozen = false;
    node->idle_ns = medium ? now_ns(medium) : 0;
    for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
        node->functions[ac] = (LzWifiFunction){.cw = node->edca[ac].cw_min};
    }
}

void lz_wifi_node_want(LzWifiNode *node, LzWifiAc ac)
{
    LzWifiFunction *function = &node->functions[ac];
    if (function->is_waiting) {
        return;
    }
    if (!node->is_listed) {
        list(node);
    }
    function->is_waiting = true;
    const LzTime now = now_ns(node->medium);
    if (function->is_counting && !node->is_frozen && target_ns(node, ac) < now) {
        function->is_counting = false;          /* the backoff after the last exchange is over */
    }
    if (!function->is_counting && (node->heard > 0 || node->medium->blocked_until_ns > now)) {
        draw_backoff(node, ac);                 /* 10.23.2.2 a): not at the end of what is in the air */
    }
    if (!node->is_frozen) {
        find_next(node);
        arm_grant(node->medium);
    }
}

void lz_wifi_node_unwant(LzWifiNode *node, LzWifiAc ac)
{
    LzWifiFunction *function = &node->functions[ac];
    if (!function->is_waiting) {
        return;
    }
    function->is_waiting = false;
    if (!node->is_frozen && node->is_listed) {
        find_next(node);
        arm_grant(node->medium);
    }
}

bool lz_wifi_node_is_talking(const LzWifiNode *node)
{
    for (const LzWifiAir *air = node->medium ? node->medium->airs : NULL; air; air = air->next) {
        if (air->node == node || air->phase.talker == node || air->phase.listener == node) {
            return true;
        }
    }
    return false;
}

void lz_wifi_medium_block(LzWifiMedium *medium, LzTime until_ns)
{
    if (until_ns <= medium->blocked_until_ns) {
        return;
    }
    for (LzWifiNode *node = medium->nodes; node; node = node->next) {
        if (!node->is_frozen) {
            freeze(node);
            node->is_frozen = false;
        }
        for (unsigned ac = 0; ac < LZ_WIFI_AC_COUNT; ac++) {
            if (node->functions[ac].is_waiting && !node->functions[ac].is_counting) {
                draw_backoff(node, ac);
            }
        }
    }
    medium->blocked_until_ns = until_ns;
    unlist_idle(medium);
    for (LzWifiNode *node = medium->nodes; node; node = node->next) {
        if (!node->is_frozen) {
            find_next(node);
        }
    }
    arm_grant(medium);
}
