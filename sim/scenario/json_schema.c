/* The scenario language as JSON Schema 2020-12, written from the same tables that read it. */
#include <string.h>

#include "lazaret/model.h"
#include "sim/core/json.h"
#include "sim/registry.h"
#include "sim/scenario/load.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/walk.h"

#define DATE_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"
#define NAME_PATTERN "^[a-z0-9-]{1,64}$"

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

static void write_param(LzJson *json, const LzParam *param);
static void write_object(LzJson *json, const LzParam *table, bool is_name_outside);

static void write_dist(LzJson *json)
{
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_quantity(json, LZ_PARAM_TIME_NS);
    lz_json_object_end(json);
    for (int kind = LZ_DIST_CONSTANT; kind <= LZ_DIST_LOGNORMAL; kind++) {
        lz_json_object_begin(json, NULL);
        write_object(json, lz_dist_table((LzDistKind)kind), false);
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
static void write_list(LzJson *json, const LzParam *param)
{
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_type(json, "array");
    lz_json_object_begin(json, "items");
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_object(json, param->table, false);
    lz_json_object_end(json);
    if (allows_bare_names(param->table)) {
        lz_json_object_begin(json, NULL);
        write_param(json, param->table);
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
        write_object(json, param->table, true);
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

static void write_properties(LzJson *json, const LzParam *table, bool is_name_outside)
{
    lz_json_object_begin(json, "properties");
    for (const LzParam *param = table; param->field; param++) {
        if (is_name_outside && param == table) {
            continue;
        }
        g_autofree char *key = lz_param_key_dup(param);
        lz_json_object_begin(json, key);
        write_param(json, param);
        lz_json_object_end(json);
    }
    lz_json_object_end(json);
}

static void write_required(LzJson *json, const LzParam *table, bool is_name_outside)
{
    lz_json_array_begin(json, "required");
    for (const LzParam *param = table; param->field; param++) {
        bool is_format = param->kind == LZ_PARAM_ANY && param->words;
        if ((param->is_required || is_format) && !(is_name_outside && param == table)) {
            g_autofree char *key = lz_param_key_dup(param);
            lz_json_string(json, NULL, key);
        }
    }
    lz_json_array_end(json);
}

/* if the key names this model (or is absent and this is the default), then its own keys. */
static void write_model(LzJson *json, const LzParam *param, const LzModel *model)
{
    g_autofree char *key = lz_param_key_dup(param);
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
    write_properties(json, model->params, false);
    write_required(json, model->params, false);
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void write_models(LzJson *json, const LzParam *param, LzModelKind kind)
{
    for (const LzModel *const *model = lz_registry_all(kind); *model; model++) {
        if ((*model)->params && lz_param_accepts(param, *model)) {
            write_model(json, param, *model);
        }
    }
    if (kind == LZ_MODEL_LINK) {
        write_models(json, param, LZ_MODEL_RADIO);
    }
}

static void write_object(LzJson *json, const LzParam *table, bool is_name_outside)
{
    write_type(json, "object");
    write_properties(json, table, is_name_outside);
    write_required(json, table, is_name_outside);
    const LzParam *model = lz_param_model(table);
    if (model) {
        lz_json_array_begin(json, "allOf");
        write_models(json, model, model->model_kind);
        lz_json_object_begin(json, NULL);
        lz_json_object_end(json);
        lz_json_array_end(json);
    }
    lz_json_object_begin(json, "patternProperties");
    lz_json_object_begin(json, "^x-");
    lz_json_object_end(json);
    lz_json_object_end(json);
    lz_json_boolean(json, "unevaluatedProperties", false);
}

static void write_nested(LzJson *json, const LzParam *param)
{
    if (!param->shorthand) {
        write_object(json, param->table, false);
        return;
    }
    lz_json_array_begin(json, "anyOf");
    lz_json_object_begin(json, NULL);
    write_scalar_types(json);
    lz_json_object_end(json);
    lz_json_object_begin(json, NULL);
    write_object(json, param->table, false);
    lz_json_object_end(json);
    lz_json_array_end(json);
}

static void write_param(LzJson *json, const LzParam *param)
{
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
        write_type(json, "string");
        lz_json_string(json, "pattern", NAME_PATTERN);
        return;
    case LZ_PARAM_NAMES:
        write_names(json, param);
        return;
    case LZ_PARAM_ENUM:
        write_words(json, param->words);
        return;
    case LZ_PARAM_DIST:
        write_dist(json);
        return;
    case LZ_PARAM_DATE:
        write_type(json, "string");
        lz_json_string(json, "pattern", DATE_PATTERN);
        return;
    case LZ_PARAM_OBJECT:
        write_nested(json, param);
        return;
    case LZ_PARAM_LIST:
        write_list(json, param);
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

char *lz_schema_json(void)
{
    g_autoptr(LzJson) json = lz_json_new(1);
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    lz_json_string(json, "title", "Lazaret scenario, format 1");
    write_object(json, lz_schema_scenario, false);
    lz_json_object_end(json);
    size_t size = 0;
    const char *text = lz_json_text(json, &size);
    return g_strdup_printf("%s\n", text);
}
