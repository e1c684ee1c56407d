/* Requests in sessions, from their arrival to their answer. */
#include "lazaret/request_service.h"

#define JOBS_MAX 1000u                  /* of a connection: who asks so much without waiting is cut */

typedef struct Job {
    void *job;
    LzTime cost_ns;
    bool is_refused;
} Job;

struct LzRequestConnection {
    LzRequestService *service;
    LzSession *session;
    bool is_open, is_closing, is_working;
    GQueue jobs;                        /* Job *: the first is worked on */
    LzEvent worked, idle;
    max_align_t state[];
};

static void count(const LzRequestService *service, LzMetric metric)
{
    lz_probe_count(service->env.probes, service->context.scope, metric, 1);
}

static void report_sessions(LzRequestService *service, int change)
{
    service->opened += change;
    lz_probe_level(service->env.probes, service->context.scope, LZ_METRIC_SERVICE_SESSIONS, service->opened);
}

/* ---- work ---- */

static void drop_first(LzRequestConnection *connection)
{
    Job *job = g_queue_pop_head(&connection->jobs);
    connection->service->jobs -= !job->is_refused;
    g_free(job->job);
    g_free(job);
}

static void wait_idle(LzRequestConnection *connection)
{
    const LzTime idle_ns = connection->service->config->idle_ns;
    if (idle_ns > 0 && connection->is_open && !connection->is_closing) {
        lz_timer_after(connection->service->env.scheduler, &connection->idle, idle_ns);
    }
}

/* Refused ones cost nothing; the first other occupies a core. */
static void work(LzRequestConnection *connection)
{
    LzRequestService *service = connection->service;
    Job *job;
    while (!connection->is_working && !connection->is_closing && (job = g_queue_peek_head(&connection->jobs))) {
        if (!job->is_refused) {
            connection->is_working = true;
            lz_host_compute(service->context.host, job->cost_ns, &connection->worked);
            return;
        }
        count(service, LZ_METRIC_SERVICE_REFUSED);
        service->ops->serve(connection, job->job, true);
        drop_first(connection);
    }
    if (g_queue_is_empty(&connection->jobs)) {
        wait_idle(connection);
    }
}

static void worked(void *owner)
{
    LzRequestConnection *connection = owner;
    const Job *job = g_queue_peek_head(&connection->jobs);
    connection->is_working = false;
    if (!connection->is_closing) {
        count(connection->service, LZ_METRIC_SERVICE_MESSAGES);
        connection->service->ops->serve(connection, job->job, false);
    }
    drop_first(connection);
    work(connection);
}

static void cut(LzRequestConnection *connection)
{
    if (!connection->is_closing) {
        connection->is_closing = true;
        count(connection->service, LZ_METRIC_SERVICE_REFUSED);
        lz_session_abort(connection->session);
    }
}

static void add_job(LzRequestConnection *connection, void *job, LzTime cost_ns, bool is_refused)
{
    const Job entry = {job, cost_ns, is_refused};
    g_queue_push_tail(&connection->jobs, g_memdup2(&entry, sizeof entry));
    connection->service->jobs += !is_refused;
    lz_event_cancel(connection->service->env.scheduler, &connection->idle);
    if (connection->jobs.length > JOBS_MAX) {
        cut(connection);
        return;
    }
    work(connection);
}

bool lz_request_service_is_full(const LzRequestService *service)
{
    return service->jobs >= service->config->queue_max;
}

void lz_request_connection_submit_work(LzRequestConnection *connection, void *job, uint64_t bytes, LzTime work_ns)
{
    const LzRequestService *service = connection->service;
    const LzRequestServiceConfig *config = service->config;
    const LzTime bytes_ns = (LzTime)((__int128)bytes * 8 * LZ_NS_PER_S / config->work_bps);
    add_job(connection, job, config->cost_ns + bytes_ns + work_ns, lz_request_service_is_full(service));
}

void lz_request_connection_submit(LzRequestConnection *connection, void *job, uint64_t bytes)
{
    lz_request_connection_submit_work(connection, job, bytes, 0);
}

void lz_request_connection_refuse(LzRequestConnection *connection, void *job)
{
    add_job(connection, job, 0, true);
}

/* ---- connections ---- */

static void unused(void *owner)
{
    lz_request_connection_close(owner);
}

static void *accepted(void *state, LzSession *session)
{
    LzRequestService *service = state;
    if (service->accepted >= service->config->sessions_max) {
        count(service, LZ_METRIC_SERVICE_REFUSED);
        return NULL;
    }
    LzRequestConnection *connection = g_malloc0(sizeof(LzRequestConnection) + service->ops->connection_size);
    connection->service = service;
    connection->session = session;
    g_queue_init(&connection->jobs);
    lz_event_init(&connection->worked, worked, connection);
    lz_event_init(&connection->idle, unused, connection);
    service->accepted++;
    return connection;
}

static void opened(void *self, LzSession *session)
{
    LzRequestConnection *connection = self;
    (void)session;
    connection->is_open = true;
    report_sessions(connection->service, 1);
    wait_idle(connection);
    if (connection->service->ops->opened) {
        connection->service->ops->opened(connection);
    }
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    LzRequestConnection *connection = self;
    (void)session;
    if (!connection->is_closing && !connection->service->ops->received(connection, bytes)) {
        cut(connection);
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    LzRequestConnection *connection = self;
    LzRequestService *service = connection->service;
    (void)session;
    (void)reason;
    if (connection->is_open) {
        report_sessions(service, -1);
    }
    service->accepted--;
    service->ops->closed(connection);
    lz_host_compute_cancel(service->context.host, &connection->worked);
    lz_event_cancel(service->env.scheduler, &connection->idle);
    while (!g_queue_is_empty(&connection->jobs)) {
        drop_first(connection);
    }
    g_free(connection);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

LzRequestService *lz_request_connection_service(const LzRequestConnection *connection)
{
    return connection->service;
}

void *lz_request_connection_state(LzRequestConnection *connection)
{
    return connection->state;
}

LzSession *lz_request_connection_session(const LzRequestConnection *connection)
{
    return connection->session;
}

void lz_request_connection_send(LzRequestConnection *connection, LzBytes bytes)
{
    if (!connection->is_closing && lz_session_is_open(connection->session)) {
        lz_session_send(connection->session, bytes, 0);
    }
}

void lz_request_connection_close(LzRequestConnection *connection)
{
    if (!connection->is_closing) {
        connection->is_closing = true;
        lz_event_cancel(connection->service->env.scheduler, &connection->idle);
        lz_session_close(connection->session);
    }
}

void lz_request_connection_deliver(LzRequestConnection *connection, LzMessageId message)
{
    uint8_t mark[LZ_MESSAGE_MARK_BYTES];
    if (message) {
        lz_message_mark_write(mark, message);
        lz_probe_delivered(connection->service->env.probes, (LzBytes){mark, sizeof mark});
    }
}

/* ---- service ---- */

void lz_request_service_init(LzRequestService *service, const LzRequestServiceOps *ops, const LzRequestServiceConfig *config,
                             const LzServiceContext *context, const LzEnv *env)
{
    service->ops = ops;
    service->config = config;
    service->context = *context;
    service->env = *env;
}

void lz_request_service_start(void *state)
{
    LzRequestService *service = state;
    report_sessions(service, 0);
    lz_host_listen(service->context.host, &service->context.listen, &session_events, accepted, service);
}

void lz_request_service_stop(void *state)
{
    const LzRequestService *service = state;
    g_assert(service->accepted == 0 && service->jobs == 0);     /* what a session held went with it */
}

void lz_request_service_clear(void *state)
{
    (void)state;
}
