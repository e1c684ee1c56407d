/* The per-source limit on new connections: bucket, refill, block, table. */
#include <glib.h>

#include "lazaret/defence.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

typedef struct Fixture {
    const LzModel *model;
    const LzDefenceOps *ops;
    void *config, *state;
} Fixture;

static Fixture fixture_new(void)
{
    Fixture fixture = {.model = lz_registry_find(LZ_MODEL_DEFENCE, "source-rate-limit")};
    fixture.ops = fixture.model->ops;
    fixture.config = lz_test_config_new(fixture.model);
    fixture.state = g_malloc0(fixture.model->state_size);
    lz_test_config_set(fixture.model, fixture.config, "rate_uhz", 2e6);         /* 2 /s */
    lz_test_config_set(fixture.model, fixture.config, "burst", 3);
    return fixture;
}

static void fixture_start(Fixture *fixture)
{
    const LzEnv env = {.seed = 1};
    fixture->ops->init(fixture->state, fixture->config, &env, 0);
}

static void fixture_clear(Fixture *fixture)
{
    fixture->ops->clear(fixture->state);
    g_free(fixture->state);
    g_free(fixture->config);
}

static bool admit(Fixture *fixture, LzAddress source, uint8_t flags, LzTime now_ns)
{
    const LzPacket packet = {.source = source, .protocol = LZ_IP_TCP, .tcp_flags = flags};
    return fixture->ops->admit(fixture->state, &packet, now_ns);
}

static void test_burst_then_rate(void)
{
    Fixture fixture = fixture_new();
    fixture_start(&fixture);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, 0));
    }
    g_assert_false(admit(&fixture, 1, LZ_TCP_SYN, 0));
    g_assert_false(admit(&fixture, 1, LZ_TCP_SYN, LZ_MILLISECONDS(500) - 1));
    g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, LZ_MILLISECONDS(500)));
    g_assert_false(admit(&fixture, 1, LZ_TCP_SYN, LZ_MILLISECONDS(500)));
    unsigned admitted = 0;
    for (LzTime now_ns = LZ_SECONDS(1); now_ns < LZ_SECONDS(101); now_ns += LZ_MILLISECONDS(10)) {
        admitted += admit(&fixture, 1, LZ_TCP_SYN, now_ns) ? 1 : 0;
    }
    g_assert_cmpuint(admitted, ==, 200);
    fixture_clear(&fixture);
}

static void test_sources_are_apart(void)
{
    Fixture fixture = fixture_new();
    fixture_start(&fixture);
    for (unsigned i = 0; i < 100; i++) {
        admit(&fixture, 1, LZ_TCP_SYN, 0);
    }
    g_assert_true(admit(&fixture, 2, LZ_TCP_SYN, 0));
    fixture_clear(&fixture);
}

static void test_only_new_connections(void)
{
    Fixture fixture = fixture_new();
    fixture_start(&fixture);
    for (unsigned i = 0; i < 10; i++) {
        admit(&fixture, 1, LZ_TCP_SYN, 0);
    }
    g_assert_true(admit(&fixture, 1, LZ_TCP_ACK, 0));
    g_assert_true(admit(&fixture, 1, LZ_TCP_ACK | LZ_TCP_FIN, 0));
    g_assert_true(admit(&fixture, 1, LZ_TCP_RST, 0));
    g_assert_true(admit(&fixture, 1, LZ_TCP_SYN | LZ_TCP_ACK, 0));
    const LzPacket udp = {.source = 1, .protocol = LZ_IP_UDP};
    g_assert_true(fixture.ops->admit(fixture.state, &udp, 0));
    fixture_clear(&fixture);
}

static void test_block(void)
{
    Fixture fixture = fixture_new();
    lz_test_config_set(fixture.model, fixture.config, "block_ns", 10e9);
    fixture_start(&fixture);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, 0));
    }
    g_assert_false(admit(&fixture, 1, LZ_TCP_SYN, 0));
    g_assert_false(admit(&fixture, 1, LZ_TCP_SYN, LZ_SECONDS(10) - 1));
    g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, LZ_SECONDS(10)));
    fixture_clear(&fixture);
}

static void test_full_table(void)
{
    for (unsigned when_full = 0; when_full < 2; when_full++) {
        Fixture fixture = fixture_new();
        lz_test_config_set(fixture.model, fixture.config, "sources", 2);
        lz_test_config_set(fixture.model, fixture.config, "idle_ns", 60e9);
        lz_test_config_set(fixture.model, fixture.config, "when_full", when_full);
        fixture_start(&fixture);
        g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, 0));
        g_assert_true(admit(&fixture, 2, LZ_TCP_SYN, LZ_SECONDS(1)));
        g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, LZ_SECONDS(2)));
        g_assert_cmpint(admit(&fixture, 3, LZ_TCP_SYN, LZ_SECONDS(3)), ==, when_full == 1);
        g_assert_cmpint(admit(&fixture, 3, LZ_TCP_SYN, LZ_SECONDS(61) - 1), ==, when_full == 1);
        g_assert_true(admit(&fixture, 3, LZ_TCP_SYN, LZ_SECONDS(61)));          /* 2 was silent for 60 s */
        g_assert_cmpint(admit(&fixture, 2, LZ_TCP_SYN, LZ_SECONDS(61)), ==, when_full == 1);
        fixture_clear(&fixture);
    }
}

/* A source that has debts is not forgotten, or it could start anew with a full bucket. */
static void test_debts_are_kept(void)
{
    Fixture fixture = fixture_new();
    lz_test_config_set(fixture.model, fixture.config, "sources", 1);
    lz_test_config_set(fixture.model, fixture.config, "idle_ns", 0);
    fixture_start(&fixture);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(admit(&fixture, 1, LZ_TCP_SYN, 0));
    }
    g_assert_false(admit(&fixture, 2, LZ_TCP_SYN, LZ_MILLISECONDS(1500) - 1));
    g_assert_true(admit(&fixture, 2, LZ_TCP_SYN, LZ_MILLISECONDS(1500)));
    fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source-rate-limit/burst-then-rate", test_burst_then_rate);
    g_test_add_func("/source-rate-limit/sources-are-apart", test_sources_are_apart);
    g_test_add_func("/source-rate-limit/only-new-connections", test_only_new_connections);
    g_test_add_func("/source-rate-limit/block", test_block);
    g_test_add_func("/source-rate-limit/full-table", test_full_table);
    g_test_add_func("/source-rate-limit/debts-are-kept", test_debts_are_kept);
    return g_test_run();
}
