#include "sim/scenario/load.h"

#include <string.h>

#include "sim/scenario/building.h"
#include "sim/scenario/data.h"
#include "sim/scenario/hospital.h"
#include "sim/scenario/override.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/schema.h"

#define NAME_BYTES_MAX 64

/* A scenario without a name has its file's, as far as names allow. */
static const char *name_of_file(LzArena *arena, const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    if (g_str_has_suffix(base, ".yaml")) {
        base[strlen(base) - strlen(".yaml")] = '\0';
    }
    g_autofree char *name = g_ascii_strdown(base, NAME_BYTES_MAX);
    g_strcanon(name, "abcdefghijklmnopqrstuvwxyz0123456789-", '-');
    return name[0] == '\0' ? "scenario" : lz_arena_text(arena, name);
}

static void refuse_include(LzReport *report, const LzNode *root)
{
    const LzEntry *include = lz_node_find(root, "include");
    if (!include) {
        return;
    }
    LzDiagnostic *diagnostic = lz_report_error(report, "E015", include->key->mark, include->key->length,
                                               "`include` is not supported by this version");
    lz_diagnostic_hint(diagnostic, "write the included keys into this file");
}

/* The hospital's come first: others may mean what it brings. */
static void apply_overrides(const LzPlan *plan, LzReport *report, LzNode *root, bool is_of_hospital)
{
    for (unsigned i = 0; plan->overrides && plan->overrides[i]; i++) {
        if (g_str_has_prefix(plan->overrides[i], "hospital") == is_of_hospital) {
            lz_override_apply(report, plan->arena, root, plan->overrides[i]);
        }
    }
}

static void read_plan(LzPlan *plan, LzReport *report, LzNode *root)
{
    if (!lz_check_format(report, root, "lazaret")) {
        return;
    }
    apply_overrides(plan, report, root, true);
    if (!lz_hospital_expand(report, plan->arena, root, plan->path)) {
        return;
    }
    apply_overrides(plan, report, root, false);
    refuse_include(report, root);
    g_autoptr(LzWalk) walk = lz_walk_new(report, plan->arena);
    g_autoptr(LzData) data = lz_data_new(walk, plan->path);
    lz_walk_struct(walk, lz_schema_scenario, plan, root);
    plan->hospital = (LzHospitalPlan){0};       /* read in order to be checked; it stands in the tree by now */
    if (!plan->name.text) {
        plan->name = (LzText){name_of_file(plan->arena, plan->path), {plan->path, 1, 1}};
    }
    lz_expand_buildings(&plan->network, walk);
    lz_resolve(plan, walk, data);
}

static const char *const *copy_texts(LzArena *arena, const char *const *texts)
{
    const unsigned count = g_strv_length((char **)(uintptr_t)texts);
    const char **copies = lz_arena_array(arena, count + 1, sizeof *copies);
    for (unsigned i = 0; i < count; i++) {
        copies[i] = lz_arena_text(arena, texts[i]);
    }
    return copies;
}

static LzPlan *new_plan(const char *path, const char *const *overrides)
{
    LzArena *arena = lz_arena_new();
    LzPlan *plan = lz_arena_alloc(arena, sizeof *plan);
    plan->arena = arena;
    plan->path = lz_arena_text(arena, path);
    plan->overrides = overrides ? copy_texts(arena, overrides) : NULL;
    return plan;
}

static LzPlan *load(LzPlan *plan, LzReport *report)
{
    lz_report_add_source(report, plan->path, plan->source, plan->source_size);
    LzNode *root = lz_tree_parse(report, plan->arena, plan->path, plan->source, plan->source_size);
    if (root) {
        read_plan(plan, report, root);
    }
    lz_report_sort(report);
    return plan;
}

static LzPlan *take_if_good(LzPlan *plan, const LzDiagnostics *diagnostics)
{
    if (diagnostics->errors == 0) {
        return plan;
    }
    lz_plan_free(plan);
    return NULL;
}

LzPlan *lz_plan_load_text(const char *path, const char *text, size_t size, const char *const *overrides,
                          LzDiagnostics *diagnostics)
{
    g_autoptr(LzReport) report = lz_report_new(diagnostics);
    LzPlan *plan = new_plan(path, overrides);
    plan->source = lz_arena_copy(plan->arena, size == 0 ? "" : text, size);
    plan->source_size = size;
    return take_if_good(load(plan, report), diagnostics);
}

LzPlan *lz_plan_load(const char *path, const char *const *overrides, LzDiagnostics *diagnostics)
{
    g_autoptr(LzReport) report = lz_report_new(diagnostics);
    LzPlan *plan = new_plan(path, overrides);
    plan->source = lz_read_file(report, plan->arena, plan->path, &plan->source_size);
    if (plan->source) {
        load(plan, report);
    }
    return take_if_good(plan, diagnostics);
}

void lz_plan_free(LzPlan *plan)
{
    if (plan) {
        lz_arena_free(plan->arena);
    }
}

const char *lz_plan_source(const LzPlan *plan, size_t *ret_size)
{
    *ret_size = plan->source_size;
    return plan->source;
}
