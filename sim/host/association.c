/* A client of datagrams: finds its peer, opens DTLS if it is to, opens it again when it has ended. */
#include "sim/host/dtls.h"

#define REBOUND_PORT 57344u             /* RFC 6335 6: of the dynamic ports, above those that clients here begin with */

struct LzAssociation {
    LzHost *host;
    LzAssociate options;
    const LzAssociationEvents *events;
    void *self;
    LzAddress peer;                     /* 0: not known, or no address of its own */
    LzDtls *dtls;                       /* NULL: in the clear, or waiting to try again */
    LzRandom random;
    LzEvent retry, timeout;
    unsigned failures;                  /* in a row */
    uint16_t source_port;
    LzTime sent_ns;                     /* when something went out last */
    bool is_ready;
    LzAssociation *next;                /* of the host */
};

static void set_ready(LzAssociation *association, bool is_ready)
{
    if (association->is_ready != is_ready) {
        association->is_ready = is_ready;
        association->events->ready(association->self, is_ready);
    }
}

/* ---- the wire ---- */

static void received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    LzAssociation *association = self;
    if (source != association->peer || source_port != association->options.connect.port) {
        return;
    }
    if (association->dtls) {
        lz_dtls_feed(association->dtls, (LzPlace){source, source_port}, payload);
    } else if (association->is_ready) {
        association->events->received(association->self, payload);
    }
}

/* The translator knows it no longer: from here on it is somebody else. */
static void rebind(LzAssociation *association)
{
    LzUdp *udp = &association->host->udp;
    lz_udp_unbind(udp, association->source_port);
    uint16_t port = MAX((uint16_t)(association->source_port + 1), (uint16_t)REBOUND_PORT);
    while (!lz_udp_bind(udp, port, received, association)) {
        port = MAX((uint16_t)(port + 1), (uint16_t)REBOUND_PORT);
    }
    association->source_port = port;
}

static bool send(LzAssociation *association, LzBytes datagram, uint8_t dscp, LzMessageId message)
{
    LzTime now_ns = lz_now(association->host->env.scheduler), rebind_ns = association->options.rebind_ns;
    if (rebind_ns > 0 && now_ns - association->sent_ns >= rebind_ns) {
        rebind(association);
    }
    association->sent_ns = now_ns;
    const LzDatagram sent = {.address = association->peer, .port = association->options.connect.port,
                             .source_port = association->source_port, .dscp = dscp, .payload = datagram};
    return lz_host_send_udp(association->host, &sent, message);
}

/* ---- DTLS ---- */

static void drop_dtls(LzAssociation *association)
{
    lz_event_cancel(association->host->env.scheduler, &association->timeout);
    g_clear_pointer(&association->dtls, lz_dtls_free);
}

static LzTime draw_pause(LzAssociation *association)
{
    const LzAssociate *options = &association->options;
    LzTime pause_ns = options->retry_ns;
    for (unsigned i = 1; i < association->failures && pause_ns < options->retry_max_ns; i++) {
        pause_ns *= 2;
    }
    pause_ns = MIN(pause_ns, options->retry_max_ns);
    return pause_ns / 2 + (LzTime)lz_random_below(&association->random, (uint64_t)pause_ns / 2 + 1);
}

static void fail(LzAssociation *association)
{
    drop_dtls(association);
    association->failures++;
    set_ready(association, false);
    lz_timer_after(association->host->env.scheduler, &association->retry, draw_pause(association));
}

static void dtls_send(void *self, LzBytes datagram, uint8_t dscp, LzMessageId message)
{
    bool is_sent = send(self, datagram, dscp, message);
    g_assert(is_sent);                  /* the profile's MTU is no longer than a packet */
}

static void dtls_opened(void *self)
{
    LzAssociation *association = self;
    association->failures = 0;
    lz_event_cancel(association->host->env.scheduler, &association->timeout);
    set_ready(association, true);
}

static void dtls_heard(void *self, LzPlace place)
{
    (void)self, (void)place;            /* a service stays where it is */
}

static void dtls_received(void *self, LzBytes message)
{
    LzAssociation *association = self;
    association->events->received(association->self, message);
}

static void dtls_ended(void *self, LzCloseReason reason)
{
    (void)reason;
    fail(self);
}

static const LzDtlsEvents dtls_events = {.send = dtls_send, .opened = dtls_opened, .heard = dtls_heard,
                                         .received = dtls_received, .ended = dtls_ended};

static void attempt(void *owner)
{
    LzAssociation *association = owner;
    const LzConnect *connect = &association->options.connect;
    LzHost *host = association->host;
    const LzTlsClient client = {.server_name = connect->server_name, .credential = connect->credential,
                                .ticket = lz_host_ticket(host, connect->tls)};
    association->dtls = lz_dtls_new(host, connect->tls, &client, connect->dscp, (LzPlace){association->peer, connect->port},
                                    &dtls_events, association);
    if (connect->handshake_timeout_ns > 0) {
        lz_timer_after(host->env.scheduler, &association->timeout, connect->handshake_timeout_ns);
    }
}

static void timed_out(void *owner)
{
    LzAssociation *association = owner;
    lz_dtls_give_up(association->dtls);
    fail(association);
}

/* ---- life ---- */

static void told(void *self, LzAddress address)
{
    LzAssociation *association = self;
    association->peer = address;
    lz_event_cancel(association->host->env.scheduler, &association->retry);
    drop_dtls(association);
    if (address == 0) {
        set_ready(association, false);
    } else if (association->options.connect.tls) {
        attempt(association);
    } else {
        set_ready(association, true);
    }
}

LzAssociation *lz_host_associate(LzHost *host, const LzAssociate *associate, const LzAssociationEvents *events, void *self)
{
    LzAssociation *association = g_new0(LzAssociation, 1);
    association->host = host;
    association->options = *associate;
    association->events = events;
    association->self = self;
    association->source_port = associate->source_port;
    association->sent_ns = lz_now(host->env.scheduler);
    LzEnv env = host->env;
    env.entity += associate->source_port;               /* a host may have several */
    lz_env_random(&env, LZ_PURPOSE_START, &association->random);
    lz_event_init(&association->retry, attempt, association);
    lz_event_init(&association->timeout, timed_out, association);
    association->next = host->associations;
    host->associations = association;
    bool is_bound = lz_udp_bind(&host->udp, association->source_port, received, association);
    g_assert(is_bound);
    return association;
}

void lz_association_begin(LzAssociation *association)
{
    lz_host_seek(association->host, &association->options.connect, told, association);
}

size_t lz_association_room_bytes(const LzAssociation *association)
{
    return association->dtls ? lz_dtls_room_bytes(association->dtls) : LZ_UDP_PAYLOAD_MAX;
}

bool lz_association_send(LzAssociation *association, LzBytes message, uint8_t dscp, LzMessageId id)
{
    g_assert(association->is_ready);
    return association->dtls ? lz_dtls_send(association->dtls, message, dscp, id) : send(association, message, dscp, id);
}

void lz_association_renew(LzAssociation *association)
{
    if (association->dtls && association->is_ready) {
        drop_dtls(association);
        attempt(association);
        set_ready(association, false);
    }
}

void lz_host_free_associations(LzHost *host)
{
    while (host->associations) {
        LzAssociation *association = host->associations;
        host->associations = association->next;
        lz_event_cancel(host->env.scheduler, &association->retry);
        drop_dtls(association);
        g_free(association);
    }
}
