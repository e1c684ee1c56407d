/* Marks and their edge in whole worlds: who lies about its traffic starves others behind strict priority, unless the
 * network does not trust it. */
#include <glib.h>

#include "tests/lib/test_world.h"

/* A backbone of 10 Mbit/s with strict priority; a rogue that fills it with packets marked as the most urgent. */
static const char yaml[] =
    "lazaret: 1\n"
    "name: marking\n"
    "run: {seed: 1, duration: 20 s, warmup: 2 s}\n"
    "network:\n"
    "  zones: [{name: ward, places: [here]}, core]\n"
    "  links:\n"
    "    bedside: {model: wired, zone: ward, rate: 100 Mbit/s, queue: 128 kB}\n"
    "    guest: {model: wired, zone: ward, rate: 100 Mbit/s, queue: 128 kB}\n"
    "    backbone: {model: wired, from: ward, to: core, rate: 10 Mbit/s, queue: {model: priority, limit: 64 kB}}\n"
    "    rack: {model: wired, zone: core, rate: 1 Gbit/s}\n"
    "services:\n"
    "  central: {kind: sink, link: rack, tls: {enabled: false}}\n"
    "fleet:\n"
    "  - {name: monitor, profile: patient-monitor, count: 3, link: bedside, connect: {to: central, client: datagram, tls: {enabled: false}}}\n"
    "  - name: rogue\n"
    "    profile: smart-bed\n"
    "    link: guest\n"
    "    connect: {to: central, client: datagram, tls: {enabled: false}}\n"
    "    traffic:\n"
    "      - {flow: junk, publish: junk, behaviour: periodic, size: 1400 B, every: 1 ms, dscp: ef, criticality: administrative}\n";

/* Waves that arrived, in percent. */
static int64_t waves_delivered(const char *const *overrides)
{
    g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
    g_autoptr(LzWorld) world = lz_test_world(plan);
    lz_test_run(world);
    LzObservation seen = lz_test_observe(world, LZ_METRIC_FLOW_DELIVERED, "wave", "monitor");
    g_assert_cmpint(seen.whole, >, 100);
    const int64_t percent = seen.part * 100 / seen.whole;
    lz_observation_clear(&seen);
    return percent;
}

static void test_trust_boundary(void)
{
    const char *const untrusted[] = {"network.links.guest.marking=none", NULL};
    const char *const trusted[] = {"network.links.guest.marking=dscp", NULL};
    const char *const at_backbone[] = {"network.links.backbone.marking=none", NULL};
    g_assert_cmpint(waves_delivered(NULL), <, 50);
    g_assert_cmpint(waves_delivered(trusted), <, 50);
    g_assert_cmpint(waves_delivered(untrusted), >=, 99);
    g_assert_cmpint(waves_delivered(at_backbone), <, 50);      /* behind the queue it is too late */
}

/* Nobody is trusted: marks are made by rules, of port, zone, place and the mark that a packet came with. */
static void test_rules(void)
{
    static const char by_port[] = "network.links.bedside.marking={trust: none, rules: [{name: waves, port: 8883, "
                                  "protocol: udp, from: here, to: core, mark: cs4}]}";
    static const char by_segment[] = "network.links.bedside.marking={trust: none, rules: [{name: waves, from: care, "
                                     "to: central, mark: cs4}]}";
    static const char segments[] = "segments=[{name: care, members: [monitor, central]}, {name: visitors, members: [rogue]}]";
    static const char elsewhere[] = "network.links.bedside.marking={trust: none, rules: [{name: waves, to: ward, mark: cs4}]}";
    static const char by_mark[] = "network.links.guest.marking={rules: [{name: liars, dscp: [ef, va], mark: le}]}";
    static const char nobody[] = "network.links.bedside.marking=none", guest[] = "network.links.guest.marking=none";
    g_assert_cmpint(waves_delivered((const char *const[]){guest, nobody, NULL}), <, 99);
    g_assert_cmpint(waves_delivered((const char *const[]){guest, by_port, NULL}), >=, 99);
    g_assert_cmpint(waves_delivered((const char *const[]){by_mark, NULL}), >=, 99);
    g_assert_cmpint(waves_delivered((const char *const[]){guest, segments, "network.zones.ward.router=true", by_segment, NULL}), >=, 99);
    g_assert_cmpint(waves_delivered((const char *const[]){guest, elsewhere, NULL}), <, 99);
}

/* The same lie told by the network card, to a backbone that looks at tags. */
static void test_tags(void)
{
    const char *const tagged[] = {"network.links.backbone.queue={model: priority, limit: 64 kB, by: pcp}", "fleet.rogue.pcp=7",
                                  "fleet.rogue.traffic.junk.dscp=df", NULL};
    const char *const retagged[] = {"network.links.backbone.queue={model: priority, limit: 64 kB, by: pcp}",
                                    "fleet.rogue.pcp=7", "fleet.rogue.traffic.junk.dscp=df",
                                    "network.links.guest.marking=dscp", NULL};
    g_assert_cmpint(waves_delivered(tagged), <, 50);
    g_assert_cmpint(waves_delivered(retagged), >=, 99);
}

/* A flow that names no code point has that of its criticality. */
static void test_default(void)
{
    static const struct { const char *criticality; int64_t dscp; } rows[] = {
        {"life", 46}, {"urgent", 40}, {"clinical", 18}, {"administrative", 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *set = g_strdup_printf("fleet.rogue.traffic=[{flow: junk, publish: junk, behaviour: periodic, "
                                               "size: 100 B, every: 1 s, criticality: %s}]", rows[i].criticality);
        const char *const overrides[] = {set, NULL};
        g_autoptr(LzPlan) plan = lz_test_plan_with(yaml, overrides);
        const LzFleetPlan *rogue = &((const LzFleetPlan *)plan->fleet.items)[1];
        const LzFlowPlan *flows = rogue->traffic.items;
        g_assert_cmpstr(flows[rogue->traffic.count - 1].name.text, ==, "junk");
        g_assert_cmpint(flows[rogue->traffic.count - 1].dscp, ==, rows[i].dscp);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/marking/trust-boundary", test_trust_boundary);
    g_test_add_func("/marking/rules", test_rules);
    g_test_add_func("/marking/tags", test_tags);
    g_test_add_func("/marking/default", test_default);
    return g_test_run();
}
