/* A value of a scenario at its place: reads it into the field that its table row names, or says what is wrong. Private to
 * the walker. */
#ifndef SIM_SCENARIO_PLACE_H
#define SIM_SCENARIO_PLACE_H

#include "sim/scenario/report.h"
#include "sim/scenario/walk.h"

typedef struct LzPlace {            /* a value with the key that it belongs to, for messages */
    const LzParam *param;
    const LzNode *node;
    const char *key;                /* as written, quoted */
} LzPlace;

/* An error at the value. */
LzDiagnostic *lz_place_complain(LzWalk *walk, const char *code, const LzPlace *place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
const char *lz_node_kind_words(const LzNode *node);     /* "a list" */
/* The following are false, or do nothing more, after reporting. */
bool lz_place_expect_scalar(LzWalk *walk, const LzPlace *place);
bool lz_place_check_name(LzWalk *walk, const LzPlace *place);
bool lz_place_is_in_range(LzWalk *walk, const LzPlace *place, int64_t value);
int lz_place_find_word(LzWalk *walk, const LzPlace *place);     /* index among the words of its row, or -1 */
void lz_place_read_quantity(LzWalk *walk, const LzPlace *place, void *base);
void lz_place_read_text(LzWalk *walk, const LzPlace *place, void *base);
void lz_place_read_names(LzWalk *walk, const LzPlace *place, void *base);
/* Any kind that is written as a single value. */
void lz_place_read_scalar(LzWalk *walk, const LzPlace *place, void *base);

#endif
