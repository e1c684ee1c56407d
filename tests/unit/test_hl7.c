/* The codec of HL7 v2 and its framing: what is written reads back, exactly as large as wanted, in any split. */
#include <glib.h>
#include <string.h>

#include "lazaret/protocol/hl7.h"
#include "lazaret/protocol/text.h"

#define MARK UINT64_C(0x0000000700000123)
#define WALL_NS LZ_SECONDS(1772431200)

static void assert_text(LzBytes bytes, const char *expected)
{
    g_assert_cmpmem(bytes.data, bytes.size, expected, strlen(expected));
}

static void test_reports(void)
{
    static const char *const triggers[] = {"R01", "R40", "R41", "R42"};
    for (LzHl7Kind kind = LZ_HL7_OBSERVATION; kind <= LZ_HL7_EVENT; kind++) {
        const LzHl7Report report = {.kind = kind, .message = MARK, .wall_ns = WALL_NS, .device = "pump[7]"};
        LzWriter least = lz_writer_counting();
        lz_hl7_write_report(&least, &report, 0);
        g_test_message("the smallest %s has %zu bytes", triggers[kind], least.size);
        g_assert_cmpuint(least.size, <, 750);
        for (size_t size = least.size; size < 40000; size += 1 + size / 60) {
            g_autofree uint8_t *bytes = g_malloc(size);
            LzWriter writer = lz_writer(bytes, size);
            lz_hl7_write_report(&writer, &report, size);
            g_assert_false(writer.failed);
            g_assert_cmpuint(writer.size, ==, size);
            LzHl7Message message;
            g_assert_true(lz_hl7_decode((LzBytes){bytes, size}, &message));
            g_assert_cmpint(message.kind, ==, kind);
            g_assert_cmpuint(lz_read_text_mark(message.control_id), ==, MARK);
            g_assert_cmpuint(lz_read_text_mark(message.reference), ==, MARK);
            assert_text(message.trigger, triggers[kind]);
            assert_text(message.sender, "pump[7]");
        }
    }
}

static void test_fields(void)
{
    static const char message[] = "MSH|^~\\&|A|B\rPID|1||x^y\rOBX|1|NM||\rOBX|2|ST";
    LzBytes value;
    static const struct { const char *segment; unsigned field; const char *value; } cases[] = {
        {"MSH", 2, "^~\\&"}, {"MSH", 4, "B"}, {"MSH", 5, NULL}, {"PID", 2, ""}, {"PID", 3, "x^y"}, {"PID", 4, NULL},
        {"OBX", 1, "1"}, {"OBX", 2, "NM"}, {"OBR", 1, NULL}, {"PI", 1, NULL}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const bool is_there = lz_hl7_field(lz_bytes_of_text(message), cases[i].segment, cases[i].field, &value);
        g_assert_true(is_there == (cases[i].value != NULL));
        if (is_there) {
            assert_text(value, cases[i].value);
        }
    }
}

static void test_acknowledgement(void)
{
    static const char *const codes[] = {"AA", "AE", "AR"};
    static const char asked[] = "MSH|^~\\&|a|b|||20260302||ORU^R40^ORU_R40|ID17|P|2.6\rOBR|1||alarm-5\r";
    LzHl7Message message, answer;
    g_assert_true(lz_hl7_decode(lz_bytes_of_text(asked), &message));
    g_assert_cmpint(message.kind, ==, LZ_HL7_ALARM);
    assert_text(message.reference, "alarm-5");
    for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++) {
        uint8_t bytes[512];
        LzWriter writer = lz_writer(bytes, sizeof bytes);
        lz_hl7_write_ack(&writer, &message, codes[i], "engine", WALL_NS);
        g_assert_true(lz_hl7_decode((LzBytes){bytes, writer.size}, &answer));
        g_assert_cmpint(answer.kind, ==, LZ_HL7_ACK);
        assert_text(answer.code, codes[i]);
        assert_text(answer.answered_id, "ID17");
        assert_text(answer.trigger, "R40");
    }
}

static void test_bad_messages(void)
{
    static const char *const bad[] = {
        "", "MSH", "PID|1\rMSH|^~\\&|a|b|||2026||ORU^R01|1|P|2.6\r", "MSH|^~\\&|a|b|||2026||ORU^R01||P|2.6\r",
        "MSH|^~\\&|a|b|||2026||ORU^R01|1|P|3.0\r", "MSH|^~\\&|a|b|||2026||ORU^R01|1|P\r", "MSH#^~\\&#a#b###2026##ORU^R01#1#P#2.6\r",
        "MSH|$~\\&|a|b|||2026||ORU^R01|1|P|2.6\r", "MSH|^~\\&|a|b|||2026||ACK^R01|1|P|2.6\r", "MSH|^~\\&|a|b|||2026||ACK|1|P|2.6\rMSA|AA\r"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        LzHl7Message message = {.kind = LZ_HL7_EVENT};
        g_assert_false(lz_hl7_decode(lz_bytes_of_text(bad[i]), &message));
        g_assert_cmpint(message.kind, ==, LZ_HL7_EVENT);
    }
}

static void test_frames(void)
{
    static const char stream_text[] = "\x0b" "first\r\x1c\r\x0b\x1c\r\x0b" "third message\r\x1c\r";
    static const char *const expected[] = {"first\r", "", "third message\r"};
    for (size_t piece = 1; piece <= strlen(stream_text); piece++) {
        LzMllpStream stream;
        lz_mllp_stream_init(&stream, 20);
        unsigned seen = 0;
        for (size_t at = 0; at < strlen(stream_text); at += piece) {
            LzBytes message, input = {(const uint8_t *)stream_text + at, MIN(piece, strlen(stream_text) - at)};
            LzMllpProgress progress;
            while ((progress = lz_mllp_stream_next(&stream, &input, &message)) == LZ_MLLP_MESSAGE) {
                assert_text(message, expected[seen++]);
            }
            g_assert_cmpint(progress, ==, LZ_MLLP_MORE);
        }
        g_assert_cmpuint(seen, ==, 3);
        lz_mllp_stream_clear(&stream);
    }
}

static void test_broken_frames(void)
{
    static const char *const bad[] = {"x", "\x0b" "a\x1c\n", "\x0b" "a\x1c\r\n", "\x0b" "more than twenty bytes\x1c\r", "\x1c\r"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        LzMllpStream stream;
        lz_mllp_stream_init(&stream, 20);
        LzBytes message, input = lz_bytes_of_text(bad[i]);
        LzMllpProgress progress;
        while ((progress = lz_mllp_stream_next(&stream, &input, &message)) == LZ_MLLP_MESSAGE) {
        }
        g_assert_cmpint(progress, ==, LZ_MLLP_BROKEN);
        input = lz_bytes_of_text("\x0b" "a\x1c\r");
        g_assert_cmpint(lz_mllp_stream_next(&stream, &input, &message), ==, LZ_MLLP_BROKEN);
        lz_mllp_stream_clear(&stream);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hl7/reports", test_reports);
    g_test_add_func("/hl7/fields", test_fields);
    g_test_add_func("/hl7/acknowledgement", test_acknowledgement);
    g_test_add_func("/hl7/bad-messages", test_bad_messages);
    g_test_add_func("/hl7/frames", test_frames);
    g_test_add_func("/hl7/broken-frames", test_broken_frames);
    return g_test_run();
}
