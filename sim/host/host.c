/* A host: power, packets in, CPU work of applications. */
#include "sim/host/internal.h"

#include "lazaret/cache.h"
#include "sim/core/blocks.h"
#include "sim/net/packet.h"

#define HOT_BYTES 128u                  /* of LzHost, that a packet touches */

/* One lz_host_compute() in progress. */
struct Compute {
    LzCpuJob job;
    LzHost *host;
    LzTime cost_ns;
    LzEvent *done;                      /* borrowed; NULL when nobody waits */
    Compute *next, *previous;
};

static void refuse(LzHost *host, LzPacket *packet)
{
    lz_packet_lost(packet, host->env.probes);
    lz_packet_free(host->env.packets, packet);
}

static void receive(LzElement *element, LzPacket *packet)
{
    LzHost *host = (LzHost *)element;
    if (G_UNLIKELY(packet->is_survey)) {
        lz_packet_free(host->env.packets, packet);
    } else if (!host->is_on || packet->destination != host->options.address) {
        refuse(host, packet);
    } else if (packet->protocol == LZ_IP_TCP) {
        lz_tcp_receive(host->tcp, packet);
    } else if (packet->protocol == LZ_NOT_IP_EAPOL) {
        if (host->onboarding) {
            lz_onboarding_receive(host->onboarding, (LzBytes){lz_packet_payload(packet), packet->payload_size});
        }
        lz_packet_free(host->env.packets, packet);
    } else if (!lz_udp_receive(&host->udp, packet)) {
        refuse(host, packet);
    }
}

/* One block holds the room, the host and its TCP stack, so that one fetch brings them. */
static size_t aligned(size_t bytes)
{
    return (bytes + LZ_TCP_PLACE_ALIGNMENT - 1) / LZ_TCP_PLACE_ALIGNMENT * LZ_TCP_PLACE_ALIGNMENT;
}

static uint8_t *tcp_place(const LzHost *host)
{
    return (uint8_t *)(uintptr_t)host + aligned(sizeof(LzHost));
}

void *lz_host_room(LzHost *host)
{
    return (uint8_t *)host - aligned(host->options.room_bytes);
}

size_t lz_host_fetch_bytes(const LzHost *host, const void *place)
{
    return (size_t)(tcp_place(host) + lz_tcp_place_bytes() - (const uint8_t *)place);
}

static void device_expect(LzElement *element, const LzPacket *packet)
{
    (void)packet;
    lz_cache_fetch(element, HOT_BYTES);
    lz_cache_fetch(tcp_place((const LzHost *)element), lz_tcp_place_bytes());
}

/* Of many connections a packet concerns one. */
static void server_expect(LzElement *element, const LzPacket *packet)
{
    lz_tcp_expect(((const LzHost *)element)->tcp, packet);
}

static const LzElementOps device_ops = {.receive = receive, .expect = device_expect};
static const LzElementOps server_ops = {.receive = receive, .expect = server_expect};

static size_t block_bytes(const LzHostOptions *options)
{
    return aligned(options->room_bytes) + aligned(sizeof(LzHost)) + lz_tcp_place_bytes();
}

LzHost *lz_host_new(const LzEnv *env, const LzHostOptions *options, LzElement *output)
{
    size_t room_bytes = aligned(options->room_bytes);
    uint8_t *block = lz_block_new0(block_bytes(options));
    LzHost *host = (LzHost *)(void *)(block + room_bytes);
    host->input.ops = options->service_scope ? &server_ops : &device_ops;
    host->env = *env;
    host->options = *options;
    host->name = g_strdup(options->name);
    host->options.name = host->name;
    lz_udp_init(&host->udp, env, options->address, output);
    host->tcp = lz_tcp_new(env, options->address, output, options->tcp, tcp_place(host));
    host->cpu = lz_cpu_queue_new(env, options->cores, options->service_scope);
    host->listeners = g_ptr_array_new_with_free_func(g_free);
    host->needs = options->needs ? lz_needs_new(host, options->needs) : NULL;
    host->onboarding = options->onboarding ? lz_onboarding_new(host) : NULL;
    host->is_on = true;
    return host;
}

/* ---- tickets ---- */

typedef struct LzHeldTicket {
    LzTlsTicket *ticket;
    const LzTlsProfile *profile;        /* a ticket is of a server, and each of a device's connections has a profile of its own */
    struct LzHeldTicket *next;
} HeldTicket;

LzTlsTicket *lz_host_ticket(LzHost *host, const LzTlsProfile *profile)
{
    if (!host->options.keeps_tickets || !profile) {
        return NULL;
    }
    HeldTicket *held = host->tickets;
    while (held && held->profile != profile) {
        held = held->next;
    }
    if (!held) {
        held = g_new(HeldTicket, 1);
        *held = (HeldTicket){lz_tls_ticket_new(), profile, host->tickets};
        host->tickets = held;
    }
    return held->ticket;
}

static void free_tickets(LzHost *host)
{
    while (host->tickets) {
        HeldTicket *held = host->tickets;
        host->tickets = held->next;
        lz_tls_ticket_free(held->ticket);
        g_free(held);
    }
}

static void drop_computing(LzHost *host)
{
    while (host->computing) {
        Compute *compute = host->computing;
        host->computing = compute->next;
        lz_cpu_cancel(&compute->job);
        g_free(compute);
    }
}

void lz_host_free(LzHost *host)
{
    if (!host) {
        return;
    }
    lz_host_free_sessions(host);
    lz_host_free_datagram_servers(host);
    lz_needs_free(host->needs);
    lz_host_free_associations(host);
    lz_onboarding_free(host->onboarding);
    drop_computing(host);
    lz_tcp_free(host->tcp);
    lz_udp_clear(&host->udp);
    lz_cpu_queue_free(host->cpu);
    free_tickets(host);
    g_ptr_array_unref(host->listeners);
    g_free(host->stats.refused_by_alert);
    g_free(host->name);
    lz_block_free(lz_host_room(host), block_bytes(&host->options));
}

LzElement *lz_host_input(LzHost *host)
{
    return &host->input;
}

void lz_host_watch(LzHost *host, LzStreamCheck *check)
{
    host->streams = check;
}

void lz_host_set_power(LzHost *host, bool is_on)
{
    if (host->is_on == is_on) {
        return;
    }
    host->is_on = is_on;
    if (!is_on) {
        drop_computing(host);
        lz_host_drop_sessions(host);
        lz_host_free_datagram_servers(host);
        lz_tcp_reset(host->tcp);
        lz_udp_reset(&host->udp);
        for (HeldTicket *held = host->tickets; held; held = held->next) {
            lz_tls_ticket_clear(held->ticket);
        }
    }
    if (host->onboarding) {
        lz_onboarding_power(host->onboarding, is_on);
    }
    if (host->needs && !(is_on && host->onboarding)) {          /* else when it is admitted */
        lz_needs_power(host->needs, is_on);
    }
    if (!is_on) {
        lz_host_free_associations(host);        /* whom those needs told their peers */
    }
}

bool lz_host_is_on(const LzHost *host)
{
    return host->is_on;
}

void lz_host_set_clock_skew(LzHost *host, LzTime skew_ns)
{
    host->options.clock_skew_ns = skew_ns;
    if (host->onboarding) {
        lz_onboarding_clock_set(host->onboarding);
    }
}

LzTime lz_host_clock_skew(const LzHost *host)
{
    return host->options.clock_skew_ns;
}

void lz_host_set_key_log(LzHost *host, void (*line)(void *self, const char *text), void *self)
{
    host->options.key_log = line;
    host->options.key_log_self = self;
}

/* ---- datagrams ---- */

bool lz_host_bind_udp(LzHost *host, uint16_t port,
                      void (*received)(void *self, LzAddress source, uint16_t source_port, LzBytes payload), void *self)
{
    return lz_udp_bind(&host->udp, port, received, self);
}

bool lz_host_send_udp(LzHost *host, const LzDatagram *datagram, LzMessageId message)
{
    g_assert(host->is_on);
    if (datagram->payload.size > LZ_UDP_PAYLOAD_MAX) {
        return false;
    }
    lz_probe_sent(host->env.probes, message);
    return lz_udp_send(&host->udp, datagram->source_port, datagram->address, datagram->port, datagram->dscp,
                       datagram->payload);
}

void lz_host_survey(LzHost *host, LzPacket *packet)
{
    lz_element_receive(host->udp.output, packet);
}

void lz_host_seek(LzHost *host, const LzConnect *connect, void (*told)(void *self, LzAddress address), void *self)
{
    g_assert(host->is_on);
    if (host->needs) {
        lz_needs_seek(host->needs, connect, told, self);
    } else {
        told(self, connect->address);
    }
}

/* ---- CPU work ---- */

static LzCpuCost compute_begin(void *owner)
{
    return (LzCpuCost){((Compute *)owner)->cost_ns, true};
}

static void compute_unlink(Compute *compute)
{
    *(compute->previous ? &compute->previous->next : &compute->host->computing) = compute->next;
    if (compute->next) {
        compute->next->previous = compute->previous;
    }
}

static void compute_finish(void *owner)
{
    Compute *compute = owner;
    LzEvent *done = compute->done;
    compute_unlink(compute);
    g_free(compute);
    if (done) {
        done->handle(done->owner);
    }
}

void lz_host_compute(LzHost *host, LzTime cost_ns, LzEvent *done)
{
    Compute *compute = g_new0(Compute, 1);
    compute->host = host;
    compute->cost_ns = cost_ns;
    compute->done = done;
    compute->next = host->computing;
    if (compute->next) {
        compute->next->previous = compute;
    }
    host->computing = compute;
    lz_cpu_job_init(&compute->job, compute_begin, NULL, compute_finish, compute);
    lz_cpu_submit(host->cpu, &compute->job);
}

void lz_host_compute_cancel(LzHost *host, LzEvent *done)
{
    for (Compute *compute = host->computing; compute; compute = compute->next) {
        if (compute->done == done) {
            lz_cpu_cancel(&compute->job);
            compute_unlink(compute);
            g_free(compute);
            return;
        }
    }
}

LzTime lz_host_crypto_ns(const LzHost *host, const LzCryptoWork *work)
{
    return lz_crypto_cost_ns(work, host->options.cpu, host->options.crypto_cost_ppb);
}

LzBuffer *lz_host_client_hello(LzHost *host, const LzTlsProfile *tls, const char *server_name, LzEvent *ready)
{
    LzCryptoWork work = {0};
    LzBuffer *hello = lz_tls_client_hello(tls, host->env.seed, host->env.entity, host->connections++, server_name,
                                          lz_host_wall_ns(host), &work);
    LzTime cost_ns = lz_host_crypto_ns(host, &work);
    host->stats.crypto_ns += cost_ns;
    lz_host_compute(host, cost_ns, ready);
    return hello;
}

/* ---- queries ---- */

LzTime lz_host_wall_ns(const LzHost *host)
{
    return host->options.start_unix_s * LZ_NS_PER_S + lz_now(host->env.scheduler) + host->options.clock_skew_ns;
}

const char *lz_host_name(const LzHost *host)
{
    return host->name;
}

const LzEnv *lz_host_env(const LzHost *host)
{
    return &host->env;
}

LzAddress lz_host_address(const LzHost *host)
{
    return host->options.address;
}

unsigned lz_host_cores(const LzHost *host)
{
    return host->options.cores;
}

const LzHostStats *lz_host_stats(const LzHost *host)
{
    return &host->stats;
}

LzTime lz_host_cpu_busy_ns(const LzHost *host)
{
    return lz_cpu_busy_ns(host->cpu);
}

void lz_host_expect_visit(const LzHost *host, unsigned stage)
{
    if (stage == 0) {
        lz_cache_fetch(&host->cpu, 1);       /* the line of the pointer alone */
        lz_cache_fetch(lz_tcp_stats((const LzTcp *)(const void *)tcp_place(host)), sizeof(LzTcpStats));
    } else {
        lz_cache_fetch(host->cpu, LZ_CACHE_LINE_BYTES);
    }
}

uint32_t lz_host_take_utilisation_ppb(LzHost *host)
{
    LzTime now_ns = lz_now(host->env.scheduler), busy_ns = lz_cpu_busy_ns(host->cpu);
    LzTime elapsed_ns = (now_ns - host->utilisation_from_ns) * host->options.cores;
    LzTime worked_ns = busy_ns - host->utilisation_busy_ns;
    host->utilisation_from_ns = now_ns;
    host->utilisation_busy_ns = busy_ns;
    return elapsed_ns > 0 ? (uint32_t)((__int128)worked_ns * 1000000000 / elapsed_ns) : 0;
}

const LzTcpStats *lz_host_tcp_stats(const LzHost *host)
{
    return lz_tcp_stats(host->tcp);
}
