/* Threads change nothing that anybody can see: not a digest, not a key log, however a session ends that another thread
 * was working for. */
#include <glib.h>
#include <stdarg.h>

#include "sim/core/digest.h"
#include "tests/lib/test_world.h"

/* What there is to see of a run. */
typedef struct Sight {
    uint64_t digest, events;
    GString *key_log;           /* when, who, what */
} Sight;

static void key_log(void *self, const char *device, LzTime now_ns, const char *line)
{
    g_string_append_printf(self, "%" G_GINT64_FORMAT " %s %s\n", now_ns, device, line);
}

static void ignore_packet(void *self, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing)
{
    (void)self, (void)device, (void)now_ns, (void)packet, (void)is_outgoing;
}

/* faults: YAML after the ward's, or "". */
static LzPlan *plan_of(const char *faults, unsigned threads, const char *const *overrides)
{
    g_autofree char *yaml = g_strconcat(lz_test_ward, faults, NULL);
    g_autofree char *count = g_strdup_printf("run.threads=%u", threads);
    const char *all[16] = {count, "record.pcapng={fleet: pump, first: 2}", "fleet.pump.count=12"};
    unsigned used = 3;
    for (; overrides && *overrides; overrides++) {
        g_assert_cmpuint(used + 1, <, G_N_ELEMENTS(all));
        all[used++] = *overrides;
    }
    return lz_test_plan_with(yaml, all);
}

static Sight look(const char *faults, unsigned threads, const char *const *overrides)
{
    g_autoptr(LzPlan) plan = plan_of(faults, threads, overrides);
    Sight sight = {.key_log = g_string_new(NULL)};
    LzWorldObserver observer = {.packet = ignore_packet, .key_log = key_log, .self = sight.key_log};
    g_autoptr(GError) error = NULL;
    g_autoptr(LzWorld) world = lz_world_new(plan, 0, &observer, &error);
    g_assert_no_error(error);
    lz_test_run(world);
    sight.digest = lz_digest_value(lz_world_digest(world));
    sight.events = lz_world_events(world);
    return sight;
}

static bool expect_alike_as(const char *faults, const char *const *overrides)
{
    static const unsigned threads[] = {1, 2, 4, 8};
    g_autoptr(GString) first = NULL;
    Sight one = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        Sight sight = look(faults, threads[i], overrides);
        if (i == 0) {
            one = sight;
            first = sight.key_log;
            continue;
        }
        g_assert_cmpuint(sight.digest, ==, one.digest);
        g_assert_cmpuint(sight.events, ==, one.events);
        g_assert_cmpstr(sight.key_log->str, ==, first->str);
        g_string_free(sight.key_log, TRUE);
    }
    return first->len > 0;
}

/* With tickets and without, which lets a client begin before it is connected. Says whether there were secrets to
 * compare. */
static bool expect_alike(const char *faults, const char *const *overrides)
{
    const char *without[12] = {"fleet.pump.connect.tls.resume=false"};
    for (unsigned i = 0; overrides && overrides[i]; i++) {
        g_assert_cmpuint(i + 2, <, G_N_ELEMENTS(without));
        without[i + 1] = overrides[i];
    }
    bool has_secrets = expect_alike_as(faults, without);
    return expect_alike_as(faults, overrides) && has_secrets;
}

static void test_versions_and_keys(void)
{
    static const char *const versions[] = {"1.2", "1.3"}, *const keys[] = {"ecdsa-p256", "rsa-2048"};
    for (unsigned i = 0; i < 4; i++) {
        g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", versions[i % 2]);
        g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", versions[i % 2]);
        g_autofree char *key = g_strdup_printf("fleet.pump.connect.tls.key=%s", keys[i / 2]);
        g_autofree char *server_key = g_strdup_printf("services.broker.tls.key=%s", keys[i / 2]);
        const char *const overrides[] = {min, max, key, server_key, NULL};
        g_assert_true(expect_alike("", overrides));
    }
}

/* Of a slow CPU a step lasts a second or more: whatever happens meanwhile, happens while it is given away. */
static const char *const slow[] = {"fleet.pump.cpu=cortex-m4-120mhz", "fleet.pump.connect.start=50 ms",
                                   "services.broker.cpu=cortex-m4-120mhz", NULL};

static void test_power_loss(void)
{
    expect_alike("faults:\n"
                 "  - {name: one, kind: power-loss, fleet: pump, at: 300 ms, for: 1 s}\n"
                 "  - {name: two, kind: power-loss, fleet: pump, at: 4 s, for: 1 s}\n",
                 slow);
}

static void test_service_down(void)
{
    expect_alike("faults:\n"
                 "  - {name: one, kind: service-down, service: broker, at: 500 ms, for: 1 s}\n"
                 "  - {name: two, kind: service-down, service: broker, at: 6 s, for: 1 s}\n",
                 slow);
}

static void test_link_down(void)
{
    expect_alike("faults:\n"
                 "  - {name: one, kind: link-down, link: bedside, at: 700 ms, for: 2 s}\n"
                 "  - {name: two, kind: switch-off, zone: ward, at: 9 s, for: 9 s}\n",
                 slow);
}

/* The broker gives up on handshakes that it is working at itself. */
static void test_handshake_timeout(void)
{
    const char *const overrides[] = {slow[0], slow[1], slow[2], "services.broker.handshake_timeout=1500 ms", NULL};
    expect_alike("", overrides);
}

static void test_refusals(void)
{
    static const char *const certificates[] = {"expired", "foreign-ca"};
    for (unsigned i = 0; i < G_N_ELEMENTS(certificates); i++) {
        g_autofree char *certificate = g_strdup_printf("fleet.pump.certificate=%s", certificates[i]);
        const char *const overrides[] = {certificate, NULL};
        expect_alike("", overrides);
    }
}

/* Nothing is charged: a step has passed as soon as it has begun. */
static void test_free_crypto(void)
{
    const char *const overrides[] = {"run.crypto_cost=0 %", NULL};
    expect_alike("", overrides);
}

/* The end of a world comes at any moment, with work given away and not taken back. */
static void test_end_of_the_world(void)
{
    const char *const overrides[] = {slow[0], slow[1], slow[2], "fleet.pump.connect.tls.resume=false", NULL};
    g_autoptr(LzPlan) plan = plan_of("", 4, overrides);
    for (unsigned steps = 0; steps < 400; steps += 7) {
        LzWorld *world = lz_test_world(plan);
        for (unsigned i = 0; i < steps; i++) {
            g_assert_true(lz_world_step(world));
        }
        lz_world_free(world);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/threads/versions-and-keys", test_versions_and_keys);
    g_test_add_func("/threads/power-loss", test_power_loss);
    g_test_add_func("/threads/service-down", test_service_down);
    g_test_add_func("/threads/link-down", test_link_down);
    g_test_add_func("/threads/handshake-timeout", test_handshake_timeout);
    g_test_add_func("/threads/refusals", test_refusals);
    g_test_add_func("/threads/free-crypto", test_free_crypto);
    g_test_add_func("/threads/end-of-the-world", test_end_of_the_world);
    return g_test_run();
}
