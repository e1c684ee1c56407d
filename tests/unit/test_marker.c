/* Code points and 802.1p priorities, and the trust boundary that sets them. */
#include <glib.h>

#include "lazaret/dscp.h"
#include "sim/net/marker.h"
#include "sim/net/packet.h"

static void test_names(void)
{
    static const struct { const char *text; int dscp; } rows[] = {
        {"df", 0},    {"le", 1},    {"cs0", 0},  {"cs1", 8},   {"cs7", 56}, {"af11", 10}, {"af23", 22}, {"af31", 26},
        {"af43", 38}, {"va", 44},   {"ef", 46},  {"0", 0},     {"63", 63},  {"46", 46},   {"64", -1},   {"-1", -1},
        {"cs8", -1},  {"af44", -1}, {"af01", -1}, {"af1", -1}, {"", -1},    {"EF", -1},   {"ef ", -1},  {"4 6", -1},
        {"007", -1},  {"cs", -1},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(lz_dscp_parse(rows[i].text), ==, rows[i].dscp);
    }
    for (int dscp = 0; dscp < (int)LZ_DSCP_COUNT; dscp++) {
        g_autofree char *text = lz_dscp_format(dscp);
        g_assert_cmpint(lz_dscp_parse(text), ==, dscp);
    }
    for (unsigned i = 0; lz_dscp_names[i]; i++) {
        g_assert_cmpint(lz_dscp_parse(lz_dscp_names[i]), >=, 0);
    }
}

/* RFC 4594 figure 3 and RFC 8325 4.3 by eight queues; 802.1Q table 8-5 puts priority 1 below 0. */
static void test_priorities(void)
{
    static const struct { uint8_t dscp, pcp; unsigned class; } rows[] = {
        {LZ_DSCP_CS6, 6, 6}, {LZ_DSCP_EF, 5, 5}, {LZ_DSCP_VA, 5, 5}, {LZ_DSCP_CS5, 5, 5}, {LZ_DSCP_AF41, 4, 4},
        {LZ_DSCP_CS4, 4, 4}, {LZ_DSCP_AF31, 3, 3}, {LZ_DSCP_AF21, 2, 2}, {LZ_DSCP_CS2, 2, 2}, {LZ_DSCP_AF11, 1, 1},
        {LZ_DSCP_DF, 0, 0}, {LZ_DSCP_LE, 1, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(lz_dscp_to_pcp(rows[i].dscp), ==, rows[i].pcp);
        g_assert_cmpuint(lz_dscp_class(rows[i].dscp), ==, rows[i].class);
    }
    g_assert_cmpuint(lz_pcp_class(1), <, lz_pcp_class(0));
    for (uint8_t pcp = 2; pcp < LZ_PRIORITIES; pcp++) {
        g_assert_cmpuint(lz_pcp_class(pcp), ==, pcp);
        g_assert_cmpuint(lz_dscp_to_pcp(lz_dscp_of_pcp(pcp)), ==, pcp);
    }
    g_assert_cmpuint(lz_dscp_higher(LZ_DSCP_LE, LZ_DSCP_DF), ==, LZ_DSCP_DF);
    g_assert_cmpuint(lz_dscp_higher(LZ_DSCP_AF21, LZ_DSCP_EF), ==, LZ_DSCP_EF);
    g_assert_cmpuint(lz_dscp_of_criticality(LZ_CRITICALITY_LIFE), ==, LZ_DSCP_EF);
    g_assert_cmpuint(lz_dscp_of_criticality(LZ_CRITICALITY_ADMINISTRATIVE), ==, LZ_DSCP_DF);
}

typedef struct Seen {
    LzElement element;
    LzPacket packet;
} Seen;

static void note(LzElement *element, LzPacket *packet)
{
    ((Seen *)element)->packet = *packet;
}

static const LzElementOps seen_ops = {.receive = note};

static LzPacket passed(const LzMarking *marking, LzPacket packet)
{
    Seen seen = {.element = {.ops = &seen_ops}};
    LzMarker marker;
    lz_marker_init(&marker, marking, &seen.element);
    lz_element_receive(&marker.base, &packet);
    return seen.packet;
}

static void test_trust(void)
{
    const LzPacket tagged = {.dscp = LZ_DSCP_EF, .tag = 1 + 3}, bare = {.dscp = LZ_DSCP_EF};
    static const struct { LzTrust trust; uint8_t tagged_dscp, tagged_tag, bare_dscp, bare_tag; } rows[] = {
        {LZ_TRUST_ALL, LZ_DSCP_EF, 1 + 3, LZ_DSCP_EF, 0},
        {LZ_TRUST_DSCP, LZ_DSCP_EF, 1 + 5, LZ_DSCP_EF, 1 + 5},
        {LZ_TRUST_PCP, LZ_DSCP_CS3, 1 + 3, LZ_DSCP_DF, 1 + 0},
        {LZ_TRUST_NONE, LZ_DSCP_AF11, 1 + 1, LZ_DSCP_AF11, 1 + 1},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const LzMarking marking = {.trust = rows[i].trust, .otherwise = LZ_DSCP_AF11};
        const LzPacket first = passed(&marking, tagged), second = passed(&marking, bare);
        g_assert_cmpuint(first.dscp, ==, rows[i].tagged_dscp);
        g_assert_cmpuint(first.tag, ==, rows[i].tagged_tag);
        g_assert_cmpuint(second.dscp, ==, rows[i].bare_dscp);
        g_assert_cmpuint(second.tag, ==, rows[i].bare_tag);
    }
}

#define ANY .dscp_set = UINT64_MAX, .pcp_set = UINT8_MAX

/* The first rule that holds counts; each condition alone can fail; what no rule knows is left to trust. */
static void test_rules(void)
{
    LzAddressRange ward = {0x0a000100, 0x0a0001ff}, centre[] = {{0x0a000200, 0x0a0002ff}, {0x0a000400, 0x0a0004ff}};
    LzMarkRule rules[] = {
        {ANY, .protocol = LZ_IP_TCP, .port = 11112, .mark = LZ_DSCP_AF11},
        {ANY, .sources = {.items = &ward, .count = 1}, .destinations = {.items = centre, .count = 2}, .port = 8883, .mark = LZ_DSCP_EF},
        {.dscp_set = UINT64_C(1) << LZ_DSCP_CS4, .pcp_set = UINT8_MAX, .mark = LZ_DSCP_AF41},
        {.dscp_set = UINT64_MAX, .pcp_set = 1 << 7, .mark = LZ_DSCP_CS2},
    };
    const LzMarking marking = {.trust = LZ_TRUST_NONE, .otherwise = LZ_DSCP_DF, .rules = rules, .rule_count = G_N_ELEMENTS(rules)};
    const LzPacket alarm = {.source = 0x0a000105, .destination = 0x0a000402, .destination_port = 8883, .protocol = LZ_IP_TCP};
    LzPacket other = alarm;
    g_assert_cmpuint(passed(&marking, alarm).dscp, ==, LZ_DSCP_EF);
    g_assert_cmpuint(passed(&marking, alarm).tag, ==, 1 + 5);
    other.source_port = 11112;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_AF11);
    other.protocol = LZ_IP_UDP;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_EF);
    other = alarm;
    other.source = 0x0a000200;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_DF);
    other = alarm;
    other.destination = 0x0a000300;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_DF);
    other.dscp = LZ_DSCP_CS4;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_AF41);
    other.dscp = LZ_DSCP_CS5;
    other.tag = 1 + 7;
    g_assert_cmpuint(passed(&marking, other).dscp, ==, LZ_DSCP_CS2);
}

static void test_tagger(void)
{
    Seen seen = {.element = {.ops = &seen_ops}};
    LzTagger tagger;
    lz_tagger_init(&tagger, 7, &seen.element);
    LzPacket packet = {.dscp = LZ_DSCP_DF};
    lz_element_receive(&tagger.base, &packet);
    g_assert_cmpuint(lz_packet_pcp(&seen.packet), ==, 7);
    g_assert_cmpuint(seen.packet.dscp, ==, LZ_DSCP_DF);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/marker/names", test_names);
    g_test_add_func("/marker/priorities", test_priorities);
    g_test_add_func("/marker/trust", test_trust);
    g_test_add_func("/marker/rules", test_rules);
    g_test_add_func("/marker/tagger", test_tagger);
    return g_test_run();
}
