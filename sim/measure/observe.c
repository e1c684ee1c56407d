/* Questions to a recorder after the run: a metric in a window over the scopes that match. */
#include "sim/measure/probes.h"

typedef struct Query {
    LzMetric metric;
    const char *name, *fleet;           /* NULL matches all */
    unsigned window;
} Query;

/* The next scope after *scope that the query asks for. */
static const LzScopeRecord *next_match(const LzProbes *probes, const Query *query, LzScope *scope)
{
    while (*scope < probes->scopes->len) {
        const LzScopeRecord *record = lz_probes_scope(probes, ++*scope);
        if (record->info.kind == lz_metric_info(query->metric)->scope &&
            (!query->name || g_strcmp0(query->name, record->info.name) == 0) &&
            (!query->fleet || g_strcmp0(query->fleet, record->info.fleet) == 0)) {
            return record;
        }
    }
    return NULL;
}

static void add_tally(LzObservation *observation, const LzTally *tally)
{
    observation->part += tally->part;
    observation->whole += tally->whole;
    if (!tally->histogram) {
        return;
    }
    if (!observation->histogram) {
        observation->histogram = lz_histogram_new(LZ_RECORDER_DIGITS);
    }
    lz_histogram_merge(observation->histogram, tally->histogram);
}

static void add_level(LzObservation *observation, const LzLevelWindow *window)
{
    observation->samples += window->pieces;
    observation->mean += lz_level_window_mean(window);
    observation->min += window->min;
    observation->max += window->max;
    observation->last += window->last;
}

static void complete_samples(LzObservation *observation)
{
    if (!observation->histogram) {
        return;
    }
    observation->samples = lz_histogram_count(observation->histogram);
    observation->mean = lz_histogram_mean(observation->histogram);
    observation->min = lz_histogram_min(observation->histogram);
    observation->max = lz_histogram_max(observation->histogram);
}

/* Shares are averaged over the scopes that have one; what can be added up was. */
static void complete_levels(LzObservation *observation, LzUnit unit, unsigned known)
{
    if (unit != LZ_UNIT_RATIO || known == 0) {
        return;
    }
    observation->mean /= known;
    observation->min /= known;
    observation->max /= known;
    observation->last /= known;
}

static bool is_settled(const LzProbes *probes)
{
    return probes->is_finished || probes->end_ns == lz_now(probes->clock.scheduler);
}

LzObservation lz_recorder_observe(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                  unsigned window)
{
    g_assert(is_settled(probes) && window < probes->windows.count);
    const LzMetricInfo *info = lz_metric_info(metric);
    Query query = {.metric = metric, .name = name, .fleet = fleet, .window = window};
    LzObservation observation = {.window_ns = lz_windows_length(&probes->windows, window, probes->end_ns)};
    unsigned known = 0;
    LzScope scope = 0;
    for (const LzScopeRecord *record; (record = next_match(probes, &query, &scope)); observation.scopes++) {
        const LzMeter *meter = &record->meters[probes->slots[metric]];
        if (meter->windows) {
            add_tally(&observation, &meter->windows[window]);
        }
        if (meter->level && meter->level->windows[window].known_ns > 0) {
            add_level(&observation, &meter->level->windows[window]);
            known++;
        }
    }
    switch (info->type) {
    case LZ_METRIC_COUNTER:
        observation.samples = observation.scopes > 0;
        break;
    case LZ_METRIC_RATIO:
        observation.samples = (uint64_t)observation.whole;
        break;
    case LZ_METRIC_SAMPLE:
        complete_samples(&observation);
        break;
    case LZ_METRIC_LEVEL:
        complete_levels(&observation, info->unit, known);
        break;
    }
    return observation;
}

void lz_observation_clear(LzObservation *observation)
{
    lz_histogram_free(observation->histogram);
    *observation = (LzObservation){0};
}

static LzTime recover_time(const LzProbes *probes, const LzLevel *level, unsigned window, int64_t to)
{
    const LzWindow *of = &probes->windows.windows[window];
    if (!level || level->windows[window].known_ns == 0) {
        return LZ_TIME_NEVER;
    }
    LzTime above_ns = lz_level_window_last_below(&level->windows[window], to);
    if (above_ns >= MIN(of->to_ns, probes->end_ns)) {
        return LZ_TIME_NEVER;
    }
    return above_ns - MAX(of->from_ns, 0);
}

LzTime lz_recorder_recover_time(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                unsigned window, int64_t to)
{
    g_assert(is_settled(probes) && window < probes->windows.count);
    g_assert(lz_metric_info(metric)->type == LZ_METRIC_LEVEL);
    Query query = {.metric = metric, .name = name, .fleet = fleet, .window = window};
    LzTime slowest_ns = -1;
    LzScope scope = 0;
    for (const LzScopeRecord *record; (record = next_match(probes, &query, &scope));) {
        slowest_ns = MAX(slowest_ns, recover_time(probes, record->meters[probes->slots[metric]].level, window, to));
    }
    return slowest_ns < 0 ? LZ_TIME_NEVER : slowest_ns;
}

typedef struct Search {                 /* for an open message that counts for a window */
    const LzProbes *probes;
    const Query *query;
    bool is_found;
} Search;

static bool is_span_in(const LzSpan *span, unsigned window)
{
    for (unsigned i = 0; i < span->window_count; i++) {
        if (span->windows[i] == window) {
            return true;
        }
    }
    return false;
}

static void search_life(void *self, LzLife *life)
{
    Search *search = self;
    LzScope before = life->flow - 1;
    bool is_asked = next_match(search->probes, search->query, &before) && before == life->flow;
    search->is_found = search->is_found ||
                       (is_asked && is_span_in(&search->probes->windows.spans[life->span], search->query->window));
}

bool lz_recorder_is_window_final(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                 unsigned window)
{
    g_assert(is_settled(probes) && window < probes->windows.count);
    if (probes->end_ns < probes->windows.windows[window].to_ns) {
        return false;
    }
    Query query = {.metric = metric, .name = name, .fleet = fleet, .window = window};
    Search open = {.probes = probes, .query = &query};
    if (lz_metric_info(metric)->scope == LZ_SCOPE_FLOW) {
        lz_lives_each_open(&probes->lives, search_life, &open);
    }
    return !open.is_found;
}

unsigned lz_recorder_scope_count(const LzProbes *probes)
{
    return probes->scopes->len;
}

const LzScopeInfo *lz_recorder_scope_info(const LzProbes *probes, LzScope scope)
{
    return &lz_probes_scope(probes, scope)->info;
}

const LzTraceRow *lz_recorder_traces(const LzProbes *probes, size_t *ret_count)
{
    *ret_count = probes->traces.rows->len;
    return (const LzTraceRow *)(const void *)probes->traces.rows->data;
}

const LzExchangeRow *lz_recorder_exchanges(const LzProbes *probes, size_t *ret_count)
{
    *ret_count = probes->traces.exchanges->len;
    return (const LzExchangeRow *)(const void *)probes->traces.exchanges->data;
}
