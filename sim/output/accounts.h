/* What the engine counted in a whole run, warm-up included, and where it went: links.csv with the drops by
 * reason, services.csv, and refusals.csv with the refused handshakes by alert. The same run gives the same bytes. */
#ifndef SIM_OUTPUT_ACCOUNTS_H
#define SIM_OUTPUT_ACCOUNTS_H

#include <glib.h>

#include "sim/output/directory.h"
#include "sim/world.h"

typedef struct LzAccounts LzAccounts;

/* Creates the files. Everything is borrowed. */
LzAccounts *lz_accounts_new(LzDirectory *directory, const char *run_id, GError **error);
/* The rows of one repetition, counted from 1. */
gboolean lz_accounts_add(LzAccounts *accounts, unsigned repetition, LzWorld *world, GError **error);
void lz_accounts_free(LzAccounts *accounts);            /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzAccounts, lz_accounts_free)

#endif
