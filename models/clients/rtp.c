/* A device that sends voice or video as RTP: each message is a frame. One of voice is a packet of G.711; one of video is cut
 * into as many packets of H.264 as it takes, sent at once. */
#include <glib.h>

#include "lazaret/client.h"
#include "lazaret/datagrams.h"
#include "lazaret/model.h"
#include "lazaret/protocol/rtp.h"

#define SOURCE_PORT 49152u              /* RFC 6335 6: the first dynamic port; even, as RFC 3550 11 asks */
#define DATAGRAM_BYTES_MAX 1472u

typedef enum { G711, H264 } Codec;

typedef struct Config {
    int codec;
    int64_t packet_bytes;
    bool is_srtp;
    LzTime retry_ns, retry_max_ns;
} Config;

typedef struct Stream {                 /* of one flow */
    uint16_t sequence;
    uint32_t source, first_timestamp;
} Stream;

typedef struct Client {
    const Config *config;
    LzClientContext context;
    LzScheduler *scheduler;
    LzProbes *probes;
    LzRandom random;
    LzAssociation *association;         /* NULL: without power */
    bool is_ready;                      /* it may send */
    Stream *streams;
} Client;

/* RFC 3550 5.1: the timestamp of a sample is when it was taken; a random beginning. */
static uint32_t timestamp_of(const Client *client, const Stream *stream, uint32_t clock_hz)
{
    unsigned __int128 ticks = (unsigned __int128)(uint64_t)lz_now(client->scheduler) * clock_hz / (uint64_t)LZ_NS_PER_S;
    return stream->first_timestamp + (uint32_t)ticks;
}

/* In the clear, zeros may stand where SRTP's tag would. */
static bool send_packet(Client *client, unsigned flow, const LzRtpPacket *packet, LzMessageId message)
{
    static const uint8_t tag[LZ_SRTP_TAG_BYTES];
    uint8_t bytes[DATAGRAM_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_rtp_encode(&writer, packet);
    if (client->config->is_srtp && !client->context.connect.tls) {
        lz_write_bytes(&writer, (LzBytes){tag, sizeof tag});
    }
    return !writer.failed && lz_association_send(client->association, (LzBytes){bytes, writer.size},
                                                  client->context.flows[flow].dscp, message);
}

static bool send_voice(Client *client, unsigned flow, LzBytes frame, LzMessageId message)
{
    Stream *stream = &client->streams[flow];
    const LzRtpPacket packet = {.type = LZ_RTP_PCMU, .sequence = stream->sequence++,
                                .timestamp = timestamp_of(client, stream, 8000), .source = stream->source, .payload = frame};
    return send_packet(client, flow, &packet, message);
}

/* A frame is one slice, hence one unit; the last packet of it is marked (RFC 6184 5.1). */
static bool send_video(Client *client, unsigned flow, LzBytes frame, LzMessageId message)
{
    Stream *stream = &client->streams[flow];
    uint32_t timestamp = timestamp_of(client, stream, 90000);
    size_t room = (size_t)client->config->packet_bytes - LZ_RTP_HEADER_BYTES - LZ_H264_HEADER_BYTES;
    bool is_sent = true;
    for (size_t offset = 0; offset < frame.size && is_sent; offset += room) {
        LzH264Piece piece = {.is_first = offset == 0, .is_last = offset + room >= frame.size,
                             .bytes = {frame.data + offset, MIN(room, frame.size - offset)}};
        uint8_t payload[DATAGRAM_BYTES_MAX];
        LzWriter writer = lz_writer(payload, sizeof payload);
        lz_h264_write(&writer, &piece, false);
        const LzRtpPacket packet = {.is_marked = piece.is_last, .type = LZ_RTP_H264, .sequence = stream->sequence++,
                                    .timestamp = timestamp, .source = stream->source, .payload = {payload, writer.size}};
        is_sent = send_packet(client, flow, &packet, message);
    }
    return is_sent;
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    Client *client = state;
    if (!client->is_ready) {
        lz_probe_lost(client->probes, message, LZ_LOSS_CLIENT_QUEUE_FULL);
        return;
    }
    bool is_sent = client->config->codec == G711 ? send_voice(client, flow, payload, message)
                                                 : send_video(client, flow, payload, message);
    if (!is_sent) {
        lz_probe_lost(client->probes, message, LZ_LOSS_REFUSED);
    }
}

static bool has_room(const void *state)
{
    const Client *client = state;
    return client->is_ready;
}

static void set_ready(void *self, bool is_ready)
{
    Client *client = self;
    client->is_ready = is_ready;
    client->context.ready(client->context.device, is_ready);
}

static void received(void *self, LzBytes message)
{
    (void)self, (void)message;          /* nobody answers */
}

static const LzAssociationEvents association_events = {.ready = set_ready, .received = received};

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    client->context = *context;
    client->scheduler = env->scheduler;
    client->probes = env->probes;
    client->streams = g_new0(Stream, context->flow_count);
    lz_env_random(env, LZ_PURPOSE_GENERAL, &client->random);
}

/* RFC 3550 5.1: all three are drawn; the first below 2^15, so that a receiver of SRTP who misses the beginning does not mistake
 * how often it has turned over (RFC 3711 3.3.1). */
static void start(void *state)
{
    Client *client = state;
    for (unsigned flow = 0; flow < client->context.flow_count; flow++) {
        client->streams[flow].sequence = (uint16_t)(lz_random_u32(&client->random) & 0x7fff);
        client->streams[flow].source = lz_random_u32(&client->random);
        client->streams[flow].first_timestamp = lz_random_u32(&client->random);
    }
    const LzAssociate associate = {.connect = client->context.connect, .source_port = SOURCE_PORT,
                                   .retry_ns = client->config->retry_ns, .retry_max_ns = client->config->retry_max_ns};
    client->association = lz_host_associate(client->context.host, &associate, &association_events, client);
    lz_association_begin(client->association);
}

static void stop(void *state)
{
    Client *client = state;
    client->association = NULL;
    if (client->is_ready) {
        set_ready(client, false);
    }
}

static void clear(void *state)
{
    Client *client = state;
    g_clear_pointer(&client->streams, g_free);
}

static const char *const codecs[] = {"g711", "h264", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, codec, .kind = LZ_PARAM_ENUM, .words = codecs,
             .help = "g711: a message is a packet of voice, 160 bytes for 20 ms; h264: a message is a frame of video",
             .source = "RFC 3551 section 4.5.14; RFC 6184"),
    LZ_PARAM(Config, packet_bytes, .key = "packet", .kind = LZ_PARAM_BYTES, .min = 64, .max = 1460, .fallback = 1200,
             .help = "h264: the longest RTP packet, with its header, without the tag of SRTP", .source = "assumed, as WebRTC does"),
    LZ_PARAM(Config, is_srtp, .key = "srtp", .kind = LZ_PARAM_BOOL,
             .help = "towards a service whose `tls` is off, the shape of SRTP: 10 bytes for the tag of AES_CM_128_HMAC_SHA1_80 behind"
                     " each packet",
             .source = "RFC 3711 section 5.2"),
    LZ_PARAM(Config, retry_ns, .key = "backoff", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 1e9,
             .help = "DTLS: first pause after a handshake that failed; doubled each time, and up to half of it less, at random",
             .source = "assumed"),
    LZ_PARAM(Config, retry_max_ns, .key = "backoff_max", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, .fallback = 60e9,
             .help = "DTLS: longest pause after a handshake that failed", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "SRTP's own CPU figures: its AES is charged as AES-GCM and its SHA-1 as SHA-256; its keys live as long as the association",
    "a server that has forgotten a device: nobody answers, so that it goes on until its own power fails",
    "RTCP, signalling (SIP, WebRTC), repair of losses, and answers of the other side",
    "compression: the size of a frame is what its flow says",
    "the QoS of a flow: everything is sent once",
    NULL,
};

static const LzClientOps ops = {
    .uses_datagrams = true, .init = init, .start = start, .stop = stop, .send = send_message, .has_room = has_room, .clear = clear};

const LzModel lz_client_model_rtp = {
    .name = "rtp",
    .summary = "each message is a frame of voice or video, in RTP packets",
    .source = "RFC 3550, RFC 3551, RFC 6184, RFC 3711, RFC 5764",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .ops = &ops,
};
