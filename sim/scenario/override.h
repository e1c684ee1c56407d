/* `-s fleet.pump.count=200`: a value of the tree set from the command line, before the walk. */
#ifndef SIM_SCENARIO_OVERRIDE_H
#define SIM_SCENARIO_OVERRIDE_H

#include "sim/scenario/tree.h"

/* Applies PATH=VALUE to the tree; list items are addressed by name. Reports E016. The root is changed in
 * place; nodes that an alias shares are copied, so that only the addressed value changes. */
void lz_override_apply(LzReport *report, LzArena *arena, LzNode *root, const char *override);

#endif
