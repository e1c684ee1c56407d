/* Streams in a heap by their next packet; virtual packets in a ring per class; one transmitter. */
#include "sim/net/background.h"

#include <string.h>

#include "lazaret/link.h"
#include "lazaret/random.h"

#define PPB UINT64_C(1000000000)
/* Behind so many packet times without a look, the port forgets what it knew and begins empty: below 90 % load nothing
 * reaches over so long (M/M/1 at 0.8 relaxes in 1 / (1 - sqrt(0.8))^2 = 90, Cohen, The Single Server Queue, II.2.1). */
#define LOOK_BACK_PACKETS 512
#define LOOK_BACK_LOAD_MAX_PERCENT 90
#define PACKET_BYTES_MAX 1542u

typedef struct Stream {
    uint64_t flow;
    uint32_t generation;
    unsigned place;             /* in the heap */
    LzTime next_ns;             /* of its next packet: the key */
    LzTime message_ns;          /* when the message after the present one begins */
    LzTime interval_ns, gap_ns;
    uint32_t packets, left;     /* of a message; of the present one */
    uint32_t full_bytes, last_bytes;
    unsigned class;
    bool is_random;
    LzRandom random;
} Stream;

typedef struct Virtual {
    LzTime arrived_ns;
    uint32_t bytes;
} Virtual;

typedef struct Waiting {        /* of a class: a ring */
    Virtual *items;
    unsigned first, count, room;
    uint64_t bytes;
} Waiting;

struct LzBackground {
    LzBackgroundOptions options;
    const LzQueueClasses *classes;
    GHashTable *by_flow;        /* flow -> Stream; look-up only */
    GPtrArray *heap;            /* Stream, owned; the next packet first */
    Waiting waiting[LZ_QUEUE_CLASSES_MAX];
    unsigned non_empty;         /* bit per class */
    LzTime free_ns;             /* the transmitter is occupied until then */
    LzTime seen_ns;             /* arrivals are complete up to here */
    LzTime look_back_ns;
    uint64_t load_bps;          /* of all streams */
    LzTime taken_ns;            /* the account below is complete up to here */
    LzBackgroundShare share;
    LzBackgroundStats stats;
};

/* ---- heap ---- */

static Stream *stream_at(const LzBackground *self, unsigned place)
{
    return self->heap->pdata[place];
}

static bool is_before(const Stream *a, const Stream *b)
{
    return a->next_ns != b->next_ns ? a->next_ns < b->next_ns : a->flow < b->flow;
}

static void put(LzBackground *self, unsigned place, Stream *stream)
{
    self->heap->pdata[place] = stream;
    stream->place = place;
}

static void sift_up(LzBackground *self, Stream *stream)
{
    unsigned place = stream->place;
    while (place > 0 && is_before(stream, stream_at(self, (place - 1) / 2))) {
        put(self, place, stream_at(self, (place - 1) / 2));
        place = (place - 1) / 2;
    }
    put(self, place, stream);
}

static void sift_down(LzBackground *self, Stream *stream)
{
    unsigned place = stream->place;
    for (;;) {
        unsigned child = 2 * place + 1;
        if (child + 1 < self->heap->len && is_before(stream_at(self, child + 1), stream_at(self, child))) {
            child++;
        }
        if (child >= self->heap->len || !is_before(stream_at(self, child), stream)) {
            break;
        }
        put(self, place, stream_at(self, child));
        place = child;
    }
    put(self, place, stream);
}

/* ---- streams ---- */

static LzTime draw_interval_ns(Stream *stream)
{
    return stream->is_random ? lz_random_exponential(&stream->random, stream->interval_ns) : stream->interval_ns;
}

/* A message's packets come one after the other; the next message, if it is due, behind them. */
static void step(Stream *stream)
{
    LzTime sent_ns = stream->next_ns;
    stream->left--;
    if (stream->left > 0) {
        stream->next_ns = sent_ns + stream->gap_ns;
        return;
    }
    stream->left = stream->packets;
    stream->next_ns = MAX(stream->message_ns, sent_ns + stream->gap_ns);
    stream->message_ns += draw_interval_ns(stream);
}

/* The first message from then on. */
static void begin(Stream *stream, LzTime from_ns, LzTime phase_ns)
{
    LzTime first_ns = from_ns + lz_random_exponential(&stream->random, stream->interval_ns);
    if (!stream->is_random) {
        LzTime ahead_ns = (from_ns - phase_ns) % stream->interval_ns;
        first_ns = from_ns + (ahead_ns > 0 ? stream->interval_ns - ahead_ns : -ahead_ns);
    }
    stream->left = stream->packets;
    stream->next_ns = first_ns;
    stream->message_ns = first_ns + draw_interval_ns(stream);
}

static uint64_t stream_bps(const Stream *stream)
{
    uint64_t bits = 8 * ((uint64_t)(stream->packets - 1) * stream->full_bytes + stream->last_bytes);
    return (uint64_t)((unsigned __int128)bits * LZ_NS_PER_S / (uint64_t)stream->interval_ns);
}

/* ---- virtual packets ---- */

static void ring_push(Waiting *waiting, Virtual item)
{
    if (waiting->count == waiting->room) {
        unsigned room = MAX(2 * waiting->room, 8);
        Virtual *items = g_new(Virtual, room);
        for (unsigned i = 0; i < waiting->count; i++) {
            items[i] = waiting->items[(waiting->first + i) % waiting->room];
        }
        g_free(waiting->items);
        *waiting = (Waiting){items, 0, waiting->count, room, waiting->bytes};
    }
    waiting->items[(waiting->first + waiting->count++) % waiting->room] = item;
    waiting->bytes += item.bytes;
}

static bool has_room(const LzBackground *self, unsigned class, uint32_t bytes)
{
    LzQueueShare share = self->classes->share(self->options.queue, class);
    const Waiting *waiting = &self->waiting[class];
    return share.bytes + waiting->bytes + bytes <= share.bytes_max &&
           (share.packets_max == 0 || share.packets + waiting->count < share.packets_max);
}

static void arrive(LzBackground *self, const Stream *stream)
{
    uint32_t bytes = stream->left == 1 ? stream->last_bytes : stream->full_bytes;
    self->stats.offered_packets++;
    if (!has_room(self, stream->class, bytes)) {
        self->stats.dropped_packets++;
        return;
    }
    ring_push(&self->waiting[stream->class], (Virtual){stream->next_ns, bytes});
    self->non_empty |= 1u << stream->class;
    self->stats.waiting_packets++;
}

static void arrive_until(LzBackground *self, LzTime until_ns)
{
    while (self->heap->len > 0 && stream_at(self, 0)->next_ns <= until_ns) {
        Stream *stream = stream_at(self, 0);
        arrive(self, stream);
        step(stream);
        sift_down(self, stream);
    }
    self->seen_ns = MAX(self->seen_ns, until_ns);
}

static unsigned highest_waiting(const LzBackground *self)
{
    return (unsigned)g_bit_nth_msf(self->non_empty, -1);
}

/* The transmitter takes the first virtual packet of the highest class that waits. */
static void serve(LzBackground *self, LzTime now_ns)
{
    unsigned class = highest_waiting(self);
    Waiting *waiting = &self->waiting[class];
    uint32_t bytes = waiting->items[waiting->first].bytes;
    waiting->first = (waiting->first + 1) % waiting->room;
    waiting->count--;
    waiting->bytes -= bytes;
    if (waiting->count == 0) {
        self->non_empty &= ~(1u << class);
    }
    self->stats.waiting_packets--;
    self->stats.served_packets++;
    self->free_ns = now_ns + lz_transmit_ns_ceil(bytes, self->options.rate_bps);
}

static void forget_waiting(LzBackground *self)
{
    for (unsigned class = 0; class < LZ_QUEUE_CLASSES_MAX; class++) {
        Waiting *waiting = &self->waiting[class];
        waiting->first = waiting->count = 0;
        waiting->bytes = 0;
    }
    self->non_empty = 0;
    self->stats.forgotten_packets += self->stats.waiting_packets;
    self->stats.waiting_packets = 0;
}

/* Nobody has looked for long: empty at from_ns. Even messages stay in their rhythm. */
static void skip_to(LzBackground *self, LzTime from_ns)
{
    forget_waiting(self);
    self->free_ns = self->seen_ns = from_ns;
    for (unsigned i = 0; i < self->heap->len; i++) {
        Stream *stream = stream_at(self, i);
        if (stream->next_ns < from_ns) {
            begin(stream, from_ns, stream->message_ns);
        }
    }
    for (unsigned i = self->heap->len / 2; i-- > 0;) {
        sift_down(self, stream_at(self, i));
    }
}

static bool is_queue_empty(const LzBackground *self)
{
    return self->options.queue_ops->backlog_packets(self->options.queue) == 0;
}

void lz_background_advance(LzBackground *self, LzTime now_ns)
{
    if (!is_queue_empty(self)) {        /* then who goes next is asked when the transmitter is free */
        arrive_until(self, now_ns);
        return;
    }
    bool is_lightly_loaded = self->load_bps * 100 < (uint64_t)self->options.rate_bps * LOOK_BACK_LOAD_MAX_PERCENT;
    if (now_ns - MAX(self->free_ns, self->seen_ns) > self->look_back_ns && is_lightly_loaded) {
        skip_to(self, now_ns - self->look_back_ns);
    }
    while (self->free_ns <= now_ns) {
        arrive_until(self, self->free_ns);
        if (self->non_empty) {
            serve(self, self->free_ns);
            continue;
        }
        LzTime next_ns = self->heap->len > 0 ? stream_at(self, 0)->next_ns : LZ_TIME_NEVER;
        if (next_ns > now_ns) {
            break;
        }
        self->free_ns = next_ns;
    }
    arrive_until(self, now_ns);
}

bool lz_background_is_idle(const LzBackground *self, LzTime now_ns)
{
    return self->free_ns <= now_ns && !self->non_empty;
}

bool lz_background_admits(const LzBackground *self, const LzPacket *packet)
{
    return has_room(self, self->classes->of(self->options.queue, packet), packet->wire_bytes);
}

bool lz_background_yields(LzBackground *self, const LzPacket *first, LzTime now_ns)
{
    arrive_until(self, now_ns);
    if (self->free_ns > now_ns) {
        return false;
    }
    unsigned class = self->classes->of(self->options.queue, first);
    unsigned highest = self->non_empty ? highest_waiting(self) : 0;
    const Waiting *waiting = &self->waiting[highest];
    bool is_behind = self->non_empty &&
                     (highest > class || (highest == class && waiting->items[waiting->first].arrived_ns < first->queued_ns));
    if (is_behind) {
        serve(self, now_ns);
    }
    return !is_behind;
}

LzTime lz_background_free_ns(const LzBackground *self)
{
    return self->free_ns;
}

void lz_background_sent(LzBackground *self, uint32_t bytes, LzTime now_ns)
{
    self->free_ns = now_ns + lz_transmit_ns_ceil(bytes, self->options.rate_bps);
}

/* ---- joining and leaving ---- */

/* Before the load changes. */
static void take_account(LzBackground *self, LzTime now_ns)
{
    uint64_t rate_bps = (uint64_t)self->options.rate_bps, carried_bps = MIN(self->load_bps, rate_bps);
    uint64_t elapsed_ns = (uint64_t)(now_ns - self->taken_ns);
    self->share.busy_ns += (LzTime)((unsigned __int128)elapsed_ns * carried_bps / rate_bps);
    self->share.bytes += (uint64_t)((unsigned __int128)elapsed_ns * carried_bps / (8 * PPB));
    self->taken_ns = now_ns;
}

LzBackgroundShare lz_background_take(LzBackground *self, LzTime now_ns)
{
    take_account(self, now_ns);
    LzBackgroundShare share = self->share;
    self->share = (LzBackgroundShare){0};
    return share;
}

static Stream *add_stream(LzBackground *self, const LzSurvey *survey, LzTime now_ns)
{
    Stream *stream = g_new0(Stream, 1);
    stream->flow = survey->flow;
    stream->interval_ns = survey->interval_ns;
    stream->packets = survey->packets;
    stream->is_random = survey->is_random;
    lz_random_init(&stream->random, self->options.seed, self->options.entity ^ survey->flow, LZ_PURPOSE_BACKGROUND);
    begin(stream, MAX(now_ns, self->seen_ns), survey->phase_ns);
    g_hash_table_insert(self->by_flow, &stream->flow, stream);
    g_ptr_array_add(self->heap, stream);
    stream->place = self->heap->len - 1;
    sift_up(self, stream);
    return stream;
}

void lz_background_join(LzBackground *self, const LzSurvey *survey, unsigned class, uint32_t full_bytes, uint32_t last_bytes,
                        LzTime now_ns)
{
    take_account(self, now_ns);
    Stream *stream = g_hash_table_lookup(self->by_flow, &survey->flow);
    if (stream) {
        self->load_bps -= stream_bps(stream);
    } else {
        stream = add_stream(self, survey, now_ns);
    }
    stream->generation = survey->generation;
    stream->interval_ns = survey->interval_ns;
    stream->gap_ns = survey->gap_ns;
    stream->class = class;
    stream->full_bytes = full_bytes;
    stream->last_bytes = last_bytes;
    self->load_bps += stream_bps(stream);
}

static void remove_stream(LzBackground *self, Stream *stream)
{
    unsigned place = stream->place;
    Stream *last = g_ptr_array_remove_index_fast(self->heap, self->heap->len - 1);
    if (last != stream) {
        put(self, place, last);
        sift_up(self, last);
        sift_down(self, last);
    }
    g_hash_table_remove(self->by_flow, &stream->flow);
    g_free(stream);
}

void lz_background_leave(LzBackground *self, uint64_t flow, uint32_t generation, LzTime now_ns)
{
    Stream *stream = g_hash_table_lookup(self->by_flow, &flow);
    if (stream && stream->generation <= generation) {
        take_account(self, now_ns);
        self->load_bps -= stream_bps(stream);
        remove_stream(self, stream);
    }
}

void lz_background_stop(LzBackground *self, LzTime now_ns)
{
    take_account(self, now_ns);
    forget_waiting(self);
    while (self->heap->len > 0) {
        remove_stream(self, stream_at(self, self->heap->len - 1));
    }
    self->load_bps = 0;
    self->free_ns = self->seen_ns = now_ns;
}

/* ---- life ---- */

LzBackground *lz_background_new(const LzBackgroundOptions *options)
{
    g_assert(options->rate_bps > 0 && options->queue_ops->classes);
    LzBackground *self = g_new0(LzBackground, 1);
    self->options = *options;
    self->classes = options->queue_ops->classes;
    self->by_flow = g_hash_table_new(g_int64_hash, g_int64_equal);
    self->heap = g_ptr_array_new();
    self->free_ns = self->seen_ns = self->taken_ns = options->now_ns;
    self->look_back_ns = LOOK_BACK_PACKETS * lz_transmit_ns_ceil(PACKET_BYTES_MAX, options->rate_bps);
    return self;
}

void lz_background_free(LzBackground *self)
{
    if (!self) {
        return;
    }
    lz_background_stop(self, self->taken_ns);
    for (unsigned class = 0; class < LZ_QUEUE_CLASSES_MAX; class++) {
        g_free(self->waiting[class].items);
    }
    g_hash_table_unref(self->by_flow);
    g_ptr_array_unref(self->heap);
    g_free(self);
}

const LzBackgroundStats *lz_background_stats(const LzBackground *self)
{
    return &self->stats;
}

void lz_background_check(const LzBackground *self, LzLaws *laws, const char *link)
{
    const LzBackgroundStats *stats = &self->stats;
    uint64_t waiting = 0, load_bps = 0;
    for (unsigned class = 0; class < LZ_QUEUE_CLASSES_MAX; class++) {
        waiting += self->waiting[class].count;
    }
    for (unsigned i = 0; i < self->heap->len; i++) {
        load_bps += stream_bps(stream_at(self, i));
    }
    uint64_t known = stats->served_packets + stats->dropped_packets + stats->forgotten_packets + waiting;
    if (known != stats->offered_packets || waiting != stats->waiting_packets || load_bps != self->load_bps) {
        lz_law_broken(laws, "link %s: flows offered %" G_GUINT64_FORMAT " packets and %" G_GUINT64_FORMAT " are accounted for; they load "
                      "it with %" G_GUINT64_FORMAT " bit/s, and it says %" G_GUINT64_FORMAT, link, stats->offered_packets, known, load_bps,
                      self->load_bps);
    }
}
