/* The tidy tables of a run: metrics.csv, series.csv, events.csv, hist.csv, flows.csv, windows.csv, devices.csv;
 * exchanges.csv when a client connects for each message.
 * The same run gives the same bytes. */
#ifndef SIM_OUTPUT_TABLES_H
#define SIM_OUTPUT_TABLES_H

#include <glib.h>

#include "sim/measure/recorder.h"
#include "sim/output/directory.h"
#include "sim/scenario/plan.h"
#include "sim/world.h"

typedef struct LzTables LzTables;

/* Creates the files; everything is borrowed. flows.csv and windows.csv are written at once: they are the plan's. */
LzTables *lz_tables_new(LzDirectory *directory, const LzPlan *plan, const char *run_id, GError **error);
/* The rows of one repetition, counted from 1. */
gboolean lz_tables_add(LzTables *tables, unsigned repetition, uint64_t seed, const LzProbes *probes, GError **error);
/* With two repetitions or more: rows without `rep` and `seed` in metrics.csv, the mean and its 95 % interval. */
gboolean lz_tables_finish(LzTables *tables, GError **error);
void lz_tables_free(LzTables *tables);          /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzTables, lz_tables_free)

/* devices.csv of one repetition; its columns have no `rep`: it describes the first. */
gboolean lz_tables_write_devices(LzDirectory *directory, const char *run_id, const LzWorld *world, GError **error);

#endif
