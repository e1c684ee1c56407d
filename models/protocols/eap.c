#include "lazaret/protocol/eap.h"

#include <glib.h>

#define EAPOL_VERSION 2u                /* IEEE 802.1X-2004, which every switch knows */
#define EAP_HEADER_BYTES 4u

enum { FLAG_START = 0x20, FLAG_MORE = 0x40, FLAG_LENGTH = 0x80 };      /* RFC 5216 3.1 */

void lz_eapol_encode(LzWriter *writer, LzEapolType type, LzBytes body)
{
    lz_write_u8(writer, EAPOL_VERSION);
    lz_write_u8(writer, (uint8_t)type);
    lz_write_u16(writer, (uint16_t)body.size);
    lz_write_bytes(writer, body);
}

bool lz_eapol_decode(LzBytes frame, LzEapolType *ret_type, LzBytes *ret_body)
{
    LzReader reader = lz_reader(frame);
    lz_read_u8(&reader);                /* the version: a later one is read as far as it is known */
    uint8_t type = lz_read_u8(&reader);
    LzBytes body = lz_read_bytes(&reader, lz_read_u16(&reader));
    if (reader.failed || type > LZ_EAPOL_LOGOFF) {
        return false;
    }
    *ret_type = (LzEapolType)type;
    *ret_body = body;
    return true;
}

static bool has_type(uint8_t code)
{
    return code == LZ_EAP_REQUEST || code == LZ_EAP_RESPONSE;
}

static void write_content(LzWriter *writer, const LzEap *eap)
{
    if (!has_type(eap->code)) {
        return;
    }
    lz_write_u8(writer, eap->type);
    if (eap->type == LZ_EAP_TLS) {
        lz_write_u8(writer, (uint8_t)((eap->is_start ? FLAG_START : 0) | (eap->has_more ? FLAG_MORE : 0) |
                                      (eap->total_bytes > 0 ? FLAG_LENGTH : 0)));
        if (eap->total_bytes > 0) {
            lz_write_uint(writer, eap->total_bytes, 4);
        }
    }
    lz_write_bytes(writer, eap->data);
}

bool lz_eap_encode(LzWriter *writer, const LzEap *eap)
{
    LzWriter counting = lz_writer_counting();
    write_content(&counting, eap);
    lz_write_u8(writer, eap->code);
    lz_write_u8(writer, eap->id);
    lz_write_u16(writer, (uint16_t)(EAP_HEADER_BYTES + counting.size));
    write_content(writer, eap);
    return !writer->failed;
}

bool lz_eap_decode(LzBytes bytes, LzEap *ret_eap)
{
    LzReader header = lz_reader(bytes);
    *ret_eap = (LzEap){.code = lz_read_u8(&header), .id = lz_read_u8(&header)};
    uint16_t size = lz_read_u16(&header);
    if (header.failed || size < EAP_HEADER_BYTES || size > bytes.size || ret_eap->code < LZ_EAP_REQUEST ||
        ret_eap->code > LZ_EAP_FAILURE) {
        return false;
    }
    if (!has_type(ret_eap->code)) {
        return true;
    }
    LzReader reader = lz_reader(lz_read_bytes(&header, size - EAP_HEADER_BYTES));
    ret_eap->type = lz_read_u8(&reader);
    if (ret_eap->type == LZ_EAP_TLS) {
        uint8_t flags = lz_read_u8(&reader);
        ret_eap->is_start = flags & FLAG_START;
        ret_eap->has_more = flags & FLAG_MORE;
        ret_eap->total_bytes = flags & FLAG_LENGTH ? (uint32_t)lz_read_uint(&reader, 4) : 0;
    }
    ret_eap->data = lz_read_bytes(&reader, lz_reader_left(&reader));
    return !reader.failed;
}

/* ---- fragments ---- */

void lz_eap_fragments_clear(LzEapFragments *fragments)
{
    g_clear_pointer(&fragments->out, lz_buffer_unref);
    g_clear_pointer(&fragments->in, g_free);
    fragments->in_bytes = fragments->in_room = fragments->sent_bytes = 0;
}

void lz_eap_fragments_put(LzEapFragments *fragments, LzBuffer *records)
{
    lz_buffer_unref(fragments->out);
    fragments->out = records ? lz_buffer_ref(records) : NULL;
    fragments->sent_bytes = 0;
}

void lz_eap_fragments_next(LzEapFragments *fragments, LzEap *eap)
{
    const LzBuffer *out = fragments->out;
    if (!out || fragments->sent_bytes == out->size) {
        return;
    }
    uint32_t left = out->size - fragments->sent_bytes, size = MIN(left, fragments->fragment_bytes);
    eap->has_more = size < left;
    eap->total_bytes = fragments->sent_bytes == 0 && eap->has_more ? out->size : 0;
    eap->data = (LzBytes){out->data + fragments->sent_bytes, size};
    fragments->sent_bytes += size;
}

LzEapProgress lz_eap_fragments_take(LzEapFragments *fragments, const LzEap *eap)
{
    size_t bytes = (size_t)fragments->in_bytes + eap->data.size;
    if (bytes > LZ_EAP_TLS_BYTES_MAX || eap->total_bytes > LZ_EAP_TLS_BYTES_MAX) {
        return LZ_EAP_NONSENSE;
    }
    if (bytes > fragments->in_room) {
        fragments->in_room = (uint32_t)MAX(bytes, 2 * (size_t)fragments->in_room);
        fragments->in = g_realloc(fragments->in, fragments->in_room);
    }
    if (eap->data.size > 0) {
        memcpy(fragments->in + fragments->in_bytes, eap->data.data, eap->data.size);
    }
    fragments->in_bytes = (uint32_t)bytes;
    return eap->has_more ? LZ_EAP_MORE : LZ_EAP_WHOLE;
}
