/* A receiver of RTP streams: reckons loss and jitter of each, and delivers a frame when all its packets have come. */
#include <glib.h>
#include <string.h>

#include "lazaret/datagrams.h"
#include "lazaret/model.h"
#include "lazaret/protocol/rtp.h"
#include "lazaret/service.h"

typedef struct Config {
    bool is_srtp;
    int64_t streams_max;
} Config;

typedef struct Stream {                 /* begins with its key */
    LzPeer peer;
    uint32_t source;
    LzRtpReception reception;
    uint32_t reported;                  /* packets of which it was said whether they came */
    uint16_t next;                      /* sequence number that the frame goes on with */
    bool has_frame;                     /* one is arriving, and nothing of it is missing */
    uint8_t mark[LZ_MESSAGE_MARK_BYTES];
} Stream;

typedef struct Sink {
    const Config *config;
    LzServiceContext context;
    LzScheduler *scheduler;
    LzProbes *probes;
    GHashTable *streams;                /* Stream, by its key; looked up, never walked */
} Sink;

static guint stream_hash(gconstpointer key)
{
    const Stream *stream = key;
    const LzPeer *peer = &stream->peer;
    uint64_t whence = peer->association > 0 ? peer->association : (uint64_t)peer->address << 16 | peer->port;
    uint64_t hash = whence << 16 ^ stream->source;
    return (guint)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static gboolean stream_equal(gconstpointer a, gconstpointer b)
{
    const Stream *x = a, *y = b;
    return lz_peer_equal(&x->peer, &y->peer) && x->source == y->source;
}

static Stream *find_stream(Sink *sink, const LzPeer *peer, uint32_t source)
{
    const Stream key = {.peer = *peer, .source = source};
    Stream *stream = g_hash_table_lookup(sink->streams, &key);
    if (!stream && g_hash_table_size(sink->streams) < sink->config->streams_max) {
        stream = g_new(Stream, 1);
        *stream = key;
        g_hash_table_add(sink->streams, stream);
        lz_probe_level(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_SESSIONS, g_hash_table_size(sink->streams));
    }
    return stream;
}

/* ---- frames ---- */

static void deliver(Sink *sink, const Stream *stream)
{
    lz_probe_count(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    lz_probe_delivered(sink->probes, (LzBytes){stream->mark, sizeof stream->mark});
}

static void begin_frame(Stream *stream, LzBytes bytes)
{
    stream->has_frame = bytes.size >= LZ_MESSAGE_MARK_BYTES;
    if (stream->has_frame) {
        memcpy(stream->mark, bytes.data, LZ_MESSAGE_MARK_BYTES);
    }
}

/* A gap inside a frame spoils it; the next begins anew. */
static void take_video(Sink *sink, Stream *stream, const LzRtpPacket *packet)
{
    LzH264Piece piece;
    bool is_readable = lz_h264_read(packet->payload, &piece);
    if (is_readable && piece.is_first) {
        begin_frame(stream, piece.bytes);
    } else if (!is_readable || packet->sequence != stream->next) {
        stream->has_frame = false;
    }
    stream->next = (uint16_t)(packet->sequence + 1);
    if (is_readable && piece.is_last && stream->has_frame) {
        stream->has_frame = false;
        deliver(sink, stream);
    }
}

static void take_voice(Sink *sink, Stream *stream, const LzRtpPacket *packet)
{
    begin_frame(stream, packet->payload);
    if (stream->has_frame) {
        deliver(sink, stream);
    }
}

/* ---- streams ---- */

/* What lies between the last packet and this one has been lost, or comes too late to be of use. */
static void report(Sink *sink, Stream *stream)
{
    LzScope scope = sink->context.scope;
    uint32_t expected = lz_rtp_expected(&stream->reception), missing = expected - stream->reported - 1;
    stream->reported = expected;
    lz_probe_count(sink->probes, scope, LZ_METRIC_SERVICE_MEDIA_LOSS, missing);
    lz_probe_count_whole(sink->probes, scope, LZ_METRIC_SERVICE_MEDIA_LOSS, missing + 1);
    lz_probe_sample(sink->probes, scope, LZ_METRIC_SERVICE_MEDIA_JITTER, lz_rtp_jitter_ns(&stream->reception));
}

static void received(void *self, const LzPeer *peer, LzBytes payload)
{
    Sink *sink = self;
    LzRtpPacket packet;
    size_t tag_bytes = sink->config->is_srtp && peer->association == 0 ? LZ_SRTP_TAG_BYTES : 0;
    if (payload.size < tag_bytes || !lz_rtp_decode((LzBytes){payload.data, payload.size - tag_bytes}, &packet)) {
        lz_probe_count(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
        return;
    }
    Stream *stream = find_stream(sink, peer, packet.source);
    if (!stream) {
        lz_probe_count(sink->probes, sink->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
        return;
    }
    bool is_voice = packet.type == LZ_RTP_PCMU;
    if (!lz_rtp_reception_note(&stream->reception, &packet, is_voice ? 8000 : 90000, lz_now(sink->scheduler))) {
        return;
    }
    report(sink, stream);
    (is_voice ? take_voice : take_video)(sink, stream, &packet);
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Sink *sink = state;
    sink->config = config;
    sink->context = *context;
    sink->scheduler = env->scheduler;
    sink->probes = env->probes;
    sink->streams = g_hash_table_new_full(stream_hash, stream_equal, g_free, NULL);
}

static void start(void *state)
{
    Sink *sink = state;
    bool is_bound = lz_host_serve(sink->context.host, &sink->context.listen, received, sink);
    g_assert(is_bound);
}

static void stop(void *state)
{
    Sink *sink = state;
    g_hash_table_remove_all(sink->streams);
}

static void clear(void *state)
{
    Sink *sink = state;
    g_clear_pointer(&sink->streams, g_hash_table_unref);
}

static const LzParam params[] = {
    LZ_PARAM(Config, is_srtp, .key = "srtp", .kind = LZ_PARAM_BOOL,
             .help = "with its `tls` off: 10 bytes in the place of SRTP's tag stand behind each packet; as the clients have it", .source = "RFC 3711 section 5.2"),
    LZ_PARAM(Config, streams_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 10000,
             .help = "streams at a time; packets of others are refused", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "a play-out buffer: a packet that comes after a later one is of no use",
    "CPU time of anything but SRTP and DTLS; decoding, RTCP",
    "the end of streams: each is remembered until the service fails",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear, .port = 5004, .is_datagram = true,
                                 .speaks_dtls = true, .carries_media = true};

const LzModel lz_service_model_media_sink = {
    .name = "media-sink",
    .summary = "receives voice and video in RTP, by SRTP unless its `tls` is off; measures loss, delay and jitter",
    .source = "RFC 3550, RFC 3711, RFC 5764",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Sink),
    .not_modelled = not_modelled,
    .ops = &ops,
};
