/* The rhythm of a day: which share of what happens in a day falls into each of its hours. A process with a constant mean
 * interval follows it when its intervals are measured in activity instead of time: activity passes 24 times the hour's share
 * as fast as time, so that a whole day of it takes a day. (Time change of a Poisson process: Lewis and Shedler 1979.) */
#ifndef SIM_CORE_DIURNAL_H
#define SIM_CORE_DIURNAL_H

#include "lazaret/time.h"

#define LZ_HOURS_OF_DAY 24
#define LZ_NS_PER_HOUR (INT64_C(3600) * LZ_NS_PER_S)
#define LZ_NS_PER_DAY (LZ_HOURS_OF_DAY * LZ_NS_PER_HOUR)

typedef struct LzDiurnal {
    uint32_t share_ppb[LZ_HOURS_OF_DAY];        /* of each hour; together 1e9 */
} LzDiurnal;

/* Time until activity_ns (>= 0) of activity have passed, from time_ns after any midnight on; exact to 1 ns per hour crossed. */
LzTime lz_diurnal_stretch(const LzDiurnal *diurnal, LzTime time_ns, LzTime activity_ns);
/* The opposite: the activity of duration_ns (>= 0) from time_ns on. */
LzTime lz_diurnal_activity(const LzDiurnal *diurnal, LzTime time_ns, LzTime duration_ns);

#endif
