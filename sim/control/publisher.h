/* The only door to ZeroMQ's PUB socket: frames topic | header | body over ipc, for whoever listens. A
 * send never waits. */
#ifndef SIM_CONTROL_PUBLISHER_H
#define SIM_CONTROL_PUBLISHER_H

#include <glib.h>

#include "lazaret/time.h"

typedef struct LzPublisher LzPublisher;

/* endpoint: NULL for ipc://$XDG_RUNTIME_DIR/lazaret/RUN_ID, in a directory that is made when missing and
 * refused unless it is ours alone; or ipc://PATH. The socket file has mode 0700. */
LzPublisher *lz_publisher_open(const char *endpoint, const char *run_id, GError **error);
/* Gives what is queued 200 ms of real time to leave; removes the socket file; accepts NULL. */
void lz_publisher_close(LzPublisher *publisher);
const char *lz_publisher_endpoint(const LzPublisher *publisher);

/* Topic "lz1.RUN.CLASS" or "lz1.RUN.CLASS.NAME" (name may be NULL). body: JSON text. */
void lz_publisher_send(LzPublisher *publisher, const char *class, const char *name, LzTime virtual_ns,
                       const char *body);
/* Messages that found the queue of a subscriber full. Such a subscriber misses messages until it has
 * caught up, and sees which by the gaps in `seq`; the others miss none. */
uint64_t lz_publisher_dropped(const LzPublisher *publisher);

#endif
