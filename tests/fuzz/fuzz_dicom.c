/* DICOM under hostile bytes: PDUs in pieces that the first byte of the input chooses; associations, fragments and commands
 * of what comes out. What is accepted as a command is written again as the same. */
#include <glib.h>

#include "lazaret/protocol/dicom.h"

#define PDU_BYTES_MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_command(LzBytes bytes)
{
    LzDicomCommand command, again;
    if (!lz_dicom_decode_command(bytes, &command)) {
        return;
    }
    lz_dicom_message_of_uid(command.sop_instance);
    LzWriter counted = lz_writer_counting();
    lz_dicom_write_command(&counted, &command);
    g_autofree uint8_t *written = g_malloc(counted.size);
    LzWriter writer = lz_writer(written, counted.size);
    lz_dicom_write_command(&writer, &command);
    g_assert_true(lz_dicom_decode_command((LzBytes){written, writer.size}, &again));
    g_assert_cmpuint(again.field, ==, command.field);
    g_assert_cmpuint(again.message_id, ==, command.message_id);
}

static void check_pdu(LzDicomPdu type, LzBytes body)
{
    g_autofree LzDicomAssociate *associate = g_new0(LzDicomAssociate, 1);
    LzDicomFragment fragment;
    bool is_broken = false;
    lz_dicom_decode_associate(type, body, associate);
    while (lz_dicom_next_fragment(&body, &fragment, &is_broken)) {
        check_command(fragment.bytes);
    }
}

static size_t feed(LzBytes bytes, size_t piece)
{
    LzDicomStream stream;
    lz_dicom_stream_init(&stream, PDU_BYTES_MAX);
    size_t framed = 0;
    for (size_t offset = 0; offset < bytes.size; offset += piece) {
        LzBytes body, input = {bytes.data + offset, MIN(piece, bytes.size - offset)};
        LzDicomPdu type;
        while (lz_dicom_stream_next(&stream, &input, &type, &body) == LZ_DICOM_PDU) {
            framed += 1 + body.size;
            check_pdu(type, body);
        }
        g_assert_true(!stream.kept || stream.kept->len <= bytes.size);
    }
    lz_dicom_stream_clear(&stream);
    return framed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const LzBytes bytes = {data + 1, size - 1};
    const size_t whole = feed(bytes, MAX(bytes.size, 1));
    g_assert_cmpuint(feed(bytes, 1u + data[0]), ==, whole);
    check_command(bytes);
    return 0;
}
