/* `hospital: {beds: 500}`: a preset of models/hospitals/ written out into the scenario's tree, before it is read. */
#ifndef SIM_SCENARIO_HOSPITAL_H
#define SIM_SCENARIO_HOSPITAL_H

#include "sim/scenario/tree.h"

#define LZ_HOSPITAL_BEDS_MAX 10000

/* What the scenario writes itself stays: of what both have by the same name, its keys win. Nothing without the key; what
 * is wrong with the key itself is left to the walk. False: there is no such preset, which is reported. */
bool lz_hospital_expand(LzReport *report, LzArena *arena, LzNode *root, const char *scenario_path);
/* The inventory of so many beds, as a table for people. New string. NULL: no preset of that name. */
char *lz_hospital_describe(const char *preset, unsigned beds);

#endif
