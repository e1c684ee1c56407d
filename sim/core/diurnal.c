#include "sim/core/diurnal.h"

#define PPB INT64_C(1000000000)

typedef struct Hour {                   /* what is left of the hour that a time falls into */
    unsigned number;
    LzTime left_ns;
} Hour;

static Hour hour_of(LzTime time_ns)
{
    LzTime of_day_ns = time_ns % LZ_NS_PER_DAY;
    of_day_ns += of_day_ns < 0 ? LZ_NS_PER_DAY : 0;
    return (Hour){(unsigned)(of_day_ns / LZ_NS_PER_HOUR), LZ_NS_PER_HOUR - of_day_ns % LZ_NS_PER_HOUR};
}

static void next_hour(Hour *hour)
{
    *hour = (Hour){(hour->number + 1) % LZ_HOURS_OF_DAY, LZ_NS_PER_HOUR};
}

static LzTime activity_of(const LzDiurnal *diurnal, const Hour *hour, LzTime duration_ns)
{
    return (LzTime)((__int128)duration_ns * LZ_HOURS_OF_DAY * diurnal->share_ppb[hour->number] / PPB);
}

LzTime lz_diurnal_stretch(const LzDiurnal *diurnal, LzTime time_ns, LzTime activity_ns)
{
    LzTime passed_ns = activity_ns - activity_ns % LZ_NS_PER_DAY;       /* a whole day has a day's activity */
    LzTime wanted_ns = activity_ns % LZ_NS_PER_DAY;
    Hour hour = hour_of(time_ns);
    while (wanted_ns > 0) {
        LzTime offered_ns = activity_of(diurnal, &hour, hour.left_ns);
        if (offered_ns >= wanted_ns) {
            return passed_ns + (LzTime)((__int128)wanted_ns * PPB / LZ_HOURS_OF_DAY / diurnal->share_ppb[hour.number]);
        }
        wanted_ns -= offered_ns;
        passed_ns += hour.left_ns;
        next_hour(&hour);
    }
    return passed_ns;
}

LzTime lz_diurnal_activity(const LzDiurnal *diurnal, LzTime time_ns, LzTime duration_ns)
{
    LzTime activity_ns = duration_ns - duration_ns % LZ_NS_PER_DAY;
    LzTime left_ns = duration_ns % LZ_NS_PER_DAY;
    for (Hour hour = hour_of(time_ns); left_ns > 0; next_hour(&hour)) {
        LzTime here_ns = left_ns < hour.left_ns ? left_ns : hour.left_ns;
        activity_ns += activity_of(diurnal, &hour, here_ns);
        left_ns -= here_ns;
    }
    return activity_ns;
}
