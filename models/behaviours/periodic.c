/* A message of fixed size at a fixed interval: telemetry, numerics, status. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

#define SIZE_BYTES_MAX 1e6      /* fits a broker's default packet limit */

typedef struct Config {
    int64_t size_bytes;
    LzTime every_ns;
    uint32_t jitter_ppb;
} Config;

typedef struct Periodic {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent due;
    LzTime nominal_ns;          /* of the message that is due, without its jitter: jitter never adds up */
} Periodic;

static LzTime draw_share(Periodic *periodic, uint32_t share_ppb)
{
    const LzTime span_ns = (LzTime)((__int128)periodic->config->every_ns * share_ppb / 1000000000);
    return span_ns > 0 ? (LzTime)lz_random_below(&periodic->random, (uint64_t)span_ns) : 0;
}

static void schedule(Periodic *periodic)
{
    lz_schedule_at(periodic->scheduler, &periodic->due,
                   periodic->nominal_ns + draw_share(periodic, periodic->config->jitter_ppb));
}

static void emit(void *owner)
{
    Periodic *periodic = owner;
    periodic->nominal_ns = lz_flow_after(periodic->flow, periodic->nominal_ns, periodic->config->every_ns);
    schedule(periodic);
    lz_flow_emit(periodic->flow, (uint32_t)periodic->config->size_bytes);
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Periodic *periodic = state;
    periodic->config = config;
    periodic->flow = flow;
    periodic->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &periodic->random);
    lz_flow_event_init(flow, &periodic->due, emit, periodic);
}

static void start(void *state)
{
    Periodic *periodic = state;
    /* Devices that are switched on together must not speak together: the phase is uniform. */
    periodic->nominal_ns = lz_flow_after(periodic->flow, lz_now(periodic->scheduler), draw_share(periodic, 1000000000));
    schedule(periodic);
}

static void stop(void *state)
{
    Periodic *periodic = state;
    lz_event_cancel(periodic->scheduler, &periodic->due);
}

static LzLoad load(const void *config)
{
    const Config *own = config;
    return (LzLoad){
        .messages_per_s = 1e9 / (double)own->every_ns,
        .message_bytes = (double)own->size_bytes,
        .arrivals = own->jitter_ppb == 0 ? LZ_ARRIVALS_EVEN : LZ_ARRIVALS_OTHER,
    };
}

static const LzParam params[] = {
    LZ_PARAM(Config, size_bytes, .kind = LZ_PARAM_BYTES, .is_required = true, .min = LZ_MESSAGE_MARK_BYTES,
             .max = SIZE_BYTES_MAX, .help = "size of a message, before MQTT and TLS"),
    LZ_PARAM(Config, every_ns, .kind = LZ_PARAM_TIME_NS, .is_required = true, .min = 1e3, .max = 2592e12,
             .help = "interval between messages"),
    LZ_PARAM(Config, jitter_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 0,
             .help = "each message is late by up to this share of the interval, uniformly"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "the phase of a device is random, never aligned with others by a common clock",
    NULL,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load, .follows_day = true};

const LzModel lz_behaviour_model_periodic = {
    .name = "periodic",
    .summary = "a message of fixed size at a fixed interval",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Periodic),
    .not_modelled = not_modelled,
    .ops = &ops,
};
