/* The engine's side of a medium: a queue per station and direction in front of the model, counters,
 * Little's law, up and down, and what is reported of it. */
#include "sim/net/link.h"

#include <glib.h>
#include <string.h>

#include "lazaret/cache.h"
#include "lazaret/queue.h"
#include "sim/core/blocks.h"
#include "sim/net/background.h"
#include "sim/net/impair.h"
#include "sim/net/packet.h"

#define PORT_ALIGNMENT LZ_CACHE_LINE_BYTES
#define STATE_ALIGNMENT 16u
#define PORTS_AHEAD 8u                  /* fetched while others are visited */
#define PPB INT64_C(1000000000)
#define BITS_NS_PER_BYTE_S (8u * (unsigned __int128)LZ_NS_PER_S)

/* One station, lane and direction. Index in LzLink.ports: 2 * (station * lanes + lane) + direction. Its queue's state and
 * the model's stand
 * right behind it: a packet that meets the one meets the others. */
typedef struct Port {
    LzElement input;            /* next: the sink */
    LzLink *link;
    void (*expect)(LzElement *sink, const LzPacket *packet);    /* the sink's: it is not looked into before its time */
    unsigned index;
    LzTime busy_ns;             /* occupied since the last report, and the part of it that lies ahead */
    LzTime busy_until_ns;
    LzSharedBuffer *buffer;     /* borrowed: the queue lies in it; NULL: in memory of its own */
} Port;
G_STATIC_ASSERT(sizeof(Port) % STATE_ALIGNMENT == 0);

/* Comes back to a port whose queue holds back; apart from what every packet touches. */
typedef struct Waker {
    Port *port;
    LzEvent due;
} Waker;

struct LzLink {
    LzEnv env;
    char *name;
    const LzLinkOps *ops;
    const LzQueueOps *queue_ops;
    void *state;
    uint8_t *ports;             /* Port, queue state and model state, port_stride apart */
    size_t port_stride, state_offset;
    Waker *wakers;              /* by port index; NULL: these queues never hold back */
    LzBackground **backgrounds; /* by port index, each NULL before the first flow that is not in packets; NULL: there is none */
    LzSurvey *survey;           /* borrowed: the one that is under way; NULL: this link takes part in none */
    int64_t rate_bps;           /* of each port; 0: nothing waits, or it takes part in no survey */
    unsigned stations, lanes;   /* lanes: queues of a station in each direction */
    unsigned pairs;             /* stations * lanes: what the model counts as stations */
    bool is_up;
    bool may_pass;              /* queue and model both let packets pass that need not wait */
    LzScope scope;
    uint32_t packet_bytes_min, overhead_bytes;
    bool is_ethernet;
    LzTagging tagging[2];
    LzImpairment *impairment;   /* of faults; NULL: there was none so far */
    LzLinkCheck *check;         /* observes; NULL: nobody does */
    LzDigest *digest;           /* borrowed; may be NULL */
    uint64_t digest_name;
    LzCount *dropped, *delivered, *bytes, *unwaited;    /* of the probes; never NULL */
    LzCount unheard;                    /* stands for them when nobody listens */
    LzTime reported_ns;
    LzTime integrated_ns[2];    /* queue_integral is complete up to here */
    LzLinkStats stats[2];
};

static inline unsigned port_index(unsigned station, LzDirection direction)
{
    return 2 * station + (unsigned)direction;
}

static inline Port *port_at(const LzLink *link, unsigned index)
{
    return (Port *)(void *)(link->ports + index * link->port_stride);
}

static inline void *queue_of(const LzLink *link, unsigned index)
{
    return port_at(link, index) + 1;
}

static inline size_t aligned(size_t size, size_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

static inline LzDirection port_direction(unsigned index)
{
    return (LzDirection)(index & 1);
}

/* Must be called before queued_packets changes. */
static void integrate_queue(LzLink *link, LzDirection direction, LzTime now_ns)
{
    LzLinkStats *stats = &link->stats[direction];
    LzTime elapsed_ns = now_ns - link->integrated_ns[direction];
    stats->queue_integral += (unsigned __int128)stats->queued_packets * (uint64_t)elapsed_ns;
    link->integrated_ns[direction] = now_ns;
}

static void queue_gained(LzLink *link, unsigned index, const LzPacket *packet, LzTime now_ns)
{
    LzDirection direction = port_direction(index);
    LzSharedBuffer *buffer = port_at(link, index)->buffer;
    if (G_UNLIKELY(buffer)) {
        buffer->used_bytes += packet->wire_bytes;
    }
    integrate_queue(link, direction, now_ns);
    link->stats[direction].queued_packets++;
    link->stats[direction].queued_bytes += packet->wire_bytes;
}

static void queue_lost(LzLink *link, unsigned index, const LzPacket *packet, LzTime now_ns)
{
    LzDirection direction = port_direction(index);
    LzSharedBuffer *buffer = port_at(link, index)->buffer;
    if (G_UNLIKELY(buffer)) {
        buffer->used_bytes -= packet->wire_bytes;
    }
    integrate_queue(link, direction, now_ns);
    link->stats[direction].queued_packets--;
    link->stats[direction].queued_bytes -= packet->wire_bytes;
    link->stats[direction].queue_wait_sum += (uint64_t)(now_ns - packet->queued_ns);
}

/* outcome: LZ_DROP_NONE for delivered. */
static void digest_packet(LzLink *link, unsigned index, const LzPacket *packet, LzDropReason outcome)
{
    if (!link->digest) {
        return;
    }
    LzDigest *digest = link->digest;
    lz_digest_add(digest, LZ_DIGEST_PACKETS, (uint64_t)lz_now(link->env.scheduler));
    lz_digest_add(digest, LZ_DIGEST_PACKETS, link->digest_name ^ ((uint64_t)index << 8 | (uint64_t)outcome));
    lz_digest_add(digest, LZ_DIGEST_PACKETS, (uint64_t)packet->source << 32 | packet->destination);
    lz_digest_add(digest, LZ_DIGEST_PACKETS,
                  (uint64_t)packet->source_port << 48 | (uint64_t)packet->destination_port << 32 |
                      (uint64_t)packet->protocol << 24 | (uint64_t)packet->ecn << 22 | (uint64_t)packet->dscp << 16 |
                      (uint64_t)packet->tcp_flags << 8 | packet->tcp_window_scale);
    lz_digest_add(digest, LZ_DIGEST_PACKETS, (uint64_t)packet->sequence << 32 | packet->acknowledgement);
    lz_digest_add(digest, LZ_DIGEST_PACKETS,
                  (uint64_t)packet->tag << 56 | (uint64_t)packet->payload_size << 32 | (uint64_t)packet->window << 16 |
                      packet->mss);
    for (unsigned i = 0; i < packet->sack_count; i++) {
        lz_digest_add(digest, LZ_DIGEST_PACKETS, (uint64_t)packet->sack[i].left << 32 | packet->sack[i].right);
    }
}

static void drop(LzLink *link, unsigned index, LzPacket *packet, LzDropReason reason)
{
    LzLinkStats *stats = &link->stats[port_direction(index)];
    stats->dropped_packets[reason]++;
    stats->dropped_bytes += packet->wire_bytes;
    lz_probe_turn(link->env.probes);
    link->dropped->part++;
    if (G_UNLIKELY(link->check)) {
        lz_link_check_left(link->check, port_direction(index), packet, false);
    }
    digest_packet(link, index, packet, reason);
    lz_packet_lost(packet, link->env.probes);
    lz_packet_free(link->env.packets, packet);
}

/* ---- queues that drop what they have taken, or hold it back ---- */

static inline LzBackground *background_of(const LzLink *link, unsigned index)
{
    return link->backgrounds ? link->backgrounds[index] : NULL;
}

static void queue_dropped(void *owner, LzPacket *packet, LzDropReason reason)
{
    Port *port = owner;
    LzLink *link = port->link;
    queue_lost(link, port->index, packet, lz_now(link->env.scheduler));
    drop(link, port->index, packet, reason);
}

/* What may go already is the model's to fetch; what may not yet is announced to it when it may. */
static void arm_waker(LzLink *link, unsigned index)
{
    LzScheduler *scheduler = link->env.scheduler;
    Waker *waker = &link->wakers[index];
    LzTime now_ns = lz_now(scheduler);
    LzTime ready_ns = lz_queue_ready_ns(link->queue_ops, queue_of(link, index), now_ns);
    const LzBackground *background = background_of(link, index);
    if (background && ready_ns != LZ_TIME_NEVER) {
        ready_ns = MAX(ready_ns, lz_background_free_ns(background));
    }
    if (lz_event_is_pending(&waker->due)) {
        if (waker->due.due_ns == ready_ns) {
            return;
        }
        lz_event_cancel(scheduler, &waker->due);
    }
    if (ready_ns > now_ns && ready_ns != LZ_TIME_NEVER) {
        lz_schedule_at(scheduler, &waker->due, ready_ns);
    }
}

static void wake(void *owner)
{
    const Waker *waker = owner;
    const Port *port = waker->port;
    port->link->ops->kick(port->link->state, port->index / 2, port_direction(port->index));
}

static void init_waker(LzLink *link, unsigned index)
{
    Waker *waker = &link->wakers[index];
    waker->port = port_at(link, index);
    lz_event_init(&waker->due, wake, waker);
}

static void make_wakers(LzLink *link)
{
    link->wakers = g_new0(Waker, 2 * link->pairs);
    for (unsigned index = 0; index < 2 * link->pairs; index++) {
        init_waker(link, index);
    }
}

/* IEEE 802.1Q clause 9: a tag counts among the bytes that a frame must have. */
static void frame_packet(const LzLink *link, LzDirection direction, LzPacket *packet)
{
    const bool may_be_tagged = packet->tag > 0 || packet->vlan > 0;
    packet->is_tagged = G_UNLIKELY(may_be_tagged) && link->is_ethernet &&
                        (link->tagging[direction] == LZ_TAGGED_TRUNK ||
                         (link->tagging[direction] == LZ_TAGGED_BY_HOST && packet->tag > 0));
    const uint32_t bytes = packet->ip_bytes + (packet->is_tagged ? LZ_ETHERNET_TAG_BYTES : 0);
    packet->wire_bytes = (uint16_t)(MAX(bytes, link->packet_bytes_min) + link->overhead_bytes);
}

/* ---- flows that are not in packets ---- */

/* A stable number for a port, so that another station changes nobody else's draws. */
static uint64_t port_entity(uint64_t entity, unsigned index)
{
    return entity ^ (index + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
}

static LzBackground *make_background(LzLink *link, unsigned index)
{
    const LzBackgroundOptions options = {
        .rate_bps = link->rate_bps,
        .queue_ops = link->queue_ops,
        .queue = queue_of(link, index),
        .seed = link->env.seed,
        .entity = port_entity(link->env.entity, index),
        .now_ns = lz_now(link->env.scheduler),
    };
    if (!link->wakers) {
        make_wakers(link);
    }
    if (!link->backgrounds) {
        link->backgrounds = g_new0(LzBackground *, 2 * link->pairs);
    }
    link->backgrounds[index] = lz_background_new(&options);
    return link->backgrounds[index];
}

static uint32_t framed_bytes(const LzLink *link, LzDirection direction, LzPacket *packet, uint16_t ip_bytes)
{
    packet->ip_bytes = ip_bytes;
    frame_packet(link, direction, packet);
    return packet->wire_bytes;
}

/* The flow crosses this port; what asks for its way goes on at once. */
static void survey_receive(LzLink *link, unsigned index, LzPacket *packet)
{
    LzSurvey *survey = link->survey;
    if (!link->is_up || !survey) {
        lz_packet_free(link->env.packets, packet);
        return;
    }
    if (link->rate_bps > 0 && !survey->only_opens) {
        LzBackground *background = background_of(link, index);
        background = background ? background : make_background(link, index);
        const uint16_t ip_bytes = packet->ip_bytes;
        const uint32_t last_bytes = framed_bytes(link, port_direction(index), packet, survey->last_ip_bytes);
        const uint32_t full_bytes = framed_bytes(link, port_direction(index), packet, ip_bytes);
        const unsigned class = link->queue_ops->classes->of(queue_of(link, index), packet);
        lz_background_join(background, survey, class, full_bytes, last_bytes, lz_now(link->env.scheduler));
        g_array_append_val(survey->stops, ((LzSurveyStop){link, index}));
        survey->gap_ns = MAX(survey->gap_ns, lz_transmit_ns_ceil(full_bytes, link->rate_bps));
    }
    lz_element_receive(port_at(link, index)->input.next, packet);
}

static void background_sent(const LzLink *link, unsigned index, uint32_t bytes, LzTime now_ns)
{
    LzBackground *background = background_of(link, index);
    if (background) {
        lz_background_sent(background, bytes, now_ns);
    }
}

/* Flows may have to go before the first packet that waits. */
static bool is_held(const LzLink *link, unsigned index, LzTime now_ns)
{
    LzBackground *background = background_of(link, index);
    const LzPacket *first = background ? link->queue_ops->peek(queue_of(link, index), now_ns) : NULL;
    return first && !lz_background_yields(background, first, now_ns);
}

/* Whether the flows leave the packet no reason to wait. */
static bool find_idle(LzLink *link, unsigned index, LzTime now_ns)
{
    LzBackground *background = background_of(link, index);
    if (!background) {
        return true;
    }
    lz_background_advance(background, now_ns);
    return lz_background_is_idle(background, now_ns);
}

/* A packet enters at a port. */
static void port_receive(LzElement *element, LzPacket *packet)
{
    Port *port = (Port *)element;
    LzLink *link = port->link;
    if (G_UNLIKELY(link->lanes > 1)) {
        port = port_at(link, port->index + 2 * link->ops->lane(link->state, packet));
    }
    unsigned index = port->index;
    if (G_UNLIKELY(packet->is_survey)) {
        survey_receive(link, index, packet);
        return;
    }
    LzDirection direction = port_direction(index);
    LzLinkStats *stats = &link->stats[direction];
    frame_packet(link, direction, packet);
    stats->offered_packets++;
    stats->offered_bytes += packet->wire_bytes;
    lz_probe_turn(link->env.probes);
    link->dropped->whole++;
    if (G_UNLIKELY(link->check)) {
        lz_link_check_offered(link->check, direction, packet);
    }
    if (!link->is_up) {
        drop(link, index, packet, LZ_DROP_LINK_DOWN);
        return;
    }
    if (G_UNLIKELY(port->buffer) &&
        !lz_shared_buffer_admits(port->buffer, link->queue_ops->backlog_bytes(queue_of(link, index)), packet->wire_bytes)) {
        drop(link, index, packet, LZ_DROP_QUEUE_FULL);
        return;
    }
    LzTime now_ns = lz_now(link->env.scheduler);
    packet->queued_ns = now_ns;
    const bool is_idle = find_idle(link, index, now_ns);
    const uint32_t bytes = packet->wire_bytes;
    if (link->may_pass && is_idle && link->queue_ops->lets_pass(queue_of(link, index), packet) &&
        link->ops->offer(link->state, index / 2, direction, packet)) {
        if (G_UNLIKELY(link->backgrounds)) {
            background_sent(link, index, bytes, now_ns);
        }
        return;
    }
    LzDropReason reason = !is_idle && !lz_background_admits(background_of(link, index), packet)
                              ? LZ_DROP_QUEUE_FULL
                              : link->queue_ops->enqueue(queue_of(link, index), packet, now_ns);
    if (reason != LZ_DROP_NONE) {
        drop(link, index, packet, reason);
        return;
    }
    queue_gained(link, index, packet, now_ns);
    if (G_UNLIKELY(link->check)) {
        lz_queue_check(lz_link_check_queue(link->check), link->queue_ops->backlog_bytes(queue_of(link, index)),
                       link->queue_ops->backlog_packets(queue_of(link, index)));
    }
    link->ops->kick(link->state, index / 2, direction);
    if (link->wakers) {
        arm_waker(link, index);
    }
}

static const LzElementOps port_ops = {.receive = port_receive};

/* ---- what models call ---- */

LzScope lz_link_scope(const LzLink *link)
{
    return link->scope;
}

void *lz_link_port_state(const LzLink *link, unsigned station, LzDirection direction)
{
    return (uint8_t *)port_at(link, port_index(station, direction)) + link->state_offset;
}

void lz_link_expect(const LzLink *link, unsigned station, LzDirection direction, const LzPacket *packet)
{
    const Port *port = port_at(link, port_index(station, direction));
    if (port->expect) {
        port->expect(port->input.next, packet);
    }
}

static void entered_flight(LzLink *link, LzDirection direction, LzPacket *packet, LzTime wait_ns)
{
    LzLinkStats *stats = &link->stats[direction];
    stats->in_flight_packets++;
    stats->in_flight_bytes += packet->wire_bytes;
    if (wait_ns == 0) {
        lz_probe_turn(link->env.probes);
        link->unwaited->part++;
    } else {
        lz_probe_sample(link->env.probes, link->scope, LZ_METRIC_LINK_WAIT, wait_ns);
    }
    packet->next = NULL;
}

void lz_link_pass(LzLink *link, LzDirection direction, LzPacket *packet)
{
    entered_flight(link, direction, packet, 0);
}

LzPacket *lz_link_pull(LzLink *link, unsigned station, LzDirection direction)
{
    LzTime now_ns = lz_now(link->env.scheduler);
    unsigned index = port_index(station, direction);
    LzPacket *packet = is_held(link, index, now_ns) ? NULL : link->queue_ops->dequeue(queue_of(link, index), now_ns);
    if (packet) {
        background_sent(link, index, packet->wire_bytes, now_ns);
    }
    if (link->wakers) {
        arm_waker(link, index);
    }
    if (!packet) {
        return NULL;
    }
    queue_lost(link, index, packet, now_ns);
    entered_flight(link, direction, packet, now_ns - packet->queued_ns);
    return packet;
}

const LzPacket *lz_link_peek(const LzLink *link, unsigned station, LzDirection direction)
{
    return link->queue_ops->peek(queue_of(link, port_index(station, direction)), lz_now(link->env.scheduler));
}

uint64_t lz_link_waiting_bytes(const LzLink *link, unsigned station, LzDirection direction)
{
    return link->queue_ops->backlog_bytes(queue_of(link, port_index(station, direction)));
}

static void left_flight(LzLink *link, LzDirection direction, const LzPacket *packet)
{
    g_assert(link->stats[direction].in_flight_packets > 0);
    link->stats[direction].in_flight_packets--;
    link->stats[direction].in_flight_bytes -= packet->wire_bytes;
}

static void arrive(LzLink *link, unsigned index, LzPacket *packet)
{
    LzDirection direction = port_direction(index);
    LzLinkStats *stats = &link->stats[direction];
    left_flight(link, direction, packet);
    stats->delivered_packets++;
    stats->delivered_bytes += packet->wire_bytes;
    lz_probe_turn(link->env.probes);
    link->delivered->part++;
    link->bytes->part += packet->wire_bytes;
    if (G_UNLIKELY(link->check)) {
        lz_link_check_left(link->check, direction, packet, true);
    }
    digest_packet(link, index, packet, LZ_DROP_NONE);
    lz_element_receive(port_at(link, index)->input.next, packet);
}

void lz_link_deliver(LzLink *link, unsigned station, LzDirection direction, LzPacket *packet)
{
    if (G_UNLIKELY(link->impairment)) {
        lz_impairment_take(link->impairment, port_index(station, direction), packet);
    } else {
        arrive(link, port_index(station, direction), packet);
    }
}

void lz_link_drop(LzLink *link, unsigned station, LzDirection direction, LzPacket *packet, LzDropReason reason)
{
    g_assert(reason != LZ_DROP_NONE);
    left_flight(link, direction, packet);
    drop(link, port_index(station, direction), packet, reason);
}

void lz_link_busy(LzLink *link, unsigned station, LzDirection direction, LzTime duration_ns)
{
    Port *port = port_at(link, port_index(station, direction));
    port->busy_until_ns = MAX(port->busy_until_ns, lz_now(link->env.scheduler)) + duration_ns;
    port->busy_ns += duration_ns;
    link->stats[direction].busy_ns += duration_ns;
}

void lz_link_set_framing(LzLink *link, uint32_t packet_bytes_min, uint32_t overhead_bytes)
{
    link->packet_bytes_min = packet_bytes_min;
    link->overhead_bytes = overhead_bytes;
    link->is_ethernet = packet_bytes_min == LZ_ETHERNET_PACKET_BYTES_MIN && overhead_bytes == LZ_ETHERNET_OVERHEAD_BYTES;
}

LzTime lz_transmit_ns_ceil(uint64_t bytes, int64_t rate_bps)
{
    g_assert(rate_bps > 0);
    if (bytes <= UINT32_MAX / 2) {          /* a division of 64 bits is much faster */
        return (LzTime)((bytes * (8 * LZ_NS_PER_S) + (uint64_t)rate_bps - 1) / (uint64_t)rate_bps);
    }
    unsigned __int128 rate = (unsigned __int128)rate_bps;
    return (LzTime)((bytes * BITS_NS_PER_BYTE_S + rate - 1) / rate);
}

/* ---- what the world calls ---- */

static void init_port(LzLink *link, unsigned index, const LzChoice *queue)
{
    Port *port = port_at(link, index);
    port->index = index;
    port->input.ops = &port_ops;
    port->link = link;
    LzEnv env = link->env;
    env.entity = port_entity(link->env.entity, index);
    link->queue_ops->init(queue_of(link, index), queue->config, &env, (LzQueueOutlet){queue_dropped, port});
}

static LzCount *counter(LzLink *link, LzMetric metric)
{
    LzCount *count = lz_probe_counter(link->env.probes, link->scope, metric);
    return count ? count : &link->unheard;
}

LzLink *lz_link_new(const LzEnv *env, const char *name, const LzChoice *choice, const LzChoice *queue,
                    unsigned stations, LzScope scope, LzDigest *digest)
{
    g_assert(stations > 0);
    LzLink *link = g_new0(LzLink, 1);
    link->env = *env;
    link->name = g_strdup(name);
    link->ops = choice->model->ops;
    link->queue_ops = queue->model->ops;
    link->may_pass = link->ops->offer && link->queue_ops->lets_pass;
    link->stations = stations;
    link->lanes = MAX(link->ops->lanes, 1);
    link->pairs = stations * link->lanes;
    link->is_up = true;
    link->scope = scope;
    link->digest = digest;
    link->dropped = counter(link, LZ_METRIC_LINK_DROPPED);
    link->delivered = counter(link, LZ_METRIC_LINK_DELIVERED);
    link->bytes = counter(link, LZ_METRIC_LINK_BYTES);
    link->unwaited = counter(link, LZ_METRIC_LINK_WAIT);
    lz_link_set_framing(link, LZ_ETHERNET_PACKET_BYTES_MIN, LZ_ETHERNET_OVERHEAD_BYTES);
    link->digest_name = lz_entity_id(name) << 24;
    link->state_offset = sizeof(Port) + aligned(queue->model->state_size, STATE_ALIGNMENT);
    link->port_stride = aligned(link->state_offset + link->ops->port_state_size, PORT_ALIGNMENT);
    link->ports = lz_block_new0(2 * (size_t)link->pairs * link->port_stride);
    link->state = g_malloc0(choice->model->state_size);
    link->reported_ns = link->integrated_ns[LZ_UP] = link->integrated_ns[LZ_DOWN] = lz_now(env->scheduler);
    for (unsigned index = 0; index < 2 * link->pairs; index++) {
        init_port(link, index, queue);
    }
    if (link->queue_ops->ready_ns) {
        make_wakers(link);
    }
    link->ops->init(link->state, choice->config, link, &link->env, stations);
    return link;
}

void lz_link_free(LzLink *link)
{
    if (!link) {
        return;
    }
    link->ops->clear(link->state);
    lz_impairment_free(link->impairment);
    lz_link_check_free(link->check);
    for (unsigned index = 0; index < 2 * link->pairs; index++) {
        link->queue_ops->clear(queue_of(link, index));
        if (link->wakers) {
            lz_event_cancel(link->env.scheduler, &link->wakers[index].due);
        }
        lz_background_free(background_of(link, index));
    }
    g_free(link->backgrounds);
    g_free(link->wakers);
    g_free(link->state);
    lz_block_free(link->ports, 2 * (size_t)link->pairs * link->port_stride);
    g_free(link->name);
    g_free(link);
}

LzElement *lz_link_input(LzLink *link, unsigned station, LzDirection direction)
{
    g_assert(station < link->stations);
    return &port_at(link, port_index(station * link->lanes, direction))->input;
}

void lz_link_set_sink(LzLink *link, unsigned station, LzDirection direction, LzElement *sink)
{
    g_assert(station < link->stations);
    for (unsigned lane = 0; lane < link->lanes; lane++) {
        Port *port = port_at(link, port_index(station * link->lanes + lane, direction));
        port->input.next = sink;
        port->expect = sink->ops->expect;
    }
}

void lz_link_set_buffer(LzLink *link, unsigned station, LzDirection direction, LzSharedBuffer *buffer)
{
    g_assert(station < link->stations);
    for (unsigned lane = 0; lane < link->lanes; lane++) {
        port_at(link, port_index(station * link->lanes + lane, direction))->buffer = buffer;
    }
}

void lz_link_set_tagging(LzLink *link, LzDirection direction, LzTagging tagging)
{
    link->tagging[direction] = tagging;
}

static void drop_queue(LzLink *link, unsigned index)
{
    LzTime now_ns = lz_now(link->env.scheduler);
    LzPacket *packet;
    while ((packet = lz_queue_remove(link->queue_ops, queue_of(link, index), now_ns))) {
        queue_lost(link, index, packet, now_ns);
        drop(link, index, packet, LZ_DROP_LINK_DOWN);
    }
    g_assert(link->queue_ops->backlog_packets(queue_of(link, index)) == 0);
    if (link->wakers) {
        lz_event_cancel(link->env.scheduler, &link->wakers[index].due);
    }
}

void lz_link_set_up(LzLink *link, bool is_up)
{
    if (is_up == link->is_up) {
        return;
    }
    link->is_up = is_up;
    link->ops->set_up(link->state, is_up);
    if (is_up) {
        return;
    }
    if (link->impairment) {
        lz_impairment_lose_all(link->impairment, LZ_DROP_LINK_DOWN);
    }
    LzTime now_ns = lz_now(link->env.scheduler);
    for (unsigned index = 0; index < 2 * link->pairs; index++) {
        drop_queue(link, index);
        if (background_of(link, index)) {
            lz_background_stop(link->backgrounds[index], now_ns);
        }
        Port *port = port_at(link, index);
        LzTime cut_ns = MAX(port->busy_until_ns - now_ns, 0);
        port->busy_ns -= cut_ns;
        port->busy_until_ns -= cut_ns;
        link->stats[port_direction(index)].busy_ns -= cut_ns;
    }
}

static void impairment_pass(void *owner, unsigned port, LzPacket *packet)
{
    arrive(owner, port, packet);
}

static void impairment_lose(void *owner, unsigned port, LzPacket *packet, LzDropReason reason)
{
    lz_link_drop(owner, port / 2, port_direction(port), packet, reason);
}

void lz_link_impair(LzLink *link, uint32_t loss_ppb, LzTime delay_ns)
{
    static const LzImpairmentEvents events = {.pass = impairment_pass, .lose = impairment_lose};
    if (!link->impairment) {
        link->impairment = lz_impairment_new(&link->env, 2 * link->pairs, &events, link);
    }
    lz_impairment_set(link->impairment, loss_ppb, delay_ns);
}

void lz_link_set_survey(LzLink *link, const LzChoice *choice, LzSurvey *survey)
{
    const bool takes_part = link->ops->rate_bps && link->queue_ops->classes;
    link->survey = survey;
    link->rate_bps = takes_part ? link->ops->rate_bps(choice->config) : 0;
}

void lz_link_end_flow(LzLink *link, unsigned port, uint64_t flow, uint32_t generation)
{
    lz_background_leave(link->backgrounds[port], flow, generation, lz_now(link->env.scheduler));
}

bool lz_link_is_up(const LzLink *link)
{
    return link->is_up;
}

/* Takes what the port was occupied before now_ns out of its account; what lies ahead stays in it. */
static LzTime take_busy_ns(Port *port, LzTime now_ns)
{
    LzTime ahead_ns = MAX(port->busy_until_ns - now_ns, 0);
    LzTime busy_ns = port->busy_ns - ahead_ns;
    port->busy_ns = ahead_ns;
    return busy_ns;
}

/* What flows took of the port since the last report counts as packets do. */
static LzTime take_share(LzLink *link, unsigned index, LzTime now_ns)
{
    LzBackground *background = background_of(link, index);
    if (!background) {
        return 0;
    }
    LzBackgroundShare share = lz_background_take(background, now_ns);
    link->stats[port_direction(index)].busy_ns += share.busy_ns;
    lz_probe_turn(link->env.probes);
    link->bytes->part += (int64_t)share.bytes;
    return share.busy_ns;
}

void lz_link_report(LzLink *link)
{
    LzTime now_ns = lz_now(link->env.scheduler);
    LzTime elapsed_ns = now_ns - link->reported_ns;
    if (elapsed_ns <= 0) {
        return;
    }
    LzTime busiest_ns = 0;
    for (unsigned index = 0; index < 2 * link->pairs; index++) {
        lz_cache_fetch(port_at(link, index + PORTS_AHEAD), sizeof(Port));       /* any address will do */
        LzTime busy_ns = take_busy_ns(port_at(link, index), now_ns);
        if (G_UNLIKELY(link->backgrounds)) {
            busy_ns += take_share(link, index, now_ns);
        }
        busiest_ns = MAX(busiest_ns, busy_ns);
    }
    busiest_ns = MIN(busiest_ns, elapsed_ns);
    lz_probe_level_past(link->env.probes, link->scope, LZ_METRIC_LINK_UTILISATION, link->reported_ns,
                        (int64_t)((__int128)busiest_ns * PPB / elapsed_ns));
    link->reported_ns = now_ns;
    lz_probe_level(link->env.probes, link->scope, LZ_METRIC_LINK_QUEUE,
                   (int64_t)(link->stats[LZ_UP].queued_bytes + link->stats[LZ_DOWN].queued_bytes));
}

const LzLinkStats *lz_link_stats(const LzLink *link, LzDirection direction)
{
    return &link->stats[direction];
}

/* ---- observation ---- */

void lz_link_watch(LzLink *link, LzLaws *laws, const LzChoice *queue)
{
    g_assert(!link->check && link->stats[LZ_UP].offered_packets + link->stats[LZ_DOWN].offered_packets == 0);
    link->check = lz_link_check_new(laws, link->name, queue);
}

void lz_link_check_now(LzLink *link)
{
    for (unsigned direction = LZ_UP; link->check && direction <= LZ_DOWN; direction++) {
        const LzLinkStats *stats = &link->stats[direction];
        LzInside inside = {stats->queued_packets, stats->queued_bytes, stats->in_flight_packets, stats->in_flight_bytes, 0, 0};
        for (unsigned index = direction; index < 2 * link->pairs; index += 2) {
            inside.backlog_packets += link->queue_ops->backlog_packets(queue_of(link, index));
            inside.backlog_bytes += link->queue_ops->backlog_bytes(queue_of(link, index));
            if (background_of(link, index)) {
                lz_background_check(link->backgrounds[index], lz_link_check_laws(link->check), link->name);
            }
        }
        lz_link_check_balance(link->check, (LzDirection)direction, &inside);
    }
}

const LzLinkCheck *lz_link_check(const LzLink *link)
{
    return link->check;
}

const char *lz_link_name(const LzLink *link)
{
    return link->name;
}
