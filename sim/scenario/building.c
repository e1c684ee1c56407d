/* A building is floors of wards of closets; written out it is zones and links like any other. */
#include "sim/scenario/building.h"

#include <string.h>

#include "sim/scenario/resolve.h"

#define NAME_BYTES_MAX 64
#define STANDBY_COST 10000              /* more than any way over uplinks of ordinary cost */

typedef struct Expansion {
    LzNetworkPlan *network;
    LzArena *arena;
    LzReport *report;
    const LzBuildingPlan *building;
} Expansion;

static LzText text_of(const Expansion *expansion, const char *name)
{
    return (LzText){name, expansion->building->name.mark};
}

/* ---- sizes ---- */

static unsigned closet_count(const LzBuildingPlan *building)
{
    return (unsigned)(building->floors * building->wards * building->closets);
}

static unsigned link_count(const LzBuildingPlan *building)
{
    return closet_count(building) * (building->access.count + (unsigned)building->cores) + (unsigned)building->cores - 1;
}

/* The longest name that the building gives away is a standby uplink's or an access link's. */
static bool is_name_too_long(const LzBuildingPlan *building)
{
    size_t longest = strlen("up-2");
    for (unsigned i = 0; i < building->access.count; i++) {
        const LzText *label = &LZ_ITEM(building->access, LzLinkPlan, i)->name;
        longest = MAX(longest, strlen(label->text));
    }
    return strlen(building->name.text) + strlen("-f200-w200-c200-") + longest > NAME_BYTES_MAX;
}

static bool check_size(const Expansion *expansion, unsigned zones)
{
    const LzBuildingPlan *building = expansion->building;
    bool is_named = building->name.text != NULL;        /* otherwise it has been reported */
    for (unsigned i = 0; i < building->access.count; i++) {
        is_named &= LZ_ITEM(building->access, LzLinkPlan, i)->name.text != NULL;
    }
    if (!is_named) {
        return false;
    }
    if (zones + closet_count(building) + building->cores > LZ_ZONES_MAX) {
        lz_report_error(expansion->report, "E121", building->name.mark, 1,
                        "building `%s` has %u closets: a network has at most %d zones", building->name.text,
                        closet_count(building), LZ_ZONES_MAX);
        return false;
    }
    if (is_name_too_long(building)) {
        lz_report_error(expansion->report, "E121", building->name.mark, 1,
                        "the name of building `%s` is too long: its links would have names above %d characters",
                        building->name.text, NAME_BYTES_MAX);
        return false;
    }
    return true;
}

/* ---- zones and links ---- */

static void append_zone(const Expansion *expansion, const LzZonePlan *pattern, const char *name, const char *const *places)
{
    LzList *zones = &expansion->network->zones;
    LzZonePlan *zone = &((LzZonePlan *)zones->items)[zones->count++];
    *zone = *pattern;
    zone->name = text_of(expansion, name);
    unsigned count = 0;
    zone->places.items = lz_arena_array(expansion->arena, 4, sizeof(LzText));
    if (expansion->building->site.text) {
        zone->places.items[count++] = expansion->building->site;
    }
    for (; *places; places++) {
        zone->places.items[count++] = text_of(expansion, *places);
    }
    zone->places.count = count;
}

static LzLinkPlan *append_link(const Expansion *expansion, const LzLinkPlan *pattern, const char *name)
{
    LzList *links = &expansion->network->links;
    LzLinkPlan *link = &((LzLinkPlan *)links->items)[links->count++];
    *link = *pattern;
    link->name = text_of(expansion, name);
    return link;
}

static const char *core_name(const Expansion *expansion, unsigned number)
{
    const char *name = expansion->building->name.text;
    return expansion->building->cores == 1 ? lz_arena_printf(expansion->arena, "%s-core", name)
                                           : lz_arena_printf(expansion->arena, "%s-core-%u", name, number);
}

static void append_cores(const Expansion *expansion)
{
    const LzBuildingPlan *building = expansion->building;
    const char *const places[] = {building->name.text, NULL};
    for (unsigned number = 1; number <= building->cores; number++) {
        append_zone(expansion, &building->core, core_name(expansion, number), places);
    }
    if (building->cores == 2) {
        LzLinkPlan *trunk = append_link(expansion, &building->uplink,
                                        lz_arena_printf(expansion->arena, "%s-trunk", building->name.text));
        trunk->from = text_of(expansion, core_name(expansion, 1));
        trunk->to = text_of(expansion, core_name(expansion, 2));
    }
}

static void append_closet(const Expansion *expansion, const char *name, const char *const *places)
{
    const LzBuildingPlan *building = expansion->building;
    append_zone(expansion, &building->closet, name, places);
    for (unsigned i = 0; i < building->access.count; i++) {
        const LzLinkPlan *pattern = LZ_ITEM(building->access, LzLinkPlan, i);
        LzLinkPlan *access = append_link(expansion, pattern,
                                         lz_arena_printf(expansion->arena, "%s-%s", name, pattern->name.text));
        access->zone = text_of(expansion, name);
        access->access = pattern->name;
        access->cost = 1;
    }
    for (unsigned number = 1; number <= building->cores; number++) {
        LzLinkPlan *uplink = append_link(expansion, &building->uplink,
                                         lz_arena_printf(expansion->arena, number == 1 ? "%s-up" : "%s-up-2", name));
        uplink->from = text_of(expansion, name);
        uplink->to = text_of(expansion, core_name(expansion, number));
        uplink->cost += number == 1 ? 0 : STANDBY_COST;
    }
}

static void append_building(const Expansion *expansion)
{
    const LzBuildingPlan *building = expansion->building;
    const char *name = building->name.text;
    append_cores(expansion);
    for (unsigned floor = 1; floor <= building->floors; floor++) {
        const char *floor_name = lz_arena_printf(expansion->arena, "%s-f%u", name, floor);
        for (unsigned ward = 1; ward <= building->wards; ward++) {
            const char *ward_name = lz_arena_printf(expansion->arena, "%s-w%u", floor_name, ward);
            const char *const places[] = {name, floor_name, ward_name, NULL};
            for (unsigned closet = 1; closet <= building->closets; closet++) {
                append_closet(expansion, lz_arena_printf(expansion->arena, "%s-c%u", ward_name, closet), places);
            }
        }
    }
}

/* ---- places ---- */

static void note_place(GHashTable *by_name, GPtrArray *places, LzArena *arena, const LzText *name, unsigned zone)
{
    GArray *zones = g_hash_table_lookup(by_name, name->text);
    if (!zones) {
        LzPlacePlan *place = lz_arena_alloc(arena, sizeof *place);
        place->name = *name;
        g_ptr_array_add(places, place);
        zones = g_array_new(FALSE, FALSE, sizeof(unsigned));
        g_hash_table_insert(by_name, (gpointer)(uintptr_t)name->text, zones);
    }
    g_array_append_val(zones, zone);
}

static void find_places(LzNetworkPlan *network, LzArena *arena)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
    g_autoptr(GPtrArray) places = g_ptr_array_new();
    for (unsigned i = 0; i < network->zones.count; i++) {
        const LzNameList *names = &LZ_ITEM(network->zones, LzZonePlan, i)->places;
        for (unsigned n = 0; n < names->count; n++) {
            note_place(by_name, places, arena, &names->items[n], i);
        }
    }
    network->places = (LzList){lz_arena_array(arena, places->len, sizeof(LzPlacePlan)), places->len};
    for (unsigned i = 0; i < places->len; i++) {
        LzPlacePlan *place = LZ_ITEM(network->places, LzPlacePlan, i);
        *place = *(const LzPlacePlan *)places->pdata[i];
        const GArray *zones = g_hash_table_lookup(by_name, place->name.text);
        place->zones = lz_arena_array(arena, zones->len, sizeof(unsigned));
        memcpy(place->zones, zones->data, zones->len * sizeof(unsigned));
        place->zone_count = zones->len;
    }
}

/* A list with room for more items behind its own. */
static LzList grown(LzArena *arena, const LzList *list, unsigned more, size_t item_size)
{
    LzList grown = {lz_arena_array(arena, list->count + more, item_size), list->count};
    if (list->count > 0) {
        memcpy(grown.items, list->items, list->count * item_size);
    }
    return grown;
}

static void move_nodes(LzWalk *walk, const LzList *from, const LzList *to, size_t item_size)
{
    for (unsigned i = 0; i < from->count; i++) {
        gpointer node = g_hash_table_lookup(walk->nodes, (const char *)from->items + i * item_size);
        g_hash_table_insert(walk->nodes, (char *)to->items + i * item_size, node);
    }
}

void lz_expand_buildings(LzNetworkPlan *network, LzWalk *walk)
{
    unsigned zones = 0, links = 0;
    for (unsigned i = 0; i < network->buildings.count; i++) {
        const LzBuildingPlan *building = LZ_ITEM(network->buildings, LzBuildingPlan, i);
        Expansion expansion = {network, walk->arena, walk->report, building};
        if (!check_size(&expansion, network->zones.count + zones)) {
            network->buildings.count = i;
            break;
        }
        zones += closet_count(building) + (unsigned)building->cores;
        links += link_count(building);
    }
    LzList old_zones = network->zones, old_links = network->links;
    network->zones = grown(walk->arena, &old_zones, zones, sizeof(LzZonePlan));
    network->links = grown(walk->arena, &old_links, links, sizeof(LzLinkPlan));
    move_nodes(walk, &old_zones, &network->zones, sizeof(LzZonePlan));
    move_nodes(walk, &old_links, &network->links, sizeof(LzLinkPlan));
    for (unsigned i = 0; i < network->buildings.count; i++) {
        Expansion expansion = {network, walk->arena, walk->report, LZ_ITEM(network->buildings, LzBuildingPlan, i)};
        append_building(&expansion);
    }
    find_places(network, walk->arena);
}
