/* Time series: one row per interval, scope, metric and statistic. Intervals are closed when something is
 * reported after their end, so that the recorder needs no event of its own in the queue. What is reported at the
 * very end belongs to the interval: a report of a period comes at the period's end. */
#include "sim/measure/probes.h"

static void add_row(LzProbes *probes, LzScope scope, LzMetric metric, const char *stat, int64_t value, uint64_t n)
{
    LzSeriesRow row = {
        .t_ns = probes->interval_ns, .scope = scope, .metric = metric, .stat = stat, .value = value, .n = n,
    };
    if (probes->series->len < LZ_SERIES_ROWS_MAX) {
        g_array_append_val(probes->series, row);
    }
    if (probes->on_series) {
        probes->on_series(probes->listener, &row);
    }
}

static void close_level(LzProbes *probes, LzScope scope, LzMetric metric, LzLevel *level, LzTime end_ns)
{
    int64_t mean;
    lz_level_settle(level, &probes->windows, end_ns);
    if (lz_level_take_interval(level, &mean)) {
        add_row(probes, scope, metric, "mean", mean, 1);
    }
}

static void close_samples(LzProbes *probes, LzScope scope, LzMetric metric, LzHistogram *histogram)
{
    uint64_t n = histogram ? lz_histogram_count(histogram) : 0;
    if (n == 0) {
        return;
    }
    add_row(probes, scope, metric, "p50", lz_histogram_quantile(histogram, 500000000), n);
    add_row(probes, scope, metric, "p99", lz_histogram_quantile(histogram, 990000000), n);
    add_row(probes, scope, metric, "count", (int64_t)n, n);
    lz_histogram_clear(histogram);
}

static void close_meter(LzProbes *probes, LzScope scope, LzMetric metric, LzMeter *meter, LzTime end_ns)
{
    if (meter->level) {
        close_level(probes, scope, metric, meter->level, end_ns);
        return;
    }
    if (!meter->windows) {              /* never reported */
        return;
    }
    switch (lz_metric_info(metric)->type) {
    case LZ_METRIC_SAMPLE:
        close_samples(probes, scope, metric, meter->interval.histogram);
        break;
    case LZ_METRIC_COUNTER:
        add_row(probes, scope, metric, "count", meter->interval.part, 1);
        break;
    case LZ_METRIC_RATIO:
        add_row(probes, scope, metric, "count", meter->interval.part, (uint64_t)meter->interval.whole);
        break;
    case LZ_METRIC_LEVEL:
        break;
    }
    meter->interval.part = meter->interval.whole = 0;
}

static void close_interval(LzProbes *probes, LzTime end_ns)
{
    for (unsigned i = 0; i < probes->scopes->len; i++) {
        LzScopeRecord *record = g_ptr_array_index(probes->scopes, i);
        LzScopeKind kind = record->info.kind;
        for (unsigned slot = 0; slot < probes->kind_metric_count[kind]; slot++) {
            close_meter(probes, i + 1, probes->kind_metrics[kind][slot], &record->meters[slot], end_ns);
        }
    }
    probes->interval_ns = end_ns;
}

void lz_series_close_before(LzProbes *probes, LzTime time_ns)
{
    while (probes->series_every_ns > 0 && probes->interval_ns + probes->series_every_ns < time_ns) {
        close_interval(probes, probes->interval_ns + probes->series_every_ns);
    }
}

void lz_series_finish(LzProbes *probes, LzTime end_ns)
{
    lz_series_close_before(probes, end_ns);
    if (probes->series_every_ns > 0 && probes->interval_ns < end_ns) {
        close_interval(probes, end_ns);
    }
}

const LzSeriesRow *lz_recorder_series(const LzProbes *probes, size_t *ret_count)
{
    *ret_count = probes->series->len;
    return (const LzSeriesRow *)(const void *)probes->series->data;
}
