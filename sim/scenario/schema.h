/* The scenario language as tables: one row here is the only place that knows a key of the file. */
#ifndef SIM_SCENARIO_SCHEMA_H
#define SIM_SCENARIO_SCHEMA_H

#include "lazaret/param.h"

#define LZ_DEVICES_MAX 1000000          /* of all fleets together */

extern const LzParam lz_schema_scenario[];      /* LzPlan */
extern const LzParam lz_schema_device[];        /* LzProfilePlan: models/devices */
extern const LzParam lz_schema_cpu[];           /* LzCpu: models/cpus */
extern const LzParam lz_schema_diurnal[];       /* LzDiurnalPlan: models/diurnals */
extern const LzParam lz_schema_flow[];          /* LzFlowPlan: a device's flow of messages */

/* For checks that need the words of a table. */
extern const char *const lz_stat_words[];       /* by LzStat */
extern const char *const lz_fault_words[];      /* by LzFaultKind */
extern const char *const lz_onboarding_words[]; /* by LzOnboardingMethod */

#endif
