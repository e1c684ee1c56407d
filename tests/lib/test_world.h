/* Builds small worlds for tests, from scenario text, and steps them: no sleeping, no polling. */
#ifndef TESTS_LIB_TEST_WORLD_H
#define TESTS_LIB_TEST_WORLD_H

#include "sim/scenario/load.h"
#include "sim/world.h"

/* Loads a plan from text; prints the diagnostics and fails the test if there is any error. */
LzPlan *lz_test_plan(const char *yaml);
/* Same with overrides "PATH=VALUE", NULL-terminated. */
LzPlan *lz_test_plan_with(const char *yaml, const char *const *overrides);
/* A world of that plan, repetition 0, no observer, watched by all checkers; fails the test on an error. */
LzWorld *lz_test_world(const LzPlan *plan);
/* Runs to the end, settles, and asserts every invariant. */
void lz_test_run(LzWorld *world);
/* The observation of a metric over the whole run; name and fleet may be NULL. */
LzObservation lz_test_observe(LzWorld *world, LzMetric metric, const char *name, const char *fleet);

/* One ward: two wired access links (of delay 1 ms and, for the server, none), a switch each, a broker, one
 * fleet `pump` of two devices. Overrides shape it. */
extern const char lz_test_ward[];

#endif
