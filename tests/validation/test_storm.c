/* Reconnect storms against the fluid form: N clients within J, a server of rate m. While N/(J m) > 1 the backlog grows
 * to N - m J, is gone at N/m, and the mean wait is (N/m - J)/2. And exponential back-off with full jitter, whose k-th
 * sleep is uniform up to min(c, b 2^k). */
#include <glib.h>
#include <math.h>

#include "sim/core/scheduler.h"
#include "sim/host/cpu.h"
#include "tests/lib/test_world.h"

/* ---- the herd on a CPU: N = 5000, 500/s, J = 5 s ---- */

#define HERD 5000
#define JOB_NS LZ_MILLISECONDS(2)
#define SPREAD_NS LZ_SECONDS(5)

typedef struct Client {
    LzCpuJob job;
    LzEvent arrival;
    struct Herd *herd;
    LzTime arrived_ns;
} Client;

typedef struct Herd {
    LzScheduler *scheduler;
    LzCpuQueue *cpu;
    unsigned inside, peak, served;
    LzTime waited_ns, last_ns;
} Herd;

static LzCpuCost begin(void *owner)
{
    Client *client = owner;
    client->herd->waited_ns += lz_now(client->herd->scheduler) - client->arrived_ns;
    return (LzCpuCost){JOB_NS, true};
}

static void finish(void *owner)
{
    Herd *herd = ((Client *)owner)->herd;
    herd->inside--;
    herd->served++;
    herd->last_ns = lz_now(herd->scheduler);
}

static void arrive(void *owner)
{
    Client *client = owner;
    Herd *herd = client->herd;
    client->arrived_ns = lz_now(herd->scheduler);
    herd->inside++;
    herd->peak = MAX(herd->peak, herd->inside);
    lz_cpu_submit(herd->cpu, &client->job);
}

/* Case 65: peak 2500, clear 10 s, mean 2.5 s, 2 %. */
static void test_herd(void)
{
    Herd herd = {.scheduler = lz_scheduler_new()};
    LzEnv env = {.scheduler = herd.scheduler};
    herd.cpu = lz_cpu_queue_new(&env, 1, 0);
    g_autofree Client *clients = g_new0(Client, HERD);
    LzRandom random;
    lz_random_init(&random, 1, lz_entity_id("herd"), LZ_PURPOSE_START);
    for (unsigned i = 0; i < HERD; i++) {
        clients[i].herd = &herd;
        lz_cpu_job_init(&clients[i].job, begin, NULL, finish, &clients[i]);
        lz_event_init(&clients[i].arrival, arrive, &clients[i]);
        lz_schedule_at(herd.scheduler, &clients[i].arrival, (LzTime)lz_random_below(&random, (uint64_t)SPREAD_NS));
    }
    while (lz_scheduler_step(herd.scheduler, LZ_SECONDS(60))) {
    }
    g_assert_cmpuint(herd.served, ==, HERD);
    double mean_s = (double)herd.waited_ns / HERD / 1e9, clear_s = (double)herd.last_ns / 1e9;
    g_test_message("peak %u, clear %.3f s, mean wait %.3f s", herd.peak, clear_s, mean_s);
    g_assert_cmpfloat(fabs(herd.peak / 2500.0 - 1), <, 0.02);
    g_assert_cmpfloat(fabs(clear_s / 10 - 1), <, 0.02);
    g_assert_cmpfloat(fabs(mean_s / 2.5 - 1), <, 0.02);
    lz_cpu_queue_free(herd.cpu);
    lz_scheduler_free(herd.scheduler);
}

/* ---- real TLS: a server whose handshake is one long step (no client certificates) ---- */

#define CLIENTS 600

static const char storm[] =
    "lazaret: 1\n"
    "name: storm\n"
    "run: {seed: 1, duration: 30 s}\n"
    "network:\n"
    "  zones: [core]\n"
    "  links: {lan: {model: wired, zone: core, rate: 10 Gbit/s, queue: 10 MB}}\n"
    "services:\n"
    "  broker: {kind: sink, link: lan, cpu: cortex-a53, cores: 1 core, tls: {min: \"1.3\", client_auth: none, resume: false}}\n"
    "fleet:\n"
    "  - name: device\n"
    "    profile: infusion-pump\n"
    "    count: 600\n"
    "    link: lan\n"
    "    cpu: x86-server\n"
    "    connect: {to: broker, client: telemetry, start: {spread: 500 ms}, tls: {min: \"1.3\"}}\n"
    "    traffic: [{flow: status, publish: a, behaviour: periodic, size: 256 B, every: 1 h}]\n"
    "live: {bind: off}\n";

static int compare_times(const void *a, const void *b)
{
    LzTime x = *(const LzTime *)a, y = *(const LzTime *)b;
    return (x > y) - (x < y);
}

/* The fluid form within 10 % where its assumptions hold: one visit to the CPU per client, nobody gives up. */
static void test_handshakes_follow_the_fluid_form(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(storm);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    LzTime clear_ns = 0, starts_ns[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        starts_ns[i] = lz_world_device(world, i).start_ns;
    }
    qsort(starts_ns, CLIENTS, sizeof *starts_ns, compare_times);
    unsigned arrived = 0, peak = 0;
    while (lz_world_connected(world) < CLIENTS && lz_world_step(world)) {
        clear_ns = lz_world_now(world);
        for (; arrived < CLIENTS && starts_ns[arrived] <= clear_ns; arrived++) {
        }
        peak = MAX(peak, arrived - lz_world_connected(world));
    }
    double busy_s = (double)lz_host_cpu_busy_ns(lz_world_host(world, "broker")) / 1e9;
    lz_test_run(world);
    double rate = CLIENTS / busy_s, spread_s = 0.5;
    LzObservation queue = lz_test_observe(world, LZ_METRIC_SERVICE_QUEUE, "broker", NULL);
    LzObservation wait = lz_test_observe(world, LZ_METRIC_TLS_HANDSHAKE_TIME, NULL, "device");
    double mean_s = (double)wait.mean / 1e9;
    double fluid_peak = CLIENTS - rate * spread_s, fluid_clear_s = CLIENTS / rate, fluid_mean_s = (CLIENTS / rate - spread_s) / 2;
    g_test_message("%.0f/s: peak %u (fluid %.0f; %d pieces of work waited), clear %.3f s (%.3f s), mean %.3f s (%.3f s)", rate, peak, fluid_peak, (int)queue.max,
                   (double)clear_ns / 1e9, fluid_clear_s, mean_s, fluid_mean_s);
    g_assert_cmpfloat(fabs(peak / fluid_peak - 1), <, 0.10);
    g_assert_cmpfloat(fabs((double)clear_ns / 1e9 / fluid_clear_s - 1), <, 0.10);
    g_assert_cmpfloat(fabs(mean_s / fluid_mean_s - 1), <, 0.10);
    lz_observation_clear(&queue);
    lz_observation_clear(&wait);
}

/* ---- back-off ---- */

#define ATTEMPTS 7
#define SLEEPERS 10000

static const char sleepers[] =
    "lazaret: 1\n"
    "name: sleepers\n"
    "run: {seed: 1, duration: 200 s}\n"
    "network:\n"
    "  zones: [core]\n"
    "  links: {lan: {model: wired, zone: core, rate: 10 Gbit/s, queue: 10 MB}}\n"
    "services: {broker: {kind: mqtt-broker, link: lan, tls: {enabled: false}}}\n"
    "fleet:\n"
    "  - {name: device, profile: infusion-pump, count: 10000, link: lan,\n"
    "     connect: {to: broker, handshake_timeout: 1 ms, backoff: 1 s, backoff_max: 60 s, jitter: 100 %, tls: {enabled: false}},\n"
    "     traffic: [{flow: status, publish: a, behaviour: periodic, size: 256 B, every: 1 h},\n"
    "               {flow: alarm, publish: a, behaviour: periodic, size: 256 B, every: 1 h},\n"
    "               {flow: event, publish: a, behaviour: periodic, size: 256 B, every: 1 h}]}\n"
    "faults: [{name: off, kind: service-down, service: broker, at: 0 s, for: 200 s}]\n"
    "record: {events: [session]}\n"
    "live: {bind: off}\n";

/* Case 66, b = 1 s, c = 60 s: after six sleeps 31.5 s have passed in the mean, 1 %. Each attempt ends after 1 ms. */
static void test_full_jitter(void)
{
    g_autoptr(LzPlan) plan = lz_test_plan(sleepers);
    g_autoptr(GError) error = NULL;
    g_autoptr(LzWorld) world = lz_world_new(plan, 0, NULL, &error);
    g_assert_no_error(error);
    lz_test_run(world);
    g_autoptr(GHashTable) attempts = g_hash_table_new(g_str_hash, g_str_equal);
    size_t count;
    const LzTraceRow *rows = lz_recorder_traces(lz_world_probes(world), &count);
    double sums_s[ATTEMPTS] = {0};
    for (const LzTraceRow *row = rows; row < rows + count; row++) {
        if (row->kind != LZ_TRACE_SESSION) {
            continue;
        }
        guint attempt = GPOINTER_TO_UINT(g_hash_table_lookup(attempts, row->device));
        if (attempt < ATTEMPTS) {
            sums_s[attempt] += (double)row->t_ns / 1e9;
        }
        g_hash_table_insert(attempts, (gpointer)(uintptr_t)row->device, GUINT_TO_POINTER(attempt + 1));
    }
    static const double cumulative_s[ATTEMPTS] = {0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5};
    for (unsigned i = 1; i < ATTEMPTS; i++) {
        double mean_s = (sums_s[i] - sums_s[0]) / SLEEPERS - i * 0.001;
        g_test_message("attempt %u after %.3f s, %.1f s expected", i + 1, mean_s, cumulative_s[i]);
        g_assert_cmpfloat(fabs(mean_s / cumulative_s[i] - 1), <, i == ATTEMPTS - 1 ? 0.01 : 0.025);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storm/herd", test_herd);
    g_test_add_func("/storm/handshakes-follow-the-fluid-form", test_handshakes_follow_the_fluid_form);
    g_test_add_func("/storm/full-jitter", test_full_jitter);
    return g_test_run();
}
