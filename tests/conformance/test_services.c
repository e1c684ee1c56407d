/* Every service: starts, stops and starts again, leaves nothing scheduled, survives what strangers send, and does
 * the same from the same seed. */
#include "lazaret/random.h"
#include "sim/registry.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(1)

typedef struct Rig {
    TestWard *ward;
    TestModel *service;
    const LzServiceOps *ops;
} Rig;

static Rig rig_new(const LzModel *model)
{
    Rig rig = {.ward = test_ward_new(DELAY_NS), .ops = model->ops};
    rig.service = test_model_new(rig.ward, model, test_ward_add_host(rig.ward, "service"));
    test_service_init(rig.service);
    return rig;
}

static void crash(Rig *rig)
{
    lz_host_set_power(rig->service->host, false);
    rig->ops->stop(rig->service->state);
}

/* As a world does: first the power goes, which ends every session, then the model. */
static void rig_free(Rig *rig)
{
    crash(rig);
    test_model_free(rig->service);
    test_ward_free(rig->ward);
}

static void recover(Rig *rig)
{
    lz_host_set_power(rig->service->host, true);
    rig->ops->start(rig->service->state);
}

static void test_lifecycle(const void *data)
{
    Rig rig = rig_new(data);
    g_assert_cmpuint(lz_scheduler_pending(rig.ward->env.scheduler), ==, 0);
    rig.ops->start(rig.service->state);
    LzHost *host = test_ward_add_host(rig.ward, "visitor");
    for (unsigned round = 0; round < 3; round++) {
        TestPeer *peer = test_peer_connect(rig.ward, host, 1);
        test_ward_run(rig.ward, LZ_SECONDS(1));
        g_assert_true(peer->was_opened);
        crash(&rig);
        lz_host_set_power(host, false);
        test_ward_run(rig.ward, LZ_SECONDS(1));
        g_assert_cmpuint(lz_scheduler_pending(rig.ward->env.scheduler), ==, 0);
        lz_host_set_power(host, true);
        recover(&rig);
    }
    rig_free(&rig);
}

/* Random bytes on many connections, some ended by the stranger in either way; then an honest one still gets in. */
static void visit(Rig *rig, uint64_t seed)
{
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id("stranger"), LZ_PURPOSE_ATTACK);
    LzHost *host = test_ward_add_host(rig->ward, "stranger");
    for (unsigned i = 0; i < 200; i++) {
        TestPeer *peer = test_peer_connect(rig->ward, host, 1);
        test_ward_run(rig->ward, LZ_MILLISECONDS(5));
        uint8_t bytes[64];
        lz_random_fill(&random, bytes, sizeof bytes);
        if (peer->session && lz_session_is_open(peer->session)) {
            test_peer_send_bytes(peer, bytes, 1 + lz_random_below(&random, sizeof bytes));
        }
        test_ward_run(rig->ward, LZ_MILLISECONDS(5));
        const uint64_t end = lz_random_below(&random, 3);
        if (peer->session && end == 0) {
            lz_session_close(peer->session);
        } else if (peer->session && end == 1) {
            lz_session_abort(peer->session);
        }
    }
    test_ward_run(rig->ward, LZ_SECONDS(60));
}

static void test_strangers(const void *data)
{
    Rig rig = rig_new(data);
    rig.ops->start(rig.service->state);
    visit(&rig, 1);
    TestPeer *peer = test_peer_connect(rig.ward, test_ward_add_host(rig.ward, "honest"), 1);
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_true(peer->was_opened);
    g_assert_false(peer->was_closed);
    rig_free(&rig);
}

/* Services that take only datagrams: strangers' bytes, a crash in the midst of work, and nothing is left scheduled. */
static void send_datagrams(Rig *rig, LzHost *host, LzRandom *random, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[300];
        lz_random_fill(random, bytes, sizeof bytes);
        const LzDatagram datagram = {.address = lz_host_address(rig->service->host), .port = TEST_WARD_PORT, .source_port = 1000,
                                     .payload = {bytes, lz_random_below(random, sizeof bytes)}};
        g_assert_true(lz_host_send_udp(host, &datagram, 0));
        test_ward_run(rig->ward, LZ_MILLISECONDS(1));
    }
}

static void test_datagrams(const void *data)
{
    Rig rig = rig_new(data);
    LzRandom random;
    lz_random_init(&random, 1, lz_entity_id("stranger"), LZ_PURPOSE_ATTACK);
    LzHost *host = test_ward_add_host(rig.ward, "stranger");
    rig.ops->start(rig.service->state);
    for (unsigned round = 0; round < 3; round++) {
        send_datagrams(&rig, host, &random, 200);
        crash(&rig);
        test_ward_run(rig.ward, LZ_SECONDS(1));
        g_assert_cmpuint(lz_scheduler_pending(rig.ward->env.scheduler), ==, 0);
        recover(&rig);
    }
    rig_free(&rig);
}

static guint packets_of_run(const LzModel *model, uint64_t *ret_sum)
{
    Rig rig = rig_new(model);
    rig.ops->start(rig.service->state);
    visit(&rig, 2);
    *ret_sum = 0;
    const guint count = rig.ward->wire.seen->len;
    for (guint i = 0; i < count; i++) {
        const TestSeen *seen = &g_array_index(rig.ward->wire.seen, TestSeen, i);
        *ret_sum = *ret_sum * 31 + (uint64_t)seen->at_ns + seen->header.sequence + seen->header.payload_size;
    }
    rig_free(&rig);
    return count;
}

static void test_deterministic(const void *data)
{
    uint64_t first_sum, second_sum;
    const guint first = packets_of_run(data, &first_sum), second = packets_of_run(data, &second_sum);
    g_assert_cmpuint(first, >=, 1000);
    g_assert_cmpuint(first, ==, second);
    g_assert_cmpuint(first_sum, ==, second_sum);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_SERVICE); *model; model++) {
        static const struct { const char *name; void (*run)(const void *); } tests[] = {
            {"lifecycle", test_lifecycle}, {"strangers", test_strangers}, {"deterministic", test_deterministic}};
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            if (((const LzServiceOps *)(*model)->ops)->is_datagram) {
                continue;
            }
            g_autofree char *path = g_strdup_printf("/services/%s/%s", (*model)->name, tests[i].name);
            g_test_add_data_func(path, *model, tests[i].run);
        }
        if (((const LzServiceOps *)(*model)->ops)->is_datagram) {
            g_autofree char *path = g_strdup_printf("/services/%s/datagrams", (*model)->name);
            g_test_add_data_func(path, *model, test_datagrams);
        }
    }
    return g_test_run();
}
