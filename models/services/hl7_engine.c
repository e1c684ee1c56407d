/* An HL7 interface engine: takes messages over MLLP, works through each at the cost of its CPU, and answers it. */
#include "lazaret/model.h"
#include "lazaret/protocol/hl7.h"
#include "lazaret/protocol/text.h"
#include "lazaret/request_service.h"

#define ACK_BYTES_MAX 2048u

typedef struct Config {
    LzRequestServiceConfig common;
    int64_t message_max_bytes;
} Config;

typedef struct Service {
    LzRequestService base;
    const Config *config;
} Service;

typedef struct Taken {                  /* a message */
    size_t size;
    bool is_known;
    uint8_t bytes[];
} Taken;

static const Config *config_of(LzRequestConnection *connection)
{
    return ((const Service *)lz_request_connection_service(connection))->config;
}

static void answer(LzRequestConnection *connection, const LzHl7Message *message, const char *code)
{
    LzHost *host = lz_request_connection_service(connection)->context.host;
    uint8_t bytes[ACK_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_mllp_write_begin(&writer);
    lz_hl7_write_ack(&writer, message, code, lz_host_name(host), lz_host_wall_ns(host));
    lz_mllp_write_end(&writer);
    if (writer.failed) {
        lz_request_connection_close(connection);        /* its control id is absurd */
    } else {
        lz_request_connection_send(connection, (LzBytes){bytes, writer.size});
    }
}

/* HL7 v2.6 2.9.2.2. Full: AE, so that the sender keeps the message. Unknown: AR. */
static void serve(LzRequestConnection *connection, void *job, bool is_refused)
{
    const Taken *taken = job;
    LzHl7Message message;
    if (!lz_hl7_decode((LzBytes){taken->bytes, taken->size}, &message)) {
        g_assert_not_reached();         /* it was read when it came */
    }
    if (is_refused) {
        answer(connection, &message, taken->is_known ? "AE" : "AR");
        return;
    }
    lz_request_connection_deliver(connection, lz_read_text_mark(message.control_id));
    answer(connection, &message, "AA");
}

static bool take_message(LzRequestConnection *connection, LzBytes bytes)
{
    LzHl7Message message;
    if (!lz_hl7_decode(bytes, &message) || message.kind == LZ_HL7_ACK) {
        return false;
    }
    Taken *taken = g_malloc(sizeof *taken + bytes.size);
    taken->size = bytes.size;
    taken->is_known = message.kind != LZ_HL7_KIND_COUNT;
    memcpy(taken->bytes, bytes.data, bytes.size);
    if (taken->is_known) {
        lz_request_connection_submit(connection, taken, bytes.size);
    } else {
        lz_request_connection_refuse(connection, taken);
    }
    return true;
}

static bool received(LzRequestConnection *connection, LzBytes bytes)
{
    LzMllpStream *stream = lz_request_connection_state(connection);
    LzBytes message;
    LzMllpProgress progress;
    while ((progress = lz_mllp_stream_next(stream, &bytes, &message)) == LZ_MLLP_MESSAGE) {
        if (!take_message(connection, message)) {
            return false;
        }
    }
    return progress == LZ_MLLP_MORE;
}

static void opened(LzRequestConnection *connection)
{
    lz_mllp_stream_init(lz_request_connection_state(connection), (size_t)config_of(connection)->message_max_bytes);
}

static void closed(LzRequestConnection *connection)
{
    lz_mllp_stream_clear(lz_request_connection_state(connection));
}

static const LzRequestServiceOps request_ops = {
    .connection_size = sizeof(LzMllpStream), .opened = opened, .received = received, .serve = serve, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Service *service = state;
    service->config = config;
    lz_request_service_init(&service->base, &request_ops, &service->config->common, context, env);
}

static const LzParam params[] = {
    LZ_REQUEST_SERVICE_PARAMS(Config, 10000, 1000, "messages that wait for the CPU or are worked on; beyond, they are answered AE",
                              0, 1e6, 8e8),
    LZ_PARAM(Config, message_max_bytes, .key = "message_max", .kind = LZ_PARAM_BYTES, .min = 200, .max = 1e9, .fallback = 1e6,
             .help = "longest message; a longer one cuts the connection"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "what comes is not passed on to other systems, nor transformed",
    "disk: what was answered AA is processed, and not lost by a crash",
    "other encodings (XML, other separators) and the enhanced acknowledgement mode (CA, CE, CR)",
    NULL,
};

static const LzServiceOps ops = {
    .init = init,
    .start = lz_request_service_start,
    .stop = lz_request_service_stop,
    .clear = lz_request_service_clear,
    .port = 2575,
};

const LzModel lz_service_model_hl7_engine = {
    .name = "hl7-engine",
    .summary = "HL7 v2 interface engine with a finite CPU: answers each message AA, or AE when it is full",
    .source = "HL7 v2.6; MLLP; port: IANA hl7; cost and rates assumed",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Service),
    .not_modelled = not_modelled,
    .ops = &ops,
};
