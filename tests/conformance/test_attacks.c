/* What every registered attack must do: produce traffic that reaches its target, start nothing after stop and
 * leave nothing open, depend on its seed alone, and survive the end of the world at any moment. */
#include <glib.h>

#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_siege.h"

#define DRAIN_NS LZ_SECONDS(600)        /* TIME_WAIT and the longest retransmission are over by then */

static LzTestSiege *siege_of(const LzModel *model)
{
    return lz_test_siege_new(model, lz_test_config_new(model), 3, 4);
}

static void test_reaches_target(gconstpointer data)
{
    LzTestSiege *siege = siege_of(data);
    lz_test_siege_start(siege);
    lz_test_siege_run(siege, LZ_MILLISECONDS(400));
    g_assert_cmpuint(lz_test_siege_packets(siege), >, 0);
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_SENT), >, 0);
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_REACHED), >, 0);
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_BYTES), >, 0);
    lz_test_siege_free(siege);
}

static void test_stops_cleanly(gconstpointer data)
{
    LzTestSiege *siege = siege_of(data);
    lz_test_siege_start(siege);
    lz_test_siege_run(siege, LZ_MILLISECONDS(200));
    lz_test_siege_stop(siege);
    const uint64_t accepted = lz_test_siege_accepted(siege);
    lz_test_siege_run(siege, LZ_MILLISECONDS(210));     /* what was on its way */
    const uint64_t settled = lz_test_siege_accepted(siege);
    g_assert_cmpuint(settled, <=, accepted + 10);
    lz_test_siege_run(siege, DRAIN_NS);
    g_assert_cmpuint(lz_test_siege_accepted(siege), ==, settled);
    g_assert_cmpuint(lz_test_siege_open(siege), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpuint(lz_host_stats(lz_test_siege_attacker(siege, i))->open_sessions, ==, 0);
    }
    g_assert_cmpuint(lz_scheduler_pending(lz_test_siege_scheduler(siege)), ==, 0);
    lz_test_siege_free(siege);
}

static void test_is_deterministic(gconstpointer data)
{
    uint64_t fingerprints[2];
    for (unsigned i = 0; i < 2; i++) {
        LzTestSiege *siege = siege_of(data);
        lz_test_siege_start(siege);
        lz_test_siege_run(siege, LZ_MILLISECONDS(200));
        lz_test_siege_stop(siege);
        lz_test_siege_run(siege, LZ_SECONDS(2));
        fingerprints[i] = lz_test_siege_fingerprint(siege);
        lz_test_siege_free(siege);
    }
    g_assert_cmpuint(fingerprints[0], ==, fingerprints[1]);
}

static void test_ends_at_any_moment(gconstpointer data)
{
    static const LzTime moments_us[] = {0, 1, 1000, 1500, 5000, 9123, 40000, 100000};
    lz_test_siege_free(siege_of(data));                 /* never started */
    for (size_t i = 0; i < G_N_ELEMENTS(moments_us); i++) {
        LzTestSiege *siege = siege_of(data);
        lz_test_siege_start(siege);
        lz_test_siege_run(siege, LZ_MICROSECONDS(moments_us[i]));
        lz_test_siege_free(siege);
    }
}

static void add(const LzModel *model, const char *name, GTestDataFunc function)
{
    g_autofree char *path = g_strdup_printf("/attacks/%s/%s", model->name, name);
    g_test_add_data_func(path, model, function);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_ATTACK); *model; model++) {
        add(*model, "reaches-target", test_reaches_target);
        add(*model, "stops-cleanly", test_stops_cleanly);
        add(*model, "is-deterministic", test_is_deterministic);
        add(*model, "ends-at-any-moment", test_ends_at_any_moment);
    }
    return g_test_run();
}
