/* A TLS terminator in front of a service: ends its clients' TLS, and passes their bytes on over a connection of its own to
 * each, and the answers back, at the cost of its CPU. */
#include <glib.h>

#include "lazaret/model.h"
#include "lazaret/service.h"

typedef struct Config {
    LzText upstream;
    int64_t upstream_port, sessions_max;
    LzTime connect_timeout_ns;
    int64_t work_bps, buffer_bytes;
} Config;

typedef struct Terminator Terminator;
typedef struct Pair Pair;

typedef struct Side {                   /* one end of a pair; what comes there waits for the CPU, then for the other end */
    Pair *pair;
    LzSession *session;                 /* NULL: not there yet, or gone */
    bool is_open, is_closing;
    GByteArray *arrived;                /* NULL: nothing */
    size_t working_bytes;               /* of arrived, that the CPU works on; 0: it does not */
    LzEvent worked;
} Side;

struct Pair {
    Terminator *terminator;
    Side client, upstream;
};

struct Terminator {
    const Config *config;
    LzServiceContext context;
    LzEnv env;
    int64_t pairs, opened;
};

static void count(const Terminator *terminator, LzMetric metric)
{
    lz_probe_count(terminator->env.probes, terminator->context.scope, metric, 1);
}

static void report_sessions(Terminator *terminator, int change)
{
    terminator->opened += change;
    lz_probe_level(terminator->env.probes, terminator->context.scope, LZ_METRIC_SERVICE_SESSIONS, terminator->opened);
}

static Side *other_of(const Side *side)
{
    Pair *pair = side->pair;
    return side == &pair->client ? &pair->upstream : &pair->client;
}

/* ---- the end of a pair ---- */

static void side_clear(Side *side)
{
    lz_host_compute_cancel(side->pair->terminator->context.host, &side->worked);
    g_clear_pointer(&side->arrived, g_byte_array_unref);
}

static void pair_free(Pair *pair)
{
    pair->terminator->pairs--;
    side_clear(&pair->client);
    side_clear(&pair->upstream);
    g_free(pair);
}

static void close_side(Side *side, bool is_in_order)
{
    if (!side->session || side->is_closing) {
        return;
    }
    side->is_closing = true;
    if (is_in_order && side->is_open) {
        lz_session_close(side->session);
    } else {
        lz_session_abort(side->session);
    }
}

/* ---- bytes ---- */

static void work(Side *side)
{
    const Terminator *terminator = side->pair->terminator;
    const Side *other = other_of(side);
    if (side->working_bytes > 0 || !side->arrived || side->arrived->len == 0 || !other->is_open || other->is_closing) {
        return;
    }
    side->working_bytes = side->arrived->len;
    const LzTime cost_ns = (LzTime)((__int128)side->working_bytes * 8 * LZ_NS_PER_S / terminator->config->work_bps);
    lz_host_compute(terminator->context.host, cost_ns, &side->worked);
}

/* What came while the CPU worked goes next. When its end is gone, the rest still goes over. */
static void worked(void *owner)
{
    Side *side = owner;
    Side *other = other_of(side);
    const size_t size = side->working_bytes;
    side->working_bytes = 0;
    if (other->is_open && !other->is_closing) {
        lz_session_send(other->session, (LzBytes){side->arrived->data, size}, 0);
        g_byte_array_remove_range(side->arrived, 0, (guint)size);
        count(side->pair->terminator, LZ_METRIC_SERVICE_MESSAGES);
    }
    work(side);
    if (!side->session && side->working_bytes == 0) {
        close_side(other, true);
    }
}

static void open_upstream(Pair *pair);

static void received(void *self, LzSession *session, LzBytes bytes)
{
    Side *side = self;
    Terminator *terminator = side->pair->terminator;
    const Side *other = other_of(side);
    (void)session;
    if (side->is_closing || (side == &side->pair->upstream && !other->session)) {
        return;                         /* there is nobody to whom it could go */
    }
    side->arrived = side->arrived ? side->arrived : g_byte_array_new();
    const size_t unsent = other->is_open && !other->is_closing ? lz_session_unsent_bytes(other->session) : 0;
    if (side->arrived->len + bytes.size + unsent > (size_t)terminator->config->buffer_bytes) {
        count(terminator, LZ_METRIC_SERVICE_REFUSED);
        close_side(&side->pair->client, false);
        close_side(&side->pair->upstream, false);
        return;
    }
    g_byte_array_append(side->arrived, bytes.data, (guint)bytes.size);
    if (!other->session && side == &side->pair->client) {
        open_upstream(side->pair);
    }
    work(side);
}

/* ---- sessions ---- */

static void opened(void *self, LzSession *session);

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Side *side = self;
    Pair *pair = side->pair;
    Side *other = other_of(side);
    const bool was_client = side == &pair->client;
    (void)session;
    if (was_client && side->is_open) {
        report_sessions(pair->terminator, -1);
    }
    if (!was_client && !side->is_open && !side->is_closing) {
        count(pair->terminator, LZ_METRIC_SERVICE_REFUSED);     /* the service behind is not there */
    }
    side->session = NULL;
    side->is_open = false;
    if (!other->session) {
        pair_free(pair);
    } else if (reason != LZ_CLOSE_POWER && side->working_bytes == 0) {         /* without power both end by themselves */
        close_side(other, reason == LZ_CLOSE_PEER || reason == LZ_CLOSE_LOCAL);
    }
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

static void opened(void *self, LzSession *session)
{
    Side *side = self;
    (void)session;
    side->is_open = true;
    if (side == &side->pair->client) {
        report_sessions(side->pair->terminator, 1);
    }
    work(other_of(side));
}

/* When the client has said something: whoever only opens connections takes none of the service behind. */
static void open_upstream(Pair *pair)
{
    const Terminator *terminator = pair->terminator;
    const LzServiceContext *context = &terminator->context;
    const char *name = terminator->config->upstream.text;
    const LzConnect connect = {
        .address = context->address_of && name ? context->address_of(context->owner, name) : 0,
        .port = (uint16_t)terminator->config->upstream_port,
        .handshake_timeout_ns = terminator->config->connect_timeout_ns,
    };
    if (connect.address == 0) {
        count(terminator, LZ_METRIC_SERVICE_REFUSED);
        close_side(&pair->client, false);
        return;
    }
    pair->upstream.session = lz_host_connect(context->host, &connect, &session_events, &pair->upstream);
}

static void side_init(Side *side, Pair *pair)
{
    side->pair = pair;
    lz_event_init(&side->worked, worked, side);
}

static void *accepted(void *state, LzSession *session)
{
    Terminator *terminator = state;
    if (terminator->pairs >= terminator->config->sessions_max) {
        count(terminator, LZ_METRIC_SERVICE_REFUSED);
        return NULL;
    }
    Pair *pair = g_new0(Pair, 1);
    pair->terminator = terminator;
    side_init(&pair->client, pair);
    side_init(&pair->upstream, pair);
    pair->client.session = session;
    terminator->pairs++;
    return &pair->client;
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzServiceContext *context, const LzEnv *env)
{
    Terminator *terminator = state;
    terminator->config = config;
    terminator->context = *context;
    terminator->env = *env;
}

static void start(void *state)
{
    Terminator *terminator = state;
    report_sessions(terminator, 0);
    lz_host_listen(terminator->context.host, &terminator->context.listen, &session_events, accepted, terminator);
}

static void stop(void *state)
{
    (void)state;                        /* what a pair held went with its sessions */
}

static void clear(void *state)
{
    (void)state;
}

static const LzParam params[] = {
    LZ_PARAM(Config, upstream, .kind = LZ_PARAM_NAME, .is_required = true, .is_host_group = true, .help = "the service behind it, which speaks no TLS"),
    LZ_PARAM(Config, upstream_port, .kind = LZ_PARAM_COUNT, .is_required = true, .min = 1, .max = 65535, .help = "of that service"),
    LZ_PARAM(Config, sessions_max, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 10000,
             .help = "clients, with those whose handshake is not done; beyond, they are reset"),
    LZ_PARAM(Config, connect_timeout_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 3600e9, .fallback = 5e9,
             .help = "longest wait for a connection to the service behind; then the client is reset"),
    LZ_PARAM(Config, work_bps, .key = "work_rate", .kind = LZ_PARAM_BPS, .min = 1e3, .max = 1e13, .fallback = 8e9,
             .help = "bytes that a core passes on, beside the cryptography"),
    LZ_PARAM(Config, buffer_bytes, .key = "buffer", .kind = LZ_PARAM_BYTES, .min = 1000, .max = 1e9, .fallback = 16e6,
             .help = "bytes of one direction that wait here; beyond, both ends are reset"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "who the client is: the service behind sees the terminator, and no certificate",
    "backpressure: bytes wait here up to a limit instead of being read more slowly",
    "more than one service behind, TLS to it, and protocols in which the service speaks first",
    NULL,
};

static const LzServiceOps ops = {.init = init, .start = start, .stop = stop, .clear = clear, .port = 443};

const LzModel lz_service_model_tls_terminator = {
    .name = "tls-terminator",
    .summary = "ends its clients' TLS in front of a service that speaks none, and passes bytes on both ways",
    .source = "a project model",
    .kind = LZ_MODEL_SERVICE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Terminator),
    .not_modelled = not_modelled,
    .ops = &ops,
};
