#include "lazaret/protocol/est.h"

#include <glib.h>

enum { INTEGER = 0x02, OID = 0x06, SEQUENCE = 0x30, SET = 0x31, CONTEXT_0 = 0xa0 };

static const uint8_t signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};   /* 1.2.840.113549.1.7.2 */
static const uint8_t plain_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};    /* 1.2.840.113549.1.7.1 */

/* ---- DER, X.690 ---- */

static void write_head(LzWriter *writer, uint8_t tag, size_t size)
{
    lz_write_u8(writer, tag);
    if (size < 128) {
        lz_write_u8(writer, (uint8_t)size);
        return;
    }
    unsigned width = size < 1u << 8 ? 1 : size < 1u << 16 ? 2 : 4;
    lz_write_u8(writer, (uint8_t)(0x80 | width));
    lz_write_uint(writer, size, width);
}

static size_t size_with_head(size_t size)
{
    LzWriter counting = lz_writer_counting();
    write_head(&counting, 0, size);
    return counting.size + size;
}

static void write_element(LzWriter *writer, uint8_t tag, LzBytes content)
{
    write_head(writer, tag, content.size);
    lz_write_bytes(writer, content);
}

/* The content of the next element, which has to have that tag. */
static LzBytes read_element(LzReader *reader, uint8_t tag)
{
    if (lz_read_u8(reader) != tag) {
        reader->failed = true;
    }
    size_t size = lz_read_u8(reader);
    if (size > 0x84 || size == 0x80) {
        reader->failed = true;
    } else if (size > 0x80) {
        size = lz_read_uint(reader, (unsigned)size - 0x80);
    }
    return lz_read_bytes(reader, size);
}

/* ---- certificates ---- */

void lz_est_encode_certificates(LzWriter *writer, const LzBytes *certificates, unsigned count)
{
    size_t certificates_size = 0;
    for (unsigned i = 0; i < count; i++) {
        certificates_size += certificates[i].size;
    }
    const LzBytes content = {plain_data, sizeof plain_data};
    size_t content_size = size_with_head(size_with_head(content.size));
    size_t inner = 3 + 2 + content_size + size_with_head(certificates_size) + 2;
    size_t outer = size_with_head(sizeof signed_data) + size_with_head(size_with_head(inner));
    write_head(writer, SEQUENCE, outer);
    write_element(writer, OID, (LzBytes){signed_data, sizeof signed_data});
    write_head(writer, CONTEXT_0, size_with_head(inner));
    write_head(writer, SEQUENCE, inner);
    write_element(writer, INTEGER, (LzBytes){(const uint8_t *)"\x01", 1});
    write_head(writer, SET, 0);
    write_head(writer, SEQUENCE, size_with_head(content.size));
    write_element(writer, OID, content);
    write_head(writer, CONTEXT_0, certificates_size);
    for (unsigned i = 0; i < count; i++) {
        lz_write_bytes(writer, certificates[i]);
    }
    write_head(writer, SET, 0);
}

unsigned lz_est_decode_certificates(LzBytes bytes, LzBytes *ret_certificates, unsigned max)
{
    LzReader file = lz_reader(bytes);
    LzReader info = lz_reader(read_element(&file, SEQUENCE));
    LzBytes type = read_element(&info, OID);
    LzReader explicit = lz_reader(read_element(&info, CONTEXT_0));
    LzReader content = lz_reader(read_element(&explicit, SEQUENCE));
    read_element(&content, INTEGER);
    read_element(&content, SET);
    read_element(&content, SEQUENCE);
    LzReader list = lz_reader(read_element(&content, CONTEXT_0));
    bool is_good = !file.failed && !info.failed && !explicit.failed && !content.failed &&
                   lz_bytes_equal(type, (LzBytes){signed_data, sizeof signed_data});
    unsigned count = 0;
    while (is_good && count < max && lz_reader_left(&list) > 0) {
        size_t from = list.offset;
        read_element(&list, SEQUENCE);
        if (list.failed) {
            return 0;
        }
        ret_certificates[count++] = (LzBytes){list.data + from, list.offset - from};
    }
    return count;
}

/* ---- base64 ---- */

LzBuffer *lz_est_base64_encode(LzBytes bytes)
{
    gint state = 0, save = 0;
    LzBuffer *text = lz_buffer_new((bytes.size / 3 + 1) * 4 + 4 + (bytes.size / 3 + 1) * 4 / 72 + 1);   /* as GLib asks for */
    gsize size = g_base64_encode_step(bytes.data, bytes.size, TRUE, (gchar *)text->data, &state, &save);
    size += g_base64_encode_close(TRUE, (gchar *)text->data + size, &state, &save);
    text->size = (uint32_t)size;
    return text;
}

static bool is_base64(LzBytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!g_ascii_isalnum(text.data[i]) && !strchr("+/=\r\n", text.data[i])) {
            return false;
        }
    }
    return text.size > 0;
}

LzBuffer *lz_est_base64_decode(LzBytes text)
{
    if (!is_base64(text)) {
        return NULL;
    }
    gint state = 0;
    guint save = 0;
    LzBuffer *bytes = lz_buffer_new(text.size / 4 * 3 + 3);
    bytes->size = (uint32_t)g_base64_decode_step((const gchar *)text.data, text.size, bytes->data, &state, &save);
    return bytes;
}
