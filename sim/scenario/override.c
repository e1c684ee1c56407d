#include "sim/scenario/override.h"

#include <string.h>

#include "sim/scenario/param_table.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/walk.h"

#define PATH_PARTS_MAX 16

typedef struct Override {
    LzReport *report;
    LzArena *arena;
    LzMark mark;                /* "-s PATH=VALUE", no line */
} Override;

static const char *const name_keys[] = {"name", "flow"};

static LzNode *new_scalar(const Override *override, const char *text)
{
    LzNode *node = lz_arena_alloc(override->arena, sizeof *node);
    *node = (LzNode){.kind = LZ_NODE_SCALAR, .is_plain = true, .mark = override->mark, .length = 1, .text = text};
    return node;
}

/* A copy of a node that may be changed, with its own entries or items and room for one more. */
static LzNode *copy_node(const Override *override, const LzNode *node)
{
    LzNode *copy = lz_arena_alloc(override->arena, sizeof *copy);
    *copy = *node;
    if (node->kind == LZ_NODE_MAP) {
        copy->entries = lz_arena_array(override->arena, node->count + 1, sizeof *copy->entries);
        if (node->count > 0) {          /* an empty map has no entries to point at */
            memcpy(copy->entries, node->entries, node->count * sizeof *copy->entries);
        }
    } else if (node->kind == LZ_NODE_LIST) {
        copy->items = lz_arena_array(override->arena, node->count, sizeof(LzNode *));
        if (node->count > 0) {
            memcpy(copy->items, node->items, node->count * sizeof(LzNode *));
        }
    }
    return copy;
}

static LzNode *new_map(const Override *override)
{
    LzNode empty = {.kind = LZ_NODE_MAP, .mark = override->mark, .length = 1};
    return copy_node(override, &empty);
}

/* The value's slot in a map that may be changed; made when absent. */
static LzNode **slot_in_map(const Override *override, LzNode *map, const char *key)
{
    LzEntry *entry = lz_node_find(map, key);
    if (!entry) {
        entry = &map->entries[map->count++];
        *entry = (LzEntry){new_scalar(override, lz_arena_text(override->arena, key)), NULL};
    }
    return &entry->value;
}

static const char *item_name(const LzNode *item)
{
    if (item->kind == LZ_NODE_SCALAR) {
        return item->text;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(name_keys); i++) {
        const char *name = lz_node_text(item, name_keys[i]);
        if (name) {
            return name;
        }
    }
    return NULL;
}

static void report_no_item(const Override *override, const LzNode *list, const char *name)
{
    g_autofree char *quoted = lz_quote(name);
    LzDiagnostic *diagnostic =
        lz_report_error(override->report, "E016", override->mark, 1, "no item of the list is named `%s`", quoted);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < list->count; i++) {
        const char *known = item_name(list->items[i]);
        if (known) {
            g_ptr_array_add(names, (gpointer)(uintptr_t)known);
        }
    }
    lz_diagnostic_suggest(diagnostic, name, (const char *const *)names->pdata, names->len, NULL);
}

/* The slot of a list's named item; a bare name becomes a map, so that it can be given more keys. */
static LzNode **slot_in_list(const Override *override, LzNode *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++) {
        const char *known = item_name(list->items[i]);
        if (!known || strcmp(known, name) != 0) {
            continue;
        }
        if (list->items[i]->kind == LZ_NODE_SCALAR) {
            LzNode *map = new_map(override);
            *slot_in_map(override, map, name_keys[0]) = list->items[i];
            list->items[i] = map;
        }
        return &list->items[i];
    }
    report_no_item(override, list, name);
    return NULL;
}

/* Where the path stands in the schema, as far as tables say: keys of a model are its own. */
typedef struct Place {
    const LzParam *param;       /* of the node; NULL: an item of a list, the scenario itself, or not known */
    const LzParam *table;       /* of what stands below it; NULL: not known */
} Place;

static Place step_down(Place place, const char *part)
{
    if (place.param && place.param->kind == LZ_PARAM_LIST) {
        return (Place){NULL, place.param->table};       /* part is the name of an item */
    }
    for (const LzParam *param = place.table; param && param->field; param++) {
        if (lz_param_is_key(param, part)) {
            return (Place){param, param->table};
        }
    }
    return (Place){NULL, NULL};
}

/* Walks down, making everything on the way the override's own. NULL after reporting. */
static LzNode **find_slot(const Override *override, LzNode **slot, char *const *parts)
{
    Place place = {NULL, lz_schema_scenario};
    for (; *parts; place = step_down(place, *parts), parts++) {
        *slot = *slot ? copy_node(override, *slot) : new_map(override);
        if ((*slot)->kind == LZ_NODE_SCALAR && place.param && place.param->shorthand && (*slot)->text[0] != '\0') {
            *slot = copy_node(override, lz_param_expand_shorthand(override->arena, place.param, *slot));
        }
        if ((*slot)->kind == LZ_NODE_SCALAR) {
            g_autofree char *quoted = lz_quote(*parts);
            lz_report_error(override->report, "E016", override->mark, 1,
                            "there is nothing below `%s`: it is a single value", quoted);
            return NULL;
        }
        slot =
            (*slot)->kind == LZ_NODE_MAP ? slot_in_map(override, *slot, *parts) : slot_in_list(override, *slot, *parts);
        if (!slot) {
            return NULL;
        }
    }
    return slot;
}

static bool are_parts_valid(char *const *parts)
{
    unsigned count = 0;
    for (; parts[count]; count++) {
        if (parts[count][0] == '\0') {
            return false;
        }
    }
    return count >= 1 && count <= PATH_PARTS_MAX;
}

void lz_override_apply(LzReport *report, LzArena *arena, LzNode *root, const char *text)
{
    Override override = {report, arena, {lz_arena_printf(arena, "-s %s", text), 0, 0}};
    const char *equals = strchr(text, '=');
    g_autofree char *path = equals ? g_strndup(text, (size_t)(equals - text)) : g_strdup("");
    g_auto(GStrv) parts = g_strsplit(path, ".", PATH_PARTS_MAX + 1);
    if (!equals || !g_utf8_validate(text, -1, NULL) || !are_parts_valid(parts)) {
        LzDiagnostic *diagnostic =
            lz_report_error(report, "E016", override.mark, 1, "an override is written PATH=VALUE");
        lz_diagnostic_hint(diagnostic, "write for example `-s fleet.pump.count=200`");
        return;
    }
    LzNode *value = lz_tree_parse_value(report, arena, override.mark.file, equals + 1);
    if (!value) {
        value = new_scalar(&override, "");
    }
    LzNode *top = root;
    LzNode **slot = find_slot(&override, &top, parts);
    if (slot) {
        *slot = value;
    }
    *root = *top;
}
