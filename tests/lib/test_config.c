#include "tests/lib/test_config.h"

#include <glib.h>
#include <string.h>

#include "sim/registry.h"

/* room: where the configurations of models inside a model go, in the same block of memory. */
static void fill(const LzParam *params, void *config, char **room);

static void set_number(const LzParam *param, void *field, double value)
{
    switch (param->kind) {
    case LZ_PARAM_TIME_NS:
    case LZ_PARAM_BYTES:
    case LZ_PARAM_BPS:
    case LZ_PARAM_RATE_UHZ:
    case LZ_PARAM_FREQUENCY_HZ:
    case LZ_PARAM_COUNT:
    case LZ_PARAM_CORES:
    case LZ_PARAM_DSCP:
    case LZ_PARAM_DATE:
        *(int64_t *)field = (int64_t)value;
        return;
    case LZ_PARAM_PPB:
        *(uint32_t *)field = (uint32_t)value;
        return;
    case LZ_PARAM_BOOL:
        *(bool *)field = value > 0;
        return;
    case LZ_PARAM_ENUM:
        *(int *)field = (int)value;
        return;
    case LZ_PARAM_DIST:
        *(LzDist *)field = (LzDist){LZ_DIST_CONSTANT, (LzTime)value, 0};
        return;
    case LZ_PARAM_TEXT:
    case LZ_PARAM_NAME:
    case LZ_PARAM_NAMES:
    case LZ_PARAM_OBJECT:
    case LZ_PARAM_LIST:
    case LZ_PARAM_MODEL:
    case LZ_PARAM_VALUE:
    case LZ_PARAM_ANY:
        g_assert_not_reached();
    }
    g_assert_not_reached();
}

static const LzModel *inner_model(const LzParam *param)
{
    const LzModel *model = param->fallback_text ? lz_registry_find(param->model_kind, param->fallback_text) : NULL;
    return param->is_inner ? model : NULL;
}

static void set_model(const LzParam *param, LzChoice *choice, char **room)
{
    const LzModel *model = inner_model(param);
    if (model) {
        *choice = (LzChoice){.model = model, .config = *room};
        *room += (model->config_size + 15) / 16 * 16;
        fill(model->params, choice->config, room);
    }
}

static void set_default(const LzParam *param, void *field, char **room)
{
    switch (param->kind) {
    case LZ_PARAM_TEXT:
    case LZ_PARAM_NAME:
    case LZ_PARAM_VALUE:
        ((LzText *)field)->text = param->fallback_text;
        return;
    case LZ_PARAM_OBJECT:
        fill(param->table, field, room);
        return;
    case LZ_PARAM_NAMES:
    case LZ_PARAM_LIST:
    case LZ_PARAM_ANY:
        return;
    case LZ_PARAM_MODEL:
        set_model(param, field, room);
        return;
    case LZ_PARAM_TIME_NS:
    case LZ_PARAM_BYTES:
    case LZ_PARAM_BPS:
    case LZ_PARAM_PPB:
    case LZ_PARAM_RATE_UHZ:
    case LZ_PARAM_FREQUENCY_HZ:
    case LZ_PARAM_COUNT:
    case LZ_PARAM_CORES:
    case LZ_PARAM_DSCP:
    case LZ_PARAM_BOOL:
    case LZ_PARAM_ENUM:
    case LZ_PARAM_DIST:
    case LZ_PARAM_DATE:
        set_number(param, field, param->fallback);
        return;
    }
    g_assert_not_reached();
}

static void fill(const LzParam *params, void *config, char **room)
{
    for (; params && params->field; params++) {
        set_default(params, (char *)config + params->offset, room);
    }
}

static size_t room_for(const LzParam *params)
{
    size_t room = 0;
    for (; params && params->field; params++) {
        const LzModel *model = params->kind == LZ_PARAM_MODEL ? inner_model(params) : NULL;
        room += model ? (model->config_size + 15) / 16 * 16 : 0;
        room += params->kind == LZ_PARAM_OBJECT ? room_for(params->table) : 0;
    }
    return room;
}

static const LzParam *find(const LzModel *model, const char *field)
{
    for (const LzParam *param = model->params; param && param->field; param++) {
        if (strcmp(param->field, field) == 0) {
            return param;
        }
    }
    g_error("%s has no parameter %s", model->name, field);
}

void *lz_test_config_new(const LzModel *model)
{
    size_t own_size = (model->config_size + 15) / 16 * 16;
    char *config = model->config_size > 0 ? g_malloc0(own_size + room_for(model->params)) : NULL;
    char *room = config ? config + own_size : NULL;
    fill(model->params, config, &room);
    return config;
}

void lz_test_config_set(const LzModel *model, void *config, const char *field, double value)
{
    const LzParam *param = find(model, field);
    set_number(param, (char *)config + param->offset, value);
}

void lz_test_config_set_text(const LzModel *model, void *config, const char *field, const char *text)
{
    const LzParam *param = find(model, field);
    g_assert(param->kind == LZ_PARAM_TEXT || param->kind == LZ_PARAM_NAME || param->kind == LZ_PARAM_VALUE);
    ((LzText *)(void *)((char *)config + param->offset))->text = text;
}

void *lz_test_config_field(const LzModel *model, void *config, const char *field)
{
    return (char *)config + find(model, field)->offset;
}

static const LzParam *find_inner(const LzParam *params)
{
    for (; params && params->field; params++) {
        const LzParam *found = params->kind == LZ_PARAM_MODEL && params->is_inner ? params : NULL;
        found = params->kind == LZ_PARAM_OBJECT ? find_inner(params->table) : found;
        if (found) {
            return found;
        }
    }
    return NULL;
}

bool lz_test_queue_accepts(const LzModel *model, const LzModel *inner)
{
    return find_inner(model->params) && !find_inner(inner->params);
}

void lz_test_queue_limit(const LzModel *model, void *config, double limit_bytes)
{
    const LzParam *inner = find_inner(model->params);
    if (inner) {
        const LzChoice *choice = (const LzChoice *)(const void *)((char *)config + inner->offset);
        lz_test_queue_limit(choice->model, choice->config, limit_bytes);
    } else {
        lz_test_config_set(model, config, "queue_limit_bytes", limit_bytes);
    }
}

void lz_test_queue_inside(const LzModel *model, void *config, const LzModel *inner, void *inner_config)
{
    const LzParam *param = find_inner(model->params);
    g_assert(param);
    *(LzChoice *)(void *)((char *)config + param->offset) = (LzChoice){.model = inner, .config = inner_config};
}
