#include "sim/scenario/hospital.h"

#include <string.h>

#include "sim/scenario/data.h"
#include "sim/scenario/load.h"

#define FOLDER "hospitals"
#define STANDARD "general"
#define PER_BED " /bed"
#define FRACTION_DIGITS_MAX 6u

/* ---- figures per bed ---- */

/* "0.35 /bed" times beds, the half rounded up. In whole numbers: 0.35 x 250 is 87.5 and makes 88. False: no such figure. */
static bool scale(const char *text, unsigned beds, unsigned *ret_count)
{
    if (!g_str_has_suffix(text, PER_BED)) {
        return false;
    }
    uint64_t figure = 0, divisor = 1;
    bool is_fraction = false;
    unsigned digits = 0;
    for (const char *at = text; *at != ' '; at++) {
        if (*at == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (!g_ascii_isdigit(*at) || ++digits > FRACTION_DIGITS_MAX + 3) {
            return false;
        }
        figure = 10 * figure + (uint64_t)(*at - '0');
        divisor *= is_fraction ? 10 : 1;
    }
    *ret_count = (unsigned)((2 * figure * beds + divisor) / (2 * divisor));
    return digits > 0;
}

/* A fleet of none: too few beds for one. */
static bool is_none(const LzNode *item)
{
    return g_strcmp0(lz_node_text(item, "count"), "0") == 0;
}

/* Nodes that an alias shares are met again, and are whole by then. Of what is no fleet there is at least one. */
static void scale_all(LzArena *arena, LzNode *node, unsigned beds, bool may_be_none)
{
    unsigned count;
    if (node->kind == LZ_NODE_SCALAR && scale(node->text, beds, &count)) {
        node->text = lz_arena_printf(arena, "%u", MAX(count, may_be_none ? 0u : 1u));
    }
    for (unsigned i = 0; node->kind == LZ_NODE_MAP && i < node->count; i++) {
        const LzEntry *entry = &node->entries[i];
        scale_all(arena, entry->value, beds, g_str_equal(entry->key->text, "count"));
    }
    unsigned kept = 0;
    for (unsigned i = 0; node->kind == LZ_NODE_LIST && i < node->count; i++) {
        scale_all(arena, node->items[i], beds, false);
        if (!is_none(node->items[i])) {
            node->items[kept++] = node->items[i];
        }
    }
    node->count = node->kind == LZ_NODE_LIST ? kept : node->count;
}

/* ---- two trees in one ---- */

static void append_entry(LzArena *arena, LzNode *map, const LzEntry *entry)
{
    LzEntry *entries = lz_arena_array(arena, map->count + 1, sizeof *entries);
    memcpy(entries, map->entries, map->count * sizeof *entries);
    entries[map->count++] = *entry;
    map->entries = entries;
}

static LzNode *find_named(const LzNode *list, const char *name)
{
    for (unsigned i = 0; name && i < list->count; i++) {
        if (g_strcmp0(lz_node_text(list->items[i], "name"), name) == 0) {
            return list->items[i];
        }
    }
    return NULL;
}

static void merge(LzArena *arena, LzNode *into, const LzNode *from);

/* The preset's items come first, in its order. */
static void merge_items(LzArena *arena, LzNode *into, const LzNode *from)
{
    LzNode **items = lz_arena_array(arena, into->count + from->count, sizeof(LzNode *));
    unsigned count = 0;
    for (unsigned i = 0; i < from->count; i++) {
        LzNode *own = find_named(into, lz_node_text(from->items[i], "name"));
        if (own) {
            merge(arena, own, from->items[i]);
        }
        items[count++] = own ? own : from->items[i];
    }
    for (unsigned i = 0; i < into->count; i++) {
        if (!find_named(from, lz_node_text(into->items[i], "name"))) {
            items[count++] = into->items[i];
        }
    }
    into->items = items;
    into->count = count;
}

static void merge(LzArena *arena, LzNode *into, const LzNode *from)
{
    for (unsigned i = 0; into->kind == LZ_NODE_MAP && from->kind == LZ_NODE_MAP && i < from->count; i++) {
        const LzEntry *own = lz_node_find(into, from->entries[i].key->text);
        if (own) {
            merge(arena, own->value, from->entries[i].value);
        } else {
            append_entry(arena, into, &from->entries[i]);
        }
    }
    if (into->kind == LZ_NODE_LIST && from->kind == LZ_NODE_LIST) {
        merge_items(arena, into, from);
    }
}

/* ---- the preset ---- */

/* NULL: there is none of that name, or it is not one. */
static LzNode *read_preset(LzReport *report, LzArena *arena, const char *scenario_path, const char *name)
{
    size_t size = 0;
    const char *file = NULL;
    const char *text = lz_data_text(report, arena, scenario_path, FOLDER, name, &file, &size);
    if (!text) {
        return NULL;
    }
    lz_report_add_source(report, file, text, size);
    LzNode *root = lz_tree_parse(report, arena, file, text, size);
    return root && lz_check_format(report, root, "lazaret-hospital") ? root : NULL;
}

/* 0: there is none. Where the walk will refuse the figure, any will do. */
static unsigned beds_of(const LzNode *hospital)
{
    const char *text = hospital->kind == LZ_NODE_SCALAR ? hospital->text : lz_node_text(hospital, "beds");
    guint64 beds = 0;
    if (!text) {
        return 0;
    }
    return g_ascii_string_to_unsigned(text, 10, 1, LZ_HOSPITAL_BEDS_MAX, &beds, NULL) ? (unsigned)beds : 1;
}

static void report_missing(LzReport *report, const char *scenario_path, const LzNode *name)
{
    g_autofree char *quoted = lz_quote(name->text);
    LzDiagnostic *diagnostic = lz_report_error(report, "E145", name->mark, name->length, "no hospital `%s`", quoted);
    g_auto(GStrv) names = lz_data_names(scenario_path, FOLDER);
    lz_diagnostic_suggest(diagnostic, name->text, (const char *const *)names, g_strv_length(names), "lazaret list hospitals");
}

bool lz_hospital_expand(LzReport *report, LzArena *arena, LzNode *root, const char *scenario_path)
{
    const LzNode *hospital = lz_node_get(root, "hospital", NULL);
    unsigned beds = hospital ? beds_of(hospital) : 0;
    if (beds == 0) {
        return true;
    }
    const char *name = lz_node_text(hospital, "preset");
    LzNode *preset = read_preset(report, arena, scenario_path, name ? name : STANDARD);
    LzEntry *scenario = preset ? lz_node_find(preset, "scenario") : NULL;
    if (scenario) {
        scale_all(arena, scenario->value, beds, false);
        merge(arena, root, scenario->value);
    } else if (!preset && name) {
        report_missing(report, scenario_path, lz_node_find(hospital, "preset")->value);
    }
    return scenario;
}

static void append_inventory(GString *text, const LzNode *fleets, unsigned beds)
{
    unsigned total = 0;
    g_string_append_printf(text, "\n%-14s %-22s %8s %8s\n", "FLEET", "DEVICE CLASS", "PER BED", "COUNT");
    for (unsigned i = 0; fleets && i < fleets->count; i++) {
        const char *per_bed = lz_node_text(fleets->items[i], "count");
        unsigned count = 1;
        if (per_bed) {
            scale(per_bed, beds, &count);
        }
        total += count;
        g_string_append_printf(text, "%-14s %-22s %8.*s %8u\n", lz_node_text(fleets->items[i], "name"),
                               lz_node_text(fleets->items[i], "profile"),
                               per_bed ? (int)strcspn(per_bed, " ") : 0, per_bed ? per_bed : "", count);
    }
    g_string_append_printf(text, "%-14s %-22s %8s %8u\n", "all", "", "", total);
}

char *lz_hospital_describe(const char *preset, unsigned beds)
{
    g_autoptr(LzArena) arena = lz_arena_new();
    LzDiagnostics *diagnostics = lz_diagnostics_new();
    g_autoptr(LzReport) report = lz_report_new(diagnostics);
    const LzNode *root = read_preset(report, arena, NULL, preset ? preset : STANDARD);
    GString *text = root ? g_string_new(NULL) : NULL;
    if (root) {
        g_string_append_printf(text, "%s: hospital of %u beds\n  %s\n  source: %s\n", lz_node_text(root, "name"), beds,
                               lz_node_text(root, "title"), lz_node_text(root, "source"));
        append_inventory(text, lz_node_get(root, "scenario", "fleet", NULL), beds);
    }
    lz_diagnostics_free(diagnostics);
    return text ? g_string_free(text, FALSE) : NULL;
}
