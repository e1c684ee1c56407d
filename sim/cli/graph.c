/* lazaret graph: the network of a scenario as Graphviz DOT, or drawn as SVG where Graphviz is installed. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "lazaret/model.h"
#include "sim/cli/command.h"
#include "sim/scenario/param_table.h"
#include "sim/scenario/walk.h"

#define ITEMS(list, Type) ((const Type *)(list).items)
#define DOT_LIMIT_S 120                 /* a picture that takes longer is of no use */

/* Fills of the hosts of a segment: light, told apart by people of all colour vision. */
static const char *const fills[] = {"#ffffff", "#cfe8f7", "#fbe3c4", "#cdebdf", "#f3dbe8", "#faf3c0", "#dcdcf5", "#e4e4e4"};

typedef struct Drawing {
    const LzPlan *plan;
    GString *out;
    GString *hosts;                     /* nodes and edges of hosts, behind all zones */
} Drawing;

/* ---- text ---- */

static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append(out, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

/* "10 Gbit/s", if the model has such a parameter and it is set. */
static void append_parameter(GString *label, const LzChoice *choice, const char *key)
{
    for (const LzParam *param = choice->model->params; param && param->field; param++) {
        if (!lz_param_is_key(param, key) || !lz_param_is_integer(param->kind)) {
            continue;
        }
        int64_t value = lz_param_integer(param, choice->config);
        g_autofree char *text = lz_param_format(param, value);
        if (value > 0) {
            g_string_append_printf(label, "%s%s", g_str_has_suffix(label->str, "\n") ? "" : " ", text);
        }
    }
}

static void append_link_label(GString *label, const LzLinkPlan *link)
{
    const char *model = link->model.model->name;
    bool is_wired = strcmp(model, "wired") == 0;
    g_string_append_printf(label, "%s%s%s%s\n", link->name.text, is_wired ? "" : " (", is_wired ? "" : model, is_wired ? "" : ")");
    append_parameter(label, &link->model, "rate");
    append_parameter(label, &link->model, "delay");
    if (link->from.text && link->cost > 1) {
        g_string_append_printf(label, "\ncost %" G_GINT64_FORMAT, link->cost);
    }
}

/* ---- segments ---- */

/* 0 for what is in none. */
static unsigned segment_of(const LzPlan *plan, const char *name)
{
    for (unsigned i = 0; i < plan->segments.count; i++) {
        const LzNameList *members = &ITEMS(plan->segments, LzSegmentPlan)[i].members;
        for (unsigned n = 0; n < members->count; n++) {
            if (strcmp(members->items[n].text, name) == 0) {
                return i + 1;
            }
        }
    }
    return 0;
}

static const char *fill_of(unsigned segment)
{
    return segment == 0 ? fills[0] : fills[1 + (segment - 1) % (G_N_ELEMENTS(fills) - 1)];
}

/* ---- zones, in clusters of their places ---- */

static void append_defences(GString *label, const LzPlan *plan, const char *where)
{
    for (unsigned i = 0; i < plan->defences.count; i++) {
        const LzDefencePlan *defence = &ITEMS(plan->defences, LzDefencePlan)[i];
        if (strcmp(defence->where.text, where) == 0) {
            g_string_append_printf(label, "\n+ %s (%s)", defence->name.text, defence->kind.model->name);
        }
    }
}

static void draw_zone(Drawing *drawing, const LzZonePlan *zone, unsigned depth)
{
    g_autoptr(GString) label = g_string_new(zone->name.text);
    g_string_append(label, zone->router ? "\nrouter" : "");
    if (zone->ports > 0) {
        g_string_append_printf(label, "\n%" G_GINT64_FORMAT " ports each", zone->ports);
    }
    append_defences(label, drawing->plan, zone->name.text);
    g_string_append_printf(drawing->out, "%*s\"zone %s\" [shape=%s, style=filled, fillcolor=\"#e8eef3\", label=",
                           (int)(2 * depth + 2), "", zone->name.text, zone->router ? "box3d" : "box");
    append_quoted(drawing->out, label->str);
    g_string_append(drawing->out, "];\n");
}

static unsigned common_places(const LzNameList *a, const LzNameList *b)
{
    unsigned count = 0;
    while (a && count < a->count && count < b->count && strcmp(a->items[count].text, b->items[count].text) == 0) {
        count++;
    }
    return count;
}

static void draw_zones(Drawing *drawing)
{
    const LzList *zones = &drawing->plan->network.zones;
    const LzNameList *open = NULL;
    unsigned depth = 0;
    for (unsigned i = 0; i < zones->count; i++) {
        const LzZonePlan *zone = &ITEMS(*zones, LzZonePlan)[i];
        unsigned common = common_places(open, &zone->places);
        for (; depth > common; depth--) {
            g_string_append_printf(drawing->out, "%*s}\n", (int)(2 * depth), "");
        }
        for (; depth < zone->places.count; depth++) {
            g_string_append_printf(drawing->out, "%*ssubgraph ", (int)(2 * depth + 2), "");
            g_autofree char *cluster = g_strdup_printf("cluster %s", zone->places.items[depth].text);
            append_quoted(drawing->out, cluster);
            g_string_append(drawing->out, " { label=");
            append_quoted(drawing->out, zone->places.items[depth].text);
            g_string_append(drawing->out, "; color=\"#999999\"; fontcolor=\"#666666\";\n");
        }
        open = &zone->places;
        draw_zone(drawing, zone, depth);
    }
    for (; depth > 0; depth--) {
        g_string_append_printf(drawing->out, "%*s}\n", (int)(2 * depth), "");
    }
}

/* ---- links and hosts ---- */

static void draw_backbone(Drawing *drawing, const LzLinkPlan *link)
{
    g_autoptr(GString) label = g_string_new(NULL);
    append_link_label(label, link);
    g_string_append_printf(drawing->out, "  \"zone %s\" -- \"zone %s\" [penwidth=2, style=%s, label=", link->to.text,
                           link->from.text, link->cost > 1 ? "dashed" : "solid");
    append_quoted(drawing->out, label->str);
    g_string_append(drawing->out, "];\n");
}

/* How many devices of a fleet hang on the link. */
static unsigned devices_on(const LzFleetPlan *fleet, unsigned link)
{
    for (unsigned n = 0; n < fleet->link_count; n++) {
        if (fleet->links[n] == link) {
            return ((unsigned)fleet->count + fleet->link_count - 1 - n) / fleet->link_count;
        }
    }
    return 0;
}

static void append_line(GString *label, unsigned count, const char *name)
{
    if (count > 1) {
        g_string_append_printf(label, "%s%u %s", label->len > 0 ? "\n" : "", count, name);
    } else {
        g_string_append_printf(label, "%s%s", label->len > 0 ? "\n" : "", name);
    }
}

/* What hangs on an access link and is in one segment: one node. */
static void draw_hosts(Drawing *drawing, unsigned index, unsigned segment)
{
    const LzPlan *plan = drawing->plan;
    const LzLinkPlan *link = &ITEMS(plan->network.links, LzLinkPlan)[index];
    g_autoptr(GString) label = g_string_new(NULL), edge = g_string_new(NULL);
    bool has_service = false, has_attack = false;
    for (unsigned i = 0; i < plan->services.count; i++) {
        const LzServicePlan *service = &ITEMS(plan->services, LzServicePlan)[i];
        if (strcmp(service->link.text, link->name.text) == 0 && segment_of(plan, service->name.text) == segment) {
            g_string_append_printf(label, "%s%s (%s)", label->len > 0 ? "\n" : "", service->name.text, service->kind.model->name);
            append_defences(label, plan, service->name.text);
            has_service = true;
        }
    }
    for (unsigned i = 0; i < plan->fleet.count; i++) {
        const LzFleetPlan *fleet = &ITEMS(plan->fleet, LzFleetPlan)[i];
        unsigned count = devices_on(fleet, index);
        if (count > 0 && segment_of(plan, fleet->name.text) == segment) {
            append_line(label, count, fleet->name.text);
        }
    }
    for (unsigned i = 0; i < plan->attacks.count; i++) {
        const LzAttackPlan *attack = &ITEMS(plan->attacks, LzAttackPlan)[i];
        if (strcmp(attack->from.link.text, link->name.text) == 0 && segment_of(plan, attack->name.text) == segment) {
            append_line(label, (unsigned)attack->from.hosts, attack->name.text);
            has_attack = true;
        }
    }
    if (label->len == 0) {
        return;
    }
    if (segment > 0) {
        g_string_append_printf(label, "\n[%s]", ITEMS(plan->segments, LzSegmentPlan)[segment - 1].name.text);
    }
    append_link_label(edge, link);
    g_string_append_printf(drawing->hosts, "  \"hosts %u %u\" [shape=%s, style=filled, fillcolor=\"%s\", color=\"%s\", label=",
                           index, segment, has_service ? "cylinder" : "ellipse", fill_of(segment),
                           has_attack ? "#c0392b" : "#333333");
    append_quoted(drawing->hosts, label->str);
    g_string_append_printf(drawing->hosts, "];\n  \"zone %s\" -- \"hosts %u %u\" [label=", link->zone.text, index, segment);
    append_quoted(drawing->hosts, edge->str);
    g_string_append(drawing->hosts, "];\n");
}

static char *draw(const LzPlan *plan)
{
    g_autoptr(GString) hosts = g_string_new(NULL);
    Drawing drawing = {.plan = plan, .out = g_string_new("graph "), .hosts = hosts};
    append_quoted(drawing.out, plan->name.text);
    g_string_append(drawing.out, " {\n  graph [rankdir=TB, ranksep=0.8, fontname=\"Helvetica\", fontsize=11];\n"
                                 "  node [fontname=\"Helvetica\", fontsize=10];\n"
                                 "  edge [fontname=\"Helvetica\", fontsize=8, color=\"#555555\", fontcolor=\"#555555\"];\n");
    draw_zones(&drawing);
    for (unsigned i = 0; i < plan->network.links.count; i++) {
        const LzLinkPlan *link = &ITEMS(plan->network.links, LzLinkPlan)[i];
        if (link->from.text) {
            draw_backbone(&drawing, link);
            continue;
        }
        for (unsigned segment = 0; segment <= plan->segments.count; segment++) {
            draw_hosts(&drawing, i, segment);
        }
    }
    g_string_append_len(drawing.out, hosts->str, (gssize)hosts->len);
    g_string_append(drawing.out, "}\n");
    return g_string_free(drawing.out, FALSE);
}

/* ---- output ---- */

static bool complain(const char *file, const char *reason)
{
    fprintf(stderr, "lazaret: error: %s: %s\n", file, reason);
    return false;
}

/* Graphviz reads a file of ours and writes one: nothing of a scenario is on its command line. */
static bool write_svg(const char *file, const char *dot)
{
    g_autofree char *program = g_find_program_in_path("dot");
    if (!program) {
        return complain(file, "`dot` is not installed (Graphviz draws SVG); `lazaret graph SCENARIO -o FILE.dot` needs none");
    }
    g_autofree char *input = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("lazaret-XXXXXX.dot", &input, &error);
    if (fd < 0 || !g_close(fd, &error) || !g_file_set_contents(input, dot, -1, &error)) {
        return complain(file, error->message);
    }
    g_autofree char *limit = g_strdup_printf("%d", DOT_LIMIT_S);
    const char *const argv[] = {"timeout", limit, program, "-Tsvg", "-o", file, input, NULL};
    int status = 0;
    g_autofree char *said = NULL;
    bool has_run = g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                NULL, NULL, &said, &status, &error);
    g_unlink(input);
    if (!has_run) {
        return complain(file, error->message);
    }
    return status == 0 || complain(file, said[0] ? g_strchomp(said) : "dot failed");
}

static bool write_graph(const char *file, const char *dot)
{
    if (!file) {
        fputs(dot, stdout);
        return true;
    }
    if (g_str_has_suffix(file, ".svg")) {
        return write_svg(file, dot);
    }
    g_autoptr(GError) error = NULL;
    return g_file_set_contents(file, dot, -1, &error) || complain(file, error->message);
}

int lz_cli_graph(int argc, char **argv)
{
    g_autofree char *file = NULL;
    g_auto(GStrv) overrides = NULL;
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &file, "Write to FILE: DOT, or a picture when its name ends in .svg", "FILE"},
        {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &overrides, "Override a value (repeatable)", "PATH=VALUE"},
        G_OPTION_ENTRY_NULL,
    };
    if (!lz_cli_options("SCENARIO",
                        "Zones are boxes, routers solid ones; hosts hang on them by their access links, in the colour of their\n"
                        "segment; a dashed link stands by.\n\nExamples:\n  lazaret graph ward.yaml\n  lazaret graph ward.yaml -o ward.svg\n"
                        "  lazaret graph ward.yaml | dot -Tpdf > ward.pdf\n",
                        entries, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc != 2) {
        fputs("lazaret: error: which scenario? (see `lazaret graph --help`)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    g_autoptr(LzDiagnostics) diagnostics = lz_diagnostics_new();
    g_autoptr(LzPlan) plan = lz_plan_load(argv[1], (const char *const *)overrides, diagnostics);
    lz_cli_print(diagnostics);
    if (!plan) {
        return LZ_EXIT_USAGE;
    }
    g_autofree char *dot = draw(plan);
    return write_graph(file, dot) ? LZ_EXIT_OK : LZ_EXIT_FAILED;
}
