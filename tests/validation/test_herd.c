/* What many devices do to a service at once, against fluid forms: a herd that arrives within a time, and how far full
 * jitter spreads those who try again. */
#include <glib.h>

#include "lazaret/error.h"
#include "sim/core/scheduler.h"
#include "sim/host/cpu.h"
#include "tests/lib/test_world.h"

static void assert_near(const char *what, double value, double expected, double tolerance)
{
    g_test_message("%s: %.4f, expected %.4f", what, value, expected);
    g_assert_cmpfloat_with_epsilon(value, expected, tolerance * expected);
}

/* ---- a herd ---- */

enum { HERD = 5000, SERVICE_NS = 2000000 };             /* 500 per second */

typedef struct Herd {
    LzScheduler *scheduler;
    LzCpuQueue *cpu;
    unsigned waiting_max, served;
    double wait_sum_s;
    LzTime last_ns;
} Herd;

typedef struct Guest {
    LzCpuJob job;
    LzEvent arrive;
    Herd *herd;
    LzTime came_ns;
} Guest;

static LzCpuCost begin(void *owner)
{
    Guest *guest = owner;
    guest->herd->wait_sum_s += (double)(lz_now(guest->herd->scheduler) - guest->came_ns) / 1e9;
    return (LzCpuCost){SERVICE_NS, true};
}

static void finish(void *owner)
{
    Guest *guest = owner;
    guest->herd->served++;
    guest->herd->last_ns = lz_now(guest->herd->scheduler);
}

static void arrive(void *owner)
{
    Guest *guest = owner;
    guest->came_ns = lz_now(guest->herd->scheduler);
    lz_cpu_submit(guest->herd->cpu, &guest->job);
    guest->herd->waiting_max = MAX(guest->herd->waiting_max, lz_cpu_waiting(guest->herd->cpu));
}

/* Case 65: N = 5000 who come uniformly within J = 5 s to a service of mu = 500 per second: the queue grows at N / J - mu
 * to N - mu J = 2500, is gone after N / mu = 10 s, and the mean wait is (N / mu - J) / 2 = 2.5 s; 2 %. */
static void test_herd(void)
{
    Herd herd = {.scheduler = lz_scheduler_new()};
    const LzEnv env = {.scheduler = herd.scheduler};
    herd.cpu = lz_cpu_queue_new(&env, 1, 0);
    LzRandom random;
    lz_random_init(&random, 65, lz_entity_id("herd"), LZ_PURPOSE_START);
    Guest *guests = g_new0(Guest, HERD);
    for (unsigned i = 0; i < HERD; i++) {
        guests[i].herd = &herd;
        lz_cpu_job_init(&guests[i].job, begin, NULL, finish, &guests[i]);
        lz_event_init(&guests[i].arrive, arrive, &guests[i]);
        lz_schedule_at(herd.scheduler, &guests[i].arrive, (LzTime)lz_random_below(&random, (uint64_t)LZ_SECONDS(5)));
    }
    while (lz_scheduler_step(herd.scheduler, LZ_SECONDS(60))) {
    }
    g_assert_cmpuint(herd.served, ==, HERD);
    assert_near("longest queue", herd.waiting_max, 2500, 0.02);
    assert_near("last served after, s", (double)herd.last_ns / 1e9, 10, 0.02);
    assert_near("mean wait, s", herd.wait_sum_s / HERD, 2.5, 0.02);
    lz_cpu_queue_free(herd.cpu);
    lz_scheduler_free(herd.scheduler);
    g_free(guests);
}

/* ---- full jitter ---- */

enum { CLIENTS = 4500, ATTEMPTS = 7 };  /* 4,400 make 1 % a 95 % interval of the mean */
#define PATIENCE_NS LZ_MILLISECONDS(100)

/* A broker that nobody ever reaches: it is down throughout. */
static const char yaml[] =
    "lazaret: 1\n"
    "name: backoff\n"
    "run: {seed: 66, duration: 80 s}\n"
    "network: {zones: [ward], links: {lan: {model: wired, zone: ward}}}\n"
    "services: {broker: {kind: mqtt-broker, link: lan, tls: {enabled: false}}}\n"
    "faults: [{name: outage, kind: service-down, service: broker, at: 0 s, for: 80 s}]\n"
    "record: {pcapng: {fleet: pump, first: 4500}}\n"
    "fleet:\n"
    "  - name: pump\n"
    "    profile: infusion-pump\n"
    "    count: 4500\n"
    "    link: lan\n"
    "    connect: {to: broker, handshake_timeout: 100 ms, backoff: 1 s, backoff_max: 60 s, jitter: 100 %, start: 1 s, tls: {enabled: false}}\n";

typedef struct Tries {
    GHashTable *counts;                 /* device name -> SYNs */
    unsigned complete;
    double sum_s;                       /* of all delays before the seventh attempt */
} Tries;

static void note_syn(void *self, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing)
{
    Tries *tries = self;
    if (!is_outgoing || packet->tcp_flags != LZ_TCP_SYN) {
        return;
    }
    const unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(tries->counts, device)) + 1;
    g_hash_table_insert(tries->counts, (gpointer)(uintptr_t)device, GUINT_TO_POINTER(count));
    if (count == ATTEMPTS) {
        tries->complete++;
        tries->sum_s += (double)(now_ns - LZ_SECONDS(1) - (ATTEMPTS - 1) * PATIENCE_NS) / 1e9;
    }
}

/* Case 66: full jitter U(0, min(c, b 2^k)) with b = 1 s and c = 60 s: after six failures (1 + 2 + ... + 32) / 2 = 31.5 s
 * have passed in the mean, beside the attempts themselves; 1 %. */
static void test_full_jitter(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    Tries tries = {.counts = g_hash_table_new(NULL, NULL)};
    const LzWorldObserver observer = {.packet = note_syn, .self = &tries};
    g_autoptr(GError) error = NULL;
    g_autoptr(LzWorld) world = lz_world_new(plan, 0, &observer, &error);
    g_assert_no_error(error);
    lz_test_run(world);
    g_assert_cmpuint(tries.complete, ==, CLIENTS);
    assert_near("delays before the seventh attempt, s", tries.sum_s / tries.complete, 31.5, 0.01);
    g_hash_table_unref(tries.counts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/herd/case-65/fluid", test_herd);
    g_test_add_func("/herd/case-66/full-jitter", test_full_jitter);
    return g_test_run();
}
