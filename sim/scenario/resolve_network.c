/* What the network is made of and who is in it: links and their marks, ways between zones, hosts by name, segments. */
#include "sim/scenario/resolve.h"

#include <string.h>

#include "lazaret/dscp.h"

#define VLAN_FIRST 2                    /* IEEE 802.1Q-2022 table 9-2: 1 is the default VLAN, whose frames are untagged here */
#define VLAN_LAST 4094

/* ---- network ---- */

static bool is_backbone(const LzLinkPlan *link)
{
    return link->from.text || link->to.text;
}

static bool is_host_group(const LzResolver *resolver, const char *name)
{
    return lz_names_find(resolver->fleets, name) || lz_names_find(resolver->services, name) ||
           lz_names_find(resolver->attacks, name);
}

/* The links that a building makes share one rule: its mistake is reported once. */
static void check_where(LzResolver *resolver, LzText *name)
{
    if (!name->text || lz_names_find(resolver->places, name->text) || lz_names_find(resolver->segments, name->text) ||
        is_host_group(resolver, name->text)) {
        return;
    }
    if (!lz_names_resolve(resolver->zones, "E102", name)) {
        *name = (LzText){.text = NULL};
    }
}

static void check_marking(LzResolver *resolver, const LzMarkingPlan *marking)
{
    for (unsigned i = 0; i < marking->rules.count; i++) {
        LzMarkRulePlan *rule = LZ_ITEM(marking->rules, LzMarkRulePlan, i);
        check_where(resolver, &rule->from);
        check_where(resolver, &rule->to);
        for (unsigned n = 0; n < rule->dscp.count; n++) {
            const LzText *name = &rule->dscp.items[n];
            if (lz_dscp_parse(name->text) < 0) {
                g_autofree char *quoted = lz_quote(name->text);
                lz_report_error(resolver->report, "E131", name->mark, lz_text_length(name), "`%s` is no DSCP", quoted);
                rule->dscp.count = 0;
            }
        }
    }
}

static void check_link(LzResolver *resolver, const LzLinkPlan *link)
{
    if (!link->name.text) {
        return;
    }
    if (is_backbone(link) ? link->zone.text != NULL || !link->from.text || !link->to.text : !link->zone.text) {
        LzDiagnostic *diagnostic =
            lz_report_error(resolver->report, "E109", link->name.mark, lz_text_length(&link->name),
                            "link `%s` has to be in one zone or between two", link->name.text);
        lz_diagnostic_note(diagnostic, "an access link has `zone: NAME`, a backbone has `from: NAME` and `to: NAME`");
    }
    lz_names_resolve(resolver->zones, "E102", &link->zone);
    lz_names_resolve(resolver->zones, "E102", &link->from);
    lz_names_resolve(resolver->zones, "E102", &link->to);
    check_marking(resolver, &link->marking);
    if (link->from.text && link->to.text && strcmp(link->from.text, link->to.text) == 0) {
        lz_report_error(resolver->report, "E112", link->to.mark, lz_text_length(&link->to),
                        "a backbone joins two different zones");
    }
}

void lz_resolve_links(LzResolver *resolver)
{
    const LzNetworkPlan *network = &resolver->plan->network;
    for (unsigned i = 0; i < network->links.count; i++) {
        check_link(resolver, LZ_ITEM(network->links, LzLinkPlan, i));
    }
}

static unsigned find_root(unsigned *parents, unsigned index)
{
    while (parents[index] != index) {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    return index;
}

static unsigned zone_index(const LzResolver *resolver, const LzText *name)
{
    const LzZonePlan *zone = name->text ? lz_names_find(resolver->zones, name->text) : NULL;
    return zone ? (unsigned)(zone - LZ_ITEM(resolver->plan->network.zones, LzZonePlan, 0)) : UINT32_MAX;
}

/* Zones that backbones join have one root; every zone must have that of the first service. */
void lz_resolve_reach(LzResolver *resolver)
{
    const LzPlan *plan = resolver->plan;
    unsigned count = plan->network.zones.count;
    g_autofree unsigned *parents = g_new(unsigned, count + 1);
    for (unsigned i = 0; i < count; i++) {
        parents[i] = i;
    }
    for (unsigned i = 0; i < plan->network.links.count; i++) {
        const LzLinkPlan *link = LZ_ITEM(plan->network.links, LzLinkPlan, i);
        unsigned from = zone_index(resolver, &link->from), to = zone_index(resolver, &link->to);
        if (from < count && to < count) {
            parents[find_root(parents, from)] = find_root(parents, to);
        }
    }
    const LzServicePlan *service = plan->services.count > 0 ? LZ_ITEM(plan->services, LzServicePlan, 0) : NULL;
    unsigned home = service ? zone_index(resolver, &service->zone) : UINT32_MAX;
    for (unsigned i = 0; i < count && home < count; i++) {
        const LzText *name = &LZ_ITEM(plan->network.zones, LzZonePlan, i)->name;
        if (name->text && find_root(parents, i) != find_root(parents, home)) {
            LzDiagnostic *diagnostic =
                lz_report_error(resolver->report, "E111", name->mark, lz_text_length(name),
                                "no way from zone `%s` to service `%s`", name->text, service->name.text);
            lz_diagnostic_note(diagnostic, "join zones by a link with `from:` and `to:`");
        }
    }
}

/* The access link that hosts hang on; zone: theirs, filled from the link when absent (may be NULL). */
void lz_resolve_access(LzResolver *resolver, const LzText *name, LzText *zone)
{
    g_assert(name);
    const LzLinkPlan *link = lz_names_resolve(resolver->links, "E103", name);
    if (zone) {
        lz_names_resolve(resolver->zones, "E102", zone);
    }
    if (!link) {
        return;
    }
    if (is_backbone(link)) {
        lz_report_error(resolver->report, "E110", name->mark, lz_text_length(name),
                        "link `%s` is a backbone: hosts hang on an access link", name->text);
        return;
    }
    if (zone && zone->text && link->zone.text && strcmp(zone->text, link->zone.text) != 0) {
        lz_report_error(resolver->report, "E110", name->mark, lz_text_length(name),
                        "link `%s` is in zone `%s`, not in `%s`", name->text, link->zone.text, zone->text);
    } else if (zone && !zone->text) {
        *zone = link->zone;
    }
}

/* ---- hosts by name ---- */

static void append_names(GPtrArray *names, const LzList *list, size_t item_size)
{
    for (unsigned i = 0; i < list->count; i++) {
        const LzText *name = (const LzText *)(const void *)((const char *)list->items + i * item_size);
        if (name->text) {
            g_ptr_array_add(names, (gpointer)(uintptr_t)name->text);
        }
    }
}

static void report_no_group(const LzResolver *resolver, const LzText *name, bool has_segments)
{
    const LzPlan *plan = resolver->plan;
    g_autofree char *quoted = lz_quote(name->text);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    if (has_segments) {
        append_names(names, &plan->segments, sizeof(LzSegmentPlan));
    }
    append_names(names, &plan->fleet, sizeof(LzFleetPlan));
    append_names(names, &plan->services, sizeof(LzServicePlan));
    append_names(names, &plan->attacks, sizeof(LzAttackPlan));
    LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E124", name->mark, lz_text_length(name),
                                               "`%s` is no %sfleet, service or attack", quoted, has_segments ? "segment, " : "");
    lz_diagnostic_suggest(diagnostic, name->text, (const char *const *)names->pdata, names->len, NULL);
}

/* Names of hosts in a model's configuration. */
void lz_resolve_host_groups(LzResolver *resolver, const LzParam *table, const void *base)
{
    for (; table && table->field; table++) {
        const void *field = (const char *)base + table->offset;
        if (table->kind == LZ_PARAM_LIST) {
            const LzList *list = field;
            for (unsigned i = 0; i < list->count; i++) {
                lz_resolve_host_groups(resolver, table->table, (const char *)list->items + i * table->item_size);
            }
        }
        const LzText *name = table->is_host_group ? field : NULL;
        if (name && name->text && !is_host_group(resolver, name->text) && !lz_names_find(resolver->segments, name->text)) {
            report_no_group(resolver, name, true);
        }
    }
}

/* ---- segments ---- */

static void check_member(LzResolver *resolver, GHashTable *taken, const LzSegmentPlan *segment, const LzText *member)
{
    if (!is_host_group(resolver, member->text)) {
        report_no_group(resolver, member, false);
        return;
    }
    const LzSegmentPlan *other = g_hash_table_lookup(taken, member->text);
    if (other) {
        lz_report_error(resolver->report, "E125", member->mark, lz_text_length(member),
                        "`%s` is in segment `%s` already", member->text, other->name.text ? other->name.text : "");
        return;
    }
    g_hash_table_insert(taken, (gpointer)(uintptr_t)member->text, (gpointer)(uintptr_t)segment);
}

static const LzSegmentPlan *find_vlan(const LzPlan *plan, int64_t vlan, const LzSegmentPlan *beside)
{
    for (unsigned i = 0; i < plan->segments.count; i++) {
        const LzSegmentPlan *segment = LZ_ITEM(plan->segments, LzSegmentPlan, i);
        if (segment->vlan == vlan && segment != beside) {
            return segment;
        }
    }
    return NULL;
}

static void report_vlan(const LzResolver *resolver, const LzSegmentPlan *segment, const char *whose)
{
    unsigned length;
    const LzMark mark = lz_walk_mark(resolver->walk, segment, "vlan", &length);
    lz_report_error(resolver->report, "E125", mark, length, "VLAN %d is that of %s", (int)segment->vlan, whose);
}

/* The identifiers that are given must differ; the others are the next free ones. */
static void number_segments(LzResolver *resolver)
{
    const LzPlan *plan = resolver->plan;
    int64_t next = VLAN_FIRST;
    for (unsigned i = 0; i < plan->segments.count; i++) {
        LzSegmentPlan *segment = LZ_ITEM(plan->segments, LzSegmentPlan, i);
        const LzSegmentPlan *other = segment->vlan > 0 ? find_vlan(plan, segment->vlan, segment) : NULL;
        if (segment->vlan == VLAN_FIRST - 1) {
            report_vlan(resolver, segment, "untagged frames");
        } else if (other && other < segment && other->name.text) {
            report_vlan(resolver, segment, other->name.text);
        }
        while (segment->vlan == 0 && find_vlan(plan, next, NULL)) {
            next++;
        }
        segment->vlan = segment->vlan > 0 ? segment->vlan : next;
        if (segment->vlan > VLAN_LAST) {
            report_vlan(resolver, segment, "none: there are 4,093");
            return;
        }
    }
}

static void check_segments(LzResolver *resolver)
{
    const LzPlan *plan = resolver->plan;
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    bool has_router = false;
    for (unsigned i = 0; i < plan->network.zones.count; i++) {
        has_router |= LZ_ITEM(plan->network.zones, LzZonePlan, i)->router;
    }
    for (unsigned i = 0; i < plan->segments.count; i++) {
        const LzSegmentPlan *segment = LZ_ITEM(plan->segments, LzSegmentPlan, i);
        const LzText *name = &segment->name;
        if (name->text && is_host_group(resolver, name->text)) {
            lz_report_error(resolver->report, "E108", name->mark, lz_text_length(name),
                            "the name `%s` is taken: a fleet, service or attack has it", name->text);
        }
        if (i == 0 && !has_router && name->text) {
            LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E125", name->mark, lz_text_length(name),
                                                       "nothing joins the segments");
            lz_diagnostic_hint(diagnostic, "give a zone `router: true`");
        }
        lz_names_resolve(resolver->segments, "E124", &segment->tls.isolate);
        for (unsigned n = 0; n < segment->members.count; n++) {
            check_member(resolver, taken, segment, &segment->members.items[n]);
        }
    }
}

void lz_resolve_segments(LzResolver *resolver)
{
    number_segments(resolver);
    check_segments(resolver);
}
