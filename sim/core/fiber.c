#include "sim/core/fiber.h"

#include <glib.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

/* The sanitizers follow a thread's stack, and must be told when it is another one. */
#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define WITH_ASAN(...) __VA_ARGS__
#else
#define WITH_ASAN(...)
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define WITH_TSAN(...) __VA_ARGS__
#else
#define WITH_TSAN(...)
#endif

enum { GUARD_BYTES = 4096 };    /* below the stack; touching them ends the program */

struct LzFiber {
    ucontext_t inside, outside;
    uint8_t *memory;            /* guard and stack */
    void (*run)(void *owner);
    void *owner;
    bool has_returned;
    WITH_ASAN(void *fake_inside; void *fake_outside; const void *outer_stack; size_t outer_bytes;)
    WITH_TSAN(void *tsan_inside; void *tsan_outside;)
};

/* The fiber's first and only call, which makes all others: a context need not be made for each. */
static void serve(unsigned high, unsigned low)
{
    LzFiber *fiber = (LzFiber *)(uintptr_t)((uint64_t)high << 32 | low);
    for (;;) {
        WITH_ASAN(__sanitizer_finish_switch_fiber(NULL, &fiber->outer_stack, &fiber->outer_bytes);)
        fiber->run(fiber->owner);
        fiber->has_returned = true;
        WITH_ASAN(__sanitizer_start_switch_fiber(NULL, fiber->outer_stack, fiber->outer_bytes);)
        WITH_TSAN(__tsan_switch_to_fiber(fiber->tsan_outside, 0);)
        swapcontext(&fiber->inside, &fiber->outside);
    }
}

LzFiber *lz_fiber_new(void)
{
    LzFiber *fiber = g_new0(LzFiber, 1);
    size_t bytes = GUARD_BYTES + LZ_FIBER_STACK_BYTES;
    fiber->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    g_assert(fiber->memory != MAP_FAILED && mprotect(fiber->memory, GUARD_BYTES, PROT_NONE) == 0);
    getcontext(&fiber->inside);
    fiber->inside.uc_stack.ss_sp = fiber->memory + GUARD_BYTES;
    fiber->inside.uc_stack.ss_size = LZ_FIBER_STACK_BYTES;
    uint64_t address = (uintptr_t)fiber;        /* its arguments are of type int */
    makecontext(&fiber->inside, (void (*)(void))serve, 2, (unsigned)(address >> 32), (unsigned)address);
    WITH_TSAN(fiber->tsan_inside = __tsan_create_fiber(0);)
    return fiber;
}

void lz_fiber_free(LzFiber *fiber)
{
    if (!fiber) {
        return;
    }
    WITH_TSAN(__tsan_destroy_fiber(fiber->tsan_inside);)
    munmap(fiber->memory, GUARD_BYTES + LZ_FIBER_STACK_BYTES);
    g_free(fiber);
}

bool lz_fiber_start(LzFiber *fiber, void (*run)(void *owner), void *owner)
{
    fiber->run = run;
    fiber->owner = owner;
    fiber->has_returned = false;
    return lz_fiber_resume(fiber);
}

bool lz_fiber_resume(LzFiber *fiber)
{
    WITH_ASAN(__sanitizer_start_switch_fiber(&fiber->fake_outside, fiber->memory + GUARD_BYTES, LZ_FIBER_STACK_BYTES);)
    WITH_TSAN(fiber->tsan_outside = __tsan_get_current_fiber();)
    WITH_TSAN(__tsan_switch_to_fiber(fiber->tsan_inside, 0);)
    swapcontext(&fiber->outside, &fiber->inside);
    WITH_ASAN(__sanitizer_finish_switch_fiber(fiber->fake_outside, NULL, NULL);)
    return fiber->has_returned;
}

void lz_fiber_pause(LzFiber *fiber)
{
    WITH_ASAN(__sanitizer_start_switch_fiber(&fiber->fake_inside, fiber->outer_stack, fiber->outer_bytes);)
    WITH_TSAN(__tsan_switch_to_fiber(fiber->tsan_outside, 0);)
    swapcontext(&fiber->inside, &fiber->outside);
    WITH_ASAN(__sanitizer_finish_switch_fiber(fiber->fake_inside, &fiber->outer_stack, &fiber->outer_bytes);)
}
