/* Scanners and an archive in a small world: studies arrive whole, as fast as link and disk allow, and an archive that is full,
 * busy or away loses nothing. */
#include <glib.h>

#include "tests/lib/test_world.h"

static const char imaging[] =
    "lazaret: 1\n"
    "name: dicom\n"
    "run: {seed: 1, duration: 120 s}\n"
    "network:\n"
    "  zones: [imaging, core]\n"
    "  links:\n"
    "    suite: {model: wired, zone: imaging, rate: 1 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    backbone: {model: wired, from: imaging, to: core, rate: 10 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "    rack: {model: wired, zone: core, rate: 10 Gbit/s, delay: 1 us, queue: 1 MB}\n"
    "services:\n"
    "  pacs: {kind: pacs, link: rack, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - name: scanner\n"
    "    profile: ct-scanner\n"
    "    count: 2\n"
    "    link: suite\n"
    "    connect: {to: pacs, client: dicom, images_max: 40, backoff_max: 2 s}\n"
    "    traffic:\n"
    "      - {flow: image, publish: image, behaviour: study, size: 524288 B, images: 40, every: 40 s, deadline: 5 min}\n"
    "live: {bind: off}\n";

static LzWorld *world_of(LzPlan **ret_plan, const char *more, const char *const *overrides)
{
    g_autofree char *yaml = g_strconcat(imaging, more, NULL);
    *ret_plan = lz_test_plan_with(yaml, overrides);
    return lz_test_world(*ret_plan);
}

static int64_t part(LzWorld *world, LzMetric metric, const char *scope, const char *fleet)
{
    lz_recorder_settle(lz_world_probes(world));
    LzObservation seen = lz_test_observe(world, metric, scope, fleet);
    const int64_t count = seen.part;
    lz_observation_clear(&seen);
    return count;
}

static LzTime latency(LzWorld *world, const char *flow, uint32_t quantile_ppb)
{
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_LATENCY, flow, "scanner");
    const LzTime value = lz_histogram_quantile(seen.histogram, quantile_ppb);
    lz_observation_clear(&seen);
    return value;
}

static void assert_all_stored(LzWorld *world)
{
    const int64_t created = part(world, LZ_METRIC_FLOW_CREATED, "image", "scanner");
    g_test_message("%d images", (int)created);
    g_assert_cmpint(created, >=, 80);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "image", "scanner"), >=, created - 2);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "image", "scanner"), ==, 0);
}

/* 512 KiB: 4.2 ms at 1 Gbit/s, 1 ms of CPU and as much again for what it costs at all, 2.6 ms of disk. */
static void test_studies(const void *data)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", data);
    lz_test_run(world);
    assert_all_stored(world);
    g_assert_cmpint(latency(world, "image", 500000000), >, LZ_MILLISECONDS(8));
    g_assert_cmpint(latency(world, "image", 500000000), <, LZ_MILLISECONDS(18));
    g_assert_cmpint(part(world, LZ_METRIC_SERVICE_REFUSED, "pacs", NULL), ==, 0);
}

/* One disk for both: at 2 MB/s an image takes 262 ms, and of two that come at a time one waits for the other. */
static void test_slow_disk(void)
{
    const char *const overrides[] = {"services.pacs.store_rate=2 MB/s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(latency(world, "image", 100000000), >, LZ_MILLISECONDS(262));
    g_assert_cmpint(latency(world, "image", 1000000000), >, LZ_MILLISECONDS(450));
    g_assert_cmpint(latency(world, "image", 1000000000), <, LZ_MILLISECONDS(600));
}

/* A full disk takes nothing more, and the scanner keeps the image. */
static void test_full_disk(void)
{
    const char *const overrides[] = {"services.pacs.capacity=20 MB", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_DELIVERED, "image", "scanner"), ==, 20000000 / 525000);
    g_assert_cmpint(part(world, LZ_METRIC_FLOW_LOST, "image", "scanner"), ==, 0);
}

/* One association at a time: the other scanner is rejected for now, and comes back. */
static void test_associations(void)
{
    const char *const overrides[] = {"services.pacs.associations_max=1", "fleet.scanner.connect.idle=1 s", NULL};
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world = world_of(&plan, "", overrides);
    lz_test_run(world);
    assert_all_stored(world);
    const char *const greedy[] = {"services.pacs.associations_max=1", "fleet.scanner.connect.idle=0 s",
                                  "fleet.scanner.connect.images_max=60000", "services.pacs.idle=0 s", NULL};
    g_autoptr(LzPlan) held = NULL;
    g_autoptr(LzWorld) starved = world_of(&held, "", greedy);
    lz_test_run(starved);
    g_assert_cmpint(part(starved, LZ_METRIC_SERVICE_REFUSED, "pacs", NULL), >, 20);
    g_assert_cmpuint(lz_world_connected(starved), ==, 1);
}

static void test_outage(void)
{
    g_autoptr(LzPlan) plan = NULL;
    g_autoptr(LzWorld) world =
        world_of(&plan, "faults: [{name: out, kind: service-down, service: pacs, at: 30 s, for: 15 s}]\n", NULL);
    lz_test_run(world);
    assert_all_stored(world);
}

int main(int argc, char **argv)
{
    static const char *const plain[] = {NULL};
    static const char *const secret[] = {"services.pacs.tls.enabled=true", NULL};
    static const char *const pieces[] = {"services.pacs.pdu=131072 B", "fleet.scanner.connect.pdu=4096 B", NULL};
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/dicom/studies", plain, test_studies);
    g_test_add_data_func("/dicom/tls", secret, test_studies);
    g_test_add_data_func("/dicom/pdu", pieces, test_studies);
    g_test_add_func("/dicom/slow-disk", test_slow_disk);
    g_test_add_func("/dicom/full-disk", test_full_disk);
    g_test_add_func("/dicom/associations", test_associations);
    g_test_add_func("/dicom/outage", test_outage);
    return g_test_run();
}
