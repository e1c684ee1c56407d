/* A DTLS association's endpoint on its host. All its cryptography is done in turn by one CPU job, a datagram at a time; what a
 * step made takes effect when its cost has passed. */
#include "sim/host/dtls.h"

#include "sim/host/handshake.h"
#include "sim/host/status_client.h"
#include "sim/tls/srtp.h"

typedef struct Arrived {
    struct Arrived *next;
    LzPlace from;
    LzBuffer *bytes;
} Arrived;

typedef struct Outgoing {
    struct Outgoing *next;
    LzMessageId message;
    uint8_t dscp;
    LzBuffer *bytes;
} Outgoing;

typedef enum { JOB_STEP, JOB_WRITE, JOB_OPEN_MEDIA, JOB_SEAL_MEDIA, JOB_REFUSE } JobKind;

struct LzDtls {
    LzHost *host;
    LzTlsEndpoint *tls;
    LzTlsTicket *ticket;                /* borrowed of its host; NULL: it does not resume */
    const LzDtlsEvents *events;
    void *self;
    LzPlace peer;
    LzEvent timer;
    LzCpuJob job;
    JobKind job_kind;
    LzTlsStep step;                     /* made by the running job … */
    LzBuffer *media;                    /* … or this, as it goes on */
    LzSrtp *sending, *receiving;        /* NULL: not agreed on */
    LzTime cost_ns, handshake_from_ns;
    LzStatusClient *status;             /* of a server that has certificates judged; NULL: it takes them as they are */
    LzTlsStep held;                     /* that opened it, while the peer's certificate is judged */
    bool is_judging;
    int refusal;                        /* alert with which it is to end; 0: none */
    bool has_expired, begins;           /* the timer; a client's first step is due */
    bool is_open, has_ended, was_counted;
    bool is_finishing, is_freed;        /* inside job_finish; somebody freed it there */
    uint8_t dscp;
    Arrived *arrived_first, *arrived_last;
    unsigned arrived_count;
    LzPlace reading_from;               /* of the running job, if it reads one */
    Outgoing *outgoing_first, *outgoing_last;
    Outgoing *writing;                  /* of the running job; NULL: it reads */
};

/* ---- what waits ---- */

static Arrived *take_arrived(LzDtls *dtls)
{
    Arrived *arrived = dtls->arrived_first;
    dtls->arrived_first = arrived->next;
    dtls->arrived_last = arrived->next ? dtls->arrived_last : NULL;
    dtls->arrived_count--;
    return arrived;
}

static void arrived_free(Arrived *arrived)
{
    lz_buffer_unref(arrived->bytes);
    g_free(arrived);
}

static Outgoing *take_outgoing(LzDtls *dtls)
{
    Outgoing *outgoing = dtls->outgoing_first;
    dtls->outgoing_first = outgoing->next;
    dtls->outgoing_last = outgoing->next ? dtls->outgoing_last : NULL;
    return outgoing;
}

static void outgoing_free(Outgoing *outgoing)
{
    lz_buffer_unref(outgoing->bytes);
    g_free(outgoing);
}

static void lose(LzDtls *dtls, Outgoing *outgoing)
{
    lz_probe_lost(dtls->host->env.probes, outgoing->message, dtls->host->is_on ? LZ_LOSS_CONNECTION : LZ_LOSS_POWER);
    outgoing_free(outgoing);
}

static void drop_waiting(LzDtls *dtls)
{
    while (dtls->arrived_first) {
        arrived_free(take_arrived(dtls));
    }
    while (dtls->outgoing_first) {
        lose(dtls, take_outgoing(dtls));
    }
    if (dtls->writing) {
        lose(dtls, g_steal_pointer(&dtls->writing));
    }
}

/* ---- the CPU job ---- */

static void pump(LzDtls *dtls)
{
    bool has_work = dtls->refusal || dtls->begins || dtls->has_expired || dtls->arrived_first || (dtls->is_open && dtls->outgoing_first);
    if (has_work && !dtls->has_ended && !dtls->is_judging && dtls->job.state == LZ_CPU_JOB_IDLE) {
        lz_cpu_submit(dtls->host->cpu, &dtls->job);
    }
}

/* SRTP and DTLS share the port (RFC 5764 5.1.2). Before the keys are there, media is nothing. */
static void open_media(LzDtls *dtls)
{
    Arrived *arrived = take_arrived(dtls);
    LzCryptoWork *work = &dtls->step.work;
    if (dtls->receiving) {
        dtls->media = lz_srtp_unprotect(dtls->receiving, (LzBytes){arrived->bytes->data, arrived->bytes->size}, work);
    }
    arrived_free(arrived);
}

static void seal_media(LzDtls *dtls)
{
    const LzBuffer *bytes = dtls->writing->bytes;
    dtls->media = lz_srtp_protect(dtls->sending, (LzBytes){bytes->data, bytes->size}, &dtls->step.work);
}

static void read_one(LzDtls *dtls, LzTime wall_ns)
{
    dtls->begins = false;
    if (dtls->has_expired) {
        dtls->has_expired = false;
        lz_tls_endpoint_expire(dtls->tls);
    } else if (dtls->arrived_first) {
        Arrived *arrived = take_arrived(dtls);
        dtls->reading_from = arrived->from;
        lz_tls_endpoint_feed(dtls->tls, (LzBytes){arrived->bytes->data, arrived->bytes->size});
        arrived_free(arrived);
    }
    lz_tls_endpoint_step(dtls->tls, wall_ns, &dtls->step);
}

static JobKind choose_job(const LzDtls *dtls)
{
    if (dtls->refusal) {
        return JOB_REFUSE;
    }
    if (dtls->begins || dtls->has_expired) {
        return JOB_STEP;
    }
    const LzBuffer *first = dtls->arrived_first ? dtls->arrived_first->bytes : NULL;
    if (first) {
        return lz_srtp_is_media((LzBytes){first->data, first->size}) ? JOB_OPEN_MEDIA : JOB_STEP;
    }
    return dtls->sending ? JOB_SEAL_MEDIA : JOB_WRITE;
}

static LzCpuCost job_begin(void *owner)
{
    LzDtls *dtls = owner;
    LzTime wall_ns = lz_host_wall_ns(dtls->host);
    dtls->reading_from = dtls->peer;
    dtls->job_kind = choose_job(dtls);
    dtls->step = (LzTlsStep){.state = LZ_TLS_OPEN, .timer_ns = LZ_DTLS_TIMER_AS_BEFORE};
    if (dtls->job_kind == JOB_WRITE || dtls->job_kind == JOB_SEAL_MEDIA) {
        dtls->writing = take_outgoing(dtls);
        lz_probe_handed_to_tls(dtls->host->env.probes, dtls->writing->message);
    }
    switch (dtls->job_kind) {
    case JOB_STEP:
        read_one(dtls, wall_ns);
        break;
    case JOB_WRITE: {
        const LzBuffer *bytes = dtls->writing->bytes;
        lz_tls_endpoint_write(dtls->tls, wall_ns, (LzBytes){bytes->data, bytes->size}, &dtls->step);
        break;
    }
    case JOB_OPEN_MEDIA:
        open_media(dtls);
        break;
    case JOB_SEAL_MEDIA:
        seal_media(dtls);
        break;
    case JOB_REFUSE:
        lz_tls_endpoint_refuse(dtls->tls, wall_ns, dtls->refusal, &dtls->step);
        break;
    }
    dtls->cost_ns = lz_host_crypto_ns(dtls->host, &dtls->step.work);
    return (LzCpuCost){dtls->cost_ns, true};
}

static void trace(const LzDtls *dtls, LzTraceKind kind, int32_t code, const char *detail)
{
    char peer[LZ_ADDRESS_TEXT_BYTES];
    lz_probe_trace(dtls->host->env.probes, kind, dtls->host->name, lz_address_format(dtls->peer.address, peer), NULL, 0, code, detail);
}

static void stop_judging(LzDtls *dtls)
{
    if (dtls->is_judging) {
        dtls->is_judging = false;
        lz_status_client_cancel(dtls->status, dtls);
    }
}

static void end(LzDtls *dtls, LzCloseReason reason)
{
    LzHost *host = dtls->host;
    if (dtls->has_ended) {
        return;
    }
    dtls->has_ended = true;
    if (dtls->is_open) {
        host->stats.open_sessions--;
    }
    stop_judging(dtls);
    lz_event_cancel(host->env.scheduler, &dtls->timer);
    drop_waiting(dtls);
    host->stats.sessions_closed++;
    trace(dtls, LZ_TRACE_SESSION, (int32_t)reason, lz_close_reason_name(reason));
    dtls->events->ended(dtls->self, reason);
}

static void fail(LzDtls *dtls, const LzTlsStep *step)
{
    bool is_alert = step->alert_sent >= 0 || step->alert_received >= 0;
    int alert = step->alert_sent >= 0 ? step->alert_sent : step->alert_received;
    bool is_refusal = is_alert && !dtls->is_open;
    if (is_refusal) {
        lz_handshake_refused(dtls->host, alert);
    }
    if (dtls->status && !dtls->refusal && step->alert_sent == LZ_ALERT_CERTIFICATE_REVOKED) {
        lz_status_client_note_refused(dtls->status, lz_tls_endpoint_peer_name(dtls->tls));
    }
    lz_handshake_ended(dtls->host, &dtls->was_counted, is_refusal);
    trace(dtls, LZ_TRACE_HANDSHAKE, alert + 1, is_alert ? lz_tls_alert_name(alert) : step->has_timed_out ? "timeout" : "failed");
    end(dtls, step->has_timed_out         ? LZ_CLOSE_TIMEOUT
              : step->alert_sent >= 0     ? LZ_CLOSE_TLS_LOCAL_ALERT
              : step->alert_received >= 0 ? LZ_CLOSE_TLS_PEER_ALERT
                                          : LZ_CLOSE_TLS_ERROR);
}

static void send_one(LzDtls *dtls, const LzBuffer *datagram)
{
    LzHost *host = dtls->host;
    if (host->options.digest) {
        lz_digest_add_bytes(host->options.digest, LZ_DIGEST_TLS, datagram->data, datagram->size);
    }
    host->stats.tx_bytes += datagram->size;
    dtls->events->send(dtls->self, (LzBytes){datagram->data, datagram->size}, dtls->writing ? dtls->writing->dscp : dtls->dscp,
                       dtls->writing ? dtls->writing->message : 0);
}

/* What is no RTP packet, or of one source too many, cannot be sent. */
static void send_all(LzDtls *dtls, const LzTlsStep *step, const LzBuffer *media)
{
    for (guint i = 0; step->datagrams && i < step->datagrams->len; i++) {
        send_one(dtls, g_ptr_array_index(step->datagrams, i));
    }
    if (dtls->job_kind == JOB_SEAL_MEDIA && media) {
        send_one(dtls, media);
    } else if (dtls->job_kind == JOB_SEAL_MEDIA) {
        lz_probe_lost(dtls->host->env.probes, dtls->writing->message, LZ_LOSS_REFUSED);
    }
}

static void set_timer(LzDtls *dtls, LzTime timer_ns)
{
    if (timer_ns == LZ_DTLS_TIMER_AS_BEFORE) {
        return;
    }
    dtls->has_expired = false;          /* that was of the one before */
    lz_event_cancel(dtls->host->env.scheduler, &dtls->timer);
    if (timer_ns > 0) {
        lz_timer_after(dtls->host->env.scheduler, &dtls->timer, timer_ns);
    }
}

static void open(LzDtls *dtls)
{
    dtls->is_open = true;
    lz_srtp_of_endpoint(dtls->tls, &dtls->sending, &dtls->receiving);
    dtls->host->stats.sessions_opened++;
    dtls->host->stats.open_sessions++;
    lz_handshake_opened(dtls->host, dtls->tls, dtls->handshake_from_ns, &dtls->was_counted);
    trace(dtls, LZ_TRACE_HANDSHAKE, 0, lz_tls_endpoint_was_resumed(dtls->tls) ? "DTLSv1.2 resumed" : "DTLSv1.2");
    trace(dtls, LZ_TRACE_SESSION, 0, "opened");
    const LzPeerPolicy *policy = &dtls->host->options.policy;
    const char *name = lz_tls_endpoint_peer_name(dtls->tls);
    if (policy->opened && name) {
        policy->opened(policy->owner, name);
    }
    dtls->events->opened(dtls->self);
}

static void count_retransmissions(const LzDtls *dtls, unsigned count)
{
    if (count > 0) {
        const LzHost *host = dtls->host;
        lz_probe_count(host->env.probes, host->options.tls_scope, LZ_METRIC_TLS_HANDSHAKE_RETRANSMITTED, count);
        lz_probe_count(host->env.probes, host->options.service_scope, LZ_METRIC_SERVICE_RETRANSMITTED, count);
    }
}

/* What the owner sees; it may free or end the association at any of these. */
static void tell_step(LzDtls *dtls, const LzTlsStep *step)
{
    if (step->just_opened) {
        open(dtls);
    }
    for (guint i = 0; step->messages && i < step->messages->len && dtls->is_open && !dtls->is_freed; i++) {
        const LzBuffer *message = g_ptr_array_index(step->messages, i);
        dtls->events->received(dtls->self, (LzBytes){message->data, message->size});
    }
    if (dtls->is_freed) {
        return;
    }
    if (step->state == LZ_TLS_FAILED) {
        fail(dtls, step);
    } else if (step->state == LZ_TLS_CLOSED) {
        end(dtls, LZ_CLOSE_PEER);
    }
}

static void decided(void *self, LzStatusVerdict verdict)
{
    LzDtls *dtls = self;
    LzTlsStep step = dtls->held;
    dtls->held = (LzTlsStep){0};
    dtls->is_judging = false;
    if (verdict == LZ_STATUS_GOOD) {
        dtls->is_finishing = true;
        tell_step(dtls, &step);
        dtls->is_finishing = false;
    } else {
        dtls->refusal = verdict == LZ_STATUS_REVOKED ? LZ_ALERT_CERTIFICATE_REVOKED : LZ_ALERT_CERTIFICATE_UNKNOWN;
    }
    lz_tls_step_clear(&step);
    if (dtls->is_freed) {
        lz_dtls_free(dtls);
    } else {
        pump(dtls);
    }
}

/* Takes the step over if the association has to wait until its peer's certificate is judged. */
static bool has_to_wait(LzDtls *dtls, LzTlsStep *step)
{
    LzCertificate certificate;
    LzStatusVerdict verdict;
    if (!dtls->status || !step->just_opened || step->state != LZ_TLS_OPEN ||
        !lz_certificate_read(lz_tls_endpoint_peer_certificate(dtls->tls), &certificate) ||
        (lz_status_client_knows(dtls->status, &certificate, &verdict) && verdict == LZ_STATUS_GOOD)) {
        return false;
    }
    dtls->is_judging = true;
    dtls->held = *step;
    *step = (LzTlsStep){0};
    lz_status_client_ask(dtls->status, &certificate, decided, dtls);
    return true;
}

static void tell(LzDtls *dtls, LzTlsStep *step, const LzBuffer *media)
{
    if (media && dtls->job_kind == JOB_OPEN_MEDIA) {
        dtls->events->received(dtls->self, (LzBytes){media->data, media->size});
        return;
    }
    if (step->has_newer) {
        dtls->events->heard(dtls->self, dtls->reading_from);
    }
    if (!dtls->is_freed && !has_to_wait(dtls, step)) {
        tell_step(dtls, step);
    }
}

static void job_finish(void *owner)
{
    LzDtls *dtls = owner;
    LzTlsStep step = dtls->step;
    LzBuffer *media = g_steal_pointer(&dtls->media);
    dtls->step = (LzTlsStep){0};
    dtls->is_finishing = true;
    dtls->host->stats.crypto_ns += dtls->cost_ns;
    lz_handshake_tell_secrets(dtls->host, step.secrets);
    if (step.ticket) {
        lz_tls_ticket_move(dtls->ticket, step.ticket);
    }
    count_retransmissions(dtls, step.retransmissions);
    send_all(dtls, &step, media);
    set_timer(dtls, step.timer_ns);
    g_clear_pointer(&dtls->writing, outgoing_free);
    tell(dtls, &step, media);
    lz_tls_step_clear(&step);
    lz_buffer_unref(media);
    dtls->is_finishing = false;
    if (dtls->is_freed) {
        lz_dtls_free(dtls);
    } else {
        pump(dtls);
    }
}

/* ---- life ---- */

static void timer_fired(void *owner)
{
    LzDtls *dtls = owner;
    dtls->has_expired = true;
    pump(dtls);
}

LzDtls *lz_dtls_new(LzHost *host, const LzTlsProfile *profile, const LzTlsClient *client, uint8_t dscp, LzPlace peer,
                    const LzDtlsEvents *events, void *self)
{
    LzDtls *dtls = g_new0(LzDtls, 1);
    dtls->host = host;
    dtls->events = events;
    dtls->self = self;
    dtls->peer = peer;
    dtls->dscp = dscp;
    dtls->ticket = client ? client->ticket : NULL;
    dtls->begins = client != NULL;
    dtls->handshake_from_ns = lz_now(host->env.scheduler);
    lz_event_init(&dtls->timer, timer_fired, dtls);
    lz_cpu_job_init(&dtls->job, job_begin, NULL, job_finish, dtls);
    dtls->tls = lz_tls_endpoint_new(profile, host->env.seed, host->env.entity, host->connections++, client);
    if (host->options.key_log) {
        lz_tls_endpoint_tell_secrets(dtls->tls);
    }
    pump(dtls);
    return dtls;
}

void lz_dtls_judge(LzDtls *dtls, LzStatusClient *status)
{
    dtls->status = status;
    lz_status_client_arm(status, dtls->tls);
}

void lz_dtls_free(LzDtls *dtls)
{
    if (!dtls) {
        return;
    }
    if (dtls->is_finishing) {
        dtls->is_freed = true;
        return;
    }
    if (dtls->is_open && !dtls->has_ended) {
        dtls->host->stats.open_sessions--;
        dtls->host->stats.sessions_closed++;
    }
    stop_judging(dtls);
    lz_event_cancel(dtls->host->env.scheduler, &dtls->timer);
    lz_cpu_cancel(&dtls->job);
    drop_waiting(dtls);
    lz_tls_step_clear(&dtls->step);
    lz_tls_step_clear(&dtls->held);
    lz_buffer_unref(dtls->media);
    lz_srtp_free(dtls->sending);
    lz_srtp_free(dtls->receiving);
    lz_tls_endpoint_free(dtls->tls);
    g_free(dtls);
}

void lz_dtls_give_up(LzDtls *dtls)
{
    lz_handshake_ended(dtls->host, &dtls->was_counted, false);
}

void lz_dtls_feed(LzDtls *dtls, LzPlace from, LzBytes datagram)
{
    dtls->host->stats.rx_bytes += datagram.size;
    if (dtls->has_ended || dtls->arrived_count == LZ_DTLS_ARRIVED_MAX) {
        return;
    }
    Arrived *arrived = g_new(Arrived, 1);
    *arrived = (Arrived){NULL, from, lz_buffer_new_copy(datagram.data, datagram.size)};
    *(dtls->arrived_last ? &dtls->arrived_last->next : &dtls->arrived_first) = arrived;
    dtls->arrived_last = arrived;
    dtls->arrived_count++;
    pump(dtls);
}

bool lz_dtls_send(LzDtls *dtls, LzBytes message, uint8_t dscp, LzMessageId id)
{
    g_assert(dtls->is_open && !dtls->has_ended);
    if (message.size > lz_dtls_room_bytes(dtls)) {
        return false;
    }
    Outgoing *outgoing = g_new(Outgoing, 1);
    *outgoing = (Outgoing){NULL, id, dscp, lz_buffer_new_copy(message.data, message.size)};
    *(dtls->outgoing_last ? &dtls->outgoing_last->next : &dtls->outgoing_first) = outgoing;
    dtls->outgoing_last = outgoing;
    pump(dtls);
    return true;
}

size_t lz_dtls_room_bytes(const LzDtls *dtls)
{
    return dtls->sending ? LZ_UDP_PAYLOAD_MAX - LZ_SRTP_TAG_BYTES : lz_tls_endpoint_room_bytes(dtls->tls);
}

bool lz_dtls_is_open(const LzDtls *dtls)
{
    return dtls->is_open && !dtls->has_ended;
}

const LzTlsEndpoint *lz_dtls_endpoint(const LzDtls *dtls)
{
    return dtls->tls;
}
