#include "sim/tls/datagrams.h"

#include <string.h>

enum {                                  /* RFC 6347 4.1, 4.2.2 */
    RECORD_HEADER_BYTES = 13,           /* type, version, epoch, number, length */
    EPOCH_AT = 3, LENGTH_AT = 11, EARLY_MAX = 4,
    MESSAGE_NUMBER = 4, MESSAGE_OFFSET = 6, MESSAGE_HEADER_BYTES = 12,          /* of a handshake: type, length, … */
};

LzTlsDatagrams *lz_tls_datagrams_new(void)
{
    LzTlsDatagrams *datagrams = g_new0(LzTlsDatagrams, 1);
    datagrams->timer_ns = LZ_DTLS_TIMER_AS_BEFORE;
    return datagrams;
}

static GPtrArray *buffers_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)lz_buffer_unref);
}

void lz_tls_datagrams_drop(LzTlsDatagrams *datagrams)
{
    g_clear_pointer(&datagrams->arrived, g_ptr_array_unref);
    g_clear_pointer(&datagrams->early, g_ptr_array_unref);
    datagrams->read = 0;
}

void lz_tls_datagrams_free(LzTlsDatagrams *datagrams)
{
    if (datagrams) {
        lz_tls_datagrams_drop(datagrams);
        g_clear_pointer(&datagrams->sent, g_ptr_array_unref);
        g_clear_pointer(&datagrams->messages, g_ptr_array_unref);
        g_free(datagrams->srtp_keys);
        g_free(datagrams);
    }
}

static void append(GPtrArray **list, LzBytes bytes)
{
    *list = *list ? *list : buffers_new();
    g_ptr_array_add(*list, lz_buffer_new_copy(bytes.data, bytes.size));
}

void lz_tls_datagrams_feed(LzTlsDatagrams *datagrams, LzBytes datagram)
{
    append(&datagrams->arrived, datagram);
}

void lz_tls_datagrams_keep_message(LzTlsDatagrams *datagrams, LzBytes message)
{
    append(&datagrams->messages, message);
}

size_t lz_tls_datagrams_unread(const LzTlsDatagrams *datagrams)
{
    return datagrams->arrived ? datagrams->arrived->len - datagrams->read : 0;
}

static uint64_t read_number(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* Where records of later keys begin, or the end. One with a connection id has another header, and nothing before it but records
 * of the same datagram that end there. */
static size_t find_early(const LzBuffer *datagram, uint64_t epoch)
{
    size_t at = 0;
    while (at + RECORD_HEADER_BYTES <= datagram->size && read_number(datagram->data + at + EPOCH_AT, 2) <= epoch &&
           datagram->data[at] != MBEDTLS_SSL_MSG_CID) {
        at += RECORD_HEADER_BYTES + read_number(datagram->data + at + LENGTH_AT, 2);
    }
    bool is_early = at + RECORD_HEADER_BYTES <= datagram->size && read_number(datagram->data + at + EPOCH_AT, 2) > epoch;
    return is_early ? at : datagram->size;
}

static size_t take(unsigned char *ret_bytes, size_t capacity, const uint8_t *bytes, size_t size)
{
    memcpy(ret_bytes, bytes, MIN(size, capacity));
    return MIN(size, capacity);
}

/* What was early and is so no longer. */
static size_t receive_early(LzTlsDatagrams *datagrams, uint64_t epoch, unsigned char *ret_bytes, size_t capacity)
{
    const LzBuffer *first = datagrams->early ? g_ptr_array_index(datagrams->early, 0) : NULL;
    if (!first || find_early(first, epoch) == 0) {
        return 0;
    }
    size_t size = take(ret_bytes, capacity, first->data, first->size);
    g_ptr_array_remove_index(datagrams->early, 0);
    if (datagrams->early->len == 0) {
        g_clear_pointer(&datagrams->early, g_ptr_array_unref);
    }
    return size;
}

/* Mbed TLS keeps a Finished that comes before its keys are there, but not if it has a connection id: so records of later keys are
 * kept here until those have been agreed on (RFC 6347 4.1: "MAY"), but for those beyond a few. */
int lz_tls_datagrams_receive(LzTlsDatagrams *datagrams, uint64_t epoch, unsigned char *ret_bytes, size_t capacity)
{
    size_t size = receive_early(datagrams, epoch, ret_bytes, capacity);
    while (size == 0 && lz_tls_datagrams_unread(datagrams) > 0) {
        const LzBuffer *buffer = g_ptr_array_index(datagrams->arrived, datagrams->read++);
        size_t early_at = find_early(buffer, epoch);
        if (early_at < buffer->size && (!datagrams->early || datagrams->early->len < EARLY_MAX)) {
            append(&datagrams->early, (LzBytes){buffer->data + early_at, buffer->size - early_at});
        }
        size = take(ret_bytes, capacity, buffer->data, early_at);
    }
    if (datagrams->arrived && lz_tls_datagrams_unread(datagrams) == 0) {
        g_clear_pointer(&datagrams->arrived, g_ptr_array_unref);
        datagrams->read = 0;
    }
    return size > 0 ? (int)size : MBEDTLS_ERR_SSL_WANT_READ;
}

/* Flights begin with what is not encrypted: messages, or the change of keys before Finished. What went out before goes out
 * again. */
static void note_repeat(LzTlsDatagrams *datagrams, const uint8_t *record, size_t size)
{
    const uint8_t *content = record + RECORD_HEADER_BYTES;
    bool is_plain = read_number(record + EPOCH_AT, 2) == 0;
    if (is_plain && record[0] == MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC) {
        datagrams->repeats |= datagrams->has_sent_change;
        datagrams->has_sent_change = true;
    } else if (is_plain && record[0] == MBEDTLS_SSL_MSG_HANDSHAKE && size >= RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES) {
        uint64_t piece = read_number(content + MESSAGE_NUMBER, 2) << 24 | read_number(content + MESSAGE_OFFSET, 3);
        datagrams->repeats |= datagrams->has_sent && piece <= datagrams->sent_until;
        datagrams->sent_until = MAX(datagrams->sent_until, piece);
        datagrams->has_sent = true;
    }
}

void lz_tls_datagrams_send(LzTlsDatagrams *datagrams, LzBytes datagram)
{
    for (size_t at = 0; at + RECORD_HEADER_BYTES <= datagram.size;) {
        const uint8_t *record = datagram.data + at;
        note_repeat(datagrams, record, datagram.size - at);
        at += RECORD_HEADER_BYTES + read_number(record + LENGTH_AT, 2);
        if (record[0] == MBEDTLS_SSL_MSG_CID) {
            break;                      /* another header, and encrypted anyway */
        }
    }
    append(&datagrams->sent, datagram);
}

/* Mbed TLS asks for two times; of the first it makes no use. 0: off. */
void lz_tls_datagrams_set_timer(void *self, uint32_t unused_ms, uint32_t final_ms)
{
    (void)unused_ms;
    LzTlsDatagrams *datagrams = self;
    datagrams->timer = final_ms > 0 ? LZ_DTLS_TIMER_RUNNING : LZ_DTLS_TIMER_OFF;
    datagrams->timer_ns = LZ_MILLISECONDS(final_ms);
}

int lz_tls_datagrams_timer(void *self)
{
    const LzTlsDatagrams *datagrams = self;
    return datagrams->timer == LZ_DTLS_TIMER_OFF ? -1 : datagrams->timer == LZ_DTLS_TIMER_RUNNING ? 0 : 2;
}
