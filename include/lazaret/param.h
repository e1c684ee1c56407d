/* Parameters as one typed table per structure, next to its config struct. From a row come parsing,
 * unit, range, default, error text, `lazaret describe`, the JSON Schema and the reference page.
 *
 * A scenario's key is the C field's name without its unit suffix: field `target_ns` is written
 * `target: 5 ms`. Quantities must have units; strings and names have marks for later errors. */
#ifndef LAZARET_PARAM_H
#define LAZARET_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lazaret/time.h"

typedef struct LzModel LzModel;
typedef struct LzParam LzParam;

/* Where in a file a value stands; line and column count from 1; file borrowed from the plan. */
typedef struct LzMark {
    const char *file;
    unsigned line, column;
} LzMark;

typedef struct LzText {         /* a string with its place; text NULL when absent */
    const char *text;
    LzMark mark;
} LzText;

typedef struct LzNameList {     /* a list of strings */
    LzText *items;
    unsigned count;
} LzNameList;

typedef struct LzList {         /* a list or map of objects: each item begins as `item_size` bytes of its struct */
    void *items;
    unsigned count;
} LzList;

/* The model that a key chose, with its parsed configuration. */
typedef struct LzChoice {
    const LzModel *model;
    void *config;               /* model->config_size bytes */
    LzMark mark;
} LzChoice;

/* A delay distribution that needs no floating point. Written `2 ms` (constant),
 * `{dist: lognormal, p50: 2 ms, p99: 25 ms}`, `{dist: exponential, mean: 2 ms}` or
 * `{dist: uniform, min: 0 ms, max: 4 ms}`. */
typedef enum { LZ_DIST_CONSTANT, LZ_DIST_UNIFORM, LZ_DIST_EXPONENTIAL, LZ_DIST_LOGNORMAL } LzDistKind;
typedef struct LzDist {
    LzDistKind kind;
    LzTime a_ns, b_ns;          /* constant: a; uniform: min, max; exponential: mean; lognormal: p50, p99 */
} LzDist;
typedef struct LzRandom LzRandom;
LzTime lz_dist_draw(const LzDist *dist, LzRandom *random);       /* >= 0; a constant draws nothing */

typedef enum {
    LZ_PARAM_TIME_NS,           /* LzTime; ns us ms s min h d; field suffix _ns */
    LZ_PARAM_BYTES,             /* int64_t; B kB MB GB KiB MiB GiB; suffix _bytes */
    LZ_PARAM_BPS,               /* int64_t; bit/s kbit/s Mbit/s Gbit/s, also B/s kB/s MB/s GB/s; suffix _bps */
    LZ_PARAM_PPB,               /* uint32_t, 0..1e9 unless max says otherwise; `0.2 %`, `1e-3` is refused: a ratio is
                                   written in %; suffix _ppb */
    LZ_PARAM_RATE_UHZ,          /* int64_t, micro-events per second; `0.2 /min`, `800 /s`, `187 /d`; suffix _uhz */
    LZ_PARAM_FREQUENCY_HZ,      /* int64_t; Hz kHz MHz GHz; suffix _hz */
    LZ_PARAM_COUNT,             /* int64_t; a bare integer */
    LZ_PARAM_CORES,             /* int64_t; `8 cores`, `1 core`; suffix _cores */
    LZ_PARAM_DSCP,              /* int64_t; `ef`, `af21`, `46`, see lazaret/dscp.h */
    LZ_PARAM_BOOL,              /* bool; only true and false */
    LZ_PARAM_TEXT,              /* LzText */
    LZ_PARAM_NAME,              /* LzText restricted to [a-z0-9-]{1,64} */
    LZ_PARAM_NAMES,             /* LzNameList; of `words` when given */
    LZ_PARAM_ENUM,              /* int; one of `words` (NULL-terminated), value = index */
    LZ_PARAM_DIST,              /* LzDist; suffix _dist is NOT stripped: name the field as the key */
    LZ_PARAM_DATE,              /* int64_t, seconds since 1970-01-01 UTC; 2026-03-02T06:00:00Z; suffix _unix_s */
    LZ_PARAM_OBJECT,            /* nested struct, table in `table`; see also LZ_PARAM_GROUP */
    LZ_PARAM_LIST,              /* LzList of structs, table in `table`, size in `item_size`; each item may begin
                                   with a NAME param called `name`, then a map name: {…} and a list of bare
                                   names are read too */
    LZ_PARAM_MODEL,             /* LzChoice: the value names a model of `model_kind`; the model's own keys stand
                                   beside this key in the same mapping */
    LZ_PARAM_VALUE,             /* LzText: any scalar kept as written (an expectation's limit), checked later */
    LZ_PARAM_ANY,               /* ignored subtree (x-*, sweep, live details) */
} LzParamKind;

typedef enum {
    LZ_MODEL_QUEUE, LZ_MODEL_LINK, LZ_MODEL_RADIO, LZ_MODEL_BEHAVIOUR, LZ_MODEL_CLIENT, LZ_MODEL_SERVICE,
    LZ_MODEL_ATTACK, LZ_MODEL_DEFENCE, LZ_MODEL_KIND_COUNT,
} LzModelKind;

struct LzParam {
    const char *field;          /* C field name; NULL ends the table */
    size_t offset, size;
    LzParamKind kind;
    bool is_required;
    bool is_of_preset;          /* a preset may give what is required: the JSON Schema does not ask for it */
    double min, max;            /* inclusive, in the field's unit; max 0 = no upper bound, unless has_max */
    bool has_max;
    double fallback;            /* default, in the field's unit (enum: index; bool: 0/1) */
    const char *fallback_text;  /* default of TEXT/NAME/VALUE, or the model's name of MODEL; of a number: what
                                   `describe` says instead of it */
    const char *const *words;   /* ENUM */
    const LzParam *table;       /* OBJECT, LIST */
    size_t item_size;           /* LIST */
    LzModelKind model_kind;     /* MODEL; LINK also accepts radios */
    bool is_inner;              /* MODEL inside a model: only those that hold none themselves, so that nesting ends */
    const char *key;            /* the scenario's word when it is not the field without its unit */
    const char *shorthand;      /* OBJECT: a bare scalar stands for this key of it (or for its model's name) */
    bool is_alias;              /* OBJECT: a second way to write fields of the same struct; LIST: short for items of
                                   other lists. Never written out */
    bool is_host_group;         /* NAME: of a segment, fleet, service or attack, which must be there */
    const char *folder;         /* NAME: of a data file in this folder of models/ */
    const char *help;           /* one line */
    const char *source;         /* of the default: a document, or NULL for a project default */
};

#define LZ_PARAM(Config, member, ...) \
    { .field = #member, .offset = offsetof(Config, member), .size = sizeof(((Config *)0)->member), __VA_ARGS__ }
/* A mapping in the scenario whose keys are fields of the struct around it: offsets in `table` are that struct's. */
#define LZ_PARAM_GROUP(word, ...) { .field = word, .kind = LZ_PARAM_OBJECT, __VA_ARGS__ }
#define LZ_PARAM_END { .field = NULL }

#endif
