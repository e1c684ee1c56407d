/* What parameter tables say, for all that is made from them: readers, defaults, documents, the JSON Schema. */
#ifndef SIM_SCENARIO_PARAM_TABLE_H
#define SIM_SCENARIO_PARAM_TABLE_H

#include "sim/scenario/tree.h"

/* The scenario's word: not NUL-terminated where a unit suffix is cut off. */
const char *lz_param_key(const LzParam *param, size_t *ret_length);
char *lz_param_key_dup(const LzParam *param);
bool lz_param_is_key(const LzParam *param, const char *word);
/* Integer of a param of integer kind (times, quantities, counts, dates, enums, bools), by its size. */
int64_t lz_param_integer(const LzParam *param, const void *base);
bool lz_param_is_integer(LzParamKind kind);
void lz_param_store(const LzParam *param, void *base, int64_t value);
int64_t lz_param_whole(double value);       /* of a row's figures, which are doubles; beyond 64 bits the last that fits */
int64_t lz_param_min(const LzParam *param);
/* INT64_MAX when there is no upper bound. */
int64_t lz_param_max(const LzParam *param);
/* "5 ms", "1.2", "true": an integer param's value as a scenario would say it. New string. */
char *lz_param_format(const LzParam *param, int64_t value);
/* The name param that an item of this table begins with, or NULL. */
const LzParam *lz_param_item_name(const LzParam *table);
/* The table's first MODEL param, or NULL. */
const LzParam *lz_param_model(const LzParam *table);
/* `queue: 256 kB` is `queue: {limit: 256 kB}`, `queue: fifo` is `queue: {model: fifo}`: the mapping that the scalar stands
 * for; param has a shorthand. */
LzNode *lz_param_expand_shorthand(LzArena *arena, const LzParam *param, const LzNode *scalar);
/* Whether the model may stand there: inside a model, only one that holds none itself. */
bool lz_param_accepts(const LzParam *param, const LzModel *model);

/* ---- the forms of a DIST ---- */

typedef struct LzDistForm {
    int kind;                   /* index into the words; kind - UNIFORM */
    LzTime a_ns, b_ns;
} LzDistForm;
/* Table over LzDistForm of what may stand beside `dist: …` of this kind (UNIFORM, EXPONENTIAL, LOGNORMAL);
 * CONSTANT: the form `{spread: 60 s}`, uniform from 0. */
const LzParam *lz_dist_table(LzDistKind kind);
extern const char *const lz_dist_words[];      /* from UNIFORM on */

#endif
