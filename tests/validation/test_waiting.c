/* Waiting times and blocking of the simulator's queues against queueing theory: links whose packets have random lengths,
 * and the cores of a host's CPU. Sample sizes follow the asymptotic variance of the mean wait (Daley 1968), so that the
 * tolerances are about 95 % intervals; seeds are fixed. */
#include <glib.h>
#include <math.h>

#include "sim/core/scheduler.h"
#include "sim/host/cpu.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"

#define CLASSES 3
#define RATE_BPS 1000000000
#define MEAN_BYTES 6000                 /* 48 us; an exponential length is rounded to bytes and kept within 84 .. 65,535 */
#define SERVICE_NS ((double)MEAN_BYTES * 8)

static void assert_near(const char *what, double value, double expected, double tolerance)
{
    g_test_message("%s: %.5f, expected %.5f", what, value, expected);
    g_assert_cmpfloat_with_epsilon(value, expected, tolerance * expected);
}

/* ---- a link with Poisson arrivals of up to three classes ---- */

typedef struct Case {
    const char *queue;
    unsigned limit_packets;             /* that may wait; 0: no limit */
    double loads[CLASSES];              /* offered, the first class goes first */
    unsigned constant_bytes;            /* 0: exponential lengths */
    unsigned customers;
    uint64_t seed;
    double tail_services;               /* counts customers that stay longer than so many mean services */
} Case;

typedef struct Station {
    TestMedium *medium;
    LzTime *sent_ns;                    /* by packet id */
    double wait_sum_ns[CLASSES];
    uint64_t delivered[CLASSES], late, blocked;
    double late_ns;
} Station;

static const uint8_t class_dscp[CLASSES] = {46, 24, 0};

static void note_wait(void *self, unsigned station_index, LzDirection direction, const LzPacket *packet)
{
    (void)station_index;
    (void)direction;
    Station *station = self;
    const LzTime stay_ns = lz_now(station->medium->scheduler) - station->sent_ns[packet->id];
    const unsigned class = packet->dscp == class_dscp[0] ? 0 : packet->dscp == class_dscp[1] ? 1 : 2;
    station->wait_sum_ns[class] += (double)(stay_ns - lz_transmit_ns_ceil(packet->wire_bytes, RATE_BPS));
    station->delivered[class]++;
    station->late += (double)stay_ns > station->late_ns;
}

static uint32_t draw_bytes(LzRandom *random)
{
    const int64_t bytes = (lz_random_exponential(random, MEAN_BYTES * 64) + 32) / 64;
    return (uint32_t)CLAMP(bytes, TEST_PACKET_WIRE_BYTES_MIN, 65535);
}

static unsigned draw_class(const Case *theory, LzRandom *random)
{
    const double total = theory->loads[0] + theory->loads[1] + theory->loads[2];
    const double place = (double)lz_random_below(random, 1000000) / 1e6 * total;
    return place < theory->loads[0] ? 0 : place < theory->loads[0] + theory->loads[1] ? 1 : 2;
}

static Station run(const Case *theory)
{
    const LzModel *wired = lz_registry_find(LZ_MODEL_LINK, "wired"), *queue = lz_registry_find(LZ_MODEL_QUEUE, theory->queue);
    void *config = lz_test_config_new(wired), *queue_config = lz_test_config_new(queue);
    lz_test_config_set(wired, config, "rate_bps", RATE_BPS);
    lz_test_config_set(queue, queue_config, "queue_limit_bytes", 1e12);
    if (theory->limit_packets > 0) {
        lz_test_config_set(queue, queue_config, "queue_limit_packets", theory->limit_packets);
    }
    Station station = {.medium = test_medium_new(wired, config, queue, queue_config, 1, theory->seed, NULL, 0)};
    const double service_ns = theory->constant_bytes > 0 ? theory->constant_bytes * 8.0 : SERVICE_NS;
    station.late_ns = theory->tail_services * service_ns;
    station.sent_ns = g_new0(LzTime, theory->customers + 1);
    station.medium->delivered = note_wait;
    station.medium->self = &station;
    LzRandom random;
    lz_random_init(&random, theory->seed, lz_entity_id("arrivals"), LZ_PURPOSE_TRAFFIC);
    const double load = theory->loads[0] + theory->loads[1] + theory->loads[2];
    const LzTime gap_ns = (LzTime)(service_ns / load * 1000);   /* drawn in ps: its mean is exact */
    __int128 at_ps = 0;
    for (unsigned id = 1; id <= theory->customers; id++) {
        at_ps += lz_random_exponential(&random, gap_ns);
        test_medium_run(station.medium, (LzTime)(at_ps / 1000));
        station.sent_ns[id] = lz_now(station.medium->scheduler);
        const unsigned class = draw_class(theory, &random);
        const uint32_t bytes = theory->constant_bytes > 0 ? theory->constant_bytes : draw_bytes(&random);
        g_assert_cmpuint(test_medium_send(station.medium, 0, LZ_UP, class_dscp[class], bytes), ==, id);
    }
    test_medium_run(station.medium, LZ_TIME_NEVER - 1);
    station.blocked = lz_link_stats(station.medium->link, LZ_UP)->dropped_packets[LZ_DROP_QUEUE_FULL];
    test_medium_free(station.medium);
    g_free(station.sent_ns);
    return station;
}

static double mean_wait(const Station *station, unsigned class)
{
    return station->wait_sum_ns[class] / (double)station->delivered[class];
}

/* Cases 1 and 2: M/M/1, W_q = rho / (1 - rho) services (Pollaczek-Khinchine), P(T > t) = exp(-(1 - rho) t); 2 %. */
static void test_m_m_1(gconstpointer data)
{
    static const struct { double load, wait; unsigned customers, runs; } rows[] = {
        {0.5, 1.0, 300000, 10}, {0.8, 4.0, 1200000, 4},
    };
    const unsigned row = GPOINTER_TO_UINT(data);
    double wait = 0, tail = 0;
    for (unsigned i = 0; i < rows[row].runs; i++) {
        const Case theory = {.queue = "fifo", .loads = {rows[row].load}, .customers = rows[row].customers, .seed = 100 + i,
                             .tail_services = log(20) / (1 - rows[row].load)};
        const Station station = run(&theory);
        wait += mean_wait(&station, 0) / SERVICE_NS / rows[row].runs;
        tail += (double)station.late / rows[row].customers / rows[row].runs;
    }
    assert_near("mean wait", wait, rows[row].wait, 0.02);
    assert_near("share beyond the 95th percentile", tail, 0.05, 0.03);
}

/* Cases 5 and 6: M/M/1/10, P_B = (1 - rho) rho^10 / (1 - rho^11): one in transmission and nine that wait; 3 % and 1 %. */
static void test_m_m_1_k(gconstpointer data)
{
    static const struct { double load, blocked, tolerance; } rows[] = {{0.8, 0.023493, 0.03}, {1.2, 0.192586, 0.01}};
    const unsigned row = GPOINTER_TO_UINT(data);
    const Case theory = {.queue = "fifo", .limit_packets = 9, .loads = {rows[row].load}, .customers = 2000000, .seed = 5};
    const Station station = run(&theory);
    assert_near("share blocked", (double)station.blocked / theory.customers, rows[row].blocked, rows[row].tolerance);
}

/* Cases 9 and 11: Cobham 1954, W_k = W_0 / ((1 - s_k-1)(1 - s_k)): with exponential services and loads of 0.2, 0.3 and
 * 0.3, 1, 2 and 8 services, 3 % and 5 % for the last; and Kleinrock's conservation law, sum rho_k W_k = 3.2, 3 %. */
static void test_cobham_exponential(void)
{
    const Case theory = {.queue = "priority", .loads = {0.2, 0.3, 0.3}, .customers = 3000000, .seed = 9};
    const Station station = run(&theory);
    static const double expected[CLASSES] = {1, 2, 8}, tolerance[CLASSES] = {0.03, 0.03, 0.05};
    double conserved = 0;
    for (unsigned class = 0; class < CLASSES; class++) {
        const double wait = mean_wait(&station, class) / SERVICE_NS;
        assert_near("mean wait", wait, expected[class], tolerance[class]);
        conserved += theory.loads[class] * wait;
    }
    assert_near("sum of load x wait", conserved, 3.2, 0.03);
}

/* Case 10: the same for 1000 bytes at 1 Gbit/s and loads of 0.1, 0.3 and 0.4: 3.556, 5.926, 26.667 us; 3 %. */
static void test_cobham_constant(void)
{
    const Case theory = {.queue = "priority", .loads = {0.1, 0.3, 0.4}, .constant_bytes = 1000, .customers = 2000000,
                         .seed = 10};
    const Station station = run(&theory);
    static const double expected_us[CLASSES] = {3.556, 5.926, 26.667};
    for (unsigned class = 0; class < CLASSES; class++) {
        assert_near("mean wait in us", mean_wait(&station, class) / 1e3, expected_us[class], 0.03);
    }
}

/* ---- the cores of a CPU ---- */

enum { MEAN_COST_NS = 100000 };

typedef enum { COST_EXPONENTIAL, COST_CONSTANT, COST_HYPEREXPONENTIAL } Cost;

typedef struct Office {                 /* a CPU and its customers */
    LzScheduler *scheduler;
    LzCpuQueue *cpu;
    LzRandom random;
    Cost cost;
    unsigned inside, blocked;
    uint64_t begun, waited;
    double wait_sum_ns;
} Office;

typedef struct Customer {
    LzCpuJob job;
    Office *office;
    LzTime came_ns;
} Customer;

/* Hyperexponential with balanced means and c^2 = 4: with probability p of mean 1 / 2p, else 1 / 2(1 - p), where
 * p = (1 + sqrt((c^2 - 1) / (c^2 + 1))) / 2 = 0.887298. */
static LzTime draw_cost_ns(Office *office)
{
    const uint32_t p_ppb = 887298335;
    switch (office->cost) {
    case COST_EXPONENTIAL:
        return lz_random_exponential(&office->random, MEAN_COST_NS);
    case COST_CONSTANT:
        return MEAN_COST_NS;
    case COST_HYPEREXPONENTIAL:
        return lz_random_exponential(&office->random, lz_random_chance_ppb(&office->random, p_ppb)
                                                          ? (LzTime)(MEAN_COST_NS / (2 * 0.887298335))
                                                          : (LzTime)(MEAN_COST_NS / (2 * 0.112701665)));
    }
    g_assert_not_reached();
}

static LzCpuCost begin(void *owner)
{
    Customer *customer = owner;
    Office *office = customer->office;
    const LzTime wait_ns = lz_now(office->scheduler) - customer->came_ns;
    office->begun++;
    office->waited += wait_ns > 0;
    office->wait_sum_ns += (double)wait_ns;
    return (LzCpuCost){draw_cost_ns(office), true};
}

static void finish(void *owner)
{
    Customer *customer = owner;
    customer->office->inside--;
    g_free(customer);
}

/* inside_max: a customer who finds so many goes away; 0: nobody does. */
static Office run_office(unsigned cores, double erlangs, Cost cost, unsigned inside_max, unsigned customers, uint64_t seed)
{
    Office office = {.scheduler = lz_scheduler_new(), .cost = cost};
    const LzEnv env = {.scheduler = office.scheduler};
    office.cpu = lz_cpu_queue_new(&env, cores, 0);
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id("arrivals"), LZ_PURPOSE_TRAFFIC);
    lz_random_init(&office.random, seed, lz_entity_id("costs"), LZ_PURPOSE_TRAFFIC);
    LzTime at_ns = 0;
    for (unsigned i = 0; i < customers; i++) {
        at_ns += lz_random_exponential(&random, (LzTime)(MEAN_COST_NS / erlangs));
        while (lz_scheduler_step(office.scheduler, at_ns)) {
        }
        if (inside_max > 0 && office.inside == inside_max) {
            office.blocked++;
            continue;
        }
        office.inside++;
        Customer *customer = g_new0(Customer, 1);
        customer->office = &office;
        customer->came_ns = at_ns;
        lz_cpu_job_init(&customer->job, begin, NULL, finish, customer);
        lz_cpu_submit(office.cpu, &customer->job);
    }
    while (lz_scheduler_step(office.scheduler, LZ_TIME_NEVER - 1)) {
    }
    lz_cpu_queue_free(office.cpu);
    lz_scheduler_free(office.scheduler);
    return office;
}

/* Case 4: M/G/1 with hyperexponential services, c^2 = 4, at a load of 0.5: W_q = rho (1 + c^2) / 2 (1 - rho) = 2.5; 3 %. */
static void test_m_g_1(void)
{
    const Office office = run_office(1, 0.5, COST_HYPEREXPONENTIAL, 0, 4000000, 4);
    assert_near("mean wait", office.wait_sum_ns / (double)office.begun / MEAN_COST_NS, 2.5, 0.03);
}

/* Case 7: Erlang's loss formula, 8 erlangs on 10 servers: 0.121661, whatever the distribution of holding times; 2 %. */
static void test_erlang_b(gconstpointer data)
{
    const Cost cost = (Cost)GPOINTER_TO_INT(data);
    enum { CUSTOMERS = 1500000 };
    const Office office = run_office(10, 8, cost, 10, CUSTOMERS, 7);
    assert_near("share blocked", (double)office.blocked / CUSTOMERS, 0.121661, 0.02);
    g_assert_cmpuint(office.waited, ==, 0);
}

/* Case 8: M/M/10 with 8 erlangs: C = 0.409180 wait, for 0.20459 services on average; 3 %. */
static void test_erlang_c(void)
{
    const Office office = run_office(10, 8, COST_EXPONENTIAL, 0, 4000000, 8);
    assert_near("share that waits", (double)office.waited / (double)office.begun, 0.409180, 0.03);
    assert_near("mean wait", office.wait_sum_ns / (double)office.begun / MEAN_COST_NS, 0.20459, 0.03);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/waiting/case-1/m-m-1", GUINT_TO_POINTER(0), test_m_m_1);
    g_test_add_data_func("/waiting/case-2/m-m-1", GUINT_TO_POINTER(1), test_m_m_1);
    g_test_add_func("/waiting/case-4/m-g-1", test_m_g_1);
    g_test_add_data_func("/waiting/case-5/m-m-1-10", GUINT_TO_POINTER(0), test_m_m_1_k);
    g_test_add_data_func("/waiting/case-6/m-m-1-10", GUINT_TO_POINTER(1), test_m_m_1_k);
    g_test_add_data_func("/waiting/case-7/erlang-b/exponential", GINT_TO_POINTER(COST_EXPONENTIAL), test_erlang_b);
    g_test_add_data_func("/waiting/case-7/erlang-b/constant", GINT_TO_POINTER(COST_CONSTANT), test_erlang_b);
    g_test_add_func("/waiting/case-8/erlang-c", test_erlang_c);
    g_test_add_func("/waiting/case-9/cobham-exponential", test_cobham_exponential);
    g_test_add_func("/waiting/case-10/cobham-constant", test_cobham_constant);
    return g_test_run();
}
