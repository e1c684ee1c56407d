/* How devices get into the network: switches that admit nobody unasked, manufacturers' certificates, good ones and bad ones,
 * people who do it by hand, and what of all this is counted. */
#include <string.h>

#include "lazaret/protocol/radius.h"
#include "sim/world_internal.h"

#define PPB INT64_C(1000000000)
#define YEAR_9999_S INT64_C(253402300799)       /* 99991231235959Z: IEEE 802.1AR 8.7 by RFC 5280 4.1.2.5 */
#define YEAR_S INT64_C(31557600)

static bool has_supplicant(const LzFleetPlan *plan)
{
    return plan->onboarding.method == LZ_ONBOARDING_EST;
}

static LzGroup home_of(const LzWorld *world, const LzFleetPlan *plan)
{
    return world->segment_of ? (LzGroup)GPOINTER_TO_UINT(g_hash_table_lookup(world->segment_of, plan->name.text))
                             : LZ_GROUP_NONE;
}

/* The first groups are the segments, in plan order. */
static const char *segment_name(const LzWorld *world, LzGroup group)
{
    return group != LZ_GROUP_NONE ? LZ_PLAN_ITEMS(world->plan->segments, LzSegmentPlan)[group - 1].name.text : "";
}

static void count(const Onboarding *onboarding, LzMetric metric)
{
    const Fleet *fleet = onboarding->device->fleet;
    lz_probe_count(fleet->world->probes, fleet->onboarding_scope, metric, 1);
}

/* ---- the site's inventory ---- */

static void mac_of(LzAddress address, uint8_t ret_mac[6])       /* as captures show it */
{
    const uint8_t mac[6] = {0x02, 0x4c, 0x5a, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};
    memcpy(ret_mac, mac, sizeof mac);
}

static bool record_of(const Device *device, LzDeviceRecord *ret_record)
{
    if (!device) {
        return false;
    }
    const LzWorld *world = device->fleet->world;
    ret_record->name = device->name;
    ret_record->segment = segment_name(world, home_of(world, device->fleet->plan));
    mac_of(lz_host_address(device->host), ret_record->mac);
    return true;
}

static Device *find(const LzWorld *world, const char *name)
{
    return world->bought ? g_hash_table_lookup(world->bought, name) : NULL;
}

static bool find_device(void *owner, const char *name, LzDeviceRecord *ret_record)
{
    return record_of(find(owner, name), ret_record);
}

static bool find_station(void *owner, const uint8_t mac[6], LzDeviceRecord *ret_record)
{
    const LzWorld *world = owner;
    LzAddress address = LZ_ADDRESS_BASE | (LzAddress)mac[3] << 16 | (LzAddress)mac[4] << 8 | mac[5];
    const Device *device = world->bought_by_address ? g_hash_table_lookup(world->bought_by_address, GUINT_TO_POINTER(address))
                                                    : NULL;
    uint8_t whole[6];
    mac_of(address, whole);
    return memcmp(mac, whole, sizeof whole) == 0 && record_of(device, ret_record);
}

static void touched(void *owner, const char *name)
{
    Device *device = find(owner, name);
    if (device && device->onboarding) {
        count(device->onboarding, LZ_METRIC_ONBOARDING_TOUCHES);
    }
}

static void enforce_mud(void *owner, const char *name, const char *url)
{
    const Device *device = find(owner, name);
    if (device) {
        lz_world_enforce_mud(owner, device, url);
    }
}

const LzSite *lz_world_build_site(LzWorld *world)
{
    world->site = (LzSite){.authority = world->pki, .find_device = find_device, .find_station = find_station, .touched = touched,
                           .enforce_mud = enforce_mud, .issued = lz_world_issued, .revoked = lz_world_revoked, .is_barred = lz_world_is_barred};
    return &world->site;
}

/* ---- the switches' ports ---- */

static bool is_admission_wrong(const Onboarding *onboarding, LzGroup group)
{
    const LzWorld *world = onboarding->device->fleet->world;
    LzGroup home = home_of(world, onboarding->device->fleet->plan);
    bool is_somebodys = group != LZ_GROUP_NONE && LZ_PLAN_ITEMS(world->plan->segments, LzSegmentPlan)[group - 1].members.count > 0;
    return group != home && (is_somebodys || onboarding->is_enrolled);
}

static void count_admission(Onboarding *onboarding, LzGroup group)
{
    const LzWorld *world = onboarding->device->fleet->world;
    if (onboarding->is_bad) {
        count(onboarding, LZ_METRIC_ONBOARDING_BAD_ADMITTED);
        return;
    }
    if (is_admission_wrong(onboarding, group)) {
        count(onboarding, LZ_METRIC_ONBOARDING_WRONG_SEGMENT);
        return;
    }
    bool is_home = group == home_of(world, onboarding->device->fleet->plan) &&
                   (onboarding->is_enrolled || !has_supplicant(onboarding->device->fleet->plan));
    if (is_home && !onboarding->was_admitted) {
        onboarding->was_admitted = true;
        count(onboarding, LZ_METRIC_ONBOARDING_ADMITTED);
    }
}

static void join(Onboarding *onboarding, LzGroup group)
{
    LzWorld *world = onboarding->device->fleet->world;
    if (world->addresses) {
        lz_address_book_move(world->addresses, lz_host_address(onboarding->device->host), group);
    }
}

static void admitted(void *owner, const char *group_name)
{
    Onboarding *onboarding = owner;
    const LzWorld *world = onboarding->device->fleet->world;
    LzGroup group = group_name && world->addresses ? lz_address_book_group(world->addresses, group_name) : LZ_GROUP_NONE;
    join(onboarding, group);
    lz_world_note_presence(onboarding->device,
                           group_name && onboarding->is_enrolled && group == home_of(world, onboarding->device->fleet->plan));
    if (group_name) {
        count_admission(onboarding, group);
    } else {
        lz_mud_book_forget(world->mud, lz_host_address(onboarding->device->host));
    }
}

static void rejected(void *owner)
{
    count(owner, LZ_METRIC_ONBOARDING_REJECTED);
}

/* What the switch's own RADIUS looks like, of the ports whose devices are captured. */
typedef struct SwitchSeen {
    LzTap in, out;
    LzWorld *world;
    char *name;
    GHashTable *ports;                  /* UDP ports; look-up only */
} SwitchSeen;

static void show(const SwitchSeen *seen, const LzPacket *packet, bool is_outgoing)
{
    uint16_t port = is_outgoing ? packet->source_port : packet->destination_port;
    const LzWorldObserver *observer = &seen->world->observer;
    if (g_hash_table_contains(seen->ports, GUINT_TO_POINTER(port))) {
        observer->packet(observer->self, seen->name, lz_now(seen->world->scheduler), packet, is_outgoing);
    }
}

static void seen_in(void *self, const LzPacket *packet)
{
    show(self, packet, false);
}

static void seen_out(void *self, const LzPacket *packet)
{
    show(self, packet, true);
}

static SwitchSeen *switch_seen_new(LzWorld *world, unsigned number, LzElement *output)
{
    SwitchSeen *seen = g_new0(SwitchSeen, 1);
    seen->world = world;
    seen->name = g_strdup_printf("switch %u", number + 1);
    seen->ports = g_hash_table_new(NULL, NULL);
    lz_tap_init(&seen->out, output, seen_out, seen);
    return seen;
}

static void switch_seen_free(SwitchSeen *seen)
{
    if (seen) {
        g_hash_table_unref(seen->ports);
        g_free(seen->name);
        g_free(seen);
    }
}

/* The switch's own address is the last of its prefix, in the segment of the server that it asks. */
static void build_authenticator(LzWorld *world, Switch *one, const char *nac)
{
    LzAddress address = one->prefix + (UINT32_C(1) << world->host_bits) - 1;
    LzElement *output = lz_world_join_segment(world, nac, address, lz_switch_input(one->switch_));
    if (world->addresses) {
        lz_address_book_add(world->addresses, address, lz_address_book_segment(world->addresses, address), LZ_GROUP_NONE);
    }
    if (world->observer.packet) {
        one->seen = switch_seen_new(world, (unsigned)(one - world->switches), output);
        output = &one->seen->out.base;
    }
    g_autofree char *name = g_strdup_printf("switch/%u", (unsigned)(one - world->switches));
    LzEnv env = lz_world_env(world, name);
    const LzAuthenticatorOptions options = {.address = address, .output = output};
    one->authenticator = lz_authenticator_new(&env, &options);
    LzElement *input = lz_authenticator_input(one->authenticator);
    if (one->seen) {
        lz_tap_init(&one->seen->in, input, seen_in, one->seen);
        input = &one->seen->in.base;
    }
    lz_switch_add_route(one->switch_, address, 32, input);
}

LzAccessPort *lz_world_add_port(Onboarding *onboarding, Switch *one, LzAddress address, LzElement *to_device, bool is_captured)
{
    Fleet *fleet = onboarding->device->fleet;
    LzWorld *world = fleet->world;
    const LzOnboardingPlan *plan = &fleet->plan->onboarding;
    if (!one->authenticator) {
        build_authenticator(world, one, plan->nac.text ? plan->nac.text : fleet->service->plan->name.text);
    }
    LzAccessPortOptions options = {
        .device = address,
        .server = fleet->nac ? lz_host_address(fleet->nac->host) : 0,
        .server_port = fleet->nac ? (uint16_t)fleet->nac->plan->port : 0,
        .fallback_ns = plan->method == LZ_ONBOARDING_MAB ? plan->fallback_ns : LZ_TIME_NEVER,
        .up = lz_switch_input(one->switch_),
        .down = to_device,
        .admitted = admitted,
        .rejected = rejected,
        .owner = onboarding,
    };
    bool is_disguised = plan->method == LZ_ONBOARDING_MAB && onboarding->victim;
    mac_of(is_disguised ? lz_host_address(onboarding->victim->host) : address, options.mac);
    if (onboarding->is_bad && plan->method == LZ_ONBOARDING_MAB && !is_disguised) {
        options.mac[0] |= 0x40;         /* of somebody else's making: in no inventory */
    }
    g_autofree char *name = g_strdup_printf("%s/port", onboarding->device->name);
    LzEnv env = lz_world_env(world, name);
    onboarding->port = lz_access_port_new(one->authenticator, &env, &options);
    if (one->seen && is_captured) {
        g_hash_table_add(one->seen->ports, GUINT_TO_POINTER(lz_access_port_source(onboarding->port)));
    }
    if (plan->method == LZ_ONBOARDING_MANUAL) {
        lz_access_port_set_by_hand(onboarding->port, false);
    }
    if (world->addresses) {
        lz_address_book_move(world->addresses, address, LZ_GROUP_NONE);
    }
    return onboarding->port;
}

void lz_world_free_authenticator(Switch *one)
{
    lz_authenticator_free(one->authenticator);
    switch_seen_free(one->seen);
}

/* ---- what devices come with ---- */

/* Spread evenly: of the first n devices, n times the share are bad. */
static int64_t bad_among(const LzFleetPlan *plan, int64_t devices)
{
    return (int64_t)((__int128)devices * plan->onboarding.bad.share_ppb / PPB);
}

static LzBadKind bad_kind(const LzBadPlan *plan, int64_t index)
{
    if (plan->kinds.count == 0) {
        return (LzBadKind)(index % LZ_BAD_KIND_COUNT);
    }
    LzBadKind kind = 0;
    while (strcmp(plan->kinds.items[index % plan->kinds.count].text, lz_bad_words[kind]) != 0) {
        kind++;
    }
    return kind;
}

static LzCredential *issue_device_id(LzWorld *world, const Device *device, LzKeyType key, LzBadKind kind, GError **error)
{
    int64_t start_s = world->plan->start_unix_s;
    g_autofree char *url = lz_world_mud_url(device->fleet->plan);
    const LzCertificateRequest request = {
        .name = device->name,
        .key = key,
        .not_before_unix_s = start_s - YEAR_S,
        .not_after_unix_s = kind == LZ_BAD_EXPIRED ? start_s - 1 : YEAR_9999_S,
        .is_foreign_ca = kind == LZ_BAD_UNKNOWN_CA,
        .is_device_id = true,
        .mud_url = url,
    };
    const char *key_owner = lz_key_is_rsa((LzKeyType)key) ? device->fleet->plan->name.text : NULL;
    return lz_pki_issue(world->manufacturer, &request, key_owner, error);
}

/* The next one that is good, as its own or as whose it pretends to be. */
static Device *victim_of(Device *device, unsigned number)
{
    const LzFleetPlan *plan = device->fleet->plan;
    bool has_next = number < plan->count && bad_among(plan, number + 1) == bad_among(plan, number);
    bool has_previous = number > 1 && bad_among(plan, number - 1) == (number > 2 ? bad_among(plan, number - 2) : 0);
    return has_previous ? device - 1 : has_next ? device + 1 : NULL;
}

static gboolean choose_device_id(LzWorld *world, Onboarding *onboarding, LzBadKind kind, GError **error)
{
    const Device *device = onboarding->device;
    LzKeyType key = (LzKeyType)device->fleet->plan->connect.tls.key;
    const Device *named = onboarding->victim ? onboarding->victim : device;
    onboarding->device_id = issue_device_id(world, named, key, onboarding->is_bad ? kind : LZ_BAD_KIND_COUNT, error);
    if (onboarding->device_id && onboarding->is_bad && kind == LZ_BAD_COPIED) {
        g_autofree char *owner = g_strdup_printf("%s/own", device->name);
        lz_credential_mismatch(onboarding->device_id, owner);
    }
    return onboarding->device_id != NULL;
}

static void fill_options(LzWorld *world, Onboarding *onboarding)
{
    const Fleet *fleet = onboarding->device->fleet;
    const LzOnboardingPlan *plan = &fleet->plan->onboarding;
    onboarding->options = (LzHostOnboarding){
        .device_id = onboarding->device_id,
        .eap = fleet->onboarding_tls,
        .est = fleet->onboarding_tls,
        .nac_name = plan->nac.text,
        .registrar_name = plan->registrar.text,
        .registrar = lz_host_address(fleet->registrar->host),
        .registrar_port = (uint16_t)fleet->registrar->plan->port,
        .fragment_bytes = (uint32_t)plan->fragment_bytes,
        .site = world->pki,
        .key = (LzKeyType)fleet->plan->connect.tls.key,
        .renew_ppb = plan->renew_ppb,
        .renew_jitter_ppb = plan->renew_jitter_ppb,
    };
}

gboolean lz_world_build_onboarding(LzWorld *world, Device *device, unsigned number, GError **error)
{
    const LzFleetPlan *plan = device->fleet->plan;
    if (plan->onboarding.method == LZ_ONBOARDING_NONE) {
        return TRUE;
    }
    Onboarding *onboarding = g_new0(Onboarding, 1);
    device->onboarding = onboarding;
    onboarding->device = device;
    int64_t bad_before = bad_among(plan, number - 1);
    onboarding->is_bad = bad_among(plan, number) > bad_before;
    LzBadKind kind = bad_kind(&plan->onboarding.bad, bad_before);
    if (onboarding->is_bad && (kind == LZ_BAD_CLONED || kind == LZ_BAD_COPIED)) {
        onboarding->victim = victim_of(device, number);
    }
    if (!has_supplicant(plan)) {
        return TRUE;
    }
    if (!choose_device_id(world, onboarding, kind, error)) {
        return FALSE;
    }
    fill_options(world, onboarding);
    return TRUE;
}

/* ---- by hand ---- */

static void mistake_found(void *owner)
{
    Onboarding *onboarding = owner;
    const LzWorld *world = onboarding->device->fleet->world;
    LzGroup home = home_of(world, onboarding->device->fleet->plan);
    count(onboarding, LZ_METRIC_ONBOARDING_TOUCHES);
    join(onboarding, home);
    count_admission(onboarding, home);
}

/* Any segment but the right one. */
static LzGroup wrong_segment(const LzWorld *world, LzGroup home, LzRandom *random)
{
    uint32_t segments = world->plan->segments.count;
    if (segments < 2) {
        return LZ_GROUP_NONE;
    }
    LzGroup group = (LzGroup)(1 + lz_random_below(random, segments - 1));
    return (LzGroup)(group + (home != LZ_GROUP_NONE && group >= home));
}

static void handled(void *owner)
{
    Onboarding *onboarding = owner;
    const LzWorld *world = onboarding->device->fleet->world;
    const LzManualPlan *plan = &onboarding->device->fleet->plan->onboarding.manual;
    LzGroup home = home_of(world, onboarding->device->fleet->plan), group = home;
    if (lz_random_below(&onboarding->random, (uint64_t)PPB) < plan->mistakes_ppb) {
        group = wrong_segment(world, home, &onboarding->random);
        lz_timer_after(world->scheduler, &onboarding->correction, lz_dist_draw(&plan->correction, &onboarding->random));
    }
    count(onboarding, LZ_METRIC_ONBOARDING_TOUCHES);
    lz_access_port_set_by_hand(onboarding->port, true);
    onboarding->is_enrolled = true;             /* its certificate was put into it */
    if (!onboarding->is_bad) {
        count(onboarding, LZ_METRIC_ONBOARDING_ENROLLED);
    }
    join(onboarding, group);
    count_admission(onboarding, group);
    lz_world_device_update(onboarding->device);
}

/* Whoever of them is free first takes the next device, in order of arrival. */
static void call_technician(Onboarding *onboarding)
{
    Fleet *fleet = onboarding->device->fleet;
    const LzManualPlan *plan = &fleet->plan->onboarding.manual;
    LzTime now_ns = lz_now(fleet->world->scheduler);
    fleet->free_at_ns = fleet->free_at_ns ? fleet->free_at_ns : g_new0(LzTime, (gsize)plan->technicians);
    int64_t first = 0;
    for (int64_t i = 1; i < plan->technicians; i++) {
        first = fleet->free_at_ns[i] < fleet->free_at_ns[first] ? i : first;
    }
    LzTime done_ns = MAX(now_ns, fleet->free_at_ns[first]) + lz_dist_draw(&plan->time, &onboarding->random);
    fleet->free_at_ns[first] = done_ns;
    lz_timer_at(fleet->world->scheduler, &onboarding->handling, done_ns);
}

/* ---- its life ---- */

void lz_world_onboarding_began(Device *device)
{
    Onboarding *onboarding = device->onboarding;
    const Fleet *fleet = device->fleet;
    if (!onboarding || onboarding->has_begun) {
        return;
    }
    onboarding->has_begun = true;
    onboarding->begun_ns = lz_now(fleet->world->scheduler);
    if (!onboarding->is_bad) {
        lz_probe_count_whole(fleet->world->probes, fleet->onboarding_scope, LZ_METRIC_ONBOARDING_ADMITTED, 1);
        lz_probe_count_whole(fleet->world->probes, fleet->onboarding_scope, LZ_METRIC_ONBOARDING_ENROLLED, 1);
    }
    if (fleet->plan->onboarding.method == LZ_ONBOARDING_MANUAL) {
        LzEnv env = lz_world_env(fleet->world, device->name);
        lz_env_random(&env, LZ_PURPOSE_ONBOARDING, &onboarding->random);
        lz_event_init(&onboarding->handling, handled, onboarding);
        lz_event_init(&onboarding->correction, mistake_found, onboarding);
        call_technician(onboarding);
    }
}

bool lz_world_onboarding_holds(const Device *device)
{
    const Onboarding *onboarding = device->onboarding;
    return onboarding && device->fleet->plan->onboarding.method == LZ_ONBOARDING_MANUAL && !onboarding->is_enrolled;
}

void lz_world_onboarding_ready(Device *device)
{
    Onboarding *onboarding = device->onboarding;
    if (onboarding && !onboarding->is_bad && !onboarding->was_ready) {
        const Fleet *fleet = device->fleet;
        onboarding->was_ready = true;
        lz_probe_sample(fleet->world->probes, fleet->onboarding_scope, LZ_METRIC_ONBOARDING_TIME,
                        lz_now(fleet->world->scheduler) - onboarding->begun_ns);
    }
}

void lz_world_onboarded(void *owner, LzOnboardingEvent event)
{
    static const LzMetric metrics[] = {
        [LZ_ONBOARDING_ENROLLED] = LZ_METRIC_ONBOARDING_ENROLLED,
        [LZ_ONBOARDING_RENEWED] = LZ_METRIC_ONBOARDING_RENEWED,
        [LZ_ONBOARDING_EXPIRED] = LZ_METRIC_ONBOARDING_EXPIRED,
        [LZ_ONBOARDING_REFUSED] = LZ_METRIC_ONBOARDING_REJECTED,
    };
    Onboarding *onboarding = owner;
    if (event != LZ_ONBOARDING_REFUSED) {
        onboarding->is_enrolled = event != LZ_ONBOARDING_EXPIRED;
    }
    if (event != LZ_ONBOARDING_ENROLLED || !onboarding->is_bad) {
        count(onboarding, metrics[event]);
    }
}

void lz_world_onboarding_free(Onboarding *onboarding)
{
    if (onboarding) {
        LzScheduler *scheduler = onboarding->device->fleet->world->scheduler;
        lz_event_cancel(scheduler, &onboarding->handling);
        lz_event_cancel(scheduler, &onboarding->correction);
        lz_credential_free(onboarding->device_id);
        g_free(onboarding);
    }
}

/* ---- fleets ---- */

/* Whom its devices meet before their service. */
gboolean lz_world_build_fleet_onboarding(LzWorld *world, Fleet *fleet, GError **error)
{
    const LzOnboardingPlan *plan = &fleet->plan->onboarding;
    bool has_nac = plan->method == LZ_ONBOARDING_EST || plan->method == LZ_ONBOARDING_MAB;
    bool is_counted = plan->method != LZ_ONBOARDING_NONE || lz_world_uses_revocation(world);
    fleet->onboarding_scope = is_counted ? lz_probe_scope(world->probes, LZ_SCOPE_ONBOARDING, "", fleet->plan->name.text) : 0;
    fleet->nac = has_nac ? lz_world_service(world, plan->nac.text) : NULL;
    if (!has_supplicant(fleet->plan)) {
        return TRUE;
    }
    LzTlsPlan tls = fleet->plan->connect.tls;
    tls.resume = false;
    fleet->registrar = lz_world_service(world, plan->registrar.text);
    fleet->onboarding_tls = lz_world_tls_profile(world, &tls, NULL, fleet->plan->name.text, error);
    return fleet->onboarding_tls != NULL;
}

static gboolean build_manufacturer(LzWorld *world, GError **error)
{
    const LzPkiOptions options = {
        .prefix = "Lazaret Test Manufacturer",
        .seed = world->seed,
        .start_unix_s = world->plan->start_unix_s,
        .ca_key = LZ_KEY_ECDSA_P256,
    };
    world->manufacturer = lz_pki_new(&options, error);
    return world->manufacturer != NULL;
}

gboolean lz_world_build_manufacturer(LzWorld *world, GError **error)
{
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        if (has_supplicant(&LZ_PLAN_ITEMS(world->plan->fleet, LzFleetPlan)[i])) {
            return build_manufacturer(world, error);
        }
    }
    return TRUE;
}

/* What was bought is written down before the first device arrives. */
void lz_world_note_device(LzWorld *world, Device *device)
{
    if (!device->onboarding) {
        return;
    }
    if (!world->bought) {
        world->bought = g_hash_table_new(g_str_hash, g_str_equal);
        world->bought_by_address = g_hash_table_new(NULL, NULL);
    }
    g_hash_table_insert(world->bought, (gpointer)(uintptr_t)device->name, device);
    g_hash_table_insert(world->bought_by_address, GUINT_TO_POINTER(lz_host_address(device->host)), device);
}
