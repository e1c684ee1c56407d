/* The newest value of every series, one gauge per scope and metric. */
#include "sim/control/gauges.h"

#include <string.h>

#define STATS_MAX 4                     /* statistics that a series has in one interval */

typedef struct Gauge {
    LzScopeKind kind;
    char *scope, *fleet;                /* may be NULL */
    LzMetric metric;
    LzTime t_ns;
    const char *stats[STATS_MAX];       /* static words */
    int64_t values[STATS_MAX];
    unsigned stat_count;
    uint64_t n;
    bool is_changed;
} Gauge;

struct LzGauges {
    GPtrArray *gauges;                  /* Gauge, in order of first appearance */
    GHashTable *keys;                   /* owned key -> Gauge; looked up only */
    LzJson *body;
};

static void gauge_free(gpointer data)
{
    Gauge *gauge = data;
    g_free(gauge->scope);
    g_free(gauge->fleet);
    g_free(gauge);
}

LzGauges *lz_gauges_new(void)
{
    LzGauges *gauges = g_new0(LzGauges, 1);
    gauges->gauges = g_ptr_array_new_with_free_func(gauge_free);
    gauges->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gauges->body = lz_json_new(0);
    return gauges;
}

void lz_gauges_free(LzGauges *gauges)
{
    if (!gauges) {
        return;
    }
    g_hash_table_unref(gauges->keys);
    g_ptr_array_unref(gauges->gauges);
    lz_json_free(gauges->body);
    g_free(gauges);
}

static Gauge *gauge_at(LzGauges *gauges, const LzScopeInfo *scope, LzMetric metric)
{
    g_autofree char *key = g_strdup_printf("%u\037%s\037%s", (unsigned)metric, scope->name ? scope->name : "",
                                           scope->fleet ? scope->fleet : "");
    Gauge *gauge = g_hash_table_lookup(gauges->keys, key);
    if (gauge) {
        return gauge;
    }
    gauge = g_new0(Gauge, 1);
    gauge->kind = scope->kind;
    gauge->scope = g_strdup(scope->name);
    gauge->fleet = g_strdup(scope->fleet);
    gauge->metric = metric;
    g_ptr_array_add(gauges->gauges, gauge);
    g_hash_table_insert(gauges->keys, g_steal_pointer(&key), gauge);
    return gauge;
}

/* The rows of one interval come one after the other; a row of another time begins anew. */
void lz_gauges_set(LzGauges *gauges, const LzScopeInfo *scope, const LzSeriesRow *row)
{
    Gauge *gauge = gauge_at(gauges, scope, row->metric);
    if (gauge->t_ns != row->t_ns || gauge->stat_count == STATS_MAX || !gauge->is_changed) {
        gauge->stat_count = 0;
    }
    gauge->t_ns = row->t_ns;
    gauge->stats[gauge->stat_count] = row->stat;
    gauge->values[gauge->stat_count++] = row->value;
    gauge->n = row->n;
    gauge->is_changed = true;
}

/* In the unit that the body names: seconds and shares are recorded as billionths. */
static void write_value(LzJson *body, const LzMetricInfo *info, const char *stat, int64_t value)
{
    bool is_count = strcmp(stat, "count") == 0;
    bool is_billionths = !is_count && (info->unit == LZ_UNIT_SECONDS || info->unit == LZ_UNIT_RATIO);
    lz_json_decimal(body, stat, value, is_billionths ? 9 : 0);
}

static const char *body_of(LzGauges *gauges, const Gauge *gauge)
{
    const LzMetricInfo *info = lz_metric_info(gauge->metric);
    LzJson *body = gauges->body;
    lz_json_reset(body);
    lz_json_object_begin(body, NULL);
    lz_json_integer(body, "t_ns", gauge->t_ns);
    lz_json_string(body, "scope_kind", lz_scope_kind_name(gauge->kind));
    lz_json_string(body, "scope", gauge->scope);
    lz_json_string(body, "fleet", gauge->fleet);
    lz_json_string(body, "metric", info->name);
    lz_json_string(body, "unit", lz_unit_name(info->unit));
    for (unsigned i = 0; i < gauge->stat_count; i++) {
        write_value(body, info, gauge->stats[i], gauge->values[i]);
    }
    lz_json_unsigned(body, "n", gauge->n);
    lz_json_object_end(body);
    return lz_json_text(body, NULL);
}

void lz_gauges_take(LzGauges *gauges, void (*send)(void *self, const char *name, LzTime t_ns, const char *body),
                    void *self)
{
    for (unsigned i = 0; i < gauges->gauges->len; i++) {
        Gauge *gauge = g_ptr_array_index(gauges->gauges, i);
        if (!gauge->is_changed) {
            continue;
        }
        const LzMetricInfo *info = lz_metric_info(gauge->metric);
        g_autofree char *name = g_strdup_printf("%s.%s", lz_scope_kind_name(gauge->kind), info->name);
        send(self, name, gauge->t_ns, body_of(gauges, gauge));
        gauge->is_changed = false;
    }
}
