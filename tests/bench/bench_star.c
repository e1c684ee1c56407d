/* What the simulator itself costs, without TLS: the star and dumbbell scenarios, per message as the fleet grows and
 * per event on a bottleneck. Printed, with ratios within this one run; nothing here has a limit. */
#include <glib.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test_world.h"

typedef struct Cost {
    double cpu_s, events, packets, messages, resident_bytes;
} Cost;

static double user_cpu_s(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

static double resident_max_bytes(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return (double)usage.ru_maxrss * 1024;
}

static LzPlan *load(const char *name, const char *override)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "scenarios", "bench", name, NULL);
    const char *const overrides[] = {override, NULL};
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    LzPlan *plan = lz_plan_load(path, overrides, diagnostics);
    g_assert_nonnull(plan);
    return plan;
}

static double delivered(const LzProbes *probes)
{
    double sum = 0;
    for (LzScope scope = 1; scope <= lz_recorder_scope_count(probes); scope++) {
        if (lz_recorder_scope_info(probes, scope)->kind == LZ_SCOPE_FLOW) {
            sum += (double)lz_recorder_flow_account(probes, scope).delivered;
        }
    }
    return sum;
}

/* All that the process used, from reading the file to the last event. */
static Cost run(const char *name, const char *override)
{
    g_autoptr(LzPlan) plan = load(name, override);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    return (Cost){
        .cpu_s = user_cpu_s(),
        .events = (double)lz_world_events(world),
        .packets = (double)lz_world_packets(world),
        .messages = delivered(lz_world_probes(world)),
        .resident_bytes = resident_max_bytes(),
    };
}

/* In a process of its own: memory and time of an earlier run must not count. */
static Cost run_in_child(const char *name, const char *override)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    fflush(stdout);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        Cost cost = run(name, override);
        _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
    }
    Cost cost;
    close(ends[1]);
    g_assert_cmpint(read(ends[0], &cost, sizeof cost), ==, sizeof cost);
    close(ends[0]);
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return cost;
}

static void bench_star(const char *name)
{
    static const unsigned counts[] = {1000, 10000, 50000};
    Cost least = run_in_child(name, "fleet.device.count=1");
    double first_s = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *override = g_strdup_printf("fleet.device.count=%u", counts[i]);
        Cost cost = run_in_child(name, override);
        double per_message_s = cost.cpu_s / cost.messages;
        first_s = i == 0 ? per_message_s : first_s;
        printf("%-14s %6u devices: %7.3f s CPU, %6.0f ns per message (x %.2f), %5.2f M events/s, %5.2f kB per device\n",
               name, counts[i], cost.cpu_s, per_message_s * 1e9, per_message_s / first_s, cost.events / cost.cpu_s / 1e6,
               (cost.resident_bytes - least.resident_bytes) / counts[i] / 1e3);
    }
}

static void bench_dumbbell(void)
{
    static const unsigned counts[] = {2, 10, 100};
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *override = g_strdup_printf("fleet.sender.count=%u", counts[i]);
        Cost cost = run_in_child("dumbbell.yaml", override);
        printf("%-14s %6u flows:   %7.3f s CPU, %5.2f M events/s, %5.2f M packets/s\n", "dumbbell.yaml", counts[i], cost.cpu_s,
               cost.events / cost.cpu_s / 1e6, cost.packets / cost.cpu_s / 1e6);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bench_star("star-udp.yaml");
    bench_star("star-tcp.yaml");
    bench_dumbbell();
    return 0;
}
