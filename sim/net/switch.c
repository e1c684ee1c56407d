/* A store-and-forward switch. Packets arrive complete (links deliver the last bit), wait the fixed
 * forwarding latency and go to the egress that the table names; queues stand in the links behind. */
#include "sim/net/switch.h"

#include <glib.h>
#include <string.h>

#include "lazaret/cache.h"
#include "sim/core/blocks.h"
#include "sim/net/address_book.h"
#include "sim/net/packet.h"

#define SPARSE_ROUTES 64u               /* so many, and */
#define EGRESS_BYTES 256u               /* a port of a link, its queue and what the link keeps of it */
#define NEARBY_TABLES 2u                /* the hosts of an access switch, and everything else */
#define SPARSE_FACTOR 8u                /* so many places per route, may a table have */

/* Routes of one prefix length, by direct index: place = address >> shift, less base. Addresses of a zone are
 * given out one after the other, so that a zone's hosts stand in one dense table. */
typedef struct RouteTable {
    uint32_t shift;             /* 32 - prefix length */
    uint32_t base, places, used;
    union {
        LzElement *sole;        /* of one place */
        LzElement **egresses;   /* of more; NULL: no route */
    };
} RouteTable;

struct LzSwitch {               /* what every packet touches comes first */
    LzElement input;
    LzPacketPool *packets;      /* borrowed */
    LzProbes *probes;           /* borrowed; may be NULL */
    LzTime forwarding_ns;
    LzElement *guard;           /* borrowed; NULL: none */
    RouteTable *tables;         /* longest prefix first; nearby while there is room */
    unsigned table_count;
    bool is_on;
    bool has_passed;            /* the packet that is with the guards now */
    RouteTable nearby[NEARBY_TABLES];
    LzSwitchStats stats;        /* begins with what counts every packet */
    LzPacket *first, *last;     /* held, in order; due time in queued_ns */
    LzScheduler *scheduler;     /* borrowed */
    LzEvent forward;
    LzElement unreachable;      /* stands for a route to nowhere */
    LzElement output;           /* where the guards end */
    LzElement *gateway;         /* borrowed; NULL: none */
    const LzAddressBook *addresses;     /* borrowed; NULL: it is no router */
};

/* ---- table ---- */

static inline uint32_t place_of(const RouteTable *table, LzAddress address)
{
    return (uint32_t)((uint64_t)address >> table->shift) - table->base;
}

/* NULL: there is no such place. */
static inline LzElement **route_at(RouteTable *table, LzAddress address)
{
    uint32_t place = place_of(table, address);
    if (place >= table->places) {
        return NULL;
    }
    return table->places == 1 ? &table->sole : &table->egresses[place];
}

static inline LzElement **find_route(RouteTable *table, LzAddress address)
{
    LzElement **route = route_at(table, address);
    return route && *route ? route : NULL;
}

static void free_table(RouteTable *table)
{
    if (table->places > 1) {
        g_free(table->egresses);
    }
}

static LzElement *find_egress(LzSwitch *self, LzAddress address)
{
    for (unsigned i = 0; i < self->table_count; i++) {
        LzElement **route = find_route(&self->tables[i], address);
        if (route) {
            return *route != &self->unreachable ? *route : NULL;
        }
    }
    return NULL;
}

/* Makes a place for the address, unless the table would become too sparse. */
static bool cover(RouteTable *table, LzAddress address)
{
    uint32_t key = (uint32_t)((uint64_t)address >> table->shift);
    uint32_t base = MIN(table->base, key);
    uint64_t end = MAX((uint64_t)table->base + table->places, (uint64_t)key + 1);
    if (end - base > SPARSE_FACTOR * (uint64_t)(table->used + SPARSE_ROUTES)) {
        return false;
    }
    if (base == table->base && end <= (uint64_t)table->base + table->places) {
        return true;
    }
    uint64_t places = MIN(MAX(end - base, 2 * (uint64_t)table->places), (UINT64_C(1) << 32) - base);
    LzElement **egresses = g_new0(LzElement *, places);
    LzElement *const *known = table->places == 1 ? &table->sole : table->egresses;
    for (uint32_t i = 0; i < table->places; i++) {
        egresses[table->base - base + i] = known[i];
    }
    free_table(table);
    table->egresses = egresses;
    table->base = base;
    table->places = (uint32_t)places;
    return true;
}

static RouteTable *new_table(LzSwitch *self, unsigned shift, LzAddress address)
{
    unsigned place = 0;
    while (place < self->table_count && self->tables[place].shift <= shift) {
        place++;
    }
    if (self->table_count >= NEARBY_TABLES) {
        bool is_first = self->tables == self->nearby;
        self->tables = g_renew(RouteTable, is_first ? NULL : self->tables, self->table_count + 1);
        memcpy(self->tables, self->nearby, is_first ? sizeof self->nearby : 0);
    }
    for (unsigned i = self->table_count++; i > place; i--) {
        self->tables[i] = self->tables[i - 1];
    }
    self->tables[place] = (RouteTable){.shift = shift, .base = (uint32_t)((uint64_t)address >> shift), .places = 1};
    return &self->tables[place];
}

void lz_switch_add_route(LzSwitch *self, LzAddress address, unsigned prefix_bits, LzElement *egress)
{
    g_assert(prefix_bits <= 32);
    unsigned shift = 32 - prefix_bits;
    LzElement *route = egress ? egress : &self->unreachable;
    RouteTable *table = NULL;
    for (unsigned i = 0; i < self->table_count; i++) {
        LzElement **known = self->tables[i].shift == shift ? find_route(&self->tables[i], address) : NULL;
        if (known) {
            *known = route;
            return;
        }
    }
    for (unsigned i = 0; i < self->table_count && !table; i++) {
        table = self->tables[i].shift == shift && cover(&self->tables[i], address) ? &self->tables[i] : NULL;
    }
    table = table ? table : new_table(self, shift, address);
    *route_at(table, address) = route;
    table->used++;
}

void lz_switch_clear_prefixes(LzSwitch *self)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < self->table_count; i++) {
        if (self->tables[i].shift == 0) {
            self->tables[kept++] = self->tables[i];
        } else {
            free_table(&self->tables[i]);
        }
    }
    self->table_count = kept;
}

/* ---- forwarding ---- */

static void drop(LzSwitch *self, LzPacket *packet, LzDropReason reason)
{
    self->stats.dropped_packets[reason]++;
    lz_packet_lost(packet, self->probes);
    lz_packet_free(self->packets, packet);
}

static void send(LzSwitch *self, LzPacket *packet, LzElement *egress)
{
    if (!egress) {
        drop(self, packet, LZ_DROP_NO_ROUTE);
        return;
    }
    self->stats.forwarded_packets++;
    packet->next = NULL;
    lz_element_receive(egress, packet);
}

static void output_receive(LzElement *element, LzPacket *packet)
{
    LzSwitch *self = (LzSwitch *)(void *)((char *)element - offsetof(LzSwitch, output));
    self->has_passed = true;
    send(self, packet, find_egress(self, packet->destination));
}

static void ask_guard(LzSwitch *self, LzPacket *packet)
{
    self->has_passed = false;
    lz_element_receive(self->guard, packet);
    self->stats.dropped_packets[LZ_DROP_DEFENCE] += !self->has_passed;
}

static void forward(LzSwitch *self, LzPacket *packet)
{
    if (G_UNLIKELY(packet->is_unrouted)) {
        if (!self->addresses) {
            send(self, packet, self->gateway);
            return;
        }
        packet->is_unrouted = false;
        packet->vlan = lz_address_book_vlan(self->addresses, packet->destination);
    }
    if (G_UNLIKELY(self->guard)) {
        ask_guard(self, packet);
    } else {
        send(self, packet, find_egress(self, packet->destination));
    }
}

static LzPacket *take_first(LzSwitch *self)
{
    LzPacket *packet = self->first;
    self->first = packet->next;
    if (!self->first) {
        self->last = NULL;
    }
    self->stats.held_packets--;
    return packet;
}

static void forward_due(void *owner)
{
    LzSwitch *self = owner;
    LzTime now_ns = lz_now(self->scheduler);
    while (self->first && self->first->queued_ns <= now_ns) {
        forward(self, take_first(self));
    }
    if (self->first && !lz_event_is_pending(&self->forward)) {
        lz_schedule_at(self->scheduler, &self->forward, self->first->queued_ns);
    }
}

static void hold(LzSwitch *self, LzPacket *packet)
{
    packet->next = NULL;
    packet->queued_ns = lz_now(self->scheduler) + self->forwarding_ns;
    *(self->last ? &self->last->next : &self->first) = packet;
    self->last = packet;
    self->stats.held_packets++;
    if (!lz_event_is_pending(&self->forward)) {
        lz_schedule_at(self->scheduler, &self->forward, self->first->queued_ns);
    }
}

static void switch_receive(LzElement *element, LzPacket *packet)
{
    LzSwitch *self = (LzSwitch *)element;
    self->stats.in_packets++;
    if (!self->is_on) {
        drop(self, packet, LZ_DROP_SWITCH_OFF);
    } else if (self->forwarding_ns > 0 && !packet->is_survey) {
        hold(self, packet);
    } else {
        forward(self, packet);
    }
}

/* The egress is not looked into: that would wait for what is only to be fetched. */
static void switch_expect(LzElement *element, const LzPacket *packet)
{
    LzElement *egress = find_egress((LzSwitch *)element, packet->destination);
    if (egress) {
        lz_cache_fetch(egress, EGRESS_BYTES);
    }
}

bool lz_switch_is_on(const LzSwitch *self)
{
    return self->is_on;
}

void lz_switch_set_power(LzSwitch *self, bool is_on)
{
    self->is_on = is_on;
    if (is_on) {
        return;
    }
    lz_event_cancel(self->scheduler, &self->forward);
    while (self->first) {
        drop(self, take_first(self), LZ_DROP_SWITCH_OFF);
    }
}

void lz_switch_set_router(LzSwitch *self, const LzAddressBook *addresses)
{
    self->addresses = addresses;
}

void lz_switch_set_gateway(LzSwitch *self, LzElement *egress)
{
    self->gateway = egress;
}

void lz_switch_set_guard(LzSwitch *self, LzElement *guard)
{
    self->guard = guard;
}

LzElement *lz_switch_output(LzSwitch *self)
{
    return &self->output;
}

/* ---- life ---- */

static const LzElementOps output_ops = {.receive = output_receive};
static const LzElementOps switch_ops = {.receive = switch_receive, .expect = switch_expect};

LzSwitch *lz_switch_new(const LzEnv *env, LzTime forwarding_ns)
{
    LzSwitch *self = lz_block_new0(sizeof *self);
    self->tables = self->nearby;
    self->input.ops = &switch_ops;
    self->output.ops = &output_ops;
    self->packets = env->packets;
    self->probes = env->probes;
    self->scheduler = env->scheduler;
    self->forwarding_ns = forwarding_ns;
    self->is_on = true;
    lz_event_init(&self->forward, forward_due, self);
    return self;
}

void lz_switch_free(LzSwitch *self)
{
    if (!self) {
        return;
    }
    lz_switch_set_power(self, false);
    for (unsigned i = 0; i < self->table_count; i++) {
        free_table(&self->tables[i]);
    }
    if (self->tables != self->nearby) {
        g_free(self->tables);
    }
    lz_block_free(self, sizeof *self);
}

LzElement *lz_switch_input(LzSwitch *self)
{
    return &self->input;
}

const LzSwitchStats *lz_switch_stats(const LzSwitch *self)
{
    return &self->stats;
}
