/* The recorded events of a run, their strings interned. Private to sim/measure. */
#ifndef SIM_MEASURE_TRACE_H
#define SIM_MEASURE_TRACE_H

#include "sim/measure/recorder.h"

#define LZ_TRACE_ROWS_MAX 4000000       /* 72 bytes each; further rows reach the listener only */

typedef struct LzTraceLog {
    uint32_t kinds;                     /* bit per kind to keep */
    uint64_t sequence;                  /* traces reported so far, kept or not */
    GArray *rows;                       /* LzTraceRow */
    GArray *exchanges;                  /* LzExchangeRow */
    GStringChunk *strings;
} LzTraceLog;

void lz_trace_log_init(LzTraceLog *log, uint32_t kinds);
void lz_trace_log_clear(LzTraceLog *log);
/* Gives the row its number and keeps it when its kind is wanted. */
void lz_trace_log_add(LzTraceLog *log, LzTraceRow *row);
void lz_trace_log_add_exchange(LzTraceLog *log, const LzExchangeRow *row);

#endif
