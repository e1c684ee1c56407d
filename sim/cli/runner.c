/* The loop over repetitions. */
#include "sim/cli/runner.h"

#include <string.h>

#include "lazaret/error.h"
#include "sim/cli/command.h"
#include "sim/control/feed.h"
#include "sim/control/resident.h"
#include "sim/world.h"

#define EVENTS_PER_SLICE 2048           /* between looks at the real clock */

typedef struct Values {                 /* of one repetition, one per expectation */
    int64_t *values;
    uint64_t *samples;
} Values;

typedef struct Runner {
    const LzPlan *plan;
    const LzRunnerOptions *options;
    LzRunOutcome *outcome;
    LzResults *results;
    LzFeed *feed;
    gint64 started_us;
    Values *values;                     /* per repetition */
} Runner;

/* ---- expectations ---- */

static char *limit_text(const LzExpectation *expectation)
{
    int64_t limit = expectation->has_max ? expectation->max_value : expectation->min_value;
    g_autofree char *text = lz_format_value(limit, expectation->metric, expectation->statistic);
    return g_strconcat(expectation->has_max ? "at most " : "at least ", text, NULL);
}

/* Into events.csv and, when somebody may listen, the feed. */
static void say_failed(Runner *runner, LzWorld *world, const LzExpectation *expectation, bool has_sample, int64_t value)
{
    lz_probe_trace(lz_world_probes(world), LZ_TRACE_EXPECT, NULL, NULL, NULL, 0, 0, expectation->name);
    if (!runner->feed) {
        return;
    }
    g_autofree char *limit = limit_text(expectation);
    g_autofree char *observed = has_sample ? lz_format_value(value, expectation->metric, expectation->statistic) : NULL;
    lz_feed_expectation_failed(runner->feed, expectation->name, expectation->line, observed, limit);
}

static void ask(Runner *runner, unsigned repetition, LzWorld *world)
{
    unsigned count = runner->outcome->expectation_count;
    Values *values = &runner->values[repetition];
    values->values = g_new0(int64_t, count);
    values->samples = g_new0(uint64_t, count);
    for (unsigned i = 0; i < count; i++) {
        const LzExpectation *expectation = &runner->outcome->expectations[i];
        int64_t *value = &values->values[i];
        bool has_sample = lz_expectation_value(expectation, lz_world_probes(world), value, &values->samples[i]);
        if (!has_sample || !lz_expectation_holds(expectation, *value)) {
            say_failed(runner, world, expectation, has_sample, *value);
        }
    }
}

static void judge(Runner *runner)
{
    LzRunOutcome *outcome = runner->outcome;
    unsigned repetitions = outcome->repetition_count;
    g_autofree int64_t *values = g_new0(int64_t, repetitions + 1);
    g_autofree uint64_t *samples = g_new0(uint64_t, repetitions + 1);
    for (unsigned i = 0; i < outcome->expectation_count; i++) {
        for (unsigned r = 0; r < repetitions; r++) {
            values[r] = runner->values[r].values[i];
            samples[r] = runner->values[r].samples[i];
        }
        if (repetitions == 0) {
            outcome->verdicts[i] = (LzVerdict){.state = LZ_VERDICT_NO_SAMPLE};
            continue;
        }
        outcome->verdicts[i] = lz_expectation_judge(&outcome->expectations[i], values, samples, repetitions);
    }
}

/* ---- one repetition ---- */

static double seconds_since(gint64 from_us)
{
    return (double)(g_get_monotonic_time() - from_us) / 1e6;
}

static void show(Runner *runner, const LzWorld *world, unsigned repetition, gint64 from_us)
{
    if (!runner->options->progress) {
        return;
    }
    LzProgress progress = {
        .repetition = repetition + 1,
        .repetitions = (unsigned)runner->plan->run.repeat,
        .now_ns = lz_world_now(world),
        .end_ns = runner->plan->run.duration_ns,
        .events = lz_world_events(world),
        .wall_s = seconds_since(from_us),
        .connected = lz_world_connected(world),
        .window = lz_world_event(world),
    };
    runner->options->progress(runner->options->self, &progress);
}

static inline bool is_told_to_stop(const Runner *runner)
{
    return runner->options->stop && *runner->options->stop;
}

/* Takes over the reason. */
static bool stop_early(Runner *runner, char *reason)
{
    runner->outcome->state = LZ_RUN_INTERRUPTED;
    runner->outcome->reason = reason;
    return true;
}

/* Of the memory limit; asked between events, where everything that there is can be kept. */
static bool is_too_large(Runner *runner)
{
    uint64_t limit = runner->options->resident_bytes_max, resident = limit > 0 ? lz_resident_bytes() : 0;
    if (resident <= limit) {
        return false;
    }
    runner->outcome->has_hit_memory_limit = true;
    return stop_early(runner, g_strdup_printf("memory limit: %.1f MB resident, --max-rss %.1f MB", (double)resident / 1e6,
                                              (double)limit / 1e6));
}

static bool must_stop(Runner *runner)
{
    if (is_told_to_stop(runner)) {
        return stop_early(runner, g_strdup_printf("signal %d", (int)*runner->options->stop));
    }
    if (runner->options->wall_limit_s > 0 && seconds_since(runner->started_us) > runner->options->wall_limit_s) {
        runner->outcome->has_hit_wall_limit = true;
        return stop_early(runner, g_strdup("wall limit"));
    }
    return is_too_large(runner);
}

static bool has_aborting(const LzRunOutcome *outcome)
{
    for (unsigned i = 0; i < outcome->expectation_count; i++) {
        if (outcome->expectations[i].aborts) {
            return true;
        }
    }
    return false;
}

/* Asked in virtual time alone, so that the same run stops at the same event. */
static bool must_abort(Runner *runner, LzWorld *world, unsigned repetition)
{
    lz_recorder_settle(lz_world_probes(world));
    for (unsigned i = 0; i < runner->outcome->expectation_count; i++) {
        const LzExpectation *expectation = &runner->outcome->expectations[i];
        if (expectation->aborts && lz_expectation_is_lost(expectation, lz_world_probes(world))) {
            runner->outcome->aborted_by = expectation;
            return stop_early(runner, g_strdup_printf("%s could no longer hold at %" G_GINT64_FORMAT " s of repetition %u",
                                                      expectation->name, lz_world_now(world) / LZ_NS_PER_S,
                                                      repetition + 1));
        }
    }
    return false;
}

static void run_to_end(Runner *runner, LzWorld *world, unsigned repetition, gint64 from_us)
{
    bool has_more = true;
    LzTime check_ns = has_aborting(runner->outcome) ? LZ_NS_PER_S : LZ_TIME_NEVER;
    while (has_more && !must_stop(runner)) {
        for (unsigned i = 0; has_more && i < EVENTS_PER_SLICE && !is_told_to_stop(runner); i++) {
            has_more = lz_world_step(world);
            if (has_more && G_UNLIKELY(lz_world_now(world) > check_ns)) {       /* all of that second is over */
                check_ns = lz_world_now(world) / LZ_NS_PER_S * LZ_NS_PER_S + LZ_NS_PER_S;
                has_more = !must_abort(runner, world, repetition);
            }
        }
        show(runner, world, repetition, from_us);
        if (runner->feed) {
            lz_feed_poll(runner->feed);
        }
    }
}

static void add_services(LzRunOutcome *outcome, LzWorld *world)
{
    for (unsigned i = 0; i < outcome->service_count; i++) {
        LzServiceTotal *total = &outcome->services[i];
        const LzHost *host = lz_world_host(world, total->name);
        total->cpu_ns += lz_host_cpu_busy_ns(host);
        total->capacity_ns += lz_world_now(world) * lz_host_cores(host);
        total->handshakes += lz_host_stats(host)->handshakes_completed;
        total->refused += lz_host_stats(host)->handshakes_refused;
    }
}

static gboolean run_repetition(Runner *runner, unsigned repetition, GError **error)
{
    gint64 from_us = g_get_monotonic_time();
    const LzWorldObserver *observer = runner->results && repetition == 0 ? lz_results_observer(runner->results) : NULL;
    g_autoptr(LzWorld) world = lz_world_new(runner->plan, repetition, observer, error);
    if (!world) {
        return FALSE;
    }
    if (runner->options->is_checked) {
        lz_world_watch(world);
    }
    if (runner->feed) {
        lz_feed_attach(runner->feed, world, repetition);
    }
    run_to_end(runner, world, repetition, from_us);
    lz_world_finish(world);
    g_autofree char *problem = NULL;
    if (!lz_world_check(world, &problem)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_LIMIT,
                    "a law that every run obeys is broken at %.9f s of virtual time (a bug of lazaret): %s",
                    (double)lz_world_now(world) / 1e9, problem);
        return FALSE;
    }
    runner->outcome->repetitions[repetition] = (LzRepetition){
        .seed = lz_world_seed(world),
        .events = lz_world_events(world),
        .packets = lz_world_packets(world),
        .digest = lz_digest_value(lz_world_digest(world)),
        .virtual_ns = lz_world_now(world),
        .wall_s = seconds_since(from_us),
    };
    runner->outcome->repetition_count = repetition + 1;
    add_services(runner->outcome, world);
    ask(runner, repetition, world);
    return !runner->results ||
           lz_results_add_repetition(runner->results, repetition, world, seconds_since(from_us), lz_resident_peak_bytes(), error);
}

/* ---- the whole ---- */

static void open_feed(Runner *runner)
{
    const char *live = runner->options->live;
    bool is_wanted = live ? strcmp(live, "off") != 0 : runner->plan->live.bind != 0;
    if (!is_wanted) {
        return;
    }
    g_autoptr(GError) problem = NULL;
    runner->feed = lz_feed_open(live, runner->outcome->run_id, runner->plan, &problem);
    if (runner->feed) {
        runner->outcome->feed_endpoint = g_strdup(lz_feed_endpoint(runner->feed));
    } else {
        runner->outcome->feed_problem = g_strdup(problem->message);
    }
}

static LzRunOutcome *outcome_new(const LzPlan *plan, const LzExpectation *expectations)
{
    LzRunOutcome *outcome = g_new0(LzRunOutcome, 1);
    outcome->expectation_count = plan->expect.count;
    outcome->expectations = g_new0(LzExpectation, plan->expect.count + 1);
    memcpy(outcome->expectations, expectations, plan->expect.count * sizeof *expectations);
    outcome->verdicts = g_new0(LzVerdict, plan->expect.count + 1);
    outcome->repetitions = g_new0(LzRepetition, (gsize)plan->run.repeat);
    outcome->run_id = lz_run_id(plan);
    outcome->service_count = plan->services.count;
    outcome->services = g_new0(LzServiceTotal, plan->services.count + 1);
    for (unsigned i = 0; i < plan->services.count; i++) {
        outcome->services[i].name = ((const LzServicePlan *)plan->services.items)[i].name.text;
    }
    return outcome;
}

static gboolean run_all(Runner *runner, GError **error)
{
    for (unsigned r = 0; r < runner->plan->run.repeat && runner->outcome->state == LZ_RUN_COMPLETE; r++) {
        if (!run_repetition(runner, r, error)) {
            runner->outcome->state = LZ_RUN_FAILED;
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean commit(Runner *runner, GError **error)
{
    LzRunOutcome *outcome = runner->outcome;
    LzResults *results = g_steal_pointer(&runner->results);
    if (results && outcome->reason) {
        lz_results_explain(results, outcome->reason);
    }
    return !results || lz_results_commit(results, outcome->state, outcome->expectations, outcome->verdicts,
                                         outcome->expectation_count, error);
}

static void runner_clear(Runner *runner)
{
    for (unsigned r = 0; r < runner->plan->run.repeat; r++) {
        g_free(runner->values[r].values);
        g_free(runner->values[r].samples);
    }
    g_free(runner->values);
}

LzRunOutcome *lz_runner_run(const LzPlan *plan, const LzRunnerOptions *options, GError **error)
{
    g_autoptr(LzRunOutcome) outcome = outcome_new(plan, options->expectations);
    Runner runner = {.plan = plan, .options = options, .outcome = outcome, .started_us = g_get_monotonic_time()};
    if (options->directory) {
        LzResultsOptions results = {plan, options->directory, options->is_forced, options->argv, options->overrides};
        runner.results = lz_results_begin(&results, error);
        if (!runner.results) {
            return NULL;
        }
    }
    runner.values = g_new0(Values, (gsize)plan->run.repeat);
    open_feed(&runner);
    gboolean is_good = run_all(&runner, error);
    judge(&runner);
    outcome->wall_s = seconds_since(runner.started_us);
    is_good = commit(&runner, is_good ? error : NULL) && is_good;
    int stop = options->stop ? (int)*options->stop : 0;
    static const char *const state_names[] = {"complete", "interrupted", "failed"};
    lz_feed_close(runner.feed, state_names[outcome->state], is_good ? lz_run_outcome_exit_code(outcome, stop) : LZ_EXIT_FAILED);
    runner_clear(&runner);
    return is_good ? g_steal_pointer(&outcome) : NULL;
}

void lz_run_outcome_free(LzRunOutcome *outcome)
{
    if (outcome) {
        g_free(outcome->expectations);
        g_free(outcome->verdicts);
        g_free(outcome->repetitions);
        g_free(outcome->services);
        g_free(outcome->run_id);
        g_free(outcome->reason);
        g_free(outcome->feed_endpoint);
        g_free(outcome->feed_problem);
        g_free(outcome);
    }
}

int lz_run_outcome_exit_code(const LzRunOutcome *outcome, int stop_signal)
{
    if (outcome->has_hit_memory_limit) {
        return LZ_EXIT_FAILED;
    }
    if (outcome->has_hit_wall_limit) {
        return LZ_EXIT_INCONCLUSIVE;
    }
    if (outcome->state == LZ_RUN_INTERRUPTED && !outcome->aborted_by) {
        return stop_signal == SIGTERM ? LZ_EXIT_TERMINATED : LZ_EXIT_INTERRUPTED;
    }
    bool is_inconclusive = false;
    for (unsigned i = 0; i < outcome->expectation_count; i++) {
        const LzVerdict *verdict = &outcome->verdicts[i];
        if (outcome->expectations[i].is_warning || verdict->state == LZ_VERDICT_HELD) {
            continue;
        }
        if (verdict->state == LZ_VERDICT_FAILED || verdict->samples == 0) {
            return LZ_EXIT_EXPECTATION;
        }
        is_inconclusive = true;         /* some samples, fewer than asked for */
    }
    return is_inconclusive ? LZ_EXIT_INCONCLUSIVE : LZ_EXIT_OK;
}
