/* What a run will take of this computer, guessed from its plan before it begins. */
#ifndef SIM_CLI_ESTIMATE_H
#define SIM_CLI_ESTIMATE_H

#include <stdbool.h>

#include "sim/scenario/plan.h"

typedef struct LzEstimate {             /* of one repetition, without attacks and what they and faults set off */
    double resident_bytes;              /* the most; within a factor of 2 (tests/scenario/check_estimate.py) */
    double cpu_s;                       /* of one core like the one that the figures in estimate.c were measured on */
    double handshakes, messages;
    bool has_bulk;                      /* flows that fill their links: their memory is counted, their work is not */
} LzEstimate;

LzEstimate lz_estimate(const LzPlan *plan);
/* "about 33 MB and 2.1 s of CPU (430 x real time), 160 handshakes, 180,000 messages". New string. */
char *lz_estimate_text(const LzEstimate *estimate, const LzPlan *plan);

#endif
