#include "tests/lib/test_air.h"

#include <glib.h>

#include "sim/registry.h"
#include "tests/lib/test_config.h"

#define ETHERNET_BYTES 38u
#define STEP_NS LZ_MILLISECONDS(5)

TestAir *test_air_new(void)
{
    TestAir *air = g_new0(TestAir, 1);
    air->model = lz_registry_find(LZ_MODEL_RADIO, "wifi");
    air->config = lz_test_config_new(air->model);
    air->ip_bytes = 1500;
    air->depth = 2;
    air->first_ns = LZ_TIME_NEVER;
    air->sent = g_hash_table_new(g_direct_hash, g_direct_equal);
    test_air_set(air, "path_loss", LZ_WIFI_LOSS_FIXED);
    test_air_set(air, "rate", LZ_WIFI_RATE_FIXED);
    test_air_set(air, "mcs", 7);
    test_air_set(air, "ampdu", 1);
    test_air_set(air, "security", LZ_WIFI_OPEN);
    return air;
}

void test_air_set(TestAir *air, const char *field, double value)
{
    lz_test_config_set(air->model, air->config, field, value);
}

LzWifiConfig *test_air_config(TestAir *air)
{
    return air->config;
}

static void send(TestAir *air, unsigned station, LzDirection direction, uint8_t dscp)
{
    const uint64_t id = test_medium_send(air->medium, station, direction, dscp, air->ip_bytes + ETHERNET_BYTES);
    g_hash_table_insert(air->sent, GSIZE_TO_POINTER(id), GSIZE_TO_POINTER(lz_now(air->medium->scheduler) + 1));
}

/* For each that leaves one comes. */
static void delivered(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    TestAir *air = self;
    const LzTime now = lz_now(air->medium->scheduler);
    const LzTime entered_ns = (LzTime)GPOINTER_TO_SIZE(g_hash_table_lookup(air->sent, GSIZE_TO_POINTER(packet->id))) - 1;
    g_hash_table_remove(air->sent, GSIZE_TO_POINTER(packet->id));
    uint8_t ac_of_dscp[LZ_DSCP_COUNT];
    lz_wifi_map(LZ_WIFI_MAP_RFC8325, ac_of_dscp);
    if (now >= air->first_ns) {
        air->delivered[ac_of_dscp[packet->dscp]]++;
        air->waited_ns[ac_of_dscp[packet->dscp]] += now - entered_ns;
    }
    send(air, station, direction, packet->dscp);
}

static void fill(TestAir *air, const TestAirSource *source)
{
    for (unsigned i = 0; i < air->depth; i++) {
        send(air, source->station, source->direction, source->dscp);
    }
}

void test_air_saturate(TestAir *air, unsigned station, LzDirection direction, uint8_t dscp)
{
    g_assert_cmpuint(air->source_count, <, TEST_AIR_SOURCES);
    TestAirSource *source = &air->sources[air->source_count++];
    *source = (TestAirSource){station, direction, dscp};
    fill(air, source);
}

/* What was given up came to no sink: nobody sent anew for it. */
static void fill_empty(TestAir *air)
{
    uint8_t ac_of_dscp[LZ_DSCP_COUNT];
    lz_wifi_map(LZ_WIFI_MAP_RFC8325, ac_of_dscp);
    for (unsigned i = 0; i < air->source_count; i++) {
        const TestAirSource *source = &air->sources[i];
        const unsigned lane = source->station * LZ_WIFI_AC_COUNT + ac_of_dscp[source->dscp];
        if (lz_link_waiting_bytes(air->medium->link, lane, source->direction) == 0) {
            fill(air, source);
        }
    }
}

void test_air_start(TestAir *air, unsigned stations, uint64_t seed)
{
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    air->medium = test_medium_new(air->model, air->config, fifo, NULL, MAX(stations, 1), seed, NULL, 0);
    air->medium->delivered = delivered;
    air->medium->self = air;
}

void test_air_run(TestAir *air, LzTime warmup_ns, LzTime for_ns)
{
    air->first_ns = lz_now(air->medium->scheduler) + warmup_ns;
    for (LzTime at_ns = lz_now(air->medium->scheduler); at_ns < air->first_ns + for_ns; at_ns += STEP_NS) {
        test_medium_run(air->medium, MIN(at_ns + STEP_NS, air->first_ns + for_ns));
        if (test_air_lost(air) > 0) {
            fill_empty(air);
        }
    }
}

uint64_t test_air_lost(const TestAir *air)
{
    return lz_link_stats(air->medium->link, LZ_UP)->dropped_packets[LZ_DROP_RADIO_LOSS] +
           lz_link_stats(air->medium->link, LZ_DOWN)->dropped_packets[LZ_DROP_RADIO_LOSS];
}

void test_air_free(TestAir *air)
{
    test_medium_free(air->medium);
    g_hash_table_unref(air->sent);
    g_free(air);
}
