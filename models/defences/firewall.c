/* A stateful packet filter between segments. A packet of a connection that the table knows passes; the first packet
 * of any other is judged by the rules in their order, and what no rule matches by `otherwise`. Packets within one
 * segment pass unseen.
 *
 * The table is finite. Its entries stand in one list per time-out, the longest silent first, so that the entries that
 * ran out are at the heads. */
#include <glib.h>
#include <string.h>

#include "lazaret/defence.h"
#include "lazaret/model.h"

typedef enum { ANY_PROTOCOL, TCP, UDP } Protocol;
typedef enum { ALLOW, DENY } Action;
typedef enum { FULL_REFUSE, FULL_REPLACE } WhenFull;
typedef enum { OPENING, ESTABLISHED, CLOSING, DATAGRAM, DATAGRAM_ANSWERED, PHASE_COUNT } Phase;

typedef struct Rule {
    LzText name, from, to;
    int protocol;
    int64_t port, port_to;
    int action;
} Rule;

typedef struct Config {
    LzList rules;                       /* Rule */
    int otherwise;
    int64_t connections;
    int when_full;
    bool picks_up, enforces_mud;
    LzTime opening_ns, established_ns, closing_ns, datagram_ns, datagram_answered_ns;
} Config;

typedef struct Connection {             /* begins with its key: who opened it, and to whom */
    LzAddress source, destination;
    uint16_t source_port, destination_port;
    uint8_t protocol;
    uint8_t phase;
    bool has_fin, has_answer_fin;
    LzTime seen_ns;
    struct Connection *older, *newer;   /* of its phase */
} Connection;

typedef struct Matcher {                /* a rule, with names as groups */
    LzGroup from, to;
    LzScope scope;
} Matcher;

typedef struct Firewall {
    const Config *config;
    LzProbes *probes;
    const LzAddressBook *addresses;     /* NULL until begin() */
    const LzMudBook *mud;
    Matcher *matchers;                  /* of the rules, and behind them `otherwise` and `mud` */
    GHashTable *connections;            /* Connection, by its key; looked up, never walked */
    Connection *oldest[PHASE_COUNT], *newest[PHASE_COUNT];
} Firewall;

/* ---- the table ---- */

static guint connection_hash(gconstpointer key)
{
    const Connection *connection = key;
    uint64_t hash = (uint64_t)connection->source << 32 | connection->destination;
    hash ^= ((uint64_t)connection->source_port << 32 | (uint64_t)connection->destination_port << 8 | connection->protocol) *
            UINT64_C(0x9e3779b97f4a7c15);
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return (guint)(hash >> 32);
}

static gboolean connection_equal(gconstpointer a, gconstpointer b)
{
    const Connection *x = a, *y = b;
    return x->source == y->source && x->destination == y->destination && x->source_port == y->source_port &&
           x->destination_port == y->destination_port && x->protocol == y->protocol;
}

static void list_remove(Firewall *firewall, Connection *connection)
{
    Phase phase = (Phase)connection->phase;
    *(connection->older ? &connection->older->newer : &firewall->oldest[phase]) = connection->newer;
    *(connection->newer ? &connection->newer->older : &firewall->newest[phase]) = connection->older;
    connection->older = connection->newer = NULL;
}

static void list_append(Firewall *firewall, Connection *connection, Phase phase)
{
    connection->phase = (uint8_t)phase;
    connection->older = firewall->newest[phase];
    *(connection->older ? &connection->older->newer : &firewall->oldest[phase]) = connection;
    firewall->newest[phase] = connection;
}

static LzTime timeout_ns(const Config *config, Phase phase)
{
    const LzTime timeouts_ns[] = {
        [OPENING] = config->opening_ns,   [ESTABLISHED] = config->established_ns,
        [CLOSING] = config->closing_ns,   [DATAGRAM] = config->datagram_ns,
        [DATAGRAM_ANSWERED] = config->datagram_answered_ns,
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(timeouts_ns) == PHASE_COUNT);
    return timeouts_ns[phase];
}

static void forget(Firewall *firewall, Connection *connection)
{
    list_remove(firewall, connection);
    g_hash_table_remove(firewall->connections, connection);     /* frees it */
}

static void forget_silent(Firewall *firewall, LzTime now_ns)
{
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++) {
        LzTime limit_ns = timeout_ns(firewall->config, (Phase)phase);
        while (firewall->oldest[phase] && now_ns - firewall->oldest[phase]->seen_ns >= limit_ns) {
            forget(firewall, firewall->oldest[phase]);
        }
    }
}

/* Room for one more: with `replace` the longest silent of those that never came to be gives way. */
static bool make_room(Firewall *firewall)
{
    if (g_hash_table_size(firewall->connections) < (guint)firewall->config->connections) {
        return true;
    }
    Connection *victim = firewall->oldest[OPENING] ? firewall->oldest[OPENING] : firewall->oldest[DATAGRAM];
    if (firewall->config->when_full != FULL_REPLACE || !victim) {
        return false;
    }
    forget(firewall, victim);
    return true;
}

static Connection key_of(const LzPacket *packet, bool is_answer)
{
    return is_answer ? (Connection){.source = packet->destination, .destination = packet->source,
                                    .source_port = packet->destination_port, .destination_port = packet->source_port,
                                    .protocol = packet->protocol}
                     : (Connection){.source = packet->source, .destination = packet->destination,
                                    .source_port = packet->source_port, .destination_port = packet->destination_port,
                                    .protocol = packet->protocol};
}

/* The connection that a packet belongs to, or NULL. */
static Connection *find(const Firewall *firewall, const LzPacket *packet, bool *ret_is_answer)
{
    for (int is_answer = 0; is_answer < 2; is_answer++) {
        Connection key = key_of(packet, is_answer);
        Connection *connection = g_hash_table_lookup(firewall->connections, &key);
        if (connection) {
            *ret_is_answer = is_answer;
            return connection;
        }
    }
    return NULL;
}

/* ---- the life of a connection ---- */

static Phase next_phase(Connection *connection, const LzPacket *packet, bool is_answer)
{
    if (connection->protocol != LZ_IP_TCP) {
        return is_answer ? DATAGRAM_ANSWERED : (Phase)connection->phase;
    }
    if (packet->tcp_flags & LZ_TCP_RST) {
        return CLOSING;
    }
    bool is_syn = (packet->tcp_flags & (LZ_TCP_SYN | LZ_TCP_ACK)) == LZ_TCP_SYN;
    if (connection->phase == CLOSING && is_syn) {       /* the ports are used again */
        connection->has_fin = connection->has_answer_fin = false;
        return OPENING;
    }
    *(is_answer ? &connection->has_answer_fin : &connection->has_fin) |= (packet->tcp_flags & LZ_TCP_FIN) != 0;
    if (connection->has_fin && connection->has_answer_fin) {
        return CLOSING;
    }
    return connection->phase == OPENING && !(packet->tcp_flags & LZ_TCP_SYN) ? ESTABLISHED : (Phase)connection->phase;
}

static void follow(Firewall *firewall, Connection *connection, const LzPacket *packet, bool is_answer, LzTime now_ns)
{
    Phase phase = next_phase(connection, packet, is_answer);
    list_remove(firewall, connection);
    list_append(firewall, connection, phase);
    connection->seen_ns = now_ns;
}

static bool may_open(const Firewall *firewall, const LzPacket *packet)
{
    return packet->protocol != LZ_IP_TCP || firewall->config->picks_up ||
           (packet->tcp_flags & (LZ_TCP_SYN | LZ_TCP_ACK | LZ_TCP_RST)) == LZ_TCP_SYN;
}

/* ---- rules ---- */

static const Rule *rule_at(const Config *config, unsigned index)
{
    return &((const Rule *)config->rules.items)[index];
}

static bool matches(const Firewall *firewall, const Rule *rule, const Matcher *matcher, const LzPacket *packet)
{
    if ((rule->protocol == TCP && packet->protocol != LZ_IP_TCP) || (rule->protocol == UDP && packet->protocol != LZ_IP_UDP)) {
        return false;
    }
    int64_t last_port = MAX(rule->port, rule->port_to);
    if (rule->port > 0 && (packet->destination_port < rule->port || packet->destination_port > last_port)) {
        return false;
    }
    return (!rule->from.text || lz_address_book_has(firewall->addresses, matcher->from, packet->source)) &&
           (!rule->to.text || lz_address_book_has(firewall->addresses, matcher->to, packet->destination));
}

/* Index of the first rule that matches; that of `otherwise` when none does. */
static unsigned find_rule(const Firewall *firewall, const LzPacket *packet)
{
    const Config *config = firewall->config;
    unsigned i = 0;
    while (i < config->rules.count && !matches(firewall, rule_at(config, i), &firewall->matchers[i], packet)) {
        i++;
    }
    return i;
}

static bool count(const Firewall *firewall, unsigned rule, bool is_admitted)
{
    LzScope scope = firewall->matchers ? firewall->matchers[rule].scope : 0;
    lz_probe_count(firewall->probes, scope, is_admitted ? LZ_METRIC_DEFENCE_ADMITTED : LZ_METRIC_DEFENCE_REFUSED, 1);
    return is_admitted;
}

/* What devices' descriptions say of a connection: a device that has one begins what it lists, and nobody begins anything
 * with it. */
typedef enum { MUD_SILENT, MUD_ALLOWS, MUD_FORBIDS } MudVerdict;

static MudVerdict ask_mud(const Firewall *firewall, const LzPacket *packet)
{
    unsigned count = 0;
    if (!firewall->config->enforces_mud || !firewall->mud) {
        return MUD_SILENT;
    }
    const LzMudRule *rules = lz_mud_book_rules(firewall->mud, packet->source, &count);
    for (unsigned i = 0; i < count; i++) {
        if (rules[i].to == packet->destination && rules[i].protocol == packet->protocol &&
            (rules[i].port == 0 || rules[i].port == packet->destination_port)) {
            return MUD_ALLOWS;
        }
    }
    return rules || lz_mud_book_rules(firewall->mud, packet->destination, &count) ? MUD_FORBIDS : MUD_SILENT;
}

static bool judge(Firewall *firewall, const LzPacket *packet, LzTime now_ns)
{
    const Config *config = firewall->config;
    if (!may_open(firewall, packet)) {
        return count(firewall, config->rules.count, false);
    }
    MudVerdict mud = ask_mud(firewall, packet);
    unsigned rule = mud == MUD_SILENT ? find_rule(firewall, packet) : config->rules.count + 1;
    int action = mud != MUD_SILENT              ? (mud == MUD_ALLOWS ? ALLOW : DENY)
                 : rule < config->rules.count ? rule_at(config, rule)->action
                                                : config->otherwise;
    if (action != ALLOW || !make_room(firewall)) {
        return count(firewall, rule, false);
    }
    Connection *connection = g_new(Connection, 1);
    *connection = key_of(packet, false);
    connection->seen_ns = now_ns;
    g_hash_table_add(firewall->connections, connection);
    list_append(firewall, connection, packet->protocol == LZ_IP_TCP ? OPENING : DATAGRAM);
    return count(firewall, rule, true);
}

/* ---- the model ---- */

static bool is_within_segment(const Firewall *firewall, const LzPacket *packet)
{
    return !firewall->addresses || lz_address_book_segment(firewall->addresses, packet->source) ==
                                       lz_address_book_segment(firewall->addresses, packet->destination);
}

static bool firewall_admit(void *state, const LzPacket *packet, LzTime now_ns)
{
    Firewall *firewall = state;
    if (is_within_segment(firewall, packet)) {
        return true;
    }
    forget_silent(firewall, now_ns);
    bool is_answer = false;
    Connection *connection = find(firewall, packet, &is_answer);
    if (!connection) {
        return judge(firewall, packet, now_ns);
    }
    follow(firewall, connection, packet, is_answer, now_ns);
    return true;
}

static void firewall_init(void *state, const void *config, const LzEnv *env, LzScope scope)
{
    Firewall *firewall = state;
    (void)scope;
    firewall->config = config;
    firewall->probes = env->probes;
    firewall->connections = g_hash_table_new_full(connection_hash, connection_equal, g_free, NULL);
}

static LzScope rule_scope(const Firewall *firewall, const char *firewall_name, const char *rule)
{
    g_autofree char *name = g_strdup_printf("%s/%s", firewall_name, rule);
    return lz_probe_scope(firewall->probes, LZ_SCOPE_DEFENCE, name, NULL);
}

static void firewall_begin(void *state, const LzDefenceContext *context)
{
    Firewall *firewall = state;
    const Config *config = firewall->config;
    firewall->addresses = context->addresses;
    firewall->mud = context->mud;
    firewall->matchers = g_new0(Matcher, config->rules.count + 2);
    for (unsigned i = 0; i < config->rules.count; i++) {
        const Rule *rule = rule_at(config, i);
        firewall->matchers[i] = (Matcher){
            .from = rule->from.text ? lz_address_book_group(context->addresses, rule->from.text) : LZ_GROUP_NONE,
            .to = rule->to.text ? lz_address_book_group(context->addresses, rule->to.text) : LZ_GROUP_NONE,
            .scope = rule_scope(firewall, context->name, rule->name.text),
        };
    }
    firewall->matchers[config->rules.count].scope = rule_scope(firewall, context->name, "otherwise");
    firewall->matchers[config->rules.count + 1].scope = rule_scope(firewall, context->name, "mud");
}

static void firewall_clear(void *state)
{
    Firewall *firewall = state;
    g_clear_pointer(&firewall->connections, g_hash_table_unref);
    g_clear_pointer(&firewall->matchers, g_free);
}

static char *firewall_check(const void *config_data)
{
    const Config *config = config_data;
    for (unsigned i = 0; i < config->rules.count; i++) {
        const Rule *rule = rule_at(config, i);
        if (rule->port_to > 0 && rule->port_to < MAX(rule->port, 1)) {
            return g_strdup_printf("rule %s ends at port %" G_GINT64_FORMAT ", before it begins", rule->name.text,
                                   rule->port_to);
        }
        if (strcmp(rule->name.text, "otherwise") == 0 || strcmp(rule->name.text, "mud") == 0) {
            return g_strdup_printf("`%s` stands for what no rule decides: no rule can have that name", rule->name.text);
        }
        for (unsigned other = 0; other < i; other++) {
            if (strcmp(rule_at(config, other)->name.text, rule->name.text) == 0) {
                return g_strdup_printf("two rules are named %s", rule->name.text);
            }
        }
    }
    return NULL;
}

static const char *const protocol_words[] = {[ANY_PROTOCOL] = "any", [TCP] = "tcp", [UDP] = "udp", NULL};
static const char *const action_words[] = {[ALLOW] = "allow", [DENY] = "deny", NULL};
static const char *const full_words[] = {[FULL_REFUSE] = "refuse", [FULL_REPLACE] = "replace", NULL};

#define HOSTS .kind = LZ_PARAM_NAME, .is_host_group = true

static const LzParam rule_params[] = {
    LZ_PARAM(Rule, name, .kind = LZ_PARAM_NAME, .is_required = true,
             .help = "of the rule; what it decides is counted as defence.FIREWALL/RULE.admitted and .refused"),
    LZ_PARAM(Rule, from, HOSTS, .help = "who opens the connection: a segment, fleet, service or attack; anybody when not given"),
    LZ_PARAM(Rule, to, HOSTS, .help = "to whom; anybody when not given"),
    LZ_PARAM(Rule, protocol, .kind = LZ_PARAM_ENUM, .words = protocol_words, .help = "of the packet"),
    LZ_PARAM(Rule, port, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65535,
             .help = "to which port, or the first of several; any when not given"),
    LZ_PARAM(Rule, port_to, .kind = LZ_PARAM_COUNT, .min = 1, .max = 65535, .help = "the last of several ports"),
    LZ_PARAM(Rule, action, .kind = LZ_PARAM_ENUM, .words = action_words, .help = "what happens to it and what follows"),
    LZ_PARAM_END,
};

#define SECONDS(row, word, seconds, text, from) \
    LZ_PARAM(Config, row, .key = word, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 31536000e9, .fallback = (seconds) * 1e9, \
             .help = text, .source = from)
#define CONNTRACK "Linux, nf_conntrack-sysctl: nf_conntrack_"

static const LzParam params[] = {
    LZ_PARAM(Config, rules, .kind = LZ_PARAM_LIST, .table = rule_params, .item_size = sizeof(Rule),
             .help = "in order; the first that matches decides"),
    LZ_PARAM(Config, otherwise, .kind = LZ_PARAM_ENUM, .words = action_words, .fallback = DENY,
             .help = "what happens to a connection that no rule matches"),
    LZ_PARAM(Config, connections, .kind = LZ_PARAM_COUNT, .min = 1, .max = 1e7, .fallback = 262144,
             .help = "that the table holds", .source = CONNTRACK "max, with its default of 262,144 buckets"),
    LZ_PARAM(Config, when_full, .kind = LZ_PARAM_ENUM, .words = full_words, .fallback = FULL_REFUSE,
             .help = "a new connection that finds the table full: refused, or instead of one that was never answered"),
    LZ_PARAM(Config, picks_up, .kind = LZ_PARAM_BOOL,
             .help = "whether a TCP connection that the table does not know may begin in its middle, as after a restart",
             .source = CONNTRACK "tcp_loose, where it may"),
    LZ_PARAM(Config, enforces_mud, .key = "mud", .kind = LZ_PARAM_BOOL,
             .help = "of devices that a nac has admitted with a description (MUD), that decides instead of the rules: what it does "
                     "not list is refused, and so is what others begin with them; counted as FIREWALL/mud",
             .source = "RFC 8520"),
    SECONDS(opening_ns, "opening", 120, "silence after which a TCP connection that is not established is forgotten",
            CONNTRACK "tcp_timeout_syn_sent"),
    SECONDS(established_ns, "established", 432000, "the same, established", CONNTRACK "tcp_timeout_established: 5 days"),
    SECONDS(closing_ns, "closing", 120, "the same, once both sides have closed it or one has reset it",
            CONNTRACK "tcp_timeout_time_wait"),
    SECONDS(datagram_ns, "datagram", 30, "the same of datagrams without an answer", CONNTRACK "udp_timeout"),
    SECONDS(datagram_answered_ns, "datagram_answered", 120, "the same of datagrams that were answered",
            CONNTRACK "udp_timeout_stream"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "address translation, and inspection of what is inside packets",
    "refusing with a reset or an ICMP message: what is refused is dropped in silence",
    "the CPU cost of the firewall, and synchronisation of its table with a standby",
    "sequence numbers: a segment outside the window passes",
    NULL,
};

static const LzDefenceOps ops = {
    .judges_connections = true, .init = firewall_init, .begin = firewall_begin, .admit = firewall_admit, .clear = firewall_clear};

extern const LzModel lz_defence_model_firewall;
const LzModel lz_defence_model_firewall = {
    .name = "firewall",
    .summary = "stateful packet filter between segments: ordered rules, default deny",
    .source = "a project model; time-outs and table as Linux's nf_conntrack has them",
    .kind = LZ_MODEL_DEFENCE,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Firewall),
    .not_modelled = not_modelled,
    .check = firewall_check,
    .ops = &ops,
};
