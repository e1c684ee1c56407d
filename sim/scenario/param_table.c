/* Parameter tables as they are: keys, fields, bounds, which models they take, and the tables of distributions. */
#include "sim/scenario/param_table.h"

#include <string.h>

#include "lazaret/dscp.h"
#include "lazaret/model.h"
#include "sim/registry.h"
#include "sim/scenario/quantity.h"

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

void lz_param_store(const LzParam *param, void *base, int64_t value)
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

int64_t lz_param_whole(double value)
{
    return value >= 9.2e18 ? INT64_MAX : value <= -9.2e18 ? INT64_MIN : (int64_t)value;
}

int64_t lz_param_min(const LzParam *param)
{
    return lz_param_whole(param->min);
}

int64_t lz_param_max(const LzParam *param)
{
    int64_t widest = param->size == sizeof(int64_t)  ? INT64_MAX
                     : param->kind == LZ_PARAM_PPB   ? (int64_t)UINT32_MAX
                                                     : INT32_MAX;
    if (param->has_max || param->max > 0) {
        return MIN(lz_param_whole(param->max), widest);
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

/* ---- distributions ---- */

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
