/* The recorder's inside: scopes and their meters. A meter keeps one metric of one scope. Private to
 * sim/measure. */
#ifndef SIM_MEASURE_PROBES_H
#define SIM_MEASURE_PROBES_H

#include "sim/measure/level.h"
#include "sim/measure/life.h"
#include "sim/measure/trace.h"

#define LZ_SERIES_DIGITS 2              /* of the histograms per series interval */
#define LZ_SERIES_ROWS_MAX 8000000      /* 48 bytes each; further rows reach the listener only */

typedef struct LzTally {
    int64_t part, whole;                /* COUNTER: part; RATIO */
    LzHistogram *histogram;             /* SAMPLE */
} LzTally;

typedef struct LzMeter {
    LzTally *windows;                   /* one per window, from the first report on; not for LEVEL */
    LzTally interval;                   /* the running interval of the series */
    LzLevel *level;                     /* LEVEL, from the first report on */
} LzMeter;

typedef struct LzCounter {
    LzCount count;
    LzScope scope;
    LzMetric metric;
} LzCounter;

typedef struct LzScopeRecord {
    LzScopeInfo info;                   /* strings owned */
    LzMeter *meters;                    /* one per metric of the kind, by LzProbes.slots */
    LzFlowAccount account;              /* FLOW */
} LzScopeRecord;

struct LzProbes {
    LzProbesClock clock;                /* comes first: lz_probe_turn(). Scheduler: borrowed; when the span or the
                                           series interval ends */
    LzDigest *digest;                   /* borrowed; may be NULL */
    LzWindows windows;
    unsigned span;                      /* that contains now */
    LzTime end_ns;                      /* set by finish */
    GPtrArray *counters;                /* LzCounter: counted outside, since the last turn */
    bool is_finished;

    GPtrArray *scopes;                  /* LzScopeRecord; scope s at s - 1 */
    GHashTable *scope_keys;             /* owned "kind\037name\037fleet" -> scope; looked up only */
    unsigned slots[LZ_METRIC_ID_COUNT]; /* index of a metric among those of its scope kind */
    LzMetric kind_metrics[LZ_SCOPE_KIND_COUNT][LZ_METRIC_ID_COUNT];
    unsigned kind_metric_count[LZ_SCOPE_KIND_COUNT];

    LzTime series_every_ns;             /* 0: none */
    LzTime interval_ns;                 /* start of the running interval */
    GArray *series;                     /* LzSeriesRow */
    LzTraceLog traces;
    LzLives lives;

    void (*on_trace)(void *self, const LzTraceRow *row);
    void (*on_series)(void *self, const LzSeriesRow *row);
    void *listener;
};

LzScopeRecord *lz_probes_scope(const LzProbes *probes, LzScope scope);

/* Catches up with the clock: closes series intervals, moves on to the span of now. False when nothing is
 * recorded: no probes, or finished. Every report begins with this. */
static inline bool lz_probes_advance(LzProbes *probes)
{
    lz_probe_turn(probes);
    return probes && !probes->is_finished;
}
/* After lz_probes_advance(). Into the windows of a span; is_now: into the series interval as well. */
void lz_probes_add_count(LzProbes *probes, LzScope scope, LzMetric metric, unsigned span, int64_t part, int64_t whole,
                         bool is_now);
void lz_probes_add_sample(LzProbes *probes, LzScope scope, LzMetric metric, unsigned span, int64_t value);
void lz_probes_add_trace(LzProbes *probes, LzTraceRow row);

/* Closes every interval that ends before time_ns, in order. */
void lz_series_close_before(LzProbes *probes, LzTime time_ns);
/* Closes the running interval early: the run ends. */
void lz_series_finish(LzProbes *probes, LzTime end_ns);

/* Decides the deadlines that have passed for messages still open at end_ns. */
void lz_messages_finish(LzProbes *probes);

#endif
