/* What clients that ask and wait for the answer have in common: messages wait in a queue, one is under way, on one
 * connection that is made again after a failure, with delays that grow and are random. The client says how a request is
 * written and what an answer is. Of a message it is told the size alone: what it writes is its own. */
#ifndef LAZARET_REQUEST_CLIENT_H
#define LAZARET_REQUEST_CLIENT_H

#include <glib.h>

#include "lazaret/client.h"
#include "lazaret/param.h"
#include "lazaret/protocol/wire.h"

typedef struct LzRequestClient LzRequestClient;

typedef struct LzRequest {
    LzMessageId message;
    uint32_t size_bytes;                /* of the flow */
    uint16_t flow;                      /* or LZ_REQUEST_OWN */
    uint16_t attempts;                  /* that failed */
} LzRequest;

#define LZ_REQUEST_OWN UINT16_MAX       /* of no flow: what the client itself has to say */

typedef struct LzRequestClientOps {
    bool is_eager;                      /* connects when it is switched on and stays so; else when there is something to say */
    /* The session is open. NULL: requests may be sent; else it says so by lz_request_client_agree(). */
    void (*opened)(LzRequestClient *client);
    /* Writes the request. False: it cannot be said in this protocol, and is lost. */
    bool (*send)(LzRequestClient *client, const LzRequest *request);
    /* False: what came is not of this protocol, and the connection is cut. */
    bool (*received)(LzRequestClient *client, LzBytes bytes);
    /* The session is gone: forget what was read of it. is_in_order: the peer ended it so. */
    void (*closed)(LzRequestClient *client, bool is_in_order);
    /* Says goodbye to an unused connection; NULL: it is closed. Ends in lz_request_client_close(). */
    void (*leave)(LzRequestClient *client);     /* within the time of an answer */
} LzRequestClientOps;

typedef struct LzRequestClientConfig {  /* `common` of a client's configuration */
    LzTime timeout_ns, idle_ns;
    LzTime backoff_ns, backoff_max_ns;
    uint32_t jitter_ppb;
    int64_t queue_max, attempts_max;
} LzRequestClientConfig;

#define LZ_REQUEST_CLIENT_PARAMS(Config, idle_default, idle_help) \
    LZ_PARAM(Config, common.timeout_ns, .key = "timeout", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 30e9, \
             .help = "longest wait for an answer, while nothing of it comes; then the connection is cut"), \
    LZ_PARAM(Config, common.idle_ns, .key = "idle", .kind = LZ_PARAM_TIME_NS, .max = 86400e9, .fallback = idle_default, \
             .help = idle_help), \
    LZ_PARAM(Config, common.backoff_ns, .key = "backoff", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 1e9, \
             .help = "delay after a failure; doubles with each"), \
    LZ_PARAM(Config, common.backoff_max_ns, .key = "backoff_max", .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, \
             .fallback = 60e9, .help = "longest such delay"), \
    LZ_PARAM(Config, common.jitter_ppb, .key = "jitter", .kind = LZ_PARAM_PPB, .max = 1e9, .fallback = 1e9, \
             .help = "share of that delay that is random; 100 %: full jitter"), \
    LZ_PARAM(Config, common.queue_max, .key = "queue_max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 100, \
             .help = "messages that wait in a device; beyond, the oldest of the lowest QoS is lost"), \
    LZ_PARAM(Config, common.attempts_max, .key = "attempts_max", .kind = LZ_PARAM_COUNT, .max = 65535, .has_max = true, \
             .fallback = 0, .help = "attempts that a message has before it is lost; 0: any number")

struct LzRequestClient {                /* first member of the model's state */
    const LzRequestClientOps *ops;
    const LzRequestClientConfig *config;
    LzClientContext context;
    LzEnv env;
    LzRandom random;
    LzSession *session;                 /* NULL: none */
    bool is_on, is_ready;
    bool is_usable;                     /* requests may be sent */
    bool is_busy;                       /* `current` waits for its answer */
    bool is_leaving, is_closing;        /* in order: it says goodbye; it has closed the session */
    bool is_cut;
    unsigned failures;                  /* since the last answer */
    LzTime connect_ns;
    LzRequest current;
    GQueue waiting;                     /* LzRequest *, oldest first */
    LzEvent retry, timeout, idle;
};

/* context->connect.dscp becomes the highest of the flows'. */
void lz_request_client_init(LzRequestClient *client, const LzRequestClientOps *ops, const LzRequestClientConfig *config,
                            const LzClientContext *context, const LzEnv *env);
/* NULL, or what is wrong. */
char *lz_request_client_check(const LzRequestClientConfig *config);

/* As in LzClientOps: state begins with an LzRequestClient. */
void lz_request_client_start(void *state);
void lz_request_client_stop(void *state);
void lz_request_client_send(void *state, unsigned flow, LzBytes payload, LzMessageId message);
bool lz_request_client_has_room(const void *state);
void lz_request_client_clear(void *state);

/* ---- what a client says ---- */

void lz_request_client_write(LzRequestClient *client, LzBytes bytes, LzMessageId message);
void lz_request_client_agree(LzRequestClient *client);          /* requests may be sent from now on */
void lz_request_client_progress(LzRequestClient *client);       /* some of the answer came: the time-out begins anew */
/* The answer to the current request: it is done; it is tried again after a delay (0: of the client's own); it is lost. */
void lz_request_client_done(LzRequestClient *client);
void lz_request_client_postpone(LzRequestClient *client, LzTime delay_ns);
void lz_request_client_refuse(LzRequestClient *client);
/* Puts a request of the client's own behind those that wait; its message may be 0. */
void lz_request_client_add(LzRequestClient *client, const LzRequest *request);
/* Ends the connection in order, without blame; the next request makes another. */
void lz_request_client_close(LzRequestClient *client);

#endif
