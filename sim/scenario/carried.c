/* Which flows may be carried otherwise than in packets: those whose messages come simply, over links, queues, switches and
 * defences that can stand beside them. */
#include <string.h>

#include "lazaret/behaviour.h"
#include "lazaret/defence.h"
#include "lazaret/link.h"
#include "lazaret/queue.h"
#include "sim/scenario/plan.h"
#include "sim/scenario/resolve.h"

#define MESSAGE_BYTES_MAX 16e6

static void check_behaviour(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    const LzBehaviourOps *ops = flow->behaviour.model->ops;
    const LzLoad load = ops->load ? ops->load(flow->behaviour.config) : (LzLoad){0};
    const bool is_simple = load.arrivals != LZ_ARRIVALS_OTHER && load.messages_per_s > 0 && load.message_bytes <= MESSAGE_BYTES_MAX;
    if (!is_simple) {
        lz_report_error(resolver->report, "E161", flow->name.mark, lz_text_length(&flow->name),
                        "flow `%s` of fleet `%s` cannot be carried as a flow: what this %s sends is not even or random messages of one "
                        "size",
                        flow->name.text, fleet->name.text, flow->behaviour.model->name);
    }
}

static const char *why_not_over(const LzLinkPlan *link)
{
    if (!((const LzLinkOps *)link->model.model->ops)->rate_bps) {
        return link->model.model->name;
    }
    return ((const LzQueueOps *)link->queue.model->ops)->classes ? NULL : link->queue.model->name;
}

static void check_link(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow, const LzLinkPlan *link)
{
    const bool is_known = link->name.text && link->model.model && link->queue.model;
    const char *reason = is_known ? why_not_over(link) : NULL;
    if (reason) {
        lz_report_error(resolver->report, "E162", link->name.mark, lz_text_length(&link->name),
                        "flow `%s` of fleet `%s` is carried as a flow and may cross link `%s`, whose `%s` knows only packets",
                        flow->name.text, fleet->name.text, link->name.text, reason);
    }
}

static void check_links(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow, const LzServicePlan *service)
{
    const LzNetworkPlan *network = &resolver->plan->network;
    for (unsigned i = 0; i < network->links.count; i++) {
        const LzLinkPlan *link = LZ_ITEM(network->links, LzLinkPlan, i);
        bool is_on_way = link->from.text || (service && g_strcmp0(link->name.text, service->link.text) == 0);
        for (unsigned n = 0; n < fleet->link_count && !is_on_way; n++) {
            is_on_way = fleet->links[n] == i;
        }
        if (is_on_way) {
            check_link(resolver, fleet, flow, link);
        }
    }
}

static void check_rest(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    const LzPlan *plan = resolver->plan;
    for (unsigned i = 0; i < plan->network.zones.count; i++) {
        const LzZonePlan *zone = LZ_ITEM(plan->network.zones, LzZonePlan, i);
        if (zone->buffer_bytes > 0 && zone->name.text) {
            lz_report_error(resolver->report, "E162", zone->name.mark, lz_text_length(&zone->name),
                            "flow `%s` of fleet `%s` is carried as a flow and may cross zone `%s`, whose shared `buffer` knows only packets",
                            flow->name.text, fleet->name.text, zone->name.text);
        }
    }
    for (unsigned i = 0; i < plan->defences.count; i++) {
        const LzDefencePlan *defence = LZ_ITEM(plan->defences, LzDefencePlan, i);
        if (defence->kind.model && defence->name.text && !((const LzDefenceOps *)defence->kind.model->ops)->judges_connections) {
            lz_report_error(resolver->report, "E162", defence->name.mark, lz_text_length(&defence->name),
                            "flow `%s` of fleet `%s` is carried as a flow and may meet defence `%s`, a %s, which counts packets",
                            flow->name.text, fleet->name.text, defence->name.text, defence->kind.model->name);
        }
    }
}

static const LzServicePlan *service_of(LzResolver *resolver, const LzFleetPlan *fleet, const LzFlowPlan *flow)
{
    const LzText *to = &fleet->connect.to;
    for (unsigned i = 0; flow->connection.text && i < fleet->connections.count; i++) {
        const LzConnectionPlan *connection = LZ_ITEM(fleet->connections, LzConnectionPlan, i);
        if (g_strcmp0(connection->name.text, flow->connection.text) == 0) {
            to = &connection->to;
        }
    }
    return to->text ? lz_names_find(resolver->services, to->text) : NULL;
}

void lz_resolve_carried(LzResolver *resolver)
{
    for (unsigned i = 0; i < resolver->plan->fleet.count; i++) {
        const LzFleetPlan *fleet = LZ_ITEM(resolver->plan->fleet, LzFleetPlan, i);
        for (unsigned n = 0; fleet->name.text && fleet->resolved && n < fleet->resolved->flows.count; n++) {
            const LzFlowPlan *flow = LZ_ITEM(fleet->resolved->flows, LzFlowPlan, n);
            if (flow->carried == LZ_CARRIED_PACKET || !flow->name.text || !flow->behaviour.model) {
                continue;
            }
            check_behaviour(resolver, fleet, flow);
            check_links(resolver, fleet, flow, service_of(resolver, fleet, flow));
            check_rest(resolver, fleet, flow);
        }
    }
}
