#include "tests/lib/test_config.h"

#include <glib.h>
#include <string.h>

static void fill(const LzParam *params, void *config);

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

static void set_default(const LzParam *param, void *field)
{
    switch (param->kind) {
    case LZ_PARAM_TEXT:
    case LZ_PARAM_NAME:
    case LZ_PARAM_VALUE:
        ((LzText *)field)->text = param->fallback_text;
        return;
    case LZ_PARAM_OBJECT:
        fill(param->table, field);
        return;
    case LZ_PARAM_NAMES:
    case LZ_PARAM_LIST:
    case LZ_PARAM_MODEL:
    case LZ_PARAM_ANY:
        return;
    case LZ_PARAM_TIME_NS:
    case LZ_PARAM_BYTES:
    case LZ_PARAM_BPS:
    case LZ_PARAM_PPB:
    case LZ_PARAM_RATE_UHZ:
    case LZ_PARAM_FREQUENCY_HZ:
    case LZ_PARAM_COUNT:
    case LZ_PARAM_CORES:
    case LZ_PARAM_BOOL:
    case LZ_PARAM_ENUM:
    case LZ_PARAM_DIST:
    case LZ_PARAM_DATE:
        set_number(param, field, param->fallback);
        return;
    }
    g_assert_not_reached();
}

static void fill(const LzParam *params, void *config)
{
    for (; params && params->field; params++) {
        set_default(params, (char *)config + params->offset);
    }
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
    void *config = model->config_size > 0 ? g_malloc0(model->config_size) : NULL;
    fill(model->params, config);
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
