/* A limit on new connections per source address in front of a host: a token bucket for each source's TCP SYNs.
 * Packets of connections that exist pass.
 *
 * The bucket is kept as one time (GCRA, ITU-T I.371 Annex A): when it would be full again. A table of fixed size
 * holds the sources, the longest silent first; a source silent for `idle` may be forgotten to make room. */
#include <glib.h>

#include "lazaret/defence.h"
#include "lazaret/model.h"

#define UHZ_NS (LZ_NS_PER_S * INT64_C(1000000))

typedef enum { FULL_REFUSE, FULL_ADMIT } WhenFull;

typedef struct Config {
    int64_t rate_uhz;
    int64_t burst;
    LzTime block_ns;
    int64_t sources;
    LzTime idle_ns;
    int when_full;
} Config;

typedef struct Source {
    struct Source *older, *newer;       /* by last SYN */
    LzAddress address;
    LzTime full_ns;                     /* when its bucket is full again */
    LzTime blocked_until_ns;
    LzTime seen_ns;
} Source;

typedef struct Limit {
    const Config *config;
    LzTime interval_ns;                 /* one token, rounded up */
    Source *table;
    unsigned used;                      /* entries of the table given out */
    GHashTable *by_address;             /* address -> Source; looked up, never walked */
    Source *oldest, *newest;
} Limit;

static void list_remove(Limit *limit, Source *source)
{
    *(source->older ? &source->older->newer : &limit->oldest) = source->newer;
    *(source->newer ? &source->newer->older : &limit->newest) = source->older;
    source->older = source->newer = NULL;
}

static void list_append(Limit *limit, Source *source)
{
    source->older = limit->newest;
    *(limit->newest ? &limit->newest->newer : &limit->oldest) = source;
    limit->newest = source;
}

/* A place for a new source: an unused one, or that of the longest silent source when it was silent long enough,
 * its bucket is full again and it is not blocked, so that nobody gains by being forgotten. NULL: no room. */
static Source *take_place(Limit *limit, LzTime now_ns)
{
    if (limit->used < limit->config->sources) {
        return &limit->table[limit->used++];
    }
    Source *oldest = limit->oldest;
    if (now_ns - oldest->seen_ns < limit->config->idle_ns
        || now_ns < MAX(oldest->full_ns, oldest->blocked_until_ns)) {
        return NULL;
    }
    list_remove(limit, oldest);
    g_hash_table_remove(limit->by_address, GUINT_TO_POINTER(oldest->address));
    return oldest;
}

/* The source's entry, now the newest; NULL: there is no room for it. */
static Source *touch_source(Limit *limit, LzAddress address, LzTime now_ns)
{
    Source *source = g_hash_table_lookup(limit->by_address, GUINT_TO_POINTER(address));
    if (source) {
        list_remove(limit, source);
    } else {
        source = take_place(limit, now_ns);
        if (!source) {
            return NULL;
        }
        *source = (Source){.address = address, .full_ns = now_ns, .blocked_until_ns = now_ns};
        g_hash_table_insert(limit->by_address, GUINT_TO_POINTER(address), source);
    }
    source->seen_ns = now_ns;
    list_append(limit, source);
    return source;
}

static bool admit_new_connection(const Limit *limit, Source *source, LzTime now_ns)
{
    if (now_ns < source->blocked_until_ns) {
        return false;
    }
    const LzTime full_ns = MAX(source->full_ns, now_ns);
    if (full_ns - now_ns > (limit->config->burst - 1) * limit->interval_ns) {
        source->blocked_until_ns = now_ns + limit->config->block_ns;
        return false;
    }
    source->full_ns = full_ns + limit->interval_ns;
    return true;
}

static void limit_init(void *state, const void *config, const LzEnv *env, LzScope scope)
{
    Limit *limit = state;
    (void)env;
    (void)scope;
    limit->config = config;
    limit->interval_ns = (UHZ_NS + limit->config->rate_uhz - 1) / limit->config->rate_uhz;
    limit->table = g_new0(Source, (gsize)limit->config->sources);
    limit->by_address = g_hash_table_new(NULL, NULL);
}

static bool limit_admit(void *state, const LzPacket *packet, LzTime now_ns)
{
    Limit *limit = state;
    if (packet->protocol != LZ_IP_TCP || (packet->tcp_flags & (LZ_TCP_SYN | LZ_TCP_ACK)) != LZ_TCP_SYN) {
        return true;
    }
    Source *source = touch_source(limit, packet->source, now_ns);
    if (!source) {
        return limit->config->when_full == FULL_ADMIT;
    }
    return admit_new_connection(limit, source, now_ns);
}

static void limit_clear(void *state)
{
    Limit *limit = state;
    g_clear_pointer(&limit->by_address, g_hash_table_unref);
    g_clear_pointer(&limit->table, g_free);
}

static const char *const full_words[] = {[FULL_REFUSE] = "refuse", [FULL_ADMIT] = "admit", NULL};

static const LzParam params[] = {
    LZ_PARAM(Config, rate_uhz, .kind = LZ_PARAM_RATE_UHZ, .min = 1000, .max = 1e12, .fallback = 1e6,
             .help = "new connections per second that each source may open", .source = "assumed"),
    LZ_PARAM(Config, burst, .kind = LZ_PARAM_COUNT, .min = 1, .max = 10000, .fallback = 5,
             .help = "new connections that a rested source may open at once", .source = "assumed"),
    LZ_PARAM(Config, block_ns, .kind = LZ_PARAM_TIME_NS, .max = 86400e9, .fallback = 0,
             .help = "a source that exceeds its rate may open nothing for this long; 0: only until its next token"),
    LZ_PARAM(Config, sources, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e6, .fallback = 65536,
             .help = "sources that the table holds", .source = "assumed: a /16"),
    LZ_PARAM(Config, idle_ns, .kind = LZ_PARAM_TIME_NS, .max = 86400e9, .fallback = 60e9,
             .help = "silence after which a source may be forgotten when the table is full", .source = "assumed"),
    LZ_PARAM(Config, when_full, .kind = LZ_PARAM_ENUM, .words = full_words, .fallback = FULL_REFUSE,
             .help = "new connections of a source for which the full table has no room"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "the CPU cost of the limiter itself",
    "aggregation by prefix; sources behind one address translator share its bucket",
    NULL,
};

static const LzDefenceOps ops = {.init = limit_init, .admit = limit_admit, .clear = limit_clear};

extern const LzModel lz_defence_model_source_rate_limit;
const LzModel lz_defence_model_source_rate_limit = {
    .name = "source-rate-limit",
    .summary = "token bucket on new TCP connections per source address",
    .source = "GCRA: ITU-T I.371 Annex A",
    .kind = LZ_MODEL_DEFENCE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Limit),
    .not_modelled = not_modelled,
    .ops = &ops,
};
