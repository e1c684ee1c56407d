/* Every message is accounted for: delivered, lost with a cause, or still on its way. */
#ifndef SIM_MEASURE_CHECK_MESSAGES_H
#define SIM_MEASURE_CHECK_MESSAGES_H

#include "sim/core/laws.h"
#include "sim/measure/recorder.h"

void lz_messages_check(LzLaws *laws, const char *fleet, const char *flow, const LzFlowAccount *account);
/* All flows of a recorder. */
void lz_messages_check_all(LzLaws *laws, const LzProbes *probes);

#endif
