/* A video stream: a frame at a fixed interval, every so many of them a key frame that is larger than the others. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

#define PPB 1000000000

typedef struct Config {
    int64_t bitrate_bps, frame_rate_hz, key_every, key_factor;
    uint32_t spread_ppb;
} Config;

typedef struct Video {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent due;
    LzTime began_ns;
    uint64_t frames;                    /* since then */
} Video;

/* So that key_every frames, one of them key_factor times as large, have the bit rate: bytes of one of the others. */
static double mean_bytes(const Config *config)
{
    double group_bytes = (double)config->bitrate_bps / 8 * (double)config->key_every / (double)config->frame_rate_hz;
    return group_bytes / (double)(config->key_every - 1 + config->key_factor);
}

static int64_t frame_bytes(Video *video)
{
    const Config *config = video->config;
    /* As in mean_bytes(), in whole numbers. */
    int64_t bytes = (int64_t)((__int128)config->bitrate_bps * config->key_every /
                              (8 * config->frame_rate_hz * (config->key_every - 1 + config->key_factor)));
    bytes *= video->frames % (uint64_t)config->key_every == 0 ? config->key_factor : 1;
    int64_t span = (int64_t)((__int128)bytes * config->spread_ppb / PPB);
    bytes += span > 0 ? (int64_t)lz_random_below(&video->random, (uint64_t)(2 * span + 1)) - span : 0;
    return bytes > (int64_t)LZ_MESSAGE_MARK_BYTES ? bytes : (int64_t)LZ_MESSAGE_MARK_BYTES;
}

static void schedule(Video *video)
{
    LzTime since_ns = (LzTime)((__int128)video->frames * LZ_NS_PER_S / video->config->frame_rate_hz);
    lz_schedule_at(video->scheduler, &video->due, video->began_ns + since_ns);
}

static void emit(void *owner)
{
    Video *video = owner;
    int64_t bytes = frame_bytes(video);
    video->frames++;
    schedule(video);
    lz_flow_emit(video->flow, (uint32_t)bytes);
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Video *video = state;
    video->config = config;
    video->flow = flow;
    video->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &video->random);
    lz_flow_event_init(flow, &video->due, emit, video);
}

/* Cameras that are switched on together are not in step. */
static void start(void *state)
{
    Video *video = state;
    uint64_t interval_ns = (uint64_t)(LZ_NS_PER_S / video->config->frame_rate_hz);
    video->began_ns = lz_now(video->scheduler) + (LzTime)lz_random_below(&video->random, interval_ns);
    video->frames = 0;
    schedule(video);
}

static void stop(void *state)
{
    Video *video = state;
    lz_event_cancel(video->scheduler, &video->due);
}

static LzLoad load(const void *config)
{
    const Config *own = config;
    double key_share = 1 / (double)own->key_every;
    double bytes = mean_bytes(own) * (1 + key_share * (double)(own->key_factor - 1));
    return (LzLoad){
        .messages_per_s = (double)own->frame_rate_hz,
        .message_bytes = bytes,
        .arrivals = own->key_factor == 1 ? LZ_ARRIVALS_EVEN : LZ_ARRIVALS_OTHER,
    };
}

static const LzParam params[] = {
    LZ_PARAM(Config, bitrate_bps, .kind = LZ_PARAM_BPS, .is_required = true, .min = 1e4, .max = 1e9, .help = "of the frames, on average"),
    LZ_PARAM(Config, frame_rate_hz, .kind = LZ_PARAM_FREQUENCY_HZ, .min = 1, .max = 240, .fallback = 25, .help = "frames a second"),
    LZ_PARAM(Config, key_every, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 50,
             .help = "frames from one key frame (IDR) to the next", .source = "assumed: one in two seconds"),
    LZ_PARAM(Config, key_factor, .kind = LZ_PARAM_COUNT, .min = 1, .max = 100, .fallback = 6,
             .help = "how much larger a key frame is than another", .source = "assumed"),
    LZ_PARAM(Config, spread_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 2e8,
             .help = "a frame is larger or smaller by up to this share, uniformly", .source = "assumed"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "rate control that answers to the network, scene changes, bidirectional frames and slices",
    NULL,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load};

const LzModel lz_behaviour_model_video = {
    .name = "video",
    .summary = "frames of a video stream, every so many a larger key frame",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Video),
    .not_modelled = not_modelled,
    .ops = &ops,
};
