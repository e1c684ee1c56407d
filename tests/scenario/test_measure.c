/* What whole runs measure agrees with itself: two metrics of the same thing tell the same. */
#include <glib.h>

#include "tests/lib/test_world.h"

/* A slow backbone, so that its load shows. */
static const char *const overrides[] = {"network.links.backbone.rate=1 Mbit/s", "fleet.pump.count=10", NULL};
static const int64_t rate_bps = 1000000;

typedef struct Fixture {
    LzPlan *plan;
    LzWorld *world;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->plan = lz_test_plan_with(lz_test_ward, overrides);
    fixture->world = lz_test_world(fixture->plan);
    lz_test_run(fixture->world);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    lz_world_free(fixture->world);
    lz_plan_free(fixture->plan);
}

static LzObservation observe(Fixture *fixture, LzMetric metric, const char *name)
{
    LzObservation seen = lz_test_observe(fixture->world, metric, name, NULL);
    g_assert_cmpuint(seen.scopes, >, 0);
    return seen;
}

/* The busier direction carries at least half and at most all of the bytes, and the busy share is bytes over rate. */
static void test_utilisation_is_bytes_over_rate(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzObservation share = observe(fixture, LZ_METRIC_LINK_UTILISATION, "backbone");
    LzObservation bytes = observe(fixture, LZ_METRIC_LINK_BYTES, "backbone");
    double carried = (double)share.mean / 1e9 * (double)share.window_ns / 1e9 * (double)rate_bps / 8;
    g_assert_cmpint(bytes.part, >, 10000);
    g_assert_cmpfloat(carried, >, 0.45 * (double)bytes.part);
    g_assert_cmpfloat(carried, <, 1.05 * (double)bytes.part);
    g_assert_cmpint(share.max, <=, 1000000000);
}

/* Without loss every message arrives, in order of its stages, and the broker has seen them all. */
static void test_messages_are_conserved(Fixture *fixture, gconstpointer data)
{
    (void)data;
    const LzProbes *probes = lz_world_probes(fixture->world);
    uint64_t created = 0, delivered = 0;
    for (LzScope scope = 1; scope <= lz_recorder_scope_count(probes); scope++) {
        if (lz_recorder_scope_info(probes, scope)->kind != LZ_SCOPE_FLOW) {
            continue;
        }
        LzFlowAccount account = lz_recorder_flow_account(probes, scope);
        g_assert_cmpuint(account.handed_to_tls, <=, account.created);
        g_assert_cmpuint(account.sent, <=, account.handed_to_tls);
        g_assert_cmpuint(account.delivered, <=, account.sent);
        g_assert_cmpuint(account.created, ==, account.delivered + account.in_flight);
        created += account.created;
        delivered += account.delivered;
    }
    LzObservation processed = observe(fixture, LZ_METRIC_SERVICE_MESSAGES, "broker");
    g_assert_cmpuint(created, >, 10);
    g_assert_cmpint((int64_t)delivered, ==, processed.part);
    g_assert_cmpint(observe(fixture, LZ_METRIC_FLOW_CREATED, NULL).part, ==, (int64_t)created);
}

/* The run, the fleet and the service count the same open sessions. */
static void test_connected_devices_agree(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(observe(fixture, LZ_METRIC_RUN_DEVICES_CONNECTED, NULL).last, ==, 10);
    g_assert_cmpint(observe(fixture, LZ_METRIC_SERVICE_SESSIONS, "broker").last, ==, 10);
    g_assert_cmpint(observe(fixture, LZ_METRIC_FLEET_CONNECTED, "pump").last, ==, 1000000000);
    g_assert_cmpint(observe(fixture, LZ_METRIC_SERVICE_AVAILABILITY, "broker").last, ==, 1000000000);
    g_assert_cmpint(observe(fixture, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, NULL).part, ==, 10);
    g_assert_cmpint(observe(fixture, LZ_METRIC_SERVICE_HANDSHAKES, "broker").part, ==, 10);
    LzObservation time = observe(fixture, LZ_METRIC_TLS_HANDSHAKE_TIME, NULL);
    g_assert_cmpuint(time.samples, ==, 10);
    lz_observation_clear(&time);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/measure/" path, Fixture, NULL, set_up, test, tear_down)
    ADD("utilisation-is-bytes-over-rate", test_utilisation_is_bytes_over_rate);
    ADD("messages-are-conserved", test_messages_are_conserved);
    ADD("connected-devices-agree", test_connected_devices_agree);
#undef ADD
    return g_test_run();
}
