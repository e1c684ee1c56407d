/* Devices out of their boxes in a whole world: the good ones get in, and where they belong; the others do not. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char site[] =
    "lazaret: 1\n"
    "name: onboarding\n"
    "run: {seed: 1, duration: 3 min}\n"
    "network:\n"
    "  zones: [ward, {name: core, router: true}]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s, delay: 1 us}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 1 Gbit/s, delay: 1 us}\n"
    "    rack: {model: wired, zone: core, rate: 10 Gbit/s, delay: 1 us}\n"
    "services:\n"
    "  broker: {kind: mqtt-broker, link: rack}\n"
    "  nac1: {kind: nac, link: rack, quarantine: onboard, mac_bypass: true}\n"
    "  ra1: {kind: registrar, link: rack}\n"
    "segments:\n"
    "  onboard: {members: []}\n"
    "  med-inf: {members: [pump]}\n"
    "  servers: {members: [broker, nac1, ra1]}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 8\n"
    "    link: bed\n"
    "    onboarding: {method: eap-tls-est, nac: nac1, registrar: ra1}\n"
    "    connect: {to: broker, start: {spread: 5 s}}\n"
    "defences:\n"
    "  - name: fw\n"
    "    kind: firewall\n"
    "    where: core\n"
    "    rules:\n"
    "      - {name: mqtt, from: med-inf, to: broker, protocol: tcp, port: 8883}\n"
    "      - {name: est, from: onboard, to: ra1, protocol: tcp, port: 443}\n"
    "      - {name: renew, from: med-inf, to: ra1, protocol: tcp, port: 443}\n"
    "live: {bind: off}\n";

typedef struct Seen {                   /* of the fleet `pump` */
    int64_t admitted, of, enrolled, bad_admitted, wrong_segment, rejected, touches, renewed, expired, times;
} Seen;

static Seen run(const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(site, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    static const LzMetric metrics[] = {
        LZ_METRIC_ONBOARDING_ENROLLED, LZ_METRIC_ONBOARDING_BAD_ADMITTED, LZ_METRIC_ONBOARDING_WRONG_SEGMENT,
        LZ_METRIC_ONBOARDING_REJECTED, LZ_METRIC_ONBOARDING_TOUCHES, LZ_METRIC_ONBOARDING_RENEWED, LZ_METRIC_ONBOARDING_EXPIRED,
    };
    LzObservation admitted = lz_test_observe(world, LZ_METRIC_ONBOARDING_ADMITTED, NULL, "pump");
    Seen seen = {.admitted = admitted.part, .of = admitted.whole};
    lz_observation_clear(&admitted);
    for (unsigned i = 0; i < G_N_ELEMENTS(metrics); i++) {
        LzObservation one = lz_test_observe(world, metrics[i], NULL, "pump");
        (&seen.enrolled)[i] = one.part;
        lz_observation_clear(&one);
    }
    LzObservation time = lz_test_observe(world, LZ_METRIC_ONBOARDING_TIME, NULL, "pump");
    seen.times = (int64_t)time.samples;
    lz_observation_clear(&time);
    return seen;
}

static void test_good_devices_get_in(void)
{
    static const char *const versions[] = {"fleet.pump.connect.tls.min=1.3", "fleet.pump.connect.tls.max=1.2"};
    for (unsigned i = 0; i < G_N_ELEMENTS(versions); i++) {
        const char *const overrides[] = {versions[i], "fleet.pump.onboarding.fragment=200 B", "services.nac1.fragment=200 B", NULL};
        Seen seen = run(overrides);
        g_assert_cmpint(seen.of, ==, 8);
        g_assert_cmpint(seen.admitted, ==, 8);
        g_assert_cmpint(seen.enrolled, ==, 8);
        g_assert_cmpint(seen.times, ==, 8);
        g_assert_cmpint(seen.rejected + seen.wrong_segment + seen.bad_admitted + seen.touches, ==, 0);
    }
}

static void test_bad_devices_do_not(void)
{
    static const char *const kinds[] = {"cloned", "copied", "expired", "unknown-ca"};
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *kind = g_strdup_printf("fleet.pump.onboarding.bad.kinds=[%s]", kinds[i]);
        const char *const overrides[] = {kind, "fleet.pump.onboarding.bad.share=25 %", NULL};
        Seen seen = run(overrides);
        g_assert_cmpint(seen.of, ==, 6);
        g_assert_cmpint(seen.admitted, ==, 6);
        g_assert_cmpint(seen.bad_admitted, ==, 0);
        g_assert_cmpint(seen.rejected, >=, 2);
    }
}

/* What the inventory is good for: without it, a clone that comes first is taken for its original. */
static void test_clone_without_inventory(void)
{
    const char *const overrides[] = {"fleet.pump.onboarding.bad={share: 25 %, kinds: [cloned]}", "services.nac1.inventory=false",
                                     "run.seed=3", NULL};
    Seen seen = run(overrides);
    g_assert_cmpint(seen.bad_admitted, >, 0);
    g_assert_cmpint(seen.admitted, <, 6);
}

static void test_address_alone(void)
{
    const char *const overrides[] = {"fleet.pump.onboarding={method: mab, nac: nac1, fallback: 5 s, bad: {share: 25 %, kinds: [cloned, expired]}}",
                                     NULL};
    Seen seen = run(overrides);
    g_assert_cmpint(seen.admitted, ==, 6);
    g_assert_cmpint(seen.bad_admitted, ==, 1);          /* the one that has copied an address */
    const char *const without[] = {overrides[0], "services.nac1.mac_bypass=false", NULL};
    seen = run(without);
    g_assert_cmpint(seen.admitted + seen.bad_admitted, ==, 0);
}

/* One person, ten seconds each, one of two goes wrong and is put right after twenty. */
static void test_by_hand(void)
{
    const char *const overrides[] = {"fleet.pump.onboarding={method: manual, manual: {technicians: 1, time: 10 s, mistakes: 50 %, correction: 20 s}}",
                                     NULL};
    Seen seen = run(overrides);
    g_assert_cmpint(seen.admitted, ==, 8);
    g_assert_cmpint(seen.wrong_segment, >, 0);
    g_assert_cmpint(seen.touches, ==, 8 + seen.wrong_segment);
}

static void test_approval_and_retry(void)
{
    const char *const overrides[] = {"services.ra1.approval=30 s", NULL};
    Seen seen = run(overrides);
    g_assert_cmpint(seen.admitted, ==, 8);
    g_assert_cmpint(seen.touches, ==, 8);
}

static void test_renewal(void)
{
    const char *const overrides[] = {"services.ra1.lifetime=60 s", "services.ra1.backdate=0 s", NULL};
    Seen seen = run(overrides);
    g_assert_cmpint(seen.renewed, >=, 16);              /* at 40 s, each */
    g_assert_cmpint(seen.expired, ==, 0);
    const char *const outage[] = {overrides[0], overrides[1],
                                  "faults=[{name: gone, kind: service-down, service: ra1, at: 20 s, for: 60 s}]", NULL};
    seen = run(outage);
    g_assert_cmpint(seen.expired, ==, 8);               /* and all come back by their manufacturer's certificates */
    g_assert_cmpint(seen.renewed, >=, 8);
}

typedef struct Wave {
    int64_t renewed, expired, queue_max;

} Wave;

static Wave run_wave(const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(site, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation renewed = lz_test_observe(world, LZ_METRIC_ONBOARDING_RENEWED, NULL, "pump"),
                  expired = lz_test_observe(world, LZ_METRIC_ONBOARDING_EXPIRED, NULL, "pump"),
                  queue = lz_test_observe(world, LZ_METRIC_SERVICE_QUEUE, "ra1", NULL);
    const Wave wave = {renewed.part, expired.part, queue.max};
    lz_observation_clear(&renewed);
    lz_observation_clear(&expired);
    lz_observation_clear(&queue);
    return wave;
}

/* 40 devices that came within 40 s, and a CA that needs 0.2 s for each request. Renewals are as far apart as they came, until a wrong
 * time makes all of them due at once: then the CA has a queue, or a limit and devices that come again (RFC 7030 4.2.3, 202). */
static void test_renewal_storm(void)
{
#define STORM "fleet.pump.count=40", "fleet.pump.connect.start={spread: 40 s}", "services.ra1.lifetime=10 min", "run.duration=8 min", \
              "services.ra1.backdate=0 s", "services.ra1.cores=1 cores", "services.ra1.request=200 ms"
#define JUMP "faults=[{name: time, kind: clock-skew, fleet: pump, skew: 390 s, at: 2 min, for: 6 min}]"
    const char *const calm[] = {STORM, NULL}, *const storm[] = {STORM, JUMP, NULL},
               *const limited[] = {STORM, JUMP, "services.ra1.queue=20", "services.ra1.retry_after=10 s", NULL};
    Wave quiet = run_wave(calm), high = run_wave(storm), told = run_wave(limited);
    g_assert_cmpint(quiet.renewed, >=, 38);             /* the others' jitter is beyond the end */
    g_assert_cmpint(quiet.queue_max, <=, 10);
    g_assert_cmpint(high.renewed, >=, 40);
    g_assert_cmpint(high.queue_max, >=, 25);
    g_assert_cmpint(told.renewed, >=, 40);
    g_assert_cmpint(told.renewed, <, high.renewed);
    g_assert_cmpint(quiet.expired + high.expired + told.expired, ==, 0);
}

/* A switch that restarts has admitted nobody, and asks again. */
static void test_switch_restarts(void)
{
    const char *const overrides[] = {"faults=[{name: restart, kind: switch-off, zone: ward, at: 60 s, for: 5 s}]", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(site, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 8);
}

/* With descriptions instead of rules, devices reach what is listed; somebody else in their segment, whom nobody describes,
 * reaches nothing by those. */
static void test_descriptions_become_rules(void)
{
    const char *const overrides[] = {"services.nac1.mud=true", "defences.fw.mud=true", "run.duration=60 s",
                                     "defences.fw.rules=[{name: est, from: onboard, to: ra1, protocol: tcp, port: 443}]", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(site, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    g_assert_cmpuint(lz_world_connected(world), ==, 8);
    LzObservation allowed = lz_test_observe(world, LZ_METRIC_DEFENCE_ADMITTED, "fw/mud", NULL);
    g_assert_cmpint(allowed.part, ==, 8);       /* a connection to the broker each */
    lz_observation_clear(&allowed);
    const char *const without[] = {overrides[1], overrides[2], overrides[3], NULL};
    g_autoptr(LzPlan) closed_plan = lz_test_plan_with(site, without);
    g_autoptr(LzWorld) closed = lz_test_world(closed_plan);
    lz_test_run(closed);
    g_assert_cmpuint(lz_world_connected(closed), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/onboarding/good-devices-get-in", test_good_devices_get_in);
    g_test_add_func("/onboarding/bad-devices-do-not", test_bad_devices_do_not);
    g_test_add_func("/onboarding/clone-without-inventory", test_clone_without_inventory);
    g_test_add_func("/onboarding/address-alone", test_address_alone);
    g_test_add_func("/onboarding/by-hand", test_by_hand);
    g_test_add_func("/onboarding/approval-and-retry", test_approval_and_retry);
    g_test_add_func("/onboarding/renewal", test_renewal);
    g_test_add_func("/onboarding/renewal-storm", test_renewal_storm);
    g_test_add_func("/onboarding/descriptions-become-rules", test_descriptions_become_rules);
    g_test_add_func("/onboarding/switch-restarts", test_switch_restarts);
    return g_test_run();
}
