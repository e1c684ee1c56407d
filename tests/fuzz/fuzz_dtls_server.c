/* A DTLS server and an SRTP receiver meet any datagrams: each is two bytes of length and what follows. */
#include "sim/tls/srtp.h"
#include "tests/lib/dtls_pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once per process: certificates are dear, and no input can change them. */
static const LzTlsLab *shared_lab(void)
{
    static LzTlsLab lab;
    if (!lab.server) {
        lab = lz_test_dtls_lab(LZ_KEY_ECDSA_P256);
        lab.server_options.has_tickets = true;
        lab.server_options.dtls.has_srtp = true;
        lz_test_tls_open(&lab);
    }
    return &lab;
}

static void meet(const LzTlsLab *lab, LzTlsEndpoint *server, LzSrtp *srtp, LzBytes datagram)
{
    LzCryptoWork work;
    LzTlsStep step;
    if (lz_dtls_is_hello(datagram)) {
        const LzDtlsHello hello = {.address = 1, .port = 2, .datagram = datagram};
        LzBuffer *answer = lz_dtls_answer_hello(lab->server, &hello, LZ_TEST_START_S * LZ_NS_PER_S, &work);
        g_assert_true(!answer || answer->size <= datagram.size);        /* nothing is amplified */
        lz_buffer_unref(answer);
    }
    lz_dtls_connection_id(datagram);
    LzBuffer *media = lz_srtp_unprotect(srtp, datagram, &work);
    g_assert_null(media);
    lz_tls_endpoint_feed(server, datagram);
    lz_tls_endpoint_step(server, LZ_TEST_START_S * LZ_NS_PER_S, &step);
    g_assert_false(step.just_opened);           /* nobody can know our key share before he has seen it */
    g_assert_null(step.messages);
    lz_tls_step_clear(&step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[LZ_SRTP_KEY_BYTES + LZ_SRTP_SALT_BYTES] = "nobody knows this";
    const LzTlsLab *lab = shared_lab();
    LzTlsEndpoint *server = lz_tls_endpoint_new(lab->server, 1, lab->server_options.entity, 0, NULL);
    LzSrtp *srtp = lz_srtp_new(key, key + LZ_SRTP_KEY_BYTES);
    while (size > 2) {
        size_t length = MIN((size_t)data[0] << 8 | data[1], size - 2);
        meet(lab, server, srtp, (LzBytes){data + 2, length});
        data += 2 + length;
        size -= 2 + length;
    }
    lz_srtp_free(srtp);
    lz_tls_endpoint_free(server);
    return 0;
}
