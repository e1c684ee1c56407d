/* Verdicts as words, JSON and JUnit, and what hostile names can do to them: nothing. */
#include "sim/output/verdict.h"

#include <glib/gstdio.h>
#include <string.h>

#include "lazaret/time.h"

static LzWindowPlan windows[] = {{"always", 0, LZ_SECONDS(60)}, {"flood", LZ_SECONDS(10), LZ_SECONDS(20)}};

static LzPlan plan_of(const char *name, int64_t repeat)
{
    LzPlan plan = {.windows = windows, .window_count = G_N_ELEMENTS(windows), .path = "ward one.yaml"};
    plan.name.text = name;
    plan.run = (LzRunPlan){.seed = 42, .duration_ns = LZ_SECONDS(60), .repeat = repeat};
    return plan;
}

static const LzExpectation late = {
    .name = "alarms-in-flood", .metric = LZ_METRIC_FLOW_DEADLINE_MISS, .scope_name = "alarm",
    .statistic = LZ_STATISTIC_RATIO, .window = 1, .has_max = true, .max_value = 10000000, .min_samples = 50,
    .file = "ward.yaml", .line = 47};
static const LzVerdict late_verdict = {
    .state = LZ_VERDICT_FAILED, .observed = 37000000, .ci_low = 31000000, .ci_high = 44000000, .samples = 1214,
    .worst = 44000000, .worst_repetition = 3, .margin = 0.27};

static const LzExpectation quick = {
    .name = "alarms-in-time", .metric = LZ_METRIC_FLOW_LATENCY, .scope_name = "alarm", .fleet = "pump",
    .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 999000000, .has_max = true, .max_value = LZ_MILLISECONDS(500),
    .min_samples = 1, .file = "ward.yaml", .line = 46, .basis = "IEC 60601-1-8"};
static const LzVerdict quick_verdict = {
    .state = LZ_VERDICT_HELD, .observed = 188250000, .ci_low = 188250000, .ci_high = 188250000, .samples = 600,
    .worst = 188250000, .worst_repetition = 1, .margin = 2.656};

static const LzExpectation unseen = {
    .name = "never", .metric = LZ_METRIC_TLS_HANDSHAKE_COMPLETED, .statistic = LZ_STATISTIC_COUNT, .has_min = true,
    .min_value = 1, .file = "ward.yaml", .line = 48};
static const LzVerdict unseen_verdict = {.state = LZ_VERDICT_NO_SAMPLE};

static void test_words(void)
{
    LzPlan plan = plan_of("ward", 5);
    g_autofree char *failed = lz_verdict_summary(&plan, &late, &late_verdict);
    g_assert_cmpstr(failed, ==, "flow.alarm.deadline_miss ratio 3.7 % (3.1 %..4.4 %) > 1 % during flood, worst 4.4 % in "
                                "repetition 3");
    g_autofree char *held = lz_verdict_summary(&plan, &quick, &quick_verdict);
    g_assert_cmpstr(held, ==, "flow.alarm.latency p99.9 188 ms <= 500 ms during always of fleet pump");
    g_autofree char *none = lz_verdict_summary(&plan, &unseen, &unseen_verdict);
    g_assert_cmpstr(none, ==, "tls.handshake.completed count has no verdict: a repetition saw fewer than the 1 samples needed "
                              "(0 in all) during always");
    g_assert_cmpstr(lz_expectation_basis(&late), ==, "ours");
    g_assert_cmpstr(lz_expectation_basis(&quick), ==, "published");
    const LzExpectation guessed = {.basis = "assumed: as remembered"};
    g_assert_cmpstr(lz_expectation_basis(&guessed), ==, "assumed");
    g_autofree char *replay = lz_verdict_replay(&plan, &late_verdict);
    g_assert_cmpstr(replay, ==, "lazaret run 'ward one.yaml' --seed 44 --repeat 1");
    static const char *const overrides[] = {"run.seed=42", "fleet.pump.count=7", "run.repeat=5", "network.links.x.delay=1 ms", NULL};
    LzPlan once = plan_of("ward", 1);
    once.overrides = overrides;
    g_autofree char *overridden = lz_verdict_replay(&once, &late_verdict);
    g_assert_cmpstr(overridden, ==, "lazaret run 'ward one.yaml' -s 'fleet.pump.count=7' -s 'network.links.x.delay=1 ms' --seed 44");
}

static const LzExpectation not_worse = {
    .name = "not-worse", .metric = LZ_METRIC_FLOW_GOODPUT, .scope_name = "status", .statistic = LZ_STATISTIC_RATE,
    .has_min = true, .min_value = 797050000, .min_samples = 1, .file = "ward.yaml", .line = 49, .baseline = "results/main",
    .baseline_value = 839000000, .has_max_drop = true, .max_drop_ppb = 50000000};
static const LzVerdict not_worse_verdict = {
    .state = LZ_VERDICT_FAILED, .observed = 755100000, .ci_low = 755100000, .ci_high = 755100000, .samples = 7,
    .worst = 755100000, .worst_repetition = 1, .margin = 0.95};

static void test_change(void)
{
    LzPlan plan = plan_of("ward", 1);
    g_autofree char *change = lz_verdict_change(&not_worse, &not_worse_verdict);
    g_assert_cmpstr(change, ==, "-10 % from 839 B/s in results/main");
    g_autofree char *summary = lz_verdict_summary(&plan, &not_worse, &not_worse_verdict);
    g_assert_cmpstr(summary, ==, "flow.status.goodput rate 755 B/s < 797 B/s during always, -10 % from 839 B/s in results/main");
    g_assert_null(lz_verdict_change(&not_worse, &unseen_verdict));
    g_assert_null(lz_verdict_change(&late, &late_verdict));
    LzExpectation from_nothing = not_worse;
    from_nothing.baseline_value = 0;
    from_nothing.baseline = "results/\x1b[2Jmain";
    g_autofree char *hostile = lz_verdict_change(&from_nothing, &not_worse_verdict);
    g_assert_true(g_str_has_prefix(hostile, "from 0 B/s in results/"));
    g_assert_null(strchr(hostile, '\x1b'));

    const LzExpectation expectations[] = {not_worse, from_nothing};
    const LzVerdict verdicts[] = {not_worse_verdict, not_worse_verdict};
    LzVerdicts all = {.plan = &plan, .expectations = expectations, .verdicts = verdicts, .count = 2, .run_id = "0",
                      .state = "complete"};
    g_autofree char *json = lz_verdicts_json(&all);
    g_assert_nonnull(strstr(json, "\"baseline\": {\n        \"path\": \"results/main\",\n        \"value\": 839,\n"
                                  "        \"change\": -0.1,\n        \"max_drop\": 0.05\n      }"));
    g_assert_nonnull(strstr(json, "\"change\": null"));
    g_autofree char *xml = lz_verdicts_junit(&all, 0, 0);
    g_assert_nonnull(strstr(xml, "-10 % from 839 B/s in results/main"));
}

static char *run_xmllint(const char *xml, const char *xpath)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    g_autofree char *errors = NULL;
    char *text = NULL;
    int status = 0;
    int fd = g_file_open_tmp("lazaret-test-XXXXXX.xml", &path, &error);
    g_assert_no_error(error);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    const char *const argv[] = {"xmllint", "--xpath", xpath, path, NULL};
    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, &errors, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_unlink(path), ==, 0);
    if (status != 0) {
        g_test_message("%s", errors);
    }
    g_assert_cmpint(status, ==, 0);
    g_strchomp(text);
    return text;
}

static void assert_xpath(const char *xml, const char *xpath, const char *expected)
{
    g_autofree char *seen = run_xmllint(xml, xpath);
    g_assert_cmpstr(seen, ==, expected);
}

static void test_junit(void)
{
    LzPlan plan = plan_of("icu-ward-flood", 5);
    LzExpectation soft = late;
    soft.name = "soft";
    soft.is_warning = true;
    const LzExpectation expectations[] = {quick, late, unseen, soft};
    const LzVerdict verdicts[] = {quick_verdict, late_verdict, unseen_verdict, late_verdict};
    LzVerdicts all = {.plan = &plan, .expectations = expectations, .verdicts = verdicts, .count = 4,
                      .run_id = "4f1c9a02b07e", .state = "complete", .results_path = "results/ward-42"};
    g_autofree char *xml = lz_verdicts_junit(&all, 48.4, 1767225600);
    assert_xpath(xml, "string(/testsuites/@tests)", "4");
    assert_xpath(xml, "string(/testsuites/testsuite/@failures)", "2");
    assert_xpath(xml, "string(/testsuites/testsuite/@timestamp)", "2026-01-01T00:00:00Z");
    assert_xpath(xml, "string(//property[@name='seed']/@value)", "42");
    assert_xpath(xml, "string(//property[@name='virtual_s']/@value)", "300");
    assert_xpath(xml, "count(//testcase[@classname='icu-ward-flood'])", "4");
    assert_xpath(xml, "sum(//testcase/@time)", "48.4");
    assert_xpath(xml, "string(//testcase[@name='alarms-in-flood']/@line)", "47");
    assert_xpath(xml, "string(//testcase[@name='alarms-in-flood']/failure/@type)", "expectation");
    assert_xpath(xml, "contains(//testcase[@name='alarms-in-flood']/failure, 'replay: lazaret run')", "true");
    assert_xpath(xml, "contains(//testcase[@name='alarms-in-flood']/failure, 'ward.yaml:47: ')", "true");
    assert_xpath(xml, "string(//testcase[@name='never']/failure/@type)", "no-sample");
    assert_xpath(xml, "count(//testcase[@name='soft']/failure)", "0");
    assert_xpath(xml, "starts-with(//testcase[@name='soft']/system-out, 'warning: ')", "true");
    assert_xpath(xml, "count(//testcase[@name='alarms-in-time']/*)", "0");
}

static void assert_printable(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *at = text; *at; at++) {
        g_assert_true((unsigned char)*at >= 0x20 || *at == '\n');
        g_assert_cmpint(*at, !=, 0x7f);
    }
}

/* Names that a scenario's own rules refuse: the writers must not depend on those rules. */
static void test_hostile(void)
{
    static const char *const payloads[] = {
        "</testcase><x>", "\" onload=\"x", "&xxe;", "]]>", "<![CDATA[", "\x1b[31mred", "a\x01\x02\x7f", "\xff\xfe", "new\nline",
        "\302\23331m", "\342\200\256evil", "`touch x`", "$(touch x)", "\xef\xbf\xbe", "-->"};
    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        LzPlan plan = plan_of(payloads[i], 1);
        plan.path = payloads[i];
        LzExpectation expectation = late;
        expectation.name = expectation.file = expectation.fleet = expectation.scope_name = payloads[i];
        LzVerdicts all = {.plan = &plan, .expectations = &expectation, .verdicts = &late_verdict, .count = 1,
                          .run_id = "4f1c9a02b07e", .state = "complete", .results_path = payloads[i]};
        g_autofree char *xml = lz_verdicts_junit(&all, 1, 0);
        g_autofree char *json = lz_verdicts_json(&all);
        assert_printable(xml);
        assert_printable(json);
        assert_xpath(xml, "count(//testcase)", "1");
        assert_xpath(xml, "count(//*)", "8");
    }
}

static void test_json(void)
{
    LzPlan plan = plan_of("ward", 5);
    const LzExpectation expectations[] = {quick, late, unseen};
    const LzVerdict verdicts[] = {quick_verdict, late_verdict, unseen_verdict};
    LzVerdicts all = {.plan = &plan, .expectations = expectations, .verdicts = verdicts, .count = 3,
                      .run_id = "4f1c9a02b07e", .state = "complete"};
    g_autofree char *json = lz_verdicts_json(&all);
    static const char *const pieces[] = {
        "\"schema\": \"lazaret-verdict-1\"", "\"basis\": \"published\",\n      \"basis_text\": \"IEC 60601-1-8\"", "\"held\": 1,\n  \"failed\": 2,\n  \"warnings\": 0",
        "\"stat\": \"p99.9\"", "\"limit\": {\n        \"max\": 0.5\n      },\n      \"observed\": 0.18825",
        "\"observed\": 0.037", "\"state\": \"no-sample\"", "\"observed\": null", "\"line\": 47", "\"margin\": 2.656"};
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        if (!strstr(json, pieces[i])) {
            g_error("no %s in\n%s", pieces[i], json);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/words", test_words);
    g_test_add_func("/verdict/change", test_change);
    g_test_add_func("/verdict/junit", test_junit);
    g_test_add_func("/verdict/hostile", test_hostile);
    g_test_add_func("/verdict/json", test_json);
    return g_test_run();
}
