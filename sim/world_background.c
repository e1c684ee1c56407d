/* Flows that are not in packets (`carried: flow`): while the connection that would carry one is open, it is a stream at every
 * port on its way. The way is asked for when the flow begins, when the network changes, and now and then, because firewalls
 * forget and rates follow the day. */
#include <string.h>

#include "sim/world_internal.h"

#define SURVEY_EVERY_NS LZ_SECONDS(10)
#define SOURCE_PORT_BASE 1u             /* below those that hosts choose from: the flow is a connection of its own to firewalls */
#define SOURCE_PORTS 1023u
#define IPV4_HEADER_BYTES 20u
#define UDP_HEADER_BYTES 8u
#define TCP_HEADER_BYTES 20u
#define TLS_RECORD_BYTES 22u            /* RFC 8446 5.2 with a tag of 16 bytes: 5 + 1 + 16 */
#define PACKET_IP_BYTES 1500u
#define PPB 1e9

typedef struct Carried {                /* a flow of a device */
    LzWorld *world;
    const Device *device;
    const LzFlowPlan *plan;
    const Service *service;
    unsigned connection;
    bool is_datagram, is_on;
    uint8_t dscp;
    uint16_t source_port;
    uint32_t header_bytes, message_bytes;       /* of a packet; of a message with what TLS adds */
    LzTime interval_ns;                 /* between messages, on the mean of a day */
    LzRandom random;
    LzSurvey survey;
} Carried;

struct LzWorldBackground {
    Carried *flows;                     /* device by device */
    unsigned count;
    unsigned *first;                    /* by device; one more than there are devices */
    LzSurvey survey;                    /* the one that is under way */
    LzEvent due;
};

/* ---- the way ---- */

static LzPacket *make_packet(const Carried *carried, bool is_back)
{
    LzPacket *packet = lz_packet_new(carried->world->packets);
    const LzAddress device = lz_host_address(carried->device->host), service = lz_host_address(carried->service->host);
    const uint16_t port = (uint16_t)carried->service->plan->port;
    packet->source = is_back ? service : device;
    packet->destination = is_back ? device : service;
    packet->source_port = is_back ? port : carried->source_port;
    packet->destination_port = is_back ? carried->source_port : port;
    packet->protocol = carried->is_datagram ? LZ_IP_UDP : LZ_IP_TCP;
    packet->tcp_flags = carried->is_datagram ? 0 : (is_back ? LZ_TCP_ACK : LZ_TCP_SYN);
    packet->dscp = carried->dscp;
    packet->is_survey = true;
    return packet;
}

static uint32_t packet_payload_bytes(const Carried *carried)
{
    return PACKET_IP_BYTES - carried->header_bytes;
}

/* What it would be now, at this hour. */
static LzTime interval_now_ns(const Carried *carried)
{
    const LzDiurnal *day = carried->plan->day;
    if (!day) {
        return carried->interval_ns;
    }
    const LzTime of_day_ns = carried->world->plan->start_unix_s % 86400 * LZ_NS_PER_S + lz_now(carried->world->scheduler);
    return lz_diurnal_stretch(day, of_day_ns, carried->interval_ns);
}

static void send_along(Carried *carried, bool is_back)
{
    LzWorld *world = carried->world;
    LzPacket *packet = make_packet(carried, is_back);
    const uint32_t full_bytes = packet_payload_bytes(carried), last = (carried->message_bytes - 1) % full_bytes + 1;
    packet->ip_bytes = (uint16_t)(carried->header_bytes + (carried->message_bytes > full_bytes ? full_bytes : last));
    LzSurvey *survey = &world->background->survey;
    survey->last_ip_bytes = (uint16_t)(carried->header_bytes + last);
    lz_host_survey(is_back ? carried->service->host : carried->device->host, packet);
}

/* An answer passes a firewall only where the question did. */
static void open_way(Carried *carried)
{
    LzSurvey *survey = &carried->world->background->survey;
    survey->only_opens = true;
    send_along(carried, false);
    survey->only_opens = false;
}

static void leave_old_stops(Carried *carried, GArray *old)
{
    for (guint i = 0; i < old->len; i++) {
        const LzSurveyStop *stop = &g_array_index(old, LzSurveyStop, i);
        lz_link_end_flow(stop->link, stop->port, carried->survey.flow, carried->survey.generation - 1);
    }
    g_array_unref(old);
}

/* Asks for the way, and leaves the ports that are no longer on it. */
static void survey_flow(Carried *carried)
{
    LzSurvey *shared = &carried->world->background->survey;
    GArray *old = carried->survey.stops;
    carried->survey.generation++;
    carried->survey.interval_ns = interval_now_ns(carried);
    carried->survey.gap_ns = 0;
    carried->survey.stops = g_array_new(FALSE, FALSE, sizeof(LzSurveyStop));
    if (carried->is_on) {
        const bool is_back = carried->plan->carried == LZ_CARRIED_FLOW_BACK;
        *shared = carried->survey;
        if (is_back) {
            open_way(carried);
        }
        send_along(carried, is_back);
    }
    leave_old_stops(carried, old);
}

static void survey_all(void *owner)
{
    LzWorld *world = owner;
    for (unsigned i = 0; i < world->background->count; i++) {
        Carried *carried = &world->background->flows[i];
        if (carried->is_on) {
            survey_flow(carried);
        }
    }
    lz_timer_after(world->scheduler, &world->background->due, SURVEY_EVERY_NS);
}

void lz_world_background_changed(LzWorld *world)
{
    if (world->background) {
        lz_timer_after(world->scheduler, &world->background->due, 0);
    }
}

void lz_world_background_ready(Device *device, unsigned connection, bool is_ready)
{
    LzWorld *world = device->fleet->world;
    if (!world->background) {
        return;
    }
    const unsigned index = (unsigned)(device - world->devices);
    for (unsigned i = world->background->first[index]; i < world->background->first[index + 1]; i++) {
        Carried *carried = &world->background->flows[i];
        if (carried->connection == connection) {
            const LzTime phase_ns = (LzTime)lz_random_below(&carried->random, (uint64_t)carried->interval_ns);
            carried->is_on = is_ready;
            carried->survey.phase_ns = lz_now(world->scheduler) + phase_ns;
            survey_flow(carried);
        }
    }
}

/* ---- life ---- */

static unsigned connection_of(const LzFleetPlan *fleet, unsigned flow)
{
    unsigned first = fleet->resolved->flows.count;
    for (unsigned i = fleet->connections.count; i > 0; i--) {
        first -= LZ_PLAN_ITEMS(fleet->connections, LzConnectionPlan)[i - 1].flow_count;
        if (flow >= first) {
            return i;
        }
    }
    return 0;
}

static void init_flow(LzWorld *world, Carried *carried, const Device *device, unsigned flow)
{
    const Fleet *fleet = device->fleet;
    const unsigned connection = connection_of(fleet->plan, flow);
    const LzDeviceConnection *more = connection > 0 ? &fleet->more_options[connection - 1] : NULL;
    const LzClientOps *client = more ? more->client->ops : fleet->plan->connect.client.model->ops;
    const LzConnect *connect = more ? &more->connect : &fleet->connect;
    const LzFlowPlan *plan = &LZ_PLAN_ITEMS(fleet->plan->resolved->flows, LzFlowPlan)[flow];
    const LzLoad load = ((const LzBehaviourOps *)plan->behaviour.model->ops)->load(plan->behaviour.config);
    *carried = (Carried){
        .world = world,
        .device = device,
        .plan = plan,
        .service = lz_world_service_of_connection(fleet, connection),
        .connection = connection,
        .is_datagram = client->uses_datagrams,
        .dscp = client->uses_datagrams ? (uint8_t)plan->dscp : connect->dscp,
        .source_port = (uint16_t)(SOURCE_PORT_BASE + flow % SOURCE_PORTS),
        .header_bytes = IPV4_HEADER_BYTES + (client->uses_datagrams ? UDP_HEADER_BYTES : TCP_HEADER_BYTES),
        .message_bytes = (uint32_t)(load.message_bytes + 0.5) + (connect->tls ? TLS_RECORD_BYTES : 0),
        .interval_ns = MAX((LzTime)(PPB / load.messages_per_s + 0.5), 1),
    };
    g_autofree char *name = g_strdup_printf("%s/%s", device->name, plan->name.text);
    const LzEnv env = lz_world_env(world, name);
    lz_env_random(&env, LZ_PURPOSE_TRAFFIC, &carried->random);  /* its behaviour's: it begins when it would in packets */
    const uint32_t payload_bytes = packet_payload_bytes(carried);
    carried->survey = (LzSurvey){
        .flow = env.entity,
        .is_random = load.arrivals == LZ_ARRIVALS_RANDOM,
        .packets = (carried->message_bytes + payload_bytes - 1) / payload_bytes,
        .stops = g_array_new(FALSE, FALSE, sizeof(LzSurveyStop)),
    };
}

static unsigned count_flows(const Fleet *fleet)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fleet->plan->resolved->flows.count; i++) {
        count += LZ_PLAN_ITEMS(fleet->plan->resolved->flows, LzFlowPlan)[i].carried != LZ_CARRIED_PACKET;
    }
    return count;
}

static void init_flows(LzWorld *world, const Device *device)
{
    LzWorldBackground *background = world->background;
    const LzList *flows = &device->fleet->plan->resolved->flows;
    background->first[device - world->devices] = background->count;
    for (unsigned i = 0; i < flows->count; i++) {
        if (LZ_PLAN_ITEMS(*flows, LzFlowPlan)[i].carried != LZ_CARRIED_PACKET) {
            init_flow(world, &background->flows[background->count++], device, i);
        }
    }
}

void lz_world_build_background(LzWorld *world)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        count += count_flows(&world->fleets[i]) * (unsigned)world->fleets[i].plan->count;
    }
    if (count == 0) {
        return;
    }
    world->background = g_new0(LzWorldBackground, 1);
    world->background->flows = g_new0(Carried, count);
    world->background->first = g_new0(unsigned, world->device_count + 1);
    for (unsigned i = 0; i < world->device_count; i++) {
        init_flows(world, &world->devices[i]);
    }
    world->background->first[world->device_count] = count;
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        const Medium *medium = &world->media[i];
        lz_link_set_survey(medium->link, &medium->plan->model, &world->background->survey);
    }
    lz_event_init(&world->background->due, survey_all, world);
    lz_timer_after(world->scheduler, &world->background->due, SURVEY_EVERY_NS);
}

void lz_world_free_background(LzWorld *world)
{
    LzWorldBackground *background = g_steal_pointer(&world->background);
    if (!background) {
        return;
    }
    lz_event_cancel(world->scheduler, &background->due);
    for (unsigned i = 0; i < background->count; i++) {
        g_array_unref(background->flows[i].survey.stops);
    }
    g_free(background->flows);
    g_free(background->first);
    g_free(background);
}
