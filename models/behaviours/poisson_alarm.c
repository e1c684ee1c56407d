/* Alarms: episodes that come at random and independently, each of one or more messages. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

#define SIZE_BYTES_MAX 1e6      /* fits a broker's default packet limit */

typedef struct Config {
    int64_t size_bytes;
    int64_t rate_uhz;
    int64_t burst;
    LzTime burst_gap_ns;
} Config;

typedef struct PoissonAlarm {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent episode;            /* the next episode begins */
    LzEvent message;            /* the next message of the episodes that have begun */
    int64_t owed;               /* messages of begun episodes still to come */
} PoissonAlarm;

static void schedule_episode(PoissonAlarm *alarm)
{
    const LzTime mean_ns = LZ_NS_PER_S * 1000000 / alarm->config->rate_uhz;
    const LzTime interval_ns = lz_random_exponential(&alarm->random, mean_ns);
    lz_schedule_at(alarm->scheduler, &alarm->episode, lz_flow_after(alarm->flow, lz_now(alarm->scheduler), interval_ns));
}

static void emit(void *owner)
{
    PoissonAlarm *alarm = owner;
    alarm->owed--;
    if (alarm->owed > 0) {
        lz_schedule_after(alarm->scheduler, &alarm->message, alarm->config->burst_gap_ns);
    }
    lz_flow_emit(alarm->flow, (uint32_t)alarm->config->size_bytes);
}

static void begin_episode(void *owner)
{
    PoissonAlarm *alarm = owner;
    schedule_episode(alarm);
    alarm->owed += alarm->config->burst;
    if (!lz_event_is_pending(&alarm->message)) {
        emit(alarm);
    }
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    PoissonAlarm *alarm = state;
    alarm->config = config;
    alarm->flow = flow;
    alarm->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &alarm->random);
    lz_event_init(&alarm->episode, begin_episode, alarm);
    lz_flow_event_init(flow, &alarm->message, emit, alarm);
}

static void start(void *state)
{
    PoissonAlarm *alarm = state;
    alarm->owed = 0;
    schedule_episode(alarm);
}

static void stop(void *state)
{
    PoissonAlarm *alarm = state;
    lz_event_cancel(alarm->scheduler, &alarm->episode);
    lz_event_cancel(alarm->scheduler, &alarm->message);
}

static LzLoad load(const void *config)
{
    const Config *own = config;
    return (LzLoad){
        .messages_per_s = (double)own->rate_uhz / 1e6 * (double)own->burst,
        .message_bytes = (double)own->size_bytes,
        .arrivals = own->burst == 1 ? LZ_ARRIVALS_RANDOM : LZ_ARRIVALS_OTHER,
    };
}

static const LzParam params[] = {
    LZ_PARAM(Config, size_bytes, .kind = LZ_PARAM_BYTES, .is_required = true, .min = LZ_MESSAGE_MARK_BYTES,
             .max = SIZE_BYTES_MAX, .help = "size of a message, before MQTT and TLS"),
    LZ_PARAM(Config, rate_uhz, .kind = LZ_PARAM_RATE_UHZ, .is_required = true, .min = 1, .max = 1e12,
             .help = "mean rate of episodes"),
    LZ_PARAM(Config, burst, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1000, .fallback = 1,
             .help = "messages of an episode"),
    LZ_PARAM(Config, burst_gap_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e3, .max = 3600e9, .fallback = 1e9,
             .help = "time between the messages of an episode"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "alarms of neighbouring beds that have a common cause",
    NULL,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load, .follows_day = true};

const LzModel lz_behaviour_model_poisson_alarm = {
    .name = "poisson-alarm",
    .summary = "alarms as a Poisson process of episodes",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(PoissonAlarm),
    .not_modelled = not_modelled,
    .ops = &ops,
};
