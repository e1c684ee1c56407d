/* One run's world: owns everything, built from a plan; step it or run it. Two worlds can live in one
 * process. The only part that knows all modules. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <glib.h>

#include "sim/core/digest.h"
#include "sim/host/host.h"
#include "sim/measure/recorder.h"
#include "sim/net/link.h"
#include "sim/scenario/plan.h"

typedef struct LzWorld LzWorld;

/* What the outside may hear of a run; every member may be NULL. Never changes the run. */
typedef struct LzWorldObserver {
    void (*packet)(void *self, const char *device, LzTime now_ns, const LzPacket *packet, bool is_outgoing);   /* devices chosen by `record: pcapng` */
    void (*key_log)(void *self, const char *device, LzTime now_ns, const char *line);
    void *self;
} LzWorldObserver;

/* repetition from 0: its seed is run.seed + repetition. plan is borrowed. */
LzWorld *lz_world_new(const LzPlan *plan, unsigned repetition, const LzWorldObserver *observer, GError **error);
void lz_world_free(LzWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzWorld, lz_world_free)

bool lz_world_step(LzWorld *world);                             /* one event; false at the end of the run */
void lz_world_run_until(LzWorld *world, LzTime time_ns);        /* at most to the run's end */
void lz_world_finish(LzWorld *world);                           /* settle measurements; once, before queries */
/* Steps until the condition holds or the limit is reached; says which. */
bool lz_world_step_until(LzWorld *world, bool (*condition)(LzWorld *world), LzTime limit_ns);

LzTime lz_world_now(const LzWorld *world);
const LzPlan *lz_world_plan(const LzWorld *world);
uint64_t lz_world_seed(const LzWorld *world);
LzProbes *lz_world_probes(LzWorld *world);
const LzDigest *lz_world_digest(const LzWorld *world);
uint64_t lz_world_events(const LzWorld *world);                 /* fired */
uint64_t lz_world_pending(const LzWorld *world);                /* events waiting */
uint64_t lz_world_packets(const LzWorld *world);                /* created */
unsigned lz_world_connected(const LzWorld *world);              /* devices with an open application session */
const char *lz_world_event(const LzWorld *world);               /* an attack or fault in progress, or NULL */

/* Devices: fleet devices in plan order. */
unsigned lz_world_device_count(const LzWorld *world);
typedef struct LzDeviceInfo {
    const char *name, *fleet, *profile, *zone, *link;
    const LzHost *host;
    LzTime start_ns;
    uint64_t reconnects;
    const uint8_t *certificate;         /* DER, NULL without TLS */
    size_t certificate_size;
} LzDeviceInfo;
LzDeviceInfo lz_world_device(const LzWorld *world, unsigned index);
/* What the manufacturer of a fleet's devices publishes of them (RFC 8520), as text; NULL: nothing, because they are not onboarded. */
char *lz_world_mud_file(LzWorld *world, unsigned fleet);
LzHost *lz_world_host(LzWorld *world, const char *name);        /* device "pump[7]", service "broker"; NULL */
LzLink *lz_world_link(LzWorld *world, const char *name);
unsigned lz_world_link_count(const LzWorld *world);
LzLink *lz_world_link_at(LzWorld *world, unsigned index);

/* Fault verbs, the closed list of actions; also what `faults:` schedules. A fault that is still in progress and
 * holds the same thing down does not see them. */
void lz_world_switch_power(LzWorld *world, const char *zone, bool is_on);
void lz_world_link_up(LzWorld *world, const char *link, bool is_up);
void lz_world_service_power(LzWorld *world, const char *service, bool is_on);
void lz_world_fleet_power(LzWorld *world, const char *fleet, bool is_on);

/* Lets checkers observe the run from now on, which is before its first event: packets and bytes of each link and
 * class, queues and their limits, streams of bytes, messages, time. A broken law ends the run. Never changes it. */
void lz_world_watch(LzWorld *world);
/* Laws that hold at any moment (packet conservation per link and switch, message accounts, what watchers have seen): true, or a text
 * of what is broken. */
bool lz_world_check(LzWorld *world, char **ret_problem);

#endif
