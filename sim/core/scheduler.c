/* The clock, the heap of near events and the wheel of the others.
 *
 * The wheel only postpones the work of ordering: a timer is moved into the heap, with its exact time
 * and sequence, before the clock can reach the tick it falls in. */
#include "sim/core/scheduler.h"

#include <glib.h>

#include "lazaret/cache.h"

#define TICK_BITS 20u                   /* a wheel tick is 2^20 ns, about 1 ms */
#define LEVEL_BITS 6u
#define LEVEL_SLOTS (1u << LEVEL_BITS)
#define LEVELS 6u                       /* reaches 2^(20 + 36) ns, about 2.3 years; later timers stay in the heap */
#define HEAP_ARITY 4u
#define NEAR_NS LZ_MILLISECONDS(2)      /* events that will fire go straight to the heap when they are so near */

#define SLOT_EVENTS_MIN 4u
#define FETCH_EVENTS_AHEAD 12u          /* a timer's event is fetched so many timers before it leaves the wheel */
#define FETCH_OWNERS_AHEAD 4u           /* and then what it works on */

enum { IDLE, IN_HEAP, IN_WHEEL };       /* IN_WHEEL and above: in slot `where - IN_WHEEL` */

typedef struct Slot {
    LzEvent **events;                   /* in no order; NULL: was cancelled */
    uint32_t count, capacity, live;     /* places used; places there are; timers in them */
} Slot;

typedef struct HeapEntry {
    LzTime due_ns;
    uint64_t sequence;
    LzEvent *event;
} HeapEntry;

struct LzScheduler {
    LzClock clock;                      /* comes first: lz_now() */
    uint64_t next_sequence;
    uint64_t fired;
    bool is_postponed;                  /* the event that fires */
    HeapEntry *heap;
    uint32_t heap_size, heap_capacity;
    uint64_t wheel_tick;                /* ticks up to this one are in the heap */
    LzTime wheel_next_ns;               /* no timer in the wheel is due before this */
    uint64_t wheel_size;
    uint64_t occupied[LEVELS];          /* bit per slot */
    Slot slots[LEVELS * LEVEL_SLOTS];
};

/* ---- heap ---- */

static inline bool entry_before(const HeapEntry *a, const HeapEntry *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->sequence < b->sequence);
}

static inline void heap_put(LzScheduler *self, uint32_t index, HeapEntry entry)
{
    self->heap[index] = entry;
    entry.event->place = index;
}

static void heap_sift_up(LzScheduler *self, uint32_t index, HeapEntry entry)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / HEAP_ARITY;
        if (!entry_before(&entry, &self->heap[parent])) {
            break;
        }
        heap_put(self, index, self->heap[parent]);
        index = parent;
    }
    heap_put(self, index, entry);
}

static void heap_sift_down(LzScheduler *self, uint32_t index, HeapEntry entry)
{
    for (;;) {
        uint32_t first = index * HEAP_ARITY + 1;
        if (first >= self->heap_size) {
            break;
        }
        uint32_t end = MIN(first + HEAP_ARITY, self->heap_size);
        uint32_t least = first;
        for (uint32_t child = first + 1; child < end; child++) {
            if (entry_before(&self->heap[child], &self->heap[least])) {
                least = child;
            }
        }
        if (!entry_before(&self->heap[least], &entry)) {
            break;
        }
        heap_put(self, index, self->heap[least]);
        index = least;
    }
    heap_put(self, index, entry);
}

static void heap_insert(LzScheduler *self, LzEvent *event)
{
    if (self->heap_size == self->heap_capacity) {
        self->heap_capacity *= 2;
        self->heap = g_renew(HeapEntry, self->heap, self->heap_capacity);
    }
    event->where = IN_HEAP;
    heap_sift_up(self, self->heap_size++, (HeapEntry){event->due_ns, event->sequence, event});
}

static void heap_remove(LzScheduler *self, uint32_t index)
{
    self->heap[index].event->where = IDLE;
    HeapEntry last = self->heap[--self->heap_size];
    if (index == self->heap_size) {
        return;
    }
    if (index > 0 && entry_before(&last, &self->heap[(index - 1) / HEAP_ARITY])) {
        heap_sift_up(self, index, last);
    } else {
        heap_sift_down(self, index, last);
    }
}

/* ---- wheel ---- */

static inline uint64_t tick_of(LzTime time_ns)
{
    return (uint64_t)time_ns >> TICK_BITS;
}

static inline LzTime tick_start(uint64_t tick)
{
    return (LzTime)(tick << TICK_BITS);
}

/* Closes the gaps when they are many; otherwise there will be more places. */
static void make_room(Slot *slot)
{
    if (slot->live > slot->capacity / 2 || slot->capacity == 0) {
        slot->capacity = MAX(2 * slot->capacity, SLOT_EVENTS_MIN);
        slot->events = g_renew(LzEvent *, slot->events, slot->capacity);
        return;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < slot->count; i++) {
        if (slot->events[i]) {
            slot->events[i]->place = count;
            slot->events[count++] = slot->events[i];
        }
    }
    slot->count = count;
}

static void wheel_link(LzScheduler *self, LzEvent *event, unsigned level, unsigned place)
{
    unsigned index = level * LEVEL_SLOTS + place;
    Slot *slot = &self->slots[index];
    if (slot->count == slot->capacity) {
        make_room(slot);
    }
    event->where = (uint16_t)(IN_WHEEL + index);
    event->place = slot->count;
    slot->events[slot->count++] = event;
    slot->live++;
    self->occupied[level] |= UINT64_C(1) << place;
    self->wheel_size++;
}

/* Leaves a gap: to fill it would touch another event, which is far from the cache. */
static void wheel_unlink(LzScheduler *self, LzEvent *event)
{
    unsigned index = event->where - (unsigned)IN_WHEEL;
    Slot *slot = &self->slots[index];
    slot->events[event->place] = NULL;
    if (--slot->live == 0) {
        slot->count = 0;
        self->occupied[index / LEVEL_SLOTS] &= ~(UINT64_C(1) << index % LEVEL_SLOTS);
    }
    event->where = IDLE;
    self->wheel_size--;
}

/* Into the wheel if its tick is still to come and within reach, else into the heap. */
static void timer_insert(LzScheduler *self, LzEvent *event)
{
    uint64_t tick = tick_of(event->due_ns);
    if (tick <= self->wheel_tick) {
        heap_insert(self, event);
        return;
    }
    unsigned level = (63u - (unsigned)__builtin_clzll(tick ^ self->wheel_tick)) / LEVEL_BITS;
    if (level >= LEVELS) {
        heap_insert(self, event);
        return;
    }
    wheel_link(self, event, level, (unsigned)(tick >> (level * LEVEL_BITS)) % LEVEL_SLOTS);
    self->wheel_next_ns = MIN(self->wheel_next_ns, tick_start(tick));
}

/* First tick of the lowest occupied slot that lies ahead; the wheel must not be empty. */
static uint64_t wheel_next_tick(const LzScheduler *self, unsigned *ret_level)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        if (self->occupied[level]) {
            unsigned shift = level * LEVEL_BITS;
            uint64_t block = self->wheel_tick >> (shift + LEVEL_BITS) << (shift + LEVEL_BITS);
            *ret_level = level;
            return block + ((uint64_t)__builtin_ctzll(self->occupied[level]) << shift);
        }
    }
    g_assert_not_reached();
}

static void fetch_ahead(const Slot *slot, uint32_t at)
{
    if (at + FETCH_EVENTS_AHEAD < slot->count) {
        lz_cache_fetch(slot->events[at + FETCH_EVENTS_AHEAD], sizeof(LzEvent));
    }
    const LzEvent *event = at + FETCH_OWNERS_AHEAD < slot->count ? slot->events[at + FETCH_OWNERS_AHEAD] : NULL;
    if (event) {
        lz_cache_fetch(event->owner, event->fetch_bytes);
    }
}

/* Moves the wheel to its next occupied slot and empties that slot into lower levels or the heap. Into the heap go
 * those that are due within a tick or two: what they work on is fetched meanwhile. */
static void wheel_advance(LzScheduler *self)
{
    unsigned level;
    uint64_t tick = wheel_next_tick(self, &level);
    unsigned place = (unsigned)(tick >> (level * LEVEL_BITS)) % LEVEL_SLOTS;
    Slot *slot = &self->slots[level * LEVEL_SLOTS + place];
    self->wheel_tick = tick;
    self->occupied[level] &= ~(UINT64_C(1) << place);
    self->wheel_size -= slot->live;
    for (uint32_t i = 0; i < slot->count; i++) {        /* none of them comes back to this slot */
        if (level == 0) {
            fetch_ahead(slot, i);
        }
        if (slot->events[i]) {
            timer_insert(self, slot->events[i]);
        }
    }
    slot->count = slot->live = 0;
    self->wheel_next_ns = self->wheel_size > 0 ? tick_start(wheel_next_tick(self, &level)) : LZ_TIME_NEVER;
}

/* After this the top of the heap, if any, is the next event of all. */
static void settle_top(LzScheduler *self)
{
    while (self->wheel_size > 0 && (self->heap_size == 0 || self->heap[0].due_ns >= self->wheel_next_ns)) {
        wheel_advance(self);
    }
}

/* ---- public ---- */

LzScheduler *lz_scheduler_new(void)
{
    LzScheduler *self = g_new0(LzScheduler, 1);
    self->heap_capacity = 1024;
    self->heap = g_new(HeapEntry, self->heap_capacity);
    self->wheel_next_ns = LZ_TIME_NEVER;
    return self;
}

void lz_scheduler_free(LzScheduler *self)
{
    if (self) {
        for (unsigned i = 0; i < LEVELS * LEVEL_SLOTS; i++) {
            g_free(self->slots[i].events);
        }
        g_free(self->heap);
        g_free(self);
    }
}

void lz_event_init(LzEvent *event, LzEventHandler handle, void *owner)
{
    *event = (LzEvent){.handle = handle, .owner = owner, .fetch_bytes = LZ_CACHE_LINE_BYTES};
}

void lz_event_set_fetch(LzEvent *event, size_t bytes)
{
    event->fetch_bytes = (uint16_t)MIN(bytes, UINT16_MAX);
}

void lz_schedule_at(LzScheduler *self, LzEvent *event, LzTime time_ns)
{
    g_assert(event->where == IDLE && event->handle);
    g_assert(time_ns >= self->clock.now_ns);
    event->due_ns = time_ns;
    event->sequence = self->next_sequence++;
    if (time_ns - self->clock.now_ns <= NEAR_NS) {
        heap_insert(self, event);
    } else {
        timer_insert(self, event);      /* a short heap is a fast one */
    }
}

/* The sum saturates at "never", which is later than any run. */
static LzTime after(const LzScheduler *self, LzTime delay_ns)
{
    g_assert(delay_ns >= 0);
    return delay_ns > LZ_TIME_NEVER - self->clock.now_ns ? LZ_TIME_NEVER : self->clock.now_ns + delay_ns;
}

void lz_schedule_after(LzScheduler *self, LzEvent *event, LzTime delay_ns)
{
    lz_schedule_at(self, event, after(self, delay_ns));
}

void lz_timer_at(LzScheduler *self, LzEvent *event, LzTime time_ns)
{
    g_assert(event->handle);
    g_assert(time_ns >= self->clock.now_ns);
    lz_event_cancel(self, event);
    event->due_ns = time_ns;
    event->sequence = self->next_sequence++;
    timer_insert(self, event);
}

void lz_timer_after(LzScheduler *self, LzEvent *event, LzTime delay_ns)
{
    lz_timer_at(self, event, after(self, delay_ns));
}

void lz_event_cancel(LzScheduler *self, LzEvent *event)
{
    if (event->where == IN_HEAP) {
        heap_remove(self, event->place);
    } else if (event->where >= IN_WHEEL) {
        wheel_unlink(self, event);
    }
}

LzTime lz_scheduler_next(LzScheduler *self)
{
    settle_top(self);
    return self->heap_size > 0 ? self->heap[0].due_ns : LZ_TIME_NEVER;
}

void lz_event_postpone(LzScheduler *self, LzEvent *event, LzTime time_ns)
{
    g_assert(event->where == IDLE && event->due_ns == self->clock.now_ns && time_ns >= self->clock.now_ns);
    event->due_ns = time_ns;
    timer_insert(self, event);          /* its sequence stays */
    self->is_postponed = true;
}

static void fire(LzScheduler *self, LzEvent *event)
{
    self->clock.now_ns = event->due_ns;
    heap_remove(self, 0);
    self->fired++;
    if (self->heap_size > 0) {
        __builtin_prefetch(self->heap[0].event->owner, 1);      /* the next, while this one is at work */
    }
    event->handle(event->owner);
}

bool lz_scheduler_step(LzScheduler *self, LzTime until_ns)
{
    for (;;) {
        settle_top(self);
        if (self->heap_size == 0 || self->heap[0].due_ns > until_ns) {
            self->clock.now_ns = MAX(self->clock.now_ns, until_ns);
            return false;
        }
        fire(self, self->heap[0].event);
        if (G_LIKELY(!self->is_postponed)) {
            return true;
        }
        self->is_postponed = false;
        self->fired--;
    }
}

uint64_t lz_scheduler_fired(const LzScheduler *self)
{
    return self->fired;
}

uint64_t lz_scheduler_pending(const LzScheduler *self)
{
    return self->heap_size + self->wheel_size;
}
