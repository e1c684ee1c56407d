/* What services that answer one datagram with one datagram have in common: a request waits for the CPU among at most
 * so many others, is answered, and forgotten. The service says what is a request and what the answer is. */
#ifndef LAZARET_DATAGRAM_SERVICE_H
#define LAZARET_DATAGRAM_SERVICE_H

#include "lazaret/datagrams.h"
#include "lazaret/protocol/wire.h"
#include "lazaret/service.h"

typedef struct LzDatagramService LzDatagramService;

typedef struct LzDatagramRequest {
    LzPeer peer;
    LzTime received_ns;                 /* by the server's wall clock */
    const void *message;                /* what decode() made of it */
} LzDatagramRequest;

typedef enum {
    LZ_DATAGRAM_TAKEN,                  /* it waits for the CPU */
    LZ_DATAGRAM_IGNORED,
    LZ_DATAGRAM_ANSWERED,               /* at once, with what was written */
    LZ_DATAGRAM_REFUSED,                /* likewise, and counted as refused */
} LzDatagramVerdict;

typedef struct LzDatagramServiceOps {
    size_t message_size;
    size_t reply_bytes_max;             /* at most 1,472 */
    /* False: no request of this protocol; it is ignored. */
    bool (*decode)(LzBytes payload, void *ret_message);
    /* When it arrives; is_full: it cannot be taken. NULL: it is taken, or refused in silence when that is full. */
    LzDatagramVerdict (*judge)(LzDatagramService *service, const LzDatagramRequest *request, bool is_full, LzWriter *reply);
    /* When the CPU has worked for it. False: no answer. */
    bool (*answer)(LzDatagramService *service, const LzDatagramRequest *request, LzWriter *reply);
} LzDatagramServiceOps;

struct LzDatagramService {              /* first member of the model's state */
    const LzDatagramServiceOps *ops;
    LzServiceContext context;
    LzProbes *probes;
    LzTime cost_ns;                     /* CPU of an answer */
    int64_t queue_max;                  /* requests that wait for the CPU; beyond, they are dropped and counted */
    int64_t waiting;
    struct LzWaitingRequest *first;
};

void lz_datagram_service_init(LzDatagramService *service, const LzDatagramServiceOps *ops,
                              const LzServiceContext *context, const LzEnv *env, LzTime cost_ns, int64_t queue_max);
/* As in LzServiceOps: state begins with an LzDatagramService. */
void lz_datagram_service_start(void *state);
void lz_datagram_service_stop(void *state);
void lz_datagram_service_clear(void *state);

#endif
