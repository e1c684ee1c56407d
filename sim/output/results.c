/* The run directory as a whole: who writes what, when, and what happens when a disk is full. */
#include "sim/output/results.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lazaret/error.h"
#include "sim/output/accounts.h"
#include "sim/output/capture.h"
#include "sim/output/directory.h"
#include "sim/output/manifest.h"
#include "sim/output/tables.h"
#include "sim/output/verdict.h"
#include "sim/scenario/load.h"

struct LzResults {
    const LzPlan *plan;
    const char *const *argv, *const *overrides;
    char *run_id, *resolved_sha256, *reason;
    int64_t started_us;
    LzDirectory *directory;
    LzTables *tables;
    LzAccounts *accounts;
    LzCapture *capture;                 /* NULL after the first repetition */
    LzWorldObserver observer;
    GArray *repetitions;                /* LzManifestRepetition */
};

static const char *const state_names[] = {
    [LZ_RUN_COMPLETE] = "complete", [LZ_RUN_INTERRUPTED] = "interrupted", [LZ_RUN_FAILED] = "failed"};

static char *run_id_of(const LzPlan *plan, const char *resolved)
{
    g_autofree char *text =
        g_strdup_printf("%s\n%" G_GINT64_FORMAT "\n%s\n", resolved, plan->run.seed, lz_build_version());
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    return g_strndup(sha256, 12);
}

char *lz_run_id(const LzPlan *plan)
{
    g_autofree char *resolved = lz_plan_resolved_yaml(plan);
    return run_id_of(plan, resolved);
}

char *lz_results_place(const char *directory, LzRunState state)
{
    size_t size = strlen(directory);
    while (size > 1 && directory[size - 1] == '/') {
        size--;
    }
    return g_strdup_printf("%.*s%s", (int)size, directory, state == LZ_RUN_COMPLETE ? "" : ".partial");
}

static void results_free(LzResults *results)
{
    lz_tables_free(results->tables);
    lz_accounts_free(results->accounts);
    lz_capture_free(results->capture);
    lz_directory_free(results->directory);
    g_array_unref(results->repetitions);
    g_free(results->run_id);
    g_free(results->reason);
    g_free(results->resolved_sha256);
    g_free(results);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzResults, results_free)

/* ---- the capture's ears ---- */

static void packet_seen(void *self, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing)
{
    LzResults *results = self;
    if (results->capture) {
        lz_capture_packet(results->capture, device, now_ns, packet, is_outgoing);
    }
}

static void secret_seen(void *self, const char *device, LzTime now_ns, const char *line)
{
    LzResults *results = self;
    if (results->capture) {
        lz_capture_secret(results->capture, device, now_ns, line);
    }
}

const LzWorldObserver *lz_results_observer(LzResults *results)
{
    return &results->observer;
}

/* ---- begin ---- */

enum { SECRETS_EMBED, SECRETS_NONE };   /* the words of `record: {pcapng: {secrets: …}}` */

static LzCapture *capture_of(const LzResults *results)
{
    LzCaptureOptions options = {
        .directory = results->directory,
        .start_unix_s = results->plan->start_unix_s,
        .application = "Lazaret",
        .has_secrets = results->plan->record.pcapng.secrets == SECRETS_EMBED,
    };
    return lz_capture_new(&options);
}

static gboolean put_scenario(LzResults *results, const char *resolved, GError **error)
{
    size_t size;
    const char *source = lz_plan_source(results->plan, &size);
    return lz_directory_put(results->directory, "scenario.yaml", source, size, error) &&
           lz_directory_put(results->directory, "scenario.resolved.yaml", resolved, strlen(resolved), error);
}

LzResults *lz_results_begin(const LzResultsOptions *options, GError **error)
{
    g_autofree char *resolved = lz_plan_resolved_yaml(options->plan);
    g_autoptr(LzResults) results = g_new0(LzResults, 1);
    results->plan = options->plan;
    results->argv = options->argv;
    results->overrides = options->overrides;
    results->started_us = g_get_real_time();
    results->run_id = run_id_of(options->plan, resolved);
    results->resolved_sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, resolved, -1);
    results->repetitions = g_array_new(FALSE, TRUE, sizeof(LzManifestRepetition));
    results->directory = lz_directory_begin(options->directory, options->is_forced, error);
    if (!results->directory) {
        return NULL;
    }
    results->capture = capture_of(results);
    results->observer = (LzWorldObserver){.packet = packet_seen, .key_log = secret_seen, .self = results};
    results->tables = lz_tables_new(results->directory, options->plan, results->run_id, error);
    if (!results->tables || !put_scenario(results, resolved, error)) {
        lz_directory_remove(results->directory);
        return NULL;
    }
    results->accounts = lz_accounts_new(results->directory, results->run_id, error);
    if (!results->accounts) {
        lz_directory_remove(results->directory);
        return NULL;
    }
    return g_steal_pointer(&results);
}

/* ---- a repetition ---- */

static gboolean finish_capture(LzResults *results, GError **error)
{
    g_autoptr(LzCapture) capture = g_steal_pointer(&results->capture);
    return !capture || lz_capture_finish(capture, error);
}

/* mud-FLEET.json: what the manufacturer of its devices publishes of them, RFC 8520. */
static gboolean write_mud_files(LzResults *results, LzWorld *world, GError **error)
{
    for (unsigned i = 0; i < results->plan->fleet.count; i++) {
        g_autofree char *text = lz_world_mud_file(world, i);
        const char *fleet = ((const LzFleetPlan *)results->plan->fleet.items)[i].name.text;
        g_autofree char *name = g_strdup_printf("mud-%s.json", fleet);
        if (text && !lz_directory_put(results->directory, name, text, strlen(text), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean write_repetition(LzResults *results, unsigned repetition, LzWorld *world, GError **error)
{
    if (!lz_tables_add(results->tables, repetition + 1, lz_world_seed(world), lz_world_probes(world), error) ||
        !lz_accounts_add(results->accounts, repetition + 1, world, error)) {
        return FALSE;
    }
    if (repetition > 0) {
        return TRUE;
    }
    return lz_tables_write_devices(results->directory, results->run_id, world, error) &&
           write_mud_files(results, world, error) && finish_capture(results, error);
}

/* Adds when in virtual time it happened and where what there is will be. */
static void explain_failure(const LzResults *results, unsigned repetition, LzTime now_ns, GError *trouble)
{
    char *message = g_strdup_printf("%s, at %" G_GINT64_FORMAT " s virtual of repetition %u; results of %u repetition%s"
                                    " are kept in %s", trouble->message, now_ns / LZ_NS_PER_S, repetition + 1, repetition,
                                    repetition == 1 ? "" : "s", lz_directory_kept_path(results->directory));
    g_free(trouble->message);
    trouble->message = message;
}

gboolean lz_results_add_repetition(LzResults *results, unsigned repetition, LzWorld *world, double wall_s,
                                   uint64_t rss_bytes, GError **error)
{
    GError *trouble = NULL;
    LzManifestRepetition row = {
        .number = repetition + 1,
        .seed = lz_world_seed(world),
        .events = lz_world_events(world),
        .packets = lz_world_packets(world),
        .rss_bytes = rss_bytes,
        .virtual_ns = lz_world_now(world),
        .digest = *lz_world_digest(world),
        .wall_s = wall_s,
    };
    if (!write_repetition(results, repetition, world, &trouble)) {
        explain_failure(results, repetition, lz_world_now(world), trouble);
        g_propagate_error(error, trouble);
        return FALSE;
    }
    g_array_append_val(results->repetitions, row);
    return TRUE;
}

/* ---- end ---- */

void lz_results_explain(LzResults *results, const char *reason)
{
    g_free(results->reason);
    results->reason = g_strdup(reason);
}

static gboolean put_text(LzResults *results, const char *name, char *text, GError **error)
{
    g_autofree char *owned = text;
    return lz_directory_put(results->directory, name, owned, strlen(owned), error);
}

/* The run's own junit.xml is the same for the same run: virtual start, no wall time. */
static gboolean put_verdicts(LzResults *results, const LzVerdicts *all, GError **error)
{
    return put_text(results, "verdict.json", lz_verdicts_json(all), error) &&
           put_text(results, "junit.xml", lz_verdicts_junit(all, 0, results->plan->start_unix_s), error);
}

static gboolean put_manifest(LzResults *results, LzRunState state, GError **error)
{
    LzManifest manifest = {
        .state = state_names[state],
        .reason = results->reason,
        .run_id = results->run_id,
        .plan = results->plan,
        .resolved_sha256 = results->resolved_sha256,
        .argv = results->argv,
        .overrides = results->overrides,
        .repetitions = (const LzManifestRepetition *)(const void *)results->repetitions->data,
        .repetition_count = results->repetitions->len,
        .started_us = results->started_us,
        .ended_us = g_get_real_time(),
        .directory = results->directory,
    };
    return put_text(results, LZ_MANIFEST_NAME, lz_manifest_text(&manifest), error);
}

static gboolean write_end(LzResults *results, const LzVerdicts *all, GError **error)
{
    return finish_capture(results, error) && lz_tables_finish(results->tables, error) &&
           put_verdicts(results, all, error) && lz_directory_close_files(results->directory, true, error);
}

gboolean lz_results_commit(LzResults *results, LzRunState state, const LzExpectation *expectations,
                           const LzVerdict *verdicts, unsigned count, GError **error)
{
    g_autoptr(LzResults) owned = results;
    GError *trouble = NULL;
    LzVerdicts all = {.plan = owned->plan, .expectations = expectations, .verdicts = verdicts, .count = count,
                      .run_id = owned->run_id, .state = state_names[state]};
    if (!write_end(owned, &all, &trouble)) {
        state = LZ_RUN_FAILED;
        lz_directory_close_files(owned->directory, false, NULL);
    }
    put_manifest(owned, state, trouble ? NULL : &trouble);
    lz_directory_commit(owned->directory, state == LZ_RUN_COMPLETE && !trouble, trouble ? NULL : &trouble);
    if (trouble) {
        g_prefix_error(&trouble, "the run is not complete, see %s: ", lz_directory_path(owned->directory));
        g_propagate_error(error, trouble);
        return FALSE;
    }
    return TRUE;
}

/* ---- JUnit for others ---- */

/* A device or a pipe is written to, not replaced. */
static gboolean write_in_place(const char *path, const char *text, GError **error)
{
    FILE *file = fopen(path, "we");
    bool is_good = file && fputs(text, file) >= 0 && fflush(file) == 0;
    if (!is_good) {
        g_set_error_literal(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), g_strerror(errno));
    }
    if (file) {
        fclose(file);
    }
    return is_good;
}

static gboolean write_text(const char *path, const char *text, GError **error)
{
    struct stat info;
    bool is_special = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    return is_special ? write_in_place(path, text, error) : g_file_set_contents(path, text, -1, error);
}

gboolean lz_junit_write(const char *path, const LzPlan *plan, const LzExpectation *expectations,
                        const LzVerdict *verdicts, unsigned count, double wall_s, const char *run_id,
                        const char *results_path, GError **error)
{
    GError *trouble = NULL;
    LzVerdicts all = {.plan = plan, .expectations = expectations, .verdicts = verdicts, .count = count,
                      .run_id = run_id, .state = state_names[LZ_RUN_COMPLETE], .results_path = results_path};
    int64_t started_unix_s = g_get_real_time() / G_USEC_PER_SEC - (int64_t)wall_s;
    g_autofree char *xml = lz_verdicts_junit(&all, wall_s, started_unix_s);
    if (!write_text(path, xml, &trouble)) {
        g_set_error(error, LZ_ERROR, LZ_ERROR_IO, "E510 cannot write %s: %s", path, trouble->message);
        g_error_free(trouble);
        return FALSE;
    }
    return TRUE;
}
