/* Routes between the switches of a world: the cheapest way, at the start and whenever the network has noticed that a
 * link or switch failed or came back. */
#include <string.h>

#include "sim/world_internal.h"

typedef struct Edge {                   /* one way over a backbone, seen from the switch that it leads to */
    unsigned from;
    uint64_t cost;
    LzElement *egress;                  /* there */
} Edge;

typedef struct Graph {
    LzWorld *world;
    GArray **edges;                     /* Edge: the ways to each switch, in plan order; NULL: none */
    uint64_t *distances;                /* to the target; UINT64_MAX: no way known */
    LzElement **egresses;               /* the way there begins with */
    bool *settled;
    GArray *queue;                      /* unsigned: switches reached, nearest first */
} Graph;

static void add_edge(Graph *graph, unsigned from, unsigned to, const Medium *medium, LzElement *egress)
{
    GArray **edges = graph->edges;
    edges[to] = edges[to] ? edges[to] : g_array_new(FALSE, FALSE, sizeof(Edge));
    Edge edge = {from, (uint64_t)medium->plan->cost, egress};
    g_array_append_val(edges[to], edge);
}

static bool is_on(const LzWorld *world, unsigned node)
{
    return lz_switch_is_on(world->switches[node].switch_);
}

static void find_edges(Graph *graph)
{
    LzWorld *world = graph->world;
    for (unsigned i = 0; i < world->plan->network.links.count; i++) {
        const Medium *medium = &world->media[i];
        const Zone *from = &world->zones[medium->zone], *to = &world->zones[medium->to];
        bool is_backbone = medium->plan->from.text && lz_link_is_up(medium->link);
        for (unsigned station = 0; is_backbone && station < from->count * to->count; station++) {
            unsigned near = from->first + station / to->count, far = to->first + station % to->count;
            if (is_on(world, near) && is_on(world, far)) {
                add_edge(graph, near, far, medium, lz_link_input(medium->link, station, LZ_UP));
                add_edge(graph, far, near, medium, lz_link_input(medium->link, station, LZ_DOWN));
            }
        }
    }
}

/* One way out, to a switch that has others: two that only know each other would pass strays to and fro. */
static bool is_leaf(const Graph *graph, unsigned node)
{
    GArray *const *edges = graph->edges;
    return edges[node] && edges[node]->len == 1 && edges[g_array_index(edges[node], Edge, 0).from]->len > 1;
}

/* Behind all that are as near: with equal costs this is breadth-first search in plan order. */
static void enqueue(Graph *graph, unsigned head, unsigned node)
{
    guint place = graph->queue->len;
    while (place > head && graph->distances[g_array_index(graph->queue, unsigned, place - 1)] > graph->distances[node]) {
        place--;
    }
    g_array_insert_val(graph->queue, place, node);
}

static void reach(Graph *graph, unsigned head, unsigned here, const Edge *edge)
{
    uint64_t distance = graph->distances[here] + edge->cost;
    if (graph->settled[edge->from] || distance >= graph->distances[edge->from]) {
        return;
    }
    graph->distances[edge->from] = distance;
    graph->egresses[edge->from] = edge->egress;
    enqueue(graph, head, edge->from);   /* it may stand there already, further off: settled by then */
}

static void begin_search(Graph *graph)
{
    memset(graph->settled, 0, graph->world->switch_count * sizeof *graph->settled);
    memset(graph->distances, 0xff, graph->world->switch_count * sizeof *graph->distances);
    g_array_set_size(graph->queue, 0);
}

static void add_target(Graph *graph, unsigned target)
{
    graph->distances[target] = 0;
    graph->egresses[target] = NULL;
    enqueue(graph, 0, target);
}

/* Dijkstra's algorithm from the targets: calls found() for every switch that has a way to one of them. */
static void search(Graph *graph, void (*found)(Graph *graph, unsigned node, unsigned target), unsigned target)
{
    for (guint head = 0; head < graph->queue->len; head++) {
        unsigned here = g_array_index(graph->queue, unsigned, head);
        if (graph->settled[here]) {
            continue;
        }
        graph->settled[here] = true;
        if (graph->distances[here] > 0) {
            found(graph, here, target);
        }
        for (guint i = 0; graph->edges[here] && i < graph->edges[here]->len; i++) {
            reach(graph, head + 1, here, &g_array_index(graph->edges[here], Edge, i));
        }
    }
}

static void add_route(Graph *graph, unsigned node, unsigned target)
{
    const LzWorld *world = graph->world;
    if (!is_leaf(graph, node)) {
        lz_switch_add_route(world->switches[node].switch_, world->switches[target].prefix, 32 - world->host_bits,
                            graph->egresses[node]);
    }
}

static void set_gateway(Graph *graph, unsigned node, unsigned target)
{
    (void)target;
    lz_switch_set_gateway(graph->world->switches[node].switch_, graph->egresses[node]);
}

/* The way to the nearest router from every switch that is none. */
static void route_to_routers(Graph *graph)
{
    const LzWorld *world = graph->world;
    begin_search(graph);
    for (unsigned i = 0; i < world->plan->network.zones.count; i++) {
        const Zone *zone = &world->zones[i];
        for (unsigned node = zone->first; node < zone->first + zone->count; node++) {
            lz_switch_set_gateway(world->switches[node].switch_, NULL);
            if (zone->plan->router && is_on(world, node)) {
                add_target(graph, node);
            }
        }
    }
    search(graph, set_gateway, 0);
}

/* A switch with one way out needs no table of the others; what is its own and has no host goes nowhere. */
static void route_leaf(const Graph *graph, unsigned node)
{
    const Edge *in = &g_array_index(graph->edges[node], Edge, 0);
    const GArray *back = graph->edges[in->from];
    const Switch *leaf = &graph->world->switches[node];
    for (guint i = 0; i < back->len; i++) {
        const Edge *out = &g_array_index(back, Edge, i);
        if (out->from == node) {
            lz_switch_add_route(leaf->switch_, LZ_ADDRESS_BASE, 32 - LZ_ADDRESS_BITS, out->egress);
        }
    }
    lz_switch_add_route(leaf->switch_, leaf->prefix, 32 - graph->world->host_bits, NULL);
}

void lz_world_route(LzWorld *world)
{
    Graph graph = {
        .world = world,
        .edges = g_new0(GArray *, world->switch_count),
        .distances = g_new(uint64_t, world->switch_count),
        .egresses = g_new(LzElement *, world->switch_count),
        .settled = g_new(bool, world->switch_count),
        .queue = g_array_new(FALSE, FALSE, sizeof(unsigned)),
    };
    find_edges(&graph);
    for (unsigned node = 0; node < world->switch_count; node++) {
        lz_switch_clear_prefixes(world->switches[node].switch_);
    }
    for (unsigned target = 0; target < world->switch_count; target++) {
        begin_search(&graph);
        add_target(&graph, target);
        search(&graph, add_route, target);
    }
    route_to_routers(&graph);
    for (unsigned node = 0; node < world->switch_count; node++) {
        if (is_leaf(&graph, node)) {
            route_leaf(&graph, node);
        }
    }
    for (unsigned node = 0; node < world->switch_count; node++) {
        if (graph.edges[node]) {
            g_array_unref(graph.edges[node]);
        }
    }
    g_free(graph.edges);
    g_free(graph.distances);
    g_free(graph.egresses);
    g_free(graph.settled);
    g_array_unref(graph.queue);
}

/* A change restarts the wait: a link that flaps faster than the network converges never comes into use. */
void lz_world_topology_changed(LzWorld *world)
{
    lz_world_background_changed(world);
    if (world->plan->network.convergence_ns > 0) {
        lz_timer_after(world->scheduler, &world->reroute, world->plan->network.convergence_ns);
    }
}
