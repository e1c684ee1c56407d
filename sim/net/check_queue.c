#include "sim/net/check_queue.h"

#include <string.h>

static int64_t value_of(const LzParam *param, const void *config)
{
    int64_t value;
    g_assert(param->size == sizeof value);
    memcpy(&value, (const char *)config + param->offset, sizeof value);
    return value;
}

static void find_limits(LzQueueCheck *check, const LzChoice *queue);

static void read_param(LzQueueCheck *check, const LzParam *param, const void *config)
{
    if (param->kind == LZ_PARAM_OBJECT) {
        for (const LzParam *inner = param->table; inner->field; inner++) {
            read_param(check, inner, (const char *)config + param->offset);
        }
    } else if (param->kind == LZ_PARAM_MODEL && param->model_kind == LZ_MODEL_QUEUE) {
        find_limits(check, (const LzChoice *)(const void *)((const char *)config + param->offset));
    } else if (param->kind == LZ_PARAM_BYTES && g_strcmp0(param->key, "limit") == 0) {
        check->bytes_max = (uint64_t)value_of(param, config);
    } else if (param->kind == LZ_PARAM_COUNT && g_strcmp0(param->key, "limit_packets") == 0 && value_of(param, config) > 0) {
        check->packets_max = (uint64_t)value_of(param, config);
    }
}

static void find_limits(LzQueueCheck *check, const LzChoice *queue)
{
    const LzQueueOps *ops = queue->model->ops;
    for (const LzParam *param = queue->model->params; param && param->field; param++) {
        read_param(check, param, queue->config);
    }
    if (ops->limit_bytes) {
        check->bytes_max = ops->limit_bytes(queue->config);
    }
}

void lz_queue_check_init(LzQueueCheck *check, LzLaws *laws, const char *link, const LzChoice *queue)
{
    *check = (LzQueueCheck){laws, link, UINT64_MAX, UINT64_MAX};
    find_limits(check, queue);
}

void lz_queue_check(const LzQueueCheck *check, uint64_t bytes, uint32_t packets)
{
    if (bytes > check->bytes_max || packets > check->packets_max) {
        lz_law_broken(check->laws, "link %s: a queue holds %" G_GUINT64_FORMAT " bytes in %u packets, above its limit", check->link,
                      bytes, packets);
    }
}
