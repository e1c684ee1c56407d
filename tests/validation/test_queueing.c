/* Links and queues against closed forms and identities. */
#include <glib.h>
#include <string.h>

#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"

/* rate_bps and loss_ppb of a wire; everything else by default. */
static void *wire_config(double rate_bps, double loss_ppb, double delay_ns)
{
    const LzModel *wired = lz_registry_find(LZ_MODEL_LINK, "wired");
    void *config = lz_test_config_new(wired);
    lz_test_config_set(wired, config, "rate_bps", rate_bps);
    lz_test_config_set(wired, config, "loss_ppb", loss_ppb);
    lz_test_config_set(wired, config, "delay_ns", delay_ns);
    return config;
}

static TestMedium *wire_new(void *config, const char *queue_name, double queue_limit_bytes, unsigned stations)
{
    const LzModel *queue = lz_registry_find(LZ_MODEL_QUEUE, queue_name);
    void *queue_config = lz_test_config_new(queue);
    lz_test_queue_limit(queue, queue_config, queue_limit_bytes);
    return test_medium_new(lz_registry_find(LZ_MODEL_LINK, "wired"), config, queue, queue_config, stations, 17, NULL, 0);
}

/* Case 3: M/D/1 at a load of 0.8, mean wait of 2 service times (Pollaczek-Khinchine), within 2 %. 1250 bytes
 * at 1 Gbit/s are 10 us; 1.2 million customers make 2 % a 95 % interval (Daley's asymptotic variance). */
static void test_m_d_1(void)
{
    enum { CUSTOMERS = 1200000, BYTES = 1250, SERVICE_NS = 10000 };
    TestMedium *medium = wire_new(wire_config(1e9, 0, 0), "fifo", 1e9, 1);
    LzRandom random;
    lz_random_init(&random, 17, lz_entity_id("arrivals"), LZ_PURPOSE_TRAFFIC);
    LzTime at_ns = 0;
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        at_ns += lz_random_exponential(&random, SERVICE_NS * 10 / 8);
        test_medium_run(medium, at_ns);
        test_medium_send(medium, 0, LZ_UP, 0, BYTES);
    }
    test_medium_run(medium, at_ns + LZ_SECONDS(1));
    const LzLinkStats *stats = lz_link_stats(medium->link, LZ_UP);
    g_assert_cmpuint(stats->delivered_packets, ==, CUSTOMERS);
    double mean_wait = (double)(uint64_t)(stats->queue_wait_sum / CUSTOMERS) / SERVICE_NS;
    g_test_message("mean wait %.4f service times", mean_wait);
    g_assert_cmpfloat(mean_wait, >, 2.0 * 0.98);
    g_assert_cmpfloat(mean_wait, <, 2.0 * 1.02);
    double utilisation = (double)stats->busy_ns / (double)at_ns;
    g_assert_cmpfloat(utilisation, >, 0.8 * 0.99);
    g_assert_cmpfloat(utilisation, <, 0.8 * 1.01);
    test_medium_free(medium);
}

enum { ALARM = 46, BULK = 0, FRAME_MAX_BYTES = 1542, BLOCKING_NS = 12336 };

typedef struct Blocking {
    TestMedium *medium;
    LzTime sent_ns, worst_ns;
    bool is_waiting;
    unsigned delivered;
} Blocking;

static void alarm_delivered(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Blocking *blocking = self;
    if (packet->dscp != ALARM) {
        return;
    }
    LzTime own_ns = lz_transmit_ns_ceil(packet->wire_bytes, 1000000000);
    blocking->worst_ns = MAX(blocking->worst_ns, lz_now(blocking->medium->scheduler) - blocking->sent_ns - own_ns);
    blocking->is_waiting = false;
    blocking->delivered++;
}

/* Case 12: under strict priority the top class waits for at most one frame of 1542 bytes in transmission at
 * 1 Gbit/s, 12.336 us (IEEE 802.3 frame with a tag, preamble and gap), and that bound is attained. */
static void test_priority_blocking(void)
{
    TestMedium *medium = wire_new(wire_config(1e9, 0, 0), "priority", 1e9, 1);
    Blocking blocking = {.medium = medium};
    medium->delivered = alarm_delivered;
    medium->self = &blocking;
    LzRandom random;
    lz_random_init(&random, 12, lz_entity_id("alarms"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 3000; i++) {
        for (unsigned k = 0; k < 5; k++) {              /* always more bulk than the wire can take */
            test_medium_send(medium, 0, LZ_UP, BULK, FRAME_MAX_BYTES);
        }
        test_medium_run(medium, lz_now(medium->scheduler) + (LzTime)lz_random_below(&random, BLOCKING_NS));
        if (!blocking.is_waiting) {
            blocking.is_waiting = true;
            blocking.sent_ns = lz_now(medium->scheduler);
            test_medium_send(medium, 0, LZ_UP, ALARM, TEST_PACKET_WIRE_BYTES_MIN);
        }
        g_assert_cmpint(blocking.worst_ns, <=, BLOCKING_NS);
    }
    g_assert_cmpuint(blocking.delivered, >, 1000);      /* before the bulk that was there */
    test_medium_run(medium, LZ_SECONDS(10));
    g_assert_true(test_medium_is_empty(medium));
    g_assert_cmpint(blocking.worst_ns, <=, BLOCKING_NS);
    for (unsigned i = 0; i < 3; i++) {                  /* the worst moment: a frame has just begun, others wait */
        test_medium_send(medium, 0, LZ_UP, BULK, FRAME_MAX_BYTES);
    }
    blocking.sent_ns = lz_now(medium->scheduler);
    blocking.worst_ns = 0;
    test_medium_send(medium, 0, LZ_UP, ALARM, TEST_PACKET_WIRE_BYTES_MIN);
    test_medium_run(medium, LZ_SECONDS(11));
    g_assert_cmpint(blocking.worst_ns, ==, BLOCKING_NS);
    test_medium_free(medium);
}

/* By the queue, for whatever reason it had. */
static uint64_t queue_drops(const LzLinkStats *stats)
{
    return stats->dropped_packets[LZ_DROP_QUEUE_FULL] + stats->dropped_packets[LZ_DROP_EARLY] +
           stats->dropped_packets[LZ_DROP_POLICED];
}

static bool integrals_agree(const LzLinkStats *stats)
{
    return stats->queue_integral == stats->queue_wait_sum;
}

/* Case 73: Little's law on the sample path, exact: the integral of the queue's length equals the sum of
 * waits in every run that starts and ends empty, with full queues, losses and a link that goes down. */
static void test_little(gconstpointer queue_name)
{
    TestMedium *medium = wire_new(wire_config(2e7, 1e7, 3e5), queue_name, 3200, 3);
    LzRandom random;
    lz_random_init(&random, 73, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 40; i++) {
        LzTime end_ns = lz_now(medium->scheduler) + LZ_MILLISECONDS(50);
        test_medium_load(medium, &random, LZ_MICROSECONDS(i % 3 ? 400 : 60), end_ns);
        lz_link_set_up(medium->link, i % 7 != 3);
    }
    lz_link_set_up(medium->link, true);
    test_medium_run(medium, LZ_SECONDS(100));
    g_assert_true(test_medium_is_empty(medium));
    for (unsigned direction = 0; direction < 2; direction++) {
        const LzLinkStats *stats = lz_link_stats(medium->link, (LzDirection)direction);
        g_assert_true(integrals_agree(stats));
        g_assert_true(stats->queue_wait_sum > (unsigned __int128)LZ_MILLISECONDS(100));
        g_assert_cmpuint(queue_drops(stats), >, 0);
        g_assert_cmpuint(stats->dropped_packets[LZ_DROP_LINK_DOWN], >, 0);
    }
    test_medium_free(medium);
}

/* Case 74: in = out + dropped + queued + under way, exact in packets and bytes, per link and direction, at
 * every moment of a run with loss, full queues and outages. */
static void test_conservation(gconstpointer queue_name)
{
    TestMedium *medium = wire_new(wire_config(2e7, 5e7, 2e6), queue_name, 3200, 4);
    LzRandom random;
    lz_random_init(&random, 74, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    unsigned checked_full = 0;
    for (unsigned i = 0; i < 2000; i++) {
        test_medium_load(medium, &random, LZ_MICROSECONDS(40), lz_now(medium->scheduler) + LZ_MICROSECONDS(500));
        test_medium_check_balance(medium);
        const LzLinkStats *up = lz_link_stats(medium->link, LZ_UP);
        checked_full += up->queued_packets > 0 && up->in_flight_packets > 0;
        if (i % 100 == 50) {
            lz_link_set_up(medium->link, !lz_link_is_up(medium->link));
            test_medium_check_balance(medium);
        }
    }
    g_assert_cmpuint(checked_full, >, 500);
    lz_link_set_up(medium->link, true);
    test_medium_run(medium, LZ_SECONDS(100));
    test_medium_check_balance(medium);
    for (unsigned direction = 0; direction < 2; direction++) {
        const LzLinkStats *stats = lz_link_stats(medium->link, (LzDirection)direction);
        g_assert_cmpuint(stats->dropped_packets[LZ_DROP_LINK_LOSS], >, 0);
        g_assert_cmpuint(stats->dropped_packets[LZ_DROP_LINK_DOWN], >, 0);
        g_assert_cmpuint(queue_drops(stats), >, 0);
        g_assert_cmpuint(stats->queued_bytes + stats->in_flight_bytes, ==, 0);
    }
    test_medium_free(medium);
}

static void add_for_every_queue(const char *name, GTestDataFunc function)
{
    for (const LzModel *const *queue = lz_registry_all(LZ_MODEL_QUEUE); *queue; queue++) {
        g_autofree char *path = g_strdup_printf("/queueing/%s/%s", name, (*queue)->name);
        g_test_add_data_func(path, (*queue)->name, function);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queueing/case-3/m-d-1", test_m_d_1);
    g_test_add_func("/queueing/case-12/priority-blocking", test_priority_blocking);
    add_for_every_queue("case-73/little", test_little);
    add_for_every_queue("case-74/conservation", test_conservation);
    return g_test_run();
}
