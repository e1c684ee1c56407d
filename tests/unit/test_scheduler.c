/* The event queue: order, ties, cancelling, and heap and wheel against a plain sorted reference. */
#include <glib.h>

#include "lazaret/random.h"
#include "sim/core/scheduler.h"

typedef struct Probe {
    LzEvent event;
    LzScheduler *scheduler;
    GArray *fired;
    unsigned id;
} Probe;

static void record(void *owner)
{
    Probe *probe = owner;
    g_array_append_val(probe->fired, probe->id);
}

static void test_order_and_ties(void)
{
    LzScheduler *scheduler = lz_scheduler_new();
    g_autoptr(GArray) fired = g_array_new(FALSE, FALSE, sizeof(unsigned));
    Probe probes[6];
    static const LzTime times[] = {500, 100, 500, LZ_SECONDS(100), 100, LZ_SECONDS(100)};
    for (unsigned i = 0; i < 6; i++) {
        probes[i] = (Probe){.scheduler = scheduler, .fired = fired, .id = i};
        lz_event_init(&probes[i].event, record, &probes[i]);
        if (i % 2) {
            lz_timer_at(scheduler, &probes[i].event, times[i]);
        } else {
            lz_schedule_at(scheduler, &probes[i].event, times[i]);
        }
    }
    while (lz_scheduler_step(scheduler, LZ_SECONDS(200))) {
    }
    static const unsigned expected[] = {1, 4, 0, 2, 3, 5};
    g_assert_cmpmem(fired->data, fired->len * sizeof(unsigned), expected, sizeof expected);
    g_assert_cmpint(lz_now(scheduler), ==, LZ_SECONDS(200));
    lz_scheduler_free(scheduler);
}

static void test_cancel_is_safe_twice(void)
{
    LzScheduler *scheduler = lz_scheduler_new();
    g_autoptr(GArray) fired = g_array_new(FALSE, FALSE, sizeof(unsigned));
    Probe probe = {.scheduler = scheduler, .fired = fired};
    lz_event_init(&probe.event, record, &probe);
    lz_timer_after(scheduler, &probe.event, LZ_SECONDS(3));
    lz_event_cancel(scheduler, &probe.event);
    lz_event_cancel(scheduler, &probe.event);
    g_assert_false(lz_event_is_pending(&probe.event));
    g_assert_false(lz_scheduler_step(scheduler, LZ_SECONDS(10)));
    lz_timer_after(scheduler, &probe.event, LZ_SECONDS(1));
    lz_timer_after(scheduler, &probe.event, LZ_SECONDS(2));     /* re-arm */
    g_assert_cmpint(lz_scheduler_next(scheduler), ==, LZ_SECONDS(12));
    lz_scheduler_free(scheduler);
}

/* An event that finds out, when it fires, that it is due later, takes the place that it would have had. */
typedef struct Late {
    Probe probe;
    LzTime later_ns;            /* 0: now is the time */
} Late;

static void record_later(void *owner)
{
    Late *late = owner;
    LzTime later_ns = late->later_ns;
    late->later_ns = 0;
    if (later_ns > 0) {
        lz_event_postpone(late->probe.scheduler, &late->probe.event, later_ns);
    } else {
        record(&late->probe);
    }
}

static void test_postponed(void)
{
    static const LzTime first_ns[] = {300, 100, 300, 100, LZ_SECONDS(9)}, later_ns[] = {0, 300, 0, LZ_SECONDS(9), 0};
    LzScheduler *scheduler = lz_scheduler_new();
    g_autoptr(GArray) fired = g_array_new(FALSE, FALSE, sizeof(unsigned));
    Late late[G_N_ELEMENTS(first_ns)];
    for (unsigned i = 0; i < G_N_ELEMENTS(late); i++) {
        late[i] = (Late){.probe = {.scheduler = scheduler, .fired = fired, .id = i}, .later_ns = later_ns[i]};
        lz_event_init(&late[i].probe.event, record_later, &late[i]);
        lz_schedule_at(scheduler, &late[i].probe.event, first_ns[i]);
    }
    g_assert_true(lz_scheduler_step(scheduler, 300));
    g_assert_cmpint(lz_now(scheduler), ==, 300);
    g_assert_cmpuint(lz_scheduler_fired(scheduler), ==, 1);
    g_assert_true(lz_scheduler_step(scheduler, 300));
    g_assert_true(lz_scheduler_step(scheduler, 300));
    g_assert_false(lz_scheduler_step(scheduler, 300));
    while (lz_scheduler_step(scheduler, LZ_SECONDS(10))) {
    }
    static const unsigned expected[] = {0, 1, 2, 3, 4};
    g_assert_cmpmem(fired->data, fired->len * sizeof(unsigned), expected, sizeof expected);
    g_assert_cmpuint(lz_scheduler_fired(scheduler), ==, 5);
    lz_scheduler_free(scheduler);
}

/* ---- property: any mixture fires in (time, scheduling) order ---- */

enum { EVENTS = 400, ROUNDS = 40000 };

typedef struct Hold {
    LzScheduler *scheduler;
    LzRandom random;
    LzEvent events[EVENTS];
    uint64_t stamp[EVENTS];             /* our own sequence, mirrors the scheduler's */
    LzTime due[EVENTS];
    bool pending[EVENTS];
    uint64_t next_stamp;
    unsigned fired;
} Hold;

typedef struct Handle {
    Hold *hold;
    unsigned index;
} Handle;

static LzTime random_delay(Hold *hold)
{
    static const LzTime scales[] = {0, 1, 1000, LZ_MILLISECONDS(1), LZ_MILLISECONDS(70), LZ_SECONDS(5), LZ_SECONDS(4000)};
    LzTime scale = scales[lz_random_below(&hold->random, G_N_ELEMENTS(scales))];
    return (LzTime)lz_random_below(&hold->random, (uint64_t)scale + 1);
}

static void arm(Hold *hold, unsigned index)
{
    LzTime delay = random_delay(hold);
    if (lz_random_u32(&hold->random) & 1) {
        lz_timer_after(hold->scheduler, &hold->events[index], delay);
    } else if (!hold->pending[index]) {
        lz_schedule_after(hold->scheduler, &hold->events[index], delay);
    } else {
        return;
    }
    hold->pending[index] = true;
    hold->stamp[index] = hold->next_stamp++;
    hold->due[index] = lz_now(hold->scheduler) + delay;
}

static void hold_fired(void *owner)
{
    Handle *handle = owner;
    Hold *hold = handle->hold;
    unsigned me = handle->index;
    g_assert_true(hold->pending[me]);
    g_assert_cmpint(hold->due[me], ==, lz_now(hold->scheduler));
    for (unsigned i = 0; i < EVENTS; i++) {
        if (i != me && hold->pending[i]) {
            g_assert_true(hold->due[i] > hold->due[me] || (hold->due[i] == hold->due[me] && hold->stamp[i] > hold->stamp[me]));
        }
    }
    hold->pending[me] = false;
    hold->fired++;
    unsigned other = (unsigned)lz_random_below(&hold->random, EVENTS);
    if (lz_random_below(&hold->random, 3) == 0) {
        lz_event_cancel(hold->scheduler, &hold->events[other]);
        hold->pending[other] = false;
    }
    arm(hold, me);
    arm(hold, other);
}

static void test_heap_and_wheel_agree_with_reference(void)
{
    g_autofree Hold *hold = g_new0(Hold, 1);
    g_autofree Handle *handles = g_new(Handle, EVENTS);
    hold->scheduler = lz_scheduler_new();
    lz_random_init(&hold->random, 3, 1, LZ_PURPOSE_GENERAL);
    for (unsigned i = 0; i < EVENTS; i++) {
        handles[i] = (Handle){hold, i};
        lz_event_init(&hold->events[i], hold_fired, &handles[i]);
        arm(hold, i);
    }
    while (hold->fired < ROUNDS && lz_scheduler_step(hold->scheduler, LZ_TIME_NEVER)) {
    }
    g_assert_cmpuint(hold->fired, ==, ROUNDS);
    g_assert_cmpuint(lz_scheduler_fired(hold->scheduler), ==, ROUNDS);
    lz_scheduler_free(hold->scheduler);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/order-and-ties", test_order_and_ties);
    g_test_add_func("/scheduler/postponed", test_postponed);
    g_test_add_func("/scheduler/cancel-is-safe-twice", test_cancel_is_safe_twice);
    g_test_add_func("/scheduler/heap-and-wheel-agree-with-reference", test_heap_and_wheel_agree_with_reference);
    return g_test_run();
}
