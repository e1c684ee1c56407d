/* Buildings written out, and the places that zones name. */
#ifndef SIM_SCENARIO_BUILDING_H
#define SIM_SCENARIO_BUILDING_H

#include "sim/scenario/walk.h"
#include "sim/scenario/plan.h"

#define LZ_ZONES_MAX 10000              /* of a network, with those of its buildings */

/* Appends the zones and links of the buildings, and fills in the places. */
void lz_expand_buildings(LzNetworkPlan *network, LzWalk *walk);

#endif
