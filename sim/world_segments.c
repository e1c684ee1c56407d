/* Who belongs to which segment, and the defences that stand in the switches of a zone. */
#include <string.h>

#include "sim/world_internal.h"

/* ---- addresses ---- */

static void add_groups(LzAddressBook *book, const LzList *list, size_t item_size)
{
    for (unsigned i = 0; i < list->count; i++) {
        const LzText *name = (const LzText *)(const void *)((const char *)list->items + i * item_size);
        lz_address_book_add_group(book, name->text);
    }
}

/* Needed by segments and by what asks for groups of hosts; other worlds do without. */
static bool is_needed(const LzPlan *plan)
{
    bool has_rules = false;
    for (unsigned i = 0; i < plan->network.links.count; i++) {
        has_rules |= LZ_PLAN_ITEMS(plan->network.links, LzLinkPlan)[i].marking.rules.count > 0;
    }
    return plan->segments.count > 0 || plan->defences.count > 0 || has_rules;
}

void lz_world_build_addresses(LzWorld *world)
{
    const LzPlan *plan = world->plan;
    if (!is_needed(plan)) {
        return;
    }
    world->addresses = lz_address_book_new(LZ_ADDRESS_BASE, (world->switch_count + 1) << world->host_bits);
    add_groups(world->addresses, &plan->segments, sizeof(LzSegmentPlan));
    add_groups(world->addresses, &plan->fleet, sizeof(LzFleetPlan));
    add_groups(world->addresses, &plan->services, sizeof(LzServicePlan));
    add_groups(world->addresses, &plan->attacks, sizeof(LzAttackPlan));
    world->segment_of = g_hash_table_new(g_str_hash, g_str_equal);
    world->segment_ports = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < plan->segments.count; i++) {
        const LzSegmentPlan *segment = &LZ_PLAN_ITEMS(plan->segments, LzSegmentPlan)[i];
        LzGroup group = lz_address_book_group(world->addresses, segment->name.text);
        lz_address_book_set_vlan(world->addresses, group, (uint16_t)segment->vlan);
        for (unsigned n = 0; n < segment->members.count; n++) {
            g_hash_table_insert(world->segment_of, (gpointer)(uintptr_t)segment->members.items[n].text,
                                GUINT_TO_POINTER(group));
        }
    }
}

LzElement *lz_world_join_segment(LzWorld *world, const char *owner, LzAddress address, LzElement *output)
{
    if (!world->addresses) {
        return output;
    }
    LzGroup segment = (LzGroup)GPOINTER_TO_UINT(g_hash_table_lookup(world->segment_of, owner));
    lz_address_book_add(world->addresses, address, segment, lz_address_book_group(world->addresses, owner));
    if (world->plan->segments.count == 0) {
        return output;
    }
    LzSegmentPort *port = g_new(LzSegmentPort, 1);
    lz_segment_port_init(port, world->addresses, output);
    g_ptr_array_add(world->segment_ports, port);
    return &port->base;
}

/* ---- defences ---- */

static bool is_legitimate(void *owner, LzAddress source)
{
    LzWorld *world = owner;
    return g_hash_table_contains(world->legitimate, GUINT_TO_POINTER(source));
}

LzGuard *lz_world_guard_new(LzWorld *world, const LzDefencePlan *plan, LzElement *next)
{
    LzEnv env = lz_world_env(world, plan->name.text);
    LzScope scope = lz_probe_scope(world->probes, LZ_SCOPE_DEFENCE, plan->name.text, NULL);
    LzGuard *guard = lz_guard_new(&env, &plan->kind, scope, is_legitimate, world, next);
    LzDefenceContext context = {.name = plan->name.text, .addresses = world->addresses, .mud = world->mud};
    lz_guard_begin(guard, &context);
    return guard;
}

static bool is_service(const LzPlan *plan, const char *name)
{
    for (unsigned i = 0; i < plan->services.count; i++) {
        if (strcmp(LZ_PLAN_ITEMS(plan->services, LzServicePlan)[i].name.text, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Built from the last, which hands on to the switch's output, to the first. */
static void guard_switch(LzWorld *world, const Zone *zone, Switch *one)
{
    const LzPlan *plan = world->plan;
    LzElement *first = lz_switch_output(one->switch_);
    for (unsigned i = plan->defences.count; i-- > 0;) {
        const LzDefencePlan *defence = &LZ_PLAN_ITEMS(plan->defences, LzDefencePlan)[i];
        if (strcmp(defence->where.text, zone->plan->name.text) != 0 || is_service(plan, defence->where.text)) {
            continue;
        }
        one->guards = one->guards ? one->guards : g_ptr_array_new_with_free_func((GDestroyNotify)lz_guard_free);
        LzGuard *guard = lz_world_guard_new(world, defence, first);
        g_ptr_array_add(one->guards, guard);
        first = lz_guard_input(guard);
    }
    if (one->guards) {
        lz_switch_set_guard(one->switch_, first);
    }
}

void lz_world_build_zone_guards(LzWorld *world)
{
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        const Zone *zone = &world->zones[i];
        for (unsigned n = zone->first; n < zone->first + zone->count; n++) {
            guard_switch(world, zone, &world->switches[n]);
            if (zone->plan->router && world->addresses) {
                lz_switch_set_router(world->switches[n].switch_, world->addresses);
            }
        }
    }
}
