/* From scenario text to plan: overrides, resolved parts, windows, limits, and the resolved file. */
#include <glib.h>
#include <string.h>

#include "lazaret/model.h"
#include "sim/net/tcp.h"
#include "sim/registry.h"
#include "sim/scenario/explain.h"
#include "sim/scenario/load.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/walk.h"

static const char head[] = "lazaret: 1\n"
                           "name: plan\n"
                           "run: {seed: 3, duration: 30 min, warmup: 2 min}\n"
                           "network:\n"
                           "  zones: [ward, core]\n"
                           "  links:\n"
                           "    ward-lan: {model: wired, zone: ward, delay: 1 ms}\n"
                           "    core-lan: {model: wired, zone: core}\n"
                           "    backbone: {model: wired, from: ward, to: core}\n"
                           "x-tls: &tls {max: \"1.2\"}\n"
                           "services: {broker: {kind: mqtt-broker, link: core-lan, tls: *tls}}\n"
                           "fleet:\n"
                           "  - name: pump\n"
                           "    profile: test-pump\n"
                           "    link: ward-lan\n"
                           "    connect: {to: broker, tls: *tls}\n"
                           "    traffic:\n"
                           "      - {flow: alarm, publish: a, behaviour: periodic, size: 50 B, every: 1 s}\n"
                           "      - {flow: extra, publish: b, behaviour: periodic, size: 60 B, every: 2 s}\n"
                           "attacks:\n"
                           "  - {name: flood, kind: tls-handshake-flood, from: {link: ward-lan}, target: broker, at: "
                           "10 min, for: 5 min, rate: 1 /s}\n"
                           "faults:\n"
                           "  - {name: cut, kind: link-down, link: ward-lan, at: 20 min, for: 20 s}\n"
                           "expect:\n";

/* Stands in the folder of the corpus, so that its models/ are found. */
static char *scenario_path(void)
{
    return g_test_build_filename(G_TEST_DIST, "..", "corpus", "good", "plan.yaml", NULL);
}

static LzPlan *load(const char *expectations, const char *const *overrides, LzDiagnostics *diagnostics)
{
    g_autofree char *text = g_strconcat(head, expectations, NULL);
    g_autofree char *path = scenario_path();
    LzPlan *plan = lz_plan_load_text(path, text, strlen(text), overrides, diagnostics);
    return plan;
}

static LzPlan *load_good(const char *expectations, const char *const *overrides)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = load(expectations, overrides, diagnostics);
    g_autofree char *text = lz_diagnostics_format(diagnostics);
    g_assert_cmpstr(text, ==, "");
    g_assert_nonnull(plan);
    return plan;
}

static const LzFleetPlan *fleet_of(const LzPlan *plan)
{
    return plan->fleet.items;
}

static const LzExpectPlan *expect_of(const LzPlan *plan, unsigned index)
{
    return (const LzExpectPlan *)plan->expect.items + index;
}

#define ONE_EXPECTATION "  - {name: a, metric: flow.alarm.latency, stat: p99, max: 1.5 ms}\n"

static void test_resolved_parts(void)
{
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, NULL);
    const LzFleetPlan *fleet = fleet_of(plan);
    const LzServicePlan *service = plan->services.items;
    g_assert_cmpstr(fleet->zone.text, ==, "ward");
    g_assert_cmpstr(service->zone.text, ==, "core");
    g_assert_cmpstr(service->cpu_class->name.text, ==, "x86-server");
    g_assert_true(fleet->cpu_class == fleet->resolved->cpu_class);
    g_assert_cmpuint(plan->device_count, ==, 1);
    g_assert_cmpint(service->tls.max, ==, 0);
    g_assert_cmpint(fleet->connect.tls.max, ==, 0);
    /* The profile's order, one flow replaced, one added. */
    const LzFlowPlan *flows = fleet->resolved->flows.items;
    g_assert_cmpuint(fleet->resolved->flows.count, ==, 3);
    g_assert_cmpstr(flows[0].name.text, ==, "status");
    g_assert_cmpstr(flows[1].name.text, ==, "alarm");
    g_assert_cmpstr(flows[1].behaviour.model->name, ==, "periodic");
    g_assert_cmpint(flows[1].deadline_ns, ==, 0);
    g_assert_cmpstr(flows[2].name.text, ==, "extra");
}

static void test_overrides(void)
{
    const char *const overrides[] = {"fleet.pump.count=200",
                                     "network.links.ward-lan.delay=5 ms",
                                     "network.zones.core.forwarding=2 us",
                                     "fleet.pump.connect.tls.max=1.3",
                                     "run.repeat=4",
                                     "fleet.pump.traffic.extra.qos=2",
                                     "expect.a.max=2 s",
                                     "live={bind: off}",
                                     NULL};
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, overrides);
    const LzZonePlan *zones = plan->network.zones.items;
    g_assert_cmpint(fleet_of(plan)->count, ==, 200);
    g_assert_cmpint(zones[1].forwarding_ns, ==, 2000);
    g_assert_cmpint(plan->run.repeat, ==, 4);
    g_assert_cmpint(fleet_of(plan)->connect.tls.max, ==, 1);
    g_assert_cmpint(((const LzServicePlan *)plan->services.items)->tls.max, ==, 0);     /* the alias is not changed */
    g_assert_cmpint(((const LzFlowPlan *)fleet_of(plan)->resolved->flows.items)[2].qos, ==, 2);
    g_assert_cmpint(expect_of(plan, 0)->max_value, ==, 2000000000);
    g_assert_cmpint(plan->live.bind, ==, 0);
}

/* A path may go on below a scalar that stands for a mapping: it becomes that mapping first. */
static void test_overrides_below_shorthand(void)
{
    const char *const overrides[] = {"network.links.backbone.queue=64 kB", "network.links.backbone.queue.model=priority",
                                     "network.links.ward-lan.queue=fifo",  "network.links.ward-lan.queue.limit_packets=7",
                                     "network.links.core-lan.marking=none", "network.links.core-lan.marking.otherwise=le",
                                     NULL};
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, overrides);
    g_autofree char *resolved = lz_plan_resolved_yaml(plan);
    g_assert_nonnull(strstr(resolved, "      model: priority\n      limit: 64 kB\n"));
    g_assert_nonnull(strstr(resolved, "      limit_packets: 7\n"));
    g_assert_nonnull(strstr(resolved, "      trust: none\n      otherwise: le\n"));
    const char *const wrong[] = {"run.seed.x=1", NULL};
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_assert_null(load(ONE_EXPECTATION, wrong, diagnostics));
    g_autofree char *text = lz_diagnostics_format(diagnostics);
    g_assert_nonnull(strstr(text, "E016"));
}

static void test_versus(void)
{
    g_autoptr(LzPlan) plan = load_good(
        "  - {name: a, metric: flow.alarm.goodput, stat: mean, vs: {baseline: results/main}, max_drop: 5 %}\n"
        "  - {name: b, metric: flow.alarm.latency, stat: p99, vs: {baseline: main}, max_rise: 250 %, max: 1 s}\n"
        "  - {name: c, metric: flow.alarm.created, stat: mean, min: 2 /s}\n", NULL);
    const LzExpectPlan *drop = expect_of(plan, 0), *rise = expect_of(plan, 1);
    g_assert_cmpstr(drop->vs.baseline.text, ==, "results/main");
    g_assert_true(drop->has_max_drop && !drop->has_max_rise && !drop->has_min && !drop->has_max);
    g_assert_cmpint(drop->max_drop_ppb, ==, 50000000);
    g_assert_true(rise->has_max_rise && rise->has_max && !rise->has_max_drop);
    g_assert_cmpint(rise->max_rise_ppb, ==, INT64_C(2500000000));
    g_assert_cmpint(expect_of(plan, 2)->min_value, ==, 2000000);
    g_autofree char *resolved = lz_plan_resolved_yaml(plan);
    g_assert_nonnull(strstr(resolved, "results/main"));
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autofree char *path = scenario_path();
    g_autoptr(LzPlan) again = lz_plan_load_text(path, resolved, strlen(resolved), NULL, diagnostics);
    g_assert_nonnull(again);
    g_assert_cmpint(expect_of(again, 1)->max_rise_ppb, ==, INT64_C(2500000000));
}

/* What a scenario says nothing of is what the stack does when nobody says anything. */
static void assert_default_tcp(const LzTcpPlan *plan)
{
    const LzTcpOptions *options = &lz_tcp_options_default;
    g_assert_cmpint(plan->initial_window, ==, options->initial_window_segments);
    g_assert_cmpint(plan->receive_window_bytes, ==, options->receive_window_bytes);
    g_assert_cmpint(plan->rto_initial_ns, ==, options->rto_initial_ns);
    g_assert_cmpint(plan->rto_min_ns, ==, options->rto_min_ns);
    g_assert_cmpint(plan->delayed_ack_ns, ==, options->delayed_ack_ns);
    g_assert_cmpint(plan->syn_retries, ==, options->syn_retries);
    g_assert_cmpint(plan->synack_retries, ==, options->synack_retries);
    g_assert_cmpint(plan->retries, ==, options->data_retries);
    g_assert_true(plan->is_nagle == options->is_nagle);
    g_assert_true(plan->has_sack == options->has_sack);
    g_assert_true(plan->counts_bytes == options->counts_bytes);
    g_assert_true(plan->has_syn_cookies == options->has_syn_cookies);
    g_assert_true(plan->keeps_alive == options->keeps_alive);
    g_assert_cmpint(plan->keepalive_idle_ns, ==, options->keepalive_idle_ns);
    g_assert_cmpint(plan->keepalive_interval_ns, ==, options->keepalive_interval_ns);
    g_assert_cmpint(plan->keepalive_probes, ==, options->keepalive_probes);
    g_assert_cmpuint(lz_tcp_window_scale(options->receive_window_bytes), ==, options->window_scale);
}

static void test_tcp(void)
{
    const char *const overrides[] = {"services.broker.tcp.congestion=cubic", NULL};
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, overrides);
    const LzServicePlan *service = plan->services.items;
    const LzFleetPlan *fleet = fleet_of(plan);
    assert_default_tcp(&service->tcp);
    assert_default_tcp(&fleet->connect.tcp);
    g_assert_cmpstr(lz_congestion_words[service->tcp.congestion], ==, "cubic");
    g_assert_cmpint(fleet->connect.tcp.congestion, ==, 0);      /* as the service */
    for (unsigned i = 0; lz_congestion_words[i]; i++) {
        g_assert_nonnull(lz_tcp_congestion_find(lz_congestion_words[i]));
    }
    g_assert_true(lz_tcp_congestion_find(lz_congestion_words[0]) == lz_tcp_options_default.congestion);
}

static void test_bad_overrides(void)
{
    static const struct {
        const char *text, *code, *message;
    } cases[] = {
        {"fleet.pmp.count=2", "E016", "no item of the list is named `pmp`"},
        {"fleet.pump.count", "E016", "an override is written PATH=VALUE"},
        {"=3", "E016", "an override is written PATH=VALUE"},
        {"fleet..count=3", "E016", "an override is written PATH=VALUE"},
        {"run.seed.x=3", "E016", "there is nothing below `x`: it is a single value"},
        {"fleet.pump.count=0", "E024", "`count` must be between 1 and 1000000"},
        {"fleet.pump.cuont=3", "E011", "unknown key `cuont`"},
        {"run.seed=[", "E004", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const overrides[] = {cases[i].text, NULL};
        g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
        g_autoptr(LzPlan) plan = load(ONE_EXPECTATION, overrides, diagnostics);
        g_assert_null(plan);
        const LzDiagnostic *diagnostic = diagnostics->items->pdata[0];
        g_autofree char *file = g_strdup_printf("-s %s", cases[i].text);
        g_assert_cmpstr(diagnostic->code, ==, cases[i].code);
        g_assert_cmpstr(diagnostic->mark.file, ==, file);
        g_assert_cmpuint(diagnostic->mark.line, ==, 0);
        if (cases[i].message) {
            g_assert_cmpstr(diagnostic->message, ==, cases[i].message);
        }
    }
}

static void assert_window(const LzPlan *plan, unsigned index, const char *name, int64_t from_s, int64_t to_s)
{
    const LzWindowPlan *window = &plan->windows[index];
    g_assert_cmpstr(window->name, ==, name);
    g_assert_cmpint(window->from_ns, ==, LZ_SECONDS(from_s));
    g_assert_cmpint(window->to_ns, ==, LZ_SECONDS(to_s));
}

static void test_windows(void)
{
    g_autoptr(LzPlan) plan = load_good(
        "  - {name: a, metric: flow.alarm.lost, stat: count, max: 0, during: 3 min..4 min}\n"
        "  - {name: b, metric: flow.alarm.lost, stat: count, max: 0, during: before-cut}\n"
        "  - {name: c, metric: flow.alarm.lost, stat: count, max: 0, during: recovery flood}\n"
        "  - {name: d, metric: service.broker.availability, stat: recover_time, to: 99.5 %, after: cut, max: 45 s}\n"
        "  - {name: e, metric: flow.alarm.lost, stat: count, max: 0, during: 3 min..4 min}\n"
        "  - {name: f, metric: flow.alarm.lost, stat: count, max: 0}\n",
        NULL);
    g_assert_cmpuint(plan->window_count, ==, 9);
    assert_window(plan, 0, "always", 120, 1800);
    assert_window(plan, 1, "warmup", 0, 120);
    assert_window(plan, 2, "flood", 600, 900);
    assert_window(plan, 3, "before flood", 120, 600);
    assert_window(plan, 4, "recovery flood", 900, 1200);
    assert_window(plan, 5, "cut", 1200, 1220);
    assert_window(plan, 6, "before cut", 120, 1200);
    assert_window(plan, 7, "recovery cut", 1220, 1800);
    assert_window(plan, 8, "3 min..4 min", 180, 240);
    static const unsigned windows[] = {8, 6, 4, 7, 8, 0};
    for (unsigned i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_assert_cmpuint(expect_of(plan, i)->window, ==, windows[i]);
    }
    g_assert_cmpint(expect_of(plan, 3)->to_value, ==, 995000000);
    g_assert_cmpint(expect_of(plan, 3)->max_value, ==, LZ_SECONDS(45));
}

static void test_limits(void)
{
    static const struct {
        const char *text;
        LzMetric metric;
        int64_t max;
    } cases[] = {
        {"metric: flow.alarm.latency, stat: p99.9, max: 1.5 ms", LZ_METRIC_FLOW_LATENCY, 1500000},
        {"metric: flow.alarm.latency, stat: count, max: 7", LZ_METRIC_FLOW_LATENCY, 7},
        {"metric: flow.alarm.lost, stat: ratio, max: 0.1 %", LZ_METRIC_FLOW_LOST, 1000000},
        {"metric: flow.alarm.lost, stat: count, max: 0", LZ_METRIC_FLOW_LOST, 0},
        {"metric: flow.alarm.created, stat: rate, max: 2 /s", LZ_METRIC_FLOW_CREATED, 2000000},
        {"metric: flow.alarm.goodput, stat: rate, max: 8 kbit/s", LZ_METRIC_FLOW_GOODPUT, 1000000000},
        {"metric: flow.alarm.goodput, stat: count, max: 3 kB", LZ_METRIC_FLOW_GOODPUT, 3000},
        {"metric: tls.handshake.time, stat: p50, max: 2 s", LZ_METRIC_TLS_HANDSHAKE_TIME, 2000000000},
        {"metric: run.devices.connected, stat: max, max: 5", LZ_METRIC_RUN_DEVICES_CONNECTED, 5},
        {"metric: fleet.pump.connected, stat: mean, max: 99 %", LZ_METRIC_FLEET_CONNECTED, 990000000},
        {"metric: link.backbone.queue, stat: max, max: 64 KiB", LZ_METRIC_LINK_QUEUE, 65536},
        {"metric: service.broker.cpu, stat: last, max: 50 %", LZ_METRIC_SERVICE_CPU, 500000000},
        {"metric: attack.flood.sent, stat: count, max: 9", LZ_METRIC_ATTACK_SENT, 9},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("  - {name: a, %s}\n", cases[i].text);
        g_test_message("%s", cases[i].text);
        g_autoptr(LzPlan) plan = load_good(text, NULL);
        const LzExpectPlan *expect = expect_of(plan, 0);
        g_assert_cmpint(expect->metric_id, ==, cases[i].metric);
        g_assert_true(expect->has_max);
        g_assert_false(expect->has_min);
        g_assert_cmpint(expect->max_value, ==, cases[i].max);
        g_assert_cmpuint(expect->mark.line, ==, 25);
    }
}

/* ---- the resolved file ---- */

static void assert_equal(const LzParam *table, const void *a, const void *b);

static void assert_text(const LzText *a, const LzText *b)
{
    g_assert_cmpstr(a->text, ==, b->text);
}

static void assert_lists(const LzParam *param, const LzList *a, const LzList *b)
{
    g_assert_cmpuint(a->count, ==, b->count);
    for (unsigned i = 0; i < a->count; i++) {
        assert_equal(param->table, (const char *)a->items + i * param->item_size,
                     (const char *)b->items + i * param->item_size);
    }
}

static void assert_names(const LzNameList *a, const LzNameList *b)
{
    g_assert_cmpuint(a->count, ==, b->count);
    for (unsigned i = 0; i < a->count; i++) {
        assert_text(&a->items[i], &b->items[i]);
    }
}

static void assert_choice(const LzChoice *a, const LzChoice *b)
{
    g_assert_true(a->model == b->model);
    if (a->model->params) {
        assert_equal(a->model->params, a->config, b->config);
    }
}

static void assert_dist(const LzDist *a, const LzDist *b)
{
    g_assert_cmpint(a->kind, ==, b->kind);
    g_assert_cmpint(a->a_ns, ==, b->a_ns);
    g_assert_cmpint(a->b_ns, ==, b->b_ns);
}

/* By the tables alone: independent of the writer. */
static void assert_equal(const LzParam *table, const void *a, const void *b)
{
    for (const LzParam *param = table; param->field; param++) {
        const void *x = (const char *)a + param->offset, *y = (const char *)b + param->offset;
        if (param->kind == LZ_PARAM_ANY || (param->kind == LZ_PARAM_LIST && param->is_alias)) {
            continue;                   /* buildings are written out as zones and links */
        }
        if (lz_param_is_integer(param->kind)) {
            g_assert_cmpint(lz_param_integer(param, a), ==, lz_param_integer(param, b));
        } else if (param->kind == LZ_PARAM_OBJECT) {
            assert_equal(param->table, x, y);
        } else if (param->kind == LZ_PARAM_LIST) {
            assert_lists(param, x, y);
        } else if (param->kind == LZ_PARAM_NAMES) {
            assert_names(x, y);
        } else if (param->kind == LZ_PARAM_MODEL) {
            assert_choice(x, y);
        } else if (param->kind == LZ_PARAM_DIST) {
            assert_dist(x, y);
        } else {
            assert_text(x, y);
        }
    }
}

static void assert_round_trip(const char *path)
{
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load(path, NULL, diagnostics);
    g_assert_nonnull(plan);
    g_autofree char *yaml = lz_plan_resolved_yaml(plan);
    g_autoptr(LzDiagnostics) again_diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) again = lz_plan_load_text(path, yaml, strlen(yaml), NULL, again_diagnostics);
    g_autofree char *text = lz_diagnostics_format(again_diagnostics);
    if (!again) {
        g_test_message("%s", text);
    }
    g_assert_nonnull(again);
    assert_equal(lz_schema_scenario, plan, again);
    g_autofree char *yaml_again = lz_plan_resolved_yaml(again);
    g_assert_cmpstr(yaml, ==, yaml_again);
}

static void test_round_trip(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "..", "corpus", "good", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    unsigned count = 0;
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        if (g_str_has_suffix(name, ".yaml")) {
            g_autofree char *path = g_build_filename(folder, name, NULL);
            assert_round_trip(path);
            count++;
        }
    }
    g_assert_cmpuint(count, >=, 5);
}

static void test_source(void)
{
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, NULL);
    size_t size = 0;
    const char *source = lz_plan_source(plan, &size);
    g_assert_cmpuint(size, ==, strlen(head) + strlen(ONE_EXPECTATION));
    g_assert_true(g_str_has_prefix(source, head));
}

/* ---- what is generated ---- */

static void test_describe(void)
{
    g_autofree char *model = lz_describe("wired");
    g_assert_nonnull(strstr(model, "wired: link model"));
    g_assert_nonnull(strstr(model, "not modelled"));
    g_assert_nonnull(strstr(model, "loss                   share; default 0 %; 0 % to 100 %"));
    g_autofree char *cpu = lz_describe("x86-server");
    g_assert_nonnull(strstr(cpu, "x86-server: CPU class"));
    g_assert_nonnull(strstr(cpu, "p256_sign"));
    g_assert_null(lz_describe("nothing-like-this"));
    g_assert_null(lz_list("nothing"));
    g_autofree char *queues = lz_list("queues");
    g_assert_nonnull(strstr(queues, "fifo"));
    g_autofree char *metrics = lz_list("metric");
    g_assert_nonnull(strstr(metrics, "flow.NAME.latency"));
}

/* A model's keys stand beside those of the structure that chooses it: no word may mean two things. */
static void assert_no_clash(const LzParam *outer, const LzModel *model)
{
    for (const LzParam *own = model->params; own && own->field; own++) {
        g_autofree char *key = lz_param_key_dup(own);
        for (const LzParam *param = outer; param->field; param++) {
            if (lz_param_is_key(param, key)) {
                g_error("model %s: its key `%s` is hidden by the structure around it", model->name, key);
            }
        }
    }
}

static void visit_models(const LzParam *table)
{
    for (const LzParam *param = table; param->field; param++) {
        if (param->table) {
            visit_models(param->table);
        }
        if (param->kind != LZ_PARAM_MODEL) {
            continue;
        }
        for (const LzModel *const *model = lz_registry_all(param->model_kind); *model; model++) {
            assert_no_clash(table, *model);
        }
        for (const LzModel *const *model = lz_registry_all(LZ_MODEL_RADIO);
             *model && param->model_kind == LZ_MODEL_LINK; model++) {
            assert_no_clash(table, *model);
        }
    }
}

static void test_no_clash(void)
{
    visit_models(lz_schema_scenario);
}

/* Every data file that is compiled in is free of mistakes. */
static void test_data(void)
{
    static const char *const kinds[] = {"devices", "cpus"};
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *list = lz_list(kinds[i]);
        g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
        for (unsigned j = 0; lines[j] && lines[j][0]; j++) {
            g_auto(GStrv) words = g_strsplit(g_strstrip(lines[j]), " ", 2);
            g_autofree char *text = lz_describe(words[0]);
            if (!text) {
                g_error("models/%s/%s.yaml has mistakes", kinds[i], words[0]);
            }
            g_assert_nonnull(strstr(text, "source"));
        }
    }
}

static void test_explain(void)
{
    g_assert_nonnull(lz_explain("E210"));
    g_assert_null(lz_explain("E999"));
    for (const LzExplanation *row = lz_explanations; row[1].code; row++) {
        g_assert_cmpstr(row[0].code, <, row[1].code);
    }
}

/* A check of a scenario with many devices costs no more than one with few. */
static void test_speed(void)
{
    const char *const overrides[] = {"fleet.pump.count=10000", NULL};
    gint64 start_us = g_get_monotonic_time();
    g_autoptr(LzPlan) plan = load_good(ONE_EXPECTATION, overrides);
    gint64 took_us = g_get_monotonic_time() - start_us;
    g_assert_cmpuint(plan->device_count, ==, 10000);
    g_test_minimized_result((double)took_us / 1000.0, "check of 10,000 devices: %.1f ms", (double)took_us / 1000.0);
    g_assert_cmpint(took_us, <, 1000000);      /* 100 ms is the aim; a loaded machine must not fail the suite */
}

/* Thousands of fleets, each with references: lookups must not be quadratic. */
static void test_many_fleets(void)
{
    GString *text = g_string_new(head);
    g_string_truncate(text, (gsize)(strstr(head, "fleet:") - head));
    g_string_append(text, "fleet:\n");
    for (unsigned i = 0; i < 8000; i++) {
        g_string_append_printf(text, "  - {name: f%u, profile: test-pump, link: ward-lan, connect: {to: broker}}\n", i);
    }
    g_autofree char *path = scenario_path();
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load_text(path, text->str, text->len, NULL, diagnostics);
    g_assert_nonnull(plan);
    g_assert_cmpuint(plan->device_count, ==, 8000);
    g_string_free(text, TRUE);
}

/* As many names as a file can hold, every one of them wrong once: bounded work for each suggestion. */
static void test_many_mistakes(void)
{
    GString *text = g_string_new("lazaret: 1\nrun: {duration: 1 min}\nnetwork:\n  zones: [ward]\n  links:\n");
    for (unsigned i = 0; i < 4000; i++) {
        g_string_append_printf(
            text, "    link-with-a-name-that-is-nearly-as-long-as-a-name-can-be-%07u: {model: wired, zone: wrad}\n", i);
    }
    g_string_append(text, "services: {}\nfleet:\n");
    for (unsigned i = 0; i < 4000; i++) {
        g_string_append_printf(text,
                               "  - {name: f%u, profile: p, link: "
                               "link-with-a-name-that-is-nearly-as-long-as-a-name-can-be-x%06u, connect: {to: b}}\n",
                               i, i);
    }
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load_text("many.yaml", text->str, text->len, NULL, diagnostics);
    g_assert_null(plan);
    g_assert_cmpuint(diagnostics->errors, >, 10000);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/resolved-parts", test_resolved_parts);
    g_test_add_func("/plan/overrides", test_overrides);
    g_test_add_func("/plan/overrides-below-shorthand", test_overrides_below_shorthand);
    g_test_add_func("/plan/versus", test_versus);
    g_test_add_func("/plan/tcp", test_tcp);
    g_test_add_func("/plan/bad-overrides", test_bad_overrides);
    g_test_add_func("/plan/windows", test_windows);
    g_test_add_func("/plan/limits", test_limits);
    g_test_add_func("/plan/round-trip", test_round_trip);
    g_test_add_func("/plan/source", test_source);
    g_test_add_func("/plan/describe", test_describe);
    g_test_add_func("/plan/no-clash", test_no_clash);
    g_test_add_func("/plan/data", test_data);
    g_test_add_func("/plan/explain", test_explain);
    g_test_add_func("/plan/speed", test_speed);
    g_test_add_func("/plan/many-fleets", test_many_fleets);
    g_test_add_func("/plan/many-mistakes", test_many_mistakes);
    return g_test_run();
}
