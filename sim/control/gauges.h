/* The newest value of every series, to be published no faster than people can follow. Keeps copies: what
 * it was told of may be gone. */
#ifndef SIM_CONTROL_GAUGES_H
#define SIM_CONTROL_GAUGES_H

#include <glib.h>

#include "sim/core/json.h"
#include "sim/world.h"

typedef struct LzGauges LzGauges;

LzGauges *lz_gauges_new(void);
void lz_gauges_free(LzGauges *gauges);                  /* accepts NULL */
/* scope: of the row. */
void lz_gauges_set(LzGauges *gauges, const LzScopeInfo *scope, const LzSeriesRow *row);
/* Calls send for every gauge that changed since the last time, in the order of their first appearance, with
 * "flow.latency", its time and its JSON body. */
void lz_gauges_take(LzGauges *gauges, void (*send)(void *self, const char *name, LzTime t_ns, const char *body),
                    void *self);

#endif
