/* Objects, lists and distributions of a scenario, by their tables. */
#include "sim/scenario/walk.h"

#include <string.h>

#include "lazaret/model.h"
#include "sim/registry.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/place.h"

#define TABLES_MAX 8 /* the object's own and those of the models it chose */

/* ---- defaults ---- */

static void set_defaults(LzWalk *walk, const LzParam *table, void *base);

static void set_model(LzWalk *walk, LzChoice *choice, const LzModel *model, LzMark mark)
{
    choice->model = model;
    choice->mark = mark;
    choice->config = lz_arena_alloc(walk->arena, model->config_size);
    if (model->params) {
        set_defaults(walk, model->params, choice->config);
    }
}

static void set_default(LzWalk *walk, const LzParam *param, void *base)
{
    void *field = (char *)base + param->offset;
    if (param->kind == LZ_PARAM_OBJECT && !param->is_alias) {
        set_defaults(walk, param->table, field);
    } else if (param->kind == LZ_PARAM_DIST) {
        *(LzDist *)field = (LzDist){LZ_DIST_CONSTANT, lz_param_whole(param->fallback), 0};
    } else if (param->kind == LZ_PARAM_MODEL && param->fallback_text) {
        const LzModel *model = lz_registry_find(param->model_kind, param->fallback_text);
        if (model) {
            set_model(walk, field, model, (LzMark){"default", 0, 0});
        }
    } else if (lz_param_is_integer(param->kind)) {
        lz_param_store(param, base, lz_param_whole(param->fallback));
    } else if (param->fallback_text) {
        *(LzText *)field = (LzText){param->fallback_text, {"default", 0, 0}};
    }
}

static void set_defaults(LzWalk *walk, const LzParam *table, void *base)
{
    for (; table->field; table++) {
        set_default(walk, table, base);
    }
}

/* ---- objects ---- */

typedef struct Tables { /* all tables whose keys may stand in one mapping */
    const LzParam *table[TABLES_MAX];
    void *base[TABLES_MAX];
    unsigned count;
    bool is_open; /* a model could not be found: its keys are unknown */
} Tables;

static void read_value(LzWalk *walk, const LzPlace *place, void *base);
static void read_object(LzWalk *walk, const LzParam *table, void *base, const LzNode *map, const LzEntry *name);

static void add_table(Tables *tables, const LzParam *table, void *base)
{
    g_assert(tables->count < TABLES_MAX);
    tables->table[tables->count] = table;
    tables->base[tables->count++] = base;
}

static const char **model_names(const LzParam *param, unsigned *ret_count)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const LzModel *const *model = lz_registry_all(param->model_kind); *model; model++) {
        if (lz_param_accepts(param, *model)) {
            g_ptr_array_add(names, (gpointer)(uintptr_t)(*model)->name);
        }
    }
    if (param->model_kind == LZ_MODEL_LINK) {
        for (const LzModel *const *model = lz_registry_all(LZ_MODEL_RADIO); *model; model++) {
            g_ptr_array_add(names, (gpointer)(uintptr_t)(*model)->name);
        }
    }
    *ret_count = names->len;
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_steal(names, NULL);
}

static void complain_model(LzWalk *walk, const LzParam *param, LzMark mark, unsigned length, const char *name)
{
    unsigned count = 0;
    g_autofree const char **names = model_names(param, &count);
    g_autofree char *quoted = lz_quote(name);
    const char *kind = lz_model_kind_name(param->model_kind);
    const bool is_known = lz_registry_find(param->model_kind, name) != NULL;
    LzDiagnostic *diagnostic = lz_report_error(
        walk->report, "E101", mark, length,
        is_known ? "a %s model inside another holds none itself, as `%s` does" : "unknown %s model `%s`", kind, quoted);
    g_autofree char *more = g_strdup_printf("lazaret list %s", kind);
    lz_diagnostic_suggest(diagnostic, name, names, count, more);
}

static void choose_model(LzWalk *walk, const LzParam *param, void *base, const LzNode *map, Tables *tables)
{
    LzChoice *choice = (LzChoice *)(void *)((char *)base + param->offset);
    g_autofree char *key = lz_param_key_dup(param);
    const LzEntry *entry = lz_node_find(map, key);
    if (entry) {
        LzPlace place = {param, entry->value, key};
        const LzModel *model = NULL;
        if (lz_place_expect_scalar(walk, &place)) {
            model = lz_registry_find(param->model_kind, entry->value->text);
            model = model && lz_param_accepts(param, model) ? model : NULL;
            if (!model) {
                complain_model(walk, param, entry->value->mark, entry->value->length, entry->value->text);
            }
        }
        *choice = (LzChoice){NULL, NULL, entry->value->mark};
        if (model) {
            set_model(walk, choice, model, entry->value->mark);
        }
    } else if (!choice->model && param->fallback_text) {
        complain_model(walk, param, map->mark, 1, param->fallback_text);
    }
    if (!choice->model) {
        tables->is_open = true;
    } else if (choice->model->params) {
        add_table(tables, choice->model->params, choice->config);
    }
}

static const LzParam *find_param(const Tables *tables, const char *key, void **ret_base)
{
    for (unsigned i = 0; i < tables->count; i++) {
        for (const LzParam *param = tables->table[i]; param->field; param++) {
            if (lz_param_is_key(param, key)) {
                *ret_base = tables->base[i];
                return param;
            }
        }
    }
    return NULL;
}

static void complain_key(LzWalk *walk, const Tables *tables, const LzNode *key)
{
    g_autofree char *quoted = lz_quote(key->text);
    LzDiagnostic *diagnostic =
        lz_report_error(walk->report, "E011", key->mark, key->length, "unknown key `%s`", quoted);
    if (!diagnostic) {
        return;
    }
    g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < tables->count; i++) {
        for (const LzParam *param = tables->table[i]; param->field; param++) {
            g_ptr_array_add(known, lz_param_key_dup(param));
        }
    }
    lz_diagnostic_suggest(diagnostic, key->text, (const char *const *)known->pdata, known->len, NULL);
}

static void read_entry(LzWalk *walk, const Tables *tables, const LzEntry *entry)
{
    void *base = NULL;
    const LzParam *param = find_param(tables, entry->key->text, &base);
    if (param) {
        LzPlace place = {param, entry->value, entry->key->text};
        read_value(walk, &place, base);
    } else if (!g_str_has_prefix(entry->key->text, "x-") && !tables->is_open) {
        complain_key(walk, tables, entry->key);
    }
}

static void check_required(LzWalk *walk, const Tables *tables, const LzNode *map, const LzEntry *name)
{
    for (unsigned i = 0; i < tables->count; i++) {
        for (const LzParam *param = tables->table[i]; param->field; param++) {
            g_autofree char *key = param->is_required ? lz_param_key_dup(param) : NULL;
            if (!key || lz_node_find(map, key) || (name && i == 0 && param == tables->table[0])) {
                continue;
            }
            LzDiagnostic *diagnostic = lz_report_error(walk->report, "E013", name ? name->key->mark : map->mark,
                                                       name ? name->key->length : 1, "`%s` is missing here", key);
            lz_diagnostic_note(diagnostic, "%s: %s", key, param->help);
        }
    }
}

/* Rules between the parameters of the models chosen here, once each parameter is right by itself. */
static void check_models(LzWalk *walk, const LzParam *table, const void *base)
{
    for (const LzParam *param = table; param->field; param++) {
        if (param->kind != LZ_PARAM_MODEL) {
            continue;
        }
        const LzChoice *choice = (const LzChoice *)(const void *)((const char *)base + param->offset);
        g_autofree char *problem = choice->model && choice->model->check ? choice->model->check(choice->config) : NULL;
        if (problem) {
            lz_report_error(walk->report, "E030", choice->mark, (unsigned)strlen(choice->model->name), "%s: %s",
                            choice->model->name, problem);
        }
    }
}

static void read_object(LzWalk *walk, const LzParam *table, void *base, const LzNode *map, const LzEntry *name)
{
    const unsigned errors = lz_report_errors(walk->report);
    Tables tables = {.count = 0};
    add_table(&tables, table, base);
    for (unsigned i = 0; i < tables.count; i++) {
        for (const LzParam *param = tables.table[i]; param->field; param++) {
            if (param->kind == LZ_PARAM_MODEL) {
                choose_model(walk, param, tables.base[i], map, &tables);
            }
        }
    }
    for (unsigned i = 0; i < map->count; i++) {
        read_entry(walk, &tables, &map->entries[i]);
    }
    check_required(walk, &tables, map, name);
    if (lz_report_errors(walk->report) == errors) {
        check_models(walk, table, base);
    }
}

static void read_nested(LzWalk *walk, const LzPlace *place, void *base)
{
    const LzNode *map = place->node;
    if (map->kind == LZ_NODE_SCALAR && place->param->shorthand && map->text[0] != '\0') {
        map = lz_param_expand_shorthand(walk->arena, place->param, map);
    }
    if (map->kind != LZ_NODE_MAP) {
        LzDiagnostic *diagnostic =
            lz_place_complain(walk, "E014", place, "`%s` wants a mapping, not %s", place->key, lz_node_kind_words(map));
        lz_diagnostic_hint(diagnostic, "write `%s: {key: value, ...}`", place->key);
        return;
    }
    read_object(walk, place->param->table, (char *)base + place->param->offset, map, NULL);
}

/* ---- lists ---- */

static void read_item(LzWalk *walk, const LzParam *param, void *item, const LzNode *map, const LzEntry *name)
{
    g_hash_table_insert(walk->nodes, item, (gpointer)(uintptr_t)map);
    read_object(walk, param->table, item, map, name);
}

static void set_name(const LzParam *param, void *item, const LzEntry *entry)
{
    *(LzText *)(void *)((char *)item + param->table->offset) = (LzText){entry->key->text, entry->key->mark};
}

/* name -> object */
static void read_map_item(LzWalk *walk, const LzPlace *place, void *item, const LzEntry *entry)
{
    const LzParam *name = lz_param_item_name(place->param->table);
    LzPlace name_place = {name, entry->key, place->key}, value_place = {place->param, entry->value, entry->key->text};
    lz_place_check_name(walk, &name_place);
    if (entry->value->kind != LZ_NODE_MAP) {
        lz_place_complain(walk, "E014", &value_place, "`%s` wants a mapping, not %s", entry->key->text,
                          lz_node_kind_words(entry->value));
        return;
    }
    g_autofree char *key = lz_param_key_dup(name);
    const LzEntry *second = lz_node_find(entry->value, key);
    if (second) {
        LzDiagnostic *diagnostic =
            lz_report_error(walk->report, "E012", second->key->mark, second->key->length, "duplicate key `%s`", key);
        g_autofree char *where = lz_mark_format(&entry->key->mark);
        lz_diagnostic_note(diagnostic, "note: the name is first given at %s", where);
    }
    read_item(walk, place->param, item, entry->value, entry);
    set_name(place->param, item, entry);
}

static bool allows_bare_names(const LzParam *table)
{
    if (!lz_param_item_name(table)) {
        return false;
    }
    for (const LzParam *param = table + 1; param->field; param++) {
        if (param->is_required) {
            return false;
        }
    }
    return true;
}

static void read_list_item(LzWalk *walk, const LzPlace *place, void *item, const LzNode *node)
{
    LzPlace item_place = {place->param, node, place->key};
    if (node->kind == LZ_NODE_MAP) {
        read_item(walk, place->param, item, node, NULL);
    } else if (node->kind == LZ_NODE_SCALAR && allows_bare_names(place->param->table)) {
        LzPlace name_place = {place->param->table, node, place->key};
        if (lz_place_expect_scalar(walk, &name_place)) {
            lz_place_read_text(walk, &name_place, item);
        }
    } else {
        lz_place_complain(walk, "E014", &item_place, "each item of `%s` is a mapping, not %s", place->key,
                          lz_node_kind_words(node));
    }
}

static void read_list(LzWalk *walk, const LzPlace *place, void *base)
{
    const LzParam *param = place->param;
    const LzNode *node = place->node;
    bool is_map = node->kind == LZ_NODE_MAP && lz_param_item_name(param->table);
    if (node->kind != LZ_NODE_LIST && !is_map) {
        lz_place_complain(walk, "E014", place, "`%s` wants a list%s, not %s", place->key,
                          lz_param_item_name(param->table) ? " or a mapping of names" : "", lz_node_kind_words(node));
        return;
    }
    LzList *list = (LzList *)(void *)((char *)base + param->offset);
    list->items = lz_arena_array(walk->arena, node->count, param->item_size);
    list->count = 0;
    for (unsigned i = 0; i < node->count; i++) {
        if (is_map && g_str_has_prefix(node->entries[i].key->text, "x-")) {
            continue;
        }
        void *item = (char *)list->items + list->count++ * param->item_size;
        set_defaults(walk, param->table, item);
        if (is_map) {
            read_map_item(walk, place, item, &node->entries[i]);
        } else {
            read_list_item(walk, place, item, node->items[i]);
        }
    }
}

/* ---- distributions ---- */

static int dist_kind(LzWalk *walk, const LzNode *map)
{
    const LzEntry *entry = lz_node_find(map, "dist");
    if (!entry) {
        return LZ_DIST_CONSTANT;
    }
    const LzParam *param = lz_dist_table(LZ_DIST_UNIFORM);
    LzPlace place = {param, entry->value, "dist"};
    int index = lz_place_expect_scalar(walk, &place) ? lz_place_find_word(walk, &place) : -1;
    return index < 0 ? index : index + (int)LZ_DIST_UNIFORM;
}

static bool is_dist_valid(LzWalk *walk, const LzPlace *place, const LzParam *time, LzDistKind kind,
                          const LzDistForm *form)
{
    if (kind == LZ_DIST_UNIFORM && form->a_ns > form->b_ns) {
        lz_place_complain(walk, "E024", place, "`min` of `%s` is larger than its `max`", place->key);
        return false;
    }
    if (kind == LZ_DIST_LOGNORMAL && form->a_ns > form->b_ns) {
        lz_place_complain(walk, "E024", place, "`p50` of `%s` is larger than its `p99`", place->key);
        return false;
    }
    LzPlace largest = {time, place->node, place->key};
    return lz_place_is_in_range(walk, &largest, MAX(form->a_ns, form->b_ns));
}

static void read_dist(LzWalk *walk, const LzPlace *place, void *base)
{
    LzDist *dist = (LzDist *)(void *)((char *)base + place->param->offset);
    const LzParam time = {.field = place->key,
                          .key = place->key,
                          .size = sizeof(LzTime),
                          .kind = LZ_PARAM_TIME_NS,
                          .min = place->param->min,
                          .max = place->param->max,
                          .has_max = place->param->has_max};
    if (place->node->kind == LZ_NODE_SCALAR) {
        LzPlace time_place = {&time, place->node, place->key};
        LzTime value = -1;
        if (lz_place_expect_scalar(walk, &time_place)) {
            lz_place_read_quantity(walk, &time_place, &value);
        }
        *dist = value >= 0 ? (LzDist){LZ_DIST_CONSTANT, value, 0} : *dist;
        return;
    }
    if (place->node->kind != LZ_NODE_MAP) {
        lz_place_complain(walk, "E014", place, "`%s` wants a time or a distribution, not a list", place->key);
        return;
    }
    int kind = dist_kind(walk, place->node);
    if (kind < 0) {
        return;
    }
    LzDistForm form = {0};
    unsigned errors = lz_report_errors(walk->report);
    read_object(walk, lz_dist_table((LzDistKind)kind), &form, place->node, NULL);
    if (errors == lz_report_errors(walk->report) && is_dist_valid(walk, place, &time, (LzDistKind)kind, &form)) {
        *dist = (LzDist){kind == LZ_DIST_CONSTANT ? LZ_DIST_UNIFORM : (LzDistKind)kind, form.a_ns, form.b_ns};
    }
}

/* ---- every kind ---- */

static void read_value(LzWalk *walk, const LzPlace *place, void *base)
{
    LzParamKind kind = place->param->kind;
    if (kind == LZ_PARAM_ANY || kind == LZ_PARAM_MODEL) {
        return;
    }
    if (kind == LZ_PARAM_OBJECT) {
        read_nested(walk, place, base);
    } else if (kind == LZ_PARAM_LIST) {
        read_list(walk, place, base);
    } else if (kind == LZ_PARAM_NAMES) {
        lz_place_read_names(walk, place, base);
    } else if (kind == LZ_PARAM_DIST) {
        read_dist(walk, place, base);
    } else {
        lz_place_read_scalar(walk, place, base);
    }
}

LzWalk *lz_walk_new(LzReport *report, LzArena *arena)
{
    LzWalk *walk = g_new0(LzWalk, 1);
    walk->report = report;
    walk->arena = arena;
    walk->nodes = g_hash_table_new(NULL, NULL);
    return walk;
}

void lz_walk_free(LzWalk *walk)
{
    if (!walk) {
        return;
    }
    g_hash_table_unref(walk->nodes);
    g_free(walk);
}

void lz_walk_struct(LzWalk *walk, const LzParam *table, void *base, const LzNode *map)
{
    set_defaults(walk, table, base);
    if (map->kind != LZ_NODE_MAP) {
        lz_report_error(walk->report, "E014", map->mark, map->length, "the file wants a mapping, not %s",
                        lz_node_kind_words(map));
        return;
    }
    g_hash_table_insert(walk->nodes, base, (gpointer)(uintptr_t)map);
    read_object(walk, table, base, map, NULL);
}

const LzNode *lz_walk_node(const LzWalk *walk, const void *item)
{
    return g_hash_table_lookup(walk->nodes, item);
}

LzMark lz_walk_mark(const LzWalk *walk, const void *item, const char *key, unsigned *ret_length)
{
    const LzNode *node = lz_walk_node(walk, item);
    const LzEntry *entry = lz_node_find(node, key);
    const LzNode *at = entry ? entry->value : node;
    *ret_length = entry ? at->length : 1;
    return at ? at->mark : (LzMark){"default", 0, 0};
}

bool lz_walk_quantity(LzWalk *walk, LzParamKind kind, double max, const char *key, const LzText *text,
                      int64_t *ret_value)
{
    LzParam param = {.field = key, .key = key, .size = sizeof *ret_value, .kind = kind, .max = max};
    LzNode node = {.kind = LZ_NODE_SCALAR, .mark = text->mark, .text = text->text};
    node.length = (unsigned)g_utf8_strlen(text->text, -1);
    LzPlace place = {&param, &node, key};
    int64_t value = -1;
    lz_place_read_quantity(walk, &place, &value);
    if (value < 0) {
        return false;
    }
    *ret_value = value;
    return true;
}
