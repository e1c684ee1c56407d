/* Validation of the "nr" radio: alignment waits (cases 28, 29), one-way latency against the closed form and
 * TR 37.910 (30), resume latency (31), uplink by grant and by configured grant (32, 33), HARQ (34, 35). */
#include <glib.h>

#include "lazaret/nr_timing.h"
#include "sim/registry.h"
#include "tests/lib/test_cell.h"
#include "tests/lib/test_config.h"

/* Mean of f over uniform arrivals: midpoints of equal parts of the period. */
typedef LzTime (*LatencyAt)(const void *self, LzTime time_ns);

typedef struct Latency { double mean_ms, min_ms, max_ms; } Latency;

static Latency enumerate(LatencyAt latency_at, const void *self, LzTime period_ns, unsigned points)
{
    Latency result = {0.0, G_MAXDOUBLE, 0.0};
    for (unsigned i = 0; i < points; i++) {
        const LzTime time_ns = period_ns * (LzTime)(2 * i + 1) / (LzTime)(2 * points);
        const double ms = (double)latency_at(self, time_ns) / 1e6;
        result.mean_ms += ms / points;
        result.min_ms = MIN(result.min_ms, ms);
        result.max_ms = MAX(result.max_ms, ms);
    }
    return result;
}

static void assert_within(double actual, double expected, double tolerance)
{
    g_assert_cmpfloat_with_epsilon(actual, expected, expected * tolerance);
}

/* ---- cases 28 and 29: alignment waits ------------------------------------------------------------- */

typedef struct AlignWait { LzNrTiming timing; LzDirection direction; } AlignWait;

static LzTime align_wait(const void *self, LzTime time_ns)
{
    const AlignWait *wait = self;
    return lz_nr_align_ns(&wait->timing, wait->direction, time_ns) - time_ns;
}

static void test_align_waits(void)
{
    static const struct {
        const char *pattern;
        double down_ms, down_max_ms, up_ms, up_max_ms;
    } cases[] = {
        {"DDDSU", 0.350, 1.0, 1.250, 2.5},          /* case 28 */
        {"DDDDDDDSUU", 0.400, 1.5, 2.050, 4.5},     /* case 29 */
        {"DDSU", 0.375, 1.0, 1.000, 2.0},
        {"DDDSUDDSUU", 0.450, 1.5, 1.050, 2.5},
        {"DSUU", 0.625, 1.5, 0.625, 1.5},
        {"DU", 0.500, 1.0, 0.500, 1.0},
        {NULL, 0.250, 0.5, 0.250, 0.5},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        AlignWait wait = {.direction = LZ_DOWN};
        lz_nr_timing_init(&wait.timing, 1, cases[i].pattern, LZ_NR_CAPABILITY_1);
        const LzTime period_ns = wait.timing.slot_ns * (LzTime)wait.timing.pattern_slots;
        const Latency down = enumerate(align_wait, &wait, period_ns, 2000);
        wait.direction = LZ_UP;
        const Latency up = enumerate(align_wait, &wait, period_ns, 2000);
        assert_within(down.mean_ms, cases[i].down_ms, 0.005);
        assert_within(up.mean_ms, cases[i].up_ms, 0.005);
        assert_within(down.max_ms, cases[i].down_max_ms, 0.005);
        assert_within(up.max_ms, cases[i].up_max_ms, 0.005);
    }
}

static void test_align_is_exact(void)
{
    LzNrTiming timing;
    lz_nr_timing_init(&timing, 3, "DDDSU", LZ_NR_CAPABILITY_1);
    g_assert_cmpint(timing.slot_ns, ==, 125000);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_DOWN, 0), ==, 0);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_DOWN, 1), ==, 125000);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_DOWN, 3 * 125000 + 1), ==, 5 * 125000);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_UP, 0), ==, 4 * 125000);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_UP, 4 * 125000), ==, 4 * 125000);
    g_assert_cmpint(lz_nr_align_ns(&timing, LZ_UP, 4 * 125000 + 1), ==, 9 * 125000);
}

/* Opportunities against a plain search through the multiples of the period. */
static LzTime opportunity_by_search(const LzNrTiming *timing, LzTime period_ns, LzTime offset_ns, LzTime time_ns)
{
    for (LzTime at_ns = offset_ns;; at_ns += period_ns) {
        const LzTime slot_ns = lz_nr_align_ns(timing, LZ_UP, at_ns);
        if (slot_ns >= time_ns) {
            return slot_ns;
        }
    }
}

static void test_opportunities(void)
{
    LzNrTiming timing;
    lz_nr_timing_init(&timing, 1, "DDDSUDDSUU", LZ_NR_CAPABILITY_1);
    for (unsigned i = 0; i < 3000; i++) {
        const LzTime time_ns = (LzTime)i * 37123;
        const LzTime period_ns = (LzTime)(1 + i % 21) * 500000, offset_ns = (LzTime)(i % (1 + i % 21)) * 500000;
        g_assert_cmpint(lz_nr_opportunity_ns(&timing, period_ns, offset_ns, time_ns), ==,
                        opportunity_by_search(&timing, period_ns, offset_ns, time_ns));
    }
}

static void test_patterns(void)
{
    g_assert_null(lz_nr_pattern_problem("DDDSU"));
    g_assert_null(lz_nr_pattern_problem("SU"));
    g_assert_nonnull(lz_nr_pattern_problem(""));
    g_assert_nonnull(lz_nr_pattern_problem("DDDS"));
    g_assert_nonnull(lz_nr_pattern_problem("UU"));
    g_assert_nonnull(lz_nr_pattern_problem("DDXU"));
    g_assert_nonnull(lz_nr_pattern_problem("DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDU"));
}

/* ---- processing times and resume ------------------------------------------------------------------ */

static void test_processing_times(void)
{
    static const double t_proc1_ms[2][4] = {{.5708, .3568, .3033, .1784}, {.2141, .1605, .1605, 0}};
    static const double t_proc2_ms[2][4] = {{.7135, .4281, .4103, .3211}, {.3568, .1962, .1962, 0}};
    for (unsigned numerology = 0; numerology <= LZ_NR_NUMEROLOGY_MAX; numerology++) {
        for (unsigned capability = 0; capability < LZ_NR_CAPABILITY_COUNT; capability++) {
            if (!lz_nr_capability_exists(numerology, (LzNrCapability)capability)) {
                g_assert_cmpuint(numerology * 10 + capability, ==, 31);
                continue;
            }
            const LzTime t1_ns = lz_nr_t_proc1_ns(numerology, (LzNrCapability)capability);
            const LzTime t2_ns = lz_nr_t_proc2_ns(numerology, (LzNrCapability)capability);
            g_assert_cmpfloat_with_epsilon((double)t1_ns / 1e6, t_proc1_ms[capability][numerology], 6e-5);
            g_assert_cmpfloat_with_epsilon((double)t2_ns / 1e6, t_proc2_ms[capability][numerology], 6e-5);
        }
    }
}

/* Case 31. */
static void test_resume(void)
{
    static const LzTime fdd_us[] = {15000, 10500, 8250, 7125}, tdd_us[] = {20000, 13000, 9500, 7750};
    for (unsigned numerology = 0; numerology <= LZ_NR_NUMEROLOGY_MAX; numerology++) {
        LzNrTiming timing;
        lz_nr_timing_init(&timing, numerology, NULL, LZ_NR_CAPABILITY_1);
        g_assert_cmpint(lz_nr_resume_ns(&timing), ==, LZ_MICROSECONDS(fdd_us[numerology]));
        lz_nr_timing_init(&timing, numerology, "DDDSU", LZ_NR_CAPABILITY_1);
        g_assert_cmpint(lz_nr_resume_ns(&timing), ==, LZ_MICROSECONDS(tdd_us[numerology]));
    }
}

static void test_slot_bytes(void)
{
    LzNrTiming timing;
    lz_nr_timing_init(&timing, 1, "DDDSU", LZ_NR_CAPABILITY_1);
    g_assert_cmpuint(lz_nr_slot_bytes(&timing, LZ_UP, 8000000), ==, 2500);      /* 8 Mbit/s x 2.5 ms in one slot */
    g_assert_cmpuint(lz_nr_slot_bytes(&timing, LZ_DOWN, 8000000), ==, 625);     /* in four slots */
    g_assert_cmpuint(lz_nr_slot_bytes(&timing, LZ_DOWN, 1), ==, 1);
}

/* ---- cases 30, 32, 33: the model itself, one packet in the cell at a time -------------------------- */

typedef struct Setup {
    const char *pattern;                /* NULL: FDD */
    unsigned numerology;
    bool is_configured;
    LzTime sr_period_ns, ue_processing_ns, gnb_processing_ns;
} Setup;

/* No errors, no core delay, every station at offset 0, a slot larger than any packet. */
static LzTestCell *ideal_cell(const Setup *setup)
{
    const LzModel *model = lz_registry_find(LZ_MODEL_RADIO, "nr");
    void *config = lz_test_config_new(model);
    lz_test_config_set(model, config, "numerology", setup->numerology);
    lz_test_config_set(model, config, "duplex", setup->pattern ? 1 : 0);
    lz_test_config_set_text(model, config, "pattern", setup->pattern);
    lz_test_config_set(model, config, "uplink", setup->is_configured ? 1 : 0);
    lz_test_config_set(model, config, "stagger", 0);
    lz_test_config_set(model, config, "ue_processing_ns", (double)setup->ue_processing_ns);
    lz_test_config_set(model, config, "gnb_processing_ns", (double)setup->gnb_processing_ns);
    lz_test_config_set(model, config, "n3_delay_ns", 0);
    lz_test_config_set(model, config, "bler_ppb", 0);
    lz_test_config_set(model, config, "ul_rate_bps", 1e9);
    lz_test_config_set(model, config, "dl_rate_bps", 1e9);
    if (setup->sr_period_ns > 0) {
        lz_test_config_set(model, config, "sr_period_ns", (double)setup->sr_period_ns);
    }
    return lz_test_cell_new(model, config, 1, 1);
}

typedef struct Sender { LzTestCell *cell; LzDirection direction; LzTime base_ns; } Sender;

static LzTime model_latency(const void *self, LzTime time_ns)
{
    Sender *sender = *(Sender *const *)self;
    const LzTime at_ns = sender->base_ns + time_ns;
    const uint64_t id = lz_test_cell_send(sender->cell, at_ns, 0, sender->direction, 128);
    sender->base_ns += LZ_MILLISECONDS(200);            /* a multiple of every period used here */
    lz_test_cell_run(sender->cell, sender->base_ns);
    return lz_test_cell_arrival_ns(sender->cell, id) - at_ns;
}

static Latency run_model(const Setup *setup, LzDirection direction, LzTime period_ns, unsigned points)
{
    Sender sender = {ideal_cell(setup), direction, 0}, *self = &sender;
    const Latency latency = enumerate(model_latency, &self, period_ns, points);
    lz_test_cell_free(sender.cell);
    return latency;
}

/* Case 30. TR 37.910's one-way time halves the processing times: transmitter T_proc,2 / 2, receiver
 * T_proc,1 / 2; a configured grant with those at UE and gNB is that chain. Downlink has all of T_proc,1. */
static void test_fdd_one_way(void)
{
    static const double closed_ms[] = {2.142, 1.142, .732, .437}, tr_37910_ms[] = {2.13, 1.14, .72, .44};
    for (unsigned numerology = 0; numerology <= LZ_NR_NUMEROLOGY_MAX; numerology++) {
        const LzTime t1_ns = lz_nr_t_proc1_ns(numerology, LZ_NR_CAPABILITY_1);
        const LzTime t2_ns = lz_nr_t_proc2_ns(numerology, LZ_NR_CAPABILITY_1);
        Setup setup = {.numerology = numerology, .is_configured = true, .ue_processing_ns = t2_ns / 2,
                       .gnb_processing_ns = t1_ns / 2};
        const LzTime slot_ns = LZ_NS_PER_MS >> numerology;
        const double exact_ms = ((double)(t1_ns + t2_ns) / 2 + 1.5 * (double)slot_ns) / 1e6;
        const Latency up = run_model(&setup, LZ_UP, slot_ns, 2000);
        assert_within(up.mean_ms, exact_ms, 2e-4);
        assert_within(up.mean_ms, closed_ms[numerology], 1e-3);
        assert_within(up.mean_ms, tr_37910_ms[numerology], 0.02);
        setup.gnb_processing_ns = t2_ns / 2;
        const Latency down = run_model(&setup, LZ_DOWN, slot_ns, 2000);
        assert_within(down.mean_ms, exact_ms + (double)t1_ns / 2e6, 2e-4);
    }
}

static void test_reference_latencies(void)
{
    static const struct {
        const char *pattern;
        unsigned numerology;
        double sr_ms, period_ms, down_mean, down_max, grant_mean, grant_min, grant_max, configured_mean, configured_max;
    } cases[] = {
        {NULL, 0, 1, 1, 2.571, 3.07, 6.50, 6.0, 7.0, 2.50, 3.0},
        {NULL, 0, 5, 5, 2.571, 3.07, 8.50, 6.0, 11.0, 2.50, 3.0},
        {NULL, 0, 10, 10, 2.571, 3.07, 11.0, 6.0, 16.0, 2.50, 3.0},
        {"DDDSU", 1, 2.5, 2.5, 1.707, 2.35, 5.25, 4.0, 6.5, 2.75, 4.0},
        {"DDDSU", 1, 10, 10, 1.707, 2.35, 9.00, 4.0, 14.0, 2.75, 4.0},         /* cases 32 and 33 */
        {"DDDSU", 1, 20, 20, 1.707, 2.35, 14.0, 4.1, 24.0, 2.75, 4.0},
        {"DDDDDDDSUU", 1, 10, 10, 1.757, 2.83, 11.5, 6.5, 16.5, 3.55, 6.0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Setup setup = {.pattern = cases[i].pattern, .numerology = cases[i].numerology,
                       .sr_period_ns = (LzTime)(cases[i].sr_ms * 1e6),
                       .ue_processing_ns = 500000, .gnb_processing_ns = 500000};
        const LzTime period_ns = (LzTime)(cases[i].period_ms * 1e6);
        const Latency down = run_model(&setup, LZ_DOWN, period_ns, 200);
        const Latency grant = run_model(&setup, LZ_UP, period_ns, 200);
        setup.is_configured = true;
        const Latency configured = run_model(&setup, LZ_UP, period_ns, 200);
        g_test_message("%s SR %.1f ms: grant %.4f, %.3f to %.3f ms", cases[i].pattern ? cases[i].pattern : "FDD",
                       cases[i].sr_ms, grant.mean_ms, grant.min_ms, grant.max_ms);
        assert_within(down.mean_ms, cases[i].down_mean, 0.01);
        assert_within(down.max_ms, cases[i].down_max, 0.02);
        assert_within(grant.mean_ms, cases[i].grant_mean, 0.01);
        assert_within(grant.min_ms, cases[i].grant_min, 0.02);
        assert_within(grant.max_ms, cases[i].grant_max, 0.02);
        assert_within(configured.mean_ms, cases[i].configured_mean, 0.01);
        assert_within(configured.max_ms, cases[i].configured_max, 0.02);
    }
}

/* ---- cases 34 and 35: HARQ ------------------------------------------------------------------------ */

static void run_harq(uint32_t combining_ppb, double *ret_extra, unsigned *ret_residual)
{
    const unsigned blocks = 1000000, transmissions_max = 4;
    LzRandom random;
    lz_random_init(&random, 34, lz_entity_id("cell"), LZ_PURPOSE_RADIO);
    unsigned extra = 0, residual = 0;
    for (unsigned i = 0; i < blocks; i++) {
        unsigned transmission = 1;
        while (lz_nr_harq_fails(100000000, combining_ppb, transmission, &random)) {
            if (transmission == transmissions_max) {
                residual++;
                break;
            }
            transmission++;
        }
        extra += transmission - 1;
    }
    *ret_extra = (double)extra / blocks;
    *ret_residual = residual;
}

static void test_harq_combining(void)
{
    double extra;
    unsigned residual;
    run_harq(200000000, &extra, &residual);
    assert_within(extra, 0.10201, 0.01);
    g_assert_cmpuint(residual, ==, 0);      /* 6.4e-9 expected */
}

static void test_harq_without_combining(void)
{
    double extra;
    unsigned residual;
    run_harq(1000000000, &extra, &residual);
    assert_within(extra, 0.1110, 0.01);
    assert_within(residual, 100, 0.2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nr/28-29-align-waits", test_align_waits);
    g_test_add_func("/nr/align-is-exact", test_align_is_exact);
    g_test_add_func("/nr/opportunities", test_opportunities);
    g_test_add_func("/nr/patterns", test_patterns);
    g_test_add_func("/nr/processing-times", test_processing_times);
    g_test_add_func("/nr/31-resume", test_resume);
    g_test_add_func("/nr/slot-bytes", test_slot_bytes);
    g_test_add_func("/nr/30-fdd-one-way", test_fdd_one_way);
    g_test_add_func("/nr/32-33-reference-latencies", test_reference_latencies);
    g_test_add_func("/nr/34-harq-combining", test_harq_combining);
    g_test_add_func("/nr/35-harq-without-combining", test_harq_without_combining);
    return g_test_run();
}
