/* The "nr" cell with more than one packet: capacity, segmentation, HARQ, RLC, reordering, power, inactivity. */
#include <glib.h>
#include <string.h>

#include "lazaret/nr_timing.h"
#include "sim/registry.h"
#include "sim/scenario/load.h"
#include "tests/lib/test_cell.h"
#include "tests/lib/test_config.h"

#define SLOT_NS 500000

static const LzModel *nr(void)
{
    return lz_registry_find(LZ_MODEL_RADIO, "nr");
}

/* FDD, 30 kHz, no errors, no headers, no processing above layer 1 and no core delay. */
static void *plain_config(void)
{
    void *config = lz_test_config_new(nr());
    lz_test_config_set(nr(), config, "duplex", 0);
    lz_test_config_set(nr(), config, "stagger", 0);
    lz_test_config_set(nr(), config, "bler_ppb", 0);
    lz_test_config_set(nr(), config, "header_bytes", 0);
    lz_test_config_set(nr(), config, "n3_delay_ns", 0);
    lz_test_config_set(nr(), config, "ue_processing_ns", 0);
    lz_test_config_set(nr(), config, "gnb_processing_ns", 0);
    lz_test_config_set(nr(), config, "ul_rate_bps", 8e6);       /* 500 bytes per slot */
    lz_test_config_set(nr(), config, "dl_rate_bps", 8e6);
    return config;
}

static LzTime n1_ns(void)
{
    return lz_nr_t_proc1_ns(1, LZ_NR_CAPABILITY_1);
}

static const LzLinkStats *stats_of(const LzTestCell *cell, LzDirection direction)
{
    return lz_link_stats(cell->link, direction);
}

static void assert_settled(const LzTestCell *cell, LzDirection direction)
{
    const LzLinkStats *stats = stats_of(cell, direction);
    uint64_t dropped = 0;
    for (unsigned reason = 0; reason < LZ_DROP_COUNT; reason++) {
        dropped += stats->dropped_packets[reason];
    }
    g_assert_cmpuint(stats->in_flight_packets, ==, 0);
    g_assert_cmpuint(stats->queued_packets, ==, 0);
    g_assert_cmpuint(stats->offered_packets, ==, stats->delivered_packets + dropped);
}

static void assert_in_order(const LzTestCell *cell, unsigned stations)
{
    g_autofree uint64_t *last = g_new0(uint64_t, 2 * stations);
    for (unsigned i = 0; i < cell->arrival_count; i++) {
        const LzTestArrival *arrival = &cell->arrivals[i];
        uint64_t *previous = &last[2 * arrival->station + (unsigned)arrival->direction];
        g_assert_cmpuint(arrival->id, >, *previous);
        *previous = arrival->id;
    }
}

/* 1200 bytes at 500 bytes per slot: three slots; what follows shares the third. */
static void test_large_packet_takes_slots(void)
{
    LzTestCell *cell = lz_test_cell_new(nr(), plain_config(), 1, 1);
    const uint64_t large = lz_test_cell_send(cell, 1, 0, LZ_DOWN, 1200);
    const uint64_t fits = lz_test_cell_send(cell, 1, 0, LZ_DOWN, 300);
    const uint64_t next = lz_test_cell_send(cell, 1, 0, LZ_DOWN, 100);
    lz_test_cell_run(cell, LZ_SECONDS(1));
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, large), ==, 4 * SLOT_NS + n1_ns());
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, fits), ==, 4 * SLOT_NS + n1_ns());
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, next), ==, 5 * SLOT_NS + n1_ns());
    assert_settled(cell, LZ_DOWN);
    lz_test_cell_free(cell);
}

/* Three stations with a backlog get a third each, and the cell carries exactly its rate. */
static void test_round_robin_shares(void)
{
    LzTestCell *cell = lz_test_cell_new(nr(), plain_config(), 3, 1);
    for (unsigned i = 0; i < 30; i++) {
        for (unsigned station = 0; station < 3; station++) {
            lz_test_cell_send(cell, 1, station, LZ_DOWN, 500);
        }
    }
    lz_test_cell_run(cell, 31 * SLOT_NS + n1_ns());     /* 30 slots, the first at SLOT_NS */
    unsigned delivered[3] = {0};
    for (unsigned i = 0; i < cell->arrival_count; i++) {
        delivered[cell->arrivals[i].station]++;
    }
    g_assert_cmpuint(cell->arrival_count, ==, 30);
    g_assert_cmpuint(delivered[0], ==, 10);
    g_assert_cmpuint(delivered[1], ==, 10);
    g_assert_cmpuint(delivered[2], ==, 10);
    lz_test_cell_run(cell, LZ_SECONDS(1));
    assert_settled(cell, LZ_DOWN);
    g_assert_cmpint(stats_of(cell, LZ_DOWN)->busy_ns, ==, 90 * SLOT_NS);
    lz_test_cell_free(cell);
}

/* The cell's mean rate holds in TDD too, where only one slot in five goes up. */
static void test_tdd_rate(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "duplex", 1);
    lz_test_config_set(nr(), config, "uplink", 1);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 1, 1);
    for (unsigned i = 0; i < 100; i++) {
        lz_test_cell_send(cell, 1, 0, LZ_UP, 1000);
    }
    lz_test_cell_run(cell, LZ_SECONDS(1));
    g_assert_cmpint(cell->arrivals[99].time_ns, ==, LZ_MILLISECONDS(100));      /* 100 kB at 8 Mbit/s */
    lz_test_cell_free(cell);
}

/* A first grant of 200 bytes carries the buffer status report; the rest comes one grant cycle later. */
static void test_first_grant(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "sr_period_ns", SLOT_NS);
    lz_test_config_set(nr(), config, "first_grant_bytes", 200);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 1, 1);
    const uint64_t small = lz_test_cell_send(cell, 0, 0, LZ_UP, 200);
    const uint64_t rest = lz_test_cell_send(cell, 0, 0, LZ_UP, 500);
    const uint64_t more = lz_test_cell_send(cell, 0, 0, LZ_UP, 500);
    lz_test_cell_run(cell, LZ_SECONDS(1));
    /* Request in slot 0, grant in 1, N2 takes 0.43 ms, PUSCH in 3; its report: grant in 4, PUSCH in 6. */
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, small), ==, 4 * SLOT_NS);
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, rest), ==, 7 * SLOT_NS);
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, more), ==, 8 * SLOT_NS);
    lz_test_cell_free(cell);
}

/* Mean delay that HARQ adds: E[retransmissions] (0.10201) times the round trip. */
static void test_harq_delay(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "uplink", 1);
    lz_test_config_set(nr(), config, "bler_ppb", 1e8);
    lz_test_config_set(nr(), config, "harq_slots", 4);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 1, 7);
    double extra_slots = 0;
    const unsigned packets = 4000;
    for (unsigned i = 0; i < packets; i++) {
        const LzTime sent_ns = (LzTime)i * 100 * SLOT_NS;
        const uint64_t id = lz_test_cell_send(cell, sent_ns, 0, LZ_UP, 100);
        lz_test_cell_run(cell, sent_ns + 99 * SLOT_NS);
        const LzTime extra_ns = lz_test_cell_arrival_ns(cell, id) - sent_ns - SLOT_NS;
        g_assert_cmpint(extra_ns % (4 * SLOT_NS), ==, 0);
        extra_slots += (double)extra_ns / SLOT_NS;
    }
    g_assert_cmpfloat_with_epsilon(extra_slots / packets, 4 * 0.10201, 4 * 0.016);      /* 3 sigma */
    lz_test_cell_free(cell);
}

static LzTestCell *noisy_cell(void *config, unsigned stations)
{
    LzTestCell *cell = lz_test_cell_new(nr(), config, stations, 3);
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned station = 0; station < stations; station++) {
            lz_test_cell_send(cell, (LzTime)i * 700000, station, i % 2 ? LZ_UP : LZ_DOWN, 60 + i % 200);
        }
    }
    lz_test_cell_run(cell, LZ_SECONDS(60));
    assert_settled(cell, LZ_UP);
    assert_settled(cell, LZ_DOWN);
    assert_in_order(cell, stations);
    return cell;
}

static void test_order_survives_harq(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "bler_ppb", 3e8);
    lz_test_config_set(nr(), config, "ul_rate_bps", 20e6);
    lz_test_config_set(nr(), config, "dl_rate_bps", 20e6);
    LzTestCell *cell = noisy_cell(config, 3);
    /* Residual failure .3 x .06 x .012 x .0024: 5e-7. */
    g_assert_cmpuint(cell->arrival_count, ==, 1500);
    lz_test_cell_free(cell);
}

static void test_um_loses(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "bler_ppb", 2e8);
    lz_test_config_set(nr(), config, "transmissions", 1);
    LzTestCell *cell = noisy_cell(config, 2);
    const uint64_t lost = stats_of(cell, LZ_UP)->dropped_packets[LZ_DROP_RADIO_LOSS]
        + stats_of(cell, LZ_DOWN)->dropped_packets[LZ_DROP_RADIO_LOSS];
    g_assert_cmpuint(lost, >, 100);
    g_assert_cmpuint(lost + cell->arrival_count, ==, 1000);
    lz_test_cell_free(cell);
}

static void test_am_repairs(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "bler_ppb", 2e8);
    lz_test_config_set(nr(), config, "transmissions", 1);
    lz_test_config_set(nr(), config, "rlc", 1);
    lz_test_config_set(nr(), config, "reassembly_ns", 5e6);
    lz_test_config_set(nr(), config, "rlc_attempts", 32);
    LzTestCell *cell = noisy_cell(config, 2);
    g_assert_cmpuint(cell->arrival_count, ==, 1000);
    lz_test_cell_free(cell);
}

/* A lost block delays what follows by t-Reordering and no more. The timer starts with the first packet that
 * arrives behind the gap: the second of a pair, or its first, when the pair before it was lost. */
static void test_reordering_ends(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "uplink", 1);
    lz_test_config_set(nr(), config, "bler_ppb", 5e8);
    lz_test_config_set(nr(), config, "transmissions", 1);
    lz_test_config_set(nr(), config, "reordering_ns", 30e6);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 1, 5);
    unsigned delayed = 0;
    for (unsigned i = 0; i < 200; i++) {
        const LzTime sent_ns = LZ_MILLISECONDS(100) * i;
        lz_test_cell_send(cell, sent_ns, 0, LZ_UP, 100);
        const uint64_t second = lz_test_cell_send(cell, sent_ns + SLOT_NS, 0, LZ_UP, 100);
        lz_test_cell_run(cell, sent_ns + LZ_MILLISECONDS(99));
        const LzTime arrival_ns = lz_test_cell_arrival_ns(cell, second);
        if (arrival_ns != LZ_TIME_NEVER && arrival_ns != sent_ns + 2 * SLOT_NS) {
            const LzTime gap_ns = arrival_ns - sent_ns - LZ_MILLISECONDS(30);
            g_assert_true(gap_ns == 2 * SLOT_NS || gap_ns == SLOT_NS);
            delayed += gap_ns == 2 * SLOT_NS ? 1 : 0;
        }
    }
    g_assert_cmpuint(delayed, >, 20);
    lz_test_cell_free(cell);
}

static void test_power_loss_returns_everything(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "bler_ppb", 3e8);
    lz_test_config_set(nr(), config, "n3_delay_ns", 2e6);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 4, 9);
    for (unsigned i = 0; i < 200; i++) {
        lz_test_cell_send(cell, 1000 * (LzTime)i, i % 4, i % 3 ? LZ_UP : LZ_DOWN, 400);
    }
    lz_test_cell_run(cell, LZ_MILLISECONDS(17));
    g_assert_cmpuint(stats_of(cell, LZ_UP)->in_flight_packets, >, 0);
    lz_link_set_up(cell->link, false);
    assert_settled(cell, LZ_UP);
    assert_settled(cell, LZ_DOWN);
    g_assert_cmpuint(stats_of(cell, LZ_UP)->dropped_packets[LZ_DROP_LINK_DOWN], >, 0);
    g_assert_cmpuint(lz_scheduler_pending(cell->scheduler), ==, 0);
    lz_link_set_up(cell->link, true);
    const uint64_t id = lz_test_cell_send(cell, LZ_MILLISECONDS(50), 0, LZ_UP, 100);
    lz_test_cell_run(cell, LZ_SECONDS(1));
    g_assert_cmpint(lz_test_cell_arrival_ns(cell, id), <, LZ_TIME_NEVER);
    lz_test_cell_free(cell);
}

static void test_idle_cell_has_no_events(void)
{
    LzTestCell *cell = lz_test_cell_new(nr(), plain_config(), 50, 1);
    g_assert_cmpuint(lz_scheduler_pending(cell->scheduler), ==, 0);
    lz_test_cell_send(cell, 0, 7, LZ_UP, 100);
    lz_test_cell_run(cell, LZ_SECONDS(1));
    const uint64_t fired = lz_scheduler_fired(cell->scheduler);
    g_assert_cmpuint(fired, <=, 3);
    lz_test_cell_run(cell, LZ_SECONDS(100));
    g_assert_cmpuint(lz_scheduler_fired(cell->scheduler), ==, fired);
    lz_test_cell_free(cell);
}

/* After silence the next packet, and only it, pays the resume latency (10.5 ms, FDD at 30 kHz). */
static void test_inactivity(void)
{
    void *config = plain_config();
    lz_test_config_set(nr(), config, "inactivity_ns", 10e9);
    LzTestCell *cell = lz_test_cell_new(nr(), config, 1, 1);
    static const struct { int64_t sent_s, resume_us; } cases[] = {{1, 10500}, {2, 0}, {12, 0}, {23, 10500}, {30, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const LzTime sent_ns = LZ_SECONDS(cases[i].sent_s);
        const uint64_t id = lz_test_cell_send(cell, sent_ns, 0, LZ_DOWN, 100);
        lz_test_cell_run(cell, sent_ns + LZ_MILLISECONDS(500));
        g_assert_cmpint(lz_test_cell_arrival_ns(cell, id) - sent_ns, ==,
                        LZ_MICROSECONDS(cases[i].resume_us) + SLOT_NS + n1_ns());
    }
    lz_test_cell_free(cell);
}

/* Another station changes nobody's draws: offsets and HARQ stay, while the cell has room. */
static void test_stations_are_independent(void)
{
    LzTime arrivals[2][100];
    for (unsigned run = 0; run < 2; run++) {
        void *config = plain_config();
        lz_test_config_set(nr(), config, "stagger", 1);
        lz_test_config_set(nr(), config, "bler_ppb", 3e8);
        lz_test_config_set(nr(), config, "ul_rate_bps", 1e9);
        LzTestCell *cell = lz_test_cell_new(nr(), config, 1 + run * 20, 11);
        for (unsigned i = 0; i < 100; i++) {
            const LzTime sent_ns = LZ_MILLISECONDS(30) * i;
            const uint64_t id = lz_test_cell_send(cell, sent_ns, 0, LZ_UP, 100);
            for (unsigned station = 1; station < 1 + run * 20; station++) {
                lz_test_cell_send(cell, sent_ns, station, LZ_UP, 200);
            }
            lz_test_cell_run(cell, sent_ns + LZ_MILLISECONDS(29));
            arrivals[run][i] = lz_test_cell_arrival_ns(cell, id);
        }
        lz_test_cell_free(cell);
    }
    g_assert_cmpmem(arrivals[0], sizeof arrivals[0], arrivals[1], sizeof arrivals[1]);
}

static void test_check(void)
{
    void *config = lz_test_config_new(nr());
    g_assert_null(nr()->check(config));
    lz_test_config_set_text(nr(), config, "pattern", "DDXSU");
    g_autofree char *pattern = nr()->check(config);
    g_assert_nonnull(pattern);
    lz_test_config_set(nr(), config, "duplex", 0);
    g_assert_null(nr()->check(config));
    lz_test_config_set(nr(), config, "numerology", 3);
    lz_test_config_set(nr(), config, "capability", 1);
    g_autofree char *capability = nr()->check(config);
    g_assert_nonnull(capability);
    g_free(config);
}

/* What the model refuses is an error of the scenario, at the model's place. */
static void test_check_in_scenario(void)
{
    static const char text[] =
        "lazaret: 1\n"
        "name: cell\n"
        "network:\n"
        "  zones: [ward]\n"
        "  links:\n"
        "    good: {model: nr, zone: ward, pattern: DDSU}\n"
        "    bad: {model: nr, zone: ward, pattern: DDXU}\n";
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load_text("cell.yaml", text, sizeof text - 1, NULL, diagnostics);
    g_assert_null(plan);
    unsigned found = 0;
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *diagnostic = g_ptr_array_index(diagnostics->items, i);
        if (g_str_equal(diagnostic->code, "E030")) {
            g_assert_cmpuint(diagnostic->mark.line, ==, 7);
            g_assert_cmpuint(diagnostic->mark.column, ==, 18);
            g_assert_nonnull(strstr(diagnostic->message, "D, S and U"));
            found++;
        }
    }
    g_assert_cmpuint(found, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nr-cell/large-packet-takes-slots", test_large_packet_takes_slots);
    g_test_add_func("/nr-cell/round-robin-shares", test_round_robin_shares);
    g_test_add_func("/nr-cell/tdd-rate", test_tdd_rate);
    g_test_add_func("/nr-cell/first-grant", test_first_grant);
    g_test_add_func("/nr-cell/harq-delay", test_harq_delay);
    g_test_add_func("/nr-cell/order-survives-harq", test_order_survives_harq);
    g_test_add_func("/nr-cell/um-loses", test_um_loses);
    g_test_add_func("/nr-cell/am-repairs", test_am_repairs);
    g_test_add_func("/nr-cell/reordering-ends", test_reordering_ends);
    g_test_add_func("/nr-cell/power-loss-returns-everything", test_power_loss_returns_everything);
    g_test_add_func("/nr-cell/idle-cell-has-no-events", test_idle_cell_has_no_events);
    g_test_add_func("/nr-cell/inactivity", test_inactivity);
    g_test_add_func("/nr-cell/stations-are-independent", test_stations_are_independent);
    g_test_add_func("/nr-cell/check", test_check);
    g_test_add_func("/nr-cell/check-in-scenario", test_check_in_scenario);
    return g_test_run();
}
