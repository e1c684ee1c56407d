/* From a scenario file to a plan, with every mistake found in one pass. */
#ifndef SIM_SCENARIO_LOAD_H
#define SIM_SCENARIO_LOAD_H

#include <glib.h>

#include "sim/scenario/plan.h"

/* A mistake (or warning) with its place; the caller prints. Text as in the interface: stable code,
 * message, caret length, fix line. */
typedef struct LzDiagnostic {
    bool is_warning;
    const char *code;                   /* "E104" */
    LzMark mark;
    unsigned length;                    /* of the caret mark, >= 1 */
    char *message;                      /* unknown device profile `infusion-pmup` */
    char *hint;                         /* did you mean `infusion-pump`?; may be NULL */
    char *note;                         /* further line; may be NULL */
    char *source_line;                  /* the line of the file, cut when long; NULL for the command line */
    unsigned source_offset;             /* characters of source_line in front of the caret */
    unsigned source_index;              /* of the file: 0 is the scenario, then data files as they were read */
    char *file;                         /* what mark.file points to */
} LzDiagnostic;

typedef struct LzDiagnostics {
    GPtrArray *items;                   /* LzDiagnostic */
    unsigned errors, warnings;
} LzDiagnostics;
LzDiagnostics *lz_diagnostics_new(void);
void lz_diagnostics_free(LzDiagnostics *diagnostics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzDiagnostics, lz_diagnostics_free)
/* The human form with caret, one string; at most 20 errors are written out. */
char *lz_diagnostics_format(const LzDiagnostics *diagnostics);
/* "4 errors, 1 warning - nothing was run ...", without a newline; "" when there is nothing. */
char *lz_diagnostics_summary(const LzDiagnostics *diagnostics);

/* overrides: NULL-terminated PATH=VALUE texts or NULL. Returns NULL if there was any error. */
LzPlan *lz_plan_load(const char *path, const char *const *overrides, LzDiagnostics *diagnostics);
/* Same from memory (tests, fuzzing); path is used for messages and relative look-ups. */
LzPlan *lz_plan_load_text(const char *path, const char *text, size_t size, const char *const *overrides,
                          LzDiagnostics *diagnostics);
void lz_plan_free(LzPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzPlan, lz_plan_free)

/* The plan as YAML with every default made explicit; loads to an equal plan. */
char *lz_plan_resolved_yaml(const LzPlan *plan);
/* The file's exact bytes as read. */
const char *lz_plan_source(const LzPlan *plan, size_t *ret_size);

/* JSON Schema (2020-12) of the scenario language, from the same tables. */
char *lz_schema_json(void);
/* What `lazaret describe NAME` prints for a model, a device profile or a CPU class; NULL when unknown. */
char *lz_describe(const char *name);
/* What `lazaret list [KIND]` prints; NULL when the kind is unknown. */
char *lz_list(const char *kind);
/* Long text of an error code for `lazaret explain`, NULL when unknown. */
const char *lz_explain(const char *code);
/* Nearest of the candidates by edit distance, or NULL when none is near. */
const char *lz_nearest(const char *word, const char *const *candidates, unsigned count);

#endif
