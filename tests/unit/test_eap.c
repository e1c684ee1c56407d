/* EAP, EAPOL and the fragments of EAP-TLS. */
#include <glib.h>

#include "lazaret/protocol/eap.h"

static size_t encode(const LzEap *eap, uint8_t *ret_bytes, size_t capacity)
{
    LzWriter writer = lz_writer(ret_bytes, capacity);
    g_assert_true(lz_eap_encode(&writer, eap));
    return writer.size;
}

static void test_round_trip(void)
{
    static const uint8_t data[] = {1, 2, 3};
    const LzEap messages[] = {
        {.code = LZ_EAP_REQUEST, .id = 1, .type = LZ_EAP_IDENTITY},
        {.code = LZ_EAP_RESPONSE, .id = 1, .type = LZ_EAP_IDENTITY, .data = {data, 3}},
        {.code = LZ_EAP_REQUEST, .id = 2, .type = LZ_EAP_TLS, .is_start = true},
        {.code = LZ_EAP_RESPONSE, .id = 2, .type = LZ_EAP_TLS, .has_more = true, .total_bytes = 3000, .data = {data, 3}},
        {.code = LZ_EAP_RESPONSE, .id = 255, .type = LZ_EAP_TLS},
        {.code = LZ_EAP_SUCCESS, .id = 9},
        {.code = LZ_EAP_FAILURE, .id = 9},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(messages); i++) {
        uint8_t bytes[64] = {0};
        size_t size = encode(&messages[i], bytes, sizeof bytes);
        LzEap read;
        g_assert_true(lz_eap_decode((LzBytes){bytes, size + 20}, &read));       /* a frame's padding behind it */
        g_assert_cmpuint(read.code, ==, messages[i].code);
        g_assert_cmpuint(read.id, ==, messages[i].id);
        g_assert_cmpuint(read.type, ==, messages[i].type);
        g_assert_cmpint(read.is_start, ==, messages[i].is_start);
        g_assert_cmpint(read.has_more, ==, messages[i].has_more);
        g_assert_cmpuint(read.total_bytes, ==, messages[i].total_bytes);
        g_assert_true(lz_bytes_equal(read.data, messages[i].data));
        for (size_t cut = 0; cut < size; cut++) {
            g_assert_false(lz_eap_decode((LzBytes){bytes, cut}, &read));
        }
    }
}

/* RFC 5216 3.1: flags and length of a first fragment, byte by byte. */
static void test_known_bytes(void)
{
    static const uint8_t expected[] = {1, 7, 0, 12, 13, 0xc0, 0, 0, 0x0b, 0xb8, 0xaa, 0xbb};
    const LzEap eap = {.code = LZ_EAP_REQUEST, .id = 7, .type = LZ_EAP_TLS, .has_more = true, .total_bytes = 3000,
                       .data = {(const uint8_t *)"\xaa\xbb", 2}};
    uint8_t bytes[32];
    g_assert_cmpmem(bytes, encode(&eap, bytes, sizeof bytes), expected, sizeof expected);
    static const uint8_t frame[] = {2, 0, 0, 2, 0xaa, 0xbb};
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_eapol_encode(&writer, LZ_EAPOL_EAP, eap.data);
    g_assert_cmpmem(bytes, writer.size, frame, sizeof frame);
    LzEapolType type;
    LzBytes body;
    g_assert_true(lz_eapol_decode((LzBytes){bytes, sizeof bytes}, &type, &body));
    g_assert_true(type == LZ_EAPOL_EAP && lz_bytes_equal(body, eap.data));
    g_assert_false(lz_eapol_decode((LzBytes){bytes, 5}, &type, &body));
}

/* Whatever the sizes, what goes in comes out, in as many messages as it takes. */
static void test_fragments(void)
{
    uint8_t records[5000];
    for (unsigned i = 0; i < sizeof records; i++) {
        records[i] = (uint8_t)(i * 7);
    }
    for (uint32_t fragment = 100; fragment <= 1400; fragment += 325) {
        for (size_t size = 1; size <= sizeof records; size = size * 3 + 1) {
            LzEapFragments from = {.fragment_bytes = fragment}, to = {0};
            LzBuffer *buffer = lz_buffer_new_copy(records, size);
            lz_eap_fragments_put(&from, buffer);
            lz_buffer_unref(buffer);
            unsigned messages = 0;
            LzEapProgress progress = LZ_EAP_MORE;
            while (progress == LZ_EAP_MORE) {
                LzEap eap = {.code = LZ_EAP_REQUEST, .type = LZ_EAP_TLS};
                lz_eap_fragments_next(&from, &eap);
                g_assert_cmpuint(eap.total_bytes, ==, messages++ == 0 && size > fragment ? size : 0);
                progress = lz_eap_fragments_take(&to, &eap);
            }
            g_assert_cmpint(progress, ==, LZ_EAP_WHOLE);
            g_assert_cmpuint(messages, ==, (size + fragment - 1) / fragment);
            g_assert_cmpmem(to.in, to.in_bytes, records, size);
            lz_eap_fragments_clear(&from);
            lz_eap_fragments_clear(&to);
        }
    }
}

static void test_too_long(void)
{
    static const uint8_t data[1400];
    LzEapFragments to = {0};
    const LzEap boast = {.total_bytes = UINT32_MAX, .has_more = true}, piece = {.has_more = true, .data = {data, sizeof data}};
    g_assert_cmpint(lz_eap_fragments_take(&to, &boast), ==, LZ_EAP_NONSENSE);
    LzEapProgress progress = LZ_EAP_MORE;
    for (unsigned i = 0; i < 50 && progress == LZ_EAP_MORE; i++) {
        progress = lz_eap_fragments_take(&to, &piece);
    }
    g_assert_cmpint(progress, ==, LZ_EAP_NONSENSE);
    g_assert_cmpuint(to.in_bytes, <=, LZ_EAP_TLS_BYTES_MAX);
    lz_eap_fragments_clear(&to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/round-trip", test_round_trip);
    g_test_add_func("/eap/known-bytes", test_known_bytes);
    g_test_add_func("/eap/fragments", test_fragments);
    g_test_add_func("/eap/too-long", test_too_long);
    return g_test_run();
}
