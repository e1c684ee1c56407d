/* The catalogue of metrics as a table, and the words of scopes and units. */
#include "lazaret/metric.h"

#include <glib.h>

static const LzMetricInfo metrics[] = {
#define METRIC_ROW(id, scope_, name_, type_, unit_, help_) \
    [LZ_METRIC_##id] = {.name = name_, .scope = LZ_SCOPE_##scope_, .type = LZ_METRIC_##type_, \
                        .unit = LZ_UNIT_##unit_, .help = help_},
    LZ_METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const char *const scope_kind_names[] = {
    [LZ_SCOPE_RUN] = "run", [LZ_SCOPE_TLS] = "tls", [LZ_SCOPE_TCP] = "tcp", [LZ_SCOPE_ONBOARDING] = "onboarding", [LZ_SCOPE_FLOW] = "flow", [LZ_SCOPE_FLEET] = "fleet",
    [LZ_SCOPE_LINK] = "link", [LZ_SCOPE_SERVICE] = "service", [LZ_SCOPE_ATTACK] = "attack",
    [LZ_SCOPE_DEFENCE] = "defence",
};
G_STATIC_ASSERT(G_N_ELEMENTS(scope_kind_names) == LZ_SCOPE_KIND_COUNT);

static const char *const unit_names[] = {
    [LZ_UNIT_NONE] = "", [LZ_UNIT_SECONDS] = "s", [LZ_UNIT_BYTES] = "B", [LZ_UNIT_RATIO] = "ratio",
    [LZ_UNIT_BITS_PER_SECOND] = "bit/s",
};
G_STATIC_ASSERT(G_N_ELEMENTS(unit_names) == LZ_UNIT_BITS_PER_SECOND + 1);

const LzMetricInfo *lz_metric_info(LzMetric metric)
{
    g_assert(metric < LZ_METRIC_ID_COUNT);
    return &metrics[metric];
}

const char *lz_scope_kind_name(LzScopeKind kind)
{
    g_assert(kind < LZ_SCOPE_KIND_COUNT);
    return scope_kind_names[kind];
}

const char *lz_unit_name(LzUnit unit)
{
    g_assert(unit < G_N_ELEMENTS(unit_names));
    return unit_names[unit];
}
