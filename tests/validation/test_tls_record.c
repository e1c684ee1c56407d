/* Case 58: what a record adds to application data. TLS 1.3 AES-GCM 5 + 1 + 16 = 22 bytes (RFC 8446 5.2); TLS 1.2
 * AES-GCM 5 + 8 + 16 = 29 bytes (RFC 5246 6.2.3.3, RFC 5288 3). */
#include "tests/lib/tls_pipe.h"

static const size_t sizes[] = {1, 15, 16, 17, 64, 200, 1000, 4096, 16000};

static void test_overhead(gconstpointer data)
{
    LzTlsVersion version = GPOINTER_TO_INT(data);
    size_t overhead = version == LZ_TLS_1_3 ? 22 : 29;
    LzTlsLab lab = lz_test_tls_lab(version, LZ_KEY_ECDSA_P256);
    lz_test_tls_open(&lab);
    LzTlsPipe *pipe = lz_test_tls_pipe(&lab, 0, NULL, LZ_TEST_START_S * LZ_NS_PER_S);
    lz_test_tls_pump(pipe);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree uint8_t *message = g_malloc0(sizes[i]);
        uint64_t before = pipe->wire_bytes;
        lz_test_tls_write(pipe, &pipe->client, message, sizes[i]);
        g_assert_cmpuint(pipe->wire_bytes - before, ==, sizes[i] + overhead);
        before = pipe->wire_bytes;
        lz_test_tls_write(pipe, &pipe->server, message, sizes[i]);
        g_assert_cmpuint(pipe->wire_bytes - before, ==, sizes[i] + overhead);
    }
    lz_test_tls_pipe_free(pipe);
    lz_test_tls_close(&lab);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/case-58/tls-1.2", GINT_TO_POINTER(LZ_TLS_1_2), test_overhead);
    g_test_add_data_func("/case-58/tls-1.3", GINT_TO_POINTER(LZ_TLS_1_3), test_overhead);
    return g_test_run();
}
