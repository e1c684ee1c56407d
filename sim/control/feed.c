/* What a run says while it runs: hello, progress, metrics, alerts, bye. */
#include "sim/control/feed.h"

#include <string.h>

#include "sim/control/gauges.h"
#include "sim/control/publisher.h"
#include "sim/control/resident.h"

/* Of real time: the feed is for people and dashboards. */
#define HELLO_EVERY_US (5 * G_USEC_PER_SEC)
#define PROGRESS_EVERY_US (G_USEC_PER_SEC / 5)
#define METRICS_EVERY_US (G_USEC_PER_SEC / 10)

struct LzFeed {
    LzPublisher *publisher;
    const LzPlan *plan;                 /* borrowed */
    LzWorld *world;                     /* borrowed: of the running repetition */
    unsigned repetition;
    LzTime virtual_ns;                  /* as last seen: the world may be gone */
    gint64 hello_us, progress_us, metrics_us;       /* real time of the last one */
    uint64_t events;                    /* at the last progress */
    LzGauges *gauges;
    GHashTable *failing;                /* owned names of expectations that were seen failing */
    LzJson *body;
};

LzFeed *lz_feed_open(const char *endpoint, const char *run_id, const LzPlan *plan, GError **error)
{
    bool is_default = !endpoint || strcmp(endpoint, "ipc") == 0;
    LzPublisher *publisher = lz_publisher_open(is_default ? NULL : endpoint, run_id, error);
    if (!publisher) {
        return NULL;
    }
    LzFeed *feed = g_new0(LzFeed, 1);
    feed->publisher = publisher;
    feed->plan = plan;
    feed->gauges = lz_gauges_new();
    feed->failing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    feed->body = lz_json_new(0);
    return feed;
}

const char *lz_feed_endpoint(const LzFeed *feed)
{
    return lz_publisher_endpoint(feed->publisher);
}

uint64_t lz_feed_dropped(const LzFeed *feed)
{
    return lz_publisher_dropped(feed->publisher);
}

static LzJson *begin_body(LzFeed *feed)
{
    lz_json_reset(feed->body);
    lz_json_object_begin(feed->body, NULL);
    return feed->body;
}

static void send_body(LzFeed *feed, const char *class)
{
    lz_json_object_end(feed->body);
    lz_publisher_send(feed->publisher, class, NULL, feed->virtual_ns, lz_json_text(feed->body, NULL));
}

/* ---- hello, progress, metrics ---- */

static void write_fields(LzJson *body)
{
    lz_json_array_begin(body, "metrics");
    for (LzMetric metric = 0; metric < LZ_METRIC_ID_COUNT; metric++) {
        const LzMetricInfo *info = lz_metric_info(metric);
        lz_json_object_begin(body, NULL);
        lz_json_string(body, "scope_kind", lz_scope_kind_name(info->scope));
        lz_json_string(body, "metric", info->name);
        lz_json_string(body, "unit", lz_unit_name(info->unit));
        lz_json_object_end(body);
    }
    lz_json_array_end(body);
}

static void say_hello(LzFeed *feed)
{
    LzJson *body = begin_body(feed);
    lz_json_string(body, "name", feed->plan->name.text);
    lz_json_string(body, "title", feed->plan->title.text);
    lz_json_integer(body, "seed", feed->plan->run.seed);
    lz_json_integer(body, "rep", feed->repetition + 1);
    lz_json_integer(body, "repeat", feed->plan->run.repeat);
    lz_json_integer(body, "end_ns", feed->plan->run.duration_ns);
    lz_json_integer(body, "devices", feed->plan->device_count);
    write_fields(body);
    send_body(feed, "hello");
}

static uint64_t events_per_second(const LzFeed *feed, uint64_t events, gint64 elapsed_us)
{
    return elapsed_us > 0 ? (events - feed->events) * G_USEC_PER_SEC / (uint64_t)elapsed_us : 0;
}

static void say_progress(LzFeed *feed, gint64 elapsed_us)
{
    uint64_t events = lz_world_events(feed->world);
    LzJson *body = begin_body(feed);
    lz_json_integer(body, "rep", feed->repetition + 1);
    lz_json_integer(body, "virt_ns", feed->virtual_ns);
    lz_json_integer(body, "end_ns", feed->plan->run.duration_ns);
    lz_json_unsigned(body, "events", events);
    lz_json_unsigned(body, "ev_per_s", events_per_second(feed, events, elapsed_us));
    lz_json_unsigned(body, "conns", lz_world_connected(feed->world));
    lz_json_unsigned(body, "rss", lz_resident_bytes());
    lz_json_unsigned(body, "queue_len", lz_world_pending(feed->world));
    send_body(feed, "progress");
    feed->events = events;
}

static void send_metric(void *self, const char *name, LzTime t_ns, const char *body)
{
    LzFeed *feed = self;
    lz_publisher_send(feed->publisher, "metric", name, t_ns, body);
}

static void say_metrics(LzFeed *feed)
{
    lz_gauges_take(feed->gauges, send_metric, feed);
}

/* ---- alerts ---- */

static void hear_trace(void *self, const LzTraceRow *row)
{
    LzFeed *feed = self;
    if (row->kind != LZ_TRACE_ATTACK && row->kind != LZ_TRACE_FAULT) {
        return;
    }
    feed->virtual_ns = row->t_ns;
    LzJson *body = begin_body(feed);
    lz_json_string(body, "kind", lz_trace_kind_name(row->kind));
    lz_json_string(body, "name", row->detail);
    lz_json_string(body, "state", row->code ? "start" : "stop");
    lz_json_integer(body, "t_ns", row->t_ns);
    send_body(feed, "alert");
}

static void hear_series(void *self, const LzSeriesRow *row)
{
    LzFeed *feed = self;
    lz_gauges_set(feed->gauges, lz_recorder_scope_info(lz_world_probes(feed->world), row->scope), row);
}

void lz_feed_expectation_failed(LzFeed *feed, const char *name, unsigned line, const char *observed, const char *limit)
{
    if (!g_hash_table_add(feed->failing, g_strdup(name))) {
        return;
    }
    LzJson *body = begin_body(feed);
    lz_json_string(body, "kind", lz_trace_kind_name(LZ_TRACE_EXPECT));
    lz_json_string(body, "name", name);
    lz_json_string(body, "state", "failing");
    lz_json_integer(body, "t_ns", feed->virtual_ns);
    lz_json_integer(body, "rep", feed->repetition + 1);
    lz_json_integer(body, "line", line);
    lz_json_string(body, "observed", observed);
    lz_json_string(body, "limit", limit);
    send_body(feed, "alert");
}

/* ---- the course of a run ---- */

void lz_feed_attach(LzFeed *feed, LzWorld *world, unsigned repetition)
{
    gint64 now_us = g_get_monotonic_time();
    say_metrics(feed);                  /* the last of the repetition before */
    feed->world = world;
    feed->repetition = repetition;
    feed->virtual_ns = lz_world_now(world);
    feed->events = 0;
    lz_recorder_set_listener(lz_world_probes(world), hear_trace, hear_series, feed);
    say_hello(feed);
    say_progress(feed, 0);
    feed->hello_us = feed->progress_us = feed->metrics_us = now_us;
}

static bool is_due(gint64 *last_us, gint64 now_us, gint64 every_us)
{
    if (now_us - *last_us < every_us) {
        return false;
    }
    *last_us = now_us;
    return true;
}

void lz_feed_poll(LzFeed *feed)
{
    gint64 now_us = g_get_monotonic_time(), progress_us = feed->progress_us;
    feed->virtual_ns = lz_world_now(feed->world);
    if (is_due(&feed->hello_us, now_us, HELLO_EVERY_US)) {
        say_hello(feed);
    }
    if (is_due(&feed->progress_us, now_us, PROGRESS_EVERY_US)) {
        say_progress(feed, now_us - progress_us);
    }
    if (is_due(&feed->metrics_us, now_us, METRICS_EVERY_US)) {
        say_metrics(feed);
    }
}

void lz_feed_close(LzFeed *feed, const char *state, int exit_code)
{
    if (!feed) {
        return;
    }
    say_metrics(feed);
    LzJson *body = begin_body(feed);
    lz_json_string(body, "state", state);
    lz_json_integer(body, "exit_code", exit_code);
    send_body(feed, "bye");
    lz_publisher_close(feed->publisher);
    lz_gauges_free(feed->gauges);
    g_hash_table_unref(feed->failing);
    lz_json_free(feed->body);
    g_free(feed);
}
