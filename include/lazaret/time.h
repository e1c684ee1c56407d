/* Virtual time: a signed 64-bit count of nanoseconds since the start of the scenario.
 * Floating point never holds time. The range is +-292 years. */
#ifndef LAZARET_TIME_H
#define LAZARET_TIME_H

#include <stdint.h>

typedef int64_t LzTime;

#define LZ_NS_PER_US INT64_C(1000)
#define LZ_NS_PER_MS INT64_C(1000000)
#define LZ_NS_PER_S INT64_C(1000000000)

#define LZ_MICROSECONDS(n) ((LzTime)(n) * LZ_NS_PER_US)
#define LZ_MILLISECONDS(n) ((LzTime)(n) * LZ_NS_PER_MS)
#define LZ_SECONDS(n) ((LzTime)(n) * LZ_NS_PER_S)

/* "Never": later than every time that can be scheduled. */
#define LZ_TIME_NEVER INT64_MAX

#endif
