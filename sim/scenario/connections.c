/* Which connection of a device carries which flow. */
#include <string.h>

#include "sim/scenario/plan.h"
#include "sim/scenario/resolve.h"

static void resolve_connection(LzResolver *resolver, const LzFleetPlan *fleet, LzConnectionPlan *connection)
{
    const LzServicePlan *service = lz_names_resolve(resolver->services, "E106", &connection->to);
    const LzNode *node = lz_walk_node(resolver->walk, connection);
    LzMark mark = lz_resolve_tls_mark(node, connection->name.mark);
    if (service && service->tls.is_datagram) {
        lz_resolve_dtls(resolver, &connection->tls, service->tls.has_srtp, mark);
    }
    lz_resolve_check_tls(resolver, &connection->tls, mark);
    if (service) {
        lz_resolve_warn_tls(resolver, &fleet->name, &connection->tls, &connection->to, service, node);
    }
}

/* A flow that the fleet itself adds must have its connection. A profile says what a device can do; what of it a fleet
 * does, its connections say. */
static bool is_carried(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow, const LzNames *names, bool is_own)
{
    if (!flow->connection.text) {
        return true;
    }
    if (is_own) {
        return lz_names_resolve(names, "E127", &flow->connection);
    }
    if (lz_names_find(names, flow->connection.text)) {
        return true;
    }
    lz_report_warning(resolver->report, "W305", fleet->profile.mark, lz_text_length(&fleet->profile),
                      "flow `%s` of profile `%s` is not sent: it needs a connection `%s`, which fleet `%s` does not make",
                      flow->name.text ? flow->name.text : "", fleet->profile.text, flow->connection.text,
                      fleet->name.text ? fleet->name.text : "");
    return false;
}

static bool is_own_flow(const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    for (unsigned i = 0; i < fleet->traffic.count; i++) {
        if (g_strcmp0(LZ_ITEM(fleet->traffic, LzFlowPlan, i)->name.text, flow->name.text) == 0) {
            return true;
        }
    }
    return false;
}

/* Appends the flows of the connection of that name; NULL: of the first. Returns how many. */
static unsigned take_flows(const LzList *from, const char *connection, LzList *to)
{
    unsigned count = 0;
    for (unsigned i = 0; i < from->count; i++) {
        const LzFlowPlan *flow = LZ_ITEM(*from, LzFlowPlan, i);
        if (g_strcmp0(flow->connection.text, connection) == 0) {
            LZ_ITEM(*to, LzFlowPlan, to->count)[0] = *flow;
            to->count++;
            count++;
        }
    }
    return count;
}

LzList lz_resolve_connections(LzResolver *resolver, LzFleetPlan *fleet, const LzList *flows)
{
    g_autoptr(LzNames) names = lz_names_new(resolver->report, "connection", &fleet->connections, sizeof(LzConnectionPlan));
    for (unsigned i = 0; i < fleet->connections.count; i++) {
        resolve_connection(resolver, fleet, LZ_ITEM(fleet->connections, LzConnectionPlan, i));
    }
    for (unsigned i = 0; i < flows->count; i++) {
        const LzFlowPlan *flow = LZ_ITEM(*flows, LzFlowPlan, i);
        is_carried(resolver, fleet, flow, names, is_own_flow(fleet, flow));
    }
    LzList ordered = {lz_arena_array(resolver->walk->arena, MAX(flows->count, 1), sizeof(LzFlowPlan)), 0};
    take_flows(flows, NULL, &ordered);
    for (unsigned i = 0; i < fleet->connections.count; i++) {
        LzConnectionPlan *connection = LZ_ITEM(fleet->connections, LzConnectionPlan, i);
        connection->flow_count = connection->name.text ? take_flows(flows, connection->name.text, &ordered) : 0;
    }
    return ordered;
}
