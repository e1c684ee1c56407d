/* lazaret check: parse, type-check and cross-check scenarios; run nothing. */
#include <stdio.h>

#include "sim/cli/command.h"
#include "sim/cli/estimate.h"
#include "sim/output/expectations.h"

static void print_plan(const LzPlan *plan, bool is_resolved)
{
    if (is_resolved) {
        g_autofree char *yaml = lz_plan_resolved_yaml(plan);
        fputs(yaml, stdout);
        return;
    }
    printf("%s: ok - %u devices, %u services, %u attacks, %u faults, %u expectations\n", plan->path, plan->device_count,
           plan->services.count, plan->attacks.count, plan->faults.count, plan->expect.count);
    const LzEstimate estimate = lz_estimate(plan);
    g_autofree char *text = lz_estimate_text(&estimate, plan);
    printf("  a run takes %s\n", text);
}

static bool check(const char *path, char **overrides, bool is_resolved)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load(path, (const char *const *)overrides, diagnostics);
    g_autofree LzExpectation *expectations = plan ? lz_expectations_of(plan, diagnostics) : NULL;
    lz_cli_print(diagnostics);
    if (!expectations) {
        return false;
    }
    print_plan(plan, is_resolved);
    return true;
}

int lz_cli_check(int argc, char **argv)
{
    gboolean is_resolved = FALSE;
    g_auto(GStrv) overrides = NULL;
    const GOptionEntry entries[] = {
        {"resolved", 0, 0, G_OPTION_ARG_NONE, &is_resolved, "Print the scenario with every default made explicit",
         NULL},
        {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &overrides, "Override a value (repeatable)", "PATH=VALUE"},
        G_OPTION_ENTRY_NULL,
    };
    if (!lz_cli_options("SCENARIO...",
                        "Examples:\n  lazaret check ward.yaml\n  lazaret check ward.yaml -s fleet.pump.count=200\n"
                        "  lazaret check --resolved ward.yaml > full.yaml\n",
                        entries, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc < 2) {
        fputs("lazaret: error: which scenario? (see `lazaret check --help`)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    bool is_good = true;
    for (int i = 1; i < argc; i++) {
        is_good = check(argv[i], overrides, is_resolved) && is_good;
    }
    return is_good ? LZ_EXIT_OK : LZ_EXIT_USAGE;
}
