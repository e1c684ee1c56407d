/* TLS handshake flood: connections that begin a handshake with a valid key share and never finish it, so that
 * the server pays for key exchange and signature and keeps the session until its own time-out. */
#include <glib.h>

#include "lazaret/attack.h"
#include "lazaret/model.h"

#define UHZ_NS (LZ_NS_PER_S * INT64_C(1000000))         /* interval = UHZ_NS / rate_uhz */

typedef enum { SPACING_POISSON, SPACING_EVEN } Spacing;
typedef enum { HELLO_FRESH, HELLO_REPLAYED } Hello;

typedef struct Config {
    int64_t rate_uhz;
    int spacing;
    int hello;
    LzTime hold_ns;
    int64_t connections;
} Config;

typedef struct Flood Flood;

typedef struct Source {                 /* one of the attacker's hosts */
    LzHost *host;
    LzBuffer *canned;                   /* replayed ClientHello; NULL when each is fresh */
    int64_t open;
} Source;

typedef struct Connection {
    struct Connection *next, **link;    /* link: what points to this one */
    Flood *flood;
    Source *source;
    LzSession *session;
    LzBuffer *hello;                    /* being made by the host's CPU */
    LzEvent made, expired;
    bool was_answered;
} Connection;

struct Flood {
    const Config *config;
    LzEnv env;
    LzConnect target;                   /* plain TCP: this model speaks the first TLS record itself */
    const LzTlsProfile *tls;
    LzScope scope;
    LzRandom random;
    Source *sources;
    unsigned source_count, next_source;
    Connection *connections;
    int64_t remainder_ns;               /* even spacing: what the divisions left, in 1/rate_uhz ns */
    LzEvent next;
};

/* ---- one connection ------------------------------------------------------------------------------ */

static void connection_free(Connection *connection)
{
    LzScheduler *scheduler = connection->flood->env.scheduler;
    lz_event_cancel(scheduler, &connection->expired);
    if (connection->hello) {
        lz_host_compute_cancel(connection->source->host, &connection->made);
        lz_event_cancel(scheduler, &connection->made);
        lz_buffer_unref(connection->hello);
    }
    *connection->link = connection->next;
    if (connection->next) {
        connection->next->link = connection->link;
    }
    connection->source->open--;
    g_free(connection);
}

static void send_hello(Connection *connection, const LzBuffer *hello)
{
    const Flood *flood = connection->flood;
    if (!lz_session_is_open(connection->session)) {
        return;
    }
    lz_session_send(connection->session, (LzBytes){hello->data, hello->size}, 0);
    lz_probe_count(flood->env.probes, flood->scope, LZ_METRIC_ATTACK_BYTES, hello->size);
}

static void hello_made(void *owner)
{
    Connection *connection = owner;
    LzBuffer *hello = g_steal_pointer(&connection->hello);
    send_hello(connection, hello);
    lz_buffer_unref(hello);
}

static void connection_opened(void *self, LzSession *session)
{
    Connection *connection = self;
    const Flood *flood = connection->flood;
    (void)session;
    if (connection->source->canned) {
        send_hello(connection, connection->source->canned);
    } else if (flood->tls) {
        connection->hello = lz_host_client_hello(connection->source->host, flood->tls, flood->target.server_name,
                                                 &connection->made);
    }
}

static void connection_received(void *self, LzSession *session, LzBytes bytes)
{
    Connection *connection = self;
    const Flood *flood = connection->flood;
    (void)session;
    if (!connection->was_answered && bytes.size > 0) {
        connection->was_answered = true;
        lz_probe_count(flood->env.probes, flood->scope, LZ_METRIC_ATTACK_REACHED, 1);
    }
}

static void connection_closed(void *self, LzSession *session, LzCloseReason reason)
{
    (void)session;
    (void)reason;
    connection_free(self);
}

static void connection_expired(void *owner)
{
    Connection *connection = owner;
    lz_session_abort(connection->session);
}

static const LzSessionEvents connection_events = {connection_opened, connection_received, connection_closed};

static void connection_new(Flood *flood, Source *source)
{
    Connection *connection = g_new0(Connection, 1);
    connection->flood = flood;
    connection->source = source;
    connection->next = flood->connections;
    connection->link = &flood->connections;
    if (connection->next) {
        connection->next->link = &connection->next;
    }
    flood->connections = connection;
    lz_event_init(&connection->made, hello_made, connection);
    lz_event_init(&connection->expired, connection_expired, connection);
    lz_timer_after(flood->env.scheduler, &connection->expired, flood->config->hold_ns);
    source->open++;
    connection->session = lz_host_connect(source->host, &flood->target, &connection_events, connection);
    lz_probe_count(flood->env.probes, flood->scope, LZ_METRIC_ATTACK_SENT, 1);
}

/* ---- the flood ----------------------------------------------------------------------------------- */

/* The next host in turn that may open another connection, or NULL. */
static Source *take_source(Flood *flood)
{
    for (unsigned i = 0; i < flood->source_count; i++) {
        Source *source = &flood->sources[flood->next_source];
        flood->next_source = (flood->next_source + 1) % flood->source_count;
        if (source->open < flood->config->connections) {
            return source;
        }
    }
    return NULL;
}

static LzTime next_gap_ns(Flood *flood)
{
    const int64_t rate_uhz = flood->config->rate_uhz;
    if (flood->config->spacing == SPACING_POISSON) {
        return lz_random_exponential(&flood->random, UHZ_NS / rate_uhz);
    }
    flood->remainder_ns += UHZ_NS % rate_uhz;
    const LzTime carry_ns = flood->remainder_ns / rate_uhz;
    flood->remainder_ns %= rate_uhz;
    return UHZ_NS / rate_uhz + carry_ns;
}

static void attack_once(void *owner)
{
    Flood *flood = owner;
    Source *source = take_source(flood);
    if (source) {
        connection_new(flood, source);
    }
    lz_schedule_after(flood->env.scheduler, &flood->next, next_gap_ns(flood));
}

static void flood_init(void *state, const void *config, const LzAttackContext *context, const LzEnv *env)
{
    Flood *flood = state;
    flood->config = config;
    flood->env = *env;
    flood->target = context->target;
    flood->tls = context->target.tls;
    flood->target.tls = NULL;
    flood->target.handshake_timeout_ns = 0;
    flood->scope = context->scope;
    lz_env_random(env, LZ_PURPOSE_ATTACK, &flood->random);
    flood->source_count = context->host_count;
    flood->sources = g_new0(Source, context->host_count);
    for (unsigned i = 0; i < context->host_count; i++) {
        flood->sources[i].host = context->hosts[i];
    }
    lz_event_init(&flood->next, attack_once, flood);
}

/* A replayed hello costs its host nothing per connection: it is made once. */
static void record_hello(const Flood *flood, Source *source)
{
    if (flood->config->hello == HELLO_REPLAYED && flood->tls && !source->canned) {
        source->canned = lz_host_client_hello(source->host, flood->tls, flood->target.server_name, NULL);
    }
}

static void flood_start(void *state)
{
    Flood *flood = state;
    for (unsigned i = 0; i < flood->source_count; i++) {
        record_hello(flood, &flood->sources[i]);
    }
    if (flood->source_count > 0) {
        lz_schedule_after(flood->env.scheduler, &flood->next, next_gap_ns(flood));
    }
}

static void flood_stop(void *state)
{
    Flood *flood = state;
    lz_event_cancel(flood->env.scheduler, &flood->next);
    for (Connection *connection = flood->connections; connection; connection = connection->next) {
        if (lz_event_is_pending(&connection->expired)) {
            lz_event_cancel(flood->env.scheduler, &connection->expired);
            lz_session_abort(connection->session);
        }
    }
}

static void flood_clear(void *state)
{
    Flood *flood = state;
    lz_event_cancel(flood->env.scheduler, &flood->next);
    while (flood->connections) {
        connection_free(flood->connections);
    }
    for (unsigned i = 0; i < flood->source_count; i++) {
        lz_buffer_unref(flood->sources[i].canned);
    }
    g_clear_pointer(&flood->sources, g_free);
}

static const char *const spacing_words[] = {[SPACING_POISSON] = "poisson", [SPACING_EVEN] = "even", NULL};
static const char *const hello_words[] = {[HELLO_FRESH] = "fresh", [HELLO_REPLAYED] = "replayed", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, rate_uhz, .kind = LZ_PARAM_RATE_UHZ, .min = 1000, .max = 1e11, .fallback = 500e6,
             .help = "connections started per second, all hosts together", .source = "assumed: within 100 to 2,000 /s"),
    LZ_PARAM(Config, spacing, .kind = LZ_PARAM_ENUM, .words = spacing_words, .fallback = SPACING_POISSON,
             .help = "gaps between connections: exponential, or all equal"),
    LZ_PARAM(Config, hello, .kind = LZ_PARAM_ENUM, .words = hello_words, .fallback = HELLO_FRESH,
             .help = "fresh: a new key share per connection, paid by the host's CPU; replayed: one per host, free"),
    LZ_PARAM(Config, hold_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 10e9,
             .help = "a connection is aborted this long after its SYN", .source = "assumed"),
    LZ_PARAM(Config, connections, .kind = LZ_PARAM_COUNT, .min = 1, .max = 28000, .fallback = 10000,
             .help = "connections that a host keeps at once, at most; beyond, its turn is skipped",
             .source = "assumed: below the 28,232 local ports that Linux hands out"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "spoofed source addresses: every connection completes TCP",
    "handshakes that go on with a wrong certificate; renegotiation",
    "against a target without TLS it only holds connections",
    NULL,
};

static const LzAttackOps ops = {.init = flood_init, .start = flood_start, .stop = flood_stop, .clear = flood_clear};

extern const LzModel lz_attack_model_tls_handshake_flood;
const LzModel lz_attack_model_tls_handshake_flood = {
    .name = "tls-handshake-flood",
    .summary = "real ClientHellos with a valid key share, never finished",
    .source = "MITRE ATT&CK T1499.002 Service Exhaustion Flood",
    .kind = LZ_MODEL_ATTACK,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Flood),
    .not_modelled = not_modelled,
    .ops = &ops,
};
