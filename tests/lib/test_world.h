/* Builds small worlds for tests, from scenario text, and steps them: no sleeping, no polling. */
#ifndef TESTS_LIB_TEST_WORLD_H
#define TESTS_LIB_TEST_WORLD_H

#include "sim/scenario/load.h"
#include "sim/world.h"

/* Loads a plan from text; prints the diagnostics and fails the test if there is any error. */
LzPlan *lz_test_plan(const char *yaml);

#endif
