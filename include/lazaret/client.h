/* Clients (models/clients/): the application protocol of a device: connects to its service, carries
 * its flows' messages, reconnects with back-off. */
#ifndef LAZARET_CLIENT_H
#define LAZARET_CLIENT_H

#include "lazaret/session.h"

typedef struct LzClientFlow {           /* what a client needs to know of a flow */
    const char *name;
    const char *destination;            /* topic or path, expanded: "ward/ward-a/pump/7/alarm" */
    int qos;                            /* 0..2, as MQTT */
    uint8_t dscp;
} LzClientFlow;

typedef struct LzClientContext {
    LzHost *host;
    LzConnect connect;                  /* where to; the client fills nothing but dscp if it wishes */
    const LzClientFlow *flows;
    unsigned flow_count;
    LzScope tls_scope;                  /* LZ_SCOPE_TLS of this fleet: TLS_CONNECT_TIME */
    void (*ready)(void *device, bool is_ready);         /* tell when the application session opens and ends */
    void *device;
} LzClientContext;

typedef struct LzClientOps {
    /* Whatever happens, none of its messages reaches the service twice: it repeats nothing itself, and what it speaks
     * over does not either. */
    bool uses_datagrams;                /* speaks UDP */
    bool delivers_once;
    void (*init)(void *state, const void *config, const LzClientContext *context, const LzEnv *env);
    void (*start)(void *state);         /* power on: connect */
    /* Power lost: forget everything volatile, cancel events. Sessions are already gone. Messages that
     * were waiting are reported lost (LZ_LOSS_POWER). */
    void (*stop)(void *state);
    /* One message of flow number `flow`; payload copied if kept; starts with the message's mark. */
    void (*send)(void *state, unsigned flow, LzBytes payload, LzMessageId message);
    /* Whether a message would be sent now instead of being kept; NULL: always. */
    bool (*has_room)(const void *state);
    void (*clear)(void *state);
} LzClientOps;

#endif
