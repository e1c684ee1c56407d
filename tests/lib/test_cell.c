#include "tests/lib/test_cell.h"

#include <glib.h>

#include "lazaret/element.h"
#include "sim/registry.h"
#include "tests/lib/test_config.h"

struct LzTestSink {
    LzElement element;
    LzTestCell *cell;
    unsigned station;
    LzDirection direction;
};

static void sink_receive(LzElement *element, LzPacket *packet)
{
    const LzTestSink *sink = (const LzTestSink *)element;
    LzTestCell *cell = sink->cell;
    g_assert_cmpuint(cell->arrival_count, <, LZ_TEST_ARRIVALS_MAX);
    cell->arrivals[cell->arrival_count++] =
        (LzTestArrival){lz_now(cell->scheduler), packet->id, sink->station, sink->direction};
    lz_packet_free(cell->packets, packet);
}

static const LzElementOps sink_ops = {.receive = sink_receive};

LzTestCell *lz_test_cell_new(const LzModel *model, void *config, unsigned stations, uint64_t seed)
{
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    LzTestCell *cell = g_new0(LzTestCell, 1);
    cell->scheduler = lz_scheduler_new();
    cell->packets = lz_packet_pool_new();
    cell->config = config;
    cell->queue_config = lz_test_config_new(fifo);
    const LzEnv env = {cell->scheduler, cell->packets, NULL, seed, lz_entity_id("cell")};
    const LzChoice choice = {.model = model, .config = config}, queue = {.model = fifo, .config = cell->queue_config};
    cell->link = lz_link_new(&env, "cell", &choice, &queue, stations, 0, NULL);
    cell->sinks = g_new0(LzTestSink, 2 * stations);
    for (unsigned i = 0; i < 2 * stations; i++) {
        cell->sinks[i] = (LzTestSink){{&sink_ops, NULL}, cell, i / 2, (LzDirection)(i % 2)};
        lz_link_set_sink(cell->link, i / 2, (LzDirection)(i % 2), &cell->sinks[i].element);
    }
    return cell;
}

void lz_test_cell_free(LzTestCell *cell)
{
    lz_link_free(cell->link);
    g_assert_cmpuint(lz_packet_pool_in_use(cell->packets), ==, 0);
    g_assert_cmpuint(lz_scheduler_pending(cell->scheduler), ==, 0);
    lz_packet_pool_free(cell->packets);
    lz_scheduler_free(cell->scheduler);
    g_free(cell->config);
    g_free(cell->queue_config);
    g_free(cell->sinks);
    g_free(cell);
}

void lz_test_cell_run(LzTestCell *cell, LzTime until_ns)
{
    while (lz_scheduler_step(cell->scheduler, until_ns)) {
    }
}

uint64_t lz_test_cell_send(LzTestCell *cell, LzTime time_ns, unsigned station, LzDirection direction, uint32_t ip_bytes)
{
    g_assert_cmpuint(ip_bytes, >=, 28);
    lz_test_cell_run(cell, time_ns);
    LzPacket *packet = lz_packet_new(cell->packets);
    packet->protocol = LZ_IP_UDP;
    packet->payload_size = ip_bytes - 28;               /* IPv4 20, UDP 8 */
    packet->payload = packet->payload_size > 0 ? lz_buffer_new(packet->payload_size) : NULL;
    lz_packet_set_wire_bytes(packet);
    const uint64_t id = packet->id;
    lz_element_receive(lz_link_input(cell->link, station, direction), packet);
    return id;
}

LzTime lz_test_cell_arrival_ns(const LzTestCell *cell, uint64_t id)
{
    for (unsigned i = cell->arrival_count; i > 0; i--) {
        if (cell->arrivals[i - 1].id == id) {
            return cell->arrivals[i - 1].time_ns;
        }
    }
    return LZ_TIME_NEVER;
}
