/* A plan as YAML, written from the same tables that read it. */
#include <string.h>

#include "lazaret/model.h"
#include "sim/scenario/load.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/walk.h"

typedef struct Writer {
    GString *out;
    unsigned depth;
    bool is_item;               /* the next key stands behind a list's dash */
} Writer;

static void begin_line(Writer *writer)
{
    for (unsigned i = writer->is_item ? 1 : 0; i < writer->depth; i++) {
        g_string_append(writer->out, "  ");
    }
    g_string_append(writer->out, writer->is_item ? "- " : "");
    writer->is_item = false;
}

static void begin_key(Writer *writer, const LzParam *param)
{
    size_t length;
    const char *key = lz_param_key(param, &length);
    begin_line(writer);
    g_string_append_len(writer->out, key, (gssize)length);
    g_string_append(writer->out, ":");
}

/* Double quotes: the only form that holds every text. */
static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '"' || c == '\\') {
            g_string_append_printf(out, "\\%c", (int)c);
        } else if (!g_unichar_isprint(c)) {
            g_string_append_printf(out, "\\U%08x", c);
        } else {
            g_string_append_unichar(out, c);
        }
    }
    g_string_append_c(out, '"');
}

/* Plain when it can only be read as this text. */
static void append_text(GString *out, const char *text)
{
    bool is_plain =
        text[0] != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text) && text[0] != '-';
    if (is_plain) {
        g_string_append(out, text);
        return;
    }
    append_quoted(out, text);
}

static void write_text(Writer *writer, const LzParam *param, const LzText *text)
{
    if (!text->text) {
        return;
    }
    begin_key(writer, param);
    g_string_append_c(writer->out, ' ');
    append_text(writer->out, text->text);
    g_string_append_c(writer->out, '\n');
}

/* A default that lies outside the range means `not given` and cannot be said. */
static void write_integer(Writer *writer, const LzParam *param, const void *base)
{
    int64_t value = lz_param_integer(param, base);
    if (param->kind != LZ_PARAM_ENUM && param->kind != LZ_PARAM_BOOL &&
        (value < lz_param_min(param) || value > lz_param_max(param))) {
        return;
    }
    g_autofree char *text = lz_param_format(param, value);
    begin_key(writer, param);
    bool is_quoted = param->kind == LZ_PARAM_ENUM && g_ascii_isdigit(text[0]);
    g_string_append_printf(writer->out, is_quoted ? " \"%s\"\n" : " %s\n", text);
}

static void write_dist(Writer *writer, const LzParam *param, const LzDist *dist)
{
    if (dist->kind == LZ_DIST_CONSTANT && dist->a_ns < lz_param_min(param)) {
        return;
    }
    g_autofree char *a = lz_quantity_format(LZ_PARAM_TIME_NS, dist->a_ns);
    g_autofree char *b = lz_quantity_format(LZ_PARAM_TIME_NS, dist->b_ns);
    begin_key(writer, param);
    switch (dist->kind) {
    case LZ_DIST_CONSTANT:
        g_string_append_printf(writer->out, " %s\n", a);
        return;
    case LZ_DIST_UNIFORM:
        g_string_append_printf(writer->out, " {dist: uniform, min: %s, max: %s}\n", a, b);
        return;
    case LZ_DIST_EXPONENTIAL:
        g_string_append_printf(writer->out, " {dist: exponential, mean: %s}\n", a);
        return;
    case LZ_DIST_LOGNORMAL:
        g_string_append_printf(writer->out, " {dist: lognormal, p50: %s, p99: %s}\n", a, b);
        return;
    }
}

static void write_names(Writer *writer, const LzParam *param, const LzNameList *names)
{
    begin_key(writer, param);
    g_string_append(writer->out, " [");
    for (unsigned i = 0; i < names->count; i++) {
        g_string_append(writer->out, i > 0 ? ", " : "");
        append_text(writer->out, names->items[i].text);
    }
    g_string_append(writer->out, "]\n");
}

static void write_table(Writer *writer, const LzParam *table, const void *base);

static void write_model(Writer *writer, const LzParam *param, const LzChoice *choice)
{
    begin_key(writer, param);
    g_string_append_printf(writer->out, " %s\n", choice->model->name);
    if (choice->model->params) {
        write_table(writer, choice->model->params, choice->config);
    }
}

static void write_list(Writer *writer, const LzParam *param, const LzList *list)
{
    begin_key(writer, param);
    g_string_append(writer->out, list->count == 0 ? " []\n" : "\n");
    for (unsigned i = 0; i < list->count; i++) {
        writer->depth++;
        writer->is_item = true;
        write_table(writer, param->table, (const char *)list->items + i * param->item_size);
        writer->depth--;
    }
}

/* Whether writing the object would write anything: an empty mapping cannot stand in a block. */
static void write_object(Writer *writer, const LzParam *param, const void *base)
{
    gsize start = writer->out->len;
    begin_key(writer, param);
    g_string_append_c(writer->out, '\n');
    gsize empty = writer->out->len;
    writer->depth++;
    write_table(writer, param->table, base);
    writer->depth--;
    if (writer->out->len == empty) {
        g_string_truncate(writer->out, start);
    }
}

static void write_param(Writer *writer, const LzParam *param, const void *base)
{
    const void *field = (const char *)base + param->offset;
    if (param->kind == LZ_PARAM_ANY || param->is_alias) {
        return;
    }
    if (param->kind == LZ_PARAM_OBJECT) {
        write_object(writer, param, field);
    } else if (param->kind == LZ_PARAM_LIST) {
        write_list(writer, param, field);
    } else if (param->kind == LZ_PARAM_MODEL) {
        write_model(writer, param, field);
    } else if (param->kind == LZ_PARAM_NAMES) {
        write_names(writer, param, field);
    } else if (param->kind == LZ_PARAM_DIST) {
        write_dist(writer, param, field);
    } else if (lz_param_is_integer(param->kind)) {
        write_integer(writer, param, base);
    } else {
        write_text(writer, param, field);
    }
}

static void write_table(Writer *writer, const LzParam *table, const void *base)
{
    for (; table->field; table++) {
        write_param(writer, table, base);
    }
}

char *lz_plan_resolved_yaml(const LzPlan *plan)
{
    Writer writer = {.out = g_string_new("lazaret: 1\n")};
    write_table(&writer, lz_schema_scenario, plan);
    return g_string_free(writer.out, FALSE);
}
