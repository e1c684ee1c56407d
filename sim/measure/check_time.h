/* Time never goes back. */
#ifndef SIM_MEASURE_CHECK_TIME_H
#define SIM_MEASURE_CHECK_TIME_H

#include "lazaret/time.h"
#include "sim/core/laws.h"

typedef struct LzTimeCheck {
    LzLaws *laws;               /* borrowed */
    LzTime last_ns;
} LzTimeCheck;

/* After each event. */
static inline void lz_time_check(LzTimeCheck *check, LzTime now_ns)
{
    if (now_ns < check->last_ns) {
        lz_law_broken(check->laws, "time went back from %" G_GINT64_FORMAT " ns to %" G_GINT64_FORMAT " ns", check->last_ns, now_ns);
    }
    check->last_ns = now_ns;
}

#endif
