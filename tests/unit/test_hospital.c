/* A hospital by its beds: the inventory's counts, and what a scenario writes beside it. */
#include <glib.h>
#include <string.h>

#include "sim/scenario/hospital.h"
#include "sim/scenario/load.h"

#define HEAD "lazaret: 1\nname: h\nrun: {seed: 1, duration: 1 min}\n"

static LzPlan *load(const char *text, const char *const *overrides)
{
    LzDiagnostics *diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load_text("h.yaml", text, strlen(text), overrides, diagnostics);
    if (!plan) {
        g_autofree char *said = lz_diagnostics_format(diagnostics);
        g_error("%s", said);
    }
    lz_diagnostics_free(diagnostics);
    return plan;
}

static int64_t count_of(const LzPlan *plan, const char *fleets)
{
    g_auto(GStrv) names = g_strsplit(fleets, " ", -1);
    int64_t count = 0;
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        const LzFleetPlan *fleet = (const LzFleetPlan *)plan->fleet.items + i;
        if (g_strv_contains((const char *const *)names, fleet->name.text)) {
            count += fleet->count;
        }
    }
    return count;
}

/* The preset's table at four sizes; halves are rounded up. */
static void test_counts(void)
{
    static const unsigned beds[] = {50, 250, 500, 1000};
    static const struct {
        const char *fleets;
        int64_t counts[4];
    } rows[] = {
        {"monitor", {15, 75, 150, 300}}, {"telemetry", {8, 38, 75, 150}}, {"pump", {50, 250, 500, 1000}},
        {"syringe", {18, 88, 175, 350}}, {"ventilator", {4, 18, 35, 70}}, {"anaesthesia", {2, 8, 15, 30}},
        {"dialysis", {2, 8, 15, 30}}, {"bed", {40, 200, 400, 800}}, {"call", {50, 250, 500, 1000}},
        {"rtls", {35, 175, 350, 700}}, {"glucose", {6, 30, 60, 120}}, {"analyser", {2, 8, 15, 30}},
        {"theatre", {2, 8, 15, 30}}, {"telehealth", {2, 10, 20, 40}}, {"wearable", {5, 25, 50, 100}},
        {"temperature", {18, 88, 175, 350}}, {"cabinet", {3, 15, 30, 60}}, {"door", {45, 225, 450, 900}},
        {"bms", {45, 225, 450, 900}}, {"camera", {20, 100, 200, 400}}, {"workstation", {110, 550, 1100, 2200}},
        {"tablet", {65, 325, 650, 1300}}, {"office", {60, 300, 600, 1200}},
        {"xray ultrasound ct mr", {2, 8, 15, 30}},      /* of 50 beds the first two alone */
    };
    for (unsigned size = 0; size < G_N_ELEMENTS(beds); size++) {
        g_autofree char *text = g_strdup_printf(HEAD "hospital: {beds: %u}\n", beds[size]);
        LzPlan *plan = load(text, NULL);
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            if (count_of(plan, rows[i].fleets) != rows[i].counts[size]) {
                g_error("%u beds have %" G_GINT64_FORMAT " %s", beds[size], count_of(plan, rows[i].fleets), rows[i].fleets);
            }
        }
        lz_plan_free(plan);
    }
}

static void test_own_keys_win(void)
{
    LzPlan *plan = load(HEAD "hospital: 100\n"
                             "services:\n  broker: {cores: 2 cores}\n  extra: {kind: sink, link: rack}\n"
                             "fleet:\n  - {name: pump, count: 7}\n"
                             "  - {name: mine, profile: smart-bed, count: 3, place: main, connect: {to: broker}}\n", NULL);
    g_assert_cmpint(count_of(plan, "pump"), ==, 7);
    g_assert_cmpint(count_of(plan, "mine"), ==, 3);
    g_assert_cmpint(count_of(plan, "monitor"), ==, 30);
    g_assert_cmpuint(plan->services.count, ==, 6);
    const LzServicePlan *services = plan->services.items;
    g_assert_cmpstr(services[0].name.text, ==, "broker");
    g_assert_cmpint(services[0].cpu_cores, ==, 2);
    lz_plan_free(plan);
}

static void test_overrides(void)
{
    static const char *const overrides[] = {"fleet.pump.count=7", "hospital.beds=200", NULL};
    LzPlan *plan = load(HEAD "hospital: {beds: 100}\n", overrides);
    g_assert_cmpint(count_of(plan, "pump"), ==, 7);
    g_assert_cmpint(count_of(plan, "monitor"), ==, 60);
    lz_plan_free(plan);
}

static void test_inventory(void)
{
    g_autofree char *text = lz_hospital_describe(NULL, 500);
    g_assert_nonnull(strstr(text, "monitor        patient-monitor            0.30      150\n"));
    g_assert_nonnull(strstr(text, "all                                                6045\n"));
    g_assert_null(lz_hospital_describe("nowhere", 500));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hospital/counts", test_counts);
    g_test_add_func("/hospital/own keys win", test_own_keys_win);
    g_test_add_func("/hospital/overrides", test_overrides);
    g_test_add_func("/hospital/inventory", test_inventory);
    return g_test_run();
}
