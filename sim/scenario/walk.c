#include "sim/scenario/walk.h"

#include <string.h>

#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "sim/registry.h"
#include "sim/scenario/quantity.h"

#define NAME_BYTES_MAX 64
#define TEXT_BYTES_MAX 4096
#define TABLES_MAX 8                /* the object's own and those of the models it chose */

/* ---- tables ---- */

static const char *unit_suffix(LzParamKind kind)
{
    switch (kind) {
    case LZ_PARAM_TIME_NS:
        return "_ns";
    case LZ_PARAM_BYTES:
        return "_bytes";
    case LZ_PARAM_BPS:
        return "_bps";
    case LZ_PARAM_PPB:
        return "_ppb";
    case LZ_PARAM_RATE_UHZ:
        return "_uhz";
    case LZ_PARAM_FREQUENCY_HZ:
        return "_hz";
    case LZ_PARAM_CORES:
        return "_cores";
    case LZ_PARAM_DATE:
        return "_unix_s";
    case LZ_PARAM_COUNT:
    case LZ_PARAM_DSCP:
    case LZ_PARAM_BOOL:
    case LZ_PARAM_TEXT:
    case LZ_PARAM_NAME:
    case LZ_PARAM_NAMES:
    case LZ_PARAM_ENUM:
    case LZ_PARAM_DIST:
    case LZ_PARAM_OBJECT:
    case LZ_PARAM_LIST:
    case LZ_PARAM_MODEL:
    case LZ_PARAM_VALUE:
    case LZ_PARAM_ANY:
        return NULL;
    }
    return NULL;
}

const char *lz_param_key(const LzParam *param, size_t *ret_length)
{
    const char *key = param->key ? param->key : param->field;
    const char *suffix = param->key ? NULL : unit_suffix(param->kind);
    *ret_length = strlen(key);
    if (suffix && g_str_has_suffix(key, suffix)) {
        *ret_length -= strlen(suffix);
    }
    return key;
}

char *lz_param_key_dup(const LzParam *param)
{
    size_t length;
    const char *key = lz_param_key(param, &length);
    return g_strndup(key, length);
}

bool lz_param_is_key(const LzParam *param, const char *word)
{
    size_t length;
    const char *key = lz_param_key(param, &length);
    return strncmp(key, word, length) == 0 && word[length] == '\0';
}

bool lz_param_is_integer(LzParamKind kind)
{
    return lz_quantity_has_units(kind) || kind == LZ_PARAM_COUNT || kind == LZ_PARAM_DATE || kind == LZ_PARAM_ENUM ||
           kind == LZ_PARAM_BOOL || kind == LZ_PARAM_DSCP;
}

int64_t lz_param_integer(const LzParam *param, const void *base)
{
    const char *field = (const char *)base + param->offset;
    if (param->kind == LZ_PARAM_BOOL) {
        return *(const bool *)field;
    }
    if (param->size == sizeof(int64_t)) {
        int64_t value;
        memcpy(&value, field, sizeof value);
        return value;
    }
    g_assert(param->size == sizeof(uint32_t));
    if (param->kind == LZ_PARAM_PPB) {
        uint32_t value;
        memcpy(&value, field, sizeof value);
        return value;
    }
    int32_t value;
    memcpy(&value, field, sizeof value);
    return value;
}

static void store_integer(const LzParam *param, void *base, int64_t value)
{
    char *field = (char *)base + param->offset;
    if (param->kind == LZ_PARAM_BOOL) {
        *(bool *)field = value != 0;
    } else if (param->size == sizeof(int64_t)) {
        memcpy(field, &value, sizeof value);
    } else {
        g_assert(param->size == sizeof(uint32_t));
        uint32_t narrow = (uint32_t)value;
        memcpy(field, &narrow, sizeof narrow);
    }
}

static int64_t whole(double value)
{
    return value >= 9.2e18 ? INT64_MAX : value <= -9.2e18 ? INT64_MIN : (int64_t)value;
}

int64_t lz_param_min(const LzParam *param)
{
    return whole(param->min);
}

int64_t lz_param_max(const LzParam *param)
{
    int64_t widest = param->size == sizeof(int64_t)  ? INT64_MAX
                     : param->kind == LZ_PARAM_PPB   ? (int64_t)UINT32_MAX
                                                     : INT32_MAX;
    if (param->has_max || param->max > 0) {
        return MIN(whole(param->max), widest);
    }
    return param->kind == LZ_PARAM_PPB ? 1000000000 : widest;
}

char *lz_param_format(const LzParam *param, int64_t value)
{
    if (param->kind == LZ_PARAM_BOOL) {
        return g_strdup(value ? "true" : "false");
    }
    if (param->kind == LZ_PARAM_ENUM) {
        g_assert(param->words);
        return g_strdup(param->words[value]);
    }
    if (param->kind == LZ_PARAM_DATE) {
        return lz_date_format(value);
    }
    if (param->kind == LZ_PARAM_DSCP) {
        return lz_dscp_format(value);
    }
    return lz_quantity_format(param->kind, value);
}

const LzParam *lz_param_item_name(const LzParam *table)
{
    return table && table->field && table->kind == LZ_PARAM_NAME && table->is_required ? table : NULL;
}

const LzParam *lz_param_model(const LzParam *table)
{
    for (; table->field; table++) {
        if (table->kind == LZ_PARAM_MODEL) {
            return table;
        }
    }
    return NULL;
}

static bool holds_model(const LzParam *table)
{
    for (; table && table->field; table++) {
        if (table->kind == LZ_PARAM_MODEL || (table->kind == LZ_PARAM_OBJECT && holds_model(table->table))) {
            return true;
        }
    }
    return false;
}

bool lz_param_accepts(const LzParam *param, const LzModel *model)
{
    return !param->is_inner || !holds_model(model->params);
}

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
        *(LzDist *)field = (LzDist){LZ_DIST_CONSTANT, whole(param->fallback), 0};
    } else if (param->kind == LZ_PARAM_MODEL && param->fallback_text) {
        const LzModel *model = lz_registry_find(param->model_kind, param->fallback_text);
        if (model) {
            set_model(walk, field, model, (LzMark){"default", 0, 0});
        }
    } else if (lz_param_is_integer(param->kind)) {
        store_integer(param, base, whole(param->fallback));
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

/* ---- scalars ---- */

typedef struct Place {              /* a value with the key that it belongs to, for messages */
    const LzParam *param;
    const LzNode *node;
    const char *key;                /* as written, quoted */
} Place;

static LzDiagnostic *complain(LzWalk *walk, const char *code, const Place *place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static LzDiagnostic *complain(LzWalk *walk, const char *code, const Place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return lz_report_error(walk->report, code, place->node->mark, place->node->length, "%s", message);
}

static const char *kind_of(const LzNode *node)
{
    return node->kind == LZ_NODE_SCALAR ? "a single value" : node->kind == LZ_NODE_LIST ? "a list" : "a mapping";
}

static bool expect_scalar(LzWalk *walk, const Place *place)
{
    if (place->node->kind != LZ_NODE_SCALAR) {
        complain(walk, "E014", place, "`%s` wants a single value, not %s", place->key, kind_of(place->node));
        return false;
    }
    if (place->node->text[0] == '\0') {
        complain(walk, "E022", place, "`%s` has no value", place->key);
        return false;
    }
    return true;
}

/* Two units that a person would most likely have meant. */
static const char *const *likely_units(LzParamKind kind)
{
    static const char *const times[] = {"ms", "s"}, *const sizes[] = {"B", "kB"},
                             *const bit_rates[] = {"Mbit/s", "Gbit/s"}, *const shares[] = {"%", NULL},
                             *const rates[] = {"/s", "/min"}, *const frequencies[] = {"MHz", "GHz"},
                             *const cores[] = {"cores", NULL};
    return kind == LZ_PARAM_TIME_NS     ? times
           : kind == LZ_PARAM_BYTES     ? sizes
           : kind == LZ_PARAM_BPS       ? bit_rates
           : kind == LZ_PARAM_PPB       ? shares
           : kind == LZ_PARAM_RATE_UHZ  ? rates
           : kind == LZ_PARAM_FREQUENCY_HZ ? frequencies
                                        : cores;
}

static void complain_unit(LzWalk *walk, const Place *place)
{
    const char *const *units = likely_units(place->param->kind);
    g_autofree char *number = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = complain(walk, "E021", place, "`%s` needs a unit", place->key);
    if (units[1]) {
        lz_diagnostic_hint(diagnostic, "write `%s %s` or `%s %s`", number, units[0], number, units[1]);
    } else {
        lz_diagnostic_hint(diagnostic, "write `%s %s`", number, units[0]);
    }
}

static unsigned unit_names(LzParamKind kind, const char **names, unsigned max)
{
    unsigned count = 0;
    const LzUnitRow *unit = lz_quantity_units(kind);
    for (; unit && unit->name && count < max; unit++) {
        names[count++] = unit->name;
    }
    return count;
}

static void complain_unknown_unit(LzWalk *walk, const Place *place)
{
    if (!lz_quantity_has_units(place->param->kind)) {
        LzDiagnostic *diagnostic =
            complain(walk, "E020", place, "`%s` is a plain whole number without a unit", place->key);
        lz_diagnostic_hint(diagnostic, "write for example `%s: 10`", place->key);
        return;
    }
    const char *names[16];
    unsigned count = unit_names(place->param->kind, names, G_N_ELEMENTS(names));
    const char *unit = lz_quantity_unit_part(place->node->text);
    g_autofree char *quoted = lz_quote(unit);
    LzDiagnostic *diagnostic = complain(walk, "E023", place, "`%s` has the unknown unit `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, unit, names, count, NULL);
}

static void complain_no_number(LzWalk *walk, const Place *place)
{
    g_autofree char *quoted = lz_quote(place->node->text);
    bool has_units = lz_quantity_has_units(place->param->kind);
    LzDiagnostic *diagnostic =
        complain(walk, "E020", place, "`%s` is not a %s: `%s`", place->key, has_units ? "quantity" : "number", quoted);
    if (has_units) {
        lz_diagnostic_hint(diagnostic, "write for example `%s: 10 %s`", place->key,
                           likely_units(place->param->kind)[0]);
    }
}

static void complain_quantity(LzWalk *walk, const Place *place, LzQuantityResult result)
{
    switch (result) {
    case LZ_QUANTITY_NO_NUMBER:
        complain_no_number(walk, place);
        return;
    case LZ_QUANTITY_NO_UNIT:
        complain_unit(walk, place);
        return;
    case LZ_QUANTITY_UNKNOWN_UNIT:
        complain_unknown_unit(walk, place);
        return;
    case LZ_QUANTITY_TOO_FINE:
        complain(walk, "E025", place, "`%s` is finer than 1 %s, the step it is kept in", place->key,
                 lz_quantity_has_units(place->param->kind) ? lz_quantity_recorded_unit(place->param->kind)
                                                           : "whole number");
        return;
    case LZ_QUANTITY_TOO_LARGE:
        complain(walk, "E024", place, "`%s` is too large to be kept", place->key);
        return;
    case LZ_QUANTITY_OK:
        return;
    }
}

static bool is_in_range(LzWalk *walk, const Place *place, int64_t value)
{
    int64_t min = lz_param_min(place->param), max = lz_param_max(place->param);
    if (value >= min && value <= max) {
        return true;
    }
    g_autofree char *low = lz_param_format(place->param, min), *high = lz_param_format(place->param, max);
    if (max == INT64_MAX || (value < min && max >= INT32_MAX)) {
        complain(walk, "E024", place, "`%s` must be at least %s", place->key, low);
    } else {
        complain(walk, "E024", place, "`%s` must be between %s and %s", place->key, low, high);
    }
    return false;
}

static void read_quantity(LzWalk *walk, const Place *place, void *base)
{
    int64_t value = 0;
    LzQuantityResult result = lz_quantity_parse(place->param->kind, place->node->text, &value);
    if (result != LZ_QUANTITY_OK) {
        complain_quantity(walk, place, result);
        return;
    }
    if (is_in_range(walk, place, value)) {
        store_integer(place->param, base, value);
    }
}

static void read_bool(LzWalk *walk, const Place *place, void *base)
{
    bool is_true = strcmp(place->node->text, "true") == 0;
    if (!is_true && strcmp(place->node->text, "false") != 0) {
        LzDiagnostic *diagnostic = complain(walk, "E026", place, "`%s` is either true or false", place->key);
        lz_diagnostic_hint(diagnostic, "write `true` or `false`");
        return;
    }
    store_integer(place->param, base, is_true);
}

static void read_date(LzWalk *walk, const Place *place, void *base)
{
    int64_t value = 0;
    if (!lz_date_parse(place->node->text, &value)) {
        g_autofree char *quoted = lz_quote(place->node->text);
        LzDiagnostic *diagnostic = complain(walk, "E028", place, "`%s` is not a date: `%s`", place->key, quoted);
        lz_diagnostic_hint(diagnostic, "write `2026-03-02T06:00:00Z`");
        return;
    }
    if (is_in_range(walk, place, value)) {
        store_integer(place->param, base, value);
    }
}

static unsigned count_words(const char *const *words)
{
    unsigned count = 0;
    while (words[count]) {
        count++;
    }
    return count;
}

static void complain_dscp(LzWalk *walk, const Place *place)
{
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = complain(walk, "E131", place, "`%s` is no DSCP: `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, place->node->text, lz_dscp_names, count_words(lz_dscp_names), "or 0 to 63");
}

static void read_dscp(LzWalk *walk, const Place *place, void *base)
{
    const int dscp = lz_dscp_parse(place->node->text);
    if (dscp < 0) {
        complain_dscp(walk, place);
    } else {
        store_integer(place->param, base, dscp);
    }
}

/* Index of a word, or -1 after reporting that it is none. */
static int find_word(LzWalk *walk, const Place *place)
{
    const char *const *words = place->param->words;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], place->node->text) == 0) {
            return i;
        }
    }
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = complain(walk, "E027", place, "`%s` cannot be `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, place->node->text, words, count_words(words), NULL);
    return -1;
}

static void read_enum(LzWalk *walk, const Place *place, void *base)
{
    int index = find_word(walk, place);
    if (index >= 0) {
        store_integer(place->param, base, index);
    }
}

static bool is_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[length] == '\0' && length >= 1 && length <= NAME_BYTES_MAX;
}

static bool check_name(LzWalk *walk, const Place *place)
{
    if (is_name(place->node->text)) {
        return true;
    }
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = complain(walk, "E029", place, "`%s` is not a name", quoted);
    lz_diagnostic_hint(diagnostic, "a name is 1 to 64 of a-z, 0-9 and -");
    return false;
}

static void read_text(LzWalk *walk, const Place *place, void *base)
{
    if (place->param->kind == LZ_PARAM_NAME && !check_name(walk, place)) {
        return;
    }
    if (strlen(place->node->text) > TEXT_BYTES_MAX) {
        complain(walk, "E024", place, "`%s` is longer than %d bytes", place->key, TEXT_BYTES_MAX);
        return;
    }
    *(LzText *)(void *)((char *)base + place->param->offset) = (LzText){place->node->text, place->node->mark};
}

static void read_names(LzWalk *walk, const Place *place, void *base)
{
    const LzNode *list = place->node;
    if (list->kind != LZ_NODE_LIST) {
        complain(walk, "E014", place, "`%s` wants a list, not %s", place->key, kind_of(list));
        return;
    }
    LzNameList *names = (LzNameList *)(void *)((char *)base + place->param->offset);
    names->items = lz_arena_array(walk->arena, list->count, sizeof *names->items);
    names->count = 0;
    for (unsigned i = 0; i < list->count; i++) {
        Place item = {place->param, list->items[i], place->key};
        if (expect_scalar(walk, &item) && (!place->param->words || find_word(walk, &item) >= 0)) {
            names->items[names->count++] = (LzText){item.node->text, item.node->mark};
        }
    }
}

/* ---- objects ---- */

typedef struct Tables {             /* all tables whose keys may stand in one mapping */
    const LzParam *table[TABLES_MAX];
    void *base[TABLES_MAX];
    unsigned count;
    bool is_open;                   /* a model could not be found: its keys are unknown */
} Tables;

static void read_value(LzWalk *walk, const Place *place, void *base);
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
    LzDiagnostic *diagnostic =
        lz_report_error(walk->report, "E101", mark, length,
                        is_known ? "a %s model inside another holds none itself, as `%s` does" : "unknown %s model `%s`",
                        kind, quoted);
    g_autofree char *more = g_strdup_printf("lazaret list %s", kind);
    lz_diagnostic_suggest(diagnostic, name, names, count, more);
}

static void choose_model(LzWalk *walk, const LzParam *param, void *base, const LzNode *map, Tables *tables)
{
    LzChoice *choice = (LzChoice *)(void *)((char *)base + param->offset);
    g_autofree char *key = lz_param_key_dup(param);
    const LzEntry *entry = lz_node_find(map, key);
    if (entry) {
        Place place = {param, entry->value, key};
        const LzModel *model = NULL;
        if (expect_scalar(walk, &place)) {
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
        Place place = {param, entry->value, entry->key->text};
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

LzNode *lz_param_expand_shorthand(LzArena *arena, const LzParam *param, const LzNode *scalar)
{
    const LzParam *model = lz_param_model(param->table);
    bool is_model = model && lz_registry_find(model->model_kind, scalar->text) != NULL;
    LzNode *key = lz_arena_alloc(arena, sizeof *key), *map = lz_arena_alloc(arena, sizeof *map);
    g_autofree char *model_key = is_model ? lz_param_key_dup(model) : NULL;
    *key = *scalar;
    key->text = lz_arena_text(arena, is_model ? model_key : param->shorthand);
    *map = *scalar;
    map->kind = LZ_NODE_MAP;
    map->entries = lz_arena_array(arena, 1, sizeof *map->entries);
    map->entries[0] = (LzEntry){key, lz_arena_alloc(arena, sizeof *key)};
    *map->entries[0].value = *scalar;
    map->count = 1;
    return map;
}

static void read_nested(LzWalk *walk, const Place *place, void *base)
{
    const LzNode *map = place->node;
    if (map->kind == LZ_NODE_SCALAR && place->param->shorthand && map->text[0] != '\0') {
        map = lz_param_expand_shorthand(walk->arena, place->param, map);
    }
    if (map->kind != LZ_NODE_MAP) {
        LzDiagnostic *diagnostic =
            complain(walk, "E014", place, "`%s` wants a mapping, not %s", place->key, kind_of(map));
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
static void read_map_item(LzWalk *walk, const Place *place, void *item, const LzEntry *entry)
{
    const LzParam *name = lz_param_item_name(place->param->table);
    Place name_place = {name, entry->key, place->key}, value_place = {place->param, entry->value, entry->key->text};
    check_name(walk, &name_place);
    if (entry->value->kind != LZ_NODE_MAP) {
        complain(walk, "E014", &value_place, "`%s` wants a mapping, not %s", entry->key->text, kind_of(entry->value));
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

static void read_list_item(LzWalk *walk, const Place *place, void *item, const LzNode *node)
{
    Place item_place = {place->param, node, place->key};
    if (node->kind == LZ_NODE_MAP) {
        read_item(walk, place->param, item, node, NULL);
    } else if (node->kind == LZ_NODE_SCALAR && allows_bare_names(place->param->table)) {
        Place name_place = {place->param->table, node, place->key};
        if (expect_scalar(walk, &name_place)) {
            read_text(walk, &name_place, item);
        }
    } else {
        complain(walk, "E014", &item_place, "each item of `%s` is a mapping, not %s", place->key, kind_of(node));
    }
}

static void read_list(LzWalk *walk, const Place *place, void *base)
{
    const LzParam *param = place->param;
    const LzNode *node = place->node;
    bool is_map = node->kind == LZ_NODE_MAP && lz_param_item_name(param->table);
    if (node->kind != LZ_NODE_LIST && !is_map) {
        complain(walk, "E014", place, "`%s` wants a list%s, not %s", place->key,
                 lz_param_item_name(param->table) ? " or a mapping of names" : "", kind_of(node));
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
    Place place = {param, entry->value, "dist"};
    int index = expect_scalar(walk, &place) ? find_word(walk, &place) : -1;
    return index < 0 ? index : index + (int)LZ_DIST_UNIFORM;
}

static bool is_dist_valid(LzWalk *walk, const Place *place, const LzParam *time, LzDistKind kind,
                          const LzDistForm *form)
{
    if (kind == LZ_DIST_UNIFORM && form->a_ns > form->b_ns) {
        complain(walk, "E024", place, "`min` of `%s` is larger than its `max`", place->key);
        return false;
    }
    if (kind == LZ_DIST_LOGNORMAL && form->a_ns > form->b_ns) {
        complain(walk, "E024", place, "`p50` of `%s` is larger than its `p99`", place->key);
        return false;
    }
    Place largest = {time, place->node, place->key};
    return is_in_range(walk, &largest, MAX(form->a_ns, form->b_ns));
}

static void read_dist(LzWalk *walk, const Place *place, void *base)
{
    LzDist *dist = (LzDist *)(void *)((char *)base + place->param->offset);
    const LzParam time = {.field = place->key, .key = place->key, .size = sizeof(LzTime), .kind = LZ_PARAM_TIME_NS,
                          .min = place->param->min, .max = place->param->max, .has_max = place->param->has_max};
    if (place->node->kind == LZ_NODE_SCALAR) {
        Place time_place = {&time, place->node, place->key};
        LzTime value = -1;
        if (expect_scalar(walk, &time_place)) {
            read_quantity(walk, &time_place, &value);
        }
        *dist = value >= 0 ? (LzDist){LZ_DIST_CONSTANT, value, 0} : *dist;
        return;
    }
    if (place->node->kind != LZ_NODE_MAP) {
        complain(walk, "E014", place, "`%s` wants a time or a distribution, not a list", place->key);
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

static void read_value(LzWalk *walk, const Place *place, void *base)
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
        read_names(walk, place, base);
    } else if (kind == LZ_PARAM_DIST) {
        read_dist(walk, place, base);
    } else if (!expect_scalar(walk, place)) {
        return;
    } else if (kind == LZ_PARAM_BOOL) {
        read_bool(walk, place, base);
    } else if (kind == LZ_PARAM_DATE) {
        read_date(walk, place, base);
    } else if (kind == LZ_PARAM_DSCP) {
        read_dscp(walk, place, base);
    } else if (kind == LZ_PARAM_ENUM) {
        read_enum(walk, place, base);
    } else if (kind == LZ_PARAM_TEXT || kind == LZ_PARAM_NAME || kind == LZ_PARAM_VALUE) {
        read_text(walk, place, base);
    } else {
        read_quantity(walk, place, base);
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
        lz_report_error(walk->report, "E014", map->mark, map->length, "the file wants a mapping, not %s", kind_of(map));
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
    Place place = {&param, &node, key};
    int64_t value = -1;
    read_quantity(walk, &place, &value);
    if (value < 0) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* ---- tables of the distributions ---- */

const char *const lz_dist_words[] = {"uniform", "exponential", "lognormal", NULL};

#define DIST_KIND LZ_PARAM(LzDistForm, kind, .key = "dist", .kind = LZ_PARAM_ENUM, .words = lz_dist_words, \
                           .help = "shape of the distribution")

static const LzParam spread_table[] = {
    LZ_PARAM(LzDistForm, b_ns, .key = "spread", .kind = LZ_PARAM_TIME_NS, .is_required = true,
             .help = "uniform from 0 to this"),
    LZ_PARAM_END,
};
static const LzParam uniform_table[] = {
    DIST_KIND,
    LZ_PARAM(LzDistForm, a_ns, .key = "min", .kind = LZ_PARAM_TIME_NS, .is_required = true, .help = "smallest"),
    LZ_PARAM(LzDistForm, b_ns, .key = "max", .kind = LZ_PARAM_TIME_NS, .is_required = true, .help = "largest"),
    LZ_PARAM_END,
};
static const LzParam exponential_table[] = {
    DIST_KIND,
    LZ_PARAM(LzDistForm, a_ns, .key = "mean", .kind = LZ_PARAM_TIME_NS, .is_required = true, .help = "mean"),
    LZ_PARAM_END,
};
static const LzParam lognormal_table[] = {
    DIST_KIND,
    LZ_PARAM(LzDistForm, a_ns, .key = "p50", .kind = LZ_PARAM_TIME_NS, .min = 1, .is_required = true, .help = "median"),
    LZ_PARAM(LzDistForm, b_ns, .key = "p99", .kind = LZ_PARAM_TIME_NS, .min = 1, .is_required = true,
             .help = "99th percentile"),
    LZ_PARAM_END,
};

const LzParam *lz_dist_table(LzDistKind kind)
{
    static const LzParam *const tables[] = {spread_table, uniform_table, exponential_table, lognormal_table};
    return tables[kind];
}
