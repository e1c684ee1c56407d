/* The life of an application message as metrics: what is created, delivered in time or late, lost and
 * why. Shares, latencies and deadlines count for the windows that the message was created in, so that
 * a message born in a flood and delivered after it counts for the flood; duplicates and goodput count
 * for the windows of the delivery. */
#include "sim/measure/probes.h"

typedef enum { DIGEST_CREATED = 1, DIGEST_DELIVERED, DIGEST_LOST, DIGEST_DUPLICATE } DigestTag;

static const char *const loss_cause_names[] = {
    [LZ_LOSS_CLIENT_QUEUE_FULL] = "client-queue-full", [LZ_LOSS_CONNECTION] = "connection",
    [LZ_LOSS_POWER] = "power", [LZ_LOSS_SERVICE_FULL] = "service-full", [LZ_LOSS_REFUSED] = "refused",
    [LZ_LOSS_NETWORK] = "network",
};
G_STATIC_ASSERT(G_N_ELEMENTS(loss_cause_names) == LZ_LOSS_CAUSE_COUNT);

const char *lz_loss_cause_name(LzLossCause cause)
{
    g_assert(cause < LZ_LOSS_CAUSE_COUNT);
    return loss_cause_names[cause];
}

void lz_message_mark_write(uint8_t *payload, LzMessageId message)
{
    for (unsigned i = 0; i < 4; i++) {
        payload[i] = (uint8_t)(LZ_MESSAGE_MAGIC >> (24 - 8 * i));
    }
    for (unsigned i = 0; i < 8; i++) {
        payload[4 + i] = (uint8_t)(message >> (56 - 8 * i));
    }
}

LzMessageId lz_message_mark_read(LzBytes payload)
{
    uint32_t magic = 0;
    LzMessageId message = 0;
    if (payload.size < LZ_MESSAGE_MARK_BYTES) {
        return 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        magic = magic << 8 | payload.data[i];
    }
    for (unsigned i = 4; i < LZ_MESSAGE_MARK_BYTES; i++) {
        message = message << 8 | payload.data[i];
    }
    return magic == LZ_MESSAGE_MAGIC ? message : 0;
}

static void digest(LzProbes *probes, DigestTag tag, LzMessageId message, uint64_t value)
{
    if (!probes->digest) {
        return;
    }
    lz_digest_add(probes->digest, LZ_DIGEST_APPLICATION, (uint64_t)tag << 56 | value);
    lz_digest_add(probes->digest, LZ_DIGEST_APPLICATION, message);
    lz_digest_add(probes->digest, LZ_DIGEST_APPLICATION, (uint64_t)lz_now(probes->clock.scheduler));
}

static LzFlowAccount *account_of(LzProbes *probes, const LzLife *life)
{
    return &lz_probes_scope(probes, life->flow)->account;
}

/* NULL: nothing is recorded, no message, or one that was closed long ago. */
static LzLife *find(LzProbes *probes, LzMessageId message)
{
    if (!lz_probes_advance(probes) || message == 0) {
        return NULL;
    }
    return lz_lives_find(&probes->lives, message);
}

static void decide_deadline(LzProbes *probes, const LzLife *life, bool is_missed)
{
    if (life->deadline_ns != LZ_TIME_NEVER) {
        lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_DEADLINE_MISS, life->span, is_missed, 1, true);
    }
}

LzProbeDevice *lz_probe_device(LzProbes *probes, const char *name, bool delivers_once, void *place)
{
    return probes ? lz_lives_add_device(&probes->lives, name, delivers_once, place) : NULL;
}

size_t lz_probe_device_bytes(void)
{
    return sizeof(LzProbeDevice);
}

void lz_probe_device_end(LzProbes *probes, LzProbeDevice *device)
{
    if (probes && device) {
        lz_lives_end_device(&probes->lives, device);
    }
}

LzMessageId lz_probe_created(LzProbes *probes, LzScope flow, LzProbeDevice *device, uint32_t size_bytes,
                             LzTime deadline_ns)
{
    if (!lz_probes_advance(probes) || flow == 0) {
        return 0;
    }
    LzLife life = {
        .created_ns = lz_now(probes->clock.scheduler), .deadline_ns = deadline_ns, .flow = flow,
        .size_bytes = size_bytes, .span = probes->span,
    };
    LzMessageId message = lz_lives_open(device, &life);
    account_of(probes, &life)->created++;
    lz_probes_add_count(probes, flow, LZ_METRIC_FLOW_CREATED, life.span, 1, 0, true);
    lz_probes_add_count(probes, flow, LZ_METRIC_FLOW_DELIVERED, life.span, 0, 1, true);
    lz_probes_add_count(probes, flow, LZ_METRIC_FLOW_LOST, life.span, 0, 1, true);
    digest(probes, DIGEST_CREATED, message, size_bytes);
    return message;
}

void lz_probe_handed_to_tls(LzProbes *probes, LzMessageId message)
{
    LzLife *life = find(probes, message);
    if (!life || life->is_handed_to_tls) {
        return;
    }
    life->is_handed_to_tls = true;
    account_of(probes, life)->handed_to_tls++;
}

void lz_probe_sent(LzProbes *probes, LzMessageId message)
{
    LzLife *life = find(probes, message);
    if (!life || life->is_sent) {
        return;
    }
    life->is_sent = true;
    account_of(probes, life)->sent++;
    lz_probes_add_sample(probes, life->flow, LZ_METRIC_FLOW_SEND_DELAY, life->span,
                         lz_now(probes->clock.scheduler) - life->created_ns);
}

/* What its sender gave up may still arrive, when it was under way already: then it was not lost. The
 * series keeps what was believed at the time. */
static void take_back_loss(LzProbes *probes, const LzLife *life)
{
    account_of(probes, life)->lost[life->cause]--;
    lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_LOST, life->span, -1, 0, false);
    if (life->deadline_ns != LZ_TIME_NEVER) {
        lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_DEADLINE_MISS, life->span, -1, -1, false);
    }
}

static void close_delivered(LzProbes *probes, LzLife *life)
{
    LzTime latency_ns = lz_now(probes->clock.scheduler) - life->created_ns;
    if (life->state == LZ_LIFE_LOST) {
        take_back_loss(probes, life);
    }
    life->state = LZ_LIFE_DELIVERED;
    account_of(probes, life)->delivered++;
    lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_DELIVERED, life->span, 1, 0, true);
    lz_probes_add_sample(probes, life->flow, LZ_METRIC_FLOW_LATENCY, life->span, latency_ns);
    lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_GOODPUT, probes->span, life->size_bytes, 0, true);
    decide_deadline(probes, life, latency_ns > life->deadline_ns);
}

void lz_probe_delivered(LzProbes *probes, LzBytes payload)
{
    LzMessageId message = lz_message_mark_read(payload);
    LzLife *life = find(probes, message);
    if (!life) {
        return;
    }
    if (life->state == LZ_LIFE_DELIVERED) {
        account_of(probes, life)->duplicate++;
        lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_DUPLICATE, probes->span, 1, 0, true);
        digest(probes, DIGEST_DUPLICATE, message, 0);
        return;
    }
    close_delivered(probes, life);
    digest(probes, DIGEST_DELIVERED, message, 0);
}

void lz_probe_lost(LzProbes *probes, LzMessageId message, LzLossCause cause)
{
    LzLife *life = find(probes, message);
    if (!life || life->state != LZ_LIFE_OPEN) {
        return;
    }
    life->state = LZ_LIFE_LOST;
    life->cause = (uint8_t)cause;
    account_of(probes, life)->lost[cause]++;
    lz_probes_add_count(probes, life->flow, LZ_METRIC_FLOW_LOST, life->span, 1, 0, true);
    decide_deadline(probes, life, true);
    digest(probes, DIGEST_LOST, message, cause);
    lz_probes_add_trace(probes, (LzTraceRow){
        .kind = LZ_TRACE_MESSAGE_LOST, .device = lz_lives_device_name(&probes->lives, message),
        .flow = lz_probes_scope(probes, life->flow)->info.name, .bytes = life->size_bytes,
        .code = (int32_t)cause, .detail = lz_loss_cause_name(cause),
    });
}

/* Whether the others would have made it is not known: they are not due yet. */
static void miss_if_overdue(void *self, LzLife *life)
{
    LzProbes *probes = self;
    if (probes->end_ns - life->created_ns > life->deadline_ns) {
        decide_deadline(probes, life, true);
    }
}

void lz_messages_finish(LzProbes *probes)
{
    lz_lives_each_open(&probes->lives, miss_if_overdue, probes);
}

LzFlowAccount lz_recorder_flow_account(const LzProbes *probes, LzScope flow)
{
    LzFlowAccount account = lz_probes_scope(probes, flow)->account;
    account.in_flight = account.created - account.delivered;
    for (unsigned cause = 0; cause < LZ_LOSS_CAUSE_COUNT; cause++) {
        account.in_flight -= account.lost[cause];
    }
    return account;
}
