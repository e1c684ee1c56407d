#include "sim/host/handshake.h"

void lz_handshake_ended(LzHost *host, bool *was_counted, bool is_refused)
{
    LzProbes *probes = host->env.probes;
    LzScope scope = host->options.tls_scope;
    if (!*was_counted) {
        *was_counted = true;
        lz_probe_count_whole(probes, scope, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 1);
    }
    if (is_refused) {
        lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_REFUSED, 1);
    }
}

void lz_handshake_opened(LzHost *host, const LzTlsEndpoint *tls, LzTime from_ns, bool *was_counted)
{
    LzProbes *probes = host->env.probes;
    LzScope scope = host->options.tls_scope;
    bool is_resumed = lz_tls_endpoint_was_resumed(tls);
    host->stats.handshakes_completed++;
    host->stats.handshakes_resumed += is_resumed;
    lz_handshake_ended(host, was_counted, false);
    lz_probe_sample(probes, scope, LZ_METRIC_TLS_HANDSHAKE_TIME, lz_now(host->env.scheduler) - from_ns);
    lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_COMPLETED, 1);
    lz_probe_count(probes, scope, LZ_METRIC_TLS_HANDSHAKE_RESUMED, is_resumed);
    lz_probe_count_whole(probes, scope, LZ_METRIC_TLS_HANDSHAKE_RESUMED, 1);
    lz_probe_count(probes, host->options.service_scope, LZ_METRIC_SERVICE_HANDSHAKES, 1);
}

void lz_handshake_refused(LzHost *host, int alert)
{
    host->stats.handshakes_refused++;
    if (!host->stats.refused_by_alert) {
        host->stats.refused_by_alert = g_new0(uint64_t, LZ_ALERTS);
    }
    host->stats.refused_by_alert[alert & 0xff]++;
    lz_probe_count(host->env.probes, host->options.service_scope, LZ_METRIC_SERVICE_REFUSED, 1);
}

void lz_handshake_tell_secrets(const LzHost *host, const GPtrArray *secrets)
{
    for (guint i = 0; secrets && host->options.key_log && i < secrets->len; i++) {
        host->options.key_log(host->options.key_log_self, g_ptr_array_index(secrets, i));
    }
}
