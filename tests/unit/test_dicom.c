/* The codec of DICOM: associations, fragments and commands read back as they were written, in any split, and an image has
 * the elements that its pixels need. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/dicom.h"
#include "lazaret/protocol/text.h"

#define MESSAGE UINT64_C(0x0000000700000123)
#define CT_CLASS "1.2.840.10008.5.1.4.1.1.2"

static void assert_text(LzBytes bytes, const char *expected)
{
    g_assert_cmpmem(bytes.data, bytes.size, expected, strlen(expected));
}

/* The body of the first PDU, which lives as long as the stream. */
static LzBytes body_of(LzDicomStream *stream, LzBytes bytes, LzDicomPdu expected)
{
    LzDicomPdu type;
    LzBytes body;
    g_assert_cmpint(lz_dicom_stream_next(stream, &bytes, &type, &body), ==, LZ_DICOM_PDU);
    g_assert_cmpint(type, ==, expected);
    return body;
}

static void test_associate(void)
{
    for (LzDicomPdu type = LZ_DICOM_ASSOCIATE_RQ; type <= LZ_DICOM_ASSOCIATE_AC; type++) {
        LzDicomAssociate asked = {.called = lz_bytes_of_text("ARCHIVE"), .calling = lz_bytes_of_text("a name of more than sixteen"),
                                  .pdu_bytes_max = 16384, .context_count = 2};
        asked.contexts[0] = (LzDicomContext){.id = 1, .abstract_syntax = lz_bytes_of_text(CT_CLASS)};
        asked.contexts[1] = (LzDicomContext){.id = 255, .result = LZ_DICOM_NO_TRANSFER_SYNTAX,
                                             .abstract_syntax = lz_bytes_of_text(lz_dicom_verification)};
        uint8_t bytes[1024];
        LzWriter writer = lz_writer(bytes, sizeof bytes), counted = lz_writer_counting();
        lz_dicom_write_associate(&writer, type, &asked);
        lz_dicom_write_associate(&counted, type, &asked);
        g_assert_cmpuint(writer.size, ==, counted.size);
        LzDicomStream stream;
        lz_dicom_stream_init(&stream, sizeof bytes);
        const LzBytes body = body_of(&stream, (LzBytes){bytes, writer.size}, type);
        g_assert_cmpuint(body.size, ==, writer.size - LZ_DICOM_PDU_HEADER_BYTES);
        LzDicomAssociate read;
        g_assert_true(lz_dicom_decode_associate(type, body, &read));
        assert_text(read.called, "ARCHIVE");
        assert_text(read.calling, "a name of more t");
        g_assert_cmpuint(read.pdu_bytes_max, ==, 16384);
        g_assert_cmpuint(read.context_count, ==, 2);
        g_assert_cmpuint(read.contexts[1].id, ==, 255);
        g_assert_true(read.contexts[0].has_explicit_little_endian);
        if (type == LZ_DICOM_ASSOCIATE_RQ) {
            assert_text(read.contexts[0].abstract_syntax, CT_CLASS);
        } else {
            g_assert_cmpint(read.contexts[1].result, ==, LZ_DICOM_NO_TRANSFER_SYNTAX);
        }
        for (size_t size = 0; size < body.size; size++) {
            lz_dicom_decode_associate(type, (LzBytes){body.data, size}, &read);
        }
        lz_dicom_stream_clear(&stream);
    }
}

static void test_short_pdus(void)
{
    uint8_t bytes[64];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_reject(&writer, 2, 3, 2);
    static const uint8_t reject[] = {3, 0, 0, 0, 0, 4, 0, 2, 3, 2};
    g_assert_cmpmem(bytes, writer.size, reject, sizeof reject);
    writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_release(&writer, LZ_DICOM_RELEASE_RP);
    static const uint8_t release[] = {6, 0, 0, 0, 0, 4, 0, 0, 0, 0};
    g_assert_cmpmem(bytes, writer.size, release, sizeof release);
    writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_abort(&writer, 2, 1);
    static const uint8_t abort[] = {7, 0, 0, 0, 0, 4, 0, 0, 2, 1};
    g_assert_cmpmem(bytes, writer.size, abort, sizeof abort);
}

static void test_command(void)
{
    static const LzDicomCommand commands[] = {
        {.field = LZ_DICOM_STORE_RQ, .message_id = 7, .has_data = true},
        {.field = LZ_DICOM_STORE_RSP, .message_id = 65535, .status = LZ_DICOM_OUT_OF_RESOURCES},
        {.field = LZ_DICOM_ECHO_RQ, .message_id = 1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        LzDicomCommand command = commands[i], read;
        command.sop_class = lz_bytes_of_text(CT_CLASS);
        command.sop_instance = lz_bytes_of_text("2.25.1234");
        uint8_t bytes[512];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        lz_dicom_write_command(&writer, &command);
        g_assert_cmpuint(bytes[8] + 12u, ==, writer.size);          /* the group's length counts what follows */
        g_assert_cmpuint(writer.size % 2, ==, 0);
        g_assert_true(lz_dicom_decode_command((LzBytes){bytes, writer.size}, &read));
        g_assert_cmpuint(read.field, ==, command.field);
        g_assert_cmpuint(read.message_id, ==, command.message_id);
        g_assert_cmpuint(read.status, ==, command.status);
        g_assert_true(read.has_data == command.has_data);
        assert_text(read.sop_class, CT_CLASS);
        assert_text(read.sop_instance, "2.25.1234");
        g_assert_false(lz_dicom_decode_command((LzBytes){bytes, writer.size - 1}, &read));
    }
}

/* An image cut to every limit comes together again, in pieces of many sizes. */
static void test_fragments(void)
{
    uint8_t data[5000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    static const uint32_t limits[] = {0, 4096, 1000, 12};
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        LzWriter counted = lz_writer_counting();
        lz_dicom_write_fragments(&counted, 3, false, (LzBytes){data, sizeof data}, limits[i]);
        g_autofree uint8_t *bytes = g_malloc(counted.size);
        LzWriter writer = lz_writer(bytes, counted.size);
        lz_dicom_write_fragments(&writer, 3, false, (LzBytes){data, sizeof data}, limits[i]);
        for (size_t piece = 1; piece < 6000; piece = piece * 3 + 1) {
            g_autoptr(GByteArray) together = g_byte_array_new();
            LzDicomStream stream;
            lz_dicom_stream_init(&stream, limits[i] ? limits[i] : 10000);
            bool was_last = false, is_broken = false;
            for (size_t at = 0; at < writer.size; at += piece) {
                LzBytes input = {bytes + at, MIN(piece, writer.size - at)}, body;
                LzDicomPdu type;
                LzDicomFragment fragment;
                while (lz_dicom_stream_next(&stream, &input, &type, &body) == LZ_DICOM_PDU) {
                    while (lz_dicom_next_fragment(&body, &fragment, &is_broken)) {
                        g_assert_false(was_last || fragment.is_command);
                        g_assert_cmpuint(fragment.context, ==, 3);
                        g_byte_array_append(together, fragment.bytes.data, (guint)fragment.bytes.size);
                        was_last = fragment.is_last;
                    }
                }
            }
            g_assert_true(was_last && !is_broken);
            g_assert_cmpmem(together->data, together->len, data, sizeof data);
            lz_dicom_stream_clear(&stream);
        }
    }
}

static void test_limits(void)
{
    static const uint8_t too_long[] = {4, 0, 0, 1, 0, 1}, no_type[] = {8, 0, 0, 0, 0, 4}, bad_fragment[] = {0, 0, 0, 9, 1, 0};
    LzDicomStream stream;
    LzDicomPdu type;
    LzBytes body;
    static const struct { const uint8_t *data; size_t size; } broken[] = {{too_long, sizeof too_long}, {no_type, sizeof no_type}};
    for (unsigned i = 0; i < G_N_ELEMENTS(broken); i++) {
        LzBytes input = {broken[i].data, broken[i].size};
        lz_dicom_stream_init(&stream, 65536);
        g_assert_cmpint(lz_dicom_stream_next(&stream, &input, &type, &body), ==, LZ_DICOM_BROKEN);
        g_assert_cmpint(lz_dicom_stream_next(&stream, &input, &type, &body), ==, LZ_DICOM_BROKEN);
        lz_dicom_stream_clear(&stream);
    }
    LzDicomFragment fragment;
    bool is_broken = false;
    body = (LzBytes){bad_fragment, sizeof bad_fragment};
    g_assert_false(lz_dicom_next_fragment(&body, &fragment, &is_broken));
    g_assert_true(is_broken);
}

static void test_uids(void)
{
    uint8_t bytes[LZ_DICOM_UID_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_dicom_write_instance_uid(&writer, MESSAGE);
    g_assert_cmpuint(lz_dicom_message_of_uid((LzBytes){bytes, writer.size}), ==, MESSAGE);
    g_assert_cmpuint(lz_dicom_message_of_uid((LzBytes){bytes, writer.size - 1}), ==, 0);
    g_assert_cmpuint(lz_dicom_message_of_uid(lz_bytes_of_text(CT_CLASS)), ==, 0);
}

/* Elements in rising order, and pixels of about the wanted size, in whole rows. */
static void test_image(void)
{
    static const uint32_t sizes[] = {12, 1000, 131072, 524288, 7500000};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const LzDicomImage image = {.message = MESSAGE, .wall_ns = LZ_SECONDS(1772431200), .study = 5, .number = 3, .pixel_bytes = sizes[i]};
        LzWriter counted = lz_writer_counting();
        lz_dicom_write_image(&counted, &image);
        g_autofree uint8_t *bytes = g_malloc(counted.size);
        LzWriter writer = lz_writer(bytes, counted.size);
        lz_dicom_write_image(&writer, &image);
        g_assert_false(writer.failed);
        uint32_t last = 0;
        uint64_t pixels = 0;
        for (size_t at = 0; at < writer.size;) {
            const uint8_t *element = bytes + at;
            const uint32_t tag = (uint32_t)(element[0] | element[1] << 8) << 16 | (uint32_t)(element[2] | element[3] << 8);
            g_assert_cmpuint(tag, >, last);
            last = tag;
            const bool is_long = memcmp(element + 4, "OW", 2) == 0;
            const uint32_t size = is_long ? element[8] | (uint32_t)element[9] << 8 | (uint32_t)element[10] << 16 | (uint32_t)element[11] << 24
                                          : (uint32_t)(element[6] | element[7] << 8);
            g_assert_cmpuint(size % 2, ==, 0);
            pixels = size;
            at += (is_long ? 12 : 8) + size;
        }
        g_assert_cmpuint(last, ==, 0x7fe00010);
        g_assert_cmpuint(pixels, <=, MAX(sizes[i], 16));
        g_assert_cmpuint(pixels, >=, sizes[i] - sizes[i] / 100 * 3 - (sizes[i] < 2000 ? 100 : 0) * (sizes[i] > 12));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dicom/associate", test_associate);
    g_test_add_func("/dicom/short-pdus", test_short_pdus);
    g_test_add_func("/dicom/command", test_command);
    g_test_add_func("/dicom/fragments", test_fragments);
    g_test_add_func("/dicom/limits", test_limits);
    g_test_add_func("/dicom/uids", test_uids);
    g_test_add_func("/dicom/image", test_image);
    return g_test_run();
}
