/* SRTP: a packet of libsrtp's own self-test byte for byte, what comes again or was altered, sequence numbers that turn over, and
 * keys out of a DTLS handshake. */
#include <string.h>

#include "sim/tls/srtp.h"
#include "tests/lib/dtls_pipe.h"

/* RFC 3711 B.3. */
static const uint8_t key[] = "\xe1\xf9\x7a\x0d\x3e\x01\x8b\xe0\xd6\x4f\xa3\x2c\x06\xde\x41\x39";
static const uint8_t salt[] = "\x0e\xc6\x75\xad\x49\x8a\xfe\xeb\xb6\x96\x0b\x3a\xab\xe6";

static LzBytes as_bytes(const LzBuffer *buffer)
{
    return (LzBytes){buffer->data, buffer->size};
}

/* srtp_validate() of libsrtp's test/srtp_driver.c. */
static void test_known_answer(void)
{
    static const uint8_t plain[] = "\x80\x0f\x12\x34\xde\xca\xfb\xad\xca\xfe\xba\xbe"
                                   "\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab";
    static const uint8_t sealed[] = "\x80\x0f\x12\x34\xde\xca\xfb\xad\xca\xfe\xba\xbe"
                                    "\x4e\x55\xdc\x4c\xe7\x99\x78\xd8\x8c\xa4\xd2\x15\x94\x9d\x24\x02"
                                    "\xb7\x8d\x6a\xcc\x99\xea\x17\x9b\x8d\xbb";
    LzSrtp *sending = lz_srtp_new(key, salt), *receiving = lz_srtp_new(key, salt);
    LzCryptoWork work;
    LzBuffer *packet = lz_srtp_protect(sending, (LzBytes){plain, sizeof plain - 1}, &work);
    g_assert_cmpmem(packet->data, packet->size, sealed, sizeof sealed - 1);
    g_assert_cmpuint(work.aead_bytes, ==, 16);
    g_assert_cmpuint(work.hash_bytes, ==, 28);
    LzBuffer *opened = lz_srtp_unprotect(receiving, as_bytes(packet), &work);
    g_assert_cmpmem(opened->data, opened->size, plain, sizeof plain - 1);
    lz_buffer_unref(packet);
    lz_buffer_unref(opened);
    lz_srtp_free(sending);
    lz_srtp_free(receiving);
}

static LzBuffer *seal(LzSrtp *srtp, uint32_t source, uint16_t sequence)
{
    uint8_t rtp[60] = {0x80, 0, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 1, 0, 0, 0, (uint8_t)source, 'v', 'o', 'i', 'c', 'e'};
    LzCryptoWork work;
    return lz_srtp_protect(srtp, (LzBytes){rtp, sizeof rtp}, &work);
}

static bool opens(LzSrtp *srtp, LzBytes packet)
{
    LzCryptoWork work;
    LzBuffer *opened = lz_srtp_unprotect(srtp, packet, &work);
    bool is_open = opened != NULL;
    g_assert_true(!is_open || memcmp(opened->data + 12, "voice", 5) == 0);
    lz_buffer_unref(opened);
    return is_open;
}

static void test_replayed_and_altered(void)
{
    LzSrtp *sending = lz_srtp_new(key, salt), *receiving = lz_srtp_new(key, salt);
    LzBuffer *packets[100];
    for (unsigned i = 0; i < G_N_ELEMENTS(packets); i++) {
        packets[i] = seal(sending, 1, (uint16_t)(1000 + i));
    }
    for (size_t i = 0; i < packets[0]->size; i++) {
        packets[0]->data[i] ^= 1;
        g_assert_false(opens(receiving, as_bytes(packets[0])));
        packets[0]->data[i] ^= 1;
        g_assert_false(opens(receiving, (LzBytes){packets[0]->data, i}));
    }
    g_assert_true(opens(receiving, as_bytes(packets[0])));
    g_assert_true(opens(receiving, as_bytes(packets[80])));
    for (unsigned i = 0; i < G_N_ELEMENTS(packets); i++) {
        g_assert_true(opens(receiving, as_bytes(packets[i])) == (i > 16 && i != 80));       /* a window of 64 */
        g_assert_false(opens(receiving, as_bytes(packets[i])));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(packets); i++) {
        lz_buffer_unref(packets[i]);
    }
    lz_srtp_free(sending);
    lz_srtp_free(receiving);
}

/* Sequence numbers turn over twice, while one packet in three is lost and neighbours change places. */
static void test_turns_over(void)
{
    LzSrtp *sending = lz_srtp_new(key, salt), *receiving = lz_srtp_new(key, salt);
    LzBuffer *held = NULL;
    for (unsigned i = 0; i < 140000; i++) {
        LzBuffer *packet = seal(sending, 1 + i % 2, (uint16_t)(32000 + i / 2));
        if (i % 3 == 0) {
            lz_buffer_unref(packet);
        } else if (!held) {
            held = packet;
        } else {
            g_assert_true(opens(receiving, as_bytes(packet)));
            g_assert_true(opens(receiving, as_bytes(held)));
            lz_buffer_unref(packet);
            g_clear_pointer(&held, lz_buffer_unref);
        }
    }
    lz_buffer_unref(held);
    lz_srtp_free(sending);
    lz_srtp_free(receiving);
}

static void test_sources(void)
{
    LzSrtp *sending = lz_srtp_new(key, salt);
    for (uint32_t i = 0; i <= LZ_SRTP_SOURCES_MAX; i++) {
        LzBuffer *packet = seal(sending, i, 1);
        g_assert_true((packet != NULL) == (i < LZ_SRTP_SOURCES_MAX));
        lz_buffer_unref(packet);
    }
    lz_srtp_free(sending);
}

/* RFC 5764: what the client seals the server opens and the reverse; without use_srtp on both sides there are no keys. */
static void test_keys(void)
{
    for (unsigned who = 0; who < 4; who++) {
        LzTlsLab lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
        lab.client_options.dtls.has_srtp = who & 1;
        lab.server_options.dtls.has_srtp = who & 2;
        lz_test_tls_open(&lab);
        LzDtlsPipe *pipe = lz_test_dtls_pipe(&lab, who, NULL);
        lz_test_dtls_run(pipe, LZ_SECONDS(1));
        LzSrtp *ways[4] = {NULL};
        bool has_agreed = lz_srtp_of_endpoint(pipe->client.endpoint, &ways[0], &ways[1]);
        g_assert_true(has_agreed == (who == 3));
        g_assert_true(lz_srtp_of_endpoint(pipe->server.endpoint, &ways[2], &ways[3]) == has_agreed);
        for (unsigned way = 0; has_agreed && way < 2; way++) {
            LzBuffer *packet = seal(ways[2 * way], 1, 7);
            g_assert_true(lz_srtp_is_media(as_bytes(packet)));
            g_assert_true(opens(ways[3 - 2 * way], as_bytes(packet)));
            g_assert_false(opens(ways[2 * way + 1], as_bytes(packet)));
            lz_buffer_unref(packet);
        }
        for (unsigned i = 0; i < 4; i++) {
            lz_srtp_free(ways[i]);
        }
        lz_test_dtls_pipe_free(pipe);
        lz_test_tls_close(&lab);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/srtp/known-answer", test_known_answer);
    g_test_add_func("/srtp/replayed-and-altered", test_replayed_and_altered);
    g_test_add_func("/srtp/turns-over", test_turns_over);
    g_test_add_func("/srtp/sources", test_sources);
    g_test_add_func("/srtp/keys", test_keys);
    return g_test_run();
}
