/* A central station with its alarm manager: takes values, waves and alarms of bedside devices, sends each alarm to carers'
 * phones, and to others when nobody has acknowledged it in time. */
#include <string.h>

#include "lazaret/datagram_service.h"
#include "lazaret/hl7_service.h"
#include "lazaret/model.h"
#include "lazaret/protocol/text.h"

typedef struct Config {
    LzHl7ServiceConfig common;
    int64_t fan_out, escalations_max, alarms_max;
    LzTime escalate_after_ns, fan_out_cost_ns, wave_cost_ns;
} Config;

typedef struct Station Station;

typedef struct Alarm {
    Station *station;
    LzMessageId message;
    char *device;
    size_t size_bytes;
    LzTime raised_ns;
    int64_t rounds;                     /* of phones that it was sent to */
    LzEvent due;                        /* the next copy is to be sent, or the next round */
    int64_t unsent;                     /* copies of this round */
    bool is_working;                    /* due fires when the CPU has worked for a copy */
    GList link;                         /* in Station.alarms */
} Alarm;

struct Station {
    LzHl7Service base;
    LzDatagramService waves;
    const Config *config;
    GPtrArray *carers;                  /* LzRequestConnection * of phones, in the order in which they logged on */
    GHashTable *open;                   /* &Alarm.message -> Alarm *, look-up only */
    GQueue alarms;                      /* Alarm *: not acknowledged yet, oldest first */
};

static Station *station_of(LzRequestConnection *connection)
{
    return (Station *)lz_request_connection_service(connection);
}

static LzProbes *probes_of(const Station *station)
{
    return station->base.base.env.probes;
}

static LzScope scope_of(const Station *station)
{
    return station->base.base.context.scope;
}

static void report_open(const Station *station)
{
    lz_probe_level(probes_of(station), scope_of(station), LZ_METRIC_SERVICE_ALARM_OPEN, station->alarms.length);
}

/* ---- alarms ---- */

static void alarm_free(Alarm *alarm)
{
    Station *station = alarm->station;
    if (alarm->is_working) {
        lz_host_compute_cancel(station->base.base.context.host, &alarm->due);
    }
    lz_event_cancel(station->base.base.env.scheduler, &alarm->due);
    g_hash_table_remove(station->open, &alarm->message);
    g_queue_unlink(&station->alarms, &alarm->link);
    g_free(alarm->device);
    g_free(alarm);
}

/* A device has its own carers: which phones, its name decides, and each round the ones behind those of the last. */
static LzRequestConnection *carer_of(const Alarm *alarm)
{
    const GPtrArray *carers = alarm->station->carers;
    const int64_t fan_out = alarm->station->config->fan_out, copy = fan_out - alarm->unsent;
    if (copy >= carers->len) {
        return NULL;                    /* all have it in this round */
    }
    const uint64_t first = lz_entity_id(alarm->device) % carers->len;
    return carers->pdata[(first + (uint64_t)((alarm->rounds - 1) * fan_out + copy)) % carers->len];
}

static void send_copy(const Alarm *alarm)
{
    LzRequestConnection *carer = alarm->station->carers->len > 0 ? carer_of(alarm) : NULL;
    if (!carer) {
        return;
    }
    const LzHl7Report report = {
        .kind = LZ_HL7_ALARM,
        .message = alarm->message,
        .wall_ns = lz_host_wall_ns(alarm->station->base.base.context.host),
        .device = alarm->device,
    };
    lz_hl7_connection_report(carer, &report, alarm->size_bytes);
}

static void go_on(Alarm *alarm);

static void give_up(Alarm *alarm)
{
    const Station *station = alarm->station;
    lz_probe_count(probes_of(station), scope_of(station), LZ_METRIC_SERVICE_ALARM_UNATTENDED, 1);
    lz_probe_lost(probes_of(station), alarm->message, LZ_LOSS_REFUSED);
    alarm_free(alarm);
    report_open(station);
}

static void begin_round(Alarm *alarm)
{
    const Station *station = alarm->station;
    if (alarm->rounds > station->config->escalations_max) {
        give_up(alarm);
        return;
    }
    if (alarm->rounds > 0) {
        lz_probe_count(probes_of(station), scope_of(station), LZ_METRIC_SERVICE_ALARM_ESCALATED, 1);
    }
    alarm->rounds++;
    alarm->unsent = station->config->fan_out;
    go_on(alarm);
}

static void due(void *owner)
{
    Alarm *alarm = owner;
    if (!alarm->is_working) {
        begin_round(alarm);
        return;
    }
    alarm->is_working = false;
    send_copy(alarm);
    alarm->unsent--;
    go_on(alarm);
}

/* Each copy is work for the CPU; then the carers have their time. */
static void go_on(Alarm *alarm)
{
    const Station *station = alarm->station;
    if (alarm->unsent > 0) {
        alarm->is_working = true;
        lz_host_compute(station->base.base.context.host, station->config->fan_out_cost_ns, &alarm->due);
    } else {
        lz_timer_after(station->base.base.env.scheduler, &alarm->due, station->config->escalate_after_ns);
    }
}

static const char *take_alarm(Station *station, const LzHl7Message *message, LzMessageId id)
{
    if (g_hash_table_contains(station->open, &id)) {
        return "AA";                    /* it came again: the answer was lost */
    }
    if (station->alarms.length >= (guint64)station->config->alarms_max) {
        lz_probe_count(probes_of(station), scope_of(station), LZ_METRIC_SERVICE_REFUSED, 1);
        return "AE";
    }
    Alarm *alarm = g_new0(Alarm, 1);
    alarm->station = station;
    alarm->message = id;
    alarm->device = g_strndup((const char *)message->sender.data, message->sender.size);
    alarm->size_bytes = message->bytes.size;
    alarm->raised_ns = lz_now(station->base.base.env.scheduler);
    alarm->link.data = alarm;
    lz_event_init(&alarm->due, due, alarm);
    g_queue_push_tail_link(&station->alarms, &alarm->link);
    g_hash_table_insert(station->open, &alarm->message, alarm);
    report_open(station);
    begin_round(alarm);
    return "AA";
}

static void acknowledge(Station *station, LzMessageId id)
{
    Alarm *alarm = g_hash_table_lookup(station->open, &id);
    if (!alarm) {
        return;                         /* another carer was quicker */
    }
    const LzTime took_ns = lz_now(station->base.base.env.scheduler) - alarm->raised_ns;
    lz_probe_sample(probes_of(station), scope_of(station), LZ_METRIC_SERVICE_ALARM_ACKNOWLEDGED, took_ns);
    alarm_free(alarm);
    report_open(station);
}

/* ---- messages ---- */

static void log_on(LzRequestConnection *connection)
{
    if (!lz_hl7_connection_user(connection)) {
        Station *station = station_of(connection);
        lz_hl7_connection_set_user(connection, station);
        g_ptr_array_add(station->carers, connection);
    }
}

static const char *take(LzRequestConnection *connection, const LzHl7Message *message)
{
    Station *station = station_of(connection);
    const LzMessageId id = lz_read_text_mark(message->control_id);
    if (message->kind == LZ_HL7_ALARM && station->config->fan_out > 0 && id != 0) {
        return take_alarm(station, message, id);
    }
    if (message->kind == LZ_HL7_ALARM_STATUS) {
        acknowledge(station, lz_read_text_mark(message->reference));
    } else if (message->kind == LZ_HL7_LOGON) {
        log_on(connection);
    } else {
        lz_request_connection_deliver(connection, id);
    }
    return "AA";
}

static void closed(LzRequestConnection *connection)
{
    if (lz_hl7_connection_user(connection)) {
        g_ptr_array_remove(station_of(connection)->carers, connection);         /* keeps the order of the others */
    }
}

static const LzHl7ServiceOps hl7_ops = {.take = take, .takes_answers = true, .closed = closed};

/* ---- waves: datagrams ---- */

static bool decode_wave(LzBytes payload, void *ret_message)
{
    if (payload.size < LZ_MESSAGE_MARK_BYTES) {
        return false;
    }
    memcpy(ret_message, payload.data, LZ_MESSAGE_MARK_BYTES);
    return true;
}

static bool show_wave(LzDatagramService *waves, const LzDatagramRequest *request, LzWriter *reply)
{
    (void)reply;
    lz_probe_delivered(waves->probes, (LzBytes){request->message, LZ_MESSAGE_MARK_BYTES});
    return false;
}

static const LzDatagramServiceOps wave_ops = {.message_size = LZ_MESSAGE_MARK_BYTES, .decode = decode_wave, .answer = show_wave};

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Station *station = state;
    station->config = config;
    lz_hl7_service_init(&station->base, &hl7_ops, &station->config->common, context, env);
    LzServiceContext clear = *context;
    clear.listen.tls = NULL;            /* of the alarms' sessions; waves come in plain datagrams */
    lz_datagram_service_init(&station->waves, &wave_ops, &clear, env, station->config->wave_cost_ns,
                             station->config->common.requests.queue_max);
    station->carers = g_ptr_array_new();
    station->open = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&station->alarms);
}

static void start(void *state)
{
    Station *station = state;
    lz_request_service_start(station);
    lz_datagram_service_start(&station->waves);
}

static void stop(void *state)
{
    Station *station = state;
    while (!g_queue_is_empty(&station->alarms)) {
        Alarm *alarm = station->alarms.head->data;
        lz_probe_lost(probes_of(station), alarm->message, LZ_LOSS_POWER);
        alarm_free(alarm);
    }
    report_open(station);
    lz_datagram_service_stop(&station->waves);
    lz_request_service_stop(station);
}

static void clear(void *state)
{
    Station *station = state;
    g_ptr_array_unref(station->carers);
    g_hash_table_unref(station->open);
}

static const LzParam params[] = {
    LZ_HL7_SERVICE_PARAMS(Config),
    LZ_PARAM(Config, fan_out, .kind = LZ_PARAM_COUNT, .max = 1000, .has_max = true,
             .help = "phones (client alarm-phone) that an alarm goes to at a time, where it is delivered then; 0: it ends at the "
                     "station's own screen"),
    LZ_PARAM(Config, escalate_after_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, .fallback = 60e9,
             .help = "an alarm that nobody has acknowledged by then goes to the next phones"),
    LZ_PARAM(Config, escalations_max, .kind = LZ_PARAM_COUNT, .max = 1000, .has_max = true, .fallback = 3,
             .help = "times that it does; then it is counted as unattended"),
    LZ_PARAM(Config, alarms_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "alarms that wait for an acknowledgement; beyond, a new one is answered AE"),
    LZ_PARAM(Config, fan_out_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 0.2e6,
             .help = "CPU of each copy sent to a phone"),
    LZ_PARAM(Config, wave_cost_ns, .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 20e3,
             .help = "CPU of a datagram (waves, client datagram), of which `queue_max` may wait; beyond, they are dropped"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "who is on duty where: a device's name decides which of the phones that are logged on is the first",
    "other phones are not told that one has acknowledged; copies that come later count as duplicates",
    "pages in the protocol of a telephone system (IHE PCD-06): alarms go to phones as they came, by HL7",
    "disk: alarms that wait are lost with the station",
    "what the values mean, and alarms of the station itself",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear, .port = 2575};

const LzModel lz_service_model_central_station = {
    .name = "central-station",
    .summary = "central station and alarm manager: takes HL7 and waves, sends alarms to phones, escalates without acknowledgement",
    .source = "IHE PCD ACM, as remembered; cost and times assumed",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Station),
    .not_modelled = not_modelled,
    .ops = &ops,
};
