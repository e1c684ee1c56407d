/* An HL7 interface engine: takes messages over MLLP, works through each at the cost of its CPU, and answers it. */
#include "lazaret/hl7_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/text.h"

typedef struct Config {
    LzHl7ServiceConfig common;
} Config;

static const char *take(LzRequestConnection *connection, const LzHl7Message *message)
{
    lz_request_connection_deliver(connection, lz_read_text_mark(message->control_id));
    return "AA";
}

static const LzHl7ServiceOps hl7_ops = {.take = take};

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    lz_hl7_service_init(state, &hl7_ops, &((const Config *)config)->common, context, env);
}

static const LzParam params[] = {LZ_HL7_SERVICE_PARAMS(Config), LZ_PARAM_END};

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
    .state_size = sizeof(LzHl7Service),
    .not_modelled = not_modelled,
    .ops = &ops,
};
