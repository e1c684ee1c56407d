/* Studies: a number of images as fast as the device's client takes them, then a pause until the next study. */
#include "lazaret/behaviour.h"
#include "lazaret/model.h"

typedef struct Config {
    int64_t size_bytes, images;
    LzTime every_ns, image_every_ns;
} Config;

typedef struct Study {
    const Config *config;
    LzFlow *flow;
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent begin, image;
    int64_t left;                       /* images of the study that is being sent */
} Study;

/* Patients come at random: the pauses are exponential. */
static LzTime draw_pause(Study *study)
{
    return lz_dist_draw(&(LzDist){.kind = LZ_DIST_EXPONENTIAL, .a_ns = study->config->every_ns}, &study->random);
}

static void send_image(void *owner)
{
    Study *study = owner;
    if (lz_flow_has_room(study->flow)) {
        study->left--;
        lz_flow_emit(study->flow, (uint32_t)study->config->size_bytes);
    }
    if (study->left > 0) {
        lz_schedule_after(study->scheduler, &study->image, study->config->image_every_ns);
    }
}

static void begin(void *owner)
{
    Study *study = owner;
    study->left += study->config->images;       /* also when the last one is not through */
    if (!lz_event_is_pending(&study->image)) {
        lz_schedule_after(study->scheduler, &study->image, 0);
    }
    lz_schedule_at(study->scheduler, &study->begin, lz_flow_after(study->flow, lz_now(study->scheduler), draw_pause(study)));
}

static void init(void *state, const void *config, LzFlow *flow, const LzEnv *env)
{
    Study *study = state;
    study->config = config;
    study->flow = flow;
    study->scheduler = env->scheduler;
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &study->random);
    lz_event_init(&study->begin, begin, study);
    lz_flow_event_init(flow, &study->image, send_image, study);
}

static void start(void *state)
{
    Study *study = state;
    lz_schedule_at(study->scheduler, &study->begin, lz_flow_after(study->flow, lz_now(study->scheduler), draw_pause(study)));
}

static void stop(void *state)
{
    Study *study = state;
    study->left = 0;
    lz_event_cancel(study->scheduler, &study->begin);
    lz_event_cancel(study->scheduler, &study->image);
}

static LzLoad load(const void *config)
{
    const Config *own = config;
    return (LzLoad){.messages_per_s = (double)own->images * 1e9 / (double)own->every_ns, .message_bytes = (double)own->size_bytes};
}

static const LzParam params[] = {
    LZ_PARAM(Config, size_bytes, .kind = LZ_PARAM_BYTES, .is_required = true, .min = LZ_MESSAGE_MARK_BYTES, .max = 1e8,
             .help = "size of an image"),
    LZ_PARAM(Config, images, .kind = LZ_PARAM_COUNT, .is_required = true, .min = 1, .max = 1e5, .help = "images of a study"),
    LZ_PARAM(Config, every_ns, .kind = LZ_PARAM_TIME_NS, .is_required = true, .min = 1e6, .max = 2592e12,
             .help = "mean time between the beginnings of studies; it is random (exponential)"),
    LZ_PARAM(Config, image_every_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e3, .max = 3600e9, .fallback = 10e6,
             .help = "within a study, how often it looks whether the client has room for the next image"),
    LZ_PARAM_END,
};

static const LzBehaviourOps ops = {.init = init, .start = start, .stop = stop, .load = load, .follows_day = true};

const LzModel lz_behaviour_model_study = {
    .name = "study",
    .summary = "a number of images as fast as the client takes them, then a random pause",
    .source = "a project model",
    .kind = LZ_MODEL_BEHAVIOUR,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Study),
    .ops = &ops,
};
