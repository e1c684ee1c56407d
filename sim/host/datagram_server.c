/* A service of datagrams: in the clear, or with an association of DTLS for each client that asks. It remembers nothing of who asks
 * until a cookie has come back, when it is to ask for cookies, and knows its clients by their connection ids as long as they have
 * one, by address and port else. */
#include <string.h>

#include "sim/host/dtls.h"

enum { RANDOM_BYTES = 32 };             /* of a hello */

typedef struct Guest {                  /* begins with one of its keys */
    LzPlace place;                      /* where its answers go */
    LzDatagramServer *server;
    LzDtls *dtls;
    uint32_t number;
    bool is_open;
    uint8_t attempt[RANDOM_BYTES];      /* of its hello: one that comes again is no other attempt */
    struct Guest *older, *newer;        /* who is open at the same place until the handshake of the other is over; NULL: nobody */
    LzEvent timeout;
    struct Guest *next, *previous;      /* of the server */
} Guest;

typedef struct Hello {                  /* waits for the CPU */
    struct Hello *next;
    LzPlace place;
    LzBuffer *bytes;
} Hello;

struct LzDatagramServer {
    LzHost *host;
    LzListen listen;
    void (*received)(void *self, const LzPeer *peer, LzBytes message);
    void *self;
    GHashTable *by_place, *by_id, *by_number;           /* Guest; looked up, never walked */
    Guest *guests;                      /* list */
    unsigned half_open;
    uint32_t last_number;
    Hello *hello_first, *hello_last, *judging;
    unsigned hello_count;
    LzBuffer *answer;                   /* to the hello that is being judged; NULL: its cookie is good */
    LzTime cost_ns;
    LzCpuJob job;
    LzDatagramServer *next;             /* of the host */
};

static guint place_hash(gconstpointer key)
{
    const LzPlace *place = key;
    return (guint)(((uint64_t)place->address << 16 | place->port) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    const LzPlace *x = a, *y = b;
    return x->address == y->address && x->port == y->port;
}

static guint id_hash(gconstpointer key)
{
    uint32_t hash;
    memcpy(&hash, key, sizeof hash);    /* drawn at random */
    return hash;
}

static gboolean id_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, LZ_DTLS_CID_BYTES) == 0;
}

static void send_to(const LzDatagramServer *server, LzPlace place, LzBytes datagram, uint8_t dscp, LzMessageId message)
{
    const LzDatagram sent = {.address = place.address, .port = place.port, .source_port = server->listen.port, .dscp = dscp,
                             .payload = datagram};
    lz_host_send_udp(server->host, &sent, message);
}

static void count(const LzDatagramServer *server, LzMetric metric)
{
    lz_probe_count(server->host->env.probes, server->host->options.service_scope, metric, 1);
}

/* ---- guests ---- */

static bool is_at_its_place(const Guest *guest)
{
    return g_hash_table_lookup(guest->server->by_place, &guest->place) == guest;
}

static const void *id_of(const Guest *guest)
{
    return lz_tls_endpoint_connection_id(lz_dtls_endpoint(guest->dtls)).data;
}

static void unlink_guest(Guest *guest)
{
    LzDatagramServer *server = guest->server;
    *(guest->previous ? &guest->previous->next : &server->guests) = guest->next;
    if (guest->next) {
        guest->next->previous = guest->previous;
    }
}

static void guest_free(Guest *guest)
{
    LzDatagramServer *server = guest->server;
    if (is_at_its_place(guest)) {
        g_hash_table_remove(server->by_place, &guest->place);
    }
    if (id_of(guest) && g_hash_table_lookup(server->by_id, id_of(guest)) == guest) {
        g_hash_table_remove(server->by_id, id_of(guest));
    }
    g_hash_table_remove(server->by_number, &guest->number);
    if (guest->older) {
        guest->older->newer = NULL;
    }
    if (guest->newer) {
        guest->newer->older = NULL;
    }
    server->half_open -= !guest->is_open;
    lz_event_cancel(server->host->env.scheduler, &guest->timeout);
    unlink_guest(guest);
    lz_dtls_free(guest->dtls);
    g_free(guest);
}

/* An attempt that came to nothing leaves the place to whom it was of. */
static void dismiss(Guest *guest)
{
    Guest *older = guest->older;
    GHashTable *by_place = guest->server->by_place;
    bool was_at_place = is_at_its_place(guest);
    guest_free(guest);
    if (older && was_at_place) {
        g_hash_table_replace(by_place, &older->place, older);
    }
}

static void dtls_send(void *self, LzBytes datagram, uint8_t dscp, LzMessageId message)
{
    const Guest *guest = self;
    send_to(guest->server, guest->place, datagram, dscp, message);
}

/* Whether the network takes the peer out of its segment, and this association with it. */
static bool is_isolated(const Guest *guest)
{
    LzHost *host = guest->server->host;
    const LzPeerPolicy *policy = &host->options.policy;
    const LzTlsEndpoint *tls = lz_dtls_endpoint(guest->dtls);
    bool is_isolated = policy->isolates && policy->isolates(policy->owner, guest->place.address, lz_tls_endpoint_version(tls),
                                                            lz_tls_endpoint_suite(tls));
    host->stats.isolated += is_isolated;
    return is_isolated;
}

static void dtls_opened(void *self)
{
    Guest *guest = self;
    guest->is_open = true;
    guest->server->half_open--;
    lz_event_cancel(guest->server->host->env.scheduler, &guest->timeout);
    if (guest->older) {
        guest_free(guest->older);
    }
    if (is_isolated(guest)) {
        guest_free(guest);
    }
}

/* RFC 9146 6: an authentic record, newer than all others, says where its sender is now. */
static void dtls_heard(void *self, LzPlace place)
{
    Guest *guest = self;
    LzDatagramServer *server = guest->server;
    if (!guest->is_open || place_equal(&place, &guest->place)) {
        return;
    }
    if (is_at_its_place(guest)) {
        g_hash_table_remove(server->by_place, &guest->place);
    }
    guest->place = place;
    g_hash_table_replace(server->by_place, &guest->place, guest);
    count(server, LZ_METRIC_SERVICE_MOVED);
}

static void dtls_received(void *self, LzBytes message)
{
    Guest *guest = self;
    const LzPeer peer = {guest->place.address, guest->place.port, guest->number};
    guest->server->received(guest->server->self, &peer, message);
}

static void dtls_ended(void *self, LzCloseReason reason)
{
    (void)reason;
    dismiss(self);
}

static const LzDtlsEvents dtls_events = {.send = dtls_send, .opened = dtls_opened, .heard = dtls_heard,
                                         .received = dtls_received, .ended = dtls_ended};

static void guest_timed_out(void *owner)
{
    Guest *guest = owner;
    lz_dtls_give_up(guest->dtls);
    dismiss(guest);
}

/* False: the peer's segment does not let it speak as this service does. */
static bool choose_profile(LzHost *host, LzAddress peer, const LzTlsProfile **profile)
{
    const LzPeerPolicy *policy = &host->options.policy;
    if (!policy->choose || policy->choose(policy->owner, peer, *profile, profile)) {
        return true;
    }
    host->stats.refused_by_policy++;
    return false;
}

static Guest *guest_new(LzDatagramServer *server, LzPlace place, const LzTlsProfile *profile)
{
    Guest *guest = g_new0(Guest, 1);
    guest->server = server;
    guest->place = place;
    guest->number = ++server->last_number;
    guest->next = server->guests;
    if (guest->next) {
        guest->next->previous = guest;
    }
    server->guests = guest;
    server->half_open++;
    guest->dtls = lz_dtls_new(server->host, profile, NULL, 0, place, &dtls_events, guest);
    if (server->listen.status) {
        lz_dtls_judge(guest->dtls, server->listen.status);
    }
    lz_event_init(&guest->timeout, guest_timed_out, guest);
    g_hash_table_insert(server->by_number, &guest->number, guest);
    if (id_of(guest)) {
        g_hash_table_insert(server->by_id, (void *)(uintptr_t)id_of(guest), guest);
    }
    return guest;
}

/* A hello that may begin a handshake. Whoever has an association at the same place keeps it until that is over (RFC 6347 4.2.8),
 * and an attempt that is not over is given up for it. */
static void admit(LzDatagramServer *server, LzPlace place, LzBytes hello)
{
    const LzTlsProfile *profile = server->listen.tls;
    if (server->half_open >= server->listen.backlog || !choose_profile(server->host, place.address, &profile) || !profile) {
        count(server, LZ_METRIC_SERVICE_REFUSED);
        return;
    }
    Guest *older = g_hash_table_lookup(server->by_place, &place);
    if (older && !older->is_open) {
        Guest *given_up = older;
        older = given_up->older;
        guest_free(given_up);
    }
    Guest *guest = guest_new(server, place, profile);
    memcpy(guest->attempt, lz_dtls_hello_random(hello).data, RANDOM_BYTES);
    guest->older = older;
    if (older) {
        older->newer = guest;
    }
    g_hash_table_replace(server->by_place, &guest->place, guest);
    if (server->listen.handshake_timeout_ns > 0) {
        lz_timer_after(server->host->env.scheduler, &guest->timeout, server->listen.handshake_timeout_ns);
    }
    lz_dtls_feed(guest->dtls, place, hello);
}

/* ---- hellos ---- */

static void hello_free(Hello *hello)
{
    lz_buffer_unref(hello->bytes);
    g_free(hello);
}

static Hello *take_hello(LzDatagramServer *server)
{
    Hello *hello = server->hello_first;
    server->hello_first = hello->next;
    server->hello_last = hello->next ? server->hello_last : NULL;
    server->hello_count--;
    return hello;
}

static LzCpuCost job_begin(void *owner)
{
    LzDatagramServer *server = owner;
    Hello *hello = server->judging = take_hello(server);
    const LzDtlsHello judged = {hello->place.address, hello->place.port, {hello->bytes->data, hello->bytes->size}};
    LzCryptoWork work;
    server->answer = lz_dtls_answer_hello(server->listen.tls, &judged, lz_host_wall_ns(server->host), &work);
    server->cost_ns = lz_host_crypto_ns(server->host, &work);
    return (LzCpuCost){server->cost_ns, true};
}

static void job_finish(void *owner)
{
    LzDatagramServer *server = owner;
    Hello *hello = g_steal_pointer(&server->judging);
    LzBuffer *answer = g_steal_pointer(&server->answer);
    server->host->stats.crypto_ns += server->cost_ns;
    if (answer) {
        count(server, LZ_METRIC_SERVICE_COOKIES);
        send_to(server, hello->place, (LzBytes){answer->data, answer->size}, 0, 0);
        lz_buffer_unref(answer);
    } else {
        admit(server, hello->place, (LzBytes){hello->bytes->data, hello->bytes->size});
    }
    hello_free(hello);
    if (server->hello_first) {
        lz_cpu_submit(server->host->cpu, &server->job);
    }
}

static void take_hello_in(LzDatagramServer *server, LzPlace place, LzBytes datagram)
{
    if (server->hello_count >= server->listen.backlog) {
        count(server, LZ_METRIC_SERVICE_REFUSED);
        return;
    }
    Hello *hello = g_new(Hello, 1);
    *hello = (Hello){NULL, place, lz_buffer_new_copy(datagram.data, datagram.size)};
    *(server->hello_last ? &server->hello_last->next : &server->hello_first) = hello;
    server->hello_last = hello;
    server->hello_count++;
    if (server->job.state == LZ_CPU_JOB_IDLE) {
        lz_cpu_submit(server->host->cpu, &server->job);
    }
}

/* ---- what arrives ---- */

static bool is_same_attempt(const Guest *guest, LzBytes hello)
{
    return memcmp(lz_dtls_hello_random(hello).data, guest->attempt, RANDOM_BYTES) == 0;
}

/* By the connection id, from wherever it comes; else by the place. */
static Guest *find_guest(const LzDatagramServer *server, LzPlace place, LzBytes datagram)
{
    LzBytes id = lz_dtls_connection_id(datagram);
    Guest *guest = id.size > 0 ? g_hash_table_lookup(server->by_id, id.data) : NULL;
    return guest ? guest : g_hash_table_lookup(server->by_place, &place);
}

static void received(void *self, LzAddress address, uint16_t port, LzBytes datagram)
{
    LzDatagramServer *server = self;
    const LzPlace place = {address, port};
    if (!server->listen.tls) {
        const LzPeer peer = {.address = address, .port = port};
        server->received(server->self, &peer, datagram);
        return;
    }
    Guest *guest = find_guest(server, place, datagram);
    bool is_hello = lz_dtls_is_hello(datagram);
    if (is_hello && (!guest || !is_same_attempt(guest, datagram))) {
        take_hello_in(server, place, datagram);
    } else if (guest) {
        lz_dtls_feed(guest->dtls, place, datagram);
    }
}

/* ---- life ---- */

bool lz_host_serve(LzHost *host, const LzListen *listen, void (*received_message)(void *self, const LzPeer *peer, LzBytes message),
                   void *self)
{
    LzDatagramServer *server = g_new0(LzDatagramServer, 1);
    if (!lz_host_bind_udp(host, listen->port, received, server)) {
        g_free(server);
        return false;
    }
    server->host = host;
    server->listen = *listen;
    server->received = received_message;
    server->self = self;
    server->by_place = g_hash_table_new(place_hash, place_equal);
    server->by_id = g_hash_table_new(id_hash, id_equal);
    server->by_number = g_hash_table_new(g_int_hash, g_int_equal);
    lz_cpu_job_init(&server->job, job_begin, NULL, job_finish, server);
    server->next = host->datagram_servers;
    host->datagram_servers = server;
    return true;
}

bool lz_host_answer(LzHost *host, uint16_t port, const LzPeer *peer, LzBytes message)
{
    LzDatagramServer *server = host->datagram_servers;
    while (server->listen.port != port) {
        server = server->next;
    }
    if (peer->association == 0) {
        const LzDatagram datagram = {.address = peer->address, .port = peer->port, .source_port = port, .payload = message};
        return lz_host_send_udp(host, &datagram, 0);
    }
    const Guest *guest = g_hash_table_lookup(server->by_number, &peer->association);
    return guest && lz_dtls_is_open(guest->dtls) && lz_dtls_send(guest->dtls, message, 0, 0);
}

void lz_host_free_datagram_servers(LzHost *host)
{
    while (host->datagram_servers) {
        LzDatagramServer *server = host->datagram_servers;
        host->datagram_servers = server->next;
        lz_cpu_cancel(&server->job);
        g_clear_pointer(&server->judging, hello_free);
        g_clear_pointer(&server->answer, lz_buffer_unref);
        while (server->hello_first) {
            hello_free(take_hello(server));
        }
        while (server->guests) {
            guest_free(server->guests);
        }
        g_hash_table_unref(server->by_place);
        g_hash_table_unref(server->by_id);
        g_hash_table_unref(server->by_number);
        g_free(server);
    }
}
