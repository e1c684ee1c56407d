/* One message, some time after the device was switched on. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

typedef struct Config {
    int64_t size_bytes;
    LzTime within_ns;
} Config;

typedef struct Once {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent due;
} Once;

static void emit(void *owner)
{
    Once *once = owner;
    lz_flow_emit(once->flow, (uint32_t)once->config->size_bytes);
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Once *once = state;
    once->config = config;
    once->flow = flow;
    once->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &once->random);
    lz_event_init(&once->due, emit, once);
}

static void start(void *state)
{
    Once *once = state;
    const LzTime delay_ns = (LzTime)lz_random_below(&once->random, (uint64_t)once->config->within_ns);
    lz_schedule_after(once->scheduler, &once->due, delay_ns);
}

static void stop(void *state)
{
    Once *once = state;
    lz_event_cancel(once->scheduler, &once->due);
}

static const LzParam params[] = {
    LZ_PARAM(Config, size_bytes, .kind = LZ_PARAM_BYTES, .is_required = true, .min = LZ_MESSAGE_MARK_BYTES, .max = 1e8,
             .help = "size of the message"),
    LZ_PARAM(Config, within_ns, .key = "within", .kind = LZ_PARAM_TIME_NS, .min = 1, .max = 86400e9, .fallback = 1e9,
             .help = "it comes so long after the device was switched on at the latest, uniformly"),
    LZ_PARAM_END,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop};

const LzModel lz_behaviour_model_once = {
    .name = "once",
    .summary = "one message after the device is switched on",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Once),
    .ops = &ops,
};
