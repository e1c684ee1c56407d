/* A level over time, accounted for piece by piece: a piece has one value and lies in one span. */
#include "sim/measure/level.h"

LzLevel *lz_level_new(const LzWindows *windows)
{
    LzLevel *level = g_new0(LzLevel, 1);
    level->windows = g_new0(LzLevelWindow, windows->count);
    return level;
}

void lz_level_free(LzLevel *level, const LzWindows *windows)
{
    if (!level) {
        return;
    }
    for (unsigned i = 0; i < windows->count; i++) {
        g_free(level->windows[i].lows);
    }
    g_free(level->windows);
    g_free(level);
}

/* Whatever was not lower than this is forgotten: every threshold above it finds this one, which is later. */
static void push_low(LzLevelWindow *window, int64_t value, LzTime until_ns)
{
    while (window->low_count > 0 && window->lows[window->low_count - 1].value >= value) {
        window->low_count--;
    }
    if (window->low_count == window->low_capacity) {
        window->low_capacity = MAX(4, 2 * window->low_capacity);
        window->lows = g_renew(LzLow, window->lows, window->low_capacity);
    }
    window->lows[window->low_count++] = (LzLow){.value = value, .until_ns = until_ns};
}

static void account(LzLevelWindow *window, int64_t value, LzTime from_ns, LzTime to_ns, bool is_new)
{
    if (window->known_ns == 0) {
        window->since_ns = from_ns;
        window->min = window->max = value;
        is_new = true;
    }
    window->integral += (__int128)value * (to_ns - from_ns);
    window->known_ns += to_ns - from_ns;
    window->min = MIN(window->min, value);
    window->max = MAX(window->max, value);
    window->last = value;
    window->pieces += is_new;
    push_low(window, value, to_ns);
}

void lz_level_settle(LzLevel *level, const LzWindows *windows, LzTime now_ns)
{
    while (level->is_known && level->settled_ns < now_ns) {
        level->span = lz_windows_span(windows, level->settled_ns, level->span);
        const LzSpan *span = &windows->spans[level->span];
        LzTime from_ns = level->settled_ns, to_ns = MIN(now_ns, span->to_ns);
        for (unsigned i = 0; i < span->window_count; i++) {
            account(&level->windows[span->windows[i]], level->value, from_ns, to_ns, from_ns == level->changed_ns);
        }
        level->interval_integral += (__int128)level->value * (to_ns - from_ns);
        level->interval_known_ns += to_ns - from_ns;
        level->settled_ns = to_ns;
    }
}

void lz_level_set(LzLevel *level, const LzWindows *windows, LzTime now_ns, int64_t value)
{
    if (level->is_known && level->value == value) {
        return;
    }
    lz_level_settle(level, windows, now_ns);
    level->is_known = true;
    level->value = value;
    level->changed_ns = level->settled_ns = now_ns;
}

void lz_level_add_past(LzLevel *level, const LzWindows *windows, LzTime from_ns, LzTime now_ns, int64_t value)
{
    g_assert(!level->is_known);
    level->is_known = true;
    level->value = value;
    level->changed_ns = level->settled_ns = MAX(from_ns, level->settled_ns);
    lz_level_settle(level, windows, now_ns);
    level->is_known = false;
}

static int64_t divide_nearest(__int128 dividend, LzTime divisor)
{
    __int128 half = divisor / 2;
    return (int64_t)((dividend + (dividend < 0 ? -half : half)) / divisor);
}

bool lz_level_take_interval(LzLevel *level, int64_t *ret_mean)
{
    if (level->interval_known_ns == 0) {
        return false;
    }
    *ret_mean = divide_nearest(level->interval_integral, level->interval_known_ns);
    level->interval_integral = 0;
    level->interval_known_ns = 0;
    return true;
}

int64_t lz_level_window_mean(const LzLevelWindow *window)
{
    return window->known_ns == 0 ? 0 : divide_nearest(window->integral, window->known_ns);
}

LzTime lz_level_window_last_below(const LzLevelWindow *window, int64_t to)
{
    for (unsigned i = window->low_count; i > 0; i--) {
        if (window->lows[i - 1].value < to) {
            return window->lows[i - 1].until_ns;
        }
    }
    return window->since_ns;
}
