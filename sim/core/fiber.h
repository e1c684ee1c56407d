/* A fiber: a call with a stack of its own, which may pause halfway and go on later, on whichever thread resumes it. Its
 * code must not carry the address of a thread-local variable, nor a locked mutex, over a pause. */
#ifndef SIM_CORE_FIBER_H
#define SIM_CORE_FIBER_H

#include <stdbool.h>

enum { LZ_FIBER_STACK_BYTES = 256 * 1024 };     /* address space: of memory it takes what it has used */

typedef struct LzFiber LzFiber;

LzFiber *lz_fiber_new(void);
void lz_fiber_free(LzFiber *fiber);             /* not while a call is paused on it; accepts NULL */

/* Calls run(owner) on the fiber. True: it has returned, and the fiber is ready for another; false: it has paused. */
bool lz_fiber_start(LzFiber *fiber, void (*run)(void *owner), void *owner);
bool lz_fiber_resume(LzFiber *fiber);           /* lets it go on; the result is lz_fiber_start()'s */
void lz_fiber_pause(LzFiber *fiber);            /* from inside: back to who started or resumed it */

#endif
