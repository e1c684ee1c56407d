/* The TLS of a session, between TCP and the application. All its cryptography is done in turn by one CPU job; what a step
 * made (records, plaintext, secrets, a ticket, a failure) takes effect when its cost has passed. Until then nobody sees
 * it, so that another thread may do the step meanwhile: as soon as a step commits itself to a long operation, at least
 * that one's cost is known, and the world goes on until it has passed. */
#include <stdatomic.h>

#include "sim/host/handshake.h"
#include "sim/host/session_internal.h"
#include "sim/host/status_client.h"

typedef struct Outgoing {               /* application bytes waiting to be encrypted */
    struct Outgoing *next;
    LzMessageId message;
    LzBuffer *bytes;
} Outgoing;

typedef enum { JOB_STEP, JOB_WRITE, JOB_CLOSE, JOB_REFUSE } JobKind;

struct LzSecure {
    LzSession *session;
    LzTlsEndpoint *tls;                 /* its step's, while the task is given away */
    LzTlsTicket *ticket;                /* borrowed of its host; NULL: it does not resume */
    bool has_input, peer_finished, was_counted, has_heard;
    bool is_over;                       /* TLS has ended: nothing more can be written */
    bool is_ahead;                      /* the first step is being done before its job has begun */
    uint64_t unread_bytes, reading_bytes;       /* records not yet processed: all, and those of the running job */
    GByteArray *arrived;                /* while the task is given away; NULL: nothing */
    size_t outgoing_bytes;
    Outgoing *outgoing_head, *outgoing_tail;
    Outgoing *writing;                  /* of the running JOB_WRITE: still among outgoing_bytes */
    LzStatusClient *status;             /* of a server that has certificates judged; NULL: it takes them as they are */
    bool is_judging;                    /* open, but nobody knows of it before it is known whether the peer's certificate is good */
    int refusal;                        /* alert with which it is to end; 0: none */
    LzTlsStep held;                     /* that opened it, while it is judged */
    JobKind job_kind;
    LzCpuJob job;
    LzTask task;
    LzTime begun_ns, begun_wall_ns;     /* when the running job began, in virtual time and by the host's clock */
    _Atomic LzTime known_ns;            /* its cost as far as it is known */
    LzTlsStep step;                     /* made by the running job */
    LzTime handshake_from_ns;
};

/* ---- counting ---- */

void lz_secure_unopened(LzSecure *secure)
{
    lz_handshake_ended(secure->session->host, &secure->was_counted, false);
}

void lz_secure_opened(LzSecure *secure)
{
    lz_handshake_opened(secure->session->host, secure->tls, secure->handshake_from_ns, &secure->was_counted);
    bool is_resumed = lz_tls_endpoint_was_resumed(secure->tls), is_1_3 = lz_tls_endpoint_version(secure->tls) == LZ_TLS_1_3;
    lz_session_trace(secure->session, LZ_TRACE_HANDSHAKE, 0,
                     is_1_3 ? (is_resumed ? "TLSv1.3 resumed" : "TLSv1.3") : (is_resumed ? "TLSv1.2 resumed" : "TLSv1.2"));
}

/* ---- the work of a job, on any thread ---- */

static void note_cost(LzSecure *secure)
{
    secure->known_ns = lz_host_crypto_ns(secure->session->host, &secure->step.work);
}

static void do_job(void *owner)
{
    LzSecure *secure = owner;
    if (secure->job_kind == JOB_STEP) {
        lz_tls_endpoint_step(secure->tls, secure->begun_wall_ns, &secure->step);
    } else if (secure->job_kind == JOB_WRITE) {
        const LzBuffer *bytes = secure->writing->bytes;
        lz_tls_endpoint_write(secure->tls, secure->begun_wall_ns, (LzBytes){bytes->data, bytes->size}, &secure->step);
    } else if (secure->job_kind == JOB_REFUSE) {
        lz_tls_endpoint_refuse(secure->tls, secure->begun_wall_ns, secure->refusal, &secure->step);
    } else {
        lz_tls_endpoint_close(secure->tls, secure->begun_wall_ns, &secure->step);
    }
    note_cost(secure);
}

/* The endpoint is about to do what takes a while. */
static void committed(void *owner, const LzCryptoWork *work)
{
    LzSecure *secure = owner;
    LzTime known_ns = lz_host_crypto_ns(secure->session->host, work);
    secure->known_ns = known_ns;
    lz_task_offer(&secure->task, secure->begun_ns + known_ns);
}

/* Whether the work may be long enough to be given away: that of a short record never is. */
static bool may_be_long(const LzSecure *secure)
{
    switch (secure->job_kind) {
    case JOB_STEP:
        return secure->session->phase == LZ_SESSION_HANDSHAKE || secure->reading_bytes >= LZ_TLS_LONG_RECORD;
    case JOB_WRITE:
        return secure->writing->bytes->size >= LZ_TLS_LONG_RECORD;
    case JOB_CLOSE:
    case JOB_REFUSE:
        break;
    }
    return false;
}

/* The endpoint is ours again, and hears of what arrived meanwhile. */
static void take_back(LzSecure *secure)
{
    lz_workers_finish(secure->session->host->options.workers, &secure->task);
    if (secure->arrived) {
        lz_tls_endpoint_feed(secure->tls, (LzBytes){secure->arrived->data, secure->arrived->len});
        g_clear_pointer(&secure->arrived, g_byte_array_unref);
    }
}

/* A client knows what it will say before anybody can hear it, that is, while TCP connects: its job has not begun yet. */
static void do_ahead(void *owner)
{
    LzSecure *secure = owner;
    lz_task_offer(&secure->task, secure->begun_ns + LZ_MILLISECONDS(1));        /* a round trip later, say: others are in a hurry */
    lz_tls_endpoint_step(secure->tls, LZ_TLS_NO_CLOCK, &secure->step);
    note_cost(secure);
}

static void begin_ahead(LzSecure *secure)
{
    LzHost *host = secure->session->host;
    secure->is_ahead = true;
    secure->begun_ns = lz_now(host->env.scheduler);
    lz_workers_begin(host->options.workers, &secure->task, do_ahead, secure);
}

/* ---- the CPU job ---- */

static Outgoing *take_outgoing(LzSecure *secure)
{
    Outgoing *outgoing = secure->outgoing_head;
    secure->outgoing_head = outgoing->next;
    if (!secure->outgoing_head) {
        secure->outgoing_tail = NULL;
    }
    return outgoing;
}

static void outgoing_free(Outgoing *outgoing)
{
    lz_buffer_unref(outgoing->bytes);
    g_free(outgoing);
}

static LzCpuCost job_begin_ahead(LzSecure *secure)
{
    secure->is_ahead = secure->has_input = false;
    if (lz_task_is_given_away(&secure->task)) {
        take_back(secure);
    }
    return (LzCpuCost){secure->known_ns, true};
}

static LzCpuCost job_begin(void *owner)
{
    LzSecure *secure = owner;
    LzHost *host = secure->session->host;
    if (secure->is_ahead) {
        return job_begin_ahead(secure);
    }
    secure->begun_ns = lz_now(host->env.scheduler);
    secure->begun_wall_ns = lz_host_wall_ns(host);
    if (secure->job_kind == JOB_STEP) {
        secure->has_input = false;
        secure->reading_bytes = secure->unread_bytes;
    } else if (secure->job_kind == JOB_WRITE) {
        secure->writing = take_outgoing(secure);
        lz_probe_handed_to_tls(host->env.probes, secure->writing->message);
    }
    if (!host->options.workers || !may_be_long(secure)) {
        do_job(secure);
        return (LzCpuCost){secure->known_ns, true};
    }
    bool is_done = lz_workers_begin(host->options.workers, &secure->task, do_job, secure);
    return (LzCpuCost){secure->known_ns, is_done};
}

static LzCpuCost job_revise(void *owner)
{
    LzSecure *secure = owner;
    LzTime known_ns = secure->known_ns;
    if (known_ns > lz_now(secure->session->host->env.scheduler) - secure->begun_ns) {
        return (LzCpuCost){known_ns, false};            /* the work has got further meanwhile */
    }
    take_back(secure);
    return (LzCpuCost){secure->known_ns, true};
}

static void fail(LzSecure *secure, const LzTlsStep *step)
{
    LzSession *session = secure->session;
    LzHost *host = session->host;
    bool is_alert = step->alert_sent >= 0 || step->alert_received >= 0;
    int alert = step->alert_sent >= 0 ? step->alert_sent : step->alert_received;
    /* A TLS 1.3 client believes itself open before the server has judged it: until it hears application data, an
     * alert ends the handshake. */
    bool is_refusal = is_alert && !secure->has_heard;
    if (is_refusal) {
        lz_handshake_refused(host, alert);
    }
    if (secure->status && !secure->refusal && step->alert_sent == LZ_ALERT_CERTIFICATE_REVOKED) {
        lz_status_client_note_refused(secure->status, lz_tls_endpoint_peer_name(secure->tls));
    }
    lz_handshake_ended(host, &secure->was_counted, is_refusal);
    lz_session_trace(session, LZ_TRACE_HANDSHAKE, alert + 1, is_alert ? lz_tls_alert_name(alert) : "failed");
    lz_session_finish_tcp(session);
    lz_session_end(session, step->alert_sent >= 0      ? LZ_CLOSE_TLS_LOCAL_ALERT
                            : step->alert_received >= 0 ? LZ_CLOSE_TLS_PEER_ALERT
                                                        : LZ_CLOSE_TLS_ERROR);
}

/* TCP offers its peer a window that shrinks by what the CPU has not got to yet. */
static void note_read(LzSecure *secure)
{
    if (secure->reading_bytes > 0) {
        secure->unread_bytes -= secure->reading_bytes;
        secure->reading_bytes = 0;
        if (secure->session->tcp) {
            lz_tcp_set_unread(secure->session->tcp, secure->unread_bytes);
        }
    }
}

static void send_records(LzSecure *secure, LzBuffer *records)
{
    LzMessageId message = secure->writing ? secure->writing->message : 0;
    if (secure->session->tcp) {
        lz_session_hand_to_tcp(secure->session, records, message);
    }
}

static void pump(LzSecure *secure);

/* Whether the network takes the peer out of its segment, and this session with it. */
static bool is_isolated(const LzSecure *secure)
{
    LzHost *host = secure->session->host;
    const LzPeerPolicy *policy = &host->options.policy;
    bool is_isolated = policy->isolates && policy->isolates(policy->owner, secure->session->peer,
                                                            lz_tls_endpoint_version(secure->tls),
                                                            lz_tls_endpoint_suite(secure->tls));
    host->stats.isolated += is_isolated;
    return is_isolated;
}

/* What a step brought, for the application: it is open, plaintext, the end. */
static void tell(LzSecure *secure, LzTlsStep *step)
{
    LzSession *session = secure->session;
    if (step->just_opened) {
        lz_session_open(session);
    }
    if (step->plaintext && session->phase == LZ_SESSION_OPEN) {
        secure->has_heard = true;
        session->events->received(session->self, session, (LzBytes){step->plaintext->data, step->plaintext->size});
    }
    if (session->phase == LZ_SESSION_CLOSED) {
        /* the application aborted it meanwhile */
    } else if (step->state == LZ_TLS_FAILED) {
        fail(secure, step);
    } else if (step->state == LZ_TLS_CLOSED) {
        lz_session_finish_tcp(session);
        lz_session_end(session, secure->job_kind == JOB_CLOSE ? LZ_CLOSE_LOCAL : LZ_CLOSE_PEER);
    } else {
        pump(secure);
    }
    lz_tls_step_clear(step);
}

static void refuse(LzSecure *secure, LzStatusVerdict verdict)
{
    secure->refusal = verdict == LZ_STATUS_REVOKED ? LZ_ALERT_CERTIFICATE_REVOKED : LZ_ALERT_CERTIFICATE_UNKNOWN;
    lz_tls_step_clear(&secure->held);
    pump(secure);
}

static void decided(void *self, LzStatusVerdict verdict)
{
    LzSecure *secure = self;
    secure->is_judging = false;
    if (verdict != LZ_STATUS_GOOD) {
        refuse(secure, verdict);
        return;
    }
    LzTlsStep step = secure->held;
    secure->held = (LzTlsStep){0};
    tell(secure, &step);
}

/* Takes the step over if the session has to wait until its peer's certificate is judged. */
static bool has_to_wait(LzSecure *secure, LzTlsStep *step)
{
    LzCertificate certificate;
    LzStatusVerdict verdict;
    if (!secure->status || step->state != LZ_TLS_OPEN ||
        !lz_certificate_read(lz_tls_endpoint_peer_certificate(secure->tls), &certificate) ||
        (lz_status_client_knows(secure->status, &certificate, &verdict) && verdict == LZ_STATUS_GOOD)) {
        return false;
    }
    secure->is_judging = true;
    secure->held = *step;
    lz_status_client_ask(secure->status, &certificate, decided, secure);
    return true;
}

static void job_finish(void *owner)
{
    LzSecure *secure = owner;
    LzSession *session = secure->session;
    LzHost *host = session->host;
    LzTlsStep step = secure->step;
    secure->step = (LzTlsStep){0};
    host->stats.crypto_ns += secure->known_ns;
    secure->is_over = step.state == LZ_TLS_FAILED || step.state == LZ_TLS_CLOSED;   /* what came before it may be answered in vain */
    note_read(secure);
    lz_handshake_tell_secrets(host, step.secrets);
    if (step.ticket) {
        lz_tls_ticket_move(secure->ticket, step.ticket);
    }
    if (step.records) {
        send_records(secure, step.records);
    }
    if (secure->writing) {
        secure->outgoing_bytes -= secure->writing->bytes->size;
        g_clear_pointer(&secure->writing, outgoing_free);
    }
    if (step.just_opened && is_isolated(secure)) {
        step.just_opened = false;
        lz_session_abort(session);
    }
    if (!step.just_opened || !has_to_wait(secure, &step)) {
        tell(secure, &step);
    }
}

/* Chooses what the CPU job does next: what arrived, then what is to be sent, then the end. */
static void pump(LzSecure *secure)
{
    LzSession *session = secure->session;
    bool is_open = session->phase == LZ_SESSION_OPEN;
    if (session->phase == LZ_SESSION_CLOSED || secure->is_over || secure->is_judging || secure->job.state != LZ_CPU_JOB_IDLE) {
        return;
    }
    if (secure->refusal) {
        secure->job_kind = JOB_REFUSE;
    } else if (secure->has_input) {
        secure->job_kind = JOB_STEP;
    } else if (is_open && secure->outgoing_head) {
        secure->job_kind = JOB_WRITE;
    } else if (is_open && session->wants_close) {
        secure->job_kind = JOB_CLOSE;
    } else if (secure->peer_finished) {
        if (session->phase == LZ_SESSION_HANDSHAKE) {
            lz_secure_unopened(secure);
        }
        lz_session_finish_tcp(session);
        lz_session_end(session, LZ_CLOSE_PEER);
        return;
    } else {
        return;
    }
    lz_cpu_submit(session->host->cpu, &secure->job);
}

/* ---- life ---- */

void lz_secure_judge(LzSecure *secure, LzStatusClient *status)
{
    secure->status = status;
    lz_status_client_arm(status, secure->tls);
}

static void stop_judging(LzSecure *secure)
{
    if (secure->is_judging) {
        secure->is_judging = false;
        lz_status_client_cancel(secure->status, secure);
    }
}

LzSecure *lz_secure_new(LzSession *session, const LzTlsProfile *profile, const LzTlsClient *client)
{
    LzHost *host = session->host;
    LzSecure *secure = g_new0(LzSecure, 1);
    secure->session = session;
    secure->ticket = client ? client->ticket : NULL;
    lz_cpu_job_init(&secure->job, job_begin, job_revise, job_finish, secure);
    secure->tls = lz_tls_endpoint_new(profile, host->env.seed, host->env.entity, host->connections++, client);
    if (host->options.key_log) {
        lz_tls_endpoint_tell_secrets(secure->tls);
    }
    if (host->options.workers) {
        lz_tls_endpoint_set_committed(secure->tls, committed, secure);
        if (lz_tls_endpoint_starts_without_clock(secure->tls)) {
            begin_ahead(secure);
        }
    }
    return secure;
}

void lz_secure_free(LzSecure *secure)
{
    if (!secure) {
        return;
    }
    stop_judging(secure);
    lz_tls_step_clear(&secure->held);
    lz_cpu_cancel(&secure->job);
    if (lz_task_is_given_away(&secure->task)) {
        take_back(secure);
    }
    while (secure->outgoing_head) {
        outgoing_free(take_outgoing(secure));
    }
    g_clear_pointer(&secure->writing, outgoing_free);
    lz_tls_step_clear(&secure->step);
    lz_tls_endpoint_free(secure->tls);
    g_free(secure);
}

void lz_secure_stop(LzSecure *secure)
{
    stop_judging(secure);
    lz_cpu_cancel(&secure->job);
}

/* ---- what happens to it ---- */

void lz_secure_handshake(LzSecure *secure, bool speaks_first)
{
    const LzHost *host = secure->session->host;
    secure->session->phase = LZ_SESSION_HANDSHAKE;
    secure->handshake_from_ns = lz_now(host->env.scheduler);
    secure->has_input = speaks_first;
    if (speaks_first && secure->ticket) {
        lz_tls_endpoint_offer(secure->tls, secure->ticket);       /* an attempt that TCP never opened costs no ticket */
    }
    pump(secure);
}

void lz_secure_received(LzSecure *secure, LzBytes records)
{
    if (lz_task_is_given_away(&secure->task)) {
        secure->arrived = secure->arrived ? secure->arrived : g_byte_array_new();
        g_byte_array_append(secure->arrived, records.data, (guint)records.size);
    } else {
        lz_tls_endpoint_feed(secure->tls, records);
    }
    secure->unread_bytes += records.size;
    lz_tcp_set_unread(secure->session->tcp, secure->unread_bytes);
    secure->has_input = true;
    pump(secure);
}

void lz_secure_send(LzSecure *secure, LzBytes bytes, LzMessageId message)
{
    Outgoing *outgoing = g_new(Outgoing, 1);
    *outgoing = (Outgoing){NULL, message, lz_buffer_new_copy(bytes.data, bytes.size)};
    *(secure->outgoing_tail ? &secure->outgoing_tail->next : &secure->outgoing_head) = outgoing;
    secure->outgoing_tail = outgoing;
    secure->outgoing_bytes += bytes.size;
    pump(secure);
}

void lz_secure_close(LzSecure *secure)
{
    pump(secure);
}

void lz_secure_peer_finished(LzSecure *secure)
{
    secure->peer_finished = true;
    pump(secure);
}

size_t lz_secure_unsent_bytes(const LzSecure *secure)
{
    return secure->outgoing_bytes;
}

LzBytes lz_secure_peer_certificate(const LzSecure *secure)
{
    return lz_tls_endpoint_peer_certificate(secure->tls);
}

const char *lz_secure_peer_name(const LzSecure *secure)
{
    return lz_tls_endpoint_peer_name(secure->tls);
}
