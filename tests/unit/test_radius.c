/* RADIUS messages: every attribute there and back, and nothing accepted from somebody without the secret. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/radius.h"

#define SECRET "secret"

static size_t encode(const LzRadius *message, const uint8_t *request, uint8_t bytes[LZ_RADIUS_BYTES_MAX])
{
    LzWriter writer = lz_writer(bytes, LZ_RADIUS_BYTES_MAX);
    g_assert_true(lz_radius_encode(&writer, message, SECRET, request));
    return writer.size;
}

static LzRadius make_request(const uint8_t *eap, size_t size)
{
    LzRadius request = {.code = LZ_RADIUS_REQUEST, .id = 7, .state = 0x1234567890, .nas_address = 0x0a0001ff, .nas_port = 12,
                        .user = "pump[7]", .station = "02-4C-5A-00-01-07", .eap = {eap, size}};
    memset(request.authenticator, 0x5a, sizeof request.authenticator);
    return request;
}

static void test_request(void)
{
    uint8_t eap[1300], bytes[LZ_RADIUS_BYTES_MAX];
    memset(eap, 3, sizeof eap);
    static const size_t sizes[] = {0, 1, 253, 254, 1300};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        LzRadius request = make_request(eap, sizes[i]), read;
        request.is_call_check = sizes[i] == 0;
        size_t size = encode(&request, NULL, bytes);
        g_assert_true(lz_radius_decode((LzBytes){bytes, size}, SECRET, NULL, &read));
        g_assert_cmpuint(read.id, ==, 7);
        g_assert_cmpuint(read.state, ==, request.state);
        g_assert_cmpint(read.is_call_check, ==, request.is_call_check);
        g_assert_cmpuint(read.nas_address, ==, request.nas_address);
        g_assert_cmpuint(read.nas_port, ==, 12);
        g_assert_cmpstr(read.user, ==, request.user);
        g_assert_cmpstr(read.station, ==, request.station);
        g_assert_true(lz_bytes_equal(read.eap, request.eap));
    }
}

static void test_answer(void)
{
    static const uint8_t success[] = {3, 4, 0, 4};
    LzRadius request = make_request(success, sizeof success), read;
    LzRadius accept = {.code = LZ_RADIUS_ACCEPT, .id = 7, .session_timeout_s = 3600, .group = "med-inf",
                       .eap = {success, sizeof success}};
    uint8_t bytes[LZ_RADIUS_BYTES_MAX];
    size_t size = encode(&accept, request.authenticator, bytes);
    g_assert_true(lz_radius_decode((LzBytes){bytes, size}, SECRET, request.authenticator, &read));
    g_assert_cmpstr(read.group, ==, "med-inf");
    g_assert_cmpuint(read.session_timeout_s, ==, 3600);
    g_assert_true(lz_bytes_equal(read.eap, accept.eap));
    request.authenticator[3] ^= 1;      /* an answer to something else */
    g_assert_false(lz_radius_decode((LzBytes){bytes, size}, SECRET, request.authenticator, &read));
}

static void test_forgeries(void)
{
    static const uint8_t eap[] = {2, 1, 0, 5, 1};
    uint8_t bytes[LZ_RADIUS_BYTES_MAX];
    const LzRadius request = make_request(eap, sizeof eap);
    LzRadius read;
    size_t size = encode(&request, NULL, bytes);
    g_assert_false(lz_radius_decode((LzBytes){bytes, size}, "other", NULL, &read));
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        g_assert_false(lz_radius_decode((LzBytes){bytes, size}, SECRET, NULL, &read));
        bytes[i] ^= 0x10;
        g_assert_false(lz_radius_decode((LzBytes){bytes, i}, SECRET, NULL, &read));
    }
    g_assert_true(lz_radius_decode((LzBytes){bytes, size}, SECRET, NULL, &read));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/radius/request", test_request);
    g_test_add_func("/radius/answer", test_answer);
    g_test_add_func("/radius/forgeries", test_forgeries);
    return g_test_run();
}
