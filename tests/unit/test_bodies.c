/* Bodies of requests: exactly as large as wanted where that is possible, and the message's mark is in them. */
#include <glib.h>

#include "lazaret/protocol/fhir.h"
#include "lazaret/protocol/sdc.h"
#include "lazaret/protocol/text.h"

#define MARK UINT64_C(0x0000000700000123)
#define WALL_NS LZ_SECONDS(1772431200)

typedef void (*Write)(LzWriter *writer, size_t size_bytes);

static void write_observation(LzWriter *writer, size_t size_bytes)
{
    const LzFhirObservation observation = {MARK, WALL_NS, "pump[7]"};
    lz_fhir_write_observation(writer, &observation, size_bytes);
}

static void write_report(LzWriter *writer, size_t size_bytes)
{
    lz_sdc_write_report(writer, MARK, WALL_NS, size_bytes);
}

static void check_sizes(Write write, size_t smallest_max)
{
    LzWriter least = lz_writer_counting();
    write(&least, 0);
    g_test_message("the smallest has %zu bytes", least.size);
    g_assert_cmpuint(least.size, <=, smallest_max);
    for (size_t size = least.size; size < 20000; size += 1 + size / 50) {
        g_autofree uint8_t *bytes = g_malloc(size);
        LzWriter writer = lz_writer(bytes, size);
        write(&writer, size);
        g_assert_false(writer.failed);
        g_assert_cmpuint(writer.size, ==, size);
        g_assert_cmpuint(lz_find_text_mark((LzBytes){bytes, size}), ==, MARK);
    }
}

static void test_observation(void)
{
    check_sizes(write_observation, 750);
}

static void test_report(void)
{
    check_sizes(write_report, 1200);
}

static void test_outcome(void)
{
    for (size_t size = 0; size < 500; size++) {
        LzWriter writer = lz_writer_counting();
        lz_fhir_write_outcome(&writer, size);
        g_assert_cmpuint(writer.size, ==, MAX(size, 95));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bodies/fhir-observation", test_observation);
    g_test_add_func("/bodies/sdc-report", test_report);
    g_test_add_func("/bodies/fhir-outcome", test_outcome);
    return g_test_run();
}
