/* MUD files (RFC 8520): what is understood, and that what is not is refused as a whole. */
#include <glib.h>

#include "lazaret/packet.h"
#include "lazaret/protocol/mud.h"

static char *file(const char *version, const char *matches, const char *action)
{
    return g_strdup_printf(
        "{\"ietf-mud:mud\":{\"mud-version\":%s,\"mud-url\":\"https://m.example/x.json\",\"last-update\":\"2026-03-02T06:00:00+00:00\","
        "\"is-supported\":true,\"from-device-policy\":{\"access-lists\":{\"access-list\":[{\"name\":\"out\"}]}}},"
        "\"ietf-access-control-list:acls\":{\"acl\":[{\"name\":\"out\",\"type\":\"ipv4-acl-type\",\"aces\":{\"ace\":["
        "{\"name\":\"a\",\"matches\":%s,\"actions\":{\"forwarding\":\"%s\"}}]}}]}}",
        version, matches, action);
}

#define IPV4 "\"ipv4\":{\"protocol\":6,\"ietf-acldns:dst-dnsname\":\"broker\"}"

static int decode(const char *text, LzMudEntry *entries)
{
    return lz_mud_decode(lz_bytes_of_text(text), entries);
}

static void test_good(void)
{
    LzMudEntry entries[LZ_MUD_ENTRIES_MAX];
    g_autofree char *tcp = file("1", "{" IPV4 ",\"tcp\":{\"ietf-mud:direction-initiated\":\"from-device\",\"destination-port\":"
                                     "{\"operator\":\"eq\",\"port\":8883}}}", "accept");
    g_assert_cmpint(decode(tcp, entries), ==, 1);
    g_assert_cmpstr(entries[0].host, ==, "broker");
    g_assert_cmpuint(entries[0].protocol, ==, LZ_IP_TCP);
    g_assert_cmpuint(entries[0].port, ==, 8883);
    g_autofree char *any_port = file("1", "{" IPV4 "}", "accept");
    g_assert_cmpint(decode(any_port, entries), ==, 1);
    g_assert_cmpuint(entries[0].port, ==, 0);
}

static void test_refused(void)
{
    static const struct { const char *version, *matches, *action; } cases[] = {
        {"2", "{" IPV4 "}", "accept"},
        {"1", "{" IPV4 "}", "drop"},
        {"1", "{}", "accept"},
        {"1", "{" IPV4 ",\"ietf-mud:mud\":{\"same-manufacturer\":[null]}}", "accept"},
        {"1", "{\"ipv4\":{\"protocol\":47,\"ietf-acldns:dst-dnsname\":\"broker\"}}", "accept"},
        {"1", "{\"ipv4\":{\"protocol\":6,\"ietf-acldns:dst-dnsname\":\"broker\",\"ttl\":3}}", "accept"},
        {"1", "{" IPV4 ",\"tcp\":{\"destination-port\":{\"operator\":\"gte\",\"port\":1}}}", "accept"},
        {"1", "{" IPV4 ",\"tcp\":{\"destination-port\":{\"operator\":\"eq\",\"port\":65536}}}", "accept"},
        {"1", "{" IPV4 ",\"tcp\":{\"ietf-mud:direction-initiated\":\"to-device\"}}", "accept"},
        {"1", "[1]", "accept"},
    };
    LzMudEntry entries[LZ_MUD_ENTRIES_MAX];
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = file(cases[i].version, cases[i].matches, cases[i].action);
        g_assert_cmpint(decode(text, entries), ==, -1);
    }
    g_autofree char *whole = file("1", "{" IPV4 "}", "accept");
    for (size_t size = 0; size < strlen(whole); size++) {
        g_assert_cmpint(lz_mud_decode((LzBytes){(const uint8_t *)whole, size}, entries), ==, -1);
    }
}

static void test_too_many(void)
{
    LzMudEntry entries[LZ_MUD_ENTRIES_MAX];
    g_autoptr(GString) text = g_string_new("{\"ietf-mud:mud\":{\"mud-version\":1,\"from-device-policy\":{\"access-lists\":{\"access-list\":"
                                           "[{\"name\":\"a\"}]}}},\"ietf-access-control-list:acls\":{\"acl\":[{\"name\":\"a\",\"type\":"
                                           "\"ipv4-acl-type\",\"aces\":{\"ace\":[");
    for (unsigned i = 0; i <= LZ_MUD_ENTRIES_MAX; i++) {
        g_string_append(text, i > 0 ? "," : "");
        g_string_append(text, "{\"name\":\"x\",\"matches\":{" IPV4 "},\"actions\":{\"forwarding\":\"accept\"}}");
    }
    g_string_append(text, "]}}]}}");
    g_assert_cmpint(decode(text->str, entries), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mud/good", test_good);
    g_test_add_func("/mud/refused", test_refused);
    g_test_add_func("/mud/too-many", test_too_many);
    return g_test_run();
}
