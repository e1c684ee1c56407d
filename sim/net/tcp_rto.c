/* The retransmission timeout (RFC 6298). */
#include <glib.h>

#include "sim/net/tcp.h"

void lz_rto_init(LzRto *rto, LzTime initial_ns)
{
    *rto = (LzRto){.rto_ns = initial_ns};
}

/* RFC 6298 2.2 and 2.3 with a clock of no granularity. The minimum is a floor of the variance term, as
 * in Linux, so that the timeout of a steady path stays above its round-trip time. */
void lz_rto_sample(LzRto *rto, LzTime rtt_ns, LzTime min_ns, LzTime max_ns)
{
    if (!rto->has_sample) {
        rto->srtt_ns = rtt_ns;
        rto->rttvar_ns = rtt_ns / 2;
        rto->has_sample = true;
    } else {
        LzTime error_ns = ABS(rto->srtt_ns - rtt_ns);
        rto->rttvar_ns = (3 * rto->rttvar_ns + error_ns) / 4;
        rto->srtt_ns = (7 * rto->srtt_ns + rtt_ns) / 8;
    }
    rto->rto_ns = MIN(rto->srtt_ns + MAX(min_ns, 4 * rto->rttvar_ns), max_ns);
}
