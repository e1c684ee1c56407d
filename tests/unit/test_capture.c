/* Captures are read by the programs that people use: tshark and capinfos. */
#include "sim/output/capture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/net/packet.h"
#include "sim/net/tap.h"

typedef struct Place {
    char *root, *final;
    LzDirectory *directory;
    LzPacketPool *pool;
} Place;

static char *run_program(const char *directory, const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *errors = NULL;
    char *text = NULL;
    int status = 0;
    g_spawn_sync(directory, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, &errors, &status, &error);
    g_assert_no_error(error);
    if (status != 0) {
        g_test_message("%s", errors);
    }
    g_assert_cmpint(status, ==, 0);
    return text;
}

static void set_up(Place *place, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    place->root = g_dir_make_tmp("lazaret-test-XXXXXX", NULL);
    place->final = g_build_filename(place->root, "run", NULL);
    place->directory = lz_directory_begin(place->final, false, &error);
    g_assert_no_error(error);
    place->pool = lz_packet_pool_new();
}

static void tear_down(Place *place, gconstpointer data)
{
    (void)data;
    const char *const argv[] = {"rm", "-rf", "--", place->root, NULL};
    g_free(run_program(NULL, argv));
    lz_directory_free(place->directory);
    lz_packet_pool_free(place->pool);
    g_free(place->root);
    g_free(place->final);
}

static LzCapture *capture_new(const Place *place, bool has_secrets)
{
    LzCaptureOptions options = {.directory = place->directory, .start_unix_s = INT64_C(1772431200),
                                .application = "Lazaret test", .has_secrets = has_secrets};
    return lz_capture_new(&options);
}

static void capture_udp(Place *place, LzCapture *capture, const char *device, LzTime now_ns, const char *payload)
{
    LzPacket *packet = lz_packet_new(place->pool);
    packet->protocol = LZ_IP_UDP;
    packet->source = 0x0a000001;
    packet->destination = 0x0a000002;
    packet->source_port = 40000;
    packet->destination_port = 9;       /* discard */
    packet->payload_size = (uint32_t)strlen(payload);
    packet->payload = packet->payload_size > 0 ? lz_buffer_new_copy(payload, packet->payload_size) : NULL;
    lz_packet_set_wire_bytes(packet);
    lz_capture_packet(capture, device, now_ns, packet, strcmp(device, "pump[1]") == 0);
    lz_packet_free(place->pool, packet);
}

static void finish(Place *place, LzCapture *capture)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(lz_capture_finish(capture, &error));
    g_assert_no_error(error);
    g_assert_true(lz_directory_commit(place->directory, true, &error));
    g_assert_no_error(error);
    lz_capture_free(capture);
}

static void test_fields(Place *place, gconstpointer data)
{
    (void)data;
    LzCapture *capture = capture_new(place, false);
    capture_udp(place, capture, "pump[1]", 0, "a");
    capture_udp(place, capture, "pump[2]", 1, "bc");
    capture_udp(place, capture, "pump[1]", LZ_SECONDS(90) + 123456789, "");
    capture_udp(place, capture, "pump[1]", LZ_SECONDS(90) + 123456790, "four byte alignment");
    finish(place, capture);
    const char *const argv[] = {"tshark", "-n", "-r", "capture.pcapng", "-o", "udp.check_checksum:TRUE",
                                "-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "separator=|",
                                "-e", "frame.time_epoch", "-e", "frame.interface_name", "-e", "ip.src", "-e", "udp.payload",
                                "-e", "frame.packet_flags_direction", "-e", "udp.checksum.status", "-e", "ip.checksum.status",
                                NULL};
    g_autofree char *seen = run_program(place->final, argv);
    g_assert_cmpstr(seen, ==, "1772431200.000000000|pump[1]|10.0.0.1|61|0x00000002|1|1\n"
                              "1772431200.000000001|pump[2]|10.0.0.1|6263|0x00000001|1|1\n"
                              "1772431290.123456789|pump[1]|10.0.0.1||0x00000002|1|1\n"
                              "1772431290.123456790|pump[1]|10.0.0.1|666f7572206279746520616c69676e6d656e74|0x00000002|1|1\n");
    g_autofree char *key_log = g_build_filename(place->final, "capture.keylog", NULL);
    g_assert_cmpint(g_access(key_log, F_OK), ==, -1);
}

static void test_capinfos(Place *place, gconstpointer data)
{
    (void)data;
    LzCapture *capture = capture_new(place, true);
    capture_udp(place, capture, "pump[1]", 0, "a");
    lz_capture_secret(capture, "pump[1]", 0, "CLIENT_RANDOM 00 11");
    capture_udp(place, capture, "pump[2]", 5, "b");
    finish(place, capture);
    const char *const argv[] = {"capinfos", "-T", "-r", "-m", "-t", "-c", "-n", "-k", "-D", "-F", "capture.pcapng", NULL};
    g_autofree char *seen = run_program(place->final, argv);
    g_test_message("%s", seen);
    g_assert_nonnull(strstr(seen, "pcapng,nanoseconds,2,"));
    g_assert_nonnull(strstr(seen, "TEST KEYS - simulated traffic"));
    g_autofree char *path = g_build_filename(place->final, "capture.keylog", NULL);
    g_autofree char *key_log = NULL;
    g_assert_true(g_file_get_contents(path, &key_log, NULL, NULL));
    g_assert_cmpstr(key_log, ==, "# TEST KEYS - simulated traffic\nCLIENT_RANDOM 00 11\n");
}

static void test_nothing_seen(Place *place, gconstpointer data)
{
    (void)data;
    finish(place, capture_new(place, true));
    g_autofree char *path = g_build_filename(place->final, "capture.pcapng", NULL);
    g_assert_cmpint(g_access(path, F_OK), ==, -1);
}

/* The directory vanishes: the first failure is kept and told at the end, with its file and virtual time. */
static void test_trouble(Place *place, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    LzCapture *capture = capture_new(place, true);
    lz_directory_remove(place->directory);
    capture_udp(place, capture, "pump[1]", LZ_MILLISECONDS(90500), "a");
    capture_udp(place, capture, "pump[1]", LZ_SECONDS(100), "a");
    g_assert_false(lz_capture_finish(capture, &error));
    g_assert_error(error, LZ_ERROR, LZ_ERROR_IO);
    g_assert_true(g_str_has_prefix(error->message, "E510 cannot write capture.pcapng at 90.500 s virtual: "));
    lz_capture_free(capture);
}

#define ADD(name, function) g_test_add("/capture/" name, Place, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("fields", test_fields);
    ADD("capinfos", test_capinfos);
    ADD("nothing-seen", test_nothing_seen);
    ADD("trouble", test_trouble);
    return g_test_run();
}
