#include "sim/scenario/tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>


typedef struct Frame {              /* a list or map that is still open */
    LzNode *node;
    GPtrArray *children;            /* LzNode; of a map: key, value, key, value … */
    char *anchor;                   /* may be NULL */
} Frame;

typedef struct Builder {
    LzReport *report;
    LzArena *arena;
    const char *file;
    bool has_lines;
    yaml_parser_t parser;
    GArray *frames;                 /* Frame */
    GHashTable *anchors;            /* name to LzNode; only looked up, never iterated */
    LzNode *root;
    unsigned aliases, weight;       /* of all so far */
    bool has_failed;
} Builder;

/* ---- marks and errors ---- */

static LzMark mark_at(const Builder *builder, const yaml_mark_t *mark)
{
    if (!builder->has_lines) {
        return (LzMark){builder->file, 0, 0};
    }
    return (LzMark){builder->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static unsigned length_of(const yaml_event_t *event)
{
    if (event->end_mark.line != event->start_mark.line || event->end_mark.column <= event->start_mark.column) {
        return 1;
    }
    return (unsigned)(event->end_mark.column - event->start_mark.column);
}

static LzDiagnostic *fail(Builder *builder, const char *code, const yaml_mark_t *mark, const char *message)
{
    builder->has_failed = true;
    return lz_report_error(builder->report, code, mark_at(builder, mark), 1, "%s", message);
}

static void fail_syntax(Builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem ? parser->problem : "the text cannot be read";
    g_autofree char *message = g_strdup_printf("not valid YAML: %s", problem);
    LzDiagnostic *diagnostic = fail(builder, "E004", &parser->problem_mark, message);
    if (parser->context) {
        lz_diagnostic_note(diagnostic, "%s that began at line %zu", parser->context, parser->context_mark.line + 1);
    }
}

/* ---- building ---- */

static Frame *top(Builder *builder)
{
    return builder->frames->len == 0 ? NULL : &g_array_index(builder->frames, Frame, builder->frames->len - 1);
}

static LzNode *new_node(Builder *builder, LzNodeKind kind, const yaml_event_t *event)
{
    LzNode *node = lz_arena_alloc(builder->arena, sizeof *node);
    node->kind = kind;
    node->mark = mark_at(builder, &event->start_mark);
    node->length = length_of(event);
    node->weight = 1;
    return node;
}

static bool is_key_expected(const Frame *frame)
{
    return frame && frame->node->kind == LZ_NODE_MAP && frame->children->len % 2 == 0;
}

static void set_anchor(Builder *builder, const char *anchor, LzNode *node)
{
    if (!anchor) {
        return;
    }
    if (g_hash_table_size(builder->anchors) == LZ_YAML_ANCHORS_MAX) {
        builder->has_failed = true;
        lz_report_error(builder->report, "E006", node->mark, 1, "more than %d anchors", LZ_YAML_ANCHORS_MAX);
        return;
    }
    g_hash_table_insert(builder->anchors, g_strdup(anchor), node);
}

/* Gives a finished node to the list or map that it stands in. */
static void place(Builder *builder, LzNode *node, const yaml_event_t *event)
{
    Frame *frame = top(builder);
    if (!frame) {
        builder->root = node;
        return;
    }
    if (is_key_expected(frame) && node->kind != LZ_NODE_SCALAR) {
        fail(builder, "E009", &event->start_mark, "a key must be a single word");
        return;
    }
    g_ptr_array_add(frame->children, node);
}

static void count_node(Builder *builder, const yaml_event_t *event, unsigned weight)
{
    if (weight > LZ_YAML_NODES_MAX - builder->weight) {
        fail(builder, "E006", &event->start_mark,
             "more than " G_STRINGIFY(LZ_YAML_NODES_MAX) " values, aliases followed");
        return;
    }
    builder->weight += weight;
}

static void refuse_tag(Builder *builder, const yaml_event_t *event, const yaml_char_t *tag)
{
    if (!tag) {
        return;
    }
    LzDiagnostic *diagnostic = fail(builder, "E009", &event->start_mark, "tags (`!name`) have no meaning here");
    lz_diagnostic_hint(diagnostic, "the key decides the type: leave the tag out");
}

static void add_scalar(Builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    refuse_tag(builder, event, event->data.scalar.tag);
    if (strlen(text) != event->data.scalar.length) {
        fail(builder, "E003", &event->start_mark, "a text holds the character NUL");
    }
    if (builder->has_failed) {
        return;
    }
    LzNode *node = new_node(builder, LZ_NODE_SCALAR, event);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = lz_arena_text(builder->arena, text);
    count_node(builder, event, 1);
    set_anchor(builder, (const char *)event->data.scalar.anchor, node);
    place(builder, node, event);
}

static void add_alias(Builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    LzNode *node = g_hash_table_lookup(builder->anchors, name);
    if (!node) {
        g_autofree char *quoted = lz_quote(name);
        g_autofree char *message = g_strdup_printf("no anchor `&%s` stands before this alias", quoted);
        fail(builder, "E007", &event->start_mark, message);
        return;
    }
    if (builder->frames->len + node->depth > LZ_YAML_DEPTH_MAX) {
        fail(builder, "E005", &event->start_mark,
             "nested deeper than " G_STRINGIFY(LZ_YAML_DEPTH_MAX) " levels, aliases followed");
        return;
    }
    if (node->aliases + 1 > LZ_YAML_ALIASES_MAX - builder->aliases) {
        fail(builder, "E006", &event->start_mark, "more than " G_STRINGIFY(LZ_YAML_ALIASES_MAX) " alias expansions");
        return;
    }
    builder->aliases += node->aliases + 1;
    count_node(builder, event, node->weight);
    if (is_key_expected(top(builder))) {
        fail(builder, "E009", &event->start_mark, "a key cannot be an alias");
        return;
    }
    LzNode *use = lz_arena_alloc(builder->arena, sizeof *use);
    *use = *node;
    use->aliases = node->aliases + 1;
    place(builder, use, event);
}

static void open_frame(Builder *builder, LzNodeKind kind, const yaml_event_t *event, const yaml_char_t *anchor,
                       const yaml_char_t *tag)
{
    refuse_tag(builder, event, tag);
    if (is_key_expected(top(builder))) {
        fail(builder, "E009", &event->start_mark, "a key must be a single word");
    } else if (builder->frames->len == LZ_YAML_DEPTH_MAX) {
        fail(builder, "E005", &event->start_mark, "nested deeper than " G_STRINGIFY(LZ_YAML_DEPTH_MAX) " levels");
    }
    if (builder->has_failed) {
        return;
    }
    Frame frame = {new_node(builder, kind, event), g_ptr_array_new(), g_strdup((const char *)anchor)};
    count_node(builder, event, 1);
    g_array_append_val(builder->frames, frame);
}

/* ---- maps: unique keys, merge keys ---- */

typedef struct Candidate {
    LzEntry entry;
    unsigned source;                /* 0: the map's own; n: its n-th merged map */
    unsigned order;
} Candidate;

static int compare_keys(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    int order = strcmp(x->entry.key->text, y->entry.key->text);
    if (order != 0) {
        return order;
    }
    return x->order < y->order ? -1 : 1;
}

static int compare_order(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    return x->order < y->order ? -1 : 1;
}

static bool is_merge_key(const LzNode *key)
{
    return key->is_plain && strcmp(key->text, "<<") == 0;
}

static void add_candidate(GArray *candidates, LzEntry entry, unsigned source)
{
    Candidate candidate = {entry, source, candidates->len};
    g_array_append_val(candidates, candidate);
}

static void merge_map(Builder *builder, GArray *candidates, const LzNode *map, unsigned source)
{
    if (map->kind != LZ_NODE_MAP) {
        builder->has_failed = true;
        lz_report_error(builder->report, "E014", map->mark, map->length, "`<<` merges maps, and this is none");
        return;
    }
    for (unsigned i = 0; i < map->count; i++) {
        add_candidate(candidates, map->entries[i], source);
    }
}

static void merge(Builder *builder, GArray *candidates, const LzNode *value, unsigned *sources)
{
    if (value->kind != LZ_NODE_LIST) {
        merge_map(builder, candidates, value, ++*sources);
        return;
    }
    for (unsigned i = 0; i < value->count; i++) {
        merge_map(builder, candidates, value->items[i], ++*sources);
    }
}

static void report_duplicate(Builder *builder, const LzNode *key, const LzNode *first)
{
    g_autofree char *quoted = lz_quote(key->text);
    LzDiagnostic *diagnostic =
        lz_report_error(builder->report, "E012", key->mark, key->length, "duplicate key `%s`", quoted);
    g_autofree char *place = lz_mark_format(&first->mark);
    lz_diagnostic_note(diagnostic, "note: first given at %s", place);
}

/* Keeps the first of equal keys; sorting makes this n log n whatever the keys are. */
static void keep_unique(Builder *builder, GArray *candidates)
{
    if (candidates->len == 0) {
        return;
    }
    qsort(candidates->data, candidates->len, sizeof(Candidate), compare_keys);
    unsigned kept = 0;
    for (unsigned i = 0; i < candidates->len; i++) {
        Candidate *candidate = &g_array_index(candidates, Candidate, i);
        Candidate *last = kept == 0 ? NULL : &g_array_index(candidates, Candidate, kept - 1);
        if (!last || strcmp(last->entry.key->text, candidate->entry.key->text) != 0) {
            g_array_index(candidates, Candidate, kept++) = *candidate;
        } else if (candidate->source == 0) {
            report_duplicate(builder, candidate->entry.key, last->entry.key);
        }
    }
    g_array_set_size(candidates, kept);
    qsort(candidates->data, candidates->len, sizeof(Candidate), compare_order);
}

static void finish_map(Builder *builder, LzNode *map, const GPtrArray *children)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    for (unsigned i = 0; i + 1 < children->len; i += 2) {
        LzEntry entry = {children->pdata[i], children->pdata[i + 1]};
        if (!is_merge_key(entry.key)) {
            add_candidate(candidates, entry, 0);
        }
    }
    unsigned sources = 0;
    for (unsigned i = 0; i + 1 < children->len; i += 2) {
        if (is_merge_key(children->pdata[i])) {
            merge(builder, candidates, children->pdata[i + 1], &sources);
        }
    }
    keep_unique(builder, candidates);
    map->count = candidates->len;
    map->entries = lz_arena_array(builder->arena, map->count, sizeof *map->entries);
    for (unsigned i = 0; i < map->count; i++) {
        map->entries[i] = g_array_index(candidates, Candidate, i).entry;
    }
}

static void finish_list(Builder *builder, LzNode *list, const GPtrArray *children)
{
    list->count = children->len;
    list->items = lz_arena_array(builder->arena, list->count, sizeof(gpointer));
    for (unsigned i = 0; i < list->count; i++) {
        list->items[i] = children->pdata[i];
    }
}

/* What an alias to this node would bring with it. */
static void sum_up(LzNode *node, const GPtrArray *children)
{
    for (unsigned i = 0; i < children->len; i++) {
        const LzNode *child = children->pdata[i];
        node->weight += child->weight;
        node->aliases += child->aliases;
        node->depth = MAX(node->depth, child->depth);
    }
    node->depth++;
}

static void frame_clear(Frame *frame)
{
    g_ptr_array_unref(frame->children);
    g_free(frame->anchor);
}

static void close_frame(Builder *builder, const yaml_event_t *event)
{
    Frame frame = *top(builder);
    g_array_set_size(builder->frames, builder->frames->len - 1);
    sum_up(frame.node, frame.children);
    if (frame.node->kind == LZ_NODE_MAP) {
        finish_map(builder, frame.node, frame.children);
    } else {
        finish_list(builder, frame.node, frame.children);
    }
    set_anchor(builder, frame.anchor, frame.node);
    frame_clear(&frame);
    if (!builder->has_failed) {
        place(builder, frame.node, event);
    }
}

/* ---- the event stream ---- */

static void take_event(Builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root) {
            fail(builder, "E008", &event->start_mark, "a second YAML document begins here; a file holds one");
        }
        return;
    case YAML_SCALAR_EVENT:
        add_scalar(builder, event);
        return;
    case YAML_ALIAS_EVENT:
        add_alias(builder, event);
        return;
    case YAML_SEQUENCE_START_EVENT:
        open_frame(builder, LZ_NODE_LIST, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return;
    case YAML_MAPPING_START_EVENT:
        open_frame(builder, LZ_NODE_MAP, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_frame(builder, event);
        return;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return;
    }
}

static void read_events(Builder *builder)
{
    bool is_done = false;
    while (!is_done && !builder->has_failed) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event)) {
            fail_syntax(builder);
            return;
        }
        is_done = event.type == YAML_STREAM_END_EVENT;
        take_event(builder, &event);
        yaml_event_delete(&event);
    }
}

static bool check_bytes(const Builder *builder, const char *text, size_t size)
{
    LzMark start = {builder->file, 0, 0};
    if (size > LZ_YAML_BYTES_MAX) {
        lz_report_error(builder->report, "E002", start, 1, "the file is larger than 1 MiB");
        return false;
    }
    const char *end = NULL;
    if (g_utf8_validate(text, (gssize)size, &end)) {
        return true;
    }
    unsigned line = 1;
    const char *line_start = text;
    for (const char *p = text; p < end; p++) {
        if (*p == '\n') {
            line++;
            line_start = p + 1;
        }
    }
    LzMark mark = {builder->file, line, (unsigned)g_utf8_strlen(line_start, end - line_start) + 1};
    lz_report_error(builder->report, "E003", builder->has_lines ? mark : start, 1,
                    *end == '\0' ? "the file holds a NUL byte" : "the file is not UTF-8");
    return false;
}

static LzNode *parse(Builder *builder, const char *text, size_t size)
{
    if (!check_bytes(builder, text, size)) {
        builder->has_failed = true;
        return NULL;
    }
    builder->frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    builder->anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!yaml_parser_initialize(&builder->parser)) {
        g_error("libyaml cannot allocate a parser");
    }
    yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)text, size);
    read_events(builder);
    yaml_parser_delete(&builder->parser);
    g_hash_table_unref(builder->anchors);
    for (unsigned i = 0; i < builder->frames->len; i++) {
        frame_clear(&g_array_index(builder->frames, Frame, i));
    }
    g_array_unref(builder->frames);
    return builder->has_failed ? NULL : builder->root;
}

LzNode *lz_tree_parse(LzReport *report, LzArena *arena, const char *file, const char *text, size_t size)
{
    Builder builder = {.report = report, .arena = arena, .file = file, .has_lines = true};
    size_t skipped = lz_byte_order_mark_bytes(text, size);
    LzNode *root = parse(&builder, text + skipped, size - skipped);
    if (!root && !builder.has_failed) {
        lz_report_error(report, "E010", (LzMark){file, 1, 1}, 1, "the file is empty");
    }
    return root;
}

LzNode *lz_tree_parse_value(LzReport *report, LzArena *arena, const char *file, const char *text)
{
    Builder builder = {.report = report, .arena = arena, .file = file};
    return parse(&builder, text, strlen(text));
}

/* ---- queries ---- */

LzEntry *lz_node_find(const LzNode *node, const char *key)
{
    if (!node || node->kind != LZ_NODE_MAP) {
        return NULL;
    }
    for (unsigned i = 0; i < node->count; i++) {
        if (strcmp(node->entries[i].key->text, key) == 0) {
            return &node->entries[i];
        }
    }
    return NULL;
}

const LzNode *lz_node_get(const LzNode *node, ...)
{
    va_list keys;
    va_start(keys, node);
    for (const char *key = va_arg(keys, const char *); key && node; key = va_arg(keys, const char *)) {
        const LzEntry *entry = lz_node_find(node, key);
        node = entry ? entry->value : NULL;
    }
    va_end(keys);
    return node;
}

const char *lz_node_text(const LzNode *node, const char *key)
{
    const LzEntry *entry = lz_node_find(node, key);
    return entry && entry->value->kind == LZ_NODE_SCALAR ? entry->value->text : NULL;
}
