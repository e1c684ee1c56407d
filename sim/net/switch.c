/* A store-and-forward switch. Packets arrive complete (links deliver the last bit), wait the fixed
 * forwarding latency and go to the egress that the table names; queues stand in the links behind. */
#include "sim/net/switch.h"

#include <glib.h>

#define FIRST_SLOTS 16u

typedef struct HostRoute {
    LzAddress address;
    LzElement *egress;          /* NULL: free slot */
} HostRoute;

typedef struct PrefixRoute {
    LzAddress prefix, mask;
    LzElement *egress;
} PrefixRoute;

struct LzSwitch {
    LzElement input;
    LzEnv env;
    char *name;
    LzTime forwarding_ns;
    bool is_on;
    HostRoute *hosts;           /* open addressing, at most half full */
    uint32_t host_count, host_slots;
    GArray *prefixes;           /* PrefixRoute, longest first */
    LzPacket *first, *last;     /* held, in order; due time in queued_ns */
    LzEvent forward;
    LzSwitchStats stats;
};

/* ---- table ---- */

static inline uint32_t first_slot(const LzSwitch *self, LzAddress address)
{
    return (address * UINT32_C(0x9e3779b1) >> 7) & (self->host_slots - 1);
}

static HostRoute *find_host(const LzSwitch *self, LzAddress address)
{
    uint32_t slot = first_slot(self, address);
    while (self->hosts[slot].egress && self->hosts[slot].address != address) {
        slot = (slot + 1) & (self->host_slots - 1);
    }
    return &self->hosts[slot];
}

static LzElement *find_egress(const LzSwitch *self, LzAddress address)
{
    const HostRoute *host = find_host(self, address);
    if (host->egress) {
        return host->egress;
    }
    for (guint i = 0; i < self->prefixes->len; i++) {
        const PrefixRoute *route = &g_array_index(self->prefixes, PrefixRoute, i);
        if ((address & route->mask) == route->prefix) {
            return route->egress;
        }
    }
    return NULL;
}

static void grow_hosts(LzSwitch *self)
{
    g_autofree HostRoute *old = self->hosts;
    uint32_t old_slots = self->host_slots;
    self->host_slots *= 2;
    self->hosts = g_new0(HostRoute, self->host_slots);
    for (uint32_t i = 0; i < old_slots; i++) {
        if (old[i].egress) {
            *find_host(self, old[i].address) = old[i];
        }
    }
}

static void add_host(LzSwitch *self, LzAddress address, LzElement *egress)
{
    HostRoute *route = find_host(self, address);
    if (!route->egress) {
        if (2 * (self->host_count + 1) > self->host_slots) {
            grow_hosts(self);
            route = find_host(self, address);
        }
        self->host_count++;
    }
    *route = (HostRoute){address, egress};
}

static void add_prefix(LzSwitch *self, LzAddress address, unsigned prefix_bits, LzElement *egress)
{
    LzAddress mask = prefix_bits ? UINT32_MAX << (32 - prefix_bits) : 0;
    PrefixRoute route = {address & mask, mask, egress};
    guint place = 0;
    while (place < self->prefixes->len && g_array_index(self->prefixes, PrefixRoute, place).mask >= mask) {
        if (g_array_index(self->prefixes, PrefixRoute, place).mask == mask &&
            g_array_index(self->prefixes, PrefixRoute, place).prefix == route.prefix) {
            g_array_index(self->prefixes, PrefixRoute, place) = route;
            return;
        }
        place++;
    }
    g_array_insert_val(self->prefixes, place, route);
}

void lz_switch_add_route(LzSwitch *self, LzAddress address, unsigned prefix_bits, LzElement *egress)
{
    g_assert(prefix_bits <= 32 && egress);
    if (prefix_bits == 32) {
        add_host(self, address, egress);
    } else {
        add_prefix(self, address, prefix_bits, egress);
    }
}

/* ---- forwarding ---- */

static void drop(LzSwitch *self, LzPacket *packet, LzDropReason reason)
{
    self->stats.dropped_packets[reason]++;
    lz_packet_free(self->env.packets, packet);
}

static void forward(LzSwitch *self, LzPacket *packet)
{
    LzElement *egress = find_egress(self, packet->destination);
    if (!egress) {
        drop(self, packet, LZ_DROP_NO_ROUTE);
        return;
    }
    self->stats.forwarded_packets++;
    packet->next = NULL;
    lz_element_receive(egress, packet);
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
    LzTime now_ns = lz_now(self->env.scheduler);
    while (self->first && self->first->queued_ns <= now_ns) {
        forward(self, take_first(self));
    }
    if (self->first && !lz_event_is_pending(&self->forward)) {
        lz_schedule_at(self->env.scheduler, &self->forward, self->first->queued_ns);
    }
}

static void hold(LzSwitch *self, LzPacket *packet)
{
    packet->next = NULL;
    packet->queued_ns = lz_now(self->env.scheduler) + self->forwarding_ns;
    *(self->last ? &self->last->next : &self->first) = packet;
    self->last = packet;
    self->stats.held_packets++;
    if (!lz_event_is_pending(&self->forward)) {
        lz_schedule_at(self->env.scheduler, &self->forward, self->first->queued_ns);
    }
}

static void switch_receive(LzElement *element, LzPacket *packet)
{
    LzSwitch *self = (LzSwitch *)element;
    self->stats.in_packets++;
    if (!self->is_on) {
        drop(self, packet, LZ_DROP_SWITCH_OFF);
    } else if (self->forwarding_ns > 0) {
        hold(self, packet);
    } else {
        forward(self, packet);
    }
}

void lz_switch_set_power(LzSwitch *self, bool is_on)
{
    self->is_on = is_on;
    if (is_on) {
        return;
    }
    lz_event_cancel(self->env.scheduler, &self->forward);
    while (self->first) {
        drop(self, take_first(self), LZ_DROP_SWITCH_OFF);
    }
}

/* ---- life ---- */

static const LzElementOps switch_ops = {.receive = switch_receive};

LzSwitch *lz_switch_new(const LzEnv *env, const char *name, LzTime forwarding_ns)
{
    LzSwitch *self = g_new0(LzSwitch, 1);
    self->input.ops = &switch_ops;
    self->env = *env;
    self->name = g_strdup(name);
    self->forwarding_ns = forwarding_ns;
    self->is_on = true;
    self->host_slots = FIRST_SLOTS;
    self->hosts = g_new0(HostRoute, self->host_slots);
    self->prefixes = g_array_new(FALSE, FALSE, sizeof(PrefixRoute));
    lz_event_init(&self->forward, forward_due, self);
    return self;
}

void lz_switch_free(LzSwitch *self)
{
    if (!self) {
        return;
    }
    lz_switch_set_power(self, false);
    g_array_unref(self->prefixes);
    g_free(self->hosts);
    g_free(self->name);
    g_free(self);
}

LzElement *lz_switch_input(LzSwitch *self)
{
    return &self->input;
}

const LzSwitchStats *lz_switch_stats(const LzSwitch *self)
{
    return &self->stats;
}
