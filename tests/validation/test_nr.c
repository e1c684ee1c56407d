/* Validation of the "nr" radio: alignment waits (cases 28, 29), one-way latency against the closed form and
 * TR 37.910 (30), resume latency (31), uplink by grant and by configured grant (32, 33), HARQ (34, 35). */
#include <glib.h>

#include "lazaret/nr_timing.h"

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
    g_test_add_func("/nr/34-harq-combining", test_harq_combining);
    g_test_add_func("/nr/35-harq-without-combining", test_harq_without_combining);
    return g_test_run();
}
