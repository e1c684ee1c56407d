/* Mbed TLS's SHA-256 over the compression that the build chose, against GLib's and NIST's example. */
#include <glib.h>
#include <mbedtls/sha256.h>
#include <string.h>

static void assert_digest(const unsigned char *data, size_t size, const char *expected)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[32];
    char text[65] = "";
    int ret = mbedtls_sha256(data, size, digest, 0);
    g_assert_cmpint(ret, ==, 0);
    for (unsigned i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    g_assert_cmpstr(text, ==, expected);
}

/* FIPS 180-4's examples: one block, and a message whose padding takes another. */
static void test_examples(void)
{
    assert_digest((const unsigned char *)"abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_digest((const unsigned char *)two_blocks, strlen(two_blocks),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_lengths(void)
{
    unsigned char data[300];
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)(i * 167 + 13);
    }
    for (size_t size = 0; size <= sizeof data; size++) {
        g_autofree char *expected = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);
        assert_digest(data, size, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls-sha256/examples", test_examples);
    g_test_add_func("/tls-sha256/lengths", test_lengths);
    return g_test_run();
}
