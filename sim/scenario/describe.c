/* What there is to name in a scenario, and what each of it is: from the registry, the tables and the data. */
#include <string.h>

#include "lazaret/metric.h"
#include "lazaret/model.h"
#include "sim/registry.h"
#include "sim/scenario/data.h"
#include "sim/scenario/load.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"

#define NAME_COLUMN 22

/* ---- parameter tables as text ---- */

static char *default_text(const LzParam *param)
{
    if (param->is_required) {
        return g_strdup("required");
    }
    if (param->fallback_text) {
        return g_strdup_printf("default %s", param->fallback_text);
    }
    if (param->kind == LZ_PARAM_DIST) {
        g_autofree char *value = lz_quantity_format(LZ_PARAM_TIME_NS, (int64_t)param->fallback);
        return g_strdup_printf("default %s", value);
    }
    if (!lz_param_is_integer(param->kind)) {
        return g_strdup("optional");
    }
    g_autofree char *value = lz_param_format(param, (int64_t)param->fallback);
    return g_strdup_printf("default %s", value);
}

static char *range_text(const LzParam *param)
{
    if (param->words) {
        g_autofree char *words = g_strjoinv(" | ", (char **)(uintptr_t)param->words);
        return g_strdup_printf("; %s", words);
    }
    if (param->kind == LZ_PARAM_BOOL) {
        return g_strdup("; true | false");
    }
    if (param->kind == LZ_PARAM_DSCP) {
        return g_strdup("; df, le, cs1 to cs7, af11 to af43, va, ef or 0 to 63");
    }
    if (!lz_param_is_integer(param->kind) || param->kind == LZ_PARAM_DATE) {
        return g_strdup("");
    }
    g_autofree char *min = lz_param_format(param, lz_param_min(param));
    if (!param->has_max && param->max <= 0 && param->kind != LZ_PARAM_PPB) {
        return g_strdup_printf("; at least %s", min);
    }
    g_autofree char *max = lz_param_format(param, lz_param_max(param));
    return g_strdup_printf("; %s to %s", min, max);
}

static const char *kind_text(LzParamKind kind)
{
    static const char *const names[] = {
        [LZ_PARAM_TIME_NS] = "time",  [LZ_PARAM_BYTES] = "size",
        [LZ_PARAM_BPS] = "bit rate",  [LZ_PARAM_PPB] = "share",
        [LZ_PARAM_RATE_UHZ] = "rate", [LZ_PARAM_FREQUENCY_HZ] = "frequency",
        [LZ_PARAM_COUNT] = "count",   [LZ_PARAM_CORES] = "cores",
        [LZ_PARAM_BOOL] = "boolean",  [LZ_PARAM_TEXT] = "text",
        [LZ_PARAM_NAME] = "name",     [LZ_PARAM_NAMES] = "list of names",
        [LZ_PARAM_ENUM] = "word",     [LZ_PARAM_DIST] = "time or distribution",
        [LZ_PARAM_DATE] = "date",     [LZ_PARAM_OBJECT] = "mapping",
        [LZ_PARAM_LIST] = "list",     [LZ_PARAM_MODEL] = "model",
        [LZ_PARAM_VALUE] = "value",   [LZ_PARAM_ANY] = "anything",
        [LZ_PARAM_DSCP] = "DSCP",
    };
    return names[kind];
}

/* depth: of the mapping or the items that the rows belong to, two columns each. */
static void append_params(GString *out, const LzParam *table, unsigned depth)
{
    for (; table && table->field; table++) {
        g_autofree char *key = lz_param_key_dup(table);
        g_autofree char *fallback = default_text(table);
        g_autofree char *range = range_text(table);
        const int indent = 2 + 2 * (int)depth;
        g_string_append_printf(out, "%*s%-*s %s; %s%s\n", indent, "", NAME_COLUMN, key, kind_text(table->kind), fallback, range);
        g_string_append_printf(out, "%*s%-*s %s\n", indent, "", NAME_COLUMN, "", table->help);
        if (table->source) {
            g_string_append_printf(out, "%*s%-*s source: %s\n", indent, "", NAME_COLUMN, "", table->source);
        }
        append_params(out, table->table, depth + 1);
    }
}

static char *describe_model(const LzModel *model)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s: %s model\n  %s\n", model->name, lz_model_kind_name(model->kind), model->summary);
    if (model->source) {
        g_string_append_printf(out, "  source: %s\n", model->source);
    }
    if (model->params && model->params->field) {
        g_string_append(out, "\nparameters\n");
        append_params(out, model->params, 0);
    }
    if (model->not_modelled && model->not_modelled[0]) {
        g_string_append(out, "\nnot modelled\n");
        for (unsigned i = 0; model->not_modelled[i]; i++) {
            g_string_append_printf(out, "  - %s\n", model->not_modelled[i]);
        }
    }
    return g_string_free(out, FALSE);
}

/* ---- data ---- */

typedef struct Reader {         /* reads one data file outside of a scenario */
    LzArena *arena;
    LzDiagnostics *diagnostics;
    LzReport *report;
    LzWalk *walk;
    LzData *data;
} Reader;

static Reader reader_open(void)
{
    Reader reader = {.arena = lz_arena_new(), .diagnostics = lz_diagnostics_new()};
    reader.report = lz_report_new(reader.diagnostics);
    reader.walk = lz_walk_new(reader.report, reader.arena);
    reader.data = lz_data_new(reader.walk, LZ_DATA_HERE);
    return reader;
}

static void reader_close(Reader *reader)
{
    lz_data_free(reader->data);
    lz_walk_free(reader->walk);
    lz_report_free(reader->report);
    lz_diagnostics_free(reader->diagnostics);
    lz_arena_free(reader->arena);
}

static void append_value(GString *out, const LzParam *param, const void *base)
{
    g_autofree char *key = lz_param_key_dup(param);
    if (lz_param_is_integer(param->kind)) {
        g_autofree char *value = lz_param_format(param, lz_param_integer(param, base));
        g_string_append_printf(out, "  %-*s %s\n", NAME_COLUMN, key, value);
        return;
    }
    const LzText *text = (const LzText *)(const void *)((const char *)base + param->offset);
    bool is_text = param->kind == LZ_PARAM_TEXT || param->kind == LZ_PARAM_NAME;
    if (is_text && text->text) {
        g_string_append_printf(out, "  %-*s %s\n", NAME_COLUMN, key, text->text);
    }
}

static void append_values(GString *out, const LzParam *table, const void *base)
{
    for (; table->field; table++) {
        append_value(out, table, base);
    }
}

static void append_flow(GString *out, const LzFlowPlan *flow)
{
    const LzModel *behaviour = flow->behaviour.model;
    g_string_append_printf(out, "\nflow %s\n", flow->name.text);
    for (const LzParam *param = lz_schema_flow; param->field; param++) {
        if (param->kind != LZ_PARAM_MODEL && !(param->kind == LZ_PARAM_NAME && param->is_required)) {
            append_value(out, param, flow);
        }
    }
    g_string_append_printf(out, "  %-*s %s\n", NAME_COLUMN, "behaviour", behaviour->name);
    if (behaviour->params) {
        append_values(out, behaviour->params, flow->behaviour.config);
    }
}

static char *describe_profile(const LzProfilePlan *profile)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s: device profile\n", profile->name.text);
    append_values(out, lz_schema_device, profile);
    for (unsigned i = 0; i < profile->flows.count; i++) {
        append_flow(out, &((const LzFlowPlan *)profile->flows.items)[i]);
    }
    return g_string_free(out, FALSE);
}

static char *describe_cpu(const LzCpu *cpu)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s: CPU class\n", cpu->name.text);
    append_values(out, lz_schema_cpu, cpu);
    return g_string_free(out, FALSE);
}

static char *describe_diurnal(const LzDiurnalPlan *plan)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s: rhythm of the day\n", plan->name.text);
    append_values(out, lz_schema_diurnal, plan);
    for (unsigned hour = 0; hour < LZ_HOURS_OF_DAY; hour++) {
        g_string_append_printf(out, "  %2u h  %4.1f %%  ", hour, plan->day.share_ppb[hour] / 1e7);
        for (unsigned mark = plan->day.share_ppb[hour] / 2500000; mark > 0; mark--) {
            g_string_append_c(out, '#');
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* A data file that is compiled in has no mistakes (a test reads them all); with one, it is not described. */
static char *describe_data(const char *name)
{
    Reader reader = reader_open();
    LzText text = {name, {"", 0, 0}};
    const LzProfilePlan *profile = lz_data_profile(reader.data, &text);
    char *described = profile && reader.diagnostics->errors == 0 ? describe_profile(profile) : NULL;
    unsigned errors = reader.diagnostics->errors;
    const LzCpu *cpu = described ? NULL : lz_data_cpu(reader.data, &text);
    if (cpu && reader.diagnostics->errors == errors) {
        described = describe_cpu(cpu);
    }
    errors = reader.diagnostics->errors;
    const LzDiurnalPlan *diurnal = described ? NULL : lz_data_diurnal(reader.data, &text);
    if (diurnal && reader.diagnostics->errors == errors) {
        described = describe_diurnal(diurnal);
    }
    reader_close(&reader);
    return described;
}

static void append_all(GString *out, char *text)
{
    if (text) {
        g_string_append(out, out->len > 0 ? "\n" : "");
        g_string_append(out, text);
    }
    g_free(text);
}

char *lz_describe(const char *name)
{
    GString *out = g_string_new(NULL);
    for (int kind = 0; kind < LZ_MODEL_KIND_COUNT; kind++) {
        const LzModel *model = lz_registry_find((LzModelKind)kind, name);
        if (model && model->kind == (LzModelKind)kind) {
            append_all(out, describe_model(model));
        }
    }
    append_all(out, describe_data(name));
    return g_string_free(out, out->len == 0);
}

/* ---- lists ---- */

static void append_row(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, "  %-*s %s\n", NAME_COLUMN, name, text ? text : "");
}

static void list_models(GString *out, LzModelKind kind)
{
    for (const LzModel *const *model = lz_registry_all(kind); *model; model++) {
        append_row(out, (*model)->name, (*model)->summary);
    }
}

static void list_devices(GString *out)
{
    Reader reader = reader_open();
    g_auto(GStrv) names = lz_data_names(LZ_DATA_HERE, "devices");
    for (unsigned i = 0; names[i]; i++) {
        LzText name = {names[i], {"", 0, 0}};
        const LzProfilePlan *profile = lz_data_profile(reader.data, &name);
        append_row(out, names[i], profile ? profile->title.text : NULL);
    }
    reader_close(&reader);
}

static void list_cpus(GString *out)
{
    Reader reader = reader_open();
    g_auto(GStrv) names = lz_data_names(LZ_DATA_HERE, "cpus");
    for (unsigned i = 0; names[i]; i++) {
        LzText name = {names[i], {"", 0, 0}};
        const LzCpu *cpu = lz_data_cpu(reader.data, &name);
        append_row(out, names[i], cpu ? cpu->title.text : NULL);
    }
    reader_close(&reader);
}

static void list_diurnals(GString *out)
{
    Reader reader = reader_open();
    g_auto(GStrv) names = lz_data_names(LZ_DATA_HERE, "diurnals");
    for (unsigned i = 0; names[i]; i++) {
        LzText name = {names[i], {"", 0, 0}};
        const LzDiurnalPlan *plan = lz_data_diurnal(reader.data, &name);
        append_row(out, names[i], plan ? plan->title.text : NULL);
    }
    reader_close(&reader);
}

static void list_hospitals(GString *out)
{
    g_auto(GStrv) names = lz_data_names(LZ_DATA_HERE, "hospitals");
    for (unsigned i = 0; names[i]; i++) {
        append_row(out, names[i], "lazaret describe NAME --beds N shows its inventory");
    }
}

static void list_metrics(GString *out)
{
    for (int i = 0; i < LZ_METRIC_ID_COUNT; i++) {
        const LzMetricInfo *info = lz_metric_info((LzMetric)i);
        bool has_name = info->scope != LZ_SCOPE_RUN && info->scope != LZ_SCOPE_TLS && info->scope != LZ_SCOPE_TCP &&
                        info->scope != LZ_SCOPE_ONBOARDING;
        g_autofree char *name =
            g_strdup_printf("%s.%s%s", lz_scope_kind_name(info->scope), has_name ? "NAME." : "", info->name);
        g_string_append_printf(out, "  %-32s %s%s%s%s\n", name, info->help, *lz_unit_name(info->unit) ? " [" : "",
                               lz_unit_name(info->unit), *lz_unit_name(info->unit) ? "]" : "");
    }
}

/* "queues" and "queue" are the same kind. */
static bool is_kind(const char *word, const char *kind)
{
    size_t length = strlen(kind);
    return !word || (strncmp(word, kind, length) == 0 && (word[length] == '\0' || strcmp(word + length, "s") == 0));
}

static void append_title(GString *out, const char *word, const char *title)
{
    if (!word) {
        g_string_append_printf(out, "%s%ss\n", out->len > 0 ? "\n" : "", title);
    }
}

char *lz_list(const char *kind)
{
    static const struct {
        const char *name;
        void (*list)(GString *out);
    } others[] = {{"device", list_devices}, {"cpu", list_cpus}, {"diurnal", list_diurnals}, {"hospital", list_hospitals}, {"metric", list_metrics}};
    GString *out = g_string_new(NULL);
    bool is_known = false;
    for (int i = 0; i < LZ_MODEL_KIND_COUNT; i++) {
        const char *name = lz_model_kind_name((LzModelKind)i);
        if (is_kind(kind, name)) {
            append_title(out, kind, name);
            list_models(out, (LzModelKind)i);
            is_known = true;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        if (is_kind(kind, others[i].name)) {
            append_title(out, kind, others[i].name);
            others[i].list(out);
            is_known = true;
        }
    }
    return g_string_free(out, !is_known);
}
