#include "sim/scenario/report.h"

#include <stdarg.h>
#include <string.h>

#define WRITTEN_MAX 20
#define QUOTE_CHARACTERS_MAX 80
#define LINE_CHARACTERS_MAX 140     /* of a source line; a longer one is cut around the mistake */
#define LINE_BEFORE_CHARACTERS 60   /* kept in front of the mistake when cut */
#define WORD_BYTES_MAX 64           /* longer words have no nearest */
#define KNOWN_MAX 12                /* names listed after `known:` */
#define CANDIDATES_MAX 1000         /* looked at for the nearest word: a hostile file can hold 100,000 names */

typedef struct Source {
    const char *file, *text;
    size_t size;
} Source;

struct LzReport {
    LzDiagnostics *diagnostics;
    GArray *sources;                /* Source */
};

/* ---- diagnostics ---- */

static void diagnostic_free(gpointer data)
{
    LzDiagnostic *diagnostic = data;
    g_free(diagnostic->file);
    g_free(diagnostic->message);
    g_free(diagnostic->hint);
    g_free(diagnostic->note);
    g_free(diagnostic->source_line);
    g_free(diagnostic);
}

LzDiagnostics *lz_diagnostics_new(void)
{
    LzDiagnostics *diagnostics = g_new0(LzDiagnostics, 1);
    diagnostics->items = g_ptr_array_new_with_free_func(diagnostic_free);
    return diagnostics;
}

void lz_diagnostics_free(LzDiagnostics *diagnostics)
{
    if (!diagnostics) {
        return;
    }
    g_ptr_array_unref(diagnostics->items);
    g_free(diagnostics);
}

char *lz_mark_format(const LzMark *mark)
{
    return mark->line == 0 ? g_strdup(mark->file) : g_strdup_printf("%s:%u:%u", mark->file, mark->line, mark->column);
}

size_t lz_byte_order_mark_bytes(const char *text, size_t size)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    size_t length = sizeof byte_order_mark - 1;
    return size >= length && memcmp(text, byte_order_mark, length) == 0 ? length : 0;
}

/* The gap below a line's first characters: tabs stay tabs, so that the caret stands under its word. */
static void append_gap(GString *out, const char *line, unsigned characters)
{
    for (const char *p = line; characters > 0 && *p; p = g_utf8_next_char(p), characters--) {
        g_string_append_c(out, *p == '\t' ? '\t' : ' ');
    }
    for (; characters > 0; characters--) {
        g_string_append_c(out, ' ');
    }
}

static void append_caret(GString *out, const LzDiagnostic *diagnostic)
{
    g_string_append_printf(out, "%5u | %s\n      | ", diagnostic->mark.line, diagnostic->source_line);
    append_gap(out, diagnostic->source_line, diagnostic->source_offset);
    g_string_append_c(out, '^');
    for (unsigned i = 1; i < diagnostic->length; i++) {
        g_string_append_c(out, '~');
    }
    if (diagnostic->hint) {
        g_string_append_printf(out, " %s", diagnostic->hint);
    }
    g_string_append_c(out, '\n');
}

static void append_diagnostic(GString *out, const LzDiagnostic *diagnostic)
{
    g_autofree char *place = lz_mark_format(&diagnostic->mark);
    g_string_append_printf(out, "%s: %s[%s]: %s\n", place, diagnostic->is_warning ? "warning" : "error", diagnostic->code,
                           diagnostic->message);
    if (diagnostic->source_line) {
        append_caret(out, diagnostic);
    } else if (diagnostic->hint) {
        g_string_append_printf(out, "      = %s\n", diagnostic->hint);
    }
    if (diagnostic->note) {
        g_string_append_printf(out, "      = %s\n", diagnostic->note);
    }
}

char *lz_diagnostics_format(const LzDiagnostics *diagnostics)
{
    GString *out = g_string_new(NULL);
    unsigned errors = 0, warnings = 0;
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *diagnostic = diagnostics->items->pdata[i];
        unsigned *written = diagnostic->is_warning ? &warnings : &errors;
        if (*written == WRITTEN_MAX) {
            continue;
        }
        ++*written;
        append_diagnostic(out, diagnostic);
    }
    if (diagnostics->errors > errors) {
        g_string_append_printf(out, "... and %u more errors\n", diagnostics->errors - errors);
    }
    if (diagnostics->warnings > warnings) {
        g_string_append_printf(out, "... and %u more warnings\n", diagnostics->warnings - warnings);
    }
    return g_string_free(out, FALSE);
}

static void append_count(GString *out, unsigned count, const char *word)
{
    if (count == 0) {
        return;
    }
    g_string_append_printf(out, "%s%u %s%s", out->len > 0 ? ", " : "", count, word, count == 1 ? "" : "s");
}

static const char *first_error_code(const LzDiagnostics *diagnostics)
{
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *diagnostic = diagnostics->items->pdata[i];
        if (!diagnostic->is_warning) {
            return diagnostic->code;
        }
    }
    return NULL;
}

char *lz_diagnostics_summary(const LzDiagnostics *diagnostics)
{
    GString *out = g_string_new(NULL);
    append_count(out, diagnostics->errors, "error");
    append_count(out, diagnostics->warnings, "warning");
    const char *code = first_error_code(diagnostics);
    if (code) {
        g_string_append_printf(out, " - nothing was run          `lazaret explain %s` for more", code);
    }
    return g_string_free(out, FALSE);
}

/* ---- the report ---- */

LzReport *lz_report_new(LzDiagnostics *diagnostics)
{
    LzReport *report = g_new0(LzReport, 1);
    report->diagnostics = diagnostics;
    report->sources = g_array_new(FALSE, FALSE, sizeof(Source));
    return report;
}

void lz_report_free(LzReport *report)
{
    if (!report) {
        return;
    }
    g_array_unref(report->sources);
    g_free(report);
}

void lz_report_add_source(LzReport *report, const char *file, const char *text, size_t size)
{
    size_t skipped = lz_byte_order_mark_bytes(text, size);
    Source source = {file, text + skipped, size - skipped};
    g_array_append_val(report->sources, source);
}

unsigned lz_report_errors(const LzReport *report)
{
    return report->diagnostics->errors;
}

static const Source *find_source(const LzReport *report, const char *file, unsigned *ret_index)
{
    for (unsigned i = 0; i < report->sources->len; i++) {
        const Source *source = &g_array_index(report->sources, Source, i);
        if (strcmp(source->file, file) == 0) {
            *ret_index = i;
            return source;
        }
    }
    return NULL;
}

/* Printable and valid whatever the bytes are: a terminal must not be driven by a scenario. */
static char *clean_line(const char *line, size_t size)
{
    g_autofree char *valid = g_utf8_make_valid(line, (gssize)size);
    GString *clean = g_string_sized_new(size);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(clean, c == '\t' || g_unichar_isprint(c) ? c : '?');
    }
    return g_string_free(clean, FALSE);
}

static const char *find_line(const Source *source, unsigned line, size_t *ret_size)
{
    const char *at = source->text, *end = source->text + source->size;
    for (unsigned i = 1; i < line; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline) {
            return NULL;
        }
        at = newline + 1;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    *ret_size = (size_t)((newline ? newline : end) - at);
    if (*ret_size > 0 && at[*ret_size - 1] == '\r') {
        --*ret_size;
    }
    return at;
}

static void set_source_line(LzDiagnostic *diagnostic, const Source *source)
{
    size_t size = 0;
    const char *line = find_line(source, diagnostic->mark.line, &size);
    if (!line) {
        return;
    }
    g_autofree char *clean = clean_line(line, size);
    glong characters = g_utf8_strlen(clean, -1);
    glong offset = MIN((glong)diagnostic->mark.column - 1, characters);
    glong start =
        characters > LINE_CHARACTERS_MAX && offset > LINE_BEFORE_CHARACTERS ? offset - LINE_BEFORE_CHARACTERS : 0;
    glong end = MIN(characters, start + LINE_CHARACTERS_MAX);
    diagnostic->source_line = g_utf8_substring(clean, start, end);
    diagnostic->source_offset = (unsigned)(offset - start);
    diagnostic->length = MIN(diagnostic->length, (unsigned)MAX(end - offset, 1));
}

/* A value that several places share by an alias is wrong once. */
static bool is_known(const LzDiagnostics *diagnostics, const LzDiagnostic *diagnostic)
{
    for (unsigned i = 0; i < diagnostics->items->len; i++) {
        const LzDiagnostic *known = diagnostics->items->pdata[i];
        if (known->mark.line == diagnostic->mark.line && known->mark.column == diagnostic->mark.column &&
            strcmp(known->code, diagnostic->code) == 0 && strcmp(known->file, diagnostic->file) == 0 &&
            strcmp(known->message, diagnostic->message) == 0) {
            return true;
        }
    }
    return false;
}

static G_GNUC_PRINTF(6, 0) LzDiagnostic *add(LzReport *report, bool is_warning, const char *code, LzMark mark,
                                             unsigned length, const char *format, va_list arguments)
{
    LzDiagnostics *diagnostics = report->diagnostics;
    unsigned *count = is_warning ? &diagnostics->warnings : &diagnostics->errors;
    if (*count >= LZ_DIAGNOSTICS_KEPT_MAX) {
        ++*count;
        return NULL;
    }
    LzDiagnostic *diagnostic = g_new0(LzDiagnostic, 1);
    diagnostic->is_warning = is_warning;
    diagnostic->code = code;
    diagnostic->file = lz_quote(mark.file);
    diagnostic->mark = (LzMark){diagnostic->file, mark.line, mark.column};
    diagnostic->length = MAX(length, 1);
    diagnostic->message = g_strdup_vprintf(format, arguments);
    if (is_known(diagnostics, diagnostic)) {
        diagnostic_free(diagnostic);
        return NULL;
    }
    ++*count;
    const Source *source = find_source(report, mark.file, &diagnostic->source_index);
    if (source && mark.line > 0) {
        set_source_line(diagnostic, source);
    }
    g_ptr_array_add(diagnostics->items, diagnostic);
    return diagnostic;
}

LzDiagnostic *lz_report_error(LzReport *report, const char *code, LzMark mark, unsigned length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    LzDiagnostic *diagnostic = add(report, false, code, mark, length, format, arguments);
    va_end(arguments);
    return diagnostic;
}

LzDiagnostic *lz_report_warning(LzReport *report, const char *code, LzMark mark, unsigned length, const char *format,
                                ...)
{
    va_list arguments;
    va_start(arguments, format);
    LzDiagnostic *diagnostic = add(report, true, code, mark, length, format, arguments);
    va_end(arguments);
    return diagnostic;
}

void lz_diagnostic_hint(LzDiagnostic *diagnostic, const char *format, ...)
{
    if (!diagnostic) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    g_free(diagnostic->hint);
    diagnostic->hint = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

void lz_diagnostic_note(LzDiagnostic *diagnostic, const char *format, ...)
{
    if (!diagnostic) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    g_free(diagnostic->note);
    diagnostic->note = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

void lz_diagnostic_suggest(LzDiagnostic *diagnostic, const char *word, const char *const *known, unsigned count,
                           const char *more)
{
    if (!diagnostic) {
        return;
    }
    const char *nearest = lz_nearest(word, known, count);
    if (nearest) {
        lz_diagnostic_hint(diagnostic, "did you mean `%s`?", nearest);
    }
    GString *list = g_string_new(count == 0 ? "known: none" : "known: ");
    for (unsigned i = 0; i < count && i < KNOWN_MAX; i++) {
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", known[i]);
    }
    g_string_append(list, count > KNOWN_MAX ? ", ..." : "");
    if (more) {
        g_string_append_printf(list, " (%s)", more);
    }
    g_free(diagnostic->note);
    diagnostic->note = g_string_free(list, FALSE);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const LzDiagnostic *x = *(LzDiagnostic *const *)a, *y = *(LzDiagnostic *const *)b;
    if (x->source_index != y->source_index) {
        return x->source_index < y->source_index ? -1 : 1;
    }
    if (x->mark.line != y->mark.line) {
        return x->mark.line < y->mark.line ? -1 : 1;
    }
    if (x->mark.column != y->mark.column) {
        return x->mark.column < y->mark.column ? -1 : 1;
    }
    return strcmp(x->code, y->code);
}

void lz_report_sort(LzReport *report)
{
    g_ptr_array_sort(report->diagnostics->items, compare);
}

char *lz_quote(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    unsigned characters = 0;
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        if (characters++ == QUOTE_CHARACTERS_MAX) {
            g_string_append(out, "...");
            break;
        }
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, g_unichar_isprint(c) ? c : '?');
    }
    return g_string_free(out, FALSE);
}

/* ---- nearest word ---- */

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost 1. At least
 * `enough` when it is that or more. */
static unsigned edit_distance(const char *a, const char *b, unsigned enough)
{
    unsigned rows[3][WORD_BYTES_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_size = strlen(a), b_size = strlen(b);
    for (unsigned j = 0; j <= b_size; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (unsigned i = 1; i <= a_size; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b_size; j++) {
            unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = MIN(replaced, MIN(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = MIN(row[j], before[j - 2] + 1);
            }
        }
        unsigned *spare = before, least = row[0];
        for (unsigned j = 1; j <= b_size; j++) {
            least = MIN(least, row[j]);
        }
        before = last;
        last = row;
        row = spare;
        if (least > enough) {
            return least;           /* a swap takes back 1 at most, so that no later row comes below `enough` */
        }
    }
    return last[b_size];
}

const char *lz_nearest(const char *word, const char *const *candidates, unsigned count)
{
    size_t size = strlen(word);
    if (size == 0 || size > WORD_BYTES_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    unsigned best = (unsigned)(size + 2) / 3 + 1;
    for (unsigned i = 0; i < MIN(count, CANDIDATES_MAX); i++) {
        if (strlen(candidates[i]) > WORD_BYTES_MAX) {
            continue;
        }
        unsigned distance = edit_distance(word, candidates[i], best);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
