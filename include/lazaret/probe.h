/* The probe contract: how everything in a run reports what happened. Implemented by sim/measure;
 * every function accepts probes == NULL and then does nothing. Reporting never changes a run. */
#ifndef LAZARET_PROBE_H
#define LAZARET_PROBE_H

#include <stdint.h>

#include "lazaret/bytes.h"
#include "lazaret/event.h"
#include "lazaret/metric.h"
#include "lazaret/time.h"

typedef struct LzProbes LzProbes;

/* A place that metrics are kept for, made while the world is built. 0 = none: reports vanish. */
typedef uint32_t LzScope;

/* name: "alarm", "backbone"; fleet: the fleet it belongs to or NULL. Same arguments, same scope. */
LzScope lz_probe_scope(LzProbes *probes, LzScopeKind kind, const char *name, const char *fleet);

/* COUNTER: add n. RATIO: add n to the part (the whole is added with lz_probe_count_whole). */
void lz_probe_count(LzProbes *probes, LzScope scope, LzMetric metric, int64_t n);
void lz_probe_count_whole(LzProbes *probes, LzScope scope, LzMetric metric, int64_t n);
/* What is reported too often for a call each: after lz_probe_turn(), add to what the pointer refers to; a part is
 * one of a COUNTER, a part or whole one of a RATIO, a part one sample of value 0 of a SAMPLE. The same pointer for the
 * same scope and metric. NULL when nobody listens. */
typedef struct LzCount { int64_t part, whole; } LzCount;
LzCount *lz_probe_counter(LzProbes *probes, LzScope scope, LzMetric metric);
typedef struct LzProbesClock {          /* what LzProbes begins with */
    const LzScheduler *scheduler;
    LzTime turn_ns;
} LzProbesClock;
void lz_probe_turn_over(LzProbes *probes);
/* What is counted from here on belongs to now. */
static inline void lz_probe_turn(LzProbes *probes)
{
    const LzProbesClock *clock = (const LzProbesClock *)(const void *)probes;
    if (clock && lz_now(clock->scheduler) >= clock->turn_ns) {
        lz_probe_turn_over(probes);
    }
}
/* SAMPLE: one value >= 0 in the metric's recording unit. */
void lz_probe_sample(LzProbes *probes, LzScope scope, LzMetric metric, int64_t value);
/* LEVEL: the level from now on. */
void lz_probe_level(LzProbes *probes, LzScope scope, LzMetric metric, int64_t level);
/* LEVEL that is measured over periods, as utilisation is: its mean from from_ns until now. What comes after is not
 * known before the next report. A scope's metric is reported in one of the two ways. */
void lz_probe_level_past(LzProbes *probes, LzScope scope, LzMetric metric, LzTime from_ns, int64_t level);

/* Recorded events (events.csv, live feed, capture marks). */
typedef enum {
    LZ_TRACE_HANDSHAKE,         /* code: 0 completed, else TLS alert (RFC 8446 6) + 1; detail: version, resumed */
    LZ_TRACE_SESSION,           /* code: LzCloseReason; detail: opened, closed */
    LZ_TRACE_ATTACK,            /* code: 1 start, 0 stop */
    LZ_TRACE_FAULT,             /* code: 1 start, 0 stop; of one that flaps: 2 works in between, 3 fails again */
    LZ_TRACE_DEFENCE,
    LZ_TRACE_EXPECT,            /* an expectation failed; detail: its name. The only kind accepted after the end */
    LZ_TRACE_MESSAGE_LOST,      /* code: LzLossCause */
    LZ_TRACE_KIND_COUNT,
} LzTraceKind;
const char *lz_trace_kind_name(LzTraceKind kind);       /* "handshake", "session" … the words of `record: events` */
/* device, peer, flow, detail may be NULL; strings are copied or interned by the receiver. */
void lz_probe_trace(LzProbes *probes, LzTraceKind kind, const char *device, const char *peer,
                    const char *flow, int64_t bytes, int32_t code, const char *detail);

/* A client that connects for each message tells when it came how far: a row of exchanges.csv. */
typedef struct LzExchangeTimes {
    LzTime started_ns;                  /* its SYN */
    LzTime connected_ns, answered_ns, completed_ns;     /* LZ_TIME_NEVER: it did not come to that */
} LzExchangeTimes;
/* device and outcome are copied by the receiver. */
void lz_probe_exchange(LzProbes *probes, const char *device, const LzExchangeTimes *times, const char *outcome);

/* ---- the life of an application message ------------------------------------------------------- */

/* Every message's payload begins with this mark, so that any receiver, simulated or real, can close
 * the life that its sender opened: magic, then the id, big-endian. */
#define LZ_MESSAGE_MARK_BYTES 12
#define LZ_MESSAGE_MAGIC UINT32_C(0x4c5a4d31)           /* "LZM1" */
typedef uint64_t LzMessageId;                           /* 0 = none */

typedef enum {
    LZ_LOSS_CLIENT_QUEUE_FULL,  /* the device could not keep it while offline */
    LZ_LOSS_CONNECTION,         /* QoS 0 in flight when the connection ended */
    LZ_LOSS_POWER,              /* the device lost power */
    LZ_LOSS_SERVICE_FULL,       /* the service dropped it: queue or quota */
    LZ_LOSS_REFUSED,            /* the service does not accept it (authorisation, protocol) */
    LZ_LOSS_NETWORK,            /* the datagram that it was in was dropped on the way, or nobody took it */
    LZ_LOSS_CAUSE_COUNT,
} LzLossCause;
const char *lz_loss_cause_name(LzLossCause cause);

/* Who creates messages; made by lz_probe_device(). */
typedef struct LzProbeDevice LzProbeDevice;
/* flow: a LZ_SCOPE_FLOW scope. deadline_ns: after creation, or LZ_TIME_NEVER. size: payload bytes. */
LzMessageId lz_probe_created(LzProbes *probes, LzScope flow, LzProbeDevice *device, uint32_t size_bytes,
                             LzTime deadline_ns);
void lz_probe_handed_to_tls(LzProbes *probes, LzMessageId message);
void lz_probe_sent(LzProbes *probes, LzMessageId message);
/* Called by the receiver with the payload it decoded; finds the mark itself, ignores payload without. */
void lz_probe_delivered(LzProbes *probes, LzBytes payload);
void lz_probe_lost(LzProbes *probes, LzMessageId message, LzLossCause cause);

/* Write the mark into a payload of at least LZ_MESSAGE_MARK_BYTES; read it back (0 = no mark). */
void lz_message_mark_write(uint8_t *payload, LzMessageId message);
LzMessageId lz_message_mark_read(LzBytes payload);

/* Registers a device by name ("pump[7]"); the same name is the same device. delivers_once: none of its messages is
 * ever delivered twice, so that one which was delivered can be forgotten at once. place: lz_probe_device_bytes() of
 * memory that stays until lz_probe_device_end(), where the caller has its own beside it; NULL: memory of the probes.
 * NULL without probes. */
LzProbeDevice *lz_probe_device(LzProbes *probes, const char *name, bool delivers_once, void *place);
size_t lz_probe_device_bytes(void);
/* Its messages are over, and it is freed. Only what has a place of its own must end before the probes do. */
void lz_probe_device_end(LzProbes *probes, LzProbeDevice *device);

#endif
