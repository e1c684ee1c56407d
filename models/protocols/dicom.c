#include "lazaret/protocol/dicom.h"

#include "lazaret/protocol/text.h"

const char lz_dicom_explicit_little_endian[] = "1.2.840.10008.1.2.1";
const char lz_dicom_verification[] = "1.2.840.10008.1.1";
static const char application_context[] = "1.2.840.10008.3.1.1.1";
static const char implementation_class[] = "2.25.1280986417";   /* UUID-derived root (PS3.5 B.2), of "LZM1" */

enum { ITEM_APPLICATION = 0x10, ITEM_CONTEXT_RQ = 0x20, ITEM_CONTEXT_AC = 0x21, ITEM_ABSTRACT = 0x30, ITEM_TRANSFER = 0x40,
       ITEM_USER = 0x50, ITEM_LENGTH = 0x51, ITEM_CLASS = 0x52, ITEM_VERSION = 0x55 };

#define TITLE_BYTES 16u

/* ---- streams ---- */

void lz_dicom_stream_init(LzDicomStream *stream, size_t pdu_bytes_max)
{
    *stream = (LzDicomStream){.pdu_bytes_max = pdu_bytes_max};
}

void lz_dicom_stream_clear(LzDicomStream *stream)
{
    if (stream->kept) {
        g_byte_array_unref(stream->kept);
    }
    lz_dicom_stream_init(stream, stream->pdu_bytes_max);
}

/* Takes bytes until so many are kept. */
static bool keep(LzDicomStream *stream, LzBytes *input, size_t wanted)
{
    const size_t missing = wanted - MIN(wanted, stream->kept->len), taken = MIN(missing, input->size);
    g_byte_array_append(stream->kept, input->data, (guint)taken);
    *input = (LzBytes){taken > 0 ? input->data + taken : input->data, input->size - taken};
    return taken == missing;
}

LzDicomProgress lz_dicom_stream_next(LzDicomStream *stream, LzBytes *input, LzDicomPdu *ret_type, LzBytes *ret_body)
{
    stream->kept = stream->kept ? stream->kept : g_byte_array_new();
    if (stream->is_taken) {
        g_byte_array_set_size(stream->kept, 0);
        stream->is_taken = false;
    }
    if (stream->is_broken || !keep(stream, input, LZ_DICOM_PDU_HEADER_BYTES)) {
        return stream->is_broken ? LZ_DICOM_BROKEN : LZ_DICOM_MORE;
    }
    LzReader reader = lz_reader((LzBytes){stream->kept->data, LZ_DICOM_PDU_HEADER_BYTES});
    const uint8_t type = lz_read_u8(&reader);
    lz_read_u8(&reader);
    const uint64_t size = lz_read_uint(&reader, 4);
    if (type < LZ_DICOM_ASSOCIATE_RQ || type > LZ_DICOM_ABORT || size > stream->pdu_bytes_max) {
        stream->is_broken = true;
        return LZ_DICOM_BROKEN;
    }
    if (!keep(stream, input, LZ_DICOM_PDU_HEADER_BYTES + (size_t)size)) {
        return LZ_DICOM_MORE;
    }
    stream->is_taken = true;
    *ret_type = (LzDicomPdu)type;
    *ret_body = (LzBytes){stream->kept->data + LZ_DICOM_PDU_HEADER_BYTES, (size_t)size};
    return LZ_DICOM_PDU;
}

/* ---- lengths that are known when what they count has been written ---- */

static size_t open_length(LzWriter *writer, unsigned width)
{
    lz_write_uint(writer, 0, width);
    return writer->size;
}

static void close_length(const LzWriter *writer, size_t from, unsigned width)
{
    LzWriter length = lz_writer(writer->data ? writer->data + from - width : NULL, width);
    if (writer->data && !writer->failed) {
        lz_write_uint(&length, writer->size - from, width);
    }
}

static size_t open_pdu(LzWriter *writer, LzDicomPdu type)
{
    lz_write_u8(writer, (uint8_t)type);
    lz_write_u8(writer, 0);
    return open_length(writer, 4);
}

static size_t open_item(LzWriter *writer, uint8_t type)
{
    lz_write_u8(writer, type);
    lz_write_u8(writer, 0);
    return open_length(writer, 2);
}

static void write_text_item(LzWriter *writer, uint8_t type, LzBytes text)
{
    const size_t from = open_item(writer, type);
    lz_write_bytes(writer, text);
    close_length(writer, from, 2);
}

/* ---- associations: PS3.8 9.3.2 to 9.3.4 ---- */

static void write_title(LzWriter *writer, LzBytes title)
{
    const size_t size = MIN(title.size, TITLE_BYTES);
    lz_write_bytes(writer, (LzBytes){title.data, size});
    lz_write_filler(writer, TITLE_BYTES - size, " ");
}

static void write_context(LzWriter *writer, bool is_request, const LzDicomContext *context)
{
    const size_t from = open_item(writer, is_request ? ITEM_CONTEXT_RQ : ITEM_CONTEXT_AC);
    lz_write_u8(writer, context->id);
    lz_write_u8(writer, 0);
    lz_write_u8(writer, is_request ? 0 : (uint8_t)context->result);
    lz_write_u8(writer, 0);
    if (is_request) {
        write_text_item(writer, ITEM_ABSTRACT, context->abstract_syntax);
    }
    write_text_item(writer, ITEM_TRANSFER, lz_bytes_of_text(lz_dicom_explicit_little_endian));
    close_length(writer, from, 2);
}

void lz_dicom_write_associate(LzWriter *writer, LzDicomPdu type, const LzDicomAssociate *associate)
{
    const size_t from = open_pdu(writer, type);
    lz_write_u16(writer, 1);            /* protocol version */
    lz_write_u16(writer, 0);
    write_title(writer, associate->called);
    write_title(writer, associate->calling);
    for (unsigned i = 0; i < 4; i++) {
        lz_write_uint(writer, 0, 8);
    }
    write_text_item(writer, ITEM_APPLICATION, lz_bytes_of_text(application_context));
    for (unsigned i = 0; i < associate->context_count; i++) {
        write_context(writer, type == LZ_DICOM_ASSOCIATE_RQ, &associate->contexts[i]);
    }
    const size_t user = open_item(writer, ITEM_USER), length = open_item(writer, ITEM_LENGTH);
    lz_write_uint(writer, associate->pdu_bytes_max, 4);
    close_length(writer, length, 2);
    write_text_item(writer, ITEM_CLASS, lz_bytes_of_text(implementation_class));
    write_text_item(writer, ITEM_VERSION, lz_bytes_of_text("LAZARET"));
    close_length(writer, user, 2);
    close_length(writer, from, 4);
}

static bool next_item(LzReader *reader, uint8_t *ret_type, LzBytes *ret_body)
{
    if (lz_reader_left(reader) == 0) {
        return false;
    }
    *ret_type = lz_read_u8(reader);
    lz_read_u8(reader);
    const uint16_t size = lz_read_u16(reader);
    *ret_body = lz_read_bytes(reader, size);
    return !reader->failed;
}

static bool read_context(LzBytes body, LzDicomAssociate *associate)
{
    LzReader reader = lz_reader(body);
    LzDicomContext context = {.id = lz_read_u8(&reader)};
    lz_read_u8(&reader);
    context.result = (LzDicomResult)lz_read_u8(&reader);
    lz_read_u8(&reader);
    uint8_t type;
    LzBytes item;
    while (next_item(&reader, &type, &item)) {
        if (type == ITEM_ABSTRACT) {
            context.abstract_syntax = item;
        } else if (type == ITEM_TRANSFER) {
            context.has_explicit_little_endian |= lz_bytes_equal(item, lz_bytes_of_text(lz_dicom_explicit_little_endian));
        }
    }
    if (reader.failed || context.id % 2 == 0 || associate->context_count == LZ_DICOM_CONTEXTS_MAX) {
        return false;
    }
    associate->contexts[associate->context_count++] = context;
    return true;
}

static bool read_user(LzBytes body, LzDicomAssociate *associate)
{
    LzReader reader = lz_reader(body);
    uint8_t type;
    LzBytes item;
    while (next_item(&reader, &type, &item)) {
        LzReader length = lz_reader(item);
        if (type == ITEM_LENGTH) {
            associate->pdu_bytes_max = (uint32_t)lz_read_uint(&length, 4);
        }
        if (length.failed) {
            return false;
        }
    }
    return !reader.failed;
}

static LzBytes read_title(LzReader *reader)
{
    LzBytes title = lz_read_bytes(reader, TITLE_BYTES);
    while (title.size > 0 && title.data[title.size - 1] == ' ') {
        title.size--;
    }
    return title;
}

bool lz_dicom_decode_associate(LzDicomPdu type, LzBytes body, LzDicomAssociate *ret_associate)
{
    LzReader reader = lz_reader(body);
    LzDicomAssociate *associate = ret_associate;
    associate->context_count = 0;
    associate->pdu_bytes_max = 0;
    const uint16_t version = lz_read_u16(&reader);
    lz_read_u16(&reader);
    associate->called = read_title(&reader);
    associate->calling = read_title(&reader);
    lz_read_bytes(&reader, 32);
    uint8_t item;
    LzBytes inside;
    const uint8_t wanted = type == LZ_DICOM_ASSOCIATE_RQ ? ITEM_CONTEXT_RQ : ITEM_CONTEXT_AC;
    while (next_item(&reader, &item, &inside)) {
        const bool is_good = item == wanted ? read_context(inside, associate) : item != ITEM_USER || read_user(inside, associate);
        if (!is_good) {
            return false;
        }
    }
    return !reader.failed && (version & 1) && associate->context_count > 0;
}

void lz_dicom_write_reject(LzWriter *writer, uint8_t result, uint8_t source, uint8_t reason)
{
    const size_t from = open_pdu(writer, LZ_DICOM_ASSOCIATE_RJ);
    lz_write_uint(writer, (uint64_t)result << 16 | (uint64_t)source << 8 | reason, 4);
    close_length(writer, from, 4);
}

void lz_dicom_write_release(LzWriter *writer, LzDicomPdu type)
{
    const size_t from = open_pdu(writer, type);
    lz_write_uint(writer, 0, 4);
    close_length(writer, from, 4);
}

void lz_dicom_write_abort(LzWriter *writer, uint8_t source, uint8_t reason)
{
    const size_t from = open_pdu(writer, LZ_DICOM_ABORT);
    lz_write_uint(writer, (uint64_t)source << 8 | reason, 4);
    close_length(writer, from, 4);
}

/* ---- fragments: PS3.8 9.3.5 and E.2 ---- */

#define FRAGMENT_HEADER_BYTES 6u        /* length, context, control header */

bool lz_dicom_next_fragment(LzBytes *body, LzDicomFragment *ret_fragment, bool *ret_is_broken)
{
    LzReader reader = lz_reader(*body);
    if (body->size == 0) {
        return false;
    }
    const uint64_t size = lz_read_uint(&reader, 4);
    const uint8_t context = lz_read_u8(&reader), control = lz_read_u8(&reader);
    const LzBytes bytes = size >= 2 ? lz_read_bytes(&reader, (size_t)size - 2) : (LzBytes){0};
    if (reader.failed || size < 2) {
        *ret_is_broken = true;
        return false;
    }
    *ret_fragment = (LzDicomFragment){.context = context, .is_command = control & 1, .is_last = control & 2, .bytes = bytes};
    *body = (LzBytes){body->data + reader.offset, body->size - reader.offset};
    return true;
}

void lz_dicom_write_fragments(LzWriter *writer, uint8_t context, bool is_command, LzBytes bytes, uint32_t pdu_bytes_max)
{
    const size_t room = pdu_bytes_max > 0 ? MAX(pdu_bytes_max, 2 * FRAGMENT_HEADER_BYTES) - FRAGMENT_HEADER_BYTES : SIZE_MAX;
    size_t at = 0;
    do {
        const size_t size = MIN(room, bytes.size - at);
        const bool is_last = at + size == bytes.size;
        const size_t from = open_pdu(writer, LZ_DICOM_DATA);
        lz_write_uint(writer, size + 2, 4);
        lz_write_u8(writer, context);
        lz_write_u8(writer, (uint8_t)((is_command ? 1 : 0) | (is_last ? 2 : 0)));
        lz_write_bytes(writer, (LzBytes){bytes.data + at, size});
        close_length(writer, from, 4);
        at += size;
    } while (at < bytes.size);
}

/* ---- elements, little endian: PS3.5 7.1 ---- */

static void write_little(LzWriter *writer, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        lz_write_u8(writer, (uint8_t)(value >> 8 * i));
    }
}

static uint64_t read_little(LzReader *reader, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)lz_read_u8(reader) << 8 * i;
    }
    return value;
}

static void write_tag(LzWriter *writer, uint32_t tag)
{
    write_little(writer, tag >> 16, 2);
    write_little(writer, tag & 0xffff, 2);
}

/* Values have even lengths: UIDs end in a zero byte, texts in a blank. */
static void write_even(LzWriter *writer, LzBytes value, uint8_t padding)
{
    lz_write_bytes(writer, value);
    if (value.size % 2) {
        lz_write_u8(writer, padding);
    }
}

static size_t even(size_t size)
{
    return size + size % 2;
}

/* ---- commands: implicit VR, PS3.7 6.3.1 and E.1 ---- */

enum { TAG_GROUP_LENGTH = 0x0000, TAG_SOP_CLASS = 0x0002, TAG_FIELD = 0x0100, TAG_MESSAGE_ID = 0x0110, TAG_ANSWERED_ID = 0x0120,
       TAG_PRIORITY = 0x0700, TAG_DATA_TYPE = 0x0800, TAG_STATUS = 0x0900, TAG_SOP_INSTANCE = 0x1000 };
enum { NO_DATA = 0x0101, IS_ANSWER = 0x8000 };

static void write_command_uint(LzWriter *writer, uint32_t tag, uint64_t value, unsigned width)
{
    write_tag(writer, tag);
    write_little(writer, width, 4);
    write_little(writer, value, width);
}

static void write_command_uid(LzWriter *writer, uint32_t tag, LzBytes uid)
{
    if (uid.size > 0) {
        write_tag(writer, tag);
        write_little(writer, even(uid.size), 4);
        write_even(writer, uid, 0);
    }
}

static void write_command_rest(LzWriter *writer, const LzDicomCommand *command)
{
    const bool is_answer = command->field & IS_ANSWER;
    write_command_uid(writer, TAG_SOP_CLASS, command->sop_class);
    write_command_uint(writer, TAG_FIELD, command->field, 2);
    write_command_uint(writer, is_answer ? TAG_ANSWERED_ID : TAG_MESSAGE_ID, command->message_id, 2);
    if (command->field == LZ_DICOM_STORE_RQ) {
        write_command_uint(writer, TAG_PRIORITY, 0, 2);
    }
    write_command_uint(writer, TAG_DATA_TYPE, command->has_data ? 1 : NO_DATA, 2);
    if (is_answer) {
        write_command_uint(writer, TAG_STATUS, command->status, 2);
    }
    write_command_uid(writer, TAG_SOP_INSTANCE, command->sop_instance);
}

void lz_dicom_write_command(LzWriter *writer, const LzDicomCommand *command)
{
    LzWriter rest = lz_writer_counting();
    write_command_rest(&rest, command);
    write_command_uint(writer, TAG_GROUP_LENGTH, rest.size, 4);
    write_command_rest(writer, command);
}

static LzBytes read_uid(LzBytes value)
{
    while (value.size > 0 && value.data[value.size - 1] == 0) {
        value.size--;
    }
    return value;
}

bool lz_dicom_decode_command(LzBytes bytes, LzDicomCommand *ret_command)
{
    LzReader reader = lz_reader(bytes);
    LzDicomCommand command = {0};
    bool has_field = false, has_id = false;
    while (lz_reader_left(&reader) > 0) {
        const uint32_t group = (uint32_t)read_little(&reader, 2), tag = group << 16 | (uint32_t)read_little(&reader, 2);
        const LzBytes value = lz_read_bytes(&reader, (size_t)read_little(&reader, 4));
        LzReader number = lz_reader(value);
        const uint16_t small = value.size == 2 ? (uint16_t)read_little(&number, 2) : 0;
        if (tag == TAG_FIELD) {
            command.field = small;
            has_field = value.size == 2;
        } else if (tag == TAG_MESSAGE_ID || tag == TAG_ANSWERED_ID) {
            command.message_id = small;
            has_id = value.size == 2;
        } else if (tag == TAG_DATA_TYPE) {
            command.has_data = small != NO_DATA;
        } else if (tag == TAG_STATUS) {
            command.status = small;
        } else if (tag == TAG_SOP_CLASS) {
            command.sop_class = read_uid(value);
        } else if (tag == TAG_SOP_INSTANCE) {
            command.sop_instance = read_uid(value);
        } else if (group != 0) {
            return false;
        }
    }
    if (reader.failed || !has_field || !has_id) {
        return false;
    }
    *ret_command = command;
    return true;
}

/* ---- images: PS3.3, the attributes that viewers look for; PS3.6 for tags and VRs ---- */

static const struct { const char *uid, *name; } modalities[LZ_DICOM_MODALITY_COUNT] = {
    [LZ_DICOM_CT] = {"1.2.840.10008.5.1.4.1.1.2", "CT"},
    [LZ_DICOM_MR] = {"1.2.840.10008.5.1.4.1.1.4", "MR"},
    [LZ_DICOM_CR] = {"1.2.840.10008.5.1.4.1.1.1", "CR"},
    [LZ_DICOM_US] = {"1.2.840.10008.5.1.4.1.1.6.1", "US"},
};

const char *lz_dicom_storage_class(LzDicomModality modality)
{
    return modalities[modality].uid;
}

bool lz_dicom_is_storage_class(LzBytes uid)
{
    for (unsigned i = 0; i < LZ_DICOM_MODALITY_COUNT; i++) {
        if (lz_bytes_equal(uid, lz_bytes_of_text(modalities[i].uid))) {
            return true;
        }
    }
    return false;
}

#define ID_DIGITS 20u                   /* of 2^64 */

void lz_dicom_write_instance_uid(LzWriter *writer, LzMessageId message)
{
    lz_write_text(writer, implementation_class);
    lz_write_decimal(writer, message, ID_DIGITS);
}

LzMessageId lz_dicom_message_of_uid(LzBytes uid)
{
    const LzBytes root = lz_bytes_of_text(implementation_class);
    uint64_t message = 0;
    if (uid.size != root.size + ID_DIGITS || memcmp(uid.data, root.data, root.size) != 0) {
        return 0;
    }
    return lz_read_decimal((LzBytes){uid.data + root.size, ID_DIGITS}, UINT64_MAX, &message) ? message : 0;
}

static void write_value(LzWriter *writer, uint32_t tag, const char vr[2], LzBytes value)
{
    write_tag(writer, tag);
    lz_write_bytes(writer, (LzBytes){(const uint8_t *)vr, 2});
    write_little(writer, even(value.size), 2);
    write_even(writer, value, memcmp(vr, "UI", 2) == 0 ? 0 : ' ');
}

static void write_string(LzWriter *writer, uint32_t tag, const char vr[2], const char *value)
{
    write_value(writer, tag, vr, lz_bytes_of_text(value));
}

static void write_short(LzWriter *writer, uint32_t tag, unsigned value)
{
    const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8)};
    write_value(writer, tag, "US", (LzBytes){bytes, sizeof bytes});
}

static void write_number(LzWriter *writer, uint32_t tag, const char vr[2], const char *before, uint64_t value, unsigned digits)
{
    uint8_t bytes[LZ_DICOM_UID_BYTES_MAX];
    LzWriter text = lz_writer(bytes, sizeof bytes);
    lz_write_text(&text, before);
    lz_write_decimal(&text, value, digits);
    write_value(writer, tag, vr, (LzBytes){bytes, text.size});
}

static void write_identity(LzWriter *writer, const LzDicomImage *image)
{
    uint8_t uid[LZ_DICOM_UID_BYTES_MAX], date[32];
    LzWriter instance = lz_writer(uid, sizeof uid), when = lz_writer(date, sizeof date);
    lz_dicom_write_instance_uid(&instance, image->message);
    lz_write_date(&when, image->wall_ns, false);
    write_string(writer, 0x00080016, "UI", modalities[image->modality].uid);
    write_value(writer, 0x00080018, "UI", (LzBytes){uid, instance.size});
    write_value(writer, 0x00080020, "DA", (LzBytes){date, 8});
    write_value(writer, 0x00080030, "TM", (LzBytes){date + 8, 6});
    write_string(writer, 0x00080050, "SH", "");
    write_string(writer, 0x00080060, "CS", modalities[image->modality].name);
    write_string(writer, 0x00080070, "LO", "LAZARET TEST DATA");
    write_string(writer, 0x00080090, "PN", "");
    write_string(writer, 0x00100010, "PN", "TEST^DATA");
    write_string(writer, 0x00100020, "LO", "LAZARET");
    write_string(writer, 0x00100030, "DA", "");
    write_string(writer, 0x00100040, "CS", "O");
}

static void write_place(LzWriter *writer, const LzDicomImage *image)
{
    write_string(writer, 0x00180050, "DS", "1.0");
    write_number(writer, 0x0020000d, "UI", "2.25.1", image->study, 1);
    write_number(writer, 0x0020000e, "UI", "2.25.2", image->study, 1);
    write_string(writer, 0x00200010, "SH", "");
    write_string(writer, 0x00200011, "IS", "1");
    write_number(writer, 0x00200013, "IS", "", image->number, 1);
    write_number(writer, 0x00200032, "DS", "0\\0\\", image->number, 1);
    write_string(writer, 0x00200037, "DS", "1\\0\\0\\0\\1\\0");
    write_number(writer, 0x00200052, "UI", "2.25.3", image->study, 1);
}

/* About as many columns as rows, a power of two; whole rows. */
static void shape(uint32_t pixel_bytes, unsigned *ret_rows, unsigned *ret_columns)
{
    unsigned columns = 8;
    while (columns < 32768 && 2 * columns * columns < pixel_bytes) {
        columns *= 2;
    }
    *ret_columns = columns;
    *ret_rows = CLAMP(pixel_bytes / (2 * columns), 1, 65535);
}

static void write_pixels(LzWriter *writer, size_t size)
{
    write_tag(writer, 0x7fe00010);
    lz_write_text(writer, "OW");
    write_little(writer, 0, 2);
    write_little(writer, size, 4);
    lz_write_filler(writer, size, "LAZARET TEST DATA ");
}

void lz_dicom_write_image(LzWriter *writer, const LzDicomImage *image)
{
    unsigned rows, columns;
    shape(image->pixel_bytes, &rows, &columns);
    write_identity(writer, image);
    write_place(writer, image);
    write_short(writer, 0x00280002, 1);
    write_string(writer, 0x00280004, "CS", "MONOCHROME2");
    write_short(writer, 0x00280010, rows);
    write_short(writer, 0x00280011, columns);
    write_string(writer, 0x00280030, "DS", "0.5\\0.5");
    write_short(writer, 0x00280100, 16);
    write_short(writer, 0x00280101, 16);
    write_short(writer, 0x00280102, 15);
    write_short(writer, 0x00280103, 0);
    write_string(writer, 0x00281052, "DS", "-1024");
    write_string(writer, 0x00281053, "DS", "1");
    write_pixels(writer, (size_t)rows * columns * 2);
}
