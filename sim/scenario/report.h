/* Where the reader of a scenario puts what it finds: diagnostics with the line they stand in. */
#ifndef SIM_SCENARIO_REPORT_H
#define SIM_SCENARIO_REPORT_H

#include "sim/scenario/load.h"

/* Beyond this many, mistakes are counted but not kept (a hostile file can hold half a million). */
#define LZ_DIAGNOSTICS_KEPT_MAX 200

typedef struct LzReport LzReport;

/* diagnostics: borrowed. */
LzReport *lz_report_new(LzDiagnostics *diagnostics);
void lz_report_free(LzReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LzReport, lz_report_free)

/* Bytes of the byte order mark that some editors put in front of a file, and that is not part of its text; or 0. */
size_t lz_byte_order_mark_bytes(const char *text, size_t size);
/* FILE:LINE:COLUMN, or only FILE (an override's path) where there are no lines. */
char *lz_mark_format(const LzMark *mark);

/* The text of a file, for the lines shown with its errors; all borrowed until the report is freed. */
void lz_report_add_source(LzReport *report, const char *file, const char *text, size_t size);

/* The new diagnostic, to be given a hint or a note, or NULL when it was only counted. */
LzDiagnostic *lz_report_error(LzReport *report, const char *code, LzMark mark, unsigned length, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
LzDiagnostic *lz_report_warning(LzReport *report, const char *code, LzMark mark, unsigned length, const char *format,
                                ...) G_GNUC_PRINTF(5, 6);
/* All accept NULL. A hint stands behind the caret, a note on a line of its own. */
void lz_diagnostic_hint(LzDiagnostic *diagnostic, const char *format, ...) G_GNUC_PRINTF(2, 3);
void lz_diagnostic_note(LzDiagnostic *diagnostic, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* `did you mean …?` when a candidate is near, and `known: a, b, c, … (more)`; more may be NULL. */
void lz_diagnostic_suggest(LzDiagnostic *diagnostic, const char *word, const char *const *known, unsigned count,
                           const char *more);

unsigned lz_report_errors(const LzReport *report);
/* In the order of the file; the main file, which is the first source, before others. */
void lz_report_sort(LzReport *report);

/* Text of a user in a message: shortened, and without control characters. New string. */
char *lz_quote(const char *text);

#endif
