/* What services that answer requests in sessions have in common: connections up to a limit, requests that wait for the CPU
 * up to a limit, each connection's answered in their order. The service says what a request is, what it costs, and what the
 * answer is; and what it says when there is no room. */
#ifndef LAZARET_REQUEST_SERVICE_H
#define LAZARET_REQUEST_SERVICE_H

#include <glib.h>

#include "lazaret/param.h"
#include "lazaret/protocol/wire.h"
#include "lazaret/service.h"

typedef struct LzRequestService LzRequestService;
typedef struct LzRequestConnection LzRequestConnection;

typedef struct LzRequestServiceOps {
    size_t connection_size;             /* of its own state of a connection, which is zeroed */
    void (*opened)(LzRequestConnection *connection);            /* NULL: nothing to do */
    /* False: what came is not of this protocol; the connection is cut and counted. */
    bool (*received)(LzRequestConnection *connection, LzBytes bytes);
    /* The CPU has worked for the job (or it was refused): answer. Frees the job with g_free afterwards. */
    void (*serve)(LzRequestConnection *connection, void *job, bool is_refused);
    void (*closed)(LzRequestConnection *connection);            /* frees what its state holds; jobs are dropped after it */
} LzRequestServiceOps;

typedef struct LzRequestServiceConfig { /* `common` of a service's configuration */
    int64_t sessions_max, queue_max;
    LzTime idle_ns;
    LzTime cost_ns;
    int64_t work_bps;
} LzRequestServiceConfig;

#define LZ_REQUEST_SERVICE_PARAMS(Config, sessions_default, queue_default, full_help, idle_default, cost_default, work_default) \
    LZ_PARAM(Config, common.sessions_max, .key = "sessions_max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, \
             .fallback = sessions_default, .help = "connections; beyond, they are reset"), \
    LZ_PARAM(Config, common.queue_max, .key = "queue_max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, \
             .fallback = queue_default, .help = full_help), \
    LZ_PARAM(Config, common.idle_ns, .key = "idle", .kind = LZ_PARAM_TIME_NS, .max = 86400e9, .fallback = idle_default, \
             .help = "a connection that has asked nothing for so long is closed; 0 s: none is"), \
    LZ_PARAM(Config, common.cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = cost_default, \
             .help = "CPU of a request, whatever its size"), \
    LZ_PARAM(Config, common.work_bps, .key = "work_rate", .kind = LZ_PARAM_BPS, .min = 1e3, .max = 1e13, .fallback = work_default, \
             .help = "bytes of request and answer that a core works through in addition")

struct LzRequestService {               /* first member of the model's state */
    const LzRequestServiceOps *ops;
    const LzRequestServiceConfig *config;
    LzServiceContext context;
    LzEnv env;
    int64_t accepted, opened, jobs;     /* connections with a session, of them open; requests waiting or worked on */
};

void lz_request_service_init(LzRequestService *service, const LzRequestServiceOps *ops, const LzRequestServiceConfig *config,
                             const LzServiceContext *context, const LzEnv *env);
/* As in LzServiceOps: state begins with an LzRequestService. */
void lz_request_service_start(void *state);
void lz_request_service_stop(void *state);
void lz_request_service_clear(void *state);

/* ---- what a service says of a connection ---- */

LzRequestService *lz_request_connection_service(const LzRequestConnection *connection);
void *lz_request_connection_state(LzRequestConnection *connection);
LzSession *lz_request_connection_session(const LzRequestConnection *connection);
/* A request of so many bytes, of its own and of its answer. Takes the job over, freed with g_free: it is served when the CPU
 * has worked for it, or at its turn as refused if there is no room. */
void lz_request_connection_submit(LzRequestConnection *connection, void *job, uint64_t bytes);
/* The same with work whose time is known: where there is room, before it is done. */
bool lz_request_service_is_full(const LzRequestService *service);
void lz_request_connection_submit_work(LzRequestConnection *connection, void *job, uint64_t bytes, LzTime work_ns);
void lz_request_connection_refuse(LzRequestConnection *connection, void *job);         /* for another reason: at its turn */
void lz_request_connection_send(LzRequestConnection *connection, LzBytes bytes);
void lz_request_connection_close(LzRequestConnection *connection);      /* in order, behind what was sent */
/* A message that a device sent has come through and counts. */
void lz_request_connection_deliver(LzRequestConnection *connection, LzMessageId message);

#endif
