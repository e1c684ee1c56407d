/* Whole worlds: crypto charged to devices, credentials refused, faults, determinism. */
#include <glib.h>
#include <string.h>

#include "sim/core/digest.h"
#include "tests/lib/test_world.h"

static uint64_t digest_of(const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    return lz_digest_value(lz_world_digest(world));
}

/* A mutual P-256 TLS 1.3 handshake costs a 120 MHz Cortex-M4 about 1.5 s of its own CPU. */
static void test_crypto_is_charged_to_the_device(void)
{
    const char *const overrides[] = {"fleet.pump.cpu=cortex-m4-120mhz", "fleet.pump.connect.tls.min=1.3", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_TLS_HANDSHAKE_TIME, NULL, "pump");
    g_assert_cmpint(seen.min, >, LZ_MILLISECONDS(1450));
    g_assert_cmpint(seen.max, <, LZ_MILLISECONDS(1650));
    lz_observation_clear(&seen);
}

static void test_digest_depends_on_seed_only(void)
{
    const char *const other_seed[] = {"run.seed=2", NULL};
    const char *const recorded[] = {"record.events=[handshake, session, message-lost]", NULL};
    uint64_t first = digest_of(NULL);
    g_assert_cmpuint(first, ==, digest_of(NULL));
    g_assert_cmpuint(first, !=, digest_of(other_seed));
    g_assert_cmpuint(first, ==, digest_of(recorded));
}

/* Two worlds of one process do not know of each other. */
static void test_worlds_are_independent(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(lz_test_ward);
    g_autoptr(LzWorld) one = lz_test_world(plan);
    g_autoptr(LzWorld) two = lz_test_world(plan);
    for (bool is_one = true, is_two = true; is_one || is_two;) {
        is_one = lz_world_step(one);
        is_two = lz_world_step(two);
    }
    g_assert_cmpuint(lz_digest_value(lz_world_digest(one)), ==, lz_digest_value(lz_world_digest(two)));
    g_assert_cmpuint(lz_digest_value(lz_world_digest(one)), ==, digest_of(NULL));
}

/* Alerts of RFC 8446 section 6.2. */
static void expect_refusal(const char *certificate, int alert)
{
    static const char *const versions[] = {"1.2", "1.3"};
    for (unsigned i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *kind = g_strdup_printf("fleet.pump.certificate=%s", certificate);
        g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", versions[i]);
        g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", versions[i]);
        const char *const overrides[] = {kind, min, max, "run.duration=10 s", NULL};
        g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        lz_test_run(world);
        const LzHostStats *broker = lz_host_stats(lz_world_host(world, "broker"));
        g_assert_nonnull(broker->refused_by_alert);
        g_test_message("%s over TLS %s: %u refusals", certificate, versions[i], (unsigned)broker->refused_by_alert[alert]);
        g_assert_cmpuint(broker->refused_by_alert[alert], >=, 2);
        g_assert_cmpuint(broker->refused_by_alert[alert], ==, broker->handshakes_refused);
        g_assert_cmpuint(lz_world_connected(world), ==, 0);
        LzObservation seen = lz_test_observe(world, LZ_METRIC_SERVICE_REFUSED, "broker", NULL);
        g_assert_cmpint(seen.part, ==, (int64_t)broker->handshakes_refused);
        lz_observation_clear(&seen);
    }
}

static void test_bad_certificates_are_refused(void)
{
    expect_refusal("expired", 45);              /* certificate_expired */
    expect_refusal("not-yet-valid", 46);        /* certificate_unknown: what Mbed TLS sends for it */
    expect_refusal("foreign-ca", 48);           /* unknown_ca */
}

static bool all_connected(LzWorld *world)
{
    return lz_world_connected(world) == lz_world_device_count(world);
}

static bool none_connected(LzWorld *world)
{
    return lz_world_connected(world) == 0;
}

static void test_power_loss_and_return(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(lz_test_ward);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(20)));
    lz_world_fleet_power(world, "pump", false);
    g_assert_true(none_connected(world));
    lz_world_run_until(world, lz_world_now(world) + LZ_SECONDS(5));
    lz_world_fleet_power(world, "pump", true);
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(50)));
    lz_test_run(world);
}

static void test_service_crash_and_reconnect_resumes(void)
{
    static const char *const versions[] = {"1.2", "1.3"};
    for (unsigned i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", versions[i]);
        g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", versions[i]);
        const char *const overrides[] = {min, max, NULL};
        g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(20)));
        lz_world_run_until(world, lz_world_now(world) + LZ_SECONDS(2));
        lz_world_link_up(world, "bedside", false);
        lz_world_service_power(world, "broker", false);
        lz_world_link_up(world, "bedside", true);
        lz_world_service_power(world, "broker", true);
        lz_world_run_until(world, LZ_SECONDS(59));
        g_assert_true(all_connected(world));
        lz_test_run(world);
        const LzHostStats *pump = lz_host_stats(lz_world_host(world, "pump[1]"));
        g_assert_cmpuint(pump->handshakes_completed, ==, 2);
        g_assert_cmpuint(pump->handshakes_resumed, ==, 1);
    }
}

/* Attempts that nobody answers do not spend a TLS 1.3 ticket: no ClientHello was sent. */
static void test_unanswered_attempts_keep_the_ticket(void)
{
    const char *const overrides[] = {"fleet.pump.connect.tls.min=1.3", "fleet.pump.connect.handshake_timeout=3 s",
                                     "fleet.pump.connect.backoff_max=1 s", "fleet.pump.connect.keepalive=1 s", NULL};
    g_autofree char *yaml = g_strdup_printf("%sfaults: [{name: cut, kind: link-down, link: bedside, at: 20 s, for: 10 s}]\n",
                                            lz_test_ward);
    g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    const LzHostStats *pump = lz_host_stats(lz_world_host(world, "pump[1]"));
    g_assert_cmpuint(pump->sessions_closed, >, 2);
    g_assert_cmpuint(pump->handshakes_completed, ==, 2);
    g_assert_cmpuint(pump->handshakes_resumed, ==, 1);
}

static const char *const overlapping[] = {
    "link-down, link: bedside", "switch-off, zone: ward", "service-down, service: broker", "power-loss, fleet: pump"};

/* A fault that ends while another still holds the same thing down does not bring it back. */
static void test_overlapping_faults_end_with_the_last(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(overlapping); i++) {
        g_autofree char *yaml = g_strdup_printf("%s"
                                                "faults:\n"
                                                "  - {name: long, kind: %s, at: 20 s, for: 10 s}\n"
                                                "  - {name: short, kind: %s, at: 21 s, for: 2 s}\n",
                                                lz_test_ward, overlapping[i], overlapping[i]);
        const char *const overrides[] = {"fleet.pump.connect.keepalive=1 s", NULL};
        g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
        g_autoptr(LzWorld) world = lz_test_world(plan);
        g_test_message("%s", overlapping[i]);
        lz_world_run_until(world, LZ_MILLISECONDS(19999));
        g_assert_true(all_connected(world));
        lz_world_run_until(world, LZ_SECONDS(25));
        g_assert_true(none_connected(world));
        lz_world_run_until(world, LZ_MILLISECONDS(29999));
        g_assert_true(none_connected(world));
        lz_test_run(world);
        g_assert_true(all_connected(world));
    }
}

/* A device whose start falls into its fleet's power loss starts when the power is back. */
static void test_start_waits_for_power(void)
{
    g_autofree char *yaml = g_strdup_printf("%sfaults: [{name: dark, kind: power-loss, fleet: pump, at: 0 s, for: 10 s}]\n",
                                            lz_test_ward);
    const char *const overrides[] = {"fleet.pump.connect.start=2 s", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_MILLISECONDS(9999));
    g_assert_false(lz_host_is_on(lz_world_host(world, "pump[1]")));
    g_assert_true(none_connected(world));
    lz_world_run_until(world, LZ_SECONDS(10));
    g_assert_true(lz_host_is_on(lz_world_host(world, "pump[1]")));
    lz_test_run(world);
    g_assert_true(all_connected(world));
}

/* A certificate that lives for less than the day by which others are back-dated is good when the run begins. */
static void test_short_lived_certificates(void)
{
    g_autofree char *yaml = g_strdup_printf("%spki: {device_lifetime: 30 s}\n", lz_test_ward);
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(20)));
    lz_world_run_until(world, LZ_SECONDS(35));
    lz_world_fleet_power(world, "pump", false);
    lz_world_fleet_power(world, "pump", true);
    lz_test_run(world);
    g_assert_true(none_connected(world));
}

static int64_t flood_bytes(const char *const *overrides)
{
    g_autofree char *yaml = g_strdup_printf("%sattacks: [{name: flood, kind: tls-handshake-flood, from: {link: bedside}, "
                                            "target: broker, at: 1 s, for: 2 s, rate: 20 /s}]\n", lz_test_ward);
    g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation sent = lz_test_observe(world, LZ_METRIC_ATTACK_SENT, "flood", NULL);
    LzObservation bytes = lz_test_observe(world, LZ_METRIC_ATTACK_BYTES, "flood", NULL);
    g_assert_cmpint(sent.part, >, 0);
    int64_t part = bytes.part;
    lz_observation_clear(&sent);
    lz_observation_clear(&bytes);
    return part;
}

/* A flood without TLS opens connections and says nothing in them. */
static void test_flood_without_tls(void)
{
    const char *const silent[] = {"attacks.flood.tls.enabled=false", NULL};
    g_assert_cmpint(flood_bytes(silent), <, flood_bytes(NULL));
}

/* Adding a device changes nothing of what the others draw: the first pump's certificate is the same. */
static void test_adding_a_device_changes_nobody(void)
{
    const char *const more[] = {"fleet.pump.count=5", NULL};
    g_autoptr(LzPlan) small = lz_test_plan(lz_test_ward);
    g_autoptr(LzPlan) large = lz_test_plan_with(lz_test_ward, more);
    g_autoptr(LzWorld) a = lz_test_world(small);
    g_autoptr(LzWorld) b = lz_test_world(large);
    LzDeviceInfo one = lz_world_device(a, 1), same = lz_world_device(b, 1);
    g_assert_cmpstr(one.name, ==, same.name);
    g_assert_cmpint(one.start_ns, ==, same.start_ns);
    g_assert_cmpmem(one.certificate, one.certificate_size, same.certificate, same.certificate_size);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/world/crypto-is-charged-to-the-device", test_crypto_is_charged_to_the_device);
    g_test_add_func("/world/digest-depends-on-seed-only", test_digest_depends_on_seed_only);
    g_test_add_func("/world/worlds-are-independent", test_worlds_are_independent);
    g_test_add_func("/world/bad-certificates-are-refused", test_bad_certificates_are_refused);
    g_test_add_func("/world/power-loss-and-return", test_power_loss_and_return);
    g_test_add_func("/world/service-crash-and-reconnect-resumes", test_service_crash_and_reconnect_resumes);
    g_test_add_func("/world/unanswered-attempts-keep-the-ticket", test_unanswered_attempts_keep_the_ticket);
    g_test_add_func("/world/overlapping-faults-end-with-the-last", test_overlapping_faults_end_with_the_last);
    g_test_add_func("/world/start-waits-for-power", test_start_waits_for_power);
    g_test_add_func("/world/short-lived-certificates", test_short_lived_certificates);
    g_test_add_func("/world/flood-without-tls", test_flood_without_tls);
    g_test_add_func("/world/adding-a-device-changes-nobody", test_adding_a_device_changes_nobody);
    return g_test_run();
}
