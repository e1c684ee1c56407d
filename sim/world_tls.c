/* What a plan says of TLS, as the TLS of the run takes it. */
#include <string.h>

#include "sim/world_internal.h"

LzTlsChoices lz_tls_choices(const LzNameList *names, const char *const *words)
{
    LzTlsChoices choices = {.count = 0};
    for (unsigned i = 0; i < names->count && choices.count < LZ_TLS_CHOICES_MAX; i++) {
        uint8_t word = 0;
        while (strcmp(words[word], names->items[i].text) != 0) {
            word++;
        }
        if (!memchr(choices.items, word, choices.count)) {
            choices.items[choices.count++] = word;
        }
    }
    return choices;
}

bool lz_tls_plan_has(const LzTlsPlan *tls, LzTlsExchange exchange)
{
    LzTlsChoices exchanges = lz_tls_choices(&tls->exchanges, lz_exchange_words);
    return memchr(exchanges.items, (int)exchange, exchanges.count) != NULL;
}

/* ---- what segments ask of their members ---- */

/* What is left of a service's ciphers where a policy allows these; false: none. */
static bool narrow(LzTlsChoices *suites, const LzNameList *allowed)
{
    static const LzTlsChoices default_suites = {{LZ_SUITE_AES_128_GCM}, 1};
    if (allowed->count == 0) {
        return true;
    }
    LzTlsChoices others = lz_tls_choices(allowed, lz_suite_words), own = suites->count > 0 ? *suites : default_suites;
    suites->count = 0;
    for (unsigned i = 0; i < own.count; i++) {
        if (memchr(others.items, own.items[i], others.count)) {
            suites->items[suites->count++] = own.items[i];
        }
    }
    return suites->count > 0;
}

static bool has_policy(const LzSegmentTlsPlan *tls)
{
    return tls->min > 0 || tls->suites.count > 0;
}

/* The words of a policy's `min` begin with any. */
static LzTlsVersion policy_version(const LzSegmentTlsPlan *tls)
{
    return tls->min > 0 ? (LzTlsVersion)(tls->min - 1) : LZ_TLS_1_2;
}

gboolean lz_world_build_policy(LzWorld *world, Service *service, const LzTlsProfileOptions *own, GError **error)
{
    const LzPlan *plan = world->plan;
    service->segment_tls = g_new0(LzTlsProfile *, plan->segments.count + 1);
    for (unsigned i = 0; i < plan->segments.count; i++) {
        const LzSegmentTlsPlan *tls = &LZ_PLAN_ITEMS(plan->segments, LzSegmentPlan)[i].tls;
        if (!has_policy(tls) || tls->isolate.text || !own) {
            continue;
        }
        LzTlsProfileOptions options = *own;
        options.min_version = MAX(options.min_version, policy_version(tls));
        if (options.min_version > options.max_version || !narrow(&options.suites, &tls->suites)) {
            continue;                   /* nothing that the service speaks will do */
        }
        service->segment_tls[i] = lz_tls_profile_new(&options, error);
        if (!service->segment_tls[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

void lz_world_clear_policy(Service *service)
{
    for (unsigned i = 0; service->segment_tls && i < service->world->plan->segments.count; i++) {
        lz_tls_profile_free(service->segment_tls[i]);
    }
    g_clear_pointer(&service->segment_tls, g_free);
}

/* Of the segment that the address is in; NULL: of none that has one. */
static const LzSegmentTlsPlan *policy_of(const LzWorld *world, LzAddress address, unsigned *ret_segment)
{
    LzGroup group = lz_address_book_segment(world->addresses, address);
    for (unsigned i = 0; group != LZ_GROUP_NONE && i < world->plan->segments.count; i++) {
        const LzSegmentPlan *segment = &LZ_PLAN_ITEMS(world->plan->segments, LzSegmentPlan)[i];
        if (lz_address_book_group(world->addresses, segment->name.text) == group) {
            *ret_segment = i;
            return has_policy(&segment->tls) ? &segment->tls : NULL;
        }
    }
    return NULL;
}

static void isolate(LzWorld *world, LzAddress peer, const LzSegmentTlsPlan *tls)
{
    LzGroup group = lz_address_book_group(world->addresses, tls->isolate.text);
    lz_address_book_move(world->addresses, peer, group);
    char address[LZ_ADDRESS_TEXT_BYTES];
    lz_probe_trace(world->probes, LZ_TRACE_DEFENCE, NULL, lz_address_format(peer, address), NULL, 0, 1, tls->isolate.text);
}

static bool choose(void *owner, LzAddress peer, const LzTlsProfile *own, const LzTlsProfile **ret_profile)
{
    Service *service = owner;
    unsigned segment = 0;
    const LzSegmentTlsPlan *tls = policy_of(service->world, peer, &segment);
    if (!tls) {
        *ret_profile = own;
        return true;
    }
    if (!tls->isolate.text) {
        *ret_profile = service->segment_tls[segment];
        return *ret_profile != NULL;
    }
    if (!own) {
        isolate(service->world, peer, tls);
        return false;
    }
    *ret_profile = own;
    return true;
}

static bool isolates(void *owner, LzAddress peer, LzTlsVersion version, LzTlsSuite suite)
{
    Service *service = owner;
    unsigned segment = 0;
    const LzSegmentTlsPlan *tls = policy_of(service->world, peer, &segment);
    LzTlsChoices just_it = {{(uint8_t)suite}, 1};
    if (!tls || !tls->isolate.text || (version >= policy_version(tls) && narrow(&just_it, &tls->suites))) {
        return false;
    }
    isolate(service->world, peer, tls);
    return true;
}

LzPeerPolicy lz_world_policy(Service *service)
{
    const LzPlan *plan = service->world->plan;
    LzPeerPolicy policy = {.opened = lz_world_uses_revocation(service->world) ? lz_world_session_opened : NULL, .owner = service};
    for (unsigned i = 0; i < plan->segments.count; i++) {
        if (has_policy(&LZ_PLAN_ITEMS(plan->segments, LzSegmentPlan)[i].tls)) {
            policy.choose = choose;
            policy.isolates = isolates;
        }
    }
    return policy;
}
