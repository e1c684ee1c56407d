/* The live feed's publisher against real subscribers in other processes: what arrives, in which order,
 * and that a stopped one holds nobody up. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lazaret/error.h"
#include "sim/control/publisher.h"
#include "tests/lib/subscriber.h"

/* It is subscribed when something has reached it: there is no other sign. */
static void greet(void *self)
{
    lz_publisher_send(self, "hello", NULL, 0, "{}");
}

/* ---- the tests ---- */

typedef struct Fixture {
    char *directory, *endpoint;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->directory = g_dir_make_tmp("lazaret-XXXXXX", NULL);
    g_assert_nonnull(fixture->directory);
    fixture->endpoint = g_strdup_printf("ipc://%s/feed", fixture->directory);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);        /* the socket file is gone */
    g_free(fixture->directory);
    g_free(fixture->endpoint);
}

static LzPublisher *open_publisher(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    LzPublisher *publisher = lz_publisher_open(fixture->endpoint, "4f1c9a02b07e", &error);
    g_assert_no_error(error);
    return publisher;
}

static void test_frames(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzPublisher *publisher = open_publisher(fixture);
    LzSubscriber *subscriber = lz_subscriber_start(fixture->endpoint);
    lz_subscriber_wait(subscriber, greet, publisher);
    lz_publisher_send(publisher, "metric", "flow.latency", LZ_SECONDS(3), "{\"p50\":0.021}");
    lz_publisher_send(publisher, "alert", NULL, LZ_SECONDS(4), "{\"name\":\"flood\"}");
    lz_publisher_send(publisher, "bye", NULL, LZ_SECONDS(5), "{\"state\":\"complete\"}");
    g_assert_cmpuint(lz_publisher_dropped(publisher), ==, 0);
    lz_publisher_close(publisher);
    g_autoptr(GPtrArray) lines = lz_subscriber_finish(subscriber);
    g_assert_cmpuint(lines->len, >=, 4);
    for (unsigned i = 0; i < lines->len; i++) {
        const LzHeard *line = g_ptr_array_index(lines, i), *first = g_ptr_array_index(lines, 0);
        g_assert_true(g_str_has_prefix(line->header, "{\"v\":1,\"run\":\"4f1c9a02b07e\",\"seq\":"));
        g_assert_cmpint(lz_heard_number(line, "seq"), ==, lz_heard_number(first, "seq") + i);
        g_assert_cmpint(lz_heard_number(line, "drop"), ==, 0);
        g_assert_nonnull(strstr(line->header, "\"wall\":\""));
    }
    const LzHeard *metric = g_ptr_array_index(lines, lines->len - 3), *bye = g_ptr_array_index(lines, lines->len - 1);
    g_assert_cmpstr(metric->topic, ==, "lz1.4f1c9a02b07e.metric.flow.latency");
    g_assert_cmpint(lz_heard_number(metric, "virt_ns"), ==, LZ_SECONDS(3));
    g_assert_cmpstr(metric->body, ==, "{\"p50\":0.021}");
    g_assert_cmpstr(bye->topic, ==, "lz1.4f1c9a02b07e.bye");
    g_assert_cmpstr(bye->body, ==, "{\"state\":\"complete\"}");
}

/* A subscriber that is stopped is left out once its queue is full; the sender goes on at full speed, and
 * another subscriber hears everything. */
static void test_stopped_subscriber(Fixture *fixture, gconstpointer data)
{
    (void)data;
    enum { MESSAGES = 40000 };
    LzPublisher *publisher = open_publisher(fixture);
    LzSubscriber *stopped = lz_subscriber_start(fixture->endpoint);
    lz_subscriber_wait(stopped, greet, publisher);
    lz_subscriber_stop(stopped);
    g_autofree char *body = g_strnfill(500, ' ');
    gint64 from_us = g_get_monotonic_time();
    for (unsigned i = 0; i < MESSAGES; i++) {
        lz_publisher_send(publisher, "progress", NULL, i, body);
    }
    g_assert_cmpint(g_get_monotonic_time() - from_us, <, 10 * G_USEC_PER_SEC);
    g_assert_cmpuint(lz_publisher_dropped(publisher), >, 0);

    LzSubscriber *awake = lz_subscriber_start(fixture->endpoint);
    lz_subscriber_wait(awake, greet, publisher);
    for (unsigned i = 0; i < 100; i++) {
        lz_publisher_send(publisher, "progress", NULL, i, "{}");
    }
    lz_publisher_send(publisher, "bye", NULL, 0, "{}");
    from_us = g_get_monotonic_time();
    lz_publisher_close(publisher);
    g_assert_cmpint(g_get_monotonic_time() - from_us, <, 2 * G_USEC_PER_SEC);
    g_autoptr(GPtrArray) lines = lz_subscriber_finish(awake);
    g_assert_cmpuint(lines->len, >=, 102);
    const LzHeard *first = g_ptr_array_index(lines, 0), *last = g_ptr_array_index(lines, lines->len - 1);
    g_assert_cmpint(lz_heard_number(last, "seq") - lz_heard_number(first, "seq"), ==, lines->len - 1);
    lz_subscriber_kill(stopped);
}

static void assert_mode(const char *path, mode_t type, mode_t mode)
{
    struct stat found;
    g_assert_cmpint(lstat(path, &found), ==, 0);
    g_assert_cmpuint(found.st_mode & S_IFMT, ==, type);
    g_assert_cmpuint(found.st_mode & 07777, ==, mode);
}

static void assert_refused(const char *endpoint, LzErrorCode code, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(lz_publisher_open(endpoint, "run", &error));
    g_assert_error(error, LZ_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, why));
}

static void test_mode(Fixture *fixture, gconstpointer data)
{
    (void)data;
    mode_t previous = umask(0);
    LzPublisher *publisher = open_publisher(fixture);
    assert_mode(fixture->endpoint + strlen("ipc://"), S_IFSOCK, 0700);
    g_assert_cmpuint(umask(previous), ==, 0);           /* put back */
    lz_publisher_close(publisher);
}

static void test_default_place(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *before = g_strdup(g_getenv("XDG_RUNTIME_DIR"));
    g_autofree char *folder = g_build_filename(fixture->directory, "lazaret", NULL);
    g_autofree char *path = g_build_filename(folder, "run", NULL);
    g_autoptr(GError) error = NULL;
    g_setenv("XDG_RUNTIME_DIR", fixture->directory, TRUE);
    LzPublisher *publisher = lz_publisher_open(NULL, "run", &error);
    g_assert_no_error(error);
    assert_mode(folder, S_IFDIR, 0700);
    assert_mode(path, S_IFSOCK, 0700);
    g_assert_true(g_str_has_suffix(lz_publisher_endpoint(publisher), path));
    assert_refused(NULL, LZ_ERROR_INPUT, "another run publishes here");
    lz_publisher_close(publisher);

    g_assert_cmpint(g_chmod(folder, 0750), ==, 0);
    assert_refused(NULL, LZ_ERROR_IO, "open to other users");
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_assert_cmpint(symlink("/tmp", folder), ==, 0);
    assert_refused(NULL, LZ_ERROR_IO, "is not a directory");
    g_assert_cmpint(unlink(folder), ==, 0);
    if (before) {
        g_setenv("XDG_RUNTIME_DIR", before, TRUE);
    } else {
        g_unsetenv("XDG_RUNTIME_DIR");
    }
}

static void test_refusals(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_refused("tcp://127.0.0.1:5555", LZ_ERROR_INPUT, "must be ipc://PATH");
    assert_refused("ipc://", LZ_ERROR_INPUT, "must be ipc://PATH");
    assert_refused("ipc://@lazaret", LZ_ERROR_INPUT, "must name a file");
    assert_refused("ipc://*", LZ_ERROR_INPUT, "must name a file");
    g_autofree char *long_name = g_strnfill(200, 'x');
    g_autofree char *too_long = g_strconcat("ipc:///tmp/", long_name, NULL);
    assert_refused(too_long, LZ_ERROR_INPUT, "107 bytes");
    assert_refused("ipc:///nonexistent/feed", LZ_ERROR_IO, "No such file");
    /* A file that is not ours to replace survives. */
    const char *path = fixture->endpoint + strlen("ipc://");
    g_assert_true(g_file_set_contents(path, "data", -1, NULL));
    assert_refused(fixture->endpoint, LZ_ERROR_INPUT, "is not a socket");
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    g_assert_cmpint(unlink(path), ==, 0);
}

/* What a killed run left behind is replaced. */
static void test_stale_socket(Fixture *fixture, gconstpointer data)
{
    (void)data;
    const char *path = fixture->endpoint + strlen("ipc://");
    g_assert_cmpint(mknod(path, S_IFSOCK | 0700, 0), ==, 0);
    lz_publisher_close(open_publisher(fixture));
    lz_publisher_close(NULL);
}

int main(int argc, char **argv)
{
    lz_subscriber_init(argc, argv);
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/publisher/" path, Fixture, NULL, set_up, test, tear_down)
    ADD("frames", test_frames);
    ADD("stopped-subscriber", test_stopped_subscriber);
    ADD("mode", test_mode);
    ADD("default-place", test_default_place);
    ADD("refusals", test_refusals);
    ADD("stale-socket", test_stale_socket);
#undef ADD
    return g_test_run();
}
