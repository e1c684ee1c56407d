/* Single values of a scenario: quantities with units, words, names, dates, texts, and what is wrong with them. */
#include "sim/scenario/place.h"

#include <string.h>

#include "lazaret/dscp.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/quantity.h"

#define NAME_BYTES_MAX 64
#define TEXT_BYTES_MAX 4096

LzDiagnostic *lz_place_complain(LzWalk *walk, const char *code, const LzPlace *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return lz_report_error(walk->report, code, place->node->mark, place->node->length, "%s", message);
}

const char *lz_node_kind_words(const LzNode *node)
{
    return node->kind == LZ_NODE_SCALAR ? "a single value" : node->kind == LZ_NODE_LIST ? "a list" : "a mapping";
}

bool lz_place_expect_scalar(LzWalk *walk, const LzPlace *place)
{
    if (place->node->kind != LZ_NODE_SCALAR) {
        lz_place_complain(walk, "E014", place, "`%s` wants a single value, not %s", place->key,
                          lz_node_kind_words(place->node));
        return false;
    }
    if (place->node->text[0] == '\0') {
        lz_place_complain(walk, "E022", place, "`%s` has no value", place->key);
        return false;
    }
    return true;
}

/* Two units that a person would most likely have meant. */
static const char *const *likely_units(LzParamKind kind)
{
    static const char *const times[] = {"ms", "s"}, *const sizes[] = {"B", "kB"},
                             *const bit_rates[] = {"Mbit/s", "Gbit/s"}, *const shares[] = {"%", NULL},
                             *const rates[] = {"/s", "/min"}, *const frequencies[] = {"MHz", "GHz"},
                             *const cores[] = {"cores", NULL};
    return kind == LZ_PARAM_TIME_NS        ? times
           : kind == LZ_PARAM_BYTES        ? sizes
           : kind == LZ_PARAM_BPS          ? bit_rates
           : kind == LZ_PARAM_PPB          ? shares
           : kind == LZ_PARAM_RATE_UHZ     ? rates
           : kind == LZ_PARAM_FREQUENCY_HZ ? frequencies
                                           : cores;
}

static void complain_unit(LzWalk *walk, const LzPlace *place)
{
    const char *const *units = likely_units(place->param->kind);
    g_autofree char *number = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = lz_place_complain(walk, "E021", place, "`%s` needs a unit", place->key);
    if (units[1]) {
        lz_diagnostic_hint(diagnostic, "write `%s %s` or `%s %s`", number, units[0], number, units[1]);
    } else {
        lz_diagnostic_hint(diagnostic, "write `%s %s`", number, units[0]);
    }
}

static unsigned unit_names(LzParamKind kind, const char **names, unsigned max)
{
    unsigned count = 0;
    const LzUnitRow *unit = lz_quantity_units(kind);
    for (; unit && unit->name && count < max; unit++) {
        names[count++] = unit->name;
    }
    return count;
}

static void complain_unknown_unit(LzWalk *walk, const LzPlace *place)
{
    if (!lz_quantity_has_units(place->param->kind)) {
        LzDiagnostic *diagnostic =
            lz_place_complain(walk, "E020", place, "`%s` is a plain lz_param_whole number without a unit", place->key);
        lz_diagnostic_hint(diagnostic, "write for example `%s: 10`", place->key);
        return;
    }
    const char *names[16];
    unsigned count = unit_names(place->param->kind, names, G_N_ELEMENTS(names));
    const char *unit = lz_quantity_unit_part(place->node->text);
    g_autofree char *quoted = lz_quote(unit);
    LzDiagnostic *diagnostic =
        lz_place_complain(walk, "E023", place, "`%s` has the unknown unit `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, unit, names, count, NULL);
}

static void complain_no_number(LzWalk *walk, const LzPlace *place)
{
    g_autofree char *quoted = lz_quote(place->node->text);
    bool has_units = lz_quantity_has_units(place->param->kind);
    LzDiagnostic *diagnostic = lz_place_complain(walk, "E020", place, "`%s` is not a %s: `%s`", place->key,
                                                 has_units ? "quantity" : "number", quoted);
    if (has_units) {
        lz_diagnostic_hint(diagnostic, "write for example `%s: 10 %s`", place->key,
                           likely_units(place->param->kind)[0]);
    }
}

static void complain_quantity(LzWalk *walk, const LzPlace *place, LzQuantityResult result)
{
    switch (result) {
    case LZ_QUANTITY_NO_NUMBER:
        complain_no_number(walk, place);
        return;
    case LZ_QUANTITY_NO_UNIT:
        complain_unit(walk, place);
        return;
    case LZ_QUANTITY_UNKNOWN_UNIT:
        complain_unknown_unit(walk, place);
        return;
    case LZ_QUANTITY_TOO_FINE:
        lz_place_complain(walk, "E025", place, "`%s` is finer than 1 %s, the step it is kept in", place->key,
                          lz_quantity_has_units(place->param->kind) ? lz_quantity_recorded_unit(place->param->kind)
                                                                    : "lz_param_whole number");
        return;
    case LZ_QUANTITY_TOO_LARGE:
        lz_place_complain(walk, "E024", place, "`%s` is too large to be kept", place->key);
        return;
    case LZ_QUANTITY_OK:
        return;
    }
}

bool lz_place_is_in_range(LzWalk *walk, const LzPlace *place, int64_t value)
{
    int64_t min = lz_param_min(place->param), max = lz_param_max(place->param);
    if (value >= min && value <= max) {
        return true;
    }
    g_autofree char *low = lz_param_format(place->param, min), *high = lz_param_format(place->param, max);
    if (max == INT64_MAX || (value < min && max >= INT32_MAX)) {
        lz_place_complain(walk, "E024", place, "`%s` must be at least %s", place->key, low);
    } else {
        lz_place_complain(walk, "E024", place, "`%s` must be between %s and %s", place->key, low, high);
    }
    return false;
}

void lz_place_read_quantity(LzWalk *walk, const LzPlace *place, void *base)
{
    int64_t value = 0;
    LzQuantityResult result = lz_quantity_parse(place->param->kind, place->node->text, &value);
    if (result != LZ_QUANTITY_OK) {
        complain_quantity(walk, place, result);
        return;
    }
    if (lz_place_is_in_range(walk, place, value)) {
        lz_param_store(place->param, base, value);
    }
}

static void read_bool(LzWalk *walk, const LzPlace *place, void *base)
{
    bool is_true = strcmp(place->node->text, "true") == 0;
    if (!is_true && strcmp(place->node->text, "false") != 0) {
        LzDiagnostic *diagnostic = lz_place_complain(walk, "E026", place, "`%s` is either true or false", place->key);
        lz_diagnostic_hint(diagnostic, "write `true` or `false`");
        return;
    }
    lz_param_store(place->param, base, is_true);
}

static void read_date(LzWalk *walk, const LzPlace *place, void *base)
{
    int64_t value = 0;
    if (!lz_date_parse(place->node->text, &value)) {
        g_autofree char *quoted = lz_quote(place->node->text);
        LzDiagnostic *diagnostic =
            lz_place_complain(walk, "E028", place, "`%s` is not a date: `%s`", place->key, quoted);
        lz_diagnostic_hint(diagnostic, "write `2026-03-02T06:00:00Z`");
        return;
    }
    if (lz_place_is_in_range(walk, place, value)) {
        lz_param_store(place->param, base, value);
    }
}

static unsigned count_words(const char *const *words)
{
    unsigned count = 0;
    while (words[count]) {
        count++;
    }
    return count;
}

static void complain_dscp(LzWalk *walk, const LzPlace *place)
{
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = lz_place_complain(walk, "E131", place, "`%s` is no DSCP: `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, place->node->text, lz_dscp_names, count_words(lz_dscp_names), "or 0 to 63");
}

static void read_dscp(LzWalk *walk, const LzPlace *place, void *base)
{
    const int dscp = lz_dscp_parse(place->node->text);
    if (dscp < 0) {
        complain_dscp(walk, place);
    } else {
        lz_param_store(place->param, base, dscp);
    }
}

/* Index of a word, or -1 after reporting that it is none. */
int lz_place_find_word(LzWalk *walk, const LzPlace *place)
{
    const char *const *words = place->param->words;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], place->node->text) == 0) {
            return i;
        }
    }
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = lz_place_complain(walk, "E027", place, "`%s` cannot be `%s`", place->key, quoted);
    lz_diagnostic_suggest(diagnostic, place->node->text, words, count_words(words), NULL);
    return -1;
}

static void read_enum(LzWalk *walk, const LzPlace *place, void *base)
{
    int index = lz_place_find_word(walk, place);
    if (index >= 0) {
        lz_param_store(place->param, base, index);
    }
}

static bool is_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[length] == '\0' && length >= 1 && length <= NAME_BYTES_MAX;
}

bool lz_place_check_name(LzWalk *walk, const LzPlace *place)
{
    if (is_name(place->node->text)) {
        return true;
    }
    g_autofree char *quoted = lz_quote(place->node->text);
    LzDiagnostic *diagnostic = lz_place_complain(walk, "E029", place, "`%s` is not a name", quoted);
    lz_diagnostic_hint(diagnostic, "a name is 1 to 64 of a-z, 0-9 and -");
    return false;
}

void lz_place_read_text(LzWalk *walk, const LzPlace *place, void *base)
{
    if (place->param->kind == LZ_PARAM_NAME && !lz_place_check_name(walk, place)) {
        return;
    }
    if (strlen(place->node->text) > TEXT_BYTES_MAX) {
        lz_place_complain(walk, "E024", place, "`%s` is longer than %d bytes", place->key, TEXT_BYTES_MAX);
        return;
    }
    *(LzText *)(void *)((char *)base + place->param->offset) = (LzText){place->node->text, place->node->mark};
}

void lz_place_read_names(LzWalk *walk, const LzPlace *place, void *base)
{
    const LzNode *list = place->node;
    if (list->kind != LZ_NODE_LIST) {
        lz_place_complain(walk, "E014", place, "`%s` wants a list, not %s", place->key, lz_node_kind_words(list));
        return;
    }
    LzNameList *names = (LzNameList *)(void *)((char *)base + place->param->offset);
    names->items = lz_arena_array(walk->arena, list->count, sizeof *names->items);
    names->count = 0;
    for (unsigned i = 0; i < list->count; i++) {
        LzPlace item = {place->param, list->items[i], place->key};
        if (lz_place_expect_scalar(walk, &item) && (!place->param->words || lz_place_find_word(walk, &item) >= 0)) {
            names->items[names->count++] = (LzText){item.node->text, item.node->mark};
        }
    }
}

void lz_place_read_scalar(LzWalk *walk, const LzPlace *place, void *base)
{
    const LzParamKind kind = place->param->kind;
    if (!lz_place_expect_scalar(walk, place)) {
        return;
    }
    if (kind == LZ_PARAM_BOOL) {
        read_bool(walk, place, base);
    } else if (kind == LZ_PARAM_DATE) {
        read_date(walk, place, base);
    } else if (kind == LZ_PARAM_DSCP) {
        read_dscp(walk, place, base);
    } else if (kind == LZ_PARAM_ENUM) {
        read_enum(walk, place, base);
    } else if (kind == LZ_PARAM_TEXT || kind == LZ_PARAM_NAME || kind == LZ_PARAM_VALUE) {
        lz_place_read_text(walk, place, base);
    } else {
        lz_place_read_quantity(walk, place, base);
    }
}
