/* A fresh server endpoint of a mutual profile, both versions allowed, meets any first bytes. */
#include "tests/lib/tls_pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once per process: certificates are dear, and no input can change them. */
static const LzTlsLab *shared_lab(void)
{
    static LzTlsLab lab;
    if (!lab.server) {
        lab = lz_test_tls_lab(LZ_TLS_1_3, LZ_KEY_ECDSA_P256);
        lab.server_options.min_version = LZ_TLS_1_2;
        lab.server_options.has_tickets = true;
        lz_test_tls_open(&lab);
    }
    return &lab;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const LzTlsLab *lab = shared_lab();
    LzTlsEndpoint *server = lz_tls_endpoint_new(lab->server, 1, lab->server_options.entity, 0, NULL);
    LzTlsStep step;
    lz_tls_endpoint_feed(server, (LzBytes){.data = data, .size = size});
    lz_tls_endpoint_step(server, LZ_TEST_START_S * LZ_NS_PER_S, &step);
    g_assert_false(step.just_opened);           /* nobody can know our key share before he has seen it */
    g_assert_null(step.plaintext);
    lz_tls_step_clear(&step);
    lz_tls_endpoint_free(server);
    return 0;
}
