/* A device's way into the network, and its certificate's life. */
#include "sim/host/onboarding.h"

#include "lazaret/authority.h"
#include "sim/host/est_client.h"
#include "sim/host/internal.h"
#include "sim/host/supplicant.h"

#define RETRY_NS LZ_SECONDS(30)         /* after a registrar that refused or did not answer, each with up to half more */
#define PPB UINT64_C(1000000000)

typedef struct Waiting {                /* a session that may not connect yet */
    struct Waiting *next;
    LzSession *session;
    LzConnect connect;
} Waiting;

struct LzOnboarding {
    LzHost *host;
    const LzHostOnboarding *options;
    LzRandom random;
    LzSupplicant *supplicant;
    LzEstClient *est;
    LzCredential *site_id;              /* the site's certificate (LDevID); NULL: none, or it has expired */
    GPtrArray *old_ids;                 /* earlier ones: sessions may still be using their keys */
    bool is_admitted, is_by_site_id, has_network, was_enrolled;
    Waiting *waiting;
    LzEvent enrol, expiry;              /* when it asks for a certificate; when the one that it has ends */
    LzTime renew_wall_ns, expiry_wall_ns;       /* the same, by its clock, of one that it has */
};

static LzScheduler *scheduler_of(const LzOnboarding *onboarding)
{
    return onboarding->host->env.scheduler;
}

static void tell(LzOnboarding *onboarding, LzOnboardingEvent event)
{
    const LzHostOptions *options = &onboarding->host->options;
    options->onboarded(options->onboarded_self, event);
}

/* ---- sessions that wait ---- */

static bool is_open(const LzOnboarding *onboarding)
{
    return onboarding->is_admitted && onboarding->is_by_site_id;
}

static void begin(LzOnboarding *onboarding, LzSession *session, LzConnect connect)
{
    connect.credential = onboarding->site_id;
    lz_session_begin(session, &connect);
}

static void release(LzOnboarding *onboarding)
{
    while (is_open(onboarding) && onboarding->waiting) {
        Waiting *waiting = onboarding->waiting;
        onboarding->waiting = waiting->next;
        begin(onboarding, waiting->session, waiting->connect);
        g_free(waiting);
    }
}

void lz_onboarding_connect(LzOnboarding *onboarding, LzSession *session, const LzConnect *connect)
{
    if (is_open(onboarding)) {
        begin(onboarding, session, *connect);
        return;
    }
    Waiting *waiting = g_new(Waiting, 1);
    *waiting = (Waiting){.session = session, .connect = *connect};
    Waiting **place = &onboarding->waiting;
    while (*place) {
        place = &(*place)->next;
    }
    *place = waiting;
}

void lz_onboarding_forget(LzOnboarding *onboarding, const LzSession *session)
{
    for (Waiting **place = &onboarding->waiting; *place; place = &(*place)->next) {
        if ((*place)->session == session) {
            Waiting *waiting = *place;
            *place = waiting->next;
            g_free(waiting);
            return;
        }
    }
}

/* ---- certificates ---- */

/* By the device's own clock, which may be wrong. */
static bool is_good(const LzOnboarding *onboarding, LzCredential *credential, LzTime *ret_from_ns, LzTime *ret_to_ns)
{
    LzCertificate certificate;
    size_t size;
    const uint8_t *der = lz_credential_certificate(credential, &size);
    bool is_read = lz_certificate_read((LzBytes){der, size}, &certificate);
    g_assert(is_read);
    *ret_from_ns = certificate.not_before_unix_s * LZ_NS_PER_S;
    *ret_to_ns = certificate.not_after_unix_s * LZ_NS_PER_S;
    return lz_host_wall_ns(onboarding->host) < *ret_to_ns;
}

static void drop_site_id(LzOnboarding *onboarding)
{
    if (onboarding->site_id) {
        g_ptr_array_add(onboarding->old_ids, g_steal_pointer(&onboarding->site_id));
    }
}

static void wait_for_clock(LzOnboarding *onboarding)
{
    LzTime wall_ns = lz_host_wall_ns(onboarding->host);
    lz_timer_after(scheduler_of(onboarding), &onboarding->enrol, MAX(onboarding->renew_wall_ns - wall_ns, 0));
    lz_timer_after(scheduler_of(onboarding), &onboarding->expiry, MAX(onboarding->expiry_wall_ns - wall_ns, 0));
}

/* By the device's own clock: at its share of the life, earlier or later by some of it, so that a fleet that was enrolled
 * together does not renew together. */
static void schedule_renewal(LzOnboarding *onboarding)
{
    LzTime from_ns, to_ns;
    if (!is_good(onboarding, onboarding->site_id, &from_ns, &to_ns)) {
        from_ns = to_ns;
    }
    uint64_t life_ns = (uint64_t)(to_ns - from_ns);
    uint64_t jitter_ns = (uint64_t)((unsigned __int128)life_ns * onboarding->options->renew_jitter_ppb / PPB);
    LzTime at_ns = from_ns + (LzTime)((unsigned __int128)life_ns * onboarding->options->renew_ppb / PPB);
    at_ns += (LzTime)lz_random_below(&onboarding->random, 2 * jitter_ns + 1) - (LzTime)jitter_ns;
    onboarding->renew_wall_ns = at_ns;
    onboarding->expiry_wall_ns = to_ns;
    wait_for_clock(onboarding);
}

/* By a clock that is far ahead a new certificate is old: that is no reason to ask without a break. */
static void hold_renewal(LzOnboarding *onboarding)
{
    LzTime wall_ns = lz_host_wall_ns(onboarding->host);
    if (onboarding->renew_wall_ns <= wall_ns) {
        onboarding->renew_wall_ns = wall_ns + RETRY_NS;
        wait_for_clock(onboarding);
    }
}

void lz_onboarding_clock_set(LzOnboarding *onboarding)
{
    if (onboarding->site_id && onboarding->host->is_on && !lz_est_client_is_busy(onboarding->est)) {
        wait_for_clock(onboarding);
    }
}

static void enrol_due(void *owner)
{
    LzOnboarding *onboarding = owner;
    if (onboarding->is_admitted) {
        LzCredential *shown = onboarding->site_id ? onboarding->site_id : onboarding->options->device_id;
        lz_est_client_begin(onboarding->est, shown, onboarding->site_id != NULL);
    } else {
        lz_timer_after(scheduler_of(onboarding), &onboarding->enrol, RETRY_NS);
    }
}

/* Without one, it is back where it began: only its manufacturer knows it. */
static void expired(void *owner)
{
    LzOnboarding *onboarding = owner;
    drop_site_id(onboarding);
    onboarding->is_by_site_id = onboarding->is_admitted = false;
    lz_est_client_cancel(onboarding->est);
    lz_event_cancel(scheduler_of(onboarding), &onboarding->enrol);
    tell(onboarding, LZ_ONBOARDING_EXPIRED);
    lz_supplicant_start(onboarding->supplicant, onboarding->options->device_id);
}

static void est_done(void *self, LzEstResult result, LzCredential *credential)
{
    LzOnboarding *onboarding = self;
    LzTime from_ns, to_ns;
    if (credential && !is_good(onboarding, credential, &from_ns, &to_ns)) {     /* it would be asking for ever */
        g_clear_pointer(&credential, lz_credential_free);
        result = LZ_EST_REFUSED;
    }
    if (result != LZ_EST_ENROLLED) {
        if (result == LZ_EST_REFUSED) {
            tell(onboarding, LZ_ONBOARDING_REFUSED);
        }
        LzTime more_ns = (LzTime)lz_random_below(&onboarding->random, (uint64_t)RETRY_NS / 2);
        lz_timer_after(scheduler_of(onboarding), &onboarding->enrol, RETRY_NS + more_ns);
        return;
    }
    bool is_renewal = onboarding->site_id != NULL;
    drop_site_id(onboarding);
    onboarding->site_id = credential;
    schedule_renewal(onboarding);
    hold_renewal(onboarding);
    tell(onboarding, onboarding->was_enrolled ? LZ_ONBOARDING_RENEWED : LZ_ONBOARDING_ENROLLED);
    onboarding->was_enrolled = true;
    if (is_renewal) {
        lz_supplicant_use(onboarding->supplicant, onboarding->site_id);
    } else {
        onboarding->is_admitted = false;        /* until it is by this one */
        lz_supplicant_start(onboarding->supplicant, onboarding->site_id);
    }
}

/* ---- the network ---- */

static void settled(void *self, bool is_admitted)
{
    LzOnboarding *onboarding = self;
    onboarding->is_admitted = is_admitted;
    onboarding->is_by_site_id = is_admitted && onboarding->site_id;
    if (!is_admitted) {
        return;
    }
    if (!onboarding->has_network) {
        onboarding->has_network = true;
        if (onboarding->host->needs) {
            lz_needs_power(onboarding->host->needs, true);
        }
    }
    if (onboarding->site_id) {
        release(onboarding);
    } else if (!lz_event_is_pending(&onboarding->enrol) && !lz_est_client_is_busy(onboarding->est)) {
        lz_schedule_after(scheduler_of(onboarding), &onboarding->enrol, 0);
    }
}

void lz_onboarding_receive(LzOnboarding *onboarding, LzBytes frame)
{
    lz_supplicant_receive(onboarding->supplicant, frame);
}

/* ---- life ---- */

static void cancel_all(LzOnboarding *onboarding)
{
    lz_event_cancel(scheduler_of(onboarding), &onboarding->enrol);
    lz_event_cancel(scheduler_of(onboarding), &onboarding->expiry);
}

/* The certificate outlives the power, in the device's flash. */
void lz_onboarding_power(LzOnboarding *onboarding, bool is_on)
{
    cancel_all(onboarding);
    lz_supplicant_stop(onboarding->supplicant);
    lz_est_client_cancel(onboarding->est);
    onboarding->is_admitted = onboarding->is_by_site_id = onboarding->has_network = false;
    if (!is_on) {
        return;
    }
    LzTime from_ns, to_ns;
    if (onboarding->site_id && !is_good(onboarding, onboarding->site_id, &from_ns, &to_ns)) {
        drop_site_id(onboarding);
        tell(onboarding, LZ_ONBOARDING_EXPIRED);
    }
    if (onboarding->site_id) {
        schedule_renewal(onboarding);
    }
    lz_supplicant_start(onboarding->supplicant,
                        onboarding->site_id ? onboarding->site_id : onboarding->options->device_id);
}

static void free_credential(gpointer credential)
{
    lz_credential_free(credential);
}

LzOnboarding *lz_onboarding_new(LzHost *host)
{
    LzOnboarding *onboarding = g_new0(LzOnboarding, 1);
    onboarding->host = host;
    onboarding->options = host->options.onboarding;
    lz_env_random(&host->env, LZ_PURPOSE_ONBOARDING, &onboarding->random);
    onboarding->supplicant = lz_supplicant_new(host, onboarding->options, settled, onboarding);
    onboarding->est = lz_est_client_new(host, onboarding->options, est_done, onboarding);
    onboarding->old_ids = g_ptr_array_new_with_free_func(free_credential);
    lz_event_init(&onboarding->enrol, enrol_due, onboarding);
    lz_event_init(&onboarding->expiry, expired, onboarding);
    return onboarding;
}

void lz_onboarding_free(LzOnboarding *onboarding)
{
    if (!onboarding) {
        return;
    }
    cancel_all(onboarding);
    lz_est_client_free(onboarding->est);
    lz_supplicant_free(onboarding->supplicant);
    while (onboarding->waiting) {
        Waiting *waiting = onboarding->waiting;
        onboarding->waiting = waiting->next;
        g_free(waiting);
    }
    lz_credential_free(onboarding->site_id);
    g_ptr_array_unref(onboarding->old_ids);
    g_free(onboarding);
}
