/* The network of a world: switches of zones with their addresses, and the media between them and to hosts. */
#include <string.h>

#include "lazaret/error.h"
#include "sim/world_internal.h"

/* The loader has checked every name. */
Medium *lz_world_medium(LzWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        if (strcmp(world->media[i].plan->name.text, name) == 0) {
            return &world->media[i];
        }
    }
    g_assert_not_reached();
}

Service *lz_world_service(LzWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        if (strcmp(world->services[i].plan->name.text, name) == 0) {
            return &world->services[i];
        }
    }
    g_assert_not_reached();
}

/* ---- zones, switches, addresses ---- */

static void count_stations(LzWorld *world)
{
    const LzPlan *plan = world->plan;
    for (unsigned i = 0; i < plan->services.count; i++) {
        lz_world_medium(world, LZ_PLAN_ITEMS(plan->services, LzServicePlan)[i].link.text)->stations++;
    }
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        const LzFleetPlan *fleet = &LZ_PLAN_ITEMS(plan->fleet, LzFleetPlan)[i];
        for (unsigned n = 0; n < fleet->link_count; n++) {
            world->media[fleet->links[n]].stations += ((unsigned)fleet->count + fleet->link_count - 1 - n) / fleet->link_count;
        }
    }
    for (unsigned i = 0; i < plan->attacks.count; i++) {
        const LzAttackPlan *attack = &LZ_PLAN_ITEMS(plan->attacks, LzAttackPlan)[i];
        lz_world_medium(world, attack->from.link.text)->stations += (unsigned)attack->from.hosts;
    }
}

/* A zone with `ports` has as many switches as its hosts need, any other has one. */
static void count_switches(LzWorld *world)
{
    const LzNetworkPlan *network = &world->plan->network;
    for (unsigned i = 0; i < network->links.count; i++) {
        Medium *medium = &world->media[i];
        world->zones[medium->zone].hosts += medium->plan->zone.text ? medium->stations : 0;
    }
    for (unsigned i = 0; i < network->zones.count; i++) {
        Zone *zone = &world->zones[i];
        zone->plan = &LZ_PLAN_ITEMS(network->zones, LzZonePlan)[i];
        uint32_t ports = (uint32_t)zone->plan->ports;
        zone->first = world->switch_count;
        zone->count = ports > 0 && zone->hosts > ports ? (zone->hosts + ports - 1) / ports : 1;
        world->switch_count += zone->count;
    }
}

/* As many host bits as the fullest switch needs; the same for all, so that prefixes nest in 10/8. */
static gboolean choose_host_bits(LzWorld *world, GError **error)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        const Zone *zone = &world->zones[i];
        most = MAX(most, zone->count > 1 ? (uint64_t)zone->plan->ports : zone->hosts);
    }
    world->host_bits = 8;
    while ((UINT64_C(1) << world->host_bits) < most + 2) {
        world->host_bits++;
    }
    if ((uint64_t)(world->switch_count + 1) << world->host_bits > UINT64_C(1) << LZ_ADDRESS_BITS) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_LIMIT, "%u switches with up to %" G_GUINT64_FORMAT " hosts do not fit into 10.0.0.0/8",
                    world->switch_count, most);
        return FALSE;
    }
    return TRUE;
}

static void build_switches(LzWorld *world)
{
    world->switches = g_new0(Switch, world->switch_count);
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        Zone *zone = &world->zones[i];
        zone->hosts = 0;
        LzEnv env = lz_world_env(world, zone->plan->name.text);
        for (unsigned n = zone->first; n < zone->first + zone->count; n++) {
            world->switches[n] = (Switch){
                .switch_ = lz_switch_new(&env, zone->plan->forwarding_ns),
                .prefix = LZ_ADDRESS_BASE + ((n + 1) << world->host_bits),
                .buffer = {.limit_bytes = zone->plan->buffer_bytes, .share_ppb = zone->plan->buffer_share_ppb},
            };
        }
    }
}

gboolean lz_world_build_switches(LzWorld *world, GError **error)
{
    count_stations(world);
    count_switches(world);
    if (!choose_host_bits(world, error)) {
        return FALSE;
    }
    build_switches(world);
    return TRUE;
}

/* ---- media ---- */

/* What a switch queues at this station and direction lies in its buffer. */
void lz_world_set_buffer(const Medium *medium, unsigned station, LzDirection direction, Switch *from)
{
    if (from->buffer.limit_bytes > 0) {
        lz_link_set_buffer(medium->link, station, direction, &from->buffer);
    }
}

static void connect_sink(LzWorld *world, const Medium *medium, unsigned station, LzDirection direction, const Switch *to)
{
    LzElement *sink = lz_world_marked(medium, station, direction, lz_switch_input(to->switch_));
    lz_link_set_sink(medium->link, station, direction, lz_world_tap_link(world, medium, direction, sink));
}

/* A backbone has a station for each pair of a switch of its one zone and a switch of the other. */
static void connect_switches(LzWorld *world, const Medium *medium)
{
    const Zone *from = &world->zones[medium->zone], *to = &world->zones[medium->to];
    for (unsigned station = 0; station < from->count * to->count; station++) {
        Switch *near = &world->switches[from->first + station / to->count];
        Switch *far = &world->switches[to->first + station % to->count];
        lz_world_set_buffer(medium, station, LZ_UP, near);
        lz_world_set_buffer(medium, station, LZ_DOWN, far);
        connect_sink(world, medium, station, LZ_UP, far);
        connect_sink(world, medium, station, LZ_DOWN, near);
    }
}

/* IEEE 802.1Q: trunks between switches, access ports to hosts. */
static void set_tagging(const Medium *medium)
{
    const bool is_backbone = medium->plan->from.text != NULL;
    lz_link_set_tagging(medium->link, LZ_UP, is_backbone ? LZ_TAGGED_TRUNK : LZ_TAGGED_BY_HOST);
    lz_link_set_tagging(medium->link, LZ_DOWN, is_backbone ? LZ_TAGGED_TRUNK : LZ_TAGGED_NONE);
}

void lz_world_build_media(LzWorld *world)
{
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        Medium *medium = &world->media[i];
        const char *name = medium->plan->name.text;
        if (medium->plan->from.text) {
            medium->stations = world->zones[medium->zone].count * world->zones[medium->to].count;
        }
        LzEnv env = lz_world_env(world, name);
        LzScope scope = lz_probe_scope(world->probes, LZ_SCOPE_LINK, name, NULL);
        medium->link = lz_link_new(&env, name, &medium->plan->model, &medium->plan->queue, MAX(medium->stations, 1), scope,
                                   &world->digest);
        set_tagging(medium);
        lz_world_build_marking(world, medium);
        if (medium->plan->from.text) {
            connect_switches(world, medium);
        }
    }
}
