/* Certificates that the site takes back: which they are, who still comes with one, and who asks about them. */
#include <string.h>

#include "sim/world_internal.h"

#define PPB 1000000000u

typedef struct Standing {               /* of one device */
    const Device *device;
    GArray *serials;                    /* uint64_t, of the certificates that a registrar gave it */
    LzTime revoked_ns;
    bool is_revoked, is_in, was_out;    /* in: admitted as one of the site's; out: turned away since it was revoked */
} Standing;

struct LzWorldRevocation {
    GHashTable *standings;              /* by the device's name, of all; look-up only */
    GArray *revoked;                    /* LzRevoked */
};

static void standing_free(gpointer data)
{
    Standing *standing = data;
    g_array_unref(standing->serials);
    g_free(standing);
}

static Standing *find(const LzWorld *world, const char *name)
{
    return world->revocation ? g_hash_table_lookup(world->revocation->standings, name) : NULL;
}

static void count(const Standing *standing, LzMetric metric)
{
    const Fleet *fleet = standing->device->fleet;
    lz_probe_count(fleet->world->probes, fleet->onboarding_scope, metric, 1);
}

/* ---- what the site knows ---- */

/* As of now, by the true time. */
static void add(const LzWorld *world, uint64_t serial)
{
    const LzRevoked revoked = {serial, world->plan->start_unix_s + lz_now(world->scheduler) / LZ_NS_PER_S};
    g_array_append_val(world->revocation->revoked, revoked);
}

void lz_world_issued(void *owner, const char *name, uint64_t serial)
{
    const LzWorld *world = owner;
    Standing *standing = find(world, name);
    if (standing) {
        g_array_append_val(standing->serials, serial);
    }
    if (standing && standing->is_revoked) {             /* it was being made just then */
        add(world, serial);
    }
}

const LzRevoked *lz_world_revoked(void *owner, unsigned *ret_count)
{
    const LzWorld *world = owner;
    const GArray *revoked = world->revocation ? world->revocation->revoked : NULL;
    *ret_count = revoked ? revoked->len : 0;
    return revoked ? (const LzRevoked *)(const void *)revoked->data : NULL;
}

bool lz_world_is_barred(void *owner, const char *name)
{
    const Standing *standing = find(owner, name);
    return standing && standing->is_revoked;
}

/* ---- taking back ---- */

/* Of a device that had its certificate before it came. */
static void revoke_own(const LzWorld *world, const Device *device)
{
    LzCertificate certificate;
    size_t size = 0;
    const uint8_t *der = device->credential ? lz_credential_certificate(device->credential, &size) : NULL;
    if (der && lz_certificate_read((LzBytes){der, size}, &certificate)) {
        add(world, certificate.serial);
    }
}

static void revoke(const LzWorld *world, const Device *device)
{
    Standing *standing = find(world, device->name);
    if (standing->is_revoked) {
        return;
    }
    standing->is_revoked = true;
    standing->revoked_ns = lz_now(world->scheduler);
    for (guint i = 0; i < standing->serials->len; i++) {
        add(world, g_array_index(standing->serials, uint64_t, i));
    }
    revoke_own(world, device);
}

static GPtrArray *find_unrevoked(const LzWorld *world, const char *fleet)
{
    GPtrArray *found = g_ptr_array_new();
    for (unsigned i = 0; i < world->device_count; i++) {
        Device *device = &world->devices[i];
        if (strcmp(device->fleet->plan->name.text, fleet) == 0 && !find(world, device->name)->is_revoked) {
            g_ptr_array_add(found, device);
        }
    }
    return found;
}

/* Spread evenly over those that have theirs. */
void lz_world_revoke(LzWorld *world, const LzFaultPlan *fault)
{
    g_autoptr(GPtrArray) devices = find_unrevoked(world, fault->fleet.text);
    uint32_t share_ppb = fault->share_ppb > 0 ? fault->share_ppb : PPB;
    uint64_t wanted = fault->count > 0 ? (uint64_t)fault->count : ((uint64_t)devices->len * share_ppb + PPB - 1) / PPB;
    uint64_t count = MIN(wanted, devices->len);
    for (uint64_t i = 0; i < devices->len; i++) {
        if ((i + 1) * count / devices->len > i * count / devices->len) {
            revoke(world, devices->pdata[i]);
        }
    }
}

/* ---- who comes with one ---- */

static void note_out(Standing *standing)
{
    const Fleet *fleet = standing->device->fleet;
    if (standing->is_revoked && !standing->was_out) {
        standing->was_out = true;
        lz_probe_sample(fleet->world->probes, fleet->onboarding_scope, LZ_METRIC_ONBOARDING_REVOCATION_LAG,
                        lz_now(fleet->world->scheduler) - standing->revoked_ns);
    }
}

void lz_world_note_presence(const Device *device, bool is_in)
{
    Standing *standing = find(device->fleet->world, device->name);
    if (!standing) {
        return;
    }
    if (standing->is_revoked && is_in) {
        count(standing, LZ_METRIC_ONBOARDING_REVOKED_ADMITTED);
    } else if (standing->is_in) {
        note_out(standing);
    }
    standing->is_in = is_in;
}

/* By a server that asks about certificates. */
static void refused(void *owner, const char *name, LzStatusVerdict verdict)
{
    Standing *standing = find(owner, name);
    if (standing && verdict == LZ_STATUS_REVOKED) {
        note_out(standing);
    } else if (standing) {
        count(standing, LZ_METRIC_ONBOARDING_UNHEARD);
    }
}

void lz_world_session_opened(void *owner, const char *name)
{
    const Service *service = owner;
    const Standing *standing = find(service->world, name);
    if (standing && standing->is_revoked) {
        count(standing, LZ_METRIC_ONBOARDING_REVOKED_SESSIONS);
    }
}

/* ---- building ---- */

bool lz_world_uses_revocation(const LzWorld *world)
{
    const LzPlan *plan = world->plan;
    for (unsigned i = 0; i < plan->faults.count; i++) {
        if (LZ_PLAN_ITEMS(plan->faults, LzFaultPlan)[i].kind == LZ_FAULT_REVOKE) {
            return true;
        }
    }
    for (unsigned i = 0; i < plan->services.count; i++) {
        if (LZ_PLAN_ITEMS(plan->services, LzServicePlan)[i].tls.status.method != LZ_STATUS_BY_NOTHING) {
            return true;
        }
    }
    return false;
}

/* Of a service that may not be built yet. */
static uint16_t port_of(const LzPlan *plan, const char *name)
{
    for (unsigned i = 0; i < plan->services.count; i++) {
        const LzServicePlan *service = &LZ_PLAN_ITEMS(plan->services, LzServicePlan)[i];
        if (strcmp(service->name.text, name) == 0) {
            return (uint16_t)service->port;
        }
    }
    g_assert_not_reached();             /* the loader has found it */
}

void lz_world_build_status(LzWorld *world, Service *service)
{
    const LzStatusPlan *plan = &service->plan->tls.status;
    if (!service->tls || plan->method == LZ_STATUS_BY_NOTHING) {
        return;
    }
    const LzStatusOptions options = {
        .host = service->host,
        .authority = world->pki,
        .method = (LzStatusMethod)plan->method,
        .from = plan->from.text,
        .port = port_of(world->plan, plan->from.text),
        .fails_hard = plan->fails_hard,
        .refresh_ns = plan->refresh_ns,
        .timeout_ns = plan->timeout_ns,
        .address_of = lz_world_address_of,
        .refused = refused,
        .owner = world,
    };
    service->status = lz_status_client_new(&options);
    lz_status_client_start(service->status);
}

void lz_world_note_standing(LzWorld *world, const Device *device)
{
    if (!lz_world_uses_revocation(world)) {
        return;
    }
    if (!world->revocation) {
        world->revocation = g_new0(LzWorldRevocation, 1);
        world->revocation->standings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, standing_free);
        world->revocation->revoked = g_array_new(FALSE, FALSE, sizeof(LzRevoked));
    }
    Standing *standing = g_new0(Standing, 1);
    standing->device = device;
    standing->serials = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_hash_table_insert(world->revocation->standings, (gpointer)(uintptr_t)device->name, standing);
}

void lz_world_clear_revocation(LzWorld *world)
{
    if (world->revocation) {
        g_hash_table_unref(world->revocation->standings);
        g_array_unref(world->revocation->revoked);
        g_clear_pointer(&world->revocation, g_free);
    }
}
