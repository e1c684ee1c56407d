/* What tells of revoked certificates, under hostile bytes: the first byte chooses a list, an answer about one, or a question. */
#include <glib.h>

#include "sim/tls/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once per process: no input can change it. Its CA has signed the samples. */
static LzPki *shared_pki(void)
{
    static LzPki *pki;
    if (!pki) {
        const LzPkiOptions options = {.seed = 1, .start_unix_s = INT64_C(1772431200), .intermediates = 1};
        pki = lz_pki_new(&options, NULL);
    }
    return pki;
}

static void read_list(LzPki *pki, LzBytes bytes)
{
    LzCryptoWork work;
    LzStatusSpan span;
    uint64_t *serials = NULL;
    unsigned count = 0;
    if (lz_revocation_read_crl(pki, bytes, &span, &serials, &count, &work)) {
        g_assert_cmpuint(count, <=, bytes.size);
    }
    g_free(serials);
}

static void read_answer(LzPki *pki, LzBytes bytes)
{
    static const uint64_t stolen = UINT64_C(0x4000000000001267);
    LzCryptoWork work;
    LzStatusSpan span;
    bool is_revoked = false;
    lz_revocation_read_ocsp(pki, bytes, stolen, &span, &is_revoked, &work);
}

/* What is understood is understood in just one way. */
static void read_question(LzPki *pki, LzBytes bytes)
{
    uint64_t serial, again = 0;
    if (lz_ocsp_request_read(pki, bytes, &serial)) {
        LzBuffer *written = lz_ocsp_request(pki, serial);
        g_assert_true(lz_ocsp_request_read(pki, (LzBytes){written->data, written->size}, &again) && again == serial);
        lz_buffer_unref(written);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const LzBytes bytes = {data + 1, size - 1};
    (data[0] == 'c' ? read_list : data[0] == 'a' ? read_answer : read_question)(shared_pki(), bytes);
    return 0;
}
