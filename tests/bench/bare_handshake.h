/* What a mutual P-256 handshake costs real CPU time between two Mbed TLS contexts in memory, with nothing of ours
 * around them but the random source: the measure for a run's cost per handshake. */
#ifndef TESTS_BENCH_BARE_HANDSHAKE_H
#define TESTS_BENCH_BARE_HANDSHAKE_H

#include <stdbool.h>

/* Seconds of this thread's CPU per pair, both sides, contexts made and freed; certificates directly under the root. */
double lz_bare_handshake_cpu_s(unsigned pairs, bool is_tls_1_3);

#endif
