/* A TLS server under attack: its host, the attacker's hosts and a network that delays each packet by 1 ms,
 * without a scenario; for tests of attacks. */
#ifndef TESTS_LIB_TEST_SIEGE_H
#define TESTS_LIB_TEST_SIEGE_H

#include "lazaret/attack.h"
#include "lazaret/model.h"
#include "sim/core/scheduler.h"
#include "sim/host/host.h"
#include "sim/measure/recorder.h"

#define LZ_TEST_SIEGE_PORT 8883

typedef struct LzTestSiege LzTestSiege;

/* config: of the attack model; taken. The attack is initialised, not started. */
LzTestSiege *lz_test_siege_new(const LzModel *attack, void *config, unsigned hosts, uint64_t seed);
void lz_test_siege_free(LzTestSiege *siege);            /* clears the attack first, as the world does */

void lz_test_siege_start(LzTestSiege *siege);
void lz_test_siege_stop(LzTestSiege *siege);
void lz_test_siege_run(LzTestSiege *siege, LzTime until_ns);

LzScheduler *lz_test_siege_scheduler(LzTestSiege *siege);
const LzHost *lz_test_siege_server(const LzTestSiege *siege);
const LzHost *lz_test_siege_attacker(const LzTestSiege *siege, unsigned index);
/* Packets that entered the network, and a number that depends on each one's time, addresses and size. */
uint64_t lz_test_siege_packets(const LzTestSiege *siege);
uint64_t lz_test_siege_fingerprint(const LzTestSiege *siege);
/* A metric of the attack, counted so far. Call after the last run only. */
int64_t lz_test_siege_count(LzTestSiege *siege, LzMetric metric);
/* Sessions that the server has accepted so far, and has now. */
uint64_t lz_test_siege_accepted(const LzTestSiege *siege);
uint64_t lz_test_siege_open(const LzTestSiege *siege);
uint64_t lz_test_siege_open_max(const LzTestSiege *siege);

#endif
