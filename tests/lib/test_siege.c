#include "tests/lib/test_siege.h"

#include "lazaret/element.h"
#include "sim/net/packet.h"

#define SERVER_ADDRESS 0x0a000001
#define ATTACKER_ADDRESS 0x0a000100
#define START_UNIX_S 1780000000
#define DELAY_NS LZ_MILLISECONDS(1)

/* Every packet reaches the host it is addressed to one delay later; constant, so in order. */
typedef struct Hub {
    LzElement element;
    LzTestSiege *siege;
    LzPacket *head, **end;
    LzEvent deliver;
    uint64_t packets, fingerprint;
} Hub;

struct LzTestSiege {
    const LzAttackOps *ops;
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzProbes *probes;
    Hub hub;
    LzPki *pki;
    LzCredential *credential;
    LzTlsProfile *server_tls, *client_tls;
    LzHost *server, **attackers;
    unsigned attacker_count;
    void *config, *state;
    bool is_finished;
    uint64_t accepted, open, open_max;
};

/* Not a real class: round figures that make costs visible. */
static const LzCpu test_cpu = {
    .p256_sign_ns = 1000000, .p256_verify_ns = 2000000, .p256_ecdhe_ns = 2000000,
    .p384_sign_ns = 2000000, .p384_verify_ns = 4000000, .p384_ecdhe_ns = 4000000, .x25519_ecdhe_ns = 2000000,
    .rsa2048_private_ns = 8000000, .rsa2048_public_ns = 200000,
    .record_ns = 1000, .aead_bps = 1000000000, .hash_bps = 1000000000,
};

/* ---- network ---- */

static LzHost *host_of(const LzTestSiege *siege, LzAddress address)
{
    return address == SERVER_ADDRESS ? siege->server : siege->attackers[address - ATTACKER_ADDRESS];
}

static void hub_deliver(void *owner)
{
    Hub *hub = owner;
    const LzTime now_ns = lz_now(hub->siege->scheduler);
    while (hub->head && hub->head->queued_ns + DELAY_NS <= now_ns) {
        LzPacket *packet = hub->head;
        hub->head = packet->next;
        if (!hub->head) {
            hub->end = &hub->head;
        }
        packet->next = NULL;
        lz_element_receive(lz_host_input(host_of(hub->siege, packet->destination)), packet);
    }
    if (hub->head && !lz_event_is_pending(&hub->deliver)) {
        lz_schedule_at(hub->siege->scheduler, &hub->deliver, hub->head->queued_ns + DELAY_NS);
    }
}

static void hub_receive(LzElement *element, LzPacket *packet)
{
    Hub *hub = (Hub *)element;
    packet->queued_ns = lz_now(hub->siege->scheduler);
    packet->next = NULL;
    hub->packets++;
    const uint64_t facts[] = {(uint64_t)packet->queued_ns, packet->source, packet->destination, packet->wire_bytes};
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        hub->fingerprint = (hub->fingerprint ^ facts[i]) * UINT64_C(0x100000001b3);
    }
    *hub->end = packet;
    hub->end = &packet->next;
    if (!lz_event_is_pending(&hub->deliver)) {
        lz_schedule_after(hub->siege->scheduler, &hub->deliver, DELAY_NS);
    }
}

static const LzElementOps hub_ops = {.receive = hub_receive};

/* ---- server ---- */

static void *server_accepted(void *service, LzSession *session)
{
    LzTestSiege *siege = service;
    (void)session;
    siege->accepted++;
    siege->open++;
    siege->open_max = MAX(siege->open_max, siege->open);
    return siege;
}

static void server_opened(void *self, LzSession *session)
{
    (void)self;
    (void)session;
}

static void server_received(void *self, LzSession *session, LzBytes bytes)
{
    (void)self;
    (void)session;
    (void)bytes;
}

static void server_closed(void *self, LzSession *session, LzCloseReason reason)
{
    LzTestSiege *siege = self;
    (void)session;
    (void)reason;
    siege->open--;
}

static const LzSessionEvents server_events = {server_opened, server_received, server_closed};

/* ---- making it ---- */

static LzHost *make_host(LzTestSiege *siege, uint64_t seed, const char *name, LzAddress address)
{
    const LzEnv env = {siege->scheduler, siege->packets, siege->probes, seed, lz_entity_id(name)};
    const LzHostOptions options = {
        .name = name, .address = address, .cpu = &test_cpu, .cores = 1, .crypto_cost_ppb = 1000000000,
        .start_unix_s = START_UNIX_S, .tcp = &lz_tcp_options_default,
    };
    return lz_host_new(&env, &options, &siege->hub.element);
}

static void make_credentials(LzTestSiege *siege, uint64_t seed)
{
    g_autoptr(GError) error = NULL;
    const LzPkiOptions pki = {.seed = seed, .start_unix_s = START_UNIX_S, .ca_key = LZ_KEY_ECDSA_P256};
    siege->pki = lz_pki_new(&pki, &error);
    g_assert_no_error(error);
    const LzCertificateRequest request = {.name = "server", .key = LZ_KEY_ECDSA_P256,
        .not_before_unix_s = START_UNIX_S - 86400, .not_after_unix_s = START_UNIX_S + 86400};
    siege->credential = lz_pki_issue(siege->pki, &request, NULL, &error);
    g_assert_no_error(error);
    LzTlsProfileOptions options = {.is_server = true, .min_version = LZ_TLS_1_2, .max_version = LZ_TLS_1_3,
        .credential = siege->credential, .trust = siege->pki, .seed = seed, .entity = lz_entity_id("server")};
    siege->server_tls = lz_tls_profile_new(&options, &error);
    g_assert_no_error(error);
    options.is_server = false;
    options.credential = NULL;
    options.entity = 0;
    siege->client_tls = lz_tls_profile_new(&options, &error);
    g_assert_no_error(error);
}

static void make_attack(LzTestSiege *siege, const LzModel *attack, uint64_t seed)
{
    const LzEnv env = {siege->scheduler, siege->packets, siege->probes, seed, lz_entity_id("attack")};
    const LzAttackContext context = {
        .hosts = siege->attackers,
        .host_count = siege->attacker_count,
        .target = {.address = SERVER_ADDRESS, .port = LZ_TEST_SIEGE_PORT, .tls = siege->client_tls,
                   .server_name = "server"},
        .scope = lz_probe_scope(siege->probes, LZ_SCOPE_ATTACK, "attack", NULL),
    };
    siege->ops = attack->ops;
    siege->state = g_malloc0(attack->state_size);
    siege->ops->init(siege->state, siege->config, &context, &env);
}

LzTestSiege *lz_test_siege_new(const LzModel *attack, void *config, unsigned hosts, uint64_t seed)
{
    LzTestSiege *siege = g_new0(LzTestSiege, 1);
    siege->config = config;
    siege->scheduler = lz_scheduler_new();
    siege->packets = lz_packet_pool_new();
    const LzWindow always = {"always", 0, LZ_TIME_NEVER};
    const LzRecorderOptions recorder = {.scheduler = siege->scheduler, .windows = &always, .window_count = 1};
    siege->probes = lz_recorder_new(&recorder);
    siege->hub = (Hub){.element = {&hub_ops, NULL}, .siege = siege, .end = &siege->hub.head};
    lz_event_init(&siege->hub.deliver, hub_deliver, &siege->hub);
    make_credentials(siege, seed);
    siege->server = make_host(siege, seed, "server", SERVER_ADDRESS);
    siege->attacker_count = hosts;
    siege->attackers = g_new0(LzHost *, hosts);
    for (unsigned i = 0; i < hosts; i++) {
        g_autofree char *name = g_strdup_printf("attacker[%u]", i);
        siege->attackers[i] = make_host(siege, seed, name, ATTACKER_ADDRESS + i);
    }
    const LzListen listen = {.port = LZ_TEST_SIEGE_PORT, .backlog = 10000, .tls = siege->server_tls};
    lz_host_listen(siege->server, &listen, &server_events, server_accepted, siege);
    make_attack(siege, attack, seed);
    return siege;
}

void lz_test_siege_free(LzTestSiege *siege)
{
    siege->ops->stop(siege->state);
    siege->ops->clear(siege->state);
    g_free(siege->state);
    g_free(siege->config);
    for (unsigned i = 0; i < siege->attacker_count; i++) {
        lz_host_free(siege->attackers[i]);
    }
    g_free(siege->attackers);
    lz_host_free(siege->server);
    lz_event_cancel(siege->scheduler, &siege->hub.deliver);
    while (siege->hub.head) {
        LzPacket *packet = siege->hub.head;
        siege->hub.head = packet->next;
        lz_packet_free(siege->packets, packet);
    }
    lz_tls_profile_free(siege->client_tls);
    lz_tls_profile_free(siege->server_tls);
    lz_credential_free(siege->credential);
    lz_pki_free(siege->pki);
    lz_recorder_free(siege->probes);
    g_assert_cmpuint(lz_scheduler_pending(siege->scheduler), ==, 0);
    lz_packet_pool_free(siege->packets);
    lz_scheduler_free(siege->scheduler);
    g_free(siege);
}

/* ---- using it ---- */

void lz_test_siege_start(LzTestSiege *siege)
{
    siege->ops->start(siege->state);
}

void lz_test_siege_stop(LzTestSiege *siege)
{
    siege->ops->stop(siege->state);
}

void lz_test_siege_run(LzTestSiege *siege, LzTime until_ns)
{
    while (lz_scheduler_step(siege->scheduler, until_ns)) {
    }
}

LzScheduler *lz_test_siege_scheduler(LzTestSiege *siege)
{
    return siege->scheduler;
}

const LzHost *lz_test_siege_server(const LzTestSiege *siege)
{
    return siege->server;
}

const LzHost *lz_test_siege_attacker(const LzTestSiege *siege, unsigned index)
{
    return siege->attackers[index];
}

uint64_t lz_test_siege_packets(const LzTestSiege *siege)
{
    return siege->hub.packets;
}

uint64_t lz_test_siege_fingerprint(const LzTestSiege *siege)
{
    return siege->hub.fingerprint;
}

int64_t lz_test_siege_count(LzTestSiege *siege, LzMetric metric)
{
    if (!siege->is_finished) {
        lz_recorder_finish(siege->probes, lz_now(siege->scheduler));
        siege->is_finished = true;
    }
    LzObservation observation = lz_recorder_observe(siege->probes, metric, "attack", NULL, 0);
    const int64_t count = observation.part;
    lz_observation_clear(&observation);
    return count;
}

uint64_t lz_test_siege_accepted(const LzTestSiege *siege)
{
    return siege->accepted;
}

uint64_t lz_test_siege_open(const LzTestSiege *siege)
{
    return siege->open;
}

uint64_t lz_test_siege_open_max(const LzTestSiege *siege)
{
    return siege->open_max;
}
