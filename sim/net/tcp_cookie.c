/* SYN cookies (RFC 4987 3.6 and appendix A): what a full backlog would have to remember stands in the sequence number of
 * the SYN-ACK. Five bits count time in steps of 64 s, three choose the MSS, the rest vouch for both and for who asked.
 * Window scaling and SACK are lost, as in Linux without timestamps. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

#define STEP_NS LZ_SECONDS(64)
#define STEP_SHIFT 27
#define STEP_MASK 31u
#define INDEX_SHIFT 24
#define INDEX_MASK 7u
#define PROOF_MASK UINT32_C(0xffffff)
#define STEPS_VALID 2u                  /* this one and the one before: Linux's MAX_SYNCOOKIE_AGE */

static const uint16_t segment_sizes[] = {536, 1024, 1220, 1300, 1380, 1440, 1452, 1460};
G_STATIC_ASSERT(G_N_ELEMENTS(segment_sizes) == INDEX_MASK + 1);

/* Keyed by the run's seed and this host. */
static uint32_t proof_of(const LzTcp *tcp, const LzPacket *packet, uint32_t peer_initial, uint32_t step, uint32_t index)
{
    uint64_t peer = (uint64_t)packet->source << 32 | (uint64_t)packet->source_port << 16 | packet->destination_port;
    uint64_t rest = (uint64_t)peer_initial << 32 | step << 3 | index;
    LzRandom random;
    lz_random_init(&random, tcp->env.seed, tcp->env.entity ^ (peer * UINT64_C(0x9e3779b97f4a7c15)) ^ (rest * UINT64_C(0xc2b2ae3d27d4eb4f)),
                   LZ_PURPOSE_TCP);
    return lz_random_u32(&random) & PROOF_MASK;
}

static uint32_t step_now(const LzTcp *tcp)
{
    return (uint32_t)(lz_now(tcp->env.scheduler) / STEP_NS);
}

uint32_t lz_tcp_cookie(const LzTcp *tcp, const LzPacket *syn)
{
    uint32_t index = INDEX_MASK, step = step_now(tcp);
    while (index > 0 && segment_sizes[index] > syn->mss) {
        index--;
    }
    return (step & STEP_MASK) << STEP_SHIFT | index << INDEX_SHIFT | proof_of(tcp, syn, syn->sequence, step, index);
}

uint16_t lz_tcp_check_cookie(const LzTcp *tcp, const LzPacket *ack)
{
    uint32_t cookie = ack->acknowledgement - 1, index = cookie >> INDEX_SHIFT & INDEX_MASK, now = step_now(tcp);
    for (uint32_t age = 0; age < STEPS_VALID && age <= now; age++) {
        uint32_t step = now - age;
        if ((step & STEP_MASK) == cookie >> STEP_SHIFT &&
            proof_of(tcp, ack, ack->sequence - 1, step, index) == (cookie & PROOF_MASK)) {
            return segment_sizes[index];
        }
    }
    return 0;
}
