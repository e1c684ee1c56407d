/* DNS, DHCP and NTP messages: what is encoded comes back, no bytes from outside do harm, and the arithmetic of clocks. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/dhcp.h"
#include "lazaret/protocol/dns.h"
#include "lazaret/protocol/ntp.h"
#include "lazaret/random.h"

#define ROUNDS 20000

static LzRandom stream(const char *name)
{
    LzRandom random;
    lz_random_init(&random, 1, lz_entity_id(name), LZ_PURPOSE_GENERAL);
    return random;
}

static void random_name(LzRandom *random, char *ret_name)
{
    unsigned labels = 1 + (unsigned)lz_random_below(random, 4);
    char *at = ret_name;
    for (unsigned i = 0; i < labels; i++) {
        unsigned size = 1 + (unsigned)lz_random_below(random, 60);
        at = i > 0 ? at + g_snprintf(at, 2, ".") : at;
        for (unsigned n = 0; n < size; n++) {
            *at++ = (char)('a' + lz_random_below(random, 26));
        }
    }
    *at = '\0';
}

static void test_dns_round_trip(void)
{
    LzRandom random = stream("dns");
    for (unsigned i = 0; i < ROUNDS; i++) {
        LzDnsMessage message = {.id = (uint16_t)lz_random_u32(&random), .is_response = lz_random_u32(&random) & 1}, back;
        random_name(&random, message.name);
        if (message.is_response) {
            message.code = (uint8_t)lz_random_below(&random, 6);
            message.has_answer = message.code == 0;
            message.address = message.has_answer ? lz_random_u32(&random) : 0;
            message.ttl_s = message.has_answer ? lz_random_u32(&random) : 0;
        }
        uint8_t bytes[LZ_DNS_BYTES_MAX];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        g_assert_true(lz_dns_encode(&writer, &message));
        g_assert_true(lz_dns_decode((LzBytes){bytes, writer.size}, &back));
        g_assert_cmpstr(back.name, ==, message.name);
        g_assert_cmpuint(back.id, ==, message.id);
        g_assert_cmpint(back.is_response, ==, message.is_response);
        g_assert_cmpuint(back.code, ==, message.code);
        g_assert_cmpint(back.has_answer, ==, message.has_answer);
        g_assert_cmpuint(back.address, ==, message.address);
        g_assert_cmpuint(back.ttl_s, ==, message.ttl_s);
        g_assert_false(lz_dns_decode((LzBytes){bytes, lz_random_below(&random, writer.size)}, &back));
    }
}

static void test_dns_names(void)
{
    char label[70];
    memset(label, 'a', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    const char *const bad[] = {"", ".", "a..b", ".a", "a.", label};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        LzDnsMessage message = {0};
        g_strlcpy(message.name, bad[i], sizeof message.name);
        LzWriter writer = lz_writer_counting();
        g_assert_false(lz_dns_encode(&writer, &message));
    }
}

/* RFC 1035 section 4: the bytes of a query for A of broker.test. */
static void test_dns_bytes(void)
{
    static const uint8_t expected[] = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 6, 'b', 'r', 'o', 'k', 'e', 'r',
                                       4, 't', 'e', 's', 't', 0, 0, 1, 0, 1};
    LzDnsMessage message = {.id = 0x1234, .name = "broker.test"};
    uint8_t bytes[64];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    g_assert_true(lz_dns_encode(&writer, &message));
    g_assert_cmpmem(bytes, writer.size, expected, sizeof expected);
}

static void test_dhcp_round_trip(void)
{
    static const uint8_t types[] = {LZ_DHCP_DISCOVER, LZ_DHCP_OFFER, LZ_DHCP_REQUEST, LZ_DHCP_ACK, LZ_DHCP_NAK};
    LzRandom random = stream("dhcp");
    for (unsigned i = 0; i < ROUNDS; i++) {
        LzDhcpMessage message = {.type = types[lz_random_below(&random, G_N_ELEMENTS(types))], .transaction = lz_random_u32(&random),
                                 .client_address = lz_random_u32(&random), .your_address = lz_random_u32(&random),
                                 .relay_address = lz_random_u32(&random), .requested_address = lz_random_u32(&random),
                                 .server_id = lz_random_u32(&random), .lease_s = lz_random_u32(&random)}, back;
        lz_random_fill(&random, message.hardware, sizeof message.hardware);
        uint8_t bytes[LZ_DHCP_BYTES_MAX];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        g_assert_true(lz_dhcp_encode(&writer, &message));
        g_assert_true(lz_dhcp_decode((LzBytes){bytes, writer.size}, &back));
        g_assert_cmpmem(&back, sizeof back, &message, sizeof message);
        g_assert_false(lz_dhcp_decode((LzBytes){bytes, lz_random_below(&random, writer.size)}, &back));
    }
}

static void test_ntp_round_trip(void)
{
    LzRandom random = stream("ntp");
    for (unsigned i = 0; i < ROUNDS; i++) {
        LzTime times_ns[4];
        for (unsigned n = 0; n < 4; n++) {
            times_ns[n] = (LzTime)lz_random_below(&random, 2085978495) * LZ_NS_PER_S + (LzTime)lz_random_below(&random, 1000000000);
        }
        LzNtpMessage message = {.mode = lz_random_u32(&random) & 1 ? LZ_NTP_CLIENT : LZ_NTP_SERVER, .stratum = 2, .poll = 6,
                                .precision = -20, .reference_ns = times_ns[0], .originate_ns = times_ns[1],
                                .receive_ns = times_ns[2], .transmit_ns = times_ns[3]}, back;
        uint8_t bytes[LZ_NTP_BYTES];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        g_assert_true(lz_ntp_encode(&writer, &message));
        g_assert_cmpuint(writer.size, ==, LZ_NTP_BYTES);
        g_assert_true(lz_ntp_decode((LzBytes){bytes, writer.size}, &back));
        g_assert_cmpint(back.reference_ns, ==, message.reference_ns);
        g_assert_cmpint(back.originate_ns, ==, message.originate_ns);
        g_assert_cmpint(back.receive_ns, ==, message.receive_ns);
        g_assert_cmpint(back.transmit_ns, ==, message.transmit_ns);
        g_assert_cmpint(back.poll, ==, 6);
        g_assert_cmpint(back.precision, ==, -20);
        g_assert_false(lz_ntp_decode((LzBytes){bytes, lz_random_below(&random, LZ_NTP_BYTES)}, &back));
    }
}

/* RFC 5905 section 8: a client that is 5 s behind, 30 ms to the server, 10 ms back: wrong by half the difference. */
static void test_ntp_offset(void)
{
    LzTime true_ns = LZ_SECONDS(1000000), behind_ns = LZ_SECONDS(5);
    LzNtpMessage answer = {.originate_ns = true_ns - behind_ns, .receive_ns = true_ns + LZ_MILLISECONDS(30),
                           .transmit_ns = true_ns + LZ_MILLISECONDS(31)};
    LzTime arrived_ns = true_ns - behind_ns + LZ_MILLISECONDS(41);
    g_assert_cmpint(lz_ntp_offset_ns(&answer, arrived_ns), ==, behind_ns + LZ_MILLISECONDS(10));
}

static void test_strangers(void)
{
    LzRandom random = stream("strangers");
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t bytes[400];
        size_t size = lz_random_below(&random, sizeof bytes);
        lz_random_fill(&random, bytes, size);
        LzDnsMessage dns;
        LzDhcpMessage dhcp;
        LzNtpMessage ntp;
        lz_dns_decode((LzBytes){bytes, size}, &dns);
        lz_dhcp_decode((LzBytes){bytes, size}, &dhcp);
        lz_ntp_decode((LzBytes){bytes, size}, &ntp);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/infrastructure/dns-round-trip", test_dns_round_trip);
    g_test_add_func("/infrastructure/dns-names", test_dns_names);
    g_test_add_func("/infrastructure/dns-bytes", test_dns_bytes);
    g_test_add_func("/infrastructure/dhcp-round-trip", test_dhcp_round_trip);
    g_test_add_func("/infrastructure/ntp-round-trip", test_ntp_round_trip);
    g_test_add_func("/infrastructure/ntp-offset", test_ntp_offset);
    g_test_add_func("/infrastructure/strangers", test_strangers);
    return g_test_run();
}
