/* A copy of what is on its way in each stream. */
#include "sim/net/check_stream.h"

#include <string.h>

typedef struct Stream {                 /* begins with its key */
    LzStreamName name;
    GByteArray *on_its_way;
    guint received;                     /* bytes of it that have arrived */
    uint64_t total;                     /* received since the connection began */
} Stream;

struct LzStreamCheck {
    LzLaws *laws;
    GHashTable *streams;                /* Stream by name; only looked up */
};

static guint name_hash(gconstpointer key)
{
    const LzStreamName *name = key;
    uint64_t hash = ((uint64_t)name->source << 32 | name->destination) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= ((uint64_t)name->source_port << 16 | name->destination_port) * UINT64_C(0xff51afd7ed558ccd);
    return (guint)(hash >> 32);
}

static gboolean name_equal(gconstpointer a, gconstpointer b)
{
    const LzStreamName *x = a, *y = b;
    return x->source == y->source && x->destination == y->destination && x->source_port == y->source_port &&
           x->destination_port == y->destination_port;
}

static void stream_free(gpointer data)
{
    Stream *stream = data;
    g_byte_array_unref(stream->on_its_way);
    g_free(stream);
}

LzStreamCheck *lz_stream_check_new(LzLaws *laws)
{
    LzStreamCheck *check = g_new0(LzStreamCheck, 1);
    check->laws = laws;
    check->streams = g_hash_table_new_full(name_hash, name_equal, stream_free, NULL);
    return check;
}

void lz_stream_check_free(LzStreamCheck *check)
{
    if (check) {
        g_hash_table_unref(check->streams);
        g_free(check);
    }
}

void lz_stream_check_begin(LzStreamCheck *check, const LzStreamName *name)
{
    Stream *stream = g_new0(Stream, 1);
    stream->name = *name;
    stream->on_its_way = g_byte_array_new();
    g_hash_table_replace(check->streams, stream, stream);
}

void lz_stream_check_sent(LzStreamCheck *check, const LzStreamName *name, LzBytes bytes)
{
    Stream *stream = g_hash_table_lookup(check->streams, name);
    if (stream) {                       /* otherwise nobody will receive it */
        g_byte_array_append(stream->on_its_way, bytes.data, (guint)bytes.size);
    }
}

/* What has arrived is let go in halves, so that each byte moves once. */
static void shrink(Stream *stream)
{
    if (2 * stream->received >= stream->on_its_way->len) {
        g_byte_array_remove_range(stream->on_its_way, 0, stream->received);
        stream->received = 0;
    }
}

static void complain(const LzStreamCheck *check, const LzStreamName *name, uint64_t at, const char *what)
{
    char from[LZ_ADDRESS_TEXT_BYTES], to[LZ_ADDRESS_TEXT_BYTES];
    lz_law_broken(check->laws, "stream %s:%u to %s:%u: byte %" G_GUINT64_FORMAT " %s", lz_address_format(name->source, from),
                  name->source_port, lz_address_format(name->destination, to), name->destination_port, at, what);
}

void lz_stream_check_received(LzStreamCheck *check, const LzStreamName *name, LzBytes bytes)
{
    Stream *stream = g_hash_table_lookup(check->streams, name);
    if (!stream || stream->on_its_way->len - stream->received < bytes.size) {
        complain(check, name, stream ? stream->total : 0, "was received before it was sent");
        return;
    }
    const uint8_t *sent = stream->on_its_way->data + stream->received;
    for (size_t i = 0; i < bytes.size; i++) {
        if (sent[i] != bytes.data[i]) {
            complain(check, name, stream->total + i, "is not the one that was sent");
            break;
        }
    }
    stream->received += (guint)bytes.size;
    stream->total += bytes.size;
    shrink(stream);
}

void lz_stream_check_end(LzStreamCheck *check, const LzStreamName *name)
{
    g_hash_table_remove(check->streams, name);
}
