/* Runs a world: steps, reports levels, carries out actions, answers questions. */
#include "sim/world.h"

#include <string.h>

#include "sim/measure/check_messages.h"
#include "sim/scenario/windows.h"
#include "sim/world_internal.h"

#define PPB INT64_C(1000000000)
#define DEVICES_AHEAD 6u

/* ---- levels ---- */

static int64_t share_ppb(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (int64_t)((unsigned __int128)part * PPB / whole) : 0;
}

static void report_fleet(LzWorld *world, Fleet *fleet, LzTime busy_ns)
{
    LzTime worked_ns = busy_ns - fleet->busy_ns;
    fleet->busy_ns = busy_ns;
    lz_probe_level_past(world->probes, fleet->scope, LZ_METRIC_FLEET_CPU, lz_now(world->scheduler) - LZ_REPORT_EVERY_NS,
                        share_ppb((uint64_t)worked_ns, (uint64_t)LZ_REPORT_EVERY_NS * (uint64_t)MAX(fleet->plan->count, 1)));
}

typedef struct FleetTotals {
    LzTime busy_ns;
    uint64_t bytes;                     /* acknowledged since the warm-up */
    unsigned __int128 squares;
} FleetTotals;

/* Devices are visited in their order: those that come next are fetched meanwhile. */
static void expect_visits(const LzWorld *world, unsigned next)
{
    for (unsigned stage = 0; stage < LZ_HOST_VISIT_STAGES; stage++) {
        unsigned ahead = next + (LZ_HOST_VISIT_STAGES - stage) * DEVICES_AHEAD;
        if (ahead < world->device_count) {
            lz_host_expect_visit(world->devices[ahead].host, stage);
        }
    }
}

static FleetTotals visit_fleet(const LzWorld *world, Fleet *fleet, unsigned first)
{
    bool is_warming_up = lz_now(world->scheduler) <= world->plan->run.warmup_ns;
    if (is_warming_up && !fleet->warmup_bytes) {
        fleet->warmup_bytes = g_new(uint64_t, (gsize)fleet->plan->count);
    }
    FleetTotals totals = {0};
    for (unsigned i = 0; i < (unsigned)fleet->plan->count; i++) {
        const LzHost *host = world->devices[first + i].host;
        expect_visits(world, first + i);
        totals.busy_ns += lz_host_cpu_busy_ns(host);
        uint64_t bytes = lz_host_tcp_stats(host)->acknowledged_bytes;
        if (is_warming_up) {
            fleet->warmup_bytes[i] = bytes;
        }
        bytes -= fleet->warmup_bytes ? fleet->warmup_bytes[i] : 0;
        totals.bytes += bytes;
        totals.squares += (unsigned __int128)bytes * bytes;
    }
    return totals;
}

/* Jain, Chiu and Hawe 1984: (sum x)^2 / (n sum x^2), of what each device's TCP has brought over since the last full
 * second of the warm-up. */
static void report_fairness(LzWorld *world, const Fleet *fleet, const FleetTotals *totals)
{
    if (totals->bytes > 0) {
        double sum = (double)totals->bytes;
        double index = sum * sum / ((double)fleet->plan->count * (double)totals->squares);
        lz_probe_level(world->probes, fleet->scope, LZ_METRIC_FLEET_FAIRNESS, (int64_t)(index * (double)PPB + 0.5));
    }
}

static void report(void *owner)
{
    LzWorld *world = owner;
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        lz_link_report(world->media[i].link);
    }
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        Service *service = &world->services[i];
        lz_probe_level_past(world->probes, service->scope, LZ_METRIC_SERVICE_CPU,
                            lz_now(world->scheduler) - LZ_REPORT_EVERY_NS, lz_host_take_utilisation_ppb(service->host));
    }
    unsigned next = 0;
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        Fleet *fleet = &world->fleets[i];
        FleetTotals totals = visit_fleet(world, fleet, next);
        report_fairness(world, fleet, &totals);
        report_fleet(world, fleet, totals.busy_ns);
        next += (unsigned)fleet->plan->count;
    }
    lz_timer_after(world->scheduler, &world->report, LZ_REPORT_EVERY_NS);
}

/* A device is connected when its first connection is; a service sees its own. */
void lz_world_device_ready(void *owner, LzDevice *lz_device, unsigned connection, bool is_ready)
{
    Device *device = owner;
    Fleet *fleet = device->fleet;
    Service *service = lz_world_service_of_connection(fleet, connection);
    LzWorld *world = fleet->world;
    LzProbes *probes = world->probes;
    int change = is_ready ? 1 : -1;
    service->connected += (unsigned)change;
    lz_world_background_ready(device, connection, is_ready);
    lz_probe_level(probes, service->scope, LZ_METRIC_SERVICE_AVAILABILITY, share_ppb(service->connected, service->devices));
    if (connection > 0) {
        return;
    }
    world->connected += (unsigned)change;
    fleet->connected += (unsigned)change;
    lz_probe_level(probes, world->run_scope, LZ_METRIC_RUN_DEVICES_CONNECTED, world->connected);
    lz_probe_level(probes, fleet->scope, LZ_METRIC_FLEET_CONNECTED, share_ppb(fleet->connected, (uint64_t)fleet->plan->count));
    lz_probe_count(probes, fleet->scope, LZ_METRIC_FLEET_RECONNECTS, is_ready && lz_device_reconnects(lz_device) > 0);
    if (is_ready) {
        lz_world_onboarding_ready(device);
    }
}

/* Known from the first instant: who is down from there on was never up. */
static void report_nobody(LzWorld *world)
{
    lz_probe_level(world->probes, world->run_scope, LZ_METRIC_RUN_DEVICES_CONNECTED, 0);
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        lz_probe_level(world->probes, world->fleets[i].scope, LZ_METRIC_FLEET_CONNECTED, 0);
    }
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        if (world->services[i].devices > 0) {
            lz_probe_level(world->probes, world->services[i].scope, LZ_METRIC_SERVICE_AVAILABILITY, 0);
        }
    }
}

/* ---- invariants ---- */

static bool check_link(const LzLink *link, LzDirection direction, char **ret_problem)
{
    const LzLinkStats *stats = lz_link_stats(link, direction);
    uint64_t dropped = 0;
    for (unsigned reason = 0; reason < LZ_DROP_COUNT; reason++) {
        dropped += stats->dropped_packets[reason];
    }
    uint64_t packets = stats->delivered_packets + dropped + stats->queued_packets + stats->in_flight_packets;
    uint64_t bytes = stats->delivered_bytes + stats->dropped_bytes + stats->queued_bytes + stats->in_flight_bytes;
    if (packets != stats->offered_packets || bytes != stats->offered_bytes) {
        *ret_problem = g_strdup_printf("link %s: %" G_GUINT64_FORMAT " packets (%" G_GUINT64_FORMAT " B) offered, %" G_GUINT64_FORMAT
                                       " (%" G_GUINT64_FORMAT " B) accounted for",
                                       lz_link_name(link), stats->offered_packets, stats->offered_bytes, packets, bytes);
        return false;
    }
    return true;
}

static bool check_switch(const Zone *zone, const Switch *one, char **ret_problem)
{
    const LzSwitchStats *stats = lz_switch_stats(one->switch_);
    uint64_t out = stats->forwarded_packets + stats->held_packets;
    for (unsigned reason = 0; reason < LZ_DROP_COUNT; reason++) {
        out += stats->dropped_packets[reason];
    }
    if (out != stats->in_packets) {
        *ret_problem = g_strdup_printf("switch %s: %" G_GUINT64_FORMAT " packets in, %" G_GUINT64_FORMAT " accounted for",
                                       zone->plan->name.text, stats->in_packets, out);
        return false;
    }
    return true;
}

/* What no single link or message shows at once is looked at each second. */
static void check_now(LzWorld *world)
{
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        lz_link_check_now(world->media[i].link);
    }
    lz_messages_check_all(&world->laws, world->probes);
}

bool lz_world_check(LzWorld *world, char **ret_problem)
{
    check_now(world);
    if (world->laws.broken) {
        *ret_problem = g_strdup(world->laws.broken);
        return false;
    }
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        if (!check_link(world->media[i].link, LZ_UP, ret_problem) || !check_link(world->media[i].link, LZ_DOWN, ret_problem)) {
            return false;
        }
    }
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        const Zone *zone = &world->zones[i];
        for (unsigned n = 0; n < zone->count; n++) {
            if (!check_switch(zone, &world->switches[zone->first + n], ret_problem)) {
                return false;
            }
        }
    }
    return true;
}

void lz_world_watch(LzWorld *world)
{
    g_assert(!world->streams && lz_world_events(world) == 0);
    world->time_check.laws = &world->laws;
    world->streams = lz_stream_check_new(&world->laws);
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        lz_link_watch(world->media[i].link, &world->laws, &world->media[i].plan->queue);
    }
    GHashTableIter hosts;
    gpointer host;
    g_hash_table_iter_init(&hosts, world->by_name);
    while (g_hash_table_iter_next(&hosts, NULL, &host)) {
        lz_host_watch(host, world->streams);
    }
}

static bool obeys_laws(LzWorld *world)
{
    LzTime now_ns = lz_now(world->scheduler), second_ns = now_ns / LZ_NS_PER_S;
    bool is_new_second = second_ns != world->time_check.last_ns / LZ_NS_PER_S;
    lz_time_check(&world->time_check, now_ns);
    if (is_new_second) {
        check_now(world);
    }
    return !world->laws.broken;
}

/* ---- life ---- */

static void reroute(void *owner)
{
    lz_world_route(owner);
    lz_world_background_changed(owner);
}

static LzProbes *make_recorder(const LzWorld *world, LzDigest *digest)
{
    const LzPlan *plan = world->plan;
    g_autofree LzWindow *windows = g_new(LzWindow, plan->window_count);
    for (unsigned i = 0; i < plan->window_count; i++) {
        const LzWindowPlan *window = &world->windows[i];
        windows[i] = (LzWindow){window->name, window->from_ns, window->to_ns};
    }
    uint32_t kinds = 0;
    for (unsigned i = 0; i < plan->record.events.count; i++) {
        for (unsigned kind = 0; kind < LZ_TRACE_KIND_COUNT; kind++) {
            if (strcmp(plan->record.events.items[i].text, lz_trace_kind_name((LzTraceKind)kind)) == 0) {
                kinds |= 1u << kind;
            }
        }
    }
    LzRecorderOptions options = {
        .scheduler = world->scheduler,
        .windows = windows,
        .window_count = plan->window_count,
        .series_every_ns = plan->record.series_every_ns,
        .trace_kinds = kinds | 1u << LZ_TRACE_ATTACK | 1u << LZ_TRACE_FAULT,
        .digest = digest,
    };
    return lz_recorder_new(&options);
}

LzWorld *lz_world_new(const LzPlan *plan, unsigned repetition, const LzWorldObserver *observer, GError **error)
{
    g_autoptr(LzWorld) world = g_new0(LzWorld, 1);
    world->plan = plan;
    world->seed = (uint64_t)plan->run.seed + repetition;
    world->observer = observer ? *observer : (LzWorldObserver){0};
    world->scheduler = lz_scheduler_new();
    world->packets = lz_packet_pool_new();
    world->workers = plan->threads > 1 ? lz_workers_new(plan->threads) : NULL;
    world->names = g_ptr_array_new_with_free_func(g_free);
    world->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    world->legitimate = g_hash_table_new(NULL, NULL);
    lz_digest_init(&world->digest);
    world->windows = lz_windows_of(plan, world->seed);
    world->probes = make_recorder(world, &world->digest);
    world->run_scope = lz_probe_scope(world->probes, LZ_SCOPE_RUN, "", NULL);
    lz_event_init(&world->report, report, world);
    lz_timer_at(world->scheduler, &world->report, LZ_REPORT_EVERY_NS);
    lz_event_init(&world->reroute, reroute, world);
    if (!lz_world_build(world, error)) {
        return NULL;
    }
    report_nobody(world);
    return g_steal_pointer(&world);
}

static void service_clear(Service *service)
{
    if (service->state) {
        const LzServiceOps *ops = service->plan->kind.model->ops;
        lz_host_set_power(service->host, false);
        ops->stop(service->state);
        ops->clear(service->state);
        g_free(service->state);
    }
    lz_status_client_free(service->status);
    lz_host_free(service->host);
    lz_world_attachment_clear(&service->attachment);
    lz_tls_profile_free(service->tls);
    lz_world_clear_policy(service);
    lz_credential_free(service->credential);
}

static void device_clear(Device *device)
{
    lz_device_free(device->device);
    lz_world_attachment_clear(&device->attachment);
    lz_credential_free(device->credential);
    lz_world_onboarding_free(device->onboarding);
}

static void attack_clear(Attack *attack)
{
    if (attack->state) {
        const LzAttackOps *ops = attack->plan->kind.model->ops;
        ops->stop(attack->state);
        ops->clear(attack->state);
        g_free(attack->state);
    }
    for (unsigned i = 0; i < attack->host_count; i++) {
        lz_host_free(attack->hosts[i]);
    }
    g_free(attack->hosts);
    lz_tls_profile_free(attack->tls);
}

void lz_world_free(LzWorld *world)
{
    if (!world) {
        return;
    }
    const LzPlan *plan = world->plan;
    for (unsigned i = 0; world->attacks && i < plan->attacks.count; i++) {
        attack_clear(&world->attacks[i]);
    }
    for (unsigned i = 0; world->devices && i < world->device_count; i++) {
        device_clear(&world->devices[i]);
    }
    lz_world_free_background(world);
    for (unsigned i = 0; world->services && i < plan->services.count; i++) {
        service_clear(&world->services[i]);
    }
    for (unsigned i = 0; world->media && i < plan->network.links.count; i++) {
        lz_link_free(world->media[i].link);
        lz_world_clear_marking(&world->media[i]);
    }
    for (unsigned i = 0; world->switches && i < world->switch_count; i++) {
        g_clear_pointer(&world->switches[i].guards, g_ptr_array_unref);
        lz_world_free_authenticator(&world->switches[i]);
        lz_switch_free(world->switches[i].switch_);
    }
    for (unsigned i = 0; world->fleets && i < plan->fleet.count; i++) {
        lz_world_clear_connections(&world->fleets[i]);
        lz_tls_profile_free(world->fleets[i].onboarding_tls);
        g_free(world->fleets[i].free_at_ns);
        g_free(world->fleets[i].mud_file);
        g_free(world->fleets[i].flows);
        g_free(world->fleets[i].warmup_bytes);
    }
    g_free(world->zones);
    g_free(world->switches);
    g_free(world->media);
    g_free(world->services);
    g_free(world->fleets);
    g_free(world->devices);
    g_free(world->attacks);
    g_free(world->faults);
    g_free(world->windows);
    lz_workers_free(world->workers);
    lz_pki_free(world->manufacturer);
    lz_pki_free(world->pki);
    g_clear_pointer(&world->bought, g_hash_table_unref);
    g_clear_pointer(&world->bought_by_address, g_hash_table_unref);
    lz_recorder_free(world->probes);
    lz_packet_pool_free(world->packets);
    lz_scheduler_free(world->scheduler);
    lz_stream_check_free(world->streams);
    lz_laws_clear(&world->laws);
    lz_address_book_free(world->addresses);
    lz_mud_book_free(world->mud);
    lz_world_clear_revocation(world);
    g_clear_pointer(&world->segment_of, g_hash_table_unref);
    g_clear_pointer(&world->segment_ports, g_ptr_array_unref);
    g_clear_pointer(&world->link_taps, g_ptr_array_unref);
    g_hash_table_unref(world->by_name);
    g_hash_table_unref(world->legitimate);
    g_ptr_array_unref(world->names);
    g_free(world);
}

static bool step(LzWorld *world, LzTime until_ns)
{
    if (!lz_scheduler_step(world->scheduler, until_ns)) {
        return false;
    }
    lz_digest_add(&world->digest, LZ_DIGEST_EVENTS, (uint64_t)lz_now(world->scheduler));
    return G_LIKELY(!world->streams) || obeys_laws(world);
}

bool lz_world_step(LzWorld *world)
{
    return step(world, world->plan->run.duration_ns);
}

void lz_world_run_until(LzWorld *world, LzTime time_ns)
{
    LzTime until_ns = MIN(time_ns, world->plan->run.duration_ns);
    while (step(world, until_ns)) {
    }
}

bool lz_world_step_until(LzWorld *world, bool (*condition)(LzWorld *world), LzTime limit_ns)
{
    LzTime until_ns = MIN(limit_ns, world->plan->run.duration_ns);
    while (!condition(world)) {
        if (!step(world, until_ns)) {
            return false;
        }
    }
    return true;
}

void lz_world_finish(LzWorld *world)
{
    g_assert(!world->is_finished);
    world->is_finished = true;
    lz_recorder_finish(world->probes, lz_now(world->scheduler));
}

/* ---- actions ---- */

/* Defences that stand in it forget what they knew. */
static void set_switch_power(Switch *one, bool is_on)
{
    bool is_loss = lz_switch_is_on(one->switch_) && !is_on;
    for (guint i = 0; is_loss && one->guards && i < one->guards->len; i++) {
        lz_guard_restart(one->guards->pdata[i]);
    }
    lz_switch_set_power(one->switch_, is_on);
    if (one->authenticator) {
        lz_authenticator_set_power(one->authenticator, is_on);
    }
}

void lz_world_switch_power(LzWorld *world, const char *zone, bool is_on)
{
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        const Zone *one = &world->zones[i];
        for (unsigned n = 0; n < one->count && strcmp(one->plan->name.text, zone) == 0; n++) {
            set_switch_power(&world->switches[one->first + n], is_on);
        }
    }
    lz_world_topology_changed(world);
}

void lz_world_link_up(LzWorld *world, const char *link, bool is_up)
{
    lz_link_set_up(lz_world_link(world, link), is_up);
    lz_world_topology_changed(world);
}

void lz_world_service_power(LzWorld *world, const char *name, bool is_on)
{
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        Service *service = &world->services[i];
        if (strcmp(service->plan->name.text, name) != 0 || lz_host_is_on(service->host) == is_on) {
            continue;
        }
        const LzServiceOps *ops = service->plan->kind.model->ops;
        lz_host_set_power(service->host, is_on);
        (is_on ? ops->start : ops->stop)(service->state);
        if (service->status) {
            (is_on ? lz_status_client_start : lz_status_client_stop)(service->status);
        }
    }
}

void lz_world_device_update(Device *device)
{
    bool is_on = device->has_started && device->holds == 0 && !device->is_cut && !lz_world_onboarding_holds(device);
    if (device->onboarding) {
        lz_access_port_set_carrier(device->onboarding->port, is_on);
    }
    lz_device_set_power(device->device, is_on);
}

void lz_world_fleet_power(LzWorld *world, const char *fleet, bool is_on)
{
    for (unsigned i = 0; i < world->device_count; i++) {
        Device *device = &world->devices[i];
        if (strcmp(device->fleet->plan->name.text, fleet) == 0) {
            device->is_cut = !is_on;
            lz_world_device_update(device);
        }
    }
}

/* ---- queries ---- */

LzTime lz_world_now(const LzWorld *world)
{
    return lz_now(world->scheduler);
}

const LzPlan *lz_world_plan(const LzWorld *world)
{
    return world->plan;
}

uint64_t lz_world_seed(const LzWorld *world)
{
    return world->seed;
}

LzProbes *lz_world_probes(LzWorld *world)
{
    return world->probes;
}

const LzDigest *lz_world_digest(const LzWorld *world)
{
    return &world->digest;
}

uint64_t lz_world_events(const LzWorld *world)
{
    return lz_scheduler_fired(world->scheduler);
}

uint64_t lz_world_pending(const LzWorld *world)
{
    return lz_scheduler_pending(world->scheduler);
}

uint64_t lz_world_packets(const LzWorld *world)
{
    return lz_packet_pool_created(world->packets);
}

const char *lz_world_event(const LzWorld *world)
{
    for (unsigned i = 0; i < world->plan->attacks.count; i++) {
        if (world->attacks[i].is_running) {
            return world->attacks[i].plan->name.text;
        }
    }
    for (unsigned i = 0; i < world->plan->faults.count; i++) {
        if (world->faults[i].is_running) {
            return world->faults[i].plan->name.text;
        }
    }
    return NULL;
}

unsigned lz_world_connected(const LzWorld *world)
{
    return world->connected;
}

unsigned lz_world_device_count(const LzWorld *world)
{
    return world->device_count;
}

LzDeviceInfo lz_world_device(const LzWorld *world, unsigned index)
{
    const Device *device = &world->devices[index];
    const LzFleetPlan *plan = device->fleet->plan;
    LzDeviceInfo info = {
        .name = device->name,
        .fleet = plan->name.text,
        .profile = plan->profile.text,
        .link = device->medium->plan->name.text,
        .zone = world->zones[device->zone].plan->name.text,
        .host = device->host,
        .start_ns = device->start_ns,
        .reconnects = lz_device_reconnects(device->device),
    };
    if (device->credential) {
        info.certificate = lz_credential_certificate(device->credential, &info.certificate_size);
    }
    return info;
}

LzHost *lz_world_host(LzWorld *world, const char *name)
{
    return g_hash_table_lookup(world->by_name, name);
}

LzLink *lz_world_link(LzWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        if (strcmp(world->media[i].plan->name.text, name) == 0) {
            return world->media[i].link;
        }
    }
    return NULL;
}

unsigned lz_world_link_count(const LzWorld *world)
{
    return world->plan->network.links.count;
}

LzLink *lz_world_link_at(LzWorld *world, unsigned index)
{
    return world->media[index].link;
}
