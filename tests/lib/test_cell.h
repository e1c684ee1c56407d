/* A medium (test_medium) that remembers what arrived where and when; for tests of single packets. */
#ifndef TESTS_LIB_TEST_CELL_H
#define TESTS_LIB_TEST_CELL_H

#include "tests/lib/test_medium.h"

#define LZ_TEST_ARRIVALS_MAX 4096

typedef struct LzTestArrival {
    LzTime time_ns;
    uint64_t id;                        /* of the packet */
    unsigned station;
    LzDirection direction;
} LzTestArrival;

typedef struct LzTestCell {
    TestMedium *medium;
    LzScheduler *scheduler;             /* the medium's */
    LzLink *link;
    LzTestArrival arrivals[LZ_TEST_ARRIVALS_MAX];
    unsigned arrival_count;
} LzTestCell;

/* config: of the model; taken. Queues are "fifo" with its defaults. */
LzTestCell *lz_test_cell_new(const LzModel *model, void *config, unsigned stations, uint64_t seed);
void lz_test_cell_free(LzTestCell *cell);

/* Runs to this time, then a packet of this size (IPv4 bytes, at least 46) enters. Returns its id. */
uint64_t lz_test_cell_send(LzTestCell *cell, LzTime time_ns, unsigned station, LzDirection direction, uint32_t ip_bytes);
void lz_test_cell_run(LzTestCell *cell, LzTime until_ns);
/* Delivery time of a packet, or LZ_TIME_NEVER. */
LzTime lz_test_cell_arrival_ns(const LzTestCell *cell, uint64_t id);

#endif
