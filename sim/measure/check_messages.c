#include "sim/measure/check_messages.h"

void lz_messages_check(LzLaws *laws, const char *fleet, const char *flow, const LzFlowAccount *account)
{
    uint64_t sum = account->delivered + account->in_flight;
    for (unsigned cause = 0; cause < LZ_LOSS_CAUSE_COUNT; cause++) {
        sum += account->lost[cause];
    }
    if (sum != account->created) {
        lz_law_broken(laws, "flow %s/%s: %" G_GUINT64_FORMAT " messages created, %" G_GUINT64_FORMAT " accounted for", fleet, flow,
                      account->created, sum);
    }
}

void lz_messages_check_all(LzLaws *laws, const LzProbes *probes)
{
    for (LzScope scope = 1; scope <= lz_recorder_scope_count(probes); scope++) {
        const LzScopeInfo *info = lz_recorder_scope_info(probes, scope);
        if (info->kind == LZ_SCOPE_FLOW) {
            LzFlowAccount account = lz_recorder_flow_account(probes, scope);
            lz_messages_check(laws, info->fleet, info->name, &account);
        }
    }
}
