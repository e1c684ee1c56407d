/* The recorder: lives of messages, windows, levels, series, traces; and random histories checked
 * against a slow account of the same events. */
#include <glib.h>
#include <string.h>

#include "sim/core/scheduler.h"
#include "sim/measure/recorder.h"

#define MS(n) LZ_MILLISECONDS(n)

enum { ALWAYS, FLOOD, AFTER, EMPTY };

/* always 0..1 s, a flood 200..400 ms, what follows, and a window after the run's end. */
static const LzWindow windows[] = {
    [ALWAYS] = {"always", 0, MS(1000)},
    [FLOOD] = {"flood", MS(200), MS(400)},
    [AFTER] = {"recovery flood", MS(400), LZ_TIME_NEVER},
    [EMPTY] = {"late", MS(5000), MS(6000)},
};

typedef struct Fixture {
    LzScheduler *scheduler;
    LzDigest digest;
    LzProbes *probes;
    LzScope alarm;
    LzProbeDevice *pump;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->scheduler = lz_scheduler_new();
    lz_digest_init(&fixture->digest);
    LzRecorderOptions options = {
        .scheduler = fixture->scheduler, .windows = windows, .window_count = G_N_ELEMENTS(windows),
        .series_every_ns = MS(100), .digest = &fixture->digest,
        .trace_kinds = 1U << LZ_TRACE_SESSION | 1U << LZ_TRACE_EXPECT | 1U << LZ_TRACE_MESSAGE_LOST,
    };
    fixture->probes = lz_recorder_new(&options);
    fixture->alarm = lz_probe_scope(fixture->probes, LZ_SCOPE_FLOW, "alarm", "pump");
    fixture->pump = lz_probe_device(fixture->probes, "pump[1]", false, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    lz_recorder_free(fixture->probes);
    lz_scheduler_free(fixture->scheduler);
}

static void go_to(Fixture *fixture, LzTime time_ns)
{
    while (lz_scheduler_step(fixture->scheduler, time_ns)) {
    }
}

static void finish(Fixture *fixture)
{
    go_to(fixture, MS(1000));
    lz_recorder_finish(fixture->probes, MS(1000));
}

static LzMessageId create(Fixture *fixture, LzTime at_ns, LzTime deadline_ns)
{
    go_to(fixture, at_ns);
    return lz_probe_created(fixture->probes, fixture->alarm, fixture->pump, 96, deadline_ns);
}

static void deliver(Fixture *fixture, LzTime at_ns, LzMessageId message)
{
    uint8_t payload[96] = {0};
    go_to(fixture, at_ns);
    lz_message_mark_write(payload, message);
    lz_probe_delivered(fixture->probes, (LzBytes){payload, sizeof payload});
}

static void lose(Fixture *fixture, LzTime at_ns, LzMessageId message, LzLossCause cause)
{
    go_to(fixture, at_ns);
    lz_probe_lost(fixture->probes, message, cause);
}

static LzObservation observe(Fixture *fixture, LzMetric metric, unsigned window)
{
    return lz_recorder_observe(fixture->probes, metric, NULL, NULL, window);
}

static void assert_part(Fixture *fixture, LzMetric metric, unsigned window, int64_t part, int64_t whole)
{
    LzObservation observation = observe(fixture, metric, window);
    g_assert_cmpint(observation.part, ==, part);
    g_assert_cmpint(observation.whole, ==, whole);
    lz_observation_clear(&observation);
}

/* ---- messages ---- */

static void test_mark(void)
{
    uint8_t payload[LZ_MESSAGE_MARK_BYTES];
    lz_message_mark_write(payload, UINT64_C(0x0102030405060708));
    static const uint8_t expected[] = {0x4c, 0x5a, 0x4d, 0x31, 1, 2, 3, 4, 5, 6, 7, 8};
    g_assert_true(memcmp(payload, expected, sizeof expected) == 0);
    g_assert_cmphex(lz_message_mark_read((LzBytes){payload, sizeof payload}), ==, UINT64_C(0x0102030405060708));
    g_assert_cmphex(lz_message_mark_read((LzBytes){payload, sizeof payload - 1}), ==, 0);
    payload[0] ^= 1;
    g_assert_cmphex(lz_message_mark_read((LzBytes){payload, sizeof payload}), ==, 0);
    g_assert_cmphex(lz_message_mark_read((LzBytes){NULL, 0}), ==, 0);
}

static void test_delivered_in_time(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzMessageId message = create(fixture, MS(50), MS(20));
    g_assert_cmpuint(message, !=, 0);
    go_to(fixture, MS(52));
    lz_probe_handed_to_tls(fixture->probes, message);
    go_to(fixture, MS(55));
    lz_probe_sent(fixture->probes, message);
    lz_probe_sent(fixture->probes, message);            /* a retransmission is not a first transmission */
    deliver(fixture, MS(70), message);                  /* exactly at the deadline */
    finish(fixture);
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    g_assert_cmpuint(account.created, ==, 1);
    g_assert_cmpuint(account.handed_to_tls, ==, 1);
    g_assert_cmpuint(account.sent, ==, 1);
    g_assert_cmpuint(account.delivered, ==, 1);
    g_assert_cmpuint(account.in_flight, ==, 0);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, ALWAYS, 0, 1);
    assert_part(fixture, LZ_METRIC_FLOW_DELIVERED, ALWAYS, 1, 1);
    assert_part(fixture, LZ_METRIC_FLOW_LOST, ALWAYS, 0, 1);
    assert_part(fixture, LZ_METRIC_FLOW_GOODPUT, ALWAYS, 96, 0);
    LzObservation latency = observe(fixture, LZ_METRIC_FLOW_LATENCY, ALWAYS);
    g_assert_cmpuint(latency.samples, ==, 1);
    g_assert_cmpint(latency.mean, ==, MS(20));
    lz_observation_clear(&latency);
    LzObservation delay = observe(fixture, LZ_METRIC_FLOW_SEND_DELAY, ALWAYS);
    g_assert_cmpint(delay.max, ==, MS(5));
    g_assert_cmpuint(delay.samples, ==, 1);
    lz_observation_clear(&delay);
}

static void test_late_and_lost(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzMessageId late = create(fixture, MS(10), MS(20));
    LzMessageId lost = create(fixture, MS(10), MS(500));
    LzMessageId without_deadline = create(fixture, MS(10), LZ_TIME_NEVER);
    deliver(fixture, MS(30) + 1, late);
    lose(fixture, MS(40), lost, LZ_LOSS_CONNECTION);
    lose(fixture, MS(40), lost, LZ_LOSS_POWER);         /* lost once, for the first cause */
    lose(fixture, MS(40), without_deadline, LZ_LOSS_CLIENT_QUEUE_FULL);
    lose(fixture, MS(40), late, LZ_LOSS_POWER);         /* delivered messages cannot be lost */
    create(fixture, MS(50), MS(100));                   /* still open at the end and overdue */
    create(fixture, MS(950), MS(50));                   /* due exactly at the end: not overdue */
    create(fixture, MS(950), MS(100));                  /* not yet due */
    finish(fixture);
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], ==, 1);
    g_assert_cmpuint(account.lost[LZ_LOSS_CLIENT_QUEUE_FULL], ==, 1);
    g_assert_cmpuint(account.lost[LZ_LOSS_POWER], ==, 0);
    g_assert_cmpuint(account.in_flight, ==, 3);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, ALWAYS, 3, 3);
    assert_part(fixture, LZ_METRIC_FLOW_LOST, ALWAYS, 2, 6);
    assert_part(fixture, LZ_METRIC_FLOW_DELIVERED, ALWAYS, 1, 6);
}

static void test_duplicates(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzMessageId first = create(fixture, MS(10), MS(20));
    deliver(fixture, MS(15), first);
    for (unsigned i = 0; i < 24; i++) {                 /* closed lives stay known for a while */
        deliver(fixture, MS(20), create(fixture, MS(20), MS(20)));
    }
    deliver(fixture, MS(300), first);
    deliver(fixture, MS(300), first);
    for (unsigned i = 0; i < 200; i++) {                /* and are then forgotten */
        deliver(fixture, MS(300), create(fixture, MS(300), MS(20)));
    }
    deliver(fixture, MS(310), first);
    finish(fixture);
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    g_assert_cmpuint(account.created, ==, 225);
    g_assert_cmpuint(account.delivered, ==, 225);
    g_assert_cmpuint(account.duplicate, ==, 2);
    assert_part(fixture, LZ_METRIC_FLOW_DUPLICATE, ALWAYS, 2, 0);
    assert_part(fixture, LZ_METRIC_FLOW_DUPLICATE, FLOOD, 2, 0);    /* where they arrived */
}

/* A sender gives a message up that is under way already: it arrives, so it was not lost. */
static void test_delivered_after_loss(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzMessageId in_time = create(fixture, MS(10), MS(100)), late = create(fixture, MS(10), MS(20));
    lose(fixture, MS(40), in_time, LZ_LOSS_CONNECTION);
    lose(fixture, MS(40), late, LZ_LOSS_CONNECTION);
    deliver(fixture, MS(50), in_time);
    deliver(fixture, MS(50), late);
    finish(fixture);
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    g_assert_cmpuint(account.lost[LZ_LOSS_CONNECTION], ==, 0);
    g_assert_cmpuint(account.delivered, ==, 2);
    g_assert_cmpuint(account.in_flight, ==, 0);
    assert_part(fixture, LZ_METRIC_FLOW_LOST, ALWAYS, 0, 2);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, ALWAYS, 1, 2);
}

/* Born in the flood and delivered after it: counts for the flood; goodput counts where it arrives. */
static void test_windows_of_creation(Fixture *fixture, gconstpointer data)
{
    (void)data;
    deliver(fixture, MS(210), create(fixture, MS(200) - 1, MS(500)));
    LzMessageId slow = create(fixture, MS(300), MS(50));
    deliver(fixture, MS(600), slow);
    finish(fixture);
    assert_part(fixture, LZ_METRIC_FLOW_CREATED, FLOOD, 1, 0);
    assert_part(fixture, LZ_METRIC_FLOW_DELIVERED, FLOOD, 1, 1);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, FLOOD, 1, 1);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, AFTER, 0, 0);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, ALWAYS, 1, 2);
    assert_part(fixture, LZ_METRIC_FLOW_GOODPUT, FLOOD, 96, 0);
    assert_part(fixture, LZ_METRIC_FLOW_GOODPUT, AFTER, 96, 0);
    LzObservation flood = observe(fixture, LZ_METRIC_FLOW_LATENCY, FLOOD);
    g_assert_cmpint(flood.mean, ==, MS(300));
    g_assert_cmpint(flood.window_ns, ==, MS(200));
    lz_observation_clear(&flood);
    LzObservation after = observe(fixture, LZ_METRIC_FLOW_LATENCY, AFTER);
    g_assert_cmpuint(after.samples, ==, 0);
    g_assert_null(after.histogram);
    g_assert_cmpint(after.window_ns, ==, MS(600));
    LzObservation empty = observe(fixture, LZ_METRIC_FLOW_LATENCY, EMPTY);
    g_assert_cmpint(empty.window_ns, ==, 0);
}

/* Bytes from anywhere may carry a mark: none of these is a message. */
static void test_foreign_marks(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzMessageId message = create(fixture, MS(10), MS(20));
    deliver(fixture, MS(11), message + 1);
    deliver(fixture, MS(11), message - 1);
    deliver(fixture, MS(11), message + (UINT64_C(1) << 32));
    deliver(fixture, MS(11), UINT64_MAX);
    deliver(fixture, MS(11), 0);
    lz_probe_delivered(fixture->probes, (LzBytes){(const uint8_t *)"LZM1", 4});
    lz_probe_sent(fixture->probes, 0);
    lz_probe_lost(fixture->probes, 0, LZ_LOSS_POWER);
    finish(fixture);
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    g_assert_cmpuint(account.created, ==, 1);
    g_assert_cmpuint(account.in_flight, ==, 1);
    g_assert_cmpuint(account.duplicate, ==, 0);
}

/* ---- scopes, counts, samples ---- */

static void test_scopes(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzProbes *probes = fixture->probes;
    g_assert_cmpuint(lz_probe_scope(probes, LZ_SCOPE_FLOW, "alarm", "pump"), ==, fixture->alarm);
    LzScope other = lz_probe_scope(probes, LZ_SCOPE_FLOW, "alarm", "monitor");
    LzScope link = lz_probe_scope(probes, LZ_SCOPE_LINK, "alarm", NULL);
    g_assert_cmpuint(other, !=, fixture->alarm);
    g_assert_cmpuint(link, !=, other);
    g_assert_cmpuint(lz_recorder_scope_count(probes), ==, 3);
    g_assert_cmpstr(lz_recorder_scope_info(probes, other)->fleet, ==, "monitor");
    g_assert_cmpint(lz_recorder_scope_info(probes, link)->kind, ==, LZ_SCOPE_LINK);
    g_assert_true(lz_probe_device(probes, "pump[1]", false, NULL) == fixture->pump);

    LzScope tls_pump = lz_probe_scope(probes, LZ_SCOPE_TLS, NULL, "pump");
    LzScope tls_monitor = lz_probe_scope(probes, LZ_SCOPE_TLS, NULL, "monitor");
    go_to(fixture, MS(250));
    lz_probe_count(probes, tls_pump, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 1);
    lz_probe_count_whole(probes, tls_pump, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 4);
    lz_probe_count_whole(probes, tls_monitor, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 2);
    lz_probe_sample(probes, tls_pump, LZ_METRIC_TLS_HANDSHAKE_TIME, 100);
    lz_probe_sample(probes, tls_monitor, LZ_METRIC_TLS_HANDSHAKE_TIME, 301);
    lz_probe_count(probes, 0, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, 1);        /* no scope: vanishes */
    finish(fixture);
    assert_part(fixture, LZ_METRIC_TLS_HANDSHAKE_REFUSED, FLOOD, 1, 6);
    assert_part(fixture, LZ_METRIC_TLS_HANDSHAKE_REFUSED, AFTER, 0, 0);
    LzObservation pump = lz_recorder_observe(probes, LZ_METRIC_TLS_HANDSHAKE_REFUSED, NULL, "pump", ALWAYS);
    g_assert_cmpint(pump.whole, ==, 4);
    g_assert_cmpuint(pump.scopes, ==, 1);
    LzObservation both = observe(fixture, LZ_METRIC_TLS_HANDSHAKE_TIME, ALWAYS);
    g_assert_cmpuint(both.samples, ==, 2);
    g_assert_cmpint(both.mean, ==, 201);                /* 200.5 */
    g_assert_cmpint(both.min, ==, 100);
    g_assert_cmpint(both.max, ==, 301);
    lz_observation_clear(&both);
    LzObservation none = lz_recorder_observe(probes, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, NULL, "bed", ALWAYS);
    g_assert_cmpuint(none.scopes, ==, 0);
    g_assert_cmpuint(none.samples, ==, 0);
    LzObservation silent = observe(fixture, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, ALWAYS);
    g_assert_cmpuint(silent.samples, ==, 1);            /* a counter at 0 is seen */
    g_assert_cmpint(silent.part, ==, 0);
}

static void test_without_probes(void)
{
    g_assert_cmpuint(lz_probe_scope(NULL, LZ_SCOPE_RUN, NULL, NULL), ==, 0);
    g_assert_null(lz_probe_device(NULL, "pump[1]", false, NULL));
    g_assert_cmpuint(lz_probe_created(NULL, 0, 0, 1, 1), ==, 0);
    lz_probe_count(NULL, 1, LZ_METRIC_FLOW_CREATED, 1);
    lz_probe_count_whole(NULL, 1, LZ_METRIC_FLOW_DELIVERED, 1);
    lz_probe_sample(NULL, 1, LZ_METRIC_FLOW_LATENCY, 1);
    lz_probe_level(NULL, 1, LZ_METRIC_RUN_DEVICES_CONNECTED, 1);
    lz_probe_level_past(NULL, 1, LZ_METRIC_SERVICE_CPU, 0, 1);
    lz_probe_trace(NULL, LZ_TRACE_FAULT, NULL, NULL, NULL, 0, 0, NULL);
    lz_probe_delivered(NULL, (LzBytes){NULL, 0});
    lz_probe_lost(NULL, 1, LZ_LOSS_POWER);
    lz_probe_sent(NULL, 1);
    lz_probe_handed_to_tls(NULL, 1);
    lz_recorder_free(NULL);
}

static void test_after_finish(Fixture *fixture, gconstpointer data)
{
    (void)data;
    create(fixture, MS(10), MS(20));
    finish(fixture);
    uint64_t digest = lz_digest_value(&fixture->digest);
    g_assert_cmpuint(create(fixture, MS(1000), MS(20)), ==, 0);
    lz_probe_trace(fixture->probes, LZ_TRACE_SESSION, "pump[1]", "broker", NULL, 0, 0, "closed");
    assert_part(fixture, LZ_METRIC_FLOW_CREATED, ALWAYS, 1, 0);
    size_t count;
    lz_recorder_traces(fixture->probes, &count);
    g_assert_cmpuint(count, ==, 0);
    lz_probe_trace(fixture->probes, LZ_TRACE_EXPECT, NULL, NULL, NULL, 0, 0, "alarms-in-time");
    const LzTraceRow *rows = lz_recorder_traces(fixture->probes, &count);
    g_assert_cmpuint(count, ==, 1);                     /* verdicts come after the end */
    g_assert_cmpstr(rows[0].detail, ==, "alarms-in-time");
    g_assert_cmphex(lz_digest_value(&fixture->digest), ==, digest);
}

/* ---- levels ---- */

static void set_level(Fixture *fixture, LzTime at_ns, LzScope scope, LzMetric metric, int64_t level)
{
    go_to(fixture, at_ns);
    lz_probe_level(fixture->probes, scope, metric, level);
}

static void assert_level(const LzObservation observation, int64_t mean, int64_t min, int64_t max, int64_t last,
                         uint64_t samples)
{
    g_assert_cmpint(observation.mean, ==, mean);
    g_assert_cmpint(observation.min, ==, min);
    g_assert_cmpint(observation.max, ==, max);
    g_assert_cmpint(observation.last, ==, last);
    g_assert_cmpuint(observation.samples, ==, samples);
}

static void test_levels(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope link = lz_probe_scope(fixture->probes, LZ_SCOPE_LINK, "backbone", NULL);
    LzMetric queue = LZ_METRIC_LINK_QUEUE;
    set_level(fixture, MS(100), link, queue, 1000);     /* unknown until then */
    set_level(fixture, MS(300), link, queue, 9000);     /* for no time at all */
    set_level(fixture, MS(300), link, queue, 3000);
    set_level(fixture, MS(350), link, queue, 3000);     /* no change */
    set_level(fixture, MS(500), link, queue, 0);
    finish(fixture);
    /* 200 ms at 1000, 200 ms at 3000, 500 ms at 0 */
    assert_level(observe(fixture, queue, ALWAYS), 889, 0, 3000, 0, 3);
    assert_level(observe(fixture, queue, FLOOD), 2000, 1000, 3000, 3000, 2);
    assert_level(observe(fixture, queue, AFTER), 500, 0, 3000, 0, 2);
    assert_level(observe(fixture, queue, EMPTY), 0, 0, 0, 0, 0);
}

static void assert_rows(Fixture *fixture, LzMetric metric, const char *stat, const int64_t *values, unsigned count)
{
    size_t row_count;
    const LzSeriesRow *rows = lz_recorder_series(fixture->probes, &row_count);
    unsigned seen = 0;
    LzTime last_ns = 0;
    for (size_t i = 0; i < row_count; i++) {
        g_assert_cmpint(rows[i].t_ns, >=, last_ns);
        last_ns = rows[i].t_ns;
        if (rows[i].metric == metric && g_str_equal(rows[i].stat, stat)) {
            g_assert_cmpuint(seen, <, count);
            g_assert_cmpint(rows[i].value, ==, values[seen]);
            seen++;
        }
    }
    g_assert_cmpuint(seen, ==, count);
}

/* A share measured over periods counts for the periods, though it is reported at their ends. */
static void test_level_past(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope broker = lz_probe_scope(fixture->probes, LZ_SCOPE_SERVICE, "broker", NULL);
    LzMetric cpu = LZ_METRIC_SERVICE_CPU;
    for (unsigned i = 1; i <= 9; i++) {                 /* busy from 200 ms to 400 ms */
        go_to(fixture, MS(100 * i));
        lz_probe_level_past(fixture->probes, broker, cpu, MS(100 * (i - 1)), i == 3 || i == 4 ? 100 : 10);
    }
    finish(fixture);
    assert_level(observe(fixture, cpu, ALWAYS), 30, 10, 100, 10, 9);
    assert_level(observe(fixture, cpu, FLOOD), 100, 100, 100, 100, 2);
    assert_level(observe(fixture, cpu, AFTER), 10, 10, 10, 10, 5);
    assert_rows(fixture, cpu, "mean", (int64_t[]){10, 10, 100, 100, 10, 10, 10, 10, 10}, 9);
    g_assert_cmpint(lz_recorder_recover_time(fixture->probes, cpu, "broker", NULL, ALWAYS, 10), ==, 0);
}

/* A level that does not move in a window is still known in it. */
static void test_level_carried_in(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope fleet = lz_probe_scope(fixture->probes, LZ_SCOPE_FLEET, "pump", "pump");
    LzScope other = lz_probe_scope(fixture->probes, LZ_SCOPE_FLEET, "monitor", "monitor");
    set_level(fixture, 0, fleet, LZ_METRIC_FLEET_CONNECTED, 1000000000);
    finish(fixture);
    assert_level(observe(fixture, LZ_METRIC_FLEET_CONNECTED, FLOOD), 1000000000, 1000000000, 1000000000, 1000000000, 1);
    LzObservation silent = lz_recorder_observe(fixture->probes, LZ_METRIC_FLEET_CONNECTED, "monitor", NULL, FLOOD);
    assert_level(silent, 0, 0, 0, 0, 0);
    g_assert_cmpuint(other, !=, fleet);
}

/* Counts are added over scopes, shares averaged. */
static void test_level_aggregates(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope a = lz_probe_scope(fixture->probes, LZ_SCOPE_LINK, "a", NULL);
    LzScope b = lz_probe_scope(fixture->probes, LZ_SCOPE_LINK, "b", NULL);
    set_level(fixture, 0, a, LZ_METRIC_LINK_QUEUE, 10);
    set_level(fixture, 0, b, LZ_METRIC_LINK_QUEUE, 20);
    set_level(fixture, 0, a, LZ_METRIC_LINK_UTILISATION, 100);
    set_level(fixture, 0, b, LZ_METRIC_LINK_UTILISATION, 300);
    finish(fixture);
    assert_level(observe(fixture, LZ_METRIC_LINK_QUEUE, ALWAYS), 30, 30, 30, 30, 2);
    assert_level(observe(fixture, LZ_METRIC_LINK_UTILISATION, ALWAYS), 200, 200, 200, 200, 2);
}

static LzTime recover(Fixture *fixture, unsigned window, int64_t to)
{
    return lz_recorder_recover_time(fixture->probes, LZ_METRIC_SERVICE_AVAILABILITY, "broker", NULL, window, to);
}

static void test_recover_time(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope broker = lz_probe_scope(fixture->probes, LZ_SCOPE_SERVICE, "broker", NULL);
    static const struct { LzTime at_ns; int64_t level; } changes[] = {
        {0, 100}, {MS(250), 20}, {MS(450), 60}, {MS(500), 95}, {MS(550), 80}, {MS(700), 99}, {MS(800), 97},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
        set_level(fixture, changes[i].at_ns, broker, LZ_METRIC_SERVICE_AVAILABILITY, changes[i].level);
    }
    finish(fixture);
    g_assert_cmpint(recover(fixture, AFTER, 20), ==, 0);
    g_assert_cmpint(recover(fixture, AFTER, 50), ==, MS(50));
    g_assert_cmpint(recover(fixture, AFTER, 80), ==, MS(100));
    g_assert_cmpint(recover(fixture, AFTER, 90), ==, MS(300));      /* the dip at 550 ms counts */
    g_assert_cmpint(recover(fixture, AFTER, 97), ==, MS(300));
    g_assert_cmpint(recover(fixture, AFTER, 98), ==, LZ_TIME_NEVER);
    g_assert_cmpint(recover(fixture, FLOOD, 20), ==, 0);
    g_assert_cmpint(recover(fixture, FLOOD, 21), ==, LZ_TIME_NEVER);
    g_assert_cmpint(recover(fixture, EMPTY, 0), ==, LZ_TIME_NEVER);
    g_assert_cmpint(lz_recorder_recover_time(fixture->probes, LZ_METRIC_SERVICE_AVAILABILITY, "nobody", NULL, AFTER, 0),
                    ==, LZ_TIME_NEVER);
}

/* ---- series and traces ---- */

static void test_series(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope link = lz_probe_scope(fixture->probes, LZ_SCOPE_LINK, "backbone", NULL);
    set_level(fixture, 0, link, LZ_METRIC_LINK_QUEUE, 100);
    lz_probe_count(fixture->probes, link, LZ_METRIC_LINK_DELIVERED, 2);
    go_to(fixture, MS(100));                            /* an interval's end belongs to it */
    lz_probe_count(fixture->probes, link, LZ_METRIC_LINK_DELIVERED, 5);
    lz_probe_sample(fixture->probes, link, LZ_METRIC_LINK_WAIT, 40);
    set_level(fixture, MS(150), link, LZ_METRIC_LINK_QUEUE, 300);
    go_to(fixture, MS(730));                            /* a long silence: its intervals are closed in order */
    lz_probe_count(fixture->probes, link, LZ_METRIC_LINK_DELIVERED, 1);
    lz_probe_sample(fixture->probes, link, LZ_METRIC_LINK_WAIT, 60);
    go_to(fixture, MS(950));
    lz_recorder_finish(fixture->probes, MS(950));       /* the last interval is half as long */
    assert_rows(fixture, LZ_METRIC_LINK_DELIVERED, "count", (int64_t[]){7, 0, 0, 0, 0, 0, 0, 1, 0, 0}, 10);
    assert_rows(fixture, LZ_METRIC_LINK_WAIT, "count", (int64_t[]){1, 1}, 2);
    assert_rows(fixture, LZ_METRIC_LINK_WAIT, "p99", (int64_t[]){40, 60}, 2);
    assert_rows(fixture, LZ_METRIC_LINK_QUEUE, "mean",
                (int64_t[]){100, 200, 300, 300, 300, 300, 300, 300, 300, 300}, 10);
}

typedef struct Heard {
    unsigned traces, rows;
    LzTraceKind last_kind;
} Heard;

static void hear_trace(void *self, const LzTraceRow *row)
{
    Heard *heard = self;
    heard->traces++;
    heard->last_kind = row->kind;
}

static void hear_row(void *self, const LzSeriesRow *row)
{
    Heard *heard = self;
    g_assert_cmpint(row->t_ns % MS(100), ==, 0);
    heard->rows++;
}

static void test_traces(Fixture *fixture, gconstpointer data)
{
    (void)data;
    Heard heard = {0};
    lz_recorder_set_listener(fixture->probes, hear_trace, hear_row, &heard);
    char device[] = "pump[1]";
    go_to(fixture, MS(20));
    lz_probe_trace(fixture->probes, LZ_TRACE_FAULT, NULL, NULL, NULL, 0, 1, "outage");     /* not kept, but heard */
    lz_probe_trace(fixture->probes, LZ_TRACE_SESSION, device, "broker", NULL, 0, 0, "opened");
    strcpy(device, "xxxx");                             /* strings are copied */
    lose(fixture, MS(30), create(fixture, MS(25), MS(100)), LZ_LOSS_SERVICE_FULL);
    finish(fixture);
    size_t count;
    const LzTraceRow *rows = lz_recorder_traces(fixture->probes, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpint(rows[0].kind, ==, LZ_TRACE_SESSION);
    g_assert_cmpstr(rows[0].device, ==, "pump[1]");
    g_assert_cmpstr(rows[0].detail, ==, "opened");
    g_assert_cmpint(rows[0].t_ns, ==, MS(20));
    g_assert_null(rows[0].flow);
    g_assert_cmpint(rows[1].kind, ==, LZ_TRACE_MESSAGE_LOST);
    g_assert_cmpstr(rows[1].flow, ==, "alarm");
    g_assert_cmpstr(rows[1].device, ==, "pump[1]");
    g_assert_cmpint(rows[1].bytes, ==, 96);
    g_assert_cmpint(rows[1].code, ==, LZ_LOSS_SERVICE_FULL);
    g_assert_cmpuint(rows[1].sequence, >, rows[0].sequence);
    g_assert_cmpuint(heard.traces, ==, 3);
    g_assert_cmpuint(heard.rows, >, 0);
}

/* ---- the digest ---- */

static uint64_t digest_of(void (*act)(Fixture *fixture), bool is_heard)
{
    Fixture fixture;
    Heard heard = {0};
    set_up(&fixture, NULL);
    if (is_heard) {
        lz_recorder_set_listener(fixture.probes, hear_trace, hear_row, &heard);
    }
    act(&fixture);
    finish(&fixture);
    uint64_t value = fixture.digest.layers[LZ_DIGEST_APPLICATION];
    tear_down(&fixture, NULL);
    return value;
}

static void act_nothing(Fixture *fixture)
{
    (void)fixture;
}

static void act_deliver(Fixture *fixture)
{
    deliver(fixture, MS(20), create(fixture, MS(10), MS(100)));
}

static void act_deliver_later(Fixture *fixture)
{
    deliver(fixture, MS(20) + 1, create(fixture, MS(10), MS(100)));
}

static void act_lose(Fixture *fixture)
{
    lose(fixture, MS(20), create(fixture, MS(10), MS(100)), LZ_LOSS_CONNECTION);
}

static void act_lose_otherwise(Fixture *fixture)
{
    lose(fixture, MS(20), create(fixture, MS(10), MS(100)), LZ_LOSS_POWER);
}

static void act_open(Fixture *fixture)
{
    lz_probe_trace(fixture->probes, LZ_TRACE_SESSION, "pump[1]", "broker", NULL, 0, 0, "opened");
}

static void act_close(Fixture *fixture)
{
    lz_probe_trace(fixture->probes, LZ_TRACE_SESSION, "pump[1]", "broker", NULL, 0, 0, "closed");
}

static void test_digest(void)
{
    static void (*const acts[])(Fixture *) = {act_nothing, act_deliver, act_deliver_later, act_lose,
                                             act_lose_otherwise, act_open, act_close};
    uint64_t digests[G_N_ELEMENTS(acts)];
    for (unsigned i = 0; i < G_N_ELEMENTS(acts); i++) {
        digests[i] = digest_of(acts[i], false);
        g_assert_cmphex(digest_of(acts[i], false), ==, digests[i]);
        g_assert_cmphex(digest_of(acts[i], true), ==, digests[i]);
        for (unsigned j = 0; j < i; j++) {
            g_assert_cmphex(digests[i], !=, digests[j]);
        }
    }
}

/* ---- random histories ---- */

#define HISTORY_DEVICES 5
#define HISTORY_MESSAGES 3000

typedef struct Story {                  /* one message as the slow account knows it */
    LzMessageId id;
    LzTime created_ns, deadline_ns, closed_ns;
    bool is_closed, is_delivered;
} Story;

/* At every moment: created = delivered + lost + in flight, and all equal the slow account. */
static void assert_account(Fixture *fixture, const Story *stories, unsigned count)
{
    LzFlowAccount account = lz_recorder_flow_account(fixture->probes, fixture->alarm);
    uint64_t lost = 0, stories_delivered = 0, stories_lost = 0;
    for (unsigned cause = 0; cause < LZ_LOSS_CAUSE_COUNT; cause++) {
        lost += account.lost[cause];
    }
    for (unsigned i = 0; i < count; i++) {
        stories_delivered += stories[i].is_delivered;
        stories_lost += stories[i].is_closed && !stories[i].is_delivered;
    }
    g_assert_cmpuint(account.created, ==, count);
    g_assert_cmpuint(account.delivered, ==, stories_delivered);
    g_assert_cmpuint(lost, ==, stories_lost);
    g_assert_cmpuint(account.created, ==, account.delivered + lost + account.in_flight);
}

static void close_story(Fixture *fixture, Story *story)
{
    bool is_delivered = g_test_rand_int_range(0, 4) > 0;
    LzTime now_ns = lz_now(fixture->scheduler);
    if (is_delivered) {
        deliver(fixture, now_ns, story->id);
    } else {
        lose(fixture, now_ns, story->id, (LzLossCause)g_test_rand_int_range(0, LZ_LOSS_CAUSE_COUNT));
    }
    if (!story->is_closed) {
        story->is_closed = true;
        story->is_delivered = is_delivered;
        story->closed_ns = now_ns;
    } else if (is_delivered && !story->is_delivered) {  /* arrived although it was given up */
        story->is_delivered = true;
        story->closed_ns = now_ns;
    }
}

static bool is_in(const Story *story, unsigned window)
{
    return story->created_ns >= windows[window].from_ns && story->created_ns < windows[window].to_ns;
}

static void assert_window(Fixture *fixture, const Story *stories, unsigned count, unsigned window)
{
    int64_t created = 0, delivered = 0, lost = 0, due = 0, missed = 0, latency_max = 0;
    for (unsigned i = 0; i < count; i++) {
        const Story *story = &stories[i];
        if (!is_in(story, window)) {
            continue;
        }
        LzTime age_ns = (story->is_delivered ? story->closed_ns : MS(1000)) - story->created_ns;
        bool is_lost = story->is_closed && !story->is_delivered;
        bool is_late = is_lost || age_ns > story->deadline_ns;
        created++;
        delivered += story->is_delivered;
        lost += is_lost;
        due += story->is_closed || is_late;
        missed += is_late;
        latency_max = story->is_delivered ? MAX(latency_max, age_ns) : latency_max;
    }
    assert_part(fixture, LZ_METRIC_FLOW_CREATED, window, created, 0);
    assert_part(fixture, LZ_METRIC_FLOW_DELIVERED, window, delivered, created);
    assert_part(fixture, LZ_METRIC_FLOW_LOST, window, lost, created);
    assert_part(fixture, LZ_METRIC_FLOW_DEADLINE_MISS, window, missed, due);
    LzObservation latency = observe(fixture, LZ_METRIC_FLOW_LATENCY, window);
    g_assert_cmpuint(latency.samples, ==, (uint64_t)delivered);
    g_assert_cmpint(latency.max, ==, latency_max);
    lz_observation_clear(&latency);
}

static void test_random_histories(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree Story *stories = g_new0(Story, HISTORY_MESSAGES);
    LzProbeDevice *devices[HISTORY_DEVICES];
    for (unsigned i = 0; i < HISTORY_DEVICES; i++) {
        g_autofree char *name = g_strdup_printf("monitor[%u]", i);
        devices[i] = lz_probe_device(fixture->probes, name, false, NULL);
    }
    for (unsigned i = 0; i < HISTORY_MESSAGES; i++) {
        go_to(fixture, lz_now(fixture->scheduler) + g_test_rand_int_range(0, MS(1000) / HISTORY_MESSAGES));
        stories[i].created_ns = lz_now(fixture->scheduler);
        stories[i].deadline_ns = g_test_rand_int_range(0, MS(100));
        LzProbeDevice *device = devices[g_test_rand_int_range(0, HISTORY_DEVICES)];
        stories[i].id = lz_probe_created(fixture->probes, fixture->alarm, device, 10, stories[i].deadline_ns);
        /* Recent ones, so that a closed life is still remembered when it is closed again. */
        close_story(fixture, &stories[g_test_rand_int_range((gint32)(i > 30 ? i - 30 : 0), (gint32)i + 1)]);
        if (i % 100 == 0) {
            assert_account(fixture, stories, i + 1);
        }
    }
    finish(fixture);
    assert_account(fixture, stories, HISTORY_MESSAGES);
    for (unsigned window = 0; window < G_N_ELEMENTS(windows); window++) {
        assert_window(fixture, stories, HISTORY_MESSAGES, window);
    }
}

/* A random level against a plain array with one value per millisecond. */
static void test_random_level(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzScope broker = lz_probe_scope(fixture->probes, LZ_SCOPE_SERVICE, "broker", NULL);
    int64_t values[1000], level = 0;
    for (unsigned ms = 0; ms < 1000; ms++) {
        if (ms == 0 || g_test_rand_int_range(0, 5) == 0) {
            level = g_test_rand_int_range(0, 50);
            set_level(fixture, MS(ms), broker, LZ_METRIC_SERVICE_AVAILABILITY, level);
        }
        values[ms] = level;
    }
    finish(fixture);
    for (unsigned window = ALWAYS; window <= AFTER; window++) {
        unsigned from = (unsigned)(windows[window].from_ns / MS(1));
        unsigned to = (unsigned)(MIN(windows[window].to_ns, MS(1000)) / MS(1));
        int64_t sum = 0;
        for (unsigned ms = from; ms < to; ms++) {
            sum += values[ms];
        }
        LzObservation seen = observe(fixture, LZ_METRIC_SERVICE_AVAILABILITY, window);
        g_assert_cmpint(seen.mean, ==, (sum + (to - from) / 2) / (to - from));
        g_assert_cmpint(seen.last, ==, values[to - 1]);
        for (int64_t threshold = 0; threshold <= 50; threshold++) {
            unsigned after = to;
            while (after > from && values[after - 1] >= threshold) {
                after--;
            }
            g_assert_cmpint(recover(fixture, window, threshold), ==, after == to ? LZ_TIME_NEVER : MS(after - from));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/recorder/" path, Fixture, NULL, set_up, test, tear_down)
    g_test_add_func("/recorder/mark", test_mark);
    g_test_add_func("/recorder/without-probes", test_without_probes);
    g_test_add_func("/recorder/digest", test_digest);
    ADD("message/in-time", test_delivered_in_time);
    ADD("message/late-and-lost", test_late_and_lost);
    ADD("message/duplicates", test_duplicates);
    ADD("message/delivered-after-loss", test_delivered_after_loss);
    ADD("message/windows-of-creation", test_windows_of_creation);
    ADD("message/foreign-marks", test_foreign_marks);
    ADD("message/random-histories", test_random_histories);
    ADD("scopes", test_scopes);
    ADD("after-finish", test_after_finish);
    ADD("level/windows", test_levels);
    ADD("level/past", test_level_past);
    ADD("level/carried-in", test_level_carried_in);
    ADD("level/aggregates", test_level_aggregates);
    ADD("level/recover-time", test_recover_time);
    ADD("level/random", test_random_level);
    ADD("series", test_series);
    ADD("traces", test_traces);
#undef ADD
    return g_test_run();
}
