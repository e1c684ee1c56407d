/* Data files: device profiles and CPU classes, in a models/ folder beside the scenario, else compiled in. */
#ifndef SIM_SCENARIO_DATA_H
#define SIM_SCENARIO_DATA_H

#include "sim/scenario/plan.h"
#include "sim/scenario/walk.h"

typedef struct LzData LzData;

/* scenario_path: its folder may hold models/; NULL for only what is compiled in. */
LzData *lz_data_new(LzWalk *walk, const char *scenario_path);
void lz_data_free(LzData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzData, lz_data_free)

/* LzFlowPlan: a flow that names no DSCP gets that of its criticality; the rhythm that it names is read (E142), and refused
 * where nothing would follow it (E143). */
void lz_data_flows(LzData *data, const LzList *flows);
/* As a profile: NULL when the name is absent, or after reporting (E142, E144). */
const LzDiurnalPlan *lz_data_diurnal(LzData *data, const LzText *name);
/* Read once per name, with its CPU class; in the walk's arena. NULL when the name is absent, or after
 * reporting that there is no such file (E104 device, E105 CPU). Mistakes inside a file are reported. */
const LzProfilePlan *lz_data_profile(LzData *data, const LzText *name);
const LzCpu *lz_data_cpu(LzData *data, const LzText *name);

/* A scenario in the folder where the program was called: for what has no scenario of its own. */
#define LZ_DATA_HERE "scenario.yaml"

/* Names of one folder ("devices", "cpus"), compiled in and beside the scenario; sorted, NULL-terminated. */
char **lz_data_names(const char *scenario_path, const char *folder);

/* The first key of a file must be `word: 1`; reports E010. */
/* The text of models/FOLDER/NAME.yaml, beside the scenario or compiled in, and what the file is called. NULL: not there,
 * or too large (reported). scenario_path may be NULL. */
const char *lz_data_text(LzReport *report, LzArena *arena, const char *scenario_path, const char *folder, const char *name,
                         const char **ret_file, size_t *ret_size);
bool lz_check_format(LzReport *report, const LzNode *root, const char *word);

/* A whole file, at most LZ_YAML_BYTES_MAX; NULL after reporting (E001, E002). The text is in the arena. */
const char *lz_read_file(LzReport *report, LzArena *arena, const char *path, size_t *ret_size);

#endif
