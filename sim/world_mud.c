/* The description of each fleet's devices that their manufacturer publishes (RFC 8520), and what the network makes of it. */
#include <string.h>

#include "lazaret/protocol/mud.h"
#include "sim/core/json.h"
#include "sim/world_internal.h"

#define CACHE_VALIDITY_H 48             /* RFC 8520 section 3.5: the default */

char *lz_world_mud_url(const LzFleetPlan *plan)
{
    return g_strdup_printf("https://mud.lazaret.example/%s.json", plan->name.text);
}

/* ---- the file ---- */

static void write_policy(LzJson *json, const char *policy, const char *list)
{
    lz_json_object_begin(json, policy);
    lz_json_object_begin(json, "access-lists");
    lz_json_array_begin(json, "access-list");
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "name", list);
    lz_json_object_end(json);
    lz_json_array_end(json);
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void write_mud(LzJson *json, const LzWorld *world, const LzFleetPlan *plan)
{
    g_autofree char *url = lz_world_mud_url(plan);
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(world->plan->start_unix_s);
    g_autofree char *updated = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S+00:00");
    lz_json_object_begin(json, "ietf-mud:mud");
    lz_json_integer(json, "mud-version", 1);
    lz_json_string(json, "mud-url", url);
    lz_json_string(json, "last-update", updated);
    lz_json_integer(json, "cache-validity", CACHE_VALIDITY_H);
    lz_json_boolean(json, "is-supported", true);
    lz_json_string(json, "systeminfo", plan->resolved->title.text ? plan->resolved->title.text : plan->resolved->name.text);
    lz_json_string(json, "mfg-name", "LAZARET TEST");
    lz_json_string(json, "model-name", plan->resolved->name.text);
    write_policy(json, "from-device-policy", "from-device");
    write_policy(json, "to-device-policy", "to-device");
    lz_json_object_end(json);
}

typedef struct Peer {                   /* somebody that the device speaks to */
    const char *service;
    uint16_t port;
    bool is_udp;
} Peer;

static void write_entry(LzJson *json, const Peer *peer, bool is_from_device)
{
    g_autofree char *name = g_strdup_printf("%s-%u", peer->service, peer->port);
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "name", name);
    lz_json_object_begin(json, "matches");
    lz_json_object_begin(json, "ipv4");
    lz_json_string(json, is_from_device ? "ietf-acldns:dst-dnsname" : "ietf-acldns:src-dnsname", peer->service);
    lz_json_integer(json, "protocol", peer->is_udp ? LZ_IP_UDP : LZ_IP_TCP);
    lz_json_object_end(json);
    lz_json_object_begin(json, peer->is_udp ? "udp" : "tcp");
    lz_json_object_begin(json, is_from_device ? "destination-port" : "source-port");
    lz_json_string(json, "operator", "eq");
    lz_json_integer(json, "port", peer->port);
    lz_json_object_end(json);
    if (!peer->is_udp) {                /* RFC 8520 section 8.4: of TCP only */
        lz_json_string(json, "ietf-mud:direction-initiated", "from-device");
    }
    lz_json_object_end(json);
    lz_json_object_end(json);
    lz_json_object_begin(json, "actions");
    lz_json_string(json, "forwarding", "accept");
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void write_list(LzJson *json, const GArray *peers, bool is_from_device)
{
    lz_json_object_begin(json, NULL);
    lz_json_string(json, "name", is_from_device ? "from-device" : "to-device");
    lz_json_string(json, "type", "ipv4-acl-type");
    lz_json_object_begin(json, "aces");
    lz_json_array_begin(json, "ace");
    for (guint i = 0; i < peers->len; i++) {
        write_entry(json, &g_array_index(peers, Peer, i), is_from_device);
    }
    lz_json_array_end(json);
    lz_json_object_end(json);
    lz_json_object_end(json);
}

static void add_peer(GArray *peers, LzWorld *world, const LzText *service, const LzClientOps *client)
{
    if (service->text) {
        const Service *found = lz_world_service(world, service->text);
        const LzServiceOps *ops = found->plan->kind.model->ops;
        const Peer peer = {service->text, (uint16_t)found->plan->port, client ? client->uses_datagrams : ops->is_datagram};
        g_array_append_val(peers, peer);
    }
}

static GArray *find_peers(LzWorld *world, const LzFleetPlan *plan)
{
    GArray *peers = g_array_new(FALSE, FALSE, sizeof(Peer));
    add_peer(peers, world, &plan->connect.to, plan->connect.client.model->ops);
    for (unsigned i = 0; i < plan->connections.count; i++) {
        const LzConnectionPlan *connection = &LZ_PLAN_ITEMS(plan->connections, LzConnectionPlan)[i];
        add_peer(peers, world, &connection->to, connection->client.model->ops);
    }
    const LzText *others[] = {&plan->onboarding.registrar, &plan->dhcp, &plan->ntp, &plan->dns};
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        add_peer(peers, world, others[i], NULL);
    }
    return peers;
}

char *lz_world_mud_file(LzWorld *world, unsigned fleet)
{
    const LzFleetPlan *plan = &LZ_PLAN_ITEMS(world->plan->fleet, LzFleetPlan)[fleet];
    if (plan->onboarding.method == LZ_ONBOARDING_NONE) {
        return NULL;
    }
    g_autoptr(LzJson) json = lz_json_new(2);
    g_autoptr(GArray) peers = find_peers(world, plan);
    lz_json_object_begin(json, NULL);
    write_mud(json, world, plan);
    lz_json_object_begin(json, "ietf-access-control-list:acls");
    lz_json_array_begin(json, "acl");
    write_list(json, peers, true);
    write_list(json, peers, false);
    lz_json_array_end(json);
    lz_json_object_end(json);
    lz_json_object_end(json);
    size_t size;
    const char *text = lz_json_text(json, &size);
    return g_strndup(text, size);
}

/* ---- what the network makes of it ---- */

static LzAddress address_of(const LzWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->plan->services.count; i++) {
        if (strcmp(world->services[i].plan->name.text, name) == 0) {
            return lz_host_address(world->services[i].host);
        }
    }
    return 0;
}

static const char *mud_file_of(LzWorld *world, const char *url)
{
    for (unsigned i = 0; i < world->plan->fleet.count; i++) {
        g_autofree char *known = lz_world_mud_url(world->fleets[i].plan);
        if (strcmp(known, url) == 0) {
            Fleet *fleet = &world->fleets[i];
            fleet->mud_file = fleet->mud_file ? fleet->mud_file : lz_world_mud_file(world, i);
            return fleet->mud_file;
        }
    }
    return NULL;
}

/* A device whose description cannot be had, or be kept to, may begin nothing. */
void lz_world_enforce_mud(LzWorld *world, const Device *device, const char *url)
{
    LzMudEntry entries[LZ_MUD_ENTRIES_MAX];
    LzMudRule rules[LZ_MUD_ENTRIES_MAX];
    const char *file = mud_file_of(world, url);
    int found = file ? lz_mud_decode((LzBytes){(const uint8_t *)file, strlen(file)}, entries) : 0;
    unsigned count = 0;
    for (int i = 0; i < found; i++) {
        LzAddress address = address_of(world, entries[i].host);
        if (address != 0) {
            rules[count++] = (LzMudRule){address, entries[i].port, entries[i].protocol};
        }
    }
    lz_mud_book_set(world->mud, lz_host_address(device->host), rules, count);
}
