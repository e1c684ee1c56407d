/* A device that keeps one session to its service and writes its messages into it one after the other, with
 * nothing between them: who reads them has to know their size. */
#include <glib.h>

#include "lazaret/client.h"
#include "lazaret/dscp.h"
#include "lazaret/model.h"

#define DRAIN_NS LZ_MILLISECONDS(20)    /* how soon a full send buffer is looked at again */
#define FIRST_ENTRIES 4u

typedef struct Config {
    LzTime retry_ns;
    int64_t queue_max, send_buffer_bytes;
} Config;

/* A message that was not yet acknowledged by the peer's TCP. */
typedef struct Entry {
    LzMessageId id;
    uint64_t stream_end;                /* when it was sent */
    LzBuffer *payload;                  /* while it waits */
} Entry;

typedef struct Client {
    const Config *config;
    LzClientContext context;
    LzScheduler *scheduler;
    LzProbes *probes;
    LzRandom random;
    LzSession *session;                 /* NULL: none */
    bool is_on, is_open;
    Entry *entries;                     /* ring: entry n at n & (capacity - 1); sent ones before those that wait */
    uint32_t capacity, first, waiting, next;
    uint64_t stream_bytes;              /* handed to the session so far */
    LzTime connect_ns;
    LzEvent retry, drain;
} Client;

/* ---- the ring ---- */

static Entry *entry_at(const Client *client, uint32_t number)
{
    return &client->entries[number & (client->capacity - 1)];
}

static void append(Client *client, const Entry *entry)
{
    if (client->next - client->first == client->capacity) {
        Client old = *client;
        client->capacity = MAX(2 * old.capacity, FIRST_ENTRIES);
        client->entries = g_new(Entry, client->capacity);
        for (uint32_t number = old.first; number != old.next; number++) {
            *entry_at(client, number) = *entry_at(&old, number);
        }
        g_free(old.entries);
    }
    *entry_at(client, client->next++) = *entry;
}

static void lose_first(Client *client, LzLossCause cause)
{
    Entry *entry = entry_at(client, client->first++);
    lz_probe_lost(client->probes, entry->id, cause);
    lz_buffer_unref(entry->payload);
}

static void lose_sent(Client *client, LzLossCause cause)
{
    while (client->first != client->waiting) {
        lose_first(client, cause);
    }
}

/* ---- sending ---- */

static void forget_acknowledged(Client *client)
{
    uint64_t arrived = client->stream_bytes - lz_session_unsent_bytes(client->session);
    while (client->first != client->waiting && entry_at(client, client->first)->stream_end <= arrived) {
        client->first++;
    }
}

static bool has_room(const void *state)
{
    const Client *client = state;
    return client->is_open && lz_session_unsent_bytes(client->session) < (uint64_t)client->config->send_buffer_bytes;
}

static void write_message(Client *client, LzBytes payload, LzMessageId id)
{
    client->stream_bytes += payload.size;
    lz_session_send(client->session, payload, id);
}

static void send_waiting(void *owner)
{
    Client *client = owner;
    if (!client->is_open) {
        return;
    }
    forget_acknowledged(client);
    while (client->waiting != client->next && has_room(client)) {
        Entry *entry = entry_at(client, client->waiting++);
        write_message(client, (LzBytes){entry->payload->data, entry->payload->size}, entry->id);
        entry->stream_end = client->stream_bytes;
        g_clear_pointer(&entry->payload, lz_buffer_unref);
    }
    if (client->waiting != client->next) {
        lz_timer_after(client->scheduler, &client->drain, DRAIN_NS);
    }
}

/* The newest gives way when too many wait: what was measured first is told first. */
static void keep(Client *client, LzBytes payload, LzMessageId id)
{
    if (client->next - client->waiting >= client->config->queue_max) {
        lz_probe_lost(client->probes, id, LZ_LOSS_CLIENT_QUEUE_FULL);
        return;
    }
    append(client, &(Entry){.id = id, .payload = lz_buffer_new_copy(payload.data, payload.size)});
    send_waiting(client);
}

static void send_message(void *state, unsigned flow, LzBytes payload, LzMessageId id)
{
    Client *client = state;
    g_assert(client->is_on && flow < client->context.flow_count);
    if (client->waiting != client->next || !has_room(client)) {
        keep(client, payload, id);
        return;
    }
    forget_acknowledged(client);
    write_message(client, payload, id);
    append(client, &(Entry){.id = id, .stream_end = client->stream_bytes});
    client->waiting = client->next;
}

/* ---- the session ---- */

static void opened(void *self, LzSession *session)
{
    Client *client = self;
    (void)session;
    client->is_open = true;
    LzTime took_ns = lz_now(client->scheduler) - client->connect_ns;
    lz_probe_sample(client->probes, client->context.tls_scope, LZ_METRIC_TLS_CONNECT_TIME, took_ns);
    client->context.ready(client->context.device, true);
    send_waiting(client);
}

static void received(void *self, LzSession *session, LzBytes bytes)
{
    (void)self;                         /* nothing is asked, so nothing is understood */
    (void)session;
    (void)bytes;
}

static void end_session(Client *client)
{
    lz_event_cancel(client->scheduler, &client->drain);
    client->session = NULL;
    if (client->is_open) {
        client->is_open = false;
        client->context.ready(client->context.device, false);
    }
}

static void closed(void *self, LzSession *session, LzCloseReason reason)
{
    Client *client = self;
    if (client->session != session) {
        return;
    }
    end_session(client);
    if (reason == LZ_CLOSE_POWER) {
        return;                         /* stop() follows */
    }
    lose_sent(client, LZ_LOSS_CONNECTION);
    LzTime delay_ns = 1 + (LzTime)lz_random_below(&client->random, (uint64_t)client->config->retry_ns);
    lz_timer_after(client->scheduler, &client->retry, delay_ns);
}

static const LzSessionEvents session_events = {.opened = opened, .received = received, .closed = closed};

static void connect_now(void *owner)
{
    Client *client = owner;
    client->stream_bytes = 0;
    client->connect_ns = lz_now(client->scheduler);
    client->session = lz_host_connect(client->context.host, &client->context.connect, &session_events, client);
}

/* ---- model ---- */

static void init(void *state, const void *config, const LzClientContext *context, const LzEnv *env)
{
    Client *client = state;
    client->config = config;
    client->context = *context;
    client->scheduler = env->scheduler;
    client->probes = env->probes;
    for (unsigned i = 0; i < context->flow_count; i++) {        /* one connection has one code point */
        client->context.connect.dscp = lz_dscp_higher(client->context.connect.dscp, context->flows[i].dscp);
    }
    lz_env_random(env, LZ_PURPOSE_START, &client->random);
    lz_event_init(&client->retry, connect_now, client);
    lz_event_init(&client->drain, send_waiting, client);
}

static void start(void *state)
{
    Client *client = state;
    client->is_on = true;
    connect_now(client);
}

static void stop(void *state)
{
    Client *client = state;
    client->is_on = false;
    end_session(client);
    lz_event_cancel(client->scheduler, &client->retry);
    while (client->first != client->next) {
        lose_first(client, LZ_LOSS_POWER);
    }
    client->waiting = client->next;
}

static void clear(void *state)
{
    Client *client = state;
    if (client->is_on) {
        stop(client);
    }
    g_clear_pointer(&client->entries, g_free);
}

static const LzParam params[] = {
    LZ_PARAM(Config, retry_ns, .kind = LZ_PARAM_TIME_NS, .min = 1e6, .max = 86400e9, .fallback = 1e9,
             .help = "longest delay before the next attempt to connect; drawn uniformly"),
    LZ_PARAM(Config, queue_max, .kind = LZ_PARAM_COUNT, .max = 1e6, .fallback = 100,
             .help = "messages that a device keeps while it cannot send; beyond, the newest is lost"),
    LZ_PARAM(Config, send_buffer_bytes, .kind = LZ_PARAM_BYTES, .min = 1, .max = 1e9, .fallback = 65536,
             .help = "bytes handed to the connection and not acknowledged; beyond, messages wait in the device's queue"),
    LZ_PARAM_END,
};

static const char *const not_modelled[] = {
    "DSCP per flow: all flows share one connection and its code point, the highest of theirs",
    "keep-alive: a peer that vanished is noticed when TCP gives up",
    "the QoS of a flow: everything is sent once",
    NULL,
};

static const LzClientOps ops = {
    .delivers_once = true,
    .init = init,
    .start = start,
    .stop = stop,
    .send = send_message,
    .has_room = has_room,
    .clear = clear,
};

const LzModel lz_client_model_telemetry = {
    .name = "telemetry",
    .summary = "messages one after the other in one plain or TLS session",
    .source = "a project model",
    .kind = LZ_MODEL_CLIENT,
    .params = params,
    .config_size = sizeof(Config),
    .state_size = sizeof(Client),
    .not_modelled = not_modelled,
    .ops = &ops,
};
