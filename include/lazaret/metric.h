/* The catalogue of metrics: what can be measured, expected, plotted and published. One row here is
 * the only place that names a metric. A metric in a scenario is written SCOPE.NAME.METRIC
 * ("flow.alarm.latency", "link.backbone.utilisation", "service.broker.cpu") or, for the scopes
 * without a name, SCOPE.METRIC ("tls.handshake.time", "run.devices.connected"). */
#ifndef LAZARET_METRIC_H
#define LAZARET_METRIC_H

typedef enum {
    LZ_SCOPE_RUN,
    LZ_SCOPE_TLS,       /* no name in scenarios; kept per fleet */
    LZ_SCOPE_TCP,       /* no name in scenarios; kept per fleet and service */
    LZ_SCOPE_ONBOARDING,        /* no name in scenarios; kept per fleet */
    LZ_SCOPE_FLOW,      /* kept per (fleet, flow) */
    LZ_SCOPE_FLEET,
    LZ_SCOPE_LINK,
    LZ_SCOPE_SERVICE,
    LZ_SCOPE_ATTACK,
    LZ_SCOPE_DEFENCE,
    LZ_SCOPE_KIND_COUNT,
} LzScopeKind;

typedef enum {
    LZ_METRIC_COUNTER,  /* events that are counted: stats count, rate */
    LZ_METRIC_SAMPLE,   /* values: stats mean, min, max, p50, p90, p95, p99, p99.9, count */
    LZ_METRIC_LEVEL,    /* a level over time: stats mean (time-weighted), max, min, last */
    LZ_METRIC_RATIO,    /* part of a whole, both counted: stats ratio, count */
} LzMetricType;

typedef enum { LZ_UNIT_NONE, LZ_UNIT_SECONDS, LZ_UNIT_BYTES, LZ_UNIT_RATIO, LZ_UNIT_BITS_PER_SECOND } LzUnit;

/*  id, scope, name, type, unit, help. Samples in LZ_UNIT_SECONDS are recorded in ns;
 *  levels in LZ_UNIT_RATIO are recorded in ppb. */
#define LZ_METRICS(X) \
    X(RUN_DEVICES_CONNECTED, RUN, "devices.connected", LEVEL, NONE, "devices whose session is open") \
    X(TLS_HANDSHAKE_TIME, TLS, "handshake.time", SAMPLE, SECONDS, "first handshake byte to session open, at the device") \
    X(TLS_CONNECT_TIME, TLS, "connect.time", SAMPLE, SECONDS, "SYN to application acceptance (CONNACK), at the device") \
    X(TLS_EXCHANGE_TIME, TLS, "exchange.time", SAMPLE, SECONDS, "SYN to the last answer, at a device that connects for each message") \
    X(TLS_HANDSHAKE_COMPLETED, TLS, "handshake.completed", COUNTER, NONE, "handshakes completed, at the device") \
    X(TLS_HANDSHAKE_RESUMED, TLS, "handshake.resumed", RATIO, NONE, "completed handshakes that resumed a session") \
    X(TLS_HANDSHAKE_REFUSED, TLS, "handshake.refused", RATIO, NONE, "handshakes ended by an alert, of all that ended") \
    X(TLS_HANDSHAKE_RETRANSMITTED, TLS, "handshake.retransmitted", COUNTER, NONE, "flights of a DTLS handshake that a device sent again") \
    X(TCP_RETRANSMITTED, TCP, "retransmitted", COUNTER, NONE, "TCP segments sent again") \
    X(TCP_TIMEOUTS, TCP, "timeouts", COUNTER, NONE, "TCP retransmission time-outs, those of SYNs too") \
    X(TCP_RECOVERIES, TCP, "recoveries", COUNTER, NONE, "times that TCP repaired a loss without a time-out") \
    X(TCP_COOKIES, TCP, "cookies", COUNTER, NONE, "SYNs that were answered with a cookie, the backlog being full") \
    X(TCP_KEEPALIVES, TCP, "keepalives", COUNTER, NONE, "keep-alive probes sent") \
    X(TCP_SYN_DROPPED, TCP, "syn_dropped", COUNTER, NONE, "SYNs for which the backlog had no room") \
    X(ONBOARDING_TIME, ONBOARDING, "time", SAMPLE, SECONDS, "power to the first application session that was accepted, at a good device") \
    X(ONBOARDING_ADMITTED, ONBOARDING, "admitted", RATIO, NONE, "good devices that came into their segment, of those switched on") \
    X(ONBOARDING_ENROLLED, ONBOARDING, "enrolled", RATIO, NONE, "good devices that got a certificate of the site, of those switched on") \
    X(ONBOARDING_BAD_ADMITTED, ONBOARDING, "bad_admitted", COUNTER, NONE, "times that a bad device was admitted, be it to quarantine") \
    X(ONBOARDING_WRONG_SEGMENT, ONBOARDING, "wrong_segment", COUNTER, NONE, "times that a device was admitted to a segment that is not its own") \
    X(ONBOARDING_REJECTED, ONBOARDING, "rejected", COUNTER, NONE, "times that a device was not admitted") \
    X(ONBOARDING_TOUCHES, ONBOARDING, "touches", COUNTER, NONE, "times that a person had to do something for a device") \
    X(ONBOARDING_RENEWED, ONBOARDING, "renewed", COUNTER, NONE, "certificates renewed") \
    X(ONBOARDING_EXPIRED, ONBOARDING, "expired", COUNTER, NONE, "certificates that ended before they were renewed") \
    X(ONBOARDING_REVOKED_ADMITTED, ONBOARDING, "revoked_admitted", COUNTER, NONE, "times that a device was admitted after its certificate was revoked") \
    X(ONBOARDING_REVOKED_SESSIONS, ONBOARDING, "revoked_sessions", COUNTER, NONE, "sessions that a service opened with a device whose certificate was revoked") \
    X(ONBOARDING_UNHEARD, ONBOARDING, "unheard", COUNTER, NONE, "times that a device was refused because nothing was heard of its certificate (hard failure)") \
    X(ONBOARDING_REVOCATION_LAG, ONBOARDING, "revocation_lag", SAMPLE, SECONDS, "from the revocation until the device is turned away for the first time") \
    X(FLOW_CREATED, FLOW, "created", COUNTER, NONE, "messages created") \
    X(FLOW_DELIVERED, FLOW, "delivered", RATIO, NONE, "messages delivered, of those created") \
    X(FLOW_LOST, FLOW, "lost", RATIO, NONE, "messages lost with a cause, datagrams on the way among them, of those created") \
    X(FLOW_DUPLICATE, FLOW, "duplicate", COUNTER, NONE, "messages delivered more than once") \
    X(FLOW_DEADLINE_MISS, FLOW, "deadline_miss", RATIO, NONE, "messages not delivered by their deadline, of those due") \
    X(FLOW_LATENCY, FLOW, "latency", SAMPLE, SECONDS, "creation to delivery") \
    X(FLOW_SEND_DELAY, FLOW, "send_delay", SAMPLE, SECONDS, "creation to first transmission by TCP") \
    X(FLOW_GOODPUT, FLOW, "goodput", COUNTER, BYTES, "message bytes delivered") \
    X(FLEET_CONNECTED, FLEET, "connected", LEVEL, RATIO, "share of devices whose session is open") \
    X(FLEET_CPU, FLEET, "cpu", LEVEL, RATIO, "mean CPU utilisation of the devices") \
    X(FLEET_FAIRNESS, FLEET, "fairness", LEVEL, RATIO, "Jain's index of the bytes acknowledged to each device by TCP since the warm-up") \
    X(FLEET_RECONNECTS, FLEET, "reconnects", COUNTER, NONE, "sessions opened again after a loss") \
    X(LINK_UTILISATION, LINK, "utilisation", LEVEL, RATIO, "busy share of the busiest station and direction") \
    X(LINK_QUEUE, LINK, "queue", LEVEL, BYTES, "bytes waiting, all stations") \
    X(LINK_WAIT, LINK, "wait", SAMPLE, SECONDS, "time in the queue") \
    X(LINK_DELIVERED, LINK, "delivered", COUNTER, NONE, "packets delivered") \
    X(LINK_BYTES, LINK, "bytes", COUNTER, BYTES, "bytes delivered, as on the wire") \
    X(LINK_DROPPED, LINK, "dropped", RATIO, NONE, "packets dropped, of those offered") \
    X(LINK_ROAMS, LINK, "roams", COUNTER, NONE, "times that a station of a radio came back, to this access point or another") \
    X(LINK_ROAM_GAP, LINK, "roam_gap", SAMPLE, SECONDS, "leaving an access point to being associated again") \
    X(LINK_ASSOCIATED, LINK, "associated", LEVEL, RATIO, "share of a radio's stations that are associated") \
    X(SERVICE_CPU, SERVICE, "cpu", LEVEL, RATIO, "busy share of the service's cores") \
    X(SERVICE_CPU_WAIT, SERVICE, "cpu_wait", SAMPLE, SECONDS, "wait for a core") \
    X(SERVICE_QUEUE, SERVICE, "queue", LEVEL, NONE, "pieces of work waiting for a core") \
    X(SERVICE_SESSIONS, SERVICE, "sessions", LEVEL, NONE, "open sessions") \
    X(SERVICE_HANDSHAKES, SERVICE, "handshakes", COUNTER, NONE, "handshakes completed by the service") \
    X(SERVICE_RETRANSMITTED, SERVICE, "retransmitted", COUNTER, NONE, "flights of a DTLS handshake that the service sent again") \
    X(SERVICE_COOKIES, SERVICE, "cookies", COUNTER, NONE, "beginnings of a DTLS handshake that were answered with a cookie, and forgotten") \
    X(SERVICE_MOVED, SERVICE, "moved", COUNTER, NONE, "times that a DTLS client came from another address or port, and kept its association") \
    X(SERVICE_REFUSED, SERVICE, "refused", COUNTER, NONE, "sessions refused: alert, full, protocol") \
    X(SERVICE_MESSAGES, SERVICE, "messages", COUNTER, NONE, "application messages processed") \
    X(SERVICE_AVAILABILITY, SERVICE, "availability", LEVEL, RATIO, "share of its legitimate devices connected") \
    X(SERVICE_ALARM_OPEN, SERVICE, "alarm.open", LEVEL, NONE, "alarms at an alarm manager that nobody has acknowledged yet") \
    X(SERVICE_ALARM_ACKNOWLEDGED, SERVICE, "alarm.acknowledged", SAMPLE, SECONDS, "an alarm's arrival at its manager to the carer's acknowledgement") \
    X(SERVICE_ALARM_ESCALATED, SERVICE, "alarm.escalated", COUNTER, NONE, "times that an alarm went to further carers, unacknowledged in time") \
    X(SERVICE_ALARM_UNATTENDED, SERVICE, "alarm.unattended", COUNTER, NONE, "alarms that nobody acknowledged") \
    X(SERVICE_MEDIA_LOSS, SERVICE, "media_loss", RATIO, NONE, "RTP packets missing, of those expected") \
    X(SERVICE_MEDIA_JITTER, SERVICE, "media_jitter", SAMPLE, SECONDS, "interarrival jitter of an RTP stream, at each packet (RFC 3550 6.4.1)") \
    X(ATTACK_SENT, ATTACK, "sent", COUNTER, NONE, "attack units started (connections, packets, messages)") \
    X(ATTACK_REACHED, ATTACK, "reached", COUNTER, NONE, "attack units that the target's host received") \
    X(ATTACK_BYTES, ATTACK, "bytes", COUNTER, BYTES, "bytes that the attacker sent") \
    X(DEFENCE_ADMITTED, DEFENCE, "admitted", COUNTER, NONE, "units let through") \
    X(DEFENCE_REFUSED, DEFENCE, "refused", COUNTER, NONE, "units refused") \
    X(DEFENCE_COLLATERAL, DEFENCE, "collateral", COUNTER, NONE, "refused units that came from legitimate devices")

typedef enum {
#define LZ_METRIC_ENUM(id, scope, name, type, unit, help) LZ_METRIC_##id,
    LZ_METRICS(LZ_METRIC_ENUM)
#undef LZ_METRIC_ENUM
    LZ_METRIC_ID_COUNT,
} LzMetric;

typedef struct LzMetricInfo {
    const char *name;           /* "handshake.time" */
    LzScopeKind scope;
    LzMetricType type;
    LzUnit unit;
    const char *help;
} LzMetricInfo;

const LzMetricInfo *lz_metric_info(LzMetric metric);
const char *lz_scope_kind_name(LzScopeKind kind);       /* "run", "tls", "flow" … */
const char *lz_unit_name(LzUnit unit);                  /* "", "s", "B", "ratio", "bit/s": as in CSV columns */

#endif
