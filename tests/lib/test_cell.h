/* One medium of a given model with its queue, a scheduler and sinks that remember what arrived, when and in
 * which order; for tests of links and radios. */
#ifndef TESTS_LIB_TEST_CELL_H
#define TESTS_LIB_TEST_CELL_H

#include "lazaret/model.h"
#include "sim/core/scheduler.h"
#include "sim/net/link.h"
#include "sim/net/packet.h"

#define LZ_TEST_ARRIVALS_MAX 4096

typedef struct LzTestArrival {
    LzTime time_ns;
    uint64_t id;                        /* of the packet */
    unsigned station;
    LzDirection direction;
} LzTestArrival;

typedef struct LzTestSink LzTestSink;

typedef struct LzTestCell {
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzLink *link;
    void *config, *queue_config;
    LzTestSink *sinks;
    LzTestArrival arrivals[LZ_TEST_ARRIVALS_MAX];
    unsigned arrival_count;
} LzTestCell;

/* config: of the model; taken. Queues are "fifo" with its defaults. */
LzTestCell *lz_test_cell_new(const LzModel *model, void *config, unsigned stations, uint64_t seed);
/* Checks that every packet was delivered, dropped, or freed with the medium. */
void lz_test_cell_free(LzTestCell *cell);

/* Runs to this time, then a packet of this size (IPv4 bytes, at least 28) enters. Returns its id. */
uint64_t lz_test_cell_send(LzTestCell *cell, LzTime time_ns, unsigned station, LzDirection direction, uint32_t ip_bytes);
void lz_test_cell_run(LzTestCell *cell, LzTime until_ns);
/* Delivery time of a packet, or LZ_TIME_NEVER. */
LzTime lz_test_cell_arrival_ns(const LzTestCell *cell, uint64_t id);

#endif
