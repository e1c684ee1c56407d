/* A device that reports in HL7 version 2: one message after the other over a connection that it keeps (MLLP), each answered
 * before the next is sent. */
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/hl7.h"
#include "lazaret/protocol/text.h"
#include "lazaret/request_client.h"

#define ANSWER_BYTES_MAX 65536u

typedef struct Config {
    LzRequestClientConfig common;
} Config;

typedef struct Client {
    LzRequestClient base;
    LzMllpStream stream;
} Client;

/* `publish` of a flow names the message, "ORU^R40"; or is a path, whose last word tells. */
static LzHl7Kind kind_of(const LzClientFlow *flow)
{
    static const struct { const char *word; LzHl7Kind kind; } words[] = {
        {"R40", LZ_HL7_ALARM}, {"alarm", LZ_HL7_ALARM}, {"R42", LZ_HL7_EVENT}, {"event", LZ_HL7_EVENT}};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_suffix(flow->destination, words[i].word)) {
            return words[i].kind;
        }
    }
    return LZ_HL7_OBSERVATION;
}

static void write_request(const LzRequestClient *client, const LzRequest *request, LzWriter *writer)
{
    LzHost *host = client->context.host;
    const LzHl7Report report = {
        .kind = kind_of(&client->context.flows[request->flow]),
        .message = request->message,
        .wall_ns = lz_host_wall_ns(host),
        .device = lz_host_name(host),
    };
    lz_mllp_write_begin(writer);
    lz_hl7_write_report(writer, &report, request->size_bytes);
    lz_mllp_write_end(writer);
}

static bool send_request(LzRequestClient *client, const LzRequest *request)
{
    LzWriter counted = lz_writer_counting();
    write_request(client, request, &counted);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter writer = lz_writer(bytes, counted.size);
    write_request(client, request, &writer);
    lz_request_client_write(client, (LzBytes){bytes, writer.size}, request->message);
    return true;
}

/* HL7 v2.6 2.9.2.2: AA is the end of it, AE leaves the device to try again, AR refuses the message itself. */
static bool take_answer(LzRequestClient *client, LzBytes bytes)
{
    LzHl7Message answer;
    if (!client->is_busy || !lz_hl7_decode(bytes, &answer) || answer.kind != LZ_HL7_ACK ||
        lz_read_text_mark(answer.answered_id) != client->current.message) {
        return false;
    }
    if (lz_text_equal(answer.code, "AA")) {
        lz_request_client_done(client);
    } else if (lz_text_equal(answer.code, "AE")) {
        lz_request_client_postpone(client, 0);
    } else {
        lz_request_client_refuse(client);
    }
    return true;
}

static bool received(LzRequestClient *base, LzBytes bytes)
{
    Client *client = (Client *)base;
    LzBytes message;
    LzMllpProgress progress;
    lz_request_client_progress(base);
    while ((progress = lz_mllp_stream_next(&client->stream, &bytes, &message)) == LZ_MLLP_MESSAGE) {
        if (!take_answer(base, message)) {
            return false;
        }
    }
    return progress == LZ_MLLP_MORE;
}

static void closed(LzRequestClient *base, bool is_in_order)
{
    (void)is_in_order;
    lz_mllp_stream_clear(&((Client *)base)->stream);
}

static const LzRequestClientOps request_ops = {.is_eager = true, .send = send_request, .received = received, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    lz_mllp_stream_init(&client->stream, ANSWER_BYTES_MAX);
    lz_request_client_init(&client->base, &request_ops, &((const Config *)config)->common, context, env);
}

static char *check(const void *config)
{
    return lz_request_client_check(&((const Config *)config)->common);
}

static const LzParam params[] = {
    LZ_REQUEST_CLIENT_PARAMS(Config, 0, "an unused connection is closed after so long, and made again; 0 s: never"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "orders to devices (IHE PCD-03): a device sends, and is answered",
    "more than one message under way",
    "the QoS of a flow, but for what is lost first: a message is sent until it is answered",
    "a message smaller than about 500 B",
    "the device's CPU time for HL7 itself; cryptography is charged",
    NULL,
};

static const LzClientOps ops = {
    .init = init,
    .start = lz_request_client_start,
    .stop = lz_request_client_stop,
    .send = lz_request_client_send,
    .has_room = lz_request_client_has_room,
    .clear = lz_request_client_clear,
};

const LzModel lz_client_model_hl7 = {
    .name = "hl7",
    .summary = "HL7 v2 over MLLP: observations (ORU^R01), alarms (a flow that ends in R40 or alarm), pump events (R42, event)",
    .source = "HL7 v2.6; IHE PCD TF-2: PCD-01, PCD-04, PCD-10, as remembered",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .check = check,
    .ops = &ops,
};
