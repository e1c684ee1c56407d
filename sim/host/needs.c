/* DHCP, NTP and DNS of a host, as a client does them. */
#include "sim/host/needs.h"

#include <string.h>

#include "lazaret/protocol/dhcp.h"
#include "lazaret/protocol/dns.h"
#include "lazaret/protocol/ntp.h"
#include "sim/host/internal.h"

#define DNS_SOURCE_PORT 49153u          /* RFC 6335 6: of the dynamic ports */
#define DNS_RETRY_NS LZ_SECONDS(5)      /* resolv.conf(5): timeout 5 s … */
#define DNS_TRIES 2u                    /* … attempts 2 */
#define DHCP_RETRY_NS LZ_SECONDS(4)     /* RFC 2131 4.1: 4 s, doubling to 64 s, each with a random second more or less */
#define DHCP_RETRY_NS_MAX LZ_SECONDS(64)
#define DHCP_RENEW_RETRY_NS_MIN LZ_SECONDS(60)          /* RFC 2131 4.4.5 */
#define NTP_RETRY_NS LZ_SECONDS(2)      /* RFC 5905 section 13: iburst, while there is no answer */
#define NTP_POLL_NS LZ_SECONDS(64)      /* RFC 5905 7.2: MINPOLL 6 */
#define NTP_POLL_LOG2 6

typedef enum { LEASE_NONE, LEASE_OFFERED, LEASE_HELD } Lease;

typedef struct Waiting {                /* a session that may not connect yet, or who asked whom to send datagrams to */
    struct Waiting *next;
    LzSession *session;                 /* NULL: datagrams */
    void (*told)(void *self, LzAddress address);
    void *self;
    LzAddress peer;                     /* as the plan has it */
    LzAddress address;
    uint16_t port;
    uint8_t dscp;
    char name[LZ_DNS_NAME_BYTES];
} Waiting;

struct LzNeedState {
    LzHost *host;
    const LzHostNeeds *needs;
    LzRandom random;
    Waiting *waiting;
    Waiting *told;                      /* who send datagrams and know whom to */

    Lease lease;
    uint32_t transaction;
    LzTime dhcp_retry_ns, lease_until_ns, renew_ns;
    LzEvent dhcp, expiry;

    bool is_set;                        /* the clock, by NTP */
    LzTime asked_ns;                    /* T1 of the exchange in progress, by the host's clock */
    LzEvent ntp;

    bool is_asking;                     /* DNS */
    uint16_t question;
    unsigned tries;
    char name[LZ_DNS_NAME_BYTES];       /* that the answer below, or the question, is of */
    LzAddress answer;
    LzTime answer_until_ns;
    LzEvent dns;
};

static LzTime now_of(const LzNeedState *state)
{
    return lz_now(state->host->env.scheduler);
}

static void send(LzNeedState *state, const LzHostNeed *need, uint16_t source_port, const uint8_t *bytes, size_t size)
{
    const LzDatagram datagram = {.address = need->address, .port = need->port, .source_port = source_port, .payload = {bytes, size}};
    lz_host_send_udp(state->host, &datagram, 0);
}

static void advance(LzNeedState *state);

/* ---- sessions that wait ---- */

static Waiting *take_waiting(LzNeedState *state, const LzSession *session)
{
    for (Waiting **place = &state->waiting; *place; place = &(*place)->next) {
        if ((*place)->session == session) {
            Waiting *waiting = *place;
            *place = waiting->next;
            return waiting;
        }
    }
    return NULL;
}

void lz_needs_forget(LzNeedState *state, const LzSession *session)
{
    g_free(take_waiting(state, session));
}

static void append(Waiting **place, Waiting *waiting)
{
    while (*place) {
        place = &(*place)->next;
    }
    waiting->next = NULL;
    *place = waiting;
}

/* ---- who sends datagrams ---- */

static void take_back(LzNeedState *state)
{
    while (state->told) {
        Waiting *seeker = state->told;
        state->told = seeker->next;
        seeker->address = seeker->peer;
        append(&state->waiting, seeker);
        seeker->told(seeker->self, 0);
    }
}

static void forget_seekers(LzNeedState *state)
{
    take_back(state);
    for (Waiting *seeker = take_waiting(state, NULL); seeker; seeker = take_waiting(state, NULL)) {
        g_free(seeker);
    }
}

/* ---- DHCP ---- */

static bool has_lease(const LzNeedState *state)
{
    return state->needs->dhcp.address == 0 || state->lease == LEASE_HELD;
}

static void send_dhcp(LzNeedState *state)
{
    LzHost *host = state->host;
    LzAddress own = lz_host_address(host);
    bool is_renewal = state->lease == LEASE_HELD;
    LzDhcpMessage message = {
        .type = state->lease == LEASE_NONE ? LZ_DHCP_DISCOVER : LZ_DHCP_REQUEST,
        .transaction = state->transaction,
        .client_address = is_renewal ? own : 0,
        .requested_address = state->lease == LEASE_OFFERED ? own : 0,
        .server_id = state->lease == LEASE_OFFERED ? state->needs->dhcp.address : 0,
        .hardware = {0x02, 0x4c, 0x5a, (uint8_t)(own >> 16), (uint8_t)(own >> 8), (uint8_t)own},     /* as captures show it */
    };
    uint8_t bytes[LZ_DHCP_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    bool is_written = lz_dhcp_encode(&writer, &message);
    g_assert(is_written);
    send(state, &state->needs->dhcp, LZ_DHCP_CLIENT_PORT, bytes, writer.size);
}

static LzTime dhcp_wait_ns(LzNeedState *state)
{
    if (state->lease == LEASE_HELD) {
        return MAX((state->lease_until_ns - now_of(state)) / 2, DHCP_RENEW_RETRY_NS_MIN);
    }
    LzTime wait_ns = state->dhcp_retry_ns - LZ_NS_PER_S + (LzTime)lz_random_below(&state->random, 2 * (uint64_t)LZ_NS_PER_S);
    state->dhcp_retry_ns = MIN(2 * state->dhcp_retry_ns, DHCP_RETRY_NS_MAX);
    return wait_ns;
}

static void dhcp_due(void *owner)
{
    LzNeedState *state = owner;
    if (state->lease == LEASE_OFFERED && state->dhcp_retry_ns == DHCP_RETRY_NS_MAX) {
        state->lease = LEASE_NONE;      /* the server is gone: begin anew */
    }
    send_dhcp(state);
    lz_timer_after(state->host->env.scheduler, &state->dhcp, dhcp_wait_ns(state));
}

static void dhcp_begin(LzNeedState *state)
{
    state->lease = LEASE_NONE;
    state->transaction = lz_random_u32(&state->random);
    state->dhcp_retry_ns = DHCP_RETRY_NS;
    dhcp_due(state);
}

static void lease_expired(void *owner)
{
    LzNeedState *state = owner;
    lz_host_lose_address(state->host);
    take_back(state);
    dhcp_begin(state);
}

static void take_lease(LzNeedState *state, const LzDhcpMessage *message)
{
    LzScheduler *scheduler = state->host->env.scheduler;
    state->lease = LEASE_HELD;
    state->lease_until_ns = now_of(state) + LZ_SECONDS(message->lease_s);
    lz_timer_at(scheduler, &state->dhcp, now_of(state) + LZ_SECONDS(message->lease_s) / 2);
    lz_timer_at(scheduler, &state->expiry, state->lease_until_ns);
    advance(state);
}

static void dhcp_received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    LzNeedState *state = self;
    LzDhcpMessage message;
    (void)source_port;
    if (source != state->needs->dhcp.address || !lz_dhcp_decode(payload, &message) || message.transaction != state->transaction) {
        return;
    }
    if (message.type == LZ_DHCP_OFFER && state->lease == LEASE_NONE) {
        state->lease = LEASE_OFFERED;
        state->dhcp_retry_ns = DHCP_RETRY_NS;
        dhcp_due(state);
    } else if (message.type == LZ_DHCP_ACK && state->lease != LEASE_NONE) {
        take_lease(state, &message);
    } else if (message.type == LZ_DHCP_NAK) {
        dhcp_begin(state);
    }
}

/* ---- NTP ---- */

static bool has_time(const LzNeedState *state)
{
    return state->needs->ntp.address == 0 || state->is_set;
}

static void ntp_due(void *owner)
{
    LzNeedState *state = owner;
    LzScheduler *scheduler = state->host->env.scheduler;
    if (!has_lease(state)) {
        return;                         /* comes again with the lease */
    }
    state->asked_ns = lz_host_wall_ns(state->host);
    const LzNtpMessage message = {.mode = LZ_NTP_CLIENT, .poll = NTP_POLL_LOG2, .transmit_ns = state->asked_ns};
    uint8_t bytes[LZ_NTP_BYTES];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    bool is_written = lz_ntp_encode(&writer, &message);
    g_assert(is_written);
    send(state, &state->needs->ntp, LZ_NTP_PORT, bytes, writer.size);
    lz_timer_after(scheduler, &state->ntp, state->is_set ? NTP_POLL_NS : NTP_RETRY_NS);
}

static void ntp_received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    LzNeedState *state = self;
    LzNtpMessage message;
    (void)source_port;
    bool is_answer = source == state->needs->ntp.address && lz_ntp_decode(payload, &message) && message.mode == LZ_NTP_SERVER &&
                     message.originate_ns == state->asked_ns;
    if (!is_answer) {
        return;                         /* RFC 5905 section 8: bogus, or answered already */
    }
    LzTime offset_ns = lz_ntp_offset_ns(&message, lz_host_wall_ns(state->host));
    state->asked_ns = 0;
    lz_host_set_clock_skew(state->host, lz_host_clock_skew(state->host) + offset_ns);
    if (!state->is_set) {
        state->is_set = true;
        lz_timer_after(state->host->env.scheduler, &state->ntp, NTP_POLL_NS);
        advance(state);
    }
}

/* ---- DNS ---- */

static void ask(LzNeedState *state)
{
    LzDnsMessage message = {.id = state->question};
    g_strlcpy(message.name, state->name, sizeof message.name);
    uint8_t bytes[LZ_DNS_BYTES_MAX];
    LzWriter writer = lz_writer(bytes, sizeof bytes);
    bool is_written = lz_dns_encode(&writer, &message);
    g_assert(is_written);
    send(state, &state->needs->dns, DNS_SOURCE_PORT, bytes, writer.size);
    lz_timer_after(state->host->env.scheduler, &state->dns, DNS_RETRY_NS);
}

static bool is_known(const LzNeedState *state, const char *name)
{
    return state->answer != 0 && now_of(state) < state->answer_until_ns && strcmp(state->name, name) == 0;
}

/* Nobody can reach that name now. Who sends datagrams goes on asking, unless the answer was that there is none. */
static void give_up_name(LzNeedState *state, bool is_answered)
{
    Waiting *failed = NULL;
    for (Waiting **place = &state->waiting; *place;) {
        if (((*place)->session || is_answered) && strcmp((*place)->name, state->name) == 0) {
            Waiting *waiting = *place;
            *place = waiting->next;
            waiting->next = failed;
            failed = waiting;
        } else {
            place = &(*place)->next;
        }
    }
    while (failed) {
        Waiting *waiting = failed;
        failed = waiting->next;
        if (waiting->session) {
            lz_session_give_up(waiting->session);
        }
        g_free(waiting);
    }
}

static void dns_due(void *owner)
{
    LzNeedState *state = owner;
    if (++state->tries < DNS_TRIES) {
        ask(state);
        return;
    }
    state->is_asking = false;
    give_up_name(state, false);
    advance(state);
}

static void dns_received(void *self, LzAddress source, uint16_t source_port, LzBytes payload)
{
    LzNeedState *state = self;
    LzDnsMessage message;
    (void)source_port;
    bool is_answer = state->is_asking && source == state->needs->dns.address && lz_dns_decode(payload, &message) &&
                     message.is_response && message.id == state->question && strcmp(message.name, state->name) == 0;
    if (!is_answer) {
        return;
    }
    lz_event_cancel(state->host->env.scheduler, &state->dns);
    state->is_asking = false;
    state->answer = message.has_answer ? message.address : 0;
    state->answer_until_ns = now_of(state) + MAX(LZ_SECONDS(message.ttl_s), 1);
    if (!state->answer) {
        give_up_name(state, true);
    }
    advance(state);
}

static void begin_asking(LzNeedState *state, const char *name)
{
    state->is_asking = true;
    state->tries = 0;
    state->answer = 0;
    state->question = (uint16_t)lz_random_u32(&state->random);
    g_strlcpy(state->name, name, sizeof state->name);
    ask(state);
}

/* ---- all of it ---- */

/* The first session that nothing keeps any more; asks for the name of one that only lacks that. */
static Waiting *next_ready(LzNeedState *state)
{
    for (Waiting **place = &state->waiting; *place; place = &(*place)->next) {
        Waiting *waiting = *place;
        bool needs_name = state->needs->dns.address != 0 && waiting->name[0] != '\0';
        if (needs_name && !is_known(state, waiting->name)) {
            if (!state->is_asking) {
                begin_asking(state, waiting->name);
            }
            continue;
        }
        waiting->address = needs_name ? state->answer : waiting->address;
        *place = waiting->next;
        return waiting;
    }
    return NULL;
}

static void advance(LzNeedState *state)
{
    if (!has_lease(state)) {
        return;
    }
    if (state->needs->ntp.address != 0 && !lz_event_is_pending(&state->ntp)) {
        ntp_due(state);
    }
    if (!has_time(state)) {
        return;
    }
    for (Waiting *ready = next_ready(state); ready; ready = next_ready(state)) {
        if (ready->session) {
            lz_session_connect(ready->session, ready->address, ready->port, ready->dscp);
            g_free(ready);
        } else {
            append(&state->told, ready);
            ready->told(ready->self, ready->address);
        }
    }
}

void lz_needs_connect(LzNeedState *state, LzSession *session, const LzConnect *connect)
{
    Waiting *waiting = g_new0(Waiting, 1);
    *waiting = (Waiting){.session = session, .address = connect->address, .port = connect->port, .dscp = connect->dscp};
    g_strlcpy(waiting->name, connect->server_name ? connect->server_name : "", sizeof waiting->name);
    append(&state->waiting, waiting);
    advance(state);
}

void lz_needs_seek(LzNeedState *state, const LzConnect *connect, void (*told)(void *self, LzAddress address), void *self)
{
    Waiting *waiting = g_new0(Waiting, 1);
    *waiting = (Waiting){.told = told, .self = self, .peer = connect->address, .address = connect->address};
    g_strlcpy(waiting->name, connect->server_name ? connect->server_name : "", sizeof waiting->name);
    append(&state->waiting, waiting);
    advance(state);
}

static void cancel_all(LzNeedState *state)
{
    LzEvent *events[] = {&state->dhcp, &state->expiry, &state->ntp, &state->dns};
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++) {
        lz_event_cancel(state->host->env.scheduler, events[i]);
    }
}

/* Its ports were closed with the power; its clock goes on. */
void lz_needs_power(LzNeedState *state, bool is_on)
{
    cancel_all(state);
    forget_seekers(state);
    state->lease = LEASE_NONE;
    state->is_set = state->is_asking = false;
    state->answer = 0;
    if (!is_on) {
        return;
    }
    const LzHostNeeds *needs = state->needs;
    bool is_bound = (!needs->dhcp.address || lz_host_bind_udp(state->host, LZ_DHCP_CLIENT_PORT, dhcp_received, state)) &&
                    (!needs->ntp.address || lz_host_bind_udp(state->host, LZ_NTP_PORT, ntp_received, state)) &&
                    (!needs->dns.address || lz_host_bind_udp(state->host, DNS_SOURCE_PORT, dns_received, state));
    g_assert(is_bound);
    if (needs->dhcp.address) {
        dhcp_begin(state);
    }
    advance(state);
}

LzNeedState *lz_needs_new(LzHost *host, const LzHostNeeds *needs)
{
    LzNeedState *state = g_new0(LzNeedState, 1);
    state->host = host;
    state->needs = needs;
    lz_env_random(&host->env, LZ_PURPOSE_NEEDS, &state->random);
    lz_event_init(&state->dhcp, dhcp_due, state);
    lz_event_init(&state->expiry, lease_expired, state);
    lz_event_init(&state->ntp, ntp_due, state);
    lz_event_init(&state->dns, dns_due, state);
    return state;
}

static void free_all(Waiting *waiting)
{
    while (waiting) {
        Waiting *next = waiting->next;
        g_free(waiting);
        waiting = next;
    }
}

void lz_needs_free(LzNeedState *state)
{
    if (!state) {
        return;
    }
    cancel_all(state);
    free_all(state->waiting);
    free_all(state->told);
    g_free(state);
}
