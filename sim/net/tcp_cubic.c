/* CUBIC (RFC 9438): the window follows a cubic function of the time since the last loss, and never falls behind what
 * Reno would have. Whole numbers only: microseconds and bytes. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

/* RFC 9438 4.1.1 and 4.6: beta 0.7, C 0.4 segments/s^3; 4.3: alpha 3 (1 - beta) / (1 + beta) = 9 / 17. */
#define BETA_PART 7u
#define BETA_WHOLE 10u
#define C_PART 2
#define C_WHOLE 5
#define ALPHA_PART 9u
#define ALPHA_WHOLE 17u
#define CUBIC_US_PER_CUBIC_S ((__int128)1000000000000000000)
#define SPAN_US_MAX INT64_C(1000000000) /* keeps its cube within 128 bits */

/* The largest number whose cube does not exceed the value. */
static int64_t cube_root(unsigned __int128 value)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 41; bit > 0; bit >>= 1) {
        unsigned __int128 next = root | bit;
        if (next * next * next <= value) {
            root |= bit;
        }
    }
    return (int64_t)root;
}

/* RFC 9438 4.2, K = cbrt((W_max - cwnd_epoch) / C). */
int64_t lz_cubic_k_us(uint32_t window_bytes, uint32_t plateau_bytes, uint32_t mss)
{
    unsigned __int128 below = plateau_bytes - window_bytes;
    return cube_root(below * C_WHOLE * (unsigned __int128)CUBIC_US_PER_CUBIC_S / (C_PART * mss));
}

/* RFC 9438 figure 1: C (t - K)^3 + W_max. */
static int64_t window_at(const LzTcpCubic *cubic, int64_t t_us, uint32_t mss)
{
    int64_t span_us = CLAMP(t_us - cubic->k_us, -SPAN_US_MAX, SPAN_US_MAX);
    __int128 cube = (__int128)span_us * span_us * span_us;
    return cubic->plateau_bytes + (int64_t)(cube * C_PART * mss / (C_WHOLE * CUBIC_US_PER_CUBIC_S));
}

/* 4.6, and 4.7: a flow that lost before it was back at its plateau makes room for others. */
static uint32_t cubic_reduce(LzTcpSocket *socket, int64_t flight_bytes, bool is_timeout)
{
    LzTcpCongestion *congestion = &socket->congestion;
    if (!congestion->cubic) {
        congestion->cubic = g_new0(LzTcpCubic, 1);
    }
    LzTcpCubic *cubic = congestion->cubic;
    uint64_t window = congestion->window_bytes;
    bool is_early = window < cubic->plateau_bytes;
    cubic->plateau_bytes = (uint32_t)(is_early ? window * (BETA_WHOLE + BETA_PART) / (2 * BETA_WHOLE) : window);
    cubic->prior_bytes = congestion->window_bytes;
    cubic->epoch_ns = -1;
    cubic->is_after_timeout = is_timeout;
    return (uint32_t)MAX(flight_bytes * BETA_PART / BETA_WHOLE, 2 * (int64_t)socket->send.mss);
}

/* 4.2, and 4.8: after a timeout the plateau is where congestion avoidance begins. */
static void begin_epoch(LzTcpSocket *socket, LzTcpCubic *cubic, LzTime now_ns)
{
    uint32_t window = socket->congestion.window_bytes;
    cubic->epoch_ns = cubic->grown_ns = now_ns;
    cubic->estimate_bytes = window;
    cubic->credit = cubic->estimate_credit = 0;
    if (cubic->is_after_timeout || window >= cubic->plateau_bytes) {
        cubic->plateau_bytes = window;
    }
    cubic->k_us = lz_cubic_k_us(window, cubic->plateau_bytes, socket->send.mss);
}

/* 4.3. */
static void grow_estimate(LzTcpCubic *cubic, uint32_t acked_bytes, uint32_t window, uint32_t mss)
{
    uint64_t share = cubic->estimate_bytes < cubic->prior_bytes ? ALPHA_PART : ALPHA_WHOLE;
    uint64_t whole = (uint64_t)ALPHA_WHOLE * window;
    cubic->estimate_credit += share * acked_bytes * mss;
    cubic->estimate_bytes += (uint32_t)(cubic->estimate_credit / whole);
    cubic->estimate_credit %= whole;
}

/* 4.4 and 4.5. */
static uint32_t approach(LzTcpCubic *cubic, int64_t target, uint32_t acked_bytes, uint32_t window)
{
    uint64_t above = (uint64_t)CLAMP(target - (int64_t)window, 0, (int64_t)window / 2);
    cubic->credit += above * acked_bytes;
    uint32_t gain = (uint32_t)(cubic->credit / window);
    cubic->credit %= window;
    return window + gain;
}

static void cubic_grow(LzTcpSocket *socket, uint32_t acked_bytes)
{
    LzTcpCongestion *congestion = &socket->congestion;
    LzTcpCubic *cubic = congestion->cubic;
    LzTime now_ns = lz_tcp_now(socket);
    if (cubic->epoch_ns < 0) {
        begin_epoch(socket, cubic, now_ns);
    }
    /* 4.2: the time in which the application did not use the window does not count. */
    if (now_ns - cubic->grown_ns > 2 * socket->rto.srtt_ns) {
        cubic->epoch_ns += now_ns - cubic->grown_ns;
    }
    cubic->grown_ns = now_ns;
    uint32_t window = congestion->window_bytes, mss = socket->send.mss;
    int64_t t_us = (now_ns - cubic->epoch_ns) / LZ_NS_PER_US;
    grow_estimate(cubic, acked_bytes, window, mss);
    if (window_at(cubic, t_us, mss) < (int64_t)cubic->estimate_bytes) {
        congestion->window_bytes = MAX(window, cubic->estimate_bytes);
    } else {
        int64_t target = window_at(cubic, t_us + socket->rto.srtt_ns / LZ_NS_PER_US, mss);
        congestion->window_bytes = approach(cubic, target, acked_bytes, window);
    }
}

const LzTcpCongestionOps lz_tcp_cubic = {.name = "cubic", .reduce = cubic_reduce, .grow = cubic_grow};
