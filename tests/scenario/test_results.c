/* The run directory of a real run: the same run gives the same bytes, the sums hold, the capture decrypts. */
#include "sim/output/results.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/output/csv.h"
#include "tests/lib/test_world.h"

static const char *const usual[] = {"run.duration=20 s", "run.repeat=2", "record.pcapng.fleet=pump", NULL};

static void set_up(char **root, gconstpointer data)
{
    (void)data;
    *root = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
}

static char *run_program(const char *directory, const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *errors = NULL;
    char *text = NULL;
    int status = 0;
    g_spawn_sync(directory, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, &errors, &status, &error);
    g_assert_no_error(error);
    if (status != 0) {
        g_test_message("%s", errors);
    }
    g_assert_cmpint(status, ==, 0);
    return text;
}

static void tear_down(char **root, gconstpointer data)
{
    (void)data;
    const char *const argv[] = {"rm", "-rf", "--", *root, NULL};
    g_free(run_program(NULL, argv));
    g_free(*root);
}

/* All repetitions of a plan into a directory; false when a repetition could not be kept. */
static gboolean write_run(const LzPlan *plan, const char *path, LzRunState state, GError **error)
{
    LzResultsOptions options = {.plan = plan, .directory = path};
    LzResults *results = lz_results_begin(&options, error);
    gboolean is_good = results != NULL;
    for (unsigned r = 0; is_good && r < plan->run.repeat; r++) {
        g_autoptr(LzWorld) world = lz_world_new(plan, r, r == 0 ? lz_results_observer(results) : NULL, error);
        g_assert_nonnull(world);
        lz_test_run(world);
        is_good = lz_results_add_repetition(results, r, world, 0.5, 1000000, error);
    }
    if (!results) {
        return FALSE;
    }
    return lz_results_commit(results, is_good ? state : LZ_RUN_FAILED, NULL, NULL, 0, is_good ? error : NULL) && is_good;
}

static void run_ward(const char *path, const char *const *overrides)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    gboolean is_good = write_run(plan, path, LZ_RUN_COMPLETE, &error);
    g_assert_no_error(error);
    g_assert_true(is_good);
}

static char *contents(const char *path, const char *name)
{
    g_autofree char *file = g_build_filename(path, name, NULL);
    char *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    return text;
}

static void test_same_bytes(char **root, gconstpointer data)
{
    (void)data;
    static const char *const names[] = {
        "capture.keylog", "capture.pcapng", "devices.csv", "events.csv", "flows.csv", "hist.csv", "junit.xml", "links.csv",
        "metrics.csv", "refusals.csv", "scenario.resolved.yaml", "scenario.yaml", "series.csv", "services.csv",
        "verdict.json", "windows.csv"};
    g_autofree char *one = g_build_filename(*root, "one", NULL);
    g_autofree char *two = g_build_filename(*root, "two", NULL);
    run_ward(one, usual);
    run_ward(two, usual);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *other = g_build_filename("..", "two", names[i], NULL);
        const char *const argv[] = {"cmp", "--", names[i], other, NULL};
        g_free(run_program(one, argv));
    }
    g_autoptr(GDir) directory = g_dir_open(one, 0, NULL);
    unsigned count = 0;
    while (g_dir_read_name(directory)) {
        count++;
    }
    g_assert_cmpuint(count, ==, G_N_ELEMENTS(names) + 2);       /* manifest.json and SHA256SUMS know the wall clock */
}

static void test_sums(char **root, gconstpointer data)
{
    (void)data;
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    run_ward(path, usual);
    const char *const argv[] = {"sha256sum", "--strict", "-c", "SHA256SUMS", NULL};
    g_autofree char *seen = run_program(path, argv);
    g_assert_nonnull(strstr(seen, "manifest.json: OK"));
    g_autofree char *manifest = contents(path, "manifest.json");
    g_autofree char *tables = contents(path, "metrics.csv");
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, tables, -1);
    g_assert_nonnull(strstr(manifest, sum));
    g_assert_nonnull(strstr(manifest, "\"state\": \"complete\""));
    g_assert_nonnull(strstr(manifest, "\"keys\": \"test\""));
}

/* Every TLS application record that the capture holds is decrypted and is MQTT; the frames are without a fault. */
static void test_capture(char **root, gconstpointer data)
{
    (void)data;
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", versions[i]);
        g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", versions[i]);
        g_autofree char *place = g_strconcat(path, versions[i], NULL);
        const char *const overrides[] = {"run.duration=20 s", "record.pcapng.fleet=pump", min, max, NULL};
        run_ward(place, overrides);
        const char *const records[] = {"tshark", "-n", "-o", "tcp.check_checksum:TRUE", "-r", "capture.pcapng", "-Y",
                                       "tls.app_data", "-T", "fields", "-e", "tls.app_data_proto", NULL};
        g_autofree char *protocols = run_program(place, records);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(protocols), "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), >, 2);
        for (char **line = lines; *line; line++) {
            g_assert_nonnull(strstr(*line, "MQ Telemetry Transport Protocol"));
        }
        const char *const faults[] = {"tshark", "-n", "-o", "tcp.check_checksum:TRUE", "-r", "capture.pcapng", "-Y",
                                      "_ws.malformed || _ws.expert.severity == error", NULL};
        g_autofree char *seen = run_program(place, faults);
        g_assert_cmpstr(seen, ==, "");
    }
}

static void test_no_secrets(char **root, gconstpointer data)
{
    (void)data;
    const char *const overrides[] = {"run.duration=20 s", "record.pcapng.fleet=pump", "record.pcapng.secrets=none", NULL};
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    run_ward(path, overrides);
    g_autofree char *key_log = g_build_filename(path, "capture.keylog", NULL);
    g_assert_cmpint(g_access(key_log, F_OK), ==, -1);
    const char *const argv[] = {"tshark", "-n", "-r", "capture.pcapng", "-Y", "mqtt", NULL};
    g_autofree char *seen = run_program(path, argv);
    g_assert_cmpstr(seen, ==, "");
}

static void test_interrupted(char **root, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, usual);
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    g_autofree char *place = lz_results_place(path, LZ_RUN_INTERRUPTED);
    g_assert_true(write_run(plan, path, LZ_RUN_INTERRUPTED, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_access(path, F_OK), ==, -1);
    g_autofree char *manifest = contents(place, "manifest.json");
    g_assert_nonnull(strstr(manifest, "\"state\": \"interrupted\""));
    const char *const argv[] = {"sha256sum", "--quiet", "-c", "SHA256SUMS", NULL};
    g_free(run_program(place, argv));
}

/* Child: no file may grow beyond limit_bytes. 0: told as it should be. */
static int run_on_a_full_disk(const char *path, rlim_t limit_bytes)
{
    struct rlimit limit = {limit_bytes, limit_bytes};
    g_autoptr(GError) error = NULL;
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, usual);
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 10;
    }
    if (write_run(plan, path, LZ_RUN_COMPLETE, &error) || !error || error->code != LZ_ERROR_IO) {
        return 11;
    }
    return g_str_has_prefix(error->message, "E510 ") || strstr(error->message, ": E510 ") ? 0 : 12;
}

/* The disk is full at many points of the run: never a complete directory, always a message. */
static void test_disk_full(char **root, gconstpointer data)
{
    (void)data;
    static const rlim_t limits[] = {0, 200, 1000, 2500, 5000, 10000, 20000};
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autofree char *path = g_strdup_printf("%s/run-%zu", *root, i);
        int status = 0;
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0) {
            _exit(run_on_a_full_disk(path, limits[i]));
        }
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
        g_assert_cmpint(g_access(path, F_OK), ==, -1);
    }
}

/* Rows without `rep` are the mean over the repetitions. */
static void test_repetitions(char **root, gconstpointer data)
{
    (void)data;
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    run_ward(path, usual);
    g_autofree char *metrics = contents(path, "metrics.csv");
    g_auto(GStrv) lines = g_strsplit(metrics, "\n", -1);
    double sum = 0, mean = -1;
    unsigned rows = 0;
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) cells = g_strsplit(*line, ",", -1);
        if (g_strv_length(cells) != 13 || strcmp(cells[3], "always") != 0 || strcmp(cells[5], "pump/status") != 0 ||
            strcmp(cells[6], "latency") != 0 || strcmp(cells[8], "mean") != 0) {
            continue;
        }
        rows++;
        if (cells[1][0]) {
            sum += g_ascii_strtod(cells[9], NULL);
        } else {
            mean = g_ascii_strtod(cells[9], NULL);
            g_assert_cmpfloat(g_ascii_strtod(cells[11], NULL), <=, mean);
            g_assert_cmpfloat(g_ascii_strtod(cells[12], NULL), >=, mean);
        }
    }
    g_assert_cmpuint(rows, ==, 3);
    g_assert_cmpfloat_with_epsilon(mean, sum / 2, 1e-12);
}

/* ---- links.csv, services.csv, refusals.csv ---- */

typedef struct Accounts {
    LzWorld *world;
    unsigned rows;
    uint64_t dropped, refused;
} Accounts;

static uint64_t number(const char *cell)
{
    uint64_t value;
    g_assert_true(g_ascii_string_to_unsigned(cell, 10, 0, UINT64_MAX, &value, NULL));
    return value;
}

static gboolean check_link_row(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Accounts *accounts = self;
    const LzLink *link = lz_world_link_at(accounts->world, accounts->rows / 2);
    const LzLinkStats *stats = lz_link_stats(link, accounts->rows % 2 ? LZ_DOWN : LZ_UP);
    g_assert_cmpstr(cells[0], ==, "1");
    g_assert_cmpstr(cells[1], ==, lz_link_name(link));
    g_assert_cmpstr(cells[2], ==, accounts->rows % 2 ? "down" : "up");
    const uint64_t counts[] = {stats->offered_packets, stats->offered_bytes, stats->delivered_packets, stats->delivered_bytes,
                               stats->dropped_bytes, stats->dropped_packets[LZ_DROP_QUEUE_FULL],
                               stats->dropped_packets[LZ_DROP_LINK_LOSS], stats->dropped_packets[LZ_DROP_LINK_DOWN]};
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_assert_cmpuint(number(cells[3 + i]), ==, counts[i]);
    }
    g_assert_cmpfloat_with_epsilon(g_ascii_strtod(cells[11], NULL), (double)stats->busy_ns / 1e9, 1e-9);
    accounts->dropped += stats->dropped_packets[LZ_DROP_LINK_LOSS] && stats->dropped_packets[LZ_DROP_LINK_DOWN];
    accounts->rows++;
    return TRUE;
}

static gboolean check_service_row(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Accounts *accounts = self;
    const LzHost *host = lz_world_host(accounts->world, cells[0]);
    const LzHostStats *stats = lz_host_stats(host);
    g_assert_cmpuint(number(cells[1]), ==, stats->handshakes_completed);
    g_assert_cmpuint(number(cells[2]), ==, stats->handshakes_resumed);
    g_assert_cmpuint(number(cells[3]), ==, stats->handshakes_refused);
    g_assert_cmpuint(number(cells[4]), ==, 2);
    g_assert_cmpfloat_with_epsilon(g_ascii_strtod(cells[5], NULL), (double)lz_host_cpu_busy_ns(host) / 1e9, 1e-9);
    accounts->rows++;
    return TRUE;
}

static gboolean check_refusal_row(void *self, const char *const *cells, GError **error)
{
    (void)error;
    Accounts *accounts = self;
    const LzHostStats *stats = lz_host_stats(lz_world_host(accounts->world, cells[0]));
    uint64_t alert = number(cells[1]);
    g_assert_cmpuint(alert, <, LZ_ALERTS);
    g_assert_nonnull(stats->refused_by_alert);
    g_assert_cmpstr(cells[2], ==, lz_tls_alert_name((int)alert));
    g_assert_cmpuint(number(cells[3]), ==, stats->refused_by_alert[alert]);
    accounts->refused += number(cells[3]);
    return TRUE;
}

static void read_table(const char *path, const char *name, const char *const *columns, LzCsvRow row, Accounts *accounts)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(path, name, NULL);
    gboolean is_good = lz_csv_read(file, columns, row, accounts, &error);
    g_assert_no_error(error);
    g_assert_true(is_good);
}

/* What the tables say is what links and hosts counted: of a lossy link that goes down, and of expired certificates. */
static void test_accounts(char **root, gconstpointer data)
{
    (void)data;
    static const char *const link_columns[] = {
        "rep", "link", "direction", "offered_packets", "offered_bytes", "delivered_packets", "delivered_bytes", "dropped_bytes",
        "dropped_queue_full", "dropped_link_loss", "dropped_link_down", "busy_s", NULL};
    static const char *const service_columns[] = {"service", "handshakes", "resumed", "refused", "cores", "cpu_s", NULL};
    static const char *const refusal_columns[] = {"service", "alert", "alert_name", "count", NULL};
    static const char *const overrides[] = {
        "fleet.pump.certificate=expired", "network.links.bedside.loss=5 %",
        "faults=[{name: cut, kind: link-down, link: bedside, at: 20 s, for: 5 s}]", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    g_autofree char *path = g_build_filename(*root, "run", NULL);
    LzResultsOptions options = {.plan = plan, .directory = path};
    LzResults *results = lz_results_begin(&options, NULL);
    g_autoptr(LzWorld) world = lz_world_new(plan, 0, NULL, NULL);
    lz_test_run(world);
    g_assert_true(lz_results_add_repetition(results, 0, world, 0, 0, NULL));
    g_assert_true(lz_results_commit(results, LZ_RUN_COMPLETE, NULL, NULL, 0, NULL));

    Accounts links = {.world = world}, services = {.world = world};
    read_table(path, "links.csv", link_columns, check_link_row, &links);
    g_assert_cmpuint(links.rows, ==, 2 * lz_world_link_count(world));
    g_assert_cmpuint(links.dropped, >, 0);
    read_table(path, "services.csv", service_columns, check_service_row, &services);
    g_assert_cmpuint(services.rows, ==, 1);
    read_table(path, "refusals.csv", refusal_columns, check_refusal_row, &services);
    g_assert_cmpuint(services.refused, ==, lz_host_stats(lz_world_host(world, "broker"))->handshakes_refused);
    g_assert_cmpuint(lz_host_stats(lz_world_host(world, "broker"))->refused_by_alert[45], >, 0);    /* certificate_expired */
}

static void test_run_id(char **root, gconstpointer data)
{
    (void)data;
    (void)root;
    const char *const other[] = {"run.seed=2", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan(lz_test_ward);
    g_autoptr(LzPlan) same = lz_test_plan(lz_test_ward);
    g_autoptr(LzPlan) another = lz_test_plan_with(lz_test_ward, other);
    g_autofree char *id = lz_run_id(plan), *same_id = lz_run_id(same), *other_id = lz_run_id(another);
    g_assert_cmpuint(strlen(id), ==, 12);
    g_assert_cmpstr(id, ==, same_id);
    g_assert_cmpstr(id, !=, other_id);
}

#define ADD(name, function) g_test_add("/results/" name, char *, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("same-bytes", test_same_bytes);
    ADD("sums", test_sums);
    ADD("capture", test_capture);
    ADD("no-secrets", test_no_secrets);
    ADD("interrupted", test_interrupted);
    ADD("disk-full", test_disk_full);
    ADD("repetitions", test_repetitions);
    ADD("accounts", test_accounts);
    ADD("run-id", test_run_id);
    return g_test_run();
}
