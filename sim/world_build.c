/* Builds a world from a plan: hosts on its network, their credentials and connections, the models that run on them. */
#include <string.h>

#include "sim/world_internal.h"

#define DAY_S INT64_C(86400)

/* ---- TCP ---- */

static LzTcpOptions tcp_options(const LzTcpPlan *plan, int congestion, LzScope scope)
{
    LzTcpOptions options = lz_tcp_options_default;
    options.congestion = lz_tcp_congestion_find(lz_congestion_words[congestion]);
    g_assert(options.congestion);
    options.scope = scope;
    options.initial_window_segments = (unsigned)plan->initial_window;
    options.receive_window_bytes = (uint32_t)plan->receive_window_bytes;
    options.window_scale = lz_tcp_window_scale(options.receive_window_bytes);
    options.rto_initial_ns = plan->rto_initial_ns;
    options.rto_min_ns = plan->rto_min_ns;
    options.delayed_ack_ns = plan->delayed_ack_ns;
    options.syn_retries = (unsigned)plan->syn_retries;
    options.synack_retries = (unsigned)plan->synack_retries;
    options.data_retries = (unsigned)plan->retries;
    options.is_nagle = plan->is_nagle;
    options.has_sack = plan->has_sack;
    options.counts_bytes = plan->counts_bytes;
    options.has_syn_cookies = plan->has_syn_cookies;
    options.keeps_alive = plan->keeps_alive;
    options.keepalive_idle_ns = plan->keepalive_idle_ns;
    options.keepalive_interval_ns = plan->keepalive_interval_ns;
    options.keepalive_probes = (unsigned)plan->keepalive_probes;
    return options;
}

static void set_service_tcp(LzWorld *world, Service *service)
{
    const LzTcpPlan *plan = &service->plan->tcp;
    LzScope scope = lz_probe_scope(world->probes, LZ_SCOPE_TCP, "", service->plan->name.text);
    service->tcp = tcp_options(plan, plan->congestion, scope);
}

/* The first word of a client's choice is `service`. */
static void set_fleet_tcp(LzWorld *world, Fleet *fleet)
{
    const LzTcpPlan *plan = &fleet->plan->connect.tcp;
    int congestion = plan->congestion > 0 ? plan->congestion - 1 : fleet->service->plan->tcp.congestion;
    LzScope scope = lz_probe_scope(world->probes, LZ_SCOPE_TCP, "", fleet->plan->name.text);
    fleet->tcp = tcp_options(plan, congestion, scope);
}

/* ---- hosts on the network ---- */

typedef struct HostRequest {
    const char *name;                   /* must live as long as the world */
    const char *owner;                  /* fleet, service or attack */
    Medium *medium;
    const LzCpu *cpu;
    unsigned cores;
    bool keeps_tickets, is_captured, shows_secrets, is_legitimate;
    LzScope tls_scope, service_scope;
    const LzHostNeeds *needs;           /* NULL: none */
    const LzTcpOptions *tcp;            /* must live as long as the world */
    LzPeerPolicy policy;                /* of a service */
    size_t room_bytes;
    int pcp_word;                       /* 0: its frames have no tag; else 1 + their priority */
    Onboarding *onboarding;             /* NULL: its port lets it in unasked */
} HostRequest;

/* Makes a host and hangs it on the next free station of its link. */
static LzHost *attach_host(LzWorld *world, const HostRequest *request, Attachment *attachment)
{
    Medium *medium = request->medium;
    Zone *zone = &world->zones[medium->zone];
    uint32_t place = zone->hosts++;
    Switch *access = &world->switches[zone->first + (zone->count > 1 ? place / (uint32_t)zone->plan->ports : 0)];
    unsigned station = medium->attached++;
    LzAddress address = access->prefix + ++access->hosts;
    LzElement *output = lz_world_join_segment(world, request->owner, address, lz_link_input(medium->link, station, LZ_UP));
    if (request->is_captured) {
        output = lz_world_tap_output(world, request->name, attachment, output);
    }
    if (request->pcp_word > 0) {
        attachment->tagger = g_new0(LzTagger, 1);
        lz_tagger_init(attachment->tagger, (uint8_t)(request->pcp_word - 1), output);
        output = &attachment->tagger->base;
    }
    LzEnv env = lz_world_env(world, request->name);
    LzHostOptions options = {
        .name = request->name,
        .address = address,
        .cpu = request->cpu,
        .cores = request->cores,
        .crypto_cost_ppb = world->plan->run.crypto_cost_ppb,
        .start_unix_s = world->plan->start_unix_s,
        .keeps_tickets = request->keeps_tickets,
        .tls_scope = request->tls_scope,
        .service_scope = request->service_scope,
        .needs = request->needs,
        .onboarding = request->onboarding && request->onboarding->device_id ? &request->onboarding->options : NULL,
        .onboarded = lz_world_onboarded,
        .onboarded_self = request->onboarding,
        .policy = request->policy,
        .tcp = request->tcp,
        .digest = &world->digest,
        .room_bytes = request->room_bytes,
        .workers = world->workers,
    };
    LzHost *host = lz_host_new(&env, &options, output);
    LzElement *input = lz_host_input(host);
    if (request->is_captured) {
        input = lz_world_tap_input(world, request->name, attachment, input);
    }
    if (request->shows_secrets) {
        lz_world_show_secrets(world, request->name, host, attachment);
    }
    lz_world_set_buffer(medium, station, LZ_DOWN, access);
    lz_link_set_sink(medium->link, station, LZ_DOWN, input);
    LzElement *up = lz_switch_input(access->switch_), *down = lz_link_input(medium->link, station, LZ_DOWN);
    if (request->onboarding) {
        LzAccessPort *port = lz_world_add_port(request->onboarding, access, address, down, request->is_captured);
        up = lz_access_port_up(port);
        down = lz_access_port_down(port);
    }
    lz_link_set_sink(medium->link, station, LZ_UP, lz_world_marked(medium, station, LZ_UP, up));
    lz_switch_add_route(access->switch_, address, 32, down);
    g_hash_table_insert(world->by_name, g_strdup(request->name), host);
    if (request->is_legitimate) {
        g_hash_table_add(world->legitimate, GUINT_TO_POINTER(address));
    }
    return host;
}

/* ---- TLS ---- */

static LzCredential *issue(LzWorld *world, const char *name, const LzTlsPlan *tls, const char *key_owner, int certificate,
                           GError **error)
{
    enum { VALID, EXPIRED, NOT_YET_VALID, FOREIGN_CA };
    int64_t start_s = world->plan->start_unix_s, lifetime_s = world->plan->device_lifetime_ns / LZ_NS_PER_S;
    int64_t valid_from_s = start_s - (lifetime_s > 2 * DAY_S ? DAY_S : 0);      /* a short-lived one is made at the start */
    LzCertificateRequest request = {
        .name = name,
        .key = (LzKeyType)tls->key,
        .can_encipher = lz_tls_plan_has(tls, LZ_EXCHANGE_RSA),
        .has_psk = lz_tls_plan_has(tls, LZ_EXCHANGE_PSK) || lz_tls_plan_has(tls, LZ_EXCHANGE_PSK_DHE),
        .not_before_unix_s = valid_from_s,
        .not_after_unix_s = valid_from_s + lifetime_s,
        .is_foreign_ca = certificate == FOREIGN_CA,
    };
    if (certificate == EXPIRED) {
        request.not_before_unix_s = start_s - DAY_S - lifetime_s;
        request.not_after_unix_s = start_s - DAY_S;
    } else if (certificate == NOT_YET_VALID) {
        request.not_before_unix_s = start_s + world->plan->run.duration_ns / LZ_NS_PER_S + DAY_S;
        request.not_after_unix_s = request.not_before_unix_s + lifetime_s;
    }
    return lz_pki_issue(world->pki, &request, key_owner, error);
}

static LzTlsProfileOptions profile_options(const LzWorld *world, const LzTlsPlan *tls, LzCredential *credential, const char *entity)
{
    return (LzTlsProfileOptions){
        .is_server = credential != NULL,
        .dtls = {.is_datagram = tls->is_datagram,
                 .has_srtp = tls->has_srtp,
                 .has_cookies = tls->dtls.has_cookies,
                 .has_connection_id = tls->dtls.has_connection_id,
                 .retransmit_ns = tls->dtls.retransmit_ns,
                 .retransmit_max_ns = tls->dtls.retransmit_max_ns,
                 .mtu_bytes = (uint32_t)tls->dtls.mtu_bytes},
        .min_version = (LzTlsVersion)tls->min,
        .max_version = (LzTlsVersion)tls->max,
        .is_mutual = tls->client_auth != 0,
        .has_tickets = tls->resume,
        .ticket_lifetime_ns = tls->ticket_lifetime_ns,
        .groups = lz_tls_choices(&tls->groups, lz_group_words),
        .suites = lz_tls_choices(&tls->suites, lz_suite_words),
        .exchanges = lz_tls_choices(&tls->exchanges, lz_exchange_words),
        .is_hybrid = tls->is_hybrid,
        .credential = credential,
        .trust = world->pki,
        .seed = world->seed,
        .entity = lz_entity_id(entity),
    };
}

LzTlsProfile *lz_world_tls_profile(LzWorld *world, const LzTlsPlan *tls, LzCredential *credential, const char *entity,
                                   GError **error)
{
    LzTlsProfileOptions options = profile_options(world, tls, credential, entity);
    return lz_tls_profile_new(&options, error);
}

/* ---- services ---- */

static gboolean build_service_profile(LzWorld *world, Service *service, GError **error)
{
    const LzServiceOps *ops = service->plan->kind.model->ops;
    LzTlsProfileOptions options = profile_options(world, &service->plan->tls, service->credential, service->plan->name.text);
    options.also_trust = ops->knows_manufacturers ? world->manufacturer : NULL;
    bool asks = service->plan->tls.status.method != 0;
    options.keeps_certificates = ops->knows_manufacturers || asks;
    /* EAP ends before anybody could resume; and a session that is resumed shows no certificate that could be asked about. */
    options.has_tickets = options.has_tickets && !ops->carries_tls && !asks;
    service->tls = lz_tls_profile_new(&options, error);
    return service->tls && lz_world_build_policy(world, service, &options, error);
}

static void add_guards(LzWorld *world, Service *service)
{
    LzElement *input = lz_host_input(service->host);
    for (unsigned i = 0; i < world->plan->defences.count; i++) {
        const LzDefencePlan *plan = &LZ_PLAN_ITEMS(world->plan->defences, LzDefencePlan)[i];
        if (strcmp(plan->where.text, service->plan->name.text) != 0) {
            continue;
        }
        if (!service->attachment.guards) {
            service->attachment.guards = g_ptr_array_new_with_free_func((GDestroyNotify)lz_guard_free);
        }
        LzGuard *guard = lz_world_guard_new(world, plan, input);
        g_ptr_array_add(service->attachment.guards, guard);
        input = lz_guard_input(guard);
    }
    Medium *medium = lz_world_medium(world, service->plan->link.text);
    lz_link_set_sink(medium->link, medium->attached - 1, LZ_DOWN, input);
}

LzAddress lz_world_address_of(void *owner, const char *name)
{
    LzWorld *world = owner;
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        const Service *service = &world->services[i];
        if (service->host && strcmp(service->plan->name.text, name) == 0) {
            return lz_host_address(service->host);
        }
    }
    return 0;
}

static gboolean build_service(LzWorld *world, Service *service, const LzServicePlan *plan, GError **error)
{
    const char *name = plan->name.text;
    service->world = world;
    service->plan = plan;
    service->scope = lz_probe_scope(world->probes, LZ_SCOPE_SERVICE, name, NULL);
    set_service_tcp(world, service);
    HostRequest request = {
        .name = name,
        .owner = name,
        .medium = lz_world_medium(world, plan->link.text),
        .cpu = plan->cpu_class,
        .cores = (unsigned)plan->cpu_cores,
        .is_legitimate = true,
        .service_scope = service->scope,
        .tcp = &service->tcp,
        .policy = lz_world_policy(service),
    };
    service->zone = request.medium->zone;
    service->host = attach_host(world, &request, &service->attachment);
    add_guards(world, service);
    if (plan->tls.is_enabled) {
        service->credential = issue(world, name, &plan->tls, NULL, 0, error);
        if (!service->credential) {
            return FALSE;
        }
        if (!build_service_profile(world, service, error)) {
            return FALSE;
        }
    } else if (!lz_world_build_policy(world, service, NULL, error)) {
        return FALSE;
    }
    lz_world_build_status(world, service);
    LzServiceContext context = {
        .host = service->host,
        .listen = {.port = (uint16_t)plan->port,
                   .backlog = (unsigned)plan->backlog,
                   .tls = service->tls,
                   .handshake_timeout_ns = plan->handshake_timeout_ns,
                   .status = service->status},
        .scope = service->scope,
        .address_of = lz_world_address_of,
        .site = lz_world_build_site(world),
        .owner = world,
    };
    const LzServiceOps *ops = plan->kind.model->ops;
    g_autofree char *entity = g_strdup_printf("%s/service", name);
    LzEnv env = lz_world_env(world, entity);
    service->state = g_malloc0(plan->kind.model->state_size);
    ops->init(service->state, plan->kind.config, &context, &env);
    ops->start(service->state);
    return TRUE;
}

/* ---- fleets ---- */

static void build_flows(LzWorld *world, Fleet *fleet)
{
    const LzList *flows = &fleet->plan->resolved->flows;
    fleet->flow_count = flows->count;
    fleet->flows = g_new0(LzDeviceFlow, flows->count);
    for (unsigned i = 0; i < flows->count; i++) {
        const LzFlowPlan *plan = &LZ_PLAN_ITEMS(*flows, LzFlowPlan)[i];
        fleet->flows[i] = (LzDeviceFlow){
            .name = plan->name.text,
            .publish = plan->publish.text,
            .behaviour = plan->behaviour.model,
            .config = plan->behaviour.config,
            .qos = (int)plan->qos,
            .dscp = (uint8_t)plan->dscp,
            .is_background = plan->carried != LZ_CARRIED_PACKET,
            .deadline_ns = plan->deadline_ns > 0 ? plan->deadline_ns : LZ_TIME_NEVER,
            .scope = lz_probe_scope(world->probes, LZ_SCOPE_FLOW, plan->name.text, fleet->plan->name.text),
            .diurnal = plan->day,
            .start_of_day_ns = world->plan->start_unix_s % DAY_S * LZ_NS_PER_S,
        };
    }
}

static bool is_captured(const LzWorld *world, const Fleet *fleet, const char *name, unsigned number)
{
    const LzCapturePlan *capture = &world->plan->record.pcapng;
    if (capture->device.text) {
        return strcmp(capture->device.text, name) == 0;
    }
    return capture->fleet.text && strcmp(capture->fleet.text, fleet->plan->name.text) == 0 && number <= capture->first;
}

static void start_device(void *owner)
{
    Device *device = owner;
    device->has_started = true;
    lz_world_onboarding_began(device);
    lz_world_device_update(device);
}

static gboolean build_device_tls(LzWorld *world, Device *device, GError **error)
{
    const LzFleetPlan *fleet = device->fleet->plan;
    const LzTlsPlan *tls = &fleet->connect.tls;
    if (!lz_world_fleet_speaks_tls(device->fleet) || fleet->onboarding.method == LZ_ONBOARDING_EST) {
        return TRUE;
    }
    const char *key_owner = lz_key_is_rsa((LzKeyType)tls->key) ? fleet->name.text : NULL;
    device->credential = issue(world, device->name, tls, key_owner, fleet->certificate, error);
    return device->credential != NULL;
}

static gboolean build_device(LzWorld *world, Device *device, Fleet *fleet, unsigned number, GError **error)
{
    const LzFleetPlan *plan = fleet->plan;
    const LzConnectPlan *connect = &plan->connect;
    device->fleet = fleet;
    char *name = g_strdup_printf("%s[%u]", plan->name.text, number);
    g_ptr_array_add(world->names, name);
    device->name = name;
    if (!build_device_tls(world, device, error) || !lz_world_build_onboarding(world, device, number, error)) {
        return FALSE;
    }
    const bool has_taps = is_captured(world, fleet, device->name, number);
    HostRequest request = {
        .name = device->name,
        .owner = plan->name.text,
        .medium = &world->media[plan->links[(number - 1) % plan->link_count]],
        .cpu = plan->cpu_class,
        .cores = 1,
        .keeps_tickets = connect->tls.resume,
        .is_captured = has_taps,
        .shows_secrets = has_taps || world->plan->record.pcapng.link.text,
        .is_legitimate = true,
        .tls_scope = fleet->tls_scope,
        .needs = plan->dhcp.text || plan->ntp.text || plan->dns.text ? &fleet->needs : NULL,
        .tcp = &fleet->tcp,
        .pcp_word = plan->pcp,
        .onboarding = device->onboarding,
    };
    device->medium = request.medium;
    device->zone = request.medium->zone;
    LzDeviceOptions options = {
        .fleet = plan->name.text,
        .zone = world->zones[device->zone].plan->name.text,
        .number = number,
        .flows = fleet->flows,
        .flow_count = fleet->flow_count,
        .more_count = plan->connections.count,
        .more = fleet->more_options,
        .client = connect->client.model,
        .client_config = connect->client.config,
        .connect = fleet->connect,
        .tls_scope = fleet->tls_scope,
        .ready = lz_world_device_ready,
        .owner = device,
    };
    options.connect.credential = device->credential;
    request.room_bytes = lz_device_room_bytes(&options);
    device->host = attach_host(world, &request, &device->attachment);
    device->device = lz_device_new(device->host, &options);
    lz_world_note_device(world, device);
    lz_world_note_standing(world, device);
    LzRandom random;
    lz_env_random(lz_host_env(device->host), LZ_PURPOSE_START, &random);
    device->start_ns = lz_dist_draw(&connect->start, &random);
    if (plan->clock_error.kind != LZ_DIST_CONSTANT || plan->clock_error.a_ns > 0) {
        lz_env_random(lz_host_env(device->host), LZ_PURPOSE_FAULT, &random);
        lz_host_set_clock_skew(device->host, lz_dist_draw(&plan->clock_error, &random));
    }
    lz_event_init(&device->start, start_device, device);
    lz_timer_at(world->scheduler, &device->start, device->start_ns);
    for (unsigned i = 0; i <= plan->connections.count; i++) {
        lz_world_service_of_connection(fleet, i)->devices++;
    }
    return TRUE;
}

static LzHostNeed need_of(LzWorld *world, const LzText *name)
{
    const Service *service = name->text ? lz_world_service(world, name->text) : NULL;
    return service ? (LzHostNeed){lz_host_address(service->host), (uint16_t)service->plan->port} : (LzHostNeed){0};
}

static gboolean build_fleets(LzWorld *world, GError **error)
{
    unsigned next = 0;
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        Fleet *fleet = &world->fleets[i];
        const LzFleetPlan *plan = &LZ_PLAN_ITEMS(world->plan->fleet, LzFleetPlan)[i];
        fleet->world = world;
        fleet->plan = plan;
        fleet->service = lz_world_service(world, plan->connect.to.text);
        fleet->scope = lz_probe_scope(world->probes, LZ_SCOPE_FLEET, plan->name.text, plan->name.text);
        fleet->tls_scope = lz_probe_scope(world->probes, LZ_SCOPE_TLS, "", plan->name.text);
        set_fleet_tcp(world, fleet);
        build_flows(world, fleet);
        fleet->needs = (LzHostNeeds){need_of(world, &plan->dhcp), need_of(world, &plan->ntp), need_of(world, &plan->dns)};
        if (!lz_world_build_connections(world, fleet, error) || !lz_world_build_fleet_onboarding(world, fleet, error)) {
            return FALSE;
        }
        for (unsigned number = 1; number <= plan->count; number++, next++) {
            if (!build_device(world, &world->devices[next], fleet, number, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* ---- attacks ---- */

static void attack_start(void *owner)
{
    Attack *attack = owner;
    attack->is_running = true;
    lz_probe_trace(attack->world->probes, LZ_TRACE_ATTACK, NULL, NULL, NULL, 0, 1, attack->plan->name.text);
    ((const LzAttackOps *)attack->plan->kind.model->ops)->start(attack->state);
}

static void attack_stop(void *owner)
{
    Attack *attack = owner;
    attack->is_running = false;
    ((const LzAttackOps *)attack->plan->kind.model->ops)->stop(attack->state);
    lz_probe_trace(attack->world->probes, LZ_TRACE_ATTACK, NULL, NULL, NULL, 0, 0, attack->plan->name.text);
}

static gboolean build_attack(LzWorld *world, Attack *attack, const LzAttackPlan *plan, GError **error)
{
    attack->world = world;
    attack->plan = plan;
    attack->host_count = (unsigned)plan->from.hosts;
    attack->hosts = g_new0(LzHost *, attack->host_count);
    for (unsigned i = 0; i < attack->host_count; i++) {
        Attachment none = {0};
        char *name = g_strdup_printf("%s[%u]", plan->name.text, i + 1);
        g_ptr_array_add(world->names, name);
        HostRequest request = {
            .name = name,
            .owner = plan->name.text,
            .medium = lz_world_medium(world, plan->from.link.text),
            .cpu = plan->from.cpu_class,
            .cores = 1,
            .tcp = &lz_tcp_options_default,
        };
        attack->hosts[i] = attach_host(world, &request, &none);
    }
    Service *target = lz_world_service(world, plan->target.text);
    if (target->tls && plan->tls.is_enabled) {
        attack->tls = lz_world_tls_profile(world, &plan->tls, NULL, plan->name.text, error);
        if (!attack->tls) {
            return FALSE;
        }
    }
    LzAttackContext context = {
        .hosts = attack->hosts,
        .host_count = attack->host_count,
        .target = {.address = lz_host_address(target->host),
                   .port = (uint16_t)target->plan->port,
                   .tls = attack->tls,
                   .server_name = target->plan->name.text},
        .scope = lz_probe_scope(world->probes, LZ_SCOPE_ATTACK, plan->name.text, NULL),
    };
    LzEnv env = lz_world_env(world, plan->name.text);
    attack->state = g_malloc0(plan->kind.model->state_size);
    ((const LzAttackOps *)plan->kind.model->ops)->init(attack->state, plan->kind.config, &context, &env);
    lz_event_init(&attack->start, attack_start, attack);
    lz_event_init(&attack->stop, attack_stop, attack);
    lz_timer_at(world->scheduler, &attack->start, plan->at_ns);
    lz_timer_at(world->scheduler, &attack->stop, plan->at_ns + plan->for_ns);
    return TRUE;
}

/* ---- all of it ---- */

static void allocate(LzWorld *world)
{
    const LzPlan *plan = world->plan;
    world->mud = lz_mud_book_new();
    world->zones = g_new0(Zone, plan->network.zones.count);
    world->media = g_new0(Medium, plan->network.links.count);
    world->services = g_new0(Service, plan->services.count);
    world->fleets = g_new0(Fleet, plan->fleet.count);
    world->device_count = plan->device_count;
    world->devices = g_new0(Device, plan->device_count);
    world->attacks = g_new0(Attack, plan->attacks.count);
    g_autoptr(GHashTable) zones = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < plan->network.zones.count; i++) {
        const char *name = LZ_PLAN_ITEMS(plan->network.zones, LzZonePlan)[i].name.text;
        g_hash_table_insert(zones, (gpointer)(uintptr_t)name, GUINT_TO_POINTER(i));
    }
    for (unsigned i = 0; i < plan->network.links.count; i++) {
        const LzLinkPlan *link = &LZ_PLAN_ITEMS(plan->network.links, LzLinkPlan)[i];
        const char *from = link->zone.text ? link->zone.text : link->from.text;
        world->media[i] = (Medium){.plan = link, .zone = GPOINTER_TO_UINT(g_hash_table_lookup(zones, from))};
        world->media[i].to =
            link->to.text ? GPOINTER_TO_UINT(g_hash_table_lookup(zones, link->to.text)) : world->media[i].zone;
    }
}

static LzPki *make_pki(const LzWorld *world, GError **error)
{
    LzPkiOptions options = {
        .seed = world->seed,
        .start_unix_s = world->plan->start_unix_s,
        .ca_key = (LzKeyType)world->plan->pki_issuing,
        .intermediates = (unsigned)world->plan->pki_intermediates,
        .has_verify_memo = true,
        .workers = world->workers,
    };
    return lz_pki_new(&options, error);
}

gboolean lz_world_build(LzWorld *world, GError **error)
{
    const LzPlan *plan = world->plan;
    allocate(world);
    world->pki = make_pki(world, error);
    if (!world->pki || !lz_world_build_manufacturer(world, error) || !lz_world_build_switches(world, error)) {
        return FALSE;
    }
    lz_world_build_addresses(world);
    lz_world_build_media(world);
    lz_world_build_zone_guards(world);
    lz_world_route(world);
    for (unsigned i = 0; i < plan->services.count; i++) {
        if (!build_service(world, &world->services[i], &LZ_PLAN_ITEMS(plan->services, LzServicePlan)[i], error)) {
            return FALSE;
        }
    }
    if (!build_fleets(world, error)) {
        return FALSE;
    }
    lz_world_build_background(world);
    for (unsigned i = 0; i < plan->attacks.count; i++) {
        if (!build_attack(world, &world->attacks[i], &LZ_PLAN_ITEMS(plan->attacks, LzAttackPlan)[i], error)) {
            return FALSE;
        }
    }
    lz_world_build_faults(world);
    return TRUE;
}
