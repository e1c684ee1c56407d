#include "sim/scenario/windows.h"

#include <string.h>

#include "lazaret/random.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/resolve.h"

/* Windows 0 and 1, then three for each attack and fault. */
#define FIRST_EVENT 2
#define PER_EVENT 3
enum { DURING, BEFORE, RECOVERY };

typedef struct Event {          /* an attack or a fault */
    const char *name;
    LzTime from_ns, to_ns;
} Event;

static unsigned event_count(const LzPlan *plan)
{
    return plan->attacks.count + plan->faults.count;
}

void lz_fault_span(const LzFaultPlan *fault, uint64_t seed, LzTime *ret_from_ns, LzTime *ret_to_ns)
{
    LzRandom random;
    lz_random_init(&random, seed, lz_entity_id(fault->name.text ? fault->name.text : ""), LZ_PURPOSE_FAULT);
    *ret_from_ns = lz_dist_draw(&fault->at, &random);
    *ret_to_ns = *ret_from_ns + MAX(lz_dist_draw(&fault->duration, &random), LZ_FAULT_NS_MIN);
}

static Event event_at(const LzPlan *plan, unsigned index, uint64_t seed)
{
    if (index < plan->attacks.count) {
        const LzAttackPlan *attack = LZ_ITEM(plan->attacks, LzAttackPlan, index);
        return (Event){attack->name.text, attack->at_ns, attack->at_ns + attack->for_ns};
    }
    const LzFaultPlan *fault = LZ_ITEM(plan->faults, LzFaultPlan, index - plan->attacks.count);
    Event event = {.name = fault->name.text};
    lz_fault_span(fault, seed, &event.from_ns, &event.to_ns);
    return event;
}

static void add(LzResolver *resolver, const char *name, LzTime from_ns, LzTime to_ns)
{
    LzTime end_ns = resolver->plan->run.duration_ns;
    LzWindowPlan window = {name, MIN(from_ns, end_ns), MIN(to_ns, end_ns)};
    g_array_append_val(resolver->windows, window);
}

static int compare_times(const void *a, const void *b)
{
    LzTime x = *(const LzTime *)a, y = *(const LzTime *)b;
    return x < y ? -1 : x > y;
}

static LzTime *sorted_starts(const LzPlan *plan, uint64_t seed)
{
    unsigned count = event_count(plan);
    LzTime *starts = g_new(LzTime, count + 1);
    for (unsigned i = 0; i < count; i++) {
        starts[i] = event_at(plan, i, seed).from_ns;
    }
    qsort(starts, count, sizeof *starts, compare_times);
    return starts;
}

static LzTime next_start(const LzTime *starts, unsigned count, LzTime after_ns, LzTime otherwise_ns)
{
    unsigned low = 0, high = count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (starts[middle] < after_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count ? starts[low] : otherwise_ns;
}

/* The times of an event's three windows, cut at the run's end. */
static void set_event_windows(const LzPlan *plan, const Event *event, const LzTime *starts, LzWindowPlan *windows)
{
    LzTime end_ns = plan->run.duration_ns, warmup_ns = plan->run.warmup_ns;
    LzTime next_ns = next_start(starts, event_count(plan), event->to_ns, end_ns);
    const LzTime spans[PER_EVENT][2] = {
        [DURING] = {event->from_ns, event->to_ns},
        [BEFORE] = {MIN(warmup_ns, event->from_ns), event->from_ns},
        [RECOVERY] = {event->to_ns, next_ns},
    };
    for (unsigned part = 0; part < PER_EVENT; part++) {
        windows[part].from_ns = MIN(spans[part][0], end_ns);
        windows[part].to_ns = MIN(spans[part][1], end_ns);
    }
}

void lz_resolve_windows(LzResolver *resolver)
{
    const LzPlan *plan = resolver->plan;
    LzArena *arena = resolver->walk->arena;
    LzTime end_ns = plan->run.duration_ns, warmup_ns = plan->run.warmup_ns;
    uint64_t seed = (uint64_t)plan->run.seed;
    add(resolver, "always", warmup_ns, end_ns);
    add(resolver, "warmup", 0, warmup_ns);
    unsigned count = event_count(plan);
    g_autofree LzTime *starts = sorted_starts(plan, seed);
    for (unsigned i = 0; i < count; i++) {
        Event event = event_at(plan, i, seed);
        const char *name = event.name ? event.name : "";
        LzWindowPlan windows[PER_EVENT] = {
            [DURING] = {.name = name},
            [BEFORE] = {.name = lz_arena_printf(arena, "before %s", name)},
            [RECOVERY] = {.name = lz_arena_printf(arena, "recovery %s", name)},
        };
        set_event_windows(plan, &event, starts, windows);
        g_array_append_vals(resolver->windows, windows, PER_EVENT);
    }
}

LzWindowPlan *lz_windows_of(const LzPlan *plan, uint64_t seed)
{
    LzWindowPlan *windows = g_memdup2(plan->windows, plan->window_count * sizeof *windows);
    g_autofree LzTime *starts = sorted_starts(plan, seed);
    for (unsigned i = 0; i < event_count(plan); i++) {
        Event event = event_at(plan, i, seed);
        set_event_windows(plan, &event, starts, &windows[FIRST_EVENT + i * PER_EVENT]);
    }
    return windows;
}

/* ---- what an expectation names ---- */

/* False when it is no interval; *ret_is_valid says whether it lies within the run. */
static bool parse_interval(const LzPlan *plan, const char *text, LzTime *ret_from_ns, LzTime *ret_to_ns,
                           bool *ret_is_valid)
{
    const char *dots = strstr(text, "..");
    if (!dots) {
        return false;
    }
    g_autofree char *from = g_strstrip(g_strndup(text, (size_t)(dots - text)));
    g_autofree char *to = g_strstrip(g_strdup(dots + 2));
    *ret_is_valid = lz_quantity_parse(LZ_PARAM_TIME_NS, from, ret_from_ns) == LZ_QUANTITY_OK &&
                    lz_quantity_parse(LZ_PARAM_TIME_NS, to, ret_to_ns) == LZ_QUANTITY_OK && *ret_from_ns >= 0 &&
                    *ret_from_ns < *ret_to_ns && *ret_to_ns <= plan->run.duration_ns;
    return true;
}

static bool resolve_interval(LzResolver *resolver, const LzText *text, LzTime from_ns, LzTime to_ns, bool is_valid,
                             unsigned *ret_window)
{
    if (!is_valid) {
        g_autofree char *quoted = lz_quote(text->text);
        LzDiagnostic *diagnostic = lz_report_error(resolver->report, "E215", text->mark, lz_text_length(text),
                                                   "`%s` is no interval of the run", quoted);
        lz_diagnostic_hint(diagnostic, "write for example `2 min..5 min`");
        return false;
    }
    for (unsigned i = 0; i < resolver->windows->len; i++) {
        if (strcmp(g_array_index(resolver->windows, LzWindowPlan, i).name, text->text) == 0) {
            *ret_window = i;
            return true;
        }
    }
    *ret_window = resolver->windows->len;
    add(resolver, text->text, from_ns, to_ns);
    return true;
}

/* Index of the attack or fault, or -1. */
static int find_event(const LzResolver *resolver, const char *name)
{
    const LzPlan *plan = resolver->plan;
    const LzAttackPlan *attack = lz_names_find(resolver->attacks, name);
    if (attack) {
        return (int)(attack - LZ_ITEM(plan->attacks, LzAttackPlan, 0));
    }
    const LzFaultPlan *fault = lz_names_find(resolver->faults, name);
    return fault ? (int)(plan->attacks.count + (unsigned)(fault - LZ_ITEM(plan->faults, LzFaultPlan, 0))) : -1;
}

static int find_window(const LzResolver *resolver, const char *text)
{
    static const struct {
        const char *prefix;
        int part;
    } forms[] = {
        {"", DURING}, {"before ", BEFORE}, {"before-", BEFORE}, {"recovery ", RECOVERY}, {"recovery-", RECOVERY}};
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        int event = g_str_has_prefix(text, forms[i].prefix) ? find_event(resolver, text + strlen(forms[i].prefix)) : -1;
        if (event >= 0) {
            return FIRST_EVENT + event * PER_EVENT + forms[i].part;
        }
    }
    return strcmp(text, "always") == 0 ? 0 : strcmp(text, "warmup") == 0 ? 1 : -1;
}

static void report_unknown(const LzResolver *resolver, const LzText *text)
{
    g_autofree char *quoted = lz_quote(text->text);
    LzDiagnostic *diagnostic =
        lz_report_error(resolver->report, "E215", text->mark, lz_text_length(text), "unknown window `%s`", quoted);
    if (!diagnostic) {
        return;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < resolver->windows->len; i++) {
        g_ptr_array_add(names, (gpointer)(uintptr_t)g_array_index(resolver->windows, LzWindowPlan, i).name);
    }
    lz_diagnostic_suggest(diagnostic, text->text, (const char *const *)names->pdata, names->len,
                          "or an interval as 2 min..5 min");
}

bool lz_resolve_window(LzResolver *resolver, const LzText *text, bool is_after, unsigned *ret_window)
{
    LzTime from_ns = 0, to_ns = 0;
    bool is_valid = false;
    if (!is_after && parse_interval(resolver->plan, text->text, &from_ns, &to_ns, &is_valid)) {
        return resolve_interval(resolver, text, from_ns, to_ns, is_valid, ret_window);
    }
    int event = is_after ? find_event(resolver, text->text) : -1;
    int window = event >= 0 ? FIRST_EVENT + event * PER_EVENT + RECOVERY
                 : is_after ? -1
                            : find_window(resolver, text->text);
    if (window < 0) {
        report_unknown(resolver, text);
        return false;
    }
    *ret_window = (unsigned)window;
    return true;
}
