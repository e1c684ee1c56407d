/* A scenario from an untrusted hand: whatever the bytes are, there is a plan or there are errors, and a plan's
 * resolved file loads again. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/scenario/load.h"

#define PATH "fuzz.yaml"        /* no models/ folder stands beside it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_resolved(const LzPlan *plan)
{
    g_autofree char *yaml = lz_plan_resolved_yaml(plan);
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) again = lz_plan_load_text(PATH, yaml, strlen(yaml), NULL, diagnostics);
    g_assert_nonnull(again);
    g_autofree char *yaml_again = lz_plan_resolved_yaml(again);
    g_assert_cmpstr(yaml, ==, yaml_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load_text(PATH, (const char *)data, size, NULL, diagnostics);
    g_autofree char *text = lz_diagnostics_format(diagnostics);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_true((plan != NULL) == (diagnostics->errors == 0));
    if (plan) {
        check_resolved(plan);
    }
    return 0;
}
