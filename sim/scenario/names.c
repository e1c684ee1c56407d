#include "sim/scenario/names.h"

#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 8

typedef struct Name {
    LzText *text;           /* also the item's address */
    unsigned order;
} Name;

struct LzNames {
    LzReport *report;
    const char *what;
    Name *sorted;           /* by name, then by place */
    unsigned count;
};

static int compare(const void *a, const void *b)
{
    const Name *x = a, *y = b;
    int order = strcmp(x->text->text, y->text->text);
    return order != 0 ? order : x->order < y->order ? -1 : 1;
}

unsigned lz_text_length(const LzText *text)
{
    return (unsigned)g_utf8_strlen(text->text, -1);
}

static void report_duplicates(const LzNames *names)
{
    for (unsigned i = 1; i < names->count; i++) {
        const LzText *first = names->sorted[i - 1].text, *second = names->sorted[i].text;
        if (strcmp(first->text, second->text) != 0) {
            continue;
        }
        LzDiagnostic *diagnostic = lz_report_error(names->report, "E108", second->mark, lz_text_length(second),
                                                   "a %s named `%s` is there already", names->what, second->text);
        g_autofree char *place = lz_mark_format(&first->mark);
        lz_diagnostic_note(diagnostic, "note: first given at %s", place);
    }
}

LzNames *lz_names_new(LzReport *report, const char *what, const LzList *list, size_t item_size)
{
    LzNames *names = g_new0(LzNames, 1);
    names->report = report;
    names->what = what;
    names->sorted = g_new0(Name, list->count + 1);
    for (unsigned i = 0; i < list->count; i++) {
        LzText *text = (LzText *)(void *)((char *)list->items + i * item_size);
        if (text->text) {
            names->sorted[names->count++] = (Name){text, i};
        }
    }
    if (names->count > 1) {                 /* qsort must not be given the NULL of an empty table */
        qsort(names->sorted, names->count, sizeof *names->sorted, compare);
    }
    report_duplicates(names);
    return names;
}

void lz_names_free(LzNames *names)
{
    if (!names) {
        return;
    }
    g_free(names->sorted);
    g_free(names);
}

void *lz_names_find(const LzNames *names, const char *name)
{
    unsigned low = 0, high = names->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (strcmp(names->sorted[middle].text->text, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < names->count && strcmp(names->sorted[low].text->text, name) == 0 ? names->sorted[low].text : NULL;
}

void lz_names_suggest(const LzNames *names, LzDiagnostic *diagnostic, const char *word)
{
    if (!diagnostic) {
        return;
    }
    g_autofree const char **words = g_new0(const char *, names->count + 1);
    GString *list = g_string_new(NULL);
    g_string_append_printf(list, "%ss here: %s", names->what, names->count == 0 ? "none" : "");
    for (unsigned i = 0; i < names->count; i++) {
        const LzText *text = names->sorted[i].text;
        words[i] = text->text;
        if (i < LISTED_MAX && text->mark.line > 0 && strcmp(text->mark.file, diagnostic->mark.file) == 0) {
            g_string_append_printf(list, "%s%s (line %u)", i > 0 ? ", " : "", text->text, text->mark.line);
        } else if (i < LISTED_MAX) {
            g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", text->text);
        }
    }
    g_string_append(list, names->count > LISTED_MAX ? ", ..." : "");
    const char *nearest = lz_nearest(word, words, names->count);
    if (nearest) {
        lz_diagnostic_hint(diagnostic, "did you mean `%s`?", nearest);
    }
    lz_diagnostic_note(diagnostic, "%s", list->str);
    g_string_free(list, TRUE);
}

void *lz_names_resolve(const LzNames *names, const char *code, const LzText *reference)
{
    if (!reference->text) {
        return NULL;
    }
    void *item = lz_names_find(names, reference->text);
    if (item) {
        return item;
    }
    g_autofree char *quoted = lz_quote(reference->text);
    LzDiagnostic *diagnostic = lz_report_error(names->report, code, reference->mark, lz_text_length(reference),
                                               "unknown %s `%s`", names->what, quoted);
    lz_names_suggest(names, diagnostic, reference->text);
    return NULL;
}
