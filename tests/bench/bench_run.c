/* Speed and memory of whole runs, printed with what they are compared to. No limits are asserted here:
 * figures are read, and compared as ratios within one run. */
#include <glib.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bare_handshake.h"
#include "tests/lib/test_world.h"

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    g_assert_nonnull(statm);
    char line[128] = "";
    g_assert_nonnull(fgets(line, sizeof line, statm));
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    g_assert_cmpuint(g_strv_length(words), ==, 3);
    double resident = g_ascii_strtod(words[1], NULL);
    fclose(statm);
    return resident * (double)sysconf(_SC_PAGESIZE);
}

static bool all_connected(LzWorld *world)
{
    return lz_world_connected(world) == lz_world_device_count(world);
}

/* N devices connect; nothing else happens. */
static void bench_handshakes(const char *version, bool is_1_3)
{
    g_autofree char *min = g_strdup_printf("fleet.pump.connect.tls.min=%s", version);
    g_autofree char *max = g_strdup_printf("fleet.pump.connect.tls.max=%s", version);
    const char *const overrides[] = {"fleet.pump.count=400", min, max, NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    double before = resident_bytes();
    g_autoptr(LzWorld) world = lz_test_world(plan);
    double from = cpu_s();
    g_assert_true(lz_world_step_until(world, all_connected, LZ_SECONDS(59)));
    double per_handshake = (cpu_s() - from) / lz_world_device_count(world);
    double per_device = (resident_bytes() - before) / lz_world_device_count(world);
    double bare = lz_bare_handshake_cpu_s(200, is_1_3);
    printf("TLS %s mutual P-256, both ends: %.0f handshakes per CPU second (%.2f ms), bare contexts %.2f ms, ratio %.3f\n",
           version, 1 / per_handshake, per_handshake * 1e3, bare * 1e3, per_handshake / bare);
    printf("TLS %s memory per connected device, both ends and the simulation: %.1f kB\n", version, per_device / 1e3);
}

/* Connected devices send; the handshakes are not counted. */
static void bench_traffic(void)
{
    const char *const overrides[] = {"fleet.pump.count=100", "run.duration=20 min", "fleet.pump.profile=patient-monitor", NULL};
    g_autoptr(LzPlan) plan = lz_test_plan_with(lz_test_ward, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_world_run_until(world, LZ_SECONDS(60));
    uint64_t events = lz_world_events(world), packets = lz_world_packets(world);
    double from = cpu_s();
    lz_world_run_until(world, LZ_TIME_NEVER);
    double spent = cpu_s() - from;
    printf("traffic of 100 patient monitors over TLS: %.2f M events/s, %.0f k packets/s of CPU, %.0f x real time\n",
           (double)(lz_world_events(world) - events) / spent / 1e6, (double)(lz_world_packets(world) - packets) / spent / 1e3,
           19 * 60 / spent);
}

/* Each measurement in a process of its own: memory that an earlier one gave back must not flatter it. */
static void in_child(void (*measure)(void))
{
    fflush(stdout);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        measure();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void bench_tls_1_3(void)
{
    bench_handshakes("1.3", true);
}

static void bench_tls_1_2(void)
{
    bench_handshakes("1.2", false);
}

int main(void)
{
    in_child(bench_tls_1_3);
    in_child(bench_tls_1_2);
    in_child(bench_traffic);
    return 0;
}
