/* Certificates that are taken back, in a whole world: who is refused where, with which alert, how late, and who suffers for it when
 * nobody says which they are. */
#include <glib.h>

#include "tests/lib/test_world.h"

/* A broker that asks; all lose their sessions at 60 s, ten seconds after some of the certificates were revoked. */
static const char ward[] =
    "lazaret: 1\n"
    "name: revocation\n"
    "run: {seed: 1, duration: 2 min}\n"
    "network:\n"
    "  zones: [ward, core]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 us}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us}\n"
    "    rack: {model: wired, zone: core, rate: 10 Gbit/s, delay: 1 us}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, link: rack, tls: {revocation: {method: crl, from: status1, refresh: 5 s}}}\n"
    "  status1: {kind: cert-status, link: rack, crl_every: 5 s, ocsp_validity: 1 s}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 8\n"
    "    link: bed\n"
    "    connect: {to: broker, start: {spread: 5 s}, keepalive: 5 s, backoff: 1 s, backoff_max: 2 s}\n"
    "faults:\n"
    "  - {name: theft, kind: revoke, fleet: pump, count: 2, at: 50 s, for: 10 s}\n"
    "  - {name: cut, kind: service-down, service: broker, at: 60 s, for: 1 s}\n"
    "live: {bind: off}\n";

typedef struct Seen {                   /* of the fleet `pump`; the second row of the broker */
    int64_t revoked_sessions, unheard, lags;
    uint64_t revoked_alerts, unknown_alerts;
    unsigned connected;
    LzTime lag_max_ns;
} Seen;

static int64_t count_of(LzWorld *world, LzMetric metric)
{
    LzObservation one = lz_test_observe(world, metric, NULL, "pump");
    int64_t count = one.part;
    lz_observation_clear(&one);
    return count;
}

static Seen run_text(const char *text, const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(text, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    const uint64_t *alerts = lz_host_stats(lz_world_host(world, "broker"))->refused_by_alert;
    LzObservation lag = lz_test_observe(world, LZ_METRIC_ONBOARDING_REVOCATION_LAG, NULL, "pump");
    Seen seen = {
        .revoked_sessions = count_of(world, LZ_METRIC_ONBOARDING_REVOKED_SESSIONS),
        .unheard = count_of(world, LZ_METRIC_ONBOARDING_UNHEARD),
        .lags = (int64_t)lag.samples,
        .lag_max_ns = lag.max,
        .revoked_alerts = alerts ? alerts[44] : 0,
        .unknown_alerts = alerts ? alerts[46] : 0,
        .connected = lz_world_connected(world),
    };
    lz_observation_clear(&lag);
    return seen;
}

static Seen run(const char *const *overrides)
{
    return run_text(ward, overrides);
}

/* By list and by question, in both versions: after the cut the two are refused with certificate_revoked, and nobody else is. */
static void test_service(void)
{
    static const char *const methods[] = {"services.broker.tls.revocation.method=crl", "services.broker.tls.revocation.method=ocsp"};
    static const char *const versions[] = {"fleet.pump.connect.tls.max=1.2", "fleet.pump.connect.tls.min=1.3"};
    for (unsigned i = 0; i < 4; i++) {
        const char *const overrides[] = {methods[i % 2], versions[i / 2], "services.broker.tls.revocation.hard_fail=true", NULL};
        Seen seen = run(overrides);
        g_assert_cmpuint(seen.connected, ==, 6);
        g_assert_cmpuint(seen.revoked_alerts, >=, 2);
        g_assert_cmpuint(seen.unknown_alerts, ==, 0);
        g_assert_cmpint(seen.revoked_sessions, ==, 0);
        g_assert_cmpint(seen.unheard, ==, 0);
        g_assert_cmpint(seen.lags, ==, 2);
        g_assert_cmpint(seen.lag_max_ns, >=, LZ_SECONDS(10));
        g_assert_cmpint(seen.lag_max_ns, <, LZ_SECONDS(25));
    }
}

/* Who does not ask lets them in; and so does one whose list is older than the theft. */
static void test_not_asked(void)
{
    const char *const nobody[] = {"services.broker.tls.revocation.method=none", NULL};
    Seen seen = run(nobody);
    g_assert_cmpuint(seen.connected, ==, 8);
    g_assert_cmpint(seen.revoked_sessions, ==, 2);
    g_assert_cmpint(seen.lags, ==, 0);
    const char *const rarely[] = {"services.status1.crl_every=1 h", NULL};
    seen = run(rarely);
    g_assert_cmpuint(seen.connected, ==, 8);
    g_assert_cmpint(seen.revoked_sessions, ==, 2);
}

#define GONE "faults.theft={name: gone, kind: service-down, service: status1, at: 55 s, for: 65 s}"

/* Nobody answers: a hard failure refuses all that come, a soft one none; a list that is still good helps. */
static void test_outage(void)
{
    const char *const hard[] = {GONE, "services.broker.tls.revocation={method: ocsp, from: status1, hard_fail: true}", NULL};
    Seen seen = run(hard);
    g_assert_cmpuint(seen.connected, ==, 0);
    g_assert_cmpint(seen.unheard, >=, 8);
    g_assert_cmpuint(seen.unknown_alerts, >=, 8);
    const char *const soft[] = {GONE, "services.broker.tls.revocation={method: ocsp, from: status1, timeout: 1 s}", NULL};
    seen = run(soft);
    g_assert_cmpuint(seen.connected, ==, 8);
    g_assert_cmpint(seen.unheard, ==, 0);
    const char *const old[] = {GONE, "services.broker.tls.revocation.hard_fail=true", "services.broker.tls.revocation.timeout=1 s",
                               "services.status1.crl_overlap=1 s", NULL};
    seen = run(old);                    /* the broker has forgotten its list with its power, as any */
    g_assert_cmpint(seen.unheard, >=, 8);
    const char *const kept[] = {GONE, "services.broker.tls.revocation.hard_fail=true", "services.status1.crl_overlap=1 h",
                                "faults.cut={name: cut, kind: link-down, link: bed, at: 60 s, for: 20 s}", NULL};
    seen = run(kept);
    g_assert_cmpuint(seen.connected, ==, 8);
    g_assert_cmpint(seen.unheard, ==, 0);
}

static char *replace(const char *text, const char *old, const char *new)
{
    g_auto(GStrv) parts = g_strsplit(text, old, -1);
    g_assert_cmpuint(g_strv_length(parts), >, 1);
    return g_strjoinv(new, parts);
}

/* The same over DTLS; there it is the devices that lose their associations, with their power. */
static void test_datagrams(void)
{
    g_autofree char *server = replace(ward, "kind: mqtt-broker", "kind: coap-server"),
                    *cut = replace(server, "service-down, service: broker", "power-loss, fleet: pump"),
                    *text = replace(cut, "keepalive: 5 s", "client: coap");
    static const char *const methods[] = {"services.broker.tls.revocation.method=crl", "services.broker.tls.revocation.method=ocsp"};
    for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
        const char *const overrides[] = {methods[i], "services.broker.tls.revocation.hard_fail=true", NULL};
        Seen seen = run_text(text, overrides);
        g_assert_cmpuint(seen.connected, ==, 6);
        g_assert_cmpuint(seen.revoked_alerts, >=, 2);
        g_assert_cmpint(seen.revoked_sessions + seen.unheard, ==, 0);
        g_assert_cmpint(seen.lags, ==, 2);
    }
    const char *const nobody[] = {"services.broker.tls.revocation.method=none", NULL};
    g_assert_cmpint(run_text(text, nobody).revoked_sessions, ==, 2);
    const char *const unheard[] = {"services.broker.tls.revocation={method: ocsp, from: status1, hard_fail: true}",
                                   "faults.theft={name: gone, kind: service-down, service: status1, at: 1 s, for: 119 s}", NULL};
    Seen seen = run_text(text, unheard);
    g_assert_cmpuint(seen.connected, <=, 1);            /* who came in the first second */
    g_assert_cmpuint(seen.unknown_alerts, >=, 7);
    g_assert_cmpint(seen.unheard, >=, 7);
}

/* A point that cannot keep up answers "try later" (RFC 6960 4.2.1): then, with a hard failure, nobody is let in at once. */
static void test_full(void)
{
    const char *const slow[] = {"services.broker.tls.revocation={method: ocsp, from: status1, hard_fail: true, timeout: 10 s}",
                                "services.status1.cost=2 s", "services.status1.queue_max=1", "services.status1.cores=1 cores",
                                "services.status1.ocsp_validity=1 h", NULL};
    Seen seen = run(slow);
    g_assert_cmpint(seen.unheard, >, 0);
    g_assert_cmpuint(seen.connected, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/revocation/service", test_service);
    g_test_add_func("/revocation/not-asked", test_not_asked);
    g_test_add_func("/revocation/outage", test_outage);
    g_test_add_func("/revocation/datagrams", test_datagrams);
    g_test_add_func("/revocation/full", test_full);
    return g_test_run();
}
