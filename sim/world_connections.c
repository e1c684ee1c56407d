/* The connections of a fleet's devices: the first, and those beside it. */
#include "lazaret/dscp.h"
#include "sim/world_internal.h"

static uint8_t highest_dscp(const LzDeviceFlow *flows, unsigned count)
{
    uint8_t dscp = 0;
    for (unsigned i = 0; i < count; i++) {
        dscp = lz_dscp_higher(dscp, flows[i].dscp);
    }
    return dscp;
}

static LzConnect connect_to(const Service *service, const LzTlsProfile *tls, LzTime handshake_timeout_ns)
{
    return (LzConnect){
        .address = lz_host_address(service->host),
        .port = (uint16_t)service->plan->port,
        .tls = tls,
        .server_name = service->plan->name.text,
        .handshake_timeout_ns = handshake_timeout_ns,
    };
}

static gboolean build_further(LzWorld *world, Fleet *fleet, unsigned index, const LzDeviceFlow *flows, GError **error)
{
    const LzConnectionPlan *plan = &LZ_PLAN_ITEMS(fleet->plan->connections, LzConnectionPlan)[index];
    FleetConnection *connection = &fleet->more[index];
    connection->service = lz_world_service(world, plan->to.text);
    if (connection->service->tls && plan->tls.is_enabled) {
        LzTlsPlan tls = plan->tls;
        tls.resume = fleet->plan->connect.tls.resume;
        g_autofree char *entity = g_strconcat(fleet->plan->name.text, "/", plan->name.text, NULL);
        connection->tls = lz_world_tls_profile(world, &tls, NULL, entity, error);
        if (!connection->tls) {
            return FALSE;
        }
    }
    fleet->more_options[index] = (LzDeviceConnection){
        .name = plan->name.text,
        .client = plan->client.model,
        .client_config = plan->client.config,
        .connect = connect_to(connection->service, connection->tls, plan->handshake_timeout_ns),
        .flow_count = plan->flow_count,
    };
    fleet->more_options[index].connect.dscp = highest_dscp(flows, plan->flow_count);
    return TRUE;
}

gboolean lz_world_build_connections(LzWorld *world, Fleet *fleet, GError **error)
{
    const LzConnectPlan *plan = &fleet->plan->connect;
    const LzTlsPlan *tls = &plan->tls;
    if (fleet->service->tls && tls->is_enabled) {
        fleet->tls = lz_world_tls_profile(world, tls, NULL, fleet->plan->name.text, error);
        if (!fleet->tls) {
            return FALSE;
        }
    }
    const unsigned count = fleet->plan->connections.count;
    unsigned first = fleet->flow_count;
    for (unsigned i = 0; i < count; i++) {
        first -= LZ_PLAN_ITEMS(fleet->plan->connections, LzConnectionPlan)[i].flow_count;
    }
    fleet->connect = connect_to(fleet->service, fleet->tls, plan->handshake_timeout_ns);
    fleet->connect.dscp = highest_dscp(fleet->flows, first);
    fleet->more = g_new0(FleetConnection, count);
    fleet->more_options = g_new0(LzDeviceConnection, count);
    for (unsigned i = 0; i < count; i++) {
        if (!build_further(world, fleet, i, &fleet->flows[first], error)) {
            return FALSE;
        }
        first += fleet->more_options[i].flow_count;
    }
    return TRUE;
}

/* A device has one certificate for all its connections. */
bool lz_world_fleet_speaks_tls(const Fleet *fleet)
{
    bool speaks_tls = fleet->tls;
    for (unsigned i = 0; i < fleet->plan->connections.count; i++) {
        speaks_tls |= fleet->more[i].tls != NULL;
    }
    return speaks_tls;
}

Service *lz_world_service_of_connection(const Fleet *fleet, unsigned connection)
{
    return connection == 0 ? fleet->service : fleet->more[connection - 1].service;
}

void lz_world_clear_connections(Fleet *fleet)
{
    for (unsigned i = 0; fleet->more && i < fleet->plan->connections.count; i++) {
        lz_tls_profile_free(fleet->more[i].tls);
    }
    lz_tls_profile_free(fleet->tls);
    g_free(fleet->more);
    g_free(fleet->more_options);
}
