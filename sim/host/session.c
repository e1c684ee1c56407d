/* Sessions: TCP below, an application above, and between them, for a session that has it, the TLS of
 * secure_session.c. */
#include <assert.h>

#include "lazaret/cache.h"
#include "sim/core/blocks.h"
#include "sim/host/session_internal.h"

#define OUTPUT_BYTES 256u               /* a port of a link, its queue and what the link keeps of it */

typedef struct Mark {                   /* a message's end in the TCP stream */
    uint64_t stream_end;
    LzMessageId message;
} Mark;

static_assert(sizeof(LzSession) <= 160, "a plain session is small");

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

/* ---- observation ---- */

static LzStreamName stream_name(const LzSession *session, bool is_outgoing)
{
    LzStreamName name = {lz_host_address(session->host), session->peer, lz_tcp_local_port(session->tcp),
                         lz_tcp_peer_port(session->tcp)};
    return is_outgoing ? name
                       : (LzStreamName){name.destination, name.source, name.destination_port, name.source_port};
}

static void watch_begin(const LzSession *session)
{
    for (unsigned way = 0; way < 2; way++) {
        LzStreamName name = stream_name(session, way == 0);
        lz_stream_check_begin(session->host->streams, &name);
    }
}

static void watch_end(const LzSession *session)
{
    LzStreamName name = stream_name(session, false);
    lz_stream_check_end(session->host->streams, &name);
}

/* TCP goes on alone; nothing that it receives comes here any more. */
static void leave_tcp(LzSession *session)
{
    if (G_UNLIKELY(session->host->streams)) {
        watch_end(session);
    }
    lz_tcp_orphan(session->tcp);
}

/* ---- the end of a session ---- */

static void session_free(LzSession *session)
{
    LzHost *host = session->host;
    lz_event_cancel(host->env.scheduler, &session->event);
    if (G_UNLIKELY(host->needs)) {
        lz_needs_forget(host->needs, session);
    }
    if (G_UNLIKELY(host->onboarding)) {
        lz_onboarding_forget(host->onboarding, session);
    }
    if (session->tcp) {
        leave_tcp(session);
    }
    lz_secure_free(session->secure);
    if (session->marks) {
        g_array_unref(session->marks);
    }
    *(session->previous ? &session->previous->next : &host->sessions) = session->next;
    if (session->next) {
        session->next->previous = session->previous;
    }
    lz_block_free(session, sizeof *session);
}

void lz_session_trace(LzSession *session, LzTraceKind kind, int32_t code, const char *detail)
{
    LzHost *host = session->host;
    char peer[LZ_ADDRESS_TEXT_BYTES];
    lz_probe_trace(host->env.probes, kind, host->name, lz_address_format(session->peer, peer), NULL,
                   (int64_t)session->stream_bytes, code, detail);
}

void lz_session_end(LzSession *session, LzCloseReason reason)
{
    if (session->phase == LZ_SESSION_CLOSED) {
        return;
    }
    LzHost *host = session->host;
    if (session->phase == LZ_SESSION_OPEN) {
        host->stats.open_sessions--;
    }
    if (G_UNLIKELY(host->needs)) {
        lz_needs_forget(host->needs, session);
    }
    if (G_UNLIKELY(host->onboarding)) {
        lz_onboarding_forget(host->onboarding, session);
    }
    session->phase = LZ_SESSION_CLOSED;
    session->reason = (uint8_t)reason;
    if (session->secure) {
        lz_secure_stop(session->secure);
    }
    lz_event_cancel(host->env.scheduler, &session->event);
    host->stats.sessions_closed++;
    lz_session_trace(session, LZ_TRACE_SESSION, (int32_t)reason, lz_close_reason_name(reason));
    lz_schedule_after(host->env.scheduler, &session->event, 0);
}

void lz_session_finish_tcp(LzSession *session)
{
    if (session->tcp) {
        lz_tcp_close(session->tcp);
        leave_tcp(session);
        session->tcp = NULL;
    }
}

static void reset_tcp(LzSession *session)
{
    if (session->tcp) {
        LzTcpSocket *tcp = session->tcp;
        if (G_UNLIKELY(session->host->streams)) {
            watch_end(session);
        }
        session->tcp = NULL;
        lz_tcp_abort(tcp);
        lz_tcp_orphan(tcp);
    }
}

static void event_fired(void *owner)
{
    LzSession *session = owner;
    if (session->phase == LZ_SESSION_CLOSED) {
        session->events->closed(session->self, session, (LzCloseReason)session->reason);
        session_free(session);
    } else {
        reset_tcp(session);
        lz_session_end(session, LZ_CLOSE_TIMEOUT);
    }
}

/* ---- opening ---- */

static void tell_policy(const LzSession *session)
{
    const LzPeerPolicy *policy = &session->host->options.policy;
    const char *name = policy->opened ? lz_session_peer_name(session) : NULL;
    if (name) {
        policy->opened(policy->owner, name);
    }
}

void lz_session_open(LzSession *session)
{
    session->phase = LZ_SESSION_OPEN;
    lz_event_cancel(session->host->env.scheduler, &session->event);
    session->host->stats.sessions_opened++;
    session->host->stats.open_sessions++;
    if (session->secure) {
        lz_secure_opened(session->secure);
    }
    tell_policy(session);
    lz_session_trace(session, LZ_TRACE_SESSION, 0, "opened");
    session->events->opened(session->self, session);
}

/* ---- sending ---- */

void lz_host_expect_sending(const LzHost *host)
{
    lz_cache_fetch(host->udp.output, OUTPUT_BYTES);
    if (host->sessions) {
        lz_cache_fetch(host->sessions, sizeof(LzSession));
    }
}

static void add_mark(LzSession *session, Mark mark)
{
    bool is_first = !session->message && (!session->marks || session->marks->len == 0);
    if (is_first) {
        session->message = mark.message;
        session->message_end = mark.stream_end;
        return;
    }
    if (!session->marks) {
        session->marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    }
    g_array_append_val(session->marks, mark);
}

/* TCP may send, and report it, at once: the message's mark is set before. */
void lz_session_hand_to_tcp(LzSession *session, LzBuffer *bytes, LzMessageId message)
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
    if (G_UNLIKELY(host->streams)) {
        LzStreamName name = stream_name(session, true);
        lz_stream_check_sent(host->streams, &name, (LzBytes){bytes->data, bytes->size});
    }
    lz_tcp_send(session->tcp, bytes, 0, bytes->size);
}

/* ---- TCP events ---- */

static void tcp_connected(void *self, LzTcpSocket *socket)
{
    LzSession *session = self;
    (void)socket;
    if (session->secure) {
        lz_secure_handshake(session->secure, true);
    } else {
        lz_session_open(session);
    }
}

static void tcp_received(void *self, LzTcpSocket *socket, LzBuffer *buffer, uint32_t offset, uint32_t size)
{
    LzSession *session = self;
    (void)socket;
    session->host->stats.rx_bytes += size;
    LzBytes bytes = {buffer->data + offset, size};
    if (G_UNLIKELY(session->host->streams)) {
        LzStreamName name = stream_name(session, false);
        lz_stream_check_received(session->host->streams, &name, bytes);
    }
    if (session->phase == LZ_SESSION_CLOSED) {
        return;
    }
    if (session->secure) {
        lz_secure_received(session->secure, bytes);
    } else {
        session->events->received(session->self, session, bytes);
    }
}

static void tcp_sent(void *self, LzTcpSocket *socket, uint64_t stream_end)
{
    LzSession *session = self;
    (void)socket;
    if (session->message) {
        if (session->message_end > stream_end) {
            return;
        }
        lz_probe_sent(session->host->env.probes, session->message);
        session->message = 0;
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
    if (session->secure) {
        lz_secure_peer_finished(session->secure);
    } else {
        lz_session_finish_tcp(session);
        lz_session_end(session, LZ_CLOSE_PEER);
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
    if (G_UNLIKELY(session->host->streams)) {
        watch_end(session);
    }
    session->tcp = NULL;
    if (session->phase == LZ_SESSION_HANDSHAKE) {
        lz_secure_unopened(session->secure);
    }
    lz_session_end(session, reasons[reason]);
}

static const LzTcpEvents tcp_events = {
    .connected = tcp_connected,
    .received = tcp_received,
    .sent = tcp_sent,
    .peer_finished = tcp_peer_finished,
    .closed = tcp_closed,
};

/* ---- making sessions ---- */

/* profile: a server's; NULL: it has none, or is a client, whose TLS begins later. */
static LzSession *session_new(LzHost *host, const LzTlsProfile *profile)
{
    LzSession *session = lz_block_new0(sizeof *session);
    session->host = host;
    lz_event_init(&session->event, event_fired, session);
    session->next = host->sessions;
    if (session->next) {
        session->next->previous = session;
    }
    host->sessions = session;
    if (profile) {
        session->secure = lz_secure_new(session, profile, NULL);
    }
    return session;
}

static void limit_handshake(LzSession *session, LzTime timeout_ns)
{
    if (timeout_ns > 0) {
        lz_timer_after(session->host->env.scheduler, &session->event, timeout_ns);
    }
}

void lz_session_connect(LzSession *session, LzAddress address, uint16_t port, uint8_t dscp)
{
    session->peer = address;
    session->tcp = lz_tcp_connect(session->host->tcp, address, port, dscp, &tcp_events, session);
    if (G_UNLIKELY(session->host->streams)) {
        watch_begin(session);
    }
}

void lz_session_give_up(LzSession *session)
{
    reset_tcp(session);
    lz_session_end(session, LZ_CLOSE_TIMEOUT);
}

/* TCP sends nothing more, not even that it ends: there is no address to send from. */
void lz_host_lose_address(LzHost *host)
{
    for (LzSession *session = host->sessions; session; session = session->next) {
        if (session->tcp && host->streams) {
            watch_end(session);
        }
        session->tcp = NULL;
        lz_session_end(session, LZ_CLOSE_TIMEOUT);
    }
    lz_tcp_reset(host->tcp);
}

void lz_session_begin(LzSession *session, const LzConnect *connect)
{
    LzHost *host = session->host;
    const LzTlsClient client = {connect->server_name, connect->credential, lz_host_ticket(host, connect->tls), .offers_later = true};
    if (connect->tls) {
        session->secure = lz_secure_new(session, connect->tls, &client);
    }
    if (G_UNLIKELY(host->needs)) {
        lz_needs_connect(host->needs, session, connect);
    } else {
        lz_session_connect(session, connect->address, connect->port, connect->dscp);
    }
    limit_handshake(session, connect->handshake_timeout_ns);
}

LzSession *lz_session_prepare(LzHost *host, const LzConnect *connect, const LzSessionEvents *events, void *self)
{
    g_assert(host->is_on && (!connect->tls || connect->server_name));
    LzSession *session = session_new(host, NULL);
    session->events = events;
    session->self = self;
    session->peer = connect->address;
    return session;
}

LzSession *lz_host_connect(LzHost *host, const LzConnect *connect, const LzSessionEvents *events, void *self)
{
    LzSession *session = lz_session_prepare(host, connect, events, self);
    if (G_UNLIKELY(host->onboarding)) {
        lz_onboarding_connect(host->onboarding, session, connect);
    } else {
        lz_session_begin(session, connect);
    }
    return session;
}

/* False: the peer's segment does not let it speak as this service does. */
static bool choose_profile(LzHost *host, LzAddress peer, const LzTlsProfile **profile)
{
    const LzPeerPolicy *policy = &host->options.policy;
    if (!policy->choose || policy->choose(policy->owner, peer, *profile, profile)) {
        return true;
    }
    host->stats.refused_by_policy++;
    lz_probe_count(host->env.probes, host->options.service_scope, LZ_METRIC_SERVICE_REFUSED, 1);
    return false;
}

static bool accept_tcp(void *owner, LzTcpSocket *socket)
{
    Listener *listener = owner;
    const LzTlsProfile *profile = listener->listen.tls;
    if (!choose_profile(listener->host, lz_tcp_peer_address(socket), &profile)) {
        return false;
    }
    LzSession *session = session_new(listener->host, profile);
    if (session->secure && listener->listen.status) {
        lz_secure_judge(session->secure, listener->listen.status);
    }
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
    if (session->secure) {
        lz_secure_handshake(session->secure, false);
    } else {
        lz_session_open(session);
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
        if (session->phase == LZ_SESSION_OPEN) {
            host->stats.open_sessions--;
        }
        if (session->phase != LZ_SESSION_CLOSED) {
            host->stats.sessions_closed++;
            session->phase = LZ_SESSION_CLOSED;
            session->reason = LZ_CLOSE_POWER;
            lz_session_trace(session, LZ_TRACE_SESSION, LZ_CLOSE_POWER, lz_close_reason_name(LZ_CLOSE_POWER));
        }
        session->events->closed(session->self, session, (LzCloseReason)session->reason);
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

void lz_session_send(LzSession *session, LzBytes bytes, LzMessageId message)
{
    g_assert(session->phase == LZ_SESSION_OPEN && !session->wants_close);
    if (session->secure) {
        lz_secure_send(session->secure, bytes, message);
        return;
    }
    LzBuffer *buffer = lz_buffer_new_copy(bytes.data, bytes.size);
    lz_session_hand_to_tcp(session, buffer, message);
    lz_buffer_unref(buffer);
}

void lz_session_close(LzSession *session)
{
    if (session->phase == LZ_SESSION_CLOSED) {
        return;
    }
    session->wants_close = true;
    if (session->secure && session->phase == LZ_SESSION_OPEN) {
        lz_secure_close(session->secure);
    } else {
        lz_session_finish_tcp(session);
        lz_session_end(session, LZ_CLOSE_LOCAL);
    }
}

void lz_session_abort(LzSession *session)
{
    reset_tcp(session);
    lz_session_end(session, LZ_CLOSE_LOCAL);
}

bool lz_session_is_open(const LzSession *session)
{
    return session->phase == LZ_SESSION_OPEN && !session->wants_close;
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
    size_t unencrypted = session->secure ? lz_secure_unsent_bytes(session->secure) : 0;
    return unencrypted + (session->tcp ? (size_t)lz_tcp_unacknowledged(session->tcp) : 0);
}

const char *lz_session_peer_name(const LzSession *session)
{
    return session->secure && session->phase == LZ_SESSION_OPEN ? lz_secure_peer_name(session->secure) : NULL;
}

LzBytes lz_session_peer_certificate(const LzSession *session)
{
    bool has_tls = session->secure && session->phase == LZ_SESSION_OPEN;
    return has_tls ? lz_secure_peer_certificate(session->secure) : (LzBytes){.data = NULL, .size = 0};
}
