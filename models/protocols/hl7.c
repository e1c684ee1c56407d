#include "lazaret/protocol/hl7.h"

#include "lazaret/protocol/text.h"

static const struct { const char *type, *trigger, *structure, *profile; } kinds[LZ_HL7_KIND_COUNT] = {
    [LZ_HL7_OBSERVATION] = {"ORU", "R01", "ORU_R01", "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"},
    [LZ_HL7_ALARM] = {"ORU", "R40", "ORU_R40", "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO"},
    [LZ_HL7_ALARM_STATUS] = {"ORU", "R41", "ORU_R41", "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.5.1^ISO"},
    [LZ_HL7_EVENT] = {"ORU", "R42", "ORU_R01", "IHE_PCD_010^IHE PCD^1.3.6.1.4.1.19376.1.6.1.10.1^ISO"},
    [LZ_HL7_LOGON] = {"NMD", "N02", "NMD_N02", ""},
    [LZ_HL7_ACK] = {"ACK", NULL, "ACK", ""},
};

/* ---- reading ---- */

/* Takes off what stands before the next separator, or all. */
static LzBytes take_until(LzBytes *text, uint8_t separator)
{
    const uint8_t *end = text->size > 0 ? memchr(text->data, separator, text->size) : NULL;
    const LzBytes before = {text->data, end ? (size_t)(end - text->data) : text->size};
    const size_t taken = before.size + (end != NULL);
    *text = (LzBytes){taken > 0 ? text->data + taken : text->data, text->size - taken};
    return before;
}

/* In MSH the separator itself counts as the first field: HL7 v2.6, 2.14.9. */
bool lz_hl7_field(LzBytes message, const char *segment, unsigned field, LzBytes *ret_value)
{
    while (message.size > 0) {
        LzBytes line = take_until(&message, '\r');
        if (!lz_bytes_equal(take_until(&line, '|'), lz_bytes_of_text(segment))) {
            continue;
        }
        for (unsigned i = strcmp(segment, "MSH") == 0 ? 2 : 1; line.size > 0; i++) {
            const LzBytes value = take_until(&line, '|');
            if (i == field) {
                *ret_value = value;
                return true;
            }
        }
        return false;
    }
    return false;
}

static LzHl7Kind kind_of(LzBytes type, LzBytes trigger)
{
    for (LzHl7Kind kind = 0; kind < LZ_HL7_KIND_COUNT; kind++) {
        const bool is_trigger = !kinds[kind].trigger || lz_bytes_equal(trigger, lz_bytes_of_text(kinds[kind].trigger));
        if (is_trigger && lz_bytes_equal(type, lz_bytes_of_text(kinds[kind].type))) {
            return kind;
        }
    }
    return LZ_HL7_KIND_COUNT;
}

/* We read the usual separators alone. */
bool lz_hl7_decode(LzBytes bytes, LzHl7Message *ret_message)
{
    LzHl7Message message = {.bytes = bytes};
    LzBytes separators, type, version;
    if (!lz_hl7_field(bytes, "MSH", 2, &separators) || !lz_bytes_equal(separators, lz_bytes_of_text("^~\\&")) ||
        memcmp(bytes.data, "MSH|", 4) != 0) {
        return false;
    }
    if (!lz_hl7_field(bytes, "MSH", 9, &type) || !lz_hl7_field(bytes, "MSH", 10, &message.control_id) ||
        !lz_hl7_field(bytes, "MSH", 12, &version) || message.control_id.size == 0 || version.size < 2 ||
        memcmp(version.data, "2.", 2) != 0) {
        return false;
    }
    lz_hl7_field(bytes, "MSH", 3, &message.sender);
    const LzBytes name = take_until(&type, '^');
    message.trigger = take_until(&type, '^');
    message.kind = kind_of(name, message.trigger);
    if (message.kind == LZ_HL7_ACK &&
        (!lz_hl7_field(bytes, "MSA", 1, &message.code) || !lz_hl7_field(bytes, "MSA", 2, &message.answered_id))) {
        return false;
    }
    lz_hl7_field(bytes, "OBR", 3, &message.reference);
    *ret_message = message;
    return true;
}

/* ---- writing ---- */

static void write_header(LzWriter *writer, LzHl7Kind kind, LzBytes trigger, const char *sender, LzTime wall_ns)
{
    lz_write_text(writer, "MSH|^~\\&|");
    lz_write_text(writer, sender);
    lz_write_text(writer, "|LAZARET|||");
    lz_write_date(writer, wall_ns, false);
    lz_write_text(writer, "||");
    lz_write_text(writer, kinds[kind].type);
    lz_write_text(writer, "^");
    lz_write_bytes(writer, trigger);
    lz_write_text(writer, "^");
    lz_write_text(writer, kinds[kind].structure);
    lz_write_text(writer, "|");
}

/* Values as a bedside device reports them: codes and units of IEEE 11073-10101. */
static const struct { const char *code, *value, *unit; } metrics[] = {
    {"147842^MDC_ECG_HEART_RATE^MDC", "72", "264864^MDC_DIM_BEAT_PER_MIN^MDC"},
    {"151562^MDC_RESP_RATE^MDC", "16", "264928^MDC_DIM_RESP_PER_MIN^MDC"},
    {"150456^MDC_PULS_OXIM_SAT_O2^MDC", "97", "262688^MDC_DIM_PERCENT^MDC"},
    {"149530^MDC_PULS_OXIM_PULS_RATE^MDC", "72", "264864^MDC_DIM_BEAT_PER_MIN^MDC"},
    {"150021^MDC_PRESS_BLD_NONINV_SYS^MDC", "118", "266016^MDC_DIM_MMHG^MDC"},
    {"150022^MDC_PRESS_BLD_NONINV_DIA^MDC", "76", "266016^MDC_DIM_MMHG^MDC"},
    {"150023^MDC_PRESS_BLD_NONINV_MEAN^MDC", "90", "266016^MDC_DIM_MMHG^MDC"},
    {"150344^MDC_TEMP^MDC", "37.1", "268192^MDC_DIM_DEGC^MDC"},
};

static void write_value(LzWriter *writer, unsigned number, unsigned metric)
{
    lz_write_text(writer, "OBX|");
    lz_write_decimal(writer, number, 1);
    lz_write_text(writer, "|NM|");
    lz_write_text(writer, metrics[metric].code);
    lz_write_text(writer, "|1.1.1.");
    lz_write_decimal(writer, number, 1);
    lz_write_text(writer, "|");
    lz_write_text(writer, metrics[metric].value);
    lz_write_text(writer, "|");
    lz_write_text(writer, metrics[metric].unit);
    lz_write_text(writer, "|||||R\r");
}

static size_t value_bytes(unsigned number, unsigned metric)
{
    LzWriter writer = lz_writer_counting();
    write_value(&writer, number, metric);
    return writer.size;
}

static void write_alarm(LzWriter *writer)
{
    lz_write_text(writer, "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1.1.1|196652^MDC_EVT_HI^MDC||||||R\r"
                          "OBX|2|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.1.1.2|PH||||||R\r"
                          "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.3|start||||||R\r");
}

#define WAVE_BEGIN "|NA|131329^MDC_ECG_ELEC_POTL_II^MDC|1.1.2.1|"
#define WAVE_END "|266418^MDC_DIM_MILLI_VOLT^MDC|||||R\r"
#define SAMPLES "2041^2043^2037^2025^2027^2034^2033^2040^2047^2047^2053^2058^2064^2059^2063^2061^2052^2053^2038^"
#define NOTE "NTE|1|L|LAZARET TEST DATA"

static void write_wave(LzWriter *writer, unsigned number, size_t samples_bytes)
{
    lz_write_text(writer, "OBX|");
    lz_write_decimal(writer, number, 1);
    lz_write_text(writer, WAVE_BEGIN);
    lz_write_filler(writer, samples_bytes, SAMPLES);
    lz_write_text(writer, WAVE_END);
}

static void write_begin(LzWriter *writer, const LzHl7Report *report)
{
    write_header(writer, report->kind, lz_bytes_of_text(kinds[report->kind].trigger), report->device, report->wall_ns);
    lz_write_text_mark(writer, report->message);
    lz_write_text(writer, "|P|2.6|||AL|AL|||||");
    lz_write_text(writer, kinds[report->kind].profile);
    lz_write_text(writer, "\r");
    if (report->kind == LZ_HL7_LOGON) {
        lz_write_text(writer, "NCK|");
        lz_write_date(writer, report->wall_ns, false);
        lz_write_text(writer, "\r");
        return;
    }
    lz_write_text(writer, "PID|||TEST^^^LAZARET^PI||Test^Data^^^^^L\rPV1||I|WARD^1^1\rOBR|1||");
    if (report->reference.size > 0) {
        lz_write_bytes(writer, report->reference);
    } else {
        lz_write_text_mark(writer, report->message);
    }
    lz_write_text(writer, "|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||");
    lz_write_date(writer, report->wall_ns, false);
    lz_write_text(writer, "\r");
}

static void write_note(LzWriter *writer, size_t from, size_t size_bytes)
{
    lz_write_text(writer, NOTE);
    const size_t written = writer->size - from + 1;
    lz_write_filler(writer, size_bytes > written ? size_bytes - written : 0, " LAZARET TEST DATA");
    lz_write_text(writer, "\r");
}

#define NUMERICS_MAX 200u               /* of OBX segments, before a waveform takes what is left */

void lz_hl7_write_report(LzWriter *writer, const LzHl7Report *report, size_t size_bytes)
{
    const unsigned count_max = sizeof metrics / sizeof *metrics;
    const size_t from = writer->size;
    write_begin(writer, report);
    if (report->kind == LZ_HL7_LOGON) {
        return;
    }
    unsigned number = 1;
    if (report->kind == LZ_HL7_ALARM || report->kind == LZ_HL7_ALARM_STATUS) {
        write_alarm(writer);
        number = 4;
    }
    do {
        write_value(writer, number, number % count_max);
        number++;
    } while (number < NUMERICS_MAX && writer->size - from + value_bytes(number, number % count_max) + strlen(NOTE) < size_bytes);
    const size_t written = writer->size - from + strlen("OBX|200" WAVE_BEGIN WAVE_END NOTE) + 1;
    if (size_bytes > written) {
        write_wave(writer, number, size_bytes - written);
    }
    write_note(writer, from, size_bytes);
}

/* An ACK's own control id is the answered one's behind a letter: it is never answered itself. */
void lz_hl7_write_ack(LzWriter *writer, const LzHl7Message *answered, const char *code, const char *sender, LzTime wall_ns)
{
    write_header(writer, LZ_HL7_ACK, answered->trigger, sender, wall_ns);
    lz_write_text(writer, "A");
    lz_write_bytes(writer, answered->control_id);
    lz_write_text(writer, "|P|2.6\rMSA|");
    lz_write_text(writer, code);
    lz_write_text(writer, "|");
    lz_write_bytes(writer, answered->control_id);
    lz_write_text(writer, "\r");
    if (strcmp(code, "AA") != 0) {
        lz_write_text(writer, "ERR|||207^Application internal error^HL70357|E\r");
    }
}

/* ---- MLLP ---- */

enum { PHASE_BETWEEN, PHASE_INSIDE, PHASE_ENDING, PHASE_TAKEN, PHASE_BROKEN };

void lz_mllp_write_begin(LzWriter *writer)
{
    lz_write_u8(writer, LZ_MLLP_BEGIN);
}

void lz_mllp_write_end(LzWriter *writer)
{
    lz_write_u8(writer, LZ_MLLP_END);
    lz_write_u8(writer, '\r');
}

void lz_mllp_stream_init(LzMllpStream *stream, size_t message_bytes_max)
{
    *stream = (LzMllpStream){.message_bytes_max = message_bytes_max};
}

void lz_mllp_stream_clear(LzMllpStream *stream)
{
    if (stream->kept) {
        g_byte_array_unref(stream->kept);
    }
    lz_mllp_stream_init(stream, stream->message_bytes_max);
}

static LzBytes take(LzBytes *input, size_t size)
{
    const LzBytes taken = {input->data, size};
    *input = (LzBytes){size > 0 ? input->data + size : input->data, input->size - size};
    return taken;
}

/* Keeps what stands before the end of the block. False: the message is too long. */
static bool take_inside(LzMllpStream *stream, LzBytes *input)
{
    const uint8_t *end = memchr(input->data, LZ_MLLP_END, input->size);
    const LzBytes inside = take(input, end ? (size_t)(end - input->data) : input->size);
    if (inside.size > stream->message_bytes_max - stream->kept->len) {
        return false;
    }
    g_byte_array_append(stream->kept, inside.data, (guint)inside.size);
    if (end) {
        take(input, 1);
        stream->phase = PHASE_ENDING;
    }
    return true;
}

LzMllpProgress lz_mllp_stream_next(LzMllpStream *stream, LzBytes *input, LzBytes *ret_message)
{
    if (stream->phase == PHASE_TAKEN) {
        g_byte_array_set_size(stream->kept, 0);
        stream->phase = PHASE_BETWEEN;
    }
    while (input->size > 0 && stream->phase != PHASE_BROKEN) {
        if (stream->phase == PHASE_INSIDE) {
            stream->phase = take_inside(stream, input) ? stream->phase : PHASE_BROKEN;
            continue;
        }
        const uint8_t byte = take(input, 1).data[0];
        if (stream->phase == PHASE_ENDING && byte == '\r') {
            stream->phase = PHASE_TAKEN;
            *ret_message = (LzBytes){stream->kept->data, stream->kept->len};
            return LZ_MLLP_MESSAGE;
        }
        const bool begins = stream->phase == PHASE_BETWEEN && byte == LZ_MLLP_BEGIN;
        stream->phase = begins ? PHASE_INSIDE : PHASE_BROKEN;
        stream->kept = stream->kept ? stream->kept : g_byte_array_new();
    }
    return stream->phase == PHASE_BROKEN ? LZ_MLLP_BROKEN : LZ_MLLP_MORE;
}
