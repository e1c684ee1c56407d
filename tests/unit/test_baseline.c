/* The value of earlier results: which rows make it, and what hostile or foreign tables can do: be refused. */
#include "sim/output/baseline.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "lazaret/time.h"

static LzWindowPlan windows[] = {{"always", 0, LZ_SECONDS(60)}, {"flood", LZ_SECONDS(10), LZ_SECONDS(20)}};

#define HEADER "run_id,rep,seed,window,scope_kind,scope,metric,unit,stat,value,n,ci_low,ci_high\n"
#define HIST_HEADER "run_id,rep,window,scope_kind,scope,metric,unit,bucket_low,bucket_high,count\n"
#define ROW(rep, window, kind, scope, metric, stat, value, n) \
    "x," rep ",1," window "," kind "," scope "," metric ",," stat "," value "," n ",,\n"
#define GOODPUT(rep, scope, value) ROW(rep, "always", "flow", scope, "goodput", "count", value, "1")
#define LATENCY(rep, scope, stat, value, n) ROW(rep, "always", "flow", scope, "latency", stat, value, n)

typedef struct Place {
    char *root, *ward, *results, *path;
    LzPlan plan;
} Place;

static void set_up(Place *place, gconstpointer data)
{
    (void)data;
    place->root = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
    place->ward = g_build_filename(place->root, "ward", NULL);
    place->results = g_build_filename(place->ward, "main", NULL);
    place->path = g_build_filename(place->ward, "ward.yaml", NULL);
    g_assert_cmpint(g_mkdir_with_parents(place->results, 0700), ==, 0);
    place->plan = (LzPlan){.windows = windows, .window_count = G_N_ELEMENTS(windows), .path = place->path};
}

static void tear_down(Place *place, gconstpointer data)
{
    (void)data;
    const char *const argv[] = {"rm", "-rf", "--", place->root, NULL};
    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(place->root);
    g_free(place->ward);
    g_free(place->results);
    g_free(place->path);
}

static void put(const Place *place, const char *name, const char *text, gssize size)
{
    g_autofree char *path = g_build_filename(place->results, name, NULL);
    g_assert_true(g_file_set_contents(path, text, size, NULL));
}

#define ASK(...) ((LzExpectation){.baseline = "main", __VA_ARGS__})
#define GOODPUT_OF .metric = LZ_METRIC_FLOW_GOODPUT, .scope_name = "status"
#define LATENCY_OF .metric = LZ_METRIC_FLOW_LATENCY, .scope_name = "status"

static void assert_value(const Place *place, LzExpectation expectation, int64_t expected)
{
    int64_t value = -1;
    g_autoptr(GError) error = NULL;
    gboolean is_good = lz_baseline_read(&place->plan, &expectation, &value, &error);
    g_assert_no_error(error);
    g_assert_true(is_good);
    g_assert_cmpint(value, ==, expected);
}

static void assert_refused(const Place *place, LzExpectation expectation, const char *why)
{
    int64_t value = -1;
    g_autoptr(GError) error = NULL;
    g_assert_false(lz_baseline_read(&place->plan, &expectation, &value, &error));
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, why));
    g_assert_cmpint(value, ==, -1);
}

/* Counts of the fleets that share a flow are added; fleets, windows, flows and kinds that are not meant are not. */
static void test_counts(Place *place, gconstpointer data)
{
    (void)data;
    put(place, "metrics.csv", HEADER
        GOODPUT("1", "pump/status", "1000") GOODPUT("1", "bed/status", "500") GOODPUT("1", "pump/alarm", "7")
        ROW("1", "flood", "flow", "pump/status", "goodput", "count", "90", "1")
        ROW("1", "always", "link", "status", "goodput", "count", "1", "1")
        ROW("1", "always", "flow", "pump/status", "created", "count", "3", "1")
        GOODPUT("2", "pump/status", "2000") GOODPUT("2", "bed/status", "700") GOODPUT("", "pump/status", "1500")
        ROW("1", "always", "flow", "pump/status", "lost", "count", "1", "100")
        ROW("1", "always", "flow", "bed/status", "lost", "count", "2", "20")
        ROW("1", "always", "flow", "status", "lost", "count", "0", "30"), -1);
    put(place, "windows.csv", "run_id,window,kind,from_s,to_s\nx,flood,attack,10,20\nx,always,always,20,60\n", -1);
    assert_value(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT), 2100);
    assert_value(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT, .fleet = "pump"), 1500);
    assert_value(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_RATE), 52500000);           /* 2100 in 40 s */
    assert_value(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_RATE, .window = 1), 9000000);
    assert_value(place, ASK(.metric = LZ_METRIC_FLOW_LOST, .scope_name = "status", .statistic = LZ_STATISTIC_RATIO), 20000000);
    assert_value(place, ASK(.metric = LZ_METRIC_FLOW_LOST, .scope_name = "status", .statistic = LZ_STATISTIC_COUNT), 3);
}

static void test_samples(Place *place, gconstpointer data)
{
    (void)data;
    put(place, "metrics.csv", HEADER
        LATENCY("1", "pump/status", "mean", "0.010000001", "3") LATENCY("1", "bed/status", "mean", "0.05", "1")
        LATENCY("1", "pump/status", "min", "0.001", "3") LATENCY("1", "bed/status", "min", "0.05", "1")
        LATENCY("1", "pump/status", "max", "0.020000007", "3") LATENCY("1", "bed/status", "max", "0.05", "1")
        ROW("1", "always", "service", "broker", "cpu", "last", "0.25", "9"), -1);
    /* 1 ms, 9 ms (in [8.99, 9.004]), 20.000007 ms, 50 ms */
    put(place, "hist.csv", HIST_HEADER "x,1,always,flow,pump/status,latency,s,0.000999936,0.00100096,1\n"
        "x,1,always,flow,pump/status,latency,s,0.008994816,0.009003008,1\n"
        "x,1,always,flow,pump/status,latency,s,0.01998848,0.020004864,1\n"
        "x,1,always,flow,bed/status,latency,s,0.049971200,0.050003968,1\n", -1);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_MEAN), 20000001);           /* 20.00000075 ms */
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_MIN), 1000000);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_MAX), 50000000);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 999000000), 50000000);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 500000000), 8998912);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 990000000, .fleet = "pump"), 20000007);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_QUANTILE, .quantile_ppb = 100000000), 1000000);
    assert_value(place, ASK(.metric = LZ_METRIC_SERVICE_CPU, .scope_name = "broker", .statistic = LZ_STATISTIC_LAST), 250000000);
}

static void test_nothing_there(Place *place, gconstpointer data)
{
    (void)data;
    LzExpectation count = ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT);
    assert_refused(place, count, "metrics.csv: No such file or directory");
    put(place, "metrics.csv", HEADER GOODPUT("1", "pump/alarm", "7") GOODPUT("2", "pump/status", "7"), -1);
    assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT, .window = 1), "has no row");
    assert_refused(place, count, "its repetition 1 has no sample");
    assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_RATE), "windows.csv: No such file");
    put(place, "windows.csv", "run_id,window,kind,from_s,to_s\nx,flood,attack,10,20\n", -1);
    assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_RATE), "windows.csv has no window always");
    put(place, "windows.csv", "run_id,window,kind,from_s,to_s\nx,always,always,20,20\n", -1);
    assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_RATE), "`20` is not a number that can stand there");
    put(place, "metrics.csv", HEADER LATENCY("1", "pump/status", "min", "1", "1") LATENCY("1", "pump/status", "max", "1", "1"), -1);
    put(place, "hist.csv", HIST_HEADER, -1);
    assert_refused(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_QUANTILE), "its repetition 1 has no sample");
    assert_refused(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_RECOVER_TIME), "has no row");
}

static void test_hostile_cells(Place *place, gconstpointer data)
{
    (void)data;
    static const char *const bad[] = {
        "-1", "1e3", "nan", "inf", "0x10", "", " 1", "1 ", "1.5", "1.", "..", "9223372036854775807",
        "99999999999999999999999999999999999999", "1;rm", "=1+1"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *value = g_strconcat(HEADER "x,1,1,always,flow,pump/status,goodput,B,count,", bad[i], ",1,,\n", NULL);
        g_autofree char *samples = g_strconcat(HEADER "x,1,1,always,flow,pump/status,goodput,B,count,1,", bad[i], ",,\n", NULL);
        put(place, "metrics.csv", value, -1);
        assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT), "is not a number");
        put(place, "metrics.csv", samples, -1);
        assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT), "is not a number");
    }
    static const char *const repetitions[] = {"0", "1001", "-1", "4294967297", "x"};
    for (size_t i = 0; i < G_N_ELEMENTS(repetitions); i++) {
        g_autofree char *text = g_strconcat(HEADER "x,", repetitions[i], ",1,always,flow,pump/status,goodput,B,count,1,1,,\n", NULL);
        put(place, "metrics.csv", text, -1);
        assert_refused(place, ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT), "is not a number");
    }
}

static void test_hostile_tables(Place *place, gconstpointer data)
{
    (void)data;
    LzExpectation count = ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT);
    put(place, "metrics.csv", "", 0);
    assert_refused(place, count, "empty");
    put(place, "metrics.csv", "rep,window\n1,always\n", -1);
    assert_refused(place, count, "no column");
    put(place, "metrics.csv", HEADER "\"1", -1);
    assert_refused(place, count, "quoted cell");
    put(place, "metrics.csv", HEADER "\0\0\0", sizeof(HEADER) + 2);
    assert_refused(place, count, "not UTF-8");
    /* Values as large as they may be, as many as there may be, and one more. */
    g_autoptr(GString) rows = g_string_new(HEADER);
    for (unsigned i = 0; i < LZ_BASELINE_ROWS_MAX; i++) {
        g_string_append(rows, LATENCY("1", "pump/status", "mean", "2305843009.213693951", "9007199254740992"));
    }
    put(place, "metrics.csv", rows->str, -1);
    assert_value(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_MEAN), INT64_C(2305843009213693951));
    g_string_append(rows, LATENCY("1", "pump/status", "mean", "1", "1"));
    put(place, "metrics.csv", rows->str, -1);
    assert_refused(place, ASK(LATENCY_OF, .statistic = LZ_STATISTIC_MEAN), "LZ_BASELINE_ROWS_MAX");
    /* Sums beyond the range are kept at its end. */
    g_string_assign(rows, HEADER);
    for (unsigned i = 0; i < 64; i++) {
        g_string_append(rows, GOODPUT("1", "pump/status", "2305843009213693951"));
    }
    put(place, "metrics.csv", rows->str, -1);
    assert_value(place, count, INT64_MAX - 1);
}

/* Not out of the scenario's folder, and never into something that blocks. */
static void test_places(Place *place, gconstpointer data)
{
    (void)data;
    LzExpectation count = ASK(GOODPUT_OF, .statistic = LZ_STATISTIC_COUNT);
    g_autofree char *outside = g_build_filename(place->root, "metrics.csv", NULL);
    g_autofree char *table = g_build_filename(place->results, "metrics.csv", NULL);
    g_autofree char *folder = g_build_filename(place->ward, "link", NULL);
    g_assert_true(g_file_set_contents(outside, HEADER GOODPUT("1", "pump/status", "7"), -1, NULL));
    g_assert_cmpint(symlink(outside, table), ==, 0);
    assert_refused(place, count, "leads out of the scenario's folder");
    g_assert_cmpint(symlink(place->root, folder), ==, 0);
    count.baseline = "link";
    assert_refused(place, count, "leads out of the scenario's folder");
    count.baseline = "..";
    assert_refused(place, count, "leads out of the scenario's folder");
    count.baseline = "main";
    g_assert_cmpint(g_unlink(table), ==, 0);
    g_assert_cmpint(mkfifo(table, 0600), ==, 0);
    assert_refused(place, count, "not a regular file");
    g_assert_cmpint(g_unlink(table), ==, 0);
    g_assert_cmpint(g_mkdir(table, 0700), ==, 0);
    assert_refused(place, count, "not a regular file");
}

#define ADD(name, function) g_test_add("/baseline/" name, Place, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("counts", test_counts);
    ADD("samples", test_samples);
    ADD("nothing-there", test_nothing_there);
    ADD("hostile-cells", test_hostile_cells);
    ADD("hostile-tables", test_hostile_tables);
    ADD("places", test_places);
    return g_test_run();
}
