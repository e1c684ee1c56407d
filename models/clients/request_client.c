/* Requests of a device, from the queue to the answer. */
#include "lazaret/request_client.h"

#include "lazaret/dscp.h"

static void go_on(LzRequestClient *client);

/* ---- messages ---- */

static void set_ready(LzRequestClient *client, bool is_ready)
{
    if (client->is_ready != is_ready) {
        client->is_ready = is_ready;
        client->context.ready(client->context.device, is_ready);
    }
}

static int qos_of(const LzRequestClient *client, const LzRequest *request)
{
    return request->flow == LZ_REQUEST_OWN ? 2 : client->context.flows[request->flow].qos;
}

static void lose_all(LzRequestClient *client, LzLossCause cause)
{
    LzRequest *request;
    while ((request = g_queue_pop_head(&client->waiting))) {
        lz_probe_lost(client->env.probes, request->message, cause);
        g_free(request);
    }
}

/* Makes room for one: the oldest of the lowest QoS goes, which may be the one that came last. */
static void lose_least(LzRequestClient *client)
{
    GList *least = client->waiting.head;
    for (GList *link = least->next; link; link = link->next) {
        if (qos_of(client, link->data) < qos_of(client, least->data)) {
            least = link;
        }
    }
    LzRequest *request = least->data;
    g_queue_delete_link(&client->waiting, least);
    lz_probe_lost(client->env.probes, request->message, LZ_LOSS_CLIENT_QUEUE_FULL);
    g_free(request);
}

/* ---- failures ---- */

/* The share `jitter` of the delay is drawn, the rest is certain. */
static LzTime draw_backoff(LzRequestClient *client)
{
    LzTime delay_ns = client->config->backoff_ns;
    for (unsigned i = 0; i < client->failures && delay_ns < client->config->backoff_max_ns; i++) {
        delay_ns *= 2;
    }
    delay_ns = MIN(delay_ns, client->config->backoff_max_ns);
    client->failures++;
    const LzTime drawn_ns = (LzTime)((__int128)delay_ns * client->config->jitter_ppb / 1000000000);
    return delay_ns - drawn_ns + (LzTime)lz_random_below(&client->random, (uint64_t)drawn_ns + 1);
}

/* The current request failed: it waits before all others, unless it has failed too often. */
static void put_back(LzRequestClient *client)
{
    if (!client->is_busy) {
        return;
    }
    client->is_busy = false;
    lz_event_cancel(client->env.scheduler, &client->timeout);
    client->current.attempts = (uint16_t)MIN(client->current.attempts + 1, UINT16_MAX);
    if (client->config->attempts_max > 0 && client->current.attempts >= client->config->attempts_max) {
        lz_probe_lost(client->env.probes, client->current.message, LZ_LOSS_CONNECTION);
        return;
    }
    g_queue_push_head(&client->waiting, g_memdup2(&client->current, sizeof client->current));
}

static void cut(LzRequestClient *client)
{
    if (client->session) {
        client->is_cut = true;
        lz_session_abort(client->session);      /* closed() follows */
    }
}

static void answer_overdue(void *owner)
{
    cut(owner);
}

/* ---- the session ---- */

static void opened(void *self, LzSession *session)
{
    LzRequestClient *client = self;
    (void)session;
    if (client->ops->opened) {
        lz_timer_after(client->env.scheduler, &client->timeout, client->config->timeout_ns);
        client->ops->opened(client);
    } else {
        lz_request_client_agree(client);
    }
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    LzRequestClient *client = self;
    (void)session;
    if (!client->is_cut && !client->is_closing && !client->ops->received(client, bytes)) {
        cut(client);
    }
}

static void forget_session(LzRequestClient *client, bool is_in_order)
{
    LzScheduler *scheduler = client->env.scheduler;
    client->session = NULL;
    client->is_usable = client->is_leaving = client->is_closing = client->is_cut = false;
    lz_event_cancel(scheduler, &client->timeout);
    lz_event_cancel(scheduler, &client->idle);
    client->ops->closed(client, is_in_order);
}

/* An unused connection that the peer ends in order is no failure, unless one is to be had always. */
static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    LzRequestClient *client = self;
    if (client->session != session) {
        return;
    }
    const bool is_quiet = reason == LZ_CLOSE_PEER || reason == LZ_CLOSE_LOCAL;
    const bool is_in_order = is_quiet && !client->is_cut && (client->is_leaving || client->is_usable);
    forget_session(client, is_in_order);
    if (reason == LZ_CLOSE_POWER) {
        return;                         /* stop() follows */
    }
    const bool is_failure = client->is_busy || !is_in_order || client->ops->is_eager;
    put_back(client);
    if (is_failure) {
        set_ready(client, false);
        lz_timer_after(client->env.scheduler, &client->retry, draw_backoff(client));
    } else {
        go_on(client);
    }
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

/* ---- from one request to the next ---- */

static void unused(void *owner)
{
    LzRequestClient *client = owner;
    if (client->ops->leave) {
        client->is_leaving = true;
        lz_timer_after(client->env.scheduler, &client->timeout, client->config->timeout_ns);
        client->ops->leave(client);
    } else {
        lz_request_client_close(client);
    }
}

static void send_next(LzRequestClient *client)
{
    LzRequest *request = g_queue_pop_head(&client->waiting);
    client->current = *request;
    g_free(request);
    client->is_busy = true;
    lz_event_cancel(client->env.scheduler, &client->idle);
    lz_timer_after(client->env.scheduler, &client->timeout, client->config->timeout_ns);
    if (!client->ops->send(client, &client->current)) {
        lz_request_client_refuse(client);
    }
}

static void go_on(LzRequestClient *client)
{
    LzScheduler *scheduler = client->env.scheduler;
    const bool has_work = !g_queue_is_empty(&client->waiting);
    if (!client->is_on || client->is_busy || client->is_leaving || client->is_cut || lz_event_is_pending(&client->retry)) {
        return;
    }
    if (!client->session && (has_work || client->ops->is_eager)) {
        client->connect_ns = lz_now(scheduler);
        client->session = lz_host_connect(client->context.host, &client->context.connect, &session_events, client);
    } else if (client->is_usable && has_work) {
        send_next(client);
    } else if (client->is_usable && client->config->idle_ns > 0) {
        lz_timer_after(scheduler, &client->idle, client->config->idle_ns);
    }
}

static void retry(void *owner)
{
    go_on(owner);
}

void lz_request_client_write(LzRequestClient *client, LzBytes bytes, LzMessageId message)
{
    lz_session_send(client->session, bytes, message);
}

void lz_request_client_agree(LzRequestClient *client)
{
    const LzTime took_ns = lz_now(client->env.scheduler) - client->connect_ns;
    lz_probe_sample(client->env.probes, client->context.tls_scope, LZ_METRIC_TLS_CONNECT_TIME, took_ns);
    lz_event_cancel(client->env.scheduler, &client->timeout);
    client->is_usable = true;
    if (client->ops->is_eager) {
        set_ready(client, true);
    }
    go_on(client);
}

void lz_request_client_progress(LzRequestClient *client)
{
    if (lz_event_is_pending(&client->timeout)) {
        lz_timer_after(client->env.scheduler, &client->timeout, client->config->timeout_ns);
    }
}

static void end_current(LzRequestClient *client)
{
    client->is_busy = false;
    client->failures = 0;
    lz_event_cancel(client->env.scheduler, &client->timeout);
    set_ready(client, true);
    go_on(client);
}

void lz_request_client_done(LzRequestClient *client)
{
    g_assert(client->is_busy);
    end_current(client);
}

void lz_request_client_refuse(LzRequestClient *client)
{
    g_assert(client->is_busy);
    lz_probe_lost(client->env.probes, client->current.message, LZ_LOSS_REFUSED);
    end_current(client);
}

void lz_request_client_postpone(LzRequestClient *client, LzTime delay_ns)
{
    g_assert(client->is_busy);
    put_back(client);
    set_ready(client, true);            /* the service answers, if only that it is busy */
    lz_timer_after(client->env.scheduler, &client->retry, delay_ns > 0 ? delay_ns : draw_backoff(client));
}

void lz_request_client_close(LzRequestClient *client)
{
    if (client->session && !client->is_closing && !client->is_cut) {
        client->is_leaving = client->is_closing = true;
        lz_session_close(client->session);
    }
}

/* ---- client ---- */

char *lz_request_client_check(const LzRequestClientConfig *config)
{
    return config->backoff_max_ns < config->backoff_ns ? g_strdup("backoff_max is shorter than backoff") : NULL;
}

void lz_request_client_init(LzRequestClient *client, const LzRequestClientOps *ops, const LzRequestClientConfig *config,
                            const LzClientContext *context, const LzEnv *env)
{
    client->ops = ops;
    client->config = config;
    client->context = *context;
    for (unsigned i = 0; i < context->flow_count; i++) {
        uint8_t *dscp = &client->context.connect.dscp;
        *dscp = lz_dscp_higher(*dscp, context->flows[i].dscp);
    }
    client->env = *env;
    lz_env_random(env, LZ_PURPOSE_START, &client->random);
    g_queue_init(&client->waiting);
    lz_event_init(&client->retry, retry, client);
    lz_event_init(&client->timeout, answer_overdue, client);
    lz_event_init(&client->idle, unused, client);
}

void lz_request_client_start(void *state)
{
    LzRequestClient *client = state;
    client->is_on = true;
    client->failures = 0;
    go_on(client);
}

void lz_request_client_stop(void *state)
{
    LzRequestClient *client = state;
    client->is_on = false;
    if (client->session) {
        forget_session(client, false);
    }
    lz_event_cancel(client->env.scheduler, &client->retry);
    lz_event_cancel(client->env.scheduler, &client->timeout);
    if (client->is_busy) {
        client->is_busy = false;
        lz_probe_lost(client->env.probes, client->current.message, LZ_LOSS_POWER);
    }
    lose_all(client, LZ_LOSS_POWER);
    set_ready(client, false);
}

void lz_request_client_add(LzRequestClient *client, const LzRequest *request)
{
    g_queue_push_tail(&client->waiting, g_memdup2(request, sizeof *request));
    go_on(client);
    if (client->waiting.length > (guint64)client->config->queue_max) {
        lose_least(client);
    }
}

void lz_request_client_send(void *state, unsigned flow, LzBytes payload, LzMessageId message)
{
    const LzRequest request = {.message = message, .size_bytes = (uint32_t)payload.size, .flow = (uint16_t)flow};
    lz_request_client_add(state, &request);
}

bool lz_request_client_has_room(const void *state)
{
    const LzRequestClient *client = state;
    return client->is_on && !client->is_busy && g_queue_is_empty((GQueue *)(uintptr_t)&client->waiting);
}

void lz_request_client_clear(void *state)
{
    LzRequestClient *client = state;
    if (client->is_on) {
        lz_request_client_stop(client);
    }
}
