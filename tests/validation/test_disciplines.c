/* Queue disciplines against the figures that their standards and papers give. */
#include <glib.h>
#include <math.h>

#include "lazaret/codel.h"
#include "lazaret/queue.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_medium.h"

enum { EF = 46, BULK = 0, FRAME_MAX_BYTES = 1542 };

static const LzModel *queue_model(const char *name)
{
    const LzModel *model = lz_registry_find(LZ_MODEL_QUEUE, name);
    g_assert_nonnull(model);
    return model;
}

/* A wire of that rate behind the queue; queue_config is taken. */
static TestMedium *wire_new(double rate_bps, const char *queue_name, void *queue_config)
{
    const LzModel *wired = lz_registry_find(LZ_MODEL_LINK, "wired");
    void *config = lz_test_config_new(wired);
    lz_test_config_set(wired, config, "rate_bps", rate_bps);
    return test_medium_new(wired, config, queue_model(queue_name), queue_config, 1, 5, NULL, 0);
}

/* A packet of a flow: its source port. */
static void send(TestMedium *medium, uint16_t flow, uint8_t dscp, uint8_t ecn, uint32_t wire_bytes)
{
    LzPacket *packet = lz_packet_new(medium->packets);
    packet->protocol = LZ_IP_UDP;
    packet->source_port = flow;
    packet->dscp = dscp;
    packet->ecn = ecn;
    packet->payload_size = wire_bytes - 66;             /* Ethernet with preamble, FCS and gap 38, IPv4 20, UDP 8 */
    packet->payload = lz_buffer_new(packet->payload_size);
    lz_packet_set_wire_bytes(packet);
    lz_element_receive(lz_link_input(medium->link, 0, LZ_UP), packet);
}

/* ---- token bucket ---- */

enum { BUCKET_BYTES = 15000, PACKET_BYTES = 1500, PACKETS = 200 };
#define BUCKET_BPS 10e6
#define PEAK_BPS 100e6
#define PACKET_NS 120000                /* 1500 bytes at 100 Mbit/s */

typedef struct Arrivals {
    TestMedium *medium;
    LzTime at_ns[PACKETS];
    unsigned count;
} Arrivals;

static void note_arrival(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    (void)packet;
    Arrivals *arrivals = self;
    arrivals->at_ns[arrivals->count++] = lz_now(arrivals->medium->scheduler);
}

static void *bucket_config(const char *name)
{
    const LzModel *model = queue_model(name);
    void *config = lz_test_config_new(model);
    lz_test_config_set(model, config, "rate_bps", BUCKET_BPS);
    lz_test_config_set(model, config, "burst_bytes", BUCKET_BYTES);
    return config;
}

/* Case 13: r = 10 Mbit/s, b = 15,000 bytes, peak 100 Mbit/s: the longest burst at the peak lasts b / (p - r) = 1.3333 ms
 * and carries 16,667 bytes, within one packet; never more than b + r t leaves in any time t; then exactly r. */
static void test_shaper_burst(void)
{
    TestMedium *medium = wire_new(PEAK_BPS, "shaper", bucket_config("shaper"));
    Arrivals arrivals = {.medium = medium};
    medium->delivered = note_arrival;
    medium->self = &arrivals;
    for (unsigned i = 0; i < PACKETS; i++) {
        send(medium, 1, BULK, 0, PACKET_BYTES);
    }
    test_medium_run(medium, LZ_SECONDS(1));
    g_assert_cmpuint(arrivals.count, ==, PACKETS);
    unsigned burst = 1;
    while (arrivals.at_ns[burst] - arrivals.at_ns[burst - 1] == PACKET_NS) {
        burst++;
    }
    g_test_message("burst of %u bytes in %u ns", burst * PACKET_BYTES, burst * PACKET_NS);
    g_assert_cmpfloat_with_epsilon(burst * PACKET_BYTES, 16667, PACKET_BYTES);
    g_assert_cmpfloat_with_epsilon(burst * PACKET_NS, 1.3333e6, PACKET_NS);
    for (unsigned i = 0; i < PACKETS; i++) {            /* that began to leave within [from, at], both included */
        for (unsigned from = 0; from <= i; from++) {
            const double seconds = (double)(arrivals.at_ns[i] - arrivals.at_ns[from]) / 1e9;
            g_assert_cmpfloat((i - from + 1) * PACKET_BYTES, <=, BUCKET_BYTES + BUCKET_BPS * seconds / 8 + 1e-6);
        }
    }
    const LzTime spacing_ns = arrivals.at_ns[PACKETS - 1] - arrivals.at_ns[PACKETS - 2];
    g_assert_cmpint(spacing_ns, ==, 1200000);
    test_medium_free(medium);
}

/* The same bucket as a policer: of a burst at the peak it lets 16,667 bytes pass within one packet, then one packet of
 * ten, and delays none. */
static void test_policer_burst(void)
{
    TestMedium *medium = wire_new(PEAK_BPS, "policer", bucket_config("policer"));
    Arrivals arrivals = {.medium = medium};
    medium->delivered = note_arrival;
    medium->self = &arrivals;
    unsigned before_first_drop = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        test_medium_run(medium, (LzTime)i * PACKET_NS);
        send(medium, 1, BULK, 0, PACKET_BYTES);
        const LzLinkStats *stats = lz_link_stats(medium->link, LZ_UP);
        before_first_drop += stats->dropped_packets[LZ_DROP_POLICED] == 0;
        g_assert_cmpuint(stats->queue_wait_sum == 0, ==, true);
    }
    test_medium_run(medium, LZ_SECONDS(1));
    g_assert_cmpfloat_with_epsilon(before_first_drop * PACKET_BYTES, 16667, PACKET_BYTES);
    const double expected = (BUCKET_BYTES + BUCKET_BPS / 8 * (PACKETS - 1) * PACKET_NS / 1e9) / PACKET_BYTES;
    g_assert_cmpfloat_with_epsilon(arrivals.count, expected, 1);
    test_medium_free(medium);
}

typedef struct Marks {
    unsigned urgent, remarked;
} Marks;

static void note_mark(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Marks *marks = self;
    marks->urgent += packet->dscp == EF;
    marks->remarked += packet->dscp == 1 && packet->tag == 0;
}

/* RFC 2475 2.3.3.2: out of profile, a packet may go on with another mark instead of being dropped. */
static void test_policer_remarks(void)
{
    void *config = bucket_config("policer");
    lz_test_config_set_text(queue_model("policer"), config, "exceed", "le");
    TestMedium *medium = wire_new(PEAK_BPS, "policer", config);
    Marks marks = {0};
    medium->delivered = note_mark;
    medium->self = &marks;
    for (unsigned i = 0; i < PACKETS; i++) {
        send(medium, 1, EF, 0, PACKET_BYTES);           /* all at once: the bucket holds ten */
    }
    test_medium_run(medium, LZ_SECONDS(1));
    g_assert_cmpuint(marks.urgent, ==, BUCKET_BYTES / PACKET_BYTES);
    g_assert_cmpuint(marks.remarked, ==, PACKETS - BUCKET_BYTES / PACKET_BYTES);
    test_medium_free(medium);
}

/* ---- DRR ---- */

typedef struct Shares {
    uint64_t bytes[2];          /* delivered, by source port */
    uint64_t apart_max;
} Shares;

static void note_share(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Shares *shares = self;
    shares->bytes[packet->source_port] += packet->wire_bytes;
    const uint64_t a = shares->bytes[0], b = shares->bytes[1];
    shares->apart_max = MAX(shares->apart_max, a > b ? a - b : b - a);
}

/* Two saturated flows, one of full and one of shortest frames, until about 1 MB has gone. */
static Shares share_link(bool by_packets)
{
    const LzModel *drr = queue_model("drr");
    void *config = lz_test_config_new(drr);
    lz_test_config_set(drr, config, "queue_limit_bytes", 1e9);
    lz_test_config_set(drr, config, "quantum_bytes", 1500);
    lz_test_config_set(drr, config, "turns", by_packets);
    TestMedium *medium = wire_new(100e6, "drr", config);
    Shares shares = {{0}, 0};
    medium->delivered = note_share;
    medium->self = &shares;
    send(medium, 1, EF, 0, TEST_PACKET_WIRE_BYTES_MIN);         /* goes at once, before there is a choice */
    for (unsigned i = 0; i < 1000; i++) {
        send(medium, 0, BULK, 0, 1500);
    }
    for (unsigned i = 0; i < 1000 * 1500 / TEST_PACKET_WIRE_BYTES_MIN; i++) {
        send(medium, 1, EF, 0, TEST_PACKET_WIRE_BYTES_MIN);
    }
    test_medium_run(medium, LZ_MILLISECONDS(80));
    test_medium_free(medium);
    return shares;
}

/* Case 14 (Shreedhar and Varghese): with a quantum of the longest frame, byte shares of 1500-byte and shortest frames
 * are equal: after a megabyte within one quantum, and never apart by more than the three quanta of their fairness
 * bound. Round robin by packets, for contrast, shares as the packets' lengths do. */
static void test_drr_shares(void)
{
    const Shares drr = share_link(false);
    g_test_message("%" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT " apart", drr.bytes[0],
                   drr.bytes[1], drr.apart_max);
    g_assert_cmpuint(drr.bytes[0] + drr.bytes[1], >, 990000);
    g_assert_cmpfloat_with_epsilon((double)drr.bytes[0], (double)drr.bytes[1], 1500);
    g_assert_cmpuint(drr.apart_max, <=, 3 * 1500);
    const Shares wrr = share_link(true);
    g_assert_cmpfloat_with_epsilon((double)wrr.bytes[0] / (double)wrr.bytes[1], 1500.0 / TEST_PACKET_WIRE_BYTES_MIN, 0.05);
}

/* ---- CoDel ---- */

enum { STANDING = 417, EVENTS = 6 };    /* packets of 1500 bytes that wait 50 ms at 100 Mbit/s */

typedef struct Standing {
    TestMedium *medium;
    uint8_t ecn;
    LzTime at_ns[EVENTS];       /* of drops or marks */
    unsigned count;
    uint64_t dropped;
} Standing;

static void note_event(Standing *standing)
{
    if (standing->count < EVENTS) {
        standing->at_ns[standing->count++] = lz_now(standing->medium->scheduler);
    }
}

/* Whatever leaves is replaced, so that the wait stays what it is. */
static void keep_standing(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Standing *standing = self;
    const LzLinkStats *stats = lz_link_stats(standing->medium->link, LZ_UP);
    if (packet->ecn == LZ_ECN_CE) {
        note_event(standing);
    }
    for (; standing->dropped < stats->dropped_packets[LZ_DROP_EARLY]; standing->dropped++) {
        note_event(standing);
    }
    while (stats->queued_packets < STANDING && standing->count < EVENTS) {
        send(standing->medium, 1, BULK, standing->ecn, PACKET_BYTES);
    }
}

/* Case 15 (RFC 8289 5.5): above a wait of 50 ms that does not go away, drops follow each other after 100 ms / sqrt(n):
 * 100, 70.71, 57.74, 50.00, 44.72 ms, within one packet time; the first comes an interval after the wait was first
 * seen above the target. Packets that can be marked are marked at the same moments instead. */
static void test_codel_spacing(gconstpointer data)
{
    const bool has_ecn = data != NULL;
    static const double spacing_ms[EVENTS - 1] = {100, 70.71, 57.74, 50.00, 44.72};
    const LzModel *codel = queue_model("codel");
    void *config = lz_test_config_new(codel);
    lz_test_config_set(codel, config, "queue_limit_bytes", 1e9);
    lz_test_config_set(codel, config, "ecn", has_ecn);
    Standing standing = {.medium = wire_new(100e6, "codel", config), .ecn = has_ecn ? LZ_ECN_ECT0 : LZ_ECN_NOT_ECT};
    standing.medium->delivered = keep_standing;
    standing.medium->self = &standing;
    for (unsigned i = 0; i <= STANDING; i++) {
        send(standing.medium, 1, BULK, standing.ecn, PACKET_BYTES);
    }
    test_medium_run(standing.medium, LZ_SECONDS(2));
    g_assert_cmpuint(standing.count, ==, EVENTS);
    g_assert_cmpuint(standing.dropped > 0, ==, !has_ecn);
    /* The first packet to wait 5 ms leaves at 5.04 ms. */
    g_assert_cmpfloat_with_epsilon((double)standing.at_ns[0], 105.04e6, 2 * PACKET_NS);
    for (unsigned i = 0; i < EVENTS - 1; i++) {
        const double ms = (double)(standing.at_ns[i + 1] - standing.at_ns[i]) / 1e6;
        g_test_message("%.3f ms", ms);
        g_assert_cmpfloat_with_epsilon(ms, spacing_ms[i], PACKET_NS / 1e6);
    }
    test_medium_free(standing.medium);
}

/* The control law in whole nanoseconds, against the same in floating point. */
static void test_codel_law(void)
{
    for (uint32_t count = 1; count < 100000; count += 1 + count / 7) {
        const double exact = 100e6 / sqrt(count);
        g_assert_cmpfloat_with_epsilon((double)lz_codel_spacing_ns(100000000, count), exact, 1);
    }
    g_assert_cmpint(lz_codel_spacing_ns(LZ_SECONDS(10), 4), ==, LZ_SECONDS(5));
}

/* ---- FQ-CoDel ---- */

enum { SPARSE = 9000, BULK_FLOWS = 20 };

typedef struct Sparse {
    TestMedium *medium;
    LzTime sent_ns, worst_ns;
    unsigned delivered;
} Sparse;

static void note_sparse(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Sparse *sparse = self;
    if (packet->source_port == SPARSE) {
        const LzTime own_ns = lz_transmit_ns_ceil(packet->wire_bytes, 100000000);
        sparse->worst_ns = MAX(sparse->worst_ns, lz_now(sparse->medium->scheduler) - sparse->sent_ns - own_ns);
        sparse->delivered++;
    }
}

/* RFC 8290 4.2 and 6: a flow that sends less than a quantum per round always enters the list of new flows, which goes
 * first: it waits for the frame in transmission, 123.36 us at 100 Mbit/s, however many bulk flows fill the queue. */
static void test_fq_codel_sparse(void)
{
    Sparse sparse = {.medium = wire_new(100e6, "fq-codel", NULL)};
    sparse.medium->delivered = note_sparse;
    sparse.medium->self = &sparse;
    LzRandom random;
    lz_random_init(&random, 8290, lz_entity_id("sparse"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned flow = 0; flow < BULK_FLOWS; flow++) {
            for (unsigned k = 0; k < 5; k++) {
                send(sparse.medium, (uint16_t)flow, BULK, 0, FRAME_MAX_BYTES);
            }
        }
        test_medium_run(sparse.medium, lz_now(sparse.medium->scheduler) + LZ_MILLISECONDS(5) +
                                           (LzTime)lz_random_below(&random, LZ_MILLISECONDS(1)));
        sparse.sent_ns = lz_now(sparse.medium->scheduler);
        send(sparse.medium, SPARSE, BULK, 0, 300);
        test_medium_run(sparse.medium, sparse.sent_ns + LZ_MILLISECONDS(4));
    }
    const LzLinkStats *stats = lz_link_stats(sparse.medium->link, LZ_UP);
    g_test_message("worst wait %" G_GINT64_FORMAT " ns", sparse.worst_ns);
    g_assert_cmpuint(sparse.delivered, ==, 500);
    g_assert_cmpint(sparse.worst_ns, <=, 123360);
    g_assert_cmpint(sparse.worst_ns, >, 100000);
    g_assert_cmpuint(stats->queued_bytes, >, 300000);
    g_assert_cmpuint(stats->dropped_packets[LZ_DROP_EARLY], >, 0);
    test_medium_free(sparse.medium);
}

/* Flows of full and of third-length frames share the bytes of the link (the queues take turns by bytes). */
static void test_fq_codel_shares(void)
{
    const LzModel *model = queue_model("fq-codel");
    void *config = lz_test_config_new(model);
    lz_test_config_set(model, config, "interval_ns", 10e9);     /* without CoDel's drops */
    TestMedium *medium = wire_new(100e6, "fq-codel", config);
    Shares shares = {{0}, 0};
    medium->delivered = note_share;
    medium->self = &shares;
    for (unsigned i = 0; i < 500; i++) {
        send(medium, 0, BULK, 0, 1500);
        for (unsigned k = 0; k < 3; k++) {
            send(medium, 1, BULK, 0, 500);
        }
    }
    test_medium_run(medium, LZ_MILLISECONDS(80));
    g_assert_cmpuint(shares.bytes[0] + shares.bytes[1], >, 990000);
    g_assert_cmpuint(shares.apart_max, <=, 3 * 1514);
    test_medium_free(medium);
}

/* ---- RED ---- */

typedef struct Red {
    const LzModel *model;
    LzPacketPool *packets;
    void *config, *state;
    uint64_t left;
} Red;

static Red red_new(double min, double max, double probability_ppb, double weight_ppb, bool is_gentle)
{
    Red red = {.model = queue_model("red"), .packets = lz_packet_pool_new()};
    red.config = lz_test_config_new(red.model);
    lz_test_config_set(red.model, red.config, "curve.min", min);
    lz_test_config_set(red.model, red.config, "curve.max", max);
    lz_test_config_set(red.model, red.config, "curve.probability_ppb", probability_ppb);
    lz_test_config_set(red.model, red.config, "weight_ppb", weight_ppb);
    lz_test_config_set(red.model, red.config, "gentle", is_gentle);
    red.state = g_malloc0(red.model->state_size);
    const LzEnv env = {.packets = red.packets, .seed = 21, .entity = lz_entity_id("red")};
    const LzQueueOps *ops = red.model->ops;
    ops->init(red.state, red.config, &env, (LzQueueOutlet){0});
    return red;
}

static void red_free(Red *red)
{
    const LzQueueOps *ops = red->model->ops;
    ops->clear(red->state);
    lz_packet_pool_free(red->packets);
    g_free(red->state);
    g_free(red->config);
}

/* Offers a packet to a queue that is kept at `length`; says whether it was dropped. */
static bool red_offer(Red *red, unsigned length)
{
    const LzQueueOps *ops = red->model->ops;
    LzPacket *packet = lz_packet_new(red->packets);
    packet->protocol = LZ_IP_UDP;
    lz_packet_set_wire_bytes(packet);
    const bool is_dropped = ops->enqueue(red->state, packet, 0) != LZ_DROP_NONE;
    if (is_dropped) {
        lz_packet_free(red->packets, packet);
    }
    while (ops->backlog_packets(red->state) > length) {
        lz_packet_free(red->packets, ops->dequeue(red->state, 0));
    }
    return is_dropped;
}

/* With p_a = p_b / (1 - count p_b) a drop comes after n packets with probability p_b each, until that makes 1. */
static double mean_distance(double p)
{
    double mean = 0, left = 1;
    for (unsigned n = 1; left > 1e-12; n++) {
        const double now = MIN(p, left);
        mean += n * now;
        left -= now;
    }
    return mean;
}

/* Floyd and Jacobson 1993, section 4 and appendix: minth 5, maxth 15, maxp 0.1; the average is the queue itself (weight
 * 1). Nothing is dropped below minth; then as often as p_b = maxp (avg - min) / (max - min) and the even spacing say;
 * gentle: from 15 to 30 p_b rises on to 1. The longest distance between drops is 1 / p_b. */
static void test_red_curve(void)
{
    static const struct { unsigned length; double probability; } rows[] = {
        {4, 0}, {5, 0}, {7, 0.02}, {10, 0.05}, {14, 0.09}, {15, 0.1}, {20, 0.4}, {25, 0.7},
    };
    enum { OFFERS = 200000 };
    for (unsigned row = 0; row < G_N_ELEMENTS(rows); row++) {
        Red red = red_new(5, 15, 0.1e9, 1e9, true);
        const LzQueueOps *ops = red.model->ops;
        while (ops->backlog_packets(red.state) < rows[row].length) {
            red_offer(&red, rows[row].length);
        }
        const double p = rows[row].probability;
        unsigned dropped = 0, since = 0, longest = 0;
        for (unsigned i = 0; i < OFFERS; i++) {
            const bool is_dropped = red_offer(&red, rows[row].length);
            dropped += is_dropped;
            since = is_dropped ? 0 : since + 1;
            longest = MAX(longest, since);
        }
        const double expected = p > 0 ? OFFERS / mean_distance(p) : 0;
        g_test_message("queue %u: %u drops, %.0f expected", rows[row].length, dropped, expected);
        g_assert_cmpfloat_with_epsilon(dropped, expected, 0.02 * expected + 0.5);
        g_assert_true(p <= 0 || longest <= 1 / p);
        red_free(&red);
    }
}

/* The average follows avg += w (q - avg): with w = 0.002 and a queue of 20 it passes 5 after ln(1 - 5/20) / ln(1 - w) =
 * 143.7 arrivals and 6 after 178.2: with thresholds 5 and 6 the first drop comes between. */
static void test_red_average(void)
{
    Red red = red_new(5, 6, 1e9, 2e6, false);
    for (unsigned i = 0; i < 20; i++) {
        g_assert_false(red_offer(&red, 20));            /* these 20 move the average by less than 0.4 */
    }
    const double average = 20 * (1 - pow(0.998, 20)) / 2;       /* of a queue that rose from 0 to 20: half, about */
    const double first = log((20 - 5) / (20 - average)) / log(0.998), last = log((20 - 6) / (20 - average)) / log(0.998);
    unsigned arrivals = 1;
    while (!red_offer(&red, 20)) {
        arrivals++;
    }
    g_test_message("first drop at arrival %u, between %.1f and %.1f", arrivals, first, last);
    g_assert_cmpfloat(arrivals, >=, floor(first) - 1);
    g_assert_cmpfloat(arrivals, <=, ceil(last) + 1);
    red_free(&red);
}

/* ---- credit-based shaper ---- */

typedef struct Frames {
    TestMedium *medium;
    LzTime end_ns[8];           /* of the shaped class */
    unsigned count;
} Frames;

static void note_frame(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    Frames *frames = self;
    if (packet->dscp == EF) {
        frames->end_ns[frames->count++] = lz_now(frames->medium->scheduler);
    }
}

/* Case 16 (802.1Qav): 25 % of 100 Mbit/s, frames of 1542 bytes. Credit is seen by the silence that follows: idleSlope
 * times the pause is what was missing. Alone, a frame costs loCredit, -9252 bit, so the next waits 370.08 us; behind one
 * frame of another class the credit is hiCredit, +3084 bit, which shortens that wait by 123.36 us. Exact. */
static void test_cbs_credits(void)
{
    enum { IDLE_SLOPE_BPS = 25000000, FRAME_NS = 123360 };
    for (unsigned interferers = 0; interferers <= 1; interferers++) {
        Frames frames = {.medium = wire_new(100e6, "cbs", NULL)};
        frames.medium->delivered = note_frame;
        frames.medium->self = &frames;
        for (unsigned i = 0; i < interferers; i++) {
            send(frames.medium, 1, BULK, 0, FRAME_MAX_BYTES);
        }
        for (unsigned i = 0; i < 3; i++) {
            send(frames.medium, 2, EF, 0, FRAME_MAX_BYTES);
        }
        test_medium_run(frames.medium, LZ_SECONDS(1));
        g_assert_cmpuint(frames.count, ==, 3);
        g_assert_cmpint(frames.end_ns[0], ==, (interferers + 1) * FRAME_NS);
        const LzTime pause_ns = frames.end_ns[1] - FRAME_NS - frames.end_ns[0];
        const LzTime pause_2_ns = frames.end_ns[2] - FRAME_NS - frames.end_ns[1];
        const double high_bits = 9252 - (double)pause_ns * IDLE_SLOPE_BPS / 1e9;
        g_assert_cmpfloat_with_epsilon(high_bits, interferers * 3084.0, 1e-9);
        g_assert_cmpfloat_with_epsilon((double)pause_2_ns * IDLE_SLOPE_BPS / 1e9, 9252, 1e-9);
        test_medium_free(frames.medium);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disciplines/case-13/shaper", test_shaper_burst);
    g_test_add_func("/disciplines/case-13/policer", test_policer_burst);
    g_test_add_func("/disciplines/policer-remarks", test_policer_remarks);
    g_test_add_func("/disciplines/case-14/drr", test_drr_shares);
    g_test_add_data_func("/disciplines/case-15/codel-drops", NULL, test_codel_spacing);
    g_test_add_data_func("/disciplines/case-15/codel-marks", "ecn", test_codel_spacing);
    g_test_add_func("/disciplines/codel-law", test_codel_law);
    g_test_add_func("/disciplines/case-16/cbs", test_cbs_credits);
    g_test_add_func("/disciplines/fq-codel/sparse", test_fq_codel_sparse);
    g_test_add_func("/disciplines/fq-codel/shares", test_fq_codel_shares);
    g_test_add_func("/disciplines/red/curve", test_red_curve);
    g_test_add_func("/disciplines/red/average", test_red_average);
    return g_test_run();
}
