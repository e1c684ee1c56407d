#include "tests/lib/test_cell.h"

#include <glib.h>

#include "sim/registry.h"

#define ETHERNET_OVERHEAD_BYTES 38      /* preamble 8, header 14, FCS 4, gap 12 */

static void remember(void *self, unsigned station, LzDirection direction, const LzPacket *packet)
{
    LzTestCell *cell = self;
    g_assert_cmpuint(cell->arrival_count, <, LZ_TEST_ARRIVALS_MAX);
    cell->arrivals[cell->arrival_count++] =
        (LzTestArrival){lz_now(cell->scheduler), packet->id, station, direction};
}

LzTestCell *lz_test_cell_new(const LzModel *model, void *config, unsigned stations, uint64_t seed)
{
    LzTestCell *cell = g_new0(LzTestCell, 1);
    const LzModel *fifo = lz_registry_find(LZ_MODEL_QUEUE, "fifo");
    cell->medium = test_medium_new(model, config, fifo, NULL, stations, seed, NULL, 0);
    cell->medium->delivered = remember;
    cell->medium->self = cell;
    cell->scheduler = cell->medium->scheduler;
    cell->link = cell->medium->link;
    return cell;
}

void lz_test_cell_free(LzTestCell *cell)
{
    test_medium_free(cell->medium);
    g_free(cell);
}

void lz_test_cell_run(LzTestCell *cell, LzTime until_ns)
{
    test_medium_run(cell->medium, until_ns);
}

uint64_t lz_test_cell_send(LzTestCell *cell, LzTime time_ns, unsigned station, LzDirection direction, uint32_t ip_bytes)
{
    lz_test_cell_run(cell, time_ns);
    return test_medium_send(cell->medium, station, direction, 0, ip_bytes + ETHERNET_OVERHEAD_BYTES);
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
