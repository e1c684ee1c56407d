/* The TLS handshake flood against a real TLS server in virtual time: rate, cost on both sides, hold, limits. */
#include <glib.h>

#include "sim/registry.h"
#include "tests/lib/test_config.h"
#include "tests/lib/test_siege.h"

enum { POISSON, EVEN };
enum { FRESH, REPLAYED };

static const LzModel *flood(void)
{
    return lz_registry_find(LZ_MODEL_ATTACK, "tls-handshake-flood");
}

static LzTestSiege *siege_of(double rate_per_s, int spacing, int hello, double hold_s, unsigned connections)
{
    void *config = lz_test_config_new(flood());
    lz_test_config_set(flood(), config, "rate_uhz", rate_per_s * 1e6);
    lz_test_config_set(flood(), config, "spacing", spacing);
    lz_test_config_set(flood(), config, "hello", hello);
    lz_test_config_set(flood(), config, "hold_ns", hold_s * 1e9);
    lz_test_config_set(flood(), config, "connections", connections);
    return lz_test_siege_new(flood(), config, 2, 21);
}

static void attack_for(LzTestSiege *siege, LzTime duration_ns)
{
    lz_test_siege_start(siege);
    lz_test_siege_run(siege, duration_ns);
    lz_test_siege_stop(siege);
    lz_test_siege_run(siege, duration_ns + LZ_SECONDS(5));
}

static LzTime attackers_cpu_ns(const LzTestSiege *siege)
{
    return lz_host_cpu_busy_ns(lz_test_siege_attacker(siege, 0))
        + lz_host_cpu_busy_ns(lz_test_siege_attacker(siege, 1));
}

/* 50 /s for 2 s: 100 connections; each costs the server key exchange and signature (3 ms), an attacker half a
 * key exchange (1 ms). */
static void test_rate_and_cost(void)
{
    LzTestSiege *siege = siege_of(50, EVEN, FRESH, 10, 10000);
    attack_for(siege, LZ_MILLISECONDS(2010));
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_SENT), ==, 100);
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_REACHED), >=, 99);
    g_assert_cmpuint(lz_test_siege_accepted(siege), ==, 100);
    const double server_ms = (double)lz_host_cpu_busy_ns(lz_test_siege_server(siege)) / 1e6;
    const double attacker_ms = (double)attackers_cpu_ns(siege) / 1e6;
    g_assert_cmpfloat(server_ms, >, 99 * 3.0);
    g_assert_cmpfloat(server_ms, <, 100 * 3.3);
    g_assert_cmpfloat(attacker_ms, >, 99 * 1.0);
    g_assert_cmpfloat(attacker_ms, <, 100 * 1.2);
    g_assert_cmpuint(lz_host_stats(lz_test_siege_server(siege))->handshakes_completed, ==, 0);
    lz_test_siege_free(siege);
}

/* A replayed hello costs the server as much and the attacker one key share per host. */
static void test_replay_is_free(void)
{
    LzTestSiege *siege = siege_of(50, EVEN, REPLAYED, 10, 10000);
    attack_for(siege, LZ_MILLISECONDS(2010));
    g_assert_cmpint(lz_test_siege_count(siege, LZ_METRIC_ATTACK_REACHED), >=, 99);
    g_assert_cmpfloat((double)lz_host_cpu_busy_ns(lz_test_siege_server(siege)) / 1e6, >, 99 * 3.0);
    g_assert_cmpfloat((double)attackers_cpu_ns(siege) / 1e6, <, 2 * 1.2);
    lz_test_siege_free(siege);
}

/* Held for 200 ms at 50 /s: ten at once, never more. */
static void test_hold(void)
{
    LzTestSiege *siege = siege_of(50, EVEN, FRESH, 0.2, 10000);
    attack_for(siege, LZ_SECONDS(2));
    g_assert_cmpuint(lz_test_siege_open_max(siege), >=, 9);
    g_assert_cmpuint(lz_test_siege_open_max(siege), <=, 11);
    g_assert_cmpuint(lz_test_siege_open(siege), ==, 0);
    lz_test_siege_free(siege);
}

/* Two hosts with three connections each, kept for ever: six in all. */
static void test_connection_limit(void)
{
    LzTestSiege *siege = siege_of(100, POISSON, FRESH, 3600, 3);
    lz_test_siege_start(siege);
    lz_test_siege_run(siege, LZ_SECONDS(2));
    g_assert_cmpuint(lz_test_siege_open(siege), ==, 6);
    g_assert_cmpuint(lz_test_siege_accepted(siege), ==, 6);
    lz_test_siege_free(siege);
}

/* The mean of exponential gaps is the rate: 300 expected, 3 sigma is 52. */
static void test_poisson_rate(void)
{
    LzTestSiege *siege = siege_of(150, POISSON, REPLAYED, 0.05, 10000);
    attack_for(siege, LZ_SECONDS(2));
    const int64_t sent = lz_test_siege_count(siege, LZ_METRIC_ATTACK_SENT);
    g_assert_cmpint(sent, >, 300 - 52);
    g_assert_cmpint(sent, <, 300 + 52);
    lz_test_siege_free(siege);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls-handshake-flood/rate-and-cost", test_rate_and_cost);
    g_test_add_func("/tls-handshake-flood/replay-is-free", test_replay_is_free);
    g_test_add_func("/tls-handshake-flood/hold", test_hold);
    g_test_add_func("/tls-handshake-flood/connection-limit", test_connection_limit);
    g_test_add_func("/tls-handshake-flood/poisson-rate", test_poisson_rate);
    return g_test_run();
}
