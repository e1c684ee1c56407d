/* Congestion avoidance as RFC 5681 has it, with the recovery of RFC 6582 known as NewReno: half of the flight after a
 * loss, then a segment per window. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

/* RFC 5681 equation 4. */
static uint32_t newreno_reduce(LzTcpSocket *socket, int64_t flight_bytes, bool is_timeout)
{
    (void)is_timeout;
    return (uint32_t)MAX(flight_bytes / 2, 2 * (int64_t)socket->send.mss);
}

/* RFC 5681 3.1: by counting bytes (RFC 3465 2.1), or for each acknowledgement a segment's share of the window. */
static void newreno_grow(LzTcpSocket *socket, uint32_t acked_bytes)
{
    LzTcpCongestion *congestion = &socket->congestion;
    bool counts_bytes = socket->tcp->options->counts_bytes;
    congestion->acked_bytes += counts_bytes ? acked_bytes : MIN(acked_bytes, socket->send.mss);
    if (congestion->acked_bytes >= congestion->window_bytes) {
        congestion->acked_bytes -= congestion->window_bytes;
        congestion->window_bytes += socket->send.mss;
    }
}

const LzTcpCongestionOps lz_tcp_newreno = {.name = "newreno", .reduce = newreno_reduce, .grow = newreno_grow};
