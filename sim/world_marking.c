/* Marking at the edges of a world's network: rules of the plan, with zones and places as addresses. */
#include <string.h>

#include "lazaret/dscp.h"
#include "sim/world_internal.h"

/* ---- where ---- */

static void add_zone(const LzWorld *world, const Zone *zone, LzMarkHosts *hosts)
{
    const LzAddress first = LZ_ADDRESS_BASE + ((zone->first + 1) << world->host_bits);
    const LzAddress last = LZ_ADDRESS_BASE + ((zone->first + zone->count + 1) << world->host_bits) - 1;
    hosts->items = g_renew(LzAddressRange, hosts->items, hosts->count + 1);
    hosts->items[hosts->count++] = (LzAddressRange){first, last};
}

/* The addresses of a zone or a place, or a group; the loader has checked the name. */
static LzMarkHosts hosts_of(const LzWorld *world, const LzText *name)
{
    const LzNetworkPlan *network = &world->plan->network;
    LzMarkHosts hosts = {0};
    for (unsigned i = 0; name->text && i < network->zones.count; i++) {
        if (strcmp(world->zones[i].plan->name.text, name->text) == 0) {
            add_zone(world, &world->zones[i], &hosts);
            return hosts;
        }
    }
    for (unsigned i = 0; name->text && i < network->places.count; i++) {
        const LzPlacePlan *place = &LZ_PLAN_ITEMS(network->places, LzPlacePlan)[i];
        for (unsigned n = 0; strcmp(place->name.text, name->text) == 0 && n < place->zone_count; n++) {
            add_zone(world, &world->zones[place->zones[n]], &hosts);
        }
    }
    if (name->text && hosts.count == 0) {
        hosts.group = lz_address_book_group(world->addresses, name->text);
    }
    return hosts;
}

/* ---- rules ---- */

/* No names: every value. */
static uint64_t set_of(const LzNameList *names)
{
    uint64_t set = 0;
    const char *wrong = NULL;
    const bool is_known = lz_dscp_set(names, &set, &wrong);     /* a PCP is written as one digit, too */
    g_assert(is_known);
    return names->count > 0 ? set : UINT64_MAX;
}

static LzMarkRule make_rule(const LzWorld *world, const LzMarkRulePlan *plan)
{
    static const uint8_t protocols[] = {0, LZ_IP_TCP, LZ_IP_UDP};
    return (LzMarkRule){
        .dscp_set = set_of(&plan->dscp),
        .pcp_set = (uint8_t)set_of(&plan->pcp),
        .protocol = protocols[plan->protocol],
        .port = (uint16_t)plan->port,
        .sources = hosts_of(world, &plan->from),
        .destinations = hosts_of(world, &plan->to),
        .mark = (uint8_t)plan->mark,
    };
}

void lz_world_build_marking(const LzWorld *world, Medium *medium)
{
    const LzMarkingPlan *plan = &medium->plan->marking;
    if (plan->trust == LZ_TRUST_ALL && plan->rules.count == 0) {
        return;
    }
    medium->marking = (LzMarking){
        .trust = (LzTrust)plan->trust,
        .otherwise = (uint8_t)plan->otherwise,
        .rules = g_new0(LzMarkRule, plan->rules.count),
        .rule_count = plan->rules.count,
        .addresses = world->addresses,
    };
    for (unsigned i = 0; i < plan->rules.count; i++) {
        medium->marking.rules[i] = make_rule(world, &LZ_PLAN_ITEMS(plan->rules, LzMarkRulePlan)[i]);
    }
    medium->markers = g_new0(LzMarker, 2 * (size_t)MAX(medium->stations, 1));
}

void lz_world_clear_marking(Medium *medium)
{
    for (unsigned i = 0; i < medium->marking.rule_count; i++) {
        g_free(medium->marking.rules[i].sources.items);
        g_free(medium->marking.rules[i].destinations.items);
    }
    g_free(medium->marking.rules);
    g_free(medium->markers);
}

LzElement *lz_world_marked(const Medium *medium, unsigned station, LzDirection direction, LzElement *switch_input)
{
    if (!medium->markers) {
        return switch_input;
    }
    LzMarker *marker = &medium->markers[2 * station + (unsigned)direction];
    lz_marker_init(marker, &medium->marking, switch_input);
    return &marker->base;
}
