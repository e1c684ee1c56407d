/* Expectations: what each statistic reads, what counts as no sample, verdicts over repetitions, and how
 * values read. */
#include <glib.h>

#include "sim/core/scheduler.h"
#include "sim/measure/expect.h"

static const LzWindow windows[] = {{"always", 0, LZ_SECONDS(10)}, {"flood", LZ_SECONDS(2), LZ_SECONDS(4)},
                                   {"late", LZ_SECONDS(20), LZ_SECONDS(30)}};
enum { ALWAYS, FLOOD, LATE };

typedef struct Fixture {
    LzScheduler *scheduler;
    LzProbes *probes;
} Fixture;

static void go_to(Fixture *fixture, LzTime time_ns)
{
    while (lz_scheduler_step(fixture->scheduler, time_ns)) {
    }
}

/* A run of 10 s: in the flood (2..4 s) ten waits of 1..10 ms, 3 of 12 packets dropped, a broker that is
 * unavailable from 2 s to 5 s. */
static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->scheduler = lz_scheduler_new();
    LzRecorderOptions options = {
        .scheduler = fixture->scheduler, .windows = windows, .window_count = G_N_ELEMENTS(windows),
    };
    LzProbes *probes = fixture->probes = lz_recorder_new(&options);
    LzScope link = lz_probe_scope(probes, LZ_SCOPE_LINK, "backbone", NULL);
    LzScope broker = lz_probe_scope(probes, LZ_SCOPE_SERVICE, "broker", NULL);
    lz_probe_level(probes, broker, LZ_METRIC_SERVICE_AVAILABILITY, 1000000000);
    go_to(fixture, LZ_SECONDS(2));
    lz_probe_level(probes, broker, LZ_METRIC_SERVICE_AVAILABILITY, 250000000);
    for (unsigned i = 1; i <= 10; i++) {
        lz_probe_sample(probes, link, LZ_METRIC_LINK_WAIT, LZ_MILLISECONDS(i));
    }
    lz_probe_count(probes, link, LZ_METRIC_LINK_DELIVERED, 9);
    lz_probe_count(probes, link, LZ_METRIC_LINK_DROPPED, 3);
    lz_probe_count_whole(probes, link, LZ_METRIC_LINK_DROPPED, 12);
    go_to(fixture, LZ_SECONDS(5));
    lz_probe_level(probes, broker, LZ_METRIC_SERVICE_AVAILABILITY, 1000000000);
    go_to(fixture, LZ_SECONDS(10));
    lz_recorder_finish(probes, LZ_SECONDS(10));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    lz_recorder_free(fixture->probes);
    lz_scheduler_free(fixture->scheduler);
}

static void assert_value(Fixture *fixture, LzExpectation expectation, int64_t value, uint64_t samples)
{
    int64_t got;
    uint64_t got_samples;
    g_assert_true(lz_expectation_value(&expectation, fixture->probes, &got, &got_samples));
    g_assert_cmpint(got, ==, value);
    g_assert_cmpuint(got_samples, ==, samples);
}

static void assert_no_sample(Fixture *fixture, LzExpectation expectation)
{
    int64_t value;
    uint64_t samples;
    g_assert_false(lz_expectation_value(&expectation, fixture->probes, &value, &samples));
}

#define ASK(...) ((LzExpectation){__VA_ARGS__})
#define WAIT .metric = LZ_METRIC_LINK_WAIT, .scope_name = "backbone"
#define DROPPED .metric = LZ_METRIC_LINK_DROPPED, .scope_name = "backbone"
#define DELIVERED .metric = LZ_METRIC_LINK_DELIVERED, .scope_name = "backbone"
#define AVAILABLE .metric = LZ_METRIC_SERVICE_AVAILABILITY, .scope_name = "broker"

static void test_statistics(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_value(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_MEAN), 5500000, 10);
    assert_value(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_MIN), 1000000, 10);
    assert_value(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_MAX, .window = FLOOD), 10000000, 10);
    assert_value(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_COUNT), 10, 10);
    assert_value(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 990000000), 10000000, 10);
    assert_value(fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_RATIO), 250000000, 12);
    assert_value(fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_COUNT), 3, 12);
    assert_value(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_COUNT), 9, 9);
    assert_value(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_RATE, .window = FLOOD), 4500000, 9);
    assert_value(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_RATE), 900000, 9);
    assert_value(fixture, ASK(AVAILABLE, .statistic = LZ_STATISTIC_MEAN), 775000000, 3);
    assert_value(fixture, ASK(AVAILABLE, .statistic = LZ_STATISTIC_LAST, .window = FLOOD), 250000000, 1);
    assert_value(fixture, ASK(AVAILABLE, .statistic = LZ_STATISTIC_MIN), 250000000, 3);
    assert_value(fixture, ASK(AVAILABLE,
                              .statistic = LZ_STATISTIC_RECOVER_TIME, .to_value = 990000000), LZ_SECONDS(5), 3);
    assert_value(fixture, ASK(AVAILABLE,
                              .statistic = LZ_STATISTIC_RECOVER_TIME, .to_value = 990000000, .window = FLOOD),
                 LZ_TIME_NEVER, 1);
}

static void test_no_sample(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_MEAN, .min_samples = 11));
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_MEAN, .window = LATE));
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_COUNT, .window = LATE));
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 500000000, .window = LATE));
    assert_no_sample(fixture, ASK(.metric = LZ_METRIC_LINK_WAIT, .scope_name = "nowhere",
                                  .statistic = LZ_STATISTIC_MAX));
    /* part of nothing */
    assert_no_sample(fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_COUNT, .window = LATE));
    assert_no_sample(fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_RATIO, .window = LATE));
    assert_no_sample(fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_RATIO, .min_samples = 13));
    assert_no_sample(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_COUNT, .window = LATE));     /* after the end */
    assert_no_sample(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_COUNT, .min_samples = 10));
    assert_no_sample(fixture, ASK(AVAILABLE, .statistic = LZ_STATISTIC_MEAN, .window = LATE));
    assert_no_sample(fixture, ASK(.metric = LZ_METRIC_SERVICE_CPU, .scope_name = "broker",
                                  .statistic = LZ_STATISTIC_RECOVER_TIME));
    /* a counter has no mean */
    assert_no_sample(fixture, ASK(DELIVERED, .statistic = LZ_STATISTIC_MEAN));
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_RATIO));
    assert_no_sample(fixture, ASK(WAIT, .statistic = LZ_STATISTIC_RATE));
    /* A counter whose scope exists is a real 0. */
    assert_value(fixture, ASK(.metric = LZ_METRIC_SERVICE_REFUSED, .scope_name = "broker",
                              .statistic = LZ_STATISTIC_COUNT), 0, 1);
    assert_value(fixture, ASK(.metric = LZ_METRIC_SERVICE_REFUSED, .scope_name = "broker",
                              .statistic = LZ_STATISTIC_RATE), 0, 1);
    assert_no_sample(fixture, ASK(.metric = LZ_METRIC_SERVICE_REFUSED, .scope_name = "none",
                                  .statistic = LZ_STATISTIC_COUNT));
}

static void test_real_zero(void)
{
    Fixture fixture;
    set_up(&fixture, NULL);
    lz_recorder_free(fixture.probes);
    LzRecorderOptions options = {.scheduler = fixture.scheduler, .windows = windows, .window_count = 1};
    fixture.probes = lz_recorder_new(&options);
    LzScope link = lz_probe_scope(fixture.probes, LZ_SCOPE_LINK, "backbone", NULL);
    lz_probe_count_whole(fixture.probes, link, LZ_METRIC_LINK_DROPPED, 5);
    lz_recorder_finish(fixture.probes, LZ_SECONDS(10));
    assert_no_sample(&fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_COUNT));     /* reported after the window */
    tear_down(&fixture, NULL);

    fixture.scheduler = lz_scheduler_new();
    options.scheduler = fixture.scheduler;
    fixture.probes = lz_recorder_new(&options);
    link = lz_probe_scope(fixture.probes, LZ_SCOPE_LINK, "backbone", NULL);
    lz_probe_count_whole(fixture.probes, link, LZ_METRIC_LINK_DROPPED, 5);
    lz_recorder_finish(fixture.probes, LZ_SECONDS(10));
    assert_value(&fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_COUNT), 0, 5);
    assert_value(&fixture, ASK(DROPPED, .statistic = LZ_STATISTIC_RATIO), 0, 5);
    tear_down(&fixture, NULL);
}

/* ---- while the run goes on ---- */

typedef struct Going {                  /* a run of 10 s that is not over */
    LzScheduler *scheduler;
    LzProbes *probes;
    LzScope link, broker, flow;
    LzProbeDevice *device;
} Going;

static void set_going(Going *going)
{
    going->scheduler = lz_scheduler_new();
    LzRecorderOptions options = {.scheduler = going->scheduler, .windows = windows, .window_count = G_N_ELEMENTS(windows),
                                 .series_every_ns = LZ_SECONDS(1)};
    going->probes = lz_recorder_new(&options);
    going->link = lz_probe_scope(going->probes, LZ_SCOPE_LINK, "backbone", NULL);
    going->broker = lz_probe_scope(going->probes, LZ_SCOPE_SERVICE, "broker", NULL);
    going->flow = lz_probe_scope(going->probes, LZ_SCOPE_FLOW, "alarm", "pump");
    going->device = lz_probe_device(going->probes, "pump[1]", false, NULL);
}

static void clear_going(Going *going)
{
    lz_recorder_free(going->probes);
    lz_scheduler_free(going->scheduler);
}

static bool is_lost_at(Going *going, LzTime time_ns, LzExpectation expectation)
{
    while (lz_scheduler_step(going->scheduler, time_ns)) {
    }
    lz_recorder_settle(going->probes);
    return lz_expectation_is_lost(&expectation, going->probes);
}

#define LOST(...) ASK(DROPPED, .has_max = true, __VA_ARGS__)

static void test_lost_at_once(void)
{
    Going going;
    set_going(&going);
    const LzExpectation few = ASK(DELIVERED, .statistic = LZ_STATISTIC_COUNT, .has_max = true, .max_value = 9);
    const LzExpectation many = ASK(DELIVERED, .statistic = LZ_STATISTIC_COUNT, .has_min = true, .min_value = 100);
    const LzExpectation quick = ASK(WAIT, .statistic = LZ_STATISTIC_MAX, .has_max = true, .max_value = 1000);
    const LzExpectation slow = ASK(WAIT, .statistic = LZ_STATISTIC_MIN, .has_min = true, .min_value = 1000);
    const LzExpectation usual = ASK(WAIT, .statistic = LZ_STATISTIC_MEAN, .has_max = true, .max_value = 1000);
    const LzExpectation up = ASK(AVAILABLE, .statistic = LZ_STATISTIC_MIN, .has_min = true, .min_value = 500000000);
    lz_probe_count(going.probes, going.link, LZ_METRIC_LINK_DELIVERED, 9);
    lz_probe_sample(going.probes, going.link, LZ_METRIC_LINK_WAIT, 1000);
    lz_probe_level(going.probes, going.broker, LZ_METRIC_SERVICE_AVAILABILITY, 1000000000);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_false(is_lost_at(&going, LZ_SECONDS(1), ((const LzExpectation[]){few, many, quick, slow, usual, up})[i]));
    }
    lz_probe_count(going.probes, going.link, LZ_METRIC_LINK_DELIVERED, 1);
    lz_probe_sample(going.probes, going.link, LZ_METRIC_LINK_WAIT, 999);
    lz_probe_sample(going.probes, going.link, LZ_METRIC_LINK_WAIT, 9999);
    lz_probe_level(going.probes, going.broker, LZ_METRIC_SERVICE_AVAILABILITY, 400000000);
    g_assert_true(is_lost_at(&going, LZ_SECONDS(1) + 1, few));
    g_assert_true(is_lost_at(&going, LZ_SECONDS(1) + 1, quick));
    g_assert_true(is_lost_at(&going, LZ_SECONDS(1) + 1, slow));
    g_assert_true(is_lost_at(&going, LZ_SECONDS(1) + 1, up));
    g_assert_false(is_lost_at(&going, LZ_SECONDS(1) + 1, many));        /* more may come */
    g_assert_false(is_lost_at(&going, LZ_SECONDS(1) + 1, usual));       /* smaller ones may come */
    clear_going(&going);
}

static void test_lost_with_the_window(void)
{
    Going going;
    set_going(&going);
    const LzExpectation ratio = LOST(.statistic = LZ_STATISTIC_RATIO, .max_value = 100000000, .window = FLOOD);
    const LzExpectation unseen = ASK(WAIT, .statistic = LZ_STATISTIC_MAX, .has_max = true, .max_value = 1000, .window = FLOOD);
    g_assert_false(is_lost_at(&going, LZ_SECONDS(3), ratio));
    lz_probe_count(going.probes, going.link, LZ_METRIC_LINK_DROPPED, 3);
    lz_probe_count_whole(going.probes, going.link, LZ_METRIC_LINK_DROPPED, 10);
    g_assert_false(is_lost_at(&going, LZ_SECONDS(4) - 1, ratio));       /* 30 %, but it goes on */
    g_assert_false(is_lost_at(&going, LZ_SECONDS(4) - 1, unseen));
    g_assert_true(is_lost_at(&going, LZ_SECONDS(4), ratio));
    g_assert_true(is_lost_at(&going, LZ_SECONDS(4), unseen));           /* no sample: it failed */
    clear_going(&going);
}

/* A message counts for the window of its creation, so a window is not final before its messages are. */
static void test_lost_with_the_message(void)
{
    Going going;
    set_going(&going);
    const LzExpectation all = ASK(.metric = LZ_METRIC_FLOW_DELIVERED, .scope_name = "alarm", .statistic = LZ_STATISTIC_RATIO,
                                  .window = FLOOD, .has_min = true, .min_value = 1000000000);
    is_lost_at(&going, LZ_SECONDS(3), all);
    uint8_t marks[2][LZ_MESSAGE_MARK_BYTES];
    for (unsigned i = 0; i < 2; i++) {
        lz_message_mark_write(marks[i], lz_probe_created(going.probes, going.flow, going.device, 50, LZ_TIME_NEVER));
    }
    lz_probe_delivered(going.probes, (LzBytes){marks[0], sizeof marks[0]});
    g_assert_false(is_lost_at(&going, LZ_SECONDS(6), all));
    lz_probe_delivered(going.probes, (LzBytes){marks[1], sizeof marks[1]});
    g_assert_false(is_lost_at(&going, LZ_SECONDS(7), all));
    clear_going(&going);

    set_going(&going);
    is_lost_at(&going, LZ_SECONDS(3), all);
    LzMessageId message = lz_probe_created(going.probes, going.flow, going.device, 50, LZ_TIME_NEVER);
    g_assert_false(is_lost_at(&going, LZ_SECONDS(6), all));
    lz_probe_lost(going.probes, message, LZ_LOSS_POWER);
    g_assert_true(is_lost_at(&going, LZ_SECONDS(7), all));
    clear_going(&going);
}

/* Being asked each second does not change what is measured. */
static void test_settling_changes_nothing(void)
{
    int64_t mean[2], min[2];
    uint64_t pieces[2];
    size_t rows[2];
    int64_t last[2];
    for (unsigned asked = 0; asked < 2; asked++) {
        Going going;
        set_going(&going);
        for (unsigned i = 0; i < 40; i++) {
            while (lz_scheduler_step(going.scheduler, i * LZ_MILLISECONDS(250))) {
            }
            if (asked) {
                lz_recorder_settle(going.probes);
            }
            if (i % 7 == 3) {
                lz_probe_level(going.probes, going.broker, LZ_METRIC_SERVICE_AVAILABILITY, (int64_t)i * 1000);
            }
        }
        lz_recorder_finish(going.probes, LZ_SECONDS(10));
        LzObservation seen = lz_recorder_observe(going.probes, LZ_METRIC_SERVICE_AVAILABILITY, "broker", NULL, ALWAYS);
        mean[asked] = seen.mean;
        min[asked] = seen.min;
        pieces[asked] = seen.samples;
        const LzSeriesRow *series = lz_recorder_series(going.probes, &rows[asked]);
        last[asked] = 0;
        for (size_t i = 0; i < rows[asked]; i++) {
            last[asked] = 31 * last[asked] + series[i].value + series[i].t_ns / 1000;
        }
        lz_observation_clear(&seen);
        clear_going(&going);
    }
    g_assert_cmpint(mean[0], ==, mean[1]);
    g_assert_cmpint(min[0], ==, min[1]);
    g_assert_cmpuint(pieces[0], ==, pieces[1]);
    g_assert_cmpuint(rows[0], ==, rows[1]);
    g_assert_cmpuint(rows[0], >, 8);
    g_assert_cmpint(last[0], ==, last[1]);
}

static const uint64_t enough[] = {100, 100, 100, 100, 100};

static void test_judge_max(void)
{
    LzExpectation expectation = ASK(.has_max = true, .max_value = 500);
    LzVerdict verdict = lz_expectation_judge(&expectation, (int64_t[]){100, 200, 150}, enough, 3);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_HELD);
    g_assert_cmpint(verdict.observed, ==, 150);
    g_assert_cmpint(verdict.worst, ==, 200);
    g_assert_cmpuint(verdict.worst_repetition, ==, 2);
    g_assert_cmpuint(verdict.samples, ==, 300);
    g_assert_cmpfloat_with_epsilon(verdict.margin, 500.0 / 150, 1e-12);
    /* 150 +- 4.3027 x 50 / sqrt(3) */
    g_assert_cmpint(verdict.ci_low, ==, 26);
    g_assert_cmpint(verdict.ci_high, ==, 274);

    verdict = lz_expectation_judge(&expectation, (int64_t[]){500}, enough, 1);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_HELD);
    g_assert_cmpint(verdict.ci_low, ==, 500);
    g_assert_cmpint(verdict.ci_high, ==, 500);
    verdict = lz_expectation_judge(&expectation, (int64_t[]){100, 501, 100}, enough, 3);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_FAILED);              /* one repetition is enough to fail */
    g_assert_cmpint(verdict.worst, ==, 501);
    g_assert_cmpuint(verdict.worst_repetition, ==, 2);
}

static void test_judge_min(void)
{
    LzExpectation expectation = ASK(.has_min = true, .min_value = 990);
    LzVerdict verdict = lz_expectation_judge(&expectation, (int64_t[]){1000, 995}, enough, 2);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_HELD);
    g_assert_cmpint(verdict.observed, ==, 998);                         /* 997.5 */
    g_assert_cmpint(verdict.worst, ==, 995);
    g_assert_cmpfloat_with_epsilon(verdict.margin, 998.0 / 990, 1e-12);
    verdict = lz_expectation_judge(&expectation, (int64_t[]){1000, 989}, enough, 2);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_FAILED);

    LzExpectation between = ASK(.has_min = true, .min_value = 10, .has_max = true, .max_value = 20);
    verdict = lz_expectation_judge(&between, (int64_t[]){15, 19, 12}, enough, 3);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_HELD);
    g_assert_cmpint(verdict.worst, ==, 19);
    verdict = lz_expectation_judge(&between, (int64_t[]){15, 9, 12}, enough, 3);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_FAILED);
    g_assert_cmpint(verdict.worst, ==, 9);
}

static void test_judge_no_sample(void)
{
    LzExpectation expectation = ASK(.has_max = true, .max_value = 0, .min_samples = 50);
    LzVerdict verdict = lz_expectation_judge(&expectation, (int64_t[]){0, 0}, (uint64_t[]){50, 49}, 2);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_NO_SAMPLE);
    verdict = lz_expectation_judge(&expectation, (int64_t[]){0, 0}, (uint64_t[]){50, 50}, 2);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_HELD);
    g_assert_cmpfloat(verdict.margin, ==, 0);                           /* 0 of at most 0 */
    expectation.min_samples = 0;
    verdict = lz_expectation_judge(&expectation, (int64_t[]){0}, (uint64_t[]){0}, 1);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_NO_SAMPLE);           /* at least one, whatever was asked */
}

static void test_judge_never(void)
{
    LzExpectation expectation = ASK(.has_max = true, .max_value = LZ_SECONDS(45));
    LzVerdict verdict = lz_expectation_judge(&expectation, (int64_t[]){LZ_SECONDS(17), LZ_TIME_NEVER}, enough, 2);
    g_assert_cmpint(verdict.state, ==, LZ_VERDICT_FAILED);
    g_assert_cmpint(verdict.observed, ==, LZ_TIME_NEVER);
    g_assert_cmpint(verdict.ci_low, ==, LZ_TIME_NEVER);
    g_assert_cmpint(verdict.worst, ==, LZ_TIME_NEVER);
    g_assert_cmpuint(verdict.worst_repetition, ==, 2);
}

/* A share of the baseline becomes a limit, never a wider one than asked for. */
static void test_compare(void)
{
    LzExpectation expectation = ASK(.has_max_drop = true, .max_drop_ppb = 50000000, .has_max_rise = true, .max_rise_ppb = 100000000);
    lz_expectation_compare(&expectation, 999);
    g_assert_cmpint(expectation.min_value, ==, 950);                    /* 949.05 */
    g_assert_cmpint(expectation.max_value, ==, 1098);                   /* 1098.9 */
    g_assert_true(lz_expectation_holds(&expectation, 950));
    g_assert_false(lz_expectation_holds(&expectation, 949));
    g_assert_false(lz_expectation_holds(&expectation, 1099));
    /* The narrower limit counts. */
    expectation = ASK(.has_min = true, .min_value = 960, .has_max = true, .max_value = 2000, .has_max_drop = true,
                      .max_drop_ppb = 50000000, .has_max_rise = true, .max_rise_ppb = 100000000);
    lz_expectation_compare(&expectation, 1000);
    g_assert_cmpint(expectation.min_value, ==, 960);
    g_assert_cmpint(expectation.max_value, ==, 1100);
    /* One side leaves the other open. */
    expectation = ASK(.has_max_rise = true);
    lz_expectation_compare(&expectation, 0);
    g_assert_false(expectation.has_min);
    g_assert_false(lz_expectation_holds(&expectation, 1));
    g_assert_true(lz_expectation_holds(&expectation, 0));
    expectation = ASK(.has_max_rise = true, .max_rise_ppb = INT64_C(1000000000000));
    lz_expectation_compare(&expectation, INT64_MAX - 1);
    g_assert_cmpint(expectation.max_value, ==, INT64_MAX - 1);
    expectation = ASK(.has_max_drop = true, .max_drop_ppb = 1000000000);
    lz_expectation_compare(&expectation, INT64_MAX - 1);
    g_assert_cmpint(expectation.min_value, ==, 0);
}

static void test_format(void)
{
    static const struct { int64_t value; LzMetric metric; LzStatistic statistic; const char *text; } rows[] = {
        {188000000, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_QUANTILE, "188 ms"},
        {98949999, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MEAN, "98.9 ms"},
        {999499999, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MEAN, "999 ms"},
        {999500000, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MEAN, "1 s"},
        {999960000, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MEAN, "1 s"},
        {500000000, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MAX, "500 ms"},
        {45200000000, LZ_METRIC_SERVICE_AVAILABILITY, LZ_STATISTIC_RECOVER_TIME, "45.2 s"},
        {LZ_TIME_NEVER, LZ_METRIC_SERVICE_AVAILABILITY, LZ_STATISTIC_RECOVER_TIME, "never"},
        {0, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MIN, "0 s"},
        {7, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MIN, "7 ns"},
        {40500, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MIN, "40.5 us"},
        {1001000000000, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MIN, "16.7 min"},
        {37000000, LZ_METRIC_FLOW_DEADLINE_MISS, LZ_STATISTIC_RATIO, "3.7 %"},
        {10000000, LZ_METRIC_FLOW_DEADLINE_MISS, LZ_STATISTIC_RATIO, "1 %"},
        {1000000000, LZ_METRIC_FLOW_DEADLINE_MISS, LZ_STATISTIC_RATIO, "100 %"},
        {999800000, LZ_METRIC_SERVICE_AVAILABILITY, LZ_STATISTIC_MEAN, "99.98 %"},
        {999999999, LZ_METRIC_SERVICE_AVAILABILITY, LZ_STATISTIC_MEAN, "99.9999999 %"},
        {123456, LZ_METRIC_FLOW_LOST, LZ_STATISTIC_RATIO, "0.0123 %"},
        {1, LZ_METRIC_FLOW_LOST, LZ_STATISTIC_RATIO, "0.0000001 %"},
        {0, LZ_METRIC_FLOW_LOST, LZ_STATISTIC_RATIO, "0 %"},
        {1214, LZ_METRIC_FLOW_LOST, LZ_STATISTIC_COUNT, "1,214"},
        {0, LZ_METRIC_FLOW_LOST, LZ_STATISTIC_COUNT, "0"},
        {1234567, LZ_METRIC_FLOW_CREATED, LZ_STATISTIC_COUNT, "1,234,567"},
        {999, LZ_METRIC_RUN_DEVICES_CONNECTED, LZ_STATISTIC_MEAN, "999"},
        {1234567, LZ_METRIC_FLOW_GOODPUT, LZ_STATISTIC_COUNT, "1.23 MB"},
        {512, LZ_METRIC_LINK_QUEUE, LZ_STATISTIC_MAX, "512 B"},
        {17500000, LZ_METRIC_FLOW_CREATED, LZ_STATISTIC_RATE, "17.5 /s"},
        {INT64_C(1214600000), LZ_METRIC_FLOW_CREATED, LZ_STATISTIC_RATE, "1,215 /s"},
        {INT64_C(1500000000), LZ_METRIC_LINK_BYTES, LZ_STATISTIC_RATE, "1.5 kB/s"},
        {-98949999, LZ_METRIC_FLOW_LATENCY, LZ_STATISTIC_MEAN, "-98.9 ms"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = lz_format_value(rows[i].value, rows[i].metric, rows[i].statistic);
        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/expect/statistics", Fixture, NULL, set_up, test_statistics, tear_down);
    g_test_add("/expect/no-sample", Fixture, NULL, set_up, test_no_sample, tear_down);
    g_test_add_func("/expect/real-zero", test_real_zero);
    g_test_add_func("/expect/judge/max", test_judge_max);
    g_test_add_func("/expect/judge/min", test_judge_min);
    g_test_add_func("/expect/judge/no-sample", test_judge_no_sample);
    g_test_add_func("/expect/judge/never", test_judge_never);
    g_test_add_func("/expect/compare", test_compare);
    g_test_add_func("/expect/lost/at-once", test_lost_at_once);
    g_test_add_func("/expect/lost/with-the-window", test_lost_with_the_window);
    g_test_add_func("/expect/lost/with-the-message", test_lost_with_the_message);
    g_test_add_func("/expect/lost/settling", test_settling_changes_nothing);
    g_test_add_func("/expect/format", test_format);
    return g_test_run();
}
