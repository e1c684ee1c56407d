/* CoAP messages of hostile bytes: what is accepted encodes again, and to bytes that mean the same. */
#include <glib.h>

#include "lazaret/protocol/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LzCoapMessage message, again;
    if (!lz_coap_decode((LzBytes){data, size}, &message)) {
        return 0;
    }
    g_autofree uint8_t *bytes = g_malloc(size + 1);
    LzWriter writer = lz_writer(bytes, size);           /* options may have been written longer than needed */
    g_assert_true(lz_coap_encode(&writer, &message));
    g_assert_true(lz_coap_decode((LzBytes){bytes, writer.size}, &again));
    g_assert_true(message.type == again.type && message.code == again.code && message.id == again.id);
    g_assert_true(lz_bytes_equal(message.token, again.token) && lz_bytes_equal(message.payload, again.payload));
    g_assert_cmpuint(message.option_count, ==, again.option_count);
    for (unsigned i = 0; i < message.option_count; i++) {
        g_assert_cmpuint(message.options[i].number, ==, again.options[i].number);
        g_assert_true(lz_bytes_equal(message.options[i].value, again.options[i].value));
    }
    g_assert_cmpint(lz_coap_has_unknown_critical(&message), ==, lz_coap_has_unknown_critical(&again));
    return 0;
}
