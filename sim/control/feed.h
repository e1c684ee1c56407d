/* The live feed: PUB frames topic | header JSON | body JSON for whoever listens. Never blocks a run,
 * never changes it: what cannot be sent at once is dropped and counted. */
#ifndef SIM_CONTROL_FEED_H
#define SIM_CONTROL_FEED_H

#include <glib.h>

#include "sim/world.h"

typedef struct LzFeed LzFeed;

/* endpoint: NULL or "ipc" for the default ipc://$XDG_RUNTIME_DIR/lazaret/<run_id> (directories 0700), or ipc://PATH. */
LzFeed *lz_feed_open(const char *endpoint, const char *run_id, const LzPlan *plan, GError **error);
const char *lz_feed_endpoint(const LzFeed *feed);
/* A repetition begins: attaches to its probes as the listener; hello and progress are sent. The world is borrowed
 * until the next attach or close, and not touched by either. */
void lz_feed_attach(LzFeed *feed, LzWorld *world, unsigned repetition);
/* Called often (every few thousand events); sends progress at 5 Hz of real time, hello each 5 s, metrics coalesced
 * to 10 Hz. */
void lz_feed_poll(LzFeed *feed);
/* An expectation does not hold in this repetition: an alert, once per run and expectation. line: of the scenario;
 * observed: NULL when there was no sample; observed and limit as people read them. */
void lz_feed_expectation_failed(LzFeed *feed, const char *name, unsigned line, const char *observed, const char *limit);
void lz_feed_close(LzFeed *feed, const char *state, int exit_code);      /* bye; frees; accepts NULL */
/* Messages that found the queue of a subscriber full; the others got them. */
uint64_t lz_feed_dropped(const LzFeed *feed);

#endif
