/* What admits devices, under hostile bytes: the first byte chooses EAPOL with EAP, RADIUS, a PKCS#7 with certificates, its
 * base64, or a certificate. What is accepted of EAP encodes again to the same bytes. */
#include <glib.h>

#include "lazaret/authority.h"
#include "lazaret/protocol/eap.h"
#include "lazaret/protocol/est.h"
#include "lazaret/protocol/radius.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frame(LzBytes bytes)
{
    LzEapolType type;
    LzBytes body;
    LzEap eap, again;
    if (!lz_eapol_decode(bytes, &type, &body) || !lz_eap_decode(body, &eap)) {
        return;
    }
    uint8_t written[2048];
    LzWriter writer = lz_writer(written, sizeof written);
    if (eap.data.size < 1500 && lz_eap_encode(&writer, &eap)) {
        g_assert_true(lz_eap_decode((LzBytes){written, writer.size}, &again));
        g_assert_true(again.code == eap.code && again.id == eap.id && lz_bytes_equal(again.data, eap.data));
    }
    LzEapFragments fragments = {0};
    for (unsigned i = 0; i < 3 && lz_eap_fragments_take(&fragments, &eap) == LZ_EAP_MORE; i++) {
    }
    lz_eap_fragments_clear(&fragments);
}

static void read_certificates(LzBytes bytes)
{
    LzBytes certificates[LZ_EST_CERTIFICATES_MAX];
    unsigned count = lz_est_decode_certificates(bytes, certificates, LZ_EST_CERTIFICATES_MAX);
    for (unsigned i = 0; i < count; i++) {
        LzCertificate certificate;
        lz_certificate_read(certificates[i], &certificate);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const LzBytes bytes = {data + 1, size - 1};
    LzRadius message;
    LzCertificate certificate;
    if (data[0] == 'e') {
        read_frame(bytes);
    } else if (data[0] == 'r') {
        lz_radius_decode(bytes, LZ_RADIUS_TEST_SECRET, NULL, &message);
    } else if (data[0] == 'p') {
        read_certificates(bytes);
    } else if (data[0] == 'b') {
        lz_buffer_unref(lz_est_base64_decode(bytes));
    } else {
        lz_certificate_read(bytes, &certificate);
    }
    return 0;
}
