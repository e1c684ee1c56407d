/* The memory that the ports of a switch share. A port may queue up to a share of what is free (dynamic thresholds:
 * Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998), so that few busy ports get much and many get
 * equal parts. */
#ifndef SIM_NET_BUFFER_H
#define SIM_NET_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct LzSharedBuffer {
    int64_t limit_bytes, used_bytes;
    uint32_t share_ppb;                 /* of the free part, for each queue; above 1e9 for more than all of it */
} LzSharedBuffer;

static inline bool lz_shared_buffer_admits(const LzSharedBuffer *buffer, uint64_t queued_bytes, uint32_t packet_bytes)
{
    int64_t free_bytes = buffer->limit_bytes - buffer->used_bytes;
    unsigned __int128 threshold = (unsigned __int128)(uint64_t)(free_bytes > 0 ? free_bytes : 0) * buffer->share_ppb / 1000000000;
    return packet_bytes <= free_bytes && queued_bytes + packet_bytes <= threshold;
}

#endif
