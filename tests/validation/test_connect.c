/* Time from SYN to CONNACK against its closed form: validation case 46. */
#include <glib.h>

#include "tests/lib/test_world.h"

static int64_t mean_connect_ns(const char *version, const char *delay)
{
    g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", version);
    g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", version);
    g_autofree char *link = g_strdup_printf("network.links.bedside.delay=%s", delay);
    const char *const overrides[] = {min, max, link, "run.crypto_cost=0 %", "services.broker.connect_cost=0 ns", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_TLS_CONNECT_TIME, NULL, "pump");
    g_assert_cmpuint(seen.samples, ==, 2);
    int64_t mean = seen.mean;
    lz_observation_clear(&seen);
    return mean;
}

/* Validation case 46: with free crypto and an unloaded network, SYN to CONNACK takes 3 round trips with
 * TLS 1.3 and 4 with TLS 1.2; so 49 ms more of one-way delay add 3 and 4 times 98 ms. */
static void test_connect_takes_round_trips(void)
{
    int64_t moved_1_3 = mean_connect_ns("1.3", "50 ms") - mean_connect_ns("1.3", "1 ms");
    int64_t moved_1_2 = mean_connect_ns("1.2", "50 ms") - mean_connect_ns("1.2", "1 ms");
    g_assert_cmpint(moved_1_3, ==, 3 * 2 * LZ_MILLISECONDS(49));
    g_assert_cmpint(moved_1_2, ==, 4 * 2 * LZ_MILLISECONDS(49));
}

/* At a round trip of 20 ms: 60 ms with TLS 1.3, 80 ms with TLS 1.2, and the serialisation at 100 Gbit/s. */
static void test_connect_at_20_ms(void)
{
    static const struct {
        const char *version;
        LzTime expected_ns;
    } cases[] = {{"1.3", LZ_MILLISECONDS(60)}, {"1.2", LZ_MILLISECONDS(80)}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t mean_ns = mean_connect_ns(cases[i].version, "10 ms");
        g_assert_cmpint(mean_ns, >=, cases[i].expected_ns);
        g_assert_cmpint(mean_ns, <, cases[i].expected_ns + LZ_MICROSECONDS(20));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connect/takes-round-trips", test_connect_takes_round_trips);
    g_test_add_func("/connect/at-20-ms", test_connect_at_20_ms);
    return g_test_run();
}
