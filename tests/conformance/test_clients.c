/* Every client: whatever its server does, it never gives up, accounts for every message, leaves nothing scheduled
 * when power is lost, and does the same from the same seed. */
#include "lazaret/random.h"
#include <string.h>

#include "sim/registry.h"
#include "tests/lib/test_ward.h"

#define DELAY_NS LZ_MILLISECONDS(1)

typedef enum { SERVER_ABSENT, SERVER_SILENT, SERVER_NONSENSE, SERVER_CLOSES, SERVER_RESETS, SERVER_COUNT } Server;
static const char *const server_names[] = {"absent", "silent", "nonsense", "closes", "resets"};

/* What a client asks of its server. One that asks nothing cannot know that the server misbehaves: its messages
 * are on their way, not lost. Whoever is not listed asks for all. */
typedef struct Manners {
    const char *name;
    bool wants_session, wants_answer, speaks_mqtt;
    bool is_ready_alone;        /* with its session, before it has asked anything */
    bool gives_up;              /* what nobody acknowledges is lost */
} Manners;
static const Manners manners[] = {
    {"alarm-phone", true, true, false, false, false},
    {"coap", false, false, false, false, true},
    {"datagram", false, false, false, false, false},
    {"dicom", true, true, false, false, false},
    {"exchange", true, true, false, false, false},
    {"hl7", true, true, false, true, false},
    {"http", true, true, false, false, false},
    {"rtp", false, false, false, false, false},
    {"telemetry", true, false, false, false, false},
    {NULL, true, true, true, false, false},
};

typedef struct Case {
    const LzModel *model;
    Server server;
} Case;

typedef struct Rig {
    TestWard *ward;
    TestPeer *server;
    TestModel *client;
    const LzClientOps *ops;
    LzRandom random;
} Rig;

static const Manners *manners_of(const LzModel *model)
{
    const Manners *row = manners;
    while (row->name && strcmp(row->name, model->name) != 0) {
        row++;
    }
    return row;
}

static Rig rig_new(const Case *one)
{
    Rig rig = {.ward = test_ward_new(DELAY_NS), .ops = one->model->ops};
    LzHost *host = test_ward_add_host(rig.ward, "server");
    rig.server = one->server == SERVER_ABSENT ? NULL : test_peer_listen(rig.ward, host);
    if (rig.server) {
        rig.server->is_deaf = !manners_of(one->model)->speaks_mqtt;
    }
    rig.client = test_model_new(rig.ward, one->model, test_ward_add_host(rig.ward, "device[1]"));
    test_client_init(rig.client, 1);
    lz_random_init(&rig.random, 1, lz_entity_id("server"), LZ_PURPOSE_ATTACK);
    return rig;
}

static void rig_free(Rig *rig)
{
    test_model_free(rig->client);
    test_ward_free(rig->ward);
}

static void misbehave(Rig *rig, Server server)
{
    if (!rig->server || !rig->server->session || !lz_session_is_open(rig->server->session)) {
        return;
    }
    uint8_t bytes[32];
    lz_random_fill(&rig->random, bytes, sizeof bytes);
    if (server == SERVER_NONSENSE) {
        test_peer_send_bytes(rig->server, bytes, sizeof bytes);
    } else if (server == SERVER_CLOSES) {
        lz_session_close(rig->server->session);
    } else if (server == SERVER_RESETS) {
        lz_session_abort(rig->server->session);
    }
}

/* Ten minutes with a message of each QoS every second. */
static void run_long(Rig *rig, Server server)
{
    rig->ops->start(rig->client->state);
    for (unsigned second = 0; second < 600; second++) {
        test_ward_run(rig->ward, LZ_MILLISECONDS(500));
        misbehave(rig, server);
        test_ward_run(rig->ward, LZ_MILLISECONDS(500));
        for (unsigned flow = 0; flow < 3; flow++) {
            test_client_send(rig->client, flow, 64);
        }
    }
}

static unsigned syns_since(const Rig *rig, LzTime from_ns)
{
    unsigned count = 0;
    for (guint i = 0; i < rig->ward->wire.seen->len; i++) {
        const TestSeen *seen = &g_array_index(rig->ward->wire.seen, TestSeen, i);
        count += seen->header.tcp_flags == LZ_TCP_SYN && seen->at_ns >= from_ns;
    }
    return count;
}

static void test_accounts(const void *data)
{
    const Case *one = data;
    Rig rig = rig_new(one);
    const Manners *asks = manners_of(one->model);
    const bool can_open = !asks->wants_session || (!asks->wants_answer && one->server != SERVER_ABSENT);
    const bool stays_open = can_open && one->server != SERVER_CLOSES && one->server != SERVER_RESETS;
    run_long(&rig, one->server);
    g_assert_true((syns_since(&rig, LZ_SECONDS(480)) > 0) == (asks->wants_session && !stays_open));
    const bool is_ready_alone = asks->is_ready_alone && one->server != SERVER_ABSENT;
    g_assert_true((rig.client->times_ready > 0) == (can_open || is_ready_alone));
    lz_host_set_power(rig.client->host, false);
    rig.ops->stop(rig.client->state);
    const LzFlowAccount account = test_ward_account(rig.ward);
    uint64_t lost = 0;
    for (unsigned i = 0; i < LZ_LOSS_CAUSE_COUNT; i++) {
        lost += account.lost[i];
    }
    g_assert_cmpuint(account.created, ==, 1800);
    if (!can_open) {
        g_assert_cmpuint(lost, ==, 1800);
    } else if (asks->gives_up) {
        g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], >, 0);
    } else if (stays_open) {
        const uint64_t ignored = account.lost[LZ_LOSS_NETWORK];         /* datagrams for which nobody listens */
        g_assert_true(ignored == 0 || !asks->wants_session);
        g_assert_cmpuint(lost, ==, account.lost[LZ_LOSS_POWER] + ignored);
        g_assert_cmpuint(account.lost[LZ_LOSS_POWER], <=, 3);           /* at most what TCP had not brought over */
    }
    g_assert_true(account.lost[LZ_LOSS_POWER] > 0 || can_open);
    g_assert_cmpuint(rig.client->times_gone, ==, rig.client->times_ready);
    lz_host_set_power(rig.ward->hosts->pdata[0], false);
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_cmpuint(lz_scheduler_pending(rig.ward->env.scheduler), ==, 0);
    const LzTime stopped_ns = lz_now(rig.ward->env.scheduler);
    test_ward_run(rig.ward, LZ_SECONDS(200));
    g_assert_cmpuint(syns_since(&rig, stopped_ns), ==, 0);
    lz_host_set_power(rig.client->host, true);
    rig.ops->start(rig.client->state);
    test_client_send(rig.client, 0, 64);        /* some connect only when there is something to say */
    test_ward_run(rig.ward, LZ_SECONDS(1));
    g_assert_true((syns_since(&rig, stopped_ns) > 0) == asks->wants_session);
    rig_free(&rig);
}

static guint packets_of_run(const Case *one, uint64_t *ret_sum)
{
    Rig rig = rig_new(one);
    run_long(&rig, one->server);
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
    g_assert_cmpuint(first, >, 5);
    g_assert_cmpuint(first, ==, second);
    g_assert_cmpuint(first_sum, ==, second_sum);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const LzModel *const *model = lz_registry_all(LZ_MODEL_CLIENT); *model; model++) {
        for (Server server = SERVER_ABSENT; server < SERVER_COUNT; server++) {
            const Case one = {*model, server};
            g_autofree char *accounts = g_strdup_printf("/clients/%s/%s/accounts", (*model)->name, server_names[server]);
            g_autofree char *same = g_strdup_printf("/clients/%s/%s/deterministic", (*model)->name, server_names[server]);
            g_test_add_data_func_full(accounts, g_memdup2(&one, sizeof one), test_accounts, g_free);
            g_test_add_data_func_full(same, g_memdup2(&one, sizeof one), test_deterministic, g_free);
        }
    }
    return g_test_run();
}
