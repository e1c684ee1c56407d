/* The scenario language as JSON Schema 2020-12, written from the same tables that read it. */
#include <string.h>

#include "lazaret/model.h"
#include "sim/core/json.h"
#include "sim/registry.h"
#include "sim/scenario/data.h"
#include "sim/scenario/load.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/walk.h"

#define DATE_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"
#define NAME_PATTERN "^[a-z0-9-]{1,64}$"

/* A table that the scenario meets, written once under $defs and referred to by each who has it. Definitions leave
 * objects open, so that lists whose names stand outside (`pump: {...}`) and lists whose names stand inside share one. */
typedef struct Definition {
    const LzParam *table;
    char *name;                 /* owned: its path at the first meeting, as "network.links.marking" */
} Definition;

typedef struct Schema {
    LzJson *json;
    GArray *definitions;        /* Definition */
    const char *path;           /* of what is being written now; borrowed; NULL: the scenario */
} Schema;

static void clear_definition(void *item)
{
    g_free(((Definition *)item)->name);
}

static const char *name_of(Schema *schema, const LzParam *table, const char *name)
{
    for (unsigned i = 0; i < schema->definitions->len; i++) {
        const Definition *known = &g_array_index(schema->definitions, Definition, i);
        if (known->table == table) {
            return known->name;
        }
    }
    const Definition definition = {table, g_strdup(name)};
    g_array_append_val(schema->definitions, definition);
    return definition.name;
}

static void write_reference(Schema *schema, const LzParam *table, const char *name)
{
    g_autofree char *reference = g_strconcat("#/$defs/", name_of(schema, table, name), NULL);
    lz_json_string(schema->json, "$ref", reference);
}

static void write_type(LzJson *json, const char *type)
{
    lz_json_string(json, "type", type);
}

/* A text may look like a number or a boolean to a YAML reader: the table, not YAML, decides. */
static void write_scalar_types(LzJson *json)
{
    lz_json_array_begin(json, "type");
    lz_json_string(json, NULL, "string");
    lz_json_string(json, NULL, "number");
    lz_json_string(json, NULL, "boolean");
    lz_json_array_end(json);
}

static void write_quantity(LzJson *json, LzParamKind kind)
{
    GString *pattern = g_string_new("^[-+]?[0-9]+(\\.[0-9]+)?[ \\t]*(");
    for (const LzUnitRow *unit = lz_quantity_units(kind); unit->name; unit++) {
        g_string_append_printf(pattern, "%s%s", unit == lz_quantity_units(kind) ? "" : "|", unit->name);
    }
    g_string_append(pattern, ")$");
    write_type(json, "string");
    lz_json_string(json, "pattern", pattern->str);
    g_string_free(pattern, TRUE);
}

/* `min: 1.2` and `min: "1.2"` are the same word. */
static void write_words(LzJson *json, const char *const *words)
{
    lz_json_array_begin(json, "enum");
    for (; *words; words++) {
        lz_json_string(json, NULL, *words);
        char *end = NULL;
        double number = g_ascii_strtod(*words, &end);
        if (*end == '\0') {
            lz_json_real(json, NULL, number);
        }
    }
    lz_json_array_end(json);
}

static void write_count(LzJson *json, const LzParam *param)
{
    write_type(json, "integer");
    lz_json_integer(json, "minimum", lz_param_min(param));
    if (lz_param_max(param) < INT64_MAX) {
        lz_json_integer(json, "maximum", lz_param_max(param));
    }
}

static void write_param(Schema *schema, const LzParam *param);

/* An object of that table and nothing else. A name that its table begins with may stand outside, in a mapping from
 * names to objects. */
static void write_object(Schema *schema, const LzParam *table, const char *name, bool is_name_outside)
{
    LzJson *json = schema->json;
    const LzParam *item_name = is_name_outside ? NULL : lz_param_item_name(table);
    write_reference(schema, table, name);
    if (item_name) {
        g_autofree char *key = lz_param_key_dup(item_name);
        lz_json_object_begin(json, "properties");
        lz_json_object_begin(json, key);
        write_param(schema, item_name);
        lz_json_object_end(json);
        lz_json_object_end(json);
        lz_json_array_begin(json, "required");
        lz_json_string(json, NULL, key);
        lz_json_array_end(json);
    }
    lz_json_boolean(json, "unevaluatedProperties", false);
}

static void write_dist(Schema *schema)
{
    static const char *const names[] = {"dist.spread", "dist.uniform", "dist.exponential", "dist.lognormal"};
    LzJson *json = schema->json;
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_quantity(json, LZ_PARAM_TIME_NS);
    lz_json_object_end(json);
    for (int kind = LZ_DIST_CONSTANT; kind <= LZ_DIST_LOGNORMAL; kind++) {
        lz_json_object_begin(json, NULL);
        write_object(schema, lz_dist_table((LzDistKind)kind), names[kind], false);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
}

static void write_names(LzJson *json, const LzParam *param)
{
    write_type(json, "array");
    lz_json_object_begin(json, "items");
    if (param->words) {
        write_words(json, param->words);
    } else {
        write_scalar_types(json);
    }
    lz_json_object_end(json);
}

static bool allows_bare_names(const LzParam *table)
{
    for (const LzParam *param = table + 1; lz_param_item_name(table) && param->field; param++) {
        if (param->is_required) {
            return false;
        }
    }
    return lz_param_item_name(table) != NULL;
}

/* A list of objects, of bare names where nothing else is required, or a mapping from names to objects. */
static void write_list(Schema *schema, const LzParam *param, const char *name)
{
    LzJson *json = schema->json;
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_type(json, "array");
    lz_json_object_begin(json, "items");
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_object(schema, param->table, name, false);
    lz_json_object_end(json);
    if (allows_bare_names(param->table)) {
        lz_json_object_begin(json, NULL);
        write_param(schema, param->table);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
    lz_json_object_end(json);
    lz_json_object_end(json);
    if (lz_param_item_name(param->table)) {
        lz_json_object_begin(json, NULL);
        write_type(json, "object");
        lz_json_object_begin(json, "patternProperties");
        lz_json_object_begin(json, "^x-");
        lz_json_object_end(json);
        lz_json_object_begin(json, "^(?!x-)[a-z0-9-]{1,64}$");
        write_object(schema, param->table, name, true);
        lz_json_object_end(json);
        lz_json_object_end(json);
        lz_json_boolean(json, "additionalProperties", false);
        lz_json_object_end(json);
    }
    lz_json_array_end(json);
}

/* ---- models: what stands beside `model: NAME` follows from NAME ---- */

static void write_model_names(LzJson *json, const LzParam *param, LzModelKind kind)
{
    for (const LzModel *const *model = lz_registry_all(kind); *model; model++) {
        if (lz_param_accepts(param, *model)) {
            lz_json_string(json, NULL, (*model)->name);
        }
    }
    if (kind == LZ_MODEL_LINK) {
        write_model_names(json, param, LZ_MODEL_RADIO);
    }
}

static void write_properties(Schema *schema, const LzParam *table)
{
    lz_json_object_begin(schema->json, "properties");
    for (const LzParam *param = lz_param_item_name(table) ? table + 1 : table; param->field; param++) {
        g_autofree char *key = lz_param_key_dup(param);
        lz_json_object_begin(schema->json, key);
        write_param(schema, param);
        lz_json_object_end(schema->json);
    }
    lz_json_object_end(schema->json);
}

static void write_required(LzJson *json, const LzParam *table)
{
    lz_json_array_begin(json, "required");
    for (const LzParam *param = lz_param_item_name(table) ? table + 1 : table; param->field; param++) {
        bool is_format = param->kind == LZ_PARAM_ANY && param->words;
        if ((param->is_required && !param->is_of_preset) || is_format) {
            g_autofree char *key = lz_param_key_dup(param);
            lz_json_string(json, NULL, key);
        }
    }
    lz_json_array_end(json);
}

/* if the key names this model (or is absent and this is the default), then its own keys. */
static void write_model(Schema *schema, const LzParam *param, const LzModel *model)
{
    LzJson *json = schema->json;
    g_autofree char *key = lz_param_key_dup(param);
    g_autofree char *name = g_strjoin(".", lz_model_kind_name(model->kind), model->name, NULL);
    bool is_default = param->fallback_text && strcmp(param->fallback_text, model->name) == 0;
    lz_json_object_begin(json, NULL);
    lz_json_object_begin(json, "if");
    lz_json_object_begin(json, "properties");
    lz_json_object_begin(json, key);
    lz_json_string(json, "const", model->name);
    lz_json_object_end(json);
    lz_json_object_end(json);
    if (!is_default) {
        lz_json_array_begin(json, "required");
        lz_json_string(json, NULL, key);
        lz_json_array_end(json);
    }
    lz_json_object_end(json);
    lz_json_object_begin(json, "then");
    write_reference(schema, model->params, name);
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void write_models(Schema *schema, const LzParam *param, LzModelKind kind)
{
    for (const LzModel *const *model = lz_registry_all(kind); *model; model++) {
        if ((*model)->params && lz_param_accepts(param, *model)) {
            write_model(schema, param, *model);
        }
    }
    if (kind == LZ_MODEL_LINK) {
        write_models(schema, param, LZ_MODEL_RADIO);
    }
}

/* What the table says of an object, of which more may be said elsewhere. */
static void write_definition(Schema *schema, const LzParam *table)
{
    LzJson *json = schema->json;
    write_type(json, "object");
    write_properties(schema, table);
    write_required(json, table);
    const LzParam *model = lz_param_model(table);
    if (model) {
        lz_json_array_begin(json, "allOf");
        write_models(schema, model, model->model_kind);
        lz_json_object_begin(json, NULL);
        lz_json_object_end(json);
        lz_json_array_end(json);
    }
    lz_json_object_begin(json, "patternProperties");
    lz_json_object_begin(json, "^x-");
    lz_json_object_end(json);
    lz_json_object_end(json);
}

/* The files that are there are offered; one beside a scenario in another folder has any other name. */
static void write_name(LzJson *json, const LzParam *param)
{
    if (param->folder) {
        g_auto(GStrv) names = lz_data_names(LZ_DATA_HERE, param->folder);
        lz_json_array_begin(json, "anyOf");
        lz_json_object_begin(json, NULL);
        write_words(json, (const char *const *)names);
        lz_json_object_end(json);
        lz_json_object_begin(json, NULL);
    }
    write_type(json, "string");
    lz_json_string(json, "pattern", NAME_PATTERN);
    if (param->folder) {
        lz_json_object_end(json);
        lz_json_array_end(json);
    }
}

static void write_nested(Schema *schema, const LzParam *param, const char *name)
{
    LzJson *json = schema->json;
    if (!param->shorthand) {
        write_object(schema, param->table, name, false);
        return;
    }
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_scalar_types(json);
    lz_json_object_end(json);
    lz_json_object_begin(json, NULL);
    write_object(schema, param->table, name, false);
    lz_json_object_end(json);
    lz_json_array_end(json);
}

/* As its table is called when nobody has met it before. */
static char *path_of(const Schema *schema, const LzParam *param)
{
    g_autofree char *key = lz_param_key_dup(param);
    return schema->path ? g_strjoin(".", schema->path, key, NULL) : g_steal_pointer(&key);
}

static void write_param(Schema *schema, const LzParam *param)
{
    LzJson *json = schema->json;
    g_autofree char *path = path_of(schema, param);
    lz_json_string(json, "description", param->help);
    switch (param->kind) {
    case LZ_PARAM_TIME_NS:
    case LZ_PARAM_BYTES:
    case LZ_PARAM_BPS:
    case LZ_PARAM_PPB:
    case LZ_PARAM_RATE_UHZ:
    case LZ_PARAM_FREQUENCY_HZ:
    case LZ_PARAM_CORES:
        write_quantity(json, param->kind);
        return;
    case LZ_PARAM_COUNT:
        write_count(json, param);
        return;
    case LZ_PARAM_DSCP:
        write_scalar_types(json);
        return;
    case LZ_PARAM_BOOL:
        write_type(json, "boolean");
        return;
    case LZ_PARAM_TEXT:
    case LZ_PARAM_VALUE:
        write_scalar_types(json);
        return;
    case LZ_PARAM_NAME:
        write_name(json, param);
        return;
    case LZ_PARAM_NAMES:
        write_names(json, param);
        return;
    case LZ_PARAM_ENUM:
        write_words(json, param->words);
        return;
    case LZ_PARAM_DIST:
        write_dist(schema);
        return;
    case LZ_PARAM_DATE:
        write_type(json, "string");
        lz_json_string(json, "pattern", DATE_PATTERN);
        return;
    case LZ_PARAM_OBJECT:
        write_nested(schema, param, path);
        return;
    case LZ_PARAM_LIST:
        write_list(schema, param, path);
        return;
    case LZ_PARAM_MODEL:
        lz_json_array_begin(json, "enum");
        write_model_names(json, param, param->model_kind);
        lz_json_array_end(json);
        return;
    case LZ_PARAM_ANY:
        if (param->words) {
            write_words(json, param->words);
        }
        return;
    }
}

/* Writing a definition may make more of them, behind it. */
static void write_definitions(Schema *schema)
{
    lz_json_object_begin(schema->json, "$defs");
    for (unsigned i = 0; i < schema->definitions->len; i++) {
        const Definition definition = g_array_index(schema->definitions, Definition, i);
        schema->path = definition.name;
        lz_json_object_begin(schema->json, definition.name);
        write_definition(schema, definition.table);
        lz_json_object_end(schema->json);
    }
    lz_json_object_end(schema->json);
}

char *lz_schema_json(void)
{
    g_autoptr(LzJson) json = lz_json_new(1);
    g_autoptr(GArray) definitions = g_array_new(FALSE, FALSE, sizeof(Definition));
    g_array_set_clear_func(definitions, clear_definition);
    Schema schema = {.json = json, .definitions = definitions};
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    lz_json_string(json, "title", "Lazaret scenario, format 1");
    write_definition(&schema, lz_schema_scenario);
    lz_json_boolean(json, "unevaluatedProperties", false);
    write_definitions(&schema);
    lz_json_object_end(json);
    size_t size = 0;
    const char *text = lz_json_text(json, &size);
    return g_strdup_printf("%s\n", text);
}
