/* A 5G-like cell: what a packet meets between a station (UE) and the network behind the UPF. Slots and TDD
 * pattern, scheduling request and grant or configured grant, processing times, HARQ with combining, RLC repair,
 * in-order delivery, N3 delay, and a capacity per slot that the cell's stations share. Nothing is scheduled
 * while nothing waits.
 *
 * A packet waits in the engine's queue, also while the layers above process it (and, downwards, while N3 carries
 * it), until a slot takes it, whole or in part, into a transport block (TB).
 * A TB is in the air until its slot and decoding end; then it is in order delivered, sent again, or lost. */
#include <glib.h>
#include <string.h>

#include "lazaret/link.h"
#include "lazaret/model.h"
#include "lazaret/nr_timing.h"

typedef enum { DUPLEX_FDD, DUPLEX_TDD } Duplex;
typedef enum { UPLINK_GRANT, UPLINK_CONFIGURED } Uplink;
typedef enum { RLC_UM, RLC_AM } Rlc;

typedef struct Config {
    int64_t numerology;
    int duplex;
    LzText pattern;
    int capability;
    int uplink;
    LzTime sr_period_ns, cg_period_ns;
    bool stagger;
    LzTime ue_processing_ns, gnb_processing_ns, n3_delay_ns;
    int64_t ul_rate_bps, dl_rate_bps;
    int64_t header_bytes, first_grant_bytes;
    uint32_t bler_ppb, combining_ppb;
    int64_t transmissions, harq_slots;
    int rlc;
    LzTime reassembly_ns;
    int64_t rlc_attempts;
    LzTime reordering_ns;
    LzTime inactivity_ns;
} Config;

typedef struct Cell Cell;
typedef struct Stream Stream;

/* A packet from the moment a slot takes its first byte until it leaves the radio. */
typedef struct Entry {
    struct Entry *next;                 /* in the stream, in order of sending */
    Stream *stream;
    LzPacket *packet;                   /* owned; NULL once it was dropped */
    uint64_t serial;
    uint32_t unsent_bytes;
    unsigned blocks;                    /* TBs that carry a part of it and are not settled */
    bool has_arrived;                   /* complete, waiting for its turn */
    bool is_listed;                     /* still in the stream's list */
    LzTime due_ns;                      /* between gNB and UPF: leaves the radio */
} Entry;

typedef struct Segment {                /* a part of a packet in a TB */
    struct Segment *next;
    Entry *entry;
} Segment;

typedef struct Block {                  /* a transport block */
    struct Block *next;
    Stream *stream;
    Segment *segments, **segments_end;
    uint32_t size_bytes;
    unsigned transmission;              /* from 1, of this HARQ process */
    unsigned rlc_attempt;               /* from 1 */
    bool is_lost;                       /* its last transmission failed */
    LzTime due_ns;                      /* waiting: slot to send it in; in the air: decoded */
} Block;

typedef struct BlockList { Block *head, *tail; } BlockList;

struct Stream {                         /* one station, one direction */
    Cell *cell;
    Stream *next_active;
    unsigned station;
    LzDirection direction;
    bool is_active;                     /* in the round-robin ring */
    bool is_first_grant;                /* uplink: the gNB knows of data, not how much */
    LzTime eligible_ns;                 /* first slot that may serve it */
    LzRandom random;
    Entry *head, **end;                 /* sent and not yet delivered in order */
    Entry *partial;                     /* the packet that is partly sent */
    uint64_t next_serial;
    uint64_t arrived_end, give_up_end;  /* one past the highest serial that arrived; that the timer waits behind */
    LzEvent reordering;
};

typedef struct Station {
    Stream streams[2];                  /* by LzDirection */
    LzTime periodic_offset_ns;          /* of its scheduling requests or configured grants */
    LzTime connected_ns;                /* RRC is connected from then on */
    LzTime active_ns;                   /* last activity */
    bool was_active;
} Station;

typedef struct Side {                   /* one direction of the cell */
    Cell *cell;
    LzDirection direction;
    int64_t rate_bps;
    uint32_t slot_bytes;
    LzTime slot_ns;                     /* the slot being filled */
    uint32_t left_bytes;                /* of it */
    Stream *ring, **ring_end;
    BlockList waiting;                  /* to be sent again, by due time */
    BlockList air;                      /* by due time */
    Entry *core, **core_end;            /* between gNB and UPF, by due time */
    LzEvent slot, decode, leave;
} Side;

struct Cell {
    const Config *config;
    LzLink *link;
    LzEnv env;
    LzNrTiming timing;
    Side sides[2];
    Station *stations;
    unsigned station_count;
};

static LzTime now_ns(const Cell *cell)
{
    return lz_now(cell->env.scheduler);
}

/* ---- packets on their way ------------------------------------------------------------------------ */

static void entry_free_if_done(Entry *entry)
{
    if (!entry->is_listed && entry->blocks == 0 && entry->stream->partial != entry) {
        g_free(entry);
    }
}

/* The packet will not arrive: say so now; what is left of it is not sent. */
static void entry_drop(Entry *entry, LzDropReason reason)
{
    Stream *stream = entry->stream;
    LzPacket *packet = g_steal_pointer(&entry->packet);
    if (stream->partial == entry) {
        stream->partial = NULL;
    }
    if (packet) {
        lz_link_drop(stream->cell->link, stream->station, stream->direction, packet, reason);
    }
}

static Entry *entry_new(Stream *stream, LzPacket *packet)
{
    Entry *entry = g_new0(Entry, 1);
    entry->stream = stream;
    entry->packet = packet;
    entry->serial = stream->next_serial++;
    entry->unsent_bytes = lz_packet_ip_bytes(packet) + (uint32_t)stream->cell->config->header_bytes;
    entry->is_listed = true;
    *stream->end = entry;
    stream->end = &entry->next;
    return entry;
}

static Entry *stream_unlist_head(Stream *stream)
{
    Entry *entry = stream->head;
    stream->head = entry->next;
    if (!stream->head) {
        stream->end = &stream->head;
    }
    entry->is_listed = false;
    return entry;
}

static void block_free(Block *block)
{
    for (Segment *segment = block->segments, *next; segment; segment = next) {
        next = segment->next;
        segment->entry->blocks--;
        entry_free_if_done(segment->entry);
        g_free(segment);
    }
    g_free(block);
}

static Block *block_new(Stream *stream)
{
    Block *block = g_new0(Block, 1);
    block->stream = stream;
    block->segments_end = &block->segments;
    block->rlc_attempt = 1;
    return block;
}

static void block_add(Block *block, Entry *entry, uint32_t size_bytes)
{
    Segment *segment = g_new0(Segment, 1);
    segment->entry = entry;
    *block->segments_end = segment;
    block->segments_end = &segment->next;
    block->size_bytes += size_bytes;
    entry->blocks++;
    entry->unsent_bytes -= size_bytes;
}

/* Keeps the list sorted by due time, later additions after equal ones. */
static void blocks_insert(BlockList *list, Block *block)
{
    Block **at = &list->head;
    if (list->tail && list->tail->due_ns <= block->due_ns) {
        at = &list->tail->next;
    }
    while (*at && (*at)->due_ns <= block->due_ns) {
        at = &(*at)->next;
    }
    block->next = *at;
    *at = block;
    if (!block->next) {
        list->tail = block;
    }
}

static Block *blocks_take(BlockList *list)
{
    Block *block = list->head;
    list->head = block->next;
    if (!list->head) {
        list->tail = NULL;
    }
    block->next = NULL;
    return block;
}

/* ---- when a station may send --------------------------------------------------------------------- */

static LzTime ready_delay_ns(const Cell *cell, LzDirection direction)
{
    return direction == LZ_UP ? cell->timing.ue_processing_ns
                              : cell->timing.gnb_processing_ns + cell->config->n3_delay_ns;
}

/* When the L2 of the sending side is done with a packet that was queued then. */
static LzTime ready_ns(const Stream *stream, LzTime queued_ns)
{
    const Station *station = &stream->cell->stations[stream->station];
    return MAX(queued_ns, station->connected_ns) + ready_delay_ns(stream->cell, stream->direction);
}

static LzTime opportunity_ns(const Stream *stream, LzTime period_ns, LzTime time_ns)
{
    const Cell *cell = stream->cell;
    if (period_ns == 0) {
        return lz_nr_align_ns(&cell->timing, LZ_UP, time_ns);
    }
    return lz_nr_opportunity_ns(&cell->timing, period_ns, cell->stations[stream->station].periodic_offset_ns, time_ns);
}

/* First slot for data that is ready at this time, at a station that has no grant. */
static LzTime first_slot_ns(const Stream *stream, LzTime time_ns)
{
    const Cell *cell = stream->cell;
    if (stream->direction == LZ_DOWN) {
        return lz_nr_align_ns(&cell->timing, LZ_DOWN, time_ns);
    }
    if (cell->config->uplink == UPLINK_CONFIGURED) {
        return opportunity_ns(stream, cell->config->cg_period_ns, time_ns);
    }
    const LzTime request_ns = opportunity_ns(stream, cell->config->sr_period_ns, time_ns);
    return lz_nr_granted_slot_ns(&cell->timing, request_ns + cell->timing.slot_ns);
}

/* Next slot for a station that had its turn in this one and has more, ready at this time. The first grant
 * brings the buffer status report; the grants that answer it are a round trip away, later ones follow each other. */
static LzTime following_slot_ns(const Stream *stream, LzTime slot_ns, LzTime ready_at_ns, bool was_first_grant)
{
    const Cell *cell = stream->cell;
    const LzTime end_ns = slot_ns + cell->timing.slot_ns;
    const LzTime earliest_ns = MAX(end_ns, ready_at_ns);
    if (stream->direction == LZ_UP && cell->config->uplink == UPLINK_CONFIGURED) {
        return opportunity_ns(stream, cell->config->cg_period_ns, earliest_ns);
    }
    const LzTime next_ns = lz_nr_align_ns(&cell->timing, stream->direction, earliest_ns);
    return was_first_grant ? MAX(next_ns, lz_nr_granted_slot_ns(&cell->timing, end_ns)) : next_ns;
}

/* ---- slots --------------------------------------------------------------------------------------- */

static void ring_append(Side *side, Stream *stream)
{
    stream->next_active = NULL;
    *side->ring_end = stream;
    side->ring_end = &stream->next_active;
}

static LzTime next_work_ns(const Side *side)
{
    LzTime next_ns = side->waiting.head ? side->waiting.head->due_ns : LZ_TIME_NEVER;
    for (const Stream *stream = side->ring; stream; stream = stream->next_active) {
        next_ns = MIN(next_ns, stream->eligible_ns);
    }
    return next_ns;
}

static void arm_at(Cell *cell, LzEvent *event, LzTime time_ns)
{
    if (lz_event_is_pending(event)) {
        if (event->due_ns <= time_ns) {
            return;
        }
        lz_event_cancel(cell->env.scheduler, event);
    }
    if (time_ns != LZ_TIME_NEVER) {
        lz_schedule_at(cell->env.scheduler, event, time_ns);
    }
}

/* A station that was silent for long has to resume its connection first. */
static void resume_if_inactive(Cell *cell, Station *station)
{
    const LzTime now = now_ns(cell), inactivity_ns = cell->config->inactivity_ns;
    if (station->streams[LZ_UP].is_active || station->streams[LZ_DOWN].is_active) {
        return;
    }
    if (inactivity_ns > 0 && (!station->was_active || now - station->active_ns > inactivity_ns)) {
        station->connected_ns = now + lz_nr_resume_ns(&cell->timing);
    }
    station->was_active = true;
    station->active_ns = MAX(now, station->connected_ns);
}

static void nr_kick(void *state, unsigned station_index, LzDirection direction)
{
    Cell *cell = state;
    Station *station = &cell->stations[station_index];
    Stream *stream = &station->streams[direction];
    resume_if_inactive(cell, station);
    if (stream->is_active) {
        return;
    }
    stream->is_active = true;
    stream->is_first_grant = direction == LZ_UP && cell->config->uplink == UPLINK_GRANT;
    stream->eligible_ns = first_slot_ns(stream, ready_ns(stream, now_ns(cell)));
    ring_append(&cell->sides[direction], stream);
    arm_at(cell, &cell->sides[direction].slot, stream->eligible_ns);
}

static void transmit(Side *side, Block *block)
{
    Cell *cell = side->cell;
    const Config *config = cell->config;
    Stream *stream = block->stream;
    side->left_bytes -= block->size_bytes;
    cell->stations[stream->station].active_ns = side->slot_ns;
    /* One medium for all: its account is kept as station 0's, so that utilisation is the cell's. */
    lz_link_busy(cell->link, 0, side->direction, lz_transmit_ns_ceil(block->size_bytes, side->rate_bps));

    block->transmission++;
    const bool fails = lz_nr_harq_fails(config->bler_ppb, config->combining_ppb, block->transmission, &stream->random);
    if (fails && block->transmission < config->transmissions) {
        block->due_ns = lz_nr_align_ns(&cell->timing, side->direction,
                                       side->slot_ns + config->harq_slots * cell->timing.slot_ns);
        blocks_insert(&side->waiting, block);
        return;
    }
    block->is_lost = fails;
    block->due_ns = side->slot_ns + cell->timing.slot_ns + (side->direction == LZ_DOWN ? cell->timing.n1_ns : 0);
    blocks_insert(&side->air, block);
    arm_at(cell, &side->decode, side->air.head->due_ns);
}

static void transmit_waiting(Side *side)
{
    BlockList later = {NULL, NULL};
    while (side->waiting.head && side->waiting.head->due_ns <= side->slot_ns) {
        Block *block = blocks_take(&side->waiting);
        if (block->size_bytes <= side->left_bytes) {
            transmit(side, block);
            continue;
        }
        block->due_ns = lz_nr_align_ns(&side->cell->timing, side->direction,
                                       side->slot_ns + side->cell->timing.slot_ns);
        blocks_insert(&later, block);
    }
    while (later.head) {
        blocks_insert(&side->waiting, blocks_take(&later));
    }
}

/* The packet to send from next: the one partly sent, or one that the queue gives and L2 is done with. */
static Entry *next_entry(Stream *stream, LzTime slot_ns)
{
    LzLink *link = stream->cell->link;
    if (stream->partial) {
        return stream->partial;
    }
    const LzPacket *head = lz_link_peek(link, stream->station, stream->direction);
    if (!head || ready_ns(stream, head->queued_ns) > slot_ns) {
        return NULL;
    }
    LzPacket *packet = lz_link_pull(link, stream->station, stream->direction);
    return packet ? entry_new(stream, packet) : NULL;
}

static Block *fill_block(Stream *stream, LzTime slot_ns, uint32_t budget_bytes)
{
    Block *block = NULL;
    while (budget_bytes > 0) {
        Entry *entry = next_entry(stream, slot_ns);
        if (!entry) {
            break;
        }
        block = block ? block : block_new(stream);
        const uint32_t take_bytes = MIN(entry->unsent_bytes, budget_bytes);
        block_add(block, entry, take_bytes);
        stream->partial = entry->unsent_bytes > 0 ? entry : NULL;
        budget_bytes -= take_bytes;
    }
    return block;
}

/* Gives the station its turn in this slot; says whether it has more to send. */
static bool serve(Side *side, Stream *stream)
{
    const Config *config = side->cell->config;
    const bool is_first_grant = stream->is_first_grant;
    uint32_t budget_bytes = side->left_bytes;
    if (is_first_grant && config->first_grant_bytes > 0) {
        budget_bytes = MIN(budget_bytes, (uint32_t)config->first_grant_bytes);
    }
    Block *block = fill_block(stream, side->slot_ns, budget_bytes);
    if (block) {
        stream->is_first_grant = false;
        transmit(side, block);
    }
    const LzPacket *head = lz_link_peek(side->cell->link, stream->station, stream->direction);
    if (!stream->partial && !head) {
        return false;
    }
    const LzTime ready_at_ns = stream->partial ? side->slot_ns : ready_ns(stream, head->queued_ns);
    stream->eligible_ns = following_slot_ns(stream, side->slot_ns, ready_at_ns, is_first_grant && block);
    return true;
}

/* Round robin: the first station in the ring takes what it needs, the next takes the rest; who was served goes
 * to the end of the ring. */
static void serve_ring(Side *side)
{
    Stream *stream = g_steal_pointer(&side->ring), *served = NULL, **served_end = &served;
    side->ring_end = &side->ring;
    for (Stream *next; stream; stream = next) {
        next = stream->next_active;
        if (stream->eligible_ns > side->slot_ns) {
            ring_append(side, stream);
        } else if (side->left_bytes == 0) {
            stream->eligible_ns = following_slot_ns(stream, side->slot_ns, side->slot_ns, false);
            ring_append(side, stream);
        } else if (serve(side, stream)) {
            stream->next_active = NULL;
            *served_end = stream;
            served_end = &stream->next_active;
        } else {
            stream->is_active = false;
        }
    }
    if (served) {
        *side->ring_end = served;
        side->ring_end = served_end;
    }
}

static void slot_begins(void *owner)
{
    Side *side = owner;
    const LzTime now = now_ns(side->cell);
    if (side->slot_ns != now) {
        side->slot_ns = now;
        side->left_bytes = side->slot_bytes;
    }
    transmit_waiting(side);
    serve_ring(side);
    arm_at(side->cell, &side->slot, next_work_ns(side));
}

/* ---- arrival ------------------------------------------------------------------------------------- */

static void leave_radio(Entry *entry)
{
    const Stream *stream = entry->stream;
    LzPacket *packet = g_steal_pointer(&entry->packet);
    Cell *cell = stream->cell;
    const unsigned station = stream->station;
    const LzDirection direction = stream->direction;
    entry_free_if_done(entry);
    lz_link_deliver(cell->link, station, direction, packet);
}

static void core_done(void *owner)
{
    Side *side = owner;
    while (side->core && side->core->due_ns <= now_ns(side->cell)) {
        Entry *entry = side->core;
        side->core = entry->next;
        if (!side->core) {
            side->core_end = &side->core;
        }
        leave_radio(entry);
    }
    arm_at(side->cell, &side->leave, side->core ? side->core->due_ns : LZ_TIME_NEVER);
}

/* The next packet in order is complete: down to the station at once, up through gNB and N3. */
static void hand_over(Entry *entry)
{
    Cell *cell = entry->stream->cell;
    Side *side = &cell->sides[entry->stream->direction];
    const LzTime delay_ns = cell->timing.gnb_processing_ns + cell->config->n3_delay_ns;
    if (side->direction == LZ_DOWN || delay_ns == 0) {
        leave_radio(entry);
        return;
    }
    entry->next = NULL;
    entry->due_ns = now_ns(cell) + delay_ns;
    *side->core_end = entry;
    side->core_end = &entry->next;
    arm_at(cell, &side->leave, side->core->due_ns);
}

/* Delivers what is in order. While something complete waits behind something missing, t-Reordering runs
 * (TS 38.323 5.2.2.2). */
static void stream_advance(Stream *stream)
{
    LzScheduler *scheduler = stream->cell->env.scheduler;
    while (stream->head && stream->head->has_arrived) {
        hand_over(stream_unlist_head(stream));
    }
    const bool is_gap = stream->head && stream->arrived_end > stream->head->serial;
    if (is_gap && lz_event_is_pending(&stream->reordering) && stream->head->serial < stream->give_up_end) {
        return;
    }
    lz_event_cancel(scheduler, &stream->reordering);
    if (is_gap) {
        stream->give_up_end = stream->arrived_end;
        lz_timer_after(scheduler, &stream->reordering, stream->cell->config->reordering_ns);
    }
}

/* t-Reordering expired: what is missing is given up, also if it would still arrive. */
static void reordering_expired(void *owner)
{
    Stream *stream = owner;
    while (stream->head && stream->head->serial < stream->give_up_end) {
        Entry *entry = stream_unlist_head(stream);
        if (entry->has_arrived) {
            hand_over(entry);
            continue;
        }
        entry_drop(entry, LZ_DROP_RADIO_LOSS);
        entry_free_if_done(entry);
    }
    stream_advance(stream);
}

static void block_arrived(Block *block)
{
    Stream *stream = block->stream;
    for (Segment *segment = block->segments; segment; segment = segment->next) {
        Entry *entry = segment->entry;
        if (entry->packet && entry->blocks == 1 && entry->unsent_bytes == 0) {
            entry->has_arrived = true;
            stream->arrived_end = MAX(stream->arrived_end, entry->serial + 1);
        }
    }
    block_free(block);
    stream_advance(stream);
}

/* HARQ gave up. RLC AM sends again once the receiver noticed and reported it; UM loses the packets. */
static void block_failed(Side *side, Block *block)
{
    Cell *cell = side->cell;
    if (cell->config->rlc == RLC_AM && block->rlc_attempt < cell->config->rlc_attempts) {
        block->rlc_attempt++;
        block->transmission = 0;
        block->is_lost = false;
        block->due_ns = lz_nr_align_ns(&cell->timing, side->direction, now_ns(cell) + cell->config->reassembly_ns);
        blocks_insert(&side->waiting, block);
        arm_at(cell, &side->slot, side->waiting.head->due_ns);
        return;
    }
    for (Segment *segment = block->segments; segment; segment = segment->next) {
        entry_drop(segment->entry, LZ_DROP_RADIO_LOSS);
    }
    block_free(block);
}

static void blocks_decoded(void *owner)
{
    Side *side = owner;
    while (side->air.head && side->air.head->due_ns <= now_ns(side->cell)) {
        Block *block = blocks_take(&side->air);
        if (block->is_lost) {
            block_failed(side, block);
        } else {
            block_arrived(block);
        }
    }
    arm_at(side->cell, &side->decode, side->air.head ? side->air.head->due_ns : LZ_TIME_NEVER);
}

/* ---- life ---------------------------------------------------------------------------------------- */

/* A stream of its own for each station and direction: FNV-1a over the medium's id and both. */
static uint64_t stream_entity(const Cell *cell, unsigned station, LzDirection direction)
{
    uint64_t hash = cell->env.entity;
    const uint32_t key = station * 2 + (uint32_t)direction;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        hash = (hash ^ ((key >> shift) & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void stream_init(Cell *cell, unsigned station, LzDirection direction)
{
    Stream *stream = &cell->stations[station].streams[direction];
    stream->cell = cell;
    stream->station = station;
    stream->direction = direction;
    stream->end = &stream->head;
    lz_random_init(&stream->random, cell->env.seed, stream_entity(cell, station, direction), LZ_PURPOSE_RADIO);
    lz_event_init(&stream->reordering, reordering_expired, stream);
}

static void station_init(Cell *cell, unsigned index)
{
    Station *station = &cell->stations[index];
    const Config *config = cell->config;
    stream_init(cell, index, LZ_UP);
    stream_init(cell, index, LZ_DOWN);
    const LzTime period_ns = config->uplink == UPLINK_GRANT ? config->sr_period_ns : config->cg_period_ns;
    if (config->stagger && period_ns > cell->timing.slot_ns) {
        const uint64_t slots = (uint64_t)(period_ns / cell->timing.slot_ns);
        station->periodic_offset_ns = (LzTime)lz_random_below(&station->streams[LZ_UP].random, slots)
            * cell->timing.slot_ns;
    }
}

static void side_init(Cell *cell, LzDirection direction, int64_t rate_bps)
{
    Side *side = &cell->sides[direction];
    side->cell = cell;
    side->direction = direction;
    side->rate_bps = rate_bps;
    side->slot_bytes = lz_nr_slot_bytes(&cell->timing, direction, rate_bps);
    side->slot_ns = -1;
    side->ring_end = &side->ring;
    side->core_end = &side->core;
    lz_event_init(&side->slot, slot_begins, side);
    lz_event_init(&side->decode, blocks_decoded, side);
    lz_event_init(&side->leave, core_done, side);
}

static void nr_init(void *state, const void *config, LzLink *link, const LzEnv *env, unsigned stations)
{
    Cell *cell = state;
    cell->config = config;
    cell->link = link;
    cell->env = *env;
    lz_nr_timing_init(&cell->timing, (unsigned)cell->config->numerology,
                      cell->config->duplex == DUPLEX_TDD ? cell->config->pattern.text : NULL,
                      (LzNrCapability)cell->config->capability);
    cell->timing.ue_processing_ns = cell->config->ue_processing_ns;
    cell->timing.gnb_processing_ns = cell->config->gnb_processing_ns;
    side_init(cell, LZ_UP, cell->config->ul_rate_bps);
    side_init(cell, LZ_DOWN, cell->config->dl_rate_bps);
    cell->station_count = stations;
    cell->stations = g_new0(Station, stations);
    for (unsigned i = 0; i < stations; i++) {
        station_init(cell, i);
    }
}

static void blocks_free(BlockList *list)
{
    while (list->head) {
        block_free(blocks_take(list));
    }
}

/* Gives a packet back to the engine as dropped, or, when the whole cell goes away, only frees it. */
static void entry_discard(Entry *entry, bool is_clearing)
{
    if (is_clearing) {
        lz_packet_free(entry->stream->cell->env.packets, g_steal_pointer(&entry->packet));
    } else {
        entry_drop(entry, LZ_DROP_LINK_DOWN);
    }
    entry_free_if_done(entry);
}

static void stream_flush(Stream *stream, bool is_clearing)
{
    lz_event_cancel(stream->cell->env.scheduler, &stream->reordering);
    stream->partial = NULL;
    stream->is_active = false;
    while (stream->head) {
        entry_discard(stream_unlist_head(stream), is_clearing);
    }
}

static void side_flush(Side *side, bool is_clearing)
{
    LzScheduler *scheduler = side->cell->env.scheduler;
    lz_event_cancel(scheduler, &side->slot);
    lz_event_cancel(scheduler, &side->decode);
    lz_event_cancel(scheduler, &side->leave);
    side->ring = NULL;
    side->ring_end = &side->ring;
    blocks_free(&side->waiting);
    blocks_free(&side->air);
    while (side->core) {
        Entry *entry = side->core;
        side->core = entry->next;
        entry_discard(entry, is_clearing);
    }
    side->core_end = &side->core;
}

static void flush(Cell *cell, bool is_clearing)
{
    side_flush(&cell->sides[LZ_UP], is_clearing);
    side_flush(&cell->sides[LZ_DOWN], is_clearing);
    for (unsigned i = 0; i < cell->station_count; i++) {
        stream_flush(&cell->stations[i].streams[LZ_UP], is_clearing);
        stream_flush(&cell->stations[i].streams[LZ_DOWN], is_clearing);
        cell->stations[i].was_active = false;
    }
}

static void nr_set_up(void *state, bool is_up)
{
    if (!is_up) {
        flush(state, false);
    }
}

static void nr_clear(void *state)
{
    Cell *cell = state;
    flush(cell, true);
    g_clear_pointer(&cell->stations, g_free);
}

static char *nr_check(const void *config_pointer)
{
    const Config *config = config_pointer;
    if (!lz_nr_capability_exists((unsigned)config->numerology, (LzNrCapability)config->capability)) {
        return g_strdup_printf("numerology %d has no UE processing capability %d", (int)config->numerology,
                               config->capability + 1);
    }
    const char *problem = config->duplex == DUPLEX_TDD ? lz_nr_pattern_problem(config->pattern.text) : NULL;
    return problem ? g_strdup(problem) : NULL;
}

static const char *const duplex_words[] = {[DUPLEX_FDD] = "fdd", [DUPLEX_TDD] = "tdd", NULL};
static const char *const capability_words[] = {[LZ_NR_CAPABILITY_1] = "1", [LZ_NR_CAPABILITY_2] = "2", NULL};
static const char *const uplink_words[] = {[UPLINK_GRANT] = "grant", [UPLINK_CONFIGURED] = "configured", NULL};
static const char *const rlc_words[] = {[RLC_UM] = "um", [RLC_AM] = "am", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, numerology, .kind = LZ_PARAM_COUNT, .max = LZ_NR_NUMEROLOGY_MAX, .fallback = 1,
             .help = "subcarrier spacing 15 kHz x 2^n; a slot is 1 ms / 2^n", .source = "TS 38.211 4.2"),
    LZ_PARAM(Config, duplex, .kind = LZ_PARAM_ENUM, .words = duplex_words, .fallback = DUPLEX_TDD,
             .help = "fdd: every slot in both directions; tdd: by the pattern"),
    LZ_PARAM(Config, pattern, .kind = LZ_PARAM_TEXT, .fallback_text = "DDDSU",
             .help = "TDD slots: D down, U up, S special, used for downlink only",
             .source = "assumed: usual at 3.5 GHz"),
    LZ_PARAM(Config, capability, .kind = LZ_PARAM_ENUM, .words = capability_words, .fallback = LZ_NR_CAPABILITY_1,
             .help = "UE processing time capability", .source = "TS 38.214 5.3, 6.4"),
    LZ_PARAM(Config, uplink, .kind = LZ_PARAM_ENUM, .words = uplink_words, .fallback = UPLINK_GRANT,
             .help = "grant: scheduling request, then a dynamic grant; configured: recurring grant, no request"),
    LZ_PARAM(Config, sr_period_ns, .kind = LZ_PARAM_TIME_NS, .min = 125e3, .max = 80e6, .fallback = 10e6,
             .help = "scheduling requests: the first uplink slot of each period",
             .source = "assumed: within TS 38.331 schedulingRequestPeriodicity"),
    LZ_PARAM(Config, cg_period_ns, .kind = LZ_PARAM_TIME_NS, .max = 640e6, .fallback = 0,
             .help = "configured grants: the first uplink slot of each period; 0: every uplink slot"),
    LZ_PARAM(Config, stagger, .kind = LZ_PARAM_BOOL, .fallback = 1,
             .help = "each station has an offset of its own in that period"),
    LZ_PARAM(Config, ue_processing_ns, .kind = LZ_PARAM_TIME_NS, .max = 100e6, .fallback = 0.5e6,
             .help = "layer 2 and above at the station, uplink",
             .source = "assumed"),
    LZ_PARAM(Config, gnb_processing_ns, .kind = LZ_PARAM_TIME_NS, .max = 100e6, .fallback = 0.5e6,
             .help = "layer 2 and above at the base station, each way and between request and grant",
             .source = "assumed"),
    LZ_PARAM(Config, n3_delay_ns, .kind = LZ_PARAM_TIME_NS, .max = 1e9, .fallback = 0.5e6,
             .help = "base station to UPF, each way", .source = "assumed: campus core, 0.1 to 1 ms"),
    LZ_PARAM(Config, ul_rate_bps, .kind = LZ_PARAM_BPS, .min = 1e5, .max = 1e11, .fallback = 17e6,
             .help = "what the cell carries upwards, averaged over the pattern",
             .source = "20 MHz, one layer: 85 Mbit/s (TS 38.306 4.1.2) x 1/5 of the slots"),
    LZ_PARAM(Config, dl_rate_bps, .kind = LZ_PARAM_BPS, .min = 1e5, .max = 1e11, .fallback = 68e6,
             .help = "what the cell carries downwards, averaged over the pattern",
             .source = "20 MHz, one layer: 85 Mbit/s (TS 38.306 4.1.2) x 4/5 of the slots"),
    LZ_PARAM(Config, header_bytes, .kind = LZ_PARAM_BYTES, .max = 100, .fallback = 10,
             .help = "SDAP, PDCP, RLC and MAC headers per IP packet",
             .source = "TS 37.324 1, 38.323 3, 38.322 3, 38.321 3 bytes"),
    LZ_PARAM(Config, first_grant_bytes, .kind = LZ_PARAM_BYTES, .max = 1e6, .fallback = 0,
             .help = "size of the grant that answers a scheduling request; 0: the rest of the slot"),
    LZ_PARAM(Config, bler_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 1e8,
             .help = "block error rate of a first transmission", .source = "10 %: TS 38.214 5.2.2.1 CQI target"),
    LZ_PARAM(Config, combining_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 2e8,
             .help = "each retransmission's error rate, relative to the one before (HARQ combining)",
             .source = "Simu5G harqReduction"),
    LZ_PARAM(Config, transmissions, .kind = LZ_PARAM_COUNT, .min = 1, .max = 32, .fallback = 4,
             .help = "HARQ transmissions of a block, at most", .source = "Simu5G maxHarqRtx 3"),
    LZ_PARAM(Config, harq_slots, .kind = LZ_PARAM_COUNT, .min = 1, .max = 80, .fallback = 4,
             .help = "slots from a transmission to its retransmission, then aligned", .source = "Simu5G: 4 slots"),
    LZ_PARAM(Config, rlc, .kind = LZ_PARAM_ENUM, .words = rlc_words, .fallback = RLC_UM,
             .help = "um: a block that HARQ gives up is lost; am: it is reported and sent again"),
    LZ_PARAM(Config, reassembly_ns, .kind = LZ_PARAM_TIME_NS, .max = 200e6, .fallback = 50e6,
             .help = "RLC AM: until the receiver's report starts the repair (t-Reassembly)",
             .source = "50 ms: Amarisoft DRB configuration"),
    LZ_PARAM(Config, rlc_attempts, .kind = LZ_PARAM_COUNT, .min = 1, .max = 32, .fallback = 4,
             .help = "RLC AM: times a block goes through HARQ, at most",
             .source = "assumed: within TS 38.331 maxRetxThreshold 1 to 32"),
    LZ_PARAM(Config, reordering_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3e9, .fallback = 100e6,
             .help = "how long later packets wait behind a missing one (PDCP t-Reordering)", .source = "assumed"),
    LZ_PARAM(Config, inactivity_ns, .kind = LZ_PARAM_TIME_NS, .max = 3600e9, .fallback = 0,
             .help = "silence after which a station is INACTIVE and resumes first; 0: always connected"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "path loss, fading, interference, beams and mobility: the block error rate is a parameter",
    "link adaptation: the cell's rates are parameters, the same for every station",
    "special slots carry a full downlink slot; mini-slots, slicing and pre-emption are absent",
    "scheduling request collisions, failures and prohibit timers; random access beyond the resume latency",
    "paging: a packet down to an INACTIVE station pays the resume latency only",
    "configured grants take capacity only when used",
    "segments' extra header bytes, RLC status reports and HARQ process limits",
    "a packet that layer 2 is still processing holds back what a queue discipline put behind it",
    NULL,
};

static const LzLinkOps ops = {.init = nr_init, .kick = nr_kick, .set_up = nr_set_up, .clear = nr_clear};

extern const LzModel lz_radio_model_nr;
const LzModel lz_radio_model_nr = {
    .name = "nr",
    .summary = "5G-like cell: slots, TDD, scheduling request and grant, HARQ, N3",
    .source = "TS 38.211, 38.214, 38.321, 38.323; ITU-R M.2412 and TR 37.910 for the latency method",
    .kind = LZ_MODEL_RADIO,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Cell),
    .not_modelled = not_modelled,
    .check = nr_check,
    .ops = &ops,
};
