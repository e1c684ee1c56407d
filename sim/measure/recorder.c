/* The recorder: scopes, counts, samples and levels of one repetition, per window. */
#include "sim/measure/probes.h"

#include <string.h>

/* Fields of a scope's key and of a trace in the digest; cannot stand in a name. */
#define FIELD_SEPARATOR "\037"

static void index_metrics(LzProbes *probes)
{
    for (LzMetric metric = 0; metric < LZ_METRIC_ID_COUNT; metric++) {
        LzScopeKind kind = lz_metric_info(metric)->scope;
        probes->slots[metric] = probes->kind_metric_count[kind]++;
        probes->kind_metrics[kind][probes->slots[metric]] = metric;
    }
}

static void tally_clear(LzTally *tally)
{
    lz_histogram_free(tally->histogram);
}

static void meter_clear(LzMeter *meter, const LzWindows *windows)
{
    for (unsigned i = 0; meter->windows && i < windows->count; i++) {
        tally_clear(&meter->windows[i]);
    }
    g_free(meter->windows);
    tally_clear(&meter->interval);
    lz_level_free(meter->level, windows);
}

static void scope_free(LzProbes *probes, LzScopeRecord *record)
{
    for (unsigned slot = 0; slot < probes->kind_metric_count[record->info.kind]; slot++) {
        meter_clear(&record->meters[slot], &probes->windows);
    }
    g_free(record->meters);
    g_free((char *)(uintptr_t)record->info.name);
    g_free((char *)(uintptr_t)record->info.fleet);
    g_free(record);
}

/* The next moment at which lz_probes_advance() has something to do. */
static void set_turn(LzProbes *probes)
{
    probes->clock.turn_ns = probes->windows.spans[probes->span].to_ns;
    if (probes->series_every_ns > 0) {
        probes->clock.turn_ns = MIN(probes->clock.turn_ns, probes->interval_ns + probes->series_every_ns + 1);
    }
}

LzProbes *lz_recorder_new(const LzRecorderOptions *options)
{
    LzProbes *probes = g_new0(LzProbes, 1);
    probes->clock.scheduler = options->scheduler;
    probes->digest = options->digest;
    probes->series_every_ns = options->series_every_ns;
    probes->scopes = g_ptr_array_new();
    probes->scope_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    probes->counters = g_ptr_array_new_with_free_func(g_free);
    probes->series = g_array_new(FALSE, FALSE, sizeof(LzSeriesRow));
    lz_windows_init(&probes->windows, options->windows, options->window_count);
    lz_trace_log_init(&probes->traces, options->trace_kinds);
    lz_lives_init(&probes->lives);
    index_metrics(probes);
    set_turn(probes);
    return probes;
}

void lz_recorder_free(LzProbes *probes)
{
    if (!probes) {
        return;
    }
    for (unsigned i = 0; i < probes->scopes->len; i++) {
        scope_free(probes, g_ptr_array_index(probes->scopes, i));
    }
    g_ptr_array_unref(probes->scopes);
    g_ptr_array_unref(probes->counters);
    g_hash_table_unref(probes->scope_keys);
    g_array_unref(probes->series);
    lz_lives_clear(&probes->lives);
    lz_trace_log_clear(&probes->traces);
    lz_windows_clear(&probes->windows);
    g_free(probes);
}

LzScope lz_probe_scope(LzProbes *probes, LzScopeKind kind, const char *name, const char *fleet)
{
    if (!probes) {
        return 0;
    }
    g_autofree char *key = g_strdup_printf("%s" FIELD_SEPARATOR "%s" FIELD_SEPARATOR "%s", lz_scope_kind_name(kind),
                                           name ? name : "", fleet ? fleet : "");
    LzScope known = GPOINTER_TO_UINT(g_hash_table_lookup(probes->scope_keys, key));
    if (known) {
        return known;
    }
    LzScopeRecord *record = g_new0(LzScopeRecord, 1);
    record->info = (LzScopeInfo){.kind = kind, .name = g_strdup(name), .fleet = g_strdup(fleet)};
    record->meters = g_new0(LzMeter, probes->kind_metric_count[kind]);
    g_ptr_array_add(probes->scopes, record);
    g_hash_table_insert(probes->scope_keys, g_steal_pointer(&key), GUINT_TO_POINTER(probes->scopes->len));
    return probes->scopes->len;
}

LzScopeRecord *lz_probes_scope(const LzProbes *probes, LzScope scope)
{
    g_assert(scope >= 1 && scope <= probes->scopes->len);
    return g_ptr_array_index(probes->scopes, scope - 1);
}

static LzMeter *meter_of(const LzProbes *probes, LzScope scope, LzMetric metric, LzMetricType type)
{
    LzScopeRecord *record = lz_probes_scope(probes, scope);
    const LzMetricInfo *info = lz_metric_info(metric);
    g_assert(info->scope == record->info.kind && info->type == type);
    return &record->meters[probes->slots[metric]];
}

static void ensure_windows(const LzProbes *probes, LzMeter *meter)
{
    if (G_UNLIKELY(!meter->windows)) {
        meter->windows = g_new0(LzTally, MAX(1, probes->windows.count));
    }
}

void lz_probes_add_count(LzProbes *probes, LzScope scope, LzMetric metric, unsigned span, int64_t part, int64_t whole,
                         bool is_now)
{
    LzMeter *meter = meter_of(probes, scope, metric, lz_metric_info(metric)->type);
    const LzSpan *of = &probes->windows.spans[span];
    ensure_windows(probes, meter);
    for (unsigned i = 0; i < of->window_count; i++) {
        meter->windows[of->windows[i]].part += part;
        meter->windows[of->windows[i]].whole += whole;
    }
    if (is_now) {
        meter->interval.part += part;
        meter->interval.whole += whole;
    }
}

static void tally_samples(LzTally *tally, unsigned digits, int64_t value, uint64_t count)
{
    if (G_UNLIKELY(!tally->histogram)) {
        tally->histogram = lz_histogram_new(digits);
    }
    lz_histogram_add_many(tally->histogram, value, count);
}

static void add_samples(LzProbes *probes, LzScope scope, LzMetric metric, unsigned span, int64_t value, uint64_t count)
{
    LzMeter *meter = meter_of(probes, scope, metric, LZ_METRIC_SAMPLE);
    const LzSpan *of = &probes->windows.spans[span];
    ensure_windows(probes, meter);
    for (unsigned i = 0; i < of->window_count; i++) {
        tally_samples(&meter->windows[of->windows[i]], LZ_RECORDER_DIGITS, value, count);
    }
    if (probes->series_every_ns > 0) {
        tally_samples(&meter->interval, LZ_SERIES_DIGITS, value, count);
    }
}

void lz_probes_add_sample(LzProbes *probes, LzScope scope, LzMetric metric, unsigned span, int64_t value)
{
    add_samples(probes, scope, metric, span, value, 1);
}

/* What was counted outside belongs to the span and the interval that end here. */
static void take_counters(LzProbes *probes)
{
    for (unsigned i = 0; i < probes->counters->len; i++) {
        LzCounter *counter = g_ptr_array_index(probes->counters, i);
        LzCount count = counter->count;
        counter->count = (LzCount){0};
        if (count.part != 0 && lz_metric_info(counter->metric)->type == LZ_METRIC_SAMPLE) {
            add_samples(probes, counter->scope, counter->metric, probes->span, 0, (uint64_t)count.part);
        } else if (count.part != 0 || count.whole != 0) {
            lz_probes_add_count(probes, counter->scope, counter->metric, probes->span, count.part, count.whole, true);
        }
    }
}

void lz_probe_turn_over(LzProbes *probes)
{
    LzTime now_ns = lz_now(probes->clock.scheduler);
    take_counters(probes);
    lz_series_close_before(probes, now_ns);
    probes->span = lz_windows_span(&probes->windows, now_ns, probes->span);
    set_turn(probes);
}

void lz_probe_count(LzProbes *probes, LzScope scope, LzMetric metric, int64_t n)
{
    if (lz_probes_advance(probes) && scope != 0) {
        LzMetricType type = lz_metric_info(metric)->type;
        g_assert(type == LZ_METRIC_COUNTER || type == LZ_METRIC_RATIO);
        lz_probes_add_count(probes, scope, metric, probes->span, n, 0, true);
    }
}

void lz_probe_count_whole(LzProbes *probes, LzScope scope, LzMetric metric, int64_t n)
{
    if (lz_probes_advance(probes) && scope != 0) {
        g_assert(lz_metric_info(metric)->type == LZ_METRIC_RATIO);
        lz_probes_add_count(probes, scope, metric, probes->span, 0, n, true);
    }
}

LzCount *lz_probe_counter(LzProbes *probes, LzScope scope, LzMetric metric)
{
    if (!probes || scope == 0) {
        return NULL;
    }
    for (unsigned i = 0; i < probes->counters->len; i++) {
        LzCounter *known = g_ptr_array_index(probes->counters, i);
        if (known->scope == scope && known->metric == metric) {
            return &known->count;
        }
    }
    LzCounter *counter = g_new0(LzCounter, 1);
    counter->scope = scope;
    counter->metric = metric;
    g_ptr_array_add(probes->counters, counter);
    return &counter->count;
}

void lz_probe_sample(LzProbes *probes, LzScope scope, LzMetric metric, int64_t value)
{
    if (lz_probes_advance(probes) && scope != 0) {
        lz_probes_add_sample(probes, scope, metric, probes->span, value);
    }
}

static LzLevel *level_of(const LzProbes *probes, LzScope scope, LzMetric metric)
{
    LzMeter *meter = meter_of(probes, scope, metric, LZ_METRIC_LEVEL);
    if (!meter->level) {
        meter->level = lz_level_new(&probes->windows);
    }
    return meter->level;
}

void lz_probe_level(LzProbes *probes, LzScope scope, LzMetric metric, int64_t level)
{
    if (lz_probes_advance(probes) && scope != 0) {
        lz_level_set(level_of(probes, scope, metric), &probes->windows, lz_now(probes->clock.scheduler), level);
    }
}

void lz_probe_level_past(LzProbes *probes, LzScope scope, LzMetric metric, LzTime from_ns, int64_t level)
{
    if (lz_probes_advance(probes) && scope != 0) {
        lz_level_add_past(level_of(probes, scope, metric), &probes->windows, from_ns, lz_now(probes->clock.scheduler), level);
    }
}

/* Sessions belong to the application layer of the digest whether or not their traces are kept. */
static void digest_session(LzProbes *probes, const LzTraceRow *row)
{
    if (!probes->digest || row->kind != LZ_TRACE_SESSION) {
        return;
    }
    g_autofree char *text = g_strjoin(FIELD_SEPARATOR, row->device ? row->device : "", row->peer ? row->peer : "",
                                      row->detail ? row->detail : "", NULL);
    lz_digest_add_bytes(probes->digest, LZ_DIGEST_APPLICATION, text, strlen(text));
    lz_digest_add(probes->digest, LZ_DIGEST_APPLICATION, (uint64_t)(int64_t)row->code);
    lz_digest_add(probes->digest, LZ_DIGEST_APPLICATION, (uint64_t)row->t_ns);
}

void lz_probes_add_trace(LzProbes *probes, LzTraceRow row)
{
    row.t_ns = lz_now(probes->clock.scheduler);
    digest_session(probes, &row);
    lz_trace_log_add(&probes->traces, &row);
    if (probes->on_trace) {
        probes->on_trace(probes->listener, &row);
    }
}

void lz_probe_trace(LzProbes *probes, LzTraceKind kind, const char *device, const char *peer, const char *flow,
                    int64_t bytes, int32_t code, const char *detail)
{
    bool is_verdict = probes && kind == LZ_TRACE_EXPECT;        /* known only when everything is measured */
    if (lz_probes_advance(probes) || is_verdict) {
        lz_probes_add_trace(probes, (LzTraceRow){.kind = kind, .device = device, .peer = peer, .flow = flow,
                                                 .bytes = bytes, .code = code, .detail = detail});
    }
}

void lz_probe_exchange(LzProbes *probes, const char *device, const LzExchangeTimes *times, const char *outcome)
{
    if (lz_probes_advance(probes)) {
        lz_trace_log_add_exchange(&probes->traces, &(LzExchangeRow){device, outcome, *times});
    }
}

static void settle_levels(LzProbes *probes)
{
    for (unsigned i = 0; i < probes->scopes->len; i++) {
        LzScopeRecord *record = g_ptr_array_index(probes->scopes, i);
        for (unsigned slot = 0; slot < probes->kind_metric_count[record->info.kind]; slot++) {
            if (record->meters[slot].level) {
                lz_level_settle(record->meters[slot].level, &probes->windows, probes->end_ns);
            }
        }
    }
}

void lz_recorder_settle(LzProbes *probes)
{
    if (lz_probes_advance(probes)) {
        probes->end_ns = lz_now(probes->clock.scheduler);
        settle_levels(probes);
    }
}

void lz_recorder_finish(LzProbes *probes, LzTime end_ns)
{
    g_assert(!probes->is_finished);
    probes->end_ns = end_ns;
    take_counters(probes);
    lz_series_close_before(probes, end_ns);         /* the last interval takes the misses below */
    lz_messages_finish(probes);
    settle_levels(probes);
    lz_series_finish(probes, end_ns);
    probes->is_finished = true;
    probes->clock.turn_ns = LZ_TIME_NEVER;
}

void lz_recorder_set_listener(LzProbes *probes, void (*trace)(void *self, const LzTraceRow *row),
                              void (*series)(void *self, const LzSeriesRow *row), void *self)
{
    probes->on_trace = trace;
    probes->on_series = series;
    probes->listener = self;
}
