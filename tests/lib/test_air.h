/* A Wi-Fi medium whose stations always have something to send, and what came of it; for what must hold at saturation. */
#ifndef TESTS_LIB_TEST_AIR_H
#define TESTS_LIB_TEST_AIR_H

#include "lazaret/wifi_cell.h"
#include "tests/lib/test_medium.h"

enum { TEST_AIR_SOURCES = 64 };

typedef struct TestAirSource { unsigned station; LzDirection direction; uint8_t dscp; } TestAirSource;

typedef struct TestAir {
    const LzModel *model;
    TestMedium *medium;
    void *config;               /* of the model; changed before test_air_start() */
    uint32_t ip_bytes;
    TestAirSource sources[TEST_AIR_SOURCES];
    unsigned source_count;
    unsigned depth;             /* packets that each saturated queue has */
    uint64_t delivered[LZ_WIFI_AC_COUNT];
    LzTime first_ns, waited_ns[LZ_WIFI_AC_COUNT];       /* delivered after first_ns, and the sum of their delays */
    GHashTable *sent;           /* id to entry time */
} TestAir;

/* One access point, open, every path 60 dB, no shadowing, MCS 7 fixed, no aggregation. */
TestAir *test_air_new(void);
void test_air_set(TestAir *air, const char *field, double value);
LzWifiConfig *test_air_config(TestAir *air);
/* From now on stations 0 to `stations` - 1 are saturated with UDP packets of this size and DSCP. */
void test_air_start(TestAir *air, unsigned stations, uint64_t seed);
void test_air_saturate(TestAir *air, unsigned station, LzDirection direction, uint8_t dscp);
/* Runs, and counts what is delivered in the last `for_ns` of it. */
void test_air_run(TestAir *air, LzTime warmup_ns, LzTime for_ns);
uint64_t test_air_lost(const TestAir *air);     /* frames given up */
void test_air_free(TestAir *air);

#endif
