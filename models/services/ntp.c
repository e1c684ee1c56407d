/* A time server with a good reference. */
#include <glib.h>

#include "lazaret/datagram_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/ntp.h"

#define STRATUM 1u
#define PRECISION (-20)                 /* about 1 us; assumed */

typedef struct Config {
    LzTime cost_ns;
    int64_t queue_max;
} Config;

static bool decode(LzBytes payload, void *ret_message)
{
    LzNtpMessage *message = ret_message;
    return lz_ntp_decode(payload, message) && message->mode == LZ_NTP_CLIENT;
}

static bool answer(LzDatagramService *service, const LzDatagramRequest *request, LzWriter *reply)
{
    const LzNtpMessage *asked = request->message;
    const LzNtpMessage message = {
        .mode = LZ_NTP_SERVER,
        .stratum = STRATUM,
        .poll = asked->poll,
        .precision = PRECISION,
        .reference_ns = request->received_ns,
        .originate_ns = asked->transmit_ns,
        .receive_ns = request->received_ns,
        .transmit_ns = lz_host_wall_ns(service->context.host),
    };
    return lz_ntp_encode(reply, &message);
}

static const LzDatagramServiceOps datagrams = {
    .message_size = sizeof(LzNtpMessage), .reply_bytes_max = LZ_NTP_BYTES, .decode = decode, .answer = answer};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    const Config *own = config;
    lz_datagram_service_init(state, &datagrams, context, env, own->cost_ns, own->queue_max);
}

static const LzParam params[] = {
    LZ_PARAM(Config, cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 10e3,
             .help = "CPU of an answer", .source = "assumed: a server answers some 100,000 a second on a core"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "requests waiting for the CPU; beyond, they are dropped", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "authentication and network time security; several servers and how a client chooses among them",
    NULL,
};

static const LzServiceOps ops = {
    .init = init, .start = lz_datagram_service_start, .stop = lz_datagram_service_stop,
    .clear = lz_datagram_service_clear, .port = LZ_NTP_PORT, .is_datagram = true};

const LzModel lz_service_model_ntp = {
    .name = "ntp",
    .summary = "answers with its host's clock",
    .source = "RFC 5905",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(LzDatagramService),
    .not_modelled = not_modelled,
    .ops = &ops,
};
