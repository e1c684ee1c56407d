/* A sampled signal sent in blocks: ECG, pressures, flow. The size of a block follows from its samples. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

typedef struct Config {
    int64_t sample_rate_hz;
    int64_t channels, bits;
    LzTime block_ns;
    int64_t header_bytes;
} Config;

typedef struct Waveform {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent due;
    int64_t sample_remainder;   /* samples x 1e-9 left over by the blocks so far: the mean rate is exact */
} Waveform;

static uint32_t next_block_bytes(Waveform *waveform)
{
    const Config *config = waveform->config;
    const int64_t samples_e9 = config->sample_rate_hz * config->block_ns + waveform->sample_remainder;
    waveform->sample_remainder = samples_e9 % LZ_NS_PER_S;
    const int64_t bits = samples_e9 / LZ_NS_PER_S * config->channels * config->bits;
    return (uint32_t)(config->header_bytes + (bits + 7) / 8);
}

static void emit(void *owner)
{
    Waveform *waveform = owner;
    lz_schedule_after(waveform->scheduler, &waveform->due, waveform->config->block_ns);
    lz_flow_emit(waveform->flow, next_block_bytes(waveform));
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Waveform *waveform = state;
    waveform->config = config;
    waveform->flow = flow;
    waveform->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &waveform->random);
    lz_flow_event_init(flow, &waveform->due, emit, waveform);
}

static void start(void *state)
{
    Waveform *waveform = state;
    const LzTime phase_ns = (LzTime)lz_random_below(&waveform->random, (uint64_t)waveform->config->block_ns);
    waveform->sample_remainder = 0;
    lz_schedule_after(waveform->scheduler, &waveform->due, phase_ns);
}

static void stop(void *state)
{
    Waveform *waveform = state;
    lz_event_cancel(waveform->scheduler, &waveform->due);
}

/* The greatest block, 10 s of 32 channels of 32 bits at 10 kHz, is 12.8 MB and above the limit of any
 * broker's default; a block that the broker refuses is counted there. */
static LzLoad load(const void *config)
{
    const Config *own = config;
    const double bits = (double)(own->sample_rate_hz * own->channels * own->bits) * (double)own->block_ns / 1e9;
    return (LzLoad){.messages_per_s = 1e9 / (double)own->block_ns, .message_bytes = (double)own->header_bytes + bits / 8,
                    .arrivals = LZ_ARRIVALS_EVEN};
}

static const LzParam params[] = {
    LZ_PARAM(Config, sample_rate_hz, .kind = LZ_PARAM_FREQUENCY_HZ, .is_required = true, .min = 1, .max = 10e3,
             .help = "samples per second and channel"),
    LZ_PARAM(Config, channels, .kind = LZ_PARAM_COUNT, .min = 1, .max = 32, .fallback = 1, .help = "signals in a block"),
    LZ_PARAM(Config, bits, .kind = LZ_PARAM_COUNT, .min = 1, .max = 32, .fallback = 16, .help = "bits of a sample"),
    LZ_PARAM(Config, block_ns, .kind = LZ_PARAM_TIME_NS, .is_required = true, .min = 1e6, .max = 10e9,
             .help = "signal time that one message carries, and the interval between messages"),
    LZ_PARAM(Config, header_bytes, .kind = LZ_PARAM_BYTES, .min = LZ_MESSAGE_MARK_BYTES, .max = 4096, .fallback = 32,
             .help = "bytes of a message beside its samples, with the mark that measures it"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "compression of the signal: every block of a flow has the same number of samples, within one",
    NULL,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load};

const LzModel lz_behaviour_model_waveform = {
    .name = "waveform",
    .summary = "a sampled signal, sent in blocks",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Waveform),
    .not_modelled = not_modelled,
    .ops = &ops,
};
