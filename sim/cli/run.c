/* `lazaret run`: one scenario, all repetitions, its verdict. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/cli/command.h"
#include "sim/cli/progress.h"
#include "sim/cli/runner.h"
#include "sim/output/expectations.h"
#include "sim/output/verdict.h"
#include "sim/scenario/quantity.h"

typedef struct Options {
    char *out, *seed, *repeat, *until, *junit, *live, *progress, *threads, *resident_limit;
    char **sets;
    double wall_limit_s;
    int64_t resident_bytes_max;         /* of resident_limit; 0: none */
    gboolean is_forced, has_no_plots, prints_digest, is_quiet, is_checked;
} Options;

/* Signals may only set these. */
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t wants_line;

static void on_stop(int number)
{
    if (stop_signal) {
        _exit(128 + number);            /* the second time: at once */
    }
    stop_signal = number;
}

static void on_wants_line(int number)
{
    (void)number;
    wants_line = 1;
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop}, line = {.sa_handler = on_wants_line, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGUSR1, &line, NULL);
}

/* ---- options ---- */

static bool parse_options(Options *options, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &options->out, "Directory of the results (default results/NAME-SEED)", "DIR"},
        {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options->sets, "Override a value: -s run.seed=7 -s fleet.pump.count=200", "PATH=VALUE"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &options->seed, "Same as -s run.seed=N", "N"},
        {"repeat", 0, 0, G_OPTION_ARG_STRING, &options->repeat, "Same as -s run.repeat=N", "N"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &options->until, "Same as -s run.duration=T", "T"},
        {"threads", 'j', 0, G_OPTION_ARG_STRING, &options->threads, "Threads that help with cryptography, or auto: one per processor; never changes results", "N"},
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &options->junit, "Write JUnit XML, one test case per expectation", "FILE"},
        {"live", 0, 0, G_OPTION_ARG_STRING, &options->live, "Live feed: off, ipc, or ipc://PATH", "ENDPOINT"},
        {"max-wall", 0, 0, G_OPTION_ARG_DOUBLE, &options->wall_limit_s, "Stop after this many real seconds (exit 4)", "SECONDS"},
        {"max-rss", 0, 0, G_OPTION_ARG_STRING, &options->resident_limit, "Stop, keeping results, when resident memory exceeds this (exit 3)", "SIZE"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &options->is_forced, "Replace results that are there already", NULL},
        {"no-plots", 0, 0, G_OPTION_ARG_NONE, &options->has_no_plots, "Draw no figures", NULL},
        {"print-digest", 0, 0, G_OPTION_ARG_NONE, &options->prints_digest, "Print only NAME SEED DIGEST per repetition; write nothing", NULL},
        {"check", 0, 0, G_OPTION_ARG_NONE, &options->is_checked, "Let checkers observe the run: a broken law of conservation ends it (exit 3)", NULL},
        {"progress", 0, 0, G_OPTION_ARG_STRING, &options->progress, "auto, bar, lines or none", "HOW"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->is_quiet, "No progress", NULL},
        G_OPTION_ENTRY_NULL,
    };
    return lz_cli_options("SCENARIO",
                          "Runs a scenario and says whether its expectations hold.\n\nExamples:\n"
                          "  lazaret run scenarios/icu-ward.yaml\n"
                          "  lazaret run scenarios/icu-ward.yaml --seed 7 --repeat 5 -o results/five\n"
                          "  lazaret run scenarios/icu-flood.yaml -s fleet.pump.count=100 --junit flood.xml\n",
                          entries, argc, argv);
}

static void add_set(GPtrArray *sets, const char *path, const char *value)
{
    if (value) {
        g_ptr_array_add(sets, g_strdup_printf("%s=%s", path, value));
    }
}

static GPtrArray *all_sets(const Options *options)
{
    GPtrArray *sets = g_ptr_array_new_with_free_func(g_free);
    for (char **set = options->sets; set && *set; set++) {
        g_ptr_array_add(sets, g_strdup(*set));
    }
    add_set(sets, "run.seed", options->seed);
    add_set(sets, "run.repeat", options->repeat);
    add_set(sets, "run.duration", options->until);
    add_set(sets, "run.threads", options->threads);
    g_ptr_array_add(sets, NULL);
    return sets;
}

static void options_clear(Options *options)
{
    g_free(options->out);
    g_free(options->seed);
    g_free(options->repeat);
    g_free(options->until);
    g_free(options->junit);
    g_free(options->live);
    g_free(options->progress);
    g_free(options->threads);
    g_free(options->resident_limit);
    g_strfreev(options->sets);
}

static bool progress_mode(const Options *options, LzProgressMode *ret_mode)
{
    static const char *const names[] = {"auto", "bar", "lines", "none"};
    if (options->is_quiet || options->prints_digest) {
        *ret_mode = LZ_PROGRESS_NONE;
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(options->progress ? options->progress : "auto", names[i]) == 0) {
            *ret_mode = (LzProgressMode)i;
            return true;
        }
    }
    return false;
}

static bool read_resident_limit(Options *options)
{
    return !options->resident_limit
           || (lz_quantity_parse(LZ_PARAM_BYTES, options->resident_limit, &options->resident_bytes_max) == LZ_QUANTITY_OK
               && options->resident_bytes_max > 0);
}

/* What the types of the options cannot say, or NULL. */
static const char *mistake_in(Options *options)
{
    if (!read_resident_limit(options)) {
        return "--max-rss wants a size, such as `2 GB`";
    }
    if (options->out && options->out[0] == '\0') {
        return "--out wants the name of a directory";
    }
    return options->wall_limit_s >= 0 ? NULL : "--max-wall wants a number of seconds that is not negative";
}

/* ---- what the user sees ---- */

static void print_header(const LzPlan *plan)
{
    g_autofree char *duration = lz_progress_clock(plan->run.duration_ns);
    fprintf(stderr, "%s  %u devices, %u service%s, %u attack%s, %u fault%s  seed %" G_GINT64_FORMAT "  %" G_GINT64_FORMAT " x %s virtual  %u thread%s\n",
            plan->name.text, plan->device_count, plan->services.count, plan->services.count == 1 ? "" : "s", plan->attacks.count,
            plan->attacks.count == 1 ? "" : "s", plan->faults.count, plan->faults.count == 1 ? "" : "s", plan->run.seed,
            plan->run.repeat, duration, plan->threads, plan->threads == 1 ? "" : "s");
}

static void print_repetitions(const LzRunOutcome *outcome)
{
    printf("%-4s %-9s %-9s %-10s %-10s %s\n", "rep", "virtual", "wall", "events", "packets", "digest");
    for (unsigned i = 0; i < outcome->repetition_count; i++) {
        const LzRepetition *repetition = &outcome->repetitions[i];
        g_autofree char *virtual_time = lz_progress_clock(repetition->virtual_ns);
        g_autofree char *wall = g_strdup_printf("%.1f s", repetition->wall_s);
        char digest[20];
        lz_digest_format(repetition->digest, digest);
        printf("%-4u %-9s %-9s %-10" G_GUINT64_FORMAT " %-10" G_GUINT64_FORMAT " %s\n", i + 1, virtual_time, wall,
               repetition->events, repetition->packets, digest);
    }
}

static const char *verdict_word(const LzExpectation *expectation, const LzVerdict *verdict)
{
    if (verdict->state == LZ_VERDICT_HELD) {
        return "ok";
    }
    return expectation->is_warning ? "warn" : "FAIL";
}

static char *limit_text(const LzExpectation *expectation)
{
    g_autofree char *min = lz_format_value(expectation->min_value, expectation->metric, expectation->statistic);
    g_autofree char *max = lz_format_value(expectation->max_value, expectation->metric, expectation->statistic);
    if (expectation->has_min && expectation->has_max) {
        return g_strdup_printf("%s .. %s", min, max);
    }
    return g_strdup_printf("%s %s", expectation->has_min ? ">=" : "<=", expectation->has_min ? min : max);
}

static char *observed_text(const LzExpectation *expectation, const LzVerdict *verdict, unsigned repetitions)
{
    if (verdict->state == LZ_VERDICT_NO_SAMPLE) {
        return g_strdup_printf("n=%" G_GUINT64_FORMAT ": too few samples", verdict->samples);
    }
    g_autofree char *observed = lz_format_value(verdict->observed, expectation->metric, expectation->statistic);
    if (repetitions < 2) {
        return g_steal_pointer(&observed);
    }
    g_autofree char *low = lz_format_value(verdict->ci_low, expectation->metric, expectation->statistic);
    g_autofree char *high = lz_format_value(verdict->ci_high, expectation->metric, expectation->statistic);
    return g_strdup_printf("%s (%s..%s)", observed, low, high);
}

static char *margin_text(const LzVerdict *verdict)
{
    if (verdict->margin <= 0 || verdict->margin >= 1e6) {
        return g_strdup("");
    }
    return g_strdup_printf(verdict->margin < 10 ? "%.2gx" : "%.0fx", verdict->margin);
}

static void print_expectations(const LzPlan *plan, const LzRunOutcome *outcome)
{
    printf("\n%-5s %-28s %-18s %-14s %-10s %-30s %-8s %s\n", "", "EXPECTATION", "WINDOW", "LIMIT", "BASIS",
           outcome->repetition_count > 1 ? "OBSERVED (95 % CI)" : "OBSERVED", "MARGIN", "SAMPLES");
    unsigned held = 0, failed = 0, warned = 0;
    for (unsigned i = 0; i < outcome->expectation_count; i++) {
        const LzExpectation *expectation = &outcome->expectations[i];
        const LzVerdict *verdict = &outcome->verdicts[i];
        g_autofree char *limit = limit_text(expectation);
        g_autofree char *observed = observed_text(expectation, verdict, outcome->repetition_count);
        g_autofree char *margin = margin_text(verdict);
        g_autofree char *change = lz_verdict_change(expectation, verdict);
        printf("%-5s %-28s %-18s %-14s %-10s %-30s %-8s %" G_GUINT64_FORMAT "%s%s\n", verdict_word(expectation, verdict),
               expectation->name, plan->windows[expectation->window].name, limit, lz_expectation_basis(expectation), observed,
               margin, verdict->samples, change ? "  " : "", change ? change : "");
        bool is_held = verdict->state == LZ_VERDICT_HELD;
        held += is_held;
        failed += !is_held && !expectation->is_warning;
        warned += !is_held && expectation->is_warning;
    }
    printf("%u held, %u failed, %u warning%s\n", held, failed, warned, warned == 1 ? "" : "s");
}

static void print_failures(const LzPlan *plan, const LzRunOutcome *outcome)
{
    for (unsigned i = 0; i < outcome->expectation_count; i++) {
        const LzExpectation *expectation = &outcome->expectations[i];
        const LzVerdict *verdict = &outcome->verdicts[i];
        if (verdict->state != LZ_VERDICT_HELD) {
            g_autofree char *replay = lz_verdict_replay(plan, verdict);
            printf("  %s:%u  %s\n    shown by  %s\n", expectation->file, expectation->line, expectation->name, replay);
        }
    }
}

static void print_services(const LzRunOutcome *outcome)
{
    for (unsigned i = 0; i < outcome->service_count; i++) {
        const LzServiceTotal *total = &outcome->services[i];
        double share = total->capacity_ns > 0 ? (double)total->cpu_ns / (double)total->capacity_ns : 0;
        g_autofree char *cpu = lz_format_value((int64_t)(share * 1e9), LZ_METRIC_SERVICE_CPU, LZ_STATISTIC_MEAN);
        printf("  %s  cpu %s  handshakes %" G_GUINT64_FORMAT "  refused %" G_GUINT64_FORMAT "\n", total->name, cpu,
               total->handshakes, total->refused);
    }
}

static void print_digests(const LzPlan *plan, const LzRunOutcome *outcome)
{
    for (unsigned i = 0; i < outcome->repetition_count; i++) {
        const LzRepetition *repetition = &outcome->repetitions[i];
        printf("%s %" G_GUINT64_FORMAT " %016" G_GINT64_MODIFIER "x\n", plan->name.text, repetition->seed, repetition->digest);
    }
}

/* ---- the run ---- */

static int fail(const GError *problem)
{
    fprintf(stderr, "lazaret: error: %s\n", problem->message);
    return g_error_matches(problem, LZ_ERROR, LZ_ERROR_INPUT) ? LZ_EXIT_USAGE : LZ_EXIT_FAILED;
}

static int finish(const Options *options, const LzPlan *plan, const LzRunOutcome *outcome, const char *directory)
{
    print_repetitions(outcome);
    print_expectations(plan, outcome);
    print_failures(plan, outcome);
    print_services(outcome);
    g_autofree char *place = lz_results_place(directory, outcome->state);
    printf("results  %s", place);
    if (outcome->state == LZ_RUN_INTERRUPTED) {
        printf("  (interrupted: %s)", outcome->reason);
    }
    printf("\n");
    fflush(stdout);
    g_autoptr(GError) problem = NULL;
    if (options->junit && !lz_junit_write(options->junit, plan, outcome->expectations, outcome->verdicts,
                                          outcome->expectation_count, outcome->wall_s, outcome->run_id, place, &problem)) {
        return fail(problem);
    }
    if (!options->has_no_plots && !lz_plots_draw(place, NULL, &problem)) {
        fprintf(stderr, "no figures: %s\n", problem->message);
    } else if (!options->has_no_plots) {
        printf("figures  %s/plots\n", place);
    }
    return lz_run_outcome_exit_code(outcome, (int)stop_signal);
}

static int run_plan(const Options *options, const LzPlan *plan, const LzExpectation *expectations, char **argv,
                    const char *const *sets, LzProgressMode mode)
{
    g_autofree char *standard = g_strdup_printf("results/%s-%" G_GINT64_FORMAT, plan->name.text, plan->run.seed);
    const char *directory = options->out ? options->out : standard;
    LzProgressView view;
    lz_progress_init(&view, mode, &wants_line);
    LzRunnerOptions runner = {
        .expectations = expectations,
        .directory = options->prints_digest ? NULL : directory,
        .is_forced = options->is_forced,
        .is_checked = options->is_checked,
        .argv = (const char *const *)argv,
        .overrides = sets,
        .live = options->live,
        .wall_limit_s = options->wall_limit_s,
        .resident_bytes_max = (uint64_t)options->resident_bytes_max,
        .stop = &stop_signal,
        .progress = lz_progress_show,
        .self = &view,
    };
    if (mode != LZ_PROGRESS_NONE) {
        print_header(plan);
    }
    g_autoptr(GError) problem = NULL;
    g_autoptr(LzRunOutcome) outcome = lz_runner_run(plan, &runner, &problem);
    lz_progress_clear(&view);
    if (!outcome) {
        return fail(problem);
    }
    if (outcome->has_hit_memory_limit) {
        fprintf(stderr, "lazaret: error: E511 stopped early: %s\n", outcome->reason);
    }
    if (outcome->feed_problem) {
        fprintf(stderr, "no %s\n", outcome->feed_problem);
    }
    if (options->prints_digest) {
        print_digests(plan, outcome);
        return lz_run_outcome_exit_code(outcome, (int)stop_signal);
    }
    return finish(options, plan, outcome, directory);
}

static int run(Options *options, int argc, char **argv)
{
    g_auto(GStrv) given = g_strdupv(argv);
    if (!parse_options(options, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    LzProgressMode mode;
    if (argc != 2 || !progress_mode(options, &mode)) {
        fprintf(stderr, argc != 2 ? "lazaret: error: give one scenario file (see `lazaret run --help`)\n"
                                  : "lazaret: error: --progress is auto, bar, lines or none\n");
        return LZ_EXIT_USAGE;
    }
    const char *mistake = mistake_in(options);
    if (mistake) {
        fprintf(stderr, "lazaret: error: %s\n", mistake);
        return LZ_EXIT_USAGE;
    }
    g_autoptr(GPtrArray) sets = all_sets(options);
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load(argv[1], (const char *const *)sets->pdata, diagnostics);
    g_autofree LzExpectation *expectations = plan ? lz_expectations_of(plan, diagnostics) : NULL;
    lz_cli_print(diagnostics);
    if (!expectations) {
        return LZ_EXIT_USAGE;
    }
    catch_signals();
    return run_plan(options, plan, expectations, given, (const char *const *)sets->pdata, mode);
}

int lz_cli_run(int argc, char **argv)
{
    Options options = {0};
    int code = run(&options, argc, argv);
    options_clear(&options);
    return code;
}
