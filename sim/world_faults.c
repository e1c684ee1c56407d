/* The faults of a plan: each begins, may come and go, and ends. What several faults hold down comes back when the
 * last of them lets go. */
#include <string.h>

#include "sim/scenario/windows.h"
#include "sim/world_internal.h"

enum { CODE_STOP, CODE_START, CODE_UP_BETWEEN, CODE_DOWN_AGAIN };       /* of LZ_TRACE_FAULT */

/* One more or one less fault holds something. True: that changes whether it works. */
static bool hold(unsigned *holds, bool is_down)
{
    g_assert(is_down || *holds > 0);
    *holds = is_down ? *holds + 1 : *holds - 1;
    return *holds == (is_down ? 1 : 0);
}

/* ---- what the kinds do ---- */

static bool is_named(const LzText *name, const LzText *wanted)
{
    return name->text && wanted->text && strcmp(name->text, wanted->text) == 0;
}

static void hold_switches(Zone *zone, LzWorld *world, bool is_down)
{
    if (hold(&zone->holds, is_down)) {
        lz_world_switch_power(world, zone->plan->name.text, !is_down);
    }
}

static void hold_link(Medium *medium, LzWorld *world, bool is_down)
{
    if (hold(&medium->holds, is_down)) {
        lz_world_link_up(world, medium->plan->name.text, !is_down);
    }
}

static void hold_service(Service *service, bool is_down)
{
    if (hold(&service->holds, is_down)) {
        lz_world_service_power(service->world, service->plan->name.text, !is_down);
    }
}

/* Drawn anew for each device and each time that it happens, so that no device changes what another draws. */
static LzTime draw_boot_ns(const Fault *fault, const Device *device)
{
    uint64_t entity = lz_entity_id(device->name) ^ (lz_entity_id(fault->plan->name.text) + fault->times);
    LzRandom random;
    lz_random_init(&random, fault->world->seed, entity, LZ_PURPOSE_FAULT);
    return lz_dist_draw(&fault->plan->boot, &random);
}

static void hold_device(const Fault *fault, Device *device, bool is_down)
{
    LzScheduler *scheduler = fault->world->scheduler;
    if (!hold(&device->holds, is_down) || !device->has_started) {
        return;                         /* of one that has not started, its own start is still to come */
    }
    LzTime boot_ns = is_down ? 0 : draw_boot_ns(fault, device);
    lz_event_cancel(scheduler, &device->start);
    if (boot_ns > 0) {
        lz_timer_after(scheduler, &device->start, boot_ns);
    } else {
        lz_world_device_update(device);
    }
}

/* Named itself, or a part of the place that is named. */
static bool is_struck(const LzZonePlan *zone, const LzFaultPlan *plan)
{
    bool is_part = is_named(&zone->name, &plan->zone);
    for (unsigned i = 0; i < zone->places.count && !is_part; i++) {
        is_part = is_named(&zone->places.items[i], &plan->place);
    }
    return is_part;
}

static void cut_power(const Fault *fault, bool is_down)
{
    LzWorld *world = fault->world;
    const LzFaultPlan *plan = fault->plan;
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        if (is_struck(world->zones[i].plan, plan)) {
            hold_switches(&world->zones[i], world, is_down);
        }
    }
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        Service *service = &world->services[i];
        if (is_struck(world->zones[service->zone].plan, plan)) {
            hold_service(service, is_down);
        }
    }
    for (unsigned i = 0; i < world->device_count; i++) {
        Device *device = &world->devices[i];
        if (is_struck(world->zones[device->zone].plan, plan) ||
            is_named(&device->fleet->plan->name, &plan->fleet)) {
            hold_device(fault, device, is_down);
        }
    }
}

/* What all faults in progress do to a link: each loses its share of what the others leave, and delays add up. */
static void impair_link(LzWorld *world, const LzText *name)
{
    enum { PPB = 1000000000 };
    uint64_t passed_ppb = PPB;
    LzTime delay_ns = 0;
    for (unsigned i = 0; i < world->plan->faults.count; i++) {
        const Fault *fault = &world->faults[i];
        if (!fault->is_down || !is_named(&fault->plan->link, name)) {
            continue;
        }
        if (fault->plan->kind == LZ_FAULT_LOSS_BURST) {
            passed_ppb = passed_ppb * (PPB - fault->plan->loss_ppb) / PPB;
        } else if (fault->plan->kind == LZ_FAULT_DELAY_STEP) {
            delay_ns += fault->plan->delay_ns;
        }
    }
    lz_link_impair(lz_world_link(world, name->text), (uint32_t)(PPB - passed_ppb), delay_ns);
}

/* A clock jumps when the fault begins. When it ends, somebody sets the clock right, but for what other faults did. */
static void skew_clocks(const Fault *fault, bool is_down)
{
    LzWorld *world = fault->world;
    LzTime others_ns = 0;
    for (unsigned i = 0; i < world->plan->faults.count; i++) {
        const Fault *other = &world->faults[i];
        if (other != fault && other->is_down && other->plan->kind == LZ_FAULT_CLOCK_SKEW &&
            is_named(&other->plan->fleet, &fault->plan->fleet)) {
            others_ns += other->plan->skew_ns;
        }
    }
    for (unsigned i = 0; i < world->device_count; i++) {
        LzHost *host = world->devices[i].host;
        if (is_named(&world->devices[i].fleet->plan->name, &fault->plan->fleet)) {
            lz_host_set_clock_skew(host, is_down ? lz_host_clock_skew(host) + fault->plan->skew_ns : others_ns);
        }
    }
}

static void set_down(Fault *fault, bool is_down)
{
    LzWorld *world = fault->world;
    const LzFaultPlan *plan = fault->plan;
    if (fault->is_down == is_down) {
        return;
    }
    fault->is_down = is_down;
    fault->times += is_down;
    switch ((LzFaultKind)plan->kind) {
    case LZ_FAULT_SWITCH_OFF:
        for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
            if (is_named(&world->zones[i].plan->name, &plan->zone)) {
                hold_switches(&world->zones[i], world, is_down);
            }
        }
        return;
    case LZ_FAULT_LINK_DOWN:
        for (unsigned i = 0; i < world->plan->network.links.count; i++) {
            if (is_named(&world->media[i].plan->name, &plan->link)) {
                hold_link(&world->media[i], world, is_down);
            }
        }
        return;
    case LZ_FAULT_SERVICE_DOWN:
        for (unsigned i = 0; i < world->plan->services.count; i++) {
            if (is_named(&world->services[i].plan->name, &plan->service)) {
                hold_service(&world->services[i], is_down);
            }
        }
        return;
    case LZ_FAULT_POWER_LOSS:
        cut_power(fault, is_down);
        return;
    case LZ_FAULT_LOSS_BURST:
    case LZ_FAULT_DELAY_STEP:
        impair_link(world, &plan->link);
        return;
    case LZ_FAULT_CLOCK_SKEW:
        skew_clocks(fault, is_down);
        return;
    case LZ_FAULT_REVOKE:
        if (is_down) {
            lz_world_revoke(world, plan);
        }
        return;
    case LZ_FAULT_KIND_COUNT:
        break;
    }
    g_assert_not_reached();
}

/* ---- when ---- */

static void trace(const Fault *fault, int32_t code)
{
    lz_probe_trace(fault->world->probes, LZ_TRACE_FAULT, NULL, NULL, NULL, 0, code, fault->plan->name.text);
}

static bool does_flap(const Fault *fault)
{
    const LzFlapPlan *flap = &fault->plan->flap;
    return flap->down.kind != LZ_DIST_CONSTANT || flap->down.a_ns > 0;
}

static void arm_flap(Fault *fault)
{
    const LzFlapPlan *flap = &fault->plan->flap;
    LzTime lasts_ns = lz_dist_draw(fault->is_down ? &flap->down : &flap->up, &fault->random);
    lz_timer_after(fault->world->scheduler, &fault->flap, MAX(lasts_ns, LZ_FAULT_NS_MIN));
}

static void flap(void *owner)
{
    Fault *fault = owner;
    set_down(fault, !fault->is_down);
    trace(fault, fault->is_down ? CODE_DOWN_AGAIN : CODE_UP_BETWEEN);
    arm_flap(fault);
}

static void start(void *owner)
{
    Fault *fault = owner;
    fault->is_running = true;
    set_down(fault, true);
    trace(fault, CODE_START);
    if (does_flap(fault)) {
        arm_flap(fault);
    }
}

static void stop(void *owner)
{
    Fault *fault = owner;
    lz_event_cancel(fault->world->scheduler, &fault->flap);
    fault->is_running = false;
    set_down(fault, false);
    trace(fault, CODE_STOP);
}

static void build_fault(LzWorld *world, Fault *fault, const LzFaultPlan *plan)
{
    *fault = (Fault){.world = world, .plan = plan};
    lz_event_init(&fault->start, start, fault);
    lz_event_init(&fault->stop, stop, fault);
    lz_event_init(&fault->flap, flap, fault);
    g_autofree char *entity = g_strdup_printf("%s/flap", plan->name.text);
    lz_random_init(&fault->random, world->seed, lz_entity_id(entity), LZ_PURPOSE_FAULT);
    LzTime from_ns, to_ns;
    lz_fault_span(plan, world->seed, &from_ns, &to_ns);
    lz_timer_at(world->scheduler, &fault->start, from_ns);
    lz_timer_at(world->scheduler, &fault->stop, to_ns);
}

void lz_world_build_faults(LzWorld *world)
{
    const LzPlan *plan = world->plan;
    world->faults = g_new0(Fault, plan->faults.count);
    for (unsigned i = 0; i < plan->faults.count; i++) {
        build_fault(world, &world->faults[i], &LZ_PLAN_ITEMS(plan->faults, LzFaultPlan)[i]);
    }
}
