/* The windows of a run cut into spans: a span lies in the same windows from its start to its end, so
 * that a report finds its windows by the span that contains now. Private to sim/measure. */
#ifndef SIM_MEASURE_WINDOWS_H
#define SIM_MEASURE_WINDOWS_H

#include "sim/measure/recorder.h"

typedef struct LzSpan {
    LzTime from_ns, to_ns;              /* [from, to) */
    unsigned *windows;                  /* indices in rising order */
    unsigned window_count;
} LzSpan;

typedef struct LzWindows {
    LzWindow *windows;                  /* names owned */
    unsigned count;
    LzSpan *spans;                      /* in time order without a gap, from 0 to LZ_TIME_NEVER */
    unsigned span_count;
} LzWindows;

void lz_windows_init(LzWindows *windows, const LzWindow *list, unsigned count);
void lz_windows_clear(LzWindows *windows);
/* The span that contains time_ns, searched from span `hint` on; hint must not be later. */
unsigned lz_windows_span(const LzWindows *windows, LzTime time_ns, unsigned hint);
/* How much of a window lies before end_ns. */
LzTime lz_windows_length(const LzWindows *windows, unsigned window, LzTime end_ns);

#endif
