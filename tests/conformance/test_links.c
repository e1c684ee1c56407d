/* What every registered link and radio must do, behind every registered queue: deliver or drop each packet
 * exactly once, keep the account at every moment, forget nothing when it goes down, work again when it is
 * up, give the same run for the same seed, and come to rest. */
#include <glib.h>

#include "sim/registry.h"
#include "tests/lib/test_medium.h"

enum { STATIONS = 5 };

typedef struct Pair {
    const LzModel *link, *queue;
} Pair;

static TestMedium *medium_new(const Pair *pair, uint64_t seed)
{
    return test_medium_new(pair->link, NULL, pair->queue, NULL, STATIONS, seed, NULL, 0);
}

static uint64_t dropped(const TestMedium *medium, LzDropReason reason)
{
    return lz_link_stats(medium->link, LZ_UP)->dropped_packets[reason] +
           lz_link_stats(medium->link, LZ_DOWN)->dropped_packets[reason];
}

static uint64_t delivered(const TestMedium *medium)
{
    return lz_link_stats(medium->link, LZ_UP)->delivered_packets + lz_link_stats(medium->link, LZ_DOWN)->delivered_packets;
}

/* Each packet at most once. */
static void mark_delivered(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    (void)station;
    (void)direction;
    g_assert_true(g_hash_table_add(self, GSIZE_TO_POINTER(packet->id)));
}

static void test_account(gconstpointer data)
{
    TestMedium *medium = medium_new(data, 5);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    medium->delivered = mark_delivered;
    medium->self = seen;
    LzRandom random;
    lz_random_init(&random, 5, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    for (unsigned i = 1; i <= 50; i++) {
        test_medium_load(medium, &random, LZ_MICROSECONDS(i % 10 == 0 ? 5 : 500), LZ_MILLISECONDS(10 * i));
        test_medium_check_balance(medium);
    }
    test_medium_run(medium, LZ_SECONDS(100));
    test_medium_check_balance(medium);
    g_assert_true(test_medium_is_empty(medium));
    g_assert_cmpuint(g_hash_table_size(seen), ==, delivered(medium));
    g_assert_cmpuint(delivered(medium), >, 500);
    test_medium_free(medium);
}

static void test_down_and_up(gconstpointer data)
{
    TestMedium *medium = medium_new(data, 6);
    LzRandom random;
    lz_random_init(&random, 6, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    test_medium_load(medium, &random, LZ_MICROSECONDS(20), LZ_MILLISECONDS(10));
    lz_link_set_up(medium->link, false);
    g_assert_false(lz_link_is_up(medium->link));
    test_medium_check_balance(medium);
    g_assert_true(test_medium_is_empty(medium));        /* what it held is dropped at once */
    uint64_t delivered_before = delivered(medium), down_before = dropped(medium, LZ_DROP_LINK_DOWN);
    test_medium_load(medium, &random, LZ_MICROSECONDS(100), LZ_MILLISECONDS(20));
    g_assert_cmpuint(delivered(medium), ==, delivered_before);
    g_assert_cmpuint(dropped(medium, LZ_DROP_LINK_DOWN), >, down_before);
    lz_link_set_up(medium->link, true);
    test_medium_load(medium, &random, LZ_MICROSECONDS(500), LZ_MILLISECONDS(100));
    test_medium_run(medium, LZ_SECONDS(100));
    g_assert_cmpuint(delivered(medium), >, delivered_before);
    test_medium_check_balance(medium);
    g_assert_true(test_medium_is_empty(medium));
    test_medium_free(medium);
}

/* Goes away with packets queued and under way: test_medium_free() checks that all are freed. */
static void test_freed_while_busy(gconstpointer data)
{
    TestMedium *medium = medium_new(data, 7);
    LzRandom random;
    lz_random_init(&random, 7, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    test_medium_load(medium, &random, LZ_MICROSECONDS(2), LZ_MILLISECONDS(3));
    test_medium_run(medium, LZ_SECONDS(1));             /* a policer has tokens again */
    for (unsigned station = 0; station < STATIONS; station++) {
        test_medium_send(medium, station, LZ_UP, 0, 1500);
    }
    g_assert_false(test_medium_is_empty(medium));
    test_medium_free(medium);
}

static uint64_t digest_of(const Pair *pair, uint64_t seed)
{
    TestMedium *medium = medium_new(pair, seed);
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id("load"), LZ_PURPOSE_TRAFFIC);
    test_medium_load(medium, &random, LZ_MICROSECONDS(50), LZ_MILLISECONDS(50));
    test_medium_run(medium, LZ_SECONDS(100));
    uint64_t value = lz_digest_value(&medium->digest);
    test_medium_free(medium);
    return value;
}

static void test_same_seed_same_run(gconstpointer data)
{
    g_assert_cmphex(digest_of(data, 8), ==, digest_of(data, 8));
    g_assert_cmphex(digest_of(data, 8), !=, digest_of(data, 9));
}

static void add_tests(const LzModel *link, const LzModel *queue)
{
    static const struct { const char *name; GTestDataFunc function; } rows[] = {
        {"account", test_account},
        {"down-and-up", test_down_and_up},
        {"freed-while-busy", test_freed_while_busy},
        {"same-seed-same-run", test_same_seed_same_run},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Pair *pair = g_new(Pair, 1);
        *pair = (Pair){link, queue};
        g_autofree char *path = g_strdup_printf("/links/%s/%s/%s", link->name, queue->name, rows[i].name);
        g_test_add_data_func_full(path, pair, rows[i].function, g_free);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const LzModelKind kinds[] = {LZ_MODEL_LINK, LZ_MODEL_RADIO};
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (const LzModel *const *link = lz_registry_all(kinds[i]); *link; link++) {
            for (const LzModel *const *queue = lz_registry_all(LZ_MODEL_QUEUE); *queue; queue++) {
                add_tests(*link, *queue);
            }
        }
    }
    return g_test_run();
}
