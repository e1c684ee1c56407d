/* The windows of a run cut into spans at every start and end. */
#include "sim/measure/windows.h"

static int compare_times(gconstpointer a, gconstpointer b)
{
    LzTime x = *(const LzTime *)a, y = *(const LzTime *)b;
    return (x > y) - (x < y);
}

/* Every moment at which the set of current windows may change, sorted, each once. */
static GArray *boundaries(const LzWindows *windows)
{
    GArray *times = g_array_new(FALSE, FALSE, sizeof(LzTime));
    LzTime start = 0;
    g_array_append_val(times, start);
    for (unsigned i = 0; i < windows->count; i++) {
        g_array_append_val(times, windows->windows[i].from_ns);
        g_array_append_val(times, windows->windows[i].to_ns);
    }
    g_array_sort(times, compare_times);
    unsigned kept = 0;
    for (unsigned i = 0; i < times->len; i++) {
        LzTime time_ns = g_array_index(times, LzTime, i);
        bool is_within = time_ns >= 0 && time_ns < LZ_TIME_NEVER;
        if (is_within && (kept == 0 || time_ns > g_array_index(times, LzTime, kept - 1))) {
            g_array_index(times, LzTime, kept++) = time_ns;
        }
    }
    g_array_set_size(times, kept);
    return times;
}

static void fill_span(const LzWindows *windows, LzSpan *span)
{
    span->windows = g_new(unsigned, windows->count);
    for (unsigned i = 0; i < windows->count; i++) {
        if (windows->windows[i].from_ns <= span->from_ns && span->from_ns < windows->windows[i].to_ns) {
            span->windows[span->window_count++] = i;
        }
    }
}

void lz_windows_init(LzWindows *windows, const LzWindow *list, unsigned count)
{
    *windows = (LzWindows){.windows = g_new0(LzWindow, count), .count = count};
    for (unsigned i = 0; i < count; i++) {
        windows->windows[i] = list[i];
        windows->windows[i].name = g_strdup(list[i].name);
    }
    g_autoptr(GArray) times = boundaries(windows);
    windows->span_count = times->len;
    windows->spans = g_new0(LzSpan, times->len);
    for (unsigned i = 0; i < times->len; i++) {
        windows->spans[i].from_ns = g_array_index(times, LzTime, i);
        windows->spans[i].to_ns = i + 1 < times->len ? g_array_index(times, LzTime, i + 1) : LZ_TIME_NEVER;
        fill_span(windows, &windows->spans[i]);
    }
}

void lz_windows_clear(LzWindows *windows)
{
    for (unsigned i = 0; i < windows->span_count; i++) {
        g_free(windows->spans[i].windows);
    }
    for (unsigned i = 0; i < windows->count; i++) {
        g_free((char *)(uintptr_t)windows->windows[i].name);
    }
    g_free(windows->spans);
    g_free(windows->windows);
    *windows = (LzWindows){0};
}

unsigned lz_windows_span(const LzWindows *windows, LzTime time_ns, unsigned hint)
{
    unsigned span = hint;
    g_assert(time_ns >= windows->spans[span].from_ns);
    while (span + 1 < windows->span_count && time_ns >= windows->spans[span].to_ns) {
        span++;
    }
    return span;
}

LzTime lz_windows_length(const LzWindows *windows, unsigned window, LzTime end_ns)
{
    const LzWindow *of = &windows->windows[window];
    LzTime to_ns = MIN(of->to_ns, end_ns), from_ns = MAX(of->from_ns, 0);
    return to_ns > from_ns ? to_ns - from_ns : 0;
}
