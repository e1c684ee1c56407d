/* Blocks of fixed size as fast as the device's client takes them: a transfer that never ends. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

typedef struct Config {
    int64_t size_bytes;
    LzTime every_ns;
} Config;

typedef struct Bulk {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent due;
} Bulk;

static void look(void *owner)
{
    Bulk *bulk = owner;
    lz_schedule_after(bulk->scheduler, &bulk->due, bulk->config->every_ns);
    if (lz_flow_has_room(bulk->flow)) {
        lz_flow_emit(bulk->flow, (uint32_t)bulk->config->size_bytes);
    }
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Bulk *bulk = state;
    bulk->config = config;
    bulk->flow = flow;
    bulk->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &bulk->random);
    lz_flow_event_init(flow, &bulk->due, look, bulk);
}

static void start(void *state)
{
    Bulk *bulk = state;
    /* Devices that are switched on together must not begin together: the phase is uniform. */
    const LzTime phase_ns = (LzTime)lz_random_below(&bulk->random, (uint64_t)bulk->config->every_ns);
    lz_schedule_after(bulk->scheduler, &bulk->due, phase_ns);
}

static void stop(void *state)
{
    Bulk *bulk = state;
    lz_event_cancel(bulk->scheduler, &bulk->due);
}

static LzLoad load(const void *config)
{
    const Config *own = config;
    return (LzLoad){.messages_per_s = 1e9 / (double)own->every_ns, .message_bytes = (double)own->size_bytes, .fills_links = true};
}

static const LzParam params[] = {
    LZ_PARAM(Config, size_bytes, .kind = LZ_PARAM_BYTES, .is_required = true, .min = LZ_MESSAGE_MARK_BYTES, .max = 1e8,
             .help = "size of a block"),
    LZ_PARAM(Config, every_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e3, .max = 3600e9, .fallback = 10e6,
             .help = "how often it looks whether the client has room for another; no more than one block each time"),
    LZ_PARAM_END,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load};

const LzModel lz_behaviour_model_bulk = {
    .name = "bulk",
    .summary = "blocks of fixed size as fast as the client takes them",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Bulk),
    .ops = &ops,
};
