/* Random streams: known answers (validation case 67), independence of streams, distributions. */
#include <glib.h>
#include <math.h>

#include "lazaret/random.h"

/* Random123's published known-answer vectors for philox4x32-10. */
static void test_philox_known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } vectors[] = {
        {{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        uint32_t block[4];
        lz_philox4x32_10(vectors[i].counter, vectors[i].key, block);
        g_assert_cmpmem(block, sizeof block, vectors[i].expected, sizeof vectors[i].expected);
    }
}

static void test_streams_differ(void)
{
    LzRandom a, b, c, d, again;
    lz_random_init(&a, 1, lz_entity_id("pump[1]"), LZ_PURPOSE_TLS);
    lz_random_init(&b, 1, lz_entity_id("pump[2]"), LZ_PURPOSE_TLS);
    lz_random_init(&c, 1, lz_entity_id("pump[1]"), LZ_PURPOSE_TRAFFIC);
    lz_random_init(&d, 2, lz_entity_id("pump[1]"), LZ_PURPOSE_TLS);
    lz_random_init(&again, 1, lz_entity_id("pump[1]"), LZ_PURPOSE_TLS);
    uint64_t first = lz_random_u64(&a);
    g_assert_cmpuint(first, !=, lz_random_u64(&b));
    g_assert_cmpuint(first, !=, lz_random_u64(&c));
    g_assert_cmpuint(first, !=, lz_random_u64(&d));
    g_assert_cmpuint(first, ==, lz_random_u64(&again));
}

static void test_below_is_uniform(void)
{
    enum { FACES = 6, ROLLS = 60000 };
    LzRandom random;
    lz_random_init(&random, 7, 1, LZ_PURPOSE_GENERAL);
    unsigned counts[FACES] = {0};
    for (int i = 0; i < ROLLS; i++) {
        counts[lz_random_below(&random, FACES)]++;
    }
    double chi_square = 0;
    for (int i = 0; i < FACES; i++) {
        double difference = counts[i] - ROLLS / (double)FACES;
        chi_square += difference * difference / (ROLLS / (double)FACES);
    }
    g_assert_cmpfloat(chi_square, <, 20.5);     /* 5 degrees of freedom: p = 0.001 */
}

static void test_chance(void)
{
    LzRandom random;
    lz_random_init(&random, 7, 2, LZ_PURPOSE_GENERAL);
    unsigned hits = 0;
    for (int i = 0; i < 100000; i++) {
        g_assert_false(lz_random_chance_ppb(&random, 0));
        g_assert_true(lz_random_chance_ppb(&random, 1000000000));
        hits += lz_random_chance_ppb(&random, 50000000);
    }
    g_assert_cmpuint(hits, >, 5000 - 280);      /* 4 sigma around 5 % */
    g_assert_cmpuint(hits, <, 5000 + 280);
}

static void test_fixed_point_against_libm(void)
{
    LzRandom random;
    lz_random_init(&random, 7, 3, LZ_PURPOSE_GENERAL);
    for (int i = 0; i < 20000; i++) {
        uint64_t u = lz_random_u64(&random) >> lz_random_below(&random, 60);
        u = MAX(u, 1);
        double expected = 64 * log(2) - log((double)u);
        g_assert_cmpfloat(fabs((double)lz_fixed_neg_ln_q32(u) / 4294967296.0 - expected), <, 2e-9);
        double x = ((double)lz_random_below(&random, 50000) - 20000) / 1000.0;
        if (x < 31) {
            double value = (double)lz_fixed_exp2_q32((int64_t)(x * 4294967296.0)) / 4294967296.0;
            g_assert_cmpfloat(fabs(value - exp2(x)), <, 3e-9 * exp2(x) + 1.0 / 4294967296.0);
        }
    }
}

static void test_exponential_moments(void)
{
    enum { DRAWS = 400000 };
    LzRandom random;
    lz_random_init(&random, 11, 1, LZ_PURPOSE_TRAFFIC);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)lz_random_exponential(&random, LZ_SECONDS(1)) / 1e9;
        sum += x;
        squares += x * x;
    }
    g_assert_cmpfloat(fabs(sum / DRAWS - 1), <, 4 / sqrt(DRAWS));
    g_assert_cmpfloat(fabs(squares / DRAWS - 2), <, 4 * sqrt(20.0 / DRAWS));
}

static int compare_times(const void *a, const void *b)
{
    LzTime x = *(const LzTime *)a, y = *(const LzTime *)b;
    return (x > y) - (x < y);
}

static void test_lognormal_percentiles(void)
{
    enum { DRAWS = 200000 };
    g_autofree LzTime *draws = g_new(LzTime, DRAWS);
    LzRandom random;
    lz_random_init(&random, 11, 2, LZ_PURPOSE_DELAY);
    for (int i = 0; i < DRAWS; i++) {
        draws[i] = lz_random_lognormal(&random, LZ_MILLISECONDS(2), LZ_MILLISECONDS(25));
    }
    qsort(draws, DRAWS, sizeof *draws, compare_times);
    g_assert_cmpfloat(fabs((double)draws[DRAWS / 2] / 2e6 - 1), <, 0.02);
    g_assert_cmpfloat(fabs((double)draws[DRAWS / 100 * 99] / 25e6 - 1), <, 0.03);
}

static void test_normal_moments(void)
{
    enum { DRAWS = 200000 };
    LzRandom random;
    lz_random_init(&random, 11, 3, LZ_PURPOSE_DELAY);
    double sum = 0, squares = 0;
    unsigned beyond_two = 0;
    for (int i = 0; i < DRAWS; i++) {
        double z = (double)lz_random_normal_q32(&random) / 4294967296.0;
        sum += z;
        squares += z * z;
        beyond_two += fabs(z) > 2;
    }
    g_assert_cmpfloat(fabs(sum / DRAWS), <, 4 / sqrt(DRAWS));
    g_assert_cmpfloat(fabs(squares / DRAWS - 1), <, 4 * sqrt(2.0 / DRAWS));
    g_assert_cmpfloat(fabs((double)beyond_two / DRAWS - 0.0455), <, 0.002);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/random/philox-known-answers", test_philox_known_answers);
    g_test_add_func("/random/streams-differ", test_streams_differ);
    g_test_add_func("/random/below-is-uniform", test_below_is_uniform);
    g_test_add_func("/random/chance", test_chance);
    g_test_add_func("/random/fixed-point-against-libm", test_fixed_point_against_libm);
    g_test_add_func("/random/exponential-moments", test_exponential_moments);
    g_test_add_func("/random/lognormal-percentiles", test_lognormal_percentiles);
    g_test_add_func("/random/normal-moments", test_normal_moments);
    return g_test_run();
}
