/* CPU per mutual P-256 handshake, both sides: bare Mbed TLS contexts, and our endpoints over a pipe. */
#include <stdio.h>
#include <time.h>

#include "tests/bench/bare_handshake.h"
#include "tests/lib/tls_pipe.h"

enum { PAIRS = 40, ROUNDS = 3 };

static double thread_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double endpoint_cpu_s(LzTlsVersion version, bool has_memo)
{
    LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lab.pki_options.has_verify_memo = has_memo;
    lz_test_tls_open(&lab);
    double before_s = thread_cpu_s();
    for (uint32_t i = 0; i < PAIRS; i++) {
        LzTlsPipe *pipe = lz_test_tls_pipe(&lab, i, NULL, LZ_TEST_START_S * LZ_NS_PER_S);
        lz_test_tls_pump(pipe);
        g_assert_cmpint(pipe->server.state, ==, LZ_TLS_OPEN);
        lz_test_tls_pipe_free(pipe);
    }
    double spent_s = thread_cpu_s() - before_s;
    lz_test_tls_close(&lab);
    return spent_s / PAIRS;
}

/* The least of some rounds: other programs only ever add time. */
int main(void)
{
    for (LzTlsVersion version = LZ_TLS_1_2; version <= LZ_TLS_1_3; version++) {
        double bare_s = 1e9, ours_s = 1e9, memo_s = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
            bare_s = MIN(bare_s, lz_bare_handshake_cpu_s(PAIRS, version == LZ_TLS_1_3));
            ours_s = MIN(ours_s, endpoint_cpu_s(version, false));
            memo_s = MIN(memo_s, endpoint_cpu_s(version, true));
        }
        printf("TLS 1.%d mutual P-256 handshake, both sides: bare %.0f us, endpoints %.0f us, ratio %.3f, "
               "%.0f us when certificates were seen before\n",
               version + 2, bare_s * 1e6, ours_s * 1e6, ours_s / bare_s, memo_s * 1e6);
    }
    return 0;
}
