/* Names of a plan's parts, for references between them: found, or reported with what there is. */
#ifndef SIM_SCENARIO_NAMES_H
#define SIM_SCENARIO_NAMES_H

#include "sim/scenario/report.h"

typedef struct LzNames LzNames;

/* what: "link", "zone" … of the messages. Items begin with their LzText name. Equal names are reported (E108). */
LzNames *lz_names_new(LzReport *report, const char *what, const LzList *list, size_t item_size);
void lz_names_free(LzNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzNames, lz_names_free)

/* The item, or NULL. */
void *lz_names_find(const LzNames *names, const char *name);
/* The item that a reference means. NULL when the reference is absent, or after reporting that it means nothing. */
void *lz_names_resolve(const LzNames *names, const char *code, const LzText *reference);
/* Nearest name and `WHAT here: a (line 3), b (line 4)`. */
void lz_names_suggest(const LzNames *names, LzDiagnostic *diagnostic, const char *word);
/* Caret length of a text. */
unsigned lz_text_length(const LzText *text);

#endif
