/* What services that take HL7 v2 messages over MLLP have in common: each message waits for the CPU as a request does
 * (lazaret/request_service.h) and is answered. The service says what it does with it. */
#ifndef LAZARET_HL7_SERVICE_H
#define LAZARET_HL7_SERVICE_H

#include "lazaret/protocol/hl7.h"
#include "lazaret/request_service.h"

typedef struct LzHl7ServiceOps {
    /* The CPU has worked for the message: the code of its answer, "AA", "AE" or "AR". */
    const char *(*take)(LzRequestConnection *connection, const LzHl7Message *message);
    bool takes_answers;                 /* peers are sent messages, which they answer; else an ACK is no message */
    void (*closed)(LzRequestConnection *connection);            /* NULL: nothing to do */
} LzHl7ServiceOps;

typedef struct LzHl7ServiceConfig {     /* `common` of a service's configuration */
    LzRequestServiceConfig requests;
    int64_t message_max_bytes;
} LzHl7ServiceConfig;

#define LZ_HL7_SERVICE_PARAMS(Config) \
    LZ_PARAM(Config, common.requests.sessions_max, .key = "sessions_max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, \
             .fallback = 10000, .help = "connections; beyond, they are reset"), \
    LZ_PARAM(Config, common.requests.queue_max, .key = "queue_max", .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 1000, \
             .help = "messages that wait for the CPU or are worked on; beyond, they are answered AE"), \
    LZ_PARAM(Config, common.requests.idle_ns, .key = "idle", .kind = LZ_PARAM_TIME_NS, .max = 86400e9, \
             .help = "a connection that has sent nothing for so long is closed; 0 s: none is"), \
    LZ_PARAM(Config, common.requests.cost_ns, .key = "cost", .kind = LZ_PARAM_TIME_NS, .max = 60e9, .fallback = 1e6, \
             .help = "CPU of a message, whatever its size"), \
    LZ_PARAM(Config, common.requests.work_bps, .key = "work_rate", .kind = LZ_PARAM_BPS, .min = 1e3, .max = 1e13, .fallback = 8e8, \
             .help = "bytes of messages that a core works through in addition"), \
    LZ_PARAM(Config, common.message_max_bytes, .key = "message_max", .kind = LZ_PARAM_BYTES, .min = 200, .max = 1e9, .fallback = 1e6, \
             .help = "longest message; a longer one cuts the connection")

typedef struct LzHl7Service {           /* first member of the model's state */
    LzRequestService base;
    const LzHl7ServiceOps *ops;
    const LzHl7ServiceConfig *config;
} LzHl7Service;

/* Then start, stop and clear are those of lazaret/request_service.h. */
void lz_hl7_service_init(LzHl7Service *service, const LzHl7ServiceOps *ops, const LzHl7ServiceConfig *config,
                         const LzServiceContext *context, const LzEnv *env);

/* What the service itself knows of a connection; NULL at first. */
void *lz_hl7_connection_user(LzRequestConnection *connection);
void lz_hl7_connection_set_user(LzRequestConnection *connection, void *user);
/* Sends a message of the service's own, in its frame. */
void lz_hl7_connection_report(LzRequestConnection *connection, const LzHl7Report *report, size_t size_bytes);

#endif
