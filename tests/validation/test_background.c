/* Flows that are carried as flows against the same flows in packets: what packets beside them see on a shared link must agree
 * within 5 % below 80 % load, and what the link says of itself too. Beyond that: the flow follows the way that its packets
 * would. No closed form: the packet engine, which other suites hold against closed forms, is the reference. */
#include <glib.h>
#include <math.h>

#include "tests/lib/test_world.h"

#define PPB 1e9

typedef struct Case {
    const char *name;
    unsigned cameras;                   /* of 4 Mbit/s each, 4.33 as frames */
    const char *behaviour;
    const char *dscp, *queue;
    bool compares_loss;
    unsigned duration_s;                /* longer where chance decides */
} Case;

#define EVEN "behaviour: periodic, size: 1250 B, every: 2500 us"
#define RANDOM "behaviour: poisson-alarm, size: 1250 B, rate: 24000 /min"
#define FRAMES "behaviour: video, bitrate: 4 Mbit/s, key_factor: 1, spread: 0 %"

static const Case cases[] = {
    {"even/45", 10, EVEN, "cs3", "1 MB", false, 60},
    {"even/78", 18, EVEN, "cs3", "1 MB", false, 60},
    {"random/45", 10, RANDOM, "cs3", "1 MB", false, 240},
    {"random/78", 18, RANDOM, "cs3", "1 MB", false, 240},
    {"priority-below", 18, RANDOM, "df", "{model: priority, limit: 1 MB}", false, 240},
    {"priority-same", 18, RANDOM, "cs5", "{model: priority, limit: 1 MB}", false, 240},
    {"priority-above", 18, RANDOM, "cs6", "{model: priority, limit: 1 MB}", false, 240},
    {"loss", 18, RANDOM, "cs3", "{model: fifo, limit: 4 kB}", true, 240},
    {"loss-by-count", 18, RANDOM, "cs3", "{model: fifo, limit_packets: 4}", true, 240},
};

typedef struct Seen {
    double latency_ns, p99_ns, lost, utilisation;
} Seen;

static Seen watch(const Case *row, const char *carried)
{
    g_autofree char *yaml = g_strdup_printf(
        "lazaret: 1\n"
        "name: shared\n"
        "run: {seed: 7, duration: %u s, warmup: 2 s}\n"
        "network:\n"
        "  zones: [ward, core]\n"
        "  links:\n"
        "    access: {model: wired, zone: ward, rate: 1 Gbit/s, queue: 10 MB}\n"
        "    server: {model: wired, zone: core, rate: 1 Gbit/s, queue: 10 MB}\n"
        "    uplink: {model: wired, from: ward, to: core, rate: 100 Mbit/s, queue: %s}\n"
        "services:\n"
        "  recorder: {kind: sink, link: server, tls: {enabled: false}}\n"
        "  station: {kind: sink, link: server, tls: {enabled: false}}\n"
        "fleet:\n"
        "  - name: camera\n"
        "    profile: cctv-camera\n"
        "    count: %u\n"
        "    link: access\n"
        "    connect: {to: recorder, client: datagram, start: {spread: 1 s}, tls: {enabled: false}}\n"
        "    traffic: [{flow: video, publish: a, %s, dscp: %s, carried: %s}]\n"
        "  - name: bed\n"
        "    profile: smart-bed\n"
        "    count: 10\n"
        "    link: access\n"
        "    connect: {to: station, client: datagram, start: {spread: 1 s}, tls: {enabled: false}}\n"
        "    traffic: [{flow: vitals, publish: b, behaviour: poisson-alarm, size: 250 B, rate: 6000 /min, dscp: cs5}]\n"
        "live: {bind: off}\n",
        row->duration_s, row->queue, row->cameras, row->behaviour, row->dscp, carried);
    g_autoptr(LzPlan) plan = lz_test_plan(yaml);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation latency = lz_test_observe(world, LZ_METRIC_FLOW_LATENCY, "vitals", NULL);
    LzObservation delivered = lz_test_observe(world, LZ_METRIC_FLOW_DELIVERED, "vitals", NULL);
    LzObservation load = lz_test_observe(world, LZ_METRIC_LINK_UTILISATION, "uplink", NULL);
    Seen seen = {
        .latency_ns = (double)latency.mean,
        .p99_ns = (double)lz_histogram_quantile(latency.histogram, 990000000),
        .lost = (double)(delivered.whole - delivered.part) / (double)delivered.whole,
        .utilisation = (double)load.mean / PPB,
    };
    lz_observation_clear(&latency);
    lz_observation_clear(&delivered);
    lz_observation_clear(&load);
    return seen;
}

static void assert_alike(const char *what, double flow, double packet)
{
    g_test_message("%s: %.6g beside a flow, %.6g beside packets (%+.2f %%)", what, flow, packet, 100 * (flow / packet - 1));
    g_assert_cmpfloat(fabs(flow - packet), <=, 0.05 * packet);
}

static void test_shared_link(gconstpointer data)
{
    const Case *row = data;
    Seen packet = watch(row, "packet"), flow = watch(row, "flow");
    assert_alike("latency, mean", flow.latency_ns, packet.latency_ns);
    assert_alike("latency, p99", flow.p99_ns, packet.p99_ns);
    if (row->compares_loss) {
        g_assert_cmpfloat(packet.lost, >, 0.01);
        assert_alike("lost", flow.lost, packet.lost);
    } else {
        assert_alike("utilisation", flow.utilisation, packet.utilisation);
        g_assert_cmpfloat(flow.lost, <, 0.001);
    }
}

/* ---- the way ---- */

static const char ring[] =
    "lazaret: 1\n"
    "name: ring\n"
    "run: {seed: 3, duration: 60500 ms}\n"       /* a link tells each full second what flows took of it */
    "network:\n"
    "  zones: [ward, one, two, {name: core, router: true}]\n"
    "  links:\n"
    "    bed: {model: wired, zone: ward, rate: 1 Gbit/s}\n"
    "    active: {model: wired, from: ward, to: one, rate: 100 Mbit/s}\n"
    "    standby: {model: wired, from: ward, to: two, rate: 100 Mbit/s, cost: 10}\n"
    "    one-core: {model: wired, from: one, to: core, rate: 100 Mbit/s}\n"
    "    two-core: {model: wired, from: two, to: core, rate: 100 Mbit/s}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "  convergence: 1 s\n"
    "services: {recorder: {kind: sink, link: rack, tls: {enabled: false}}}\n"
    "fleet:\n"
    "  - name: camera\n"
    "    profile: cctv-camera\n"
    "    count: 10\n"
    "    link: bed\n"
    "    connect: {to: recorder, client: datagram, tls: {enabled: false}}\n"
    "    traffic: [{flow: video, publish: a, " EVEN ", carried: flow}]\n"
    "live: {bind: off}\n";

/* For how long the link would have carried all the flows: 10 cameras of 526,400 B/s, as on the wire. */
static double carried_s(LzWorld *world, const char *link)
{
    LzObservation seen = lz_test_observe(world, LZ_METRIC_LINK_BYTES, link, NULL);
    double bytes = (double)seen.part;
    lz_observation_clear(&seen);
    return bytes / (10 * 400 * (1250 + 28 + 38));
}

static LzWorld *run_ring(const char *more, const char *const *overrides, LzPlan **ret_plan)
{
    g_autofree char *yaml = g_strconcat(ring, more, NULL);
    *ret_plan = lz_test_plan_with(yaml, overrides);
    LzWorld *world = lz_test_world(*ret_plan);
    lz_test_run(world);
    return world;
}

static void assert_seconds(LzWorld *world, const char *link, double expected)
{
    double seconds = carried_s(world, link);
    g_test_message("%s carried the flows for %.2f s, expected %.2f", link, seconds, expected);
    g_assert_cmpfloat(fabs(seconds - expected), <=, 0.3);
}

static void test_failover(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world =
        run_ring("faults: [{name: cut, kind: link-down, link: one-core, at: 20 s, for: 20 s}]\n", NULL, &plan);
    assert_seconds(world, "bed", 60);
    assert_seconds(world, "one-core", 39);      /* convergence takes 1 s each time, and the first way is lost meanwhile */
    assert_seconds(world, "two-core", 20);
    assert_seconds(world, "rack", 59);
}

static void test_power(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world =
        run_ring("faults: [{name: dark, kind: power-loss, fleet: camera, at: 20 s, for: 20 s}]\n", NULL, &plan);
    assert_seconds(world, "bed", 40);
    assert_seconds(world, "active", 40);
    assert_seconds(world, "standby", 0);
}

static void test_firewall(void)
{
    static const char walls[] =
        "segments:\n"
        "  - {name: cameras, vlan: 10, members: [camera]}\n"
        "  - {name: servers, vlan: 20, members: [recorder]}\n"
        "defences:\n"
        "  - {name: wall, kind: firewall, where: core, otherwise: deny, rules: [{name: video, from: cameras, to: servers,"
        " protocol: %s, action: allow}]}\n";
    static const struct { const char *protocol; double seconds; } rows[] = {{"udp", 60}, {"tcp", 0}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *more = g_strdup_printf(walls, rows[i].protocol);
        g_autoptr(LzPlan) plan = NULL;
        g_autoptr(LzWorld) world = run_ring(more, NULL, &plan);
        assert_seconds(world, "active", 60 * 1320 / 1316.0);    /* with a VLAN's tag */
        assert_seconds(world, "rack", rows[i].seconds);
    }
}

/* More than the link has room for is not carried. */
static void test_overload(void)
{
    static const char *const slow[] = {"network.links.active.rate=20 Mbit/s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = run_ring("", slow, &plan);
    assert_seconds(world, "active", 60 * 20e6 / (8.0 * 10 * 400 * 1316));
}

/* The same bytes go from the service to the devices, on a way that a firewall's rule for the question opens. */
static void test_back(void)
{
    static const char *const back[] = {"fleet.camera.traffic.video.carried=flow-back", NULL};
    static const char walls[] =
        "segments:\n"
        "  - {name: cameras, vlan: 10, members: [camera]}\n"
        "  - {name: servers, vlan: 20, members: [recorder]}\n"
        "defences:\n"
        "  - {name: wall, kind: firewall, where: core, otherwise: deny, rules: [{name: ask, from: cameras, to: servers,"
        " action: allow}]}\n";
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = run_ring(walls, back, &plan);
    assert_seconds(world, "rack", 60);
    assert_seconds(world, "bed", 60);
    g_assert_cmpint(lz_link_stats(lz_world_link(world, "bed"), LZ_UP)->busy_ns, ==, 0);
    g_assert_cmpint(lz_link_stats(lz_world_link(world, "bed"), LZ_DOWN)->busy_ns, >, 0);
}

/* The same run again gives the same digest. */
static void test_repeats(void)
{
    uint64_t digests[2];
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(LzPlan) plan = NULL;
        g_autoptr(LzWorld) world = run_ring("", NULL, &plan);
        digests[i] = lz_digest_value(lz_world_digest(world));
    }
    g_assert_cmpuint(digests[0], ==, digests[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/background/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_shared_link);
    }
    g_test_add_func("/background/way/failover", test_failover);
    g_test_add_func("/background/way/power", test_power);
    g_test_add_func("/background/way/firewall", test_firewall);
    g_test_add_func("/background/way/back", test_back);
    g_test_add_func("/background/overload", test_overload);
    g_test_add_func("/background/repeats", test_repeats);
    return g_test_run();
}
