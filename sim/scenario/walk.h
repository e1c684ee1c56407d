/* One walker for every structure: a tree and a parameter table in, a filled struct and all mistakes out. */
#ifndef SIM_SCENARIO_WALK_H
#define SIM_SCENARIO_WALK_H

#include "sim/scenario/tree.h"

typedef struct LzWalk {
    LzReport *report;           /* borrowed */
    LzArena *arena;             /* borrowed: everything the walk makes */
    GHashTable *nodes;          /* list item (its address) to the LzNode it was read from; only looked up */
} LzWalk;

LzWalk *lz_walk_new(LzReport *report, LzArena *arena);
void lz_walk_free(LzWalk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzWalk, lz_walk_free)

/* Fills a struct with its table's defaults, then with what the map says. The mistakes are reported. */
void lz_walk_struct(LzWalk *walk, const LzParam *table, void *base, const LzNode *map);

/* The map that a list's item was read from; NULL for an item made of a bare name. */
const LzNode *lz_walk_node(const LzWalk *walk, const void *item);
/* Mark of one of an item's values, or of the item when the key is not written. */
LzMark lz_walk_mark(const LzWalk *walk, const void *item, const char *key, unsigned *ret_length);

/* One quantity that no table describes, at 0 or above, with the messages of a param's. max: 0 for the kind's own.
 * False after reporting. */
bool lz_walk_quantity(LzWalk *walk, LzParamKind kind, double max, const char *key, const LzText *text,
                      int64_t *ret_value);

#endif
