/* The recorder of one repetition: implements the probe contract (lazaret/probe.h). Keeps, per scope,
 * metric and window: counters, histograms, time-weighted levels; per second: series. */
#ifndef SIM_MEASURE_RECORDER_H
#define SIM_MEASURE_RECORDER_H

#include <glib.h>

#include "lazaret/event.h"
#include "lazaret/probe.h"
#include "sim/core/digest.h"
#include "sim/measure/histogram.h"

#define LZ_RECORDER_DIGITS 3            /* of the histograms per window */

typedef struct LzWindow { const char *name; LzTime from_ns, to_ns; } LzWindow;

typedef struct LzRecorderOptions {
    const LzScheduler *scheduler;       /* borrowed: the clock */
    const LzWindow *windows;            /* copied; window 0 is "always" */
    unsigned window_count;
    LzTime series_every_ns;             /* 0: no series */
    uint32_t trace_kinds;               /* bit per LzTraceKind to keep */
    LzDigest *digest;                   /* borrowed, may be NULL: application layer */
} LzRecorderOptions;
LzProbes *lz_recorder_new(const LzRecorderOptions *options);
void lz_recorder_free(LzProbes *probes);
/* At the end of the run: settles levels, misses of messages whose deadline has passed, open lives (in
 * flight: neither delivered nor lost). Call once before the queries below. */
void lz_recorder_finish(LzProbes *probes, LzTime end_ns);

/* While the run goes on: accounts for everything until now, so that the queries below can be asked at this moment.
 * Changes no result. */
void lz_recorder_settle(LzProbes *probes);

/* ---- queries, after lz_recorder_finish() or lz_recorder_settle() ---- */
typedef struct LzScopeInfo { LzScopeKind kind; const char *name, *fleet; } LzScopeInfo;
unsigned lz_recorder_scope_count(const LzProbes *probes);               /* scopes are 1..count */
const LzScopeInfo *lz_recorder_scope_info(const LzProbes *probes, LzScope scope);

/* What was seen of a metric in a window over a set of scopes: all of the kind whose name and fleet match
 * (NULL matches all). Histograms merged, counts added. Clear with lz_observation_clear. */
typedef struct LzObservation {
    uint64_t samples;                   /* SAMPLE: values; RATIO: whole; COUNTER: 1 when the scope exists; LEVEL:
                                           stretches of one value */
    int64_t part, whole;                /* COUNTER: part is the count; RATIO */
    LzHistogram *histogram;             /* SAMPLE; may be NULL when none */
    int64_t mean, min, max, last;       /* SAMPLE: exact mean (rounded). LEVEL: time-weighted; summed over scopes for
                                           LZ_UNIT_NONE and BYTES, averaged for RATIO; `last` only of levels */
    LzTime window_ns;                   /* length of the window within the run */
    unsigned scopes;                    /* how many scopes matched */
} LzObservation;
LzObservation lz_recorder_observe(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                  unsigned window);
void lz_observation_clear(LzObservation *observation);
/* Whether a window is over, and what a metric is made of in it is too: of messages that count for the window of their
 * creation, none is under way. (A message given up as lost may still arrive and be taken back: that is not waited for.) */
bool lz_recorder_is_window_final(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                 unsigned window);

/* Time from the window's start until the LEVEL metric is at or above `to` and stays there for the rest of the
 * window; LZ_TIME_NEVER if not. Of several scopes the slowest counts. */
LzTime lz_recorder_recover_time(const LzProbes *probes, LzMetric metric, const char *name, const char *fleet,
                                unsigned window, int64_t to);

/* Series rows in time order; t_ns is the interval's start, its end belongs to it. SAMPLE metrics give rows for p50, p99 and count; COUNTER
 * and RATIO the count in the interval; LEVEL the time-weighted mean of the interval. */
typedef struct LzSeriesRow {
    LzTime t_ns;
    LzScope scope;
    LzMetric metric;
    const char *stat;
    int64_t value;
    uint64_t n;                         /* SAMPLE: values; RATIO: whole; else 1 */
} LzSeriesRow;
const LzSeriesRow *lz_recorder_series(const LzProbes *probes, size_t *ret_count);

typedef struct LzTraceRow {
    LzTime t_ns;
    uint64_t sequence;
    LzTraceKind kind;
    const char *device, *peer, *flow, *detail;
    int64_t bytes;
    int32_t code;
} LzTraceRow;
const LzTraceRow *lz_recorder_traces(const LzProbes *probes, size_t *ret_count);

/* Exchanges in the order in which they ended. */
typedef struct LzExchangeRow {
    const char *device, *outcome;
    LzExchangeTimes times;
} LzExchangeRow;
const LzExchangeRow *lz_recorder_exchanges(const LzProbes *probes, size_t *ret_count);

/* Losses by cause over a flow's life: created = delivered + lost (all causes) + in flight. */
typedef struct LzFlowAccount {
    uint64_t created, delivered, duplicate, in_flight, lost[LZ_LOSS_CAUSE_COUNT];
    uint64_t handed_to_tls, sent;       /* stages reached at least once */
} LzFlowAccount;
LzFlowAccount lz_recorder_flow_account(const LzProbes *probes, LzScope flow);

/* A live listener (sim/control through the world): called as things are recorded, with traces of every kind; must
 * not block. */
void lz_recorder_set_listener(LzProbes *probes, void (*trace)(void *self, const LzTraceRow *row),
                              void (*series)(void *self, const LzSeriesRow *row), void *self);

#endif
