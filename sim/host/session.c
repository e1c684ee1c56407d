/* Sessions: TCP below, TLS between, an application above. All crypto of a session is done in turn by one
 * CPU job; what a step made (records, plaintext, a failure) takes effect when its cost has passed. */
#include <assert.h>
#include <string.h>

#include "sim/host/internal.h"

typedef enum { CONNECTING, HANDSHAKE, OPEN, CLOSED } Phase;

typedef struct Outgoing {               /* application bytes waiting to be encrypted */
    struct Outgoing *next;
    LzMessageId message;
    LzBuffer *bytes;
} Outgoing;

typedef struct Mark {                   /* a message's end in the TCP stream */
    uint64_t stream_end;
    LzMessageId message;
} Mark;

typedef enum { JOB_NONE, JOB_STEP, JOB_WRITE, JOB_CLOSE } JobKind;

struct LzSession {                      /* begins with what every message of a plain session touches */
    LzHost *host;
    const LzSessionEvents *events;
    void *self;
    LzTcpSocket *tcp;                   /* NULL once orphaned or closed */
    LzTlsEndpoint *tls;                 /* NULL: plain */
    Phase phase;
    bool has_input, wants_close, peer_finished, was_counted, has_heard;
    size_t outgoing_bytes;
    uint64_t stream_bytes;              /* handed to TCP so far */
    Mark mark;                          /* the first, while message is not 0; the others stand in marks */
    GArray *marks;                      /* Mark, in stream order; NULL until one is needed */
    guint marks_done;
    LzAddress peer;
    LzSession *next, *previous;         /* of the host */
    const LzTlsProfile *profile;        /* NULL: plain */
    uint64_t unread_bytes, reading_bytes;       /* records not yet processed: all, and those of the running job */
    LzCpuJob job;
    JobKind job_kind;
    LzTlsStep step;                     /* made by the running job */
    Outgoing *outgoing_head, *outgoing_tail;
    LzMessageId writing;                /* message of the running JOB_WRITE */
    size_t writing_bytes;               /* its bytes: still among outgoing_bytes */
    LzTime handshake_from_ns;
    LzEvent timeout;
    LzEvent gone;                       /* delivers closed() */
    LzCloseReason reason;
};

typedef struct Listener {
    LzHost *host;
    LzListen listen;
    const LzSessionEvents *events;
    void *(*accepted)(void *service, LzSession *session);
    void *service;
} Listener;

static const char *const close_names[] = {
    [LZ_CLOSE_LOCAL] = "local",
    [LZ_CLOSE_PEER] = "peer",
    [LZ_CLOSE_RESET] = "reset",
    [LZ_CLOSE_TIMEOUT] = "timeout",
    [LZ_CLOSE_TLS_LOCAL_ALERT] = "tls-local-alert",
    [LZ_CLOSE_TLS_PEER_ALERT] = "tls-peer-alert",
    [LZ_CLOSE_TLS_ERROR] = "tls-error",
    [LZ_CLOSE_POWER] = "power",
};
static_assert(G_N_ELEMENTS(close_names) == LZ_CLOSE_REASON_COUNT, "name every close reason");

const char *lz_close_reason_name(LzCloseReason reason)
{
    return close_names[reason];
}

/* ---- the end of a session ---- */

static void session_free(LzSession *session)
{
    LzHost *host = session->host;
    LzScheduler *scheduler = host->env.scheduler;
    lz_cpu_cancel(&session->job);
    lz_event_cancel(scheduler, &session->timeout);
    lz_event_cancel(scheduler, &session->gone);
    if (session->tcp) {
        lz_tcp_orphan(session->tcp);
    }
    while (session->outgoing_head) {
        Outgoing *outgoing = session->outgoing_head;
        session->outgoing_head = outgoing->next;
        lz_buffer_unref(outgoing->bytes);
        g_free(outgoing);
    }
    lz_tls_step_clear(&session->step);
    lz_tls_endpoint_free(session->tls);
    if (session->marks) {
        g_array_unref(session->marks);
    }
    *(session->previous ? &session->previous->next : &host->sessions) = session->next;
    if (session->next) {
        session->next->previous = session->previous;
    }
    g_free(session);
}

static void trace(LzSession *session, LzTraceKind kind, int32_t code, const char *detail)
{
    LzHost *host = session->host;
    char peer[LZ_ADDRESS_TEXT_BYTES];
    lz_probe_trace(host->env.probes, kind, host->name, lz_address_format(session->peer, peer), NULL,
                   (int64_t)session->stream_bytes, code, detail);
}

/* closed() comes by itself in an event, never from inside a verb. */
static void end(LzSession *session, LzCloseReason reason)
{
    if (session->phase == CLOSED) {
        return;
    }
    LzHost *host = session->host;
    if (session->phase == OPEN) {
        host->stats.open_sessions--;
    }
    session->phase = CLOSED;
    session->reason = reason;
    lz_cpu_cancel(&session->job);
    lz_event_cancel(host->env.scheduler, &session->timeout);
    host->stats.sessions_closed++;
    trace(session, LZ_TRACE_SESSION, (int32_t)reason, lz_close_reason_name(reason));
    lz_schedule_after(host->env.scheduler, &session->gone, 0);
}

static void deliver_closed(void *owner)
{
    LzSession *session = owner;
    session->events->closed(session->self, session, session->reason);
    session_free(session);
}

/* FIN after what was sent; TCP finishes alone. */
static void let_tcp_finish(LzSession *session)
{
    if (session->tcp) {
        lz_tcp_close(session->tcp);
        lz_tcp_orphan(session->tcp);
        session->tcp = NULL;
    }
}

static void reset_tcp(LzSession *session)
{
    if (session->tcp) {
        LzTcpSocket *tcp = session->tcp;
        session->tcp = NULL;
        lz_tcp_abort(tcp);
        lz_tcp_orphan(tcp);
    }
}

static void timed_out(void *owner)
{
    LzSession *session = owner;
    reset_tcp(session);
    end(session, LZ_CLOSE_TIMEOUT);
}

/* ---- opening ---- */

static void count_handshake(LzSession *session, bool is_refused)
{
    LzHost *host = session->host;
    LzProbes *probes = host->env.probes;
    LzScope scope = host->options.tls_scope;
    if (!session->was_counted) {
        session->was_counted = true;
        lz_probe_count_whole(probes, scope, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 1);
    }
    if (is_refused) {
        lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 1);
    }
}

static void report_open(LzSession *session)
{
    LzHost *host = session->host;
    LzProbes *probes = host->env.probes;
    LzScope scope = host->options.tls_scope;
    bool is_resumed = lz_tls_endpoint_was_resumed(session->tls);
    host->stats.handshakes_completed++;
    host->stats.handshakes_resumed += is_resumed;
    count_handshake(session, false);
    lz_probe_sample(probes, scope, LZ_METRIC_TLS_HANDSHAKE_TIME, lz_now(host->env.scheduler) - session->handshake_from_ns);
    lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, 1);
    lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_RESUMED, is_resumed);
    lz_probe_count_whole(probes, scope, LZ_METRIC_TLS_HANDSHAKE_RESUMED, 1);
    lz_probe_count(probes, host->options.service_scope, LZ_METRIC_SERVICE_HANDSHAKES, 1);
    bool is_1_3 = lz_tls_endpoint_version(session->tls) == LZ_TLS_1_3;
    trace(session, LZ_TRACE_HANDSHAKE, 0,
          is_1_3 ? (is_resumed ? "TLSv1.3 resumed" : "TLSv1.3") : (is_resumed ? "TLSv1.2 resumed" : "TLSv1.2"));
}

static void open_session(LzSession *session)
{
    session->phase = OPEN;
    lz_event_cancel(session->host->env.scheduler, &session->timeout);
    session->host->stats.sessions_opened++;
    session->host->stats.open_sessions++;
    if (session->tls) {
        report_open(session);
    }
    trace(session, LZ_TRACE_SESSION, 0, "opened");
    session->events->opened(session->self, session);
}

/* ---- the CPU job ---- */

static void add_mark(LzSession *session, Mark mark)
{
    bool is_first = !session->mark.message && (!session->marks || session->marks->len == 0);
    if (is_first) {
        session->mark = mark;
        return;
    }
    if (!session->marks) {
        session->marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    }
    g_array_append_val(session->marks, mark);
}

/* TCP may send, and report it, at once: the message's mark is set before. */
static void hand_to_tcp(LzSession *session, LzBuffer *bytes, LzMessageId message)
{
    LzHost *host = session->host;
    if (host->options.digest) {
        lz_digest_add_bytes(host->options.digest, LZ_DIGEST_TLS, bytes->data, bytes->size);
    }
    session->stream_bytes += bytes->size;
    host->stats.tx_bytes += bytes->size;
    if (message) {
        add_mark(session, (Mark){session->stream_bytes, message});
    }
    lz_tcp_send(session->tcp, bytes, 0, bytes->size);
}

static Outgoing *take_outgoing(LzSession *session)
{
    Outgoing *outgoing = session->outgoing_head;
    session->outgoing_head = outgoing->next;
    if (!session->outgoing_head) {
        session->outgoing_tail = NULL;
    }
    return outgoing;
}

static LzTime job_begin(void *owner)
{
    LzSession *session = owner;
    LzHost *host = session->host;
    LzTime wall_ns = lz_host_wall_ns(host);
    if (session->job_kind == JOB_STEP) {
        session->has_input = false;
        session->reading_bytes = session->unread_bytes;
        lz_tls_endpoint_step(session->tls, wall_ns, &session->step);
    } else if (session->job_kind == JOB_WRITE) {
        Outgoing *outgoing = take_outgoing(session);
        session->writing = outgoing->message;
        session->writing_bytes = outgoing->bytes->size;
        lz_probe_handed_to_tls(host->env.probes, outgoing->message);
        lz_tls_endpoint_write(session->tls, wall_ns, (LzBytes){outgoing->bytes->data, outgoing->bytes->size}, &session->step);
        lz_buffer_unref(outgoing->bytes);
        g_free(outgoing);
    } else {
        lz_tls_endpoint_close(session->tls, wall_ns, &session->step);
    }
    return lz_host_charge_crypto(host, &session->step.work);
}

static void fail(LzSession *session, const LzTlsStep *step)
{
    LzHost *host = session->host;
    bool is_alert = step->alert_sent >= 0 || step->alert_received >= 0;
    int alert = step->alert_sent >= 0 ? step->alert_sent : step->alert_received;
    /* A TLS 1.3 client believes itself open before the server has judged it: until it hears application data, an
     * alert ends the handshake. */
    bool is_refusal = is_alert && !session->has_heard;
    if (is_refusal) {
        host->stats.handshakes_refused++;
        if (!host->stats.refused_by_alert) {
            host->stats.refused_by_alert = g_new0(uint64_t, LZ_ALERTS);
        }
        host->stats.refused_by_alert[alert & 0xff]++;
        lz_probe_count(host->env.probes, host->options.service_scope, LZ_METRIC_SERVICE_REFUSED, 1);
    }
    count_handshake(session, is_refusal);
    trace(session, LZ_TRACE_HANDSHAKE, alert + 1, is_alert ? lz_tls_alert_name(alert) : "failed");
    let_tcp_finish(session);
    end(session, step->alert_sent >= 0      ? LZ_CLOSE_TLS_LOCAL_ALERT
                 : step->alert_received >= 0 ? LZ_CLOSE_TLS_PEER_ALERT
                                             : LZ_CLOSE_TLS_ERROR);
}

static void pump(LzSession *session);

/* TCP offers its peer a window that shrinks by what the CPU has not got to yet. */
static void note_read(LzSession *session)
{
    if (session->reading_bytes > 0) {
        session->unread_bytes -= session->reading_bytes;
        session->reading_bytes = 0;
        if (session->tcp) {
            lz_tcp_set_unread(session->tcp, session->unread_bytes);
        }
    }
}

static void job_finish(void *owner)
{
    LzSession *session = owner;
    LzTlsStep step = session->step;
    bool was_closing = session->job_kind == JOB_CLOSE;
    session->step = (LzTlsStep){0};
    note_read(session);
    if (step.records && session->tcp) {
        hand_to_tcp(session, step.records, session->writing);
        session->writing = 0;
        session->outgoing_bytes -= session->writing_bytes;
        session->writing_bytes = 0;
    }
    if (step.just_opened) {
        open_session(session);
    }
    if (step.plaintext && session->phase == OPEN) {
        session->has_heard = true;
        session->events->received(session->self, session, (LzBytes){step.plaintext->data, step.plaintext->size});
    }
    if (session->phase == CLOSED) {
        /* the application aborted it meanwhile */
    } else if (step.state == LZ_TLS_FAILED) {
        fail(session, &step);
    } else if (step.state == LZ_TLS_CLOSED) {
        let_tcp_finish(session);
        end(session, was_closing ? LZ_CLOSE_LOCAL : LZ_CLOSE_PEER);
    } else {
        pump(session);
    }
    lz_tls_step_clear(&step);
}

/* Chooses what the session's CPU job does next: what arrived, then what is to be sent, then the end. */
static void pump(LzSession *session)
{
    if (session->phase == CLOSED || !session->tls || session->job.state != LZ_CPU_JOB_IDLE) {
        return;
    }
    if (session->has_input) {
        session->job_kind = JOB_STEP;
    } else if (session->phase == OPEN && session->outgoing_head) {
        session->job_kind = JOB_WRITE;
    } else if (session->phase == OPEN && session->wants_close) {
        session->job_kind = JOB_CLOSE;
    } else if (session->peer_finished) {
        if (session->phase == HANDSHAKE) {
            count_handshake(session, false);
        }
        let_tcp_finish(session);
        end(session, LZ_CLOSE_PEER);
        return;
    } else {
        return;
    }
    lz_cpu_submit(session->host->cpu, &session->job);
}

/* ---- TCP events ---- */

static void begin_handshake(LzSession *session, bool speaks_first)
{
    session->phase = HANDSHAKE;
    session->handshake_from_ns = lz_now(session->host->env.scheduler);
    session->has_input = speaks_first;
    pump(session);
}

static void tcp_connected(void *self, LzTcpSocket *socket)
{
    LzSession *session = self;
    (void)socket;
    if (session->tls) {
        begin_handshake(session, true);
    } else {
        open_session(session);
    }
}

static void tcp_received(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    LzSession *session = self;
    (void)socket;
    session->host->stats.rx_bytes += size;
    LzBytes bytes = {buffer->data + offset, size};
    if (session->phase == CLOSED) {
        return;
    }
    if (session->tls) {
        lz_tls_endpoint_feed(session->tls, bytes);
        session->unread_bytes += size;
        lz_tcp_set_unread(session->tcp, session->unread_bytes);
        session->has_input = true;
        pump(session);
    } else {
        session->events->received(session->self, session, bytes);
    }
}

static void tcp_sent(void *self, LzTcpSocket *socket, uint64_t stream_end)
{
    LzSession *session = self;
    (void)socket;
    if (session->mark.message) {
        if (session->mark.stream_end > stream_end) {
            return;
        }
        lz_probe_sent(session->host->env.probes, session->mark.message);
        session->mark.message = 0;
    }
    if (!session->marks || session->marks->len == 0) {
        return;
    }
    for (; session->marks_done < session->marks->len; session->marks_done++) {
        const Mark *mark = &g_array_index(session->marks, Mark, session->marks_done);
        if (mark->stream_end > stream_end) {
            return;
        }
        lz_probe_sent(session->host->env.probes, mark->message);
    }
    g_array_set_size(session->marks, 0);
    session->marks_done = 0;
}

static void tcp_peer_finished(void *self, LzTcpSocket *socket)
{
    LzSession *session = self;
    (void)socket;
    session->peer_finished = true;
    if (session->tls) {
        pump(session);
    } else {
        let_tcp_finish(session);
        end(session, LZ_CLOSE_PEER);
    }
}

static void tcp_closed(void *self, LzTcpSocket *socket, LzTcpCloseReason reason)
{
    static const LzCloseReason reasons[] = {
        [LZ_TCP_CLOSED_LOCAL] = LZ_CLOSE_LOCAL,
        [LZ_TCP_CLOSED_PEER] = LZ_CLOSE_PEER,
        [LZ_TCP_CLOSED_RESET] = LZ_CLOSE_RESET,
        [LZ_TCP_CLOSED_TIMEOUT] = LZ_CLOSE_TIMEOUT,
    };
    LzSession *session = self;
    (void)socket;
    session->tcp = NULL;
    if (session->phase == HANDSHAKE) {
        count_handshake(session, false);
    }
    end(session, reasons[reason]);
}

static const LzTcpEvents tcp_events = {
    .connected = tcp_connected,
    .received = tcp_received,
    .sent = tcp_sent,
    .peer_finished = tcp_peer_finished,
    .closed = tcp_closed,
};

/* ---- making sessions ---- */

static LzSession *session_new(LzHost *host, const LzTlsProfile *profile, const char *server_name)
{
    LzSession *session = g_new0(LzSession, 1);
    session->host = host;
    session->profile = profile;
    lz_event_init(&session->timeout, timed_out, session);
    lz_event_init(&session->gone, deliver_closed, session);
    lz_cpu_job_init(&session->job, job_begin, job_finish, session);
    session->next = host->sessions;
    if (session->next) {
        session->next->previous = session;
    }
    host->sessions = session;
    if (profile) {
        session->tls = lz_tls_endpoint_new(profile, host->env.seed, host->env.entity, host->connections++, server_name,
                                           host->ticket);
        if (host->options.key_log) {
            lz_tls_endpoint_set_key_log(session->tls, host->options.key_log, host->options.key_log_self);
        }
    }
    return session;
}

static void limit_handshake(LzSession *session, LzTime timeout_ns)
{
    if (timeout_ns > 0) {
        lz_timer_after(session->host->env.scheduler, &session->timeout, timeout_ns);
    }
}

LzSession *lz_host_connect(LzHost *host, const LzConnect *connect, const LzSessionEvents *events, void *self)
{
    g_assert(host->is_on && (!connect->tls || connect->server_name));
    LzSession *session = session_new(host, connect->tls, connect->tls ? connect->server_name : "");
    session->events = events;
    session->self = self;
    session->peer = connect->address;
    session->tcp = lz_tcp_connect(host->tcp, connect->address, connect->port, connect->dscp, &tcp_events, session);
    limit_handshake(session, connect->handshake_timeout_ns);
    return session;
}

static bool accept_tcp(void *owner, LzTcpSocket *socket)
{
    Listener *listener = owner;
    LzSession *session = session_new(listener->host, listener->listen.tls, NULL);
    session->events = listener->events;
    session->peer = lz_tcp_peer_address(socket);
    session->self = listener->accepted(listener->service, session);
    if (!session->self) {
        session_free(session);
        return false;
    }
    session->tcp = socket;
    lz_tcp_socket_adopt(socket, &tcp_events, session);
    limit_handshake(session, listener->listen.handshake_timeout_ns);
    if (session->tls) {
        begin_handshake(session, false);
    } else {
        open_session(session);
    }
    return true;
}

void lz_host_listen(LzHost *host, const LzListen *listen, const LzSessionEvents *events,
                    void *(*accepted)(void *service, LzSession *session), void *service)
{
    Listener *listener = g_new(Listener, 1);
    *listener = (Listener){host, *listen, events, accepted, service};
    g_ptr_array_add(host->listeners, listener);
    lz_tcp_listen(host->tcp, listen->port, listen->backlog, accept_tcp, listener);
}

void lz_host_drop_sessions(LzHost *host)
{
    while (host->sessions) {
        LzSession *session = host->sessions;
        if (session->phase == OPEN) {
            host->stats.open_sessions--;
        }
        if (session->phase != CLOSED) {
            host->stats.sessions_closed++;
            session->phase = CLOSED;
            session->reason = LZ_CLOSE_POWER;
            trace(session, LZ_TRACE_SESSION, LZ_CLOSE_POWER, lz_close_reason_name(LZ_CLOSE_POWER));
        }
        session->events->closed(session->self, session, session->reason);
        session->tcp = NULL;            /* a host without power sends no FIN: TCP forgets the socket, silently */
        session_free(session);
    }
    g_ptr_array_set_size(host->listeners, 0);
}

void lz_host_free_sessions(LzHost *host)
{
    while (host->sessions) {
        session_free(host->sessions);
    }
    g_ptr_array_set_size(host->listeners, 0);
}

/* ---- verbs ---- */

static void queue_outgoing(LzSession *session, LzBytes bytes, LzMessageId message)
{
    Outgoing *outgoing = g_new(Outgoing, 1);
    *outgoing = (Outgoing){NULL, message, lz_buffer_new_copy(bytes.data, bytes.size)};
    *(session->outgoing_tail ? &session->outgoing_tail->next : &session->outgoing_head) = outgoing;
    session->outgoing_tail = outgoing;
    session->outgoing_bytes += bytes.size;
}

void lz_session_send(LzSession *session, LzBytes bytes, LzMessageId message)
{
    g_assert(session->phase == OPEN && !session->wants_close);
    if (session->tls) {
        queue_outgoing(session, bytes, message);
        pump(session);
        return;
    }
    LzBuffer *buffer = lz_buffer_new_copy(bytes.data, bytes.size);
    hand_to_tcp(session, buffer, message);
    lz_buffer_unref(buffer);
}

void lz_session_close(LzSession *session)
{
    if (session->phase == CLOSED) {
        return;
    }
    session->wants_close = true;
    if (session->tls && session->phase == OPEN) {
        pump(session);
    } else {
        let_tcp_finish(session);
        end(session, LZ_CLOSE_LOCAL);
    }
}

void lz_session_abort(LzSession *session)
{
    reset_tcp(session);
    end(session, LZ_CLOSE_LOCAL);
}

bool lz_session_is_open(const LzSession *session)
{
    return session->phase == OPEN && !session->wants_close;
}

LzAddress lz_session_peer(const LzSession *session)
{
    return session->peer;
}

LzHost *lz_session_host(const LzSession *session)
{
    return session->host;
}

size_t lz_session_unsent_bytes(const LzSession *session)
{
    return session->outgoing_bytes + (session->tcp ? (size_t)lz_tcp_unacknowledged(session->tcp) : 0);
}

const char *lz_session_peer_name(const LzSession *session)
{
    return session->tls && session->phase == OPEN ? lz_tls_endpoint_peer_name(session->tls) : NULL;
}
