#include "tests/lib/test_world.h"

#include <string.h>

LzPlan *lz_test_plan(const char *yaml)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load_text("test.yaml", yaml, strlen(yaml), NULL, diagnostics);
    if (!plan) {
        g_autofree char *text = lz_diagnostics_format(diagnostics);
        g_error("%s", text);
    }
    return plan;
}
