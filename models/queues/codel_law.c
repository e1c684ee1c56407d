/* The state machine of RFC 8289 section 5.5, and its control law. */
#include "lazaret/codel.h"

#include <glib.h>

#define RECENT_INTERVALS 16             /* RFC 8289 5.5: "close to when it last went below" */

static uint64_t square_root_floor(unsigned __int128 value)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit > 0; bit >>= 1) {
        uint64_t next = root | bit;
        root = (unsigned __int128)next * next <= value ? next : root;
    }
    return root;
}

LzTime lz_codel_spacing_ns(LzTime interval_ns, uint32_t count)
{
    return (LzTime)square_root_floor((unsigned __int128)interval_ns * (uint64_t)interval_ns / count);
}

/* RFC 8289 5.6 dodequeue: the next packet, and whether the wait has been above the target for an interval. */
static LzPacket *look(LzCodel *codel, const LzCodelRule *rule, const LzCodelQueue *queue, LzTime now_ns, bool *ret_is_late)
{
    LzPacket *packet = queue->take(queue->self);
    *ret_is_late = false;
    if (!packet) {
        codel->first_above_ns = 0;
    } else if (now_ns - packet->queued_ns < rule->target_ns || queue->backlog_bytes(queue->self) <= rule->small_bytes) {
        codel->first_above_ns = 0;
    } else if (codel->first_above_ns == 0) {
        codel->first_above_ns = now_ns + rule->interval_ns;
    } else {
        *ret_is_late = now_ns >= codel->first_above_ns;
    }
    return packet;
}

/* True: the packet was only marked and goes on. */
static bool mark_or_drop(const LzCodelRule *rule, const LzCodelQueue *queue, LzPacket *packet)
{
    if (rule->has_ecn && packet->ecn != LZ_ECN_NOT_ECT) {
        packet->ecn = LZ_ECN_CE;
        return true;
    }
    queue->drop(queue->self, packet);
    return false;
}

static void begin_dropping(LzCodel *codel, const LzCodelRule *rule, LzTime now_ns)
{
    uint32_t delta = codel->count - codel->count_last;
    bool is_recent = now_ns - codel->drop_next_ns < RECENT_INTERVALS * rule->interval_ns;
    codel->is_dropping = true;
    codel->count = delta > 1 && is_recent ? delta : 1;
    codel->drop_next_ns = now_ns + lz_codel_spacing_ns(rule->interval_ns, codel->count);
    codel->count_last = codel->count;
}

static LzPacket *keep_dropping(LzCodel *codel, const LzCodelRule *rule, const LzCodelQueue *queue, LzPacket *packet,
                               LzTime now_ns)
{
    bool is_late = true;
    while (codel->is_dropping && now_ns >= codel->drop_next_ns) {
        codel->count++;
        LzTime next_ns = codel->drop_next_ns + lz_codel_spacing_ns(rule->interval_ns, codel->count);
        if (mark_or_drop(rule, queue, packet)) {
            codel->drop_next_ns = next_ns;
            return packet;
        }
        packet = look(codel, rule, queue, now_ns, &is_late);
        codel->is_dropping = is_late;
        codel->drop_next_ns = is_late ? next_ns : codel->drop_next_ns;
    }
    return packet;
}

LzPacket *lz_codel_dequeue(LzCodel *codel, const LzCodelRule *rule, const LzCodelQueue *queue, LzTime now_ns)
{
    bool is_late = false;
    LzPacket *packet = look(codel, rule, queue, now_ns, &is_late);
    if (codel->is_dropping) {
        codel->is_dropping = is_late;
        return is_late ? keep_dropping(codel, rule, queue, packet, now_ns) : packet;
    }
    if (is_late) {
        if (!mark_or_drop(rule, queue, packet)) {
            packet = look(codel, rule, queue, now_ns, &is_late);
        }
        begin_dropping(codel, rule, now_ns);
    }
    return packet;
}
