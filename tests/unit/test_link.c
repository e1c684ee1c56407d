/* The wire and the engine's side of it: exact times, order, loss, independence of stations, limits, what
 * is reported. */
#include <glib.h>
#include <string.h>

#include "sim/measure/recorder.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"

typedef struct Log {
    TestMedium *medium;
    GArray *times;              /* LzTime */
    GArray *ids;                /* uint64_t */
    unsigned station;           /* whose deliveries are kept */
} Log;

static void delivered(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)direction;
    Log *log = self;
    if (station == log->station) {
        LzTime now_ns = lz_now(log->medium->scheduler);
        g_array_append_val(log->times, now_ns);
        g_array_append_val(log->ids, packet->id);
    }
}

static const LzModel *wired(void)
{
    return lz_registry_find(LZ_MODEL_LINK, "wired");
}

static void *config_new(double rate_bps, double delay_ns)
{
    void *config = lz_test_config_new(wired());
    lz_test_config_set(wired(), config, "rate_bps", rate_bps);
    lz_test_config_set(wired(), config, "delay_ns", delay_ns);
    return config;
}

/* A distribution that lz_test_config_set() cannot write. */
static void set_jitter(void *config, LzDist jitter)
{
    for (const LzParam *param = wired()->params; param->field; param++) {
        if (strcmp(param->field, "jitter") == 0) {
            memcpy((uint8_t *)config + param->offset, &jitter, sizeof jitter);
            return;
        }
    }
    g_assert_not_reached();
}

static void log_init(Log *log, void *config, double queue_limit_bytes, unsigned stations, uint64_t seed)
{
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    void *queue_config = lz_test_config_new(fifo);
    lz_test_config_set(fifo, queue_config, "queue_limit_bytes", queue_limit_bytes);
    *log = (Log){
        .medium = test_medium_new(wired(), config, fifo, queue_config, stations, seed, NULL, 0),
        .times = g_array_new(FALSE, FALSE, sizeof(LzTime)),
        .ids = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
    };
    log->medium->delivered = delivered;
    log->medium->self = log;
}

static void log_clear(Log *log)
{
    test_medium_free(log->medium);
    g_array_unref(log->times);
    g_array_unref(log->ids);
}

static LzTime time_at(const Log *log, guint index)
{
    g_assert_cmpuint(index, <, log->times->len);
    return g_array_index(log->times, LzTime, index);
}

static void test_transmit_time_rounds_up(void)
{
    g_assert_cmpint(lz_transmit_ns_ceil(1542, 1000000000), ==, 12336);
    g_assert_cmpint(lz_transmit_ns_ceil(84, 100000000), ==, 6720);
    g_assert_cmpint(lz_transmit_ns_ceil(1, 3), ==, 2666666667);
    g_assert_cmpint(lz_transmit_ns_ceil(0, 3), ==, 0);
    g_assert_cmpint(lz_transmit_ns_ceil(UINT64_C(1) << 32, 8), ==, (INT64_C(1) << 32) * LZ_NS_PER_S);
}

/* 1250 bytes at 10 Mbit/s are 1 ms; 5 ms of delay. Both directions at once, each with its transmitter. */
static void test_serialisation(void)
{
    Log log;
    log_init(&log, config_new(1e7, 5e6), 1e6, 2, 1);
    for (unsigned i = 0; i < 3; i++) {
        test_medium_send(log.medium, 0, LZ_UP, 0, 1250);
        test_medium_send(log.medium, 0, LZ_DOWN, 0, 1250);
        test_medium_send(log.medium, 1, LZ_UP, 0, 1250);
    }
    test_medium_run(log.medium, LZ_MILLISECONDS(20));
    test_medium_send(log.medium, 0, LZ_UP, 0, 1250);    /* idle again: at once */
    test_medium_run(log.medium, LZ_MILLISECONDS(100));
    g_assert_cmpuint(log.times->len, ==, 7);
    static const int expected_ms[] = {6, 6, 7, 7, 8, 8, 26};
    for (guint i = 0; i < G_N_ELEMENTS(expected_ms); i++) {
        g_assert_cmpint(time_at(&log, i), ==, LZ_MILLISECONDS(expected_ms[i]));
    }
    g_assert_cmpint(lz_link_stats(log.medium->link, LZ_UP)->busy_ns, ==, LZ_MILLISECONDS(7));
    log_clear(&log);
}

static void test_pure_delay(void)
{
    Log log;
    log_init(&log, config_new(0, 3e6), 1e6, 1, 1);
    for (unsigned i = 0; i < 100; i++) {
        test_medium_send(log.medium, 0, LZ_UP, 0, 1500);
    }
    g_assert_cmpuint(lz_link_stats(log.medium->link, LZ_UP)->queued_packets, ==, 0);
    test_medium_run(log.medium, LZ_SECONDS(1));
    g_assert_cmpuint(log.times->len, ==, 100);
    g_assert_cmpint(time_at(&log, 0), ==, LZ_MILLISECONDS(3));
    g_assert_cmpint(time_at(&log, 99), ==, LZ_MILLISECONDS(3));
    log_clear(&log);
}

/* One packet in transmission and 10 000 bytes of queue: eight of 1250 bytes wait, the others are dropped. */
static void test_queue_limit(void)
{
    Log log;
    log_init(&log, config_new(1e7, 0), 10000, 1, 1);
    for (unsigned i = 0; i < 20; i++) {
        test_medium_send(log.medium, 0, LZ_UP, 0, 1250);
    }
    const LzLinkStats *stats = lz_link_stats(log.medium->link, LZ_UP);
    g_assert_cmpuint(stats->queued_packets, ==, 8);
    g_assert_cmpuint(stats->in_flight_packets, ==, 1);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_QUEUE_FULL], ==, 11);
    test_medium_check_balance(log.medium);
    test_medium_run(log.medium, LZ_SECONDS(1));
    g_assert_cmpuint(log.times->len, ==, 9);
    log_clear(&log);
}

static unsigned count_overtaken(const Log *log)
{
    unsigned overtaken = 0;
    for (guint i = 1; i < log->ids->len; i++) {
        overtaken += g_array_index(log->ids, uint64_t, i) < g_array_index(log->ids, uint64_t, i - 1);
    }
    return overtaken;
}

static void run_jitter(Log *log, bool reorder)
{
    void *config = config_new(0, 1e6);
    set_jitter(config, (LzDist){LZ_DIST_UNIFORM, 0, LZ_MILLISECONDS(5)});
    lz_test_config_set(wired(), config, "reorder", reorder);
    log_init(log, config, 1e6, 1, 1);
    for (unsigned i = 0; i < 500; i++) {
        test_medium_run(log->medium, LZ_MILLISECONDS(i));
        test_medium_send(log->medium, 0, LZ_UP, 0, 100);
    }
    test_medium_run(log->medium, LZ_SECONDS(2));
    g_assert_cmpuint(log->ids->len, ==, 500);
}

static void test_jitter_keeps_order(void)
{
    Log log;
    run_jitter(&log, false);
    g_assert_cmpuint(count_overtaken(&log), ==, 0);
    LzTime last_ns = 0, longest_ns = 0;
    for (guint i = 0; i < 500; i++) {
        LzTime taken_ns = time_at(&log, i) - LZ_MILLISECONDS(i);
        g_assert_cmpint(taken_ns, >=, LZ_MILLISECONDS(1));
        g_assert_cmpint(taken_ns, <=, LZ_MILLISECONDS(6));
        g_assert_cmpint(time_at(&log, i), >=, last_ns);
        last_ns = time_at(&log, i);
        longest_ns = MAX(longest_ns, taken_ns);
    }
    g_assert_cmpint(longest_ns, >, LZ_MILLISECONDS(5));
    log_clear(&log);
}

static void test_jitter_may_reorder(void)
{
    Log log;
    run_jitter(&log, true);
    g_assert_cmpuint(count_overtaken(&log), >, 50);
    LzTime last_ns = 0;
    for (guint i = 0; i < 500; i++) {
        g_assert_cmpint(time_at(&log, i), >=, last_ns);
        last_ns = time_at(&log, i);
    }
    log_clear(&log);
}

static void run_loss(Log *log, unsigned stations, unsigned watched, uint64_t seed)
{
    void *config = config_new(0, 1e6);
    lz_test_config_set(wired(), config, "loss_ppb", 1e8);
    set_jitter(config, (LzDist){LZ_DIST_EXPONENTIAL, LZ_MILLISECONDS(1), 0});
    log_init(log, config, 1e9, stations, seed);
    log->station = watched;
    for (unsigned i = 0; i < 20000; i++) {
        test_medium_run(log->medium, LZ_MICROSECONDS(100 * i));
        for (unsigned station = 0; station < stations; station++) {
            test_medium_send(log->medium, station, LZ_UP, 0, 100);
        }
    }
    test_medium_run(log->medium, LZ_SECONDS(100));
}

/* 10 % of 20 000: within four standard deviations (42). */
static void test_loss(void)
{
    Log log;
    run_loss(&log, 1, 0, 1);
    uint64_t lost = lz_link_stats(log.medium->link, LZ_UP)->dropped_packets[LZ_DROP_LINK_LOSS];
    g_assert_cmpuint(lost + log.times->len, ==, 20000);
    g_assert_cmpuint(lost, >, 2000 - 170);
    g_assert_cmpuint(lost, <, 2000 + 170);
    log_clear(&log);
}

/* More stations change neither loss nor jitter of the first. */
static void test_stations_are_independent(void)
{
    Log alone, among, other_seed;
    run_loss(&alone, 1, 0, 1);
    run_loss(&among, 3, 0, 1);
    run_loss(&other_seed, 1, 0, 2);
    g_assert_cmpmem(alone.times->data, alone.times->len * sizeof(LzTime), among.times->data, among.times->len * sizeof(LzTime));
    g_assert_false(alone.times->len == other_seed.times->len &&
                   memcmp(alone.times->data, other_seed.times->data, alone.times->len * sizeof(LzTime)) == 0);
    log_clear(&alone);
    log_clear(&among);
    log_clear(&other_seed);
}

/* A cut in the middle of a packet: the transmitter was busy until then, and is free when the link is back. */
static void test_cut_and_back(void)
{
    Log log;
    log_init(&log, config_new(1e7, 5e6), 1e6, 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        test_medium_send(log.medium, 0, LZ_UP, 0, 1250);
    }
    test_medium_run(log.medium, LZ_MICROSECONDS(1500));
    lz_link_set_up(log.medium->link, false);
    const LzLinkStats *stats = lz_link_stats(log.medium->link, LZ_UP);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_LINK_DOWN], ==, 3);
    g_assert_cmpint(stats->busy_ns, ==, LZ_MICROSECONDS(1500));
    test_medium_send(log.medium, 0, LZ_UP, 0, 1250);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_LINK_DOWN], ==, 4);
    lz_link_set_up(log.medium->link, true);
    test_medium_send(log.medium, 0, LZ_UP, 0, 1250);
    test_medium_run(log.medium, LZ_SECONDS(1));
    g_assert_cmpuint(log.times->len, ==, 1);
    g_assert_cmpint(time_at(&log, 0), ==, LZ_MICROSECONDS(1500) + LZ_MILLISECONDS(6));
    log_clear(&log);
}

/* A wire busy for a quarter of each of four seconds. The recorder has a clock of its own. */
static void test_reports(void)
{
    LzWindow always = {"always", 0, LZ_TIME_NEVER};
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    LzScheduler *clock = lz_scheduler_new();
    LzRecorderOptions options = {.scheduler = clock, .windows = &always, .window_count = 1};
    LzProbes *probes = lz_recorder_new(&options);
    LzScope scope = lz_probe_scope(probes, LZ_SCOPE_LINK, "uplink", NULL);
    TestMedium *medium = test_medium_new(wired(), config_new(1e6, 0), fifo, NULL, 2, 1, probes, scope);
    for (unsigned second = 0; second < 4; second++) {
        for (unsigned i = 0; i < 25; i++) {             /* 10 ms each */
            test_medium_send(medium, 1, LZ_UP, 0, 1250);
        }
        test_medium_run(medium, LZ_SECONDS(second + 1));
        while (lz_scheduler_step(clock, LZ_SECONDS(second + 1))) {
        }
        lz_link_report(medium->link);
    }
    lz_recorder_finish(probes, LZ_SECONDS(4));
    LzObservation utilisation = lz_recorder_observe(probes, LZ_METRIC_LINK_UTILISATION, "uplink", NULL, 0);
    g_assert_cmpint(utilisation.last, ==, 250000000);
    LzObservation sent = lz_recorder_observe(probes, LZ_METRIC_LINK_DELIVERED, "uplink", NULL, 0);
    g_assert_cmpint(sent.part, ==, 100);
    LzObservation bytes = lz_recorder_observe(probes, LZ_METRIC_LINK_BYTES, "uplink", NULL, 0);
    g_assert_cmpint(bytes.part, ==, 125000);
    LzObservation dropped = lz_recorder_observe(probes, LZ_METRIC_LINK_DROPPED, "uplink", NULL, 0);
    g_assert_cmpint(dropped.part, ==, 0);
    g_assert_cmpint(dropped.whole, ==, 100);
    LzObservation wait = lz_recorder_observe(probes, LZ_METRIC_LINK_WAIT, "uplink", NULL, 0);
    g_assert_cmpuint(wait.samples, ==, 100);
    g_assert_cmpint(wait.mean, ==, LZ_MILLISECONDS(120));       /* 0, 10 … 240 ms */
    LzObservation *all[] = {&utilisation, &sent, &bytes, &dropped, &wait};
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        lz_observation_clear(all[i]);
    }
    test_medium_free(medium);
    lz_recorder_free(probes);
    lz_scheduler_free(clock);
}

/* IEEE 802.1Q clause 9: four bytes, where the frame has a tag and is not padded for it. */
static void test_tags(void)
{
    static const struct { LzTagging tagging; uint8_t tag; uint16_t vlan; uint32_t ip_bytes, wire_bytes; } rows[] = {
        {LZ_TAGGED_NONE, 6, 9, 1500, 1538},    {LZ_TAGGED_BY_HOST, 0, 9, 1500, 1538}, {LZ_TAGGED_BY_HOST, 1, 0, 1500, 1542},
        {LZ_TAGGED_TRUNK, 0, 0, 1500, 1538},   {LZ_TAGGED_TRUNK, 8, 0, 1500, 1542},   {LZ_TAGGED_TRUNK, 0, 2, 1500, 1542},
        {LZ_TAGGED_TRUNK, 0, 4094, 42, 84},    {LZ_TAGGED_TRUNK, 0, 4094, 43, 85},    {LZ_TAGGED_NONE, 0, 4094, 46, 84},
    };
    for (unsigned is_ppp = 0; is_ppp < 2; is_ppp++) {
        Log log;
        void *config = config_new(0, 0);
        lz_test_config_set(wired(), config, "framing", is_ppp);
        log_init(&log, config, 1e6, 1, 1);
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            lz_link_set_tagging(log.medium->link, LZ_UP, rows[i].tagging);
            LzPacket *packet = lz_packet_new(log.medium->packets);
            packet->tag = rows[i].tag;
            packet->vlan = rows[i].vlan;
            packet->ip_bytes = (uint16_t)rows[i].ip_bytes;
            uint64_t before = lz_link_stats(log.medium->link, LZ_UP)->delivered_bytes;
            lz_element_receive(lz_link_input(log.medium->link, 0, LZ_UP), packet);
            test_medium_run(log.medium, LZ_SECONDS(1));
            g_assert_cmpuint(lz_link_stats(log.medium->link, LZ_UP)->delivered_bytes - before, ==,
                             is_ppp ? rows[i].ip_bytes + 2 : rows[i].wire_bytes);
        }
        log_clear(&log);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link/transmit-time", test_transmit_time_rounds_up);
    g_test_add_func("/link/serialisation", test_serialisation);
    g_test_add_func("/link/pure-delay", test_pure_delay);
    g_test_add_func("/link/queue-limit", test_queue_limit);
    g_test_add_func("/link/jitter/keeps-order", test_jitter_keeps_order);
    g_test_add_func("/link/jitter/may-reorder", test_jitter_may_reorder);
    g_test_add_func("/link/loss", test_loss);
    g_test_add_func("/link/stations-are-independent", test_stations_are_independent);
    g_test_add_func("/link/cut-and-back", test_cut_and_back);
    g_test_add_func("/link/reports", test_reports);
    g_test_add_func("/link/tags", test_tags);
    return g_test_run();
}
