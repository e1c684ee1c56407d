/* MLLP and HL7 v2 under hostile bytes: the first byte of the input chooses the pieces in which the rest arrives. */
#include <glib.h>

#include "lazaret/protocol/hl7.h"
#include "lazaret/protocol/text.h"

#define MESSAGE_BYTES_MAX 2048u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(LzBytes bytes)
{
    LzHl7Message message, answer;
    uint8_t written[2 * MESSAGE_BYTES_MAX];
    if (!lz_hl7_decode(bytes, &message)) {
        return;
    }
    lz_read_text_mark(message.control_id);
    LzWriter writer = lz_writer(written, sizeof written);
    lz_hl7_write_ack(&writer, &message, "AA", "fuzzer", 0);
    if (!writer.failed && message.kind < LZ_HL7_KIND_COUNT) {
        g_assert_true(lz_hl7_decode((LzBytes){written, writer.size}, &answer));
        g_assert_true(lz_bytes_equal(answer.answered_id, message.control_id));
    }
}

static size_t feed(LzBytes bytes, size_t piece)
{
    LzMllpStream stream;
    lz_mllp_stream_init(&stream, MESSAGE_BYTES_MAX);
    size_t framed = 0;
    for (size_t offset = 0; offset < bytes.size; offset += piece) {
        LzBytes message, input = {bytes.data + offset, MIN(piece, bytes.size - offset)};
        while (lz_mllp_stream_next(&stream, &input, &message) == LZ_MLLP_MESSAGE) {
            framed += 1 + message.size;
            check_message(message);
        }
        g_assert_true(!stream.kept || stream.kept->len <= MESSAGE_BYTES_MAX);
    }
    lz_mllp_stream_clear(&stream);
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
    if (bytes.size <= MESSAGE_BYTES_MAX) {
        check_message(bytes);
    }
    return 0;
}
