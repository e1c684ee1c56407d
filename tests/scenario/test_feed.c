/* The live feed of whole runs, heard in another process; and that listening changes nothing. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "sim/control/feed.h"
#include "tests/lib/subscriber.h"
#include "tests/lib/test_world.h"

static const char faults[] =
    "record: {series: {every: 1 s}}\n"
    "faults:\n"
    "  - {name: outage, kind: switch-off, zone: ward, at: 20 s, for: 5 s}\n";

typedef struct Fixture {
    char *directory, *endpoint;
    LzPlan *plan;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *yaml = g_strconcat(lz_test_ward, faults, NULL);
    fixture->plan = lz_test_plan(yaml);
    fixture->directory = g_dir_make_tmp("lazaret-XXXXXX", NULL);
    fixture->endpoint = g_strdup_printf("ipc://%s/feed", fixture->directory);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
    g_free(fixture->directory);
    g_free(fixture->endpoint);
    lz_plan_free(fixture->plan);
}

static LzFeed *open_feed(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    LzFeed *feed = lz_feed_open(fixture->endpoint, "0123456789ab", fixture->plan, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(lz_feed_endpoint(feed), ==, fixture->endpoint);
    return feed;
}

static void poll_feed(void *self)
{
    lz_feed_poll(self);
}

/* Progress of a world that does not move is said until the subscriber hears it. */
static void wait_for(Fixture *fixture, LzFeed *feed, LzSubscriber *subscriber)
{
    g_autoptr(LzWorld) world = lz_test_world(fixture->plan);
    lz_feed_attach(feed, world, 0);
    lz_subscriber_wait(subscriber, poll_feed, feed);
}

/* One repetition as the runner does it. Returns its digest. */
static uint64_t run(Fixture *fixture, LzFeed *feed, unsigned repetition)
{
    g_autoptr(LzWorld) world = lz_test_world(fixture->plan);
    if (feed) {
        lz_feed_attach(feed, world, repetition);
    }
    for (unsigned steps = 0; lz_world_step(world); steps++) {
        if (feed && steps % 16 == 0) {
            lz_feed_poll(feed);
        }
    }
    lz_world_finish(world);
    return lz_digest_value(lz_world_digest(world));
}

static unsigned count_topics(const GPtrArray *heard, const char *topic)
{
    unsigned count = 0;
    for (unsigned i = 0; i < heard->len; i++) {
        const LzHeard *message = g_ptr_array_index(heard, i);
        count += g_str_has_prefix(message->topic, topic);
    }
    return count;
}

static unsigned count_bodies(const GPtrArray *heard, const char *part)
{
    unsigned count = 0;
    for (unsigned i = 0; i < heard->len; i++) {
        const LzHeard *message = g_ptr_array_index(heard, i);
        count += strstr(message->body, part) != NULL;
    }
    return count;
}

static void test_whole_run(Fixture *fixture, gconstpointer data)
{
    (void)data;
    LzFeed *feed = open_feed(fixture);
    LzSubscriber *subscriber = lz_subscriber_start(fixture->endpoint);
    wait_for(fixture, feed, subscriber);
    uint64_t digest = run(fixture, feed, 1);
    lz_feed_expectation_failed(feed, "alarms-in-time", 47, "3.7 %", "at most 1 %");
    lz_feed_expectation_failed(feed, "alarms-in-time", 47, "3.8 %", "at most 1 %");    /* said once */
    g_assert_cmpuint(lz_feed_dropped(feed), ==, 0);
    lz_feed_close(feed, "complete", 1);
    g_assert_cmphex(digest, ==, run(fixture, NULL, 1));

    g_autoptr(GPtrArray) heard = lz_subscriber_finish(subscriber);
    const LzHeard *first = g_ptr_array_index(heard, 0), *last = g_ptr_array_index(heard, heard->len - 1);
    for (unsigned i = 0; i < heard->len; i++) {
        const LzHeard *message = g_ptr_array_index(heard, i);
        g_assert_true(g_str_has_prefix(message->topic, "lz1.0123456789ab."));
        g_assert_cmpint(lz_heard_number(message, "seq"), ==, lz_heard_number(first, "seq") + i);
    }
    g_assert_cmpuint(count_topics(heard, "lz1.0123456789ab.hello"), >=, 1);
    g_assert_cmpuint(count_topics(heard, "lz1.0123456789ab.progress"), >=, 1);
    g_assert_cmpuint(count_topics(heard, "lz1.0123456789ab.metric.service.sessions"), >=, 1);
    g_assert_cmpuint(count_topics(heard, "lz1.0123456789ab.metric.flow.created"), >=, 1);
    g_assert_cmpuint(count_topics(heard, "lz1.0123456789ab.alert"), ==, 3);
    g_assert_cmpuint(count_bodies(heard, "\"outage\",\"state\":\"start\",\"t_ns\":20000000000"), ==, 1);
    g_assert_cmpuint(count_bodies(heard, "\"outage\",\"state\":\"stop\",\"t_ns\":25000000000"), ==, 1);
    g_assert_cmpuint(count_bodies(heard, "\"line\":47,\"observed\":\"3.7 %\",\"limit\":\"at most 1 %\""), ==, 1);
    g_assert_cmpstr(last->topic, ==, "lz1.0123456789ab.bye");
    g_assert_cmpstr(last->body, ==, "{\"state\":\"complete\",\"exit_code\":1}");
}

/* Nobody listens, or one that has been stopped: the run is the same. */
static void test_stopped_listener(Fixture *fixture, gconstpointer data)
{
    (void)data;
    uint64_t digest = run(fixture, NULL, 0);
    LzFeed *feed = open_feed(fixture);
    g_assert_cmphex(run(fixture, feed, 0), ==, digest);
    LzSubscriber *subscriber = lz_subscriber_start(fixture->endpoint);
    wait_for(fixture, feed, subscriber);
    lz_subscriber_stop(subscriber);
    g_assert_cmphex(run(fixture, feed, 2), ==, digest);
    lz_feed_close(feed, "interrupted", 130);
    lz_subscriber_kill(subscriber);
}

int main(int argc, char **argv)
{
    lz_subscriber_init(argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add("/feed/whole-run", Fixture, NULL, set_up, test_whole_run, tear_down);
    g_test_add("/feed/stopped-listener", Fixture, NULL, set_up, test_stopped_listener, tear_down);
    return g_test_run();
}
