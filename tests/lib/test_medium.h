/* A medium with any queue in front of it, a digest, and sinks that tell a test of every delivery; for what
 * must hold of links and queues together. */
#ifndef TESTS_LIB_TEST_MEDIUM_H
#define TESTS_LIB_TEST_MEDIUM_H

#include "lazaret/model.h"
#include "lazaret/random.h"
#include "sim/core/digest.h"
#include "sim/core/scheduler.h"
#include "sim/net/link.h"
#include "sim/net/packet.h"

#define TEST_PACKET_WIRE_BYTES_MIN 84u          /* IEEE 802.3's shortest frame, with preamble and gap */

typedef struct TestMedium TestMedium;
typedef void (*TestDelivered)(void *self, unsigned station, LzDirection direction, const LzPacket *packet);

struct TestMedium {
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzLink *link;
    LzDigest digest;
    TestDelivered delivered;    /* may be NULL */
    void *self;
    void *config, *queue_config, *sinks;
    unsigned stations;
};

/* config and queue_config are taken; NULL stands for every default. probes may be NULL. */
TestMedium *test_medium_new(const LzModel *model, void *config, const LzModel *queue, void *queue_config,
                            unsigned stations, uint64_t seed, LzProbes *probes, LzScope scope);
void test_medium_free(TestMedium *medium);      /* checks that no packet is left over */

/* A UDP packet enters now; it takes this much on the wire. Returns its id. */
uint64_t test_medium_send(TestMedium *medium, unsigned station, LzDirection direction, uint8_t dscp, uint32_t wire_bytes);
void test_medium_run(TestMedium *medium, LzTime until_ns);

/* Poisson arrivals of random sizes and classes at random stations and directions, until a time. */
void test_medium_load(TestMedium *medium, LzRandom *random, LzTime mean_gap_ns, LzTime until_ns);

/* Case 74 of the validation table: offered = delivered + dropped + queued + in flight, packets and bytes. */
void test_medium_check_balance(const TestMedium *medium);
bool test_medium_is_empty(const TestMedium *medium);

#endif
