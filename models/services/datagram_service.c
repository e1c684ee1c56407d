/* Requests in datagrams, from their arrival to their answer. */
#include "lazaret/datagram_service.h"

#include <glib.h>

#define REPLY_BYTES_MAX 1472u           /* one packet of 1,500 bytes: LzDatagram */

typedef struct LzWaitingRequest Waiting;
struct LzWaitingRequest {
    LzDatagramService *service;
    Waiting *next, *previous;
    LzEvent served;
    LzDatagramRequest request;
    max_align_t message[];
};

static void forget(Waiting *waiting)
{
    LzDatagramService *service = waiting->service;
    *(waiting->previous ? &waiting->previous->next : &service->first) = waiting->next;
    if (waiting->next) {
        waiting->next->previous = waiting->previous;
    }
    service->waiting--;
    g_free(waiting);
}

static void reply(LzDatagramService *service, const LzDatagramRequest *request, LzBytes bytes)
{
    lz_host_answer(service->context.host, service->context.listen.port, &request->peer, bytes);
}

static void served(void *owner)
{
    Waiting *waiting = owner;
    LzDatagramService *service = waiting->service;
    uint8_t bytes[REPLY_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, service->ops->reply_bytes_max);
    if (service->ops->answer(service, &waiting->request, &writer)) {
        reply(service, &waiting->request, (LzBytes){bytes, writer.size});
    }
    forget(waiting);
}

static LzDatagramVerdict judge(LzDatagramService *service, const LzDatagramRequest *request)
{
    bool is_full = service->waiting >= service->queue_max;
    if (!service->ops->judge) {
        return is_full ? LZ_DATAGRAM_REFUSED : LZ_DATAGRAM_TAKEN;
    }
    uint8_t bytes[REPLY_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, service->ops->reply_bytes_max);
    LzDatagramVerdict verdict = service->ops->judge(service, request, is_full, &writer);
    if (verdict == LZ_DATAGRAM_ANSWERED || verdict == LZ_DATAGRAM_REFUSED) {
        reply(service, request, (LzBytes){bytes, writer.size});
    }
    return verdict;
}

static void received(void *self, const LzPeer *peer, LzBytes payload)
{
    LzDatagramService *service = self;
    LzHost *host = service->context.host;
    g_autofree Waiting *waiting = g_malloc0(sizeof(Waiting) + service->ops->message_size);
    if (!service->ops->decode(payload, waiting->message)) {
        return;
    }
    waiting->service = service;
    waiting->request = (LzDatagramRequest){*peer, lz_host_wall_ns(host), waiting->message};
    LzDatagramVerdict verdict = judge(service, &waiting->request);
    if (verdict == LZ_DATAGRAM_REFUSED) {
        lz_probe_count(service->probes, service->context.scope, LZ_METRIC_SERVICE_REFUSED, 1);
    }
    if (verdict != LZ_DATAGRAM_TAKEN) {
        return;
    }
    lz_probe_count(service->probes, service->context.scope, LZ_METRIC_SERVICE_MESSAGES, 1);
    waiting->next = service->first;
    if (service->first) {
        service->first->previous = waiting;
    }
    service->first = waiting;
    service->waiting++;
    lz_event_init(&waiting->served, served, waiting);
    lz_host_compute(host, service->cost_ns, &waiting->served);
    g_steal_pointer(&waiting);
}

void lz_datagram_service_init(LzDatagramService *service, const LzDatagramServiceOps *ops,
                              const LzServiceContext *context, const LzEnv *env, LzTime cost_ns, int64_t queue_max)
{
    g_assert(ops->reply_bytes_max <= REPLY_BYTES_MAX);
    *service = (LzDatagramService){.ops = ops, .context = *context, .probes = env->probes, .cost_ns = cost_ns,
                                   .queue_max = queue_max};
}

void lz_datagram_service_start(void *state)
{
    LzDatagramService *service = state;
    bool is_bound = lz_host_serve(service->context.host, &service->context.listen, received, service);
    g_assert(is_bound);
}

void lz_datagram_service_stop(void *state)
{
    LzDatagramService *service = state;
    while (service->first) {
        lz_host_compute_cancel(service->context.host, &service->first->served);
        forget(service->first);
    }
}

void lz_datagram_service_clear(void *state)
{
    (void)state;                        /* stop() has freed what waited */
}
