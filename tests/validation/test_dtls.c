/* Round trips and repetitions of a DTLS handshake against their closed forms. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char ward[] =
    "lazaret: 1\n"
    "name: dtls-ward\n"
    "start: 2026-03-02T06:00:00Z\n"
    "run: {seed: 1, duration: 60 s, crypto_cost: 0 %}\n"
    "network:\n"
    "  zones: {ward: {forwarding: 0 ns}, core: {forwarding: 0 ns}}\n"
    "  links:\n"
    "    bedside: {model: wired, zone: ward, rate: 100 Gbit/s, delay: 1 ms, queue: 10 MB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 100 Gbit/s, delay: 0 ns, queue: 10 MB}\n"
    "    rack: {model: wired, zone: core, rate: 100 Gbit/s, delay: 0 ns, queue: 10 MB}\n"
    "services:\n"
    "  things: {kind: coap-server, zone: core, link: rack, cpu: x86-server, cores: 2 cores, handshake_timeout: 60 s}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 2\n"
    "    link: bedside\n"
    "    connect: {to: things, client: coap, handshake_timeout: 60 s}\n"
    "live: {bind: off}\n";

static LzObservation handshakes(const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    return lz_test_observe(world, LZ_METRIC_TLS_HANDSHAKE_TIME, NULL, "pump");
}

static int64_t mean_handshake_ns(const char *cookies, const char *delay)
{
    g_autofree char *cookie = g_strdup_printf("services.things.tls.dtls.cookies=%s", cookies);
    g_autofree char *link = g_strdup_printf("network.links.bedside.delay=%s", delay);
    LzObservation seen = handshakes((const char *const[]){cookie, link, NULL});
    g_assert_cmpuint(seen.samples, ==, 2);
    int64_t mean = seen.mean;
    lz_observation_clear(&seen);
    return mean;
}

/* RFC 6347 4.2.1, 4.2.4 figure 1: with free crypto, application data may follow 2 round trips after the first hello, 3 with a
 * cookie; so 49 ms more of one-way delay add 2 and 3 times 98 ms. */
static void test_round_trips(void)
{
    g_assert_cmpint(mean_handshake_ns("true", "50 ms") - mean_handshake_ns("true", "1 ms"), ==, 3 * 2 * LZ_MILLISECONDS(49));
    g_assert_cmpint(mean_handshake_ns("false", "50 ms") - mean_handshake_ns("false", "1 ms"), ==, 2 * 2 * LZ_MILLISECONDS(49));
}

/* At a round trip of 20 ms: 60 ms, and the serialisation at 100 Gbit/s. */
static void test_at_20_ms(void)
{
    int64_t mean_ns = mean_handshake_ns("true", "10 ms");
    g_assert_cmpint(mean_ns, >=, LZ_MILLISECONDS(60));
    g_assert_cmpint(mean_ns, <, LZ_MILLISECONDS(60) + LZ_MICROSECONDS(20));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dtls/round-trips", test_round_trips);
    g_test_add_func("/dtls/at-20-ms", test_at_20_ms);
    return g_test_run();
}
