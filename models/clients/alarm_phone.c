/* A carer's phone: logs on to a central station, shows the alarms that it is sent, and tells the station that its carer has
 * acknowledged them, which takes a human's time. */
#include <string.h>

#include "lazaret/model.h"
#include "lazaret/protocol/hl7.h"
#include "lazaret/protocol/text.h"
#include "lazaret/request_client.h"

#define MESSAGE_BYTES_MAX (1u << 20)
#define STATUS_BYTES 0u                 /* the smallest there is */

typedef struct Config {
    LzRequestClientConfig common;
    LzDist react;
    uint32_t heeded_ppb;
    int64_t shown_max;
} Config;

typedef struct Phone Phone;

typedef struct Shown {                  /* an alarm that the carer has not acknowledged yet */
    Phone *phone;
    LzMessageId message;
    LzEvent react;
    GList link;
} Shown;

struct Phone {
    LzRequestClient base;
    const Config *config;
    LzMllpStream stream;
    LzRandom carer;
    GQueue shown;                       /* Shown * */
};

/* ---- what it says ---- */

static void write_report(const Phone *phone, LzWriter *writer, LzHl7Kind kind, LzMessageId message)
{
    LzHost *host = phone->base.context.host;
    const LzHl7Report report = {.kind = kind, .message = message, .wall_ns = lz_host_wall_ns(host), .device = lz_host_name(host)};
    lz_mllp_write_begin(writer);
    lz_hl7_write_report(writer, &report, STATUS_BYTES);
    lz_mllp_write_end(writer);
}

static void say(Phone *phone, LzHl7Kind kind, LzMessageId message)
{
    LzWriter counted = lz_writer_counting();
    write_report(phone, &counted, kind, message);
    g_autofree uint8_t *bytes = g_malloc(counted.size);
    LzWriter writer = lz_writer(bytes, counted.size);
    write_report(phone, &writer, kind, message);
    lz_request_client_write(&phone->base, (LzBytes){bytes, writer.size}, 0);
}

static void opened(LzRequestClient *base)
{
    say((Phone *)base, LZ_HL7_LOGON, 0);
}

/* Of its own requests the message is the alarm that they are about; flows have nothing to say here but what devices report. */
static bool send_request(LzRequestClient *base, const LzRequest *request)
{
    say((Phone *)base, request->flow == LZ_REQUEST_OWN ? LZ_HL7_ALARM_STATUS : LZ_HL7_OBSERVATION, request->message);
    return true;
}

/* ---- alarms ---- */

static void forget(Shown *shown)
{
    Phone *phone = shown->phone;
    lz_event_cancel(phone->base.env.scheduler, &shown->react);
    g_queue_unlink(&phone->shown, &shown->link);
    g_free(shown);
}

static void reacted(void *owner)
{
    Shown *shown = owner;
    LzRequestClient *base = &shown->phone->base;
    const LzMessageId message = shown->message;
    forget(shown);
    lz_request_client_add(base, &(LzRequest){.message = message, .flow = LZ_REQUEST_OWN});
}

static bool is_shown(const Phone *phone, LzMessageId message)
{
    for (const GList *link = phone->shown.head; link; link = link->next) {
        if (((const Shown *)link->data)->message == message) {
            return true;
        }
    }
    return false;
}

/* The carer sees it now; whether and when they react is theirs. */
static void show(Phone *phone, LzMessageId message)
{
    uint8_t mark[LZ_MESSAGE_MARK_BYTES];
    if (message == 0 || is_shown(phone, message)) {
        return;
    }
    lz_message_mark_write(mark, message);
    lz_probe_delivered(phone->base.env.probes, (LzBytes){mark, sizeof mark});
    const bool is_heeded = lz_random_below(&phone->carer, 1000000000) < phone->config->heeded_ppb;
    const LzTime delay_ns = lz_dist_draw(&phone->config->react, &phone->carer);
    if (!is_heeded || phone->shown.length >= (guint64)phone->config->shown_max) {
        return;
    }
    Shown *shown = g_new0(Shown, 1);
    *shown = (Shown){.phone = phone, .message = message, .link.data = shown};
    g_queue_push_tail_link(&phone->shown, &shown->link);
    lz_event_init(&shown->react, reacted, shown);
    lz_timer_after(phone->base.env.scheduler, &shown->react, delay_ns);
}

static void take_alarm(Phone *phone, const LzHl7Message *alarm)
{
    LzHost *host = phone->base.context.host;
    uint8_t bytes[1024];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    lz_mllp_write_begin(&writer);
    lz_hl7_write_ack(&writer, alarm, "AA", lz_host_name(host), lz_host_wall_ns(host));
    lz_mllp_write_end(&writer);
    if (!writer.failed) {
        lz_request_client_write(&phone->base, (LzBytes){bytes, writer.size}, 0);
        show(phone, lz_read_text_mark(alarm->control_id));
    }
}

/* ---- what it hears ---- */

static bool take_answer(Phone *phone, const LzHl7Message *answer)
{
    LzRequestClient *base = &phone->base;
    const LzMessageId answered = lz_read_text_mark(answer->answered_id);
    const bool is_good = lz_text_equal(answer->code, "AA");
    if (!base->is_usable) {
        if (is_good) {
            lz_request_client_agree(base);
        }
        return is_good;                 /* else it comes back later */
    }
    if (!base->is_busy || answered != base->current.message) {
        return false;
    }
    if (is_good) {
        lz_request_client_done(base);
    } else if (lz_text_equal(answer->code, "AE")) {
        lz_request_client_postpone(base, 0);
    } else {
        lz_request_client_refuse(base);
    }
    return true;
}

static bool received(LzRequestClient *base, LzBytes bytes)
{
    Phone *phone = (Phone *)base;
    LzBytes frame;
    LzMllpProgress progress;
    LzHl7Message message;
    lz_request_client_progress(base);
    while ((progress = lz_mllp_stream_next(&phone->stream, &bytes, &frame)) == LZ_MLLP_MESSAGE) {
        if (!lz_hl7_decode(frame, &message)) {
            return false;
        }
        if (message.kind == LZ_HL7_ALARM) {
            take_alarm(phone, &message);
        } else if (message.kind != LZ_HL7_ACK || !take_answer(phone, &message)) {
            return false;
        }
    }
    return progress == LZ_MLLP_MORE;
}

static void closed(LzRequestClient *base, bool is_in_order)
{
    (void)is_in_order;
    lz_mllp_stream_clear(&((Phone *)base)->stream);
}

static const LzRequestClientOps request_ops = {
    .is_eager = true, .opened = opened, .send = send_request, .received = received, .closed = closed};

/* ---- model ---- */

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Phone *phone = state;
    phone->config = config;
    lz_mllp_stream_init(&phone->stream, MESSAGE_BYTES_MAX);
    g_queue_init(&phone->shown);
    lz_request_client_init(&phone->base, &request_ops, &phone->config->common, context, env);
    lz_env_random(env, LZ_PURPOSE_TRAFFIC, &phone->carer);
}

/* A phone without power has forgotten what it showed. */
static void stop(void *state)
{
    Phone *phone = state;
    while (!g_queue_is_empty(&phone->shown)) {
        forget(phone->shown.head->data);
    }
    lz_request_client_stop(phone);
}

static void clear(void *state)
{
    Phone *phone = state;
    if (phone->base.is_on) {
        stop(phone);
    }
}

static char *check(const void *config)
{
    return lz_request_client_check(&((const Config *)config)->common);
}

static const LzParam params[] = {
    LZ_PARAM(Config, react, .kind = LZ_PARAM_DIST, .max = 86400e9, .fallback = 30e9,
             .help = "from the moment that an alarm is shown until its carer acknowledges it"),
    LZ_PARAM(Config, heeded_ppb, .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 1e9,
             .help = "share of the alarms that the carer acknowledges at all"),
    LZ_PARAM(Config, shown_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 50,
             .help = "alarms that wait for the carer; beyond, a further one is shown but not heeded"),
    LZ_REQUEST_CLIENT_PARAMS(Config, 0, "an unused connection is closed after so long, and made again; 0 s: never"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "carers who are busy: each alarm is heeded by itself",
    "flows over this connection, but for small reports: a phone's calls have a connection of their own",
    "the phone's CPU time but for cryptography; its battery",
    NULL,
};

static const LzClientOps ops = {
    .init = init,
    .start = lz_request_client_start,
    .stop = stop,
    .send = lz_request_client_send,
    .has_room = lz_request_client_has_room,
    .clear = clear,
};

const LzModel lz_client_model_alarm_phone = {
    .name = "alarm-phone",
    .summary = "a carer's phone: shows alarms of a central station, which the carer acknowledges after a time",
    .source = "IHE PCD ACM, as remembered; times assumed",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Phone),
    .not_modelled = not_modelled,
    .check = check,
    .ops = &ops,
};
