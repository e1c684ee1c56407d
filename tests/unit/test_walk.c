/* The walker over a table of every kind: defaults, values, shapes, and what is refused. */
#include <glib.h>
#include <string.h>

#include "sim/scenario/walk.h"

typedef struct Item {
    LzText name;
    int64_t size_bytes;
} Item;

typedef struct Group {
    LzTime inner_ns;
    bool is_on;
} Group;

typedef struct Thing {
    LzTime wait_ns;
    int64_t limit_bytes, speed_bps, events_uhz, clock_hz, count, cpu_cores, start_unix_s;
    uint32_t loss_ppb;
    int mode;
    bool flag;
    LzText text, name, value;
    LzNameList names;
    LzDist jitter;
    Group group;
    LzList items;
    LzTime every_ns;
} Thing;

static const char *const mode_words[] = {"slow", "fast", NULL};

static const LzParam item_table[] = {
    LZ_PARAM(Item, name, .kind = LZ_PARAM_NAME, .is_required = true, .help = "name"),
    LZ_PARAM(Item, size_bytes, .kind = LZ_PARAM_BYTES, .fallback = 7, .help = "size"),
    LZ_PARAM_END,
};

static const LzParam group_table[] = {
    LZ_PARAM(Group, inner_ns, .kind = LZ_PARAM_TIME_NS, .fallback = 4, .help = "inner"),
    LZ_PARAM(Group, is_on, .key = "on", .kind = LZ_PARAM_BOOL, .fallback = 1, .help = "on"),
    LZ_PARAM_END,
};

static const LzParam series_table[] = {
    LZ_PARAM(Thing, every_ns, .kind = LZ_PARAM_TIME_NS, .fallback = 9, .help = "every"),
    LZ_PARAM_END,
};

static const LzParam table[] = {
    LZ_PARAM(Thing, wait_ns, .kind = LZ_PARAM_TIME_NS, .min = 10, .max = 1e9, .fallback = 5e6, .help = "wait"),
    LZ_PARAM(Thing, limit_bytes, .kind = LZ_PARAM_BYTES, .help = "limit"),
    LZ_PARAM(Thing, speed_bps, .kind = LZ_PARAM_BPS, .help = "speed"),
    LZ_PARAM(Thing, events_uhz, .kind = LZ_PARAM_RATE_UHZ, .help = "events"),
    LZ_PARAM(Thing, clock_hz, .kind = LZ_PARAM_FREQUENCY_HZ, .help = "clock"),
    LZ_PARAM(Thing, count, .kind = LZ_PARAM_COUNT, .min = 1, .fallback = 3, .help = "count"),
    LZ_PARAM(Thing, cpu_cores, .kind = LZ_PARAM_CORES, .help = "cores"),
    LZ_PARAM(Thing, start_unix_s, .kind = LZ_PARAM_DATE, .help = "start"),
    LZ_PARAM(Thing, loss_ppb, .kind = LZ_PARAM_PPB, .help = "loss"),
    LZ_PARAM(Thing, mode, .kind = LZ_PARAM_ENUM, .words = mode_words, .fallback = 1, .help = "mode"),
    LZ_PARAM(Thing, flag, .kind = LZ_PARAM_BOOL, .help = "flag"),
    LZ_PARAM(Thing, text, .kind = LZ_PARAM_TEXT, .fallback_text = "none", .help = "text"),
    LZ_PARAM(Thing, name, .kind = LZ_PARAM_NAME, .help = "name"),
    LZ_PARAM(Thing, value, .kind = LZ_PARAM_VALUE, .help = "value"),
    LZ_PARAM(Thing, names, .kind = LZ_PARAM_NAMES, .help = "names"),
    LZ_PARAM(Thing, jitter, .kind = LZ_PARAM_DIST, .max = 60e9, .fallback = 2, .help = "jitter"),
    LZ_PARAM(Thing, group, .kind = LZ_PARAM_OBJECT, .table = group_table, .help = "group"),
    LZ_PARAM(Thing, items, .kind = LZ_PARAM_LIST, .table = item_table, .item_size = sizeof(Item), .help = "items"),
    LZ_PARAM_GROUP("series", .table = series_table, .help = "series"),
    LZ_PARAM_END,
};

typedef struct Fixture {
    LzArena *arena;
    LzDiagnostics *diagnostics;
    LzReport *report;
    LzWalk *walk;
    Thing thing;
} Fixture;

static void walk(Fixture *fixture, const char *text)
{
    fixture->arena = lz_arena_new();
    fixture->diagnostics = lz_diagnostics_new();
    fixture->report = lz_report_new(fixture->diagnostics);
    fixture->walk = lz_walk_new(fixture->report, fixture->arena);
    lz_report_add_source(fixture->report, "t", text, strlen(text));
    const LzNode *root = lz_tree_parse(fixture->report, fixture->arena, "t", text, strlen(text));
    g_assert_nonnull(root);
    memset(&fixture->thing, 0, sizeof fixture->thing);
    lz_walk_struct(fixture->walk, table, &fixture->thing, root);
    lz_report_sort(fixture->report);
}

static void clear(Fixture *fixture)
{
    lz_walk_free(fixture->walk);
    lz_report_free(fixture->report);
    lz_diagnostics_free(fixture->diagnostics);
    lz_arena_free(fixture->arena);
}

static void test_defaults(void)
{
    Fixture fixture;
    walk(&fixture, "x-note: anything\n");
    const Thing *thing = &fixture.thing;
    g_assert_cmpuint(fixture.diagnostics->errors, ==, 0);
    g_assert_cmpint(thing->wait_ns, ==, 5000000);
    g_assert_cmpint(thing->count, ==, 3);
    g_assert_cmpint(thing->mode, ==, 1);
    g_assert_cmpstr(thing->text.text, ==, "none");
    g_assert_null(thing->name.text);
    g_assert_cmpint(thing->jitter.kind, ==, LZ_DIST_CONSTANT);
    g_assert_cmpint(thing->jitter.a_ns, ==, 2);
    g_assert_cmpint(thing->group.inner_ns, ==, 4);
    g_assert_true(thing->group.is_on);
    g_assert_cmpint(thing->every_ns, ==, 9);
    g_assert_cmpuint(thing->items.count, ==, 0);
    clear(&fixture);
}

static void test_values(void)
{
    Fixture fixture;
    walk(&fixture,
         "wait: 20 ns\nlimit: 1 kB\nspeed: 1 Mbit/s\nevents: 2 /s\nclock: 3 MHz\ncount: 4\ncpu: 2 cores\n"
         "start: 1970-01-02\nloss: 1 %\nmode: slow\nflag: true\ntext: 'off'\nname: a-1\nvalue: 5 ms\nnames: [b, c]\n"
         "group: {inner: 6 ns, on: false}\nseries: {every: 8 ns}\n");
    const Thing *thing = &fixture.thing;
    g_autofree char *text = lz_diagnostics_format(fixture.diagnostics);
    g_assert_cmpstr(text, ==, "");
    g_assert_cmpint(thing->wait_ns, ==, 20);
    g_assert_cmpint(thing->limit_bytes, ==, 1000);
    g_assert_cmpint(thing->speed_bps, ==, 1000000);
    g_assert_cmpint(thing->events_uhz, ==, 2000000);
    g_assert_cmpint(thing->clock_hz, ==, 3000000);
    g_assert_cmpint(thing->count, ==, 4);
    g_assert_cmpint(thing->cpu_cores, ==, 2);
    g_assert_cmpint(thing->start_unix_s, ==, 86400);
    g_assert_cmpuint(thing->loss_ppb, ==, 10000000);
    g_assert_cmpint(thing->mode, ==, 0);
    g_assert_true(thing->flag);
    g_assert_cmpstr(thing->text.text, ==, "off");
    g_assert_cmpstr(thing->name.text, ==, "a-1");
    g_assert_cmpstr(thing->value.text, ==, "5 ms");
    g_assert_cmpuint(thing->names.count, ==, 2);
    g_assert_cmpstr(thing->names.items[1].text, ==, "c");
    g_assert_cmpint(thing->group.inner_ns, ==, 6);
    g_assert_false(thing->group.is_on);
    g_assert_cmpint(thing->every_ns, ==, 8);
    clear(&fixture);
}

static void test_lists(void)
{
    static const char *const forms[] = {
        "items: [{name: a}, {name: b, size: 9 B}]\n",
        "items: {a: {}, x-c: {size: 3}, b: {size: 9 B}}\n",
        "items: [a, {name: b, size: 9 B}]\n",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        Fixture fixture;
        walk(&fixture, forms[i]);
        g_assert_cmpuint(fixture.diagnostics->errors, ==, 0);
        const Item *items = fixture.thing.items.items;
        g_assert_cmpuint(fixture.thing.items.count, ==, 2);
        g_assert_cmpstr(items[0].name.text, ==, "a");
        g_assert_cmpint(items[0].size_bytes, ==, 7);
        g_assert_cmpstr(items[1].name.text, ==, "b");
        g_assert_cmpint(items[1].size_bytes, ==, 9);
        clear(&fixture);
    }
}

static void test_distributions(void)
{
    static const struct {
        const char *text;
        LzDist dist;
    } cases[] = {
        {"jitter: 3 ms\n", {LZ_DIST_CONSTANT, 3000000, 0}},
        {"jitter: {spread: 60 s}\n", {LZ_DIST_UNIFORM, 0, INT64_C(60000000000)}},
        {"jitter: {dist: uniform, min: 1 ns, max: 4 ns}\n", {LZ_DIST_UNIFORM, 1, 4}},
        {"jitter: {dist: exponential, mean: 2 ns}\n", {LZ_DIST_EXPONENTIAL, 2, 0}},
        {"jitter: {dist: lognormal, p50: 2 ms, p99: 25 ms}\n", {LZ_DIST_LOGNORMAL, 2000000, 25000000}},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture fixture;
        walk(&fixture, cases[i].text);
        g_assert_cmpuint(fixture.diagnostics->errors, ==, 0);
        g_assert_cmpint(fixture.thing.jitter.kind, ==, cases[i].dist.kind);
        g_assert_cmpint(fixture.thing.jitter.a_ns, ==, cases[i].dist.a_ns);
        g_assert_cmpint(fixture.thing.jitter.b_ns, ==, cases[i].dist.b_ns);
        clear(&fixture);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *text, *codes;
    } cases[] = {
        {"wait: 9 ns\n", "E024"},
        {"wait: 2 s\n", "E024"},
        {"limit: -1 B\n", "E024"},
        {"loss: 101 %\n", "E024"},
        {"wait: [1 ms]\n", "E014"},
        {"wait: {a: 1}\n", "E014"},
        {"wait: ''\n", "E022"},
        {"wait:\n", "E022"},
        {"group: 3\n", "E014"},
        {"group: {innr: 3 ns}\n", "E011"},
        {"items: 3\n", "E014"},
        {"items: [[a]]\n", "E014"},
        {"items: [{size: 3 B}]\n", "E013"},
        {"items: {A: {}}\n", "E029"},
        {"items: {a: 3}\n", "E014"},
        {"names: a\n", "E014"},
        {"names: [{a: b}]\n", "E014"},
        {"mode: medium\n", "E027"},
        {"flag: 1\n", "E026"},
        {"name: a b\n", "E029"},
        {"start: yesterday\n", "E028"},
        {"jitter: [1]\n", "E014"},
        {"jitter: {dist: normal}\n", "E027"},
        {"jitter: {dist: uniform, min: 1 ns}\n", "E013"},
        {"jitter: {dist: uniform, min: 1 ns, max: 2 ns, p50: 3 ns}\n", "E011"},
        {"jitter: {dist: lognormal, p50: 3 ns, p99: 2 ns}\n", "E024"},
        {"jitter: 61 s\n", "E024"},
        {"jitter: {spread: 61 s}\n", "E024"},
        {"wait: 3\nlimitt: 1 kB\nspeed: 3 mbit\nmode: x\n", "E021 E011 E023 E027"},
        {"wait_ns: 3 ms\n", "E011"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture fixture;
        walk(&fixture, cases[i].text);
        GString *codes = g_string_new(NULL);
        for (unsigned j = 0; j < fixture.diagnostics->items->len; j++) {
            const LzDiagnostic *diagnostic = fixture.diagnostics->items->pdata[j];
            g_string_append_printf(codes, "%s%s", j > 0 ? " " : "", diagnostic->code);
        }
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(codes->str, ==, cases[i].codes);
        g_string_free(codes, TRUE);
        clear(&fixture);
    }
}

static void test_messages(void)
{
    Fixture fixture;
    walk(&fixture, "wiat: 3 ms\nlimit: 5\n");
    g_autofree char *text = lz_diagnostics_format(fixture.diagnostics);
    g_assert_cmpstr(text, ==,
                    "t:1:1: error[E011]: unknown key `wiat`\n"
                    "    1 | wiat: 3 ms\n"
                    "      | ^~~~ did you mean `wait`?\n"
                    "      = known: wait, limit, speed, events, clock, count, cpu, start, loss, mode, flag, text, ...\n"
                    "t:2:8: error[E021]: `limit` needs a unit\n"
                    "    2 | limit: 5\n"
                    "      |        ^ write `5 B` or `5 kB`\n");
    g_autofree char *summary = lz_diagnostics_summary(fixture.diagnostics);
    g_assert_cmpstr(summary, ==, "2 errors - nothing was run          `lazaret explain E011` for more");
    clear(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/walk/defaults", test_defaults);
    g_test_add_func("/walk/values", test_values);
    g_test_add_func("/walk/lists", test_lists);
    g_test_add_func("/walk/distributions", test_distributions);
    g_test_add_func("/walk/refused", test_refused);
    g_test_add_func("/walk/messages", test_messages);
    return g_test_run();
}
