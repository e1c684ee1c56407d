/* A level over time: its time-weighted integral, extremes and lows, per window and for the running
 * interval of the series. Private to sim/measure. */
#ifndef SIM_MEASURE_LEVEL_H
#define SIM_MEASURE_LEVEL_H

#include "sim/measure/windows.h"

/* The last time the level was as low as this: lows of a window rise strictly in value and time, so that
 * the last moment below any threshold is found without the history. */
typedef struct LzLow {
    int64_t value;
    LzTime until_ns;
} LzLow;

typedef struct LzLevelWindow {
    __int128 integral;                  /* value x ns */
    LzTime since_ns, known_ns;          /* first moment and total time that the level was known in the window */
    int64_t min, max, last;
    uint64_t pieces;                    /* stretches of one value that were seen, at least partly */
    LzLow *lows;
    unsigned low_count, low_capacity;
} LzLevelWindow;

typedef struct LzLevel {
    bool is_known;
    int64_t value;
    LzTime changed_ns;                  /* when it took this value */
    LzTime settled_ns;                  /* accounted for until then */
    unsigned span;                      /* that contains settled_ns */
    __int128 interval_integral;
    LzTime interval_known_ns;
    LzLevelWindow *windows;
} LzLevel;

LzLevel *lz_level_new(const LzWindows *windows);
void lz_level_free(LzLevel *level, const LzWindows *windows);      /* accepts NULL */
/* now_ns never decreases. */
void lz_level_set(LzLevel *level, const LzWindows *windows, LzTime now_ns, int64_t value);
/* The level was `value` from from_ns until now_ns, and is not known from then on. */
void lz_level_add_past(LzLevel *level, const LzWindows *windows, LzTime from_ns, LzTime now_ns, int64_t value);
void lz_level_settle(LzLevel *level, const LzWindows *windows, LzTime now_ns);
/* Mean over the running interval up to settled_ns, and starts the next; false when it was not known in it. */
bool lz_level_take_interval(LzLevel *level, int64_t *ret_mean);
/* Time-weighted mean, rounded to nearest; 0 when never known. */
int64_t lz_level_window_mean(const LzLevelWindow *window);
/* Until when the level was last below `to`; since_ns when it never was. known_ns must not be 0. */
LzTime lz_level_window_last_below(const LzLevelWindow *window, int64_t to);

#endif
