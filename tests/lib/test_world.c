#include "tests/lib/test_world.h"

#include <string.h>

const char lz_test_ward[] =
    "lazaret: 1\n"
    "name: test-ward\n"
    "start: 2026-03-02T06:00:00Z\n"
    "run: {seed: 1, duration: 60 s, crypto_cost: 100 %}\n"
    "network:\n"
    "  zones: {ward: {forwarding: 0 ns}, core: {forwarding: 0 ns}}\n"
    "  links:\n"
    "    bedside: {model: wired, zone: ward, rate: 100 Gbit/s, delay: 1 ms, queue: 10 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 100 Gbit/s, delay: 0 ns, queue: 10 MB}\n"
    "    rack: {model: wired, zone: core, rate: 100 Gbit/s, delay: 0 ns, queue: 10 MB}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, zone: core, link: rack, cpu: x86-server, cores: 2 cores,\n"
    "           tls: {min: \"1.2\", key: ecdsa-p256}}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 2\n"
    "    link: bedside\n"
    "    connect: {to: broker, tls: {min: \"1.2\", max: \"1.3\", key: ecdsa-p256, resume: true}}\n"
    "live: {bind: off}\n";

LzPlan *lz_test_plan_with(const char *yaml, const char *const *overrides)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load_text("test.yaml", yaml, strlen(yaml), overrides, diagnostics);
    if (!plan) {
        g_autofree char *text = lz_diagnostics_format(diagnostics);
        g_error("%s", text);
    }
    return plan;
}

LzPlan *lz_test_plan(const char *yaml)
{
    return lz_test_plan_with(yaml, NULL);
}

LzWorld *lz_test_world(const LzPlan *plan)
{
    g_autoptr(GError) problem = NULL;
    LzWorld *world = lz_world_new(plan, 0, NULL, &problem);
    g_assert_no_error(problem);
    lz_world_watch(world);
    return world;
}

void lz_test_run(LzWorld *world)
{
    g_autofree char *problem = NULL;
    lz_world_run_until(world, LZ_TIME_NEVER);
    lz_world_finish(world);
    lz_world_check(world, &problem);
    g_assert_cmpstr(problem, ==, NULL);
}

LzObservation lz_test_observe(LzWorld *world, LzMetric metric, const char *name, const char *fleet)
{
    return lz_recorder_observe(lz_world_probes(world), metric, name, fleet, 0);
}
