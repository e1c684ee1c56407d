/* A device of a fleet. */
#include "sim/host/device.h"

#include <string.h>

#define ROOM_ALIGNMENT 16u
#define SMALL_MESSAGE_BYTES 1536u       /* made without asking for memory */

struct LzFlow {                         /* begins with what every message needs */
    LzHost *host;
    LzProbes *probes;
    void (*send)(void *state, unsigned flow, LzBytes payload, LzMessageId message);
    void *client;                       /* state */
    LzTime deadline_ns;
    LzScope scope;
    LzProbeDevice *probe;
    unsigned index;                     /* among the flows of its connection */
    LzDevice *device;
    const LzDeviceFlow *flow;
    void *behaviour;                    /* state */
};

typedef struct Further {                /* a connection beside the first */
    LzDevice *device;
    const LzDeviceConnection *options;
    void *client;                       /* state */
    bool is_ready;
} Further;

struct LzDevice {
    LzHost *host;
    LzFlow *flows;
    void *client;                       /* state */
    Further *more;                      /* options.more_count */
    LzClientFlow *client_flows;
    bool is_on, is_ready;
    LzProbeDevice *probe;
    uint64_t times_ready;
    GPtrArray *destinations;            /* char *: what client_flows point to */
    LzDeviceOptions options;
};

static LzEnv part_env(const LzHost *host, const char *part)
{
    g_autofree char *name = g_strdup_printf("%s/%s", lz_host_name(host), part);
    LzEnv env = *lz_host_env(host);
    env.entity = lz_entity_id(name);
    return env;
}

static char *expand(const LzDevice *device, const char *pattern)
{
    g_autoptr(GString) text = g_string_new(pattern);
    g_autofree char *id = g_strdup_printf("%u", device->options.number);
    g_string_replace(text, "{zone}", device->options.zone, 0);
    g_string_replace(text, "{fleet}", device->options.fleet, 0);
    g_string_replace(text, "{id}", id, 0);
    g_string_replace(text, "{device}", lz_host_name(device->host), 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void client_ready(void *self, bool is_ready)
{
    LzDevice *device = self;
    if (device->is_ready == is_ready) {
        return;
    }
    device->is_ready = is_ready;
    device->times_ready += is_ready;
    device->options.ready(device->options.owner, device, 0, is_ready);
}

static void further_ready(void *self, bool is_ready)
{
    Further *further = self;
    LzDevice *device = further->device;
    if (further->is_ready != is_ready) {
        further->is_ready = is_ready;
        device->options.ready(device->options.owner, device, 1 + (unsigned)(further - device->more), is_ready);
    }
}

static const LzBehaviourOps *behaviour_ops(const LzFlow *flow)
{
    return flow->flow->behaviour->ops;
}

static const LzClientOps *client_ops(const LzDevice *device)
{
    return device->options.client->ops;
}

static unsigned flows_of_first(const LzDeviceOptions *options)
{
    unsigned count = options->flow_count;
    for (unsigned i = 0; i < options->more_count; i++) {
        count -= options->more[i].flow_count;
    }
    return count;
}

/* first: the index of its connection's first flow. */
static void init_flow(LzDevice *device, unsigned index, unsigned first, const LzModel *client, void *client_state)
{
    const LzDeviceFlow *options = &device->options.flows[index];
    LzFlow *flow = &device->flows[index];
    *flow = (LzFlow){
        .host = device->host,
        .probes = lz_host_env(device->host)->probes,
        .send = ((const LzClientOps *)client->ops)->send,
        .client = client_state,
        .deadline_ns = options->deadline_ns,
        .scope = options->scope,
        .probe = device->probe,
        .index = index - first,
        .device = device,
        .flow = options,
        .behaviour = flow->behaviour,
    };
    char *destination = expand(device, options->publish);
    g_ptr_array_add(device->destinations, destination);
    device->client_flows[index] = (LzClientFlow){
        .name = options->name,
        .destination = destination,
        .qos = options->qos,
        .dscp = options->dscp,
    };
    LzEnv env = part_env(device->host, options->name);
    behaviour_ops(flow)->init(flow->behaviour, options->config, flow, &env);
}

/* Everything of a device stands in its host's room, in the order in which a message meets it: the behaviours'
 * states, the flows, the lives of its messages, the client's state; before them what a message does not need. */
static void *take_room(uintptr_t *at, size_t bytes)
{
    void *place = (void *)*at;
    *at += (bytes + ROOM_ALIGNMENT - 1) / ROOM_ALIGNMENT * ROOM_ALIGNMENT;
    return place;
}

static LzDevice *lay_out(uint8_t *room, const LzDeviceOptions *options, size_t *ret_bytes)
{
    uintptr_t at = (uintptr_t)room;     /* a number, because there is no room when it is only measured */
    LzDevice *device = take_room(&at, sizeof(LzDevice));
    LzClientFlow *client_flows = take_room(&at, options->flow_count * sizeof(LzClientFlow));
    uintptr_t behaviours = at;
    for (unsigned i = 0; i < options->flow_count; i++) {
        take_room(&at, options->flows[i].behaviour->state_size);
    }
    LzFlow *flows = take_room(&at, options->flow_count * sizeof(LzFlow));
    LzProbeDevice *probe = take_room(&at, lz_probe_device_bytes());
    void *client = take_room(&at, options->client->state_size);
    Further *more = take_room(&at, options->more_count * sizeof(Further));
    uintptr_t clients = at;
    for (unsigned i = 0; i < options->more_count; i++) {
        take_room(&at, options->more[i].client->state_size);
    }
    *ret_bytes = at - (uintptr_t)room;
    if (room) {
        *device = (LzDevice){.flows = flows, .client = client, .more = more, .client_flows = client_flows, .probe = probe};
        for (unsigned i = 0; i < options->flow_count; i++) {
            flows[i].behaviour = take_room(&behaviours, options->flows[i].behaviour->state_size);
        }
        for (unsigned i = 0; i < options->more_count; i++) {
            more[i] = (Further){device, &options->more[i], take_room(&clients, options->more[i].client->state_size), false};
        }
    }
    return device;
}

size_t lz_device_room_bytes(const LzDeviceOptions *options)
{
    size_t bytes = 0;
    lay_out(NULL, options, &bytes);
    return bytes;
}

static const LzClientOps *further_ops(const Further *further)
{
    return further->options->client->ops;
}

static void init_further(Further *further, const LzClientContext *of_first, unsigned first)
{
    LzDevice *device = further->device;
    const LzDeviceConnection *options = further->options;
    for (unsigned i = first; i < first + options->flow_count; i++) {
        init_flow(device, i, first, options->client, further->client);
    }
    LzClientContext context = *of_first;
    context.connect = options->connect;
    context.connect.credential = options->connect.tls ? of_first->connect.credential : NULL;
    context.flows = &device->client_flows[first];
    context.flow_count = options->flow_count;
    context.ready = further_ready;
    context.device = further;
    g_autofree char *part = g_strconcat("client/", options->name, NULL);
    LzEnv env = part_env(device->host, part);
    further_ops(further)->init(further->client, options->client_config, &context, &env);
}

static bool delivers_once(const LzDevice *device)
{
    bool do_all = client_ops(device)->delivers_once;
    for (unsigned i = 0; i < device->options.more_count; i++) {
        do_all = do_all && further_ops(&device->more[i])->delivers_once;
    }
    return do_all;
}

LzDevice *lz_device_new(LzHost *host, const LzDeviceOptions *options)
{
    size_t room_bytes = 0;
    LzDevice *device = lay_out(lz_host_room(host), options, &room_bytes);
    device->host = host;
    device->options = *options;
    device->probe = lz_probe_device(lz_host_env(host)->probes, lz_host_name(host), delivers_once(device), device->probe);
    device->destinations = g_ptr_array_new_with_free_func(g_free);
    const unsigned first_flows = flows_of_first(options);
    for (unsigned i = 0; i < first_flows; i++) {
        init_flow(device, i, 0, options->client, device->client);
    }
    const LzClientContext context = {
        .host = host,
        .connect = options->connect,
        .flows = device->client_flows,
        .flow_count = first_flows,
        .tls_scope = options->tls_scope,
        .ready = client_ready,
        .device = device,
    };
    LzEnv env = part_env(host, "client");
    client_ops(device)->init(device->client, options->client_config, &context, &env);
    unsigned first = first_flows;
    for (unsigned i = 0; i < options->more_count; i++) {
        init_further(&device->more[i], &context, first);
        first += options->more[i].flow_count;
    }
    lz_host_set_power(host, false);
    return device;
}

void lz_device_free(LzDevice *device)
{
    if (!device) {
        return;
    }
    lz_device_set_power(device, false);
    client_ops(device)->clear(device->client);
    for (unsigned i = 0; i < device->options.more_count; i++) {
        further_ops(&device->more[i])->clear(device->more[i].client);
    }
    g_ptr_array_unref(device->destinations);
    lz_probe_device_end(lz_host_env(device->host)->probes, device->probe);
    lz_host_free(device->host);
}

static void start_clients(LzDevice *device)
{
    client_ops(device)->start(device->client);
    for (unsigned i = 0; i < device->options.more_count; i++) {
        further_ops(&device->more[i])->start(device->more[i].client);
    }
}

static void stop_clients(LzDevice *device)
{
    client_ops(device)->stop(device->client);
    client_ready(device, false);
    for (unsigned i = 0; i < device->options.more_count; i++) {
        further_ops(&device->more[i])->stop(device->more[i].client);
        further_ready(&device->more[i], false);
    }
}

void lz_device_set_power(LzDevice *device, bool is_on)
{
    if (device->is_on == is_on) {
        return;
    }
    device->is_on = is_on;
    lz_host_set_power(device->host, is_on);
    if (is_on) {
        start_clients(device);
    }
    for (unsigned i = 0; i < device->options.flow_count; i++) {
        LzFlow *flow = &device->flows[i];
        if (flow->flow->is_background) {
            continue;
        }
        (is_on ? behaviour_ops(flow)->start : behaviour_ops(flow)->stop)(flow->behaviour);
    }
    if (!is_on) {
        stop_clients(device);
    }
}

/* What a message carries after its mark: plainly test data. What is written is copied on, doubling. */
static void fill(uint8_t *bytes, size_t size)
{
    static const char filler[] = "LAZARET TEST DATA ";
    size_t done = MIN(size, sizeof filler - 1);
    memcpy(bytes, filler, done);
    while (done < size) {
        size_t more = MIN(size - done, done);
        memcpy(bytes + done, bytes, more);
        done += more;
    }
}

void lz_flow_event_init(const LzFlow *flow, LzEvent *event, LzEventHandler handle, void *owner)
{
    lz_event_init(event, handle, owner);
    lz_event_set_fetch(event, lz_host_fetch_bytes(flow->host, owner));
}

void lz_flow_emit(LzFlow *flow, uint32_t size_bytes)
{
    g_assert(size_bytes >= LZ_MESSAGE_MARK_BYTES);
    lz_host_expect_sending(flow->host);
    LzMessageId message =
        lz_probe_created(flow->probes, flow->scope, flow->probe, size_bytes, flow->deadline_ns);
    uint8_t small[SMALL_MESSAGE_BYTES];
    g_autofree uint8_t *large = size_bytes > sizeof small ? g_malloc(size_bytes) : NULL;
    uint8_t *payload = large ? large : small;
    lz_message_mark_write(payload, message);
    fill(payload + LZ_MESSAGE_MARK_BYTES, size_bytes - LZ_MESSAGE_MARK_BYTES);
    flow->send(flow->client, flow->index, (LzBytes){payload, size_bytes}, message);
}

LzTime lz_flow_after(const LzFlow *flow, LzTime from_ns, LzTime interval_ns)
{
    const LzDeviceFlow *options = flow->flow;
    return from_ns + (options->diurnal ? lz_diurnal_stretch(options->diurnal, options->start_of_day_ns + from_ns, interval_ns)
                                       : interval_ns);
}

bool lz_flow_has_room(const LzFlow *flow)
{
    const LzDevice *device = flow->device;
    const LzClientOps *ops = client_ops(device);
    for (unsigned i = 0; i < device->options.more_count; i++) {
        ops = device->more[i].client == flow->client ? further_ops(&device->more[i]) : ops;
    }
    return !ops->has_room || ops->has_room(flow->client);
}

uint64_t lz_device_reconnects(const LzDevice *device)
{
    return device->times_ready > 0 ? device->times_ready - 1 : 0;
}
