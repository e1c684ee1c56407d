#include "sim/scenario/resolve.h"

#include <string.h>

#include "lazaret/model.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"

/* A rate of bytes is limited in bit/s or B/s and kept in 1e-6 B/s. */
#define MICRO_BYTES_PER_BIT INT64_C(125000)
#define RISE_MAX_PPB 1e12               /* a thousand times the baseline */

/* ---- which statistics a metric has, and in which unit their limits are ---- */

/* The mean of a counter is what it counts per second: its rate. */
#define STAT(name) (1u << LZ_STAT_##name)

static const unsigned allowed_stats[] = {
    [LZ_METRIC_COUNTER] = STAT(COUNT) | STAT(RATE) | STAT(MEAN),
    [LZ_METRIC_SAMPLE] =
        STAT(MEAN) | STAT(MIN) | STAT(MAX) | STAT(P50) | STAT(P90) | STAT(P95) | STAT(P99) | STAT(P999) | STAT(COUNT),
    [LZ_METRIC_LEVEL] = STAT(MEAN) | STAT(MAX) | STAT(MIN) | STAT(LAST) | STAT(RECOVER_TIME),
    [LZ_METRIC_RATIO] = STAT(RATIO) | STAT(COUNT),
};

static LzParamKind unit_kind(LzUnit unit)
{
    switch (unit) {
    case LZ_UNIT_SECONDS:
        return LZ_PARAM_TIME_NS;
    case LZ_UNIT_BYTES:
        return LZ_PARAM_BYTES;
    case LZ_UNIT_RATIO:
        return LZ_PARAM_PPB;
    case LZ_UNIT_BITS_PER_SECOND:
        return LZ_PARAM_BPS;
    case LZ_UNIT_NONE:
        return LZ_PARAM_COUNT;
    }
    return LZ_PARAM_COUNT;
}

static LzParamKind limit_kind(const LzMetricInfo *metric, LzStat stat)
{
    if (stat == LZ_STAT_RECOVER_TIME) {
        return LZ_PARAM_TIME_NS;
    }
    if (stat == LZ_STAT_RATIO) {
        return LZ_PARAM_PPB;
    }
    if (stat == LZ_STAT_RATE || (stat == LZ_STAT_MEAN && metric->type == LZ_METRIC_COUNTER)) {
        return metric->unit == LZ_UNIT_BYTES ? LZ_PARAM_BPS : LZ_PARAM_RATE_UHZ;
    }
    if (stat == LZ_STAT_COUNT && metric->type != LZ_METRIC_COUNTER) {
        return LZ_PARAM_COUNT;
    }
    return unit_kind(metric->unit);
}

/* ---- the metric ---- */

typedef struct Split {          /* SCOPE.NAME.METRIC */
    LzScopeKind scope;
    char *name;                 /* NULL for scopes without one */
    const char *metric;
} Split;

static bool has_name(LzScopeKind scope)
{
    return scope != LZ_SCOPE_RUN && scope != LZ_SCOPE_TLS && scope != LZ_SCOPE_TCP && scope != LZ_SCOPE_ONBOARDING;
}

static void report_metric(const LzResolver *resolver, const LzText *text, const char *const *known, unsigned count,
                          const char *word)
{
    g_autofree char *quoted = lz_quote(text->text);
    LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E210", text->mark, lz_text_length(text),
                                               "metric `%s` does not exist", quoted);
    lz_diagnostic_suggest(diagnostic, word, known, count, "lazaret list metrics");
}

static bool split_metric(const LzResolver *resolver, const LzText *text, Split *ret_split)
{
    const char *scopes[LZ_SCOPE_KIND_COUNT];
    const char *dot = strchr(text->text, '.');
    g_autofree char *word = g_strndup(text->text, dot ? (size_t)(dot - text->text) : strlen(text->text));
    int scope = -1;
    for (int i = 0; i < LZ_SCOPE_KIND_COUNT; i++) {
        scopes[i] = lz_scope_kind_name((LzScopeKind)i);
        scope = strcmp(scopes[i], word) == 0 ? i : scope;
    }
    const char *rest = dot ? dot + 1 : "";
    const char *second = strchr(rest, '.');
    if (scope < 0 || !dot || (has_name((LzScopeKind)scope) && !second)) {
        report_metric(resolver, text, scopes, LZ_SCOPE_KIND_COUNT, word);
        return false;
    }
    bool is_named = has_name((LzScopeKind)scope);
    *ret_split = (Split){(LzScopeKind)scope, is_named ? g_strndup(rest, (size_t)(second - rest)) : NULL,
                         is_named ? second + 1 : rest};
    return true;
}

static bool find_metric(const LzResolver *resolver, const LzText *text, const Split *split, LzMetric *ret_metric)
{
    const char *known[LZ_METRIC_ID_COUNT];
    unsigned count = 0;
    for (int i = 0; i < LZ_METRIC_ID_COUNT; i++) {
        const LzMetricInfo *info = lz_metric_info((LzMetric)i);
        if (info->scope != split->scope) {
            continue;
        }
        if (strcmp(info->name, split->metric) == 0) {
            *ret_metric = (LzMetric)i;
            return true;
        }
        known[count++] = info->name;
    }
    report_metric(resolver, text, known, count, split->metric);
    return false;
}

static bool fleet_has_flow(const LzFleetPlan *fleet, const char *name)
{
    for (unsigned i = 0; i < fleet->traffic.count; i++) {
        const LzText *flow = &LZ_ITEM(fleet->traffic, LzFlowPlan, i)->name;
        if (flow->text && strcmp(flow->text, name) == 0) {
            return true;
        }
    }
    return false;
}

/* One of each name, of all fleets; nearly always a handful. */
static GPtrArray *all_flows(const LzPlan *plan)
{
    GPtrArray *flows = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        const LzList *traffic = &LZ_ITEM(plan->fleet, LzFleetPlan, i)->traffic;
        for (unsigned j = 0; j < traffic->count; j++) {
            const LzText *name = &LZ_ITEM(*traffic, LzFlowPlan, j)->name;
            if (name->text && g_hash_table_add(seen, (gpointer)(uintptr_t)name->text)) {
                g_ptr_array_add(flows, (gpointer)(uintptr_t)name);
            }
        }
    }
    return flows;
}

static LzNames *flow_names(const LzResolver *resolver)
{
    g_autoptr(GPtrArray) flows = all_flows(resolver->plan);
    LzText *items = lz_arena_array(resolver->walk->arena, flows->len, sizeof *items);
    for (unsigned i = 0; i < flows->len; i++) {
        items[i] = *(const LzText *)flows->pdata[i];
    }
    LzList list = {items, flows->len};
    return lz_names_new(resolver->report, "flow", &list, sizeof *items);
}

static const LzNames *names_of(const LzResolver *resolver, const LzNames *flows, LzScopeKind scope)
{
    switch (scope) {
    case LZ_SCOPE_FLOW:
        return flows;
    case LZ_SCOPE_FLEET:
        return resolver->fleets;
    case LZ_SCOPE_LINK:
        return resolver->links;
    case LZ_SCOPE_SERVICE:
        return resolver->services;
    case LZ_SCOPE_ATTACK:
        return resolver->attacks;
    case LZ_SCOPE_DEFENCE:
        return resolver->defences;
    case LZ_SCOPE_RUN:
    case LZ_SCOPE_TLS:
    case LZ_SCOPE_TCP:
    case LZ_SCOPE_ONBOARDING:
    case LZ_SCOPE_KIND_COUNT:
        return NULL;
    }
    return NULL;
}

/* With a profile that could not be read, flows are unknown: one mistake, one message. */
static bool are_flows_known(const LzPlan *plan)
{
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        if (!LZ_ITEM(plan->fleet, LzFleetPlan, i)->resolved) {
            return false;
        }
    }
    return true;
}

/* "firewall/allow-mqtt": what one item of a defence's list does, or `otherwise` or `mud`, is counted for itself. */
static bool is_part_of_defence(const LzResolver *resolver, const char *name)
{
    const char *slash = strchr(name, '/');
    g_autofree char *whole = slash ? g_strndup(name, (size_t)(slash - name)) : NULL;
    const LzDefencePlan *defence = whole ? lz_names_find(resolver->defences, whole) : NULL;
    const LzParam *param = defence && defence->kind.model ? defence->kind.model->params : NULL;
    for (; param && param->field; param++) {
        if (param->kind != LZ_PARAM_LIST || !lz_param_item_name(param->table)) {
            continue;
        }
        const LzList *list = (const LzList *)(const void *)((const char *)defence->kind.config + param->offset);
        for (unsigned i = 0; i < list->count; i++) {
            const LzText *item = (const LzText *)(const void *)((const char *)list->items + i * param->item_size);
            if (g_strcmp0(item->text, slash + 1) == 0) {
                return true;
            }
        }
        return strcmp(slash + 1, "otherwise") == 0 || strcmp(slash + 1, "mud") == 0;
    }
    return false;
}

static bool check_scope_name(const LzResolver *resolver, const LzNames *flows, const LzText *text, const Split *split)
{
    const LzNames *names = names_of(resolver, flows, split->scope);
    if (!names || lz_names_find(names, split->name) ||
        (split->scope == LZ_SCOPE_DEFENCE && is_part_of_defence(resolver, split->name))) {
        return true;
    }
    if (split->scope == LZ_SCOPE_FLOW && !are_flows_known(resolver->plan)) {
        return false;
    }
    g_autofree char *quoted = lz_quote(text->text);
    LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E210", text->mark, lz_text_length(text),
                                               "metric `%s` does not exist", quoted);
    lz_names_suggest(names, diagnostic, split->name);
    return false;
}

static bool resolve_metric(LzResolver *resolver, const LzNames *flows, LzExpectPlan *expect)
{
    Split split = {.name = NULL};
    bool is_found = split_metric(resolver, &expect->metric, &split) &&
                    find_metric(resolver, &expect->metric, &split, &expect->metric_id) &&
                    check_scope_name(resolver, flows, &expect->metric, &split);
    if (is_found && split.name) {
        expect->scope_name = (LzText){lz_arena_text(resolver->walk->arena, split.name), expect->metric.mark};
    }
    g_free(split.name);
    return is_found;
}

static bool check_stat(const LzResolver *resolver, const LzExpectPlan *expect, const LzMetricInfo *metric)
{
    if (allowed_stats[metric->type] & (1u << expect->stat)) {
        return true;
    }
    const char *known[LZ_STAT_RECOVER_TIME + 1];
    unsigned count = 0;
    for (unsigned i = 0; lz_stat_words[i]; i++) {
        if (allowed_stats[metric->type] & (1u << i)) {
            known[count++] = lz_stat_words[i];
        }
    }
    unsigned length = 1;
    LzMark mark = lz_walk_mark(resolver->walk, expect, "stat", &length);
    LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E212", mark, length, "`%s` has no statistic `%s`",
                                               expect->metric.text, lz_stat_words[expect->stat]);
    lz_diagnostic_suggest(diagnostic, "", known, count, NULL);
    return false;
}

/* ---- limits ---- */

static bool read_limit(LzResolver *resolver, LzParamKind kind, const char *key, const LzText *text, int64_t *ret_value)
{
    if (!text->text || !lz_walk_quantity(resolver->walk, kind, 0, key, text, ret_value)) {
        return false;
    }
    if (kind != LZ_PARAM_BPS) {
        return true;
    }
    if (*ret_value > INT64_MAX / MICRO_BYTES_PER_BIT) {
        lz_report_error(resolver->report, "E024", text->mark, lz_text_length(text), "`%s` is too large to be kept",
                        key);
        return false;
    }
    *ret_value *= MICRO_BYTES_PER_BIT;
    return true;
}

static void check_limits(LzResolver *resolver, LzExpectPlan *expect)
{
    const LzNode *node = lz_walk_node(resolver->walk, expect);
    if (!lz_node_find(node, "min") && !lz_node_find(node, "max") && !lz_node_find(node, "vs")) {
        LzDiagnostic *diagnostic =
            lz_report_error(resolver->report, "E214", expect->mark, 1, "an expectation needs `min`, `max` or both");
        lz_diagnostic_note(diagnostic, "without a limit it could not fail");
    }
    if (expect->has_min && expect->has_max && expect->min_value > expect->max_value) {
        lz_report_error(resolver->report, "E214", expect->min.mark, lz_text_length(&expect->min),
                        "`min` is above `max`: nothing can hold");
    }
}

static void resolve_limits(LzResolver *resolver, LzExpectPlan *expect, const LzMetricInfo *metric)
{
    LzParamKind kind = limit_kind(metric, (LzStat)expect->stat);
    expect->has_min = read_limit(resolver, kind, "min", &expect->min, &expect->min_value);
    expect->has_max = read_limit(resolver, kind, "max", &expect->max, &expect->max_value);
    check_limits(resolver, expect);
    bool is_recovery = expect->stat == LZ_STAT_RECOVER_TIME;
    if (is_recovery && (!expect->to.text || !expect->after.text)) {
        lz_report_error(resolver->report, "E216", expect->mark, 1,
                        "recover_time needs `to` (a level) and `after` (an attack or fault)");
    } else if (!is_recovery && expect->to.text) {
        lz_report_error(resolver->report, "E216", expect->to.mark, lz_text_length(&expect->to),
                        "`to` belongs to the statistic recover_time");
    } else if (is_recovery) {
        read_limit(resolver, unit_kind(metric->unit), "to", &expect->to, &expect->to_value);
    }
}

/* ---- against a baseline ---- */

/* What is wrong with the name of a folder below the scenario's; NULL when nothing is. */
static const char *fault_of_baseline(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    if (path[0] == '\0' || g_path_is_absolute(path) || g_strv_contains((const char *const *)parts, "..")) {
        return "a baseline is a folder below the scenario's: relative, without `..`";
    }
    for (char **part = parts; *part; part++) {
        if (g_str_has_suffix(*part, ".partial")) {
            return "a baseline is the results of a run that is complete";
        }
    }
    return NULL;
}

static void check_baseline(LzResolver *resolver, const LzExpectPlan *expect)
{
    const LzText *baseline = &expect->vs.baseline;
    const char *fault = fault_of_baseline(baseline->text);
    if (!fault && expect->stat == LZ_STAT_RECOVER_TIME) {
        fault = "recover_time cannot be compared with a baseline";
    }
    if (!fault && !expect->max_drop.text && !expect->max_rise.text) {
        fault = "`vs` needs `max_drop`, `max_rise` or both";
    }
    if (fault) {
        lz_report_error(resolver->report, "E218", baseline->mark, lz_text_length(baseline), "%s", fault);
    }
}

static bool read_share(LzResolver *resolver, double max, const char *key, const LzText *text, int64_t *ret_ppb)
{
    return text->text && lz_walk_quantity(resolver->walk, LZ_PARAM_PPB, max, key, text, ret_ppb);
}

static void resolve_versus(LzResolver *resolver, LzExpectPlan *expect)
{
    static const char *const keys[] = {"vs", "max_drop", "max_rise"};
    expect->has_max_drop = read_share(resolver, 0, "max_drop", &expect->max_drop, &expect->max_drop_ppb);
    expect->has_max_rise = read_share(resolver, RISE_MAX_PPB, "max_rise", &expect->max_rise, &expect->max_rise_ppb);
    if (expect->vs.baseline.text) {
        check_baseline(resolver, expect);
        return;
    }
    const LzNode *node = lz_walk_node(resolver->walk, expect);
    const LzEntry *vs = lz_node_find(node, "vs");
    if (vs && lz_node_find(vs->value, "baseline")) {
        return;                         /* what it says is reported */
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        const LzEntry *entry = lz_node_find(node, keys[i]);
        if (entry) {
            lz_report_error(resolver->report, "E218", entry->key->mark, entry->key->length,
                            "`%s` needs `vs: {baseline: DIR}`", keys[i]);
            return;
        }
    }
}

/* ---- the run's end ---- */

static void check_abort(LzResolver *resolver, const LzExpectPlan *expect)
{
    if (expect->abort_on_fail && expect->severity != 0) {
        unsigned length;
        LzMark mark = lz_walk_mark(resolver->walk, expect, "abort_on_fail", &length);
        lz_report_error(resolver->report, "E219", mark, length, "a warning does not stop the run: `severity` must be `fail`");
    }
}

/* ---- where and when ---- */

static void resolve_where(LzResolver *resolver, const LzExpectPlan *expect, const LzMetricInfo *metric)
{
    const LzText *name = &expect->where.fleet;
    const LzFleetPlan *fleet = lz_names_resolve(resolver->fleets, "E107", name);
    if (!fleet || !metric) {
        return;
    }
    bool is_per_fleet = metric->scope == LZ_SCOPE_TLS || metric->scope == LZ_SCOPE_TCP ||
                        metric->scope == LZ_SCOPE_ONBOARDING || metric->scope == LZ_SCOPE_FLOW;
    if (!is_per_fleet) {
        lz_report_error(resolver->report, "E217", name->mark, lz_text_length(name), "`%s` is not kept per fleet",
                        expect->metric.text);
    } else if (metric->scope == LZ_SCOPE_FLOW && expect->scope_name.text && fleet->resolved &&
               !fleet_has_flow(fleet, expect->scope_name.text)) {
        lz_report_error(resolver->report, "E217", name->mark, lz_text_length(name), "fleet `%s` has no flow `%s`",
                        name->text, expect->scope_name.text);
    }
}

static void resolve_when(LzResolver *resolver, LzExpectPlan *expect)
{
    if (expect->during.text && expect->after.text) {
        lz_report_error(resolver->report, "E216", expect->after.mark, lz_text_length(&expect->after),
                        "`during` and `after` exclude each other");
        return;
    }
    const LzText *text = expect->after.text ? &expect->after : &expect->during;
    if (!text->text || !lz_resolve_window(resolver, text, text == &expect->after, &expect->window)) {
        return;
    }
    const LzWindowPlan *window = &g_array_index(resolver->windows, LzWindowPlan, expect->window);
    if (window->from_ns >= window->to_ns && resolver->plan->run.duration_ns > 0) {
        LzDiagnostic *diagnostic = lz_report_warning(resolver->report, "W303", text->mark, lz_text_length(text),
                                                     "the window `%s` is empty", window->name);
        lz_diagnostic_note(diagnostic, "an expectation that sees no sample fails");
    }
}

static void set_mark(const LzResolver *resolver, LzExpectPlan *expect)
{
    const LzNode *node = lz_walk_node(resolver->walk, expect);
    expect->mark = node && node->count > 0 ? node->entries[0].key->mark : expect->name.mark;
}

static void resolve_expectation(LzResolver *resolver, const LzNames *flows, LzExpectPlan *expect)
{
    set_mark(resolver, expect);
    const LzMetricInfo *metric = NULL;
    if (expect->metric.text && resolve_metric(resolver, flows, expect)) {
        metric = lz_metric_info(expect->metric_id);
    }
    const char *stat = lz_node_text(lz_walk_node(resolver->walk, expect), "stat");
    bool has_stat = stat && strcmp(stat, lz_stat_words[expect->stat]) == 0;
    if (metric && has_stat && check_stat(resolver, expect, metric)) {
        resolve_limits(resolver, expect, metric);
    }
    resolve_versus(resolver, expect);
    check_abort(resolver, expect);
    resolve_where(resolver, expect, metric);
    resolve_when(resolver, expect);
}

void lz_resolve_expectations(LzResolver *resolver)
{
    g_autoptr(LzNames) flows = flow_names(resolver);
    G_GNUC_UNUSED g_autoptr(LzNames) names =
        lz_names_new(resolver->report, "expectation", &resolver->plan->expect, sizeof(LzExpectPlan));
    for (unsigned i = 0; i < resolver->plan->expect.count; i++) {
        resolve_expectation(resolver, flows, LZ_ITEM(resolver->plan->expect, LzExpectPlan, i));
    }
}
